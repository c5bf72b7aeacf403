/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "main.h"
#include "must.h"
#include "search.h"
#include "world.h"

enum { BEGUN = 1000, RESOLVE = 700, LIMIT = 20000, SECONDS = 1700000000 };

static struct world w;
static struct ptn_settings set;
static struct ptn_search s;

/* Ports numbered from 0, each with its mood; odd ones with implicit TLS. */
static void begin(unsigned long long seed, size_t ports, const int *moods)
{
	world_begin(&w, seed, 0);
	memset(&set, 0, sizeof(set));
	set.host = (char *)"fake.test";
	set.name = (char *)"client.example.org";
	set.n_ports = ports;
	for (size_t i = 0; i < ports; i++) {
		set.ports[i] = (struct ptn_candidate){
			.port = (int)i, .mode = i % 2 ? PTN_MODE_IMPLICIT : PTN_MODE_STARTTLS};
		w.moods[i] = moods[i];
	}
	for (int i = 0; i < PTN_LIMITS; i++)
		set.limits[i] = LIMIT;
	set.limits[POSTERN_LIMIT_RESOLVE] = RESOLVE;
	set.limits[POSTERN_LIMIT_ATTEMPT] = 250;
	ptn_search_init(&s, &set, &world_net, &w);
}

/* Those that lost are the caller's: seen off as drive does. */
static void see_off(void)
{
	struct ptn_smtp_event ev;

	while (s.parting) {
		struct ptn_link *l = s.parting;
		int state = PTN_LINK_QUIET;

		s.parting = l->next;
		for (ptn_time now = w.now; state != PTN_LINK_OVER && now < w.now + 100; now++)
			state = ptn_link_step(l, now, &ev);
		must(!l->go); /* none of them was to sign in */
		ptn_link_free(l);
	}
}

/* Step on to the end, or up to `until`: as ptn_search_step(). */
static int go_on(struct ptn_link **line, ptn_time until)
{
	int state = 0;

	while (!state && w.now < until) {
		ptn_time wake;

		state = ptn_search_step(&s, w.now, line);
		see_off();
		wake = ptn_search_wake(&s);
		if (state)
			break;
		must(wake > w.now);
		w.now += wake - w.now > 5 ? 1 + (ptn_time)world_roll(&w, 5) : 1;
	}
	return state;
}

static int hunt(struct ptn_link **line)
{
	ptn_search_begin(&s, w.now, SECONDS);
	return go_on(line, BEGUN + 200000);
}

static void done(void)
{
	ptn_search_free(&s);
	ck_assert_int_eq(world_open(&w), 0);
	ck_assert_int_eq(w.resolving, 0);
}

static const char *words(const struct ptn_buf *b)
{
	return ptn_buf_data(b);
}

/* ---- The name. ---- */

START_TEST(the_name)
{
	static const int good[] = {MOOD_GOOD};
	static const struct {
		int refused, error;
		const char *id, *cause;
	} names[] = {
		{0, -ENOENT, "name-not-found", "the host name fake.test was not found"},
		{0, -EAGAIN, "name-no-answer", "no name server answered for fake.test"},
		{0, -ENOMEM, "no-memory", "out of memory"},
		{-ENOMEM, 0, "no-memory", "out of memory"},
		{-EINVAL, 0, "name-no-answer", "no name server answered for fake.test"},
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct ptn_link *line = NULL;

		begin(1, 1, good);
		w.name_refused = names[i].refused;
		w.name_error = names[i].error;
		w.name_at = BEGUN + 100;
		ck_assert_int_eq(hunt(&line), -1);
		ck_assert_str_eq(ptn_fault_id(s.fault), names[i].id);
		ck_assert_str_eq(words(&s.cause), names[i].cause);
		ck_assert_ptr_null(line);
		ck_assert_int_eq(w.opened, 0);
		/* It stays so until another search is begun. */
		ck_assert_int_eq(ptn_search_step(&s, w.now, &line), -1);
		ck_assert(ptn_search_wake(&s) == PTN_NEVER);
		w.name_refused = w.name_error = 0;
		ck_assert_int_eq(hunt(&line), 1);
		ptn_link_free(line);
		done();
	}
}
END_TEST

START_TEST(a_name_that_takes_too_long)
{
	static const int good[] = {MOOD_GOOD};
	struct ptn_link *line = NULL;

	begin(1, 1, good);
	w.name_at = BEGUN + RESOLVE;
	ck_assert_int_eq(hunt(&line), 1); /* at the very end it counts */
	ptn_link_free(line);
	ptn_search_free(&s);
	begin(1, 1, good);
	w.name_at = BEGUN + RESOLVE + 1;
	ck_assert_int_eq(hunt(&line), -1);
	ck_assert_int_eq(w.now, BEGUN + RESOLVE);
	ck_assert_str_eq(ptn_fault_id(s.fault), "name-no-answer");
	done();
	/* Without a limit it is waited for. */
	begin(1, 1, good);
	set.limits[POSTERN_LIMIT_RESOLVE] = 0;
	w.name_at = BEGUN + 100000;
	ck_assert_int_eq(hunt(&line), 1);
	ptn_link_free(line);
	done();
}
END_TEST

/* A password goes abroad under TLS, or not at all: not even a connection is begun. */
START_TEST(clear_text)
{
	static const int good[] = {MOOD_GOOD};

	for (int mode = 0; mode < 4; mode++)
		for (int login = 0; login < 2; login++)
			for (int abroad = 0; abroad < 2; abroad++) {
				struct ptn_link *line = NULL;
				int refused = mode == PTN_MODE_NONE && login && abroad, state;

				begin(1, 1, good);
				set.ports[0].mode = mode;
				set.user = login ? (char *)"user" : NULL;
				set.password = login ? (char *)"pencil" : NULL;
				w.abroad = abroad;
				state = hunt(&line);
				ck_assert_int_eq(!w.opened, refused);
				ck_assert_int_eq(s.fault == PTN_FAULT_CLEAR_TEXT_SIGN_IN, refused);
				if (refused)
					ck_assert_int_eq(state, -1);
				if (state > 0)
					ptn_link_free(line);
				done();
			}
}
END_TEST

/* One address that is not this machine's is enough. */
START_TEST(clear_text_to_some_addresses)
{
	static const int good[] = {MOOD_GOOD};

	for (unsigned long long seed = 0; seed < 20; seed++) {
		struct ptn_link *line = NULL;

		begin(seed, 1, good);
		set.ports[0].mode = PTN_MODE_NONE;
		set.user = set.password = (char *)"x";
		w.one_abroad = 1;
		ck_assert_int_eq(hunt(&line), -1);
		ck_assert_str_eq(ptn_fault_id(s.fault), "clear-text-sign-in");
		ck_assert_int_eq(w.opened, 0);
		done();
	}
}
END_TEST

/* ---- Ports. ---- */

static const int bad[] = {MOOD_REFUSED, MOOD_DROPPED, MOOD_SILENT, MOOD_BLUNT};

static void check_record(size_t i, int won)
{
	const struct ptn_attempt *a = &s.attempts[i];

	ck_assert_ptr_null(s.hunt);
	if (i >= s.n_attempts)
		return;
	ck_assert_ptr_null(a->run); /* what it needed is gone, and the winner's link the caller's */
	if (!a->tried)
		return;
	ck_assert_int_eq(a->want.port, (int)i);
	ck_assert_int_ge(a->started, BEGUN);
	ck_assert(a->over && a->ended >= a->started && a->ended <= w.now);
	ck_assert(*a->address);
	if (won) {
		ck_assert_int_eq(a->fault, 0);
		ck_assert_str_eq(words(&a->error), "");
	} else if (a->fault) {
		ck_assert_uint_gt(strlen(words(&a->error)), 0);
	}
}

START_TEST(the_good_one_is_found)
{
	const int moods[] = {bad[_i % 4], bad[_i / 4 % 4], MOOD_GOOD};
	int n = 1 + _i / 16; /* how many bad ones are in front of it */

	for (unsigned long long seed = 1; seed <= 5; seed++) {
		struct ptn_link *line = NULL;
		int all[3] = {moods[0], moods[1], MOOD_GOOD};

		all[n] = MOOD_GOOD;
		begin(seed, (size_t)n + 1, all);
		ck_assert_int_eq(hunt(&line), 1);
		ck_assert_ptr_nonnull(line);
		ck_assert_int_eq(line->port, n);
		ck_assert_int_eq(line->go, 1);
		ck_assert(ptn_link_usable(line));
		/* A dead port costs a fraction of a second. */
		ck_assert_int_lt(w.now - BEGUN, 1000 * (n + 1));
		for (size_t i = 0; i <= (size_t)n; i++)
			check_record(i, (int)i == n);
		ptn_link_free(line);
		done();
	}
}
END_TEST

START_TEST(the_first_of_good_ones)
{
	static const int good[] = {MOOD_GOOD, MOOD_GOOD, MOOD_GOOD};

	for (unsigned long long seed = 1; seed <= 200; seed++) {
		struct ptn_link *line = NULL;

		begin(seed, 3, good);
		ck_assert_int_eq(hunt(&line), 1);
		ck_assert_int_eq(line->port, 0);
		for (size_t i = 0; i < 3; i++)
			check_record(i, !i);
		ptn_link_free(line);
		done();
	}
}
END_TEST

START_TEST(no_way)
{
	static const char *const ids[] = {"connect-refused", "connect-timeout", "greeting-silent",
					  "greeting-refused"};
	static const int telling[] = {0, 0, 1, 2};
	int a = _i % 4, b = _i / 4;
	const int moods[] = {bad[a], bad[b]};
	int best = telling[b] > telling[a] ? 1 : 0;
	struct ptn_link *line = NULL;

	begin(1, 2, moods);
	ck_assert_int_eq(hunt(&line), -1);
	ck_assert_ptr_null(line);
	/* The same on every port says more than on one. */
	if (a == b && a < 2) {
		ck_assert_str_eq(ptn_fault_id(s.fault),
				 a ? "ports-all-timeout" : "ports-all-refused");
	} else {
		ck_assert_str_eq(ptn_fault_id(s.fault), ids[best ? b : a]);
		ck_assert_str_eq(words(&s.cause), words(&s.attempts[best].error));
	}
	ck_assert_uint_gt(strlen(words(&s.cause)), 0);
	ck_assert_uint_gt(strlen(words(&s.advice)), 0);
	check_record(0, 0);
	check_record(1, 0);
	done();
}
END_TEST

/* Whenever it is stopped, nothing stays open, and it can begin again. */
START_TEST(stopped)
{
	static const int moods[] = {MOOD_SILENT, MOOD_DROPPED, MOOD_GOOD};
	struct ptn_link *line = NULL;

	for (ptn_time at = 0; at < 900; at += 7) {
		begin((unsigned long long)at, 3, moods);
		w.name_at = BEGUN + 50;
		ptn_search_begin(&s, w.now, SECONDS);
		if (go_on(&line, BEGUN + at) == 1)
			ptn_link_free(line);
		ptn_search_stop(&s);
		ptn_search_stop(&s);
		ck_assert_int_eq(world_open(&w), 0);
		ck_assert_int_eq(w.resolving, 0);
		ck_assert(ptn_search_wake(&s) == PTN_NEVER);
		ck_assert_int_eq(hunt(&line), 1);
		ptn_link_free(line);
		done();
	}
}
END_TEST

START_TEST(blamed)
{
	static const int moods[] = {MOOD_REFUSED, MOOD_GOOD};
	struct ptn_link *line = NULL;
	struct ptn_buf cause = {0};

	begin(1, 2, moods);
	ptn_search_blame(&s, PTN_FAULT_AUTH_REFUSED, &cause); /* nobody won: nobody is */
	ck_assert_int_eq(hunt(&line), 1);
	ck_assert_int_eq(ptn_buf_add(&cause, "why", 4), 0);
	ptn_search_blame(&s, PTN_FAULT_AUTH_REFUSED, &cause);
	ck_assert_str_eq(ptn_fault_id(s.attempts[0].fault), "connect-refused");
	ck_assert_str_eq(ptn_fault_id(s.attempts[1].fault), "auth-refused");
	ck_assert_str_eq(words(&s.attempts[1].error), "why");
	ptn_buf_free(&cause);
	ptn_link_free(line);
	done();
}
END_TEST

/* ---- What worked before. ---- */

START_TEST(the_hint)
{
	static const int moods[] = {MOOD_DROPPED, MOOD_DROPPED, MOOD_GOOD};
	struct ptn_link *line = NULL;

	begin(1, 3, moods);
	set.limits[POSTERN_LIMIT_ROUTE] = 600000;
	ck_assert_int_eq(hunt(&line), 1);
	ptn_search_remember(&s, line, SECONDS);
	ptn_link_free(line);
	ck_assert_int_eq(s.hint.port, 2);
	/* The next search begins with it, and needs no other. */
	w.opened = 0;
	ck_assert_int_eq(hunt(&line), 1);
	ck_assert_int_eq(line->port, 2);
	ck_assert_int_eq(s.attempts[0].want.port, 2);
	ck_assert_uint_eq(s.n_attempts, 1);
	/* Who won and failed after all is no hint any more. */
	ptn_search_blame(&s, PTN_FAULT_HELLO_CLOSED, &s.cause);
	ck_assert_int_eq(s.hint.port, 0);
	ptn_search_remember(&s, line, SECONDS);
	ptn_link_free(line);
	/* Nor is one that does not connect. */
	w.moods[2] = MOOD_REFUSED;
	w.moods[0] = MOOD_GOOD;
	ck_assert_int_eq(hunt(&line), 1);
	ck_assert_int_eq(line->port, 0);
	ck_assert_int_eq(s.hint.port, 0);
	ck_assert_int_eq(s.attempts[0].want.port, 2);
	ptn_link_free(line);
	done();
}
END_TEST

START_TEST(the_age_of_a_hint)
{
	static const int moods[] = {MOOD_GOOD, MOOD_GOOD};
	static const struct {
		long long later;
		int good;
	} ages[] = {{0, 1}, {599, 1}, {600, 0}, {1000000, 0}, {-1, 0}};

	for (size_t i = 0; i < sizeof(ages) / sizeof(*ages); i++) {
		struct ptn_link *line = NULL;

		begin(1, 2, moods);
		set.limits[POSTERN_LIMIT_ROUTE] = 600000;
		s.hint.port = 1;
		s.hint.mode = PTN_MODE_IMPLICIT;
		s.hint.seconds = SECONDS - ages[i].later;
		ck_assert_int_eq(hunt(&line), 1);
		ck_assert_int_eq(line->port, ages[i].good);
		ptn_link_free(line);
		done();
	}
}
END_TEST

START_TEST(names_of_modes)
{
	ck_assert_str_eq(ptn_search_mode_name(PTN_MODE_STARTTLS), "STARTTLS");
	ck_assert_str_eq(ptn_search_mode_name(PTN_MODE_OPPORTUNISTIC), "STARTTLS");
	ck_assert_str_eq(ptn_search_mode_name(PTN_MODE_IMPLICIT), "implicit");
	ck_assert_str_eq(ptn_search_mode_name(PTN_MODE_NONE), "none");
}
END_TEST

void test_cases(Suite *suite)
{
	TCase *t = test_case(suite, "search");

	tcase_add_test(t, the_name);
	tcase_add_test(t, a_name_that_takes_too_long);
	tcase_add_test(t, clear_text);
	tcase_add_test(t, clear_text_to_some_addresses);
	tcase_add_loop_test(t, the_good_one_is_found, 0, 32);
	tcase_add_test(t, the_first_of_good_ones);
	tcase_add_loop_test(t, no_way, 0, 16);
	tcase_add_test(t, stopped);
	tcase_add_test(t, blamed);
	tcase_add_test(t, the_hint);
	tcase_add_test(t, the_age_of_a_hint);
	tcase_add_test(t, names_of_modes);
}
