/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <limits.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "argument.h"
#include "postern.h"
#include "url.h"

enum { MOST_URL = 16384, ANY = -1 /* no mode was named */ };

struct span {
	const char *at;
	size_t n;
};

struct parse {
	struct ptn_url *u;
	char *why;
	size_t size;
	const char *scheme; /* as written in the table below */
	int scheme_mode, port, tls;
	char *list; /* the value of ports= */
};

#define REFUSE(p, ...) (ptn_check_refuse((p)->why, (p)->size, __VA_ARGS__), POSTERN_E_ARG)

static int same(struct span s, const char *word)
{
	return ptn_text_same(s.at, s.n, word, strlen(word));
}

/* ---- Modes and ports ---------------------------------------------------------------------- */

static const char *const mode_names[] = {
	[PTN_MODE_STARTTLS] = "starttls",
	[PTN_MODE_IMPLICIT] = "implicit",
	[PTN_MODE_OPPORTUNISTIC] = "opportunistic",
	[PTN_MODE_NONE] = "none",
};

static int mode_of(struct span s)
{
	for (int i = 0; i < (int)(sizeof mode_names / sizeof mode_names[0]); i++)
		if (same(s, mode_names[i]))
			return i;
	return ANY;
}

/* These words mean different things in different programs. */
static int is_loose_word(struct span s)
{
	static const char *const words[] = {"ssl", "tls",  "secure", "encryption", "ssl/tls",
					    "yes", "true", "on",     "1"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (same(s, words[i]))
			return 1;
	return 0;
}

#define MODES "starttls, implicit, opportunistic or none"
#define MEANING \
	"implicit is TLS from the first octet (port 465), starttls is the upgrade by command " \
	"(ports 587 and 2525)"

/* A port without leading zero, or 0. */
static int port_of(struct span s)
{
	unsigned long long v;

	return s.n && s.at[0] != '0' && !ptn_text_number(s.at, s.n, 65535, &v) ? (int)v : 0;
}

static int usual_mode(int port)
{
	return port == 465 ? PTN_MODE_IMPLICIT : PTN_MODE_STARTTLS;
}

static void set_usual(struct ptn_candidate *c)
{
	c->mode = usual_mode(c->port);
	c->guess = c->port != 25 && c->port != 465 && c->port != 587 && c->port != 2525
			   ? PTN_GUESS_MODE
			   : PTN_GUESS_NONE;
}

/* PORT or PORT/MODE.  mode: what the rest of the URL asks for, or ANY. */
static int parse_entry(struct ptn_candidate *c, struct span s, int mode, char *why, size_t size)
{
	const char *slash = memchr(s.at, '/', s.n);
	struct span word = {s.at + s.n, 0}, number = s;

	if (slash) {
		number.n = (size_t)(slash - s.at);
		word.at = slash + 1;
		word.n = s.n - number.n - 1;
	}
	c->port = port_of(number);
	if (!c->port)
		return ptn_check_refuse(
			why, size,
			"ports: \"%s\" is not a port from 1 to 65535, alone or as PORT/MODE",
			ptn_check_shown(s.at, s.n).text);
	c->mode = mode;
	c->guess = PTN_GUESS_NONE;
	if (mode == ANY)
		set_usual(c);
	if (!slash)
		return 0;
	c->mode = mode_of(word);
	c->guess = PTN_GUESS_NONE;
	if (c->mode == ANY)
		return ptn_check_refuse(why, size, "ports: \"%s\" is not a mode: use " MODES "%s",
					ptn_check_shown(word.at, word.n).text,
					is_loose_word(word) ? "; " MEANING : "");
	if (mode != ANY && c->mode != mode)
		return ptn_check_refuse(why, size,
					"ports: \"%s\" contradicts the URL, which asks for %s",
					ptn_check_shown(s.at, s.n).text, mode_names[mode]);
	return 0;
}

static int is_unprotected(const struct ptn_candidate *c)
{
	return c->mode == PTN_MODE_NONE || c->mode == PTN_MODE_OPPORTUNISTIC;
}

/* What holds between the entries. */
static int check_list(const struct ptn_candidate *c, size_t n, char *why, size_t size)
{
	if (!n)
		return ptn_check_refuse(why, size, "ports: no port is named");
	for (size_t i = 0; i < n; i++) {
		if (n > 1 && is_unprotected(&c[i]))
			return ptn_check_refuse(
				why, size,
				"ports: %d/%s must be the only entry: no other port "
				"may fall back to less protection",
				c[i].port, mode_names[c[i].mode]);
		for (size_t k = 0; k < i; k++)
			if (c[k].port == c[i].port && c[k].mode == c[i].mode)
				return ptn_check_refuse(why, size, "ports: %d is named twice",
							c[i].port);
	}
	return 0;
}

static int parse_ports(struct ptn_candidate out[PTN_ROUTE_MOST], size_t *n, const char *text,
		       int mode, char *why, size_t size)
{
	struct ptn_candidate list[PTN_ROUTE_MOST];
	struct span word;
	size_t count = 0;

	while (text && (word.at = ptn_text_word(&text, &word.n))) {
		if (count == PTN_ROUTE_MOST)
			return ptn_check_refuse(why, size, "ports: at most %d may be named",
						(int)PTN_ROUTE_MOST);
		if (parse_entry(&list[count++], word, mode, why, size))
			return -1;
	}
	if (check_list(list, count, why, size))
		return -1;
	memcpy(out, list, count * sizeof list[0]);
	*n = count;
	return 0;
}

int ptn_url_ports(struct ptn_candidate out[PTN_ROUTE_MOST], size_t *n, const char *text, char *why,
		  size_t why_size)
{
	return parse_ports(out, n, text, ANY, why, why_size) ? POSTERN_E_ARG : 0;
}

/* ---- Percent-encoding --------------------------------------------------------------------- */

/* RFC 3986 2.1, into *out.  part: what the sentence calls it; the text itself is not shown. */
static int decode(struct parse *p, const char *part, struct span s, char **out)
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
					p,
					"%s: a %% must be followed by two hexadecimal digits; %% "
					"itself is written %%25",
					part);
			c = high << 4 | low;
			i += 2;
		}
		if (ptn_text_is_control(c))
			return REFUSE(p, "%s: control characters are not taken, encoded or not",
				      part);
		*to++ = (char)c;
	}
	return 0;
}

/* Decode a value of the query, which may not be empty. */
static int decode_value(struct parse *p, const char *key, struct span s, char **out)
{
	if (!s.n)
		return REFUSE(p, "%s= has no value", key);
	return decode(p, key, s, out);
}

/* ---- Parameters --------------------------------------------------------------------------- */

static int take_tls(struct parse *p, char **value)
{
	struct span s = {*value, strlen(*value)};

	p->tls = mode_of(s);
	if (p->tls != ANY)
		return 0;
	return REFUSE(p, "tls= takes " MODES ", not \"%s\"%s", ptn_check_shown(s.at, s.n).text,
		      is_loose_word(s) ? ": " MEANING : "");
}

static int keep(char **to, char **value)
{
	*to = *value;
	*value = NULL;
	return 0;
}

static int take_ports(struct parse *p, char **value)
{
	return keep(&p->list, value);
}

/* Which names there are is for the mechanism's room to say; here they must look like names. */
static int take_auth(struct parse *p, char **value)
{
	for (const char *at = *value; *at; at++)
		if (!ptn_text_is_alpha((unsigned char)*at) &&
		    !ptn_text_is_digit((unsigned char)*at) && !strchr("-_, ", *at))
			return REFUSE(
				p, "auth= takes names of SASL mechanisms separated by commas, as "
				   "SCRAM-SHA-256,PLAIN");
	return keep(&p->u->auth, value);
}

static int take_name(struct parse *p, char **value)
{
	if (ptn_check_ehlo_name(*value, p->why, p->size))
		return POSTERN_E_ARG;
	return keep(&p->u->name, value);
}

static int take_timeout(struct parse *p, char **value)
{
	unsigned long long seconds;

	if (ptn_text_number(*value, strlen(*value), INT_MAX / 1000, &seconds))
		return REFUSE(p, "timeout= takes whole seconds, from 0 to %d", INT_MAX / 1000);
	p->u->timeout = (int)seconds * 1000;
	return 0;
}

static int take_cafile(struct parse *p, char **value)
{
	return keep(&p->u->cafile, value);
}

static int take_discover(struct parse *p, char **value)
{
	if (strcmp(*value, "1") != 0 && ptn_check_domain("discover=", *value, p->why, p->size))
		return POSTERN_E_ARG;
	return keep(&p->u->discover, value);
}

static const struct {
	const char *name;
	int (*take)(struct parse *p, char **value);
} keys[] = {
	{"tls", take_tls},           {"ports", take_ports},     {"auth", take_auth},
	{"name", take_name},         {"timeout", take_timeout}, {"cafile", take_cafile},
	{"discover", take_discover},
};

enum { KEYS = sizeof keys / sizeof keys[0] };

/* The known key that may have been meant, or NULL. */
static const char *nearest_key(const char *word)
{
	const char *best = NULL;
	int least = 3;

	for (int i = 0; i < KEYS; i++) {
		int distance = ptn_text_distance(word, keys[i].name);

		if (distance < least) {
			least = distance;
			best = keys[i].name;
		}
	}
	return best;
}

static int refuse_key(struct parse *p, struct span key)
{
	struct ptn_shown shown = ptn_check_shown(key.at, key.n);
	const char *near;

	if (is_loose_word(key) || same(key, "starttls"))
		return REFUSE(p,
			      "there is no parameter \"%s\": write tls=implicit or "
			      "tls=starttls; " MEANING,
			      shown.text);
	for (char *c = shown.text; *c; c++)
		*c = (char)ptn_text_lower((unsigned char)*c);
	near = nearest_key(shown.text);
	if (near)
		return REFUSE(p, "there is no parameter \"%s\": did you mean \"%s\"?",
			      ptn_check_shown(key.at, key.n).text, near);
	return REFUSE(p,
		      "there is no parameter \"%s\": there are tls, ports, auth, name, timeout, "
		      "cafile and discover",
		      ptn_check_shown(key.at, key.n).text);
}

static int parse_pair(struct parse *p, struct span pair, unsigned *seen)
{
	const char *equals = memchr(pair.at, '=', pair.n);
	struct span key = {pair.at, equals ? (size_t)(equals - pair.at) : pair.n};
	struct span text = {equals ? equals + 1 : pair.at + pair.n,
			    equals ? pair.n - key.n - 1 : 0};
	char *value = NULL;
	int i = 0, rc;

	while (i < KEYS &&
	       (strlen(keys[i].name) != key.n || memcmp(keys[i].name, key.at, key.n) != 0))
		i++;
	if (i == KEYS)
		return refuse_key(p, key);
	if (*seen & 1u << i)
		return REFUSE(p, "%s= is given twice", keys[i].name);
	*seen |= 1u << i;
	rc = decode_value(p, keys[i].name, text, &value);
	if (!rc)
		rc = keys[i].take(p, &value);
	ptn_mem_release_string(value);
	return rc;
}

static int parse_query(struct parse *p, struct span query)
{
	unsigned seen = 0;
	int rc = 0;

	while (!rc && query.n) {
		const char *amp = memchr(query.at, '&', query.n);
		struct span pair = {query.at, amp ? (size_t)(amp - query.at) : query.n};

		if (!pair.n || (amp && amp + 1 == query.at + query.n))
			return REFUSE(p, "a parameter beside \"&\" is empty");
		query.at += pair.n + (amp != NULL);
		query.n -= pair.n + (amp != NULL);
		rc = parse_pair(p, pair, &seen);
	}
	return rc;
}

/* ---- User, host and port ------------------------------------------------------------------ */

/* Shows the rule and nothing of the URL: where the password ends is just what is not known. */
static int refuse_encoding(struct parse *p)
{
	return REFUSE(
		p,
		"the user or password holds a character that must be percent-encoded: write @ as "
		"%%40, : as %%3A, / as %%2F, ? as %%3F, # as %%23 and %% as %%25 (an @ behind the "
		"host is written %%40 too)");
}

static int parse_login(struct parse *p, struct span login)
{
	const char *colon = memchr(login.at, ':', login.n);
	struct span user = login, password = {NULL, 0};
	int rc;

	if (!colon)
		return REFUSE(p,
			      "the URL names a user but no password: write user:password@host, or "
			      "user:@host for an empty one");
	user.n = (size_t)(colon - login.at);
	password.at = colon + 1;
	password.n = login.n - user.n - 1;
	if (memchr(password.at, ':', password.n))
		return refuse_encoding(p);
	rc = decode(p, "user", user, &p->u->user);
	if (!rc)
		rc = decode(p, "password", password, &p->u->password);
	if (rc)
		return rc;
	if (ptn_check_credential("user", p->u->user, p->why, p->size) ||
	    ptn_check_credential("password", p->u->password, p->why, p->size))
		return POSTERN_E_ARG;
	return 0;
}

/* fe80::1%25eth0 (RFC 6874 2), without the "25" */
static int decode_zone(struct parse *p, char *host)
{
	char *zone = strchr(host, '%');

	if (!zone)
		return 0;
	if (strncmp(zone + 1, "25", 2) != 0)
		return REFUSE(
			p,
			"the zone of an IPv6 address is written with %%25, as [fe80::1%%25eth0]");
	memmove(zone + 1, zone + 3, strlen(zone + 3) + 1);
	return 0;
}

/* The host without brackets and last dot. */
static int keep_host(struct parse *p, struct span s)
{
	int bracket = s.at[0] == '[';
	char *host = bracket ? ptn_mem_copy(s.at + 1, s.n - 2) : ptn_mem_copy(s.at, s.n);

	p->u->host = host;
	if (!host)
		return POSTERN_E_NOMEM;
	if (bracket && !strchr(host, ':'))
		return REFUSE(p, "brackets are for IPv6 addresses, as [2001:db8::1]");
	if (bracket && decode_zone(p, host))
		return POSTERN_E_ARG;
	if (ptn_check_host(host, p->why, p->size))
		return POSTERN_E_ARG;
	if (!bracket && host[strlen(host) - 1] == '.')
		host[strlen(host) - 1] = '\0';
	return 0;
}

/* host, host:port, [address] or [address]:port */
static int parse_host(struct parse *p, struct span s)
{
	const char *close = s.n && s.at[0] == '[' ? memchr(s.at, ']', s.n) : NULL;
	size_t from = close ? (size_t)(close - s.at) + 1 : 0;
	const char *colon = memchr(s.at + from, ':', s.n - from);
	struct span host = s, port = {NULL, 0};

	if (s.n && s.at[0] == '[' && !close)
		return REFUSE(p, "the bracket before the IPv6 address is not closed");
	if (colon) {
		host.n = (size_t)(colon - s.at);
		port.at = colon + 1;
		port.n = s.n - host.n - 1;
		if (memchr(port.at, ':', port.n))
			return REFUSE(p, "more than one \":\" follows the host: an IPv6 address is "
					 "written in "
					 "brackets, as [2001:db8::1]");
		p->port = port_of(port);
		if (!p->port)
			return REFUSE(p, "no port from 1 to 65535 follows the \":\" behind the "
					 "host (if that "
					 "is a password, the @ and the host are missing)");
	}
	if (close && host.n != from)
		return REFUSE(p, "only \":\" and a port may follow the bracket of an IPv6 address");
	if (!host.n)
		return REFUSE(p, "no host is named");
	return keep_host(p, host);
}

static int parse_authority(struct parse *p, struct span s)
{
	const char *at = memchr(s.at, '@', s.n);
	struct span login = s, host = s;
	int rc = 0;

	if (at) {
		login.n = (size_t)(at - s.at);
		host.at = at + 1;
		host.n = s.n - login.n - 1;
		if (memchr(host.at, '@', host.n))
			return refuse_encoding(p);
		rc = parse_login(p, login);
	}
	return rc ? rc : parse_host(p, host);
}

/* ---- The whole ---------------------------------------------------------------------------- */

static const struct {
	const char *name;
	int mode;
} schemes[] = {
	{"smtp", ANY},
	{"smtps", PTN_MODE_IMPLICIT},
	{"submission", ANY},
	{"submissions", PTN_MODE_IMPLICIT},
	{"smtp+starttls", PTN_MODE_STARTTLS},
};

enum { SCHEMES = sizeof schemes / sizeof schemes[0] };

static int is_scheme(struct span s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!ptn_text_is_alpha((unsigned char)s.at[i]) &&
		    !ptn_text_is_digit((unsigned char)s.at[i]) && !memchr("+-.", s.at[i], 3))
			return 0;
	return s.n > 0;
}

/* Take "scheme://" from the front; without one it is smtp. */
static int parse_scheme(struct parse *p, struct span *rest)
{
	const char *mark = strstr(rest->at, "://");
	struct span scheme = {rest->at, mark ? (size_t)(mark - rest->at) : 0};
	int i = 0;

	p->scheme = schemes[0].name;
	p->scheme_mode = schemes[0].mode;
	if (!mark || !is_scheme(scheme))
		return 0;
	while (i < SCHEMES && !same(scheme, schemes[i].name))
		i++;
	if (i == SCHEMES)
		return REFUSE(p,
			      "the scheme \"%s\" is not known: use smtp, smtps, submission, "
			      "submissions or "
			      "smtp+starttls",
			      ptn_check_shown(scheme.at, scheme.n).text);
	p->scheme = schemes[i].name;
	p->scheme_mode = schemes[i].mode;
	rest->at += scheme.n + 3;
	rest->n -= scheme.n + 3;
	return 0;
}

/* What follows the authority: nothing, "/", and "?query". */
static int parse_tail(struct parse *p, struct span tail)
{
	if (memchr(tail.at, '@', tail.n))
		return refuse_encoding(p);
	if (memchr(tail.at, '#', tail.n))
		return REFUSE(p, "a fragment (\"#...\") has no meaning here");
	if (tail.n && tail.at[0] == '/') {
		tail.at++;
		tail.n--;
	}
	if (tail.n && tail.at[0] != '?')
		return REFUSE(p, "a path behind the host has no meaning here");
	if (!tail.n)
		return 0;
	tail.at++;
	tail.n--;
	return parse_query(p, tail);
}

static int use_defaults(struct parse *p, int mode)
{
	static const int usual[] = {587, 465, 2525};

	if (mode == PTN_MODE_NONE || mode == PTN_MODE_OPPORTUNISTIC)
		return REFUSE(p, "tls=%s needs one port: write it behind the host, as host:%s",
			      mode_names[mode], mode == PTN_MODE_NONE ? "1025" : "25");
	for (size_t i = 0; i < sizeof usual / sizeof usual[0]; i++)
		if (mode == ANY || mode == usual_mode(usual[i]))
			p->u->port[p->u->ports++] = (struct ptn_candidate){
				.port = usual[i], .mode = usual_mode(usual[i])};
	return 0;
}

/* DNS says which host, port and mode (RFC 6186 3): nothing else may say another. */
static int check_discovery(struct parse *p, int mode)
{
	if (!p->u->discover)
		return 0;
	if (p->port || p->list || mode != ANY)
		return REFUSE(p, "discover= finds the ports and their modes: name neither a port, "
				 "ports=, tls= nor a scheme that does");
	return ptn_check_domain("discover", p->u->host, p->why, p->size) ? POSTERN_E_ARG : 0;
}

static int settle_ports(struct parse *p)
{
	int mode = p->tls == ANY ? p->scheme_mode : p->tls;

	if (check_discovery(p, mode))
		return POSTERN_E_ARG;
	if (p->tls != ANY && p->scheme_mode != ANY && p->tls != p->scheme_mode)
		return REFUSE(p, "%s:// means tls=%s: tls=%s contradicts it", p->scheme,
			      mode_names[p->scheme_mode], mode_names[p->tls]);
	if (p->port && p->list)
		return REFUSE(p,
			      "a port behind the host and ports= contradict each other: keep one");
	if (p->list)
		return parse_ports(p->u->port, &p->u->ports, p->list, mode, p->why, p->size)
			       ? POSTERN_E_ARG
			       : 0;
	if (!p->port)
		return use_defaults(p, mode);
	p->u->port[0].port = p->port;
	p->u->port[0].mode = mode;
	if (mode == ANY)
		set_usual(&p->u->port[0]);
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
		if (is_unprotected(&u->port[i]) && !is_loopback(u->host))
			return REFUSE(p,
				      "a password is sent with tls=%s only to a loopback address: "
				      "use tls=starttls or tls=implicit",
				      mode_names[u->port[i].mode]);
	return 0;
}

static int check_text(struct parse *p, const char *text, size_t n)
{
	if (!n)
		return REFUSE(p, "no host or URL is given");
	if (n > MOST_URL)
		return REFUSE(p, "the URL is longer than %d octets", (int)MOST_URL);
	if (ptn_check_has_unprintable(text, n))
		return REFUSE(p, "the URL holds a control character or a line end");
	if (memchr(text, ' ', n))
		return REFUSE(p, "the URL holds a blank: write it as %%20");
	if (!ptn_text_is_utf8(text, n))
		return REFUSE(p, "the URL is not valid UTF-8");
	return 0;
}

static int parse(struct parse *p, const char *text)
{
	struct span rest = {text, text ? strlen(text) : 0}, authority;
	int rc = check_text(p, text, rest.n);

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
		rc = parse_authority(p, authority);
	if (!rc)
		rc = settle_ports(p);
	return rc ? rc : check_protection(p);
}

int ptn_url_parse(struct ptn_url *u, const char *text, char *why, size_t why_size)
{
	struct parse p = {.u = u, .why = why, .size = why_size, .scheme_mode = ANY, .tls = ANY};
	int rc;

	if (why && why_size)
		why[0] = '\0';
	*u = (struct ptn_url){.timeout = -1};
	rc = parse(&p, text);
	ptn_mem_release_string(p.list);
	if (rc)
		ptn_url_free(u);
	return rc;
}

void ptn_url_free(struct ptn_url *u)
{
	char **strings[] = {&u->host, &u->user,   &u->password, &u->auth,
			    &u->name, &u->cafile, &u->discover};

	for (size_t i = 0; i < sizeof strings / sizeof strings[0]; i++)
		ptn_mem_release_string(*strings[i]);
	*u = (struct ptn_url){.timeout = -1};
}
