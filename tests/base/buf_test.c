/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "main.h"
#include "postern.h"

static int failing; /* every request for memory fails */
static size_t requests; /* how many were granted */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	if (failing)
		return NULL;
	requests++;
	return __real_calloc(n, size);
}

/* The block about to be freed is looked at: not_wiped counts the octets left in it. */
static const char *watched;
static size_t watched_len, not_wiped;

void __real_free(void *p);
void __wrap_free(void *p);

void __wrap_free(void *p)
{
	if (p && p == (const void *)watched)
		for (size_t i = 0; i < watched_len; i++)
			not_wiped += watched[i] != 0;
	__real_free(p);
}

static int holds(const struct ptn_buf *b, const char *s)
{
	return ptn_buf_len(b) == strlen(s) && memcmp(ptn_buf_data(b), s, strlen(s)) == 0;
}

static int all_zero(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i])
			return 0;
	return 1;
}

START_TEST(a_zeroed_struct_is_an_empty_buffer)
{
	struct ptn_buf b = {0};

	ck_assert_uint_eq(ptn_buf_len(&b), 0);
	ck_assert_ptr_nonnull(ptn_buf_data(&b));
	ptn_buf_cut(&b, 0);
	ptn_buf_took(&b, 0);
	ptn_buf_clear(&b);
	ck_assert_int_eq(ptn_buf_add(&b, NULL, 0), 0);
	ptn_buf_free(&b);
	ptn_buf_free(&b);
}
END_TEST

START_TEST(adding_and_taking_keep_the_order)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_buf_puts(&b, "EHLO "), 0);
	ck_assert_int_eq(ptn_buf_add(&b, "client\r\n", 8), 0);
	ck_assert(holds(&b, "EHLO client\r\n"));
	ptn_buf_took(&b, 5);
	ck_assert(holds(&b, "client\r\n"));
	ptn_buf_cut(&b, 6);
	ck_assert(holds(&b, "client"));
	ptn_buf_cut(&b, 7);
	ck_assert(holds(&b, "client"));
	ptn_buf_took(&b, 6);
	ck_assert_uint_eq(ptn_buf_len(&b), 0);
	ck_assert_uint_eq(b.head, 0);
	ptn_buf_free(&b);
}
END_TEST

/* A queue of octets with random adds and takes, beside a plain array. */
START_TEST(a_queue_gives_back_what_it_got)
{
	static char model[1 << 20];
	size_t in = 0, out = 0;
	uint32_t seed = 12345;
	struct ptn_buf b = {0};

	while (in < sizeof model - 4096) {
		size_t n = (seed = seed * 1664525u + 1013904223u) >> 20;

		for (size_t i = 0; i < n; i++)
			model[in + i] = (char)(in + i * 7);
		ck_assert_int_eq(ptn_buf_add(&b, model + in, n), 0);
		in += n;
		n = (seed = seed * 1664525u + 1013904223u) >> 20;
		n = n < in - out ? n : in - out;
		ck_assert(memcmp(ptn_buf_data(&b), model + out, n) == 0);
		ptn_buf_took(&b, n);
		out += n;
		ck_assert_uint_eq(ptn_buf_len(&b), in - out);
		ck_assert_uint_le(b.tail, b.cap);
	}
	ptn_buf_free(&b);
}
END_TEST

START_TEST(room_is_memory_even_for_nothing)
{
	struct ptn_buf b = {0};
	char *p = ptn_buf_room(&b, 0);

	ck_assert_ptr_nonnull(p);
	p = ptn_buf_room(&b, 1000);
	ck_assert_ptr_nonnull(p);
	memset(p, 'x', 1000);
	ptn_buf_filled(&b, 3);
	ck_assert(holds(&b, "xxx"));
	ptn_buf_free(&b);
}
END_TEST

/* A queue that stays nearly full must not be copied for each octet: 100,000 octets pass through in
 * steps of 10, and the memory asked for is counted. */
START_TEST(a_queue_is_not_copied_for_ever)
{
	struct ptn_buf b = {0};
	char block[1000] = {0};

	for (int i = 0; i < 65; i++)
		ck_assert_int_eq(ptn_buf_add(&b, block, sizeof block), 0);
	requests = 0;
	for (int i = 0; i < 10000; i++) {
		ptn_buf_took(&b, 10);
		ck_assert_int_eq(ptn_buf_add(&b, block, 10), 0);
	}
	ck_assert_uint_le(requests, 3);
	ck_assert_uint_le(b.cap, 4 * 65536);
	ptn_buf_free(&b);
}
END_TEST

START_TEST(what_leaves_is_wiped)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_buf_puts(&b, "secretsecret"), 0);
	ptn_buf_cut(&b, 3);
	ck_assert(all_zero(b.base + 3, b.cap - 3));
	ptn_buf_took(&b, 3);
	ck_assert(all_zero(b.base, b.cap));
	ck_assert_int_eq(ptn_buf_puts(&b, "secret"), 0);
	ptn_buf_clear(&b);
	ck_assert(all_zero(b.base, b.cap));
	/* Moved down: nothing of the old place is left behind the new one. */
	memset(ptn_buf_room(&b, 250), 's', 250);
	ptn_buf_filled(&b, 250);
	ptn_buf_took(&b, 240);
	ck_assert_int_eq(ptn_buf_add(&b, "tttttttttttttttttttt", 20), 0);
	ck_assert_uint_eq(b.head, 0);
	ck_assert(all_zero(b.base + 30, b.cap - 30));
	ptn_buf_free(&b);
}
END_TEST

/* Also what was written into the room and never said to be filled. */
START_TEST(what_is_outgrown_is_wiped)
{
	struct ptn_buf b = {0};

	memset(ptn_buf_room(&b, 200), 's', 200);
	ptn_buf_filled(&b, 10);
	watched = b.base;
	watched_len = b.cap;
	ck_assert_ptr_nonnull(ptn_buf_room(&b, 1000));
	ck_assert_ptr_ne(b.base, watched);
	ck_assert_uint_eq(not_wiped, 0);
	ck_assert(holds(&b, "ssssssssss"));
	watched = b.base;
	watched_len = b.cap;
	ptn_buf_free(&b);
	ck_assert_uint_eq(not_wiped, 0);
	ck_assert_ptr_null(b.base);
}
END_TEST

START_TEST(without_memory_nothing_changes)
{
	struct ptn_buf b = {0};
	char block[300] = {0};

	failing = 1;
	ck_assert_int_eq(ptn_buf_puts(&b, "x"), POSTERN_E_NOMEM);
	ck_assert_ptr_null(ptn_buf_room(&b, 1));
	failing = 0;
	ck_assert_int_eq(ptn_buf_puts(&b, "kept"), 0);
	failing = 1;
	ck_assert_int_eq(ptn_buf_add(&b, block, sizeof block), POSTERN_E_NOMEM);
	failing = 0;
	ck_assert(holds(&b, "kept"));
	ck_assert_ptr_null(ptn_buf_room(&b, (size_t)-1));
	ck_assert_ptr_null(ptn_buf_room(&b, (size_t)-1 / 2 + 2));
	ck_assert(holds(&b, "kept"));
	ptn_buf_free(&b);
}
END_TEST

/* Through growing and freeing; and a closed one is never made open by either. */
START_TEST(what_is_open_stays_so)
{
	struct ptn_buf b = {.open = _i};
	char block[5000];

	memset(block, 'x', sizeof(block));
	for (int round = 0; round < 2; round++) {
		ck_assert_int_eq(ptn_buf_add(&b, "first", 5), 0);
		watched = b.base;
		watched_len = 5;
		not_wiped = 0;
		ck_assert_int_eq(ptn_buf_add(&b, block, sizeof(block)), 0);
		ck_assert_uint_eq(not_wiped, _i ? 5 : 0);
		watched = b.base;
		ptn_buf_clear(&b);
		ck_assert_int_eq(all_zero(b.base, 5), !_i);
		ptn_buf_free(&b);
		watched = NULL;
		ck_assert_int_eq(b.open, _i);
		ck_assert_uint_eq(b.cap, 0);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "buf");

	tcase_add_test(t, a_zeroed_struct_is_an_empty_buffer);
	tcase_add_test(t, adding_and_taking_keep_the_order);
	tcase_add_test(t, a_queue_gives_back_what_it_got);
	tcase_add_test(t, room_is_memory_even_for_nothing);
	tcase_add_test(t, a_queue_is_not_copied_for_ever);
	tcase_add_test(t, what_leaves_is_wiped);
	tcase_add_test(t, what_is_outgrown_is_wiped);
	tcase_add_test(t, without_memory_nothing_changes);
	tcase_add_loop_test(t, what_is_open_stays_so, 0, 2);
}
