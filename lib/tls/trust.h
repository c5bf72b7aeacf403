/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What of trust only this room sees.
 */
#ifndef PTN_TLS_TRUST_H
#define PTN_TLS_TRUST_H

#include <gnutls/gnutls.h>

#include "tls/tls.h"

/* The authorities, as GnuTLS wants them: never changed once made, so that any number of sessions in
 * any thread may use them.  NULL until ptn_trust_load() has given no fault. */
gnutls_certificate_credentials_t ptn_trust_credentials(struct ptn_trust *t);

/* Which trust it is, in this process or another: SHA-256 of the file, zeros for the system's. */
const unsigned char *ptn_trust_id(const struct ptn_trust *t);

#endif
