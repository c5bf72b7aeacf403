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

enum { CONNECTIONS = 64, MAILS = 6, MAILS_MOST = 64, RCPTS_MOST = 12, OUT = 4096, LINE = 2048 };
enum { MARKS = 1024 };

/* ---- One connection, with an SMTP server at its end. ---- */

enum mood { MOOD_GOOD, MOOD_REFUSED, MOOD_DROPPED, MOOD_SILENT, MOOD_BLUNT };

struct mark { /* from octet `end` on the reply was read that said code of it */
	size_t end;
	int *where, code;
};

struct connection {
	int used, port, mood;
	ptn_time up_at; /* connected from then on */
	char out[OUT]; /* the server's octets, each ready at its time; a ring */
	ptn_time ready[OUT];
	size_t head, tail;
	int closing; /* closes once out is read */
	int mute; /* says nothing any more */
	int serves, quit; /* greeted well; QUIT came */
	char line[LINE];
	size_t n;
	int data, mail; /* in content; which mail, -1 */
	int mails, in_mail, rcpt; /* MAIL commands; one was accepted; recipients accepted */
	struct fate *asked[RCPTS_MOST]; /* in this transaction */
	int n_asked;
	char domains[RCPTS_MOST][32];
	int n_domains;
	unsigned long long chunk; /* octets of it still to come */
	int in_chunk, last, broken; /* of BDAT; a chunk was refused */
	char text[LINE];
	size_t n_text;
	struct mark marks[MARKS];
	int n_marks, at_mark;
};

struct fate { /* of recipient k of mail i, "rK.mI@...", as the server knows it */
	int asked; /* times RCPT came */
	int said,
		heard; /* the class of the reply to RCPT, 0 for none; the same, once it was read */
	int handed; /* the end of the content came, in a transaction that asked for it */
	int taken; /* and the recipient was accepted before */
	int answered; /* the class of the reply to that, once it was read */
};

struct world {
	unsigned long long seed;
	ptn_time now;
	struct connection c[CONNECTIONS];
	int n;
	int pipelining, chunking;
	int rcpt_max, mail_max, domain_max; /* LIMITS; 0: none */
	int serves_most; /* connections at a time: 421 to further ones; 0: any number */
	int moods[PTN_ROUTE_MOST];
	struct {
		int begun, terminated; /* times its content began, its dot came */
		int answered; /* a complete valid reply to the dot was read by the client: 2, 4, 5
			       */
	} mail[MAILS_MOST];
	struct fate fates[MAILS_MOST][RCPTS_MOST];
	int most_served; /* connections with mails at a time, at most */
	int quits; /* QUIT commands */
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

/* ---- The server: world_server.c. ---- */

void world_say(struct world *w, struct connection *c, const char *text);
/* What the server answers where a good one says `good`; it may do worse.  The class of the reply, 0
 * where it is none. */
int world_answer(struct world *w, struct connection *c, const char *good);
void world_take(struct world *w, struct connection *c, char octet); /* from the client */
void world_read(struct connection *c); /* the client has read up to c->head */

#endif
