/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "main.h"
#include "net/net.h"

/* Printed form; NULL: not an address. */
static const struct {
	const char *text, *printed;
	int family, loopback;
} literals[] = {
	{"192.0.2.1", "192.0.2.1", 4, 0},
	{"0.0.0.0", "0.0.0.0", 4, 0},
	{"255.255.255.255", "255.255.255.255", 4, 0},
	{"127.0.0.1", "127.0.0.1", 4, 1},
	{"127.255.0.9", "127.255.0.9", 4, 1},
	{"126.0.0.1", "126.0.0.1", 4, 0},
	{"128.0.0.1", "128.0.0.1", 4, 0},
	{"::1", "::1", 6, 1},
	{"0:0:0:0:0:0:0:1", "::1", 6, 1},
	{"::2", "::2", 6, 0},
	{"::", "::", 6, 0},
	{"2001:DB8::1", "2001:db8::1", 6, 0},
	{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1", 6, 0},
	{"::ffff:127.0.0.1", "::ffff:127.0.0.1", 6, 1},
	{"::ffff:7f01:203", "::ffff:127.1.2.3", 6, 1},
	{"::ffff:192.0.2.1", "::ffff:192.0.2.1", 6, 0},
	{"::127.0.0.1", "::127.0.0.1", 6, 0},
	{"7f00::1", "7f00::1", 6, 0},
	{"fe80::1", "fe80::1", 6, 0},
	{"ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
	 6, 0},
	{"", NULL, 0, 0},
	{"localhost", NULL, 0, 0},
	{"192.0.2", NULL, 0, 0},
	{"192.0.2.1.", NULL, 0, 0},
	{"192.0.2.256", NULL, 0, 0},
	{"192.0.2.01", NULL, 0, 0},
	{"192.0.2.0x1", NULL, 0, 0},
	{"3221225985", NULL, 0, 0},
	{" 192.0.2.1", NULL, 0, 0},
	{"192.0.2.1 ", NULL, 0, 0},
	{"192.0.2.1%1", NULL, 0, 0},
	{"[::1]", NULL, 0, 0},
	{":::1", NULL, 0, 0},
	{"1:2:3:4:5:6:7:8:9", NULL, 0, 0},
	{"1:2:3:4:5:6:7", NULL, 0, 0},
	{"12345::", NULL, 0, 0},
	{"::1%1", NULL, 0, 0},
	{"2001:db8::1%1", NULL, 0, 0},
	{"fec0::1%1", NULL, 0, 0},
	{"fe80::1%", NULL, 0, 0},
	{"fe80::1%0", NULL, 0, 0},
	{"fe80::1%nosuchzone", NULL, 0, 0},
	{"fe80::1%a-name-too-long-for-any-interface", NULL, 0, 0},
	{"%1", NULL, 0, 0},
	{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", NULL, 0, 0},
};

START_TEST(literal)
{
	struct ptn_address a = {.family = 99};
	const char *text = literals[_i].text;
	char buf[64];
	int e = ptn_net_parse(&a, text, strlen(text));

	if (!literals[_i].printed) {
		ck_assert_msg(e == -1, "\"%s\" was taken", text);
		ck_assert_int_eq(a.family, 99);
		return;
	}
	ck_assert_msg(e == 0, "\"%s\" was refused", text);
	ck_assert_int_eq(a.family, literals[_i].family);
	ck_assert_uint_eq(a.scope, 0);
	ck_assert_int_eq(ptn_net_is_loopback(&a), literals[_i].loopback);
	ck_assert_uint_eq(ptn_net_print(&a, buf, sizeof buf), strlen(literals[_i].printed));
	ck_assert_str_eq(buf, literals[_i].printed);
}
END_TEST

START_TEST(only_the_length_given_is_read)
{
	struct ptn_address a;

	ck_assert_int_eq(ptn_net_parse(&a, "127.0.0.19", 9), 0);
	ck_assert_int_eq(a.octets[3], 1);
	ck_assert_int_eq(ptn_net_parse(&a, "127.0.0.1\0x", 10), -1);
	ck_assert_int_eq(ptn_net_parse(&a, "fe80::1%1\0", 10), -1);
}
END_TEST

/* Zone 1 is the loopback interface wherever there is one; its name differs. */
START_TEST(zones)
{
	struct ptn_address a, b;
	char buf[64];
	size_t n;

	ck_assert_int_eq(ptn_net_parse(&a, "fe80::7%1", 9), 0);
	ck_assert_uint_eq(a.scope, 1);
	n = ptn_net_print(&a, buf, sizeof buf);
	ck_assert_uint_eq(n, strlen(buf));
	ck_assert_int_eq(strncmp(buf, "fe80::7", 7), 0);
	ck_assert_int_eq(ptn_net_parse(&b, buf, n), 0);
	ck_assert_mem_eq(a.octets, b.octets, 16);
	if (strchr(buf, '%'))
		ck_assert_uint_eq(b.scope, 1);
	a.scope = 0xFFFFFFF0;
	ck_assert_uint_eq(ptn_net_print(&a, buf, sizeof buf), 7);
	ck_assert_str_eq(buf, "fe80::7");
}
END_TEST

START_TEST(what_does_not_fit_is_not_printed)
{
	struct ptn_address a;
	char buf[16] = "before";

	ck_assert_int_eq(ptn_net_parse(&a, "192.0.2.1", 9), 0);
	ck_assert_uint_eq(ptn_net_print(&a, buf, 0), 0);
	ck_assert_str_eq(buf, "before");
	ck_assert_uint_eq(ptn_net_print(&a, buf, 9), 0);
	ck_assert_str_eq(buf, "");
	ck_assert_uint_eq(ptn_net_print(&a, buf, 10), 9);
	ck_assert_str_eq(buf, "192.0.2.1");
}
END_TEST

START_TEST(paths)
{
	static const struct ptn_address a = {.family = PTN_NET_UNIX, .path = "/run/smtp.sock"};
	char buf[32], path[PTN_NET_TEXT + 2];

	ck_assert_uint_eq(ptn_net_print(&a, buf, sizeof buf), 14);
	ck_assert_str_eq(buf, "/run/smtp.sock");
	ck_assert_uint_eq(ptn_net_print(&a, buf, 14), 0);
	ck_assert_str_eq(buf, "");
	ck_assert_uint_eq(ptn_net_print(&a, buf, 15), 14);
	ck_assert_int_eq(ptn_net_is_loopback(&a), 1);
	ck_assert_int_eq(ptn_net_is_socket_path("/a"), 1);
	ck_assert_int_eq(ptn_net_is_socket_path("/"), 0);
	ck_assert_int_eq(ptn_net_is_socket_path(""), 0);
	ck_assert_int_eq(ptn_net_is_socket_path("a"), 0);
	memset(path, 'a', sizeof path);
	path[0] = '/';
	path[sizeof path - 1] = '\0';
	ck_assert_int_eq(ptn_net_is_socket_path(path), 0);
	path[90] = '\0';
	ck_assert_int_eq(ptn_net_is_socket_path(path), 1);
}
END_TEST

START_TEST(no_family_is_no_loopback)
{
	struct ptn_address a = {.family = 0, .octets = {127}};

	ck_assert_int_eq(ptn_net_is_loopback(&a), 0);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "address");

	EACH(t, literal, literals);
	tcase_add_test(t, only_the_length_given_is_read);
	tcase_add_test(t, zones);
	tcase_add_test(t, what_does_not_fit_is_not_printed);
	tcase_add_test(t, paths);
	tcase_add_test(t, no_family_is_no_loopback);
}
