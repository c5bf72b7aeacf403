/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Several mails on one handle, and what servers do to the connection between and inside them.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"
#include "main.h"

enum { MAILS = 50, REFUSED = 25 };

static int outcomes(postern_mail *const *m, size_t n, int outcome)
{
	int count = 0;

	for (size_t i = 0; i < n; i++)
		count += postern_mail_outcome(m[i]) == outcome;
	return count;
}

static void free_mails(postern_mail **m, size_t n)
{
	for (size_t i = 0; i < n; i++)
		postern_mail_free(m[i]);
}

/* Fifty in one loop over one connection; a refused one in the middle disturbs nobody. */
START_TEST(fifty)
{
	const char *without = _i % 2 ? "PIPELINING,CHUNKING" : "DSN";
	struct box b;
	postern_mail *m[MAILS], *done;
	postern *p;
	int n = 0;

	box_open(&b, _i < 2 ? "starttls" : "implicit", NULL, "--judge", "--refuse-recipient",
		 "bad@*", "--without", without, NULL);
	p = box_user(&b);
	for (size_t i = 0; i < MAILS; i++) {
		m[i] = a_mail(i == REFUSED ? "bad@example.com" : "a@example.com");
		postern_mail_set_user(m[i], &m[i]);
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	ck_assert(loop(p, 20000, NULL));
	for (; (done = postern_done(p)) != NULL; n++)
		ck_assert_ptr_eq(done, m[n]); /* in order, each once */
	ck_assert_int_eq(n, MAILS);
	ck_assert_int_eq(outcomes(m, MAILS, POSTERN_ACCEPTED), MAILS - 1);
	ck_assert_int_eq(postern_mail_outcome(m[REFUSED]), POSTERN_PERMANENT);
	ck_assert_int_eq(postern_mail_recipient_code(m[REFUSED], 0), 550);
	ck_assert_int_eq(postern_quit(p), 0);
	box_quiet(&b);
	ck_assert_int_eq(box_count(&b, " open 127."), 1);
	ck_assert_int_eq(box_count(&b, " accepted "), MAILS - 1);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	free_mails(m, MAILS);
	box_close(&b);
}
END_TEST

/* The connection goes in the middle of the third mail: it alone has that outcome. */
static const struct {
	const char *where, *steps;
	int outcome;
} breaks[] = {
	{"at MAIL", "expect \"MAIL *\"\nrst\n", POSTERN_TRANSIENT},
	{"at MAIL, by FIN", "expect \"MAIL *\"\nfin\n", POSTERN_TRANSIENT},
	{"at MAIL, by 421: it had enough", "expect \"MAIL *\"\nsend \"421 bye\\r\\n\"\nfin\n",
	 POSTERN_ACCEPTED},
	{"at DATA",
	 "expect \"MAIL *\"\nsend \"250 ok\\r\\n\"\nexpect \"RCPT *\"\n"
	 "send \"250 ok\\r\\n\"\nexpect \"DATA\"\nrst\n",
	 POSTERN_TRANSIENT},
	{"after the dot", CONTENT "rst\n", POSTERN_IN_DOUBT},
	{"after the dot, by FIN", CONTENT "fin\n", POSTERN_IN_DOUBT},
	{"after the dot, half a reply", CONTENT "send \"250 2\"\ntruncate\n", POSTERN_IN_DOUBT},
	{"after the dot, 421", CONTENT "send \"421 bye\\r\\n\"\nfin\n", POSTERN_TRANSIENT},
	{"after the dot, a bad reply", CONTENT "send \"ok\\r\\n\"\n", POSTERN_IN_DOUBT},
};

START_TEST(broken)
{
	char script[4096];
	struct box b;
	postern_mail *m[6];
	postern *p;

	printf("the third mail breaks %s\n", breaks[_i].where);
	snprintf(script, sizeof(script), "port 1\n%srepeat 2\n%send\n%sport 1\n%srepeat 0\n%send\n",
		 SIGNED, ACCEPTS, breaks[_i].steps, SIGNED, ACCEPTS);
	box_open(&b, "starttls", script, NULL);
	p = box_user(&b);
	for (size_t i = 0; i < 6; i++) {
		m[i] = a_mail("a@example.com");
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	ck_assert(loop(p, 20000, NULL));
	for (size_t i = 0; i < 6; i++)
		ck_assert_int_eq(postern_mail_outcome(m[i]),
				 i == 2 ? breaks[_i].outcome : POSTERN_ACCEPTED);
	ck_assert_int_eq(box_count(&b, " open 127."), 2);
	/* Nothing was sent twice but what was not looked at. */
	ck_assert_int_eq(box_count(&b, "MAIL FROM"),
			 breaks[_i].outcome == POSTERN_ACCEPTED ? 7 : 6);
	postern_free(p);
	free_mails(m, 6);
	box_close(&b);
}
END_TEST

/* What a server may do to an idle connection: the next mail takes a new one, without a word. */
static const char *const idle[] = {
	"send \"421 4.4.2 idle\\r\\n\"\nfin\n",
	"fin\n",
	"truncate\n",
	"rst\n",
	"send \"250 junk\\r\\n\"\n",
	"send \"250 junk\\r\\n250 junk\\r\\n354 junk\\r\\n250 junk\\r\\n\"\n",
	"send \"25\"\n",
	"send \"\\r\\n\"\n",
	"send \"220 hello\\r\\n\"\ntruncate\n",
};

START_TEST(idle_connection)
{
	char script[4096];
	struct box b;
	postern_mail *first = a_mail("a@example.com"), *second = a_mail("b@example.com");
	postern *p;

	printf("idle: %s", idle[_i]);
	snprintf(script, sizeof(script), "port 1\n%s%sdelay 30\n%sport 1\n%s%s%s", SIGNED, ACCEPTS,
		 idle[_i], SIGNED, ACCEPTS, BYE);
	box_open(&b, "starttls", script, NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_send(p, first), 0);
	pause_ms(200);
	ck_assert_msg(postern_send(p, second) == 0, "%s", postern_mail_error(second));
	ck_assert_str_eq(postern_error(p), "");
	ck_assert_int_eq(box_count(&b, " open 127."), 2);
	ck_assert_int_eq(box_count(&b, "RCPT TO:<a@"), 1);
	ck_assert_int_eq(box_count(&b, "RCPT TO:<b@"), 1);
	ck_assert_int_eq(postern_quit(p), 0);
	postern_free(p);
	postern_mail_free(first);
	postern_mail_free(second);
	box_close(&b);
}
END_TEST

/* The same, and the caller's loop only looks after the handle: it must not spin. */
START_TEST(idle_loop)
{
	char script[4096];
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;
	int turns = 0;

	snprintf(script, sizeof(script), "%s%sdelay 30\n%s", SIGNED, ACCEPTS, idle[_i]);
	box_open(&b, "starttls", script, NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_send(p, m), 0);
	for (long long end = now_ms() + 300; now_ms() < end; turns++) {
		struct pollfd at = {postern_fd(p), (short)postern_events(p), 0};
		int wait = postern_timeout(p);

		poll(&at, 1, wait < 0 || wait > 100 ? 100 : wait);
		ck_assert_int_eq(postern_step(p), 0);
	}
	ck_assert_int_lt(turns, 40);
	ck_assert_int_eq(postern_quit(p), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* A reply too many in the same segment as the last one. */
START_TEST(two_replies)
{
	char script[4096];
	struct box b;
	postern_mail *m[3];
	postern *p;

	snprintf(script, sizeof(script),
		 "port 1\n%s%ssend \"250 ok\\r\\n250 too many\\r\\n\"\nport 1\n%srepeat 0\n%send\n",
		 SIGNED, CONTENT, SIGNED, ACCEPTS);
	box_open(&b, "starttls", script, NULL);
	p = box_user(&b);
	for (size_t i = 0; i < 3; i++) {
		m[i] = a_mail("a@example.com");
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	ck_assert(loop(p, 20000, NULL));
	ck_assert_int_eq(outcomes(m, 3, POSTERN_ACCEPTED), 3);
	ck_assert_int_eq(box_count(&b, " open 127."), 2);
	ck_assert_int_eq(box_count(&b, "MAIL FROM"), 3);
	postern_free(p);
	free_mails(m, 3);
	box_close(&b);
}
END_TEST

/* Servers that always hang up there: no endless loop, and every mail has its outcome. */
static const struct {
	const char *where, *steps;
	int connections; /* at most, for five mails */
} always[] = {
	{"greeting", "fin\n", 1},
	{"EHLO", HELLO "fin\n", 1},
	{"AUTH", UP "send \"250-e2e\\r\\n250 AUTH PLAIN\\r\\n\"\nexpect \"AUTH *\"\nfin\n", 1},
	{"behind AUTH", SIGNED "fin\n", 5},
	{"behind AUTH, 421", SIGNED "send \"421 bye\\r\\n\"\nfin\n", 5},
	{"behind AUTH, reset", SIGNED "rst\n", 5},
	{"MAIL", SIGNED "expect \"MAIL *\"\nfin\n", 5},
	{"dot", SIGNED CONTENT "fin\n", 5},
};

START_TEST(hopeless)
{
	struct box b;
	postern_mail *m[5];
	postern *p;

	printf("always hangs up at %s\n", always[_i].where);
	box_open(&b, "starttls", always[_i].steps, NULL);
	p = box_user(&b);
	for (size_t i = 0; i < 5; i++) {
		m[i] = a_mail("a@example.com");
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	ck_assert(loop(p, 20000, NULL));
	ck_assert_int_eq(outcomes(m, 5, POSTERN_PENDING) + outcomes(m, 5, POSTERN_ACCEPTED), 0);
	ck_assert_int_le(box_count(&b, " open 127."), always[_i].connections);
	ck_assert_int_le(box_count(&b, "MAIL FROM"), 5);
	postern_free(p);
	free_mails(m, 5);
	box_close(&b);
}
END_TEST

/* One mail a connection: what is accepted was sent once, and nothing is in doubt. */
START_TEST(one_each)
{
	struct box b;
	postern_mail *m[10];
	postern *p;
	int accepted = 0;

	box_open(&b, "starttls", SIGNED ACCEPTS "fin\n", NULL);
	p = box_user(&b);
	for (size_t i = 0; i < 10; i++) {
		m[i] = a_mail("a@example.com");
		(void)postern_send(p, m[i]);
		ck_assert_int_ne(postern_mail_outcome(m[i]), POSTERN_IN_DOUBT);
		accepted += postern_mail_outcome(m[i]) == POSTERN_ACCEPTED;
		pause_ms(20);
	}
	ck_assert_int_eq(accepted, 10);
	ck_assert_int_eq(box_count(&b, " content "), accepted);
	postern_free(p);
	free_mails(m, 10);
	box_close(&b);
}
END_TEST

static postern_mail *file_mail(const char *name)
{
	postern_mail *m = postern_mail_new("sender@example.org");

	ck_assert_int_eq(postern_mail_add_recipient(m, "a@example.com"), 0);
	ck_assert_int_eq(postern_mail_set_file(m, name), 0);
	return m;
}

/* A file, one that is not there, a pipe that is written later, and one more: each has its own
 * outcome, and the pipe needs no word from the caller. */
START_TEST(files)
{
	char name[100], pipe_name[100];
	struct box b;
	postern_mail *m[4];
	postern *p;
	FILE *f;
	int out, turns;

	box_open(&b, "starttls", NULL, "--judge", "--without", _i ? "CHUNKING" : "DSN", NULL);
	snprintf(name, sizeof(name), "%s/mail", b.dir);
	snprintf(pipe_name, sizeof(pipe_name), "%s/pipe", b.dir);
	f = fopen(name, "w");
	ck_assert_ptr_nonnull(f);
	for (int i = 0; i < 5000; i++)
		fputs(i ? "\n.a line of the file\n" : "Subject: file\n\n", f);
	fclose(f);
	ck_assert_int_eq(mkfifo(pipe_name, 0600), 0);
	p = box_user(&b);
	m[0] = file_mail(name);
	m[1] = file_mail("/nowhere/at/all");
	m[2] = file_mail(pipe_name);
	m[3] = file_mail(name);
	for (size_t i = 0; i < 4; i++)
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	ck_assert_int_eq(loop(p, 500, &turns), 0); /* it waits for the pipe */
	ck_assert_int_lt(turns, 200); /* and does not spin */
	out = open(pipe_name, O_WRONLY);
	ck_assert_int_ge(out, 0);
	ck_assert_int_eq(write(out, "Subject: pi", 11), 11);
	ck_assert_int_eq(loop(p, 200, NULL), 0);
	ck_assert_int_eq(write(out, "pe\n\nbody\n", 9), 9);
	close(out);
	ck_assert(loop(p, 20000, NULL));
	ck_assert_int_eq(outcomes(m, 4, POSTERN_ACCEPTED), 3);
	ck_assert_str_eq(postern_mail_error_id(m[1]), "content-file-unreadable");
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m[1]), "no such file or directory"));
	ck_assert_int_eq(postern_quit(p), 0);
	box_quiet(&b);
	ck_assert_int_eq(box_count(&b, "MAIL FROM"), 3);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	free_mails(m, 4);
	unlink(name);
	unlink(pipe_name);
	box_close(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "many");

	tcase_add_loop_test(t, fifty, 0, 4);
	tcase_add_loop_test(t, broken, 0, sizeof(breaks) / sizeof(*breaks));
	tcase_add_loop_test(t, idle_connection, 0, sizeof(idle) / sizeof(*idle));
	tcase_add_loop_test(t, idle_loop, 0, sizeof(idle) / sizeof(*idle));
	tcase_add_test(t, two_replies);
	tcase_add_loop_test(t, hopeless, 0, sizeof(always) / sizeof(*always));
	tcase_add_test(t, one_each);
	tcase_add_loop_test(t, files, 0, 2);
}
