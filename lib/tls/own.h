/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What of the client's own certificate only this room sees.
 */
#ifndef PTN_TLS_OWN_H
#define PTN_TLS_OWN_H

#include <gnutls/abstract.h>

#include "tls/options.h"

/* For credentials that many sessions share: a session's own certificate is what
 * gnutls_session_get_ptr() gives, NULL for none. */
int ptn_own_retrieve(gnutls_session_t s, const struct gnutls_cert_retr_st *info,
		     gnutls_pcert_st **chain, unsigned *count, gnutls_ocsp_data_st **ocsp,
		     unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags);

/* SHA-256 of the certificate. */
const unsigned char *ptn_own_id(const struct ptn_tls_own *o);

#endif
