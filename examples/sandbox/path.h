/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The arguments of MAIL and RCPT (RFC 5321 4.1.2): "<path> KEY=VALUE KEY ...".
 */
#ifndef SANDBOX_PATH_H
#define SANDBOX_PATH_H

#include <stddef.h>

struct path {
	const char *address; /* inside the "<>" */
	size_t n;
	const char *parameters; /* what stands behind, without blanks around */
	size_t n_parameters;
};

/* 0, or -1: not of that form. */
int path_parse(struct path *p, const char *s, size_t n);

/* A mailbox: local part, "@", and a domain or an address literal. */
int path_is_mailbox(const char *s, size_t n);

/* The next parameter; 0 at the end. *at starts at 0. */
int path_parameter(const struct path *p, size_t *at, const char **key, size_t *nkey,
		   const char **value, size_t *nvalue);

#endif
