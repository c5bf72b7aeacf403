/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Discovery (RFC 6186, RFC 8314 5.1): the look-ups from a mail domain to the addresses of the
 * servers that it names, and with DANE to the keys they have (RFC 7673), one after another and
 * without blocking.
 */
#ifndef PTN_DISCOVER_H
#define PTN_DISCOVER_H

#include "target.h"

enum ptn_discover_part { PTN_DISCOVER_ADDRESS, PTN_DISCOVER_TRUST, PTN_DISCOVER_KEYS };

struct ptn_discover {
	const struct ptn_net *net;
	void *ctx;
	const char *domain, *confirmed; /* borrowed; confirmed may be NULL */
	const char *proxy; /* whose addresses count in place of the servers'; borrowed, or NULL */
	int dane;
	size_t step; /* _submissions, _submission, then each target */
	enum ptn_discover_part part; /* of a target */
	int asking, limit;
	ptn_time until, end; /* of the look-up that runs; of them all */
	unsigned long long random;
	int denied, unanswered, no_memory, no_proxy; /* what look-ups gave besides */
	struct ptn_offer offers[2 * PTN_NET_SERVICES];
	size_t n_offers;
	struct ptn_target targets[PTN_ROUTE_MOST];
	size_t n; /* of them */
	int fault; /* PTN_FAULT_*, if there is no target with an address */
	const char *host, *detail; /* to go with it; borrowed, detail may be NULL */
};

/* d has net, ctx, domain, confirmed, proxy and dane, and else zeros.  limit: for it all, in ms, 0
 * for none. */
void ptn_discover_begin(struct ptn_discover *d, ptn_time now, int limit, unsigned long long random);
/* 1: targets[] are known, each with addresses; 0: not yet; -1: there are none: fault, host, detail.
 */
int ptn_discover_step(struct ptn_discover *d, ptn_time now);
ptn_time ptn_discover_wake(const struct ptn_discover *d);
void ptn_discover_stop(struct ptn_discover *d);
void ptn_discover_free(
	struct ptn_discover *d); /* which came from ptn_mem_alloc(); NULL is nothing */

#endif
