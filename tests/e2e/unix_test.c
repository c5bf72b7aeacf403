/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A service behind a Unix socket on this machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "fixture.h"
#include "main.h"

/* The sandbox with a socket beside an ordinary listener; url is what reaches it. */
static void open_box(struct box *b, char *url, size_t n, const char *option, const char *value)
{
	static int number;
	char socket[80], path[64];

	snprintf(path, sizeof(path), "/tmp/postern-e2e.%d.%d", (int)getpid(), number++);
	snprintf(socket, sizeof(socket), "u=%s", path);
	snprintf(url, n, "unix:%s", path);
	box_open(b, "none", NULL, "--judge", "--unix", socket, "--on", "u", "--open", option, value, NULL);
}

static void close_box(struct box *b, const char *url)
{
	box_close(b);
	unlink(url + strlen("unix:"));
}

/* Mails, one after the other and a queue; what is said of the route. */
START_TEST(sends)
{
	enum { MAILS = 20 };
	char url[128];
	struct box b;
	postern_mail *m[MAILS], *first = a_mail("a@example.com");
	postern *p;

	open_box(&b, url, sizeof(url), _i ? "--without" : "--open", _i ? "CHUNKING" : "--open");
	p = postern_new(url);
	if (_i)
		ck_assert_int_eq(postern_set_login(p, "user", "password"), 0);
	(void)postern_send(p, first);
	if (_i) { /* no TLS, so no AUTH is offered: nothing leaves */
		ck_assert_int_eq(postern_mail_code(first), POSTERN_E_MECHANISM);
		ck_assert_int_eq(box_count(&b, "MAIL FROM"), 0);
		ck_assert_int_eq(postern_set_login(p, NULL, NULL), 0);
	} else {
		ck_assert_str_eq(postern_mail_error(first), "");
		for (size_t i = 0; i < MAILS; i++) {
			m[i] = nth_mail(i);
			ck_assert_int_eq(postern_submit(p, m[i]), 0);
		}
		ck_assert(loop(p, 10000, NULL));
		for (size_t i = 0; i < MAILS; i++) {
			ck_assert_int_eq(postern_mail_outcome(m[i]), POSTERN_ACCEPTED);
			postern_mail_free(m[i]);
		}
		ck_assert_int_eq(box_kept(&b, "\"listener\": \"u\"", "\"tls\": \"clear\""), 21);
		ck_assert_str_eq(postern_route_tls(p), "none");
	}
	ck_assert_int_eq(postern_quit(p), 0);
	postern_free(p);
	ck_assert_int_eq(box_count(&b, " open unix"), 1);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_mail_free(first);
	close_box(&b, url);
}
END_TEST

/* With AUTH offered there, as it is a way that nobody listens to. */
START_TEST(signs_in)
{
	char url[128];
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	open_box(&b, url, sizeof(url), "--plain-auth", "--mechanisms=SCRAM-SHA-256");
	p = postern_new(url);
	ck_assert_int_eq(postern_set_login(p, "user", "password"), 0);
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_eq(box_kept(&b, "\"mechanism\": \"SCRAM-SHA-256\"", NULL), 1);
	ck_assert_int_eq(box_count(&b, "clear-secret"), 0);
	postern_free(p);
	postern_mail_free(m);
	close_box(&b, url);
}
END_TEST

/* The server behind it fails as any other may. */
static const struct {
	const char *option, *value, *fault;
	int outcome;
} rows[] = {
	{"--drop", "GREETING", "greeting-closed", POSTERN_TRANSIENT},
	{"--reply", "GREETING=554 no", "greeting-refused", POSTERN_PERMANENT},
	{"--drop", "EHLO", "ehlo-closed", POSTERN_TRANSIENT},
	{"--drop", "DOT", "lost-after-content", POSTERN_IN_DOUBT},
	{"--cut", "DOT=10/rst", "lost-after-content", POSTERN_IN_DOUBT},
	{"--refuse-recipient", "*", "recipient-refused", POSTERN_PERMANENT},
};

START_TEST(fails)
{
	char url[128];
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	printf("%s %s\n", rows[_i].option, rows[_i].value);
	open_box(&b, url, sizeof(url), rows[_i].option, rows[_i].value);
	p = postern_new(url);
	ck_assert_int_ne(postern_send(p, m), 0);
	ck_assert_str_eq(postern_mail_error_id(m), rows[_i].fault);
	ck_assert_int_eq(postern_mail_outcome(m), rows[_i].outcome);
	postern_free(p);
	postern_mail_free(m);
	close_box(&b, url);
}
END_TEST

/* No socket, one that nobody listens on, and something else of that name. */
START_TEST(absent)
{
	char path[64], url[80];
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	snprintf(path, sizeof(path), "/tmp/postern-e2e.%d", (int)getpid());
	snprintf(url, sizeof(url), "unix:%s", path);
	if (_i == 1) {
		struct sockaddr_un a = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		memcpy(a.sun_path, path, strlen(path));
		ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
		close(fd);
	} else if (_i == 2) {
		fclose(fopen(path, "w"));
	}
	p = postern_new(url);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_CONNECT);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_TRANSIENT);
	ck_assert(strstr(postern_mail_error(m), path));
	postern_free(p);
	postern_mail_free(m);
	unlink(path);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "unix");

	tcase_add_loop_test(t, sends, 0, 2);
	tcase_add_test(t, signs_in);
	EACH(t, fails, rows);
	tcase_add_loop_test(t, absent, 0, 3);
}
