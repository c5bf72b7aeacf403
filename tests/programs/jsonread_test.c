/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "cli/jsonread.h"
#include "main.h"

static int read(const char *text, struct list *paths, struct list *values)
{
	*paths = *values = (struct list){0};
	return json_read(text, strlen(text), paths, values);
}

static const struct {
	const char *text, *path, *value;
} good[] = {
	{"{\"a\": [{\"b\": \"x\"}]}", "a/0/b", "x"},
	{" [1 , -2.5e3,true] ", "1", "-2.5e3"},
	{"[1,2,true]", "2", "true"},
	{"{\"a\": null}", "a", ""},
	{"{\"certificate.names\": \"a, b\"}", "certificate.names", "a, b"},
	{"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"]", "0", "\"\\/\b\f\n\r\t"},
	{"[\"\\u0041\\u00e9\\u20AC\\uD83D\\uDE00\"]", "0", "A\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
	{"[\"\\u0000\\ud800x\\udc00\"]", "0", "\xEF\xBF\xBD\xEF\xBF\xBDx\xEF\xBF\xBD"},
	{"\"alone\"", "", "alone"},
	{"{\"a\": {}, \"b\": [], \"c\": {\"d\": 1}, \"e\": 2}", "e", "2"},
};

START_TEST(values_are_found)
{
	struct list paths, values;
	const char *found;

	ck_assert_int_eq(read(good[_i].text, &paths, &values), 0);
	found = json_at(&paths, &values, good[_i].path);
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found, good[_i].value);
	ck_assert_ptr_null(json_at(&paths, &values, "elsewhere"));
	list_free(&paths);
	list_free(&values);
}
END_TEST

static const char *const bad[] = {
	"",
	" ",
	"{",
	"[",
	"]",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\": 1,}",
	"{a: 1}",
	"{\"a\" 1}",
	"{\"a\": 1 \"b\": 2}",
	"[1 2]",
	"[1,]",
	"\"open",
	"\"a\\",
	"\"\\x\"",
	"\"\\u12\"",
	"\"\\u12g4\"",
	"\"a\nb\"",
	"1 2",
	"{} x",
	"[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]",
};

START_TEST(the_rest_is_refused)
{
	struct list paths, values;

	ck_assert_int_eq(read(bad[_i], &paths, &values), -1);
	list_free(&paths);
	list_free(&values);
}
END_TEST

START_TEST(every_prefix_is_refused)
{
	static const char text[] = "{\"a\": [{\"b\": \"x\\u0041\"}, 12], \"c\": null}";
	struct list paths, values;

	for (size_t n = 0; n < sizeof text - 1; n++) {
		paths = values = (struct list){0};
		ck_assert_int_eq(json_read(text, n, &paths, &values), -1);
		list_free(&paths);
		list_free(&values);
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "jsonread");

	EACH(t, values_are_found, good);
	EACH(t, the_rest_is_refused, bad);
	tcase_add_test(t, every_prefix_is_refused);
}
