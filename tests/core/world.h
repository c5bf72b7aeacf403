/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A world of its own for each seed: a network on an integer clock, with other segments and delays
 * each time, and SMTP servers that are as hostile as asked.  They write down what they did with
 * each mail, so that a test can compare that with what the library says of it.
 */
#ifndef TESTS_CORE_WORLD_H
#define TESTS_CORE_WORLD_H

#include "net/net.h"
#include "route/route.h"

enum { CONNECTIONS = 64, MAILS = 6, OUT = 4096, LINE = 2048 };

/* ---- One connection, with an SMTP server at its end. ---- */

enum mood { MOOD_GOOD, MOOD_REFUSED, MOOD_DROPPED, MOOD_SILENT, MOOD_BLUNT };

struct connection {
	int used, port, mood;
	ptn_time up_at; /* connected from then on */
	char out[OUT]; /* the server's octets, each ready at its time */
	ptn_time ready[OUT];
	size_t head, tail;
	int closing; /* closes once out is read */
	char line[LINE];
	size_t n;
	int data, mail; /* in content; which mail, -1 */
	int rcpt;
	size_t accepted_reply_end; /* out offset at which a 2xx to the dot is whole; 0 none */
};

struct world {
	unsigned long long seed;
	ptn_time now;
	struct connection c[CONNECTIONS];
	int n;
	int pipelining;
	int moods[PTN_ROUTE_MOST];
	struct {
		int begun, terminated; /* times its content began, its dot came */
		int answered; /* a complete valid reply to the dot was read by the client: 2, 4, 5
			       */
	} mail[MAILS];
	int hostility; /* 0: a perfect server */
	int auth; /* AUTH PLAIN is offered */
	/* the name: what asking gives, what the look-up gives (0: the addresses), when, and whether
	 * they are others'
	 */
	int name_refused, name_error, abroad, one_abroad;
	ptn_time name_at;
	int resolving; /* look-ups begun and neither answered nor stopped */
	int opened; /* connections begun */
};

extern const struct ptn_net world_net; /* the net is the struct world */

void world_begin(struct world *w, unsigned long long seed, int hostility);
unsigned world_roll(struct world *w, unsigned n); /* 0 to n - 1 */
int world_open(const struct world *w); /* connections not closed */

#endif
