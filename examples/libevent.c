/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many handles in a libevent loop: libevent URL FROM TO COUNT.  Each sends a mail over a connection
 * of its own, and has one event with a timeout.
 */
#include <event2/event.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern.h>

static const char text[] = "Subject: Hello from libevent\n\nHello!\n";

struct one {
	postern *p;
	struct event *event;
};

static struct event_base *base;
static long accepted;

/* The loop ends when no event is pending. */
static void step(struct one *o, event_callback_fn again)
{
	int left = postern_step(o->p), wait = postern_timeout(o->p), events = postern_events(o->p);
	struct timeval t = {wait / 1000, wait % 1000 * 1000};
	postern_mail *m;

	while ((m = postern_done(o->p)) != NULL) {
		accepted += postern_mail_outcome(m) == POSTERN_ACCEPTED;
		postern_mail_free(m);
	}
	if (left <= 0)
		return;
	/* What to wait for may be another thing after each step. */
	event_assign(o->event, base, postern_fd(o->p),
		     (short)((events & POLLIN ? EV_READ : 0) | (events & POLLOUT ? EV_WRITE : 0)),
		     again, o);
	event_add(o->event, wait >= 0 ? &t : NULL);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	step(arg, on_event);
}

int main(int argc, char **argv)
{
	long count = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
	struct one *all = calloc((size_t)count, sizeof *all);

	base = event_base_new();
	for (struct one *o = all; all && o < all + count; o++) {
		postern_mail *m = postern_mail_new(argv[2]);

		o->p = postern_new(argv[1]);
		o->event = event_new(base, -1, 0, on_event, o);
		postern_mail_add_recipient(m, argv[3]);
		postern_mail_set_text(m, text, sizeof text - 1);
		postern_submit(o->p, m);
		step(o, on_event);
	}
	event_base_dispatch(base);
	printf("accepted %ld of %ld\n", accepted, count);
	return accepted != count; /* the system closes what a postern_free() would */
}
