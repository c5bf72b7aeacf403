/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "dial.h"

enum { CHUNK = 4096 };

static void put_family_first(struct ptn_dial *d, int family)
{
	size_t i = 0, found;

	while (i < d->n && d->way.list[d->order[i]].family != family)
		i++;
	if (i == d->n)
		return;
	found = d->order[i];
	memmove(d->order + 1, d->order, i * sizeof *d->order);
	d->order[0] = found;
}

/* Where the caller named an address of ours, only what can be reached from it is tried. */
static const struct ptn_address *source_for(const struct ptn_dial *d, int family)
{
	for (size_t i = 0; d->way.source && i < 2; i++)
		if (d->way.source[i].family == family)
			return &d->way.source[i];
	return NULL;
}

static int has_source(const struct ptn_dial *d)
{
	return d->way.source && (d->way.source[0].family || d->way.source[1].family);
}

void ptn_dial_start(struct ptn_dial *d, const struct ptn_net *net, void *ctx,
		    const struct ptn_dial_way *way, ptn_time now)
{
	int families[PTN_NET_ADDRESSES];
	size_t usable[PTN_NET_ADDRESSES], order[PTN_NET_ADDRESSES];

	*d = (struct ptn_dial){.net = net,
			       .ctx = ctx,
			       .way = *way,
			       .handle = -1,
			       .until = PTN_NEVER,
			       .begun = now,
			       .next_at = now};
	for (size_t i = 0; i < way->n; i++) {
		d->tries[i].handle = -1;
		if (has_source(d) && !source_for(d, way->list[i].family))
			continue;
		families[d->n] = way->list[i].family;
		usable[d->n++] = i;
	}
	ptn_route_interleave(families, d->n, order);
	for (size_t i = 0; i < d->n; i++)
		d->order[i] = usable[order[i]];
	if (way->family)
		put_family_first(d, way->family);
	if (way->n && !d->n) {
		d->fault = PTN_FAULT_SOURCE_UNUSABLE;
		d->detail = "the server has no address of its kind";
	}
}

static int fault_of(int err)
{
	switch (-err) {
	case ECONNREFUSED:
	case ECONNRESET:
	case ENOENT: /* of a Unix socket */
		return PTN_FAULT_CONNECT_REFUSED;
	case ETIMEDOUT:
	case EAGAIN: /* of a Unix socket whose service does not keep up */
		return PTN_FAULT_CONNECT_TIMEOUT;
	case EACCES:
	case EPERM:
		return PTN_FAULT_CONNECT_FORBIDDEN;
	case EMFILE:
	case ENFILE:
	case ENOBUFS:
		return PTN_FAULT_SYSTEM;
	case ENOMEM:
		return PTN_FAULT_NO_MEMORY;
	default:
		return PTN_FAULT_CONNECT_UNREACHABLE;
	}
}

static void drop(struct ptn_dial *d, size_t i)
{
	if (d->tries[i].handle >= 0)
		d->net->close(d->ctx, d->tries[i].handle);
	d->tries[i].handle = -1;
}

/* Of several addresses' faults the highest is told: one that was there but closed says more than
 * one behind a firewall, and that more than a family that this machine has no route for. */
static int telling(int fault)
{
	switch (fault) {
	case PTN_FAULT_NONE:
		return 0;
	case PTN_FAULT_CONNECT_UNREACHABLE:
		return 1;
	case PTN_FAULT_SOURCE_UNUSABLE:
		return 2;
	case PTN_FAULT_CONNECT_TIMEOUT:
		return 3;
	case PTN_FAULT_CONNECT_FORBIDDEN:
		return 4;
	case PTN_FAULT_CONNECT_REFUSED:
		return 5;
	default:
		return 6;
	}
}

/* The next address at once: nobody waits for one that failed. */
static void failed(struct ptn_dial *d, size_t i, int fault, ptn_time now)
{
	drop(d, i);
	if (telling(fault) > telling(d->fault)) {
		d->fault = fault;
		d->told = i + 1;
	}
	d->next_at = now;
}

/* A local service that is busy takes no connection, and tells nobody when it does again. */
static int is_busy(const struct ptn_dial *d, int err, ptn_time now)
{
	return err == -EAGAIN && (!d->way.limit || now - d->begun < d->way.limit);
}

static void open_due(struct ptn_dial *d, ptn_time now)
{
	while (d->next < d->n && now >= d->next_at) {
		size_t i = d->next++;
		const struct ptn_address *to = &d->way.list[d->order[i]];
		const struct ptn_address *from = source_for(d, to->family);
		int handle = d->net->open(d->ctx, to,
					  d->way.proxy ? d->way.proxy->port : d->way.port, from);

		if (is_busy(d, handle, now)) {
			d->next = i;
			d->next_at = now + d->way.delay;
		} else if (handle < 0) {
			failed(d, i,
			       from && handle == -EADDRNOTAVAIL ? PTN_FAULT_SOURCE_UNUSABLE
								: fault_of(handle),
			       now);
		} else {
			d->tries[i].handle = handle;
			d->tries[i].started = now;
			d->next_at = now + d->way.delay;
			d->net->watch(d->ctx, handle, PTN_NET_WRITE);
		}
	}
}

static int is_over(const struct ptn_dial *d)
{
	for (size_t i = 0; i < d->next; i++)
		if (d->tries[i].handle >= 0)
			return 0;
	return d->next == d->n;
}

static void drop_tries(struct ptn_dial *d)
{
	for (size_t i = 0; i < d->next; i++)
		drop(d, i);
}

static void take(struct ptn_dial *d, size_t i, int *handle)
{
	*handle = d->tries[i].handle;
	d->until = d->way.limit ? d->tries[i].started + d->way.limit : PTN_NEVER;
	d->tries[i].handle = -1;
	d->won = i + 1;
	drop_tries(d);
}

/* One connection, as ptn_dial_step(). */
static int step_connect(struct ptn_dial *d, ptn_time now, int *handle)
{
	for (size_t before = d->next + 1; before != d->next;) {
		before = d->next;
		open_due(d, now);
		for (size_t i = 0; i < d->next; i++) {
			int err = d->tries[i].handle < 0
					  ? -EINPROGRESS
					  : d->net->connected(d->ctx, d->tries[i].handle);

			if (!err) {
				take(d, i, handle);
				return 1;
			}
			if (err != -EINPROGRESS)
				failed(d, i, fault_of(err), now);
			else if (d->tries[i].handle >= 0 && d->way.limit &&
				 now - d->tries[i].started >= d->way.limit)
				failed(d, i, PTN_FAULT_CONNECT_TIMEOUT, now);
		}
		if (d->next < d->n && now >= d->next_at)
			before = d->n + 1; /* an address failed just now: the next at once */
	}
	return is_over(d) ? -1 : 0;
}

/* ---- The tunnel. ---- */

/* What is wrong with the proxy is so for every host and port behind it. */
static int proxy_failed(struct ptn_dial *d)
{
	switch (d->fault) {
	case PTN_FAULT_CONNECT_REFUSED:
		d->detail = "refused the connection";
		break;
	case PTN_FAULT_CONNECT_TIMEOUT:
		d->detail = "did not answer in time";
		break;
	case PTN_FAULT_CONNECT_FORBIDDEN:
		d->detail = "may not be connected to from this machine";
		break;
	case PTN_FAULT_CONNECT_UNREACHABLE:
		d->detail = "cannot be reached from here";
		break;
	default:
		return -1;
	}
	d->fault = PTN_FAULT_PROXY_UNREACHABLE;
	return -1;
}

static int tunnel_failed(struct ptn_dial *d, int fault, const char *detail)
{
	if (d->handle >= 0)
		d->net->close(d->ctx, d->handle);
	d->handle = -1;
	d->fault = fault;
	d->detail = detail;
	return -1;
}

static int tunnel_late(struct ptn_dial *d)
{
	if (ptn_proxy_asked(d->tunnel))
		return tunnel_failed(d, PTN_FAULT_PROXY_REFUSED, "it did not answer in time");
	return tunnel_failed(d, PTN_FAULT_PROXY_UNREACHABLE, "did not answer in time");
}

static void send_some(struct ptn_dial *d)
{
	const char *out;
	size_t n;
	ptrdiff_t put;

	while ((n = ptn_proxy_out(d->tunnel, &out)) > 0) {
		put = d->net->write(d->ctx, d->handle, out, n);
		if (put <= 0)
			return; /* a connection that is gone shows when it is read */
		ptn_proxy_wrote(d->tunnel, (size_t)put);
	}
}

/* What the proxy says, and what the server says right behind it.  1 while there was something. */
static int hear_some(struct ptn_dial *d)
{
	char in[CHUNK];
	ptrdiff_t n = d->net->read(d->ctx, d->handle, in, sizeof in);
	size_t used;

	if (n == -EAGAIN)
		return 0;
	if (n <= 0) {
		ptn_proxy_ended(d->tunnel);
		return 1;
	}
	used = ptn_proxy_feed(d->tunnel, in, (size_t)n);
	if (ptn_proxy_stands(d->tunnel) && ptn_buf_add(&d->early, in + used, (size_t)n - used)) {
		tunnel_failed(d, PTN_FAULT_NO_MEMORY, NULL);
		return 0;
	}
	return 1;
}

static int step_tunnel(struct ptn_dial *d, ptn_time now, int *handle)
{
	const char *out;
	int heard = 1;

	while (heard && !ptn_proxy_fault(d->tunnel) && !ptn_proxy_stands(d->tunnel)) {
		send_some(d);
		heard = hear_some(d);
	}
	if (d->handle < 0)
		return -1;
	if (ptn_proxy_fault(d->tunnel))
		return tunnel_failed(d, ptn_proxy_fault(d->tunnel), ptn_proxy_detail(d->tunnel));
	if (ptn_proxy_stands(d->tunnel)) {
		*handle = d->handle;
		d->handle = -1;
		return 1;
	}
	if (now >= d->until)
		return tunnel_late(d);
	d->net->watch(d->ctx, d->handle,
		      PTN_NET_READ | (ptn_proxy_out(d->tunnel, &out) ? PTN_NET_WRITE : 0));
	return 0;
}

int ptn_dial_step(struct ptn_dial *d, ptn_time now, int *handle)
{
	int state;

	if (d->tunnel)
		return d->handle < 0 ? -1 : step_tunnel(d, now, handle);
	if (!d->way.proxy)
		return step_connect(d, now, handle);
	state = step_connect(d, now, &d->handle);
	if (!state)
		return 0;
	if (state < 0)
		return proxy_failed(d);
	d->tunnel = ptn_proxy_new(d->way.proxy, d->way.host, d->way.port);
	if (!d->tunnel)
		return tunnel_failed(d, PTN_FAULT_NO_MEMORY, NULL);
	return step_tunnel(d, now, handle);
}

ptn_time ptn_dial_wake(const struct ptn_dial *d)
{
	ptn_time wake = d->next < d->n ? d->next_at : PTN_NEVER, limit = d->way.limit;

	if (d->tunnel)
		return d->until;
	for (size_t i = 0; limit && i < d->next; i++)
		if (d->tries[i].handle >= 0 && d->tries[i].started + limit < wake)
			wake = d->tries[i].started + limit;
	return wake;
}

void ptn_dial_close(struct ptn_dial *d)
{
	drop_tries(d);
	if (d->handle >= 0)
		d->net->close(d->ctx, d->handle);
	d->handle = -1;
	ptn_proxy_free(d->tunnel);
	d->tunnel = NULL;
	d->detail = NULL;
	ptn_buf_free(&d->early);
}

const struct ptn_address *ptn_dial_address(const struct ptn_dial *d)
{
	size_t i = d->won                  ? d->won - 1
		   : d->told && is_over(d) ? d->told - 1
		   : d->next               ? d->next - 1
					   : 0;

	return d->n ? &d->way.list[d->order[i]] : NULL;
}

const char *ptn_dial_why(const struct ptn_dial *d, char room[PTN_DIAL_WHY])
{
	const struct ptn_address *at = ptn_dial_address(d);
	char address[PTN_NET_TEXT] = "";

	if (d->fault != PTN_FAULT_PROXY_UNREACHABLE)
		return d->detail ? d->detail : "";
	if (at)
		ptn_net_print(at, address, sizeof address);
	snprintf(room, PTN_DIAL_WHY, "%s port %d (%s) %s", d->way.proxy->host, d->way.proxy->port,
		 address, d->detail);
	return room;
}
