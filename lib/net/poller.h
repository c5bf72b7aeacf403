/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many descriptors as one to poll: epoll, or without it (PTN_NET_NO_EPOLL, and where there is none)
 * the next best: the only descriptor where there is only one to be read, else short waits.
 */
#ifndef PTN_NET_POLLER_H
#define PTN_NET_POLLER_H

#include <stddef.h>

struct ptn_poller {
	int fd; /* of the epoll instance, or -1 */
	struct ptn_watched {
		int fd, what;
	} * list; /* what is watched for anything at all */
	size_t n, cap;
};

int ptn_poller_init(struct ptn_poller *p); /* 0 or negative errno */
void ptn_poller_free(struct ptn_poller *p);

/* After fork, in the child: the parent's epoll instance is left as it is, ours begins anew. */
void ptn_poller_forget(struct ptn_poller *p);

/* From now on wait for `what` on fd: PTN_NET_READ, PTN_NET_WRITE, both, or 0 for neither, which it
 * must be before fd is closed.  0 or negative errno: nothing is changed. */
int ptn_poller_watch(struct ptn_poller *p, int fd, int what);

int ptn_poller_fd(const struct ptn_poller *p); /* to be polled for reading; -1: none */
int ptn_poller_patience(const struct ptn_poller *p); /* the longest wait in ms, -1: any */

#endif
