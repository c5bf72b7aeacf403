/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "json.h"
#include "str.h"

/* ---- For programs ------------------------------------------------------------------------- */

static void add_text(struct json *j, const char *key, const char *s)
{
	json_key(j, key);
	json_string(j, s);
}

static void add_text_or_null(struct json *j, const char *key, const char *s)
{
	json_key(j, key);
	json_string_or_null(j, s);
}

static void add_number(struct json *j, const char *key, long long n)
{
	json_key(j, key);
	json_number(j, n);
}

static void add_error(struct json *j, const char *id, const char *text, const char *advice)
{
	json_key(j, "error");
	if (!*id && !*text) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	add_text(j, "id", id);
	add_text(j, "text", text);
	add_text(j, "advice", advice);
	json_close(j, '}');
}

static void add_route(struct json *j, const postern *p)
{
	json_key(j, "route");
	if (!*postern_route_host(p)) {
		json_null(j);
		return;
	}
	json_open(j, '{');
	add_text(j, "host", postern_route_host(p));
	add_text(j, "address", postern_route_address(p));
	add_number(j, "port", postern_route_port(p));
	add_text(j, "tls", postern_route_tls(p));
	add_text_or_null(j, "tls_version", postern_route_tls_version(p));
	add_text_or_null(j, "mechanism", postern_route_mechanism(p));
	json_close(j, '}');
}

static void add_attempts(struct json *j, const postern *p)
{
	json_key(j, "attempts");
	json_open(j, '[');
	for (size_t i = 0; i < postern_attempts(p); i++) {
		json_open(j, '{');
		add_number(j, "port", postern_attempt_port(p, i));
		add_text_or_null(j, "address", postern_attempt_address(p, i));
		add_text(j, "tls", postern_attempt_tls(p, i));
		add_number(j, "ms", postern_attempt_milliseconds(p, i));
		add_text_or_null(j, "error", postern_attempt_error(p, i));
		add_text_or_null(j, "error_id", postern_attempt_error_id(p, i));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_recipients(struct json *j, const postern_mail *m)
{
	json_key(j, "recipients");
	json_open(j, '[');
	for (size_t i = 0; i < postern_mail_recipients(m); i++) {
		json_open(j, '{');
		add_text(j, "address", postern_mail_recipient(m, i));
		add_text(j, "outcome", postern_outcome_name(postern_mail_recipient_outcome(m, i)));
		add_number(j, "code", postern_mail_recipient_code(m, i));
		add_text_or_null(j, "status", postern_mail_recipient_status(m, i));
		add_text_or_null(j, "text", postern_mail_recipient_text(m, i));
		json_close(j, '}');
	}
	json_close(j, ']');
}

static void add_rest(struct json *j, const postern *p, const postern_mail *m)
{
	add_route(j, p);
	add_attempts(j, p);
	add_recipients(j, m);
	add_text_or_null(j, "queue_id", postern_mail_queue_id(m));
	add_text_or_null(j, "message_id", postern_mail_message_id(m));
	json_close(j, '}');
}

static void print(struct str *out)
{
	str_puts(out, "\n");
	if (out->failed)
		fputs("postern-send: there is not enough memory for the report\n", stderr);
	else
		fwrite(out->s, 1, out->n, stdout);
	fflush(stdout);
	str_free(out);
}

static void begin(struct json *j, int outcome)
{
	json_open(j, '{');
	add_text(j, "outcome", postern_outcome_name(outcome));
}

/* The mail's error, or the handle's if that kept the mail from an outcome. */
static const char *sentence(const postern *p, const postern_mail *m, const char *why)
{
	return *why ? why : *postern_mail_error(m) ? postern_mail_error(m) : postern_error(p);
}

static void print_json(const postern *p, const postern_mail *m, const char *why)
{
	struct str out = {0};
	struct json j = {&out, 0};

	begin(&j, postern_mail_outcome(m));
	if (postern_mail_outcome(m) == POSTERN_ACCEPTED)
		add_error(&j, "", "", "");
	else
		add_error(&j, postern_mail_error_id(m), sentence(p, m, why),
			  postern_mail_advice(m));
	add_rest(&j, p, m);
	print(&out);
}

/* ---- For people --------------------------------------------------------------------------- */

/* "mail.example.org:587 (STARTTLS, TLS1.3, SCRAM-SHA-256)"; a Unix socket has no port */
static void add_place(struct str *out, const postern *p)
{
	const char *host = postern_route_host(p), *tls = postern_route_tls(p);
	const char *bracket = *host != '/' && strchr(host, ':') ? "[" : "";

	str_printf(out, "%s%s%s", bracket, host, *bracket ? "]" : "");
	if (postern_route_port(p))
		str_printf(out, ":%d", postern_route_port(p));
	str_printf(out, " (%s", strcmp(tls, "none") == 0 ? "no TLS" : tls);
	if (*postern_route_tls_version(p))
		str_printf(out, ", %s", postern_route_tls_version(p));
	if (*postern_route_mechanism(p))
		str_printf(out, ", %s", postern_route_mechanism(p));
	str_puts(out, ")");
}

static void print_accepted(const postern *p, const postern_mail *m)
{
	struct str out = {0};

	str_puts(&out, "accepted by ");
	add_place(&out, p);
	if (*postern_mail_queue_id(m))
		str_printf(&out, " as %s", postern_mail_queue_id(m));
	print(&out);
}

static const char *plain_outcome(int outcome)
{
	switch (outcome) {
	case POSTERN_ACCEPTED:
		return "accepted";
	case POSTERN_PERMANENT:
		return "refused for good";
	case POSTERN_IN_DOUBT:
		return "in doubt";
	default:
		return "not accepted now";
	}
}

/* Only where the server said something about one of them. */
static void print_recipients(const postern_mail *m)
{
	for (size_t i = 0; i < postern_mail_recipients(m); i++) {
		int code = postern_mail_recipient_code(m, i);
		const char *status = postern_mail_recipient_status(m, i);
		const char *text = postern_mail_recipient_text(m, i);

		if (!code)
			continue;
		fprintf(stderr, "  %s: %s (%d%s%s%s%s)\n", postern_mail_recipient(m, i),
			plain_outcome(postern_mail_recipient_outcome(m, i)), code,
			*status ? " " : "", status, *text ? " " : "", text);
	}
}

static void print_attempts(const postern *p)
{
	for (size_t i = 0; i < postern_attempts(p); i++) {
		const char *error = postern_attempt_error(p, i);
		int port = postern_attempt_port(p, i);
		int used = !*error && port == postern_route_port(p);
		char name[16] = "socket";

		if (port)
			snprintf(name, sizeof name, "%d", port);
		fprintf(stderr, "  %s %s (%s), %d ms: %s\n", used ? "used" : "tried", name,
			postern_attempt_tls(p, i), postern_attempt_milliseconds(p, i),
			*error ? error
			: used ? postern_attempt_address(p, i)
			       : "not needed");
	}
}

static size_t accepted(const postern_mail *m)
{
	size_t n = 0;

	for (size_t i = 0; i < postern_mail_recipients(m); i++)
		n += postern_mail_recipient_outcome(m, i) == POSTERN_ACCEPTED;
	return n;
}

static void print_failed(const postern *p, const postern_mail *m, const char *why)
{
	int outcome = postern_mail_outcome(m);

	fprintf(stderr, "postern-send: %s\n", sentence(p, m, why));
	if (*postern_mail_advice(m))
		fprintf(stderr, "%s\n", postern_mail_advice(m));
	if (outcome == POSTERN_PARTIAL)
		fprintf(stderr, "accepted for %lu of %lu recipients:\n", (unsigned long)accepted(m),
			(unsigned long)postern_mail_recipients(m));
	if (outcome == POSTERN_IN_DOUBT && *postern_mail_message_id(m))
		fprintf(stderr, "It may have been delivered: search for the Message-ID %s\n",
			postern_mail_message_id(m));
	print_recipients(m);
	print_attempts(p);
}

void report_mail(const postern *p, const postern_mail *m, const char *why, int json)
{
	if (json)
		print_json(p, m, why);
	if (postern_mail_outcome(m) != POSTERN_ACCEPTED)
		print_failed(p, m, why);
	else if (!json)
		print_accepted(p, m);
}

void report_failure(const struct failure *f, int json)
{
	struct str out = {0};
	struct json j = {&out, 0};

	fprintf(stderr, "postern-send: %s\n", f->text);
	if (*f->advice)
		fprintf(stderr, "%s\n", f->advice);
	if (f->status == EXIT_USAGE)
		fputs("Try postern-send --help.\n", stderr);
	if (!json)
		return;
	begin(&j, f->status == EXIT_LATER ? POSTERN_TRANSIENT : POSTERN_PERMANENT);
	add_error(&j, f->id, f->text, f->advice);
	add_rest(&j, NULL, NULL);
	print(&out);
}
