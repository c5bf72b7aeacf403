/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "postern.h"

int ptn_text_is_digit(int c)
{
	return c >= '0' && c <= '9';
}

int ptn_text_is_alpha(int c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

int ptn_text_is_control(int c)
{
	return (c >= 0 && c < 0x20) || c == 0x7F;
}

int ptn_text_lower(int c)
{
	return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

int ptn_text_same(const char *a, size_t na, const char *b, size_t nb)
{
	if (na != nb)
		return 0;
	for (size_t i = 0; i < na; i++)
		if (ptn_text_lower((unsigned char)a[i]) != ptn_text_lower((unsigned char)b[i]))
			return 0;
	return 1;
}

int ptn_text_equal(const char *a, const char *b)
{
	return ptn_text_same(a, strlen(a), b, strlen(b));
}

int ptn_text_has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (ptn_text_is_control((unsigned char)s[i]))
			return 1;
	return 0;
}

int ptn_text_has_8bit(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)s[i] >= 0x80)
			return 1;
	return 0;
}

/* How many octets the UTF-8 character at s takes, 0 if it is none (RFC 3629 4). */
static size_t utf8_length(const unsigned char *s, size_t n)
{
	unsigned char low = 0x80, high = 0xBF;
	size_t len;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return 0;
	len = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	if (n < len)
		return 0;
	if (s[0] == 0xE0)
		low = 0xA0;
	else if (s[0] == 0xED)
		high = 0x9F;
	else if (s[0] == 0xF0)
		low = 0x90;
	else if (s[0] == 0xF4)
		high = 0x8F;
	if (s[1] < low || s[1] > high)
		return 0;
	for (size_t i = 2; i < len; i++)
		if (s[i] < 0x80 || s[i] > 0xBF)
			return 0;
	return len;
}

int ptn_text_is_utf8(const char *s, size_t n)
{
	while (n) {
		size_t len = utf8_length((const unsigned char *)s, n);

		if (!len)
			return 0;
		s += len;
		n -= len;
	}
	return 1;
}

int ptn_text_number(const char *s, size_t n, unsigned long long max, unsigned long long *out)
{
	unsigned long long v = 0;

	if (!n)
		return -1;
	for (size_t i = 0; i < n; i++) {
		unsigned digit = (unsigned)(unsigned char)s[i] - '0';

		if (digit > 9 || digit > max || v > (max - digit) / 10)
			return -1;
		v = v * 10 + digit;
	}
	*out = v;
	return 0;
}

size_t ptn_text_digits(char out[PTN_TEXT_DIGITS], unsigned long long v)
{
	char digits[PTN_TEXT_DIGITS];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v);
	memcpy(out, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at;
}

int ptn_text_decimal(struct ptn_buf *b, unsigned long long v)
{
	char digits[PTN_TEXT_DIGITS];

	return ptn_buf_add(b, digits, ptn_text_digits(digits, v));
}

int ptn_text_hex(int c)
{
	if (ptn_text_is_digit(c))
		return c - '0';
	c = ptn_text_lower(c);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int ptn_text_escape(struct ptn_buf *b, const char *s, size_t n, size_t max)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t start = ptn_buf_len(b), safe = start; /* up to safe there is room for "..." */

	while (n) {
		size_t len = utf8_length((const unsigned char *)s, n);
		unsigned char c = (unsigned char)*s;
		/* C1 controls (U+0080 to U+009F) move terminals as C0 ones do. */
		int show = len && !ptn_text_is_control(c) &&
			   !(len == 2 && c == 0xC2 && (unsigned char)s[1] < 0xA0);
		char code[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};
		size_t width = show ? len : 4;

		if (ptn_buf_len(b) - start + width > max) {
			ptn_buf_cut(b, safe);
			return ptn_buf_add(b, "...", max < 3 ? max : 3);
		}
		if (ptn_buf_add(b, show ? s : code, width))
			return POSTERN_E_NOMEM;
		if (ptn_buf_len(b) - start + 3 <= max)
			safe = ptn_buf_len(b);
		s += show ? len : 1;
		n -= show ? len : 1;
	}
	return 0;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

int ptn_text_base64(struct ptn_buf *b, const void *p, size_t n)
{
	const unsigned char *s = p;
	char *to;

	if (!n)
		return 0;
	if (n > (size_t)-1 / 2)
		return POSTERN_E_NOMEM;
	to = ptn_buf_room(b, (n + 2) / 3 * 4);
	if (!to)
		return POSTERN_E_NOMEM;
	for (size_t i = 0; i < n; i += 3, to += 4) {
		unsigned v = (unsigned)s[i] << 16;

		if (i + 1 < n)
			v |= (unsigned)s[i + 1] << 8;
		if (i + 2 < n)
			v |= s[i + 2];
		to[0] = alphabet[v >> 18];
		to[1] = alphabet[v >> 12 & 63];
		to[2] = i + 1 < n ? alphabet[v >> 6 & 63] : '=';
		to[3] = i + 2 < n ? alphabet[v & 63] : '=';
	}
	ptn_buf_filled(b, (n + 2) / 3 * 4);
	return 0;
}

int ptn_text_base64_value(char c)
{
	static const unsigned char values[256] = {
		['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
		['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
		['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
		['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
		['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
		['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
		['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
		['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
		['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63,
		['/'] = 64};

	return values[(unsigned char)c] - 1;
}

int ptn_text_unbase64(struct ptn_buf *b, const char *s, size_t n)
{
	size_t before = ptn_buf_len(b);

	if (n % 4)
		return POSTERN_E_PROTOCOL;
	for (size_t i = 0; i < n; i += 4) {
		int last = i + 4 == n;
		int pad = last ? (s[i + 3] == '=') + (s[i + 3] == '=' && s[i + 2] == '=') : 0;
		unsigned v = 0;
		unsigned char out[3];

		for (int k = 0; k < 4; k++) {
			int d = k < 4 - pad ? ptn_text_base64_value(s[i + (size_t)k]) : 0;

			if (d < 0)
				goto bad;
			v = v << 6 | (unsigned)d;
		}
		/* Bits behind the last octet must be zero, else two texts would mean the same. */
		if ((pad == 1 && v & 0xFF) || (pad == 2 && v & 0xFFFF))
			goto bad;
		out[0] = (unsigned char)(v >> 16);
		out[1] = (unsigned char)(v >> 8);
		out[2] = (unsigned char)v;
		if (ptn_buf_add(b, out, (size_t)(3 - pad))) {
			ptn_buf_cut(b, before);
			return POSTERN_E_NOMEM;
		}
	}
	return 0;
bad:
	ptn_buf_cut(b, before);
	return POSTERN_E_PROTOCOL;
}

int ptn_text_xtext(struct ptn_buf *b, const char *s, size_t n)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t before = ptn_buf_len(b);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		char code[3] = {'+', hex[c >> 4], hex[c & 15]};
		int plain = c > ' ' && c < 0x7F && c != '+' && c != '=';

		if (ptn_buf_add(b, plain ? s + i : code, plain ? 1 : 3)) {
			ptn_buf_cut(b, before);
			return POSTERN_E_NOMEM;
		}
	}
	return 0;
}

int ptn_text_is_moment(const char *s, size_t n)
{
	static const char form[] = "0000-00-00T00:00:00";

	for (size_t i = 0; i < sizeof(form) - 1; i++)
		if (i >= n ||
		    (form[i] == '0' ? !ptn_text_is_digit((unsigned char)s[i]) : s[i] != form[i]))
			return 0;
	return n == sizeof(form) - 1;
}

static int separates(int c)
{
	return c == ' ' || c == '\t' || c == ',';
}

const char *ptn_text_word(const char **at, size_t *n)
{
	const char *start = *at, *end;

	while (separates(*start))
		start++;
	for (end = start; *end && !separates(*end);)
		end++;
	*at = end;
	*n = (size_t)(end - start);
	return *n ? start : NULL;
}

int ptn_text_distance(const char *a, const char *b)
{
	enum { MOST = 32 };
	size_t na = strlen(a), nb = strlen(b);
	int row[MOST + 1];

	if (na > MOST || nb > MOST)
		return 9;
	for (size_t j = 0; j <= nb; j++)
		row[j] = (int)j;
	for (size_t i = 1; i <= na; i++) {
		int corner = row[0];

		row[0] = (int)i;
		for (size_t j = 1; j <= nb; j++) {
			int best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (row[j] + 1 < best)
				best = row[j] + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[nb] < 9 ? row[nb] : 9;
}
