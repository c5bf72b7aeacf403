/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The content of the mail begun last, on its way: behind DATA or in BDAT's chunks (RFC 3030), from
 * memory or piece by piece from the caller.  What is in memory and may leave as it is is lent from
 * there, but for little ones, which leave in one write with their commands.
 */
#include <string.h>

#include "postern.h"
#include "smtp/command.h"
#include "smtp/internal.h"

enum {
	SMALL = 64 * 1024, /* copied into the flight */
	CHUNK = 256 * 1024, /* announced before the server has accepted a recipient, or read */
	LARGE = 1024 * 1024, /* and from then on */
	BLOCK = 64 * 1024, /* converted at a time */
	ENOUGH = 64 * 1024, /* of octets not handed over */
	CHUNKS_MOST = 2 /* not answered */
};

/* Octets that may leave now. */
static size_t shown(const struct ptn_smtp *s)
{
	return ptn_buf_len(&s->out) - s->flow.hidden;
}

static size_t left(const struct ptn_smtp *s, const struct ptn_smtp_envelope *e)
{
	const struct ptn_flow *f = &s->flow;

	return f->piece > 1 ? 0 : e->text_len[f->piece] - f->at + (f->piece ? 0 : e->text_len[1]);
}

/* Nothing is to be changed in it: dots matter behind DATA only, and are looked for only there. */
static int may_leave(const struct ptn_smtp_envelope *e, int bdat)
{
	size_t n = e->text_len[0];

	if (e->binary || !e->clean || bdat)
		return e->binary || e->clean;
	return !ptn_content_has_dot(e->text[0], n, 1) &&
	       !ptn_content_has_dot(e->text[1], e->text_len[1], !n || e->text[0][n - 1] == '\n');
}

void ptn_flow_begin(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, unsigned params,
		    int bdat)
{
	s->flow = (struct ptn_flow){.stage = PTN_FLOW_ASKING,
				    .params = params,
				    .bdat = bdat,
				    .raw = e->binary,
				    .own = e->text[0] || e->text[1],
				    .ready = may_leave(e, bdat),
				    .content = {.dots = !bdat}};
}

/* A chunk of which not an octet was handed over is taken back (RFC 3030 2: none may follow a
 * failure); others must leave whole. */
static void take_back(struct ptn_smtp *s)
{
	while (s->head != s->tail) {
		const struct ptn_sent *sent = &s->work->queue[(s->tail - 1) % PTN_QUEUE_MOST];
		unsigned long long start = sent->line - sent->len;

		if (!sent->len || sent->mail != (s->last - 1) % PTN_WINDOW_MOST || start < s->wrote)
			return;
		ptn_buf_cut(&s->out, (size_t)(start - s->wrote));
		s->lent_len = s->before = 0;
		s->chunks -= sent->command == PTN_CMD_BDAT;
		s->tail--;
	}
}

void ptn_flow_stop(struct ptn_smtp *s)
{
	ptn_buf_cut(&s->out, shown(s));
	s->flow.hidden = 0;
	s->flow.stage = PTN_FLOW_OVER;
	s->lent = NULL;
	take_back(s);
}

/* Behind DATA only the end of the connection keeps half a content from being taken for whole;
 * between two chunks the mail is simply given up, where others would get in doubt by such an end.
 */
static int stop_body(struct ptn_smtp *s, int fault)
{
	if (s->flow.bdat && !s->flow.own && s->open > 1 && fault != PTN_FAULT_NO_MEMORY) {
		ptn_transaction_give_up(s, fault);
		return fault;
	}
	s->reply.whole = 0;
	ptn_session_end(s, fault, NULL);
	return fault;
}

static int judge_body(struct ptn_smtp *s, int err)
{
	const struct ptn_content *c = &s->flow.content;

	if (err)
		return stop_body(s, err == POSTERN_E_NOMEM ? PTN_FAULT_NO_MEMORY : c->fault);
	if (c->eightbit && !(s->flow.params & PTN_PARAM_8BITMIME))
		return stop_body(s, PTN_FAULT_NEEDS_8BITMIME);
	return 0;
}

/* ---- Chunks. ---- */

static int may_announce(const struct ptn_smtp *s)
{
	return s->capability.has & PTN_CAP_PIPELINING ? s->chunks < CHUNKS_MOST
						      : !ptn_session_awaited(s);
}

/* The command, of len octets, ends at octet `line` from the start; n octets of content belong to
 * it. */
static void announced(struct ptn_smtp *s, unsigned long long line, size_t len, size_t n, int last)
{
	ptn_session_push(s, last ? PTN_CMD_LAST : PTN_CMD_BDAT, line, line + n);
	s->work->queue[(s->tail - 1) % PTN_QUEUE_MOST].len = (unsigned short)len;
	if (!last) {
		s->chunks++;
		return;
	}
	s->flow.stage = PTN_FLOW_OVER;
	ptn_transaction_last(s)->end = line + n;
}

/* Room for the command is left in front of a chunk whose size is not known before its end. */
static int open_chunk(struct ptn_smtp *s)
{
	char *room = s->flow.hidden ? s->out.base : ptn_buf_room(&s->out, PTN_COMMAND_BDAT);

	if (!room)
		return POSTERN_E_NOMEM;
	if (!s->flow.hidden) {
		memset(room, ' ', PTN_COMMAND_BDAT);
		ptn_buf_filled(&s->out, PTN_COMMAND_BDAT);
		s->flow.hidden = PTN_COMMAND_BDAT;
	}
	return 0;
}

/* What stands in front is moved up to the command, so that no gap is left. */
static void close_chunk(struct ptn_smtp *s, int last)
{
	char command[PTN_COMMAND_BDAT];
	size_t n = s->flow.hidden - PTN_COMMAND_BDAT, front = shown(s);
	size_t len = ptn_command_bdat(command, n, last), gap = PTN_COMMAND_BDAT - len;
	char *start = s->out.base + s->out.head;

	memmove(start + gap, start, front);
	memcpy(start + gap + front, command, len);
	ptn_buf_took(&s->out, gap);
	s->flow.hidden = 0;
	ptn_trace_sent(s, command, len - 2);
	announced(s, s->wrote + front + len, len, n, last);
}

/* A chunk that is full, or the last. */
static void close_if_due(struct ptn_smtp *s)
{
	int last = s->flow.stage == PTN_FLOW_ENDING;

	if ((last || s->flow.hidden >= PTN_COMMAND_BDAT + CHUNK) && may_announce(s))
		close_chunk(s, last);
}

/* ---- Content that is looked at. ---- */

static int add(struct ptn_smtp *s, const char *p, size_t n)
{
	struct ptn_flow *f = &s->flow;
	int err = f->bdat ? open_chunk(s) : 0;
	size_t before = ptn_buf_len(&s->out);

	if (!err)
		err = f->raw ? ptn_buf_add(&s->out, p, n)
			     : ptn_content_write(&f->content, &s->out, p, n);
	f->hidden += f->bdat ? ptn_buf_len(&s->out) - before : 0;
	return judge_body(s, err);
}

static int end_content(struct ptn_smtp *s)
{
	struct ptn_flow *f = &s->flow;
	int err = f->bdat ? open_chunk(s) : 0, fault;
	size_t before = ptn_buf_len(&s->out);

	if (!err && !f->raw)
		err = ptn_content_end(&f->content, &s->out);
	f->hidden += f->bdat ? ptn_buf_len(&s->out) - before : 0;
	fault = judge_body(s, err);
	if (fault)
		return fault;
	f->stage = f->bdat ? PTN_FLOW_ENDING : PTN_FLOW_OVER;
	if (f->bdat) {
		close_if_due(s);
		return 0;
	}
	s->work->queue[f->entry % PTN_QUEUE_MOST].end = ptn_session_queued(s);
	ptn_transaction_last(s)->end = ptn_session_queued(s);
	s->dirty = 0; /* whatever the reply to the dot: it ends the transaction */
	if (s->head == f->entry)
		s->turn++;
	ptn_trace_remark(s, "content of ", f->content.size, " octets and the final dot");
	return 0;
}

/* ---- Content in memory. ---- */

static void lend(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, size_t n)
{
	s->lent = e->text[s->flow.piece] + s->flow.at;
	s->lent_len = n;
	s->before = ptn_buf_len(&s->out);
}

static void skip(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, size_t n)
{
	struct ptn_flow *f = &s->flow;

	f->at += n;
	while (f->piece < 2 && f->at == e->text_len[f->piece]) {
		f->piece++;
		f->at = 0;
	}
}

/* The next n octets as they are: little ones are copied, then at most one large piece is lent.
 * Gives how many went. */
static size_t pass(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, size_t n)
{
	struct ptn_flow *f = &s->flow;
	size_t went = 0;

	skip(s, e, 0);
	while (went < n && !s->lent_len) {
		size_t part = e->text_len[f->piece] - f->at;

		part = part < n - went ? part : n - went;
		if (part > SMALL)
			lend(s, e, part);
		else if (ptn_buf_add(&s->out, e->text[f->piece] + f->at, part))
			break;
		skip(s, e, part);
		went += part;
	}
	return went;
}

/* One chunk whose size is known, of one piece of memory and what little stands before it. */
static void pass_chunk(struct ptn_smtp *s, const struct ptn_smtp_envelope *e)
{
	const struct ptn_flow *f = &s->flow;
	size_t all = left(s, e), most = ptn_transaction_last(s)->accepted ? LARGE : CHUNK;
	size_t n = all < most ? all : most, len;
	size_t first = f->piece ? 0 : e->text_len[0] - f->at;
	char command[PTN_COMMAND_BDAT];
	int last;

	if (n > SMALL && first > SMALL && first < n)
		n = first;
	last = n == all;
	len = ptn_command_bdat(command, n, last);
	if (ptn_buf_add(&s->out, command, len)) {
		stop_body(s, PTN_FAULT_NO_MEMORY);
		return;
	}
	ptn_trace_sent(s, command, len - 2);
	announced(s, ptn_session_queued(s), len, n, last);
	if (pass(s, e, n) < n)
		stop_body(s, PTN_FAULT_NO_MEMORY);
}

/* Behind DATA: all of it, or up to the next large piece. */
static void pass_data(struct ptn_smtp *s, const struct ptn_smtp_envelope *e)
{
	size_t all = left(s, e), went = pass(s, e, all);

	s->flow.content.size += went;
	if (went < all && !s->lent_len)
		stop_body(s, PTN_FAULT_NO_MEMORY);
	else if (went == all)
		end_content(s);
}

/* A block of content that has to be looked at and changed. */
static void convert(struct ptn_smtp *s, const struct ptn_smtp_envelope *e)
{
	struct ptn_flow *f = &s->flow;
	size_t n;

	skip(s, e, 0);
	n = f->piece > 1 ? 0 : e->text_len[f->piece] - f->at;
	n = n < BLOCK ? n : BLOCK;
	if (n && add(s, e->text[f->piece] + f->at, n))
		return;
	skip(s, e, n);
	if (f->piece > 1)
		end_content(s);
	else
		close_if_due(s);
}

static void take_memory(struct ptn_smtp *s)
{
	const struct ptn_smtp_envelope *e = ptn_transaction_last(s)->envelope;
	const struct ptn_flow *f = &s->flow;

	while (f->stage == PTN_FLOW_CONTENT && f->own && !s->lent_len && shown(s) < ENOUGH &&
	       (!f->bdat || may_announce(s))) {
		if (!f->ready)
			convert(s, e);
		else if (f->bdat)
			pass_chunk(s, e);
		else
			pass_data(s, e);
	}
}

void ptn_flow_content(struct ptn_smtp *s)
{
	struct ptn_flow *f = &s->flow;

	f->stage = PTN_FLOW_CONTENT;
	if (!f->bdat) {
		f->entry = s->tail;
		ptn_session_push(s, PTN_CMD_CONTENT, ptn_session_queued(s), PTN_NOT_YET);
	}
	take_memory(s);
}

void ptn_flow_go_on(struct ptn_smtp *s)
{
	switch (s->flow.stage) {
	case PTN_FLOW_ASKING:
		ptn_transaction_ask(s);
		break;
	case PTN_FLOW_CONTENT:
	case PTN_FLOW_ENDING:
		if (s->flow.hidden)
			close_if_due(s);
		take_memory(s);
		break;
	default:
		break;
	}
}

/* ---- Content that the caller gives. ---- */

int ptn_flow_wants_body(const struct ptn_smtp *s)
{
	const struct ptn_flow *f = &s->flow;

	return f->stage == PTN_FLOW_CONTENT && !f->own && shown(s) < ENOUGH &&
	       f->hidden < PTN_COMMAND_BDAT + CHUNK;
}

int ptn_smtp_body(struct ptn_smtp *s, const char *p, size_t n)
{
	int fault;

	if (s->flow.stage != PTN_FLOW_CONTENT || s->flow.own || !n)
		return 0;
	fault = add(s, p, n);
	if (!fault && s->flow.hidden)
		close_if_due(s);
	return fault;
}

int ptn_smtp_body_end(struct ptn_smtp *s)
{
	return s->flow.stage != PTN_FLOW_CONTENT || s->flow.own ? 0 : end_content(s);
}

void ptn_smtp_body_fail(struct ptn_smtp *s, int fault)
{
	if (s->flow.stage == PTN_FLOW_CONTENT && !s->flow.own)
		stop_body(s, fault);
}

unsigned long long ptn_smtp_body_line(const struct ptn_smtp *s)
{
	return s->flow.content.line + 1;
}
