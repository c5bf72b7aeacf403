/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The engine's own ways.  What replies mean is told by the stories.
 */
#include <string.h>

#include "../stories/failing.h"
#include "base/buf.h"
#include "main.h"
#include "smtp/capability.h"
#include "smtp/reply.h"
#include "talk.h"

START_TEST(nothing_before_the_greeting)
{
	struct ptn_smtp *s = talk_begin();
	unsigned turn;

	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_READ);
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_GREETING);
	ck_assert_int_eq(ptn_smtp_greeted(s), 0);
	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, NULL), PTN_FAULT_LOST);
	hears(s, "");
	to_idle(s, "250 mx\r\n");
	ck_assert_int_eq(ptn_smtp_greeted(s), 1);
	ck_assert_int_eq(ptn_smtp_used(s), 0);
	ptn_smtp_free(s);
	ptn_smtp_free(NULL);
}
END_TEST

static const struct {
	const char *greeting, *detail;
} strangers[] = {
	{"HTTP/1.1 400 Bad Request\r\nServer: x\r\n", "it says \"HTTP/1.1 400 Bad Request\""},
	{"* OK IMAP4 ready\r\n", "it says \"* OK IMAP4 ready\""},
	{"\x1b]0;x\x07\r\n", "it says \"\\x1B]0;x\\x07\""},
	{"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u5 and more than is fit to be shown to anyone "
	 "here\r\n",
	 "it says \"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u5 and more than is fit to b\""},
	{"\r\n", "a reply does not begin with three digits"},
};

START_TEST(strangers_are_quoted)
{
	struct ptn_smtp *s = talk_begin();

	ptn_smtp_feed(s, strangers[_i].greeting, strlen(strangers[_i].greeting));
	ck_assert_int_eq(ptn_smtp_fault(s), PTN_FAULT_GREETING_NOT_SMTP);
	ck_assert_str_eq(ptn_smtp_detail(s), strangers[_i].detail);
	ptn_smtp_free(s);
}
END_TEST

START_TEST(implicit_waits_for_tls)
{
	struct ptn_smtp *s;

	policy.security = PTN_SMTP_IMPLICIT;
	s = talk_begin();
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_TLS);
	ptn_smtp_tls_up(s);
	ck_assert_int_eq(ptn_smtp_secured(s), 1);
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_READ);
	to_idle(s, "250-mx\r\n250 STARTTLS\r\n");
	ptn_smtp_free(s);
}
END_TEST

START_TEST(tls_up_unasked_changes_nothing)
{
	struct ptn_smtp *s = talk_begin();

	ptn_smtp_tls_up(s);
	ck_assert_int_eq(ptn_smtp_secured(s), 0);
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_READ);
	ptn_smtp_free(s);
}
END_TEST

START_TEST(tls_forgets)
{
	struct ptn_smtp *s;

	policy.security = PTN_SMTP_STARTTLS;
	s = talk_begin();
	says(s, "220 mx\r\n");
	hears(s, "EHLO client.example.org\r\n");
	says(s, "250-mx\r\n250-AUTH X\r\n250-SIZE 9\r\n250 STARTTLS\r\n");
	hears(s, "STARTTLS\r\n");
	says(s, "220 go\r\n");
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_TLS);
	ck_assert_uint_eq(ptn_smtp_capability(s)->has, 0);
	ck_assert_uint_eq(ptn_smtp_capability(s)->size, 0);
	ck_assert_str_eq(ptn_buf_data(&ptn_smtp_capability(s)->auth), "");
	ptn_smtp_tls_up(s);
	hears(s, "EHLO client.example.org\r\n");
	ptn_smtp_free(s);
}
END_TEST

/* One octet, whatever it is, and the handshake is off. */
START_TEST(one_octet_before_tls)
{
	struct ptn_smtp *s;
	char octet = (char)_i;

	policy.security = PTN_SMTP_STARTTLS;
	s = talk_begin();
	says(s, "220 mx\r\n");
	hears(s, "EHLO client.example.org\r\n");
	says(s, "250-mx\r\n250 STARTTLS\r\n");
	hears(s, "STARTTLS\r\n");
	says(s, "220 go\r\n");
	says_octets(s, &octet, 1);
	has_ended(s, PTN_FAULT_STARTTLS_INJECTED);
	ptn_smtp_tls_up(s);
	has_ended(s, PTN_FAULT_STARTTLS_INJECTED);
	ck_assert_int_eq(ptn_smtp_secured(s), 0);
	ptn_smtp_free(s);
}
END_TEST

/* A command that has not left whole cannot have been answered. */
START_TEST(answer_before_the_command_left)
{
	struct ptn_smtp *s = talk_begin();

	says(s, "220 mx\r\n");
	ptn_smtp_wrote(s, 20); /* of 25 */
	says(s, "250 mx\r\n");
	has_ended(s, PTN_FAULT_EHLO_MALFORMED);
	ptn_smtp_free(s);
}
END_TEST

/* In doubt is the mail exactly from the octet on that completes the terminator. */
START_TEST(doubt_begins_with_the_last_octet)
{
	struct ptn_smtp *s = talk_begin();
	const char *p;
	size_t n;

	to_idle(s, "250 mx\r\n");
	to_content(s);
	ck_assert_int_eq(ptn_smtp_body(s, "x", 1), 0);
	ck_assert_int_eq(ptn_smtp_body_end(s), 0);
	n = ptn_smtp_out(s, &p);
	ck_assert_uint_eq(n, 6);
	ptn_smtp_wrote(s, (size_t)_i);
	ptn_smtp_lost(s, PTN_FAULT_NONE);
	if (_i == 6)
		has_event(s, PTN_EVENT_MAIL, POSTERN_IN_DOUBT, PTN_FAULT_LOST_IN_DOUBT);
	else
		has_event(s, PTN_EVENT_MAIL, POSTERN_TRANSIENT, PTN_FAULT_LOST);
	has_no_event(s);
	has_ended(s, _i == 6 ? PTN_FAULT_LOST_IN_DOUBT : PTN_FAULT_LOST);
	ptn_smtp_free(s);
}
END_TEST

static const struct {
	int given, before, after; /* the fault said, and what it becomes */
	int outcome; /* before */
} losses[] = {
	{PTN_FAULT_NONE, PTN_FAULT_LOST, PTN_FAULT_LOST_IN_DOUBT, POSTERN_TRANSIENT},
	{PTN_FAULT_REPLY_TIMEOUT, PTN_FAULT_REPLY_TIMEOUT, PTN_FAULT_TIMEOUT_IN_DOUBT,
	 POSTERN_TRANSIENT},
	{PTN_FAULT_TIME_LIMIT, PTN_FAULT_TIME_LIMIT, PTN_FAULT_TIMEOUT_IN_DOUBT, POSTERN_TRANSIENT},
	{PTN_FAULT_CANCELLED, PTN_FAULT_CANCELLED, PTN_FAULT_CANCELLED_IN_DOUBT, POSTERN_TRANSIENT},
	{PTN_FAULT_TLS_BROKEN, PTN_FAULT_TLS_BROKEN, PTN_FAULT_LOST_IN_DOUBT, POSTERN_PERMANENT},
	{PTN_FAULT_NO_MEMORY, PTN_FAULT_NO_MEMORY, PTN_FAULT_LOST_IN_DOUBT, POSTERN_TRANSIENT},
	{PTN_FAULT_SYSTEM, PTN_FAULT_SYSTEM, PTN_FAULT_LOST_IN_DOUBT, POSTERN_TRANSIENT},
};

START_TEST(lost)
{
	for (int after = 0; after < 2; after++) {
		struct ptn_smtp *s = talk_begin();

		to_idle(s, "250 mx\r\n");
		to_content(s);
		ptn_smtp_body_end(s);
		if (after)
			hears(s, ".\r\n");
		ptn_smtp_lost(s, losses[_i].given);
		has_event(s, PTN_EVENT_MAIL, after ? POSTERN_IN_DOUBT : losses[_i].outcome,
			  after ? losses[_i].after : losses[_i].before);
		ptn_smtp_lost(s, PTN_FAULT_SYSTEM); /* the second time changes nothing */
		has_no_event(s);
		has_ended(s, after ? losses[_i].after : losses[_i].before);
		ptn_smtp_free(s);
	}
}
END_TEST

START_TEST(timers)
{
	struct ptn_smtp *s = talk_begin();
	unsigned turn, before;

	to_idle(s, "250 mx\r\n");
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_NONE);
	ptn_smtp_mail(s, &envelope, &mail_mark);
	ck_assert_int_eq(ptn_smtp_timer(s, &before), PTN_TIMER_MAIL);
	ck_assert_uint_ne(turn, before);
	hears(s, "MAIL FROM:<a@example.org>\r\n");
	says(s, "25");
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_MAIL);
	ck_assert_uint_eq(turn, before);
	says(s, "0 ok\r\n");
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_RCPT);
	ck_assert_uint_ne(turn, before);
	hears(s, "RCPT TO:<b@example.org>\r\n");
	says(s, "250 ok\r\n");
	has_event(s, PTN_EVENT_RECIPIENT, POSTERN_PENDING, PTN_FAULT_NONE);
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_DATA);
	hears(s, "DATA\r\n");
	says(s, "354 go\r\n");
	ck_assert_int_eq(ptn_smtp_timer(s, &before), PTN_TIMER_BLOCK);
	ptn_smtp_body(s, "x\r\n", 3);
	hears(s, "x\r\n");
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_BLOCK);
	ck_assert_uint_ne(turn, before);
	ptn_smtp_body_end(s);
	ck_assert_int_eq(ptn_smtp_timer(s, &before), PTN_TIMER_BLOCK);
	hears(s, ".\r\n");
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_FINAL);
	ck_assert_uint_ne(turn, before);
	says(s, "250 ok\r\n");
	has_event(s, PTN_EVENT_MAIL, POSTERN_ACCEPTED, PTN_FAULT_NONE);
	ptn_smtp_quit(s);
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_QUIT);
	ptn_smtp_free(s);
}
END_TEST

START_TEST(quit)
{
	struct ptn_smtp *s = talk_begin();

	ptn_smtp_quit(s); /* before the greeting: nothing to say */
	has_ended(s, PTN_FAULT_NONE);
	ptn_smtp_free(s);
	s = talk_begin();
	to_idle(s, "250 mx\r\n");
	ptn_smtp_quit(s);
	hears(s, "QUIT\r\n");
	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, NULL), PTN_FAULT_LOST);
	says(s, "221 bye\r\n");
	has_ended(s, PTN_FAULT_NONE);
	ptn_smtp_free(s);
	s = talk_begin();
	to_idle(s, "250 mx\r\n");
	to_content(s);
	ptn_smtp_quit(s); /* with a mail at work: the end */
	has_event(s, PTN_EVENT_MAIL, POSTERN_TRANSIENT, PTN_FAULT_LOST);
	has_ended(s, PTN_FAULT_NONE);
	ptn_smtp_free(s);
}
END_TEST

/* A second reply behind one with an event waits until the event was taken. */
START_TEST(feed_stops_at_an_event)
{
	static const char two[] = "250 ok\r\n250 ok\r\n354 go\r\n";
	struct ptn_smtp *s = talk_begin();

	to_idle(s, "250-mx\r\n250 PIPELINING\r\n");
	ptn_smtp_mail(s, &envelope, &mail_mark);
	hears(s, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nDATA\r\n");
	ck_assert_uint_eq(ptn_smtp_feed(s, two, 24), 16);
	ck_assert_uint_eq(ptn_smtp_feed(s, two + 16, 8), 0);
	has_event(s, PTN_EVENT_RECIPIENT, POSTERN_PENDING, PTN_FAULT_NONE);
	ck_assert_uint_eq(ptn_smtp_feed(s, two + 16, 8), 8);
	ck_assert(ptn_smtp_want(s) & PTN_WANT_BODY);
	ptn_smtp_free(s);
}
END_TEST

/* ---- Every request for memory failing, once and from there on. ---- */

static const struct {
	const char *say; /* a step of the server's, after all we have to say was taken */
} steps[] = {{"220 mx\r\n"},
	     {"250-mx\r\n250-AUTH PLAIN LOGIN\r\n250 STARTTLS\r\n"},
	     {"220 go\r\n"},
	     {"250-mx\r\n250-AUTH PLAIN LOGIN\r\n250-PIPELINING\r\n250 SIZE 100000\r\n"},
	     {"334 VXNlcm5hbWU6\r\n"},
	     {"334 UGFzc3dvcmQ6\r\n"},
	     {"235 2.7.0 welcome\r\n"},
	     {"250 ok\r\n250 ok\r\n550 5.1.1 no\r\n354 go\r\n"},
	     {"250 2.0.0 queued\r\n"},
	     {"550 no\r\n503 a\r\n503 b\r\n503 c\r\n"},
	     {"250 ok\r\n"},
	     {"221 bye\r\n"}};

struct whole_session {
	int mails, handed, refused_at_once;
	int outcome[2], recipients[4];
	const char *secret;
};

static void serve(struct ptn_smtp *s, struct whole_session *w)
{
	static const char *const two[] = {"b@example.org", "c@example.org"};
	static struct ptn_smtp_envelope e = {
		.reverse_path = "a@example.org", .recipients = two, .n = 2};
	static char body[3000];
	size_t n;
	int want = ptn_smtp_want(s);

	if (want & PTN_WANT_TLS)
		ptn_smtp_tls_up(s);
	else if (want & PTN_WANT_SASL && !ptn_smtp_challenge(s, &n))
		ptn_smtp_auth_begin(s, "LOGIN", NULL, 0, 0);
	else if (want & PTN_WANT_SASL)
		ptn_smtp_auth_respond(
			s, n == 9 && *ptn_smtp_challenge(s, &n) == 'U' ? "user" : w->secret,
			n == 9 && *ptn_smtp_challenge(s, &n) == 'U' ? 4 : 14,
			*ptn_smtp_challenge(s, &n) == 'P');
	else if (want & PTN_WANT_MAIL && w->mails == 2)
		ptn_smtp_quit(s);
	else if (want & PTN_WANT_MAIL) {
		memset(body, 'x', 900);
		body[900] = '\n';
		w->mails++;
		w->refused_at_once |= ptn_smtp_mail(s, &e, &mail_mark);
	} else if (want & PTN_WANT_BODY) {
		for (int i = 0; i < 20; i++)
			ptn_smtp_body(s, body, 901);
		ptn_smtp_body_end(s);
	}
}

static void take_events(struct ptn_smtp *s, struct whole_session *w)
{
	struct ptn_smtp_event ev;

	while (ptn_smtp_event(s, &ev))
		if (ev.what == PTN_EVENT_MAIL)
			w->outcome[w->mails - 1] = ev.outcome;
		else
			w->recipients[ev.recipient]++;
}

/* Gives the requests made. */
static long run(long at, int on, struct whole_session *w, int *fault)
{
	struct ptn_smtp *s;
	const char *p;

	*w = (struct whole_session){.secret = "hunter2-Secret"};
	policy.security = PTN_SMTP_STARTTLS;
	policy.auth = 1;
	policy.secret = w->secret;
	failing_begin(at, on);
	s = ptn_smtp_new(&policy);
	*fault = PTN_FAULT_NO_MEMORY;
	for (size_t i = 0; s && i < sizeof(steps) / sizeof(*steps); i++) {
		size_t n, used = 0, len = strlen(steps[i].say);

		while (used < len) {
			used += ptn_smtp_feed(s, steps[i].say + used, len - used);
			take_events(s, w);
		}
		for (int k = 0; k < 6; k++) {
			serve(s, w);
			take_events(s, w);
			n = ptn_smtp_out(s, &p);
			w->handed |= n >= 3 && !memcmp(p + n - 3, ".\r\n", 3);
			ptn_smtp_wrote(s, n);
			ptn_smtp_trace(s, &p);
		}
		*fault = ptn_smtp_fault(s);
	}
	if (s)
		ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_END);
	ptn_smtp_free(s);
	at = failing_end();
	ck_assert_uint_eq(failing_live(), 0);
	return at;
}

START_TEST(memory_fails)
{
	struct whole_session w;
	int fault;
	long most = run(-1, 0, &w, &fault);

	ck_assert_str_eq(ptn_fault_id(fault), "");
	ck_assert_int_eq(w.outcome[0], POSTERN_ACCEPTED);
	ck_assert_int_eq(w.outcome[1], POSTERN_PERMANENT);
	ck_assert_int_gt(most, 10);
	for (long at = 0; at < most; at++) {
		run(at, _i, &w, &fault);
		ck_assert_int_eq(w.refused_at_once, 0);
		ck_assert_msg(fault == PTN_FAULT_NONE || fault == PTN_FAULT_NO_MEMORY ||
				      (fault == PTN_FAULT_LOST_IN_DOUBT && w.handed),
			      "request %ld: %s", at, ptn_fault_id(fault));
		for (int i = 0; i < w.mails; i++)
			ck_assert_int_ne(w.outcome[i], POSTERN_PENDING);
		if (w.mails && !w.handed)
			ck_assert(w.outcome[0] == POSTERN_TRANSIENT);
	}
}
END_TEST

static void reset_policy(void)
{
	policy.security = PTN_SMTP_CLEAR;
	policy.auth = 0;
	policy.secret = NULL;
}

/* What is given back while it rests is asked for again by what follows, which may find none. */
START_TEST(after_a_rest)
{
	struct ptn_smtp *s = talk_begin();

	to_idle(s, "250 mx\r\n");
	ptn_smtp_rest(s);
	failing_begin(0, 1);
	if (_i)
		ptn_smtp_quit(s);
	else
		ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), PTN_FAULT_NO_MEMORY);
	ck_assert_int_gt(failing_end(), 0);
	if (_i) {
		ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_END);
	} else {
		ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_MAIL | PTN_WANT_READ);
		ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), 0);
		hears(s, "MAIL FROM:<a@example.org>\r\n");
	}
	ptn_smtp_free(s);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "session");

	tcase_add_checked_fixture(t, NULL, reset_policy);
	tcase_add_test(t, nothing_before_the_greeting);
	EACH(t, strangers_are_quoted, strangers);
	tcase_add_test(t, implicit_waits_for_tls);
	tcase_add_test(t, tls_up_unasked_changes_nothing);
	tcase_add_test(t, tls_forgets);
	tcase_add_loop_test(t, one_octet_before_tls, 0, 256);
	tcase_add_test(t, answer_before_the_command_left);
	tcase_add_loop_test(t, doubt_begins_with_the_last_octet, 0, 7);
	tcase_add_loop_test(t, lost, 0, sizeof(losses) / sizeof(*losses));
	tcase_add_test(t, timers);
	tcase_add_test(t, quit);
	tcase_add_test(t, feed_stops_at_an_event);
	tcase_add_loop_test(t, memory_fails, 0, 2);
	tcase_add_loop_test(t, after_a_rest, 0, 2);
}
