/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "header.h"

#include <string.h>

/* The length of the line at s, with its line end; all of it where there is none. */
static size_t line_length(const char *s, size_t n)
{
	const char *lf = memchr(s, '\n', n);

	return lf ? (size_t)(lf - s) + 1 : n;
}

static int is_empty_line(const char *s, size_t len)
{
	return (len == 1 && s[0] == '\n') || (len == 2 && s[0] == '\r' && s[1] == '\n');
}

size_t header_length(const char *s, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t len = line_length(s + at, n - at);

		if (is_empty_line(s + at, len))
			return at + len;
		at += len;
	}
	return 0;
}

/* Set name and value; -1 without "name:".  Blanks before the colon are obsolete, and a way to hide
 * a field from a careless reader (RFC 5322 4.5). */
static int split(struct field *f)
{
	size_t n = 0, colon;

	while (n < f->len && f->start[n] > ' ' && f->start[n] < 0x7F && f->start[n] != ':')
		n++;
	colon = n;
	while (colon < f->len && (f->start[colon] == ' ' || f->start[colon] == '\t'))
		colon++;
	if (!n || colon == f->len || f->start[colon] != ':')
		return -1;
	f->name = f->start;
	f->name_len = n;
	f->value = f->start + colon + 1;
	f->value_len = f->len - colon - 1;
	return 0;
}

int header_next(struct header *h, struct field *f)
{
	const char *s = h->text + h->at;
	size_t left = h->n - h->at, len = line_length(s, left);

	if (!left || is_empty_line(s, len))
		return 0;
	*f = (struct field){.start = s, .len = len, .line = h->line + 1};
	h->line++;
	while (f->len < left && (s[f->len] == ' ' || s[f->len] == '\t')) {
		f->len += line_length(s + f->len, left - f->len);
		h->line++;
	}
	h->at += f->len;
	return split(f) ? -1 : 1;
}

int field_is(const struct field *f, const char *name)
{
	return same_word(f->name, f->name_len, name);
}

size_t header_without_bcc(struct str *out, const char *s, size_t n)
{
	struct header h = {.text = s, .n = n};
	struct field f;
	int rc;

	while ((rc = header_next(&h, &f)) > 0)
		if (!field_is(&f, "Bcc") && !field_is(&f, "Resent-Bcc"))
			str_add(out, f.start, f.len);
	if (rc < 0)
		return f.line;
	str_add(out, s + h.at, n - h.at);
	return 0;
}
