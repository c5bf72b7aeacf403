/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TLS on a connection, from conn.c's raw_in to its `in`, and from `out` to raw_out; and what a
 * server can do wrong there.
 */
#ifndef SANDBOX_TLS_H
#define SANDBOX_TLS_H

#include <gnutls/gnutls.h>
#include <stddef.h>

struct conn;

/* What can be sent that is no application data. */
enum tls_extra {
	TLS_TICKETS, /* TLS 1.3 */
	TLS_KEYUPDATE, /* TLS 1.3; every second one asks for the client's */
	TLS_HELLOREQUEST, /* TLS 1.2 */
	TLS_ALERTS, /* warnings */
	TLS_EMPTY, /* records without data; TLS 1.3 */
	TLS_EXTRAS
};
const char *tls_extra_name(enum tls_extra x);
int tls_extra_find(const char *s, size_t n, enum tls_extra *out); /* -1: no such */

struct tls {
	gnutls_session_t session;
	gnutls_certificate_credentials_t own; /* of a client's side, empty */
	const char *version;
	int extended; /* the master secret is the extended one (RFC 7627), or TLS 1.3's */
	char *client_name, *client_mailbox; /* of a client's verified certificate; or NULL */
	long records; /* sent, for garbling one */
	size_t left; /* octets of the record being sent that are yet to come */
	unsigned char head[5];
	size_t n_head;
};

/* All as the listener's rules say.  -1: it cannot be started. */
int tls_start(struct conn *c, const char *certificate, int min, int max);
int tls_start_client(struct conn *c); /* ours is the client's side; whoever answers is believed */
void tls_free(struct conn *c);
int tls_shake(struct conn *c); /* 1 if something happened */
int tls_decrypt(struct conn *c); /* the same */
void tls_encrypt(struct conn *c, size_t n); /* n octets of out */
/* n of them, the first of which is the from-th; 0, or an error of GnuTLS. */
int tls_send_extra(struct conn *c, enum tls_extra x, long from, long n);

/* Channel binding data, to be freed with gnutls_free(); NULL: this session has none of that type.
 */
gnutls_datum_t tls_binding(const struct conn *c,
			   const char *type); /* "tls-exporter", "tls-unique" */

#endif
