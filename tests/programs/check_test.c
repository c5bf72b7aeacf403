/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "cli/check.h"
#include "main.h"

enum { WORDS = 8 };

static int take(struct check *c, const char *const *words, struct failure *f)
{
	static char room[WORDS][64];
	char *argv[WORDS + 1] = {NULL};
	int argc = 0;

	*f = (struct failure){0};
	for (; words[argc]; argc++) {
		memcpy(room[argc], words[argc], strlen(words[argc]) + 1);
		argv[argc] = room[argc];
	}
	return check_read(c, argc, argv, f);
}

START_TEST(all_options)
{
	const char *words[] = {"check", "--user=u", "--password-file", "p", "--timeout=7", "--json",
			       "h",     NULL};
	struct check c;
	struct failure f;

	ck_assert_int_eq(take(&c, words, &f), 0);
	ck_assert_str_eq(c.common.user, "u");
	ck_assert_str_eq(c.common.password_file, "p");
	ck_assert_str_eq(c.common.server, "h");
	ck_assert_int_eq(c.common.timeout, 7);
	ck_assert_int_eq(c.common.json, 1);
	ck_assert_int_eq(
		c.all + c.common.trace + c.common.progress + c.common.help + c.common.version, 0);
	ck_assert_ptr_null(c.compare);
}
END_TEST

START_TEST(options_of_both_programs)
{
	const char *words[] = {"check",     "--user=u", "--token-command=t",
			       "--binding", "--pin=p",  "--all",
			       "h",         NULL};
	struct check c;
	struct failure f;

	ck_assert_int_eq(take(&c, words, &f), 0);
	ck_assert_str_eq(c.common.token_command, "t");
	ck_assert_str_eq(c.common.pin, "p");
	ck_assert_int_eq(c.common.binding, 1);
	ck_assert_int_eq(c.all, 1);
	ck_assert_int_eq(c.common.staple + c.common.pin_only, 0);
}
END_TEST

static const char *const refused[][WORDS] = {
	{"check", NULL},
	{"check", "a", "b", NULL},
	{"check", "--user", "u", "h", NULL},
	{"check", "--password-file", "p", "h", NULL},
	{"check", "--timeout", "0", "h", NULL},
	{"check", "--timeout", "-1", "h", NULL},
	{"check", "--timeout", "1s", "h", NULL},
	{"check", "--no-such", "h", NULL},
	{"check", "--json=1", "h", NULL},
	{"check", "--compare", NULL},
	{"check", "--token-command", "t", "h", NULL},
	{"check", "--user=u", "--password-file=p", "--token-command=t", "h", NULL},
	{"check", "--pin-only", "h", NULL},
	{"check", "--key", "k", "h", NULL},
	{"check", "--dane", "h", NULL},
	{"check", "--notify", "never", "h", NULL},
	{"check", "h", "--proxy", NULL},
};

START_TEST(wrong_usage)
{
	struct check c;
	struct failure f;

	unsetenv("POSTERN_URL");
	unsetenv("SMTP_URL");
	ck_assert_int_eq(take(&c, refused[_i], &f), EXIT_USAGE);
	ck_assert(f.text[0]);
}
END_TEST

START_TEST(the_environment)
{
	const char *words[] = {"check", NULL};
	struct check c;
	struct failure f;

	setenv("SMTP_URL", "second", 1);
	setenv("POSTERN_URL", "", 1);
	ck_assert_int_eq(take(&c, words, &f), 0);
	ck_assert_str_eq(c.common.server, "second");
	setenv("POSTERN_URL", "first", 1);
	ck_assert_int_eq(take(&c, words, &f), 0);
	ck_assert_str_eq(c.common.server, "first");
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "check");

	tcase_add_test(t, all_options);
	tcase_add_test(t, options_of_both_programs);
	EACH(t, wrong_usage, refused);
	tcase_add_test(t, the_environment);
}
