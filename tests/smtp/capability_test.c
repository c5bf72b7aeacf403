/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/buf.h"
#include "main.h"
#include "smtp/capability.h"
#include "smtp/reply.h"

static const struct {
	const char *in;
	unsigned has;
	unsigned long long size;
	const char *auth; /* words joined by one blank */
} cases[] = {
	{"250 mx\r\n", 0, 0, ""},
	{"250-mx\r\n250 \r\n", 0, 0, ""},
	{"250-mx\r\n250\r\n", 0, 0, ""},
	{"250-STARTTLS\r\n250 OK\r\n", 0, 0, ""},
	{"250-mx STARTTLS\r\n250 OK\r\n", 0, 0, ""},
	{"250-mx\r\n250 STARTTLS\r\n", PTN_CAP_STARTTLS, 0, ""},
	{"250-mx\r\n250 starttls\r\n", PTN_CAP_STARTTLS, 0, ""},
	{"250-mx\r\n250 STARTTLS \r\n", PTN_CAP_STARTTLS, 0, ""},
	{"250-mx\r\n250 STARTTLS foo\r\n", PTN_CAP_STARTTLS, 0, ""},
	{"250-mx\r\n250 XSTARTTLS\r\n", 0, 0, ""},
	{"250-mx\r\n250 STARTTLSX\r\n", 0, 0, ""},
	{"250-mx\r\n250 STARTTL\r\n", 0, 0, ""},
	{"250-mx\r\n250  STARTTLS\r\n", 0, 0, ""},
	{"250-mx\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n",
	 PTN_CAP_PIPELINING | PTN_CAP_8BITMIME | PTN_CAP_SMTPUTF8, 0, ""},
	{"250-mx\r\n250-CHUNKING\r\n250-BINARYMIME\r\n250-DSN\r\n250-ENHANCEDSTATUSCODES\r\n"
	 "250-DELIVERBY\r\n250-FUTURERELEASE 1 2\r\n250-MT-PRIORITY "
	 "STANAG4406\r\n250-REQUIRETLS\r\n"
	 "250 LIMITS RCPTMAX=9\r\n",
	 PTN_CAP_CHUNKING | PTN_CAP_BINARYMIME | PTN_CAP_DSN | PTN_CAP_ENHANCEDSTATUSCODES |
		 PTN_CAP_DELIVERBY | PTN_CAP_FUTURERELEASE | PTN_CAP_MT_PRIORITY |
		 PTN_CAP_REQUIRETLS | PTN_CAP_LIMITS,
	 0, ""},
	{"250-mx\r\n250 SIZE\r\n", PTN_CAP_SIZE, 0, ""},
	{"250-mx\r\n250 SIZE 0\r\n", PTN_CAP_SIZE, 0, ""},
	{"250-mx\r\n250 SIZE 35882577\r\n", PTN_CAP_SIZE, 35882577, ""},
	{"250-mx\r\n250 SIZE 1000 \r\n", PTN_CAP_SIZE, 1000, ""},
	{"250-mx\r\n250 SIZE -1\r\n", PTN_CAP_SIZE, 0, ""},
	{"250-mx\r\n250 SIZE +1\r\n", PTN_CAP_SIZE, 0, ""},
	{"250-mx\r\n250 SIZE 18446744073709551615\r\n", PTN_CAP_SIZE, 18446744073709551615ull, ""},
	{"250-mx\r\n250 SIZE 18446744073709551616\r\n", PTN_CAP_SIZE, 0, ""},
	{"250-mx\r\n250 SIZE 1 2\r\n", PTN_CAP_SIZE, 0, ""},
	{"250-mx\r\n250 SIZE abc\r\n", PTN_CAP_SIZE, 0, ""},
	{"250-mx\r\n250 SIZE=9\r\n", 0, 0, ""},
	{"250-mx\r\n250-SIZE 9\r\n250 SIZE x\r\n", PTN_CAP_SIZE, 0, ""},
	{"250-mx\r\n250 AUTH\r\n", PTN_CAP_AUTH, 0, ""},
	{"250-mx\r\n250 AUTH PLAIN LOGIN\r\n", PTN_CAP_AUTH, 0, "PLAIN LOGIN"},
	{"250-mx\r\n250 auth plain\r\n", PTN_CAP_AUTH, 0, "plain"},
	{"250-mx\r\n250 AUTH=LOGIN PLAIN\r\n", PTN_CAP_AUTH, 0, "LOGIN PLAIN"},
	{"250-mx\r\n250-AUTH A\r\n250-AUTH B C\r\n250 AUTH=D\r\n", PTN_CAP_AUTH, 0, "A B C D"},
	{"250-mx\r\n250-AUTH\r\n250 AUTH=D\r\n", PTN_CAP_AUTH, 0, "D"},
	{"250-mx\r\n250 AUTHX PLAIN\r\n", 0, 0, ""},
	{"250-mx\r\n250 XAUTH PLAIN\r\n", 0, 0, ""},
	{"250-AUTH PLAIN\r\n250 ok\r\n", 0, 0, ""},
};

static void read_reply(struct ptn_reply *r, const char *text)
{
	ptn_reply_next(r, PTN_REPLY_LINE);
	ck_assert_uint_eq(ptn_reply_feed(r, text, strlen(text)), strlen(text));
	ck_assert_int_eq(r->whole, 1);
}

static void same_words(const char *list, const char *want)
{
	char words[256] = "";
	size_t n = 0;

	for (size_t i = 0; list[i]; i++)
		if (list[i] != ' ' || (n && words[n - 1] != ' '))
			words[n++] = list[i];
	while (n && words[n - 1] == ' ')
		n--;
	words[n] = '\0';
	ck_assert_str_eq(words, want);
}

/* Also over what was known before: nothing of it may stay. */
START_TEST(every_case)
{
	struct ptn_capability c = {0};
	struct ptn_reply r = {0};

	for (int again = 0; again < 2; again++) {
		read_reply(&r, cases[_i].in);
		ck_assert_int_eq(ptn_capability_read(&c, &r), 0);
		ck_assert_uint_eq(c.has, cases[_i].has);
		ck_assert_uint_eq(c.size, cases[_i].size);
		same_words(ptn_buf_data(&c.auth), cases[_i].auth);
		read_reply(&r, "250-mx\r\n250-AUTH OLD\r\n250-SIZE 77\r\n250 STARTTLS\r\n");
		ck_assert_int_eq(ptn_capability_read(&c, &r), 0);
	}
	ptn_capability_clear(&c);
	ck_assert_uint_eq(c.has, 0);
	ck_assert_str_eq(ptn_buf_data(&c.auth), "");
	ptn_capability_free(&c);
	ptn_reply_free(&r);
}
END_TEST

/* The longest lists that a reply can hold. */
START_TEST(many_mechanisms)
{
	struct ptn_capability c = {0};
	struct ptn_reply r = {0};
	char line[500];

	memset(line, 'M', sizeof(line));
	memcpy(line, "250-AUTH ", 9);
	memcpy(line + sizeof(line) - 2, "\r\n", 2);
	ptn_reply_next(&r, PTN_REPLY_LINE);
	ptn_reply_feed(&r, "250-mx\r\n", 8);
	for (int i = 0; i < 126; i++)
		ck_assert_uint_eq(ptn_reply_feed(&r, line, sizeof(line)), sizeof(line));
	ptn_reply_feed(&r, "250 AUTH END\r\n", 14);
	ck_assert_int_eq(r.whole, 1);
	ck_assert_int_eq(ptn_capability_read(&c, &r), 0);
	ck_assert_uint_eq(strlen(ptn_buf_data(&c.auth)), 126 * 490 + 4);
	ck_assert_uint_eq(c.has, PTN_CAP_AUTH);
	ptn_capability_free(&c);
	ptn_reply_free(&r);
}
END_TEST

static const struct {
	const char *in;
	unsigned rcpt, mail, domain;
	unsigned long hold, by;
	const char *until;
} values[] = {
	{"250-mx\r\n250 LIMITS RCPTMAX=20 MAILMAX=5 RCPTDOMAINMAX=1\r\n", 20, 5, 1, 0, 0, ""},
	{"250-mx\r\n250 limits rcptmax=1\r\n", 1, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 LIMITS RCPTMAX=999999\r\n", 999999, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 LIMITS RCPTMAX=1000000\r\n", 0, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 LIMITS RCPTMAX=0 MAILMAX=00 RCPTDOMAINMAX=\r\n", 0, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 LIMITS RCPTMAX=-1 MAILMAX=1x RCPTDOMAINMAX= 1\r\n", 0, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 LIMITS\r\n", 0, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 LIMITS =5 RCPTMAX MAILMAX =7  MAILMAX=8 NEW=9\r\n", 0, 8, 0, 0, 0, ""},
	{"250-mx\r\n250 LIMITS XRCPTMAX=5 RCPTMAXX=5\r\n", 0, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 FUTURERELEASE 86400 2026-12-24T18:00:00Z\r\n", 0, 0, 0, 86400, 0,
	 "2026-12-24T18:00:00"},
	{"250-mx\r\n250 FUTURERELEASE 999999999 2026-12-24T18:00:00.5Z\r\n", 0, 0, 0, 999999999, 0,
	 "2026-12-24T18:00:00"},
	{"250-mx\r\n250 FUTURERELEASE 1000000000 2026-12-24\r\n", 0, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 FUTURERELEASE x 2026-12-24 18:00:00Z\r\n", 0, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 FUTURERELEASE\r\n", 0, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 FUTURERELEASE 7\r\n", 0, 0, 0, 7, 0, ""},
	{"250-mx\r\n250 DELIVERBY 240\r\n", 0, 0, 0, 0, 240, ""},
	{"250-mx\r\n250 DELIVERBY\r\n", 0, 0, 0, 0, 0, ""},
	{"250-mx\r\n250 DELIVERBY -1\r\n", 0, 0, 0, 0, 0, ""},
};

START_TEST(every_value)
{
	struct ptn_capability c = {0};
	struct ptn_reply r = {0};

	for (int again = 0; again < 2; again++) {
		read_reply(&r, values[_i].in);
		ck_assert_int_eq(ptn_capability_read(&c, &r), 0);
		ck_assert_uint_eq(c.rcpt_max, values[_i].rcpt);
		ck_assert_uint_eq(c.mail_max, values[_i].mail);
		ck_assert_uint_eq(c.rcpt_domain_max, values[_i].domain);
		ck_assert_uint_eq(c.hold_most, values[_i].hold);
		ck_assert_uint_eq(c.by_least, values[_i].by);
		ck_assert_str_eq(c.hold_until, values[_i].until);
		read_reply(&r, "250-mx\r\n250-LIMITS RCPTMAX=3 MAILMAX=3 RCPTDOMAINMAX=3\r\n"
			       "250-FUTURERELEASE 3 2000-01-01T00:00:00Z\r\n250 DELIVERBY 3\r\n");
		ck_assert_int_eq(ptn_capability_read(&c, &r), 0);
		ck_assert_uint_eq(c.mail_max, 3);
	}
	ptn_capability_free(&c);
	ptn_reply_free(&r);
}
END_TEST

/* What is switched off is as if it were not offered, with all it says. */
START_TEST(switched_off)
{
	struct ptn_capability c = {0};
	struct ptn_reply r = {0};

	read_reply(&r, "250-mx\r\n250-SIZE 5\r\n250-AUTH PLAIN\r\n250-DSN\r\n"
		       "250 LIMITS RCPTMAX=1 MAILMAX=1 RCPTDOMAINMAX=1\r\n");
	ck_assert_int_eq(ptn_capability_read(&c, &r), 0);
	ptn_capability_without(&c, PTN_CAP_PIPELINING);
	ck_assert_uint_eq(c.has, PTN_CAP_SIZE | PTN_CAP_AUTH | PTN_CAP_DSN | PTN_CAP_LIMITS);
	ck_assert_uint_eq(c.size, 5);
	ptn_capability_without(&c, PTN_CAP_SIZE | PTN_CAP_AUTH | PTN_CAP_LIMITS);
	ck_assert_uint_eq(c.has, PTN_CAP_DSN);
	ck_assert_uint_eq(c.size, 0);
	ck_assert_uint_eq(c.rcpt_max + c.mail_max + c.rcpt_domain_max, 0);
	ck_assert_str_eq(ptn_buf_data(&c.auth), "");
	ptn_capability_free(&c);
	ptn_reply_free(&r);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(ptn_capability_keyword(PTN_CAP_MT_PRIORITY), "MT-PRIORITY");
	ck_assert_str_eq(ptn_capability_keyword(PTN_CAP_DSN | PTN_CAP_LIMITS), "DSN");
	ck_assert_str_eq(ptn_capability_keyword(0), "");
	ck_assert_str_eq(ptn_capability_keyword(1u << 31), "");
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "capability");

	tcase_add_loop_test(t, every_case, 0, sizeof(cases) / sizeof(*cases));
	tcase_add_test(t, many_mechanisms);
	EACH(t, every_value, values);
	tcase_add_test(t, switched_off);
	tcase_add_test(t, names);
}
