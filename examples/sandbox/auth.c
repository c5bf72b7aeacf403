/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * AUTH (RFC 4954).
 */
#include <gnutls/gnutls.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "log.h"
#include "sasl.h"
#include "server.h"
#include "smtp.h"

#define MAX_REFUSED_AUTH 5

static const struct behaviour *does(const struct conn *c)
{
	return &c->listener->does;
}

const char *smtp_mechanisms(const struct conn *c)
{
	return behaviour_mechanisms(does(c), c->nth, c->tls_state == TLS_ON);
}

static void end_auth(struct conn *c, int code, const char *status, const char *text)
{
	struct smtp *s = c->smtp;
	struct sasl *sasl = s->sasl;

	s->sasl = NULL;
	s->state = SMTP_COMMAND;
	if (smtp_answer(c, COMMAND_AUTH, code, status, text)) {
		s->authenticated = 1;
		s->envelope.user = copy_text(sasl_user(sasl), strlen(sasl_user(sasl)));
		s->envelope.mechanism = copy_text(sasl_name(sasl), strlen(sasl_name(sasl)));
		log_event(c, "authenticated %s by %s", s->envelope.user, s->envelope.mechanism);
	} else if (++s->refused_auth >= MAX_REFUSED_AUTH) {
		smtp_reply(c, 421, "4.7.0", "Too many refused credentials");
		conn_close(c, CLOSE_CLEAN, "too many refused credentials");
	}
	sasl_free(sasl);
}

static void challenge(struct conn *c, struct bytes *raw)
{
	struct bytes b = {0};

	bytes_text(&b, "334 ");
	sasl_encode(&b, raw->p, raw->n);
	bytes_text(&b, "\r\n");
	conn_send(c, b.p, b.n);
	bytes_free(&b);
}

/* in: NULL if the client has sent no response yet. */
static void step(struct conn *c, const char *in, size_t n)
{
	struct smtp *s = c->smtp;
	struct bytes out = {0};

	switch (sasl_step(s->sasl, in, n, &out)) {
	case SASL_MORE:
		s->state = SMTP_AUTH;
		challenge(c, &out);
		break;
	case SASL_DONE:
		end_auth(c, 235, "2.7.0", "Authentication successful");
		break;
	case SASL_REFUSED:
		end_auth(c, 535, "5.7.8", "Authentication credentials invalid");
		break;
	case SASL_MALFORMED:
		end_auth(c, 501, "5.5.2", "The response is not of the mechanism's form");
		break;
	}
	bytes_free(&out);
}

void smtp_auth_line(struct conn *c, const char *line, size_t n)
{
	struct bytes raw = {0};

	if (n == 1 && line[0] == '*') {
		end_auth(c, 501, "5.7.0", "Authentication cancelled");
		return;
	}
	if (sasl_decode(&raw, line, n))
		end_auth(c, 501, "5.5.2", "The response is not base64");
	else
		step(c, raw.p ? raw.p : "", raw.n);
	if (raw.p)
		gnutls_memset(raw.p, 0, raw.n);
	bytes_free(&raw);
}

static int mechanism_offered(const struct conn *c, const char *name, size_t n)
{
	const char *at = smtp_mechanisms(c), *word;
	char *wanted = copy_text(name, n);
	size_t len;
	int found = 0;

	while (!found && at && (word = next_word(&at, &len)))
		found = same_word(wanted, word, len);
	free(wanted);
	return found;
}

/* Why AUTH cannot begin: 1 after the reply. */
static int refused(struct conn *c, const char *name, size_t n)
{
	const struct smtp *s = c->smtp;

	if (s->hello != HELLO_EHLO)
		smtp_answer(c, COMMAND_AUTH, 503, "5.5.1", "EHLO first");
	else if (s->authenticated)
		smtp_answer(c, COMMAND_AUTH, 503, "5.5.1", "Already authenticated");
	else if (s->mail)
		smtp_answer(c, COMMAND_AUTH, 503, "5.5.1", "Not within a transaction");
	else if (!does(c)->auth)
		smtp_answer(c, COMMAND_AUTH, 502, "5.5.1", "AUTH is not offered");
	else if (!smtp_mechanisms(c))
		smtp_answer(c, COMMAND_AUTH, 538, "5.7.11", "Encryption is required for AUTH");
	else if (n == 0)
		smtp_answer(c, COMMAND_AUTH, 501, "5.5.4", "AUTH needs a mechanism");
	else if (!mechanism_offered(c, name, n))
		smtp_answer(c, COMMAND_AUTH, 504, "5.5.4", "This mechanism is not offered");
	else
		return 0;
	return 1;
}

/* What the rules say to this mechanism, or to any: 1 after the reply. */
static int refused_by_rule(struct conn *c, const char *name, int response)
{
	const struct rule *any =
		conn_rule(c, RULE_REPLY, COMMAND_AUTH, c->smtp->times[COMMAND_AUTH]);
	const struct rule *r = behaviour_refusal(does(c), RULE_REFUSE_MECHANISM, name);

	if (r)
		judge_auth_reply(c, smtp_say(c, r->text, r->len));
	else if (any && any->len > 0 && (any->text[0] == '4' || any->text[0] == '5'))
		end_auth(c, 535, "5.7.8", ""); /* refused at once, in the rule's words */
	else if (response && does(c)->no_initial_response)
		end_auth(c, 501, "5.5.4", "No initial response is taken here");
	else
		return 0;
	return 1;
}

void smtp_auth(struct conn *c, const char *arg, size_t n)
{
	struct smtp *s = c->smtp;
	const char *blank = n ? memchr(arg, ' ', n) : NULL;
	size_t name = blank ? (size_t)(blank - arg) : n;

	if (c->tls_state != TLS_ON)
		log_event(c, "clear-auth: AUTH without TLS");
	if (refused(c, arg, name))
		return;
	s->sasl = sasl_new(c, arg, name);
	if (!s->sasl) {
		smtp_answer(c, COMMAND_AUTH, 504, "5.5.4", "This mechanism is not known");
		return;
	}
	if (refused_by_rule(c, sasl_name(s->sasl), blank != NULL)) {
		sasl_free(s->sasl);
		s->sasl = NULL;
		return;
	}
	if (!blank)
		step(c, NULL, 0);
	else if (n - name == 2 && arg[name + 1] == '=')
		step(c, "", 0);
	else
		smtp_auth_line(c, blank + 1, n - name - 1);
}
