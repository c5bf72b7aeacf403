/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "rules.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "certs.h"
#include "ocsp.h"
#include "sasl.h"
#include "script.h"
#include "tls.h"

#define MAX_SCRIPT (4 << 20)

static int hex(char c)
{
	const char *digits = "0123456789abcdef", *at;

	if (c >= 'A' && c <= 'F')
		c = (char)(c - 'A' + 'a');
	at = c ? strchr(digits, c) : NULL;
	return at ? (int)(at - digits) : -1;
}

/* With \r \n \t \0 \\ \xNN: 0, or -1. */
static int unescape(struct bytes *b, const char *s)
{
	static const char keys[] = "rnt0\\", values[] = "\r\n\t\0\\";

	bytes_add(b, "", 0);
	for (; *s; s++) {
		const char *at;
		char octet;

		if (*s != '\\') {
			bytes_add(b, s, 1);
			continue;
		}
		s++;
		at = *s ? strchr(keys, *s) : NULL;
		if (*s == 'x' && hex(s[1]) >= 0 && hex(s[2]) >= 0) {
			octet = (char)(hex(s[1]) * 16 + hex(s[2]));
			s += 2;
		} else if (at) {
			octet = values[at - keys];
		} else {
			return -1;
		}
		bytes_add(b, &octet, 1);
	}
	return 0;
}

static const char *set_escaped(struct rule *r, const char *value)
{
	struct bytes b = {0};

	if (unescape(&b, value)) {
		bytes_free(&b);
		return "unknown escape; there are \\r \\n \\t \\0 \\\\ \\xNN";
	}
	r->text = b.p;
	r->len = b.n;
	return NULL;
}

/* A number from 1 up to one of these; *at is moved to that. */
static int set_number(const char **at, const char *until, unsigned *out)
{
	size_t n = strcspn(*at, until);
	long long number;

	if (read_number(*at, n, 1000000, &number) || number == 0)
		return -1;
	*at += n;
	*out = (unsigned)number;
	return 0;
}

/* "COMMAND[#N][@K[+]]" and, behind "=", a value: *value is moved to it. */
static const char *set_command(struct rule *r, const char **value, int with_value)
{
	size_t n = strcspn(*value, "#@=");
	const char *at = *value + n;

	if (command_find(*value, n, &r->command))
		return "no such command (see the end of --help)";
	if (*at == '#' && (at++, set_number(&at, "@=", &r->nth)))
		return "not a number behind the #";
	if (*at == '@') {
		at++;
		if (set_number(&at, "+=", &r->from))
			return "not a number behind the @";
		if (*at == '+')
			at++;
		else
			r->to = r->from;
	}
	if (with_value && *at != '=')
		return "= and a value are missing";
	if (!with_value && *at)
		return "only a command, COMMAND#N or COMMAND@K";
	*value = at + (with_value ? 1 : 0);
	return NULL;
}

static const char *set_reply(struct rule *r, const char *value)
{
	const char *wrong = set_command(r, &value, 1);

	if (!wrong && r->command == COMMAND_TLS)
		wrong = "a handshake has no reply; see --drop and --script";
	return wrong ? wrong : set_escaped(r, value);
}

static const char *set_delay(struct rule *r, const char *value)
{
	const char *wrong = set_command(r, &value, 1);

	if (!wrong && r->command == COMMAND_TLS)
		wrong = "a handshake cannot be delayed; see --script";
	if (!wrong && read_number(value, strlen(value), 86400000, &r->number))
		wrong = "not a number of milliseconds";
	return wrong;
}

/* "COMMAND=OCTETS[/HOW]" */
static const char *set_cut(struct rule *r, const char *value)
{
	static const char *const ways[] = {"fin", "truncate", "rst", "stall"};
	const char *wrong = set_command(r, &value, 1), *slash;

	if (wrong)
		return wrong;
	slash = strchr(value, '/');
	if (read_number(value, slash ? (size_t)(slash - value) : strlen(value), 1ll << 40,
			&r->number))
		return "not a number of octets";
	for (r->more = CUT_FIN; slash && r->more <= CUT_STALL && strcmp(slash + 1, ways[r->more]);)
		r->more++;
	return r->more > CUT_STALL ? "only /fin, /truncate, /rst or /stall" : NULL;
}

static const char *set_refusal(struct rule *r, const char *value, const char *reply)
{
	const char *equals = strchr(value, '=');
	size_t n = equals ? (size_t)(equals - value) : strlen(value);

	if (n == 0)
		return "the pattern is missing";
	r->pattern = copy_text(value, n);
	return set_escaped(r, equals ? equals + 1 : reply);
}

/* A list of keywords. */
static const char *set_keywords(struct rule *r, const char *value)
{
	const char *word;
	size_t n;

	while ((word = next_word(&value, &n))) {
		unsigned bit = capability_find(word, n);

		if (!bit)
			return "no such extension (see --help)";
		r->number |= bit;
	}
	return NULL;
}

/* A list, or one keyword and what follows it in the reply to EHLO. */
static const char *set_with(struct rule *r, const char *value)
{
	const char *equals = strchr(value, '=');
	const char *wrong;

	if (!equals)
		wrong = set_keywords(r, value);
	else if (!(r->number = capability_find(value, (size_t)(equals - value))))
		wrong = "no such extension (see --help)";
	else
		wrong = capability_wrong((unsigned)r->number, equals + 1);
	if (!wrong && r->number & (CAP_STARTTLS | CAP_AUTH))
		wrong = "STARTTLS and AUTH have options of their own";
	if (!wrong && equals)
		r->text = copy_text(equals + 1, strlen(equals + 1));
	return wrong;
}

static const char *set_mechanisms(struct rule *r, const char *value)
{
	const char *at = value, *word;
	size_t n;

	while ((word = next_word(&at, &n)))
		if (!sasl_known(word, n))
			return "there is a mechanism in it that is not known";
	r->text = copy_text(value, strlen(value));
	return NULL;
}

static int read_version(const char *s, size_t n)
{
	return n == 3 && s[0] == '1' && s[1] == '.' && s[2] >= '0' && s[2] <= '3' ? 10 + s[2] - '0'
										  : 0;
}

static const char *set_tls(struct rule *r, const char *value)
{
	const char *dash = strchr(value, '-');
	const char *last = dash ? dash + 1 : value;

	r->number = read_version(value, dash ? (size_t)(dash - value) : strlen(value));
	r->more = read_version(last, strlen(last));
	return !r->number || !r->more || r->more < r->number ? "not like 1.2 or 1.2-1.3" : NULL;
}

static const char *set_certificate(struct rule *r, const char *value)
{
	r->text = copy_text(value, strlen(value));
	return certs_known(value) ? NULL : "no such kind of certificate (see the end of --help)";
}

static int read_whole(const char *name, struct bytes *b)
{
	FILE *f = fopen(name, "rb");
	char part[4096];
	size_t n;
	int bad;

	bytes_add(b, "", 0);
	if (!f)
		return -1;
	while (b->n < MAX_SCRIPT && (n = fread(part, 1, sizeof(part), f)) > 0)
		bytes_add(b, part, n);
	bad = ferror(f);
	fclose(f);
	return bad ? -1 : 0;
}

static const char *bad_step(const struct script *s)
{
	for (size_t i = 0; i < s->n_steps; i++)
		if (s->steps[i].op == SCRIPT_TLS && !certs_known(s->steps[i].text))
			return s->steps[i].text;
	return NULL;
}

static const char *set_script(struct rule *r, const char *value)
{
	static char why[256];
	struct script_error error;
	struct bytes b = {0};
	const char *certificate;

	if (read_whole(value, &b)) {
		bytes_free(&b);
		return "cannot be read";
	}
	r->script = script_parse(b.p, b.n, &error);
	bytes_free(&b);
	if (!r->script) {
		snprintf(why, sizeof(why), "line %u: %s", error.line, error.text);
		return why;
	}
	certificate = bad_step(r->script);
	if (!certificate)
		return NULL;
	snprintf(why, sizeof(why), "no such kind of certificate: %.100s", certificate);
	return why;
}

static const char *set_limit(struct rule *r, const char *value)
{
	return read_number(value, strlen(value), 1ll << 50, &r->number) ? "not a number" : NULL;
}

static const char *set_proxy_user(struct rule *r, const char *value)
{
	const char *colon = strchr(value, ':');

	if (!colon || colon == value || !colon[1] || colon - value > 255 || strlen(colon + 1) > 255)
		return "not of the form NAME:PASSWORD, each of 1 to 255 octets";
	r->text = copy_text(value, strlen(value));
	return NULL;
}

/* "HOST=ADDRESS" */
static const char *set_map(struct rule *r, const char *value)
{
	const char *equals = strchr(value, '=');
	unsigned char a[16];

	if (!equals || equals == value)
		return "not of the form HOST=ADDRESS";
	r->pattern = copy_text(value, (size_t)(equals - value));
	r->text = copy_text(equals + 1, strlen(equals + 1));
	return inet_pton(AF_INET, r->text, a) == 1 || inet_pton(AF_INET6, r->text, a) == 1
		       ? NULL
		       : "not an IP address";
}

static const char *set_drop(struct rule *r, const char *value)
{
	return set_command(r, &value, 0);
}

static const char *set_sender(struct rule *r, const char *value)
{
	return set_refusal(r, value, "550 5.7.1 Sender refused");
}

static const char *set_recipient(struct rule *r, const char *value)
{
	return set_refusal(r, value, "550 5.1.1 No such mailbox here");
}

static const char *set_mechanism_refusal(struct rule *r, const char *value)
{
	return set_refusal(r, value, "504 5.5.4 Unrecognized authentication type");
}

/* "N=LIST" */
static const char *set_later(struct rule *r, const char *value)
{
	const char *equals = strchr(value, '=');

	if (!equals || read_number(value, (size_t)(equals - value), 1000000, &r->number))
		return "not of the form N=LIST";
	return set_mechanisms(r, equals + 1);
}

static const char *set_client_certificate(struct rule *r, const char *value)
{
	r->number = strcmp(value, "request") == 0 ? 1 : strcmp(value, "require") == 0 ? 2 : 0;
	return r->number ? NULL : "it is request or require";
}

static const char *set_staple(struct rule *r, const char *value)
{
	r->text = copy_text(value, strlen(value));
	return ocsp_known(value) ? NULL : "no such kind of response (see the end of --help)";
}

static const char *set_tickets(struct rule *r, const char *value)
{
	return read_number(value, strlen(value), 100000, &r->number) ? "not a number up to 100000"
								     : NULL;
}

/* "COMMAND[#N]=WHAT[*TIMES]" */
static const char *set_extra(struct rule *r, const char *value)
{
	const char *wrong = set_command(r, &value, 1), *star;
	enum tls_extra extra;

	if (wrong)
		return wrong;
	star = strchr(value, '*');
	if (tls_extra_find(value, star ? (size_t)(star - value) : strlen(value), &extra))
		return "it is tickets, keyupdate, hellorequest, alerts or empty";
	r->more = extra;
	r->number = 1;
	if (star && read_number(star + 1, strlen(star + 1), 1000000, &r->number))
		return "not a number behind the *";
	return NULL;
}

/* "ADDRESS:PORT" */
static const char *set_forward(struct rule *r, const char *value)
{
	const char *colon = strrchr(value, ':');
	size_t n = colon ? (size_t)(colon - value) : 0;

	if (!n || read_number(colon + 1, strlen(colon + 1), 65535, &r->number))
		return "not of the form ADDRESS:PORT";
	r->text = value[0] == '[' && value[n - 1] == ']' ? copy_text(value + 1, n - 2)
							 : copy_text(value, n);
	return NULL;
}

static const char *set_strip(struct rule *r, const char *value)
{
	r->pattern = copy_text(value, strlen(value));
	return NULL;
}

static const char *set_no_starttls(struct rule *r, const char *value)
{
	(void)value;
	r->number = CAP_STARTTLS;
	return NULL;
}

static const char *set_no_auth(struct rule *r, const char *value)
{
	(void)value;
	r->number = CAP_AUTH;
	return NULL;
}

static const struct option {
	const char *name;
	enum rule_kind kind;
	const char *(*set)(struct rule *r, const char *value); /* what is wrong, or NULL */
} options[] = {
	{"open", RULE_OPEN, NULL},
	{"plain-auth", RULE_PLAIN_AUTH, NULL},
	{"no-auth", RULE_WITHOUT, set_no_auth},
	{"no-starttls", RULE_WITHOUT, set_no_starttls},
	{"without", RULE_WITHOUT, set_keywords},
	{"with", RULE_WITH, set_with},
	{"claim", RULE_CLAIM, set_keywords},
	{"connections", RULE_CONNECTIONS, set_limit},
	{"proxy-user", RULE_PROXY_USER, set_proxy_user},
	{"map", RULE_MAP, set_map},
	{"mechanisms", RULE_MECHANISMS, set_mechanisms},
	{"mechanisms-later", RULE_MECHANISMS_LATER, set_later},
	{"mechanisms-clear", RULE_MECHANISMS_CLEAR, set_mechanisms},
	{"no-initial-response", RULE_NO_INITIAL_RESPONSE, NULL},
	{"token-uses", RULE_TOKEN_USES, set_limit},
	{"client-certificate", RULE_CLIENT_CERTIFICATE, set_client_certificate},
	{"staple", RULE_STAPLE, set_staple},
	{"tickets", RULE_TICKETS, set_tickets},
	{"no-resumption", RULE_NO_RESUMPTION, NULL},
	{"no-extended-master-secret", RULE_NO_EXTENDED_SECRET, NULL},
	{"forward", RULE_FORWARD, set_forward},
	{"strip", RULE_STRIP, set_strip},
	{"refuse-mechanism", RULE_REFUSE_MECHANISM, set_mechanism_refusal},
	{"refuse-tokens", RULE_REFUSE_TOKENS, set_limit},
	{"token-error", RULE_TOKEN_ERROR, set_escaped},
	{"token-at-once", RULE_TOKEN_AT_ONCE, NULL},
	{"records", RULE_RECORDS, set_limit},
	{"extra", RULE_EXTRA, set_extra},
	{"garble", RULE_GARBLE, set_limit},
	{"size", RULE_SIZE, set_limit},
	{"recipients", RULE_RECIPIENTS, set_limit},
	{"certificate", RULE_CERTIFICATE, set_certificate},
	{"tls", RULE_TLS, set_tls},
	{"refuse-sender", RULE_REFUSE_SENDER, set_sender},
	{"refuse-recipient", RULE_REFUSE_RECIPIENT, set_recipient},
	{"reply", RULE_REPLY, set_reply},
	{"drop", RULE_DROP, set_drop},
	{"delay", RULE_DELAY, set_delay},
	{"cut", RULE_CUT, set_cut},
	{"forgetful", RULE_FORGETFUL, NULL},
	{"inject", RULE_INJECT, set_escaped},
	{"silent", RULE_SILENT, NULL},
	{"blocked", RULE_BLOCKED, NULL},
	{"stalled", RULE_STALLED, NULL},
	{"script", RULE_SCRIPT, set_script},
};

const char *rule_set(struct rule *r, const char *option, const char *value)
{
	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(options[i].name, option) != 0)
			continue;
		r->kind = options[i].kind;
		return options[i].set ? options[i].set(r, value) : NULL;
	}
	return "no such option";
}

void rule_free(struct rule *r)
{
	free(r->on);
	free(r->pattern);
	free(r->text);
	script_free(r->script);
	free(r);
}
