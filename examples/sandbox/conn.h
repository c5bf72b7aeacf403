/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection: octets from the socket through TLS, if there is TLS, to what reads them, and
 * back.
 *
 *   socket -> raw_in -> [TLS] -> in         out -> [TLS] -> raw_out -> socket
 */
#ifndef SANDBOX_CONN_H
#define SANDBOX_CONN_H

#include "behaviour.h"
#include "bytes.h"
#include "options.h"
#include "tls.h"

#define CONN_WINDOW 65536 /* octets kept in each direction before waiting */

struct server;
struct smtp;
struct play;
struct proxy;
struct forward;

struct listener {
	struct listener *next;
	const struct listen_spec *spec;
	struct behaviour does;
	char *address;
	int port; /* the real one */
	int fd;
	int fillers[8]; /* our own connections, which keep a stalled listener's queue full */
	unsigned accepted;
	long long tokens_refused;
};

enum tls_state { TLS_OFF, TLS_SHAKING, TLS_ON };

enum closing {
	OPEN,
	CLOSE_CLEAN, /* what is queued is sent, close_notify, FIN */
	CLOSE_TRUNCATE, /* what is queued is sent, FIN */
	CLOSE_RESET, /* at once */
	LINGER, /* all said; reading until the client closes too */
	CLOSED
};

struct conn {
	struct conn *next;
	struct server *server;
	struct listener *listener;
	struct smtp *smtp; /* one of these four */
	struct play *play;
	struct proxy *proxy;
	struct forward *forward;
	int fd;
	unsigned id;
	unsigned nth; /* on its listener, from 0 */
	char peer[64];
	struct bytes raw_in, in, out, raw_out;
	struct tls tls;
	enum tls_state tls_state;
	enum closing closing;
	long long now; /* milliseconds */
	long long hold; /* nothing is read from `in` before */
	long long piece_at; /* nothing more is sent before */
	long long read_at; /* nothing is received before; -1: never again */
	long long close_at; /* the connection ends then; 0: no limit */
	long seg, gap; /* pieces of so many octets, so many milliseconds apart; 0: whole */
	size_t border; /* one piece ends behind so many octets of out; 0: no */
	enum { UNCUT, CUT_ARMED, CUT_DUE, CUT_DONE } cut_state;
	enum cut cut_how;
	unsigned long long cut_left; /* octets that may still be said */
	unsigned long long unsent; /* what was to be said and was not */
	int connecting; /* ours, and not there yet */
	int eof; /* the client has closed its side */
	int tls_seen; /* the first octets of a handshake have come */
	int tls_over; /* TLS ended, or broke */
	int shut; /* we have closed ours */
	int heard; /* the client has spoken since we did */
	int quiet; /* what we send does not make a turn */
	int muted; /* ... and is not logged */
	unsigned turn;
	unsigned long long octets_in, octets_out;
};

struct conn *conn_new(struct server *server, struct listener *listener, int fd, const char *peer);
/* The way on of a proxy's connection, over a socket that is connecting. */
struct conn *conn_onward(struct conn *near, int fd);
void conn_free(struct conn *c);

/* What to poll for, and when to come at the latest (-1: no limit). */
short conn_events(const struct conn *c);
long long conn_wake(const struct conn *c);
void conn_run(struct conn *c, long long now, short revents);

void conn_send(struct conn *c, const char *p, size_t n);
void conn_pass(struct conn *c, const char *p, size_t n); /* the same for another's words */
/* The server begins to speak: one turn if the client has spoken since. */
void conn_take_turn(struct conn *c);
void conn_close(struct conn *c, enum closing how, const char *reason);
void conn_hurry(struct conn *c); /* the server ends: do not wait long for the client */
void conn_fin(struct conn *c, int notify); /* close the sending side only */

/* The rule for the nth time that this command is answered here, or NULL. */
const struct rule *conn_rule(const struct conn *c, enum rule_kind kind, enum command command,
			     unsigned nth);
/* The same for cuts: from here on the connection's words are counted. */
void conn_cut(struct conn *c, enum command command, unsigned nth);

/* Octets of the first line of `in` with its LF; 0: not there yet. */
size_t conn_line(const struct conn *c);

#endif
