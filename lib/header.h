/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A message's header section (RFC 5322 2.2), read only as far as sending needs it: which fields are
 * there, and the two fields made for a message that lacks them (RFC 6409 8).
 */
#ifndef PTN_HEADER_H
#define PTN_HEADER_H

#include <stddef.h>

struct ptn_buf;

struct ptn_header {
	int is_header; /* the content begins with a field */
	int has_date, has_message_id;
	const char *message_id; /* into the text, with its "<>"; NULL if none was found */
	size_t message_id_len;
};

/* Read the header section at the start of text. */
void ptn_header_read(struct ptn_header *h, const char *text, size_t n);

/* "Sat, 21 Nov 2026 10:41:00 +0000" for seconds since 1970 (RFC 5322 3.3).  0 or POSTERN_E_NOMEM.
 */
int ptn_header_date(struct ptn_buf *out, long long seconds);

/* "<random@domain>": 128 random bits, domain from the address behind its last '@' if it is a plain
 * ASCII domain, else from host.  0, POSTERN_E_NOMEM, or POSTERN_E_SYSTEM without random octets. */
int ptn_header_message_id(struct ptn_buf *out, const char *address, const char *host);

#endif
