/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "drive.h"
#include "drive_parts.h"
#include "explain.h"

/* ---- Time limits, cancelling. ---- */

static ptn_time overall_until(const struct ptn_drive *d, const struct postern_mail *m)
{
	int limit = d->set->limits[POSTERN_LIMIT_OVERALL];

	return limit && m && m->started ? m->started + limit : PTN_NEVER;
}

static void check_limits(struct ptn_drive *d)
{
	struct ptn_facts f = {.host = d->set->host};
	struct ptn_line *next;

	if (!d->set->limits[POSTERN_LIMIT_OVERALL])
		return;
	if (ptn_drive_may_begin(d) && !d->at_work && !d->queue.first->started)
		d->queue.first->started = d->now;
	for (struct ptn_line *l = d->lines; l; l = next) {
		next = l->next;
		if (d->now >= overall_until(d, l->mails.first))
			ptn_drive_cut_line(d, l, PTN_FAULT_TIME_LIMIT);
	}
	while (d->now >= overall_until(d, d->queue.first)) {
		ptn_drive_fail_first(d, PTN_FAULT_TIME_LIMIT, &f);
		ptn_search_stop(&d->search);
		ptn_drive_cut_stuck(d, PTN_FAULT_TIME_LIMIT);
	}
}

void ptn_drive_abandon(struct ptn_drive *d, int fault)
{
	struct ptn_facts f = {.host = d->set->host};
	struct ptn_line *next;

	ptn_search_stop(&d->search);
	for (struct ptn_line *l = d->lines; l; l = next) {
		next = l->next;
		if (l->mails.first)
			ptn_drive_cut_line(d, l, fault);
	}
	ptn_drive_cut_stuck(d, fault);
	if (!d->queue.first)
		return;
	ptn_explain(&d->cause, &d->advice, fault, &f);
	ptn_drive_fail_queue(d, fault, &d->cause, &d->advice);
}

void ptn_drive_withdraw(struct ptn_drive *d, struct postern_mail *m)
{
	if (m->line)
		ptn_drive_cut_line(d, m->line, PTN_FAULT_CANCELLED);
	ptn_queue_remove(m);
	m->drive = NULL;
	if (!ptn_drive_left(d))
		ptn_search_stop(&d->search); /* nobody would step it, nor keep its settings */
}

static void end_all(struct ptn_drive *d, void (*end)(struct ptn_link *l))
{
	while (d->lines)
		end(ptn_drive_take_out(d, d->lines));
	while (d->closing) {
		struct ptn_link *l = d->closing;

		d->closing = l->next;
		end(l);
	}
	d->n_closing = 0;
}

void ptn_drive_forget(struct ptn_drive *d)
{
	ptn_drive_abandon(d, PTN_FAULT_CANCELLED);
	end_all(d, ptn_link_free);
}

static void close_politely(struct ptn_link *l)
{
	struct ptn_smtp_event ev;

	ptn_link_quit(l);
	ptn_link_step(l, 0, &ev);
	ptn_link_free(l);
}

void ptn_drive_close(struct ptn_drive *d)
{
	end_all(d, close_politely);
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
	ptn_mem_free(d->spare);
	ptn_pace_free(&d->pace);
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

/* The mail of a pipe that is to be looked at again; NULL: none. */
static struct postern_mail *next_pipe(const struct ptn_drive *d, ptn_time now)
{
	struct postern_mail *m = d->queue.first;

	if (m && m->waiting && m->ask_at <= now)
		return m;
	for (const struct ptn_line *l = d->lines; l; l = l->next)
		if (l->mails.last && l->mails.last->waiting && l->mails.last->ask_at <= now)
			return l->mails.last;
	return NULL;
}

static void look_at_pipes(struct ptn_drive *d, ptn_time now)
{
	struct postern_mail *m;

	while ((m = next_pipe(d, now)) != NULL)
		postern_mail_resume(m);
}

static void keep_pace(struct ptn_drive *d)
{
	const struct ptn_flow *f = &d->set->flow;

	if (!ptn_pace_set(&d->pace, f->rate_mails, f->rate_ms))
		return;
	ptn_explain(&d->cause, &d->advice, PTN_FAULT_NO_MEMORY, &(struct ptn_facts){0});
	ptn_drive_fail_queue(d, PTN_FAULT_NO_MEMORY, &d->cause, &d->advice);
}

void ptn_drive_step(struct ptn_drive *d, ptn_time now, long long seconds)
{
	d->net->turn(d->ctx);
	d->now = now;
	d->seconds = seconds;
	keep_pace(d);
	look_at_pipes(d, now);
	check_limits(d);
	ptn_drive_end_stale(d);
	ptn_drive_step_lines(d);
	check_limits(d);
	if (d->search.state != PTN_SEARCH_OFF && d->n_lines && !d->queue.first)
		ptn_search_stop(&d->search); /* what it was for has been done meanwhile */
	if (d->search.state != PTN_SEARCH_OFF || ptn_drive_wants_line(d) <= now) {
		ptn_drive_step_search(d);
		ptn_drive_step_lines(d); /* if one has just been found */
	}
	ptn_drive_tidy_lines(d);
	/* Last: what has just ended must not wait for a word that never comes. */
	ptn_drive_step_closing(d);
}

/* ---- When there is more to do. ---- */

size_t ptn_drive_left(const struct ptn_drive *d)
{
	return d->queue.n + d->at_work;
}

int ptn_drive_busy(const struct ptn_drive *d)
{
	return ptn_drive_left(d) || (d->quitting && (d->closing || d->lines));
}

int ptn_drive_waits(const struct ptn_drive *d)
{
	return next_pipe(d, PTN_NEVER) != NULL;
}

void ptn_drive_resume(struct ptn_drive *d)
{
	look_at_pipes(d, PTN_NEVER);
}

static ptn_time sooner(ptn_time a, ptn_time b)
{
	return a < b ? a : b;
}

/* When a mail may begin on it, or it has a time limit. */
static ptn_time wake_of_line(const struct ptn_drive *d, const struct ptn_line *l)
{
	const struct postern_mail *head = d->queue.first, *last = l->mails.last;
	ptn_time wake = sooner(ptn_link_wake(l->link), ptn_line_idle_until(l));

	wake = sooner(wake, ptn_line_rest_at(l));

	if (last && last->resumed)
		return 0;
	if (last && last->waiting)
		wake = sooner(wake, last->ask_at);
	if (head && !head->waiting && ptn_line_takes(l))
		wake = sooner(wake, head->first ? 0 : ptn_pace_next(&d->pace));
	if (!head && d->quitting && ptn_line_is_idle(l))
		wake = 0;
	return sooner(wake, overall_until(d, l->mails.first));
}

ptn_time ptn_drive_wake(const struct ptn_drive *d)
{
	const struct postern_mail *head = d->queue.first;
	ptn_time wake = sooner(ptn_search_wake(&d->search), ptn_drive_wants_line(d));

	if (head && head->waiting)
		wake = sooner(wake, head->ask_at);
	for (const struct ptn_line *l = d->lines; l; l = l->next)
		wake = sooner(wake, wake_of_line(d, l));
	for (const struct ptn_link *l = d->closing; l; l = l->next)
		wake = sooner(wake, ptn_link_wake(l));
	return sooner(wake, overall_until(d, head));
}
