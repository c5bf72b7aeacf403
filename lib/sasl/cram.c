/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CRAM-MD5 (RFC 2195).
 */
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "sasl/crypt.h"
#include "sasl/mechanism.h"

static int put_hex(struct ptn_buf *out, const unsigned char *p, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	int err = 0;

	for (size_t i = 0; !err && i < n; i++) {
		const char pair[2] = {digits[p[i] >> 4], digits[p[i] & 15]};

		err = ptn_buf_add(out, pair, 2);
	}
	return err;
}

static int step(struct ptn_sasl *s, const char *in, size_t n)
{
	unsigned char digest[PTN_HASH_MOST];
	int err;

	if (!n || memchr(in, '\0', n))
		return ptn_sasl_refuse(s, PTN_FAULT_AUTH_MALFORMED,
				       n ? "the CRAM-MD5 challenge holds a NUL"
					 : "the CRAM-MD5 challenge is empty");
	err = ptn_crypt_hmac(PTN_HASH_MD5, s->password, strlen(s->password), in, n, digest);
	err = err ? err : ptn_buf_puts(&s->out, s->user);
	err = err ? err : ptn_buf_puts(&s->out, " ");
	err = err ? err : put_hex(&s->out, digest, ptn_hash_size(PTN_HASH_MD5));
	ptn_mem_wipe(digest, sizeof(digest));
	return err ? ptn_sasl_broken(s, err) : PTN_SASL_DONE;
}

const struct ptn_sasl_method ptn_sasl_cram = {.begin = ptn_sasl_prepare, .step = step};
