/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A man in the middle: TLS with the client, with a certificate of ours, and another TLS session
 * onward to the server that the listener is to forward to; what is said is passed on between them.
 * Both sides are of the listener's mode.  The server's certificate is not looked at.
 */
#ifndef SANDBOX_FORWARD_H
#define SANDBOX_FORWARD_H

struct conn;
struct forward;

struct forward *forward_new(struct conn *c);
struct forward *forward_far(struct conn *near); /* for the way on of near */
void forward_free(struct conn *c);
int forward_is_far(const struct conn *c);

void forward_run(struct conn *c);
void forward_connected(struct conn *c); /* the far one is, or cannot be */
void forward_closed(struct conn *c); /* the other side has closed */
int forward_awake(const struct conn *c); /* there is something to do without input */

#endif
