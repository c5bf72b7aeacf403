/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "sasl.h"

#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bearer.h"
#include "conn.h"
#include "log.h"
#include "server.h"

enum own { GSASL, OAUTHBEARER, XOAUTH2 };

struct sasl {
	struct conn *conn;
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

static int is(const struct sasl *s, const char *name)
{
	return strcmp(s->name, name) == 0;
}

/* ---- what libgsasl asks for ---- */

/* Channel binding data as base64, for the -PLUS mechanisms only. */
static int bind_channel(struct sasl *s, Gsasl_session *session, Gsasl_property property)
{
	int exporter = property == GSASL_CB_TLS_EXPORTER;
	gnutls_datum_t raw = {0};
	struct bytes b = {0};

	if (strstr(s->name, "-PLUS"))
		raw = tls_binding(s->conn, exporter ? "tls-exporter" : "tls-unique");
	if (!raw.data)
		return GSASL_NO_CALLBACK;
	sasl_encode(&b, (const char *)raw.data, raw.size);
	gsasl_property_set(session, property, b.p);
	bytes_free(&b);
	gnutls_free(raw.data);
	return GSASL_OK;
}

static int check_password(struct sasl *s, Gsasl_session *session)
{
	const char *name = gsasl_property_fast(session, GSASL_AUTHID);
	const char *password = gsasl_property_fast(session, GSASL_PASSWORD);
	const char *other = gsasl_property_fast(session, GSASL_AUTHZID);
	const struct user *u = find(s->conn->server->options->users, name);

	if (!u || !password || strcmp(u->password, password) != 0)
		return GSASL_AUTHENTICATION_ERROR;
	return !other || !*other || strcmp(other, name) == 0 ? GSASL_OK
							     : GSASL_AUTHENTICATION_ERROR;
}

/* The identity is the certificate's; another name must be the same one's. */
static int check_external(struct sasl *s, Gsasl_session *session)
{
	const struct tls *t = &s->conn->tls;
	const char *wanted = gsasl_property_fast(session, GSASL_AUTHZID);

	if (!t->client_name || (wanted && *wanted && strcmp(wanted, t->client_name) != 0 &&
				!(t->client_mailbox && strcmp(wanted, t->client_mailbox) == 0)))
		return GSASL_AUTHENTICATION_ERROR;
	s->user = copy_text(t->client_name, strlen(t->client_name));
	return GSASL_OK;
}

/* Whoever has a ticket of the realm for one of the users. */
static int check_ticket(struct sasl *s, Gsasl_session *session)
{
	const char *principal = gsasl_property_fast(session, GSASL_GSSAPI_DISPLAY_NAME);
	const char *wanted = gsasl_property_fast(session, GSASL_AUTHZID);
	const char *at = principal ? strchr(principal, '@') : NULL;
	char *name;
	int good;

	if (!at)
		return GSASL_AUTHENTICATION_ERROR;
	name = copy_text(principal, (size_t)(at - principal));
	good = find(s->conn->server->options->users, name) &&
	       (!wanted || !*wanted || strcmp(wanted, name) == 0);
	log_event(s->conn, "the ticket of %s", principal);
	if (good)
		s->user = name;
	else
		free(name);
	return good ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
}

static int check_trace(struct sasl *s, Gsasl_session *session)
{
	const char *trace = gsasl_property_fast(session, GSASL_ANONYMOUS_TOKEN);

	s->user = copy_text("anonymous", strlen("anonymous"));
	log_event(s->conn, "anonymous, from \"%s\"", trace ? trace : "");
	return GSASL_OK;
}

static int give_password(struct sasl *s, Gsasl_session *session)
{
	const struct user *u =
		find(s->conn->server->options->users, gsasl_property_fast(session, GSASL_AUTHID));

	if (!u)
		return GSASL_NO_CALLBACK;
	gsasl_property_set(session, GSASL_PASSWORD, u->password);
	return GSASL_OK;
}

static int ask(Gsasl *ctx, Gsasl_session *session, Gsasl_property property)
{
	struct sasl *s = gsasl_session_hook_get(session);

	(void)ctx;
	switch (property) {
	case GSASL_CB_TLS_EXPORTER:
	case GSASL_CB_TLS_UNIQUE:
		return bind_channel(s, session, property);
	case GSASL_PASSWORD:
		return give_password(s, session);
	case GSASL_VALIDATE_SIMPLE:
		return check_password(s, session);
	case GSASL_VALIDATE_EXTERNAL:
		return check_external(s, session);
	case GSASL_VALIDATE_ANONYMOUS:
		return check_trace(s, session);
	case GSASL_VALIDATE_GSSAPI:
		return check_ticket(s, session);
	default:
		return GSASL_NO_CALLBACK;
	}
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

/* ---- a session ---- */

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

struct sasl *sasl_new(struct conn *c, const char *name, size_t n)
{
	const char *host = c->server->options->host_name;
	struct sasl *s;

	if (!sasl_known(name, n))
		return NULL;
	s = alloc(sizeof(*s));
	s->conn = c;
	upper(s->name, name, n);
	s->own = own_name(s->name);
	if (s->own != GSASL)
		return s;
	if (gsasl_server_start(library, s->name, &s->session) != GSASL_OK) {
		free(s);
		return NULL;
	}
	gsasl_session_hook_set(s->session, s);
	gsasl_property_set(s->session, GSASL_SERVICE, "smtp");
	gsasl_property_set(s->session, GSASL_HOSTNAME, host);
	gsasl_property_set(s->session, GSASL_REALM, host);
	gsasl_property_set(s->session, GSASL_QOPS, "qop-auth");
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
	else
		log_event(s->conn, "%s: %s", s->name, gsasl_strerror(rc));
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

/* Whether the mechanism with channel binding is among those offered here. */
static int offers_binding(const struct sasl *s)
{
	const struct conn *c = s->conn;
	const char *at = behaviour_mechanisms(&c->listener->does, c->nth, c->tls_state == TLS_ON);
	const char *word;
	size_t n;

	while (at && (word = next_word(&at, &n)))
		if (n > 5 && same_word("-PLUS", word + n - 5, 5))
			return 1;
	return 0;
}

/* The first message of SCRAM: what the client says of channel binding.  RFC 5802 6: "y" means that
 * it could, and that it saw no offer; where there was one, someone took it away on the path. */
static enum sasl_result look_at_flag(const struct sasl *s, const char *in, size_t n)
{
	const char *comma = n ? memchr(in, ',', n) : NULL;
	size_t len = comma ? (size_t)(comma - in) : 0;

	log_event(s->conn, "gs2 flag %.*s", (int)(len < 64 ? len : 64), in);
	if (len == 1 && in[0] == 'y' && offers_binding(s)) {
		log_event(s->conn, "downgrade detected: the client did not see the -PLUS offered");
		return SASL_REFUSED;
	}
	return SASL_MORE;
}

static int server_first(const struct sasl *s)
{
	return is(s, "CRAM-MD5") || is(s, "DIGEST-MD5");
}

static enum sasl_result gsasl_turn(struct sasl *s, const char *in, size_t n, struct bytes *out)
{
	int login = is(s, "LOGIN");
	enum sasl_result r;

	if (s->steps == 0 && in && server_first(s))
		return SASL_MALFORMED;
	if (s->steps == 0 && in && login) {
		gsasl_once(s, NULL, 0, out); /* the first prompt was not waited for */
		bytes_drop(out, out->n);
		s->steps++;
	}
	if (in && strncmp(s->name, "SCRAM", 5) == 0 &&
	    !gsasl_property_fast(s->session, GSASL_AUTHID) &&
	    look_at_flag(s, in, n) == SASL_REFUSED)
		return SASL_REFUSED;
	r = gsasl_once(s, in, n, out);
	if (in && r == SASL_MORE && out->n == 0 && strncmp(s->name, "GS", 2) != 0)
		return SASL_MALFORMED; /* it was empty */
	if (login && r == SASL_MORE)
		prompt(out, s->steps);
	s->steps++;
	return r;
}

static enum sasl_result bearer_turn(struct sasl *s, const char *in, size_t n, struct bytes *out)
{
	enum sasl_result r;

	if (!in)
		return SASL_MORE;
	r = bearer_step(s->conn, s->own == XOAUTH2, in, n, out, &s->user);
	s->refused = r == SASL_MORE;
	return r;
}

/* What the client says to the error in a challenge: it is told in the log, for tests. */
static enum sasl_result end_refusal(const struct sasl *s, const char *in, size_t n)
{
	int right = s->own == XOAUTH2 ? n == 0 : n == 1 && in[0] == 1;

	log_event(s->conn, "the error was answered %s", right ? "as it should be" : "otherwise");
	return SASL_REFUSED;
}

enum sasl_result sasl_step(struct sasl *s, const char *in, size_t n, struct bytes *out)
{
	if (s->refused)
		return end_refusal(s, in, n);
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
