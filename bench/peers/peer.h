/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the drivers of bench/routes share.  Each is run as
 *     DRIVER HOST CAFILE COUNT [MORE]
 * sends COUNT mails, each over a connection of its own, and prints a line for each: the
 * milliseconds to its end, "accepted" or "failed", and a remark.
 */
#ifndef BENCH_PEER_H
#define BENCH_PEER_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define PEER_PORT 587
#define PEER_USER "user"
#define PEER_PASSWORD "password"
#define PEER_FROM "sender@example.org"
#define PEER_TO "a@example.com"
#define PEER_TEXT \
	"From: <sender@example.org>\r\n" \
	"To: <a@example.com>\r\n" \
	"Subject: routes\r\n" \
	"Date: Tue, 03 Mar 2026 12:00:00 +0000\r\n" \
	"Message-ID: <routes@example.org>\r\n" \
	"\r\n" \
	"Hello.\r\n"

static inline double peer_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e3 + (double)t.tv_nsec / 1e6;
}

static inline void peer_tell(double began, int accepted, const char *remark)
{
	printf("%.3f %s %s\n", peer_now() - began, accepted ? "accepted" : "failed", remark);
	fflush(stdout);
}

static inline int peer_count(int argc, char **argv)
{
	if (argc < 4) {
		fprintf(stderr, "usage: %s HOST CAFILE COUNT\n", argv[0]);
		exit(64);
	}
	return (int)strtol(argv[3], NULL, 10);
}

#endif
