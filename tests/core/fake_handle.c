/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <poll.h>
#include <string.h>
#include <time.h>

#include "fake_handle.h"
#include "handle.h"
#include "must.h"

enum { POLLS_MOST = 100000 };

struct world the_world;
int no_network, polls;

void *__wrap_ptn_net_new(void);
void __wrap_ptn_net_free(void *net);
void __wrap_ptn_net_waker(void *net);
void __wrap_ptn_net_wake(void *net);
int __wrap_clock_gettime(clockid_t id, struct timespec *t);
int __wrap_poll(struct pollfd *fds, nfds_t n, int wait);

void *__wrap_ptn_net_new(void)
{
	return no_network ? NULL : &the_world;
}

void __wrap_ptn_net_free(void *net)
{
	if (net)
		ck_assert_int_eq(world_open(net), 0);
}

void __wrap_ptn_net_waker(void *net)
{
	ck_assert_ptr_eq(net, &the_world);
}

void __wrap_ptn_net_wake(void *net)
{
	ck_assert_ptr_eq(net, &the_world);
}

int __wrap_clock_gettime(clockid_t id, struct timespec *t)
{
	(void)id;
	*t = (struct timespec){.tv_sec = the_world.now / 1000,
			       .tv_nsec = the_world.now % 1000 * 1000000};
	return 0;
}

/* Octets come by themselves, so it never sleeps for long. */
int __wrap_poll(struct pollfd *fds, nfds_t n, int wait)
{
	(void)fds, (void)n;
	must(++polls < POLLS_MOST);
	the_world.now += wait < 0 || wait > 5 ? 5 : wait;
	return 0;
}

void take_over(postern *p)
{
	if (p)
		p->drive.net = p->drive.search.net = &world_net;
}

postern *new_handle(const char *url, const char *moods)
{
	static const char known[] = "grdsb";
	postern *p = postern_new(url);

	ck_assert_ptr_nonnull(p);
	world_begin(&the_world, 1, 0);
	polls = 0;
	for (size_t i = 0; moods[i]; i++) {
		const char *mood = strchr(known, moods[i]);

		ck_assert_ptr_nonnull(mood);
		the_world.moods[i + 1] = (int)(mood - known);
	}
	take_over(p);
	return p;
}

postern_mail *new_mail(const char *text)
{
	postern_mail *m = postern_mail_new("me@example.org");

	ck_assert_int_eq(postern_mail_add_recipient(m, "you@example.net"), 0);
	ck_assert_int_eq(postern_mail_set_completion(m, 0), 0);
	if (text)
		ck_assert_int_eq(postern_mail_set_text(m, text, strlen(text)), 0);
	return m;
}
