/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The port policy on a clock of integers.  A port's behaviour is a script; the oracle below says
 * what must follow, tick by tick, in its own words.
 */
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "main.h"
#include "route/route.h"

/* Check notes every assertion that holds, which is too slow for millions. */
#define must(what, ...) \
	do { \
		if (!(what)) \
			ck_abort_msg(__VA_ARGS__); \
	} while (0)

enum { NO = -1, TICK = 5 };

/* What a port does, in ms after its start, multiples of TICK.  A winner with a fault fails `end` ms
 * after it won. */
struct script {
	const char *name;
	int connect, greet, usable, end;
	int fault;
	char then; /* 'g' go on, 'u' up, 's' stop, ' ' it is fine */
	int weight; /* of several that let others try, the heaviest is reported */
};

static const struct script kinds[] = {
	{"fine", 20, 40, 150, NO, 0, ' ', 0},
	{"slow but fine", 200, 400, 900, NO, 0, ' ', 0},
	{"very slow to connect, then fine", 700, 800, 1000, NO, 0, ' ', 0},
	{"refused", NO, NO, NO, 10, PTN_FAULT_CONNECT_REFUSED, 'g', 1},
	{"SYN dropped", NO, NO, NO, 1200, PTN_FAULT_CONNECT_TIMEOUT, 'g', 1},
	{"unreachable", NO, NO, NO, 0, PTN_FAULT_CONNECT_UNREACHABLE, 'g', 1},
	{"forbidden", NO, NO, NO, 0, PTN_FAULT_CONNECT_FORBIDDEN, 'g', 1},
	{"closed before a word", 20, NO, NO, 40, PTN_FAULT_GREETING_CLOSED, 'g', 2},
	{"silent", 20, NO, NO, 1500, PTN_FAULT_GREETING_SILENT, 'g', 2},
	{"greeting 554", 20, 40, NO, 45, PTN_FAULT_GREETING_REFUSED, 'g', 4},
	{"late greeting 554", 20, 600, NO, 610, PTN_FAULT_GREETING_REFUSED, 'g', 4},
	{"greeting 421", 20, 40, NO, 45, PTN_FAULT_GREETING_BUSY, 's', 0},
	{"late greeting 421", 20, 800, NO, 805, PTN_FAULT_GREETING_BUSY, 's', 0},
	{"HTTP", 20, 40, NO, 45, PTN_FAULT_GREETING_NOT_SMTP, 'g', 3},
	{"TLS first", 20, 40, NO, 45, PTN_FAULT_GREETING_IS_TLS, 'g', 3},
	{"EHLO 502", 20, 40, NO, 60, PTN_FAULT_EHLO_REFUSED, 'u', 5},
	{"EHLO 421", 20, 40, NO, 60, PTN_FAULT_EHLO_BUSY, 's', 0},
	{"closed at EHLO", 20, 40, NO, 60, PTN_FAULT_EHLO_CLOSED, 'u', 5},
	{"no STARTTLS", 20, 40, NO, 60, PTN_FAULT_STARTTLS_MISSING, 'u', 8},
	{"no STARTTLS, late", 20, 600, NO, 900, PTN_FAULT_STARTTLS_MISSING, 'u', 8},
	{"STARTTLS 454", 20, 40, NO, 80, PTN_FAULT_STARTTLS_BUSY, 'u', 6},
	{"octets after the 220", 20, 40, NO, 80, PTN_FAULT_STARTTLS_INJECTED, 's', 0},
	{"TLS alert", 20, 40, NO, 100, PTN_FAULT_TLS_ALERT, 'u', 7},
	{"TLS silent", 20, 40, NO, 1500, PTN_FAULT_TLS_TIMEOUT, 'u', 7},
	{"wrong name", 20, 40, NO, 120, PTN_FAULT_CERT_WRONG_NAME, 's', 0},
	{"wrong name, late", 100, 300, NO, 800, PTN_FAULT_CERT_WRONG_NAME, 's', 0},
	{"EHLO 5yz in TLS", 20, 40, NO, 140, PTN_FAULT_HELLO_REFUSED, 's', 0},
	{"no mechanism", 20, 40, 150, 5, PTN_FAULT_AUTH_NO_MECHANISM, 's', 0},
	{"AUTH 535", 20, 40, 150, 50, PTN_FAULT_AUTH_REFUSED, 's', 0},
	{"AUTH 454", 20, 40, 150, 50, PTN_FAULT_AUTH_BUSY, 's', 0},
};
enum { KINDS = sizeof kinds / sizeof *kinds };

struct outcome {
	ptn_time start[PTN_ROUTE_MOST]; /* NO: never started */
	int winner; /* index, or NO */
	ptn_time won;
	int fault;
	size_t which;
};

/* ---- the library, led by the scripts ------------------------------------------------------- */

static ptn_time earlier(ptn_time a, ptn_time b)
{
	return a < b ? a : b;
}

/* When candidate i of a route has its next news, PTN_NEVER if none is to come. */
static ptn_time news_at(const struct ptn_route *r, size_t i, const struct script *s, ptn_time won)
{
	ptn_time t = r->c[i].started;
	ptn_time end = s->end == NO || s->usable != NO ? PTN_NEVER : t + s->end;

	switch (r->c[i].phase) {
	case PTN_TRYING:
		return earlier(end, s->connect == NO ? PTN_NEVER : t + s->connect);
	case PTN_CONNECTED:
		return earlier(end, s->greet == NO ? PTN_NEVER : t + s->greet);
	case PTN_GREETED:
		return s->usable == NO ? end : t + s->usable;
	case PTN_WON:
		return s->end == NO ? PTN_NEVER : won + s->end;
	default:
		return PTN_NEVER;
	}
}

static void tell_news(struct ptn_route *r, size_t i, const struct script *s, ptn_time now)
{
	ptn_time age = now - r->c[i].started;

	if (r->c[i].phase == PTN_WON || (s->usable == NO && s->end != NO && age >= s->end))
		ptn_route_failed(r, i, s->fault, now);
	else if (r->c[i].phase == PTN_TRYING)
		ptn_route_tell(r, i, PTN_CONNECTED, now);
	else if (r->c[i].phase == PTN_CONNECTED)
		ptn_route_tell(r, i, PTN_GREETED, now);
	else
		ptn_route_tell(r, i, PTN_USABLE, now);
}

static int same(const struct ptn_route *a, const struct ptn_route *b)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->c[i].phase != b->c[i].phase)
			return 0;
	return 1;
}

static void run(const struct ptn_candidate *c, const struct script *const *s, size_t n,
		ptn_time delay, struct outcome *o)
{
	struct ptn_route r, before;
	ptn_time now = 0;

	*o = (struct outcome){.winner = NO, .won = NO};
	ptn_route_init(&r, c, n, delay);
	for (int steps = 0; now < PTN_NEVER; steps++) {
		ptn_time then;

		must(steps < 200, "does not end");
		for (size_t i = 0; i < n; i++)
			while (news_at(&r, i, s[i], o->won) <= now)
				tell_news(&r, i, s[i], now);
		ptn_route_turn(&r, now);
		if (o->winner == NO && ptn_route_winner(&r) >= 0) {
			o->winner = ptn_route_winner(&r);
			o->won = now;
		}
		/* What is due was done, and nothing is done before it is due. */
		then = ptn_route_wake(&r);
		must(then > now, "due again at once");
		before = r;
		ptn_route_turn(&r, then - 1);
		must(same(&before, &r), "early");
		for (size_t i = 0; i < n; i++)
			then = earlier(then, news_at(&r, i, s[i], o->won));
		/* A candidate may be told something at the very moment it started. */
		now = then;
	}
	for (size_t i = 0; i < n; i++)
		o->start[i] = r.c[i].phase == PTN_WAITING ? NO : r.c[i].started;
	o->fault = ptn_route_fault(&r, &o->which);
	if (ptn_route_over(&r))
		o->winner = NO;
}

/* ---- the oracle ----------------------------------------------------------------------------- */

struct world {
	const struct ptn_candidate *c;
	const struct script *const *s;
	size_t n;
	ptn_time delay;
	ptn_time start[PTN_ROUTE_MOST];
	int out[PTN_ROUTE_MOST]; /* 'f' failed, 'd' dropped */
	int only_implicit, nobody; /* who may still start */
	int winner;
	ptn_time won, usable_since;
};

static int alive(const struct world *w, size_t i)
{
	return w->start[i] != NO && !w->out[i];
}

static int past(const struct world *w, size_t i, int moment, ptn_time now)
{
	return alive(w, i) && moment != NO && now - w->start[i] >= moment;
}

static void discard(struct world *w, int implicit_too)
{
	for (size_t i = 0; i < w->n; i++)
		if (alive(w, i) && (implicit_too || w->c[i].mode != PTN_MODE_IMPLICIT))
			w->out[i] = 'd';
}

/* 1: this ends everything. */
static int fails(struct world *w, size_t i)
{
	w->out[i] = 'f';
	switch (w->s[i]->then) {
	case 's':
		return 1;
	case 'u':
		w->only_implicit = 1;
		w->nobody |= w->c[i].mode == PTN_MODE_IMPLICIT;
		discard(w, w->nobody);
	}
	return 0;
}

/* The first one who may start, or n. */
static size_t fresh(const struct world *w)
{
	for (size_t i = 0; i < w->n && !w->nobody; i++)
		if (w->start[i] == NO && !(w->only_implicit && w->c[i].mode != PTN_MODE_IMPLICIT))
			return i;
	return w->n;
}

static int wants_another(const struct world *w, ptn_time now)
{
	size_t last = w->n;
	const struct script *s;
	ptn_time age;

	for (size_t i = 0; i < w->n; i++) {
		if (past(w, i, w->s[i]->greet, now))
			return 0;
		if (w->start[i] != NO)
			last = i;
	}
	if (last == w->n || w->out[last])
		return 1;
	s = w->s[last];
	age = now - w->start[last];
	if (s->connect == NO || age < s->connect)
		return age >= w->delay;
	return age - s->connect >= 500 && age - s->connect >= 4 * s->connect;
}

static int try_to_win(struct world *w, ptn_time now)
{
	int lives = 0; /* a preferred one has spoken */

	for (size_t i = 0; i < w->n; i++) {
		if (past(w, i, w->s[i]->usable, now)) {
			if (w->usable_since == NO)
				w->usable_since = now;
			if (!lives || now - w->usable_since >= 100 ||
			    now - w->usable_since >= w->delay) {
				w->winner = (int)i;
				w->won = now;
			}
			return 1;
		}
		lives |= past(w, i, w->s[i]->greet, now);
	}
	w->usable_since = NO;
	return 0;
}

static void foretell(struct world *w, struct outcome *o)
{
	int live = 1;

	*o = (struct outcome){.winner = NO, .won = NO};
	w->winner = NO;
	w->usable_since = NO;
	for (size_t i = 0; i < w->n; i++)
		w->start[i] = NO;
	for (ptn_time now = 0; live && w->winner == NO; now += TICK) {
		for (size_t i = 0; i < w->n; i++) {
			if (w->s[i]->usable == NO && past(w, i, w->s[i]->end, now) && fails(w, i)) {
				o->fault = w->s[i]->fault;
				o->which = i;
				goto end;
			}
		}
		while (!try_to_win(w, now) && fresh(w) < w->n && wants_another(w, now)) {
			size_t i = fresh(w);

			w->start[i] = now;
			if (w->s[i]->end == 0 && fails(w, i)) {
				o->fault = w->s[i]->fault;
				o->which = i;
				goto end;
			}
		}
		live = fresh(w) < w->n;
		for (size_t i = 0; i < w->n; i++)
			live |= alive(w, i);
	}
	o->winner = w->winner;
	o->won = w->won;
	if (w->winner != NO && w->s[w->winner]->fault) {
		o->fault = w->s[w->winner]->fault;
		o->which = (size_t)w->winner;
		o->winner = NO;
	} else if (w->winner == NO) {
		int best = 0;

		for (size_t i = 0; i < w->n; i++) {
			if (w->out[i] == 'f' && w->s[i]->weight > best) {
				best = w->s[i]->weight;
				o->fault = w->s[i]->fault;
				o->which = i;
			}
		}
	}
end:
	memcpy(o->start, w->start, sizeof o->start);
}

static void compare(const struct ptn_candidate *c, const struct script *const *s, size_t n,
		    ptn_time delay)
{
	struct world w = {.c = c, .s = s, .n = n, .delay = delay};
	struct outcome is, must;
	char where[400] = "";

	for (size_t i = 0; i < n; i++)
		snprintf(where + strlen(where), sizeof where - strlen(where), "%d: %s; ", c[i].port,
			 s[i]->name);
	foretell(&w, &must);
	run(c, s, n, delay, &is);
	for (size_t i = 0; i < n; i++)
		must(is.start[i] == must.start[i], "%sstart of %d: %lld, not %lld", where,
		     c[i].port, is.start[i], must.start[i]);
	must(is.winner == must.winner, "%swinner %d, not %d", where, is.winner, must.winner);
	if (must.winner != NO)
		must(is.won == must.won, "%swon at %lld, not %lld", where, is.won, must.won);
	must(is.fault == must.fault, "%sfault %s, not %s", where, ptn_fault_id(is.fault),
	     ptn_fault_id(must.fault));
	must(is.which == must.which, "%sblames %zu, not %zu", where, is.which, must.which);
}

static const struct ptn_candidate usual[] = {
	{587, PTN_MODE_STARTTLS, 0}, {465, PTN_MODE_IMPLICIT, 0}, {2525, PTN_MODE_STARTTLS, 0}};
static const struct ptn_candidate starttls_first[] = {
	{587, PTN_MODE_STARTTLS, 0}, {2525, PTN_MODE_STARTTLS, 0}, {465, PTN_MODE_IMPLICIT, 0}};
static const struct ptn_candidate implicit_first[] = {
	{465, PTN_MODE_IMPLICIT, 0}, {587, PTN_MODE_STARTTLS, 0}, {2525, PTN_MODE_STARTTLS, 0}};

START_TEST(each_alone)
{
	const struct script *s[] = {&kinds[_i]};

	for (size_t i = 0; i < 3; i++)
		compare(&usual[i], s, 1, 250);
}
END_TEST

START_TEST(each_pair_on_587_and_465)
{
	for (int j = 0; j < KINDS; j++) {
		const struct script *s[] = {&kinds[_i], &kinds[j]};

		compare(usual, s, 2, 250);
		compare(implicit_first, s, 2, 250);
		compare(usual, s, 2, 10);
		compare(usual, s, 2, 2000);
	}
}
END_TEST

START_TEST(each_three)
{
	for (int j = 0; j < KINDS; j++) {
		for (int k = 0; k < KINDS; k++) {
			const struct script *s[] = {&kinds[_i], &kinds[j], &kinds[k]};

			compare(usual, s, 3, 250);
		}
	}
}
END_TEST

START_TEST(each_three_in_other_orders)
{
	for (int j = 0; j < KINDS; j++) {
		for (int k = 0; k < KINDS; k++) {
			const struct script *s[] = {&kinds[_i], &kinds[j], &kinds[k]};

			compare(starttls_first, s, 3, 250);
			compare(implicit_first, s, 3, 250);
		}
	}
}
END_TEST

/* ---- by hand: one port fails, the others are fine -------------------------------------------- */

static const struct {
	const char *kind;
	/* Failing on each port in turn of 587 465 2525, the earlier ones refusing TCP after 10 ms:
	 * the starts of all three, and who wins (or NO). */
	struct {
		int start[3], winner;
	} on[3];
} alone[] = {
	{"fine", {{{0, NO, NO}, 0}, {{0, 10, NO}, 1}, {{0, 10, 20}, 2}}},
	{"refused", {{{0, 10, NO}, 1}, {{0, 10, 20}, 2}, {{0, 10, 20}, NO}}},
	{"SYN dropped", {{{0, 250, NO}, 1}, {{0, 10, 260}, 2}, {{0, 10, 20}, NO}}},
	{"unreachable", {{{0, 0, NO}, 1}, {{0, 10, 10}, 2}, {{0, 10, 20}, NO}}},
	{"closed before a word", {{{0, 40, NO}, 1}, {{0, 10, 50}, 2}, {{0, 10, 20}, NO}}},
	{"silent", {{{0, 520, NO}, 1}, {{0, 10, 530}, 2}, {{0, 10, 20}, NO}}},
	{"greeting 554", {{{0, 45, NO}, 1}, {{0, 10, 55}, 2}, {{0, 10, 20}, NO}}},
	{"greeting 421", {{{0, NO, NO}, NO}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"HTTP", {{{0, 45, NO}, 1}, {{0, 10, 55}, 2}, {{0, 10, 20}, NO}}},
	{"TLS first", {{{0, 45, NO}, 1}, {{0, 10, 55}, 2}, {{0, 10, 20}, NO}}},
	{"EHLO 502", {{{0, 60, NO}, 1}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"no STARTTLS", {{{0, 60, NO}, 1}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"STARTTLS 454", {{{0, 80, NO}, 1}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"octets after the 220", {{{0, NO, NO}, NO}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"TLS alert", {{{0, 100, NO}, 1}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"TLS silent", {{{0, 1500, NO}, 1}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"wrong name", {{{0, NO, NO}, NO}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"EHLO 5yz in TLS", {{{0, NO, NO}, NO}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"no mechanism", {{{0, NO, NO}, NO}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"AUTH 535", {{{0, NO, NO}, NO}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
	{"AUTH 454", {{{0, NO, NO}, NO}, {{0, 10, NO}, NO}, {{0, 10, 20}, NO}}},
};

static const struct script *kind(const char *name)
{
	for (int i = 0; i < KINDS; i++)
		if (!strcmp(kinds[i].name, name))
			return &kinds[i];
	ck_abort_msg("no kind %s", name);
	return NULL;
}

START_TEST(each_failure_on_each_port)
{
	const struct script *bad = kind(alone[_i].kind), *fine = kind("fine");

	for (size_t at = 0; at < 3; at++) {
		const struct script *s[3];
		struct outcome o;

		for (size_t i = 0; i < 3; i++)
			s[i] = i < at ? kind("refused") : i == at ? bad : fine;
		run(usual, s, 3, 250, &o);
		for (size_t i = 0; i < 3; i++)
			ck_assert_msg(o.start[i] == alone[_i].on[at].start[i],
				      "%s on %d: start of %d is %lld", bad->name, usual[at].port,
				      usual[i].port, o.start[i]);
		ck_assert_msg(o.winner == alone[_i].on[at].winner, "%s on %d: winner %d", bad->name,
			      usual[at].port, o.winner);
		if (o.winner == NO && !(at == 2 && bad->weight == 1))
			ck_assert_int_eq(o.fault, bad->fault);
	}
}
END_TEST

/* ---- step by step -----------------------------------------------------------------------------
 */

static struct ptn_route begin(ptn_time delay)
{
	struct ptn_route r;

	ptn_route_init(&r, usual, 3, delay);
	ck_assert_int_eq(ptn_route_winner(&r), -1);
	ck_assert_int_eq(ptn_route_over(&r), 0);
	ck_assert_int_le(ptn_route_wake(&r), 0);
	ptn_route_turn(&r, 0);
	ck_assert_int_eq(r.c[0].phase, PTN_TRYING);
	ck_assert_int_eq(r.c[1].phase, PTN_WAITING);
	return r;
}

START_TEST(dropped_syn)
{
	struct ptn_route r = begin(250);

	ck_assert_int_eq(ptn_route_wake(&r), 250);
	ptn_route_turn(&r, 249);
	ck_assert_int_eq(r.c[1].phase, PTN_WAITING);
	ptn_route_turn(&r, 250);
	ck_assert_int_eq(r.c[1].phase, PTN_TRYING);
	ck_assert_int_eq(r.c[1].started, 250);
	ck_assert_int_eq(r.c[2].phase, PTN_WAITING);
	ck_assert_int_eq(ptn_route_wake(&r), 500);
}
END_TEST

START_TEST(silence_after_a_quick_connect)
{
	struct ptn_route r = begin(250);

	ptn_route_tell(&r, 0, PTN_CONNECTED, 10);
	ptn_route_turn(&r, 10);
	ck_assert_int_eq(ptn_route_wake(&r), 510);
	ptn_route_turn(&r, 509);
	ck_assert_int_eq(r.c[1].phase, PTN_WAITING);
	ptn_route_turn(&r, 510);
	ck_assert_int_eq(r.c[1].started, 510);
}
END_TEST

START_TEST(silence_after_a_slow_connect)
{
	struct ptn_route r = begin(250);

	ptn_route_tell(&r, 0, PTN_CONNECTED, 200);
	ck_assert_int_eq(ptn_route_wake(&r), 200 + 4 * 200);
}
END_TEST

/* Nobody says anything: all are tried soon, and 45 s of time limits end in the first fault. */
START_TEST(all_silent)
{
	struct ptn_route r = begin(250);
	size_t which;

	ptn_route_turn(&r, 250);
	ptn_route_turn(&r, 500);
	ck_assert_int_eq(r.c[2].phase, PTN_TRYING);
	ck_assert_int_eq(ptn_route_wake(&r), PTN_NEVER);
	for (size_t i = 0; i < 3; i++) {
		ck_assert_int_eq(ptn_route_over(&r), 0);
		ck_assert_int_eq(ptn_route_fault(&r, &which), PTN_FAULT_NONE);
		ptn_route_failed(&r, i, PTN_FAULT_CONNECT_TIMEOUT, 45000 + r.c[i].started);
		ptn_route_turn(&r, 45000 + r.c[i].started);
	}
	ck_assert_int_eq(ptn_route_over(&r), 1);
	ck_assert_int_eq(ptn_route_fault(&r, &which), PTN_FAULT_CONNECT_TIMEOUT);
	ck_assert_uint_eq(which, 0);
}
END_TEST

/* 587 lives and 465 is usable first: the grace, its end, and its early ends. */
static struct ptn_route in_grace(void)
{
	struct ptn_route r = begin(250);

	ptn_route_turn(&r, 250);
	ptn_route_tell(&r, 0, PTN_CONNECTED, 255);
	ptn_route_tell(&r, 0, PTN_GREETED, 260);
	ptn_route_tell(&r, 1, PTN_GREETED, 270);
	ptn_route_tell(&r, 1, PTN_USABLE, 300);
	ptn_route_turn(&r, 300);
	ck_assert_int_eq(ptn_route_winner(&r), -1);
	ck_assert_int_eq(ptn_route_wake(&r), 400);
	return r;
}

START_TEST(grace_passes)
{
	struct ptn_route r = in_grace();

	ptn_route_turn(&r, 399);
	ck_assert_int_eq(ptn_route_winner(&r), -1);
	ptn_route_turn(&r, 400);
	ck_assert_int_eq(ptn_route_winner(&r), 1);
	ck_assert_int_eq(r.c[0].phase, PTN_DROPPED);
	ck_assert_int_eq(r.c[1].ended, 300);
	ck_assert_int_eq(r.c[2].phase, PTN_WAITING);
	ck_assert_int_eq(ptn_route_wake(&r), PTN_NEVER);
	ck_assert_int_eq(ptn_route_over(&r), 0);
}
END_TEST

START_TEST(preferred_arrives_in_grace)
{
	struct ptn_route r = in_grace();

	ptn_route_tell(&r, 0, PTN_USABLE, 350);
	ptn_route_turn(&r, 350);
	ck_assert_int_eq(ptn_route_winner(&r), 0);
	ck_assert_int_eq(r.c[1].phase, PTN_DROPPED);
}
END_TEST

static const struct {
	int fault, winner, fault_at_end;
} in_the_grace[] = {
	{PTN_FAULT_GREETING_REFUSED, 1, 0},
	{PTN_FAULT_STARTTLS_MISSING, 1, 0},
	{PTN_FAULT_TLS_ALERT, 1, 0},
	{PTN_FAULT_GREETING_BUSY, NO, PTN_FAULT_GREETING_BUSY},
	{PTN_FAULT_CERT_SELF_SIGNED, NO, PTN_FAULT_CERT_SELF_SIGNED},
	{PTN_FAULT_STARTTLS_INJECTED, NO, PTN_FAULT_STARTTLS_INJECTED},
};

START_TEST(preferred_fails_in_grace)
{
	struct ptn_route r = in_grace();
	size_t which;

	ptn_route_failed(&r, 0, in_the_grace[_i].fault, 350);
	ptn_route_turn(&r, 350);
	ck_assert_int_eq(ptn_route_winner(&r), in_the_grace[_i].winner);
	ck_assert_int_eq(ptn_route_fault(&r, &which), in_the_grace[_i].fault_at_end);
}
END_TEST

START_TEST(usable_fails_in_grace)
{
	struct ptn_route r = in_grace();

	ptn_route_failed(&r, 1, PTN_FAULT_TLS_CLOSED, 310);
	ptn_route_turn(&r, 310);
	ck_assert_int_eq(r.c[0].phase, PTN_DROPPED); /* nothing is above implicit TLS */
	ck_assert_int_eq(ptn_route_over(&r), 1);
}
END_TEST

START_TEST(second_grace_begins_anew)
{
	struct ptn_route r = begin(250);

	ptn_route_turn(&r, 250);
	ptn_route_turn(&r, 500);
	ptn_route_tell(&r, 0, PTN_GREETED, 510);
	ptn_route_tell(&r, 2, PTN_USABLE, 520);
	ptn_route_failed(&r, 2, PTN_FAULT_GREETING_CLOSED, 530);
	ptn_route_turn(&r, 530);
	ptn_route_tell(&r, 1, PTN_USABLE, 700);
	ptn_route_turn(&r, 700);
	ck_assert_int_eq(ptn_route_winner(&r), -1);
	ck_assert_int_eq(ptn_route_wake(&r), 800);
}
END_TEST

START_TEST(grace_counts_from_the_first_usable)
{
	struct ptn_route r = begin(250);

	ptn_route_turn(&r, 250);
	ptn_route_turn(&r, 500);
	ptn_route_tell(&r, 0, PTN_GREETED, 510);
	ptn_route_tell(&r, 1, PTN_GREETED, 515);
	ptn_route_tell(&r, 2, PTN_USABLE, 520);
	ptn_route_turn(&r, 520);
	ptn_route_tell(&r, 1, PTN_USABLE, 600);
	ptn_route_turn(&r, 600);
	ck_assert_int_eq(ptn_route_wake(&r), 620);
	ptn_route_turn(&r, 620);
	ck_assert_int_eq(ptn_route_winner(&r), 1);
	ck_assert_int_eq(r.c[2].phase, PTN_DROPPED);
}
END_TEST

START_TEST(no_grace_for_the_silent)
{
	struct ptn_route r = begin(250);

	ptn_route_turn(&r, 250);
	if (_i)
		ptn_route_tell(&r, 0, PTN_CONNECTED, 260);
	ptn_route_tell(&r, 1, PTN_CONNECTED, 261);
	ptn_route_tell(&r, 1, PTN_GREETED, 270);
	ptn_route_tell(&r, 1, PTN_USABLE, 300);
	ptn_route_turn(&r, 300);
	ck_assert_int_eq(ptn_route_winner(&r), 1);
	ck_assert_int_eq(r.c[0].phase, PTN_DROPPED);
}
END_TEST

START_TEST(grace_is_not_longer_than_the_delay)
{
	struct ptn_route r = begin(30);

	ptn_route_turn(&r, 30);
	ptn_route_tell(&r, 0, PTN_GREETED, 35);
	ptn_route_tell(&r, 1, PTN_USABLE, 40);
	ck_assert_int_eq(ptn_route_wake(&r), 70);
}
END_TEST

START_TEST(the_living_are_waited_for)
{
	struct ptn_route r = begin(250);

	ptn_route_turn(&r, 250);
	ptn_route_tell(&r, 0, PTN_GREETED, 300);
	ptn_route_failed(&r, 1, PTN_FAULT_CONNECT_REFUSED, 310);
	ptn_route_turn(&r, 310);
	ck_assert_int_eq(ptn_route_wake(&r), PTN_NEVER);
	ck_assert_int_eq(r.c[2].phase, PTN_WAITING);
	ptn_route_failed(&r, 0, PTN_FAULT_GREETING_REFUSED, 5000);
	ptn_route_turn(&r, 5000);
	ck_assert_int_eq(r.c[2].started, 5000);
}
END_TEST

/* STARTTLS was removed on 587: 2525, though usable, is dropped; 465 starts at once. */
START_TEST(never_a_lower_rank_after_up)
{
	struct ptn_route r;

	ptn_route_init(&r, starttls_first, 3, 250);
	ptn_route_turn(&r, 0);
	ptn_route_turn(&r, 250);
	ptn_route_tell(&r, 0, PTN_GREETED, 260);
	ptn_route_tell(&r, 1, PTN_USABLE, 270);
	ptn_route_failed(&r, 0, PTN_FAULT_STARTTLS_MISSING, 280);
	ck_assert_int_eq(r.c[1].phase, PTN_DROPPED);
	ck_assert_int_eq(ptn_route_over(&r), 0);
	ptn_route_turn(&r, 280);
	ck_assert_int_eq(ptn_route_winner(&r), -1);
	ck_assert_int_eq(r.c[2].phase, PTN_TRYING);
	ck_assert_int_eq(r.c[2].started, 280);
}
END_TEST

START_TEST(winner_is_not_touched_by_others)
{
	struct ptn_route r = begin(250);

	ptn_route_turn(&r, 250);
	ptn_route_tell(&r, 1, PTN_USABLE, 300);
	ptn_route_turn(&r, 300);
	ptn_route_failed(&r, 0, PTN_FAULT_STARTTLS_INJECTED, 301);
	ptn_route_tell(&r, 0, PTN_USABLE, 302);
	ptn_route_turn(&r, 303);
	ck_assert_int_eq(ptn_route_winner(&r), 1);
	ck_assert_int_eq(r.c[0].phase, PTN_DROPPED);
	ck_assert_int_eq(r.stopped, 0);
}
END_TEST

START_TEST(winner_that_fails_ends_it)
{
	static const int faults[] = {PTN_FAULT_AUTH_REFUSED, PTN_FAULT_AUTH_BUSY, PTN_FAULT_LOST,
				     PTN_FAULT_CONNECT_REFUSED};
	struct ptn_route r = begin(250);
	size_t which;

	ptn_route_turn(&r, 250);
	ptn_route_tell(&r, 1, PTN_USABLE, 300);
	ptn_route_turn(&r, 300);
	ptn_route_failed(&r, 1, faults[_i], 310);
	ptn_route_turn(&r, 310);
	ck_assert_int_eq(ptn_route_over(&r), 1);
	ck_assert_int_eq(ptn_route_fault(&r, &which), faults[_i]);
	ck_assert_uint_eq(which, 1);
	ck_assert_int_eq(r.c[2].phase, PTN_WAITING);
}
END_TEST

START_TEST(news_of_the_idle_is_ignored)
{
	struct ptn_route r = begin(250), before = r;

	ptn_route_tell(&r, 1, PTN_USABLE, 1);
	ptn_route_failed(&r, 1, PTN_FAULT_CERT_EXPIRED, 1);
	ptn_route_tell(&r, 7, PTN_USABLE, 1);
	ptn_route_failed(&r, 7, PTN_FAULT_CERT_EXPIRED, 1);
	ptn_route_tell(&r, 0, PTN_WON, 1);
	ptn_route_tell(&r, 0, PTN_FAILED, 1);
	ptn_route_tell(&r, 0, PTN_TRYING, 1);
	ck_assert_mem_eq(&r, &before, sizeof r);
	ptn_route_tell(&r, 0, PTN_CONNECTED, 20);
	ptn_route_tell(&r, 0, PTN_GREETED, 25);
	ptn_route_tell(&r, 0, PTN_CONNECTED, 30);
	ck_assert_int_eq(r.c[0].phase, PTN_GREETED);
	ck_assert_int_eq(r.c[0].connected, 20);
}
END_TEST

START_TEST(without_tls_only_alone)
{
	static const struct ptn_candidate plain[] = {{1025, PTN_MODE_NONE, 0},
						     {587, PTN_MODE_STARTTLS, 0},
						     {25, PTN_MODE_OPPORTUNISTIC, 0}};
	struct ptn_route r;
	size_t which;

	for (size_t i = 0; i < 3; i++) {
		ptn_route_init(&r, plain + i, 1, 250);
		ptn_route_turn(&r, 0);
		ck_assert_int_eq(r.c[0].phase, PTN_TRYING);
	}
	ptn_route_init(&r, plain, 3, 250);
	ptn_route_turn(&r, 0);
	ck_assert_int_eq(r.c[0].phase, PTN_WAITING);
	ck_assert_int_eq(r.c[1].phase, PTN_TRYING);
	ptn_route_failed(&r, 1, PTN_FAULT_CONNECT_REFUSED, 1);
	ptn_route_turn(&r, 1);
	ck_assert_int_eq(ptn_route_over(&r), 1);
	ptn_route_init(&r, plain, 0, 250);
	ptn_route_turn(&r, 0);
	ck_assert_int_eq(ptn_route_over(&r), 1);
	ck_assert_int_eq(ptn_route_fault(&r, &which), PTN_FAULT_ARGUMENT);
	ck_assert_uint_eq(which, 0);
}
END_TEST

START_TEST(more_than_most_are_left_out)
{
	struct ptn_candidate c[PTN_ROUTE_MOST + 2];
	struct ptn_route r;

	for (int i = 0; i < PTN_ROUTE_MOST + 2; i++)
		c[i] = (struct ptn_candidate){.port = i + 1, .mode = PTN_MODE_STARTTLS};
	ptn_route_init(&r, c, PTN_ROUTE_MOST + 2, 250);
	ck_assert_uint_eq(r.n, PTN_ROUTE_MOST);
	ck_assert_int_eq(r.c[PTN_ROUTE_MOST - 1].want.port, PTN_ROUTE_MOST);
}
END_TEST

/* ---- at random ---------------------------------------------------------------------------------
 */

static unsigned long long state;

static unsigned draw(unsigned below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state >> 33) % below;
}

/* What the candidates may be told next, anything at all. */
static void disturb(struct ptn_route *r, ptn_time now)
{
	size_t i = draw((unsigned)r->n + 1);

	if (draw(3))
		ptn_route_tell(r, i, (int)draw(PTN_DROPPED + 2), now);
	else
		ptn_route_failed(r, i, (int)draw(PTN_FAULT_COUNT), now);
}

static int count(const struct ptn_route *r, int phase)
{
	int n = 0;

	for (size_t i = 0; i < r->n; i++)
		n += r->c[i].phase == phase;
	return n;
}

/* What may never happen between two looks at a route. */
static void check_change(const struct ptn_route *was, const struct ptn_route *is, int *floor,
			 int *ended, unsigned seed)
{
	for (size_t i = 0; i < is->n; i++) {
		int rank = ptn_route_rank(is->c[i].want.mode);
		int from = was->c[i].phase, to = is->c[i].phase;

		if (from == PTN_WAITING && to != PTN_WAITING)
			must(!*ended && rank >= *floor, "seed %u: a start too late", seed);
		if (to == PTN_WON && from != PTN_WON)
			must(!*ended && rank >= *floor, "seed %u: a win too late", seed);
		if (from == PTN_FAILED || from == PTN_DROPPED)
			must(to == from, "seed %u: back from the dead", seed);
		if (to == PTN_FAILED && from != PTN_FAILED) {
			int v = ptn_route_verdict(is->c[i].fault);

			if (v == PTN_UP && rank + 1 > *floor)
				*floor = rank + 1;
			if (v == PTN_STAY || v == PTN_STOP || from == PTN_WON)
				*ended = 1;
		}
	}
	for (size_t i = 0; i < is->n; i++) {
		int to = is->c[i].phase;

		if (to > PTN_WAITING && to <= PTN_WON)
			must(!*ended && ptn_route_rank(is->c[i].want.mode) >= *floor,
			     "seed %u: %d goes on", seed, is->c[i].want.port);
	}
	must(count(is, PTN_WON) <= 1, "seed %u: two winners", seed);
	if (count(is, PTN_WON))
		must(!count(is, PTN_TRYING) && !count(is, PTN_CONNECTED) &&
			     !count(is, PTN_GREETED) && !count(is, PTN_USABLE),
		     "seed %u: somebody beside the winner", seed);
}

static void wander(unsigned seed)
{
	static const int modes[] = {PTN_MODE_STARTTLS, PTN_MODE_IMPLICIT};
	struct ptn_candidate c[PTN_ROUTE_MOST];
	struct ptn_route r, before;
	size_t n, which;
	ptn_time now = draw(1000);
	int floor = 0, ended = 0;

	state = seed;
	n = 1 + draw(PTN_ROUTE_MOST);
	for (size_t i = 0; i < n; i++)
		c[i] = (struct ptn_candidate){.port = (int)i + 1, .mode = modes[draw(2)]};
	ptn_route_init(&r, c, n, 10 + draw(2000));
	for (int steps = 0; steps < 40; steps++) {
		ptn_time wake;

		before = r;
		ptn_route_turn(&r, now);
		check_change(&before, &r, &floor, &ended, seed);
		wake = ptn_route_wake(&r);
		must(wake > now, "seed %u: due again at once", seed);
		if (ptn_route_over(&r)) {
			must(wake == PTN_NEVER, "seed %u: over, but awake", seed);
			must(ptn_route_fault(&r, &which) > 0 || ended, "seed %u", seed);
			return;
		}
		if (wake != PTN_NEVER && !draw(3)) {
			before = r;
			ptn_route_turn(&r, wake - 1);
			must(same(&before, &r), "seed %u: early", seed);
			now = wake;
			ptn_route_turn(&r, now);
			must(!same(&before, &r), "seed %u: woken for nothing", seed);
			check_change(&before, &r, &floor, &ended, seed);
		} else {
			now += draw(300);
		}
		before = r;
		disturb(&r, now);
		check_change(&before, &r, &floor, &ended, seed);
	}
}

START_TEST(random_walks)
{
	for (unsigned seed = 0; seed < 25000; seed++)
		wander((unsigned)_i * 25000 + seed);
}
END_TEST

/* ---- order of addresses
 * -------------------------------------------------------------------------- */

static const struct {
	const char *families;
	const char *order;
} orders[] = {
	{"", ""},           {"4", "0"},           {"6", "0"},         {"46", "10"},
	{"64", "01"},       {"4444", "0123"},     {"6666", "0123"},   {"4466", "2031"},
	{"46664", "10243"}, {"666644", "041523"}, {"44446", "40123"}, {"444466", "405123"},
};

START_TEST(addresses_alternate)
{
	int families[8] = {0};
	size_t order[8], n = strlen(orders[_i].families);

	for (size_t i = 0; i < n; i++)
		families[i] = orders[_i].families[i] - '0';
	ptn_route_interleave(families, n, order);
	for (size_t i = 0; i < n; i++)
		ck_assert_msg(order[i] == (size_t)(orders[_i].order[i] - '0'), "%s: [%zu] is %zu",
			      orders[_i].families, i, order[i]);
}
END_TEST

/* A mode that was not named: the other one is tried on the same port, after silence and no sooner.
 */
static void begin_guess(struct ptn_route *r)
{
	static const struct ptn_candidate named[] = {{8587, PTN_MODE_STARTTLS, PTN_GUESS_MODE}};
	struct ptn_candidate list[PTN_ROUTE_MOST];
	size_t n = ptn_route_expand(list, named, 1);

	ck_assert_uint_eq(n, 2);
	ptn_route_init(r, list, n, 250);
	ptn_route_turn(r, 0);
	ck_assert_int_eq(r->c[0].phase, PTN_TRYING);
	ptn_route_turn(r, 5000);
	ck_assert_int_eq(r->c[1].phase, PTN_WAITING); /* it may not be there at all */
	ptn_route_tell(r, 0, PTN_CONNECTED, 5000);
}

START_TEST(guess_waits_for_silence)
{
	struct ptn_route r;

	begin_guess(&r);
	ck_assert_int_eq(ptn_route_wake(&r), 5000 + 4 * 5000);
	ptn_route_turn(&r, 24999);
	ck_assert_int_eq(r.c[1].phase, PTN_WAITING);
	ptn_route_turn(&r, 25000);
	ck_assert_int_eq(r.c[1].phase, PTN_TRYING);
	ptn_route_tell(&r, 1, PTN_CONNECTED, 25010);
	ptn_route_tell(&r, 1, PTN_USABLE, 25050);
	ptn_route_turn(&r, 25050);
	ck_assert_int_eq(ptn_route_winner(&r), 1);
	ck_assert_int_eq(r.c[0].phase, PTN_DROPPED);
}
END_TEST

START_TEST(wrong_guess_harms_nobody)
{
	struct ptn_route r;

	begin_guess(&r);
	ptn_route_turn(&r, 25000);
	ptn_route_tell(&r, 1, PTN_CONNECTED, 25010);
	ptn_route_failed(&r, 1, PTN_FAULT_TLS_SMTP_FIRST, 25020);
	ck_assert_int_eq(r.c[0].phase, PTN_CONNECTED); /* only slow, it turns out */
	ptn_route_tell(&r, 0, PTN_USABLE, 25030);
	ptn_route_turn(&r, 25030);
	ck_assert_int_eq(ptn_route_winner(&r), 0);
}
END_TEST

static const struct {
	int fault, begins;
} grounds[] = {
	{PTN_FAULT_GREETING_SILENT, 1},  {PTN_FAULT_GREETING_IS_TLS, 1},
	{PTN_FAULT_GREETING_CLOSED, 0},  {PTN_FAULT_GREETING_REFUSED, 0},
	{PTN_FAULT_STARTTLS_MISSING, 0}, {PTN_FAULT_TLS_ALERT, 0},
	{PTN_FAULT_CERT_WRONG_NAME, 0},  {PTN_FAULT_STARTTLS_INJECTED, 0},
};

START_TEST(guess_needs_a_ground)
{
	struct ptn_route r;

	begin_guess(&r);
	ptn_route_failed(&r, 0, grounds[_i].fault, 5001);
	ptn_route_turn(&r, 5001);
	ck_assert_int_eq(r.c[1].phase, grounds[_i].begins ? PTN_TRYING : PTN_WAITING);
	ck_assert_int_eq(ptn_route_over(&r), !grounds[_i].begins);
}
END_TEST

START_TEST(expansion_keeps_what_was_named)
{
	struct ptn_candidate named[PTN_ROUTE_MOST], list[PTN_ROUTE_MOST];

	for (int i = 0; i < PTN_ROUTE_MOST; i++)
		named[i] = (struct ptn_candidate){.port = 8000 + i, .guess = PTN_GUESS_MODE};
	for (size_t n = 0; n <= PTN_ROUTE_MOST; n++) {
		size_t k = ptn_route_expand(list, named, n), kept = 0;

		ck_assert_uint_eq(k, 2 * n < PTN_ROUTE_MOST ? 2 * n : PTN_ROUTE_MOST);
		for (size_t i = 0; i < k; i++)
			kept += list[i].guess == PTN_GUESS_MODE;
		ck_assert_uint_eq(kept, n);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "beside the oracle");

	tcase_add_loop_test(t, each_alone, 0, KINDS);
	tcase_add_loop_test(t, each_pair_on_587_and_465, 0, KINDS);
	tcase_add_loop_test(t, each_three, 0, KINDS);
	tcase_add_loop_test(t, each_three_in_other_orders, 0, KINDS);
	t = test_case(s, "by hand");
	EACH(t, each_failure_on_each_port, alone);
	tcase_add_test(t, dropped_syn);
	tcase_add_test(t, silence_after_a_quick_connect);
	tcase_add_test(t, silence_after_a_slow_connect);
	tcase_add_test(t, all_silent);
	tcase_add_test(t, grace_passes);
	tcase_add_test(t, preferred_arrives_in_grace);
	EACH(t, preferred_fails_in_grace, in_the_grace);
	tcase_add_test(t, usable_fails_in_grace);
	tcase_add_test(t, second_grace_begins_anew);
	tcase_add_test(t, grace_counts_from_the_first_usable);
	tcase_add_loop_test(t, no_grace_for_the_silent, 0, 2);
	tcase_add_test(t, grace_is_not_longer_than_the_delay);
	tcase_add_test(t, the_living_are_waited_for);
	tcase_add_test(t, never_a_lower_rank_after_up);
	tcase_add_test(t, winner_is_not_touched_by_others);
	tcase_add_loop_test(t, winner_that_fails_ends_it, 0, 4);
	tcase_add_test(t, news_of_the_idle_is_ignored);
	tcase_add_test(t, without_tls_only_alone);
	tcase_add_test(t, more_than_most_are_left_out);
	t = test_case(s, "a mode that was not named");
	tcase_add_test(t, guess_waits_for_silence);
	tcase_add_test(t, wrong_guess_harms_nobody);
	EACH(t, guess_needs_a_ground, grounds);
	tcase_add_test(t, expansion_keeps_what_was_named);
	t = test_case(s, "at random");
	tcase_add_loop_test(t, random_walks, 0, 4);
	t = test_case(s, "addresses");
	EACH(t, addresses_alternate, orders);
}
