/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "learned.h"
#include "postern.h"

void ptn_learned_forget(struct ptn_learned *k)
{
	ptn_mem_wipe(&k->cache, sizeof(k->cache));
	ptn_mem_wipe(k->refused, sizeof(k->refused));
	ptn_buf_free(&k->refusal);
	k->has_refused = k->untold = k->again = 0;
}

void ptn_learned_free(struct ptn_learned *k)
{
	for (size_t i = 0; i < k->n; i++)
		ptn_mem_release_string(k->servers[i].host);
	ptn_mem_free(k->servers);
	ptn_learned_forget(k);
	*k = (struct ptn_learned){0};
}

/* ---- Servers. ---- */

static struct ptn_learned_server *find(const struct ptn_learned *k, const char *host, int port)
{
	for (size_t i = 0; i < k->n; i++)
		if (k->servers[i].port == port && ptn_text_equal(k->servers[i].host, host))
			return &k->servers[i];
	return NULL;
}

unsigned ptn_learned_offer(const struct ptn_learned *k, const char *host, int port)
{
	const struct ptn_learned_server *server = find(k, host, port);

	return server ? server->offer : 0;
}

static int add(struct ptn_learned *k, const char *host, int port, unsigned offer)
{
	struct ptn_learned_server *more;
	char *copy = ptn_mem_string(host);

	if (!copy)
		return POSTERN_E_NOMEM;
	more = ptn_mem_grow(k->servers, k->n * sizeof(*more), (k->n + 1) * sizeof(*more));
	if (!more) {
		ptn_mem_free(copy);
		return POSTERN_E_NOMEM;
	}
	k->servers = more;
	more[k->n++] = (struct ptn_learned_server){copy, port, offer};
	return 0;
}

int ptn_learned_set_offer(struct ptn_learned *k, const char *host, int port, unsigned offer)
{
	struct ptn_learned_server *server = find(k, host, port);

	if (server)
		server->offer = offer;
	else if (offer && k->n < PTN_LEARNED_MOST)
		return add(k, host, port, offer);
	return 0;
}

/* ---- Tokens. ---- */

int ptn_learned_is_refused(const struct ptn_learned *k, const char *token)
{
	unsigned char print[PTN_SASL_DIGEST];

	return k->has_refused && !ptn_sasl_fingerprint(token, print) &&
	       !memcmp(print, k->refused, sizeof(print));
}

void ptn_learned_refuse(struct ptn_learned *k, const char *token, const char *said)
{
	if (ptn_learned_is_refused(k, token))
		return;
	k->has_refused = !ptn_sasl_fingerprint(token, k->refused);
	k->untold = 1;
	ptn_buf_clear(&k->refusal);
	if (ptn_buf_add(&k->refusal, said, strlen(said) + 1)) /* without memory, less is told */
		ptn_buf_clear(&k->refusal);
}
