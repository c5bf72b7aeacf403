/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "main.h"
#include "net/host.h"
#include "net/net.h"

#define L63 "abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz0"

static const struct {
	const char *name;
	int good;
} names[] = {
	{"mail.example.org", 1},
	{"a.b", 1},
	{"Host-1.Example.ORG", 1},
	{"1.example.org", 1},
	{"xn--bcher-kva.example", 1},
	{"localhosting.example.org", 0}, /* cautious: it begins like localhost */
	{L63 ".example", 1},
	{"", 0},
	{"host", 0},
	{"localhost", 0},
	{"localhost.localdomain", 0},
	{"LOCALHOST.localdomain", 0},
	{"a.localhost", 0},
	{"127.0.0.1", 0},
	{"host.1", 0},
	{"host.example.", 0},
	{".example", 0},
	{"host..example", 0},
	{"-host.example", 0},
	{"host-.example", 0},
	{"host_1.example", 0},
	{"host.exa mple", 0},
	{"host.example\r\nRCPT", 0},
	{"h\xC3\xB6st.example", 0},
	{L63 "x.example", 0},
	{L63 "." L63 "." L63 "." L63, 0},
};

START_TEST(name)
{
	ck_assert_msg(ptn_net_is_fully_qualified(names[_i].name) == names[_i].good, "\"%s\"",
		      names[_i].name);
}
END_TEST

START_TEST(this_host)
{
	char real[256] = "", buf[256] = "?";
	int e = ptn_net_host_name(buf, sizeof buf);

	ck_assert_int_eq(gethostname(real, sizeof real - 1), 0);
	if (ptn_net_is_fully_qualified(real)) {
		ck_assert_int_eq(e, 0);
		ck_assert_str_eq(buf, real);
	} else {
		ck_assert_int_eq(e, -ENOENT);
		ck_assert_str_eq(buf, "?");
	}
	ck_assert_int_eq(ptn_net_host_name(buf, 1), -ENOENT);
}
END_TEST

START_TEST(this_process)
{
	ck_assert_int_eq(ptn_net_process(), getpid());
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "host");

	EACH(t, name, names);
	tcase_add_test(t, this_host);
	tcase_add_test(t, this_process);
}
