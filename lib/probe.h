/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The probe: every candidate is tried to the end, all at the same time, and nothing but EHLO,
 * STARTTLS and QUIT is said; then, with credentials, one sign-in on the best of them.  A port that
 * does not speak as it was named is asked once more in the other mode.
 */
#ifndef PTN_PROBE_H
#define PTN_PROBE_H

#include "base/buf.h"
#include "dial.h"
#include "link.h"
#include "net/net.h"
#include "route/route.h"
#include "settings.h"
#include "tls/tls.h"

/* How far a connection came. */
enum ptn_depth {
	PTN_DEPTH_NONE,
	PTN_DEPTH_CONNECTED,
	PTN_DEPTH_HEARD, /* octets came, whatever they were */
	PTN_DEPTH_MODE, /* they were those of its mode: a greeting, or a certificate */
	PTN_DEPTH_TLS,
	PTN_DEPTH_USABLE
};

struct ptn_try { /* one connection */
	enum {
		PTN_TRY_UNUSED,
		PTN_TRY_DIALING,
		PTN_TRY_TALKING,
		PTN_TRY_LEAVING, /* what it found is settled, and QUIT is being said */
		PTN_TRY_OVER
	} state;
	int port, mode, depth;
	struct ptn_dial dial;
	struct ptn_link *link;
	ptn_time until;
	/* when each phase ended, PTN_NEVER where it did not */
	ptn_time started, connected, greeted, clear, tls_up, secured, ended;

	/* what it found */
	int fault, is_secured, offers_auth;
	int incomplete; /* memory gave out on the way */
	struct ptn_buf error, advice; /* C strings */
	char address[PTN_NET_TEXT];
	int loopback;
	struct ptn_smtp_heard heard;
	struct ptn_tls_certificate certificate;
	char version[16], cipher[32], key[64];
	struct ptn_buf offered; /* the SASL mechanisms; C string */
	const char *mechanism; /* static; NULL: none can be chosen */
	unsigned long long size;
};

struct ptn_place { /* one candidate */
	struct ptn_candidate want;
	ptn_time until;
	struct ptn_try named, other; /* in the mode it was named with; in the other one */
};

struct ptn_probe {
	struct ptn_settings set; /* the handle's, time limits cut */
	const struct ptn_net *net;
	void *ctx;
	void (*progress)(void *arg, int port, const char *what);
	void *arg;
	enum { PTN_PROBE_NAME, PTN_PROBE_PORTS, PTN_PROBE_SIGN_IN, PTN_PROBE_OVER } state;
	ptn_time until; /* for the name */
	struct ptn_address addresses[PTN_NET_ADDRESSES];
	size_t n_addresses, n;
	struct ptn_place at[PTN_ROUTE_MOST];
	struct ptn_try sign; /* the one that signs in */
	int best; /* the place to be recommended; -1: none */
	int fault; /* of the whole: no port was tried, or it was cancelled */
};

void ptn_probe_begin(struct ptn_probe *p, const struct ptn_settings *set, const struct ptn_net *net,
		     void *ctx, ptn_time now);
int ptn_probe_step(struct ptn_probe *p, ptn_time now); /* 1: it is over */
ptn_time ptn_probe_wake(const struct ptn_probe *p);
void ptn_probe_stop(struct ptn_probe *p, int fault); /* over now, and why */
void ptn_probe_free(struct ptn_probe *p);

/* The connection of a place that tells more, and whether it would carry mail. */
const struct ptn_try *ptn_probe_chosen(const struct ptn_place *at);
int ptn_probe_works(const struct ptn_try *t);

#endif
