/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Several mails on their way on one connection, and a server whose answers end anywhere: what is
 * said of each mail is compared with what the server kept of it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "main.h"

enum { WINDOW = 8, MAILS = 10, SPAN = 24, SHORT = 300 };

/* MAILS mails on one handle, to mFIRST@example.com and so on. */
static void send_all(postern *p, postern_mail **m, size_t first)
{
	for (size_t i = 0; i < MAILS; i++) {
		m[i] = nth_mail(first + i);
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	ck_assert(loop(p, 20000, NULL));
}

static void free_all(postern_mail **m)
{
	for (size_t i = 0; i < MAILS; i++)
		postern_mail_free(m[i]);
}

static int count(postern_mail *const *m, int outcome)
{
	int n = 0;

	for (size_t i = 0; i < MAILS; i++)
		n += postern_mail_outcome(m[i]) == outcome;
	return n;
}

/* heard: the server took all that was sent, so what it did not keep had not been sent whole. */
static void told_truly(const struct box *b, postern_mail *const *m, size_t first, int heard)
{
	char *envelopes = box_envelopes(b);

	for (size_t i = 0; i < MAILS; i++) {
		char to[32];
		int outcome = postern_mail_outcome(m[i]), kept, answered;

		snprintf(to, sizeof(to), "\"m%zu@example.com\"", first + i);
		kept = kept_of(envelopes, to, NULL);
		answered = kept_of(envelopes, to, "\"answered\": true");
		if (kept > 1 || (outcome == POSTERN_ACCEPTED) > answered ||
		    (heard && (outcome == POSTERN_ACCEPTED) < answered) ||
		    (kept && outcome != POSTERN_ACCEPTED && outcome != POSTERN_IN_DOUBT) ||
		    (heard && outcome == POSTERN_IN_DOUBT && !kept) || outcome == POSTERN_PENDING ||
		    outcome == POSTERN_PARTIAL) {
			box_show(b);
			ck_abort_msg("mail %zu: outcome %s (%s), kept %d times, answered %d", i,
				     postern_outcome_name(outcome), postern_mail_error_id(m[i]),
				     kept, answered);
		}
	}
	free(envelopes);
}

/* ---- cuts ---- */

static const struct cut {
	const char *how, *mode, *without;
	int heard, behind_data, step; /* every so many octets */
} cuts[] = {
	{"fin", "none", "DSN", 1, 0, 1},
	{"rst", "none", "DSN", 0, 0, 3},
	{"truncate", "implicit", "DSN", 1, 0, 7},
	{"rst", "starttls", "DSN", 0, 0, 11},
	{"fin", "none", "CHUNKING", 1, 1, 5},
	{"rst", "none", "CHUNKING", 0, 1, 13},
	{"fin", "none", "CHUNKING", 1, 0, 13},
	{"fin", "none", "PIPELINING", 1, 0, 13},
	{"fin", "none", "PIPELINING,CHUNKING", 1, 0, 17},
};

enum { CUTS = sizeof(cuts) / sizeof(*cuts) };

/* The octets of the replies to the first window, and some; ENOUGH is less than there are in any
 * case.
 */
enum { REPLIES = WINDOW * 102, ENOUGH = WINDOW * 80, AT_ONCE = 4 };

/* A cut for each listener; mails of their own are sent to each. */
static void cut_box(struct box *b, const struct cut *c, const int *octets)
{
	char modes[64] = "", cut[AT_ONCE][64];

	for (int k = 0; k < AT_ONCE; k++) {
		snprintf(modes + strlen(modes), sizeof(modes) - strlen(modes), "%s ", c->mode);
		snprintf(cut[k], sizeof(cut[k]), "MAIL@1=%d/%s", octets[k], c->how);
	}
	box_open(b, modes, NULL, "--judge", "--open", "--without", c->without, "--on", "1", "--cut",
		 cut[0], "--on", "2", "--cut", cut[1], "--on", "3", "--cut", cut[2], "--on", "4",
		 "--cut", cut[3], NULL);
}

static void cut_at(const struct cut *c, const int *octets)
{
	struct box b;
	postern_mail *m[AT_ONCE][MAILS];

	cut_box(&b, c, octets);
	for (int k = 0; k < AT_ONCE; k++) {
		postern *p = box_client_at(&b, (size_t)k + 1);

		printf("cut by %s at %d, %s without %s\n", c->how, octets[k], c->mode, c->without);
		ck_assert_int_eq(postern_set_window_behind_data(p, c->behind_data), 0);
		send_all(p, m[k], (size_t)k * MAILS);
		postern_free(p);
	}
	box_quiet(&b);
	for (int k = 0; k < AT_ONCE; k++) {
		told_truly(&b, m[k], (size_t)k * MAILS, c->heard);
		if (octets[k] == 0) /* the rest were not begun: over another connection */
			ck_assert_int_ge(count(m[k], POSTERN_ACCEPTED), MAILS - WINDOW);
		free_all(m[k]);
	}
	if (octets[AT_ONCE - 1] <= ENOUGH)
		ck_assert_int_ge(box_count(&b, "cut, as told"), AT_ONCE);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	if (!c->behind_data)
		ck_assert_int_eq(box_count(&b, "behind the dot"), 0);
	box_close(&b);
}

START_TEST(every_octet)
{
	const struct cut *c = &cuts[_i % CUTS];
	int from = _i / CUTS * SPAN * c->step, end = from + SPAN * c->step;

	for (int at = from; at < end && at <= REPLIES; at += AT_ONCE * c->step)
		cut_at(c, (int[]){at, at + c->step, at + 2 * c->step, at + 3 * c->step});
}
END_TEST

/* Nothing more comes, and nothing ends: time does. */
START_TEST(stalled)
{
	static const int places[] = {0, 21, 50, 100, 333, 480};
	char cut[64];
	struct box b;
	postern_mail *m[MAILS];
	postern *p;

	snprintf(cut, sizeof(cut), "MAIL@1=%d/stall", places[_i / 2]);
	box_open(&b, "none", NULL, "--judge", "--open", "--cut", cut, "--without",
		 _i % 2 ? "CHUNKING" : "DSN", NULL);
	p = box_client(&b);
	ck_assert_int_eq(postern_set_window_behind_data(p, 1), 0);
	for (int l = POSTERN_LIMIT_COMMAND; l <= POSTERN_LIMIT_QUIT; l++)
		postern_set_limit(p, l, SHORT);
	send_all(p, m, 0);
	postern_free(p);
	box_quiet(&b);
	told_truly(&b, m, 0, 1);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	free_all(m);
	box_close(&b);
}
END_TEST

/* ---- refusals in the middle ---- */

static const struct row {
	const char *option, *value;
	int refused; /* so many mails have this outcome; those behind it are told truly */
	int outcome;
	int others; /* all the others are accepted */
} rows[] = {
	{"--reply", "MAIL#3=452 4.3.1 full", 1, POSTERN_TRANSIENT, 1},
	{"--reply", "MAIL#3=550 5.7.1 no", 1, POSTERN_PERMANENT, 1},
	{"--reply", "RCPT#3=550 5.1.1 no", 1, POSTERN_PERMANENT, 1},
	{"--reply", "RCPT#3=450 4.2.1 later", 1, POSTERN_TRANSIENT, 1},
	{"--reply", "DOT#3=452 4.3.1 full", 1, POSTERN_TRANSIENT, 1},
	{"--reply", "DOT#3=554 5.7.1 no", 1, POSTERN_PERMANENT, 1},
	{"--reply", "DOT#8=554 5.7.1 no", 1, POSTERN_PERMANENT, 1},
	{"--reply", "DOT#1=554 5.7.1 no", 1, POSTERN_PERMANENT, 1},
	{"--refuse-recipient", "m3@*", 1, POSTERN_PERMANENT, 1},
	{"--reply", "MAIL#3@1=421 4.3.2 going", 0, POSTERN_TRANSIENT, 0}, /* goes over the next */
	{"--reply", "RCPT#3@1=421 4.3.2 going", 1, POSTERN_TRANSIENT, 0},
	{"--reply", "DOT#3@1=421 4.3.2 going", 1, POSTERN_TRANSIENT, 0},
	{"--drop", "MAIL#3@1", 0, POSTERN_PERMANENT, 0},
	{"--drop", "DOT#3@1", 0, POSTERN_PERMANENT, 0},
	{"--reply", "DOT#3@1=nonsense", 0, POSTERN_PERMANENT, 0},
	{"--reply", "RCPT#3@1=nonsense", 0, POSTERN_ACCEPTED, 0},
	{"--reply", "MAIL#3@1=250 ok\\r\\n250 one too many", 0, POSTERN_PERMANENT, 0},
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static const struct {
	const char *name, *without;
	int window, behind_data;
} flows[] = {
	{"BDAT, window 8", "DSN", 0, 0},
	{"BDAT, window 3", "DSN", 3, 0},
	{"BDAT, window 1", "DSN", 1, 0},
	{"DATA, window 8", "CHUNKING", 0, 1},
	{"DATA", "CHUNKING", 0, 0},
	{"BDAT, nothing pipelined", "PIPELINING", 0, 0},
	{"DATA, nothing pipelined", "CHUNKING,PIPELINING", 0, 0},
};

enum { FLOWS = sizeof(flows) / sizeof(*flows) };

START_TEST(refused)
{
	const struct row *r = &rows[_i / FLOWS];
	struct box b;
	postern_mail *m[MAILS];
	postern *p;

	printf("%s %s, %s\n", r->option, r->value, flows[_i % FLOWS].name);
	box_open(&b, "starttls", NULL, "--judge", "--open", "--without", flows[_i % FLOWS].without,
		 r->option, r->value, NULL);
	p = box_client(&b);
	ck_assert_int_eq(postern_set_window(p, flows[_i % FLOWS].window, 0), 0);
	ck_assert_int_eq(postern_set_window_behind_data(p, flows[_i % FLOWS].behind_data), 0);
	send_all(p, m, 0);
	postern_free(p);
	box_quiet(&b);
	told_truly(&b, m, 0, 0);
	if (r->refused)
		ck_assert_int_ge(count(m, r->outcome), r->refused);
	if (r->others)
		ck_assert_int_eq(count(m, POSTERN_ACCEPTED), MAILS - r->refused);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	free_all(m);
	box_close(&b);
}
END_TEST

/* What had come behind the first content when it was answered. */
static long first_ahead(const struct box *b)
{
	static const char what[] = "behind the last chunk: ";
	FILE *f = fopen(b->log, "r");
	char line[4096], *at = NULL;
	long n;

	ck_assert_ptr_nonnull(f);
	while (!at && fgets(line, sizeof(line), f) && !strstr(line, " accepted "))
		at = strstr(line, what);
	n = at ? strtol(at + strlen(what), NULL, 10) : 0;
	fclose(f);
	return n;
}

/* How far ahead: so many mails at most unanswered, so many octets at most. */
START_TEST(width)
{
	static const struct {
		int mails;
		size_t octets;
		int ahead; /* mails that leave before the first is answered */
	} widths[] = {{0, 0, 8}, {1, 0, 1}, {3, 0, 3}, {20, 0, 10}, {8, 1, 1}, {8, 100, 1}};
	enum { LEAST = 250 }; /* octets of a mail with its commands are more, and not by a tenth */
	struct box b;
	postern_mail *m[MAILS];
	postern *p;

	box_open(&b, "none", NULL, "--judge", "--open", "--delay", "DOT#1=300", NULL);
	p = box_client(&b);
	ck_assert_int_eq(postern_set_window(p, widths[_i].mails, widths[_i].octets), 0);
	for (size_t i = 0; i < MAILS; i++) {
		m[i] = nth_mail(i);
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	ck_assert(loop(p, 20000, NULL));
	ck_assert_int_eq(count(m, POSTERN_ACCEPTED), MAILS);
	postern_free(p);
	box_quiet(&b);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	ck_assert_int_eq((int)(first_ahead(&b) / LEAST), widths[_i].ahead - 1);
	free_all(m);
	box_close(&b);
}
END_TEST

/* Behind the final dot nothing is sent unasked: a server that forgets it loses nothing. */
START_TEST(forgetful)
{
	struct box b;
	postern_mail *m[MAILS];
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", "--open", "--forgetful", "--without", "CHUNKING",
		 NULL);
	p = box_client(&b);
	if (_i) {
		postern_set_window_behind_data(p, 1);
		postern_set_limit(p, POSTERN_LIMIT_MAIL, SHORT);
		postern_set_limit(p, POSTERN_LIMIT_FINAL, SHORT);
	}
	send_all(p, m, 0);
	postern_free(p);
	box_quiet(&b);
	told_truly(&b, m, 0, 0);
	if (!_i)
		ck_assert_int_eq(count(m, POSTERN_ACCEPTED), MAILS);
	ck_assert_int_eq(box_count(&b, "behind the dot") > 0, _i);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	free_all(m);
	box_close(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "window");

	tcase_add_loop_test(t, every_octet, 0, CUTS * (REPLIES / SPAN + 1));
	tcase_add_loop_test(t, stalled, 0, 12);
	tcase_add_loop_test(t, refused, 0, ROWS * FLOWS);
	tcase_add_loop_test(t, width, 0, 6);
	tcase_add_loop_test(t, forgetful, 0, 2);
}
