/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the command line and the environment of postern-send say.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "failure.h"

struct settings { /* the strings are those of the command line */
	const char *message; /* a file; NULL for standard input */
	const char *from; /* NULL: from the message */
	char *server; /* may hold a password */
	const char *user, *password_file;
	const char *ports, *cafile, *name, *auth;
	int timeout; /* seconds; -1 not given */
	int from_header, trace, json, progress, help, version;
	char **recipients; /* those of argv, moved to its front */
	int n_recipients;
};

/* 0, or the failure's status.  argv is reordered. */
int settings_read(struct settings *s, int argc, char **argv, struct failure *f);
void settings_help(void);

#endif
