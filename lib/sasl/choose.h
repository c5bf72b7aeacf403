/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which SASL mechanism to use: a pure table of ours.  What the server offers, what the caller
 * allows, and what credentials are held go in; one name comes out.
 */
#ifndef PTN_SASL_CHOOSE_H
#define PTN_SASL_CHOOSE_H

#include <stddef.h>

enum { /* what is held */
	PTN_SASL_PASSWORD = 1
};

/* The best mechanism, upper case and static, or NULL.  offered: the server's list, words separated
 * by blanks, any case; allowed: the caller's, best first, or NULL for the default order
 * (SCRAM-SHA-256, SCRAM-SHA-1, PLAIN, LOGIN, then CRAM-MD5 as the last resort); encrypted: verified
 * TLS is up.  Without it only loopback in plain text gets here; the order is the same, but CRAM-MD5
 * must be named by the caller.  tried: names not to give again (blank-separated; NULL for none). */
const char *ptn_sasl_choose(const char *offered, const char *allowed, const char *tried,
			    unsigned held, int encrypted);

/* The known name equal to the word s of n octets (any case), or NULL. */
const char *ptn_sasl_known(const char *s, size_t n);

/* Whether the mechanism speaks first, so that an initial response (RFC 4954 4) is possible. */
int ptn_sasl_client_first(const char *mechanism);

/* For "not weaker than": PLAIN and LOGIN 1, CRAM-MD5 2, SCRAM-SHA-1 3, SCRAM-SHA-256 4. */
int ptn_sasl_strength(const char *mechanism);

#endif
