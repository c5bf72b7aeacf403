/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every extension, offered and not: what goes on the wire, and what becomes of a mail that needs
 * it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "main.h"

static void say(postern_mail *m, const char *text)
{
	ck_assert_int_eq(postern_mail_set_text(m, text, strlen(text)), 0);
}

static void eight_bit(postern_mail *m)
{
	say(m, "From: sender@example.org\n\nGr\xc3\xbc\xc3\x9f"
	       "e\n");
}

static void utf8_header(postern_mail *m)
{
	say(m, "From: sender@example.org\nSubject: Gr\xc3\xbc\xc3\x9f"
	       "e\n\nHello.\n");
}

static void utf8_recipient(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_add_recipient(m, "j\xc3\xbcrgen@example.com"), 0);
}

static void binary(postern_mail *m)
{
	static const char octets[] = "From: sender@example.org\r\n\r\n\0\n\r.\r\n";

	ck_assert_int_eq(postern_mail_set_binary(m, 1), 0);
	ck_assert_int_eq(postern_mail_set_completion(m, 0), 0);
	ck_assert_int_eq(postern_mail_set_text(m, octets, sizeof(octets) - 1), 0);
}

static void ret(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_return(m, "HDRS", NULL), 0);
}

static void envid(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_return(m, NULL, "a+b=c d"), 0);
}

static void notify(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_notify(m, 0,
						 POSTERN_NOTIFY_SUCCESS | POSTERN_NOTIFY_FAILURE |
							 POSTERN_NOTIFY_DELAY,
						 NULL),
			 0);
}

static void never(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_notify(m, 0, POSTERN_NOTIFY_NEVER, NULL), 0);
}

static void original(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_notify(m, 0, 0, "first+last@example.net"), 0);
}

static void original_typed(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_notify(m, 0, 0, "rfc822;a=b@example.net"), 0);
}

static void require_tls(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_require_tls(m, 1), 0);
}

static void deliver_by(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_deliver_by(m, 3600, 'R', 1), 0);
}

static void deliver_late(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_deliver_by(m, -20, 'N', 0), 0);
}

static void hold_for(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_hold(m, 600, NULL), 0);
}

static void hold_until(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_hold(m, 0, "2026-12-24T18:00:00Z"), 0);
}

static void priority(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_priority(m, -4), 0);
}

static void submitter(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_submitter(m, "e+x@example.net"), 0);
}

static void submitter_unknown(postern_mail *m)
{
	ck_assert_int_eq(postern_mail_set_submitter(m, ""), 0);
}

static const struct row {
	const char *keyword;
	void (*ask)(postern_mail *m);
	const char *kept; /* in the envelope */
	const char *fault; /* where it is not offered; NULL: it is sent all the same */
	const char *with; /* to be offered by the sandbox, or NULL: it is as a rule */
} rows[] = {
	{"8BITMIME", eight_bit, "\"BODY\": \"8BITMIME\"", "needs-8bitmime", NULL},
	{"SMTPUTF8", utf8_recipient, "\"SMTPUTF8\": true", "needs-smtputf8", NULL},
	{"SMTPUTF8", utf8_header, "\"SMTPUTF8\": true", "needs-smtputf8", NULL},
	{"SIZE", NULL, "\"SIZE\": ", NULL, NULL},
	{"BINARYMIME", binary, "\"BODY\": \"BINARYMIME\"", "needs-extension", "BINARYMIME"},
	{"CHUNKING", binary, "\"transfer\": \"BDAT\"", "needs-extension", "BINARYMIME"},
	{"CHUNKING", NULL, "\"transfer\": \"BDAT\"", NULL, NULL},
	{"DSN", ret, "\"RET\": \"HDRS\"", "needs-extension", NULL},
	{"DSN", envid, "\"ENVID\": \"a+b=c d\"", "needs-extension", NULL},
	{"DSN", notify, "\"NOTIFY\": \"SUCCESS,FAILURE,DELAY\"", "needs-extension", NULL},
	{"DSN", never, "\"NOTIFY\": \"NEVER\"", "needs-extension", NULL},
	{"DSN", original, "\"ORCPT\": \"rfc822;first+last@example.net\"", "needs-extension", NULL},
	{"DSN", original_typed, "\"ORCPT\": \"rfc822;a=b@example.net\"", "needs-extension", NULL},
	{"REQUIRETLS", require_tls, "\"REQUIRETLS\": true", "needs-extension", "REQUIRETLS"},
	{"DELIVERBY", deliver_by, "\"BY\": \"3600;RT\"", "needs-extension", "DELIVERBY"},
	{"DELIVERBY", deliver_late, "\"BY\": \"-20;N\"", "needs-extension", "DELIVERBY"},
	{"FUTURERELEASE", hold_for, "\"HOLDFOR\": \"600\"", "needs-extension", "FUTURERELEASE"},
	{"FUTURERELEASE", hold_until, "\"HOLDUNTIL\": \"2026-12-24T18:00:00Z\"", "needs-extension",
	 "FUTURERELEASE"},
	{"MT-PRIORITY", priority, "\"MT-PRIORITY\": \"-4\"", "needs-extension", "MT-PRIORITY"},
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

static postern_mail *mail_of(const struct row *r)
{
	postern_mail *m = a_mail("a@example.com");

	if (r->ask)
		r->ask(m);
	return m;
}

START_TEST(offered)
{
	const struct row *r = &rows[_i];
	struct box b;
	postern_mail *m = mail_of(r);
	postern *p;

	printf("%s: %s\n", r->keyword, r->kept);
	box_open(&b, "starttls", NULL, "--judge", "--with", r->with ? r->with : "SIZE", NULL);
	p = box_user(&b);
	if (postern_send(p, m) != 0)
		box_show(&b);
	ck_assert_str_eq(postern_mail_error_id(m), "");
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_ACCEPTED);
	ck_assert_int_eq(box_kept(&b, r->kept, NULL), 1);
	postern_free(p);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* Not offered by the server, or switched off by the caller: an error before MAIL, and the next mail
 * goes over the same connection. */
START_TEST(missing)
{
	const struct row *r = &rows[_i / 2];
	int off = _i % 2;
	struct box b;
	postern_mail *m = mail_of(r), *next = a_mail("b@example.com");
	postern *p;

	printf("%s %s: %s\n", r->keyword, off ? "switched off" : "not offered", r->kept);
	box_open(&b, "starttls", NULL, "--judge", "--with", r->with ? r->with : "SIZE",
		 off ? "--open" : "--without", off ? "--open" : r->keyword, NULL);
	p = box_user(&b);
	if (off)
		ck_assert_int_eq(postern_set_capability(p, r->keyword, 0), 0);
	ck_assert_int_eq(postern_send(p, m), r->fault ? POSTERN_E_UNSUPPORTED : 0);
	ck_assert_str_eq(postern_mail_error_id(m), r->fault ? r->fault : "");
	ck_assert_int_eq(postern_mail_outcome(m), r->fault ? POSTERN_PERMANENT : POSTERN_ACCEPTED);
	if (r->fault) {
		ck_assert(*postern_mail_error(m) && *postern_mail_advice(m));
		ck_assert_int_eq(box_count(&b, "MAIL FROM"), 0);
	}
	ck_assert_int_eq(box_kept(&b, r->kept, NULL), 0);
	ck_assert_int_eq(postern_send(p, next), 0);
	ck_assert_int_eq(postern_quit(p), 0);
	box_quiet(&b);
	ck_assert_int_eq(box_count(&b, " open 127."), 1);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	postern_mail_free(next);
	box_close(&b);
}
END_TEST

/* AUTH= needs AUTH in the reply to EHLO. */
START_TEST(submitted_by)
{
	static const struct {
		void (*ask)(postern_mail *m);
		const char *kept;
	} asks[] = {{submitter, "\"AUTH\": \"e+x@example.net\""},
		    {submitter_unknown, "\"AUTH\": \"<>\""}};
	int without = _i / 2;
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	asks[_i % 2].ask(m);
	box_open(&b, "starttls", NULL, "--judge", without ? "--no-auth" : "--open", NULL);
	p = without ? box_client(&b) : box_user(&b);
	ck_assert_int_eq(postern_send(p, m), without ? POSTERN_E_UNSUPPORTED : 0);
	ck_assert_str_eq(postern_mail_error_id(m), without ? "needs-extension" : "");
	ck_assert_int_eq(box_kept(&b, asks[_i % 2].kept, NULL), !without);
	ck_assert_int_eq(box_count(&b, "MAIL FROM"), !without);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* SIZE is what is sent to the octet, dots not counted (RFC 1870 3), whatever the line ends. */
START_TEST(exact_size)
{
	static const char *const texts[] = {"A: b\n\n.\n..\nx\n", "A: b\r\n\r\n.\r\nx\r\n",
					    "A: b\n\nno end", "A: b\n\n"};
	const char *without = _i % 2 ? "CHUNKING" : "DSN";
	char kept[64];
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;
	char *got;
	size_t n;

	say(m, texts[_i / 2]);
	box_open(&b, "none", NULL, "--judge", "--open", "--without", without, NULL);
	p = box_client(&b);
	ck_assert_int_eq(postern_send(p, m), 0);
	got = box_message(&b, &n);
	snprintf(kept, sizeof(kept), "\"SIZE\": \"%zu\"", n);
	ck_assert_int_eq(box_kept(&b, kept, NULL), 1);
	free(got);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* Larger than the server says it takes: known before MAIL, where the size is known. */
START_TEST(too_large)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com"), *small = a_mail("b@example.com");
	postern *p;

	say(small, "A: b\n\n");
	ck_assert_int_eq(postern_mail_set_completion(small, 0), 0);
	ck_assert_int_eq(postern_mail_set_completion(m, 0), 0);
	box_open(&b, "none", NULL, "--judge", "--open", "--size", "60", NULL);
	p = box_client(&b);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_UNSUPPORTED);
	ck_assert_str_eq(postern_mail_error_id(m), "message-too-large");
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PERMANENT);
	ck_assert_int_eq(box_count(&b, "MAIL FROM"), 0);
	ck_assert_int_eq(postern_send(p, small), 0);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	postern_mail_free(small);
	box_close(&b);
}
END_TEST

/* Nothing is said that the mail does not need. */
START_TEST(nothing_more)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", "--with",
		 "BINARYMIME REQUIRETLS DELIVERBY FUTURERELEASE MT-PRIORITY LIMITS", NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_eq(box_kept(&b, "\"values\": {\"SIZE\": ", NULL), 1);
	ck_assert_int_eq(box_kept(&b, "\"BODY\"", NULL) + box_kept(&b, "\"SMTPUTF8\"", NULL), 0);
	ck_assert_int_eq(box_count(&b, "RCPT TO:<a@example.com>\\r\\n"), 1);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* A domain of other letters goes as A-labels, and needs no SMTPUTF8. */
START_TEST(a_labels)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	ck_assert_int_eq(postern_mail_add_recipient(m, "b@b\xc3\xbc"
						       "cher.example"),
			 0);
	box_open(&b, "starttls", NULL, "--judge", "--without", _i ? "SMTPUTF8" : "DSN", NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_eq(box_kept(&b, "\"b@xn--bcher-kva.example\"", NULL), 1);
	ck_assert_int_eq(box_kept(&b, "\"SMTPUTF8\"", NULL), 0);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* All of them in one mail, over BDAT and over DATA. */
START_TEST(together)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	utf8_recipient(m);
	eight_bit(m);
	ck_assert_int_eq(postern_mail_set_return(m, "FULL", "x"), 0);
	ck_assert_int_eq(postern_mail_set_notify(m, 1, POSTERN_NOTIFY_DELAY, "j@example.com"), 0);
	require_tls(m);
	deliver_by(m);
	hold_for(m);
	priority(m);
	submitter(m);
	box_open(&b, "implicit", NULL, "--judge", "--with",
		 "REQUIRETLS DELIVERBY FUTURERELEASE MT-PRIORITY", "--without",
		 _i ? "CHUNKING" : "BINARYMIME", NULL);
	p = box_user(&b);
	if (postern_send(p, m) != 0)
		box_show(&b);
	ck_assert_str_eq(postern_mail_error(m), "");
	ck_assert_int_eq(box_kept(&b, "\"ENVID\": \"x\"", "\"BY\": \"3600;RT\""), 1);
	ck_assert_int_eq(box_kept(&b, "\"MT-PRIORITY\": \"-4\"", "\"REQUIRETLS\": true"), 1);
	ck_assert_int_eq(box_kept(&b, "\"HOLDFOR\": \"600\"", "\"NOTIFY\": \"DELAY\""), 1);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* LIMITS (RFC 9422): each recipient once, in as few transactions as are allowed. */
static const struct {
	const char *limits;
	int transactions;
} splits[] = {
	{"LIMITS=RCPTMAX=3", 4},
	{"LIMITS=RCPTMAX=1", 10},
	{"LIMITS=RCPTMAX=10", 1},
	{"LIMITS=RCPTDOMAINMAX=1", 5},
	{"LIMITS=RCPTDOMAINMAX=2 RCPTMAX=4", 3},
	{"LIMITS=FUTUREMAX=1 RCPTMAX=5", 2},
};

START_TEST(split)
{
	const char *without = _i % 2 ? "CHUNKING,PIPELINING" : "DSN";
	struct box b;
	postern_mail *m = postern_mail_new("sender@example.org");
	postern *p;
	char to[64];

	printf("%s without %s\n", splits[_i / 2].limits, without);
	for (int i = 0; i < 10; i++) {
		snprintf(to, sizeof(to), "r%d@d%d.example", i, i / 2);
		ck_assert_int_eq(postern_mail_add_recipient(m, to), 0);
	}
	say(m, a_message);
	box_open(&b, "starttls", NULL, "--judge", "--with", splits[_i / 2].limits, "--without",
		 without, NULL);
	p = box_user(&b);
	if (postern_send(p, m) != 0)
		box_show(&b);
	ck_assert_str_eq(postern_mail_error(m), "");
	for (size_t i = 0; i < 10; i++) {
		snprintf(to, sizeof(to), "\"r%zu@d%zu.example\"", i, i / 2);
		ck_assert_int_eq(postern_mail_recipient_outcome(m, i), POSTERN_ACCEPTED);
		ck_assert_int_eq(box_kept(&b, to, NULL), 1);
	}
	ck_assert_int_eq(box_kept(&b, "queue_id", NULL), splits[_i / 2].transactions);
	ck_assert_int_eq(box_count(&b, "over the limit"), 0);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* MAILMAX: the next connection is opened in time. */
START_TEST(rotation)
{
	enum { MAILS = 7 };
	const char *without = _i % 2 ? "CHUNKING,PIPELINING" : "DSN";
	struct box b;
	postern_mail *m[MAILS];
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", "--with", _i / 2 ? "LIMITS" : "LIMITS=MAILMAX=2",
		 "--without", without, NULL);
	p = box_user(&b);
	if (_i / 2)
		ck_assert_int_eq(postern_set_mails_per_connection(p, 2), 0);
	for (size_t i = 0; i < MAILS; i++) {
		m[i] = nth_mail(i);
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	ck_assert(loop(p, 20000, NULL));
	for (size_t i = 0; i < MAILS; i++) {
		ck_assert_int_eq(postern_mail_outcome(m[i]), POSTERN_ACCEPTED);
		postern_mail_free(m[i]);
	}
	ck_assert_int_eq(postern_quit(p), 0);
	box_quiet(&b);
	ck_assert_int_eq(box_count(&b, " open 127."), (MAILS + 1) / 2);
	ck_assert_int_eq(box_count(&b, "QUIT\\r\\n"), (MAILS + 1) / 2);
	ck_assert_int_eq(box_kept(&b, "queue_id", NULL), MAILS);
	ck_assert_int_eq(box_count(&b, "over the limit"), 0);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	box_close(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "extensions");

	tcase_add_loop_test(t, offered, 0, ROWS);
	tcase_add_loop_test(t, missing, 0, 2 * ROWS);
	tcase_add_loop_test(t, submitted_by, 0, 4);
	tcase_add_loop_test(t, exact_size, 0, 8);
	tcase_add_test(t, too_large);
	tcase_add_test(t, nothing_more);
	tcase_add_loop_test(t, a_labels, 0, 2);
	tcase_add_loop_test(t, together, 0, 2);
	tcase_add_loop_test(t, split, 0, 2 * sizeof(splits) / sizeof(*splits));
	tcase_add_loop_test(t, rotation, 0, 4);
}
