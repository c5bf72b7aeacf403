/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ports and their TLS modes, as they are written.
 */
#include <string.h>

#include "base/text.h"
#include "url_parse.h"

static const char *const mode_names[] = {
	[PTN_MODE_STARTTLS] = "starttls",
	[PTN_MODE_IMPLICIT] = "implicit",
	[PTN_MODE_OPPORTUNISTIC] = "opportunistic",
	[PTN_MODE_NONE] = "none",
};

int ptn_url_same(struct ptn_span s, const char *word)
{
	return ptn_text_same(s.at, s.n, word, strlen(word));
}

int ptn_url_mode(struct ptn_span s)
{
	for (int i = 0; i < (int)(sizeof mode_names / sizeof mode_names[0]); i++)
		if (ptn_url_same(s, mode_names[i]))
			return i;
	return PTN_MODE_ANY;
}

const char *ptn_url_mode_name(int mode)
{
	return mode_names[mode];
}

int ptn_url_is_loose_word(struct ptn_span s)
{
	static const char *const words[] = {"ssl", "tls",  "secure", "encryption", "ssl/tls",
					    "yes", "true", "on",     "1"};

	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		if (ptn_url_same(s, words[i]))
			return 1;
	return 0;
}

/* Without a leading zero. */
int ptn_url_port(struct ptn_span s)
{
	unsigned long long v;

	return s.n && s.at[0] != '0' && !ptn_text_number(s.at, s.n, 65535, &v) ? (int)v : 0;
}

int ptn_url_usual_mode(int port)
{
	return port == 465 ? PTN_MODE_IMPLICIT : PTN_MODE_STARTTLS;
}

struct ptn_candidate ptn_url_candidate(int port)
{
	int known = port == 25 || port == 465 || port == 587 || port == 2525;

	return (struct ptn_candidate){.port = port,
				      .mode = ptn_url_usual_mode(port),
				      .guess = known ? PTN_GUESS_NONE : PTN_GUESS_MODE};
}

/* PORT or PORT/MODE.  mode: what the rest of the URL asks for, or ANY. */
static int parse_entry(struct ptn_candidate *c, struct ptn_span s, int mode, struct ptn_refusal *r)
{
	const char *slash = memchr(s.at, '/', s.n);
	struct ptn_span word = {s.at + s.n, 0}, number = s;
	int port;

	if (slash) {
		number.n = (size_t)(slash - s.at);
		word.at = slash + 1;
		word.n = s.n - number.n - 1;
	}
	port = ptn_url_port(number);
	if (!port)
		return REFUSE(r,
			      "ports: \"%s\" is not a port from 1 to 65535, alone or as PORT/MODE",
			      ptn_check_shown(s.at, s.n).text);
	*c = mode == PTN_MODE_ANY ? ptn_url_candidate(port)
				  : (struct ptn_candidate){.port = port, .mode = mode};
	if (!slash)
		return 0;
	*c = (struct ptn_candidate){.port = port, .mode = ptn_url_mode(word)};
	if (c->mode == PTN_MODE_ANY)
		return REFUSE(r, "ports: \"%s\" is not a mode: use " PTN_URL_MODES "%s",
			      ptn_check_shown(word.at, word.n).text,
			      ptn_url_is_loose_word(word) ? "; " PTN_URL_MEANING : "");
	if (mode != PTN_MODE_ANY && c->mode != mode)
		return REFUSE(r, "ports: \"%s\" contradicts the URL, which asks for %s",
			      ptn_check_shown(s.at, s.n).text, mode_names[mode]);
	return 0;
}

int ptn_url_is_unprotected(const struct ptn_candidate *c)
{
	return c->mode == PTN_MODE_NONE || c->mode == PTN_MODE_OPPORTUNISTIC;
}

/* What holds between the entries. */
static int check_list(const struct ptn_candidate *c, size_t n, struct ptn_refusal *r)
{
	if (!n)
		return REFUSE(r, "ports: no port is named");
	for (size_t i = 0; i < n; i++) {
		if (n > 1 && ptn_url_is_unprotected(&c[i]))
			return REFUSE(r,
				      "ports: %d/%s must be the only entry: no other port "
				      "may fall back to less protection",
				      c[i].port, mode_names[c[i].mode]);
		for (size_t k = 0; k < i; k++)
			if (c[k].port == c[i].port && c[k].mode == c[i].mode)
				return REFUSE(r, "ports: %d is named twice", c[i].port);
	}
	return 0;
}

int ptn_url_list(struct ptn_candidate out[PTN_ROUTE_MOST], size_t *n, const char *text, int mode,
		 struct ptn_refusal *r)
{
	struct ptn_candidate list[PTN_ROUTE_MOST];
	struct ptn_span word;
	size_t count = 0;

	while (text && (word.at = ptn_text_word(&text, &word.n))) {
		if (count == PTN_ROUTE_MOST)
			return REFUSE(r, "ports: at most %d may be named", (int)PTN_ROUTE_MOST);
		if (parse_entry(&list[count++], word, mode, r))
			return POSTERN_E_ARG;
	}
	if (check_list(list, count, r))
		return POSTERN_E_ARG;
	memcpy(out, list, count * sizeof list[0]);
	*n = count;
	return 0;
}

int ptn_url_ports(struct ptn_candidate out[PTN_ROUTE_MOST], size_t *n, const char *text, char *why,
		  size_t why_size)
{
	struct ptn_refusal r = {why, why_size};

	return ptn_url_list(out, n, text, PTN_MODE_ANY, &r);
}
