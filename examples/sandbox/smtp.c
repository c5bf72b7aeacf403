/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "smtp.h"

#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "log.h"
#include "sasl.h"
#include "server.h"

#define MAX_LINE 16384 /* RFC 4954 4 asks for 12288 in AUTH */
#define MAX_COMMAND 2048

struct smtp *smtp_new(struct conn *c)
{
	struct smtp *s = alloc(sizeof(*s));
	const struct behaviour *does = &c->listener->does;

	s->envelope.listener = c->listener->spec->name;
	s->envelope.port = c->listener->port;
	c->smtp = s;
	if (does->silent) {
		s->state = SMTP_DEAF;
		return s;
	}
	if (c->listener->spec->mode != MODE_IMPLICIT)
		return s;
	if (conn_rule(c, RULE_DROP, COMMAND_TLS, 1))
		conn_close(c, CLOSE_TRUNCATE, "dropped, as told");
	else if (tls_start(c, does->certificate, does->tls_min, does->tls_max))
		conn_close(c, CLOSE_TRUNCATE, "no TLS");
	return s;
}

static void forget_text(char **s)
{
	free(*s);
	*s = NULL;
}

void smtp_reset(struct conn *c)
{
	struct smtp *s = c->smtp;

	forget_text(&s->envelope.reverse_path);
	forget_text(&s->envelope.parameters);
	values_free(&s->envelope.values);
	while (s->envelope.recipients) {
		struct recipient *r = s->envelope.recipients;

		s->envelope.recipients = r->next;
		free(r->address);
		free(r->parameters);
		values_free(&r->values);
		free(r);
	}
	s->envelope.count = 0;
	s->envelope.chunked = 0;
	if (s->message)
		message_drop(s->message);
	s->message = NULL;
	s->mail = s->bdat = s->binary = s->eight = s->write_failed = 0;
	s->octets = 0;
}

void smtp_free(struct smtp *s)
{
	struct conn c = {0};

	if (!s)
		return;
	c.smtp = s;
	smtp_reset(&c);
	sasl_free(s->sasl);
	free(s->envelope.hello);
	free(s->envelope.user);
	free(s->envelope.mechanism);
	free(s);
}

/* ---- replies ---- */

void smtp_reply(struct conn *c, int code, const char *status, const char *text)
{
	struct bytes b = {0};
	int enhanced = c->listener->does.capabilities & CAP_ENHANCED && *status;

	bytes_format(&b, "%d %s%s%s\r\n", code, enhanced ? status : "", enhanced ? " " : "", text);
	conn_send(c, b.p, b.n);
	bytes_free(&b);
}

int smtp_say(struct conn *c, const char *text, size_t len)
{
	long long code = 0;
	struct bytes b = {0};

	bytes_add(&b, text, len);
	if (len == 0 || text[len - 1] != '\n')
		bytes_text(&b, "\r\n");
	conn_send(c, b.p, b.n);
	bytes_free(&b);
	if (len < 3 || read_number(text, 3, 999, &code))
		return 0;
	if (code == 421)
		conn_close(c, CLOSE_CLEAN, "421 was said");
	return (int)code;
}

void smtp_extras(struct conn *c, enum command command)
{
	const struct rule *r = conn_rule(c, RULE_EXTRA, command, c->smtp->times[command]);
	int rc;

	if (!r || c->tls_state != TLS_ON)
		return;
	rc = tls_send_extra(c, (enum tls_extra)r->more, 0, (long)r->number);
	log_event(c, "%lld %s sent%s%s", r->number, tls_extra_name((enum tls_extra)r->more),
		  rc < 0 ? ": " : "", rc < 0 ? gnutls_strerror(rc) : "");
}

int smtp_answer(struct conn *c, enum command command, int code, const char *status,
		const char *text)
{
	unsigned nth = c->smtp->times[command];
	const struct rule *r = conn_rule(c, RULE_REPLY, command, nth);
	int normal = code / 100;

	if (conn_rule(c, RULE_DROP, command, nth)) {
		conn_close(c, CLOSE_TRUNCATE, "dropped, as told");
		return 0;
	}
	smtp_extras(c, command);
	if (r)
		code = smtp_say(c, r->text, r->len);
	else
		smtp_reply(c, code, status, text);
	if (command == COMMAND_AUTH)
		judge_auth_reply(c, code);
	if (r && command == COMMAND_DATA)
		return code == 354;
	return r ? code / 100 == (normal < 4 ? normal : 2) : normal < 4;
}

/* The delay of this command: 1 if its time has not come. */
static int wait_for(struct conn *c, enum command command)
{
	struct smtp *s = c->smtp;
	const struct rule *r;

	if (s->waited)
		return 0;
	s->times[command]++;
	s->waited = 1;
	conn_cut(c, command, s->times[command]);
	r = conn_rule(c, RULE_DELAY, command, s->times[command]);
	if (!r)
		return 0;
	c->hold = c->now + r->number;
	return 1;
}

/* More connections than there may be, this one among them. */
static int is_crowded(const struct conn *c)
{
	long long limit = c->listener->does.connections, n = 0;

	for (const struct conn *other = c->server->conns; other; other = other->next)
		n += other != c && other->smtp && other->listener == c->listener &&
		     other->closing == OPEN;
	return limit && n >= limit;
}

static void greet(struct conn *c)
{
	struct bytes b = {0};

	if (c->in.n)
		judge_early(c);
	if (is_crowded(c)) {
		smtp_reply(c, 421, "4.3.2", "Too many connections");
		conn_close(c, CLOSE_CLEAN, "too many connections");
		return;
	}
	bytes_format(&b, "%s ESMTP postern-sandbox", c->server->options->host_name);
	c->smtp->refusing = !smtp_answer(c, COMMAND_GREETING, 220, "", b.p);
	bytes_free(&b);
	c->smtp->state = SMTP_COMMAND;
}

/* ---- lines ---- */

static int too_long(struct conn *c)
{
	struct smtp *s = c->smtp;
	size_t lf = conn_line(c);

	if (s->long_line) {
		size_t n = lf ? lf : c->in.n;

		bytes_drop(&c->in, n);
		if (!lf)
			return n > 0;
		s->long_line = 0;
		smtp_reply(c, 500, "5.5.2", "Line too long");
		return 1;
	}
	if (!lf && c->in.n > MAX_LINE) {
		log_event(c, "a line of more than %d octets", MAX_LINE);
		s->long_line = 1;
		if (s->state == SMTP_AUTH) {
			sasl_free(s->sasl);
			s->sasl = NULL;
			s->state = SMTP_COMMAND;
		}
		return 1;
	}
	return 0;
}

/* Which command a line is, for its delay; unknown ones have none. */
static int command_of(const char *line, size_t n, enum command *out)
{
	size_t verb = 0;

	while (verb < n && line[verb] != ' ' && line[verb] != '\r' && line[verb] != '\n')
		verb++;
	if (command_find(line, verb, out) || *out == COMMAND_GREETING || *out == COMMAND_TLS ||
	    *out == COMMAND_DOT || *out >= COMMAND_METHOD)
		return -1;
	return 0;
}

/* One line, if there is one; 1 if it was used up. */
static int take_line(struct conn *c)
{
	struct smtp *s = c->smtp;
	size_t n, lf = conn_line(c);
	enum command command;
	char *line;

	if (!lf)
		return 0;
	if (s->state == SMTP_COMMAND && command_of(c->in.p, lf, &command) == 0 &&
	    wait_for(c, command))
		return 0;
	s->waited = 0;
	line = copy_text(c->in.p, lf);
	log_text(c, 'C', line, lf);
	judge_line(c, line, lf, c->in.n - lf);
	bytes_drop(&c->in, lf);
	n = lf - 1;
	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (s->state == SMTP_AUTH)
		smtp_auth_line(c, line, n);
	else if (n > MAX_COMMAND && !same_word("AUTH ", line, 5))
		smtp_reply(c, 500, "5.5.2", "Line too long");
	else
		smtp_command(c, line, n);
	gnutls_memset(line, 0, lf);
	free(line);
	return 1;
}

void smtp_run(struct conn *c)
{
	struct smtp *s = c->smtp;
	int again = 1;

	while (again && c->closing == OPEN && c->now >= c->hold && c->tls_state != TLS_SHAKING &&
	       c->out.n < CONN_WINDOW) {
		switch (s->state) {
		case SMTP_GREETING:
			again = !wait_for(c, COMMAND_GREETING);
			if (again) {
				s->waited = 0;
				greet(c);
			}
			break;
		case SMTP_COMMAND:
		case SMTP_AUTH:
			again = too_long(c) || take_line(c);
			break;
		case SMTP_DATA:
			again = content_data(c);
			break;
		case SMTP_BDAT:
			again = content_bdat(c);
			break;
		case SMTP_DEAF:
			again = 0;
			bytes_drop(&c->in, c->in.n);
			break;
		}
	}
}

void smtp_tls_up(struct conn *c)
{
	c->smtp->envelope.tls = c->tls.version;
}

void smtp_stop(struct conn *c)
{
	if (c->tls_state != TLS_SHAKING && c->smtp->state != SMTP_DEAF &&
	    (c->smtp->state != SMTP_GREETING || c->tls_state == TLS_ON))
		smtp_reply(c, 421, "4.3.2", "Shutting down");
	conn_close(c, CLOSE_CLEAN, "the server is shutting down");
}
