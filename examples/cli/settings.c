/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "option.h"
#include "str.h"

enum {
	FROM = 1,
	FROM_HEADER,
	MESSAGE,
	SERVER,
	USER,
	PASSWORD_FILE,
	PORTS,
	CAFILE,
	NAME,
	AUTH,
	TIMEOUT,
	TRACE,
	JSON,
	PROGRESS,
	HELP,
	VERSION,
	NOTHING /* taken for sendmail's sake: a line with one dot never ends the message here */
};

static const struct option table[] = {
	{"--from", FROM, 1},
	{"-f", FROM, 1},
	{"-t", FROM_HEADER, 0},
	{"--message", MESSAGE, 1},
	{"--server", SERVER, 1},
	{"--user", USER, 1},
	{"--password-file", PASSWORD_FILE, 1},
	{"--ports", PORTS, 1},
	{"--cafile", CAFILE, 1},
	{"--name", NAME, 1},
	{"--auth", AUTH, 1},
	{"--timeout", TIMEOUT, 1},
	{"--trace", TRACE, 0},
	{"--json", JSON, 0},
	{"--progress", PROGRESS, 0},
	{"--help", HELP, 0},
	{"-h", HELP, 0},
	{"--version", VERSION, 0},
	{"-i", NOTHING, 0},
	{"-oi", NOTHING, 0},
	{NULL, 0, 0},
};

void settings_help(void)
{
	fputs("postern-send [OPTIONS] [RECIPIENT...] < MESSAGE\n"
	      "Hand a message to its submission service, over verified TLS, and say what became of "
	      "it.\n"
	      "\n"
	      "  RECIPIENT...          addresses of the envelope\n"
	      "  -t                    take recipients from the fields To, Cc and Bcc too\n"
	      "  -f, --from ADDR       the envelope's sender; \"\" for none (default: the From "
	      "field)\n"
	      "      --message FILE    read the message from FILE, not from standard input\n"
	      "  -i, -oi               accepted and ignored\n"
	      "\n"
	      "      --server URL      the service, as mail.example.org or "
	      "smtps://mail.example.org\n"
	      "                        (default: the environment's POSTERN_URL, or SMTP_URL)\n"
	      "      --user NAME       sign in as NAME, with the password in\n"
	      "      --password-file FILE   its first line; - is standard input\n"
	      "      --ports LIST      ports to try, as \"587 465/implicit\" (default: 587 465 "
	      "2525)\n"
	      "      --cafile FILE     trust the authorities in this PEM file, not the system's\n"
	      "      --name NAME       the name given in EHLO\n"
	      "      --auth LIST       SASL mechanisms allowed, best first\n"
	      "      --timeout SECONDS give up after this time; 0 for never (the default)\n"
	      "\n"
	      "      --trace           show the conversation, secrets masked, on standard error\n"
	      "      --json            print the result as one JSON object\n"
	      "      --progress        show progress, also for small messages\n"
	      "      --help, --version\n"
	      "\n"
	      "Exit status: 0 accepted for every recipient; 64 usage; 65 message or address "
	      "unusable;\n"
	      "66 file unreadable; 68 host not found; 69 refused for good, or accepted for some "
	      "only;\n"
	      "74 in doubt; 75 refused for now or not reached; 76 protocol error; 77 credentials;\n"
	      "78 certificate, TLS or configuration.  See postern-send(1).\n",
	      stdout);
}

/* Where an option's value is kept as it is. */
static const char **place(struct settings *s, int id)
{
	switch (id) {
	case FROM:
		return &s->from;
	case MESSAGE:
		return &s->message;
	case USER:
		return &s->user;
	case PASSWORD_FILE:
		return &s->password_file;
	case PORTS:
		return &s->ports;
	case CAFILE:
		return &s->cafile;
	case NAME:
		return &s->name;
	default:
		return &s->auth;
	}
}

static int *flag(struct settings *s, int id)
{
	static int nothing;

	switch (id) {
	case FROM_HEADER:
		return &s->from_header;
	case TRACE:
		return &s->trace;
	case JSON:
		return &s->json;
	case PROGRESS:
		return &s->progress;
	case HELP:
		return &s->help;
	case VERSION:
		return &s->version;
	default:
		return &nothing;
	}
}

static int read_timeout(struct settings *s, const char *value, struct failure *f)
{
	long long seconds;

	if (read_number(value, INT_MAX / 1000, &seconds))
		return fail(f, FAIL_USAGE, "--timeout takes whole seconds, from 0 to %d",
			    INT_MAX / 1000);
	s->timeout = (int)seconds;
	return 0;
}

static int take(struct settings *s, int id, char *value, struct failure *f)
{
	if (id == TIMEOUT)
		return read_timeout(s, value, f);
	if (id == SERVER)
		s->server = value;
	else if (value)
		*place(s, id) = value;
	else
		*flag(s, id) = 1;
	return 0;
}

/* A usage error is told in JSON too, if that is asked for anywhere on the line. */
static void find_json(struct settings *s, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			s->json = 1;
}

static int is_standard_input(const char *file)
{
	return !file || strcmp(file, "-") == 0;
}

/* What holds between the options. */
static int check(const struct settings *s, struct failure *f)
{
	if (s->user && !s->password_file)
		return fail(f, FAIL_USAGE,
			    "--user needs --password-file: a password is not taken from "
			    "the command line");
	if (s->password_file && !s->user)
		return fail(f, FAIL_USAGE, "--password-file needs --user");
	if (s->password_file && strcmp(s->password_file, "-") == 0 && is_standard_input(s->message))
		return fail(f, FAIL_USAGE,
			    "--password-file - and the message both want standard input: "
			    "give the message with --message FILE");
	if (!s->n_recipients && !s->from_header)
		return fail(f, FAIL_USAGE,
			    "no recipient is named: give addresses, or -t to take them "
			    "from the message");
	return 0;
}

static void read_environment(struct settings *s)
{
	if (!s->server)
		s->server = getenv("POSTERN_URL");
	if (!s->server || !*s->server)
		s->server = getenv("SMTP_URL");
}

int settings_read(struct settings *s, int argc, char **argv, struct failure *f)
{
	struct words w = {.table = table, .argc = argc, .argv = argv, .at = 1};
	int id;

	*s = (struct settings){.timeout = -1, .recipients = argv};
	find_json(s, argc, argv);
	while ((id = words_next(&w)) != WORD_END) {
		if (id == WORD_BAD)
			return fail(f, FAIL_USAGE, "%s", w.why);
		if (id == WORD_PLAIN)
			argv[s->n_recipients++] = w.value;
		else if (take(s, id, w.value, f))
			return f->status;
	}
	if (s->help || s->version)
		return 0;
	if (check(s, f))
		return f->status;
	read_environment(s);
	if (s->server && *s->server)
		return 0;
	return fail(f, FAIL_CONFIGURATION,
		    "no server is named: give --server URL, or set POSTERN_URL in "
		    "the environment, as smtp://user:password@mail.example.org");
}
