/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/header.h"
#include "main.h"

static const struct {
	const char *in;
	size_t length;
} ends[] = {
	{"", 0},
	{"A: b\n", 0},
	{"A: b\n\nbody", 6},
	{"A: b\r\n\r\nbody\n\n", 8},
	{"A: b\n\r\nbody", 7},
	{"A: b\r\n\r", 0},
	{"\nbody", 1},
	{"A: b\n \n\n", 8}, /* a blank line of a folded field is not empty */
};

START_TEST(finds_the_end)
{
	ck_assert_uint_eq(header_length(ends[_i].in, strlen(ends[_i].in)), ends[_i].length);
}
END_TEST

START_TEST(walks_over_the_fields)
{
	static const char text[] = "From: a@b\r\nSubject : one\r\n\ttwo\r\nX-Y:\n\nbody: no\n";
	struct header h = {.text = text, .n = sizeof text - 1};
	struct field f;

	ck_assert_int_eq(header_next(&h, &f), 1);
	ck_assert(field_is(&f, "from"));
	ck_assert_uint_eq(f.line, 1);
	ck_assert_uint_eq(f.value_len, 6);
	ck_assert_int_eq(header_next(&h, &f), 1);
	ck_assert(field_is(&f, "SUBJECT"));
	ck_assert_uint_eq(f.line, 2);
	ck_assert_int_eq(memcmp(f.value, " one\r\n\ttwo\r\n", f.value_len), 0);
	ck_assert_int_eq(header_next(&h, &f), 1);
	ck_assert(field_is(&f, "x-y"));
	ck_assert_uint_eq(f.line, 4);
	ck_assert_int_eq(header_next(&h, &f), 0);
	ck_assert_int_eq(header_next(&h, &f), 0);
}
END_TEST

static const struct {
	const char *in, *out; /* out NULL: line is not a field */
	size_t line;
} copies[] = {
	{"From: a@b\nBcc: c@d\nTo: e@f\n\n", "From: a@b\nTo: e@f\n\n", 0},
	{"BCC: c@d,\r\n e@f,\r\n\tg@h\r\nTo: x@y\r\n\r\n", "To: x@y\r\n\r\n", 0},
	{"bcc : c@d\nTo: x@y\n\n", "To: x@y\n\n", 0},
	{"bcc\t: c@d\n\n", "\n", 0},
	{"Resent-Bcc: c@d\nTo: x@y\n", "To: x@y\n", 0},
	{"To: x@y\nBcc: c@d", "To: x@y\n", 0},
	{"Bcc:\nBcc:\nX-Bcc: kept\nBccx: kept\n\n", "X-Bcc: kept\nBccx: kept\n\n", 0},
	{"\n", "\n", 0},
	{"To: x@y\nHello Bob\n\n", NULL, 2},
	{"To: x@y\n folded\n: none\n\n", NULL, 3},
	{" folded\n\n", NULL, 1},
	{"From ann Mon Jan\nTo: x@y\n\n", NULL, 1},
	{"T\xC3\xB6: x\n\n", NULL, 1},
};

START_TEST(leaves_bcc_out)
{
	struct str out = {0};
	size_t line = header_without_bcc(&out, copies[_i].in, strlen(copies[_i].in));

	ck_assert_uint_eq(line, copies[_i].line);
	if (copies[_i].out)
		ck_assert_str_eq(str_text(&out), copies[_i].out);
	str_free(&out);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "header");

	tcase_add_loop_test(t, finds_the_end, 0, COUNT(ends));
	tcase_add_test(t, walks_over_the_fields);
	tcase_add_loop_test(t, leaves_bcc_out, 0, COUNT(copies));
}
