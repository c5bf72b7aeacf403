/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "main.h"
#include "smtp/reply.h"

#define IN(s) s, sizeof(s) - 1

static const struct {
	const char *in;
	size_t n;
	int code; /* 0: wrong */
	const char *text; /* lines with LF */
	int status[3];
} cases[] = {
	{IN("250 ok\r\n"), 250, "ok\n", {0, 0, 0}},
	{IN("250\r\n"), 250, "\n", {0, 0, 0}},
	{IN("250 \r\n"), 250, "\n", {0, 0, 0}},
	{IN("250-\r\n250\r\n"), 250, "\n\n", {0, 0, 0}},
	{IN("250-a\r\n250-b\r\n250 c\r\n"), 250, "a\nb\nc\n", {0, 0, 0}},
	{IN("250 2.1.5 ok\r\n"), 250, "2.1.5 ok\n", {2, 1, 5}},
	{IN("550 5.7.139 no\r\n"), 550, "5.7.139 no\n", {5, 7, 139}},
	{IN("550 5.1.1\r\n"), 550, "5.1.1\n", {5, 1, 1}},
	{IN("550-5.1.1 a\r\n550 5.2.2 b\r\n"), 550, "5.1.1 a\n5.2.2 b\n", {5, 1, 1}},
	{IN("550 4.1.1 no\r\n"), 550, "4.1.1 no\n", {0, 0, 0}},
	{IN("550 5.1 no\r\n"), 550, "5.1 no\n", {0, 0, 0}},
	{IN("550 5.1.1000 no\r\n"), 550, "5.1.1000 no\n", {0, 0, 0}},
	{IN("550 5.1.1x no\r\n"), 550, "5.1.1x no\n", {0, 0, 0}},
	{IN("550 5..1 no\r\n"), 550, "5..1 no\n", {0, 0, 0}},
	{IN("550 5\r\n"), 550, "5\n", {0, 0, 0}},
	{IN("550 5.\r\n"), 550, "5.\n", {0, 0, 0}},
	{IN("550 5.1.\r\n"), 550, "5.1.\n", {0, 0, 0}},
	{IN("299 x\r\n"), 299, "x\n", {0, 0, 0}},
	{IN("200 x\r\n"), 200, "x\n", {0, 0, 0}},
	{IN("599 x\r\n"), 599, "x\n", {0, 0, 0}},
	{IN("250 \x1b\xff\t\r\n"), 250, "\x1b\xff\t\n", {0, 0, 0}},
	{IN("250-a\r\n550 b\r\n"), 0, NULL, {0, 0, 0}},
	{IN("250 a\0b\r\n"), 0, NULL, {0, 0, 0}},
	{IN("250 ok\n"), 0, NULL, {0, 0, 0}},
	{IN("250\n"), 0, NULL, {0, 0, 0}},
	{IN("\n"), 0, NULL, {0, 0, 0}},
	{IN("250 a\rb\r\n"), 0, NULL, {0, 0, 0}},
	{IN("250 ok\r\r\n"), 0, NULL, {0, 0, 0}},
	{IN("250\r\r\n"), 0, NULL, {0, 0, 0}},
	{IN("250\rx\r\n"), 0, NULL, {0, 0, 0}},
	{IN("250-a\rb\r\n250 ok\r\n"), 0, NULL, {0, 0, 0}},
	{IN("2\r\n"), 0, NULL, {0, 0, 0}},
	{IN("25\r\n"), 0, NULL, {0, 0, 0}},
	{IN("2500 x\r\n"), 0, NULL, {0, 0, 0}},
	{IN("25a x\r\n"), 0, NULL, {0, 0, 0}},
	{IN("-50 x\r\n"), 0, NULL, {0, 0, 0}},
	{IN(" 250 x\r\n"), 0, NULL, {0, 0, 0}},
	{IN("\r\n"), 0, NULL, {0, 0, 0}},
	{IN("250\tx\r\n"), 0, NULL, {0, 0, 0}},
	{IN("250_x\r\n"), 0, NULL, {0, 0, 0}},
	{IN("250\0x\r\n"), 0, NULL, {0, 0, 0}},
	{IN("000 x\r\n"), 0, NULL, {0, 0, 0}},
	{IN("199 x\r\n"), 0, NULL, {0, 0, 0}},
	{IN("600 x\r\n"), 0, NULL, {0, 0, 0}},
	{IN("999 x\r\n"), 0, NULL, {0, 0, 0}},
	{IN("HTTP/1.1 400 Bad\r\n"), 0, NULL, {0, 0, 0}},
};

/* Each piece in a block of its own size, so that reading over its end is seen. */
static size_t feed(struct ptn_reply *r, const char *p, size_t n, size_t piece)
{
	size_t used = 0;

	while (used < n && !r->whole && !r->wrong) {
		size_t len = n - used < piece ? n - used : piece, took;
		char *block = malloc(len);

		ck_assert_ptr_nonnull(block);
		memcpy(block, p + used, len);
		took = ptn_reply_feed(r, block, len);
		ck_assert_uint_le(took, len);
		ck_assert(took == len || r->whole || r->wrong);
		free(block);
		used += took;
	}
	return used;
}

static void judge(int i, size_t piece)
{
	struct ptn_reply r = {0};
	size_t used;

	ptn_reply_next(&r, PTN_REPLY_LINE);
	used = feed(&r, cases[i].in, cases[i].n, piece);
	if (!cases[i].code) {
		ck_assert_ptr_nonnull(r.wrong);
		ck_assert_int_eq(r.whole, 0);
	} else {
		ck_assert_msg(!r.wrong, "%s: %s", cases[i].in, r.wrong);
		ck_assert_int_eq(r.whole, 1);
		ck_assert_uint_eq(used, cases[i].n);
		ck_assert_int_eq(r.code, cases[i].code);
		ck_assert_uint_eq(ptn_buf_len(&r.text), strlen(cases[i].text));
		ck_assert(!memcmp(ptn_buf_data(&r.text), cases[i].text, strlen(cases[i].text)));
		ck_assert(!memcmp(r.status, cases[i].status, sizeof(r.status)));
	}
	ptn_reply_free(&r);
}

START_TEST(every_case)
{
	for (size_t piece = 1; piece <= cases[_i].n; piece++)
		judge(_i, piece);
}
END_TEST

/* What is no SMTP is known before a line end comes. */
START_TEST(judged_early)
{
	static const char *const starts[] = {"H", "1", "6", "2x", "25x", "250x", "\x16", "\r", " "};

	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++) {
		struct ptn_reply r = {0};

		ptn_reply_next(&r, PTN_REPLY_LINE);
		feed(&r, starts[i], strlen(starts[i]), 1);
		ck_assert_msg(r.wrong, "%s", starts[i]);
		ptn_reply_free(&r);
	}
}
END_TEST

START_TEST(stops_behind_the_reply)
{
	struct ptn_reply r = {0};

	ptn_reply_next(&r, PTN_REPLY_LINE);
	ck_assert_uint_eq(ptn_reply_feed(&r, "250-a\r\n250 b\r\n354 c\r\n", 21), 14);
	ck_assert_int_eq(r.whole, 1);
	ck_assert_uint_eq(ptn_reply_feed(&r, "354 c\r\n", 7), 0);
	ptn_reply_next(&r, PTN_REPLY_LINE);
	ck_assert_uint_eq(ptn_reply_feed(&r, "354 c\r\n", 7), 7);
	ck_assert_int_eq(r.code, 354);
	ck_assert_uint_eq(r.lines, 1);
	ptn_reply_free(&r);
}
END_TEST

/* ---- Limits. ---- */

static const struct {
	size_t limit, n; /* octets of the one line, with its CR LF */
	int good;
} lines[] = {
	{PTN_REPLY_LINE, 511, 1},          {PTN_REPLY_LINE, 512, 1},
	{PTN_REPLY_LINE, 513, 1},          {PTN_REPLY_LINE, 2047, 1},
	{PTN_REPLY_LINE, 2048, 1},         {PTN_REPLY_LINE, 2049, 0},
	{PTN_REPLY_LINE, 16385, 0},        {PTN_REPLY_LINE_AUTH, 12288, 1},
	{PTN_REPLY_LINE_AUTH, 16384, 1},   {PTN_REPLY_LINE_AUTH, 16385, 0},
	{PTN_REPLY_LINE_AUTH, 1 << 20, 0},
};

START_TEST(line_limits)
{
	size_t n = lines[_i].n;
	char *line = malloc(n);

	ck_assert_ptr_nonnull(line);
	memset(line, 'x', n);
	memcpy(line, "250 ", 4);
	memcpy(line + n - 2, "\r\n", 2);
	for (size_t piece = 1; piece <= n; piece = piece * 7 + 1) {
		struct ptn_reply r = {0};

		ptn_reply_next(&r, lines[_i].limit);
		feed(&r, line, n, piece);
		ck_assert_int_eq(r.whole, lines[_i].good);
		ck_assert_int_eq(!r.wrong, lines[_i].good);
		ck_assert_uint_le(r.line.cap + r.text.cap, 8 * PTN_REPLY_LINE_AUTH);
		ptn_reply_free(&r);
	}
	free(line);
}
END_TEST

/* Lines of n octets for ever: how many are taken. */
static size_t lines_taken(size_t n)
{
	struct ptn_reply r = {0};
	char line[2048];
	size_t taken = 0;

	memset(line, 'x', sizeof(line));
	memcpy(line, "250-", 4);
	memcpy(line + n - 2, "\r\n", 2);
	ptn_reply_next(&r, PTN_REPLY_LINE);
	while (!r.wrong && taken < 100000) {
		ptn_reply_feed(&r, line, n);
		taken += !r.wrong;
	}
	ck_assert_int_eq(r.whole, 0);
	ck_assert_uint_le(r.text.cap, 4 * PTN_REPLY_OCTETS);
	ptn_reply_free(&r);
	return taken;
}

START_TEST(endless)
{
	ck_assert_uint_eq(lines_taken(7), PTN_REPLY_LINES);
	ck_assert_uint_eq(lines_taken(512), PTN_REPLY_LINES);
	ck_assert_uint_eq(lines_taken(513), PTN_REPLY_OCTETS / 513);
	ck_assert_uint_eq(lines_taken(2048), PTN_REPLY_OCTETS / 2048);
}
END_TEST

/* ---- For people. ---- */

static const struct {
	const char *in, *shown;
} shows[] = {
	{"250 ok\r\n", "ok"},
	{"250\r\n", ""},
	{"550-5.7.1 a\r\n550 5.7.1 b\r\n", "a b"},
	{"550-a\r\n550-\r\n550 b\r\n", "a b"},
	{"550 5.7.1\r\n", ""},
	{"550 4.7.1 x\r\n", "4.7.1 x"},
	{"550 \x1b]0;x\x07 \xff\r\n", "\\x1B]0;x\\x07 \\xFF"},
	{"550 \xc3\xa9\r\n", "\xc3\xa9"},
};

START_TEST(shown)
{
	struct ptn_reply r = {0};
	struct ptn_buf b = {0};

	ptn_reply_next(&r, PTN_REPLY_LINE);
	feed(&r, shows[_i].in, strlen(shows[_i].in), 100);
	ck_assert(!ptn_buf_puts(&b, "it said: "));
	ck_assert_int_eq(ptn_reply_show(&r, &b), 0);
	ck_assert(!ptn_buf_add(&b, "", 1));
	ck_assert_str_eq(ptn_buf_data(&b) + 9, shows[_i].shown);
	ptn_buf_free(&b);
	ptn_reply_free(&r);
}
END_TEST

/* Bounded, wherever the limit falls. */
START_TEST(shown_bounded)
{
	for (size_t n = PTN_REPLY_SHOWN - 8; n < PTN_REPLY_SHOWN + 8; n++) {
		struct ptn_reply r = {0};
		struct ptn_buf b = {0};
		char line[2048];

		memset(line, 'x', sizeof(line));
		memcpy(line, "250-", 4);
		memcpy(line + 4 + n, "\r\n", 2);
		ptn_reply_next(&r, PTN_REPLY_LINE);
		feed(&r, line, n + 6, 5000);
		feed(&r, "250-yyy\r\n250 z\r\n", 16, 100);
		ck_assert_int_eq(r.whole, 1);
		ck_assert_int_eq(ptn_reply_show(&r, &b), 0);
		ck_assert_uint_le(ptn_buf_len(&b), PTN_REPLY_SHOWN);
		ck_assert_uint_ge(ptn_buf_len(&b), PTN_REPLY_SHOWN - 8);
		ptn_buf_free(&b);
		ptn_reply_free(&r);
	}
}
END_TEST

START_TEST(lines_by_number)
{
	struct ptn_reply r = {0};
	size_t n;

	ptn_reply_next(&r, PTN_REPLY_LINE);
	ck_assert_ptr_null(ptn_reply_line(&r, 0, &n));
	feed(&r, "250-a\r\n250-\r\n250 cc\r\n", 21, 100);
	ck_assert(!memcmp(ptn_reply_line(&r, 0, &n), "a", 1) && n == 1);
	ck_assert(ptn_reply_line(&r, 1, &n) && n == 0);
	ck_assert(!memcmp(ptn_reply_line(&r, 2, &n), "cc", 2) && n == 2);
	ck_assert_ptr_null(ptn_reply_line(&r, 3, &n));
	ptn_reply_free(&r);
}
END_TEST

/* Mutations of a good reply: never more taken than given, never whole and wrong, the same whatever
 * the pieces. */
START_TEST(mutated)
{
	static const char seedling[] = "250-2.1.0 mx\r\n250-AUTH PLAIN\r\n250 SIZE 1\r\n";
	static const char octets[] = "\r\n\0 -.0259x\xff";
	unsigned seed = 1 + (unsigned)_i;
	char text[sizeof(seedling)];

	for (int run = 0; run < 4000; run++) {
		struct ptn_reply a = {0}, b = {0};
		size_t n = sizeof(seedling) - 1, ua, ub;

		memcpy(text, seedling, sizeof(text));
		for (int k = 0; k <= run % 3; k++) {
			seed = seed * 1103515245u + 12345u;
			text[(seed >> 8) % n] = octets[(seed >> 20) % (sizeof(octets) - 1)];
		}
		ptn_reply_next(&a, PTN_REPLY_LINE);
		ptn_reply_next(&b, PTN_REPLY_LINE);
		ua = feed(&a, text, n, n);
		ub = feed(&b, text, n, 1 + (seed >> 16) % 5);
		ck_assert(!(a.whole && a.wrong));
		ck_assert_int_eq(a.whole, b.whole);
		ck_assert_int_eq(!a.wrong, !b.wrong);
		ck_assert_int_eq(a.whole ? a.code : 0, b.whole ? b.code : 0);
		ck_assert(!a.whole || ua == ub);
		ck_assert(!a.whole || (a.code >= 200 && a.code <= 599));
		ptn_reply_free(&a);
		ptn_reply_free(&b);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "reply");

	tcase_add_loop_test(t, every_case, 0, sizeof(cases) / sizeof(*cases));
	tcase_add_test(t, judged_early);
	tcase_add_test(t, stops_behind_the_reply);
	tcase_add_loop_test(t, line_limits, 0, sizeof(lines) / sizeof(*lines));
	tcase_add_test(t, endless);
	tcase_add_loop_test(t, shown, 0, sizeof(shows) / sizeof(*shows));
	tcase_add_test(t, shown_bounded);
	tcase_add_test(t, lines_by_number);
	tcase_add_loop_test(t, mutated, 0, 8);
}
