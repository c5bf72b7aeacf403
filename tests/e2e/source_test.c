/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Connections from an address that the caller names: to a server, and to a proxy.  All of 127/8 is
 * this machine on Linux.
 */
#include <check.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"
#include "main.h"

static postern *client(const struct box *b, const char *source)
{
	postern *p = box_client(b);

	ck_assert_int_eq(postern_set_login(p, "user", "password"), 0);
	ck_assert_int_eq(postern_set_source(p, source), 0);
	return p;
}

START_TEST(from_there)
{
	static const struct {
		const char *source, *seen;
	} rows[] = {
		{NULL, " open 127.0.0.1 "},
		{"127.0.0.2", " open 127.0.0.2 "},
		{"::1,127.0.0.3", " open 127.0.0.3 "},
	};
	postern_mail *m = a_mail("a@example.com");
	struct box b;
	postern *p;

	box_open(&b, "starttls", NULL, NULL);
	p = client(&b, rows[_i].source);
	ck_assert_msg(!postern_send(p, m), "%s", postern_mail_error(m));
	ck_assert_int_eq(box_count(&b, rows[_i].seen), 1);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

START_TEST(from_there_to_a_proxy)
{
	postern_mail *m = a_mail("a@example.com");
	char url[64];
	struct box b;
	postern *p;

	box_open(&b, "starttls socks5", NULL, NULL);
	p = client(&b, "127.0.0.2");
	snprintf(url, sizeof(url), "socks5://127.0.0.1:%d", b.port[1]);
	ck_assert_int_eq(postern_set_proxy(p, url), 0);
	ck_assert_msg(!postern_send(p, m), "%s", postern_mail_error(m));
	ck_assert_int_eq(box_count(&b, " open 127.0.0.2 "), 1);
	ck_assert_str_eq(postern_route_address(p), "127.0.0.1");
	ck_assert_str_eq(postern_attempt_address(p, 0), "127.0.0.1");
	ck_assert_int_eq(postern_route_port(p), b.port[0]);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* An address that is not this machine's (RFC 5737), and one of the family that the server has not.
 */
START_TEST(from_nowhere)
{
	static const struct {
		const char *source, *words;
	} rows[] = {
		{"192.0.2.9", "the source address cannot be used on this machine"},
		{"2001:db8::9", "the source address cannot be used on this machine"},
	};
	postern_mail *m = a_mail("a@example.com");
	char ports[32];
	struct box b;
	postern *p;

	box_open(&b, "starttls", NULL, NULL);
	p = postern_new("127.0.0.1");
	snprintf(ports, sizeof(ports), "%d", b.port[0]);
	ck_assert_int_eq(postern_set_ports(p, ports), 0);
	ck_assert_int_eq(postern_set_source(p, rows[_i].source), 0);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_CONNECT);
	ck_assert_str_eq(postern_mail_error_id(m), "source-address-unusable");
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PERMANENT);
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), rows[_i].words));
	ck_assert_int_eq(box_count(&b, " open "), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "source");

	tcase_add_loop_test(t, from_there, 0, 3);
	tcase_add_test(t, from_there_to_a_proxy);
	tcase_add_loop_test(t, from_nowhere, 0, 2);
}
