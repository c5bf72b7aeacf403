/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/json.h"
#include "main.h"

START_TEST(nests)
{
	struct str out = {0};
	struct json j = {&out, 0};

	json_open(&j, '{');
	json_key(&j, "a");
	json_number(&j, -12);
	json_key(&j, "b");
	json_open(&j, '[');
	json_open(&j, '{');
	json_close(&j, '}');
	json_string(&j, "x");
	json_null(&j);
	json_close(&j, ']');
	json_key(&j, "c");
	json_open(&j, '[');
	json_close(&j, ']');
	json_key(&j, "d");
	json_string_or_null(&j, "");
	json_key(&j, "e");
	json_string_or_null(&j, NULL);
	json_key(&j, "f");
	json_string_or_null(&j, "y");
	json_close(&j, '}');
	ck_assert_str_eq(str_text(&out), "{\"a\": -12, \"b\": [{}, \"x\", null], \"c\": [], "
					 "\"d\": null, \"e\": null, \"f\": \"y\"}");
	str_free(&out);
}
END_TEST

static const struct {
	const char *in, *out;
} strings[] = {
	{"", "\"\""},
	{"plain", "\"plain\""},
	{"a\"b\\c/", "\"a\\\"b\\\\c/\""},
	{"\b\f\n\r\t", "\"\\b\\f\\n\\r\\t\""},
	{"\001\037\177", "\"\\u0001\\u001f\\u007f\""},
	{"J\xC3\xBCrgen \xE2\x82\xAC \xF0\x9F\x98\x80",
	 "\"J\xC3\xBCrgen \xE2\x82\xAC \xF0\x9F\x98\x80\""},
	{"J\xFCrgen", "\"J\xEF\xBF\xBDrgen\""},
	{"\xED\xA0\x80", "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\""},
	{"cut \xE2\x82", "\"cut \xEF\xBF\xBD\xEF\xBF\xBD\""},
};

START_TEST(quotes)
{
	struct str out = {0};
	struct json j = {&out, 0};

	json_string(&j, strings[_i].in);
	ck_assert_str_eq(str_text(&out), strings[_i].out);
	str_free(&out);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "json");

	tcase_add_test(t, nests);
	EACH(t, quotes, strings);
}
