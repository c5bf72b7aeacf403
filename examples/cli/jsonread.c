/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "jsonread.h"

#include <string.h>

enum { DEEPEST = 16, BAD = -1, FULL = -2 };

struct reader {
	const char *at, *end;
	struct list *paths, *values;
	struct str path;
	int depth;
};

static int value(struct reader *r);

static int peek(struct reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) && *r->at)
		r->at++;
	return r->at < r->end ? (unsigned char)*r->at : -1;
}

static int hex4(struct reader *r, unsigned long *out)
{
	*out = 0;
	if (r->end - r->at < 4)
		return BAD;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef0123456789ABCDEF";
		const char *d = memchr(digits, *r->at++, sizeof digits - 1);

		if (!d)
			return BAD;
		*out = *out << 4 | (unsigned long)((d - digits) & 15);
	}
	return 0;
}

static void put_utf8(struct str *out, unsigned long c)
{
	char b[4];
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	static const unsigned char first[] = {0, 0, 0xC0, 0xE0, 0xF0};

	for (size_t i = n; i-- > 1; c >>= 6)
		b[i] = (char)(0x80 | (c & 0x3F));
	b[0] = (char)(n == 1 ? c : first[n] | c);
	str_add(out, b, n);
}

/* Behind "\u"; a pair of surrogates is one character, half of one is U+FFFD. */
static int unicode(struct reader *r, struct str *out)
{
	unsigned long c, low;

	if (hex4(r, &c))
		return BAD;
	if (c >= 0xD800 && c < 0xDC00 && r->end - r->at >= 6 && !memcmp(r->at, "\\u", 2)) {
		r->at += 2;
		if (hex4(r, &low))
			return BAD;
		c = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00)
						  : 0xFFFD;
	} else if (!c || (c >= 0xD800 && c < 0xE000)) {
		c = 0xFFFD; /* nor a NUL, which would end the string */
	}
	put_utf8(out, c);
	return 0;
}

static int string(struct reader *r, struct str *out)
{
	static const char letter[] = "\"\\/bfnrt", plain[] = "\"\\/\b\f\n\r\t";

	for (r->at++; r->at < r->end && *r->at != '"';) {
		const char *l;

		if ((unsigned char)*r->at < 0x20)
			return BAD;
		if (*r->at != '\\') {
			str_add(out, r->at++, 1);
			continue;
		}
		if (++r->at == r->end)
			return BAD;
		if (*r->at == 'u') {
			r->at++;
			if (unicode(r, out))
				return BAD;
			continue;
		}
		l = memchr(letter, *r->at++, sizeof letter - 1);
		if (!l)
			return BAD;
		str_add(out, &plain[l - letter], 1);
	}
	if (r->at == r->end)
		return BAD;
	r->at++;
	return 0;
}

static int keep(struct reader *r, const char *s, size_t n)
{
	if (r->path.failed || list_add(r->paths, str_text(&r->path), r->path.n))
		return FULL;
	return list_add(r->values, s, n) ? FULL : 0;
}

static int string_value(struct reader *r)
{
	struct str s = {0};
	int rc = string(r, &s);

	if (!rc)
		rc = s.failed ? FULL : keep(r, str_text(&s), s.n);
	str_free(&s);
	return rc;
}

static int word_value(struct reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at &&
	       strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *r->at))
		r->at++;
	if (r->at == from)
		return BAD;
	return r->at - from == 4 && !memcmp(from, "null", 4)
		       ? keep(r, "", 0)
		       : keep(r, from, (size_t)(r->at - from));
}

static int member(struct reader *r, size_t number, int object)
{
	size_t before = r->path.n;
	int rc = 0;

	if (before)
		str_puts(&r->path, "/");
	if (!object)
		str_printf(&r->path, "%lu", (unsigned long)number);
	else if (peek(r) != '"' || string(r, &r->path) || peek(r) != ':')
		return BAD;
	else
		r->at++;
	rc = value(r);
	if (r->path.s) {
		r->path.n = before;
		r->path.s[before] = '\0';
	}
	return rc;
}

static int members(struct reader *r, int close)
{
	r->at++;
	if (++r->depth > DEEPEST)
		return BAD;
	for (size_t i = 0; peek(r) != close; i++) {
		int rc;

		if (i && peek(r) != ',')
			return BAD;
		r->at += i > 0;
		rc = member(r, i, close == '}');
		if (rc)
			return rc;
	}
	r->at++;
	r->depth--;
	return 0;
}

static int value(struct reader *r)
{
	switch (peek(r)) {
	case '{':
		return members(r, '}');
	case '[':
		return members(r, ']');
	case '"':
		return string_value(r);
	default:
		return word_value(r);
	}
}

int json_read(const char *text, size_t n, struct list *paths, struct list *values)
{
	struct reader r = {.at = text, .end = text + n, .paths = paths, .values = values};
	int rc = value(&r);

	if (!rc && peek(&r) >= 0)
		rc = BAD;
	str_free(&r.path);
	return rc;
}

const char *json_at(const struct list *paths, const struct list *values, const char *path)
{
	for (size_t i = 0; i < paths->n && i < values->n; i++)
		if (!strcmp(paths->v[i], path))
			return values->v[i];
	return NULL;
}
