/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OCSP responses (RFC 6960) to staple to a certificate, good and bad.
 */
#ifndef SANDBOX_OCSP_H
#define SANDBOX_OCSP_H

#include <gnutls/x509.h>

#include "bytes.h"

int ocsp_known(const char *kind);
const char *ocsp_kind(unsigned index, const char **what); /* NULL at the end */

/* The response of this kind for cert, signed by its issuer, whose key is on P-256.  0, or an error
 * of GnuTLS. */
int ocsp_make(struct bytes *out, const char *kind, gnutls_x509_crt_t cert, gnutls_x509_crt_t issuer,
	      gnutls_x509_privkey_t key);

#endif
