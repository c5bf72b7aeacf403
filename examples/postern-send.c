/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * postern-send: hand a message to its submission service, and say by line, JSON and exit status
 * what became of it.  See postern-send(1).
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <postern.h>

#include "cli/address.h"
#include "cli/apply.h"
#include "cli/failure.h"
#include "cli/message.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/status.h"
#include "cli/str.h"
#include "cli/token.h"

/* ---- The service -------------------------------------------------------------------------- */

/* A person waits at the other end of this program: of the five minutes that RFC 5321 grants a
 * server for its greeting, one is enough. */
enum { GREETING_MS = 60000 };

/* Each keyword of the list. */
static int switch_off(postern *p, const char *list, struct failure *f)
{
	while (*list) {
		size_t n = strcspn(list, ", ");
		struct str keyword = {0}, shown = {0};
		int rc;

		str_add(&keyword, list, n);
		str_show(&shown, list, n, 40);
		rc = keyword.failed || shown.failed
			     ? POSTERN_E_NOMEM
			     : postern_set_capability(p, str_text(&keyword), 0);
		if (rc == POSTERN_E_ARG)
			fail(f, FAIL_USAGE, "--no-extension \"%s\": %s", str_text(&shown),
			     postern_error(p));
		else
			apply_failed(p, rc, FAIL_CONFIGURATION, f);
		str_free(&keyword);
		str_free(&shown);
		if (f->status)
			return f->status;
		list += n + strspn(list + n, ", ");
	}
	return 0;
}

/* The first setting that is refused ends it: the exit status tells settings from addresses. */
static int set_up(postern *p, struct settings *s, struct token_command *t, struct failure *f)
{
	const char *off = s->extras.no_extension;
	int rc = apply_common(p, &s->common, t, FAIL_CONFIGURATION, f);

	if (rc || (off && switch_off(p, off, f)))
		return f->status;
	rc = postern_set_limit(p, POSTERN_LIMIT_GREETING, GREETING_MS);
	if (!rc && s->extras.dane)
		rc = postern_set_dane(p, 1);
	return apply_failed(p, rc, FAIL_CONFIGURATION, f);
}

/* ---- The envelope ------------------------------------------------------------------------- */

static int add_arguments(struct list *to, const struct settings *s, struct failure *f)
{
	char why[160];

	for (int i = 0; i < s->n_recipients; i++) {
		const char *word = s->recipients[i];
		size_t before = to->n;
		int rc = address_list(to, word, strlen(word), why, sizeof why);

		if (rc == -2)
			return fail(f, FAIL_MEMORY, "there is not enough memory");
		if (rc || to->n == before) {
			struct str shown = {0};

			str_show(&shown, word, strlen(word), 100);
			fail(f, FAIL_ADDRESS, "the recipient \"%s\" is not usable: %s",
			     str_text(&shown), rc ? why : "there is no address in it");
			str_free(&shown);
			return f->status;
		}
	}
	return 0;
}

static int refuse_recipient(postern_mail *mail, const char *address, const struct message *m,
			    struct failure *f)
{
	const char *field = m ? message_field_of(m, address) : NULL;

	return fail(f, FAIL_ADDRESS, "%s%s%s", field ? field : "", field ? ": " : "",
		    postern_mail_error(mail));
}

/* Each address once.  m: where they may come from, or NULL. */
static int add_recipients(postern_mail *mail, const struct list *to, const struct message *m,
			  struct failure *f)
{
	struct list seen = {0};

	for (size_t i = 0; i < to->n && !f->status; i++) {
		int rc = list_has(&seen, to->v[i]) ? 0 : postern_mail_add_recipient(mail, to->v[i]);

		if (rc == POSTERN_E_NOMEM || list_add(&seen, to->v[i], strlen(to->v[i])))
			fail(f, FAIL_MEMORY, "there is not enough memory");
		else if (rc)
			refuse_recipient(mail, to->v[i], m, f);
	}
	list_free(&seen);
	return f->status;
}

static int set_recipients(postern_mail *mail, const struct settings *s, const struct message *m,
			  struct failure *f)
{
	struct list to = {0};

	if (!add_arguments(&to, s, f) && s->from_header)
		message_recipients(m, &to, f);
	if (!f->status && !to.n)
		fail(f, FAIL_USAGE,
		     "no recipient is named: the message has no address in To, Cc or Bcc");
	if (!f->status)
		add_recipients(mail, &to, s->from_header ? m : NULL, f);
	list_free(&to);
	return f->status;
}

/* The mail with its reverse-path, or NULL. */
static postern_mail *make_mail(const struct settings *s, const struct message *m, struct failure *f)
{
	struct str from = {0};
	postern_mail *mail = NULL;

	if (!s->from)
		message_sender(m, &from, f);
	else if (strcmp(s->from, "<>") != 0)
		str_puts(&from, s->from);
	if (!f->status) {
		mail = postern_mail_new(str_text(&from));
		if (!mail || from.failed)
			fail(f, FAIL_MEMORY, "there is not enough memory");
	}
	str_free(&from);
	return mail;
}

/* What the mail asks of the server.  The recipients are there. */
static int set_extras(postern_mail *mail, const struct extras *x, struct failure *f)
{
	int rc = x->binary ? postern_mail_set_binary(mail, 1) : 0;

	if (!rc && (x->dsn_return || x->envid))
		rc = postern_mail_set_return(mail, x->dsn_return, x->envid);
	for (size_t i = 0; !rc && x->notify && i < postern_mail_recipients(mail); i++)
		rc = postern_mail_set_notify(mail, i, x->notify_bits, NULL);
	if (!rc && x->require_tls)
		rc = postern_mail_require_tls(mail, 1);
	if (!rc && x->deliver_by)
		rc = postern_mail_set_deliver_by(mail, x->by_seconds, x->by_mode, x->by_trace);
	if (!rc && (x->hold_for || x->hold_until))
		rc = postern_mail_set_hold(mail, x->hold_seconds, x->hold_until);
	if (!rc && x->priority)
		rc = postern_mail_set_priority(mail, x->priority_value);
	if (rc == POSTERN_E_NOMEM)
		return fail(f, FAIL_MEMORY, "there is not enough memory");
	if (rc)
		return fail(f, FAIL_USAGE, "%s", postern_mail_error(mail));
	if (!x->submitter)
		return 0;
	rc = postern_mail_set_submitter(mail, strcmp(x->submitter, "<>") ? x->submitter : "");
	return rc ? fail(f, FAIL_ADDRESS, "%s", postern_mail_error(mail)) : 0;
}

/* ---- Sending ------------------------------------------------------------------------------ */

static postern *volatile to_cancel;

static void on_signal(int number)
{
	(void)number;
	postern_cancel(to_cancel);
}

/* Installed once the mail is queued: before, nothing is lost by ending at once.  A second signal
 * ends the program whatever happens. */
static void catch_signals(postern *p)
{
	struct sigaction a = {.sa_handler = on_signal, .sa_flags = (int)SA_RESETHAND};

	to_cancel = p;
	sigemptyset(&a.sa_mask);
	sigaction(SIGINT, &a, NULL);
	sigaction(SIGTERM, &a, NULL);
	sigaction(SIGHUP, &a, NULL);
}

/* postern_send() with an eye on the input as well. */
static void run(postern *p, postern_mail *mail, struct message *m, int show_progress)
{
	struct progress progress = {.wanted = show_progress};
	int by_library = *m->path && !show_progress;

	while (postern_step(p) > 0) {
		struct pollfd at[2] = {
			{postern_fd(p), (short)postern_events(p), 0},
			{m->waiting ? m->fd : -1, POLLIN, 0},
		};

		if (!by_library)
			progress_show(&progress, message_handed(m), m->size);
		if (poll(at, 2, postern_timeout(p)) > 0 && at[1].revents) {
			m->waiting = 0;
			postern_mail_resume(mail);
		}
	}
	progress_end(&progress, message_handed(m), m->size);
}

static int report(postern *p, postern_mail *mail, const struct settings *s,
		  const struct token_command *t)
{
	int no_token = strcmp(postern_mail_error_id(mail), "auth-no-token") == 0;

	report_mail(p, mail, no_token ? t->why : "", s->common.json);
	return exit_status(postern_mail_outcome(mail), postern_mail_code(mail),
			   postern_mail_error_id(mail), postern_mail_recipient_code(mail, 0));
}

/* The file itself, of which the library finds out the size, unless somebody wants to see how far it
 * is. */
static void set_content(postern_mail *mail, struct message *m, int show_progress)
{
	if (*m->path && !show_progress)
		postern_mail_set_file(mail, m->path);
	else
		postern_mail_set_reader(mail, message_read, m);
}

static int send_mail(postern *p, postern_mail *mail, struct message *m, const struct settings *s,
		     const struct token_command *t, struct failure *f)
{
	int rc;

	set_content(mail, m, s->common.progress);
	rc = postern_submit(p, mail);
	if (rc == POSTERN_E_ARG) /* the reverse-path: all else was checked before */
		return fail(f, FAIL_ADDRESS, "%s%s",
			    s->from ? "" : "From: ", postern_mail_error(mail));
	if (rc)
		return report(p, mail, s, t);
	catch_signals(p);
	run(p, mail, m, s->common.progress);
	if (m->cut)
		return fail(f, FAIL_INPUT,
			    "the message got shorter while it was read: it was not sent");
	if (m->error)
		return fail(f, FAIL_INPUT, "the message cannot be read: %s", strerror(m->error));
	return report(p, mail, s, t);
}

static int send_message(postern *p, const struct settings *s, const struct token_command *t,
			struct message *m, struct failure *f)
{
	postern_mail *mail = make_mail(s, m, f);
	int status = f->status;

	if (!status)
		status = set_recipients(mail, s, m, f);
	if (!status)
		status = set_extras(mail, &s->extras, f);
	if (!status)
		status = send_mail(p, mail, m, s, t, f);
	postern_quit(p);
	postern_mail_free(mail);
	return status;
}

static int run_program(struct settings *s, struct failure *f)
{
	postern *p = postern_new(s->common.server);
	struct token_command t = {0};
	struct message m = {0};
	int status;

	apply_hide(s->common.server);
	if (!p)
		return fail(f, FAIL_MEMORY, "there is not enough memory");
	status = set_up(p, s, &t, f);
	if (!status) {
		status = message_open(&m, s->message, f);
		if (!status)
			status = send_message(p, s, &t, &m, f);
		message_close(&m);
	}
	to_cancel = NULL;
	postern_free(p);
	return status;
}

int main(int argc, char **argv)
{
	struct failure f = {0};
	struct settings s;
	int status;

	signal(SIGPIPE,
	       SIG_IGN); /* a closed standard output does not change what became of a mail */
	status = settings_read(&s, argc, argv, &f);
	if (!status && s.common.help) {
		settings_help();
		return 0;
	}
	if (!status && s.common.version) {
		printf("postern-send %s (libpostern %s)\n", POSTERN_VERSION, postern_version());
		return 0;
	}
	if (!status)
		status = run_program(&s, &f);
	if (f.status)
		report_failure(&f, s.common.json);
	return status;
}
