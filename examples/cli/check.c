/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option.h"
#include "str.h"

enum {
	USER = 1,
	PASSWORD_FILE,
	PORTS,
	CAFILE,
	NAME,
	AUTH,
	COMPARE,
	TIMEOUT,
	ALL,
	TRACE,
	JSON,
	PROGRESS,
	HELP,
	VERSION
};

static const struct option table[] = {
	{"--user", USER, 1},       {"--password-file", PASSWORD_FILE, 1},
	{"--ports", PORTS, 1},     {"--cafile", CAFILE, 1},
	{"--name", NAME, 1},       {"--auth", AUTH, 1},
	{"--timeout", TIMEOUT, 1}, {"--all", ALL, 0},
	{"--json", JSON, 0},       {"--compare", COMPARE, 1},
	{"--trace", TRACE, 0},     {"--progress", PROGRESS, 0},
	{"--help", HELP, 0},       {"-h", HELP, 0},
	{"--version", VERSION, 0}, {NULL, 0, 0},
};

void check_help(void)
{
	fputs("postern-check [OPTIONS] HOST|URL\n"
	      "Find out which ports of a submission service work from here, and recommend one.\n"
	      "No mail is sent.\n"
	      "\n"
	      "  HOST|URL              as mail.example.org or smtp://mail.example.org:587\n"
	      "                        (default: the environment's POSTERN_URL, or SMTP_URL)\n"
	      "      --user NAME       sign in as NAME, once, with the password in\n"
	      "      --password-file FILE   its first line; - is standard input\n"
	      "      --ports LIST      ports to try, as \"587 465/implicit\" (default: 587 465 "
	      "2525)\n"
	      "      --cafile FILE     trust the authorities in this PEM file, not the system's\n"
	      "      --name NAME       the name given in EHLO\n"
	      "      --auth LIST       SASL mechanisms allowed, best first\n"
	      "      --timeout SECONDS give up a port after this time (10, and no more)\n"
	      "\n"
	      "      --all             print everything that was found of each port\n"
	      "      --json            print the report as one JSON object\n"
	      "      --compare FILE    print what differs from FILE, an earlier --json report\n"
	      "      --trace           show the conversations, secrets masked, on standard error\n"
	      "      --progress        show progress also where standard error is no terminal\n"
	      "      --help, --version\n"
	      "\n"
	      "Exit status: 0 there is a secure route; 64 usage; 66 file unreadable; 68 host not\n"
	      "found; 69 there is no route; 77 the credentials were refused; 78 what there is, is\n"
	      "insecure or broken.  See postern-check(1).\n",
	      stdout);
}

static const char **place(struct check *c, int id)
{
	switch (id) {
	case USER:
		return &c->user;
	case PASSWORD_FILE:
		return &c->password_file;
	case PORTS:
		return &c->ports;
	case CAFILE:
		return &c->cafile;
	case NAME:
		return &c->name;
	case COMPARE:
		return &c->compare;
	default:
		return &c->auth;
	}
}

static int *flag(struct check *c, int id)
{
	switch (id) {
	case ALL:
		return &c->all;
	case TRACE:
		return &c->trace;
	case JSON:
		return &c->json;
	case PROGRESS:
		return &c->progress;
	case HELP:
		return &c->help;
	default:
		return &c->version;
	}
}

static int take(struct check *c, int id, char *value, struct failure *f)
{
	long long seconds;

	if (id == WORD_PLAIN && c->server)
		return fail(f, FAIL_USAGE, "more than one host is named");
	if (id == WORD_PLAIN) {
		c->server = value;
	} else if (id == TIMEOUT) {
		if (read_number(value, INT_MAX / 1000, &seconds) || !seconds)
			return fail(f, FAIL_USAGE, "--timeout takes whole seconds, 1 or more");
		c->timeout = (int)seconds;
	} else if (value) {
		*place(c, id) = value;
	} else {
		*flag(c, id) = 1;
	}
	return 0;
}

static int check_rest(struct check *c, struct failure *f)
{
	if (c->user && !c->password_file)
		return fail(f, FAIL_USAGE,
			    "--user needs --password-file: a password is not taken from "
			    "the command line");
	if (c->password_file && !c->user)
		return fail(f, FAIL_USAGE, "--password-file needs --user");
	if (!c->server)
		c->server = getenv("POSTERN_URL");
	if (!c->server || !*c->server)
		c->server = getenv("SMTP_URL");
	if (c->server && *c->server)
		return 0;
	return fail(f, FAIL_USAGE, "no host is named, as mail.example.org");
}

int check_read(struct check *c, int argc, char **argv, struct failure *f)
{
	struct words w = {.table = table, .argc = argc, .argv = argv, .at = 1};
	int id;

	*c = (struct check){.timeout = -1};
	while ((id = words_next(&w)) != WORD_END) {
		if (id == WORD_BAD)
			return fail(f, FAIL_USAGE, "%s", w.why);
		if (take(c, id, w.value, f))
			return f->status;
	}
	return c->help || c->version ? 0 : check_rest(c, f);
}
