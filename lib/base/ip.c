/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/ip.h"
#include "base/text.h"

static size_t parse_ip4(const char *s, size_t n, unsigned char out[4])
{
	for (int part = 0; part < 4; part++) {
		const char *dot = part < 3 ? memchr(s, '.', n) : s + n;
		size_t len = dot ? (size_t)(dot - s) : 0;
		unsigned long long v;

		if (!len || (len > 1 && *s == '0') || ptn_text_number(s, len, 255, &v))
			return 0;
		out[part] = (unsigned char)v;
		if (part < 3) {
			s += len + 1;
			n -= len + 1;
		}
	}
	return 4;
}

/* One group of up to four hexadecimal digits: how many there are; 0 is none, 5 too many. */
static size_t parse_group(const char *s, size_t n, unsigned char out[2])
{
	unsigned v = 0;
	size_t len = 0;

	while (len < n && len < 5 && ptn_text_hex((unsigned char)s[len]) >= 0)
		v = v << 4 | (unsigned)ptn_text_hex((unsigned char)s[len++]);
	out[0] = (unsigned char)(v >> 8);
	out[1] = (unsigned char)v;
	return len;
}

/* Open the "::" at gap so that the whole is 16 octets: it stands for one group or more. */
static size_t spread(unsigned char out[16], size_t have, size_t gap)
{
	if (gap > have)
		return have == 16 ? 16 : 0;
	if (have > 14)
		return 0;
	memmove(out + 16 - (have - gap), out + gap, have - gap);
	memset(out + gap, 0, 16 - have);
	return 16;
}

/* RFC 4291 2.2 */
static size_t parse_ip6(const char *s, size_t n, unsigned char out[16])
{
	enum { NO_GAP = 17 };
	size_t have = 0, gap = NO_GAP;

	if (n >= 2 && s[0] == ':' && s[1] == ':') {
		gap = 0;
		s += 2;
		n -= 2;
	}
	while (n) {
		unsigned char group[2];
		size_t len = parse_group(s, n, group);

		if (len && len < n && s[len] == '.')
			return have <= 12 && parse_ip4(s, n, out + have)
				       ? spread(out, have + 4, gap)
				       : 0;
		if (!len || len > 4 || have == 16)
			return 0;
		memcpy(out + have, group, 2);
		have += 2;
		s += len;
		n -= len;
		if (!n)
			break;
		if (n < 2 || *s != ':')
			return 0;
		s++;
		n--;
		if (*s == ':') {
			if (gap != NO_GAP)
				return 0;
			gap = have;
			s++;
			n--;
		}
	}
	return spread(out, have, gap);
}

size_t ptn_ip_parse(const char *s, size_t n, unsigned char out[16])
{
	memset(out, 0, 16);
	return memchr(s, ':', n) ? parse_ip6(s, n, out) : parse_ip4(s, n, out);
}

int ptn_ip_ends_in_number(const char *s, size_t n)
{
	size_t at = n, digits = 0;
	int hex;

	while (at && s[at - 1] != '.')
		at--;
	hex = n - at >= 2 && s[at] == '0' && ptn_text_lower((unsigned char)s[at + 1]) == 'x';
	if (hex)
		at += 2;
	for (size_t i = at; i < n; i++)
		digits += (size_t)(hex ? ptn_text_hex((unsigned char)s[i]) >= 0
				       : ptn_text_is_digit((unsigned char)s[i]));
	return digits == n - at && (digits || hex);
}
