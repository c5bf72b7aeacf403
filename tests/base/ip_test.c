/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "base/ip.h"
#include "main.h"

static const char *const addresses[] = {
	"192.0.2.1",
	"0.0.0.0",
	"255.255.255.255",
	"::",
	"::1",
	"2001:db8::1",
	"1:2:3:4:5:6:7:8",
	"1::8",
	"1:2:3:4:5:6:7::",
	"::ffff:192.0.2.1",
	"64:ff9b::192.0.2.33",
	"FE80::aB",
};

/* The system's own reading is the judge. */
START_TEST(is_an_address)
{
	const char *s = addresses[_i];
	unsigned char mine[16], judge[16] = {0};
	int six = strchr(s, ':') != NULL;

	ck_assert_int_eq(inet_pton(six ? AF_INET6 : AF_INET, s, judge), 1);
	ck_assert_uint_eq(ptn_ip_parse(s, strlen(s), mine), six ? 16 : 4);
	ck_assert_mem_eq(mine, judge, 16);
}
END_TEST

static const char *const others[] = {
	"",
	"1",
	"1.2.3",
	"1.2.3.4.",
	".1.2.3",
	"1.2.3.4.5",
	"01.2.3.4",
	"256.1.1.1",
	"1.2.3.x",
	" 1.2.3.4",
	"1.2.3.4 ",
	":",
	":::",
	"1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:9",
	"1::2::3",
	"12345::",
	":1",
	"1:",
	"::1%eth0",
	"[::1]",
	"::1.2.3",
	"1:2:3:4:5:6:7:1.2.3.4",
	"g::",
	"1:2:3:4:5:6:7:8::",
	"mail.example.org",
};

START_TEST(is_none)
{
	unsigned char out[16];

	ck_assert_uint_eq(ptn_ip_parse(others[_i], strlen(others[_i]), out), 0);
}
END_TEST

START_TEST(no_octet_beyond_the_length)
{
	unsigned char out[16];

	ck_assert_uint_eq(ptn_ip_parse("192.0.2.12", 9, out), 4);
	ck_assert_uint_eq(out[3], 1);
	ck_assert_uint_eq(ptn_ip_parse("1.2.3.4\0", 8, out), 0);
}
END_TEST

START_TEST(last_label)
{
	static const char *const numbers[] = {"1", "127.1", "a.0x7f", "a.0x", "a.b.12"};
	static const char *const names[] = {"a", "1a", "a.b1", "1.a", "0xg", "a.0y1"};

	for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
		ck_assert_msg(ptn_ip_ends_in_number(numbers[i], strlen(numbers[i])), "%s",
			      numbers[i]);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		ck_assert_msg(!ptn_ip_ends_in_number(names[i], strlen(names[i])), "%s", names[i]);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "ip");

	EACH(t, is_an_address, addresses);
	EACH(t, is_none, others);
	tcase_add_test(t, no_octet_beyond_the_length);
	tcase_add_test(t, last_label);
}
