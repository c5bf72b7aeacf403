/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "main.h"
#include "queueid.h"

/* Final replies as servers write them, without code and enhanced code; and the name in them. */
static const struct {
	const char *text, *name; /* NULL: none */
} replies[] = {
	/* Postfix: short and long names */
	{"Ok: queued as 4Xyz123ABC", "4Xyz123ABC"},
	{"Ok: queued as 0F6D41C00A3", "0F6D41C00A3"},
	{"Ok, id=12345-06, from MTA([127.0.0.1]:10025): 250 2.0.0 Ok: queued as 8D1F2A0C",
	 "8D1F2A0C"},
	{"OK: queued as 5C3F22E0A1.", "5C3F22E0A1"},
	/* Exim */
	{"OK id=1rABCD-0001-Xy", "1rABCD-0001-Xy"},
	{"OK id=1rABCD-000000012ab-3cDe", "1rABCD-000000012ab-3cDe"},
	/* sendmail, OpenSMTPD */
	{"5ABcd123 Message accepted for delivery", "5ABcd123"},
	{"43KBx2Ab012345 Message accepted for delivery", "43KBx2Ab012345"},
	{"1a2b3c4d Message accepted for delivery", "1a2b3c4d"},
	{"Message accepted for delivery", NULL},
	{"is 5ABcd123(x) Message accepted for delivery", NULL},
	/* Gmail */
	{"OK  1700000000 x12-20020a05600c1d8c00b0040b2b9d2c1asm123456wmd.12 - gsmtp",
	 "x12-20020a05600c1d8c00b0040b2b9d2c1asm123456wmd.12"},
	{"OK 1700000000 5b1f17b1804b1-4094e5664a3si12345e9.12 - gsmtp",
	 "5b1f17b1804b1-4094e5664a3si12345e9.12"},
	/* Exchange, Microsoft 365 */
	{"<id@host> [InternalId=123456789, Hostname=mx.example.org] 1234 bytes in 0.123, 9 KB/sec "
	 "Queued mail for delivery",
	 "123456789"},
	{"<20240101.1@example.org> [InternalId=5111011082268] Queued mail for delivery",
	 "5111011082268"},
	/* Amazon SES */
	{"Ok 0100018b7a3c5d2e-1f2e3d4c-5b6a-7980-8f9e-0a1b2c3d4e5f-000000",
	 "0100018b7a3c5d2e-1f2e3d4c-5b6a-7980-8f9e-0a1b2c3d4e5f-000000"},
	/* Haraka */
	{"Message Queued (8A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D.1)",
	 "8A1B2C3D-4E5F-4A6B-8C7D-9E0F1A2B3C4D.1"},
	/* nodemailer's smtp-server, aiosmtpd */
	{"OK: message queued", NULL},
	{"OK: Message queued as 1a2b3c", "1a2b3c"},
	{"OK", NULL},
	/* Dovecot */
	{"<u> abc123 Saved", "abc123"},
	{"<you@example.net> uC4IIkn3UmVPXgEAJLrxiA Saved", "uC4IIkn3UmVPXgEAJLrxiA"},
	{"Message Saved", NULL},
	/* SendGrid, Mailgun and others of their kind */
	{"Ok: queued as lAUZQzC9TJmLyfWwWcyIAg1", "lAUZQzC9TJmLyfWwWcyIAg1"},
	{"Great success", NULL},
	/* words that are no name */
	{"", NULL},
	{"Ok", NULL},
	{"Ok: queued as ", NULL},
	{"Ok: queued as x1", NULL},
	{"Ok: queued as soon as possible", NULL},
	{"OK id=", NULL},
	{"Ok 1234 bytes received", NULL},
	{"Ok 2 recipients", NULL},
	{"valid=20240101", NULL},
	{"OK grid=20240101", NULL},
	{"[InternalId=", NULL},
	{"Message Queued (1234", NULL},
	{"Message Queued ()", NULL},
	{" Message accepted for delivery", NULL},
	{" - gsmtp", NULL},
	/* what a hostile server may say: the text is escaped already, so a name ends there */
	{"Ok: queued as \\x1B[31m1234", NULL},
	{"Ok: queued as 1234\\x0D\\x0A", "1234"},
	{"Ok: queued as 12345<script>", "12345"},
	{"Ok: queued as 12345\"; rm -rf", "12345"},
	{"Ok: queued as 1234\xC3\xA9", "1234"},
};

START_TEST(the_name_in_the_reply)
{
	size_t n = 0;
	const char *text = replies[_i].text, *name = replies[_i].name;
	const char *at = ptn_queueid_find(text, &n);

	if (!name) {
		ck_assert_msg(!at, "\"%.*s\" in: %s", (int)n, at ? at : "", text);
		return;
	}
	ck_assert_msg(at, "nothing in: %s", text);
	ck_assert_msg(n == strlen(name) && !memcmp(at, name, n), "\"%.*s\" in: %s", (int)n, at,
		      text);
	ck_assert(at >= text && at + n <= text + strlen(text));
}
END_TEST

/* No length makes it read past the end, or give a name that nobody could use. */
START_TEST(long_texts)
{
	static char text[70000];
	static const struct {
		const char *before, *after;
	} habits[] = {{"Ok: queued as ", ""},
		      {"OK id=", ""},
		      {"Ok ", ""},
		      {"", " Message accepted for delivery"},
		      {"", " - gsmtp"},
		      {"", " Saved"},
		      {"Message Queued (", ")"},
		      {"", ""}};

	for (size_t i = 0; i < sizeof(habits) / sizeof(*habits); i++)
		for (size_t len = 0; len < 69000; len = len < 140 ? len + 1 : len * 3) {
			size_t n = 0, at = strlen(habits[i].before);
			const char *got;

			memcpy(text, habits[i].before, at);
			memset(text + at, '7', len);
			memcpy(text + at + len, habits[i].after, strlen(habits[i].after) + 1);
			got = ptn_queueid_find(text, &n);
			if (len < 4 || len > 128 || !(*habits[i].before || *habits[i].after)) {
				ck_assert_ptr_null(got);
				continue;
			}
			ck_assert_ptr_eq(got, text + at);
			ck_assert_uint_eq(n, len);
		}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "queueid");

	tcase_add_loop_test(t, the_name_in_the_reply, 0, sizeof(replies) / sizeof(*replies));
	tcase_add_test(t, long_texts);
}
