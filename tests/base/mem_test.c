/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "main.h"

static int failing;
static const char *watched; /* a block whose first octets are looked at when it is freed */
static char seen[8];

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
void __real_free(void *p);
void __wrap_free(void *p);

void *__wrap_calloc(size_t n, size_t size)
{
	return failing ? NULL : __real_calloc(n, size);
}

void __wrap_free(void *p)
{
	if (p && p == (const void *)watched)
		memcpy(seen, p, sizeof seen);
	__real_free(p);
}

static void watch(const char *p)
{
	watched = p;
	memset(seen, '?', sizeof seen);
}

static int was_wiped(void)
{
	static const char zeroes[sizeof seen];

	return memcmp(seen, zeroes, sizeof seen) == 0;
}

START_TEST(blocks_are_zeroed)
{
	char *p = ptn_mem_alloc(1000);

	for (int i = 0; i < 1000; i++)
		ck_assert_int_eq(p[i], 0);
	ptn_mem_free(p);
	ck_assert_ptr_null(ptn_mem_alloc(0));
	ptn_mem_free(NULL);
}
END_TEST

START_TEST(growing_keeps_and_wipes)
{
	char *p = ptn_mem_copy("secret!", 7), *q;

	watch(p);
	q = ptn_mem_grow(p, 8, 100);
	ck_assert_str_eq(q, "secret!");
	ck_assert(was_wiped());
	watch(q);
	p = ptn_mem_grow(q, 100, 3); /* smaller too */
	ck_assert(memcmp(p, "sec", 3) == 0);
	ck_assert(was_wiped());
	failing = 1;
	ck_assert_ptr_null(ptn_mem_grow(p, 3, 200));
	failing = 0;
	ck_assert(memcmp(p, "sec", 3) == 0);
	ptn_mem_free(p);
	p = ptn_mem_grow(NULL, 0, 5);
	ck_assert_ptr_nonnull(p);
	ptn_mem_free(p);
}
END_TEST

START_TEST(releasing_wipes)
{
	char *p = ptn_mem_string("password");

	watch(p);
	ptn_mem_release_string(p);
	ck_assert(was_wiped());
	p = ptn_mem_copy("password", 8);
	watch(p);
	ptn_mem_release(p, 9);
	ck_assert(was_wiped());
	ptn_mem_release(NULL, 10);
	ptn_mem_release_string(NULL);
	ptn_mem_wipe(NULL, 10);
}
END_TEST

START_TEST(copies_end_in_nul)
{
	char *p = ptn_mem_copy("a\0b", 3);

	ck_assert(memcmp(p, "a\0b", 4) == 0);
	ptn_mem_free(p);
	p = ptn_mem_copy(NULL, 0);
	ck_assert_str_eq(p, "");
	ptn_mem_free(p);
	ck_assert_ptr_null(ptn_mem_string(NULL));
	ck_assert_ptr_null(ptn_mem_copy("", (size_t)-1));
	failing = 1;
	ck_assert_ptr_null(ptn_mem_copy("a", 1));
	ck_assert_ptr_null(ptn_mem_string("a"));
	failing = 0;
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "mem");

	tcase_add_test(t, blocks_are_zeroed);
	tcase_add_test(t, growing_keeps_and_wipes);
	tcase_add_test(t, releasing_wipes);
	tcase_add_test(t, copies_end_in_nul);
}
