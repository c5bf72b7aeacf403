/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "dial.h"
#include "main.h"

enum { NEVER = 1000000000 };

/* ---- Addresses that do as they are told; what is done with them is written down. ---- */

struct path {
	int family;
	int open_error; /* at once */
	int after, error; /* connected, or failed, so many ms after it was begun */
	ptn_time begun;
	int open; /* 1: in use now; 2: was */
};

struct paths {
	struct path p[PTN_NET_ADDRESSES];
	size_t n;
	ptn_time now;
	char log[2048]; /* "0+b 250+a 260-b": at 0 b was opened, at 260 closed */
};

static void note(struct paths *w, int what, size_t i)
{
	size_t n = strlen(w->log);

	snprintf(w->log + n, sizeof(w->log) - n, "%s%lld%c%c", n ? " " : "", w->now, what,
		 (int)('a' + i));
}

static int path_open(void *net, const struct ptn_address *to, int port,
		     const struct ptn_address *from)
{
	struct paths *w = net;
	struct path *p = &w->p[to->octets[0]];

	ck_assert_ptr_null(from);
	ck_assert_int_eq(port, 587);
	ck_assert_int_eq(to->family, p->family);
	ck_assert_int_eq(p->open, 0); /* each is tried once */
	note(w, p->open_error ? '!' : '+', to->octets[0]);
	p->open = p->open_error ? 2 : 1;
	p->begun = w->now;
	return p->open_error ? p->open_error : to->octets[0];
}

static int path_connected(void *net, int handle)
{
	const struct paths *w = net;
	const struct path *p = &w->p[handle];

	ck_assert_int_eq(p->open, 1);
	return w->now < p->begun + p->after ? -EINPROGRESS : p->error;
}

static int path_watch(void *net, int handle, int what)
{
	const struct paths *w = net;

	ck_assert_int_eq(w->p[handle].open, 1);
	ck_assert_int_eq(what, PTN_NET_WRITE);
	return 0;
}

static void path_close(void *net, int handle)
{
	struct paths *w = net;

	ck_assert_int_eq(w->p[handle].open, 1);
	w->p[handle].open = 2;
	note(w, '-', (size_t)handle);
}

static const struct ptn_net paths_net = {
	.open = path_open, .connected = path_connected, .watch = path_watch, .close = path_close};

/* When something happens next by itself. */
static ptn_time next_news(const struct paths *w)
{
	ptn_time at = PTN_NEVER;

	for (size_t i = 0; i < w->n; i++)
		if (w->p[i].open == 1 && w->p[i].begun + w->p[i].after > w->now &&
		    w->p[i].begun + w->p[i].after < at)
			at = w->p[i].begun + w->p[i].after;
	return at;
}

static void start(struct ptn_dial *d, struct paths *w, const struct ptn_address *list, int family,
		  ptn_time delay, ptn_time limit)
{
	const struct ptn_dial_way way = {.list = list,
					 .n = w->n,
					 .family = family,
					 .port = 587,
					 .delay = delay,
					 .limit = limit};

	ptn_dial_start(d, &paths_net, w, &way, w->now);
}

/* Dial to the end, asleep whenever it says so: 1 or -1 as ptn_dial_step(). */
static int dial(struct paths *w, struct ptn_dial *d, int family, ptn_time delay, ptn_time limit)
{
	static struct ptn_address list[PTN_NET_ADDRESSES];
	int state, handle = -1;

	for (size_t i = 0; i < w->n; i++)
		list[i] = (struct ptn_address){.family = w->p[i].family,
					       .octets = {(unsigned char)i}};
	start(d, w, list, family, delay, limit);
	for (int turns = 0; !(state = ptn_dial_step(d, w->now, &handle)); turns++) {
		ptn_time wake = ptn_dial_wake(d), news = next_news(w);

		ck_assert_int_lt(turns, 1000);
		ck_assert_int_gt(wake, w->now); /* else it would turn without end */
		w->now = news < wake ? news : wake;
		if (w->now >= NEVER)
			return 0;
	}
	if (state > 0) {
		note(w, '*', (size_t)handle);
		ck_assert_int_eq(w->p[handle].open, 1);
		ck_assert_int_eq(ptn_dial_address(d)->octets[0], handle);
		w->p[handle].open = 2;
	}
	for (size_t i = 0; i < w->n; i++)
		ck_assert_int_ne(w->p[i].open, 1); /* nothing else stays open */
	return state;
}

/* ---- What is tried when. ---- */

#define GOOD(family, ms) \
	{ \
		family, 0, ms, 0, 0, 0 \
	}
#define DROPPED(family) \
	{ \
		family, 0, NEVER, 0, 0, 0 \
	}
#define LATE(family, ms, error) \
	{ \
		family, 0, ms, -(error), 0, 0 \
	}
#define AT_ONCE(family, error) \
	{ \
		family, -(error), 0, 0, 0, 0 \
	}

static const struct {
	struct path p[8];
	int family;
	ptn_time delay, limit;
	int state, fault;
	const char *log;
} runs[] = {
	/* one address */
	{{GOOD(4, 10)}, 0, 250, 1000, 1, 0, "0+a 10*a"},
	{{GOOD(4, 0)}, 0, 250, 1000, 1, 0, "0+a 0*a"},
	{{DROPPED(4)}, 0, 250, 1000, -1, PTN_FAULT_CONNECT_TIMEOUT, "0+a 1000-a"},
	{{DROPPED(4)}, 0, 250, 0, 0, 0, "0+a"},
	{{AT_ONCE(4, ECONNREFUSED)}, 0, 250, 1000, -1, PTN_FAULT_CONNECT_REFUSED, "0!a"},
	{{LATE(4, 7, ECONNREFUSED)}, 0, 250, 1000, -1, PTN_FAULT_CONNECT_REFUSED, "0+a 7-a"},
	/* at the limit's very moment the connection counts; behind it not */
	{{GOOD(4, 1000)}, 0, 250, 1000, 1, 0, "0+a 1000*a"},
	{{GOOD(4, 1001)}, 0, 250, 1000, -1, PTN_FAULT_CONNECT_TIMEOUT, "0+a 1000-a"},
	/* IPv6 first, then by turns; the delay between two (RFC 8305 5) */
	{{GOOD(4, 10), GOOD(6, 10)}, 0, 250, 1000, 1, 0, "0+b 10*b"},
	{{GOOD(4, 10), DROPPED(6)}, 0, 250, 1000, 1, 0, "0+b 250+a 260-b 260*a"},
	{{DROPPED(4), GOOD(6, 300)}, 0, 250, 1000, 1, 0, "0+b 250+a 300-a 300*b"},
	{{GOOD(4, 10), GOOD(6, 251)}, 0, 250, 1000, 1, 0, "0+b 250+a 251-a 251*b"},
	{{DROPPED(4), DROPPED(4), DROPPED(4), DROPPED(6), DROPPED(6)},
	 0,
	 100,
	 1000,
	 -1,
	 PTN_FAULT_CONNECT_TIMEOUT,
	 "0+d 100+a 200+e 300+b 400+c 1000-d 1100-a 1200-e 1300-b 1400-c"},
	/* who fails is not waited for */
	{{GOOD(4, 10), AT_ONCE(6, ENETUNREACH)}, 0, 250, 1000, 1, 0, "0!b 0+a 10*a"},
	{{GOOD(4, 10), LATE(6, 5, ECONNREFUSED)}, 0, 250, 1000, 1, 0, "0+b 5-b 5+a 15*a"},
	{{GOOD(4, 10), LATE(6, 249, ECONNREFUSED)}, 0, 250, 1000, 1, 0, "0+b 249-b 249+a 259*a"},
	{{GOOD(4, 10), DROPPED(4), LATE(6, 260, EHOSTUNREACH), GOOD(6, 9)},
	 0,
	 250,
	 1000,
	 1,
	 0,
	 "0+c 250+a 260-c 260*a"},
	{{AT_ONCE(4, ENETUNREACH), AT_ONCE(4, ENETUNREACH), AT_ONCE(6, ENETUNREACH)},
	 0,
	 250,
	 1000,
	 -1,
	 PTN_FAULT_CONNECT_UNREACHABLE,
	 "0!c 0!a 0!b"},
	/* a limit below the delay */
	{{GOOD(4, 10), DROPPED(6)}, 0, 250, 100, 1, 0, "0+b 100-b 100+a 110*a"},
	/* two at the same moment: the one tried first */
	{{GOOD(4, 10), GOOD(6, 260)}, 0, 250, 1000, 1, 0, "0+b 250+a 260-a 260*b"},
	/* a family that worked before goes first, and only its first address */
	{{GOOD(4, 10), GOOD(6, 10)}, 4, 250, 1000, 1, 0, "0+a 10*a"},
	{{GOOD(4, 10), GOOD(6, 10)}, 6, 250, 1000, 1, 0, "0+b 10*b"},
	{{GOOD(6, 10)}, 4, 250, 1000, 1, 0, "0+a 10*a"},
	{{DROPPED(4), DROPPED(4), DROPPED(6), DROPPED(6)},
	 4,
	 100,
	 1000,
	 -1,
	 PTN_FAULT_CONNECT_TIMEOUT,
	 "0+a 100+c 200+d 300+b 1000-a 1100-c 1200-d 1300-b"},
	/* of several failures the one that tells most */
	{{LATE(4, 5, ECONNREFUSED), AT_ONCE(6, ENETUNREACH)},
	 0,
	 250,
	 1000,
	 -1,
	 PTN_FAULT_CONNECT_REFUSED,
	 "0!b 0+a 5-a"},
	{{AT_ONCE(4, ENETUNREACH), LATE(6, 5, ECONNREFUSED)},
	 0,
	 250,
	 1000,
	 -1,
	 PTN_FAULT_CONNECT_REFUSED,
	 "0+b 5-b 5!a"},
	{{AT_ONCE(4, EMFILE), DROPPED(6)}, 0, 250, 300, -1, PTN_FAULT_SYSTEM, "0+b 250!a 300-b"},
	{{AT_ONCE(4, ENETUNREACH), DROPPED(6)},
	 0,
	 250,
	 300,
	 -1,
	 PTN_FAULT_CONNECT_TIMEOUT,
	 "0+b 250!a 300-b"},
	{{DROPPED(4), AT_ONCE(6, ENETUNREACH)},
	 0,
	 250,
	 300,
	 -1,
	 PTN_FAULT_CONNECT_TIMEOUT,
	 "0!b 0+a 300-a"},
};

START_TEST(what_is_tried_when)
{
	struct paths w = {0};
	struct ptn_dial d;

	memcpy(w.p, runs[_i].p, sizeof(runs[_i].p));
	while (w.n < 8 && w.p[w.n].family)
		w.n++;
	ck_assert_int_eq(dial(&w, &d, runs[_i].family, runs[_i].delay, runs[_i].limit),
			 runs[_i].state);
	ck_assert_str_eq(w.log, runs[_i].log);
	if (runs[_i].state < 0)
		ck_assert_str_eq(ptn_fault_id(d.fault), ptn_fault_id(runs[_i].fault));
	ptn_dial_close(&d);
	for (size_t i = 0; i < w.n; i++)
		ck_assert_int_ne(w.p[i].open, 1);
}
END_TEST

static const struct {
	int error, fault;
} errors[] = {
	{ECONNREFUSED, PTN_FAULT_CONNECT_REFUSED},
	{ECONNRESET, PTN_FAULT_CONNECT_REFUSED},
	{ETIMEDOUT, PTN_FAULT_CONNECT_TIMEOUT},
	{EACCES, PTN_FAULT_CONNECT_FORBIDDEN},
	{EPERM, PTN_FAULT_CONNECT_FORBIDDEN},
	{ENETUNREACH, PTN_FAULT_CONNECT_UNREACHABLE},
	{EHOSTUNREACH, PTN_FAULT_CONNECT_UNREACHABLE},
	{EADDRNOTAVAIL, PTN_FAULT_CONNECT_UNREACHABLE},
	{EMFILE, PTN_FAULT_SYSTEM},
	{ENFILE, PTN_FAULT_SYSTEM},
	{ENOBUFS, PTN_FAULT_SYSTEM},
	{ENOMEM, PTN_FAULT_NO_MEMORY},
};

START_TEST(what_an_error_means)
{
	for (int late = 0; late < 2; late++) {
		struct paths w = {.n = 1, .p = {{.family = 4}}};
		struct ptn_dial d;

		*(late ? &w.p[0].error : &w.p[0].open_error) = -errors[_i].error;
		ck_assert_int_eq(dial(&w, &d, 0, 250, 1000), -1);
		ck_assert_str_eq(ptn_fault_id(d.fault), ptn_fault_id(errors[_i].fault));
		ck_assert_uint_eq(ptn_dial_address(&d)->octets[0], 0);
	}
}
END_TEST

START_TEST(closed_on_the_way)
{
	struct paths w = {.n = PTN_NET_ADDRESSES};
	struct ptn_address list[PTN_NET_ADDRESSES];
	struct ptn_dial d;
	int handle;

	for (size_t i = 0; i < w.n; i++) {
		w.p[i] = (struct path){.family = i % 3 ? 4 : 6, .after = NEVER};
		list[i] =
			(struct ptn_address){.family = w.p[i].family, .octets = {(unsigned char)i}};
	}
	start(&d, &w, list, 0, 10, 10000);
	ck_assert_ptr_eq(ptn_dial_address(&d), &list[0]); /* the first to be tried: an IPv6 one */
	for (w.now = 0; w.now < 10 * _i; w.now += 5)
		ck_assert_int_eq(ptn_dial_step(&d, w.now, &handle), 0);
	for (size_t i = 0, open = 0; i < w.n; i++) {
		open += w.p[i].open == 1;
		if (i + 1 == w.n)
			ck_assert_uint_eq(open, (size_t)_i);
	}
	ptn_dial_close(&d);
	ptn_dial_close(&d);
	for (size_t i = 0; i < w.n; i++)
		ck_assert_int_ne(w.p[i].open, 1);
}
END_TEST

/* The sentence names the address that the fault is of. */
START_TEST(whose_fault)
{
	static const struct {
		struct path p[3];
		size_t whose;
	} all[] = {
		{{LATE(4, 5, ECONNREFUSED), AT_ONCE(6, ENETUNREACH), DROPPED(4)}, 0},
		{{AT_ONCE(4, ENETUNREACH), AT_ONCE(6, ENETUNREACH), DROPPED(4)}, 2},
		{{AT_ONCE(4, ENETUNREACH), AT_ONCE(6, EACCES), DROPPED(4)}, 1},
		{{DROPPED(4), DROPPED(6), DROPPED(4)}, 1},
		{{AT_ONCE(4, EMFILE), LATE(6, 5, ECONNREFUSED), DROPPED(4)}, 0},
	};

	for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
		struct paths w = {.n = 3};
		struct ptn_dial d;

		memcpy(w.p, all[i].p, sizeof(all[i].p));
		ck_assert_int_eq(dial(&w, &d, 0, 250, 1000), -1);
		ck_assert_uint_eq(ptn_dial_address(&d)->octets[0], all[i].whose);
	}
}
END_TEST

/* No address at all: nothing to wait for, and nobody to name. */
START_TEST(no_address)
{
	struct paths w = {0};
	struct ptn_dial d;

	ck_assert_int_eq(dial(&w, &d, 4, 250, 1000), -1);
	ck_assert_ptr_null(ptn_dial_address(&d));
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "dial");

	tcase_add_loop_test(t, what_is_tried_when, 0, sizeof(runs) / sizeof(*runs));
	tcase_add_loop_test(t, what_an_error_means, 0, sizeof(errors) / sizeof(*errors));
	tcase_add_loop_test(t, closed_on_the_way, 0, PTN_NET_ADDRESSES + 1);
	tcase_add_test(t, whose_fault);
	tcase_add_test(t, no_address);
}
