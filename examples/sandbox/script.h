/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A conversation as data: what a server says, when, in what pieces, and what it expects to hear.
 * This is the parser only.  It reads a buffer, gives arrays of steps, and does nothing else, so the
 * same files drive the sandbox over real sockets and the library's core in memory.
 *
 * The grammar, one step a line; '#' at the start of a line or after a blank begins a comment.
 * An argument is a BYTES, a word without blanks, or a decimal number.
 *
 *   BYTES    "..." with \r \n \t \0 \\ \" \xNN; "..."*N is the string N times over; several strings
 *            in a row are joined: send "250 " "x"*600 "\r\n".  A word without blanks will do too,
 *            and is taken as it stands.
 *   GLOB     BYTES in which * is any octets and ? is one; \* \? \\ are those octets themselves.
 *            Compared with a line without its line end, ASCII case aside.
 *
 *   port N             the steps up to the next "port" are for connections to port N: the listener
 *                      of that name.  Said k times for one N, the kth connection gets the kth part;
 *                      further ones get the last.  Steps before any "port" are for all others.
 *   greet BYTES        send BYTES (for the first words of a server; the same as "send")
 *   send BYTES         send BYTES, inside TLS once there is TLS
 *   challenge BYTES    send "334 ", the base64 of BYTES, CR LF; in BYTES, %n is the nonce (r=) of
 * the client's last line, %% a percent sign expect GLOB        wait for one line of the client,
 * which must match expect-any         wait for one line maybe GLOB         as expect, but the
 * client may close instead: that ends the script well expect-data [X]    wait for content up to the
 * lone dot, and take the stuffed dots away; X is its SHA-256 in hexadecimal, or else the name of a
 * file it must equal expect-bdat [X]    wait for one line "BDAT n" or "BDAT n LAST" and its n
 * octets; X as above seg N [MS]         send everything from here on in pieces of N octets, MS
 * apart; 0: whole again cut K              the next send gets one more border, behind its octet K
 *   delay MS           wait
 *   tls CERT [MIN [MAX]]  TLS handshake as the server, with the certificate CERT ("good",
 * "expired",
 *                      ...: the names of postern-sandbox(1)); MIN and MAX are 1.0, 1.1, 1.2 or 1.3
 *   tls-raw BYTES      wait for the first octets of the client's handshake, swallow them, and send
 *                      BYTES in clear in place of a ServerHello; once there is TLS, send them at
 *                      once, between its records
 *   post tickets N     send N TLS 1.3 session tickets
 *   post keyupdate N   N TLS 1.3 key updates; every second one asks for the client's
 *   post hellorequest N  N TLS 1.2 HelloRequests
 *   post alerts N      N warning alerts
 *   post empty N       N records without data
 *   stop-read MS       read nothing from the client for MS, while the script goes on; 0: for ever
 *   fin                close the sending side: under TLS close_notify first
 *   truncate           close the sending side without close_notify
 *   rst                reset the connection; ends the script
 *   never GLOB         from here on, no line of the client may match (content lines do not count);
 *                      octets without a line end at the close of the connection count as a line
 *   limit-octets N     from here on the client may send N octets at most (inside TLS, if there is
 * TLS) repeat N ... end   the steps between, N times; 0: for ever.  Nested up to four deep
 *
 * After its last step the server is silent and waits for the client to close.
 *
 * For the client side; the sandbox itself ignores them, but for secret-seen:
 *   outcome CLASS[/FAULT]  ACCEPTED, PARTIAL, TRANSIENT, PERMANENT or IN_DOUBT, and a fault's id
 *   ports-tried LIST   the ports in the order the client must try them: "587,465"
 *   secret-seen no     no secret may have been sent in clear
 *   client BYTES       a setting of the client, "KEY=VALUE"
 */
#ifndef SANDBOX_SCRIPT_H
#define SANDBOX_SCRIPT_H

#include <stddef.h>

enum script_op {
	SCRIPT_SEND, /* text */
	SCRIPT_CHALLENGE, /* text: see script_challenge() */
	SCRIPT_EXPECT, /* text: a glob */
	SCRIPT_EXPECT_ANY, /* */
	SCRIPT_MAYBE, /* text: a glob */
	SCRIPT_EXPECT_DATA, /* number: enum script_check, text: digest or file name */
	SCRIPT_EXPECT_BDAT, /* as EXPECT_DATA */
	SCRIPT_SEG, /* number: octets, more: milliseconds */
	SCRIPT_CUT, /* number: octets */
	SCRIPT_DELAY, /* number: milliseconds */
	SCRIPT_TLS, /* text: certificate, number: least version, more: greatest; 0, or 10 to 13 */
	SCRIPT_TLS_RAW, /* text */
	SCRIPT_POST_TICKETS, /* number */
	SCRIPT_POST_KEYUPDATE, /* number */
	SCRIPT_POST_HELLOREQUEST, /* number */
	SCRIPT_POST_ALERTS, /* number */
	SCRIPT_POST_EMPTY, /* number */
	SCRIPT_STOP_READ, /* number: milliseconds, 0 for ever */
	SCRIPT_FIN,
	SCRIPT_TRUNCATE,
	SCRIPT_RST,
	SCRIPT_NEVER, /* text: a glob */
	SCRIPT_LIMIT_OCTETS, /* number */
	SCRIPT_REPEAT, /* number: times, 0 for ever; more: the index of its END in steps[] */
	SCRIPT_END, /* more: the index of its REPEAT in steps[] */
	/* the client's; only in about[] */
	SCRIPT_OUTCOME, /* number: 1 to 5 as POSTERN_ACCEPTED to POSTERN_IN_DOUBT; text: fault or ""
			 */
	SCRIPT_PORTS_TRIED, /* text: as written */
	SCRIPT_SECRET_SEEN, /* number: 0 */
	SCRIPT_CLIENT /* text: "KEY=VALUE" */
};

enum script_check { SCRIPT_CHECK_NONE = 0, SCRIPT_CHECK_SHA256 = 1, SCRIPT_CHECK_FILE = 2 };

struct script_step {
	enum script_op op;
	unsigned line; /* in the file, from 1 */
	long number;
	long more;
	char *text; /* len octets and a NUL; never NULL */
	size_t len;
};

struct script_part {
	unsigned port; /* 0: for every port that has no part of its own */
	unsigned line;
	size_t first; /* steps[first] to steps[first + count - 1] */
	size_t count;
};

struct script {
	struct script_step *steps;
	size_t n_steps;
	struct script_part *parts;
	size_t n_parts;
	struct script_step *about; /* for the client side, wherever they stood in the file */
	size_t n_about;
};

struct script_error {
	unsigned line; /* 0: out of memory */
	char text[128];
};

/* NULL on error, with *error filled in.  The result owns copies of everything. */
struct script *script_parse(const char *text, size_t len, struct script_error *error);
void script_free(struct script *s); /* NULL is nothing */

/* The part for the nth connection (from 0) to this port; NULL if the script has none for it. */
const struct script_part *script_part(const struct script *s, unsigned port, unsigned nth);

/* 1 if the line (without its line end) matches the glob of a step. */
int script_glob(const char *glob, size_t nglob, const char *line, size_t len);

/* The octets that a CHALLENGE step sends, to be freed; line is the client's last one, from which
 * the nonce comes: the base64 response alone, or behind "AUTH MECHANISM ".  NULL when out of
 * memory. */
char *script_challenge(const struct script_step *step, const char *line, size_t len, size_t *out);

/* The name of a step as written in a file, for messages. */
const char *script_name(enum script_op op);

#endif
