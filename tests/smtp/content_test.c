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

/* ---- The same, written plainly: what the scanner must find in any input, however it is cut. ----
 */

struct plain {
	char out[8192];
	size_t n;
	unsigned long long size, line;
	int fault, eightbit, clean, dotless;
};

static int plain_fault(struct plain *r, int fault)
{
	r->fault = fault;
	return 0;
}

/* One line of len octets without its LF; how it ends. */
static int plain_line(struct plain *r, const char *p, size_t len, int lf, int dots)
{
	size_t text = lf && len && p[len - 1] == '\r' ? len - 1 : len;

	for (size_t i = 0; i < text; i++)
		if (p[i] == '\r')
			return plain_fault(r, CR);
	if (memchr(p, '\0', text))
		return plain_fault(r, NUL);
	if (text > 998)
		return plain_fault(r, LONG);
	if (!lf && !len)
		return 1;
	for (size_t i = 0; i < text; i++)
		r->eightbit |= (unsigned char)p[i] > 0x7F;
	r->clean &= lf && text + 1 == len;
	r->dotless &= !(text && *p == '.');
	if (dots && text && *p == '.')
		r->out[r->n++] = '.';
	memcpy(r->out + r->n, p, text);
	memcpy(r->out + r->n + text, "\r\n", 2);
	r->n += text + 2;
	r->size += text + 2;
	r->line++;
	return 1;
}

static void plainly(struct plain *r, const char *p, size_t n, int dots)
{
	size_t from = 0;

	memset(r, 0, sizeof(*r));
	r->clean = r->dotless = 1;
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n') {
			if (!plain_line(r, p + from, i - from, 1, dots))
				return;
			from = i + 1;
		}
	if (!plain_line(r, p + from, n - from, 0, dots))
		return;
	if (dots) {
		memcpy(r->out + r->n, ".\r\n", 3);
		r->n += 3;
	}
}

/* Kinds of input: most are good, with one thing or another that is not. */
static size_t compose(char *in, unsigned *seed)
{
	static const unsigned widths[] = {4, 30, 78, 200, 700, 1100};
	size_t n = 0, most;
	unsigned width, lf, odd;

#define DRAW(k) ((*seed = *seed * 1103515245u + 12345u) >> 16) % (k)
	most = DRAW(3000);
	width = widths[DRAW(6)];
	lf = DRAW(3);
	odd = DRAW(4);
	while (n < most) {
		unsigned len = DRAW(width);

		for (unsigned i = 0; i < len && n < most; i++) {
			unsigned kind = odd ? 1000 : DRAW(1000);

			in[n++] = kind == 0   ? '\r'
				  : kind == 1 ? '\0'
				  : kind < 20 ? '\xe9'
				  : kind < 30 ? '\t'
					      : 'x';
		}
		if (n + 3 > most)
			break;
		if (lf == 0 || (lf == 1 && DRAW(2)))
			in[n++] = '\r';
		in[n++] = '\n';
		if (!DRAW(8))
			in[n++] = '.';
	}
#undef DRAW
	return n;
}

static void compare(const char *in, size_t n, unsigned seed, int dots, size_t piece, int look)
{
	static struct plain want;
	struct ptn_content c = {.dots = dots};
	struct ptn_buf out = {0};
	int err = 0;

	plainly(&want, in, n, dots);
	for (size_t at = 0; at < n && !err; at += piece) {
		size_t len = n - at < piece ? n - at : piece;
		char *block = malloc(len); /* so that reading over its end is seen */

		ck_assert_ptr_nonnull(block);
		memcpy(block, in + at, len);
		err = ptn_content_write(&c, look ? NULL : &out, block, len);
		free(block);
	}
	if (!err)
		err = ptn_content_end(&c, look ? NULL : &out);
	/* Of two faults in one line either may be told. */
	ck_assert_msg(!c.fault == !want.fault && c.line == want.line,
		      "seed %u piece %zu: fault %d in line %llu, not %d in %llu", seed, piece,
		      c.fault, c.line, want.fault, want.line);
	ck_assert_int_eq(err != 0, want.fault != 0);
	if (err) {
		ptn_buf_free(&out);
		return;
	}
	ck_assert_uint_eq(c.size, want.size);
	ck_assert_int_eq(c.eightbit, want.eightbit);
	ck_assert_int_eq(c.clean, want.clean);
	ck_assert_int_eq(ptn_content_has_dot(in, n, 1), !want.dotless);
	if (!look)
		ck_assert(ptn_buf_len(&out) == want.n &&
			  !memcmp(ptn_buf_data(&out), want.out, want.n));
	ptn_buf_free(&out);
}

START_TEST(as_written_plainly)
{
	static const size_t pieces[] = {1, 7, 64, 65, 66, 127, 500, 8192};
	static char in[4096];
	unsigned seed = (unsigned)_i + 1;

	for (int run = 0; run < 100; run++) {
		unsigned start = seed;
		size_t n = compose(in, &seed);

		for (size_t i = n < 300 ? 0 : 1; i < sizeof(pieces) / sizeof(*pieces); i++)
			compare(in, n, start, run % 2, pieces[i], run % 3 == 0);
		compare(in, n, start, run % 2, 8192, 1);
	}
}
END_TEST

/* Each odd octet at each place of a good content. */
START_TEST(odd_octet_anywhere)
{
	static const char odd[] = {'\r',   '\n',   '\0',   '.',    '\t',
				   '\xff', '\x80', '\x0e', '\x7f', 'y'};
	char in[1024], text[1024];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : 'x';
	for (size_t at = 0; at < sizeof(in); at++) {
		memcpy(text, in, sizeof(in));
		text[at] = odd[_i];
		compare(text, sizeof(text), (unsigned)at, 0, 4096, 1);
		compare(text, sizeof(text), (unsigned)at, 1, 4096, 0);
	}
}
END_TEST

/* A line at the limit, at each distance from where counting begins. */
START_TEST(long_line_anywhere)
{
	char in[3000];

	for (size_t len = 996; len < 1001; len++)
		for (size_t at = 0; at < 1000; at += 7) {
			size_t n = at;

			memset(in, 'x', sizeof(in));
			for (size_t i = 1; i < at; i += 2)
				in[i] = '\n';
			n += len;
			memcpy(in + n, "\r\nx\r\n", 5);
			compare(in, n + 5, (unsigned)at, 0, 4096, 1);
			compare(in, n + 5, (unsigned)at, 0, 300, 0);
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
	tcase_add_loop_test(t, as_written_plainly, 0, getenv("POSTERN_SLOW") ? 3 : 20);
	tcase_add_loop_test(t, odd_octet_anywhere, 0, 10);
	tcase_add_test(t, long_line_anywhere);
}
