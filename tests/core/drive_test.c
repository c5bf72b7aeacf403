/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The joined library on a fake network and an integer clock: each seed is a world of its own, with
 * other segments, delays, refusals, resets and silences.  The fake server writes down what it did,
 * and an oracle compares that with what the library says of every mail.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "drive.h"
#include "main.h"
#include "tls/tls.h"

enum { CONNECTIONS = 64, MAILS = 6, OUT = 4096, LINE = 2048 };

/* ---- One connection, with an SMTP server at its end. ---- */

enum mood { MOOD_GOOD, MOOD_REFUSED, MOOD_DROPPED, MOOD_SILENT, MOOD_BLUNT };

struct connection {
	int used, port, mood;
	ptn_time up_at; /* connected from then on */
	char out[OUT]; /* the server's octets, each ready at its time */
	ptn_time ready[OUT];
	size_t head, tail;
	int closing; /* closes once out is read */
	char line[LINE];
	size_t n;
	int data, mail; /* in content; which mail, -1 */
	int rcpt;
	size_t accepted_reply_end; /* out offset at which a 2xx to the dot is whole; 0 none */
};

struct world {
	unsigned long long seed;
	ptn_time now;
	struct connection c[CONNECTIONS];
	int n;
	int pipelining;
	int moods[PTN_ROUTE_MOST];
	struct {
		int begun, terminated; /* times its content began, its dot came */
		int answered; /* a complete valid reply to the dot was read by the client: 2, 4, 5
			       */
	} mail[MAILS];
	int hostility; /* 0: a perfect server */
};

static unsigned roll(struct world *w, unsigned n)
{
	w->seed = w->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(w->seed >> 33) % n;
}

static int odds(struct world *w, unsigned percent)
{
	return w->hostility && roll(w, 100) < percent;
}

static void say(struct world *w, struct connection *c, const char *text)
{
	ptn_time at = w->now + roll(w, 50);

	for (; *text && c->tail < OUT; text++) {
		if (roll(w, 12) == 0)
			at += roll(w, 30);
		c->out[c->tail] = *text;
		c->ready[c->tail++] = at;
	}
}

/* What the server answers where a good one says `good`; it may do worse. */
static int answer(struct world *w, struct connection *c, const char *good)
{
	static const char *const bad[] = {"450 4.2.0 later\r\n", "550 5.7.1 no\r\n",
					  "421 4.3.2 bye\r\n", "334 what\r\n", "nonsense\r\n"};
	unsigned i;

	if (odds(w, 3)) { /* hang up, at once or in the middle of the reply */
		char half[64];

		snprintf(half, sizeof(half), "%.*s", (int)roll(w, (unsigned)strlen(good)), good);
		say(w, c, half);
		c->closing = 1;
		return 0;
	}
	if (odds(w, 2)) /* silence */
		return 0;
	if (!odds(w, 12)) {
		say(w, c, good);
		return good[0] - '0';
	}
	i = roll(w, 5);
	say(w, c, bad[i]);
	if (i == 2)
		c->closing = 1;
	return i < 3 ? bad[i][0] - '0' : 0;
}

static void end_of_content(struct world *w, struct connection *c)
{
	int code;

	c->data = 0;
	if (c->mail >= 0)
		w->mail[c->mail].terminated++;
	code = answer(w, c, "250 2.0.0 queued as ABC123\r\n");
	if (code && c->mail >= 0) {
		c->accepted_reply_end = c->tail;
		w->mail[c->mail].answered = -code; /* on its way; see take() */
	}
}

static void take_line(struct world *w, struct connection *c)
{
	if (c->data) {
		if (!strncmp(c->line, "X-Mail: ", 8) && c->mail < 0) {
			c->mail = atoi(c->line + 8);
			w->mail[c->mail].begun++;
		}
		if (!strcmp(c->line, "."))
			end_of_content(w, c);
		return;
	}
	if (!strncmp(c->line, "EHLO ", 5)) {
		answer(w, c,
		       w->pipelining ? "250-fake\r\n250-STARTTLS\r\n250 PIPELINING\r\n"
				     : "250-fake\r\n250 STARTTLS\r\n");
	} else if (!strcmp(c->line, "STARTTLS")) {
		answer(w, c, "220 go\r\n");
	} else if (!strncmp(c->line, "RCPT TO:", 8)) {
		c->rcpt += answer(w, c, "250 2.1.5 ok\r\n") == 2;
	} else if (!strcmp(c->line, "DATA")) {
		int code = c->rcpt ? answer(w, c, "354 go\r\n") : 0;

		if (!c->rcpt)
			say(w, c, "554 5.5.1 nobody\r\n");
		c->data = code == 3;
		c->mail = -1;
	} else if (!strcmp(c->line, "QUIT")) {
		say(w, c, "221 bye\r\n");
		c->closing = 1;
	} else {
		c->rcpt = 0;
		answer(w, c, "250 2.0.0 ok\r\n");
	}
}

/* ---- The network as drive sees it. ---- */

static int fake_resolve(void *net, const char *host, int milliseconds)
{
	(void)net, (void)host, (void)milliseconds;
	return 0;
}

static int fake_resolved(void *net, struct ptn_address list[PTN_NET_ADDRESSES], size_t *n)
{
	struct world *w = net;

	*n = 1 + roll(w, 3);
	for (size_t i = 0; i < *n; i++) {
		list[i] = (struct ptn_address){.family = i % 2 ? 6 : 4, .octets = {127, 0, 0, 1}};
		if (i % 2) {
			memset(list[i].octets, 0, 16);
			list[i].octets[15] = 1;
		}
	}
	return 1;
}

static void fake_stop(void *net)
{
	(void)net;
}

static int fake_open(void *net, const struct ptn_address *to, int port)
{
	struct world *w = net;
	struct connection *c = &w->c[w->n];

	(void)to;
	if (w->n == CONNECTIONS)
		return -EMFILE;
	*c = (struct connection){.used = 1,
				 .port = port,
				 .mood = w->moods[port],
				 .mail = -1,
				 .up_at = w->now + 1 + roll(w, 80)};
	if (c->mood == MOOD_REFUSED && roll(w, 2))
		return -ECONNREFUSED;
	return w->n++;
}

static int fake_connected(void *net, int handle)
{
	struct world *w = net;
	struct connection *c = &w->c[handle];

	ck_assert(c->used);
	if (c->mood == MOOD_DROPPED || w->now < c->up_at)
		return -EINPROGRESS;
	if (c->mood == MOOD_REFUSED)
		return -ECONNREFUSED;
	if (!c->tail && c->mood == MOOD_GOOD)
		answer(w, c, "220 fake ESMTP\r\n");
	else if (!c->tail && c->mood == MOOD_BLUNT)
		say(w, c, "554 5.7.1 go away\r\n");
	return 0;
}

/* The reply to the dot counts once its last octet was read. */
static void read_up_to(struct world *w, struct connection *c)
{
	if (c->accepted_reply_end && c->head >= c->accepted_reply_end && c->mail >= 0) {
		w->mail[c->mail].answered = -w->mail[c->mail].answered;
		c->accepted_reply_end = 0;
		c->mail = -1;
	}
}

static ptrdiff_t fake_read(void *net, int handle, char *buf, size_t cap)
{
	struct world *w = net;
	struct connection *c = &w->c[handle];
	size_t n = 0, most = 1 + roll(w, 40);

	ck_assert(c->used);
	while (n < cap && n < most && c->head < c->tail && c->ready[c->head] <= w->now)
		buf[n++] = c->out[c->head++];
	read_up_to(w, c);
	if (n)
		return (ptrdiff_t)n;
	if (c->closing && c->head == c->tail) {
		return roll(w, 2) ? 0 : -ECONNRESET;
	}
	return -EAGAIN;
}

static ptrdiff_t fake_write(void *net, int handle, const char *buf, size_t len)
{
	struct world *w = net;
	struct connection *c = &w->c[handle];
	size_t n = 0, most = 1 + roll(w, 200);

	ck_assert(c->used);
	if (c->closing)
		return -EPIPE;
	if (roll(w, 8) == 0)
		return -EAGAIN;
	for (; n < len && n < most; n++) {
		ck_assert_uint_lt(c->n, LINE - 1);
		c->line[c->n++] = buf[n];
		if (buf[n] != '\n')
			continue;
		ck_assert(c->n >= 2 && c->line[c->n - 2] == '\r');
		c->line[c->n - 2] = '\0';
		take_line(w, c);
		c->n = 0;
		if (c->closing)
			return (ptrdiff_t)n + 1;
	}
	return (ptrdiff_t)n;
}

static int fake_watch(void *net, int handle, int what)
{
	(void)net, (void)handle, (void)what;
	return 0;
}

static void fake_close(void *net, int handle)
{
	struct world *w = net;

	ck_assert(w->c[handle].used);
	w->c[handle].used = 0;
}

static int fake_local(void *net, int handle, struct ptn_address *out)
{
	(void)net, (void)handle;
	*out = (struct ptn_address){.family = 4, .octets = {127, 0, 0, 1}};
	return 0;
}

static int fake_fd(void *net)
{
	(void)net;
	return -1;
}

static void fake_turn(void *net)
{
	(void)net;
}

static const struct ptn_net fake = {
	.resolve = fake_resolve,
	.resolved = fake_resolved,
	.resolve_stop = fake_stop,
	.open = fake_open,
	.connected = fake_connected,
	.read = fake_read,
	.write = fake_write,
	.watch = fake_watch,
	.close = fake_close,
	.local = fake_local,
	.fd = fake_fd,
	.timeout = fake_fd,
	.turn = fake_turn,
};

/* ---- TLS that changes nothing: what the filter does is tests/tls's business. ---- */

struct ptn_tls {
	struct ptn_buf in, out;
	int ended;
};

struct ptn_tls *__wrap_ptn_tls_new(struct ptn_trust *trust, const char *host);
void __wrap_ptn_tls_free(struct ptn_tls *t);
int __wrap_ptn_tls_feed(struct ptn_tls *t, const void *in, size_t len);
void __wrap_ptn_tls_eof(struct ptn_tls *t);
size_t __wrap_ptn_tls_out(struct ptn_tls *t, const char **p);
void __wrap_ptn_tls_wrote(struct ptn_tls *t, size_t n);
int __wrap_ptn_tls_handshake(struct ptn_tls *t);
ptrdiff_t __wrap_ptn_tls_get(struct ptn_tls *t, char *buf, size_t cap);
ptrdiff_t __wrap_ptn_tls_put(struct ptn_tls *t, const char *buf, size_t len);
void __wrap_ptn_tls_bye(struct ptn_tls *t);
int __wrap_ptn_tls_fault(const struct ptn_tls *t);

struct ptn_tls *__wrap_ptn_tls_new(struct ptn_trust *trust, const char *host)
{
	(void)trust, (void)host;
	return calloc(1, sizeof(struct ptn_tls));
}

void __wrap_ptn_tls_free(struct ptn_tls *t)
{
	if (t) {
		ptn_buf_free(&t->in);
		ptn_buf_free(&t->out);
	}
	free(t);
}

int __wrap_ptn_tls_feed(struct ptn_tls *t, const void *in, size_t len)
{
	return ptn_buf_add(&t->in, in, len);
}

void __wrap_ptn_tls_eof(struct ptn_tls *t)
{
	t->ended = 1;
}

size_t __wrap_ptn_tls_out(struct ptn_tls *t, const char **p)
{
	*p = ptn_buf_data(&t->out);
	return ptn_buf_len(&t->out);
}

void __wrap_ptn_tls_wrote(struct ptn_tls *t, size_t n)
{
	ptn_buf_took(&t->out, n);
}

int __wrap_ptn_tls_handshake(struct ptn_tls *t)
{
	(void)t;
	return 1;
}

ptrdiff_t __wrap_ptn_tls_get(struct ptn_tls *t, char *buf, size_t cap)
{
	size_t n = ptn_buf_len(&t->in) < cap ? ptn_buf_len(&t->in) : cap;

	if (!n)
		return t->ended ? -1 : 0;
	memcpy(buf, ptn_buf_data(&t->in), n);
	ptn_buf_took(&t->in, n);
	return (ptrdiff_t)n;
}

ptrdiff_t __wrap_ptn_tls_put(struct ptn_tls *t, const char *buf, size_t len)
{
	return ptn_buf_add(&t->out, buf, len) ? -1 : (ptrdiff_t)len;
}

void __wrap_ptn_tls_bye(struct ptn_tls *t)
{
	(void)t;
}

int __wrap_ptn_tls_fault(const struct ptn_tls *t)
{
	return t->ended ? PTN_FAULT_TLS_CLOSED : PTN_FAULT_NONE;
}

const char *__wrap_ptn_tls_detail(const struct ptn_tls *t);
const char *__wrap_ptn_tls_version(const struct ptn_tls *t);
const char *__wrap_ptn_tls_cipher(const struct ptn_tls *t);

const char *__wrap_ptn_tls_detail(const struct ptn_tls *t)
{
	(void)t;
	return "";
}

const char *__wrap_ptn_tls_version(const struct ptn_tls *t)
{
	(void)t;
	return "none";
}

const char *__wrap_ptn_tls_cipher(const struct ptn_tls *t)
{
	(void)t;
	return "none";
}

/* ---- A run. ---- */

static char texts[MAILS][64];

static void make_mails(struct world *w, postern_mail *m[MAILS])
{
	for (int i = 0; i < MAILS; i++) {
		unsigned long long line;
		int n = 1 + (int)roll(w, 3);

		snprintf(texts[i], sizeof(texts[i]), "X-Mail: %d\n\n.hello\nworld %d", i, i);
		m[i] = postern_mail_new("me@example.org");
		for (int k = 0; k < n; k++)
			ck_assert_int_eq(postern_mail_add_recipient(m[i], "you@example.net"), 0);
		postern_mail_set_text(m[i], texts[i], strlen(texts[i]));
		postern_mail_set_completion(m[i], 0);
		ck_assert_int_eq(ptn_mail_prepare(m[i], "h", 0, &line), 0);
	}
}

static void run(struct ptn_drive *d, struct world *w)
{
	for (long steps = 0; ptn_drive_busy(d); steps++) {
		ptn_time wake;

		ck_assert_msg(steps < 200000, "seed runs for ever");
		ptn_drive_step(d, w->now, 0);
		wake = ptn_drive_wake(d);
		/* Octets come by themselves, so the clock goes on in small steps, faster when idle.
		 */
		w->now += 1 + roll(w, 20);
		if (roll(w, 4) == 0 && wake != PTN_NEVER && wake > w->now && wake - w->now > 2000)
			w->now += roll(w, (unsigned)(wake - w->now) / 4);
	}
}

/* What must be true of a mail, from what the server saw. */
static void judge(struct world *w, postern_mail *m, int i, unsigned long long seed)
{
	int outcome = postern_mail_outcome(m);
	int accepted = outcome == POSTERN_ACCEPTED || outcome == POSTERN_PARTIAL;

	ck_assert_msg(outcome != POSTERN_PENDING, "seed %llu mail %d: pending", seed, i);
	ck_assert_msg(w->mail[i].begun <= 1, "seed %llu mail %d: sent twice", seed, i);
	ck_assert_msg(w->mail[i].terminated <= 1, "seed %llu mail %d: ended twice", seed, i);
	if (getenv("POSTERN_SAY"))
		printf("seed %llu mail %d: %s %s %s\n", seed, i, postern_outcome_name(outcome),
		       postern_mail_error_id(m), postern_mail_error(m));
	ck_assert_msg(accepted == (w->mail[i].answered == 2),
		      "seed %llu mail %d: outcome %s, answered %d", seed, i,
		      postern_outcome_name(outcome), w->mail[i].answered);
	if (outcome == POSTERN_IN_DOUBT)
		ck_assert_msg(w->mail[i].terminated && w->mail[i].answered <= 0,
			      "seed %llu mail %d: in doubt for nothing", seed, i);
	else
		ck_assert_msg(!w->mail[i].terminated || w->mail[i].answered > 0,
			      "seed %llu mail %d: %s, though the dot came and no answer was read",
			      seed, i, postern_outcome_name(outcome));
	if (accepted || outcome == POSTERN_PENDING)
		return;
	ck_assert_msg(*postern_mail_error(m), "seed %llu mail %d: %s (%s) without words", seed, i,
		      postern_outcome_name(outcome), postern_mail_error_id(m));
	ck_assert_int_lt(postern_mail_code(m), 0);
}

static void live(unsigned long long seed, int hostility, size_t ports, const int *moods,
		 int outcomes[6])
{
	static struct world w;
	struct ptn_settings set = {.host = (char *)"fake.test", .n_ports = ports};
	struct ptn_drive d;
	postern_mail *m[MAILS];

	memset(&w, 0, sizeof(w));
	w.seed = seed * 2654435761u + 1;
	w.now = 1000;
	w.hostility = hostility;
	w.pipelining = (int)roll(&w, 2);
	for (size_t i = 0; i < ports; i++) {
		set.ports[i] = (struct ptn_candidate){
			.port = (int)i, .mode = i % 2 ? PTN_MODE_IMPLICIT : PTN_MODE_STARTTLS};
		w.moods[i] = moods[i];
	}
	for (int i = 0; i < PTN_LIMITS; i++)
		set.limits[i] = 20000;
	set.limits[POSTERN_LIMIT_OVERALL] = 0;
	set.limits[POSTERN_LIMIT_ATTEMPT] = 250;
	ptn_drive_init(&d, &set, &fake, &w);
	make_mails(&w, m);
	for (int i = 0; i < MAILS; i++)
		ptn_drive_submit(&d, m[i]);
	run(&d, &w);
	for (int i = 0; i < MAILS; i++) {
		judge(&w, m[i], i, seed);
		outcomes[postern_mail_outcome(m[i])]++;
	}
	ptn_drive_free(&d);
	for (int i = 0; i < w.n; i++)
		ck_assert_msg(!w.c[i].used, "seed %llu: a connection stayed open", seed);
	for (int i = 0; i < MAILS; i++)
		postern_mail_free(m[i]);
}

static unsigned long long seeds(void)
{
	const char *n = getenv("POSTERN_SEEDS");

	return n ? strtoull(n, NULL, 10) : 2000;
}

START_TEST(a_good_server_gets_everything)
{
	static const int good[] = {MOOD_GOOD};

	for (unsigned long long seed = 1; seed <= 200; seed++) {
		int outcomes[6] = {0};

		live(seed, 0, 1, good, outcomes);
		ck_assert_int_eq(outcomes[POSTERN_ACCEPTED], MAILS);
	}
}
END_TEST

START_TEST(hostile_servers_change_no_truth)
{
	static const int good[] = {MOOD_GOOD, MOOD_GOOD, MOOD_GOOD};
	int outcomes[6] = {0};

	for (unsigned long long seed = 1; seed <= seeds(); seed++)
		live(seed, 1, 1 + seed % 3, good, outcomes);
	/* A campaign in which an outcome never came up has shown nothing about it. */
	for (int i = POSTERN_ACCEPTED; i <= POSTERN_IN_DOUBT; i++)
		ck_assert_msg(outcomes[i] > 0, "no seed ended %s", postern_outcome_name(i));
}
END_TEST

START_TEST(bad_ports_cost_no_mail)
{
	static const int bad[] = {MOOD_REFUSED, MOOD_DROPPED, MOOD_SILENT, MOOD_BLUNT};

	for (int a = 0; a < 4; a++) {
		for (int b = 0; b < 4; b++) {
			int moods[3] = {bad[a], bad[b], MOOD_GOOD};

			for (unsigned long long seed = 1; seed <= 10; seed++) {
				int outcomes[6] = {0};

				live(seed, 0, 3, moods, outcomes);
				ck_assert_int_eq(outcomes[POSTERN_ACCEPTED], MAILS);
			}
		}
	}
}
END_TEST

START_TEST(no_port_at_all)
{
	static const int bad[] = {MOOD_REFUSED, MOOD_DROPPED, MOOD_SILENT, MOOD_BLUNT};

	for (int a = 0; a < 4; a++) {
		int moods[2] = {bad[a], MOOD_DROPPED}, outcomes[6] = {0};

		live((unsigned)a + 1, 0, 2, moods, outcomes);
		ck_assert_int_eq(outcomes[a == 3 ? POSTERN_PERMANENT : POSTERN_TRANSIENT], MAILS);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "worlds");

	tcase_add_test(t, a_good_server_gets_everything);
	tcase_add_test(t, hostile_servers_change_no_truth);
	tcase_add_test(t, bad_ports_cost_no_mail);
	tcase_add_test(t, no_port_at_all);
}
