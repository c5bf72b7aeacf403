/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The search for a route: the name's addresses, or the servers that a mail domain names, then
 * several candidates at once as the policy in route/ says, each over all addresses, until one has a
 * usable session or all has failed.
 */
#ifndef PTN_SEARCH_H
#define PTN_SEARCH_H

#include "base/buf.h"
#include "dial.h"
#include "discover.h"
#include "hint.h"
#include "link.h"
#include "net/net.h"
#include "route/route.h"
#include "settings.h"

struct ptn_attempt { /* one candidate's; kept as a record until the next search */
	struct ptn_candidate want;
	int tried, over, fault;
	char address[PTN_NET_TEXT];
	ptn_time started, ended;
	struct ptn_buf error; /* C string */
	struct ptn_run *run; /* what it is made of while the search goes on; then NULL */
};

struct ptn_run {
	int dialing;
	struct ptn_dial dial;
	struct ptn_link *link;
};

struct ptn_hunt { /* what a search needs while it goes on */
	ptn_time name_until;
	struct ptn_address addresses[PTN_NET_ADDRESSES];
	size_t n_addresses;
	struct ptn_discover
		*discover; /* candidate i is its target i; NULL: all are ports of the host */
	struct ptn_route route;
	struct ptn_run runs[PTN_ROUTE_MOST]; /* of the attempts */
};

struct ptn_search {
	const struct ptn_settings *set;
	const struct ptn_net *net;
	void *ctx;
	enum { PTN_SEARCH_OFF, PTN_SEARCH_NAME, PTN_SEARCH_DISCOVERY, PTN_SEARCH_PORTS } state;
	ptn_time now; /* of the last step */
	struct ptn_hint hint; /* of the route that worked last */
	struct ptn_hunt *hunt; /* NULL while it is off */
	struct ptn_attempt *attempts; /* by candidate, up to the last one tried */
	size_t n_attempts;
	int winner; /* which of them; -1: none */
	int discovered; /* they were a mail domain's servers */
	struct ptn_link *parting; /* those that lost or failed, to be closed politely: a list */
	int fault; /* how it ended, if nobody won */
	struct ptn_buf cause, advice; /* in words; C strings */
};

void ptn_search_init(struct ptn_search *s, const struct ptn_settings *set,
		     const struct ptn_net *net, void *ctx);
void ptn_search_free(struct ptn_search *s);

/* seconds: since 1970, to know how old the hint is. */
void ptn_search_begin(struct ptn_search *s, ptn_time now, long long seconds);
/* 0: it goes on; 1: *line has won, and is the caller's; -1: no way: fault, cause, advice.  Links in
 * parting are the caller's after each call. */
int ptn_search_step(struct ptn_search *s, ptn_time now, struct ptn_link **line);
ptn_time ptn_search_wake(const struct ptn_search *s);
void ptn_search_stop(struct ptn_search *s); /* closes everything at once; records stay */
void ptn_search_fail(struct ptn_search *s, int fault); /* the same, and the next step tells why */

/* The winner is good for mail: tried first next time. */
void ptn_search_remember(struct ptn_search *s, const struct ptn_link *line, long long seconds);

/* The winner failed after all, before its first mail: for the record. */
void ptn_search_blame(struct ptn_search *s, int fault, const struct ptn_buf *cause);

const char *ptn_search_mode_name(int mode); /* "STARTTLS", "implicit", "none" */

#endif
