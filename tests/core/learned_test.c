/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "learned.h"
#include "main.h"
#include "memory.h"
#include "postern.h"

START_TEST(servers)
{
	struct ptn_learned k = {0};

	ck_assert_uint_eq(ptn_learned_offer(&k, "a", 587), 0);
	ck_assert_int_eq(ptn_learned_set_offer(&k, "a", 587, 0), 0);
	ck_assert_uint_eq(k.n, 0); /* nothing to remember */
	ck_assert_int_eq(ptn_learned_set_offer(&k, "a", 587, 3), 0);
	ck_assert_int_eq(ptn_learned_set_offer(&k, "a", 465, 1), 0);
	ck_assert_int_eq(ptn_learned_set_offer(&k, "b", 587, 2), 0);
	ck_assert_uint_eq(ptn_learned_offer(&k, "A", 587), 3);
	ck_assert_uint_eq(ptn_learned_offer(&k, "a", 465), 1);
	ck_assert_uint_eq(ptn_learned_offer(&k, "b", 587), 2);
	ck_assert_uint_eq(ptn_learned_offer(&k, "b", 465), 0);
	ck_assert_int_eq(ptn_learned_set_offer(&k, "a", 587, 0), 0);
	ck_assert_uint_eq(ptn_learned_offer(&k, "a", 587), 0);
	ck_assert_uint_eq(k.n, 3);
	ptn_learned_forget(&k); /* is about credentials */
	ck_assert_uint_eq(ptn_learned_offer(&k, "b", 587), 2);
	ptn_learned_free(&k);
	ck_assert_uint_eq(ptn_learned_offer(&k, "b", 587), 0);
}
END_TEST

START_TEST(not_more_than_so_many)
{
	struct ptn_learned k = {0};
	char name[16];

	for (int i = 0; i < 2 * PTN_LEARNED_MOST; i++) {
		snprintf(name, sizeof(name), "host%d", i);
		ck_assert_int_eq(ptn_learned_set_offer(&k, name, 587, 1), 0);
	}
	ck_assert_uint_eq(k.n, PTN_LEARNED_MOST);
	ck_assert_uint_eq(ptn_learned_offer(&k, "host0", 587), 1);
	ck_assert_int_eq(ptn_learned_set_offer(&k, "host0", 587, 3), 0);
	ck_assert_uint_eq(ptn_learned_offer(&k, "host0", 587), 3);
	ptn_learned_free(&k);
}
END_TEST

START_TEST(tokens)
{
	struct ptn_learned k = {0};

	ck_assert(!ptn_learned_is_refused(&k, "T1"));
	ptn_learned_refuse(&k, "T1", "said of T1");
	ck_assert(ptn_learned_is_refused(&k, "T1"));
	ck_assert(!ptn_learned_is_refused(&k, "T2"));
	ck_assert_int_eq(k.untold, 1);
	k.untold = 0; /* the caller was told, and has given another one */
	ptn_learned_refuse(&k, "T1", "the same, by another connection");
	ck_assert_int_eq(k.untold, 0);
	ck_assert_str_eq(ptn_buf_data(&k.refusal), "said of T1");
	ptn_learned_refuse(&k, "T2", "");
	ck_assert_int_eq(k.untold, 1);
	ck_assert_str_eq(ptn_buf_data(&k.refusal), "");
	ck_assert(!ptn_learned_is_refused(&k, "T1")); /* only the last one */
	ptn_learned_forget(&k);
	ck_assert(!ptn_learned_is_refused(&k, "T2"));
	ck_assert_int_eq(k.untold, 0);
	ptn_learned_free(&k);
}
END_TEST

START_TEST(forgotten_is_wiped)
{
	struct ptn_learned k = {0}, zero = {0};

	k.cache.size = 32;
	memset(k.cache.salted, 's', sizeof(k.cache.salted));
	ptn_learned_refuse(&k, "T1", "x");
	ptn_learned_forget(&k);
	ck_assert_mem_eq(&k.cache, &zero.cache, sizeof(k.cache));
	ck_assert_mem_eq(k.refused, zero.refused, sizeof(k.refused));
	ptn_learned_free(&k);
}
END_TEST

START_TEST(without_memory)
{
	struct ptn_learned k = {0};

	for (grants = 0; grants < 2; grants++) {
		int at = grants;

		ck_assert_int_eq(ptn_learned_set_offer(&k, "a", 587, 1), POSTERN_E_NOMEM);
		grants = at;
	}
	ck_assert_uint_eq(k.n, 0);
	grants = 0;
	ptn_learned_refuse(&k, "T1", "said"); /* it is known all the same */
	grants = -1;
	ck_assert(ptn_learned_is_refused(&k, "T1"));
	ck_assert_str_eq(ptn_buf_data(&k.refusal), "");
	ptn_learned_free(&k);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "learned");

	tcase_add_test(t, servers);
	tcase_add_test(t, not_more_than_so_many);
	tcase_add_test(t, tokens);
	tcase_add_test(t, forgotten_is_wiped);
	tcase_add_test(t, without_memory);
}
