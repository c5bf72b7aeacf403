/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "behaviour.h"

#include <stddef.h>
#include <string.h>

#include "bytes.h"
#include "script.h"

static const char *const command_names[COMMAND_COUNT] = {
	"GREETING", "EHLO", "HELO", "STARTTLS", "TLS",  "AUTH", "MAIL",   "RCPT",  "DATA",
	"BDAT",     "DOT",  "RSET", "NOOP",     "VRFY", "QUIT", "METHOD", "LOGIN", "CONNECT"};

static const char *const capability_names[] = {
	"PIPELINING",          "SIZE",        "8BITMIME", "SMTPUTF8",   "CHUNKING",   "DSN",
	"ENHANCEDSTATUSCODES", "STARTTLS",    "AUTH",     "BINARYMIME", "REQUIRETLS", "DELIVERBY",
	"FUTURERELEASE",       "MT-PRIORITY", "LIMITS",   NULL};

const char *command_name(enum command c)
{
	return command_names[c];
}

int command_find(const char *s, size_t n, enum command *out)
{
	for (int i = 0; i < COMMAND_COUNT; i++)
		if (same_word(command_names[i], s, n)) {
			*out = (enum command)i;
			return 0;
		}
	return -1;
}

const char *capability_name(unsigned index)
{
	return capability_names[index];
}

unsigned capability_find(const char *s, size_t n)
{
	for (unsigned i = 0; capability_names[i]; i++)
		if (same_word(capability_names[i], s, n))
			return 1u << i;
	return 0;
}

/* ---- what follows the keywords ---- */

static const char *read_limits(struct behaviour *b, const char *text)
{
	const char *word;
	size_t n;

	b->rcptmax = b->mailmax = b->rcptdomainmax = 0;
	while ((word = next_word(&text, &n))) {
		const char *equals = memchr(word, '=', n);
		size_t key = equals ? (size_t)(equals - word) : n;
		long long *out = same_word("RCPTMAX", word, key)         ? &b->rcptmax
				 : same_word("MAILMAX", word, key)       ? &b->mailmax
				 : same_word("RCPTDOMAINMAX", word, key) ? &b->rcptdomainmax
									 : NULL;

		if (!equals)
			return "a limit is NAME=NUMBER";
		if (out && read_number(equals + 1, n - key - 1, 999999, out))
			return "the number of a limit has one to six digits";
	}
	return NULL;
}

/* "SECONDS DATE" (RFC 4865 4). */
static const char *read_hold(struct behaviour *b, const char *text)
{
	const char *blank = strchr(text, ' ');

	if (!blank || read_number(text, (size_t)(blank - text), 999999999, &b->hold_max) ||
	    strlen(blank + 1) != strlen("2026-12-31T23:59:59Z"))
		return "not like 86400 2026-12-31T23:59:59Z";
	b->hold_until = blank + 1;
	return NULL;
}

static const char *read_argument(struct behaviour *b, unsigned capability, const char *text)
{
	if (capability == CAP_LIMITS)
		return read_limits(b, text);
	if (capability == CAP_FUTURERELEASE)
		return read_hold(b, text);
	if (capability == CAP_DELIVERBY && read_number(text, strlen(text), 999999999, &b->by_min))
		return "not a number of seconds";
	return NULL;
}

const char *capability_wrong(unsigned capability, const char *argument)
{
	struct behaviour scratch = {0};

	return read_argument(&scratch, capability, argument);
}

static void offer(struct behaviour *b, const struct rule *r)
{
	b->capabilities |= (unsigned)r->number;
	for (unsigned i = 0; r->text && i < CAPABILITIES; i++)
		if (r->number == 1ll << i) {
			b->arguments[i] = r->text;
			read_argument(b, 1u << i, r->text);
		}
}

/* ---- rules ---- */

static int applies(const struct rule *r, const char *name)
{
	return !r->on || strcmp(r->on, name) == 0;
}

/* The rules that say one thing each. */
enum kind { FLAG, TEXT, NUMBER };
static const struct {
	enum rule_kind rule;
	enum kind kind;
	size_t field;
} fields[] = {
	{RULE_CONNECTIONS, NUMBER, offsetof(struct behaviour, connections)},
	{RULE_PROXY_USER, TEXT, offsetof(struct behaviour, proxy_user)},
	{RULE_FORGETFUL, FLAG, offsetof(struct behaviour, forgetful)},
	{RULE_MECHANISMS, TEXT, offsetof(struct behaviour, mechanisms)},
	{RULE_SIZE, NUMBER, offsetof(struct behaviour, size)},
	{RULE_RECIPIENTS, NUMBER, offsetof(struct behaviour, recipients)},
	{RULE_CERTIFICATE, TEXT, offsetof(struct behaviour, certificate)},
	{RULE_PLAIN_AUTH, FLAG, offsetof(struct behaviour, plain_auth)},
	{RULE_OPEN, FLAG, offsetof(struct behaviour, open)},
	{RULE_SILENT, FLAG, offsetof(struct behaviour, silent)},
	{RULE_BLOCKED, FLAG, offsetof(struct behaviour, blocked)},
	{RULE_STALLED, FLAG, offsetof(struct behaviour, stalled)},
	{RULE_MECHANISMS_CLEAR, TEXT, offsetof(struct behaviour, mechanisms_clear)},
	{RULE_STAPLE, TEXT, offsetof(struct behaviour, staple)},
	{RULE_TICKETS, NUMBER, offsetof(struct behaviour, tickets)},
	{RULE_NO_RESUMPTION, FLAG, offsetof(struct behaviour, no_resumption)},
	{RULE_NO_EXTENDED_SECRET, FLAG, offsetof(struct behaviour, no_extended_secret)},
	{RULE_RECORDS, NUMBER, offsetof(struct behaviour, records)},
	{RULE_GARBLE, NUMBER, offsetof(struct behaviour, garble)},
	{RULE_NO_INITIAL_RESPONSE, FLAG, offsetof(struct behaviour, no_initial_response)},
	{RULE_TOKEN_ERROR, TEXT, offsetof(struct behaviour, token_error)},
	{RULE_TOKEN_AT_ONCE, FLAG, offsetof(struct behaviour, token_at_once)},
	{RULE_REFUSE_TOKENS, NUMBER, offsetof(struct behaviour, refuse_tokens)},
	{RULE_TOKEN_USES, NUMBER, offsetof(struct behaviour, token_uses)},
};

static int set_field(struct behaviour *b, const struct rule *r)
{
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		void *field = (char *)b + fields[i].field;

		if (fields[i].rule != r->kind)
			continue;
		if (fields[i].kind == FLAG)
			*(int *)field = 1;
		else if (fields[i].kind == TEXT)
			*(const char **)field = r->text;
		else
			*(long long *)field = r->number;
		return 1;
	}
	return 0;
}

static void apply(struct behaviour *b, const struct rule *r)
{
	if (set_field(b, r))
		return;
	switch (r->kind) {
	case RULE_WITHOUT:
		b->capabilities &= ~(unsigned)r->number;
		b->starttls &= !(r->number & CAP_STARTTLS);
		b->auth &= !(r->number & CAP_AUTH);
		break;
	case RULE_WITH:
		offer(b, r);
		break;
	case RULE_CLAIM:
		b->claims |= (unsigned)r->number;
		break;
	case RULE_TLS:
		b->tls_min = (int)r->number;
		b->tls_max = (int)r->more;
		break;
	case RULE_CLIENT_CERTIFICATE:
		b->client_certificate = (int)r->number;
		break;
	case RULE_SCRIPT:
		b->script = r->script;
		break;
	case RULE_INJECT:
		b->inject = r;
		break;
	case RULE_FORWARD:
		b->forward = r;
		break;
	default: /* looked for when its moment comes */
		break;
	}
}

void behaviour_resolve(struct behaviour *b, const struct rule *rules, const char *name)
{
	memset(b, 0, sizeof(*b));
	b->rules = rules;
	b->name = name;
	b->capabilities = CAP_USUAL;
	for (unsigned i = 0; i < CAPABILITIES; i++)
		if (1u << i == CAP_FUTURERELEASE)
			b->arguments[i] = "604800 2099-12-31T23:59:59Z";
	read_hold(b, "604800 2099-12-31T23:59:59Z");
	b->size = 10485760;
	b->recipients = 1000;
	b->mechanisms = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256";
	b->certificate = "good";
	b->staple = "none";
	b->tickets = 2;
	b->refuse_tokens = -1;
	b->tls_min = 12;
	b->tls_max = 13;
	b->starttls = 1;
	b->auth = 1;
	for (const struct rule *r = rules; r; r = r->next)
		if (applies(r, name))
			apply(b, r);
}

const struct rule *behaviour_rule(const struct behaviour *b, enum rule_kind kind,
				  enum command command, unsigned nth, unsigned connection)
{
	const struct rule *found = NULL;

	for (const struct rule *r = b->rules; r; r = r->next)
		if (r->kind == kind && r->command == command && applies(r, b->name) &&
		    (!r->nth || r->nth == nth) && connection >= r->from &&
		    (!r->to || connection <= r->to))
			found = r;
	return found;
}

const char *behaviour_host(const struct behaviour *b, const char *host, size_t n)
{
	const char *found = NULL;

	for (const struct rule *r = b->rules; r; r = r->next)
		if (r->kind == RULE_MAP && applies(r, b->name) && same_word(r->pattern, host, n))
			found = r->text;
	return found;
}

const char *behaviour_mechanisms(const struct behaviour *b, unsigned nth, int in_tls)
{
	const char *found = b->mechanisms;

	if (!b->auth)
		return NULL;
	if (!in_tls)
		return b->mechanisms_clear ? b->mechanisms_clear : b->plain_auth ? found : NULL;
	for (const struct rule *r = b->rules; r; r = r->next)
		if (r->kind == RULE_MECHANISMS_LATER && applies(r, b->name) && nth + 1 >= r->number)
			found = r->text;
	return found;
}

const struct rule *behaviour_refusal(const struct behaviour *b, enum rule_kind kind,
				     const char *address)
{
	const struct rule *found = NULL;

	for (const struct rule *r = b->rules; r; r = r->next)
		if (r->kind == kind && applies(r, b->name) &&
		    script_glob(r->pattern, strlen(r->pattern), address, strlen(address)))
			found = r;
	return found;
}
