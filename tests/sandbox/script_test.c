/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "script.h"

static struct script *parse(const char *text)
{
	struct script_error error;
	struct script *s = script_parse(text, strlen(text), &error);

	ck_assert_msg(s != NULL, "line %u: %s in: %s", error.line, error.text, text);
	return s;
}

/* One line each: what it becomes. */
static const struct {
	const char *line;
	enum script_op op;
	const char *text;
	size_t len;
	long number, more;
} lines[] = {
	{"send \"220 a\\r\\n\"", SCRIPT_SEND, "220 a\r\n", 7, 0, 0},
	{"greet \"220 a\\r\\n\"", SCRIPT_SEND, "220 a\r\n", 7, 0, 0},
	{"  send\t\"a\"  # remark", SCRIPT_SEND, "a", 1, 0, 0},
	{"send \"a\" # \"b\"", SCRIPT_SEND, "a", 1, 0, 0},
	{"send \"#\"", SCRIPT_SEND, "#", 1, 0, 0},
	{"send a#b", SCRIPT_SEND, "a#b", 3, 0, 0},
	{"send \"\"", SCRIPT_SEND, "", 0, 0, 0},
	{"send \"\\x00\\xfF\\0\\t\\\\\\\"\"", SCRIPT_SEND, "\x00\xff\x00\t\\\"", 6, 0, 0},
	{"send \"ab\"*3", SCRIPT_SEND, "ababab", 6, 0, 0},
	{"send \"ab\"*0 \"c\"", SCRIPT_SEND, "c", 1, 0, 0},
	{"send \"<\" \"ab\"*2 \">\"*2", SCRIPT_SEND, "<abab>>", 7, 0, 0},
	{"send \"a\"\"b\"", SCRIPT_SEND, "ab", 2, 0, 0},
	{"challenge \"r=%nx\"", SCRIPT_CHALLENGE, "r=%nx", 5, 0, 0},
	{"expect \"EHLO *\"", SCRIPT_EXPECT, "EHLO *", 6, 0, 0},
	{"expect QUIT", SCRIPT_EXPECT, "QUIT", 4, 0, 0},
	{"expect \"\\*\"", SCRIPT_EXPECT, "\\*", 2, 0, 0},
	{"expect \"\\x2a\\x5c\\?*\"", SCRIPT_EXPECT, "\\*\\\\\\?*", 7, 0, 0},
	{"expect-any", SCRIPT_EXPECT_ANY, "", 0, 0, 0},
	{"maybe QUIT", SCRIPT_MAYBE, "QUIT", 4, 0, 0},
	{"expect-data", SCRIPT_EXPECT_DATA, "", 0, SCRIPT_CHECK_NONE, 0},
	{"expect-data body.txt", SCRIPT_EXPECT_DATA, "body.txt", 8, SCRIPT_CHECK_FILE, 0},
	{"expect-data \"a b\"", SCRIPT_EXPECT_DATA, "a b", 3, SCRIPT_CHECK_FILE, 0},
	{"expect-bdat e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852B855",
	 SCRIPT_EXPECT_BDAT, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852B855", 64,
	 SCRIPT_CHECK_SHA256, 0},
	{"seg 1", SCRIPT_SEG, "", 0, 1, 0},
	{"seg 1 1000", SCRIPT_SEG, "", 0, 1, 1000},
	{"cut 4", SCRIPT_CUT, "", 0, 4, 0},
	{"delay 20", SCRIPT_DELAY, "", 0, 20, 0},
	{"tls good", SCRIPT_TLS, "good", 4, 0, 0},
	{"tls expired 1.2", SCRIPT_TLS, "expired", 7, 12, 0},
	{"tls good 1.0 1.3", SCRIPT_TLS, "good", 4, 10, 13},
	{"tls-raw \"220 x\\r\\n\"", SCRIPT_TLS_RAW, "220 x\r\n", 7, 0, 0},
	{"post tickets 2", SCRIPT_POST_TICKETS, "", 0, 2, 0},
	{"post keyupdate 10000", SCRIPT_POST_KEYUPDATE, "", 0, 10000, 0},
	{"post hellorequest 1", SCRIPT_POST_HELLOREQUEST, "", 0, 1, 0},
	{"post alerts 3", SCRIPT_POST_ALERTS, "", 0, 3, 0},
	{"post empty 20", SCRIPT_POST_EMPTY, "", 0, 20, 0},
	{"stop-read 0", SCRIPT_STOP_READ, "", 0, 0, 0},
	{"fin", SCRIPT_FIN, "", 0, 0, 0},
	{"truncate", SCRIPT_TRUNCATE, "", 0, 0, 0},
	{"rst", SCRIPT_RST, "", 0, 0, 0},
	{"never \"*\"", SCRIPT_NEVER, "*", 1, 0, 0},
	{"limit-octets 0", SCRIPT_LIMIT_OCTETS, "", 0, 0, 0},
};

START_TEST(one_line)
{
	struct script *s = parse(lines[_i].line);

	ck_assert_uint_eq(s->n_steps, 1);
	ck_assert_uint_eq(s->n_parts, 1);
	ck_assert_uint_eq(s->n_about, 0);
	ck_assert_int_eq(s->steps[0].op, lines[_i].op);
	ck_assert_int_eq(s->steps[0].number, lines[_i].number);
	ck_assert_int_eq(s->steps[0].more, lines[_i].more);
	ck_assert_uint_eq(s->steps[0].len, lines[_i].len);
	ck_assert_mem_eq(s->steps[0].text, lines[_i].text, lines[_i].len);
	ck_assert_int_eq(s->steps[0].text[s->steps[0].len], 0);
	ck_assert_uint_eq(s->steps[0].line, 1);
	script_free(s);
}
END_TEST

/* What is wrong, and that the line is named. */
static const struct {
	const char *text;
	unsigned line;
	const char *why;
} errors[] = {
	{"sned \"a\"", 1, "no such step: \"sned\""},
	{"# a\n\nsned", 3, "no such step"},
	{"send", 1, "text is missing"},
	{"send # a", 1, "text is missing"},
	{"send \"a", 1, "closing"},
	{"send \"a\\", 1, "escape"},
	{"send \"\\q\"", 1, "escape"},
	{"send \"\\x1\"", 1, "escape"},
	{"send \"\\*\"", 1, "escape"},
	{"send \"a\"*", 1, "number"},
	{"send \"a\"*x", 1, "number"},
	{"send \"a\"x", 1, "blank"},
	{"send \"ab\"*16777216", 1, "16 MiB"},
	{"send a b", 1, "too much on the line"},
	{"expect EHLO *", 1, "too much on the line"},
	{"expect-any x", 1, "too much"},
	{"seg", 1, "number is missing"},
	{"seg -1", 1, "not a number"},
	{"seg 1 2 3", 1, "too much"},
	{"delay 1000000001", 1, "not a number, or too great"},
	{"delay 99999999999999999999", 1, "too great"},
	{"tls", 1, "missing"},
	{"tls good 1.4", 1, "TLS version"},
	{"tls good 1.3 1.2", 1, "stands first"},
	{"post", 1, "post what"},
	{"post certificates 1", 1, "\"certificates\""},
	{"post tickets", 1, "number is missing"},
	{"port 0", 1, "1 to 65535"},
	{"port 65536", 1, "too great"},
	{"port", 1, "number is missing"},
	{"end", 1, "without"},
	{"send a\nrepeat 2\nsend b\n", 2, "no \"end\""},
	{"repeat 2\nend\n", 2, "nothing to repeat"},
	{"repeat 2\nsend a\nport 1\nend", 3, "\"end\" is missing"},
	{"repeat 1\nrepeat 1\nrepeat 1\nrepeat 1\nrepeat 1\n", 5, "four deep"},
	{"outcome SENT", 1, "\"SENT\""},
	{"outcome", 1, "outcome is"},
	{"outcome PERMANENT/A", 1, "fault"},
	{"secret-seen yes", 1, "only be"},
};

START_TEST(one_error)
{
	struct script_error error;
	struct script *s = script_parse(errors[_i].text, strlen(errors[_i].text), &error);

	ck_assert_ptr_null(s);
	ck_assert_uint_eq(error.line, errors[_i].line);
	ck_assert_msg(strstr(error.text, errors[_i].why) != NULL, "%s", error.text);
}
END_TEST

START_TEST(what_is_for_the_client)
{
	struct script *s = parse("outcome PERMANENT/starttls-injected\nports-tried 587,465\n"
				 "port 587\nclient \"login=a b\"\nsend a\nsecret-seen no\n"
				 "outcome IN_DOUBT\n");

	ck_assert_uint_eq(s->n_about, 5);
	ck_assert_uint_eq(s->n_steps, 1);
	ck_assert_int_eq(s->about[0].op, SCRIPT_OUTCOME);
	ck_assert_int_eq(s->about[0].number, 4);
	ck_assert_str_eq(s->about[0].text, "starttls-injected");
	ck_assert_str_eq(s->about[1].text, "587,465");
	ck_assert_int_eq(s->about[2].op, SCRIPT_CLIENT);
	ck_assert_str_eq(s->about[2].text, "login=a b");
	ck_assert_int_eq(s->about[3].op, SCRIPT_SECRET_SEEN);
	ck_assert_int_eq(s->about[4].number, 5);
	ck_assert_str_eq(s->about[4].text, "");
	ck_assert_uint_eq(s->about[4].line, 7);
	script_free(s);
}
END_TEST

START_TEST(parts_by_port_and_connection)
{
	struct script *s = parse("send other\nport 587\nsend first\nsend more\n"
				 "port 465\nport 587\nsend second\n");
	const struct script_part *p;

	ck_assert_uint_eq(s->n_parts, 4);
	p = script_part(s, 587, 0);
	ck_assert_uint_eq(p->count, 2);
	ck_assert_str_eq(s->steps[p->first].text, "first");
	ck_assert_str_eq(s->steps[script_part(s, 587, 1)->first].text, "second");
	ck_assert_str_eq(s->steps[script_part(s, 587, 7)->first].text, "second");
	ck_assert_uint_eq(script_part(s, 465, 0)->count, 0);
	ck_assert_str_eq(s->steps[script_part(s, 2525, 0)->first].text, "other");
	script_free(s);
	s = parse("port 1\nsend a\n");
	ck_assert_ptr_null(script_part(s, 2, 0));
	script_free(s);
	s = parse("");
	ck_assert_ptr_null(script_part(s, 2, 0));
	script_free(s);
}
END_TEST

START_TEST(repeat_and_end_know_each_other)
{
	struct script *s = parse("send a\nrepeat 3\nsend b\nrepeat 0\nsend c\nend\nend\r\nsend d");

	ck_assert_uint_eq(s->n_steps, 8);
	ck_assert_int_eq(s->steps[1].op, SCRIPT_REPEAT);
	ck_assert_int_eq(s->steps[1].number, 3);
	ck_assert_int_eq(s->steps[1].more, 6);
	ck_assert_int_eq(s->steps[3].more, 5);
	ck_assert_int_eq(s->steps[5].more, 3);
	ck_assert_int_eq(s->steps[6].more, 1);
	script_free(s);
}
END_TEST

static const struct {
	const char *glob, *line;
	int match;
} globs[] = {
	{"", "", 1},
	{"", "a", 0},
	{"*", "", 1},
	{"*", "abc", 1},
	{"**", "", 1},
	{"EHLO *", "EHLO a", 1},
	{"EHLO *", "ehlo [127.0.0.1]", 1},
	{"EHLO *", "EHLO", 0},
	{"?", "a", 1},
	{"?", "", 0},
	{"?", "ab", 0},
	{"a*b*c", "a1b2b3c", 1},
	{"a*b*c", "a1b2b3cd", 0},
	{"*a", "aaab", 0},
	{"*ab", "aaab", 1},
	{"\\*", "*", 1},
	{"\\*", "a", 0},
	{"\\?x", "?x", 1},
	{"\\?x", "ax", 0},
	{"\\\\", "\\", 1},
	{"a\\", "a\\", 1},
	{"*\\*", "abc*", 1},
	{"*\\*", "abc", 0},
	{"a*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 0},
};

START_TEST(one_glob)
{
	ck_assert_int_eq(script_glob(globs[_i].glob, strlen(globs[_i].glob), globs[_i].line,
				     strlen(globs[_i].line)),
			 globs[_i].match);
}
END_TEST

/* The nonce comes from the client's last line, alone or behind AUTH. */
static const struct {
	const char *text, *line, *sent;
} challenges[] = {
	{"r=%nX,i=1", "biwsbj11c2VyLHI9YWJj", "334 cj1hYmNYLGk9MQ==\r\n"}, /* n,,n=user,r=abc */
	{"r=%nX,i=1", "AUTH SCRAM-SHA-1 biwsbj11c2VyLHI9YWJj", "334 cj1hYmNYLGk9MQ==\r\n"},
	{"%n", "Yz1iaXdzLHI9YWJjLHA9eA==", "334 YWJj\r\n"}, /* c=biws,r=abc,p=x */
	{"%n", "bj1yPTEscj0y", "334 Mg==\r\n"}, /* n=r=1,r=2 */
	{"%%n", "biwsbj11c2VyLHI9YWJj", "334 JW4=\r\n"},
	{"%n", "not base64", "334 \r\n"},
	{"a%", "", "334 YSU=\r\n"},
	{"", "", "334 \r\n"},
};

START_TEST(one_challenge)
{
	struct script_step step = {0};
	char text[64];
	size_t n;
	char *sent;

	snprintf(text, sizeof(text), "%s", challenges[_i].text);
	step.text = text;
	step.len = strlen(text);
	sent = script_challenge(&step, challenges[_i].line, strlen(challenges[_i].line), &n);
	ck_assert_ptr_nonnull(sent);
	ck_assert_uint_eq(n, strlen(challenges[_i].sent));
	ck_assert_mem_eq(sent, challenges[_i].sent, n);
	free(sent);
}
END_TEST

/* Each prefix of a script parses or fails with a line that it has; nothing is read behind it. */
START_TEST(every_prefix)
{
	static const char text[] =
		"port 587\nrepeat 2\nsend \"a\\x41\"*3 \"b\"\nexpect \"\\*\"\nend\n"
		"tls good 1.2 1.3\noutcome ACCEPTED/a-b\n";

	for (size_t n = 0; n < sizeof(text); n++) {
		struct script_error error;
		char *copy = malloc(n ? n : 1); /* of exactly that size, for ASan */
		struct script *s;

		memcpy(copy, text, n);
		s = script_parse(copy, n, &error);
		if (!s)
			ck_assert_uint_ge(error.line, 1);
		free(copy);
		script_free(s);
	}
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(script_name(SCRIPT_SEND), "send");
	ck_assert_str_eq(script_name(SCRIPT_EXPECT_BDAT), "expect-bdat");
	for (int op = SCRIPT_POST_TICKETS; op <= SCRIPT_POST_EMPTY; op++)
		ck_assert_str_eq(script_name((enum script_op)op), "post");
	ck_assert_str_eq(script_name(SCRIPT_CLIENT), "client");
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "script");

	tcase_add_loop_test(t, one_line, 0, COUNT(lines));
	tcase_add_loop_test(t, one_error, 0, COUNT(errors));
	tcase_add_loop_test(t, one_glob, 0, COUNT(globs));
	tcase_add_loop_test(t, one_challenge, 0, COUNT(challenges));
	tcase_add_test(t, what_is_for_the_client);
	tcase_add_test(t, parts_by_port_and_connection);
	tcase_add_test(t, repeat_and_end_know_each_other);
	tcase_add_test(t, every_prefix);
	tcase_add_test(t, names);
}
