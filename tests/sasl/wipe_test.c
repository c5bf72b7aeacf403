/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * No freed memory holds the password.  The free() and realloc() of this program stand before those
 * of libc for every library in it, and look into each block before it goes.
 */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "sasl/choose.h"
#include "sasl/sasl.h"

/* What is looked for: the canary, as octets and in UCS-4 as libidn keeps it; and what is as good as
 * the password to this server, SaltedPassword in hex (from salt "AAA" and 4096 iterations). */
#define CANARY "c4n4ryPASSWORD"
#define SALTED_SHA1 "3f0b50ee2642ca55c336356b65dc13d1c81eb6d8"
#define SALTED_SHA256 "1538acd2df06bef4f2a8ca66c9a4e2fef7e9fa97b9346cfbc3dfbd6b4ace9df2"

/* Volatile: a compiler knows that free() changes nothing of ours. */
static volatile int watching, found, found_wide;

static int holds(const char *block, size_t n, const char *what, size_t step)
{
	size_t len = strlen(what);

	for (size_t at = 0; at + (len - 1) * step < n; at++) {
		size_t i = 0;

		while (i < len && block[at + i * step] == what[i])
			i++;
		if (i == len)
			return 1;
	}
	return 0;
}

static void look(void *p)
{
	size_t n;

	if (!watching || !p)
		return;
	n = malloc_usable_size(p);
	found += holds(p, n, CANARY, 1) || holds(p, n, SALTED_SHA1, 1) ||
		 holds(p, n, SALTED_SHA256, 1);
	found_wide += holds(p, n, CANARY, 4);
}

void free(void *p)
{
	static void (*next)(void *);

	if (!next) {
		void *symbol = dlsym(RTLD_NEXT, "free");

		memcpy(&next, &symbol, sizeof next);
	}
	look(p);
	next(p);
}

/* Always moves, so that the old block is seen. */
void *realloc(void *p, size_t n)
{
	size_t old = p ? malloc_usable_size(p) : 0;
	void *q = malloc(n ? n : 1);

	if (q && p) {
		memcpy(q, p, old < n ? old : n);
		free(p);
	}
	return q;
}

/* What libgsasl leaves and nobody else can reach: for SCRAM and CRAM-MD5 it prepares the password
 * (gsasl_saslprep), ASCII too, and neither it nor libidn below wipes.  In UTF-8: the text
 * normalised (stringprep_ucs4_nfkc_normalize), the result (stringprep), and the copy that is
 * hashed.  In UCS-4: the text decoded and enlarged, two copies on the way (stringprep_4i,
 * stringprep), and that of the check pr29_8z.  These are upper bounds, met by libgsasl 2.2.0 with
 * libidn 1.41. */
static const struct {
	const char *mechanism;
	int left, left_wide;
} rows[] = {
	{"PLAIN", 0, 0},       {"LOGIN", 0, 0},         {"CRAM-MD5", 3, 4},
	{"SCRAM-SHA-1", 3, 4}, {"SCRAM-SHA-256", 3, 4},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

/* One exchange up to the last message of ours. */
static void exchange(const char *mechanism)
{
	char user[] = "user", password[] = CANARY;
	const struct ptn_sasl_login login = {user, password, NULL};
	struct ptn_sasl *c = NULL;
	char message[128];
	const char *out;
	size_t n;

	ck_assert_int_eq(ptn_sasl_new(&c, mechanism, &login), 0);
	if (strcmp(mechanism, "LOGIN") == 0)
		ck_assert_int_eq(ptn_sasl_step(c, "User", 4, &out, &n), PTN_SASL_MORE);
	if (strncmp(mechanism, "SCRAM", 5) == 0) {
		ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
		n -= 10; /* "n,,n=user," and what is left is r= and our nonce */
		ck_assert_uint_lt(n, 64);
		memcpy(message, out + 10, n);
		memcpy(message + n, "x,s=QUFB,i=4096", 15);
		ck_assert_int_eq(ptn_sasl_step(c, message, n + 15, &out, &n), PTN_SASL_MORE);
	} else {
		ck_assert_int_eq(ptn_sasl_step(c, "<1@x>", 5, &out, &n), PTN_SASL_DONE);
	}
	ptn_sasl_free(c);
}

START_TEST(freed_memory_does_not_hold_the_password)
{
	exchange(rows[_i].mechanism); /* what is made once per process is made */
	watching = 1;
	exchange(rows[_i].mechanism);
	watching = 0;
	ck_assert_int_le(found, rows[_i].left);
	ck_assert_int_le(found_wide, rows[_i].left_wide);
}
END_TEST

/* Freed in the middle, before anything was said, too. */
START_TEST(nor_after_a_broken_exchange)
{
	const struct ptn_sasl_login login = {"user", CANARY, NULL};
	struct ptn_sasl *c = NULL;
	const char *out;
	size_t n;

	watching = 1;
	ck_assert_int_eq(ptn_sasl_new(&c, rows[_i].mechanism, &login), 0);
	ptn_sasl_free(c);
	ck_assert_int_eq(ptn_sasl_new(&c, rows[_i].mechanism, &login), 0);
	ptn_sasl_step(c, NULL, 0, &out, &n);
	ptn_sasl_step(c, "x", 1, &out, &n);
	ptn_sasl_free(c);
	watching = 0;
	if (strcmp(rows[_i].mechanism, "CRAM-MD5") != 0) {
		ck_assert_int_eq(found, 0);
		ck_assert_int_eq(found_wide, 0);
	}
}
END_TEST

/* The watch itself works.  Volatile, or the compiler leaves out what is written before a free(). */
START_TEST(a_block_left_as_it_was_is_found)
{
	volatile char *p = malloc(100), *wide = malloc(400), *salted = malloc(100);

	for (size_t i = 0; i < strlen(CANARY); i++) {
		p[13 + i] = CANARY[i];
		wide[20 + 4 * i] = CANARY[i];
	}
	for (size_t i = 0; i < strlen(SALTED_SHA256); i++)
		salted[i] = SALTED_SHA256[i];
	watching = 1;
	p = realloc((void *)p, 200);
	free((void *)p);
	free((void *)wide);
	free((void *)salted);
	watching = 0;
	ck_assert_int_eq(found, 3);
	ck_assert_int_eq(found_wide, 1);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "wipe");

	tcase_add_test(t, a_block_left_as_it_was_is_found);
	tcase_add_loop_test(t, freed_memory_does_not_hold_the_password, 0, ROWS);
	tcase_add_loop_test(t, nor_after_a_broken_exchange, 0, ROWS);
}
