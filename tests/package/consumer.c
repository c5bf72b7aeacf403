/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A program outside the tree: it links with the library as it was installed, and fails if the
 * header and the library are not of one version, or if a mail to a closed port gets anywhere. */
#include <postern.h>
#include <stdio.h>
#include <string.h>

int main(void)
{
	/* Port 1 (tcpmux) on loopback: nothing listens there. */
	postern *p = postern_new("smtp://127.0.0.1:1");
	postern_mail *m = postern_mail_new("a@example.org");
	int code, outcome;

	postern_mail_add_recipient(m, "b@example.org");
	postern_mail_set_text(m, "Subject: x\n\nx\n", 14);
	code = postern_send(p, m);
	outcome = postern_mail_outcome(m);
	printf("postern %s: %s, %s\n", postern_version(), postern_outcome_name(outcome),
	       postern_mail_error(m));
	postern_mail_free(m);
	postern_free(p);
	return strcmp(postern_version(), POSTERN_VERSION) != 0 || code != POSTERN_E_CONNECT ||
	       outcome != POSTERN_TRANSIENT;
}
