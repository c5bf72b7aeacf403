/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "certs.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bytes.h"
#include "issue.h"
#include "ocsp.h"

struct made { /* credentials, kept for the next connection */
	struct made *next;
	char *kind, *staple;
	gnutls_certificate_credentials_t credentials;
	struct bytes response; /* stapled; none if empty */
};

static struct pair authority, other, ended, clients, strangers;
static struct made *all;
static char *place; /* the directory */

int certs_known(const char *kind)
{
	return kind_find(kind) != NULL;
}

const char *certs_kind(unsigned index, const char **what)
{
	const struct kind *k = kind_at(index);

	if (!k)
		return NULL;
	*what = k->what;
	return k->name;
}

/* ---- files ---- */

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

static void forget_key(gnutls_datum_t *key)
{
	if (key->data)
		gnutls_memset(key->data, 0, key->size);
	gnutls_free(key->data);
}

static int save_cert(const struct pair *p, const char *name)
{
	gnutls_datum_t cert = {0};
	int rc = gnutls_x509_crt_export2(p->cert, GNUTLS_X509_FMT_PEM, &cert);

	if (rc < 0)
		fprintf(stderr, "postern-sandbox: %s\n", gnutls_strerror(rc));
	else
		rc = write_file(place, name, &cert, 0644);
	gnutls_free(cert.data);
	return rc < 0 ? -1 : 0;
}

static int save_key(const struct pair *p, const char *name)
{
	gnutls_datum_t key = {0};
	int rc = gnutls_x509_privkey_export2(p->key, GNUTLS_X509_FMT_PEM, &key);

	if (rc < 0)
		fprintf(stderr, "postern-sandbox: %s\n", gnutls_strerror(rc));
	else
		rc = write_file(place, name, &key, 0600);
	forget_key(&key);
	return rc < 0 ? -1 : 0;
}

static int save_secret_key(const struct pair *p, const char *name, const char *secret)
{
	gnutls_datum_t key = {0};
	int rc = gnutls_x509_privkey_export2_pkcs8(p->key, GNUTLS_X509_FMT_PEM, secret,
						   GNUTLS_PKCS_PBES2_AES_256, &key);

	if (rc < 0)
		fprintf(stderr, "postern-sandbox: %s\n", gnutls_strerror(rc));
	else
		rc = write_file(place, name, &key, 0600);
	forget_key(&key);
	return rc < 0 ? -1 : 0;
}

/* A pair of an earlier run in this directory: 0 if it was found and is usable. */
static int load(struct pair *p, const char *cert_name, const char *key_name)
{
	char *cert_path = path_in(place, cert_name), *key_path = path_in(place, key_name);
	gnutls_datum_t cert = {0}, key = {0};
	int rc = gnutls_load_file(cert_path, &cert);

	if (rc >= 0)
		rc = gnutls_load_file(key_path, &key);
	if (rc >= 0)
		rc = gnutls_x509_crt_init(&p->cert);
	if (rc >= 0)
		rc = gnutls_x509_privkey_init(&p->key);
	if (rc >= 0)
		rc = gnutls_x509_crt_import(p->cert, &cert, GNUTLS_X509_FMT_PEM);
	if (rc >= 0)
		rc = gnutls_x509_privkey_import(p->key, &key, GNUTLS_X509_FMT_PEM);
	if (rc < 0)
		issue_free(p);
	gnutls_free(cert.data);
	forget_key(&key);
	free(cert_path);
	free(key_path);
	return rc < 0 ? -1 : 0;
}

/* ---- authorities ---- */

static int complain(const char *what, int rc)
{
	fprintf(stderr, "postern-sandbox: %s could not be made: %s\n", what, gnutls_strerror(rc));
	return -1;
}

int certs_open(const char *dir)
{
	int rc;

	place = copy_text(dir, strlen(dir));
	if (load(&authority, "ca.pem", "ca-key.pem") == 0)
		return 0;
	rc = issue_authority(&authority, "Postern sandbox, certificate authority");
	if (rc < 0)
		return complain("the certificate authority", rc);
	return save_key(&authority, "ca-key.pem") || save_cert(&authority, "ca.pem") ? -1 : 0;
}

/* One client's certificate by this authority, into the two files. */
static int make_client(const char *user, const struct pair *issuer, const char *cert_name,
		       const char *key_name, const char *secret_name)
{
	struct pair p = {0};
	struct bytes mailbox = {0};
	int rc;

	bytes_format(&mailbox, strchr(user, '@') ? "%s" : "%s@sandbox.test", user);
	rc = issue_client(&p, user, mailbox.p, issuer);
	bytes_free(&mailbox);
	if (rc < 0)
		complain("a client certificate", rc);
	else
		rc = save_key(&p, key_name) || save_cert(&p, cert_name) ||
				     (secret_name && save_secret_key(&p, secret_name, "sandbox"))
			     ? -1
			     : 0;
	issue_free(&p);
	return rc < 0 ? -1 : 0;
}

int certs_open_clients(const char *user)
{
	int rc;

	if (clients.cert)
		return 0;
	rc = issue_authority(&clients, "Postern sandbox, authority for clients");
	if (rc >= 0)
		rc = issue_authority(&strangers, "Postern sandbox, unknown authority for clients");
	if (rc < 0)
		return complain("the authority for clients", rc);
	if (save_cert(&clients, "client-ca.pem") ||
	    make_client(user, &clients, "client.pem", "client-key.pem", "client-key-secret.pem") ||
	    make_client(user, &strangers, "client-other.pem", "client-other-key.pem", NULL))
		return -1;
	return 0;
}

static int make_ended(void)
{
	int rc = issue_ended_authority(&ended, "Postern sandbox, former authority");

	return rc >= 0 && save_cert(&ended, "ca-expired.pem") ? GNUTLS_E_FILE_ERROR : rc;
}

/* The authority for a kind, made if need be; NULL with *rc >= 0: it signs itself. */
static const struct pair *authority_of(const struct kind *k, int *rc)
{
	*rc = 0;
	switch (k->issuer) {
	case BY_ITSELF:
		return NULL;
	case BY_OTHER:
		if (!other.cert)
			*rc = issue_authority(&other, "Postern sandbox, unknown authority");
		return &other;
	case BY_EXPIRED_CA:
		if (!ended.cert)
			*rc = make_ended();
		return &ended;
	case BY_CA:
		break;
	}
	return &authority;
}

int certs_prepare(const char *kind)
{
	const struct kind *k = kind_find(kind);
	int rc = 0;

	if (k)
		authority_of(k, &rc);
	return rc < 0 ? complain("an authority", rc) : 0;
}

/* ---- credentials ---- */

static int staple(gnutls_session_t session, void *at, gnutls_datum_t *out)
{
	const struct made *m = at;

	(void)session;
	out->data = gnutls_malloc(m->response.n);
	if (!out->data)
		return GNUTLS_E_MEMORY_ERROR;
	memcpy(out->data, m->response.p, m->response.n);
	out->size = (unsigned)m->response.n;
	return 0;
}

static int add_staple(struct made *m, const struct chain *c, const struct pair *top)
{
	const struct pair *issuer = c->n > 1 ? &c->p[1] : top ? top : &c->p[0];
	int rc;

	if (strcmp(m->staple, "none") == 0)
		return 0;
	rc = ocsp_make(&m->response, m->staple, c->p[0].cert, issuer->cert, issuer->key);
	return rc < 0 ? rc
		      : gnutls_certificate_set_ocsp_status_request_function2(m->credentials, 0,
									     staple, m);
}

static int set_chain(struct made *m, const struct kind *k, const struct chain *c)
{
	gnutls_x509_crt_t certs[CHAIN_MAX];
	gnutls_x509_privkey_t key = NULL;
	int rc = 0;

	for (unsigned i = 0; i < c->sent; i++)
		certs[i] = c->p[i].cert;
	if (k->flags & WRONG_KEY) {
		gnutls_certificate_set_flags(m->credentials,
					     GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
		rc = gnutls_x509_privkey_init(&key);
		if (rc >= 0)
			rc = gnutls_x509_privkey_generate(
				key, GNUTLS_PK_ECDSA,
				GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1), 0);
	}
	if (rc >= 0) /* copies are kept */
		rc = gnutls_certificate_set_x509_key(m->credentials, certs, (int)c->sent,
						     key ? key : c->p[0].key);
	if (key)
		gnutls_x509_privkey_deinit(key);
	return rc;
}

static int fill(struct made *m, const struct kind *k)
{
	struct chain c = {0};
	int rc;
	const struct pair *top = authority_of(k, &rc);

	if (rc >= 0)
		rc = issue_chain(&c, k, top);
	if (rc >= 0)
		rc = gnutls_certificate_allocate_credentials(&m->credentials);
	if (rc >= 0)
		rc = set_chain(m, k, &c);
	if (rc >= 0)
		rc = add_staple(m, &c, top);
	if (rc >= 0 && clients.cert)
		rc = gnutls_certificate_set_x509_trust(m->credentials, &clients.cert, 1);
	issue_free_chain(&c);
	return rc;
}

static void free_made(struct made *m)
{
	if (m->credentials)
		gnutls_certificate_free_credentials(m->credentials);
	bytes_free(&m->response);
	free(m->kind);
	free(m->staple);
	free(m);
}

gnutls_certificate_credentials_t certs_credentials(const char *kind, const char *with)
{
	const struct kind *k = kind_find(kind);
	struct made *m;
	int rc;

	if (!k || !ocsp_known(with)) {
		fprintf(stderr, "postern-sandbox: no certificate called %s, or no staple %s\n",
			kind, with);
		return NULL;
	}
	for (m = all; m; m = m->next)
		if (strcmp(m->kind, kind) == 0 && strcmp(m->staple, with) == 0)
			return m->credentials;
	m = alloc(sizeof(*m));
	m->kind = copy_text(kind, strlen(kind));
	m->staple = copy_text(with, strlen(with));
	rc = fill(m, k);
	if (rc < 0) {
		fprintf(stderr, "postern-sandbox: the certificate %s could not be made: %s\n", kind,
			gnutls_strerror(rc));
		free_made(m);
		return NULL;
	}
	m->next = all;
	all = m;
	return m->credentials;
}

void certs_close(void)
{
	while (all) {
		struct made *m = all;

		all = m->next;
		free_made(m);
	}
	issue_free(&authority);
	issue_free(&other);
	issue_free(&ended);
	issue_free(&clients);
	issue_free(&strangers);
	free(place);
	place = NULL;
}
