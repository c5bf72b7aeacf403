/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include <postern.h>

#include "cli/extras.h"
#include "main.h"

enum { S = POSTERN_NOTIFY_SUCCESS, F = POSTERN_NOTIFY_FAILURE, D = POSTERN_NOTIFY_DELAY };

static char *room(const char *s)
{
	static char copy[80];

	ck_assert_uint_lt(strlen(s), sizeof copy);
	return memcpy(copy, s, strlen(s) + 1);
}

static const struct {
	const char *text;
	int bits; /* 0: refused */
} notices[] = {
	{"never", POSTERN_NOTIFY_NEVER},
	{"success", S},
	{"Failure,DELAY", F | D},
	{"success,failure,delay", S | F | D},
	{"", 0},
	{",", 0},
	{"success,", 0},
	{",delay", 0},
	{"never,delay", 0},
	{"failures", 0},
	{"success failure", 0},
};

START_TEST(notify)
{
	struct extras x = {.notify = room(notices[_i].text)};
	struct failure f = {0};
	int bits = notices[_i].bits;

	ck_assert_int_eq(extras_read(&x, &f), bits ? 0 : EXIT_USAGE);
	ck_assert_int_eq(x.notify_bits, bits);
	ck_assert_int_eq(x.priority_value, POSTERN_NO_PRIORITY);
	ck_assert(bits || strstr(f.text, "--notify"));
}
END_TEST

static const struct {
	const char *text;
	long seconds; /* 0: refused */
	int mode, trace;
} times[] = {
	{"1", 1, 'R', 0},      {"3600/N", 3600, 'N', 0},
	{"60/RT", 60, 'R', 1}, {"999999999/NT", 999999999, 'N', 1},
	{"0", 0, 0, 0},        {"-5/N", 0, 0, 0},
	{"", 0, 0, 0},         {"/N", 0, 0, 0},
	{"60/", 0, 0, 0},      {"60/X", 0, 0, 0},
	{"60/NTT", 0, 0, 0},   {"60/T", 0, 0, 0},
	{"1s", 0, 0, 0},       {"1000000000", 0, 0, 0},
};

START_TEST(deliver_by)
{
	struct extras x = {.deliver_by = room(times[_i].text)};
	struct failure f = {0};

	ck_assert_int_eq(extras_read(&x, &f), times[_i].seconds ? 0 : EXIT_USAGE);
	ck_assert_int_eq(x.by_seconds, times[_i].seconds);
	ck_assert_int_eq(x.by_mode, times[_i].mode);
	ck_assert_int_eq(x.by_trace, times[_i].trace);
	ck_assert(times[_i].seconds || strstr(f.text, "--deliver-by"));
}
END_TEST

static const struct {
	const char *text;
	int good, value;
} priorities[] = {
	{"0", 1, 0},   {"9", 1, 9}, {"-9", 1, -9}, {"+3", 1, 3},  {"10", 0, 0},
	{"-10", 0, 0}, {"", 0, 0},  {"-", 0, 0},   {"--1", 0, 0}, {"1x", 0, 0},
};

START_TEST(priority)
{
	struct extras x = {.priority = room(priorities[_i].text)};
	struct failure f = {0};

	ck_assert_int_eq(extras_read(&x, &f), priorities[_i].good ? 0 : EXIT_USAGE);
	ck_assert_int_eq(x.priority_value,
			 priorities[_i].good ? priorities[_i].value : POSTERN_NO_PRIORITY);
}
END_TEST

static const struct {
	const char *text;
	unsigned long seconds;
} holds[] = {
	{"1", 1}, {"999999999", 999999999}, {"0", 0}, {"1000000000", 0}, {"-1", 0}, {"1h", 0},
	{"", 0},
};

START_TEST(hold_for)
{
	struct extras x = {.hold_for = room(holds[_i].text)};
	struct failure f = {0};

	ck_assert_int_eq(extras_read(&x, &f), holds[_i].seconds ? 0 : EXIT_USAGE);
	ck_assert_uint_eq(x.hold_seconds, holds[_i].seconds);
	x.hold_until = x.hold_for;
	ck_assert_int_eq(extras_read(&x, &f), EXIT_USAGE);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "extras");

	EACH(t, notify, notices);
	EACH(t, deliver_by, times);
	EACH(t, priority, priorities);
	EACH(t, hold_for, holds);
}
