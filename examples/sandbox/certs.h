/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sandbox's certificate authority, and certificates good and bad, made when first asked for.
 */
#ifndef SANDBOX_CERTS_H
#define SANDBOX_CERTS_H

#include <gnutls/gnutls.h>

/* Load the authority from the directory, or make one and write it there ("ca.pem", "ca-key.pem").
 * 0, or -1 after a message on stderr. */
int certs_open(const char *dir);
void certs_close(void);

int certs_known(const char *kind);
const char *certs_kind(unsigned index, const char **what); /* NULL at the end */

/* NULL after a message on stderr: it could not be made. */
gnutls_certificate_credentials_t certs_credentials(const char *kind);

#endif
