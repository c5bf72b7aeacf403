/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Whether a certificate is for the host that was asked for (RFC 9525): subjectAltName only, never
 * the common name; GnuTLS would take the common name, and "*mail" as a wildcard.
 */
#ifndef PTN_TLS_IDENTITY_H
#define PTN_TLS_IDENTITY_H

#include <gnutls/x509.h>
#include <stddef.h>

struct ptn_buf;

/* The address that host is the literal of: its length, 4 or 16; 0 if host is a name.  A zone as in
 * "fe80::1%eth0" is no part of the address. */
size_t ptn_identity_address(const char *host, unsigned char address[16]);

/* The length of host as a DNS name, without the one trailing dot it may have; 0 if it is none:
 * labels of letters, digits, '-' and '_', the last one no number. */
size_t ptn_identity_name(const char *host, size_t len);

/* Whether the dNSName pattern stands for host (RFC 9525 6.3): 1 or 0.  A wildcard is the whole
 * leftmost label and has at least two labels behind it. */
int ptn_identity_match(const char *host, size_t len, const char *pattern, size_t pattern_len);

/* Whether cert names host: 1, 0 or POSTERN_E_NOMEM.  For 0, the names it does stand for are added
 * to names, the first few of them, fit to be shown. */
int ptn_identity_check(gnutls_x509_crt_t cert, const char *host, struct ptn_buf *names);

/* The names that cert stands for, many more of them: 0 or POSTERN_E_NOMEM. */
int ptn_identity_names(gnutls_x509_crt_t cert, struct ptn_buf *names);

#endif
