/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "facts.h"
#include "refine.h"
#include "search.h"
#include "smtp/capability.h"

const char *ptn_search_mode_name(int mode)
{
	switch (mode) {
	case PTN_MODE_IMPLICIT:
		return "implicit";
	case PTN_MODE_NONE:
		return "none";
	default:
		return "STARTTLS";
	}
}

static void copy_words(struct ptn_buf *to, const struct ptn_buf *from)
{
	ptn_buf_clear(to);
	ptn_buf_add(to, ptn_buf_data(from), ptn_buf_len(from));
}

/* The target that was discovered for the candidate, if any. */
static const struct ptn_target *target(const struct ptn_search *s, size_t i)
{
	return s->hunt->discover ? &s->hunt->discover->targets[i] : NULL;
}

static const char *host(const struct ptn_search *s, size_t i)
{
	return s->hunt->discover ? target(s, i)->host : s->set->host;
}

/* ---- Attempts. ---- */

static void part_with(struct ptn_search *s, struct ptn_attempt *a)
{
	if (!a->run->link)
		return;
	ptn_link_quit(a->run->link);
	a->run->link->next = s->parting;
	s->parting = a->run->link;
	a->run->link = NULL;
}

static void end_attempt(struct ptn_search *s, size_t i, ptn_time now)
{
	struct ptn_attempt *a = &s->attempts[i];

	if (a->run->dialing)
		ptn_dial_close(&a->run->dial);
	a->run->dialing = 0;
	a->ended = now;
	a->over = 1;
	part_with(s, a);
}

static int is_hinted(const struct ptn_search *s, const struct ptn_attempt *a)
{
	return a->want.port == s->hint.port && a->want.mode == s->hint.mode;
}

/* What failed is no hint any more. */
static void forget_hint(struct ptn_search *s, const struct ptn_attempt *a)
{
	if (is_hinted(s, a))
		s->hint.port = 0;
}

static void attempt_failed(struct ptn_search *s, size_t i, int fault, ptn_time now)
{
	struct ptn_attempt *a = &s->attempts[i];

	a->fault = fault;
	forget_hint(s, a);
	if (a->run->link) {
		const struct ptn_reply *reply = ptn_smtp_reply(a->run->link->smtp);

		a->fault = ptn_facts_refine(fault, a->run->link, reply);
		ptn_facts_explain(&a->error, &s->advice, a->fault, s->set, a->run->link, reply);
	} else {
		char room[PTN_DIAL_WHY];
		struct ptn_facts f = {.host = host(s, i),
				      .address = s->set->socket_path ? NULL : a->address,
				      .port = a->want.port};

		if (a->run->dialing)
			f.detail = ptn_dial_why(&a->run->dial, room);
		ptn_explain(&a->error, &s->advice, fault, &f);
	}
	ptn_remark(s->set, (const char *[]){ptn_buf_data(&a->error), NULL});
	end_attempt(s, i, now);
	ptn_route_failed(&s->hunt->route, i, fault, now);
}

static void start_attempt(struct ptn_search *s, size_t i, ptn_time now)
{
	struct ptn_attempt *a = &s->attempts[i];
	const struct ptn_target *t = target(s, i);

	a->want = s->hunt->route.c[i].want;
	a->tried = a->run->dialing = 1;
	a->started = now;
	ptn_dial_start(&a->run->dial, s->net, s->ctx,
		       &(struct ptn_dial_way){.list = t ? t->addresses : s->hunt->addresses,
					      .n = t ? t->n_addresses : s->hunt->n_addresses,
					      .family = is_hinted(s, a) ? s->hint.family : 0,
					      .source = s->set->source,
					      .proxy = s->set->proxy,
					      .host = host(s, i),
					      .port = a->want.port,
					      .delay = s->set->limits[POSTERN_LIMIT_ATTEMPT],
					      .limit = s->set->limits[POSTERN_LIMIT_CONNECT]},
		       now);
}

static void remark_connected(const struct ptn_search *s, size_t i)
{
	const struct ptn_attempt *a = &s->attempts[i];
	const char *mode = ptn_search_mode_name(a->want.mode);
	char port[16];

	snprintf(port, sizeof(port), " port %d, ", a->want.port);
	if (s->set->proxy)
		ptn_remark(s->set, (const char *[]){"connected to ", host(s, i), port, mode,
						    ", through the proxy ", a->address, NULL});
	else
		ptn_remark(s->set, (const char *[]){"connected to ", a->address,
						    s->set->socket_path ? ", " : port, mode, NULL});
}

static void step_dial(struct ptn_search *s, size_t i, ptn_time now)
{
	struct ptn_attempt *a = &s->attempts[i];
	const struct ptn_address *to;
	int handle, state = ptn_dial_step(&a->run->dial, now, &handle);

	to = ptn_dial_address(&a->run->dial);
	if (to)
		ptn_net_print(to, a->address, sizeof(a->address));
	if (!state)
		return;
	if (state < 0) {
		attempt_failed(s, i, a->run->dial.fault, now);
		return;
	}
	remark_connected(s, i);
	a->run->link = ptn_link_new_to(s->set, s->net, s->ctx, handle, to, a->want.port,
				       a->want.mode, target(s, i));
	if (a->run->link)
		ptn_link_hear(a->run->link, &a->run->dial.early);
	ptn_dial_close(&a->run->dial);
	a->run->dialing = 0;
	if (!a->run->link)
		attempt_failed(s, i, PTN_FAULT_NO_MEMORY, now);
	else
		ptn_route_tell(&s->hunt->route, i, PTN_CONNECTED, now);
}

static void step_link(struct ptn_search *s, size_t i, ptn_time now)
{
	struct ptn_attempt *a = &s->attempts[i];
	struct ptn_smtp_event ev;
	int state = PTN_LINK_EVENT;

	while (state == PTN_LINK_EVENT)
		state = ptn_link_step(a->run->link, now, &ev);
	if (ptn_link_fault(a->run->link) || state == PTN_LINK_OVER) {
		int fault = ptn_link_fault(a->run->link);

		attempt_failed(s, i, fault ? fault : PTN_FAULT_GREETING_CLOSED, now);
		return;
	}
	if (a->run->link->heard && s->hunt->route.c[i].phase < PTN_GREETED)
		ptn_route_tell(&s->hunt->route, i, PTN_GREETED, now);
	if (ptn_link_usable(a->run->link) && s->hunt->route.c[i].phase < PTN_USABLE)
		ptn_route_tell(&s->hunt->route, i, PTN_USABLE, now);
}

/* Act on what the policy changed: begin, or drop. */
static void obey(struct ptn_search *s, ptn_time now)
{
	for (size_t i = 0; i < s->hunt->route.n; i++) {
		struct ptn_attempt *a = &s->attempts[i];
		int phase = s->hunt->route.c[i].phase;

		if (phase == PTN_TRYING && !a->tried)
			start_attempt(s, i, now);
		else if (phase == PTN_DROPPED && a->tried && !a->over)
			end_attempt(s, i, now);
	}
}

/* ---- The name. ---- */

static int give_up_on(struct ptn_search *s, int fault, const char *name, const char *detail)
{
	struct ptn_facts f = {.host = name, .detail = detail};

	s->state = PTN_SEARCH_OFF;
	s->fault = fault;
	ptn_explain(&s->cause, &s->advice, fault, &f);
	return -1;
}

static int give_up(struct ptn_search *s, int fault)
{
	return give_up_on(s, fault, s->set->host, NULL);
}

/* No address: of the host, or of the proxy that all ways lead through. */
static int give_up_name(struct ptn_search *s, int fault)
{
	char why[300];

	if (!s->set->proxy || fault == PTN_FAULT_NO_MEMORY)
		return give_up(s, fault);
	snprintf(why, sizeof(why),
		 fault == PTN_FAULT_NAME_NOT_FOUND ? "the host name %s was not found"
						   : "no name server answered for %s",
		 s->set->proxy->host);
	return give_up_on(s, PTN_FAULT_PROXY_UNREACHABLE, s->set->host, why);
}

/* Credentials in clear text go to this machine only, whatever the caller named (RFC 8314 3); where
 * a proxy connects to is not known here. */
static int clear_text_abroad(const struct ptn_search *s)
{
	if (!ptn_signin_due(s->set) || !s->set->n_ports || s->set->ports[0].mode != PTN_MODE_NONE)
		return 0;
	if (s->set->proxy)
		return 1;
	for (size_t i = 0; i < s->hunt->n_addresses; i++)
		if (!ptn_net_is_loopback(&s->hunt->addresses[i]))
			return 1;
	return 0;
}

/* The addresses are known: on to the ports. */
static int begin_host(struct ptn_search *s)
{
	struct ptn_candidate list[PTN_ROUTE_MOST];
	size_t n;

	if (clear_text_abroad(s))
		return give_up(s, PTN_FAULT_CLEAR_TEXT_SIGN_IN);
	s->state = PTN_SEARCH_PORTS;
	n = ptn_route_expand(list, s->set->ports, s->set->n_ports);
	ptn_hint_apply(&s->hint, list, n);
	ptn_route_init(&s->hunt->route, list, n, s->set->limits[POSTERN_LIMIT_ATTEMPT]);
	return 0;
}

static int step_name(struct ptn_search *s, ptn_time now)
{
	int state = s->net->resolved(s->ctx, s->hunt->addresses, &s->hunt->n_addresses);

	if (!state && now >= s->hunt->name_until) {
		s->net->resolve_stop(s->ctx);
		state = -EAGAIN;
	}
	if (!state)
		return 0;
	if (state < 0)
		return give_up_name(s, state == -ENOENT   ? PTN_FAULT_NAME_NOT_FOUND
				       : state == -ENOMEM ? PTN_FAULT_NO_MEMORY
							  : PTN_FAULT_NAME_NO_ANSWER);
	return begin_host(s);
}

/* A Unix socket has its address in its name. */
static void begin_socket(struct ptn_search *s)
{
	s->hunt->addresses[0] =
		(struct ptn_address){.family = PTN_NET_UNIX, .path = s->set->socket_path};
	s->hunt->n_addresses = 1;
	begin_host(s);
}

/* ---- The servers of a mail domain. ---- */

static void begin_ports(struct ptn_search *s)
{
	struct ptn_candidate list[PTN_ROUTE_MOST];
	const struct ptn_discover *d = s->hunt->discover;

	for (size_t i = 0; i < d->n; i++) {
		list[i] = (struct ptn_candidate){.port = d->targets[i].port,
						 .mode = d->targets[i].mode};
		ptn_remark(s->set,
			   (const char *[]){d->domain, " has its service at ", d->targets[i].host,
					    ", ", ptn_search_mode_name(list[i].mode), NULL});
	}
	s->state = PTN_SEARCH_PORTS;
	ptn_route_init(&s->hunt->route, list, d->n, s->set->limits[POSTERN_LIMIT_ATTEMPT]);
}

static int step_discovery(struct ptn_search *s, ptn_time now)
{
	int state = ptn_discover_step(s->hunt->discover, now);

	if (state < 0)
		return give_up_on(s, s->hunt->discover->fault, s->hunt->discover->host,
				  s->hunt->discover->detail);
	if (state)
		begin_ports(s);
	return 0;
}

/* The random number is to spread load over servers, so the clocks will do. */
static void begin_discovery(struct ptn_search *s, ptn_time now, long long seconds)
{
	unsigned long long random = (unsigned long long)seconds << 32 ^ (unsigned long long)now ^
				    (unsigned long long)ptn_net_process() << 48;
	struct ptn_discover *d = ptn_mem_alloc(sizeof(*d));

	if (!d) {
		give_up_on(s, PTN_FAULT_NO_MEMORY, s->set->domain, NULL);
		return;
	}
	d->net = s->net;
	d->ctx = s->ctx;
	d->domain = s->set->domain;
	d->confirmed = s->set->confirmed;
	d->proxy = s->set->proxy ? s->set->proxy->host : NULL;
	d->dane = s->set->dane;
	s->hunt->discover = d;
	s->hint.port = 0; /* a port without its server is no hint */
	s->state = PTN_SEARCH_DISCOVERY;
	ptn_discover_begin(d, now, s->set->limits[POSTERN_LIMIT_RESOLVE], random);
}

/* ---- The whole. ---- */

/* All that failed, as one fault. */
static int sum_up(const struct ptn_search *s, int fault)
{
	int ports[PTN_ROUTE_MOST], faults[PTN_ROUTE_MOST];
	size_t n = 0;

	for (size_t i = 0; i < s->n_attempts; i++) {
		if (!s->attempts[i].tried)
			continue;
		ports[n] = s->attempts[i].want.port;
		faults[n++] = s->attempts[i].fault;
	}
	return ptn_refine_ports(fault, ports, faults, n);
}

static int no_way(struct ptn_search *s)
{
	size_t i = 0;
	int fault = ptn_route_fault(&s->hunt->route, &i), own = s->attempts[i].fault;
	struct ptn_facts f = {.host = host(s, i),
			      .address = s->attempts[i].address,
			      .port = s->attempts[i].want.port};

	s->state = PTN_SEARCH_OFF;
	s->fault = sum_up(s, own ? own : fault);
	if (s->fault != own && s->hunt->discover && s->hunt->discover->n > 1)
		f.host = s->set->domain; /* it is about several hosts */
	ptn_explain(&s->cause, &s->advice, s->fault, &f);
	/* The record has the sentence with all of its facts. */
	if (s->fault == own && ptn_buf_len(&s->attempts[i].error))
		copy_words(&s->cause, &s->attempts[i].error);
	return -1;
}

static int take_winner(struct ptn_search *s, size_t i, ptn_time now, struct ptn_link **line)
{
	*line = s->attempts[i].run->link;
	(*line)->go = 1;
	s->attempts[i].run->link = NULL;
	s->attempts[i].ended = now;
	s->attempts[i].over = 1;
	s->winner = (int)i;
	s->state = PTN_SEARCH_OFF;
	return 1;
}

static int step_ports(struct ptn_search *s, ptn_time now, struct ptn_link **line)
{
	for (int changed = 1; changed;) {
		struct ptn_route before;
		int winner;

		memcpy(&before, &s->hunt->route, sizeof(before));
		/* News before time: a caller that comes late must not start what is not needed. */
		for (size_t i = 0; i < s->hunt->route.n; i++) {
			if (s->attempts[i].run->dialing)
				step_dial(s, i, now);
			if (s->attempts[i].run->link)
				step_link(s, i, now);
		}
		ptn_route_turn(&s->hunt->route, now);
		obey(s, now);
		winner = ptn_route_winner(&s->hunt->route);
		if (winner >= 0)
			return take_winner(s, (size_t)winner, now, line);
		changed = memcmp(&before, &s->hunt->route, sizeof(before)) != 0;
	}
	return ptn_route_over(&s->hunt->route) ? no_way(s) : 0;
}

/* Of a search that is over only the records stay, up to the last that was tried. */
static void let_go(struct ptn_search *s)
{
	struct ptn_attempt *kept;
	size_t n = s->n_attempts;

	if (!s->hunt)
		return;
	ptn_discover_free(s->hunt->discover);
	ptn_mem_free(s->hunt);
	s->hunt = NULL;
	while (n && !s->attempts[n - 1].tried)
		n--;
	kept = ptn_mem_alloc(n * sizeof(*kept)); /* without memory they stay where they are */
	for (size_t i = 0; i < n; i++)
		s->attempts[i].run = NULL;
	if (kept)
		memcpy(kept, s->attempts, n * sizeof(*kept));
	if (kept || !n) {
		ptn_mem_free(s->attempts);
		s->attempts = kept;
	}
	s->n_attempts = n;
}

int ptn_search_step(struct ptn_search *s, ptn_time now, struct ptn_link **line)
{
	int state = 0;

	s->now = now;
	if (s->state == PTN_SEARCH_OFF && s->fault)
		return -1;
	if (s->state == PTN_SEARCH_NAME)
		state = step_name(s, now);
	if (s->state == PTN_SEARCH_DISCOVERY)
		state = step_discovery(s, now);
	if (s->state == PTN_SEARCH_PORTS)
		state = step_ports(s, now, line);
	if (s->state == PTN_SEARCH_OFF)
		let_go(s);
	return state;
}

/* A hint is for a while: ports open and close. */
static void check_age(struct ptn_search *s, long long seconds)
{
	long long age = seconds - s->hint.seconds;

	if (age < 0 || age * 1000 >= s->set->limits[POSTERN_LIMIT_ROUTE])
		s->hint.port = 0;
}

static void begin_name(struct ptn_search *s, ptn_time now)
{
	int limit = s->set->limits[POSTERN_LIMIT_RESOLVE], err;

	s->hunt->name_until = limit ? now + limit : PTN_NEVER;
	s->state = PTN_SEARCH_NAME;
	err = s->net->resolve(s->ctx, s->set->proxy ? s->set->proxy->host : s->set->host, limit);
	if (err)
		give_up_name(s, err == -ENOMEM ? PTN_FAULT_NO_MEMORY : PTN_FAULT_NAME_NO_ANSWER);
}

static void drop_records(struct ptn_search *s)
{
	for (size_t i = 0; i < s->n_attempts; i++)
		ptn_buf_free(&s->attempts[i].error);
	ptn_mem_free(s->attempts);
	s->attempts = NULL;
	s->n_attempts = 0;
	s->winner = -1;
	s->fault = 0;
}

static int make_room(struct ptn_search *s)
{
	s->hunt = ptn_mem_alloc(sizeof(*s->hunt));
	s->attempts = ptn_mem_alloc(PTN_ROUTE_MOST * sizeof(*s->attempts));
	if (!s->hunt || !s->attempts)
		return give_up(s, PTN_FAULT_NO_MEMORY);
	s->n_attempts = PTN_ROUTE_MOST;
	for (size_t i = 0; i < PTN_ROUTE_MOST; i++)
		s->attempts[i].run = &s->hunt->runs[i];
	return 0;
}

void ptn_search_begin(struct ptn_search *s, ptn_time now, long long seconds)
{
	ptn_search_stop(s);
	drop_records(s);
	check_age(s, seconds);
	s->discovered = s->set->domain != NULL;
	if (make_room(s))
		; /* the step tells */
	else if (s->set->domain)
		begin_discovery(s, now, seconds);
	else if (s->set->socket_path)
		begin_socket(s);
	else
		begin_name(s, now);
	if (s->state == PTN_SEARCH_OFF)
		let_go(s);
}

ptn_time ptn_search_wake(const struct ptn_search *s)
{
	ptn_time wake = PTN_NEVER;

	if (s->state == PTN_SEARCH_NAME)
		return s->hunt->name_until;
	if (s->state == PTN_SEARCH_DISCOVERY)
		return ptn_discover_wake(s->hunt->discover);
	if (s->state == PTN_SEARCH_OFF)
		return wake;
	wake = ptn_route_wake(&s->hunt->route);
	for (size_t i = 0; i < s->hunt->route.n; i++) {
		ptn_time at = PTN_NEVER;

		if (s->attempts[i].run->dialing)
			at = ptn_dial_wake(&s->attempts[i].run->dial);
		if (s->attempts[i].run->link)
			at = ptn_link_wake(s->attempts[i].run->link);
		wake = at < wake ? at : wake;
	}
	return wake;
}

void ptn_search_stop(struct ptn_search *s)
{
	if (s->state == PTN_SEARCH_NAME)
		s->net->resolve_stop(s->ctx);
	if (s->state == PTN_SEARCH_DISCOVERY)
		ptn_discover_stop(s->hunt->discover);
	for (size_t i = 0; s->hunt && i < s->n_attempts; i++) {
		struct ptn_attempt *a = &s->attempts[i];

		if (a->tried && !a->over)
			a->ended = s->now;
		a->over = a->tried;
		if (a->run->dialing)
			ptn_dial_close(&a->run->dial);
		a->run->dialing = 0;
		ptn_link_free(a->run->link);
		a->run->link = NULL;
	}
	s->state = PTN_SEARCH_OFF;
	let_go(s);
}

void ptn_search_fail(struct ptn_search *s, int fault)
{
	ptn_search_stop(s);
	give_up(s, fault);
}

void ptn_search_remember(struct ptn_search *s, const struct ptn_link *line, long long seconds)
{
	const struct ptn_attempt *a = s->winner < 0 ? NULL : &s->attempts[s->winner];

	if (!a || s->discovered)
		return;
	s->hint = (struct ptn_hint){.port = line->port,
				    .mode = line->mode,
				    .family = line->address.family,
				    .capabilities = ptn_smtp_capability(line->smtp)->has,
				    .milliseconds = (int)(a->ended - a->started),
				    .seconds = seconds};
}

void ptn_search_blame(struct ptn_search *s, int fault, const struct ptn_buf *cause)
{
	struct ptn_attempt *a = s->winner < 0 ? NULL : &s->attempts[s->winner];

	if (!a)
		return;
	a->fault = fault;
	forget_hint(s, a);
	copy_words(&a->error, cause);
}

void ptn_search_init(struct ptn_search *s, const struct ptn_settings *set,
		     const struct ptn_net *net, void *ctx)
{
	*s = (struct ptn_search){.set = set, .net = net, .ctx = ctx, .winner = -1};
}

void ptn_search_free(struct ptn_search *s)
{
	ptn_search_stop(s);
	drop_records(s);
	ptn_buf_free(&s->cause);
	ptn_buf_free(&s->advice);
}
