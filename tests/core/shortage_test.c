/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A whole submission in which each request for memory fails: once, and from there on.  What is said
 * of the mail stays true, nothing is lost silently, and nothing is left behind.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_handle.h"
#include "main.h"
#include "must.h"
#include "memory.h"

enum { RECIPIENTS = 5, REQUESTS_MOST = 2000 };

static const char message[] = "X-Mail: 0\n\n.hello\nworld";

static void listen(void *arg, int dir, const char *line, size_t len)
{
	char *seen = arg;

	*seen |= (char)dir;
	must(!memchr(line, '\n', len));
}

struct reader {
	size_t at;
};

static ptrdiff_t read_some(void *arg, char *buf, size_t cap)
{
	struct reader *r = arg;
	size_t n = strlen(message + r->at);

	n = n > 9 ? 9 : n;
	ck_assert_uint_ge(cap, n);
	memcpy(buf, message + r->at, n);
	r->at += n;
	return (ptrdiff_t)n;
}

/* The ways to do it. */
struct way {
	int reader, loop, completion;
	const char *moods;
};
static const struct way ways[] = {
	{0, 0, 1, "gg"}, {0, 1, 0, "gg"}, {1, 0, 1, "gg"},
	{1, 1, 0, "gg"}, {0, 0, 0, "rg"}, {0, 1, 1, "sg"},
};

static postern *make_handle(char *seen)
{
	postern *p = postern_new("smtp://user:pencil@fake.test?auth=PLAIN&name=client.example.org");

	take_over(p);
	postern_set_ports(p, "1/starttls,2/implicit");
	postern_set_login(p, "user", "pencil");
	postern_set_trace(p, listen, seen);
	for (int limit = POSTERN_LIMIT_RESOLVE; limit < POSTERN_LIMIT_ATTEMPT; limit++)
		postern_set_limit(p, limit, 3000);
	return p;
}

static postern_mail *make_mail(const struct way *way, struct reader *r)
{
	postern_mail *m = postern_mail_new("me@example.org");

	for (int i = 0; i < RECIPIENTS; i++)
		postern_mail_add_recipient(m, "you@example.net");
	if (way->reader)
		postern_mail_set_reader(m, read_some, r);
	else
		postern_mail_set_text(m, message, strlen(message));
	postern_mail_set_completion(m, way->completion);
	return m;
}

static void loop(postern *p, postern_mail *m)
{
	int left = postern_submit(p, m) ? 0 : 1;

	for (int steps = 0; left > 0; steps++) {
		must(steps < 100000);
		left = postern_step(p);
		the_world.now += 3;
	}
	if (postern_mail_outcome(m) && postern_done(p))
		ck_assert_ptr_null(postern_done(p));
}

/* All that may be asked, for the sanitizers. */
static void ask(postern *p, const postern_mail *m)
{
	size_t n = strlen(postern_mail_error(m)) + strlen(postern_mail_advice(m)) +
		   strlen(postern_mail_queue_id(m)) + strlen(postern_mail_reply(m)) +
		   strlen(postern_mail_message_id(m)) + strlen(postern_error(p)) +
		   strlen(postern_route_save(p)) + strlen(postern_route_mechanism(p));

	for (size_t i = 0; i < postern_attempts(p); i++)
		n += strlen(postern_attempt_error(p, i)) + strlen(postern_attempt_address(p, i));
	for (size_t i = 0; i < postern_mail_recipients(m); i++)
		n += strlen(postern_mail_recipient_text(m, i));
	ck_assert_uint_lt(n, 100000);
}

/* What the world saw, against what is said. */
static void judge(const postern_mail *m, int n)
{
	int outcome = postern_mail_outcome(m), answered = the_world.mail[0].answered,
	    terminated = the_world.mail[0].terminated;

	ck_assert_msg(outcome != POSTERN_PENDING, "request %d: pending", n);
	ck_assert_msg((outcome == POSTERN_ACCEPTED) == (answered == 2),
		      "request %d: %s, answered %d", n, postern_outcome_name(outcome), answered);
	ck_assert_int_ne(outcome, POSTERN_PARTIAL);
	ck_assert_msg((outcome == POSTERN_IN_DOUBT) == (terminated && answered != 2),
		      "request %d: %s, terminated %d", n, postern_outcome_name(outcome),
		      terminated);
	for (size_t i = 0; i < postern_mail_recipients(m); i++)
		ck_assert_int_eq(postern_mail_recipient_outcome(m, i), outcome);
	if (outcome == POSTERN_ACCEPTED) {
		ck_assert_uint_eq(postern_mail_recipients(m), RECIPIENTS);
		ck_assert_int_eq(postern_mail_code(m), 0);
		return;
	}
	ck_assert_msg(postern_mail_code(m) == POSTERN_E_NOMEM || outcome == POSTERN_IN_DOUBT,
		      "request %d: %s (%s)", n, postern_mail_error_id(m), postern_mail_error(m));
	ck_assert_msg(*postern_mail_error(m), "request %d: no words", n);
	ck_assert_int_eq(the_world.mail[0].begun > 1, 0);
}

/* One run, with request n failing; gives how many failed. */
static int submit_once(const struct way *way, int n, int once, int *outcome)
{
	struct reader r = {0};
	char seen = 0;
	postern *p;
	postern_mail *m;

	world_begin(&the_world, (unsigned long long)n % 7, 0);
	the_world.auth = 1;
	for (int i = 0; i < 2; i++)
		the_world.moods[i + 1] = way->moods[i] == 'g'   ? MOOD_GOOD
					 : way->moods[i] == 'r' ? MOOD_REFUSED
								: MOOD_SILENT;
	polls = refused = 0;
	refuse_once = once;
	grants = n;
	p = make_handle(&seen);
	m = make_mail(way, &r);
	if (way->loop)
		loop(p, m);
	else
		postern_send(p, m);
	grants = -1;
	ask(p, m);
	if (m)
		judge(m, n);
	*outcome = postern_mail_outcome(m);
	postern_quit(p);
	postern_free(p);
	ck_assert_int_eq(world_open(&the_world), 0);
	postern_mail_free(m);
	return refused;
}

START_TEST(every_request_fails)
{
	int step = getenv("POSTERN_SLOW") ? 7 : 1;

	for (int once = 0; once < 2; once++) {
		int outcomes[6] = {0}, outcome = 0, n = 0;

		while (submit_once(&ways[_i], n, once, &outcome)) {
			outcomes[outcome]++;
			n += step;
			ck_assert_int_lt(n, REQUESTS_MOST);
		}
		ck_assert_int_eq(outcome, POSTERN_ACCEPTED); /* with all of them granted */
		ck_assert_int_gt(n, 30);
		ck_assert_int_gt(outcomes[POSTERN_TRANSIENT], 0);
	}
}
END_TEST

/* ---- Several mails in a window. ---- */

enum { SEVERAL = 4 };

static struct reader readers[SEVERAL];
static char texts[SEVERAL][32];

/* The second one has a reader, with chunks that are not known when they begin. */
static ptrdiff_t read_mail(void *arg, char *buf, size_t cap)
{
	struct reader *r = arg;
	const char *from = texts[r - readers] + r->at;
	size_t n = strlen(from);

	n = n > 9 ? 9 : n;
	ck_assert_uint_ge(cap, n);
	memcpy(buf, from, n);
	r->at += n;
	return (ptrdiff_t)n;
}

static postern_mail *make_nth(int i, int reader)
{
	postern_mail *m = postern_mail_new("me@example.org");
	char address[32];

	snprintf(texts[i], sizeof(texts[i]), "X-Mail: %d\n\nhello\n", i);
	readers[i].at = 0;
	for (int k = 0; k < 2; k++) {
		snprintf(address, sizeof(address), "r%d.m%d@d.example", k, i);
		postern_mail_add_recipient(m, address);
	}
	if (reader)
		postern_mail_set_reader(m, read_mail, &readers[i]);
	else
		postern_mail_set_text(m, texts[i], strlen(texts[i]));
	postern_mail_set_completion(m, 0);
	return m;
}

/* A recipient's outcome, against what the world saw: what it took is never denied. */
static void judge_nth(const postern_mail *m, int i, int n)
{
	ck_assert_msg(postern_mail_outcome(m) != POSTERN_PENDING, "request %d mail %d: pending", n,
		      i);
	for (size_t k = 0; k < postern_mail_recipients(m); k++) {
		const struct fate *f = &the_world.fates[i][k];
		int outcome = postern_mail_recipient_outcome(m, k);

		ck_assert_msg(f->taken <= 1, "request %d mail %d: sent twice", n, i);
		ck_assert_msg((outcome == POSTERN_ACCEPTED) == (f->answered == 2),
			      "request %d mail %d: %s, answered %d", n, i,
			      postern_outcome_name(outcome), f->answered);
		ck_assert_msg(!f->taken || outcome == POSTERN_ACCEPTED ||
				      outcome == POSTERN_IN_DOUBT,
			      "request %d mail %d: %s, but it was taken", n, i,
			      postern_outcome_name(outcome));
	}
}

/* split: each recipient in a transaction of its own.  Gives how many requests failed. */
static int submit_several(int n, int once, int chunking, int split, int outcomes[6])
{
	char seen = 0;
	int left = 0;
	postern *p;
	postern_mail *m[SEVERAL];

	world_begin(&the_world, 3, 0);
	the_world.auth = the_world.pipelining = 1;
	the_world.moods[1] = MOOD_GOOD;
	the_world.chunking = chunking;
	the_world.rcpt_max = split;
	polls = refused = 0;
	refuse_once = once;
	p = make_handle(&seen);
	postern_set_window(p, SEVERAL, 100000);
	postern_set_window_behind_data(p, 1);
	for (int i = 0; i < SEVERAL; i++)
		m[i] = make_nth(i, i == 1 && !split);
	grants = n;
	for (int i = 0; i < SEVERAL; i++)
		left |= !postern_submit(p, m[i]);
	for (int steps = 0; left > 0; steps++) {
		must(steps < 100000);
		left = postern_step(p);
		the_world.now += 3;
	}
	grants = -1;
	while (postern_done(p))
		;
	for (int i = 0; i < SEVERAL; i++) {
		judge_nth(m[i], i, n);
		ask(p, m[i]);
		outcomes[postern_mail_outcome(m[i])]++;
	}
	postern_quit(p);
	postern_free(p);
	for (int i = 0; i < SEVERAL; i++)
		postern_mail_free(m[i]);
	return refused;
}

START_TEST(every_request_fails_in_a_window)
{
	int step = getenv("POSTERN_SLOW") ? 7 : 1;

	for (int once = 0; once < 2; once++) {
		int outcomes[6] = {0}, n = 0;

		while (submit_several(n, once, _i & 1, _i >> 1, outcomes)) {
			n += step;
			ck_assert_int_lt(n, REQUESTS_MOST);
		}
		ck_assert_int_ge(n, 20);
		ck_assert_int_gt(outcomes[POSTERN_ACCEPTED], SEVERAL - 1); /* with all granted */
		ck_assert_int_gt(outcomes[POSTERN_TRANSIENT], 0);
	}
}
END_TEST

/* A handle that was short of memory once is as good as new. */
START_TEST(afterwards)
{
	for (int n = 0; n < 100; n += getenv("POSTERN_SLOW") ? 11 : 1) {
		char seen = 0;
		struct reader r = {0};
		postern *p;
		postern_mail *m;

		world_begin(&the_world, 3, 0);
		the_world.auth = 1;
		polls = 0;
		p = make_handle(&seen);
		m = make_mail(&ways[0], &r);
		refuse_once = 0;
		grants = n;
		postern_send(p, m);
		grants = -1;
		if (postern_mail_outcome(m) != POSTERN_ACCEPTED) {
			memset(&the_world.mail, 0, sizeof(the_world.mail));
			ck_assert_int_eq(postern_mail_reset(m), 0);
			postern_mail_set_text(m, message, strlen(message));
			ck_assert_int_eq(postern_send(p, m), 0);
			judge(m, n);
		}
		postern_mail_free(m);
		postern_free(p);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "shortage");

	tcase_add_loop_test(t, every_request_fails, 0, sizeof(ways) / sizeof(*ways));
	tcase_add_loop_test(t, every_request_fails_in_a_window, 0, 4);
	tcase_add_test(t, afterwards);
}
