/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "fake_tls.h"
#include "link.h"
#include "main.h"
#include "must.h"
#include "smtp/reply.h"

/* ---- A wire with a scripted server at its end. ---- */

struct turn {
	const char *expect; /* how the client's next line begins; "." is behind content; NULL: at
			       once */
	const char *say;
};

enum { OCTETS = 8 * 1024, LIMIT = 500, TICK = 10 };

struct wire {
	const struct turn *turns;
	ptn_time now;
	size_t at; /* the next turn */
	char said[OCTETS], sent[OCTETS]; /* by the server; by the client */
	size_t n_said, given, n_sent, line;
	size_t chunk, take; /* octets for one read, one write; 0: as many as there are */
	int gaps, read_gap,
		write_gap; /* between any two reads, or writes, there is nothing to do */
	int missed; /* something was there, and was not found */
	size_t ends_at; /* octets until the stream ends with `end`; OCTETS: never */
	int end;
	size_t deaf_at; /* octets until writing fails; OCTETS: never */
	size_t full_at; /* octets until the peer takes no more; OCTETS: never */
	size_t slow; /* this turn's words come one octet a tick */
	ptn_time slow_from; /* when they began; 0: not yet */
	size_t slow_begins, slow_ends;
	int open, watched;
	/* the caller */
	const char *body;
	size_t body_at;
	ptn_time reader_from, reader_until; /* the reader has nothing in between */
};

static void speak(struct wire *w)
{
	size_t n = strlen(w->turns[w->at].say);

	must(w->n_said + n < OCTETS);
	memcpy(w->said + w->n_said, w->turns[w->at].say, n);
	if (w->at == w->slow) {
		w->slow_from = w->now;
		w->slow_begins = w->n_said;
		w->slow_ends = w->n_said + n;
	}
	w->n_said += n;
	w->at++;
}

/* The octets from w->line on are a line, or a flight of the handshake. */
static int is_whole(const struct wire *w, const char *expect)
{
	size_t n = w->n_sent - w->line;

	if (*expect == '\x16')
		return n == strlen(expect) && !memcmp(w->sent + w->line, expect, n);
	return n >= 2 && !memcmp(w->sent + w->n_sent - 2, "\r\n", 2);
}

static void hear(struct wire *w, char c)
{
	const char *expect = w->turns[w->at].expect;

	w->sent[w->n_sent++] = c;
	must(w->n_sent < OCTETS);
	if (!expect) {
		if (*w->turns[w->at].say)
			ck_abort_msg("unasked: %.*s", (int)w->n_sent, w->sent);
		return;
	}
	if (!is_whole(w, expect))
		return;
	if (!strcmp(expect, ".")) {
		if (w->n_sent - w->line == 3 && w->sent[w->line] == '.')
			speak(w);
	} else {
		if (strncmp(w->sent + w->line, expect, strlen(expect)))
			ck_abort_msg("wanted %s, not %.*s", expect, (int)(w->n_sent - w->line),
				     w->sent + w->line);
		speak(w);
	}
	w->line = w->n_sent;
}

/* Whether this read or write finds nothing to do, as every other does. */
static int has_gap(struct wire *w, int *gap)
{
	*gap = w->gaps && !*gap;
	w->missed |= *gap;
	return *gap;
}

static size_t ready(const struct wire *w)
{
	size_t n = w->n_said;

	if (w->slow_from && w->slow_begins < n) {
		size_t some = w->slow_begins + (size_t)(w->now - w->slow_from) / TICK;

		n = some < w->slow_ends ? some : n;
	}
	return (n < w->ends_at ? n : w->ends_at) - w->given;
}

static ptrdiff_t wire_read(void *net, int handle, char *buf, size_t cap)
{
	struct wire *w = net;
	size_t n;

	must(handle == 3 && w->open);
	while (!w->turns[w->at].expect && *w->turns[w->at].say)
		speak(w);
	if (has_gap(w, &w->read_gap))
		return -EAGAIN;
	n = ready(w);
	n = w->chunk && n > w->chunk ? w->chunk : n;
	n = n > cap ? cap : n;
	if (!n)
		return w->given == w->ends_at ? w->end : -EAGAIN;
	memcpy(buf, w->said + w->given, n);
	w->given += n;
	return (ptrdiff_t)n;
}

static ptrdiff_t wire_write(void *net, int handle, const char *buf, size_t len)
{
	struct wire *w = net;
	size_t n = w->take && len > w->take ? w->take : len;

	must(handle == 3 && w->open);
	if (has_gap(w, &w->write_gap))
		return -EAGAIN;
	n = n > w->deaf_at - w->n_sent ? w->deaf_at - w->n_sent : n;
	if (!n)
		return -EPIPE;
	n = n > w->full_at - w->n_sent ? w->full_at - w->n_sent : n;
	if (!n)
		return -EAGAIN;
	for (size_t i = 0; i < n; i++)
		hear(w, buf[i]);
	return (ptrdiff_t)n;
}

static int wire_watch(void *net, int handle, int what)
{
	struct wire *w = net;

	must(handle == 3 && w->open);
	w->watched = what;
	return 0;
}

static void wire_close(void *net, int handle)
{
	struct wire *w = net;

	must(handle == 3 && w->open);
	w->open = 0;
}

static struct ptn_address own; /* family 0: not known */

static int wire_local(void *net, int handle, struct ptn_address *out)
{
	(void)net, (void)handle;
	*out = own;
	return own.family ? 0 : -ENOTCONN;
}

static const struct ptn_net wire_net = {.read = wire_read,
					.write = wire_write,
					.watch = wire_watch,
					.close = wire_close,
					.local = wire_local};

static const char *host_name; /* NULL: it has no good one */
int __wrap_ptn_net_host_name(char *buf, size_t cap);

int __wrap_ptn_net_host_name(char *buf, size_t cap)
{
	if (!host_name)
		return -ENOENT;
	snprintf(buf, cap, "%s", host_name);
	return 0;
}

/* ---- A conversation from the greeting to the goodbye, with one mail in it. ---- */

static const char body[] = "Subject: x\r\n\r\n.dot\r\nlast line";

struct result {
	int events, outcome, fault, code; /* of the mail; of the reply that it was told with */
	int link_fault;
	ptn_time ended;
	char detail[256];
};

static struct wire new_wire(const struct turn *turns)
{
	return (struct wire){.turns = turns,
			     .now = 1000,
			     .ends_at = OCTETS,
			     .deaf_at = OCTETS,
			     .full_at = OCTETS,
			     .slow = OCTETS,
			     .open = 1,
			     .body = body};
}

static struct ptn_settings settings(void)
{
	struct ptn_settings set = {.host = (char *)"mail.example.org",
				   .name = (char *)"client.example.org"};

	for (int i = 0; i < PTN_LIMITS; i++)
		set.limits[i] = LIMIT;
	return set;
}

/* One block; 0: the reader has nothing now. */
static int give_body(struct wire *w, struct ptn_link *l)
{
	size_t n = strlen(w->body + w->body_at);

	if (w->body_at && w->now >= w->reader_from && w->now < w->reader_until)
		return 0;
	n = n > 7 ? 7 : n;
	if (n)
		ptn_smtp_body(l->smtp, w->body + w->body_at, n);
	else
		ptn_smtp_body_end(l->smtp);
	w->body_at += n;
	return 1;
}

/* Sleep until something may have happened. */
static void sleep_on(struct wire *w, const struct ptn_link *l, int reader_waits)
{
	ptn_time wake = ptn_link_wake(l);

	if (w->missed) {
		w->missed = 0;
		return;
	}
	if (reader_waits && w->reader_until < wake)
		wake = w->reader_until;
	if (w->slow_from && w->given < w->slow_ends && w->now + TICK < wake)
		wake = w->now + TICK;
	if (!(wake != PTN_NEVER))
		ck_abort_msg("it waits for nothing");
	if (!(wake > w->now))
		ck_abort_msg("it turns without end");
	w->now = wake;
}

static struct result converse(struct wire *w, const struct ptn_settings *set, int mode)
{
	static const struct ptn_address address = {.family = 4, .octets = {192, 0, 2, 7}};
	static const char *const to[] = {"you@example.net"};
	struct ptn_smtp_envelope e = {.reverse_path = "me@example.org", .recipients = to, .n = 1};
	struct ptn_link *l = ptn_link_new(set, &wire_net, w, 3, &address, 587, mode);
	struct result r = {0};
	int begun = 0, quit = 0;

	must(l);
	for (int steps = 0;; steps++) {
		struct ptn_smtp_event ev;
		int state = ptn_link_step(l, w->now, &ev);

		must(steps < 100000);
		if (state == PTN_LINK_OVER)
			break;
		if (state == PTN_LINK_EVENT) {
			if (ev.what == PTN_EVENT_MAIL) {
				r.events++;
				r.outcome = ev.outcome;
				r.fault = ev.fault;
				r.code = ev.reply && ev.reply->whole ? ev.reply->code : 0;
			}
		} else if (state == PTN_LINK_BODY) {
			if (!give_body(w, l))
				sleep_on(w, l, 1);
		} else if (ptn_link_usable(l) && !l->go) {
			l->go = 1;
		} else if (ptn_link_ready(l) && !begun) {
			begun = 1;
			ck_assert_int_eq(ptn_smtp_mail(l->smtp, &e, w), 0);
		} else if (ptn_link_ready(l) && r.events && !quit) {
			quit = 1;
			ptn_link_quit(l);
		} else {
			sleep_on(w, l, 0);
		}
	}
	r.link_fault = ptn_link_fault(l);
	r.ended = w->now;
	snprintf(r.detail, sizeof(r.detail), "%s", ptn_link_detail(l));
	must(!w->open);
	ptn_link_free(l);
	return r;
}

/* ---- The conversations. ---- */

#define MAIL_TURNS \
	{"MAIL FROM:<me@example.org>", "250 2.1.0 ok\r\n"}, \
		{"RCPT TO:<you@example.net>", "250 2.1.5 ok\r\n"}, {"DATA", "354 go\r\n"}, \
		{".", "250 2.0.0 Ok: queued as 4Xyz123ABC\r\n"}, {"QUIT", "221 2.0.0 bye\r\n"}, \
	{ \
		NULL, "" \
	}
#define HELLO \
	{ \
		"EHLO client.example.org", "250-x\r\n250 AUTH PLAIN\r\n" \
	}
#define SIGN_IN \
	{ \
		"AUTH PLAIN AHVzZXIAcGVuY2ls", "235 2.7.0 welcome\r\n" \
	}
#define GREETING \
	{ \
		NULL, "220 x ESMTP\r\n" \
	}
#define EHLO \
	{ \
		"EHLO client.example.org", "250-x\r\n250 STARTTLS\r\n" \
	}
#define STARTTLS \
	{ \
		"STARTTLS", "220 go\r\n" \
	}
#define HANDSHAKE \
	{ \
		FAKE_TLS_CLIENT, FAKE_TLS_SERVER \
	}

static const struct turn clear[] = {GREETING, {"EHLO client.example.org", "250 x\r\n"}, MAIL_TURNS};
static const struct turn starttls[] = {GREETING, EHLO, STARTTLS, HELLO, SIGN_IN, MAIL_TURNS};
static const struct turn shaking[] = {GREETING, EHLO,    STARTTLS,  HANDSHAKE,
				      HELLO,    SIGN_IN, MAIL_TURNS};
static const struct turn implicit[] = {HANDSHAKE, GREETING, HELLO, SIGN_IN, MAIL_TURNS};

static const struct {
	const struct turn *turns;
	int mode, login, shakes;
} kinds[] = {
	{clear, PTN_MODE_NONE, 0, 0},
	{starttls, PTN_MODE_STARTTLS, 1, 0},
	{shaking, PTN_MODE_STARTTLS, 1, 1},
	{implicit, PTN_MODE_IMPLICIT, 1, 1},
};
enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static struct result run(struct wire *w, int kind)
{
	struct ptn_settings set = settings();

	fake_tls_shakes = kinds[kind].shakes;
	if (kinds[kind].login) {
		set.user = (char *)"user";
		set.password = (char *)"pencil";
	}
	return converse(w, &set, kinds[kind].mode);
}

/* What an untroubled one says, in both directions. */
static void model(struct wire *w, int kind)
{
	struct result r;

	*w = new_wire(kinds[kind].turns);
	r = run(w, kind);
	ck_assert_int_eq(r.events, 1);
	ck_assert_int_eq(r.outcome, POSTERN_ACCEPTED);
	ck_assert_int_eq(r.link_fault, 0);
	ck_assert_str_eq(w->turns[w->at].say, "");
	ck_assert_uint_eq(w->given, w->n_said);
}

/* Up to where the octets hold this, or OCTETS. */
static size_t behind(const char *octets, size_t n, const char *what)
{
	for (size_t i = 0; i + strlen(what) <= n; i++)
		if (!memcmp(octets + i, what, strlen(what)))
			return i + strlen(what);
	return OCTETS;
}

static const size_t sizes[] = {1, 2, 7, 100, 0};
static struct wire good, w;

START_TEST(any_segments)
{
	model(&good, _i);
	for (size_t chunk = 0; chunk < 5; chunk++)
		for (size_t take = 0; take < 5; take++)
			for (int gaps = 0; gaps < 2; gaps++) {
				struct result r;

				w = new_wire(kinds[_i].turns);
				w.chunk = sizes[chunk];
				w.take = sizes[take];
				w.gaps = gaps;
				r = run(&w, _i);
				ck_assert_int_eq(r.outcome, POSTERN_ACCEPTED);
				ck_assert_uint_eq(w.n_sent, good.n_sent);
				ck_assert_mem_eq(w.sent, good.sent, w.n_sent);
				ck_assert_int_eq(r.ended, 1000); /* nothing waited for a clock */
			}
}
END_TEST

/* The content leaves as it must (RFC 5321 4.5.2), whatever the layers do. */
START_TEST(the_content_on_the_wire)
{
	static const char content[] = "DATA\r\nSubject: x\r\n\r\n..dot\r\nlast line\r\n.\r\n";

	model(&good, _i);
	ck_assert_uint_ne(behind(good.sent, good.n_sent, content), OCTETS);
}
END_TEST

/* The stream ends behind each of the server's octets, with a FIN or a reset, at once or a while
 * after the last octet. */
START_TEST(an_end_at_every_octet)
{
	static const int ends[] = {0, -ECONNRESET, -ETIMEDOUT};
	size_t accepted, asked;

	model(&good, _i);
	accepted = behind(good.said, good.n_said, "4Xyz123ABC\r\n");
	asked = behind(good.said, good.n_said, "354 go\r\n");
	for (size_t at = 0; at < good.n_said; at++)
		for (int how = 0; how < 6; how++) {
			struct result r;
			size_t mail = behind(good.said, at, "250 2.1.0 ok\r\n");

			w = new_wire(kinds[_i].turns);
			w.ends_at = at;
			w.end = ends[how % 3];
			w.gaps = how / 3;
			r = run(&w, _i);
			if (at >= accepted) {
				ck_assert_int_eq(r.outcome, POSTERN_ACCEPTED);
				continue;
			}
			if (r.events) {
				/* In doubt once the dot went out, and not before. */
				int ended = behind(w.sent, w.n_sent, "\r\n.\r\n") != OCTETS;

				ck_assert(at == asked ? !ended || w.gaps : ended == (at > asked));
				ck_assert_int_eq(r.outcome,
						 ended ? POSTERN_IN_DOUBT : POSTERN_TRANSIENT);
				ck_assert_str_eq(ptn_fault_id(r.fault),
						 ended ? "lost-after-content" : "connection-lost");
			} else { /* it was not begun: the link's own fault tells */
				ck_assert_uint_eq(mail, OCTETS);
				ck_assert_int_ne(r.link_fault, 0);
				ck_assert_int_eq(ptn_fault_outcome(r.link_fault),
						 POSTERN_TRANSIENT);
			}
		}
}
END_TEST

/* Writing fails behind each of the client's octets; what the server said before is still read. */
START_TEST(deaf_at_every_octet)
{
	size_t dot, mail, data;

	model(&good, _i);
	dot = behind(good.sent, good.n_sent, "last line\r\n.\r\n");
	mail = behind(good.sent, good.n_sent, "MAIL FROM");
	data = behind(good.sent, good.n_sent, "DATA\r\n");
	for (size_t at = 0; at < good.n_sent; at++)
		for (int gaps = 0; gaps < 2; gaps++) {
			struct result r;

			w = new_wire(kinds[_i].turns);
			w.deaf_at = at;
			w.gaps = gaps;
			r = run(&w, _i);
			if (at >= dot)
				ck_assert_int_eq(r.outcome, POSTERN_ACCEPTED);
			else if (at < mail && !r.events)
				ck_assert_int_ne(r.link_fault, 0);
			else if (kinds[_i].mode == PTN_MODE_NONE || at < data)
				ck_assert_int_eq(r.outcome, POSTERN_TRANSIENT);
			else /* the filter may have taken the dot */
				ck_assert(r.outcome == POSTERN_TRANSIENT ||
					  (r.outcome == POSTERN_IN_DOUBT && !w.body[w.body_at]));
		}
}
END_TEST

/* The server refuses early and closes: writing fails, but why is known from the reply. */
START_TEST(the_last_word_of_one_who_hung_up)
{
	static const struct turn turns[] = {GREETING,
					    {"EHLO", "250 x\r\n"},
					    {"MAIL", "250 ok\r\n"},
					    {"RCPT", "250 ok\r\n"},
					    {"DATA", "354 go\r\n552 5.3.4 too big\r\n"},
					    {NULL, ""}};
	struct result r;

	for (size_t more = 0; more < 20; more++)
		for (int end = 0; end < 2; end++) {
			w = new_wire(turns);
			w.deaf_at =
				strlen("EHLO client.example.org\r\nMAIL FROM:<me@example.org>\r\n"
				       "RCPT TO:<you@example.net>\r\nDATA\r\n") +
				more;
			if (end)
				w.ends_at =
					strlen("220 x ESMTP\r\n250 x\r\n250 ok\r\n250 ok\r\n354 "
					       "go\r\n552 5.3.4 too big\r\n");
			r = run(&w, 0);
			ck_assert_int_eq(r.outcome, POSTERN_PERMANENT);
			ck_assert_str_eq(ptn_fault_id(r.fault), "content-refused");
		}
}
END_TEST

/* The answer and the end in one segment: the answer counts, and its words are told. */
START_TEST(an_answer_together_with_the_end)
{
	static const struct {
		const char *reply;
		int outcome, code;
	} answers[] = {
		{"250 2.0.0 ok\r\n", POSTERN_ACCEPTED, 250},
		{"250-2.0.0 ok\r\n250 2.0.0 so\r\n", POSTERN_ACCEPTED, 250},
		{"451 4.7.1 later\r\n", POSTERN_TRANSIENT, 451},
		{"554 5.7.1 spam\r\n", POSTERN_PERMANENT, 554},
		{"421 4.3.2 bye\r\n", POSTERN_TRANSIENT, 421},
		{"250-2.0.0 ok\r\n", POSTERN_IN_DOUBT, 0},
		{"250 2.0.0 ok\r", POSTERN_IN_DOUBT, 0},
	};

	for (size_t i = 0; i < sizeof(answers) / sizeof(*answers); i++) {
		struct turn turns[16];
		struct result r;
		size_t n = 0;

		while (!kinds[_i].turns[n].expect || strcmp(kinds[_i].turns[n].expect, "."))
			n++;
		memcpy(turns, kinds[_i].turns, (n + 3) * sizeof(*turns));
		turns[n].say = answers[i].reply;
		model(&good, _i);
		w = new_wire(turns);
		w.ends_at = behind(good.said, good.n_said, "354 go\r\n") + strlen(answers[i].reply);
		r = run(&w, _i);
		ck_assert_int_eq(r.outcome, answers[i].outcome);
		ck_assert_int_eq(r.code, answers[i].code);
	}
}
END_TEST

/* ---- Time. ---- */

static char endless[1000];

/* At turn n the server's words trickle in, octet by octet, and never come to an end: the time limit
 * holds from the command on. */
static struct result trickle(int kind, size_t n, const char *say)
{
	struct turn turns[16];
	size_t count = 0;

	memset(endless, 'x', sizeof(endless) - 1);
	memcpy(endless, say, strlen(say));
	while (kinds[kind].turns[count].expect || *kinds[kind].turns[count].say)
		count++;
	memcpy(turns, kinds[kind].turns, (count + 1) * sizeof(*turns));
	ck_assert_uint_lt(n, count);
	turns[n].say = endless;
	w = new_wire(turns);
	w.slow = n;
	return run(&w, kind);
}

START_TEST(octets_that_trickle_in_move_no_limit)
{
	static const struct {
		int kind;
		size_t turn;
		const char *say, *id;
	} places[] = {
		{0, 0, "220-", "greeting-silent"},  {0, 1, "250-", "ehlo-timeout"},
		{0, 2, "250-", "reply-timeout"},    {0, 3, "250-", "reply-timeout"},
		{0, 4, "354-", "reply-timeout"},    {0, 5, "250-", "timeout-after-content"},
		{1, 2, "220-", "starttls-timeout"}, {1, 3, "250-", "tls-ehlo-timeout"},
		{1, 4, "235-", "auth-timeout"},     {2, 3, "", "tls-timeout"},
		{3, 0, "", "tls-timeout"},          {3, 1, "220-", "greeting-silent"},
	};

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		struct result r;

		if (!*places[i].say) { /* a handshake that is not wrong, and not done */
			static const struct turn half[] = {{FAKE_TLS_CLIENT, "\x16wel"},
							   {NULL, ""}};
			static const struct turn late[] = {
				GREETING, EHLO, STARTTLS, {FAKE_TLS_CLIENT, "\x16wel"}, {NULL, ""}};

			w = new_wire(places[i].kind == 3 ? half : late);
			w.slow = places[i].kind == 3 ? 0 : 3;
			r = run(&w, places[i].kind);
		} else {
			r = trickle(places[i].kind, places[i].turn, places[i].say);
		}
		ck_assert_str_eq(ptn_fault_id(r.events ? r.fault : r.link_fault), places[i].id);
		ck_assert_int_eq(r.ended, 1000 + LIMIT);
	}
}
END_TEST

/* The goodbye is not waited for without end, and changes nothing. */
START_TEST(a_goodbye_that_does_not_come)
{
	struct result r = trickle(0, 6, "221-");

	ck_assert_int_eq(r.outcome, POSTERN_ACCEPTED);
	ck_assert_int_eq(r.link_fault, 0);
	ck_assert_int_eq(r.ended, 1000 + LIMIT);
}
END_TEST

/* Who is slow: a reader of the caller's is not the server's fault. */
START_TEST(a_slow_reader)
{
	struct result r;

	for (int kind = 0; kind < KINDS; kind++) {
		w = new_wire(kinds[kind].turns);
		w.reader_from = 0;
		w.reader_until = 1000 + 20 * LIMIT;
		r = run(&w, kind);
		ck_assert_int_eq(r.outcome, POSTERN_ACCEPTED);
		ck_assert_int_eq(r.ended, 1000 + 20 * LIMIT);
	}
}
END_TEST

/* The server speaks, or goes, while the reader has nothing: that is not lost. */
START_TEST(a_reply_while_the_reader_waits)
{
	static const struct turn turns[] = {GREETING,
					    {"EHLO", "250 x\r\n"},
					    {"MAIL", "250 ok\r\n"},
					    {"RCPT", "250 ok\r\n"},
					    {"DATA", "354 go\r\n421 4.3.2 shutting down\r\n"},
					    {NULL, ""}};
	struct result r;

	w = new_wire(turns);
	w.slow = 4;
	w.reader_until = 1000 + 20 * LIMIT;
	/* A tick an octet is slower than the limit for DATA allows for the rest. */
	w.slow = OCTETS;
	r = run(&w, 0);
	ck_assert_int_eq(r.outcome, POSTERN_TRANSIENT);
	ck_assert_str_eq(ptn_fault_id(r.fault), "service-closing");
}
END_TEST

/* A peer that takes no more: each block has its limit, and no mail is in doubt before its dot. */
START_TEST(a_peer_that_takes_no_more)
{
	size_t dot;

	model(&good, _i);
	dot = behind(good.sent, good.n_sent, "last line\r\n.\r\n");
	for (size_t at = behind(good.sent, good.n_sent, "DATA\r\n"); at < dot; at++) {
		struct result r;

		w = new_wire(kinds[_i].turns);
		w.full_at = at;
		r = run(&w, _i);
		ck_assert_int_eq(r.events, 1);
		/* Behind TLS the last record was handed over whole, or not at all. */
		if (kinds[_i].mode == PTN_MODE_NONE)
			ck_assert_int_eq(r.outcome, POSTERN_TRANSIENT);
		else
			ck_assert(r.outcome == POSTERN_TRANSIENT || r.outcome == POSTERN_IN_DOUBT);
		ck_assert_int_eq(r.ended, 1000 + LIMIT);
	}
}
END_TEST

/* A step that comes late, as the caller's loop was busy, finds the reply and takes it: the limit is
 * for the server, which was in time. */
START_TEST(a_late_step)
{
	static const struct ptn_address address = {.family = 4, .octets = {192, 0, 2, 7}};
	struct ptn_settings set = settings();
	struct ptn_smtp_event ev;
	struct ptn_link *l;

	w = new_wire(clear);
	w.chunk = 1000;
	l = ptn_link_new(&set, &wire_net, &w, 3, &address, 587, PTN_MODE_NONE);
	w.gaps = 1;
	ck_assert_int_eq(ptn_link_step(l, 1000, &ev), PTN_LINK_QUIET); /* nothing is there yet */
	ck_assert_int_eq(ptn_link_wake(l), 1000 + LIMIT);
	w.gaps = 0;
	ck_assert_int_eq(ptn_link_step(l, 1000 + 10 * LIMIT, &ev), PTN_LINK_QUIET);
	ck_assert_int_eq(ptn_link_fault(l), 0);
	ck_assert(ptn_link_ready(l));
	ptn_link_free(l);
	ck_assert_int_eq(w.open, 0);
}
END_TEST

/* A limit of 0 is none. */
START_TEST(without_limits)
{
	static const struct ptn_address address = {.family = 4, .octets = {192, 0, 2, 7}};
	static const struct turn silent[] = {{NULL, ""}};
	struct ptn_settings set = {.host = (char *)"h", .name = (char *)"n.example"};
	struct ptn_smtp_event ev;
	struct ptn_link *l;

	for (int mode = 0; mode < 4; mode++) {
		fake_tls_shakes = 1;
		w = new_wire(silent);
		l = ptn_link_new(&set, &wire_net, &w, 3, &address, 587, mode);
		for (ptn_time now = 0; now < 1000000000; now += 99999999)
			ck_assert_int_eq(ptn_link_step(l, now, &ev), PTN_LINK_QUIET);
		ck_assert_int_eq(ptn_link_wake(l), PTN_NEVER);
		ptn_link_free(l);
	}
}
END_TEST

/* ---- Who is on the path. ---- */

START_TEST(injected)
{
	static const char *const with_the_220[] = {"220 go\r\n250 injected\r\n", "220 go\r\n2",
						   "220 go\r\n\r\n", "220 go\r\nEHLO x\r\n",
						   "220 go\r\n\x16welcome "};
	static const char *const later[] = {"250 injected\r\n", "2", "\r\n", "x", "\x15\x03"};
	struct result r;

	for (int gaps = 0; gaps < 2; gaps++)
		for (int shakes = 0; shakes < 2; shakes++)
			for (size_t i = 0; i < 5; i++) {
				const struct turn turns[] = {
					GREETING, EHLO, {"STARTTLS", with_the_220[i]}, {NULL, ""}};

				fake_tls_shakes = shakes;
				w = new_wire(turns);
				w.gaps = gaps;
				r = run(&w, 1 + shakes);
				ck_assert_str_eq(ptn_fault_id(r.link_fault), "starttls-injected");
				/* Not a word more, not even of the handshake. */
				ck_assert_uint_eq(behind(w.sent, w.n_sent, "STARTTLS\r\n"),
						  w.n_sent);
			}
	/* The same in two reads: the second comes before the handshake was begun. */
	for (size_t i = 0; i < 5; i++) {
		const struct turn turns[] = {
			GREETING, EHLO, {"STARTTLS", with_the_220[i]}, {NULL, ""}};

		w = new_wire(turns);
		w.chunk = 8;
		r = run(&w, 2);
		ck_assert_str_eq(ptn_fault_id(r.link_fault), "starttls-injected");
		ck_assert_uint_eq(behind(w.sent, w.n_sent, "STARTTLS\r\n"), w.n_sent);
	}
	/* As an answer to our part of the handshake. */
	for (size_t i = 0; i < 5; i++) {
		const struct turn turns[] = {
			GREETING, EHLO, STARTTLS, {FAKE_TLS_CLIENT, later[i]}, {NULL, ""}};

		w = new_wire(turns);
		r = run(&w, 2);
		ck_assert_str_eq(ptn_fault_id(r.link_fault), "starttls-injected");
		ck_assert_uint_eq(behind(w.sent, w.n_sent, FAKE_TLS_CLIENT), w.n_sent);
	}
}
END_TEST

START_TEST(an_implicit_port_that_speaks_first)
{
	static const struct turn smtp[] = {{NULL, "220 x ESMTP\r\n"}, {NULL, ""}};
	static const struct turn other[] = {{NULL, "HTTP/1.1 400\r\n"}, {NULL, ""}};

	w = new_wire(smtp);
	ck_assert_str_eq(ptn_fault_id(run(&w, 3).link_fault), "tls-mode-starttls-expected");
	w = new_wire(other);
	ck_assert_str_eq(ptn_fault_id(run(&w, 3).link_fault), "tls-not-tls");
	w = new_wire(smtp);
	w.ends_at = 0;
	ck_assert_str_eq(ptn_fault_id(run(&w, 3).link_fault), "greeting-closed");
	w = new_wire(implicit);
	w.ends_at = 3;
	ck_assert_str_eq(ptn_fault_id(run(&w, 3).link_fault), "tls-closed");
}
END_TEST

/* In TLS 1.3 a server misses our certificate when our handshake is done (RFC 8446 4.4.2.4): that is
 * told as what it is, and any other alert at that place as a connection that is gone. */
START_TEST(a_certificate_is_wanted)
{
	static const char *const closed[] = {"tls-ehlo-closed", "greeting-closed"};

	for (int i = 0; i < 2; i++) {
		int kind = i ? 3 : 1;

		w = new_wire(kinds[kind].turns);
		fake_tls_refusal = PTN_FAULT_TLS_CERT_WANTED;
		ck_assert_str_eq(ptn_fault_id(run(&w, kind).link_fault), "tls-certificate-wanted");
		w = new_wire(kinds[kind].turns);
		fake_tls_refusal = PTN_FAULT_TLS_ALERT;
		ck_assert_str_eq(ptn_fault_id(run(&w, kind).link_fault), closed[i]);
		fake_tls_refusal = 0;
	}
}
END_TEST

START_TEST(a_port_that_expects_tls)
{
	static const struct turn alert[] = {{NULL, "\x15\x03\x01\x00\x02\x02\x28"}, {NULL, ""}};

	for (int kind = 0; kind < 3; kind++) {
		w = new_wire(alert);
		ck_assert_str_eq(ptn_fault_id(run(&w, kind).link_fault),
				 "tls-mode-implicit-expected");
	}
}
END_TEST

/* ---- Who it says it is, and what it tells of. ---- */

START_TEST(the_name_it_gives)
{
	static char longest[300];
	static const struct {
		const char *set, *host;
		struct ptn_address own;
		const char *said;
	} names[] = {
		{"client.example.org", "host.example.net", {.family = 4}, "client.example.org"},
		{NULL, "host.example.net", {.family = 4}, "host.example.net"},
		{longest, "host.example.net", {.family = 4}, "host.example.net"},
		{NULL, NULL, {.family = 4, .octets = {192, 0, 2, 255}}, "[192.0.2.255]"},
		{NULL,
		 NULL,
		 {.family = 6, .octets = {0x20, 1, 0xD, 0xB8, [15] = 7}},
		 "[IPv6:2001:db8::7]"},
		{NULL,
		 NULL,
		 {.family = 6, .octets = {0xFE, 0x80, [15] = 1}, .scope = 2},
		 "[IPv6:fe80::1]"},
		{NULL, NULL, {.family = 0}, "[127.0.0.1]"},
	};

	memset(longest, 'x', sizeof(longest) - 1);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		struct ptn_settings set = settings();
		struct ptn_link *l;

		set.name = (char *)(size_t)names[i].set;
		host_name = names[i].host;
		own = names[i].own;
		w = new_wire(clear);
		l = ptn_link_new(&set, &wire_net, &w, 3, &own, 587, PTN_MODE_NONE);
		ck_assert_str_eq(l->name, names[i].said);
		ptn_link_free(l);
	}
}
END_TEST

START_TEST(no_mechanism_in_common)
{
	static const struct turn turns[] = {GREETING,
					    EHLO,
					    STARTTLS,
					    {"EHLO", "250-x\r\n250 AUTH XOAUTH2 NTLM\r\n"},
					    {"QUIT", "221 bye\r\n"},
					    {NULL, ""}};
	struct result r;

	w = new_wire(turns);
	r = run(&w, 1);
	ck_assert_str_eq(ptn_fault_id(r.link_fault), "auth-no-mechanism");
	ck_assert_ptr_nonnull(strstr(r.detail, "offered are XOAUTH2 NTLM"));
}
END_TEST

static char traced[OCTETS];

static void keep_trace(void *arg, int dir, const char *line, size_t len)
{
	size_t n = strlen(traced);

	ck_assert_ptr_eq(arg, traced);
	ck_assert(!memchr(line, '\n', len) && !memchr(line, '\r', len));
	snprintf(traced + n, sizeof(traced) - n, "%c%.*s\n", dir, (int)len, line);
}

START_TEST(the_trace)
{
	struct ptn_settings set = settings();

	set.user = (char *)"user";
	set.password = (char *)"pencil";
	set.trace = keep_trace;
	set.trace_arg = traced;
	fake_tls_shakes = 1;
	for (size_t chunk = 0; chunk < 5; chunk++) {
		traced[0] = '\0';
		w = new_wire(shaking);
		w.chunk = w.take = sizes[chunk];
		converse(&w, &set, PTN_MODE_STARTTLS);
		ck_assert_str_eq(traced, "<220 x ESMTP\n"
					 ">EHLO client.example.org\n"
					 "<250-x\n"
					 "<250 STARTTLS\n"
					 ">STARTTLS\n"
					 "<220 go\n"
					 "*TLS is up and the certificate verified: none none\n"
					 ">EHLO client.example.org\n"
					 "<250-x\n"
					 "<250 AUTH PLAIN\n"
					 ">AUTH PLAIN ***\n"
					 "<235 2.7.0 welcome\n"
					 ">MAIL FROM:<me@example.org>\n"
					 "<250 2.1.0 ok\n"
					 ">RCPT TO:<you@example.net>\n"
					 "<250 2.1.5 ok\n"
					 ">DATA\n"
					 "<354 go\n"
					 "*content of 31 octets and the final dot\n"
					 "<250 2.0.0 Ok: queued as 4Xyz123ABC\n"
					 ">QUIT\n"
					 "<221 2.0.0 bye\n");
	}
}
END_TEST

/* Nothing is said of credentials before the route has won. */
START_TEST(it_waits_to_be_told_to_sign_in)
{
	static const struct ptn_address address = {.family = 4, .octets = {192, 0, 2, 7}};
	struct ptn_settings set = settings();
	struct ptn_smtp_event ev;
	struct ptn_link *l;

	set.user = (char *)"user";
	set.password = (char *)"pencil";
	fake_tls_shakes = 1;
	w = new_wire(implicit);
	l = ptn_link_new(&set, &wire_net, &w, 3, &address, 465, PTN_MODE_IMPLICIT);
	for (int i = 0; i < 10; i++)
		ck_assert_int_eq(ptn_link_step(l, 1000, &ev), PTN_LINK_QUIET);
	ck_assert(ptn_link_usable(l) && !ptn_link_ready(l));
	ck_assert_uint_eq(behind(w.sent, w.n_sent, "AUTH"), OCTETS);
	l->go = 1;
	ck_assert_int_eq(ptn_link_step(l, 1000, &ev), PTN_LINK_QUIET);
	ck_assert(ptn_link_ready(l));
	ck_assert_uint_ne(behind(w.sent, w.n_sent, "AUTH"), OCTETS);
	ptn_link_lost(l, PTN_FAULT_CANCELLED);
	ck_assert_int_eq(ptn_link_step(l, 1000, &ev), PTN_LINK_OVER);
	ptn_link_free(l);
	ptn_link_free(NULL);
}
END_TEST

/* What the peer does not take is waited for, and only then. */
START_TEST(what_it_waits_for)
{
	static const struct ptn_address address = {.family = 4, .octets = {192, 0, 2, 7}};
	struct ptn_settings set = settings();
	struct ptn_smtp_event ev;
	struct ptn_link *l;

	w = new_wire(clear);
	w.full_at = 3;
	l = ptn_link_new(&set, &wire_net, &w, 3, &address, 587, PTN_MODE_NONE);
	ck_assert_int_eq(w.watched, PTN_NET_READ);
	ck_assert_int_eq(ptn_link_step(l, 1000, &ev), PTN_LINK_QUIET);
	ck_assert_int_eq(w.watched, PTN_NET_READ | PTN_NET_WRITE);
	w.full_at = OCTETS;
	ck_assert_int_eq(ptn_link_step(l, 1000, &ev), PTN_LINK_QUIET);
	ck_assert_int_eq(w.watched, PTN_NET_READ);
	ptn_link_free(l);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "link");

	tcase_add_loop_test(t, any_segments, 0, KINDS);
	tcase_add_loop_test(t, the_content_on_the_wire, 0, KINDS);
	tcase_add_loop_test(t, an_end_at_every_octet, 0, KINDS);
	tcase_add_loop_test(t, deaf_at_every_octet, 0, KINDS);
	tcase_add_test(t, the_last_word_of_one_who_hung_up);
	tcase_add_loop_test(t, an_answer_together_with_the_end, 0, KINDS);
	tcase_add_test(t, octets_that_trickle_in_move_no_limit);
	tcase_add_test(t, a_goodbye_that_does_not_come);
	tcase_add_test(t, a_slow_reader);
	tcase_add_test(t, a_reply_while_the_reader_waits);
	tcase_add_loop_test(t, a_peer_that_takes_no_more, 0, KINDS);
	tcase_add_test(t, a_late_step);
	tcase_add_test(t, without_limits);
	tcase_add_test(t, injected);
	tcase_add_test(t, an_implicit_port_that_speaks_first);
	tcase_add_test(t, a_certificate_is_wanted);
	tcase_add_test(t, a_port_that_expects_tls);
	tcase_add_test(t, the_name_it_gives);
	tcase_add_test(t, no_mechanism_in_common);
	tcase_add_test(t, the_trace);
	tcase_add_test(t, it_waits_to_be_told_to_sign_in);
	tcase_add_test(t, what_it_waits_for);
}
