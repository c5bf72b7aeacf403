/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "behaviour.h"

#include <string.h>

#include "bytes.h"
#include "script.h"

static const char *const command_names[COMMAND_COUNT] = {
	"GREETING", "EHLO", "HELO", "STARTTLS", "TLS",  "AUTH", "MAIL", "RCPT",
	"DATA",     "BDAT", "DOT",  "RSET",     "NOOP", "VRFY", "QUIT"};

static const char *const capability_names[] = {
	"PIPELINING",          "SIZE",     "8BITMIME", "SMTPUTF8", "CHUNKING", "DSN",
	"ENHANCEDSTATUSCODES", "STARTTLS", "AUTH",     NULL};

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

static int applies(const struct rule *r, const char *name)
{
	return !r->on || strcmp(r->on, name) == 0;
}

static void apply(struct behaviour *b, const struct rule *r)
{
	switch (r->kind) {
	case RULE_WITHOUT:
		b->capabilities &= ~(unsigned)r->number;
		b->starttls &= !(r->number & CAP_STARTTLS);
		b->auth &= !(r->number & CAP_AUTH);
		break;
	case RULE_MECHANISMS:
		b->mechanisms = r->text;
		break;
	case RULE_SIZE:
		b->size = r->number;
		break;
	case RULE_RECIPIENTS:
		b->recipients = r->number;
		break;
	case RULE_CERTIFICATE:
		b->certificate = r->text;
		break;
	case RULE_TLS:
		b->tls_min = (int)r->number;
		b->tls_max = (int)r->more;
		break;
	case RULE_INJECT:
		b->inject = r;
		break;
	case RULE_SCRIPT:
		b->script = r->script;
		break;
	case RULE_PLAIN_AUTH:
		b->plain_auth = 1;
		break;
	case RULE_OPEN:
		b->open = 1;
		break;
	case RULE_SILENT:
		b->silent = 1;
		break;
	case RULE_BLOCKED:
		b->blocked = 1;
		break;
	case RULE_STALLED:
		b->stalled = 1;
		break;
	case RULE_REPLY:
	case RULE_DROP:
	case RULE_DELAY:
	case RULE_REFUSE_SENDER:
	case RULE_REFUSE_RECIPIENT:
		break;
	}
}

void behaviour_resolve(struct behaviour *b, const struct rule *rules, const char *name)
{
	memset(b, 0, sizeof(*b));
	b->rules = rules;
	b->name = name;
	b->capabilities = CAP_ALL;
	b->size = 10485760;
	b->recipients = 1000;
	b->mechanisms = "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256";
	b->certificate = "good";
	b->tls_min = 12;
	b->tls_max = 13;
	b->starttls = 1;
	b->auth = 1;
	for (const struct rule *r = rules; r; r = r->next)
		if (applies(r, name))
			apply(b, r);
}

const struct rule *behaviour_rule(const struct behaviour *b, enum rule_kind kind,
				  enum command command, unsigned nth)
{
	const struct rule *found = NULL;

	for (const struct rule *r = b->rules; r; r = r->next)
		if (r->kind == kind && r->command == command && applies(r, b->name) &&
		    (!r->nth || r->nth == nth))
			found = r;
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
