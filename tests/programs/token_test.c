/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/token.h"
#include "main.h"

enum { CAP = 16 };

static const struct {
	const char *command, *refusal;
	const char *token; /* NULL: there is none, and */
	const char *why; /* says so */
} commands[] = {
	{"echo secret", NULL, "secret", ""},
	{"printf secret", NULL, "secret", ""},
	{"printf 'secret\r\nmore\n'", NULL, "secret", ""},
	{"echo 0123456789abcdef", NULL, "0123456789abcdef", ""},
	{"echo 0123456789abcdefg", NULL, NULL, "too long"},
	{"echo secret; i=0; while [ $i -lt 20000 ]; do echo line; i=$((i + 1)); done", NULL,
	 "secret", ""},
	{"echo new$POSTERN_TOKEN_REFUSED", NULL, "new", ""},
	{"echo new$POSTERN_TOKEN_REFUSED", "{}", "new1", ""},
	{"echo x$(cat)", NULL, "x", ""}, /* its standard input is empty */
	{"echo secret; exit 3", NULL, NULL, "exit status 3"},
	{"echo secret; kill -9 $$", NULL, NULL, "signal 9"},
	{":", NULL, NULL, "its first line is empty"},
	{"echo; echo secret", NULL, NULL, "its first line is empty"},
	{"exec /nonexistent/postern 2>/dev/null", NULL, NULL, "exit status 127"},
	{"echo secret; sleep 3", NULL, NULL, "took longer"},
};

START_TEST(runs)
{
	char command[100], buf[CAP];
	struct token_command t = {.command = command};
	const char *token = commands[_i].token;
	ptrdiff_t n;

	if (commands[_i].why && strcmp(commands[_i].why, "took longer") == 0)
		t.limit_ms = 200;
	ck_assert_uint_lt(strlen(commands[_i].command), sizeof command);
	memcpy(command, commands[_i].command, strlen(commands[_i].command) + 1);
	memset(buf, 'x', sizeof buf);
	n = token_from_command(&t, commands[_i].refusal, buf, sizeof buf);
	ck_assert_int_eq((long)n, token ? (long)strlen(token) : -1);
	if (token)
		ck_assert_int_eq(memcmp(buf, token, strlen(token)), 0);
	else
		for (int i = 0; i < CAP; i++)
			ck_assert_int_eq(buf[i], 0); /* wiped */
	ck_assert_msg(strstr(t.why, commands[_i].why) != NULL, "%s", t.why);
	ck_assert_ptr_null(strstr(t.why, "secret"));
	ck_assert_int_eq(t.why[0] == '\0', token != NULL);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "token");

	EACH(t, runs, commands);
}
