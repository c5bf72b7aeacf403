/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE /* getentropy */
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/text.h"
#include "header.h"
#include "postern.h"

/* The length of a field's name if a field starts here (RFC 5322 2.2), 0 if not. */
static size_t field_name(const char *s, size_t n)
{
	size_t i = 0, blank;

	while (i < n && (unsigned char)(s[i] - '!') < 0x7F - '!' && s[i] != ':')
		i++;
	for (blank = i; blank < n && (s[blank] == ' ' || s[blank] == '\t');)
		blank++;
	return blank < n && s[blank] == ':' ? i : 0;
}

static int is_name(const char *s, size_t n, const char *name, size_t len)
{
	return n == len && (*s | 0x20) == (*name | 0x20) && ptn_text_same(s, n, name, len);
}

static void find_message_id(struct ptn_header *h, const char *s, size_t n)
{
	const char *open = memchr(s, '<', n);
	const char *close = open ? memchr(open, '>', n - (size_t)(open - s)) : NULL;

	if (!close || memchr(open, '\n', (size_t)(close - open)))
		return;
	h->message_id = open;
	h->message_id_len = (size_t)(close + 1 - open);
}

/* The octets of the line at s with its LF. */
static size_t line_length(const char *s, size_t n)
{
	const char *lf = memchr(s, '\n', n);

	return lf ? (size_t)(lf + 1 - s) : n;
}

void ptn_header_read(struct ptn_header *h, const char *text, size_t n)
{
	memset(h, 0, sizeof(*h));
	while (n && *text != '\n' && *text != '\r') {
		size_t name = field_name(text, n), len = line_length(text, n);

		while (len < n && (text[len] == ' ' || text[len] == '\t'))
			len += line_length(text + len, n - len);
		if (!name)
			return;
		h->is_header = 1;
		if (is_name(text, name, "Date", 4))
			h->has_date = 1;
		if (is_name(text, name, "Message-ID", 10)) {
			h->has_message_id = 1;
			find_message_id(h, text, len);
		}
		text += len;
		n -= len;
	}
}

static int put_digits(struct ptn_buf *out, long long v, int width)
{
	char digits[20];

	for (int i = width; i--; v /= 10)
		digits[i] = (char)('0' + v % 10);
	return ptn_buf_add(out, digits, (size_t)width);
}

/* The civil date of a count of days since 1970-01-01, by the 400-year cycle counted from 1 March.
 */
static void civil(long long days, long long *year, int *month, int *day)
{
	long long shifted = days + 719468;
	long long era = shifted / 146097, of_era = shifted % 146097;
	long long yoe = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	long long doy = of_era - (365 * yoe + yoe / 4 - yoe / 100);
	long long mp = (5 * doy + 2) / 153;

	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = yoe + era * 400 + (*month <= 2);
}

int ptn_header_date(struct ptn_buf *out, long long seconds)
{
	static const char week[] = "ThuFriSatSunMonTueWed";
	static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
	long long days, rest, year;
	int month, day, err;

	if (seconds < 0)
		seconds = 0;
	days = seconds / 86400;
	rest = seconds % 86400;
	civil(days, &year, &month, &day);
	err = ptn_buf_add(out, week + days % 7 * 3, 3);
	err = err ? err : ptn_buf_puts(out, ", ");
	err = err ? err : put_digits(out, day, 2);
	err = err ? err : ptn_buf_puts(out, " ");
	err = err ? err : ptn_buf_add(out, months + (month - 1) * 3, 3);
	err = err ? err : ptn_buf_puts(out, " ");
	err = err ? err : put_digits(out, year, 4);
	err = err ? err : ptn_buf_puts(out, " ");
	err = err ? err : put_digits(out, rest / 3600, 2);
	err = err ? err : ptn_buf_puts(out, ":");
	err = err ? err : put_digits(out, rest / 60 % 60, 2);
	err = err ? err : ptn_buf_puts(out, ":");
	err = err ? err : put_digits(out, rest % 60, 2);
	return err ? err : ptn_buf_puts(out, " +0000");
}

/* Letters, digits and hyphens between single dots: good behind the "@" of a msg-id. */
static int is_domain(const char *s)
{
	char before = '.';

	for (; *s; before = *s++)
		if (!ptn_text_is_digit((unsigned char)*s) &&
		    !ptn_text_is_alpha((unsigned char)*s) && *s != '-' &&
		    (*s != '.' || before == '.'))
			return 0;
	return before != '.';
}

int ptn_header_message_id(struct ptn_buf *out, const char *address, const char *host)
{
	static const char hex[] = "0123456789abcdef";
	const char *at = strrchr(address, '@');
	unsigned char random[16];
	char text[2 * sizeof(random)];
	int err;

	if (getentropy(random, sizeof(random)))
		return POSTERN_E_SYSTEM;
	for (size_t i = 0; i < sizeof(random); i++) {
		text[2 * i] = hex[random[i] >> 4];
		text[2 * i + 1] = hex[random[i] & 15];
	}
	err = ptn_buf_puts(out, "<");
	err = err ? err : ptn_buf_add(out, text, sizeof(text));
	err = err ? err : ptn_buf_puts(out, "@");
	if (!err && at && is_domain(at + 1))
		err = ptn_buf_puts(out, at + 1);
	else if (!err)
		err = ptn_buf_puts(out, is_domain(host) ? host : "postern.invalid");
	return err ? err : ptn_buf_puts(out, ">");
}
