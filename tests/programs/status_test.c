/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fault.h"
#include "cli/failure.h"
#include "cli/status.h"
#include "main.h"

static const struct {
	int fault, status; /* of a mail that ends with the fault's own outcome */
} faults[] = {
	{PTN_FAULT_NAME_NOT_FOUND, 68},    {PTN_FAULT_NAME_NO_ANSWER, 75},
	{PTN_FAULT_CONNECT_REFUSED, 75},   {PTN_FAULT_GREETING_REFUSED, 69},
	{PTN_FAULT_GREETING_BUSY, 75},     {PTN_FAULT_GREETING_NOT_SMTP, 76},
	{PTN_FAULT_GREETING_IS_TLS, 78},   {PTN_FAULT_STARTTLS_MISSING, 78},
	{PTN_FAULT_STARTTLS_BUSY, 75},     {PTN_FAULT_STARTTLS_MALFORMED, 76},
	{PTN_FAULT_STARTTLS_INJECTED, 78}, {PTN_FAULT_TLS_ALERT, 78},
	{PTN_FAULT_CERT_EXPIRED, 78},      {PTN_FAULT_TRUST_UNUSABLE, 78},
	{PTN_FAULT_AUTH_NO_MECHANISM, 78}, {PTN_FAULT_AUTH_REFUSED, 77},
	{PTN_FAULT_AUTH_UNPROVEN, 77},     {PTN_FAULT_AUTH_BUSY, 75},
	{PTN_FAULT_RCPT_REFUSED, 69},      {PTN_FAULT_LOST, 75},
	{PTN_FAULT_MALFORMED, 76},         {PTN_FAULT_LOST_IN_DOUBT, 74},
	{PTN_FAULT_TIMEOUT_IN_DOUBT, 74},  {PTN_FAULT_MALFORMED_IN_DOUBT, 74},
	{PTN_FAULT_TOO_LARGE, 69},         {PTN_FAULT_CONTENT_NUL, 65},
	{PTN_FAULT_CONTENT_READER, 66},    {PTN_FAULT_ARGUMENT, 65},
	{PTN_FAULT_CANCELLED, 75},         {PTN_FAULT_CANCELLED_IN_DOUBT, 74},
	{PTN_FAULT_TIME_LIMIT, 75},        {PTN_FAULT_NO_MEMORY, 75},
	{PTN_FAULT_PROXY_UNREACHABLE, 75}, {PTN_FAULT_PROXY_AUTH, 77},
	{PTN_FAULT_PROXY_MALFORMED, 76},   {PTN_FAULT_SOURCE_UNUSABLE, 78},
	{PTN_FAULT_TLS_CERT_WANTED, 78},   {PTN_FAULT_CERT_NOT_PINNED, 78},
	{PTN_FAULT_CERT_NO_STAPLE, 78},    {PTN_FAULT_CERT_NOT_IN_DNS, 78},
	{PTN_FAULT_AUTH_NO_BINDING, 78},   {PTN_FAULT_AUTH_DOWNGRADE, 78},
	{PTN_FAULT_AUTH_NO_TOKEN, 75},     {PTN_FAULT_AUTH_TOKEN_REFUSED, 77},
	{PTN_FAULT_NEEDS_EXTENSION, 69},   {PTN_FAULT_CONTENT_FILE, 66},
	{PTN_FAULT_CONTENT_CHANGED, 66},
};

START_TEST(tells_each_fault)
{
	int fault = faults[_i].fault;

	ck_assert_int_eq(exit_status(ptn_fault_outcome(fault), ptn_fault_code(fault),
				     ptn_fault_id(fault), 0),
			 faults[_i].status);
}
END_TEST

START_TEST(goes_by_the_outcome_first)
{
	ck_assert_int_eq(exit_status(POSTERN_ACCEPTED, 0, "", 250), 0);
	ck_assert_int_eq(exit_status(POSTERN_PARTIAL, POSTERN_E_REFUSED, "recipient-refused", 550),
			 69);
	ck_assert_int_eq(exit_status(POSTERN_TRANSIENT, POSTERN_E_REFUSED, "data-refused", 451),
			 75);
	ck_assert_int_eq(exit_status(POSTERN_PERMANENT, POSTERN_E_REFUSED, "sender-refused", 530),
			 77);
	ck_assert_int_eq(exit_status(POSTERN_PERMANENT, POSTERN_E_REFUSED, "sender-refused", 550),
			 69);
	ck_assert_int_eq(exit_status(POSTERN_PENDING, 0, "", 0), 75);
}
END_TEST

/* Every fault gives a status that is written down. */
START_TEST(knows_all)
{
	for (int fault = 1; fault < PTN_FAULT_COUNT; fault++) {
		int status = exit_status(ptn_fault_outcome(fault), ptn_fault_code(fault),
					 ptn_fault_id(fault), 0);

		ck_assert_msg(status >= EXIT_USAGE && status <= EXIT_CONFIGURATION, "%s: %d",
			      ptn_fault_id(fault), status);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "status");

	EACH(t, tells_each_fault, faults);
	tcase_add_test(t, goes_by_the_outcome_first);
	tcase_add_test(t, knows_all);
}
