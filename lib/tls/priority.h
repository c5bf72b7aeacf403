/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which versions and algorithms are offered.
 */
#ifndef PTN_TLS_PRIORITY_H
#define PTN_TLS_PRIORITY_H

#include <gnutls/gnutls.h>

#include "tls/options.h"

/* What o asks for, or ours: 0 or a GNUTLS_E_* code.  o may be NULL.  only_12: without TLS 1.3. */
int ptn_priority_set(gnutls_session_t s, const struct ptn_tls_options *o, int only_12);

/* The lowest version that may come about. */
gnutls_protocol_t ptn_priority_floor(const struct ptn_tls_options *o);

#endif
