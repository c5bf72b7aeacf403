/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Login and mechanisms are in configure_test.c too, with all setters that take a text.
 */
#include <string.h>

#include "handle.h"
#include "main.h"
#include "memory.h"

static ptrdiff_t a_token(void *arg, const char *refusal, char *buf, size_t cap)
{
	(void)arg, (void)refusal, (void)buf, (void)cap;
	return -1;
}

static void expect_error(const postern *p, const char *part)
{
	ck_assert_msg(strstr(postern_error(p), part) && !*part == !*postern_error(p),
		      "\"%s\" not in: %s", part, postern_error(p));
}

static void has(const postern *p, const char *user, const char *password, int token)
{
	if (user)
		ck_assert_str_eq(p->set.user, user);
	else
		ck_assert_ptr_null(p->set.user);
	if (password)
		ck_assert_str_eq(p->set.password, password);
	else
		ck_assert_ptr_null(p->set.password);
	ck_assert_int_eq(p->set.get_token != NULL, token);
	ck_assert_int_eq(p->set.token_arg != NULL, token);
}

/* Password and token replace each other; each takes back itself, and not the other. */
START_TEST(one_or_the_other)
{
	postern *p = postern_new("smtp://u:secret@mail.example.org");

	has(p, "u", "secret", 0);
	ck_assert_int_eq(postern_set_token(p, NULL, NULL, NULL), 0);
	has(p, "u", "secret", 0);
	ck_assert_int_eq(postern_set_token(p, "user", a_token, p), 0);
	has(p, "user", NULL, 1);
	ck_assert_int_eq(postern_set_login(p, NULL, NULL), 0);
	has(p, "user", NULL, 1);
	ck_assert_int_eq(postern_set_token(p, "other", a_token, p), 0);
	has(p, "other", NULL, 1);
	ck_assert_int_eq(postern_set_login(p, "user", "pencil"), 0);
	has(p, "user", "pencil", 0);
	ck_assert_int_eq(postern_set_token(p, "user", a_token, p), 0);
	ck_assert_int_eq(postern_set_token(p, NULL, NULL, p), 0);
	has(p, NULL, NULL, 0);
	expect_error(p, "");
	postern_free(p);
}
END_TEST

START_TEST(what_is_refused)
{
	static const struct {
		const char *user, *why;
		int token;
	} bad[] = {
		{NULL, "go together", 1}, {"user", "go together", 0}, {"", "user", 1},
		{"a\nb", "user", 1},      {"a\001b", "user", 1},      {"\xFF", "user", 1},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		postern *p = postern_new("smtp://u:secret@mail.example.org");

		ck_assert_int_eq(
			postern_set_token(p, bad[i].user, bad[i].token ? a_token : NULL, p),
			POSTERN_E_ARG);
		expect_error(p, bad[i].why);
		has(p, "u", "secret", 0);
		ck_assert_int_eq(postern_set_login(p, "u", "x"), 0);
		expect_error(p, bad[i].why); /* it is another setter's */
		ck_assert_int_eq(postern_set_token(p, "u", a_token, p), 0);
		expect_error(p, "");
		postern_free(p);
	}
}
END_TEST

/* What was learned with the old credentials goes with them; what servers offered stays. */
START_TEST(new_credentials_are_not_the_old_ones)
{
	for (int i = 0; i < 4; i++) {
		postern *p = postern_new("smtp://u:secret@mail.example.org");

		p->learned.cache.size = 32;
		ptn_learned_refuse(&p->learned, "T1", "no");
		ck_assert_int_eq(ptn_learned_set_offer(&p->learned, "h", 587, 3), 0);
		ck_assert_int_eq(i == 0   ? postern_set_login(p, "u", "other")
				 : i == 1 ? postern_set_login(p, NULL, NULL)
				 : i == 2 ? postern_set_token(p, "u", a_token, p)
					  : postern_set_mechanisms(p, "PLAIN"),
				 0);
		ck_assert_uint_eq(p->learned.cache.size, i == 3 ? 32 : 0);
		ck_assert_int_eq(ptn_learned_is_refused(&p->learned, "T1"), i == 3);
		ck_assert_uint_eq(ptn_learned_offer(&p->learned, "h", 587), 3);
		postern_free(p);
	}
}
END_TEST

START_TEST(switches)
{
	postern *p = postern_new("mail.example.org");

	ck_assert_int_eq(p->set.binding_required, 0);
	ck_assert_int_eq(p->set.weaker_allowed, 0);
	ck_assert_int_eq(postern_require_channel_binding(p, 7), 0);
	ck_assert_int_eq(postern_allow_weaker_mechanism(p, 7), 0);
	ck_assert_int_eq(p->set.binding_required, 1);
	ck_assert_int_eq(p->set.weaker_allowed, 1);
	ck_assert_int_eq(postern_require_channel_binding(p, 0), 0);
	ck_assert_int_eq(postern_allow_weaker_mechanism(p, 0), 0);
	ck_assert_int_eq(p->set.binding_required, 0);
	ck_assert_int_eq(p->set.weaker_allowed, 0);
	postern_free(p);
	ck_assert_int_eq(postern_require_channel_binding(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_allow_weaker_mechanism(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_set_token(NULL, "u", a_token, NULL), POSTERN_E_NOMEM);
}
END_TEST

START_TEST(every_known_mechanism)
{
	postern *p = postern_new("mail.example.org");

	ck_assert_int_eq(
		postern_set_mechanisms(p, "scram-sha-256-plus SCRAM-SHA-1-PLUS oauthbearer XOAUTH2 "
					  "EXTERNAL GSSAPI DIGEST-MD5 NTLM ANONYMOUS"),
		0);
	ck_assert_str_eq(p->set.mechanisms,
			 "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS OAUTHBEARER XOAUTH2 EXTERNAL GSSAPI "
			 "DIGEST-MD5 NTLM ANONYMOUS ");
	ck_assert_int_eq(postern_set_mechanisms(p, "PLAIN SCRAM-SHA-512"), POSTERN_E_ARG);
	expect_error(p, "\"SCRAM-SHA-512\"");
	postern_free(p);
}
END_TEST

/* What was offered goes with the route, and comes back with it. */
START_TEST(the_offer_is_saved_with_the_route)
{
	postern *p = postern_new("mail.example.org"), *q = postern_new("MAIL.example.org");

	p->drive.search.hint =
		(struct ptn_hint){.port = 465, .mode = PTN_MODE_IMPLICIT, .family = 4};
	ck_assert_str_eq(postern_route_save(p),
			 "postern-route 1 mail.example.org 465 implicit 4 0 0 0 0");
	ck_assert_int_eq(ptn_learned_set_offer(&p->learned, "mail.example.org", 465, 3), 0);
	ck_assert_int_eq(ptn_learned_set_offer(&p->learned, "mail.example.org", 587, 1), 0);
	ck_assert_str_eq(postern_route_save(p),
			 "postern-route 1 mail.example.org 465 implicit 4 0 0 0 3");
	ck_assert_int_eq(postern_route_restore(q, postern_route_save(p)), 0);
	ck_assert_uint_eq(ptn_learned_offer(&q->learned, "mail.example.org", 465), 3);
	/* An older text says nothing of it, and takes nothing away. */
	ck_assert_int_eq(
		postern_route_restore(q, "postern-route 1 mail.example.org 465 implicit 4 0 0 0"),
		0);
	ck_assert_uint_eq(ptn_learned_offer(&q->learned, "mail.example.org", 465), 3);
	/* One for another host means nothing. */
	ck_assert_int_eq(postern_route_restore(q, "postern-route 1 h 25 starttls 4 0 0 0 3"), 0);
	ck_assert_uint_eq(ptn_learned_offer(&q->learned, "h", 25), 0);
	postern_free(p);
	postern_free(q);
}
END_TEST

START_TEST(without_memory)
{
	postern *p = postern_new("mail.example.org");

	grants = 0;
	ck_assert_int_eq(postern_set_token(p, "user", a_token, p), POSTERN_E_NOMEM);
	grants = -1;
	has(p, NULL, NULL, 0);
	expect_error(p, postern_strerror(POSTERN_E_NOMEM));
	ck_assert_int_eq(postern_set_token(p, "user", a_token, p), 0);
	expect_error(p, "");
	grants = 0;
	ck_assert_int_eq(postern_route_restore(p, "postern-route 1 mail.example.org 465 implicit 4 "
						  "0 0 0 3"),
			 POSTERN_E_NOMEM);
	grants = -1;
	postern_free(p);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "configure_auth");

	tcase_add_test(t, one_or_the_other);
	tcase_add_test(t, what_is_refused);
	tcase_add_test(t, new_credentials_are_not_the_old_ones);
	tcase_add_test(t, switches);
	tcase_add_test(t, every_known_mechanism);
	tcase_add_test(t, the_offer_is_saved_with_the_route);
	tcase_add_test(t, without_memory);
}
