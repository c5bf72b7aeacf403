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

static int fake_open(void *net, const struct ptn_address *to, int port,
		     const struct ptn_address *from)
{
	struct world *w = net;
	struct connection *c = &w->c[w->n];

	(void)to, (void)from;
	w->opened++;
	for (int i = 0; w->n == CONNECTIONS && i < w->n; i++)
		if (!w->c[i].used)
			c = &w->c[i];
	if (c == &w->c[CONNECTIONS])
		return -EMFILE;
	*c = (struct connection){.used = 1,
				 .port = port,
				 .mood = w->moods[port],
				 .mail = -1,
				 .up_at = w->now + 1 + world_roll(w, 80)};
	if (c->mood == MOOD_REFUSED && world_roll(w, 2))
		return -ECONNREFUSED;
	w->n += c == &w->c[w->n];
	return (int)(c - w->c);
}

static void greet(struct world *w, struct connection *c)
{
	int n = 0;

	for (int i = 0; i < w->n; i++)
		n += w->c[i].used && w->c[i].serves && !w->c[i].closing;
	if (w->serves_most && n >= w->serves_most) {
		world_say(w, c, "421 4.7.0 too many connections\r\n");
		c->closing = 1;
		return;
	}
	c->serves = world_answer(w, c, "220 fake ESMTP\r\n") == 2;
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
		greet(w, c);
	else if (!c->tail && c->mood == MOOD_BLUNT)
		world_say(w, c, "554 5.7.1 go away\r\n");
	return 0;
}

static ptrdiff_t fake_read(void *net, int handle, char *buf, size_t cap)
{
	struct world *w = net;
	struct connection *c = &w->c[handle];
	size_t n = 0, most = 1 + world_roll(w, 40);

	must(c->used);
	while (n < cap && n < most && c->head < c->tail && c->ready[c->head % OUT] <= w->now)
		buf[n++] = c->out[c->head++ % OUT];
	world_read(c);
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
	while (n < len && n < most && !c->closing)
		world_take(w, c, buf[n++]);
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
