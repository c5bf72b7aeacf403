/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "cli/option.h"
#include "main.h"

struct kept {
	char *text;
	int flag;
};

static const struct option table[] = {
	{"--from", 1, 1, 0}, {"-f", 1, 1, 0},  {"--trace", 2, 0, 0},         {"-t", 3, 0, 0},
	{"-i", 4, 0, 0},     {"-oi", 5, 0, 0}, {"--password-file", 6, 1, 0}, {NULL, 0, 0, 0},
};

static const struct option shared[] = {
	{"--text", OPTION_TEXT, 1, offsetof(struct kept, text)},
	{"--flag", OPTION_FLAG, 0, offsetof(struct kept, flag)},
	{NULL, 0, 0, 0},
};

enum { MOST = 8 };

/* What the words give, as "1=ann 3 w=bob". */
static const struct {
	const char *argv[MOST];
	const char *out;
} lines[] = {
	{{"--from", "ann"}, "1=ann "},
	{{"--from=ann"}, "1=ann "},
	{{"--from="}, "1= "},
	{{"--from=a=b"}, "1=a=b "},
	{{"-f", "ann"}, "1=ann "},
	{{"-fann"}, "1=ann "},
	{{"-f", ""}, "1= "},
	{{"-f", "-t"}, "1=-t "},
	{{"-t", "-i", "-oi"}, "3 4 5 "},
	{{"-ti", "bob"}, "3 4 w=bob "},
	{{"-tfann"}, "3 1=ann "},
	{{"-tf", "ann"}, "3 1=ann "},
	{{"bob", "--trace", "eve"}, "w=bob 2 w=eve "},
	{{"--trace", "--", "--trace", "-t"}, "2 w=--trace w=-t "},
	{{"--", "--"}, "w=-- "},
	{{"-"}, "w=- "},
	{{""}, "w= "},
	{{"--from"}, "--from needs a value"},
	{{"-f"}, "-f needs a value"},
	{{"--trace=yes"}, "--trace takes no value"},
	{{"--form=ann"}, "there is no option --form: did you mean --from?"},
	{{"--tarce"}, "there is no option --tarce: did you mean --trace?"},
	{{"--pass"}, "there is no option --pass: did you mean --password-file?"},
	{{"--password-fil"}, "there is no option --password-fil: did you mean --password-file?"},
	{{"--trace-file"}, "there is no option --trace-file: did you mean --trace?"},
	{{"--tetx"}, "there is no option --tetx: did you mean --text?"},
	{{"--text", "a", "--flag", "-t"}, "1000=a 1001 3 "},
	{{"--nothing-like-it"}, "there is no option --nothing-like-it"},
	{{"-x"}, "there is no option -x"},
	{{"-tx"}, "3 there is no option -x"},
	{{"--a\nb"}, "there is no option --a\\x0Ab"},
};

START_TEST(reads)
{
	char copy[MOST][64], *argv[MOST + 1] = {"program"};
	struct words w = {.table = table, .shared = shared, .argv = argv, .argc = 1, .at = 1};
	char out[300] = "";
	int id;

	for (int i = 0; i < MOST && lines[_i].argv[i]; i++) {
		snprintf(copy[i], sizeof copy[i], "%s", lines[_i].argv[i]);
		argv[w.argc++] = copy[i];
	}
	while ((id = words_next(&w)) != WORD_END && id != WORD_BAD) {
		size_t n = strlen(out);

		if (id == WORD_PLAIN)
			snprintf(out + n, sizeof out - n, "w=%s ", w.value);
		else if (w.value)
			snprintf(out + n, sizeof out - n, "%d=%s ", id, w.value);
		else
			snprintf(out + n, sizeof out - n, "%d ", id);
	}
	if (id == WORD_BAD)
		strncat(out, w.why, sizeof out - strlen(out) - 1);
	ck_assert_str_eq(out, lines[_i].out);
}
END_TEST

START_TEST(keeps)
{
	char program[] = "program", text[] = "--text=a", flag[] = "--flag", other[] = "-t";
	char *argv[] = {program, text, flag, other, NULL};
	struct words w = {.table = table, .shared = shared, .argv = argv, .argc = 4, .at = 1};
	struct kept k = {0};

	ck_assert_int_eq(words_next(&w), OPTION_TEXT);
	ck_assert(w.is_shared);
	words_keep(&w, &k);
	ck_assert_str_eq(k.text, "a");
	ck_assert_int_eq(k.flag, 0);
	ck_assert_int_eq(words_next(&w), OPTION_FLAG);
	words_keep(&w, &k);
	ck_assert_int_eq(k.flag, 1);
	ck_assert_str_eq(k.text, "a");
	ck_assert_int_eq(words_next(&w), 3);
	ck_assert(!w.is_shared);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "option");

	EACH(t, reads, lines);
	tcase_add_test(t, keeps);
}
