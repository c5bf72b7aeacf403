/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signing in: the part of a link that joins the session, the mechanisms, and the caller's
 * credentials.
 */
#ifndef PTN_SIGNIN_H
#define PTN_SIGNIN_H

#include "learned.h"
#include "settings.h"

struct ptn_link;

struct ptn_signin { /* of one link; zeroed: not begun */
	struct ptn_sasl *sasl;
	struct ptn_buf tried; /* mechanisms that cannot be used here, or were refused; C string */
	struct ptn_buf token; /* C string; wiped once it was used */
	int tokens;           /* asked for */
	int least;            /* no mechanism weaker than this may follow */
	int begun;            /* the server's offer was looked at */
	unsigned char binding[64];
	struct ptn_learned own; /* where the handle keeps nothing */
};

/* Whether mails need a sign-in: credentials are set, or a mechanism named that goes without. */
int ptn_signin_due(const struct ptn_settings *set);

/* Do what the session wants of SASL: 1 if anything was done. */
int ptn_signin_step(struct ptn_link *l);
void ptn_signin_free(struct ptn_signin *s);

/* The server hung up on the fresh token that it had asked for by refusing another: a new connection
 * may try it, which is said once until a sign-in succeeds. */
int ptn_signin_again(struct ptn_link *l);

/* The mechanism that would be used on this link, static, or NULL; where no credentials are set, with
 * a password. */
const char *ptn_signin_choice(struct ptn_link *l, const char *offered);

#endif
