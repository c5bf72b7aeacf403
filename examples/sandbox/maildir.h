/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Accepted messages: DIR/Maildir/new/NAME holds exactly the octets received, dots unstuffed;
 * DIR/envelopes/NAME.json holds the envelope.
 */
#ifndef SANDBOX_MAILDIR_H
#define SANDBOX_MAILDIR_H

#include <stddef.h>

/* A parameter of MAIL or RCPT, decoded. */
struct value {
	struct value *next;
	const char *key; /* in capitals */
	char *text; /* NULL: the key alone */
};

struct recipient {
	struct recipient *next;
	char *address;
	char *parameters; /* as sent */
	struct value *values;
};

struct envelope {
	char *reverse_path;
	char *parameters;
	struct value *values;
	struct recipient *recipients;
	unsigned count;
	char *hello; /* the name given in EHLO */
	char *user; /* NULL: not authenticated */
	char *mechanism; /* NULL: not authenticated */
	const char *tls; /* "TLS1.3", or "clear" */
	const char *listener;
	int port;
	int chunked; /* by BDAT */
	int answered; /* the whole reply left */
};

struct message;

const struct value *value_find(const struct value *v, const char *key);
void values_free(struct value **v);

int maildir_open(const char *dir); /* 0, or -1 with errno */
void maildir_close(void);

struct message *message_new(void); /* NULL with errno */
int message_write(struct message *m, const char *p, size_t n);
/* Into new/, with its envelope: 0, or -1 with errno.  m is freed either way. */
int message_keep(struct message *m, const struct envelope *e, int print);
void message_drop(struct message *m);
const char *message_id(const struct message *m); /* the queue id */

#endif
