/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The verdict on the server's certificate: its chain, its purpose, its name.
 */
#ifndef PTN_TLS_VERIFY_H
#define PTN_TLS_VERIFY_H

#include <gnutls/gnutls.h>

struct ptn_buf;
struct ptn_tls_certificate;

struct ptn_verdict {
	int fault; /* PTN_FAULT_NONE: it is good */
	gnutls_alert_description_t alert; /* what to tell the server otherwise */
};

/* To be asked after every handshake: GnuTLS's own hooks are passed over when a session is resumed.
 * detail gets what helps to understand the fault, key the base64 of the SHA-256 of the server's
 * public key. */
struct ptn_verdict ptn_verify(gnutls_session_t s, const char *host, struct ptn_buf *detail,
			      struct ptn_buf *key);

/* What the leaf says of itself, whatever the verdict: see ptn_tls_certificate(). */
int ptn_verify_describe(gnutls_session_t s, struct ptn_tls_certificate *out);

/* Whether the leaf names host, whatever the verdict: 1 or 0. */
int ptn_verify_names(gnutls_session_t s, const char *host);

#endif
