/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/str.h"
#include "main.h"

START_TEST(grows_and_keeps_a_nul)
{
	struct str b = {0};

	ck_assert_str_eq(str_text(&b), "");
	for (int i = 0; i < 1000; i++)
		str_printf(&b, "%d,", i % 10);
	str_add(&b, "\0x", 2);
	ck_assert_uint_eq(b.n, 2002);
	ck_assert_int_eq(memcmp(b.s, "0,1,2,", 6), 0);
	ck_assert_int_eq(b.s[2002], '\0');
	ck_assert_int_eq(b.s[2001], 'x');
	ck_assert(!b.failed);
	str_free(&b);
	ck_assert_ptr_null(b.s);
}
END_TEST

START_TEST(failure_sticks)
{
	struct str b = {0};

	str_puts(&b, "kept");
	b.failed = 1;
	str_puts(&b, "more");
	ck_assert_str_eq(str_text(&b), "kept");
	str_free(&b);
}
END_TEST

static const struct {
	const char *in;
	size_t n, max;
	const char *out;
} shown[] = {
	{"plain", 5, 99, "plain"},
	{"a\nb\033[m", 6, 99, "a\\x0Ab\\x1B[m"},
	{"j\xC3\xBCrgen", 7, 99, "j\xC3\xBCrgen"},
	{"j\xFCrgen", 6, 99, "j\\xFCrgen"},
	{"\xC2\x9B", 2, 99, "\\xC2\\x9B"}, /* C1 control */
	{"abcdef", 6, 3, "abc..."},
	{"\x7F", 1, 99, "\\x7F"},
};

START_TEST(shows_what_is_fit_for_a_terminal)
{
	struct str b = {0};

	str_show(&b, shown[_i].in, shown[_i].n, shown[_i].max);
	ck_assert_str_eq(str_text(&b), shown[_i].out);
	str_free(&b);
}
END_TEST

static const struct {
	const char *s;
	size_t length;
} characters[] = {
	{"a", 1},
	{"\x7F", 1},
	{"\x80", 0},
	{"\xC1\x81", 0}, /* overlong */
	{"\xC2\x80", 2},
	{"\xC3", 0}, /* cut */
	{"\xE0\x9F\xBF", 0}, /* overlong */
	{"\xE2\x82\xAC", 3},
	{"\xED\xA0\x80", 0}, /* surrogate */
	{"\xEF\xBF\xBD", 3},
	{"\xF0\x8F\xBF\xBF", 0}, /* overlong */
	{"\xF0\x9F\x98\x80", 4},
	{"\xF4\x8F\xBF\xBF", 4},
	{"\xF4\x90\x80\x80", 0}, /* over U+10FFFF */
	{"\xF5\x80\x80\x80", 0},
	{"\xFF", 0},
};

START_TEST(measures_characters)
{
	const char *s = characters[_i].s;

	ck_assert_uint_eq(utf8_length(s, strlen(s)), characters[_i].length);
}
END_TEST

START_TEST(keeps_a_list)
{
	struct list l = {0};

	for (int i = 0; i < 50; i++)
		ck_assert_int_eq(list_add(&l, "abc", (size_t)(i % 4)), 0);
	ck_assert_uint_eq(l.n, 50);
	ck_assert_str_eq(l.v[2], "ab");
	ck_assert(list_has(&l, "abc"));
	ck_assert(list_has(&l, ""));
	ck_assert(!list_has(&l, "abcd"));
	list_free(&l);
	ck_assert_uint_eq(l.n, 0);
}
END_TEST

static const struct {
	const char *s;
	long long most, value; /* -1: refused */
} numbers[] = {
	{"0", 9, 0},   {"10", 10, 10}, {"11", 10, -1},
	{"", 9, -1},   {"-1", 9, -1},  {" 1", 9, -1},
	{"1s", 9, -1}, {"007", 9, 7},  {"99999999999999999999999", 0x7FFFFFFF, -1},
};

START_TEST(reads_numbers_strictly)
{
	long long v = -1;

	ck_assert_int_eq(read_number(numbers[_i].s, numbers[_i].most, &v),
			 numbers[_i].value < 0 ? -1 : 0);
	ck_assert_int_eq(v, numbers[_i].value);
}
END_TEST

START_TEST(compares_without_case)
{
	ck_assert(same_word("BCC", 3, "bcc"));
	ck_assert(!same_word("BCC", 2, "bcc"));
	ck_assert(!same_word("bcd", 3, "bcc"));
	ck_assert(!same_word("\xC2", 1, "\xE2"));
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "str");

	tcase_add_test(t, grows_and_keeps_a_nul);
	tcase_add_test(t, failure_sticks);
	tcase_add_loop_test(t, shows_what_is_fit_for_a_terminal, 0, COUNT(shown));
	tcase_add_loop_test(t, measures_characters, 0, COUNT(characters));
	tcase_add_test(t, keeps_a_list);
	tcase_add_loop_test(t, reads_numbers_strictly, 0, COUNT(numbers));
	tcase_add_test(t, compares_without_case);
}
