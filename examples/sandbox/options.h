/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The command line.
 */
#ifndef SANDBOX_OPTIONS_H
#define SANDBOX_OPTIONS_H

#include "behaviour.h"

enum listen_mode { MODE_STARTTLS, MODE_IMPLICIT, MODE_NONE, MODE_SOCKS5, MODE_HTTP };

struct listen_spec {
	struct listen_spec *next;
	char *name;
	char *address; /* NULL: those of --address */
	int port; /* 0: any free one */
	char *path; /* of a Unix socket, in place of address and port; or NULL */
	enum listen_mode mode;
};

struct user {
	struct user *next;
	char *name;
	char *password;
	long long uses; /* of a token, so far */
};

struct address {
	struct address *next;
	char *text;
};

struct options {
	struct listen_spec *listeners;
	struct address *addresses;
	struct user *users;
	struct user *tokens; /* OAuth 2.0: name and token */
	struct rule *rules;
	char *host_name;
	char *ready_file, *dir, *log;
	int keep, print, judge;
	long long count; /* 0: no limit */
	long long seconds; /* 0: no limit */
	int help, version;
};

/* 0, or -1 after a message on stderr. */
int options_parse(struct options *o, int argc, char **argv);
void options_free(struct options *o);
void options_help(void);
const char *mode_name(enum listen_mode mode);
int is_proxy(enum listen_mode mode);

#endif
