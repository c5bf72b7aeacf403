/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parameters of a URL: each is a setter's, whose checks and words hold here too.
 */
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "handle.h"
#include "url_parse.h"

struct use { /* of one parameter */
	postern *p;
	const struct ptn_url *u;
	const char *key, *value;
	struct ptn_refusal r;
};

/* ---- Kinds of values. ---- */

/* These are the ports', and were looked at with the rest of the URL. */
static int take_shape(const struct use *use)
{
	(void)use;
	return 0;
}

static int number(const struct use *use, const char *text, size_t n, int most, int *out)
{
	unsigned long long v;

	if (ptn_text_number(text, n, (unsigned)most, &v))
		return REFUSE(&use->r, "%s= takes whole numbers, from 0 to %d", use->key, most);
	*out = (int)v;
	return 0;
}

/* "A/B"; *b is as it was where there is only A. */
static int pair(const struct use *use, int most_a, int *a, int most_b, int *b)
{
	size_t n = strcspn(use->value, "/");
	const char *second = use->value + n + 1;

	if (number(use, use->value, n, most_a, a))
		return POSTERN_E_ARG;
	return use->value[n] ? number(use, second, strlen(second), most_b, b) : 0;
}

static int take_timeout(const struct use *use)
{
	int seconds;

	if (number(use, use->value, strlen(use->value), INT_MAX / 1000, &seconds))
		return POSTERN_E_ARG;
	return postern_set_limit(use->p, POSTERN_LIMIT_OVERALL, seconds * 1000);
}

static int flag(const struct use *use, int (*set)(postern *p, int on))
{
	if (strcmp(use->value, "0") != 0 && strcmp(use->value, "1") != 0)
		return REFUSE(&use->r, "%s= takes 0 or 1", use->key);
	return set(use->p, use->value[0] - '0');
}

static int take_auth(const struct use *use)
{
	return postern_set_mechanisms(use->p, use->value);
}

static int take_name(const struct use *use)
{
	return postern_set_name(use->p, use->value);
}

static int take_cafile(const struct use *use)
{
	return postern_set_trust(use->p, use->value);
}

static int take_discover(const struct use *use)
{
	return postern_set_discovery(use->p, use->p->set.host,
				     strcmp(use->value, "1") ? use->value : NULL);
}

static int take_dane(const struct use *use)
{
	return flag(use, postern_set_dane);
}

static int take_proxy(const struct use *use)
{
	return postern_set_proxy(use->p, use->value);
}

static int take_source(const struct use *use)
{
	return postern_set_source(use->p, use->value);
}

/* ---- Sign-in and TLS. ---- */

static int take_binding(const struct use *use)
{
	return flag(use, postern_require_channel_binding);
}

static int take_pin(const struct use *use)
{
	const char *only = ptn_url_value(use->u, "pin-only");

	return postern_set_pins(use->p, use->value, only && !strcmp(only, "1"));
}

static int nothing(postern *p, int on)
{
	(void)p, (void)on;
	return 0;
}

static int take_pin_only(const struct use *use)
{
	if (!ptn_url_value(use->u, "pin"))
		return REFUSE(&use->r, "pin-only= says how to take pin=, which is missing");
	return flag(use, nothing);
}

/* Certificate and key may be in one file. */
static int take_cert(const struct use *use)
{
	const char *key = ptn_url_value(use->u, "key");

	return postern_set_certificate(use->p, use->value, key ? key : use->value, NULL);
}

static int take_key(const struct use *use)
{
	if (!ptn_url_value(use->u, "cert"))
		return REFUSE(&use->r, "key= goes with cert=, which is missing");
	return 0;
}

static int take_tls_min(const struct use *use)
{
	return postern_set_tls_minimum(use->p, use->value);
}

static int take_staple(const struct use *use)
{
	return flag(use, postern_require_staple);
}

static int take_resume(const struct use *use)
{
	return flag(use, postern_set_resumption);
}

/* ---- The flow of mails. ---- */

static int take_connections(const struct use *use)
{
	int n;

	if (number(use, use->value, strlen(use->value), INT_MAX, &n))
		return POSTERN_E_ARG;
	return postern_set_connections(use->p, n);
}

static int take_window(const struct use *use)
{
	int mails, octets = 0;

	if (pair(use, INT_MAX, &mails, INT_MAX, &octets))
		return POSTERN_E_ARG;
	return postern_set_window(use->p, mails, (size_t)octets);
}

static int take_rate(const struct use *use)
{
	int mails, seconds = 1;

	if (pair(use, INT_MAX, &mails, INT_MAX / 1000, &seconds))
		return POSTERN_E_ARG;
	return postern_set_rate(use->p, mails, mails ? seconds * 1000 : 0);
}

static int set_chunking(postern *p, int on)
{
	return postern_set_capability(p, "CHUNKING", on);
}

static int take_chunking(const struct use *use)
{
	return flag(use, set_chunking);
}

static const struct {
	const char *name;
	int (*take)(const struct use *use);
} keys[] = {
	{"tls", take_shape},
	{"ports", take_shape},
	{"discover", take_discover},
	{"auth", take_auth},
	{"binding", take_binding},
	{"name", take_name},
	{"timeout", take_timeout},
	{"cafile", take_cafile},
	{"pin", take_pin},
	{"pin-only", take_pin_only},
	{"cert", take_cert},
	{"key", take_key},
	{"tls-min", take_tls_min},
	{"staple", take_staple},
	{"resume", take_resume},
	{"dane", take_dane},
	{"proxy", take_proxy},
	{"source", take_source},
	{"connections", take_connections},
	{"window", take_window},
	{"rate", take_rate},
	{"chunking", take_chunking},
};

enum { KEYS = sizeof keys / sizeof keys[0] };
_Static_assert((int)KEYS <= (int)PTN_URL_KEYS, "a URL has room for each");

/* ---- Reading. ---- */

/* The known key that may have been meant, or NULL. */
static const char *nearest_key(const char *word)
{
	const char *best = NULL;
	int least = 3;

	for (int i = 0; i < KEYS; i++) {
		int distance = ptn_text_distance(word, keys[i].name);

		if (distance < least && 2 * (size_t)distance <= strlen(keys[i].name)) {
			least = distance;
			best = keys[i].name;
		}
	}
	return best;
}

static int refuse_key(struct ptn_span key, const struct ptn_refusal *r)
{
	struct ptn_shown shown = ptn_check_shown(key.at, key.n), low = shown;
	const char *near;

	if (ptn_url_is_loose_word(key) || ptn_url_same(key, "starttls"))
		return REFUSE(r,
			      "there is no parameter \"%s\": write tls=implicit or "
			      "tls=starttls; " PTN_URL_MEANING,
			      shown.text);
	for (char *c = low.text; *c; c++)
		*c = (char)ptn_text_lower((unsigned char)*c);
	near = nearest_key(low.text);
	if (near)
		return REFUSE(r, "there is no parameter \"%s\": did you mean \"%s\"?", shown.text,
			      near);
	return REFUSE(r, "there is no parameter \"%s\": postern-url(7) lists them all", shown.text);
}

static int find_key(const char *name, size_t n)
{
	int i = 0;

	while (i < KEYS && (strlen(keys[i].name) != n || memcmp(keys[i].name, name, n) != 0))
		i++;
	return i;
}

static int keep_pair(struct ptn_url *u, struct ptn_span pair, struct ptn_refusal *r)
{
	const char *equals = memchr(pair.at, '=', pair.n);
	struct ptn_span key = {pair.at, equals ? (size_t)(equals - pair.at) : pair.n};
	struct ptn_span text = {equals ? equals + 1 : pair.at + pair.n,
				equals ? pair.n - key.n - 1 : 0};
	int i = find_key(key.at, key.n);

	if (i == KEYS)
		return refuse_key(key, r);
	if (u->value[i])
		return REFUSE(r, "%s= is given twice", keys[i].name);
	if (!text.n)
		return REFUSE(r, "%s= has no value", keys[i].name);
	return ptn_url_decode(&u->value[i], keys[i].name, text, r);
}

int ptn_url_query(struct ptn_url *u, struct ptn_span query, struct ptn_refusal *r)
{
	int rc = 0;

	while (!rc && query.n) {
		const char *amp = memchr(query.at, '&', query.n);
		struct ptn_span pair = {query.at, amp ? (size_t)(amp - query.at) : query.n};

		if (!pair.n || (amp && amp + 1 == query.at + query.n))
			return REFUSE(r, "a parameter beside \"&\" is empty");
		query.at += pair.n + (amp != NULL);
		query.n -= pair.n + (amp != NULL);
		rc = keep_pair(u, pair, r);
	}
	return rc;
}

const char *ptn_url_value(const struct ptn_url *u, const char *key)
{
	int i = find_key(key, strlen(key));

	return i < KEYS ? u->value[i] : NULL;
}

/* ---- Applying. ---- */

/* What the setter keeps as its own error becomes the server's: it is the URL that has to change. */
static void take_over(postern *p, const struct use *use, int code)
{
	const char *own = "";
	char sentence[640];
	size_t n = strlen(use->key);

	if (use->r.why[0])
		own = use->r.why;
	else
		ptn_sticky_first(&p->sticky, &own);
	if (!strncmp(own, use->key, n) && (own[n] == ':' || own[n] == '='))
		ptn_check_refuse(sentence, sizeof sentence, "%s", own);
	else
		ptn_check_refuse(sentence, sizeof sentence, "%s=: %s", use->key, own);
	for (int i = 0; i < PTN_STICKY_MOST; i++)
		ptn_sticky_set(&p->sticky, i, 0, NULL);
	ptn_handle_refuse(p, PTN_SET_SERVER, code, sentence);
}

void ptn_url_apply(postern *p, const struct ptn_url *u)
{
	for (int i = 0; i < KEYS; i++) {
		char why[512] = "";
		struct use use = {p, u, keys[i].name, u->value[i], {why, sizeof why}};
		int code = u->value[i] ? keys[i].take(&use) : 0;

		if (code) {
			take_over(p, &use, code);
			return;
		}
	}
}
