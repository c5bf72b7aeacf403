/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "sasl/choose.h"

enum { /* when a mechanism may be used */
       PLUS = 1, /* with channel binding only */
       NAMED = 2, /* only when the caller names it */
       NAMED_IN_CLEAR = 4, /* without TLS only when the caller names it */
       TLS_ONLY = 8
};

/* In the default order.  Strength: what somebody who poses as the server, or later breaks into it,
 * gets: 7, 6 nothing that can be passed on; 5 nothing of the password; 4, 3 something to guess at;
 * 2 the same, cheaply; 1 all of it.  CRAM-MD5 is last although it hides the password from a
 * listener: under TLS nobody listens, and it makes the server keep the password in clear. */
static const struct mechanism {
	const char *name;
	unsigned needs;
	int client_first, strength;
	unsigned when;
} known[] = {
	{"SCRAM-SHA-256-PLUS", PTN_SASL_PASSWORD, 1, 7, PLUS},
	{"SCRAM-SHA-1-PLUS", PTN_SASL_PASSWORD, 1, 6, PLUS},
	{"SCRAM-SHA-256", PTN_SASL_PASSWORD, 1, 4, 0},
	{"SCRAM-SHA-1", PTN_SASL_PASSWORD, 1, 3, 0},
	{"PLAIN", PTN_SASL_PASSWORD, 1, 1, 0},
	{"LOGIN", PTN_SASL_PASSWORD, 0, 1, 0},
	{"CRAM-MD5", PTN_SASL_PASSWORD, 0, 2, NAMED_IN_CLEAR},
	{"OAUTHBEARER", PTN_SASL_TOKEN, 1, 1, 0},
	{"XOAUTH2", PTN_SASL_TOKEN, 1, 1, 0},
	{"EXTERNAL", PTN_SASL_CERTIFICATE, 1, 7, NAMED | TLS_ONLY},
	{"GSSAPI", PTN_SASL_TICKET, 1, 5, NAMED},
	{"DIGEST-MD5", PTN_SASL_PASSWORD, 0, 2, NAMED},
	{"NTLM", PTN_SASL_PASSWORD, 1, 1, NAMED},
	{"ANONYMOUS", PTN_SASL_NOTHING, 1, 0, NAMED},
};

enum {
	KNOWN = sizeof known / sizeof known[0],
	PLUS_OF = 2 /* rows from SCRAM back to its -PLUS */
};

static int find(const char *s, size_t n)
{
	for (int i = 0; i < KNOWN; i++)
		if (ptn_text_same(known[i].name, strlen(known[i].name), s, n))
			return i;
	return -1;
}

static int find_name(const char *name)
{
	return name ? find(name, strlen(name)) : -1;
}

/* The known mechanisms of a list, as bits. */
static unsigned named_in(const char *list)
{
	unsigned bits = 0;
	const char *word;
	size_t n;

	while (list && (word = ptn_text_word(&list, &n))) {
		int i = find(word, n);

		if (i >= 0)
			bits |= 1u << i;
	}
	return bits;
}

static int may_use(const struct ptn_sasl_case *c, const struct mechanism *m)
{
	if (!(c->held & m->needs) || m->strength < c->least)
		return 0;
	if (m->when & PLUS ? !c->bindable : c->binding_required)
		return 0;
	if (!c->encrypted && m->when & (TLS_ONLY | (c->allowed ? 0u : NAMED_IN_CLEAR)))
		return 0;
	return c->allowed || !(m->when & NAMED);
}

/* Those that may be used at all, as bits. */
static unsigned usable(const struct ptn_sasl_case *c)
{
	unsigned bits = named_in(c->offered) & ~named_in(c->tried);

	if (c->allowed)
		bits &= named_in(c->allowed);
	for (int i = 0; i < KNOWN; i++)
		if (!may_use(c, &known[i]))
			bits &= ~(1u << i);
	return bits;
}

/* The caller's order, or ours. */
static int first_of(const char *allowed, unsigned bits)
{
	const char *word;
	size_t n;

	if (!allowed) {
		int i = 0;

		while (i < KNOWN && !(bits & 1u << i))
			i++;
		return i < KNOWN ? i : -1;
	}
	while ((word = ptn_text_word(&allowed, &n))) {
		int i = find(word, n);

		if (i >= 0 && bits & 1u << i)
			return i;
	}
	return -1;
}

const char *ptn_sasl_choose(const struct ptn_sasl_case *c)
{
	unsigned bits = usable(c);
	int i = first_of(c->allowed, bits);

	if (i >= PLUS_OF && known[i - PLUS_OF].when & PLUS && bits & 1u << (i - PLUS_OF))
		i -= PLUS_OF;
	return i < 0 ? NULL : known[i].name;
}

int ptn_sasl_why_none(const struct ptn_sasl_case *c)
{
	struct ptn_sasl_case unbound = *c;

	unbound.binding_required = 0;
	return c->binding_required && ptn_sasl_choose(&unbound) ? PTN_FAULT_AUTH_NO_BINDING
								: PTN_FAULT_AUTH_NO_MECHANISM;
}

unsigned ptn_sasl_offer(const char *offered, const char *allowed)
{
	unsigned bits = named_in(offered), offer = 0;

	if (allowed)
		bits &= named_in(allowed);
	for (int i = 0; i < 2 * PLUS_OF; i++) /* SCRAM's rows are the first */
		if (bits & 1u << i)
			offer |= known[i].when & PLUS ? PTN_SASL_OFFER_PLUS : PTN_SASL_OFFER_SCRAM;
	return offer;
}

const char *ptn_sasl_known(const char *s, size_t n)
{
	int i = s ? find(s, n) : -1;

	return i < 0 ? NULL : known[i].name;
}

int ptn_sasl_client_first(const char *mechanism)
{
	int i = find_name(mechanism);

	return i >= 0 && known[i].client_first;
}

unsigned ptn_sasl_needs(const char *mechanism)
{
	int i = find_name(mechanism);

	return i < 0 ? 0 : known[i].needs;
}

int ptn_sasl_strength(const char *mechanism)
{
	int i = find_name(mechanism);

	return i < 0 ? 0 : known[i].strength;
}

int ptn_sasl_without_secret(const char *list)
{
	unsigned bits = named_in(list);

	for (int i = 0; i < KNOWN; i++)
		if (bits & 1u << i && !(known[i].needs & (PTN_SASL_PASSWORD | PTN_SASL_TOKEN)))
			return 1;
	return 0;
}
