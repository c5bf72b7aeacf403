/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection: a net handle, the TLS filter when it is time for it, the SMTP session, and the
 * SASL exchange, with octets moved between them.
 */
#ifndef PTN_LINK_H
#define PTN_LINK_H

#include "base/buf.h"
#include "net/net.h"
#include "route/route.h"
#include "settings.h"
#include "signin.h"
#include "smtp/session.h"
#include "target.h"

struct ptn_link {
	const struct ptn_settings *set;
	const struct ptn_net *net;
	void *ctx;
	int handle; /* -1: closed */
	struct ptn_address address;
	int port, mode;
	char target[254]; /* the host, where it was discovered; else "" */
	int own_name; /* that is what the certificate must name */
	int either_name; /* or the domain, as DNS was vouched for (RFC 7673 4.1) */
	struct ptn_tlsa *tlsa; /* its keys, of which it must show one; NULL: none are known */
	size_t n_tlsa;

	struct ptn_tls *tls;
	int shaking, tls_up;
	int net_ended, deaf; /* nothing more will come; nothing more can be sent */
	struct ptn_smtp *smtp;
	struct ptn_smtp_policy policy;
	char name[260]; /* for EHLO */
	struct ptn_signin signin;
	const char *mechanism; /* static */

	struct ptn_buf in; /* plaintext not fed yet: feeding stops at an event */
	int heard; /* an octet came */
	int go; /* it won: it may sign in */
	int made; /* lines of the content at work that are ours, not the caller's */
	struct ptn_buf detail; /* C string */
	unsigned turn;
	int timer;
	ptn_time deadline;
	struct ptn_link *next; /* in a list of its owner's */
};

/* A link over a connected handle, which is the link's now.  NULL: out of memory, and the handle is
 * closed. */
struct ptn_link *ptn_link_new(const struct ptn_settings *set, const struct ptn_net *net, void *ctx,
			      int handle, const struct ptn_address *address, int port, int mode);
/* The same to a discovered target; NULL: to the host of the settings. */
struct ptn_link *ptn_link_new_to(const struct ptn_settings *set, const struct ptn_net *net,
				 void *ctx, int handle, const struct ptn_address *address, int port,
				 int mode, const struct ptn_target *target);
void ptn_link_free(struct ptn_link *l); /* closes without a word */
/* What the server said before the link was there, to be heard first. */
void ptn_link_hear(struct ptn_link *l, const struct ptn_buf *early);

const char *ptn_link_host(const struct ptn_link *l); /* whom it is connected to */
const char *ptn_link_identity(const struct ptn_link *l); /* whom the certificate must name */

enum {
	PTN_LINK_QUIET, /* nothing more can be done now */
	PTN_LINK_EVENT, /* *ev: take it and step again */
	PTN_LINK_BODY, /* content is wanted: ptn_link_body(), and step again */
	PTN_LINK_OVER /* the conversation has ended: free it */
};
int ptn_link_step(struct ptn_link *l, ptn_time now, struct ptn_smtp_event *ev);
ptn_time ptn_link_wake(const struct ptn_link *l);

int ptn_link_usable(const struct ptn_link *l); /* AUTH, or a mail, would be next */
int ptn_link_ready(const struct ptn_link *l); /* a mail would be next */
int ptn_link_fault(const struct ptn_link *l); /* PTN_FAULT_*, NONE while all is well */
const char *ptn_link_detail(const struct ptn_link *l);
void ptn_link_rest(struct ptn_link *l); /* idle: memory that only mails need is given back */
void ptn_link_quit(struct ptn_link *l); /* QUIT if it can be said; step on until OVER */
void ptn_link_lost(struct ptn_link *l, int fault); /* give up now; take the events, then free */

#endif
