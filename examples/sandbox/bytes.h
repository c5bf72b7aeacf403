/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Octets that grow.  This is a program, not a library: without memory it says so and ends.  What a
 * client can make it keep is bounded elsewhere.
 */
#ifndef SANDBOX_BYTES_H
#define SANDBOX_BYTES_H

#include <stddef.h>

struct bytes {
	char *p; /* n octets and a NUL, or NULL */
	size_t n, cap;
};

void *alloc(size_t n); /* zeroed */
char *copy_text(const char *s, size_t n); /* n octets and a NUL */
void bytes_add(struct bytes *b, const void *p, size_t n);
void bytes_text(struct bytes *b, const char *s);
void bytes_format(struct bytes *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void bytes_drop(struct bytes *b, size_t n); /* the first n */
void bytes_free(struct bytes *b); /* as a zeroed struct again */

/* Add s fit to be shown on one line: controls, 8-bit octets and \ as \r, \n or \xNN; "..." when cut
 * after max octets of s. */
void bytes_escape(struct bytes *b, const char *s, size_t n, size_t max);

/* ASCII case aside: 1 if the n octets of s are the word. */
int same_word(const char *word, const char *s, size_t n);

/* Decimal digits only, the whole of s: 0, or -1 (empty, other octets, over max). */
int read_number(const char *s, size_t n, long long max, long long *out);

/* The next word of a list separated by blanks or commas, *at moved behind it; NULL at the end. */
const char *next_word(const char **at, size_t *n);

#endif
