/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The joined library on a fake network and an integer clock: each seed is a world of its own, with
 * other segments, delays, refusals, resets and silences.  The fake server writes down what it did,
 * and an oracle compares that with what the library says of every mail.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"
#include "main.h"
#include "must.h"
#include "world.h"

/* ---- A run. ---- */

struct plan {
	int hostility, mails, domains; /* domains: of the recipients */
	int clear; /* without TLS */
	size_t ports;
	const int *moods;
	struct ptn_flow flow;
	int overall; /* ms; 0: no limit */
};

struct lot { /* the mails of a run */
	postern_mail *m[MAILS_MOST];
	char texts[MAILS_MOST][64];
	size_t read[MAILS_MOST];
	int failed[MAILS_MOST]; /* its reader */
	int n;
};

static struct world w;
static struct ptn_settings set;
static struct ptn_drive d;
static struct lot lot;

/* Content through a reader, a few octets at a time, and later as often as not; it may fail. */
static ptrdiff_t read_some(void *arg, char *buf, size_t cap)
{
	size_t i = (size_t)((char *)arg - lot.texts[0]) / sizeof(lot.texts[0]);
	size_t n = strlen(lot.texts[i] + lot.read[i]), most = 1 + world_roll(&w, 30);

	if (world_roll(&w, 2))
		return POSTERN_LATER;
	if (w.hostility && world_roll(&w, 30) == 0) {
		lot.failed[i] = 1;
		return -1;
	}
	n = n < most ? n : most;
	n = n < cap ? n : cap;
	memcpy(buf, lot.texts[i] + lot.read[i], n);
	lot.read[i] += n;
	return (ptrdiff_t)n;
}

/* Mail i, with a reader for its content or without. */
static void make_mail(const struct plan *plan, int i, int reader)
{
	unsigned long long line;
	char address[64];
	int n = 1 + (int)world_roll(&w, plan->domains > 1 ? RCPTS_MOST : 3);

	lot.read[i] = 0;
	lot.failed[i] = 0;
	snprintf(lot.texts[i], sizeof(lot.texts[i]), "X-Mail: %d\n\n.hello\nworld %d", i, i);
	lot.m[i] = postern_mail_new("me@example.org");
	for (int k = 0; k < n; k++) {
		snprintf(address, sizeof(address), "r%d.m%d@d%d.example", k, i,
			 (int)world_roll(&w, (unsigned)plan->domains + 1));
		ck_assert_int_eq(postern_mail_add_recipient(lot.m[i], address), 0);
	}
	if (reader)
		postern_mail_set_reader(lot.m[i], read_some, lot.texts[i]);
	else
		postern_mail_set_text(lot.m[i], lot.texts[i], strlen(lot.texts[i]));
	postern_mail_set_completion(lot.m[i], 0);
	if (!reader)
		ck_assert_int_eq(ptn_mail_prepare(lot.m[i], "h", 0, &line), 0);
}

/* A mail waits for the rate limit only. */
static int waits_for_pace(void)
{
	if (!d.queue.first || d.queue.first->waiting || !d.pace.mails)
		return 0;
	for (const struct ptn_line *l = d.lines; l; l = l->next)
		if (ptn_line_takes(l))
			return 1;
	return 0;
}

static void run(void)
{
	int at_once = 0;

	for (long steps = 0; ptn_drive_busy(&d); steps++) {
		ptn_time wake;

		must(steps < 400000);
		ptn_drive_resume(&d);
		ptn_drive_step(&d, w.now, 0);
		must(ptn_drive_left(&d) == d.queue.n + d.at_work);
		wake = ptn_drive_wake(&d);
		at_once = wake > w.now || ptn_drive_waits(&d) ? 0 : at_once + 1;
		must(at_once < 5); /* it does not spin */
		must(!waits_for_pace() || wake <= ptn_pace_next(&d.pace)); /* nor sleep */
		/* Octets come by themselves, so the clock goes on in small steps, faster when idle.
		 */
		w.now += 1 + world_roll(&w, 20);
		if (world_roll(&w, 4) == 0 && wake != PTN_NEVER && wake > w.now &&
		    wake - w.now > 2000)
			w.now += world_roll(&w, (unsigned)(wake - w.now) / 4);
	}
}

/* ---- The oracle. ---- */

static int class_outcome(int class)
{
	return class == 2 ? POSTERN_ACCEPTED : class == 4 ? POSTERN_TRANSIENT : POSTERN_PERMANENT;
}

/* What must be true of a recipient, from what the server did and the client read.  What was handed
 * to the TLS filter counts as sent, though it may not have left it (reference: outcomes). */
static void judge_recipient(int i, size_t k, unsigned long long seed)
{
	int outcome = postern_mail_recipient_outcome(lot.m[i], k);
	const struct fate *f = &w.fates[i][k];

	ck_assert_msg(f->asked <= 1, "seed %llu mail %d recipient %zu: asked twice", seed, i, k);
	ck_assert_msg(f->taken <= 1, "seed %llu mail %d recipient %zu: sent twice", seed, i, k);
	if (f->taken) {
		int wanted = f->answered ? class_outcome(f->answered) : POSTERN_IN_DOUBT;

		ck_assert_msg(outcome == wanted,
			      "seed %llu mail %d recipient %zu: %s, but it is %s", seed, i, k,
			      postern_outcome_name(outcome), postern_outcome_name(wanted));
		return;
	}
	ck_assert_msg(outcome == POSTERN_TRANSIENT || outcome == POSTERN_PERMANENT ||
			      (outcome == POSTERN_IN_DOUBT &&
			       (f->handed || set.ports[0].mode != PTN_MODE_NONE)),
		      "seed %llu mail %d recipient %zu: %s, though it was not sent", seed, i, k,
		      postern_outcome_name(outcome));
	if ((f->heard == 4 || f->heard == 5) && !lot.failed[i]) /* else it may be too late */
		ck_assert_msg(outcome == class_outcome(f->heard),
			      "seed %llu mail %d recipient %zu: %s, but %dyz was said of it", seed,
			      i, k, postern_outcome_name(outcome), f->heard);
}

static int sum_of(const postern_mail *m)
{
	int count[POSTERN_IN_DOUBT + 1] = {0}, n = (int)postern_mail_recipients(m);

	for (int k = 0; k < n; k++)
		count[postern_mail_recipient_outcome(m, (size_t)k)]++;
	return count[POSTERN_IN_DOUBT]        ? POSTERN_IN_DOUBT
	       : count[POSTERN_ACCEPTED] == n ? POSTERN_ACCEPTED
	       : count[POSTERN_ACCEPTED]      ? POSTERN_PARTIAL
	       : count[POSTERN_TRANSIENT]     ? POSTERN_TRANSIENT
					      : POSTERN_PERMANENT;
}

static void judge(int i, unsigned long long seed)
{
	postern_mail *m = lot.m[i];
	int outcome = postern_mail_outcome(m);

	if (getenv("POSTERN_SAY"))
		printf("seed %llu mail %d: %s %s %s\n", seed, i, postern_outcome_name(outcome),
		       postern_mail_error_id(m), postern_mail_error(m));
	ck_assert_msg(outcome != POSTERN_PENDING, "seed %llu mail %d: pending", seed, i);
	ck_assert_msg(outcome == sum_of(m), "seed %llu mail %d: %s", seed, i,
		      postern_outcome_name(outcome));
	for (size_t k = 0; k < postern_mail_recipients(m); k++)
		judge_recipient(i, k, seed);
	/* A doubt about one recipient is told before what else went wrong. */
	ck_assert_msg((outcome == POSTERN_IN_DOUBT) ==
			      (m->fault && ptn_fault_outcome(m->fault) == POSTERN_IN_DOUBT),
		      "seed %llu mail %d: %s with \"%s\"", seed, i, postern_outcome_name(outcome),
		      postern_mail_error_id(m));
	ck_assert_msg((outcome == POSTERN_ACCEPTED) == !postern_mail_code(m),
		      "seed %llu mail %d: %s with \"%s\"", seed, i, postern_outcome_name(outcome),
		      postern_mail_error_id(m));
	ck_assert_msg((outcome == POSTERN_ACCEPTED) == !*postern_mail_error(m),
		      "seed %llu mail %d: %s (%s) with the words \"%s\"", seed, i,
		      postern_outcome_name(outcome), postern_mail_error_id(m),
		      postern_mail_error(m));
}

/* At most so many begun in any stretch of time. */
static void judge_rate(const struct ptn_flow *f, unsigned long long seed)
{
	for (int i = 0; f->rate_mails && i < lot.n; i++) {
		unsigned n = 0;

		for (int k = 0; k < lot.n && lot.m[i]; k++)
			n += lot.m[k] && lot.m[k]->started &&
			     lot.m[k]->started >= lot.m[i]->started &&
			     lot.m[k]->started < lot.m[i]->started + f->rate_ms;
		ck_assert_msg(n <= f->rate_mails, "seed %llu: %u mails in %d ms", seed, n,
			      f->rate_ms);
	}
}

/* ---- All of it. ---- */

static void say_line(void *arg, int dir, const char *line, size_t len)
{
	(void)arg;
	printf("%6lld %c %.*s\n", w.now, dir, (int)len, line);
}

static void begin(const struct plan *plan, unsigned long long seed)
{
	set = (struct ptn_settings){
		.host = (char *)"fake.test", .n_ports = plan->ports, .flow = plan->flow};
	for (size_t i = 0; i < plan->ports; i++) {
		set.ports[i] = (struct ptn_candidate){.port = (int)i,
						      .mode = plan->clear ? PTN_MODE_NONE
							      : i % 2     ? PTN_MODE_IMPLICIT
									  : PTN_MODE_STARTTLS};
		w.moods[i] = plan->moods[i];
	}
	for (int i = 0; i < PTN_LIMITS; i++)
		set.limits[i] = 20000;
	set.limits[POSTERN_LIMIT_OVERALL] = plan->overall;
	set.limits[POSTERN_LIMIT_ATTEMPT] = 250;
	set.trace = getenv("POSTERN_SAY") ? say_line : NULL;
	if (set.trace)
		printf("seed %llu, %d mails\n", seed, plan->mails);
	ptn_drive_init(&d, &set, &world_net, &w);
	lot.n = plan->mails;
	for (int i = 0; i < lot.n; i++)
		make_mail(plan, i, seed % 5 == 0 && !w.rcpt_max && !w.domain_max);
	for (int i = 0; i < lot.n; i++)
		ptn_drive_submit(&d, lot.m[i]);
}

static void end(const struct plan *plan, unsigned long long seed, int outcomes[6])
{
	for (int i = 0; i < lot.n; i++) {
		if (!lot.m[i])
			continue; /* the test has freed it */
		judge(i, seed);
		outcomes[postern_mail_outcome(lot.m[i])]++;
	}
	if (!plan->overall) /* else the clock of a mail may start before it is begun */
		judge_rate(&plan->flow, seed);
	ck_assert_msg(w.most_served <= (int)plan->flow.connections || !plan->flow.connections ||
			      plan->hostility,
		      "seed %llu: %d connections", seed, w.most_served);
	ptn_drive_free(&d);
	ck_assert_msg(!world_open(&w), "seed %llu: a connection stayed open", seed);
	for (int i = 0; i < lot.n; i++)
		postern_mail_free(lot.m[i]);
}

static void live(unsigned long long seed, int hostility, size_t ports, const int *moods,
		 int outcomes[6])
{
	struct plan plan = {.hostility = hostility, .mails = MAILS, .ports = ports, .moods = moods};

	world_begin(&w, seed, hostility);
	begin(&plan, seed);
	run();
	end(&plan, seed, outcomes);
}

static unsigned long long seeds(void)
{
	const char *n = getenv("POSTERN_SEEDS");

	return n ? strtoull(n, NULL, 10) : getenv("POSTERN_SLOW") ? 100 : 2000;
}

static unsigned long long first(void)
{
	const char *n = getenv("POSTERN_FIRST");

	return n ? strtoull(n, NULL, 10) : 1;
}

START_TEST(a_good_server_gets_everything)
{
	static const int good[] = {MOOD_GOOD};

	for (unsigned long long seed = 1; seed <= (getenv("POSTERN_SLOW") ? 10 : 200); seed++) {
		int outcomes[6] = {0};

		live(seed, 0, 1, good, outcomes);
		ck_assert_int_eq(outcomes[POSTERN_ACCEPTED], MAILS);
	}
}
END_TEST

START_TEST(hostile_servers_change_no_truth)
{
	static const int good[] = {MOOD_GOOD, MOOD_GOOD, MOOD_GOOD};
	int outcomes[6] = {0};

	for (unsigned long long seed = first(); seed <= seeds(); seed++)
		live(seed, 1, 1 + seed % 3, good, outcomes);
	/* A campaign in which an outcome never came up has shown nothing about it. */
	for (int i = POSTERN_ACCEPTED; i <= POSTERN_IN_DOUBT; i++)
		ck_assert_msg(outcomes[i] > 0, "no seed ended %s", postern_outcome_name(i));
}
END_TEST

START_TEST(bad_ports_cost_no_mail)
{
	static const int bad[] = {MOOD_REFUSED, MOOD_DROPPED, MOOD_SILENT, MOOD_BLUNT};

	for (int a = 0; a < 4; a++) {
		for (int b = 0; b < 4; b++) {
			int moods[3] = {bad[a], bad[b], MOOD_GOOD};

			for (unsigned long long seed = 1; seed <= 10; seed++) {
				int outcomes[6] = {0};

				live(seed, 0, 3, moods, outcomes);
				ck_assert_int_eq(outcomes[POSTERN_ACCEPTED], MAILS);
			}
		}
	}
}
END_TEST

START_TEST(no_port_at_all)
{
	static const int bad[] = {MOOD_REFUSED, MOOD_DROPPED, MOOD_SILENT, MOOD_BLUNT};

	for (int a = 0; a < 4; a++) {
		int moods[2] = {bad[a], MOOD_DROPPED}, outcomes[6] = {0};

		live((unsigned)a + 1, 0, 2, moods, outcomes);
		ck_assert_int_eq(outcomes[a == 3 ? POSTERN_PERMANENT : POSTERN_TRANSIENT], MAILS);
	}
}
END_TEST

/* ---- Windows, several lines, limits. ---- */

static const int good_port[] = {MOOD_GOOD};

/* A plan and a server with everything chosen by the seed. */
static struct plan any_plan(unsigned long long seed, int hostility)
{
	struct plan plan = {.hostility = hostility, .ports = 1, .moods = good_port};

	world_begin(&w, seed, hostility);
	w.pipelining = world_roll(&w, 4) > 0;
	w.chunking = world_roll(&w, 4) > 0;
	w.rcpt_max = world_roll(&w, 3) ? 0 : 1 + (int)world_roll(&w, 4);
	w.mail_max = world_roll(&w, 3) ? 0 : 1 + (int)world_roll(&w, 5);
	w.domain_max = world_roll(&w, 4) ? 0 : 1 + (int)world_roll(&w, 3);
	w.serves_most = world_roll(&w, 3) ? 0 : 1 + (int)world_roll(&w, 3);
	plan.mails = 1 + (int)world_roll(&w, 30);
	plan.clear = (int)world_roll(&w, 2);
	plan.domains = (int)world_roll(&w, 5);
	plan.flow.connections = world_roll(&w, 6);
	plan.flow.window_mails = world_roll(&w, 12);
	plan.flow.window_octets = world_roll(&w, 3) ? 262144 : 1 + world_roll(&w, 500);
	plan.flow.window_data = (int)world_roll(&w, 2);
	plan.flow.mails_each = world_roll(&w, 3) ? 0 : 1 + world_roll(&w, 5);
	if (world_roll(&w, 5) == 0) {
		plan.flow.rate_mails = 1 + world_roll(&w, 5);
		plan.flow.rate_ms = 1 + (int)world_roll(&w, 3000);
	}
	if (hostility && world_roll(&w, 5) == 0)
		plan.overall = 1000 + (int)world_roll(&w, 10000);
	return plan;
}

START_TEST(everything_arrives_through_any_number_of_lines)
{
	int several = 0, outcomes[6] = {0}, mails = 0;

	for (unsigned long long seed = first(); seed <= seeds() / 4; seed++) {
		struct plan plan = any_plan(seed, 0);

		begin(&plan, seed);
		run();
		several += w.most_served > 1;
		mails += lot.n;
		end(&plan, seed, outcomes);
		ck_assert_msg(outcomes[POSTERN_ACCEPTED] == mails, "seed %llu: not all", seed);
	}
	ck_assert_int_gt(several, 0);
}
END_TEST

START_TEST(hostile_servers_change_no_truth_on_several_lines)
{
	int outcomes[6] = {0};

	for (unsigned long long seed = first(); seed <= seeds(); seed++) {
		struct plan plan = any_plan(seed, 1);

		begin(&plan, seed);
		run();
		end(&plan, seed, outcomes);
	}
	for (int i = POSTERN_ACCEPTED; i <= POSTERN_IN_DOUBT; i++)
		ck_assert_msg(outcomes[i] > 0, "no seed ended %s", postern_outcome_name(i));
}
END_TEST

/* Cancelled, abandoned or freed at any time: every mail has the outcome that is true of it, and the
 * others go on. */
START_TEST(withdrawn_at_any_time)
{
	int outcomes[6] = {0};

	for (unsigned long long seed = first(); seed <= seeds() / 4; seed++) {
		struct plan plan = any_plan(seed, (int)(seed % 2));
		int victim = (int)world_roll(&w, (unsigned)plan.mails), gone;

		begin(&plan, seed);
		for (unsigned n = world_roll(&w, 60); n && ptn_drive_busy(&d); n--) {
			ptn_drive_resume(&d);
			ptn_drive_step(&d, w.now, 0);
			w.now += 1 + world_roll(&w, 20);
		}
		gone = postern_mail_outcome(lot.m[victim]) == POSTERN_PENDING;
		if (seed % 3) {
			ptn_drive_withdraw(&d, lot.m[victim]);
			if (gone && !postern_mail_outcome(lot.m[victim])) /* it was in the queue */
				for (size_t k = 0; k < lot.m[victim]->n; k++)
					ck_assert(!w.fates[victim][k].taken ||
						  w.fates[victim][k].answered);
			postern_mail_free(lot.m[victim]);
			lot.m[victim] = NULL;
		} else {
			ptn_drive_abandon(&d, PTN_FAULT_CANCELLED);
			ck_assert_uint_eq(ptn_drive_left(&d), 0);
		}
		if (seed % 3 == 0 || seed % 2 == 0)
			run();
		else
			ptn_drive_forget(&d);
		end(&plan, seed, outcomes);
	}
}
END_TEST

/* Further connections are refused: the first one does all the work, and asks less and less often.
 */
START_TEST(a_server_that_takes_one_connection)
{
	for (unsigned long long seed = 1; seed <= 20; seed++) {
		struct plan plan = {
			.mails = MAILS_MOST, .ports = 1, .moods = good_port, .flow.connections = 5};
		int outcomes[6] = {0};

		world_begin(&w, seed, 0);
		w.pipelining = 0;
		w.serves_most = 1;
		begin(&plan, seed);
		run();
		ck_assert_int_eq(w.most_served, 1);
		ck_assert_int_gt(w.opened, 1); /* it was tried */
		ck_assert_int_lt(w.opened, 12);
		end(&plan, seed, outcomes);
		ck_assert_int_eq(outcomes[POSTERN_ACCEPTED], MAILS_MOST);
	}
}
END_TEST

/* Limits of the server, and the caller's: each connection carries as many as it may, and is ended
 * with QUIT. */
START_TEST(mails_per_connection)
{
	for (int by_server = 0; by_server < 2; by_server++)
		for (int most = 1; most <= 7; most++) {
			struct plan plan = {.mails = 20, .ports = 1, .moods = good_port};
			int outcomes[6] = {0};

			world_begin(&w, (unsigned long long)most, 0);
			w.pipelining = w.chunking = most % 2;
			w.mail_max = by_server ? most : 0;
			plan.flow.mails_each = by_server ? 0 : (unsigned)most;
			plan.flow.window_mails = 4;
			begin(&plan, 1);
			run();
			ck_assert_int_eq(w.opened, (20 + most - 1) / most);
			ck_assert_int_ge(w.quits, 19 / most);
			end(&plan, 1, outcomes);
			ck_assert_int_eq(outcomes[POSTERN_ACCEPTED], 20);
		}
}
END_TEST

/* Content that can be read once only is not split. */
START_TEST(a_reader_and_too_many_recipients)
{
	for (int domains = 0; domains < 2; domains++) {
		struct plan plan = {.mails = 0, .ports = 1, .moods = good_port};
		int outcomes[6] = {0};

		world_begin(&w, 7, 0);
		w.rcpt_max = domains ? 0 : 2;
		w.domain_max = domains ? 1 : 0;
		begin(&plan, 1);
		lot.n = 2;
		for (int i = 0; i < 2; i++) {
			lot.m[i] = postern_mail_new("me@example.org");
			snprintf(lot.texts[i], sizeof(lot.texts[i]), "X-Mail: %d\n\nhello\n", i);
			lot.read[i] = 0;
			for (int k = 0; k < (i ? 1 : 3); k++) {
				char address[64];

				snprintf(address, sizeof(address), "r%d.m%d@d%d.example", k, i, k);
				postern_mail_add_recipient(lot.m[i], address);
			}
			postern_mail_set_reader(lot.m[i], read_some, lot.texts[i]);
			ptn_drive_submit(&d, lot.m[i]);
		}
		run();
		ck_assert_str_eq(postern_mail_error_id(lot.m[0]), "too-many-recipients");
		ck_assert_int_eq(w.fates[0][0].asked, 0);
		ck_assert_int_eq(postern_mail_outcome(lot.m[1]), POSTERN_ACCEPTED);
		end(&plan, 1, outcomes);
	}
}
END_TEST

/* An idle connection is closed when its time is over, and not before; until then nothing is to be
 * done. */
START_TEST(idle_connections)
{
	struct plan plan = {.mails = 12, .ports = 1, .moods = good_port, .flow.connections = 3};
	int outcomes[6] = {0}, lines;

	world_begin(&w, 3, 0);
	w.pipelining = 0;
	begin(&plan, 3);
	run();
	for (int i = 0; i < 1000; i++, w.now += 5) /* replies to QUIT, RSET and the like */
		ptn_drive_step(&d, w.now, 0);
	lines = world_open(&w);
	ck_assert_int_gt(lines, 1);
	ck_assert_int_eq(w.quits, 0);
	for (int quits = 0, turns = 0; quits < lines; quits = w.quits) {
		ptn_time wake = ptn_drive_wake(&d);

		ck_assert_int_lt(++turns, 10); /* some to give back memory */
		ck_assert_msg(wake > w.now && wake != PTN_NEVER, "it spins, or sleeps for ever");
		w.now = wake - 1;
		ptn_drive_step(&d, w.now, 0);
		ck_assert_int_eq(w.quits, quits);
		w.now = wake;
		ptn_drive_step(&d, w.now, 0);
		for (int i = 0; i < 200 && d.closing && w.quits == quits; i++, w.now++)
			ptn_drive_step(&d, w.now, 0); /* written piece by piece */
	}
	for (int i = 0; i < 200; i++, w.now++)
		ptn_drive_step(&d, w.now, 0);
	ck_assert_int_eq(w.quits, lines);
	ck_assert_int_eq(world_open(&w), 0);
	ck_assert(ptn_drive_wake(&d) == PTN_NEVER);
	end(&plan, 3, outcomes);
}
END_TEST

/* Without a limit it stays. */
START_TEST(idle_for_ever)
{
	struct plan plan = {.mails = 2, .ports = 1, .moods = good_port};
	int outcomes[6] = {0};

	world_begin(&w, 3, 0);
	begin(&plan, 3);
	set.limits[POSTERN_LIMIT_IDLE] = 0;
	run();
	ck_assert_int_le(ptn_drive_wake(&d), w.now + 1000);
	w.now += 1000;
	ptn_drive_step(&d, w.now, 0);
	ck_assert(ptn_drive_wake(&d) == PTN_NEVER);
	w.now += 100000000;
	ptn_drive_step(&d, w.now, 0);
	ck_assert_int_eq(world_open(&w), 1);
	end(&plan, 3, outcomes);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "worlds");

	tcase_add_test(t, a_good_server_gets_everything);
	tcase_add_test(t, hostile_servers_change_no_truth);
	tcase_add_test(t, bad_ports_cost_no_mail);
	tcase_add_test(t, no_port_at_all);
	tcase_add_test(t, everything_arrives_through_any_number_of_lines);
	tcase_add_test(t, hostile_servers_change_no_truth_on_several_lines);
	tcase_add_test(t, withdrawn_at_any_time);
	tcase_add_test(t, a_server_that_takes_one_connection);
	tcase_add_test(t, mails_per_connection);
	tcase_add_test(t, a_reader_and_too_many_recipients);
	tcase_add_test(t, idle_connections);
	tcase_add_test(t, idle_for_ever);
}
