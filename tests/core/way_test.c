/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A dial by way of a proxy, from an address of ours, or to a Unix socket, on a network of a few
 * lines.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "dial.h"
#include "main.h"
#include "memory.h"

enum { LIMIT = 1000, DELAY = 250, PROXY_PORT = 1080, ALL = 1000 };

/* ---- A network of proxies. ---- */

static struct {
	ptn_time now;
	int open_error[4], error[4]; /* by the last octet of the address: at once; later */
	int busy; /* so many times more a Unix socket takes no connection */
	ptn_time after; /* from the beginning until connected, or failed */
	const char *answer; /* what comes back, once anything was said */
	size_t n, at, piece; /* at most so much at a time */
	int ends; /* the connection does, behind the answer; else it is silent */
	int reset;
	size_t most; /* taken by one write; 0: it says EAGAIN first */
	char said[256];
	size_t said_n;
	ptn_time begun[8];
	struct ptn_address from[8];
	int has_from[8], to[8], port[8], open[8], count, watched;
} w;

static int fake_open(void *net, const struct ptn_address *to, int port,
		     const struct ptn_address *from)
{
	int which = to->family == PTN_NET_UNIX ? 0 : to->octets[3] + to->octets[15];

	(void)net;
	if (w.busy && w.busy--)
		return -EAGAIN;
	if (w.open_error[which])
		return -w.open_error[which];
	ck_assert_int_lt(w.count, 8);
	w.has_from[w.count] = from != NULL;
	if (from)
		w.from[w.count] = *from;
	w.to[w.count] = which;
	w.port[w.count] = port;
	w.begun[w.count] = w.now;
	w.open[w.count] = 1;
	return w.count++;
}

static int fake_connected(void *net, int h)
{
	(void)net;
	ck_assert_int_eq(w.open[h], 1);
	return w.now < w.begun[h] + w.after ? -EINPROGRESS : -w.error[w.to[h]];
}

static ptrdiff_t fake_write(void *net, int h, const char *buf, size_t len)
{
	size_t n = len < w.most ? len : w.most;

	(void)net;
	ck_assert_int_eq(w.open[h], 1);
	if (!w.most) {
		w.most = 3;
		return -EAGAIN;
	}
	ck_assert_uint_le(w.said_n + n, sizeof w.said);
	memcpy(w.said + w.said_n, buf, n);
	w.said_n += n;
	return (ptrdiff_t)n;
}

static ptrdiff_t fake_read(void *net, int h, char *buf, size_t cap)
{
	size_t n = w.n - w.at;

	(void)net;
	ck_assert_int_eq(w.open[h], 1);
	if (!n && w.reset)
		return -ECONNRESET;
	if (!n || !w.said_n)
		return w.ends && w.said_n ? 0 : -EAGAIN;
	n = n < w.piece ? n : w.piece;
	n = n < cap ? n : cap;
	memcpy(buf, w.answer + w.at, n);
	w.at += n;
	return (ptrdiff_t)n;
}

static int fake_watch(void *net, int h, int what)
{
	(void)net;
	ck_assert_int_eq(w.open[h], 1);
	w.watched = what;
	return 0;
}

static void fake_close(void *net, int h)
{
	(void)net;
	ck_assert_int_eq(w.open[h], 1);
	w.open[h] = 0;
}

static const struct ptn_net net = {.open = fake_open,
				   .connected = fake_connected,
				   .read = fake_read,
				   .write = fake_write,
				   .watch = fake_watch,
				   .close = fake_close};

static int opened(void)
{
	int n = 0;

	for (int i = 0; i < w.count; i++)
		n += w.open[i];
	return n;
}

/* ---- A dial. ---- */

static struct ptn_proxy_settings socks = {.kind = PTN_PROXY_SOCKS5,
					  .port = PROXY_PORT,
					  .host = (char *)"proxy.example.net"},
				 http = {.kind = PTN_PROXY_HTTP,
					 .port = PROXY_PORT,
					 .host = (char *)"proxy.example.net",
					 .user = (char *)"me",
					 .password = (char *)"SeCrEt"};

/* 192.0.2.0, 2001:db8::1, 192.0.2.2 and 2001:db8::3 */
static const struct ptn_address list[] = {
	{.family = 4, .octets = {192, 0, 2, 0}},
	{.family = 6, .octets = {0x20, 1, 0x0D, 0, [4] = 0xB8, [15] = 1}},
	{.family = 4, .octets = {192, 0, 2, 2}},
	{.family = 6, .octets = {0x20, 1, 0x0D, 0, [4] = 0xB8, [15] = 3}},
};

static struct ptn_dial d;

static void begin(const struct ptn_proxy_settings *proxy, const char *answer, size_t n)
{
	memset(&w, 0, sizeof w);
	w.answer = answer;
	w.n = n;
	w.piece = w.most = ALL;
	w.after = 10;
	d.way = (struct ptn_dial_way){.list = list,
				      .n = 1,
				      .proxy = proxy,
				      .host = "mail.example.org",
				      .port = 587,
				      .delay = DELAY,
				      .limit = LIMIT};
}

/* To the end, asleep whenever it says so: as ptn_dial_step(). */
static int run(int *handle)
{
	struct ptn_dial_way way = d.way;
	int state;

	ptn_dial_start(&d, &net, NULL, &way, w.now);
	for (int turns = 0; !(state = ptn_dial_step(&d, w.now, handle)); turns++) {
		ptn_time wake = ptn_dial_wake(&d);

		ck_assert_int_lt(turns, 2000);
		ck_assert_int_gt(wake, w.now);
		w.now += w.piece == ALL && w.most == ALL && wake - w.now > 5 ? 5 : 1;
		if (w.now > 100000)
			return 0;
	}
	return state;
}

static void expect_fault(int fault, const char *why)
{
	char room[PTN_DIAL_WHY];

	ck_assert_str_eq(ptn_fault_id(d.fault), ptn_fault_id(fault));
	ck_assert_str_eq(ptn_dial_why(&d, room), why);
	ptn_dial_close(&d);
	ptn_dial_close(&d);
	ck_assert_int_eq(opened(), 0);
	ck_assert_str_eq(ptn_fault_id(d.fault), ptn_fault_id(fault));
}

#define SOCKS_GOOD "\5\0\5\0\0\1\x7F\0\0\1\x10\x20"
#define HTTP_GOOD "HTTP/1.1 200 OK\r\n\r\n"
#define GREETING "220 mail.example.org ESMTP\r\n"
#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const struct ptn_proxy_settings *proxy;
	const char *answer;
	size_t n;
	const char *early;
} tunnels[] = {
	{&socks, TEXT(SOCKS_GOOD), ""},
	{&socks, TEXT(SOCKS_GOOD GREETING), GREETING},
	{&http, TEXT(HTTP_GOOD), ""},
	{&http, TEXT(HTTP_GOOD GREETING), GREETING},
};

/* Whatever the segments are, nothing of what the server says is lost. */
START_TEST(tunnels_stand)
{
	static const size_t sizes[] = {1, 2, 3, 5, 7, 11, 12, 13, 19, 20, 25, ALL};

	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
		for (size_t most = 0; most < 3; most++) {
			int handle = -1;
			size_t early;

			begin(tunnels[_i].proxy, tunnels[_i].answer, tunnels[_i].n);
			w.piece = sizes[i];
			w.most = most < 2 ? most : ALL;
			ck_assert_int_eq(run(&handle), 1);
			ck_assert_int_eq(w.port[0], PROXY_PORT);
			ck_assert_int_eq(handle, 0);
			ck_assert_int_eq(w.open[0], 1);
			ck_assert_ptr_eq(ptn_dial_address(&d), &list[0]);
			/* What was not read yet is still there to be read. */
			early = ptn_buf_len(&d.early);
			ck_assert_uint_eq(early + (w.n - w.at), strlen(tunnels[_i].early));
			ck_assert_mem_eq(ptn_buf_data(&d.early), tunnels[_i].early, early);
			if (sizes[i] == ALL)
				ck_assert_uint_eq(w.at, w.n);
			ptn_dial_close(&d);
			ck_assert_int_eq(w.open[0], 1); /* it is the caller's */
			if (tunnels[_i].proxy == &socks)
				ck_assert_mem_eq(w.said, "\5\1\0\5\1\0\3\x10mail.example.org\2\x4B",
						 w.said_n);
			else
				ck_assert_mem_eq(w.said,
						 "CONNECT mail.example.org:587 HTTP/1.1\r\n", 39);
		}
}
END_TEST

static const struct {
	const struct ptn_proxy_settings *proxy;
	const char *answer;
	size_t n;
	int ends; /* 2: by a reset */
	int fault;
	const char *why;
	ptn_time at; /* when it is over */
} failures[] = {
	{&socks, TEXT("\5\0\5\5"), 0, PTN_FAULT_PROXY_REFUSED, "the server refused the connection",
	 10},
	{&socks, TEXT("\5\xFF"), 0, PTN_FAULT_PROXY_AUTH, "it wants a sign-in", 10},
	{&socks, TEXT(GREETING), 0, PTN_FAULT_PROXY_MALFORMED, "it does not speak SOCKS5", 10},
	{&socks, TEXT(""), 1, PTN_FAULT_PROXY_MALFORMED, "it closed the connection", 10},
	{&socks, TEXT("\5\0"), 1, PTN_FAULT_PROXY_REFUSED, "it closed the connection", 10},
	{&socks, TEXT("\5\0"), 2, PTN_FAULT_PROXY_REFUSED, "it closed the connection", 10},
	{&http, TEXT("HTTP/1.1 407 x\r\n"), 0, PTN_FAULT_PROXY_AUTH, "407 x", 10},
	{&http, TEXT("HTTP/1.1 502 x\r\n\r\n"), 1, PTN_FAULT_PROXY_REFUSED, "502 x", 10},
	/* silence: of the proxy, or of the server behind it */
	{&socks, TEXT(""), 0, PTN_FAULT_PROXY_UNREACHABLE,
	 "proxy.example.net port 1080 (192.0.2.0) did not answer in time", LIMIT},
	{&socks, TEXT("\5\0"), 0, PTN_FAULT_PROXY_REFUSED, "it did not answer in time", LIMIT},
	{&http, TEXT("HTTP/1.1 "), 0, PTN_FAULT_PROXY_REFUSED, "it did not answer in time", LIMIT},
};

START_TEST(tunnels_fail)
{
	int handle;

	begin(failures[_i].proxy, failures[_i].answer, failures[_i].n);
	w.ends = failures[_i].ends == 1;
	w.reset = failures[_i].ends == 2;
	d.way.n = 4; /* the others are not asked what the first one answers */
	ck_assert_int_eq(run(&handle), -1);
	ck_assert_int_eq(w.count, 1);
	/* IPv6 goes first */
	ck_assert_int_eq(ptn_dial_step(&d, w.now, &handle), -1);
	ck_assert_int_eq(w.now, failures[_i].at);
	ck_assert_int_eq(w.to[0], 1);
	if (failures[_i].fault == PTN_FAULT_PROXY_UNREACHABLE) {
		char room[PTN_DIAL_WHY];

		ck_assert_ptr_nonnull(strstr(ptn_dial_why(&d, room), "did not answer in time"));
		ptn_dial_close(&d);
		begin(failures[_i].proxy, "", 0);
		ck_assert_int_eq(run(&handle), -1);
	}
	expect_fault(failures[_i].fault, failures[_i].why);
}
END_TEST

/* ---- Proxies that cannot be connected to. ---- */

static const struct {
	int open_error, error, fault;
	ptn_time after;
	const char *why;
} unreachable[] = {
	{ECONNREFUSED, 0, PTN_FAULT_PROXY_UNREACHABLE, 0, "refused the connection"},
	{0, ECONNREFUSED, PTN_FAULT_PROXY_UNREACHABLE, 5, "refused the connection"},
	{0, EHOSTUNREACH, PTN_FAULT_PROXY_UNREACHABLE, 5, "cannot be reached from here"},
	{0, ETIMEDOUT, PTN_FAULT_PROXY_UNREACHABLE, 5, "did not answer in time"},
	{0, 0, PTN_FAULT_PROXY_UNREACHABLE, 5000, "did not answer in time"},
	{EACCES, 0, PTN_FAULT_PROXY_UNREACHABLE, 0, "may not be connected to from this machine"},
	{EMFILE, 0, PTN_FAULT_SYSTEM, 0, NULL},
	{ENOMEM, 0, PTN_FAULT_NO_MEMORY, 0, NULL},
};

START_TEST(proxies_out_of_reach)
{
	char why[256] = "";
	int handle;

	begin(&socks, SOCKS_GOOD, 12);
	w.open_error[0] = unreachable[_i].open_error;
	w.error[0] = unreachable[_i].error;
	w.after = unreachable[_i].after;
	if (unreachable[_i].why)
		snprintf(why, sizeof why, "proxy.example.net port 1080 (192.0.2.0) %s",
			 unreachable[_i].why);
	ck_assert_int_eq(run(&handle), -1);
	expect_fault(unreachable[_i].fault, why);
}
END_TEST

/* Of several addresses of the proxy the first that is there is used. */
START_TEST(one_of_several)
{
	int handle;

	begin(&socks, SOCKS_GOOD, 12);
	d.way.n = 3;
	w.error[1] = ECONNREFUSED;
	w.open_error[0] = ENETUNREACH;
	ck_assert_int_eq(run(&handle), 1);
	ck_assert_int_eq(w.to[handle], 2);
	ck_assert_int_eq(opened(), 1);
	ptn_dial_close(&d);
}
END_TEST

/* The limit is for the connection and the tunnel together; without one it is waited for. */
START_TEST(one_limit)
{
	struct ptn_dial_way way;
	int handle;

	begin(&socks, "", 0);
	w.after = 600;
	ck_assert_int_eq(run(&handle), -1);
	ck_assert_int_eq(w.now, LIMIT);
	ptn_dial_close(&d);
	begin(&socks, "", 0);
	d.way.limit = 0;
	way = d.way;
	ptn_dial_start(&d, &net, NULL, &way, 0);
	ck_assert_int_eq(ptn_dial_step(&d, 0, &handle), 0);
	w.now = 10;
	ck_assert_int_eq(ptn_dial_step(&d, w.now, &handle), 0);
	ck_assert(ptn_dial_wake(&d) == PTN_NEVER);
	ck_assert_int_eq(w.watched, PTN_NET_READ);
	w.now = 1000000;
	ck_assert_int_eq(ptn_dial_step(&d, w.now, &handle), 0);
	ptn_dial_close(&d);
	ck_assert_int_eq(opened(), 0);
}
END_TEST

/* While something is to be written, that is waited for too. */
START_TEST(waits_to_write)
{
	struct ptn_dial_way way;
	int handle;

	begin(&http, HTTP_GOOD, sizeof HTTP_GOOD - 1);
	w.most = 0;
	w.after = 0;
	way = d.way;
	ptn_dial_start(&d, &net, NULL, &way, 0);
	ck_assert_int_eq(ptn_dial_step(&d, 0, &handle), 0);
	ck_assert_int_eq(w.watched, PTN_NET_READ | PTN_NET_WRITE);
	ck_assert_int_eq(ptn_dial_step(&d, 0, &handle), 1);
	ptn_dial_close(&d);
}
END_TEST

/* Each request for memory fails in turn. */
START_TEST(without_memory)
{
	int handle, state = -1;

	for (int n = 0; state < 0; n++) {
		begin(tunnels[_i].proxy, tunnels[_i].answer, tunnels[_i].n);
		ck_assert_int_lt(n, 40);
		grants = n;
		state = run(&handle);
		grants = -1;
		if (state < 0)
			expect_fault(PTN_FAULT_NO_MEMORY, "");
	}
	ck_assert_int_eq(state, 1);
	ptn_dial_close(&d);
}
END_TEST

/* ---- From an address of ours. ---- */

static const struct ptn_address own4 = {.family = 4, .octets = {192, 0, 2, 9}};
static const struct ptn_address own6 = {.family = 6, .octets = {0xFD, [15] = 9}};

/* What is tried, by the place in the list: "1 0 3 2". */
static const char *tried(void)
{
	static char text[32];
	size_t at = 0;

	text[0] = '\0';
	for (int i = 0; i < w.count; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%d", i ? " " : "", w.to[i]);
	return text;
}

START_TEST(sources)
{
	static const struct {
		int four, six;
		const char *tried;
	} all[] = {{0, 0, "1 0 3 2"}, {1, 0, "0 2"}, {0, 1, "1 3"}, {1, 1, "1 0 3 2"}};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		struct ptn_address source[2] = {{0}};
		int handle;

		if (all[i].four)
			source[0] = own4;
		if (all[i].six)
			source[1] = own6;
		begin(NULL, "", 0);
		d.way.n = 4;
		d.way.source = source;
		for (int k = 0; k < 4; k++)
			w.error[k] = ECONNREFUSED;
		ck_assert_int_eq(run(&handle), -1);
		ck_assert_str_eq(tried(), all[i].tried);
		for (int k = 0; k < w.count; k++) {
			int six = w.to[k] % 2;

			ck_assert_int_eq(w.has_from[k], six ? all[i].six : all[i].four);
			if (w.has_from[k])
				ck_assert_mem_eq(w.from[k].octets, (six ? &own6 : &own4)->octets,
						 16);
		}
		expect_fault(PTN_FAULT_CONNECT_REFUSED, "");
	}
}
END_TEST

START_TEST(sources_that_are_not_ours)
{
	struct ptn_address source[2] = {own4, {0}};
	int handle;

	begin(NULL, "", 0);
	d.way.source = source;
	w.open_error[0] = EADDRNOTAVAIL;
	ck_assert_int_eq(run(&handle), -1);
	expect_fault(PTN_FAULT_SOURCE_UNUSABLE, "");
	/* One of the two: the other counts, and what it meets says more. */
	source[1] = own6;
	begin(NULL, "", 0);
	d.way.source = source;
	d.way.n = 2;
	w.open_error[0] = EADDRNOTAVAIL;
	ck_assert_int_eq(run(&handle), 1);
	ptn_dial_close(&d);
	begin(NULL, "", 0);
	d.way.source = source;
	d.way.n = 2;
	w.open_error[0] = EADDRNOTAVAIL;
	w.error[1] = ECONNREFUSED;
	ck_assert_int_eq(run(&handle), -1);
	expect_fault(PTN_FAULT_CONNECT_REFUSED, "");
	/* To the proxy, which then was never asked for. */
	begin(&socks, SOCKS_GOOD, 12);
	d.way.source = source;
	w.open_error[0] = EADDRNOTAVAIL;
	ck_assert_int_eq(run(&handle), -1);
	expect_fault(PTN_FAULT_SOURCE_UNUSABLE, "");
}
END_TEST

START_TEST(nothing_of_its_family)
{
	struct ptn_address source[2] = {{0}, own6};
	int handle;

	begin(NULL, "", 0);
	d.way.source = source;
	ck_assert_int_eq(run(&handle), -1);
	ck_assert_int_eq(w.count, 0);
	ck_assert_ptr_null(ptn_dial_address(&d));
	expect_fault(PTN_FAULT_SOURCE_UNUSABLE, "the server has no address of its kind");
}
END_TEST

/* ---- To a Unix socket. ---- */

static const struct ptn_address local = {.family = PTN_NET_UNIX, .path = "/run/smtp.sock"};

START_TEST(unix_sockets)
{
	static const struct {
		int error, fault;
	} all[] = {
		{0, 0},
		{ENOENT, PTN_FAULT_CONNECT_REFUSED},
		{ECONNREFUSED, PTN_FAULT_CONNECT_REFUSED},
		{EACCES, PTN_FAULT_CONNECT_FORBIDDEN},
		{ENOTSOCK, PTN_FAULT_CONNECT_UNREACHABLE},
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		int handle;

		begin(NULL, "", 0);
		d.way.list = &local;
		d.way.port = 0;
		w.open_error[0] = all[i].error;
		ck_assert_int_eq(run(&handle), all[i].error ? -1 : 1);
		ck_assert_ptr_eq(ptn_dial_address(&d), &local);
		if (all[i].error)
			expect_fault(all[i].fault, "");
		else
			ptn_dial_close(&d);
	}
}
END_TEST

/* A service that does not keep up is asked again, as long as there is time. */
START_TEST(a_busy_socket)
{
	int handle;

	begin(NULL, "", 0);
	d.way.list = &local;
	w.busy = 2;
	ck_assert_int_eq(run(&handle), 1);
	ck_assert_int_eq(w.now, 2 * DELAY + 10);
	ptn_dial_close(&d);
	begin(NULL, "", 0);
	d.way.list = &local;
	w.busy = 100;
	ck_assert_int_eq(run(&handle), -1);
	ck_assert_int_eq(w.now, LIMIT);
	expect_fault(PTN_FAULT_CONNECT_TIMEOUT, "");
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "way");

	EACH(t, tunnels_stand, tunnels);
	EACH(t, tunnels_fail, failures);
	EACH(t, proxies_out_of_reach, unreachable);
	tcase_add_test(t, one_of_several);
	tcase_add_test(t, one_limit);
	tcase_add_test(t, waits_to_write);
	EACH(t, without_memory, tunnels);
	tcase_add_test(t, sources);
	tcase_add_test(t, sources_that_are_not_ours);
	tcase_add_test(t, nothing_of_its_family);
	tcase_add_test(t, unix_sockets);
	tcase_add_test(t, a_busy_socket);
}
