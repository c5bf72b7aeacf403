/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the caller set on a handle; drive and link only read it.
 */
#ifndef PTN_SETTINGS_H
#define PTN_SETTINGS_H

#include <stddef.h>

#include "net/net.h"
#include "postern.h"
#include "route/route.h"
#include "tls/options.h"

enum { PTN_LIMITS = POSTERN_LIMIT_IDLE + 1 };

struct ptn_proxy_settings; /* net/proxy.h */
struct ptn_learned;

struct ptn_flow { /* how mails share connections */
	size_t connections; /* at most */
	unsigned window_mails; /* see struct ptn_smtp_policy */
	size_t window_octets;
	int window_data;
	unsigned without; /* PTN_CAP_* that the caller switched off */
	unsigned mails_each; /* on one connection at most; 0: any number */
	unsigned rate_mails; /* at most so many begun in rate_ms; 0: any number */
	int rate_ms;
};

struct ptn_settings {
	char *host; /* NULL: the server given to postern_new() was bad */
	char *domain; /* whose servers are discovered; NULL: host is the server */
	char *confirmed; /* these may have their own names in their certificates; or NULL */
	char *user, *password; /* NULL: no credentials */
	struct ptn_candidate ports[PTN_ROUTE_MOST];
	size_t n_ports;
	/* A function of the caller's that gives a token: see postern_set_token(); user goes with
	 * it. */
	ptrdiff_t (*get_token)(void *arg, const char *refusal, char *buf, size_t cap);
	void *token_arg;
	int binding_required; /* only -PLUS mechanisms */
	int weaker_allowed; /* an offer weaker than a remembered one is no error */
	struct ptn_learned *learned; /* what sign-ins found: learned.h; NULL: nothing is kept */
	struct ptn_trust *trust;
	struct ptn_tls_options tls; /* tls/options.h; strings and keys in it are the handle's */
	struct ptn_tls_store *sessions; /* left by connections, to be resumed; NULL: none are */
	int dane; /* TLSA records decide, where a validating resolver gives them */
	char *name, *mechanisms; /* NULL: the default */
	struct ptn_proxy_settings *proxy; /* NULL: none */
	struct ptn_address source[2]; /* family 0: any; one each for IPv4 and IPv6 */
	char *socket_path; /* the host, where it is the path of a Unix socket; NULL: it is not */
	struct ptn_flow flow;
	int limits[PTN_LIMITS]; /* milliseconds, 0 for none */
	void (*trace)(void *arg, int dir, const char *line, size_t len);
	void *trace_arg;
};

void ptn_flow_default(struct ptn_flow *f);

void ptn_trace(const struct ptn_settings *set, int dir, const char *line, size_t len);
/* A remark of several parts, ended by NULL.  Nothing is put together unless a trace is set. */
void ptn_remark(const struct ptn_settings *set, const char *const *parts);

#endif
