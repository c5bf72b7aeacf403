/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The parameters of MAIL and RCPT: of which extension each is, what it may say, and what it means.
 */
#ifndef SANDBOX_PARAMETERS_H
#define SANDBOX_PARAMETERS_H

#include "maildir.h"
#include "path.h"

struct conn;

struct refusal {
	int code;
	const char *status, *text;
};

/* 0 and their decoded values, or -1 and why not.  utf8: SMTPUTF8 was said. */
int parameters_read(struct conn *c, const struct path *p, int mail, int utf8, struct value **values,
		    struct refusal *why);

#endif
