/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The network of the operating system: non-blocking TCP (and Unix) sockets, one poller, one
 * resolver.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/net.h"
#include "net/poller.h"
#include "net/resolve.h"
#include "net/system.h"

#ifndef MSG_NOSIGNAL
#define MSG_NOSIGNAL 0 /* where it is missing, SO_NOSIGPIPE is there */
#endif

struct slot {
	int fd; /* -1: free */
	int up; /* it is known to be connected */
	int error; /* it failed to connect: kept, as the kernel tells it once */
	unsigned long dry; /* the turn in which it was read to the end */
};

struct system {
	struct ptn_poller poller;
	struct ptn_resolver resolver;
	struct slot *slot; /* a handle is an index into this */
	size_t slots;
	unsigned long turn; /* from 1 */
	int wake[2]; /* a pipe that ends a wait from elsewhere; -1: none */
	atomic_int woken; /* there is something in it */
};

/* ---- life ------------------------------------------------------------------------------------ */

void *ptn_net_new(void)
{
	struct system *n = ptn_mem_alloc(sizeof *n);

	if (!n)
		return NULL;
	if (ptn_poller_init(&n->poller)) {
		ptn_mem_free(n);
		return NULL;
	}
	ptn_resolver_init(&n->resolver, &n->poller);
	n->turn = 1;
	n->wake[0] = n->wake[1] = -1;
	return n;
}

/* ---- being woken ----------------------------------------------------------------------------- */

static void close_waker(struct system *n)
{
	for (int i = 0; i < 2; i++) {
		if (n->wake[i] >= 0)
			close(n->wake[i]);
		n->wake[i] = -1;
	}
}

/* Best effort: without it a cancel is heard at the next time limit, or the next signal. */
void ptn_net_waker(void *net)
{
	struct system *n = net;
	int fd[2];

	if (!n || n->wake[0] >= 0 || pipe(fd))
		return;
	for (int i = 0; i < 2; i++) {
		(void)fcntl(fd[i], F_SETFL, O_NONBLOCK);
		(void)fcntl(fd[i], F_SETFD, FD_CLOEXEC);
	}
	n->wake[0] = fd[0];
	n->wake[1] = fd[1];
	if (ptn_poller_watch(&n->poller, fd[0], PTN_NET_READ))
		close_waker(n);
}

/* The octet goes first: a turn in between finds it a little later, but never leaves it there. */
void ptn_net_wake(void *net)
{
	struct system *n = net;
	int was = errno;

	if (!n || n->wake[1] < 0)
		return;
	(void)!write(n->wake[1], "", 1);
	atomic_store(&n->woken, 1);
	errno = was;
}

static void drain_waker(struct system *n)
{
	char octets[64];

	if (!atomic_exchange(&n->woken, 0))
		return; /* without asking the kernel */
	while (n->wake[0] >= 0 && read(n->wake[0], octets, sizeof octets) == (ssize_t)sizeof octets)
		continue;
}

/* Without a word to the poller, which is about to end. */
static void close_all(struct system *n)
{
	for (size_t i = 0; i < n->slots; i++)
		if (n->slot[i].fd >= 0)
			close(n->slot[i].fd);
	ptn_mem_free(n->slot);
	n->slot = NULL;
	n->slots = 0;
}

static void end(void *net, int handle);

void ptn_net_free(void *net)
{
	struct system *n = net;

	if (!n)
		return;
	for (size_t i = 0; i < n->slots; i++)
		end(n, (int)i);
	ptn_resolver_free(&n->resolver);
	close_all(n);
	if (n->wake[0] >= 0)
		(void)ptn_poller_watch(&n->poller, n->wake[0], 0);
	close_waker(n);
	ptn_poller_free(&n->poller);
	ptn_mem_free(n);
}

/* The poller goes first: what the resolver then closes must not be taken out of the parent's. */
void ptn_net_forget(void *net)
{
	struct system *n = net;

	if (!n)
		return;
	ptn_poller_forget(&n->poller);
	ptn_resolver_stop(&n->resolver);
	close_all(n);
	close_waker(n);
}

int ptn_net_set_dns_servers(void *net, const char *list)
{
	struct system *n = net;

	return ptn_resolver_servers(&n->resolver, list);
}

/* ---- names ----------------------------------------------------------------------------------- */

static int resolve(void *net, const char *host, int milliseconds)
{
	struct system *n = net;

	return ptn_resolver_start(&n->resolver, host, milliseconds);
}

static int resolved(void *net, struct ptn_address list[PTN_NET_ADDRESSES], size_t *count)
{
	struct system *n = net;

	return ptn_resolver_result(&n->resolver, list, count);
}

static int find_records(void *net, int what, const char *name, int milliseconds)
{
	struct system *n = net;

	return ptn_resolver_find(&n->resolver, what, name, milliseconds);
}

static const struct ptn_association *associations(void *net, size_t *count)
{
	struct system *n = net;

	*count = n->resolver.n_associations;
	return n->resolver.associations;
}

static int vouched(void *net)
{
	struct system *n = net;

	return n->resolver.vouched;
}

static int found_services(void *net, struct ptn_service list[PTN_NET_SERVICES], size_t *count)
{
	struct system *n = net;

	return ptn_resolver_found(&n->resolver, list, count);
}

static void resolve_stop(void *net)
{
	struct system *n = net;

	ptn_resolver_stop(&n->resolver);
}

/* ---- connections ----------------------------------------------------------------------------- */

static struct slot *find(const struct system *n, int handle)
{
	if (handle < 0 || (size_t)handle >= n->slots || n->slot[handle].fd < 0)
		return NULL;
	return &n->slot[handle];
}

/* A free slot's index, or -ENOMEM. */
static int reserve(struct system *n)
{
	size_t i = 0, more;
	struct slot *p;

	while (i < n->slots && n->slot[i].fd >= 0)
		i++;
	if (i < n->slots)
		return (int)i;
	more = n->slots ? 2 * n->slots : 8;
	p = ptn_mem_grow(n->slot, n->slots * sizeof *p, more * sizeof *p);
	if (!p)
		return -ENOMEM;
	for (size_t k = i; k < more; k++)
		p[k].fd = -1;
	n->slot = p;
	n->slots = more;
	return (int)i;
}

static int new_socket(int family)
{
	int one = 1, fd;

#if defined(SOCK_NONBLOCK) && defined(SOCK_CLOEXEC)
	fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
#else
	fd = socket(family, SOCK_STREAM, 0);
	if (fd < 0)
		return -errno;
	if (fcntl(fd, F_SETFL, O_NONBLOCK) || fcntl(fd, F_SETFD, FD_CLOEXEC)) {
		int e = -errno;

		close(fd);
		return e;
	}
#endif
	/* Flights are whole as they are written: waiting for more would only cost time. */
	if (family != AF_UNIX)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
#ifdef SO_NOSIGPIPE
	(void)setsockopt(fd, SOL_SOCKET, SO_NOSIGPIPE, &one, sizeof one);
#endif
	return fd;
}

static socklen_t fill(struct sockaddr_storage *s, const struct ptn_address *a, int port)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
				   .sin6_port = htons((unsigned short)port),
				   .sin6_scope_id = a->scope};
	struct sockaddr_un local = {.sun_family = AF_UNIX};

	memset(s, 0, sizeof *s);
	if (a->family == PTN_NET_UNIX) {
		memcpy(local.sun_path, a->path, strlen(a->path) + 1);
		memcpy(s, &local, sizeof local);
		return sizeof local;
	}
	if (a->family == 6) {
		memcpy(&six.sin6_addr, a->octets, 16);
		memcpy(s, &six, sizeof six);
		return sizeof six;
	}
	memcpy(&four.sin_addr, a->octets, 4);
	memcpy(s, &four, sizeof four);
	return sizeof four;
}

/* Which port of ours it is shall be settled with the connection: then one port can go to many
 * servers. */
static int bind_to(int fd, const struct ptn_address *from)
{
	struct sockaddr_storage s;
	socklen_t len = fill(&s, from, 0);
#ifdef IP_BIND_ADDRESS_NO_PORT
	int one = 1;

	(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
#endif
	return bind(fd, (struct sockaddr *)&s, len) ? errno : 0;
}

static int begin(void *net, const struct ptn_address *to, int port, const struct ptn_address *from)
{
	struct system *n = net;
	struct sockaddr_storage s;
	socklen_t len = fill(&s, to, port);
	int handle = reserve(n), fd, e = 0;

	if (handle < 0)
		return handle;
	fd = new_socket(to->family == PTN_NET_UNIX ? AF_UNIX
			: to->family == 6          ? AF_INET6
						   : AF_INET);
	if (fd < 0)
		return fd;
	if (from)
		e = bind_to(fd, from);
	/* An interrupted connect goes on by itself (POSIX). */
	if (!e && connect(fd, (struct sockaddr *)&s, len) && errno != EINTR)
		e = errno;
	if (e && e != EINPROGRESS) {
		close(fd);
		return -e;
	}
	n->slot[handle] = (struct slot){.fd = fd};
	return handle;
}

static int connected(void *net, int handle)
{
	struct slot *s = find(net, handle);
	struct sockaddr_storage peer;
	socklen_t len = sizeof s->error;

	if (!s)
		return -EBADF;
	if (s->up || s->error)
		return -s->error;
	if (getsockopt(s->fd, SOL_SOCKET, SO_ERROR, &s->error, &len))
		s->error = errno;
	if (s->error)
		return -s->error;
	len = sizeof peer;
	if (!getpeername(s->fd, (struct sockaddr *)&peer, &len)) {
		s->up = 1;
		return 0;
	}
	if (errno == ENOTCONN)
		return -EINPROGRESS;
	s->error = errno;
	return -s->error;
}

static ptrdiff_t again(int e)
{
	return e == EWOULDBLOCK ? -EAGAIN : -e;
}

/* A read that did not fill the buffer has emptied the socket, or found it empty, and what comes
 * later is told by the poller: until the next turn there is no need to ask the kernel. */
static ptrdiff_t take(void *net, int handle, char *buf, size_t cap)
{
	struct system *n = net;
	struct slot *s = find(n, handle);
	ssize_t got;

	if (!s)
		return -EBADF;
	if (s->dry == n->turn)
		return -EAGAIN;
	do
		got = recv(s->fd, buf, cap, 0);
	while (got < 0 && errno == EINTR);
	if (got && (got < 0 || (size_t)got < cap))
		s->dry = n->turn;
	return got < 0 ? again(errno) : got;
}

static ptrdiff_t put(void *net, int handle, const char *buf, size_t len)
{
	struct slot *s = find(net, handle);
	ssize_t put;

	if (!s)
		return -EBADF;
	do
		put = send(s->fd, buf, len, MSG_NOSIGNAL);
	while (put < 0 && errno == EINTR);
	return put < 0 ? again(errno) : put;
}

static int watch(void *net, int handle, int what)
{
	struct system *n = net;
	struct slot *s = find(n, handle);

	return s ? ptn_poller_watch(&n->poller, s->fd, what) : -EBADF;
}

/* Taken out of the poller by hand: a child may hold the connection too, and then closing would not
 * do it. */
static void end(void *net, int handle)
{
	struct system *n = net;
	struct slot *s = find(n, handle);

	if (!s)
		return;
	(void)ptn_poller_watch(&n->poller, s->fd, 0);
	close(s->fd);
	s->fd = -1;
}

static int local(void *net, int handle, struct ptn_address *out)
{
	struct slot *s = find(net, handle);
	struct sockaddr_storage a;
	socklen_t len = sizeof a;

	if (!s)
		return -EBADF;
	if (getsockname(s->fd, (struct sockaddr *)&a, &len))
		return -errno;
	if (a.ss_family != AF_INET && a.ss_family != AF_INET6)
		return -EAFNOSUPPORT;
	*out = (struct ptn_address){.family = a.ss_family == AF_INET6 ? 6 : 4};
	if (a.ss_family == AF_INET6) {
		struct sockaddr_in6 six;

		memcpy(&six, &a, sizeof six);
		memcpy(out->octets, &six.sin6_addr, 16);
		out->scope = six.sin6_scope_id;
	} else {
		struct sockaddr_in four;

		memcpy(&four, &a, sizeof four);
		memcpy(out->octets, &four.sin_addr, 4);
	}
	return 0;
}

/* ---- waiting --------------------------------------------------------------------------------- */

static int descriptor(void *net)
{
	struct system *n = net;

	return ptn_poller_fd(&n->poller);
}

static int timeout(void *net)
{
	struct system *n = net;
	int a = ptn_poller_patience(&n->poller), b = ptn_resolver_timeout(&n->resolver);

	return a < 0 || (b >= 0 && b < a) ? b : a;
}

static void turn(void *net)
{
	struct system *n = net;

	n->turn++;
	drain_waker(n);
	ptn_resolver_turn(&n->resolver);
}

const struct ptn_net ptn_net_system = {
	.resolve = resolve,
	.resolved = resolved,
	.resolve_stop = resolve_stop,
	.open = begin,
	.connected = connected,
	.read = take,
	.write = put,
	.watch = watch,
	.close = end,
	.local = local,
	.fd = descriptor,
	.timeout = timeout,
	.turn = turn,
	.find = find_records,
	.found = found_services,
	.associations = associations,
	.vouched = vouched,
};
