/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libcurl: the certificate is verified against CAFILE.
 */
#include <curl/curl.h>
#include <string.h>

#include "peer.h"

static size_t give(char *buf, size_t size, size_t n, void *arg)
{
	const char **text = arg;
	size_t len = strlen(*text);

	if (len > size * n)
		len = size * n;
	memcpy(buf, *text, len);
	*text += len;
	return len;
}

static int send_one(const char *host, const char *ca)
{
	CURL *c = curl_easy_init();
	struct curl_slist *to = curl_slist_append(NULL, PEER_TO);
	const char *text = PEER_TEXT;
	char url[512];
	double began;
	CURLcode err;

	snprintf(url, sizeof(url), "smtp://%s:%d", host, PEER_PORT);
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	curl_easy_setopt(c, CURLOPT_CAINFO, ca);
	curl_easy_setopt(c, CURLOPT_USERNAME, PEER_USER);
	curl_easy_setopt(c, CURLOPT_PASSWORD, PEER_PASSWORD);
	curl_easy_setopt(c, CURLOPT_SASL_IR, 1L);
	curl_easy_setopt(c, CURLOPT_MAIL_FROM, PEER_FROM);
	curl_easy_setopt(c, CURLOPT_MAIL_RCPT, to);
	curl_easy_setopt(c, CURLOPT_READFUNCTION, give);
	curl_easy_setopt(c, CURLOPT_READDATA, &text);
	curl_easy_setopt(c, CURLOPT_UPLOAD, 1L);
	began = peer_now();
	err = curl_easy_perform(c);
	peer_tell(began, err == CURLE_OK, curl_easy_strerror(err));
	curl_easy_cleanup(c);
	curl_slist_free_all(to);
	return err != CURLE_OK;
}

int main(int argc, char **argv)
{
	int count = peer_count(argc, argv), failed = 0;

	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (int i = 0; i < count; i++)
		failed |= send_one(argv[1], argv[2]);
	curl_global_cleanup();
	return failed;
}
