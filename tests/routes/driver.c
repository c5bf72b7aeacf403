/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many submissions side by side in one loop.  Each line of standard input is one:
 *
 *	ID SERVER CAFILE PORTS [LIMIT=MS ...]
 *
 * goes to <ID@example.com>; LIMIT is one of the names below, or cancel.  Each gives one line of
 *JSON on standard output once it has its outcome and was watched a little longer.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <postern.h>

enum { MOST = 32, LINE = 1024, WORDS = 16, LINGER = 60 };

static const char message[] =
	"From: sender@example.org\nTo: a@example.com\nSubject: a route\n\nHello.\n";

struct run {
	postern *p;
	postern_mail *m;
	char id[64];
	long long cancel_at, began, ended; /* 0: not */
	int reported, freed;
};

static struct run runs[MOST];
static size_t n_runs;

static long long now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void die(const char *why)
{
	fprintf(stderr, "driver: %s\n", why);
	exit(2);
}

static void set_limit(struct run *r, char *word)
{
	static const char *const names[] = {
		[POSTERN_LIMIT_OVERALL] = "overall", [POSTERN_LIMIT_RESOLVE] = "resolve",
		[POSTERN_LIMIT_CONNECT] = "connect", [POSTERN_LIMIT_GREETING] = "greeting",
		[POSTERN_LIMIT_TLS] = "tls",         [POSTERN_LIMIT_COMMAND] = "command",
		[POSTERN_LIMIT_AUTH] = "auth",       [POSTERN_LIMIT_MAIL] = "mail",
		[POSTERN_LIMIT_RCPT] = "rcpt",       [POSTERN_LIMIT_DATA] = "data",
		[POSTERN_LIMIT_BLOCK] = "block",     [POSTERN_LIMIT_FINAL] = "final",
		[POSTERN_LIMIT_QUIT] = "quit",       [POSTERN_LIMIT_ATTEMPT] = "attempt",
	};
	char *value = strchr(word, '=');
	int ms = value ? (int)strtol(value + 1, NULL, 10) : 0;

	if (!value)
		die("a limit has no value");
	*value = '\0';
	if (!strcmp(word, "cancel")) {
		r->cancel_at = r->began + ms;
		return;
	}
	for (int i = 0; i < (int)(sizeof(names) / sizeof(*names)); i++)
		if (!strcmp(word, names[i]) && !postern_set_limit(r->p, i, ms))
			return;
	die("no such limit");
}

static void begin(char *line)
{
	char *word[WORDS], *save = NULL, to[96];
	size_t n = 0;
	struct run *r = &runs[n_runs];

	if (n_runs++ == MOST)
		die("too many at a time");
	for (char *w = strtok_r(line, " ", &save); w && n < WORDS; w = strtok_r(NULL, " ", &save))
		word[n++] = w;
	if (n < 4 || strlen(word[0]) >= sizeof(r->id))
		die("a line of too few words");
	*r = (struct run){.p = postern_new(word[1]), .began = now_ms()};
	snprintf(r->id, sizeof(r->id), "%s", word[0]);
	snprintf(to, sizeof(to), "%s@example.com", word[0]);
	r->m = postern_mail_new("sender@example.org");
	if (postern_set_trust(r->p, word[2]) || postern_set_ports(r->p, word[3]) ||
	    postern_set_login(r->p, "user", "password") || postern_mail_add_recipient(r->m, to) ||
	    postern_mail_set_text(r->m, message, sizeof(message) - 1))
		die(postern_error(r->p));
	for (size_t i = 4; i < n; i++)
		set_limit(r, word[i]);
	if (postern_submit(r->p, r->m))
		die(postern_error(r->p));
}

static void report(const struct run *r, size_t pending)
{
	printf("{\"id\": \"%s\", \"outcome\": \"%s\", \"error\": \"%s\", \"recipient\": \"%s\", "
	       "\"sentence\": %d, \"port\": %d, \"ms\": %lld, \"pending\": %zu, \"attempts\": [",
	       r->id, postern_outcome_name(postern_mail_outcome(r->m)), postern_mail_error_id(r->m),
	       postern_outcome_name(postern_mail_recipient_outcome(r->m, 0)),
	       *postern_mail_error(r->m) != '\0', postern_route_port(r->p), r->ended - r->began,
	       pending);
	for (size_t i = 0; i < postern_attempts(r->p); i++)
		printf("%s[%d, \"%s\", \"%s\", %d]", i ? ", " : "", postern_attempt_port(r->p, i),
		       postern_attempt_tls(r->p, i), postern_attempt_error_id(r->p, i),
		       postern_attempt_milliseconds(r->p, i));
	puts("]}");
	fflush(stdout);
}

/* 0: this one is over, and its handle gone. */
static int step(struct run *r)
{
	int left = postern_step(r->p);
	long long now = now_ms();

	if (r->cancel_at && now >= r->cancel_at) {
		r->cancel_at = 0;
		postern_cancel(r->p);
		left = postern_step(r->p);
	}
	if (left == 0 && !r->ended)
		r->ended = now;
	if (left < 0)
		die(postern_error(r->p));
	if (r->ended && !r->reported && now >= r->ended + LINGER) {
		r->reported = 1;
		report(r, (size_t)left);
	}
	if (!r->freed)
		return 1;
	postern_free(r->p);
	postern_mail_free(r->m);
	return 0;
}

static int sooner(int a, long long b)
{
	b = b < 0 ? 0 : b;
	return a < 0 || b < a ? (int)b : a;
}

/* Until something happens at one of them, or on standard input: 1 if it was that. */
static int wait_for_all(int more)
{
	struct pollfd at[MOST + 1] = {{more ? STDIN_FILENO : -1, POLLIN, 0}};
	int timeout = -1;
	long long now = now_ms();

	for (size_t i = 0; i < n_runs; i++) {
		struct run *r = &runs[i];
		int own = postern_timeout(r->p);

		at[i + 1] = (struct pollfd){postern_fd(r->p), (short)postern_events(r->p), 0};
		if (own >= 0)
			timeout = sooner(timeout, own);
		if (r->ended && !r->reported)
			timeout = sooner(timeout, r->ended + LINGER - now);
		if (r->cancel_at)
			timeout = sooner(timeout, r->cancel_at - now);
	}
	poll(at, n_runs + 1, timeout);
	return at[0].revents != 0;
}

static void take_line(char *line)
{
	if (strncmp(line, "end ", 4)) {
		begin(line);
		return;
	}
	for (size_t i = 0; i < n_runs; i++)
		if (!strcmp(runs[i].id, line + 4))
			runs[i].freed = 1;
}

/* 0: that was the last line. */
static int take_lines(void)
{
	static char text[LINE];
	static size_t len;
	ssize_t n = read(STDIN_FILENO, text + len, sizeof(text) - len);
	char *end;

	if (n <= 0)
		return 0;
	len += (size_t)n;
	while ((end = memchr(text, '\n', len)) != NULL) {
		size_t line = (size_t)(end - text) + 1;

		*end = '\0';
		take_line(text);
		memmove(text, text + line, len - line);
		len -= line;
	}
	if (len == sizeof(text))
		die("a line is too long");
	return 1;
}

int main(void)
{
	int more = 1;

	while (more) {
		if (wait_for_all(more))
			more = take_lines();
		for (size_t i = 0; i < n_runs;) {
			if (step(&runs[i]))
				i++;
			else
				runs[i] = runs[--n_runs];
		}
	}
	return 0;
}
