/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fault.h"
#include "main.h"
#include "refine.h"

static const struct {
	int fault, code;
	const char *status, *text;
	int means;
} replies[] = {
	{PTN_FAULT_AUTH_REFUSED, 535, "5.7.8", "bad", PTN_FAULT_AUTH_REFUSED},
	{PTN_FAULT_AUTH_REFUSED, 535, "5.7.139", "basic authentication is disabled",
	 PTN_FAULT_AUTH_PASSWORD_OFF},
	{PTN_FAULT_MAIL_REFUSED, 550, "5.7.30", "", PTN_FAULT_AUTH_PASSWORD_OFF},
	{PTN_FAULT_MAIL_REFUSED, 530, "5.7.0", "Must issue a STARTTLS command first",
	 PTN_FAULT_MAIL_NEEDS_TLS},
	{PTN_FAULT_MAIL_REFUSED, 530, "5.7.0", "must issue a starttls command",
	 PTN_FAULT_MAIL_NEEDS_TLS},
	{PTN_FAULT_MAIL_REFUSED, 530, "5.7.0", "Authentication required",
	 PTN_FAULT_MAIL_NEEDS_AUTH},
	{PTN_FAULT_MAIL_REFUSED, 530, NULL, NULL, PTN_FAULT_MAIL_NEEDS_AUTH},
	{PTN_FAULT_MAIL_REFUSED, 550, "5.7.1", "", PTN_FAULT_SENDER_NOT_ALLOWED},
	{PTN_FAULT_MAIL_REFUSED, 550, "5.1.8", "", PTN_FAULT_MAIL_REFUSED},
	{PTN_FAULT_MAIL_REFUSED, 553, "5.7.1", "", PTN_FAULT_SENDER_NOT_ALLOWED},
	{PTN_FAULT_CONTENT_REFUSED, 554, "5.2.252", "SendAsDenied", PTN_FAULT_SENDER_NOT_ALLOWED},
	{PTN_FAULT_CONTENT_REFUSED, 554, "5.7.1", "spam", PTN_FAULT_CONTENT_REFUSED},
	{PTN_FAULT_MAIL_REFUSED, 552, "5.3.4", "", PTN_FAULT_SIZE_REFUSED},
	{PTN_FAULT_CONTENT_REFUSED, 552, "5.2.2", "", PTN_FAULT_MAILBOX_FULL},
	{PTN_FAULT_CONTENT_REFUSED, 552, "5.3.4", "", PTN_FAULT_SIZE_REFUSED},
	{PTN_FAULT_RCPT_REFUSED, 450, "4.7.1", "", PTN_FAULT_GREYLISTED},
	{PTN_FAULT_RCPT_REFUSED, 451, "", "", PTN_FAULT_GREYLISTED},
	{PTN_FAULT_RCPT_REFUSED, 452, "4.2.2", "", PTN_FAULT_MAILBOX_FULL},
	{PTN_FAULT_RCPT_REFUSED, 452, "4.5.3", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_RCPT_REFUSED, 550, "5.1.1", "", PTN_FAULT_RCPT_REFUSED},
	{PTN_FAULT_CONTENT_REFUSED, 451, "4.7.1", "", PTN_FAULT_GREYLISTED},
	{PTN_FAULT_MAIL_REFUSED, 432, "4.3.2", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_DATA_REFUSED, 454, "", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_DATA_REFUSED, 451, "4.3.0", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_DATA_REFUSED, 451, "4.30.1", "", PTN_FAULT_GREYLISTED},
	{PTN_FAULT_LOST, 0, "", "", PTN_FAULT_LOST},
	{PTN_FAULT_MAIL_REFUSED, 0, "5.7.30", "",
	 PTN_FAULT_MAIL_REFUSED}, /* no reply, no meaning */
};

START_TEST(a_reply_means)
{
	ck_assert_str_eq(ptn_fault_id(ptn_refine_reply(replies[_i].fault, replies[_i].code,
						       replies[_i].status, replies[_i].text)),
			 ptn_fault_id(replies[_i].means));
}
END_TEST

START_TEST(an_issuer_means)
{
	ck_assert_int_eq(ptn_refine_issuer(PTN_FAULT_CERT_UNKNOWN_AUTHORITY,
					   "CN=h, issued by CN=Avast Web/Mail Shield Root"),
			 PTN_FAULT_CERT_INTERCEPTED);
	ck_assert_int_eq(
		ptn_refine_issuer(PTN_FAULT_CERT_UNKNOWN_AUTHORITY, "CN=h, issued by CN=Own CA"),
		PTN_FAULT_CERT_UNKNOWN_AUTHORITY);
	ck_assert_int_eq(ptn_refine_issuer(PTN_FAULT_CERT_EXPIRED, "CN=Zscaler"),
			 PTN_FAULT_CERT_EXPIRED);
	ck_assert_int_eq(ptn_refine_issuer(PTN_FAULT_CERT_UNKNOWN_AUTHORITY, NULL),
			 PTN_FAULT_CERT_UNKNOWN_AUTHORITY);
}
END_TEST

START_TEST(all_ports_mean)
{
	static const int usual[] = {587, 465, 2525}, relay[] = {25}, other[] = {2525};
	int t = PTN_FAULT_CONNECT_TIMEOUT, r = PTN_FAULT_CONNECT_REFUSED;
	int timeouts[] = {t, t, t}, refusals[] = {r, r, r}, mixed[] = {t, r, t};

	ck_assert_int_eq(ptn_refine_ports(t, usual, timeouts, 3), PTN_FAULT_ALL_PORTS_TIMEOUT);
	ck_assert_int_eq(ptn_refine_ports(r, usual, refusals, 3), PTN_FAULT_ALL_PORTS_REFUSED);
	ck_assert_int_eq(ptn_refine_ports(t, usual, mixed, 3), t);
	ck_assert_int_eq(ptn_refine_ports(t, usual, timeouts, 1), t);
	ck_assert_int_eq(ptn_refine_ports(t, relay, timeouts, 1), PTN_FAULT_PORT_25_BLOCKED);
	ck_assert_int_eq(ptn_refine_ports(r, other, refusals, 1), PTN_FAULT_PORT_2525_ABSENT);
	ck_assert_int_eq(ptn_refine_ports(r, other, NULL, 0), r);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "refine");

	EACH(t, a_reply_means, replies);
	tcase_add_test(t, an_issuer_means);
	tcase_add_test(t, all_ports_mean);
}
