/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a caller may ask of TLS beyond verified TLS 1.2 or 1.3 by the system's authorities.
 */
#ifndef PTN_TLS_OPTIONS_H
#define PTN_TLS_OPTIONS_H

#include <stddef.h>

enum { PTN_PINS_MOST = 16, PTN_PIN_SIZE = 32, PTN_TLSA_MOST = 16 };

struct ptn_tls_own;   /* a client certificate and its key */
struct ptn_tls_store; /* sessions to resume, each good for what it was made with and nothing else */

struct ptn_tls_options { /* zeroed: nothing asked; borrowed by the sessions made with it */
	unsigned char pins[PTN_PINS_MOST][PTN_PIN_SIZE]; /* SHA-256 of public keys (SPKI) */
	size_t n_pins;
	int pins_only;       /* a pinned key is enough, whoever signed the certificate for whatever name */
	struct ptn_tls_own *own;
	int minimum_13;      /* TLS 1.3 only */
	char *priority;      /* GnuTLS priority string in place of ours; NULL: ours */
	int staple_required; /* an OCSP response must come with the certificate */
	int no_resumption;
};

struct ptn_tlsa { /* RFC 6698 2.1 */
	unsigned char usage, selector, matching;
	unsigned short size;
	unsigned char data[64]; /* longer ones (whole certificates, matching 0) are kept elsewhere: see more */
	unsigned char *more;
};

#endif
