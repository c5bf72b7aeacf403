/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "error.h"
#include "main.h"
#include "memory.h"
#include "postern.h"

/* ---- Errors that stick. ---- */

static void expect_first(const struct ptn_sticky *s, int code, const char *sentence)
{
	const char *got = "none";

	ck_assert_int_eq(ptn_sticky_first(s, &got), code);
	ck_assert_str_eq(got, code ? sentence : "none");
}

START_TEST(the_first_cause_is_told)
{
	struct ptn_sticky s = {0};

	expect_first(&s, 0, NULL);
	ck_assert_int_eq(ptn_sticky_set(&s, 3, POSTERN_E_ARG, "three"), POSTERN_E_ARG);
	ck_assert_int_eq(ptn_sticky_set(&s, 1, POSTERN_E_STATE, "one"), POSTERN_E_STATE);
	expect_first(&s, POSTERN_E_ARG, "three");
	/* another setter's good call takes nothing back, the same setter's does */
	ck_assert_int_eq(ptn_sticky_set(&s, 2, 0, NULL), 0);
	expect_first(&s, POSTERN_E_ARG, "three");
	ck_assert_int_eq(ptn_sticky_set(&s, 3, 0, NULL), 0);
	expect_first(&s, POSTERN_E_STATE, "one");
	/* one that failed again is behind those that failed before */
	ptn_sticky_set(&s, 7, POSTERN_E_ARG, "seven");
	ptn_sticky_set(&s, 1, POSTERN_E_ARG, "one again");
	expect_first(&s, POSTERN_E_ARG, "seven");
	ptn_sticky_set(&s, 7, 0, NULL);
	expect_first(&s, POSTERN_E_ARG, "one again");
	ptn_sticky_set(&s, 1, 0, NULL);
	expect_first(&s, 0, NULL);
	ptn_sticky_free(&s);
}
END_TEST

/* Without memory for the sentence the code sticks all the same. */
START_TEST(without_memory)
{
	struct ptn_sticky s = {0};

	grants = 0;
	ck_assert_int_eq(ptn_sticky_set(&s, 0, POSTERN_E_ARG, "a sentence"), POSTERN_E_ARG);
	grants = -1;
	expect_first(&s, POSTERN_E_ARG, postern_strerror(POSTERN_E_ARG));
	ptn_sticky_free(&s);
}
END_TEST

/* ---- Names. ---- */

static const int codes[] = {
	POSTERN_OK,          POSTERN_E_NOMEM,       POSTERN_E_ARG,     POSTERN_E_STATE,
	POSTERN_E_CANCELLED, POSTERN_E_SYSTEM,      POSTERN_E_RESOLVE, POSTERN_E_CONNECT,
	POSTERN_E_TIMEOUT,   POSTERN_E_CLOSED,      POSTERN_E_TLS,     POSTERN_E_CERTIFICATE,
	POSTERN_E_INJECTED,  POSTERN_E_MECHANISM,   POSTERN_E_AUTH,    POSTERN_E_PROTOCOL,
	POSTERN_E_REFUSED,   POSTERN_E_UNSUPPORTED, POSTERN_E_CONTENT,
};

START_TEST(every_code_has_words_of_its_own)
{
	size_t known = 0;

	for (int code = -100; code <= 10; code++) {
		int is_code = 0;
		const char *words = postern_strerror(code);

		for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
			is_code |= codes[i] == code;
		ck_assert_int_eq(!strcmp(words, "unknown error"), !is_code);
		if (!is_code)
			continue;
		known++;
		ck_assert(*words >= 'a' && *words <= 'z');
		ck_assert(words[strlen(words) - 1] != '.');
		for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
			if (codes[i] != code)
				ck_assert_str_ne(words, postern_strerror(codes[i]));
	}
	ck_assert_uint_eq(known, sizeof(codes) / sizeof(*codes));
}
END_TEST

START_TEST(names_of_outcomes)
{
	ck_assert_str_eq(postern_outcome_name(POSTERN_PENDING), "pending");
	ck_assert_str_eq(postern_outcome_name(POSTERN_ACCEPTED), "accepted");
	ck_assert_str_eq(postern_outcome_name(POSTERN_PARTIAL), "partial");
	ck_assert_str_eq(postern_outcome_name(POSTERN_TRANSIENT), "transient");
	ck_assert_str_eq(postern_outcome_name(POSTERN_PERMANENT), "permanent");
	ck_assert_str_eq(postern_outcome_name(POSTERN_IN_DOUBT), "in-doubt");
	ck_assert_str_eq(postern_outcome_name(-1), "");
	ck_assert_str_eq(postern_outcome_name(6), "");
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "error");

	tcase_add_test(t, the_first_cause_is_told);
	tcase_add_test(t, without_memory);
	tcase_add_test(t, every_code_has_words_of_its_own);
	tcase_add_test(t, names_of_outcomes);
}
