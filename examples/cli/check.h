/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the command line and the environment of postern-check say.
 */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "failure.h"

struct check { /* the strings are those of the command line */
	char *server; /* may hold a password */
	const char *user, *password_file, *ports, *cafile, *name, *auth, *compare;
	int timeout; /* seconds; -1 not given */
	int all, trace, json, progress, help, version;
};

/* 0, or the failure's status. */
int check_read(struct check *c, int argc, char **argv, struct failure *f);
void check_help(void);

#endif
