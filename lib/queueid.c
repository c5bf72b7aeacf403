/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "queueid.h"

/* The words in front of the name, or behind it; the first habit that fits wins. */
static const struct {
	const char *before, *after;
} habits[] = {
	{"queued as ", ""}, /* Postfix, smtp-server, Dovecot */
	{"id=", ""}, /* Exim */
	{"Message Queued (", ")"}, /* Haraka */
	{"Message queued as ", ""}, /* smtp-server */
	{"[InternalId=", "]"}, /* Exchange */
	{"", " Message accepted for delivery"}, /* sendmail, OpenSMTPD */
	{"Ok ", ""}, /* Amazon SES */
	{"OK id: ", ""},
};

static size_t name_length(const char *s)
{
	size_t n = 0;

	while (ptn_text_is_alpha((unsigned char)s[n]) || ptn_text_is_digit((unsigned char)s[n]) ||
	       (s[n] && strchr("-_.@+=/", s[n])))
		n++;
	while (n && s[n - 1] == '.')
		n--;
	return n;
}

/* A name has a digit, else "Ok queued" would have one. */
static int looks_like_name(const char *s, size_t n)
{
	int digits = 0;

	for (size_t i = 0; i < n; i++)
		digits += ptn_text_is_digit((unsigned char)s[i]);
	return n >= 4 && n <= 128 && digits;
}

static const char *find_before(const char *text, const char *after, size_t *n)
{
	const char *end = strstr(text, after), *start = end;

	if (!end)
		return NULL;
	while (start > text && start[-1] != ' ')
		start--;
	*n = (size_t)(end - start);
	return name_length(start) == *n ? start : NULL;
}

static const char *find_behind(const char *text, const char *before, const char *after, size_t *n)
{
	const char *start = strstr(text, before);

	if (!start)
		return NULL;
	start += strlen(before);
	*n = name_length(start);
	return strncmp(start + *n, after, strlen(after)) ? NULL : start;
}

const char *ptn_queueid_find(const char *text, size_t *n)
{
	for (size_t i = 0; i < sizeof(habits) / sizeof(*habits); i++) {
		const char *at = *habits[i].before
					 ? find_behind(text, habits[i].before, habits[i].after, n)
					 : find_before(text, habits[i].after, n);

		if (at && looks_like_name(at, *n))
			return at;
	}
	return NULL;
}
