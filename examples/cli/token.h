/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An OAuth 2.0 token from a command: the first line that it prints.
 */
#ifndef CLI_TOKEN_H
#define CLI_TOKEN_H

#include <stddef.h>

struct token_command {
	char *command; /* for sh -c */
	int limit_ms; /* it is ended after this time; 0: never */
	char why[160]; /* why the last run gave no token; "" */
};

/* For postern_set_token(); arg is a struct token_command.  The command's standard input is empty,
 * its standard error is the program's, and POSTERN_TOKEN_REFUSED is 1 in its environment where the
 * server refused the token before. */
ptrdiff_t token_from_command(void *arg, const char *refusal, char *buf, size_t cap);

#endif
