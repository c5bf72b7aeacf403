/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the command line and the environment of postern-send say.
 */
#ifndef CLI_SETTINGS_H
#define CLI_SETTINGS_H

#include "common.h"
#include "extras.h"
#include "failure.h"

struct settings { /* the strings are those of the command line */
	struct common common;
	struct extras extras;
	char *message; /* a file; NULL for standard input */
	char *from; /* NULL: from the message */
	int from_header;
	int nothing; /* of options without a meaning here */
	char **recipients; /* those of argv, moved to its front */
	int n_recipients;
};

/* 0, or the failure's status.  argv is reordered. */
int settings_read(struct settings *s, int argc, char **argv, struct failure *f);
void settings_help(void);

#endif
