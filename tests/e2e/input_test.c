/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Bad input in every field: refused by name, not an octet of it sent, and the object goes on.  And
 * the public functions at the wrong time, in the wrong order, and with nothing.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "main.h"

#define CANARY "zqcanary" /* in every input that has room for it */

static const char *const inputs[] = {
	CANARY "\r",
	CANARY "\n",
	CANARY "\r\n",
	"\r\n" CANARY,
	CANARY "\tx",
	CANARY "\x7f",
	CANARY "\x1b[2J",
	CANARY "\r\nRCPT TO:<v@x>",
	CANARY ">\r\nDATA\r\n.\r\n",
	CANARY "\r\n.\r\nMAIL FROM:<a@b>\r\n",
	CANARY "@example.com\r\nRSET",
	CANARY "\xE7\x98\x8D\xE7\x98\x8A\r\n",
	CANARY "\xC0\x8A",
	CANARY "\xFF",
	CANARY "\xE2\x80\xA8",
	CANARY "\x01x",
};
/* Inputs that a password may hold, but no name and no address. */
static const char *const names[] = {
	CANARY "@b> SIZE=1",
	CANARY " x@example.com",
	"<" CANARY "@example.com>",
	"\"" CANARY ">, <b\"@y>",
	CANARY "@",
	"@" CANARY,
	CANARY "@exa mple.com",
	CANARY "@-.com",
	CANARY,
	CANARY "@a..b",
	"." CANARY "@a.b",
	"a@b@" CANARY ".c",
	CANARY "@[1.2.3]",
	"(" CANARY ")a@b.c",
	CANARY ",b@c.d",
};

enum { INPUTS = sizeof(inputs) / sizeof(*inputs), NAMES = sizeof(names) / sizeof(*names) };

static const char *input(int i)
{
	return i < INPUTS ? inputs[i] : names[i - INPUTS];
}

enum field { PATH, RECIPIENT, USER, PASSWORD, EHLO_NAME, MECHANISMS, PORTS, CAFILE, HOST, FIELDS };
static const char *const labels[FIELDS] = {
	[PATH] = "reverse-path", [RECIPIENT] = "recipient", [USER] = "user",
	[PASSWORD] = "password", [EHLO_NAME] = "name",      [MECHANISMS] = "mechanisms",
	[PORTS] = "ports",       [CAFILE] = "cafile",       [HOST] = ""};

/* U+2028 is text to a password, and U+FF alone is no UTF-8: which inputs a field must refuse. */
static int must_refuse(enum field f, int i)
{
	if (f == USER || f == PASSWORD)
		return i < INPUTS && !strstr(input(i), "\xE2\x80\xA8");
	if (f == EHLO_NAME || f == HOST)
		return !strchr(input(i), '@') ? strcmp(input(i), CANARY) != 0 : 1;
	return 1;
}

struct tried {
	postern *p;
	postern_mail *m;
	int err;
};

static struct tried try_field(const struct box *b, enum field f, const char *bad)
{
	struct tried t = {box_user(b), NULL, 0};

	if (f == HOST) {
		postern_free(t.p);
		t.p = postern_new(bad);
	}
	t.m = f == PATH ? postern_mail_new(bad) : postern_mail_new("sender@example.org");
	if (f == RECIPIENT)
		t.err = postern_mail_add_recipient(t.m, bad);
	postern_mail_add_recipient(t.m, "a@example.com");
	postern_mail_set_text(t.m, a_message, strlen(a_message));
	if (f == USER)
		t.err = postern_set_login(t.p, bad, "password");
	else if (f == PASSWORD)
		t.err = postern_set_login(t.p, "user", bad);
	else if (f == EHLO_NAME)
		t.err = postern_set_name(t.p, bad);
	else if (f == MECHANISMS)
		t.err = postern_set_mechanisms(t.p, bad);
	else if (f == PORTS)
		t.err = postern_set_ports(t.p, bad);
	else if (f == CAFILE)
		t.err = postern_set_trust(t.p, bad);
	return t;
}

/* A later good call of the same setter clears the error. */
static void mend(const struct box *b, enum field f, postern *p)
{
	char ports[32];

	snprintf(ports, sizeof(ports), "%d", b->port[0]);
	ck_assert_int_eq(f == USER || f == PASSWORD ? postern_set_login(p, "user", "password")
			 : f == EHLO_NAME           ? postern_set_name(p, "client.example")
			 : f == MECHANISMS          ? postern_set_mechanisms(p, "PLAIN")
			 : f == PORTS               ? postern_set_ports(p, ports)
						    : postern_set_trust(p, b->ca),
			 0);
}

static void check_field(const struct box *b, enum field f, const char *bad, int *sent)
{
	struct tried t = try_field(b, f, bad);
	const char *why;
	int of_mail = f == PATH || f == RECIPIENT;

	if (f != PATH && f != HOST)
		ck_assert_msg(t.err == POSTERN_E_ARG, "%s: %d", labels[f], t.err);
	why = of_mail ? postern_mail_error(t.m) : postern_error(t.p);
	ck_assert_msg(strstr(why, labels[f]) && *why, "%s is not named in \"%s\"", labels[f], why);
	for (const char *c = why; *c; c++)
		ck_assert_msg((unsigned char)*c >= 0x20 && *c != 0x7F, "%s: %s", labels[f], why);
	ck_assert(f != PASSWORD || !strstr(why, CANARY));
	ck_assert_int_eq(postern_send(t.p, t.m), POSTERN_E_ARG);
	ck_assert_int_eq(postern_mail_outcome(t.m), POSTERN_PERMANENT);
	ck_assert_str_eq(postern_mail_error_id(t.m), "bad-argument");
	ck_assert_str_ne(postern_mail_error(t.m), "");
	if (!of_mail && f != HOST) {
		mend(b, f, t.p);
		ck_assert_int_eq(postern_mail_reset(t.m), 0);
		postern_mail_set_text(t.m, a_message, strlen(a_message));
		ck_assert_msg(postern_send(t.p, t.m) == 0, "%s: %s", labels[f],
			      postern_mail_error(t.m));
		++*sent;
	}
	postern_mail_free(t.m);
	postern_free(t.p);
}

START_TEST(fields)
{
	struct box b;
	int sent = 0;

	printf("field %s\n", _i == HOST ? "server" : labels[_i]);
	box_open(&b, "starttls", NULL, "--judge", NULL);
	for (int i = 0; i < INPUTS + NAMES; i++)
		if (must_refuse((enum field)_i, i))
			check_field(&b, (enum field)_i, input(i), &sent);
	ck_assert_int_eq(box_count(&b, CANARY), 0);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	ck_assert_int_eq(box_count(&b, " accepted "), sent);
	box_close(&b);
}
END_TEST

/* 64 KiB in every field, and the empty string. */
START_TEST(sizes)
{
	char *big = malloc(65537);
	struct box b;
	int sent = 0;

	ck_assert_ptr_nonnull(big);
	memset(big, 'x', 65536);
	big[65536] = '\0';
	box_open(&b, "starttls", NULL, NULL);
	for (enum field f = PATH; f < FIELDS; f++) {
		if (f != USER && f != PASSWORD)
			check_field(&b, f, big, &sent);
		if (f != PATH && f != PASSWORD) /* the null reverse-path; an empty password */
			check_field(&b, f, "", &sent);
	}
	ck_assert_int_eq(box_count(&b, "xxxxxxxxxxxxxxxx"), 0);
	box_close(&b);
	free(big);
}
END_TEST

/* Servers that are not what they seem. */
static const char *const servers[] = {
	"smtp://",
	"smtp://user:pa@ss@localhost",
	"smtp://localhost:0",
	"smtp://localhost:65536",
	"smtp://localhost:25x",
	"smtp://localhost?x=y",
	"smtp://localhost?tls=ssl",
	"ftp://localhost",
	"smtp://localhost/%0d%0aRCPT",
	"smtp://us%0d%0aer:p@localhost",
	"smtp://u:p%00w@localhost",
	"smtp://u:p%0a@localhost",
	"smtp://localhost?name=a%20b",
	"smtp://localhost?name=a%0d%0ab",
	"smtp://localhost?auth=SECURID",
	"smtp://localhost?cafile=/nonexistent",
	"smtp://%zz@localhost",
	"smtp://localhost?timeout=-1",
	"smtp://localhost?ports=1/ssl",
	"smtp://loc alhost",
	"smtp://localhost#x",
	"smtp://[::1",
	"smtp://u:p@mail.example.org?tls=none",
	"127.1",
	"smtp://localhost?tls=none&tls=starttls",
	"local\\host",
	"-host.example",
	"a..b",
};

START_TEST(urls)
{
	postern *p = postern_new(servers[_i]);
	postern_mail *m = a_mail("a@example.com");

	printf("server %s\n", servers[_i]);
	ck_assert_ptr_nonnull(p);
	ck_assert_msg(postern_send(p, m) == POSTERN_E_ARG ||
			      (strstr(servers[_i], "mail.example.org") &&
			       postern_mail_code(m) == POSTERN_E_TLS),
		      "%s: %s", servers[_i], postern_mail_error(m));
	ck_assert_str_ne(postern_error(p), "");
	ck_assert_int_eq(postern_attempts(p) != 0, 0);
	postern_free(p);
	postern_mail_free(m);
}
END_TEST

static const struct {
	const char *text;
	size_t len;
	const char *fault;
} contents[] = {
	{"A: b\n\na\rb\n", 10, "content-bare-cr"}, {"A: b\n\nab\r", 9, "content-bare-cr"},
	{"A: b\n\r", 6, "content-bare-cr"},        {"\r.\r\n", 4, "content-bare-cr"},
	{"a\r.\r", 4, "content-bare-cr"},          {"a\n.\r", 4, "content-bare-cr"},
	{"A: b\n\na\0b\n", 10, "content-nul"},     {"\r\n\0.\r\n", 6, "content-nul"},
	{"\r\r\n.\r\r\n", 7, "content-bare-cr"},
};

static struct part {
	const char *text;
	size_t len, at;
} part;

static ptrdiff_t read_part(void *arg, char *buf, size_t cap)
{
	struct part *c = arg;

	if (c->at == c->len || !cap)
		return 0;
	*buf = c->text[c->at++];
	return 1;
}

START_TEST(content)
{
	struct box b;
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", NULL);
	p = box_user(&b);
	for (int reader = 0; reader < 2; reader++) {
		postern_mail *m = a_mail("a@example.com");

		part = (struct part){contents[_i].text, contents[_i].len, 0};
		if (reader)
			postern_mail_set_reader(m, read_part, &part);
		else
			postern_mail_set_text(m, contents[_i].text, contents[_i].len);
		ck_assert_int_eq(postern_send(p, m), POSTERN_E_CONTENT);
		ck_assert_str_eq(postern_mail_error_id(m), contents[_i].fault);
		ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PERMANENT);
		ck_assert_int_eq(postern_mail_reset(m), 0);
		ck_assert_int_eq(postern_mail_set_text(m, a_message, strlen(a_message)), 0);
		ck_assert_int_eq(postern_send(p, m), 0);
		postern_mail_free(m);
	}
	ck_assert_int_eq(box_count(&b, " accepted "), 2);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	box_close(&b);
}
END_TEST

START_TEST(long_line)
{
	static char line[1100];
	struct box b;
	postern *p;

	box_open(&b, "starttls", NULL, "--judge", NULL);
	p = box_user(&b);
	for (size_t n = 996; n < 1002; n++) {
		postern_mail *m = a_mail("a@example.com");

		memset(line, '.', sizeof(line));
		memcpy(line, "A: b\n\n", 6);
		line[6 + n] = '\n';
		postern_mail_set_text(m, line, 6 + n + 1);
		ck_assert_int_eq(postern_send(p, m), n <= 998 ? 0 : POSTERN_E_CONTENT);
		postern_mail_free(m);
	}
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	box_close(&b);
}
END_TEST

/* NULL for everything. */
START_TEST(nothing)
{
	postern *p = postern_new(NULL);
	postern_mail *m = postern_mail_new(NULL);

	ck_assert_ptr_nonnull(p);
	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(postern_mail_add_recipient(m, NULL), POSTERN_E_ARG);
	ck_assert_int_eq(postern_mail_set_text(m, NULL, 0), POSTERN_E_ARG);
	ck_assert_int_eq(postern_mail_set_reader(m, NULL, NULL), POSTERN_E_ARG);
	ck_assert_int_eq(postern_set_login(p, "u", NULL), POSTERN_E_ARG);
	ck_assert_int_eq(postern_set_login(p, NULL, "p"), POSTERN_E_ARG);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_ARG);
	postern_free(p);
	postern_mail_free(m);

	ck_assert_int_lt(postern_set_login(NULL, "u", "p"), 0);
	ck_assert_int_lt(postern_set_ports(NULL, "25"), 0);
	ck_assert_int_lt(postern_set_trust(NULL, "x"), 0);
	ck_assert_int_lt(postern_set_name(NULL, "x"), 0);
	ck_assert_int_lt(postern_set_mechanisms(NULL, "PLAIN"), 0);
	ck_assert_int_lt(postern_set_limit(NULL, 0, 0), 0);
	ck_assert_int_lt(postern_set_trace(NULL, NULL, NULL), 0);
	ck_assert_int_lt(postern_mail_add_recipient(NULL, "a@b.c"), 0);
	ck_assert_int_lt(postern_mail_set_text(NULL, "", 0), 0);
	ck_assert_int_lt(postern_mail_set_reader(NULL, NULL, NULL), 0);
	ck_assert_int_lt(postern_mail_resume(NULL), 0);
	ck_assert_int_lt(postern_mail_set_completion(NULL, 1), 0);
	ck_assert_int_lt(postern_mail_reset(NULL), 0);
	postern_mail_set_user(NULL, NULL);
	ck_assert_ptr_null(postern_mail_get_user(NULL));
	ck_assert_int_lt(postern_send(NULL, NULL), 0);
	ck_assert_int_lt(postern_submit(NULL, NULL), 0);
	ck_assert_int_eq(postern_fd(NULL), -1);
	ck_assert_int_eq(postern_events(NULL), 0);
	ck_assert_int_eq(postern_timeout(NULL), -1);
	ck_assert_int_lt(postern_step(NULL), 0);
	ck_assert_ptr_null(postern_done(NULL));
	ck_assert_int_lt(postern_quit(NULL), 0);
	ck_assert_int_lt(postern_cancel(NULL), 0);
	ck_assert_str_ne(postern_error(NULL), "");
	ck_assert_str_ne(postern_mail_error(NULL), "");
	ck_assert_str_eq(postern_mail_advice(NULL), "");
	ck_assert_int_eq((int)postern_mail_recipients(NULL), 0);
	ck_assert_str_eq(postern_mail_recipient_text(NULL, 0), "");
	ck_assert_str_eq(postern_route_host(NULL), "");
	ck_assert_int_eq((int)postern_attempts(NULL), 0);
	ck_assert_str_eq(postern_attempt_error(NULL, 0), "");
	postern_free(NULL);
	postern_mail_free(NULL);

	m = a_mail("a@example.com"); /* a mail, and no handle for it */
	ck_assert_int_lt(postern_send(NULL, m), 0);
	ck_assert_int_ne(postern_mail_outcome(m), POSTERN_ACCEPTED);
	postern_mail_free(m);
}
END_TEST

/* The wrong order. */
START_TEST(order)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com"), *other = a_mail("b@example.com"),
		     *empty = postern_mail_new("");
	postern *p;

	box_open(&b, "starttls", NULL, NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_step(p), 0); /* nothing to do */
	ck_assert_ptr_null(postern_done(p));
	ck_assert_int_eq(postern_quit(p), 0);
	ck_assert_int_eq(postern_cancel(p), 0);
	ck_assert_int_eq(postern_mail_resume(m), 0);
	ck_assert_int_eq(postern_send(p, empty), POSTERN_E_ARG); /* no recipients */
	ck_assert_int_eq(postern_submit(p, m), 0);
	ck_assert_int_eq(postern_submit(p, m), POSTERN_E_STATE);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_reset(m), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_add_recipient(m, "c@example.com"), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_set_text(m, "", 0), POSTERN_E_STATE);
	ck_assert_int_eq(postern_mail_set_completion(m, 0), POSTERN_E_STATE);
	ck_assert_int_eq(postern_set_login(p, "x", "y"), POSTERN_E_STATE);
	ck_assert_int_eq(postern_set_ports(p, "1"), POSTERN_E_STATE);
	ck_assert_int_eq(postern_set_trust(p, b.ca), POSTERN_E_STATE);
	ck_assert_int_eq(postern_send(p, other), 0); /* behind the first */
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_ACCEPTED);
	ck_assert_ptr_eq(postern_done(p), m);
	ck_assert_ptr_null(postern_done(p)); /* the other was given back by the send */
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_STATE); /* not twice */
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_ACCEPTED);
	ck_assert_int_eq(postern_mail_add_recipient(m, "c@example.com"), POSTERN_E_STATE);
	ck_assert_int_eq(postern_quit(p), 0);
	ck_assert_int_eq(postern_quit(p), 0);
	ck_assert_int_eq(box_count(&b, " accepted "), 2);
	postern_free(p);
	postern_mail_free(m);
	postern_mail_free(other);
	postern_mail_free(empty);
	box_close(&b);
}
END_TEST

/* A mail is sent again with the Message-ID it had. */
START_TEST(again)
{
	char id[128];
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	box_open(&b, "starttls", NULL, "--reply", "DOT#1=451 4.3.0 later", NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_REFUSED);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_TRANSIENT);
	snprintf(id, sizeof(id), "%s", postern_mail_message_id(m));
	ck_assert_str_ne(id, "");
	ck_assert_int_eq(postern_mail_reset(m), 0);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PENDING);
	ck_assert_int_eq(postern_mail_recipient_code(m, 0), 0);
	ck_assert_str_eq(postern_mail_error(m), "");
	ck_assert_int_ne(postern_send(p, m), 0); /* its content was to be given anew */
	ck_assert_str_eq(postern_mail_error_id(m), "content-missing");
	ck_assert_int_eq(postern_mail_reset(m), 0);
	ck_assert_int_eq(postern_mail_set_text(m, a_message, strlen(a_message)), 0);
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_str_eq(postern_mail_message_id(m), id);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* A mail freed while it is queued, or at work; a handle with mails of every kind. */
START_TEST(freed)
{
	struct box b;
	postern_mail *m[4];
	postern *p;

	box_open(&b, "starttls", NULL, "--delay", "DATA=300", "--judge", "--without", "CHUNKING",
		 NULL);
	p = box_user(&b);
	for (int i = 0; i < 4; i++) {
		m[i] = a_mail(i == 3 ? "d@example.com" : "a@example.com");
		ck_assert_int_eq(postern_submit(p, m[i]), 0);
	}
	postern_mail_free(m[1]); /* queued */
	loop(p, 150, NULL);
	ck_assert_int_eq(postern_mail_outcome(m[0]), POSTERN_PENDING);
	postern_mail_free(m[0]); /* at work */
	ck_assert(loop(p, 20000, NULL));
	ck_assert_int_eq(postern_mail_outcome(m[2]), POSTERN_ACCEPTED);
	ck_assert_int_eq(postern_mail_outcome(m[3]), POSTERN_ACCEPTED);
	postern_mail_free(m[2]); /* done, and not asked for */
	ck_assert_ptr_eq(postern_done(p), m[3]);
	ck_assert_ptr_null(postern_done(p));
	m[0] = a_mail("a@example.com");
	m[1] = a_mail("a@example.com");
	ck_assert_int_eq(postern_submit(p, m[0]), 0);
	ck_assert_int_eq(postern_submit(p, m[1]), 0);
	loop(p, 150, NULL);
	postern_free(p); /* with one at work and one queued */
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(postern_mail_outcome(m[i]), POSTERN_TRANSIENT);
		ck_assert_int_eq(postern_mail_code(m[i]), POSTERN_E_CANCELLED);
		postern_mail_free(m[i]);
	}
	postern_mail_free(m[3]);
	ck_assert_int_eq(box_count(&b, " accepted "), 2);
	box_close(&b);
}
END_TEST

/* A mail taken back while a way is looked for: no search goes on in nobody's name, with nobody to
 * step it, nor with settings that are changed then. */
START_TEST(taken_back)
{
	static const char *const waits[] = {"GREETING=700", "EHLO=700", "EHLO#2=700", "AUTH=700"};
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;
	int turns = 0;

	printf("taken back while waiting for %s\n", waits[_i]);
	box_open(&b, "starttls", NULL, "--delay", waits[_i], NULL);
	p = box_user(&b);
	ck_assert_int_eq(postern_submit(p, m), 0);
	loop(p, 250, NULL);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PENDING);
	postern_mail_free(m);
	ck_assert_int_eq(postern_step(p), 0);
	for (long long end = now_ms() + 1000; now_ms() < end; turns++) {
		struct pollfd at = {postern_fd(p), (short)postern_events(p), 0};
		int wait = postern_timeout(p);

		poll(&at, 1, wait < 0 || wait > 200 ? 200 : wait);
		ck_assert_int_eq(postern_step(p), 0);
	}
	ck_assert_int_lt(turns, 60);
	ck_assert_int_eq(postern_set_login(p, "user", "password"), 0);
	m = a_mail("b@example.com");
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_eq(box_count(&b, " accepted "), 1);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "input");

	tcase_add_loop_test(t, fields, 0, FIELDS);
	tcase_add_test(t, sizes);
	tcase_add_loop_test(t, urls, 0, sizeof(servers) / sizeof(*servers));
	tcase_add_loop_test(t, content, 0, sizeof(contents) / sizeof(*contents));
	tcase_add_test(t, long_line);
	tcase_add_test(t, nothing);
	tcase_add_test(t, order);
	tcase_add_test(t, again);
	tcase_add_test(t, freed);
	tcase_add_loop_test(t, taken_back, 0, 4);
}
