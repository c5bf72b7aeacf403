/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE
#include <dirent.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"
#include "main.h"

const struct ptn_net *const sys = &ptn_net_system;

struct ptn_address loopback(int family)
{
	struct ptn_address a = {.family = family};

	if (family == 6) {
		a.octets[15] = 1;
	} else {
		a.octets[0] = 127;
		a.octets[3] = 1;
	}
	return a;
}

static int bind_to(int family, int type, int *port)
{
	struct sockaddr_in four = {.sin_family = AF_INET};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr *a = family == 6 ? (struct sockaddr *)&six : (struct sockaddr *)&four;
	socklen_t len = family == 6 ? sizeof six : sizeof four;
	int fd = socket(family == 6 ? AF_INET6 : AF_INET, type, 0);

	four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0)
		return -1;
	if (bind(fd, a, len) || getsockname(fd, a, &len)) {
		close(fd);
		return -1;
	}
	*port = ntohs(family == 6 ? six.sin6_port : four.sin_port);
	return fd;
}

int has_ipv6(void)
{
	int port, fd = bind_to(6, SOCK_STREAM, &port);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

int listen_on(int family, int type, int *port)
{
	int fd = bind_to(family, type, port);

	ck_assert_int_ge(fd, 0);
	if (type == SOCK_STREAM)
		ck_assert_int_eq(listen(fd, 64), 0);
	return fd;
}

int count_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	if (!d)
		return -1;
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

int wakes(void *net, int ms)
{
	int most = sys->timeout(net);
	struct pollfd p = {.fd = sys->fd(net), .events = POLLIN};

	if (most >= 0 && most < ms)
		ms = most;
	return poll(&p, p.fd >= 0 ? 1 : 0, ms) == 1;
}

int finish_connect(void *net, int handle)
{
	long long end = now_ms() + 10000;
	int e;

	if (handle < 0)
		return handle; /* some systems tell it at once */
	ck_assert_int_eq(sys->watch(net, handle, PTN_NET_WRITE), 0);
	while ((e = sys->connected(net, handle)) == -EINPROGRESS && now_ms() < end) {
		wakes(net, 1000);
		sys->turn(net);
	}
	sys->watch(net, handle, 0);
	return e;
}

long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}
