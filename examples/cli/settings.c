/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "settings.h"

#include <stdio.h>
#include <string.h>

#include "str.h"

enum { TIMEOUT = 1 };

static const struct option table[] = {
	{"--server", OPTION_TEXT, 1, offsetof(struct settings, common.server)},
	{"--timeout", TIMEOUT, 1, 0},
	{"--dane", OPTION_FLAG, 0, offsetof(struct settings, extras.dane)},
	{"--no-extension", OPTION_TEXT, 1, offsetof(struct settings, extras.no_extension)},
	{"-t", OPTION_FLAG, 0, offsetof(struct settings, from_header)},
	{"--from", OPTION_TEXT, 1, offsetof(struct settings, from)},
	{"-f", OPTION_TEXT, 1, offsetof(struct settings, from)},
	{"--message", OPTION_TEXT, 1, offsetof(struct settings, message)},
	/* Taken for sendmail's sake: a line with one dot never ends the message here. */
	{"-i", OPTION_FLAG, 0, offsetof(struct settings, nothing)},
	{"-oi", OPTION_FLAG, 0, offsetof(struct settings, nothing)},
	{"--binary", OPTION_FLAG, 0, offsetof(struct settings, extras.binary)},
	{"--notify", OPTION_TEXT, 1, offsetof(struct settings, extras.notify)},
	{"--dsn-return", OPTION_TEXT, 1, offsetof(struct settings, extras.dsn_return)},
	{"--envid", OPTION_TEXT, 1, offsetof(struct settings, extras.envid)},
	{"--require-tls", OPTION_FLAG, 0, offsetof(struct settings, extras.require_tls)},
	{"--deliver-by", OPTION_TEXT, 1, offsetof(struct settings, extras.deliver_by)},
	{"--hold-for", OPTION_TEXT, 1, offsetof(struct settings, extras.hold_for)},
	{"--hold-until", OPTION_TEXT, 1, offsetof(struct settings, extras.hold_until)},
	{"--priority", OPTION_TEXT, 1, offsetof(struct settings, extras.priority)},
	{"--submitter", OPTION_TEXT, 1, offsetof(struct settings, extras.submitter)},
	{NULL, 0, 0, 0},
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
	      "      --server URL      the service, as mail.example.org, "
	      "smtps://mail.example.org\n"
	      "                        or unix:/run/smtp.sock\n"
	      "                        (default: the environment's POSTERN_URL, or SMTP_URL)\n",
	      stdout);
	common_help_service();
	fputs("      --dane            with discover= in the URL: keys in DNSSEC decide\n"
	      "      --no-extension LIST   extensions not to use, as CHUNKING\n"
	      "      --timeout SECONDS give up after this time; 0 for never (the default)\n"
	      "\n"
	      "Each of these is sent only by a server that offers its extension:\n"
	      "      --notify WHEN     notices: never, or of success,failure,delay\n"
	      "      --dsn-return FULL|HDRS   what a failure notice brings back of the message\n"
	      "      --envid ID        your name for the mail, given back in notices\n"
	      "      --require-tls     verified TLS on all of the way, or return it\n"
	      "      --deliver-by SECONDS[/R|N|RT|NT]   deliver in time, or return it (R), or\n"
	      "                        tell (N); T: tell of relaying\n"
	      "      --hold-for SECONDS, --hold-until TIME   hold it, until "
	      "2026-12-24T18:00:00Z\n"
	      "      --priority N      from -9 to 9\n"
	      "      --submitter ADDR  who first submitted it; \"\" for unknown\n"
	      "      --binary          content is binary: sent octet by octet\n"
	      "\n",
	      stdout);
	common_help_output();
	fputs("\n"
	      "Exit status: 0 accepted for every recipient; 64 usage; 65 message or address "
	      "unusable;\n"
	      "66 file unreadable; 68 host not found; 69 refused for good, or accepted for some "
	      "only;\n"
	      "74 in doubt; 75 refused for now or not reached; 76 protocol error; 77 credentials;\n"
	      "78 certificate, TLS or configuration.  See postern-send(1).\n",
	      stdout);
}

static int take(struct settings *s, const struct words *w, struct failure *f)
{
	if (w->option->id == TIMEOUT)
		return common_timeout(&s->common, w->value, 0, f);
	words_keep(w, w->is_shared ? (void *)&s->common : s);
	return 0;
}

/* A usage error is told in JSON too, if that is asked for anywhere on the line. */
static void find_json(struct settings *s, int argc, char **argv)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], "--json") == 0)
			s->common.json = 1;
}

static int is_standard_input(const char *file)
{
	return !file || strcmp(file, "-") == 0;
}

/* An option that wants standard input, where the message comes from there too. */
static int check_input(const struct settings *s, const char *option, const char *file,
		       struct failure *f)
{
	if (!file || !is_standard_input(file) || !is_standard_input(s->message))
		return 0;
	return fail(f, FAIL_USAGE,
		    "%s - and the message both want standard input: give the message with "
		    "--message FILE",
		    option);
}

/* DANE is about servers that DNS names (RFC 7673): without it the option would mean nothing. */
static int check_dane(const struct settings *s, struct failure *f)
{
	const char *query = s->common.server ? strchr(s->common.server, '?') : NULL;

	if (!s->extras.dane || (query && strstr(query, "discover=")))
		return 0;
	return fail(f, FAIL_USAGE, "--dane needs a server with discover= in its URL");
}

/* What holds between the options. */
static int check(struct settings *s, struct failure *f)
{
	if (common_check(&s->common, f) ||
	    check_input(s, "--password-file", s->common.password_file, f) ||
	    check_input(s, "--key-password-file", s->common.key_password_file, f) ||
	    extras_read(&s->extras, f))
		return f->status;
	if (!s->n_recipients && !s->from_header)
		return fail(f, FAIL_USAGE,
			    "no recipient is named: give addresses, or -t to take them "
			    "from the message");
	return 0;
}

int settings_read(struct settings *s, int argc, char **argv, struct failure *f)
{
	struct words w = {
		.table = table, .shared = common_options, .argc = argc, .argv = argv, .at = 1};
	int id;

	*s = (struct settings){.common.timeout = -1, .recipients = argv};
	find_json(s, argc, argv);
	while ((id = words_next(&w)) != WORD_END) {
		if (id == WORD_BAD)
			return fail(f, FAIL_USAGE, "%s", w.why);
		if (id == WORD_PLAIN)
			argv[s->n_recipients++] = w.value;
		else if (take(s, &w, f))
			return f->status;
	}
	if (s->common.help || s->common.version)
		return 0;
	if (check(s, f))
		return f->status;
	if (s->common.server && *s->common.server)
		return check_dane(s, f);
	return fail(f, FAIL_CONFIGURATION,
		    "no server is named: give --server URL, or set POSTERN_URL in "
		    "the environment, as smtp://user:password@mail.example.org");
}
