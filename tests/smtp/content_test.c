/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "main.h"
#include "smtp/content.h"

enum {
	NUL = PTN_FAULT_CONTENT_NUL,
	CR = PTN_FAULT_CONTENT_BARE_CR,
	LONG = PTN_FAULT_CONTENT_LONG_LINE
};

#define IN(s) s, sizeof(s) - 1
static const struct {
	const char *in;
	size_t n;
	const char *out; /* with dots; NULL: refused */
	int fault;
	unsigned long long line; /* the bad one, from 1 */
} cases[] = {
	{IN(""), ".\r\n", 0, 0},
	{IN("a"), "a\r\n.\r\n", 0, 0},
	{IN("a\r\n"), "a\r\n.\r\n", 0, 0},
	{IN("a\n"), "a\r\n.\r\n", 0, 0},
	{IN("\n"), "\r\n.\r\n", 0, 0},
	{IN("\r\n\r\n"), "\r\n\r\n.\r\n", 0, 0},
	{IN("."), "..\r\n.\r\n", 0, 0},
	{IN(".\r\n"), "..\r\n.\r\n", 0, 0},
	{IN("\r\n.\r\n"), "\r\n..\r\n.\r\n", 0, 0},
	{IN(".."), "...\r\n.\r\n", 0, 0},
	{IN("a.\r\n"), "a.\r\n.\r\n", 0, 0},
	{IN("a\r\n\r\n.b"), "a\r\n\r\n..b\r\n.\r\n", 0, 0},
	{IN("a\r\n.\r\n"), "a\r\n..\r\n.\r\n", 0, 0},
	{IN("a\n.\n"), "a\r\n..\r\n.\r\n", 0, 0},
	{IN("a\n.\r\n"), "a\r\n..\r\n.\r\n", 0, 0},
	{IN("a\n.\r"), NULL, CR, 2},
	{IN("a\r.\n"), NULL, CR, 1},
	{IN("a\r.\r"), NULL, CR, 1},
	{IN("a\r.\r\nb"), NULL, CR, 1},
	{IN("a\r\n.\r\r\nb"), NULL, CR, 2},
	{IN("a\r\r\n.\r\r\nb"), NULL, CR, 1},
	{IN("a\r\n\0.\r\nb"), NULL, NUL, 2},
	{IN("a\0"), NULL, NUL, 1},
	{IN("\r"), NULL, CR, 1},
	{IN("a\nb\nc\r"), NULL, CR, 3},
	{IN("\r\rx"), NULL, CR, 1},
	{IN("a\n\n\nx\ry\n"), NULL, CR, 4},
	{IN("\xff\x80\r\n"), "\xff\x80\r\n.\r\n", 0, 0},
	{IN("\t \x1b\r\n"), "\t \x1b\r\n.\r\n", 0, 0},
};

/* Feed p in pieces that end where a bit of cuts is set, and take the octets out `take` at a time.
 */
static int feed(struct ptn_content *c, struct ptn_buf *all, const char *p, size_t n, unsigned cuts,
		size_t take)
{
	struct ptn_buf out = {0};
	size_t from = 0;
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		char *piece;

		if (i + 1 < n && i < 31 && !(cuts >> i & 1))
			continue;
		piece = malloc(i + 1 - from);
		ck_assert_ptr_nonnull(piece);
		memcpy(piece, p + from, i + 1 - from);
		err = ptn_content_write(c, &out, piece, i + 1 - from);
		free(piece);
		from = i + 1;
		while (take && ptn_buf_len(&out) >= take) {
			ck_assert(!ptn_buf_add(all, ptn_buf_data(&out), take));
			ptn_buf_took(&out, take);
		}
	}
	if (!err)
		err = ptn_content_end(c, &out);
	ck_assert(!ptn_buf_add(all, ptn_buf_data(&out), ptn_buf_len(&out)));
	ptn_buf_free(&out);
	return err;
}

static void must_be(const struct ptn_buf *b, const char *want)
{
	ck_assert_msg(ptn_buf_len(b) == strlen(want) &&
			      !memcmp(ptn_buf_data(b), want, strlen(want)),
		      "\"%.*s\", not \"%s\"", (int)ptn_buf_len(b), ptn_buf_data(b), want);
}

static void judge(int i, unsigned cuts, size_t take)
{
	struct ptn_content c = {.dots = 1};
	struct ptn_buf all = {0};
	int err = feed(&c, &all, cases[i].in, cases[i].n, cuts, take);

	ck_assert_int_eq(err, cases[i].fault ? POSTERN_E_CONTENT : 0);
	ck_assert_int_eq(c.fault, cases[i].fault);
	if (cases[i].fault) {
		ck_assert_uint_eq(c.line + 1, cases[i].line);
		ck_assert_int_eq(ptn_content_write(&c, &all, "x", 1), POSTERN_E_CONTENT);
		ck_assert_int_eq(ptn_content_end(&c, &all), POSTERN_E_CONTENT);
	} else {
		must_be(&all, cases[i].out);
	}
	ptn_buf_free(&all);
}

START_TEST(every_case_in_every_cut)
{
	unsigned ways = cases[_i].n < 2 ? 1 : 1u << (cases[_i].n - 1);

	for (unsigned cuts = 0; cuts < ways; cuts++)
		judge(_i, cuts, 0);
	for (size_t take = 1; take <= 5; take++)
		judge(_i, ~0u, take);
}
END_TEST

/* D-05: the same octets however it is cut. */
START_TEST(all_cuts)
{
	static const char in[] = "a\r\n.\r\n..b\r\n\n.";

	for (unsigned cuts = 0; cuts < 1u << (sizeof(in) - 2); cuts++) {
		struct ptn_content c = {.dots = 1};
		struct ptn_buf all = {0};

		ck_assert_int_eq(feed(&c, &all, in, sizeof(in) - 1, cuts, 0), 0);
		must_be(&all, "a\r\n..\r\n...b\r\n\r\n..\r\n.\r\n");
		ck_assert_uint_eq(c.size, 16);
		ptn_buf_free(&all);
	}
}
END_TEST

START_TEST(without_dots)
{
	struct ptn_content c = {0};
	struct ptn_buf all = {0};

	ck_assert_int_eq(feed(&c, &all, ".\n..a\n.", 7, ~0u, 0), 0);
	must_be(&all, ".\r\n..a\r\n.\r\n");
	ck_assert_uint_eq(c.size, ptn_buf_len(&all));
	ck_assert_uint_eq(c.line, 3);
	ptn_buf_free(&all);
}
END_TEST

/* Looking only, as for SIZE=, sees what sending does. */
START_TEST(looking_only)
{
	struct ptn_content c = {.dots = 1};

	ck_assert_int_eq(ptn_content_write(&c, NULL, ".\n\xe9", 3), 0);
	ck_assert_int_eq(ptn_content_end(&c, NULL), 0);
	ck_assert_uint_eq(c.size, 6);
	ck_assert_int_eq(c.eightbit, 1);
	c = (struct ptn_content){.dots = 1};
	ck_assert_int_eq(ptn_content_write(&c, NULL, "\x7f\n", 2), 0);
	ck_assert_int_eq(c.eightbit, 0);
}
END_TEST

static const struct {
	size_t n;
	int dot, good;
} lines[] = {{997, 0, 1},    {998, 0, 1}, {999, 0, 0}, {1000, 0, 0},
	     {100000, 0, 0}, {997, 1, 1}, {998, 1, 0}};

/* The stuffing dot does not count, a dot of the sender's does. */
static void judge_length(int i, size_t piece)
{
	struct ptn_content c = {.dots = 1};
	struct ptn_buf all = {0};
	size_t n = lines[i].n + (size_t)lines[i].dot;
	char *text = malloc(n);
	int err;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', n);
	if (lines[i].dot)
		*text = '.';
	err = ptn_content_write(&c, &all, "ok\r\n", 4);
	for (size_t at = 0; at < n && !err; at += piece)
		err = ptn_content_write(&c, &all, text + at, n - at < piece ? n - at : piece);
	if (!err)
		err = ptn_content_end(&c, &all);
	ck_assert_int_eq(err, lines[i].good ? 0 : POSTERN_E_CONTENT);
	ck_assert_int_eq(c.fault, lines[i].good ? 0 : LONG);
	ck_assert_uint_eq(c.line + 1, lines[i].good ? 3 : 2);
	free(text);
	ptn_buf_free(&all);
}

START_TEST(line_lengths)
{
	judge_length(_i, 1000000);
	judge_length(_i, 1);
	judge_length(_i, 997);
}
END_TEST

/* D-11: no content more than doubles. */
START_TEST(growth)
{
	static const char *const worst[] = {"\n", "\n.", ".\n", "\r\n.", ".", "a\n"};

	for (size_t w = 0; w < sizeof(worst) / sizeof(*worst); w++) {
		struct ptn_content c = {.dots = 1};
		struct ptn_buf all = {0};
		size_t n = 0;

		for (int i = 0; i < 500; i++, n += strlen(worst[w]))
			ck_assert(!ptn_content_write(&c, &all, worst[w], strlen(worst[w])));
		ck_assert_uint_le(ptn_buf_len(&all), 2 * n);
		ck_assert(!ptn_content_end(&c, &all));
		ck_assert_uint_le(ptn_buf_len(&all), 2 * n + 5);
		ptn_buf_free(&all);
	}
}
END_TEST

/* What a receiver takes out again is the content, for any content it may be given. */
START_TEST(round_trip)
{
	static const char alphabet[] = "\r\n\n..a\xe9";
	unsigned seed = 4711;

	for (int run = 0; run < 20000; run++) {
		struct ptn_content c = {.dots = 1};
		struct ptn_buf all = {0}, back = {0}, want = {0};
		const char *p;
		char in[24];
		size_t n = 0;

		for (size_t most = (size_t)run % sizeof(in); n < most;) {
			seed = seed * 1103515245u + 12345u;
			in[n] = alphabet[(seed >> 16) % 7];
			if (in[n] == '\r' && n + 2 > most)
				in[n] = 'a';
			if (in[n++] == '\r')
				in[n++] = '\n';
		}
		for (size_t i = 0; i < n; i++)
			if (in[i] != '\r')
				ck_assert(!ptn_buf_add(&want, in[i] == '\n' ? "\r\n" : in + i,
						       in[i] == '\n' ? 2 : 1));
		if (n && in[n - 1] != '\n')
			ck_assert(!ptn_buf_puts(&want, "\r\n"));
		ck_assert_int_eq(feed(&c, &all, in, n, seed, 3), 0);
		ck_assert_uint_eq(c.size, ptn_buf_len(&want));
		p = ptn_buf_data(&all);
		for (size_t i = 0; i + 3 < ptn_buf_len(&all); i++)
			if (p[i] != '.' || (i && p[i - 1] != '\n'))
				ck_assert(!ptn_buf_add(&back, p + i, 1));
			else
				ck_assert_int_eq(p[i + 1] == '\r', 0);
		ck_assert_uint_eq(ptn_buf_len(&back), ptn_buf_len(&want));
		ck_assert(!memcmp(ptn_buf_data(&back), ptn_buf_data(&want), ptn_buf_len(&want)));
		ck_assert(!memcmp(p + ptn_buf_len(&all) - 3, ".\r\n", 3));
		ptn_buf_free(&all);
		ptn_buf_free(&back);
		ptn_buf_free(&want);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "content");

	tcase_add_loop_test(t, every_case_in_every_cut, 0, sizeof(cases) / sizeof(*cases));
	tcase_add_test(t, all_cuts);
	tcase_add_test(t, without_dots);
	tcase_add_test(t, looking_only);
	tcase_add_loop_test(t, line_lengths, 0, sizeof(lines) / sizeof(*lines));
	tcase_add_test(t, growth);
	tcase_add_test(t, round_trip);
}
