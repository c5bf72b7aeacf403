/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What every client in C is asked to do.  Each is run as
 *
 *     CLIENT MODE PORT CAFILE MESSAGE SIZE COUNT RECIPIENTS WAY
 *
 * MODE: plain (nobody signs in), starttls or implicit (with AUTH PLAIN).  MESSAGE: a file with a
 * message of whole lines; where SIZE is more than it has, its body is repeated.  WAY: "warm", all
 * mails over one connection, "fresh", a connection for each, or a client's own.  The exit status is
 * 0 if every mail was accepted; the time is taken by the server.
 */
#ifndef BENCH_JOB_H
#define BENCH_JOB_H

#include <stddef.h>

#define JOB_HOST "localhost"
#define JOB_USER "user"
#define JOB_PASSWORD "password"
#define JOB_FROM "sender@example.org"

struct job {
	const char *mode, *ca, *way;
	int port, recipients;
	long count;
	size_t size;
	char *text; /* the message, when it is no longer than the file or below a MiB */
	size_t len;
	char *block; /* else: the header and the first of the body, many lines of it */
	size_t block_len, head_len;
};

/* Ends the program when the arguments are wrong. */
void job_read_arguments(struct job *j, int argc, char **argv);
int job_is(const struct job *j, const char *way);
int job_tls(const struct job *j);
const char *job_recipient(int i); /* made beforehand */

/* Up to cap octets of the message at *at, which it moves on; 0 at the end. */
size_t job_take(const struct job *j, size_t *at, char *buf, size_t cap);
/* The whole message, for those that must have it in memory; never freed. */
char *job_whole(const struct job *j);

/* kB of memory that the process has now, "VmRSS", or has had, "VmHWM". */
long job_memory(const char *what);

#endif
