/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TLS as a filter over two buffers: ciphertext in and out on one side, plaintext on the other.  No
 * socket, no clock but the one GnuTLS checks validity with.  TLS 1.2 and 1.3 only.
 */
#ifndef PTN_TLS_TLS_H
#define PTN_TLS_TLS_H

#include <stddef.h>

#include "base/buf.h"
#include "tls/options.h"

/* Whom to trust: certificate authorities, counted references. */
struct ptn_trust;

/* The system's authorities, read once per process on the first handshake that needs them and
 * shared.  NULL when out of memory. */
struct ptn_trust *ptn_trust_system(void);
/* Those in a PEM file, read now.  0, POSTERN_E_NOMEM, or POSTERN_E_ARG with *why a static text. */
int ptn_trust_file(struct ptn_trust **out, const char *pem_file, const char **why);
struct ptn_trust *ptn_trust_share(struct ptn_trust *t); /* one more reference */
void ptn_trust_release(struct ptn_trust *t);
/* Read them now if no handshake has yet: some 10 ms for the system's, well spent while a connection
 * is being made.  PTN_FAULT_NONE, NO_MEMORY or TRUST_UNUSABLE; a handshake would say the same. */
int ptn_trust_load(struct ptn_trust *t);

struct ptn_tls;

/* A client session for host, the name or address literal that the caller gave (without brackets;
 * one trailing dot is dropped): the reference identity of RFC 9525 and, for a name, the SNI.  The
 * session keeps a reference to trust.  NULL when out of memory. */
struct ptn_tls *ptn_tls_new(struct ptn_trust *trust, const char *host);

struct ptn_tls_with { /* borrowed for the life of the session, but for the struct itself */
	const struct ptn_tls_options *options; /* NULL: none */
	struct ptn_tls_store *store; /* sessions to resume and to add to; NULL: none */
	int port; /* part of what a stored session is good for */
	const struct ptn_tlsa *tlsa; /* validated records; one must match (RFC 6698, 7673) */
	size_t n_tlsa; /* 0: DANE has no say */
	const char *also; /* another name that the certificate may have (RFC 7673 4.1); or NULL */
};
struct ptn_tls *ptn_tls_new_with(struct ptn_trust *trust, const char *host,
				 const struct ptn_tls_with *with);

/* Channel binding data: its type, "tls-exporter" (RFC 9266) or in TLS 1.2 without the extended
 * master secret "tls-unique", and the octets; NULL where there is none to be had. */
const char *ptn_tls_binding(struct ptn_tls *t, unsigned char out[64], size_t *n);
int ptn_tls_resumed(
	const struct ptn_tls *t); /* the handshake was a resumption; verified all the same */
void ptn_tls_free(struct ptn_tls *t);

/* Network side.  feed copies ciphertext in (0 or POSTERN_E_NOMEM); eof says no more will come; out
 * lends what is to be sent, wrote says how much of it was. */
int ptn_tls_feed(struct ptn_tls *t, const void *in, size_t len);
void ptn_tls_eof(struct ptn_tls *t);
size_t ptn_tls_out(struct ptn_tls *t, const char **p);
void ptn_tls_wrote(struct ptn_tls *t, size_t n);
void ptn_tls_rest(struct ptn_tls *t); /* idle: memory of empty buffers is given back */

/* Program side.  handshake: 1 done and *verified* (chain, name, purpose, and what the options ask
 * beside or in place of them), 0 needs more input, -1 failed.  get: octets given, 0 for none yet,
 * PTN_TLS_CLOSED after close_notify, -1 failed (a network end without close_notify is a failure,
 * never a clean end).  put: octets taken, straight from buf into records (all, or the first 128
 * KiB, or fewer, or 0 when out of memory), -1 failed. bye queues close_notify. After the first
 * failure every call gives -1, and fault, text and out (an alert) tell of it. */
enum { PTN_TLS_CLOSED = -2 };
int ptn_tls_handshake(struct ptn_tls *t);
ptrdiff_t ptn_tls_get(struct ptn_tls *t, char *buf, size_t cap);
ptrdiff_t ptn_tls_put(struct ptn_tls *t, const char *buf, size_t len);
void ptn_tls_bye(struct ptn_tls *t);

int ptn_tls_fault(const struct ptn_tls *t); /* PTN_FAULT_*; NONE while all is well */
/* What to add to the sentence, fit to be shown; "" if nothing: for CERT_WRONG_NAME the names that
 * would match, for TLS_SMTP_FIRST the server's first line, for CERT_* the subject and what of it.
 */
const char *ptn_tls_detail(const struct ptn_tls *t);
/* Whether the server's certificate, verified or not, names this host: 1 or 0. */
int ptn_tls_names(const struct ptn_tls *t, const char *host);
const char *ptn_tls_version(const struct ptn_tls *t); /* "TLS1.3" */
const char *ptn_tls_cipher(const struct ptn_tls *t); /* "AES-256-GCM" */
/* SHA-256 of the server's public key, base64; "" before there is one. */
const char *ptn_tls_key_sha256(const struct ptn_tls *t);

struct ptn_tls_certificate { /* start with all zero; buffers are C strings, fit to be shown */
	struct ptn_buf names, issuer; /* names that may match, separated by ", " */
	char from[24], until[24]; /* "2027-01-02T03:04:05Z"; "" if unreadable */
};
/* The server's own certificate, verified or not: 0, POSTERN_E_PROTOCOL where there is none, or
 * POSTERN_E_NOMEM. */
int ptn_tls_certificate(const struct ptn_tls *t, struct ptn_tls_certificate *out);
void ptn_tls_certificate_free(struct ptn_tls_certificate *c);

#endif
