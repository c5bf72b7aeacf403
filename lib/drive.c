/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "drive.h"
#include "facts.h"
#include "refine.h"
#include "tls/tls.h"

enum { BLOCK = 16 * 1024 };

/* ---- Mails. ---- */

static void is_done(struct ptn_drive *d, struct postern_mail *m)
{
	ptn_queue_remove(m);
	ptn_queue_add(&d->done, m);
}

/* Every queued mail ends so: there is no way to send any of them now. */
static void fail_queue(struct ptn_drive *d, int fault, const struct ptn_buf *cause,
		       const struct ptn_buf *advice)
{
	while (d->queue.first) {
		struct postern_mail *m = d->queue.first;

		ptn_mail_explain(m, cause, advice);
		ptn_mail_finish(m, ptn_fault_outcome(fault), fault, NULL);
		is_done(d, m);
	}
}

static void fail_first(struct ptn_drive *d, int fault, const struct ptn_facts *f)
{
	struct postern_mail *m = d->queue.first;

	ptn_explain(&m->error, &m->advice, fault, f);
	ptn_mail_finish(m, ptn_fault_outcome(fault), fault, NULL);
	is_done(d, m);
}

/* Of several refused recipients the first one's reply stands in the sentence. */
static void explain_recipients(struct ptn_drive *d, struct postern_mail *m)
{
	char address[PTN_ADDRESS_TEXT];
	struct ptn_facts f = ptn_facts_of(d->set, d->line, address);

	for (size_t i = 0; i < m->n && !f.code; i++) {
		const struct ptn_recipient *r = &m->recipients[i];

		if (r->outcome != POSTERN_TRANSIENT && r->outcome != POSTERN_PERMANENT)
			continue;
		f.code = r->code;
		f.status = r->status;
		f.text = r->text;
		m->fault = ptn_refine_reply(m->fault, r->code, r->status, r->text);
	}
	ptn_explain(&m->error, &m->advice, m->fault, &f);
}

static void take_event(struct ptn_drive *d, const struct ptn_smtp_event *ev)
{
	struct postern_mail *m = d->active;
	int fault = ev->fault;

	if (!m)
		return;
	if (ev->what == PTN_EVENT_RECIPIENT) {
		ptn_mail_recipient(m, ev->recipient, ev->outcome, ev->reply);
		return;
	}
	if (fault != PTN_FAULT_RCPT_REFUSED)
		fault = ptn_facts_refine(fault, d->line, ev->reply);
	ptn_mail_finish(m, ev->outcome, fault, ev->reply);
	if (m->fault == PTN_FAULT_RCPT_REFUSED)
		explain_recipients(d, m);
	else if (m->fault)
		ptn_facts_explain(&m->error, &m->advice, m->fault, d->set, d->line, ev->reply);
	d->active = NULL;
	is_done(d, m);
}

/* ---- Connections that say goodbye. ---- */

static void put_away(struct ptn_drive *d, struct ptn_link *l)
{
	for (size_t i = 0; l && i < PTN_CLOSING_MOST; i++)
		if (!d->closing[i]) {
			d->closing[i] = l;
			return;
		}
	ptn_link_free(l);
}

static void step_closing(struct ptn_drive *d, ptn_time now)
{
	struct ptn_smtp_event ev;

	for (size_t i = 0; i < PTN_CLOSING_MOST; i++) {
		int state = PTN_LINK_EVENT;

		while (d->closing[i] && state == PTN_LINK_EVENT)
			state = ptn_link_step(d->closing[i], now, &ev);
		if (state == PTN_LINK_OVER || state == PTN_LINK_BODY) {
			ptn_link_free(d->closing[i]);
			d->closing[i] = NULL;
		}
	}
}

/* ---- The line. ---- */

static void drop_line(struct ptn_drive *d)
{
	struct ptn_link *l = d->line;

	d->line = NULL;
	put_away(d, l);
}

/* The line has ended, or will: what that means for the mails that were not begun.  One that carried
 * mail is simply replaced; one that never did has failed them all. */
static void line_failed(struct ptn_drive *d)
{
	struct ptn_link *l = d->line;
	int fault = ptn_link_fault(l);

	if (!d->line_used && d->queue.first) {
		fault = fault ? fault : PTN_FAULT_LOST;
		fault = ptn_facts_refine(fault, l, ptn_smtp_reply(l->smtp));
		ptn_facts_explain(&d->cause, &d->advice, fault, d->set, l, ptn_smtp_reply(l->smtp));
		ptn_search_blame(&d->search, fault, &d->cause);
		ptn_remark(d->set, (const char *[]){ptn_buf_data(&d->cause), NULL});
		fail_queue(d, fault, &d->cause, &d->advice);
	}
	drop_line(d);
}

/* One block of content.  0: the reader has none yet. */
static int pump(struct ptn_drive *d)
{
	char buf[BLOCK];
	struct postern_mail *m = d->active;
	ptrdiff_t n = m->waiting ? POSTERN_LATER : ptn_mail_read(m, buf, sizeof(buf));

	m->resumed = 0;
	if (n == POSTERN_LATER)
		return 0;
	if (n < 0)
		ptn_smtp_body_fail(d->line->smtp, PTN_FAULT_CONTENT_READER);
	else if (!n)
		ptn_smtp_body_end(d->line->smtp);
	else
		ptn_smtp_body(d->line->smtp, buf, (size_t)n);
	return 1;
}

/* 0: the line has gone. */
static int run_line(struct ptn_drive *d, ptn_time now)
{
	for (;;) {
		struct ptn_smtp_event ev;

		switch (ptn_link_step(d->line, now, &ev)) {
		case PTN_LINK_EVENT:
			take_event(d, &ev);
			break;
		case PTN_LINK_BODY:
			if (!d->active || !pump(d))
				return 1;
			break;
		case PTN_LINK_OVER:
			line_failed(d);
			return 0;
		default:
			if (!ptn_link_fault(d->line))
				return 1;
			line_failed(d);
			return 0;
		}
	}
}

static void fail_before_start(struct ptn_drive *d, int fault, unsigned long long line)
{
	char address[PTN_ADDRESS_TEXT];
	struct ptn_facts f = ptn_facts_of(d->set, d->line, address);
	struct postern_mail *m = d->queue.first;

	f.line = line;
	f.size = m->envelope.sized ? m->envelope.size : 0;
	fail_first(d, fault, &f);
}

/* The first mail of the queue goes onto the line.  0: there is none, or the line is not ready. */
static int start_mail(struct ptn_drive *d, long long seconds)
{
	struct postern_mail *m = d->queue.first;
	unsigned long long line = 0;
	int fault = 0;

	if (!m || m->waiting || d->active || !ptn_link_ready(d->line))
		return 0;
	d->mechanism = d->line->mechanism;
	if (!d->line_used)
		ptn_search_remember(&d->search, d->line, seconds);
	if (m->read)
		fault = ptn_mail_prepare(m, d->line->name, seconds, &line);
	if (fault == PTN_MAIL_LATER) {
		d->line_used = 1; /* it is good: what becomes of it while we wait blames no mail */
		return 0;
	}
	if (!fault)
		fault = ptn_smtp_mail(d->line->smtp, &m->envelope, m);
	if (fault == PTN_FAULT_LOST) { /* not a word was said of this mail */
		ptn_link_lost(d->line, fault);
		return 1;
	}
	d->line_used = 1;
	if (fault) {
		fail_before_start(d, fault, line);
		return 1;
	}
	ptn_queue_remove(m);
	m->state = PTN_MAIL_ACTIVE;
	m->resumed = 0;
	d->line->made = m->made;
	d->active = m;
	return 1;
}

static void step_line(struct ptn_drive *d, ptn_time now, long long seconds)
{
	while (d->line && run_line(d, now) && start_mail(d, seconds))
		continue;
	if (d->line && d->quitting && !d->active && !d->queue.first) {
		ptn_link_quit(d->line);
		drop_line(d);
	}
}

/* ---- The route. ---- */

static void note_route(struct ptn_drive *d, const struct ptn_link *l)
{
	const char *version = l->tls ? ptn_tls_version(l->tls) : "";

	memcpy(d->host, l->target, sizeof(d->host));
	ptn_net_print(&l->address, d->address, sizeof(d->address));
	d->port = l->port;
	d->tls = ptn_smtp_secured(l->smtp) ? ptn_search_mode_name(l->mode) : "none";
	if (strlen(version) < sizeof(d->tls_version))
		memcpy(d->tls_version, version, strlen(version) + 1);
}

static void begin_search(struct ptn_drive *d, ptn_time now, long long seconds)
{
	d->port = 0;
	d->address[0] = d->tls_version[0] = '\0';
	d->tls = d->mechanism = NULL;
	ptn_search_begin(&d->search, now, seconds);
}

static void step_search(struct ptn_drive *d, ptn_time now, long long seconds)
{
	struct ptn_search *s = &d->search;
	int state;

	if (s->state == PTN_SEARCH_OFF)
		begin_search(d, now, seconds);
	state = ptn_search_step(s, now, &d->line);
	while (s->n_parting)
		put_away(d, s->parting[--s->n_parting]);
	if (state < 0)
		fail_queue(d, s->fault, &s->cause, &s->advice);
	if (state <= 0)
		return;
	d->line_used = 0;
	note_route(d, d->line);
}

/* ---- Time limits, cancelling. ---- */

static ptn_time overall_until(const struct ptn_drive *d, const struct postern_mail *m)
{
	int limit = d->set->limits[POSTERN_LIMIT_OVERALL];

	return limit && m && m->started ? m->started + limit : PTN_NEVER;
}

/* End the mail at work, whatever that means for it, and its connection with it. */
static void cut_line(struct ptn_drive *d, int fault)
{
	struct ptn_smtp_event ev;

	if (!d->line)
		return;
	ptn_link_lost(d->line, fault);
	while (ptn_smtp_event(d->line->smtp, &ev))
		take_event(d, &ev);
	ptn_link_free(d->line);
	d->line = NULL;
}

static void check_limits(struct ptn_drive *d, ptn_time now)
{
	struct ptn_facts f = {.host = d->set->host};

	if (d->queue.first && !d->active && !d->queue.first->started)
		d->queue.first->started = now;
	if (now >= overall_until(d, d->active))
		cut_line(d, PTN_FAULT_TIME_LIMIT);
	while (d->queue.first && now >= overall_until(d, d->queue.first)) {
		fail_first(d, PTN_FAULT_TIME_LIMIT, &f);
		ptn_search_stop(&d->search);
		if (d->line && !ptn_link_ready(d->line))
			cut_line(d, PTN_FAULT_TIME_LIMIT);
	}
}

void ptn_drive_abandon(struct ptn_drive *d, int fault)
{
	struct ptn_facts f = {.host = d->set->host};

	ptn_search_stop(&d->search);
	if (d->active || (d->line && !ptn_link_ready(d->line)))
		cut_line(d, fault);
	ptn_explain(&d->cause, &d->advice, fault, &f);
	fail_queue(d, fault, &d->cause, &d->advice);
}

void ptn_drive_withdraw(struct ptn_drive *d, struct postern_mail *m)
{
	if (m == d->active)
		cut_line(d, PTN_FAULT_CANCELLED);
	ptn_queue_remove(m);
	m->drive = NULL;
	if (!d->active && !d->queue.first)
		ptn_search_stop(&d->search); /* nobody would step it, nor keep its settings */
}

void ptn_drive_forget(struct ptn_drive *d)
{
	ptn_drive_abandon(d, PTN_FAULT_CANCELLED);
	ptn_link_free(d->line);
	d->line = NULL;
	for (size_t i = 0; i < PTN_CLOSING_MOST; i++) {
		ptn_link_free(d->closing[i]);
		d->closing[i] = NULL;
	}
}

static void close_politely(struct ptn_link **l)
{
	struct ptn_smtp_event ev;

	if (*l) {
		ptn_link_quit(*l);
		ptn_link_step(*l, 0, &ev);
		ptn_link_free(*l);
	}
	*l = NULL;
}

void ptn_drive_close(struct ptn_drive *d)
{
	close_politely(&d->line);
	for (size_t i = 0; i < PTN_CLOSING_MOST; i++)
		close_politely(&d->closing[i]);
}

/* ---- The whole. ---- */

void ptn_drive_init(struct ptn_drive *d, const struct ptn_settings *set, const struct ptn_net *net,
		    void *ctx)
{
	*d = (struct ptn_drive){.set = set, .net = net, .ctx = ctx};
	ptn_search_init(&d->search, set, net, ctx);
}

void ptn_drive_free(struct ptn_drive *d)
{
	ptn_drive_abandon(d, PTN_FAULT_CANCELLED);
	ptn_drive_close(d);
	while (d->done.first)
		ptn_drive_withdraw(d, d->done.first);
	ptn_search_free(&d->search);
	ptn_buf_free(&d->cause);
	ptn_buf_free(&d->advice);
}

void ptn_drive_submit(struct ptn_drive *d, struct postern_mail *m)
{
	m->drive = d;
	m->state = PTN_MAIL_QUEUED;
	m->started = 0;
	ptn_queue_add(&d->queue, m);
}

void ptn_drive_step(struct ptn_drive *d, ptn_time now, long long seconds)
{
	d->net->turn(d->ctx);
	check_limits(d, now);
	step_line(d, now, seconds);
	check_limits(d, now);
	if (!d->line && d->queue.first) {
		step_search(d, now, seconds);
		step_line(d, now, seconds); /* if one has just been found */
	}
	/* Last: what has just ended must not wait for a word that never comes. */
	step_closing(d, now);
}

static ptn_time sooner(ptn_time a, ptn_time b)
{
	return a < b ? a : b;
}

/* Something can be done without hearing from anyone. */
static int can_go_on(const struct ptn_drive *d)
{
	if (d->active)
		return d->active->resumed;
	if (!d->line)
		return d->queue.first && d->search.state == PTN_SEARCH_OFF;
	if (d->queue.first)
		return ptn_link_ready(d->line) && !d->queue.first->waiting;
	return ptn_link_ready(d->line) && d->quitting;
}

ptn_time ptn_drive_wake(const struct ptn_drive *d)
{
	ptn_time wake = ptn_search_wake(&d->search);

	if (can_go_on(d))
		return 0;
	if (d->line)
		wake = sooner(wake, ptn_link_wake(d->line));
	for (size_t i = 0; i < PTN_CLOSING_MOST; i++)
		if (d->closing[i])
			wake = sooner(wake, ptn_link_wake(d->closing[i]));
	wake = sooner(wake, overall_until(d, d->active));
	return sooner(wake, overall_until(d, d->queue.first));
}

int ptn_drive_busy(const struct ptn_drive *d)
{
	if (d->active || d->queue.first)
		return 1;
	if (!d->quitting)
		return 0;
	for (size_t i = 0; i < PTN_CLOSING_MOST; i++)
		if (d->closing[i])
			return 1;
	return d->line != NULL;
}
