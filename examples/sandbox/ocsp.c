/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "ocsp.h"

#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>
#include <time.h>

#include "der.h"

#define HOUR (60 * 60)
#define DAY (24 * HOUR)
#define SERIAL_SIZE 32

enum status { GOOD, REVOKED, UNKNOWN };
enum { OTHER_CERTIFICATE = 1, FORGED = 2, GARBAGE = 4, TRY_LATER = 8 };

static const struct kind {
	const char *name, *what;
	enum status status;
	int flags;
	long from, until; /* from now */
} kinds[] = {
	{"none", "no response", GOOD, 0, 0, 0},
	{"good", "the certificate is good", GOOD, 0, -HOUR, 7 * DAY},
	{"revoked", "it was revoked yesterday", REVOKED, 0, -HOUR, 7 * DAY},
	{"unknown", "the responder does not know it", UNKNOWN, 0, -HOUR, 7 * DAY},
	{"expired", "good, but the response ended yesterday", GOOD, 0, -8 * DAY, -DAY},
	{"not-yet-valid", "good, but from tomorrow on", GOOD, 0, DAY, 8 * DAY},
	{"other", "good, but for another certificate", GOOD, OTHER_CERTIFICATE, -HOUR, 7 * DAY},
	{"forged", "good, but not signed by the authority", GOOD, FORGED, -HOUR, 7 * DAY},
	{"try-later", "the responder was busy", GOOD, TRY_LATER, 0, 0},
	{"garbage", "octets that are no response", GOOD, GARBAGE, 0, 0},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

static const unsigned char oid_sha1[] = {0x2b, 0x0e, 0x03, 0x02, 0x1a};
static const unsigned char oid_basic[] = {0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x30, 0x01, 0x01};
static const unsigned char oid_ecdsa_sha256[] = {0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};

static const struct kind *find(const char *name)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}

int ocsp_known(const char *kind)
{
	return find(kind) != NULL;
}

const char *ocsp_kind(unsigned index, const char **what)
{
	if (index >= KINDS)
		return NULL;
	*what = kinds[index].what;
	return kinds[index].name;
}

static int add_hash(struct bytes *b, const void *p, size_t n)
{
	unsigned char digest[20];
	int rc = gnutls_hash_fast(GNUTLS_DIG_SHA1, p, n, digest);

	if (rc >= 0)
		der_add(b, DER_OCTETS, digest, sizeof(digest));
	return rc;
}

/* SHA-1 of the key's BIT STRING alone, without its tag, length and unused bits (RFC 6960 4.1.1). */
static int add_key_hash(struct bytes *b, gnutls_x509_crt_t cert)
{
	gnutls_pubkey_t key = NULL;
	gnutls_datum_t spki = {0};
	const unsigned char *at, *in = NULL;
	size_t n, len = 0;
	int rc = gnutls_pubkey_init(&key);

	if (rc >= 0)
		rc = gnutls_pubkey_import_x509(key, cert, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &spki);
	at = spki.data;
	n = spki.size;
	if (rc >= 0 && (der_take(&at, &n, &in, &len) != DER_SEQUENCE ||
			der_take(&in, &len, &at, &n) != DER_SEQUENCE ||
			der_take(&in, &len, &at, &n) != DER_BITS || n < 1))
		rc = GNUTLS_E_ASN1_DER_ERROR;
	if (rc >= 0)
		rc = add_hash(b, at + 1, n - 1);
	gnutls_free(spki.data);
	if (key)
		gnutls_pubkey_deinit(key);
	return rc;
}

static int add_name_hash(struct bytes *b, gnutls_x509_crt_t issuer)
{
	gnutls_datum_t dn = {0};
	int rc = gnutls_x509_crt_get_raw_dn(issuer, &dn);

	if (rc >= 0)
		rc = add_hash(b, dn.data, dn.size);
	gnutls_free(dn.data);
	return rc;
}

static void add_algorithm(struct bytes *b, const unsigned char *oid, size_t n, int with_null)
{
	struct bytes in = {0};

	der_add(&in, DER_OID, oid, n);
	if (with_null)
		der_add(&in, DER_NULL, NULL, 0);
	der_wrap(b, DER_SEQUENCE, &in);
}

static int add_id(struct bytes *b, const struct kind *k, gnutls_x509_crt_t cert,
		  gnutls_x509_crt_t issuer)
{
	struct bytes in = {0};
	unsigned char serial[SERIAL_SIZE];
	size_t n = sizeof(serial);
	int rc;

	add_algorithm(&in, oid_sha1, sizeof(oid_sha1), 1);
	rc = add_name_hash(&in, issuer);
	if (rc >= 0)
		rc = add_key_hash(&in, issuer);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_serial(cert, serial, &n);
	if (rc >= 0) {
		if (k->flags & OTHER_CERTIFICATE)
			serial[n - 1] ^= 1;
		der_add(&in, DER_INTEGER, serial, n);
	}
	der_wrap(b, DER_SEQUENCE, &in);
	return rc;
}

static void add_status(struct bytes *b, enum status status, time_t now)
{
	struct bytes in = {0};

	if (status == REVOKED) {
		der_time(&in, now - DAY);
		der_wrap(b, DER_EXPLICIT | 1, &in);
	} else {
		der_add(b, DER_CONTEXT | (status == GOOD ? 0 : 2), NULL, 0);
	}
}

static int add_single(struct bytes *b, const struct kind *k, gnutls_x509_crt_t cert,
		      gnutls_x509_crt_t issuer)
{
	struct bytes single = {0}, until = {0}, list = {0};
	time_t now = time(NULL);
	int rc = add_id(&single, k, cert, issuer);

	add_status(&single, k->status, now);
	der_time(&single, now + k->from);
	der_time(&until, now + k->until);
	der_wrap(&single, DER_EXPLICIT | 0, &until);
	der_wrap(&list, DER_SEQUENCE, &single);
	der_wrap(b, DER_SEQUENCE, &list);
	return rc;
}

/* ResponseData; the responder is the issuer, by its name. */
static int add_data(struct bytes *b, const struct kind *k, gnutls_x509_crt_t cert,
		    gnutls_x509_crt_t issuer)
{
	struct bytes in = {0};
	gnutls_datum_t dn = {0};
	int rc = gnutls_x509_crt_get_raw_dn(issuer, &dn);

	if (rc >= 0) {
		der_add(&in, DER_EXPLICIT | 1, dn.data, dn.size);
		der_time(&in, time(NULL) + k->from);
		rc = add_single(&in, k, cert, issuer);
	}
	gnutls_free(dn.data);
	der_wrap(b, DER_SEQUENCE, &in);
	return rc;
}

static int sign(gnutls_datum_t *out, const struct bytes *data, gnutls_x509_privkey_t key)
{
	gnutls_privkey_t signer = NULL;
	gnutls_datum_t in = {(unsigned char *)data->p, (unsigned)data->n};
	int rc = gnutls_privkey_init(&signer);

	if (rc >= 0)
		rc = gnutls_privkey_import_x509(signer, key, 0);
	if (rc >= 0)
		rc = gnutls_privkey_sign_data(signer, GNUTLS_DIG_SHA256, 0, &in, out);
	if (signer)
		gnutls_privkey_deinit(signer);
	return rc;
}

/* BasicOCSPResponse */
static int add_basic(struct bytes *b, const struct kind *k, gnutls_x509_crt_t cert,
		     gnutls_x509_crt_t issuer, gnutls_x509_privkey_t key)
{
	struct bytes data = {0}, in = {0}, bits = {0};
	gnutls_datum_t signature = {0};
	int rc = add_data(&data, k, cert, issuer);

	if (rc >= 0)
		rc = sign(&signature, &data, key);
	if (rc >= 0) {
		bytes_add(&bits, "", 1); /* no unused bits */
		bytes_add(&bits, signature.data, signature.size);
		if (k->flags & FORGED)
			bits.p[bits.n - 1] ^= 1;
		bytes_add(&in, data.p, data.n);
		add_algorithm(&in, oid_ecdsa_sha256, sizeof(oid_ecdsa_sha256), 0);
		der_wrap(&in, DER_BITS, &bits);
		der_wrap(b, DER_SEQUENCE, &in);
	}
	bytes_free(&data);
	gnutls_free(signature.data);
	return rc;
}

int ocsp_make(struct bytes *out, const char *kind, gnutls_x509_crt_t cert, gnutls_x509_crt_t issuer,
	      gnutls_x509_privkey_t key)
{
	const struct kind *k = find(kind);
	struct bytes basic = {0}, in = {0}, response = {0};
	unsigned char status = k->flags & TRY_LATER ? 3 : 0;
	int rc = 0;

	if (k->flags & GARBAGE) {
		bytes_text(out, "no response");
		return 0;
	}
	der_add(&response, DER_ENUMERATED, &status, 1);
	if (!status) {
		rc = add_basic(&basic, k, cert, issuer, key);
		der_add(&in, DER_OID, oid_basic, sizeof(oid_basic));
		der_wrap(&in, DER_OCTETS, &basic);
		der_wrap(&basic, DER_SEQUENCE, &in);
		der_wrap(&response, DER_EXPLICIT | 0, &basic);
	}
	der_wrap(out, DER_SEQUENCE, &response);
	return rc;
}
