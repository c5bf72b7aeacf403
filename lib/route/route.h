/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The port policy: which candidate starts when, which failure lets the next one try, and when to
 * stop.  Pure: no sockets, no clock, no memory of its own; `now` is milliseconds on any clock that
 * does not go back.
 *
 * A candidate's life: WAITING -> TRYING -> CONNECTED -> GREETED -> USABLE -> WON, or FAILED or
 * DROPPED on the way.  Usable means verified TLS (or none where the caller named that) and EHLO
 * answered: AUTH would be next.  Only the winner goes on.
 */
#ifndef PTN_ROUTE_ROUTE_H
#define PTN_ROUTE_ROUTE_H

#include <stddef.h>

typedef long long ptn_time; /* milliseconds */
#define PTN_NEVER ((ptn_time)0x7FFFFFFFFFFFFFFF)

enum ptn_mode { PTN_MODE_STARTTLS, PTN_MODE_IMPLICIT, PTN_MODE_OPPORTUNISTIC, PTN_MODE_NONE };
enum { PTN_ROUTE_MOST = 8 };

struct ptn_candidate { /* what the caller wants tried */
	int port;
	int mode;  /* enum ptn_mode */
	int guess; /* the mode was not named and the port is none of the known ones (enum ptn_guess) */
};
enum ptn_guess {
	PTN_GUESS_NONE,
	PTN_GUESS_MODE, /* STARTTLS is a guess */
	PTN_GUESS_SILENT /* the same port with implicit TLS, once the guess above proved silent */
};

enum ptn_phase {
	PTN_WAITING,
	PTN_TRYING,    /* connecting */
	PTN_CONNECTED, /* TCP is up, nothing was heard */
	PTN_GREETED,   /* first octets were heard: the service lives */
	PTN_USABLE,
	PTN_WON,
	PTN_FAILED,
	PTN_DROPPED /* not needed any more: to be closed by the caller */
};

struct ptn_route {
	struct {
		struct ptn_candidate want;
		int phase;
		int fault;          /* PTN_FAULT_* once FAILED */
		ptn_time started, connected;
		ptn_time ended; /* when it became usable, failed or was dropped */
	} c[PTN_ROUTE_MOST];
	size_t n;
	ptn_time delay; /* attempt delay, 250 */
	ptn_time usable_at; /* when the first became usable; PTN_NEVER */
	int stopped;    /* 1 + the candidate whose fault ended everything, else 0 */
	int rank;       /* lowest security rank that may still be tried */
};

/* A list in which every guessed mode is followed by its alternative, as far as there is room.  Gives
 * the new length. */
size_t ptn_route_expand(struct ptn_candidate out[PTN_ROUTE_MOST], const struct ptn_candidate *c, size_t n);

void ptn_route_init(struct ptn_route *r, const struct ptn_candidate *c, size_t n, ptn_time delay);

/* Let time pass: starts what is due, decides the winner, drops losers (by changing phases).  The
 * caller acts on the phases that changed.  Called after every tell, and at ptn_route_wake(). */
void ptn_route_turn(struct ptn_route *r, ptn_time now);
ptn_time ptn_route_wake(const struct ptn_route *r);

/* What happened to candidate i.  phase: CONNECTED, GREETED or USABLE; failed: PTN_FAULT_*. */
void ptn_route_tell(struct ptn_route *r, size_t i, int phase, ptn_time now);
void ptn_route_failed(struct ptn_route *r, size_t i, int fault, ptn_time now);

int ptn_route_winner(const struct ptn_route *r); /* index, or -1 */
/* 1: nobody won and nobody can any more, or the winner failed. */
int ptn_route_over(const struct ptn_route *r);
/* The fault to report when over: the one that stopped, else the most telling of all. */
int ptn_route_fault(const struct ptn_route *r, size_t *i);

/* What a fault means for the others (RFC and reasons are in the table). */
enum ptn_verdict {
	PTN_GO_ON, /* the next candidate may try */
	PTN_UP,    /* only one of higher rank: implicit TLS */
	PTN_STAY,  /* right service, wrong moment: nobody else */
	PTN_STOP   /* everything ends at once */
};
int ptn_route_verdict(int fault);
int ptn_route_rank(int mode); /* implicit 2, STARTTLS 1, the rest 0 */

/* The order in which a host's addresses are tried (RFC 8305 4): families[i] is 4 or 6; order gets
 * the n indexes, IPv6 first, then alternating, each family in the order given. */
void ptn_route_interleave(const int *families, size_t n, size_t *order);

#endif
