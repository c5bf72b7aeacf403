/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The same as send.c from a poll(2) loop of the program's own: loop SERVER, or with POSTERN_URL in
 * the environment.  Any other loop that watches one descriptor and one timer will do.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include <postern.h>

static const char message[] = "From: Ann <ann@example.org>\n"
			      "To: Bob <bob@example.org>\n"
			      "Subject: Hello from a loop\n"
			      "\n"
			      "Hello Bob!\n";

static int report(const postern_mail *m)
{
	int accepted = postern_mail_outcome(m) == POSTERN_ACCEPTED;

	if (accepted)
		printf("accepted as %s\n", postern_mail_queue_id(m));
	else
		fprintf(stderr, "%s: %s\n%s\n", postern_outcome_name(postern_mail_outcome(m)),
			postern_mail_error(m), postern_mail_advice(m));
	return accepted ? 0 : 1;
}

int main(int argc, char **argv)
{
	postern *p = postern_new(argc > 1 ? argv[1] : getenv("POSTERN_URL"));
	postern_mail *m = postern_mail_new("ann@example.org");
	int status = 1;

	postern_mail_add_recipient(m, "bob@example.org");
	postern_mail_set_text(m, message, sizeof message - 1);
	if (postern_submit(p, m))
		fprintf(stderr, "%s\n",
			*postern_error(p) ? postern_error(p) : postern_mail_error(m));

	while (postern_step(p) > 0) {
		/* Put the program's own descriptors beside this one. */
		struct pollfd at = {postern_fd(p), (short)postern_events(p), 0};

		poll(&at, 1, postern_timeout(p));
	}
	if (postern_done(p))
		status = report(m);
	postern_quit(p);
	postern_mail_free(m);
	postern_free(p);
	return status;
}
