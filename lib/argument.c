/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/text.h"
#include "argument.h"
#include "url.h"

enum {
	MOST_LABEL = 63, /* RFC 1035 2.3.4 */
	MOST_HOST = 253, /* as text, without the last dot */
	MOST_DOMAIN = 255, /* RFC 5321 4.5.3.1.2 */
	MOST_LOCAL_PART = 64, /* RFC 5321 4.5.3.1.1 */
	MOST_MAILBOX = 254, /* RFC 5321 4.5.3.1.3: 256 with "<" and ">" */
	MOST_CREDENTIAL = 4096
};

/* ---- Sentences ---------------------------------------------------------------------------- */

int ptn_check_refuse(char *why, size_t size, const char *format, ...)
{
	va_list args;

	if (!why || !size)
		return -1;
	va_start(args, format);
	(void)vsnprintf(why, size, format, args);
	va_end(args);
	return -1;
}

struct ptn_shown ptn_check_shown(const char *s, size_t n)
{
	struct ptn_shown shown = {""};
	struct ptn_buf b = {0};

	/* Without memory nothing is shown: the rule alone says enough. */
	(void)ptn_text_escape(&b, s, n, sizeof shown.text - 1);
	memcpy(shown.text, ptn_buf_data(&b), ptn_buf_len(&b));
	ptn_buf_free(&b);
	return shown;
}

/* ---- Characters, names and addresses ------------------------------------------------------ */

int ptn_check_has_unprintable(const char *s, size_t n)
{
	const unsigned char *at = (const unsigned char *)s;

	for (size_t i = 0; i < n; i++) {
		if (ptn_text_is_control(at[i]))
			return 1;
		if (at[i] == 0xC2 && i + 1 < n && at[i + 1] < 0xA0)
			return 1;
		/* U+2028 and U+2029 end a line for some who read it. */
		if (at[i] == 0xE2 && i + 2 < n && at[i + 1] == 0x80 && (at[i + 2] & 0xFE) == 0xA8)
			return 1;
	}
	return 0;
}

int ptn_check_is_ipv4(const char *s, size_t n)
{
	unsigned char address[16];

	return ptn_ip_parse(s, n, address) == 4;
}

int ptn_check_is_ipv6(const char *s, size_t n)
{
	unsigned char address[16];

	return ptn_ip_parse(s, n, address) == 16;
}

enum { UNDERSCORES = 1, UTF8 = 2 }; /* what else a label may hold */

static const char *label_rule(const char *s, size_t n, unsigned allow)
{
	if (!n)
		return "a label between its dots is empty";
	if (n > MOST_LABEL)
		return "a label between its dots is longer than 63 octets";
	if (s[0] == '-' || s[n - 1] == '-')
		return "a label between its dots begins or ends with a hyphen";
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c >= 0x80 && !(allow & UTF8))
			return "a name beyond ASCII is written in its xn-- form";
		if (c < 0x80 && !ptn_text_is_alpha(c) && !ptn_text_is_digit(c) && c != '-' &&
		    !(c == '_' && allow & UNDERSCORES))
			return "a name is made of letters, digits, hyphens and dots";
	}
	return NULL;
}

static const char *name_rule(const char *s, size_t n, unsigned allow)
{
	size_t from = 0;

	for (size_t i = 0; i <= n; i++) {
		const char *rule;

		if (i < n && s[i] != '.')
			continue;
		rule = label_rule(s + from, i - from, allow);
		if (rule)
			return rule;
		from = i + 1;
	}
	return NULL;
}

/* RFC 5321 4.1.3: [192.0.2.1] or [IPv6:2001:db8::1]. */
static int is_address_literal(const char *s, size_t n)
{
	static const char tag[] = "IPv6:";
	const size_t skip = sizeof tag - 1;

	if (n < 3 || s[0] != '[' || s[n - 1] != ']')
		return 0;
	s++;
	n -= 2;
	if (n > skip && ptn_text_same(s, skip, tag, skip))
		return ptn_check_is_ipv6(s + skip, n - skip);
	return ptn_check_is_ipv4(s, n);
}

/* RFC 5321 4.1.2: Domain or address-literal. */
static const char *domain_rule(const char *s, size_t n, unsigned allow)
{
	if (n > MOST_DOMAIN)
		return "a domain has at most 255 octets";
	if (n && s[0] == '[')
		return is_address_literal(s, n) ? NULL
						: "an address is written as [192.0.2.1] or "
						  "[IPv6:2001:db8::1]";
	if (ptn_ip_ends_in_number(s, n) || ptn_check_is_ipv6(s, n))
		return "an address is written as [192.0.2.1] or [IPv6:2001:db8::1]";
	return name_rule(s, n, allow);
}

/* ---- Hosts -------------------------------------------------------------------------------- */

/* fe80::1%eth0 (RFC 4007 11) */
static int is_scoped_ipv6(const char *s, size_t n)
{
	const char *zone = memchr(s, '%', n);
	size_t len = zone ? (size_t)(zone - s) : n;

	if (zone && (n - len < 2 || n - len > 33))
		return 0;
	for (size_t i = len + 1; i < n; i++)
		if (!ptn_text_is_alpha((unsigned char)s[i]) &&
		    !ptn_text_is_digit((unsigned char)s[i]) && !strchr("-._~", s[i]))
			return 0;
	return ptn_check_is_ipv6(s, len);
}

static const char *host_rule(const char *s, size_t n)
{
	if (n > 1 && s[0] == '[' && s[n - 1] == ']')
		return is_scoped_ipv6(s + 1, n - 2) ? NULL
						    : "no IPv6 address is between the brackets";
	if (memchr(s, ':', n))
		return is_scoped_ipv6(s, n) ? NULL : "it is neither a name nor an IPv6 address";
	if (n > 1 && s[n - 1] == '.')
		n--;
	if (!n)
		return "it is empty";
	if (n > MOST_HOST)
		return "a host name has at most 253 octets";
	if (ptn_ip_ends_in_number(s, n))
		return ptn_check_is_ipv4(s, n) ? NULL
					       : "an IPv4 address is four numbers from 0 to 255, "
						 "as 192.0.2.1";
	return name_rule(s, n, UNDERSCORES);
}

int ptn_check_host(const char *host, char *why, size_t why_size)
{
	size_t n = host ? strlen(host) : 0;
	const char *rule = host_rule(host ? host : "", n);

	if (!rule)
		return 0;
	if (!n)
		return ptn_check_refuse(why, why_size, "host: no host is named");
	return ptn_check_refuse(why, why_size, "host \"%s\" is not valid: %s",
				ptn_check_shown(host, n).text, rule);
}

int ptn_check_domain(const char *field, const char *domain, char *why, size_t why_size)
{
	size_t n = domain ? strlen(domain) : 0;
	const char *rule = host_rule(domain ? domain : "", n);

	if (!n)
		return ptn_check_refuse(why, why_size, "%s: no domain is named", field);
	if (n > 1 && domain[n - 1] == '.')
		n--;
	if (!rule && (domain[0] == '[' || memchr(domain, ':', n) || ptn_check_is_ipv4(domain, n)))
		rule = "it is an address";
	if (!rule && !memchr(domain, '.', n))
		rule = "it is one label only";
	if (!rule)
		return 0;
	return ptn_check_refuse(why, why_size, "%s: \"%s\" is not a domain: %s", field,
				ptn_check_shown(domain, n).text, rule);
}

int ptn_check_ehlo_name(const char *name, char *why, size_t why_size)
{
	size_t n = name ? strlen(name) : 0;
	const char *rule = n ? domain_rule(name, n, 0) : NULL;

	if (!n)
		return ptn_check_refuse(why, why_size, "name: no name for EHLO is given");
	if (!rule)
		return 0;
	return ptn_check_refuse(why, why_size, "name \"%s\" is not fit for EHLO: %s",
				ptn_check_shown(name, n).text, rule);
}

/* ---- Mailboxes (RFC 5321 4.1.2, RFC 6531 3.3) --------------------------------------------- */

static int is_atext(int c)
{
	return ptn_text_is_alpha(c) || ptn_text_is_digit(c) || c >= 0x80 ||
	       (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

/* The length of the local part at the front, 0 with *rule set where there is none. */
static size_t quoted_length(const char *s, size_t n, const char **rule)
{
	size_t i = 1;

	while (i < n && s[i] != '"') {
		if (s[i] == '\\' && ++i < n && (unsigned char)s[i] >= 0x80) {
			*rule = "a backslash in quotes stands before an ASCII character";
			return 0;
		}
		i++;
	}
	if (i < n)
		return i + 1;
	*rule = "the quotes are not closed";
	return 0;
}

static size_t dotted_length(const char *s, size_t n, const char **rule)
{
	size_t i = 0, atom = 0;

	for (; i < n && s[i] != '@'; i++) {
		if (s[i] != '.' && !is_atext((unsigned char)s[i])) {
			*rule = "blanks and special characters must be inside a quoted local part";
			return 0;
		}
		if (s[i] == '.' && i == atom)
			break;
		if (s[i] == '.')
			atom = i + 1;
	}
	if (i > atom)
		return i;
	*rule = s[0] == '@' ? "the part before the @ is empty"
			    : "a dot of the local part stands at an end or beside another";
	return 0;
}

static const char *mailbox_rule(const char *s, size_t n)
{
	const char *rule = NULL;
	size_t local;

	if (!ptn_text_is_utf8(s, n))
		return "it is not valid UTF-8";
	if (ptn_check_has_unprintable(s, n))
		return "it holds a control character or a line end";
	/* Legal in quotes, but servers are known to end the path there all the same. */
	if (memchr(s, '<', n) || memchr(s, '>', n))
		return "\"<\" and \">\" are not part of an address that can be sent";
	if (n > MOST_MAILBOX)
		return "an address has at most 254 octets";
	local = s[0] == '"' ? quoted_length(s, n, &rule) : dotted_length(s, n, &rule);
	if (!local)
		return rule;
	if (local > MOST_LOCAL_PART)
		return "the part before the @ has at most 64 octets";
	if (local == n || s[local] != '@')
		return "an @ and a domain must follow the local part";
	if (local + 1 == n)
		return "the domain after the @ is missing";
	return domain_rule(s + local + 1, n - local - 1, UTF8);
}

int ptn_check_mailbox(const char *field, const char *address, char *why, size_t why_size)
{
	size_t n = address ? strlen(address) : 0;
	const char *rule = n ? mailbox_rule(address, n) : NULL;

	if (!n)
		return ptn_check_refuse(why, why_size, "%s: no address is given", field);
	if (!rule)
		return 0;
	return ptn_check_refuse(why, why_size, "%s \"%s\" is not an address: %s", field,
				ptn_check_shown(address, n).text, rule);
}

/* ---- Credentials -------------------------------------------------------------------------- */

/* The value is never shown. */
int ptn_check_credential(const char *field, const char *value, char *why, size_t why_size)
{
	size_t n = value ? strlen(value) : 0;
	const char *rule = NULL;

	if (!value || (!n && strcmp(field, "password") != 0))
		rule = "it is empty";
	else if (n > MOST_CREDENTIAL)
		rule = "it is longer than 4096 octets";
	else if (!ptn_text_is_utf8(value, n))
		rule = "it is not valid UTF-8";
	else if (ptn_check_has_unprintable(value, n))
		rule = "it holds a control character or a line end";
	return rule ? ptn_check_refuse(why, why_size, "%s is refused: %s", field, rule) : 0;
}
