/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sasl.h"

#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum own { GSASL, OAUTHBEARER, XOAUTH2 };

struct sasl {
	const struct options *options;
	gnutls_session_t tls;
	enum own own;
	char name[24];
	Gsasl_session *session;
	char *user;
	unsigned steps;
	int proven; /* done, but for the client's empty response to our last challenge */
	int refused; /* the same for a refusal (RFC 7628 3.2.3) */
};

static Gsasl *library;

static const struct user *find(const struct user *list, const char *name)
{
	while (list && (!name || strcmp(list->name, name) != 0))
		list = list->next;
	return list;
}

/* Channel binding (RFC 9266), as base64, for the -PLUS mechanisms only. */
static int bind_channel(struct sasl *s, Gsasl_session *session)
{
	gnutls_datum_t raw = {0};
	struct bytes b = {0};

	if (!s->tls || !strstr(s->name, "-PLUS") ||
	    gnutls_session_channel_binding(s->tls, GNUTLS_CB_TLS_EXPORTER, &raw) < 0)
		return GSASL_NO_CALLBACK;
	sasl_encode(&b, (const char *)raw.data, raw.size);
	gsasl_property_set(session, GSASL_CB_TLS_EXPORTER, b.p);
	bytes_free(&b);
	gnutls_free(raw.data);
	return GSASL_OK;
}

static int ask(Gsasl *ctx, Gsasl_session *session, Gsasl_property property)
{
	struct sasl *s = gsasl_session_hook_get(session);
	const char *name, *password;
	const struct user *u;

	(void)ctx;
	if (property == GSASL_CB_TLS_EXPORTER)
		return bind_channel(s, session);
	if (property != GSASL_PASSWORD && property != GSASL_VALIDATE_SIMPLE)
		return GSASL_NO_CALLBACK;
	name = gsasl_property_fast(session, GSASL_AUTHID);
	u = find(s->options->users, name);
	if (property == GSASL_PASSWORD) {
		if (!u)
			return GSASL_NO_CALLBACK;
		gsasl_property_set(session, GSASL_PASSWORD, u->password);
		return GSASL_OK;
	}
	password = gsasl_property_fast(session, GSASL_PASSWORD);
	return u && password && strcmp(u->password, password) == 0 ? GSASL_OK
								   : GSASL_AUTHENTICATION_ERROR;
}

static Gsasl *open_library(void)
{
	if (!library && gsasl_init(&library) == GSASL_OK)
		gsasl_callback_set(library, ask);
	return library;
}

void sasl_shutdown(void)
{
	if (library)
		gsasl_done(library);
	library = NULL;
}

static enum own own_name(const char *name)
{
	if (strcmp(name, "OAUTHBEARER") == 0)
		return OAUTHBEARER;
	return strcmp(name, "XOAUTH2") == 0 ? XOAUTH2 : GSASL;
}

/* Upper case into out; -1: no mechanism has such a name. */
static int upper(char out[24], const char *name, size_t n)
{
	if (n == 0 || n > 20)
		return -1;
	for (size_t i = 0; i < n; i++)
		out[i] = name[i] >= 'a' && name[i] <= 'z' ? (char)(name[i] - 'a' + 'A') : name[i];
	out[n] = '\0';
	return 0;
}

int sasl_known(const char *name, size_t n)
{
	char text[24];

	if (upper(text, name, n))
		return 0;
	return own_name(text) != GSASL || (open_library() && gsasl_server_support_p(library, text));
}

struct sasl *sasl_new(const struct options *o, const char *name, size_t n, gnutls_session_t tls)
{
	struct sasl *s;

	if (!sasl_known(name, n))
		return NULL;
	s = alloc(sizeof(*s));
	s->options = o;
	s->tls = tls;
	upper(s->name, name, n);
	s->own = own_name(s->name);
	if (s->own == GSASL) {
		if (gsasl_server_start(library, s->name, &s->session) != GSASL_OK) {
			free(s);
			return NULL;
		}
		gsasl_session_hook_set(s->session, s);
		gsasl_property_set(s->session, GSASL_SERVICE, "smtp");
		gsasl_property_set(s->session, GSASL_HOSTNAME, o->host_name);
		gsasl_property_set(s->session, GSASL_REALM, o->host_name);
	}
	return s;
}

void sasl_free(struct sasl *s)
{
	if (!s)
		return;
	if (s->session)
		gsasl_finish(s->session);
	free(s->user);
	free(s);
}

const char *sasl_user(const struct sasl *s)
{
	return s && s->user ? s->user : "";
}

const char *sasl_name(const struct sasl *s)
{
	return s ? s->name : "";
}

static enum sasl_result gsasl_once(struct sasl *s, const char *in, size_t n, struct bytes *out)
{
	char *text = NULL;
	size_t len = 0;
	int rc = gsasl_step(s->session, in, n, &text, &len);
	const char *name = gsasl_property_fast(s->session, GSASL_AUTHID);

	if (rc == GSASL_OK || rc == GSASL_NEEDS_MORE)
		bytes_add(out, text ? text : "", len);
	gsasl_free(text);
	if (name && !s->user)
		s->user = copy_text(name, strlen(name));
	if (rc == GSASL_NEEDS_MORE)
		return SASL_MORE;
	if (rc == GSASL_OK) {
		s->proven = len > 0;
		return s->proven ? SASL_MORE : SASL_DONE;
	}
	return rc == GSASL_MECHANISM_PARSE_ERROR ? SASL_MALFORMED : SASL_REFUSED;
}

/* The prompts that most servers use (libgsasl's are others). */
static void prompt(struct bytes *out, unsigned step)
{
	bytes_drop(out, out->n);
	bytes_text(out, step == 0 ? "Username:" : "Password:");
}

static enum sasl_result gsasl_turn(struct sasl *s, const char *in, size_t n, struct bytes *out)
{
	int login = strcmp(s->name, "LOGIN") == 0;
	enum sasl_result r;

	if (s->steps == 0 && in && strcmp(s->name, "CRAM-MD5") == 0)
		return SASL_MALFORMED; /* the server speaks first */
	if (s->steps == 0 && in && login) {
		gsasl_once(s, NULL, 0, out); /* the first prompt was not waited for */
		bytes_drop(out, out->n);
		s->steps++;
	}
	r = gsasl_once(s, in ? in : "", n, out);
	if (in && r == SASL_MORE && out->n == 0)
		return SASL_MALFORMED; /* it was empty */
	if (login && r == SASL_MORE)
		prompt(out, s->steps);
	s->steps++;
	return r;
}

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

static enum sasl_result bearer_turn(struct sasl *s, const char *in, size_t n, struct bytes *out)
{
	const char *token, *name;
	size_t len, nname;
	const struct user *u;

	if (!in)
		return SASL_MORE;
	token = field(in, n, "auth=Bearer ", &len);
	name = s->own == XOAUTH2 ? field(in, n, "user=", &nname) : "";
	if (!token || !name)
		return SASL_MALFORMED;
	s->user = s->own == XOAUTH2 ? copy_text(name, nname) : gs2_name(in, n);
	for (u = s->options->tokens; u; u = u->next)
		if (strlen(u->password) == len && memcmp(u->password, token, len) == 0 &&
		    (!*s->user || strcmp(u->name, s->user) == 0))
			return SASL_DONE;
	s->refused = 1;
	bytes_text(out, s->own == XOAUTH2
				? "{\"status\":\"401\",\"schemes\":\"bearer\",\"scope\":\"smtp\"}"
				: "{\"status\":\"invalid_token\",\"scope\":\"smtp\"}");
	return SASL_MORE;
}

enum sasl_result sasl_step(struct sasl *s, const char *in, size_t n, struct bytes *out)
{
	if (s->refused)
		return SASL_REFUSED;
	if (s->proven)
		return n == 0 ? SASL_DONE : SASL_MALFORMED;
	return s->own == GSASL ? gsasl_turn(s, in, n, out) : bearer_turn(s, in, n, out);
}

int sasl_decode(struct bytes *b, const char *s, size_t n)
{
	char *text = NULL;
	size_t len = 0;

	if (n == 0)
		return 0;
	if (gsasl_base64_from(s, n, &text, &len) != GSASL_OK)
		return -1;
	bytes_add(b, text, len);
	gsasl_free(text);
	return 0;
}

void sasl_encode(struct bytes *b, const char *s, size_t n)
{
	char *text = NULL;
	size_t len = 0;

	if (n && gsasl_base64_to(s, n, &text, &len) == GSASL_OK)
		bytes_add(b, text, len);
	gsasl_free(text);
}
