/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which SASL mechanism to use: a pure table of ours.  What the server offers, what the caller
 * allows, and what credentials are held go in; one name comes out.
 */
#ifndef PTN_SASL_CHOOSE_H
#define PTN_SASL_CHOOSE_H

#include <stddef.h>

enum { /* what is held, and what a mechanism needs */
	PTN_SASL_PASSWORD = 1,
	PTN_SASL_TOKEN = 2,
	PTN_SASL_CERTIFICATE = 4,
	PTN_SASL_TICKET = 8, /* Kerberos; whether there is one is known once it is asked for */
	PTN_SASL_NOTHING = 16
};

struct ptn_sasl_case {   /* lists are words separated by blanks or commas, in any case */
	const char *offered; /* the server's list */
	/* The caller's, best first, or NULL for the default order: SCRAM-SHA-256-PLUS,
	 * SCRAM-SHA-1-PLUS, SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN, CRAM-MD5; OAUTHBEARER,
	 * XOAUTH2.  EXTERNAL, GSSAPI, DIGEST-MD5, NTLM and ANONYMOUS must be named. */
	const char *allowed;
	const char *tried;    /* not to be given again; NULL for none */
	unsigned held;        /* PTN_SASL_* */
	int encrypted;        /* verified TLS is up; without it CRAM-MD5 must be named */
	int bindable;         /* channel binding data is at hand */
	int binding_required; /* -PLUS only */
	int least;            /* not weaker than this strength; 0: any */
};

/* The best mechanism, upper case and static, or NULL.  Where SCRAM is chosen and its -PLUS is
 * offered, allowed and possible, that it is, in whatever order they are named (RFC 5802 6). */
const char *ptn_sasl_choose(const struct ptn_sasl_case *c);
/* Why there was none: PTN_FAULT_AUTH_NO_BINDING where another one would do if binding were not
 * required, else PTN_FAULT_AUTH_NO_MECHANISM. */
int ptn_sasl_why_none(const struct ptn_sasl_case *c);

/* How strong an offer is, as bits, so that a greater number is a stronger one.  Only what the list
 * allowed has in common with it counts; NULL: all. */
enum { PTN_SASL_OFFER_SCRAM = 1, PTN_SASL_OFFER_PLUS = 2 };
unsigned ptn_sasl_offer(const char *offered, const char *allowed);

/* The known name equal to the word s of n octets (any case), or NULL. */
const char *ptn_sasl_known(const char *s, size_t n);

/* Of a known mechanism: whether it speaks first, so that an initial response (RFC 4954 4) is
 * possible; what credential it needs; how strong it is, for "not weaker than". */
int ptn_sasl_client_first(const char *mechanism);
unsigned ptn_sasl_needs(const char *mechanism);
int ptn_sasl_strength(const char *mechanism);

/* Whether the list names a mechanism that needs neither password nor token. */
int ptn_sasl_without_secret(const char *list);

#endif
