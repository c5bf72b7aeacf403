/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each mechanism against libgsasl's server side in this process: an independent judge of ours.
 */
#include <gsasl.h>
#include <string.h>

#include "client.h"
#include "main.h"
#include "sasl/choose.h"

/* ---- A server ----------------------------------------------------------------------------- */

#define EXPORTER "0123456789abcdef0123456789abcdef"
#define UNIQUE "0123456789ab"

struct server {
	Gsasl *library;
	Gsasl_session *session;
	const char *user, *password;
	const char *exporter, *unique; /* what the session is bound by; base64 */
	char *out;
	size_t n;
};

static int give(Gsasl_session *session, Gsasl_property which, const char *value)
{
	if (!value)
		return GSASL_NO_CALLBACK;
	gsasl_property_set(session, which, value);
	return GSASL_OK;
}

static int validate(const struct server *s, Gsasl_session *session)
{
	const char *id = gsasl_property_fast(session, GSASL_AUTHZID);

	return !id || !strcmp(id, "") || !strcmp(id, s->user) ? GSASL_OK
							      : GSASL_AUTHENTICATION_ERROR;
}

static int answer(Gsasl *ctx, Gsasl_session *session, Gsasl_property which)
{
	struct server *s = gsasl_session_hook_get(session);
	const char *user = gsasl_property_fast(session, GSASL_AUTHID);

	(void)ctx;
	switch ((int)which) {
	case GSASL_PASSWORD:
		return give(session, which,
			    user && strcmp(user, s->user) == 0 ? s->password : NULL);
	case GSASL_SCRAM_ITER:
		return give(session, which, "4096");
	case GSASL_CB_TLS_EXPORTER:
		return give(session, which, s->exporter);
	case GSASL_CB_TLS_UNIQUE:
		return give(session, which, s->unique);
	case GSASL_VALIDATE_EXTERNAL:
		return validate(s, session);
	case GSASL_VALIDATE_ANONYMOUS:
		return GSASL_OK;
	default:
		return GSASL_NO_CALLBACK;
	}
}

static void open_server(struct server *s, const char *mechanism)
{
	ck_assert_int_eq(gsasl_init(&s->library), GSASL_OK);
	gsasl_callback_set(s->library, answer);
	ck_assert_int_eq(gsasl_server_start(s->library, mechanism, &s->session), GSASL_OK);
	gsasl_session_hook_set(s->session, s);
	gsasl_property_set(s->session, GSASL_SERVICE, "smtp");
	gsasl_property_set(s->session, GSASL_HOSTNAME, "mail.example.org");
	gsasl_property_set(s->session, GSASL_REALM, "mail.example.org");
}

static int serve(struct server *s, const char *in, size_t n)
{
	gsasl_free(s->out);
	s->out = NULL;
	s->n = 0;
	return gsasl_step(s->session, in, n, &s->out, &s->n);
}

static void close_server(struct server *s)
{
	gsasl_free(s->out);
	gsasl_finish(s->session);
	gsasl_done(s->library);
}

/* ---- Whole exchanges ---------------------------------------------------------------------- */

static int is_end(int state)
{
	return state == PTN_SASL_DONE || state == PTN_SASL_FAIL;
}

/* Client and server talk until one ends: gives what both say, as client * 1000 + server. */
static int talk(const char *mechanism, const struct ptn_sasl_login *login, struct server *s)
{
	struct ptn_sasl *c = open_as(mechanism, login);
	int client = PTN_SASL_MORE, server = GSASL_NEEDS_MORE;
	const char *out = NULL;
	size_t n = 0;

	open_server(s, mechanism);
	if (!ptn_sasl_client_first(mechanism))
		server = serve(s, NULL, 0);
	for (int i = 0; i < 8 && !is_end(client); i++) {
		client = ptn_sasl_step(c, s->out, s->n, &out, &n);
		if (server != GSASL_NEEDS_MORE)
			break;
		if (client != PTN_SASL_FAIL)
			server = serve(s, out, n);
		if (server != GSASL_NEEDS_MORE && server != GSASL_OK)
			break;
	}
	close_server(s);
	ptn_sasl_free(c);
	return client * 1000 + server;
}

enum { GOOD = PTN_SASL_DONE * 1000 + GSASL_OK };

static int sign_in(const char *mechanism, const char *user, const char *password, const char *right)
{
	struct ptn_sasl_login login = sasl_login;
	struct server s = {.user = user, .password = right};

	login.user = user;
	login.password = password;
	return talk(mechanism, &login, &s);
}

static const char *const mechanisms[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN",
					 "CRAM-MD5"};

static const struct {
	const char *user, *password;
} logins[] = {
	{"user", "pencil"},
	{"user", "p\xC3\xA4 ss\"\\'"},
	{"user@example.org", "a,b=c,=2C=3D,r=,n="},
	{"a,b=c", "%s%n%00&<>"},
	{"j\xC3\xBCrgen", "\xE7\x98\x8A"},
	{"user", " "},
	{"u", "0123456789012345678901234567890123456789012345678901234567890123456789"},
};

START_TEST(every_mechanism_signs_in)
{
	for (size_t i = 0; i < sizeof logins / sizeof logins[0]; i++)
		ck_assert_int_eq(sign_in(mechanisms[_i], logins[i].user, logins[i].password,
					 logins[i].password),
				 GOOD);
}
END_TEST

START_TEST(a_wrong_password_does_not)
{
	int both = sign_in(mechanisms[_i], "user", "pencil", "Pencil");

	ck_assert_int_ne(both % 1000, GSASL_OK);
	ck_assert_int_ne(both % 1000, GSASL_NEEDS_MORE);
}
END_TEST

/* The server prepares the password too: what is the same to it is the same to us. */
START_TEST(saslprep)
{
	static const char *const prepares[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"};

	for (int i = 0; i < 3; i++)
		ck_assert_int_eq(sign_in(prepares[i], "user", "a\xC2\xA0z", "a z"), GOOD);
}
END_TEST

/* ---- Channel binding ---------------------------------------------------------------------- */

static const struct {
	const char *mechanism, *type, *bound; /* ours */
	int missed;
	const char *exporter, *unique; /* the server's */
	int good;
} bindings[] = {
	{"SCRAM-SHA-256-PLUS", "tls-exporter", EXPORTER, 0,
	 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", NULL, 1},
	{"SCRAM-SHA-1-PLUS", "tls-exporter", EXPORTER, 0,
	 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=", NULL, 1},
	{"SCRAM-SHA-256-PLUS", "tls-unique", UNIQUE, 0, NULL, "MDEyMzQ1Njc4OWFi", 1},
	{"SCRAM-SHA-1-PLUS", "tls-unique", UNIQUE, 0, NULL, "MDEyMzQ1Njc4OWFi", 1},
	/* somebody between, with a TLS session on either side */
	{"SCRAM-SHA-256-PLUS", "tls-exporter", EXPORTER, 0,
	 "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWc=", NULL, 0},
	{"SCRAM-SHA-1-PLUS", "tls-unique", UNIQUE, 0, NULL, "MDEyMzQ1Njc4OWFj", 0},
	/* S-05: "y" is right to a server that cannot bind */
	{"SCRAM-SHA-256", "tls-exporter", EXPORTER, 1, NULL, NULL, 1},
	{"SCRAM-SHA-1", "tls-unique", UNIQUE, 1, NULL, NULL, 1},
};

START_TEST(s_05_binding)
{
	struct ptn_sasl_login login = sasl_login;
	struct server s = {.user = "user",
			   .password = "pencil",
			   .exporter = bindings[_i].exporter,
			   .unique = bindings[_i].unique};
	int both;

	login.binding_type = bindings[_i].type;
	login.binding = (const unsigned char *)bindings[_i].bound;
	login.binding_len = strlen(bindings[_i].bound);
	login.binding_missed = bindings[_i].missed;
	both = talk(bindings[_i].mechanism, &login, &s);
	if (bindings[_i].good)
		ck_assert_int_eq(both, GOOD);
	else
		ck_assert_int_eq(both % 1000, GSASL_AUTHENTICATION_ERROR);
}
END_TEST

/* S-05: a server that can bind, and whose offer to somebody took away, finds that out by "y". */
START_TEST(s_05_a_stripped_offer_is_found_out)
{
	struct ptn_sasl_login login = sasl_login;
	struct server s = {.user = "user",
			   .password = "pencil",
			   .exporter = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="};

	login.binding_missed = 1;
	ck_assert_int_ne(talk("SCRAM-SHA-256", &login, &s) % 1000, GSASL_OK);
}
END_TEST

/* ---- Those that must be named ------------------------------------------------------------- */

START_TEST(external)
{
	struct ptn_sasl_login login = {.user = "user"};
	struct server s = {.user = "user"};

	ck_assert_int_eq(talk("EXTERNAL", &login, &s), GOOD);
	s = (struct server){.user = "other"};
	ck_assert_int_ne(talk("EXTERNAL", &login, &s) % 1000, GSASL_OK);
}
END_TEST

START_TEST(anonymous)
{
	struct ptn_sasl_login login = {.user = NULL};
	struct server s = {.user = "user"};

	ck_assert_int_eq(talk("ANONYMOUS", &login, &s), GOOD);
	login.user = "user@example.org";
	s = (struct server){.user = "user"};
	ck_assert_int_eq(talk("ANONYMOUS", &login, &s), GOOD);
}
END_TEST

START_TEST(digest_md5)
{
	ck_assert_int_eq(sign_in("DIGEST-MD5", "user", "pencil", "pencil"), GOOD);
	ck_assert_int_ne(sign_in("DIGEST-MD5", "user", "pencil", "Pencil") % 1000, GSASL_OK);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "interop");

	EACH(t, every_mechanism_signs_in, mechanisms);
	EACH(t, a_wrong_password_does_not, mechanisms);
	tcase_add_test(t, saslprep);
	EACH(t, s_05_binding, bindings);
	tcase_add_test(t, s_05_a_stripped_offer_is_found_out);
	tcase_add_test(t, external);
	tcase_add_test(t, anonymous);
	tcase_add_test(t, digest_md5);
}
