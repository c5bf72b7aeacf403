/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "certs.h"

#include <fcntl.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"

#define DAY (24 * 60 * 60)

enum issuer {
	BY_CA, /* the authority whose file the client trusts */
	BY_OTHER, /* one that nobody trusts */
	BY_ITSELF,
	BY_MIDDLE, /* an intermediate authority, which is sent along */
	BY_MISSING, /* ... which is not */
	BY_LEAF /* a certificate that is no authority */
};
enum { ALL_NAMES = 1, NO_NAMES = 2, OLD_KEY = 4, OLD_HASH = 8, CLIENT_ONLY = 16 };

/* Names stand for themselves; ALL_NAMES: localhost, mail.sandbox.test, 127.0.0.1 and ::1. */
static const struct kind {
	const char *name, *what;
	enum issuer issuer;
	int flags;
	const char *names[2];
	long from, to; /* days from now */
} kinds[] = {
	{"good",
	 "valid for localhost, mail.sandbox.test, 127.0.0.1 and ::1",
	 BY_CA,
	 ALL_NAMES,
	 {0},
	 -1,
	 365},
	{"wildcard", "good for *.sandbox.test only", BY_CA, 0, {"*.sandbox.test"}, -1, 365},
	{"intermediate",
	 "good, by an intermediate authority that is sent along",
	 BY_MIDDLE,
	 ALL_NAMES,
	 {0},
	 -1,
	 365},
	{"missing-intermediate",
	 "the same, but it is not sent",
	 BY_MISSING,
	 ALL_NAMES,
	 {0},
	 -1,
	 365},
	{"expired", "ended yesterday", BY_CA, ALL_NAMES, {0}, -30, -1},
	{"not-yet-valid", "begins tomorrow", BY_CA, ALL_NAMES, {0}, 1, 365},
	{"wrong-name", "for other.sandbox.test", BY_CA, 0, {"other.sandbox.test"}, -1, 365},
	{"self-signed", "signed by itself", BY_ITSELF, ALL_NAMES, {0}, -1, 365},
	{"unknown-authority",
	 "by an authority that is not in ca.pem",
	 BY_OTHER,
	 ALL_NAMES,
	 {0},
	 -1,
	 365},
	{"not-authority",
	 "issued by a certificate that is no authority",
	 BY_LEAF,
	 ALL_NAMES,
	 {0},
	 -1,
	 365},
	{"cn-only",
	 "localhost as the common name, no subjectAltName",
	 BY_CA,
	 NO_NAMES,
	 {0},
	 -1,
	 365},
	{"partial-wildcard",
	 "*ocalhost and *ail.sandbox.test",
	 BY_CA,
	 0,
	 {"*ocalhost", "*ail.sandbox.test"},
	 -1,
	 365},
	{"ip-as-dns", "127.0.0.1 and ::1 as dNSName", BY_CA, 0, {"127.0.0.1", "::1"}, -1, 365},
	{"weak", "a 1024-bit RSA key", BY_CA, ALL_NAMES | OLD_KEY, {0}, -1, 365},
	{"weak-hash", "signed with SHA-1", BY_CA, ALL_NAMES | OLD_HASH, {0}, -1, 365},
	{"wrong-purpose", "for TLS clients only", BY_CA, ALL_NAMES | CLIENT_ONLY, {0}, -1, 365},
};
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

struct pair {
	gnutls_x509_crt_t cert;
	gnutls_x509_privkey_t key;
};

static struct pair authority, other, middle, leaf;
static gnutls_certificate_credentials_t made[KINDS];

int certs_known(const char *kind)
{
	for (size_t i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].name, kind) == 0)
			return 1;
	return 0;
}

const char *certs_kind(unsigned index, const char **what)
{
	if (index >= KINDS)
		return NULL;
	*what = kinds[index].what;
	return kinds[index].name;
}

static void free_pair(struct pair *p)
{
	if (p->cert)
		gnutls_x509_crt_deinit(p->cert);
	if (p->key)
		gnutls_x509_privkey_deinit(p->key);
	memset(p, 0, sizeof(*p));
}

static int make_key(struct pair *p, int old)
{
	int rc = gnutls_x509_privkey_init(&p->key);

	if (rc < 0)
		return rc;
	if (old)
		return gnutls_x509_privkey_generate(p->key, GNUTLS_PK_RSA, 1024, 0);
	return gnutls_x509_privkey_generate(p->key, GNUTLS_PK_ECDSA,
					    GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
}

/* What every certificate has. */
static int begin(struct pair *p, const char *cn, long from, long to, int old)
{
	unsigned char serial[16];
	time_t now = time(NULL);
	int rc = make_key(p, old);

	if (rc >= 0)
		rc = gnutls_x509_crt_init(&p->cert);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_version(p->cert, 3);
	if (rc >= 0)
		rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40); /* positive, and never shorter */
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(p->cert, serial, sizeof(serial));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(p->cert, GNUTLS_OID_X520_COMMON_NAME, 0, cn,
						   (unsigned)strlen(cn));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(p->cert, now + from * DAY);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(p->cert, now + to * DAY);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key(p->cert, p->key);
	return rc;
}

static int set_key_id(gnutls_x509_crt_t cert)
{
	unsigned char id[64];
	size_t n = sizeof(id);
	int rc = gnutls_x509_crt_get_key_id(cert, GNUTLS_KEYID_USE_SHA256, id, &n);

	return rc < 0 ? rc : gnutls_x509_crt_set_subject_key_id(cert, id, n);
}

static int sign(struct pair *p, const struct pair *issuer, gnutls_digest_algorithm_t hash)
{
	unsigned char id[64];
	size_t n = sizeof(id);
	int rc = set_key_id(p->cert);

	if (rc >= 0 && gnutls_x509_crt_get_subject_key_id(issuer->cert, id, &n, NULL) >= 0)
		rc = gnutls_x509_crt_set_authority_key_id(p->cert, id, n);
	return rc < 0 ? rc : gnutls_x509_crt_sign2(p->cert, issuer->cert, issuer->key, hash, 0);
}

static int make_authority(struct pair *p, const char *cn, const struct pair *issuer)
{
	int rc = begin(p, cn, -3650, 3650, 0);

	if (rc >= 0)
		rc = gnutls_x509_crt_set_basic_constraints(p->cert, 1, -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(p->cert,
						   GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN);
	return rc < 0 ? rc : sign(p, issuer ? issuer : p, GNUTLS_DIG_SHA256);
}

static int add_dns(gnutls_x509_crt_t cert, const char *name)
{
	return gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, name,
						    (unsigned)strlen(name), GNUTLS_FSAN_APPEND);
}

static int add_all_names(gnutls_x509_crt_t cert)
{
	static const unsigned char v4[4] = {127, 0, 0, 1};
	static const unsigned char v6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
	int rc = add_dns(cert, "localhost");

	if (rc >= 0)
		rc = add_dns(cert, "mail.sandbox.test");
	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, v4,
							  sizeof(v4), GNUTLS_FSAN_APPEND);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, v6,
							  sizeof(v6), GNUTLS_FSAN_APPEND);
	return rc;
}

/* The issuer for a kind, made if need be; NULL: it could not be. */
static const struct pair *issuer_of(const struct kind *k, const struct pair *self)
{
	int rc = 0;

	switch (k->issuer) {
	case BY_CA:
		return &authority;
	case BY_ITSELF:
		return self;
	case BY_OTHER:
		if (!other.cert)
			rc = make_authority(&other, "Postern sandbox, unknown authority", NULL);
		return rc < 0 ? NULL : &other;
	case BY_MIDDLE:
	case BY_MISSING:
		if (!middle.cert)
			rc = make_authority(&middle, "Postern sandbox, intermediate authority",
					    &authority);
		return rc < 0 ? NULL : &middle;
	case BY_LEAF:
		if (!leaf.cert) {
			rc = begin(&leaf, "no authority", -1, 365, 0);
			if (rc >= 0)
				rc = gnutls_x509_crt_set_basic_constraints(leaf.cert, 0, -1);
			if (rc >= 0)
				rc = sign(&leaf, &authority, GNUTLS_DIG_SHA256);
		}
		return rc < 0 ? NULL : &leaf;
	}
	return NULL;
}

static int make_leaf(struct pair *p, const struct kind *k)
{
	const char *purpose =
		k->flags & CLIENT_ONLY ? GNUTLS_KP_TLS_WWW_CLIENT : GNUTLS_KP_TLS_WWW_SERVER;
	const struct pair *issuer;
	int rc =
		begin(p, k->names[0] ? "sandbox" : "localhost", k->from, k->to, k->flags & OLD_KEY);

	if (rc >= 0 && k->flags & ALL_NAMES)
		rc = add_all_names(p->cert);
	for (size_t i = 0; rc >= 0 && i < 2 && k->names[i]; i++)
		rc = add_dns(p->cert, k->names[i]);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_basic_constraints(p->cert, 0, -1);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(p->cert, GNUTLS_KEY_DIGITAL_SIGNATURE);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_purpose_oid(p->cert, purpose, 0);
	if (rc < 0)
		return rc;
	issuer = issuer_of(k, p);
	if (!issuer)
		return GNUTLS_E_INTERNAL_ERROR;
	return sign(p, issuer, k->flags & OLD_HASH ? GNUTLS_DIG_SHA1 : GNUTLS_DIG_SHA256);
}

static int make(size_t i)
{
	struct pair p = {0};
	gnutls_x509_crt_t chain[2];
	int n = 1, rc = make_leaf(&p, &kinds[i]);

	chain[0] = p.cert;
	if (kinds[i].issuer == BY_MIDDLE)
		chain[n++] = middle.cert;
	if (kinds[i].issuer == BY_LEAF)
		chain[n++] = leaf.cert;
	if (rc >= 0)
		rc = gnutls_certificate_allocate_credentials(&made[i]);
	if (rc >= 0)
		rc = gnutls_certificate_set_x509_key(made[i], chain, n, p.key);
	free_pair(&p); /* the credentials hold copies */
	if (rc < 0 && made[i]) {
		gnutls_certificate_free_credentials(made[i]);
		made[i] = NULL;
	}
	return rc;
}

gnutls_certificate_credentials_t certs_credentials(const char *kind)
{
	size_t i;
	int rc;

	for (i = 0; i < KINDS && strcmp(kinds[i].name, kind) != 0; i++)
		;
	if (i == KINDS) {
		fprintf(stderr, "postern-sandbox: no certificate called %s\n", kind);
		return NULL;
	}
	if (made[i])
		return made[i];
	rc = make(i);
	if (rc < 0)
		fprintf(stderr, "postern-sandbox: the certificate %s could not be made: %s\n", kind,
			gnutls_strerror(rc));
	return made[i];
}

static char *path_in(const char *dir, const char *name)
{
	struct bytes b = {0};

	bytes_format(&b, "%s/%s", dir, name);
	return b.p;
}

static int write_file(const char *dir, const char *name, const gnutls_datum_t *d, mode_t mode)
{
	char *path = path_in(dir, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
	int bad = fd < 0 || write(fd, d->data, d->size) != (ssize_t)d->size;

	if (fd >= 0 && close(fd))
		bad = 1;
	if (bad)
		perror(path);
	free(path);
	return bad ? -1 : 0;
}

static int save(const char *dir)
{
	gnutls_datum_t cert = {0}, key = {0};
	int rc = gnutls_x509_crt_export2(authority.cert, GNUTLS_X509_FMT_PEM, &cert);

	if (rc >= 0)
		rc = gnutls_x509_privkey_export2(authority.key, GNUTLS_X509_FMT_PEM, &key);
	if (rc < 0)
		fprintf(stderr, "postern-sandbox: %s\n", gnutls_strerror(rc));
	else if (write_file(dir, "ca-key.pem", &key, 0600) ||
		 write_file(dir, "ca.pem", &cert, 0644))
		rc = -1;
	gnutls_free(cert.data);
	if (key.data)
		gnutls_memset(key.data, 0, key.size);
	gnutls_free(key.data);
	return rc < 0 ? -1 : 0;
}

/* An authority of an earlier run in this directory: 0 if it was found and is usable. */
static int load(const char *dir)
{
	char *cert_path = path_in(dir, "ca.pem"), *key_path = path_in(dir, "ca-key.pem");
	gnutls_datum_t cert = {0}, key = {0};
	int rc = gnutls_load_file(cert_path, &cert);

	if (rc >= 0)
		rc = gnutls_load_file(key_path, &key);
	if (rc >= 0)
		rc = gnutls_x509_crt_init(&authority.cert);
	if (rc >= 0)
		rc = gnutls_x509_privkey_init(&authority.key);
	if (rc >= 0)
		rc = gnutls_x509_crt_import(authority.cert, &cert, GNUTLS_X509_FMT_PEM);
	if (rc >= 0)
		rc = gnutls_x509_privkey_import(authority.key, &key, GNUTLS_X509_FMT_PEM);
	if (rc < 0)
		free_pair(&authority);
	gnutls_free(cert.data);
	if (key.data)
		gnutls_memset(key.data, 0, key.size);
	gnutls_free(key.data);
	free(cert_path);
	free(key_path);
	return rc < 0 ? -1 : 0;
}

int certs_open(const char *dir)
{
	int rc;

	if (load(dir) == 0)
		return 0;
	rc = make_authority(&authority, "Postern sandbox, certificate authority", NULL);
	if (rc < 0) {
		fprintf(stderr, "postern-sandbox: no certificate authority could be made: %s\n",
			gnutls_strerror(rc));
		return -1;
	}
	return save(dir);
}

void certs_close(void)
{
	for (size_t i = 0; i < KINDS; i++) {
		if (made[i])
			gnutls_certificate_free_credentials(made[i]);
		made[i] = NULL;
	}
	free_pair(&authority);
	free_pair(&other);
	free_pair(&middle);
	free_pair(&leaf);
}
