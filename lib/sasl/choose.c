/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "sasl/choose.h"

/* In the default order.  CRAM-MD5 is last although it hides the password from a listener: under TLS
 * nobody listens, and it makes the server keep the password in clear. */
static const struct {
	const char *name;
	int client_first, strength;
	int needs_tls; /* without TLS only when the caller names it */
} known[] = {
	{"SCRAM-SHA-256", 1, 4, 0}, {"SCRAM-SHA-1", 1, 3, 0}, {"PLAIN", 1, 1, 0},
	{"LOGIN", 0, 1, 0},         {"CRAM-MD5", 0, 2, 1},
};

enum { KNOWN = sizeof known / sizeof known[0] };

static int find(const char *s, size_t n)
{
	for (int i = 0; i < KNOWN; i++)
		if (ptn_text_same(known[i].name, strlen(known[i].name), s, n))
			return i;
	return -1;
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

static const char *first_of(const char *allowed, unsigned usable)
{
	const char *word;
	size_t n;

	while ((word = ptn_text_word(&allowed, &n))) {
		int i = find(word, n);

		if (i >= 0 && usable & 1u << i)
			return known[i].name;
	}
	return NULL;
}

const char *ptn_sasl_choose(const char *offered, const char *allowed, const char *tried,
			    unsigned held, int encrypted)
{
	unsigned usable = named_in(offered) & ~named_in(tried);

	if (!(held & PTN_SASL_PASSWORD))
		return NULL;
	if (allowed)
		return first_of(allowed, usable);
	for (int i = 0; i < KNOWN; i++)
		if (usable & 1u << i && (encrypted || !known[i].needs_tls))
			return known[i].name;
	return NULL;
}

const char *ptn_sasl_known(const char *s, size_t n)
{
	int i = s ? find(s, n) : -1;

	return i < 0 ? NULL : known[i].name;
}

int ptn_sasl_client_first(const char *mechanism)
{
	int i = mechanism ? find(mechanism, strlen(mechanism)) : -1;

	return i >= 0 && known[i].client_first;
}

int ptn_sasl_strength(const char *mechanism)
{
	int i = mechanism ? find(mechanism, strlen(mechanism)) : -1;

	return i < 0 ? 0 : known[i].strength;
}
