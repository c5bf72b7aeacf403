/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libcurl: one easy handle, which keeps its connection with "warm".
 */
#include <curl/curl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "job.h"

static struct job job;

static size_t give(char *buf, size_t size, size_t n, void *at)
{
	return job_take(&job, at, buf, size * n);
}

static CURL *prepare(struct curl_slist **to)
{
	CURL *c = curl_easy_init();
	char text[128];

	*to = NULL;
	for (int i = 0; i < job.recipients; i++)
		*to = curl_slist_append(*to, job_recipient(i));
	snprintf(text, sizeof(text), "%s://%s:%d/client.example",
		 strcmp(job.mode, "implicit") == 0 ? "smtps" : "smtp", JOB_HOST, job.port);
	curl_easy_setopt(c, CURLOPT_URL, text);
	if (job_tls(&job)) {
		curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
		curl_easy_setopt(c, CURLOPT_CAINFO, job.ca);
		curl_easy_setopt(c, CURLOPT_CAPATH, NULL); /* not the system's as well */
		curl_easy_setopt(c, CURLOPT_USERNAME, JOB_USER);
		curl_easy_setopt(c, CURLOPT_PASSWORD, JOB_PASSWORD);
		curl_easy_setopt(c, CURLOPT_SASL_IR, 1L);
	}
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, JOB_FROM);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, *to);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(c, CURLOPT_INFILESIZE_LARGE, (curl_off_t)job.size);
	if (job_is(&job, "fresh"))
		curl_easy_setopt(c, CURLOPT_FORBID_REUSE, 1L);
	return c;
}

static int send_all(CURL *c, long count)
{
	for (long i = 0; i < count; i++) {
		size_t at = 0;
		CURLcode err;

		curl_easy_setopt(c, CURLOPT_READDATA, &at);
		err = curl_easy_perform(c);
		if (err) {
			fprintf(stderr, "%s\n", curl_easy_strerror(err));
			return 1;
		}
	}
	return 0;
}

static int be_idle(void)
{
	struct curl_slist *to;
	long before = job_memory("VmRSS:");
	int failed = 0;

	for (long i = 0; i < job.count; i++)
		failed |= send_all(prepare(&to), 1);
	printf("session %ld\n", (job_memory("VmRSS:") - before) * 1024 / job.count);
	fflush(stdout);
	_exit(failed);
}

int main(int argc, char **argv)
{
	struct curl_slist *to;
	int failed;
	CURL *c;

	job_read_arguments(&job, argc, argv);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	if (job_is(&job, "idle"))
		return be_idle();
	c = prepare(&to);
	failed = send_all(c, job.count);
	curl_slist_free_all(to);
	curl_easy_cleanup(c);
	curl_global_cleanup();
	return failed;
}
