/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Through a proxy, SOCKS5 or HTTP: what it is asked, and what it may answer.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fixture.h"
#include "main.h"

/* Listeners 1 and 2 are servers, 3 and 4 proxies. */
#define MODES "starttls implicit socks5 http-proxy"
enum { SOCKS, HTTP, SHORT = 300 };

static const char *const kinds[] = {"socks5", "http"};

static void use_proxy(postern *p, const struct box *b, int kind, const char *login)
{
	char url[128];

	snprintf(url, sizeof(url), "%s://%s127.0.0.1:%d", kinds[kind], login, b->port[2 + kind]);
	ck_assert_int_eq(postern_set_proxy(p, url), 0);
}

/* A handle for this server, whose name only the proxy may know, on the listeners' real ports. */
static postern *client(const struct box *b, const char *server, const char *ports)
{
	postern *p = postern_new(server);
	char list[64];

	snprintf(list, sizeof(list), "%d/%s,%d/%s", b->port[0], b->mode[0], b->port[1], b->mode[1]);
	ck_assert_int_eq(postern_set_ports(p, ports ? ports : list), 0);
	ck_assert_int_eq(postern_set_trust(p, b->ca), 0);
	ck_assert_int_eq(postern_set_login(p, "user", "password"), 0);
	return p;
}

/* ---- it connects ---- */

static const struct way {
	const char *server, *wanted; /* the option for the proxy's user, and what is in the URL */
	const char *login, *asked;
	const char *option, *value; /* one more, for the proxy */
} ways[] = {
	{"localhost", NULL, "", "asked for localhost port ", NULL, NULL},
	{"mail.sandbox.test", NULL, "", "asked for mail.sandbox.test port ", NULL, NULL},
	{"127.0.0.1", NULL, "", "asked for 127.0.0.1 port ", NULL, NULL},
	{"other.sandbox.test", NULL, "", "asked for other.sandbox.test port ", "--certificate",
	 "wildcard"},
	{"localhost", "jo:secret", "jo:secret@", "user jo, good", NULL, NULL},
	{"localhost", "jo@x:s:e/c%", "jo%40x:s%3Ae%2Fc%25@", "user jo@x, good", NULL, NULL},
	{"localhost", NULL, "jo:secret@", "asked for localhost port ", NULL, NULL},
};

enum { WAYS = sizeof(ways) / sizeof(*ways) };

START_TEST(connects)
{
	const struct way *w = &ways[_i / 2];
	int kind = _i % 2;
	struct box b;
	postern_mail *m[2] = {a_mail("a@example.com"), a_mail("b@example.com")};
	char user[64];
	postern *p;

	printf("%s by %s%s\n", w->server, w->login, kinds[kind]);
	snprintf(user, sizeof(user), "--proxy-user=%s", w->wanted ? w->wanted : "nobody:x");
	box_open(&b, MODES, NULL, "--judge", "--map", "other.sandbox.test=127.0.0.1",
		 w->option ? w->option : "--open", w->option ? w->value : "--open", "--on",
		 w->wanted ? "all" : "1", user, NULL);
	p = client(&b, w->server, NULL);
	use_proxy(p, &b, kind, w->login);
	for (int i = 0; i < 2; i++) {
		if (postern_send(p, m[i]) != 0)
			box_show(&b);
		ck_assert_str_eq(postern_mail_error(m[i]), "");
	}
	ck_assert_int_eq(box_kept(&b, "queue_id", "\"tls\": \"TLS1.3\""), 2);
	ck_assert_int_eq(box_count(&b, w->asked), 1);
	ck_assert_str_eq(postern_route_host(p), w->server);
	ck_assert_int_eq(postern_route_port(p), b.port[0]);
	ck_assert_int_eq(postern_quit(p), 0);
	postern_free(p);
	box_quiet(&b);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	for (int i = 0; i < 2; i++)
		postern_mail_free(m[i]);
	box_close(&b);
}
END_TEST

/* Words of success that are seldom seen. */
static const struct {
	int kind;
	const char *reply;
} welcomes[] = {
	{SOCKS, "CONNECT=\\x05\\0\\0\\x03\\x09proxy.org\\x04\\x38"},
	{SOCKS, "CONNECT=\\x05\\0\\0\\x03\\0\\0\\0"},
	{SOCKS, "CONNECT=\\x05\\0\\0\\x04xxxxxxxxxxxxxxxx\\0\\x19"},
	{SOCKS, "CONNECT=\\x05\\0\\xff\\x01\\xff\\xff\\xff\\xff\\xff\\xff"},
	{HTTP, "CONNECT=HTTP/1.0 200 Connection established\\r\\n\\r\\n"},
	{HTTP, "CONNECT=HTTP/1.1 200 \\r\\n\\r\\n"},
	{HTTP, "CONNECT=HTTP/1.1 200\\r\\n\\r\\n"},
	{HTTP, "CONNECT=HTTP/1.1 204 x\\r\\nVia: y\\r\\nContent-Length: 5\\r\\nX:\\r\\n\\r\\n"},
	{HTTP, "CONNECT=HTTP/1.1 200 x\\nVia: y\\n\\n"},
};

START_TEST(welcome)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	printf("%s\n", welcomes[_i].reply);
	box_open(&b, MODES, NULL, "--judge", "--reply", welcomes[_i].reply, NULL);
	p = client(&b, "localhost", NULL);
	use_proxy(p, &b, welcomes[_i].kind, "");
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* ---- it does not ---- */

static const struct row {
	int kind;
	const char *option, *value;
	const char *fault;
	int outcome;
} rows[] = {
	{SOCKS, "--reply", "CONNECT=1", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=2", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=3", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=4", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=5", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=6", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=7", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=8", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=9", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=255", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "CONNECT=\\x05\\x05", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--drop", "CONNECT", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--cut", "CONNECT=6/rst", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--delay", "CONNECT=20000", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--cut", "CONNECT=9/stall", "proxy-refused", POSTERN_TRANSIENT},
	{SOCKS, "--reply", "METHOD=255", "proxy-auth-refused", POSTERN_PERMANENT},
	{SOCKS, "--reply", "LOGIN=1", "proxy-auth-refused", POSTERN_PERMANENT},
	{SOCKS, "--drop", "LOGIN", "proxy-auth-refused", POSTERN_PERMANENT},
	{SOCKS, "--proxy-user", "jo:other", "proxy-auth-refused", POSTERN_PERMANENT},
	{SOCKS, "--delay", "LOGIN=20000", "proxy-unreachable", POSTERN_TRANSIENT},
	{SOCKS, "--delay", "METHOD=20000", "proxy-unreachable", POSTERN_TRANSIENT},
	{SOCKS, "--silent", NULL, "proxy-unreachable", POSTERN_TRANSIENT},
	{SOCKS, "--stalled", NULL, "proxy-unreachable", POSTERN_TRANSIENT},
	{SOCKS, "--blocked", NULL, "proxy-unreachable", POSTERN_TRANSIENT},
	{SOCKS, "--drop", "METHOD", "proxy-malformed", POSTERN_PERMANENT},
	{SOCKS, "--reply", "METHOD=\\x04\\0", "proxy-malformed", POSTERN_PERMANENT},
	{SOCKS, "--reply", "METHOD=1", "proxy-malformed", POSTERN_PERMANENT},
	{SOCKS, "--reply", "METHOD=HTTP/1.1 400 Bad Request\\r\\n\\r\\n", "proxy-malformed",
	 POSTERN_PERMANENT},
	{SOCKS, "--reply", "CONNECT=\\x04\\0\\0\\x01xxxxyy", "proxy-malformed", POSTERN_PERMANENT},
	{SOCKS, "--reply", "CONNECT=\\x05\\0\\0\\x02xxxxyy", "proxy-malformed", POSTERN_PERMANENT},
	{SOCKS, "--reply", "CONNECT=220 mx ESMTP\\r\\n", "proxy-malformed", POSTERN_PERMANENT},
	{HTTP, "--reply", "CONNECT=400", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--reply", "CONNECT=403", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--reply", "CONNECT=405", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--reply", "CONNECT=502", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--reply", "CONNECT=503", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--reply", "CONNECT=504", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--reply", "CONNECT=302", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--drop", "CONNECT", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--cut", "CONNECT=20/rst", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--delay", "CONNECT=20000", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--cut", "CONNECT=25/stall", "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--reply", "CONNECT=407", "proxy-auth-refused", POSTERN_PERMANENT},
	{HTTP, "--proxy-user", "jo:other", "proxy-auth-refused", POSTERN_PERMANENT},
	{HTTP, "--silent", NULL, "proxy-refused", POSTERN_TRANSIENT},
	{HTTP, "--stalled", NULL, "proxy-unreachable", POSTERN_TRANSIENT},
	{HTTP, "--blocked", NULL, "proxy-unreachable", POSTERN_TRANSIENT},
	{HTTP, "--reply", "CONNECT=220 mx ESMTP\\r\\n", "proxy-malformed", POSTERN_PERMANENT},
	{HTTP, "--reply", "CONNECT=\\x05\\0", "proxy-malformed", POSTERN_PERMANENT},
	{HTTP, "--reply", "CONNECT=HTTP/2 200\\r\\n\\r\\n", "proxy-malformed", POSTERN_PERMANENT},
	{HTTP, "--reply", "CONNECT=HTTP/1.1 20x\\r\\n\\r\\n", "proxy-malformed", POSTERN_PERMANENT},
	{HTTP, "--reply", "CONNECT=<html>no</html>", "proxy-malformed", POSTERN_PERMANENT},
};

enum { ROWS = sizeof(rows) / sizeof(*rows) };

START_TEST(refuses)
{
	const struct row *r = &rows[_i];
	int silent = !r->value || strstr(r->value, "=20000") || strstr(r->value, "stall");
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	long long began;
	postern *p;

	printf("%s %s %s\n", kinds[r->kind], r->option, r->value ? r->value : "");
	box_open(&b, MODES, NULL, "--judge", "--on", r->kind ? "4" : "3", "--proxy-user",
		 "jo:secret", r->option, r->value, NULL);
	p = client(&b, "localhost", NULL);
	use_proxy(p, &b, r->kind, "jo:secret@");
	if (silent) {
		postern_set_limit(p, POSTERN_LIMIT_CONNECT, SHORT);
		postern_set_limit(p, POSTERN_LIMIT_GREETING, SHORT);
	}
	began = now_ms();
	ck_assert_int_ne(postern_send(p, m), 0);
	ck_assert_str_eq(postern_mail_error_id(m), r->fault);
	ck_assert_int_eq(postern_mail_outcome(m), r->outcome);
	ck_assert(*postern_mail_error(m) && *postern_mail_advice(m));
	ck_assert(!strstr(postern_mail_error(m), "secret"));
	ck_assert_int_lt((int)(now_ms() - began), silent ? 8 * SHORT + 3000 : 3000);
	ck_assert_int_eq(box_count(&b, "EHLO"), 0);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* The proxy cannot reach the one port: the other one is tried through it as well. */
START_TEST(next_port)
{
	int kind = _i % 2;
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	char ports[64];
	postern *p;

	box_open(&b, MODES, NULL, "--judge", "--on", "1", _i / 2 ? "--blocked" : "--stalled", NULL);
	p = client(&b, "mail.sandbox.test", NULL);
	snprintf(ports, sizeof(ports), "%d/starttls,%d/implicit", b.port[0], b.port[1]);
	ck_assert_int_eq(postern_set_ports(p, ports), 0);
	use_proxy(p, &b, kind, "");
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_eq(postern_route_port(p), b.port[1]);
	ck_assert_int_eq(box_count(&b, "asked for mail.sandbox.test"), 2);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* A name that the proxy does not know, and one that would be found without it. */
START_TEST(unknown_name)
{
	int kind = _i;
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	box_open(&b, MODES, NULL, "--judge", NULL);
	p = client(&b, "nowhere.sandbox.test", NULL);
	use_proxy(p, &b, kind, "");
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_CONNECT);
	ck_assert_str_eq(postern_mail_error_id(m), "proxy-refused");
	ck_assert_int_ge(box_count(&b, "asked for nowhere.sandbox.test"), 1);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* Behind the tunnel all is as ever: certificates, lost connections, the next mail. */
START_TEST(behind_it)
{
	static const struct {
		const char *option, *value, *fault;
		int outcome;
	} cases[] = {{"--certificate", "expired", "certificate-expired", POSTERN_PERMANENT},
		     {"--certificate", "wrong-name", "certificate-wrong-name", POSTERN_PERMANENT},
		     {"--drop", "DOT", "lost-after-content", POSTERN_IN_DOUBT},
		     {"--drop", "EHLO", "tls-ehlo-closed", POSTERN_TRANSIENT},
		     {"--reply", "DOT=554 5.7.1 no", "content-refused", POSTERN_PERMANENT},
		     {"--user", "user:other", "auth-refused", POSTERN_PERMANENT}};
	int kind = _i % 2;
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	printf("%s: %s %s\n", kinds[kind], cases[_i / 2].option, cases[_i / 2].value);
	box_open(&b, MODES, NULL, "--judge", cases[_i / 2].option, cases[_i / 2].value, NULL);
	p = client(&b, "localhost", NULL);
	use_proxy(p, &b, kind, "");
	ck_assert_int_ne(postern_send(p, m), 0);
	ck_assert_str_eq(postern_mail_error_id(m), cases[_i / 2].fault);
	ck_assert_int_eq(postern_mail_outcome(m), cases[_i / 2].outcome);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* A large content, both ways of the tunnel at once, over several connections. */
START_TEST(many)
{
	enum { MAILS = 30 };
	struct box b;
	postern_mail *m[MAILS];
	char *text = malloc(300000);
	postern *p;

	ck_assert_ptr_nonnull(text);
	memset(text, 'x', 300000);
	for (size_t i = 70; i < 300000; i += 71)
		text[i] = '\n';
	memcpy(text, "A: b\n\n", 6);
	box_open(&b, MODES, NULL, "--judge", NULL);
	p = client(&b, "localhost", NULL);
	use_proxy(p, &b, _i, "");
	ck_assert_int_eq(postern_set_connections(p, 3), 0);
	for (size_t i = 0; i < MAILS; i++) {
		m[i] = nth_mail(i);
		ck_assert_int_eq(postern_mail_set_text(m[i], text, 300000), 0);
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	ck_assert(loop(p, 30000, NULL));
	for (size_t i = 0; i < MAILS; i++) {
		ck_assert_int_eq(postern_mail_outcome(m[i]), POSTERN_ACCEPTED);
		postern_mail_free(m[i]);
	}
	ck_assert_int_eq(box_kept(&b, "queue_id", NULL), MAILS);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	free(text);
	postern_free(p);
	box_close(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "proxy");

	tcase_add_loop_test(t, connects, 0, 2 * WAYS);
	EACH(t, welcome, welcomes);
	EACH(t, refuses, rows);
	tcase_add_loop_test(t, next_port, 0, 4);
	tcase_add_loop_test(t, unknown_name, 0, 2);
	tcase_add_loop_test(t, behind_it, 0, 12);
	tcase_add_loop_test(t, many, 0, 2);
}
