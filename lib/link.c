/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "link.h"
#include "smtp/capability.h"
#include "tls/tls.h"

enum { CHUNK = 16 * 1024, CIPHER_ENOUGH = 64 * 1024 };

/* ---- Making and ending. ---- */

static int security_of(int mode)
{
	switch (mode) {
	case PTN_MODE_IMPLICIT:
		return PTN_SMTP_IMPLICIT;
	case PTN_MODE_OPPORTUNISTIC:
		return PTN_SMTP_OPPORTUNISTIC;
	case PTN_MODE_NONE:
		return PTN_SMTP_CLEAR;
	default:
		return PTN_SMTP_STARTTLS;
	}
}

/* The caller's name, or this host's if it is fully qualified, or our address as a literal (RFC 5321
 * 4.1.4): "localhost" is refused by many. */
static void choose_name(struct ptn_link *l)
{
	struct ptn_address own;
	size_t n;

	if (l->set->name && strlen(l->set->name) < sizeof(l->name)) {
		memcpy(l->name, l->set->name, strlen(l->set->name) + 1);
		return;
	}
	if (!ptn_net_host_name(l->name, sizeof(l->name)))
		return;
	if (l->net->local(l->ctx, l->handle, &own)) {
		own = (struct ptn_address){.family = 4, .octets = {127, 0, 0, 1}};
	}
	own.scope = 0;
	n = own.family == 6 ? 6 : 1;
	memcpy(l->name, own.family == 6 ? "[IPv6:" : "[", n);
	n += ptn_net_print(&own, l->name + n, sizeof(l->name) - n - 2);
	memcpy(l->name + n, "]", 2);
}

const char *ptn_link_host(const struct ptn_link *l)
{
	return *l->target ? l->target : l->set->host;
}

const char *ptn_link_identity(const struct ptn_link *l)
{
	return !*l->target ? l->set->host : l->own_name ? l->target : l->set->domain;
}

/* The name that is checked is the name that is asked for (SNI): a server for many mail domains
 * chooses its certificate by that. */
static int start_tls(struct ptn_link *l)
{
	const struct ptn_tls_with with = {
		.options = &l->set->tls, .store = l->set->sessions, .port = l->port,
		.tlsa = l->tlsa, .n_tlsa = l->n_tlsa,
		.also = l->either_name ? l->set->domain : NULL};

	l->tls = ptn_tls_new_with(l->set->trust, ptn_link_identity(l), &with);
	if (!l->tls) {
		ptn_smtp_lost(l->smtp, PTN_FAULT_NO_MEMORY);
		return 1;
	}
	l->shaking = 1;
	return 1;
}

struct ptn_link *ptn_link_new(const struct ptn_settings *set, const struct ptn_net *net, void *ctx,
			      int handle, const struct ptn_address *address, int port, int mode)
{
	return ptn_link_new_to(set, net, ctx, handle, address, port, mode, NULL);
}

struct ptn_link *ptn_link_new_to(const struct ptn_settings *set, const struct ptn_net *net,
				 void *ctx, int handle, const struct ptn_address *address, int port,
				 int mode, const struct ptn_target *target)
{
	struct ptn_link *l = ptn_mem_alloc(sizeof(*l));

	if (!l) {
		net->close(ctx, handle);
		return NULL;
	}
	*l = (struct ptn_link){.set = set,
			       .net = net,
			       .ctx = ctx,
			       .handle = handle,
			       .address = *address,
			       .port = port,
			       .mode = mode,
			       .deadline = PTN_NEVER};
	if (target) {
		memcpy(l->target, target->host, sizeof(l->target));
		l->own_name = target->own_name;
		l->either_name = target->vouched;
		l->n_tlsa = target->n_tlsa;
		if (ptn_target_copy(&l->tlsa, target->tlsa, target->n_tlsa)) {
			ptn_link_free(l);
			return NULL;
		}
	}
	choose_name(l);
	l->policy = (struct ptn_smtp_policy){.security = security_of(mode),
					     .auth = ptn_signin_due(set),
					     .name = l->name,
					     .secret = set->password,
					     .trace = set->trace != NULL,
					     .without = set->flow.without,
					     .window_mails = set->flow.window_mails,
					     .window_octets = set->flow.window_octets,
					     .window_data = set->flow.window_data};
	l->smtp = ptn_smtp_new(&l->policy);
	if (!l->smtp) {
		ptn_link_free(l);
		return NULL;
	}
	if (mode == PTN_MODE_IMPLICIT)
		start_tls(l);
	net->watch(ctx, handle, PTN_NET_READ);
	return l;
}

static void hang_up(struct ptn_link *l)
{
	if (l->handle >= 0)
		l->net->close(l->ctx, l->handle);
	l->handle = -1;
}

void ptn_link_free(struct ptn_link *l)
{
	if (!l)
		return;
	hang_up(l);
	ptn_mem_free(l->tlsa);
	ptn_signin_free(&l->signin);
	ptn_tls_free(l->tls);
	ptn_smtp_free(l->smtp);
	ptn_buf_free(&l->in);
	ptn_buf_free(&l->detail);
	ptn_mem_release(l, sizeof(*l));
}

static void set_detail(struct ptn_link *l, const char *text)
{
	ptn_buf_clear(&l->detail);
	if (*text && ptn_buf_add(&l->detail, text, strlen(text) + 1))
		ptn_buf_clear(&l->detail);
}

static void show_trace(struct ptn_link *l)
{
	const char *p;
	size_t n;

	if (!l->set->trace)
		return;
	n = ptn_smtp_trace(l->smtp, &p);
	while (n) {
		const char *lf = memchr(p, '\n', n);
		size_t len = (size_t)(lf - p);

		ptn_trace(l->set, p[0], p + 1, len - 1);
		p += len + 1;
		n -= len + 1;
	}
}

/* ---- Octets. ---- */

/* Where not one octet came nobody is behind the port, as with a greeting that never came. */
static int fault_of_end(const struct ptn_link *l)
{
	return !l->shaking ? PTN_FAULT_NONE
	       : l->heard  ? PTN_FAULT_TLS_CLOSED
			   : PTN_FAULT_GREETING_CLOSED;
}

/* DNS named a server whose certificate is its own and not the domain's: only the caller can know
 * whether that is right (RFC 6186 6). */
static void explain_target(struct ptn_link *l)
{
	ptn_buf_clear(&l->detail);
	if (ptn_buf_puts(&l->detail, l->target) ||
	    ptn_buf_puts(&l->detail, ", which DNS names as its server; if you know it to be, "
				     "confirm it (discover=") ||
	    ptn_buf_puts(&l->detail, l->target) || ptn_buf_add(&l->detail, ")", 2))
		ptn_buf_clear(&l->detail);
}

/* Content and secrets went through the filter and are out of our hands; a fault of it is told to
 * the session as what it means for a mail: the connection is gone. */
static void tls_failed(struct ptn_link *l)
{
	int fault = ptn_tls_fault(l->tls);

	if (fault == PTN_FAULT_CERT_WRONG_NAME && *l->target && ptn_tls_names(l->tls, l->target))
		explain_target(l);
	else if (!l->detail.tail)
		set_detail(l, ptn_tls_detail(l->tls));
	if (l->shaking) {
		/* What is no TLS right behind the 220 was put there to be taken for the server's
		 * words. */
		if (l->mode != PTN_MODE_IMPLICIT &&
		    (fault == PTN_FAULT_TLS_NOT_TLS || fault == PTN_FAULT_TLS_SMTP_FIRST))
			fault = PTN_FAULT_STARTTLS_INJECTED;
		if (fault == PTN_FAULT_TLS_CLOSED)
			fault = fault_of_end(l);
		ptn_smtp_lost(l->smtp, fault);
	} else {
		/* In TLS 1.3 a server that misses our certificate says so once our handshake is
		 * done, and before anything else. */
		ptn_smtp_lost(l->smtp,
			      fault == PTN_FAULT_TLS_CERT_WANTED ? fault : PTN_FAULT_NONE);
	}
	l->shaking = 0;
}

/* Plaintext in hand goes to the session; it stops at an event. */
static int feed(struct ptn_link *l)
{
	size_t n = ptn_buf_len(&l->in), used;

	if (!n)
		return 0;
	used = ptn_smtp_feed(l->smtp, ptn_buf_data(&l->in), n);
	ptn_buf_took(&l->in, used);
	return used > 0;
}

static int take_plain(struct ptn_link *l, const char *p, size_t n)
{
	if (ptn_buf_add(&l->in, p, n))
		ptn_smtp_lost(l->smtp, PTN_FAULT_NO_MEMORY);
	return 1;
}

static int decrypt(struct ptn_link *l)
{
	char buf[CHUNK];
	ptrdiff_t n;

	if (!l->tls_up || ptn_buf_len(&l->in))
		return 0;
	n = ptn_tls_get(l->tls, buf, sizeof(buf));
	if (n > 0) {
		take_plain(l, buf, (size_t)n);
		ptn_mem_wipe(buf, (size_t)n);
		return 1;
	}
	if (n == PTN_TLS_CLOSED)
		ptn_smtp_lost(l->smtp, PTN_FAULT_NONE);
	else if (n < 0)
		tls_failed(l);
	return n != 0;
}

static void ended(struct ptn_link *l)
{
	l->net_ended = 1;
	if (l->tls)
		ptn_tls_eof(l->tls); /* it has the last word: octets before the end still count */
}

static void hear(struct ptn_link *l, const char *p, size_t n)
{
	l->heard = 1;
	if (!l->tls)
		take_plain(l, p, n);
	else if (ptn_tls_feed(l->tls, p, n))
		ptn_smtp_lost(l->smtp, PTN_FAULT_NO_MEMORY);
}

void ptn_link_hear(struct ptn_link *l, const struct ptn_buf *early)
{
	if (ptn_buf_len(early))
		hear(l, ptn_buf_data(early), ptn_buf_len(early));
}

static int read_net(struct ptn_link *l)
{
	char buf[CHUNK];
	ptrdiff_t n;

	if (l->net_ended || ptn_buf_len(&l->in))
		return 0;
	n = l->net->read(l->ctx, l->handle, buf, sizeof(buf));
	if (n == -EAGAIN)
		return 0;
	if (n <= 0) {
		ended(l);
		return 1;
	}
	hear(l, buf, (size_t)n);
	return 1;
}

static int write_some(struct ptn_link *l, const char *p, size_t n, size_t *wrote)
{
	ptrdiff_t got = l->net->write(l->ctx, l->handle, p, n);

	*wrote = got > 0 ? (size_t)got : 0;
	if (got < 0 && got != -EAGAIN)
		l->deaf = 1; /* what the peer said before may still be read */
	return got > 0;
}

static int encrypt(struct ptn_link *l)
{
	const char *p, *cipher;
	size_t n = ptn_smtp_out(l->smtp, &p);
	ptrdiff_t put;

	if (!n || !l->tls_up || ptn_tls_out(l->tls, &cipher) >= CIPHER_ENOUGH)
		return 0;
	put = ptn_tls_put(l->tls, p, n);
	if (put > 0)
		ptn_smtp_wrote(l->smtp, (size_t)put);
	else if (put < 0)
		tls_failed(l);
	else if (!ptn_tls_out(l->tls, &cipher)) /* no memory, and none will come free by sending */
		ptn_smtp_lost(l->smtp, PTN_FAULT_NO_MEMORY);
	else
		return 0;
	return 1;
}

static int write_net(struct ptn_link *l)
{
	const char *p;
	size_t n, wrote;
	int moved = encrypt(l);

	n = l->tls ? ptn_tls_out(l->tls, &p) : ptn_smtp_out(l->smtp, &p);
	if (!n || l->handle < 0 || l->deaf)
		return moved;
	moved |= write_some(l, p, n, &wrote);
	if (wrote && l->tls)
		ptn_tls_wrote(l->tls, wrote);
	else if (wrote)
		ptn_smtp_wrote(l->smtp, wrote);
	return moved;
}

/* ---- TLS, when the session wants it. ---- */

static int shake(struct ptn_link *l)
{
	int done;

	if (!ptn_smtp_wants(l->smtp, PTN_WANT_TLS))
		return 0;
	if (!l->tls)
		return start_tls(l);
	done = ptn_tls_handshake(l->tls);
	if (done < 0)
		tls_failed(l);
	if (done <= 0)
		return done;
	l->shaking = 0;
	l->tls_up = 1;
	ptn_remark(l->set,
		   (const char *[]){"TLS is up and the certificate verified: ",
				    ptn_tls_version(l->tls), " ", ptn_tls_cipher(l->tls),
				    ptn_tls_resumed(l->tls) ? ", resumed" : "", NULL});
	ptn_smtp_tls_up(l->smtp);
	return 1;
}

/* ---- Time. ---- */

static int limit_of(const struct ptn_link *l, int timer)
{
	static const int limits[] = {
		[PTN_TIMER_GREETING] = POSTERN_LIMIT_GREETING,
		[PTN_TIMER_COMMAND] = POSTERN_LIMIT_COMMAND,
		[PTN_TIMER_AUTH] = POSTERN_LIMIT_AUTH,
		[PTN_TIMER_MAIL] = POSTERN_LIMIT_MAIL,
		[PTN_TIMER_RCPT] = POSTERN_LIMIT_RCPT,
		[PTN_TIMER_DATA] = POSTERN_LIMIT_DATA,
		[PTN_TIMER_BLOCK] = POSTERN_LIMIT_BLOCK,
		[PTN_TIMER_FINAL] = POSTERN_LIMIT_FINAL,
		[PTN_TIMER_QUIT] = POSTERN_LIMIT_QUIT,
	};

	return timer == PTN_TIMER_NONE ? 0 : l->set->limits[limits[timer]];
}

/* A block that the caller's reader has not given yet cannot be late at our end. */
static int waits_for_reader(const struct ptn_link *l)
{
	const char *p;

	return ptn_smtp_wants(l->smtp, PTN_WANT_BODY) && !ptn_smtp_out(l->smtp, &p) &&
	       !(l->tls && ptn_tls_out(l->tls, &p));
}

/* The deadline is absolute for each command: octets that trickle in do not move it. */
static void set_timer(struct ptn_link *l, ptn_time now, int want)
{
	unsigned turn;
	int timer = ptn_smtp_timer(l->smtp, &turn), limit;
	int tls = (want & PTN_WANT_TLS) != 0;

	if (tls)
		timer = -1;
	if (timer == PTN_TIMER_BLOCK && waits_for_reader(l))
		timer = PTN_TIMER_NONE;
	if (timer == l->timer && turn == l->turn && l->deadline != PTN_NEVER)
		return;
	l->timer = timer;
	l->turn = turn;
	limit = tls ? l->set->limits[POSTERN_LIMIT_TLS] : limit_of(l, timer);
	l->deadline = limit ? now + limit : PTN_NEVER;
}

ptn_time ptn_link_wake(const struct ptn_link *l)
{
	return l->deadline;
}

/* ---- The loop. ---- */

static void watch(struct ptn_link *l)
{
	const char *p;
	size_t n = l->tls ? ptn_tls_out(l->tls, &p) : ptn_smtp_out(l->smtp, &p);

	if (l->handle >= 0)
		l->net->watch(l->ctx, l->handle, PTN_NET_READ | (n ? PTN_NET_WRITE : 0));
}

/* A last alert or close_notify, as far as it goes without waiting. */
static void say_goodbye(struct ptn_link *l)
{
	const char *p;
	size_t n, wrote = 1;

	if (!l->tls || l->handle < 0)
		return;
	if (l->tls_up && !ptn_tls_fault(l->tls))
		ptn_tls_bye(l->tls);
	while (wrote && (n = ptn_tls_out(l->tls, &p)) > 0) {
		ptrdiff_t got = l->net->write(l->ctx, l->handle, p, n);

		wrote = got > 0 ? (size_t)got : 0;
		ptn_tls_wrote(l->tls, wrote);
	}
}

/* want: what the session wants, as it is now. */
static int move(struct ptn_link *l, int want)
{
	int moved, heard;

	if (feed(l)) /* what it meant is told before anything else happens to the session */
		return 1;
	moved = heard = read_net(l);
	/* Nobody is left to answer what would be written now: no mail need get in doubt by it. */
	if (l->net_ended && !l->tls && !ptn_buf_len(&l->in)) {
		ptn_smtp_lost(l->smtp, PTN_FAULT_NONE);
		return 1;
	}
	/* The handshake begins only when the server was heard out: what came with its 220 is an
	 * injection, not TLS. */
	if (want & PTN_WANT_TLS && (!heard || l->tls))
		moved |= shake(l);
	moved |= decrypt(l);
	if (want & PTN_WANT_SASL || l->signin.sasl)
		moved |= ptn_signin_step(l);
	moved |= write_net(l);
	if (!moved && l->deaf) {
		ptn_smtp_lost(l->smtp, fault_of_end(l));
		return 1;
	}
	return moved;
}

int ptn_link_step(struct ptn_link *l, ptn_time now, struct ptn_smtp_event *ev)
{
	for (;;) {
		int want;

		show_trace(l);
		if (ptn_smtp_event(l->smtp, ev))
			return PTN_LINK_EVENT;
		want = ptn_smtp_wants(l->smtp, PTN_WANT_TLS | PTN_WANT_SASL | PTN_WANT_END);
		if (want & PTN_WANT_END) {
			say_goodbye(l);
			hang_up(l);
			return PTN_LINK_OVER;
		}
		if (move(l, want))
			continue;
		set_timer(l, now, want);
		/* Only now, when all that had come was read: a step may be late, with the answer
		 * there.
		 */
		if (now >= l->deadline) {
			l->deadline = PTN_NEVER;
			ptn_smtp_lost(l->smtp, PTN_FAULT_REPLY_TIMEOUT);
			continue;
		}
		watch(l);
		return ptn_smtp_wants(l->smtp, PTN_WANT_BODY) ? PTN_LINK_BODY : PTN_LINK_QUIET;
	}
}

/* ---- What it is. ---- */

int ptn_link_usable(const struct ptn_link *l)
{
	size_t n;

	return ptn_link_ready(l) ||
	       (ptn_smtp_wants(l->smtp, PTN_WANT_SASL) && !ptn_smtp_challenge(l->smtp, &n));
}

int ptn_link_ready(const struct ptn_link *l)
{
	return ptn_smtp_wants(l->smtp, PTN_WANT_MAIL) != 0;
}

int ptn_link_fault(const struct ptn_link *l)
{
	return ptn_smtp_fault(l->smtp);
}

const char *ptn_link_detail(const struct ptn_link *l)
{
	return l->detail.tail ? ptn_buf_data(&l->detail) : ptn_smtp_detail(l->smtp);
}

void ptn_link_rest(struct ptn_link *l)
{
	if (!ptn_buf_len(&l->in))
		ptn_buf_free(&l->in);
	if (l->tls)
		ptn_tls_rest(l->tls);
	ptn_smtp_rest(l->smtp);
}

void ptn_link_quit(struct ptn_link *l)
{
	ptn_smtp_quit(l->smtp);
}

void ptn_link_lost(struct ptn_link *l, int fault)
{
	ptn_smtp_lost(l->smtp, fault);
}
