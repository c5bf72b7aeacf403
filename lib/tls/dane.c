/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <string.h>

#include "tls/dane.h"

enum { WHOLE = 0, KEY = 1 }; /* selectors (RFC 6698 2.1.2) */
enum { FULL = 0, SHA256 = 1, SHA512 = 2 }; /* matching types (2.1.3) */

int ptn_dane_is_usable(const struct ptn_tlsa *r)
{
	static const unsigned short sizes[] = {0, 32, 64};

	if (r->usage > PTN_DANE_EE || r->selector > KEY || r->matching > SHA512)
		return 0;
	return r->matching == FULL ? r->size > 0 : r->size == sizes[r->matching];
}

static const unsigned char *data_of(const struct ptn_tlsa *r)
{
	return r->more ? r->more : r->data;
}

static int export(gnutls_x509_crt_t crt, int selector, gnutls_datum_t *out)
{
	gnutls_pubkey_t key = NULL;
	int rc;

	if (selector == WHOLE)
		return gnutls_x509_crt_export2(crt, GNUTLS_X509_FMT_DER, out);
	rc = gnutls_pubkey_init(&key);
	if (rc >= 0)
		rc = gnutls_pubkey_import_x509(key, crt, 0);
	if (rc >= 0)
		rc = gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, out);
	if (key)
		gnutls_pubkey_deinit(key);
	return rc;
}

static int same(const struct ptn_tlsa *r, const gnutls_datum_t *der)
{
	unsigned char hash[64];

	if (r->matching == FULL)
		return r->size == der->size && !memcmp(data_of(r), der->data, der->size);
	return gnutls_hash_fast(r->matching == SHA256 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512,
				der->data, der->size, hash) >= 0 &&
	       !memcmp(data_of(r), hash, r->size);
}

int ptn_dane_matches(const struct ptn_tlsa *r, gnutls_x509_crt_t crt)
{
	gnutls_datum_t der;
	int matches;

	if (!ptn_dane_is_usable(r) || export(crt, r->selector, &der) < 0)
		return 0;
	matches = same(r, &der);
	gnutls_free(der.data);
	return matches;
}

gnutls_x509_crt_t ptn_dane_certificate(const struct ptn_tlsa *r)
{
	gnutls_datum_t der = {(unsigned char *)data_of(r), r->size};
	gnutls_x509_crt_t crt;

	if (!ptn_dane_is_usable(r) || r->selector != WHOLE || r->matching != FULL ||
	    gnutls_x509_crt_init(&crt) < 0)
		return NULL;
	if (gnutls_x509_crt_import(crt, &der, GNUTLS_X509_FMT_DER) >= 0)
		return crt;
	gnutls_x509_crt_deinit(crt);
	return NULL;
}

unsigned ptn_dane_status(const gnutls_x509_crt_t *chain, unsigned n, gnutls_x509_crt_t anchor)
{
	const unsigned flags = GNUTLS_PROFILE_TO_VFLAGS(GNUTLS_PROFILE_MEDIUM);
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
					 .data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER};
	gnutls_x509_trust_list_t list;
	unsigned status = GNUTLS_CERT_INVALID;

	if (gnutls_x509_trust_list_init(&list, 1) < 0)
		return status;
	if (gnutls_x509_trust_list_add_cas(list, &anchor, 1, 0) != 1 ||
	    gnutls_x509_trust_list_verify_crt2(list, (gnutls_x509_crt_t *)chain, n, &purpose, 1,
					       flags, &status, NULL) < 0)
		status |= GNUTLS_CERT_INVALID;
	gnutls_x509_trust_list_deinit(list, 0); /* the anchor stays the caller's */
	return status;
}
