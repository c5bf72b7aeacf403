/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A certificate authority and a certificate for localhost, 127.0.0.1 and ::1, made at start.
 */
#ifndef BENCH_CERTIFICATE_H
#define BENCH_CERTIFICATE_H

#include <gnutls/gnutls.h>

/* Writes the authority to ca_file; 0, or a GnuTLS error code. */
int certificate_make(gnutls_certificate_credentials_t *out, const char *ca_file);

#endif
