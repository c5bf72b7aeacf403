/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Ours are parsed once per process: it takes as long as a fiftieth of a handshake.
 */
#include <stdatomic.h>

#include "base/buf.h"
#include "postern.h"
#include "tls/priority.h"

/* Forward secrecy and AEAD; no RSA key under 2048 bits, no SHA-1 (RFC 9325). */
#define ALGORITHMS "-RSA:-AES-128-CBC:-AES-256-CBC:-SHA1:%PROFILE_MEDIUM"

enum { BOTH, ONLY_13, ONLY_12, KINDS };

static const char *const texts[KINDS] = {
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:" ALGORITHMS,
	"NORMAL:-VERS-ALL:+VERS-TLS1.3:" ALGORITHMS,
	"NORMAL:-VERS-ALL:+VERS-TLS1.2:" ALGORITHMS,
};
static const char *const exceptions[KINDS] = {"", ":-VERS-TLS1.2", ":-VERS-TLS1.3"};

static _Atomic(gnutls_priority_t) ours[KINDS];

/* A session keeps a reference of its own to what it uses. */
__attribute__((destructor)) static void forget_ours(void)
{
	for (int i = 0; i < KINDS; i++) {
		gnutls_priority_t p = atomic_exchange(&ours[i], NULL);

		if (p)
			gnutls_priority_deinit(p);
	}
}

/* Two threads that come first at the same time may both parse; one result is kept. */
static int set_ours(gnutls_session_t s, int kind)
{
	gnutls_priority_t mine, before = NULL;
	int rc;

	if (!atomic_load(&ours[kind])) {
		rc = gnutls_priority_init(&mine, texts[kind], NULL);
		if (rc < 0)
			return rc;
		if (!atomic_compare_exchange_strong(&ours[kind], &before, mine))
			gnutls_priority_deinit(mine);
	}
	return gnutls_priority_set(s, atomic_load(&ours[kind]));
}

/* The caller's, without what is too old. */
static int read_priority(gnutls_priority_t *out, const char *s, int kind)
{
	struct ptn_buf b = {0};
	int rc = GNUTLS_E_MEMORY_ERROR;

	if (!ptn_buf_puts(&b, s) && !ptn_buf_puts(&b, ":-VERS-SSL3.0:-VERS-TLS1.0:-VERS-TLS1.1") &&
	    !ptn_buf_puts(&b, exceptions[kind]) && !ptn_buf_add(&b, "", 1))
		rc = gnutls_priority_init(out, ptn_buf_data(&b), NULL);
	ptn_buf_free(&b);
	return rc;
}

int ptn_priority_set(gnutls_session_t s, const struct ptn_tls_options *o, int only_12)
{
	int rc, kind = o && o->minimum_13 ? ONLY_13 : only_12 ? ONLY_12 : BOTH;
	gnutls_priority_t p;

	if (!o || !o->priority)
		return set_ours(s, kind);
	rc = read_priority(&p, o->priority, kind);
	if (rc < 0)
		return rc;
	rc = gnutls_priority_set(s, p);
	gnutls_priority_deinit(p);
	return rc;
}

gnutls_protocol_t ptn_priority_floor(const struct ptn_tls_options *o)
{
	return o && o->minimum_13 ? GNUTLS_TLS1_3 : GNUTLS_TLS1_2;
}

int ptn_priority_check(const char *s)
{
	const unsigned *versions = NULL;
	gnutls_priority_t p;
	int n, usable = 0, rc = read_priority(&p, s, BOTH);

	if (rc < 0)
		return rc == GNUTLS_E_MEMORY_ERROR ? POSTERN_E_NOMEM : POSTERN_E_ARG;
	n = gnutls_priority_protocol_list(p, &versions);
	for (int i = 0; i < n; i++)
		usable |= versions[i] == GNUTLS_TLS1_2 || versions[i] == GNUTLS_TLS1_3;
	gnutls_priority_deinit(p);
	return usable ? 0 : POSTERN_E_ARG;
}
