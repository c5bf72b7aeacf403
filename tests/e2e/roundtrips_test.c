/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How often the library waits for the server: exact, counted by the benchmark's sink over a line
 * that holds every answer back.  The sink is named by $SINK.
 */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <postern.h>

#include "main.h"

enum { LOG = 8192, QUEUED = 64, PATIENCE = 20000 };

#define DELAY ",login,delay=30"

static const char message[] =
	"From: sender@example.org\r\nTo: a@example.com\r\nSubject: turns\r\n\r\n"
	"Hello.\r\n";

static struct {
	pid_t process;
	char dir[64], ca[128], log[128];
	int port;
} sink;

static void run_sink(const char *door, int out)
{
	dup2(out, STDOUT_FILENO);
	execl(getenv("SINK"), "sink", "--ca", sink.ca, "--log", sink.log, door, (char *)NULL);
	_exit(127);
}

/* mode: "starttls", "implicit,data", ... */
static void open_sink(const char *mode)
{
	char door[64], line[64];
	int pipes[2];
	FILE *f;

	ck_assert_ptr_nonnull(getenv("SINK"));
	snprintf(sink.dir, sizeof(sink.dir), "/tmp/postern-turns.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(sink.dir));
	snprintf(sink.ca, sizeof(sink.ca), "%s/ca.pem", sink.dir);
	snprintf(sink.log, sizeof(sink.log), "%s/log", sink.dir);
	snprintf(door, sizeof(door), "it=%s" DELAY, mode);
	ck_assert_int_eq(pipe(pipes), 0);
	sink.process = fork();
	if (!sink.process)
		run_sink(door, pipes[1]);
	close(pipes[1]);
	f = fdopen(pipes[0], "r");
	ck_assert_ptr_nonnull(f);
	ck_assert_msg(fgets(line, sizeof(line), f) && sscanf(line, "it=%d", &sink.port) == 1,
		      "the sink does not start");
	fclose(f);
}

static void close_sink(void)
{
	kill(sink.process, SIGKILL); /* nothing of it is wanted any more */
	waitpid(sink.process, NULL, 0);
	unlink(sink.ca);
	unlink(sink.log);
	rmdir(sink.dir);
}

/* Of the one session, which is over: the waits until the first mail was accepted, the second one,
 * and the last one. */
static void read_log(long mails, unsigned turns[3])
{
	char text[LOG], *at;
	long found = 0;

	for (int waited = 0; waited < PATIENCE; waited += 5) {
		FILE *f = fopen(sink.log, "r");
		size_t n = f ? fread(text, 1, sizeof(text) - 1, f) : 0;

		if (f)
			fclose(f);
		text[n] = '\0';
		if (n && text[n - 1] == '\n')
			break;
		poll(NULL, 0, 5);
	}
	ck_assert_msg(sscanf(text, "it mails=%ld octets=%*u turns=%u", &found, &turns[2]) == 2,
		      "no session: %s", text);
	ck_assert_int_eq(found, mails);
	at = strstr(text, " at=");
	turns[1] = 0;
	ck_assert(at && sscanf(at, " at=%u,%u", &turns[0], &turns[1]) >= 1);
}

static postern *client(const char *mode)
{
	postern *p = postern_new("localhost");
	char ports[64];

	snprintf(ports, sizeof(ports), "%d/%s", sink.port,
		 strncmp(mode, "implicit", 8) == 0 ? "implicit" : "starttls");
	ck_assert_int_eq(postern_set_ports(p, ports), 0);
	ck_assert_int_eq(postern_set_trust(p, sink.ca), 0);
	ck_assert_int_eq(postern_set_login(p, "user", "password"), 0);
	return p;
}

static postern_mail *mail(int recipients)
{
	postern_mail *m = postern_mail_new("sender@example.org");
	char to[64];

	for (int i = 0; i < recipients; i++) {
		snprintf(to, sizeof(to), "recipient%d@example.com", i);
		ck_assert_int_eq(postern_mail_add_recipient(m, to), 0);
	}
	ck_assert_int_eq(postern_mail_set_text(m, message, strlen(message)), 0);
	return m;
}

static void send_one(postern *p, int recipients)
{
	postern_mail *m = mail(recipients);

	ck_assert_msg(postern_send(p, m) == 0, "%s", postern_error(p));
	postern_mail_free(m);
}

static const struct {
	const char *mode;
	unsigned first, next; /* waits */
} ways[] = {
	{"starttls", 8, 1},
	{"implicit", 6, 1},
	{"starttls,data", 9, 2},
	{"implicit,data", 7, 2},
};
#define WAYS (int)(sizeof(ways) / sizeof(ways[0]))

static const int recipients[] = {1, 2, 10, 100};
#define RECIPIENTS (int)(sizeof(recipients) / sizeof(recipients[0]))

START_TEST(first_and_next_mail)
{
	int way = _i / RECIPIENTS, n = recipients[_i % RECIPIENTS];
	unsigned turns[3];
	postern *p;

	open_sink(ways[way].mode);
	p = client(ways[way].mode);
	send_one(p, n);
	send_one(p, n);
	postern_free(p);
	read_log(2, turns);
	close_sink();
	ck_assert_msg(turns[0] == ways[way].first, "%s, %d recipients: %u waits, not %u",
		      ways[way].mode, n, turns[0], ways[way].first);
	ck_assert_msg(turns[1] - turns[0] == ways[way].next,
		      "%s, %d recipients, next mail: %u waits, not %u", ways[way].mode, n,
		      turns[1] - turns[0], ways[way].next);
}
END_TEST

static void send_queue(postern *p)
{
	postern_mail *m;
	int done = 0;

	for (int i = 0; i < QUEUED; i++)
		ck_assert_int_eq(postern_submit(p, mail(1)), 0);
	while (postern_step(p) > 0) {
		struct pollfd at = {postern_fd(p), (short)postern_events(p), 0};

		poll(&at, 1, postern_timeout(p));
	}
	while ((m = postern_done(p)) != NULL) {
		ck_assert_int_eq(postern_mail_outcome(m), POSTERN_ACCEPTED);
		postern_mail_free(m);
		done++;
	}
	ck_assert_int_eq(done, QUEUED);
}

/* The session is set up in all the waits of a first mail but one; then eight mails share a wait
 * with CHUNKING.  With DATA each has its two. */
START_TEST(queue)
{
	unsigned turns[3], flights = ways[_i].next == 1 ? QUEUED / 8 : 2 * QUEUED;
	unsigned most = ways[_i].first - ways[_i].next + flights;
	postern *p;

	open_sink(ways[_i].mode);
	p = client(ways[_i].mode);
	send_queue(p);
	postern_free(p);
	read_log(QUEUED, turns);
	close_sink();
	ck_assert_msg(turns[2] <= most, "%s: %u waits for %d mails, more than %u", ways[_i].mode,
		      turns[2], QUEUED, most);
	if (ways[_i].next == 2)
		ck_assert_uint_eq(turns[2], most);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = tcase_create("round trips");

	tcase_set_timeout(t, 60);
	tcase_add_loop_test(t, first_and_next_mail, 0, WAYS * RECIPIENTS);
	tcase_add_loop_test(t, queue, 0, WAYS);
	suite_add_tcase(s, t);
}
