/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The message: opened once, its header read into memory, the rest handed on as it comes, whatever
 * its size.
 */
#ifndef CLI_MESSAGE_H
#define CLI_MESSAGE_H

#include <stddef.h>

#include "failure.h"
#include "str.h"

struct message {
	int fd;
	struct str read; /* the header as it came, and what was read with it */
	size_t header; /* how much of that is the header */
	struct str kept; /* the header that is sent */
	size_t given; /* of kept and of the rest of read, together */
	long long size; /* of a regular file; -1 for others */
	char path[24]; /* to open it once more, if it is sent as it is; "" if that cannot be */
	long long passed; /* octets taken from the descriptor */
	int waiting; /* the reader said "later": poll fd */
	int error; /* errno of the read that failed */
	int ended, cut; /* cut: the file got shorter meanwhile */
};

/* file: NULL or "-" for standard input.  0, or the failure's status. */
int message_open(struct message *m, const char *file, struct failure *f);
void message_close(struct message *m);

/* From the message's fields: the sender's address into from; recipients are added to out.  Both 0,
 * or the failure's status. */
int message_sender(const struct message *m, struct str *from, struct failure *f);
int message_recipients(const struct message *m, struct list *out, struct failure *f);

/* The field that recipient comes from, or NULL. */
const char *message_field_of(const struct message *m, const char *recipient);

/* How many octets were handed to the library. */
long long message_handed(const struct message *m);

/* For postern_mail_set_reader(); arg is the message. */
ptrdiff_t message_read(void *arg, char *buf, size_t cap);

#endif
