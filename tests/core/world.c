/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "world.h"

void world_begin(struct world *w, unsigned long long seed, int hostility)
{
	memset(w, 0, sizeof(*w));
	w->seed = seed * 2654435761u + 1;
	w->now = 1000;
	w->hostility = hostility;
	w->pipelining = (int)world_roll(w, 2);
}

int world_open(const struct world *w)
{
	int n = 0;

	for (int i = 0; i < w->n; i++)
		n += w->c[i].used;
	return n;
}

unsigned world_roll(struct world *w, unsigned n)
{
	w->seed = w->seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(w->seed >> 33) % n;
}

static int odds(struct world *w, unsigned percent)
{
	return w->hostility && world_roll(w, 100) < percent;
}

static void say(struct world *w, struct connection *c, const char *text)
{
	ptn_time at = w->now + world_roll(w, 50);

	for (; *text && c->tail < OUT; text++) {
		if (world_roll(w, 12) == 0)
			at += world_roll(w, 30);
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

		snprintf(half, sizeof(half), "%.*s", (int)world_roll(w, (unsigned)strlen(good)),
			 good);
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
	i = world_roll(w, 5);
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
		static const char *const offers[2][2] = {
			{"250-fake\r\n250 STARTTLS\r\n",
			 "250-fake\r\n250-STARTTLS\r\n250 PIPELINING\r\n"},
			{"250-fake\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n",
			 "250-fake\r\n250-AUTH PLAIN\r\n250-STARTTLS\r\n250 PIPELINING\r\n"},
		};

		answer(w, c, offers[w->auth != 0][w->pipelining != 0]);
	} else if (!strcmp(c->line, "STARTTLS")) {
		answer(w, c, "220 go\r\n");
	} else if (w->auth && !strncmp(c->line, "AUTH PLAIN ", 11)) {
		answer(w, c, "235 2.7.0 welcome\r\n");
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
	struct world *w = net;

	(void)host, (void)milliseconds;
	must(w->resolving == 0); /* one look-up at a time */
	w->resolving = !w->name_refused;
	return w->name_refused;
}

/* 127.0.0.1 and ::1, or addresses for documentation. */
static struct ptn_address address(int family, int abroad)
{
	struct ptn_address a = {.family = family, .octets = {127, 0, 0, 1}};

	if (family == 6) {
		memset(a.octets, 0, 16);
		a.octets[15] = 1;
	}
	if (abroad)
		memcpy(a.octets, family == 6 ? "\x20\x01\x0D\xB8" : "\xC0\x00\x02\x01", 4);
	return a;
}

static int fake_resolved(void *net, struct ptn_address list[PTN_NET_ADDRESSES], size_t *n)
{
	struct world *w = net;

	must(w->resolving == 1);
	if (w->now < w->name_at)
		return 0;
	w->resolving = 0;
	if (w->name_error)
		return w->name_error;
	*n = 1 + world_roll(w, 3);
	for (size_t i = 0; i < *n; i++)
		list[i] = address(i % 2 ? 6 : 4, w->abroad || (w->one_abroad && i + 1 == *n));
	return 1;
}

static void fake_stop(void *net)
{
	struct world *w = net;

	w->resolving = 0;
}

static int fake_open(void *net, const struct ptn_address *to, int port)
{
	struct world *w = net;
	struct connection *c = &w->c[w->n];

	(void)to;
	w->opened++;
	if (w->n == CONNECTIONS)
		return -EMFILE;
	*c = (struct connection){.used = 1,
				 .port = port,
				 .mood = w->moods[port],
				 .mail = -1,
				 .up_at = w->now + 1 + world_roll(w, 80)};
	if (c->mood == MOOD_REFUSED && world_roll(w, 2))
		return -ECONNREFUSED;
	return w->n++;
}

static int fake_connected(void *net, int handle)
{
	struct world *w = net;
	struct connection *c = &w->c[handle];

	must(c->used);
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
	size_t n = 0, most = 1 + world_roll(w, 40);

	must(c->used);
	while (n < cap && n < most && c->head < c->tail && c->ready[c->head] <= w->now)
		buf[n++] = c->out[c->head++];
	read_up_to(w, c);
	if (n)
		return (ptrdiff_t)n;
	if (c->closing && c->head == c->tail) {
		return world_roll(w, 2) ? 0 : -ECONNRESET;
	}
	return -EAGAIN;
}

static ptrdiff_t fake_write(void *net, int handle, const char *buf, size_t len)
{
	struct world *w = net;
	struct connection *c = &w->c[handle];
	size_t n = 0, most = 1 + world_roll(w, 200);

	must(c->used);
	if (c->closing)
		return -EPIPE;
	if (world_roll(w, 8) == 0)
		return -EAGAIN;
	for (; n < len && n < most; n++) {
		must(c->n < LINE - 1);
		c->line[c->n++] = buf[n];
		if (buf[n] != '\n')
			continue;
		must(c->n >= 2 && c->line[c->n - 2] == '\r');
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

	must(w->c[handle].used);
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

const struct ptn_net world_net = {
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
