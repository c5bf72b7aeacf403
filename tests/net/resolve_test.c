/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Name look-ups, with a small DNS server (RFC 1035) on loopback in the same thread.
 */
#define _DEFAULT_SOURCE
#include <ares.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/text.h"
#include "fixture.h"
#include "main.h"
#include "net/system.h"

static void *net;
static int dns, dns_tcp, dns_stream, before, asked;
static struct ptn_address list[PTN_NET_ADDRESSES];
static size_t n;

/* ---- the server ------------------------------------------------------------------------------ */

enum { SILENT = -1, OK = 0, SERVFAIL = 2, NXDOMAIN = 3, REFUSED = 5, YXDOMAIN = 6 };

/* What is answered to A and AAAA: an rcode, and a number of addresses. */
static const struct zone {
	const char *name;
	int code4, count4, code6, count6;
} zones[] = {
	{"both.test", OK, 1, OK, 1},
	{"four.test", OK, 1, OK, 0},
	{"six.test", OK, 0, OK, 1},
	{"none.test", OK, 0, OK, 0},
	{"several.test", OK, 3, OK, 2},
	{"twins.test", OK, 2, OK, 2}, /* each address twice */
	{"crowd.test", OK, 24, OK, 17}, /* in 512 octets */
	{"truncated.test", OK, 3, OK, 3}, /* whole over TCP only */
	{"broken.test", SERVFAIL, 0, SERVFAIL, 0},
	{"refused.test", REFUSED, 0, REFUSED, 0},
	{"silent.test", SILENT, 0, SILENT, 0},
	{"half-broken.test", SERVFAIL, 0, OK, 0},
	{"broken-half.test", OK, 0, SERVFAIL, 0},
	{"broken-six.test", OK, 1, SERVFAIL, 0},
	{"silent-six.test", OK, 1, SILENT, 0},
	{"silent-four.test", SILENT, 0, OK, 1},
	{"none-or-silent.test", OK, 0, SILENT, 0},
	{"signed.test", OK, 1, OK, 0},
	{"six.signed.test", OK, 0, OK, 1},
	{"bogus.signed.test", SERVFAIL, 0, SERVFAIL, 0},
};

static const struct zone *zone(const char *name)
{
	for (size_t i = 0; i < sizeof zones / sizeof *zones; i++)
		if (ptn_text_equal(zones[i].name, name))
			return &zones[i];
	return NULL;
}

/* The question's name as text; its length on the wire. */
static size_t read_name(const unsigned char *p, char *out)
{
	size_t at = 0, to = 0;

	while (p[at]) {
		if (to)
			out[to++] = '.';
		memcpy(out + to, p + at + 1, p[at]);
		to += p[at];
		at += p[at] + 1u;
	}
	out[to] = '\0';
	return at + 1;
}

static size_t add_record(unsigned char *p, int six, unsigned last)
{
	static const unsigned char head[] = {0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4};
	static const unsigned char four[] = {192, 0, 2}, prefix[] = {0x20, 0x01, 0x0D, 0xB8};

	memcpy(p, head, sizeof head);
	memset(p + sizeof head, 0, 16);
	if (six) {
		p[3] = 28;
		p[11] = 16;
		memcpy(p + 12, prefix, 4);
		p[12 + 15] = (unsigned char)last;
		return 28;
	}
	memcpy(p + 12, four, 3);
	p[12 + 3] = (unsigned char)last;
	return 16;
}

/* What is answered to SRV: an rcode, and a number of records. */
static const struct service_zone {
	const char *name;
	int code, count, wrong;
} services[] = {
	{"_submissions._tcp.example.test", OK, 2, 0},  {"_one._tcp.example.test", OK, 1, 0},
	{"_many._tcp.example.test", OK, 24, 0},        {"_none._tcp.example.test", OK, 0, 0},
	{"_broken._tcp.example.test", SERVFAIL, 0, 0}, {"_silent._tcp.example.test", SILENT, 0, 0},
	{"_wrong._tcp.example.test", OK, 1, 1}, /* a target that points at itself */
	{"_one._tcp.signed.test", OK, 1, 0},           {"_none._tcp.signed.test", OK, 0, 0},
	{"_bogus._tcp.signed.test", SERVFAIL, 0, 0},
};

static size_t add_service(unsigned char *p, int i, int wrong)
{
	static const unsigned char head[] = {0xC0, 12, 0, 33, 0, 1, 0, 0, 0, 60, 0, 20};
	static const unsigned char target[] = "\2mx\4mail\4test";

	memcpy(p, head, sizeof head);
	memcpy(p + 12, (unsigned char[]){0, (unsigned char)(10 + i), 0, 7, 1, 0xD1}, 6);
	memcpy(p + 18, target, sizeof target);
	if (wrong)
		memset(p + 18, 0xC0, sizeof target);
	return 18 + sizeof target;
}

/* The length; a has the head and the question, of `to` octets. */
static size_t answer_service(unsigned char *a, size_t to, const char *name)
{
	const struct service_zone *z = NULL;

	for (size_t i = 0; i < sizeof services / sizeof *services; i++)
		if (ptn_text_equal(services[i].name, name))
			z = &services[i];
	if (z && z->code == SILENT)
		return 0;
	a[2] = 0x81;
	a[3] = (unsigned char)(0x80 | (z ? z->code : NXDOMAIN));
	memset(a + 6, 0, 6);
	a[7] = (unsigned char)(z ? z->count : 0);
	for (int i = 0; z && i < z->count; i++)
		to += add_service(a + to, i, z->wrong);
	return to;
}

/* The answer's length, 0 for silence. */
/* What is answered to TLSA, and to A where only its head counts. */
static const struct keys_zone {
	const char *name;
	int code, count;
} keys[] = {
	{"_465._tcp.signed.test", OK, 2},
	{"_465._tcp.plain.test", OK, 1},
	{"_465._tcp.none.signed.test", OK, 0},
	{"_465._tcp.bogus.signed.test", SERVFAIL, 0},
	{"_465._tcp.silent.signed.test", SILENT, 0},
	{"_465._tcp.liar.test", OK, 1},
	{"_465._tcp.odd.signed.test", YXDOMAIN, 0},
	{"_465._tcp.cut.signed.test", OK, 1},
	{"_465._tcp.wrong.signed.test", REFUSED, 0},
};

static size_t answer_keys(unsigned char *a, size_t to, const char *name)
{
	static const unsigned char head[] = {0xC0, 12, 0, 52, 0, 1, 0, 0, 0, 60, 0, 35, 3, 1, 1};
	const struct keys_zone *z = NULL;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (ptn_text_equal(keys[i].name, name))
			z = &keys[i];
	if (z && z->code == SILENT)
		return 0;
	a[2] = 0x81;
	a[3] = (unsigned char)(0x80 | (z ? z->code : NXDOMAIN));
	memset(a + 6, 0, 6);
	a[7] = (unsigned char)(z ? z->count : 0);
	for (int i = 0; z && i < z->count; i++) {
		memcpy(a + to, head, sizeof head);
		memset(a + to + sizeof head, 'a' + i, 32);
		to += sizeof head + 32;
	}
	return z && strstr(z->name, ".cut.") ? to - 1 : to;
}

static int asked_ad; /* questions with the bit */

/* A server that validates says so where it is asked; one that does not, or lies, may say it to
 * everybody. */
static void vouch(const unsigned char *q, unsigned char *a, const char *name)
{
	int ad = q[3] & 0x20;

	if ((ad && strstr(name, "signed.test")) || strstr(name, "liar.test"))
		a[3] |= 0x20;
}

static size_t answer_any(const unsigned char *q, unsigned char *a, int tcp);

static size_t answer(const unsigned char *q, unsigned char *a, int tcp)
{
	char name[256];
	size_t to = answer_any(q, a, tcp);

	read_name(q + 12, name);
	asked_ad += (q[3] & 0x20) != 0;
	if (to)
		vouch(q, a, name);
	return to;
}

static size_t answer_any(const unsigned char *q, unsigned char *a, int tcp)
{
	char name[256];
	size_t to = 12 + read_name(q + 12, name);
	const struct zone *z;
	int six, code, count, cut;

	asked++;
	if (q[to + 1] == 33) {
		memcpy(a, q, to + 4);
		return answer_service(a, to + 4, name);
	}
	if (q[to + 1] == 52) {
		memcpy(a, q, to + 4);
		return answer_keys(a, to + 4, name);
	}
	six = q[to + 1] == 28;
	to += 4;
	z = zone(name);
	code = !z ? NXDOMAIN : six ? z->code6 : z->code4;
	count = !z ? 0 : six ? z->count6 : z->count4;
	cut = !tcp && z && !strcmp(z->name, "truncated.test");
	if (code == SILENT)
		return 0;
	memcpy(a, q, to);
	a[2] = cut ? 0x83 : 0x81;
	a[3] = (unsigned char)(0x80 | code);
	memset(a + 6, 0, 6);
	if (cut)
		return to;
	a[7] = (unsigned char)count;
	for (int i = 0; i < count; i++)
		to += add_record(a + to, six,
				 z && strcmp(z->name, "twins.test") ? (unsigned)i + 1 : 7);
	return to;
}

static void serve_udp(void)
{
	unsigned char q[1500], a[2048];
	struct sockaddr_in from;
	socklen_t len = sizeof from;
	ssize_t got = recvfrom(dns, q, sizeof q, MSG_DONTWAIT, (struct sockaddr *)&from, &len);
	size_t to = got < 17 ? 0 : answer(q, a, 0);

	if (to)
		ck_assert_int_eq(sendto(dns, a, to, 0, (struct sockaddr *)&from, len), (ssize_t)to);
}

/* Questions and answers over TCP have their length in front (RFC 1035 4.2.2). */
static void serve_tcp(void)
{
	unsigned char q[4096], a[2048];
	size_t from = 0, len, to;
	ssize_t got;

	if (dns_stream < 0) {
		dns_stream = accept(dns_tcp, NULL, NULL);
		return;
	}
	got = recv(dns_stream, q, sizeof q, MSG_DONTWAIT);
	for (; got > 0 && from + 2 < (size_t)got; from += 2 + len) {
		len = (size_t)(q[from] << 8 | q[from + 1]);
		to = answer(q + from + 2, a + 2, 1);
		a[0] = (unsigned char)(to >> 8);
		a[1] = (unsigned char)to;
		ck_assert_int_eq(send(dns_stream, a, to + 2, MSG_NOSIGNAL), (ssize_t)to + 2);
	}
	if (!got) {
		close(dns_stream);
		dns_stream = -1;
	}
}

/* ---- the caller ------------------------------------------------------------------------------ */

/* The same port for TCP; -1 if somebody else has it. */
static int listen_at(int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_ge(fd, 0);
	if (bind(fd, (struct sockaddr *)&a, sizeof a) || listen(fd, 8)) {
		close(fd);
		return -1;
	}
	return fd;
}

static void set_up(void)
{
	char servers[64];
	int port;

	before = count_descriptors();
	net = ptn_net_new();
	ck_assert_ptr_nonnull(net);
	/* Long answers come over TCP: a port that is free for both. */
	for (dns_tcp = -1; dns_tcp < 0;) {
		dns = listen_on(4, SOCK_DGRAM, &port);
		dns_tcp = listen_at(port);
		if (dns_tcp < 0)
			close(dns);
	}
	dns_stream = -1;
	snprintf(servers, sizeof servers, "127.0.0.1:%d", port);
	ck_assert_int_eq(ptn_net_set_dns_servers(net, servers), 0);
	asked = asked_ad = 0;
}

static void tear_down(void)
{
	ptn_net_free(net);
	close(dns);
	if (dns_tcp >= 0)
		close(dns_tcp);
	if (dns_stream >= 0)
		close(dns_stream);
	ck_assert_int_eq(count_descriptors(), before);
}

/* One wait as a caller does it, for the net's descriptor and time and the server's. */
static void wait_a_little(void)
{
	struct pollfd p[] = {{.fd = dns, .events = POLLIN},
			     {.fd = dns_stream < 0 ? dns_tcp : dns_stream, .events = POLLIN},
			     {.fd = sys->fd(net), .events = POLLIN}};

	poll(p, 3, sys->timeout(net));
	if (p[0].revents)
		serve_udp();
	if (p[1].revents)
		serve_tcp();
	sys->turn(net);
}

/* The descriptors there are while no look-up runs. */
static int mine(void)
{
	return before < 0 ? -1 : before + 1 + HAS_EPOLL + (dns_tcp >= 0) + (dns_stream >= 0);
}

static int look_up(const char *host, int ms)
{
	int e = sys->resolve(net, host, ms), turns = 0;

	n = 99;
	if (e)
		return e;
	while (!(e = sys->resolved(net, list, &n))) {
		ck_assert_int_ne(sys->timeout(net), -1);
		ck_assert_int_lt(turns++, 2000); /* it waits, and does not spin */
		wait_a_little();
	}
	return e;
}

static int has(const char *text)
{
	struct ptn_address a;
	int found = 0;

	ck_assert_int_eq(ptn_net_parse(&a, text, strlen(text)), 0);
	for (size_t i = 0; i < n; i++)
		found += a.family == list[i].family && !memcmp(a.octets, list[i].octets, 16);
	return found;
}

/* Host, result, addresses, limit in ms, and how long it may and must take; A to try. */
static const struct {
	const char *host;
	int result;
	size_t count;
	int limit, at_least, at_most;
	const char *one, *other;
} lookups[] = {
	{"both.test", 1, 2, 5000, 0, 1000, "192.0.2.1", "2001:db8::1"},
	{"BOTH.Test", 1, 2, 5000, 0, 1000, "192.0.2.1", "2001:db8::1"},
	{"both.test", 1, 2, 0, 0, 1000, "192.0.2.1", "2001:db8::1"},
	{"four.test", 1, 1, 5000, 0, 1000, "192.0.2.1", NULL},
	{"six.test", 1, 1, 5000, 0, 1000, "2001:db8::1", NULL},
	{"several.test", 1, 5, 5000, 0, 1000, "192.0.2.3", "2001:db8::2"},
	{"twins.test", 1, 2, 5000, 0, 1000, "192.0.2.7", "2001:db8::7"},
	{"crowd.test", 1, 32, 5000, 0, 1000, "192.0.2.16", "2001:db8::10"},
	{"none.test", -ENOENT, 0, 5000, 0, 1000, NULL, NULL},
	{"nowhere.test", -ENOENT, 0, 5000, 0, 1000, NULL, NULL},
	{"broken.test", -EAGAIN, 0, 5000, 0, 4900, NULL, NULL},
	{"refused.test", -EAGAIN, 0, 5000, 0, 4900, NULL, NULL},
	{"half-broken.test", -EAGAIN, 0, 5000, 0, 4900, NULL, NULL},
	{"broken-half.test", -EAGAIN, 0, 5000, 0, 4900, NULL, NULL},
	{"broken-six.test", 1, 1, 5000, 0, 1000, "192.0.2.1", NULL},
	{"silent.test", -EAGAIN, 0, 300, 299, 1500, NULL, NULL},
	{"none-or-silent.test", -EAGAIN, 0, 300, 299, 1500, NULL, NULL},
	{"silent-six.test", 1, 1, 20000, 249, 1500, "192.0.2.1", NULL},
	{"silent-four.test", 1, 1, 20000, 2400, 4500, "2001:db8::1", NULL},
	{"silent-four.test", 1, 1, 300, 299, 1500, "2001:db8::1", NULL},
	{"", -ENOENT, 0, 5000, 0, 100, NULL, NULL},
	{"label-that-is-too-long-for-dns-abcdefghijklmnopqrstuvwxyz-0123456789.test", -ENOENT, 0,
	 5000, 0, 1000, NULL, NULL},
};

START_TEST(asked_of_a_server)
{
	long long start = now_ms(), took;
	int e = look_up(lookups[_i].host, lookups[_i].limit);

	took = now_ms() - start;
	ck_assert_msg(e == lookups[_i].result, "%s: %d", lookups[_i].host, e);
	ck_assert_uint_eq(n, lookups[_i].count);
	ck_assert_msg(took >= lookups[_i].at_least, "%s took %lld ms", lookups[_i].host, took);
	if (!getenv("PTN_TEST_SLOW"))
		ck_assert_msg(took <= lookups[_i].at_most, "%s took %lld ms", lookups[_i].host,
			      took);
	if (lookups[_i].one)
		ck_assert_int_eq(has(lookups[_i].one), 1);
	if (lookups[_i].other)
		ck_assert_int_eq(has(lookups[_i].other), 1);
	/* The answer stays, and nothing is left to be waited for. */
	ck_assert_int_eq(sys->resolved(net, list, &n), lookups[_i].result);
	ck_assert_uint_eq(n, lookups[_i].count);
	ck_assert_int_eq(sys->timeout(net), -1);
	ck_assert_int_eq(count_descriptors(), mine());
}
END_TEST

static struct ptn_service found[PTN_NET_SERVICES];

static int find_what(int what, const char *name, int ms)
{
	int e = sys->find(net, what, name, ms), turns = 0;

	n = 99;
	if (e)
		return e;
	while (!(e = sys->found(net, found, &n))) {
		ck_assert_int_ne(sys->timeout(net), -1);
		ck_assert_int_lt(turns++, 2000);
		wait_a_little();
	}
	return e;
}

static int find(const char *name, int ms)
{
	return find_what(PTN_FIND_SERVICES, name, ms);
}

static const struct {
	const char *name;
	int result;
	size_t count;
	int limit, at_least;
} finds[] = {
	{"_submissions._tcp.example.test", 1, 2, 5000, 0},
	{"_SUBMISSIONS._tcp.Example.Test", 1, 2, 0, 0},
	{"_one._tcp.example.test", 1, 1, 5000, 0},
	{"_many._tcp.example.test", 1, PTN_NET_SERVICES, 5000, 0},
	{"_none._tcp.example.test", -ENOENT, 0, 5000, 0},
	{"_nowhere._tcp.example.test", -ENOENT, 0, 5000, 0},
	{"_broken._tcp.example.test", -EAGAIN, 0, 5000, 0},
	{"_wrong._tcp.example.test", -EAGAIN, 0, 5000, 0},
	{"_silent._tcp.example.test", -EAGAIN, 0, 300, 299},
	{"", -ENOENT, 0, 5000, 0},
	{"_s._tcp.label-that-is-too-long-for-dns-abcdefghijklmnopqrstuvwxyz-0123456789.test",
	 -ENOENT, 0, 5000, 0},
};

START_TEST(services_are_found)
{
	long long start = now_ms();
	int e = find(finds[_i].name, finds[_i].limit);

	ck_assert_msg(e == finds[_i].result, "%s: %d", finds[_i].name, e);
	ck_assert_uint_eq(n, finds[_i].count);
	ck_assert_int_ge((int)(now_ms() - start), finds[_i].at_least);
	for (size_t i = 0; i < n; i++) {
		ck_assert_int_eq(found[i].priority, 10 + (int)i);
		ck_assert_int_eq(found[i].weight, 7);
		ck_assert_int_eq(found[i].port, 465);
		ck_assert_str_eq(found[i].target, "mx.mail.test");
	}
	/* The answer stays, and nothing is left to be waited for. */
	ck_assert_int_eq(sys->found(net, found, &n), finds[_i].result);
	ck_assert_uint_eq(n, finds[_i].count);
	ck_assert_int_eq(sys->timeout(net), -1);
	ck_assert_int_eq(count_descriptors(), mine());
}
END_TEST

static const struct {
	int what;
	const char *name;
	int result;
	size_t count; /* of TLSA or SRV records */
	int vouched;
} vouched[] = {
	{PTN_FIND_VOUCHED_SERVICES, "_one._tcp.signed.test", 1, 1, 1},
	{PTN_FIND_VOUCHED_SERVICES, "_one._tcp.example.test", 1, 1, 0},
	{PTN_FIND_VOUCHED_SERVICES, "_none._tcp.signed.test", -ENOENT, 0, 1},
	{PTN_FIND_VOUCHED_SERVICES, "_nowhere._tcp.signed.test", -ENOENT, 0, 1},
	{PTN_FIND_VOUCHED_SERVICES, "_nowhere._tcp.example.test", -ENOENT, 0, 0},
	{PTN_FIND_VOUCHED_SERVICES, "_bogus._tcp.signed.test", -EAGAIN, 0, 0},
	{PTN_FIND_VOUCHED_SERVICES, "_wrong._tcp.example.test", -EAGAIN, 0, 0},
	{PTN_FIND_VOUCHED_SERVICES,
	 "_s._tcp.label-that-is-too-long-for-dns-abcdefghijklmnopqrstuvwxyz-0123456789.test",
	 -ENOENT, 0, 0},
	{PTN_FIND_VOUCHED_ADDRESS, "signed.test", 1, 0, 1},
	{PTN_FIND_VOUCHED_ADDRESS, "six.signed.test", -ENOENT, 0, 1},
	{PTN_FIND_VOUCHED_ADDRESS, "nowhere.signed.test", -ENOENT, 0, 1},
	{PTN_FIND_VOUCHED_ADDRESS, "four.test", 1, 0, 0},
	{PTN_FIND_VOUCHED_ADDRESS, "bogus.signed.test", -EAGAIN, 0, 0},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.signed.test", 1, 2, 1},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.plain.test", 1, 1, 0},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.none.signed.test", -ENOENT, 0, 1},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.nowhere.signed.test", -ENOENT, 0, 1},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.nowhere.test", -ENOENT, 0, 0},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.bogus.signed.test", -EAGAIN, 0, 0},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.silent.signed.test", -EAGAIN, 0, 0},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.cut.signed.test", -EAGAIN, 0, 1},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.wrong.signed.test", -EAGAIN, 0, 0},
	{PTN_FIND_ASSOCIATIONS, "_465._tcp.odd.signed.test", -EAGAIN, 0, 1},
};

START_TEST(answers_are_vouched_for)
{
	const struct ptn_association *list_;
	size_t count = 99;
	int e = find_what(vouched[_i].what, vouched[_i].name,
			  strstr(vouched[_i].name, "silent") ? 300 : 5000);

	ck_assert_msg(e == vouched[_i].result, "%s: %d", vouched[_i].name, e);
	ck_assert_int_eq(sys->vouched(net), vouched[_i].vouched);
	list_ = sys->associations(net, &count);
	if (vouched[_i].what == PTN_FIND_ASSOCIATIONS) {
		ck_assert_uint_eq(count, vouched[_i].count);
		for (size_t i = 0; i < count; i++) {
			ck_assert_int_eq(list_[i].usage, 3);
			ck_assert_int_eq(list_[i].selector, 1);
			ck_assert_int_eq(list_[i].matching, 1);
			ck_assert_uint_eq(list_[i].size, 32);
			ck_assert_int_eq(list_[i].data[31], 'a' + (int)i);
		}
		ck_assert_uint_eq(n, 0);
	} else {
		ck_assert_uint_eq(count, 0);
		ck_assert_uint_eq(n, vouched[_i].count);
	}
	ck_assert(asked_ad > 0 || !asked);
	ck_assert_int_eq(sys->timeout(net), -1);
	/* Nothing of it is left. */
	ck_assert_int_eq(look_up("four.test", 5000), 1);
	ck_assert_int_eq(sys->vouched(net), 0);
	sys->associations(net, &count);
	ck_assert_uint_eq(count, 0);
}
END_TEST

/* Whom nobody asked is not believed, nor a server that is not on this machine, nor the way to it.
 */
START_TEST(who_is_believed)
{
	char servers[96];
	struct sockaddr_in at;
	socklen_t len = sizeof at;

	ck_assert_int_eq(find("_one._tcp.signed.test", 5000), 1);
	ck_assert_int_eq(sys->vouched(net), 0);
	ck_assert_int_eq(asked_ad, 0);
	ck_assert_int_eq(find_what(PTN_FIND_ASSOCIATIONS, "_465._tcp.liar.test", 5000), 1);
	ck_assert_int_eq(sys->vouched(net), 1); /* it is this machine's */
	ck_assert_int_gt(asked_ad, 0);
	asked_ad = 0;
	ck_assert_int_eq(getsockname(dns, (struct sockaddr *)&at, &len), 0);
	snprintf(servers, sizeof servers, "127.0.0.1:%d,192.0.2.53:53", ntohs(at.sin_port));
	ck_assert_int_eq(ptn_net_set_dns_servers(net, servers), 0);
	ck_assert_int_eq(find_what(PTN_FIND_ASSOCIATIONS, "_465._tcp.liar.test", 5000), 1);
	ck_assert_int_eq(sys->vouched(net), 0);
	ck_assert_int_eq(find_what(PTN_FIND_VOUCHED_SERVICES, "_one._tcp.signed.test", 5000), 1);
	ck_assert_int_eq(sys->vouched(net), 0);
	ck_assert_int_eq(asked_ad, 0);
}
END_TEST

/* One kind of look-up after the other: neither has what the other left. */
START_TEST(services_and_addresses)
{
	ck_assert_int_eq(find("_one._tcp.example.test", 5000), 1);
	ck_assert_int_eq(sys->find(net, PTN_FIND_SERVICES, "_silent._tcp.example.test", 5000), 0);
	ck_assert_int_eq(sys->resolve(net, "both.test", 5000), -EBUSY);
	ck_assert_int_eq(sys->find(net, PTN_FIND_SERVICES, "_one._tcp.example.test", 5000), -EBUSY);
	ck_assert_int_eq(sys->found(net, found, &n), 0);
	wait_a_little();
	sys->resolve_stop(net);
	ck_assert_int_eq(sys->timeout(net), -1);
	ck_assert_int_eq(sys->found(net, found, &n), -EAGAIN);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(look_up("both.test", 5000), 1);
	ck_assert_uint_eq(n, 2);
	ck_assert_int_eq(find("_none._tcp.example.test", 5000), -ENOENT);
	ck_assert_int_eq(sys->resolved(net, list, &n), -ENOENT);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(find("_one._tcp.example.test", 5000), 1);
	ck_assert_int_eq(sys->find(net, PTN_FIND_SERVICES, "_silent._tcp.example.test", 5000),
			 0); /* and freed */
}
END_TEST

/* What needs no server: nothing is sent, no descriptor is opened, and the answer is there at once.
 */
static const struct {
	const char *host;
	size_t count;
	const char *first, *second;
} known[] = {
	{"192.0.2.9", 1, "192.0.2.9", NULL},
	{"2001:db8::9", 1, "2001:db8::9", NULL},
	{"::1", 1, "::1", NULL},
	{"localhost", 2, "::1", "127.0.0.1"},
	{"LocalHost", 2, "::1", "127.0.0.1"},
	{"localhost.", 2, "::1", "127.0.0.1"},
	{"mail.localhost", 2, "::1", "127.0.0.1"},
};

START_TEST(known_here)
{
	ck_assert_int_eq(sys->resolve(net, known[_i].host, 1000), 0);
	ck_assert_int_eq(sys->timeout(net), 0); /* the answer waits to be asked for */
	ck_assert_int_eq(sys->resolved(net, list, &n), 1);
	ck_assert_uint_eq(n, known[_i].count);
	ck_assert_int_eq(has(known[_i].first), 1);
	if (known[_i].second)
		ck_assert_int_eq(has(known[_i].second), 1);
	ck_assert_int_eq(sys->timeout(net), -1);
	ck_assert_int_eq(count_descriptors(), mine());
}
END_TEST

START_TEST(not_under_localhost)
{
	ck_assert_int_eq(look_up("notlocalhost", 1000), -ENOENT);
	ck_assert_int_gt(asked, 0);
}
END_TEST

/* Any name of the hosts file with a literal address that is not localhost's, if there is one. */
static int find_in_hosts(char *address, char *name)
{
	FILE *f = fopen("/etc/hosts", "r");
	char line[512];
	int found = 0;

	while (f && !found && fgets(line, sizeof line, f)) {
		struct ptn_address a;

		line[strcspn(line, "#\n")] = '\0';
		found = sscanf(line, "%63s %63s", address, name) == 2 &&
			!strstr(name, "localhost") && !ptn_net_parse(&a, address, strlen(address));
	}
	if (f)
		fclose(f);
	return found;
}

START_TEST(hosts_file)
{
	char address[64], name[64];

	if (!find_in_hosts(address, name))
		return;
	ck_assert_int_eq(sys->resolve(net, name, 1000), 0);
	ck_assert_int_eq(sys->resolved(net, list, &n), 1);
	ck_assert_int_eq(has(address), 1);
	ck_assert_int_eq(asked, 0);
}
END_TEST

START_TEST(truncated_and_asked_over_tcp)
{
	if (dns_tcp < 0)
		return;
	ck_assert_int_eq(look_up("truncated.test", 5000), 1);
	ck_assert_uint_eq(n, 6);
	ck_assert_int_ge(dns_stream, 0);
	ck_assert_int_eq(count_descriptors(), mine());
}
END_TEST

START_TEST(one_at_a_time)
{
	ck_assert_int_eq(sys->resolve(net, "silent.test", 5000), 0);
	ck_assert_int_eq(sys->resolve(net, "both.test", 5000), -EBUSY);
	ck_assert_int_eq(sys->resolved(net, list, &n), 0);
	sys->resolve_stop(net);
	ck_assert_int_eq(sys->timeout(net), -1);
	ck_assert_int_eq(sys->resolved(net, list, &n), -EAGAIN);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(look_up("both.test", 5000), 1);
	ck_assert_int_eq(look_up("four.test", 5000), 1);
	ck_assert_uint_eq(n, 1);
}
END_TEST

START_TEST(stopped_at_any_time)
{
	for (int turns = 0; turns < 8; turns++) {
		int e = sys->resolve(net, turns % 2 ? "both.test" : "silent-six.test", 5000);

		ck_assert_int_eq(e, 0);
		for (int i = 0; i < turns && !sys->resolved(net, list, &n); i++)
			wait_a_little();
		sys->resolve_stop(net);
		sys->resolve_stop(net);
		ck_assert_int_eq(sys->resolved(net, list, &n), -EAGAIN);
		ck_assert_int_eq(count_descriptors(), mine());
	}
}
END_TEST

START_TEST(freed_while_asking)
{
	ck_assert_int_eq(sys->resolve(net, "silent.test", 5000), 0);
	wait_a_little();
}
END_TEST

START_TEST(never_asked)
{
	ck_assert_int_eq(sys->resolved(net, list, &n), -EAGAIN);
	sys->resolve_stop(net);
	sys->turn(net);
	ck_assert_int_eq(sys->timeout(net), -1);
}
END_TEST

/* Nobody listens there: the kernel says so, and it is not "no such name". */
START_TEST(no_server)
{
	char servers[64];
	int port, fd = listen_on(4, SOCK_DGRAM, &port);

	close(fd);
	snprintf(servers, sizeof servers, "127.0.0.1:%d", port);
	ck_assert_int_eq(ptn_net_set_dns_servers(net, servers), 0);
	ck_assert_int_eq(look_up("both.test", 2000), -EAGAIN);
	ck_assert_int_eq(ptn_net_set_dns_servers(net, "no address"), 0);
	ck_assert_int_lt(look_up("both.test", 2000), 0);
	ck_assert_int_eq(ptn_net_set_dns_servers(net, NULL), 0);
	ck_assert_int_eq(look_up("127.0.0.1", 2000), 1);
}
END_TEST

/* A question that was lost is asked again. */
START_TEST(lost_question)
{
	char c[1500];

	ck_assert_int_eq(sys->resolve(net, "both.test", 4000), 0);
	poll(&(struct pollfd){.fd = dns, .events = POLLIN}, 1, 1000);
	while (recv(dns, c, sizeof c, MSG_DONTWAIT) > 0)
		;
	while (!sys->resolved(net, list, &n))
		wait_a_little();
	ck_assert_int_eq(sys->resolved(net, list, &n), 1);
	ck_assert_uint_eq(n, 2);
}
END_TEST

START_TEST(forgotten_by_a_child)
{
	int status;
	pid_t pid;

	ck_assert_int_eq(sys->resolve(net, "both.test", 5000), 0);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (!pid) {
		int bad;

		ptn_net_forget(net);
		bad = sys->resolved(net, list, &n) != -EAGAIN;
		ptn_net_free(net);
		_exit(bad);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	/* The answers still wake the parent, well before it would ask again. */
	while (asked < 2) {
		ck_assert_int_eq(poll(&(struct pollfd){.fd = dns, .events = POLLIN}, 1, 5000), 1);
		serve_udp();
	}
	if (HAS_EPOLL)
		ck_assert_int_eq(wakes(net, 800), 1);
	while (!sys->resolved(net, list, &n))
		wait_a_little();
	ck_assert_int_eq(sys->resolved(net, list, &n), 1);
	ck_assert_uint_eq(n, 2);
}
END_TEST

/* ---- memory ---------------------------------------------------------------------------------- */

static int left = -1; /* requests of c-ares that succeed, -1: all */
static int for_ever;

static int refuse(void)
{
	if (left < 0)
		return 0;
	if (left-- > 0)
		return 0;
	left = for_ever ? 0 : -1;
	return 1;
}

static void *get(size_t size)
{
	return refuse() ? NULL : malloc(size);
}

static void *get_again(void *p, size_t size)
{
	return refuse() ? NULL : realloc(p, size);
}

/* Each request of a look-up fails in turn, once or from there on.  No failure of ours may look
 * like a name that does not exist. */
START_TEST(memory_runs_out)
{
	static const char *const hosts[] = {"both.test", "four.test", "_one._tcp.example.test",
					    "_465._tcp.signed.test"};
	int e = 0, i;

	for_ever = _i & 1;
	ck_assert_int_eq(ares_library_init_mem(ARES_LIB_INIT_ALL, get, free, get_again), 0);
	for (i = 0; i < 2000; i++) {
		left = i;
		e = _i < 4   ? look_up(hosts[_i / 2], 200)
		    : _i < 6 ? find(hosts[_i / 2], 2000)
			     : find_what(PTN_FIND_ASSOCIATIONS, hosts[_i / 2], 2000);
		if (e != 1)
			ck_assert_msg(e == -ENOMEM || e == -EAGAIN, "request %d: %d", i, e);
		sys->resolve_stop(net);
		if (left > 0)
			break; /* it had all it asked for */
	}
	left = -1;
	ares_library_cleanup();
	ck_assert_int_gt(i, 10);
	ck_assert_int_lt(i, 2000);
	ck_assert_int_eq(e, 1);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "resolve");

	tcase_add_checked_fixture(t, set_up, tear_down);
	EACH(t, asked_of_a_server, lookups);
	EACH(t, services_are_found, finds);
	tcase_add_test(t, services_and_addresses);
	EACH(t, known_here, known);
	tcase_add_test(t, not_under_localhost);
	tcase_add_test(t, hosts_file);
	tcase_add_test(t, truncated_and_asked_over_tcp);
	tcase_add_test(t, one_at_a_time);
	tcase_add_test(t, stopped_at_any_time);
	tcase_add_test(t, freed_while_asking);
	tcase_add_test(t, never_asked);
	tcase_add_test(t, no_server);
	tcase_add_test(t, lost_question);
	tcase_add_test(t, forgotten_by_a_child);
	EACH(t, answers_are_vouched_for, vouched);
	tcase_add_test(t, who_is_believed);
	tcase_add_loop_test(t, memory_runs_out, 0, 8);
}
