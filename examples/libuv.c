/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many handles in a libuv loop: libuv URL FROM TO COUNT.  Each sends a mail over a connection of
 * its own, and has a poll handle and a timer in the loop.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include <postern.h>

static const char text[] = "Subject: Hello from libuv\n\nHello!\n";

struct one {
	postern *p;
	uv_poll_t poll;
	uv_timer_t timer;
};

static long accepted;

static void on_timer(uv_timer_t *timer);
static void on_poll(uv_poll_t *poll, int status, int events);

static void step(struct one *o)
{
	int left = postern_step(o->p), wait = postern_timeout(o->p), events = postern_events(o->p);
	int watched = (events & POLLIN ? UV_READABLE : 0) | (events & POLLOUT ? UV_WRITABLE : 0);
	postern_mail *m;

	while ((m = postern_done(o->p)) != NULL) {
		accepted += postern_mail_outcome(m) == POSTERN_ACCEPTED;
		postern_mail_free(m);
	}
	uv_timer_stop(&o->timer);
	uv_poll_stop(&o->poll);
	if (left <= 0)
		return; /* the loop ends when all have stopped */
	uv_poll_start(&o->poll, watched, on_poll);
	if (wait >= 0)
		uv_timer_start(&o->timer, on_timer, (unsigned)wait, 0);
}

static void on_timer(uv_timer_t *timer)
{
	step(timer->data);
}

static void on_poll(uv_poll_t *poll, int status, int events)
{
	(void)status;
	(void)events;
	step(poll->data);
}

int main(int argc, char **argv)
{
	long count = argc == 5 ? strtol(argv[4], NULL, 10) : 0;
	struct one *all = calloc((size_t)count, sizeof *all);
	uv_loop_t *loop = uv_default_loop();

	for (struct one *o = all; all && o < all + count; o++) {
		postern_mail *m = postern_mail_new(argv[2]);

		o->p = postern_new(argv[1]);
		postern_mail_add_recipient(m, argv[3]);
		postern_mail_set_text(m, text, sizeof text - 1);
		uv_poll_init(loop, &o->poll, postern_fd(o->p));
		uv_timer_init(loop, &o->timer);
		o->poll.data = o->timer.data = o;
		postern_submit(o->p, m);
		step(o);
	}
	uv_run(loop, UV_RUN_DEFAULT);
	printf("accepted %ld of %ld\n", accepted, count);
	return accepted != count; /* the system closes what a postern_free() would */
}
