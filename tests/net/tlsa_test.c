/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers with TLSA records, good ones and those that no name server would write.
 */
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "net/tlsa.h"

enum { TLSA = 52, MOST = 70000 };

static struct ptn_association list[PTN_NET_ASSOCIATIONS];
static unsigned char m[MOST];
static size_t n;

/* ---- writing a message ----------------------------------------------------------------------- */

static void put(const void *p, size_t len)
{
	ck_assert_uint_le(n + len, sizeof m);
	if (len)
		memcpy(m + n, p, len);
	n += len;
}

static void put_two(unsigned v)
{
	put((unsigned char[]){(unsigned char)(v >> 8), (unsigned char)v}, 2);
}

/* A head and the question "_465._tcp.a.test". */
static void begin(unsigned answers)
{
	n = 0;
	put_two(7);
	put_two(0x81A0);
	put_two(1);
	put_two(answers);
	put_two(0);
	put_two(0);
	put("\4_465\4_tcp\1a\4test", 18);
	put_two(TLSA);
	put_two(1);
}

static void put_head(unsigned type, size_t len)
{
	put_two(0xC00C);
	put_two(type);
	put_two(1);
	put_two(0);
	put_two(60);
	put_two((unsigned)len);
}

/* size octets of the same value */
static void put_record(unsigned usage, unsigned selector, unsigned matching, size_t size, int value)
{
	put_head(TLSA, size + 3);
	put((unsigned char[]){(unsigned char)usage, (unsigned char)selector,
			      (unsigned char)matching},
	    3);
	ck_assert_uint_le(n + size, sizeof m);
	memset(m + n, value, size);
	n += size;
}

/* What is parsed is exactly as long as it says, so that reading over its end is found out; what was
 * found is within it. */
static int parse(size_t len)
{
	unsigned char *exact = malloc(len ? len : 1);
	int count;

	if (!exact)
		ck_abort_msg("no memory");
	memcpy(exact, m, len);
	count = ptn_tlsa_parse(list, exact, len);
	if (count < -1 || count > PTN_NET_ASSOCIATIONS)
		ck_abort_msg("%d", count);
	for (int i = 0; i < count; i++) {
		const struct ptn_association *a = &list[i];

		if (a->data < exact || a->data + a->size > exact + len || !a->size ||
		    a->usage > 3 || a->selector > 1 || a->matching > 2 ||
		    (a->matching && a->size != 32u * a->matching))
			ck_abort_msg("record %d", i);
	}
	free(exact);
	return count;
}

/* ---- cases ----------------------------------------------------------------------------------- */

START_TEST(records_are_read)
{
	begin(5);
	put_record(3, 1, 1, 32, 'a');
	put_head(5, 2); /* a CNAME beside them is passed over, as is a signature */
	put_two(0xC00C);
	put_head(46, 5);
	put("abcde", 5);
	put_record(2, 0, 2, 64, 'b');
	put_record(0, 1, 0, 5000, 'c');
	ck_assert_int_eq(ptn_tlsa_parse(list, m, n), 3);
	ck_assert_int_eq(list[0].usage, 3);
	ck_assert_int_eq(list[0].selector, 1);
	ck_assert_int_eq(list[0].matching, 1);
	ck_assert_uint_eq(list[0].size, 32);
	ck_assert_int_eq(list[0].data[0], 'a');
	ck_assert_int_eq(list[0].data[31], 'a');
	ck_assert_int_eq(list[1].usage, 2);
	ck_assert_int_eq(list[1].selector, 0);
	ck_assert_int_eq(list[1].matching, 2);
	ck_assert_uint_eq(list[1].size, 64);
	ck_assert_int_eq(list[1].data[63], 'b');
	ck_assert_int_eq(list[2].usage, 0);
	ck_assert_uint_eq(list[2].size, 5000);
	ck_assert_ptr_eq(list[2].data + 5000, m + n);
	ck_assert_int_eq(parse(n), 3);
}
END_TEST

static const struct {
	unsigned usage, selector, matching;
	size_t size;
	int count;
} kinds[] = {
	{0, 0, 0, 1, 1},  {1, 1, 1, 32, 1},   {2, 0, 2, 64, 1}, {3, 1, 0, 60000, 1},
	{4, 0, 1, 32, 0}, {255, 0, 1, 32, 0}, {3, 2, 1, 32, 0}, {3, 255, 1, 32, 0},
	{3, 1, 3, 32, 0}, {3, 1, 255, 32, 0}, {3, 1, 1, 31, 0}, {3, 1, 1, 33, 0},
	{3, 1, 2, 32, 0}, {3, 1, 2, 63, 0},   {3, 1, 2, 65, 0}, {3, 1, 1, 64, 0},
	{3, 1, 1, 0, 0},  {3, 1, 0, 0, 0},    {3, 1, 2, 0, 0},
};

/* What cannot be used is passed over; what stands beside it is not. */
START_TEST(usable_or_not)
{
	begin(2);
	put_record(kinds[_i].usage, kinds[_i].selector, kinds[_i].matching, kinds[_i].size, 'x');
	put_record(3, 1, 1, 32, 'y');
	ck_assert_int_eq(parse(n), kinds[_i].count + 1);
}
END_TEST

START_TEST(too_short)
{
	for (size_t len = 0; len < 3; len++) {
		begin(1);
		put_head(TLSA, len);
		put("\3\1\1", len);
		ck_assert_int_eq(parse(n), -1);
	}
}
END_TEST

START_TEST(no_more_than_there_is_room_for)
{
	begin(40);
	for (int i = 0; i < 40; i++)
		put_record(3, 1, 1, 32, i);
	ck_assert_int_eq(ptn_tlsa_parse(list, m, n), PTN_NET_ASSOCIATIONS);
	ck_assert_int_eq(list[PTN_NET_ASSOCIATIONS - 1].data[0], PTN_NET_ASSOCIATIONS - 1);
	ck_assert_int_eq(parse(n), PTN_NET_ASSOCIATIONS);
}
END_TEST

START_TEST(nothing_in_it)
{
	begin(0);
	ck_assert_int_eq(parse(n), 0);
	ck_assert_int_eq(parse(11), -1);
	ck_assert_int_eq(parse(0), -1);
	begin(1);
	put_head(1, 4); /* an A record */
	put("\x7F\0\0\1", 4);
	ck_assert_int_eq(parse(n), 0);
	begin(1);
	put_two(0xC00C); /* of another class */
	put_two(TLSA);
	put_two(3);
	put("\0\0\0\0", 4);
	put_two(4);
	put("\3\1\0x", 4);
	ck_assert_int_eq(parse(n), 0);
}
END_TEST

static void begin_sample(void)
{
	begin(3);
	put_record(3, 1, 1, 32, 'a');
	put_record(2, 0, 2, 64, 'b');
	put_record(1, 1, 0, 20, 'c');
}

START_TEST(cut_anywhere)
{
	begin_sample();
	ck_assert_int_eq(parse(n), 3);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(parse(i), -1);
}
END_TEST

static unsigned long long seed = 1;

static unsigned roll(void)
{
	seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(seed >> 33);
}

START_TEST(changed_anywhere)
{
	unsigned char sample[512];
	int whole = 0, refused = 0;

	begin_sample();
	memcpy(sample, m, n);
	for (int i = 0; i < 200000; i++) {
		int count;

		memcpy(m, sample, n);
		for (int k = 0; k < 1 + i % 4; k++)
			m[roll() % n] = (unsigned char)roll();
		count = parse(n - roll() % 8 % (1 + (unsigned)i % 8));
		whole += count > 0;
		refused += count < 0;
	}
	ck_assert_int_gt(whole, 1000);
	ck_assert_int_gt(refused, 1000);
}
END_TEST

START_TEST(noise)
{
	for (int i = 0; i < 50000; i++) {
		for (n = 0; n < 96; n++)
			m[n] = (unsigned char)(roll() & (i & 1 ? 0xC3 : 0xFF));
		m[4] = m[6] = 0;
		parse((size_t)(i % 97));
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "tlsa");

	tcase_add_test(t, records_are_read);
	EACH(t, usable_or_not, kinds);
	tcase_add_test(t, too_short);
	tcase_add_test(t, no_more_than_there_is_room_for);
	tcase_add_test(t, nothing_in_it);
	tcase_add_test(t, cut_anywhere);
	tcase_add_test(t, changed_anywhere);
	tcase_add_test(t, noise);
}
