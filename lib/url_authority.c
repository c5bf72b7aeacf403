/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The part of a URL that names the user, the host and the port (RFC 3986 3.2).
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "url_parse.h"

enum { MOST_URL = 16384 };

int ptn_url_check_text(const char *text, size_t n, struct ptn_refusal *r)
{
	if (!n)
		return REFUSE(r, "no host or URL is given");
	if (n > MOST_URL)
		return REFUSE(r, "the URL is longer than %d octets", (int)MOST_URL);
	if (ptn_check_has_unprintable(text, n))
		return REFUSE(r, "the URL holds a control character or a line end");
	if (memchr(text, ' ', n))
		return REFUSE(r, "the URL holds a blank: write it as %%20");
	if (!ptn_text_is_utf8(text, n))
		return REFUSE(r, "the URL is not valid UTF-8");
	return 0;
}

static int is_scheme(struct ptn_span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ptn_text_is_alpha((unsigned char)s.at[i]) &&
		    !ptn_text_is_digit((unsigned char)s.at[i]) && !memchr("+-.", s.at[i], 3))
			return 0;
	return s.n > 0;
}

struct ptn_span ptn_url_scheme(struct ptn_span *rest)
{
	const char *mark = strstr(rest->at, "://");
	struct ptn_span scheme = {rest->at, mark ? (size_t)(mark - rest->at) : 0};

	if (!is_scheme(scheme))
		return (struct ptn_span){rest->at, 0};
	rest->at += scheme.n + 3;
	rest->n -= scheme.n + 3;
	return scheme;
}

int ptn_url_decode(char **out, const char *part, struct ptn_span s, struct ptn_refusal *r)
{
	char *to = *out = ptn_mem_alloc(s.n + 1);

	if (!to)
		return POSTERN_E_NOMEM;
	for (size_t i = 0; i < s.n; i++) {
		int high, low, c = (unsigned char)s.at[i];

		if (c == '%') {
			high = i + 2 < s.n ? ptn_text_hex((unsigned char)s.at[i + 1]) : -1;
			low = i + 2 < s.n ? ptn_text_hex((unsigned char)s.at[i + 2]) : -1;
			if (high < 0 || low < 0)
				return REFUSE(
					r,
					"%s: a %% must be followed by two hexadecimal digits; %% "
					"itself is written %%25",
					part);
			c = high << 4 | low;
			i += 2;
		}
		if (ptn_text_is_control(c))
			return REFUSE(r, "%s: control characters are not taken, encoded or not",
				      part);
		*to++ = (char)c;
	}
	return 0;
}

/* Where the password ends is just what is not known. */
int ptn_url_refuse_encoding(struct ptn_refusal *r)
{
	return REFUSE(
		r,
		"the user or password holds a character that must be percent-encoded: write @ as "
		"%%40, : as %%3A, / as %%2F, ? as %%3F, # as %%23 and %% as %%25 (an @ behind the "
		"host is written %%40 too)");
}

static int parse_login(struct ptn_authority *a, struct ptn_span login, struct ptn_refusal *r)
{
	const char *colon = memchr(login.at, ':', login.n);
	struct ptn_span user = login, password = {NULL, 0};
	int rc;

	if (!colon)
		return REFUSE(r,
			      "the URL names a user but no password: write user:password@host, or "
			      "user:@host for an empty one");
	user.n = (size_t)(colon - login.at);
	password.at = colon + 1;
	password.n = login.n - user.n - 1;
	if (memchr(password.at, ':', password.n))
		return ptn_url_refuse_encoding(r);
	rc = ptn_url_decode(&a->user, "user", user, r);
	if (!rc)
		rc = ptn_url_decode(&a->password, "password", password, r);
	if (rc)
		return rc;
	if (ptn_check_credential("user", a->user, r->why, r->size) ||
	    ptn_check_credential("password", a->password, r->why, r->size))
		return POSTERN_E_ARG;
	return 0;
}

/* fe80::1%25eth0 (RFC 6874 2), without the "25" */
static int decode_zone(char *host, struct ptn_refusal *r)
{
	char *zone = strchr(host, '%');

	if (!zone)
		return 0;
	if (strncmp(zone + 1, "25", 2) != 0)
		return REFUSE(
			r,
			"the zone of an IPv6 address is written with %%25, as [fe80::1%%25eth0]");
	memmove(zone + 1, zone + 3, strlen(zone + 3) + 1);
	return 0;
}

static int keep_host(struct ptn_authority *a, struct ptn_span s, struct ptn_refusal *r)
{
	int bracket = s.at[0] == '[';
	char *host = bracket ? ptn_mem_copy(s.at + 1, s.n - 2) : ptn_mem_copy(s.at, s.n);

	a->host = host;
	if (!host)
		return POSTERN_E_NOMEM;
	if (bracket && !strchr(host, ':'))
		return REFUSE(r, "brackets are for IPv6 addresses, as [2001:db8::1]");
	if (bracket && decode_zone(host, r))
		return POSTERN_E_ARG;
	if (ptn_check_host(host, r->why, r->size))
		return POSTERN_E_ARG;
	if (!bracket && host[strlen(host) - 1] == '.')
		host[strlen(host) - 1] = '\0';
	return 0;
}

static int keep_port(struct ptn_authority *a, struct ptn_span port, struct ptn_refusal *r)
{
	if (memchr(port.at, ':', port.n))
		return REFUSE(r, "more than one \":\" follows the host: an IPv6 address is "
				 "written in brackets, as [2001:db8::1]");
	a->port = ptn_url_port(port);
	if (!a->port)
		return REFUSE(r, "no port from 1 to 65535 follows the \":\" behind the host (if "
				 "that is a password, the @ and the host are missing)");
	return 0;
}

/* host, host:port, [address] or [address]:port */
static int parse_host(struct ptn_authority *a, struct ptn_span s, struct ptn_refusal *r)
{
	const char *close = s.n && s.at[0] == '[' ? memchr(s.at, ']', s.n) : NULL;
	size_t from = close ? (size_t)(close - s.at) + 1 : 0;
	const char *colon = memchr(s.at + from, ':', s.n - from);
	struct ptn_span host = s;

	if (s.n && s.at[0] == '[' && !close)
		return REFUSE(r, "the bracket before the IPv6 address is not closed");
	if (colon) {
		host.n = (size_t)(colon - s.at);
		if (keep_port(a, (struct ptn_span){colon + 1, s.n - host.n - 1}, r))
			return POSTERN_E_ARG;
	}
	if (close && host.n != from)
		return REFUSE(r, "only \":\" and a port may follow the bracket of an IPv6 address");
	if (!host.n)
		return REFUSE(r, "no host is named");
	return keep_host(a, host, r);
}

int ptn_url_authority(struct ptn_authority *a, struct ptn_span s, struct ptn_refusal *r)
{
	const char *at = memchr(s.at, '@', s.n);
	struct ptn_span login = s, host = s;
	int rc = 0;

	*a = (struct ptn_authority){0};
	if (at) {
		login.n = (size_t)(at - s.at);
		host.at = at + 1;
		host.n = s.n - login.n - 1;
		if (memchr(host.at, '@', host.n))
			return ptn_url_refuse_encoding(r);
		rc = parse_login(a, login, r);
	}
	return rc ? rc : parse_host(a, host, r);
}

void ptn_url_authority_free(struct ptn_authority *a)
{
	ptn_mem_release_string(a->user);
	ptn_mem_release_string(a->password);
	ptn_mem_release_string(a->host);
	*a = (struct ptn_authority){0};
}
