/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A script, played to one connection.
 */
#ifndef SANDBOX_PLAY_H
#define SANDBOX_PLAY_H

struct conn;
struct play;

struct play *play_new(struct conn *c); /* NULL: the script has no part for it */
void play_free(struct play *p);
void play_run(struct conn *c);
void play_closed(struct conn *c); /* the client has closed, and all input was seen */
int play_awake(const struct conn *c); /* it could go on without input */

#endif
