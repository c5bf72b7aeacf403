/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>
#include <time.h>

#include <gnutls/crypto.h>

#include "base/mem.h"
#include "base/text.h"
#include "postern.h"
#include "tls/own.h"
#include "tls/resume.h"
#include "tls/trust.h"

enum {
	DAY = 86400,
	EARLY = 2 /* so many tickets of one session are kept at once; then only the last */
};

int ptn_resume_is_wanted(const struct ptn_tls_with *with)
{
	/* A resumed session has no staple. */
	return with->store &&
	       !(with->options && (with->options->no_resumption || with->options->staple_required));
}

/* ---- The key: a hash of all that the session's security depends on ---- */

static int add(struct ptn_buf *b, const void *p, size_t n)
{
	const unsigned char len[4] = {(unsigned char)(n >> 24), (unsigned char)(n >> 16),
				      (unsigned char)(n >> 8), (unsigned char)n};

	return ptn_buf_add(b, len, 4) || (n && ptn_buf_add(b, p, n));
}

static int add_text(struct ptn_buf *b, const char *s)
{
	return add(b, s ? s : "", s ? strlen(s) : 0);
}

static int add_number(struct ptn_buf *b, size_t v)
{
	char digits[PTN_TEXT_DIGITS];

	return add(b, digits, ptn_text_digits(digits, v));
}

static int add_options(struct ptn_buf *b, const struct ptn_tls_options *o)
{
	return add(b, o->pins, sizeof o->pins[0] * o->n_pins) || add_number(b, o->pins_only != 0) ||
	       add(b, o->own ? ptn_own_id(o->own) : NULL, o->own ? 32 : 0) ||
	       add_number(b, o->minimum_13 != 0) || add_number(b, o->priority != NULL) ||
	       add_text(b, o->priority);
}

static int add_records(struct ptn_buf *b, const struct ptn_tlsa *r, size_t n)
{
	int err = add_number(b, n);

	for (size_t i = 0; !err && i < n; i++) {
		const unsigned char kind[3] = {r[i].usage, r[i].selector, r[i].matching};
		const void *data = r[i].more ? (const void *)r[i].more : r[i].data;

		err = add(b, kind, 3) || add(b, data, r[i].size);
	}
	return err;
}

/* Names are compared in lower case, and GnuTLS packs sessions in its own way, which another version
 * of it may not read. */
static int make_key(unsigned char key[PTN_STORE_KEY], struct ptn_trust *trust, const char *host,
		    const struct ptn_tls_with *with)
{
	static const struct ptn_tls_options none = {.n_pins = 0};
	char *name = ptn_mem_string(host);
	struct ptn_buf b = {0};
	int err = name == NULL;

	for (char *c = name; c && *c; c++)
		*c = (char)ptn_text_lower((unsigned char)*c);
	err = err || add_text(&b, POSTERN_VERSION) || add_text(&b, gnutls_check_version(NULL)) ||
	      add_text(&b, name) || add_number(&b, (size_t)with->port) ||
	      add(&b, ptn_trust_id(trust), 32) ||
	      add_options(&b, with->options ? with->options : &none) ||
	      add_records(&b, with->tlsa, with->n_tlsa) ||
	      add_text(&b, with->also ? with->also : "") ||
	      gnutls_hash_fast(GNUTLS_DIG_SHA256, ptn_buf_data(&b), ptn_buf_len(&b), key) < 0;
	ptn_buf_free(&b);
	ptn_mem_free(name);
	return err ? POSTERN_E_NOMEM : 0;
}

/* ---- Before the handshake ---- */

int ptn_resume_offer(struct ptn_resume *r, gnutls_session_t s, struct ptn_trust *trust,
		     const char *host, const struct ptn_tls_with *with)
{
	struct ptn_kept *k;
	int rc;

	if (make_key(r->key, trust, host, with))
		return POSTERN_E_NOMEM;
	r->store = with->store;
	k = ptn_store_take(r->store, r->key, (long long)time(NULL));
	if (!k)
		return 0;
	r->cap = k->cap;
	r->until = k->until;
	r->old = k->old;
	rc = gnutls_session_set_data(s, ptn_buf_data(&k->session), ptn_buf_len(&k->session));
	ptn_kept_free(k);
	if (rc < 0)
		r->old = 0;
	return rc < 0 ? POSTERN_E_PROTOCOL : 0;
}

/* ---- After it ---- */

void ptn_resume_heard(struct ptn_resume *r, const gnutls_datum_t *message)
{
	const unsigned char *p = message->data;

	if (message->size < 4)
		return;
	r->lifetime = (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 | p[3];
	r->fresh = 1;
}

/* TLS 1.2 can be resumed by what both have, without a ticket.  Without the extended master secret
 * it must not be (RFC 7627 5.3).  A staple proves nothing later. */
void ptn_resume_verified(struct ptn_resume *r, gnutls_session_t s, long long certificate)
{
	gnutls_datum_t staple;
	int old = gnutls_protocol_get_version(s) == GNUTLS_TLS1_2;

	if (!r->store)
		return;
	if (!gnutls_session_is_resumed(s)) {
		r->cap = (long long)time(NULL) + DAY;
		r->until = 0;
	}
	if (certificate < r->cap)
		r->cap = certificate;
	if ((old && !gnutls_session_ext_master_secret_status(s)) ||
	    gnutls_ocsp_status_request_get(s, &staple) >= 0)
		r->store = NULL;
	else if (old)
		r->fresh = 1;
	ptn_resume_keep(r, s, 0);
}

/* When what is kept now ends: by the server's hint, a day after the full handshake, and with the
 * certificate.  0: at once.  TLS 1.2 gives the session that was resumed, and no later end; a hint
 * of 0 says nothing there (RFC 5077 3.3). */
static long long end_of(const struct ptn_resume *r, int old)
{
	long long now = (long long)time(NULL), until = r->cap;

	if (old && r->until && r->until < until)
		until = r->until;
	if ((r->lifetime || !old) && now + r->lifetime < until)
		until = now + r->lifetime;
	return until > now ? until : 0;
}

void ptn_resume_keep(struct ptn_resume *r, gnutls_session_t s, int end)
{
	long long until;
	gnutls_datum_t packed;
	int old;

	if (!r->store || !r->fresh || (r->kept >= EARLY && !end))
		return;
	old = gnutls_protocol_get_version(s) == GNUTLS_TLS1_2;
	r->fresh = 0;
	/* Without a ticket GnuTLS would wait for one. */
	if (!old && !(gnutls_session_get_flags(s) & GNUTLS_SFLAGS_SESSION_TICKET))
		return;
	until = end_of(r, old);
	if (!until || gnutls_session_get_data2(s, &packed) < 0)
		return;
	r->kept++;
	ptn_store_add(r->store, r->key,
		      &(struct ptn_kept){.until = until, .cap = r->cap, .old = old}, packed.data,
		      packed.size);
	ptn_mem_wipe(packed.data, packed.size);
	gnutls_free(packed.data);
}

void ptn_resume_failed(struct ptn_resume *r)
{
	if (r->store)
		ptn_store_drop(r->store, r->key);
}
