/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "log.h"
#include "path.h"
#include "sasl.h"
#include "server.h"
#include "smtp.h"

#define MAX_ERRORS 20
#define MAX_REFUSED_AUTH 5
#define MAX_CHUNK (1ll << 40)

static const struct behaviour *does(const struct conn *c)
{
	return &c->listener->does;
}

static int offers_starttls(const struct conn *c)
{
	return does(c)->starttls && c->listener->spec->mode == MODE_STARTTLS && !c->tls;
}

static int offers_auth(const struct conn *c)
{
	return does(c)->auth && (c->tls_state == TLS_ON || does(c)->plain_auth);
}

/* ---- EHLO ---- */

static void capabilities(struct conn *c, struct bytes *b)
{
	for (unsigned i = 0; capability_name(i); i++) {
		if (!(does(c)->capabilities & 1u << i))
			continue;
		if (1u << i == CAP_SIZE)
			bytes_format(b, "250-SIZE %lld\r\n", does(c)->size);
		else
			bytes_format(b, "250-%s\r\n", capability_name(i));
	}
	if (offers_starttls(c))
		bytes_text(b, "250-STARTTLS\r\n");
	if (offers_auth(c)) {
		const char *at = does(c)->mechanisms, *word;
		size_t n;

		bytes_text(b, "250-AUTH");
		while ((word = next_word(&at, &n)))
			bytes_format(b, " %.*s", (int)n, word);
		bytes_text(b, "\r\n");
	}
}

/* The last line of a reply has a blank behind its code. */
static void end_reply(struct bytes *b)
{
	size_t at = b->n;

	while (at > 0 && !(at >= 2 && b->p[at - 1] == '\n' && at != b->n))
		at--;
	if (b->n > at + 3)
		b->p[at + 3] = ' ';
}

static void hello(struct conn *c, const char *name, size_t n, int extended)
{
	struct smtp *s = c->smtp;
	enum command command = extended ? COMMAND_EHLO : COMMAND_HELO;
	struct bytes b = {0};

	if (n == 0) {
		smtp_answer(c, command, 501, "5.5.4", "EHLO needs a name");
		return;
	}
	smtp_reset(c);
	free(s->envelope.hello);
	s->envelope.hello = copy_text(name, n);
	bytes_format(&b, "250-%s\r\n", c->server->options->host_name);
	if (extended)
		capabilities(c, &b);
	end_reply(&b);
	if (behaviour_rule(does(c), RULE_REPLY, command, s->times[command]) ||
	    behaviour_rule(does(c), RULE_DROP, command, s->times[command])) {
		if (smtp_answer(c, command, 250, "", ""))
			s->hello = extended ? HELLO_EHLO : HELLO_HELO;
	} else {
		conn_send(c, b.p, b.n);
		s->hello = extended ? HELLO_EHLO : HELLO_HELO;
	}
	bytes_free(&b);
}

/* ---- STARTTLS ---- */

static void forget_session(struct smtp *s)
{
	s->hello = NO_HELLO;
	s->authenticated = 0;
	free(s->envelope.hello);
	s->envelope.hello = NULL;
}

static void starttls(struct conn *c, size_t rest)
{
	struct smtp *s = c->smtp;

	if (rest || !offers_starttls(c)) {
		if (rest)
			smtp_answer(c, COMMAND_STARTTLS, 501, "5.5.4",
				    "STARTTLS takes no parameter");
		else
			smtp_answer(c, COMMAND_STARTTLS, 502, "5.5.1", "STARTTLS is not offered");
		return;
	}
	if (!smtp_answer(c, COMMAND_STARTTLS, 220, "2.0.0", "Ready to start TLS"))
		return;
	if (does(c)->inject)
		conn_send(c, does(c)->inject->text, does(c)->inject->len);
	smtp_reset(c);
	forget_session(s);
	if (c->in.n) {
		judge_tls(c);
		log_event(c, "%zu octets behind STARTTLS thrown away", c->in.n);
		bytes_drop(&c->in, c->in.n);
	}
	if (behaviour_rule(does(c), RULE_DROP, COMMAND_TLS, 1))
		conn_close(c, CLOSE_TRUNCATE, "dropped, as told");
	else if (conn_start_tls(c, does(c)->certificate, does(c)->tls_min, does(c)->tls_max))
		conn_close(c, CLOSE_TRUNCATE, "no TLS");
}

/* ---- AUTH ---- */

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
static void auth_step(struct conn *c, const char *in, size_t n)
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
		auth_step(c, raw.p ? raw.p : "", raw.n);
	if (raw.p)
		gnutls_memset(raw.p, 0, raw.n);
	bytes_free(&raw);
}

static int mechanism_offered(const struct conn *c, const char *name, size_t n)
{
	const char *at = does(c)->mechanisms, *word;
	size_t len;

	while ((word = next_word(&at, &len)))
		if (len == n) {
			char *copy = copy_text(word, len);
			int same = same_word(copy, name, n);

			free(copy);
			if (same)
				return 1;
		}
	return 0;
}

/* Why AUTH cannot begin: 1 after the reply. */
static int auth_refused(struct conn *c, const char *name, size_t n)
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
	else if (!offers_auth(c))
		smtp_answer(c, COMMAND_AUTH, 538, "5.7.11", "Encryption is required for AUTH");
	else if (n == 0)
		smtp_answer(c, COMMAND_AUTH, 501, "5.5.4", "AUTH needs a mechanism");
	else if (!mechanism_offered(c, name, n))
		smtp_answer(c, COMMAND_AUTH, 504, "5.5.4", "This mechanism is not offered");
	else
		return 0;
	return 1;
}

static void auth(struct conn *c, const char *arg, size_t n)
{
	struct smtp *s = c->smtp;
	const char *blank = n ? memchr(arg, ' ', n) : NULL;
	size_t name = blank ? (size_t)(blank - arg) : n;
	const struct rule *r =
		behaviour_rule(does(c), RULE_REPLY, COMMAND_AUTH, s->times[COMMAND_AUTH]);

	if (c->tls_state != TLS_ON)
		log_event(c, "clear-auth: AUTH without TLS");
	if (auth_refused(c, arg, name))
		return;
	s->sasl = sasl_new(c->server->options, arg, name, c->tls);
	if (!s->sasl) {
		smtp_answer(c, COMMAND_AUTH, 504, "5.5.4", "This mechanism is not known");
		return;
	}
	if (r && r->len > 0 && (r->text[0] == '4' || r->text[0] == '5'))
		end_auth(c, 535, "5.7.8", ""); /* refused at once, as the rule says */
	else if (!blank)
		auth_step(c, NULL, 0);
	else if (n - name == 2 && arg[name + 1] == '=')
		auth_step(c, "", 0);
	else
		smtp_auth_line(c, blank + 1, n - name - 1);
}

/* ---- the envelope ---- */

/* Keywords that are allowed, and of which extension. */
static unsigned parameter_of(const char *key, size_t n, int mail)
{
	static const struct {
		const char *key;
		unsigned capability;
		int mail;
	} table[] = {{"SIZE", CAP_SIZE, 1},         {"BODY", CAP_8BITMIME, 1},
		     {"SMTPUTF8", CAP_SMTPUTF8, 1}, {"RET", CAP_DSN, 1},
		     {"ENVID", CAP_DSN, 1},         {"NOTIFY", CAP_DSN, 0},
		     {"ORCPT", CAP_DSN, 0}};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		if (table[i].mail == mail && same_word(table[i].key, key, n))
			return table[i].capability;
	return 0;
}

/* 1 after a refusal. */
static int parameters_refused(struct conn *c, const struct path *p, int mail)
{
	enum command command = mail ? COMMAND_MAIL : COMMAND_RCPT;
	const char *key, *value;
	size_t at = 0, nkey, nvalue;
	long long size;

	while (path_parameter(p, &at, &key, &nkey, &value, &nvalue)) {
		unsigned capability = parameter_of(key, nkey, mail);

		if (mail && same_word("AUTH", key, nkey) && offers_auth(c))
			continue;
		judge_parameter(c, key, nkey, capability);
		if (!(capability & does(c)->capabilities)) {
			smtp_answer(c, command, 555, "5.5.4", "Parameter not recognized");
			return 1;
		}
		if (capability == CAP_SIZE) {
			if (read_number(value, nvalue, MAX_CHUNK, &size)) {
				smtp_answer(c, command, 501, "5.5.4", "SIZE is not a number");
				return 1;
			}
			if (does(c)->size && size > does(c)->size) {
				smtp_answer(c, command, 552, "5.3.4",
					    "Message is larger than the limit");
				return 1;
			}
		}
		if (capability == CAP_8BITMIME && !same_word("7BIT", value, nvalue) &&
		    !same_word("8BITMIME", value, nvalue)) {
			smtp_answer(c, command, 501, "5.5.4", "BODY is 7BIT or 8BITMIME");
			return 1;
		}
	}
	return 0;
}

static int has_8bit(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] & 0x80)
			return 1;
	return 0;
}

static int is_utf8_mail(const struct smtp *s)
{
	const char *at = s->envelope.parameters ? s->envelope.parameters : "", *word;
	size_t n;

	while ((word = next_word(&at, &n)))
		if (same_word("SMTPUTF8", word, n))
			return 1;
	return 0;
}

/* "FROM:" or "TO:" and a path: 0, or -1 after a refusal. */
static int take_path(struct conn *c, struct path *p, const char *word, const char *arg, size_t n)
{
	enum command command = word[0] == 'F' ? COMMAND_MAIL : COMMAND_RCPT;
	size_t len = strlen(word);

	if (n < len || !same_word(word, arg, len) || path_parse(p, arg + len, n - len)) {
		smtp_answer(c, command, 501, "5.5.4",
			    "Syntax: MAIL FROM:<address>, RCPT TO:<address>");
		return -1;
	}
	return 0;
}

static void mail(struct conn *c, const char *arg, size_t n)
{
	struct smtp *s = c->smtp;
	struct path p;
	const struct rule *r;
	char *address;
	int ok;

	if (c->tls_state != TLS_ON)
		log_event(c, "clear-mail: MAIL without TLS");
	if (s->hello == NO_HELLO) {
		smtp_answer(c, COMMAND_MAIL, 503, "5.5.1", "EHLO first");
		return;
	}
	if (s->mail) {
		smtp_answer(c, COMMAND_MAIL, 503, "5.5.1", "A transaction is open already");
		return;
	}
	if (!s->authenticated && !does(c)->open && does(c)->auth) {
		if (offers_starttls(c) && !does(c)->plain_auth)
			smtp_answer(c, COMMAND_MAIL, 530, "5.7.0",
				    "Must issue a STARTTLS command first");
		else
			smtp_answer(c, COMMAND_MAIL, 530, "5.7.0", "Authentication required");
		return;
	}
	if (take_path(c, &p, "FROM:", arg, n) || parameters_refused(c, &p, 1))
		return;
	if (p.n && !path_is_mailbox(p.address, p.n)) {
		smtp_answer(c, COMMAND_MAIL, 501, "5.1.7", "Bad sender address");
		return;
	}
	s->envelope.parameters = copy_text(p.parameters, p.n_parameters);
	s->envelope.reverse_path = address = copy_text(p.address, p.n);
	r = behaviour_refusal(does(c), RULE_REFUSE_SENDER, address);
	if (has_8bit(address, p.n) && !is_utf8_mail(s))
		ok = smtp_answer(c, COMMAND_MAIL, 553, "5.6.7",
				 "SMTPUTF8 is required for this address");
	else if (r)
		ok = smtp_say(c, r->text, r->len) / 100 == 2;
	else
		ok = smtp_answer(c, COMMAND_MAIL, 250, "2.1.0", "Sender ok");
	if (ok)
		s->mail = 1;
	else
		smtp_reset(c);
}

static void keep_recipient(struct smtp *s, const struct path *p)
{
	struct recipient *r = alloc(sizeof(*r)), **at = &s->envelope.recipients;

	r->address = copy_text(p->address, p->n);
	r->parameters = copy_text(p->parameters, p->n_parameters);
	while (*at)
		at = &(*at)->next;
	*at = r;
	s->envelope.count++;
}

static void rcpt(struct conn *c, const char *arg, size_t n)
{
	struct smtp *s = c->smtp;
	const struct rule *r;
	struct path p;
	char *address;
	int ok;

	if (!s->mail || s->bdat) {
		smtp_answer(c, COMMAND_RCPT, 503, "5.5.1",
			    s->mail ? "BDAT has begun" : "MAIL first");
		return;
	}
	if (take_path(c, &p, "TO:", arg, n) || parameters_refused(c, &p, 0))
		return;
	if (!path_is_mailbox(p.address, p.n) && !same_word("postmaster", p.address, p.n)) {
		smtp_answer(c, COMMAND_RCPT, 501, "5.1.3", "Bad recipient address");
		return;
	}
	address = copy_text(p.address, p.n);
	r = behaviour_refusal(does(c), RULE_REFUSE_RECIPIENT, address);
	if (has_8bit(address, p.n) && !is_utf8_mail(s))
		ok = smtp_answer(c, COMMAND_RCPT, 553, "5.6.7",
				 "SMTPUTF8 is required for this address");
	else if (s->envelope.count >= does(c)->recipients)
		ok = smtp_answer(c, COMMAND_RCPT, 452, "4.5.3", "Too many recipients");
	else if (r)
		ok = smtp_say(c, r->text, r->len) / 100 == 2;
	else
		ok = smtp_answer(c, COMMAND_RCPT, 250, "2.1.5", "Recipient ok");
	if (ok)
		keep_recipient(s, &p);
	free(address);
}

static void data(struct conn *c, size_t rest)
{
	struct smtp *s = c->smtp;

	if (rest)
		smtp_answer(c, COMMAND_DATA, 501, "5.5.4", "DATA takes no parameter");
	else if (!s->mail || s->bdat)
		smtp_answer(c, COMMAND_DATA, 503, "5.5.1",
			    s->mail ? "BDAT has begun" : "MAIL first");
	else if (s->envelope.count == 0)
		smtp_answer(c, COMMAND_DATA, 554, "5.5.1", "No valid recipients");
	else if (smtp_answer(c, COMMAND_DATA, 354, "", "End data with <CR><LF>.<CR><LF>"))
		content_begin_data(c);
}

static void bdat(struct conn *c, const char *arg, size_t n)
{
	struct smtp *s = c->smtp;
	const char *blank = n ? memchr(arg, ' ', n) : NULL;
	size_t digits = blank ? (size_t)(blank - arg) : n;
	int last = blank && same_word("LAST", blank + 1, n - digits - 1);
	long long octets;

	if (!(does(c)->capabilities & CAP_CHUNKING)) {
		judge_parameter(c, "BDAT", 4, CAP_CHUNKING);
		smtp_answer(c, COMMAND_BDAT, 502, "5.5.1", "CHUNKING is not offered");
		return;
	}
	if (read_number(arg, digits, MAX_CHUNK, &octets) || (blank && !last)) {
		smtp_answer(c, COMMAND_BDAT, 501, "5.5.4", "Syntax: BDAT octets [LAST]");
		conn_close(c, CLOSE_CLEAN, "lost among the chunks");
		return;
	}
	s->chunk_refused = !s->mail || s->envelope.count == 0;
	if (!s->chunk_refused)
		s->bdat = s->envelope.chunked = 1;
	content_begin_bdat(c, octets, last);
}

/* ---- the rest ---- */

static void unknown(struct conn *c)
{
	if (++c->smtp->errors >= MAX_ERRORS) {
		smtp_reply(c, 421, "4.7.0", "Too many errors");
		conn_close(c, CLOSE_CLEAN, "too many errors");
		return;
	}
	smtp_reply(c, 500, "5.5.2", "Command not recognized");
}

void smtp_command(struct conn *c, const char *line, size_t n)
{
	const char *blank = n ? memchr(line, ' ', n) : NULL;
	size_t verb = blank ? (size_t)(blank - line) : n;
	const char *arg = blank ? blank + 1 : line + n;
	size_t rest = (size_t)(line + n - arg);
	enum command command;

	if (command_find(line, verb, &command)) {
		unknown(c);
		return;
	}
	if (c->smtp->refusing && command != COMMAND_QUIT) {
		smtp_reply(c, 503, "5.5.1", "No service here"); /* RFC 5321 3.1 */
		return;
	}
	switch (command) {
	case COMMAND_EHLO:
	case COMMAND_HELO:
		hello(c, arg, rest, command == COMMAND_EHLO);
		break;
	case COMMAND_STARTTLS:
		starttls(c, rest);
		break;
	case COMMAND_AUTH:
		auth(c, arg, rest);
		break;
	case COMMAND_MAIL:
		mail(c, arg, rest);
		break;
	case COMMAND_RCPT:
		rcpt(c, arg, rest);
		break;
	case COMMAND_DATA:
		data(c, rest);
		break;
	case COMMAND_BDAT:
		bdat(c, arg, rest);
		break;
	case COMMAND_RSET:
		smtp_reset(c);
		smtp_answer(c, command, 250, "2.0.0", "Ok");
		break;
	case COMMAND_NOOP:
		smtp_answer(c, command, 250, "2.0.0", "Ok");
		break;
	case COMMAND_VRFY:
		smtp_answer(c, command, 252, "2.1.5", "Send some mail, and see");
		break;
	case COMMAND_QUIT:
		smtp_answer(c, command, 221, "2.0.0", "Bye");
		conn_close(c, CLOSE_CLEAN, "QUIT");
		break;
	case COMMAND_GREETING:
	case COMMAND_TLS:
	case COMMAND_DOT:
	case COMMAND_COUNT:
		unknown(c);
		break;
	}
}
