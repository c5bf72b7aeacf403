/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "findings.h"

#include <string.h>

#include "json.h"

static const char *get(const postern_report *r, size_t i, const char *key)
{
	return postern_report_get(r, i, key);
}

static const char *sum(const postern_report *r, const char *key)
{
	return get(r, postern_report_ports(r), key);
}

static int is(const char *value, const char *word)
{
	return strcmp(value, word) == 0;
}

int findings_status(const postern_report *r)
{
	const char *result = sum(r, "result"), *fault = sum(r, "fault");

	if (is(fault, "name-not-found"))
		return EXIT_HOST;
	if (is(fault, "bad-argument"))
		return EXIT_USAGE;
	if (*sum(r, "auth") && !is(sum(r, "auth"), "ok"))
		return EXIT_CREDENTIALS;
	return is(result, "secure")     ? EXIT_ACCEPTED
	       : is(result, "insecure") ? EXIT_CONFIGURATION
					: EXIT_REFUSED;
}

/* ---- The table ---------------------------------------------------------------------------- */

static void put_mark(struct str *out, const char *result, int colours)
{
	int good = is(result, "good"), doubtful = is(result, "doubtful");

	if (colours)
		str_puts(out, good ? "\033[32m" : doubtful ? "\033[33m" : "\033[31m");
	str_printf(out, "%-5s", good ? "ok" : doubtful ? "doubt" : "bad");
	if (colours)
		str_puts(out, "\033[0m");
}

static void put_working(struct str *out, const postern_report *r, size_t i)
{
	const char *works = get(r, i, "works");

	if (is(works, "none"))
		str_puts(out, "works without TLS: ");
	else if (!is(works, get(r, i, "tls")))
		str_printf(out, "works with %s: ", is(works, "implicit") ? "implicit TLS" : works);
	if (*get(r, i, "tls.version"))
		str_printf(out, "%s, certificate good until %.10s, ", get(r, i, "tls.version"),
			   get(r, i, "certificate.until"));
	str_printf(out, "%s, %s ms",
		   *get(r, i, "mechanism")    ? get(r, i, "mechanism")
		   : *get(r, i, "mechanisms") ? "no sign-in in common"
					      : "no sign-in",
		   get(r, i, "ms.total"));
}

void findings_table(struct str *out, const postern_report *r, int colours)
{
	if (postern_report_ports(r))
		str_puts(out, "port   mode      result\n");
	for (size_t i = 0; i < postern_report_ports(r); i++) {
		str_printf(out, "%-5s  %-8s  ", get(r, i, "port"), get(r, i, "tls"));
		put_mark(out, get(r, i, "result"), colours);
		str_puts(out, "  ");
		if (*get(r, i, "works"))
			put_working(out, r, i);
		else
			str_puts(out, get(r, i, "error"));
		str_puts(out, "\n");
	}
}

void findings_all(struct str *out, const postern_report *r)
{
	for (size_t i = 0; i <= postern_report_ports(r); i++) {
		if (i < postern_report_ports(r))
			str_printf(out, "\nport %s\n", get(r, i, "port"));
		else
			str_puts(out, "\nsummary\n");
		for (size_t k = 0; k < postern_report_size(r, i); k++)
			str_printf(out, "  %-22s %s\n", postern_report_key(r, i, k),
				   postern_report_value(r, i, k));
	}
}

/* Each advice once, with the ports it is for. */
static void put_port_advice(struct str *out, const postern_report *r)
{
	size_t n = postern_report_ports(r);

	for (size_t i = 0; i < n; i++) {
		const char *advice = get(r, i, "advice");
		int seen = !*advice;

		for (size_t k = 0; k < i; k++)
			seen |= is(get(r, k, "advice"), advice);
		if (seen)
			continue;
		str_printf(out, "port %s", get(r, i, "port"));
		for (size_t k = i + 1; k < n; k++)
			if (is(get(r, k, "advice"), advice))
				str_printf(out, ", %s", get(r, k, "port"));
		str_printf(out, ": %s\n", advice);
	}
}

static void put_sign_in(struct str *out, const postern_report *r)
{
	size_t i = 0;

	while (i < postern_report_ports(r) && !*get(r, i, "auth"))
		i++;
	if (is(sum(r, "auth"), "ok"))
		str_printf(out, "The sign-in succeeded, on port %s.\n", get(r, i, "port"));
	else if (*sum(r, "auth"))
		str_printf(out, "The sign-in failed: %s.\n%s\n", sum(r, "auth.error"),
			   sum(r, "auth.advice"));
}

/* The summary's reason may be that of a port, which stands in the table. */
static int is_new(const postern_report *r, const char *reason)
{
	for (size_t i = 0; i < postern_report_ports(r); i++)
		if (is(get(r, i, "error"), reason))
			return 0;
	return *reason != '\0' && postern_report_ports(r) > 0;
}

void findings_advice(struct str *out, const postern_report *r)
{
	size_t before = out->n;

	put_port_advice(out, r);
	if (out->n > before)
		str_puts(out, "\n");
	if (!postern_report_ports(r))
		str_printf(out, "%s\n%s\n", sum(r, "error"), sum(r, "advice"));
	put_sign_in(out, r);
	if (*sum(r, "recommendation"))
		str_printf(out, "%s\n", sum(r, "recommendation"));
	if (*sum(r, "url"))
		str_printf(out, "%s\n%s\n", sum(r, "reason"), sum(r, "url"));
	else if (is_new(r, sum(r, "reason")))
		str_printf(out, "%s\n%s\n", sum(r, "reason"), sum(r, "advice"));
}

/* ---- JSON --------------------------------------------------------------------------------- */

static int is_number(const char *key)
{
	return is(key, "port") || is(key, "size") || strncmp(key, "ms.", 3) == 0;
}

static void add_section(struct json *j, const postern_report *r, size_t i)
{
	json_open(j, '{');
	for (size_t k = 0; k < postern_report_size(r, i); k++) {
		const char *key = postern_report_key(r, i, k);
		const char *value = postern_report_value(r, i, k);
		long long number;

		json_key(j, key);
		if (is_number(key) && !read_number(value, 0x7FFFFFFFFFFFFFFF, &number))
			json_number(j, number);
		else
			json_string(j, value);
	}
	json_close(j, '}');
}

void findings_json(struct str *out, const postern_report *r, const struct earlier *e)
{
	struct json j = {out, 0};
	size_t n = postern_report_ports(r);

	json_open(&j, '{');
	json_key(&j, "ports");
	json_open(&j, '[');
	for (size_t i = 0; i < n; i++)
		add_section(&j, r, i);
	json_close(&j, ']');
	json_key(&j, "summary");
	add_section(&j, r, n);
	if (e) {
		struct str lines = {0};

		findings_differences(&lines, r, e);
		json_key(&j, "differences");
		json_open(&j, '[');
		for (const char *at = str_text(&lines); *at; at += strcspn(at, "\n") + 1) {
			struct str line = {0};

			str_add(&line, at, strcspn(at, "\n"));
			json_string(&j, str_text(&line));
			str_free(&line);
		}
		json_close(&j, ']');
		str_free(&lines);
	}
	json_close(&j, '}');
	str_puts(out, "\n");
}
