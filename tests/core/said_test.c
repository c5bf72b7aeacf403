/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "main.h"
#include "memory.h"
#include "said.h"
#include "smtp/reply.h"

static struct ptn_reply *reply_of(const char *text)
{
	static struct ptn_reply r;

	ptn_reply_free(&r);
	ptn_reply_next(&r, PTN_REPLY_LINE);
	ck_assert_uint_eq(ptn_reply_feed(&r, text, strlen(text)), strlen(text));
	ck_assert(r.whole && !r.wrong);
	return &r;
}

/* It outlives the reply, and as many owners as it has. */
START_TEST(owners)
{
	struct ptn_said *a =
		ptn_said_new(reply_of("250-2.0.0 one\r\n250 2.0.0 queued as 12AB\r\n"));
	struct ptn_said *b = ptn_said_share(a);

	ptn_reply_free(reply_of("250 x\r\n"));
	ck_assert_str_eq(ptn_said_text(a), "one queued as 12AB");
	ptn_said_drop(a);
	ck_assert_str_eq(ptn_said_text(b), "one queued as 12AB");
	ck_assert_str_eq(ptn_said_queue_id(b), "12AB");
	ck_assert_ptr_eq(ptn_said_queue_id(b), ptn_said_queue_id(b));
	ptn_said_drop(b);
}
END_TEST

START_TEST(nothing)
{
	struct ptn_said *s = ptn_said_new(reply_of("250\r\n"));

	ck_assert_str_eq(ptn_said_text(s), "");
	ck_assert_str_eq(ptn_said_queue_id(s), "");
	ptn_said_drop(s);
	ck_assert_ptr_null(ptn_said_new(NULL));
	ck_assert_ptr_null(ptn_said_share(NULL));
	ck_assert_str_eq(ptn_said_text(NULL), "");
	ck_assert_str_eq(ptn_said_queue_id(NULL), "");
	ptn_said_drop(NULL);
	ptn_reply_free(reply_of("250 x\r\n"));
}
END_TEST

/* Without memory nothing is told, and later all is. */
START_TEST(without_memory)
{
	const struct ptn_reply *r = reply_of("250 queued as 12AB\r\n");
	struct ptn_said *s;

	grants = 0;
	ck_assert_ptr_null(ptn_said_new(r));
	grants = -1;
	s = ptn_said_new(r);
	for (int n = 0; n < 2; n++) {
		grants = n;
		ck_assert_str_eq(ptn_said_text(s), "");
		ck_assert_str_eq(ptn_said_queue_id(s), "");
		grants = -1;
	}
	ck_assert_str_eq(ptn_said_queue_id(s), "12AB");
	ptn_said_drop(s);
	ptn_reply_free(reply_of("250 x\r\n"));
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "said");

	tcase_add_test(t, owners);
	tcase_add_test(t, nothing);
	tcase_add_test(t, without_memory);
}
