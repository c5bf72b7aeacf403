/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "progress.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

enum { WORTH_SHOWING = 1024 * 1024, TERMINAL_MS = 200, FILE_MS = 1000 };

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static int is_due(struct progress *p, long long passed, long long size)
{
	long long time;

	if (!p->began) {
		p->began = 1;
		p->on_terminal = isatty(STDERR_FILENO);
	}
	if (!p->wanted && (!p->on_terminal || (size > passed ? size : passed) <= WORTH_SHOWING))
		return 0;
	time = now();
	if (p->shown_at && time - p->shown_at < (p->on_terminal ? TERMINAL_MS : FILE_MS))
		return 0;
	p->shown_at = time;
	return 1;
}

static void print_amount(long long octets)
{
	if (octets >= WORTH_SHOWING)
		fprintf(stderr, "%.1f MiB", (double)octets / (1024 * 1024));
	else
		fprintf(stderr, "%lld octets", octets);
}

static void print(const struct progress *p, long long passed, long long size)
{
	if (p->on_terminal)
		fputs("\r", stderr);
	print_amount(passed);
	if (size > 0) {
		fputs(" of ", stderr);
		print_amount(size);
		fprintf(stderr, " (%d%%)", (int)(passed >= size ? 100 : passed * 100 / size));
	}
	fputs(p->on_terminal ? "\033[K" : "\n", stderr);
	fflush(stderr);
}

void progress_show(struct progress *p, long long passed, long long size)
{
	if (is_due(p, passed, size))
		print(p, passed, size);
}

void progress_end(struct progress *p, long long passed, long long size)
{
	if (p->on_terminal && p->shown_at)
		fputs("\r\033[K", stderr);
	else if (p->shown_at)
		print(p, passed, size);
}
