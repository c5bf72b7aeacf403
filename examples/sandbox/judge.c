/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "judge.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "log.h"
#include "sasl.h"
#include "server.h"
#include "smtp.h"

#define COMMAND_LIMIT 512 /* RFC 5321 4.5.3.1.4 */
#define PARAMETER_LIMIT 1024 /* what MAIL and RCPT may add by extensions, taken together */
#define AUTH_LIMIT 12288 /* RFC 4954 4 */
#define CONTENT_LIMIT 998 /* RFC 5322 2.1.1 */

static struct judge *judge_of(struct conn *c)
{
	return c->server->options->judge && c->smtp ? &c->smtp->judge : NULL;
}

static int is_verb(const char *verb, const char *line, size_t n)
{
	size_t i = 0;

	while (i < n && line[i] != ' ' && line[i] != '\r' && line[i] != '\n')
		i++;
	return same_word(verb, line, i);
}

static int holds(const char *line, size_t n, const char *s, size_t len)
{
	if (len < 4)
		return 0;
	for (size_t i = 0; i + len <= n; i++)
		if (memcmp(line + i, s, len) == 0)
			return 1;
	return 0;
}

/* A password or token as it is, or as PLAIN and LOGIN send it. */
static int holds_secret(const struct user *u, const char *line, size_t n)
{
	struct bytes plain = {0}, encoded = {0};
	int found = holds(line, n, u->password, strlen(u->password));

	sasl_encode(&encoded, u->password, strlen(u->password));
	found = found || holds(line, n, encoded.p ? encoded.p : "", encoded.n);
	bytes_free(&encoded);
	bytes_add(&plain, "", 1);
	bytes_text(&plain, u->name);
	bytes_add(&plain, "", 1);
	bytes_text(&plain, u->password);
	sasl_encode(&encoded, plain.p, plain.n);
	found = found || holds(line, n, encoded.p ? encoded.p : "", encoded.n);
	bytes_free(&plain);
	bytes_free(&encoded);
	return found;
}

int judge_clear(struct conn *c, const char *line, size_t n)
{
	const struct options *o = c->server->options;
	int found = 0;

	if (c->tls_state == TLS_ON)
		return 0;
	for (const struct user *u = o->users; u && !found; u = u->next)
		found = holds_secret(u, line, n);
	for (const struct user *u = o->tokens; u && !found; u = u->next)
		found = holds_secret(u, line, n);
	if (!found)
		return 0;
	log_event(c, "clear-secret: a secret without TLS");
	if (o->judge)
		log_violation(c, "W1 a secret in clear");
	return 1;
}

static void judge_before_tls(struct conn *c, const char *line, size_t n)
{
	if (c->tls_state == TLS_ON || c->listener->spec->mode == MODE_NONE)
		return;
	if (!is_verb("EHLO", line, n) && !is_verb("STARTTLS", line, n) && !is_verb("QUIT", line, n))
		log_violation(c, "W1 without TLS: %.*s", (int)(n > 60 ? 60 : n), line);
}

static size_t limit_of(const struct smtp *s, const char *line, size_t n)
{
	if (s->state == SMTP_AUTH || is_verb("AUTH", line, n))
		return AUTH_LIMIT;
	if (is_verb("MAIL", line, n) || is_verb("RCPT", line, n))
		return COMMAND_LIMIT + PARAMETER_LIMIT;
	return COMMAND_LIMIT;
}

static void judge_form(struct conn *c, const char *line, size_t n)
{
	int utf8 = (smtp_offers(c) & CAP_SMTPUTF8) != 0;
	size_t limit = limit_of(c->smtp, line, n);

	if (n < 2 || line[n - 2] != '\r')
		log_violation(c, "W3 a line that does not end in CRLF");
	if (n > limit)
		log_violation(c, "W3 a line of %zu octets, over %zu", n, limit);
	for (size_t i = 0; i + 2 < n; i++) {
		unsigned char k = (unsigned char)line[i];

		if (k < 0x20 || k == 0x7f || (k >= 0x80 && !utf8)) {
			log_violation(c, "W3 octet 0x%02x in a line", k);
			return;
		}
	}
}

/* What must be the last of a group even where PIPELINING is offered (RFC 2920 3.1). */
static int ends_group(const struct smtp *s, const char *line, size_t n)
{
	static const char *const verbs[] = {"EHLO", "HELO", "DATA", "VRFY",
					    "NOOP", "QUIT", "AUTH", "STARTTLS"};

	if (s->state == SMTP_AUTH)
		return 1;
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
		if (is_verb(verbs[i], line, n))
			return 1;
	return 0;
}

static void judge_order(struct conn *c, const char *line, size_t n, size_t ahead)
{
	const struct smtp *s = c->smtp;
	int pipelining = (smtp_offers(c) & CAP_PIPELINING) != 0;

	if (ahead == 0)
		return;
	if (is_verb("BDAT", line, n) && s->state == SMTP_COMMAND)
		return; /* its chunk: see judge_ahead() */
	if (!pipelining)
		log_violation(c, "W4 %zu octets sent ahead, and PIPELINING is not offered", ahead);
	else if (ends_group(s, line, n))
		log_violation(c, "W4 %zu octets sent ahead of the reply to %.*s", ahead,
			      (int)(n > 8 ? 8 : n), line);
}

/* A refused token may be followed by a fresh one, once, by the same mechanism (RFC 7628). */
static int is_fresh_token(struct judge *j, const char *name)
{
	int fresh = j->refused && !j->freshened && j->auths && j->auths <= 8 &&
		    !strcmp(j->tried[j->auths - 1], name) &&
		    (!strcmp(name, "OAUTHBEARER") || !strcmp(name, "XOAUTH2"));

	j->freshened |= fresh;
	return fresh;
}

static void judge_auth(struct conn *c, struct judge *j, const char *line, size_t n)
{
	char name[24];
	size_t at = 5, len = 0;
	int fresh;

	if (c->smtp->state != SMTP_COMMAND || !is_verb("AUTH", line, n))
		return;
	while (at < n && line[at] > ' ' && len < sizeof(name) - 1)
		name[len++] = line[at++];
	name[len] = '\0';
	fresh = is_fresh_token(j, name);
	if (j->auth_over && !fresh)
		log_violation(c, "W8 AUTH after 235 or 535");
	for (unsigned i = 0; i < j->auths && i < 8 && !fresh; i++)
		if (same_word(j->tried[i], name, len))
			log_violation(c, "W8 AUTH %s for the second time", name);
	if (j->auths < 8)
		snprintf(j->tried[j->auths], sizeof(j->tried[0]), "%s", name);
	if (++j->auths > 3)
		log_violation(c, "W8 AUTH for the %uth time", j->auths);
}

void judge_line(struct conn *c, const char *line, size_t n, size_t ahead)
{
	struct judge *j = judge_of(c);

	judge_clear(c, line, n);
	if (!j)
		return;
	judge_before_tls(c, line, n);
	judge_form(c, line, n);
	judge_order(c, line, n, ahead);
	judge_auth(c, j, line, n);
}

void judge_auth_reply(struct conn *c, int code)
{
	struct judge *j = judge_of(c);

	if (j && (code == 235 || code == 535))
		j->auth_over = 1;
	if (j)
		j->refused = code == 535;
}

void judge_ahead(struct conn *c, const char *of)
{
	if (judge_of(c) && !(smtp_offers(c) & CAP_PIPELINING))
		log_violation(c,
			      "W4 %zu octets sent ahead of the reply to %s, and PIPELINING is not "
			      "offered",
			      c->in.n, of);
}

void judge_note(struct conn *c, const char *what)
{
	if (judge_of(c))
		log_violation(c, "%s", what);
}

void judge_parameter(struct conn *c, const char *key, size_t n, unsigned capability)
{
	int offered = (capability & smtp_offers(c)) != 0;

	if (judge_of(c) && !offered)
		log_violation(c, "W5 %.*s is not offered", (int)(n > 40 ? 40 : n), key);
}

void judge_early(struct conn *c)
{
	if (judge_of(c))
		log_violation(c, "W4 %zu octets before the greeting", c->in.n);
}

void judge_tls(struct conn *c)
{
	if (judge_of(c))
		log_violation(c, "W4 %zu octets sent ahead of the reply to STARTTLS", c->in.n);
}

void judge_first_tls(struct conn *c)
{
	if (judge_of(c) && c->raw_in.p[0] != 0x16)
		log_violation(c, "W2 the first octet of the handshake is 0x%02x, not 0x16",
			      (unsigned char)c->raw_in.p[0]);
}

void judge_content_begin(struct conn *c)
{
	struct judge *j = judge_of(c);

	if (!j)
		return;
	j->line = 0;
	j->last = -1;
	j->told = 0;
}

static void tell(struct conn *c, struct judge *j, int bit, const char *what)
{
	if (!(j->told & bit))
		log_violation(c, "W6 %s in the content", what);
	j->told |= bit;
}

void judge_content(struct conn *c, const char *p, size_t n, int stuffed)
{
	struct judge *j = judge_of(c);

	for (size_t i = 0; j && i < n; i++) {
		int start = j->line == 0;

		if (p[i] == '\0')
			tell(c, j, 1, "NUL");
		if (p[i] & 0x80 && !c->smtp->eight)
			tell(c, j, 16, "an 8-bit octet, without BODY=8BITMIME,");
		if (p[i] == '\n' && j->last != '\r')
			tell(c, j, 2, "LF without CR");
		if (p[i] != '\n' && j->last == '\r')
			tell(c, j, 4, "CR without LF");
		if (p[i] == '\n')
			j->line = 0;
		else if (p[i] != '\r' && !(stuffed && start && p[i] == '.' && j->last != '.'))
			j->line++;
		if (j->line > CONTENT_LIMIT)
			tell(c, j, 8, "a line over 998 octets");
		j->last = (unsigned char)p[i];
	}
}
