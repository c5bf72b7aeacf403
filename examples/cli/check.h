/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the command line and the environment of postern-check say.
 */
#ifndef CLI_CHECK_H
#define CLI_CHECK_H

#include "common.h"
#include "failure.h"

struct check { /* the strings are those of the command line */
	struct common common;
	char *compare;
	int all;
};

/* 0, or the failure's status. */
int check_read(struct check *c, int argc, char **argv, struct failure *f);
void check_help(void);

#endif
