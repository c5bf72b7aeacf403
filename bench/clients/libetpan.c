/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libetpan: its STARTTLS verifies nothing.  The content must be in memory.
 */
#include <libetpan/libetpan.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "job.h"

static struct job job;

static int greet(mailsmtp *s)
{
	int err;

	if (strcmp(job.mode, "implicit") == 0)
		err = mailsmtp_ssl_connect(s, JOB_HOST, (uint16_t)job.port);
	else
		err = mailsmtp_socket_connect(s, JOB_HOST, (uint16_t)job.port);
	if (!err)
		err = mailesmtp_ehlo(s);
	if (!err && strcmp(job.mode, "starttls") == 0) {
		err = mailsmtp_socket_starttls(s);
		if (!err)
			err = mailesmtp_ehlo(s);
	}
	if (!err && job_tls(&job))
		err = mailesmtp_auth_sasl(s, "PLAIN", JOB_HOST, NULL, NULL, JOB_USER, JOB_USER,
					  JOB_PASSWORD, NULL);
	return err;
}

static int send_one(mailsmtp *s, const char *text)
{
	clist *to = smtp_address_list_new();
	char address[64]; /* it wants one that it could change */
	int err = 0;

	for (int i = 0; i < job.recipients && !err; i++) {
		memcpy(address, job_recipient(i), strlen(job_recipient(i)) + 1);
		err = smtp_address_list_add(to, address);
	}
	if (!err)
		err = mailsmtp_send(s, JOB_FROM, to, text, job.size);
	smtp_address_list_free(to);
	return err;
}

static int be_idle(const char *text)
{
	long before = job_memory("VmRSS:");
	int failed = 0;

	for (long i = 0; i < job.count; i++) {
		mailsmtp *s = mailsmtp_new(0, NULL);

		failed |= greet(s) || send_one(s, text);
	}
	printf("session %ld\n", (job_memory("VmRSS:") - before) * 1024 / job.count);
	fflush(stdout);
	_exit(failed);
}

int main(int argc, char **argv)
{
	mailsmtp *s = NULL;
	const char *text;
	int err = 0;

	job_read_arguments(&job, argc, argv);
	text = job_whole(&job);
	if (job_is(&job, "idle"))
		return be_idle(text);
	for (long i = 0; i < job.count && !err; i++) {
		if (!s) {
			s = mailsmtp_new(0, NULL);
			err = greet(s);
		}
		if (!err)
			err = send_one(s, text);
		if (err) {
			fprintf(stderr, "%s\n", mailsmtp_strerror(err));
		} else if (job_is(&job, "fresh") || i + 1 == job.count) {
			mailsmtp_quit(s);
			mailsmtp_free(s);
			s = NULL;
		}
	}
	return err != 0;
}
