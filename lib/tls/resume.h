/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One session's dealings with the store: what it resumes, and what it leaves behind.
 */
#ifndef PTN_TLS_RESUME_H
#define PTN_TLS_RESUME_H

#include <gnutls/gnutls.h>

#include "tls/store.h"
#include "tls/tls.h"

struct ptn_resume { /* zeroed: nothing is resumed */
	struct ptn_tls_store *store; /* NULL: nothing is resumed */
	unsigned char key[PTN_STORE_KEY];
	long long until; /* of the session that is resumed; 0: none is */
	long long cap; /* of all that is left behind */
	unsigned lifetime; /* the server's hint with its last ticket, in seconds */
	unsigned kept; /* so many were left in the store */
	int fresh; /* there is one that was not */
	int old; /* what is resumed is of TLS 1.2 */
};

/* Whether sessions of this kind are resumed at all. */
int ptn_resume_is_wanted(const struct ptn_tls_with *with);

/* Offer what the store has.  0; POSTERN_E_PROTOCOL: GnuTLS did not take it, and s can only be
 * thrown away; POSTERN_E_NOMEM: nothing will be resumed. */
int ptn_resume_offer(struct ptn_resume *r, gnutls_session_t s, struct ptn_trust *trust,
		     const char *host, const struct ptn_tls_with *with);

/* A NewSessionTicket came: RFC 8446 4.6.1, RFC 5077 3.3. */
void ptn_resume_heard(struct ptn_resume *r, const gnutls_datum_t *message);

/* The handshake is done and verified; the certificate is valid until then. */
void ptn_resume_verified(struct ptn_resume *r, gnutls_session_t s, long long certificate);
/* Leave behind what came, if it did; at the end even after many. */
void ptn_resume_keep(struct ptn_resume *r, gnutls_session_t s, int end);
/* The handshake failed: nothing like it is resumed again. */
void ptn_resume_failed(struct ptn_resume *r);

#endif
