/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A window of mails against a server that answers at random, cut behind every octet of its answers:
 * what each mail is said to be must be what the server said of it, and no mail may be said twice.
 * The server and the judge here know SMTP by themselves.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../stories/failing.h"
#include "main.h"
#include "postern.h"
#include "smtp/capability.h"
#include "smtp/session.h"
#include "talk.h"

enum { MAILS = 8, RECIPIENTS = 2, OCTETS = 8192, SEEDS = 40 };

static void to_idle_in_window(struct ptn_smtp *s)
{
	to_idle(s, "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n");
}

/* ---- The server: what it hears, and an answer to each command. ---- */

struct answer {
	char kind; /* M R L r */
	int mail, code;
	size_t end; /* of its octets in said */
};

struct server {
	unsigned seed;
	char heard[OCTETS * 4];
	size_t n, read;
	int mail; /* the one that its commands belong to: by the number in the reverse-path */
	int seen[MAILS]; /* MAIL, how often */
	int yes, accepted;
	char said[OCTETS];
	size_t said_n;
	struct answer answers[MAILS * 8];
	size_t n_answers;
};

static unsigned draw(struct server *v, unsigned sides)
{
	v->seed = v->seed * 1103515245u + 12345u;
	return (v->seed >> 16) % sides;
}

static int refusal(struct server *v)
{
	static const int codes[] = {450, 451, 550, 554};

	return codes[draw(v, 4)];
}

static void answer(struct server *v, char kind, int code)
{
	struct answer *a = &v->answers[v->n_answers++];

	ck_assert_uint_lt(v->n_answers, MAILS * 8);
	if (!draw(v, 4))
		v->said_n += (size_t)sprintf(v->said + v->said_n, "%d-more\r\n", code);
	v->said_n += (size_t)sprintf(v->said + v->said_n, "%d words\r\n", code);
	*a = (struct answer){.kind = kind, .mail = v->mail, .code = code, .end = v->said_n};
}

/* Every transaction begins with RSET but the first: nothing is left of the one before. */
static void hear(struct server *v, const char *line)
{
	if (sscanf(line, "MAIL FROM:<%d@", &v->mail) == 1) {
		ck_assert_int_lt(v->mail, MAILS);
		v->seen[v->mail]++;
		v->yes = draw(v, 6) != 0;
		v->accepted = 0;
		answer(v, 'M', v->yes ? 250 : refusal(v));
	} else if (!strncmp(line, "RCPT", 4)) {
		int yes = v->yes && draw(v, 3);

		v->accepted += yes;
		answer(v, 'R', yes ? 250 : v->yes ? refusal(v) : 503);
	} else if (!strncmp(line, "BDAT", 4)) {
		answer(v, 'L',
		       !v->accepted ? (draw(v, 4) ? 503 : 250)
		       : draw(v, 5) ? 250
				    : refusal(v));
	} else if (!strcmp(line, "RSET")) {
		answer(v, 'r', 250);
	} else {
		ck_abort_msg("heard \"%s\"", line);
	}
}

static void serve(struct server *v)
{
	char *lf;

	while ((lf = memchr(v->heard + v->read, '\n', v->n - v->read))) {
		char *line = v->heard + v->read;
		size_t body = 0;

		lf[-1] = '\0';
		if (!strncmp(line, "BDAT ", 5)) {
			body = strtoul(line + 5, NULL, 10);
			ck_assert_ptr_nonnull(strstr(line, " LAST"));
			if (v->n - (size_t)(lf + 1 - v->heard) < body) {
				lf[-1] = '\r';
				return;
			}
		}
		hear(v, line);
		v->read = (size_t)(lf + 1 - v->heard) + body;
	}
}

/* ---- The client. ---- */

struct client {
	char paths[MAILS][32];
	struct ptn_smtp_envelope e[MAILS];
	int marks[MAILS];
	int begun;
	int each[MAILS][RECIPIENTS], outcome[MAILS];
};

static const char *const to[] = {"b@example.org", "c@example.org"};

static void begin_mail(struct client *c, struct ptn_smtp *s)
{
	int i = c->begun++;

	sprintf(c->paths[i], "%d@example.org", i);
	c->e[i] = (struct ptn_smtp_envelope){.reverse_path = c->paths[i],
					     .recipients = to,
					     .n = RECIPIENTS,
					     .text = {"a: b\r\n\r\nwords\r\n", NULL},
					     .text_len = {15, 0},
					     .clean = 1};
	ck_assert_int_eq(ptn_smtp_mail(s, &c->e[i], &c->marks[i]), 0);
}

static void take_events(struct client *c, struct ptn_smtp *s)
{
	struct ptn_smtp_event ev;

	while (ptn_smtp_event(s, &ev)) {
		size_t i = (size_t)((int *)ev.mail - c->marks);

		ck_assert_uint_lt(i, MAILS);
		ck_assert_int_eq(c->outcome[i], POSTERN_PENDING);
		if (ev.what == PTN_EVENT_RECIPIENT) {
			ck_assert_int_eq(c->each[i][ev.recipient], POSTERN_PENDING);
			c->each[i][ev.recipient] = ev.outcome;
			continue;
		}
		c->outcome[i] = ev.outcome;
		for (int k = 0; k < RECIPIENTS; k++)
			if (!c->each[i][k])
				c->each[i][k] = ev.outcome;
		memset(&c->e[i], 0xA5, sizeof(c->e[i])); /* not borrowed any more */
	}
}

/* The conversation with all of its answers, or the first `cut` octets of them; gives their count.
 */
static size_t converse(struct client *c, struct server *v, unsigned seed, size_t cut, size_t piece)
{
	struct ptn_smtp *s = talk_begin();
	size_t fed = 0, n;
	const char *p;

	memset(c, 0, sizeof(*c));
	memset(v, 0, sizeof(*v));
	v->seed = seed;
	to_idle_in_window(s);
	for (;;) {
		take_events(c, s);
		if (ptn_smtp_want(s) & PTN_WANT_MAIL && c->begun < MAILS) {
			begin_mail(c, s);
			continue;
		}
		n = ptn_smtp_out(s, &p);
		if (n) {
			n = piece && n > piece ? piece : n;
			ck_assert_uint_le(v->n + n, sizeof(v->heard));
			memcpy(v->heard + v->n, p, n);
			v->n += n;
			ptn_smtp_wrote(s, n);
			serve(v);
			continue;
		}
		n = (v->said_n < cut ? v->said_n : cut) - fed;
		if (!n)
			break;
		fed += ptn_smtp_feed(s, v->said + fed, n);
	}
	if (fed < v->said_n) {
		ptn_smtp_lost(s, PTN_FAULT_NONE);
		take_events(c, s);
	}
	ck_assert_uint_eq(ptn_smtp_unanswered(s), 0);
	ck_assert_uint_eq(ptn_smtp_begun(s), (unsigned)c->begun);
	ptn_smtp_free(s);
	return v->said_n;
}

/* ---- The judge: from the answers that were whole. ---- */

static int class_of(int code)
{
	return code / 100 == 4 ? POSTERN_TRANSIENT : POSTERN_PERMANENT;
}

static void judge(const struct client *c, const struct server *v, size_t cut)
{
	for (int mail = 0; mail < c->begun; mail++) {
		int m = 0, last = 0, rcpt[RECIPIENTS] = {0}, n = 0, refused = 0, mail_class,
		    went = 0;

		for (size_t i = 0; i < v->n_answers; i++) {
			const struct answer *a = &v->answers[i];

			if (a->mail != mail || a->kind == 'r')
				continue;
			went |= a->kind == 'L'; /* it was heard whole */
			if (a->end > cut)
				continue;
			m = a->kind == 'M' ? a->code : m;
			last = a->kind == 'L' ? a->code : last;
			if (a->kind == 'R') {
				refused += a->code >= 400;
				rcpt[n++] = a->code;
			}
		}
		ck_assert_int_eq(v->seen[mail], 1);
		mail_class = m >= 400                ? class_of(m)
			     : refused == RECIPIENTS ? POSTERN_PENDING /* as each recipient */
			     : last >= 400           ? class_of(last)
			     : last                  ? POSTERN_ACCEPTED
			     : went                  ? POSTERN_IN_DOUBT
						     : POSTERN_TRANSIENT;
		for (int k = 0; k < RECIPIENTS; k++) {
			int want = m < 400 && rcpt[k] >= 400 ? class_of(rcpt[k]) : mail_class;

			ck_assert_msg(c->each[mail][k] == want,
				      "seed %u cut %zu mail %d recipient %d: %d, not %d", v->seed,
				      cut, mail, k, c->each[mail][k], want);
		}
	}
}

START_TEST(cut_at_every_octet)
{
	static struct client c;
	static struct server v;
	unsigned seed = (unsigned)_i * 7919u + 1;
	size_t all;

	policy.window_mails = _i % 2 ? MAILS : 3;
	policy.window_octets = 65536;
	all = converse(&c, &v, seed, OCTETS, 0);
	ck_assert_int_eq(c.begun, MAILS);
	judge(&c, &v, OCTETS);
	for (size_t cut = 0; cut < all; cut++) {
		converse(&c, &v, seed, cut, cut % 3 ? 0 : 7);
		judge(&c, &v, cut);
	}
}
END_TEST

/* ---- What the window allows. ---- */

static struct ptn_smtp_envelope small(void)
{
	struct ptn_smtp_envelope e = envelope;

	e.text[0] = "x\r\n";
	e.text_len[0] = 3;
	e.clean = 1;
	return e;
}

static int fill(struct ptn_smtp *s, const struct ptn_smtp_envelope *e)
{
	int n = 0;

	while (ptn_smtp_want(s) & PTN_WANT_MAIL && n < 1000) {
		ck_assert_int_eq(ptn_smtp_mail(s, e, &mail_mark), 0);
		n++;
	}
	ck_assert_int_eq(ptn_smtp_mail(s, e, &mail_mark), PTN_FAULT_LOST);
	return n;
}

static const struct {
	const char *ehlo;
	unsigned mails, without;
	size_t octets;
	int data, want;
} rooms[] = {
	{"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 0, 0, 1 << 20, 0, 1},
	{"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 1, 0, 1 << 20, 0, 1},
	{"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 8, 0, 1 << 20, 0, 8},
	{"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 8, 0, 0, 0, 1},
	{"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 8, 0, 100, 0, 2},
	{"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 1000, 0, 1 << 20, 0,
	 51}, /* 200 commands */
	{"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 8, PTN_CAP_CHUNKING, 1 << 20, 0, 1},
	{"250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n", 8, PTN_CAP_PIPELINING, 1 << 20, 1, 1},
	{"250-mx\r\n250 CHUNKING\r\n", 8, 0, 1 << 20, 1, 1},
	{"250-mx\r\n250 PIPELINING\r\n", 8, 0, 1 << 20, 0, 1},
	{"250-mx\r\n250 PIPELINING\r\n", 8, 0, 1 << 20, 1, 1},
	{"250-mx\r\n250-PIPELINING\r\n250-CHUNKING\r\n250 LIMITS MAILMAX=3\r\n", 8, 0, 1 << 20, 0,
	 3},
};

START_TEST(room)
{
	struct ptn_smtp_envelope e = small();
	struct ptn_smtp *s;

	policy.window_mails = rooms[_i].mails;
	policy.window_octets = rooms[_i].octets;
	policy.window_data = rooms[_i].data;
	policy.without = rooms[_i].without;
	s = talk_begin();
	to_idle(s, rooms[_i].ehlo);
	ck_assert_int_eq(ptn_smtp_worn(s), 0);
	ck_assert_int_eq(fill(s, &e), rooms[_i].want);
	ck_assert_uint_eq(ptn_smtp_unanswered(s), (unsigned)rooms[_i].want);
	ck_assert_uint_eq(ptn_smtp_begun(s), (unsigned)rooms[_i].want);
	ck_assert_int_eq(ptn_smtp_worn(s), strstr(rooms[_i].ehlo, "MAILMAX") != NULL);
	ptn_smtp_free(s);
}
END_TEST

/* Half a reply is no hindrance where replies are due. */
START_TEST(half_a_reply)
{
	struct ptn_smtp_envelope e = small();
	struct ptn_smtp *s;
	const char *p;

	policy.window_mails = 2;
	policy.window_octets = 1000;
	s = talk_begin();
	to_idle_in_window(s);
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	ptn_smtp_wrote(s, ptn_smtp_out(s, &p));
	says(s, "250 o");
	ck_assert(ptn_smtp_want(s) & PTN_WANT_MAIL);
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	ptn_smtp_free(s);
}
END_TEST

/* It is idle only when nothing is unanswered: QUIT would be the end of what is. */
START_TEST(quit_in_a_window)
{
	struct ptn_smtp_envelope e = small();
	struct ptn_smtp *s;
	const char *p;

	policy.window_mails = 4;
	policy.window_octets = 1000;
	s = talk_begin();
	to_idle_in_window(s);
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	ptn_smtp_wrote(s, ptn_smtp_out(s, &p));
	ptn_smtp_quit(s);
	has_event(s, PTN_EVENT_MAIL, POSTERN_IN_DOUBT, PTN_FAULT_LOST_IN_DOUBT);
	has_event(s, PTN_EVENT_MAIL, POSTERN_IN_DOUBT, PTN_FAULT_LOST_IN_DOUBT);
	has_no_event(s);
	ptn_smtp_free(s);
}
END_TEST

static void accepted(struct ptn_smtp *s)
{
	says(s, "250 ok\r\n250 ok\r\n");
	has_event(s, PTN_EVENT_RECIPIENT, POSTERN_PENDING, PTN_FAULT_NONE);
}

/* The second mail's reader fails while the first waits for its last reply: the first is told what
 * that reply says, whatever was said of the second meanwhile, and a third one goes on. */
static const char *const replies_to_given_up[] = {"250 ok\r\n250 ok\r\n", "250 ok\r\n550 no\r\n",
						  "550 no\r\n503 no\r\n", "450 no\r\n503 no\r\n"};

START_TEST(reader_fails_in_a_window)
{
	struct ptn_smtp_envelope e = small();
	struct ptn_smtp *s;

	policy.window_mails = 4;
	policy.window_octets = 1000;
	s = talk_begin();
	to_idle_in_window(s);
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	hears(s, "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nBDAT 3 LAST\r\nx\r\n");
	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), 0);
	hears(s, "RSET\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n");
	ck_assert_int_eq(ptn_smtp_body(s, "half", 4), 0);
	ptn_smtp_body_fail(s, PTN_FAULT_CONTENT_READER);
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_CONTENT_READER);
	has_no_event(s);
	ck_assert_int_eq(ptn_smtp_fault(s), PTN_FAULT_NONE);
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	hears(s, "RSET\r\nMAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\nBDAT 3 "
		 "LAST\r\nx\r\n");
	accepted(s);
	says(s, "250 queued\r\n");
	has_event(s, PTN_EVENT_MAIL, POSTERN_ACCEPTED, PTN_FAULT_NONE);
	says(s, "250 reset\r\n");
	says(s, replies_to_given_up[_i]);
	has_no_event(s);
	says(s, "250 reset\r\n");
	accepted(s);
	says(s, "250 queued\r\n");
	has_event(s, PTN_EVENT_MAIL, POSTERN_ACCEPTED, PTN_FAULT_NONE);
	has_no_event(s);
	ck_assert_uint_eq(ptn_smtp_unanswered(s), 0);
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_READ | PTN_WANT_MAIL);
	ptn_smtp_free(s);
}
END_TEST

/* Nothing follows it: what is left at the server is reset before the session is idle. */
START_TEST(reader_fails_last_in_a_window)
{
	struct ptn_smtp_envelope e = small();
	struct ptn_smtp *s;
	const char *p;

	policy.window_mails = 4;
	policy.window_octets = 1000;
	s = talk_begin();
	to_idle_in_window(s);
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), 0);
	ptn_smtp_wrote(s, ptn_smtp_out(s, &p));
	ck_assert_int_eq(ptn_smtp_body(s, "a\rb", 3), PTN_FAULT_CONTENT_BARE_CR);
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_CONTENT_BARE_CR);
	accepted(s);
	if (_i) { /* what is true of the first mail still is */
		ptn_smtp_lost(s, PTN_FAULT_NONE);
		has_event(s, PTN_EVENT_MAIL, POSTERN_IN_DOUBT, PTN_FAULT_LOST_IN_DOUBT);
	} else {
		says(s, "250 queued\r\n");
		has_event(s, PTN_EVENT_MAIL, POSTERN_ACCEPTED, PTN_FAULT_NONE);
		says(s, "250 reset\r\n250 ok\r\n250 ok\r\n");
		hears(s, "RSET\r\n");
		says(s, "250 reset\r\n");
		ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_READ | PTN_WANT_MAIL);
	}
	has_no_event(s);
	ptn_smtp_free(s);
}
END_TEST

/* 421 answers the mail it was said to, which was not accepted then; of one behind it that was handed
 * over nothing was said. */
START_TEST(closing_in_a_window)
{
	static const char *const before[] = {"", "250 ok\r\n", "250 ok\r\n250 ok\r\n"};
	struct ptn_smtp_envelope e = small();
	struct ptn_smtp_event ev;
	struct ptn_smtp *s;
	const char *p;

	policy.window_mails = 4;
	policy.window_octets = 1000;
	s = talk_begin();
	to_idle_in_window(s);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
		/* Of the third one the last octet is not handed over. */
		ptn_smtp_wrote(s, ptn_smtp_out(s, &p) - (i == 2));
	}
	says(s, before[_i]);
	if (_i == 2)
		has_event(s, PTN_EVENT_RECIPIENT, POSTERN_PENDING, PTN_FAULT_NONE);
	says(s, "421 4.3.2 going\r\n");
	ck_assert(ptn_smtp_event(s, &ev));
	ck_assert_int_eq(ev.outcome, POSTERN_TRANSIENT);
	ck_assert_int_eq(ev.unread, _i == 0); /* else it had looked at the first one */
	has_event(s, PTN_EVENT_MAIL, POSTERN_IN_DOUBT, PTN_FAULT_LOST_IN_DOUBT);
	ck_assert(ptn_smtp_event(s, &ev));
	ck_assert_int_eq(ev.outcome, POSTERN_TRANSIENT);
	ck_assert_int_eq(ev.fault, PTN_FAULT_SERVICE_CLOSING);
	ck_assert(ev.unread);
	has_no_event(s);
	ptn_smtp_free(s);
}
END_TEST

/* A warm mail asks for no memory: buffers are kept. */
START_TEST(no_memory_per_mail)
{
	struct ptn_smtp_envelope e = small();
	struct ptn_smtp *s = talk_begin();
	const char *p;

	policy.trace = 0;
	to_idle_in_window(s);
	for (int i = 0; i < 20; i++) {
		struct ptn_smtp_event ev;

		failing_begin(-1, 0);
		ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
		ptn_smtp_wrote(s, ptn_smtp_out(s, &p));
		ck_assert_uint_eq(ptn_smtp_feed(s, "250 ok\r\n250 ok\r\n", 16), 16);
		ck_assert_int_eq(ptn_smtp_event(s, &ev), 1);
		ck_assert_uint_eq(ptn_smtp_feed(s, "250 ok\r\n", 8), 8);
		ck_assert_int_eq(ptn_smtp_event(s, &ev), 1);
		ck_assert(i < 2 || failing_end() == 0);
	}
	failing_end();
	ptn_smtp_free(s);
}
END_TEST

static void reset_policy(void)
{
	policy.window_mails = policy.without = 0;
	policy.window_octets = 0;
	policy.window_data = 0;
	policy.trace = 1;
}

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "window");

	tcase_add_checked_fixture(t, NULL, reset_policy);
	tcase_add_loop_test(t, cut_at_every_octet, 0, getenv("POSTERN_SLOW") ? 2 : SEEDS);
	EACH(t, room, rooms);
	tcase_add_test(t, half_a_reply);
	tcase_add_test(t, quit_in_a_window);
	EACH(t, reader_fails_in_a_window, replies_to_given_up);
	tcase_add_loop_test(t, reader_fails_last_in_a_window, 0, 2);
	tcase_add_loop_test(t, closing_in_a_window, 0, 3);
	tcase_add_test(t, no_memory_per_mail);
}
