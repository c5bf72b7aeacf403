/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A message's content on its way out: LF and CRLF both end a line and leave as CRLF, lines that
 * begin with a dot get another (RFC 5321 4.5.2), the end is exactly one CRLF and, for DATA, the
 * lone dot.  A CR alone, NUL, and lines over 998 octets (RFC 5321 4.5.3.1.6) are errors with their
 * line's number: nothing is changed behind the sender's back.
 */
#ifndef PTN_SMTP_CONTENT_H
#define PTN_SMTP_CONTENT_H

#include <stddef.h>

struct ptn_buf;

enum { PTN_CONTENT_LINE = 998 }; /* octets without CRLF; an added dot does not count */

struct ptn_content { /* zeroed, then `dots` set: ready */
	int dots;                /* 1 for DATA; 0 for BDAT, which sends lines as they are, and quicker */
	int cr;                  /* a CR was the last octet seen */
	int eightbit;            /* an octet over 0x7F was seen */
	size_t column;           /* octets of the open line so far */
	unsigned long long line; /* whole lines so far */
	unsigned long long size; /* octets so far as they count for SIZE (RFC 1870): no added dots */
	int fault;               /* PTN_FAULT_CONTENT_*; sticks */
	int bare;                /* a line did not end in CRLF */
	int clean;               /* behind ptn_content_end(): no such line was there */
};

/* Add n octets of content to out (NULL: only look).  0, POSTERN_E_NOMEM, or POSTERN_E_CONTENT with
 * the fault set and the bad line's number in line + 1.  Chunks may end anywhere. */
int ptn_content_write(struct ptn_content *c, struct ptn_buf *out, const char *p, size_t n);
/* The end: the last line's CRLF if it lacks one, and the lone dot. */
int ptn_content_end(struct ptn_content *c, struct ptn_buf *out);
/* Whether a line begins with a dot; starts: the first octet begins one. */
int ptn_content_has_dot(const char *p, size_t n, int starts);

#endif
