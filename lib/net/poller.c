/* SPDX-License-Identifier: LGPL-2.1-or-later */
#if defined(__linux__) && !defined(PTN_NET_NO_EPOLL)
#define USE_EPOLL 1
#include <sys/epoll.h>
#endif
#include <errno.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/net.h"
#include "net/poller.h"

#ifdef USE_EPOLL

static int begin(void)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);

	return fd < 0 ? -errno : fd;
}

/* Level-triggered, so that nothing is lost when a caller does not read to the end. */
static int change(const struct ptn_poller *p, int fd, int from, int to)
{
	struct epoll_event e = {.data.fd = fd};
	int op = !from ? EPOLL_CTL_ADD : !to ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;

	if (to & PTN_NET_READ)
		e.events |= EPOLLIN;
	if (to & PTN_NET_WRITE)
		e.events |= EPOLLOUT;
	return epoll_ctl(p->fd, op, fd, &e) ? -errno : 0;
}

int ptn_poller_fd(const struct ptn_poller *p)
{
	return p->fd;
}

int ptn_poller_patience(const struct ptn_poller *p)
{
	return p->fd < 0 && p->n ? 10 : -1;
}

#else

static int begin(void)
{
	return -1;
}

static int change(const struct ptn_poller *p, int fd, int from, int to)
{
	(void)p, (void)fd, (void)from, (void)to;
	return 0;
}

/* The caller polls for reading, so a descriptor to be written cannot be given. */
int ptn_poller_fd(const struct ptn_poller *p)
{
	return p->n == 1 && p->list[0].what == PTN_NET_READ ? p->list[0].fd : -1;
}

int ptn_poller_patience(const struct ptn_poller *p)
{
	return p->n && ptn_poller_fd(p) < 0 ? 10 : -1;
}

#endif

int ptn_poller_init(struct ptn_poller *p)
{
	*p = (struct ptn_poller){.fd = begin()};
#ifdef USE_EPOLL
	if (p->fd < 0)
		return p->fd;
#endif
	return 0;
}

static void end(struct ptn_poller *p)
{
	if (p->fd >= 0)
		close(p->fd);
	ptn_mem_free(p->list);
}

void ptn_poller_free(struct ptn_poller *p)
{
	end(p);
	*p = (struct ptn_poller){.fd = -1};
}

/* Closing our copy of the descriptor leaves the instance that the parent has; taking descriptors
 * out of it would not. */
void ptn_poller_forget(struct ptn_poller *p)
{
	end(p);
	(void)ptn_poller_init(p);
}

static int make_room(struct ptn_poller *p)
{
	size_t cap = p->cap ? 2 * p->cap : 8;
	struct ptn_watched *list;

	if (p->n < p->cap)
		return 0;
	list = ptn_mem_grow(p->list, p->cap * sizeof *list, cap * sizeof *list);
	if (!list)
		return -ENOMEM;
	p->list = list;
	p->cap = cap;
	return 0;
}

int ptn_poller_watch(struct ptn_poller *p, int fd, int what)
{
	size_t i = 0;
	int e;

	while (i < p->n && p->list[i].fd != fd)
		i++;
	if (what == (i < p->n ? p->list[i].what : 0))
		return 0;
	e = i < p->n ? 0 : make_room(p);
	if (!e)
		e = change(p, fd, i < p->n ? p->list[i].what : 0, what);
	if (e)
		return e;
	if (!what)
		p->list[i] = p->list[--p->n];
	else if (i < p->n)
		p->list[i].what = what;
	else
		p->list[p->n++] = (struct ptn_watched){fd, what};
	return 0;
}
