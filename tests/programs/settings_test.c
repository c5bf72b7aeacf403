/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/settings.h"
#include "main.h"

enum { MOST = 16 };

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
	ck_assert_str_eq(s.server, "mx");
	ck_assert_str_eq(s.user, "u");
	ck_assert_str_eq(s.password_file, "-");
	ck_assert_int_eq(s.timeout, 7);
	ck_assert(s.from_header);
	ck_assert_int_eq(s.n_recipients, 2);
	ck_assert_str_eq(s.recipients[0], "a@b");
	ck_assert_str_eq(s.recipients[1], "c@d");
	ck_assert(!s.json && !s.trace && !s.progress);

	ck_assert_int_eq(READ(&s, &f, "--ports=465", "--cafile=c", "--name=n", "--auth=PLAIN",
			      "--trace", "--json", "--progress", "-oi", "-i", "-f", "", "a@b"),
			 0);
	ck_assert_str_eq(s.server, "smtp://unused");
	ck_assert_str_eq(s.ports, "465");
	ck_assert_str_eq(s.cafile, "c");
	ck_assert_str_eq(s.name, "n");
	ck_assert_str_eq(s.auth, "PLAIN");
	ck_assert_str_eq(s.from, "");
	ck_assert(s.json && s.trace && s.progress);
	ck_assert_int_eq(s.timeout, -1);
}
END_TEST

START_TEST(looks_into_the_environment)
{
	struct settings s;
	struct failure f;

	set_environment(NULL, "smtp://second");
	ck_assert_int_eq(READ(&s, &f, "a@b"), 0);
	ck_assert_str_eq(s.server, "smtp://second");
	set_environment("", "smtp://second");
	ck_assert_int_eq(READ(&s, &f, "a@b"), 0);
	ck_assert_str_eq(s.server, "smtp://second");
	set_environment("smtp://first", "smtp://second");
	ck_assert_int_eq(READ(&s, &f, "a@b"), 0);
	ck_assert_str_eq(s.server, "smtp://first");
}
END_TEST

START_TEST(knows_json_even_behind_the_mistake)
{
	struct settings s;
	struct failure f;

	set_environment(NULL, NULL);
	ck_assert_int_eq(READ(&s, &f, "--nonsense-option", "--json"), EXIT_USAGE);
	ck_assert(s.json);
	ck_assert_str_eq(f.id, "usage");
	ck_assert_int_eq(READ(&s, &f, "--nonsense-option", "--", "--json"), EXIT_USAGE);
	ck_assert(!s.json);
	ck_assert_int_eq(READ(&s, &f, "--help"), 0);
	ck_assert(s.help);
	ck_assert_int_eq(READ(&s, &f, "--version"), 0);
	ck_assert(s.version);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "settings");

	EACH(t, refuses, refused);
	tcase_add_test(t, keeps_every_option);
	tcase_add_test(t, looks_into_the_environment);
	tcase_add_test(t, knows_json_even_behind_the_mistake);
}
