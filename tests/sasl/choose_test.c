/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "sasl/choose.h"

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
	/* never by themselves, nor when named: not known here */
	{"ANONYMOUS NTLM DIGEST-MD5 GSSAPI GS2-KRB5 EXTERNAL SECURID", NULL, NULL, NULL},
	{"GSSAPI NTLM DIGEST-MD5 PLAIN", NULL, NULL, "PLAIN"},
	{"ANONYMOUS PLAIN", "ANONYMOUS", NULL, NULL},
	{"SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS", NULL, NULL, NULL},
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
	/* S-01: the caller's floor */
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

static void expect(const char *got, const char *wanted)
{
	if (wanted)
		ck_assert_str_eq(got, wanted);
	else
		ck_assert_ptr_null(got);
}

START_TEST(the_table)
{
	expect(ptn_sasl_choose(rows[_i].offered, rows[_i].allowed, rows[_i].tried,
			       PTN_SASL_PASSWORD, 1),
	       rows[_i].chosen);
	/* Nothing to sign in with. */
	ck_assert_ptr_null(
		ptn_sasl_choose(rows[_i].offered, rows[_i].allowed, rows[_i].tried, 0, 1));
}
END_TEST

START_TEST(without_tls_cram_md5_must_be_named)
{
	const unsigned held = PTN_SASL_PASSWORD;

	expect(ptn_sasl_choose("CRAM-MD5", NULL, NULL, held, 0), NULL);
	expect(ptn_sasl_choose("CRAM-MD5", "CRAM-MD5", NULL, held, 0), "CRAM-MD5");
	expect(ptn_sasl_choose("CRAM-MD5 PLAIN", NULL, NULL, held, 0), "PLAIN");
	expect(ptn_sasl_choose("PLAIN SCRAM-SHA-1", NULL, NULL, held, 0), "SCRAM-SHA-1");
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
	expect(ptn_sasl_choose(list, NULL, NULL, PTN_SASL_PASSWORD, 1), NULL);
	expect(ptn_sasl_choose("PLAIN", list, list, PTN_SASL_PASSWORD, 1), NULL);
	memcpy(at, "PLAIN", 5);
	expect(ptn_sasl_choose(list, list, NULL, PTN_SASL_PASSWORD, 1), "PLAIN");
	expect(ptn_sasl_choose(list, NULL, list, PTN_SASL_PASSWORD, 1), NULL);
	free(list);
}
END_TEST

static const struct {
	const char *name;
	int client_first, strength;
} known[] = {
	{"SCRAM-SHA-256", 1, 4}, {"SCRAM-SHA-1", 1, 3}, {"PLAIN", 1, 1},
	{"LOGIN", 0, 1},         {"CRAM-MD5", 0, 2},
};

START_TEST(what_is_known)
{
	const char *name = known[_i].name;

	ck_assert_str_eq(ptn_sasl_known(name, strlen(name)), name);
	ck_assert_ptr_null(ptn_sasl_known(name, strlen(name) - 1));
	ck_assert_int_eq(ptn_sasl_client_first(name), known[_i].client_first);
	ck_assert_int_eq(ptn_sasl_strength(name), known[_i].strength);
}
END_TEST

START_TEST(what_is_not)
{
	static const char *const names[] = {"",       "NTLM",  "PLAINX", "SCRAM-SHA-256-PLUS",
					    "GSSAPI", " PLAIN"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		ck_assert_ptr_null(ptn_sasl_known(names[i], strlen(names[i])));
		ck_assert_int_eq(ptn_sasl_client_first(names[i]), 0);
		ck_assert_int_eq(ptn_sasl_strength(names[i]), 0);
	}
	ck_assert_str_eq(ptn_sasl_known("login", 5), "LOGIN");
	ck_assert_str_eq(ptn_sasl_known("plainly", 5), "PLAIN");
	ck_assert_ptr_null(ptn_sasl_known(NULL, 0));
	ck_assert_int_eq(ptn_sasl_client_first(NULL), 0);
	ck_assert_int_eq(ptn_sasl_strength(NULL), 0);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "choose");

	EACH(t, the_table, rows);
	tcase_add_test(t, without_tls_cram_md5_must_be_named);
	tcase_add_test(t, long_lists);
	EACH(t, what_is_known, known);
	tcase_add_test(t, what_is_not);
}
