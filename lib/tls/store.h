/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sessions to resume, as GnuTLS packs them.  Each is good for what it was made with, so it stands
 * under a hash of all of that, and is given once: a ticket that is used again tells who looks on
 * that it is the same client (RFC 8446 C.4).
 */
#ifndef PTN_TLS_STORE_H
#define PTN_TLS_STORE_H

#include "base/buf.h"
#include "tls/options.h"

enum {
	PTN_STORE_KEY = 32,
	PTN_STORE_EACH = 8, /* under one key */
	PTN_STORE_ALL = 32,
	PTN_STORE_SESSION = 16384 /* octets */
};

struct ptn_kept {
	struct ptn_kept *next;
	unsigned char key[PTN_STORE_KEY];
	long long until; /* seconds since 1970 */
	long long cap; /* of it and all that come from resuming it: a full handshake is due then */
	int old; /* of TLS 1.2 */
	struct ptn_buf session;
};

struct ptn_tls_store {
	struct ptn_kept *first; /* the latest */
};

/* Keep a session, of which facts has until, cap and old.  The oldest makes room.  Without memory
 * nothing is kept. */
void ptn_store_add(struct ptn_tls_store *s, const unsigned char key[PTN_STORE_KEY],
		   const struct ptn_kept *facts, const void *session, size_t n);
/* The latest that is not too old, as the caller's own; NULL for none. */
struct ptn_kept *ptn_store_take(struct ptn_tls_store *s, const unsigned char key[PTN_STORE_KEY],
				long long now);
void ptn_store_drop(struct ptn_tls_store *s, const unsigned char key[PTN_STORE_KEY]);
void ptn_kept_free(struct ptn_kept *k);

#endif
