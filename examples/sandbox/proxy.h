/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A proxy: SOCKS5 (RFC 1928, RFC 1929) or HTTP CONNECT (RFC 9110 9.3.6), to places on this machine
 * only.  It has two connections, the near one from the client and the far one to where the client
 * asked to go; octets are passed on between them as they are.
 */
#ifndef SANDBOX_PROXY_H
#define SANDBOX_PROXY_H

struct conn;
struct proxy;

struct proxy *proxy_new(struct conn *c);
struct proxy *proxy_far(struct conn *near); /* for the way on of near */
void proxy_free(struct conn *c);
int proxy_is_far(const struct conn *c);

void proxy_run(struct conn *c); /* do what `in` allows */
void proxy_connected(struct conn *c); /* the far one is, or cannot be */
void proxy_closed(struct conn *c); /* the other side has closed; may be called again */
int proxy_awake(const struct conn *c); /* there is something to do without input */

#endif
