/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OAuth 2.0 tokens against a server that judges them.
 */
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "main.h"

static struct {
	const char *gives[6];
	int calls;
	char told[6][256]; /* "-": nothing was said */
} purse;

static ptrdiff_t give_token(void *arg, const char *refusal, char *buf, size_t cap)
{
	const char *token = purse.gives[purse.calls];

	ck_assert_ptr_eq(arg, &purse);
	ck_assert_ptr_nonnull(token);
	ck_assert_uint_lt(strlen(token), cap);
	snprintf(purse.told[purse.calls++], sizeof(purse.told[0]), "%s", refusal ? refusal : "-");
	memcpy(buf, token, strlen(token));
	return (ptrdiff_t)strlen(token);
}

static postern *open_with(struct box *b, const char *mechanism, const char *drop)
{
	postern *p;

	box_open(b, "implicit", NULL, "--judge", "--token", "user:good-token", "--mechanisms",
		 mechanism, drop ? "--drop" : NULL, drop, NULL);
	p = box_client(b);
	ck_assert_int_eq(postern_set_token(p, "user", give_token, &purse), 0);
	memset(&purse, 0, sizeof(purse));
	return p;
}

static void close_all(struct box *b, postern *p, postern_mail *m)
{
	postern_free(p);
	postern_mail_free(m);
	ck_assert_int_eq(box_count(b, "violation"), 0);
	box_close(b);
}

static const char *const mechanisms[] = {"OAUTHBEARER", "XOAUTH2"};

/* The first is refused, and the server says why; the second is good: one connection. */
START_TEST(a_fresh_token)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p = open_with(&b, mechanisms[_i], NULL);

	purse.gives[0] = "stale-token";
	purse.gives[1] = "good-token";
	ck_assert_msg(postern_send(p, m) == 0, "%s", postern_mail_error(m));
	ck_assert_int_eq(purse.calls, 2);
	ck_assert_str_eq(purse.told[0], "-");
	ck_assert_msg(purse.told[1][0] == '{' && strstr(purse.told[1], "status"), "%s",
		      purse.told[1]);
	ck_assert_str_eq(postern_route_mechanism(p), mechanisms[_i]);
	ck_assert_int_eq(box_count(&b, _i ? "AUTH XOAUTH2 " : "AUTH OAUTHBEARER "), 2);
	ck_assert_int_eq(box_count(&b, "QUIT"), 0); /* the same connection */
	close_all(&b, p, m);
}
END_TEST

/* Some servers hang up behind a refusal: the fresh token has a connection of its own. */
START_TEST(a_fresh_token_and_a_server_that_hangs_up)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p = open_with(&b, mechanisms[_i], "AUTH#2");

	purse.gives[0] = "stale-token";
	purse.gives[1] = purse.gives[2] = "good-token";
	ck_assert_msg(postern_send(p, m) == 0, "%s", postern_mail_error(m));
	ck_assert_int_eq(purse.calls, 3);
	ck_assert_str_eq(purse.told[2], "-");
	close_all(&b, p, m);
}
END_TEST

/* But not for ever. */
START_TEST(a_server_that_always_hangs_up)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p = open_with(&b, mechanisms[_i], "AUTH#2");

	purse.gives[0] = "stale-1";
	purse.gives[1] = "stale-2";
	purse.gives[2] = "stale-3";
	purse.gives[3] = "stale-4";
	ck_assert_int_ne(postern_send(p, m), 0);
	ck_assert_str_eq(postern_mail_error_id(m), "auth-closed");
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_TRANSIENT);
	ck_assert_int_eq(purse.calls, 4);
	close_all(&b, p, m);
}
END_TEST

/* The second is no better: nothing is tried any more, and the next mail begins with what was said.
 */
START_TEST(refused_twice)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com"), *next = a_mail("b@example.com");
	postern *p = open_with(&b, mechanisms[_i], NULL);

	purse.gives[0] = "stale-1";
	purse.gives[1] = "stale-2";
	purse.gives[2] = "good-token";
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_AUTH);
	ck_assert_str_eq(postern_mail_error_id(m), "auth-token-refused");
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "status"));
	ck_assert_ptr_null(strstr(postern_mail_error(m), "stale"));
	ck_assert_int_eq(purse.calls, 2);
	ck_assert_int_eq(postern_send(p, next), 0);
	ck_assert_int_eq(purse.calls, 3);
	ck_assert_int_eq(purse.told[2][0], '{');
	postern_mail_free(next);
	close_all(&b, p, m);
}
END_TEST

/* A connection that is open needs no token for the next mail. */
START_TEST(asked_for_once)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com"), *next = a_mail("b@example.com");
	postern *p = open_with(&b, mechanisms[_i], NULL);

	purse.gives[0] = "good-token";
	ck_assert_int_eq(postern_send(p, m), 0);
	ck_assert_int_eq(postern_send(p, next), 0);
	ck_assert_int_eq(purse.calls, 1);
	postern_mail_free(next);
	close_all(&b, p, m);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "token");

	EACH(t, a_fresh_token, mechanisms);
	EACH(t, a_fresh_token_and_a_server_that_hangs_up, mechanisms);
	EACH(t, a_server_that_always_hangs_up, mechanisms);
	EACH(t, refused_twice, mechanisms);
	EACH(t, asked_for_once, mechanisms);
}
