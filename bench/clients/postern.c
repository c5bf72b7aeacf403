/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Postern.  WAY: "warm" or "one", each mail awaited before the next; "queue", 128 mails in the
 * queue, or "queue-N" over N connections, or "window-N", up to N of them unanswered; "fresh", one
 * handle, a connection for each mail; "new", a handle for each mail; "resume", as fresh, but with
 * TLS sessions resumed; "file", the content read from the file named by MESSAGE; "idle": COUNT
 * handles that have sent a mail each and keep their connection, in one thread, and what a handle
 * costs before and after.
 */
#include <malloc.h>
#include <poll.h>
#include <postern.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "job.h"

enum { QUEUE = 128 };

static struct job job;

static postern *handle(void)
{
	postern *p = postern_new(JOB_HOST);
	char ports[64];

	snprintf(ports, sizeof(ports), "%d/%s", job.port, job_tls(&job) ? job.mode : "none");
	postern_set_ports(p, ports);
	postern_set_name(p, "client.example");
	if (!job_tls(&job))
		return p;
	postern_set_trust(p, job.ca);
	postern_set_login(p, JOB_USER, JOB_PASSWORD);
	postern_set_resumption(p, job_is(&job, "resume"));
	return p;
}

struct source {
	size_t at;
};

static ptrdiff_t give(void *arg, char *buf, size_t cap)
{
	struct source *s = arg;

	return (ptrdiff_t)job_take(&job, &s->at, buf, cap);
}

static postern_mail *mail(struct source *s)
{
	postern_mail *m = postern_mail_new(JOB_FROM);

	for (int i = 0; i < job.recipients; i++)
		postern_mail_add_recipient(m, job_recipient(i));
	s->at = 0;
	if (job_is(&job, "file"))
		postern_mail_set_file(m, getenv("BENCH_FILE"));
	else if (job.text)
		postern_mail_set_text(m, job.text, job.len);
	else
		postern_mail_set_reader(m, give, s);
	return m;
}

static int bad(const postern *p, postern_mail *m)
{
	int wrong = postern_mail_outcome(m) != POSTERN_ACCEPTED;

	if (wrong)
		fprintf(stderr, "%s %s %s\n", postern_error(p), postern_mail_error(m),
			postern_mail_advice(m));
	postern_mail_free(m);
	return wrong;
}

static int send_each(void)
{
	int anew = job_is(&job, "new"), again = job_is(&job, "fresh") || job_is(&job, "resume");
	struct source s;
	postern *p = NULL;
	int failed = 0;

	for (long i = 0; i < job.count && !failed; i++) {
		postern_mail *m = mail(&s);

		if (!p)
			p = handle();
		postern_send(p, m);
		failed = bad(p, m);
		if (again || anew)
			postern_quit(p);
		if (anew) {
			postern_free(p);
			p = NULL;
		}
	}
	postern_quit(p);
	postern_free(p);
	return failed;
}

static int send_queue(int connections, int window)
{
	postern *p = handle();
	struct source unused;
	postern_mail *m;
	long queued = 0;
	int left, failed = 0;

	postern_set_connections(p, connections);
	postern_set_window(p, window, 0);
	do {
		for (left = postern_step(p); left < QUEUE && queued < job.count; left++, queued++)
			postern_submit(p, mail(&unused));
		left = postern_step(p);
		while ((m = postern_done(p)) != NULL)
			failed |= bad(p, m);
		if (left > 0) {
			struct pollfd at = {postern_fd(p), (short)postern_events(p), 0};

			poll(&at, 1, postern_timeout(p));
		}
	} while (!failed && (left > 0 || queued < job.count));
	postern_quit(p);
	postern_free(p);
	return failed;
}

/* ---- Many handles in one thread. ---- */

struct one {
	postern *p;
	struct source source;
};

static void submit(struct one *o, int watcher)
{
	struct epoll_event e = {.events = (uint32_t)postern_events(o->p), .data.ptr = o};

	postern_submit(o->p, mail(&o->source));
	epoll_ctl(watcher, EPOLL_CTL_ADD, postern_fd(o->p), &e);
}

/* 1: its mail was accepted; -1: it was not. */
static int step(struct one *o)
{
	postern_mail *m;

	postern_step(o->p);
	m = postern_done(o->p);
	return !m ? 0 : bad(o->p, m) ? -1 : 1;
}

static long serve(struct one *all, int watcher)
{
	struct epoll_event events[64];
	long done = 0, begun = 0, failed = 0, quiet = 0;

	while (done < job.count && !failed && quiet < 20) {
		int n;

		for (; begun < job.count && begun - done < 100; begun++) {
			submit(&all[begun], watcher);
			failed += step(&all[begun]) < 0;
		}
		n = epoll_wait(watcher, events, 64, 1000);
		quiet = n ? 0 : quiet + 1;
		for (int i = 0; i < n; i++) {
			int got = step(events[i].data.ptr);

			done += got > 0;
			failed += got < 0;
		}
	}
	return done < job.count;
}

static long tell_each(const char *what, long before)
{
	long now = job_memory("VmRSS:");

	printf("%s %ld\n", what, (now - before) * 1024 / job.count);
	fflush(stdout);
	return now;
}

/* Each is stepped once its timeout has passed, as a loop would: it gives back what it keeps for the
 * next mail.  What is free then is given back to the system, to be seen in the process's size. */
static void rest(struct one *all)
{
	struct timespec pause = {2, 0};

	nanosleep(&pause, NULL);
	for (long i = 0; i < job.count; i++)
		postern_step(all[i].p);
	malloc_trim(0);
}

static int be_idle(void)
{
	struct one *all = calloc((size_t)job.count, sizeof(*all));
	int watcher = epoll_create1(0);
	struct rlimit most = {1 << 17, 1 << 17};
	long before;

	setrlimit(RLIMIT_NOFILE, &most);
	all[0].p = handle(); /* what is read once */
	postern_free(all[0].p);
	before = job_memory("VmRSS:");
	for (long i = 0; i < job.count; i++)
		all[i].p = handle();
	tell_each("handle", before);
	if (serve(all, watcher))
		return 1;
	rest(all);
	tell_each("session", before);
	_exit(0); /* with all of them at once */
}

int main(int argc, char **argv)
{
	job_read_arguments(&job, argc, argv);
	if (strncmp(job.way, "queue", 5) == 0)
		return send_queue(job.way[5] ? (int)strtol(job.way + 6, NULL, 10) : 1, 0);
	if (strncmp(job.way, "window-", 7) == 0)
		return send_queue(1, (int)strtol(job.way + 7, NULL, 10));
	return job_is(&job, "idle") ? be_idle() : send_each();
}
