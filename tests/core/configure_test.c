/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "handle.h"
#include "main.h"
#include "memory.h"

/* The sentence of the first error, as the send would tell it. */
static void expect_error(const postern *p, const char *part)
{
	if (*part)
		ck_assert_msg(strstr(postern_error(p), part), "\"%s\" not in: %s", part,
			      postern_error(p));
	else
		ck_assert_str_eq(postern_error(p), "");
}

/* ---- Setters that take a text: what is good, what is not and why. ---- */

static int set_login(postern *p, const char *user)
{
	return postern_set_login(p, user, user ? "pencil" : NULL);
}

static int set_password(postern *p, const char *password)
{
	return postern_set_login(p, password ? "user" : NULL, password);
}

static const struct setter {
	int (*set)(postern *p, const char *text);
	const char *name, *good;
} setters[] = {
	{set_login, "user", "user"},
	{set_password, "password", "p\xC3\xA4ss word"},
	{postern_set_ports, "ports", "465"},
	{postern_set_trust, "cafile", NULL},
	{postern_set_name, "name", "client.example.org"},
	{postern_set_mechanisms, "mechanisms", "PLAIN"},
};
enum { LOGIN, PASSWORD, PORTS, TRUST, NAME, MECHANISMS, SETTERS };

static const struct {
	int setter;
	const char *text, *why; /* what the sentence holds */
} bad[] = {
	{LOGIN, "", "user"},
	{LOGIN, "a\nb", "user"},
	{LOGIN, "a\rb", "user"},
	{LOGIN, "a\001b", "user"},
	{PASSWORD, "a\nb", "password"},
	{PASSWORD, "a\177b", "password"},
	{PORTS, "", "port"},
	{PORTS, "0", "0"},
	{PORTS, "65536", "65536"},
	{PORTS, "587 x", "x"},
	{PORTS, "587/ssl", "ssl"},
	{PORTS, "587 465 1025/none", "none"},
	{PORTS, "25/opportunistic,587", "opportunistic"},
	{PORTS, "1 2 3 4 5 6 7 8 9", "port"},
	{PORTS, "587\n", "port"},
	{TRUST, "/nonexistent/file.pem", "cafile"},
	{TRUST, "/", "cafile"},
	{TRUST, "/dev/null", "cafile"},
	{TRUST, "", "cafile"},
	{NAME, "", "name"},
	{NAME, "two words", "name"},
	{NAME, "a\r\nMAIL FROM:<>", "name"},
	{NAME, "h\xC3\xA9llo", "name"},
	{MECHANISMS, "", "mechanisms"},
	{MECHANISMS, " , ", "mechanisms"},
	{MECHANISMS, "PLAIN FOO", "\"FOO\""},
	{MECHANISMS, "PLAIN\033[31m", "\\x1B"},
};

START_TEST(what_is_refused)
{
	const struct setter *f = &setters[bad[_i].setter];
	postern *p = postern_new("mail.example.org");

	ck_assert_int_eq(f->set(p, bad[_i].text), POSTERN_E_ARG);
	expect_error(p, bad[_i].why);
	if (strcmp(f->name, "password") == 0)
		ck_assert_ptr_null(strstr(postern_error(p), bad[_i].text));
	/* What was set before is not touched. */
	ck_assert_ptr_null(p->set.user);
	ck_assert_ptr_null(p->set.name);
	ck_assert_ptr_null(p->set.mechanisms);
	ck_assert_uint_eq(p->set.n_ports, 3);
	postern_free(p);
}
END_TEST

/* Another setter's good call does not take the error back; the same setter's does, and so does the
 * default. */
START_TEST(errors_stick)
{
	const struct setter *f = &setters[bad[_i].setter];

	for (int by_default = 0; by_default < 2; by_default++) {
		postern *p = postern_new("mail.example.org");

		ck_assert_int_eq(f->set(p, bad[_i].text), POSTERN_E_ARG);
		for (int other = 0; other < SETTERS; other++)
			if (other != bad[_i].setter && bad[_i].setter + other != LOGIN + PASSWORD)
				ck_assert_int_eq(setters[other].set(p, setters[other].good), 0);
		ck_assert_int_eq(postern_set_limit(p, POSTERN_LIMIT_TLS, 5), 0);
		expect_error(p, bad[_i].why);
		ck_assert_int_eq(f->set(p, by_default ? NULL : f->good), 0);
		expect_error(p, "");
		postern_free(p);
	}
}
END_TEST

START_TEST(the_first_error_is_told)
{
	postern *p = postern_new("mail.example.org");

	postern_set_name(p, "two words");
	postern_set_ports(p, "x");
	expect_error(p, "name");
	postern_set_name(p, "one.example.org");
	expect_error(p, "port");
	postern_free(p);
}
END_TEST

/* A bad server is told by the send; nothing takes that back. */
START_TEST(servers)
{
	static const struct {
		const char *server, *why;
	} servers[] = {
		{NULL, "server: none was given"},
		{"", "no host"},
		{"two words", "blank"},
		{"ftp://mail.example.org", "ftp"},
		{"smtp://user:p@ss:word@mail.example.org", "password"},
		{"smtp://mail.example.org?auth=FOO", "FOO"},
		{"smtp://mail.example.org?cafile=/nonexistent.pem", "cafile"},
		{"smtp://mail.example.org?cafile=/nonexistent.pem&auth=PLAIN", "cafile"},
		{"smtp://mail.example.org?tls=ssl", "tls"},
	};

	for (size_t i = 0; i < sizeof(servers) / sizeof(*servers); i++) {
		postern *p = postern_new(servers[i].server);

		ck_assert_ptr_nonnull(p);
		ck_assert_uint_gt(strlen(postern_error(p)), 0);
		expect_error(p, servers[i].why);
		ck_assert_ptr_null(strstr(postern_error(p), "p@ss"));
		for (int other = 0; other < SETTERS; other++)
			ck_assert_int_eq(setters[other].set(p, setters[other].good), 0);
		ck_assert_uint_gt(strlen(postern_error(p)), 0);
		postern_free(p);
	}
}
END_TEST

/* ---- What is set. ---- */

START_TEST(a_url_sets_all)
{
	postern *p = postern_new("smtp://us%40er:p%3Ass@mail.example.org?ports=587,465&auth=plain,"
				 "SCRAM-SHA-256&name=client.example.org&timeout=7");

	expect_error(p, "");
	ck_assert_str_eq(p->set.host, "mail.example.org");
	ck_assert_str_eq(p->set.user, "us@er");
	ck_assert_str_eq(p->set.password, "p:ss");
	ck_assert_str_eq(p->set.name, "client.example.org");
	ck_assert_str_eq(p->set.mechanisms, "PLAIN SCRAM-SHA-256 ");
	ck_assert_uint_eq(p->set.n_ports, 2);
	ck_assert_int_eq(p->set.limits[POSTERN_LIMIT_OVERALL], 7000);
	/* And each setter overrides its part. */
	ck_assert_int_eq(postern_set_login(p, NULL, NULL), 0);
	ck_assert_int_eq(postern_set_ports(p, NULL), 0);
	ck_assert_int_eq(postern_set_name(p, NULL), 0);
	ck_assert_int_eq(postern_set_mechanisms(p, NULL), 0);
	ck_assert_ptr_null(p->set.user);
	ck_assert_ptr_null(p->set.password);
	ck_assert_ptr_null(p->set.name);
	ck_assert_ptr_null(p->set.mechanisms);
	ck_assert_uint_eq(p->set.n_ports, 3);
	postern_free(p);
}
END_TEST

/* Texts are copied: the caller's may change. */
START_TEST(texts_are_copied)
{
	char user[] = "user", password[] = "pencil", name[] = "client.example.org",
	     server[] = "mail.example.org", list[] = "PLAIN";
	postern *p = postern_new(server);

	postern_set_login(p, user, password);
	postern_set_name(p, name);
	postern_set_mechanisms(p, list);
	memset(user, 'x', 4);
	memset(password, 'x', 6);
	memset(name, 'x', 10);
	memset(server, 'x', 4);
	memset(list, 'x', 5);
	ck_assert_str_eq(p->set.user, "user");
	ck_assert_str_eq(p->set.password, "pencil");
	ck_assert_str_eq(p->set.name, "client.example.org");
	ck_assert_str_eq(p->set.host, "mail.example.org");
	ck_assert_str_eq(p->set.mechanisms, "PLAIN ");
	postern_free(p);
}
END_TEST

START_TEST(login_is_both_or_none)
{
	postern *p = postern_new("mail.example.org");

	ck_assert_int_eq(postern_set_login(p, "user", NULL), POSTERN_E_ARG);
	expect_error(p, "go together");
	ck_assert_int_eq(postern_set_login(p, NULL, "pencil"), POSTERN_E_ARG);
	ck_assert_int_eq(postern_set_login(p, "user", ""), 0);
	expect_error(p, "");
	/* A bad one leaves the good one that was set before. */
	ck_assert_int_eq(postern_set_login(p, "other\n", "x"), POSTERN_E_ARG);
	ck_assert_str_eq(p->set.user, "user");
	postern_free(p);
}
END_TEST

START_TEST(limits)
{
	static const int defaults[] = {0,      20000,  30000,  300000, 60000,
				       300000, 120000, 300000, 300000, 120000,
				       180000, 600000, 5000,   250,    600000, 60000};
	postern *p = postern_new("mail.example.org");

	for (int i = 0; i < PTN_LIMITS; i++) {
		ck_assert_int_eq(p->set.limits[i], defaults[i]);
		ck_assert_int_eq(postern_set_limit(p, i, 777), 0);
		ck_assert_int_eq(p->set.limits[i], 777);
		ck_assert_int_eq(postern_set_limit(p, i, -1), 0);
		ck_assert_int_eq(p->set.limits[i], defaults[i]);
		ck_assert_int_eq(postern_set_limit(p, i, INT_MIN), 0);
		ck_assert_int_eq(p->set.limits[i], defaults[i]);
		if (i == POSTERN_LIMIT_ATTEMPT)
			continue;
		ck_assert_int_eq(postern_set_limit(p, i, 0), 0);
		ck_assert_int_eq(postern_set_limit(p, i, INT_MAX), 0);
		ck_assert_int_eq(p->set.limits[i], INT_MAX);
	}
	expect_error(p, "");
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(postern_set_limit(p, i ? PTN_LIMITS : -1, 5), POSTERN_E_ARG);
		expect_error(p, "limit");
		ck_assert_int_eq(postern_set_limit(p, 0, 5), 0);
		expect_error(p, "");
	}
	ck_assert_int_eq(postern_set_limit(p, POSTERN_LIMIT_ATTEMPT, 10), 0);
	ck_assert_int_eq(postern_set_limit(p, POSTERN_LIMIT_ATTEMPT, 2000), 0);
	for (int i = 0; i < 3; i++) {
		static const int out[] = {0, 9, 2001};

		ck_assert_int_eq(postern_set_limit(p, POSTERN_LIMIT_ATTEMPT, out[i]),
				 POSTERN_E_ARG);
		ck_assert_int_eq(p->set.limits[POSTERN_LIMIT_ATTEMPT], 2000);
	}
	postern_free(p);
}
END_TEST

START_TEST(mechanisms)
{
	static const struct {
		const char *given, *kept;
	} lists[] = {
		{"PLAIN", "PLAIN "},
		{"plain,login", "PLAIN LOGIN "},
		{" SCRAM-SHA-256\tscram-sha-1 , CRAM-MD5 ", "SCRAM-SHA-256 SCRAM-SHA-1 CRAM-MD5 "},
	};
	postern *p = postern_new("mail.example.org");

	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++) {
		ck_assert_int_eq(postern_set_mechanisms(p, lists[i].given), 0);
		ck_assert_str_eq(p->set.mechanisms, lists[i].kept);
	}
	ck_assert_int_eq(postern_set_mechanisms(p, "FOO"), POSTERN_E_ARG);
	ck_assert_str_eq(p->set.mechanisms, lists[2].kept);
	postern_free(p);
}
END_TEST

/* ---- NULL, and memory. ---- */

START_TEST(null_handles)
{
	for (int i = 0; i < SETTERS; i++) {
		ck_assert_int_eq(setters[i].set(NULL, setters[i].good), POSTERN_E_NOMEM);
		ck_assert_int_eq(setters[i].set(NULL, NULL), POSTERN_E_NOMEM);
	}
	ck_assert_int_eq(postern_set_limit(NULL, 0, 0), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_set_trace(NULL, NULL, NULL), POSTERN_E_NOMEM);
	postern_free(NULL);
}
END_TEST

/* Each request for memory fails once, and from there on: the call says so, the error sticks, and
 * what was set before stays. */
START_TEST(setters_without_memory)
{
	const struct setter *f = &setters[_i];

	for (int once = 0; once < 2; once++) {
		int err = POSTERN_E_NOMEM;

		for (int n = 0; err; n++) {
			postern *p = postern_new("mail.example.org");

			ck_assert_int_lt(n, 50);
			refuse_once = once;
			refused = 0;
			grants = n;
			err = f->set(p, f->good);
			grants = -1;
			refuse_once = 0;
			if (err) {
				ck_assert_int_eq(err, POSTERN_E_NOMEM);
				expect_error(p, postern_strerror(POSTERN_E_NOMEM));
				ck_assert_ptr_null(p->set.user);
				ck_assert_ptr_null(p->set.name);
				ck_assert_ptr_null(p->set.mechanisms);
				ck_assert_ptr_nonnull(p->set.trust);
			} else {
				ck_assert_int_eq(refused, 0); /* none was passed over */
				expect_error(p, "");
			}
			postern_free(p);
		}
	}
}
END_TEST

/* A handle that could not take all of its URL must not go on with less. */
START_TEST(a_url_without_memory)
{
	for (int once = 0; once < 2; once++)
		for (int n = 0;; n++) {
			postern *p;

			ck_assert_int_lt(n, 200);
			refuse_once = once;
			refused = 0;
			grants = n;
			p = postern_new(
				"smtp://user:pencil@mail.example.org?ports=465&auth=SCRAM-SHA-"
				"256&name=client.example.org");
			grants = -1;
			refuse_once = 0;
			if (!refused) {
				expect_error(p, "");
				postern_free(p);
				break;
			}
			if (p)
				ck_assert_uint_gt(strlen(postern_error(p)), 0);
			postern_free(p);
		}
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "configure");
	int n = sizeof(bad) / sizeof(*bad);

	tcase_add_loop_test(t, what_is_refused, 0, n);
	tcase_add_loop_test(t, errors_stick, 0, n);
	tcase_add_test(t, the_first_error_is_told);
	tcase_add_test(t, servers);
	tcase_add_test(t, a_url_sets_all);
	tcase_add_test(t, texts_are_copied);
	tcase_add_test(t, login_is_both_or_none);
	tcase_add_test(t, limits);
	tcase_add_test(t, mechanisms);
	tcase_add_test(t, null_handles);
	tcase_add_loop_test(t, setters_without_memory, 0, SETTERS);
	tcase_add_test(t, a_url_without_memory);
}
