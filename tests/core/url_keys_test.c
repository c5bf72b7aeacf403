/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a URL sets on a handle, and the words when it cannot: and the setters of the way to a
 * service.
 */
#include <stdio.h>
#include <string.h>

#include "handle.h"
#include "main.h"
#include "memory.h"
#include "net/proxy.h"
#include "smtp/capability.h"

static void expect_error(const postern *p, const char *part)
{
	if (*part)
		ck_assert_msg(strstr(postern_error(p), part), "\"%s\" not in: %s", part,
			      postern_error(p));
	else
		ck_assert_str_eq(postern_error(p), "");
	ck_assert_ptr_null(strstr(postern_error(p), "SeCrEt"));
}

/* ---- Parameters that are refused. ---- */

#define PIN "sha256:MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="

static const struct {
	const char *url, *why; /* how the sentence begins */
} bad[] = {
	{"smtp://h?name=a_b", "name"},
	{"smtp://h?name=192.0.2.1", "name"},
	{"smtp://h?timeout=-1", "timeout= takes whole numbers"},
	{"smtp://h?timeout=1s", "timeout= takes whole numbers"},
	{"smtp://h?timeout=1.5", "timeout= takes whole numbers"},
	{"smtp://h?timeout=2147484", "timeout= takes whole numbers, from 0 to 2147483"},
	{"smtp://h?timeout=18446744073709551616", "timeout= takes whole numbers"},
	{"smtp://h?auth=PLAIN;LOGIN", "auth=: mechanisms: this build does not know"},
	{"smtp://h?auth=FOO", "auth=: mechanisms: this build does not know \"FOO\""},
	{"smtp://h?cafile=/nonexistent.pem", "cafile: "},
	{"smtp://h?dane=yes", "dane= takes 0 or 1"},
	{"smtp://h?dane=2", "dane= takes 0 or 1"},
	{"smtp://h?dane=00", "dane= takes 0 or 1"},
	{"smtp://h?source=x", "source: \"x\" is not an address"},
	{"smtp://h?proxy=h", "proxy: it begins with socks5:// or http://"},
	{"smtp://h?proxy=socks5://u:SeCrEt%2540%2500%40h", "proxy: password: control"},
	{"smtp://h?binding=true", "binding= takes 0 or 1"},
	{"smtp://h?pin=sha256:x", "pin=: "},
	{"smtp://h?pin=md5:x&pin-only=1", "pin=: "},
	{"smtp://h?pin=" PIN "&pin-only=yes", "pin-only= takes 0 or 1"},
	{"smtp://h?pin-only=1", "pin-only= says how to take pin="},
	{"smtp://h?cert=/nonexistent.pem", "cert=: certificate: "},
	{"smtp://h?cert=/nonexistent.pem&key=/nonexistent.pem", "cert=: certificate: "},
	{"smtp://h?key=/nonexistent.pem", "key= goes with cert="},
	{"smtp://h?tls-min=1.1", "tls-min=: TLS minimum: "},
	{"smtp://h?tls-min=tls1.3", "tls-min=: TLS minimum: "},
	{"smtp://h?staple=2", "staple= takes 0 or 1"},
	{"smtp://h?resume=no", "resume= takes 0 or 1"},
	{"smtp://h?connections=0", "connections: "},
	{"smtp://h?connections=65", "connections: "},
	{"smtp://h?connections=x", "connections= takes whole numbers"},
	{"smtp://h?connections=2147483648", "connections= takes whole numbers"},
	{"smtp://h?window=65", "window: "},
	{"smtp://h?window=8/", "window= takes whole numbers"},
	{"smtp://h?window=/8", "window= takes whole numbers"},
	{"smtp://h?window=8/8/8", "window= takes whole numbers"},
	{"smtp://h?rate=10/", "rate= takes whole numbers"},
	{"smtp://h?rate=10/0", "rate"},
	{"smtp://h?rate=10/2147484", "rate= takes whole numbers"},
	{"smtp://h?rate=ten", "rate= takes whole numbers"},
	{"smtp://h?chunking=off", "chunking= takes 0 or 1"},
	{"unix:/run/x?proxy=socks5://h", "proxy: a Unix socket"},
	{"unix:/run/x?source=192.0.2.1", "source: a connection to a Unix socket"},
	{"unix:/run/x?name=a_b", "name"},
};

START_TEST(parameters_are_refused)
{
	postern *p = postern_new(bad[_i].url);

	expect_error(p, bad[_i].why);
	ck_assert_msg(!strncmp(postern_error(p), bad[_i].why, strlen(bad[_i].why)), "%s",
		      postern_error(p));
	/* It is the URL that is wrong: no setter takes that back. */
	ck_assert_int_eq(postern_set_name(p, NULL), 0);
	ck_assert_int_eq(postern_set_limit(p, POSTERN_LIMIT_OVERALL, 0), 0);
	ck_assert_int_eq(postern_set_mechanisms(p, NULL), 0);
	ck_assert_int_eq(postern_set_proxy(p, NULL), 0);
	ck_assert_int_eq(postern_set_source(p, NULL), 0);
	ck_assert_int_eq(postern_set_dane(p, 0), 0);
	expect_error(p, bad[_i].why);
	postern_free(p);
}
END_TEST

START_TEST(a_url_sets_all)
{
	postern *p = postern_new("smtp://us%40er:p%3Ass@mail.example.org?ports=587,465&auth=plain,"
				 "SCRAM-SHA-256&name=client.example.org&timeout=7&dane=1&"
				 "proxy=http://a:b%40proxy.example.net:3128&source=192.0.2.9%20"
				 "2001:db8::9&binding=1&pin=" PIN "&tls-min=1.3&staple=1&resume=0&"
				 "connections=3&window=4/5000&rate=10/60&chunking=0");

	expect_error(p, "");
	ck_assert_str_eq(p->set.host, "mail.example.org");
	ck_assert_uint_eq(p->set.n_ports, 2);
	ck_assert_str_eq(p->set.name, "client.example.org");
	ck_assert_int_eq(p->set.limits[POSTERN_LIMIT_OVERALL], 7000);
	ck_assert_int_eq(p->set.dane, 1);
	ck_assert_str_eq(p->set.proxy->host, "proxy.example.net");
	ck_assert_str_eq(p->set.proxy->user, "a");
	ck_assert_int_eq(p->set.source[0].family, 4);
	ck_assert_int_eq(p->set.source[1].family, 6);
	ck_assert_ptr_null(p->set.socket_path);
	ck_assert_int_eq(p->set.binding_required, 1);
	ck_assert_uint_eq(p->set.tls.n_pins, 1);
	ck_assert_mem_eq(p->set.tls.pins[0], "0123456789abcdef0123456789abcdef", 32);
	ck_assert_int_eq(p->set.tls.pins_only, 0);
	ck_assert_int_eq(p->set.tls.minimum_13, 1);
	ck_assert_int_eq(p->set.tls.staple_required, 1);
	ck_assert_int_eq(p->set.tls.no_resumption, 1);
	ck_assert_uint_eq(p->set.flow.connections, 3);
	ck_assert_uint_eq(p->set.flow.window_mails, 4);
	ck_assert_uint_eq(p->set.flow.window_octets, 5000);
	ck_assert_uint_eq(p->set.flow.rate_mails, 10);
	ck_assert_int_eq(p->set.flow.rate_ms, 60000);
	ck_assert_uint_eq(p->set.flow.without, PTN_CAP_CHUNKING);
	postern_free(p);
}
END_TEST

/* The other values, and numbers alone. */
START_TEST(a_url_sets_less)
{
	postern *p = postern_new("smtp://h?pin=" PIN "&pin-only=1&binding=0&tls-min=1.2&staple=0&"
				 "resume=1&window=2&rate=5&chunking=1&dane=0");

	expect_error(p, "");
	ck_assert_int_eq(p->set.tls.pins_only, 1);
	ck_assert_int_eq(p->set.binding_required, 0);
	ck_assert_int_eq(p->set.tls.minimum_13, 0);
	ck_assert_int_eq(p->set.tls.no_resumption, 0);
	ck_assert_uint_eq(p->set.flow.window_mails, 2);
	ck_assert_uint_eq(p->set.flow.window_octets, 262144);
	ck_assert_uint_eq(p->set.flow.rate_mails, 5);
	ck_assert_int_eq(p->set.flow.rate_ms, 1000);
	ck_assert_uint_eq(p->set.flow.without, 0);
	postern_free(p);
	p = postern_new("smtp://h?rate=0&pin=" PIN "&pin-only=0");
	expect_error(p, "");
	ck_assert_uint_eq(p->set.flow.rate_mails, 0);
	ck_assert_int_eq(p->set.tls.pins_only, 0);
	postern_free(p);
}
END_TEST

START_TEST(a_socket_is_set)
{
	postern *p = postern_new("unix:/run/smtp.sock?name=client.example.org&auth=PLAIN");

	expect_error(p, "");
	ck_assert_str_eq(p->set.socket_path, "/run/smtp.sock");
	ck_assert_uint_eq(p->set.n_ports, 1);
	ck_assert_int_eq(p->set.ports[0].port, 0);
	ck_assert_int_eq(p->set.ports[0].mode, PTN_MODE_NONE);
	ck_assert_str_eq(p->set.name, "client.example.org");
	/* What has no meaning for a socket is refused, and can be taken back. */
	ck_assert_int_eq(postern_set_ports(p, "587"), POSTERN_E_ARG);
	expect_error(p, "ports: a Unix socket has none");
	ck_assert_int_eq(postern_set_ports(p, NULL), 0);
	ck_assert_int_eq(p->set.ports[0].port, 0);
	ck_assert_int_eq(postern_set_discovery(p, "example.org", NULL), POSTERN_E_ARG);
	expect_error(p, "discovery: a Unix socket");
	ck_assert_int_eq(postern_set_discovery(p, NULL, NULL), 0);
	ck_assert_int_eq(postern_set_proxy(p, "socks5://h"), POSTERN_E_ARG);
	ck_assert_int_eq(postern_set_proxy(p, NULL), 0);
	ck_assert_int_eq(postern_set_source(p, "192.0.2.1"), POSTERN_E_ARG);
	ck_assert_int_eq(postern_set_source(p, NULL), 0);
	expect_error(p, "");
	postern_free(p);
}
END_TEST

/* ---- Proxies. ---- */

static const struct {
	const char *url;
	int kind, port;
	const char *host, *user, *password;
} proxies[] = {
	{"socks5://proxy.example.net", PTN_PROXY_SOCKS5, 1080, "proxy.example.net", NULL, NULL},
	{"SOCKS5://proxy.example.net/", PTN_PROXY_SOCKS5, 1080, "proxy.example.net", NULL, NULL},
	{"socks5h://192.0.2.1:1081", PTN_PROXY_SOCKS5, 1081, "192.0.2.1", NULL, NULL},
	{"socks5://u:p@[2001:db8::1]:1", PTN_PROXY_SOCKS5, 1, "2001:db8::1", "u", "p"},
	{"socks5://u%40x:p%3A%2F@h.:9", PTN_PROXY_SOCKS5, 9, "h", "u@x", "p:/"},
	{"socks5://u%3Av:p@h", PTN_PROXY_SOCKS5, 1080, "h", "u:v", "p"},
	{"http://proxy.example.net:3128", PTN_PROXY_HTTP, 3128, "proxy.example.net", NULL, NULL},
	{"http://u:@localhost:8080/", PTN_PROXY_HTTP, 8080, "localhost", "u", ""},
	{"HTTP://u:p%25@[::1]:65535", PTN_PROXY_HTTP, 65535, "::1", "u", "p%"},
};

START_TEST(proxies_that_are_good)
{
	postern *p = postern_new("mail.example.org");

	ck_assert_msg(!postern_set_proxy(p, proxies[_i].url), "%s", postern_error(p));
	ck_assert_int_eq(p->set.proxy->kind, proxies[_i].kind);
	ck_assert_int_eq(p->set.proxy->port, proxies[_i].port);
	ck_assert_str_eq(p->set.proxy->host, proxies[_i].host);
	ck_assert_pstr_eq(p->set.proxy->user, proxies[_i].user);
	ck_assert_pstr_eq(p->set.proxy->password, proxies[_i].password);
	ck_assert_int_eq(postern_set_proxy(p, "socks5://other"), 0);
	ck_assert_str_eq(p->set.proxy->host, "other");
	ck_assert_int_eq(postern_set_proxy(p, NULL), 0);
	ck_assert_ptr_null(p->set.proxy);
	postern_free(p);
}
END_TEST

#define LONG64 "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LONG256 LONG64 LONG64 LONG64 LONG64

static const struct {
	const char *url, *why;
} bad_proxies[] = {
	{"", "no host or URL"},
	{"proxy.example.net", "begins with socks5:// or http://"},
	{"proxy.example.net:1080", "begins with socks5:// or http://"},
	{"socks4://h", "begins with socks5://"},
	{"socks://h", "begins with socks5://"},
	{"https://h:1", "begins with socks5://"},
	{"smtp://h", "begins with socks5://"},
	{"://h", "begins with socks5://"},
	{"socks5://", "no host is named"},
	{"socks5://:1080", "no host is named"},
	{"socks5://h:", "no port"},
	{"socks5://h:0", "no port"},
	{"socks5://h:65536", "no port"},
	{"socks5://h:1:2", "brackets"},
	{"socks5://::1", "brackets"},
	{"socks5://a..b", "empty"},
	{"socks5://h/x", "nothing may follow"},
	{"socks5://h//", "nothing may follow"},
	{"socks5://h?x=y", "nothing may follow"},
	{"socks5://h#x", "nothing may follow"},
	{"socks5://u@h", "no password"},
	{"socks5://u:Se/CrEt@h", "%2F"},
	{"socks5://u:Se@CrEt@h", "%40"},
	{"socks5://u:Se:CrEt@h", "%3A"},
	{"socks5://u:Se%CrEt@h", "hexadecimal"},
	{"socks5://u:SeCrEt%0D%0A@h", "control"},
	{"socks5://u:SeCrEt%00@h", "control"},
	{"http://u:SeCrEt%0a@h:1", "control"},
	{"http://u%0D:SeCrEt@h:1", "control"},
	{"socks5://u:SeCrEt\r\n@h", "control"},
	{"socks5://h\n", "control"},
	{"socks5://u:SeCrEt%FF@h", "UTF-8"},
	{"socks5://:SeCrEt@h", "user"},
	{"socks5://u:@h", "1 to 255"},
	{"socks5://u:" LONG256 "@h", "1 to 255"},
	{"socks5://" LONG256 ":p@h", "1 to 255"},
	{"http://h", "no usual port"},
	{"http://u:SeCrEt@h/", "no usual port"},
	{"http://u%3Av:SeCrEt@h:1", "RFC 7617"},
};

START_TEST(proxies_that_are_bad)
{
	postern *p = postern_new("mail.example.org");

	ck_assert_int_eq(postern_set_proxy(p, "socks5://first"), 0);
	ck_assert_int_eq(postern_set_proxy(p, bad_proxies[_i].url), POSTERN_E_ARG);
	expect_error(p, bad_proxies[_i].why);
	ck_assert_int_eq(strncmp(postern_error(p), "proxy: ", 7), 0);
	ck_assert_ptr_null(strstr(postern_error(p), "CrEt"));
	ck_assert_str_eq(p->set.proxy->host, "first"); /* as it was */
	ck_assert_int_eq(postern_set_proxy(p, "socks5://h"), 0);
	expect_error(p, "");
	postern_free(p);
	ck_assert_int_eq(postern_set_proxy(NULL, bad_proxies[_i].url), POSTERN_E_NOMEM);
}
END_TEST

/* ---- Our own addresses. ---- */

static const struct {
	const char *text, *four, *six, *why;
} sources[] = {
	{"192.0.2.9", "192.0.2.9", NULL, NULL},
	{"2001:db8::9", NULL, "2001:db8::9", NULL},
	{"192.0.2.9 2001:db8::9", "192.0.2.9", "2001:db8::9", NULL},
	{"2001:db8::9,192.0.2.9", "192.0.2.9", "2001:db8::9", NULL},
	{" 127.0.0.2 ", "127.0.0.2", NULL, NULL},
	{"", NULL, NULL, "no address is named"},
	{" , ", NULL, NULL, "no address is named"},
	{"localhost", NULL, NULL, "\"localhost\" is not an address"},
	{"192.0.2.9 192.0.2.10", NULL, NULL, "second address of its family"},
	{"::1,::2", NULL, NULL, "second address of its family"},
	{"192.0.2.9 2001:db8::9 x", NULL, NULL, "\"x\""},
	{"192.0.2.256", NULL, NULL, "is not an address"},
	{"[::1]", NULL, NULL, "is not an address"},
	{"192.0.2.9/24", NULL, NULL, "is not an address"},
	{"192.0.2.9:25", NULL, NULL, "is not an address"},
	{"192.0.2.9\n", NULL, NULL, "\\x0A"},
	{"\033[31m", NULL, NULL, "\\x1B"},
};

static void expect_address(const struct ptn_address *a, int family, const char *text)
{
	char shown[PTN_NET_TEXT];

	ck_assert_int_eq(a->family, text ? family : 0);
	if (!text)
		return;
	ptn_net_print(a, shown, sizeof shown);
	ck_assert_str_eq(shown, text);
}

START_TEST(own_addresses)
{
	postern *p = postern_new("mail.example.org");

	ck_assert_int_eq(postern_set_source(p, sources[_i].text),
			 sources[_i].why ? POSTERN_E_ARG : 0);
	expect_error(p, sources[_i].why ? sources[_i].why : "");
	expect_address(&p->set.source[0], 4, sources[_i].four);
	expect_address(&p->set.source[1], 6, sources[_i].six);
	ck_assert_int_eq(postern_set_source(p, NULL), 0);
	expect_error(p, "");
	ck_assert_int_eq(p->set.source[0].family | p->set.source[1].family, 0);
	postern_free(p);
	ck_assert_int_eq(postern_set_source(NULL, sources[_i].text), POSTERN_E_NOMEM);
}
END_TEST

/* ---- Memory. ---- */

START_TEST(memory_fails_at_each_place)
{
	const char *why;
	int good = 0;

	for (int n = 0; !good; n++) {
		postern *p;

		ck_assert_int_lt(n, 80);
		grants = n;
		p = postern_new("smtp://u:p@h.example?auth=PLAIN&name=x&timeout=1&"
				"proxy=http://a:b%40c:3128&source=::1&discover=1&dane=1");
		grants = -1;
		if (!p)
			continue;
		good = !ptn_sticky_first(&p->sticky, &why); /* there may be no memory for words */
		if (good)
			ck_assert_str_eq(p->set.domain, "h.example");
		else
			ck_assert_int_eq(p->sticky.at[PTN_SET_SERVER].code, POSTERN_E_NOMEM);
		postern_free(p);
	}
}
END_TEST

START_TEST(setters_without_memory)
{
	postern *p = postern_new("mail.example.org");
	int err = POSTERN_E_NOMEM;

	ck_assert_int_eq(postern_set_proxy(p, "socks5://first"), 0);
	for (int n = 0; err; n++) {
		grants = n;
		err = postern_set_proxy(p, "http://u:p@h:1");
		grants = -1;
		ck_assert(!err || err == POSTERN_E_NOMEM);
		ck_assert_str_eq(p->set.proxy->host, err ? "first" : "h");
		ck_assert_int_lt(n, 20);
	}
	expect_error(p, "");
	postern_free(p);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "url_keys");

	EACH(t, parameters_are_refused, bad);
	tcase_add_test(t, a_url_sets_all);
	tcase_add_test(t, a_url_sets_less);
	tcase_add_test(t, a_socket_is_set);
	EACH(t, proxies_that_are_good, proxies);
	EACH(t, proxies_that_are_bad, bad_proxies);
	EACH(t, own_addresses, sources);
	tcase_add_test(t, memory_fails_at_each_place);
	tcase_add_test(t, setters_without_memory);
}
