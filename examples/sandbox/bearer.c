/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bearer.h"

#include <stdlib.h>
#include <string.h>

#include "conn.h"
#include "log.h"
#include "server.h"

/* The field of a \x01-separated message that begins with key; NULL: none. */
static const char *field(const char *s, size_t n, const char *key, size_t *len)
{
	size_t k = strlen(key), at = 0;

	while (at < n) {
		const char *stop = memchr(s + at, 1, n - at);
		size_t end = stop ? (size_t)(stop - s) : n;

		if (end - at >= k && memcmp(s + at, key, k) == 0) {
			*len = end - at - k;
			return s + at + k;
		}
		at = end + 1;
	}
	return NULL;
}

/* Each field, and then the whole, ends in \x01. */
static int well_formed(const char *s, size_t n)
{
	return n > 2 && s[n - 1] == 1 && s[n - 2] == 1;
}

/* The name in "n,a=NAME,": "=2C" and "=3D" stand for "," and "=". */
static char *gs2_name(const char *s, size_t n)
{
	struct bytes b = {0};

	bytes_add(&b, "", 0);
	if (n < 4 || memcmp(s, "n,a=", 4) != 0)
		return b.p;
	for (size_t i = 4; i < n && s[i] != ','; i++) {
		int comma = n - i > 2 && memcmp(s + i, "=2C", 3) == 0;
		int equals = n - i > 2 && memcmp(s + i, "=3D", 3) == 0;

		if (comma || equals) {
			bytes_text(&b, comma ? "," : "=");
			i += 2;
		} else {
			bytes_add(&b, s + i, 1);
		}
	}
	return b.p;
}

/* Whether the token is that user's, and still good. */
static int is_good(struct conn *c, const char *user, const char *token, size_t n)
{
	const struct behaviour *does = &c->listener->does;
	struct user *u = c->server->options->tokens;

	while (u && !(strlen(u->password) == n && memcmp(u->password, token, n) == 0 &&
		      (!*user || strcmp(u->name, user) == 0)))
		u = u->next;
	if (!u)
		return 0;
	if (does->refuse_tokens == 0 || c->listener->tokens_refused < does->refuse_tokens) {
		c->listener->tokens_refused++;
		log_event(c, "a good token refused, as told");
		return 0;
	}
	if (does->token_uses && u->uses >= does->token_uses) {
		log_event(c, "the token was used %lld times before", u->uses);
		return 0;
	}
	u->uses++;
	return 1;
}

enum sasl_result bearer_step(struct conn *c, int xoauth2, const char *in, size_t n,
			     struct bytes *out, char **user)
{
	const char *error = c->listener->does.token_error, *token, *name;
	size_t len, nname = 0;

	token = field(in, n, "auth=Bearer ", &len);
	name = xoauth2 ? field(in, n, "user=", &nname) : "";
	if (!token || !name || !well_formed(in, n))
		return SASL_MALFORMED;
	*user = xoauth2 ? copy_text(name, nname) : gs2_name(in, n);
	if (is_good(c, *user, token, len))
		return SASL_DONE;
	if (c->listener->does.token_at_once)
		return SASL_REFUSED;
	if (!error)
		error = xoauth2 ? "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"smtp\"}"
				: "{\"status\":\"invalid_token\",\"scope\":\"smtp\"}";
	bytes_text(out, error);
	return SASL_MORE;
}
