/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Signing in over a link: which mechanism, with what, and what follows a refusal.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "fake_tls.h"
#include "link.h"
#include "main.h"
#include "memory.h"
#include "must.h"
#include "smtp/reply.h"

/* ---- A server that says what is written, line by line. ---- */

enum { TURNS = 12, OCTETS = 64 * 1024 };

struct turn {
	const char *expect; /* how the client's line begins; '$': it ends there */
	const char *say;
};

static struct wire {
	const struct turn *turns;
	size_t at, n_said, given, n_sent, line;
	char said[OCTETS], sent[OCTETS];
	int open;
	int starved; /* the client may give up anywhere */
} w;

static void speak(const char *say)
{
	size_t n = strlen(say);

	must(w.n_said + n < OCTETS);
	memcpy(w.said + w.n_said, say, n);
	w.n_said += n;
}

static void hear_line(const char *line, size_t n)
{
	const char *expect = w.turns[w.at].expect;
	size_t len = expect ? strlen(expect) : 0;

	if (w.starved && (*line == 'Q' || *line == '*')) {
		speak(*line == 'Q' ? "221 bye\r\n" : "501 as you like\r\n");
		return;
	}
	if (!expect)
		ck_abort_msg("unasked: %.*s", (int)n, line);
	if (len && expect[len - 1] == '$') {
		if (n != --len)
			ck_abort_msg("wanted %s, not %.*s", expect, (int)n, line);
	}
	if (n < len || memcmp(line, expect, len) != 0)
		ck_abort_msg("wanted %s, not %.*s", expect, (int)n, line);
	speak(w.turns[w.at++].say);
}

static ptrdiff_t wire_read(void *net, int handle, char *buf, size_t cap)
{
	size_t n = w.n_said - w.given;

	(void)net, (void)handle;
	n = n < cap ? n : cap;
	memcpy(buf, w.said + w.given, n);
	w.given += n;
	return n ? (ptrdiff_t)n : -EAGAIN;
}

static ptrdiff_t wire_write(void *net, int handle, const char *buf, size_t len)
{
	(void)net, (void)handle;
	for (size_t i = 0; i < len; i++) {
		must(w.n_sent < OCTETS);
		w.sent[w.n_sent++] = buf[i];
		if (buf[i] != '\n')
			continue;
		hear_line(w.sent + w.line, w.n_sent - w.line - 2);
		w.line = w.n_sent;
	}
	return (ptrdiff_t)len;
}

static int wire_watch(void *net, int handle, int what)
{
	(void)net, (void)handle, (void)what;
	return 0;
}

static void wire_close(void *net, int handle)
{
	(void)net, (void)handle;
	must(w.open);
	w.open = 0;
}

static int wire_local(void *net, int handle, struct ptn_address *out)
{
	(void)net, (void)handle, (void)out;
	return -ENOTCONN;
}

static const struct ptn_net wire_net = {.read = wire_read,
					.write = wire_write,
					.watch = wire_watch,
					.close = wire_close,
					.local = wire_local};

/* ---- One sign-in, under TLS. ---- */

static struct ptn_settings set;
static struct ptn_learned learned;
static int mode, port;

static struct result {
	int ready, fault;
	char id[48], mechanism[32], detail[400], text[400];
} r;

static void keep(char *to, size_t size, const char *from)
{
	snprintf(to, size, "%s", from ? from : "");
}

static void run(struct ptn_link *l)
{
	struct ptn_smtp_event ev;
	struct ptn_buf text = {0};
	int state = PTN_LINK_QUIET;

	for (int i = 0; i < 100 && state != PTN_LINK_OVER && !ptn_link_ready(l); i++) {
		state = ptn_link_step(l, 1000, &ev);
		l->go |= ptn_link_usable(l);
	}
	r.ready = ptn_link_ready(l);
	r.fault = ptn_link_fault(l);
	keep(r.id, sizeof(r.id), ptn_fault_id(r.fault));
	keep(r.mechanism, sizeof(r.mechanism), l->mechanism);
	keep(r.detail, sizeof(r.detail), ptn_link_detail(l));
	if (!ptn_reply_show(ptn_smtp_reply(l->smtp), &text) && !ptn_buf_add(&text, "", 1))
		keep(r.text, sizeof(r.text), ptn_buf_data(&text));
	ptn_buf_free(&text);
}

static int open_link(const struct turn *turns, struct ptn_link **l)
{
	static const struct ptn_address address = {.family = 4, .octets = {192, 0, 2, 7}};

	memset(&w, 0, sizeof(w));
	memset(&r, 0, sizeof(r));
	w.turns = turns;
	w.open = 1;
	speak("220 x ESMTP\r\n");
	*l = ptn_link_new(&set, &wire_net, NULL, 3, &address, port, mode);
	return *l ? 0 : -1;
}

/* The conversation must go as written, to its end. */
static void sign_in(const struct turn *turns)
{
	struct ptn_link *l;

	must(!open_link(turns, &l));
	run(l);
	if (w.turns[w.at].expect)
		ck_abort_msg("it never said %s", w.turns[w.at].expect);
	if (r.ready) { /* not a copy of the token is left, nor of what was sent */
		ck_assert_ptr_null(l->signin.sasl);
		ck_assert_uint_eq(ptn_buf_len(&l->signin.token), 0);
	}
	ptn_link_free(l);
	must(!w.open);
}

#define HELLO(mechanisms) \
	{ \
		"EHLO", "250-x\r\n250 AUTH " mechanisms "\r\n" \
	}
#define QUIT \
	{"QUIT$", "221 bye\r\n"}, \
	{ \
		NULL, "" \
	}
#define END \
	{ \
		NULL, "" \
	}
#define YES "235 2.7.0 welcome\r\n"
#define NO "535 5.7.8 no such luck\r\n"

static void signs_in(const struct turn *turns, const char *mechanism)
{
	sign_in(turns);
	ck_assert_msg(r.ready, "%s: %s", r.id, r.detail);
	ck_assert_str_eq(r.mechanism, mechanism);
}

static void fails(const struct turn *turns, const char *id)
{
	sign_in(turns);
	ck_assert(!r.ready);
	ck_assert_str_eq(r.id, id);
}

static void begin_anew(void)
{
	ptn_learned_free(&learned);
	memset(&set, 0, sizeof(set));
	set.host = (char *)"mail.example.org";
	set.name = (char *)"client.example.org";
	set.user = (char *)"user";
	set.password = (char *)"pencil";
	set.learned = &learned;
	for (int i = 0; i < PTN_LIMITS; i++)
		set.limits[i] = 500;
	mode = PTN_MODE_IMPLICIT;
	port = 465;
	fake_tls_binding = NULL;
	grants = -1;
}

static void end_all(void)
{
	ptn_learned_free(&learned);
}

/* ---- Whether, and with what. ---- */

static ptrdiff_t no_token(void *arg, const char *refusal, char *buf, size_t cap)
{
	(void)arg, (void)refusal, (void)buf, (void)cap;
	return -1;
}

START_TEST(when_it_is_due)
{
	struct ptn_settings s = {.user = NULL};

	ck_assert(!ptn_signin_due(&s));
	s.mechanisms = (char *)"PLAIN SCRAM-SHA-256 ";
	ck_assert(!ptn_signin_due(&s));
	s.mechanisms = (char *)"PLAIN EXTERNAL ";
	ck_assert(ptn_signin_due(&s));
	s.mechanisms = (char *)"ANONYMOUS ";
	ck_assert(ptn_signin_due(&s));
	s.mechanisms = (char *)"GSSAPI ";
	ck_assert(ptn_signin_due(&s));
	s.mechanisms = NULL;
	s.user = (char *)"u";
	ck_assert(ptn_signin_due(&s));
	s.user = NULL;
	s.get_token = no_token;
	ck_assert(ptn_signin_due(&s));
}
END_TEST

#define BOTH "SCRAM-SHA-256 SCRAM-SHA-256-PLUS PLAIN"

/* The first line of SCRAM in base64: "p=tls-exporter,", "y,,", "n,,". */
static const struct {
	const char *offered, *mechanisms, *binding;
	int required;
	const char *says; /* NULL: no AUTH, and: */
	const char *id;
} bindings[] = {
	{BOTH, NULL, "data", 0, "AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsL", NULL},
	{BOTH, NULL, "data", 1, "AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsL", NULL},
	{"SCRAM-SHA-1-PLUS SCRAM-SHA-256", NULL, "data", 0,
	 "AUTH SCRAM-SHA-1-PLUS cD10bHMtZXhwb3J0ZXIsL", NULL},
	/* S-06: nothing to bind */
	{BOTH, NULL, NULL, 0, "AUTH SCRAM-SHA-256 biws", NULL},
	{BOTH, NULL, NULL, 1, NULL, "auth-no-channel-binding"},
	/* S-05: not offered */
	{"SCRAM-SHA-256 PLAIN", NULL, "data", 0, "AUTH SCRAM-SHA-256 eSws", NULL},
	{"SCRAM-SHA-1 PLAIN", NULL, "data", 0, "AUTH SCRAM-SHA-1 eSws", NULL},
	{"SCRAM-SHA-256 PLAIN", NULL, "data", 1, NULL, "auth-no-channel-binding"},
	{"PLAIN LOGIN", NULL, "data", 1, NULL, "auth-no-channel-binding"},
	{"XOAUTH2", NULL, "data", 1, NULL, "auth-no-mechanism"},
	/* not allowed: then we are as one that cannot */
	{BOTH, "SCRAM-SHA-256 PLAIN", "data", 0, "AUTH SCRAM-SHA-256 biws", NULL},
	{"SCRAM-SHA-256", "SCRAM-SHA-256 PLAIN", "data", 0, "AUTH SCRAM-SHA-256 biws", NULL},
	{"SCRAM-SHA-256", "SCRAM-SHA-256 SCRAM-SHA-1-PLUS", "data", 0, "AUTH SCRAM-SHA-256 eSws",
	 NULL},
	{BOTH, "SCRAM-SHA-256 SCRAM-SHA-256-PLUS", "data", 0,
	 "AUTH SCRAM-SHA-256-PLUS cD10bHMtZXhwb3J0ZXIsL", NULL},
};

START_TEST(s_05_s_06_what_it_is_bound_to)
{
	char hello[200];
	struct turn turns[4] = {{"EHLO", hello}, {bindings[_i].says, NO}, QUIT};

	snprintf(hello, sizeof(hello), "250-x\r\n250 AUTH %s\r\n", bindings[_i].offered);
	set.mechanisms = (char *)(size_t)bindings[_i].mechanisms;
	set.binding_required = bindings[_i].required;
	fake_tls_binding = bindings[_i].binding;
	if (!bindings[_i].says)
		memmove(turns + 1, turns + 2, 2 * sizeof(*turns));
	fails(turns, bindings[_i].says ? "auth-refused" : bindings[_i].id);
	if (!bindings[_i].says) {
		ck_assert_ptr_nonnull(strstr(r.detail, "offered are "));
		ck_assert_ptr_nonnull(strstr(r.detail, bindings[_i].offered));
	}
}
END_TEST

START_TEST(credentials_of_other_kinds)
{
	static const struct turn external[] = {
		HELLO("EXTERNAL PLAIN"), {"AUTH EXTERNAL =$", YES}, END};
	static const struct turn as_user[] = {
		HELLO("EXTERNAL PLAIN"), {"AUTH EXTERNAL dXNlcg==$", YES}, END};
	static const struct turn anonymous[] = {
		HELLO("ANONYMOUS PLAIN"), {"AUTH ANONYMOUS YW5vbnltb3Vz$", YES}, END};
	static const struct turn plain[] = {
		HELLO("EXTERNAL PLAIN"), {"AUTH PLAIN AHVzZXIAcGVuY2ls$", YES}, END};
	static const struct turn none[] = {HELLO("EXTERNAL PLAIN"), QUIT};
	static const struct turn no_auth[] = {{"EHLO", "250 x\r\n"}, QUIT};

	set.mechanisms = (char *)"EXTERNAL PLAIN ";
	signs_in(plain, "PLAIN"); /* there is no certificate */
	set.tls.own = (struct ptn_tls_own *)&set;
	signs_in(as_user, "EXTERNAL");
	set.user = set.password = NULL;
	signs_in(external, "EXTERNAL");
	set.mechanisms = (char *)"ANONYMOUS ";
	signs_in(anonymous, "ANONYMOUS");
	fails(none, "auth-no-mechanism");
	fails(no_auth, "auth-not-offered"); /* it was named: no mail goes without */
}
END_TEST

/* SCRAM cannot carry what SASLprep forbids: that is known before an octet is sent. */
START_TEST(a_password_that_is_not_fit)
{
	static const struct turn plain[] = {HELLO("SCRAM-SHA-256 SCRAM-SHA-1 PLAIN"),
					    {"AUTH PLAIN AHVzZXIA8J+UkQ==$", YES},
					    END};
	static const struct turn none[] = {HELLO("SCRAM-SHA-256 SCRAM-SHA-1"), QUIT};

	set.password = (char *)"\xF0\x9F\x94\x91";
	signs_in(plain, "PLAIN");
	fails(none, "auth-no-mechanism");
}
END_TEST

/* ---- What follows a refusal. ---- */

#define PLAIN "AUTH PLAIN AHVzZXIAcGVuY2ls$"
#define NO504 "504 5.5.4 unknown\r\n"
#define NO534 "534 5.7.9 too weak\r\n"
#define LOGIN \
	{"AUTH LOGIN$", "334 VXNlcm5hbWU6\r\n"}, \
	{ \
		"dXNlcg==$", "334 UGFzc3dvcmQ6\r\n" \
	}

static const struct {
	const char *mechanisms, *mechanism, *id; /* who signs in, or how it fails */
	struct turn turns[TURNS];
} ladders[] = {
	/* not weaker */
	{NULL,
	 "LOGIN",
	 NULL,
	 {HELLO("PLAIN LOGIN"), {PLAIN, NO504}, LOGIN, {"cGVuY2ls$", YES}, END}},
	{NULL,
	 "LOGIN",
	 NULL,
	 {HELLO("PLAIN LOGIN"), {PLAIN, NO534}, LOGIN, {"cGVuY2ls$", YES}, END}},
	{"PLAIN SCRAM-SHA-256",
	 NULL,
	 "auth-refused",
	 {HELLO("SCRAM-SHA-256 PLAIN"), {PLAIN, NO534}, {"AUTH SCRAM-SHA-256 ", NO}, QUIT}},
	{"SCRAM-SHA-1 SCRAM-SHA-256 PLAIN",
	 NULL,
	 "auth-refused",
	 {HELLO("SCRAM-SHA-256 SCRAM-SHA-1 PLAIN"),
	  {"AUTH SCRAM-SHA-1 ", NO504},
	  {"AUTH SCRAM-SHA-256 ", NO},
	  QUIT}},
	/* weaker: never */
	{NULL,
	 NULL,
	 "auth-mechanism-refused",
	 {HELLO("SCRAM-SHA-256 PLAIN LOGIN CRAM-MD5"), {"AUTH SCRAM-SHA-256 ", NO504}, QUIT}},
	{NULL,
	 NULL,
	 "auth-mechanism-refused",
	 {HELLO("SCRAM-SHA-256 SCRAM-SHA-1"), {"AUTH SCRAM-SHA-256 ", NO534}, QUIT}},
	{"CRAM-MD5 PLAIN",
	 NULL,
	 "auth-mechanism-refused",
	 {HELLO("CRAM-MD5 PLAIN"), {"AUTH CRAM-MD5$", NO504}, QUIT}},
	/* the strength of the last one counts */
	{"PLAIN CRAM-MD5 LOGIN",
	 NULL,
	 "auth-mechanism-refused",
	 {HELLO("CRAM-MD5 PLAIN LOGIN"), {PLAIN, NO504}, {"AUTH CRAM-MD5$", NO504}, QUIT}},
	/* each once, and three in all */
	{NULL,
	 NULL,
	 "auth-mechanism-refused",
	 {HELLO("PLAIN LOGIN PLAIN"), {PLAIN, NO504}, {"AUTH LOGIN$", NO504}, QUIT}},
	{"PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1",
	 NULL,
	 "auth-mechanism-refused",
	 {HELLO("PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1"),
	  {PLAIN, NO504},
	  {"AUTH LOGIN$", NO504},
	  {"AUTH CRAM-MD5$", NO504},
	  QUIT}},
	/* S-03: wrong is wrong */
	{NULL, NULL, "auth-refused", {HELLO("PLAIN LOGIN"), {PLAIN, NO}, QUIT}},
	{NULL,
	 NULL,
	 "auth-refused",
	 {HELLO("PLAIN LOGIN"), {PLAIN, NO504}, {"AUTH LOGIN$", NO}, QUIT}},
	{NULL, NULL, "auth-busy", {HELLO("PLAIN LOGIN"), {PLAIN, "454 4.7.0 later\r\n"}, QUIT}},
	{NULL, NULL, "auth-refused", {HELLO("PLAIN LOGIN"), {PLAIN, "501 5.5.2 bad\r\n"}, QUIT}},
	{NULL, NULL, "auth-needs-tls", {HELLO("PLAIN LOGIN"), {PLAIN, "538 5.7.11 no\r\n"}, QUIT}},
	/* nor does a challenge that is broken, or not safe, lead to another mechanism */
	{"LOGIN PLAIN",
	 NULL,
	 "auth-malformed",
	 {HELLO("PLAIN LOGIN"),
	  {"AUTH LOGIN$", "334 =AAA\r\n"},
	  {"*$", "504 cancelled\r\n"},
	  QUIT}},
	{"SCRAM-SHA-1 SCRAM-SHA-256",
	 NULL,
	 "auth-malformed",
	 {HELLO("SCRAM-SHA-1 SCRAM-SHA-256"),
	  {"AUTH SCRAM-SHA-1 ", "334 cj14LHM9QUFBQSxpPTE=\r\n"},
	  {"*$", "501 cancelled\r\n"},
	  QUIT}},
};

START_TEST(s_03_another_mechanism)
{
	set.mechanisms = (char *)(size_t)ladders[_i].mechanisms;
	if (_i == 16) /* its nonce is not ours */
		fails(ladders[_i].turns, "auth-challenge-unsafe");
	else if (ladders[_i].id)
		fails(ladders[_i].turns, ladders[_i].id);
	else
		signs_in(ladders[_i].turns, ladders[_i].mechanism);
}
END_TEST

/* What is said of the end is the server's last word. */
START_TEST(the_refusal_is_told)
{
	static const struct turn turns[] = {
		HELLO("PLAIN LOGIN"), {PLAIN, NO504}, {"AUTH LOGIN$", NO534}, {"QUIT$", ""}, END};

	fails(turns, "auth-mechanism-refused");
	ck_assert_str_eq(r.text, "too weak");
}
END_TEST

/* ---- Tokens. ---- */

static struct {
	const char *gives[4]; /* NULL: none */
	int calls;
	char told[4][128]; /* what was said of the last one; "-": nothing */
} purse;

static ptrdiff_t give_token(void *arg, const char *refusal, char *buf, size_t cap)
{
	const char *token = purse.gives[purse.calls];

	must(arg == &purse && purse.calls < 4);
	keep(purse.told[purse.calls++], sizeof(purse.told[0]), refusal ? refusal : "-");
	if (!token)
		return -1;
	must(strlen(token) < cap);
	memcpy(buf, token, strlen(token));
	return (ptrdiff_t)strlen(token);
}

static void set_tokens(const char *a, const char *b, const char *c)
{
	memset(&purse, 0, sizeof(purse));
	purse.gives[0] = a;
	purse.gives[1] = b;
	purse.gives[2] = c;
	set.password = NULL;
	set.get_token = give_token;
	set.token_arg = &purse;
}

/* user=user^Aauth=Bearer T1^A^A, and T2 */
#define X1 "AUTH XOAUTH2 dXNlcj11c2VyAWF1dGg9QmVhcmVyIFQxAQE=$"
#define X2 "AUTH XOAUTH2 dXNlcj11c2VyAWF1dGg9QmVhcmVyIFQyAQE=$"
#define JSON "{\"status\":\"401\"}"
#define SAYS_JSON "334 eyJzdGF0dXMiOiI0MDEifQ==\r\n"

START_TEST(s_12_a_token)
{
	static const struct turn turns[] = {HELLO("XOAUTH2 PLAIN"), {X1, YES}, END};

	set_tokens("T1", NULL, NULL);
	signs_in(turns, "XOAUTH2");
	ck_assert_int_eq(purse.calls, 1);
	ck_assert_str_eq(purse.told[0], "-");
}
END_TEST

/* OAUTHBEARER says where it goes: n,a=user,^Ahost=mail.example.org^Aport=465^Aauth=Bearer T1^A^A */
START_TEST(s_12_oauthbearer)
{
	static const struct turn turns[] = {
		HELLO("XOAUTH2 OAUTHBEARER"),
		{"AUTH OAUTHBEARER "
		 "bixhPXVzZXIsAWhvc3Q9bWFpbC5leGFtcGxlLm9yZwFwb3J0PTQ2NQFhdXRoPUJlYX"
		 "JlciBUMQEB$",
		 SAYS_JSON},
		{"AQ==$", NO},
		QUIT};

	set_tokens("T1", "T1", NULL);
	fails(turns, "auth-token-refused");
	ck_assert_int_eq(purse.calls, 2);
	ck_assert_str_eq(purse.told[1], JSON);
	ck_assert_str_eq(r.detail, JSON);
}
END_TEST

/* Called late: not where no mechanism needs it, nor before it is known that TLS is up. */
START_TEST(s_12_not_asked_for_in_vain)
{
	static const struct turn none[] = {HELLO("PLAIN SCRAM-SHA-256"), QUIT};
	static const struct turn no_auth[] = {{"EHLO", "250 x\r\n"}, QUIT};

	set_tokens("T1", NULL, NULL);
	fails(none, "auth-no-mechanism");
	fails(no_auth, "auth-not-offered");
	ck_assert_int_eq(purse.calls, 0);
}
END_TEST

START_TEST(s_12_refused_once)
{
	static const struct turn turns[] = {
		HELLO("XOAUTH2"), {X1, SAYS_JSON}, {"$", NO}, {X2, YES}, END};
	static const struct turn silent[] = {HELLO("XOAUTH2"), {X1, NO}, {X2, YES}, END};

	set_tokens("T1", "T2", NULL);
	signs_in(turns, "XOAUTH2");
	ck_assert_int_eq(purse.calls, 2);
	ck_assert_str_eq(purse.told[1], JSON);
	begin_anew();
	set_tokens("T1", "T2", NULL);
	signs_in(silent, "XOAUTH2");
	ck_assert_int_eq(purse.calls, 2);
	ck_assert_str_eq(purse.told[1], "no such luck");
}
END_TEST

/* Once more, and only once; what was said of the second is told first of all next time. */
START_TEST(s_12_refused_twice)
{
	static const struct turn turns[] = {
		HELLO("XOAUTH2"), {X1, SAYS_JSON}, {"$", NO}, {X2, NO}, QUIT};
	static const struct turn next[] = {HELLO("XOAUTH2"), {X1, YES}, END};

	set_tokens("T1", "T2", "T1");
	fails(turns, "auth-token-refused");
	ck_assert_int_eq(purse.calls, 2);
	signs_in(next, "XOAUTH2");
	ck_assert_int_eq(purse.calls, 3);
	ck_assert_str_eq(purse.told[2], "no such luck");
}
END_TEST

/* The same one is not sent again: not now, and not by the next connection either. */
START_TEST(s_12_the_same_again)
{
	static const struct turn turns[] = {HELLO("XOAUTH2"), {X1, SAYS_JSON}, {"$", NO}, QUIT};
	static const struct turn next[] = {HELLO("XOAUTH2"), QUIT};
	static const struct turn other[] = {HELLO("XOAUTH2"), {X2, YES}, END};

	set_tokens("T1", "T1", "T1");
	purse.gives[3] = "T2";
	fails(turns, "auth-token-refused");
	ck_assert_str_eq(r.detail, JSON);
	fails(next, "auth-token-refused");
	ck_assert_int_eq(purse.calls, 3);
	ck_assert_str_eq(purse.told[2], JSON);
	signs_in(other, "XOAUTH2");
	ck_assert_str_eq(purse.told[3], JSON);
}
END_TEST

/* Not even without a memory of the handle's. */
START_TEST(s_12_the_same_again_without_memory)
{
	static const struct turn turns[] = {HELLO("XOAUTH2"), {X1, NO}, QUIT};

	set.learned = NULL;
	set_tokens("T1", "T1", NULL);
	fails(turns, "auth-token-refused");
	ck_assert_int_eq(purse.calls, 2);
}
END_TEST

/* Busy, closing, a wrong mechanism, a broken exchange: the token is as good as before. */
static const struct {
	const char *id;
	struct turn turns[TURNS];
} no_refusals[] = {
	{"auth-busy", {HELLO("XOAUTH2"), {X1, "454 4.7.0 later\r\n"}, QUIT}},
	{"auth-busy", {HELLO("XOAUTH2"), {X1, SAYS_JSON}, {"$", "454 4.7.0 later\r\n"}, QUIT}},
	{"auth-busy", {HELLO("XOAUTH2"), {X1, "421 4.3.2 bye\r\n"}, END}},
	{"auth-busy", {HELLO("XOAUTH2"), {X1, SAYS_JSON}, {"$", "421 4.3.2 bye\r\n"}, END}},
	{"auth-refused", {HELLO("XOAUTH2"), {X1, "432 4.7.12 no\r\n"}, QUIT}},
	{"auth-mechanism-refused", {HELLO("XOAUTH2"), {X1, NO504}, QUIT}},
	{"auth-refused", {HELLO("XOAUTH2"), {X1, "501 5.5.2 what\r\n"}, QUIT}},
	{"auth-malformed", {HELLO("XOAUTH2"), {X1, "334 AAA\r\n"}, {"*$", NO}, QUIT}},
	{"auth-malformed", {HELLO("XOAUTH2"), {X1, SAYS_JSON}, {"$", SAYS_JSON}, {"*$", NO}, QUIT}},
	{"auth-server-unproven", {HELLO("XOAUTH2"), {X1, SAYS_JSON}, {"$", YES}, QUIT}},
};

START_TEST(s_12_what_is_no_refusal)
{
	static const struct turn next[] = {HELLO("XOAUTH2"), {X1, YES}, END};

	set_tokens("T1", "T1", NULL);
	fails(no_refusals[_i].turns, no_refusals[_i].id);
	ck_assert_int_eq(purse.calls, 1);
	signs_in(next, "XOAUTH2");
	ck_assert_str_eq(purse.told[1], "-");
}
END_TEST

/* 504 to one mechanism for tokens: the same token, by the other one. */
START_TEST(the_other_mechanism_for_tokens)
{
	static const struct turn turns[] = {
		HELLO("OAUTHBEARER XOAUTH2"), {"AUTH OAUTHBEARER ", NO504}, {X1, YES}, END};
	static const struct turn refused[] = {HELLO("OAUTHBEARER XOAUTH2"),
					      {"AUTH OAUTHBEARER ", NO504},
					      {X1, NO},
					      {X2, YES},
					      END};

	set_tokens("T1", NULL, NULL);
	signs_in(turns, "XOAUTH2");
	ck_assert_int_eq(purse.calls, 1);
	set_tokens("T1", "T2", NULL);
	signs_in(refused, "XOAUTH2");
	ck_assert_int_eq(purse.calls, 2);
}
END_TEST

START_TEST(s_14_a_long_token)
{
	static char token[2001], line[4000];
	const struct turn turns[] = {
		HELLO("XOAUTH2"), {"AUTH XOAUTH2$", "334 \r\n"}, {line, YES}, END};
	struct ptn_buf b = {0};

	memset(token, 't', sizeof(token) - 1);
	ck_assert(!ptn_text_base64(&b, "user=user\001auth=Bearer ttttt", 27));
	keep(line, sizeof(line), ptn_buf_data(&b));
	line[ptn_buf_len(&b)] = '\0';
	ptn_buf_free(&b);
	set_tokens(token, NULL, NULL);
	signs_in(turns, "XOAUTH2");
}
END_TEST

static const char *const bad_tokens[] = {NULL, "", "a b", "a\001b", "a\r\nb", "T1\n", "t\xC3\xA4"};

START_TEST(no_token_to_use)
{
	static const struct turn turns[] = {HELLO("XOAUTH2 OAUTHBEARER"), QUIT};

	set_tokens(bad_tokens[_i], NULL, NULL);
	fails(turns, "auth-no-token");
	ck_assert_int_eq(purse.calls, 1);
}
END_TEST

static ptrdiff_t too_much;

static ptrdiff_t give_too_much(void *arg, const char *refusal, char *buf, size_t cap)
{
	(void)arg, (void)refusal;
	memset(buf, 't', cap);
	buf[1] = '\0';
	return too_much;
}

/* A length that cannot be, or a NUL within it. */
START_TEST(a_false_length)
{
	static const struct turn turns[] = {HELLO("XOAUTH2"), QUIT};
	static const ptrdiff_t lengths[] = {3, 12289, 1 << 30, POSTERN_LATER};

	set_tokens(NULL, NULL, NULL);
	set.get_token = give_too_much;
	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		too_much = lengths[i];
		fails(turns, "auth-no-token");
	}
}
END_TEST

static char traced[OCTETS];

static void keep_trace(void *arg, int dir, const char *line, size_t len)
{
	size_t n = strlen(traced);

	(void)arg;
	snprintf(traced + n, sizeof(traced) - n, "%c%.*s\n", dir, (int)len, line);
}

/* Neither the trace, nor a reply shown, nor what the caller is told repeats it. */
START_TEST(a_token_is_masked)
{
	static const struct turn turns[] = {
		HELLO("XOAUTH2"),
		{"AUTH XOAUTH2 dXNlcj11c2VyAWF1dGg9QmVhcmVyIFRva2VuLTAxMjM0NTY3OAEB$",
		 "535 5.7.8 Token-012345678 "
		 "dXNlcj11c2VyAWF1dGg9QmVhcmVyIFRva2VuLTAxMjM0NTY3OAEB\r\n"},
		QUIT};

	set_tokens("Token-012345678", NULL, NULL);
	set.trace = keep_trace;
	traced[0] = '\0';
	fails(turns, "auth-no-token");
	ck_assert_ptr_null(strstr(traced, "Token"));
	ck_assert_ptr_null(strstr(traced, "VG9r"));
	ck_assert_ptr_null(strstr(traced, "Rva2Vu"));
	ck_assert_ptr_nonnull(strstr(traced, ">AUTH XOAUTH2 ***\n<535 5.7.8 *************** ***"));
	ck_assert_ptr_null(strstr(purse.told[1], "Token"));
	ck_assert_ptr_null(strstr(purse.told[1], "Rva2Vu"));
}
END_TEST

/* ---- What is given back was wiped. ---- */

static const char *watched; /* where the token was put; NULL: nobody looks */
static size_t watched_len;
static int given_back, unwiped;

void __real_free(void *p);
void __wrap_free(void *p);

/* The token stands at the start of its block. */
void __wrap_free(void *p)
{
	if (p && p == watched) {
		given_back++;
		for (size_t i = 0; i < watched_len; i++)
			unwiped += watched[i] != 0;
		watched = NULL;
	}
	__real_free(p);
}

static ptrdiff_t give_and_watch(void *arg, const char *refusal, char *buf, size_t cap)
{
	ptrdiff_t n = give_token(arg, refusal, buf, cap);

	/* More than the token, as a function may have used the room for its work. */
	memcpy(buf + n, ":refresh", 8);
	watched = buf;
	watched_len = (size_t)n + 8;
	return n;
}

START_TEST(a_token_is_wiped)
{
	static const struct turn good[] = {HELLO("XOAUTH2 PLAIN"), {X1, YES}, END};
	static const struct turn bad[] = {HELLO("XOAUTH2"), {X1, NO}, {X2, NO}, QUIT};
	static const struct turn cut[] = {HELLO("XOAUTH2"), {X1, "nonsense\r\n"}, END};
	static const struct turn *const all[] = {good, bad, cut};

	set_tokens("T1", "T2", NULL);
	set.get_token = give_and_watch;
	given_back = unwiped = 0;
	sign_in(all[_i]);
	ck_assert_int_eq(purse.calls, _i == 1 ? 2 : 1);
	ck_assert_int_eq(given_back, purse.calls);
	ck_assert_int_eq(unwiped, 0);
}
END_TEST

/* JSON that repeats the token is told to nobody. */
START_TEST(json_with_the_token)
{
	static const struct turn turns[] = {
		HELLO("XOAUTH2"), {X1, "334 eyJ0b2tlbiI6IlQxIn0=\r\n"}, {"$", NO}, QUIT};

	set_tokens("T1", NULL, NULL);
	fails(turns, "auth-no-token");
	ck_assert_ptr_null(strstr(purse.told[1], "T1"));
	ck_assert_ptr_null(strstr(r.detail, "T1"));
}
END_TEST

/* ---- An offer that shrank. ---- */

#define S "SCRAM-SHA-256"
#define P "SCRAM-SHA-256-PLUS"

static const struct {
	const char *before, *mechanisms, *after;
	int allowed;
	const char *says; /* NULL: auth-downgrade, and not an octet of AUTH */
} offers[] = {
	{S " PLAIN", NULL, S " PLAIN LOGIN", 0, "AUTH " S " "},
	{"PLAIN", NULL, S " PLAIN", 0, "AUTH " S " "},
	{S " PLAIN", NULL, "PLAIN LOGIN", 0, NULL},
	{"SCRAM-SHA-1 PLAIN", NULL, "PLAIN", 0, NULL},
	{"SCRAM-SHA-1 PLAIN", NULL, S " PLAIN", 0, "AUTH " S " "},
	{P " " S, NULL, S " PLAIN", 0, NULL},
	{P " " S, NULL, "PLAIN", 0, NULL},
	{P " " S, NULL, P, 0, "AUTH " P " "},
	{P, NULL, "SCRAM-SHA-1-PLUS", 0, "AUTH SCRAM-SHA-1-PLUS "},
	/* the caller knows */
	{S " PLAIN", NULL, "PLAIN", 1, "AUTH PLAIN "},
	{P " " S, NULL, S, 1, "AUTH " S " "},
	/* or does not want it anyway */
	{S " PLAIN", "PLAIN", "PLAIN", 0, "AUTH PLAIN "},
	{P " " S, "SCRAM-SHA-256 PLAIN", S, 0, "AUTH " S " "},
	{P " " S, "SCRAM-SHA-256 PLAIN", "PLAIN", 0, NULL},
};

static void try_offer(const char *offered, const char *says)
{
	char hello[200];
	struct turn turns[4] = {{"EHLO", hello}, {says, NO}, QUIT};

	snprintf(hello, sizeof(hello), "250-x\r\n250 AUTH %s\r\n", offered);
	if (!says)
		memmove(turns + 1, turns + 2, 2 * sizeof(*turns));
	fails(turns, says ? "auth-refused" : "auth-downgrade");
	if (!says)
		ck_assert_ptr_nonnull(strstr(r.detail, offered));
}

START_TEST(s_01_an_offer_that_shrank)
{
	fake_tls_binding = "data";
	try_offer(offers[_i].before, "AUTH ");
	set.mechanisms = (char *)(size_t)offers[_i].mechanisms;
	set.weaker_allowed = offers[_i].allowed;
	try_offer(offers[_i].after, offers[_i].says);
	if (!offers[_i].allowed)
		return;
	/* allowed for once: from now on this is what it offers */
	set.weaker_allowed = 0;
	try_offer(offers[_i].after, offers[_i].says);
}
END_TEST

/* Another host, or another port, is another server. */
START_TEST(offers_of_other_servers)
{
	try_offer(S " PLAIN", "AUTH " S);
	port = 587;
	try_offer("PLAIN", "AUTH PLAIN ");
	port = 465;
	set.host = (char *)"other.example.org";
	try_offer("PLAIN", "AUTH PLAIN ");
	set.host = (char *)"MAIL.example.org";
	try_offer("PLAIN", NULL);
}
END_TEST

/* S-02: what was offered before TLS counts for nothing, then and later. */
START_TEST(s_02_the_offer_in_clear_text)
{
	static const struct turn turns[] = {
		{"EHLO", "250-x\r\n250-STARTTLS\r\n250 AUTH SCRAM-SHA-256 PLAIN\r\n"},
		{"STARTTLS$", "220 go\r\n"},
		HELLO("PLAIN"),
		{PLAIN, YES},
		END};

	mode = PTN_MODE_STARTTLS;
	signs_in(turns, "PLAIN");
	signs_in(turns, "PLAIN");
}
END_TEST

/* With a token SCRAM is no way, and nothing is missed. */
START_TEST(an_offer_for_a_token)
{
	static const struct turn turns[] = {HELLO("XOAUTH2"), {X1, YES}, END};

	try_offer(S " XOAUTH2", "AUTH " S);
	set_tokens("T1", NULL, NULL);
	signs_in(turns, "XOAUTH2");
}
END_TEST

/* ---- Failures. ---- */

static const struct turn two_mechanisms[] = {
	HELLO("PLAIN LOGIN SCRAM-SHA-256"), {PLAIN, NO504}, LOGIN, {"cGVuY2ls$", YES}, END};
static const struct turn two_tokens[] = {
	HELLO("XOAUTH2"), {X1, SAYS_JSON}, {"$", NO}, {X2, YES}, END};

/* Each request for memory fails, once and from there on: signed in, or it says why. */
START_TEST(memory_fails_at_each_place)
{
	for (int at = 0, done = 0; !done; at++) {
		struct ptn_link *l;

		ck_assert_int_lt(at, 200);
		begin_anew();
		if (_i & 2)
			set_tokens("T1", "T2", "T1");
		else
			set.mechanisms = (char *)"PLAIN LOGIN ";
		refuse_once = _i & 1;
		refused = 0;
		grants = at;
		if (!open_link(_i & 2 ? two_tokens : two_mechanisms, &l)) {
			w.starved = 1;
			run(l);
			ptn_link_free(l);
		}
		grants = -1;
		done = !refused;
		must(!w.open);
		if (r.fault && strcmp(r.id, "no-memory") && strcmp(r.id, "auth-mechanism-refused"))
			ck_abort_msg("%d: %s", at, r.id);
		ck_assert(!done || r.ready);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "signin");

	tcase_add_checked_fixture(t, begin_anew, end_all);
	tcase_add_test(t, when_it_is_due);
	EACH(t, s_05_s_06_what_it_is_bound_to, bindings);
	tcase_add_test(t, credentials_of_other_kinds);
	tcase_add_test(t, a_password_that_is_not_fit);
	EACH(t, s_03_another_mechanism, ladders);
	tcase_add_test(t, the_refusal_is_told);
	tcase_add_test(t, s_12_a_token);
	tcase_add_test(t, s_12_oauthbearer);
	tcase_add_test(t, s_12_not_asked_for_in_vain);
	tcase_add_test(t, s_12_refused_once);
	tcase_add_test(t, s_12_refused_twice);
	tcase_add_test(t, s_12_the_same_again);
	tcase_add_test(t, s_12_the_same_again_without_memory);
	EACH(t, s_12_what_is_no_refusal, no_refusals);
	tcase_add_test(t, the_other_mechanism_for_tokens);
	tcase_add_test(t, s_14_a_long_token);
	EACH(t, no_token_to_use, bad_tokens);
	tcase_add_test(t, a_false_length);
	tcase_add_test(t, a_token_is_masked);
	tcase_add_loop_test(t, a_token_is_wiped, 0, 3);
	tcase_add_test(t, json_with_the_token);
	EACH(t, s_01_an_offer_that_shrank, offers);
	tcase_add_test(t, offers_of_other_servers);
	tcase_add_test(t, s_02_the_offer_in_clear_text);
	tcase_add_test(t, an_offer_for_a_token);
	tcase_add_loop_test(t, memory_fails_at_each_place, 0, 4);
}
