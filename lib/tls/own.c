/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The client's own certificate.  It is no part of the credentials, as those hold the authorities
 * too and are shared by all who trust the same.
 */
#include <gnutls/crypto.h>
#include <gnutls/pkcs11.h>
#include <gnutls/x509.h>
#include <stdatomic.h>
#include <string.h>

#include "base/mem.h"
#include "postern.h"
#include "tls/own.h"

enum { CHAIN_MOST = 8 };

struct ptn_tls_own {
	atomic_uint references;
	gnutls_pcert_st chain[CHAIN_MOST];
	unsigned count;
	gnutls_privkey_t key;
	char *secret; /* NULL: none */
	unsigned char id[32];
};

/* Once: a token that has said no is not asked again, as the next time may lock it. */
static int give_secret(void *arg, int attempt, const char *url, const char *label, unsigned flags,
		       char *pin, size_t cap)
{
	const struct ptn_tls_own *o = arg;
	size_t n = o->secret ? strlen(o->secret) + 1 : 0;

	(void)url;
	(void)label;
	if (!n || n > cap || attempt || flags & GNUTLS_PIN_WRONG)
		return -1;
	memcpy(pin, o->secret, n);
	return 0;
}

/* 0, POSTERN_E_NOMEM, or POSTERN_E_ARG with *why. */
static int result_of(int rc, const char **why, const char *text)
{
	if (rc >= 0 || rc == GNUTLS_E_MEMORY_ERROR)
		return rc >= 0 ? 0 : POSTERN_E_NOMEM;
	*why = text;
	return POSTERN_E_ARG;
}

static int read_chain(struct ptn_tls_own *o, const char *certificate, const char **why)
{
	static const char unreadable[] = "the certificate cannot be read";
	unsigned n = CHAIN_MOST;
	int rc = gnutls_pcert_list_import_x509_file(o->chain, &n, certificate, GNUTLS_X509_FMT_PEM,
						    give_secret, o, GNUTLS_X509_CRT_LIST_SORT);

	if (rc < 0 || !n)
		return result_of(rc < 0 ? rc : GNUTLS_E_NO_CERTIFICATE_FOUND, why, unreadable);
	o->count = n;
	return result_of(gnutls_hash_fast(GNUTLS_DIG_SHA256, o->chain[0].cert.data,
					  o->chain[0].cert.size, o->id),
			 why, unreadable);
}

static int read_key_file(struct ptn_tls_own *o, const char *path)
{
	gnutls_datum_t pem;
	int rc = gnutls_load_file(path, &pem);

	if (rc < 0)
		return rc;
	rc = gnutls_privkey_import_x509_raw(o->key, &pem, GNUTLS_X509_FMT_PEM, o->secret, 0);
	ptn_mem_wipe(pem.data, pem.size);
	gnutls_free(pem.data);
	return rc;
}

static int read_key(struct ptn_tls_own *o, const char *key, const char **why)
{
	int rc = gnutls_privkey_init(&o->key);

	if (rc < 0)
		return result_of(rc, why, "");
	gnutls_privkey_set_pin_function(o->key, give_secret, o);
	rc = gnutls_url_is_supported(key) ? gnutls_privkey_import_url(o->key, key, 0)
					  : read_key_file(o, key);
	return result_of(rc, why,
			 o->secret ? "the key cannot be read, or the secret does not open it"
				   : "the key cannot be read without a secret");
}

/* A token shows nothing of its key but what it signs. */
static int check_pair(struct ptn_tls_own *o, const char **why)
{
	static const unsigned char text[] = "postern";
	const gnutls_datum_t data = {(unsigned char *)text, sizeof text};
	gnutls_datum_t signature = {NULL, 0};
	gnutls_pubkey_t public = o->chain[0].pubkey;
	gnutls_digest_algorithm_t digest = GNUTLS_DIG_SHA256;
	gnutls_sign_algorithm_t how = GNUTLS_SIGN_UNKNOWN;
	int kind = gnutls_pubkey_get_pk_algorithm(public, NULL);
	int rc = gnutls_pubkey_get_preferred_hash_algorithm(public, &digest, NULL);

	if (rc >= 0 && kind != gnutls_privkey_get_pk_algorithm(o->key, NULL))
		rc = GNUTLS_E_CERTIFICATE_KEY_MISMATCH;
	if (rc >= 0)
		how = gnutls_pk_to_sign((gnutls_pk_algorithm_t)kind, digest);
	if (rc >= 0)
		rc = gnutls_privkey_sign_data2(o->key, how, 0, &data, &signature);
	if (rc >= 0)
		rc = gnutls_pubkey_verify_data2(public, how, 0, &data, &signature);
	gnutls_free(signature.data);
	return result_of(rc, why, "the certificate and the key are no pair");
}

int ptn_own_read(struct ptn_tls_own **out, const char *certificate, const char *key,
		 const char *secret, const char **why)
{
	struct ptn_tls_own *o = ptn_mem_alloc(sizeof *o);
	int err = POSTERN_E_NOMEM;

	*out = NULL;
	*why = "";
	if (!o)
		return err;
	atomic_init(&o->references, 1);
	o->secret = ptn_mem_string(secret);
	if (!secret || o->secret)
		err = read_chain(o, certificate, why);
	if (!err)
		err = read_key(o, key, why);
	if (!err)
		err = check_pair(o, why);
	if (err)
		ptn_own_release(o);
	else
		*out = o;
	return err;
}

struct ptn_tls_own *ptn_own_share(struct ptn_tls_own *o)
{
	if (o)
		atomic_fetch_add(&o->references, 1);
	return o;
}

void ptn_own_release(struct ptn_tls_own *o)
{
	if (!o || atomic_fetch_sub(&o->references, 1) != 1)
		return;
	for (unsigned i = 0; i < o->count; i++)
		gnutls_pcert_deinit(&o->chain[i]);
	if (o->key)
		gnutls_privkey_deinit(o->key);
	ptn_mem_release_string(o->secret);
	ptn_mem_release(o, sizeof *o);
}

const unsigned char *ptn_own_id(const struct ptn_tls_own *o)
{
	return o->id;
}

/* It is shown to any server that asks, whichever authorities that says it knows: the caller has set
 * it for this server, and a refusal says more than a missing certificate. */
int ptn_own_retrieve(gnutls_session_t s, const struct gnutls_cert_retr_st *info,
		     gnutls_pcert_st **chain, unsigned *count, gnutls_ocsp_data_st **ocsp,
		     unsigned *ocsp_count, gnutls_privkey_t *key, unsigned *flags)
{
	struct ptn_tls_own *o = gnutls_session_get_ptr(s);

	(void)info;
	*chain = o ? o->chain : NULL;
	*count = o ? o->count : 0;
	*ocsp = NULL;
	*ocsp_count = 0;
	*key = o ? o->key : NULL;
	*flags = 0; /* they stay ours */
	return 0;
}
