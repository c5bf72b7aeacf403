/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *need(void *p)
{
	if (!p) {
		fputs("postern-sandbox: out of memory\n", stderr);
		exit(1);
	}
	return p;
}

void *alloc(size_t n)
{
	return need(calloc(1, n ? n : 1));
}

char *copy_text(const char *s, size_t n)
{
	char *p = alloc(n + 1);

	if (n)
		memcpy(p, s, n);
	return p;
}

static void reserve(struct bytes *b, size_t n)
{
	size_t cap = b->cap ? b->cap : 256;

	if (b->n + n + 1 <= b->cap)
		return;
	while (cap < b->n + n + 1)
		cap *= 2;
	b->p = need(realloc(b->p, cap));
	b->cap = cap;
}

void bytes_add(struct bytes *b, const void *p, size_t n)
{
	reserve(b, n);
	if (n)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void bytes_text(struct bytes *b, const char *s)
{
	bytes_add(b, s, strlen(s));
}

void bytes_format(struct bytes *b, const char *format, ...)
{
	char start[8]; /* only the length is wanted */
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(start, sizeof start, format, args);
	va_end(args);
	if (n < 0)
		return;
	reserve(b, (size_t)n);
	va_start(args, format);
	vsnprintf(b->p + b->n, (size_t)n + 1, format, args);
	va_end(args);
	b->n += (size_t)n;
}

void bytes_drop(struct bytes *b, size_t n)
{
	if (n == 0)
		return;
	b->n -= n;
	memmove(b->p, b->p + n, b->n);
	b->p[b->n] = '\0';
}

void bytes_free(struct bytes *b)
{
	free(b->p);
	memset(b, 0, sizeof(*b));
}

void bytes_escape(struct bytes *b, const char *s, size_t n, size_t max)
{
	for (size_t i = 0; i < n && i < max; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '\r')
			bytes_text(b, "\\r");
		else if (c == '\n')
			bytes_text(b, "\\n");
		else if (c == '\\')
			bytes_text(b, "\\\\");
		else if (c < 0x20 || c > 0x7e)
			bytes_format(b, "\\x%02x", c);
		else
			bytes_add(b, s + i, 1);
	}
	if (n > max)
		bytes_text(b, "...");
}

static int fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

int same_word(const char *word, const char *s, size_t n)
{
	size_t i;

	for (i = 0; i < n && word[i]; i++)
		if (fold(word[i]) != fold(s[i]))
			return 0;
	return i == n && !word[i];
}

int read_number(const char *s, size_t n, long long max, long long *out)
{
	long long v = 0;

	if (n == 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		if (v > (max - (s[i] - '0')) / 10)
			return -1;
		v = v * 10 + (s[i] - '0');
	}
	*out = v;
	return 0;
}

const char *next_word(const char **at, size_t *n)
{
	const char *from;

	while (**at == ' ' || **at == ',' || **at == '\t')
		(*at)++;
	from = *at;
	while (**at && **at != ' ' && **at != ',' && **at != '\t')
		(*at)++;
	*n = (size_t)(*at - from);
	return *n ? from : NULL;
}
