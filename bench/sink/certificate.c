/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "certificate.h"

#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { DAY = 24 * 60 * 60 };

struct pair {
	gnutls_x509_crt_t cert;
	gnutls_x509_privkey_t key;
};

static int begin(struct pair *p, const char *cn)
{
	unsigned char serial[16], id[64];
	size_t n = sizeof(id);
	time_t now = time(NULL);
	int rc = gnutls_x509_privkey_init(&p->key);

	if (rc >= 0)
		rc = gnutls_x509_privkey_generate(p->key, GNUTLS_PK_ECDSA,
						  GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1),
						  0);
	if (rc >= 0)
		rc = gnutls_x509_crt_init(&p->cert);
	if (rc >= 0)
		rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	if (rc < 0)
		return rc;
	serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40); /* positive, and never shorter */
	gnutls_x509_crt_set_version(p->cert, 3);
	gnutls_x509_crt_set_serial(p->cert, serial, sizeof(serial));
	gnutls_x509_crt_set_dn_by_oid(p->cert, GNUTLS_OID_X520_COMMON_NAME, 0, cn,
				      (unsigned)strlen(cn));
	gnutls_x509_crt_set_activation_time(p->cert, now - DAY);
	gnutls_x509_crt_set_expiration_time(p->cert, now + 30 * DAY);
	rc = gnutls_x509_crt_set_key(p->cert, p->key);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_key_id(p->cert, GNUTLS_KEYID_USE_SHA256, id, &n);
	return rc < 0 ? rc : gnutls_x509_crt_set_subject_key_id(p->cert, id, n);
}

static int make_authority(struct pair *p)
{
	int rc = begin(p, "Bench authority");

	if (rc >= 0)
		rc = gnutls_x509_crt_set_basic_constraints(p->cert, 1, -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(p->cert, GNUTLS_KEY_KEY_CERT_SIGN);
	return rc < 0 ? rc : gnutls_x509_crt_sign2(p->cert, p->cert, p->key, GNUTLS_DIG_SHA256, 0);
}

static int add_names(gnutls_x509_crt_t cert)
{
	static const unsigned char v4[4] = {127, 0, 0, 1}, v6[16] = {[15] = 1};
	const unsigned add = GNUTLS_FSAN_APPEND;
	int rc =
		gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, "localhost", 9, add);

	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, v4,
							  sizeof(v4), add);
	return rc < 0 ? rc
		      : gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, v6,
							     sizeof(v6), add);
}

static int make_leaf(struct pair *p, const struct pair *by)
{
	unsigned char id[64];
	size_t n = sizeof(id);
	int rc = begin(p, "localhost");

	if (rc >= 0)
		rc = add_names(p->cert);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_basic_constraints(p->cert, 0, -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(p->cert, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_purpose_oid(p->cert, GNUTLS_KP_TLS_WWW_SERVER, 0);
	if (rc >= 0)
		rc = gnutls_x509_crt_get_subject_key_id(by->cert, id, &n, NULL);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_authority_key_id(p->cert, id, n);
	return rc < 0 ? rc
		      : gnutls_x509_crt_sign2(p->cert, by->cert, by->key, GNUTLS_DIG_SHA256, 0);
}

static int write_authority(gnutls_x509_crt_t cert, const char *name)
{
	gnutls_datum_t pem;
	FILE *f = fopen(name, "wb");
	int rc = gnutls_x509_crt_export2(cert, GNUTLS_X509_FMT_PEM, &pem);

	if (rc >= 0 && (!f || fwrite(pem.data, 1, pem.size, f) != pem.size))
		rc = GNUTLS_E_FILE_ERROR;
	if (f && fclose(f))
		rc = GNUTLS_E_FILE_ERROR;
	return rc;
}

int certificate_make(gnutls_certificate_credentials_t *out, const char *ca_file)
{
	struct pair authority = {0}, leaf = {0};
	int rc = make_authority(&authority);

	if (rc >= 0)
		rc = make_leaf(&leaf, &authority);
	if (rc >= 0)
		rc = write_authority(authority.cert, ca_file);
	if (rc >= 0)
		rc = gnutls_certificate_allocate_credentials(out);
	if (rc >= 0)
		rc = gnutls_certificate_set_x509_key(*out, &leaf.cert, 1, leaf.key);
	gnutls_x509_crt_deinit(leaf.cert);
	gnutls_x509_privkey_deinit(leaf.key);
	gnutls_x509_crt_deinit(authority.cert);
	gnutls_x509_privkey_deinit(authority.key);
	return rc < 0 ? rc : 0;
}
