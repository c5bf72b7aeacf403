/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "issue.h"

#include <gnutls/crypto.h>
#include <gnutls/x509-ext.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "bytes.h"
#include "der.h"

#define DAY (24L * 60 * 60)
#define MANY 5000

enum key { P256, P192, RSA_2048, RSA_1024 };

struct form { /* what differs between certificates at their beginning */
	const char *cn;
	long from, to; /* seconds from now */
	enum key key;
	int version;
};

void issue_free(struct pair *p)
{
	if (p->cert)
		gnutls_x509_crt_deinit(p->cert);
	if (p->key)
		gnutls_x509_privkey_deinit(p->key);
	memset(p, 0, sizeof(*p));
}

void issue_free_chain(struct chain *c)
{
	for (unsigned i = 0; i < CHAIN_MAX; i++)
		issue_free(&c->p[i]);
	c->n = c->sent = 0;
}

static int make_key(struct pair *p, enum key key)
{
	static const struct {
		gnutls_pk_algorithm_t algorithm;
		unsigned bits;
	} keys[] = {{GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1)},
		    {GNUTLS_PK_ECDSA, GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP192R1)},
		    {GNUTLS_PK_RSA, 2048},
		    {GNUTLS_PK_RSA, 1024}};
	int rc = gnutls_x509_privkey_init(&p->key);

	return rc < 0 ? rc
		      : gnutls_x509_privkey_generate(p->key, keys[key].algorithm, keys[key].bits,
						     0);
}

/* What every certificate has. */
static int begin(struct pair *p, const struct form *f)
{
	unsigned char serial[16];
	time_t now = time(NULL);
	int rc = make_key(p, f->key);

	if (rc >= 0)
		rc = gnutls_x509_crt_init(&p->cert);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_version(p->cert, f->version ? (unsigned)f->version : 3);
	if (rc >= 0)
		rc = gnutls_rnd(GNUTLS_RND_NONCE, serial, sizeof(serial));
	serial[0] = (unsigned char)((serial[0] & 0x3f) | 0x40); /* positive, and never shorter */
	if (rc >= 0)
		rc = gnutls_x509_crt_set_serial(p->cert, serial, sizeof(serial));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_dn_by_oid(p->cert, GNUTLS_OID_X520_COMMON_NAME, 0, f->cn,
						   (unsigned)strlen(f->cn));
	if (rc >= 0)
		rc = gnutls_x509_crt_set_activation_time(p->cert, now + f->from);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_expiration_time(p->cert, now + f->to);
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
	int rc = gnutls_x509_crt_get_version(p->cert) == 3 ? set_key_id(p->cert) : 0;

	if (rc >= 0 && gnutls_x509_crt_get_version(p->cert) == 3 &&
	    gnutls_x509_crt_get_subject_key_id(issuer->cert, id, &n, NULL) >= 0)
		rc = gnutls_x509_crt_set_authority_key_id(p->cert, id, n);
	return rc < 0 ? rc : gnutls_x509_crt_sign2(p->cert, issuer->cert, issuer->key, hash, 0);
}

/* ---- authorities ---- */

/* length: of the path below; -1: any. */
static int begin_authority(struct pair *p, const struct form *f, int length)
{
	int rc = begin(p, f);

	if (f->version == 1 || rc < 0)
		return rc;
	rc = gnutls_x509_crt_set_basic_constraints(p->cert, 1, length);
	return rc < 0 ? rc
		      : gnutls_x509_crt_set_key_usage(
				p->cert, GNUTLS_KEY_KEY_CERT_SIGN | GNUTLS_KEY_CRL_SIGN |
						 GNUTLS_KEY_DIGITAL_SIGNATURE);
}

int issue_authority(struct pair *p, const char *cn)
{
	int rc = begin_authority(p, &(struct form){cn, -3650 * DAY, 3650 * DAY, P256, 0}, -1);

	return rc < 0 ? rc : sign(p, p, GNUTLS_DIG_SHA256);
}

int issue_ended_authority(struct pair *p, const char *cn)
{
	int rc = begin_authority(p, &(struct form){cn, -3650 * DAY, -DAY, P256, 0}, -1);

	return rc < 0 ? rc : sign(p, p, GNUTLS_DIG_SHA256);
}

/* The dNSNames that it may, or may not, issue for; one or two. */
static int constrain(gnutls_x509_crt_t cert, const char *a, const char *b, int permitted)
{
	const char *const names[] = {a, b};
	gnutls_x509_name_constraints_t list = NULL;
	int rc = gnutls_x509_name_constraints_init(&list);

	for (size_t i = 0; rc >= 0 && i < 2 && names[i]; i++) {
		gnutls_datum_t d = {0};

		d.data = (unsigned char *)copy_text(names[i], strlen(names[i]));
		d.size = (unsigned)strlen(names[i]);
		rc = permitted ? gnutls_x509_name_constraints_add_permitted(list,
									    GNUTLS_SAN_DNSNAME, &d)
			       : gnutls_x509_name_constraints_add_excluded(list, GNUTLS_SAN_DNSNAME,
									   &d);
		free(d.data);
	}
	if (rc >= 0)
		rc = gnutls_x509_crt_set_name_constraints(cert, list, 1);
	if (list)
		gnutls_x509_name_constraints_deinit(list);
	return rc;
}

static int begin_middle(struct pair *p, enum path path, int upper)
{
	struct form f = {"Postern sandbox, intermediate authority", -30 * DAY, 3650 * DAY, P256, 0};
	int length = path == TWO_TOO_LONG && upper ? 0 : -1, rc;

	if (path == ONE_EXPIRED)
		f.to = -DAY;
	if (path == ONE_VERSION_1)
		f.version = 1;
	if (path == ONE_RSA)
		f.key = RSA_2048;
	if (path == ONE_LEAF)
		f.cn = "no authority";
	if (upper)
		f.cn = "Postern sandbox, upper intermediate authority";
	if (path != ONE_LEAF)
		return begin_authority(p, &f, length);
	rc = begin(p, &f);
	return rc < 0 ? rc : gnutls_x509_crt_set_basic_constraints(p->cert, 0, -1);
}

static int set_constraints(struct pair *p, enum path path, int upper)
{
	switch (path) {
	case ONE_PERMITTING:
		return constrain(p->cert, "sandbox.test", "localhost", 1);
	case ONE_PERMITTING_OTHERS:
		return constrain(p->cert, "other.test", NULL, 1);
	case ONE_EXCLUDING:
		return constrain(p->cert, "localhost", NULL, 0);
	case ONE_EXCLUDING_UPPER:
		return constrain(p->cert, "LOCALHOST", NULL, 0);
	case TWO_DISJOINT:
		return upper ? constrain(p->cert, "other.test", NULL, 1)
			     : constrain(p->cert, "sandbox.test", "localhost", 1);
	default:
		return 0;
	}
}

static int issue_middle(struct pair *p, enum path path, int upper, const struct pair *issuer)
{
	int rc = begin_middle(p, path, upper);

	if (rc >= 0)
		rc = set_constraints(p, path, upper);
	return rc < 0 ? rc : sign(p, issuer, GNUTLS_DIG_SHA256);
}

/* Two authorities, each issued by the other. */
static int issue_loop(struct chain *c)
{
	struct form f = {"Postern sandbox, one of a loop", -DAY, 3650 * DAY, P256, 0};
	int rc = begin_authority(&c->p[1], &f, -1);

	f.cn = "Postern sandbox, the other of a loop";
	if (rc >= 0)
		rc = begin_authority(&c->p[2], &f, -1);
	if (rc >= 0)
		rc = sign(&c->p[1], &c->p[2], GNUTLS_DIG_SHA256);
	return rc < 0 ? rc : sign(&c->p[2], &c->p[1], GNUTLS_DIG_SHA256);
}

static unsigned intermediates(enum path path)
{
	switch (path) {
	case DIRECT:
		return 0;
	case TWO_DISJOINT:
	case TWO_TOO_LONG:
	case LOOP:
		return 2;
	case SIXTEEN:
		return 16;
	default:
		return 1;
	}
}

static int issue_path(struct chain *c, enum path path, const struct pair *issuer)
{
	unsigned n = intermediates(path);
	int rc = 0;

	c->n = n + 1;
	c->sent = path == ONE_UNSENT ? 1 : c->n;
	if (path == LOOP)
		return issue_loop(c);
	for (unsigned i = n; rc >= 0 && i > 0; i--)
		rc = issue_middle(&c->p[i], path, i > 1, i == n ? issuer : &c->p[i + 1]);
	return rc;
}

/* ---- the certificate ---- */

static int add_dns(gnutls_x509_crt_t cert, const char *name, size_t n)
{
	return gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_DNSNAME, name, (unsigned)n,
						    GNUTLS_FSAN_APPEND);
}

static int add_usual_names(gnutls_x509_crt_t cert)
{
	static const unsigned char v4[4] = {127, 0, 0, 1};
	static const unsigned char v6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
	int rc = add_dns(cert, "localhost", 9);

	if (rc >= 0)
		rc = add_dns(cert, "mail.sandbox.test", 17);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, v4,
							  sizeof(v4), GNUTLS_FSAN_APPEND);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_IPADDRESS, v6,
							  sizeof(v6), GNUTLS_FSAN_APPEND);
	return rc;
}

static int add_long_name(gnutls_x509_crt_t cert)
{
	char name[301];

	memset(name, 'a', sizeof(name));
	for (size_t i = 60; i < 280; i += 60)
		name[i] = '.';
	memcpy(name + 290, ".localhost", 11);
	return add_dns(cert, name, 300);
}

/* The whole extension by hand: GnuTLS ends a name at its NUL, and takes time for many that grows
 * with their square. */
static int add_by_hand(gnutls_x509_crt_t cert, struct bytes *names)
{
	struct bytes list = {0};
	int rc;

	der_wrap(&list, DER_SEQUENCE, names);
	rc = gnutls_x509_crt_set_extension_by_oid(cert, "2.5.29.17", list.p, list.n, 0);
	bytes_free(&list);
	return rc;
}

static int add_nul_name(gnutls_x509_crt_t cert)
{
	struct bytes names = {0};

	der_add(&names, DER_CONTEXT | 2, "localhost\0.other.test", 21);
	return add_by_hand(cert, &names);
}

static int add_many_names(gnutls_x509_crt_t cert)
{
	struct bytes names = {0};
	char name[32];

	for (int i = 0; i < MANY; i++) {
		int n = snprintf(name, sizeof(name), "n%d.sandbox.test", i);

		der_add(&names, DER_CONTEXT | 2, name, (size_t)n);
	}
	return add_by_hand(cert, &names);
}

static int add_names(gnutls_x509_crt_t cert, const struct kind *k)
{
	static const char uri[] = "smtp://localhost/";
	int rc = 0;

	if (k->flags & ALL_NAMES)
		rc = add_usual_names(cert);
	for (size_t i = 0; rc >= 0 && i < 2 && k->names[i]; i++)
		rc = add_dns(cert, k->names[i], strlen(k->names[i]));
	if (rc >= 0 && k->flags & NUL_NAME)
		rc = add_nul_name(cert);
	if (rc >= 0 && k->flags & LONG_NAME)
		rc = add_long_name(cert);
	if (rc >= 0 && k->flags & MANY_NAMES)
		rc = add_many_names(cert);
	if (rc >= 0 && k->flags & URI_NAME)
		rc = gnutls_x509_crt_set_subject_alt_name(cert, GNUTLS_SAN_URI, uri,
							  sizeof(uri) - 1, GNUTLS_FSAN_APPEND);
	return rc;
}

/* RFC 7633: status_request must come with it. */
static int want_staple(gnutls_x509_crt_t cert)
{
	gnutls_x509_tlsfeatures_t features = NULL;
	int rc = gnutls_x509_tlsfeatures_init(&features);

	if (rc >= 0)
		rc = gnutls_x509_tlsfeatures_add(features, 5);
	if (rc >= 0)
		rc = gnutls_x509_crt_set_tlsfeatures(cert, features);
	if (features)
		gnutls_x509_tlsfeatures_deinit(features);
	return rc;
}

static int set_use(gnutls_x509_crt_t cert, const char *purpose)
{
	int rc = gnutls_x509_crt_set_basic_constraints(cert, 0, -1);

	if (rc >= 0)
		rc = gnutls_x509_crt_set_key_usage(cert, GNUTLS_KEY_DIGITAL_SIGNATURE);
	return rc < 0 ? rc : gnutls_x509_crt_set_key_purpose_oid(cert, purpose, 0);
}

static int begin_leaf(struct pair *p, const struct kind *k)
{
	struct form f = {k->cn         ? k->cn
			 : k->names[0] ? "sandbox"
				       : "localhost",
			 k->from, k->to, P256, 0};

	if (!f.from && !f.to) {
		f.from = -DAY;
		f.to = 365 * DAY;
	}
	if (k->flags & SMALL_KEY)
		f.key = RSA_1024;
	if (k->flags & SMALL_CURVE)
		f.key = P192;
	return begin(p, &f);
}

static int issue_leaf(struct pair *p, const struct kind *k, const struct pair *issuer)
{
	gnutls_digest_algorithm_t hash = k->flags & BY_MD5    ? GNUTLS_DIG_MD5
					 : k->flags & BY_SHA1 ? GNUTLS_DIG_SHA1
							      : GNUTLS_DIG_SHA256;
	int rc = begin_leaf(p, k);

	if (rc >= 0)
		rc = add_names(p->cert, k);
	if (rc >= 0)
		rc = set_use(p->cert, k->flags & CLIENT_ONLY ? GNUTLS_KP_TLS_WWW_CLIENT
							     : GNUTLS_KP_TLS_WWW_SERVER);
	if (rc >= 0 && k->flags & STAPLE_WANTED)
		rc = want_staple(p->cert);
	return rc < 0 ? rc : sign(p, issuer ? issuer : p, hash);
}

int issue_chain(struct chain *c, const struct kind *k, const struct pair *issuer)
{
	int rc;

	memset(c, 0, sizeof(*c));
	rc = issue_path(c, k->path, issuer);
	return rc < 0 ? rc : issue_leaf(&c->p[0], k, c->n > 1 ? &c->p[1] : issuer);
}

int issue_client(struct pair *p, const char *cn, const char *mailbox, const struct pair *issuer)
{
	int rc = begin(p, &(struct form){cn, -DAY, 365 * DAY, P256, 0});

	if (rc >= 0)
		rc = gnutls_x509_crt_set_subject_alt_name(p->cert, GNUTLS_SAN_RFC822NAME, mailbox,
							  (unsigned)strlen(mailbox),
							  GNUTLS_FSAN_APPEND);
	if (rc >= 0)
		rc = set_use(p->cert, GNUTLS_KP_TLS_WWW_CLIENT);
	return rc < 0 ? rc : sign(p, issuer, GNUTLS_DIG_SHA256);
}
