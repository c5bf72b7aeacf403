/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a server's EHLO reply offers (RFC 5321 4.1.1.1).  Unknown keywords are passed over.
 */
#ifndef PTN_SMTP_CAPABILITY_H
#define PTN_SMTP_CAPABILITY_H

#include "base/buf.h"

struct ptn_reply;

/* The keywords we know, each with the RFC that defines it. */
#define PTN_CAPABILITIES(X) \
	X(STARTTLS, "STARTTLS")                        /* 3207 */ \
	X(AUTH, "AUTH")                                /* 4954 */ \
	X(PIPELINING, "PIPELINING")                    /* 2920 */ \
	X(SIZE, "SIZE")                                /* 1870 */ \
	X(8BITMIME, "8BITMIME")                        /* 6152 */ \
	X(SMTPUTF8, "SMTPUTF8")                        /* 6531 */ \
	X(CHUNKING, "CHUNKING")                        /* 3030 */ \
	X(BINARYMIME, "BINARYMIME")                    /* 3030 */ \
	X(DSN, "DSN")                                  /* 3461 */ \
	X(ENHANCEDSTATUSCODES, "ENHANCEDSTATUSCODES")  /* 2034 */ \
	X(DELIVERBY, "DELIVERBY")                      /* 2852 */ \
	X(FUTURERELEASE, "FUTURERELEASE")              /* 4865 */ \
	X(MT_PRIORITY, "MT-PRIORITY")                  /* 6710 */ \
	X(REQUIRETLS, "REQUIRETLS")                    /* 8689 */ \
	X(LIMITS, "LIMITS")                            /* 9422 */

enum ptn_capability_bit {
#define X(name, keyword) PTN_CAP_BIT_##name,
	PTN_CAPABILITIES(X)
#undef X
};
enum {
#define X(name, keyword) PTN_CAP_##name = 1 << PTN_CAP_BIT_##name,
	PTN_CAPABILITIES(X)
#undef X
};

struct ptn_capability {
	unsigned has;            /* PTN_CAP_* */
	unsigned long long size; /* the SIZE limit in octets; 0 if none or unknown */
	/* LIMITS (RFC 9422); 0 if none: recipients of a mail, mails of a session, domains of its
	 * recipients */
	unsigned rcpt_max, mail_max, rcpt_domain_max;
	unsigned long hold_most;    /* FUTURERELEASE: seconds; 0 if unknown */
	char hold_until[20];        /* and the last moment, "2026-12-24T18:00:00"; "" if unknown */
	unsigned long by_least;     /* DELIVERBY: the fewest seconds with R; 0 if none */
	struct ptn_buf auth;     /* the SASL mechanisms, separated by blanks, NUL at the end */
};

void ptn_capability_clear(struct ptn_capability *c);
void ptn_capability_free(struct ptn_capability *c);

/* Take a whole 250 reply to EHLO in place of what was known.  The first line is the server's name,
 * never a keyword.  0 or POSTERN_E_NOMEM. */
int ptn_capability_read(struct ptn_capability *c, const struct ptn_reply *r);

/* Take out what was switched off: PTN_CAP_*, and what goes with them. */
void ptn_capability_without(struct ptn_capability *c, unsigned without);

/* A keyword as it is written in EHLO: of the lowest of PTN_CAP_* in bits. */
const char *ptn_capability_keyword(unsigned bits);

#endif
