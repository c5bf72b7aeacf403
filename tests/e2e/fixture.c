/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _XOPEN_SOURCE 700
#include "fixture.h"

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { ARGUMENTS = 64, PATIENCE = 20000 };

const char a_message[] = "From: sender@example.org\nTo: a@example.com\nSubject: e2e\n\nHello.\n.\n";

void pause_ms(int ms)
{
	struct timespec t = {ms / 1000, (long)(ms % 1000) * 1000000};

	while (nanosleep(&t, &t))
		continue;
}

long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* A file's octets and a NUL, to be freed; "" if there is none. */
static char *octets(const char *name, size_t *len)
{
	FILE *f = fopen(name, "rb");
	char *text = calloc(1, 1);
	size_t n = 0, got = 1;

	while (f && got) {
		text = realloc(text, n + 65537);
		got = fread(text + n, 1, 65536, f);
		n += got;
		text[n] = '\0';
	}
	if (f)
		fclose(f);
	if (len)
		*len = n;
	return text;
}

static char *contents(const char *name)
{
	return octets(name, NULL);
}

static void take_ready(struct box *b, char *text)
{
	for (char *save, *line = strtok_r(text, "\n", &save); line;
	     line = strtok_r(NULL, "\n", &save)) {
		int i, port;

		if (sscanf(line, "PORT_%d=%d", &i, &port) == 2 && i >= 1 && i <= 4)
			b->port[i - 1] = port;
	}
	snprintf(b->ca, sizeof(b->ca), "%s/state/ca.pem", b->dir);
}

static void run(const char *const *argv)
{
	int nowhere = open("/dev/null", O_RDWR);

	dup2(nowhere, 0);
	dup2(nowhere, 1);
	execv(argv[0], (char *const *)argv);
	_exit(127);
}

static void write_script(const char *name, const char *script)
{
	FILE *f = fopen(name, "w");

	ck_assert_ptr_nonnull(f);
	fputs(script, f);
	fclose(f);
}

static void wait_ready(struct box *b)
{
	long long end = now_ms() + PATIENCE;
	char name[128], *text;

	snprintf(name, sizeof(name), "%s/ready", b->dir);
	while (access(name, R_OK)) {
		ck_assert_msg(now_ms() < end && waitpid(b->process, NULL, WNOHANG) == 0,
			      "the sandbox does not start");
		pause_ms(5);
	}
	text = contents(name);
	take_ready(b, text);
	free(text);
}

void box_open(struct box *b, const char *modes, const char *script, ...)
{
	char ready[128], state[128], file[128], listen[4][64], words[64];
	const char *argv[ARGUMENTS] = {getenv("SANDBOX")}, *more;
	size_t n = 1;
	va_list list;

	ck_assert_msg(argv[0] != NULL, "SANDBOX is not set");
	*b = (struct box){.dir = "/tmp/postern-e2e.XXXXXX"};
	ck_assert_ptr_nonnull(mkdtemp(b->dir));
	snprintf(ready, sizeof(ready), "%s/ready", b->dir);
	snprintf(state, sizeof(state), "%s/state", b->dir);
	snprintf(file, sizeof(file), "%s/script", b->dir);
	snprintf(b->log, sizeof(b->log), "%s/log", b->dir);
	for (const char **w = (const char *[]){"--dir", state, "--log", b->log, "--ready-file",
					       ready, "--time", "100", NULL};
	     *w; w++)
		argv[n++] = *w;
	snprintf(words, sizeof(words), "%s", modes);
	for (char *save, *m = strtok_r(words, " ", &save); m; m = strtok_r(NULL, " ", &save)) {
		snprintf(b->mode[b->n], sizeof(b->mode[0]), "%.15s", m);
		snprintf(listen[b->n], sizeof(listen[0]), "%zu=127.0.0.1:0/%s", b->n + 1,
			 b->mode[b->n]);
		argv[n++] = "--listen";
		argv[n++] = listen[b->n++];
	}
	va_start(list, script);
	while ((more = va_arg(list, const char *)) != NULL && n < ARGUMENTS - 5)
		argv[n++] = more;
	va_end(list);
	if (script) {
		write_script(file, script);
		for (const char **w = (const char *[]){"--on", "1", "--script", file, NULL}; *w;
		     w++)
			argv[n++] = *w;
	}
	b->process = fork();
	if (!b->process)
		run(argv);
	wait_ready(b);
}

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *at)
{
	(void)st;
	(void)kind;
	(void)at;
	return remove(name);
}

void box_close(struct box *b)
{
	kill(b->process, SIGKILL); /* nothing of it is wanted any more */
	waitpid(b->process, NULL, 0);
	nftw(b->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

int box_count(const struct box *b, const char *text)
{
	char *all = contents(b->log);
	int n = 0;

	for (const char *at = all; (at = strstr(at, text)) != NULL; n++) {
		at = strchr(at, '\n');
		if (!at) {
			n++;
			break;
		}
	}
	free(all);
	return n;
}

char *box_envelopes(const struct box *b)
{
	char pattern[128], *all = calloc(1, 1);
	glob_t found = {0};
	size_t n = 0, len;

	snprintf(pattern, sizeof(pattern), "%s/state/envelopes/*.json", b->dir);
	if (glob(pattern, 0, NULL, &found))
		return all;
	for (size_t i = 0; i < found.gl_pathc; i++) {
		char *one = octets(found.gl_pathv[i], &len);

		all = realloc(all, n + len + 2);
		memcpy(all + n, one, len);
		n += len;
		all[n++] = '\0';
		all[n] = '\0';
		free(one);
	}
	globfree(&found);
	return all;
}

int kept_of(const char *envelopes, const char *text, const char *more)
{
	int n = 0;

	for (; *envelopes; envelopes += strlen(envelopes) + 1)
		n += strstr(envelopes, text) && (!more || strstr(envelopes, more));
	return n;
}

int box_kept(const struct box *b, const char *text, const char *more)
{
	char *all = box_envelopes(b);
	int n = kept_of(all, text, more);

	free(all);
	return n;
}

char *box_message(const struct box *b, size_t *n)
{
	char pattern[128], *all = NULL;
	glob_t found = {0};

	snprintf(pattern, sizeof(pattern), "%s/state/Maildir/new/*", b->dir);
	ck_assert_int_eq(glob(pattern, 0, NULL, &found), 0);
	ck_assert_uint_eq(found.gl_pathc, 1);
	all = octets(found.gl_pathv[0], n);
	globfree(&found);
	return all;
}

void box_show(const struct box *b)
{
	char *all = contents(b->log);

	fputs(all, stdout);
	fflush(stdout);
	free(all);
}

void box_wait(const struct box *b, const char *text, int n)
{
	long long end = now_ms() + PATIENCE;

	while (box_count(b, text) < n) {
		if (now_ms() > end)
			box_show(b);
		ck_assert_msg(now_ms() < end, "no %d of \"%s\"", n, text);
		pause_ms(5);
	}
}

void box_quiet(const struct box *b)
{
	box_wait(b, " close turns=", box_count(b, " open 127."));
}

/* For the listeners from one to before another. */
static postern *client_of(const struct box *b, size_t from, size_t to)
{
	postern *p = postern_new("localhost");
	char ports[128] = "";
	size_t at = 0;

	for (size_t i = from; i < to; i++)
		if (strcmp(b->mode[i], "socks5") != 0 && strcmp(b->mode[i], "http-proxy") != 0)
			at += (size_t)snprintf(ports + at, sizeof(ports) - at, "%d/%s ", b->port[i],
					       b->mode[i]);
	ck_assert_int_eq(postern_set_ports(p, ports), 0);
	ck_assert_int_eq(postern_set_trust(p, b->ca), 0);
	ck_assert_int_eq(postern_set_limit(p, POSTERN_LIMIT_QUIT, 300), 0);
	return p;
}

postern *box_client(const struct box *b)
{
	return client_of(b, 0, b->n);
}

postern *box_client_at(const struct box *b, size_t listener)
{
	return client_of(b, listener - 1, listener);
}

postern *box_user(const struct box *b)
{
	postern *p = box_client(b);

	ck_assert_int_eq(postern_set_login(p, "user", "password"), 0);
	return p;
}

postern_mail *a_mail(const char *to)
{
	postern_mail *m = postern_mail_new("sender@example.org");

	ck_assert_int_eq(postern_mail_add_recipient(m, to), 0);
	ck_assert_int_eq(postern_mail_set_text(m, a_message, strlen(a_message)), 0);
	return m;
}

postern_mail *nth_mail(size_t i)
{
	char to[32];

	snprintf(to, sizeof(to), "m%zu@example.com", i);
	return a_mail(to);
}

int loop(postern *p, int ms, int *turns)
{
	long long end = now_ms() + ms;
	int n = 0;

	while (postern_step(p) > 0) {
		struct pollfd at = {postern_fd(p), (short)postern_events(p), 0};
		int wait = postern_timeout(p), left = (int)(end - now_ms());

		n++;
		if (left <= 0)
			break;
		poll(&at, 1, wait < 0 || wait > left ? left : wait);
	}
	if (turns)
		*turns = n;
	return postern_step(p) == 0;
}
