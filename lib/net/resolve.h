/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One name look-up at a time, by c-ares.  Literals, "localhost" and the hosts file are answered at
 * once; else both families are asked side by side, and one that is late is not waited for long.
 * SRV and TLSA records are asked of the name servers only.
 */
#ifndef PTN_NET_RESOLVE_H
#define PTN_NET_RESOLVE_H

#include <stddef.h>

#include "net/net.h"

struct ares_channeldata;
struct ptn_poller;

enum { PTN_RESOLVE_SOCKETS = 16, PTN_RESOLVE_FAMILY = PTN_NET_ADDRESSES / 2 };

struct ptn_resolver {
	struct ptn_poller *poller;
	struct ares_channeldata *channel; /* only while a look-up runs */
	char *servers; /* instead of the system's, for tests */
	struct ptn_question {
		struct ptn_resolver *resolver;
		int state; /* -EINPROGRESS, 0, -ENOENT, -EAGAIN or -ENOMEM */
		size_t found; /* addresses of this family */
	} four, six;
	struct ptn_address list[PTN_NET_ADDRESSES];
	size_t n;
	struct ptn_service *services; /* of an SRV look-up, else NULL */
	size_t n_services;
	struct ptn_association *associations; /* of a TLSA look-up, else NULL */
	size_t n_associations;
	unsigned char *message; /* that they are in */
	int what, vouched; /* of a look-up by find; what -1: it is for addresses */
	int result; /* -EINPROGRESS, 1, or the error */
	int news; /* a result that was not asked for yet */
	int blind; /* a socket could not be watched: look again soon */
	long long give_up, enough; /* ms; when to end without, and with, an address */
	struct ptn_asked {
		int fd, what;
	} socket[PTN_RESOLVE_SOCKETS];
	size_t sockets;
};

void ptn_resolver_init(struct ptn_resolver *r, struct ptn_poller *poller);
void ptn_resolver_free(struct ptn_resolver *r);

int ptn_resolver_start(struct ptn_resolver *r, const char *host, int milliseconds);
int ptn_resolver_result(struct ptn_resolver *r, struct ptn_address *list, size_t *n);
int ptn_resolver_find(struct ptn_resolver *r, int what, const char *name, int milliseconds);
int ptn_resolver_found(struct ptn_resolver *r, struct ptn_service *list, size_t *n);
void ptn_resolver_stop(struct ptn_resolver *r);
void ptn_resolver_turn(struct ptn_resolver *r);
int ptn_resolver_timeout(const struct ptn_resolver *r); /* ms, -1: never */

/* "192.0.2.53:5353,...": ask these name servers; NULL: the system's.  0 or -ENOMEM. */
int ptn_resolver_servers(struct ptn_resolver *r, const char *list);

#endif
