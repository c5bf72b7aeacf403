/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "conn.h"
#include "log.h"
#include "server.h"
#include "smtp.h"

static int is_too_large(const struct conn *c)
{
	long long limit = c->listener->does.size;

	return limit && c->smtp->octets > limit;
}

/* Content octets as they are to be stored. */
static void store(struct conn *c, const char *p, size_t n)
{
	struct smtp *s = c->smtp;

	s->octets += (long long)n;
	if (is_too_large(c))
		return; /* read on to the end, then 552 */
	if (s->message && n && message_write(s->message, p, n))
		s->write_failed = 1;
}

static void begin(struct conn *c)
{
	struct smtp *s = c->smtp;

	if (s->message)
		return;
	s->octets = 0;
	s->message = message_new();
	s->write_failed = s->message == NULL;
	judge_content_begin(c);
}

void content_begin_data(struct conn *c)
{
	begin(c);
	c->smtp->data = DOTS_START;
	c->smtp->state = SMTP_DATA;
}

void content_begin_bdat(struct conn *c, long long octets, int last)
{
	struct smtp *s = c->smtp;

	if (!s->chunk_refused)
		begin(c);
	s->chunk_left = octets;
	s->chunk_last = last;
	s->state = SMTP_BDAT;
}

/* The whole content is there: answer, and keep it or not. */
static void deliver(struct conn *c)
{
	struct smtp *s = c->smtp;
	unsigned long long lost = c->unsent;
	char text[80];

	log_event(c, "content %lld octets", s->octets);
	s->state = SMTP_COMMAND;
	snprintf(text, sizeof(text), "Ok: queued as %s", s->message ? message_id(s->message) : "");
	if (is_too_large(c)) {
		smtp_answer(c, COMMAND_DOT, 552, "5.3.4", "Message is larger than the limit");
	} else if (s->write_failed) {
		smtp_answer(c, COMMAND_DOT, 452, "4.3.1", "Cannot store the message");
	} else if (smtp_answer(c, COMMAND_DOT, 250, "2.0.0", text)) {
		struct message *m = s->message;

		s->message = NULL;
		s->envelope.answered = c->unsent == lost;
		log_event(c, "accepted %s", message_id(m));
		if (message_keep(m, &s->envelope, c->server->options->print))
			fprintf(stderr, "postern-sandbox: cannot store a message: %s\n",
				strerror(errno));
		c->server->accepted++;
	}
	smtp_reset(c);
}

/* 1 if the reply to the end of the content must wait; the wait comes once. */
static int hold_reply(struct conn *c)
{
	struct smtp *s = c->smtp;
	const struct rule *r;

	if (s->waited) {
		s->waited = 0;
		return 0;
	}
	s->times[COMMAND_DOT]++;
	conn_cut(c, COMMAND_DOT, s->times[COMMAND_DOT]);
	r = conn_rule(c, RULE_DELAY, COMMAND_DOT, s->times[COMMAND_DOT]);
	if (!r)
		return 0;
	s->waited = 1;
	c->hold = c->now + r->number;
	return 1;
}

/* The next mail's commands came before the reply: RFC 2920 3.1 allows it, but not all bear it. */
static void behind_dot(struct conn *c)
{
	log_event(c, "behind the dot: %zu octets", c->in.n);
	judge_ahead(c, "the final dot");
	if (!c->listener->does.forgetful)
		return;
	log_event(c, "%zu octets thrown away", c->in.n);
	bytes_drop(&c->in, c->in.n);
}

int content_data(struct conn *c)
{
	struct smtp *s = c->smtp;
	struct bytes out = {0};
	size_t i = 0;
	int end = s->waited;

	if (!end && c->in.n == 0)
		return 0;
	if (!end)
		end = dots_take(&s->data, c->in.p, c->in.n, &i, &out);
	judge_content(c, c->in.p, i, 1);
	store(c, out.p, out.n);
	bytes_free(&out);
	bytes_drop(&c->in, i);
	if (end && !s->waited && c->in.n)
		behind_dot(c);
	if (end && !hold_reply(c))
		deliver(c);
	return 1;
}

static void chunk_taken(struct conn *c)
{
	struct smtp *s = c->smtp;
	char text[64];

	s->state = SMTP_COMMAND;
	if (s->chunk_refused) {
		s->chunk_refused = 0;
		smtp_answer(c, s->chunk_last ? COMMAND_DOT : COMMAND_BDAT, 503, "5.5.1",
			    s->mail ? "No valid recipients" : "MAIL first");
		return;
	}
	if (s->chunk_last) {
		if (c->in.n)
			log_event(c, "behind the last chunk: %zu octets", c->in.n);
		deliver(c);
		return;
	}
	snprintf(text, sizeof(text), "%lld octets so far", s->octets);
	if (is_too_large(c))
		smtp_answer(c, COMMAND_BDAT, 552, "5.3.4", "Message is larger than the limit");
	if (is_too_large(c) || !smtp_answer(c, COMMAND_BDAT, 250, "2.0.0", text))
		smtp_reset(c); /* what follows of it is refused too (RFC 3030 2) */
}

int content_bdat(struct conn *c)
{
	struct smtp *s = c->smtp;
	size_t n = c->in.n;

	if ((long long)n > s->chunk_left)
		n = (size_t)s->chunk_left;
	if (n == 0 && s->chunk_left > 0)
		return 0;
	if (!s->chunk_refused) {
		if (!s->binary)
			judge_content(c, c->in.p, n, 0);
		store(c, c->in.p, n);
	}
	bytes_drop(&c->in, n);
	s->chunk_left -= (long long)n;
	if (s->chunk_left == 0 && !s->waited && c->in.n)
		judge_ahead(c, "BDAT");
	if (s->chunk_left == 0 && !(s->chunk_last && hold_reply(c)))
		chunk_taken(c);
	return 1;
}
