/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OAUTHBEARER and XOAUTH2: what RFC 7628 prints, and what becomes of a refusal.
 */
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"
#include "client.h"
#include "main.h"
#include "memory.h"

#define TOKEN "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=="
#define ERROR \
	"{\"status\":\"invalid_token\",\"scope\":\"example_scope\"," \
	"\"openid-configuration\":\"https://example.com/.well-known/openid-configuration\"}"

static struct ptn_sasl *open_bearer(const char *mechanism, const char *token)
{
	const struct ptn_sasl_login login = {.user = "user@example.com",
					     .token = token,
					     .host = "server.example.com",
					     .port = 143};

	return open_as(mechanism, &login);
}

/* As on the wire: base64, what the server says too. */
static void expect_base64(struct ptn_sasl *c, const char *in, int result, const char *out)
{
	struct ptn_buf raw = {0}, wanted = {0};

	ck_assert_int_eq(ptn_text_unbase64(&raw, in, strlen(in)), 0);
	ck_assert_int_eq(ptn_text_unbase64(&wanted, out, strlen(out)), 0);
	expect(c, ptn_buf_data(&raw), ptn_buf_len(&raw), result, ptn_buf_data(&wanted),
	       ptn_buf_len(&wanted));
	ptn_buf_free(&raw);
	ptn_buf_free(&wanted);
}

/* RFC 7628 4.1 and 4.3. */
START_TEST(oauthbearer_of_rfc_7628)
{
	struct ptn_sasl *c = open_bearer("OAUTHBEARER", TOKEN);

	expect_base64(
		c, "", PTN_SASL_OPEN,
		"bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1d"
		"Gg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB");
	ck_assert_str_eq(ptn_sasl_refusal(c), "");
	expect_base64(
		c,
		"eyJzdGF0dXMiOiJpbnZhbGlkX3Rva2VuIiwic2NvcGUiOiJleGFtcGxlX3Njb3BlIiwib3BlbmlkLW"
		"NvbmZpZ3VyYXRpb24iOiJodHRwczovL2V4YW1wbGUuY29tLy53ZWxsLWtub3duL29wZW5pZC1jb25m"
		"aWd1cmF0aW9uIn0=",
		PTN_SASL_MORE, "AQ==");
	ck_assert_str_eq(ptn_sasl_refusal(c), ERROR);
	ptn_sasl_free(c);
}
END_TEST

/* The example of Google's description of XOAUTH2. */
START_TEST(xoauth2)
{
	const struct ptn_sasl_login login = {.user = "someuser@example.com",
					     .token = "ya29." TOKEN,
					     .host = "smtp.example.com",
					     .port = 587};
	struct ptn_sasl *c = open_as("XOAUTH2", &login);

	expect_base64(
		c, "", PTN_SASL_OPEN,
		"dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52Yj"
		"NSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB");
	expect_text(c, "{\"status\":\"401\",\"schemes\":\"bearer\"}", PTN_SASL_MORE, "");
	ck_assert_str_eq(ptn_sasl_refusal(c), "{\"status\":\"401\",\"schemes\":\"bearer\"}");
	ptn_sasl_free(c);
}
END_TEST

static const char *const both[] = {"OAUTHBEARER", "XOAUTH2"};

/* S-12: one error is answered; another one, or anything behind it, is not. */
START_TEST(s_12_one_refusal)
{
	struct ptn_sasl *c = open_bearer(both[_i], TOKEN);
	const char *answer = _i ? "" : "\001", *out;
	size_t n;

	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_OPEN);
	expect_text(c, "{}", PTN_SASL_MORE, answer);
	expect_fault(c, "{}", PTN_FAULT_AUTH_MALFORMED, "after the end");
	ck_assert_str_eq(ptn_sasl_refusal(c), "{}");
	ptn_sasl_free(c);
}
END_TEST

/* What is kept of it can be shown, and is not long. */
START_TEST(s_12_a_refusal_is_escaped_and_cut)
{
	static char long_one[5000];
	struct ptn_sasl *c = open_bearer(both[_i], TOKEN);
	const char *out;
	size_t n;

	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_OPEN);
	ck_assert_int_eq(ptn_sasl_step(c, "\033]0;x\0y\r\n", 9, &out, &n), PTN_SASL_MORE);
	ck_assert_str_eq(ptn_sasl_refusal(c), "\\x1B]0;x\\x00y\\x0D\\x0A");
	ptn_sasl_free(c);
	memset(long_one, 'x', sizeof(long_one));
	c = open_bearer(both[_i], TOKEN);
	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_OPEN);
	ck_assert_int_eq(ptn_sasl_step(c, long_one, sizeof(long_one), &out, &n), PTN_SASL_MORE);
	ck_assert_uint_le(strlen(ptn_sasl_refusal(c)), 1024);
	ck_assert_uint_ge(strlen(ptn_sasl_refusal(c)), 1000);
	ptn_sasl_free(c);
}
END_TEST

START_TEST(the_user_is_escaped)
{
	const struct ptn_sasl_login login = {
		.user = "a,b=c", .token = "t", .host = "h", .port = 25};
	const struct ptn_sasl_login bare = {.user = "u", .token = "t"};
	struct ptn_sasl *c = open_as("OAUTHBEARER", &login);

	expect_text(c, NULL, PTN_SASL_OPEN,
		    "n,a=a=2Cb=3Dc,\001host=h\001port=25\001auth=Bearer t\001\001");
	ptn_sasl_free(c);
	c = open_as("XOAUTH2", &login);
	expect_text(c, NULL, PTN_SASL_OPEN, "user=a,b=c\001auth=Bearer t\001\001");
	ptn_sasl_free(c);
	c = open_as("OAUTHBEARER", &bare);
	expect_text(c, NULL, PTN_SASL_OPEN, "n,a=u,\001auth=Bearer t\001\001");
	ptn_sasl_free(c);
}
END_TEST

/* Tokens that would end, or tear, the line; not an octet of them is given out. */
START_TEST(bad_tokens)
{
	static const char *const bad[] = {"",     "a\001b", "a\nb", "a\r\nb", "a b",
					  "a\tb", "\177",   " ",    "t\n",    "t\xC3\xA4"};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		struct ptn_sasl *c = open_bearer(both[_i], bad[i]);

		expect_fault(c, NULL, PTN_FAULT_AUTH_NO_TOKEN, "no token");
		ptn_sasl_free(c);
	}
}
END_TEST

/* A response may have 12288 octets with its line end (RFC 4954 4). */
START_TEST(s_14_the_longest_token)
{
	static char token[10000];
	struct ptn_sasl *c;
	const char *out;
	size_t n, fits = 9213 - (_i ? strlen("user=user@example.com\001auth=Bearer \001\001")
				    : strlen("n,a=user@example.com,\001host=server.example.com"
					     "\001port=143\001auth=Bearer \001\001"));

	memset(token, 't', fits);
	c = open_bearer(both[_i], token);
	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_OPEN);
	ck_assert_uint_eq((n + 2) / 3 * 4 + 2, 12286);
	ptn_sasl_free(c);
	token[fits] = 't';
	c = open_bearer(both[_i], token);
	expect_fault(c, NULL, PTN_FAULT_AUTH_NO_TOKEN, "longer");
	ptn_sasl_free(c);
}
END_TEST

START_TEST(memory_fails_at_each_place)
{
	int granted = 0, done = 0;

	for (; !done; granted++) {
		const struct ptn_sasl_login login = {.user = "u", .token = TOKEN TOKEN TOKEN TOKEN};
		struct ptn_sasl *c = NULL;
		const char *out;
		size_t n;
		int rc, result = PTN_SASL_FAIL;

		ck_assert_int_lt(granted, 10);
		grants = granted;
		rc = ptn_sasl_new(&c, both[_i], &login);
		ck_assert(rc == 0 || rc == POSTERN_E_NOMEM);
		if (!rc)
			result = ptn_sasl_step(c, NULL, 0, &out, &n);
		if (result == PTN_SASL_OPEN)
			result = ptn_sasl_step(c, ERROR, strlen(ERROR), &out, &n);
		grants = -1;
		if (!rc && result == PTN_SASL_FAIL)
			ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_NO_MEMORY);
		ptn_sasl_free(c);
		done = result == PTN_SASL_MORE;
	}
	ck_assert_int_ge(granted, 3);
}
END_TEST

START_TEST(a_fingerprint)
{
	unsigned char a[PTN_SASL_DIGEST], b[PTN_SASL_DIGEST];

	ck_assert_int_eq(ptn_sasl_fingerprint(TOKEN, a), 0);
	ck_assert_int_eq(ptn_sasl_fingerprint(TOKEN, b), 0);
	ck_assert_mem_eq(a, b, sizeof(a));
	ck_assert_int_eq(ptn_sasl_fingerprint(TOKEN "x", b), 0);
	ck_assert_mem_ne(a, b, sizeof(a));
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "bearer");

	tcase_add_test(t, oauthbearer_of_rfc_7628);
	tcase_add_test(t, xoauth2);
	EACH(t, s_12_one_refusal, both);
	EACH(t, s_12_a_refusal_is_escaped_and_cut, both);
	tcase_add_test(t, the_user_is_escaped);
	EACH(t, bad_tokens, both);
	EACH(t, s_14_the_longest_token, both);
	EACH(t, memory_fails_at_each_place, both);
	tcase_add_test(t, a_fingerprint);
}
