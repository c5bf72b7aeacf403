/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "discover.h"

static const struct {
	const char *name;
	int mode;
} services[] = {
	{"_submissions._tcp.", PTN_MODE_IMPLICIT}, /* RFC 8314 7.3 */
	{"_submission._tcp.", PTN_MODE_STARTTLS}, /* RFC 6186 3.1 */
};

enum { SERVICES = sizeof services / sizeof *services };

void ptn_discover_begin(struct ptn_discover *d, ptn_time now, int limit, unsigned long long random)
{
	d->step = d->n = d->n_offers = 0;
	d->asking = d->denied = d->unanswered = d->no_memory = d->no_proxy = d->fault = 0;
	d->part = PTN_DISCOVER_ADDRESS;
	d->host = d->detail = NULL;
	d->limit = limit;
	d->end = limit ? now + limit : PTN_NEVER;
	d->random = random;
}

static struct ptn_target *target(struct ptn_discover *d)
{
	return &d->targets[d->step - SERVICES];
}

/* What was not found is not there, for ever; the rest may be better next time. */
static void note(struct ptn_discover *d, int result)
{
	d->unanswered |= result != 1 && result != -ENOENT && result != -ENOMEM;
	d->no_memory |= result == -ENOMEM;
}

/* What is asked for a target: whom it is reached by, whether it may be trusted to have no other
 * address, and its keys. */
static int ask_of_target(struct ptn_discover *d, int limit)
{
	const struct ptn_target *t = target(d);
	char name[32 + sizeof t->host];

	switch (d->part) {
	case PTN_DISCOVER_ADDRESS:
		return d->net->resolve(d->ctx, d->proxy ? d->proxy : t->host, limit);
	case PTN_DISCOVER_TRUST:
		return d->net->find(d->ctx, PTN_FIND_VOUCHED_ADDRESS, t->host, limit);
	default: /* RFC 6698 3 */
		snprintf(name, sizeof name, "_%d._tcp.%s", t->port, t->host);
		return d->net->find(d->ctx, PTN_FIND_ASSOCIATIONS, name, limit);
	}
}

/* Each look-up may take a quarter of the time: one silent name server does not use up all. */
static int ask(struct ptn_discover *d, ptn_time now)
{
	char name[32 + 254];
	size_t n = 0, len = strlen(d->domain);
	int limit = d->limit > 4 ? d->limit / 4 : d->limit;

	if (now >= d->end)
		return -EAGAIN;
	if (limit > d->end - now)
		limit = (int)(d->end - now);
	d->until = limit ? now + limit : PTN_NEVER;
	if (d->step >= SERVICES)
		return ask_of_target(d, limit);
	n = strlen(services[d->step].name);
	if (n + len > 253)
		return -ENOENT;
	memcpy(name, services[d->step].name, n);
	memcpy(name + n, d->domain, len + 1);
	return d->net->find(d->ctx, d->dane ? PTN_FIND_VOUCHED_SERVICES : PTN_FIND_SERVICES, name,
			    limit);
}

static int take_services(struct ptn_discover *d)
{
	struct ptn_service list[PTN_NET_SERVICES];
	size_t n = 0;
	int result = d->net->found(d->ctx, list, &n);

	for (size_t i = 0; result == 1 && i < n; i++) {
		d->denied |= !*list[i].target;
		d->offers[d->n_offers++] =
			(struct ptn_offer){.service = list[i],
					   .mode = services[d->step].mode,
					   .vouched = d->dane && d->net->vouched(d->ctx)};
	}
	return result;
}

/* The same host may stand behind several ports: it is asked for once; the proxy is the same for
 * all.
 */
static int take_known(struct ptn_discover *d)
{
	struct ptn_target *t = target(d);

	if (d->part != PTN_DISCOVER_ADDRESS)
		return 0;
	for (struct ptn_target *k = d->targets; k < t; k++) {
		int same = ptn_text_equal(k->host, t->host);

		if (!same && !d->proxy)
			continue;
		memcpy(t->addresses, k->addresses, sizeof t->addresses);
		t->n_addresses = k->n_addresses;
		t->addresses_vouched = same && k->addresses_vouched;
		return 1;
	}
	return 0;
}

/* Only keys that are vouched for say anything. */
static int take_keys(struct ptn_discover *d, int result)
{
	struct ptn_target *t = target(d);
	const struct ptn_association *list;
	size_t n = 0;

	if (result != 1 || !d->net->vouched(d->ctx))
		return result;
	list = d->net->associations(d->ctx, &n);
	if (ptn_target_keep(&t->tlsa, list, n))
		return -ENOMEM;
	t->n_tlsa = n;
	return 1;
}

static int take_answer(struct ptn_discover *d)
{
	struct ptn_service none[PTN_NET_SERVICES];
	size_t n;
	int result;

	if (d->step < SERVICES)
		return take_services(d);
	if (d->part == PTN_DISCOVER_ADDRESS)
		return d->net->resolved(d->ctx, target(d)->addresses, &target(d)->n_addresses);
	result = d->net->found(d->ctx, none, &n);
	if (result && d->part == PTN_DISCOVER_TRUST)
		target(d)->addresses_vouched =
			(result == 1 || result == -ENOENT) && d->net->vouched(d->ctx);
	return d->part == PTN_DISCOVER_KEYS ? take_keys(d, result) : result;
}

/* The records are all there. */
static void choose(struct ptn_discover *d)
{
	d->n = ptn_target_order(d->targets, d->offers, d->n_offers, d->random);
	for (size_t i = 0; i < d->n; i++) {
		struct ptn_target *t = &d->targets[i];

		t->own_name = t->vouched || ptn_target_is_below(t->host, d->domain) ||
			      (d->confirmed && ptn_target_is_below(t->host, d->confirmed));
	}
}

static int fail(struct ptn_discover *d, int fault, const char *host, const char *detail)
{
	d->fault = d->no_memory ? PTN_FAULT_NO_MEMORY
		   : d->unanswered && fault != PTN_FAULT_PROXY_UNREACHABLE
			   ? PTN_FAULT_NAME_NO_ANSWER
			   : fault;
	d->host = host;
	d->detail = detail;
	return -1;
}

/* Targets without an address, or with keys that could not be had, are no candidates. */
static int finish(struct ptn_discover *d)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n; i++)
		if (d->targets[i].n_addresses && !d->targets[i].unusable) {
			if (n != i) {
				d->targets[n] = d->targets[i];
				d->targets[i].tlsa = NULL; /* moved */
			}
			n++;
		}
	if (!n && d->no_proxy)
		return fail(d, PTN_FAULT_PROXY_UNREACHABLE, d->targets[0].host,
			    "its address was not found");
	if (!n)
		return fail(d, PTN_FAULT_NAME_NOT_FOUND, d->targets[0].host, NULL);
	d->n = n;
	return 1;
}

/* Where the addresses are not vouched for, the keys are not either, and are not asked for: that
 * question fails more often than it is answered (RFC 7673 3.2). */
static enum ptn_discover_part next_part(const struct ptn_discover *d)
{
	const struct ptn_target *t = &d->targets[d->step - SERVICES];

	if (!d->dane || !t->vouched || !t->n_addresses || t->unusable)
		return PTN_DISCOVER_ADDRESS;
	if (d->part == PTN_DISCOVER_ADDRESS && !t->addresses_vouched)
		return PTN_DISCOVER_TRUST;
	return d->part != PTN_DISCOVER_KEYS && t->addresses_vouched ? PTN_DISCOVER_KEYS
								    : PTN_DISCOVER_ADDRESS;
}

/* A target is looked at.  One whose keys could not be had, be it by chance or because somebody
 * wants it so, must not be used (RFC 7673 3.3). */
static void note_target(struct ptn_discover *d, int result)
{
	if (d->part != PTN_DISCOVER_ADDRESS && result != 1 && result != -ENOENT)
		target(d)->unusable = 1;
	if (d->part == PTN_DISCOVER_ADDRESS && d->proxy && result != 1)
		d->no_proxy = 1;
	d->part = next_part(d);
	d->step += d->part == PTN_DISCOVER_ADDRESS;
}

/* The look-up at d->step is over, or was not needed: on to the next.  As take_answer(). */
static int go_on(struct ptn_discover *d, int result)
{
	note(d, result);
	d->asking = 0;
	if (d->step >= SERVICES) {
		note_target(d, result);
	} else if (++d->step == SERVICES) {
		choose(d);
		if (!d->n)
			return fail(d, PTN_FAULT_NAME_NO_SERVICE, d->domain,
				    d->denied ? "its DNS says that there is none"
					      : "its DNS has no SRV record for one");
	}
	return d->step == SERVICES + d->n ? finish(d) : 0;
}

/* The answer, if there is one by now. */
static int hear(struct ptn_discover *d, ptn_time now)
{
	int result = take_answer(d);

	if (!result && now >= d->until) {
		d->net->resolve_stop(d->ctx);
		result = -EAGAIN;
	}
	return result;
}

int ptn_discover_step(struct ptn_discover *d, ptn_time now)
{
	for (;;) {
		int result = 0, state;

		if (!d->asking && d->step >= SERVICES && take_known(d)) {
			result = 1;
		} else if (!d->asking) {
			result = ask(d, now);
			d->asking = !result;
		}
		if (d->asking)
			result = hear(d, now);
		if (!result)
			return 0;
		state = go_on(d, result);
		if (state)
			return state;
	}
}

ptn_time ptn_discover_wake(const struct ptn_discover *d)
{
	return d->asking ? d->until : PTN_NEVER;
}

void ptn_discover_stop(struct ptn_discover *d)
{
	if (d->asking)
		d->net->resolve_stop(d->ctx);
	d->asking = 0;
}

void ptn_discover_free(struct ptn_discover *d)
{
	for (size_t i = 0; d && i < PTN_ROUTE_MOST; i++)
		ptn_mem_free(d->targets[i].tlsa);
	ptn_mem_free(d);
}
