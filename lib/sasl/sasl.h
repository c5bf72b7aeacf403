/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One authentication exchange, on raw octets: base64 and line lengths belong to smtp/.
 */
#ifndef PTN_SASL_SASL_H
#define PTN_SASL_SASL_H

#include <stddef.h>

struct ptn_sasl;

struct ptn_sasl_login { /* borrowed for the life of the exchange */
	const char *user, *password;
	const char *host; /* for mechanisms that name the service's host */
};

/* Begin.  mechanism: a name that ptn_sasl_choose() gave.  0, POSTERN_E_NOMEM, or
 * POSTERN_E_MECHANISM where the library underneath cannot do it, or not with this user or password:
 * SCRAM and CRAM-MD5 prepare them by SASLprep (RFC 4013), which forbids some characters beyond
 * ASCII and, in libgsasl, all that came after Unicode 3.2.  Another mechanism may do. */
int ptn_sasl_new(struct ptn_sasl **out, const char *mechanism, const struct ptn_sasl_login *login);
void ptn_sasl_free(struct ptn_sasl *s); /* wipes */

/* One step: the server's octets in (NULL, 0 for a client-first mechanism's beginning), ours out,
 * valid until the next call.  MORE: send out and expect another challenge (for SCRAM: the server has
 * yet to prove itself).  DONE: send out (it may be empty); only the final 235 may follow.
 * FAIL: cancel with "*"; ptn_sasl_fault() says why (AUTH_MALFORMED, AUTH_UNSAFE, AUTH_UNPROVEN,
 * NO_MEMORY, or ARGUMENT where the user or the password is not fit for the mechanism).  A step after
 * DONE is FAIL. */
enum { PTN_SASL_MORE = 1, PTN_SASL_DONE = 2, PTN_SASL_FAIL = 3 };
int ptn_sasl_step(struct ptn_sasl *s, const char *in, size_t in_len, const char **out,
		  size_t *out_len);
int ptn_sasl_fault(const struct ptn_sasl *s);
/* Static text, as "the iteration count is below 4096". */
const char *ptn_sasl_detail(const struct ptn_sasl *s);

#endif
