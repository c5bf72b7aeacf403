/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "main.h"
#include "talk.h"

static void traced(struct ptn_smtp *s, const char *want)
{
	const char *p;
	size_t n = ptn_smtp_trace(s, &p);

	ck_assert_msg(n == strlen(want) && !memcmp(p, want, n), "\"%.*s\", not \"%s\"", (int)n, p,
		      want);
}

START_TEST(a_mail)
{
	struct ptn_smtp *s = talk_begin();

	to_idle(s, "250-mx\r\n250 SIZE\r\n");
	traced(s, "<220 mx.example.org\n>EHLO client.example.org\n<250-mx\n<250 SIZE\n");
	traced(s, "");
	to_content(s);
	ptn_smtp_body(s, "secret content\n", 15);
	ptn_smtp_body_end(s);
	hears(s, "secret content\r\n.\r\n");
	says(s, "250 2.0.0 ok\r\n");
	traced(s, ">MAIL FROM:<a@example.org>\n<250 ok\n>RCPT TO:<b@example.org>\n<250 ok\n>DATA\n"
		  "<354 go\n*content of 16 octets and the final dot\n<250 2.0.0 ok\n");
	ptn_smtp_free(s);
}
END_TEST

/* One line of the trace for one line of a reply, whatever octets it holds. */
START_TEST(hostile_text)
{
	struct ptn_smtp *s = talk_begin();

	says(s, "554-\x1b]0;x\x07\r\n554-\xff\xc2\x9b\xc3\xa9\r\n554\r\n");
	traced(s, "<554-\\x1B]0;x\\x07\n<554-\\xFF\\xC2\\x9B\xc3\xa9\n<554 \n>QUIT\n");
	ptn_smtp_free(s);
}
END_TEST

START_TEST(not_asked_for)
{
	struct ptn_smtp *s;

	policy.trace = 0;
	s = talk_begin();
	to_idle(s, "250 mx\r\n");
	to_content(s);
	ptn_smtp_body_end(s);
	traced(s, "");
	ptn_smtp_free(s);
	policy.trace = 1;
}
END_TEST

START_TEST(long_line)
{
	struct ptn_smtp *s = talk_begin();
	char line[2048];
	const char *p;

	memset(line, 0x01, sizeof(line));
	memcpy(line, "554 ", 4);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	says_octets(s, line, sizeof(line));
	ck_assert_uint_le(ptn_smtp_trace(s, &p), 2048 + 16);
	ptn_smtp_free(s);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "trace");

	tcase_add_test(t, a_mail);
	tcase_add_test(t, hostile_text);
	tcase_add_test(t, not_asked_for);
	tcase_add_test(t, long_line);
}
