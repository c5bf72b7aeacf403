/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Octets to one reply (RFC 5321 4.2), by length and within limits.  A reply may have many lines;
 * all must carry the same code and end in CRLF.
 */
#ifndef PTN_SMTP_REPLY_H
#define PTN_SMTP_REPLY_H

#include <stddef.h>

#include "base/buf.h"

enum {
	PTN_REPLY_LINE = 2048,       /* octets of a line with its CRLF; RFC 5321 4.5.3.1.5 says 512 */
	PTN_REPLY_LINE_AUTH = 16384, /* while AUTH goes on (RFC 4954 4 names 12288) */
	PTN_REPLY_LINES = 128,
	PTN_REPLY_OCTETS = 65536,
	PTN_REPLY_SHOWN = 1024 /* octets of text kept for people */
};

struct ptn_reply {
	int code;                   /* 200 to 599; 0 before the first line */
	int status[3];              /* enhanced status code (RFC 3463); status[0] is 0 if there is none */
	struct ptn_buf text;        /* every line without its code, each ended by LF */
	int whole;                  /* the last line was read */
	const char *wrong;          /* what rule was broken; NULL if none */
	struct ptn_buf line;        /* a line not yet whole */
	size_t line_limit, lines, octets;
};

extern const char ptn_reply_no_memory[]; /* `wrong` when no rule but our memory was at fault */

void ptn_reply_free(struct ptn_reply *r);

/* Forget the reply and be ready for another. */
void ptn_reply_next(struct ptn_reply *r, size_t line_limit);

/* Take octets up to the end of the reply; gives how many.  Then look at whole and wrong. */
size_t ptn_reply_feed(struct ptn_reply *r, const char *in, size_t len);

/* Line i's text: its length in *n; NULL behind the last. */
const char *ptn_reply_line(const struct ptn_reply *r, size_t i, size_t *n);

/* Add the text for people: enhanced codes left out, lines joined by a blank, escaped, bounded. */
int ptn_reply_show(const struct ptn_reply *r, struct ptn_buf *out);

#endif
