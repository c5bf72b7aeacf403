/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One authentication exchange, on raw octets: base64 and line lengths belong to smtp/.
 */
#ifndef PTN_SASL_SASL_H
#define PTN_SASL_SASL_H

#include <stddef.h>

struct ptn_sasl;

enum { PTN_SASL_DIGEST = 32, PTN_SASL_SALT = 64 };

/* What PBKDF2 made of the password last: it costs more than all the rest of a sign-in, and a server
 * asks for the same every time.  As good as the password for that server: zero it with ptn_mem_wipe()
 * when the password changes or goes. */
struct ptn_sasl_cache {
	unsigned char salted[PTN_SASL_DIGEST], salt[PTN_SASL_SALT];
	size_t size, salt_len; /* size 0: empty */
	unsigned count;
};

struct ptn_sasl_login { /* borrowed for the life of the exchange */
	const char *user, *password, *token; /* NULL where the mechanism does without */
	const char *host; /* the service's, for mechanisms that name it; and its port */
	int port;
	const char *binding_type; /* channel binding (RFC 5056) for -PLUS; NULL: none */
	const unsigned char *binding;
	size_t binding_len;
	/* We could bind, and the server offers no -PLUS: it is told so, and finds out if somebody
	 * took it from its list (RFC 5802 6, flag "y"). */
	int binding_missed;
	struct ptn_sasl_cache *cache; /* NULL: none */
};

/* Begin.  mechanism: a name that ptn_sasl_choose() gave.  0, POSTERN_E_NOMEM, or
 * POSTERN_E_MECHANISM where it cannot be done here, or not with this user or password: SCRAM and
 * CRAM-MD5 prepare them by SASLprep (RFC 4013), which forbids some characters beyond ASCII and, in
 * libgsasl, all that came after Unicode 3.2; GSSAPI needs a ticket.  Another mechanism may do. */
int ptn_sasl_new(struct ptn_sasl **out, const char *mechanism, const struct ptn_sasl_login *login);
void ptn_sasl_free(struct ptn_sasl *s); /* wipes */

/* One step: the server's octets in (NULL, 0 for a client-first mechanism's beginning), ours out,
 * valid until the next call.  MORE: send out and expect another challenge (for SCRAM: the server has
 * yet to prove itself).  DONE: send out (it may be empty); only the final 235 may follow.  OPEN: as
 * DONE, but a refusal may come as a challenge first (RFC 7628 3.2.3): step with it.
 * FAIL: cancel with "*"; ptn_sasl_fault() says why (AUTH_MALFORMED, AUTH_UNSAFE, AUTH_UNPROVEN,
 * AUTH_REFUSED, NO_MEMORY, SYSTEM, or ARGUMENT where the user or the password is not fit for the
 * mechanism).  A step after DONE is FAIL. */
enum { PTN_SASL_MORE = 1, PTN_SASL_DONE = 2, PTN_SASL_FAIL = 3, PTN_SASL_OPEN = 4 };
int ptn_sasl_step(struct ptn_sasl *s, const char *in, size_t in_len, const char **out,
		  size_t *out_len);
int ptn_sasl_fault(const struct ptn_sasl *s);
/* Static text, as "the iteration count is below 4096". */
const char *ptn_sasl_detail(const struct ptn_sasl *s);
/* What the server said of a token that it refused, JSON as a rule, fit to be shown; "" if nothing. */
const char *ptn_sasl_refusal(const struct ptn_sasl *s);

/* To know a token again without keeping it: 0, or an error where it cannot be made. */
int ptn_sasl_fingerprint(const char *token, unsigned char out[PTN_SASL_DIGEST]);

#endif
