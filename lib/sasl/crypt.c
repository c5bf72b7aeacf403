/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gnutls/crypto.h>
#include <string.h>

#include "base/text.h"
#include "postern.h"
#include "sasl/crypt.h"

static const struct {
	gnutls_digest_algorithm_t digest;
	gnutls_mac_algorithm_t mac;
	size_t size;
} hashes[] = {
	[PTN_HASH_MD5] = {GNUTLS_DIG_MD5, GNUTLS_MAC_MD5, 16},
	[PTN_HASH_SHA1] = {GNUTLS_DIG_SHA1, GNUTLS_MAC_SHA1, 20},
	[PTN_HASH_SHA256] = {GNUTLS_DIG_SHA256, GNUTLS_MAC_SHA256, 32},
};

static int error_of(int rc)
{
	return rc >= 0 ? 0 : rc == GNUTLS_E_MEMORY_ERROR ? POSTERN_E_NOMEM : POSTERN_E_SYSTEM;
}

size_t ptn_hash_size(int hash)
{
	return hashes[hash].size;
}

int ptn_crypt_hash(int hash, const void *p, size_t n, unsigned char *out)
{
	return error_of(gnutls_hash_fast(hashes[hash].digest, p, n, out));
}

int ptn_crypt_hmac(int hash, const void *key, size_t key_len, const void *p, size_t n,
		   unsigned char *out)
{
	return error_of(gnutls_hmac_fast(hashes[hash].mac, key, key_len, p, n, out));
}

int ptn_crypt_pbkdf2(int hash, const char *password, const void *salt, size_t n, unsigned count,
		     unsigned char *out)
{
	/* Neither is written to; the types are those of GnuTLS. */
	gnutls_datum_t key = {(unsigned char *)(size_t)password, (unsigned)strlen(password)};
	gnutls_datum_t grains = {(unsigned char *)(size_t)salt, (unsigned)n};

	return error_of(
		gnutls_pbkdf2(hashes[hash].mac, &key, &grains, count, out, hashes[hash].size));
}

int ptn_crypt_nonce(struct ptn_buf *out)
{
	unsigned char raw[18];
	int err = error_of(gnutls_rnd(GNUTLS_RND_NONCE, raw, sizeof(raw)));

	return err ? err : ptn_text_base64(out, raw, sizeof(raw));
}

int ptn_crypt_same(const void *a, const void *b, size_t n)
{
	return gnutls_memcmp(a, b, n) == 0;
}
