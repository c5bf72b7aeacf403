/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "conn.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "forward.h"
#include "log.h"
#include "play.h"
#include "proxy.h"
#include "server.h"
#include "smtp.h"

#define LINGER_MS 2000
#define STOPPING_MS 200 /* the same when the server ends */
#define IDLE_MS (300 * 1000) /* RFC 5321 4.5.3.2.7 */

static struct conn *begin(struct server *server, struct listener *listener, int fd)
{
	struct conn *c = alloc(sizeof(*c));
	int one = 1;

	c->server = server;
	c->listener = listener;
	c->fd = fd;
	c->id = ++server->connections;
	c->now = server_now();
	c->close_at = c->now + IDLE_MS;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return c;
}

struct conn *conn_new(struct server *server, struct listener *listener, int fd, const char *peer)
{
	struct conn *c = begin(server, listener, fd);

	c->nth = listener->accepted++;
	snprintf(c->peer, sizeof(c->peer), "%s", peer);
	log_event(c, "open %s", peer);
	if (listener->does.script)
		c->play = play_new(c);
	if (!c->play && is_proxy(listener->spec->mode))
		c->proxy = proxy_new(c);
	else if (!c->play && listener->does.forward)
		c->forward = forward_new(c);
	else if (!c->play)
		c->smtp = smtp_new(c);
	return c;
}

struct conn *conn_onward(struct conn *near, int fd)
{
	struct conn *c = begin(near->server, near->listener, fd);

	c->connecting = 1;
	if (near->forward)
		c->forward = forward_far(near);
	else
		c->proxy = proxy_far(near);
	server_add(c->server, c);
	return c;
}

const struct rule *conn_rule(const struct conn *c, enum rule_kind kind, enum command command,
			     unsigned nth)
{
	return behaviour_rule(&c->listener->does, kind, command, nth, c->nth + 1);
}

void conn_cut(struct conn *c, enum command command, unsigned nth)
{
	const struct rule *r = conn_rule(c, RULE_CUT, command, nth);

	if (!r || c->cut_state != UNCUT)
		return;
	c->cut_left = (unsigned long long)r->number;
	c->cut_how = (enum cut)r->more;
	c->cut_state = c->cut_left ? CUT_ARMED : CUT_DUE;
}

void conn_free(struct conn *c)
{
	smtp_free(c->smtp);
	play_free(c->play);
	proxy_free(c);
	forward_free(c);
	tls_free(c);
	if (c->fd >= 0)
		close(c->fd);
	bytes_free(&c->raw_in);
	bytes_free(&c->in);
	bytes_free(&c->out);
	bytes_free(&c->raw_out);
	free(c);
}

/* The server begins to speak: one turn if the client has spoken since. */
void conn_take_turn(struct conn *c)
{
	if (c->quiet || (c->turn && !c->heard))
		return;
	c->turn++;
	c->heard = 0;
}

/* How many of n octets may still be said. */
static size_t uncut(struct conn *c, size_t n)
{
	if (c->closing >= LINGER || c->shut || c->cut_state >= CUT_DUE)
		return 0;
	if (c->cut_state == UNCUT)
		return n;
	if (n > c->cut_left)
		n = (size_t)c->cut_left;
	c->cut_left -= n;
	if (c->cut_left == 0)
		c->cut_state = CUT_DUE;
	return n;
}

void conn_send(struct conn *c, const char *p, size_t n)
{
	size_t all = n;

	n = uncut(c, n);
	c->unsent += all - n;
	if (n == 0)
		return;
	conn_take_turn(c);
	if (!c->muted)
		log_text(c, 'S', p, n);
	bytes_add(&c->out, p, n);
}

void conn_pass(struct conn *c, const char *p, size_t n)
{
	size_t some = uncut(c, n);

	c->unsent += n - some;
	bytes_add(&c->out, p, some);
}

size_t conn_line(const struct conn *c)
{
	const char *lf = c->in.n ? memchr(c->in.p, '\n', c->in.n) : NULL;

	return lf ? (size_t)(lf - c->in.p) + 1 : 0;
}

/* ---- in ---- */

/* n octets of out, encrypted if there is TLS. */
static void encode(struct conn *c, size_t n)
{
	if (c->tls_state == TLS_ON)
		tls_encrypt(c, n);
	else
		bytes_add(&c->raw_out, c->out.p, n);
}

/* From raw_in to in; 1 if something happened. */
static int take_in(struct conn *c)
{
	size_t room = c->in.n < CONN_WINDOW ? CONN_WINDOW - c->in.n : 0;

	if (c->tls_state == TLS_SHAKING) {
		if (c->raw_in.n && !c->tls_seen && c->smtp)
			judge_first_tls(c);
		c->tls_seen |= c->raw_in.n > 0;
		return tls_shake(c);
	}
	if (c->tls_state == TLS_ON)
		return c->tls_over ? 0 : tls_decrypt(c);
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

/* All that the rule allows has left. */
static void cut(struct conn *c)
{
	c->cut_state = CUT_DONE;
	log_event(c, "cut, as told");
	if (c->cut_how == CUT_RST)
		conn_close(c, CLOSE_RESET, "cut, as told");
	else if (c->cut_how != CUT_STALL)
		conn_fin(c, c->cut_how == CUT_FIN);
}

/* Everything that may leave now; 1 if something did. */
static int give_out(struct conn *c)
{
	size_t waiting = c->raw_out.n;
	int some = 0;

	if (c->connecting)
		return 0;
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
	if (c->cut_state == CUT_DUE && c->raw_out.n == 0 && c->out.n == 0)
		cut(c);
	return some || (waiting && c->raw_out.n == 0);
}

void conn_fin(struct conn *c, int notify)
{
	if (c->shut)
		return;
	if (c->tls_state == TLS_ON && notify)
		gnutls_bye(c->tls.session, GNUTLS_SHUT_WR);
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
	if ((c->proxy && proxy_is_far(c)) || (c->forward && forward_is_far(c)))
		log_event(c, "the way on is closed in=%llu out=%llu", c->octets_in, c->octets_out);
	else
		log_event(c, "close turns=%u in=%llu out=%llu", c->turn, c->octets_in,
			  c->octets_out);
	close(c->fd);
	c->fd = -1;
}

/* The client has closed its side, and all it sent was read. */
static void client_closed(struct conn *c)
{
	if (c->closing != OPEN)
		return;
	if (c->proxy) {
		proxy_closed(c);
		return;
	}
	if (c->forward) {
		forward_closed(c);
		return;
	}
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
	return !c->eof && !c->connecting && c->read_at >= 0 && c->now >= c->read_at &&
	       c->raw_in.n < CONN_WINDOW && c->in.n < CONN_WINDOW;
}

short conn_events(const struct conn *c)
{
	int events = may_read(c) || c->closing == LINGER ? POLLIN : 0;

	if (c->raw_out.n || c->connecting)
		events |= POLLOUT;
	return (short)events;
}

static void sooner(long long *when, long long at, long long now)
{
	if (at > now && (*when < 0 || at < *when))
		*when = at;
}

/* Closing was ordered from elsewhere, and nothing is in its way. */
static int may_finish(const struct conn *c)
{
	if (c->closing == CLOSE_RESET)
		return 1;
	return (c->closing == CLOSE_CLEAN || c->closing == CLOSE_TRUNCATE) && !c->raw_out.n &&
	       (!c->out.n || c->now >= c->piece_at);
}

long long conn_wake(const struct conn *c)
{
	long long when = -1;

	sooner(&when, c->hold, c->now);
	sooner(&when, c->read_at, c->now);
	if (c->out.n)
		sooner(&when, c->piece_at, c->now);
	sooner(&when, c->close_at, c->now);
	if (may_finish(c))
		when = c->now;
	if (c->play && c->closing == OPEN && play_awake(c))
		when = c->now;
	if (c->proxy && c->closing == OPEN && proxy_awake(c))
		when = c->now;
	if (c->forward && c->closing == OPEN && forward_awake(c))
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
			else if (c->proxy)
				proxy_run(c);
			else if (c->forward)
				forward_run(c);
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
	if (c->connecting && revents && c->forward)
		forward_connected(c);
	else if (c->connecting && revents)
		proxy_connected(c);
	if (c->connecting && c->closing == OPEN)
		return;
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
