/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the tests of net share: listening on loopback, waiting as a caller does, and counting
 * descriptors.
 */
#ifndef TESTS_NET_FIXTURE_H
#define TESTS_NET_FIXTURE_H

#include "net/net.h"

#ifdef PTN_NET_NO_EPOLL
enum { HAS_EPOLL = 0 };
#else
enum { HAS_EPOLL = 1 };
#endif

extern const struct ptn_net *const sys;

struct ptn_address loopback(int family);
int has_ipv6(void); /* whether ::1 can be bound */

/* A listening socket (type SOCK_STREAM) or a bound one (SOCK_DGRAM), and its port. */
int listen_on(int family, int type, int *port);

int count_descriptors(void); /* -1: unknown here */

/* Whether the net's one descriptor becomes readable within ms; without one, a wait of its own. */
int wakes(void *net, int ms);

/* Wait until connected() has an answer, and give it. */
int finish_connect(void *net, int handle);

long long now_ms(void);

#endif
