/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void wipe(void *p, size_t n)
{
	volatile unsigned char *at = p;

	while (n--)
		*at++ = 0;
}

/* Room for n octets more and a NUL.  The old block is wiped, so realloc() will not do. */
static int make_room(struct str *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 64;
	char *s;

	if (b->failed)
		return -1;
	if (n < b->cap - b->n)
		return 0;
	while (cap - b->n <= n && cap < (size_t)-1 / 4)
		cap *= 2;
	s = cap - b->n > n ? malloc(cap) : NULL;
	if (!s) {
		b->failed = 1;
		return -1;
	}
	if (b->n)
		memcpy(s, b->s, b->n);
	if (b->s)
		wipe(b->s, b->n);
	free(b->s);
	b->s = s;
	b->cap = cap;
	return 0;
}

void str_add(struct str *b, const char *s, size_t n)
{
	if (make_room(b, n))
		return;
	if (n)
		memcpy(b->s + b->n, s, n);
	b->n += n;
	b->s[b->n] = '\0';
}

void str_puts(struct str *b, const char *s)
{
	str_add(b, s, strlen(s));
}

void str_printf(struct str *b, const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(NULL, 0, format, args);
	va_end(args);
	if (n < 0) {
		b->failed = 1;
		return;
	}
	if (make_room(b, (size_t)n))
		return;
	va_start(args, format);
	vsnprintf(b->s + b->n, (size_t)n + 1, format, args);
	va_end(args);
	b->n += (size_t)n;
}

size_t utf8_length(const char *s, size_t n)
{
	const unsigned char *u = (const unsigned char *)s;
	size_t len;

	if (!n)
		return 0;
	len = u[0] < 0x80   ? 1
	      : u[0] < 0xC2 ? 0
	      : u[0] < 0xE0 ? 2
	      : u[0] < 0xF0 ? 3
	      : u[0] < 0xF5 ? 4
			    : 0;
	if (!len || len > n)
		return 0;
	for (size_t i = 1; i < len; i++)
		if ((u[i] & 0xC0) != 0x80)
			return 0;
	/* RFC 3629 3: no overlong form, no surrogate, nothing over U+10FFFF */
	if ((u[0] == 0xE0 && u[1] < 0xA0) || (u[0] == 0xED && u[1] > 0x9F) ||
	    (u[0] == 0xF0 && u[1] < 0x90) || (u[0] == 0xF4 && u[1] > 0x8F))
		return 0;
	return len;
}

void str_show(struct str *b, const char *s, size_t n, size_t max)
{
	size_t i = 0;

	while (i < n && i < max) {
		unsigned char c = (unsigned char)s[i];
		size_t len = utf8_length(s + i, n - i);
		/* C1 controls (U+0080 to U+009F) steer some terminals too. */
		int control = c < 0x20 || c == 0x7F ||
			      (len == 2 && c == 0xC2 && (unsigned char)s[i + 1] < 0xA0);

		if (len && !control) {
			str_add(b, s + i, len);
			i += len;
		} else {
			str_printf(b, "\\x%02X", c);
			i++;
		}
	}
	if (i < n)
		str_puts(b, "...");
}

const char *str_text(const struct str *b)
{
	return b->s ? b->s : "";
}

void str_free(struct str *b)
{
	if (b->s)
		wipe(b->s, b->n);
	free(b->s);
	*b = (struct str){0};
}

int list_add(struct list *l, const char *s, size_t n)
{
	char **v = realloc(l->v, (l->n + 1) * sizeof(*v));
	char *copy = malloc(n + 1);

	if (v)
		l->v = v;
	if (!v || !copy) {
		free(copy);
		return -1;
	}
	memcpy(copy, s, n);
	copy[n] = '\0';
	v[l->n++] = copy;
	return 0;
}

int list_has(const struct list *l, const char *s)
{
	for (size_t i = 0; i < l->n; i++)
		if (strcmp(l->v[i], s) == 0)
			return 1;
	return 0;
}

void list_free(struct list *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->v[i]);
	free(l->v);
	*l = (struct list){0};
}

static int lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

int same_word(const char *a, size_t n, const char *word)
{
	if (n != strlen(word))
		return 0;
	for (size_t i = 0; i < n; i++)
		if (lower((unsigned char)a[i]) != lower((unsigned char)word[i]))
			return 0;
	return 1;
}

int read_number(const char *s, long long most, long long *out)
{
	long long v = 0;

	if (!*s)
		return -1;
	for (; *s; s++) {
		int digit = *s - '0';

		if (digit < 0 || digit > 9 || v > (most - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}
