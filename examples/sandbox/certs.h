/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The sandbox's certificate authority, and certificates good and bad, made when first asked for.
 *   kinds.c   what kinds there are
 *   certs.c   the authority, the credentials, the files
 *   issue.c   one certificate, and the authorities above it
 *   ocsp.c    what is stapled to it
 */
#ifndef SANDBOX_CERTS_H
#define SANDBOX_CERTS_H

#include <gnutls/gnutls.h>

/* Load the authority from the directory, or make one and write it there ("ca.pem", "ca-key.pem").
 * 0, or -1 after a message on stderr. */
int certs_open(const char *dir);
void certs_close(void);

/* An authority for clients, and two client certificates: "client.pem" of that authority, with
 * user as its common name and user@sandbox.test, or user itself if it is an address, as its
 * mailbox; "client-other.pem" of an authority that is not known here.  Both with "-key.pem", and
 * the first with "client-key-secret.pem" too, whose passphrase is "sandbox".  0, or -1 after a
 * message on stderr. */
int certs_open_clients(const char *user);

int certs_known(const char *kind);
const char *certs_kind(unsigned index, const char **what); /* NULL at the end */

/* Write what a client needs for this kind beside ca.pem: "ca-expired.pem" for expired-authority.
 * 0, or -1 after a message on stderr. */
int certs_prepare(const char *kind);

/* With this OCSP response (ocsp.h); clients' certificates are verified with the authority for
 * clients, if there is one.  NULL after a message on stderr: it could not be made. */
gnutls_certificate_credentials_t certs_credentials(const char *kind, const char *staple);

#endif
