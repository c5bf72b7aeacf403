/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The server of a story, in memory: it hears lines, follows its script as far as it can, and says
 * what stands there.  Delays and segmentation are the runner's business.
 */
#ifndef STORIES_SERVER_H
#define STORIES_SERVER_H

#include "story.h"

enum server_state {
	SERVER_LISTENS, /* for a line of the client */
	SERVER_TLS, /* for a TLS handshake */
	SERVER_NOT_TLS, /* for one that it will spoil */
	SERVER_CLOSED, /* it closed the connection */
	SERVER_SILENT /* the script is over */
};

enum { SERVER_NEVER = 8, SERVER_STEPS = 256 };

struct server {
	const struct script *script;
	size_t at;
	long turns[SERVER_STEPS]; /* of each repeat, so far */
	struct octets heard, said; /* not read yet; not delivered yet */
	size_t read, delivered;
	struct octets last; /* the client's last line */
	const struct script_step *never[SERVER_NEVER];
	size_t n_never;
	int deaf; /* it reads nothing any more */
	char wrong[400];
};

void server_begin(struct server *v, const struct script *script);
void server_end(struct server *v);
void server_hear(struct server *v, const char *p, size_t n);
enum server_state server_run(struct server *v);
void server_tls_over(struct server *v);

#endif
