/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "postern.h"
#include "smtp/reply.h"

const char ptn_reply_no_memory[] = "out of memory";

void ptn_reply_free(struct ptn_reply *r)
{
	ptn_buf_free(&r->text);
	ptn_buf_free(&r->line);
}

void ptn_reply_next(struct ptn_reply *r, size_t line_limit)
{
	ptn_buf_clear(&r->text);
	ptn_buf_clear(&r->line);
	r->code = r->whole = 0;
	r->status[0] = r->status[1] = r->status[2] = 0;
	r->wrong = NULL;
	r->line_limit = line_limit;
	r->lines = r->octets = 0;
}

static int is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The first four octets are judged as soon as they are there: a peer that is no SMTP server may
 * never send a line end. */
static const char *judge_start(const struct ptn_reply *r, const char *line, size_t n)
{
	for (size_t i = 0; i < n && i < 3; i++)
		if (!is_digit(line[i]))
			return "a reply does not begin with three digits";
	if (n && (line[0] < '2' || line[0] > '5'))
		return "a reply code is not between 200 and 599";
	if (n > 3 && line[3] != ' ' && line[3] != '-' && line[3] != '\r')
		return "a reply code is not followed by a blank or hyphen";
	if (n >= 3 && r->code &&
	    r->code != (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0'))
		return "the lines of a reply have different codes";
	return NULL;
}

static size_t read_part(const char *s, size_t n, int *value)
{
	size_t i = 0;

	for (*value = 0; i < n && i < 3 && is_digit(s[i]); i++)
		*value = *value * 10 + (s[i] - '0');
	return i;
}

/* The length of an enhanced status code at the start of a line's text, with its blank; 0 if there
 * is none.  Its class must agree with the reply code (RFC 2034 4). */
static size_t read_status(int code, const char *s, size_t n, int status[3])
{
	size_t at = 0;

	if (n < 2 || s[0] - '0' != code / 100 || s[1] != '.')
		return 0;
	for (int part = 0; part < 3; part++) {
		size_t digits = read_part(s + at, n - at, &status[part]);

		at += digits;
		if (!digits || (part < 2 && (at >= n || s[at++] != '.')))
			return 0;
	}
	if (at < n && s[at] != ' ')
		return 0;
	return at < n ? at + 1 : at;
}

static const char *judge_text(const char *s, size_t n)
{
	if (memchr(s, '\0', n))
		return "a reply holds a NUL octet";
	if (memchr(s, '\r', n))
		return "a reply holds a CR that ends no line";
	return NULL;
}

/* Every line in it ends in LF. */
static int keep_text(struct ptn_reply *r, const char *text, size_t n)
{
	char *to = ptn_buf_room(&r->text, n + 1);

	if (!to)
		return POSTERN_E_NOMEM;
	memcpy(to, text, n);
	to[n] = '\n';
	ptn_buf_filled(&r->text, n + 1);
	return 0;
}

static const char *take_line(struct ptn_reply *r, const char *line, size_t n)
{
	size_t text;
	int status[3];
	const char *wrong;

	if (n < 2 || line[n - 2] != '\r')
		return "a reply line ends in LF without CR";
	n -= 2;
	wrong = judge_start(r, line, n);
	if (wrong)
		return wrong;
	if (n < 3)
		return "a reply does not begin with three digits";
	if (n > 3 && line[3] == '\r')
		return "a reply holds a CR that ends no line";
	text = n > 3 ? 4 : 3;
	wrong = judge_text(line + text, n - text);
	if (wrong)
		return wrong;
	if (r->lines == PTN_REPLY_LINES)
		return "a reply has too many lines";
	r->code = (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
	if (!r->lines++ && read_status(r->code, line + text, n - text, status))
		memcpy(r->status, status, sizeof(status));
	if (keep_text(r, line + text, n - text))
		return ptn_reply_no_memory;
	r->whole = n == 3 || line[3] == ' ';
	return NULL;
}

size_t ptn_reply_feed(struct ptn_reply *r, const char *in, size_t len)
{
	size_t used = 0;

	while (used < len && !r->whole && !r->wrong) {
		const char *lf = memchr(in + used, '\n', len - used);
		size_t held = ptn_buf_len(&r->line);
		size_t n = lf ? (size_t)(lf + 1 - (in + used)) : len - used;

		if (n > r->line_limit - held) {
			r->wrong = "a reply line is too long";
			break;
		}
		if (n > PTN_REPLY_OCTETS - r->octets) {
			r->wrong = "a reply is too long";
			break;
		}
		r->octets += n;
		if (lf && !held) {
			r->wrong = take_line(r, in + used, n);
		} else if (ptn_buf_add(&r->line, in + used, n)) {
			r->wrong = ptn_reply_no_memory;
		} else if (lf) {
			r->wrong = take_line(r, ptn_buf_data(&r->line), held + n);
			ptn_buf_clear(&r->line);
		} else {
			r->wrong = judge_start(r, ptn_buf_data(&r->line), held + n);
		}
		used += n;
	}
	return used;
}

const char *ptn_reply_line(const struct ptn_reply *r, size_t i, size_t *n)
{
	const char *at = ptn_buf_data(&r->text), *end = at + ptn_buf_len(&r->text);

	while (at < end) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		*n = (size_t)(lf - at);
		if (!i--)
			return at;
		at = lf + 1;
	}
	return NULL;
}

int ptn_reply_show(const struct ptn_reply *r, struct ptn_buf *out)
{
	size_t start = ptn_buf_len(out), n;
	const char *line;
	int status[3], err = 0;

	for (size_t i = 0; !err && (line = ptn_reply_line(r, i, &n)); i++) {
		size_t skip = read_status(r->code, line, n, status);
		size_t shown = ptn_buf_len(out) - start;

		if (shown >= PTN_REPLY_SHOWN)
			break;
		if (shown && n > skip)
			err = ptn_buf_puts(out, " ");
		if (!err)
			err = ptn_text_escape(out, line + skip, n - skip,
					      PTN_REPLY_SHOWN - (ptn_buf_len(out) - start));
	}
	return err;
}
