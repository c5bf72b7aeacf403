/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "mail.h"
#include "main.h"
#include "memory.h"

static ptrdiff_t no_octets(void *arg, char *buf, size_t cap)
{
	(void)arg, (void)buf, (void)cap;
	return 0;
}

/* ---- Filling in. ---- */

static const struct {
	const char *path; /* NULL too */
	int good;
} paths[] = {
	{"me@example.org", 1},
	{"", 1}, /* the null reverse-path */
	{"\"a b\"@example.org", 1},
	{"me@[192.0.2.1]", 1},
	{"m\xC3\xA9@example.org", 1},
	{NULL, 0},
	{"me", 0},
	{"<me@example.org>", 0},
	{"me@example.org> SIZE=1", 0},
	{"me@example.org\r\nDATA", 0},
	{"me@exam\nple.org", 0},
	{"me@\xFF", 0},
	{"a@b@c", 0},
	{" me@example.org", 0},
};

START_TEST(reverse_paths)
{
	postern_mail *m = postern_mail_new(paths[_i].path);

	ck_assert_ptr_nonnull(m);
	if (paths[_i].good)
		ck_assert_str_eq(postern_mail_error(m), "");
	else
		ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "reverse-path"));
	/* Nothing takes a bad one back: it was given once. */
	postern_mail_add_recipient(m, "you@example.net");
	postern_mail_set_text(m, "x", 1);
	ck_assert_int_eq(!*postern_mail_error(m), paths[_i].good);
	/* Not controls, whatever was given. */
	for (const char *s = postern_mail_error(m); *s; s++)
		ck_assert((unsigned char)*s >= ' ');
	postern_mail_free(m);
}
END_TEST

START_TEST(recipients)
{
	postern_mail *m = postern_mail_new("");
	char address[] = "you00@example.net";

	for (int i = 0; i < 100; i++) {
		address[3] = (char)('0' + i / 10);
		address[4] = (char)('0' + i % 10);
		ck_assert_int_eq(postern_mail_add_recipient(m, address), 0);
	}
	ck_assert_uint_eq(postern_mail_recipients(m), 100);
	for (int i = 0; i < 100; i++) { /* in order, and copied */
		address[3] = (char)('0' + i / 10);
		address[4] = (char)('0' + i % 10);
		ck_assert_str_eq(postern_mail_recipient(m, (size_t)i), address);
		ck_assert_str_eq(m->addresses[i], address);
	}
	ck_assert_str_eq(postern_mail_error(m), "");
	/* A recipient that was refused is missing: that is not taken back by another. */
	for (size_t i = 1; i < sizeof(paths) / sizeof(*paths); i++)
		if (!paths[i].good || !*paths[i].path)
			ck_assert_int_eq(postern_mail_add_recipient(m, paths[i].path),
					 POSTERN_E_ARG);
	ck_assert_uint_eq(postern_mail_recipients(m), 100);
	ck_assert_int_eq(postern_mail_add_recipient(m, "you@example.net"), 0);
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "recipient"));
	/* Nor by a content, which takes back its own error only. */
	ck_assert_int_eq(postern_mail_set_text(m, NULL, 0), POSTERN_E_ARG);
	ck_assert_int_eq(postern_mail_set_text(m, "x", 1), 0);
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "recipient"));
	/* Nor by a reset: it is still missing. */
	ck_assert_int_eq(postern_mail_reset(m), 0);
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "recipient"));
	postern_mail_free(m);
}
END_TEST

START_TEST(contents)
{
	postern_mail *m = postern_mail_new("");

	ck_assert_int_eq(postern_mail_set_text(m, NULL, 5), POSTERN_E_ARG);
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "content"));
	ck_assert_int_eq(postern_mail_set_text(m, "", 0), 0); /* empty is a content */
	ck_assert_str_eq(postern_mail_error(m), "");
	ck_assert_int_eq(postern_mail_set_reader(m, NULL, NULL), POSTERN_E_ARG);
	ck_assert_int_eq(postern_mail_set_reader(m, no_octets, NULL), 0);
	ck_assert_str_eq(postern_mail_error(m), "");
	ck_assert(m->read && !m->text); /* the one set last counts */
	ck_assert_int_eq(postern_mail_set_text(m, "x", 1), 0);
	ck_assert(!m->read && m->text);
	postern_mail_free(m);
}
END_TEST

START_TEST(user_data)
{
	postern_mail *m = postern_mail_new("");
	int mine;

	ck_assert_ptr_null(postern_mail_get_user(m));
	postern_mail_set_user(m, &mine);
	ck_assert_ptr_eq(postern_mail_get_user(m), &mine);
	postern_mail_reset(m);
	ck_assert_ptr_eq(postern_mail_get_user(m), &mine);
	postern_mail_free(m);
}
END_TEST

/* ---- The wrong time. ---- */

START_TEST(the_wrong_time)
{
	static const int states[] = {PTN_MAIL_QUEUED, PTN_MAIL_ACTIVE, PTN_MAIL_DONE};

	for (size_t i = 0; i < 3; i++) {
		postern_mail *m = postern_mail_new("");

		postern_mail_add_recipient(m, "you@example.net");
		postern_mail_set_text(m, "x", 1);
		m->state = states[i];
		ck_assert_int_eq(postern_mail_add_recipient(m, "more@example.net"),
				 POSTERN_E_STATE);
		ck_assert_int_eq(postern_mail_set_text(m, "y", 1), POSTERN_E_STATE);
		ck_assert_int_eq(postern_mail_set_reader(m, no_octets, NULL), POSTERN_E_STATE);
		ck_assert_int_eq(postern_mail_set_completion(m, 0), POSTERN_E_STATE);
		ck_assert_int_eq(postern_mail_reset(m),
				 states[i] == PTN_MAIL_DONE ? 0 : POSTERN_E_STATE);
		/* Nothing was changed. */
		ck_assert_uint_eq(postern_mail_recipients(m), 1);
		ck_assert_int_eq(m->completion, 1);
		m->state = PTN_MAIL_NEW;
		ck_assert_str_eq(postern_mail_error(m), "");
		postern_mail_free(m);
	}
}
END_TEST

/* ---- NULL, and what is out of range. ---- */

START_TEST(null_mails)
{
	ck_assert_int_eq(postern_mail_add_recipient(NULL, "you@example.net"), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_text(NULL, "x", 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_reader(NULL, no_octets, NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_resume(NULL), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_set_completion(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_mail_reset(NULL), POSTERN_E_NOMEM);
	postern_mail_set_user(NULL, NULL);
	postern_mail_free(NULL);
	ck_assert_ptr_null(postern_mail_get_user(NULL));
	ck_assert_int_eq(postern_mail_outcome(NULL), 0);
	ck_assert_int_eq(postern_mail_code(NULL), POSTERN_E_NOMEM);
	ck_assert_str_eq(postern_mail_error(NULL), postern_strerror(POSTERN_E_NOMEM));
	ck_assert_str_eq(postern_mail_error_id(NULL), "");
	ck_assert_str_eq(postern_mail_advice(NULL), "");
	ck_assert_str_eq(postern_mail_queue_id(NULL), "");
	ck_assert_str_eq(postern_mail_reply(NULL), "");
	ck_assert_str_eq(postern_mail_message_id(NULL), "");
	ck_assert_uint_eq(postern_mail_recipients(NULL), 0);
}
END_TEST

static void expect_no_recipient(const postern_mail *m, size_t i)
{
	ck_assert_str_eq(postern_mail_recipient(m, i), "");
	ck_assert_int_eq(postern_mail_recipient_outcome(m, i), 0);
	ck_assert_int_eq(postern_mail_recipient_code(m, i), 0);
	ck_assert_str_eq(postern_mail_recipient_status(m, i), "");
	ck_assert_str_eq(postern_mail_recipient_text(m, i), "");
}

START_TEST(a_new_mail)
{
	postern_mail *m = postern_mail_new("");

	expect_no_recipient(NULL, 0);
	expect_no_recipient(m, 0);
	expect_no_recipient(m, (size_t)-1);
	postern_mail_add_recipient(m, "you@example.net");
	expect_no_recipient(m, 1);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PENDING);
	ck_assert_int_eq(postern_mail_code(m), 0);
	ck_assert_str_eq(postern_mail_error(m), "");
	ck_assert_str_eq(postern_mail_error_id(m), "");
	ck_assert_str_eq(postern_mail_advice(m), "");
	ck_assert_str_eq(postern_mail_queue_id(m), "");
	ck_assert_str_eq(postern_mail_reply(m), "");
	ck_assert_str_eq(postern_mail_message_id(m), "");
	ck_assert_str_eq(postern_mail_recipient_text(m, 0), "");
	ck_assert_int_eq(postern_mail_recipient_outcome(m, 0), POSTERN_PENDING);
	ck_assert_int_eq(postern_mail_resume(m), 0); /* nothing waits: nothing */
	ck_assert_int_eq(m->resumed, 0);
	postern_mail_free(m);
}
END_TEST

/* ---- Memory. ---- */

START_TEST(without_memory)
{
	for (int once = 0; once < 2; once++)
		for (int n = 0;; n++) {
			postern_mail *m;
			int errors = 0;

			ck_assert_int_lt(n, 100);
			refuse_once = once;
			refused = 0;
			grants = n;
			m = postern_mail_new("me@example.org");
			for (int i = 0; i < 6; i++)
				errors += postern_mail_add_recipient(m, "you@example.net") != 0;
			errors += postern_mail_set_text(m, "x", 1) != 0;
			grants = -1;
			refuse_once = 0;
			ck_assert_int_eq(!refused, !errors); /* none was passed over */
			if (errors)
				ck_assert_str_eq(postern_mail_error(m),
						 postern_strerror(POSTERN_E_NOMEM));
			if (m)
				ck_assert_uint_eq(postern_mail_recipients(m), 6 - (size_t)errors);
			postern_mail_free(m);
			if (!refused)
				break;
		}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "mail");

	tcase_add_loop_test(t, reverse_paths, 0, sizeof(paths) / sizeof(*paths));
	tcase_add_test(t, recipients);
	tcase_add_test(t, contents);
	tcase_add_test(t, user_data);
	tcase_add_test(t, the_wrong_time);
	tcase_add_test(t, null_mails);
	tcase_add_test(t, a_new_mail);
	tcase_add_test(t, without_memory);
}
