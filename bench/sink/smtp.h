/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The server's side of a session: it accepts everything and keeps nothing.
 */
#ifndef BENCH_SMTP_H
#define BENCH_SMTP_H

#include <stdbool.h>
#include <stddef.h>

enum { SMTP_LINE = 2048, REPLIES = 65536 };

struct replies { /* what is to be written once the input is used up */
	char text[REPLIES];
	size_t len;
};

struct smtp {
	bool chunking, starttls, login; /* what EHLO offers */
	bool begin_tls, quit; /* what the last command asks for */
	enum { COMMAND, RESPONSE, CONTENT, CHUNK } reading;
	int dot; /* octets of CRLF.CRLF seen */
	size_t chunk_left; /* of a BDAT */
	bool last, mail;
	unsigned recipients;
	unsigned long accepted, octets; /* mails, and their content */
	size_t line_len;
	char line[SMTP_LINE]; /* one that has not come whole */
};

void smtp_greet(struct replies *out);

/* Uses the input and adds the replies; stops behind STARTTLS and QUIT, and when there is no room
 * for more replies.  Gives the octets used; (size_t)-1: a line is too long. */
size_t smtp_feed(struct smtp *s, const char *in, size_t len, struct replies *out);

#endif
