/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Octets as ASCII text, without locale: classes, comparison, numbers, base64, and making what a
 * stranger sent fit to be shown.
 */
#ifndef PTN_BASE_TEXT_H
#define PTN_BASE_TEXT_H

#include <stddef.h>

struct ptn_buf;

int ptn_text_is_digit(int c);
int ptn_text_is_alpha(int c);
int ptn_text_is_control(int c); /* 0x00-0x1F and 0x7F; tab too */
int ptn_text_lower(int c);

/* The first n octets of a and b, or two C strings, without regard to ASCII case: 1 if equal. */
int ptn_text_same(const char *a, size_t na, const char *b, size_t nb);
int ptn_text_equal(const char *a, const char *b);

int ptn_text_has_control(const char *s, size_t n);
int ptn_text_has_8bit(const char *s, size_t n);
int ptn_text_is_utf8(const char *s, size_t n); /* RFC 3629: no overlong forms, no surrogates */

/* Decimal digits only, the whole of s: 0 and *out, or -1 (empty, other octets, over max). */
int ptn_text_number(const char *s, size_t n, unsigned long long max, unsigned long long *out);

/* v in decimal: the count of digits put at the front of out (no NUL); or added to b, 0 or
 * POSTERN_E_NOMEM. */
enum { PTN_TEXT_DIGITS = 20 };
size_t ptn_text_digits(char out[PTN_TEXT_DIGITS], unsigned long long v);
int ptn_text_decimal(struct ptn_buf *b, unsigned long long v);

/* The value of a hexadecimal digit, -1 if c is none. */
int ptn_text_hex(int c);

/* Add s to b fit to be shown: controls and invalid UTF-8 as \xNN, at most max octets added, "..."
 * where it was cut.  0 or POSTERN_E_NOMEM. */
int ptn_text_escape(struct ptn_buf *b, const char *s, size_t n, size_t max);

/* base64 (RFC 4648 4).  Decoding takes padding and alphabet strictly: 0, POSTERN_E_PROTOCOL where s
 * is not base64, or POSTERN_E_NOMEM; then nothing was added. */
int ptn_text_base64(struct ptn_buf *b, const void *p, size_t n);
int ptn_text_unbase64(struct ptn_buf *b, const char *s, size_t n);
int ptn_text_base64_value(char c); /* what the character stands for; -1 if it is none */

/* xtext (RFC 3461 4): what is not printable ASCII, and "+" and "=", as +XX.  0 or POSTERN_E_NOMEM. */
int ptn_text_xtext(struct ptn_buf *b, const char *s, size_t n);

/* Whether s looks like "2026-12-24T18:00:00" (RFC 3339 5.6, without the zone). */
int ptn_text_is_moment(const char *s, size_t n);

/* The next word of a list separated by blanks, tabs or commas.  *at is moved behind it; NULL at the
 * end. */
const char *ptn_text_word(const char **at, size_t *n);

/* How many single-octet changes turn a into b, up to 9: for "did you mean". */
int ptn_text_distance(const char *a, const char *b);

#endif
