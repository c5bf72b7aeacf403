/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "fixture.h"
#include "main.h"

static void *net;
static int listener, port, before;

static void set_up(void)
{
	before = count_descriptors();
	net = ptn_net_new();
	ck_assert_ptr_nonnull(net);
	listener = listen_on(4, SOCK_STREAM, &port);
}

static void tear_down(void)
{
	close(listener);
	ptn_net_free(net);
	ck_assert_int_eq(count_descriptors(), before);
}

/* A connection, and the server's end of it. */
static int open_pair(int *server)
{
	struct ptn_address to = loopback(4);
	int h = sys->open(net, &to, port, NULL);

	ck_assert_int_ge(h, 0);
	ck_assert_int_eq(finish_connect(net, h), 0);
	*server = accept(listener, NULL, NULL);
	ck_assert_int_ge(*server, 0);
	return h;
}

/* read() when there is something, as a caller does. */
static ptrdiff_t read_soon(int h, char *buf, size_t cap)
{
	long long end = now_ms() + 10000;
	ptrdiff_t got;

	ck_assert_int_eq(sys->watch(net, h, PTN_NET_READ), 0);
	do {
		wakes(net, 1000);
		sys->turn(net);
		got = sys->read(net, h, buf, cap);
	} while (got == -EAGAIN && now_ms() < end);
	return got;
}

START_TEST(there_and_back)
{
	char buf[16];
	int s, h = open_pair(&s);

	ck_assert_int_eq(sys->read(net, h, buf, sizeof buf), -EAGAIN);
	ck_assert_int_eq(sys->write(net, h, "EHLO", 4), 4);
	ck_assert_int_eq(read(s, buf, sizeof buf), 4);
	ck_assert_mem_eq(buf, "EHLO", 4);
	ck_assert_int_eq(write(s, "250 ok", 6), 6);
	ck_assert_int_eq(read_soon(h, buf, sizeof buf), 6);
	ck_assert_mem_eq(buf, "250 ok", 6);
	close(s);
	ck_assert_int_eq(read_soon(h, buf, sizeof buf), 0);
	ck_assert_int_eq(sys->connected(net, h), 0);
}
END_TEST

START_TEST(over_ipv6)
{
	struct ptn_address to = loopback(6), own;
	int six_port, six, s, h;

	if (!has_ipv6())
		return;
	six = listen_on(6, SOCK_STREAM, &six_port);
	h = sys->open(net, &to, six_port, NULL);
	ck_assert_int_ge(h, 0);
	ck_assert_int_eq(finish_connect(net, h), 0);
	s = accept(six, NULL, NULL);
	ck_assert_int_ge(s, 0);
	ck_assert_int_eq(sys->local(net, h, &own), 0);
	ck_assert_int_eq(own.family, 6);
	ck_assert_int_eq(ptn_net_is_loopback(&own), 1);
	close(s);
	close(six);
}
END_TEST

START_TEST(refused)
{
	struct ptn_address to = loopback(4);
	int closed = listen_on(4, SOCK_STREAM, &port), h;

	close(closed);
	h = sys->open(net, &to, port, NULL);
	ck_assert_int_eq(finish_connect(net, h), -ECONNREFUSED);
	if (h >= 0) { /* the kernel tells it once, connected() as often as asked */
		ck_assert_int_eq(sys->connected(net, h), -ECONNREFUSED);
		sys->close(net, h);
	}
}
END_TEST

START_TEST(reset)
{
	struct linger now = {.l_onoff = 1, .l_linger = 0};
	char buf[16];
	int s, h = open_pair(&s);

	ck_assert_int_eq(setsockopt(s, SOL_SOCKET, SO_LINGER, &now, sizeof now), 0);
	close(s);
	ck_assert_int_eq(read_soon(h, buf, sizeof buf), -ECONNRESET);
}
END_TEST

/* Writing to what was closed gives an error and no signal. */
START_TEST(closed_while_writing)
{
	long long end = now_ms() + 10000;
	ptrdiff_t e = 0;
	int s, h = open_pair(&s);

	close(s);
	while (e >= 0 && now_ms() < end) {
		e = sys->write(net, h, "x", 1);
		poll(NULL, 0, 1);
	}
	ck_assert_msg(e == -EPIPE || e == -ECONNRESET, "%d", (int)e);
}
END_TEST

START_TEST(full)
{
	static char block[65536];
	size_t sent = 0, got = 0;
	ptrdiff_t e;
	int s, h = open_pair(&s);

	memset(block, 'x', sizeof block);
	while ((e = sys->write(net, h, block, sizeof block)) > 0)
		sent += (size_t)e;
	ck_assert_int_eq(e, -EAGAIN);
	ck_assert_int_eq(sys->watch(net, h, PTN_NET_WRITE), 0);
	if (HAS_EPOLL)
		ck_assert_int_eq(wakes(net, 20), 0);
	while (got < sent) {
		e = read(s, block, sizeof block);
		ck_assert_int_gt(e, 0);
		got += (size_t)e;
	}
	if (HAS_EPOLL)
		ck_assert_int_eq(wakes(net, 5000), 1);
	else
		ck_assert_int_eq(sys->timeout(net), 10);
	ck_assert_int_gt(sys->write(net, h, block, 1), 0);
	close(s);
}
END_TEST

START_TEST(watched_and_not)
{
	int s, h = open_pair(&s);

	ck_assert_int_eq(sys->watch(net, h, PTN_NET_READ), 0);
	ck_assert_int_eq(wakes(net, 20), 0);
	ck_assert_int_eq(write(s, "x", 1), 1);
	ck_assert_int_eq(wakes(net, 5000), 1);
	ck_assert_int_eq(sys->watch(net, h, 0), 0);
	ck_assert_int_eq(wakes(net, 20), 0);
	close(s);
	ck_assert_int_eq(wakes(net, 20), 0);
	ck_assert_int_eq(sys->timeout(net), -1);
}
END_TEST

/* After a read that left room, the kernel is asked again only in the next turn. */
START_TEST(read_to_the_end)
{
	char buf[4];
	int s, h = open_pair(&s);

	ck_assert_int_eq(write(s, "123456", 6), 6);
	ck_assert_int_eq(read_soon(h, buf, 4), 4);
	ck_assert_int_eq(sys->read(net, h, buf, 4), 2);
	ck_assert_int_eq(write(s, "7", 1), 1);
	ck_assert_int_eq(wakes(net, 5000), 1);
	ck_assert_int_eq(sys->read(net, h, buf, 4), -EAGAIN);
	ck_assert_int_eq(wakes(net, 5000), 1); /* nothing is lost by that */
	sys->turn(net);
	ck_assert_int_eq(sys->read(net, h, buf, 4), 1);
	close(s);
}
END_TEST

START_TEST(socket_options)
{
	int s, h = open_pair(&s), found = 0;

	(void)h;
	for (int fd = 0; fd < 256; fd++) {
		struct sockaddr_in peer;
		socklen_t len = sizeof peer;
		int nodelay = 0;

		if (fd == s || getpeername(fd, (struct sockaddr *)&peer, &len) ||
		    peer.sin_family != AF_INET || ntohs(peer.sin_port) != port)
			continue;
		found++;
		len = sizeof nodelay;
		ck_assert_int_eq(getsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &nodelay, &len), 0);
		ck_assert_int_ne(nodelay, 0);
		ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
		ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	}
	ck_assert_int_eq(found, 1);
	if (HAS_EPOLL)
		ck_assert_int_ne(fcntl(sys->fd(net), F_GETFD) & FD_CLOEXEC, 0);
	close(s);
}
END_TEST

START_TEST(local_address)
{
	struct ptn_address a;
	char text[64];
	int s, h = open_pair(&s);

	ck_assert_int_eq(sys->local(net, h, &a), 0);
	ck_assert_uint_gt(ptn_net_print(&a, text, sizeof text), 0);
	ck_assert_str_eq(text, "127.0.0.1");
	close(s);
}
END_TEST

/* What was known of a handle's last connection is not taken for its new one's. */
START_TEST(handle_used_again)
{
	char c;
	int s, h = open_pair(&s), again;

	ck_assert_int_eq(write(s, "x", 1), 1);
	ck_assert_int_eq(read_soon(h, &c, 1), 1);
	ck_assert_int_eq(write(s, "x", 1), 1);
	sys->turn(net);
	ck_assert_int_eq(wakes(net, 5000), 1);
	ck_assert_int_eq(sys->read(net, h, (char[2]){0}, 2), 1);
	ck_assert_int_eq(sys->read(net, h, &c, 1), -EAGAIN);
	sys->close(net, h);
	close(s);
	again = open_pair(&s);
	ck_assert_int_eq(again, h);
	ck_assert_int_eq(write(s, "y", 1), 1);
	poll(NULL, 0, 50);
	ck_assert_int_eq(sys->read(net, h, &c, 1), 1); /* in the same turn */
	close(s);
}
END_TEST

/* Whatever the system says to a broadcast address, nothing is left over of it. */
START_TEST(refused_by_the_system)
{
	struct ptn_address to = {.family = 4, .octets = {255, 255, 255, 255}};
	int e = sys->open(net, &to, port, NULL);

	ck_assert_int_lt(e, 0);
	ck_assert_int_ne(e, -EINPROGRESS);
}
END_TEST

START_TEST(many_connections)
{
	enum { MANY = 40 };
	int s[MANY], h[MANY];
	char c;

	for (int i = 0; i < MANY; i++) {
		h[i] = open_pair(&s[i]);
		for (int k = 0; k < i; k++)
			ck_assert_int_ne(h[i], h[k]);
	}
	for (int i = 0; i < MANY; i++) {
		char mark = (char)i;

		ck_assert_int_eq(write(s[i], &mark, 1), 1);
	}
	for (int i = MANY - 1; i >= 0; i--) {
		ck_assert_int_eq(read_soon(h[i], &c, 1), 1);
		ck_assert_int_eq(c, i);
	}
	sys->close(net, h[3]);
	close(s[3]);
	ck_assert_int_eq(open_pair(&s[3]), h[3]); /* handles are used again */
	for (int i = 0; i < MANY; i++)
		close(s[i]);
}
END_TEST

/* A connection that was watched and closed does not wake, even if a child holds it too. */
START_TEST(closed_here_and_held_by_a_child)
{
	int s, h = open_pair(&s), hold[2], status;
	pid_t pid;

	ck_assert_int_eq(pipe(hold), 0);
	ck_assert_int_eq(sys->watch(net, h, PTN_NET_READ), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		char c;

		close(hold[1]);
		_exit(read(hold[0], &c, 1) != 0);
	}
	close(hold[0]);
	sys->close(net, h);
	ck_assert_int_eq(write(s, "x", 1), 1);
	ck_assert_int_eq(wakes(net, 20), 0);
	close(hold[1]);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	close(s);
}
END_TEST

START_TEST(forgotten_by_a_child)
{
	struct ptn_address list[PTN_NET_ADDRESSES];
	char buf[16];
	size_t n;
	int s, h = open_pair(&s), status;
	pid_t pid;

	ck_assert_int_eq(sys->watch(net, h, PTN_NET_READ), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		int bad = 0, all = count_descriptors(), s2;

		ptn_net_forget(net);
		bad |= all >= 0 && count_descriptors() != all - 1;
		bad |= sys->read(net, h, buf, 1) != -EBADF;
		sys->close(net, h);
		bad |= sys->resolve(net, "127.0.0.1", 100) != 0;
		bad |= sys->resolved(net, list, &n) != 1;
		h = open_pair(&s2); /* and it can be used again */
		bad |= write(s2, "child", 5) != 5;
		bad |= read_soon(h, buf, sizeof buf) != 5;
		ptn_net_free(net);
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(wakes(net, 20), 0); /* no end of stream was told */
	ck_assert_int_eq(write(s, "parent", 6), 6);
	ck_assert_int_eq(wakes(net, 5000), 1);
	ck_assert_int_eq(read_soon(h, buf, sizeof buf), 6);
	close(s);
}
END_TEST

START_TEST(no_such_handle)
{
	static const int bad[] = {-1, 0, 7, 8, 100000};
	struct ptn_address a;
	char c;
	int h = bad[_i];

	ck_assert_int_eq(sys->connected(net, h), -EBADF);
	ck_assert_int_eq(sys->read(net, h, &c, 1), -EBADF);
	ck_assert_int_eq(sys->write(net, h, "x", 1), -EBADF);
	ck_assert_int_eq(sys->watch(net, h, PTN_NET_READ), -EBADF);
	ck_assert_int_eq(sys->local(net, h, &a), -EBADF);
	sys->close(net, h);
}
END_TEST

START_TEST(no_descriptors)
{
	struct ptn_address to = loopback(4);
	struct rlimit was, none;

	ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &was), 0);
	none = was;
	none.rlim_cur = 0;
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &none), 0);
	if (HAS_EPOLL)
		ck_assert_ptr_null(ptn_net_new());
	ck_assert_int_eq(sys->open(net, &to, port, NULL), -EMFILE);
	ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &was), 0);
	ck_assert_int_ge(sys->open(net, &to, port, NULL), 0);
}
END_TEST

START_TEST(woken)
{
	ptn_net_wake(net); /* nothing happens before the waker is there */
	ptn_net_waker(net);
	ptn_net_waker(net);
	ck_assert_int_eq(wakes(net, 20), 0);
	for (int round = 0; round < 3; round++) {
		errno = 77;
		for (int i = 0; i < (round ? 640 : 1); i++)
			ptn_net_wake(net);
		ck_assert_int_eq(errno, 77);
		ck_assert_int_eq(wakes(net, 5000), 1);
		ck_assert_int_eq(wakes(net, 5000), 1);
		sys->turn(net);
		ck_assert_int_eq(wakes(net, 20), 0);
	}
}
END_TEST

/* More than a pipe holds: nothing blocks. */
START_TEST(woken_too_often)
{
	ptn_net_waker(net);
	for (int i = 0; i < 100000; i++)
		ptn_net_wake(net);
	ck_assert_int_eq(wakes(net, 5000), 1);
	sys->turn(net);
	ck_assert_int_eq(wakes(net, 20), 0);
}
END_TEST

/* The child's waker is its own. */
START_TEST(woken_in_a_child)
{
	int status;
	pid_t pid;

	ptn_net_waker(net);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		int bad;

		ptn_net_forget(net);
		ptn_net_wake(net);
		ptn_net_waker(net);
		ptn_net_wake(net);
		bad = !wakes(net, 5000);
		ptn_net_free(net);
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	ck_assert_int_eq(wakes(net, 20), 0);
	ptn_net_wake(net);
	ck_assert_int_eq(wakes(net, 5000), 1);
}
END_TEST

/* ---- from an address of ours ----------------------------------------------------------------- */

/* All of 127/8 is this machine on Linux; elsewhere it may be that only 127.0.0.1 is. */
START_TEST(from_an_address)
{
	struct ptn_address to = loopback(4), from = loopback(4), own;
	struct sockaddr_in peer;
	socklen_t len = sizeof peer;
	int s, h;

	from.octets[3] = 2;
	h = sys->open(net, &to, port, &from);
	if (h == -EADDRNOTAVAIL)
		return;
	ck_assert_int_eq(finish_connect(net, h), 0);
	s = accept(listener, (struct sockaddr *)&peer, &len);
	ck_assert_int_ge(s, 0);
	ck_assert_uint_eq(ntohl(peer.sin_addr.s_addr), 0x7F000002);
	ck_assert_int_eq(sys->local(net, h, &own), 0);
	ck_assert_int_eq(own.octets[3], 2);
	close(s);
}
END_TEST

START_TEST(from_an_address_of_ipv6)
{
	struct ptn_address to = loopback(6), from = loopback(6);
	int six_port, six, s, h;

	if (!has_ipv6())
		return;
	six = listen_on(6, SOCK_STREAM, &six_port);
	h = sys->open(net, &to, six_port, &from);
	ck_assert_int_ge(h, 0);
	ck_assert_int_eq(finish_connect(net, h), 0);
	s = accept(six, NULL, NULL);
	ck_assert_int_ge(s, 0);
	close(s);
	close(six);
}
END_TEST

/* An address of somebody else's, for documentation (RFC 5737, RFC 3849). */
START_TEST(from_elsewhere)
{
	struct ptn_address to = loopback(4), from = {.family = 4, .octets = {192, 0, 2, 9}};
	int used = count_descriptors();

	ck_assert_int_eq(sys->open(net, &to, port, &from), -EADDRNOTAVAIL);
	if (has_ipv6()) {
		to = loopback(6);
		from = (struct ptn_address){.family = 6, .octets = {0x20, 1, 0x0D, 0xB8}};
		ck_assert_int_eq(sys->open(net, &to, port, &from), -EADDRNOTAVAIL);
	}
	ck_assert_int_eq(count_descriptors(), used);
}
END_TEST

/* Many connections from one address to many servers at once: its ports are not used up by that. */
START_TEST(many_from_an_address)
{
	struct ptn_address to = loopback(4), from = loopback(4);
	int h[40], s[40];

	for (int i = 0; i < 40; i++) {
		h[i] = sys->open(net, &to, port, &from);
		ck_assert_int_eq(finish_connect(net, h[i]), 0);
		s[i] = accept(listener, NULL, NULL);
		ck_assert_int_ge(s[i], 0);
	}
	for (int i = 0; i < 40; i++) {
		sys->close(net, h[i]);
		close(s[i]);
	}
}
END_TEST

/* ---- Unix sockets ---------------------------------------------------------------------------- */

static struct ptn_address unix_address(char path[64])
{
	snprintf(path, 64, "/tmp/postern-system.%d", (int)getpid());
	return (struct ptn_address){.family = PTN_NET_UNIX, .path = path};
}

static int listen_at_path(const char *path, int backlog)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(a.sun_path, path, strlen(path));
	unlink(path);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
	if (backlog >= 0)
		ck_assert_int_eq(listen(fd, backlog), 0);
	return fd;
}

START_TEST(over_a_unix_socket)
{
	char path[64], buf[16];
	struct ptn_address to = unix_address(path), own;
	int fd = listen_at_path(path, 8), h = sys->open(net, &to, 0, NULL), s;

	ck_assert_int_ge(h, 0);
	ck_assert_int_eq(finish_connect(net, h), 0);
	s = accept(fd, NULL, NULL);
	ck_assert_int_eq(sys->write(net, h, "EHLO", 4), 4);
	ck_assert_int_eq(read(s, buf, sizeof buf), 4);
	ck_assert_int_eq(write(s, "250 ok", 6), 6);
	ck_assert_int_eq(read_soon(h, buf, sizeof buf), 6);
	ck_assert_int_lt(sys->local(net, h, &own), 0); /* it has none */
	close(s);
	ck_assert_int_eq(read_soon(h, buf, sizeof buf), 0);
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(no_unix_socket)
{
	char path[64];
	struct ptn_address to = unix_address(path);
	int used = count_descriptors(), fd;

	ck_assert_int_eq(sys->open(net, &to, 0, NULL), -ENOENT);
	fd = listen_at_path(path, -1);
	ck_assert_int_eq(sys->open(net, &to, 0, NULL), -ECONNREFUSED);
	close(fd);
	ck_assert_int_eq(sys->open(net, &to, 0, NULL), -ECONNREFUSED);
	unlink(path);
	to.path = "/dev/null/x";
	ck_assert_int_eq(sys->open(net, &to, 0, NULL), -ENOTDIR);
	ck_assert_int_eq(count_descriptors(), used);
}
END_TEST

/* A full queue of connections: nobody is connected, and nothing is left behind (Linux says EAGAIN;
 * elsewhere it is a refusal). */
START_TEST(a_busy_unix_socket)
{
	char path[64];
	struct ptn_address to = unix_address(path);
	int fd = listen_at_path(path, 0), e = 0, used;

	for (int i = 0; i < 16 && e >= 0; i++) {
		used = count_descriptors();
		e = sys->open(net, &to, 0, NULL);
	}
	ck_assert_int_eq(count_descriptors(), used);
	ck_assert(e == -EAGAIN || e == -ECONNREFUSED);
	close(fd);
	unlink(path);
}
END_TEST

START_TEST(nothing_is_freed)
{
	ptn_net_free(NULL);
	ptn_net_forget(NULL);
	ptn_net_waker(NULL);
	ptn_net_wake(NULL);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "system");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, there_and_back);
	tcase_add_test(t, over_ipv6);
	tcase_add_test(t, refused);
	tcase_add_test(t, reset);
	tcase_add_test(t, closed_while_writing);
	tcase_add_test(t, full);
	tcase_add_test(t, watched_and_not);
	tcase_add_test(t, read_to_the_end);
	tcase_add_test(t, socket_options);
	tcase_add_test(t, local_address);
	tcase_add_test(t, handle_used_again);
	tcase_add_test(t, refused_by_the_system);
	tcase_add_test(t, many_connections);
	tcase_add_test(t, closed_here_and_held_by_a_child);
	tcase_add_test(t, forgotten_by_a_child);
	tcase_add_loop_test(t, no_such_handle, 0, 5);
	tcase_add_test(t, no_descriptors);
	tcase_add_test(t, from_an_address);
	tcase_add_test(t, from_an_address_of_ipv6);
	tcase_add_test(t, from_elsewhere);
	tcase_add_test(t, many_from_an_address);
	tcase_add_test(t, over_a_unix_socket);
	tcase_add_test(t, no_unix_socket);
	tcase_add_test(t, a_busy_unix_socket);
	tcase_add_test(t, woken);
	tcase_add_test(t, woken_too_often);
	tcase_add_test(t, woken_in_a_child);
	tcase_add_test(t, nothing_is_freed);
}
