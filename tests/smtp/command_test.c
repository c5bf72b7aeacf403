/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "main.h"
#include "postern.h"
#include "smtp/command.h"

/* What must be refused in every field (security 2.2). */
static const char *const hostile[] = {
	"\r",
	"\n",
	"\r\n",
	"\t",
	"\x7f",
	"\x1b",
	"a@b\r",
	"a@b\n",
	"\ra@b",
	"a\r\nRCPT TO:<v@x>",
	"a>\r\nDATA\r\n.\r\n",
	"\xE7\x98\x8D",
	"\xE7\x98\x8A",
	"a\xE2\x80\xA8-b",
	"\xC0\x8A",
	"\xFF",
	"\"a@x>, <b\"@y",
	"a@b> SIZE=1",
	"a b@c",
	"a@b ",
	" a@b",
	"a\x01@b",
};
enum { HOSTILE = sizeof(hostile) / sizeof(*hostile) };

enum { HELLO, HELLO_VERB, WORD, MAIL, RCPT, MECHANISM, MECHANISM_INITIAL, FIELDS };

static int put(struct ptn_buf *b, int field, const char *s)
{
	switch (field) {
	case HELLO:
		return ptn_command_hello(b, "EHLO", s);
	case HELLO_VERB:
		return ptn_command_hello(b, s, "name");
	case WORD:
		return ptn_command_word(b, s);
	case MAIL:
		return ptn_command_mail(b, s, PTN_PARAM_SIZE | PTN_PARAM_8BITMIME, 1);
	case RCPT:
		return ptn_command_rcpt(b, s, 0);
	case MECHANISM:
		return ptn_command_auth(b, s, NULL, 0);
	default:
		return ptn_command_auth(b, s, "x", 1);
	}
}

static void must_refuse(int field, const char *s)
{
	struct ptn_buf b = {0};
	int err;

	ck_assert(!ptn_buf_puts(&b, "NOOP\r\n"));
	err = put(&b, field, s);
	ck_assert_msg(err < 0, "field %d takes \"%s\"", field, s);
	ck_assert_uint_eq(ptn_buf_len(&b), 6);
	ck_assert(!memcmp(ptn_buf_data(&b), "NOOP\r\n", 6));
	ptn_buf_free(&b);
}

START_TEST(hostile_arguments)
{
	for (int field = 0; field < FIELDS; field++)
		must_refuse(field, hostile[_i]);
}
END_TEST

START_TEST(open_quotes)
{
	static const char *const paths[] = {"\"a", "\"a\\\"@b", "a\"@b", "\"a\"\"@b", "\\\"\"\" x"};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		must_refuse(MAIL, paths[i]);
		must_refuse(RCPT, paths[i]);
	}
}
END_TEST

START_TEST(every_control)
{
	char s[] = "a?b@c.example";

	for (int field = 0; field < FIELDS; field++)
		for (int c = 1; c < 256; c++)
			if (c < ' ' || c >= 0x7F) {
				s[1] = (char)c;
				must_refuse(field, s);
			}
}
END_TEST

START_TEST(too_long)
{
	static const size_t lengths[] = {256, 512, 65536, 1 << 20};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(*lengths); i++) {
		char *s = malloc(lengths[i] + 1);

		ck_assert_ptr_nonnull(s);
		memset(s, 'x', lengths[i]);
		s[lengths[i]] = '\0';
		for (int field = 0; field < FIELDS; field++)
			must_refuse(field, s);
		free(s);
	}
}
END_TEST

START_TEST(empty)
{
	for (int field = 0; field < FIELDS; field++)
		if (field != MAIL)
			must_refuse(field, "");
}
END_TEST

static const struct {
	int field;
	const char *in, *out;
} good[] = {
	{HELLO, "[192.0.2.7]", "EHLO [192.0.2.7]\r\n"},
	{WORD, "QUIT", "QUIT\r\n"},
	{MAIL, "", "MAIL FROM:<> SIZE=1 BODY=8BITMIME\r\n"},
	{MAIL, "a@b", "MAIL FROM:<a@b> SIZE=1 BODY=8BITMIME\r\n"},
	{RCPT, "a@b", "RCPT TO:<a@b>\r\n"},
	{RCPT, "Postmaster", "RCPT TO:<Postmaster>\r\n"},
	{RCPT, "\"a b\"@c", "RCPT TO:<\"a b\"@c>\r\n"},
	{RCPT, "\"a\\\" b\"@c", "RCPT TO:<\"a\\\" b\"@c>\r\n"},
	{RCPT, "-f@c", "RCPT TO:<-f@c>\r\n"},
	{MECHANISM, "SCRAM-SHA-256", "AUTH SCRAM-SHA-256\r\n"},
	{MECHANISM_INITIAL, "PLAIN", "AUTH PLAIN eA==\r\n"},
};

static void must_be(struct ptn_buf *b, const char *want)
{
	ck_assert_msg(ptn_buf_len(b) == strlen(want) &&
			      !memcmp(ptn_buf_data(b), want, strlen(want)),
		      "\"%.*s\", not \"%s\"", (int)ptn_buf_len(b), ptn_buf_data(b), want);
	ptn_buf_free(b);
}

START_TEST(good_arguments)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(put(&b, good[_i].field, good[_i].in), 0);
	must_be(&b, good[_i].out);
}
END_TEST

START_TEST(path_border)
{
	char path[256];
	struct ptn_buf b = {0};

	memset(path, 'x', sizeof(path));
	path[254] = '\0';
	ck_assert_int_eq(ptn_command_rcpt(&b, path, 0), 0);
	ck_assert_uint_eq(ptn_buf_len(&b), 254 + 12);
	ptn_buf_free(&b);
	path[254] = 'x';
	path[255] = '\0';
	must_refuse(RCPT, path);
	must_refuse(MAIL, path);
}
END_TEST

/* With SMTPUTF8 a path holds UTF-8, octet for octet; nothing that is not UTF-8, and no control. */
START_TEST(utf8)
{
	static const char *const bad[] = {"\xC0\x8A@b", "\xFF@b",       "\xED\xA0\x80@b",
					  "\xE7\x98@b", "\xC3\xA9\r@b", "\xC3\xA9 b@b",
					  "\xC3\xA9>@b"};
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_command_mail(&b, "\xE7\x98\x8A@b", PTN_PARAM_SMTPUTF8, 0), 0);
	must_be(&b, "MAIL FROM:<\xE7\x98\x8A@b> SMTPUTF8\r\n");
	ck_assert_int_eq(ptn_command_rcpt(&b, "\xE7\x98\x8D@b", PTN_PARAM_SMTPUTF8), 0);
	must_be(&b, "RCPT TO:<\xE7\x98\x8D@b>\r\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_lt(ptn_command_mail(&b, bad[i], PTN_PARAM_SMTPUTF8, 0), 0);
		ck_assert_int_lt(ptn_command_rcpt(&b, bad[i], PTN_PARAM_SMTPUTF8), 0);
		ck_assert_int_eq(ptn_command_takes_path(bad[i], PTN_PARAM_SMTPUTF8), 0);
		ck_assert_uint_eq(ptn_buf_len(&b), 0);
	}
}
END_TEST

START_TEST(parameters)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_command_mail(&b, "a@b", 7, 18446744073709551615ull), 0);
	must_be(&b, "MAIL FROM:<a@b> SIZE=18446744073709551615 BODY=8BITMIME SMTPUTF8\r\n");
	ck_assert_int_eq(ptn_command_mail(&b, "a@b", PTN_PARAM_SIZE, 0), 0);
	must_be(&b, "MAIL FROM:<a@b> SIZE=0\r\n");
	ck_assert_int_eq(ptn_command_mail(&b, "a@b", 0, 9), 0);
	must_be(&b, "MAIL FROM:<a@b>\r\n");
}
END_TEST

/* RFC 4954 4: the line with the initial response is a command line of at most 512 octets. */
START_TEST(auth_border)
{
	static char initial[1 << 16];
	struct ptn_buf b = {0};

	memset(initial, 'p', sizeof(initial));
	/* "AUTH PLAIN " and CRLF are 13 octets: 499 are left, and base64 comes by fours. */
	ck_assert_int_eq(ptn_command_auth(&b, "PLAIN", initial, 372), 0);
	ck_assert_uint_eq(ptn_buf_len(&b), 13 + 496);
	ptn_buf_free(&b);
	ck_assert_int_eq(ptn_command_auth(&b, "PLAIN", initial, 373), POSTERN_E_UNSUPPORTED);
	ck_assert_int_eq(ptn_command_auth(&b, "XYZ", initial, 372), 0);
	ptn_buf_free(&b);
	/* Exactly 512: 8 + 8 + 496. */
	ck_assert_int_eq(ptn_command_auth(&b, "XXXXXXXX", initial, 372), 0);
	ck_assert_uint_eq(ptn_buf_len(&b), 512);
	ptn_buf_free(&b);
	ck_assert_int_eq(ptn_command_auth(&b, "XXXXXXXXX", initial, 372), POSTERN_E_UNSUPPORTED);
	ck_assert_int_eq(ptn_command_auth(&b, "PLAIN", initial, sizeof(initial)),
			 POSTERN_E_UNSUPPORTED);
	ck_assert_int_eq(ptn_command_auth(&b, "PLAIN", initial, (size_t)-1), POSTERN_E_UNSUPPORTED);
	ck_assert_uint_eq(ptn_buf_len(&b), 0);
	ck_assert_int_eq(ptn_command_auth(&b, "EXTERNAL", "", 0), 0);
	must_be(&b, "AUTH EXTERNAL =\r\n");
	ck_assert_int_eq(ptn_command_response(&b, "", 0), 0);
	must_be(&b, "\r\n");
	ck_assert_int_eq(ptn_command_response(&b, "\0u\0p", 4), 0);
	must_be(&b, "AHUAcA==\r\n");
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "command");

	tcase_add_loop_test(t, hostile_arguments, 0, HOSTILE);
	tcase_add_test(t, open_quotes);
	tcase_add_test(t, every_control);
	tcase_add_test(t, too_long);
	tcase_add_test(t, empty);
	tcase_add_loop_test(t, good_arguments, 0, sizeof(good) / sizeof(*good));
	tcase_add_test(t, path_border);
	tcase_add_test(t, utf8);
	tcase_add_test(t, parameters);
	tcase_add_test(t, auth_border);
}
