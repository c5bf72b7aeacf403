/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The server as it should be (RFC 5321, 6409), but for what the listener's rules change.
 *   smtp.c      the session: lines in, replies out, rules applied
 *   commands.c  what each command does
 *   auth.c      AUTH
 *   parameters.c  those of MAIL and RCPT
 *   content.c   DATA and BDAT
 */
#ifndef SANDBOX_SMTP_H
#define SANDBOX_SMTP_H

#include "behaviour.h"
#include "bytes.h"
#include "dots.h"
#include "judge.h"
#include "maildir.h"

struct conn;
struct sasl;

enum smtp_state { SMTP_GREETING, SMTP_COMMAND, SMTP_AUTH, SMTP_DATA, SMTP_BDAT, SMTP_DEAF };

struct smtp {
	enum smtp_state state;
	enum { NO_HELLO, HELLO_HELO, HELLO_EHLO } hello;
	struct envelope envelope;
	int mail; /* a transaction is open */
	int bdat; /* ... and has had a chunk */
	int binary; /* ... of BODY=BINARYMIME */
	int eight; /* ... or of BODY=8BITMIME */
	int authenticated;
	struct sasl *sasl;
	unsigned times[COMMAND_COUNT]; /* answered so far */
	int waited; /* the delay of the command at hand is over */
	int refusing; /* the greeting was a refusal */
	int long_line; /* the rest of the line is to be thrown away */
	unsigned errors, refused_auth;
	long long mails; /* MAIL that took effect */
	struct message *message; /* the content being written */
	int write_failed;
	enum dots data;
	long long octets; /* of content so far, as received */
	long long chunk_left; /* BDAT */
	int chunk_last, chunk_refused;
	struct judge judge;
};

struct smtp *smtp_new(struct conn *c);
void smtp_free(struct smtp *s);
void smtp_run(struct conn *c); /* do what `in` allows */
void smtp_tls_up(struct conn *c);
void smtp_stop(struct conn *c); /* the server is shutting down: 421 */

/* Answer: the rule's words if there is one, else these.  status: "2.1.0", or "" for none.
 * 1 if the command took effect, judged by the reply that was given. */
int smtp_answer(struct conn *c, enum command command, int code, const char *status,
		const char *text);
/* The same for what no rule can change. */
void smtp_reply(struct conn *c, int code, const char *status, const char *text);
/* What TLS is to carry ahead of an answer. */
void smtp_extras(struct conn *c, enum command command);
/* A rule's words: sent as one reply. Gives its code. */
int smtp_say(struct conn *c, const char *text, size_t len);

void smtp_command(struct conn *c, const char *line, size_t n); /* commands.c; without its CRLF */
void smtp_auth(struct conn *c, const char *arg, size_t n); /* auth.c */
void smtp_auth_line(struct conn *c, const char *line, size_t n);
const char *smtp_mechanisms(const struct conn *c); /* that are offered now; NULL: no AUTH */
void smtp_reset(struct conn *c); /* end of a transaction */

/* Bits of enum capability: what the reply to the last EHLO offered, and what of it is meant. */
unsigned smtp_offers(const struct conn *c);
unsigned smtp_understands(const struct conn *c);

int content_data(struct conn *c); /* content.c: 1 if something was used up */
int content_bdat(struct conn *c);
void content_begin_data(struct conn *c);
void content_begin_bdat(struct conn *c, long long octets, int last);

#endif
