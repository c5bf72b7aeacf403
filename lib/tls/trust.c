/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Reading the system's authorities takes some 10 ms and 4 MB, so it is done once in a process.
 * There is no lock: a thread that was in here during a fork() would leave it locked in the child.
 * Two threads that come first at the same time may both read; one result is kept.
 */
#include <gnutls/crypto.h>
#include <stdatomic.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "tls/own.h"
#include "tls/trust.h"

struct ptn_trust {
	atomic_uint references;
	_Atomic(gnutls_certificate_credentials_t) credentials;
	unsigned char id[32];
};

static struct ptn_trust system_trust;

struct ptn_trust *ptn_trust_system(void)
{
	return ptn_trust_share(&system_trust);
}

struct ptn_trust *ptn_trust_share(struct ptn_trust *t)
{
	if (t)
		atomic_fetch_add(&t->references, 1);
	return t;
}

/* The system's are kept for the next user. */
void ptn_trust_release(struct ptn_trust *t)
{
	if (!t || atomic_fetch_sub(&t->references, 1) != 1 || t == &system_trust)
		return;
	gnutls_certificate_free_credentials(atomic_load(&t->credentials));
	ptn_mem_free(t);
}

/* When the library is unloaded or the process ends; what is still in use then stays. */
__attribute__((destructor)) static void forget_system(void)
{
	gnutls_certificate_credentials_t c;

	if (atomic_load(&system_trust.references))
		return;
	c = atomic_exchange(&system_trust.credentials, NULL);
	if (c)
		gnutls_certificate_free_credentials(c);
}

/* Credentials without authorities yet. */
static int make_credentials(gnutls_certificate_credentials_t *out)
{
	int rc = gnutls_certificate_allocate_credentials(out);

	if (rc >= 0)
		gnutls_certificate_set_retrieve_function3(*out, ptn_own_retrieve);
	return rc;
}

static int read_system(gnutls_certificate_credentials_t *out)
{
	int rc;

	if (make_credentials(out) < 0)
		return PTN_FAULT_NO_MEMORY;
	rc = gnutls_certificate_set_x509_system_trust(*out);
	if (rc > 0)
		return PTN_FAULT_NONE;
	gnutls_certificate_free_credentials(*out);
	return rc == GNUTLS_E_MEMORY_ERROR ? PTN_FAULT_NO_MEMORY : PTN_FAULT_TRUST_UNUSABLE;
}

int ptn_trust_load(struct ptn_trust *t)
{
	gnutls_certificate_credentials_t mine, before = NULL;
	int fault;

	if (atomic_load(&t->credentials))
		return PTN_FAULT_NONE;
	fault = read_system(&mine); /* those of a file have been read from the start */
	if (fault)
		return fault;
	if (!atomic_compare_exchange_strong(&t->credentials, &before, mine))
		gnutls_certificate_free_credentials(mine);
	return PTN_FAULT_NONE;
}

gnutls_certificate_credentials_t ptn_trust_credentials(struct ptn_trust *t)
{
	return atomic_load(&t->credentials);
}

const unsigned char *ptn_trust_id(const struct ptn_trust *t)
{
	return t->id;
}

/* ---- A file's. ---- */

/* The file read last stays at hand, so that many handles share what they are all told to trust.
 * Whoever looks at it takes it out meanwhile: another thread reads the file for itself then. */
static _Atomic(struct ptn_trust *) latest;

static void keep(struct ptn_trust *t)
{
	ptn_trust_release(atomic_exchange(&latest, t));
}

/* It, if it is of this very content; or NULL. */
static struct ptn_trust *find_latest(const unsigned char id[32])
{
	struct ptn_trust *t = atomic_exchange(&latest, NULL), *found = NULL;

	if (!t)
		return NULL;
	if (!memcmp(t->id, id, sizeof t->id))
		found = ptn_trust_share(t);
	keep(t);
	return found;
}

__attribute__((destructor)) static void forget_latest(void)
{
	keep(NULL);
}

/* The certificates in it, as far as can be seen without reading them. */
static unsigned count_certificates(const gnutls_datum_t *pem)
{
	static const char mark[] = "-----BEGIN ";
	const unsigned char *at = pem->data, *end = at + pem->size;
	unsigned n = 0;

	while ((at = memchr(at, '-', (size_t)(end - at))) && (size_t)(end - at) >= sizeof mark) {
		int found = !memcmp(at, mark, sizeof mark - 1);

		n += (unsigned)found;
		at += found ? sizeof mark - 1 : 1;
	}
	return n;
}

static int read_authorities(gnutls_certificate_credentials_t c, const gnutls_datum_t *pem)
{
	gnutls_x509_trust_list_t list;
	int rc = gnutls_x509_trust_list_init(&list, count_certificates(pem) + 1);

	if (rc < 0)
		return rc;
	/* In place of the one they have from the start, which has room for a hundred. */
	gnutls_certificate_set_trust_list(c, list, 0);
	rc = gnutls_certificate_set_x509_trust_mem(c, pem, GNUTLS_X509_FMT_PEM);
	return rc ? rc : GNUTLS_E_NO_CERTIFICATE_FOUND;
}

/* NULL: a GNUTLS_E_* code in *rc. */
static struct ptn_trust *read_pem(const gnutls_datum_t *pem, int *rc)
{
	struct ptn_trust *t = ptn_mem_alloc(sizeof *t);
	gnutls_certificate_credentials_t c = NULL;

	*rc = t ? make_credentials(&c) : GNUTLS_E_MEMORY_ERROR;
	if (*rc >= 0)
		*rc = read_authorities(c, pem);
	if (*rc >= 0) {
		atomic_init(&t->references, 1);
		atomic_init(&t->credentials, c);
		return t;
	}
	if (c)
		gnutls_certificate_free_credentials(c);
	ptn_mem_free(t);
	return NULL;
}

int ptn_trust_file(struct ptn_trust **out, const char *pem_file, const char **why)
{
	unsigned char id[32];
	gnutls_datum_t pem;
	int rc = gnutls_load_file(pem_file, &pem);

	*out = NULL;
	*why = "the file cannot be read";
	if (rc < 0)
		return rc == GNUTLS_E_MEMORY_ERROR ? POSTERN_E_NOMEM : POSTERN_E_ARG;
	rc = gnutls_hash_fast(GNUTLS_DIG_SHA256, pem.data, pem.size, id);
	*out = rc < 0 ? NULL : find_latest(id);
	if (rc >= 0 && !*out) {
		*out = read_pem(&pem, &rc);
		if (*out) {
			memcpy((*out)->id, id, sizeof id);
			keep(ptn_trust_share(*out));
		}
	}
	gnutls_free(pem.data);
	*why = *out ? "" : "there is no certificate in the file";
	if (*out)
		return 0;
	return rc == GNUTLS_E_MEMORY_ERROR ? POSTERN_E_NOMEM : POSTERN_E_ARG;
}
