/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "argument.h"
#include "base/text.h"
#include "main.h"
#include "url.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define L61 X60 "x."

/* A sentence: begins as wanted, fits, and can be shown. */
static void expect_sentence(const char *why, const char *begin)
{
	ck_assert_msg(strncmp(why, begin, strlen(begin)) == 0, "%s", why);
	ck_assert_uint_gt(strlen(why), strlen(begin) + 5);
	ck_assert(!ptn_text_has_control(why, strlen(why)));
	ck_assert(ptn_text_is_utf8(why, strlen(why)));
}

/* ---- Addresses ---------------------------------------------------------------------------- */

static const struct {
	const char *text;
	int v4, v6;
} addresses[] = {
	{"192.0.2.1", 1, 0},
	{"0.0.0.0", 1, 0},
	{"255.255.255.255", 1, 0},
	{"256.0.0.1", 0, 0},
	{"1.2.3", 0, 0},
	{"1.2.3.4.5", 0, 0},
	{"1.2.3.4.", 0, 0},
	{".1.2.3.4", 0, 0},
	{"1..2.3", 0, 0},
	{"01.2.3.4", 0, 0},
	{"1.2.3.04", 0, 0},
	{"1.2.3.0x4", 0, 0},
	{"1.2.3.4 ", 0, 0},
	{"1.2.3.-4", 0, 0},
	{"1.2.3.0004", 0, 0},
	{"", 0, 0},
	{"::", 0, 1},
	{"::1", 0, 1},
	{"1::", 0, 1},
	{"2001:db8::1", 0, 1},
	{"2001:DB8:0:0:0:0:0:1", 0, 1},
	{"1:2:3:4:5:6:7:8", 0, 1},
	{"1:2:3:4:5:6:7::", 0, 1},
	{"::2:3:4:5:6:7:8", 0, 1},
	{"1:2:3:4:5:6:7:8::", 0, 0},
	{"::1:2:3:4:5:6:7:8", 0, 0},
	{"1:2:3:4:5:6:7", 0, 0},
	{"1:2:3:4:5:6:7:8:9", 0, 0},
	{"::ffff:192.0.2.1", 0, 1},
	{"1:2:3:4:5:6:192.0.2.1", 0, 1},
	{"1:2:3:4:5:192.0.2.1", 0, 0},
	{"1:2:3:4:5:6:7:192.0.2.1", 0, 0},
	{"::1:2:3:4:5:192.0.2.1", 0, 1},
	{"::1:2:3:4:5:6:192.0.2.1", 0, 0},
	{"::192.0.2.256", 0, 0},
	{"::192.0.2", 0, 0},
	{"::192.0.2.1:1", 0, 0},
	{":", 0, 0},
	{":::", 0, 0},
	{"1:::2", 0, 0},
	{"1::2::3", 0, 0},
	{":1::2", 0, 0},
	{"1:2:", 0, 0},
	{"::12345", 0, 0},
	{"::g", 0, 0},
	{"::1%eth0", 0, 0},
	{"[::1]", 0, 0},
};

START_TEST(addresses_are_whole)
{
	size_t n = strlen(addresses[_i].text);

	ck_assert_int_eq(ptn_check_is_ipv4(addresses[_i].text, n), addresses[_i].v4);
	ck_assert_int_eq(ptn_check_is_ipv6(addresses[_i].text, n), addresses[_i].v6);
}
END_TEST

/* ---- Hosts and the name for EHLO ---------------------------------------------------------- */

static const struct {
	const char *text;
	int host, ehlo;
} names[] = {
	{"mail.example.org", 1, 1},
	{"MAIL.Example.ORG", 1, 1},
	{"localhost", 1, 1},
	{"x", 1, 1},
	{"a-b.c--d.e1", 1, 1},
	{"1and1.com", 1, 1},
	{"3com", 1, 1},
	{"xn--bcher-kva.example", 1, 1},
	{"mail.example.org.", 1, 0},
	{"mail.example.org..", 0, 0},
	{"mail_1.example.org", 1, 0},
	{"_smtp", 1, 0},
	{".", 0, 0},
	{"..", 0, 0},
	{"", 0, 0},
	{NULL, 0, 0},
	{".example.org", 0, 0},
	{"example..org", 0, 0},
	{"-a.example", 0, 0},
	{"a-.example", 0, 0},
	{"a.-", 0, 0},
	{"b\xC3\xBC"
	 "cher.example",
	 0, 0},
	{"mail.example.org\xC2\xAD", 0, 0},
	{"exa mple.org", 0, 0},
	{"example.org:25", 0, 0},
	{"user@example.org", 0, 0},
	{"example.org/", 0, 0},
	{"*.example.org", 0, 0},
	{"example.org%00", 0, 0},
	{X60 "xxx.example", 1, 1},
	{X60 "xxxx.example", 0, 0},
	{L61 L61 L61 X60 X10, 0, 0}, /* a label of 70 */
	{L61 L61 L61 L61 "abcde", 1, 1}, /* 253 octets */
	{L61 L61 L61 L61 "abcde.", 1, 0},
	{L61 L61 L61 L61 "abcdef", 0, 1}, /* 254 */
	{L61 L61 L61 L61 "abcdefg", 0, 1}, /* 255 */
	{L61 L61 L61 L61 "abcdefgh", 0, 0}, /* 256 */
	/* addresses */
	{"192.0.2.7", 1, 0},
	{"[192.0.2.7]", 0, 1},
	{"[IPv6:2001:db8::1]", 0, 1},
	{"[ipv6:::1]", 0, 1},
	{"[2001:db8::1]", 1, 0},
	{"2001:db8::1", 1, 0},
	{"[fe80::1%eth0]", 1, 0},
	{"fe80::1%eth0", 1, 0},
	{"[IPv6:fe80::1%eth0]", 0, 0},
	{"fe80::1%", 0, 0},
	{"fe80::1%e th", 0, 0},
	{"fe80::1%a%b", 0, 0},
	{"[IPv6:192.0.2.1]", 0, 0},
	{"[IPv6:]", 0, 0},
	{"[tag:content]", 0, 0},
	{"[192.0.2.256]", 0, 0},
	{"[192.0.2.7", 0, 0},
	{"192.0.2.7]", 0, 0},
	{"[]", 0, 0},
	{"[", 0, 0},
	{"]", 0, 0},
	{"127.1", 0, 0},
	{"2130706433", 0, 0},
	{"0x7f000001", 0, 0},
	{"0x7f.1", 0, 0},
	{"1.2.3.4.5", 0, 0},
	{"a.1", 0, 0},
	{"a.0x", 0, 0},
	{"0xy", 1, 1},
	{"192.0.2.7.", 1, 0},
	{":", 0, 0},
	{"::", 1, 0},
};

START_TEST(hosts)
{
	char why[256] = "";

	ck_assert_msg(ptn_check_host(names[_i].text, why, sizeof why) == (names[_i].host ? 0 : -1),
		      "%s: %s", names[_i].text, why);
	if (!names[_i].host)
		expect_sentence(why, "host");
}
END_TEST

START_TEST(ehlo_names)
{
	char why[256] = "";

	ck_assert_msg(ptn_check_ehlo_name(names[_i].text, why, sizeof why) ==
			      (names[_i].ehlo ? 0 : -1),
		      "%s: %s", names[_i].text, why);
	if (!names[_i].ehlo)
		expect_sentence(why, "name");
}
END_TEST

/* ---- Mailboxes ---------------------------------------------------------------------------- */

static const struct {
	const char *text;
	const char *rule; /* a part of the sentence; NULL: good */
} mailboxes[] = {
	{"a@example.org", NULL},
	{"first.last+tag@mail.example.org", NULL},
	{"!#$%&'*+-/=?^_`{|}~@example.org", NULL},
	{"a@localhost", NULL},
	{"a@[192.0.2.1]", NULL},
	{"a@[IPv6:2001:db8::1]", NULL},
	{"\"a b\"@example.org", NULL},
	{"\"a@b\"@example.org", NULL},
	{"\"a\\\"b\"@example.org", NULL},
	{"\"a\\\\\"@example.org", NULL},
	{"\"\\ \"@example.org", NULL},
	{"\"\"@example.org", NULL},
	{"\"a..b.\"@example.org", NULL},
	{"\"a,b;c:d\"@example.org", NULL},
	{"j\xC3\xBCrgen@example.org", NULL},
	{"\xE7\x98\x8A\xE7\x98\x8D@example.org", NULL}, /* U+760A, U+760D: themselves, never cut */
	{"\"\xC3\xBC x\"@example.org", NULL},
	{"a@b\xC3\xBC"
	 "cher.example",
	 NULL},
	{"-a@example.org", NULL}, /* no command line is near */
	/* no address */
	{NULL, "no address"},
	{"", "no address"},
	{"a", "an @"},
	{"postmaster", "an @"},
	{"@", "before the @ is empty"},
	{"@example.org", "before the @ is empty"},
	{"a@", "missing"},
	{"\"\"@", "missing"},
	{"a@@example.org", "letters"},
	{"a@b@example.org", "letters"},
	{"\"a\"b@example.org", "follow the local part"},
	{"\"a\"", "follow the local part"},
	{"\"a\".b@example.org", "follow the local part"},
	{"a\"b\"@example.org", "quoted"},
	{"\"a@example.org", "not closed"},
	{"\"a\\\"@example.org", "not closed"},
	{"\"a\\", "not closed"},
	{"\"", "not closed"},
	{"\"a\\\xC3\xBC\"@example.org", "backslash"},
	{".a@example.org", "dot"},
	{"a.@example.org", "dot"},
	{"a..b@example.org", "dot"},
	{".@example.org", "dot"},
	{"a b@example.org", "quoted"},
	{" a@example.org", "quoted"},
	{"a@example.org ", "letters"},
	{"a@exam ple.org", "letters"},
	{"a,b@example.org", "quoted"},
	{"a@example.org,b@example.org", "letters"},
	{"a(c)@example.org", "quoted"},
	{"a@example.org (c)", "letters"},
	{"a:b@example.org", "quoted"},
	{"@x,@y:a@example.org", "before the @"},
	{"a\\b@example.org", "quoted"},
	{"a@example..org", "empty"},
	{"a@.org", "empty"},
	{"a@example.org.", "empty"},
	{"a@-x.org", "hyphen"},
	{"a@exa_mple.org", "letters"},
	{"a@192.0.2.1", "[192.0.2.1]"},
	{"a@2001:db8::1", "[192.0.2.1]"},
	{"a@[2001:db8::1]", "[192.0.2.1]"},
	{"a@[192.0.2.1", "[192.0.2.1]"},
	{"a@[192.0.2.1]x", "[192.0.2.1]"},
	{"a@[]", "[192.0.2.1]"},
	/* lengths */
	{X60 "xxxx@example.org", NULL},
	{X60 "xxxxx@example.org", "64"},
	{"\"" X60 "xx\"@example.org", NULL},
	{"\"" X60 "xxx\"@example.org", "64"},
	{"a@" L61 L61 L61 L61 "abcd", NULL}, /* 254 in all */
	{"a@" L61 L61 L61 L61 "abcde", "254"},
	{"a@" L61 L61 L61 X60 "xxxx", "63"},
	/* more than one address, more than a path */
	{"<a@example.org>", "<"},
	{"a@b> SIZE=1", "<"},
	{"a>\r\nDATA\r\n.\r\n", "control"},
	{"a@example.org> <b@example.org", "<"},
	{"\"a@x>, <b\"@y", "<"},
	{"\"<\"@example.org", "<"},
	{"\">\"@example.org", "<"},
	{"\"a\\>b\"@example.org", "<"},
	{"Name <a@example.org>", "<"},
	{"a@example.org\r\nRCPT TO:<v@x>", "control"},
	{"\"a\r\n\"@example.org", "control"},
	{"\"a\tb\"@example.org", "control"},
	{"\"a\\\rb\"@example.org", "control"},
	{"a@example.org\xC2\x85", "control"},
	{"\"a\xE2\x80\xA8\"@example.org", "control"},
	{"a\xE2\x80\xA9@example.org", "control"},
	{"a\xC0\x8A@example.org", "UTF-8"},
	{"a\xFF@example.org", "UTF-8"},
	{"a@example.org\xC3", "UTF-8"},
};

START_TEST(mailboxes_are_rfc_5321)
{
	static const char *const fields[] = {"recipient", "reverse-path"};

	for (int f = 0; f < 2; f++) {
		char why[256] = "";
		int rc = ptn_check_mailbox(fields[f], mailboxes[_i].text, why, sizeof why);

		ck_assert_msg(rc == (mailboxes[_i].rule ? -1 : 0), "%s: %s", mailboxes[_i].text,
			      why);
		if (rc) {
			expect_sentence(why, fields[f]);
			ck_assert_msg(strstr(why, mailboxes[_i].rule) != NULL, "%s: %s",
				      mailboxes[_i].text, why);
		}
	}
}
END_TEST

/* ---- Credentials -------------------------------------------------------------------------- */

static const struct {
	const char *text;
	int good; /* as a password; as a user too unless empty */
} credentials[] = {
	{"pencil", 1},           {"p\xC3\xA4 ss\"\\'", 1}, {" ", 1},        {"a,b=c", 1},
	{"\xF0\x9F\x94\x91", 1}, {"\xE7\x98\x8A", 1},      {"", 1},         {NULL, 0},
	{"a\xC2\x80", 0},        {"a\xE2\x80\xA8", 0},     {"\xC0\x8A", 0}, {"\xED\xA0\x80", 0},
};

START_TEST(what_a_credential_is)
{
	const char *text = credentials[_i].text;
	int empty = text && !*text;
	char why[256] = "";

	ck_assert_int_eq(ptn_check_credential("password", text, why, sizeof why),
			 credentials[_i].good ? 0 : -1);
	if (!credentials[_i].good)
		expect_sentence(why, "password");
	ck_assert_int_eq(ptn_check_credential("user", text, why, sizeof why),
			 credentials[_i].good && !empty ? 0 : -1);
	if (empty)
		expect_sentence(why, "user");
}
END_TEST

START_TEST(credentials_have_a_length)
{
	char text[4098], why[256];

	memset(text, 'x', sizeof text);
	text[4096] = '\0';
	ck_assert_int_eq(ptn_check_credential("user", text, why, sizeof why), 0);
	text[4096] = 'x';
	text[4097] = '\0';
	ck_assert_int_eq(ptn_check_credential("user", text, why, sizeof why), -1);
	ck_assert_ptr_null(strstr(why, "xxx")); /* never shown */
}
END_TEST

/* ---- The same inputs in every field ------------------------------------------------------- */

/* Each anywhere in anything is refused. */
static const char *const hostile[] = {
	"\r",
	"\n",
	"\r\n",
	"\t",
	"\x7f",
	"\x1b",
	"\x01",
	"a\r\nRCPT TO:<v@x>",
	"a>\r\nDATA\r\n.\r\n",
	"\xE2\x80\xA8",
	"\xC2\x9B",
	"\xC0\x8A",
	"\xFF",
};

static void refuse_everywhere(const char *text)
{
	char why[256];

	ck_assert_int_eq(ptn_check_host(text, why, sizeof why), -1);
	expect_sentence(why, "host");
	ck_assert_int_eq(ptn_check_ehlo_name(text, why, sizeof why), -1);
	expect_sentence(why, "name");
	ck_assert_int_eq(ptn_check_mailbox("recipient", text, why, sizeof why), -1);
	expect_sentence(why, "recipient");
	ck_assert_int_eq(ptn_check_credential("user", text, why, sizeof why), -1);
	expect_sentence(why, "user");
	ck_assert_int_eq(ptn_check_credential("password", text, why, sizeof why), -1);
	expect_sentence(why, "password");
	ck_assert_ptr_null(strstr(why, "RCPT"));
}

START_TEST(hostile_inputs)
{
	static const char *const around[][2] = {{"", ""},
						{"x", ""},
						{"", "x"},
						{"\"", "\"@example.org"},
						{"a@example.", "org"},
						{"mail.", ".example"}};

	for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
		char text[128] = "";

		strncat(text, around[i][0], 40);
		strncat(text, hostile[_i], 40);
		strncat(text, around[i][1], 40);
		refuse_everywhere(text);
	}
}
END_TEST

START_TEST(a_text_of_64_kib)
{
	char *text = malloc(65536 + 32);

	ck_assert_ptr_nonnull(text);
	memset(text, 'a', 65536);
	memcpy(text + 65536, "@example.org", 13);
	refuse_everywhere(text);
	free(text);
}
END_TEST

/* No room, little room, no place for the sentence at all. */
START_TEST(sentences_fit)
{
	for (size_t size = 0; size < 100; size++) {
		char why[101];

		memset(why, '?', sizeof why);
		ck_assert_int_eq(ptn_check_mailbox("recipient", "nobody", why, size), -1);
		ck_assert_int_eq(why[size], '?');
		if (size)
			ck_assert_uint_lt(strlen(why), size);
	}
	ck_assert_int_eq(ptn_check_mailbox("recipient", "nobody", NULL, 0), -1);
	ck_assert_int_eq(ptn_check_host(NULL, NULL, 10), -1);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "argument");

	EACH(t, addresses_are_whole, addresses);
	EACH(t, hosts, names);
	EACH(t, ehlo_names, names);
	EACH(t, mailboxes_are_rfc_5321, mailboxes);
	EACH(t, what_a_credential_is, credentials);
	tcase_add_test(t, credentials_have_a_length);
	EACH(t, hostile_inputs, hostile);
	tcase_add_test(t, a_text_of_64_kib);
	tcase_add_test(t, sentences_fit);
}
