/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "json.h"

#include <string.h>

static void comma(struct json *j)
{
	if (j->behind)
		str_puts(j->out, ", ");
	j->behind = 1;
}

/* A quote, a backslash or a control (RFC 8259 7); DEL too, for the terminal's sake. */
static void escape(struct str *out, char c)
{
	static const char plain[] = "\"\\\b\f\n\r\t", letter[] = "\"\\bfnrt";
	const char *at = memchr(plain, c, sizeof plain - 1);

	if (at)
		str_printf(out, "\\%c", letter[at - plain]);
	else
		str_printf(out, "\\u%04x", (unsigned char)c);
}

static void quote(struct str *out, const char *s)
{
	size_t n = strlen(s);

	str_puts(out, "\"");
	while (n) {
		size_t len = utf8_length(s, n);

		if (!len)
			str_puts(out, "\xEF\xBF\xBD"); /* U+FFFD for what is not UTF-8 */
		else if (len == 1 && ((unsigned char)*s < 0x20 || strchr("\"\\\x7F", *s)))
			escape(out, *s);
		else
			str_add(out, s, len);
		s += len ? len : 1;
		n -= len ? len : 1;
	}
	str_puts(out, "\"");
}

void json_open(struct json *j, char bracket)
{
	comma(j);
	str_add(j->out, &bracket, 1);
	j->behind = 0;
}

void json_close(struct json *j, char bracket)
{
	str_add(j->out, &bracket, 1);
	j->behind = 1;
}

void json_key(struct json *j, const char *key)
{
	comma(j);
	quote(j->out, key);
	str_puts(j->out, ": ");
	j->behind = 0;
}

void json_string(struct json *j, const char *s)
{
	comma(j);
	quote(j->out, s);
}

void json_string_or_null(struct json *j, const char *s)
{
	if (s && *s)
		json_string(j, s);
	else
		json_null(j);
}

void json_number(struct json *j, long long n)
{
	comma(j);
	str_printf(j->out, "%lld", n);
}

void json_null(struct json *j)
{
	comma(j);
	str_puts(j->out, "null");
}
