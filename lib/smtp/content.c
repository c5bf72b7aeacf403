/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whole lines are judged many at a time, by counting: where there are as many odd octets as there
 * are in the line ends, nothing else is in the lines that matters.  Only where the count does not
 * come out right, and at the borders of what was given, are lines looked at one by one.
 */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"
#include "smtp/content.h"

enum { BLOCK = 32 * 1024 }; /* read twice while it is at hand */

static int put(struct ptn_buf *out, const char *p, size_t n)
{
	return out ? ptn_buf_add(out, p, n) : 0;
}

static int refuse(struct ptn_content *c, int fault)
{
	c->fault = fault;
	return POSTERN_E_CONTENT;
}

/* ---- One line, or a part of it. ---- */

static int end_line(struct ptn_content *c, struct ptn_buf *out, int cr)
{
	c->bare |= !cr;
	c->cr = 0;
	c->column = 0;
	c->line++;
	c->size += 2;
	return put(out, "\r\n", 2);
}

/* n octets of one line: no LF among them, and no CR. */
static int put_text(struct ptn_content *c, struct ptn_buf *out, const char *p, size_t n)
{
	int err;

	if (!n)
		return 0;
	if (memchr(p, '\0', n))
		return refuse(c, PTN_FAULT_CONTENT_NUL);
	if (n > PTN_CONTENT_LINE - c->column)
		return refuse(c, PTN_FAULT_CONTENT_LONG_LINE);
	if (!c->eightbit)
		c->eightbit = ptn_text_has_8bit(p, n);
	if (c->dots && !c->column && *p == '.') {
		err = put(out, ".", 1);
		if (err)
			return err;
	}
	c->column += n;
	c->size += n;
	return put(out, p, n);
}

static int write_carefully(struct ptn_content *c, struct ptn_buf *out, const char *p, size_t n)
{
	int err = 0;

	while (n && !err) {
		const char *lf = memchr(p, '\n', n), *cr;
		size_t whole = lf ? (size_t)(lf - p) : n, text = whole;

		if (c->cr && lf != p)
			return refuse(c, PTN_FAULT_CONTENT_BARE_CR);
		cr = memchr(p, '\r', whole);
		if (cr && cr != p + whole - 1)
			return refuse(c, PTN_FAULT_CONTENT_BARE_CR);
		if (cr)
			text--;
		err = put_text(c, out, p, text);
		if (!err && lf)
			err = end_line(c, out, cr || c->cr);
		else if (!err && cr)
			c->cr = 1;
		p += whole + (lf ? 1 : 0);
		n -= whole + (lf ? 1 : 0);
	}
	return err;
}

/* ---- Counting. ---- */

struct lines { /* whole ones */
	size_t n, count; /* octets; lines */
	size_t crlf;     /* lines that end in CRLF, once are_sound() has said so */
	int mixed;  /* a line ends in LF alone, or a CR is followed by something else */
	int odd;    /* there is a NUL, or an octet over 0x7F */
	int dots;   /* one begins with a dot; only where that is asked */
	int sparse; /* one may be over the limit */
};

#ifdef __GNUC__

/* Sixteen octets at a time.  Line ends are counted in pieces in which no count leaves its octet;
 * where each part of a piece has one, no line is longer than two parts. */
typedef signed char octets __attribute__((vector_size(16)));
typedef unsigned char sums __attribute__((vector_size(16)));
#define INLINE static inline __attribute__((always_inline)) /* so that `dots` is known */
enum { STEP = 64, PART = 7 * STEP, PIECE = 8 * PART, AHEAD = 2 };

struct counts {
	sums lf;
	octets mixed, plain, dots;
};

static size_t add_up(sums counts)
{
	const uint64_t even = 0x00FF00FF00FF00FF;
	uint64_t half[2], sum;

	memcpy(half, &counts, sizeof(half));
	sum = (half[0] & even) + (half[0] >> 8 & even) + (half[1] & even) + (half[1] >> 8 & even);
	return (size_t)(sum * 0x0001000100010001 >> 48);
}

INLINE int is_zero(sums v)
{
	uint64_t half[2];

	memcpy(half, &v, sizeof(half));
	return !(half[0] | half[1]);
}

/* The line ends behind each of the octets: those of the first one in front are not seen. */
INLINE void count_some(struct counts *c, const char *p, int dots)
{
	const octets zero = {0};
	octets v, next, lf;

	memcpy(&v, p, sizeof(v));
	memcpy(&next, p + 1, sizeof(next));
	/* What holds is all ones, which is one less than nothing. */
	lf = next == zero + '\n';
	c->lf -= (sums)lf;
	c->mixed |= (v == zero + '\r') ^ lf;
	c->plain &= v > zero;
	if (dots) {
		memcpy(&next, p + 2, sizeof(next));
		c->dots |= lf & (next == zero + '.');
	}
}

INLINE void count_step(struct counts *c, const char *p, int dots)
{
	count_some(c, p, dots);
	count_some(c, p + 16, dots);
	count_some(c, p + 32, dots);
	count_some(c, p + 48, dots);
}

INLINE size_t count_piece(struct lines *l, const char *p, size_t n, int dots)
{
	const octets zero = {0};
	struct counts sum = {.plain = zero - 1};
	size_t at = 0;

	while (n - at >= PART && at < PIECE) {
		sums lf = sum.lf;

		for (const char *part = p + at; part < p + at + PART; part += STEP)
			count_step(&sum, part, dots);
		l->sparse |= is_zero(sum.lf ^ lf);
		at += PART;
	}
	for (; n - at >= STEP && at < PIECE; at += STEP)
		count_step(&sum, p + at, dots);
	l->count += add_up(sum.lf);
	l->mixed |= !is_zero((sums)sum.mixed);
	l->odd |= !is_zero((sums)~sum.plain);
	l->dots |= !is_zero((sums)sum.dots);
	return at;
}

INLINE void count(struct lines *l, const char *p, int dots)
{
	char rest[2 * STEP + AHEAD];
	size_t at = 0, n = l->n;

	if (*p == '\n') {
		l->count++;
		l->mixed = 1;
		l->dots |= n > 1 && p[1] == '.';
	}
	while (n - at >= STEP + AHEAD)
		at += count_piece(l, p + at, n - at - AHEAD, dots);
	memset(rest, 'x', sizeof(rest));
	memcpy(rest, p + at, n - at);
	count_piece(l, rest, n - at <= STEP ? STEP : 2 * STEP, dots);
}

static void count_lines(struct lines *l, const char *p, int dots)
{
	if (dots)
		count(l, p, 1);
	else
		count(l, p, 0);
	l->dots |= *p == '.';
}

#else

static void count_lines(struct lines *l, const char *p, int dots)
{
	(void)dots;
	for (size_t i = 0; i < l->n; i++) {
		int cr = i && p[i - 1] == '\r', lf = p[i] == '\n';

		l->count += (size_t)lf;
		l->mixed |= cr ^ lf;
		l->odd |= (signed char)p[i] <= 0;
		l->dots |= p[i] == '.' && (!i || p[i - 1] == '\n');
	}
	l->sparse = 1;
}

#endif

/* ---- Whole lines. ---- */

static int has_long_line(const char *p, const struct lines *l)
{
	const char *at = p, *end = p + l->n;

	while (at < end) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)(lf - at);

		if (len > PTN_CONTENT_LINE + 1 || (len == PTN_CONTENT_LINE + 1 && lf[-1] != '\r'))
			return 1;
		at = lf + 1;
	}
	return 0;
}

/* 0 if a CR ends no line. */
static int count_crlf(struct lines *l, const char *p)
{
	const char *at = p, *end = p + l->n;

	while ((at = memchr(at, '\r', (size_t)(end - at))) != NULL) {
		if (at[1] != '\n') /* it is there: the last octet is LF */
			return 0;
		l->crlf++;
		at += 2;
	}
	return 1;
}

/* Nothing in them is an error.  In most messages all lines end in the same way, and there is
 * nothing odd. */
static int are_sound(struct ptn_content *c, const char *p, struct lines *l)
{
	if (l->sparse && has_long_line(p, l))
		return 0;
	if (!l->mixed)
		l->crlf = l->count;
	else if (!count_crlf(l, p))
		return 0;
	if (l->odd && memchr(p, '\0', l->n))
		return 0;
	if (l->odd && !c->eightbit)
		c->eightbit = ptn_text_has_8bit(p, l->n);
	return 1;
}

/* Each gets a dot, or the CR of its CRLF, where it wants one: two octets more at most. */
static int put_changed(const struct ptn_content *c, struct ptn_buf *out, const char *p,
		       const struct lines *l)
{
	char *room = ptn_buf_room(out, l->n + 2 * l->count), *to = room;
	const char *end = p + l->n;

	if (!room)
		return POSTERN_E_NOMEM;
	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t len = (size_t)(lf - p);

		if (c->dots && *p == '.')
			*to++ = '.';
		if (len && lf[-1] == '\r')
			len--;
		memcpy(to, p, len);
		memcpy(to + len, "\r\n", 2);
		to += len + 2;
		p = lf + 1;
	}
	ptn_buf_filled(out, (size_t)(to - room));
	return 0;
}

static int write_lines(struct ptn_content *c, struct ptn_buf *out, const char *p, struct lines *l)
{
	if (!are_sound(c, p, l))
		return write_carefully(c, out, p, l->n);
	c->line += l->count;
	c->size += l->n + l->count - l->crlf;
	c->bare |= l->count != l->crlf;
	if (!out)
		return 0;
	if (l->count == l->crlf && !(l->dots && c->dots))
		return ptn_buf_add(out, p, l->n);
	return put_changed(c, out, p, l);
}

static int write_block(struct ptn_content *c, struct ptn_buf *out, const char *p, size_t n)
{
	struct lines l = {0};
	int err;

	if (c->column || c->cr) {
		const char *lf = memchr(p, '\n', n);
		size_t rest = lf ? (size_t)(lf + 1 - p) : n;

		err = write_carefully(c, out, p, rest);
		if (err || rest == n)
			return err;
		p += rest;
		n -= rest;
	}
	l.n = n;
	while (l.n && p[l.n - 1] != '\n')
		l.n--;
	if (l.n)
		count_lines(&l, p, c->dots);
	err = l.n ? write_lines(c, out, p, &l) : 0;
	return err || l.n == n ? err : write_carefully(c, out, p + l.n, n - l.n);
}

int ptn_content_write(struct ptn_content *c, struct ptn_buf *out, const char *p, size_t n)
{
	int err = c->fault ? POSTERN_E_CONTENT : 0;

	while (n && !err) {
		size_t block = n < BLOCK ? n : BLOCK;

		err = write_block(c, out, p, block);
		p += block;
		n -= block;
	}
	return err;
}

int ptn_content_end(struct ptn_content *c, struct ptn_buf *out)
{
	int err = c->fault ? POSTERN_E_CONTENT : 0;

	if (!err && c->cr)
		return refuse(c, PTN_FAULT_CONTENT_BARE_CR);
	if (!err && c->column)
		err = end_line(c, out, 0);
	if (!err && c->dots)
		err = put(out, ".\r\n", 3);
	c->clean = !c->bare;
	return err;
}

int ptn_content_has_dot(const char *p, size_t n, int starts)
{
	const char *at = n ? memchr(p, '.', n) : NULL;

	while (at && (at == p ? !starts : at[-1] != '\n'))
		at = memchr(at + 1, '.', n - (size_t)(at + 1 - p));
	return at != NULL;
}
