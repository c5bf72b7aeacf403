/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The public functions together, on a fake network and clock: postern.c and wait.c.
 */
#include <stdio.h>
#include <string.h>

#include "fake_handle.h"
#include "handle.h"
#include "main.h"
#include "must.h"

static const char url[] = "smtp://fake.test?ports=1,2/implicit";
static char texts[MAILS][32];

/* Mail i, which the world knows by its first line. */
static postern_mail *numbered(int i)
{
	snprintf(texts[i], sizeof(texts[i]), "X-Mail: %d\n\nhello\n", i);
	return new_mail(texts[i]);
}

static void expect_good(postern *p, const postern_mail *m, int i)
{
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_ACCEPTED);
	ck_assert_int_eq(postern_mail_code(m), 0);
	ck_assert_str_eq(postern_mail_error(m), "");
	ck_assert_str_eq(postern_mail_advice(m), "");
	ck_assert_str_eq(postern_mail_queue_id(m), "ABC123");
	ck_assert_str_eq(postern_mail_reply(m), "queued as ABC123");
	ck_assert_int_eq(postern_mail_recipient_code(m, 0), 250);
	ck_assert_str_eq(postern_mail_recipient_status(m, 0), "2.0.0");
	ck_assert_str_eq(postern_error(p), "");
	ck_assert_int_eq(the_world.mail[i].terminated, 1);
	ck_assert_int_eq(the_world.mail[i].answered, 2);
}

/* ---- Sending. ---- */

START_TEST(sent)
{
	postern *p = new_handle(url, "g");

	for (int i = 0; i < MAILS; i++) {
		postern_mail *m = numbered(i);

		ck_assert_int_eq(postern_send(p, m), 0);
		expect_good(p, m, i);
		ck_assert_int_eq(postern_send(p, m), POSTERN_E_STATE); /* not twice */
		ck_assert_int_eq(postern_submit(p, m), POSTERN_E_STATE);
		expect_good(p, m, i);
		postern_mail_free(m);
		ck_assert_ptr_null(postern_done(p)); /* the call gave it back itself */
	}
	ck_assert_int_eq(the_world.opened, 1); /* all on one connection */
	ck_assert_int_eq(postern_quit(p), 0);
	ck_assert_int_eq(world_open(&the_world), 0);
	postern_free(p);
}
END_TEST

START_TEST(the_route)
{
	postern *p = new_handle(url, "rg");
	postern_mail *m = numbered(0);

	ck_assert_int_eq(postern_route_port(p), 0);
	ck_assert_str_eq(postern_route_host(p), "");
	ck_assert_str_eq(postern_route_address(p), "");
	ck_assert_str_eq(postern_route_tls(p), "");
	ck_assert_str_eq(postern_route_tls_version(p), "");
	ck_assert_str_eq(postern_route_mechanism(p), "");
	ck_assert_str_eq(postern_route_save(p), "");
	ck_assert_uint_eq(postern_attempts(p), 0);
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_eq(postern_route_port(p), 2);
	ck_assert_str_eq(postern_route_host(p), "fake.test");
	ck_assert(!strcmp(postern_route_address(p), "127.0.0.1") ||
		  !strcmp(postern_route_address(p), "::1"));
	ck_assert_str_eq(postern_route_tls(p), "implicit");
	ck_assert_str_eq(postern_route_tls_version(p), "none"); /* as the fake filter calls it */
	ck_assert_str_eq(postern_route_mechanism(p), "");
	ck_assert_uint_eq(postern_attempts(p), 2);
	ck_assert_int_eq(postern_attempt_port(p, 0), 1);
	ck_assert_str_eq(postern_attempt_tls(p, 0), "STARTTLS");
	ck_assert_str_eq(postern_attempt_error_id(p, 0), "connect-refused");
	ck_assert_uint_gt(strlen(postern_attempt_error(p, 0)), 0);
	ck_assert_int_eq(postern_attempt_port(p, 1), 2);
	ck_assert_str_eq(postern_attempt_error_id(p, 1), "");
	ck_assert_str_eq(postern_attempt_error(p, 1), "");
	ck_assert_int_gt(postern_attempt_milliseconds(p, 1), 0);
	ck_assert_uint_gt(strlen(postern_attempt_address(p, 1)), 0);
	/* out of range */
	for (size_t i = 2; i < 20; i++) {
		ck_assert_int_eq(postern_attempt_port(p, i), 0);
		ck_assert_str_eq(postern_attempt_tls(p, i), "");
		ck_assert_str_eq(postern_attempt_address(p, i), "");
		ck_assert_int_eq(postern_attempt_milliseconds(p, i), 0);
		ck_assert_str_eq(postern_attempt_error(p, i), "");
		ck_assert_str_eq(postern_attempt_error_id(p, i), "");
	}
	postern_mail_free(m);
	postern_free(p);
}
END_TEST

/* A port whose mode was not named is tried with implicit TLS too, if it stays silent: later than
 * the port behind it, and told so. */
START_TEST(attempts_in_the_order_begun)
{
	postern *p = new_handle(url, "sd");
	postern_mail *m = numbered(0);

	for (int limit = 0; limit < POSTERN_LIMIT_ATTEMPT; limit++)
		postern_set_limit(p, limit, 5000);
	ck_assert_int_ne(postern_send(p, m), 0);
	ck_assert_uint_ge(postern_attempts(p), 2);
	for (size_t i = 0; i < postern_attempts(p); i++)
		ck_assert_int_ne(postern_attempt_port(p, i), 0);
	ck_assert_int_eq(postern_attempt_port(p, 0), 1);
	ck_assert_int_eq(postern_attempt_port(p, postern_attempts(p)), 0);
	postern_mail_free(m);
	postern_free(p);
}
END_TEST

START_TEST(no_way)
{
	postern *p = new_handle(url, "bb");
	postern_mail *m = numbered(0);

	ck_assert_int_eq(postern_send(p, m), POSTERN_E_REFUSED);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PERMANENT);
	ck_assert_str_eq(postern_mail_error_id(m), "greeting-refused");
	ck_assert_str_eq(postern_error(p), postern_mail_error(m));
	ck_assert_uint_gt(strlen(postern_mail_advice(m)), 0);
	/* Reset, it can be tried again, and then it works. */
	the_world.moods[1] = MOOD_GOOD;
	ck_assert_int_eq(postern_mail_reset(m), 0);
	postern_mail_set_text(m, texts[0], strlen(texts[0]));
	ck_assert_int_eq(postern_send(p, m), 0);
	expect_good(p, m, 0);
	postern_mail_free(m);
	postern_free(p);
}
END_TEST

/* ---- The loop's side. ---- */

START_TEST(one_step_after_the_other)
{
	postern *p = new_handle(url, "g");
	postern_mail *m[MAILS];
	int left = MAILS, given = 0;

	ck_assert_int_eq(postern_timeout(p), -1);
	for (int i = 0; i < MAILS; i++) {
		m[i] = numbered(i);
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
		ck_assert_int_eq(postern_mail_outcome(m[i]), POSTERN_PENDING);
		ck_assert_int_eq(postern_submit(p, m[i]), POSTERN_E_STATE);
		ck_assert_int_eq(postern_mail_reset(m[i]), POSTERN_E_STATE);
	}
	ck_assert_int_eq(the_world.opened, 0); /* nothing was done yet */
	ck_assert_int_eq(postern_timeout(p), 0); /* and something can be */
	for (int steps = 0; left; steps++) {
		postern_mail *done;
		int now = postern_step(p);

		must(steps < 10000);
		must(now >= 0 && now <= left);
		left = now;
		while ((done = postern_done(p))) { /* each once, in order */
			ck_assert_ptr_eq(done, m[given]);
			expect_good(p, done, given++);
		}
		the_world.now++;
	}
	ck_assert_int_eq(given, MAILS);
	ck_assert_int_eq(postern_step(p), 0);
	for (int i = 0; i < MAILS; i++)
		postern_mail_free(m[i]);
	postern_free(p);
}
END_TEST

START_TEST(settings_wait_for_the_mails)
{
	postern *p = new_handle(url, "g");
	postern_mail *m = numbered(0);

	for (int at_work = 0; at_work < 2; at_work++) {
		if (!at_work)
			ck_assert_int_eq(postern_submit(p, m), 0);
		for (int i = 0; at_work && !p->drive.at_work; i++) {
			ck_assert_int_lt(i, 10000);
			postern_step(p);
			the_world.now++;
		}
		ck_assert_int_eq(postern_set_login(p, "u", "p"), POSTERN_E_STATE);
		ck_assert_int_eq(postern_set_login(p, NULL, NULL), POSTERN_E_STATE);
		ck_assert_int_eq(postern_set_ports(p, "465"), POSTERN_E_STATE);
		ck_assert_int_eq(postern_set_trust(p, NULL), POSTERN_E_STATE);
		ck_assert_int_eq(postern_set_name(p, "a.example"), POSTERN_E_STATE);
		ck_assert_int_eq(postern_set_mechanisms(p, "PLAIN"), POSTERN_E_STATE);
		ck_assert_int_eq(postern_set_trace(p, NULL, NULL), POSTERN_E_STATE);
		ck_assert_int_eq(postern_set_limit(p, POSTERN_LIMIT_TLS, 5000), 0);
	}
	/* That was the caller's mistake at that time; the mail goes on. */
	ck_assert_str_eq(postern_error(p), "");
	ck_assert_int_eq(postern_quit(p), 0);
	ck_assert_ptr_eq(postern_done(p), m);
	expect_good(p, m, 0);
	/* An idle connection was made with the old settings: it is closed. */
	ck_assert_int_eq(postern_mail_reset(m), 0);
	postern_mail_set_text(m, texts[0], strlen(texts[0]));
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_gt(world_open(&the_world), 0);
	ck_assert_int_eq(postern_set_name(p, "a.example"), 0);
	ck_assert_int_eq(world_open(&the_world), 0);
	postern_mail_free(m);
	postern_free(p);
}
END_TEST

/* ---- Giving up. ---- */

START_TEST(cancelled)
{
	/* after so many steps: queued, on the way, or done */
	int accepted = 0, given_up = 0;

	for (int steps = 0; steps < 400; steps += 3) {
		postern *p = new_handle(url, "g");
		postern_mail *m = numbered(0);

		ck_assert_int_eq(postern_submit(p, m), 0);
		for (int i = 0; i < steps; i++, the_world.now++)
			postern_step(p);
		ck_assert_int_eq(postern_cancel(p), 0);
		ck_assert_int_eq(postern_timeout(p), 0);
		ck_assert_int_eq(postern_step(p), 0);
		ck_assert_ptr_eq(postern_done(p), m);
		if (postern_mail_outcome(m) == POSTERN_ACCEPTED) {
			accepted++;
			expect_good(p, m, 0);
		} else {
			given_up++;
			ck_assert_int_eq(postern_mail_code(m), POSTERN_E_CANCELLED);
			ck_assert_int_eq(postern_mail_outcome(m), the_world.mail[0].terminated
									  ? POSTERN_IN_DOUBT
									  : POSTERN_TRANSIENT);
		}
		/* It is forgotten: the next mail goes. */
		ck_assert_int_eq(postern_mail_reset(m), 0);
		snprintf(texts[1], sizeof(texts[1]), "X-Mail: 1\n\n");
		postern_mail_set_text(m, texts[1], strlen(texts[1]));
		ck_assert_int_eq(postern_cancel(p), 0); /* without mails: nothing */
		ck_assert_int_eq(postern_send(p, m), 0);
		postern_mail_free(m);
		postern_free(p);
	}
	ck_assert(accepted && given_up);
}
END_TEST

START_TEST(freed_at_any_time)
{
	for (int steps = 0; steps < 300; steps += 3)
		for (int mail_first = 0; mail_first < 2; mail_first++) {
			postern *p = new_handle(url, "g");
			postern_mail *m = numbered(0), *other = numbered(1);

			ck_assert_int_eq(postern_submit(p, m), 0);
			ck_assert_int_eq(postern_submit(p, other), 0);
			for (int i = 0; i < steps; i++, the_world.now++)
				postern_step(p);
			if (mail_first) {
				postern_mail_free(m);
				ck_assert_int_eq(postern_quit(p), 0);
				expect_good(p, other, 1);
				postern_free(p);
			} else {
				postern_free(p);
				ck_assert_int_ne(postern_mail_outcome(m), POSTERN_PENDING);
				ck_assert_int_eq(postern_mail_outcome(m) == POSTERN_ACCEPTED,
						 the_world.mail[0].answered == 2);
				postern_mail_free(m);
			}
			ck_assert_int_ne(postern_mail_outcome(other), POSTERN_PENDING);
			postern_mail_free(other);
			ck_assert_int_eq(world_open(&the_world), 0);
		}
}
END_TEST

/* ---- Readers that have nothing yet. ---- */

struct slow {
	const char *text;
	int later; /* times that it has nothing, before each block */
	int count;
};

static ptrdiff_t read_slowly(void *arg, char *buf, size_t cap)
{
	struct slow *r = arg;
	size_t n = strlen(r->text);

	if (r->count++ < r->later)
		return POSTERN_LATER;
	r->count = 0;
	n = n > 5 ? 5 : n;
	n = n > cap ? cap : n;
	memcpy(buf, r->text, n);
	r->text += n;
	return (ptrdiff_t)n;
}

/* Blocking calls ask again by themselves, whichever mail it is that holds up the queue. */
START_TEST(slow_readers)
{
	for (int how = 0; how < 3; how++) {
		postern *p = new_handle(url, "g");
		struct slow r = {.text = "X-Mail: 0\r\n\r\nhello\r\n", .later = 3};
		postern_mail *m = new_mail(NULL), *behind = numbered(1);

		ck_assert_int_eq(postern_mail_set_reader(m, read_slowly, &r), 0);
		if (how == 0) {
			ck_assert_int_eq(postern_send(p, m), 0);
		} else {
			ck_assert_int_eq(postern_submit(p, m), 0);
			ck_assert_int_eq(how == 1 ? postern_quit(p) : postern_send(p, behind), 0);
			ck_assert_ptr_eq(postern_done(p), m);
		}
		expect_good(p, m, 0);
		if (how == 2)
			expect_good(p, behind, 1);
		postern_mail_free(m);
		postern_mail_free(behind);
		postern_free(p);
	}
}
END_TEST

/* ---- What cannot be submitted. ---- */

static void expect_refused(postern *p, postern_mail *m, int code, const char *part)
{
	ck_assert_int_eq(postern_submit(p, m), code);
	ck_assert_int_eq(postern_mail_code(m), code);
	ck_assert_int_ne(postern_mail_outcome(m), POSTERN_PENDING);
	ck_assert_msg(strstr(postern_mail_error(m), part), "\"%s\" not in: %s", part,
		      postern_mail_error(m));
	if (p)
		ck_assert_str_eq(postern_error(p), postern_mail_error(m));
	ck_assert_ptr_null(postern_done(p)); /* it was never queued */
	ck_assert_int_le(postern_step(p), 0);
	ck_assert_int_eq(the_world.opened, 0);
	postern_mail_free(m);
}

START_TEST(not_queued)
{
	postern *p = new_handle(url, "g");
	postern_mail *m = postern_mail_new("me@example.org");

	postern_mail_set_text(m, "x\n", 2);
	expect_refused(p, m, POSTERN_E_ARG, "recipients");
	expect_refused(p, new_mail(NULL), POSTERN_E_CONTENT, "no content");
	expect_refused(p, new_mail("a: b\n\n\rc\n"), POSTERN_E_CONTENT, "line 3");
	m = numbered(0);
	postern_mail_add_recipient(m, "bad");
	expect_refused(p, m, POSTERN_E_ARG, "recipient");
	m = postern_mail_new("bad");
	postern_mail_add_recipient(m, "you@example.net");
	postern_mail_set_text(m, "x\n", 2);
	expect_refused(p, m, POSTERN_E_ARG, "reverse-path");
	no_network = 1;
	p->ctx = NULL;
	expect_refused(p, numbered(0), POSTERN_E_SYSTEM, "operating system");
	ck_assert_int_eq(postern_fd(p), -1);
	ck_assert_int_eq(postern_events(p), 0);
	ck_assert_int_eq(postern_step(p), POSTERN_E_SYSTEM);
	no_network = 0;
	postern_free(p);
	/* A service that cannot be used, and none at all. */
	p = new_handle("two words", "g");
	expect_refused(p, numbered(0), POSTERN_E_ARG, "blank");
	postern_free(p);
	expect_refused(NULL, numbered(0), POSTERN_E_NOMEM, "out of memory");
}
END_TEST

START_TEST(a_setter_that_failed)
{
	postern *p = new_handle(url, "g");
	postern_mail *m = numbered(0);

	ck_assert_int_eq(postern_set_name(p, "two words"), POSTERN_E_ARG);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_ARG);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PERMANENT);
	ck_assert_str_eq(postern_mail_error_id(m), "bad-argument");
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "name"));
	ck_assert_int_eq(postern_set_name(p, "client.example.org"), 0);
	postern_mail_reset(m);
	postern_mail_set_text(m, texts[0], strlen(texts[0]));
	ck_assert_int_eq(postern_send(p, m), 0);
	expect_good(p, m, 0);
	postern_mail_free(m);
	postern_free(p);
}
END_TEST

/* ---- NULL. ---- */

START_TEST(null_handles)
{
	postern_mail *m = numbered(0);
	postern *p = new_handle(url, "g");

	ck_assert_int_eq(postern_send(NULL, NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_submit(p, NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_send(p, NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_send(NULL, m), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_TRANSIENT);
	ck_assert_int_eq(postern_send(NULL, m), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_fd(NULL), -1);
	ck_assert_int_eq(postern_events(NULL), 0);
	ck_assert_int_eq(postern_timeout(NULL), -1);
	ck_assert_int_eq(postern_step(NULL), POSTERN_E_NOMEM);
	ck_assert_ptr_null(postern_done(NULL));
	ck_assert_int_eq(postern_quit(NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_quit(p), 0); /* nothing was begun */
	ck_assert_int_eq(postern_cancel(NULL), POSTERN_E_NOMEM);
	ck_assert_str_eq(postern_error(NULL), postern_strerror(POSTERN_E_NOMEM));
	ck_assert_str_eq(postern_route_host(NULL), "");
	ck_assert_str_eq(postern_route_address(NULL), "");
	ck_assert_int_eq(postern_route_port(NULL), 0);
	ck_assert_str_eq(postern_route_tls(NULL), "");
	ck_assert_str_eq(postern_route_tls_version(NULL), "");
	ck_assert_str_eq(postern_route_mechanism(NULL), "");
	ck_assert_str_eq(postern_route_save(NULL), "");
	ck_assert_int_eq(postern_route_restore(NULL, "x"), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_route_restore(p, NULL), POSTERN_E_ARG);
	ck_assert_uint_eq(postern_attempts(NULL), 0);
	ck_assert_int_eq(postern_attempt_port(NULL, 0), 0);
	ck_assert_str_eq(postern_attempt_error(NULL, 0), "");
	postern_mail_free(m);
	postern_free(p);
}
END_TEST

START_TEST(the_version)
{
	char number[32];

	ck_assert_str_eq(postern_version(), POSTERN_VERSION);
	snprintf(number, sizeof(number), "%d.%d.%d", POSTERN_VERSION_NUMBER >> 16,
		 POSTERN_VERSION_NUMBER >> 8 & 255, POSTERN_VERSION_NUMBER & 255);
	ck_assert_str_eq(number, POSTERN_VERSION);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "postern");

	tcase_add_test(t, sent);
	tcase_add_test(t, the_route);
	tcase_add_test(t, attempts_in_the_order_begun);
	tcase_add_test(t, no_way);
	tcase_add_test(t, one_step_after_the_other);
	tcase_add_test(t, settings_wait_for_the_mails);
	tcase_add_test(t, cancelled);
	tcase_add_test(t, freed_at_any_time);
	tcase_add_test(t, slow_readers);
	tcase_add_test(t, not_queued);
	tcase_add_test(t, a_setter_that_failed);
	tcase_add_test(t, null_handles);
	tcase_add_test(t, the_version);
}
