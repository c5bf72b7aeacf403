/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Answers with SRV records, good ones and those that no name server would write.
 */
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "net/srv.h"

static struct ptn_service list[PTN_NET_SERVICES];
static unsigned char m[4096];
static size_t n;

/* ---- writing a message ----------------------------------------------------------------------- */

static void put(const void *p, size_t len)
{
	ck_assert_uint_le(n + len, sizeof m);
	memcpy(m + n, p, len);
	n += len;
}

static void put_two(unsigned v)
{
	put((unsigned char[]){(unsigned char)(v >> 8), (unsigned char)v}, 2);
}

static void put_name(const char *name)
{
	while (*name) {
		size_t len = strcspn(name, ".");

		put((unsigned char[]){(unsigned char)len}, 1);
		put(name, len);
		name += len + (name[len] == '.');
	}
	put("", 1);
}

/* A head, and the question at 12: "_s._tcp.example.test" with its "example.test" at 20. */
static void begin(unsigned answers)
{
	n = 0;
	put_two(7);
	put_two(0x8180);
	put_two(1);
	put_two(answers);
	put_two(0);
	put_two(0);
	put_name("_s._tcp.example.test");
	put_two(33);
	put_two(1);
}

static void put_head(unsigned type, unsigned len)
{
	put_two(0xC00C);
	put_two(type);
	put_two(1);
	put_two(0);
	put_two(60);
	put_two(len);
}

/* rdata: the target's octets as they stand on the wire */
static void put_record(unsigned priority, unsigned weight, unsigned port, const void *target,
		       size_t len)
{
	put_head(33, (unsigned)len + 6);
	put_two(priority);
	put_two(weight);
	put_two(port);
	put(target, len);
}

#define TARGET(text) text, sizeof text

/* What is parsed is exactly as long as it says, so that reading over its end is found out. */
static int parse(size_t len)
{
	unsigned char *exact = malloc(len ? len : 1);
	int count;

	if (!exact)
		ck_abort_msg("no memory");
	memcpy(exact, m, len);
	count = ptn_srv_parse(list, exact, len);
	free(exact);
	return count;
}

static int is_sound(int count)
{
	if (count < -1 || count > PTN_NET_SERVICES)
		return 0;
	for (int i = 0; i < count; i++) {
		const struct ptn_service *s = &list[i];

		if (!memchr(s->target, '\0', sizeof s->target) || s->port < 0 || s->port > 65535 ||
		    s->priority < 0 || s->priority > 65535 || s->weight < 0 || s->weight > 65535 ||
		    (*s->target && !s->port))
			return 0;
		if (strspn(s->target, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789-_.") != strlen(s->target))
			return 0;
	}
	return 1;
}

/* ---- cases ----------------------------------------------------------------------------------- */

START_TEST(records_are_read)
{
	begin(4);
	put_record(10, 5, 465, TARGET("\4mail\7example\3net"));
	put_head(5, 2); /* a CNAME beside them is passed over */
	put_two(0xC00C);
	put_record(65535, 0, 65535, "\2mx\xC0\x14", 5); /* mx, and a pointer to example.test */
	put_record(0, 0, 0, "", 1);
	ck_assert_int_eq(parse(n), 3);
	ck_assert_str_eq(list[0].target, "mail.example.net");
	ck_assert_int_eq(list[0].priority, 10);
	ck_assert_int_eq(list[0].weight, 5);
	ck_assert_int_eq(list[0].port, 465);
	ck_assert_str_eq(list[1].target, "mx.example.test");
	ck_assert_int_eq(list[1].priority, 65535);
	ck_assert_int_eq(list[1].weight, 0);
	ck_assert_int_eq(list[1].port, 65535);
	ck_assert_str_eq(list[2].target, "");
}
END_TEST

START_TEST(what_cannot_be_used_is_passed_over)
{
	begin(6);
	put_record(0, 0, 0, TARGET("\4zero\4port"));
	put_record(0, 0, 25, TARGET("\4a b\1\4test"));
	put_record(0, 0, 25,
		   TARGET("\3"
			  "192\1"
			  "0\1"
			  "2\1"
			  "7"));
	put_record(0, 0, 25, TARGET("\3a.b\4test"));
	put_record(0, 0, 25, "\4a\0bc\4test", 11);
	put_record(0, 0, 25, TARGET("\2ok\4test"));
	ck_assert_int_eq(parse(n), 1);
	ck_assert_str_eq(list[0].target, "ok.test");
}
END_TEST

START_TEST(no_more_than_there_is_room_for)
{
	begin(40);
	for (unsigned i = 0; i < 40; i++)
		put_record(i, 0, 587, TARGET("\1a\4test"));
	ck_assert_int_eq(parse(n), PTN_NET_SERVICES);
	ck_assert_int_eq(list[PTN_NET_SERVICES - 1].priority, PTN_NET_SERVICES - 1);
}
END_TEST

START_TEST(nothing_in_it)
{
	begin(0);
	ck_assert_int_eq(parse(n), 0);
	begin(1);
	put_head(1, 4); /* an A record */
	put("\x7F\0\0\1", 4);
	ck_assert_int_eq(parse(n), 0);
}
END_TEST

/* A name of 253 octets is the longest. */
START_TEST(long_names)
{
	for (size_t last = 59; last <= 63; last++) {
		unsigned char name[512];
		size_t to = 0;

		for (int i = 0; i < 4; i++) {
			size_t len = i < 3 ? 63 : last;

			name[to++] = (unsigned char)len;
			memset(name + to, 'a', len);
			to += len;
		}
		name[to++] = 0;
		begin(1);
		put_record(0, 0, 25, name, to);
		ck_assert_int_eq(parse(n), 3 * 64 + last <= 253 ? 1 : -1);
	}
}
END_TEST

/* rdata that is no target; 0x38 is where the rdata's name begins. */
static const struct {
	const char *octets;
	size_t len;
} bad[] = {
	{"\xC0\x38", 2}, /* to itself */
	{"\1a\xC0\x38", 4}, /* to its own beginning */
	{"\xC0\x3A\xC0\x38", 4}, /* forward */
	{"\xC0\xFF", 2}, /* behind the end */
	{"\xFF\xFF", 2},
	{"\xC0", 1}, /* half a pointer */
	{"\1a", 2}, /* no end */
	{"\77abc", 4}, /* longer than the record */
	{"\100a", 2}, /* labels of other kinds (RFC 6891 5) */
	{"\200a", 2},
	{"\1a\0b", 4}, /* octets behind it */
	{"", 0},
};

START_TEST(bad_targets)
{
	begin(1);
	put_record(0, 0, 25, bad[_i].octets, bad[_i].len);
	ck_assert_int_eq(parse(n), -1);
	put("\0\0\0\0\0\0\0\0", 8); /* with more behind the record too */
	ck_assert_int_eq(parse(n), -1);
}
END_TEST

/* Pointers that only go back, each from a label to the one before: as long as names may be, in
 * little room. */
START_TEST(chain_of_pointers)
{
	unsigned char data[600];
	size_t to = 0, at;

	begin(2);
	at = n + 12;
	data[to++] = 1;
	data[to++] = 'a';
	data[to++] = 0;
	for (unsigned i = 0; i < 140; i++) {
		size_t back = i ? to - 4 : 0;

		data[to++] = 1;
		data[to++] = 'b';
		data[to++] = (unsigned char)(0xC0 | (at + back) >> 8);
		data[to++] = (unsigned char)(at + back);
	}
	put_head(16, (unsigned)to);
	put(data, to);
	put_record(0, 0, 25,
		   (unsigned char[]){(unsigned char)(0xC0 | (at + to - 4) >> 8),
				     (unsigned char)(at + to - 4)},
		   2);
	ck_assert_int_eq(parse(n), -1); /* over 253 octets */
	n = n - 2;
	put_two(0xC000 | (unsigned)(at + 3 + 4 * 99));
	ck_assert_int_eq(parse(n), 1);
	ck_assert_uint_eq(strlen(list[0].target), 201);
}
END_TEST

static void begin_sample(void)
{
	begin(3);
	put_record(10, 5, 465, TARGET("\4mail\7example\3net"));
	put_record(10, 5, 587, "\2mx\xC0\x14", 5);
	put_record(20, 0, 587, "\xC0\x14", 2);
}

START_TEST(cut_anywhere)
{
	begin_sample();
	ck_assert_int_eq(parse(n), 3);
	for (size_t i = 0; i < n; i++)
		ck_assert_int_eq(parse(i), -1);
}
END_TEST

START_TEST(changed_anywhere)
{
	unsigned long long seed = 1;
	unsigned char sample[sizeof m];
	int whole = 0, refused = 0;

	begin_sample();
	memcpy(sample, m, n);
	for (int i = 0; i < 200000; i++) {
		int count;

		memcpy(m, sample, n);
		for (int k = 0; k < 1 + i % 4; k++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			m[(seed >> 33) % n] = (unsigned char)(seed >> 25);
		}
		count = parse(n - (seed >> 50) % 8 % (1 + (unsigned)i % 8));
		if (!is_sound(count))
			ck_abort_msg("round %d: %d", i, count);
		whole += count > 0;
		refused += count < 0;
	}
	ck_assert_int_gt(whole, 1000);
	ck_assert_int_gt(refused, 1000);
}
END_TEST

START_TEST(noise)
{
	unsigned long long seed = 9;

	for (int i = 0; i < 50000; i++) {
		for (n = 0; n < 96; n++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			m[n] = (unsigned char)(seed >> 40) & (i & 1 ? 0xC3 : 0xFF);
		}
		m[4] = m[6] = 0;
		if (!is_sound(parse((size_t)(i % 97))))
			ck_abort_msg("round %d", i);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "srv");

	tcase_add_test(t, records_are_read);
	tcase_add_test(t, what_cannot_be_used_is_passed_over);
	tcase_add_test(t, no_more_than_there_is_room_for);
	tcase_add_test(t, nothing_in_it);
	tcase_add_test(t, long_names);
	EACH(t, bad_targets, bad);
	tcase_add_test(t, chain_of_pointers);
	tcase_add_test(t, cut_anywhere);
	tcase_add_test(t, changed_anywhere);
	tcase_add_test(t, noise);
}
