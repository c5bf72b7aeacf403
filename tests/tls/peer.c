/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _POSIX_C_SOURCE 200809L
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "peer.h"

#define OK(call) ck_assert_int_ge(call, 0)

static void put_names(gnutls_x509_crt_t crt, const struct recipe *r)
{
	gnutls_subject_alt_names_t all;
	gnutls_datum_t der;
	unsigned count = 0;

	OK(gnutls_subject_alt_names_init(&all));
	for (size_t i = 0; i < 5 && r->names[i]; i++, count++) {
		gnutls_datum_t d = {(unsigned char *)r->names[i], (unsigned)strlen(r->names[i])};

		OK(gnutls_subject_alt_names_set(all, GNUTLS_SAN_DNSNAME, &d, NULL));
	}
	for (unsigned i = 0; i < r->many; i++, count++) {
		char name[32];
		gnutls_datum_t d = {(unsigned char *)name, 0};

		d.size = (unsigned)snprintf(name, sizeof name, "h%u.example.net", i);
		OK(gnutls_subject_alt_names_set(all, GNUTLS_SAN_DNSNAME, &d, NULL));
	}
	if (r->last) {
		gnutls_datum_t d = {(unsigned char *)r->last, (unsigned)strlen(r->last)};

		OK(gnutls_subject_alt_names_set(all, GNUTLS_SAN_DNSNAME, &d, NULL));
		count++;
	}
	if (r->uri) {
		gnutls_datum_t d = {(unsigned char *)r->uri, (unsigned)strlen(r->uri)};

		OK(gnutls_subject_alt_names_set(all, GNUTLS_SAN_URI, &d, NULL));
		count++;
	}
	if (r->ip) {
		unsigned char a[16];
		int six = strchr(r->ip, ':') != NULL;
		gnutls_datum_t d = {a, six ? 16 : 4};

		ck_assert_int_eq(inet_pton(six ? AF_INET6 : AF_INET, r->ip, a), 1);
		OK(gnutls_subject_alt_names_set(all, GNUTLS_SAN_IPADDRESS, &d, NULL));
		count++;
	}
	if (count) {
		OK(gnutls_x509_ext_export_subject_alt_names(all, &der));
		OK(gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.17", der.data, der.size, 0));
		gnutls_free(der.data);
	}
	gnutls_subject_alt_names_deinit(all);
}

/* GnuTLS would clean the name, so the extension is written by hand. */
static void put_raw_name(gnutls_x509_crt_t crt, const struct recipe *r)
{
	unsigned char der[512] = {0x30, 0x82, 0, 0, 0x82, 0x82};

	if (!r->raw_name)
		return;
	ck_assert_uint_lt(r->raw_len, 500);
	der[2] = (unsigned char)((r->raw_len + 4) >> 8);
	der[3] = (unsigned char)(r->raw_len + 4);
	der[6] = (unsigned char)(r->raw_len >> 8);
	der[7] = (unsigned char)r->raw_len;
	memcpy(der + 8, r->raw_name, r->raw_len);
	if (r->raw_len < 126) { /* the short form, as DER demands */
		der[1] = (unsigned char)(r->raw_len + 2);
		der[2] = 0x82;
		der[3] = (unsigned char)r->raw_len;
		memcpy(der + 4, r->raw_name, r->raw_len);
	}
	OK(gnutls_x509_crt_set_extension_by_oid(crt, "2.5.29.17", der,
						r->raw_len + (r->raw_len < 126 ? 4 : 8), 0));
}

static void put_constraints(gnutls_x509_crt_t crt, const struct recipe *r)
{
	gnutls_x509_name_constraints_t nc;
	const char *text[2] = {r->excluded, r->permitted};

	if (!text[0] && !text[1])
		return;
	OK(gnutls_x509_name_constraints_init(&nc));
	for (int i = 0; i < 2; i++) {
		gnutls_datum_t d = {(unsigned char *)text[i], 0};

		if (!text[i])
			continue;
		d.size = (unsigned)strlen(text[i]);
		OK(i ? gnutls_x509_name_constraints_add_permitted(nc, GNUTLS_SAN_DNSNAME, &d)
		     : gnutls_x509_name_constraints_add_excluded(nc, GNUTLS_SAN_DNSNAME, &d));
	}
	OK(gnutls_x509_crt_set_name_constraints(crt, nc, 1));
	gnutls_x509_name_constraints_deinit(nc);
}

static void put_extensions(gnutls_x509_crt_t crt, const struct recipe *r)
{
	put_names(crt, r);
	put_raw_name(crt, r);
	OK(gnutls_x509_crt_set_basic_constraints(crt, r->authority != 0,
						 r->path_len ? r->path_len - 1 : -1));
	if (r->purpose)
		OK(gnutls_x509_crt_set_key_purpose_oid(crt, r->purpose, 0));
	if (r->usage)
		OK(gnutls_x509_crt_set_key_usage(crt, r->usage));
	if (r->must_staple) {
		static const unsigned char status_request[] = {0x30, 0x03, 0x02, 0x01, 0x05};

		OK(gnutls_x509_crt_set_extension_by_oid(crt, "1.3.6.1.5.5.7.1.24", status_request,
							sizeof status_request, 0));
	}
	put_constraints(crt, r);
}

/* As it will be sent: one that was only made knows less of itself than one that was read. */
static void reread(struct cert *c)
{
	gnutls_datum_t der;

	OK(gnutls_x509_crt_export2(c->crt, GNUTLS_X509_FMT_DER, &der));
	gnutls_x509_crt_deinit(c->crt);
	OK(gnutls_x509_crt_init(&c->crt));
	OK(gnutls_x509_crt_import(c->crt, &der, GNUTLS_X509_FMT_DER));
	gnutls_free(der.data);
}

static void make_key(gnutls_x509_privkey_t key, const struct recipe *r)
{
	gnutls_ecc_curve_t curve =
		r->curve ? (gnutls_ecc_curve_t)r->curve : GNUTLS_ECC_CURVE_SECP256R1;

	if (r->rsa || r->dsa)
		OK(gnutls_x509_privkey_generate(key, r->rsa ? GNUTLS_PK_RSA : GNUTLS_PK_DSA,
						(unsigned)(r->rsa ? r->rsa : r->dsa), 0));
	else
		OK(gnutls_x509_privkey_generate(key, GNUTLS_PK_ECDSA,
						(unsigned)GNUTLS_CURVE_TO_BITS(curve), 0));
}

void cert_make(struct cert *c, const struct recipe *r, const struct cert *issuer)
{
	static unsigned char serial[4] = {1, 0, 0, 0};
	gnutls_privkey_t signer;
	time_t now = time(NULL);

	OK(gnutls_x509_privkey_init(&c->key));
	make_key(c->key, r);
	OK(gnutls_x509_crt_init(&c->crt));
	OK(gnutls_x509_crt_set_version(c->crt, r->version ? r->version : 3));
	OK(gnutls_x509_crt_set_key(c->crt, c->key));
	if (r->cn)
		OK(gnutls_x509_crt_set_dn_by_oid(c->crt, GNUTLS_OID_X520_COMMON_NAME, 0, r->cn,
						 (unsigned)strlen(r->cn)));
	serial[3]++;
	OK(gnutls_x509_crt_set_serial(c->crt, serial, sizeof serial));
	OK(gnutls_x509_crt_set_activation_time(c->crt, now + (r->from || r->to ? r->from : -DAY)));
	OK(gnutls_x509_crt_set_expiration_time(c->crt,
					       now + (r->from || r->to ? r->to : 30 * DAY)));
	if (!r->version)
		put_extensions(c->crt, r);
	OK(gnutls_privkey_init(&signer));
	OK(gnutls_privkey_import_x509(signer, issuer ? issuer->key : c->key, 0));
	OK(gnutls_x509_crt_privkey_sign(
		c->crt, issuer ? issuer->crt : c->crt, signer,
		r->digest ? (gnutls_digest_algorithm_t)r->digest : GNUTLS_DIG_SHA256, 0));
	gnutls_privkey_deinit(signer);
	reread(c);
}

void cert_free(struct cert *c)
{
	gnutls_x509_crt_deinit(c->crt);
	gnutls_x509_privkey_deinit(c->key);
}

char *file_of(const void *text, size_t n)
{
	const char *dir = getenv("TMPDIR");
	size_t cap = (dir ? strlen(dir) : 4) + 32;
	char *path = malloc(cap);
	int fd;

	ck_assert_ptr_nonnull(path);
	snprintf(path, cap, "%s/postern-test-XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, n), (ssize_t)n);
	close(fd);
	return path;
}

struct ptn_trust *trust_in(const struct cert *c)
{
	gnutls_datum_t pem;
	struct ptn_trust *t;
	const char *why;
	char *path;

	OK(gnutls_x509_crt_export2(c->crt, GNUTLS_X509_FMT_PEM, &pem));
	path = file_of(pem.data, pem.size);
	ck_assert_int_eq(ptn_trust_file(&t, path, &why), 0);
	unlink(path);
	free(path);
	gnutls_free(pem.data);
	return t;
}

/* ---- The server ---- */

static ssize_t pull(gnutls_transport_ptr_t ptr, void *to, size_t n)
{
	struct peer *p = ptr;
	size_t have = ptn_buf_len(&p->in);

	if (!have && !p->eof) {
		gnutls_transport_set_errno(p->s, EAGAIN);
		return -1;
	}
	n = n < have ? n : have;
	if (n)
		memcpy(to, ptn_buf_data(&p->in), n);
	ptn_buf_took(&p->in, n);
	return (ssize_t)n;
}

static ssize_t push(gnutls_transport_ptr_t ptr, const void *from, size_t n)
{
	struct peer *p = ptr;

	ck_assert_int_eq(ptn_buf_add(&p->out, from, n), 0);
	return (ssize_t)n;
}

static int pull_ready(gnutls_transport_ptr_t ptr, unsigned ms)
{
	struct peer *p = ptr;

	(void)ms;
	return ptn_buf_len(&p->in) || p->eof;
}

static int read_hello(gnutls_session_t s)
{
	struct peer *p = gnutls_session_get_ptr(s);
	size_t n = sizeof p->sni;
	unsigned type;

	if (gnutls_server_name_get(s, p->sni, &n, &type, 0) < 0)
		p->sni[0] = '\0';
	return 0;
}

void peer_start(struct peer *p, const struct cert *const *chain, const char *priority)
{
	gnutls_x509_crt_t crts[4];
	int n = 0;

	memset(p, 0, sizeof *p);
	p->alert = -1;
	p->handshake = GNUTLS_E_AGAIN;
	while (chain[n] && n < 4) {
		crts[n] = chain[n]->crt;
		n++;
	}
	OK(gnutls_certificate_allocate_credentials(&p->credentials));
	OK(gnutls_certificate_set_x509_key(p->credentials, crts, n, chain[0]->key));
	OK(gnutls_init(&p->s, GNUTLS_SERVER | GNUTLS_NONBLOCK));
	OK(gnutls_priority_set_direct(p->s, priority, NULL));
	OK(gnutls_credentials_set(p->s, GNUTLS_CRD_CERTIFICATE, p->credentials));
	gnutls_session_set_ptr(p->s, p);
	gnutls_transport_set_ptr(p->s, p);
	gnutls_transport_set_push_function(p->s, push);
	gnutls_transport_set_pull_function(p->s, pull);
	gnutls_transport_set_pull_timeout_function(p->s, pull_ready);
	gnutls_handshake_set_post_client_hello_function(p->s, read_hello);
}

void peer_staple(struct peer *p, const void *der, size_t n)
{
	gnutls_datum_t d = {(unsigned char *)der, (unsigned)n};

	gnutls_certificate_set_flags(p->credentials, GNUTLS_CERTIFICATE_SKIP_OCSP_RESPONSE_CHECK);
	OK(gnutls_certificate_set_ocsp_status_request_mem(p->credentials, &d, 0,
							  GNUTLS_X509_FMT_DER));
}

void peer_free(struct peer *p)
{
	gnutls_deinit(p->s);
	gnutls_certificate_free_credentials(p->credentials);
	ptn_buf_free(&p->in);
	ptn_buf_free(&p->out);
}

static void take_output(struct peer *p, struct ptn_tls *t)
{
	const char *out;
	size_t n = ptn_tls_out(t, &out);

	ck_assert_int_eq(ptn_buf_add(&p->in, out, n), 0);
	ptn_tls_wrote(t, n);
}

static void note_alert(struct peer *p, int rc)
{
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		p->alert = (int)gnutls_alert_get(p->s);
}

void peer_turn(struct peer *p, struct ptn_tls *t)
{
	take_output(p, t);
	while (p->handshake < 0 && !gnutls_error_is_fatal(p->handshake)) {
		p->handshake = gnutls_handshake(p->s);
		note_alert(p, p->handshake);
		if (gnutls_error_is_fatal(p->handshake))
			gnutls_alert_send_appropriate(p->s, p->handshake);
		if (p->handshake == GNUTLS_E_AGAIN && !ptn_buf_len(&p->in))
			break;
	}
}

int peer_feed(struct peer *p, struct ptn_tls *t, size_t chunk)
{
	int rc = ptn_tls_handshake(t);

	while (ptn_buf_len(&p->out) && rc == 0) {
		size_t n = ptn_buf_len(&p->out);

		n = chunk && chunk < n ? chunk : n;
		ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p->out), n), 0);
		ptn_buf_took(&p->out, n);
		rc = ptn_tls_handshake(t);
	}
	return rc;
}

int peer_shake(struct peer *p, struct ptn_tls *t, size_t chunk)
{
	int rc = ptn_tls_handshake(t);

	for (int round = 0; round < 8 && rc == 0; round++) {
		peer_turn(p, t);
		rc = peer_feed(p, t, chunk);
	}
	peer_turn(p, t);
	return rc;
}

ssize_t peer_read(struct peer *p, struct ptn_tls *t, void *to, size_t cap)
{
	ssize_t rc;

	take_output(p, t);
	do
		rc = gnutls_record_recv(p->s, to, cap);
	while (rc == GNUTLS_E_AGAIN && ptn_buf_len(&p->in));
	note_alert(p, (int)rc);
	return rc;
}

/* ---- Forging: the record layer of AES-GCM by hand (RFC 8446 5.2, RFC 5288 3) ---- */

static void make_nonce(unsigned char nonce[12], int old, const gnutls_datum_t *iv,
		       const unsigned char seq[8])
{
	memcpy(nonce, iv->data, old ? 4 : 12);
	for (int i = 0; i < 8; i++)
		nonce[4 + i] = old ? seq[i] : nonce[4 + i] ^ seq[i];
}

void peer_forge(struct peer *p, unsigned char type, const void *content, size_t n)
{
	int old = gnutls_protocol_get_version(p->s) == GNUTLS_TLS1_2;
	gnutls_datum_t mac, iv, key;
	gnutls_aead_cipher_hd_t aead;
	unsigned char seq[8], nonce[12], head[5] = {old ? type : 23, 3, 3}, data[13];
	unsigned char plain[17000], sealed[17100];
	size_t len = sizeof sealed, inner = n + (old ? 0 : 1), body = inner + 16 + (old ? 8 : 0);

	ck_assert_uint_lt(n, sizeof plain);
	OK(gnutls_record_get_state(p->s, 0, &mac, &iv, &key, seq));
	make_nonce(nonce, old, &iv, seq);
	if (n)
		memcpy(plain, content, n);
	plain[n] = type;
	head[3] = (unsigned char)(body >> 8);
	head[4] = (unsigned char)body;
	memcpy(data, seq, 8);
	data[8] = type;
	data[9] = data[10] = 3;
	data[11] = (unsigned char)(n >> 8);
	data[12] = (unsigned char)n;
	OK(gnutls_aead_cipher_init(&aead, gnutls_cipher_get(p->s), &key));
	OK(gnutls_aead_cipher_encrypt(aead, nonce, 12, old ? data : head, old ? 13 : 5, 16, plain,
				      inner, sealed, &len));
	gnutls_aead_cipher_deinit(aead);
	ck_assert_int_eq(ptn_buf_add(&p->out, head, 5), 0);
	if (old)
		ck_assert_int_eq(ptn_buf_add(&p->out, nonce + 4, 8), 0);
	ck_assert_int_eq(ptn_buf_add(&p->out, sealed, len), 0);
	for (int i = 8; i-- > 0 && !++seq[i];)
		;
	OK(gnutls_record_set_state(p->s, 0, seq));
}
