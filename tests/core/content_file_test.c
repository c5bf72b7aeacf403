/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Content from files: content_file.c, and what mail_content.c makes of it.
 */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content_file.h"
#include "mail.h"
#include "main.h"
#include "memory.h"
#include "must.h"

enum { MOST = 400 * 1024 };

static char dir[] = "/tmp/postern-content-XXXXXX", path[64];

static void set_up(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/mail", dir);
}

static void tear_down(void)
{
	unlink(path);
	rmdir(path);
	rmdir(dir);
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
}

static void put(const char *text, size_t n, int flags)
{
	int fd = open(path, O_WRONLY | O_CREAT | flags, 0600);

	must(fd >= 0);
	must(write(fd, text, n) == (ssize_t)n);
	close(fd);
}

static postern_mail *mail_of(const char *name, int completion)
{
	postern_mail *m = postern_mail_new("me@example.org");

	ck_assert_int_eq(postern_mail_add_recipient(m, "you@example.net"), 0);
	ck_assert_int_eq(postern_mail_set_completion(m, completion), 0);
	ck_assert_int_eq(postern_mail_set_file(m, name), 0);
	return m;
}

static int prepare(postern_mail *m)
{
	unsigned long long line;

	return ptn_mail_prepare(m, "host", 1000000000, &line);
}

/* All that is given; its length, or -1 with the fault. */
static ptrdiff_t drain(postern_mail *m, char *to, size_t cap, int *fault)
{
	size_t n = 0;

	for (;;) {
		ptrdiff_t got = ptn_mail_read(m, to + n, cap, fault);

		if (got <= 0)
			return got ? got : (ptrdiff_t)n;
		n += (size_t)got;
		must(n + cap <= MOST);
	}
}

/* Files of many sizes come out as they are, once more after the first time, and are closed. */
START_TEST(octets)
{
	static const size_t sizes[] = {0, 1, 2, 17, 4095, 4096, 4097, 16384, 65536, 65537, 300000};
	static char text[300000], got[MOST];
	int completion = _i % 2, binary = _i / 2 % 2, made = completion && !(_i / 4);
	size_t n = sizes[_i / 8];

	for (size_t i = 0; i < n; i++)
		text[i] = i % 70 == 69 ? '\n' : i % 7 ? 'x' : '.';
	if (made && n > 20)
		memcpy(text, "Subject: x\n\n", 12);
	put(text, n, 0);
	for (size_t cap = 1; cap < 70000; cap = cap * 40 + 3) {
		postern_mail *m = mail_of(path, completion);
		int fault = 0;
		ptrdiff_t len;

		postern_mail_set_binary(m, binary);
		ck_assert_int_eq(prepare(m), 0);
		ck_assert(m->file && ptn_file_is_regular(m->file));
		ck_assert_int_eq(m->envelope.sized, 1);
		ck_assert_int_eq(m->envelope.binary, binary);
		for (int twice = 0; twice < 2; twice++) {
			len = drain(m, got, cap, &fault);
			ck_assert_int_eq(len, (ptrdiff_t)(n + m->made_octets));
			ck_assert_int_eq(fault, 0);
			ck_assert_mem_eq(got + m->made_octets, text, n);
			ck_assert_int_eq(ptn_mail_again(m), 0);
		}
		ck_assert_int_eq(m->made_octets > 0, made && n > 20);
		if (binary)
			ck_assert_uint_eq(m->envelope.size, n + m->made_octets);
		else
			ck_assert_uint_ge(m->envelope.size, n + m->made_octets);
		ptn_mail_finish(m, POSTERN_ACCEPTED, 0, NULL);
		ck_assert_ptr_null(m->file); /* closed with its outcome */
		postern_mail_free(m);
	}
}
END_TEST

/* The size is what the session will count: CRLF for each line end, and the last one. */
START_TEST(the_size_and_what_is_in_it)
{
	static const struct {
		const char *text;
		unsigned long long size;
		int eightbit, utf8, fault;
	} rows[] = {
		{"A: b\n\nc", 11, 0, 0, 0},
		{"A: b\r\n\r\nc\r\n", 11, 0, 0, 0},
		{"A: \xC3\xBC\n\nc\n", 12, 1, 1, 0},
		{"A: \xFC\n\nc\n", 11, 1, 0, 0}, /* not UTF-8: not for SMTPUTF8 either */
		{"A: b\n\n\xC3\xBC\n", 12, 1, 0, 0},
		{"A: b\n\nc\rd\n", 0, 0, 0, PTN_FAULT_CONTENT_BARE_CR},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		postern_mail *m = mail_of(path, 0);
		unsigned long long line = 0;

		put(rows[i].text, strlen(rows[i].text), O_TRUNC);
		ck_assert_int_eq(ptn_mail_prepare(m, "", 0, &line), rows[i].fault);
		if (rows[i].fault) {
			ck_assert_uint_eq(line, 3);
		} else {
			ck_assert_uint_eq(m->envelope.size, rows[i].size);
			ck_assert_int_eq(m->envelope.eightbit, rows[i].eightbit);
			ck_assert_int_eq(m->envelope.utf8, rows[i].utf8);
		}
		postern_mail_free(m);
	}
}
END_TEST

START_TEST(not_readable)
{
	static const struct {
		int kind; /* 0: missing, 1: a directory, 2: a part of the path is a file, 3: a loop
			   */
		const char *why;
	} rows[] = {{0, "no such file or directory"},
		    {1, "it is a directory"},
		    {2, "a part of its path is not a directory"},
		    {3, "too many symbolic links"}};
	char name[100];

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		postern_mail *m;

		snprintf(name, sizeof(name), "%s%s", path, rows[i].kind == 2 ? "/x" : "");
		if (rows[i].kind == 1)
			must(!mkdir(path, 0700));
		if (rows[i].kind == 2)
			put("x", 1, 0);
		if (rows[i].kind == 3)
			must(!symlink(path, path));
		m = mail_of(name, 1);
		ck_assert_int_eq(prepare(m), PTN_FAULT_CONTENT_FILE);
		ck_assert_str_eq(m->detail, rows[i].why);
		ck_assert_ptr_null(m->file);
		postern_mail_free(m);
		unlink(path);
		rmdir(path);
	}
}
END_TEST

/* Only for those whom permissions stop. */
START_TEST(not_allowed)
{
	postern_mail *m = mail_of(path, 1);

	put("A: b\n\n", 6, 0);
	must(!chmod(path, 0));
	if (access(path, R_OK)) {
		ck_assert_int_eq(prepare(m), PTN_FAULT_CONTENT_FILE);
		ck_assert_str_eq(m->detail, "permission denied");
	}
	postern_mail_free(m);
}
END_TEST

/* What happens to a file while it is sent is told before its end would count. */
START_TEST(changed)
{
	static char text[100000], got[MOST];
	static const char *const ways[] = {"grown", "cut", "emptied", "touched"};

	memset(text, 'x', sizeof(text));
	for (size_t i = 70; i < sizeof(text); i += 71)
		text[i] = '\n';
	for (int completion = 0; completion < 2; completion++) {
		int fault = 0;
		postern_mail *m = mail_of(path, completion);
		static const struct timespec when[2] = {{1, 0}, {1, 0}};

		put(text, sizeof(text), O_TRUNC);
		ck_assert_int_eq(prepare(m), 0);
		ck_assert_int_gt(ptn_mail_read(m, got, 5000, &fault), 0);
		printf("%s\n", ways[_i]);
		if (_i == 0)
			put("more\n", 5, O_APPEND);
		else if (_i == 1)
			must(!truncate(path, 90000));
		else if (_i == 2)
			must(!truncate(path, 0));
		else
			must(!utimensat(AT_FDCWD, path, when, 0));
		ck_assert_int_lt(drain(m, got, 5000, &fault), 0);
		ck_assert_int_eq(fault, PTN_FAULT_CONTENT_CHANGED);
		postern_mail_free(m);
	}
}
END_TEST

/* A pipe is a reader: opened without waiting for its writer, and given as it comes. */
START_TEST(pipes)
{
	static char got[MOST];
	postern_mail *m = mail_of(path, 1);
	int fault = 0, out;
	ptrdiff_t n;

	must(!mkfifo(path, 0600));
	ck_assert_int_eq(prepare(m), PTN_MAIL_LATER); /* nobody writes yet */
	ck_assert(m->waiting && m->file && ptn_mail_read_once(m));
	out = open(path, O_WRONLY);
	must(out >= 0);
	postern_mail_resume(m);
	ck_assert_int_eq(prepare(m), PTN_MAIL_LATER);
	must(write(out, "Subject: x\n\nbo", 14) == 14);
	postern_mail_resume(m);
	ck_assert_int_eq(prepare(m), 0);
	ck_assert_int_eq(m->envelope.sized, 0);
	n = drain(m, got, 1000, &fault);
	ck_assert_int_eq(n, POSTERN_LATER);
	must(write(out, "dy\n", 3) == 3);
	close(out);
	postern_mail_resume(m);
	n = drain(m, got, 1000, &fault);
	ck_assert_int_eq(n, 3);
	ck_assert_mem_eq(got, "dy\n", 3);
	postern_mail_free(m);
}
END_TEST

START_TEST(devices)
{
	postern_mail *m = mail_of("/dev/null", 1);
	char got[100];
	int fault = 0;

	ck_assert_int_eq(prepare(m), 0);
	ck_assert_int_eq(m->envelope.sized, 0);
	ck_assert_int_eq(drain(m, got, sizeof(got), &fault), 0);
	postern_mail_free(m);
}
END_TEST

START_TEST(setting)
{
	postern_mail *m = postern_mail_new("");
	char name[] = "a name";

	ck_assert_int_eq(postern_mail_set_file(m, NULL), POSTERN_E_ARG);
	ck_assert_int_eq(postern_mail_set_file(m, ""), POSTERN_E_ARG);
	ck_assert_ptr_nonnull(strstr(postern_mail_error(m), "content"));
	ck_assert_int_eq(postern_mail_set_file(m, name), 0);
	ck_assert_str_eq(postern_mail_error(m), "");
	name[0] = 'x';
	ck_assert_str_eq(m->path, "a name"); /* copied */
	ck_assert_int_eq(postern_mail_set_text(m, "x", 1), 0); /* the one set last counts */
	ck_assert_ptr_null(m->path);
	ck_assert_int_eq(postern_mail_set_file(m, name), 0);
	ck_assert_ptr_null(m->text);
	ck_assert_int_eq(postern_mail_reset(m), 0);
	ck_assert_ptr_null(m->path);
	postern_mail_free(m);
}
END_TEST

START_TEST(without_memory)
{
	put("Subject: x\n\nbody\n", 17, 0);
	for (int n = 0;; n++) {
		postern_mail *m = mail_of(path, 1);
		int fault;

		ck_assert_int_lt(n, 20);
		refused = 0;
		grants = n;
		fault = prepare(m);
		grants = -1;
		ck_assert_int_eq(fault, refused ? PTN_FAULT_NO_MEMORY : 0);
		postern_mail_free(m);
		if (!refused)
			break;
	}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "files");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_loop_test(t, octets, 0, 88);
	tcase_add_test(t, the_size_and_what_is_in_it);
	tcase_add_test(t, not_readable);
	tcase_add_test(t, not_allowed);
	tcase_add_loop_test(t, changed, 0, 4);
	tcase_add_test(t, pipes);
	tcase_add_test(t, devices);
	tcase_add_test(t, setting);
	tcase_add_test(t, without_memory);
}
