/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "queueid.h"

/* The words in front of the name, or behind it; the first habit that fits wins.  Where nothing is
 * in front, the name is the word before `after`; where nothing is behind, it may be followed by
 * anything, or with `last` by nothing. */
static const struct {
	const char *before, *after;
	int last;
} habits[] = {
	{"queued as ", "", 0}, /* Postfix, smtp-server, and many services */
	{"id=", "", 0}, /* Exim */
	{"Message Queued (", ")", 0}, /* Haraka */
	{"[InternalId=", "", 0}, /* Exchange */
	{"", " Message accepted for delivery", 0}, /* sendmail, OpenSMTPD */
	{"", " - gsmtp", 0}, /* Gmail */
	{"", " Saved", 1}, /* Dovecot */
	{"Ok ", "", 1}, /* Amazon SES */
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

	while (start && start > text && start[-1] != ' ') /* in the middle of a word */
		start = strstr(start + 1, before);
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

		if (at && looks_like_name(at, *n) &&
		    (!habits[i].last || !at[*n + strlen(habits[i].after)]))
			return at;
	}
	return NULL;
}
