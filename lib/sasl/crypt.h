/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The few cryptographic functions that mechanisms need, from GnuTLS.  0, POSTERN_E_NOMEM, or
 * POSTERN_E_SYSTEM where the library refuses (MD5 in a FIPS mode).
 */
#ifndef PTN_SASL_CRYPT_H
#define PTN_SASL_CRYPT_H

#include <stddef.h>

#include "base/buf.h"

enum ptn_hash { PTN_HASH_MD5, PTN_HASH_SHA1, PTN_HASH_SHA256 };
enum { PTN_HASH_MOST = 32 };

size_t ptn_hash_size(int hash);
int ptn_crypt_hash(int hash, const void *p, size_t n, unsigned char *out);
int ptn_crypt_hmac(int hash, const void *key, size_t key_len, const void *p, size_t n,
		   unsigned char *out);
/* PBKDF2 (RFC 8018 5.2) with HMAC, one block. */
int ptn_crypt_pbkdf2(int hash, const char *password, const void *salt, size_t n, unsigned count,
		     unsigned char *out);
/* Add fresh random octets, in base64: 24 characters. */
int ptn_crypt_nonce(struct ptn_buf *out);
int ptn_crypt_same(const void *a, const void *b, size_t n); /* in constant time: 1 if equal */

#endif
