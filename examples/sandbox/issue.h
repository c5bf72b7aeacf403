/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Issuing certificates.  All functions give 0 or an error of GnuTLS.
 */
#ifndef SANDBOX_ISSUE_H
#define SANDBOX_ISSUE_H

#include <gnutls/x509.h>

#include "kinds.h"

#define CHAIN_MAX 18

struct pair {
	gnutls_x509_crt_t cert;
	gnutls_x509_privkey_t key;
};

struct chain { /* from the certificate upwards; the authority at the top is not in it */
	struct pair p[CHAIN_MAX];
	unsigned n, sent;
};

void issue_free(struct pair *p);
void issue_free_chain(struct chain *c);

int issue_authority(struct pair *p, const char *cn); /* one that signs itself */
int issue_ended_authority(struct pair *p, const char *cn);
int issue_client(struct pair *p, const char *cn, const char *mailbox, const struct pair *issuer);
/* issuer: what k->issuer stands for, or NULL for BY_ITSELF. */
int issue_chain(struct chain *c, const struct kind *k, const struct pair *issuer);

#endif
