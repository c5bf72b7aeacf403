/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/fault.h"
#include "dial.h"

static void put_family_first(struct ptn_dial *d, int family)
{
	size_t i = 0, found;

	while (i < d->n && d->list[d->order[i]].family != family)
		i++;
	if (i == d->n)
		return;
	found = d->order[i];
	memmove(d->order + 1, d->order, i * sizeof *d->order);
	d->order[0] = found;
}

void ptn_dial_start(struct ptn_dial *d, const struct ptn_net *net, void *ctx,
		    const struct ptn_address *list, size_t n, int family, int port, ptn_time delay,
		    ptn_time limit, ptn_time now)
{
	int families[PTN_NET_ADDRESSES];

	*d = (struct ptn_dial){.net = net,
			       .ctx = ctx,
			       .list = list,
			       .n = n,
			       .port = port,
			       .delay = delay,
			       .limit = limit,
			       .next_at = now};
	for (size_t i = 0; i < n; i++) {
		families[i] = list[i].family;
		d->tries[i].handle = -1;
	}
	ptn_route_interleave(families, n, d->order);
	if (family)
		put_family_first(d, family);
}

static int fault_of(int err)
{
	switch (-err) {
	case ECONNREFUSED:
	case ECONNRESET:
		return PTN_FAULT_CONNECT_REFUSED;
	case ETIMEDOUT:
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
	case PTN_FAULT_CONNECT_TIMEOUT:
		return 2;
	case PTN_FAULT_CONNECT_FORBIDDEN:
		return 3;
	case PTN_FAULT_CONNECT_REFUSED:
		return 4;
	default:
		return 5;
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

static void open_due(struct ptn_dial *d, ptn_time now)
{
	while (d->next < d->n && now >= d->next_at) {
		size_t i = d->next++;
		int handle = d->net->open(d->ctx, &d->list[d->order[i]], d->port);

		if (handle < 0) {
			failed(d, i, fault_of(handle), now);
			continue;
		}
		d->tries[i].handle = handle;
		d->tries[i].started = now;
		d->next_at = now + d->delay;
		d->net->watch(d->ctx, handle, PTN_NET_WRITE);
	}
}

static int is_over(const struct ptn_dial *d)
{
	for (size_t i = 0; i < d->next; i++)
		if (d->tries[i].handle >= 0)
			return 0;
	return d->next == d->n;
}

int ptn_dial_step(struct ptn_dial *d, ptn_time now, int *handle)
{
	for (size_t before = d->next + 1; before != d->next;) {
		before = d->next;
		open_due(d, now);
		for (size_t i = 0; i < d->next; i++) {
			int err = d->tries[i].handle < 0
					  ? -EINPROGRESS
					  : d->net->connected(d->ctx, d->tries[i].handle);

			if (!err) {
				*handle = d->tries[i].handle;
				d->tries[i].handle = -1;
				d->won = i + 1;
				ptn_dial_close(d);
				return 1;
			}
			if (err != -EINPROGRESS)
				failed(d, i, fault_of(err), now);
			else if (d->tries[i].handle >= 0 && d->limit &&
				 now - d->tries[i].started >= d->limit)
				failed(d, i, PTN_FAULT_CONNECT_TIMEOUT, now);
		}
		if (d->next < d->n && now >= d->next_at)
			before = d->n + 1; /* an address failed just now: the next at once */
	}
	return is_over(d) ? -1 : 0;
}

ptn_time ptn_dial_wake(const struct ptn_dial *d)
{
	ptn_time wake = d->next < d->n ? d->next_at : PTN_NEVER;

	for (size_t i = 0; d->limit && i < d->next; i++)
		if (d->tries[i].handle >= 0 && d->tries[i].started + d->limit < wake)
			wake = d->tries[i].started + d->limit;
	return wake;
}

void ptn_dial_close(struct ptn_dial *d)
{
	for (size_t i = 0; i < d->next; i++)
		drop(d, i);
}

const struct ptn_address *ptn_dial_address(const struct ptn_dial *d)
{
	size_t i = d->won                  ? d->won - 1
		   : d->told && is_over(d) ? d->told - 1
		   : d->next               ? d->next - 1
					   : 0;

	return d->n ? &d->list[d->order[i]] : NULL;
}
