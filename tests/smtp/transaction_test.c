/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "main.h"
#include "smtp/reply.h"
#include "talk.h"

static struct ptn_smtp *idle(const char *ehlo)
{
	struct ptn_smtp *s = talk_begin();

	to_idle(s, ehlo);
	return s;
}

/* Nothing is sent, the session is idle as before, and no event comes. */
static void refused_at_once(const char *ehlo, struct ptn_smtp_envelope e, int fault)
{
	struct ptn_smtp *s = idle(ehlo);

	ck_assert_str_eq(ptn_fault_id(ptn_smtp_mail(s, &e, &mail_mark)), ptn_fault_id(fault));
	hears(s, "");
	has_no_event(s);
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_MAIL | PTN_WANT_READ);
	to_content(s); /* and it serves the next */
	ptn_smtp_free(s);
}

START_TEST(at_once)
{
	static const char *const empty[] = {""}, *const second[] = {"b@example.org",
								    "c>@example.org"};
	struct ptn_smtp_envelope e = envelope;

	e.n = 0;
	refused_at_once("250 mx\r\n", e, PTN_FAULT_ARGUMENT);
	e = envelope;
	e.reverse_path = "a\r\n@b";
	refused_at_once("250 mx\r\n", e, PTN_FAULT_ARGUMENT);
	e = envelope;
	e.recipients = empty;
	refused_at_once("250 mx\r\n", e, PTN_FAULT_ARGUMENT);
	e.recipients = second;
	e.n = 2;
	refused_at_once("250 mx\r\n", e, PTN_FAULT_ARGUMENT);
	e = envelope;
	e.utf8 = 1;
	refused_at_once("250-mx\r\n250 8BITMIME\r\n", e, PTN_FAULT_NEEDS_SMTPUTF8);
	e = envelope;
	e.sized = e.eightbit = 1;
	refused_at_once("250-mx\r\n250 SMTPUTF8\r\n", e, PTN_FAULT_NEEDS_8BITMIME);
}
END_TEST

START_TEST(size_limit)
{
	struct ptn_smtp *s = idle("250-mx\r\n250 SIZE 100\r\n");
	struct ptn_smtp_envelope e = envelope;

	e.sized = 1;
	e.size = 101;
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), PTN_FAULT_TOO_LARGE);
	e.size = 100;
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	hears(s, "MAIL FROM:<a@example.org> SIZE=100\r\n");
	ptn_smtp_free(s);
}
END_TEST

/* A mail is not begun over half a reply that nobody asked for. */
START_TEST(half_a_reply_is_in_the_way)
{
	struct ptn_smtp *s = idle("250 mx\r\n");

	says(s, "421 by");
	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), PTN_FAULT_LOST);
	hears(s, "");
	has_no_event(s);
	ptn_smtp_free(s);
}
END_TEST

START_TEST(eightbit_undeclared)
{
	struct ptn_smtp *s = idle("250-mx\r\n250 8BITMIME\r\n");

	to_content(s); /* the envelope did not say so, so BODY= was not said */
	ck_assert_int_eq(ptn_smtp_body(s, "\xe9\r\n", 3), PTN_FAULT_NEEDS_8BITMIME);
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_NEEDS_8BITMIME);
	has_ended(s, PTN_FAULT_NEEDS_8BITMIME);
	ptn_smtp_free(s);
}
END_TEST

START_TEST(body_fault)
{
	struct ptn_smtp *s = idle("250 mx\r\n");

	to_content(s);
	ck_assert_int_eq(ptn_smtp_body(s, "a\r\nb\r\n", 6), 0);
	ck_assert_int_eq(ptn_smtp_body(s, "c\rd", 3), PTN_FAULT_CONTENT_BARE_CR);
	ck_assert_uint_eq(ptn_smtp_body_line(s), 3);
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_CONTENT_BARE_CR);
	has_ended(s, PTN_FAULT_CONTENT_BARE_CR);
	ck_assert_int_eq(ptn_smtp_body_end(s), 0); /* too late, and harmless */
	has_ended(s, PTN_FAULT_CONTENT_BARE_CR);
	ptn_smtp_free(s);
}
END_TEST

START_TEST(body_at_the_wrong_time)
{
	struct ptn_smtp *s = idle("250 mx\r\n");

	ck_assert_int_eq(ptn_smtp_body(s, "x", 1), 0);
	ck_assert_int_eq(ptn_smtp_body_end(s), 0);
	ptn_smtp_body_fail(s, PTN_FAULT_CONTENT_READER);
	hears(s, "");
	to_content(s);
	ptn_smtp_body_end(s);
	ptn_smtp_body(s, "x", 1);
	ptn_smtp_body_end(s);
	hears(s, ".\r\n");
	ptn_smtp_free(s);
}
END_TEST

START_TEST(reader_fails)
{
	struct ptn_smtp *s = idle("250 mx\r\n");

	to_content(s);
	ptn_smtp_body(s, "half", 4);
	ptn_smtp_body_fail(s, PTN_FAULT_CONTENT_READER);
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_CONTENT_READER);
	has_ended(s, PTN_FAULT_CONTENT_READER);
	ptn_smtp_free(s);
}
END_TEST

/* The window of content that waits is bounded, and opens again. */
START_TEST(body_window)
{
	static char block[32 * 1024];
	struct ptn_smtp *s = idle("250 mx\r\n");
	const char *p;
	size_t n;

	for (size_t i = 0; i < sizeof(block); i++)
		block[i] = i % 64 == 63 ? '\n' : 'x';
	to_content(s);
	for (int i = 0; i < 3 && ptn_smtp_want(s) & PTN_WANT_BODY; i++)
		ck_assert_int_eq(ptn_smtp_body(s, block, sizeof(block)), 0);
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_READ | PTN_WANT_WRITE);
	n = ptn_smtp_out(s, &p);
	ck_assert_uint_lt(n, 5 * sizeof(block));
	ptn_smtp_wrote(s, n / 2 + 1);
	ck_assert(ptn_smtp_want(s) & PTN_WANT_BODY);
	ptn_smtp_free(s);
}
END_TEST

/* RFC 2920 3.1: replies are matched by counting, over more recipients than a flight takes. */
START_TEST(long_flight)
{
	enum { MANY = 1000 };
	static const char *many[MANY];
	struct ptn_smtp_envelope e = {.reverse_path = "", .recipients = many, .n = MANY};
	struct ptn_smtp *s = idle("250-mx\r\n250 PIPELINING\r\n");
	struct ptn_smtp_event ev;
	size_t asked = 0, answered = 0, most = 0;
	const char *p;

	for (size_t i = 0; i < MANY; i++)
		many[i] = "b@example.org";
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	while (answered < MANY + 1) {
		size_t n = ptn_smtp_out(s, &p);

		for (size_t i = 0; i < n; i++)
			asked += p[i] == '\n';
		ptn_smtp_wrote(s, n);
		most = asked - answered > most ? asked - answered : most;
		says(s, answered % 3 == 2 ? "550 no\r\n" : "250 ok\r\n");
		if (answered++) {
			ck_assert_int_eq(ptn_smtp_event(s, &ev), 1);
			ck_assert_uint_eq(ev.recipient, answered - 2);
			ck_assert_int_eq(ev.outcome, (answered - 1) % 3 == 2 ? POSTERN_PERMANENT
									     : POSTERN_PENDING);
		}
	}
	ck_assert_uint_gt(most, 100);
	ck_assert_uint_le(most, 200);
	ptn_smtp_free(s);
}
END_TEST

/* The event of a mail says which reply decided it, and none where none did. */
START_TEST(the_deciding_reply)
{
	struct ptn_smtp *s = idle("250 mx\r\n");
	struct ptn_smtp_event ev;

	ptn_smtp_mail(s, &envelope, &mail_mark);
	hears(s, "MAIL FROM:<a@example.org>\r\n");
	says(s, "451 4.3.0 later\r\n");
	ck_assert_int_eq(ptn_smtp_event(s, &ev), 1);
	ck_assert_int_eq(ev.reply->code, 451);
	ck_assert_int_eq(ev.reply->status[1], 3);
	hears(s, "RSET\r\n");
	says(s, "250 ok\r\n");
	to_content(s);
	ptn_smtp_lost(s, PTN_FAULT_NONE);
	ck_assert_int_eq(ptn_smtp_event(s, &ev), 1);
	ck_assert_ptr_null(ev.reply);
	ptn_smtp_free(s);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "transaction");

	tcase_add_test(t, at_once);
	tcase_add_test(t, size_limit);
	tcase_add_test(t, half_a_reply_is_in_the_way);
	tcase_add_test(t, eightbit_undeclared);
	tcase_add_test(t, body_fault);
	tcase_add_test(t, body_at_the_wrong_time);
	tcase_add_test(t, reader_fails);
	tcase_add_test(t, body_window);
	tcase_add_test(t, long_flight);
	tcase_add_test(t, the_deciding_reply);
}
