/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libESMTP: all mails of one session with "warm", a session for each with "fresh".  It has no
 * implicit TLS, hangs with STARTTLS and TLS 1.3, and crashes at the second session in a process
 * unless it is given a new SSL_CTX for each.
 */
#include <stdio.h>
#include <stdlib.h>

#include <openssl/ssl.h>

#include <auth-client.h>
#include <libesmtp.h>

#include "job.h"

enum { PIECE = 64 * 1024 };

static struct job job;
static size_t at;

static int interact(auth_client_request_t request, char **result, int fields, void *arg)
{
	static char user[] = JOB_USER, password[] = JOB_PASSWORD;

	(void)arg;
	for (int i = 0; i < fields; i++)
		result[i] = request[i].flags & AUTH_PASS ? password : user;
	return 1;
}

/* len NULL: from the start. */
static const char *give(void **buf, int *len, void *arg)
{
	(void)arg;
	if (!*buf)
		*buf = malloc(PIECE);
	if (!len) {
		at = 0;
		return NULL;
	}
	*len = (int)job_take(&job, &at, *buf, PIECE);
	return *buf;
}

static SSL_CTX *tls(void)
{
	SSL_CTX *c = SSL_CTX_new(TLS_client_method());

	SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
	SSL_CTX_load_verify_locations(c, job.ca, NULL);
	SSL_CTX_set_verify(c, SSL_VERIFY_PEER, NULL);
	return c;
}

static smtp_session_t session(long count, auth_context_t login)
{
	smtp_session_t s = smtp_create_session();
	char text[128];

	snprintf(text, sizeof(text), "%s:%d", JOB_HOST, job.port);
	smtp_set_server(s, text);
	smtp_set_hostname(s, "client.example");
	if (job_tls(&job)) {
		smtp_starttls_enable(s, Starttls_REQUIRED);
		smtp_starttls_set_ctx(s, tls());
		smtp_auth_set_context(s, login);
	}
	for (long i = 0; i < count; i++) {
		smtp_message_t m = smtp_add_message(s);

		smtp_set_reverse_path(m, JOB_FROM);
		for (int k = 0; k < job.recipients; k++)
			smtp_add_recipient(m, job_recipient(k));
		if (job.text)
			smtp_set_message_str(m, job.text);
		else
			smtp_set_messagecb(m, give, NULL);
	}
	return s;
}

static void check(smtp_message_t m, void *failed)
{
	if (smtp_message_transfer_status(m)->code / 100 != 2)
		*(int *)failed = 1;
}

static int converse(long count)
{
	auth_context_t login = auth_create_context();
	smtp_session_t s = session(count, login);
	int failed;
	char why[256];

	auth_set_mechanism_flags(login, AUTH_PLUGIN_PLAIN, 0);
	auth_set_interact_cb(login, interact, NULL);
	failed = !smtp_start_session(s);
	if (failed)
		fprintf(stderr, "%s\n", smtp_strerror(smtp_errno(), why, sizeof(why)));
	else
		smtp_enumerate_messages(s, check, &failed);
	smtp_destroy_session(s);
	auth_destroy_context(login);
	return failed;
}

int main(int argc, char **argv)
{
	int fresh, failed = 0;

	job_read_arguments(&job, argc, argv);
	fresh = job_is(&job, "fresh");
	if (job.text)
		job.text[job.len] = '\0';
	auth_client_init();
	for (long i = 0; i < (fresh ? job.count : 1) && !failed; i++)
		failed = converse(fresh ? 1 : job.count);
	auth_client_exit();
	return failed;
}
