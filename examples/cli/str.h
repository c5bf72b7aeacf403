/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A growing string and a list of strings.  Running out of memory sticks to the string, so that it
 * is asked about once, at the end.
 */
#ifndef CLI_STR_H
#define CLI_STR_H

#include <stddef.h>

struct str { /* a zeroed struct is the empty string */
	char *s; /* NUL behind the last octet; NULL while empty */
	size_t n, cap;
	int failed;
};

void str_add(struct str *b, const char *s, size_t n);
void str_puts(struct str *b, const char *s);
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void str_printf(struct str *b, const char *format, ...);
/* n octets fit for a terminal: controls and what is not UTF-8 as \xNN, cut after about max. */
void str_show(struct str *b, const char *s, size_t n, size_t max);
const char *str_text(const struct str *b); /* never NULL */
void str_free(struct str *b); /* wiped: it may have held a secret */

struct list {
	char **v;
	size_t n;
};

int list_add(struct list *l, const char *s, size_t n); /* 0, or -1 when out of memory */
int list_has(const struct list *l, const char *s);
void list_free(struct list *l);

void wipe(void *p, size_t n); /* not left out by the compiler */
size_t utf8_length(const char *s, size_t n); /* of the character at s; 0: not UTF-8 */
int same_word(const char *a, size_t n, const char *word); /* without regard to ASCII case */
int read_number(const char *s, long long most, long long *out); /* decimal digits only; 0 or -1 */

#endif
