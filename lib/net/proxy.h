/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is said to a proxy until it has connected to the server: SOCKS5 (RFC 1928, RFC 1929) and
 * HTTP CONNECT (RFC 9110 9.3.6).  Octets in, octets out; no socket, no time.  The proxy is given
 * the server's name and looks it up itself.
 */
#ifndef PTN_NET_PROXY_H
#define PTN_NET_PROXY_H

#include <stddef.h>

enum { PTN_PROXY_SOCKS5, PTN_PROXY_HTTP };

struct ptn_proxy_settings { /* strings are the struct's own */
	int kind, port;
	char *host;
	char *user, *password; /* NULL: none */
};
void ptn_proxy_settings_free(struct ptn_proxy_settings *s); /* wipes; NULL is nothing */

struct ptn_proxy;

/* To reach host (a name or an address, without brackets) by way of a proxy, which is connected to.
 * set is borrowed.  NULL: out of memory. */
struct ptn_proxy *ptn_proxy_new(const struct ptn_proxy_settings *set, const char *host, int port);
void ptn_proxy_free(struct ptn_proxy *p);

/* The proxy's octets; gives how many were its own.  The rest came through the tunnel, or will never
 * be asked for.  Then: the proxy has closed the connection. */
size_t ptn_proxy_feed(struct ptn_proxy *p, const char *in, size_t len);
void ptn_proxy_ended(struct ptn_proxy *p);

/* Octets for the proxy: lent until the next call; wrote says how many were sent. */
size_t ptn_proxy_out(const struct ptn_proxy *p, const char **out);
void ptn_proxy_wrote(struct ptn_proxy *p, size_t n);

int ptn_proxy_stands(const struct ptn_proxy *p); /* the tunnel to the server does */
int ptn_proxy_fault(
	const struct ptn_proxy *p); /* PTN_FAULT_PROXY_*, NO_MEMORY; NONE while all is well */
/* What there is to be said of the fault, as the proxy said it: not fit to be shown as it is, but
 * without our credentials.  "" if nothing; lives as long as p. */
const char *ptn_proxy_detail(const struct ptn_proxy *p);
/* The request is with the proxy, and whatever takes time now is its way to the server. */
int ptn_proxy_asked(const struct ptn_proxy *p);

#endif
