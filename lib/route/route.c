/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fault.h"
#include "route/policy.h"
#include "route/route.h"

enum {
	SILENCE = 500, /* a connected candidate may say nothing for this long, ... */
	SILENCE_CONNECT = 4, /* ... or for this many times its connect time */
	GRACE = 100 /* a usable candidate waits this long for a preferred one that lives */
};

size_t ptn_route_expand(struct ptn_candidate out[PTN_ROUTE_MOST], const struct ptn_candidate *c,
			size_t n)
{
	size_t room = n < PTN_ROUTE_MOST ? PTN_ROUTE_MOST - n : 0, k = 0;

	for (size_t i = 0; i < n && k < PTN_ROUTE_MOST; i++) {
		out[k++] = c[i];
		if (c[i].guess != PTN_GUESS_MODE || !room)
			continue;
		out[k++] = (struct ptn_candidate){
			.port = c[i].port, .mode = PTN_MODE_IMPLICIT, .guess = PTN_GUESS_SILENT};
		room--;
	}
	return k;
}

void ptn_route_init(struct ptn_route *r, const struct ptn_candidate *c, size_t n, ptn_time delay)
{
	*r = (struct ptn_route){.delay = delay, .usable_at = PTN_NEVER};
	r->n = n < PTN_ROUTE_MOST ? n : PTN_ROUTE_MOST;
	/* No TLS at all is only for one candidate that was named alone: nothing falls back to it.
	 */
	r->rank = n > 1 ? 1 : 0;
	for (size_t i = 0; i < r->n; i++)
		r->c[i].want = c[i];
}

static int runs(const struct ptn_route *r, size_t i)
{
	return r->c[i].phase > PTN_WAITING && r->c[i].phase < PTN_WON;
}

/* The first in a phase, n if there is none. */
static size_t first(const struct ptn_route *r, int phase)
{
	size_t i = 0;

	while (i < r->n && r->c[i].phase != phase)
		i++;
	return i;
}

/* The second guess about a port's mode needs the first to have met silence, or TLS: never a failure
 * of security. */
static int has_ground(const struct ptn_route *r, size_t i)
{
	size_t k = 0;
	int phase, fault;

	if (r->c[i].want.guess != PTN_GUESS_SILENT)
		return 1;
	while (k < r->n && (k == i || r->c[k].want.port != r->c[i].want.port))
		k++;
	phase = k < r->n ? r->c[k].phase : PTN_WAITING;
	fault = k < r->n ? r->c[k].fault : 0;
	return phase == PTN_CONNECTED ||
	       (phase == PTN_FAILED &&
		(fault == PTN_FAULT_GREETING_SILENT || fault == PTN_FAULT_GREETING_IS_TLS));
}

/* The candidate that would be started next, n if there is none. */
static size_t next(const struct ptn_route *r)
{
	size_t i = 0;

	while (i < r->n && (r->c[i].phase != PTN_WAITING ||
			    ptn_route_rank(r->c[i].want.mode) < r->rank || !has_ground(r, i)))
		i++;
	return i;
}

/* When the patience with the candidate started last ends. */
static ptn_time patience(const struct ptn_route *r)
{
	size_t i = r->n;
	ptn_time took;

	while (i && r->c[i - 1].phase == PTN_WAITING)
		i--;
	if (!i--)
		return 0;
	switch (r->c[i].phase) {
	case PTN_TRYING:
		return r->c[i].started + r->delay;
	case PTN_CONNECTED:
		took = SILENCE_CONNECT * (r->c[i].connected - r->c[i].started);
		return r->c[i].connected + (took > SILENCE ? took : SILENCE);
	default:
		return r->c[i].ended;
	}
}

/* When the usable candidate u may win: at once, or after the grace for a preferred one. */
static ptn_time decision(const struct ptn_route *r, size_t u)
{
	return r->usable_at + (first(r, PTN_GREETED) > u ? 0 : r->delay < GRACE ? r->delay : GRACE);
}

ptn_time ptn_route_wake(const struct ptn_route *r)
{
	size_t u = first(r, PTN_USABLE);

	if (r->stopped || ptn_route_winner(r) >= 0)
		return PTN_NEVER;
	if (u < r->n)
		return decision(r, u);
	/* While one lives, nobody else is needed. */
	if (next(r) == r->n || first(r, PTN_GREETED) < r->n)
		return PTN_NEVER;
	return patience(r);
}

/* Candidates that run and are below the rank are not needed any more. */
static void drop_below(struct ptn_route *r, int rank, ptn_time now)
{
	for (size_t i = 0; i < r->n; i++) {
		if (runs(r, i) && ptn_route_rank(r->c[i].want.mode) < rank) {
			r->c[i].phase = PTN_DROPPED;
			r->c[i].ended = now;
		}
	}
}

static void drop_all(struct ptn_route *r, ptn_time now)
{
	drop_below(r, ptn_route_rank(PTN_MODE_IMPLICIT) + 1, now);
}

void ptn_route_turn(struct ptn_route *r, ptn_time now)
{
	while (ptn_route_wake(r) <= now) {
		size_t u = first(r, PTN_USABLE), i = next(r);

		if (u < r->n) {
			r->c[u].phase = PTN_WON;
			drop_all(r, now);
		} else {
			r->c[i].phase = PTN_TRYING;
			r->c[i].started = now;
		}
	}
}

/* Phases only go forward, and only a candidate that runs has any news. */
void ptn_route_tell(struct ptn_route *r, size_t i, int phase, ptn_time now)
{
	if (i >= r->n || !runs(r, i) || phase <= r->c[i].phase || phase > PTN_USABLE)
		return;
	if (r->c[i].phase == PTN_TRYING)
		r->c[i].connected = now;
	r->c[i].phase = phase;
	if (phase == PTN_USABLE) {
		r->c[i].ended = now;
		if (r->usable_at == PTN_NEVER)
			r->usable_at = now;
	}
}

void ptn_route_failed(struct ptn_route *r, size_t i, int fault, ptn_time now)
{
	int won, verdict;

	if (i >= r->n || !(runs(r, i) || r->c[i].phase == PTN_WON))
		return;
	won = r->c[i].phase == PTN_WON;
	verdict = won ? PTN_STOP : ptn_route_verdict(fault); /* after a win nobody else may try */
	r->c[i].phase = PTN_FAILED;
	r->c[i].fault = fault;
	r->c[i].ended = now;
	/* A second guess that fails only proves that the port is not what was guessed. */
	if (verdict == PTN_UP && r->c[i].want.guess == PTN_GUESS_SILENT)
		verdict = PTN_GO_ON;
	if (verdict == PTN_UP) {
		/* What runs is not below the rank, so this raises it. */
		r->rank = ptn_route_rank(r->c[i].want.mode) + 1;
		drop_below(r, r->rank, now);
	} else if (verdict != PTN_GO_ON) {
		r->stopped = (int)i + 1;
		drop_all(r, now);
	}
	if (first(r, PTN_USABLE) == r->n)
		r->usable_at = PTN_NEVER;
}

int ptn_route_winner(const struct ptn_route *r)
{
	size_t i = first(r, PTN_WON);

	return i < r->n ? (int)i : -1;
}

int ptn_route_over(const struct ptn_route *r)
{
	if (r->stopped)
		return 1;
	for (size_t i = 0; i < r->n; i++)
		if (runs(r, i) || r->c[i].phase == PTN_WON)
			return 0;
	return next(r) == r->n;
}

int ptn_route_fault(const struct ptn_route *r, size_t *which)
{
	size_t best = first(r, PTN_FAILED);

	*which = 0;
	if (!ptn_route_over(r))
		return PTN_FAULT_NONE;
	if (best == r->n)
		return PTN_FAULT_ARGUMENT; /* there was nothing that could be tried */
	if (r->stopped)
		best = (size_t)r->stopped - 1;
	else
		for (size_t i = best + 1; i < r->n; i++)
			if (r->c[i].phase == PTN_FAILED &&
			    ptn_route_telling(r->c[i].fault) > ptn_route_telling(r->c[best].fault))
				best = i;
	*which = best;
	return r->c[best].fault;
}

/* The next index from `from` on whose family is (or is not) IPv6, n if there is none. */
static size_t seek(const int *families, size_t n, size_t from, int six)
{
	while (from < n && (families[from] == 6) != six)
		from++;
	return from;
}

void ptn_route_interleave(const int *families, size_t n, size_t *order)
{
	size_t at[2] = {seek(families, n, 0, 0), seek(families, n, 0, 1)};
	int six = 1;

	for (size_t i = 0; i < n; i++) {
		if (at[six] == n)
			six = !six;
		order[i] = at[six];
		at[six] = seek(families, n, at[six] + 1, six);
		six = !six;
	}
}
