/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The client's own certificate: read from files and from a token, and shown to servers that ask.
 */
#define _POSIX_C_SOURCE 200809L
#include <gnutls/abstract.h>
#include <gnutls/pkcs11.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "main.h"
#include "peer.h"

#define HOST "mail.example.com"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static const char *const versions[] = {TLS13, TLS12};
static struct cert root, leaf, middle, own, own_rsa, stranger;
static const struct cert *const chain[] = {&leaf, NULL};
static struct ptn_trust *trust;

static void make_world(void)
{
	static const struct recipe r = {.cn = "Root", .authority = 1},
				   l = {.cn = "leaf", .names = {HOST}},
				   m = {.cn = "Clients", .authority = 1}, o = {.cn = "client"},
				   rsa = {.cn = "client", .rsa = 2048};

	cert_make(&root, &r, NULL);
	cert_make(&leaf, &l, &root);
	cert_make(&middle, &m, &root);
	cert_make(&own, &o, &middle);
	cert_make(&own_rsa, &rsa, &middle);
	cert_make(&stranger, &o, NULL);
	trust = trust_in(&root);
}

static void free_world(void)
{
	ptn_trust_release(trust);
	cert_free(&root);
	cert_free(&leaf);
	cert_free(&middle);
	cert_free(&own);
	cert_free(&own_rsa);
	cert_free(&stranger);
}

/* ---- Files ---- */

static void add_certificate(struct ptn_buf *b, const struct cert *c)
{
	gnutls_datum_t pem;

	ck_assert_int_eq(gnutls_x509_crt_export2(c->crt, GNUTLS_X509_FMT_PEM, &pem), 0);
	ck_assert_int_eq(ptn_buf_add(b, pem.data, pem.size), 0);
	gnutls_free(pem.data);
}

/* PKCS #8; encrypted with a passphrase if there is one. */
static void add_key(struct ptn_buf *b, const struct cert *c, const char *passphrase)
{
	gnutls_datum_t pem;

	ck_assert_int_eq(gnutls_x509_privkey_export2_pkcs8(
				 c->key, GNUTLS_X509_FMT_PEM, passphrase,
				 passphrase ? GNUTLS_PKCS_PBES2_AES_256 : GNUTLS_PKCS_PLAIN, &pem),
			 0);
	ck_assert_int_eq(ptn_buf_add(b, pem.data, pem.size), 0);
	gnutls_free(pem.data);
}

/* The form of the algorithm's own ("EC PRIVATE KEY"). */
static void add_old_key(struct ptn_buf *b, const struct cert *c)
{
	gnutls_datum_t pem;

	ck_assert_int_eq(gnutls_x509_privkey_export2(c->key, GNUTLS_X509_FMT_PEM, &pem), 0);
	ck_assert_int_eq(ptn_buf_add(b, pem.data, pem.size), 0);
	gnutls_free(pem.data);
}

static char *file_from(struct ptn_buf *b)
{
	char *path = file_of(ptn_buf_data(b), ptn_buf_len(b));

	ptn_buf_free(b);
	return path;
}

static char *chain_file(const struct cert *c)
{
	struct ptn_buf b = {0};

	add_certificate(&b, c);
	add_certificate(&b, &middle);
	return file_from(&b);
}

static char *key_file(const struct cert *c, const char *passphrase)
{
	struct ptn_buf b = {0};

	add_key(&b, c, passphrase);
	return file_from(&b);
}

static void drop_file(char *path)
{
	unlink(path);
	free(path);
}

static struct ptn_tls_own *read_own(const struct cert *c)
{
	char *certificate = chain_file(c), *key = key_file(c, NULL);
	struct ptn_tls_own *o;
	const char *why;

	ck_assert_int_eq(ptn_own_read(&o, certificate, key, NULL, &why), 0);
	ck_assert_str_eq(why, "");
	drop_file(certificate);
	drop_file(key);
	return o;
}

/* ---- Shown ---- */

static struct ptn_tls *begin(struct peer *p, int version, struct ptn_tls_options *options,
			     gnutls_certificate_request_t request)
{
	const struct ptn_tls_with with = {.options = options};

	peer_start(p, chain, versions[version]);
	gnutls_certificate_server_set_request(p->s, request);
	ck_assert_int_ge(gnutls_certificate_set_x509_trust(p->credentials, &root.crt, 1), 0);
	return ptn_tls_new_with(trust, HOST, &with);
}

/* What the server has made of it, and that both can go on. */
static void expect_seen(struct peer *p, struct ptn_tls *t, const struct cert *c, unsigned length)
{
	gnutls_datum_t der;
	const gnutls_datum_t *seen;
	unsigned n = 0, status;
	char buf[8];

	ck_assert_msg(peer_shake(p, t, 0) == 1, "%s (%s)", ptn_fault_id(ptn_tls_fault(t)),
		      ptn_tls_detail(t));
	ck_assert_int_eq(p->handshake, 0);
	seen = gnutls_certificate_get_peers(p->s, &n);
	ck_assert_uint_eq(n, length);
	if (n) {
		ck_assert_int_eq(gnutls_x509_crt_export2(c->crt, GNUTLS_X509_FMT_DER, &der), 0);
		ck_assert_uint_eq(seen[0].size, der.size);
		ck_assert_mem_eq(seen[0].data, der.data, der.size);
		gnutls_free(der.data);
		ck_assert_int_eq(gnutls_certificate_verify_peers2(p->s, &status), 0);
		ck_assert_uint_eq(status, 0);
	}
	ck_assert_int_eq(ptn_tls_put(t, "EHLO", 4), 4);
	ck_assert_int_eq(peer_read(p, t, buf, sizeof buf), 4);
}

START_TEST(shown_with_its_chain)
{
	struct ptn_tls_options options = {.own = read_own(_i < 2 ? &own : &own_rsa)};
	struct peer p;
	struct ptn_tls *t = begin(&p, _i % 2, &options, GNUTLS_CERT_REQUIRE);

	expect_seen(&p, t, _i < 2 ? &own : &own_rsa, 2);
	/* the session has its own reference */
	ptn_own_release(options.own);
	ptn_tls_free(t);
	peer_free(&p);
}
END_TEST

START_TEST(shown_where_it_is_only_welcome)
{
	struct ptn_tls_options options = {.own = read_own(&own)};
	struct peer p;
	struct ptn_tls *t = begin(&p, _i, &options, GNUTLS_CERT_REQUEST);

	expect_seen(&p, t, &own, 2);
	ptn_tls_free(t);
	peer_free(&p);
	/* not asked for, not shown */
	t = begin(&p, _i, &options, GNUTLS_CERT_IGNORE);
	expect_seen(&p, t, NULL, 0);
	ptn_tls_free(t);
	peer_free(&p);
	ptn_own_release(options.own);
	/* none to show */
	options.own = NULL;
	t = begin(&p, _i, &options, GNUTLS_CERT_REQUEST);
	expect_seen(&p, t, NULL, 0);
	ptn_tls_free(t);
	peer_free(&p);
}
END_TEST

/* Two handles with one trust: each shows its own. */
START_TEST(one_trust_many_certificates)
{
	struct ptn_tls_options a = {.own = read_own(&own)}, b = {.own = read_own(&own_rsa)},
			       none = {.own = NULL};
	struct peer pa, pb, pn;
	struct ptn_tls *ta = begin(&pa, _i, &a, GNUTLS_CERT_REQUEST),
		       *tb = begin(&pb, _i, &b, GNUTLS_CERT_REQUEST),
		       *tn = begin(&pn, _i, &none, GNUTLS_CERT_REQUEST);

	expect_seen(&pn, tn, NULL, 0);
	expect_seen(&pa, ta, &own, 2);
	expect_seen(&pb, tb, &own_rsa, 2);
	ptn_tls_free(ta);
	ptn_tls_free(tb);
	ptn_tls_free(tn);
	peer_free(&pa);
	peer_free(&pb);
	peer_free(&pn);
	ptn_own_release(a.own);
	ptn_own_release(b.own);
}
END_TEST

/* What a server says that does not take the one it got: before it has said anything else. */
static const struct {
	int version;
	const char *alert;
	const char *detail;
} refusals[] = {
	{0, "\2\164", "certificate_required"},
	{0, "\2\52", "bad_certificate"},
	{0, "\2\53", "unsupported_certificate"},
	{0, "\2\54", "certificate_revoked"},
	{0, "\2\55", "certificate_expired"},
	{0, "\2\56", "certificate_unknown"},
	{0, "\2\60", "unknown_ca"},
	{0, "\2\61", "access_denied"},
	{0, "\2\50", "handshake_failure"},
};

enum { ALERT = 21, REFUSALS = sizeof refusals / sizeof *refusals };

START_TEST(refused_after_the_handshake)
{
	struct ptn_tls_options options = {.own = read_own(&stranger)};
	int asked = _i / REFUSALS != 1, spoken = _i / REFUSALS == 2, row = _i % REFUSALS;
	struct peer p;
	struct ptn_tls *t =
		begin(&p, 0, &options, asked ? GNUTLS_CERT_REQUEST : GNUTLS_CERT_IGNORE);
	char buf[8];

	ck_assert_int_eq(peer_shake(&p, t, 0), 1);
	if (spoken) {
		ck_assert_int_eq(gnutls_record_send(p.s, "220", 3), 3);
		ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p.out), ptn_buf_len(&p.out)), 0);
		ptn_buf_clear(&p.out);
		ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), 3);
	}
	peer_forge(&p, ALERT, refusals[row].alert, 2);
	ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p.out), ptn_buf_len(&p.out)), 0);
	ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), -1);
	ck_assert_msg(ptn_tls_fault(t) ==
			      (asked && !spoken ? PTN_FAULT_TLS_CERT_WANTED : PTN_FAULT_TLS_ALERT),
		      "%s: %s", refusals[row].detail, ptn_fault_id(ptn_tls_fault(t)));
	ck_assert_str_eq(ptn_tls_detail(t), refusals[row].detail);
	ptn_tls_free(t);
	peer_free(&p);
	ptn_own_release(options.own);
}
END_TEST

/* ---- Read ---- */

#define NO_CERTIFICATE "the certificate cannot be read"
#define NO_KEY "the key cannot be read without a secret"
#define WRONG_SECRET "the key cannot be read, or the secret does not open it"
#define NO_PAIR "the certificate and the key are no pair"

enum { OWN, OWN_ENCRYPTED, OWN_OLD, RSA, NOTHING, TEXT, CERTIFICATE };

static char *make_key_file(int kind)
{
	struct ptn_buf b = {0};

	if (kind == OWN || kind == OWN_ENCRYPTED)
		add_key(&b, &own, kind == OWN ? NULL : "open sesame");
	else if (kind == OWN_OLD)
		add_old_key(&b, &own);
	else if (kind == RSA)
		add_key(&b, &own_rsa, NULL);
	else if (kind == CERTIFICATE)
		add_certificate(&b, &own);
	else
		ck_assert_int_eq(ptn_buf_puts(&b, kind == TEXT ? "hello\n" : ""), 0);
	return file_from(&b);
}

START_TEST(keys)
{
	static const struct {
		int kind;
		const char *secret, *why;
	} rows[] = {
		{OWN, NULL, ""},
		{OWN, "not needed", ""},
		{OWN_OLD, NULL, ""},
		{OWN_OLD, "not needed", ""},
		{OWN_ENCRYPTED, "open sesame", ""},
		{OWN_ENCRYPTED, "open barley", WRONG_SECRET},
		{OWN_ENCRYPTED, "", WRONG_SECRET},
		{OWN_ENCRYPTED, NULL, NO_KEY},
		{RSA, NULL, NO_PAIR},
		{NOTHING, NULL, NO_KEY},
		{TEXT, NULL, NO_KEY},
		{TEXT, "secret", WRONG_SECRET},
		{CERTIFICATE, NULL, NO_KEY},
	};
	char *certificate = chain_file(&own), *key = make_key_file(rows[_i].kind);
	struct ptn_tls_own *o = (struct ptn_tls_own *)&o;
	const char *why = NULL;
	int err = ptn_own_read(&o, certificate, key, rows[_i].secret, &why);

	ck_assert_msg(err == (*rows[_i].why ? POSTERN_E_ARG : 0), "%d: %d, %s", _i, err, why);
	ck_assert_str_eq(why, rows[_i].why);
	ck_assert_int_eq(o == NULL, err != 0);
	ptn_own_release(o);
	drop_file(certificate);
	drop_file(key);
}
END_TEST

START_TEST(certificates)
{
	static const struct {
		int kind;
		const char *why;
	} rows[] = {{NOTHING, NO_CERTIFICATE},
		    {TEXT, NO_CERTIFICATE},
		    {OWN, NO_CERTIFICATE},
		    {CERTIFICATE, ""}};
	char *certificate = make_key_file(rows[_i].kind), *key = make_key_file(OWN);
	struct ptn_tls_own *o;
	const char *why;

	ck_assert_int_eq(ptn_own_read(&o, certificate, key, NULL, &why),
			 *rows[_i].why ? POSTERN_E_ARG : 0);
	ck_assert_str_eq(why, rows[_i].why);
	ptn_own_release(o);
	ck_assert_int_eq(ptn_own_read(&o, "/nonexistent", key, NULL, &why), POSTERN_E_ARG);
	ck_assert_str_eq(why, NO_CERTIFICATE);
	drop_file(certificate);
	drop_file(key);
}
END_TEST

/* Both in one file, the other way round than usual, the chain not in order. */
START_TEST(one_file)
{
	struct ptn_buf b = {0};
	struct ptn_tls_options options;
	const char *why;
	struct peer p;
	struct ptn_tls *t;
	char *path;

	add_key(&b, &own, NULL);
	add_certificate(&b, &own);
	add_certificate(&b, &root);
	add_certificate(&b, &middle);
	path = file_from(&b);
	memset(&options, 0, sizeof options);
	ck_assert_int_eq(ptn_own_read(&options.own, path, path, NULL, &why), 0);
	t = begin(&p, 0, &options, GNUTLS_CERT_REQUIRE);
	expect_seen(&p, t, &own, 3);
	ptn_tls_free(t);
	peer_free(&p);
	ptn_own_release(options.own);
	drop_file(path);
}
END_TEST

START_TEST(pair_of_one_algorithm)
{
	struct ptn_buf b = {0};
	struct ptn_tls_own *o;
	const char *why;
	char *certificate = chain_file(&own), *key;

	add_key(&b, &stranger, NULL);
	key = file_from(&b);
	ck_assert_int_eq(ptn_own_read(&o, certificate, key, NULL, &why), POSTERN_E_ARG);
	ck_assert_str_eq(why, NO_PAIR);
	drop_file(certificate);
	drop_file(key);
}
END_TEST

/* ---- Out of memory ---- */

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);
static long failing = -1, requests;

void *__wrap_calloc(size_t n, size_t size)
{
	return requests++ == failing ? NULL : __real_calloc(n, size);
}

START_TEST(no_memory)
{
	char *certificate = chain_file(&own), *key = key_file(&own, "open sesame");
	struct ptn_tls_own *o;
	const char *why;

	for (long n = 0; n < 2; n++) {
		failing = n;
		requests = 0;
		ck_assert_int_eq(ptn_own_read(&o, certificate, key, "open sesame", &why),
				 POSTERN_E_NOMEM);
		failing = -1;
		ck_assert_ptr_null(o);
	}
	drop_file(certificate);
	drop_file(key);
}
END_TEST

/* ---- A token: SoftHSM, through p11-kit ---- */

#define TOKEN "pkcs11:token=postern"
#define PIN "1234"

static char *token_dir, *token_conf;

static int give_pin(void *arg, int attempt, const char *url, const char *label, unsigned flags,
		    char *pin, size_t cap)
{
	(void)arg;
	(void)url;
	(void)label;
	ck_assert_int_eq(attempt, 0);
	(void)flags;
	snprintf(pin, cap, "%s", PIN);
	return 0;
}

static void remove_token(void)
{
	char command[300];

	if (!token_dir)
		return;
	snprintf(command, sizeof command, "rm -rf '%s'", token_dir);
	ck_assert_int_eq(system(command), 0);
	drop_file(token_conf);
	free(token_dir);
	token_dir = NULL;
}

/* 0: there is no SoftHSM here. */
static int make_token(void)
{
	char text[300];
	const char *dir = getenv("TMPDIR");

	snprintf(text, sizeof text, "%s/postern-token-XXXXXX", dir ? dir : "/tmp");
	token_dir = strdup(text);
	ck_assert_ptr_nonnull(mkdtemp(token_dir));
	snprintf(text, sizeof text, "directories.tokendir = %s\nobjectstore.backend = file\n",
		 token_dir);
	token_conf = file_of(text, strlen(text));
	ck_assert_int_eq(setenv("SOFTHSM2_CONF", token_conf, 1), 0);
	if (system("softhsm2-util --init-token --free --label postern --pin " PIN
		   " --so-pin sopin >/dev/null 2>&1") != 0) {
		remove_token();
		fprintf(stderr, "NOT TESTED: certificates on tokens: softhsm2 is not installed\n");
		return 0;
	}
	ck_assert_int_eq(gnutls_pkcs11_init(GNUTLS_PKCS11_FLAG_AUTO, NULL), 0);
	gnutls_pkcs11_set_pin_function(give_pin, NULL);
	ck_assert_int_eq(gnutls_pkcs11_copy_x509_privkey(
				 TOKEN, own.key, "client", GNUTLS_KEY_DIGITAL_SIGNATURE,
				 GNUTLS_PKCS11_OBJ_FLAG_LOGIN |
					 GNUTLS_PKCS11_OBJ_FLAG_MARK_SENSITIVE |
					 GNUTLS_PKCS11_OBJ_FLAG_MARK_PRIVATE),
			 0);
	ck_assert_int_eq(
		gnutls_pkcs11_copy_x509_crt(TOKEN, own.crt, "client", GNUTLS_PKCS11_OBJ_FLAG_LOGIN),
		0);
	gnutls_pkcs11_set_pin_function(NULL, NULL);
	gnutls_pkcs11_deinit();
	ck_assert_int_eq(gnutls_pkcs11_init(GNUTLS_PKCS11_FLAG_AUTO, NULL), 0);
	return 1;
}

START_TEST(from_a_token)
{
	static const char cert_url[] = TOKEN ";object=client;type=cert",
			  key_url[] = TOKEN ";object=client;type=private";
	struct ptn_tls_options options = {.n_pins = 0};
	struct ptn_tls_own *o;
	const char *why;
	char *key;

	if (!make_token())
		return;
	key = key_file(&own, NULL);
	/* certificate on the token, key on the disk */
	ck_assert_int_eq(ptn_own_read(&o, cert_url, key, NULL, &why), 0);
	ptn_own_release(o);
	drop_file(key);
	/* nobody is asked for a PIN; a wrong one is tried once */
	ck_assert_int_eq(ptn_own_read(&o, cert_url, key_url, NULL, &why), POSTERN_E_ARG);
	ck_assert_str_eq(why, NO_KEY);
	ck_assert_int_eq(ptn_own_read(&o, cert_url, key_url, "4321", &why), POSTERN_E_ARG);
	ck_assert_str_eq(why, WRONG_SECRET);
	ck_assert_int_eq(ptn_own_read(&o, TOKEN ";object=other;type=cert", key_url, PIN, &why),
			 POSTERN_E_ARG);
	ck_assert_str_eq(why, NO_CERTIFICATE);
	ck_assert_msg(ptn_own_read(&options.own, cert_url, key_url, PIN, &why) == 0, "%s", why);
	for (int version = 0; version < 2; version++) {
		struct peer p;
		struct ptn_tls *t = begin(&p, version, &options, GNUTLS_CERT_REQUEST);
		const gnutls_datum_t *seen;
		unsigned n = 0;

		ck_assert_int_eq(peer_shake(&p, t, 0), 1);
		ck_assert_int_eq(p.handshake, 0);
		seen = gnutls_certificate_get_peers(p.s, &n);
		ck_assert_ptr_nonnull(seen);
		ck_assert_uint_ge(n, 1);
		ptn_tls_free(t);
		peer_free(&p);
	}
	ptn_own_release(options.own);
	gnutls_pkcs11_deinit();
	remove_token();
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "own");

	tcase_add_unchecked_fixture(t, make_world, free_world);
	tcase_add_loop_test(t, shown_with_its_chain, 0, 4);
	tcase_add_loop_test(t, shown_where_it_is_only_welcome, 0, 2);
	tcase_add_loop_test(t, one_trust_many_certificates, 0, 2);
	tcase_add_loop_test(t, refused_after_the_handshake, 0, 3 * REFUSALS);
	tcase_add_loop_test(t, keys, 0, 13);
	tcase_add_loop_test(t, certificates, 0, 4);
	tcase_add_test(t, one_file);
	tcase_add_test(t, pair_of_one_algorithm);
	tcase_add_test(t, no_memory);
	tcase_add_test(t, from_a_token);
}
