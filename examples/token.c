/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sign in with an OAuth 2.0 token that a command prints, as password managers and token helpers do:
 * token SERVER USER COMMAND.  The server's URL has no user or password.
 */
#include <stdio.h>

#include <postern.h>

static const char message[] = "From: Ann <ann@example.org>\n"
			      "To: Bob <bob@example.org>\n"
			      "Subject: Hello\n"
			      "\n"
			      "Hello Bob!\n";

/* Called when the server is ready for the token, and once more if it refuses that: refusal is then
 * what it said, and the command has to give a fresh one. */
static ptrdiff_t get_token(void *arg, const char *refusal, char *buf, size_t cap)
{
	FILE *f = popen(arg, "r");
	size_t n = 0;
	int status;

	if (refusal)
		fprintf(stderr, "the token was refused (%s): asking for another one\n", refusal);
	if (!f)
		return -1;
	setvbuf(f, NULL, _IONBF, 0); /* no copy is left in a buffer that nobody wipes */
	n = fread(buf, 1, cap, f);
	status = pclose(f);
	for (size_t i = 0; i < n; i++)
		if (buf[i] == '\n' || buf[i] == '\r')
			n = i; /* its first line */
	return status == 0 && n > 0 && n < cap ? (ptrdiff_t)n : -1;
}

int main(int argc, char **argv)
{
	postern_mail *m;
	postern *p;
	int rc;

	if (argc != 4) {
		fputs("usage: token SERVER USER COMMAND\n", stderr);
		return 64;
	}
	p = postern_new(argv[1]);
	m = postern_mail_new("ann@example.org");
	postern_set_token(p, argv[2], get_token, argv[3]);
	postern_mail_add_recipient(m, "bob@example.org");
	postern_mail_set_text(m, message, sizeof message - 1);
	rc = postern_send(p, m);
	if (rc == 0)
		printf("accepted as %s, signed in by %s\n", postern_mail_queue_id(m),
		       postern_route_mechanism(p));
	else
		fprintf(stderr, "%s: %s\n%s\n", postern_outcome_name(postern_mail_outcome(m)),
			postern_mail_error(m), postern_mail_advice(m));
	postern_quit(p);
	postern_mail_free(m);
	postern_free(p);
	return rc != 0;
}
