/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fault.h"
#include "main.h"
#include "peer.h"
#include "tls/trust.h"

#define HOST "mail.example.com"

static const struct recipe root_recipe = {.cn = "Root", .authority = 1};
static const struct recipe leaf_recipe = {.cn = "leaf", .names = {HOST}};
static struct cert root, leaf;

static void make_certs(void)
{
	cert_make(&root, &root_recipe, NULL);
	cert_make(&leaf, &leaf_recipe, &root);
}

static void free_certs(void)
{
	cert_free(&root);
	cert_free(&leaf);
}

/* In place of the system's authorities: what system_gives says, else those of the test. */
int __wrap_gnutls_certificate_set_x509_system_trust(gnutls_certificate_credentials_t c);

static int system_gives = 1;
static atomic_int system_reads;

int __wrap_gnutls_certificate_set_x509_system_trust(gnutls_certificate_credentials_t c)
{
	atomic_fetch_add(&system_reads, 1);
	return system_gives == 1 ? gnutls_certificate_set_x509_trust(c, &root.crt, 1)
				 : system_gives;
}

/* ---- From a file ---- */

static int read_text(const char *text, size_t n, const char **why)
{
	struct ptn_trust *t = (struct ptn_trust *)&t;
	char *path = file_of(text, n);
	int rc = ptn_trust_file(&t, path, why);

	ck_assert_int_eq(rc != 0, t == NULL);
	unlink(path);
	free(path);
	ptn_trust_release(t);
	return rc;
}

#define NOTHING "there is no certificate in the file"
#define UNREADABLE "the file cannot be read"

START_TEST(bad_files)
{
	static const char *const texts[] = {
		"",
		"\n",
		"hello\n",
		"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
		"-----BEGIN CERTIFICATE-----\nMIIB",
		"-----BEGIN RSA PRIVATE KEY-----\nAAAA\n-----END RSA PRIVATE KEY-----\n",
	};
	const char *why;

	ck_assert_int_eq(read_text(texts[_i], strlen(texts[_i]), &why), POSTERN_E_ARG);
	ck_assert_str_eq(why, NOTHING);
}
END_TEST

START_TEST(no_file)
{
	static const char *const paths[] = {"", "/nonexistent/ca.pem", "/", "pkcs11:"};
	struct ptn_trust *t = (struct ptn_trust *)&t;
	const char *why = NULL;

	ck_assert_int_eq(ptn_trust_file(&t, paths[_i], &why), POSTERN_E_ARG);
	ck_assert_ptr_null(t);
	ck_assert_str_eq(why, UNREADABLE);
}
END_TEST

START_TEST(good_files)
{
	gnutls_datum_t a, b;
	struct ptn_buf text = {0};
	const char *why;

	ck_assert_int_eq(gnutls_x509_crt_export2(root.crt, GNUTLS_X509_FMT_PEM, &a), 0);
	ck_assert_int_eq(gnutls_x509_crt_export2(leaf.crt, GNUTLS_X509_FMT_PEM, &b), 0);
	ck_assert_int_eq(read_text((char *)a.data, a.size, &why), 0);
	ck_assert_str_eq(why, "");
	ck_assert_int_eq(ptn_buf_puts(&text, "# two\n"), 0);
	ck_assert_int_eq(ptn_buf_add(&text, a.data, a.size), 0);
	ck_assert_int_eq(ptn_buf_add(&text, b.data, b.size), 0);
	ck_assert_int_eq(read_text(ptn_buf_data(&text), ptn_buf_len(&text), &why), 0);
	/* cut within the second */
	ck_assert_int_eq(read_text((char *)a.data, a.size / 2, &why), POSTERN_E_ARG);
	gnutls_free(a.data);
	gnutls_free(b.data);
	ptn_buf_free(&text);
}
END_TEST

static int shake(struct ptn_trust *trust, struct ptn_tls **t)
{
	const struct cert *chain[] = {&leaf, NULL};
	struct peer p;
	int rc;

	peer_start(&p, chain, "NORMAL");
	*t = ptn_tls_new(trust, HOST);
	ck_assert_ptr_nonnull(*t);
	rc = peer_shake(&p, *t, 0);
	peer_free(&p);
	return rc;
}

START_TEST(references)
{
	struct ptn_trust *t = trust_in(&root);
	struct ptn_tls *a, *b;

	ck_assert_ptr_eq(ptn_trust_share(t), t);
	ptn_trust_release(t);
	ck_assert_int_eq(ptn_trust_load(t), 0);
	ck_assert_int_eq(shake(t, &a), 1);
	ck_assert_int_eq(shake(t, &b), 1);
	ptn_tls_free(a);
	ptn_tls_free(b);
	ptn_trust_release(t);
	ptn_trust_release(NULL);
	ck_assert_ptr_null(ptn_trust_share(NULL));
}
END_TEST

/* ---- The system's ---- */

static void expect_refusal(int gives, int fault)
{
	struct ptn_trust *t = ptn_trust_system();
	struct ptn_tls *s;
	const char *out;

	system_gives = gives;
	ck_assert_int_eq(shake(t, &s), -1);
	ck_assert_int_eq(ptn_tls_fault(s), fault);
	ck_assert_uint_eq(ptn_tls_out(s, &out), 0); /* nothing was said */
	ptn_tls_free(s);
	ptn_trust_release(t);
}

START_TEST(system_is_read_once)
{
	struct ptn_trust *t = ptn_trust_system();
	struct ptn_tls *s;

	ck_assert_ptr_nonnull(t);
	ck_assert_int_eq(atomic_load(&system_reads), 0); /* not before it is needed */
	expect_refusal(0, PTN_FAULT_TRUST_UNUSABLE);
	expect_refusal(GNUTLS_E_FILE_ERROR, PTN_FAULT_TRUST_UNUSABLE);
	expect_refusal(GNUTLS_E_UNIMPLEMENTED_FEATURE, PTN_FAULT_TRUST_UNUSABLE);
	expect_refusal(GNUTLS_E_MEMORY_ERROR, PTN_FAULT_NO_MEMORY);
	ck_assert_int_eq(atomic_load(&system_reads), 4);
	system_gives = 1;
	for (int i = 0; i < 3; i++) {
		struct ptn_trust *again = ptn_trust_system();

		ck_assert_ptr_eq(again, t);
		ck_assert_int_eq(shake(again, &s), 1);
		ptn_tls_free(s);
		ptn_trust_release(again);
	}
	ptn_trust_release(t);
	ck_assert_int_eq(atomic_load(&system_reads), 5);
}
END_TEST

enum { THREADS = 4 };

static void *load(void *arg)
{
	struct ptn_trust *t = ptn_trust_system();
	gnutls_certificate_credentials_t *got = arg;

	ck_assert_int_eq(ptn_trust_load(t), 0);
	*got = ptn_trust_credentials(t);
	ptn_trust_release(t);
	return NULL;
}

START_TEST(threads_get_the_same)
{
	gnutls_certificate_credentials_t got[THREADS] = {0};
	pthread_t threads[THREADS];

	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_create(&threads[i], NULL, load, &got[i]), 0);
	for (int i = 0; i < THREADS; i++)
		ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
	ck_assert_ptr_nonnull(got[0]);
	for (int i = 1; i < THREADS; i++)
		ck_assert_ptr_eq(got[i], got[0]);
}
END_TEST

/* Many handles with one file cost no more than one; another content is never taken for it. */
START_TEST(same_content_is_shared)
{
	struct ptn_trust *a, *b, *c, *d;
	gnutls_datum_t pem;
	const char *why;
	char *path, *other;

	ck_assert_int_eq(gnutls_x509_crt_export2(root.crt, GNUTLS_X509_FMT_PEM, &pem), 0);
	path = file_of((char *)pem.data, pem.size);
	other = file_of((char *)pem.data, pem.size - 1);
	ck_assert_int_eq(ptn_trust_file(&a, path, &why), 0);
	ck_assert_int_eq(ptn_trust_file(&b, path, &why), 0);
	ck_assert_ptr_eq(a, b);
	ptn_trust_release(a);
	ck_assert_int_eq(ptn_trust_file(&c, other, &why), 0);
	ck_assert_ptr_ne(b, c);
	ck_assert_ptr_nonnull(ptn_trust_credentials(b));
	ck_assert_mem_ne(ptn_trust_id(b), ptn_trust_id(c), 32);
	ck_assert_int_eq(ptn_trust_file(&d, other, &why), 0);
	ck_assert_ptr_eq(c, d);
	ptn_trust_release(b);
	ptn_trust_release(c);
	ptn_trust_release(d);
	unlink(path);
	unlink(other);
	free(path);
	free(other);
	gnutls_free(pem.data);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "trust");

	tcase_add_unchecked_fixture(t, make_certs, free_certs);
	tcase_add_test(t, system_is_read_once);
	tcase_add_test(t, threads_get_the_same);
	tcase_add_loop_test(t, bad_files, 0, 7);
	tcase_add_loop_test(t, no_file, 0, 4);
	tcase_add_test(t, good_files);
	tcase_add_test(t, references);
	tcase_add_test(t, same_content_is_shared);
}
