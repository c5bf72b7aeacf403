/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "main.h"
#include "smtp/reply.h"
#include "talk.h"

#define PASSWORD "hunter2-Secret"
#define BLOB "AHVzZXIAaHVudGVyMi1TZWNyZXQ="
static const char plain[] = "\0user\0" PASSWORD;
enum { PLAIN = sizeof(plain) - 1 };

static struct ptn_smtp *begin(void)
{
	struct ptn_smtp *s;

	policy.auth = 1;
	policy.secret = PASSWORD;
	s = talk_begin();
	says(s, "220 mx\r\n");
	hears(s, "EHLO client.example.org\r\n");
	says(s, "250-mx\r\n250 AUTH PLAIN LOGIN X\r\n");
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_SASL | PTN_WANT_READ);
	return s;
}

static void has_challenge(struct ptn_smtp *s, const char *want)
{
	size_t n;
	const char *p = ptn_smtp_challenge(s, &n);

	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_SASL | PTN_WANT_READ);
	ck_assert_ptr_nonnull(p);
	ck_assert_uint_eq(n, strlen(want));
	ck_assert(!memcmp(p, want, n));
}

START_TEST(plain_at_once)
{
	struct ptn_smtp *s = begin();
	size_t n;

	ck_assert_ptr_null(ptn_smtp_challenge(s, &n));
	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, 1), 0);
	hears(s, "AUTH PLAIN " BLOB "\r\n");
	says(s, "235 ok\r\n");
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_MAIL | PTN_WANT_READ);
	ptn_smtp_free(s);
}
END_TEST

START_TEST(steps)
{
	struct ptn_smtp *s = begin();

	ck_assert_int_eq(ptn_smtp_auth_begin(s, "LOGIN", NULL, 0, 0), 0);
	hears(s, "AUTH LOGIN\r\n");
	says(s, "334 VXNlcm5hbWU6\r\n");
	has_challenge(s, "Username:");
	ck_assert_int_eq(ptn_smtp_auth_respond(s, "user", 4, 0), 0);
	hears(s, "dXNlcg==\r\n");
	says(s, "334 \r\n");
	has_challenge(s, "");
	ck_assert_int_eq(ptn_smtp_auth_respond(s, "", 0, 1), 0);
	hears(s, "\r\n");
	says(s, "235 ok\r\n");
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_MAIL | PTN_WANT_READ);
	ptn_smtp_free(s);
}
END_TEST

/* RFC 4954 4: "=" is the empty initial response; an empty later one is an empty line. */
START_TEST(empty_initial)
{
	struct ptn_smtp *s = begin();

	ck_assert_int_eq(ptn_smtp_auth_begin(s, "X", "", 0, 1), 0);
	hears(s, "AUTH X =\r\n");
	ptn_smtp_free(s);
}
END_TEST

/* 499 octets are left behind "AUTH PLAIN " and before CRLF: 372 fit in base64, 373 do not. */
START_TEST(held_at_the_border)
{
	char initial[373];
	struct ptn_smtp *s = begin();
	struct ptn_buf want = {0};
	const char *p;

	memset(initial, 'i', sizeof(initial));
	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", initial, 372, 1), 0);
	ck_assert_uint_eq(ptn_smtp_out(s, &p), 13 + 496);
	ptn_smtp_free(s);

	s = begin();
	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", initial, 373, 1), 0);
	hears(s, "AUTH PLAIN\r\n");
	says(s, "334 whatever, not base64\r\n");
	ck_assert(!ptn_text_base64(&want, initial, 373) && !ptn_buf_add(&want, "\r\n", 3));
	hears(s, ptn_buf_data(&want));
	says(s, "235 ok\r\n");
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_MAIL | PTN_WANT_READ);
	ptn_buf_free(&want);
	ptn_smtp_free(s);
}
END_TEST

START_TEST(held_and_235)
{
	char initial[500] = "";
	struct ptn_smtp *s = begin();

	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", initial, sizeof(initial), 1), 0);
	hears(s, "AUTH PLAIN\r\n");
	says(s, "235 ok\r\n");
	hears(s, "QUIT\r\n");
	ck_assert_int_eq(ptn_smtp_fault(s), PTN_FAULT_AUTH_UNPROVEN);
	ptn_smtp_free(s);
}
END_TEST

/* ---- What follows a refusal. ---- */

/* Each time what may follow is said anew; the fourth AUTH is not begun. */
START_TEST(another_mechanism)
{
	static const char *const refusals[] = {"504 no\r\n", "534 no\r\n"};
	struct ptn_smtp *s = begin();
	size_t n;

	ck_assert_int_eq(ptn_smtp_auth_open(s), 0);
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, PTN_AUTH_OVER), 0);
		ptn_smtp_auth_next(s, PTN_AUTH_ANOTHER);
		ck_assert_int_eq(ptn_smtp_auth_open(s), 1);
		hears(s, "AUTH PLAIN " BLOB "\r\n");
		says(s, refusals[i]);
		ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_SASL | PTN_WANT_READ);
		ck_assert_ptr_null(ptn_smtp_challenge(s, &n));
		ck_assert_int_eq(ptn_smtp_auth_open(s), 1);
	}
	ck_assert_int_eq(ptn_smtp_auth_begin(s, "X", NULL, 0, PTN_AUTH_MORE), 0);
	ptn_smtp_auth_next(s, PTN_AUTH_ANOTHER | PTN_AUTH_FRESH | PTN_AUTH_TOKEN);
	hears(s, "AUTH X\r\n");
	says(s, _i ? "504 no\r\n" : "535 no\r\n");
	hears(s, "QUIT\r\n");
	ck_assert_int_eq(ptn_smtp_auth_open(s), 0);
	ck_assert_str_eq(ptn_fault_id(ptn_smtp_fault(s)),
			 _i ? "auth-mechanism-refused" : "auth-token-refused");
	ptn_smtp_free(s);
}
END_TEST

/* What was said of one AUTH does not hold for the next. */
START_TEST(nothing_else_was_said)
{
	struct ptn_smtp *s = begin();

	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, PTN_AUTH_OVER), 0);
	ptn_smtp_auth_next(s, PTN_AUTH_ANOTHER);
	hears(s, "AUTH PLAIN " BLOB "\r\n");
	says(s, "504 no\r\n");
	ck_assert_int_eq(ptn_smtp_auth_begin(s, "X", NULL, 0, PTN_AUTH_MORE), 0);
	hears(s, "AUTH X\r\n");
	says(s, "504 no\r\n");
	hears(s, "QUIT\r\n");
	ptn_smtp_free(s);
}
END_TEST

/* There was another one, but it could not be begun: a polite end, and the fault that is given. */
START_TEST(giving_up_between)
{
	struct ptn_smtp *s = begin();

	ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, PTN_AUTH_OVER);
	ptn_smtp_auth_next(s, PTN_AUTH_ANOTHER);
	hears(s, "AUTH PLAIN " BLOB "\r\n");
	says(s, "504 no\r\n");
	ptn_smtp_auth_fail(s, PTN_FAULT_AUTH_TOO_WEAK, NULL);
	hears(s, "QUIT\r\n");
	ck_assert_int_eq(ptn_smtp_fault(s), PTN_FAULT_AUTH_TOO_WEAK);
	ptn_smtp_free(s);
}
END_TEST

/* Complete, but a refusal may come as a challenge; then it is not complete any more. */
START_TEST(open_end)
{
	struct ptn_smtp *s = begin();

	ptn_smtp_auth_begin(s, "X", "t", 1, PTN_AUTH_OPEN);
	hears(s, "AUTH X dA==\r\n");
	says(s, _i ? "334 e30=\r\n" : "235 ok\r\n");
	if (_i) {
		has_challenge(s, "{}");
		ptn_smtp_auth_respond(s, "\001", 1, PTN_AUTH_MORE);
		hears(s, "AQ==\r\n");
		says(s, "235 ok\r\n");
		hears(s, "QUIT\r\n");
		ck_assert_int_eq(ptn_smtp_fault(s), PTN_FAULT_AUTH_UNPROVEN);
	} else {
		ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_MAIL | PTN_WANT_READ);
	}
	ptn_smtp_free(s);
}
END_TEST

/* A token over the limit of a line is held back as any response is, and may be refused then. */
START_TEST(open_and_held)
{
	char token[3000];
	struct ptn_smtp *s = begin();
	struct ptn_buf want = {0};

	memset(token, 't', sizeof(token));
	ptn_smtp_auth_begin(s, "X", token, sizeof(token), PTN_AUTH_OPEN);
	hears(s, "AUTH X\r\n");
	says(s, "334 \r\n");
	ck_assert(!ptn_text_base64(&want, token, sizeof(token)) && !ptn_buf_add(&want, "\r\n", 3));
	hears(s, ptn_buf_data(&want));
	says(s, "334 e30=\r\n");
	has_challenge(s, "{}");
	ptn_buf_free(&want);
	ptn_smtp_free(s);
}
END_TEST

/* ---- Giving up. ---- */

START_TEST(cancel)
{
	static const char *const answers[] = {"501 ok\r\n", "235 ok\r\n", "334 AAAA\r\n",
					      "500-a\r\n500 b\r\n", "250 x\r\n"};
	struct ptn_smtp *s = begin();
	unsigned turn;

	ptn_smtp_auth_begin(s, "LOGIN", NULL, 0, 0);
	hears(s, "AUTH LOGIN\r\n");
	says(s, "334 =\r\n");
	hears(s, "*\r\n");
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_QUIT);
	says(s, answers[_i]);
	hears(s, "QUIT\r\n");
	says(s, "221 bye\r\n");
	has_ended(s, PTN_FAULT_AUTH_MALFORMED);
	ck_assert_str_eq(ptn_smtp_detail(s), "the challenge is not base64");
	ptn_smtp_free(s);
}
END_TEST

START_TEST(fail_before_auth)
{
	struct ptn_smtp *s = begin();

	ptn_smtp_auth_fail(s, PTN_FAULT_AUTH_NO_MECHANISM, NULL);
	hears(s, "QUIT\r\n");
	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, 1), POSTERN_E_STATE);
	hears(s, "");
	ptn_smtp_free(s);
}
END_TEST

START_TEST(at_the_wrong_time)
{
	struct ptn_smtp *s = begin();

	ck_assert_int_eq(ptn_smtp_auth_respond(s, "x", 1, 1), POSTERN_E_STATE);
	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, 1), 0);
	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, 1), POSTERN_E_STATE);
	ck_assert_int_eq(ptn_smtp_auth_respond(s, "x", 1, 1), POSTERN_E_STATE);
	hears(s, "AUTH PLAIN " BLOB "\r\n");
	says(s, "235 ok\r\n");
	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, 1), POSTERN_E_STATE);
	hears(s, "");
	ptn_smtp_free(s);
}
END_TEST

START_TEST(bad_mechanism)
{
	struct ptn_smtp *s = begin();

	ck_assert_int_eq(ptn_smtp_auth_begin(s, "PLAIN\r\nMAIL", plain, PLAIN, 1), POSTERN_E_ARG);
	has_ended(s, PTN_FAULT_ARGUMENT);
	ptn_smtp_free(s);
}
END_TEST

/* Eight challenges are answered, the ninth is not. */
START_TEST(rounds)
{
	struct ptn_smtp *s = begin();

	ptn_smtp_auth_begin(s, "X", NULL, 0, 0);
	hears(s, "AUTH X\r\n");
	for (int i = 0; i < 8; i++) {
		says(s, "334 QnVH\r\n");
		has_challenge(s, "BuG");
		ptn_smtp_auth_respond(s, "x", 1, 0);
		hears(s, "eA==\r\n");
	}
	says(s, "334 QnVH\r\n");
	hears(s, "*\r\n");
	ck_assert_int_eq(ptn_smtp_fault(s), PTN_FAULT_AUTH_MALFORMED);
	ptn_smtp_free(s);
}
END_TEST

/* ---- Masking. ---- */

static const struct {
	const char *say;
	const char *shown;
} masks[] = {
	{"535 " PASSWORD "\r\n", "**************"},
	{"535 x" PASSWORD PASSWORD "\r\n", "x****************************"},
	{"500 unrecognized: " BLOB "\r\n", "unrecognized: ****************************"},
	{"500 unrecognized: AHVzZXIAaH...\r\n", "unrecognized: **********..."},
	{"535 yy" BLOB "zz\r\n", "yy****************************zz"},
	{"535 cnRlcjIt no\r\n", "******** no"}, /* not as it was sent, and yet a part of it */
	{"535 dmVyMi1TZWNyZXQ=\r\n", "dm**************"},
	{"535-" BLOB "\r\n535 5.7.8 " PASSWORD "\r\n",
	 "**************************** **************"},
	{"250 AUTH PLAIN " BLOB "\r\n", "AUTH PLAIN ****************************"},
	{"535 nothing to hide\r\n", "nothing to hide"},
};

static int holds(const char *p, size_t n, const char *what)
{
	for (size_t i = 0; i + strlen(what) <= n; i++)
		if (!memcmp(p + i, what, strlen(what)))
			return 1;
	return 0;
}

/* The password, its base64 at three alignments, the whole response. */
static void shows_no_secret(struct ptn_smtp *s)
{
	static const char *const secrets[] = {PASSWORD, "aHVudGVyMi1TZWNy", "dW50ZXIyLVNlY3Jl",
					      "bnRlcjItU2VjcmV0", BLOB};
	const char *p;
	size_t n = ptn_smtp_trace(s, &p);

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		ck_assert_msg(!holds(p, n, secrets[i]), "%.*s", (int)n, p);
}

START_TEST(masked)
{
	struct ptn_smtp *s = begin();
	struct ptn_buf b = {0};

	ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, 1);
	hears(s, "AUTH PLAIN " BLOB "\r\n");
	says(s, masks[_i].say);
	ck_assert(!ptn_reply_show(ptn_smtp_reply(s), &b) && !ptn_buf_add(&b, "", 1));
	ck_assert_str_eq(ptn_buf_data(&b), masks[_i].shown);
	shows_no_secret(s);
	ptn_buf_free(&b);
	ptn_smtp_free(s);
}
END_TEST

/* Once the exchange is over nothing that was sent is kept; the password itself is known, and found
 * in base64 at every alignment, with the run that it stands in. */
START_TEST(masked_later)
{
	static const struct {
		const char *say, *shown;
	} later[] = {
		{"250 " PASSWORD "\r\n", "**************"},
		{"250 x " BLOB " y\r\n", "x **************************** y"},
		{"250 x" BLOB "zz\r\n", "*******************************"},
		{"250 aHVudGVyMi1TZWNyZXQ=\r\n", "********************"},
		{"250 eHh4aHVudGVyMi1TZWNyZXR4.\r\n", "************************."},
		{"250 :eHhodW50ZXIyLVNlY3JldA==:\r\n", ":************************:"},
		{"250 (eGh1bnRlcjItU2VjcmV0)\r\n", "(********************)"},
		{"250 aHVudGVyMi1...\r\n", "***********..."}, /* not all of it */
		{"250 2VjcmV0\r\n", "*******"},
		{"250 aHVud\r\n", "aHVud"}, /* too little */
		{"250 accepted as 4Xyz123ABCdefGHI\r\n", "accepted as 4Xyz123ABCdefGHI"},
	};
	struct ptn_smtp *s = begin();
	struct ptn_buf b = {0};

	ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, 1);
	hears(s, "AUTH PLAIN " BLOB "\r\n");
	says(s, "235 ok\r\n");
	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), 0);
	hears(s, "MAIL FROM:<a@example.org>\r\n");
	says(s, later[_i].say);
	ck_assert(!ptn_reply_show(ptn_smtp_reply(s), &b) && !ptn_buf_add(&b, "", 1));
	ck_assert_str_eq(ptn_buf_data(&b), later[_i].shown);
	shows_no_secret(s);
	ptn_buf_free(&b);
	ptn_smtp_free(s);
}
END_TEST

/* A token is not known any more once it was given up: what comes then is shown to nobody. */
START_TEST(masked_behind_a_token)
{
	struct ptn_smtp *s = begin();

	policy.secret = NULL;
	ptn_smtp_auth_begin(s, "X", PASSWORD, sizeof(PASSWORD) - 1, PTN_AUTH_OPEN);
	ptn_smtp_auth_next(s, PTN_AUTH_TOKEN);
	hears(s, "AUTH X aHVudGVyMi1TZWNyZXQ=\r\n");
	says(s, "334 e30=\r\n");
	ptn_smtp_auth_fail(s, PTN_FAULT_AUTH_MALFORMED, "why");
	hears(s, "*\r\n");
	says(s, "501-" PASSWORD "\r\n501 aHVudGVyMi1TZWNyZXQ=\r\n");
	hears(s, "QUIT\r\n");
	says(s, "221 aHVudGVyMi1TZWNyZXQ=\r\n");
	shows_no_secret(s);
	ptn_smtp_free(s);
}
END_TEST

/* A reply cut in the middle is not shown as it came either. */
START_TEST(masked_when_lost)
{
	struct ptn_smtp *s = begin();
	struct ptn_buf b = {0};

	ptn_smtp_auth_begin(s, "PLAIN", plain, PLAIN, 1);
	hears(s, "AUTH PLAIN " BLOB "\r\n");
	says(s, "535-" BLOB " " PASSWORD "\r\n535-x");
	ptn_smtp_lost(s, PTN_FAULT_NONE);
	ck_assert(!ptn_reply_show(ptn_smtp_reply(s), &b) && !ptn_buf_add(&b, "", 1));
	ck_assert_str_eq(ptn_buf_data(&b), "**************************** **************");
	shows_no_secret(s);
	ptn_buf_free(&b);
	ptn_smtp_free(s);
}
END_TEST

/* Challenges and responses are not traced, nor left in the last reply. */
START_TEST(challenges_are_not_shown)
{
	struct ptn_smtp *s = begin();
	struct ptn_buf b = {0};
	const char *p;
	size_t n;

	ptn_smtp_auth_begin(s, "LOGIN", NULL, 0, 0);
	hears(s, "AUTH LOGIN\r\n");
	says(s, "334 aHVudGVyMi1TZWNyZXQ=\r\n");
	has_challenge(s, PASSWORD);
	ck_assert(!ptn_reply_show(ptn_smtp_reply(s), &b) && !ptn_buf_add(&b, "", 1));
	ck_assert(!holds(ptn_buf_data(&b), ptn_buf_len(&b), "aHVu"));
	ptn_smtp_auth_respond(s, PASSWORD, sizeof(PASSWORD) - 1, 1);
	n = ptn_smtp_trace(s, &p);
	ck_assert(holds(p, n, ">AUTH LOGIN\n<334 ***\n>***\n"));
	shows_no_secret(s);
	ptn_buf_free(&b);
	ptn_smtp_free(s);
}
END_TEST

static void reset_policy(void)
{
	policy.auth = 0;
	policy.secret = NULL;
}

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "exchange");

	tcase_add_checked_fixture(t, NULL, reset_policy);
	tcase_add_test(t, plain_at_once);
	tcase_add_test(t, steps);
	tcase_add_test(t, empty_initial);
	tcase_add_test(t, held_at_the_border);
	tcase_add_test(t, held_and_235);
	tcase_add_loop_test(t, another_mechanism, 0, 2);
	tcase_add_test(t, nothing_else_was_said);
	tcase_add_test(t, giving_up_between);
	tcase_add_loop_test(t, open_end, 0, 2);
	tcase_add_test(t, open_and_held);
	tcase_add_loop_test(t, cancel, 0, 5);
	tcase_add_test(t, fail_before_auth);
	tcase_add_test(t, at_the_wrong_time);
	tcase_add_test(t, bad_mechanism);
	tcase_add_test(t, rounds);
	tcase_add_loop_test(t, masked, 0, sizeof(masks) / sizeof(*masks));
	tcase_add_loop_test(t, masked_later, 0, 11);
	tcase_add_test(t, masked_behind_a_token);
	tcase_add_test(t, masked_when_lost);
	tcase_add_test(t, challenges_are_not_shown);
}
