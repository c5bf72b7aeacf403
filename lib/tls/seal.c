/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A store as text, for a later process.  It is sealed, and not only for the secrets in it: GnuTLS
 * trusts a packed session blindly, and a damaged one can crash it, so none may be unpacked but what
 * this library has packed.
 *
 * "postern-sessions 1 " and the base64 of: a salt of 16 octets; AES-256-GCM, with the words before
 * the base64 as associated data, of: for each session its key, two times of 8 octets, 1 if it is of
 * TLS 1.2, its length in 4 octets, and itself.  AES key and nonce come from the caller's key and
 * the salt by HKDF (RFC 5869), so no nonce is used twice with one key.
 */
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "postern.h"
#include "tls/store.h"

#define PREFIX "postern-sessions 1 "

enum {
	SALT = 16,
	AES_KEY = 32,
	NONCE = 12,
	TAG = 16,
	LEAST_KEY = 16,
	HEAD = PTN_STORE_KEY + 8 + 8 + 1 + 4,
	MOST = PTN_STORE_ALL * (HEAD + PTN_STORE_SESSION) + SALT + TAG
};

/* ---- The seal ---- */

struct seal {
	gnutls_aead_cipher_hd_t aead;
	unsigned char derived[AES_KEY + NONCE];
};

static int open_seal(struct seal *s, const void *key, size_t key_len,
		     const unsigned char salt[SALT])
{
	const gnutls_datum_t secret = {(unsigned char *)key, (unsigned)key_len};
	const gnutls_datum_t salted = {(unsigned char *)salt, SALT};
	const gnutls_datum_t label = {(unsigned char *)PREFIX, sizeof PREFIX - 1};
	unsigned char extracted[32];
	const gnutls_datum_t prk = {extracted, sizeof extracted};
	const gnutls_datum_t aes = {s->derived, AES_KEY};
	int rc = gnutls_hkdf_extract(GNUTLS_MAC_SHA256, &secret, &salted, extracted);

	if (rc >= 0)
		rc = gnutls_hkdf_expand(GNUTLS_MAC_SHA256, &prk, &label, s->derived,
					sizeof s->derived);
	if (rc >= 0)
		rc = gnutls_aead_cipher_init(&s->aead, GNUTLS_CIPHER_AES_256_GCM, &aes);
	ptn_mem_wipe(extracted, sizeof extracted);
	if (rc < 0)
		ptn_mem_wipe(s->derived, sizeof s->derived);
	return rc < 0 ? POSTERN_E_NOMEM : 0;
}

static void close_seal(struct seal *s)
{
	gnutls_aead_cipher_deinit(s->aead);
	ptn_mem_wipe(s->derived, sizeof s->derived);
}

/* ---- Numbers ---- */

static int add_number(struct ptn_buf *b, unsigned long long v, unsigned n)
{
	unsigned char octets[8];

	for (unsigned i = 0; i < n; i++)
		octets[i] = (unsigned char)(v >> (8 * (n - 1 - i)));
	return ptn_buf_add(b, octets, n);
}

static unsigned long long number_of(const unsigned char *p, unsigned n)
{
	unsigned long long v = 0;

	for (unsigned i = 0; i < n; i++)
		v = v << 8 | p[i];
	return v;
}

/* ---- Saving ---- */

static int add_session(struct ptn_buf *b, const struct ptn_kept *k)
{
	size_t n = ptn_buf_len(&k->session);

	return ptn_buf_add(b, k->key, sizeof k->key) ||
			       add_number(b, (unsigned long long)k->until, 8) ||
			       add_number(b, (unsigned long long)k->cap, 8) ||
			       add_number(b, (unsigned long long)k->old, 1) ||
			       add_number(b, n, 4) || ptn_buf_add(b, ptn_buf_data(&k->session), n)
		       ? POSTERN_E_NOMEM
		       : 0;
}

static int add_sealed(struct ptn_buf *out, const struct ptn_buf *plain, const void *key,
		      size_t key_len)
{
	unsigned char salt[SALT];
	size_t n = ptn_buf_len(plain) + TAG;
	struct seal seal;
	char *room;
	int rc;

	if (gnutls_rnd(GNUTLS_RND_NONCE, salt, sizeof salt) < 0 ||
	    ptn_buf_add(out, salt, sizeof salt) || open_seal(&seal, key, key_len, salt))
		return POSTERN_E_NOMEM;
	room = ptn_buf_room(out, n);
	rc = !room ? GNUTLS_E_MEMORY_ERROR
		   : gnutls_aead_cipher_encrypt(seal.aead, seal.derived + AES_KEY, NONCE, PREFIX,
						sizeof PREFIX - 1, TAG, ptn_buf_data(plain),
						ptn_buf_len(plain), room, &n);
	close_seal(&seal);
	if (rc < 0)
		return POSTERN_E_NOMEM;
	ptn_buf_filled(out, n);
	return 0;
}

int ptn_store_save(const struct ptn_tls_store *s, const void *key, size_t key_len,
		   struct ptn_buf *out)
{
	struct ptn_buf plain = {0}, sealed = {0};
	long long now = (long long)time(NULL);
	size_t before = ptn_buf_len(out);
	int err = 0;

	if (!key || key_len < LEAST_KEY || key_len > MOST)
		return POSTERN_E_ARG;
	for (const struct ptn_kept *k = s ? s->first : NULL; !err && k; k = k->next)
		if (k->until > now)
			err = add_session(&plain, k);
	if (!err && ptn_buf_len(&plain)) {
		err = add_sealed(&sealed, &plain, key, key_len);
		err = err ? err : ptn_buf_puts(out, PREFIX);
		err = err ? err : ptn_text_base64(out, ptn_buf_data(&sealed), ptn_buf_len(&sealed));
	}
	if (err)
		ptn_buf_cut(out, before);
	ptn_buf_free(&plain);
	ptn_buf_free(&sealed);
	return err;
}

/* ---- Restoring ---- */

/* What it says was written by this library: of another's making it would not have opened. */
static int take_sessions(struct ptn_tls_store *s, const unsigned char *p, size_t n)
{
	const long long now = (long long)time(NULL);
	const unsigned char *starts[PTN_STORE_ALL];
	size_t count = 0;

	while (n >= HEAD && count < PTN_STORE_ALL) {
		size_t len = (size_t)number_of(p + HEAD - 4, 4);

		if (len > n - HEAD)
			return POSTERN_E_ARG;
		starts[count++] = p;
		p += HEAD + len;
		n -= HEAD + len;
	}
	if (n)
		return POSTERN_E_ARG;
	while (count--) { /* the latest is added last */
		const unsigned char *at = starts[count];
		const struct ptn_kept facts = {
			.until = (long long)number_of(at + PTN_STORE_KEY, 8),
			.cap = (long long)number_of(at + PTN_STORE_KEY + 8, 8),
			.old = at[PTN_STORE_KEY + 16]};

		if (facts.until > now)
			ptn_store_add(s, at, &facts, at + HEAD,
				      (size_t)number_of(at + HEAD - 4, 4));
	}
	return 0;
}

static int take_sealed(struct ptn_tls_store *s, const struct ptn_buf *sealed, const void *key,
		       size_t key_len)
{
	const unsigned char *in = (const unsigned char *)ptn_buf_data(sealed);
	size_t n = ptn_buf_len(sealed), plain_len = n;
	struct ptn_buf plain = {0};
	struct seal seal;
	char *room;
	int err = POSTERN_E_NOMEM;

	if (n < SALT + TAG)
		return POSTERN_E_ARG;
	room = ptn_buf_room(&plain, n);
	if (room && !open_seal(&seal, key, key_len, in)) {
		int rc = gnutls_aead_cipher_decrypt(seal.aead, seal.derived + AES_KEY, NONCE,
						    PREFIX, sizeof PREFIX - 1, TAG, in + SALT,
						    n - SALT, room, &plain_len);

		close_seal(&seal);
		ptn_buf_filled(&plain, rc < 0 ? n : plain_len); /* all of it is wiped */
		err = rc == GNUTLS_E_MEMORY_ERROR ? POSTERN_E_NOMEM
		      : rc < 0                    ? POSTERN_E_ARG
			       : take_sessions(s, (unsigned char *)room, plain_len);
	}
	ptn_buf_free(&plain);
	return err;
}

int ptn_store_restore(struct ptn_tls_store *s, const char *text, const void *key, size_t key_len)
{
	static const char prefix[] = PREFIX;
	const size_t head = sizeof prefix - 1;
	struct ptn_buf sealed = {0};
	size_t n = text ? strlen(text) : 0;
	int err;

	if (!key || key_len < LEAST_KEY || key_len > MOST || n <= head || n > MOST * 2 ||
	    memcmp(text, prefix, head))
		return POSTERN_E_ARG;
	err = ptn_text_unbase64(&sealed, text + head, n - head);
	if (!err)
		err = take_sealed(s, &sealed, key, key_len);
	else if (err != POSTERN_E_NOMEM)
		err = POSTERN_E_ARG;
	ptn_buf_free(&sealed);
	return err;
}
