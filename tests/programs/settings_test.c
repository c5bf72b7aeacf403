/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/settings.h"
#include "main.h"

enum { MOST = 24 };

static char copy[MOST][80], *arguments[MOST + 1];

/* The words of a line; the strings live until the next call. */
static int read_line(struct settings *s, struct failure *f, const char *const *words)
{
	int n = 0;

	*f = (struct failure){0};
	for (arguments[n++] = copy[0]; *words; words++, n++) {
		ck_assert_int_lt(n, MOST);
		snprintf(copy[n], sizeof copy[n], "%s", *words);
		arguments[n] = copy[n];
	}
	arguments[n] = NULL;
	return settings_read(s, n, arguments, f);
}

#define READ(s, f, ...) read_line(s, f, (const char *const[]){__VA_ARGS__, NULL})

static void set_environment(const char *postern, const char *smtp)
{
	unsetenv("POSTERN_URL");
	unsetenv("SMTP_URL");
	if (postern)
		setenv("POSTERN_URL", postern, 1);
	if (smtp)
		setenv("SMTP_URL", smtp, 1);
}

static const struct {
	const char *words[MOST];
	int status;
	const char *part; /* of the sentence */
} refused[] = {
	{{NULL}, EXIT_USAGE, "no recipient"},
	{{"--sever", "x", "a@b", NULL}, EXIT_USAGE, "did you mean --server?"},
	{{"--password", "x", "a@b", NULL}, EXIT_USAGE, "did you mean --password-file?"},
	{{"--timeout", "1s", "a@b", NULL}, EXIT_USAGE, "--timeout takes whole seconds"},
	{{"--timeout=-1", "a@b", NULL}, EXIT_USAGE, "--timeout takes whole seconds"},
	{{"--timeout=9999999", "a@b", NULL}, EXIT_USAGE, "--timeout takes whole seconds"},
	{{"--user", "ann", "a@b", NULL}, EXIT_USAGE, "--user needs --password-file"},
	{{"--password-file", "p", "a@b", NULL}, EXIT_USAGE, "--password-file needs --user"},
	{{"--user=ann", "--password-file=-", "a@b", NULL}, EXIT_USAGE, "standard input"},
	{{"--user=ann", "--password-file=-", "--message=-", "a@b", NULL}, EXIT_USAGE, "both want"},
	{{"--tls-minimum", "1.3", "a@b", NULL}, EXIT_USAGE, "did you mean --tls-min?"},
	{{"--token-comand", "x", "a@b", NULL}, EXIT_USAGE, "did you mean --token-command?"},
	{{"--require-tsl", "a@b", NULL}, EXIT_USAGE, "did you mean --require-tls?"},
	{{"--user=u", "--password-file=p", "--token-command=t", "a@b", NULL},
	 EXIT_USAGE,
	 "exclude each other"},
	{{"--token-command", "t", "a@b", NULL}, EXIT_USAGE, "--token-command needs --user"},
	{{"--pin-only", "a@b", NULL}, EXIT_USAGE, "--pin-only needs --pin"},
	{{"--key", "k", "a@b", NULL}, EXIT_USAGE, "--key needs --cert"},
	{{"--key-password-file", "k", "a@b", NULL}, EXIT_USAGE, "needs --cert"},
	{{"--cert=c", "--key-password-file=-", "a@b", NULL}, EXIT_USAGE, "both want"},
	{{"--cert=c", "--key-password-file=-", "--user=u", "--password-file=-", "--message=m",
	  "a@b", NULL},
	 EXIT_USAGE,
	 "both want"},
	{{"--dane", "--server=mx", "a@b", NULL}, EXIT_USAGE, "--dane needs"},
	{{"--binding=1", "a@b", NULL}, EXIT_USAGE, "--binding takes no value"},
	{{"a@b", "--pin", NULL}, EXIT_USAGE, "--pin needs a value"},
	{{"a@b", "--notify", NULL}, EXIT_USAGE, "--notify needs a value"},
	{{"--notify=sometimes", "a@b", NULL}, EXIT_USAGE, "--notify takes"},
	{{"a@b", NULL}, EXIT_CONFIGURATION, "no server is named"},
	{{"a@b", "--server=", NULL}, EXIT_CONFIGURATION, "no server is named"},
};

START_TEST(refuses)
{
	struct settings s;
	struct failure f;

	set_environment(NULL, NULL);
	ck_assert_int_eq(read_line(&s, &f, refused[_i].words), refused[_i].status);
	ck_assert_int_eq(f.status, refused[_i].status);
	ck_assert_msg(strstr(f.text, refused[_i].part) != NULL, "%s", f.text);
}
END_TEST

START_TEST(keeps_every_option)
{
	struct settings s;
	struct failure f;

	set_environment("smtp://unused", NULL);
	ck_assert_int_eq(READ(&s, &f, "--from=ann@x", "--message", "m", "--server=mx", "--user=u",
			      "--password-file=-", "--timeout=7", "a@b", "-t", "c@d"),
			 0);
	ck_assert_str_eq(s.from, "ann@x");
	ck_assert_str_eq(s.message, "m");
	ck_assert_str_eq(s.common.server, "mx");
	ck_assert_str_eq(s.common.user, "u");
	ck_assert_str_eq(s.common.password_file, "-");
	ck_assert_int_eq(s.common.timeout, 7);
	ck_assert(s.from_header);
	ck_assert_int_eq(s.n_recipients, 2);
	ck_assert_str_eq(s.recipients[0], "a@b");
	ck_assert_str_eq(s.recipients[1], "c@d");
	ck_assert(!s.common.json && !s.common.trace && !s.common.progress);

	ck_assert_int_eq(READ(&s, &f, "--ports=465", "--cafile=c", "--name=n", "--auth=PLAIN",
			      "--trace", "--json", "--progress", "-oi", "-i", "-f", "", "a@b"),
			 0);
	ck_assert_str_eq(s.common.server, "smtp://unused");
	ck_assert_str_eq(s.common.ports, "465");
	ck_assert_str_eq(s.common.cafile, "c");
	ck_assert_str_eq(s.common.name, "n");
	ck_assert_str_eq(s.common.auth, "PLAIN");
	ck_assert_str_eq(s.from, "");
	ck_assert(s.common.json && s.common.trace && s.common.progress);
	ck_assert_int_eq(s.common.timeout, -1);
}
END_TEST

/* Each option of the two tables is kept in a place of its own. */
START_TEST(keeps_the_rest)
{
	struct settings s;
	struct failure f;

	set_environment("smtp://example.org?discover=1", NULL);
	ck_assert_int_eq(READ(&s, &f, "--user=u", "--token-command=t", "--proxy=x", "--source=y",
			      "--pin=p", "--pin-only", "--cert=c", "--key=k",
			      "--key-password-file=w", "--tls-min=1.3", "--binding", "--staple",
			      "--dane", "--no-extension=X", "--envid=e", "--dsn-return=FULL",
			      "--submitter=z", "--binary", "--require-tls", "--hold-for=9", "a@b"),
			 0);
	ck_assert_str_eq(s.common.token_command, "t");
	ck_assert_str_eq(s.common.proxy, "x");
	ck_assert_str_eq(s.common.source, "y");
	ck_assert_str_eq(s.common.pin, "p");
	ck_assert_str_eq(s.common.cert, "c");
	ck_assert_str_eq(s.common.key, "k");
	ck_assert_str_eq(s.common.key_password_file, "w");
	ck_assert_str_eq(s.common.tls_min, "1.3");
	ck_assert(s.common.pin_only && s.common.binding && s.common.staple && s.extras.dane);
	ck_assert(s.extras.binary && s.extras.require_tls);
	ck_assert_str_eq(s.extras.no_extension, "X");
	ck_assert_str_eq(s.extras.envid, "e");
	ck_assert_str_eq(s.extras.dsn_return, "FULL");
	ck_assert_str_eq(s.extras.submitter, "z");
	ck_assert_uint_eq(s.extras.hold_seconds, 9);
	ck_assert_ptr_null(s.common.password_file);
	ck_assert_ptr_null(s.extras.notify);
}
END_TEST

START_TEST(looks_into_the_environment)
{
	struct settings s;
	struct failure f;

	set_environment(NULL, "smtp://second");
	ck_assert_int_eq(READ(&s, &f, "a@b"), 0);
	ck_assert_str_eq(s.common.server, "smtp://second");
	set_environment("", "smtp://second");
	ck_assert_int_eq(READ(&s, &f, "a@b"), 0);
	ck_assert_str_eq(s.common.server, "smtp://second");
	set_environment("smtp://first", "smtp://second");
	ck_assert_int_eq(READ(&s, &f, "a@b"), 0);
	ck_assert_str_eq(s.common.server, "smtp://first");
}
END_TEST

START_TEST(knows_json_even_behind_the_mistake)
{
	struct settings s;
	struct failure f;

	set_environment(NULL, NULL);
	ck_assert_int_eq(READ(&s, &f, "--nonsense-option", "--json"), EXIT_USAGE);
	ck_assert(s.common.json);
	ck_assert_str_eq(f.id, "usage");
	ck_assert_int_eq(READ(&s, &f, "--nonsense-option", "--", "--json"), EXIT_USAGE);
	ck_assert(!s.common.json);
	ck_assert_int_eq(READ(&s, &f, "--help"), 0);
	ck_assert(s.common.help);
	ck_assert_int_eq(READ(&s, &f, "--version"), 0);
	ck_assert(s.common.version);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "settings");

	EACH(t, refuses, refused);
	tcase_add_test(t, keeps_every_option);
	tcase_add_test(t, keeps_the_rest);
	tcase_add_test(t, looks_into_the_environment);
	tcase_add_test(t, knows_json_even_behind_the_mistake);
}
