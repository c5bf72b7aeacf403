/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stddef.h>

#include "base/address.h"

enum { LOCAL_MOST = 64, LABEL_MOST = 63, MAILBOX_MOST = 254 }; /* RFC 5321 4.5.3.1, RFC 1035 2.3.4 */
enum { ATEXT = 1 /* RFC 5322 3.2.3 */, LABEL = 2, LETTER = 4 };
enum { A = ATEXT, B = ATEXT | LABEL, C = ATEXT | LABEL | LETTER };

static const unsigned char kinds[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	0, A, 0, A, A, A, A, A, 0, 0, A, A, 0, B, 0, A,
	B, B, B, B, B, B, B, B, B, B, 0, 0, 0, A, 0, A,
	0, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
	C, C, C, C, C, C, C, C, C, C, C, 0, 0, 0, A, A,
	A, C, C, C, C, C, C, C, C, C, C, C, C, C, C, C,
	C, C, C, C, C, C, C, C, C, C, C, A, A, A, A, 0,
};

static int is(char c, int kind)
{
	return kinds[(unsigned char)c] & kind;
}

/* Octets of this kind from s on, of which there must be 1 to `most`; 0 if not. */
static size_t run(const char *s, int kind, size_t most)
{
	size_t n = 0;

	while (is(s[n], kind))
		n++;
	return n <= most ? n : 0;
}

/* Atoms between single dots; 0 if there is anything else before the @. */
static size_t local_part(const char *s)
{
	size_t at = 0, n;

	for (;; at++) {
		n = run(s + at, ATEXT, LOCAL_MOST);
		at += n;
		if (!n || s[at] != '.')
			break;
	}
	return n && s[at] == '@' && at <= LOCAL_MOST ? at : 0;
}

/* Labels between single dots; the last one begins with a letter, so that nobody takes the name for an
 * address.  Its length, or 0. */
static size_t domain(const char *s)
{
	size_t at = 0, label, n;

	for (;; at++) {
		label = at;
		n = run(s + at, LABEL, LABEL_MOST);
		at += n;
		if (!n || s[label] == '-' || s[at - 1] == '-')
			return 0;
		if (s[at] != '.')
			break;
	}
	return !s[at] && is(s[label], LETTER) ? at : 0;
}

int ptn_address_is_plain(const char *s)
{
	size_t local = local_part(s), n = local ? domain(s + local + 1) : 0;

	return n && local + 1 + n <= MAILBOX_MOST;
}
