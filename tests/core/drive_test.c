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

static char texts[MAILS][64];

static void make_mails(struct world *w, postern_mail *m[MAILS])
{
	for (int i = 0; i < MAILS; i++) {
		unsigned long long line;
		int n = 1 + (int)world_roll(w, 3);

		snprintf(texts[i], sizeof(texts[i]), "X-Mail: %d\n\n.hello\nworld %d", i, i);
		m[i] = postern_mail_new("me@example.org");
		for (int k = 0; k < n; k++)
			ck_assert_int_eq(postern_mail_add_recipient(m[i], "you@example.net"), 0);
		postern_mail_set_text(m[i], texts[i], strlen(texts[i]));
		postern_mail_set_completion(m[i], 0);
		ck_assert_int_eq(ptn_mail_prepare(m[i], "h", 0, &line), 0);
	}
}

static void run(struct ptn_drive *d, struct world *w)
{
	for (long steps = 0; ptn_drive_busy(d); steps++) {
		ptn_time wake;

		must(steps < 200000);
		ptn_drive_step(d, w->now, 0);
		wake = ptn_drive_wake(d);
		/* Octets come by themselves, so the clock goes on in small steps, faster when idle.
		 */
		w->now += 1 + world_roll(w, 20);
		if (world_roll(w, 4) == 0 && wake != PTN_NEVER && wake > w->now &&
		    wake - w->now > 2000)
			w->now += world_roll(w, (unsigned)(wake - w->now) / 4);
	}
}

/* What must be true of a mail, from what the server saw. */
static void judge(struct world *w, postern_mail *m, int i, unsigned long long seed)
{
	int outcome = postern_mail_outcome(m);
	int accepted = outcome == POSTERN_ACCEPTED || outcome == POSTERN_PARTIAL;

	ck_assert_msg(outcome != POSTERN_PENDING, "seed %llu mail %d: pending", seed, i);
	ck_assert_msg(w->mail[i].begun <= 1, "seed %llu mail %d: sent twice", seed, i);
	ck_assert_msg(w->mail[i].terminated <= 1, "seed %llu mail %d: ended twice", seed, i);
	if (getenv("POSTERN_SAY"))
		printf("seed %llu mail %d: %s %s %s\n", seed, i, postern_outcome_name(outcome),
		       postern_mail_error_id(m), postern_mail_error(m));
	ck_assert_msg(accepted == (w->mail[i].answered == 2),
		      "seed %llu mail %d: outcome %s, answered %d", seed, i,
		      postern_outcome_name(outcome), w->mail[i].answered);
	if (outcome == POSTERN_IN_DOUBT)
		ck_assert_msg(w->mail[i].terminated && w->mail[i].answered <= 0,
			      "seed %llu mail %d: in doubt for nothing", seed, i);
	else
		ck_assert_msg(!w->mail[i].terminated || w->mail[i].answered > 0,
			      "seed %llu mail %d: %s, though the dot came and no answer was read",
			      seed, i, postern_outcome_name(outcome));
	if (accepted || outcome == POSTERN_PENDING)
		return;
	ck_assert_msg(*postern_mail_error(m), "seed %llu mail %d: %s (%s) without words", seed, i,
		      postern_outcome_name(outcome), postern_mail_error_id(m));
	ck_assert_int_lt(postern_mail_code(m), 0);
}

static void live(unsigned long long seed, int hostility, size_t ports, const int *moods,
		 int outcomes[6])
{
	static struct world w;
	struct ptn_settings set = {.host = (char *)"fake.test", .n_ports = ports};
	struct ptn_drive d;
	postern_mail *m[MAILS];

	world_begin(&w, seed, hostility);
	for (size_t i = 0; i < ports; i++) {
		set.ports[i] = (struct ptn_candidate){
			.port = (int)i, .mode = i % 2 ? PTN_MODE_IMPLICIT : PTN_MODE_STARTTLS};
		w.moods[i] = moods[i];
	}
	for (int i = 0; i < PTN_LIMITS; i++)
		set.limits[i] = 20000;
	set.limits[POSTERN_LIMIT_OVERALL] = 0;
	set.limits[POSTERN_LIMIT_ATTEMPT] = 250;
	ptn_drive_init(&d, &set, &world_net, &w);
	make_mails(&w, m);
	for (int i = 0; i < MAILS; i++)
		ptn_drive_submit(&d, m[i]);
	run(&d, &w);
	for (int i = 0; i < MAILS; i++) {
		judge(&w, m[i], i, seed);
		outcomes[postern_mail_outcome(m[i])]++;
	}
	ptn_drive_free(&d);
	ck_assert_msg(!world_open(&w), "seed %llu: a connection stayed open", seed);
	for (int i = 0; i < MAILS; i++)
		postern_mail_free(m[i]);
}

static unsigned long long seeds(void)
{
	const char *n = getenv("POSTERN_SEEDS");

	return n ? strtoull(n, NULL, 10) : getenv("POSTERN_SLOW") ? 100 : 2000;
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

	for (unsigned long long seed = 1; seed <= seeds(); seed++)
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

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "worlds");

	tcase_add_test(t, a_good_server_gets_everything);
	tcase_add_test(t, hostile_servers_change_no_truth);
	tcase_add_test(t, bad_ports_cost_no_mail);
	tcase_add_test(t, no_port_at_all);
}
