/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the sign-ins of a handle learned, for those to come: which servers offered SCRAM, the token
 * that was refused, the password as SCRAM derived it.
 */
#ifndef PTN_LEARNED_H
#define PTN_LEARNED_H

#include "base/buf.h"
#include "sasl/sasl.h"

enum { PTN_LEARNED_MOST = 64 }; /* servers; those that come later are not remembered */

struct ptn_learned { /* zeroed: nothing */
	struct ptn_learned_server {
		char *host;
		int port;
		unsigned offer; /* PTN_SASL_OFFER_* seen under TLS */
	} *servers;
	size_t n;
	struct ptn_sasl_cache cache;
	int has_refused;                        /* a token was refused: */
	unsigned char refused[PTN_SASL_DIGEST]; /* this one */
	struct ptn_buf refusal;                 /* what was said of it; C string */
	int untold; /* and the caller has not given another one since it could know */
	int again;  /* a connection was lost before it took the fresh one: not twice */
};

void ptn_learned_free(struct ptn_learned *k);
/* Other credentials are set: what was of the old ones is wiped. */
void ptn_learned_forget(struct ptn_learned *k);

/* PTN_SASL_OFFER_* bits of a server, 0 for one not known; and from now on these.  0 or
 * POSTERN_E_NOMEM. */
unsigned ptn_learned_offer(const struct ptn_learned *k, const char *host, int port);
int ptn_learned_set_offer(struct ptn_learned *k, const char *host, int port, unsigned offer);

/* The server refused this token and said that.  Told once of the same token, whoever asks. */
void ptn_learned_refuse(struct ptn_learned *k, const char *token, const char *said);
int ptn_learned_is_refused(const struct ptn_learned *k, const char *token);

#endif
