/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What came of a mail: its outcome and its words, and what that means for the connections.
 */
#include "drive_parts.h"
#include "facts.h"
#include "refine.h"
#include "smtp/reply.h"

enum { DELAY_FIRST = 1000, DELAY_MOST = 60000 }; /* ms until a further connection is tried again */

static void is_done(struct ptn_drive *d, struct postern_mail *m)
{
	d->at_work -= m->line != NULL;
	m->line = NULL;
	m->again = 0;
	ptn_queue_remove(m);
	ptn_queue_add(&d->done, m);
}

/* Every queued mail ends so: there is no way to send any of them now. */
void ptn_drive_fail_queue(struct ptn_drive *d, int fault, const struct ptn_buf *cause,
			  const struct ptn_buf *advice)
{
	while (d->queue.first) {
		struct postern_mail *m = d->queue.first;

		if (ptn_mail_finish(m, ptn_fault_outcome(fault), fault, NULL))
			ptn_mail_explain(m, cause, advice);
		is_done(d, m);
	}
}

void ptn_drive_fail_first(struct ptn_drive *d, int fault, const struct ptn_facts *f)
{
	struct postern_mail *m = d->queue.first;

	if (ptn_mail_finish(m, ptn_fault_outcome(fault), fault, NULL))
		ptn_explain(&m->error, &m->advice, fault, f);
	is_done(d, m);
}

/* Of several refused recipients the first one's reply stands in the sentence. */
static void explain_recipients(struct ptn_drive *d, const struct ptn_line *line,
			       struct postern_mail *m)
{
	char address[PTN_ADDRESS_TEXT];
	struct ptn_facts f = ptn_facts_of(d->set, line->link, address);

	for (size_t i = 0; i < m->n && !f.code; i++) {
		const struct ptn_recipient *r = &m->recipients[i];

		if (r->outcome != POSTERN_TRANSIENT && r->outcome != POSTERN_PERMANENT)
			continue;
		f.code = r->code;
		f.status = r->status;
		f.text = ptn_said_text(r->said);
		m->fault = ptn_refine_reply(m->fault, r->code, r->status, f.text);
	}
	ptn_explain(&m->error, &m->advice, m->fault, &f);
}

static void explain(struct ptn_drive *d, const struct ptn_line *line, struct postern_mail *m,
		    const struct ptn_reply *reply)
{
	if (m->fault == PTN_FAULT_RCPT_REFUSED)
		explain_recipients(d, line, m);
	else
		ptn_facts_explain(&m->error, &m->advice, m->fault, d->set, line->link, reply);
}

/* ---- More lines, or fewer. ---- */

/* Some other line than this one has carried mail, and still may. */
int ptn_drive_another_works(const struct ptn_drive *d, const struct ptn_line *line)
{
	for (const struct ptn_line *l = d->lines; l; l = l->next)
		if (l != line && l->used && !l->leaving && !ptn_link_fault(l->link))
			return 1;
	return 0;
}

/* A further connection is not to be had for now: the others do the work. */
void ptn_drive_slow_down(struct ptn_drive *d)
{
	d->delay = !d->delay ? DELAY_FIRST : d->delay < DELAY_MOST / 2 ? 2 * d->delay : DELAY_MOST;
	d->further_at = d->now + d->delay;
}

/* 421, 432 and 452 for a mail say that it is too much: this line ends where another works. */
static void heed(struct ptn_drive *d, struct ptn_line *line, const struct ptn_smtp_event *ev)
{
	int code = ev->reply && ev->reply->whole ? ev->reply->code : 0;

	if (ev->outcome == POSTERN_ACCEPTED && !line->accepted) {
		line->accepted = 1;
		d->delay = d->n_lines > 1 ? 0 : d->delay;
	}
	if (ev->fault == PTN_FAULT_RCPT_REFUSED || (code != 421 && code != 432 && code != 452) ||
	    !ptn_drive_another_works(d, line))
		return;
	if (!line->leaving)
		ptn_drive_slow_down(d);
	line->leaving = 1;
}

/* ---- Its end, or its next part. ---- */

/* It goes before all that were not begun. */
static void requeue(struct ptn_drive *d, struct postern_mail *m)
{
	d->at_work--;
	m->line = NULL;
	ptn_queue_remove(m);
	ptn_queue_put_back(&d->queue, m);
	m->state = PTN_MAIL_QUEUED;
}

/* After one part of its recipients was served, or all of that part were refused, the others have
 * their turn.  What was said of the sender or the content is said for them too; and where the
 * connection broke nothing is tried again by itself. */
static int goes_on(const struct postern_mail *m, const struct ptn_smtp_event *ev)
{
	return ptn_mail_left(m) &&
	       (ev->outcome == POSTERN_ACCEPTED || ev->fault == PTN_FAULT_RCPT_REFUSED);
}

/* With 421 a server ends a connection that has carried enough: what it cannot have taken goes on
 * over the next one, and that is left in time.  Only where this one was good for a mail, so that
 * there is an end to it. */
static int goes_again(const struct ptn_line *line, const struct postern_mail *m,
		      const struct ptn_smtp_event *ev)
{
	return ev->unread && line->accepted && !ptn_mail_read_once(m);
}

/* How many the server took on it; a few say nothing about a limit. */
static void learn_most(struct ptn_drive *d, const struct ptn_line *line)
{
	enum { LEAST = 10 };
	unsigned taken = line->begun - (unsigned)line->mails.n;

	if (taken >= LEAST && (!d->each_most || taken < d->each_most))
		d->each_most = taken;
}

static void mail_ended(struct ptn_drive *d, struct ptn_line *line, const struct ptn_smtp_event *ev)
{
	struct postern_mail *m = ev->mail;
	int fault = ev->fault, told, rest = ev->outcome;

	heed(d, line, ev);
	if (goes_again(line, m, ev)) {
		learn_most(d, line);
		requeue(d, m);
		return;
	}
	if (fault && fault != PTN_FAULT_RCPT_REFUSED)
		fault = ptn_facts_refine(fault, line->link, ev->reply);
	told = ptn_mail_end_part(m, ev->outcome, fault, ev->reply);
	if (goes_on(m, ev)) {
		if (told)
			explain(d, line, m, ev->reply);
		requeue(d, m);
		return;
	}
	if (ptn_mail_left(m) && rest == POSTERN_IN_DOUBT)
		rest = POSTERN_TRANSIENT; /* of those nothing was said */
	told |= ptn_mail_finish(m, rest, 0, ev->reply);
	if (told || (m->fault && !ptn_buf_len(&m->error)))
		explain(d, line, m, ev->reply);
	is_done(d, m);
}

void ptn_drive_event(struct ptn_drive *d, struct ptn_line *line, const struct ptn_smtp_event *ev)
{
	if (ev->what == PTN_EVENT_RECIPIENT)
		ptn_mail_recipient(ev->mail, ev->recipient, ev->outcome, ev->reply);
	else
		mail_ended(d, line, ev);
}
