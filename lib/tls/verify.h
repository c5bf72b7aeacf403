/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The verdict on the server's certificate: its chain, its purpose, its name.
 */
#ifndef PTN_TLS_VERIFY_H
#define PTN_TLS_VERIFY_H

#include <gnutls/gnutls.h>

#include "tls/options.h"

struct ptn_buf;
struct ptn_tls_certificate;

#define PTN_PIN_PREFIX "sha256:"

struct ptn_verdict {
	int fault; /* PTN_FAULT_NONE: it is good */
	gnutls_alert_description_t alert; /* what to tell the server otherwise */
};

struct ptn_wanted { /* of the server's certificate */
	const char *host;
	const struct ptn_tls_options *options; /* NULL: nothing more */
	const struct ptn_tlsa *tlsa;
	size_t n_tlsa;
	const char *also; /* another name that will do; NULL: none */
};

struct ptn_shown { /* by the server; zeroed at first */
	struct ptn_buf *detail; /* gets what helps to understand the fault */
	struct ptn_buf *key; /* gets the base64 of the SHA-256 of its public key */
	long long until; /* its certificate's end, in seconds since 1970 */
};

/* To be asked after every handshake: GnuTLS's own hooks are passed over when a session is resumed.
 */
struct ptn_verdict ptn_verify(gnutls_session_t s, const struct ptn_wanted *wanted,
			      struct ptn_shown *shown);

/* Whether key, the SHA-256 of a SubjectPublicKeyInfo, is one of the pins. */
int ptn_pins_have(const struct ptn_tls_options *o, const unsigned char key[PTN_PIN_SIZE]);

/* What the leaf says of itself, whatever the verdict: see ptn_tls_certificate(). */
int ptn_verify_describe(gnutls_session_t s, struct ptn_tls_certificate *out);

/* Whether the leaf names host, whatever the verdict: 1 or 0. */
int ptn_verify_names(gnutls_session_t s, const char *host);

#endif
