/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_CORE_MUST_H
#define TESTS_CORE_MUST_H

#include <check.h>

/* As ck_assert(), for what is asked a million times: Check writes each of its own to a pipe. */
#define must(ok) ((ok) ? (void)0 : _ck_assert_failed(__FILE__, __LINE__, "Must hold: " #ok, NULL))

#endif
