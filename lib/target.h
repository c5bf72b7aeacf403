/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Which server stands behind a mail domain, from its SRV records (RFC 2782, RFC 6186, RFC
 * 8314 5.1). Pure: what is random is an argument.
 */
#ifndef PTN_TARGET_H
#define PTN_TARGET_H

#include <stddef.h>

#include "net/net.h"
#include "route/route.h"
#include "tls/options.h"

struct ptn_offer { /* one record, of _submissions (implicit TLS) or _submission (STARTTLS) */
	struct ptn_service service;
	int mode, vouched; /* by a validating resolver (RFC 7673 3.1) */
};

struct ptn_target {
	char host[254];
	int port, mode;
	/* The certificate is checked for the host's own name; else for the mail domain, as DNS
	 * alone is no proof that the host serves it (RFC 6186 6). */
	int own_name;
	struct ptn_address addresses[PTN_NET_ADDRESSES];
	size_t n_addresses;
	int vouched, addresses_vouched; /* that it is the domain's; and its addresses */
	int unusable; /* that they are could not be found out */
	struct ptn_tlsa *tlsa; /* its own, all vouched for; NULL: there are none */
	size_t n_tlsa;
};

/* The targets in the order of trying: by priority over both services; within one priority implicit
 * TLS before STARTTLS (RFC 8314 3); within one service at random by weight (RFC 2782).  One that
 * comes twice is taken once, the root not at all.  all is put in order.  Gives how many. */
size_t ptn_target_order(struct ptn_target out[PTN_ROUTE_MOST], struct ptn_offer *all, size_t n,
			unsigned long long random);

/* Records of its own for a target or a link, in one piece of memory; NULL for none.  0 or
 * POSTERN_E_NOMEM.  The first are those of an answer. */
int ptn_target_keep(struct ptn_tlsa **to, const struct ptn_association *from, size_t n);
int ptn_target_copy(struct ptn_tlsa **to, const struct ptn_tlsa *from, size_t n);

/* Whether host is domain, or a name below it. */
int ptn_target_is_below(const char *host, const char *domain);

#endif
