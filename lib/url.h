/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The configuration URL, strictly parsed: smtp://user:pass@host:port?key=value&..., or
 * unix:/run/smtp.sock?key=value&...
 */
#ifndef PTN_URL_H
#define PTN_URL_H

#include "route/route.h"

struct postern;
struct ptn_proxy_settings;

enum { PTN_URL_KEYS = 32 /* at most */ };

struct ptn_url { /* strings are the struct's own; NULL where not given */
	char *host; /* without brackets and trailing dot; of a Unix socket its path */
	int is_socket;
	char *user, *password;
	struct ptn_candidate port[PTN_ROUTE_MOST];
	size_t ports;
	char *value[PTN_URL_KEYS]; /* of the parameters, by their place in the table */
};

/* 0, POSTERN_E_NOMEM, or POSTERN_E_ARG with a sentence in why that names the part and the rule and
 * never shows a password.  A bare host ("mail.example.org", "192.0.2.7", "[::1]", "host:587") is
 * taken as smtp://.  Values are decoded, and only those that say something about the ports are
 * looked at. */
int ptn_url_parse(struct ptn_url *u, const char *text, char *why, size_t why_size);
void ptn_url_free(struct ptn_url *u); /* wipes */
const char *ptn_url_value(const struct ptn_url *u, const char *key); /* NULL: not given */

/* Call the setter of every parameter of u, once p has its host; the first one's error is that of the server then
 * (PTN_SET_SERVER), and begins with the parameter's name. */
void ptn_url_apply(struct postern *p, const struct ptn_url *u);

/* "587 465/implicit,2525": the entries of ports= and postern_set_ports(). */
int ptn_url_ports(struct ptn_candidate out[PTN_ROUTE_MOST], size_t *n, const char *text, char *why,
		  size_t why_size);

/* "socks5://user:password@host:1080": as ptn_url_parse(). */
int ptn_url_proxy(struct ptn_proxy_settings **out, const char *text, char *why, size_t why_size);

/* Each gives 0, or -1 with a sentence in why (it may be NULL) that begins with the field's name;
 * NULL for the text is an error like another.  A host may be an address, IPv6 with or without
 * brackets.  An empty mailbox is refused: the null reverse-path is for the caller to know.  A
 * credential is never shown; only the field "password" may be empty. */
int ptn_check_host(const char *host, char *why, size_t why_size);
/* A domain name of two labels or more. */
int ptn_check_domain(const char *field, const char *domain, char *why, size_t why_size);
int ptn_check_ehlo_name(const char *name, char *why, size_t why_size);
int ptn_check_mailbox(const char *field, const char *address, char *why, size_t why_size);
int ptn_check_credential(const char *field, const char *value, char *why, size_t why_size);

#endif
