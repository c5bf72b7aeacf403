/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Mails: their commands, as many at a time as the server allows, and what became of each recipient.
 * With BDAT the next mail's commands follow the last one's content without waiting for its reply,
 * within the window that the policy allows.
 */
#include <string.h>

#include "base/text.h"
#include "postern.h"
#include "smtp/command.h"
#include "smtp/internal.h"

enum { FLIGHT_MOST = 32 * 1024 }; /* of commands not yet handed over */

struct ptn_transaction *ptn_transaction_last(struct ptn_smtp *s)
{
	return &s->work->mails[(s->last - 1) % PTN_WINDOW_MOST];
}

/* Whether all of the terminator was handed to the transport: from then on the server may have the
 * mail. */
static int handed(const struct ptn_smtp *s, const struct ptn_transaction *w)
{
	return w->end <= s->wrote;
}

/* ---- Events. ---- */

/* The mail's fate is known. */
static void settle(struct ptn_smtp *s, struct ptn_transaction *w)
{
	w->decided = 1;
	w->envelope = NULL;
	s->open--;
	if (w == ptn_transaction_last(s))
		ptn_flow_stop(s);
}

static void tell_mail(struct ptn_smtp *s, struct ptn_transaction *w, int outcome, int fault,
		      const struct ptn_reply *reply)
{
	struct ptn_smtp_event ev = {.what = PTN_EVENT_MAIL,
				    .mail = w->mail,
				    .outcome = outcome,
				    .fault = fault,
				    .reply = reply};

	settle(s, w);
	ptn_session_event(s, &ev);
}

static void decide(struct ptn_smtp *s, struct ptn_transaction *w, int outcome, int fault)
{
	tell_mail(s, w, outcome, fault, &s->reply);
}

void ptn_transaction_give_up(struct ptn_smtp *s, int fault)
{
	tell_mail(s, ptn_transaction_last(s), ptn_fault_outcome(fault), fault, NULL);
}

static int refusal(const struct ptn_smtp *s)
{
	return s->reply.code / 100 == 4 ? POSTERN_TRANSIENT : POSTERN_PERMANENT;
}

static void tell_recipient(struct ptn_smtp *s, struct ptn_transaction *w, int outcome)
{
	struct ptn_smtp_event ev = {.what = PTN_EVENT_RECIPIENT,
				    .mail = w->mail,
				    .recipient = w->answered++,
				    .outcome = outcome,
				    .fault = outcome ? PTN_FAULT_RCPT_REFUSED : PTN_FAULT_NONE,
				    .reply = &s->reply};

	ptn_session_event(s, &ev);
}

static void recipient_accepted(struct ptn_smtp *s, struct ptn_transaction *w)
{
	w->accepted++;
	tell_recipient(s, w, POSTERN_PENDING);
}

static void recipient_refused(struct ptn_smtp *s, struct ptn_transaction *w, int outcome)
{
	if (outcome == POSTERN_TRANSIENT)
		w->refusal_later = 1;
	tell_recipient(s, w, outcome);
	if (w->answered == w->envelope->n && !w->accepted)
		decide(s, w, w->refusal_later ? POSTERN_TRANSIENT : POSTERN_PERMANENT,
		       PTN_FAULT_RCPT_REFUSED);
}

/* The reply to the terminator ended the transaction: nothing is left of it at the server, unless
 * the next one was begun meanwhile. */
static void is_over(struct ptn_smtp *s, const struct ptn_transaction *w)
{
	if (w == ptn_transaction_last(s))
		s->dirty = 0;
}

void ptn_transaction_note(struct ptn_smtp *s, int note)
{
	struct ptn_transaction *w = &s->work->mails[s->subject];

	switch (note) {
	case PTN_NOTE_MAIL_NO:
		decide(s, w, refusal(s), PTN_FAULT_MAIL_REFUSED);
		break;
	case PTN_NOTE_RCPT_YES:
		recipient_accepted(s, w);
		break;
	case PTN_NOTE_RCPT_NO:
		recipient_refused(s, w, POSTERN_PERMANENT);
		break;
	case PTN_NOTE_RCPT_LATER:
		recipient_refused(s, w, POSTERN_TRANSIENT);
		break;
	case PTN_NOTE_DATA_NO:
		decide(s, w, refusal(s), PTN_FAULT_DATA_REFUSED);
		break;
	case PTN_NOTE_SENT:
		is_over(s, w);
		decide(s, w, POSTERN_ACCEPTED, PTN_FAULT_NONE);
		break;
	case PTN_NOTE_CONTENT_NO:
		is_over(s, w);
		decide(s, w, refusal(s), PTN_FAULT_CONTENT_REFUSED);
		break;
	case PTN_NOTE_CHUNK_NO:
		decide(s, w, refusal(s), PTN_FAULT_CONTENT_REFUSED);
		break;
	default: /* MAIL_YES: the recipients decide */
		break;
	}
}

/* ---- The end. ---- */

static int in_doubt(int fault)
{
	switch (fault) {
	case PTN_FAULT_REPLY_TIMEOUT:
	case PTN_FAULT_TIME_LIMIT:
		return PTN_FAULT_TIMEOUT_IN_DOUBT;
	case PTN_FAULT_MALFORMED:
		return PTN_FAULT_MALFORMED_IN_DOUBT;
	case PTN_FAULT_CANCELLED:
		return PTN_FAULT_CANCELLED_IN_DOUBT;
	default:
		return PTN_FAULT_LOST_IN_DOUBT;
	}
}

/* 421 answers the mail it was said to, which was not accepted then.  Of those behind it nothing was
 * said: the server should close now (RFC 5321 3.8), but some go on. */
static int doubtful(const struct ptn_smtp *s, const struct ptn_transaction *w)
{
	int answered = s->cause == PTN_FAULT_SERVICE_CLOSING && s->subject != PTN_NOBODY &&
		       w == &s->work->mails[s->subject];

	return handed(s, w) && !answered;
}

/* Each mail without an event gets its own: ptn_transaction_next() makes it when it is asked for. */
void ptn_transaction_end(struct ptn_smtp *s)
{
	s->cause = s->fault ? s->fault : PTN_FAULT_LOST;
	for (unsigned i = s->first; i != s->last; i++) {
		const struct ptn_transaction *w = &s->work->mails[i % PTN_WINDOW_MOST];

		if (!w->decided && doubtful(s, w)) {
			s->fault = in_doubt(s->cause);
			return;
		}
	}
}

/* A reply is given only where one decided it. */
static const struct ptn_reply *deciding_reply(const struct ptn_smtp *s, unsigned i, int doubt)
{
	int about =
		s->subject == i || (s->subject == PTN_NOBODY && i == s->first % PTN_WINDOW_MOST);

	if (!s->reply.whole)
		return NULL;
	return about || (!doubt && s->cause == PTN_FAULT_SERVICE_CLOSING) ? &s->reply : NULL;
}

int ptn_transaction_next(struct ptn_smtp *s, struct ptn_smtp_event *ev)
{
	struct ptn_transaction *w;
	int doubt, fault;

	while (s->first != s->last && s->work->mails[s->first % PTN_WINDOW_MOST].decided)
		s->first++;
	if (s->first == s->last)
		return 0;
	w = &s->work->mails[s->first % PTN_WINDOW_MOST];
	doubt = doubtful(s, w);
	fault = doubt ? in_doubt(s->cause) : s->cause;
	*ev = (struct ptn_smtp_event){.what = PTN_EVENT_MAIL,
				      .mail = w->mail,
				      .outcome = ptn_fault_outcome(fault),
				      .fault = fault,
				      .reply =
					      deciding_reply(s, s->first % PTN_WINDOW_MOST, doubt)};
	ev->unread = s->cause == PTN_FAULT_SERVICE_CLOSING && !doubt &&
		     (s->about == PTN_CMD_MAIL || s->subject != s->first % PTN_WINDOW_MOST);
	settle(s, w);
	return 1;
}

/* ---- Commands. ---- */

static void show(struct ptn_smtp *s, size_t at)
{
	ptn_trace_sent(s, ptn_buf_data(&s->out) + at, ptn_buf_len(&s->out) - at - 2);
}

static int send_mail(struct ptn_smtp *s, const struct ptn_smtp_envelope *e)
{
	size_t at = ptn_buf_len(&s->out);
	int err = ptn_session_sent(
		s, PTN_CMD_MAIL,
		ptn_command_mail(&s->out, e->reverse_path, s->flow.params, e->size, e->extras));

	if (!err)
		show(s, at);
	return err;
}

static int send_recipient(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, size_t i)
{
	size_t at = ptn_buf_len(&s->out);
	int err = ptn_session_sent(s, PTN_CMD_RCPT,
				   ptn_command_rcpt(&s->out, e->recipients[i], s->flow.params,
						    e->asked ? &e->asked[i] : NULL));

	if (!err)
		show(s, at);
	return err;
}

/* One command may wait for its answer, or with PIPELINING as many as fit a bounded flight. */
int ptn_transaction_may_send(const struct ptn_smtp *s)
{
	if (!(s->capability.has & PTN_CAP_PIPELINING))
		return ptn_session_awaited(s) == 0;
	return ptn_session_awaited(s) < PTN_AWAITED_MOST && ptn_buf_len(&s->out) < FLIGHT_MOST;
}

/* DATA ends a flight (RFC 2920 3.1); BDAT and its content belong to it (RFC 3030 2). */
void ptn_transaction_ask(struct ptn_smtp *s)
{
	const struct ptn_smtp_envelope *e = ptn_transaction_last(s)->envelope;
	struct ptn_flow *f = &s->flow;

	while (f->next < e->n && ptn_transaction_may_send(s))
		if (send_recipient(s, e, f->next++))
			return;
	if (f->next < e->n || (!f->bdat && !ptn_transaction_may_send(s)))
		return;
	if (f->bdat) {
		ptn_flow_content(s);
		return;
	}
	f->stage = PTN_FLOW_WAITING;
	ptn_session_send(s, PTN_CMD_DATA);
}

/* Mails whose fate is known leave the window with the last reply to their commands. */
static void leave(struct ptn_smtp *s)
{
	while (s->first != s->last && s->work->mails[s->first % PTN_WINDOW_MOST].decided) {
		const struct ptn_sent *oldest = &s->work->queue[s->head % PTN_QUEUE_MOST];

		if (s->head != s->tail && oldest->mail == s->first % PTN_WINDOW_MOST)
			return;
		s->first++;
	}
}

void ptn_transaction_go_on(struct ptn_smtp *s)
{
	leave(s);
	ptn_flow_go_on(s);
	if (s->first != s->last || ptn_session_awaited(s) || s->ended)
		return;
	if (s->dirty) {
		s->dirty = 0;
		ptn_session_send(s, PTN_CMD_RSET);
		return;
	}
	ptn_session_want(s, PTN_WANT_MAIL);
}

/* ---- The next mail. ---- */

/* Behind DATA nothing may follow but for the caller's word: some servers read the content and throw
 * away what came with it. */
int ptn_transaction_room(const struct ptn_smtp *s)
{
	const struct ptn_smtp_policy *p = s->policy;
	unsigned n = s->last - s->first;

	if (!s->open || s->ended || s->quitting || s->flow.stage != PTN_FLOW_OVER || s->lent_len)
		return 0;
	if (!(s->capability.has & PTN_CAP_PIPELINING) || ptn_smtp_worn(s))
		return 0;
	if (!s->flow.bdat && (!p->window_data || s->dirty))
		return 0;
	return n < p->window_mails && n < PTN_WINDOW_MOST && ptn_transaction_may_send(s) &&
	       ptn_session_queued(s) - s->work->mails[s->first % PTN_WINDOW_MOST].begin <
		       p->window_octets;
}

static int takes_paths(const struct ptn_smtp_envelope *e, unsigned params)
{
	if (!ptn_command_takes_path(e->reverse_path, params) ||
	    (e->extras && !ptn_command_takes_extras(e->extras)))
		return 0;
	for (size_t i = 0; i < e->n; i++)
		if (!*e->recipients[i] || !ptn_command_takes_path(e->recipients[i], params) ||
		    (e->asked && !ptn_command_takes_asked(&e->asked[i], params)))
			return 0;
	return 1;
}

/* DSN is asked for, or a recipient as its sender knew it is in UTF-8. */
static unsigned asks(const struct ptn_smtp_envelope *e)
{
	unsigned params = 0;

	for (size_t i = 0; e->asked && i < e->n; i++) {
		const struct ptn_smtp_asked *a = &e->asked[i];

		if (a->notify || a->orcpt)
			params |= PTN_PARAM_DSN;
		if (a->orcpt && ptn_command_is_utf8_address(a->orcpt))
			params |= PTN_PARAM_SMTPUTF8;
	}
	return params;
}

/* The extensions that its parameters need: PTN_CAP_*. */
static unsigned needs(const struct ptn_smtp_envelope *e, unsigned params)
{
	const struct ptn_smtp_extras *x = e->extras;
	unsigned need = params & PTN_PARAM_DSN ? PTN_CAP_DSN : 0;

	if (e->binary)
		need |= PTN_CAP_CHUNKING | PTN_CAP_BINARYMIME;
	if (!x)
		return need;
	if (x->ret || x->envid)
		need |= PTN_CAP_DSN;
	if (x->auth)
		need |= PTN_CAP_AUTH;
	if (x->requiretls)
		need |= PTN_CAP_REQUIRETLS;
	if (x->by)
		need |= PTN_CAP_DELIVERBY;
	if (x->hold_for || x->hold_until)
		need |= PTN_CAP_FUTURERELEASE;
	if (x->has_priority)
		need |= PTN_CAP_MT_PRIORITY;
	return need;
}

/* Offered, and yet too much is asked (RFC 4865 4.1, RFC 2852 3); and what a server may only offer
 * under TLS (RFC 8689 4.1). */
static unsigned too_much(const struct ptn_smtp *s, const struct ptn_smtp_extras *x)
{
	const struct ptn_capability *c = &s->capability;

	if (!x)
		return 0;
	if (x->requiretls && !s->secured)
		return PTN_CAP_REQUIRETLS;
	if (c->hold_most && x->hold_for > c->hold_most)
		return PTN_CAP_FUTURERELEASE;
	if (*c->hold_until && x->hold_until && strncmp(x->hold_until, c->hold_until, 19) > 0)
		return PTN_CAP_FUTURERELEASE;
	if (x->by == 'R' && x->by_seconds < (long)c->by_least)
		return PTN_CAP_DELIVERBY;
	return 0;
}

static int is_offered(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, unsigned params)
{
	const struct ptn_capability *c = &s->capability;
	unsigned missing = needs(e, params) & ~c->has;

	missing = missing ? missing : too_much(s, e->extras);
	if (missing) {
		s->missing = ptn_capability_keyword(missing);
		return PTN_FAULT_NEEDS_EXTENSION;
	}
	if (params & PTN_PARAM_SMTPUTF8 && !(c->has & PTN_CAP_SMTPUTF8))
		return PTN_FAULT_NEEDS_SMTPUTF8;
	if (e->sized && e->eightbit && !e->binary && !(c->has & PTN_CAP_8BITMIME))
		return PTN_FAULT_NEEDS_8BITMIME;
	if (e->sized && c->size && e->size > c->size)
		return PTN_FAULT_TOO_LARGE;
	return c->rcpt_max && e->n > c->rcpt_max ? PTN_FAULT_TOO_MANY_RECIPIENTS : 0;
}

static unsigned choose_params(const struct ptn_smtp *s, const struct ptn_smtp_envelope *e,
			      unsigned params)
{
	unsigned has = s->capability.has;

	if (e->binary)
		params |= PTN_PARAM_BINARYMIME;
	else if (e->eightbit && has & PTN_CAP_8BITMIME)
		params |= PTN_PARAM_8BITMIME;
	if (e->sized && has & PTN_CAP_SIZE)
		params |= PTN_PARAM_SIZE;
	return params;
}

/* From here on what goes wrong is told by the mail's event.  A RSET goes in front where the last
 * transaction is not known to be over: a server that refused all its recipients, and then BDAT, may
 * hold it still, take these recipients for its own, and deliver them from the wrong sender. */
static void start(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, void *mail,
		  unsigned params)
{
	int bdat = e->binary || !(~s->capability.has & (PTN_CAP_CHUNKING | PTN_CAP_PIPELINING));

	s->want = 0;
	if (!ptn_buf_len(&s->out))
		s->out.open = 1; /* what AUTH sent has been wiped; mails need not be */
	s->begun++;
	s->open++;
	s->work->mails[s->last++ % PTN_WINDOW_MOST] = (struct ptn_transaction){
		.envelope = e, .mail = mail, .begin = ptn_session_queued(s), .end = PTN_NOT_YET};
	ptn_flow_begin(s, e, choose_params(s, e, params), bdat);
	if (s->dirty)
		ptn_session_send(s, PTN_CMD_RSET);
	s->dirty = 1;
	if (!s->ended && !send_mail(s, e))
		ptn_flow_go_on(s);
}

int ptn_smtp_mail(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, void *mail)
{
	int idle = (s->want & PTN_WANT_MAIL) != 0, fault;
	unsigned params;

	s->missing = NULL;
	if (s->ended || (!idle && !ptn_transaction_room(s)) ||
	    (idle && s->reply.octets && !s->reply.whole))
		return PTN_FAULT_LOST;
	params = asks(e) | (e->utf8 ? PTN_PARAM_SMTPUTF8 : 0u);
	if (!e->n || !takes_paths(e, params))
		return PTN_FAULT_ARGUMENT;
	fault = is_offered(s, e, params);
	if (!fault && ptn_session_work(s))
		fault = PTN_FAULT_NO_MEMORY;
	if (!fault)
		start(s, e, mail, params);
	return fault;
}
