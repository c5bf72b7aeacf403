/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "main.h"
#include "target.h"

enum { DRAWS = 10000, MOST = 2 * PTN_NET_SERVICES };

static struct ptn_offer all[MOST];
static size_t n;
static struct ptn_target out[PTN_ROUTE_MOST];

static void offer(int mode, int priority, int weight, const char *target, int port)
{
	struct ptn_offer o = {.service = {.priority = priority, .weight = weight, .port = port},
			      .mode = mode};

	if (n == MOST)
		ck_abort_msg("too many");
	snprintf(o.service.target, sizeof o.service.target, "%s", target);
	all[n++] = o;
}

static void set_up(void)
{
	n = 0;
}

#define IMPLICIT PTN_MODE_IMPLICIT
#define STARTTLS PTN_MODE_STARTTLS

/* "465/a 587/b": ports and hosts in the order given. */
static const char *order(unsigned long long random)
{
	static char text[4096];
	size_t count = ptn_target_order(out, all, n, random), at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < count; i++) {
		ck_assert_uint_eq(out[i].n_addresses, 0);
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%d%c%s", i ? " " : "",
				       out[i].port, out[i].mode == IMPLICIT ? '!' : '/',
				       out[i].host);
	}
	return text;
}

START_TEST(nothing_gives_nothing)
{
	ck_assert_str_eq(order(1), "");
	offer(IMPLICIT, 0, 0, "", 0);
	ck_assert_str_eq(order(1), "");
	offer(STARTTLS, 0, 0, "a.test", 587);
	ck_assert_str_eq(order(1), "587/a.test");
}
END_TEST

/* Whatever the chance: priority is law, and then implicit TLS. */
START_TEST(priority_then_implicit)
{
	for (unsigned long long random = 0; random < 200; random++) {
		n = 0;
		offer(STARTTLS, 0, 65535, "d.test", 587);
		offer(STARTTLS, 10, 65535, "b.test", 587);
		offer(IMPLICIT, 20, 65535, "a.test", 465);
		offer(IMPLICIT, 10, 0, "c.test", 465);
		offer(IMPLICIT, 65535, 65535, "e.test", 465);
		ck_assert_str_eq(order(random), "587/d.test 465!c.test 587/b.test 465!a.test "
						"465!e.test");
	}
}
END_TEST

START_TEST(each_is_taken_once)
{
	offer(IMPLICIT, 5, 0, "A.test", 465);
	offer(IMPLICIT, 1, 0, "a.TEST", 465);
	offer(STARTTLS, 1, 0, "a.test", 465); /* another mode is another way */
	offer(IMPLICIT, 2, 0, "a.test", 466);
	ck_assert_str_eq(order(1), "465!a.TEST 465/a.test 466!a.test");
}
END_TEST

/* More than may be tried: the best are. */
START_TEST(no_more_than_there_is_room_for)
{
	for (int i = 0; i < MOST; i++)
		offer(i % 2 ? IMPLICIT : STARTTLS, MOST - i, 1, i % 2 ? "i.test" : "s.test", 1 + i);
	ck_assert_uint_eq(ptn_target_order(out, all, n, 7), PTN_ROUTE_MOST);
	for (int i = 0; i < PTN_ROUTE_MOST; i++)
		ck_assert_int_eq(out[i].port, MOST - i);
}
END_TEST

START_TEST(the_same_number_gives_the_same_order)
{
	char first[4096];

	for (int i = 0; i < 6; i++)
		offer(IMPLICIT, 0, 10, i % 2 ? "x.test" : "y.test", 1 + i);
	strcpy(first, order(42));
	n = 0;
	for (int i = 0; i < 6; i++)
		offer(IMPLICIT, 0, 10, i % 2 ? "x.test" : "y.test", 1 + i);
	ck_assert_str_eq(order(42), first);
}
END_TEST

/* How often each of three weights comes first, of DRAWS; 400 is over eight standard deviations. */
static const struct {
	int weight[3], least[3], most[3];
} drawn[] = {
	{{10, 10, 10}, {2933, 2933, 2933}, {3733, 3733, 3733}},
	{{60, 30, 10}, {5600, 2600, 700}, {6400, 3400, 1300}},
	{{65535, 65535, 1}, {4600, 4600, 0}, {5400, 5400, 20}},
	{{0, 0, 0}, {2933, 2933, 2933}, {3733, 3733, 3733}},
	{{0, 1, 1}, {20, 4500, 4500}, {200, 5400, 5400}}, /* a very small chance, but one */
	{{0, 0, 100}, {0, 0, 9970}, {15, 15, 10000}},
};

START_TEST(weights_are_respected)
{
	int first[3] = {0}, second[3] = {0};

	for (unsigned long long random = 0; random < DRAWS; random++) {
		n = 0;
		for (int i = 0; i < 3; i++)
			offer(STARTTLS, 0, drawn[_i].weight[i], "a.test", 1 + i);
		if (ptn_target_order(out, all, n, random) != 3)
			ck_abort_msg("one is missing");
		first[out[0].port - 1]++;
		second[out[1].port - 1]++;
	}
	for (int i = 0; i < 3; i++)
		ck_assert_msg(first[i] >= drawn[_i].least[i] && first[i] <= drawn[_i].most[i],
			      "weight %d came first %d times", drawn[_i].weight[i], first[i]);
	ck_assert_int_eq(second[0] + second[1] + second[2], DRAWS);
	/* The second place is drawn too. */
	if (drawn[_i].weight[0] == drawn[_i].weight[2])
		for (int i = 0; i < 3; i++)
			ck_assert_int_ge(second[i], 2933);
}
END_TEST

static const struct {
	const char *host, *domain;
	int below;
} names[] = {
	{"example.org", "example.org", 1},
	{"mail.example.org", "example.org", 1},
	{"a.b.Example.ORG", "example.org", 1},
	{"badexample.org", "example.org", 0},
	{"example.org", "mail.example.org", 0},
	{"example.org.evil.test", "example.org", 0},
	{"", "example.org", 0},
	{"example.org", "", 0},
};

START_TEST(below_a_domain)
{
	ck_assert_int_eq(ptn_target_is_below(names[_i].host, names[_i].domain), names[_i].below);
}
END_TEST

/* ---- TLSA records are kept: whatever becomes of those of the answer, or of the first copy. ----
 */

START_TEST(records_are_kept)
{
	static const size_t sizes[] = {1, 32, 64, 65, 5000, 64, 300};
	enum { N = sizeof sizes / sizeof *sizes };
	struct ptn_association from[N];
	static unsigned char octets[N][5000];
	struct ptn_tlsa *first, *second;

	for (size_t i = 0; i < N; i++) {
		memset(octets[i], 'a' + (int)i, sizeof octets[i]);
		from[i] = (struct ptn_association){(unsigned char)(i % 4), i & 1,
						   (unsigned char)(i % 3), sizes[i], octets[i]};
	}
	ck_assert_int_eq(ptn_target_keep(&first, from, N), 0);
	memset(octets, 0, sizeof octets);
	ck_assert_int_eq(ptn_target_copy(&second, first, N), 0);
	ptn_mem_release(first, N * sizeof *first);
	for (size_t i = 0; i < N; i++) {
		const unsigned char *p = second[i].more ? second[i].more : second[i].data;

		ck_assert_int_eq(second[i].usage, (int)i % 4);
		ck_assert_int_eq(second[i].selector, (int)i & 1);
		ck_assert_int_eq(second[i].matching, (int)i % 3);
		ck_assert_uint_eq(second[i].size, sizes[i]);
		ck_assert_int_eq(second[i].more != NULL, sizes[i] > 64);
		for (size_t k = 0; k < sizes[i]; k++)
			ck_assert_int_eq(p[k], 'a' + (int)i);
	}
	ptn_mem_free(second);
	ck_assert_int_eq(ptn_target_keep(&first, from, 0), 0);
	ck_assert_ptr_null(first);
	ck_assert_int_eq(ptn_target_copy(&first, NULL, 0), 0);
	ck_assert_ptr_null(first);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "target");

	tcase_add_checked_fixture(t, set_up, NULL);
	tcase_add_test(t, nothing_gives_nothing);
	tcase_add_test(t, priority_then_implicit);
	tcase_add_test(t, each_is_taken_once);
	tcase_add_test(t, no_more_than_there_is_room_for);
	tcase_add_test(t, the_same_number_gives_the_same_order);
	EACH(t, weights_are_respected, drawn);
	EACH(t, below_a_domain, names);
	tcase_add_test(t, records_are_kept);
}
