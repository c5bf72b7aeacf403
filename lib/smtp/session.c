/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine: it reads replies, asks the table what they mean, and does as the row says.  No
 * decision that depends on a reply is made here.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "postern.h"
#include "smtp/command.h"
#include "smtp/internal.h"

enum { ROUNDS_MOST = 8, START_SHOWN = 64 };

/* ---- The queue of commands. ---- */

unsigned ptn_session_awaited(const struct ptn_smtp *s)
{
	return s->tail - s->head;
}

static struct ptn_sent *head(struct ptn_smtp *s)
{
	return &s->queue[s->head % PTN_QUEUE_MOST];
}

int ptn_session_head(const struct ptn_smtp *s)
{
	return s->head == s->tail ? PTN_CMD_NONE : s->queue[s->head % PTN_QUEUE_MOST].command;
}

static void push(struct ptn_smtp *s, int command, unsigned long long end)
{
	struct ptn_sent *sent = &s->queue[s->tail % PTN_QUEUE_MOST];

	if (s->head == s->tail)
		s->turn++;
	*sent = (struct ptn_sent){.command = command, .end = end};
	if (command == PTN_CMD_RCPT)
		sent->recipient = s->work.next;
	s->tail++;
}

/* The line of a command was just added to out (or not: err). */
int ptn_session_sent(struct ptn_smtp *s, int command, int err)
{
	if (err) {
		s->reply.whole = 0; /* what was read last has nothing to do with it */
		ptn_session_end(
			s, err == POSTERN_E_NOMEM ? PTN_FAULT_NO_MEMORY : PTN_FAULT_ARGUMENT, NULL);
		return err;
	}
	s->queued = s->wrote + ptn_buf_len(&s->out);
	push(s, command, s->queued);
	return 0;
}

void ptn_session_event(struct ptn_smtp *s, const struct ptn_smtp_event *ev)
{
	s->events[s->event_count++] = *ev;
}

void ptn_session_want(struct ptn_smtp *s, int what)
{
	s->want = what;
	s->turn++;
}

/* ---- The end. ---- */

void ptn_session_end(struct ptn_smtp *s, int fault, const char *detail)
{
	if (s->ended)
		return;
	if (!s->fault) {
		s->fault = fault;
		s->detail = detail;
	}
	ptn_exchange_mask(s); /* half a reply may be in hand */
	if (s->work.open)
		ptn_transaction_end(s, s->fault, s->reply.whole ? &s->reply : NULL);
	s->ended = 1;
	s->want = 0;
	s->head = s->tail = 0;
	ptn_buf_clear(&s->out);
}

void ptn_smtp_lost(struct ptn_smtp *s, int fault)
{
	int command = ptn_session_head(s);

	s->reply.whole = 0; /* what was read last has nothing to do with it */
	if (s->want & PTN_WANT_TLS && (!fault || fault == PTN_FAULT_REPLY_TIMEOUT))
		fault = fault ? PTN_FAULT_TLS_TIMEOUT : PTN_FAULT_TLS_CLOSED;
	else if (!fault)
		fault = ptn_command_fault_closed(command);
	else if (fault == PTN_FAULT_REPLY_TIMEOUT)
		fault = ptn_command_fault_silent(command);
	ptn_session_end(s, fault, NULL);
}

/* ---- What may hold: the table's conditions, one line each. ---- */

static int tls_wanted(const struct ptn_smtp *s)
{
	return !s->secured && (s->policy->security == PTN_SMTP_STARTTLS ||
			       s->policy->security == PTN_SMTP_OPPORTUNISTIC);
}

static void look(const struct ptn_smtp *s, unsigned char holds[PTN_IF_COUNT])
{
	const struct ptn_exchange *x = &s->exchange;
	unsigned has = s->capability.has;
	int auth = s->policy->auth && !s->authenticated;

	memset(holds, 0, PTN_IF_COUNT);
	holds[PTN_IF_ALWAYS] = 1;
	holds[PTN_IF_LEFTOVER] = s->leftover > 0;
	holds[PTN_IF_TLS_DUE] = tls_wanted(s) && has & PTN_CAP_STARTTLS;
	holds[PTN_IF_TLS_MISSING] = !s->secured && s->policy->security == PTN_SMTP_STARTTLS;
	holds[PTN_IF_AUTH_MISSING] = auth && !(has & PTN_CAP_AUTH);
	holds[PTN_IF_AUTH_DUE] = (unsigned char)auth;
	holds[PTN_IF_PLAIN_OK] = !s->policy->auth && s->policy->security != PTN_SMTP_STARTTLS;
	holds[PTN_IF_SASL_OVER] = (unsigned char)(x->over && !x->is_held);
	holds[PTN_IF_ROUNDS_OVER] = x->rounds >= ROUNDS_MOST;
	holds[PTN_IF_AFTER_STARTTLS] =
		s->fault == PTN_FAULT_STARTTLS_BUSY || s->fault == PTN_FAULT_STARTTLS_REFUSED;
	holds[PTN_IF_MAIL_OVER] = (unsigned char)s->work.decided;
	holds[PTN_IF_CONTENT_OPEN] = !ptn_transaction_handed(s);
}

/* ---- What a row does. ---- */

/* The one gate that every credential and every mail passes (RFC 8314 4.1), whatever the table said:
 * a mistake in a row must not cost the floor of security. */
static int gate_open(const struct ptn_smtp *s, int for_mail)
{
	int safe = s->secured || s->policy->security == PTN_SMTP_CLEAR ||
		   (s->policy->security == PTN_SMTP_OPPORTUNISTIC && !s->policy->auth);

	return safe && (!for_mail || !s->policy->auth || s->authenticated);
}

static void note(struct ptn_smtp *s, const struct ptn_row *row, const struct ptn_sent *sent)
{
	switch (row->note) {
	case PTN_NOTE_NOTHING:
		break;
	case PTN_NOTE_AUTHENTICATED:
		s->authenticated = 1;
		break;
	case PTN_NOTE_FAULT:
		s->fault = s->fault && row->fault != PTN_FAULT_STARTTLS_MALFORMED ? s->fault
										  : row->fault;
		break;
	case PTN_NOTE_NONSENSE:
		s->fault = s->fault ? s->fault : ptn_command_fault_nonsense(sent->command);
		s->detail = "a reply that makes no sense here";
		break;
	case PTN_NOTE_CLOSING:
		s->fault = s->fault ? s->fault : PTN_FAULT_SERVICE_CLOSING;
		break;
	default:
		ptn_transaction_note(s, row->note, sent->recipient);
	}
}

void ptn_session_send(struct ptn_smtp *s, int command)
{
	ptn_session_sent(s, command, ptn_command_word(&s->out, ptn_command_name(command)));
	ptn_trace_sent(s, ptn_command_name(command), strlen(ptn_command_name(command)));
}

static void send_hello(struct ptn_smtp *s, int command, const char *verb)
{
	size_t before = ptn_buf_len(&s->out);

	if (!ptn_session_sent(s, command, ptn_command_hello(&s->out, verb, s->policy->name)))
		ptn_trace_sent(s, ptn_buf_data(&s->out) + before,
			       ptn_buf_len(&s->out) - before - 2);
}

static void send_cancel(struct ptn_smtp *s)
{
	ptn_session_sent(s, PTN_CMD_CANCEL, ptn_command_word(&s->out, "*"));
	ptn_trace_sent(s, "*", 1);
}

static void send_quit(struct ptn_smtp *s)
{
	s->quitting = 1;
	s->want = 0;
	ptn_session_send(s, PTN_CMD_QUIT);
}

static void be_idle(struct ptn_smtp *s)
{
	if (gate_open(s, 1))
		ptn_session_want(s, PTN_WANT_MAIL);
	else
		ptn_session_end(s,
				s->policy->auth ? PTN_FAULT_AUTH_NOT_OFFERED
						: PTN_FAULT_STARTTLS_MISSING,
				NULL);
}

/* What was learned in the clear counts for nothing under TLS (RFC 3207 4.2). */
static void start_tls(struct ptn_smtp *s)
{
	ptn_capability_clear(&s->capability);
	ptn_session_want(s, PTN_WANT_TLS);
}

static void then(struct ptn_smtp *s, const struct ptn_row *row)
{
	switch (row->then) {
	case PTN_THEN_SEND_HELLO:
		send_hello(s, s->secured ? PTN_CMD_HELLO : PTN_CMD_EHLO, "EHLO");
		break;
	case PTN_THEN_SEND_HELO:
		send_hello(s, PTN_CMD_HELO, "HELO");
		break;
	case PTN_THEN_SEND_STARTTLS:
		ptn_session_send(s, PTN_CMD_STARTTLS);
		break;
	case PTN_THEN_START_TLS:
		start_tls(s);
		break;
	case PTN_THEN_ASK_SASL:
		if (gate_open(s, 0))
			ptn_exchange_ask(s);
		else
			ptn_session_end(s, PTN_FAULT_AUTH_NEEDS_TLS, NULL);
		break;
	case PTN_THEN_SEND_CANCEL:
		send_cancel(s);
		break;
	case PTN_THEN_GO_ON:
		ptn_transaction_go_on(s);
		break;
	case PTN_THEN_SEND_CONTENT:
		ptn_transaction_content(s);
		break;
	case PTN_THEN_SEND_LONE_DOT:
		ptn_session_sent(s, PTN_CMD_LONE_DOT, ptn_command_word(&s->out, "."));
		ptn_trace_sent(s, ".", 1);
		break;
	case PTN_THEN_BE_IDLE:
		be_idle(s);
		break;
	case PTN_THEN_SEND_QUIT:
		send_quit(s);
		break;
	default:
		ptn_session_end(s, s->fault, s->detail);
	}
}

/* ---- Replies. ---- */

static int in_auth(int command)
{
	return command == PTN_CMD_AUTH || command == PTN_CMD_CANCEL;
}

static int keep(const struct ptn_smtp *s, int command)
{
	struct ptn_smtp_heard *h = s->policy->heard;
	struct ptn_buf *to = command == PTN_CMD_GREETING ? &h->greeting
			     : command == PTN_CMD_EHLO   ? &h->clear
			     : command == PTN_CMD_HELLO  ? &h->secured
							 : NULL;

	return to ? ptn_buf_add(to, ptn_buf_data(&s->reply.text), ptn_buf_len(&s->reply.text)) : 0;
}

/* The whole reply in hand belongs to the oldest command; or to none, if that one has not left yet.
 */
static void take_reply(struct ptn_smtp *s)
{
	struct ptn_sent sent = {.command = PTN_CMD_NONE};
	unsigned char holds[PTN_IF_COUNT];
	const struct ptn_row *row;
	int asked = ptn_session_awaited(s) && head(s)->end <= s->wrote;
	int command, challenge;

	if (ptn_session_awaited(s))
		sent = *head(s);
	if (asked)
		s->head++;
	command = asked ? sent.command : PTN_CMD_NONE;
	s->turn++;
	challenge = command == PTN_CMD_AUTH && s->reply.code == 334;
	if (!challenge)
		ptn_exchange_mask(s);
	ptn_trace_reply(s, challenge);
	if (command == PTN_CMD_GREETING)
		s->greeted = 1;
	if (s->policy->heard && keep(s, command)) {
		ptn_session_end(s, PTN_FAULT_NO_MEMORY, NULL);
		return;
	}
	if ((command == PTN_CMD_EHLO || command == PTN_CMD_HELLO) && s->reply.code == 250 &&
	    ptn_capability_read(&s->capability, &s->reply)) {
		ptn_session_end(s, PTN_FAULT_NO_MEMORY, NULL);
		return;
	}
	look(s, holds);
	row = ptn_table_find(command, s->reply.code, holds);
	if (command == PTN_CMD_NONE && !ptn_session_awaited(s))
		s->want = 0;
	note(s, row, &sent);
	then(s, row);
	if (challenge)
		ptn_exchange_blot(s);
}

static int starts_as_tls(const struct ptn_smtp *s, const char *in)
{
	return ptn_session_head(s) == PTN_CMD_GREETING && !s->reply.octets && !s->secured &&
	       (*in == 0x16 || *in == 0x15);
}

/* The first words of a stranger: what answers there, if it is no SMTP server. */
static void keep_start(struct ptn_smtp *s, const char *in, size_t len)
{
	size_t room = START_SHOWN - ptn_buf_len(&s->start);

	if (ptn_session_head(s) == PTN_CMD_GREETING)
		ptn_buf_add(&s->start, in,
			    len < room ? len : room); /* without memory, less is told */
}

static const char *show_start(struct ptn_smtp *s, const char *wrong)
{
	const char *start = ptn_buf_data(&s->start);
	size_t n = 0;

	while (n < ptn_buf_len(&s->start) && start[n] != '\r' && start[n] != '\n')
		n++;
	ptn_buf_clear(&s->strange);
	if (!n || ptn_buf_puts(&s->strange, "it says \"") ||
	    ptn_text_escape(&s->strange, start, n, 4 * START_SHOWN) ||
	    ptn_buf_add(&s->strange, "\"", 2))
		return wrong;
	return ptn_buf_data(&s->strange);
}

static void take_nonsense(struct ptn_smtp *s)
{
	int command = ptn_session_head(s), fault = ptn_command_fault_nonsense(command);
	const char *wrong = s->reply.wrong;

	s->reply.whole = 0;
	if (wrong == ptn_reply_no_memory)
		ptn_session_end(s, PTN_FAULT_NO_MEMORY, NULL);
	else
		ptn_session_end(s, fault,
				command == PTN_CMD_GREETING ? show_start(s, wrong) : wrong);
}

size_t ptn_smtp_feed(struct ptn_smtp *s, const char *in, size_t len)
{
	size_t used = 0;

	if (len && s->want & PTN_WANT_TLS) {
		ptn_session_end(s, PTN_FAULT_STARTTLS_INJECTED, NULL);
		return len;
	}
	if (len && starts_as_tls(s, in)) {
		ptn_session_end(s, PTN_FAULT_GREETING_IS_TLS, NULL);
		return len;
	}
	keep_start(s, in, len);
	while (used < len && !s->ended && !s->event_count) {
		int command = ptn_session_head(s);

		if (s->reply.whole || !s->reply.octets)
			ptn_reply_next(&s->reply,
				       in_auth(command) ? PTN_REPLY_LINE_AUTH : PTN_REPLY_LINE);
		used += ptn_reply_feed(&s->reply, in + used, len - used);
		s->leftover = len - used;
		if (s->reply.wrong)
			take_nonsense(s);
		else if (s->reply.whole)
			take_reply(s);
	}
	return s->ended ? len : used;
}

int ptn_smtp_event(struct ptn_smtp *s, struct ptn_smtp_event *ev)
{
	if (!s->event_count)
		return 0;
	*ev = s->events[0];
	s->events[0] = s->events[1];
	s->event_count--;
	return 1;
}

/* ---- The caller's side. ---- */

struct ptn_smtp *ptn_smtp_new(const struct ptn_smtp_policy *policy)
{
	struct ptn_smtp *s = ptn_mem_alloc(sizeof(*s));

	if (!s)
		return NULL;
	s->policy = policy;
	if (policy->security == PTN_SMTP_IMPLICIT)
		ptn_session_want(s, PTN_WANT_TLS);
	else
		push(s, PTN_CMD_GREETING, 0);
	return s;
}

void ptn_smtp_free(struct ptn_smtp *s)
{
	if (!s)
		return;
	ptn_reply_free(&s->reply);
	ptn_buf_free(&s->out);
	ptn_buf_free(&s->start);
	ptn_buf_free(&s->strange);
	ptn_capability_free(&s->capability);
	ptn_exchange_free(&s->exchange);
	ptn_buf_free(&s->trace);
	ptn_buf_free(&s->traced);
	ptn_mem_release(s, sizeof(*s));
}

size_t ptn_smtp_out(const struct ptn_smtp *s, const char **p)
{
	*p = ptn_buf_data(&s->out);
	return ptn_buf_len(&s->out);
}

void ptn_smtp_wrote(struct ptn_smtp *s, size_t n)
{
	s->wrote += n;
	ptn_buf_took(&s->out, n);
	if (n && s->work.body_open)
		s->turn++; /* a block went out: the time limit is per block */
}

int ptn_smtp_want(const struct ptn_smtp *s)
{
	enum { ENOUGH = 64 * 1024 };
	int want;

	if (s->ended)
		return PTN_WANT_END;
	want = s->want;
	if (!(want & PTN_WANT_TLS))
		want |= PTN_WANT_READ;
	if (ptn_buf_len(&s->out))
		want |= PTN_WANT_WRITE;
	if (s->work.body_open && !s->work.body_done && ptn_buf_len(&s->out) < ENOUGH)
		want |= PTN_WANT_BODY;
	return want;
}

int ptn_smtp_timer(const struct ptn_smtp *s, unsigned *turn)
{
	static const int timers[PTN_CMD_COUNT] = {
		[PTN_CMD_GREETING] = PTN_TIMER_GREETING, [PTN_CMD_EHLO] = PTN_TIMER_COMMAND,
		[PTN_CMD_HELO] = PTN_TIMER_COMMAND,      [PTN_CMD_STARTTLS] = PTN_TIMER_COMMAND,
		[PTN_CMD_HELLO] = PTN_TIMER_COMMAND,     [PTN_CMD_AUTH] = PTN_TIMER_AUTH,
		[PTN_CMD_CANCEL] = PTN_TIMER_QUIT,       [PTN_CMD_MAIL] = PTN_TIMER_MAIL,
		[PTN_CMD_RCPT] = PTN_TIMER_RCPT,         [PTN_CMD_DATA] = PTN_TIMER_DATA,
		[PTN_CMD_CONTENT] = PTN_TIMER_FINAL,     [PTN_CMD_LONE_DOT] = PTN_TIMER_FINAL,
		[PTN_CMD_RSET] = PTN_TIMER_COMMAND,      [PTN_CMD_QUIT] = PTN_TIMER_QUIT,
	};
	int command = ptn_session_head(s);

	*turn = s->turn;
	if (command == PTN_CMD_CONTENT && !ptn_transaction_handed(s))
		return PTN_TIMER_BLOCK;
	return timers[command];
}

void ptn_smtp_tls_up(struct ptn_smtp *s)
{
	if (!(s->want & PTN_WANT_TLS))
		return;
	s->want = 0;
	s->secured = 1;
	if (s->policy->security == PTN_SMTP_IMPLICIT)
		push(s, PTN_CMD_GREETING, 0);
	else
		send_hello(s, PTN_CMD_HELLO, "EHLO");
}

void ptn_smtp_quit(struct ptn_smtp *s)
{
	if (s->want & PTN_WANT_MAIL || (s->want & PTN_WANT_SASL && !s->exchange.begun))
		send_quit(s);
	else if (!s->quitting)
		ptn_session_end(s, PTN_FAULT_NONE, NULL);
}

int ptn_smtp_fault(const struct ptn_smtp *s)
{
	return s->fault;
}

const char *ptn_smtp_detail(const struct ptn_smtp *s)
{
	return s->detail ? s->detail : "";
}

const struct ptn_reply *ptn_smtp_reply(const struct ptn_smtp *s)
{
	return &s->reply;
}

const struct ptn_capability *ptn_smtp_capability(const struct ptn_smtp *s)
{
	return &s->capability;
}

int ptn_smtp_secured(const struct ptn_smtp *s)
{
	return s->secured;
}

int ptn_smtp_greeted(const struct ptn_smtp *s)
{
	return s->greeted;
}

int ptn_smtp_used(const struct ptn_smtp *s)
{
	return s->used;
}
