/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the checks of arguments and the URL share: addresses, and the sentence that refuses.  The
 * checks themselves are declared in url.h.
 */
#ifndef PTN_ARGUMENT_H
#define PTN_ARGUMENT_H

#include <stddef.h>

int ptn_check_is_ipv4(const char *s, size_t n); /* four decimal numbers (RFC 5321 4.1.3) */
int ptn_check_is_ipv6(const char *s, size_t n); /* RFC 4291 2.2, without zone */
/* Characters that are none to a reader: controls (C0, DEL, C1), line and paragraph separators. */
int ptn_check_has_unprintable(const char *s, size_t n);

/* n octets fit to be shown in a sentence, shortened; as ptn_check_shown(s, n).text */
struct ptn_shown {
	char text[72];
};
struct ptn_shown ptn_check_shown(const char *s, size_t n);

/* Put the sentence into why (which may be NULL), cut at its size, and give -1. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int ptn_check_refuse(char *why, size_t size, const char *format, ...);

#endif
