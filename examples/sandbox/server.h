/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Listeners, connections, and the loop.
 */
#ifndef SANDBOX_SERVER_H
#define SANDBOX_SERVER_H

#include "conn.h"
#include "options.h"

struct server {
	const struct options *options;
	struct listener *listeners;
	struct conn *conns;
	unsigned connections; /* so far */
	unsigned open;
	long long accepted; /* messages */
	int stopping;
	char *dir;
};

/* From here on SIGINT and SIGTERM end the loop, at once if it has not begun.  Both of these: 0, or
 * -1 after a message on stderr. */
int server_watch_signals(void);
int server_open(struct server *s, const struct options *o, const char *dir);
void server_ready(const struct server *s, struct bytes *out); /* the lines that say where it is */
int server_run(struct server *s); /* until a signal, --count or --time */
void server_close(struct server *s);
long long server_now(void); /* milliseconds */
void server_add(struct server *s, struct conn *c); /* to those that are served */
int server_full(const struct server *s); /* no more connections */
int server_prepare(int fd); /* not blocking, not inherited: 0, or -1 with errno */

#endif
