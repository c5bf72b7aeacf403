/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <arpa/inet.h>
#include <string.h>

#include "main.h"
#include "peer.h"
#include "tls/identity.h"

#define LABEL_63 "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyzabcdefghijk"

/* RFC 9525 6.3 */
static const struct {
	const char *host, *pattern;
	int match;
} names[] = {
	{"mail.example.com", "mail.example.com", 1},
	{"mail.example.com", "MAIL.Example.COM", 1},
	{"MAIL.EXAMPLE.COM", "mail.example.com", 1},
	{"mail.example.com.", "mail.example.com", 1},
	{"mail.example.com..", "mail.example.com", 0},
	{"mail.example.com", "mail.example.com.", 0},
	{".mail.example.com", "mail.example.com", 0},
	{"mail..example.com", "mail..example.com", 0},
	{"localhost", "localhost", 1},
	{"mail.example.com", "mail.example.org", 0},
	{"mail.example.com", "example.com", 0},
	{"example.com", "mail.example.com", 0},
	{"mail.example.com", "ail.example.com", 0},
	{"mail.example.com", "mail.example.co", 0},
	{"mail_1.example.com", "mail_1.example.com", 1},
	{"xn--bcher-kva.example", "xn--bcher-kva.example", 1},
	/* a wildcard is the whole leftmost label and stands for one */
	{"mail.example.com", "*.example.com", 1},
	{"MAIL.example.com.", "*.EXAMPLE.com", 1},
	{"xn--bcher-kva.example.com", "*.example.com", 1},
	{"a.mail.example.com", "*.example.com", 0},
	{"example.com", "*.example.com", 0},
	{".example.com", "*.example.com", 0},
	{"mail.example.org", "*.example.com", 0},
	{"mail.example.com", "*", 0},
	{"mail", "*", 0},
	{"com", "*", 0},
	{"example.com", "*.com", 0},
	{"mail.example.com", "*.com", 0},
	{"example.com", "*.com.", 0},
	{"mail.example.com", "m*.example.com", 0},
	{"mail.example.com", "*mail.example.com", 0},
	{"xmail.example.com", "*mail.example.com", 0},
	{"mail.example.com", "*l.example.com", 0},
	{"mail.example.com", "ma*l.example.com", 0},
	{"mail.example.com", "mail.*.com", 0},
	{"mail.example.com", "mail.example.*", 0},
	{"mail.example.com", "*.*.com", 0},
	{"mail.example.com", "*.*.*", 0},
	{"mail.example.com", "**.example.com", 0},
	{"mail.example.com", "*..example.com", 0},
	{"mail.example.com", "*.", 0},
	{"mail.example.com", "*.example.com.", 0},
	{"mail.example.com", ".example.com", 0},
	{"*.example.com", "*.example.com", 0},
	{"mail.example.com", "", 0},
	{"", "", 0},
	{".", ".", 0},
	{"", "*.example.com", 0},
	/* what no name may hold */
	{"mail.example.com", "mail.example.com ", 0},
	{"mail.example.com", " mail.example.com", 0},
	{"mail.example.com", "mail.example.com\n", 0},
	{"m\303\251l.example.com", "m\303\251l.example.com", 0},
	{"mail example.com", "mail example.com", 0},
	{LABEL_63 ".example", LABEL_63 ".example", 1},
	{LABEL_63 "x.example", LABEL_63 "x.example", 0},
	{LABEL_63 ".example.org", "*.example.org", 1},
	{LABEL_63 "x.example.org", "*.example.org", 0},
	/* addresses are no names */
	{"127.0.0.1", "127.0.0.1", 0},
	{"127.0.0.1.", "127.0.0.1", 0},
	{"127.1", "127.1", 0},
	{"127.0.0.1", "*.0.0.1", 0},
	{"0x7f.1", "0x7f.1", 0},
	{"1.0x7f", "1.0x7f", 0},
	{"1.0x", "1.0x", 0},
	{"2130706433", "2130706433", 0},
	{"::1", "::1", 0},
	{"[::1]", "[::1]", 0},
	{"1.2.3.4a", "1.2.3.4a", 1},
	{"0x7f.example", "0x7f.example", 1},
	{"123.example.com", "123.example.com", 1},
};

START_TEST(names_match)
{
	const char *h = names[_i].host, *p = names[_i].pattern;

	ck_assert_msg(ptn_identity_match(h, strlen(h), p, strlen(p)) == names[_i].match,
		      "host %s, pattern %s", h, p);
}
END_TEST

START_TEST(name_ends_at_its_length)
{
	static const char with_nul[] = "mail.example.com\0.evil.example";

	ck_assert_int_eq(ptn_identity_match("mail.example.com", 16, with_nul, 16), 1);
	ck_assert_int_eq(ptn_identity_match("mail.example.com", 16, with_nul, sizeof with_nul - 1),
			 0);
	ck_assert_int_eq(ptn_identity_match("mail.example.com", 16, with_nul, 17), 0);
	ck_assert_int_eq(
		ptn_identity_match(with_nul, sizeof with_nul - 1, with_nul, sizeof with_nul - 1),
		0);
}
END_TEST

/* 253 octets are the most (RFC 1035 2.3.4, without the length octets). */
START_TEST(long_names)
{
	char name[300];

	for (size_t i = 0; i < sizeof name; i++)
		name[i] = i % 50 == 49 ? '.' : 'a';
	ck_assert_int_eq(ptn_identity_match(name, 253, name, 253), 1);
	ck_assert_int_eq(ptn_identity_match(name, 254, name, 254), 0);
	ck_assert_int_eq(ptn_identity_match(name, 298, name, 298), 0);
	ck_assert_uint_eq(ptn_identity_name(name, 253), 253);
	ck_assert_uint_eq(ptn_identity_name("a.example.", 10), 9);
}
END_TEST

static const char *const addresses[] = {
	"127.0.0.1",
	"0.0.0.0",
	"255.255.255.255",
	"192.0.2.7",
	"::",
	"::1",
	"1::",
	"2001:db8::7",
	"2001:DB8:0:0:0:0:0:7",
	"1:2:3:4:5:6:7:8",
	"1:2:3:4:5:6:7::",
	"::2:3:4:5:6:7:8",
	"::ffff:192.0.2.7",
	"64:ff9b::192.0.2.7",
	"1:2:3:4:5:6:192.0.2.7",
	"1::8",
	"fe80::abcd:1",
	/* none of these is one */
	"",
	".",
	"1",
	"127.1",
	"1.2.3",
	"1.2.3.",
	"1.2.3.4.",
	"1.2.3.4.5",
	"1.2.3.256",
	"01.2.3.4",
	"1.2.3.04",
	"1..2.3",
	".1.2.3",
	"0x7f.0.0.1",
	" 1.2.3.4",
	"1.2.3.4 ",
	"1.2.3.4a",
	"a.b.c.d",
	"+1.2.3.4",
	":",
	":::",
	":1",
	"1:",
	"1:2",
	"1:2:3:4:5:6:7",
	"1:2:3:4:5:6:7:8:9",
	"1::2::3",
	"::1::",
	"1:2:3:4:5:6:7:8::",
	"::1:2:3:4:5:6:7:8",
	"12345::",
	"::g",
	"::1.2.3",
	"1:2:3:4:5:6:7:1.2.3.4",
	"::1.2.3.4:5",
	"1.2.3.4::",
	"[::1]",
	"::1]",
	"mail.example.com",
	"1:2:3:4:5:6:7:",
	"::ffff:1.2.3.400",
	"1:::2",
};

/* The C library's own reading is the measure. */
START_TEST(addresses_are_read)
{
	const char *s = addresses[_i];
	unsigned char mine[16], theirs[16] = {0};
	size_t n = inet_pton(AF_INET, s, theirs) == 1    ? 4
		   : inet_pton(AF_INET6, s, theirs) == 1 ? 16
							 : 0;

	ck_assert_msg(ptn_identity_address(s, mine) == n, "%s", s);
	ck_assert_msg(!n || !memcmp(mine, theirs, n), "%s", s);
}
END_TEST

START_TEST(zone_is_no_part)
{
	unsigned char with[16], without[16];

	ck_assert_uint_eq(ptn_identity_address("fe80::1%eth0", with), 16);
	ck_assert_uint_eq(ptn_identity_address("fe80::1", without), 16);
	ck_assert_mem_eq(with, without, 16);
	ck_assert_uint_eq(ptn_identity_address("127.0.0.1%lo", with), 0);
	ck_assert_uint_eq(ptn_identity_address("%eth0", with), 0);
}
END_TEST

#define NUL_NAME "mail.example.com\0.evil.example"

static const struct {
	const char *host;
	struct recipe recipe;
	int match;
	const char *shown;
} certs[] = {
	{"mail.example.com", {.cn = "x", .names = {"mail.example.com"}}, 1, ""},
	{"mail.example.com.", {.cn = "x", .names = {"a.example", "*.example.com"}}, 1, ""},
	{"mail.example.com", {.names = {"mail.example.com"}}, 1, ""},
	{"mail.example.com", {.cn = "mail.example.com"}, 0, ""},
	{"mail.example.com", {.cn = "*.example.com"}, 0, ""},
	{"mail.example.com",
	 {.cn = "mail.example.com", .names = {"www.example.com", "*.example.org"}},
	 0,
	 "www.example.com, *.example.org"},
	{"mail.example.com", {.cn = "mail.example.com", .uri = "smtp://mail.example.com"}, 0, ""},
	{"mail.example.com", {.cn = "x", .uri = "mail.example.com"}, 0, ""},
	{"mail.example.com",
	 {.cn = "x", .names = {"*mail.example.com", "*.com", "*"}, .ip = "192.0.2.7"},
	 0,
	 "192.0.2.7"},
	{"mail.example.com",
	 {.cn = "x", .raw_name = NUL_NAME, .raw_len = sizeof NUL_NAME - 1},
	 0,
	 ""},
	{"mail.example.com", {.cn = "x", .raw_name = "mail.example.com\n", .raw_len = 17}, 0, ""},
	{"127.0.0.1", {.cn = "x", .ip = "127.0.0.1"}, 1, ""},
	{"127.0.0.2", {.cn = "x", .ip = "127.0.0.1"}, 0, "127.0.0.1"},
	{"127.0.0.1", {.cn = "x", .names = {"127.0.0.1"}}, 0, "127.0.0.1"},
	{"127.0.0.1", {.cn = "127.0.0.1"}, 0, ""},
	{"127.1", {.cn = "x", .names = {"127.1"}, .ip = "127.0.0.1"}, 0, "127.1, 127.0.0.1"},
	{"::1", {.cn = "x", .ip = "::1"}, 1, ""},
	{"0:0::1", {.cn = "x", .ip = "::1"}, 1, ""},
	{"::ffff:127.0.0.1", {.cn = "x", .ip = "127.0.0.1"}, 0, "127.0.0.1"},
	{"::2", {.cn = "x", .ip = "2001:db8::1"}, 0, "2001:db8:0:0:0:0:0:1"},
	{"[::1]", {.cn = "x", .ip = "::1"}, 0, "0:0:0:0:0:0:0:1"},
	{"h7.example.net", {.cn = "x", .many = 9}, 1, ""},
	{"mail.example.com",
	 {.cn = "x", .many = 9},
	 0,
	 "h0.example.net, h1.example.net, h2.example.net, h3.example.net, h4.example.net, "
	 "h5.example.net, h6.example.net, h7.example.net, ..."},
	{"mail.example.com", {.cn = "x", .many = 5000, .last = "mail.example.com"}, 1, ""},
};

START_TEST(certificates_match)
{
	struct ptn_buf shown = {0};
	struct cert c;

	cert_make(&c, &certs[_i].recipe, NULL);
	ck_assert_int_eq(ptn_identity_check(c.crt, certs[_i].host, &shown), certs[_i].match);
	ck_assert_int_eq(ptn_buf_add(&shown, "", 1), 0);
	ck_assert_str_eq(ptn_buf_data(&shown), certs[_i].shown);
	ptn_buf_free(&shown);
	cert_free(&c);
}
END_TEST

START_TEST(oversized_name)
{
	static const char tail[] = ".mail.example.com";
	char name[300];
	struct recipe r = {.cn = "x", .raw_name = name, .raw_len = sizeof name};
	struct ptn_buf shown = {0};
	struct cert c;

	memset(name, 'a', sizeof name);
	memcpy(name + sizeof name - strlen(tail), tail, strlen(tail));
	cert_make(&c, &r, NULL);
	ck_assert_int_eq(ptn_identity_check(c.crt, "mail.example.com", &shown), 0);
	ck_assert_uint_eq(ptn_buf_len(&shown), 0);
	ptn_buf_free(&shown);
	cert_free(&c);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "identity");

	tcase_add_loop_test(t, names_match, 0, sizeof names / sizeof *names);
	tcase_add_test(t, name_ends_at_its_length);
	tcase_add_test(t, long_names);
	tcase_add_loop_test(t, addresses_are_read, 0, sizeof addresses / sizeof *addresses);
	tcase_add_test(t, zone_is_no_part);
	tcase_add_loop_test(t, certificates_match, 0, sizeof certs / sizeof *certs);
	tcase_add_test(t, oversized_name);
}
