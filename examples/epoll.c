/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ten thousand handles, or a few, in one epoll(7) loop: epoll URL FROM TO COUNT.  Each sends a mail
 * over a connection of its own.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>

#include <postern.h>

enum { HOUR = 3600000 };

static const char text[] = "Subject: Hello from epoll\n\nHello!\n";
static int watcher;
static long left, accepted, due; /* due: when the first timer of all runs out */

static long now(void) /* in milliseconds */
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000L + t.tv_nsec / 1000000;
}

/* op: EPOLL_CTL_ADD, or _MOD as there may be another thing to wait for after each step. */
static void step(postern *p, int op)
{
	struct epoll_event e = {.data.ptr = p};
	postern_mail *m;
	int wait;

	postern_step(p);
	while ((m = postern_done(p)) != NULL) {
		accepted += postern_mail_outcome(m) == POSTERN_ACCEPTED;
		postern_mail_free(m);
		left--;
	}
	e.events = (unsigned)postern_events(p);
	epoll_ctl(watcher, op, postern_fd(p), &e);
	wait = postern_timeout(p);
	if (wait >= 0 && now() + wait < due)
		due = now() + wait;
}

int main(int argc, char **argv)
{
	long count = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
	postern **all = calloc((size_t)count, sizeof(postern *));
	struct epoll_event events[64];

	watcher = epoll_create1(EPOLL_CLOEXEC);
	for (long i = 0; all && i < count; i++) {
		postern_mail *m = postern_mail_new(argv[2]);

		all[i] = postern_new(argv[1]);
		postern_mail_add_recipient(m, argv[3]);
		postern_mail_set_text(m, text, sizeof text - 1);
		left += postern_submit(all[i], m) == 0;
		step(all[i], EPOLL_CTL_ADD);
	}
	while (left > 0) {
		long wait = due - now();
		int n = epoll_wait(watcher, events, 64, wait > 0 ? (int)wait : 0);

		for (int i = 0; i < n; i++)
			step(events[i].data.ptr, EPOLL_CTL_MOD);
		if (now() < due)
			continue;
		due = now() + HOUR; /* timers are rare: step all, which does no harm */
		for (long i = 0; i < count; i++)
			step(all[i], EPOLL_CTL_MOD);
	}
	printf("accepted %ld of %ld\n", accepted, count);
	return accepted != count; /* the system closes what a postern_free() would */
}
