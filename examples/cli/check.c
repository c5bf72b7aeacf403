/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "check.h"

#include <stdio.h>

enum { TIMEOUT = 1 };

static const struct option table[] = {
	{"--timeout", TIMEOUT, 1, 0},
	{"--all", OPTION_FLAG, 0, offsetof(struct check, all)},
	{"--compare", OPTION_TEXT, 1, offsetof(struct check, compare)},
	{NULL, 0, 0, 0},
};

void check_help(void)
{
	fputs("postern-check [OPTIONS] HOST|URL\n"
	      "Find out which ports of a submission service work from here, and recommend one.\n"
	      "No mail is sent; with --user it signs in, once.\n"
	      "\n"
	      "  HOST|URL              as mail.example.org or smtp://mail.example.org:587\n"
	      "                        (default: the environment's POSTERN_URL, or SMTP_URL)\n",
	      stdout);
	common_help_service();
	fputs("      --timeout SECONDS give up a port after this time (10, and no more)\n"
	      "\n"
	      "      --all             print everything that was found of each port\n"
	      "      --compare FILE    print what differs from FILE, an earlier --json report\n",
	      stdout);
	common_help_output();
	fputs("\n"
	      "Exit status: 0 there is a secure route; 64 usage; 66 file unreadable; 68 host not\n"
	      "found; 69 there is no route; 77 the credentials were refused; 78 what there is, is\n"
	      "insecure or broken.  See postern-check(1).\n",
	      stdout);
}

static int take(struct check *c, int id, const struct words *w, struct failure *f)
{
	if (id == WORD_PLAIN && c->common.server)
		return fail(f, FAIL_USAGE, "more than one host is named");
	if (id == WORD_PLAIN)
		c->common.server = w->value;
	else if (id == TIMEOUT)
		return common_timeout(&c->common, w->value, 1, f);
	else
		words_keep(w, w->is_shared ? (void *)&c->common : c);
	return 0;
}

static int check_rest(struct check *c, struct failure *f)
{
	if (common_check(&c->common, f))
		return f->status;
	if (c->common.server && *c->common.server)
		return 0;
	return fail(f, FAIL_USAGE, "no host is named, as mail.example.org");
}

int check_read(struct check *c, int argc, char **argv, struct failure *f)
{
	struct words w = {
		.table = table, .shared = common_options, .argc = argc, .argv = argv, .at = 1};
	int id;

	*c = (struct check){.common.timeout = -1};
	while ((id = words_next(&w)) != WORD_END) {
		if (id == WORD_BAD)
			return fail(f, FAIL_USAGE, "%s", w.why);
		if (take(c, id, &w, f))
			return f->status;
	}
	return c->common.help || c->common.version ? 0 : check_rest(c, f);
}
