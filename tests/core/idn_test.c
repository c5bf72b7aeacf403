/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/mem.h"
#include "idn.h"
#include "mail.h"
#include "main.h"
#include "memory.h"

#define LABEL60 \
	"\xC3\xBC" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const struct {
	const char *address, *wire; /* wire NULL: it stays as it is */
	const char *rule; /* a word of it, where it is refused */
} addresses[] = {
	{"user@example.org", NULL, NULL},
	{"user@b\xC3\xBC"
	 "cher.example",
	 "user@xn--bcher-kva.example", NULL},
	/* beyond ASCII in front of the @: only SMTPUTF8 can carry it */
	{"us\xC3\xA9r@b\xC3\xBC"
	 "cher.example",
	 NULL, NULL},
	{"us\xC3\xA9r@example.org", NULL, NULL},
	/* normal form C is made of what was typed in pieces; capitals become small */
	{"user@bu\xCC\x88"
	 "cher.example",
	 "user@xn--bcher-kva.example", NULL},
	{"User@B\xC3\x9C"
	 "CHER.Example",
	 "User@xn--bcher-kva.example", NULL},
	/* nontransitional: a sharp s is a letter of its own */
	{"user@fa\xC3\x9F.de", "user@xn--fa-hia.de", NULL},
	{"user@\xE4\xBE\x8B\xE5\xAD\x90.\xE6\xB5\x8B\xE8\xAF\x95", "user@xn--fsqu00a.xn--0zwm56d",
	 NULL},
	{"user@\xD7\x90\xD7\x91.example", "user@xn--4dbc.example", NULL},
	{"\"a b\"@b\xC3\xBC"
	 "cher.example",
	 "\"a b\"@xn--bcher-kva.example", NULL},
	{"\"a@b\"@b\xC3\xBC"
	 "cher.example",
	 "\"a@b\"@xn--bcher-kva.example", NULL},
	{"user@sub.b\xC3\xBC"
	 "cher.example",
	 "user@sub.xn--bcher-kva.example", NULL},
	/* an ideographic full stop is a dot */
	{"user@b\xC3\xBC"
	 "cher\xE3\x80\x82"
	 "example",
	 "user@xn--bcher-kva.example", NULL},
	/* refused, each with its rule */
	{"user@" LABEL60 ".example", NULL, "63 octets"},
	{"user@\xCC\x88"
	 "abc.example",
	 NULL, "combining"},
	{"user@a\xE2\x80\x8D"
	 "b.example",
	 NULL, "RFC 5892"},
	{"user@\xE2\x99\xA5\xEF\xBF\xBC.example", NULL, "RFC 5892"},
	{"user@ab\xD7\x90.example", NULL, "RFC 5893"},
	{"user@\xEF\xBC\x91\xEF\xBC\x92\xEF\xBC\x97.0.0.1", NULL, "A-labels"},
};

START_TEST(mailboxes)
{
	const char *rule = "";
	char *wire = NULL;
	int err = ptn_idn_mailbox(&wire, addresses[_i].address, &rule);

	if (addresses[_i].rule) {
		ck_assert_int_eq(err, POSTERN_E_ARG);
		ck_assert_msg(strstr(rule, addresses[_i].rule), "%s", rule);
		ck_assert_ptr_null(wire);
		return;
	}
	ck_assert_msg(!err, "%s", rule);
	if (addresses[_i].wire)
		ck_assert_str_eq(wire, addresses[_i].wire);
	else
		ck_assert_ptr_null(wire);
	ptn_mem_free(wire);
}
END_TEST

/* A mail tells its addresses as they were given, and hands them on as they can be sent. */
START_TEST(in_a_mail)
{
	static const char given[] = "user@b\xC3\xBC"
				    "cher.example";
	static const char sent[] = "user@xn--bcher-kva.example";
	postern_mail *m = postern_mail_new(given);
	unsigned long long line;

	ck_assert_int_eq(postern_mail_add_recipient(m, given), 0);
	ck_assert_int_eq(postern_mail_add_recipient(m, "plain@example.org"), 0);
	ck_assert_int_eq(postern_mail_set_text(m, "A: b\n\n", 6), 0);
	ck_assert_str_eq(postern_mail_error(m), "");
	ck_assert_int_eq(ptn_mail_prepare(m, "", 0, &line), 0);
	ck_assert_str_eq(m->envelope.reverse_path, sent);
	ck_assert_str_eq(m->envelope.recipients[0], sent);
	ck_assert_str_eq(m->envelope.recipients[1], "plain@example.org");
	ck_assert_int_eq(m->envelope.utf8, 0);
	ck_assert_str_eq(postern_mail_recipient(m, 0), given);
	/* The Message-ID is made of what is sent. */
	ck_assert_ptr_nonnull(strstr(postern_mail_message_id(m), "@xn--bcher-kva.example>"));
	/* One that needs SMTPUTF8 changes nothing for the others. */
	ck_assert_int_eq(postern_mail_add_recipient(m, "us\xC3\xA9r@example.org"), 0);
	ck_assert_int_eq(ptn_mail_prepare(m, "", 0, &line), 0);
	ck_assert_int_eq(m->envelope.utf8, 1);
	ck_assert_str_eq(m->envelope.recipients[0], sent);
	postern_mail_free(m);
}
END_TEST

START_TEST(a_bad_one_is_named)
{
	static const char bad[] = "user@ab\xD7\x90.example";
	postern_mail *m = postern_mail_new(bad);

	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "reverse-path \"user@ab"));
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "RFC 5893"));
	postern_mail_free(m);
	m = postern_mail_new("");
	ck_assert_int_eq(postern_mail_add_recipient(m, bad), POSTERN_E_ARG);
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "recipient \"user@ab"));
	ck_assert_uint_eq(postern_mail_recipients(m), 0);
	postern_mail_free(m);
}
END_TEST

START_TEST(without_memory)
{
	for (int n = 0;; n++) {
		const char *rule = "";
		char *wire = NULL;
		int err;

		ck_assert_int_lt(n, 20);
		refused = 0;
		grants = n;
		err = ptn_idn_mailbox(&wire,
				      "user@b\xC3\xBC"
				      "cher.example",
				      &rule);
		grants = -1;
		ck_assert_int_eq(err, refused ? POSTERN_E_NOMEM : 0);
		ck_assert_int_eq(wire != NULL, !refused);
		ptn_mem_free(wire);
		if (!refused)
			break;
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "idn");

	tcase_add_loop_test(t, mailboxes, 0, sizeof(addresses) / sizeof(*addresses));
	tcase_add_test(t, in_a_mail);
	tcase_add_test(t, a_bad_one_is_named);
	tcase_add_test(t, without_memory);
}
