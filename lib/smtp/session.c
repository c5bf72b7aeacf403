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
	return &s->work->queue[s->head % PTN_QUEUE_MOST];
}

int ptn_session_head(const struct ptn_smtp *s)
{
	return s->head == s->tail ? PTN_CMD_NONE : s->work->queue[s->head % PTN_QUEUE_MOST].command;
}

unsigned long long ptn_session_queued(const struct ptn_smtp *s)
{
	return s->wrote + ptn_buf_len(&s->out) + s->lent_len;
}

/* The commands of a mail are those of the mail begun last: the next one begins behind them. */
static unsigned char owner(const struct ptn_smtp *s, int command)
{
	return command >= PTN_CMD_MAIL && command <= PTN_CMD_LAST
		       ? (unsigned char)((s->last - 1) % PTN_WINDOW_MOST)
		       : PTN_NOBODY;
}

int ptn_session_work(struct ptn_smtp *s)
{
	if (!s->work)
		s->work = ptn_mem_alloc(sizeof(*s->work));
	return s->work ? 0 : POSTERN_E_NOMEM;
}

void ptn_session_push(struct ptn_smtp *s, int command, unsigned long long line,
		      unsigned long long end)
{
	if (ptn_session_work(s)) {
		ptn_session_end(s, PTN_FAULT_NO_MEMORY, NULL);
		return;
	}
	if (s->head == s->tail)
		s->turn++;
	s->work->queue[s->tail++ % PTN_QUEUE_MOST] =
		(struct ptn_sent){.command = (unsigned char)command,
				  .mail = owner(s, command),
				  .line = line,
				  .end = end};
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
	ptn_session_push(s, command, ptn_session_queued(s), ptn_session_queued(s));
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
	ptn_exchange_settle(s);
	ptn_transaction_end(s);
	s->ended = 1;
	s->want = 0;
	s->head = s->tail = 0;
	s->lent_len = s->before = 0;
	s->flow.stage = PTN_FLOW_OVER;
	s->flow.hidden = 0;
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

static void look(const struct ptn_smtp *s, const struct ptn_sent *sent,
		 unsigned char holds[PTN_IF_COUNT])
{
	const struct ptn_exchange *x = &s->exchange;
	unsigned has = s->capability.has;
	int auth = s->policy->auth && !s->authenticated;

	memset(holds, 0, PTN_IF_COUNT);
	holds[PTN_IF_ALWAYS] = 1;
	if (sent->mail != PTN_NOBODY) { /* no row of a mail's command asks for more */
		holds[PTN_IF_MAIL_OVER] = (unsigned char)s->work->mails[sent->mail].decided;
		holds[PTN_IF_CONTENT_OPEN] = sent->end > s->wrote;
		return;
	}
	holds[PTN_IF_LEFTOVER] = s->leftover > 0;
	holds[PTN_IF_TLS_DUE] = tls_wanted(s) && has & PTN_CAP_STARTTLS;
	holds[PTN_IF_TLS_MISSING] = !s->secured && s->policy->security == PTN_SMTP_STARTTLS;
	holds[PTN_IF_AUTH_MISSING] = auth && !(has & PTN_CAP_AUTH);
	holds[PTN_IF_AUTH_DUE] = (unsigned char)auth;
	holds[PTN_IF_PLAIN_OK] = !s->policy->auth && s->policy->security != PTN_SMTP_STARTTLS;
	holds[PTN_IF_SASL_OVER] = (unsigned char)(x->over && !x->is_held);
	holds[PTN_IF_SASL_SHUT] = (unsigned char)(x->over == PTN_AUTH_OVER && !x->is_held);
	holds[PTN_IF_ANOTHER] = x->next & PTN_AUTH_ANOTHER && x->auths < PTN_AUTHS_MOST;
	holds[PTN_IF_FRESH_TOKEN] = x->next & PTN_AUTH_FRESH && x->auths < PTN_AUTHS_MOST;
	holds[PTN_IF_TOKEN] = (x->next & PTN_AUTH_TOKEN) != 0;
	holds[PTN_IF_ROUNDS_OVER] = x->rounds >= ROUNDS_MOST;
	holds[PTN_IF_AFTER_STARTTLS] =
		s->fault == PTN_FAULT_STARTTLS_BUSY || s->fault == PTN_FAULT_STARTTLS_REFUSED;
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

/* awaited: the oldest command, though it may not have left yet. */
static void note(struct ptn_smtp *s, const struct ptn_row *row, int awaited)
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
		s->fault = s->fault ? s->fault : ptn_command_fault_nonsense(awaited);
		s->detail = "a reply that makes no sense here";
		break;
	case PTN_NOTE_CLOSING:
		s->fault = s->fault ? s->fault : PTN_FAULT_SERVICE_CLOSING;
		break;
	default:
		ptn_transaction_note(s, row->note);
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
	case PTN_THEN_ASK_ANOTHER:
		ptn_exchange_again(s);
		break;
	case PTN_THEN_SEND_CANCEL:
		send_cancel(s);
		break;
	case PTN_THEN_GO_ON:
		ptn_transaction_go_on(s);
		break;
	case PTN_THEN_SEND_CONTENT:
		ptn_flow_content(s);
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

static int is_hello(int command)
{
	return command == PTN_CMD_EHLO || command == PTN_CMD_HELLO;
}

/* What has to be known before the table is asked.  0, or POSTERN_E_NOMEM. */
static int keep_reply(struct ptn_smtp *s, int command)
{
	if (command == PTN_CMD_GREETING)
		s->greeted = 1;
	if (s->policy->heard && keep(s, command))
		return POSTERN_E_NOMEM;
	if (!is_hello(command) || s->reply.code != 250)
		return 0;
	if (ptn_capability_read(&s->capability, &s->reply))
		return POSTERN_E_NOMEM;
	ptn_capability_without(&s->capability, s->policy->without);
	return 0;
}

/* The whole reply in hand belongs to the oldest command; or to none, if that one has not left yet.
 */
static void take_reply(struct ptn_smtp *s)
{
	struct ptn_sent sent = {.command = PTN_CMD_NONE, .mail = PTN_NOBODY};
	unsigned char holds[PTN_IF_COUNT];
	const struct ptn_row *row;
	int awaited = ptn_session_head(s), challenge;

	if (ptn_session_awaited(s) && head(s)->line <= s->wrote) {
		sent = *head(s);
		s->head++;
	}
	s->turn++;
	s->subject = sent.mail;
	s->about = sent.command;
	if (sent.command == PTN_CMD_BDAT)
		s->chunks--;
	challenge = sent.command == PTN_CMD_AUTH && s->reply.code == 334;
	if (!challenge)
		ptn_exchange_mask(s);
	ptn_trace_reply(s, challenge);
	if (keep_reply(s, sent.command)) {
		ptn_session_end(s, PTN_FAULT_NO_MEMORY, NULL);
		return;
	}
	look(s, &sent, holds);
	row = ptn_table_find(sent.command, s->reply.code, holds);
	if (awaited == PTN_CMD_NONE)
		s->want = 0;
	note(s, row, awaited);
	then(s, row);
	if (challenge)
		ptn_exchange_blot(s);
	ptn_exchange_settle(s);
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
		return s->ended && ptn_transaction_next(s, ev);
	*ev = s->events[0];
	s->events[0] = s->events[1];
	s->event_count--;
	return 1;
}

/* ---- The caller's side. ---- */

struct ptn_smtp *ptn_smtp_new(const struct ptn_smtp_policy *policy)
{
	struct ptn_smtp *s = ptn_mem_alloc(sizeof(*s));

	if (!s || ptn_session_work(s)) {
		ptn_mem_free(s);
		return NULL;
	}
	s->policy = policy;
	s->subject = PTN_NOBODY;
	if (policy->security == PTN_SMTP_IMPLICIT)
		ptn_session_want(s, PTN_WANT_TLS);
	else
		ptn_session_push(s, PTN_CMD_GREETING, 0, 0);
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
	ptn_mem_free(s->work);
	ptn_mem_release(s, sizeof(*s));
}

/* In the order of the wire: the front of out, what is lent, the rest of out.  What is announced of
 * a refused mail must leave, but need not be its content, which is not ours any more. */
size_t ptn_smtp_out(const struct ptn_smtp *s, const char **p)
{
	static const char filler[4096];

	if (s->lent_len && !s->before) {
		*p = s->lent ? s->lent : filler;
		return s->lent || s->lent_len < sizeof(filler) ? s->lent_len : sizeof(filler);
	}
	*p = ptn_buf_data(&s->out);
	return s->lent_len ? s->before : ptn_buf_len(&s->out) - s->flow.hidden;
}

/* Content of the oldest command is on its way: the time limit is per block. */
static int sends_block(const struct ptn_smtp *s)
{
	const struct ptn_sent *sent;

	if (s->head == s->tail)
		return 0;
	sent = &s->work->queue[s->head % PTN_QUEUE_MOST];
	return sent->end > s->wrote && sent->end != sent->line;
}

void ptn_smtp_wrote(struct ptn_smtp *s, size_t n)
{
	if (n && sends_block(s))
		s->turn++;
	s->wrote += n;
	if (s->lent_len && !s->before) {
		s->lent_len -= n;
		s->lent = s->lent ? s->lent + n : NULL;
	} else {
		ptn_buf_took(&s->out, n);
		s->before -= s->lent_len ? n : 0;
	}
	ptn_flow_go_on(s);
}

int ptn_smtp_wants(const struct ptn_smtp *s, int what)
{
	const char *p;
	int want;

	if (s->ended)
		return PTN_WANT_END & what;
	want = s->want;
	if (!(want & PTN_WANT_TLS))
		want |= PTN_WANT_READ;
	if (what & PTN_WANT_WRITE && ptn_smtp_out(s, &p))
		want |= PTN_WANT_WRITE;
	if (what & PTN_WANT_BODY && ptn_flow_wants_body(s))
		want |= PTN_WANT_BODY;
	if (what & PTN_WANT_MAIL && ptn_transaction_room(s))
		want |= PTN_WANT_MAIL;
	return want & what;
}

int ptn_smtp_want(const struct ptn_smtp *s)
{
	return ptn_smtp_wants(s, ~0);
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
		[PTN_CMD_BDAT] = PTN_TIMER_BLOCK,        [PTN_CMD_LAST] = PTN_TIMER_FINAL,
		[PTN_CMD_RSET] = PTN_TIMER_COMMAND,      [PTN_CMD_QUIT] = PTN_TIMER_QUIT,
	};

	*turn = s->turn;
	return sends_block(s) ? PTN_TIMER_BLOCK : timers[ptn_session_head(s)];
}

void ptn_smtp_tls_up(struct ptn_smtp *s)
{
	if (!(s->want & PTN_WANT_TLS))
		return;
	s->want = 0;
	s->secured = 1;
	if (s->policy->security == PTN_SMTP_IMPLICIT)
		ptn_session_push(s, PTN_CMD_GREETING, 0, 0);
	else
		send_hello(s, PTN_CMD_HELLO, "EHLO");
}

void ptn_smtp_quit(struct ptn_smtp *s)
{
	if (s->want & PTN_WANT_MAIL || (s->want & PTN_WANT_SASL && !s->exchange.begun))
		send_quit(s);
	else if (!s->quitting) {
		s->reply.whole = 0;
		ptn_session_end(s, PTN_FAULT_NONE, NULL);
	}
}

void ptn_smtp_rest(struct ptn_smtp *s)
{
	if (!ptn_buf_len(&s->out))
		ptn_buf_free(&s->out);
	if (s->head == s->tail && s->first == s->last) {
		ptn_mem_free(s->work);
		s->work = NULL;
	}
	ptn_buf_free(&s->trace); /* as ptn_smtp_trace() does, what was lent is over */
	ptn_buf_free(&s->traced);
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
	return s->begun > 0;
}

unsigned ptn_smtp_begun(const struct ptn_smtp *s)
{
	return s->begun;
}

unsigned ptn_smtp_unanswered(const struct ptn_smtp *s)
{
	return s->open;
}

int ptn_smtp_worn(const struct ptn_smtp *s)
{
	return s->capability.mail_max && s->begun >= s->capability.mail_max;
}

const char *ptn_smtp_missing(const struct ptn_smtp *s)
{
	return s->missing ? s->missing : "";
}
