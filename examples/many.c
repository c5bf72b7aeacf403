/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Many messages over one handle: a few are kept in the queue, and each is counted as it gets its
 * outcome.  Each has a number in its Subject and a Message-ID of its own.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <postern.h>

enum { IN_QUEUE = 32, TEXT = 1024 };

struct run {
	postern *p;
	const char *from, *to;
	long count, queued, done, accepted;
	int memory, broken;
	double began;
};

struct item { /* a mail's text lives as long as the mail */
	long number;
	char text[TEXT];
};

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static postern_mail *make(const struct run *r, long number)
{
	struct item *item = malloc(sizeof(*item));
	postern_mail *m = postern_mail_new(r->from);
	int n;

	if (!item || !m) {
		free(item);
		postern_mail_free(m);
		return NULL;
	}
	item->number = number;
	n = snprintf(item->text, TEXT,
		     "From: <%s>\n"
		     "To: <%s>\n"
		     "Subject: Message %ld of %ld\n"
		     "Message-ID: <%ld.%ld.%ld@many.invalid>\n"
		     "\n"
		     "This is message %ld.\n",
		     r->from, r->to, number, r->count, (long)time(NULL), (long)getpid(), number,
		     number);
	postern_mail_add_recipient(m, r->to);
	if (n > 0 && n < TEXT)
		postern_mail_set_text(m, item->text, (size_t)n);
	postern_mail_set_user(m, item);
	return m;
}

static void finish(postern_mail *m)
{
	void *item = postern_mail_get_user(m);

	postern_mail_free(m);
	free(item);
}

static void fill(struct run *r)
{
	while (!r->broken && r->queued < r->count && r->queued - r->done < IN_QUEUE) {
		postern_mail *m = make(r, r->queued + 1);

		if (!m || postern_submit(r->p, m)) {
			fprintf(stderr, "%s\n", m ? postern_mail_error(m) : "out of memory");
			if (m)
				finish(m);
			r->broken = 1;
			return;
		}
		r->queued++;
	}
}

/* "VmRSS:     4312 kB", on Linux */
static void show_memory(const struct run *r)
{
	FILE *f = fopen("/proc/self/status", "r");
	char line[256];

	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, "VmRSS:", 6) == 0)
			printf("after %ld: %s", r->done, line);
	if (f)
		fclose(f);
}

static void count(struct run *r, postern_mail *m)
{
	const struct item *item = postern_mail_get_user(m);
	long tenth = r->count >= 10 ? r->count / 10 : 1;

	r->done++;
	if (postern_mail_outcome(m) == POSTERN_ACCEPTED)
		r->accepted++;
	else
		fprintf(stderr, "message %ld: %s: %s\n", item->number,
			postern_outcome_name(postern_mail_outcome(m)), postern_mail_error(m));
	if (r->done % tenth == 0)
		printf("%ld of %ld\n", r->done, r->count);
	if (r->memory && r->done == tenth)
		show_memory(r);
	finish(m);
}

static int collect(struct run *r)
{
	postern_mail *m;
	int n = 0;

	for (; (m = postern_done(r->p)); n++)
		count(r, m);
	return n;
}

static void go(struct run *r)
{
	int left;

	do {
		struct pollfd at;

		fill(r);
		left = postern_step(r->p);
		if (collect(r) || left <= 0)
			continue; /* there may be room in the queue again */
		at = (struct pollfd){postern_fd(r->p), (short)postern_events(r->p), 0};
		poll(&at, 1, postern_timeout(r->p));
	} while (left > 0 || (left == 0 && !r->broken && r->queued < r->count));
	if (left < 0)
		fprintf(stderr, "%s\n", postern_error(r->p));
}

static void report(const struct run *r)
{
	double seconds = now() - r->began;

	if (r->memory)
		show_memory(r);
	printf("accepted %ld, not accepted %ld, in %.2f s: %.0f messages per second\n", r->accepted,
	       r->done - r->accepted, seconds, seconds > 0 ? (double)r->accepted / seconds : 0.0);
}

static int usage(void)
{
	fputs("usage: many URL FROM TO COUNT [--memory]\n", stderr);
	return 64;
}

int main(int argc, char **argv)
{
	struct run r = {0};
	char *end;

	if (argc < 5 || argc > 6)
		return usage();
	r.from = argv[2];
	r.to = argv[3];
	r.count = strtol(argv[4], &end, 10);
	r.memory = argc == 6 && strcmp(argv[5], "--memory") == 0;
	if (*end || r.count < 1 || (argc == 6 && !r.memory))
		return usage();
	r.p = postern_new(argv[1]);
	r.began = now();
	go(&r);
	report(&r);
	postern_quit(r.p);
	postern_free(r.p);
	return r.accepted == r.count ? 0 : 1;
}
