/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "mail.h"
#include "main.h"
#include "memory.h"

static postern_mail *new_mail(void)
{
	postern_mail *m = postern_mail_new("me@example.org");

	ck_assert_int_eq(postern_mail_add_recipient(m, "one@example.net"), 0);
	ck_assert_int_eq(postern_mail_add_recipient(m, "two@example.net"), 0);
	ck_assert_int_eq(postern_mail_set_text(m, "A: b\n\n", 6), 0);
	return m;
}

/* What a session would be asked for. */
static const struct ptn_smtp_extras *extras(postern_mail *m)
{
	unsigned long long line;

	ck_assert_int_eq(ptn_mail_prepare(m, "", 0, &line), 0);
	ck_assert_int_eq(ptn_mail_take_part(m, 0, 0), 0);
	return m->envelope.extras;
}

static void expect(postern_mail *m, int err, const char *word)
{
	ck_assert_int_eq(err, word ? POSTERN_E_ARG : 0);
	if (word)
		ck_assert_msg(strstr(postern_mail_error(m), word), "%s", postern_mail_error(m));
	else
		ck_assert_str_eq(postern_mail_error(m), "");
}

/* A mail that asks for nothing costs nothing. */
START_TEST(plain)
{
	postern_mail *m = new_mail();

	ck_assert_ptr_null(extras(m));
	ck_assert_ptr_null(m->envelope.asked);
	ck_assert_ptr_null(m->options);
	postern_mail_free(m);
}
END_TEST

START_TEST(returns)
{
	static const char long100[] = "0123456789012345678901234567890123456789012345678901234567"
				      "890123456789012345678901234567890123456789";
	static const struct {
		const char *ret, *envid;
		int what;
		const char *word; /* of the rule; NULL: good */
	} rows[] = {
		{"FULL", NULL, 'F', NULL},
		{"HDRS", "abc def+=", 'H', NULL},
		{"full", "x", 'F', NULL},
		{NULL, long100, 0, NULL},
		{NULL, NULL, 0, NULL},
		{"", NULL, 0, "FULL or HDRS"},
		{"BODY", NULL, 0, "FULL or HDRS"},
		{NULL, "", 0, "envid"},
		{NULL, "a\nb", 0, "RFC 3461 4.4"},
		{NULL, "\xC3\xBC", 0, "envid"},
		{NULL,
		 "0123456789012345678901234567890123456789012345678901234567890123456789012"
		 "345678901234567890123456789x",
		 0, "1 to 100"},
		/* each takes three on the wire */
		{NULL, "+++++++++++++++++++++++++++++++++ ", 0, "1 to 100"},
		{NULL, "+++++++++++++++++++++++++++++++++x", 0, NULL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		postern_mail *m = new_mail();

		expect(m, postern_mail_set_return(m, rows[i].ret, rows[i].envid), rows[i].word);
		ck_assert_int_eq(extras(m)->ret, rows[i].what);
		if (rows[i].word || !rows[i].envid)
			ck_assert_ptr_null(extras(m)->envid);
		else
			ck_assert_str_eq(extras(m)->envid, rows[i].envid);
		/* A good call takes the error back, and what was asked. */
		expect(m, postern_mail_set_return(m, NULL, NULL), NULL);
		ck_assert_int_eq(extras(m)->ret, 0);
		ck_assert_ptr_null(extras(m)->envid);
		postern_mail_free(m);
	}
}
END_TEST

START_TEST(notifications)
{
	static const struct {
		size_t i;
		int notify;
		const char *original, *orcpt, *word;
	} rows[] = {
		{0, POSTERN_NOTIFY_NEVER, NULL, NULL, NULL},
		{1, POSTERN_NOTIFY_SUCCESS | POSTERN_NOTIFY_FAILURE | POSTERN_NOTIFY_DELAY,
		 "rfc822;a+b@example.org", "rfc822;a+b@example.org", NULL},
		{0, 0, "a@example.org", "rfc822;a@example.org", NULL},
		{0, 0, "x400;/c=de/", "x400;/c=de/", NULL},
		{0, 0, "\"a b\"@example.org", "rfc822;\"a b\"@example.org", NULL},
		{2, POSTERN_NOTIFY_NEVER, NULL, NULL, "no such recipient"},
		{0, POSTERN_NOTIFY_NEVER | POSTERN_NOTIFY_DELAY, NULL, NULL, "NEVER alone"},
		{0, 16, NULL, NULL, "RFC 3461 4.1"},
		{0, -1, NULL, NULL, "RFC 3461 4.1"},
		{0, 0, "", NULL, "original"},
		{0, 0, "rfc822;", NULL, "original"},
		{0, 0, "not a mailbox", NULL, "original"},
		{0, 0, "a@b\r\nDATA", NULL, "original"},
		{0, 0, "utf-8;\xC3\xBC@example.org", NULL, "printable ASCII"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		postern_mail *m = new_mail();

		expect(m, postern_mail_set_notify(m, rows[i].i, rows[i].notify, rows[i].original),
		       rows[i].word);
		extras(m);
		if (rows[i].word) {
			ck_assert(!m->envelope.asked || !m->envelope.asked[0].notify);
		} else {
			const struct ptn_smtp_asked *a = &m->envelope.asked[rows[i].i];

			ck_assert_uint_eq(a->notify, (unsigned)rows[i].notify);
			ck_assert_int_eq(!a->orcpt, !rows[i].orcpt);
			if (a->orcpt)
				ck_assert_str_eq(a->orcpt, rows[i].orcpt);
			ck_assert_uint_eq(m->envelope.asked[!rows[i].i].notify, 0);
			/* Recipients that come later have asked for nothing. */
			postern_mail_add_recipient(m, "three@example.net");
			extras(m);
			ck_assert_uint_eq(m->envelope.asked[2].notify, 0);
			ck_assert_ptr_null(m->envelope.asked[2].orcpt);
			ck_assert_uint_eq(m->envelope.asked[rows[i].i].notify,
					  (unsigned)rows[i].notify);
		}
		postern_mail_free(m);
	}
}
END_TEST

/* An original of over 500 octets once it is encoded. */
START_TEST(long_originals)
{
	postern_mail *m = new_mail();
	char original[520] = "x;";

	memset(original + 2, '+', 170);
	expect(m, postern_mail_set_notify(m, 0, 0, original), "500");
	memset(original + 2, 'a', 480);
	expect(m, postern_mail_set_notify(m, 0, 0, original), NULL);
	memset(original + 2, 'a', 500);
	expect(m, postern_mail_set_notify(m, 0, 0, original), "500");
	postern_mail_free(m);
}
END_TEST

START_TEST(times)
{
	static const struct {
		long seconds;
		int mode, trace, by;
		const char *word;
	} rows[] = {
		{120, 'R', 0, 'R', NULL},
		{120, 'N', 1, 'N', NULL},
		{0, 'N', 0, 'N', NULL},
		{-60, 'N', 0, 'N', NULL},
		{999999999, 'R', 1, 'R', NULL},
		{0, 'R', 0, 0, NULL},
		{1, 'X', 0, 0, "'R' or 'N'"},
		{1000000000, 'R', 0, 0, "999999999"},
		{-1000000000, 'N', 0, 0, "999999999"},
		{-1, 'R', 0, 0, "at least one second"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		postern_mail *m = new_mail();
		const struct ptn_smtp_extras *x;

		expect(m,
		       postern_mail_set_deliver_by(m, rows[i].seconds, rows[i].mode, rows[i].trace),
		       rows[i].word);
		x = extras(m);
		ck_assert_int_eq(x->by, rows[i].by);
		if (x->by) {
			ck_assert_int_eq(x->by_seconds, rows[i].seconds);
			ck_assert_int_eq(x->by_trace, rows[i].trace);
		}
		postern_mail_free(m);
	}
}
END_TEST

START_TEST(holds)
{
	static const struct {
		unsigned long seconds;
		const char *until, *word;
	} rows[] = {
		{0, NULL, NULL},
		{3600, NULL, NULL},
		{999999999, NULL, NULL},
		{0, "2026-12-24T18:00:00Z", NULL},
		{0, "2028-02-29T00:00:00Z", NULL},
		{0, "2016-12-31T23:59:60Z", NULL},
		{1, "2026-12-24T18:00:00Z", "not both"},
		{1000000000, NULL, "999999999"},
		{0, "", "2026-12-24"},
		{0, "2026-12-24", "2026-12-24T18:00:00Z"},
		{0, "2026-12-24T18:00:00+01:00", "in UTC"},
		{0, "2026-13-01T00:00:00Z", "RFC 3339"},
		{0, "2026-00-01T00:00:00Z", "RFC 3339"},
		{0, "2026-02-29T00:00:00Z", "RFC 3339"},
		{0, "2100-02-29T00:00:00Z", "RFC 3339"},
		{0, "2026-04-31T00:00:00Z", "RFC 3339"},
		{0, "2026-01-01T24:00:00Z", "RFC 3339"},
		{0, "2026-01-01T00:60:00Z", "RFC 3339"},
		{0, "2026-01-01 00:00:00Z", "RFC 3339"},
		{0, "2026-01-01T00:00:0\nZ", "RFC 3339"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		postern_mail *m = new_mail();
		const struct ptn_smtp_extras *x;

		expect(m, postern_mail_set_hold(m, rows[i].seconds, rows[i].until), rows[i].word);
		x = extras(m);
		ck_assert_uint_eq(x->hold_for, rows[i].word ? 0 : rows[i].seconds);
		if (rows[i].word || !rows[i].until)
			ck_assert_ptr_null(x->hold_until);
		else
			ck_assert_str_eq(x->hold_until, rows[i].until);
		postern_mail_free(m);
	}
}
END_TEST

START_TEST(priorities_and_tls)
{
	postern_mail *m = new_mail();

	for (int p = -12; p <= 12; p++) {
		int good = p >= -9 && p <= 9;

		expect(m, postern_mail_set_priority(m, p), good ? NULL : "-9 to 9");
		if (!good)
			continue;
		ck_assert_int_eq(extras(m)->has_priority, 1);
		ck_assert_int_eq(extras(m)->priority, p);
	}
	expect(m, postern_mail_set_priority(m, POSTERN_NO_PRIORITY), NULL);
	ck_assert_int_eq(extras(m)->has_priority, 0);
	expect(m, postern_mail_require_tls(m, 7), NULL);
	ck_assert_int_eq(extras(m)->requiretls, 1);
	expect(m, postern_mail_require_tls(m, 0), NULL);
	ck_assert_int_eq(extras(m)->requiretls, 0);
	postern_mail_free(m);
}
END_TEST

START_TEST(submitters)
{
	static const struct {
		const char *mailbox, *auth, *word;
	} rows[] = {
		{"a@example.org", "a@example.org", NULL},
		{"", "", NULL},
		{NULL, NULL, NULL},
		{"a@b\xC3\xBC"
		 "cher.example",
		 "a@xn--bcher-kva.example", NULL},
		{"nobody", NULL, "submitter"},
		{"a@example.org> SIZE=1", NULL, "submitter"},
		{"\xC3\xBC@example.org", NULL, "RFC 4954 5"},
		{"a@ab\xD7\x90.example", NULL, "RFC 5893"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		postern_mail *m = new_mail();

		expect(m, postern_mail_set_submitter(m, rows[i].mailbox), rows[i].word);
		if (rows[i].auth)
			ck_assert_str_eq(extras(m)->auth, rows[i].auth);
		else
			ck_assert_ptr_null(extras(m)->auth);
		postern_mail_free(m);
	}
}
END_TEST

/* Asked for, it stays through a reset; at the wrong time nothing changes. */
START_TEST(when)
{
	postern_mail *m = new_mail();

	postern_mail_set_priority(m, 3);
	m->state = PTN_MAIL_QUEUED;
	ck_assert_int_eq(postern_mail_set_return(m, "FULL", NULL), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_set_notify(m, 0, 1, NULL), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_require_tls(m, 1), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_set_deliver_by(m, 1, 'R', 0), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_set_hold(m, 1, NULL), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_set_priority(m, 4), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_set_submitter(m, ""), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_set_binary(m, 1), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_set_file(m, "x"), POSTERN_E_STATE);
	m->state = PTN_MAIL_DONE;
	ck_assert_int_eq(postern_mail_reset(m), 0);
	postern_mail_set_text(m, "A: b\n\n", 6);
	ck_assert_int_eq(extras(m)->priority, 3);
	postern_mail_free(m);
	ck_assert_int_eq(postern_mail_set_return(NULL, NULL, NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_notify(NULL, 0, 0, NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_require_tls(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_deliver_by(NULL, 1, 'R', 0), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_hold(NULL, 1, NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_priority(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_submitter(NULL, NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_binary(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_file(NULL, "x"), POSTERN_E_NOMEM);
}
END_TEST

/* Each request for memory that fails makes its call fail, and the mail is not sent without. */
START_TEST(without_memory)
{
	for (int n = 0;; n++) {
		postern_mail *m = new_mail();
		int errors = 0;

		ck_assert_int_lt(n, 50);
		refused = 0;
		refuse_once = 1;
		grants = n;
		errors += postern_mail_set_return(m, "FULL", "x") != 0;
		errors += postern_mail_set_notify(m, 1, 1, "a@example.org") != 0;
		errors += postern_mail_set_hold(m, 0, "2026-12-24T18:00:00Z") != 0;
		errors += postern_mail_set_submitter(m, "a@b\xC3\xBC"
							"cher.example") != 0;
		grants = -1;
		refuse_once = 0;
		ck_assert_int_eq(errors, refused);
		ck_assert_int_eq(!*postern_mail_error(m), !refused);
		postern_mail_free(m);
		if (!refused)
			break;
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "options");

	tcase_add_test(t, plain);
	tcase_add_test(t, returns);
	tcase_add_test(t, notifications);
	tcase_add_test(t, long_originals);
	tcase_add_test(t, times);
	tcase_add_test(t, holds);
	tcase_add_test(t, priorities_and_tls);
	tcase_add_test(t, submitters);
	tcase_add_test(t, when);
	tcase_add_test(t, without_memory);
}
