/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "play.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "dots.h"
#include "judge.h"
#include "log.h"
#include "script.h"
#include "server.h"

#define MAX_NEVER 16
#define MAX_DEPTH 4
#define BATCH 64 /* tickets and the like at a time */
#define LOGGED_LOOPS 8 /* rounds of a loop that are logged */
#define AT_ONCE 1000 /* steps before the other connections have their turn */

struct loop {
	size_t repeat; /* the step's index */
	long rounds; /* done */
};

struct play {
	const struct script *script;
	const struct script_part *part;
	size_t at; /* the next step, as an index of the script's */
	struct loop loops[MAX_DEPTH];
	unsigned depth;
	struct bytes line; /* the client's last */
	const struct script_step *never[MAX_NEVER];
	unsigned n_never;
	long long used; /* octets of the client so far, in clear */
	long long limit; /* ... and how many there may be; -1: any number */
	long cut; /* border of the next send */
	long sent; /* of a post */
	int begun; /* an expect-data or expect-bdat is under way */
	int waits; /* for the client */
	long long chunk; /* octets of the chunk to come */
	long long octets;
	enum dots dots;
	gnutls_hash_hd_t hash;
};

enum went { NEXT, WAIT, STOP };

struct play *play_new(struct conn *c)
{
	const struct script *script = c->listener->does.script;
	long long port;
	const char *name = c->listener->spec->name;
	const struct script_part *part;
	struct play *p;

	/* a listener is known to scripts by the port of its name */
	if (read_number(name, strlen(name), 65535, &port))
		port = c->listener->port;
	part = script_part(script, (unsigned)port, c->nth);
	if (!part)
		return NULL;
	p = alloc(sizeof(*p));
	p->script = script;
	p->part = part;
	p->at = part->first;
	p->limit = -1;
	return p;
}

void play_free(struct play *p)
{
	if (!p)
		return;
	if (p->hash)
		gnutls_hash_deinit(p->hash, NULL);
	bytes_free(&p->line);
	free(p);
}

static int ended(const struct play *p)
{
	return p->at >= p->part->first + p->part->count;
}

static const struct script_step *current(const struct play *p)
{
	return ended(p) ? NULL : &p->script->steps[p->at];
}

static enum went violate(struct conn *c, const struct script_step *step, const char *what,
			 const char *text, size_t n)
{
	struct bytes shown = {0};

	bytes_text(&shown, "");
	bytes_escape(&shown, text, n, 200);
	log_violation(c, "script line %u (%s): %s%s", step->line, script_name(step->op), what,
		      shown.p);
	bytes_free(&shown);
	conn_close(c, CLOSE_TRUNCATE, "the script was broken");
	return STOP;
}

/* n octets of the client's are used up. */
static void use(struct conn *c, size_t n)
{
	bytes_drop(&c->in, n);
	c->play->used += (long long)n;
}

static int within_limit(struct conn *c)
{
	struct play *p = c->play;

	if (p->limit < 0 || p->used + (long long)c->in.n <= p->limit)
		return 1;
	log_text(c, 'C', c->in.p, c->in.n);
	log_violation(c, "script: the client sent more than limit-octets allows");
	conn_close(c, CLOSE_TRUNCATE, "the script was broken");
	return 0;
}

/* The step that forbids secrets in clear, or NULL. */
static const struct script_step *forbids_secrets(const struct script *s)
{
	for (size_t i = 0; i < s->n_about; i++)
		if (s->about[i].op == SCRIPT_SECRET_SEEN)
			return &s->about[i];
	return NULL;
}

/* A line of n octets without its line end, against what it must never be. */
static int allowed(struct conn *c, const char *line, size_t n)
{
	struct play *p = c->play;
	const struct script_step *secret = forbids_secrets(p->script);

	if (judge_clear(c, line, n) && secret) {
		violate(c, secret, "a secret in clear: ", line, n);
		return 0;
	}
	for (unsigned i = 0; i < p->n_never; i++)
		if (script_glob(p->never[i]->text, p->never[i]->len, line, n)) {
			violate(c, p->never[i], "got ", line, n);
			return 0;
		}
	return 1;
}

/* The next line of the client into p->line, without its line end. */
static enum went take_line(struct conn *c)
{
	struct play *p = c->play;
	size_t lf = conn_line(c), n = lf;

	if (!lf && c->in.n >= CONN_WINDOW)
		return violate(c, current(p) ? current(p) : &p->script->steps[p->at - 1],
			       "a line without end", "", 0);
	if (!lf)
		return WAIT;
	log_text(c, 'C', c->in.p, lf);
	n -= lf > 1 && c->in.p[lf - 2] == '\r' ? 2 : 1;
	bytes_drop(&p->line, p->line.n);
	bytes_add(&p->line, c->in.p, n);
	use(c, lf);
	return allowed(c, p->line.p, n) ? NEXT : STOP;
}

static enum went expect(struct conn *c, const struct script_step *step)
{
	struct play *p = c->play;
	enum went went = take_line(c);

	if (went != NEXT)
		return went;
	if (step->op == SCRIPT_EXPECT_ANY ||
	    script_glob(step->text, step->len, p->line.p, p->line.n))
		return NEXT;
	return violate(c, step, "got ", p->line.p, p->line.n);
}

/* ---- content ---- */

static void begin_content(struct play *p)
{
	p->begun = 1;
	p->octets = 0;
	p->dots = DOTS_START;
	if (p->hash)
		gnutls_hash_deinit(p->hash, NULL);
	if (gnutls_hash_init(&p->hash, GNUTLS_DIG_SHA256) < 0)
		p->hash = NULL;
}

static void digest_text(const unsigned char raw[32], char hex[65])
{
	for (int i = 0; i < 32; i++)
		snprintf(hex + 2 * i, 3, "%02x", raw[i]);
}

static int file_digest(const char *name, char hex[65])
{
	unsigned char raw[32];
	gnutls_datum_t all = {0};

	if (gnutls_load_file(name, &all) < 0)
		return -1;
	gnutls_hash_fast(GNUTLS_DIG_SHA256, all.data, all.size, raw);
	gnutls_free(all.data);
	digest_text(raw, hex);
	return 0;
}

static enum went end_content(struct conn *c, const struct script_step *step)
{
	struct play *p = c->play;
	unsigned char raw[32] = {0};
	char got[65], wanted[65];

	p->begun = 0;
	log_event(c, "content %lld octets", p->octets);
	if (p->hash)
		gnutls_hash_deinit(p->hash, raw);
	p->hash = NULL;
	digest_text(raw, got);
	if (step->number == SCRIPT_CHECK_NONE)
		return NEXT;
	if (step->number == SCRIPT_CHECK_SHA256)
		snprintf(wanted, sizeof(wanted), "%s", step->text);
	else if (file_digest(step->text, wanted))
		return violate(c, step, "cannot read ", step->text, step->len);
	if (same_word(wanted, got, 64))
		return NEXT;
	return violate(c, step, "other content, of SHA-256 ", got, 64);
}

static void take_content(struct play *p, const char *s, size_t n)
{
	p->octets += (long long)n;
	if (p->hash && n)
		gnutls_hash(p->hash, s, n);
}

static enum went expect_data(struct conn *c, const struct script_step *step)
{
	struct play *p = c->play;
	struct bytes out = {0};
	size_t i = 0;
	int end = 0;

	if (!p->begun)
		begin_content(p);
	end = dots_take(&p->dots, c->in.p, c->in.n, &i, &out);
	take_content(p, out.p, out.n);
	bytes_free(&out);
	use(c, i);
	return end ? end_content(c, step) : WAIT;
}

/* "BDAT n" or "BDAT n LAST": 0 and the chunk's size. */
static int parse_bdat(const struct bytes *line, long long *octets)
{
	const char *blank;
	size_t digits;

	if (line->n < 6 || !same_word("BDAT ", line->p, 5))
		return -1;
	blank = memchr(line->p + 5, ' ', line->n - 5);
	digits = blank ? (size_t)(blank - line->p) - 5 : line->n - 5;
	if (blank && !same_word("LAST", blank + 1, line->n - digits - 6))
		return -1;
	return read_number(line->p + 5, digits, 1ll << 40, octets);
}

static enum went expect_bdat(struct conn *c, const struct script_step *step)
{
	struct play *p = c->play;
	size_t n;

	if (!p->begun) {
		enum went went = take_line(c);

		if (went != NEXT)
			return went;
		if (parse_bdat(&p->line, &p->chunk))
			return violate(c, step, "got ", p->line.p, p->line.n);
		begin_content(p);
	}
	n = (long long)c->in.n > p->chunk ? (size_t)p->chunk : c->in.n;
	take_content(p, c->in.p, n);
	use(c, n);
	p->chunk -= (long long)n;
	return p->chunk ? WAIT : end_content(c, step);
}

/* ---- what the server does ---- */

static enum went send_text(struct conn *c, const char *text, size_t n)
{
	struct play *p = c->play;

	c->muted = p->depth && p->loops[p->depth - 1].rounds > LOGGED_LOOPS;
	if (p->cut)
		c->border = c->out.n + (size_t)p->cut;
	p->cut = 0;
	conn_send(c, text, n);
	c->muted = 0;
	return NEXT;
}

static enum went challenge(struct conn *c, const struct script_step *step)
{
	struct play *p = c->play;
	size_t n;
	char *text = script_challenge(step, p->line.p ? p->line.p : "", p->line.n, &n);

	if (!text)
		return violate(c, step, "out of memory", "", 0);
	send_text(c, text, n);
	free(text);
	return NEXT;
}

static enum went start_tls(struct conn *c, const struct script_step *step)
{
	int min = step->number ? (int)step->number : 12;
	int max = step->more ? (int)step->more : 13;

	bytes_add(&c->in, c->raw_in.p, c->raw_in.n); /* the handshake may have come already */
	bytes_free(&c->raw_in);
	c->raw_in = c->in;
	memset(&c->in, 0, sizeof(c->in));
	if (tls_start(c, step->text, min, max < min ? min : max))
		return violate(c, step, "TLS cannot be started with ", step->text, step->len);
	return NEXT;
}

static enum went tls_raw(struct conn *c, const struct script_step *step)
{
	if (c->tls_state == TLS_ON) { /* between the records */
		bytes_add(&c->raw_out, step->text, step->len);
		return NEXT;
	}
	if (c->in.n == 0)
		return WAIT;
	log_event(c, "%zu octets of the client's handshake swallowed", c->in.n);
	use(c, c->in.n);
	return send_text(c, step->text, step->len);
}

/* Some of the step's messages; again until all are sent. */
static enum went post(struct conn *c, const struct script_step *step)
{
	struct play *p = c->play;
	long n = step->number - p->sent;
	int rc;

	if (c->tls_state != TLS_ON)
		return violate(c, step, "there is no TLS", "", 0);
	if (n > BATCH)
		n = BATCH;
	rc = tls_send_extra(c, (enum tls_extra)(step->op - SCRIPT_POST_TICKETS), p->sent, n);
	p->sent += n;
	if (rc < 0) {
		log_event(c, "post: %s", gnutls_strerror(rc));
		p->sent = step->number;
	}
	if (p->sent < step->number)
		return WAIT;
	log_event(c, "posted %ld", p->sent);
	p->sent = 0;
	return NEXT;
}

static enum went limit(struct conn *c, const struct script_step *step)
{
	c->play->limit = c->play->used + (long long)c->in.n + step->number;
	return NEXT;
}

static enum went never(struct conn *c, const struct script_step *step)
{
	struct play *p = c->play;

	for (unsigned i = 0; i < p->n_never; i++)
		if (p->never[i] == step)
			return NEXT;
	if (p->n_never == MAX_NEVER)
		return violate(c, step, "more than 16 of them", "", 0);
	p->never[p->n_never++] = step;
	return NEXT;
}

static enum went repeat(struct play *p)
{
	p->loops[p->depth++] = (struct loop){p->at, 0};
	return NEXT;
}

/* Back to behind the repeat, or on.  p->at is moved by the caller. */
static enum went end_round(struct play *p)
{
	struct loop *l = &p->loops[p->depth - 1];
	long times = p->script->steps[l->repeat].number;

	l->rounds++;
	if (times && l->rounds >= times)
		p->depth--;
	else
		p->at = l->repeat;
	return NEXT;
}

/* Whether what was sent before must have left first. */
static int must_drain(const struct conn *c, const struct script_step *step)
{
	if (step->op == SCRIPT_REPEAT || step->op == SCRIPT_END)
		return 0;
	if (step->op == SCRIPT_SEND && !c->seg && !c->border && !c->play->cut)
		return c->out.n >= CONN_WINDOW / 2 || c->raw_out.n >= CONN_WINDOW;
	return c->out.n || c->raw_out.n;
}

static enum went quick(struct conn *c, const struct script_step *step)
{
	switch (step->op) {
	case SCRIPT_SEG:
		c->seg = step->number;
		c->gap = step->more;
		return NEXT;
	case SCRIPT_CUT:
		c->play->cut = step->number;
		return NEXT;
	case SCRIPT_DELAY:
		c->hold = c->now + step->number;
		return NEXT;
	case SCRIPT_STOP_READ:
		c->read_at = step->number ? c->now + step->number : -1;
		return NEXT;
	case SCRIPT_FIN:
	case SCRIPT_TRUNCATE:
		log_event(c, "%s", script_name(step->op));
		conn_fin(c, step->op == SCRIPT_FIN);
		return NEXT;
	case SCRIPT_RST:
		conn_close(c, CLOSE_RESET, "rst");
		return STOP;
	default:
		return NEXT; /* the client's steps are not among these */
	}
}

static enum went run_step(struct conn *c, const struct script_step *step)
{
	switch (step->op) {
	case SCRIPT_SEND:
		return send_text(c, step->text, step->len);
	case SCRIPT_CHALLENGE:
		return challenge(c, step);
	case SCRIPT_EXPECT:
	case SCRIPT_EXPECT_ANY:
	case SCRIPT_MAYBE:
		return expect(c, step);
	case SCRIPT_EXPECT_DATA:
		return expect_data(c, step);
	case SCRIPT_EXPECT_BDAT:
		return expect_bdat(c, step);
	case SCRIPT_TLS:
		return start_tls(c, step);
	case SCRIPT_TLS_RAW:
		return tls_raw(c, step);
	case SCRIPT_POST_TICKETS:
	case SCRIPT_POST_KEYUPDATE:
	case SCRIPT_POST_HELLOREQUEST:
		return post(c, step);
	case SCRIPT_NEVER:
		return never(c, step);
	case SCRIPT_LIMIT_OCTETS:
		return limit(c, step);
	case SCRIPT_REPEAT:
		return repeat(c->play);
	case SCRIPT_END:
		return end_round(c->play);
	default:
		return quick(c, step);
	}
}

static int for_client(enum script_op op)
{
	return op == SCRIPT_EXPECT || op == SCRIPT_EXPECT_ANY || op == SCRIPT_MAYBE ||
	       op == SCRIPT_EXPECT_DATA || op == SCRIPT_EXPECT_BDAT || op == SCRIPT_TLS_RAW;
}

/* Behind the last step: what the client still says is only looked at. */
static void listen_on(struct conn *c)
{
	struct play *p = c->play;

	p->waits = 1;
	while (c->closing == OPEN && p->part->count && take_line(c) == NEXT)
		;
	if (p->part->count == 0)
		use(c, c->in.n);
}

void play_run(struct conn *c)
{
	struct play *p = c->play;

	p->waits = 0;
	for (int i = 0; i < AT_ONCE && c->closing == OPEN && c->now >= c->hold; i++) {
		const struct script_step *step = current(p);
		enum went went;

		if (!within_limit(c))
			return;
		if (!step) {
			listen_on(c);
			return;
		}
		if (must_drain(c, step) || c->tls_state == TLS_SHAKING)
			return;
		went = run_step(c, step);
		if (went == NEXT)
			p->at++;
		p->waits = went == WAIT && for_client(step->op);
		if (went != NEXT)
			return;
	}
}

int play_awake(const struct conn *c)
{
	const struct play *p = c->play;

	return !p->waits && c->now >= c->hold && c->tls_state != TLS_SHAKING && !c->out.n &&
	       !c->raw_out.n;
}

void play_closed(struct conn *c)
{
	struct play *p = c->play;
	const struct script_step *step = current(p);

	if (!within_limit(c))
		return;
	if (c->in.n && !p->begun) {
		log_text(c, 'C', c->in.p, c->in.n);
		if (!allowed(c, c->in.p, c->in.n))
			return;
	}
	if (step && step->op != SCRIPT_MAYBE)
		violate(c, step, "the client closed before", "", 0);
}
