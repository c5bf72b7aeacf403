/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The log: one line an event, blanks between the fields, for tests and for people.
 *
 *   SECONDS CONNECTION LISTENER WHO STATE TURN TEXT
 *
 * WHO is C (the client's octets), S (the server's), * (an event) or ! (a violation).  STATE is
 * "clear" or the TLS version.  TURN is the number of times so far that the client waited for the
 * server: it grows when the server speaks after the client did.  TEXT is escaped.
 */
#ifndef SANDBOX_LOG_H
#define SANDBOX_LOG_H

#include <stddef.h>

struct conn;

int log_open(const char *file); /* NULL: none; "-": stdout.  -1: errno says why */
void log_close(void);
void log_text(const struct conn *c, char who, const char *s, size_t n); /* line by line */
void log_event(const struct conn *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
void log_violation(const struct conn *c, const char *format, ...)
	__attribute__((format(printf, 2, 3))); /* on stderr too */
unsigned log_violations(void);

#endif
