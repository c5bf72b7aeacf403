/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/mem.h"
#include "tls/store.h"

struct ptn_tls_store *ptn_store_new(void)
{
	return ptn_mem_alloc(sizeof(struct ptn_tls_store));
}

void ptn_kept_free(struct ptn_kept *k)
{
	if (!k)
		return;
	ptn_buf_free(&k->session);
	ptn_mem_release(k, sizeof *k);
}

void ptn_store_forget(struct ptn_tls_store *s)
{
	while (s && s->first) {
		struct ptn_kept *k = s->first;

		s->first = k->next;
		ptn_kept_free(k);
	}
}

void ptn_store_free(struct ptn_tls_store *s)
{
	ptn_store_forget(s);
	ptn_mem_free(s);
}

size_t ptn_store_count(const struct ptn_tls_store *s)
{
	size_t n = 0;

	for (const struct ptn_kept *k = s ? s->first : NULL; k; k = k->next)
		n++;
	return n;
}

static int is_under(const struct ptn_kept *k, const unsigned char key[PTN_STORE_KEY])
{
	return !memcmp(k->key, key, PTN_STORE_KEY);
}

static void remove_at(struct ptn_kept **at)
{
	struct ptn_kept *k = *at;

	*at = k->next;
	ptn_kept_free(k);
}

/* The latest is the first, so what is over the bounds is the oldest. */
static void keep_bounds(struct ptn_tls_store *s)
{
	unsigned char key[PTN_STORE_KEY];
	struct ptn_kept **at = &s->first;
	size_t all = 0, each = 0;

	if (!*at)
		return;
	memcpy(key, (*at)->key, sizeof key);
	while (*at) {
		all++;
		each += (size_t)is_under(*at, key);
		if (all > PTN_STORE_ALL || (each > PTN_STORE_EACH && is_under(*at, key)))
			remove_at(at);
		else
			at = &(*at)->next;
	}
}

void ptn_store_add(struct ptn_tls_store *s, const unsigned char key[PTN_STORE_KEY],
		   const struct ptn_kept *facts, const void *session, size_t n)
{
	struct ptn_kept *k;

	if (!n || n > PTN_STORE_SESSION)
		return;
	k = ptn_mem_alloc(sizeof *k);
	if (!k || ptn_buf_add(&k->session, session, n)) {
		ptn_kept_free(k);
		return;
	}
	memcpy(k->key, key, PTN_STORE_KEY);
	k->until = facts->until;
	k->cap = facts->cap;
	k->old = facts->old;
	k->next = s->first;
	s->first = k;
	keep_bounds(s);
}

struct ptn_kept *ptn_store_take(struct ptn_tls_store *s, const unsigned char key[PTN_STORE_KEY],
				long long now)
{
	struct ptn_kept **at = &s->first, *k;

	while ((k = *at) != NULL) {
		if (k->until <= now) {
			remove_at(at);
		} else if (is_under(k, key)) {
			*at = k->next;
			k->next = NULL;
			return k;
		} else {
			at = &k->next;
		}
	}
	return NULL;
}

void ptn_store_drop(struct ptn_tls_store *s, const unsigned char key[PTN_STORE_KEY])
{
	struct ptn_kept **at = &s->first;

	while (*at)
		if (is_under(*at, key))
			remove_at(at);
		else
			at = &(*at)->next;
}
