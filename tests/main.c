/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "main.h"

TCase *test_case(Suite *s, const char *name)
{
	TCase *t = tcase_create(name);

	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	return t;
}

int main(int argc, char **argv)
{
	const char *slash = strrchr(argv[0], '/');
	Suite *s = suite_create(slash ? slash + 1 : argv[0]);
	SRunner *r;
	int failed;

	(void)argc;
	test_cases(s);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
