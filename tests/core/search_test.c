/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "main.h"
void test_cases(Suite *s)
{
	(void)s;
}
