/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "cli/address.h"
#include "main.h"

/* out: the addresses, joined by a bar; with "!" in front: a part of the sentence that refuses. */
static const struct {
	const char *in, *out;
} lists[] = {
	{"", ""},
	{" \r\n ", ""},
	{"a@b.example", "a@b.example"},
	{" a@b.example\r\n", "a@b.example"},
	{"a@b.example, c@d.example", "a@b.example|c@d.example"},
	{",, a@b.example,,", "a@b.example"},
	{"Ann <a@b.example>", "a@b.example"},
	{"<a@b.example>", "a@b.example"},
	{"Ann B. Other <a@b.example>", "a@b.example"},
	{"\"Other, Ann\" <a@b.example>, c@d.example", "a@b.example|c@d.example"},
	{"\"a \\\" < @ b\" <a@b.example>", "a@b.example"},
	{"=?utf-8?q?J=C3=BCrgen?= <j@b.example>", "j@b.example"},
	{"=?utf-8?b?SsO8cmdlbg==?=\r\n =?utf-8?q?_B=2C?= <j@b.example>", "j@b.example"},
	{"J\xC3\xBCrgen <j\xC3\xBC@b\xC3\xBC.example>", "j\xC3\xBC@b\xC3\xBC.example"},
	{"Ann\r\n\t<a@b.example>,\r\n c@d.example", "a@b.example|c@d.example"},
	{"(comment) a@b.example (Ann (really) \\) )", "a@b.example"},
	{"a(x)@(y)b.example(z)", "a@b.example"},
	{"a . b @ c . example", "a.b@c.example"},
	{"\"a b\"@c.example", "\"a b\"@c.example"},
	{"\"a\\\"b\"@c.example", "\"a\\\"b\"@c.example"},
	{"\"a@b\"@c.example", "\"a@b\"@c.example"},
	{"\"a\r\n b\"@c.example", "\"a b\"@c.example"},
	{"a@[192.0.2.1]", "a@[192.0.2.1]"},
	{"a@[IPv6: 2001:db8::1 ]", "a@[IPv6:2001:db8::1]"},
	{"Ann <@x.example,@y.example:a@b.example>", "a@b.example"},
	{"Team: a@b.example, Ann <c@d.example>; , e@f.example",
	 "a@b.example|c@d.example|e@f.example"},
	{"undisclosed-recipients:;", ""},
	{"Empty: ;, a@b.example", "a@b.example"},
	{"a+tag/x=y!#$%&'*^_`{|}~@b.example", "a+tag/x=y!#$%&'*^_`{|}~@b.example"},
	{"ann", "!local@domain is missing"},
	{"Other, Ann <a@b.example>", "!local@domain is missing"},
	{"a@", "!no domain"},
	{"@b.example", "!no local part"},
	{"a b@c.example", "!holds a blank"},
	{"a@b.example c@d.example", "!a comma is missing"},
	{"a@b@c.example", "!a comma is missing"},
	{"Ann <a@b.example", "!not closed with \">\""},
	{"Ann <>", "!between"},
	{"Ann <ann>", "!between"},
	{"Ann <@x.example>", "!source route"},
	{"<a@b.example> Ann", "!a comma is missing"},
	{"(open a@b.example", "!a comment is not closed"},
	{"\"open a@b.example", "!a quoted string is not closed"},
	{"\"open\\", "!a quoted string is not closed"},
	{"a@[192.0.2.1", "!a domain literal is not closed"},
	{"Team: a@b.example", "!a group is not closed"},
	{"Team: Inner: a@b.example;;", "!no group begins"},
	{": a@b.example;", "!no group begins"},
	{"Team: a@b.example; c@d.example", "!behind a group"},
	{"a@b.example; c@d.example", "!separated by commas"},
	{"a@b.example]", "!a comma is missing"},
	{"a\001@b.example", "!local@domain is missing"},
};

START_TEST(reads)
{
	struct list out = {0};
	struct str joined = {0};
	char why[160];
	int rc = address_list(&out, lists[_i].in, strlen(lists[_i].in), why, sizeof why);

	if (lists[_i].out[0] == '!') {
		ck_assert_int_eq(rc, -1);
		ck_assert_msg(strstr(why, lists[_i].out + 1) != NULL, "%s: %s", lists[_i].in, why);
	} else {
		ck_assert_msg(rc == 0, "%s: %s", lists[_i].in, why);
		for (size_t i = 0; i < out.n; i++)
			str_printf(&joined, "%s%s", i ? "|" : "", out.v[i]);
		ck_assert_str_eq(str_text(&joined), lists[_i].out);
	}
	str_free(&joined);
	list_free(&out);
}
END_TEST

/* Every beginning of every list ends, and stays inside its octets (under the sanitizers). */
START_TEST(survives_cuts)
{
	size_t n = strlen(lists[_i].in);

	for (size_t cut = 0; cut <= n; cut++) {
		struct list out = {0};
		char why[160], *copy = malloc(cut ? cut : 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, lists[_i].in, cut);
		ck_assert_int_ge(address_list(&out, copy, cut, why, sizeof why), -1);
		free(copy);
		list_free(&out);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "address");
	int n = (int)(sizeof(lists) / sizeof(*lists));

	tcase_add_loop_test(t, reads, 0, n);
	tcase_add_loop_test(t, survives_cuts, 0, n);
}
