/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "main.h"
#include "memory.h"
#include "pace.h"
#include "postern.h"

enum { MOST = 6000 };

/* Begun as early as it may be, or now and then later: never more than the limit in any stretch, and
 * never waiting longer than it must where each mail is counted. */
START_TEST(any_stretch)
{
	static const struct {
		unsigned mails;
		int milliseconds;
	} limits[] = {{1, 1}, {1, 1000}, {2, 10}, {7, 50}, {1024, 100}, {1025, 100}, {3000, 700}};
	static ptn_time begun[MOST];
	struct ptn_pace p = {0};
	ptn_time now = 5;
	unsigned most = limits[_i].mails;

	ck_assert_int_eq(ptn_pace_set(&p, most, limits[_i].milliseconds), 0);
	for (int i = 0; i < MOST; i++) {
		ptn_time next = ptn_pace_next(&p);

		if (most <= PTN_PACE_BLOCKS && i >= (int)most)
			ck_assert_int_le(next, begun[i - (int)most] + limits[_i].milliseconds);
		now = next > now ? next : now;
		now += i % 13 == 12 ? i % 5 : 0;
		begun[i] = now;
		ptn_pace_begun(&p, now);
		if (i >= (int)most)
			ck_assert_int_ge(now - begun[i - (int)most], limits[_i].milliseconds);
	}
	/* Most of what is allowed is used. */
	ck_assert_int_le(begun[MOST - 1],
			 5 + 5 * MOST / 13 +
				 (MOST / (ptn_time)most + 2) * limits[_i].milliseconds * 2);
	ptn_pace_free(&p);
}
END_TEST

START_TEST(no_limit)
{
	struct ptn_pace p = {0};

	for (int i = 0; i < 100; i++) {
		ck_assert_int_eq(ptn_pace_next(&p), 0);
		ptn_pace_begun(&p, 1);
	}
	ck_assert_int_eq(ptn_pace_set(&p, 2, 1000), 0);
	ptn_pace_begun(&p, 10);
	ck_assert_int_eq(ptn_pace_next(&p), 0);
	ptn_pace_begun(&p, 20);
	ck_assert_int_eq(ptn_pace_next(&p), 1010);
	ck_assert_int_eq(ptn_pace_set(&p, 2, 1000), 0); /* the same: what was begun counts on */
	ck_assert_int_eq(ptn_pace_next(&p), 1010);
	ck_assert_int_eq(ptn_pace_set(&p, 0, 0), 0);
	ck_assert_int_eq(ptn_pace_next(&p), 0);
	ptn_pace_free(&p);
}
END_TEST

START_TEST(without_memory)
{
	struct ptn_pace p = {0};

	grants = 0;
	ck_assert_int_eq(ptn_pace_set(&p, 2, 1000), POSTERN_E_NOMEM);
	grants = -1;
	ck_assert_int_eq(ptn_pace_set(&p, 2, 1000), 0);
	ptn_pace_free(&p);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "pace");

	tcase_add_loop_test(t, any_stretch, 0, 7);
	tcase_add_test(t, no_limit);
	tcase_add_test(t, without_memory);
}
