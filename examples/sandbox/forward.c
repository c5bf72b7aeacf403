/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "forward.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "log.h"
#include "script.h"
#include "server.h"

struct forward {
	struct conn *other; /* NULL: gone */
	int far;
	int hello; /* the reply to EHLO is to come */
	int starttls; /* that to STARTTLS */
	int mail; /* MAIL was sent: what follows is passed on unseen */
};

struct forward *forward_far(struct conn *near)
{
	struct forward *f = alloc(sizeof(*f));

	f->far = 1;
	f->other = near;
	return f;
}

void forward_free(struct conn *c)
{
	if (c->forward && c->forward->other)
		c->forward->other->forward->other = NULL;
	free(c->forward);
	c->forward = NULL;
}

int forward_is_far(const struct conn *c)
{
	return c->forward->far;
}

/* ---- the way on ---- */

static int open_socket(const char *address, int port)
{
	struct sockaddr_in four = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6,
				   .sin6_port = htons((unsigned short)port)};
	struct sockaddr *a = NULL;
	socklen_t n = 0;
	int fd;

	if (inet_pton(AF_INET, address, &four.sin_addr) == 1) {
		a = (struct sockaddr *)&four;
		n = sizeof(four);
	} else if (inet_pton(AF_INET6, address, &six.sin6_addr) == 1) {
		a = (struct sockaddr *)&six;
		n = sizeof(six);
	}
	fd = a ? socket(a->sa_family, SOCK_STREAM, 0) : -1;
	if (fd < 0)
		return -1;
	if (server_prepare(fd) || (connect(fd, a, n) && errno != EINPROGRESS)) {
		close(fd);
		return -1;
	}
	return fd;
}

struct forward *forward_new(struct conn *c)
{
	const struct behaviour *does = &c->listener->does;
	int fd = server_full(c->server)
			 ? -1
			 : open_socket(does->forward->text, (int)does->forward->number);

	c->forward = alloc(sizeof(*c->forward));
	if (fd < 0) {
		conn_close(c, CLOSE_RESET, "there is no way on");
		return c->forward;
	}
	c->forward->other = conn_onward(c, fd);
	if (c->listener->spec->mode == MODE_IMPLICIT &&
	    tls_start(c, does->certificate, does->tls_min, does->tls_max))
		conn_close(c, CLOSE_TRUNCATE, "no TLS");
	return c->forward;
}

void forward_connected(struct conn *c)
{
	int number = 0;
	socklen_t n = sizeof(number);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &number, &n))
		number = errno;
	c->connecting = 0;
	if (number || !c->forward->other) {
		conn_close(c, CLOSE_RESET, number ? strerror(number) : "nobody is there any more");
		return;
	}
	log_event(c, "connected onward");
	if (c->listener->spec->mode == MODE_IMPLICIT && tls_start_client(c))
		conn_close(c, CLOSE_RESET, "no TLS");
}

/* ---- from the server ---- */

static int stripped(const struct conn *c, const char *word, size_t n)
{
	char *name = copy_text(word, n);
	int found = behaviour_refusal(&c->listener->does, RULE_STRIP, name) != NULL;

	free(name);
	return found;
}

/* A line of the reply to EHLO, "250-KEYWORD ...", but for what is to be stripped. */
static void add_line(struct conn *c, struct bytes *out, const char *line, size_t n)
{
	const char *at, *word;
	char *text = copy_text(line + 4, n - 6);
	size_t len;
	int auth, words = 0;

	at = text;
	word = next_word(&at, &len);
	auth = word && same_word("AUTH", word, len);
	if (!word || stripped(c, word, len)) {
		free(text);
		return;
	}
	bytes_format(out, "250-%.*s", (int)len, word);
	while ((word = next_word(&at, &len)))
		if (!auth || !stripped(c, word, len)) {
			bytes_format(out, " %.*s", (int)len, word);
			words++;
		}
	free(text);
	if (auth && !words)
		out->n -= strlen("250-AUTH");
	else
		bytes_text(out, "\r\n");
}

/* Octets of the first reply in b, all its lines; 0: not there yet. */
static size_t reply_length(const struct bytes *b)
{
	size_t at = 0;

	while (at < b->n) {
		const char *lf = memchr(b->p + at, '\n', b->n - at);
		size_t end = lf ? (size_t)(lf - b->p) + 1 : 0;

		if (!lf)
			return 0;
		if (end - at < 4 || b->p[at + 3] != '-')
			return end;
		at = end;
	}
	return 0;
}

static void pass_hello(struct conn *near, const char *reply, size_t n)
{
	struct bytes out = {0};
	size_t at = 0, last = 0;

	while (at < n) {
		size_t len =
			(size_t)((const char *)memchr(reply + at, '\n', n - at) - reply) + 1 - at;
		size_t before = out.n;

		if (at == 0 || len < 7)
			bytes_add(&out, reply + at, len);
		else
			add_line(near, &out, reply + at, len);
		if (out.n > before)
			last = before;
		at += len;
	}
	if (out.n > last + 3)
		out.p[last + 3] = ' ';
	conn_send(near, out.p, out.n);
	bytes_free(&out);
}

/* TLS on both sides, behind the 220 that has just been passed on. */
static void up_to_tls(struct conn *near, struct conn *far)
{
	const struct behaviour *does = &near->listener->does;

	if (tls_start(near, does->certificate, does->tls_min, does->tls_max) ||
	    tls_start_client(far))
		conn_close(near, CLOSE_RESET, "no TLS");
}

static void from_server(struct conn *near, struct conn *far)
{
	struct forward *f = near->forward;
	size_t n;

	while (!f->mail && near->tls_state != TLS_SHAKING && (n = reply_length(&far->in)) > 0) {
		char *reply = copy_text(far->in.p, n);
		int tls = f->starttls && reply[0] == '2';

		bytes_drop(&far->in, n);
		if (f->hello && reply[0] == '2')
			pass_hello(near, reply, n);
		else
			conn_send(near, reply, n);
		free(reply);
		f->hello = f->starttls = 0;
		if (tls)
			up_to_tls(near, far);
	}
	if (f->mail && near->tls_state != TLS_SHAKING && near->out.n < CONN_WINDOW) {
		bytes_add(&near->out, far->in.p, far->in.n);
		bytes_drop(&far->in, far->in.n);
	}
}

/* ---- from the client ---- */

static void from_client(struct conn *near, struct conn *far)
{
	struct forward *f = near->forward;
	size_t n;

	while (!f->mail && !f->starttls && (n = conn_line(near)) > 0) {
		log_text(near, 'C', near->in.p, n);
		f->hello = n > 5 && same_word("EHLO ", near->in.p, 5);
		f->starttls = same_word("STARTTLS\r\n", near->in.p, n);
		f->mail = n > 5 && same_word("MAIL ", near->in.p, 5);
		bytes_add(&far->out, near->in.p, n);
		bytes_drop(&near->in, n);
	}
	if (f->mail && far->out.n < CONN_WINDOW) {
		bytes_add(&far->out, near->in.p, near->in.n);
		bytes_drop(&near->in, near->in.n);
	}
}

void forward_run(struct conn *c)
{
	struct conn *near = c->forward->far ? c->forward->other : c;
	struct conn *far = c->forward->far ? c : c->forward->other;

	if (!near || !far) {
		conn_close(c, CLOSE_CLEAN, "the other side is gone");
		return;
	}
	if (near->tls_state != TLS_SHAKING)
		from_client(near, far);
	if (far->tls_state != TLS_SHAKING)
		from_server(near, far);
}

void forward_closed(struct conn *c)
{
	struct conn *other = c->forward->other;

	conn_close(c, CLOSE_CLEAN, "the other side closed");
	if (other)
		conn_close(other, other->connecting ? CLOSE_RESET : CLOSE_CLEAN,
			   "the other side closed");
}

int forward_awake(const struct conn *c)
{
	if (!c->forward->other)
		return 1;
	return c->tls_state != TLS_SHAKING && !c->connecting && c->out.n && !c->raw_out.n;
}
