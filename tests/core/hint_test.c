/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "hint.h"
#include "main.h"
#include "postern.h"

static const struct ptn_hint known = {.port = 465,
				      .mode = PTN_MODE_IMPLICIT,
				      .family = 6,
				      .capabilities = 7,
				      .milliseconds = 31,
				      .seconds = 1795257600,
				      .offer = 3};

START_TEST(what_is_printed_is_read)
{
	struct ptn_buf text = {0};
	struct ptn_hint h = {0};

	ck_assert_int_eq(ptn_hint_print(&text, &known, "mail.example.org"), 0);
	ck_assert_int_eq(ptn_buf_add(&text, "", 1), 0);
	ck_assert_str_eq(ptn_buf_data(&text),
			 "postern-route 1 mail.example.org 465 implicit 6 7 31 1795257600 3");
	ck_assert_int_eq(ptn_hint_parse(&h, ptn_buf_data(&text), "MAIL.example.org"), 0);
	ck_assert_int_eq(h.port, known.port);
	ck_assert_int_eq(h.mode, known.mode);
	ck_assert_int_eq(h.family, known.family);
	ck_assert_uint_eq(h.capabilities, known.capabilities);
	ck_assert_int_eq(h.milliseconds, known.milliseconds);
	ck_assert_int_eq(h.seconds, known.seconds);
	ck_assert_uint_eq(h.offer, known.offer);
	ck_assert_int_eq(ptn_hint_parse(&h, ptn_buf_data(&text), "other.example.org"), 1);
	ck_assert_int_eq(ptn_hint_parse(&h, ptn_buf_data(&text), NULL), 1);
	ptn_buf_free(&text);
}
END_TEST

/* Before it was written what a server offered. */
START_TEST(an_older_text)
{
	struct ptn_hint h = {.offer = 3};

	ck_assert_int_eq(ptn_hint_parse(&h, "postern-route 1 h 465 implicit 6 7 31 99", "h"), 0);
	ck_assert_int_eq(h.seconds, 99);
	ck_assert_uint_eq(h.offer, 0);
}
END_TEST

static const char *const bad[] = {
	"",
	"postern-route",
	"postern-route 1 ",
	"postern-route 2 h 465 implicit 6 7 31 1",
	"postern-route 1 h 0 implicit 6 7 31 1",
	"postern-route 1 h 65536 implicit 6 7 31 1",
	"postern-route 1 h -1 implicit 6 7 31 1",
	"postern-route 1 h 465 ssl 6 7 31 1",
	"postern-route 1 h 465 implicit 5 7 31 1",
	"postern-route 1 h 465 implicit 6 99999999999 31 1",
	"postern-route 1 h 465 implicit 6 7 99999999999 1",
	"postern-route 1 h 465 implicit 6 7 31",
	"postern-route 1 h 465 implicit 6 7 31 x",
	"postern-route 1 h 465 implicit 6 7 31 1 more",
	"postern-route 1 h 465 implicit 6 7 31 1 4",
	"postern-route 1 h 465 implicit 6 7 31 1 3 more",
	"smtp://user:password@h",
};

START_TEST(what_is_no_route_is_refused)
{
	struct ptn_hint h = known;

	ck_assert_int_eq(ptn_hint_parse(&h, bad[_i], "h"), POSTERN_E_ARG);
	ck_assert_int_eq(h.port, known.port); /* untouched */
}
END_TEST

START_TEST(the_hint_goes_first_and_nobody_is_lost)
{
	struct ptn_candidate c[3] = {{587, PTN_MODE_STARTTLS, 0},
				     {465, PTN_MODE_IMPLICIT, 0},
				     {2525, PTN_MODE_STARTTLS, 0}};
	struct ptn_hint h = known;

	ptn_hint_apply(&h, c, 3);
	ck_assert_int_eq(c[0].port, 465);
	ck_assert_int_eq(c[1].port, 587);
	ck_assert_int_eq(c[2].port, 2525);
	h.mode = PTN_MODE_STARTTLS; /* 465 in a mode that the policy does not have */
	ptn_hint_apply(&h, c, 3);
	ck_assert_int_eq(c[0].port, 465);
	ck_assert_int_eq(c[0].mode, PTN_MODE_IMPLICIT);
	h.port = 2525;
	ptn_hint_apply(&h, c, 3);
	ck_assert_int_eq(c[0].port, 2525);
	ck_assert_int_eq(c[1].port, 465);
	h.port = 25; /* not allowed: a hint never adds a port */
	ptn_hint_apply(&h, c, 3);
	ck_assert_int_eq(c[0].port, 2525);
	h.port = 0;
	ptn_hint_apply(&h, c, 3);
	ck_assert_int_eq(c[0].port, 2525);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "hint");

	tcase_add_test(t, what_is_printed_is_read);
	tcase_add_test(t, an_older_text);
	EACH(t, what_is_no_route_is_refused, bad);
	tcase_add_test(t, the_hint_goes_first_and_nobody_is_lost);
}
