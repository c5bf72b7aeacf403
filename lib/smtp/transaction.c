/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One mail: its commands, as many at a time as the server allows, its content, and what became of
 * each recipient.
 */
#include <string.h>

#include "base/text.h"
#include "postern.h"
#include "smtp/command.h"
#include "smtp/internal.h"

enum { FLIGHT_MOST = 32 * 1024, AWAITED_MOST = 200 }; /* of commands not yet answered */

/* Whether all of the final dot was handed to the transport: from then on the server may have it. */
int ptn_transaction_handed(const struct ptn_smtp *s)
{
	return s->work.body_done && s->wrote >= s->work.dot_end;
}

/* ---- Events. ---- */

static void decide(struct ptn_smtp *s, int outcome, int fault, const struct ptn_reply *reply)
{
	struct ptn_smtp_event ev = {.what = PTN_EVENT_MAIL,
				    .mail = s->work.mail,
				    .outcome = outcome,
				    .fault = fault,
				    .reply = reply};

	s->work.open = 0;
	s->work.decided = 1;
	s->work.body_open = 0;
	s->work.envelope = NULL;
	ptn_session_event(s, &ev);
}

static void tell_recipient(struct ptn_smtp *s, size_t i, int outcome)
{
	struct ptn_smtp_event ev = {.what = PTN_EVENT_RECIPIENT,
				    .mail = s->work.mail,
				    .recipient = i,
				    .outcome = outcome,
				    .fault = outcome ? PTN_FAULT_RCPT_REFUSED : PTN_FAULT_NONE,
				    .reply = &s->reply};

	ptn_session_event(s, &ev);
}

static int refusal(const struct ptn_smtp *s)
{
	return s->reply.code / 100 == 4 ? POSTERN_TRANSIENT : POSTERN_PERMANENT;
}

static void recipient_refused(struct ptn_smtp *s, size_t i, int outcome)
{
	struct ptn_transaction *w = &s->work;

	w->answered++;
	if (outcome == POSTERN_TRANSIENT)
		w->refusal_later = 1;
	tell_recipient(s, i, outcome);
	if (w->answered == w->envelope->n && !w->accepted)
		decide(s, w->refusal_later ? POSTERN_TRANSIENT : POSTERN_PERMANENT,
		       PTN_FAULT_RCPT_REFUSED, &s->reply);
}

void ptn_transaction_note(struct ptn_smtp *s, int note, size_t recipient)
{
	switch (note) {
	case PTN_NOTE_MAIL_NO:
		decide(s, refusal(s), PTN_FAULT_MAIL_REFUSED, &s->reply);
		break;
	case PTN_NOTE_RCPT_YES:
		s->work.answered++;
		s->work.accepted++;
		tell_recipient(s, recipient, POSTERN_PENDING);
		break;
	case PTN_NOTE_RCPT_NO:
		recipient_refused(s, recipient, POSTERN_PERMANENT);
		break;
	case PTN_NOTE_RCPT_LATER:
		recipient_refused(s, recipient, POSTERN_TRANSIENT);
		break;
	case PTN_NOTE_DATA_NO:
		decide(s, refusal(s), PTN_FAULT_DATA_REFUSED, &s->reply);
		break;
	case PTN_NOTE_SENT:
		s->work.dirty = 0;
		decide(s, POSTERN_ACCEPTED, PTN_FAULT_NONE, &s->reply);
		break;
	case PTN_NOTE_CONTENT_NO:
		s->work.dirty = 0;
		decide(s, refusal(s), PTN_FAULT_CONTENT_REFUSED, &s->reply);
		break;
	default: /* MAIL_YES: the recipients decide */
		break;
	}
}

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

/* The session ends with the mail at work.  A reply is given only where one decided it. */
void ptn_transaction_end(struct ptn_smtp *s, int fault, const struct ptn_reply *reply)
{
	if (fault == PTN_FAULT_NONE)
		fault = PTN_FAULT_LOST;
	/* 421 in place of the last reply is an answer: the mail was not accepted. */
	if (ptn_transaction_handed(s) && fault != PTN_FAULT_SERVICE_CLOSING) {
		fault = in_doubt(fault);
		s->fault = fault;
	}
	decide(s, ptn_fault_outcome(fault), fault, reply);
}

/* ---- Commands. ---- */

static int send_mail(struct ptn_smtp *s)
{
	const struct ptn_transaction *w = &s->work;
	size_t at = ptn_buf_len(&s->out);
	int err = ptn_session_sent(
		s, PTN_CMD_MAIL,
		ptn_command_mail(&s->out, w->envelope->reverse_path, w->params, w->envelope->size));

	if (!err)
		ptn_trace_sent(s, ptn_buf_data(&s->out) + at, ptn_buf_len(&s->out) - at - 2);
	return err;
}

static int send_recipient(struct ptn_smtp *s)
{
	struct ptn_transaction *w = &s->work;
	size_t at = ptn_buf_len(&s->out);
	int err = ptn_session_sent(
		s, PTN_CMD_RCPT,
		ptn_command_rcpt(&s->out, w->envelope->recipients[w->next], w->params));

	if (!err)
		ptn_trace_sent(s, ptn_buf_data(&s->out) + at, ptn_buf_len(&s->out) - at - 2);
	w->next++;
	return err;
}

/* One command may wait for its answer, or with PIPELINING as many as fit a bounded flight; DATA
 * ends the flight (RFC 2920 3.1). */
static int may_send(const struct ptn_smtp *s)
{
	if (!(s->capability.has & PTN_CAP_PIPELINING))
		return ptn_session_awaited(s) == 0;
	return ptn_session_awaited(s) < AWAITED_MOST && ptn_buf_len(&s->out) < FLIGHT_MOST;
}

static void send_more(struct ptn_smtp *s)
{
	struct ptn_transaction *w = &s->work;

	while (w->open && !w->data_sent && may_send(s)) {
		if (w->next < w->envelope->n) {
			if (send_recipient(s))
				return;
			continue;
		}
		w->data_sent = 1;
		ptn_session_send(s, PTN_CMD_DATA);
	}
}

void ptn_transaction_go_on(struct ptn_smtp *s)
{
	if (s->work.open) {
		send_more(s);
		return;
	}
	if (ptn_session_awaited(s))
		return;
	if (s->work.dirty) {
		s->work.dirty = 0;
		ptn_session_send(s, PTN_CMD_RSET);
		return;
	}
	ptn_session_want(s, PTN_WANT_MAIL);
}

static int takes_paths(const struct ptn_smtp_envelope *e)
{
	unsigned params = e->utf8 ? PTN_PARAM_SMTPUTF8 : 0;

	if (!ptn_command_takes_path(e->reverse_path, params))
		return 0;
	for (size_t i = 0; i < e->n; i++)
		if (!*e->recipients[i] || !ptn_command_takes_path(e->recipients[i], params))
			return 0;
	return 1;
}

/* From here on what goes wrong is told by the mail's event. */
static void start(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, void *mail)
{
	s->used = 1;
	s->want = 0;
	s->work = (struct ptn_transaction){
		.open = 1, .dirty = 1, .envelope = e, .mail = mail, .content = {.dots = 1}};
	if (e->eightbit && s->capability.has & PTN_CAP_8BITMIME)
		s->work.params |= PTN_PARAM_8BITMIME;
	if (e->utf8)
		s->work.params |= PTN_PARAM_SMTPUTF8;
	if (e->sized && s->capability.has & PTN_CAP_SIZE)
		s->work.params |= PTN_PARAM_SIZE;
	if (!send_mail(s))
		send_more(s);
}

int ptn_smtp_mail(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, void *mail)
{
	const struct ptn_capability *c = &s->capability;

	if (s->ended || !(s->want & PTN_WANT_MAIL) || (s->reply.octets && !s->reply.whole))
		return PTN_FAULT_LOST;
	if (!e->n || !takes_paths(e))
		return PTN_FAULT_ARGUMENT;
	if (e->utf8 && !(c->has & PTN_CAP_SMTPUTF8))
		return PTN_FAULT_NEEDS_SMTPUTF8;
	if (e->sized && e->eightbit && !(c->has & PTN_CAP_8BITMIME))
		return PTN_FAULT_NEEDS_8BITMIME;
	if (e->sized && c->size && e->size > c->size)
		return PTN_FAULT_TOO_LARGE;
	start(s, e, mail);
	return 0;
}

/* ---- Content. ---- */

/* 354 came: from here on any reply is about the content. */
void ptn_transaction_content(struct ptn_smtp *s)
{
	s->work.body_open = 1;
	ptn_session_sent(s, PTN_CMD_CONTENT, 0);
}

static int stop_body(struct ptn_smtp *s, int fault)
{
	s->reply.whole = 0;
	ptn_session_end(s, fault, NULL);
	return fault;
}

static int judge_body(struct ptn_smtp *s, int err)
{
	const struct ptn_content *c = &s->work.content;

	if (err)
		return stop_body(s, err == POSTERN_E_NOMEM ? PTN_FAULT_NO_MEMORY : c->fault);
	if (c->eightbit && !(s->work.params & PTN_PARAM_8BITMIME))
		return stop_body(s, PTN_FAULT_NEEDS_8BITMIME);
	return 0;
}

int ptn_smtp_body(struct ptn_smtp *s, const char *p, size_t n)
{
	if (!s->work.body_open || s->work.body_done)
		return 0;
	if (!n)
		return 0;
	return judge_body(s, ptn_content_write(&s->work.content, &s->out, p, n));
}

int ptn_smtp_body_end(struct ptn_smtp *s)
{
	struct ptn_transaction *w = &s->work;
	int fault;

	if (!w->body_open || w->body_done)
		return 0;
	fault = judge_body(s, ptn_content_end(&w->content, &s->out));
	if (fault)
		return fault;
	w->body_done = 1;
	s->queued = s->wrote + ptn_buf_len(&s->out);
	w->dot_end = s->queued;
	s->turn++;
	ptn_trace_remark(s, "content of ", w->content.size, " octets and the final dot");
	return 0;
}

void ptn_smtp_body_fail(struct ptn_smtp *s, int fault)
{
	if (s->work.body_open)
		stop_body(s, fault);
}

unsigned long long ptn_smtp_body_line(const struct ptn_smtp *s)
{
	return s->work.content.line + 1;
}
