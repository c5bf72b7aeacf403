/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "facts.h"
#include "probe.h"
#include "search.h"
#include "smtp/capability.h"

enum { PLACE_MS = 10000, SILENCE_MS = 3000, QUIT_MS = 1000 };

static void tell(const struct ptn_probe *p, int port, const char *what)
{
	if (p->progress)
		p->progress(p->arg, port, what);
}

static int cut(int limit, int most)
{
	return limit && limit < most ? limit : most;
}

/* ---- One connection. ---- */

static void start_try(struct ptn_probe *p, struct ptn_try *t, int port, int mode, ptn_time until,
		      ptn_time now)
{
	t->state = PTN_TRY_DIALING;
	t->port = port;
	t->mode = mode;
	t->until = until;
	t->started = now;
	t->connected = t->greeted = t->clear = t->tls_up = t->secured = t->ended = PTN_NEVER;
	ptn_dial_start(&t->dial, p->net, p->ctx,
		       &(struct ptn_dial_way){.list = p->addresses,
					      .n = p->n_addresses,
					      .source = p->set.source,
					      .proxy = p->set.proxy,
					      .host = p->set.host,
					      .port = port,
					      .delay = p->set.limits[POSTERN_LIMIT_ATTEMPT],
					      .limit = p->set.limits[POSTERN_LIMIT_CONNECT]},
		       now);
	tell(p, port,
	     mode == PTN_MODE_IMPLICIT ? "connecting, for implicit TLS"
	     : mode == PTN_MODE_NONE   ? "connecting, without TLS"
				       : "connecting, for STARTTLS");
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t n = strlen(from);

	if (n < size)
		memcpy(to, from, n + 1);
}

static void take_tls_facts(struct ptn_try *t)
{
	const struct ptn_tls *tls = t->link->tls;

	if (!tls)
		return;
	copy_text(t->version, sizeof(t->version), ptn_tls_version(tls));
	copy_text(t->cipher, sizeof(t->cipher), ptn_tls_cipher(tls));
	copy_text(t->key, sizeof(t->key), ptn_tls_key_sha256(tls));
	if (!t->key[0])
		return;
	if (ptn_tls_certificate(tls, &t->certificate))
		t->incomplete = 1;
	if (t->depth < PTN_DEPTH_MODE)
		t->depth = PTN_DEPTH_MODE;
}

/* What was heard in the clear counts only where the caller does without TLS. */
static void take_offer(struct ptn_try *t)
{
	const struct ptn_capability *c = ptn_smtp_capability(t->link->smtp);
	size_t n = ptn_buf_len(&c->auth);

	if (!t->is_secured && (t->mode == PTN_MODE_STARTTLS || t->mode == PTN_MODE_IMPLICIT))
		return;
	t->size = c->size;
	t->offers_auth = (c->has & PTN_CAP_AUTH) != 0;
	while (n && (!ptn_buf_data(&c->auth)[n - 1] || ptn_buf_data(&c->auth)[n - 1] == ' '))
		n--;
	if (ptn_buf_add(&t->offered, ptn_buf_data(&c->auth), n) || ptn_buf_add(&t->offered, "", 1))
		t->incomplete = 1;
	else
		t->mechanism = ptn_signin_choice(t->link, ptn_buf_data(&t->offered));
}

static void explain(struct ptn_probe *p, struct ptn_try *t)
{
	char room[PTN_DIAL_WHY];
	struct ptn_facts f = {.host = p->set.host,
			      .address = p->set.socket_path ? NULL : t->address,
			      .port = t->port};
	struct ptn_buf offered = {0};

	if (t->fault == PTN_FAULT_AUTH_NO_MECHANISM && t->link) {
		if (!t->incomplete && !ptn_buf_puts(&offered, "offered are ") &&
		    !ptn_buf_puts(&offered, ptn_buf_data(&t->offered)) &&
		    !ptn_buf_add(&offered, "", 1))
			f.detail = ptn_buf_data(&offered);
		ptn_explain(&t->error, &t->advice, t->fault, &f);
	} else if (t->link) {
		const struct ptn_reply *reply = ptn_smtp_reply(t->link->smtp);

		t->fault = ptn_facts_refine(t->fault, t->link, reply);
		ptn_facts_explain(&t->error, &t->advice, t->fault, &p->set, t->link, reply);
	} else {
		f.detail = ptn_dial_why(&t->dial, room);
		ptn_explain(&t->error, &t->advice, t->fault, &f);
	}
	if (!ptn_buf_len(&t->error))
		t->incomplete = 1;
	ptn_buf_free(&offered);
}

/* All is known of this connection, good (NONE) or bad. */
static void settle(struct ptn_probe *p, struct ptn_try *t, int fault, ptn_time now)
{
	t->ended = now;
	t->fault = fault;
	if (t->link) {
		take_tls_facts(t);
		t->is_secured = ptn_smtp_secured(t->link->smtp);
		take_offer(t);
	}
	/* Credentials that could not be used here make a port as good as closed. */
	if (!fault && ptn_signin_due(&p->set) && !t->mechanism)
		t->fault = PTN_FAULT_AUTH_NO_MECHANISM;
	if (t->fault)
		explain(p, t);
	tell(p, t->port,
	     t->incomplete ? "out of memory"
	     : t->fault    ? ptn_buf_data(&t->error)
			   : "good");
	t->state = t->link ? PTN_TRY_LEAVING : PTN_TRY_OVER;
	t->until = now + cut(p->set.limits[POSTERN_LIMIT_QUIT], QUIT_MS);
	if (t->link)
		ptn_link_quit(t->link);
}

static void end_try(struct ptn_try *t)
{
	if (t->state == PTN_TRY_DIALING)
		ptn_dial_close(&t->dial);
	ptn_link_free(t->link);
	t->link = NULL;
	if (t->state != PTN_TRY_UNUSED)
		t->state = PTN_TRY_OVER;
}

static void step_dial(struct ptn_probe *p, struct ptn_try *t, ptn_time now)
{
	int handle, state = ptn_dial_step(&t->dial, now, &handle);
	const struct ptn_address *to = ptn_dial_address(&t->dial);

	if (to) {
		ptn_net_print(to, t->address, sizeof(t->address));
		t->loopback = !p->set.proxy && ptn_net_is_loopback(to);
	}
	if (!state && now >= t->until) {
		t->dial.fault = PTN_FAULT_CONNECT_TIMEOUT;
		state = -1;
	}
	if (state < 0) {
		settle(p, t, t->dial.fault, now);
		ptn_dial_close(&t->dial);
	}
	if (state <= 0)
		return;
	t->connected = now;
	t->depth = PTN_DEPTH_CONNECTED;
	t->link = ptn_link_new(&p->set, p->net, p->ctx, handle, to, t->port, t->mode);
	if (t->link)
		ptn_link_hear(t->link, &t->dial.early);
	ptn_dial_close(&t->dial);
	if (!t->link) {
		settle(p, t, PTN_FAULT_NO_MEMORY, now);
		return;
	}
	t->link->policy.heard = &t->heard;
	t->link->go = t == &p->sign;
	t->state = PTN_TRY_TALKING;
	tell(p, t->port, "connected");
}

static void reached(const struct ptn_probe *p, struct ptn_try *t, int is, ptn_time *when,
		    const char *what, ptn_time now)
{
	if (!is || *when != PTN_NEVER)
		return;
	*when = now;
	tell(p, t->port, what);
}

static void deepen(struct ptn_try *t, int is, int depth)
{
	if (is && t->depth < depth)
		t->depth = depth;
}

static void note_phases(const struct ptn_probe *p, struct ptn_try *t, ptn_time now)
{
	int greeted = ptn_buf_len(&t->heard.greeting) > 0;

	reached(p, t, t->link->tls_up, &t->tls_up, "TLS is up and the certificate verified", now);
	reached(p, t, greeted, &t->greeted, "it has greeted", now);
	reached(p, t, ptn_buf_len(&t->heard.clear) > 0, &t->clear, "it has answered EHLO", now);
	reached(p, t, ptn_buf_len(&t->heard.secured) > 0, &t->secured,
		"it has answered EHLO under TLS", now);
	deepen(t, t->link->heard, PTN_DEPTH_HEARD);
	deepen(t, greeted, PTN_DEPTH_MODE);
	deepen(t, t->link->tls_up, PTN_DEPTH_TLS);
}

static int is_goal(const struct ptn_probe *p, const struct ptn_try *t)
{
	return t == &p->sign ? ptn_link_ready(t->link) : ptn_link_usable(t->link);
}

static int run_link(struct ptn_try *t, ptn_time now)
{
	struct ptn_smtp_event ev;
	int state = PTN_LINK_EVENT;

	while (state == PTN_LINK_EVENT)
		state = ptn_link_step(t->link, now, &ev);
	return state;
}

static void step_link(struct ptn_probe *p, struct ptn_try *t, ptn_time now)
{
	int state = run_link(t, now), fault;

	if (t->state == PTN_TRY_LEAVING) {
		if (state == PTN_LINK_OVER || now >= t->until)
			end_try(t);
		return;
	}
	note_phases(p, t, now);
	if (now >= t->until && state != PTN_LINK_OVER && !is_goal(p, t)) {
		ptn_link_lost(t->link, PTN_FAULT_REPLY_TIMEOUT);
		state = run_link(t, now);
	}
	fault = ptn_link_fault(t->link);
	if (fault || state == PTN_LINK_OVER) {
		settle(p, t, fault ? fault : PTN_FAULT_GREETING_CLOSED, now);
	} else if (is_goal(p, t)) {
		t->depth = PTN_DEPTH_USABLE;
		settle(p, t, PTN_FAULT_NONE, now);
	}
}

static void step_try(struct ptn_probe *p, struct ptn_try *t, ptn_time now)
{
	if (t->state == PTN_TRY_DIALING)
		step_dial(p, t, now);
	if (t->state == PTN_TRY_TALKING || t->state == PTN_TRY_LEAVING)
		step_link(p, t, now);
	if (t->state == PTN_TRY_LEAVING) /* QUIT at once, not at the next turn */
		step_link(p, t, now);
}

static int is_settled(const struct ptn_try *t)
{
	return t->state == PTN_TRY_UNUSED || t->state >= PTN_TRY_LEAVING;
}

static ptn_time sooner(ptn_time a, ptn_time b)
{
	return a < b ? a : b;
}

/* When its silence is long enough to try the other mode. */
static ptn_time silent_at(const struct ptn_try *t)
{
	return t->state == PTN_TRY_TALKING && !t->link->heard ? t->connected + SILENCE_MS
							      : PTN_NEVER;
}

static ptn_time wake_of(const struct ptn_try *t)
{
	switch (t->state) {
	case PTN_TRY_DIALING:
		return sooner(t->until, ptn_dial_wake(&t->dial));
	case PTN_TRY_TALKING:
	case PTN_TRY_LEAVING:
		return sooner(t->until, ptn_link_wake(t->link));
	default:
		return PTN_NEVER;
	}
}

/* ---- One candidate. ---- */

static int other_mode(int mode)
{
	return mode == PTN_MODE_IMPLICIT ? PTN_MODE_STARTTLS : PTN_MODE_IMPLICIT;
}

/* The octets, or their absence, speak against the mode that was named. */
static int has_wrong_mode(const struct ptn_try *t, ptn_time now)
{
	switch (t->fault) {
	case PTN_FAULT_NONE:
		return now >= silent_at(t);
	case PTN_FAULT_GREETING_IS_TLS:
	case PTN_FAULT_TLS_SMTP_FIRST:
		return 1;
	case PTN_FAULT_GREETING_SILENT:
	case PTN_FAULT_GREETING_CLOSED:
	case PTN_FAULT_TLS_TIMEOUT:
		return t->depth < PTN_DEPTH_HEARD;
	default:
		return 0;
	}
}

/* The other mode has the rest of the candidate's time, and as much as silence was given at least.
 */
static void start_other(struct ptn_probe *p, struct ptn_place *at, ptn_time now)
{
	ptn_time least = now + cut(p->set.limits[POSTERN_LIMIT_OVERALL], SILENCE_MS);
	ptn_time until = at->until > least ? at->until : least;

	start_try(p, &at->other, at->want.port, other_mode(at->want.mode), until, now);
}

static void step_place(struct ptn_probe *p, struct ptn_place *at, ptn_time now)
{
	step_try(p, &at->named, now);
	if (at->other.state == PTN_TRY_UNUSED && !p->set.socket_path &&
	    has_wrong_mode(&at->named, now))
		start_other(p, at, now);
	step_try(p, &at->other, now);
	if (!is_settled(&at->other) && at->named.depth >= PTN_DEPTH_MODE)
		end_try(&at->other); /* it was slow, not silent */
	/* The other mode has been answered: silence in the first one is explained. */
	if (!is_settled(&at->named) && at->other.depth >= PTN_DEPTH_MODE && is_settled(&at->other))
		ptn_link_lost(at->named.link, PTN_FAULT_REPLY_TIMEOUT);
	step_try(p, &at->named, now);
}

const struct ptn_try *ptn_probe_chosen(const struct ptn_place *at)
{
	return at->other.depth >= PTN_DEPTH_MODE && at->other.depth > at->named.depth ? &at->other
										      : &at->named;
}

int ptn_probe_works(const struct ptn_try *t)
{
	return t->depth == PTN_DEPTH_USABLE && !t->fault;
}

static int score(const struct ptn_place *at)
{
	const struct ptn_try *t = ptn_probe_chosen(at);

	if (!ptn_probe_works(t))
		return 0;
	return 1 + 8 * t->is_secured + 4 * t->offers_auth + 2 * (t == &at->named || at->want.guess);
}

/* A secure one, with sign-in, in the mode it was named with; of several the first. */
static void choose_best(struct ptn_probe *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (score(&p->at[i]) > (p->best < 0 ? 0 : score(&p->at[p->best])))
			p->best = (int)i;
}

/* ---- The whole. ---- */

/* Credentials go out once, under verified TLS, or without it to this machine only (RFC 8314 3). */
static int begin_sign_in(struct ptn_probe *p, ptn_time now)
{
	const struct ptn_try *t;

	choose_best(p);
	if (p->best < 0 || !ptn_signin_due(&p->set))
		return 0;
	t = ptn_probe_chosen(&p->at[p->best]);
	if (t->is_secured || t->loopback) {
		tell(p, t->port, "signing in");
		start_try(p, &p->sign, t->port, t->mode,
			  now + cut(p->set.limits[POSTERN_LIMIT_OVERALL], PLACE_MS), now);
		return 1;
	}
	p->sign.port = t->port;
	memcpy(p->sign.address, t->address, sizeof(t->address));
	settle(p, &p->sign, PTN_FAULT_CLEAR_TEXT_SIGN_IN, now);
	return 0;
}

static int ports_settled(const struct ptn_probe *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (!is_settled(&p->at[i].named) || !is_settled(&p->at[i].other))
			return 0;
	return 1;
}

static int tries_over(const struct ptn_probe *p)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->at[i].named.state == PTN_TRY_LEAVING ||
		    p->at[i].other.state == PTN_TRY_LEAVING)
			return 0;
	return p->sign.state == PTN_TRY_UNUSED || p->sign.state == PTN_TRY_OVER;
}

static void begin_ports(struct ptn_probe *p, ptn_time now)
{
	p->state = PTN_PROBE_PORTS;
	p->n = p->set.n_ports;
	for (size_t i = 0; i < p->n; i++) {
		p->at[i].want = p->set.ports[i];
		p->at[i].until = now + cut(p->set.limits[POSTERN_LIMIT_OVERALL], PLACE_MS);
		start_try(p, &p->at[i].named, p->at[i].want.port, p->at[i].want.mode,
			  p->at[i].until, now);
	}
}

static void no_name(struct ptn_probe *p, int err)
{
	ptn_probe_stop(p, err == -ENOMEM   ? PTN_FAULT_NO_MEMORY
			  : p->set.proxy   ? PTN_FAULT_PROXY_UNREACHABLE
			  : err == -ENOENT ? PTN_FAULT_NAME_NOT_FOUND
					   : PTN_FAULT_NAME_NO_ANSWER);
}

static void step_name(struct ptn_probe *p, ptn_time now)
{
	int state = p->net->resolved(p->ctx, p->addresses, &p->n_addresses);

	if (!state && now >= p->until) {
		p->net->resolve_stop(p->ctx);
		state = -EAGAIN;
	}
	if (state < 0)
		no_name(p, state);
	if (state > 0)
		begin_ports(p, now);
}

int ptn_probe_step(struct ptn_probe *p, ptn_time now)
{
	p->net->turn(p->ctx);
	if (p->state == PTN_PROBE_NAME)
		step_name(p, now);
	for (size_t i = 0; i < p->n; i++)
		step_place(p, &p->at[i], now);
	if (p->state == PTN_PROBE_PORTS && ports_settled(p)) {
		p->state = PTN_PROBE_SIGN_IN;
		begin_sign_in(p, now);
	}
	if (p->state == PTN_PROBE_SIGN_IN) {
		step_try(p, &p->sign, now);
		if (tries_over(p))
			p->state = PTN_PROBE_OVER;
	}
	return p->state == PTN_PROBE_OVER;
}

ptn_time ptn_probe_wake(const struct ptn_probe *p)
{
	ptn_time wake = p->state == PTN_PROBE_NAME ? p->until : wake_of(&p->sign);

	for (size_t i = 0; i < p->n; i++) {
		wake = sooner(wake, wake_of(&p->at[i].named));
		wake = sooner(wake, wake_of(&p->at[i].other));
		if (p->at[i].other.state == PTN_TRY_UNUSED && !p->set.socket_path)
			wake = sooner(wake, silent_at(&p->at[i].named));
	}
	return wake;
}

void ptn_probe_begin(struct ptn_probe *p, const struct ptn_settings *set, const struct ptn_net *net,
		     void *ctx, ptn_time now)
{
	static const int cut_limits[] = {POSTERN_LIMIT_RESOLVE,  POSTERN_LIMIT_CONNECT,
					 POSTERN_LIMIT_GREETING, POSTERN_LIMIT_TLS,
					 POSTERN_LIMIT_COMMAND,  POSTERN_LIMIT_AUTH};
	int err;

	p->set = *set;
	p->set.sessions = NULL; /* every handshake is a full one */
	p->net = net;
	p->ctx = ctx;
	p->best = -1;
	for (size_t i = 0; i < sizeof(cut_limits) / sizeof(*cut_limits); i++)
		p->set.limits[cut_limits[i]] = cut(set->limits[cut_limits[i]], PLACE_MS);
	p->until = now + p->set.limits[POSTERN_LIMIT_RESOLVE];
	if (set->socket_path) {
		p->addresses[0] =
			(struct ptn_address){.family = PTN_NET_UNIX, .path = set->socket_path};
		p->n_addresses = 1;
		begin_ports(p, now);
		return;
	}
	tell(p, 0, set->proxy ? "looking up the proxy's name" : "looking up the name");
	err = net->resolve(ctx, set->proxy ? set->proxy->host : set->host,
			   p->set.limits[POSTERN_LIMIT_RESOLVE]);
	if (err)
		no_name(p, err);
}

void ptn_probe_stop(struct ptn_probe *p, int fault)
{
	if (p->state == PTN_PROBE_NAME && p->ctx)
		p->net->resolve_stop(p->ctx);
	for (size_t i = 0; i < p->n; i++) {
		end_try(&p->at[i].named);
		end_try(&p->at[i].other);
	}
	end_try(&p->sign);
	p->fault = fault;
	p->state = PTN_PROBE_OVER;
}

static void free_try(struct ptn_try *t)
{
	end_try(t);
	ptn_buf_free(&t->error);
	ptn_buf_free(&t->advice);
	ptn_buf_free(&t->heard.greeting);
	ptn_buf_free(&t->heard.clear);
	ptn_buf_free(&t->heard.secured);
	ptn_buf_free(&t->offered);
	ptn_tls_certificate_free(&t->certificate);
}

void ptn_probe_free(struct ptn_probe *p)
{
	for (size_t i = 0; i < PTN_ROUTE_MOST; i++) {
		free_try(&p->at[i].named);
		free_try(&p->at[i].other);
	}
	free_try(&p->sign);
}
