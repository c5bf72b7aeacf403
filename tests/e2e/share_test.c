/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A queue over several connections, and what limits it: the server's refusals, a rate, idle time.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "main.h"

enum { MAILS = 40 };

static void submit_all(postern *p, postern_mail **m, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		m[i] = nth_mail(i);
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
}

/* Every mail was accepted, and is there once. */
static void all_there(const struct box *b, postern_mail **m, size_t n)
{
	char *envelopes = box_envelopes(b);

	for (size_t i = 0; i < n; i++) {
		char to[32];

		snprintf(to, sizeof(to), "\"m%zu@example.com\"", i);
		if (postern_mail_outcome(m[i]) != POSTERN_ACCEPTED ||
		    kept_of(envelopes, to, NULL) != 1) {
			box_show(b);
			ck_abort_msg("mail %zu: %s (%s), kept %d times", i,
				     postern_outcome_name(postern_mail_outcome(m[i])),
				     postern_mail_error(m[i]), kept_of(envelopes, to, NULL));
		}
		postern_mail_free(m[i]);
	}
	ck_assert_int_eq(kept_of(envelopes, "queue_id", NULL), (int)n);
	ck_assert_int_eq(box_count(b, "violation"), 0);
	free(envelopes);
}

/* What the server says to more than one connection; the queue is slower for it, and gets out. */
static const struct row {
	const char *option, *value;
	int least, most; /* connections that greet normally */
} rows[] = {
	{"--open", NULL, 2, 4},
	{"--connections", "1", 1, 1},
	{"--connections", "2", 2, 2},
	{"--reply", "GREETING@2+=421 4.3.2 too many connections", 1, 1},
	{"--reply", "GREETING@2+=554 5.3.2 too many connections", 1, 1},
	{"--reply", "EHLO@2+=421 4.3.2 too many connections", 1, 1},
	{"--reply", "AUTH@2+=421 4.7.0 too many connections", 1, 1},
	{"--reply", "AUTH@2+=432 4.7.0 too many sign-ins", 1, 1},
	{"--reply", "AUTH@2+=454 4.7.0 not now", 1, 1},
	{"--drop", "GREETING@2+", 1, 1},
	{"--drop", "TLS@2+", 1, 1},
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

START_TEST(connections)
{
	const struct row *r = &rows[_i / 2];
	struct box b;
	postern_mail *m[MAILS];
	postern *p;

	printf("%s %s, %s\n", r->option, r->value ? r->value : "", _i % 2 ? "DATA" : "BDAT");
	box_open(&b, "starttls", NULL, "--judge", "--delay", "DOT=15", "--without",
		 _i % 2 ? "CHUNKING" : "DSN", r->option, r->value, NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_set_connections(p, 4), 0);
	submit_all(p, m, MAILS);
	ck_assert(loop(p, 30000, NULL));
	ck_assert_int_eq(postern_quit(p), 0);
	postern_free(p);
	box_quiet(&b);
	ck_assert_int_ge(box_count(&b, "authenticated"), r->least);
	if (r->most < 4)
		ck_assert_int_ge(box_count(&b, " open 127."), 2); /* it was tried */
	ck_assert_int_le(box_count(&b, " open 127."), 16); /* ... and not again and again */
	all_there(&b, m, MAILS);
	box_close(&b);
}
END_TEST

/* The second connection is refused in the middle of its mails: those are told truly, and the queue
 * goes on over the first. */
START_TEST(later)
{
	static const char *const replies[] = {
		"MAIL@2+=421 4.7.0 too many connections", "RCPT@2+=421 4.7.0 too many connections",
		"MAIL@2+=452 4.7.0 slower", "MAIL#3@2+=421 4.7.0 too many mails"};
	struct box b;
	postern_mail *m[MAILS];
	postern *p;
	int accepted = 0;

	printf("%s\n", replies[_i]);
	box_open(&b, "starttls", NULL, "--judge", "--delay", "DOT=15", "--reply", replies[_i],
		 NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_set_connections(p, 2), 0);
	submit_all(p, m, MAILS);
	ck_assert(loop(p, 30000, NULL));
	postern_free(p);
	box_quiet(&b);
	for (size_t i = 0; i < MAILS; i++) {
		int outcome = postern_mail_outcome(m[i]), kept;
		char to[32];

		snprintf(to, sizeof(to), "\"m%zu@example.com\"", i);
		kept = box_kept(&b, to, NULL);
		ck_assert_int_eq(kept, outcome == POSTERN_ACCEPTED);
		ck_assert(outcome == POSTERN_ACCEPTED || outcome == POSTERN_TRANSIENT ||
			  outcome == POSTERN_IN_DOUBT);
		accepted += kept;
		postern_mail_free(m[i]);
	}
	printf("%d of %d accepted\n", accepted, MAILS);
	ck_assert_int_ge(accepted, MAILS / 2);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	box_close(&b);
}
END_TEST

/* A few mails need no second connection. */
START_TEST(one_will_do)
{
	struct box b;
	postern_mail *m[1];
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_set_connections(p, 8), 0);
	submit_all(p, m, 1);
	ck_assert(loop(p, 10000, NULL));
	ck_assert_int_eq(postern_quit(p), 0);
	box_quiet(&b);
	ck_assert_int_eq(box_count(&b, " open 127."), 1);
	all_there(&b, m, 1);
	postern_free(p);
	box_close(&b);
}
END_TEST

/* The time of the nth line that holds the text, in milliseconds. */
static long time_of(const struct box *b, const char *text, int nth)
{
	FILE *f = fopen(b->log, "r");
	char line[4096];
	double at = -1;

	ck_assert_ptr_nonnull(f);
	while (nth > 0 && fgets(line, sizeof(line), f))
		if (strstr(line, text) && --nth == 0)
			at = strtod(line, NULL);
	fclose(f);
	ck_assert(at >= 0);
	return (long)(at * 1000);
}

START_TEST(rate)
{
	enum { N = 10, PER = 3, MS = 200 };
	struct box b;
	postern_mail *m[N];
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", "--without", _i % 2 ? "CHUNKING" : "DSN", NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_set_rate(p, PER, MS), 0);
	ck_assert_int_eq(postern_set_connections(p, _i / 2 ? 3 : 1), 0);
	submit_all(p, m, N);
	ck_assert(loop(p, 20000, NULL));
	for (int i = 1; i + PER <= N; i++) {
		long gap = time_of(&b, "MAIL FROM", i + PER) - time_of(&b, "MAIL FROM", i);

		ck_assert_int_ge((int)gap, MS - 30); /* by two clocks */
	}
	ck_assert_int_lt((int)(time_of(&b, "MAIL FROM", N) - time_of(&b, "MAIL FROM", 1)),
			 (N / PER + 2) * MS + 1000);
	all_there(&b, m, N);
	postern_free(p);
	box_close(&b);
}
END_TEST

/* An idle connection is closed with QUIT after its time, and not before. */
START_TEST(idle)
{
	struct box b;
	postern_mail *m[2];
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_set_limit(p, POSTERN_LIMIT_IDLE, 300), 0);
	submit_all(p, m, 2);
	ck_assert(loop(p, 10000, NULL));
	for (long long end = now_ms() + 10000; box_count(&b, "QUIT\\r\\n") == 0;) {
		struct pollfd at = {postern_fd(p), (short)postern_events(p), 0};
		int wait = postern_timeout(p);

		ck_assert(now_ms() < end);
		ck_assert_int_le(wait, 300);
		poll(&at, 1, wait < 0 || wait > 50 ? 50 : wait);
		ck_assert_int_eq(postern_step(p), 0);
	}
	ck_assert_int_ge((int)(time_of(&b, " QUIT\\r\\n", 1) - time_of(&b, " accepted ", 2)), 250);
	box_quiet(&b);
	all_there(&b, m, 2);
	m[0] = a_mail("again@example.com");
	ck_assert_int_eq(postern_send(p, m[0]), 0);
	ck_assert_int_eq(box_count(&b, " open 127."), 2);
	postern_mail_free(m[0]);
	postern_free(p);
	box_close(&b);
}
END_TEST

/* The address that the server sees, and one that this machine does not have. */
START_TEST(source)
{
	static const struct {
		const char *address, *seen;
		const char *fault;
	} sources[] = {{"127.0.0.2", "open 127.0.0.2 port", ""},
		       {"127.0.0.3, ::1", "open 127.0.0.3 port", ""},
		       {NULL, "open 127.0.0.1 port", ""},
		       {"192.0.2.77", NULL, "source-address-unusable"}};
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_set_source(p, "127.0.0.9"), 0);
	ck_assert_int_eq(postern_set_source(p, sources[_i].address), 0);
	ck_assert_int_eq(postern_send(p, m) == 0, !*sources[_i].fault);
	ck_assert_str_eq(postern_mail_error_id(m), sources[_i].fault);
	if (sources[_i].seen)
		ck_assert_int_eq(box_count(&b, sources[_i].seen), 1);
	else
		ck_assert_int_eq(box_count(&b, " open "), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "share");

	tcase_add_loop_test(t, connections, 0, 2 * ROWS);
	tcase_add_loop_test(t, later, 0, 4);
	tcase_add_test(t, one_will_do);
	tcase_add_loop_test(t, rate, 0, 4);
	tcase_add_test(t, idle);
	tcase_add_loop_test(t, source, 0, 4);
}
