/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Time limits at every stage, against a server that is too slow there.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "main.h"

enum { SHORT = 250, FAR = 8000 };

static const struct row {
	const char *delay;
	int limit, outcome;
	const char *fault;
} rows[] = {
	{"GREETING=20000", POSTERN_LIMIT_GREETING, POSTERN_TRANSIENT, "greeting-silent"},
	{"EHLO=20000", POSTERN_LIMIT_COMMAND, POSTERN_TRANSIENT, "ehlo-timeout"},
	{"STARTTLS=20000", POSTERN_LIMIT_COMMAND, POSTERN_TRANSIENT, "starttls-timeout"},
	{"EHLO#2=20000", POSTERN_LIMIT_COMMAND, POSTERN_TRANSIENT, "tls-ehlo-timeout"},
	{"AUTH=20000", POSTERN_LIMIT_AUTH, POSTERN_TRANSIENT, "auth-timeout"},
	{"MAIL=20000", POSTERN_LIMIT_MAIL, POSTERN_TRANSIENT, "reply-timeout"},
	{"RCPT=20000", POSTERN_LIMIT_RCPT, POSTERN_TRANSIENT, "reply-timeout"},
	{"DATA=20000", POSTERN_LIMIT_DATA, POSTERN_TRANSIENT, "reply-timeout"},
	{"DOT=20000", POSTERN_LIMIT_FINAL, POSTERN_IN_DOUBT, "timeout-after-content"},
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* The named limit, or the overall one, strikes while the server is slow. */
static void slow(const struct row *r, int limit, const char *fault, const char *without)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;
	long long began;

	box_open(&b, "starttls", NULL, "--judge", "--delay", r->delay, "--without", without, NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_set_limit(p, limit, SHORT), 0);
	ck_assert_int_eq(postern_set_limit(p, POSTERN_LIMIT_QUIT, SHORT), 0);
	began = now_ms();
	ck_assert_int_ne(postern_send(p, m), 0);
	ck_assert_int_lt((int)(now_ms() - began), FAR);
	ck_assert_int_ge((int)(now_ms() - began), SHORT);
	ck_assert_str_eq(postern_mail_error_id(m), fault);
	ck_assert_int_eq(postern_mail_outcome(m), r->outcome);
	ck_assert_int_eq(postern_mail_recipient_outcome(m, 0), r->outcome);
	postern_free(p);
	postern_mail_free(m);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	box_close(&b);
}

START_TEST(each_stage)
{
	printf("limit at %s\n", rows[_i / 2].delay);
	slow(&rows[_i / 2], rows[_i / 2].limit, rows[_i / 2].fault,
	     _i % 2 ? "PIPELINING,CHUNKING" : "CHUNKING");
}
END_TEST

START_TEST(overall)
{
	const struct row *r = &rows[_i];

	printf("overall limit at %s\n", r->delay);
	slow(r, POSTERN_LIMIT_OVERALL,
	     r->outcome == POSTERN_IN_DOUBT ? "timeout-after-content" : "time-limit", "CHUNKING");
}
END_TEST

/* After the 220 nothing comes: the handshake's own limit (ST-22). */
START_TEST(handshake)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	box_open(&b, _i ? "none" : "starttls",
		 _i ? "stop-read 3000\n"
		    : HELLO "send \"250-e2e\\r\\n250 STARTTLS\\r\\n\"\nexpect \"STARTTLS\"\n"
			    "send \"220 go\\r\\n\"\nstop-read 3000\n",
		 NULL);
	strcpy(b.mode[0], _i ? "implicit" : "starttls");
	p = box_client(&b);
	postern_set_limit(p, POSTERN_LIMIT_TLS, SHORT);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_TLS);
	ck_assert_str_eq(postern_mail_error_id(m), "tls-timeout");
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_TRANSIENT);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* Octets that trickle in do not move the deadline. */
START_TEST(trickle)
{
	static const char *const scripts[] = {
		OPEN "expect \"MAIL *\"\nsend \"250\"\nrepeat 200\nsend \"-x\\r\\n250\"\ndelay "
		     "30\nend\n",
		OPEN "expect \"MAIL *\"\nseg 1 30\nsend \"250 \" \"x\"*400 \"\\r\\n\"\n",
		OPEN CONTENT "seg 1 30\nsend \"250 \" \"x\"*400 \"\\r\\n\"\n",
	};
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;
	long long began;

	box_open(&b, "starttls", scripts[_i], NULL);
	p = box_client(&b);
	postern_set_limit(p, POSTERN_LIMIT_MAIL, SHORT);
	postern_set_limit(p, POSTERN_LIMIT_FINAL, SHORT);
	began = now_ms();
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_TIMEOUT);
	ck_assert_int_lt((int)(now_ms() - began), 4000);
	ck_assert_int_eq(postern_mail_outcome(m), _i == 2 ? POSTERN_IN_DOUBT : POSTERN_TRANSIENT);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* A server that reads no content. */
START_TEST(block)
{
	size_t n = 32u << 20;
	char *big = malloc(n);
	struct box b;
	postern_mail *m = postern_mail_new("sender@example.org");
	postern *p;

	ck_assert_ptr_nonnull(big);
	for (size_t i = 0; i < n; i++)
		big[i] = i % 64 == 63 ? '\n' : 'x';
	memcpy(big, "A: b\n\n", 6);
	box_open(&b, "starttls", OPEN TO_DATA "stop-read 3000\n", NULL);
	p = box_client(&b);
	postern_set_limit(p, POSTERN_LIMIT_BLOCK, SHORT);
	postern_mail_add_recipient(m, "a@example.com");
	postern_mail_set_text(m, big, n);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_TIMEOUT);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_TRANSIENT);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
	free(big);
}
END_TEST

/* What was too late is never taken for the answer to the next mail. */
START_TEST(late_reply)
{
	struct box b;
	postern_mail *first = a_mail("a@example.com"), *second = a_mail("b@example.com");
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", "--delay", "DOT=600", NULL);
	p = box_user(&b);
	postern_set_limit(p, POSTERN_LIMIT_FINAL, 200);
	ck_assert_int_eq(postern_send(p, first), POSTERN_E_TIMEOUT);
	ck_assert_int_eq(postern_mail_outcome(first), POSTERN_IN_DOUBT);
	postern_set_limit(p, POSTERN_LIMIT_FINAL, -1);
	ck_assert_int_eq(postern_send(p, second), 0);
	ck_assert_int_eq(postern_quit(p), 0);
	box_quiet(&b);
	ck_assert_int_eq(box_count(&b, " open 127."), 2);
	ck_assert_int_eq(box_count(&b, "RCPT TO:<b@"), 1);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(first);
	postern_mail_free(second);
	box_close(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "limits");

	tcase_add_loop_test(t, each_stage, 0, 2 * ROWS);
	tcase_add_loop_test(t, overall, 0, ROWS);
	tcase_add_loop_test(t, handshake, 0, 2);
	tcase_add_loop_test(t, trickle, 0, 3);
	tcase_add_test(t, block);
	tcase_add_test(t, late_reply);
}
