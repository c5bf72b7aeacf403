/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * postern-check: which ports of a submission service work from here, how well, and which to use.
 * No mail is sent.  See postern-check(1).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <postern.h>

#include "cli/apply.h"
#include "cli/check.h"
#include "cli/failure.h"
#include "cli/findings.h"
#include "cli/str.h"
#include "cli/token.h"

/* ---- While it works ----------------------------------------------------------------------- */

struct showing {
	int on_terminal, lines; /* one line written over, or a line each */
};

/* port 0: the name is looked up */
static void show(void *arg, int port, const char *what)
{
	const struct showing *s = arg;
	char name[24] = "";

	if (!s->on_terminal && !s->lines)
		return;
	if (port)
		snprintf(name, sizeof name, "port %d: ", port);
	if (s->on_terminal)
		fprintf(stderr, "\r%s%.60s\033[K", name, what);
	else
		fprintf(stderr, "%s%s\n", name, what);
	fflush(stderr);
}

static void show_nothing(const struct showing *s)
{
	if (s->on_terminal)
		fputs("\r\033[K", stderr);
}

/* ---- The report --------------------------------------------------------------------------- */

static int wants_colours(void)
{
	const char *no = getenv("NO_COLOR"), *terminal = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(terminal && !strcmp(terminal, "dumb"));
}

static void put_comparison(struct str *out, const postern_report *r, const struct earlier *e)
{
	size_t before;

	str_puts(out, "\ncompared with the earlier report\n");
	before = out->n;
	findings_differences(out, r, e);
	if (out->n == before)
		str_puts(out, "nothing differs\n");
}

static void put_report(struct str *out, const postern_report *r, const struct check *c,
		       const struct earlier *e)
{
	if (c->common.json) {
		findings_json(out, r, e);
		return;
	}
	findings_table(out, r, wants_colours());
	if (c->all)
		findings_all(out, r);
	if (e)
		put_comparison(out, r, e);
	if (postern_report_ports(r))
		str_puts(out, "\n");
	findings_advice(out, r);
}

static int report(const postern_report *r, const struct check *c, const struct earlier *e,
		  struct failure *f)
{
	struct str out = {0};

	put_report(&out, r, c, e);
	if (out.failed)
		fail(f, FAIL_MEMORY, "there is not enough memory for the report");
	else
		fwrite(out.s, 1, out.n, stdout);
	if (fflush(stdout) && !f->status)
		fail(f, FAIL_INPUT, "the report cannot be written");
	str_free(&out);
	return f->status ? f->status : findings_status(r);
}

/* ---- The whole ---------------------------------------------------------------------------- */

static int probe(postern *p, const struct check *c, struct failure *f)
{
	struct showing s = {isatty(STDERR_FILENO) && !c->common.trace, c->common.progress};
	struct earlier e = {0};
	postern_report *r;
	int status = c->compare ? earlier_read(&e, c->compare, f) : 0;

	if (!status) {
		r = postern_probe(p, show, &s);
		show_nothing(&s);
		status = r ? report(r, c, c->compare ? &e : NULL, f)
			   : fail(f, FAIL_MEMORY, "there is not enough memory");
		postern_report_free(r);
	}
	earlier_free(&e);
	return status;
}

static int run_program(struct check *c, struct failure *f)
{
	postern *p = postern_new(c->common.server);
	struct token_command t = {0};
	int status;

	apply_hide(c->common.server);
	if (!p)
		return fail(f, FAIL_MEMORY, "there is not enough memory");
	status = apply_common(p, &c->common, &t, FAIL_USAGE, f);
	if (!status)
		status = probe(p, c, f);
	if (*t.why)
		fprintf(stderr, "postern-check: %s\n", t.why);
	postern_free(p);
	return status;
}

int main(int argc, char **argv)
{
	struct failure f = {0};
	struct check c;
	int status = check_read(&c, argc, argv, &f);

	if (!status && c.common.help) {
		check_help();
		return 0;
	}
	if (!status && c.common.version) {
		printf("postern-check %s (libpostern %s)\n", POSTERN_VERSION, postern_version());
		return 0;
	}
	if (!status)
		status = run_program(&c, &f);
	if (f.status) {
		fprintf(stderr, "postern-check: %s\n", f.text);
		if (f.status == EXIT_USAGE)
			fputs("Try postern-check --help.\n", stderr);
	}
	return status;
}
