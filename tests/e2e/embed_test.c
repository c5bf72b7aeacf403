/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Life inside a program: signals, fork, threads, event loops, many handles, what is left behind.
 */
#include <dirent.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "main.h"

static char *big_message(size_t n)
{
	char *big = malloc(n);

	ck_assert_ptr_nonnull(big);
	for (size_t i = 0; i < n; i++)
		big[i] = i % 64 == 63 ? '\n' : 'x';
	memcpy(big, "A: b\n\n", 6);
	return big;
}

static int count_files(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return 0; /* no such place on this system: nothing to compare */
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* The server resets while a large body is written, and the program leaves SIGPIPE as it is. */
START_TEST(no_sigpipe)
{
	enum { SIZE = 16 << 20 };
	char *big = big_message(SIZE);
	struct box b;
	postern *p;

	signal(SIGPIPE, SIG_DFL);
	box_open(&b, "starttls", _i ? OPEN TO_DATA "expect-any\nrst\n" : OPEN TO_DATA "rst\n",
		 NULL);
	p = box_client(&b);
	for (int i = 0; i < 5; i++) {
		postern_mail *m = postern_mail_new("sender@example.org");

		postern_mail_add_recipient(m, "a@example.com");
		postern_mail_set_text(m, big, SIZE);
		ck_assert_int_eq(postern_send(p, m), POSTERN_E_CLOSED);
		ck_assert_int_eq(postern_mail_outcome(m), POSTERN_TRANSIENT);
		postern_mail_free(m);
	}
	postern_free(p);
	box_close(&b);
	free(big);
}
END_TEST

/* What a child may do with its copy. */
enum { USES, FREES, FREES_MAILS, QUITS, SENDS, CHILDREN };
static const char *const children[CHILDREN] = {
	"uses and frees it", "frees it", "frees the mails, then it", "says quit", "sends by it"};

static int child(int what, postern *p, postern_mail *at_work, postern_mail *queued)
{
	postern_mail *own = postern_mail_new("child@example.org");

	if (what == USES) {
		(void)postern_fd(p);
		(void)postern_timeout(p);
		(void)postern_step(p);
		(void)postern_set_name(p, "child.example");
	}
	if (what == FREES_MAILS) {
		postern_mail_free(at_work);
		postern_mail_free(queued);
	}
	if (what == QUITS)
		(void)postern_quit(p);
	if (what == SENDS) {
		postern_mail_add_recipient(own, "child@example.com");
		postern_mail_set_text(own, a_message, strlen(a_message));
		if (postern_send(p, own))
			return 1;
	}
	postern_free(p);
	postern_mail_free(own);
	return 0;
}

/* In the middle of a mail, and between two. */
START_TEST(forked)
{
	int what = _i % CHILDREN, idle = _i / CHILDREN, status;
	struct box b;
	postern_mail *m = a_mail("a@example.com"), *second = a_mail("b@example.com");
	postern *p;
	pid_t pid;

	printf("%s, the child %s\n", idle ? "idle" : "at work", children[what]);
	box_open(&b, "starttls", NULL, "--judge", "--delay", "DATA=300", "--without", "CHUNKING",
		 NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_submit(p, m), 0);
	if (!idle)
		ck_assert_int_eq(postern_submit(p, second), 0);
	loop(p, idle ? 20000 : 150, NULL);
	ck_assert_int_eq(postern_mail_outcome(m), idle ? POSTERN_ACCEPTED : POSTERN_PENDING);
	if (idle)
		ck_assert_ptr_eq(postern_done(p), m);
	fflush(NULL);
	pid = fork();
	if (!pid)
		_exit(child(what, p, m, second));
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	if (what == SENDS)
		box_wait(&b, " QUIT\\r", 1);
	ck_assert_int_eq(box_count(&b, " QUIT\\r"), what == SENDS); /* in its own connection */
	if (idle)
		ck_assert_int_eq(postern_submit(p, second), 0);
	ck_assert(loop(p, 10000, NULL));
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_ACCEPTED);
	ck_assert_int_eq(postern_mail_outcome(second), POSTERN_ACCEPTED);
	ck_assert_int_eq(postern_quit(p), 0);
	box_quiet(&b);
	ck_assert_int_eq(box_count(&b, " open 127."), 1 + (what == SENDS));
	ck_assert_int_eq(box_count(&b, " accepted "), 2 + (what == SENDS));
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	postern_mail_free(second);
	box_close(&b);
}
END_TEST

/* ---- Cancelling a blocked call. ---- */

static postern *to_cancel;

static void on_alarm(int number)
{
	(void)number;
	postern_cancel(to_cancel);
}

static void *cancel_soon(void *arg)
{
	pause_ms(200);
	postern_cancel(arg);
	return NULL;
}

static const struct {
	const char *script, *slow;
	int outcome;
} cancels[] = {
	{NULL, "GREETING=5000", POSTERN_TRANSIENT}, {NULL, "EHLO#2=5000", POSTERN_TRANSIENT},
	{NULL, "AUTH=5000", POSTERN_TRANSIENT},     {NULL, "MAIL=5000", POSTERN_TRANSIENT},
	{NULL, "RCPT=5000", POSTERN_TRANSIENT},     {NULL, "DATA=5000", POSTERN_TRANSIENT},
	{NULL, "DOT=5000", POSTERN_IN_DOUBT},
};

START_TEST(cancelled)
{
	int by_signal = _i % 2, row = _i / 2;
	struct box b;
	postern_mail *m = a_mail("a@example.com"), *behind = a_mail("b@example.com"),
		     *later = a_mail("c@example.com");
	struct sigaction act = {.sa_handler = on_alarm, .sa_flags = SA_RESTART};
	long long began;
	pthread_t thread;

	printf("cancelled by a %s at %s\n", by_signal ? "signal handler" : "thread",
	       cancels[row].slow);
	box_open(&b, "starttls", NULL, "--delay", cancels[row].slow, "--without", "CHUNKING", NULL);
	to_cancel = box_user(&b);
	ck_assert_int_eq(sigaction(SIGALRM, &act, NULL), 0);
	began = now_ms();
	if (by_signal)
		setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 200000}}, NULL);
	else
		ck_assert_int_eq(pthread_create(&thread, NULL, cancel_soon, to_cancel), 0);
	ck_assert_int_eq(postern_send(to_cancel, m), POSTERN_E_CANCELLED);
	ck_assert_int_lt((int)(now_ms() - began), 4000);
	ck_assert_int_eq(postern_mail_outcome(m), cancels[row].outcome);
	ck_assert_str_eq(postern_mail_error_id(m), cancels[row].outcome == POSTERN_IN_DOUBT
							   ? "cancelled-after-content"
							   : "cancelled");
	if (!by_signal)
		pthread_join(thread, NULL);
	/* It is over with that: the next mail is not touched by it. */
	postern_set_limit(to_cancel, POSTERN_LIMIT_OVERALL, 300);
	ck_assert_int_eq(postern_send(to_cancel, later), POSTERN_E_TIMEOUT);
	postern_free(to_cancel);
	postern_mail_free(m);
	postern_mail_free(behind);
	postern_mail_free(later);
	box_close(&b);
}
END_TEST

/* In a loop of the caller's, with mails queued behind: the step makes them all end. */
START_TEST(cancelled_loop)
{
	struct box b;
	postern_mail *m[3];
	postern *p;

	box_open(&b, "starttls", NULL, "--delay", "DOT=5000", "--without", "CHUNKING", NULL);
	p = box_user(&b);
	for (int i = 0; i < 3; i++) {
		m[i] = a_mail("a@example.com");
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	loop(p, 300, NULL);
	ck_assert_int_eq(postern_cancel(p), 0);
	ck_assert_int_eq(postern_timeout(p), 0);
	ck_assert_int_eq(postern_step(p), 0);
	ck_assert_int_eq(postern_mail_outcome(m[0]), POSTERN_IN_DOUBT);
	ck_assert_int_eq(postern_mail_outcome(m[1]), POSTERN_TRANSIENT);
	ck_assert_int_eq(postern_mail_outcome(m[2]), POSTERN_TRANSIENT);
	postern_free(p);
	for (int i = 0; i < 3; i++)
		postern_mail_free(m[i]);
	box_close(&b);
}
END_TEST

/* ---- Readers. ---- */

struct reader {
	const char *text;
	size_t len, at, piece;
	int lates; /* "not yet" before each piece */
	int late, fails_at;
	int calls;
};

static ptrdiff_t read_some(void *arg, char *buf, size_t cap)
{
	struct reader *r = arg;
	size_t n = r->len - r->at;

	r->calls++;
	if (r->fails_at >= 0 && r->at >= (size_t)r->fails_at)
		return -1;
	if (r->at && r->late < r->lates) {
		r->late++;
		return POSTERN_LATER;
	}
	r->late = 0;
	n = n < r->piece ? n : r->piece;
	n = n < cap ? n : cap;
	memcpy(buf, r->text + r->at, n);
	r->at += n;
	return (ptrdiff_t)n;
}

static postern_mail *read_mail(struct reader *r)
{
	postern_mail *m = postern_mail_new("sender@example.org");

	postern_mail_add_recipient(m, "a@example.com");
	ck_assert_int_eq(postern_mail_set_reader(m, read_some, r), 0);
	return m;
}

/* "Not yet", and resumed from a loop that does not spin meanwhile. */
START_TEST(later)
{
	enum { SIZE = 4096 };
	char *text = big_message(SIZE);
	struct reader r = {text, SIZE, 0, 512, 1, 0, -1, 0};
	postern_mail *m = read_mail(&r);
	struct box b;
	postern *p;
	int turns = 0, resumed = 0;

	box_open(&b, "starttls", NULL, "--judge", NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_submit(p, m), 0);
	while (postern_step(p) > 0 && resumed < 100) {
		struct pollfd at = {postern_fd(p), (short)postern_events(p), 0};
		int wait = postern_timeout(p);

		turns++;
		if (!poll(&at, 1, wait < 0 || wait > 40 ? 40 : wait)) {
			resumed++;
			postern_mail_resume(m);
		}
	}
	ck_assert_ptr_eq(postern_done(p), m);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_ACCEPTED);
	ck_assert_int_ge(resumed, 7);
	ck_assert_int_lt(turns, 200);
	postern_mail_free(m);
	r.at = 0; /* the blocking call asks again by itself */
	m = read_mail(&r);
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_mail_free(m);
	/* One mail's reader is late while another mail is waited for. */
	r.at = 0;
	m = read_mail(&r);
	ck_assert_int_eq(postern_submit(p, m), 0);
	{
		postern_mail *other = a_mail("b@example.com");

		ck_assert_int_eq(postern_send(p, other), 0);
		postern_mail_free(other);
	}
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_ACCEPTED);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
	free(text);
}
END_TEST

/* A reader that gives up: no dot, nothing delivered, and the next mail goes out. */
START_TEST(reader_fails)
{
	enum { SIZE = 300000 };
	static const int where[] = {0, 3, 600, 70000, 299990};
	char *text = big_message(SIZE);
	struct box b;
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", NULL);
	p = box_user(&b);
	for (size_t i = 0; i < sizeof(where) / sizeof(*where); i++) {
		struct reader r = {text, SIZE, 0, 10, 0, 0, where[i], 0};
		postern_mail *m = read_mail(&r), *next = a_mail("b@example.com");

		ck_assert_int_eq(postern_send(p, m), POSTERN_E_CONTENT);
		ck_assert_str_eq(postern_mail_error_id(m), "content-reader-failed");
		ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PERMANENT);
		ck_assert_int_eq(box_count(&b, " accepted "), (int)i);
		ck_assert_int_eq(postern_send(p, next), 0);
		ck_assert_int_eq(box_count(&b, " accepted "), (int)i + 1);
		postern_mail_free(m);
		postern_mail_free(next);
	}
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	box_close(&b);
	free(text);
}
END_TEST

/* ---- Signals that interrupt everything. ---- */

static volatile sig_atomic_t alarms;

static void count_alarm(int number)
{
	(void)number;
	alarms++;
}

START_TEST(interrupted)
{
	enum { SIZE = 8 << 20 };
	char *big = big_message(SIZE);
	struct sigaction act = {.sa_handler = count_alarm}; /* no SA_RESTART */
	struct box b;
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", NULL);
	p = box_user(&b);
	ck_assert_int_eq(sigaction(SIGALRM, &act, NULL), 0);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 200}, {0, 200}}, NULL);
	for (int i = 0; i < 3; i++) {
		postern_mail *m = postern_mail_new("sender@example.org");

		postern_mail_add_recipient(m, "a@example.com");
		postern_mail_set_text(m, big, SIZE);
		ck_assert_int_eq(postern_send(p, m), 0);
		postern_mail_free(m);
	}
	ck_assert_int_eq(postern_quit(p), 0);
	setitimer(ITIMER_REAL, &(struct itimerval){{0, 0}, {0, 0}}, NULL);
	ck_assert_int_gt(alarms, 100);
	postern_free(p);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	box_close(&b);
	free(big);
}
END_TEST

/* ---- Many handles. ---- */

START_TEST(many_handles)
{
	enum { HANDLES = 200 };
	struct rlimit files;
	struct box b;
	postern *p[HANDLES];
	postern_mail *m[HANDLES];
	struct pollfd at[HANDLES];
	int before, busy = HANDLES;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &files), 0);
	files.rlim_cur = files.rlim_max < 2048 ? files.rlim_max : 2048;
	setrlimit(RLIMIT_NOFILE, &files);
	box_open(&b, "starttls", NULL, NULL);
	before = count_files();
	for (int i = 0; i < HANDLES; i++) {
		p[i] = box_user(&b);
		m[i] = a_mail("a@example.com");
		ck_assert_int_eq(postern_submit(p[i], m[i]), 0);
	}
	for (long long end = now_ms() + 60000; busy && now_ms() < end;) {
		int least = 1000;

		busy = 0;
		for (int i = 0; i < HANDLES; i++) {
			int wait;

			busy += postern_step(p[i]) > 0;
			wait = postern_timeout(p[i]);
			least = wait >= 0 && wait < least ? wait : least;
			at[i] = (struct pollfd){postern_fd(p[i]), (short)postern_events(p[i]), 0};
		}
		if (busy)
			poll(at, HANDLES, least);
	}
	for (int i = 0; i < HANDLES; i++) {
		ck_assert_msg(postern_mail_outcome(m[i]) == POSTERN_ACCEPTED, "%d: %s", i,
			      postern_mail_error(m[i]));
		postern_free(p[i]);
		postern_mail_free(m[i]);
	}
	ck_assert_int_eq(count_files(), before);
	ck_assert_int_eq(box_count(&b, " accepted "), HANDLES);
	box_close(&b);
}
END_TEST

/* ---- Secrets. ---- */

static char traced[1 << 16];
static size_t n_traced;

static void keep_trace(void *arg, int dir, const char *line, size_t len)
{
	ck_assert_ptr_eq(arg, traced);
	ck_assert(dir == '>' || dir == '<' || dir == '*');
	ck_assert_ptr_null(memchr(line, '\n', len));
	if (n_traced + len + 2 < sizeof(traced)) {
		memcpy(traced + n_traced, line, len);
		n_traced += len;
		traced[n_traced++] = '\n';
	}
}

/* What the client said in AUTH, from the server's log; each word of it is a secret. */
static void none_of_it(const struct box *b)
{
	char line[8192];
	FILE *f = fopen(b->log, "r");
	int seen = 0, in = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char *said = strstr(line, " C TLS");
		char *word;

		if (!said)
			continue;
		word = strstr(said, "AUTH ");
		in = word || (in && !strstr(said, "MAIL FROM"));
		if (!in)
			continue;
		word = strrchr(said, ' ') + 1;
		word[strcspn(word, "\\\n")] = '\0';
		if (strlen(word) < 14) /* AUTH LOGIN and the like; "user" */
			continue;
		seen++;
		ck_assert_msg(!strstr(traced, word), "in the trace: %s", word);
	}
	fclose(f);
	ck_assert_int_ge(seen, 1);
}

START_TEST(secrets)
{
	static const char *const mechanisms[] = {"PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-1",
						 "SCRAM-SHA-256"};
	const char *mechanism = mechanisms[_i % 5], *name = "canaryuser01",
		   *secret = "Canary-Secret-Words-12345";
	char user[64];
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;
	int wrong = _i / 5;

	printf("trace of %s, %s password\n", mechanism, wrong ? "wrong" : "right");
	snprintf(user, sizeof(user), "%s:%s", name, wrong ? "another" : secret);
	/* A server that repeats what it heard. */
	box_open(&b, "starttls", NULL, "--user", user, "--mechanisms", mechanism, "--reply",
		 "MAIL=550 5.7.1 no, Canary-Secret-Words-12345", NULL);
	p = box_client(&b);
	ck_assert_int_eq(postern_set_trace(p, keep_trace, traced), 0);
	ck_assert_int_eq(postern_set_login(p, name, secret), 0);
	ck_assert_int_eq(postern_send(p, m), wrong ? POSTERN_E_AUTH : POSTERN_E_REFUSED);
	none_of_it(&b);
	traced[n_traced] = '\0';
	ck_assert_ptr_nonnull(strstr(traced, "AUTH "));
	ck_assert_ptr_null(strstr(traced, secret));
	ck_assert_ptr_null(strstr(postern_error(p), secret));
	ck_assert_ptr_null(strstr(postern_mail_error(m), secret));
	ck_assert_ptr_null(strstr(postern_mail_advice(m), secret));
	ck_assert_ptr_null(strstr(postern_mail_recipient_text(m, 0), secret));
	ck_assert_ptr_null(strstr(postern_mail_reply(m), secret));
	for (size_t i = 0; i < postern_attempts(p); i++)
		ck_assert_ptr_null(strstr(postern_attempt_error(p, i), secret));
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* ---- What is left behind. ---- */

static long resident_kb(void)
{
	long size = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f && fscanf(f, "%ld %ld", &size, &resident) != 2)
		resident = 0;
	if (f)
		fclose(f);
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

START_TEST(memory)
{
	enum { MAILS = 2000, WARM = 300 };
	struct box b;
	postern *p;
	long before = 0;
	int files;

	box_open(&b, "starttls", NULL, "--refuse-recipient", "bad@*", NULL);
	files = count_files();
	p = box_user(&b);
	for (int i = 0; i < MAILS; i++) {
		postern_mail *m = a_mail(i % 7 ? "a@example.com" : "bad@example.com");

		if (i == WARM)
			before = resident_kb();
		if (i % 50 == 49) /* a new connection now and then */
			ck_assert_int_eq(postern_quit(p), 0);
		ck_assert_int_eq(postern_send(p, m), i % 7 ? 0 : POSTERN_E_REFUSED);
		postern_mail_free(m);
	}
	printf("%ld KiB more after %d mails\n", resident_kb() - before, MAILS - WARM);
#if !defined(__SANITIZE_ADDRESS__) /* it keeps what is freed */
	ck_assert_int_lt((int)(resident_kb() - before), 512);
#endif
	postern_free(p);
	ck_assert_int_eq(count_files(), files);
	box_close(&b);
}
END_TEST

/* Failures leave no descriptor either. */
START_TEST(files)
{
	static const char *const drops[] = {"GREETING", "EHLO", "STARTTLS", "TLS",
					    "AUTH",     "MAIL", "DATA",     "DOT"};
	int before = 0;

	for (size_t i = 0; i < sizeof(drops) / sizeof(*drops); i++) {
		struct box b;
		postern *p;

		box_open(&b, "starttls implicit", NULL, "--drop", drops[i], NULL);
		for (int round = 0; round < 4; round++) {
			postern_mail *m = a_mail("a@example.com");

			p = box_user(&b);
			(void)postern_send(p, m);
			ck_assert_int_ne(postern_mail_outcome(m), POSTERN_PENDING);
			postern_mail_free(m);
			postern_free(p);
			if (!i && !round)
				before = count_files();
			ck_assert_int_eq(count_files(), before);
		}
		box_close(&b);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "embed");

	tcase_add_loop_test(t, no_sigpipe, 0, 2);
	tcase_add_loop_test(t, forked, 0, 2 * CHILDREN);
	tcase_add_loop_test(t, cancelled, 0, 2 * (int)(sizeof(cancels) / sizeof(*cancels)));
	tcase_add_test(t, cancelled_loop);
	tcase_add_test(t, later);
	tcase_add_loop_test(t, reader_fails, 0, 1);
	tcase_add_test(t, interrupted);
	tcase_add_test(t, many_handles);
	tcase_add_loop_test(t, secrets, 0, 10);
	tcase_add_test(t, memory);
	tcase_add_test(t, files);
}
