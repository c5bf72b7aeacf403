/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The shortest honest program: send SERVER, or with POSTERN_URL in the environment.
 */
#include <stdio.h>
#include <stdlib.h>

#include <postern.h>

static const char message[] = "From: Ann <ann@example.org>\n"
			      "To: Bob <bob@example.org>\n"
			      "Subject: Hello\n"
			      "\n"
			      "Hello Bob!\n";

int main(int argc, char **argv)
{
	postern *p = postern_new(argc > 1 ? argv[1] : getenv("POSTERN_URL"));
	postern_mail *m = postern_mail_new("ann@example.org");
	int rc;

	postern_mail_add_recipient(m, "bob@example.org");
	postern_mail_set_text(m, message, sizeof message - 1);
	rc = postern_send(p, m);
	if (rc == 0)
		printf("accepted as %s\n", postern_mail_queue_id(m));
	else
		fprintf(stderr, "%s: %s\n%s\n", postern_outcome_name(postern_mail_outcome(m)),
			postern_mail_error(m), postern_mail_advice(m));
	postern_quit(p);
	postern_mail_free(m);
	postern_free(p);
	return rc != 0;
}
