/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TLSA records against a server's certificates (RFC 6698, RFC 7671).
 */
#ifndef PTN_TLS_DANE_H
#define PTN_TLS_DANE_H

#include <gnutls/x509.h>

#include "tls/options.h"

enum { /* usages (RFC 6698 2.1.1) */
       PTN_DANE_PKIX_TA = 0,
       PTN_DANE_PKIX_EE = 1,
       PTN_DANE_TA = 2,
       PTN_DANE_EE = 3
};

/* Whether the record can be used at all; one that cannot is as good as not there. */
int ptn_dane_is_usable(const struct ptn_tlsa *r);

/* Whether the record stands for the certificate: 1 or 0. */
int ptn_dane_matches(const struct ptn_tlsa *r, gnutls_x509_crt_t crt);

/* The certificate that is in the record itself, or NULL; to be freed by the caller. */
gnutls_x509_crt_t ptn_dane_certificate(const struct ptn_tlsa *r);

/* What of the chain, leaf first, is wrong when nothing but the anchor is trusted: GNUTLS_CERT_*
 * bits, 0 if it is good for a server. */
unsigned ptn_dane_status(const gnutls_x509_crt_t *chain, unsigned n, gnutls_x509_crt_t anchor);

#endif
