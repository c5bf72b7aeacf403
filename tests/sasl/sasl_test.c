/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The frame of every exchange; and PLAIN, LOGIN, EXTERNAL and CRAM-MD5.  s_nn: the rows of the
 * security requirements for SASL.
 */
#include <string.h>

#include "base/fault.h"
#include "client.h"
#include "main.h"
#include "memory.h"
#include "sasl/choose.h"
#include "sasl/crypt.h"

static int hmac_fails;

int __real_ptn_crypt_hmac(int hash, const void *key, size_t key_len, const void *p, size_t n,
			  unsigned char *out);
int __wrap_ptn_crypt_hmac(int hash, const void *key, size_t key_len, const void *p, size_t n,
			  unsigned char *out);

int __wrap_ptn_crypt_hmac(int hash, const void *key, size_t key_len, const void *p, size_t n,
			  unsigned char *out)
{
	return hmac_fails ? POSTERN_E_SYSTEM : __real_ptn_crypt_hmac(hash, key, key_len, p, n, out);
}

/* ---- Known answers. ---- */

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

/* HMAC-MD5 of RFC 2104 with keys that have no text: each side of the border of a block. */
START_TEST(cram_md5_with_long_passwords)
{
	static const struct {
		size_t n;
		const char *answer;
	} keys[] = {
		{63, "tim 9b0e60d86c75a31fa7c18121be99871f"},
		{64, "tim ae8d7b6bb4fb6dc582cf66e5e9d0d535"},
		{65, "tim 6816dc6691a95dd1269b739df2d109bf"},
	};

	for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
		char password[66] = "";
		struct ptn_sasl *c;

		memset(password, 'p', keys[i].n);
		c = open_client("CRAM-MD5", "tim", password);
		expect_text(c, "<1@x>", PTN_SASL_DONE, keys[i].answer);
		ptn_sasl_free(c);
	}
}
END_TEST

START_TEST(external_of_rfc_4422)
{
	struct ptn_sasl_login login = sasl_login;
	struct ptn_sasl *c;

	login.password = NULL;
	c = open_as("EXTERNAL", &login);
	expect_text(c, NULL, PTN_SASL_DONE, "user");
	expect_fault(c, "", PTN_FAULT_AUTH_MALFORMED, "after the end");
	ptn_sasl_free(c);
	login.user = NULL; /* the identity is the certificate's */
	c = open_as("EXTERNAL", &login);
	expect_text(c, NULL, PTN_SASL_DONE, "");
	ptn_sasl_free(c);
}
END_TEST

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
	expect(c, prompts[_i].second, prompts[_i].second_len, PTN_SASL_DONE, "tanstaaf", 8);
	expect_fault(c, "Password:", PTN_FAULT_AUTH_MALFORMED, "after the end"); /* a third */
	ptn_sasl_free(c);
}
END_TEST

START_TEST(cram_md5_challenges)
{
	static char big[12288];
	const char *out;
	size_t n;
	struct ptn_sasl *c = open_client("CRAM-MD5", "tim", "tanstaaf");

	expect_fault(c, NULL, PTN_FAULT_AUTH_MALFORMED, "empty");
	ptn_sasl_free(c);
	c = open_client("CRAM-MD5", "tim", "tanstaaf");
	expect(c, "<1\0@x>", 6, PTN_SASL_FAIL, "", 0);
	ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_AUTH_MALFORMED);
	ptn_sasl_free(c);
	memset(big, 'x', sizeof big); /* S-11 */
	c = open_client("CRAM-MD5", "tim", "tanstaaf");
	ck_assert_int_eq(ptn_sasl_step(c, big, sizeof big, &out, &n), PTN_SASL_DONE);
	ck_assert_uint_eq(n, 4 + 32);
	ptn_sasl_free(c);
}
END_TEST

/* ---- The frame. ---- */

/* Nothing of ours is given out again, whatever a server asks. */
START_TEST(nothing_follows_done)
{
	struct ptn_sasl *c = open_client("PLAIN", "tim", "tanstaaf");

	expect(c, NULL, 0, PTN_SASL_DONE, "\0tim\0tanstaaf", 13);
	for (int i = 0; i < 3; i++)
		expect_fault(c, i ? "again" : NULL, PTN_FAULT_AUTH_MALFORMED, "after the end");
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

START_TEST(what_is_not_held_is_not_begun)
{
	static const char *const names[] = {"", "plain", "SECURID", "GS2-KRB5", "PLAIN ", "SCRAM"};
	const struct ptn_sasl_login login = {.host = "h"}, user = {.user = "u"};
	struct ptn_sasl *c = (struct ptn_sasl *)1;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		ck_assert_int_eq(ptn_sasl_new(&c, names[i], &sasl_login), POSTERN_E_MECHANISM);
		ck_assert_ptr_null(c);
	}
	for (int i = 0; i < 2; i++) {
		const struct ptn_sasl_login *without = i ? &user : &login;

		ck_assert_int_eq(ptn_sasl_new(&c, "PLAIN", without), POSTERN_E_MECHANISM);
		ck_assert_int_eq(ptn_sasl_new(&c, "SCRAM-SHA-1", without), POSTERN_E_MECHANISM);
		ck_assert_int_eq(ptn_sasl_new(&c, "XOAUTH2", without), POSTERN_E_MECHANISM);
		ck_assert_int_eq(ptn_sasl_new(&c, "DIGEST-MD5", without), POSTERN_E_MECHANISM);
	}
	ptn_sasl_free(NULL);
}
END_TEST

/* ---- SASLprep (RFC 4013). ---- */

static const char *const prepares[] = {"SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5"};
static const char *const does_not[] = {"PLAIN", "LOGIN", "OAUTHBEARER"};

/* What it forbids, and what libgsasl forbids beyond it. */
static const char *const forbidden[] = {"\xEE\x80\x80", "\xF0\x9F\x94\x91", "\xD7\x90z", "\xFF",
					"\xC2\xAD" /* nothing is left of it */};

START_TEST(what_cannot_be_prepared)
{
	for (int i = 0; i < 6; i++) {
		const char *name = i < 3 ? prepares[i] : does_not[i - 3];
		struct ptn_sasl_login login = sasl_login, other = sasl_login;
		struct ptn_sasl *c;

		login.password = forbidden[_i];
		other.user = forbidden[_i];
		ck_assert_int_eq(ptn_sasl_new(&c, name, &login), i < 3 ? POSTERN_E_MECHANISM : 0);
		ptn_sasl_free(c);
		ck_assert_int_eq(ptn_sasl_new(&c, name, &other), i < 3 ? POSTERN_E_MECHANISM : 0);
		ptn_sasl_free(c);
	}
}
END_TEST

/* A no-break space is mapped to a blank, a ligature is taken apart, and ASCII stays what it is. */
START_TEST(what_is_prepared)
{
	struct ptn_sasl *c = open_client("CRAM-MD5", "\xEF\xAC\x81x", "a\xC2\xA0z");
	struct ptn_sasl *same = open_client("CRAM-MD5", "fix", "a z");
	const char *out, *wanted;
	size_t n, wanted_len;

	ck_assert_int_eq(ptn_sasl_step(same, "<1@x>", 5, &wanted, &wanted_len), PTN_SASL_DONE);
	ck_assert_int_eq(ptn_sasl_step(c, "<1@x>", 5, &out, &n), PTN_SASL_DONE);
	ck_assert_uint_eq(n, wanted_len);
	ck_assert_mem_eq(out, wanted, n);
	ptn_sasl_free(c);
	ptn_sasl_free(same);
}
END_TEST

/* ---- Failures. ---- */

START_TEST(what_gnutls_refuses)
{
	struct ptn_sasl *c = open_client("CRAM-MD5", "tim", "x");

	hmac_fails = 1;
	expect_fault(c, "<1@x>", PTN_FAULT_SYSTEM, "GnuTLS");
	hmac_fails = 0;
	ptn_sasl_free(c);
}
END_TEST

static const char *const own[] = {"PLAIN", "LOGIN", "CRAM-MD5", "EXTERNAL"};

START_TEST(memory_fails_at_each_place)
{
	int granted = 0, result = 0;

	for (; result != PTN_SASL_DONE; granted++) {
		struct ptn_sasl_login login = sasl_login;
		struct ptn_sasl *c = NULL;
		const char *out;
		size_t n;
		int rc;

		ck_assert_int_lt(granted, 10);
		login.user = "us\xC3\xA9r";
		login.password = "p\xC3\xA9ncil";
		grants = granted;
		rc = ptn_sasl_new(&c, own[_i], &login);
		ck_assert(rc == 0 || rc == POSTERN_E_NOMEM);
		result = rc ? 0 : PTN_SASL_MORE;
		while (result == PTN_SASL_MORE)
			result = ptn_sasl_step(c, "<1@x>", 5, &out, &n);
		grants = -1;
		if (result == PTN_SASL_FAIL)
			ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_NO_MEMORY);
		ptn_sasl_free(c);
	}
	ck_assert_int_ge(granted, 3);
}
END_TEST

static void begin_anew(void)
{
	grants = -1;
	hmac_fails = 0;
}

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "sasl");

	tcase_add_checked_fixture(t, begin_anew, NULL);
	tcase_add_test(t, plain_of_rfc_4616);
	tcase_add_test(t, cram_md5_of_rfc_2195);
	tcase_add_test(t, cram_md5_with_long_passwords);
	tcase_add_test(t, external_of_rfc_4422);
	EACH(t, s_13_login_does_not_read_prompts, prompts);
	tcase_add_test(t, cram_md5_challenges);
	tcase_add_test(t, nothing_follows_done);
	tcase_add_test(t, text_before_the_first_response_is_nothing);
	tcase_add_test(t, what_is_not_held_is_not_begun);
	EACH(t, what_cannot_be_prepared, forbidden);
	tcase_add_test(t, what_is_prepared);
	tcase_add_test(t, what_gnutls_refuses);
	EACH(t, memory_fails_at_each_place, own);
}
