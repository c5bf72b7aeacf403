/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_MAIN_H
#define TESTS_MAIN_H

#include <check.h>

/* Each test program defines this and adds its cases.  The suite is named after the program. */
void test_cases(Suite *s);

/* One more case in the suite, with a time limit that holds under valgrind. */
TCase *test_case(Suite *s, const char *name);

/* One test for each row of a table; _i is the row. */
#define EACH(t, test, rows) tcase_add_loop_test(t, test, 0, (int)(sizeof(rows) / sizeof((rows)[0])))

#endif
