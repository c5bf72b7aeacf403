/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "explain.h"
#include "refine.h"
#include "main.h"
#include "memory.h"
#include "must.h"

enum { SENTENCE_MOST = 600 };

static const struct ptn_facts all = {.host = "mail.example.org",
				     .address = "192.0.2.7",
				     .name = "a-name",
				     .port = 587,
				     .detail = "the detail",
				     .code = 554,
				     .status = "5.7.1",
				     .text = "what the server said",
				     .line = 12,
				     .size = 3000,
				     .limit = 2000};
static const struct ptn_facts none;

static struct ptn_buf cause_buf, advice_buf;

static void explain(int fault, const struct ptn_facts *f)
{
	must(!ptn_explain(&cause_buf, &advice_buf, fault, f));
	if (getenv("POSTERN_SAY"))
		printf("%s: %s\n\t%s\n", ptn_fault_id(fault), ptn_buf_data(&cause_buf),
		       ptn_buf_data(&advice_buf));
}

static const char *cause_of(int fault, const struct ptn_facts *f)
{
	explain(fault, f);
	return ptn_buf_data(&cause_buf);
}

static const char *advice_of(int fault, const struct ptn_facts *f)
{
	explain(fault, f);
	return ptn_buf_data(&advice_buf);
}

static int is_callers(int fault)
{
	return fault == PTN_FAULT_ARGUMENT || fault == PTN_FAULT_STATE;
}

/* What holds for every sentence, whatever is known. */
static void check_form(const char *s)
{
	static const char *const never[] = {"%",  "{",  "}",  "(unknown)", "(null)", "  ",
					    " ,", " .", ",,", "..",        ": :",    "()",
					    "\n", "\t", " :", "the the"};

	must(strlen(s) > 0);
	must(strlen(s) < SENTENCE_MOST);
	for (size_t i = 0; i < sizeof(never) / sizeof(*never); i++)
		if (strstr(s, never[i]))
			ck_abort_msg("\"%s\" in: %s", never[i], s);
	must(s[strlen(s) - 1] != ' ' && s[strlen(s) - 1] != ':');
}

static void check_cause(const char *s)
{
	check_form(s);
	if (!(*s >= 'a' && *s <= 'z'))
		ck_abort_msg("not lower case: %s", s);
	if (!(s[strlen(s) - 1] != '.'))
		ck_abort_msg("a period: %s", s);
}

static void check_advice(const char *s)
{
	check_form(s);
	if (!(*s >= 'A' && *s <= 'Z'))
		ck_abort_msg("not upper case: %s", s);
	if (!(s[strlen(s) - 1] == '.'))
		ck_abort_msg("no period: %s", s);
}

static void check_words(int fault)
{
	const struct ptn_facts *facts[] = {&all, &none};

	for (size_t i = 0; i < 2; i++) {
		explain(fault, facts[i]);
		check_cause(ptn_buf_data(&cause_buf));
		if (!is_callers(fault))
			check_advice(ptn_buf_data(&advice_buf));
	}
}

START_TEST(every_fault_has_a_cause_and_an_advice)
{
	for (int fault = 1; fault < PTN_FAULT_COUNT; fault++)
		check_words(fault);
}
END_TEST

/* Every subset of the facts: no part may lean on another that is left out. */
static void check_subsets(int fault)
{
	for (unsigned has = 0; has < 256; has++) {
		struct ptn_facts f = {0};

		f.host = has & 1 ? all.host : has & 2 ? "" : NULL;
		f.address = has & 2 ? all.address : NULL;
		f.port = has & 4 ? all.port : 0;
		f.detail = has & 8 ? all.detail : has & 4 ? "" : NULL;
		f.code = has & 16 ? all.code : 0;
		f.status = has & 32 ? all.status : NULL;
		f.text = has & 64 ? all.text : NULL;
		f.line = has & 128 ? all.line : 0;
		f.size = has & 128 ? all.size : 0;
		f.limit = has & 64 ? all.limit : 0;
		f.unverified = has & 32 ? 1 : 0;
		explain(fault, &f);
		check_cause(ptn_buf_data(&cause_buf));
		if (!is_callers(fault))
			check_advice(ptn_buf_data(&advice_buf));
	}
}

START_TEST(any_facts_may_be_missing)
{
	for (int fault = 1; fault < PTN_FAULT_COUNT; fault++)
		check_subsets(fault);
}
END_TEST

/* With a host name as it may be given: it may begin the sentence as it is. */
static void check_unlike(int fault)
{
	struct ptn_buf other = {0}, unused = {0};

	for (int k = 1; k < fault; k++) {
		/* Too busy is too busy, in the clear or under TLS. */
		if ((fault == PTN_FAULT_EHLO_BUSY || fault == PTN_FAULT_HELLO_BUSY) &&
		    (k == PTN_FAULT_GREETING_BUSY || k == PTN_FAULT_EHLO_BUSY))
			continue;
		if (is_callers(fault) && is_callers(k))
			continue;
		ck_assert_int_eq(ptn_explain(&other, &unused, k, &all), 0);
		ck_assert_str_ne(cause_of(fault, &all), ptn_buf_data(&other));
	}
	ptn_buf_free(&other);
	ptn_buf_free(&unused);
}

START_TEST(no_two_faults_say_the_same)
{
	for (int fault = 1; fault < PTN_FAULT_COUNT; fault++)
		check_unlike(fault);
}
END_TEST

START_TEST(parts_in_braces)
{
	struct ptn_facts f = {.host = "h", .port = 25, .address = "::1"};

	ck_assert_str_eq(cause_of(PTN_FAULT_CONNECT_TIMEOUT, &f),
			 "port 25 of h (::1) did not answer in time");
	f.address = "";
	ck_assert_str_eq(cause_of(PTN_FAULT_CONNECT_TIMEOUT, &f),
			 "port 25 of h did not answer in time");
	f.port = 0;
	ck_assert_str_eq(cause_of(PTN_FAULT_CONNECT_TIMEOUT, &f), "h did not answer in time");
	f.host = NULL;
	ck_assert_str_eq(cause_of(PTN_FAULT_CONNECT_TIMEOUT, &f),
			 "the server did not answer in time");
	f.size = 10;
	ck_assert_str_eq(cause_of(PTN_FAULT_TOO_LARGE, &f),
			 "the mail is too large for the server: it has 10 octets");
	f.limit = 18446744073709551615ull;
	ck_assert_str_eq(cause_of(PTN_FAULT_TOO_LARGE, &f),
			 "the mail is too large for the server: it has 10 octets and the limit is "
			 "18446744073709551615");
	f.size = 0;
	ck_assert_str_eq(cause_of(PTN_FAULT_TOO_LARGE, &f),
			 "the mail is too large for the server and the limit is "
			 "18446744073709551615");
}
END_TEST

START_TEST(the_reply)
{
	struct ptn_facts f = {.host = "h", .code = 550};

	ck_assert_str_eq(cause_of(PTN_FAULT_MAIL_REFUSED, &f), "h refused the sender: 550");
	f.text = "no";
	ck_assert_str_eq(cause_of(PTN_FAULT_MAIL_REFUSED, &f), "h refused the sender: 550 no");
	f.status = "5.7.1";
	ck_assert_str_eq(cause_of(PTN_FAULT_MAIL_REFUSED, &f),
			 "h refused the sender: 550 5.7.1 no");
	f.unverified = 1;
	ck_assert_str_eq(cause_of(PTN_FAULT_MAIL_REFUSED, &f),
			 "h refused the sender: whoever answered, unverified, said 550 5.7.1 no");
	f.text = "";
	f.unverified = 0;
	ck_assert_str_eq(cause_of(PTN_FAULT_MAIL_REFUSED, &f), "h refused the sender: 550 5.7.1");
}
END_TEST

/* Text comes escaped; escaped it stays, once, and signs of ours in it mean nothing. */
START_TEST(hostile_text)
{
	struct ptn_facts f = {.host = "h", .code = 550, .text = "\\x1B[31m {%h} %n \\x0D\\x0A"};
	char huge[4096];

	ck_assert_str_eq(cause_of(PTN_FAULT_MAIL_REFUSED, &f),
			 "h refused the sender: 550 \\x1B[31m {%h} %n \\x0D\\x0A");
	f.text = "raw \033[31m\r\n\377";
	ck_assert_str_eq(cause_of(PTN_FAULT_MAIL_REFUSED, &f),
			 "h refused the sender: 550 raw \\x1B[31m\\x0D\\x0A\\xFF");
	memset(huge, 'x', sizeof(huge) - 1);
	huge[sizeof(huge) - 1] = '\0';
	f.text = huge;
	for (int fault = 1; fault < PTN_FAULT_COUNT; fault++)
		ck_assert_uint_lt(strlen(cause_of(fault, &f)), SENTENCE_MOST);
	f.text = "";
	f.detail = huge;
	for (int fault = 1; fault < PTN_FAULT_COUNT; fault++)
		ck_assert_uint_lt(strlen(cause_of(fault, &f)), SENTENCE_MOST);
}
END_TEST

/* The situations that people meet, and what they must be told to do. */
static const struct {
	int fault, port, code;
	const char *status, *advice; /* that it holds */
} situations[] = {
	{PTN_FAULT_CONNECT_TIMEOUT, 587, 0, "", "which submission port is open"},
	{PTN_FAULT_CONNECT_TIMEOUT, 25, 0, "", "use 587 or 465"},
	{PTN_FAULT_CONNECT_UNREACHABLE, 25, 0, "", "use 587 or 465"},
	{PTN_FAULT_CONNECT_REFUSED, 587, 0, "", "documentation"},
	{PTN_FAULT_CONNECT_REFUSED, 2525, 0, "", "Not every provider offers port 2525"},
	{PTN_FAULT_CONNECT_TIMEOUT, 2525, 0, "", "Not every provider offers port 2525"},
	{PTN_FAULT_TLS_SMTP_FIRST, 587, 0, "", "tls=starttls"},
	{PTN_FAULT_GREETING_IS_TLS, 465, 0, "", "tls=implicit"},
	{PTN_FAULT_GREETING_SILENT, 465, 0, "", "tls=implicit"},
	{PTN_FAULT_STARTTLS_MISSING, 587, 0, "", "465"},
	{PTN_FAULT_STARTTLS_MISSING, 587, 0, "", "Do not send in the clear"},
	{PTN_FAULT_CERT_EXPIRED, 587, 0, "", "clock"},
	{PTN_FAULT_CERT_NOT_YET_VALID, 587, 0, "", "clock"},
	{PTN_FAULT_CERT_WRONG_NAME, 587, 0, "", "names in the certificate"},
	{PTN_FAULT_CERT_UNKNOWN_AUTHORITY, 587, 0, "", "cafile="},
	{PTN_FAULT_CERT_UNKNOWN_AUTHORITY, 587, 0, "", "virus scanner"},
	{PTN_FAULT_AUTH_REFUSED, 587, 535, "5.7.8", "application password"},
	{PTN_FAULT_AUTH_REFUSED, 587, 535, "", "No other port was tried"},
	{PTN_FAULT_AUTH_REFUSED, 587, 535, "5.7.139", "Password sign-in is switched off"},
	{PTN_FAULT_AUTH_REFUSED, 587, 550, "5.7.30", "Password sign-in is switched off"},
	{PTN_FAULT_AUTH_NEEDS_TLS, 587, 538, "5.7.11", "tls=starttls"},
	{PTN_FAULT_MAIL_REFUSED, 587, 530, "5.7.0", "tls=starttls"},
	{PTN_FAULT_MAIL_REFUSED, 587, 550, "5.7.1", "address of the account"},
	{PTN_FAULT_MAIL_REFUSED, 587, 452, "4.3.1", "try again"},
	{PTN_FAULT_MAIL_REFUSED, 587, 552, "5.3.4", "smaller attachments"},
	{PTN_FAULT_RCPT_REFUSED, 587, 550, "5.1.1", "Check the address"},
	{PTN_FAULT_RCPT_REFUSED, 587, 451, "4.7.1", "5 minutes or more"},
	{PTN_FAULT_RCPT_REFUSED, 587, 450, "4.7.1", "5 minutes or more"},
	{PTN_FAULT_RCPT_REFUSED, 587, 552, "5.2.2", "another way"},
	{PTN_FAULT_CONTENT_REFUSED, 587, 451, "4.7.1", "5 minutes or more"},
	{PTN_FAULT_CONTENT_REFUSED, 587, 554, "5.2.252", "address of the account"},
	{PTN_FAULT_CONTENT_REFUSED, 587, 552, "5.3.4", "smaller attachments"},
	{PTN_FAULT_TOO_LARGE, 587, 0, "", "smaller attachments"},
	{PTN_FAULT_AUTH_BUSY, 587, 454, "4.7.0", "later"},
	{PTN_FAULT_LOST_IN_DOUBT, 587, 0, "", "Message-ID"},
	{PTN_FAULT_TIMEOUT_IN_DOUBT, 587, 0, "", "duplicate"},
};

START_TEST(what_to_do)
{
	struct ptn_facts f = all;
	int fault;
	const char *advice;

	f.port = situations[_i].port;
	f.code = situations[_i].code;
	f.status = situations[_i].status;
	fault = ptn_refine_reply(situations[_i].fault, f.code, f.status, "");
	fault = ptn_refine_ports(fault, &f.port, &fault, 1);
	advice = advice_of(fault, &f);
	check_advice(advice);
	ck_assert_msg(strstr(advice, situations[_i].advice), "\"%s\" not in: %s",
		      situations[_i].advice, advice);
}
END_TEST

/* "Nothing was delivered" is a promise: only where no recipient can have it. */
static void check_doubt(int fault)
{
	const char *advice = advice_of(fault, &all);

	if (ptn_fault_outcome(fault) == POSTERN_IN_DOUBT) {
		ck_assert_ptr_nonnull(strstr(advice, "may have been accepted"));
		ck_assert_ptr_null(strstr(advice, "Nothing was"));
	} else {
		ck_assert_ptr_null(strstr(advice, "may have been accepted"));
	}
}

START_TEST(doubt_is_not_denied)
{
	for (int fault = 1; fault < PTN_FAULT_COUNT; fault++)
		check_doubt(fault);
	/* A partial outcome has this fault too. */
	for (int code = 400; code < 600; code++) {
		struct ptn_facts f = {.host = "h", .code = code};

		must(!strstr(advice_of(PTN_FAULT_RCPT_REFUSED, &f), "Nothing was"));
	}
}
END_TEST

START_TEST(what_is_no_fault)
{
	const int faults[] = {PTN_FAULT_NONE, -1, PTN_FAULT_COUNT, 1 << 30};

	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		ck_assert_str_eq(cause_of(faults[i], &all), "no error");
		ck_assert_str_eq(advice_of(faults[i], &all), "");
	}
	/* The caller's own mistakes bring their sentence along. */
	ck_assert_str_eq(cause_of(PTN_FAULT_ARGUMENT, &all), "the detail");
	ck_assert_str_eq(cause_of(PTN_FAULT_ARGUMENT, &none), "an argument was refused");
	ck_assert_str_eq(cause_of(PTN_FAULT_STATE, &none), "called at the wrong time");
	ck_assert_str_eq(advice_of(PTN_FAULT_ARGUMENT, &all), "");
}
END_TEST

static void check_shortage(int fault)
{
	int err = POSTERN_E_NOMEM;

	for (int n = 0; err; n++) {
		ck_assert_int_lt(n, 50);
		ptn_buf_free(&cause_buf);
		ptn_buf_free(&advice_buf);
		grants = n;
		err = ptn_explain(&cause_buf, &advice_buf, fault, &all);
		grants = -1;
		if (!err)
			break;
		ck_assert_int_eq(err, POSTERN_E_NOMEM);
		ck_assert_uint_eq(ptn_buf_len(&cause_buf), 0);
		ck_assert_uint_eq(ptn_buf_len(&advice_buf), 0);
		ck_assert_str_eq(ptn_buf_data(&cause_buf), "");
		ck_assert_str_eq(ptn_buf_data(&advice_buf), "");
	}
	check_cause(ptn_buf_data(&cause_buf));
}

START_TEST(without_memory)
{
	for (int fault = 1; fault < PTN_FAULT_COUNT; fault++)
		check_shortage(fault);
}
END_TEST

static void done(void)
{
	ptn_buf_free(&cause_buf);
	ptn_buf_free(&advice_buf);
}

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "explain");

	tcase_add_checked_fixture(t, NULL, done);
	tcase_add_test(t, every_fault_has_a_cause_and_an_advice);
	tcase_add_test(t, any_facts_may_be_missing);
	tcase_add_test(t, no_two_faults_say_the_same);
	tcase_add_test(t, parts_in_braces);
	tcase_add_test(t, the_reply);
	tcase_add_test(t, hostile_text);
	tcase_add_loop_test(t, what_to_do, 0, sizeof(situations) / sizeof(*situations));
	tcase_add_test(t, doubt_is_not_denied);
	tcase_add_test(t, what_is_no_fault);
	tcase_add_test(t, without_memory);
}
