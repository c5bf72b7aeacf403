/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "line.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { AT_ONCE = 512 * 1024, RECORDS = 64 * 1024, OUT = 256 * 1024, DISCARD = 64 * 1024 * 1024 };

static char input[AT_ONCE];
static char clear[RECORDS]; /* decrypted */
static struct replies replies;
static char out[OUT]; /* what is to be written to the socket */
static size_t out_len;

/* What the delay holds back, in the order it is due. */
struct held {
	struct held *next, *before;
	struct line *line;
	int64_t due;
	uint64_t heard;
	unsigned long accepted;
	bool needed;
	size_t len;
	char text[];
};
static struct held *oldest, *newest;

int64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static void unlink_held(struct held *h)
{
	*(h->before ? &h->before->next : &oldest) = h->next;
	*(h->next ? &h->next->before : &newest) = h->before;
	h->line->held--;
	free(h);
}

static void drop_held(const struct line *l)
{
	for (struct held *h = oldest, *next; h && l->held; h = next) {
		next = h->next;
		if (h->line == l)
			unlink_held(h);
	}
}

static bool over(struct line *l)
{
	line_over(l);
	drop_held(l);
	if (l->tls)
		gnutls_deinit(l->tls);
	close(l->fd);
	free(l->unsent);
	free(l);
	return false;
}

/* ---- Towards the client. ---- */

static void mark(struct line *l, unsigned long accepted)
{
	if (accepted == l->marked)
		return;
	l->last = now_ns();
	if (!l->marked)
		l->first = l->last;
	for (; l->marked < accepted; l->marked++)
		if (l->marked < MARKS)
			l->marks[l->marked] = l->turns;
	l->mark = l->turns;
}

static bool keep_unsent(struct line *l, const char *text, size_t len)
{
	char *more = realloc(l->unsent, l->unsent_len + len);

	if (!more)
		return false;
	memcpy(more + l->unsent_len, text, len);
	l->unsent = more;
	l->unsent_len += len;
	return true;
}

static bool hand_over(struct line *l, const char *text, size_t len, uint64_t heard, bool needed,
		      unsigned long accepted)
{
	ssize_t n = 0;

	if (needed && heard == l->heard)
		l->turns++;
	mark(l, accepted);
	if (!l->unsent_len)
		n = send(l->fd, text, len, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN)
		return false;
	if (n < 0)
		n = 0;
	return (size_t)n == len || keep_unsent(l, text + n, len - (size_t)n);
}

static bool hold(struct line *l, bool needed)
{
	struct held *h = malloc(sizeof(*h) + out_len);

	if (!h)
		return false;
	*h = (struct held){.line = l,
			   .heard = l->heard,
			   .accepted = l->smtp.accepted,
			   .needed = needed,
			   .len = out_len,
			   .before = newest};
	memcpy(h->text, out, out_len);
	/* The first words come after the TCP handshake, a round trip of its own. */
	h->due = now_ns() + l->door->delay * (l->due ? 1 : 2);
	if (h->due < l->due)
		h->due = l->due;
	l->due = h->due;
	while (h->before && h->before->due > h->due)
		h->before = h->before->before;
	h->next = h->before ? h->before->next : oldest;
	*(h->before ? &h->before->next : &oldest) = h;
	*(h->next ? &h->next->before : &newest) = h;
	l->held++;
	return true;
}

static bool flush(struct line *l, bool needed)
{
	bool ok = true;

	if (out_len && l->door->delay)
		ok = hold(l, needed);
	else if (out_len)
		ok = hand_over(l, out, out_len, l->heard, needed, l->smtp.accepted);
	out_len = 0;
	return ok;
}

int64_t line_deliver(void)
{
	while (oldest) {
		struct held *h = oldest;
		struct line *l = h->line;
		int64_t left = h->due - now_ns();
		bool end;

		if (left > 0)
			return left;
		end = !hand_over(l, h->text, h->len, h->heard, h->needed, h->accepted);
		unlink_held(h);
		if (end || (l->gone && !l->held && !l->unsent_len))
			over(l);
	}
	return -1;
}

bool line_write(struct line *l)
{
	ssize_t n = send(l->fd, l->unsent, l->unsent_len, MSG_NOSIGNAL);

	if (n < 0)
		return errno == EAGAIN || over(l);
	l->unsent_len -= (size_t)n;
	memmove(l->unsent, l->unsent + n, l->unsent_len);
	return l->unsent_len || l->held || !l->gone || over(l);
}

/* ---- TLS, over the buffers. ---- */

static ssize_t push(gnutls_transport_ptr_t arg, const void *text, size_t len)
{
	struct line *l = arg;

	if (len > sizeof(out) - out_len) {
		gnutls_transport_set_errno(l->tls, EIO);
		return -1;
	}
	memcpy(out + out_len, text, len);
	out_len += len;
	return (ssize_t)len;
}

static ssize_t pull(gnutls_transport_ptr_t arg, void *buf, size_t cap)
{
	struct line *l = arg;
	size_t n = cap < l->in_len ? cap : l->in_len;

	if (!n) {
		gnutls_transport_set_errno(l->tls, EAGAIN);
		return -1;
	}
	memcpy(buf, l->in, n);
	l->in += n;
	l->in_len -= n;
	return (ssize_t)n;
}

static int no_wait(gnutls_transport_ptr_t arg, unsigned ms)
{
	(void)ms;
	return ((struct line *)arg)->in_len > 0;
}

static gnutls_certificate_credentials_t credentials;
static const gnutls_datum_t *tickets;

static bool begin_tls(struct line *l)
{
	static const char priority[] = "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2";

	if (gnutls_init(&l->tls, GNUTLS_SERVER | GNUTLS_NONBLOCK) < 0)
		return false;
	gnutls_transport_set_ptr(l->tls, l);
	gnutls_transport_set_push_function(l->tls, push);
	gnutls_transport_set_pull_function(l->tls, pull);
	gnutls_transport_set_pull_timeout_function(l->tls, no_wait);
	gnutls_session_ticket_enable_server(l->tls, tickets);
	return gnutls_priority_set_direct(l->tls, priority, NULL) >= 0 &&
	       gnutls_credentials_set(l->tls, GNUTLS_CRD_CERTIFICATE, credentials) >= 0;
}

/* ---- From the client. ---- */

static bool tell(struct line *l)
{
	bool any = replies.len > 0;

	if (any && l->tls && gnutls_record_send(l->tls, replies.text, replies.len) < 0)
		return false;
	if (any && !l->tls)
		push(l, replies.text, replies.len);
	replies.len = 0;
	return flush(l, any) && !l->smtp.quit;
}

static bool hear(struct line *l, const char *text, size_t len)
{
	while (len) {
		size_t n = smtp_feed(&l->smtp, text, len, &replies);

		if (n == (size_t)-1)
			return false;
		text += n;
		len -= n;
		if (l->smtp.begin_tls) { /* what came behind it is for TLS */
			l->smtp.begin_tls = l->smtp.starttls = false;
			l->smtp.login = l->door->login;
			l->in = text;
			l->in_len = len;
			return tell(l) && begin_tls(l);
		}
		if (len && !tell(l)) /* QUIT, or very many replies */
			return false;
	}
	return true;
}

static bool shake_hands(struct line *l)
{
	int rc;

	do {
		rc = gnutls_handshake(l->tls);
	} while (rc < 0 && rc != GNUTLS_E_AGAIN && !gnutls_error_is_fatal(rc));
	if (rc < 0)
		return rc == GNUTLS_E_AGAIN && flush(l, true);
	l->up = true;
	if (l->door->tls == IMPLICIT)
		smtp_greet(&replies);
	/* Before TLS 1.3 the last word is ours, and waited for. */
	return gnutls_protocol_get_version(l->tls) >= GNUTLS_TLS1_3 || flush(l, true);
}

static bool decrypt(struct line *l)
{
	ssize_t n;

	if (!l->up && !shake_hands(l))
		return false;
	if (!l->up)
		return true;
	while ((n = gnutls_record_recv(l->tls, clear, sizeof(clear))) > 0 ||
	       n == GNUTLS_E_INTERRUPTED)
		if (n > 0 && !hear(l, clear, (size_t)n))
			return false;
	return n == GNUTLS_E_AGAIN && (replies.len ? tell(l) : flush(l, false));
}

static bool take(struct line *l, size_t len)
{
	l->heard++;
	if (!l->tls) {
		if (!hear(l, input, len))
			return false;
		if (!l->tls)
			return !replies.len || tell(l);
		if (!l->in_len)
			return true;
	} else {
		l->in = input;
		l->in_len = len;
	}
	return decrypt(l);
}

/* A large chunk in the clear need not even be copied out of the kernel. */
static ssize_t discard(struct line *l)
{
	size_t most = l->smtp.chunk_left - 1;
	ssize_t n = recv(l->fd, NULL, most < DISCARD ? most : DISCARD, MSG_TRUNC);

	if (n > 0) {
		l->smtp.chunk_left -= (size_t)n;
		l->smtp.octets += (size_t)n;
		l->heard++;
	}
	return n;
}

bool line_read(struct line *l)
{
	bool whole = !l->tls && l->smtp.reading == CHUNK && l->smtp.chunk_left > AT_ONCE;
	ssize_t n = whole ? discard(l) : recv(l->fd, input, sizeof(input), 0);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return true;
	if (n > 0 && (whole || take(l, (size_t)n)))
		return true;
	replies.len = out_len = 0;
	l->gone = true; /* but what is on the way still arrives */
	return (n > 0 && (l->held || l->unsent_len)) || over(l);
}

struct line *line_open(int fd, const struct door *door, gnutls_certificate_credentials_t cred,
		       const gnutls_datum_t *ticket_key)
{
	struct line *l = calloc(1, sizeof(*l));
	bool ok = l;

	if (!l) {
		close(fd);
		return NULL;
	}
	credentials = cred;
	tickets = ticket_key;
	l->fd = fd;
	l->door = door;
	l->turns = 1;
	l->opened = now_ns();
	l->smtp.chunking = door->chunking;
	l->smtp.starttls = door->tls == STARTTLS;
	l->smtp.login = door->login && door->tls != STARTTLS;
	if (door->tls == IMPLICIT) {
		ok = begin_tls(l);
	} else {
		smtp_greet(&replies);
		ok = tell(l);
	}
	return ok || over(l) ? l : NULL;
}
