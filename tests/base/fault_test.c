/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <string.h>

#include "base/fault.h"
#include "main.h"

START_TEST(every_fault_has_an_id_a_code_and_an_outcome)
{
	const char *id = ptn_fault_id(_i);
	int outcome = ptn_fault_outcome(_i);

	ck_assert_uint_gt(strlen(id), 0);
	ck_assert_uint_eq(strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(id));
	ck_assert(id[0] != '-' && id[strlen(id) - 1] != '-');
	ck_assert_int_lt(ptn_fault_code(_i), 0);
	ck_assert(outcome == POSTERN_TRANSIENT || outcome == POSTERN_PERMANENT ||
		  outcome == POSTERN_IN_DOUBT);
	for (int k = 0; k < _i; k++)
		ck_assert_str_ne(id, ptn_fault_id(k));
}
END_TEST

/* Only what may strike after the content was handed over is in doubt, and says so in its id. */
START_TEST(in_doubt_is_after_the_content)
{
	const char *id = ptn_fault_id(_i);
	size_t n = strlen(id), m = strlen("-after-content");

	ck_assert_int_eq(ptn_fault_outcome(_i) == POSTERN_IN_DOUBT,
			 n > m && strcmp(id + n - m, "-after-content") == 0);
}
END_TEST

START_TEST(what_is_no_fault_is_none)
{
	const int none[] = {PTN_FAULT_NONE, -1, PTN_FAULT_COUNT, INT_MAX, INT_MIN};

	for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
		ck_assert_str_eq(ptn_fault_id(none[i]), "");
		ck_assert_int_eq(ptn_fault_code(none[i]), POSTERN_OK);
		ck_assert_int_eq(ptn_fault_outcome(none[i]), POSTERN_PENDING);
	}
}
END_TEST

/* Ids are for ever: these are in programs and manuals. */
START_TEST(some_rows)
{
	static const struct {
		int fault;
		const char *id;
		int code, outcome;
	} rows[] = {
		{PTN_FAULT_NAME_NOT_FOUND, "name-not-found", POSTERN_E_RESOLVE, POSTERN_PERMANENT},
		{PTN_FAULT_CONNECT_REFUSED, "connect-refused", POSTERN_E_CONNECT,
		 POSTERN_TRANSIENT},
		{PTN_FAULT_STARTTLS_INJECTED, "starttls-injected", POSTERN_E_INJECTED,
		 POSTERN_PERMANENT},
		{PTN_FAULT_CERT_WRONG_NAME, "certificate-wrong-name", POSTERN_E_CERTIFICATE,
		 POSTERN_PERMANENT},
		{PTN_FAULT_AUTH_REFUSED, "auth-refused", POSTERN_E_AUTH, POSTERN_PERMANENT},
		{PTN_FAULT_AUTH_BUSY, "auth-busy", POSTERN_E_AUTH, POSTERN_TRANSIENT},
		{PTN_FAULT_LOST_IN_DOUBT, "lost-after-content", POSTERN_E_CLOSED, POSTERN_IN_DOUBT},
		{PTN_FAULT_NO_MEMORY, "no-memory", POSTERN_E_NOMEM, POSTERN_TRANSIENT},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		ck_assert_str_eq(ptn_fault_id(rows[i].fault), rows[i].id);
		ck_assert_int_eq(ptn_fault_code(rows[i].fault), rows[i].code);
		ck_assert_int_eq(ptn_fault_outcome(rows[i].fault), rows[i].outcome);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "fault");

	tcase_add_loop_test(t, every_fault_has_an_id_a_code_and_an_outcome, 1, PTN_FAULT_COUNT);
	tcase_add_loop_test(t, in_doubt_is_after_the_content, 1, PTN_FAULT_COUNT);
	tcase_add_test(t, what_is_no_fault_is_none);
	tcase_add_test(t, some_rows);
}
