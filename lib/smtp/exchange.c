/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * AUTH (RFC 4954): base64, line lengths, the initial response and the cancelling "*".  What the
 * octets mean is the SASL mechanism's business, and the caller's.
 */
#include <stdint.h>
#include <string.h>

#include "base/text.h"
#include "postern.h"
#include "smtp/command.h"
#include "smtp/internal.h"

enum {
	ECHO_LEAST = 6, /* octets of base64 in common that count as a repetition of what we sent */
	SIX = 6 * ECHO_LEAST /* bits in them */
};
#define SIX_ONES (((uint64_t)1 << SIX) - 1)

void ptn_exchange_free(struct ptn_exchange *x)
{
	ptn_buf_free(&x->held);
	ptn_buf_free(&x->challenge);
	ptn_buf_free(&x->sent);
}

/* Add what was just put on the wire, from octet `at` of out, to what is masked when it comes back.
 */
static int remember(struct ptn_smtp *s, size_t at)
{
	int err;
	const char *line = ptn_buf_data(&s->out) + at;
	size_t n = ptn_buf_len(&s->out) - at;
	const char *blank = memchr(line, ' ', n);

	/* Of "AUTH PLAIN xyz" only xyz is secret. */
	if (n > 5 && !memcmp(line, "AUTH ", 5)) {
		blank = memchr(line + 5, ' ', n - 5);
		if (!blank)
			return 0;
		n -= (size_t)(blank + 1 - line);
		line = blank + 1;
	}
	err = ptn_buf_add(&s->exchange.sent, line, n);
	if (err) /* what cannot be masked must not be sent */
		ptn_session_end(s, PTN_FAULT_NO_MEMORY, NULL);
	return err;
}

static int respond(struct ptn_smtp *s, const char *response, size_t n)
{
	size_t at = ptn_buf_len(&s->out);
	int err = ptn_session_sent(s, PTN_CMD_AUTH, ptn_command_response(&s->out, response, n));

	s->want = 0;
	if (!err)
		err = remember(s, at);
	ptn_trace_sent(s, "***", 3);
	return err;
}

/* A 334 whose text the exchange needs; or one that only invites the held-back response, whose text
 * says nothing (servers write "334 Go ahead" there). */
void ptn_exchange_ask(struct ptn_smtp *s)
{
	struct ptn_exchange *x = &s->exchange;
	size_t n;
	const char *text;
	int err;

	if (!x->begun) {
		ptn_session_want(s, PTN_WANT_SASL);
		return;
	}
	x->rounds++;
	if (x->is_held) {
		x->is_held = 0;
		x->over = x->held_over;
		if (!respond(s, ptn_buf_data(&x->held), ptn_buf_len(&x->held)))
			ptn_buf_clear(&x->held);
		return;
	}
	ptn_buf_clear(&x->challenge);
	text = ptn_reply_line(&s->reply, 0, &n);
	err = s->reply.lines == 1 ? ptn_text_unbase64(&x->challenge, text, n) : POSTERN_E_PROTOCOL;
	if (err == POSTERN_E_NOMEM)
		ptn_session_end(s, PTN_FAULT_NO_MEMORY, NULL);
	else if (err)
		ptn_smtp_auth_fail(s, PTN_FAULT_AUTH_MALFORMED, "the challenge is not base64");
	else
		ptn_session_want(s, PTN_WANT_SASL);
}

/* What was refused is not forgotten: a reply may still repeat it. */
void ptn_exchange_again(struct ptn_smtp *s)
{
	struct ptn_exchange *x = &s->exchange;

	ptn_buf_clear(&x->held);
	ptn_buf_clear(&x->challenge);
	x->begun = x->is_held = x->over = x->rounds = 0;
	ptn_session_want(s, PTN_WANT_SASL);
}

void ptn_exchange_settle(struct ptn_smtp *s)
{
	struct ptn_exchange *x = &s->exchange;

	if (!x->auths || (!s->authenticated && !s->fault && !s->ended))
		return;
	ptn_buf_clear(&x->held);
	ptn_buf_clear(&x->challenge);
	ptn_buf_clear(&x->sent);
}

const char *ptn_smtp_challenge(const struct ptn_smtp *s, size_t *n)
{
	*n = ptn_buf_len(&s->exchange.challenge);
	return s->exchange.begun ? ptn_buf_data(&s->exchange.challenge) : NULL;
}

int ptn_smtp_auth_begin(struct ptn_smtp *s, const char *mechanism, const char *initial, size_t n,
			int over)
{
	struct ptn_exchange *x = &s->exchange;
	size_t at = ptn_buf_len(&s->out);
	int err;

	if (!(s->want & PTN_WANT_SASL) || x->begun || x->auths == PTN_AUTHS_MOST)
		return POSTERN_E_STATE;
	s->out.open = 0;
	x->begun = 1;
	x->auths++;
	x->next = 0;
	x->over = over;
	s->want = 0;
	err = ptn_command_auth(&s->out, mechanism, initial, n);
	if (err == POSTERN_E_UNSUPPORTED) {
		x->is_held = 1;
		x->held_over = over;
		x->over = 0;
		err = ptn_buf_add(&x->held, initial, n);
		if (!err)
			err = ptn_command_auth(&s->out, mechanism, NULL, 0);
	}
	err = ptn_session_sent(s, PTN_CMD_AUTH, err);
	if (!err)
		err = remember(s, at);
	if (!err && s->policy->trace) {
		struct ptn_buf shown = {0};

		if (!ptn_buf_puts(&shown, "AUTH ") && !ptn_buf_puts(&shown, mechanism) &&
		    (!initial || x->is_held || !ptn_buf_puts(&shown, " ***")))
			ptn_trace_sent(s, ptn_buf_data(&shown), ptn_buf_len(&shown));
		ptn_buf_free(&shown);
	}
	return err;
}

int ptn_smtp_auth_respond(struct ptn_smtp *s, const char *response, size_t n, int over)
{
	if (!(s->want & PTN_WANT_SASL) || !s->exchange.begun)
		return POSTERN_E_STATE;
	s->exchange.over = over;
	return respond(s, response, n);
}

void ptn_smtp_auth_next(struct ptn_smtp *s, unsigned next)
{
	s->exchange.next = next;
}

int ptn_smtp_auth_open(const struct ptn_smtp *s)
{
	return s->exchange.auths && !s->authenticated && !s->fault && !s->ended;
}

void ptn_smtp_auth_fail(struct ptn_smtp *s, int fault, const char *detail)
{
	s->want = 0;
	if (s->ended)
		return;
	s->fault = fault;
	s->detail = detail;
	ptn_exchange_settle(s);
	if (!s->exchange.begun) {
		s->quitting = 1;
		ptn_session_send(s, PTN_CMD_QUIT);
		return;
	}
	ptn_session_sent(s, PTN_CMD_CANCEL, ptn_command_word(&s->out, "*"));
	ptn_trace_sent(s, "*", 1);
}

/* ---- Masking what a server repeats. ---- */

static void blot(char *p, size_t n)
{
	for (; n; p++, n--)
		if (*p != '\n')
			*p = '*';
}

static void mask_word(char *text, size_t n, const char *secret, size_t m)
{
	char *at = m && m <= n ? memchr(text, *secret, n - m + 1) : NULL;

	while (at) {
		if (!memcmp(at, secret, m))
			blot(at, m);
		at = memchr(at + 1, *secret, n - m - (size_t)(at - text));
	}
}

static int is_base64(char c)
{
	return ptn_text_base64_value(c) >= 0 || c == '=';
}

/* From octet i to the end of the run of base64 that it stands in; gives that end. */
static size_t blot_run(char *text, size_t n, size_t i)
{
	size_t end = i;

	while (i && is_base64(text[i - 1]))
		i--;
	while (end < n && is_base64(text[end]))
		end++;
	blot(text + i, end - i);
	return end;
}

/* Whether six characters of base64, 36 bits, are what the secret makes from an even bit on. */
static int makes(const char *secret, size_t m, uint64_t six)
{
	uint64_t bits = 0;

	for (size_t i = 0; i < m; i++) {
		bits = bits << 8 | (unsigned char)secret[i];
		if (8 * (i + 1) < SIX)
			continue;
		for (unsigned behind = 0; behind < 8; behind += 2)
			if (8 * (i + 1) >= SIX + behind && (bits >> behind & SIX_ONES) == six)
				return 1;
	}
	return 0;
}

/* What base64 makes of the secret, or of a part of it, wherever it stood in what was encoded: a
 * whole character begins with each even bit of it.  Found without a copy of it. */
static void mask_base64(char *text, size_t n, const char *secret, size_t m)
{
	uint64_t six = 0;
	size_t run = 0;

	for (size_t i = 0; i < n; i++) {
		int v = ptn_text_base64_value(text[i]);

		run = v < 0 ? 0 : run + 1;
		six = (six << 6 | (unsigned)(v & 63)) & SIX_ONES;
		if (run < ECHO_LEAST || !makes(secret, m, six))
			continue;
		i = blot_run(text, n, i) - 1;
		run = 0;
	}
}

/* How many octets of a and b are the same from the start. */
static size_t common(const char *a, size_t na, const char *b, size_t nb)
{
	size_t i = 0;

	while (i < na && i < nb && a[i] == b[i] && a[i] != '\n' && a[i] != '\r')
		i++;
	return i;
}

static void mask_echo(char *text, size_t n, const char *sent, size_t m)
{
	for (size_t i = 0; m && i + ECHO_LEAST <= n; i++) {
		size_t best = 0;

		for (const char *at = sent; (at = memchr(at, text[i], (size_t)(sent + m - at)));
		     at++) {
			size_t same = common(text + i, n - i, at, (size_t)(sent + m - at));

			best = same > best ? same : best;
		}
		if (best >= ECHO_LEAST) {
			blot(text + i, best);
			i += best - 1;
		}
	}
}

/* Once AUTH was begun, no reply's text reaches anyone before it went through here.  A challenge is
 * left for the exchange to read, and blotted out behind it. */
void ptn_exchange_mask(struct ptn_smtp *s)
{
	enum { SHOWN_MOST = 4096 };
	const char *secret = s->policy->secret;
	struct ptn_buf *text = &s->reply.text;
	size_t n = ptn_buf_len(text);
	char *p;

	if (!s->exchange.auths || !n)
		return;
	p = text->base + text->head;
	if (s->fault && s->exchange.next & PTN_AUTH_TOKEN) { /* it is not known any more */
		blot(p, n);
		return;
	}
	if (secret)
		mask_word(p, n, secret, strlen(secret));
	if (n > SHOWN_MOST)
		blot(p, n);
	else
		mask_echo(p, n, ptn_buf_data(&s->exchange.sent), ptn_buf_len(&s->exchange.sent));
	if (secret && n <= SHOWN_MOST)
		mask_base64(p, n, secret, strlen(secret));
}

void ptn_exchange_blot(struct ptn_smtp *s)
{
	struct ptn_buf *text = &s->reply.text;

	if (ptn_buf_len(text))
		blot(text->base + text->head, ptn_buf_len(text));
}
