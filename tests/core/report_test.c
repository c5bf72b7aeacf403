/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The public face of the probe: what is no probe at all, cancelling, and a handle that is busy.
 */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "main.h"
#include "postern.h"

static const char *sum(const postern_report *r, const char *key)
{
	return postern_report_get(r, postern_report_ports(r), key);
}

START_TEST(nothing_is_accepted)
{
	ck_assert_ptr_null(postern_probe(NULL, NULL, NULL));
	postern_report_free(NULL);
	ck_assert_uint_eq(postern_report_ports(NULL), 0);
	ck_assert_uint_eq(postern_report_size(NULL, 0), 0);
	ck_assert_str_eq(postern_report_key(NULL, 0, 0), "");
	ck_assert_str_eq(postern_report_value(NULL, 0, 0), "");
	ck_assert_str_eq(postern_report_get(NULL, 0, "port"), "");
}
END_TEST

START_TEST(a_setting_is_wrong)
{
	postern *p = postern_new("smtp://user:hunter2@127.0.0.1:0");
	postern_report *r = postern_probe(p, NULL, NULL);

	ck_assert_uint_eq(postern_report_ports(r), 0);
	ck_assert_str_eq(sum(r, "fault"), "bad-argument");
	ck_assert_str_eq(sum(r, "error"), postern_error(p));
	ck_assert_ptr_null(strstr(sum(r, "error"), "hunter2"));
	ck_assert_str_eq(postern_report_get(r, 0, NULL), "");
	postern_report_free(r);
	postern_free(p);
}
END_TEST

START_TEST(mails_are_queued)
{
	postern *p = postern_new("127.0.0.1:9");
	postern_mail *m = postern_mail_new("a@example.org");
	postern_report *r;

	postern_mail_add_recipient(m, "b@example.org");
	postern_mail_set_text(m, "Subject: x\n\nx\n", 14);
	ck_assert_int_eq(postern_submit(p, m), 0);
	r = postern_probe(p, NULL, NULL);
	ck_assert_uint_eq(postern_report_ports(r), 0);
	ck_assert_str_eq(sum(r, "fault"), "bad-state");
	ck_assert(*sum(r, "error"));
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PENDING);
	postern_report_free(r);
	postern_free(p);
	postern_mail_free(m);
}
END_TEST

/* A port of loopback that accepts and says nothing. */
static int listen_silently(char server[32])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, n), 0);
	ck_assert_int_eq(listen(fd, 4), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	snprintf(server, 32, "127.0.0.1:%d", ntohs(at.sin_port));
	return fd;
}

static void cancel(void *arg, int port, const char *what)
{
	if (port && !strcmp(what, "connected"))
		postern_cancel(arg);
}

START_TEST(it_is_cancelled)
{
	char server[32];
	int fd = listen_silently(server);
	postern *p = postern_new(server);
	postern_report *r = postern_probe(p, cancel, p);

	ck_assert_str_eq(sum(r, "fault"), "cancelled");
	ck_assert_str_eq(sum(r, "error"), "the probe was cancelled");
	postern_report_free(r);
	postern_set_limit(p, POSTERN_LIMIT_OVERALL, 200); /* what was cancelled is over */
	r = postern_probe(p, NULL, NULL);
	ck_assert_str_eq(postern_report_get(r, 0, "fault"), "greeting-silent");
	postern_report_free(r);
	postern_free(p);
	close(fd);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "report");

	tcase_add_test(t, nothing_is_accepted);
	tcase_add_test(t, a_setting_is_wrong);
	tcase_add_test(t, mails_are_queued);
	tcase_add_test(t, it_is_cancelled);
}
