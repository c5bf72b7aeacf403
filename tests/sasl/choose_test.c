/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "main.h"
#include "sasl/choose.h"

#define ALL_PASSWORD \
	"CRAM-MD5 LOGIN PLAIN SCRAM-SHA-1 SCRAM-SHA-256 SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS"
#define ALL_OTHER "ANONYMOUS NTLM DIGEST-MD5 GSSAPI GS2-KRB5 EXTERNAL SECURID OAUTHBEARER XOAUTH2"

static void expect(const char *got, const char *wanted)
{
	if (wanted)
		ck_assert_str_eq(got, wanted);
	else
		ck_assert_ptr_null(got);
}

static const char *choose(const char *offered, const char *allowed, const char *tried)
{
	const struct ptn_sasl_case c = {.offered = offered,
					.allowed = allowed,
					.tried = tried,
					.held = PTN_SASL_PASSWORD,
					.encrypted = 1};

	return ptn_sasl_choose(&c);
}

static const struct {
	const char *offered, *allowed, *tried, *chosen;
} rows[] = {
	/* the default order */
	{"PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256", NULL, NULL, "SCRAM-SHA-256"},
	{"PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1", NULL, NULL, "SCRAM-SHA-1"},
	{"CRAM-MD5 LOGIN PLAIN", NULL, NULL, "PLAIN"},
	{"CRAM-MD5 LOGIN", NULL, NULL, "LOGIN"},
	{"CRAM-MD5", NULL, NULL, "CRAM-MD5"},
	{"", NULL, NULL, NULL},
	{NULL, NULL, NULL, NULL},
	/* never by themselves */
	{ALL_OTHER, NULL, NULL, NULL},
	{"GSSAPI NTLM DIGEST-MD5 PLAIN", NULL, NULL, "PLAIN"},
	/* with nothing to bind */
	{"SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS", NULL, NULL, NULL},
	{"SCRAM-SHA-256-PLUS SCRAM-SHA-1", NULL, NULL, "SCRAM-SHA-1"},
	/* nor what is not known here, or needs what is not held, when named */
	{"SECURID", "SECURID", NULL, NULL},
	{"OAUTHBEARER XOAUTH2", "OAUTHBEARER XOAUTH2", NULL, NULL},
	{"EXTERNAL PLAIN", "EXTERNAL PLAIN", NULL, "PLAIN"},
	{"DIGEST-MD5 PLAIN", "DIGEST-MD5", NULL, "DIGEST-MD5"},
	{"NTLM PLAIN", "NTLM,PLAIN", NULL, "NTLM"},
	/* whole words only */
	{"SCRAM-SHA-256-PLUSX", NULL, NULL, NULL},
	{"PLAINX XPLAIN PLAI LAIN PLAIN- -PLAIN", NULL, NULL, NULL},
	{"SCRAM-SHA-25 SCRAM-SHA-2566 SCRAM-SHA-1X CRAM-MD5X XLOGIN LOGINS", NULL, NULL, NULL},
	{"SCRAM-SHA-2566 PLAIN", NULL, NULL, "PLAIN"},
	{"PLAIN;LOGIN PLAIN/LOGIN PLAIN=1", NULL, NULL, NULL},
	/* the old form of the keyword is capability's business: what is left of it is no name */
	{"AUTH=LOGIN", NULL, NULL, NULL},
	{"AUTH=LOGIN PLAIN", NULL, NULL, "PLAIN"},
	{"=LOGIN = AUTH AUTH=", NULL, NULL, NULL},
	/* any case, any blanks */
	{"plain", NULL, NULL, "PLAIN"},
	{"  ScRaM-sHa-256\tPlain ", NULL, NULL, "SCRAM-SHA-256"},
	{"PLAIN,LOGIN", NULL, NULL, "PLAIN"},
	{"PLAIN PLAIN PLAIN", NULL, NULL, "PLAIN"},
	/* beyond ASCII there is no case */
	{"PLA\xC4\xB0N LOG\xC4\xB1N", NULL, NULL, NULL},
	/* S-01: the caller's list is the floor */
	{"PLAIN LOGIN", "SCRAM-SHA-256 SCRAM-SHA-1", NULL, NULL},
	{"SCRAM-SHA-256 PLAIN", "PLAIN", NULL, "PLAIN"},
	{"SCRAM-SHA-256 PLAIN LOGIN", "login,plain", NULL, "LOGIN"},
	{"SCRAM-SHA-256 PLAIN", "X-OTHER PLAIN", NULL, "PLAIN"},
	{"SCRAM-SHA-256 PLAIN", "", NULL, NULL},
	{"SCRAM-SHA-256 PLAIN", " , ", NULL, NULL},
	{"CRAM-MD5", "CRAM-MD5", NULL, "CRAM-MD5"},
	/* not again */
	{"SCRAM-SHA-256 PLAIN", NULL, "SCRAM-SHA-256", "PLAIN"},
	{"SCRAM-SHA-256 PLAIN", NULL, "scram-sha-256 plain", NULL},
	{"SCRAM-SHA-256 PLAIN", "PLAIN SCRAM-SHA-256", "PLAIN", "SCRAM-SHA-256"},
	{"PLAIN", NULL, "PLAINX", "PLAIN"},
	{"PLAIN", NULL, "", "PLAIN"},
};

START_TEST(the_table)
{
	struct ptn_sasl_case c = {.offered = rows[_i].offered,
				  .allowed = rows[_i].allowed,
				  .tried = rows[_i].tried,
				  .encrypted = 1};

	expect(choose(rows[_i].offered, rows[_i].allowed, rows[_i].tried), rows[_i].chosen);
	/* Nothing to sign in with. */
	expect(ptn_sasl_choose(&c), NULL);
	ck_assert_int_eq(ptn_sasl_why_none(&c), PTN_FAULT_AUTH_NO_MECHANISM);
}
END_TEST

enum { ENCRYPTED = 1, BINDABLE = 2, REQUIRED = 4, TLS = ENCRYPTED | BINDABLE };

static const struct {
	const char *offered, *allowed;
	unsigned held;
	int state, least;
	const char *chosen; /* NULL: none, for want of a mechanism; "": of binding */
} cases[] = {
	/* S-05: bound where it can be */
	{ALL_PASSWORD, NULL, PTN_SASL_PASSWORD, TLS, 0, "SCRAM-SHA-256-PLUS"},
	{"SCRAM-SHA-1-PLUS SCRAM-SHA-256", NULL, PTN_SASL_PASSWORD, TLS, 0, "SCRAM-SHA-1-PLUS"},
	{ALL_PASSWORD, NULL, PTN_SASL_PASSWORD, ENCRYPTED, 0, "SCRAM-SHA-256"},
	/* whatever the order, it is -PLUS that is said, if it may be */
	{ALL_PASSWORD, "SCRAM-SHA-1 SCRAM-SHA-1-PLUS", PTN_SASL_PASSWORD, TLS, 0,
	 "SCRAM-SHA-1-PLUS"},
	{ALL_PASSWORD, "SCRAM-SHA-256 SCRAM-SHA-1-PLUS", PTN_SASL_PASSWORD, TLS, 0,
	 "SCRAM-SHA-256"},
	{ALL_PASSWORD, "SCRAM-SHA-256", PTN_SASL_PASSWORD, TLS, 0, "SCRAM-SHA-256"},
	{ALL_PASSWORD, "PLAIN SCRAM-SHA-256-PLUS", PTN_SASL_PASSWORD, TLS, 0, "PLAIN"},
	/* required */
	{ALL_PASSWORD, NULL, PTN_SASL_PASSWORD, TLS | REQUIRED, 0, "SCRAM-SHA-256-PLUS"},
	{ALL_PASSWORD, NULL, PTN_SASL_PASSWORD, ENCRYPTED | REQUIRED, 0, ""},
	{"SCRAM-SHA-256 PLAIN", NULL, PTN_SASL_PASSWORD, TLS | REQUIRED, 0, ""},
	{ALL_PASSWORD, "PLAIN SCRAM-SHA-256", PTN_SASL_PASSWORD, TLS | REQUIRED, 0, ""},
	{"OAUTHBEARER", NULL, PTN_SASL_TOKEN, TLS | REQUIRED, 0, ""},
	{"EXTERNAL", "EXTERNAL", PTN_SASL_CERTIFICATE, TLS | REQUIRED, 0, ""},
	{"FOO", NULL, PTN_SASL_PASSWORD, TLS | REQUIRED, 0, NULL},
	/* a token is for its own mechanisms, and they for it */
	{ALL_PASSWORD " XOAUTH2 OAUTHBEARER", NULL, PTN_SASL_TOKEN, TLS, 0, "OAUTHBEARER"},
	{ALL_PASSWORD " XOAUTH2", NULL, PTN_SASL_TOKEN, TLS, 0, "XOAUTH2"},
	{ALL_PASSWORD, NULL, PTN_SASL_TOKEN, TLS, 0, NULL},
	{"XOAUTH2 OAUTHBEARER", "XOAUTH2 OAUTHBEARER", PTN_SASL_TOKEN, TLS, 0, "XOAUTH2"},
	{"XOAUTH2 OAUTHBEARER", NULL, PTN_SASL_PASSWORD, TLS, 0, NULL},
	/* a certificate counts when named, and under TLS */
	{"EXTERNAL PLAIN", NULL, PTN_SASL_CERTIFICATE, TLS, 0, NULL},
	{"EXTERNAL PLAIN", "EXTERNAL", PTN_SASL_CERTIFICATE, TLS, 0, "EXTERNAL"},
	{"EXTERNAL PLAIN", "EXTERNAL", PTN_SASL_CERTIFICATE, 0, 0, NULL},
	{"EXTERNAL PLAIN", "EXTERNAL PLAIN", PTN_SASL_CERTIFICATE | PTN_SASL_PASSWORD, TLS, 0,
	 "EXTERNAL"},
	{"EXTERNAL PLAIN", "EXTERNAL PLAIN", PTN_SASL_PASSWORD, TLS, 0, "PLAIN"},
	/* neither tickets nor nothing are used unnamed */
	{ALL_OTHER, NULL, PTN_SASL_TICKET | PTN_SASL_NOTHING, TLS, 0, NULL},
	{ALL_OTHER, "GSSAPI ANONYMOUS", PTN_SASL_TICKET | PTN_SASL_NOTHING, TLS, 0, "GSSAPI"},
	{ALL_OTHER, "ANONYMOUS", PTN_SASL_TICKET | PTN_SASL_NOTHING, TLS, 0, "ANONYMOUS"},
	/* without TLS CRAM-MD5 must be named */
	{"CRAM-MD5", NULL, PTN_SASL_PASSWORD, 0, 0, NULL},
	{"CRAM-MD5", "CRAM-MD5", PTN_SASL_PASSWORD, 0, 0, "CRAM-MD5"},
	{"CRAM-MD5 PLAIN", NULL, PTN_SASL_PASSWORD, 0, 0, "PLAIN"},
	{"PLAIN SCRAM-SHA-1", NULL, PTN_SASL_PASSWORD, 0, 0, "SCRAM-SHA-1"},
	/* S-03: after 504 or 534 not a weaker one */
	{"PLAIN LOGIN", NULL, PTN_SASL_PASSWORD, TLS, 1, "PLAIN"},
	{"PLAIN LOGIN CRAM-MD5", NULL, PTN_SASL_PASSWORD, TLS, 2, "CRAM-MD5"},
	{"PLAIN LOGIN CRAM-MD5", NULL, PTN_SASL_PASSWORD, TLS, 3, NULL},
	{"PLAIN SCRAM-SHA-1", NULL, PTN_SASL_PASSWORD, TLS, 4, NULL},
	{"PLAIN SCRAM-SHA-1 SCRAM-SHA-256", NULL, PTN_SASL_PASSWORD, TLS, 4, "SCRAM-SHA-256"},
	{"SCRAM-SHA-256", NULL, PTN_SASL_PASSWORD, TLS, 6, NULL},
	{"SCRAM-SHA-1-PLUS", NULL, PTN_SASL_PASSWORD, TLS, 7, NULL},
};

START_TEST(the_cases)
{
	const struct ptn_sasl_case c = {.offered = cases[_i].offered,
					.allowed = cases[_i].allowed,
					.held = cases[_i].held,
					.encrypted = cases[_i].state & ENCRYPTED,
					.bindable = cases[_i].state & BINDABLE,
					.binding_required = cases[_i].state & REQUIRED,
					.least = cases[_i].least};
	const char *wanted = cases[_i].chosen;

	expect(ptn_sasl_choose(&c), wanted && *wanted ? wanted : NULL);
	if (!wanted || !*wanted)
		ck_assert_str_eq(ptn_fault_id(ptn_sasl_why_none(&c)),
				 wanted ? "auth-no-channel-binding" : "auth-no-mechanism");
}
END_TEST

/* A list of 10,000 words on either side takes no time to speak of. */
START_TEST(long_lists)
{
	enum { WORDS = 10000 };
	char *list = calloc(WORDS + 2, 10), *at = list;

	ck_assert_ptr_nonnull(list);
	for (int i = 0; i < WORDS; i++) {
		memcpy(at, "X-PLAINX ", 9);
		at += 9;
	}
	expect(choose(list, NULL, NULL), NULL);
	expect(choose("PLAIN", list, list), NULL);
	memcpy(at, "PLAIN", 5);
	expect(choose(list, list, NULL), "PLAIN");
	expect(choose(list, NULL, list), NULL);
	free(list);
}
END_TEST

static const struct {
	const char *name;
	unsigned needs;
	int client_first, strength;
} known[] = {
	{"SCRAM-SHA-256-PLUS", PTN_SASL_PASSWORD, 1, 7},
	{"SCRAM-SHA-1-PLUS", PTN_SASL_PASSWORD, 1, 6},
	{"SCRAM-SHA-256", PTN_SASL_PASSWORD, 1, 4},
	{"SCRAM-SHA-1", PTN_SASL_PASSWORD, 1, 3},
	{"PLAIN", PTN_SASL_PASSWORD, 1, 1},
	{"LOGIN", PTN_SASL_PASSWORD, 0, 1},
	{"CRAM-MD5", PTN_SASL_PASSWORD, 0, 2},
	{"OAUTHBEARER", PTN_SASL_TOKEN, 1, 1},
	{"XOAUTH2", PTN_SASL_TOKEN, 1, 1},
	{"EXTERNAL", PTN_SASL_CERTIFICATE, 1, 7},
	{"GSSAPI", PTN_SASL_TICKET, 1, 5},
	{"DIGEST-MD5", PTN_SASL_PASSWORD, 0, 2},
	{"NTLM", PTN_SASL_PASSWORD, 1, 1},
	{"ANONYMOUS", PTN_SASL_NOTHING, 1, 0},
};

START_TEST(what_is_known)
{
	const char *name = known[_i].name;

	ck_assert_str_eq(ptn_sasl_known(name, strlen(name)), name);
	ck_assert_ptr_null(ptn_sasl_known(name, strlen(name) - 1));
	ck_assert_int_eq(ptn_sasl_client_first(name), known[_i].client_first);
	ck_assert_int_eq(ptn_sasl_strength(name), known[_i].strength);
	ck_assert_uint_eq(ptn_sasl_needs(name), known[_i].needs);
	ck_assert_int_eq(ptn_sasl_without_secret(name),
			 !(known[_i].needs & (PTN_SASL_PASSWORD | PTN_SASL_TOKEN)));
}
END_TEST

START_TEST(what_is_not)
{
	static const char *const names[] = {"",         "SECURID", "PLAINX", "SCRAM-SHA-512",
					    "GS2-KRB5", " PLAIN"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		ck_assert_ptr_null(ptn_sasl_known(names[i], strlen(names[i])));
		ck_assert_int_eq(ptn_sasl_client_first(names[i]), 0);
		ck_assert_int_eq(ptn_sasl_strength(names[i]), 0);
		ck_assert_uint_eq(ptn_sasl_needs(names[i]), 0);
	}
	ck_assert_str_eq(ptn_sasl_known("login", 5), "LOGIN");
	ck_assert_str_eq(ptn_sasl_known("plainly", 5), "PLAIN");
	ck_assert_ptr_null(ptn_sasl_known(NULL, 0));
	ck_assert_int_eq(ptn_sasl_client_first(NULL), 0);
	ck_assert_int_eq(ptn_sasl_strength(NULL), 0);
	ck_assert_uint_eq(ptn_sasl_needs(NULL), 0);
	ck_assert_int_eq(ptn_sasl_without_secret(NULL), 0);
	ck_assert_int_eq(ptn_sasl_without_secret("PLAIN XOAUTH2 SCRAM-SHA-1-PLUS"), 0);
	ck_assert_int_eq(ptn_sasl_without_secret("PLAIN anonymous"), 1);
}
END_TEST

static const struct {
	const char *offered, *allowed;
	unsigned offer;
} offers[] = {
	{NULL, NULL, 0},
	{"PLAIN LOGIN CRAM-MD5 XOAUTH2 EXTERNAL GSSAPI", NULL, 0},
	{"PLAIN SCRAM-SHA-1", NULL, PTN_SASL_OFFER_SCRAM},
	{"scram-sha-256", NULL, PTN_SASL_OFFER_SCRAM},
	{"SCRAM-SHA-1-PLUS", NULL, PTN_SASL_OFFER_PLUS},
	{ALL_PASSWORD, NULL, PTN_SASL_OFFER_PLUS | PTN_SASL_OFFER_SCRAM},
	{ALL_PASSWORD, "PLAIN", 0},
	{ALL_PASSWORD, "SCRAM-SHA-1,PLAIN", PTN_SASL_OFFER_SCRAM},
	{"SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS SCRAM-SHA-256", 0},
};

START_TEST(how_strong_an_offer_is)
{
	ck_assert_uint_eq(ptn_sasl_offer(offers[_i].offered, offers[_i].allowed), offers[_i].offer);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "choose");

	EACH(t, the_table, rows);
	EACH(t, the_cases, cases);
	tcase_add_test(t, long_lists);
	EACH(t, what_is_known, known);
	tcase_add_test(t, what_is_not);
	EACH(t, how_strong_an_offer_is, offers);
}
