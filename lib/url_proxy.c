/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The URL of a proxy.
 */
#include <string.h>

#include "base/mem.h"
#include "net/proxy.h"
#include "url_parse.h"

enum { SOCKS_PORT = 1080 /* RFC 1928 3 */, SOCKS_MOST = 255 /* RFC 1929 2 */ };

static const struct {
	const char *name;
	int kind;
} schemes[] = {
	{"socks5", PTN_PROXY_SOCKS5},
	{"socks5h", PTN_PROXY_SOCKS5}, /* others' word for: the proxy looks names up */
	{"http", PTN_PROXY_HTTP},
};

static int parse_kind(struct ptn_proxy_settings *s, struct ptn_span *rest, struct ptn_refusal *r)
{
	struct ptn_span scheme = ptn_url_scheme(rest);

	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (ptn_url_same(scheme, schemes[i].name)) {
			s->kind = schemes[i].kind;
			return 0;
		}
	return REFUSE(r, "it begins with socks5:// or http://, which say what kind of proxy it is");
}

/* What its protocol cannot carry. */
static int check_kind(struct ptn_proxy_settings *s, struct ptn_refusal *r)
{
	if (s->kind == PTN_PROXY_SOCKS5) {
		s->port = s->port ? s->port : SOCKS_PORT;
		if (s->user && (!*s->password || strlen(s->user) > SOCKS_MOST ||
				strlen(s->password) > SOCKS_MOST))
			return REFUSE(r, "user and password have 1 to 255 octets each with SOCKS5");
		return 0;
	}
	if (!s->port)
		return REFUSE(r, "an HTTP proxy has no usual port: name it, as http://host:3128");
	if (s->user && strchr(s->user, ':'))
		return REFUSE(r, "user: a \":\" cannot be told to an HTTP proxy (RFC 7617)");
	return 0;
}

static int parse(struct ptn_proxy_settings *s, const char *text, struct ptn_refusal *r)
{
	struct ptn_span rest = {text, strlen(text)};
	struct ptn_authority a;
	int rc = ptn_url_check_text(text, rest.n, r);

	if (!rc)
		rc = parse_kind(s, &rest, r);
	if (rc)
		return rc;
	if (rest.n && rest.at[rest.n - 1] == '/')
		rest.n--;
	if (memchr(rest.at, '/', rest.n) || memchr(rest.at, '?', rest.n) ||
	    memchr(rest.at, '#', rest.n))
		return memchr(rest.at, '@', rest.n)
			       ? ptn_url_refuse_encoding(r)
			       : REFUSE(r, "nothing may follow the host and port");
	rc = ptn_url_authority(&a, rest, r);
	s->host = a.host;
	s->user = a.user;
	s->password = a.password;
	s->port = a.port;
	return rc ? rc : check_kind(s, r);
}

int ptn_url_proxy(struct ptn_proxy_settings **out, const char *text, char *why, size_t why_size)
{
	static const char field[] = "proxy: ";
	struct ptn_refusal r = {why, why_size};
	struct ptn_proxy_settings *s = ptn_mem_alloc(sizeof *s);
	int rc;

	if (!s)
		return POSTERN_E_NOMEM;
	if (why && why_size > sizeof field) {
		memcpy(why, field, sizeof field);
		r = (struct ptn_refusal){why + sizeof field - 1, why_size - (sizeof field - 1)};
	}
	rc = parse(s, text, &r);
	if (rc)
		ptn_proxy_settings_free(s);
	else
		*out = s;
	return rc;
}
