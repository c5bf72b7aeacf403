/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE
#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "main.h"
#include "net/poller.h"

enum { PAIRS = 20 };

static struct ptn_poller p;
static int pair[PAIRS][2];
static int before;

static void set_up(void)
{
	before = count_descriptors();
	ck_assert_int_eq(ptn_poller_init(&p), 0);
	for (int i = 0; i < PAIRS; i++)
		ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair[i]), 0);
}

static void tear_down(void)
{
	for (int i = 0; i < PAIRS; i++) {
		close(pair[i][0]);
		close(pair[i][1]);
	}
	ptn_poller_free(&p);
	ck_assert_int_eq(count_descriptors(), before);
}

static int ready(void)
{
	struct pollfd f = {.fd = ptn_poller_fd(&p), .events = POLLIN};

	return f.fd >= 0 && poll(&f, 1, 0) == 1;
}

START_TEST(nothing_is_watched_at_first)
{
	ck_assert_int_eq(ready(), 0);
	ck_assert_int_eq(ptn_poller_patience(&p), -1);
	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], 0), 0);
	ck_assert_uint_eq(p.n, 0);
}
END_TEST

START_TEST(reading)
{
	char c;

	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], PTN_NET_READ), 0);
	ck_assert_int_eq(ptn_poller_patience(&p), -1);
	ck_assert_int_eq(ready(), 0);
	ck_assert_int_eq(write(pair[0][1], "xy", 2), 2);
	ck_assert_int_eq(ready(), 1);
	ck_assert_int_eq(read(pair[0][0], &c, 1), 1);
	ck_assert_int_eq(ready(), 1); /* one octet is left: level-triggered */
	ck_assert_int_eq(read(pair[0][0], &c, 1), 1);
	ck_assert_int_eq(ready(), 0);
	ck_assert_int_eq(write(pair[0][1], "z", 1), 1);
	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], 0), 0);
	ck_assert_int_eq(ready(), 0);
}
END_TEST

START_TEST(not_watched_not_even_for_its_end)
{
	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], PTN_NET_READ), 0);
	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], 0), 0);
	close(pair[0][1]);
	ck_assert_int_eq(ready(), 0);
	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], PTN_NET_READ), 0);
	ck_assert_int_eq(ready(), 1);
	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], 0), 0);
	close(pair[0][0]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair[0]), 0);
}
END_TEST

START_TEST(writing)
{
	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], PTN_NET_WRITE), 0);
	ck_assert_int_eq(ready(), HAS_EPOLL);
	ck_assert_int_eq(ptn_poller_patience(&p), HAS_EPOLL ? -1 : 10);
	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], PTN_NET_WRITE | PTN_NET_READ), 0);
	ck_assert_int_eq(ready(), HAS_EPOLL);
	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], PTN_NET_READ), 0);
	ck_assert_int_eq(ready(), 0);
	ck_assert_int_eq(ptn_poller_patience(&p), -1);
}
END_TEST

START_TEST(many)
{
	for (int i = 0; i < PAIRS; i++)
		ck_assert_int_eq(ptn_poller_watch(&p, pair[i][0], PTN_NET_READ), 0);
	ck_assert_uint_eq(p.n, PAIRS);
	ck_assert_int_eq(ptn_poller_patience(&p), HAS_EPOLL ? -1 : 10);
	ck_assert_int_eq(ready(), 0);
	ck_assert_int_eq(write(pair[7][1], "x", 1), 1);
	ck_assert_int_eq(ready(), HAS_EPOLL);
	for (int i = 0; i < PAIRS; i++)
		if (i != 7)
			ck_assert_int_eq(ptn_poller_watch(&p, pair[i][0], 0), 0);
	ck_assert_uint_eq(p.n, 1);
	ck_assert_int_eq(ready(), 1); /* with and without epoll */
	ck_assert_int_eq(ptn_poller_watch(&p, pair[7][0], 0), 0);
	ck_assert_int_eq(ready(), 0);
}
END_TEST

START_TEST(what_is_not_new_is_not_said_again)
{
	int fd = pair[0][0];

	ck_assert_int_eq(ptn_poller_watch(&p, fd, PTN_NET_READ), 0);
	/* The kernel would refuse both of these, if it were asked. */
	close(fd);
	ck_assert_int_eq(ptn_poller_watch(&p, fd, PTN_NET_READ), 0);
	if (HAS_EPOLL) {
		ck_assert_int_lt(ptn_poller_watch(&p, fd, PTN_NET_WRITE), 0);
		ck_assert_int_eq(p.list[0].what, PTN_NET_READ); /* refused: unchanged */
	}
	close(pair[0][1]);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, pair[0]), 0);
}
END_TEST

START_TEST(the_child_forgets_and_the_parent_does_not)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(ptn_poller_watch(&p, pair[0][0], PTN_NET_READ), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		int was = ptn_poller_fd(&p), bad = 0;

		ptn_poller_forget(&p);
		bad |= p.n != 0;
		bad |= ptn_poller_watch(&p, pair[0][0], 0) != 0;
		/* And the child's own is as new. */
		bad |= ptn_poller_watch(&p, pair[1][0], PTN_NET_READ) != 0;
		bad |= ready();
		bad |= write(pair[1][1], "x", 1) != 1;
		bad |= !ready();
		bad |= HAS_EPOLL && was < 0;
		ptn_poller_free(&p);
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(ready(), 0); /* the child's octet is not for what we watch */
	ck_assert_int_eq(write(pair[0][1], "x", 1), 1);
	ck_assert_int_eq(ready(), 1);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "poller");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, nothing_is_watched_at_first);
	tcase_add_test(t, reading);
	tcase_add_test(t, not_watched_not_even_for_its_end);
	tcase_add_test(t, writing);
	tcase_add_test(t, many);
	tcase_add_test(t, what_is_not_new_is_not_said_again);
	tcase_add_test(t, the_child_forgets_and_the_parent_does_not);
}
