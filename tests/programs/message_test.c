/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <postern.h>

#include "cli/message.h"
#include "main.h"

static char path[] = "/tmp/postern-message-XXXXXX";

static void write_file(const char *text, size_t n)
{
	char name[] = "/tmp/postern-message-XXXXXX";
	int fd = mkstemp(name);

	ck_assert_int_ge(fd, 0);
	memcpy(path, name, sizeof name);
	ck_assert_int_eq((long)write(fd, text, n), (long)n);
	close(fd);
}

static int open_text(struct message *m, struct failure *f, const char *text)
{
	*f = (struct failure){0};
	write_file(text, strlen(text));
	return message_open(m, path, f);
}

static void end(struct message *m)
{
	message_close(m);
	unlink(path);
}

/* All of it, in steps of cap. */
static void read_all(struct message *m, struct str *to, size_t cap)
{
	char buf[65536];
	ptrdiff_t n;

	while ((n = message_read(m, buf, cap)) > 0)
		str_add(to, buf, (size_t)n);
	ck_assert_int_eq((long)n, 0);
}

START_TEST(reads_without_bcc)
{
	static const size_t caps[] = {1, 2, 7, 65536};
	struct message m;
	struct failure f;
	struct str all = {0};

	ck_assert_int_eq(open_text(&m, &f, "From: a@b\nBcc: c@d\nTo: e@f\n\nBcc: stays\n.\n"), 0);
	read_all(&m, &all, caps[_i]);
	ck_assert_str_eq(str_text(&all), "From: a@b\nTo: e@f\n\nBcc: stays\n.\n");
	str_free(&all);
	end(&m);
}
END_TEST

/* Only what is sent as it is, from its beginning, is left to the library. */
START_TEST(names_the_file)
{
	static const struct {
		const char *text;
		int named;
	} texts[] = {{"From: a@b\n\nx\n", 1}, {"From: a@b\nBcc: c@d\n\nx\n", 0}};
	char what[100];
	struct message m;
	struct failure f;
	int fd;

	if (access("/dev/fd/0", F_OK) != 0)
		return;
	ck_assert_int_eq(open_text(&m, &f, texts[_i].text), 0);
	ck_assert_int_eq(m.path[0] != '\0', texts[_i].named);
	fd = texts[_i].named ? open(m.path, O_RDONLY) : -1;
	if (texts[_i].named) {
		ck_assert_int_eq((long)read(fd, what, sizeof what), (long)strlen(texts[_i].text));
		close(fd);
	}
	end(&m);
}
END_TEST

START_TEST(streams_a_long_body)
{
	enum { LINES = 100000 };
	struct message m;
	struct failure f;
	struct str text = {0}, all = {0};

	str_puts(&text, "From: a@b\n\n");
	for (int i = 0; i < LINES; i++)
		str_printf(&text, "line %d\n", i);
	ck_assert_int_eq(open_text(&m, &f, text.s), 0);
	ck_assert_int_lt((long)m.read.n, 65536); /* the rest stays in the file */
	ck_assert_int_eq(m.size, (long long)text.n);
	read_all(&m, &all, 5000);
	ck_assert_uint_eq(all.n, text.n);
	ck_assert_int_eq(memcmp(all.s, text.s, text.n), 0);
	str_free(&all);
	str_free(&text);
	end(&m);
}
END_TEST

START_TEST(notices_a_file_that_shrinks)
{
	struct message m;
	struct failure f;
	struct str text = {0};
	char buf[65536];
	ptrdiff_t n;

	str_puts(&text, "From: a@b\n\n");
	for (int i = 0; i < 20000; i++)
		str_puts(&text, "0123456789\n");
	ck_assert_int_eq(open_text(&m, &f, text.s), 0);
	ck_assert_int_eq(truncate(path, 100000), 0);
	while ((n = message_read(&m, buf, sizeof buf)) > 0)
		;
	ck_assert_int_lt((long)n, 0);
	ck_assert(m.cut);
	str_free(&text);
	end(&m);
}
END_TEST

START_TEST(waits_for_a_pipe)
{
	struct message m;
	struct failure f = {0};
	char buf[100], name[32];
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq((long)write(ends[1], "From: a@b\n\none\n", 15), 15);
	snprintf(name, sizeof name, "/dev/fd/%d", ends[0]);
	ck_assert_int_eq(message_open(&m, name, &f), 0);
	ck_assert_int_eq((long)message_read(&m, buf, sizeof buf), 11);
	ck_assert_int_eq((long)message_read(&m, buf, sizeof buf), 4);
	ck_assert(message_read(&m, buf, sizeof buf) == POSTERN_LATER);
	ck_assert(m.waiting);
	ck_assert_int_eq((long)write(ends[1], "two\n", 4), 4);
	ck_assert_int_eq((long)message_read(&m, buf, sizeof buf), 4);
	close(ends[1]);
	ck_assert_int_eq((long)message_read(&m, buf, sizeof buf), 0);
	ck_assert_int_eq((long)message_read(&m, buf, sizeof buf), 0);
	close(ends[0]);
	message_close(&m);
}
END_TEST

static const struct {
	const char *text;
	const char *sender; /* with "!": a part of the sentence */
	const char *to;
} fields[] = {
	{"From: Ann <a@b>\nTo: c@d, Eve <e@f>\nCC: g@h\nBcc: i@j\n\n", "a@b", "c@d e@f g@h i@j "},
	{"From: a@b, c@d\nSender: c@d\nTo: x: ;\n\n", "c@d", ""},
	{"From: a@b, c@d\nTo: e@f\n\n", "!several", "e@f "},
	{"From: a@b\nFrom: c@d\nTo: e@f\nTo: g@h\n\n", "!several", "e@f g@h "},
	{"To: e@f\n\nFrom: a@b\n", "!no From", "e@f "},
	{"From:\nTo:\n\n", "!no From", ""},
	{"From: a b\n\n", "!From (line 1)", ""},
	{"X: y\n z\nTo: <e@f\nFrom: a@b\n\n", "a@b", "!To (line 3)"},
	{"From: a@b\nTo: e@f\nBcc: (\n\n", "a@b", "!Bcc (line 3)"},
};

static void check(int status, const struct failure *f, const char *got, const char *want)
{
	if (want[0] == '!') {
		ck_assert_int_eq(status, EXIT_MESSAGE);
		ck_assert_msg(strstr(f->text, want + 1) != NULL, "%s", f->text);
	} else {
		ck_assert_msg(!status, "%s", f->text);
		ck_assert_str_eq(got, want);
	}
}

START_TEST(reads_the_fields)
{
	struct message m;
	struct failure f;
	struct str from = {0}, to = {0};
	struct list list = {0};
	int status;

	ck_assert_int_eq(open_text(&m, &f, fields[_i].text), 0);
	status = message_sender(&m, &from, &f);
	check(status, &f, str_text(&from), fields[_i].sender);
	f.status = 0;
	status = message_recipients(&m, &list, &f);
	for (size_t i = 0; i < list.n; i++)
		str_printf(&to, "%s ", list.v[i]);
	check(status, &f, str_text(&to), fields[_i].to);
	str_free(&from);
	str_free(&to);
	list_free(&list);
	end(&m);
}
END_TEST

static const struct {
	const char *text, *part;
} unusable[] = {
	{"", "the message is empty"},
	{"Hello Bob\n", "line 1"},
	{"From: a@b\nHello Bob\n\n", "line 2"},
	{" From: a@b\n\n", "line 1"},
};

START_TEST(refuses_what_is_no_message)
{
	struct message m;
	struct failure f;

	ck_assert_int_eq(open_text(&m, &f, unusable[_i].text), EXIT_MESSAGE);
	ck_assert_msg(strstr(f.text, unusable[_i].part) != NULL, "%s", f.text);
	end(&m);
}
END_TEST

START_TEST(bounds_the_header)
{
	struct message m;
	struct failure f;
	struct str text = {0};

	while (text.n <= 1024 * 1024)
		str_puts(&text, "X-Long: 0123456789012345678901234567890123456789\n");
	str_puts(&text, "\n");
	ck_assert_int_eq(open_text(&m, &f, text.s), EXIT_MESSAGE);
	ck_assert_msg(strstr(f.text, "1 MiB") != NULL, "%s", f.text);
	str_free(&text);
	end(&m);
}
END_TEST

START_TEST(refuses_what_cannot_be_read)
{
	struct message m;
	struct failure f = {0};

	ck_assert_int_eq(message_open(&m, "/nonexistent/file", &f), EXIT_INPUT);
	message_close(&m);
	ck_assert_int_eq(message_open(&m, "/tmp", &f), EXIT_INPUT);
	ck_assert_msg(strstr(f.text, "/tmp") != NULL, "%s", f.text);
	message_close(&m);
}
END_TEST

START_TEST(takes_a_header_alone)
{
	struct message m;
	struct failure f;
	struct str all = {0};

	ck_assert_int_eq(open_text(&m, &f, "From: a@b\nSubject: no body"), 0);
	read_all(&m, &all, 4);
	ck_assert_str_eq(str_text(&all), "From: a@b\nSubject: no body");
	str_free(&all);
	end(&m);
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof(*(a)))

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "message");

	tcase_add_loop_test(t, reads_without_bcc, 0, 4);
	tcase_add_loop_test(t, names_the_file, 0, 2);
	tcase_add_test(t, streams_a_long_body);
	tcase_add_test(t, notices_a_file_that_shrinks);
	tcase_add_test(t, waits_for_a_pipe);
	tcase_add_loop_test(t, reads_the_fields, 0, COUNT(fields));
	tcase_add_loop_test(t, refuses_what_is_no_message, 0, COUNT(unusable));
	tcase_add_test(t, bounds_the_header);
	tcase_add_test(t, refuses_what_cannot_be_read);
	tcase_add_test(t, takes_a_header_alone);
}
