/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One port of a host, over all of its addresses: the first that connects wins (RFC 8305).
 */
#ifndef PTN_DIAL_H
#define PTN_DIAL_H

#include "net/net.h"
#include "route/route.h"

struct ptn_dial {
	const struct ptn_net *net;
	void *ctx;
	const struct ptn_address *list; /* borrowed */
	size_t order[PTN_NET_ADDRESSES], n, next;
	struct {
		int handle; /* -1: none */
		ptn_time started;
	} tries[PTN_NET_ADDRESSES]; /* by place in order */
	int port, fault;
	ptn_time delay, limit, next_at;
	size_t won, told; /* 1 + the place of the address that won; whose fault is told */
};

/* list is borrowed until the dial is closed or has won.  family: the first address of this family
 * (4 or 6) goes before all others; 0: none does. */
void ptn_dial_start(struct ptn_dial *d, const struct ptn_net *net, void *ctx,
		    const struct ptn_address *list, size_t n, int family, int port, ptn_time delay,
		    ptn_time limit, ptn_time now);
/* 1: connected, the handle is the caller's now; 0: not yet; -1: failed on every address. */
int ptn_dial_step(struct ptn_dial *d, ptn_time now, int *handle);
ptn_time ptn_dial_wake(const struct ptn_dial *d);
void ptn_dial_close(struct ptn_dial *d);
/* The address that won, or while it goes on the one tried last, or the one whose fault is told. */
const struct ptn_address *ptn_dial_address(const struct ptn_dial *d);

#endif
