/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The other side for the tests of lib/tls: certificates made on the spot, and a GnuTLS server over
 * memory.
 */
#ifndef TESTS_TLS_PEER_H
#define TESTS_TLS_PEER_H

#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#include "base/buf.h"
#include "tls/tls.h"

struct cert {
	gnutls_x509_crt_t crt;
	gnutls_x509_privkey_t key;
};

enum { DAY = 86400 };

struct recipe {
	const char *cn; /* no subject if NULL */
	const char *names[5]; /* dNSName */
	const char *uri; /* URI */
	const char *ip; /* iPAddress, given as text */
	const char *raw_name; /* the only alternative name: a dNSName of any octets */
	unsigned raw_len;
	unsigned many; /* so many dNSNames that match nothing */
	const char *last; /* behind those */
	int authority; /* a CA certificate */
	int path_len; /* of an authority: 0 for no limit, else limit + 1 */
	long from, to; /* validity in seconds from now; 0, 0: from yesterday for 30 days */
	const char *purpose; /* the only extended key usage */
	unsigned usage; /* key usage */
	int rsa; /* bits, instead of ECDSA P-256 */
	int dsa; /* bits */
	unsigned curve; /* GNUTLS_ECC_CURVE_*, instead of P-256 */
	int digest; /* GNUTLS_DIG_*, instead of SHA-256 */
	const char *excluded; /* name constraints of an authority */
	const char *permitted;
	int must_staple;
	unsigned version; /* 1, instead of 3 */
};

/* Signed by issuer, or by itself if that is NULL. */
void cert_make(struct cert *c, const struct recipe *r, const struct cert *issuer);
void cert_free(struct cert *c);
/* A trust in nothing but these. */
struct ptn_trust *trust_in(const struct cert *c);
/* A new file of this text; to be unlinked and freed by the caller. */
char *file_of(const void *text, size_t n);

struct peer {
	gnutls_session_t s;
	gnutls_certificate_credentials_t credentials;
	struct ptn_buf in, out;
	int eof; /* nothing more will come from the client */
	int handshake; /* what the last gnutls_handshake() gave */
	int alert; /* the client's fatal alert, -1 for none */
	char sni[300]; /* the name that the client asked for */
};

/* chain: up to four certificates, leaf first, ended by NULL. */
void peer_start(struct peer *p, const struct cert *const *chain, const char *priority);
void peer_staple(struct peer *p, const void *der, size_t n);
void peer_free(struct peer *p);
/* Take the client's output, do the server's part of the handshake. */
void peer_turn(struct peer *p, struct ptn_tls *t);
/* Hand the server's output to the client, chunk octets at a time (0: at once), trying a handshake
 * in between: what the last gave. */
int peer_feed(struct peer *p, struct ptn_tls *t, size_t chunk);
/* The whole handshake: what ptn_tls_handshake() gave in the end. */
int peer_shake(struct peer *p, struct ptn_tls *t, size_t chunk);
/* The client's plaintext, as the server reads it: octets, or a GNUTLS_E_* code. */
ssize_t peer_read(struct peer *p, struct ptn_tls *t, void *to, size_t cap);
/* A record of any type and content, as the server would seal it. */
void peer_forge(struct peer *p, unsigned char type, const void *content, size_t n);

#endif
