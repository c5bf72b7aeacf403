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
	struct ptn_buf auth;     /* the SASL mechanisms, separated by blanks, NUL at the end */
};

void ptn_capability_clear(struct ptn_capability *c);
void ptn_capability_free(struct ptn_capability *c);

/* Take a whole 250 reply to EHLO in place of what was known.  The first line is the server's name,
 * never a keyword.  0 or POSTERN_E_NOMEM. */
int ptn_capability_read(struct ptn_capability *c, const struct ptn_reply *r);

#endif
