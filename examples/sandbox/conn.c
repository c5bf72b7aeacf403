/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conn.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certs.h"
#include "log.h"
#include "play.h"
#include "server.h"
#include "smtp.h"

#define LINGER_MS 2000
#define STOPPING_MS 200 /* the same when the server ends */
#define IDLE_MS (300 * 1000) /* RFC 5321 4.5.3.2.7 */
#define TICKETS 2

struct conn *conn_new(struct server *server, struct listener *listener, int fd, const char *peer)
{
	struct conn *c = alloc(sizeof(*c));
	int one = 1;

	c->server = server;
	c->listener = listener;
	c->fd = fd;
	c->id = ++server->connections;
	c->nth = listener->accepted++;
	c->now = server_now();
	c->close_at = c->now + IDLE_MS;
	snprintf(c->peer, sizeof(c->peer), "%s", peer);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	log_event(c, "open %s", peer);
	if (listener->does.script)
		c->play = play_new(c);
	if (!c->play)
		c->smtp = smtp_new(c);
	return c;
}

void conn_free(struct conn *c)
{
	smtp_free(c->smtp);
	play_free(c->play);
	if (c->tls)
		gnutls_deinit(c->tls);
	if (c->fd >= 0)
		close(c->fd);
	bytes_free(&c->raw_in);
	bytes_free(&c->in);
	bytes_free(&c->out);
	bytes_free(&c->raw_out);
	free(c);
}

/* The server begins to speak: one turn if the client has spoken since. */
static void take_turn(struct conn *c)
{
	if (c->quiet || (c->turn && !c->heard))
		return;
	c->turn++;
	c->heard = 0;
}

void conn_send(struct conn *c, const char *p, size_t n)
{
	if (c->closing >= LINGER || c->shut)
		return;
	take_turn(c);
	if (!c->muted)
		log_text(c, 'S', p, n);
	bytes_add(&c->out, p, n);
}

size_t conn_line(const struct conn *c)
{
	const char *lf = c->in.n ? memchr(c->in.p, '\n', c->in.n) : NULL;

	return lf ? (size_t)(lf - c->in.p) + 1 : 0;
}

/* ---- TLS ---- */

static ssize_t pull(gnutls_transport_ptr_t at, void *p, size_t n)
{
	struct conn *c = at;

	if (c->raw_in.n == 0) {
		if (c->eof)
			return 0;
		gnutls_transport_set_errno(c->tls, EAGAIN);
		return -1;
	}
	if (n > c->raw_in.n)
		n = c->raw_in.n;
	memcpy(p, c->raw_in.p, n);
	bytes_drop(&c->raw_in, n);
	return (ssize_t)n;
}

static int pull_timeout(gnutls_transport_ptr_t at, unsigned ms)
{
	struct conn *c = at;

	(void)ms;
	return c->raw_in.n > 0 || c->eof;
}

static ssize_t push(gnutls_transport_ptr_t at, const void *p, size_t n)
{
	struct conn *c = at;

	if (c->tls_state == TLS_SHAKING)
		take_turn(c);
	bytes_add(&c->raw_out, p, n);
	return (ssize_t)n;
}

static void priority(char *out, size_t n, int min, int max)
{
	static const char *const names[] = {"1.0", "1.1", "1.2", "1.3"};
	size_t used = (size_t)snprintf(out, n, "%s",
				       min < 12 ? "NORMAL:%COMPAT:+SHA1:+SIGN-ALL:-VERS-ALL"
						: "NORMAL:-VERS-ALL");

	for (int v = min; v <= max && used < n; v++)
		used += (size_t)snprintf(out + used, n - used, ":+VERS-TLS%s", names[v - 10]);
}

/* The key for session tickets; they cannot be resumed with across runs. */
static gnutls_datum_t *ticket_key(void)
{
	static unsigned char octets[64];
	static gnutls_datum_t key = {octets, sizeof(octets)};
	static int made;

	if (!made && gnutls_rnd(GNUTLS_RND_KEY, octets, sizeof(octets)) >= 0)
		made = 1;
	return &key;
}

/* n octets of out, encrypted if there is TLS. */
static void encode(struct conn *c, size_t n)
{
	size_t at = 0;

	if (c->tls_state != TLS_ON) {
		bytes_add(&c->raw_out, c->out.p, n);
		return;
	}
	while (at < n) {
		ssize_t sent = gnutls_record_send(c->tls, c->out.p + at, n - at);

		if (sent < 0 && gnutls_error_is_fatal((int)sent)) {
			conn_close(c, CLOSE_RESET, "TLS cannot send");
			return;
		}
		if (sent > 0)
			at += (size_t)sent;
	}
}

int conn_start_tls(struct conn *c, const char *certificate, int min, int max)
{
	gnutls_certificate_credentials_t credentials = certs_credentials(certificate);
	char text[160];
	int rc;

	if (!credentials || c->tls)
		return -1;
	rc = gnutls_init(&c->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_AUTO_SEND_TICKET);
	if (rc < 0) {
		c->tls = NULL;
		return -1;
	}
	priority(text, sizeof(text), min, max);
	rc = gnutls_priority_set_direct(c->tls, text, NULL);
	if (rc >= 0)
		rc = gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, credentials);
	if (rc >= 0)
		rc = gnutls_session_ticket_enable_server(c->tls, ticket_key());
	if (rc < 0) {
		log_event(c, "TLS cannot be started: %s", gnutls_strerror(rc));
		return -1;
	}
	gnutls_handshake_set_timeout(c->tls, GNUTLS_INDEFINITE_TIMEOUT);
	gnutls_transport_set_ptr(c->tls, c);
	gnutls_transport_set_pull_function(c->tls, pull);
	gnutls_transport_set_pull_timeout_function(c->tls, pull_timeout);
	gnutls_transport_set_push_function(c->tls, push);
	encode(c, c->out.n); /* what was said before TLS leaves in clear */
	bytes_drop(&c->out, c->out.n);
	c->tls_state = TLS_SHAKING;
	return 0;
}

static void tls_is_up(struct conn *c)
{
	c->tls_state = TLS_ON;
	c->tls_version = gnutls_protocol_get_name(gnutls_protocol_get_version(c->tls));
	log_event(c, "TLS up %s%s", c->tls_version,
		  gnutls_session_is_resumed(c->tls) ? " resumed" : "");
	if (gnutls_protocol_get_version(c->tls) == GNUTLS_TLS1_3) {
		c->quiet = 1; /* nobody waits for a ticket */
		gnutls_session_ticket_send(c->tls, TICKETS, 0);
		c->quiet = 0;
	}
	if (c->smtp)
		smtp_tls_up(c);
}

/* 1 if something happened. */
static int shake(struct conn *c)
{
	int rc = gnutls_handshake(c->tls);

	if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED)
		return 0;
	if (rc == GNUTLS_E_SUCCESS) {
		tls_is_up(c);
		return 1;
	}
	if (!gnutls_error_is_fatal(rc))
		return 1;
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		log_event(c, "TLS failed: the client sent the alert \"%s\"",
			  gnutls_alert_get_name(gnutls_alert_get(c->tls)));
	else
		log_event(c, "TLS failed: %s", gnutls_strerror(rc));
	gnutls_alert_send_appropriate(c->tls, rc);
	conn_close(c, CLOSE_TRUNCATE, "TLS failed");
	return 1;
}

static int decrypt(struct conn *c)
{
	char text[16384];
	int some = 0;

	while (c->in.n < CONN_WINDOW) {
		size_t before = c->raw_in.n;
		ssize_t n = gnutls_record_recv(c->tls, text, sizeof(text));

		if (n > 0) {
			bytes_add(&c->in, text, (size_t)n);
			some = 1;
		} else if (n == 0 || (n < 0 && gnutls_error_is_fatal((int)n))) {
			if (n < 0 && !(n == GNUTLS_E_PREMATURE_TERMINATION && c->eof) && !c->shut)
				log_event(c, "TLS broke: %s", gnutls_strerror((int)n));
			else if (n == 0)
				log_event(c, "close_notify received");
			c->eof = c->tls_over = 1;
			bytes_free(&c->raw_in);
			return 1;
		} else if (n == GNUTLS_E_REHANDSHAKE) {
			gnutls_alert_send(c->tls, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
		} else if (n == GNUTLS_E_AGAIN && c->raw_in.n == before) {
			break; /* a ticket or an alert may have been swallowed: only then go on */
		}
	}
	return some;
}

/* From raw_in to in; 1 if something happened. */
static int take_in(struct conn *c)
{
	size_t room = c->in.n < CONN_WINDOW ? CONN_WINDOW - c->in.n : 0;

	if (c->tls_state == TLS_SHAKING) {
		if (c->raw_in.n && !c->tls_seen && c->smtp)
			judge_first_tls(c);
		c->tls_seen |= c->raw_in.n > 0;
		return shake(c);
	}
	if (c->tls_state == TLS_ON)
		return c->tls_over ? 0 : decrypt(c);
	if (room > c->raw_in.n)
		room = c->raw_in.n;
	bytes_add(&c->in, c->raw_in.p, room);
	bytes_drop(&c->raw_in, room);
	return room > 0;
}

/* ---- out ---- */

/* Octets of out that may leave now, in one piece. */
static size_t piece(const struct conn *c)
{
	size_t n = c->out.n;

	if (c->seg && n > (size_t)c->seg)
		n = (size_t)c->seg;
	if (c->border && n > c->border)
		n = c->border;
	return n;
}

static int flush(struct conn *c)
{
	while (c->raw_out.n) {
		ssize_t n = send(c->fd, c->raw_out.p, c->raw_out.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0) {
			log_event(c, "cannot send: %s", strerror(errno));
			c->closing = CLOSED;
			return 0;
		}
		c->octets_out += (unsigned long long)n;
		bytes_drop(&c->raw_out, (size_t)n);
	}
	return 1;
}

/* Everything that may leave now; 1 if something did. */
static int give_out(struct conn *c)
{
	size_t waiting = c->raw_out.n;
	int some = 0;

	if (c->tls_state == TLS_SHAKING || c->closing >= LINGER) {
		flush(c);
		return 0;
	}
	while (flush(c) && c->out.n && c->now >= c->piece_at) {
		size_t n = piece(c);

		encode(c, n);
		if (c->closing >= LINGER)
			return 1;
		bytes_drop(&c->out, n);
		if (c->border)
			c->border = n < c->border ? c->border - n : 0;
		if (c->out.n)
			c->piece_at = c->now + (c->gap ? c->gap : 1);
		some = 1;
	}
	return some || (waiting && c->raw_out.n == 0);
}

void conn_fin(struct conn *c, int notify)
{
	if (c->shut)
		return;
	if (c->tls_state == TLS_ON && notify)
		gnutls_bye(c->tls, GNUTLS_SHUT_WR);
	flush(c);
	shutdown(c->fd, SHUT_WR);
	c->shut = 1;
}

/* ---- the end ---- */

void conn_close(struct conn *c, enum closing how, const char *reason)
{
	if (c->closing != OPEN && how != CLOSE_RESET)
		return;
	if (c->closing < LINGER)
		log_event(c, "closing: %s", reason);
	c->closing = how;
}

static void reset(struct conn *c)
{
	struct linger hard = {1, 0};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	c->closing = CLOSED;
}

/* Go on with closing, once everything queued is sent. */
static void finish(struct conn *c)
{
	if (c->closing == CLOSE_RESET)
		reset(c);
	if (c->closing == OPEN || c->closing >= LINGER)
		return;
	if (c->raw_out.n || (c->out.n && c->tls_state != TLS_SHAKING))
		return;
	conn_fin(c, c->closing == CLOSE_CLEAN);
	c->closing = c->eof ? CLOSED : LINGER; /* so that no RST overtakes the last reply */
	c->close_at = c->now + (c->server->stopping ? STOPPING_MS : LINGER_MS);
}

static void end(struct conn *c)
{
	log_event(c, "close turns=%u in=%llu out=%llu", c->turn, c->octets_in, c->octets_out);
	close(c->fd);
	c->fd = -1;
}

/* The client has closed its side, and all it sent was read. */
static void client_closed(struct conn *c)
{
	if (c->closing != OPEN)
		return;
	log_event(c, "the client closed");
	if (c->play)
		play_closed(c);
	conn_close(c, CLOSE_CLEAN, "the client closed");
}

void conn_hurry(struct conn *c)
{
	if (c->closing == LINGER)
		c->close_at = server_now() + STOPPING_MS;
}

/* ---- the loop's side ---- */

static int may_read(const struct conn *c)
{
	return !c->eof && c->read_at >= 0 && c->now >= c->read_at && c->raw_in.n < CONN_WINDOW &&
	       c->in.n < CONN_WINDOW;
}

short conn_events(const struct conn *c)
{
	int events = may_read(c) || c->closing == LINGER ? POLLIN : 0;

	if (c->raw_out.n)
		events |= POLLOUT;
	return (short)events;
}

static void sooner(long long *when, long long at, long long now)
{
	if (at > now && (*when < 0 || at < *when))
		*when = at;
}

long long conn_wake(const struct conn *c)
{
	long long when = -1;

	sooner(&when, c->hold, c->now);
	sooner(&when, c->read_at, c->now);
	if (c->out.n)
		sooner(&when, c->piece_at, c->now);
	sooner(&when, c->close_at, c->now);
	if (c->play && c->closing == OPEN && play_awake(c))
		when = c->now;
	return when;
}

static void receive(struct conn *c)
{
	char text[CONN_WINDOW];
	ssize_t n = recv(c->fd, text, sizeof(text), 0);

	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	if (n < 0)
		log_event(c, "the client reset the connection: %s", strerror(errno));
	if (n <= 0) {
		c->eof = 1;
		return;
	}
	c->octets_in += (unsigned long long)n;
	if (c->closing == LINGER)
		return;
	c->heard = 1;
	c->close_at = c->now + IDLE_MS;
	bytes_add(&c->raw_in, text, (size_t)n);
}

static void talk(struct conn *c)
{
	size_t before;
	int again;

	do {
		again = take_in(c);
		before = c->in.n;
		if (c->closing == OPEN && c->now >= c->hold && c->tls_state != TLS_SHAKING) {
			if (c->play)
				play_run(c);
			else
				smtp_run(c);
		}
		again |= c->in.n != before;
		again |= give_out(c);
		finish(c);
	} while (again && c->closing == OPEN && c->raw_out.n < CONN_WINDOW);
}

void conn_run(struct conn *c, long long now, short revents)
{
	c->now = now;
	if (revents && (may_read(c) || c->closing == LINGER))
		receive(c);
	if (c->closing != LINGER)
		talk(c);
	if (c->closing == OPEN && c->eof && now >= c->hold && !(c->play && play_awake(c)) &&
	    !c->out.n)
		client_closed(c);
	if (c->closing == OPEN && now >= c->close_at)
		conn_close(c, CLOSE_CLEAN, "idle");
	finish(c);
	if (c->closing == LINGER && (c->eof || now >= c->close_at))
		c->closing = CLOSED;
	if (c->closing == CLOSED && c->fd >= 0)
		end(c);
}
