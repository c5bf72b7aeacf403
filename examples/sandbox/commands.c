/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "log.h"
#include "parameters.h"
#include "path.h"
#include "server.h"
#include "smtp.h"

#define MAX_ERRORS 20
#define MAX_CHUNK (1ll << 40)

static const struct behaviour *does(const struct conn *c)
{
	return &c->listener->does;
}

static int offers_starttls(const struct conn *c)
{
	return does(c)->starttls && c->listener->spec->mode == MODE_STARTTLS && !c->tls.session;
}

static int offers_auth(const struct conn *c)
{
	return smtp_mechanisms(c) != NULL;
}

/* ---- EHLO ---- */

static unsigned in_session(const struct conn *c, unsigned set)
{
	if (c->tls_state != TLS_ON)
		set &= ~(unsigned)CAP_REQUIRETLS;
	return set & ~(unsigned)CAP_AUTH;
}

unsigned smtp_understands(const struct conn *c)
{
	if (c->smtp->hello != HELLO_EHLO)
		return 0;
	return in_session(c, does(c)->capabilities) | (offers_auth(c) ? CAP_AUTH : 0);
}

unsigned smtp_offers(const struct conn *c)
{
	if (c->smtp->hello != HELLO_EHLO)
		return 0;
	return smtp_understands(c) | in_session(c, does(c)->claims);
}

static void capabilities(struct conn *c, struct bytes *b)
{
	unsigned set = in_session(c, does(c)->capabilities | does(c)->claims);

	for (unsigned i = 0; capability_name(i); i++) {
		const char *argument = does(c)->arguments[i];

		if (!(set & 1u << i))
			continue;
		if (1u << i == CAP_SIZE && !argument)
			bytes_format(b, "250-SIZE %lld\r\n", does(c)->size);
		else
			bytes_format(b, "250-%s%s%s\r\n", capability_name(i), argument ? " " : "",
				     argument ? argument : "");
	}
	if (offers_starttls(c))
		bytes_text(b, "250-STARTTLS\r\n");
	if (offers_auth(c)) {
		const char *at = smtp_mechanisms(c), *word;
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
	if (conn_rule(c, RULE_REPLY, command, s->times[command]) ||
	    conn_rule(c, RULE_DROP, command, s->times[command])) {
		if (smtp_answer(c, command, 250, "", ""))
			s->hello = extended ? HELLO_EHLO : HELLO_HELO;
	} else {
		smtp_extras(c, command);
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
	if (conn_rule(c, RULE_DROP, COMMAND_TLS, 1))
		conn_close(c, CLOSE_TRUNCATE, "dropped, as told");
	else if (tls_start(c, does(c)->certificate, does(c)->tls_min, does(c)->tls_max))
		conn_close(c, CLOSE_TRUNCATE, "no TLS");
}

/* ---- the envelope ---- */

static int has_8bit(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] & 0x80)
			return 1;
	return 0;
}

static int is_utf8_mail(const struct smtp *s)
{
	return value_find(s->envelope.values, "SMTPUTF8") != NULL;
}

/* An address of other octets than ASCII without SMTPUTF8: 1 after a refusal. */
static int needs_utf8(struct conn *c, enum command command, const struct path *p)
{
	if (!has_8bit(p->address, p->n) || is_utf8_mail(c->smtp))
		return 0;
	judge_note(c, "W5 an 8-bit address without SMTPUTF8");
	smtp_answer(c, command, 553, "5.6.7", "SMTPUTF8 is required for this address");
	return 1;
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

/* Why a transaction cannot begin: 1 after a refusal. */
static int mail_refused(struct conn *c)
{
	const struct smtp *s = c->smtp;

	if (s->hello == NO_HELLO) {
		smtp_answer(c, COMMAND_MAIL, 503, "5.5.1", "EHLO first");
	} else if (s->mail) {
		smtp_answer(c, COMMAND_MAIL, 503, "5.5.1", "A transaction is open already");
	} else if (s->authenticated || does(c)->open || !does(c)->auth) {
		return 0;
	} else if (offers_starttls(c) && !does(c)->plain_auth) {
		smtp_answer(c, COMMAND_MAIL, 530, "5.7.0", "Must issue a STARTTLS command first");
	} else {
		smtp_answer(c, COMMAND_MAIL, 530, "5.7.0", "Authentication required");
	}
	return 1;
}

/* RFC 9422 3: the connection has had its mails; 1 after a refusal. */
static int mails_over(struct conn *c)
{
	if (!does(c)->mailmax || c->smtp->mails < does(c)->mailmax)
		return 0;
	log_event(c, "over the limit: MAILMAX");
	smtp_reply(c, 421, "4.7.0", "No more mails on this connection");
	conn_close(c, CLOSE_CLEAN, "over MAILMAX");
	return 1;
}

static int read_parameters(struct conn *c, const struct path *p, enum command command,
			   struct value **values)
{
	struct refusal why;

	if (parameters_read(c, p, command == COMMAND_MAIL, is_utf8_mail(c->smtp), values, &why) ==
	    0)
		return 0;
	smtp_answer(c, command, why.code, why.status, why.text);
	return -1;
}

static int is_body(const struct smtp *s, const char *body)
{
	const struct value *v = value_find(s->envelope.values, "BODY");

	return v && strcmp(v->text, body) == 0;
}

static void begin_mail(struct smtp *s)
{
	s->mail = 1;
	s->mails++;
	s->binary = is_body(s, "BINARYMIME");
	s->eight = s->binary || is_body(s, "8BITMIME");
}

static void mail(struct conn *c, const char *arg, size_t n)
{
	struct smtp *s = c->smtp;
	const struct rule *r;
	struct path p;
	int ok;

	if (c->tls_state != TLS_ON)
		log_event(c, "clear-mail: MAIL without TLS");
	if (mail_refused(c) || mails_over(c) || take_path(c, &p, "FROM:", arg, n))
		return;
	if (read_parameters(c, &p, COMMAND_MAIL, &s->envelope.values)) {
		smtp_reset(c);
		return;
	}
	s->envelope.parameters = copy_text(p.parameters, p.n_parameters);
	s->envelope.reverse_path = copy_text(p.address, p.n);
	r = behaviour_refusal(does(c), RULE_REFUSE_SENDER, s->envelope.reverse_path);
	if (p.n && !path_is_mailbox(p.address, p.n))
		ok = smtp_answer(c, COMMAND_MAIL, 501, "5.1.7", "Bad sender address");
	else if (needs_utf8(c, COMMAND_MAIL, &p))
		ok = 0;
	else if (r)
		ok = smtp_say(c, r->text, r->len) / 100 == 2;
	else
		ok = smtp_answer(c, COMMAND_MAIL, 250, "2.1.0", "Sender ok");
	if (ok)
		begin_mail(s);
	else
		smtp_reset(c);
}

static const char *domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at + 1 : "";
}

/* With this recipient there would be more domains than RCPTDOMAINMAX. */
static int domains_over(const struct conn *c, const char *address)
{
	const struct recipient *r = c->smtp->envelope.recipients, *before;
	const char *domain = domain_of(address);
	long long domains = 0;

	for (; r; r = r->next) {
		const char *its = domain_of(r->address);

		if (same_word(domain, its, strlen(its)))
			return 0;
		before = c->smtp->envelope.recipients;
		while (before != r && !same_word(domain_of(before->address), its, strlen(its)))
			before = before->next;
		domains += before == r; /* the first of its domain */
	}
	return domains >= does(c)->rcptdomainmax;
}

/* The name of the limit that one more recipient would break (RFC 9422 3), or NULL. */
static const char *limit_over(const struct conn *c, const char *address)
{
	if (does(c)->rcptmax && c->smtp->envelope.count >= does(c)->rcptmax)
		return "RCPTMAX";
	if (does(c)->rcptdomainmax && domains_over(c, address))
		return "RCPTDOMAINMAX";
	return NULL;
}

static void keep_recipient(struct smtp *s, const struct path *p, struct value *values)
{
	struct recipient *r = alloc(sizeof(*r)), **at = &s->envelope.recipients;

	r->address = copy_text(p->address, p->n);
	r->parameters = copy_text(p->parameters, p->n_parameters);
	r->values = values;
	while (*at)
		at = &(*at)->next;
	*at = r;
	s->envelope.count++;
}

/* Whether this well-formed recipient is taken, by the reply that was given. */
static int take_recipient(struct conn *c, const struct path *p)
{
	char *address = copy_text(p->address, p->n);
	const struct rule *r = behaviour_refusal(does(c), RULE_REFUSE_RECIPIENT, address);
	const char *limit = limit_over(c, address);
	int ok = 0;

	free(address);
	if (needs_utf8(c, COMMAND_RCPT, p))
		return 0;
	if (limit)
		log_event(c, "over the limit: %s", limit);
	if (limit || c->smtp->envelope.count >= does(c)->recipients)
		ok = smtp_answer(c, COMMAND_RCPT, 452, "4.5.3", "Too many recipients");
	else if (r)
		ok = smtp_say(c, r->text, r->len) / 100 == 2;
	else
		ok = smtp_answer(c, COMMAND_RCPT, 250, "2.1.5", "Recipient ok");
	return ok;
}

static void rcpt(struct conn *c, const char *arg, size_t n)
{
	struct smtp *s = c->smtp;
	struct value *values = NULL;
	struct path p;

	if (!s->mail || s->bdat) {
		smtp_answer(c, COMMAND_RCPT, 503, "5.5.1",
			    s->mail ? "BDAT has begun" : "MAIL first");
		return;
	}
	if (take_path(c, &p, "TO:", arg, n))
		return;
	if (read_parameters(c, &p, COMMAND_RCPT, &values) == 0) {
		if (!path_is_mailbox(p.address, p.n) && !same_word("postmaster", p.address, p.n)) {
			smtp_answer(c, COMMAND_RCPT, 501, "5.1.3", "Bad recipient address");
		} else if (take_recipient(c, &p)) {
			keep_recipient(s, &p, values);
			return;
		}
	}
	values_free(&values);
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
	else if (s->binary)
		smtp_answer(c, COMMAND_DATA, 503, "5.5.1", "BODY=BINARYMIME needs BDAT");
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

	if (!(smtp_understands(c) & CAP_CHUNKING)) {
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
		smtp_auth(c, arg, rest);
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
	default: /* no commands, but stages that rules may name */
		unknown(c);
		break;
	}
}
