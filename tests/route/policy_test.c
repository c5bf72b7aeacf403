/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/fault.h"
#include "main.h"
#include "route/policy.h"
#include "route/route.h"

START_TEST(every_fault_has_exactly_one_row)
{
	int rows = 0;

	for (size_t i = 0; i < ptn_route_policies; i++)
		if (ptn_route_policy[i].fault == _i)
			rows++;
	ck_assert_msg(rows == 1, "fault %d (%s) has %d rows", _i, ptn_fault_id(_i), rows);
}
END_TEST

START_TEST(no_row_is_about_nothing)
{
	ck_assert_uint_eq(ptn_route_policies, PTN_FAULT_COUNT);
}
END_TEST

/* What each failure must mean, said by number. */
static const struct {
	int row, verdict;
} meaning[] = {
	{1, PTN_STAY},  {2, PTN_GO_ON}, {3, PTN_GO_ON}, {4, PTN_GO_ON}, {5, PTN_STAY},
	{6, PTN_GO_ON}, {7, PTN_UP},    {8, PTN_UP},    {9, PTN_STOP},  {10, PTN_UP},
	{11, PTN_STOP}, {12, PTN_STAY}, {13, PTN_STOP}, {14, PTN_STOP}, {15, PTN_STAY},
	{16, PTN_STOP}, {17, PTN_STOP},
};

START_TEST(verdict_follows_from_the_number)
{
	int used = 0;

	for (size_t i = 0; i < ptn_route_policies; i++) {
		if (ptn_route_policy[i].row != meaning[_i].row)
			continue;
		used++;
		ck_assert_int_eq(ptn_route_policy[i].verdict, meaning[_i].verdict);
		ck_assert_int_eq(ptn_route_verdict(ptn_route_policy[i].fault), meaning[_i].verdict);
	}
	ck_assert_int_gt(used, 0);
}
END_TEST

START_TEST(only_what_lets_others_try_is_weighed)
{
	for (size_t i = 0; i < ptn_route_policies; i++) {
		int v = ptn_route_policy[i].verdict;

		ck_assert_int_eq(ptn_route_policy[i].telling > 0, v == PTN_GO_ON || v == PTN_UP);
	}
}
END_TEST

/* By id, so that a fault that changes places cannot hide. */
static const struct {
	const char *id;
	int row;
} placed[] = {
	{"name-not-found", 1},
	{"name-no-answer", 1},
	{"service-not-found", 1},
	{"connect-refused", 2},
	{"connect-timeout", 2},
	{"connect-unreachable", 2},
	{"connect-forbidden", 2},
	{"greeting-closed", 3},
	{"greeting-silent", 3},
	{"greeting-refused", 4},
	{"greeting-busy", 5},
	{"ehlo-busy", 5},
	{"greeting-not-smtp", 6},
	{"tls-mode-implicit-expected", 6},
	{"ehlo-refused", 7},
	{"ehlo-closed", 7},
	{"ehlo-timeout", 7},
	{"ehlo-malformed", 7},
	{"starttls-missing", 7},
	{"starttls-refused", 7},
	{"starttls-busy", 8},
	{"starttls-closed", 8},
	{"starttls-timeout", 8},
	{"starttls-malformed", 9},
	{"starttls-injected", 9},
	{"tls-closed", 10},
	{"tls-timeout", 10},
	{"tls-alert", 10},
	{"tls-no-common-version", 10},
	{"tls-not-tls", 10},
	{"tls-mode-starttls-expected", 10},
	{"tls-broken", 10},
	{"tls-certificate-wanted", 13},
	{"certificate-expired", 11},
	{"certificate-not-yet-valid", 11},
	{"certificate-wrong-name", 11},
	{"certificate-unknown-authority", 11},
	{"certificate-self-signed", 11},
	{"certificate-revoked", 11},
	{"certificate-weak", 11},
	{"certificate-wrong-purpose", 11},
	{"certificate-invalid", 11},
	{"certificate-not-pinned", 11},
	{"certificate-staple-missing", 11},
	{"certificate-staple-invalid", 11},
	{"certificate-not-in-dns", 11},
	{"trust-unusable", 11},
	{"tls-ehlo-refused", 12},
	{"tls-ehlo-busy", 12},
	{"tls-ehlo-closed", 12},
	{"tls-ehlo-timeout", 12},
	{"tls-ehlo-malformed", 12},
	{"auth-not-offered", 13},
	{"auth-no-mechanism", 13},
	{"auth-downgrade", 13},
	{"auth-no-channel-binding", 13},
	{"auth-no-token", 17},
	{"auth-token-refused", 14},
	{"auth-refused", 14},
	{"auth-mechanism-refused", 14},
	{"auth-needs-tls", 14},
	{"auth-server-unproven", 14},
	{"auth-challenge-unsafe", 14},
	{"auth-malformed", 14},
	{"auth-busy", 15},
	{"auth-closed", 15},
	{"auth-timeout", 15},
	{"sender-refused", 16},
	{"connection-lost", 16},
	{"lost-after-content", 16},
	{"cancelled", 17},
	{"time-limit", 17},
	{"no-memory", 17},
	{"system-limit", 17},
};

START_TEST(fault_is_in_its_place)
{
	int found = 0;

	for (size_t i = 0; i < ptn_route_policies; i++) {
		if (strcmp(ptn_fault_id(ptn_route_policy[i].fault), placed[_i].id) != 0)
			continue;
		found++;
		ck_assert_int_eq(ptn_route_policy[i].row, placed[_i].row);
	}
	ck_assert_int_eq(found, 1);
}
END_TEST

START_TEST(unknown_faults_stop)
{
	ck_assert_int_eq(ptn_route_verdict(PTN_FAULT_COUNT), PTN_STOP);
	ck_assert_int_eq(ptn_route_verdict(-1), PTN_STOP);
	ck_assert_int_eq(ptn_route_verdict(PTN_FAULT_NONE), PTN_STOP);
	ck_assert_int_eq(ptn_route_telling(PTN_FAULT_COUNT), 0);
}
END_TEST

START_TEST(implicit_is_over_starttls_is_over_the_rest)
{
	ck_assert_int_eq(ptn_route_rank(PTN_MODE_IMPLICIT), 2);
	ck_assert_int_eq(ptn_route_rank(PTN_MODE_STARTTLS), 1);
	ck_assert_int_eq(ptn_route_rank(PTN_MODE_OPPORTUNISTIC), 0);
	ck_assert_int_eq(ptn_route_rank(PTN_MODE_NONE), 0);
	ck_assert_int_eq(ptn_route_rank(99), 0);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "policy");

	tcase_add_loop_test(t, every_fault_has_exactly_one_row, 0, PTN_FAULT_COUNT);
	tcase_add_test(t, no_row_is_about_nothing);
	EACH(t, verdict_follows_from_the_number, meaning);
	tcase_add_test(t, only_what_lets_others_try_is_weighed);
	EACH(t, fault_is_in_its_place, placed);
	tcase_add_test(t, unknown_faults_stop);
	tcase_add_test(t, implicit_is_over_starttls_is_over_the_rest);
}
