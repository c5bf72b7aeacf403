/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * GSSAPI (RFC 4752) with a ticket, against libgsasl's server side.  gssapi.sh makes a realm for it.
 */
#define _POSIX_C_SOURCE 200809L /* setenv */
#include <gsasl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "main.h"

static char name[128]; /* who signed in, as Kerberos says */

static int answer(Gsasl *ctx, Gsasl_session *session, Gsasl_property which)
{
	const char *who;

	(void)ctx;
	if (which == GSASL_SERVICE)
		return gsasl_property_set(session, which, "smtp");
	if (which == GSASL_HOSTNAME)
		return gsasl_property_set(session, which, "localhost");
	if (which != GSASL_VALIDATE_GSSAPI)
		return GSASL_NO_CALLBACK;
	who = gsasl_property_fast(session, GSASL_GSSAPI_DISPLAY_NAME);
	snprintf(name, sizeof(name), "%s", who ? who : "");
	return GSASL_OK;
}

/* Gives what the client, and the server, ended with. */
static int talk(const char *host, int *server)
{
	struct ptn_sasl_login login = {.user = "user", .host = host};
	struct ptn_sasl *c = NULL;
	Gsasl *library;
	Gsasl_session *s;
	int client = PTN_SASL_MORE;
	const char *in = NULL;
	char *out = NULL;
	size_t n = 0, in_len;

	if (ptn_sasl_new(&c, "GSSAPI", &login))
		return 0;
	ck_assert_int_eq(gsasl_init(&library), GSASL_OK);
	gsasl_callback_set(library, answer);
	ck_assert_int_eq(gsasl_server_start(library, "GSSAPI", &s), GSASL_OK);
	*server = GSASL_NEEDS_MORE;
	while (client == PTN_SASL_MORE && *server == GSASL_NEEDS_MORE) {
		client = ptn_sasl_step(c, out, n, &in, &in_len);
		gsasl_free(out);
		out = NULL;
		*server = gsasl_step(s, in, in_len, &out, &n);
	}
	gsasl_free(out);
	gsasl_finish(s);
	gsasl_done(library);
	ptn_sasl_free(c);
	return client;
}

START_TEST(with_a_ticket)
{
	int server = 0, client = talk("localhost", &server);

	ck_assert_int_eq(client, PTN_SASL_DONE);
	ck_assert_int_eq(server, GSASL_OK);
	ck_assert_str_eq(name, "user@POSTERN.TEST");
}
END_TEST

/* No such service in the realm: known before anything is sent. */
START_TEST(for_an_unknown_service)
{
	int server = 0;

	ck_assert_int_eq(talk("other.example", &server), 0);
}
END_TEST

/* Without a ticket it is no way, and that too is known before AUTH is sent. */
START_TEST(without_a_ticket)
{
	const char *tickets = getenv("KRB5CCNAME");
	int server = 0;

	ck_assert_ptr_nonnull(tickets);
	ck_assert_int_eq(setenv("KRB5CCNAME", "FILE:/nonexistent/ticket", 1), 0);
	ck_assert_int_eq(talk("localhost", &server), 0);
	ck_assert_int_eq(setenv("KRB5CCNAME", tickets, 1), 0);
}
END_TEST

START_TEST(a_broken_challenge)
{
	struct ptn_sasl_login login = {.user = "user", .host = "localhost"};
	struct ptn_sasl *c = open_as("GSSAPI", &login);
	const char *out;
	size_t n;

	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
	ck_assert_uint_gt(n, 0);
	expect_text(c, "nonsense", PTN_SASL_FAIL, "");
	ptn_sasl_free(c);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "gssapi");

	tcase_add_test(t, with_a_ticket);
	tcase_add_test(t, for_an_unknown_service);
	tcase_add_test(t, a_broken_challenge);
	tcase_add_test(t, without_a_ticket);
}
