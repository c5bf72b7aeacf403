/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The options that postern-send and postern-check share: the service, how to reach it and to sign
 * in, and what to show.
 */
#ifndef CLI_COMMON_H
#define CLI_COMMON_H

#include "failure.h"
#include "option.h"

struct common { /* the strings are those of the command line; NULL or 0: not given */
	char *server; /* may hold a password */
	char *user, *password_file, *token_command;
	char *auth, *ports, *proxy; /* proxy: the same */
	char *source, *name, *cafile, *pin;
	char *cert, *key, *key_password_file, *tls_min;
	int binding, pin_only, staple;
	int timeout; /* seconds; -1 not given */
	int trace, json, progress, help, version;
};

extern const struct option common_options[];

/* What holds between them, then the server from the environment, if none is named.  0, or the
 * failure's status. */
int common_check(struct common *c, struct failure *f);
/* Whole seconds, from least on: into c->timeout. */
int common_timeout(struct common *c, const char *value, int least, struct failure *f);

/* Parts of --help. */
void common_help_service(void);
void common_help_output(void);

#endif
