/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Each mechanism against libgsasl's own server side in this process, against the answers printed in
 * the RFCs, and against hostile servers.  S-nn: the rows of the security requirements for SASL.
 */
#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "main.h"
#include "sasl/choose.h"
#include "sasl/sasl.h"

/* ---- Functions made to fail --------------------------------------------------------------- */

static int grants = -1; /* requests for memory of ours that are still granted; -1: all */
static int init_rc, start_rc, step_rc; /* what those of libgsasl give instead, if not 0 */
static int drop_property = -1;
static int lose_output;
static size_t last_input; /* octets given to libgsasl */
static int early_ok; /* the step says OK whatever it found */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
int __real_gsasl_init(Gsasl **ctx);
int __wrap_gsasl_init(Gsasl **ctx);
int __real_gsasl_client_start(Gsasl *ctx, const char *mech, Gsasl_session **sctx);
int __wrap_gsasl_client_start(Gsasl *ctx, const char *mech, Gsasl_session **sctx);
int __real_gsasl_step(Gsasl_session *sctx, const char *in, size_t n, char **out, size_t *len);
int __wrap_gsasl_step(Gsasl_session *sctx, const char *in, size_t n, char **out, size_t *len);
int __real_gsasl_property_set(Gsasl_session *sctx, Gsasl_property prop, const char *data);
int __wrap_gsasl_property_set(Gsasl_session *sctx, Gsasl_property prop, const char *data);

void *__wrap_calloc(size_t n, size_t size)
{
	if (!grants)
		return NULL;
	if (grants > 0)
		grants--;
	return __real_calloc(n, size);
}

int __wrap_gsasl_init(Gsasl **ctx)
{
	return init_rc ? init_rc : __real_gsasl_init(ctx);
}

int __wrap_gsasl_client_start(Gsasl *ctx, const char *mech, Gsasl_session **sctx)
{
	return start_rc ? start_rc : __real_gsasl_client_start(ctx, mech, sctx);
}

int __wrap_gsasl_step(Gsasl_session *sctx, const char *in, size_t n, char **out, size_t *len)
{
	int rc = step_rc ? step_rc : __real_gsasl_step(sctx, in, n, out, len);

	last_input = n;
	if (early_ok)
		return GSASL_OK;
	if (lose_output) {
		free(*out);
		*out = NULL;
	}
	return rc;
}

int __wrap_gsasl_property_set(Gsasl_session *sctx, Gsasl_property prop, const char *data)
{
	return (int)prop == drop_property ? GSASL_MALLOC_ERROR
					  : __real_gsasl_property_set(sctx, prop, data);
}

/* libgsasl makes the client's nonce with this one; fixed, its answers can be looked up. */
static int fixed_nonce, nonce_was_fixed;

int gsasl_nonce(char *data, size_t n)
{
	char *raw = NULL;
	size_t len = 0;

	if (!fixed_nonce)
		return gsasl_random(data, n);
	ck_assert_int_eq(gsasl_base64_from("fyko+d2lbbFgONRv9qkxdawL", 24, &raw, &len), GSASL_OK);
	memcpy(data, raw, n < len ? n : len);
	gsasl_free(raw);
	nonce_was_fixed = 1;
	return GSASL_OK;
}

/* ---- A server ----------------------------------------------------------------------------- */

struct server {
	Gsasl *library;
	Gsasl_session *session;
	const char *user, *password;
	char *out;
	size_t n;
};

static int answer(Gsasl *ctx, Gsasl_session *session, Gsasl_property which)
{
	struct server *s = gsasl_session_hook_get(session);
	const char *user = gsasl_property_fast(session, GSASL_AUTHID);

	(void)ctx;
	switch ((int)which) {
	case GSASL_PASSWORD:
		if (!user || strcmp(user, s->user) != 0)
			return GSASL_NO_PASSWORD;
		gsasl_property_set(session, GSASL_PASSWORD, s->password);
		return GSASL_OK;
	case GSASL_SCRAM_ITER:
		gsasl_property_set(session, which, "4096");
		return GSASL_OK;
	default:
		return GSASL_NO_CALLBACK;
	}
}

static void open_server(struct server *s, const char *mechanism, const char *user,
			const char *password)
{
	*s = (struct server){.user = user, .password = password};
	ck_assert_int_eq(gsasl_init(&s->library), GSASL_OK);
	gsasl_callback_set(s->library, answer);
	ck_assert_int_eq(gsasl_server_start(s->library, mechanism, &s->session), GSASL_OK);
	gsasl_session_hook_set(s->session, s);
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

static struct ptn_sasl *open_client(const char *mechanism, const char *user, const char *password)
{
	const struct ptn_sasl_login login = {user, password, "mail.example.org"};
	struct ptn_sasl *c = NULL;

	ck_assert_int_eq(ptn_sasl_new(&c, mechanism, &login), 0);
	ck_assert_ptr_nonnull(c);
	return c;
}

/* Client and server talk until one ends: gives what both say, as client * 1000 + server. */
static int talk(const char *mechanism, const char *user, const char *password, const char *right)
{
	struct ptn_sasl *c = open_client(mechanism, user, password);
	struct server s;
	const char *out = NULL;
	size_t n = 0;
	int client = PTN_SASL_MORE, server = GSASL_NEEDS_MORE;

	open_server(&s, mechanism, user, right);
	if (!ptn_sasl_client_first(mechanism))
		server = serve(&s, NULL, 0);
	while (client == PTN_SASL_MORE) {
		client = ptn_sasl_step(c, s.out, s.n, &out, &n);
		if (server != GSASL_NEEDS_MORE)
			break;
		if (client != PTN_SASL_FAIL)
			server = serve(&s, out, n);
		if (server != GSASL_NEEDS_MORE && server != GSASL_OK)
			break;
	}
	close_server(&s);
	ptn_sasl_free(c);
	return client * 1000 + server;
}

static const char *const mechanisms[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN",
					 "CRAM-MD5"};

enum { MECHANISMS = sizeof mechanisms / sizeof mechanisms[0] };

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
		ck_assert_int_eq(talk(mechanisms[_i], logins[i].user, logins[i].password,
				      logins[i].password),
				 PTN_SASL_DONE * 1000 + GSASL_OK);
}
END_TEST

START_TEST(a_wrong_password_does_not)
{
	int both = talk(mechanisms[_i], "user", "pencil", "Pencil");

	ck_assert_int_ne(both % 1000, GSASL_OK);
	ck_assert_int_ne(both % 1000, GSASL_NEEDS_MORE);
}
END_TEST

/* The server does not know an empty password from none: only our side is looked at. */
START_TEST(an_empty_password_is_sent)
{
	struct ptn_sasl *c = open_client(mechanisms[_i], "user", "");
	const char *out;
	size_t n;
	int first = ptn_sasl_client_first(mechanisms[_i]);

	ck_assert_int_ne(ptn_sasl_step(c, first ? NULL : "<1@x>", first ? 0 : 5, &out, &n),
			 PTN_SASL_FAIL);
	ck_assert_uint_gt(n, 0);
	ptn_sasl_free(c);
}
END_TEST

/* ---- Known answers ------------------------------------------------------------------------ */

static void expect(struct ptn_sasl *c, const char *in, size_t in_len, int result, const char *out,
		   size_t out_len)
{
	const char *got;
	size_t n;

	ck_assert_int_eq(ptn_sasl_step(c, in, in_len, &got, &n), result);
	ck_assert_ptr_nonnull(got);
	ck_assert_uint_eq(n, out_len);
	ck_assert(memcmp(got, out, n) == 0);
}

static void expect_text(struct ptn_sasl *c, const char *in, int result, const char *out)
{
	expect(c, in, in ? strlen(in) : 0, result, out, strlen(out));
}

START_TEST(plain_of_rfc_4616)
{
	struct ptn_sasl *c = open_client("PLAIN", "tim", "tanstaaftanstaaf");

	expect(c, NULL, 0, PTN_SASL_DONE, "\0tim\0tanstaaftanstaaf", 21);
	ptn_sasl_free(c);
}
END_TEST

START_TEST(cram_md5_of_rfc_2195)
{
	struct ptn_sasl *c = open_client("CRAM-MD5", "tim", "tanstaaftanstaaf");

	expect_text(c, "<1896.697170952@postoffice.reston.mci.net>", PTN_SASL_DONE,
		    "tim b913a602c7eda7a495b4e6e7334d3890");
	ptn_sasl_free(c);
}
END_TEST

/* The client's nonce of RFC 7677 has 20 octets and libgsasl's always 24, so the third row has the
 * one of RFC 5802; its proof and signature were computed apart from libgsasl. */
static const struct {
	const char *mechanism, *server_first, *client_final, *server_final;
} scram[] = {
	{"SCRAM-SHA-1", "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
	 "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	 "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
	{"SCRAM-SHA-1", /* an extension behind the verifier */
	 "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
	 "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
	 "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,x=y"},
	{"SCRAM-SHA-256",
	 "r=fyko+d2lbbFgONRv9qkxdawL%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i="
	 "4096",
	 "c=biws,r=fyko+d2lbbFgONRv9qkxdawL%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,"
	 "p=2FUSN0pPcS7P8hBhsxBJOiUDbRoW4KVNGZT0LxVnSek=",
	 "v=zJZjsVp2g+W9jd01vgbsshippfH1sM0tLdBvs+e3DF4="},
};

START_TEST(scram_known_answers)
{
	struct ptn_sasl *c;

	fixed_nonce = 1;
	c = open_client(scram[_i].mechanism, "user", "pencil");
	if (nonce_was_fixed) { /* where a library's calls of its own can be taken over */
		expect_text(c, NULL, PTN_SASL_MORE, "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL");
		expect_text(c, scram[_i].server_first, PTN_SASL_MORE, scram[_i].client_final);
		expect_text(c, scram[_i].server_final, PTN_SASL_DONE, "");
		expect_text(c, scram[_i].server_final, PTN_SASL_FAIL, "");
	}
	ptn_sasl_free(c);
}
END_TEST

START_TEST(scram_nonces_differ)
{
	char seen[64] = "";

	for (int i = 0; i < 3; i++) {
		struct ptn_sasl *c = open_client("SCRAM-SHA-256", "a,b=c", "pencil");
		const char *out;
		size_t n;

		ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
		ck_assert_uint_lt(n, sizeof seen);
		/* no channel binding, no authzid, and the user escaped */
		ck_assert(memcmp(out, "n,,n=a=2Cb=3Dc,r=", 17) == 0);
		ck_assert_uint_ge(n, 17 + 24);
		ck_assert(memcmp(seen, out, n) != 0);
		memcpy(seen, out, n);
		ptn_sasl_free(c);
	}
}
END_TEST

/* ---- Hostile servers ---------------------------------------------------------------------- */

#define SALT "QSXCR+Q6sek8bf92"

/* In a message @ stands for our nonce, and # for a NUL. */
static size_t fill(char *to, const char *text, const char *nonce, size_t nonce_len)
{
	char *at = to;

	for (; *text; text++) {
		if (*text == '@') {
			memcpy(at, nonce, nonce_len);
			at += nonce_len;
		} else {
			*at++ = *text == '#' ? '\0' : *text;
		}
	}
	return (size_t)(at - to);
}

static const struct {
	const char *row, *message;
	int result, fault;
} server_first[] = {
	{"S-07 i=1", "r=@x,s=" SALT ",i=1", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 i=4095", "r=@x,s=" SALT ",i=4095", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 i=0", "r=@x,s=" SALT ",i=0", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 i=1000001", "r=@x,s=" SALT ",i=1000001", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 2^32+1", "r=@x,s=" SALT ",i=4294967297", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 2^64+1", "r=@x,s=" SALT ",i=18446744073709551617", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_UNSAFE},
	{"S-07 2^64+4096", "r=@x,s=" SALT ",i=18446744073709555712", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_UNSAFE},
	{"S-07 i=04096", "r=@x,s=" SALT ",i=04096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i=4096x", "r=@x,s=" SALT ",i=4096x", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i=+4096", "r=@x,s=" SALT ",i=+4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i=-1", "r=@x,s=" SALT ",i=-1", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i= 4096", "r=@x,s=" SALT ",i= 4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i=", "r=@x,s=" SALT ",i=", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i", "r=@x,s=" SALT ",i", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 missing", "r=@x,s=" SALT, PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 missing, comma", "r=@x,s=" SALT ",", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 least", "r=@x,s=" SALT ",i=4096", PTN_SASL_MORE, 0},
	{"S-07 many", "r=@x,s=" SALT ",i=600000", PTN_SASL_MORE, 0},
	{"S-08 other nonce", "r=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,s=" SALT ",i=4096", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_UNSAFE},
	{"S-08 nonce behind", "r=x@,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-08 ours alone", "r=@,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-08 empty nonce", "r=,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-08 nonce with blank", "r=@ x,s=" SALT ",i=4096", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_MALFORMED},
	{"S-08 nonce with 8 bits", "r=@\xE4,s=" SALT ",i=4096", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_MALFORMED},
	{"S-08 empty salt", "r=@x,s=,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-08 salt not base64", "r=@x,s=AAA,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 salt not base64", "r=@x,s=A*AA,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 salt not canonical", "r=@x,s=AB==,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 m= first", "m=ext,r=@x,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 m= second", "r=@x,m=ext,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 extension", "r=@x,s=" SALT ",i=4096,x=y", PTN_SASL_MORE, 0},
	{"S-08 NUL in nonce", "r=@x#,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 NUL in salt", "r=@x,s=QUFB#,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 NUL in count", "r=@x,s=" SALT ",i=4096#", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 NUL in extension", "r=@x,s=" SALT ",i=4096,x=#", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_MALFORMED},
	{"order", "s=" SALT ",r=@x,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"case", "R=@x,S=" SALT ",I=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"empty", "", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-09 e= at once", "e=unknown-user", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN},
	{"S-09 v= at once", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_MALFORMED},
	{"S-10 words", "NTLM supported", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
};

static void first_message(const char *mechanism, int row)
{
	struct ptn_sasl *c = open_client(mechanism, "user", "pencil");
	char message[256];
	const char *out;
	size_t n;
	int result;

	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
	n = fill(message, server_first[row].message, out + 12, n - 12); /* behind n,,n=user,r= */
	result = ptn_sasl_step(c, message, n, &out, &n);
	ck_assert_msg(result == server_first[row].result, "%s: %d, %s", server_first[row].row,
		      result, ptn_sasl_detail(c));
	ck_assert_msg(ptn_sasl_fault(c) == server_first[row].fault, "%s: %s", server_first[row].row,
		      ptn_fault_id(ptn_sasl_fault(c)));
	ck_assert_int_eq(result == PTN_SASL_FAIL, ptn_sasl_detail(c)[0] != '\0');
	ck_assert_int_eq(result == PTN_SASL_FAIL, n == 0);
	ptn_sasl_free(c);
}

START_TEST(scram_server_first)
{
	first_message("SCRAM-SHA-256", _i);
	first_message("SCRAM-SHA-1", _i);
}
END_TEST

/* = stands for the right signature, ~ for one with a bit changed, # for a NUL. */
static const struct {
	const char *row, *message;
	int result, fault;
	const char *detail; /* a part of it */
} server_final[] = {
	{"right", "v==", PTN_SASL_DONE, 0, ""},
	{"right, extension", "v==,x=y", PTN_SASL_DONE, 0, ""},
	{"S-09 one bit", "v=~", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 cut", "v=AAAA", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 nothing", "v=", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 doubled", "v===", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 not base64", "v=****", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 missing", "x=y", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "missing"},
	{"S-09 second", "x=y,v==", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "missing"},
	{"S-09 empty", "", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "missing"},
	{"S-09 NUL", "v==#", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED, "NUL"},
	{"S-09 error", "e=other-error", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "e=other-error"},
	{"S-09 error", "e=invalid-proof", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN,
	 "e=invalid-proof"},
	{"S-09 unknown error", "e=\x1B[2J", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "of its own"},
	{"S-09 both", "e=other-error,v==", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "e=other-error"},
	{"S-09 again", "r=@x,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "missing"},
};

static size_t fill_final(char *to, const char *text, const struct server *s)
{
	char *at = to;

	for (size_t i = 0; text[i]; i++) {
		if ((text[i] == '=' && i > 1 && text[i - 1] == '=') || text[i] == '~') {
			memcpy(at, s->out + 2, s->n - 2);
			if (text[i] == '~')
				at[5] = (char)(at[5] == 'A' ? 'B' : 'A');
			at += s->n - 2;
		} else {
			*at++ = text[i] == '#' ? '\0' : text[i];
		}
	}
	return (size_t)(at - to);
}

START_TEST(an_unknown_extension_is_named_so)
{
	struct ptn_sasl *c = open_client("SCRAM-SHA-1", "user", "pencil");
	const char *out;
	size_t n;

	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
	expect_text(c, "m=ext,r=x,s=" SALT ",i=4096", PTN_SASL_FAIL, "");
	ck_assert_ptr_nonnull(strstr(ptn_sasl_detail(c), "extension"));
	ptn_sasl_free(c);
}
END_TEST

START_TEST(scram_server_final)
{
	struct ptn_sasl *c = open_client("SCRAM-SHA-256", "user", "pencil");
	struct server s;
	char message[256];
	const char *out, *detail;
	size_t n;

	open_server(&s, "SCRAM-SHA-256", "user", "pencil");
	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
	ck_assert_int_eq(serve(&s, out, n), GSASL_NEEDS_MORE);
	ck_assert_int_eq(ptn_sasl_step(c, s.out, s.n, &out, &n), PTN_SASL_MORE);
	ck_assert_int_eq(serve(&s, out, n), GSASL_OK);
	n = fill_final(message, server_final[_i].message, &s);
	ck_assert_msg(ptn_sasl_step(c, message, n, &out, &n) == server_final[_i].result, "%s",
		      server_final[_i].row);
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(ptn_sasl_fault(c), server_final[_i].fault);
	detail = ptn_sasl_detail(c);
	ck_assert_msg(strstr(detail, server_final[_i].detail) != NULL, "%s: %s",
		      server_final[_i].row, detail);
	close_server(&s);
	ptn_sasl_free(c);
}
END_TEST

/* S-04: the exchange is not done before the server's signature was seen, so that a 235 that comes
 * after our first or our second message is refused by whoever asks for DONE. */
START_TEST(s_04_scram_is_done_with_the_signature_only)
{
	struct ptn_sasl *c = open_client("SCRAM-SHA-1", "user", "pencil");
	struct server s;
	const char *out;
	size_t n;

	open_server(&s, "SCRAM-SHA-1", "user", "pencil");
	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
	serve(&s, out, n);
	ck_assert_int_eq(ptn_sasl_step(c, s.out, s.n, &out, &n), PTN_SASL_MORE);
	serve(&s, out, n);
	ck_assert_int_eq(ptn_sasl_step(c, s.out, s.n, &out, &n), PTN_SASL_DONE);
	close_server(&s);
	ptn_sasl_free(c);
}
END_TEST

/* And not even if the library below were to say so. */
START_TEST(s_04_an_early_ok_is_not_taken)
{
	struct ptn_sasl *c = open_client("SCRAM-SHA-1", "user", "pencil");
	char message[256];
	const char *out;
	size_t n;

	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
	n = fill(message, "r=@x,s=" SALT ",i=4096", out + 12, n - 12);
	early_ok = 1;
	ck_assert_int_eq(ptn_sasl_step(c, message, n, &out, &n), PTN_SASL_FAIL);
	ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_AUTH_UNPROVEN);
	ck_assert_uint_eq(n, 0);
	ptn_sasl_free(c);
}
END_TEST

/* ---- LOGIN and the rest ------------------------------------------------------------------- */

static const struct {
	const char *first, *second;
	size_t first_len, second_len;
} prompts[] = {
	{"Username:", "Password:", 9, 9},
	{"User Name", "Password", 10, 9}, /* each with its NUL, as first drafted */
	{"Password:", "Username:", 9, 9}, /* S-13: the text is not interpreted */
	{"", "", 0, 0},
	{NULL, NULL, 0, 0},
	{"\xFF\x00\x1B", "\r\n", 3, 2},
};

START_TEST(s_13_login_does_not_read_prompts)
{
	struct ptn_sasl *c = open_client("LOGIN", "tim", "tanstaaf");

	expect(c, prompts[_i].first, prompts[_i].first_len, PTN_SASL_MORE, "tim", 3);
	ck_assert_uint_gt(last_input, 0); /* what an empty one does differs by release */
	expect(c, prompts[_i].second, prompts[_i].second_len, PTN_SASL_DONE, "tanstaaf", 8);
	/* a third prompt: cancelled */
	expect_text(c, "Password:", PTN_SASL_FAIL, "");
	ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_AUTH_MALFORMED);
	ptn_sasl_free(c);
}
END_TEST

/* libgsasl would answer each further step of PLAIN with the password again. */
START_TEST(nothing_follows_done)
{
	struct ptn_sasl *c = open_client("PLAIN", "tim", "tanstaaf");

	expect(c, NULL, 0, PTN_SASL_DONE, "\0tim\0tanstaaf", 13);
	for (int i = 0; i < 3; i++) {
		expect_text(c, i ? "again" : NULL, PTN_SASL_FAIL, "");
		ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_AUTH_MALFORMED);
	}
	ptn_sasl_free(c);
}
END_TEST

/* The 334 that answers an AUTH without initial response should be empty, and is not everywhere. */
START_TEST(text_before_the_first_response_is_nothing)
{
	struct ptn_sasl *c = open_client("PLAIN", "tim", "tanstaaf");

	expect(c, "go on", 5, PTN_SASL_DONE, "\0tim\0tanstaaf", 13);
	ptn_sasl_free(c);
}
END_TEST

START_TEST(cram_md5_challenges)
{
	static char big[12288];
	const char *out;
	size_t n;
	struct ptn_sasl *c = open_client("CRAM-MD5", "tim", "tanstaaf");

	expect_text(c, NULL, PTN_SASL_FAIL, "");
	ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_AUTH_MALFORMED);
	ptn_sasl_free(c);
	c = open_client("CRAM-MD5", "tim", "tanstaaf");
	expect(c, "<1\0@x>", 6, PTN_SASL_FAIL, "", 0);
	ptn_sasl_free(c);
	memset(big, 'x', sizeof big); /* S-11 */
	c = open_client("CRAM-MD5", "tim", "tanstaaf");
	ck_assert_int_eq(ptn_sasl_step(c, big, sizeof big, &out, &n), PTN_SASL_DONE);
	ck_assert_uint_eq(n, 4 + 32);
	ptn_sasl_free(c);
}
END_TEST

/* R-16: a server, and a library, that never come to an end. */
START_TEST(rounds_are_bounded)
{
	struct ptn_sasl *c = open_client("LOGIN", "tim", "tanstaaf");
	const char *out;
	size_t n;
	int rounds = 0;

	step_rc = GSASL_NEEDS_MORE;
	while (ptn_sasl_step(c, "BugsYouHate", 11, &out, &n) == PTN_SASL_MORE)
		ck_assert_int_le(++rounds, 8);
	ck_assert_int_eq(rounds, 8);
	ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_AUTH_MALFORMED);
	ptn_sasl_free(c);
}
END_TEST

/* What SASLprep (RFC 4013) forbids, and what libgsasl forbids beyond it.  PLAIN and LOGIN send the
 * octets as they are. */
START_TEST(saslprep)
{
	static const char *const forbidden[] = {"\xEE\x80\x80", "\xF0\x9F\x94\x91", "\xD7\x90z",
						"\xFF"};
	const char *mechanism = mechanisms[_i];
	int prepares = strcmp(mechanism, "PLAIN") != 0 && strcmp(mechanism, "LOGIN") != 0;

	for (size_t i = 0; i < sizeof forbidden / sizeof forbidden[0]; i++) {
		const struct ptn_sasl_login login = {"user", forbidden[i], NULL};
		const struct ptn_sasl_login other = {forbidden[i], "pencil", NULL};
		struct ptn_sasl *c;

		ck_assert_int_eq(ptn_sasl_new(&c, mechanism, &login),
				 prepares ? POSTERN_E_MECHANISM : 0);
		ptn_sasl_free(c);
		ck_assert_int_eq(ptn_sasl_new(&c, mechanism, &other),
				 prepares ? POSTERN_E_MECHANISM : 0);
		ptn_sasl_free(c);
	}
	/* A no-break space is mapped to a blank. */
	if (prepares)
		ck_assert_int_eq(talk(mechanism, "user", "a\xC2\xA0z", "a z"),
				 PTN_SASL_DONE * 1000 + GSASL_OK);
}
END_TEST

/* Characters that come to nothing in it: a user without a name. */
START_TEST(saslprep_may_leave_no_user)
{
	struct ptn_sasl *c = open_client("SCRAM-SHA-1", "\xC2\xAD", "x");

	expect_text(c, NULL, PTN_SASL_FAIL, "");
	ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_ARGUMENT);
	ptn_sasl_free(c);
	c = open_client("CRAM-MD5", "tim", "\x01"); /* past the checks of arguments */
	expect_text(c, "<1@x>", PTN_SASL_FAIL, "");
	ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_ARGUMENT);
	ck_assert_ptr_nonnull(strstr(ptn_sasl_detail(c), "SASLprep"));
	ptn_sasl_free(c);
}
END_TEST

/* ---- Failures ----------------------------------------------------------------------------- */

START_TEST(what_is_not_ours_is_not_started)
{
	static const char *const names[] = {
		"", "plain", "NTLM", "ANONYMOUS", "DIGEST-MD5", "GSSAPI", "SCRAM-SHA-256-PLUS"};
	const struct ptn_sasl_login login = {"tim", "x", NULL};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct ptn_sasl *c = (struct ptn_sasl *)1;

		ck_assert_int_eq(ptn_sasl_new(&c, names[i], &login), POSTERN_E_MECHANISM);
		ck_assert_ptr_null(c);
	}
	ptn_sasl_free(NULL);
}
END_TEST

static int try_new(const char *mechanism)
{
	const struct ptn_sasl_login login = {"tim", "x", NULL};
	struct ptn_sasl *c = NULL;
	int rc = ptn_sasl_new(&c, mechanism, &login);

	ck_assert_int_eq(rc == 0, c != NULL);
	ptn_sasl_free(c);
	return rc;
}

START_TEST(a_failing_library)
{
	init_rc = GSASL_MALLOC_ERROR;
	ck_assert_int_eq(try_new("PLAIN"), POSTERN_E_NOMEM);
	init_rc = GSASL_CRYPTO_ERROR;
	ck_assert_int_eq(try_new("PLAIN"), POSTERN_E_MECHANISM);
	init_rc = 0;
	start_rc = GSASL_MALLOC_ERROR;
	ck_assert_int_eq(try_new("PLAIN"), POSTERN_E_NOMEM);
	start_rc = GSASL_UNKNOWN_MECHANISM;
	ck_assert_int_eq(try_new("PLAIN"), POSTERN_E_MECHANISM);
	start_rc = 0;
	drop_property = GSASL_AUTHID;
	ck_assert_int_eq(try_new("PLAIN"), POSTERN_E_NOMEM);
	drop_property = GSASL_PASSWORD;
	ck_assert_int_eq(try_new("PLAIN"), POSTERN_E_NOMEM);
	drop_property = -1;
	ck_assert_int_eq(try_new("PLAIN"), 0);
}
END_TEST

static int fault_of_step(const char *mechanism)
{
	struct ptn_sasl *c = open_client(mechanism, "tim", "x");
	int fault;

	expect_text(c, ptn_sasl_client_first(mechanism) ? NULL : "?", PTN_SASL_FAIL, "");
	fault = ptn_sasl_fault(c);
	ptn_sasl_free(c);
	return fault;
}

START_TEST(a_failing_step)
{
	step_rc = GSASL_MALLOC_ERROR;
	ck_assert_int_eq(fault_of_step("PLAIN"), PTN_FAULT_NO_MEMORY);
	step_rc = GSASL_MECHANISM_PARSE_ERROR;
	ck_assert_int_eq(fault_of_step("LOGIN"), PTN_FAULT_AUTH_MALFORMED);
	step_rc = GSASL_AUTHENTICATION_ERROR;
	ck_assert_int_eq(fault_of_step("SCRAM-SHA-1"), PTN_FAULT_ARGUMENT);
	step_rc = 0;
	lose_output = 1; /* a length without octets */
	ck_assert_int_eq(fault_of_step("LOGIN"), PTN_FAULT_NO_MEMORY);
}
END_TEST

/* Each request for memory of ours fails in turn, through a whole exchange. */
START_TEST(memory_fails_at_each_place)
{
	int granted = 0, result = 0;

	for (; result != PTN_SASL_DONE; granted++) {
		const struct ptn_sasl_login login = {"user", "pencil", NULL};
		struct ptn_sasl *c = NULL;
		const char *out;
		char message[256];
		size_t n;
		int rc;

		ck_assert_int_lt(granted, 20);
		grants = granted;
		rc = ptn_sasl_new(&c, "SCRAM-SHA-1", &login);
		result = rc ? PTN_SASL_FAIL : ptn_sasl_step(c, NULL, 0, &out, &n);
		if (result == PTN_SASL_MORE) {
			n = fill(message, "r=@x,s=" SALT ",i=4096", out + 12, n - 12);
			result = ptn_sasl_step(c, message, n, &out, &n);
		}
		grants = -1;
		ck_assert(rc == 0 || rc == POSTERN_E_NOMEM);
		if (!rc && result == PTN_SASL_FAIL)
			ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_NO_MEMORY);
		ptn_sasl_free(c);
		if (result == PTN_SASL_MORE)
			break;
	}
	ck_assert_int_eq(granted, 3); /* the exchange, our nonce, the salt */
}
END_TEST

/* Without a process of its own for each test, nothing of one may reach the next. */
static void begin_anew(void)
{
	grants = -1;
	init_rc = start_rc = step_rc = 0;
	drop_property = -1;
	lose_output = early_ok = 0;
	last_input = 0;
	fixed_nonce = nonce_was_fixed = 0;
}

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "gsasl");

	tcase_add_checked_fixture(t, begin_anew, NULL);

	tcase_add_loop_test(t, every_mechanism_signs_in, 0, MECHANISMS);
	tcase_add_loop_test(t, a_wrong_password_does_not, 0, MECHANISMS);
	tcase_add_loop_test(t, an_empty_password_is_sent, 0, MECHANISMS);
	tcase_add_test(t, plain_of_rfc_4616);
	tcase_add_test(t, cram_md5_of_rfc_2195);
	EACH(t, scram_known_answers, scram);
	tcase_add_test(t, scram_nonces_differ);
	EACH(t, scram_server_first, server_first);
	tcase_add_test(t, an_unknown_extension_is_named_so);
	EACH(t, scram_server_final, server_final);
	tcase_add_test(t, s_04_scram_is_done_with_the_signature_only);
	tcase_add_test(t, s_04_an_early_ok_is_not_taken);
	EACH(t, s_13_login_does_not_read_prompts, prompts);
	tcase_add_test(t, nothing_follows_done);
	tcase_add_test(t, text_before_the_first_response_is_nothing);
	tcase_add_test(t, cram_md5_challenges);
	tcase_add_test(t, rounds_are_bounded);
	tcase_add_loop_test(t, saslprep, 0, MECHANISMS);
	tcase_add_test(t, saslprep_may_leave_no_user);
	tcase_add_test(t, what_is_not_ours_is_not_started);
	tcase_add_test(t, a_failing_library);
	tcase_add_test(t, a_failing_step);
	tcase_add_test(t, memory_fails_at_each_place);
}
