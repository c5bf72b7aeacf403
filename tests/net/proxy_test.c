/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Conversations with proxies, good ones and others, in pieces of every kind.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"
#include "main.h"
#include "net/proxy.h"

/* How many requests for memory are still granted; -1: all. */
static int grants = -1;

void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);

void *__wrap_calloc(size_t count, size_t size)
{
	if (!grants)
		return NULL;
	if (grants > 0)
		grants--;
	return __real_calloc(count, size);
}

#define SOCKS "\5\0"
#define BASIC "bWU6U2VDckV0" /* me:SeCrEt */

static const struct ptn_proxy_settings socks = {.kind = PTN_PROXY_SOCKS5};
static const struct ptn_proxy_settings http = {.kind = PTN_PROXY_HTTP};
static const struct ptn_proxy_settings socks_login = {
	.kind = PTN_PROXY_SOCKS5, .user = (char *)"me", .password = (char *)"SeCrEt"};
static const struct ptn_proxy_settings http_login = {
	.kind = PTN_PROXY_HTTP, .user = (char *)"me", .password = (char *)"SeCrEt"};

/* One turn: what the client says, and what the proxy answers. */
struct turn {
	const char *says;
	size_t n;
	const char *answer;
	size_t m;
};

#define T(says, answer) \
	{ \
		says, sizeof(says) - 1, answer, sizeof(answer) - 1 \
	}

struct talk {
	const struct ptn_proxy_settings *set;
	const char *host;
	int port;
	struct turn turns[4];
	const char *rest; /* behind the answer: the server's */
};

#define CONNECT_NAME "\5\1\0\3\x10mail.example.org\2\x4B"
#define CONNECT_HTTP "CONNECT mail.example.org:587 HTTP/1.1\r\nHost: mail.example.org:587\r\n"

static const struct talk good[] = {
	{&socks,
	 "mail.example.org",
	 587,
	 {T("\5\1\0", "\5\0"), T(CONNECT_NAME, "\5\0\0\1\x7F\0\0\1\x10\x20")},
	 ""},
	{&socks,
	 "mail.example.org",
	 587,
	 {T("\5\1\0", "\5\0"), T(CONNECT_NAME, "\5\0\0\1\x7F\0\0\1\x10\x20")},
	 "220 mail.example.org ESMTP\r\n"},
	{&socks,
	 "192.0.2.7",
	 465,
	 {T("\5\1\0", "\5\0"), T("\5\1\0\1\xC0\0\2\7\1\xD1", "\5\0\0\4"
							     "0123456789abcdef"
							     "\x10\x20")},
	 "220 x\r\n"},
	{&socks,
	 "2001:db8::7",
	 65535,
	 {T("\5\1\0", "\5\0"),
	  T("\5\1\0\4\x20\1\xD\xB8\0\0\0\0\0\0\0\0\0\0\0\7\xFF\xFF", "\5\0\0\3\4host\x10\x20")},
	 "\5\0"},
	{&socks,
	 "a",
	 1,
	 {T("\5\1\0", "\5\0"), T("\5\1\0\3\1a\0\1", "\5\0\0\3\0\x10\x20")},
	 "220 x\r\n"},
	/* it asks for the password, or does not; the version of its verdict differs */
	{&socks_login,
	 "mail.example.org",
	 587,
	 {T("\5\2\0\2", "\5\2"), T("\1\2me\6SeCrEt", "\1\0"),
	  T(CONNECT_NAME, "\5\0\0\1\x7F\0\0\1\x10\x20")},
	 "220 x\r\n"},
	{&socks_login,
	 "mail.example.org",
	 587,
	 {T("\5\2\0\2", "\5\2"), T("\1\2me\6SeCrEt", "\5\0"),
	  T(CONNECT_NAME, "\5\0\0\1\x7F\0\0\1\x10\x20")},
	 ""},
	{&socks_login,
	 "mail.example.org",
	 587,
	 {T("\5\2\0\2", "\5\0"), T(CONNECT_NAME, "\5\0\0\1\x7F\0\0\1\x10\x20")},
	 "220 x\r\n"},
	{&http, "mail.example.org", 587, {T(CONNECT_HTTP "\r\n", "HTTP/1.1 200 OK\r\n\r\n")}, ""},
	{&http,
	 "mail.example.org",
	 587,
	 {T(CONNECT_HTTP "\r\n", "HTTP/1.0 200 Connection established\r\n\r\n")},
	 "220 mail.example.org ESMTP\r\n"},
	{&http,
	 "mail.example.org",
	 587,
	 {T(CONNECT_HTTP "\r\n",
	    "HTTP/1.1 204\r\nContent-Length: 10\r\nTransfer-Encoding: chunked\r\n\r\n")},
	 "HTTP/1.1 403 Forbidden\r\n\r\n"},
	{&http, "mail.example.org", 587, {T(CONNECT_HTTP "\r\n", "HTTP/1.1 299 \n\n")}, "\r\n"},
	{&http,
	 "mail.example.org",
	 587,
	 {T(CONNECT_HTTP "\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Wait\r\nX: y\r\n\r\n"
				 "HTTP/1.1 200 OK\r\nVia: z\r\n\r\n")},
	 "220 x\r\n"},
	{&http,
	 "2001:db8::7",
	 465,
	 {T("CONNECT [2001:db8::7]:465 HTTP/1.1\r\nHost: [2001:db8::7]:465\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n\r\n")},
	 "220 x\r\n"},
	{&http_login,
	 "mail.example.org",
	 587,
	 {T(CONNECT_HTTP "Proxy-Authorization: Basic " BASIC "\r\n\r\n",
	    "HTTP/1.1 200 OK\r\n\r\n")},
	 "220 x\r\n"},
};

/* Everything that is to be said, in pieces of at most `most`. */
static void expect_said(struct ptn_proxy *p, const struct turn *t, size_t most)
{
	struct ptn_buf said = {0};
	const char *out;
	size_t n;

	while ((n = ptn_proxy_out(p, &out)) > 0) {
		n = n < most ? n : most;
		ck_assert_int_eq(ptn_buf_add(&said, out, n), 0);
		ptn_proxy_wrote(p, n);
	}
	ck_assert_uint_eq(ptn_buf_len(&said), t->n);
	ck_assert_mem_eq(ptn_buf_data(&said), t->says, t->n);
	ptn_buf_free(&said);
}

/* What is fed is exactly as long as it says, so that reading over its end is found out. */
static size_t feed(struct ptn_proxy *p, const char *in, size_t n)
{
	char *exact = malloc(n ? n : 1);
	size_t used;

	if (!exact)
		ck_abort_msg("no memory");
	memcpy(exact, in, n);
	used = ptn_proxy_feed(p, exact, n);
	free(exact);
	return used;
}

/* The talk, its answers in two pieces cut at `cut` of them all, or octet by octet. */
static void run_good(const struct talk *t, size_t cut, int octets)
{
	struct ptn_proxy *p = ptn_proxy_new(t->set, t->host, t->port);
	struct ptn_buf in = {0};
	size_t before = 0, used;

	ck_assert_ptr_nonnull(p);
	for (const struct turn *u = t->turns; u->n; u++) {
		int last = !u[1].n;

		ck_assert_int_eq(ptn_proxy_stands(p), 0);
		ck_assert_int_eq(ptn_proxy_asked(p),
				 last && u != t->turns && t->set->kind == PTN_PROXY_SOCKS5
					 ? 1
					 : last && t->set->kind == PTN_PROXY_HTTP);
		expect_said(p, u, octets ? 1 : 1000);
		ptn_buf_clear(&in);
		ptn_buf_add(&in, u->answer, u->m);
		if (last)
			ptn_buf_puts(&in, t->rest);
		for (size_t at = 0, n; at < u->m; at += n) {
			n = ptn_buf_len(&in) - at;
			if (octets)
				n = 1;
			else if (before + at < cut && before + at + n > cut)
				n = cut - before - at;
			used = feed(p, ptn_buf_data(&in) + at, n);
			ck_assert_uint_eq(used, at + n > u->m ? u->m - at : n);
			ck_assert_int_eq(ptn_proxy_fault(p), 0);
		}
		before += u->m;
		if (last)
			ck_assert_int_eq(ptn_proxy_stands(p), 1);
	}
	ck_assert_str_eq(ptn_proxy_detail(p), "");
	/* What comes then is not the proxy's. */
	ck_assert_uint_eq(feed(p, "250 ok\r\n", 8), 0);
	ptn_proxy_ended(p);
	ck_assert_int_eq(ptn_proxy_fault(p), 0);
	ptn_proxy_free(p);
	ptn_buf_free(&in);
}

START_TEST(tunnels)
{
	run_good(&good[_i], 0, 1);
	for (size_t cut = 0; cut < 200; cut++)
		run_good(&good[_i], cut, 0);
}
END_TEST

/* ---- What goes wrong. ---- */

#define REFUSED PTN_FAULT_PROXY_REFUSED
#define MALFORMED PTN_FAULT_PROXY_MALFORMED
#define AUTH PTN_FAULT_PROXY_AUTH

static const struct {
	const struct ptn_proxy_settings *set;
	const char *in; /* all that it says, whatever is said to it */
	size_t n;
	int fault;
	const char *detail;
} bad[] = {
#define B(set, in, fault, detail) \
	{ \
		&set, in, sizeof(in) - 1, fault, detail \
	}
	B(socks, "H", MALFORMED, "it does not speak SOCKS5"),
	B(socks, "2", MALFORMED, "it does not speak SOCKS5"),
	B(socks, "\4", MALFORMED, "it does not speak SOCKS5"),
	B(socks, "\5\1", MALFORMED, "it chose a sign-in that was not offered"),
	B(socks, "\5\2", MALFORMED, "it chose a sign-in that was not offered"),
	B(socks, "\5\xFE", MALFORMED, "it chose a sign-in that was not offered"),
	B(socks, "\5\xFF", AUTH, "it wants a sign-in"),
	B(socks_login, "\5\xFF", AUTH, "it takes no sign-in by password"),
	B(socks_login, "\5\1", MALFORMED, "it chose a sign-in that was not offered"),
	B(socks_login, "\5\2\1\1", AUTH, ""),
	B(socks_login, "\5\2\1\xFF", AUTH, ""),
	B(socks_login, "\5\2\5\1", AUTH, ""),
	B(socks_login, "\5\2\1\0\4", MALFORMED, "it does not speak SOCKS5"),
	B(socks, "\5\0\4", MALFORMED, "it does not speak SOCKS5"),
	B(socks, "\5\0\5\1", REFUSED, "the proxy failed"),
	B(socks, "\5\0\5\2", REFUSED, "its rules do not allow it"),
	B(socks, "\5\0\5\3", REFUSED, "it has no route to the server's network"),
	B(socks, "\5\0\5\4", REFUSED, "it cannot reach the server"),
	B(socks, "\5\0\5\5", REFUSED, "the server refused the connection"),
	B(socks, "\5\0\5\6", REFUSED, "the server did not answer in time"),
	B(socks, "\5\0\5\7", REFUSED, "it does not make connections"),
	B(socks, "\5\0\5\x8", REFUSED, "it does not know this kind of address"),
	B(socks, "\5\0\5\x9", REFUSED, "for a reason that it did not give"),
	B(socks, "\5\0\5\xFF", REFUSED, "for a reason that it did not give"),
	B(socks_login, "\5\2\1\0\5\5", REFUSED, "the server refused the connection"),
	B(socks, "\5\0\5\0\0\2", MALFORMED, "it connected from an address of no known kind"),
	B(socks, "\5\0\5\0\0\0", MALFORMED, "it connected from an address of no known kind"),
	B(http, "HTTP/1.1 407 Proxy Authentication Required\r\n", AUTH,
	  "407 Proxy Authentication Required"),
	B(http_login, "HTTP/1.1 407 Who?\r\n", AUTH, "407 Who?"),
	B(http, "HTTP/1.1 403 Forbidden\r\n", REFUSED, "403 Forbidden"),
	B(http, "HTTP/1.1 403 Forbidden\n", REFUSED, "403 Forbidden"),
	B(http, "HTTP/1.1 403\r\n", REFUSED, "403"),
	B(http, "HTTP/1.0 500 Internal\r\n", REFUSED, "500 Internal"),
	B(http, "HTTP/1.1 502 Bad Gateway\r\n", REFUSED, "502 Bad Gateway"),
	B(http, "HTTP/1.1 503 \xFF\x1B[31m\r\n", REFUSED, "503 \xFF\x1B[31m"),
	B(http, "HTTP/1.1 504 Gateway Timeout\r\n", REFUSED, "504 Gateway Timeout"),
	B(http, "HTTP/1.1 302 Found\r\n", REFUSED, "302 Found"),
	B(http, "HTTP/1.1 099 Low\r\n", REFUSED, "099 Low"),
	B(http, "HTTP/1.1 999 High\r\n", REFUSED, "999 High"),
	B(http, "HTTP/1.1 100 Go on\r\n\r\nHTTP/1.1 403 No\r\n", REFUSED, "403 No"),
	B(http, "2", MALFORMED, "it does not speak HTTP"),
	B(http, "\5", MALFORMED, "it does not speak HTTP"),
	B(http, "\n", MALFORMED, "it does not speak HTTP"),
	B(http, "\r\n", MALFORMED, "it does not speak HTTP"),
	B(http, "h", MALFORMED, "it does not speak HTTP"),
	B(http, "HTTP/2", MALFORMED, "it does not speak HTTP"),
	B(http, "HTTP/1.1\r\n", MALFORMED, "it does not speak HTTP"),
	B(http, "HTTP/1.1 20\r\n", MALFORMED, "it does not speak HTTP"),
	B(http, "HTTP/1.1 2000", MALFORMED, "it does not speak HTTP"),
	B(http, "HTTP/1.1 2x", MALFORMED, "it does not speak HTTP"),
	B(http, "HTTP/1.\r1", MALFORMED, "it does not speak HTTP"),
	B(http, "HTTP/1.1 100 x\r\n\r\n2", MALFORMED, "it does not speak HTTP"),
	/* what would show our secrets is not shown */
	B(http_login, "HTTP/1.1 407 not SeCrEt\r\n", AUTH, ""),
	B(http_login, "HTTP/1.1 403 Basic " BASIC "\r\n", REFUSED, ""),
};

/* The whole conversation, whoever speaks when, octet by octet: it fails with the last octet, and
 * nothing more is said then. */
START_TEST(refusals)
{
	struct ptn_proxy *p = ptn_proxy_new(bad[_i].set, "mail.example.org", 587);
	const char *out;

	for (size_t i = 0; i < bad[_i].n; i++) {
		ck_assert_int_eq(ptn_proxy_fault(p), 0);
		ck_assert_uint_eq(feed(p, bad[_i].in + i, 1), 1);
		ck_assert_int_eq(ptn_proxy_stands(p), 0);
	}
	ck_assert_str_eq(ptn_fault_id(ptn_proxy_fault(p)), ptn_fault_id(bad[_i].fault));
	ck_assert_str_eq(ptn_proxy_detail(p), bad[_i].detail);
	ck_assert_uint_eq(ptn_proxy_out(p, &out), 0);
	ck_assert_uint_eq(feed(p, SOCKS, 2), 0);
	ptn_proxy_ended(p);
	ck_assert_str_eq(ptn_proxy_detail(p), bad[_i].detail);
	ptn_proxy_free(p);
}
END_TEST

/* A connection that ends at any place: which fault it is depends on how far it was. */
START_TEST(cut_off)
{
	const struct talk *t = &good[_i];
	struct ptn_buf in = {0};

	for (const struct turn *u = t->turns; u->n; u++)
		ptn_buf_add(&in, u->answer, u->m);
	for (size_t n = 0; n < ptn_buf_len(&in); n++) {
		struct ptn_proxy *p = ptn_proxy_new(t->set, t->host, t->port);
		int signs_in = t->turns[2].n > 0;
		int fault = t->set->kind == PTN_PROXY_HTTP ? REFUSED
			    : n < 2                        ? MALFORMED
			    : signs_in && n < 4            ? AUTH
							   : REFUSED;

		ck_assert_uint_eq(feed(p, ptn_buf_data(&in), n), n);
		ck_assert_int_eq(ptn_proxy_stands(p), 0);
		ptn_proxy_ended(p);
		ck_assert_str_eq(ptn_fault_id(ptn_proxy_fault(p)), ptn_fault_id(fault));
		ck_assert_str_eq(ptn_proxy_detail(p), "it closed the connection");
		ptn_proxy_free(p);
	}
	ptn_buf_free(&in);
}
END_TEST

/* 16 KiB of header are read, one octet more is not; a long reason is cut. */
START_TEST(long_answers)
{
	static const char start[] = "HTTP/1.1 200 OK\r\n";
	enum { MOST = 16 * 1024 };

	for (size_t n = MOST - 3; n <= MOST + 3; n++) {
		struct ptn_proxy *p = ptn_proxy_new(&http, "h", 25);
		size_t used = feed(p, start, sizeof start - 1);

		for (; used < n - 4; used++)
			ck_assert_uint_eq(feed(p, used % 80 ? "x" : "\n", 1), 1);
		feed(p, "\r\n\r\n", 4);
		ck_assert_int_eq(ptn_proxy_stands(p), n <= MOST);
		ck_assert_str_eq(ptn_proxy_detail(p), n <= MOST ? "" : "its answer has no end");
		ck_assert_int_eq(ptn_proxy_fault(p), n <= MOST ? 0 : MALFORMED);
		ptn_proxy_free(p);
	}
	for (size_t n = 1; n < 1000; n += 7) {
		struct ptn_proxy *p = ptn_proxy_new(&http, "h", 25);
		const char *end = "\r\n";

		feed(p, "HTTP/1.1 403 ", 13);
		for (size_t i = 0; i < n; i++)
			ck_assert_uint_eq(feed(p, "y", 1), 1);
		feed(p, end, 2);
		ck_assert_int_eq(ptn_proxy_fault(p), REFUSED);
		ck_assert_uint_lt(strlen(ptn_proxy_detail(p)), 200);
		ck_assert_uint_eq(strncmp(ptn_proxy_detail(p), "403 y", 5), 0);
		ptn_proxy_free(p);
	}
}
END_TEST

/* A name too long for SOCKS5 is never sent in part. */
START_TEST(long_names)
{
	char name[300];

	for (size_t n = 250; n < 260; n++) {
		struct ptn_proxy *p;
		const char *out;

		memset(name, 'a', n);
		name[n] = '\0';
		p = ptn_proxy_new(&socks, name, 25);
		ck_assert_ptr_nonnull(p);
		ptn_proxy_wrote(p, ptn_proxy_out(p, &out));
		feed(p, SOCKS, 2);
		ck_assert_int_eq(ptn_proxy_fault(p) != 0, n > 255);
		ck_assert_uint_eq(ptn_proxy_out(p, &out), n > 255 ? 0 : n + 7);
		ptn_proxy_free(p);
	}
}
END_TEST

/* ---- Chance and memory. ---- */

static uint32_t state = 2463534242u;

static uint32_t next(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

/* Any octets, most of them from a good talk: it fails, stands or waits, and takes no more than
 * there is. */
START_TEST(any_octets_are_safe)
{
	int stood = 0, failed = 0;

	for (int round = 0; round < 100000; round++) {
		const struct talk *t = &good[next(sizeof good / sizeof *good)];
		struct ptn_proxy *p = ptn_proxy_new(t->set, t->host, t->port);
		char in[256];
		size_t n = 0, used;

		for (const struct turn *u = t->turns; u->n; u++) {
			memcpy(in + n, u->answer, u->m);
			n += u->m;
		}
		for (uint32_t times = next(4); times; times--)
			in[next((uint32_t)n)] = (char)next(256);
		used = feed(p, in, n);
		if (used > n || (ptn_proxy_stands(p) && ptn_proxy_fault(p)) ||
		    (used < n && !ptn_proxy_stands(p) && !ptn_proxy_fault(p)) ||
		    strlen(ptn_proxy_detail(p)) >= 200)
			ck_abort_msg("round %d", round);
		stood += ptn_proxy_stands(p);
		failed += ptn_proxy_fault(p) != 0;
		ptn_proxy_free(p);
	}
	ck_assert_int_gt(stood, 1000);
	ck_assert_int_gt(failed, 1000);
}
END_TEST

/* Each request for memory fails in turn. */
START_TEST(without_memory)
{
	const struct talk *t = &good[_i];
	int n = 0, stood = 0;

	for (; !stood; n++) {
		struct ptn_proxy *p;

		ck_assert_int_lt(n, 40);
		grants = n;
		p = ptn_proxy_new(t->set, t->host, t->port);
		for (const struct turn *u = t->turns; p && u->n; u++) {
			const char *out;

			ptn_proxy_wrote(p, ptn_proxy_out(p, &out));
			feed(p, u->answer, u->m);
		}
		grants = -1;
		stood = p && ptn_proxy_stands(p);
		if (p && !stood)
			ck_assert_int_eq(ptn_proxy_fault(p), PTN_FAULT_NO_MEMORY);
		ptn_proxy_free(p);
	}
	ck_assert_int_gt(n, 3);
}
END_TEST

/* Without memory to look for our secrets in it, what the proxy says is not shown. */
START_TEST(no_memory_to_look)
{
	struct ptn_proxy *p = ptn_proxy_new(&http_login, "h", 25);

	grants = 0;
	feed(p, "HTTP/1.1 403 SeCrEt\r\n", 21);
	grants = -1;
	ck_assert_int_eq(ptn_proxy_fault(p), REFUSED);
	ck_assert_str_eq(ptn_proxy_detail(p), "");
	ptn_proxy_free(p);
	ptn_proxy_free(NULL);
	ptn_proxy_settings_free(NULL);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "proxy");

	EACH(t, tunnels, good);
	EACH(t, refusals, bad);
	EACH(t, cut_off, good);
	tcase_add_test(t, long_answers);
	tcase_add_test(t, long_names);
	tcase_add_test(t, any_octets_are_safe);
	EACH(t, without_memory, good);
	tcase_add_test(t, no_memory_to_look);
}
