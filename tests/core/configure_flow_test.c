/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "handle.h"
#include "main.h"
#include "smtp/capability.h"

static void expect(postern *p, int err, const char *word)
{
	ck_assert_int_eq(err, word ? POSTERN_E_ARG : 0);
	if (word)
		ck_assert_msg(strstr(postern_error(p), word), "%s", postern_error(p));
	else
		ck_assert_str_eq(postern_error(p), "");
}

START_TEST(numbers)
{
	postern *p = postern_new("mail.example.org");
	const struct ptn_flow *f = &p->set.flow;

	ck_assert_uint_eq(f->connections, 1);
	ck_assert_uint_eq(f->window_mails, 8);
	ck_assert_uint_eq(f->window_octets, 262144);
	ck_assert_uint_eq(f->rate_mails + f->mails_each + f->without, 0);
	expect(p, postern_set_connections(p, 0), "1 to 64");
	expect(p, postern_set_connections(p, 65), "1 to 64");
	expect(p, postern_set_connections(p, 64), NULL);
	ck_assert_uint_eq(f->connections, 64);
	expect(p, postern_set_window(p, -1, 0), "1 to 64 mails");
	expect(p, postern_set_window(p, 65, 0), "1 to 64 mails");
	expect(p, postern_set_window(p, 64, 1), NULL);
	ck_assert_uint_eq(f->window_mails, 64);
	ck_assert_uint_eq(f->window_octets, 1);
	expect(p, postern_set_window(p, 0, 0), NULL);
	ck_assert_uint_eq(f->window_mails, 8);
	ck_assert_uint_eq(f->window_octets, 262144);
	expect(p, postern_set_window_behind_data(p, 3), NULL);
	ck_assert_int_eq(f->window_data, 1);
	expect(p, postern_set_mails_per_connection(p, -1), "negative");
	expect(p, postern_set_mails_per_connection(p, 9), NULL);
	ck_assert_uint_eq(f->mails_each, 9);
	postern_free(p);
}
END_TEST

START_TEST(rates)
{
	static const struct {
		int mails, milliseconds, good;
	} rows[] = {{0, 0, 1}, {10, 1000, 1}, {1, 1, 1}, {0, 1, 0},
		    {1, 0, 0}, {-1, 1, 0},    {1, -1, 0}};
	postern *p = postern_new("mail.example.org");

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		expect(p, postern_set_rate(p, rows[i].mails, rows[i].milliseconds),
		       rows[i].good ? NULL : "rate");
		if (rows[i].good)
			ck_assert_int_eq(p->set.flow.rate_ms, rows[i].milliseconds);
	}
	postern_free(p);
}
END_TEST

START_TEST(capabilities)
{
	postern *p = postern_new("mail.example.org");

	expect(p, postern_set_capability(p, "CHUNKING", 0), NULL);
	expect(p, postern_set_capability(p, "pipelining", 0), NULL);
	ck_assert_uint_eq(p->set.flow.without, PTN_CAP_CHUNKING | PTN_CAP_PIPELINING);
	expect(p, postern_set_capability(p, "CHUNKING", 1), NULL);
	ck_assert_uint_eq(p->set.flow.without, PTN_CAP_PIPELINING);
	expect(p, postern_set_capability(p, "STARTTLS", 0), "STARTTLS and AUTH");
	expect(p, postern_set_capability(p, "AUTH", 0), "STARTTLS and AUTH");
	expect(p, postern_set_capability(p, "XCLIENT", 0), "no such keyword");
	expect(p, postern_set_capability(p, "", 0), "no such keyword");
	expect(p, postern_set_capability(p, NULL, 0), "no such keyword");
	expect(p, postern_set_capability(p, "SIZE", 0), NULL);
	postern_free(p);
}
END_TEST

START_TEST(no_handle)
{
	ck_assert_int_eq(postern_set_connections(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_set_window(NULL, 1, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_set_window_behind_data(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_set_capability(NULL, "SIZE", 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_set_mails_per_connection(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_set_rate(NULL, 1, 1), POSTERN_E_NOMEM);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "flow");

	tcase_add_test(t, numbers);
	tcase_add_test(t, rates);
	tcase_add_test(t, capabilities);
	tcase_add_test(t, no_handle);
}
