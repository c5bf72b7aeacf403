/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every story beside this file is told to the session, in memory: whole, octet by octet, with every
 * single cut, with the connection lost at every octet of either side, and with each allocation
 * failing.  STORY=part-of-a-name tells only those; under valgrind the long ways of telling are
 * left out.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "failing.h"
#include "main.h"
#include "monitor.h"
#include "postern.h"
#include "server.h"
#include "smtp/capability.h"
#include "smtp/reply.h"
#include "smtp/session.h"

enum {
	STORIES_MOST = 1000,
	CUTS_MOST = 400,
	LOSSES_MOST = 1500,
	STEPS_MOST = 2000000,
	CANARIES = 6,
	KEPT_MOST = 2 * MONITOR_MAILS
};

/* One way to tell a story. */
struct way {
	const char *name;
	int octets; /* the server's arrive one by one */
	long cut; /* they arrive in two pieces; the border, or -1 */
	long lose_in, lose_out; /* the connection is lost behind that many; or -1 */
	size_t write,
		body; /* the client's octets leave, its content comes, so many at a time; 0 all */
	int read_first; /* the client reads before it writes */
	long fail; /* that request for memory fails, from 0; or -1 */
	int fail_on; /* and all that follow */
};
static const struct way whole = {
	.name = "whole", .cut = -1, .lose_in = -1, .lose_out = -1, .fail = -1};

struct run {
	const struct story *story;
	struct way way;
	struct ptn_smtp *s;
	struct ptn_smtp_policy policy;
	struct server server;
	struct monitor monitor;
	struct octets told; /* both sides, for people */
	long in, out; /* octets delivered, octets handed over */
	int sasl; /* steps made; of this AUTH: */
	int step;
	char mechanism[32];
	const char *password, *another; /* in use; mechanisms that are left */
	size_t given; /* octets of content, of the mail begun last */
	int mails; /* begun, or refused at once */
	int open; /* at work */
	char marks[MONITOR_MAILS]; /* their addresses are what the session is given for mails */
	int each[MONITOR_RECIPIENTS]; /* n for each mail */
	struct verdict result[MONITOR_MAILS];
	struct ptn_smtp_envelope lent[MONITOR_MAILS];
	struct ptn_smtp_asked asked[MONITOR_RECIPIENTS];
	char *kept[KEPT_MOST];
	size_t n_kept;
	int first[64]; /* the recipients of the first mail */
	int settled; /* a fault or a result was there before the connection was lost */
	int lost;
	char wrong[600];
	unsigned long checks;
};

static unsigned long runs, checks;

/* Each story runs in a process of its own, and the search for leaks at its end takes longer than
 * the story: failing_live() looks for them instead. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
	return "detect_leaks=0";
}

#define HOLDS(r, holds, ...) \
	do { \
		(r)->checks++; \
		if (!(holds) && !*(r)->wrong) \
			snprintf((r)->wrong, sizeof((r)->wrong), __VA_ARGS__); \
	} while (0)

/* ---- Secrets: what no text for people may hold. ---- */

static struct octets canaries[CANARIES];
static size_t n_canaries;

static void add_canary(const char *p, size_t n)
{
	if (n < 6)
		return;
	canaries[n_canaries].n = 0;
	octets_add(&canaries[n_canaries++], p, n);
}

/* The base64 of the password as it looks behind k other octets, without the ends that depend on
 * its neighbours. */
static void add_aligned(const char *password, size_t n, size_t k)
{
	struct octets plain = {0};
	struct ptn_buf text = {0};
	size_t skip = k ? 4 : 0, from;

	octets_add(&plain, "xx", k);
	octets_add(&plain, password, n);
	ck_assert(!ptn_text_base64(&text, plain.p, plain.n / 3 * 3));
	from = skip < ptn_buf_len(&text) ? skip : ptn_buf_len(&text);
	add_canary(ptn_buf_data(&text) + from, ptn_buf_len(&text) - from);
	ptn_buf_free(&text);
	octets_free(&plain);
}

static void plain_response(const char *user, const char *password, struct octets *o)
{
	octets_add(o, "", 1);
	octets_puts(o, user);
	octets_add(o, "", 1);
	octets_puts(o, password);
}

static void set_canaries(const struct story *s)
{
	struct octets blob = {0};
	struct ptn_buf text = {0};

	n_canaries = 0;
	if (!s->password)
		return;
	add_canary(s->password, strlen(s->password));
	for (size_t k = 0; k < 3; k++)
		add_aligned(s->password, strlen(s->password), k);
	plain_response(s->user, s->password, &blob);
	ck_assert(!ptn_text_base64(&text, blob.p, blob.n));
	add_canary(ptn_buf_data(&text), ptn_buf_len(&text));
	ptn_buf_free(&text);
	octets_free(&blob);
}

static int holds(const char *p, size_t n, const struct octets *what)
{
	for (size_t i = 0; what->n <= n && i + what->n <= n; i++)
		if (p[i] == *what->p && !memcmp(p + i, what->p, what->n))
			return 1;
	return 0;
}

static void judge_text(struct run *r, const char *where, const char *p, size_t n)
{
	for (size_t i = 0; i < n_canaries; i++)
		HOLDS(r, !holds(p, n, &canaries[i]), "W9: a secret stands in the %s: \"%.*s\"",
		      where, (int)n, p);
}

/* What a person could be shown now: the trace, and a reply once it is whole or the session over. */
static void judge_shown(struct run *r)
{
	struct ptn_buf shown = {0};
	const char *p;
	size_t n = ptn_smtp_trace(r->s, &p);
	char before = '\n';

	judge_text(r, "trace", p, n);
	for (size_t i = 0; i < n; before = p[i++])
		HOLDS(r, before != '\n' || strchr("<>*", p[i]), "a trace line without a direction");
	if (!ptn_smtp_reply(r->s)->whole && ptn_smtp_want(r->s) != PTN_WANT_END)
		return;
	if (!ptn_reply_show(ptn_smtp_reply(r->s), &shown))
		judge_text(r, "reply shown", ptn_buf_data(&shown), ptn_buf_len(&shown));
	HOLDS(r, ptn_buf_len(&shown) <= PTN_REPLY_SHOWN, "a reply of %zu octets is shown",
	      ptn_buf_len(&shown));
	ptn_buf_free(&shown);
	judge_text(r, "detail", ptn_smtp_detail(r->s), strlen(ptn_smtp_detail(r->s)));
}

/* ---- Events. ---- */

static int *each(struct run *r, size_t mail, size_t i)
{
	size_t at = mail * r->story->n + i;

	ck_assert_uint_lt(at, MONITOR_RECIPIENTS);
	return &r->each[at];
}

/* PARTIAL is nobody's event: it is what the recipients add up to. */
static void mail_over(struct run *r, size_t mail, int outcome, int fault)
{
	struct verdict *v = &r->result[mail];
	size_t accepted = 0;

	for (size_t i = 0; i < r->story->n; i++) {
		if (*each(r, mail, i) == POSTERN_PENDING)
			*each(r, mail, i) = outcome;
		accepted += *each(r, mail, i) == POSTERN_ACCEPTED;
		if (!mail && i < 64)
			r->first[i] = *each(r, mail, i);
	}
	*v = (struct verdict){.outcome = outcome};
	if (accepted && accepted < r->story->n)
		v->outcome = POSTERN_PARTIAL;
	snprintf(v->fault, sizeof(v->fault), "%s", ptn_fault_id(fault));
	r->open--;
}

/* What the server has not said cannot be known for good. */
static void judge_refusal(struct run *r, size_t mail)
{
	const struct monitor_mail *w = &r->monitor.mails[mail];

	if ((r->way.lose_in >= 0 || r->way.lose_out >= 0) && r->lost &&
	    r->result[mail].outcome == POSTERN_PERMANENT)
		HOLDS(r, w->code / 100 == 5, "mail %zu is refused for good, and nobody said so",
		      mail);
}

static void take_event(struct run *r, const struct ptn_smtp_event *ev)
{
	size_t mail = (size_t)((char *)ev->mail - r->marks);

	HOLDS(r, mail < (size_t)r->mails && !r->result[mail].outcome, "an event of no mail");
	if (*r->wrong)
		return;
	HOLDS(r, (ev->outcome == POSTERN_ACCEPTED || ev->outcome == POSTERN_PENDING) == !ev->fault,
	      "outcome %d with fault \"%s\"", ev->outcome, ptn_fault_id(ev->fault));
	if (ev->what == PTN_EVENT_RECIPIENT) {
		HOLDS(r, ev->recipient < r->story->n && !*each(r, mail, ev->recipient),
		      "an event of recipient %zu", ev->recipient);
		HOLDS(r, ev->reply && ev->reply->code, "a recipient's event without reply");
		if (ev->recipient < r->story->n)
			*each(r, mail, ev->recipient) = ev->outcome;
		return;
	}
	mail_over(r, mail, ev->outcome, ev->fault);
	HOLDS(r, ev->fault != PTN_FAULT_NO_MEMORY || !ev->reply,
	      "a reply is given as the cause of our own fault");
	for (size_t i = 0; i < r->story->n; i++)
		monitor_outcome(&r->monitor, mail, i, *each(r, mail, i));
	judge_refusal(r, mail);
	HOLDS(r, ptn_smtp_unanswered(r->s) == (unsigned)r->open,
	      "%u mails are not answered, not %d", ptn_smtp_unanswered(r->s), r->open);
}

static void take_events(struct run *r)
{
	struct ptn_smtp_event ev;

	while (ptn_smtp_event(r->s, &ev))
		take_event(r, &ev);
	judge_shown(r);
}

/* For the failing story: a letter, the length, the octets. */
static void tell(struct run *r, char who, const char *p, size_t n)
{
	octets_add(&r->told, &who, 1);
	octets_add(&r->told, &n, sizeof(n));
	octets_add(&r->told, p, n);
}

static void show_told(const struct run *r, struct octets *shown)
{
	size_t n;

	for (size_t at = 0; at < r->told.n; at += n) {
		const char *who = r->told.p + at;

		memcpy(&n, who + 1, sizeof(n));
		at += 1 + sizeof(n);
		octets_add(shown, who, 1);
		octets_puts(shown, ">  ");
		octets_show(shown, r->told.p + at, n < 400 ? n : 400);
		octets_puts(shown, n < 400 ? "\n" : "...\n");
	}
}

static void lose(struct run *r, int fault)
{
	unsigned turn;

	r->lost = 1;
	r->settled = r->result[0].outcome || ptn_smtp_fault(r->s);
	if (fault == PTN_FAULT_REPLY_TIMEOUT && !(ptn_smtp_want(r->s) & PTN_WANT_TLS))
		HOLDS(r, ptn_smtp_timer(r->s, &turn) != PTN_TIMER_NONE, "no timer runs");
	tell(r, '*', fault ? "time is over" : "lost", fault ? 12 : 4);
	monitor_silence(&r->monitor);
	ptn_smtp_lost(r->s, fault);
	take_events(r);
	HOLDS(r, ptn_smtp_want(r->s) == PTN_WANT_END, "lost, and not ended");
}

/* ---- The client. ---- */

static int is_offered(const struct run *r, const char *name, size_t len)
{
	const char *at = ptn_buf_data(&ptn_smtp_capability(r->s)->auth), *word;
	size_t n;

	while ((word = ptn_text_word(&at, &n)))
		if (ptn_text_same(word, n, name, len))
			return 1;
	return 0;
}

/* The mechanism to begin with, or to go on with behind a refusal. */
static void choose_mechanism(struct run *r)
{
	int code = ptn_smtp_reply(r->s)->code;
	const char *word = r->story->mechanism;
	size_t n = strlen(word);

	if (code == 504 || code == 534)
		word = ptn_text_word(&r->another, &n);
	if (code == 535) {
		r->policy.secret = r->password = r->story->fresh;
		return;
	}
	ck_assert(word && n < sizeof(r->mechanism));
	memcpy(r->mechanism, word, n);
	r->mechanism[n] = '\0';
}

/* What may follow if it is refused. */
static unsigned what_follows(const struct run *r)
{
	const char *at = r->another, *word;
	unsigned next = 0;
	size_t n;

	word = at ? ptn_text_word(&at, &n) : NULL;
	if (word && is_offered(r, word, n))
		next = PTN_AUTH_ANOTHER;
	if (r->story->fresh)
		next |= PTN_AUTH_TOKEN | (r->password != r->story->fresh ? PTN_AUTH_FRESH : 0u);
	return next;
}

static void begin_auth(struct run *r)
{
	struct octets first = {0};

	choose_mechanism(r);
	r->step = 1;
	if (!is_offered(r, r->mechanism, strlen(r->mechanism)))
		ptn_smtp_auth_fail(r->s, PTN_FAULT_AUTH_NO_MECHANISM, NULL);
	else if (!strcmp(r->mechanism, "PLAIN")) {
		plain_response(r->story->user, r->password, &first);
		ptn_smtp_auth_begin(r->s, "PLAIN", first.p, first.n, PTN_AUTH_OVER);
	} else if (!strcmp(r->mechanism, "PROOF"))
		ptn_smtp_auth_begin(r->s, "PROOF", "n,,n=user,r=nonce", 17, PTN_AUTH_MORE);
	else if (!strcmp(r->mechanism, "EMPTY"))
		ptn_smtp_auth_begin(r->s, "EMPTY", "", 0, PTN_AUTH_OVER);
	else if (!strcmp(r->mechanism, "BEARER"))
		ptn_smtp_auth_begin(r->s, "BEARER", r->password, strlen(r->password),
				    PTN_AUTH_OPEN);
	else
		ptn_smtp_auth_begin(r->s, r->mechanism, NULL, 0, PTN_AUTH_MORE);
	ptn_smtp_auth_next(r->s, what_follows(r));
	octets_free(&first);
}

/* PROOF stands for SCRAM: the server must prove itself by "v=good" before we are content.  BEARER
 * answers what the server says of its token with one octet, as OAUTHBEARER. */
static void go_on_with_auth(struct run *r, const char *challenge, size_t n)
{
	struct octets answer = {0};
	int over = PTN_AUTH_MORE;

	if (!strcmp(r->mechanism, "LOGIN")) {
		octets_puts(&answer, r->step == 2 ? r->story->user : r->password);
		over = r->step > 2;
	} else if (!strcmp(r->mechanism, "PROOF") && r->step == 2) {
		octets_puts(&answer, "c=biws,p=proof");
	} else if (!strcmp(r->mechanism, "PROOF")) {
		if (n != 6 || memcmp(challenge, "v=good", 6)) {
			ptn_smtp_auth_fail(r->s, PTN_FAULT_AUTH_UNPROVEN, NULL);
			return;
		}
		over = PTN_AUTH_OVER;
		octets_add(&answer, "", 0);
	} else {
		octets_puts(&answer, strcmp(r->mechanism, "BEARER") ? "x" : "\001");
	}
	ptn_smtp_auth_respond(r->s, answer.p, answer.n, over);
	octets_free(&answer);
}

static void authenticate(struct run *r)
{
	size_t n;
	const char *challenge = ptn_smtp_challenge(r->s, &n);

	r->sasl++;
	r->step++;
	if (r->story->too_late == r->sasl)
		ptn_smtp_auth_fail(r->s, PTN_FAULT_AUTH_UNSAFE, "the challenge is not safe");
	else if (!challenge)
		begin_auth(r);
	else
		go_on_with_auth(r, challenge, n);
}

/* Of just that size, so that reading over its end is seen; as long as the run lasts. */
static const char *keep(struct run *r, const char *p, size_t n)
{
	char *block;

	if (r->n_kept == KEPT_MOST || !n)
		return n ? NULL : "";
	block = malloc(n);
	ck_assert_ptr_nonnull(block);
	memcpy(block, p, n);
	r->kept[r->n_kept++] = block;
	return block;
}

static void set_memory(struct run *r, struct ptn_smtp_envelope *e)
{
	const struct story *s = r->story;
	size_t border = (size_t)s->memory < s->len ? (size_t)s->memory : s->len;

	e->text[0] = keep(r, s->content, border);
	e->text[1] = keep(r, s->content + border, s->len - border);
	ck_assert(e->text[0] && e->text[1]);
	e->text_len[0] = border;
	e->text_len[1] = s->len - border;
	e->clean = s->clean;
}

static void begin_mail(struct run *r)
{
	const struct story *s = r->story;
	struct ptn_smtp_envelope e = {.reverse_path = s->from,
				      .recipients = (const char *const *)s->recipients,
				      .n = s->n,
				      .extras = &s->extras,
				      .asked = r->asked,
				      .eightbit = s->eightbit || s->reader,
				      .binary = s->binary,
				      .utf8 = s->utf8,
				      .sized = !s->reader,
				      .size = s->wire.n};
	size_t mail = (size_t)r->mails;
	int fault;

	for (size_t i = 0; i < s->n && i < MONITOR_RECIPIENTS; i++)
		r->asked[i] = s->asked;
	if (s->memory >= 0)
		set_memory(r, &e);
	/* Lent until the mail's event: each at a place of its own. */
	r->lent[mail] = e;
	r->mails++;
	r->open++;
	r->given = 0;
	monitor_mail(&r->monitor);
	fault = ptn_smtp_mail(r->s, &r->lent[mail], &r->marks[mail]);
	if (!fault)
		return;
	HOLDS(r, ptn_smtp_want(r->s) & PTN_WANT_MAIL || fault == PTN_FAULT_LOST,
	      "a mail refused at once (%s) left the session not idle", ptn_fault_id(fault));
	HOLDS(r, !s->missing || !strcmp(ptn_smtp_missing(r->s), s->missing), "\"%s\" is missing",
	      ptn_smtp_missing(r->s));
	mail_over(r, mail, ptn_fault_outcome(fault), fault);
	r->mails = s->mails;
}

/* Idle, or the window has room. */
static int next_mail(struct run *r)
{
	if (r->mails < r->story->mails)
		begin_mail(r);
	else if (!ptn_smtp_unanswered(r->s))
		ptn_smtp_quit(r->s);
	else
		return 0;
	return 1;
}

static void give_content(struct run *r)
{
	const struct story *s = r->story;
	size_t end = s->reader_fails < 0 ? s->len : (size_t)s->reader_fails;
	size_t n = end - r->given;
	char *block;

	if (r->way.body && n > r->way.body)
		n = r->way.body;
	if (!n && s->reader_fails >= 0) {
		ptn_smtp_body_fail(r->s, PTN_FAULT_CONTENT_READER);
		return;
	}
	if (!n) {
		ptn_smtp_body_end(r->s);
		return;
	}
	block = malloc(n);
	ck_assert_ptr_nonnull(block);
	memcpy(block, s->content + r->given, n);
	r->given += n;
	ptn_smtp_body(r->s, block, n);
	free(block);
}

/* ---- The transport. ---- */

static void judge_never(struct run *r, const char *p, size_t n)
{
	for (size_t i = 0; i < r->server.n_never && !monitor_in_content(&r->monitor); i++) {
		const struct script_step *never = r->server.never[i];

		for (size_t at = 0; at < n;) {
			const char *lf = memchr(p + at, '\n', n - at);
			size_t len = lf ? (size_t)(lf - p) - at : n - at;

			HOLDS(r,
			      !script_glob(never->text, never->len, p + at,
					   lf && len && lf[-1] == '\r' ? len - 1 : len),
			      "line %u: never \"%s\"", never->line, never->text);
			at += len + 1;
		}
	}
}

static void write_out(struct run *r)
{
	const char *p;
	size_t n = ptn_smtp_out(r->s, &p);

	if (r->way.write && n > r->way.write)
		n = r->way.write;
	if (r->way.lose_out >= 0 && r->out + (long)n > r->way.lose_out)
		n = (size_t)(r->way.lose_out - r->out);
	if (!n) {
		lose(r, PTN_FAULT_NONE);
		return;
	}
	tell(r, 'C', p, n);
	judge_never(r, p, n);
	monitor_sent(&r->monitor, p, n);
	server_hear(&r->server, p, n);
	r->out += (long)n;
	ptn_smtp_wrote(r->s, n);
}

/* A time limit may start anew with a reply, not with an octet. */
static void judge_turn(struct run *r, unsigned before, char octet)
{
	unsigned turn;

	ptn_smtp_timer(r->s, &turn);
	if (octet != '\n')
		HOLDS(r, turn == before || ptn_smtp_want(r->s) == PTN_WANT_END,
		      "the time limit starts anew with an octet");
}

static void deliver_block(struct run *r, const char *p, size_t n)
{
	char *block = malloc(n); /* of just that size, so that reading over its end is seen */
	size_t at = 0;
	unsigned turn;

	ck_assert_ptr_nonnull(block);
	memcpy(block, p, n);
	ptn_smtp_timer(r->s, &turn);
	while (at < n) {
		size_t used = ptn_smtp_feed(r->s, block + at, n - at);

		monitor_delivered(&r->monitor, block + at, used);
		at += used;
		take_events(r);
		HOLDS(r, used, "octets that are not taken");
		if (!used)
			break;
	}
	if (n == 1)
		judge_turn(r, turn, *block);
	free(block);
}

static void deliver(struct run *r)
{
	struct server *v = &r->server;
	size_t n = v->said.n - v->delivered;

	if (r->way.octets)
		n = 1;
	if (r->way.cut > r->in && r->way.cut < r->in + (long)n)
		n = (size_t)(r->way.cut - r->in);
	if (r->way.lose_in >= 0 && r->in + (long)n > r->way.lose_in)
		n = (size_t)(r->way.lose_in - r->in);
	if (!n) {
		lose(r, PTN_FAULT_NONE);
		return;
	}
	tell(r, 'S', v->said.p + v->delivered, n);
	r->in += (long)n;
	deliver_block(r, v->said.p + v->delivered, n);
	v->delivered += n;
}

static void handshake(struct run *r, enum server_state state)
{
	const char *p;

	HOLDS(r, !ptn_smtp_out(r->s, &p), "W2: octets wait to be sent before the handshake");
	if (state == SERVER_TLS) {
		server_tls_over(&r->server);
		monitor_tls_up(&r->monitor);
		tell(r, '*', "TLS", 3);
		ptn_smtp_tls_up(r->s);
		HOLDS(r, ptn_smtp_secured(r->s), "TLS is up, and not secured");
	} else if (state == SERVER_NOT_TLS) {
		lose(r, r->story->security == PTN_SMTP_IMPLICIT ? PTN_FAULT_TLS_SMTP_FIRST
								: PTN_FAULT_TLS_NOT_TLS);
	} else {
		lose(r, PTN_FAULT_REPLY_TIMEOUT);
	}
}

static void step(struct run *r)
{
	int want = ptn_smtp_want(r->s);
	enum server_state state = server_run(&r->server);
	int said = r->server.said.n > r->server.delivered;

	if (state == SERVER_CLOSED && !said)
		lose(r, PTN_FAULT_NONE);
	else if (want & PTN_WANT_SASL)
		authenticate(r);
	else if (want & PTN_WANT_MAIL && next_mail(r))
		;
	else if (want & PTN_WANT_WRITE && !r->server.deaf && !(said && r->way.read_first))
		write_out(r);
	else if (said)
		deliver(r);
	else if (want & PTN_WANT_BODY)
		give_content(r);
	else if (want & PTN_WANT_TLS)
		handshake(r, state);
	else
		lose(r, PTN_FAULT_REPLY_TIMEOUT);
	take_events(r);
}

/* ---- What must come of it. ---- */

static int is_one_of(const struct verdict *list, size_t n, const struct verdict *v)
{
	for (size_t i = 0; i < n; i++)
		if (list[i].outcome == v->outcome &&
		    (!strcmp(list[i].fault, v->fault) || !*list[i].fault))
			return 1;
	return 0;
}

static void judge_told(struct run *r, const struct verdict *v)
{
	const struct story *s = r->story;

	HOLDS(r, is_one_of(s->outcome, s->n_outcome, v), "the outcome is %s",
	      verdict_words(v->outcome, v->fault));
	for (size_t i = 0; i < s->n_each; i++)
		HOLDS(r, r->first[i] == s->each[i], "recipient %zu is %s", i,
		      verdict_words(r->first[i], ""));
	for (size_t i = 0; i < s->n_later; i++)
		HOLDS(r, is_one_of(&s->later[i], 1, &r->result[i + 1]), "mail %zu's outcome is %s",
		      i + 1, verdict_words(r->result[i + 1].outcome, r->result[i + 1].fault));
}

/* Lost where the story did not mean it: what was settled before stays, else it is safe to send
 * again, unless the terminator had left and no whole reply came. */
static void judge_lost(struct run *r, const struct verdict *v)
{
	const struct story *s = r->story;
	int doubt = monitor_in_doubt(&r->monitor, 0);

	if (r->mails > 1)
		return; /* W12 was checked for each of them */
	if (r->settled)
		HOLDS(r, is_one_of(s->outcome, s->n_outcome, v) || is_one_of(s->cut, s->n_cut, v),
		      "settled before it was lost, as %s", verdict_words(v->outcome, v->fault));
	else
		HOLDS(r, v->outcome == (doubt ? POSTERN_IN_DOUBT : POSTERN_TRANSIENT),
		      "lost, and the outcome is %s", verdict_words(v->outcome, v->fault));
}

static void judge_starved(struct run *r, const struct verdict *v)
{
	int ours = !strcmp(v->fault, "no-memory") || !strcmp(v->fault, "lost-after-content");

	HOLDS(r, ours || is_one_of(r->story->outcome, r->story->n_outcome, v),
	      "without memory the outcome is %s", verdict_words(v->outcome, v->fault));
}

static void judge(struct run *r)
{
	struct verdict v = r->result[0];
	int fault = ptn_smtp_fault(r->s);

	if (!v.outcome) {
		HOLDS(r, !r->open, "a mail has no outcome");
		v.outcome = ptn_fault_outcome(fault);
		snprintf(v.fault, sizeof(v.fault), "%s", ptn_fault_id(fault));
		for (size_t i = 0; i < 64; i++)
			r->first[i] = v.outcome;
	}
	if (r->way.fail >= 0)
		judge_starved(r, &v);
	else if (r->lost && (r->way.lose_in >= 0 || r->way.lose_out >= 0))
		judge_lost(r, &v);
	else
		judge_told(r, &v);
}

static void begin(struct run *r, const struct story *s, const struct way *way)
{
	memset(r, 0, sizeof(*r));
	r->story = s;
	r->way = *way;
	r->password = s->password;
	r->another = s->another;
	r->policy = (struct ptn_smtp_policy){.security = s->security,
					     .auth = s->mechanism != NULL,
					     .name = s->name,
					     .secret = s->password,
					     .trace = 1,
					     .without = s->without,
					     .window_mails = s->window,
					     .window_octets = s->window_octets,
					     .window_data = s->window_data};
	server_begin(&r->server, s->script);
	monitor_begin(&r->monitor, s);
}

static void give_up(const struct run *r)
{
	struct octets shown = {0};

	octets_add(&shown, "", 0);
	show_told(r, &shown);
	fprintf(stderr, "%s: way \"%s\" cut %ld lose-in %ld lose-out %ld fail %ld%s\n%s", r->wrong,
		r->way.name, r->way.cut, r->way.lose_in, r->way.lose_out, r->way.fail,
		r->way.fail_on ? "+" : "", shown.p);
	octets_free(&shown);
	ck_abort_msg("%s", r->wrong);
}

/* Told whole, the client must have said all that the server waited for. */
static void judge_script(struct run *r)
{
	const struct script *script = r->story->script;
	const struct script_step *at = script->steps + r->server.at;

	if (r->way.fail >= 0 || r->way.cut >= 0 || r->lost || r->way.octets || r->way.read_first)
		return;
	if (server_run(&r->server) == SERVER_LISTENS)
		HOLDS(r,
		      at->op != SCRIPT_EXPECT && at->op != SCRIPT_EXPECT_ANY &&
			      at->op != SCRIPT_EXPECT_DATA && at->op != SCRIPT_EXPECT_BDAT,
		      "line %u: the client never came to \"%s\"", at->line, at->text);
}

/* Gives the octets of both sides, and how many requests for memory were made. */
static long tell_story(const struct story *s, const struct way *way, long *in, long *out)
{
	static struct run r;
	long requests, steps = 0;
	const char *p;

	begin(&r, s, way);
	failing_begin(way->fail, way->fail_on);
	r.s = ptn_smtp_new(&r.policy);
	while (r.s && ptn_smtp_want(r.s) != PTN_WANT_END && !*r.wrong && steps++ < STEPS_MOST)
		step(&r);
	HOLDS(&r, steps < STEPS_MOST, "it does not end");
	if (r.s) {
		HOLDS(&r, !r.server.wrong[0] || way->fail >= 0, "%s", r.server.wrong);
		HOLDS(&r, !r.monitor.wrong[0], "%s", r.monitor.wrong);
		judge(&r);
		judge_script(&r);
		HOLDS(&r, !ptn_smtp_out(r.s, &p), "ended, and there is more to send");
		HOLDS(&r, ptn_smtp_feed(r.s, "250 late\r\n", 10) == 10, "ended, and not deaf");
		HOLDS(&r, ptn_smtp_want(r.s) == PTN_WANT_END, "ended, and alive");
	}
	ptn_smtp_free(r.s);
	requests = failing_end();
	HOLDS(&r, !failing_live(), "%zu blocks are not freed", failing_live());
	HOLDS(&r, failing_peak() < (1 << 20), "W10: %zu octets at one time", failing_peak());
	if (*r.wrong)
		give_up(&r);
	*in = r.in;
	*out = r.out;
	runs++;
	checks += r.checks + r.monitor.checks;
	server_end(&r.server);
	monitor_end(&r.monitor);
	octets_free(&r.told);
	while (r.n_kept)
		free(r.kept[--r.n_kept]);
	return requests;
}

/* ---- All ways. ---- */

static int is_slow(void)
{
	const char *preload = getenv("LD_PRELOAD");

	return getenv("VALGRIND") || (preload && strstr(preload, "vgpreload"));
}

/* POSTERN_SAMPLE=N: only every Nth story is told the long ways, where another build tells them all. */
static int sample(void)
{
	const char *n = getenv("POSTERN_SAMPLE");
	int every = n ? atoi(n) : 1;

	return every > 0 ? every : 1;
}

static void tell_cuts(const struct story *s, long in, long out)
{
	struct way way = whole;
	long i, o;

	for (way.name = "cut", way.cut = 1; in < CUTS_MOST && way.cut < in; way.cut++)
		tell_story(s, &way, &i, &o);
	way = whole;
	for (way.name = "lose-in"; in < LOSSES_MOST && way.lose_in + 1 < in;) {
		way.lose_in++;
		tell_story(s, &way, &i, &o);
	}
	way = whole;
	for (way.name = "lose-out"; out < LOSSES_MOST && way.lose_out + 1 < out;) {
		way.lose_out++;
		tell_story(s, &way, &i, &o);
	}
}

static void tell_failures(const struct story *s)
{
	struct way way = whole;
	long i, o;

	way.name = "no memory";
	for (way.fail_on = 0; way.fail_on < 2; way.fail_on++)
		for (way.fail = 0; tell_story(s, &way, &i, &o) > way.fail; way.fail++)
			ck_assert_int_lt(way.fail, 10000);
}

static char *names[STORIES_MOST];
static size_t n_names;

static struct story *read_story(const char *name)
{
	char path[1024], error[256];
	struct story *s;

	snprintf(path, sizeof(path), "%s/%s", STORIES, name);
	s = story_read(path, error, sizeof(error));
	ck_assert_msg(s, "%s: %s", name, error);
	return s;
}

START_TEST(story)
{
	struct story *s = read_story(names[_i]);
	struct way octets = whole, small = whole, reading = whole;
	long in, out, i, o;

	set_canaries(s);
	tell_story(s, &whole, &in, &out);
	octets.name = "octets";
	octets.octets = 1;
	octets.body = 1;
	tell_story(s, &octets, &i, &o);
	small.name = "small writes";
	small.write = 1;
	small.body = 3;
	tell_story(s, &small, &i, &o);
	reading.name = "reading first";
	reading.read_first = 1;
	tell_story(s, &reading, &i, &o);
	reading.octets = 1;
	tell_story(s, &reading, &i, &o);
	if (!is_slow() && _i % sample() == 0) {
		tell_cuts(s, in, out);
		tell_failures(s);
	}
	story_free(s);
	if (getenv("STORIES_COUNT"))
		printf("%s: %lu runs, %lu checks\n", names[_i], runs, checks);
	runs = checks = 0;
}
END_TEST

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void find_stories(void)
{
	const char *only = getenv("STORY");
	DIR *d = opendir(STORIES);
	struct dirent *e;

	while (d && (e = readdir(d))) {
		size_t n = strlen(e->d_name);

		if (n < 7 || strcmp(e->d_name + n - 6, ".story") || n_names == STORIES_MOST)
			continue;
		if (only && !strstr(e->d_name, only))
			continue;
		names[n_names] = strdup(e->d_name);
		n_names += names[n_names] != NULL;
	}
	if (d)
		closedir(d);
	qsort(names, n_names, sizeof(*names), by_name);
}

/* So that a directory read wrongly is not a success. */
START_TEST(there_are_stories)
{
	ck_assert_uint_gt(n_names, getenv("STORY") ? 0 : 100);
	ck_assert_uint_lt(n_names, STORIES_MOST);
}
END_TEST

void test_cases(Suite *s)
{
	find_stories();
	tcase_add_test(test_case(s, "directory"), there_are_stories);
	for (size_t i = 0; i < n_names; i++)
		tcase_add_loop_test(test_case(s, names[i]), story, (int)i, (int)i + 1);
}
