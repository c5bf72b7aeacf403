/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "main.h"
#include "postern.h"
#include "smtp/command.h"
#include "smtp/session.h"

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

enum {
	HELLO,
	HELLO_VERB,
	WORD,
	MAIL,
	RCPT,
	MECHANISM,
	MECHANISM_INITIAL,
	FIELDS,
	/* of parameters: blanks are encoded, or not theirs to take */
	ENVID = FIELDS,
	MAIL_AUTH,
	HOLD_UNTIL,
	ORCPT,
	ALL
};

static int put(struct ptn_buf *b, int field, const char *s)
{
	struct ptn_smtp_extras x = {.envid = field == ENVID ? s : NULL,
				    .auth = field == MAIL_AUTH ? s : NULL,
				    .hold_until = field == HOLD_UNTIL ? s : NULL};
	struct ptn_smtp_asked a = {.orcpt = s};

	switch (field) {
	case ENVID:
	case MAIL_AUTH:
	case HOLD_UNTIL:
		return ptn_command_mail(b, "a@b", 0, 0, &x);
	case ORCPT:
		return ptn_command_rcpt(b, "a@b", 0, &a);
	case HELLO:
		return ptn_command_hello(b, "EHLO", s);
	case HELLO_VERB:
		return ptn_command_hello(b, s, "name");
	case WORD:
		return ptn_command_word(b, s);
	case MAIL:
		return ptn_command_mail(b, s, PTN_PARAM_SIZE | PTN_PARAM_8BITMIME, 1, NULL);
	case RCPT:
		return ptn_command_rcpt(b, s, 0, NULL);
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

	for (int field = 0; field < ALL; field++)
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
		for (int field = 0; field < ALL; field++)
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
	ck_assert_int_eq(ptn_command_rcpt(&b, path, 0, NULL), 0);
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

	ck_assert_int_eq(ptn_command_mail(&b, "\xE7\x98\x8A@b", PTN_PARAM_SMTPUTF8, 0, NULL), 0);
	must_be(&b, "MAIL FROM:<\xE7\x98\x8A@b> SMTPUTF8\r\n");
	ck_assert_int_eq(ptn_command_rcpt(&b, "\xE7\x98\x8D@b", PTN_PARAM_SMTPUTF8, NULL), 0);
	must_be(&b, "RCPT TO:<\xE7\x98\x8D@b>\r\n");
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		ck_assert_int_lt(ptn_command_mail(&b, bad[i], PTN_PARAM_SMTPUTF8, 0, NULL), 0);
		ck_assert_int_lt(ptn_command_rcpt(&b, bad[i], PTN_PARAM_SMTPUTF8, NULL), 0);
		ck_assert_int_eq(ptn_command_takes_path(bad[i], PTN_PARAM_SMTPUTF8), 0);
		ck_assert_uint_eq(ptn_buf_len(&b), 0);
	}
}
END_TEST

START_TEST(parameters)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_command_mail(&b, "a@b", 7, 18446744073709551615ull, NULL), 0);
	must_be(&b, "MAIL FROM:<a@b> SIZE=18446744073709551615 BODY=8BITMIME SMTPUTF8\r\n");
	ck_assert_int_eq(ptn_command_mail(&b, "a@b", PTN_PARAM_SIZE, 0, NULL), 0);
	must_be(&b, "MAIL FROM:<a@b> SIZE=0\r\n");
	ck_assert_int_eq(ptn_command_mail(&b, "a@b", 0, 9, NULL), 0);
	must_be(&b, "MAIL FROM:<a@b>\r\n");
}
END_TEST

/* The parameters, one at a time: what they make of good values, and what they refuse. */
static const struct {
	struct ptn_smtp_extras x;
	const char *want; /* NULL: refused */
} extras[] = {
	{{0}, ""},
	{{.ret = 'F'}, " RET=FULL"},
	{{.ret = 'H'}, " RET=HDRS"},
	{{.ret = 'f'}, NULL},
	{{.envid = "QQ314159"}, " ENVID=QQ314159"},
	{{.envid = "a b+c=d~!"}, " ENVID=a+20b+2Bc+3Dd~!"},
	{{.envid = ""}, NULL},
	{{.envid = "a\r\nRCPT TO:<v@x>"}, NULL},
	{{.envid = "\xc3\xa9"}, NULL},
	{{.auth = ""}, " AUTH=<>"},
	{{.auth = "e+mc2@example.org"}, " AUTH=e+2Bmc2@example.org"},
	{{.auth = "\"a b\"@c"}, " AUTH=\"a+20b\"@c"},
	{{.auth = "a b@c"}, NULL},
	{{.auth = "<a@b>"}, NULL},
	{{.auth = "\xc3\xa9@b"}, NULL},
	{{.requiretls = 1}, " REQUIRETLS"},
	{{.by = 'R', .by_seconds = 120}, " BY=120;R"},
	{{.by = 'N', .by_seconds = -120, .by_trace = 1}, " BY=-120;NT"},
	{{.by = 'N', .by_seconds = 0}, " BY=0;N"},
	{{.by = 'R', .by_seconds = 0}, NULL},
	{{.by = 'N', .by_seconds = 999999999}, " BY=999999999;N"},
	{{.by = 'N', .by_seconds = 1000000000}, NULL},
	{{.by = 'N', .by_seconds = -1000000000}, NULL},
	{{.by = 'T', .by_seconds = 1}, NULL},
	{{.hold_for = 999999999}, " HOLDFOR=999999999"},
	{{.hold_for = 1000000000}, NULL},
	{{.hold_until = "2026-12-24T18:00:00Z"}, " HOLDUNTIL=2026-12-24T18:00:00Z"},
	{{.hold_until = "2026-12-24T18:00:00"}, NULL},
	{{.hold_until = "2026-12-24T18:00:00+00:00"}, NULL},
	{{.hold_until = "2026-12-24T18:00:00Z\r\nDATA"}, NULL},
	{{.hold_until = ""}, NULL},
	{{.hold_for = 1, .hold_until = "2026-12-24T18:00:00Z"}, NULL},
	{{.has_priority = 1, .priority = 9}, " MT-PRIORITY=9"},
	{{.has_priority = 1, .priority = -9}, " MT-PRIORITY=-9"},
	{{.has_priority = 1, .priority = 0}, " MT-PRIORITY=0"},
	{{.has_priority = 1, .priority = 10}, NULL},
	{{.has_priority = 1, .priority = -10}, NULL},
};

static void must_end_in(struct ptn_buf *b, int err, const char *start, const char *want)
{
	char line[1024];

	if (!want) {
		ck_assert_int_eq(err, POSTERN_E_ARG);
		ck_assert_uint_eq(ptn_buf_len(b), 0);
		return;
	}
	ck_assert_int_eq(err, 0);
	snprintf(line, sizeof(line), "%s%s\r\n", start, want);
	must_be(b, line);
}

START_TEST(mail_parameters)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_command_takes_extras(&extras[_i].x), extras[_i].want != NULL);
	must_end_in(&b, ptn_command_mail(&b, "a@b", 0, 0, &extras[_i].x), "MAIL FROM:<a@b>",
		    extras[_i].want);
	ptn_buf_free(&b);
}
END_TEST

static const struct {
	struct ptn_smtp_asked a;
	unsigned params;
	const char *want;
} asked[] = {
	{{0}, 0, ""},
	{{.notify = PTN_NOTIFY_NEVER}, 0, " NOTIFY=NEVER"},
	{{.notify = PTN_NOTIFY_DELAY}, 0, " NOTIFY=DELAY"},
	{{.notify = PTN_NOTIFY_SUCCESS | PTN_NOTIFY_FAILURE | PTN_NOTIFY_DELAY},
	 0,
	 " NOTIFY=SUCCESS,FAILURE,DELAY"},
	{{.notify = PTN_NOTIFY_NEVER | PTN_NOTIFY_DELAY}, 0, NULL},
	{{.notify = 16}, 0, NULL},
	{{.orcpt = "rfc822;a+b@c"}, 0, " ORCPT=rfc822;a+2Bb@c"},
	{{.orcpt = "x-400;a b", .notify = PTN_NOTIFY_FAILURE},
	 0,
	 " NOTIFY=FAILURE ORCPT=x-400;a+20b"},
	{{.orcpt = "rfc822"}, 0, NULL},
	{{.orcpt = "rfc822;"}, 0, NULL},
	{{.orcpt = ";a@b"}, 0, NULL},
	{{.orcpt = "rfc 822;a@b"}, 0, NULL},
	{{.orcpt = "rfc822;a@b\n"}, 0, NULL},
	{{.orcpt = "rfc822;\xc3\xa9@b"}, PTN_PARAM_SMTPUTF8, NULL},
	{{.orcpt = "utf-8;\xc3\xa9@b"}, 0, NULL},
	{{.orcpt = "utf-8;a@b"}, 0, NULL},
	{{.orcpt = "utf-8;\xc3\xa9@b"}, PTN_PARAM_SMTPUTF8, " ORCPT=utf-8;\xc3\xa9@b"},
	{{.orcpt = "UTF-8;a+b=\\ @c"},
	 PTN_PARAM_SMTPUTF8,
	 " ORCPT=UTF-8;a\\x{2B}b\\x{3D}\\x{5C}\\x{20}@c"},
	{{.orcpt = "utf-8;\xff@b"}, PTN_PARAM_SMTPUTF8, NULL},
	{{.orcpt = "utf-8;a\r@b"}, PTN_PARAM_SMTPUTF8, NULL},
	{{.orcpt = "utf-8;a\x7f@b"}, PTN_PARAM_SMTPUTF8, NULL},
	{{.orcpt = "utf-8;"}, PTN_PARAM_SMTPUTF8, NULL},
};

START_TEST(rcpt_parameters)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_command_takes_asked(&asked[_i].a, asked[_i].params),
			 asked[_i].want != NULL);
	must_end_in(&b, ptn_command_rcpt(&b, "a@b", asked[_i].params, &asked[_i].a),
		    "RCPT TO:<a@b>", asked[_i].want);
	ptn_buf_free(&b);
}
END_TEST

/* The longest values, and one octet more; what is encoded counts as encoded. */
START_TEST(longest_parameters)
{
	static const struct {
		int field;
		const char *start;
		char fill;
		size_t most; /* octets that may follow start */
	} rows[] = {{ENVID, "", 'e', 100},        {ENVID, "", '+', 33},
		    {MAIL_AUTH, "", 'a', 254},    {MAIL_AUTH, "", '+', 164},
		    {ORCPT, "rfc822;", 'a', 493}, {ORCPT, "rfc822;", '=', 164}};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++)
		for (size_t more = 0; more < 2; more++) {
			struct ptn_buf b = {0};
			char s[600] = "";
			size_t n = strlen(rows[i].start);

			memcpy(s, rows[i].start, n);
			memset(s + n, rows[i].fill, rows[i].most + more);
			ck_assert_int_eq(put(&b, rows[i].field, s), more ? POSTERN_E_ARG : 0);
			ptn_buf_free(&b);
		}
}
END_TEST

START_TEST(bdat)
{
	char line[PTN_COMMAND_BDAT];

	ck_assert_uint_eq(ptn_command_bdat(line, 0, 1), 13);
	ck_assert(!memcmp(line, "BDAT 0 LAST\r\n", 13));
	ck_assert_uint_eq(ptn_command_bdat(line, 86, 0), 9);
	ck_assert(!memcmp(line, "BDAT 86\r\n", 9));
	ck_assert_uint_eq(ptn_command_bdat(line, 18446744073709551615ull, 1), PTN_COMMAND_BDAT);
	ck_assert(!memcmp(line, "BDAT 18446744073709551615 LAST\r\n", 32));
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
	EACH(t, mail_parameters, extras);
	EACH(t, rcpt_parameters, asked);
	tcase_add_test(t, longest_parameters);
	tcase_add_test(t, bdat);
	tcase_add_test(t, auth_border);
}
