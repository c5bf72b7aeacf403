/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "base/address.h"
#include "idn.h"
#include "main.h"
#include "url.h"

START_TEST(these_are)
{
	static const char *const plain[] = {"a@b.example",
					    "first.last+tag@mail.example.org",
					    "!#$%&'*+-/=?^_`{|}~@example.org",
					    "1@2.x",
					    "user@localhost",
					    "A.B@EXAMPLE.ORG",
					    "a@xn--bcher-kva.example",
					    "a@1.2.c3"};

	for (size_t i = 0; i < sizeof(plain) / sizeof(*plain); i++)
		ck_assert_msg(ptn_address_is_plain(plain[i]), "%s", plain[i]);
}
END_TEST

/* Some of them are mailboxes all the same, but not to be seen at a glance. */
START_TEST(these_are_not)
{
	static const char *const others[] = {
		"",          "@",         "a@",           "@b",           "a",
		"a@b@c",     ".a@b.c",    "a.@b.c",       "a..b@c.d",     "a@b..c",
		"a@.b",      "a@b.",      "a b@c.d",      "a@b c.d",      "<a@b.c>",
		"a@-b.c",    "a@b-.c",    "a@b_c.d",      "a@1.2.3",      "a@[1.2.3.4]",
		"\"a\"@b.c", "a@b.c\n",   "\xC3\xBC@b.c", "a@\xC3\xBC.c", "a@b.c>",
		"a@b.0x7f",  "a\x7F@b.c", "a@b.c d",      "a,b@c.d",      "a(b)@c.d",
	};

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		ck_assert_msg(!ptn_address_is_plain(others[i]), "%s", others[i]);
}
END_TEST

START_TEST(lengths)
{
	char s[400];

	for (int local = 60; local < 70; local++)
		for (int label = 60; label < 68; label++)
			for (int labels = 1; labels < 6; labels++) {
				int n = snprintf(s, sizeof(s), "%.*s@", local,
						 "llllllllllllllllllllllllllllllllllllllllllllllll"
						 "llllllllllllllllllllllll");

				for (int i = 0; i < labels; i++)
					n += snprintf(s + n, sizeof(s) - (size_t)n, "%.*s%s", label,
						      "dddddddddddddddddddddddddddddddddddddddddddd"
						      "dddddddddddddddddddddddddddd",
						      i + 1 < labels ? "." : "");
				ck_assert_int_eq(ptn_address_is_plain(s),
						 local <= 64 && label <= 63 && n <= 254);
			}
}
END_TEST

/* Whatever it takes, all other checks take: strings made of what matters to them. */
START_TEST(all_others_agree)
{
	static const char *const parts[] = {"a", "Z", "0",  "9",  ".",        "@", "-",
					    "_", "+", "\"", "\\", " ",        "<", ">",
					    "[", "]", ":",  "0x", "\xC3\xBC", "\n"};
	unsigned long long seed = 88172645463325252ull;
	int taken = 0;

	for (int i = 0; i < 300000; i++) {
		char s[64] = "", why[200], *wire = NULL;
		const char *rule = "";

		for (int k = 0; k < 9; k++) {
			seed ^= seed << 13;
			seed ^= seed >> 7;
			seed ^= seed << 17;
			strcat(s,
			       k == 3 && seed & 1024 ? "@" : parts[seed % (seed & 4096 ? 4 : 20)]);
		}
		if (!ptn_address_is_plain(s))
			continue;
		taken++;
		ck_assert_msg(!ptn_check_mailbox("x", s, why, sizeof(why)), "%s: %s", s, why);
		ck_assert_int_eq(ptn_idn_mailbox(&wire, s, &rule), 0);
		ck_assert_ptr_null(wire);
	}
	ck_assert_int_gt(taken, 100);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "address");

	tcase_add_test(t, these_are);
	tcase_add_test(t, these_are_not);
	tcase_add_test(t, lengths);
	tcase_add_test(t, all_others_agree);
}
