/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection: socket, TLS, the delay of the line, and the count of turns.
 *
 * A turn is a time that the client waited for us: something that it needs was handed over, and it
 * had said nothing since we heard what that answers.  The TCP handshake is the first one; session
 * tickets are none.
 */
#ifndef BENCH_LINE_H
#define BENCH_LINE_H

#include <gnutls/gnutls.h>
#include <stdbool.h>
#include <stdint.h>

#include "smtp.h"

enum { MARKS = 16 };

struct door { /* a listener */
	const char *name;
	enum { PLAIN, STARTTLS, IMPLICIT } tls;
	bool chunking, login;
	int64_t delay; /* ns that the line holds back what we write: a round trip */
};

struct line {
	int fd;
	const struct door *door;
	gnutls_session_t tls;
	bool up, gone;
	uint32_t watched;
	struct smtp smtp;
	uint64_t heard; /* times that the client said something */
	unsigned turns, held;
	unsigned long marked; /* mails whose acceptance the client has been told */
	unsigned marks[MARKS]; /* turns until then, of the first ones */
	unsigned mark; /* ... and of the last one */
	int64_t opened, first, last, due;
	char *unsent;
	size_t unsent_len;
	const char *in; /* what TLS has not taken yet */
	size_t in_len;
};

int64_t now_ns(void);

/* NULL: out of memory; fd is closed then. */
struct line *line_open(int fd, const struct door *door, gnutls_certificate_credentials_t cred,
		       const gnutls_datum_t *ticket_key);
/* False: it is over, and has been closed. */
bool line_read(struct line *l);
bool line_write(struct line *l);

/* Hand over what the delay has held back.  Gives the ns until there is more to do, -1 for never. */
int64_t line_deliver(void);

/* Told of each line that is over, before it is freed. */
void line_over(const struct line *l);

#endif
