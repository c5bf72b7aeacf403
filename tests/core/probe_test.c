/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The probe on a network of its own and an integer clock: servers that are mis-set in every way,
 * what is found of each, how long it takes, and that nothing is ever said but what may be.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_tls.h"
#include "findings.h"
#include "main.h"
#include "memory.h"
#include "probe.h"
#include "world.h"

/* ---- Servers. ---- */

enum kind {
	SMTP,
	SMTP_SLOW, /* greets after 5 s */
	TLS,
	BAD_CERTIFICATE, /* STARTTLS, and the certificate has expired */
	TLS_BAD_CERTIFICATE,
	STRIPPED, /* no STARTTLS */
	NO_AUTH,
	ODD_AUTH, /* no mechanism that we know */
	WRONG_PASSWORD,
	SILENT,
	REFUSED,
	DROPPED, /* the connection comes to nothing */
	HTTP,
	BLUNT, /* 554 */
	HANGS_UP,
	STOPS, /* silent after EHLO */
	BUSY, /* 421 */
	TLS_IMPATIENT, /* hangs up on who says nothing for a second */
	CLEAR_AUTH /* offers sign-in without TLS */
};

enum { OCTETS = 2048 };

struct server {
	int port, kind, open, greeted, tls;
	ptn_time since;
	char out[OCTETS], in[OCTETS];
	size_t head, tail, n;
	int closing;
};

static struct {
	ptn_time now;
	struct server c[CONNECTIONS];
	int n, closed;
	int kinds[PTN_ROUTE_MOST];
	int auths, auth_at; /* AUTH commands; how many connections there were at the first */
	int name; /* what resolving gives: 1, 0, or an error */
} w;

static int is_tls_port(int kind)
{
	return kind == TLS || kind == TLS_BAD_CERTIFICATE || kind == TLS_IMPATIENT;
}

static void say(struct server *c, const char *text)
{
	size_t n = strlen(text);

	ck_assert_uint_lt(c->tail + n, OCTETS);
	memcpy(c->out + c->tail, text, n);
	c->tail += n;
}

static void greet(struct server *c)
{
	c->greeted = 1;
	if (c->kind == HTTP)
		say(c, "HTTP/1.1 400 Bad Request\r\n");
	else if (c->kind == BLUNT)
		say(c, "554 5.7.1 go away\r\n");
	else if (c->kind == BUSY)
		say(c, "421 4.3.2 later\r\n");
	else if (c->kind == HANGS_UP)
		c->closing = 1;
	else if (c->kind != SILENT)
		say(c, "220 fake \x1b[31m ESMTP\r\n");
}

static void hello(struct server *c)
{
	if (c->kind == STOPS)
		return;
	say(c, "250-fake\r\n250-SIZE 1000\r\n");
	if (!c->tls && c->kind != STRIPPED)
		say(c, "250-STARTTLS\r\n");
	if ((c->tls && c->kind != NO_AUTH) || c->kind == CLEAR_AUTH)
		say(c, c->kind == ODD_AUTH ? "250-AUTH GSSAPI\r\n" : "250-AUTH PLAIN LOGIN\r\n");
	say(c, "250 HELP\r\n");
}

static void take_line(struct server *c, const char *line)
{
	if (!strncmp(line, "EHLO ", 5)) {
		hello(c);
	} else if (!strcmp(line, "STARTTLS")) {
		ck_assert(!c->tls);
		say(c, "220 go\r\n");
	} else if (!strcmp(line, "QUIT")) {
		say(c, "221 bye\r\n");
		c->closing = 1;
	} else if (!strncmp(line, "AUTH PLAIN ", 11)) {
		ck_assert_msg(c->tls, "AUTH without TLS");
		w.auths++;
		w.auth_at = w.n;
		say(c, c->kind == WRONG_PASSWORD ? "535 5.7.8 no\r\n" : "235 2.7.0 yes\r\n");
	} else {
		ck_abort_msg("nobody may say %s", line);
	}
}

static int is_hello(const char *buf, size_t n)
{
	return n == strlen(FAKE_TLS_CLIENT) && !memcmp(buf, FAKE_TLS_CLIENT, n);
}

static void take(struct server *c, const char *buf, size_t n)
{
	if (is_hello(buf, n)) {
		if (!c->tls && (is_tls_port(c->kind) || c->greeted)) {
			if (c->kind == SILENT)
				return;
			c->tls = 1;
			say(c, FAKE_TLS_SERVER);
			if (!c->greeted)
				greet(c);
		}
		return;
	}
	if (is_tls_port(c->kind) && !c->tls)
		return;
	for (size_t i = 0; i < n; i++) {
		ck_assert_uint_lt(c->n, OCTETS - 1);
		c->in[c->n++] = buf[i];
		if (buf[i] != '\n')
			continue;
		c->in[c->n - 2] = '\0';
		take_line(c, c->in);
		c->n = 0;
	}
}

/* ---- The network. ---- */

static int fake_resolve(void *net, const char *host, int milliseconds)
{
	(void)net, (void)host, (void)milliseconds;
	return 0;
}

static int fake_resolved(void *net, struct ptn_address list[PTN_NET_ADDRESSES], size_t *n)
{
	(void)net;
	*n = 1;
	list[0] = (struct ptn_address){.family = 4, .octets = {192, 0, 2, 1}};
	return w.name;
}

static void fake_stop(void *net)
{
	(void)net;
}

static int fake_open(void *net, const struct ptn_address *to, int port,
		     const struct ptn_address *from)
{
	struct server *c = &w.c[w.n];

	(void)net, (void)to, (void)from;
	ck_assert_int_lt(w.n, CONNECTIONS);
	*c = (struct server){.port = port, .kind = w.kinds[port], .open = 1, .since = w.now};
	return w.n++;
}

static int fake_connected(void *net, int handle)
{
	struct server *c = &w.c[handle];

	(void)net;
	if (c->kind == REFUSED)
		return -ECONNREFUSED;
	return c->kind == DROPPED || w.now < c->since + 10 ? -EINPROGRESS : 0;
}

static ptrdiff_t fake_read(void *net, int handle, char *buf, size_t cap)
{
	struct server *c = &w.c[handle];
	size_t n = 0;

	(void)net;
	if (!c->greeted && !is_tls_port(c->kind) &&
	    w.now >= c->since + (c->kind == SMTP_SLOW ? 5000 : 20))
		greet(c);
	if (c->kind == TLS_IMPATIENT && !c->tls && w.now >= c->since + 1000)
		c->closing = 1;
	while (n < cap && c->head < c->tail)
		buf[n++] = c->out[c->head++];
	return n ? (ptrdiff_t)n : c->closing ? 0 : -EAGAIN;
}

static ptrdiff_t fake_write(void *net, int handle, const char *buf, size_t len)
{
	(void)net;
	take(&w.c[handle], buf, len);
	return (ptrdiff_t)len;
}

static void fake_close(void *net, int handle)
{
	(void)net;
	ck_assert(w.c[handle].open);
	w.c[handle].open = 0;
	w.closed++;
}

/* What the world's network does where it makes no difference, and these. */
static struct ptn_net network(void)
{
	struct ptn_net net = world_net;

	net.resolve = fake_resolve;
	net.resolved = fake_resolved;
	net.resolve_stop = fake_stop;
	net.open = fake_open;
	net.connected = fake_connected;
	net.read = fake_read;
	net.write = fake_write;
	net.close = fake_close;
	return net;
}

/* ---- A run. ---- */

static int told; /* calls of progress */

static void hear(void *arg, int port, const char *what)
{
	(void)arg, (void)port;
	ck_assert(*what);
	told++;
}

struct candidate {
	int kind, mode;
};

static struct ptn_settings settings(const struct candidate *c, size_t n, int login)
{
	struct ptn_settings set = {.host = (char *)"fake.test", .name = (char *)"me.test"};

	memset(&w, 0, sizeof(w));
	w.name = 1;
	told = 0;
	set.n_ports = n;
	for (size_t i = 0; i < n; i++) {
		set.ports[i] = (struct ptn_candidate){.port = (int)i, .mode = c[i].mode};
		w.kinds[i] = c[i].kind;
		if (c[i].kind == BAD_CERTIFICATE || c[i].kind == TLS_BAD_CERTIFICATE)
			fake_tls_verdict = PTN_FAULT_CERT_EXPIRED;
	}
	set.limits[POSTERN_LIMIT_ATTEMPT] = 250;
	set.limits[POSTERN_LIMIT_QUIT] = 5000;
	if (login) {
		set.user = (char *)"ann";
		set.password = (char *)"secret";
	}
	return set;
}

void *__real_calloc(size_t n, size_t size);

/* The report, or NULL; how long it took in *ms. */
static postern_report *probe(const struct ptn_settings *set, ptn_time *ms)
{
	struct ptn_probe *p = __real_calloc(1, sizeof(*p));
	postern_report *r = __real_calloc(1, sizeof(*r));
	const struct ptn_net net = network();

	w.now = 1000;
	p->progress = hear;
	ptn_probe_begin(p, set, &net, NULL, w.now);
	while (!ptn_probe_step(p, w.now)) {
		ck_assert_int_lt(w.now, 60000);
		w.now += 5;
		ck_assert(ptn_probe_wake(p) > w.now - 5);
	}
	*ms = w.now - 1000;
	ptn_findings_report(p, r);
	ptn_probe_free(p);
	free(p);
	ck_assert_int_eq(w.n, w.closed);
	return r;
}

enum { S = PTN_MODE_STARTTLS, I = PTN_MODE_IMPLICIT };

static const struct {
	struct candidate c;
	const char *mark, *works, *fault, *whole;
	int least, most; /* ms */
} rows[] = {
	{{SMTP, S}, "good", "STARTTLS", "", "secure", 0, 200},
	{{TLS, I}, "good", "implicit", "", "secure", 0, 200},
	{{TLS, S}, "doubtful", "implicit", "tls-mode-implicit-expected", "secure", 3000, 3200},
	{{SMTP, I}, "doubtful", "STARTTLS", "tls-mode-starttls-expected", "secure", 0, 200},
	{{SMTP_SLOW, S}, "good", "STARTTLS", "", "secure", 5000, 5200},
	{{BAD_CERTIFICATE, S}, "bad", "", "certificate-expired", "insecure", 0, 200},
	{{TLS_BAD_CERTIFICATE, I}, "bad", "", "certificate-expired", "insecure", 0, 200},
	{{TLS_BAD_CERTIFICATE, S}, "bad", "", "certificate-expired", "insecure", 3000, 3200},
	{{BAD_CERTIFICATE, I}, "bad", "", "certificate-expired", "insecure", 0, 200},
	{{STRIPPED, S}, "bad", "", "starttls-missing", "insecure", 0, 200},
	{{STRIPPED, I}, "bad", "", "starttls-missing", "insecure", 0, 200},
	{{NO_AUTH, S}, "doubtful", "STARTTLS", "", "secure", 0, 200},
	{{SILENT, S}, "bad", "", "greeting-silent", "none", 10000, 10200},
	{{SILENT, I}, "bad", "", "tls-timeout", "none", 10000, 10200},
	{{REFUSED, S}, "bad", "", "connect-refused", "none", 0, 100},
	{{DROPPED, S}, "bad", "", "connect-timeout", "none", 10000, 10100},
	{{DROPPED, I}, "bad", "", "connect-timeout", "none", 10000, 10100},
	{{HTTP, S}, "bad", "", "greeting-not-smtp", "none", 0, 200},
	{{HTTP, I}, "bad", "", "tls-not-tls", "none", 0, 200},
	{{BLUNT, S}, "bad", "", "greeting-refused", "none", 0, 200},
	{{BUSY, S}, "bad", "", "greeting-busy", "none", 0, 200},
	{{HANGS_UP, S}, "bad", "", "greeting-closed", "none", 0, 200},
	{{TLS_IMPATIENT, S},
	 "doubtful",
	 "implicit",
	 "tls-mode-implicit-expected",
	 "secure",
	 1000,
	 1200},
	{{STOPS, S}, "bad", "", "ehlo-timeout", "none", 10000, 10200},
};

static const char *get(const postern_report *r, size_t i, const char *key)
{
	return postern_report_get(r, i, key);
}

START_TEST(one_port)
{
	struct ptn_settings set = settings(&rows[_i].c, 1, 0);
	ptn_time ms;
	postern_report *r = probe(&set, &ms);

	ck_assert_uint_eq(postern_report_ports(r), 1);
	ck_assert_str_eq(get(r, 0, "fault"), rows[_i].fault);
	ck_assert_str_eq(get(r, 0, "result"), rows[_i].mark);
	ck_assert_str_eq(get(r, 0, "works"), rows[_i].works);
	ck_assert_str_eq(get(r, 1, "result"), rows[_i].whole);
	ck_assert_str_eq(get(r, 0, "tls"), rows[_i].c.mode == I ? "implicit" : "STARTTLS");
	ck_assert_str_eq(get(r, 1, "tls"), rows[_i].works);
	ck_assert_int_ge(ms, rows[_i].least);
	ck_assert_int_le(ms, rows[_i].most);
	ck_assert(!*get(r, 0, "fault") == !*get(r, 0, "error"));
	ck_assert(!*get(r, 1, "url") == !*rows[_i].works);
	ck_assert(*get(r, 1, "recommendation"));
	ck_assert_int_eq(w.auths, 0);
	ck_assert_int_gt(told, 1);
	postern_report_free(r);
}
END_TEST

START_TEST(facts)
{
	const struct candidate c[] = {{SMTP, S}, {TLS, I}, {BAD_CERTIFICATE, S}};
	struct ptn_settings set = settings(c, 2, 0);
	ptn_time ms;
	postern_report *r = probe(&set, &ms);

	ck_assert_str_eq(get(r, 0, "address"), "192.0.2.1");
	ck_assert_str_eq(get(r, 0, "reachable"), "yes");
	ck_assert_str_eq(get(r, 0, "ms.connect"), "10");
	ck_assert_str_eq(get(r, 0, "ms.greeting"), "10");
	ck_assert_str_eq(get(r, 0, "greeting"), "fake \\x1B[31m ESMTP");
	ck_assert_str_eq(get(r, 0, "capabilities.clear"), "SIZE 1000, STARTTLS, HELP");
	ck_assert_str_eq(get(r, 0, "capabilities.tls"), "SIZE 1000, AUTH PLAIN LOGIN, HELP");
	ck_assert_str_eq(get(r, 0, "mechanisms"), "PLAIN LOGIN");
	ck_assert_str_eq(get(r, 0, "mechanism"), "PLAIN");
	ck_assert_str_eq(get(r, 0, "size"), "1000");
	ck_assert_str_eq(get(r, 0, "tls.version"), "none");
	ck_assert_str_eq(get(r, 0, "certificate.names"), "fake.test");
	ck_assert_str_eq(get(r, 0, "certificate.until"), "2030-01-02T03:04:05Z");
	ck_assert_str_eq(get(r, 0, "certificate.key-sha256"), "a2V5");
	ck_assert_str_eq(get(r, 0, "unverified"), "greeting capabilities.clear");
	ck_assert_str_eq(get(r, 1, "unverified"), "");
	ck_assert_str_eq(get(r, 1, "capabilities.clear"), "");
	ck_assert_str_eq(get(r, 1, "no-such-key"), "");
	ck_assert_str_eq(get(r, 7, "port"), "");
	ck_assert_str_eq(postern_report_key(r, 0, 0), "port");
	ck_assert_str_eq(postern_report_value(r, 0, 0), "0");
	ck_assert_str_eq(postern_report_key(r, 0, postern_report_size(r, 0)), "");
	ck_assert_uint_eq(postern_report_size(r, 9), 0);
	ck_assert_uint_eq(postern_report_size(NULL, 0), 0);
	postern_report_free(r);
	set = settings(c + 2, 1, 0);
	r = probe(&set, &ms);
	ck_assert_str_eq(get(r, 0, "certificate.fault"), "certificate-expired");
	ck_assert_str_eq(get(r, 0, "certificate.names"), "fake.test");
	ck_assert_str_eq(get(r, 0, "unverified"), "greeting capabilities.clear certificate");
	ck_assert_str_eq(get(r, 0, "mechanisms"), "");
	postern_report_free(r);
}
END_TEST

/* Which of several is recommended, what becomes of the sign-in there, and that it is the only one.
 */
static const struct {
	struct candidate c[4];
	size_t n;
	const char *port, *auth;
	int auths, best; /* best: the section that has auth */
} choices[] = {
	{{{SMTP, S}, {TLS, I}, {SMTP, S}}, 3, "0", "ok", 1, 0},
	{{{DROPPED, S}, {TLS, I}, {SMTP, S}}, 3, "1", "ok", 1, 1},
	{{{NO_AUTH, S}, {TLS, I}}, 2, "1", "ok", 1, 1},
	{{{TLS, S}, {TLS, I}}, 2, "1", "ok", 1, 1},
	{{{TLS, S}, {REFUSED, I}}, 2, "0", "ok", 1, 0},
	{{{WRONG_PASSWORD, S}, {TLS, I}}, 2, "0", "auth-refused", 1, 0},
	{{{ODD_AUTH, S}}, 1, "", "", 0, 0},
	{{{BAD_CERTIFICATE, S}, {REFUSED, I}}, 2, "", "", 0, 0},
	{{{STRIPPED, S}}, 1, "", "", 0, 0},
	{{{STRIPPED, PTN_MODE_NONE}}, 1, "", "", 0, 0},
	{{{CLEAR_AUTH, PTN_MODE_NONE}}, 1, "", "clear-text-sign-in", 0, 0},
};

START_TEST(sign_in)
{
	struct ptn_settings set = settings(choices[_i].c, choices[_i].n, 1);
	size_t n = choices[_i].n;
	ptn_time ms;
	postern_report *r = probe(&set, &ms);

	ck_assert_str_eq(get(r, n, "port"), choices[_i].port);
	ck_assert_str_eq(get(r, n, "auth"), choices[_i].auth);
	ck_assert_str_eq(get(r, (size_t)choices[_i].best, "auth"), choices[_i].auth);
	ck_assert_int_eq(w.auths, choices[_i].auths);
	if (w.auths)
		ck_assert_int_eq(w.auth_at, w.n); /* after all others */
	ck_assert(!strstr(get(r, n, "url"), "secret"));
	postern_report_free(r);
}
END_TEST

/* Security first, then sign-in, then the mode that was named, then the order. */
START_TEST(the_better_one)
{
	static const struct candidate pairs[][2] = {
		{{CLEAR_AUTH, PTN_MODE_NONE}, {NO_AUTH, S}},
		{{NO_AUTH, S}, {SMTP, I}},
		{{SMTP, I}, {SMTP, S}},
	};
	struct ptn_settings set = settings(pairs[_i], 2, 0);
	ptn_time ms;
	postern_report *r = probe(&set, &ms);

	ck_assert_str_eq(get(r, 2, "port"), "1");
	ck_assert_str_eq(get(r, 2, "result"), "secure");
	postern_report_free(r);
}
END_TEST

START_TEST(the_others_do_not_wait)
{
	const struct candidate c[] = {{DROPPED, S}, {SILENT, I}, {SILENT, S}, {STOPS, S}};
	struct ptn_settings set = settings(c, 4, 0);
	ptn_time ms;

	postern_report_free(probe(&set, &ms));
	ck_assert_int_le(ms, 10200);
	set = settings(c, 4, 0);
	set.limits[POSTERN_LIMIT_OVERALL] = 700;
	postern_report_free(probe(&set, &ms));
	ck_assert_int_le(ms, 1500);
	set = settings(c, 1, 0);
	set.limits[POSTERN_LIMIT_CONNECT] = 300;
	postern_report_free(probe(&set, &ms));
	ck_assert_int_le(ms, 400);
}
END_TEST

START_TEST(guessed_modes_are_no_mistake)
{
	const struct candidate c = {TLS, S};
	struct ptn_settings set = settings(&c, 1, 0);
	ptn_time ms;
	postern_report *r;

	set.ports[0].guess = PTN_GUESS_MODE;
	r = probe(&set, &ms);
	ck_assert_str_eq(get(r, 0, "result"), "good");
	ck_assert_str_eq(get(r, 0, "fault"), "");
	ck_assert_str_eq(get(r, 1, "url"), "smtp://fake.test:0?tls=implicit");
	postern_report_free(r);
}
END_TEST

START_TEST(names)
{
	static const struct {
		int state;
		const char *fault;
		int most;
	} all[] = {{-ENOENT, "name-not-found", 10},
		   {-EAGAIN, "name-no-answer", 10},
		   {-ENOMEM, "no-memory", 10},
		   {0, "name-no-answer", 10010}};
	const struct candidate c = {SMTP, S};
	struct ptn_settings set = settings(&c, 1, 0);
	ptn_time ms;
	postern_report *r;

	w.name = all[_i].state;
	r = probe(&set, &ms);
	ck_assert_uint_eq(postern_report_ports(r), 0);
	ck_assert_str_eq(get(r, 0, "fault"), all[_i].fault);
	ck_assert_str_eq(get(r, 0, "result"), "none");
	ck_assert_str_eq(get(r, 0, "host"), "fake.test");
	ck_assert_int_le(ms, all[_i].most);
	postern_report_free(r);
}
END_TEST

START_TEST(memory_fails_at_each_place)
{
	const struct candidate c[] = {{SMTP, S}, {TLS, S}, {BAD_CERTIFICATE, S}};
	int before = -1, whole = 0;

	for (int i = 0; !whole; i++) {
		struct ptn_settings set = settings(c, 3, 1);
		ptn_time ms;
		postern_report *r;

		refused = 0;
		refuse_once = _i;
		grants = i;
		r = probe(&set, &ms);
		grants = -1;
		whole = !refused;
		ck_assert_int_le(w.auths, 1);
		ck_assert(whole <= !r->failed);
		for (size_t k = 0; !r->failed && k < postern_report_ports(r); k++)
			ck_assert(!*get(r, k, "fault") == !*get(r, k, "error"));
		postern_report_free(r);
		before = i;
	}
	ck_assert_int_gt(before, 50);
}
END_TEST

static void reset(void)
{
	fake_tls_shakes = 1;
	fake_tls_verdict = 0;
	grants = -1;
}

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "probe");

	tcase_add_checked_fixture(t, reset, NULL);
	EACH(t, one_port, rows);
	tcase_add_test(t, facts);
	EACH(t, sign_in, choices);
	tcase_add_loop_test(t, the_better_one, 0, 3);
	tcase_add_test(t, the_others_do_not_wait);
	tcase_add_test(t, guessed_modes_are_no_mistake);
	tcase_add_loop_test(t, names, 0, 4);
	tcase_add_loop_test(t, memory_fails_at_each_place, 0, 2);
}
