/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "token.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "str.h"

extern char **environ;

struct run {
	struct token_command *t;
	char *buf; /* the first line goes there */
	size_t cap, n;
	int line_ended;
	long long until; /* ms; 0: no limit */
};

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int failed(struct run *r, const char *how)
{
	snprintf(r->t->why, sizeof r->t->why, "the token command %s", how);
	return -1;
}

/* ---- Starting it --------------------------------------------------------------------------- */

/* The pipe's end `to` as standard output, and an empty standard input: that may be the message. */
static int spawn(pid_t *pid, char *command, int to)
{
	static char sh[] = "sh", option[] = "-c";
	char *argv[] = {sh, option, command, NULL};
	posix_spawn_file_actions_t files;
	posix_spawnattr_t how;
	sigset_t usual;
	int error;

	sigemptyset(&usual);
	sigaddset(&usual, SIGPIPE); /* this program ignores it */
	if (posix_spawn_file_actions_init(&files))
		return ENOMEM;
	if (posix_spawnattr_init(&how)) {
		posix_spawn_file_actions_destroy(&files);
		return ENOMEM;
	}
	error = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	error = error ? error : posix_spawn_file_actions_adddup2(&files, to, STDOUT_FILENO);
	error = error ? error : posix_spawnattr_setsigdefault(&how, &usual);
	error = error ? error : posix_spawnattr_setflags(&how, POSIX_SPAWN_SETSIGDEF);
	error = error ? error : posix_spawn(pid, "/bin/sh", &files, &how, argv, environ);
	posix_spawnattr_destroy(&how);
	posix_spawn_file_actions_destroy(&files);
	return error;
}

/* Gives the end of the pipe to read from, or -1. */
static int start(struct run *r, pid_t *pid)
{
	int ends[2], error;

	if (pipe(ends))
		return failed(r, "cannot be run: there is no pipe");
	fcntl(ends[0], F_SETFD, FD_CLOEXEC);
	fcntl(ends[1], F_SETFD, FD_CLOEXEC);
	error = spawn(pid, r->t->command, ends[1]);
	close(ends[1]);
	if (!error)
		return ends[0];
	close(ends[0]);
	return failed(r, "cannot be run: there is no process");
}

/* ---- Reading what it prints ---------------------------------------------------------------- */

/* Only the first line is kept. */
static int keep(struct run *r, const char *s, size_t n)
{
	const char *end = memchr(s, '\n', n);
	size_t take = r->line_ended ? 0 : end ? (size_t)(end - s) : n;

	if (take > r->cap - r->n)
		return failed(r, "printed a first line that is too long");
	memcpy(r->buf + r->n, s, take);
	r->n += take;
	r->line_ended |= end != NULL;
	return 0;
}

/* 1 once there is something; 0 when the time is over; -1 when a signal came. */
static int wait_for(const struct run *r, int fd)
{
	struct pollfd at = {fd, POLLIN, 0};
	long long left = r->until ? r->until - now() : -1;

	if (r->until && left < 0)
		left = 0;
	return poll(&at, 1, (int)left);
}

/* To its end, so that the command is not killed by a closed pipe. */
static int read_all(struct run *r, int fd)
{
	char block[512];
	ssize_t n = 1;
	int rc = 0;

	while (!rc && n > 0) {
		int ready = wait_for(r, fd);

		if (ready <= 0) {
			rc = failed(r, ready ? "was interrupted"
					     : "took longer than --timeout allows");
			break;
		}
		n = read(fd, block, sizeof block);
		if (n > 0)
			rc = keep(r, block, (size_t)n);
	}
	wipe(block, sizeof block);
	return rc || n >= 0 ? rc : failed(r, "cannot be read");
}

/* ---- Its end ------------------------------------------------------------------------------- */

static int check_end(struct run *r, int status)
{
	char how[64];

	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return 0;
	if (WIFEXITED(status))
		snprintf(how, sizeof how, "ended with exit status %d", WEXITSTATUS(status));
	else
		snprintf(how, sizeof how, "was ended by signal %d",
			 WIFSIGNALED(status) ? WTERMSIG(status) : 0);
	return failed(r, how);
}

static int run(struct run *r)
{
	pid_t pid;
	int fd = start(r, &pid), rc, status = 0;

	if (fd < 0)
		return -1;
	rc = read_all(r, fd);
	close(fd);
	if (rc)
		kill(pid, SIGTERM);
	/* What does not end by that is not waited for. */
	while (waitpid(pid, &status, rc ? WNOHANG : 0) < 0 && errno == EINTR)
		;
	if (!rc)
		rc = check_end(r, status);
	if (!rc && r->n && r->buf[r->n - 1] == '\r')
		r->n--;
	if (!rc && !r->n)
		rc = failed(r, "printed no token: its first line is empty");
	return rc;
}

ptrdiff_t token_from_command(void *arg, const char *refusal, char *buf, size_t cap)
{
	struct token_command *t = arg;
	struct run r = {.t = t, .buf = buf, .cap = cap};

	t->why[0] = '\0';
	if (t->limit_ms > 0)
		r.until = now() + t->limit_ms;
	if (refusal)
		setenv("POSTERN_TOKEN_REFUSED", "1", 1);
	else
		unsetenv("POSTERN_TOKEN_REFUSED");
	if (!run(&r))
		return (ptrdiff_t)r.n;
	wipe(buf, cap);
	return -1;
}
