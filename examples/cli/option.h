/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The words of a command line, one after the other: --name VALUE, --name=VALUE, -x VALUE, -xVALUE,
 * -xyz, "--" before what only looks like an option, and everything else.
 */
#ifndef CLI_OPTION_H
#define CLI_OPTION_H

#include <stddef.h>

struct option { /* the table ends with a NULL name */
	const char *name; /* with its "--" or "-" */
	int id; /* over 0 */
	int value; /* 1: takes one */
	size_t place; /* for OPTION_TEXT and OPTION_FLAG: where in a struct it is kept */
};

/* Ids of the options that are only kept: as a char *, or as an int that becomes 1. */
enum { OPTION_TEXT = 1000, OPTION_FLAG };

struct words { /* start with the tables, argc and argv; at is 1 */
	const struct option *table, *shared; /* shared: a second one, or NULL */
	const struct option *option; /* the one just read */
	int is_shared; /* it is of the second table */
	int argc, at;
	char **argv;
	char *cluster; /* what is left of "-xyz" */
	int over; /* "--" was seen */
	char *value; /* of the option, or the word itself */
	char why[200]; /* for WORD_BAD: one sentence */
};

enum { WORD_END = 0, WORD_PLAIN = -1, WORD_BAD = -2 };

int words_next(struct words *w); /* an id, or one of those above */

/* Keep the option just read, of one of the two kinds, in the struct that its place is in. */
void words_keep(const struct words *w, void *into);

#endif
