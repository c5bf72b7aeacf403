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
#include "cli/failure.h"
#include "cli/message.h"
#include "cli/password.h"
#include "cli/progress.h"
#include "cli/report.h"
#include "cli/settings.h"
#include "cli/status.h"
#include "cli/str.h"

/* ---- The service -------------------------------------------------------------------------- */

static int set_login(postern *p, const struct settings *s, struct failure *f)
{
	char password[MOST_PASSWORD] = "";

	if (!password_read(password, s->password_file, f) &&
	    postern_set_login(p, s->user, password))
		fail(f, FAIL_CONFIGURATION, "%s", postern_error(p));
	wipe(password, sizeof password);
	return f->status;
}

static void show_line(void *arg, int dir, const char *line, size_t len)
{
	(void)arg;
	fprintf(stderr, "%c %.*s\n", dir, (int)len, line);
}

/* A person waits at the other end of this program: of the five minutes that RFC 5321 grants a server
 * for its greeting, one is enough. */
enum { GREETING_MS = 60000 };

/* The first setting that is refused ends it: the exit status tells settings from addresses. */
static int set_up(postern *p, const struct settings *s, struct failure *f)
{
	int rc = *postern_error(p) ? POSTERN_E_ARG : 0; /* the URL */

	if (!rc && s->ports)
		rc = postern_set_ports(p, s->ports);
	if (!rc && s->cafile)
		rc = postern_set_trust(p, s->cafile);
	if (!rc && s->name)
		rc = postern_set_name(p, s->name);
	if (!rc && s->auth)
		rc = postern_set_mechanisms(p, s->auth);
	if (!rc && s->timeout >= 0)
		rc = postern_set_limit(p, POSTERN_LIMIT_OVERALL, s->timeout * 1000);
	if (!rc)
		rc = postern_set_limit(p, POSTERN_LIMIT_GREETING, GREETING_MS);
	if (!rc && s->trace)
		rc = postern_set_trace(p, show_line, NULL);
	if (rc == POSTERN_E_NOMEM)
		return fail(f, FAIL_MEMORY, "there is not enough memory");
	if (rc)
		return fail(f, FAIL_CONFIGURATION, "%s", postern_error(p));
	return s->user ? set_login(p, s, f) : 0;
}

/* The URL may hold a password, which others could see in the list of processes. */
static void hide_server(const struct settings *s)
{
	if (strchr(s->server, '@'))
		wipe(s->server, strlen(s->server));
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

	while (postern_step(p) > 0) {
		struct pollfd at[2] = {
			{postern_fd(p), (short)postern_events(p), 0},
			{m->waiting ? m->fd : -1, POLLIN, 0},
		};

		progress_show(&progress, message_handed(m), m->size);
		if (poll(at, 2, postern_timeout(p)) > 0 && at[1].revents) {
			m->waiting = 0;
			postern_mail_resume(mail);
		}
	}
	progress_end(&progress, message_handed(m), m->size);
}

static int report(postern *p, postern_mail *mail, const struct settings *s)
{
	report_mail(p, mail, s->json);
	return exit_status(postern_mail_outcome(mail), postern_mail_code(mail),
			   postern_mail_error_id(mail), postern_mail_recipient_code(mail, 0));
}

static int send_mail(postern *p, postern_mail *mail, struct message *m, const struct settings *s,
		     struct failure *f)
{
	int rc;

	postern_mail_set_reader(mail, message_read, m);
	rc = postern_submit(p, mail);
	if (rc == POSTERN_E_ARG) /* the reverse-path: all else was checked before */
		return fail(f, FAIL_ADDRESS, "%s%s",
			    s->from ? "" : "From: ", postern_mail_error(mail));
	if (rc)
		return report(p, mail, s);
	catch_signals(p);
	run(p, mail, m, s->progress);
	if (m->cut)
		return fail(f, FAIL_INPUT,
			    "the message got shorter while it was read: it was not sent");
	if (m->error)
		return fail(f, FAIL_INPUT, "the message cannot be read: %s", strerror(m->error));
	return report(p, mail, s);
}

static int send_message(postern *p, const struct settings *s, struct message *m, struct failure *f)
{
	postern_mail *mail = make_mail(s, m, f);
	int status = f->status;

	if (!status)
		status = set_recipients(mail, s, m, f);
	if (!status)
		status = send_mail(p, mail, m, s, f);
	postern_quit(p);
	postern_mail_free(mail);
	return status;
}

static int run_program(const struct settings *s, struct failure *f)
{
	postern *p = postern_new(s->server);
	struct message m = {0};
	int status;

	hide_server(s);
	if (!p)
		return fail(f, FAIL_MEMORY, "there is not enough memory");
	status = set_up(p, s, f);
	if (!status) {
		status = message_open(&m, s->message, f);
		if (!status)
			status = send_message(p, s, &m, f);
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
	if (!status && s.help) {
		settings_help();
		return 0;
	}
	if (!status && s.version) {
		printf("postern-send %s (libpostern %s)\n", POSTERN_VERSION, postern_version());
		return 0;
	}
	if (!status)
		status = run_program(&s, &f);
	if (f.status)
		report_failure(&f, s.json);
	return status;
}
