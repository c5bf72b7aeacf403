/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the files that read URLs share: see url.h for what the rest may use.
 */
#ifndef PTN_URL_PARSE_H
#define PTN_URL_PARSE_H

#include "argument.h"
#include "postern.h"
#include "url.h"

struct ptn_span {
	const char *at;
	size_t n;
};

struct ptn_refusal { /* where the sentence goes; why may be NULL */
	char *why;
	size_t size;
};

#define REFUSE(r, ...) (ptn_check_refuse((r)->why, (r)->size, __VA_ARGS__), POSTERN_E_ARG)

int ptn_url_same(struct ptn_span s, const char *word); /* without regard to case */

/* ---- url_ports.c ---- */

enum { PTN_MODE_ANY = -1 /* no mode was named */ };

#define PTN_URL_MODES "starttls, implicit, opportunistic or none"
#define PTN_URL_MEANING \
	"implicit is TLS from the first octet (port 465), starttls is the upgrade by command " \
	"(ports 587 and 2525)"

int ptn_url_mode(struct ptn_span s); /* enum ptn_mode, or PTN_MODE_ANY: it is no mode */
const char *ptn_url_mode_name(int mode);
int ptn_url_usual_mode(int port);
/* Words that mean different things in different programs: "ssl", "tls", "secure", ... */
int ptn_url_is_loose_word(struct ptn_span s);
int ptn_url_port(struct ptn_span s); /* 0: not a port from 1 to 65535 */
struct ptn_candidate ptn_url_candidate(int port); /* in its usual mode */
int ptn_url_is_unprotected(const struct ptn_candidate *c);
/* The entries of ports=; mode: what the rest of the URL asks for.  0 or -1. */
int ptn_url_list(struct ptn_candidate out[PTN_ROUTE_MOST], size_t *n, const char *text, int mode,
		 struct ptn_refusal *r);

/* ---- url_authority.c ---- */

struct ptn_authority { /* strings are its own; NULL where not given */
	char *user, *password;
	char *host; /* without brackets and last dot */
	int port; /* 0: not given */
};

/* "user:password@host:port".  0 or POSTERN_E_*; what was read until then is in *a. */
int ptn_url_authority(struct ptn_authority *a, struct ptn_span s, struct ptn_refusal *r);
void ptn_url_authority_free(struct ptn_authority *a); /* wipes */
/* Percent-decode (RFC 3986 2.1) into *out.  part: what the sentence calls it; nothing is shown. */
int ptn_url_decode(char **out, const char *part, struct ptn_span s, struct ptn_refusal *r);
int ptn_url_refuse_encoding(struct ptn_refusal *r); /* shows the rule and nothing of the URL */
int ptn_url_check_text(const char *text, size_t n, struct ptn_refusal *r);
/* What is before "://" if it can be a scheme; then *rest begins behind that. n 0: nothing. */
struct ptn_span ptn_url_scheme(struct ptn_span *rest);

/* ---- url_keys.c ---- */

/* Keep the values of "key=value&key=value", decoded, in u. */
int ptn_url_query(struct ptn_url *u, struct ptn_span query, struct ptn_refusal *r);

#endif
