/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One port of a host, over all of its addresses: the first that connects wins (RFC 8305).  With a
 * proxy the addresses are the proxy's, and it is connected once the tunnel to the host stands.
 */
#ifndef PTN_DIAL_H
#define PTN_DIAL_H

#include "base/buf.h"
#include "net/net.h"
#include "net/proxy.h"
#include "route/route.h"

struct ptn_dial_way { /* borrowed until the dial is closed */
	const struct ptn_address *list;
	size_t n;
	int family; /* the first address of it (4 or 6) goes before all others; 0: none does */
	const struct ptn_address *source; /* two, family 0 for none; from there only; NULL: any */
	const struct ptn_proxy_settings *proxy; /* whose addresses these are; NULL: the host's */
	const char *host; /* for the proxy to connect to */
	int port; /* of the host */
	ptn_time delay, limit; /* between two addresses; for each, and its tunnel, 0 for none */
};

struct ptn_dial {
	const struct ptn_net *net;
	void *ctx;
	struct ptn_dial_way way;
	size_t order[PTN_NET_ADDRESSES], n, next;
	struct {
		int handle; /* -1: none */
		ptn_time started;
	} tries[PTN_NET_ADDRESSES]; /* by place in order */
	int fault;
	const char *detail; /* static, or the tunnel's; NULL if there is none */
	ptn_time begun, next_at;
	size_t won, told; /* 1 + the place of the address that won; whose fault is told */
	struct ptn_proxy *tunnel; /* being built, or failed */
	int handle; /* to the proxy; -1: none */
	ptn_time until; /* for the tunnel */
	struct ptn_buf early; /* what the server said right behind the proxy's answer */
};

void ptn_dial_start(struct ptn_dial *d, const struct ptn_net *net, void *ctx,
		    const struct ptn_dial_way *way, ptn_time now);
/* 1: connected, the handle is the caller's now, and d->early is to be taken for read from it; 0:
 * not yet; -1: failed on every address. */
int ptn_dial_step(struct ptn_dial *d, ptn_time now, int *handle);
ptn_time ptn_dial_wake(const struct ptn_dial *d);
void ptn_dial_close(struct ptn_dial *d); /* needed however it ended; fault and won stay */
/* The address that won, or while it goes on the one tried last, or the one whose fault is told. */
const struct ptn_address *ptn_dial_address(const struct ptn_dial *d);

/* What is to be added to the sentence of a failed dial, before it is closed; "" if nothing. */
enum { PTN_DIAL_WHY = 512 };
const char *ptn_dial_why(const struct ptn_dial *d, char room[PTN_DIAL_WHY]);

#endif
