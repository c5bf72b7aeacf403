/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The connections in use: what is heard on them, what is begun on them, and their end.
 */
#include "base/mem.h"
#include "drive_parts.h"
#include "facts.h"
#include "smtp/capability.h"

enum {
	BLOCK = 16 * 1024,
	PIPE_PAUSE = 20, /* ms until a pipe that had nothing is looked at again */
	QUIT_PAUSE = 1000 /* ms that the line in place of one that says QUIT waits for its end */
};

/* ---- Connections that say goodbye. ---- */

void ptn_drive_put_away(struct ptn_drive *d, struct ptn_link *l)
{
	if (!l || d->n_closing == PTN_CLOSING_MOST) {
		ptn_link_free(l);
		return;
	}
	l->next = d->closing;
	d->closing = l;
	d->n_closing++;
}

void ptn_drive_step_closing(struct ptn_drive *d)
{
	struct ptn_link **at = &d->closing;

	while (*at) {
		struct ptn_link *l = *at;
		struct ptn_smtp_event ev;
		int state = PTN_LINK_EVENT;

		while (state == PTN_LINK_EVENT)
			state = ptn_link_step(l, d->now, &ev);
		if (state != PTN_LINK_OVER && state != PTN_LINK_BODY) {
			at = &l->next;
			continue;
		}
		*at = l->next;
		d->n_closing--;
		ptn_link_free(l);
	}
}

/* ---- Lines that end. ---- */

/* The line is no more; its link is the caller's. */
struct ptn_link *ptn_drive_take_out(struct ptn_drive *d, struct ptn_line *line)
{
	struct ptn_link *link = line->link;
	struct ptn_line **at = &d->lines;

	while (*at != line)
		at = &(*at)->next;
	*at = line->next;
	d->n_lines--;
	ptn_mem_free(line);
	return link;
}

static void say_quit(struct ptn_drive *d, struct ptn_line *line)
{
	if (line->leaving || ptn_line_is_worn(line))
		d->quit_until = d->now + QUIT_PAUSE;
	ptn_link_quit(line->link);
	ptn_drive_put_away(d, ptn_drive_take_out(d, line));
}

/* No line worked, and this one did not either: that is so for all that wait. */
static void blame(struct ptn_drive *d, const struct ptn_link *l, int fault)
{
	const struct ptn_reply *reply = ptn_smtp_reply(l->smtp);

	fault = ptn_facts_refine(fault ? fault : PTN_FAULT_LOST, l, reply);
	ptn_facts_explain(&d->cause, &d->advice, fault, d->set, l, reply);
	ptn_search_blame(&d->search, fault, &d->cause);
	ptn_remark(d->set, (const char *[]){ptn_buf_data(&d->cause), NULL});
	ptn_drive_fail_queue(d, fault, &d->cause, &d->advice);
}

/* The line has ended, or will: what that means for the mails that were not begun.  One that carried
 * mail is simply replaced; one that never did has failed them all, if it was the only one. */
static void line_failed(struct ptn_drive *d, struct ptn_line *line)
{
	int others = d->n_lines > 1 || (!line->used && line->further);

	if (others && !line->leaving) /* else it was to end anyway */
		ptn_drive_slow_down(d);
	if (!others && !line->used && d->queue.first && !ptn_signin_again(line->link))
		blame(d, line->link, ptn_link_fault(line->link));
	ptn_drive_put_away(d, ptn_drive_take_out(d, line));
}

/* ---- What is heard. ---- */

/* One block of content.  0: the reader has none yet. */
static int pump(struct ptn_drive *d, struct ptn_line *line)
{
	char buf[BLOCK];
	struct postern_mail *m = line->mails.last;
	int fault = PTN_FAULT_CONTENT_READER;
	ptrdiff_t n = m->waiting ? POSTERN_LATER : ptn_mail_read(m, buf, sizeof(buf), &fault);

	m->resumed = 0;
	if (n == POSTERN_LATER) {
		m->ask_at = m->path ? d->now + PIPE_PAUSE : PTN_NEVER;
		return 0;
	}
	if (n < 0)
		ptn_smtp_body_fail(line->link->smtp, fault);
	else if (!n)
		ptn_smtp_body_end(line->link->smtp);
	else
		ptn_smtp_body(line->link->smtp, buf, (size_t)n);
	return 1;
}

/* 0: the line has gone. */
static int run_line(struct ptn_drive *d, struct ptn_line *line)
{
	for (;;) {
		struct ptn_smtp_event ev;

		switch (ptn_link_step(line->link, d->now, &ev)) {
		case PTN_LINK_EVENT:
			ptn_drive_event(d, line, &ev);
			break;
		case PTN_LINK_BODY:
			if (!line->mails.last || !pump(d, line))
				return 1;
			break;
		case PTN_LINK_OVER:
			line_failed(d, line);
			return 0;
		default: /* mails at work get their outcomes first */
			if (!ptn_link_fault(line->link) || line->mails.first)
				return 1;
			line_failed(d, line);
			return 0;
		}
	}
}

/* ---- Beginning a mail. ---- */

static void fail_before_start(struct ptn_drive *d, const struct ptn_line *line, int fault,
			      unsigned long long at)
{
	char address[PTN_ADDRESS_TEXT];
	struct ptn_facts f = ptn_facts_of(d->set, line->link, address);
	struct postern_mail *m = d->queue.first;

	f.line = at;
	f.size = m->envelope.sized ? m->envelope.size : 0;
	f.detail =
		fault == PTN_FAULT_NEEDS_EXTENSION ? ptn_smtp_missing(line->link->smtp) : m->detail;
	ptn_drive_fail_first(d, fault, &f);
}

/* The content is ready, and the envelope that of a transaction of its own: 0, a fault, or
 * PTN_MAIL_LATER. */
static int make_ready(struct ptn_drive *d, const struct ptn_line *line, struct postern_mail *m,
		      unsigned long long *at)
{
	const struct ptn_capability *c = ptn_smtp_capability(line->link->smtp);
	int fault = 0;

	if (m->first || m->again)
		fault = ptn_mail_again(m);
	else if (!ptn_mail_in_memory(m))
		fault = ptn_mail_prepare(m, line->link->name, d->seconds, at);
	return fault ? fault : ptn_mail_take_part(m, c->rcpt_max, c->rcpt_domain_max);
}

static void is_begun(struct ptn_drive *d, struct ptn_line *line, struct postern_mail *m)
{
	if (!m->first)
		ptn_pace_begun(&d->pace, d->now);
	if (!m->started)
		m->started = d->now;
	ptn_queue_remove(m);
	ptn_queue_add(&line->mails, m);
	m->line = line;
	m->again = 0;
	m->state = PTN_MAIL_ACTIVE;
	m->resumed = 0;
	line->link->made = m->made;
	line->begun++;
	line->idle_since = PTN_NEVER;
	line->rests = 0;
	d->at_work++;
}

int ptn_drive_may_begin(const struct ptn_drive *d)
{
	const struct postern_mail *m = d->queue.first;

	return m && !m->waiting && (m->first || ptn_pace_next(&d->pace) <= d->now);
}

/* The first mail of the queue goes onto the line.  0: there is none, or the line is not ready. */
static int start_mail(struct ptn_drive *d, struct ptn_line *line)
{
	struct postern_mail *m = d->queue.first;
	unsigned long long at = 0;
	int fault;

	if (!ptn_drive_may_begin(d) || !ptn_line_takes(line))
		return 0;
	d->mechanism = line->link->mechanism;
	if (!line->used)
		ptn_search_remember(&d->search, line->link, d->seconds);
	fault = make_ready(d, line, m, &at);
	if (fault == PTN_MAIL_LATER) {
		line->used = 1; /* it is good: what becomes of it while we wait blames no mail */
		m->ask_at = m->path ? d->now + PIPE_PAUSE : PTN_NEVER;
		return 0;
	}
	if (!fault)
		fault = ptn_smtp_mail(line->link->smtp, &m->envelope, m);
	if (fault == PTN_FAULT_LOST) { /* not a word was said of this mail */
		ptn_link_lost(line->link, fault);
		return 1;
	}
	line->used = 1;
	if (fault)
		fail_before_start(d, line, fault, at);
	else
		is_begun(d, line, m);
	return 1;
}

/* As many mails at a time as make a fair share: the last ones of a queue go to all lines. */
static size_t share(const struct ptn_drive *d)
{
	size_t n = 0;

	for (const struct ptn_line *l = d->lines; l; l = l->next)
		n += (size_t)ptn_line_takes(l);
	return n > 1 ? (d->queue.n + n - 1) / n : d->queue.n;
}

static int fill(struct ptn_drive *d, struct ptn_line *line, size_t most)
{
	size_t n = 0;

	while (n < most && start_mail(d, line))
		n++;
	return n > 0;
}

/* What is heard is taken in, then each line gets what it has room for, all in one flight. */
void ptn_drive_step_lines(struct ptn_drive *d)
{
	struct ptn_line *next;
	int moved = 1;

	for (struct ptn_line *l = d->lines; l; l = next) {
		next = l->next;
		run_line(d, l);
	}
	while (moved && d->queue.first) {
		size_t most = share(d);

		moved = 0;
		for (struct ptn_line *l = d->lines; l; l = next) {
			next = l->next;
			if (fill(d, l, most)) {
				moved = 1;
				run_line(d, l);
			}
		}
	}
}

/* ---- Lines without mails. ---- */

/* What was idle for too long is not used again, even if nobody looked in between: it may be dead.
 */
void ptn_drive_end_stale(struct ptn_drive *d)
{
	struct ptn_line *next;

	for (struct ptn_line *l = d->lines; l; l = next) {
		next = l->next;
		if (d->now >= ptn_line_idle_until(l) && ptn_line_is_idle(l))
			say_quit(d, l);
	}
}

/* A line that is on its way up, while nothing waits any more. */
static int is_needless(const struct ptn_drive *d, const struct ptn_line *l)
{
	return !l->used && !ptn_drive_left(d) && !ptn_link_ready(l->link);
}

static int is_to_end(const struct ptn_drive *d, const struct ptn_line *l)
{
	return is_needless(d, l) || (ptn_line_is_idle(l) && (l->leaving || ptn_line_is_worn(l) ||
							     (d->quitting && !d->queue.first)));
}

/* Lines without mails: kept for a while, or ended. */
void ptn_drive_tidy_lines(struct ptn_drive *d)
{
	struct ptn_line *next;

	for (struct ptn_line *l = d->lines; l; l = next) {
		next = l->next;
		if (l->mails.first)
			continue;
		if (is_to_end(d, l)) {
			say_quit(d, l);
			continue;
		}
		if (ptn_line_is_idle(l) && l->idle_since == PTN_NEVER)
			l->idle_since = d->now;
		if (d->now < ptn_line_rest_at(l))
			continue;
		ptn_link_rest(l->link);
		l->rests = 1;
	}
}

/* End the mails at work on it, whatever that means for each, and the connection with them. */
void ptn_drive_cut_line(struct ptn_drive *d, struct ptn_line *line, int fault)
{
	struct ptn_smtp_event ev;

	ptn_link_lost(line->link, fault);
	while (ptn_smtp_event(line->link->smtp, &ev))
		ptn_drive_event(d, line, &ev);
	ptn_link_free(ptn_drive_take_out(d, line));
}

/* Lines on which nothing is at work, and nothing can be begun. */
void ptn_drive_cut_stuck(struct ptn_drive *d, int fault)
{
	struct ptn_line *next;

	for (struct ptn_line *l = d->lines; l; l = next) {
		next = l->next;
		if (!l->mails.first && !ptn_link_ready(l->link))
			ptn_drive_cut_line(d, l, fault);
	}
}
