/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The shape of a URL: scheme, authority, what follows, and what holds between them.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/net.h"
#include "url_parse.h"

struct parse {
	struct ptn_url *u;
	struct ptn_refusal r;
	const char *scheme; /* as written in the table below */
	int scheme_mode, tls, port;
};

static const struct {
	const char *name;
	int mode;
} schemes[] = {
	{"smtp", PTN_MODE_ANY},
	{"smtps", PTN_MODE_IMPLICIT},
	{"submission", PTN_MODE_ANY},
	{"submissions", PTN_MODE_IMPLICIT},
	{"smtp+starttls", PTN_MODE_STARTTLS},
};

enum { SCHEMES = sizeof schemes / sizeof schemes[0] };

/* Take "scheme://" from the front; without one it is smtp. */
static int parse_scheme(struct parse *p, struct ptn_span *rest)
{
	struct ptn_span scheme = ptn_url_scheme(rest);
	int i = 0;

	while (scheme.n && i < SCHEMES && !ptn_url_same(scheme, schemes[i].name))
		i++;
	if (i == SCHEMES)
		return REFUSE(&p->r,
			      "the scheme \"%s\" is not known: use smtp, smtps, submission, "
			      "submissions or smtp+starttls",
			      ptn_check_shown(scheme.at, scheme.n).text);
	p->scheme = schemes[i].name;
	p->scheme_mode = schemes[i].mode;
	return 0;
}

/* What follows the authority: nothing, "/", and "?query". */
static int parse_tail(struct parse *p, struct ptn_span tail)
{
	if (memchr(tail.at, '@', tail.n))
		return ptn_url_refuse_encoding(&p->r);
	if (memchr(tail.at, '#', tail.n))
		return REFUSE(&p->r, "a fragment (\"#...\") has no meaning here");
	if (tail.n && tail.at[0] == '/') {
		tail.at++;
		tail.n--;
	}
	if (tail.n && tail.at[0] != '?')
		return REFUSE(&p->r, "a path behind the host has no meaning here");
	if (!tail.n)
		return 0;
	tail.at++;
	tail.n--;
	return ptn_url_query(p->u, tail, &p->r);
}

static int parse_authority(struct parse *p, struct ptn_span s)
{
	struct ptn_authority a;
	int rc = ptn_url_authority(&a, s, &p->r);

	p->u->host = a.host;
	p->u->user = a.user;
	p->u->password = a.password;
	p->port = a.port;
	return rc;
}

/* ---- Ports. ---- */

static int parse_tls(struct parse *p)
{
	const char *value = ptn_url_value(p->u, "tls");
	struct ptn_span s = {value, value ? strlen(value) : 0};

	p->tls = value ? ptn_url_mode(s) : PTN_MODE_ANY;
	if (!value || p->tls != PTN_MODE_ANY)
		return 0;
	return REFUSE(&p->r, "tls= takes " PTN_URL_MODES ", not \"%s\"%s",
		      ptn_check_shown(s.at, s.n).text,
		      ptn_url_is_loose_word(s) ? ": " PTN_URL_MEANING : "");
}

static int use_defaults(struct parse *p, int mode)
{
	static const int usual[] = {587, 465, 2525};

	if (mode == PTN_MODE_NONE || mode == PTN_MODE_OPPORTUNISTIC)
		return REFUSE(&p->r, "tls=%s needs one port: write it behind the host, as host:%s",
			      ptn_url_mode_name(mode), mode == PTN_MODE_NONE ? "1025" : "25");
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
		if (mode == PTN_MODE_ANY || mode == ptn_url_usual_mode(usual[i]))
			p->u->port[p->u->ports++] = ptn_url_candidate(usual[i]);
	return 0;
}

/* DNS says which host, port and mode (RFC 6186 3): nothing else may say another. */
static int check_discovery(struct parse *p, int mode)
{
	const char *value = ptn_url_value(p->u, "discover");

	if (!value)
		return 0;
	if (strcmp(value, "1") != 0 && ptn_check_domain("discover=", value, p->r.why, p->r.size))
		return POSTERN_E_ARG;
	if (p->port || ptn_url_value(p->u, "ports") || mode != PTN_MODE_ANY)
		return REFUSE(&p->r,
			      "discover= finds the ports and their modes: name neither a port, "
			      "ports=, tls= nor a scheme that does");
	return ptn_check_domain("discover", p->u->host, p->r.why, p->r.size) ? POSTERN_E_ARG : 0;
}

static int settle_ports(struct parse *p)
{
	const char *list = ptn_url_value(p->u, "ports");
	int mode = p->tls == PTN_MODE_ANY ? p->scheme_mode : p->tls;

	if (check_discovery(p, mode))
		return POSTERN_E_ARG;
	if (p->tls != PTN_MODE_ANY && p->scheme_mode != PTN_MODE_ANY && p->tls != p->scheme_mode)
		return REFUSE(&p->r, "%s:// means tls=%s: tls=%s contradicts it", p->scheme,
			      ptn_url_mode_name(p->scheme_mode), ptn_url_mode_name(p->tls));
	if (p->port && list)
		return REFUSE(&p->r,
			      "a port behind the host and ports= contradict each other: keep one");
	if (list)
		return ptn_url_list(p->u->port, &p->u->ports, list, mode, &p->r);
	if (!p->port)
		return use_defaults(p, mode);
	p->u->port[0] = ptn_url_candidate(p->port);
	if (mode != PTN_MODE_ANY)
		p->u->port[0] = (struct ptn_candidate){.port = p->port, .mode = mode};
	p->u->ports = 1;
	return 0;
}

/* host is valid, and an IPv6 address made of zeros and a last 1 is ::1 in any spelling. */
static int is_loopback(const char *host)
{
	size_t n = strlen(host);

	if (ptn_text_equal(host, "localhost"))
		return 1;
	if (ptn_check_is_ipv4(host, n))
		return strncmp(host, "127.", 4) == 0;
	return ptn_check_is_ipv6(host, n) && strspn(host, "0:") == n - 1 && host[n - 1] == '1';
}

static int check_protection(struct parse *p)
{
	const struct ptn_url *u = p->u;

	for (size_t i = 0; u->user && i < u->ports; i++)
		if (ptn_url_is_unprotected(&u->port[i]) && !is_loopback(u->host))
			return REFUSE(&p->r,
				      "a password is sent with tls=%s only to a loopback address: "
				      "use tls=starttls or tls=implicit",
				      ptn_url_mode_name(u->port[i].mode));
	return 0;
}

/* ---- The whole. ---- */

/* "unix:/run/smtp.sock?key=value": the path as it is, on this machine and without TLS. */
static int parse_socket(struct parse *p, const char *text)
{
	size_t n = strcspn(text, "?");
	char *path = p->u->host = ptn_mem_copy(text, n);
	int rc = 0;

	if (!path)
		return POSTERN_E_NOMEM;
	if (!ptn_net_is_socket_path(path) || path[1] == '/')
		return REFUSE(&p->r, "unix: is followed by the path of a socket, from the root and "
				     "not longer than such a path may be, as unix:/run/smtp.sock");
	p->u->is_socket = 1;
	p->u->port[0] = (struct ptn_candidate){.port = 0, .mode = PTN_MODE_NONE};
	p->u->ports = 1;
	if (text[n])
		rc = ptn_url_query(p->u, (struct ptn_span){text + n + 1, strlen(text + n + 1)},
				   &p->r);
	if (rc)
		return rc;
	if (ptn_url_value(p->u, "tls") || ptn_url_value(p->u, "ports") ||
	    ptn_url_value(p->u, "discover"))
		return REFUSE(&p->r, "a Unix socket has no ports, no TLS and no name to look up: "
				     "leave out tls=, ports= and discover=");
	return 0;
}

static int parse(struct parse *p, const char *text)
{
	static const char local[] = "unix:";
	struct ptn_span rest = {text, text ? strlen(text) : 0}, authority;
	int rc = ptn_url_check_text(text, rest.n, &p->r);

	if (!rc && ptn_text_same(text, rest.n < 5 ? rest.n : 5, local, 5))
		return parse_socket(p, text + 5);
	if (!rc)
		rc = parse_scheme(p, &rest);
	if (rc)
		return rc;
	authority.at = rest.at;
	authority.n = strcspn(rest.at, "/?#");
	rest.at += authority.n;
	rest.n -= authority.n;
	/* The tail first: an @ in it tells that the authority ended inside a password. */
	rc = parse_tail(p, rest);
	if (!rc)
		rc = parse_tls(p);
	if (!rc)
		rc = parse_authority(p, authority);
	if (!rc)
		rc = settle_ports(p);
	return rc ? rc : check_protection(p);
}

int ptn_url_parse(struct ptn_url *u, const char *text, char *why, size_t why_size)
{
	struct parse p = {.u = u, .r = {why, why_size}};
	int rc;

	if (why && why_size)
		why[0] = '\0';
	*u = (struct ptn_url){0};
	rc = parse(&p, text);
	if (rc)
		ptn_url_free(u);
	return rc;
}

void ptn_url_free(struct ptn_url *u)
{
	ptn_mem_release_string(u->host);
	ptn_mem_release_string(u->user);
	ptn_mem_release_string(u->password);
	for (size_t i = 0; i < PTN_URL_KEYS; i++)
		ptn_mem_release_string(u->value[i]);
	*u = (struct ptn_url){0};
}
