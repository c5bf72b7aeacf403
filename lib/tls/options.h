/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a caller may ask of TLS beyond verified TLS 1.2 or 1.3 by the system's authorities.
 */
#ifndef PTN_TLS_OPTIONS_H
#define PTN_TLS_OPTIONS_H

#include <stddef.h>

enum { PTN_PINS_MOST = 16, PTN_PIN_SIZE = 32, PTN_TLSA_MOST = 16 };

struct ptn_buf;
struct ptn_tls_own; /* a client certificate and its key */
struct ptn_tls_store; /* sessions to resume, each good for what it was made with and nothing else */

struct ptn_tls_options { /* zeroed: nothing asked; borrowed by the sessions made with it */
	unsigned char pins[PTN_PINS_MOST][PTN_PIN_SIZE]; /* SHA-256 of public keys (SPKI) */
	size_t n_pins;
	int pins_only; /* a pinned key is enough, whoever signed the certificate for whatever name
			*/
	struct ptn_tls_own *own;
	int minimum_13; /* TLS 1.3 only */
	char *priority; /* GnuTLS priority string in place of ours; NULL: ours */
	int staple_required; /* an OCSP response must come with the certificate */
	int no_resumption;
};

struct ptn_tlsa { /* RFC 6698 2.1 */
	unsigned char usage, selector, matching;
	unsigned short size;
	unsigned char data[64]; /* longer ones (whole certificates, matching 0) are kept elsewhere:
				   see more */
	unsigned char *more;
};

/* The pins of a list, "sha256:BASE64 sha256:...", into o.  0, or POSTERN_E_ARG and o is as before:
 * *word, of n octets, is no pin, or one too many; NULL if there is none at all. */
int ptn_pins_read(struct ptn_tls_options *o, const char *list, const char **word, size_t *n);

/* Whether s is a priority string that leaves TLS 1.2 or 1.3: 0, POSTERN_E_ARG or POSTERN_E_NOMEM.
 */
int ptn_priority_check(const char *s);

/* The certificate, with its chain, and the key from PEM files or PKCS #11 URLs (RFC 7512), read
 * now. secret: passphrase or PIN, copied; NULL: none, and nobody is asked for one.  0,
 * POSTERN_E_NOMEM, or POSTERN_E_ARG with *why a static text.  Counted references, as a trust. */
int ptn_own_read(struct ptn_tls_own **out, const char *certificate, const char *key,
		 const char *secret, const char **why);
struct ptn_tls_own *ptn_own_share(struct ptn_tls_own *o);
void ptn_own_release(struct ptn_tls_own *o);

/* A store for one handle; it grows to a few dozen sessions and is wiped when it is freed. */
struct ptn_tls_store *ptn_store_new(void); /* NULL when out of memory */
void ptn_store_free(struct ptn_tls_store *s);
void ptn_store_forget(struct ptn_tls_store *s); /* empty it */
size_t ptn_store_count(const struct ptn_tls_store *s);
/* What is in it as text, sealed with a key of key_len octets, 16 or more; "" is added to out if
 * nothing is.  0, POSTERN_E_ARG for a key too short, or POSTERN_E_NOMEM. */
int ptn_store_save(const struct ptn_tls_store *s, const void *key, size_t key_len,
		   struct ptn_buf *out);
/* Add what such a text holds, but for what is too old.  0, POSTERN_E_ARG: not a text sealed with
 * this key; or POSTERN_E_NOMEM. */
int ptn_store_restore(struct ptn_tls_store *s, const char *text, const void *key, size_t key_len);

#endif
