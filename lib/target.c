/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "postern.h"
#include "target.h"

/* The next number of a sequence (splitmix64): to spread load, and not to keep a secret. */
static unsigned long long next_random(unsigned long long *state)
{
	unsigned long long z = *state += 0x9E3779B97F4A7C15ULL;

	z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9ULL;
	z = (z ^ z >> 27) * 0x94D049BB133111EBULL;
	return z ^ z >> 31;
}

static int is_before(const struct ptn_offer *a, const struct ptn_offer *b)
{
	if (a->service.priority != b->service.priority)
		return a->service.priority < b->service.priority;
	return ptn_route_rank(a->mode) > ptn_route_rank(b->mode);
}

static void swap(struct ptn_offer *a, struct ptn_offer *b)
{
	struct ptn_offer kept = *a;

	*a = *b;
	*b = kept;
}

/* Insertion, as there are a few dozen at most. */
static void sort(struct ptn_offer *all, size_t n)
{
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k && is_before(&all[k], &all[k - 1]); k--)
			swap(&all[k], &all[k - 1]);
}

/* Equals in all but weight: each place is drawn among those left.  A weight of 0 is a very small
 * chance (RFC 2782): here 1 to their 64 times the weight, or an equal one among themselves. */
static void draw(struct ptn_offer *all, size_t n, unsigned long long *random)
{
	for (size_t place = 0; place + 1 < n; place++) {
		unsigned long long sum = 0, at;
		size_t i = place;

		for (size_t k = place; k < n; k++)
			sum += all[k].service.weight ? 64ULL * (unsigned)all[k].service.weight : 1;
		at = next_random(random) % sum;
		for (;; i++) {
			unsigned long long w =
				all[i].service.weight ? 64ULL * (unsigned)all[i].service.weight : 1;

			if (at < w)
				break;
			at -= w;
		}
		swap(&all[place], &all[i]);
	}
}

static int is_known(const struct ptn_target *out, size_t n, const struct ptn_offer *o)
{
	for (size_t i = 0; i < n; i++)
		if (out[i].port == o->service.port && out[i].mode == o->mode &&
		    ptn_text_equal(out[i].host, o->service.target))
			return 1;
	return 0;
}

size_t ptn_target_order(struct ptn_target out[PTN_ROUTE_MOST], struct ptn_offer *all, size_t n,
			unsigned long long random)
{
	size_t count = 0, same;

	sort(all, n);
	for (size_t i = 0; i < n; i += same) {
		for (same = 1; i + same < n && !is_before(&all[i], &all[i + same]);)
			same++;
		draw(all + i, same, &random);
	}
	for (size_t i = 0; i < n && count < PTN_ROUTE_MOST; i++) {
		if (!*all[i].service.target || is_known(out, count, &all[i]))
			continue;
		out[count] = (struct ptn_target){.port = all[i].service.port,
						 .mode = all[i].mode,
						 .vouched = all[i].vouched};
		memcpy(out[count++].host, all[i].service.target, sizeof out->host);
	}
	return count;
}

int ptn_target_is_below(const char *host, const char *domain)
{
	size_t n = strlen(host), len = strlen(domain);

	if (n < len || !len || !ptn_text_same(host + n - len, len, domain, len))
		return 0;
	return n == len || host[n - len - 1] == '.';
}

/* Data that do not fit into a record stand behind all of them. */
static void keep_one(struct ptn_tlsa *to, const struct ptn_association *from, unsigned char **room)
{
	*to = (struct ptn_tlsa){.usage = from->usage,
				.selector = from->selector,
				.matching = from->matching,
				.size = (unsigned short)from->size};
	if (from->size <= sizeof to->data) {
		memcpy(to->data, from->data, from->size);
		return;
	}
	to->more = *room;
	memcpy(*room, from->data, from->size);
	*room += from->size;
}

int ptn_target_keep(struct ptn_tlsa **to, const struct ptn_association *from, size_t n)
{
	size_t size = n * sizeof **to;
	unsigned char *room;

	*to = NULL;
	if (!n)
		return 0;
	for (size_t i = 0; i < n; i++)
		size += from[i].size;
	*to = ptn_mem_alloc(size);
	if (!*to)
		return POSTERN_E_NOMEM;
	room = (unsigned char *)(*to + n);
	for (size_t i = 0; i < n; i++)
		keep_one(*to + i, &from[i], &room);
	return 0;
}

int ptn_target_copy(struct ptn_tlsa **to, const struct ptn_tlsa *from, size_t n)
{
	struct ptn_association list[PTN_NET_ASSOCIATIONS];

	for (size_t i = 0; i < n; i++)
		list[i] = (struct ptn_association){from[i].usage, from[i].selector,
						   from[i].matching, from[i].size,
						   from[i].more ? from[i].more : from[i].data};
	return ptn_target_keep(to, list, n);
}
