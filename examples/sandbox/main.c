/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * postern-sandbox: a submission server for demonstrations and tests.
 */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "certs.h"
#include "log.h"
#include "maildir.h"
#include "options.h"
#include "sasl.h"
#include "server.h"

#define VERSION "0.1.0"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_VIOLATION = 3 };

static int complain(const char *what)
{
	fprintf(stderr, "postern-sandbox: %s: %s\n", what, strerror(errno));
	return -1;
}

/* The directory of the run, absolute; NULL after a message.  *fresh: it was made by us. */
static char *make_dir(const struct options *o, int *fresh)
{
	const char *tmp = getenv("TMPDIR");
	struct bytes b = {0};
	char *whole;

	*fresh = !o->dir;
	if (o->dir) {
		if (mkdir(o->dir, 0700) && errno != EEXIST) {
			complain(o->dir);
			return NULL;
		}
		whole = realpath(o->dir, NULL);
		if (!whole)
			complain(o->dir);
		return whole;
	}
	bytes_format(&b, "%s/postern-sandbox.XXXXXX", tmp && *tmp ? tmp : "/tmp");
	if (!mkdtemp(b.p)) {
		complain(b.p);
		bytes_free(&b);
		return NULL;
	}
	whole = realpath(b.p, NULL);
	bytes_free(&b);
	return whole;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *walk)
{
	(void)st;
	(void)kind;
	(void)walk;
	return remove(path);
}

/* Whole or not at all, so that who waits for the file can read it. */
static int write_ready(const char *file, const struct bytes *lines)
{
	struct bytes part = {0};
	FILE *f;
	int bad;

	bytes_format(&part, "%s.part", file);
	f = fopen(part.p, "w");
	bad = !f || fwrite(lines->p, 1, lines->n, f) != lines->n;
	if (f && fclose(f))
		bad = 1;
	if (bad || rename(part.p, file)) {
		complain(file);
		bad = 1;
	}
	bytes_free(&part);
	return bad ? -1 : 0;
}

static int announce(const struct options *o, const struct server *s)
{
	struct bytes lines = {0};
	int bad;

	server_ready(s, &lines);
	fputs(lines.p, stdout);
	bad = o->ready_file && write_ready(o->ready_file, &lines);
	if (!bad)
		puts("ready");
	bytes_free(&lines);
	return bad ? -1 : 0;
}

/* What the rules need of certificates before a client comes. */
static int prepare(const struct options *o)
{
	int bad = 0;

	for (const struct rule *r = o->rules; r && !bad; r = r->next) {
		if (r->kind == RULE_CERTIFICATE)
			bad = certs_prepare(r->text);
		if (r->kind == RULE_CLIENT_CERTIFICATE)
			bad = certs_open_clients(o->users->name);
	}
	return bad;
}

static int run_in(const struct options *o, const char *dir)
{
	struct server server = {0};
	int bad;

	if (maildir_open(dir))
		return complain(dir);
	if (certs_open(dir) || prepare(o))
		return -1;
	if (log_open(o->log))
		return complain(o->log);
	bad = server_open(&server, o, dir) || announce(o, &server) || server_run(&server);
	server_close(&server);
	return bad ? -1 : 0;
}

static int run(const struct options *o)
{
	int fresh, bad;
	char *dir;

	if (server_watch_signals())
		return EXIT_FAILED;
	dir = make_dir(o, &fresh);
	if (!dir)
		return EXIT_FAILED;
	bad = run_in(o, dir);
	log_close();
	certs_close();
	sasl_shutdown();
	maildir_close();
	if (fresh && !o->keep)
		nftw(dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(dir);
	if (bad)
		return EXIT_FAILED;
	if (log_violations())
		fprintf(stderr, "postern-sandbox: %u violations\n", log_violations());
	return log_violations() ? EXIT_VIOLATION : 0;
}

int main(int argc, char **argv)
{
	struct options o;
	int status = 0;

	setvbuf(stdout, NULL, _IOLBF, 8192);
	if (options_parse(&o, argc, argv))
		status = EXIT_USAGE;
	else if (o.help)
		options_help();
	else if (o.version)
		puts("postern-sandbox " VERSION);
	else
		status = run(&o);
	options_free(&o);
	sasl_shutdown();
	return status;
}
