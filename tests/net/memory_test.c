/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each of our own requests for memory fails in turn, once or from there on.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "main.h"
#include "net/system.h"

enum { CONNECTIONS = 20 };

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

static int left = -1, for_ever, refused;

void *__wrap_calloc(size_t count, size_t size)
{
	if (left < 0 || left-- > 0)
		return __real_calloc(count, size);
	left = for_ever ? 0 : -1;
	refused++;
	return NULL;
}

/* A whole life: how many steps were told that there is no memory. */
static int live(int port)
{
	struct ptn_address to = loopback(4);
	int told = 0, h[CONNECTIONS], e;
	void *net = ptn_net_new();

	if (!net)
		return 1;
	e = ptn_net_set_dns_servers(net, "127.0.0.1:9");
	ck_assert(e == 0 || e == -ENOMEM);
	told += e != 0;
	for (int i = 0; i < CONNECTIONS; i++) {
		h[i] = sys->open(net, &to, port, NULL);
		ck_assert(h[i] >= 0 || h[i] == -ENOMEM);
		told += h[i] < 0;
	}
	for (int i = 0; i < CONNECTIONS; i++) {
		if (h[i] < 0)
			continue;
		e = sys->watch(net, h[i], PTN_NET_READ);
		ck_assert(e == 0 || e == -ENOMEM);
		told += e != 0;
	}
	for (int i = 0; i < CONNECTIONS; i += 2)
		if (h[i] >= 0)
			sys->close(net, h[i]);
	ptn_net_free(net);
	return told;
}

START_TEST(every_request)
{
	int port, before = count_descriptors(), fd = listen_on(4, SOCK_STREAM, &port), i, told;

	for_ever = _i;
	for (i = 0; i < 100; i++) {
		left = i;
		refused = 0;
		told = live(port);
		ck_assert_msg((told > 0) == (refused > 0), "request %d: %d of %d", i, told,
			      refused);
		if (!refused)
			break;
	}
	left = -1;
	ck_assert_int_gt(i, 5);
	ck_assert_int_lt(i, 100);
	close(fd);
	ck_assert_int_eq(count_descriptors(), before);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "memory");

	tcase_add_loop_test(t, every_request, 0, 2);
}
