/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Good and bad certificates, each shown by a server to the filter in TLS 1.2 and 1.3.
 */
#define _DEFAULT_SOURCE /* gmtime_r */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/fault.h"
#include "main.h"
#include "peer.h"

#define HOST "mail.example.com"
#define BAD_STATUS 113 /* RFC 6066 8 */
#define NUL_NAME HOST "\0.evil.example"
#define ROOT \
	{ \
		.cn = "Root", .authority = 1 \
	}
#define MIDDLE \
	{ \
		.cn = "Middle", .authority = 1 \
	}
#define LEAF \
	{ \
		.cn = "leaf", .names = { HOST } \
	}

#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const char *const versions[] = {"NORMAL:-VERS-ALL:+VERS-TLS1.3",
				       "NORMAL:-VERS-ALL:+VERS-TLS1.2"};

enum { DIRECT, SENT, MISSING, ALONE, ALONE_TRUSTED, OTHER_ROOT, WITH_ROOT };

static const struct row {
	const char *what;
	int shape; /* of the chain: by the root, by an intermediate, by itself */
	struct recipe root, middle, leaf;
	const char *host;
	int fault, alert;
	const char *detail; /* a part of it */
} rows[] = {
	{"good", DIRECT, ROOT, {0}, LEAF, HOST, 0, -1, ""},
	{"server purpose",
	 DIRECT,
	 ROOT,
	 {0},
	 {.names = {HOST}, .purpose = GNUTLS_KP_TLS_WWW_SERVER},
	 HOST,
	 0,
	 -1,
	 ""},
	{"intermediate sent", SENT, ROOT, MIDDLE, LEAF, HOST, 0, -1, ""},
	{"root sent too", WITH_ROOT, ROOT, MIDDLE, LEAF, HOST, 0, -1, ""},
	{"intermediate missing", MISSING, ROOT, MIDDLE, LEAF, HOST,
	 PTN_FAULT_CERT_UNKNOWN_AUTHORITY, GNUTLS_A_UNKNOWN_CA, "CN=leaf, issued by CN=Middle"},
	{"unknown authority", OTHER_ROOT, ROOT, MIDDLE, LEAF, HOST,
	 PTN_FAULT_CERT_UNKNOWN_AUTHORITY, GNUTLS_A_UNKNOWN_CA, "CN=leaf, issued by CN=Root"},
	{"self-signed",
	 ALONE,
	 ROOT,
	 {0},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_SELF_SIGNED,
	 GNUTLS_A_UNKNOWN_CA,
	 "CN=leaf"},
	{"self-signed and expired",
	 ALONE,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {HOST}, .from = -9 * DAY, .to = -DAY},
	 HOST,
	 PTN_FAULT_CERT_SELF_SIGNED,
	 GNUTLS_A_UNKNOWN_CA,
	 "CN=leaf"},
	{"self-signed, wrong name",
	 ALONE,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {"x.example"}},
	 HOST,
	 PTN_FAULT_CERT_SELF_SIGNED,
	 GNUTLS_A_UNKNOWN_CA,
	 "CN=leaf"},
	{"self-signed and trusted", ALONE_TRUSTED, ROOT, {0}, LEAF, HOST, 0, -1, ""},
	{"self-signed and trusted, wrong name",
	 ALONE_TRUSTED,
	 ROOT,
	 {0},
	 LEAF,
	 "www.example.com",
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 HOST},
	/* time */
	{"expired leaf",
	 SENT,
	 ROOT,
	 MIDDLE,
	 {.cn = "leaf", .names = {HOST}, .from = -9 * DAY, .to = -1},
	 HOST,
	 PTN_FAULT_CERT_EXPIRED,
	 GNUTLS_A_CERTIFICATE_EXPIRED,
	 "CN=leaf, valid until 20"},
	{"expired intermediate",
	 SENT,
	 ROOT,
	 {.cn = "Middle", .authority = 1, .from = -9 * DAY, .to = -1},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_EXPIRED,
	 GNUTLS_A_CERTIFICATE_EXPIRED,
	 "CN=Middle, valid until 20"},
	{"expired root",
	 SENT,
	 {.cn = "Root", .authority = 1, .from = -9 * DAY, .to = -1},
	 MIDDLE,
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_EXPIRED,
	 GNUTLS_A_CERTIFICATE_EXPIRED,
	 "CN=Root, valid until 20"},
	{"not yet valid",
	 SENT,
	 ROOT,
	 MIDDLE,
	 {.cn = "leaf", .names = {HOST}, .from = DAY, .to = 9 * DAY},
	 HOST,
	 PTN_FAULT_CERT_NOT_YET_VALID,
	 GNUTLS_A_CERTIFICATE_EXPIRED,
	 "CN=leaf, valid from 20"},
	/* name: the table of identity_test.c, and these to see that it is asked */
	{"wrong name", SENT, ROOT, MIDDLE, LEAF, "example.com", PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE, HOST},
	{"other case, trailing dot", DIRECT, ROOT, {0}, LEAF, "MAIL.example.com.", 0, -1, ""},
	{"wildcard",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {"*.example.com"}},
	 HOST,
	 0,
	 -1,
	 ""},
	{"partial wildcard",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {"*" HOST}},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"wildcard too wide",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {"*.com", "*", "*.*.com"}},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"common name only",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = HOST},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"common name a wildcard",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "*.example.com"},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"common name right, names other",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = HOST, .names = {"x.example"}},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "x.example"},
	{"NUL in a name",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .raw_name = NUL_NAME, .raw_len = sizeof NUL_NAME - 1},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"address", DIRECT, ROOT, {0}, {.cn = "leaf", .ip = "127.0.0.1"}, "127.0.0.1", 0, -1, ""},
	{"address of six", DIRECT, ROOT, {0}, {.cn = "leaf", .ip = "::1"}, "::1", 0, -1, ""},
	{"address as a name",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {"127.0.0.1"}},
	 "127.0.0.1",
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"address as common name",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "127.0.0.1"},
	 "127.0.0.1",
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"5,000 names",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .many = 5000, .last = HOST},
	 HOST,
	 0,
	 -1,
	 ""},
	/* authority */
	{"issuer is no authority",
	 SENT,
	 ROOT,
	 {.cn = "Middle"},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_INVALID,
	 GNUTLS_A_UNKNOWN_CA,
	 "CN=leaf: the issuer is not a certificate authority"},
	{"issuer of version 1",
	 SENT,
	 ROOT,
	 {.cn = "Middle", .version = 1},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_INVALID,
	 GNUTLS_A_UNKNOWN_CA,
	 "the issuer is not a certificate authority"},
	{"path too long",
	 SENT,
	 {.cn = "Root", .authority = 1, .path_len = 1},
	 MIDDLE,
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_INVALID,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=leaf: "},
	{"excluded name",
	 DIRECT,
	 {.cn = "Root", .authority = 1, .excluded = "example.com"},
	 {0},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_INVALID,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=leaf: it oversteps what its authority may sign for"},
	{"excluded name in other case",
	 DIRECT,
	 {.cn = "Root", .authority = 1, .excluded = "example.com"},
	 {0},
	 {.cn = "leaf", .names = {"MAIL.EXAMPLE.COM"}},
	 HOST,
	 PTN_FAULT_CERT_INVALID,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=leaf: it oversteps what its authority may sign for"},
	{"name not permitted",
	 DIRECT,
	 {.cn = "Root", .authority = 1, .permitted = "example.org"},
	 {0},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_INVALID,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=leaf: it oversteps what its authority may sign for"},
	{"permitted name",
	 DIRECT,
	 {.cn = "Root", .authority = 1, .permitted = "example.com"},
	 {0},
	 LEAF,
	 HOST,
	 0,
	 -1,
	 ""},
	{"authorities that permit nothing together",
	 SENT,
	 {.cn = "Root", .authority = 1, .permitted = "example.org"},
	 {.cn = "Middle", .authority = 1, .permitted = "example.com"},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_INVALID,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=leaf: it oversteps what its authority may sign for"},
	/* purpose and strength */
	{"client purpose",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {HOST}, .purpose = GNUTLS_KP_TLS_WWW_CLIENT},
	 HOST,
	 PTN_FAULT_CERT_PURPOSE,
	 GNUTLS_A_UNSUPPORTED_CERTIFICATE,
	 "CN=leaf"},
	{"intermediate of client purpose",
	 SENT,
	 ROOT,
	 {.cn = "Middle", .authority = 1, .purpose = GNUTLS_KP_TLS_WWW_CLIENT},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_PURPOSE,
	 GNUTLS_A_UNSUPPORTED_CERTIFICATE,
	 "CN=leaf"},
	{"RSA of 2048 bits",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {HOST}, .rsa = 2048},
	 HOST,
	 0,
	 -1,
	 ""},
	{"RSA of 1024 bits",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {HOST}, .rsa = 1024},
	 HOST,
	 PTN_FAULT_CERT_WEAK,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=leaf, RSA key of 1024 bits, signed with ECDSA-SHA256"},
	{"intermediate of RSA of 1024 bits",
	 SENT,
	 ROOT,
	 {.cn = "Middle", .authority = 1, .rsa = 1024},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_WEAK,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=Middle, RSA key of 1024 bits"},
	{"SHA-1",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {HOST}, .digest = GNUTLS_DIG_SHA1},
	 HOST,
	 PTN_FAULT_CERT_WEAK,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=leaf, EC/ECDSA key of 256 bits, signed with ECDSA-SHA1"},
	{"MD5",
	 SENT,
	 {.cn = "Root", .authority = 1, .rsa = 2048},
	 {.cn = "Middle", .authority = 1, .digest = GNUTLS_DIG_MD5},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_WEAK,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=Middle, EC/ECDSA key of 256 bits, signed with RSA-MD5"},
	{"intermediate of DSA of 1024 bits",
	 SENT,
	 ROOT,
	 {.cn = "Middle", .authority = 1, .dsa = 1024},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_WEAK,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=Middle, DSA key of 1024 bits"},
	{"intermediate of P-192",
	 SENT,
	 ROOT,
	 {.cn = "Middle", .authority = 1, .curve = GNUTLS_ECC_CURVE_SECP192R1},
	 LEAF,
	 HOST,
	 PTN_FAULT_CERT_WEAK,
	 GNUTLS_A_BAD_CERTIFICATE,
	 "CN=Middle, EC/ECDSA key of 192 bits"},
	{"host of a sub-domain",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {"a." HOST}},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"sub-domain of the host",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .names = {"example.com"}},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"common name right and an address of the web",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = HOST, .uri = "https://" HOST "/"},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"NUL in the common name",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .raw_name = "a\0b", .raw_len = 3},
	 "a",
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	{"name of 300 octets",
	 DIRECT,
	 ROOT,
	 {0},
	 {.cn = "leaf", .raw_name = HOST "." X60 X60 X60 X60 X60, .raw_len = sizeof HOST + 300},
	 HOST,
	 PTN_FAULT_CERT_WRONG_NAME,
	 GNUTLS_A_BAD_CERTIFICATE,
	 ""},
	/* no more is shown than fits, and nothing that moves a terminal */
	{"hostile subject",
	 ALONE,
	 ROOT,
	 {0},
	 {.cn = "a\033[2J\r\nb", .names = {HOST}},
	 HOST,
	 PTN_FAULT_CERT_SELF_SIGNED,
	 GNUTLS_A_UNKNOWN_CA,
	 ""},
	{"no subject",
	 ALONE,
	 ROOT,
	 {0},
	 {.names = {HOST}},
	 HOST,
	 PTN_FAULT_CERT_SELF_SIGNED,
	 GNUTLS_A_UNKNOWN_CA,
	 "(no name)"},
};

enum { ROWS = sizeof rows / sizeof *rows };

struct world {
	struct cert root, other, middle, leaf;
	const struct cert *chain[4];
	struct ptn_trust *trust;
};

static void build(struct world *w, const struct row *r)
{
	static const struct recipe other = {.cn = "Other", .authority = 1}, middle = MIDDLE;
	int two = r->shape == SENT || r->shape == MISSING || r->shape == WITH_ROOT;
	int alone = r->shape == ALONE || r->shape == ALONE_TRUSTED;

	*w = (struct world){.chain = {&w->leaf}};
	cert_make(&w->root, &r->root, NULL);
	cert_make(&w->other, &other, NULL);
	cert_make(&w->middle, two ? &r->middle : &middle, &w->root);
	cert_make(&w->leaf, &r->leaf, two ? &w->middle : alone ? NULL : &w->root);
	if (r->shape == SENT || r->shape == WITH_ROOT)
		w->chain[1] = &w->middle;
	if (r->shape == WITH_ROOT)
		w->chain[2] = &w->root;
	w->trust = trust_in(r->shape == OTHER_ROOT      ? &w->other
			    : r->shape == ALONE_TRUSTED ? &w->leaf
							: &w->root);
}

static void tear_down(struct world *w)
{
	ptn_trust_release(w->trust);
	cert_free(&w->root);
	cert_free(&w->other);
	cert_free(&w->middle);
	cert_free(&w->leaf);
}

static void check_refusal(struct peer *p, struct ptn_tls *t, const char *what, int alert)
{
	char c;

	ck_assert_msg(ptn_tls_handshake(t) == -1, "%s", what);
	ck_assert_msg(ptn_tls_put(t, "x", 1) == -1, "%s", what);
	ck_assert_msg(ptn_tls_get(t, &c, 1) == -1, "%s", what);
	if (p->handshake == 0) /* the server was done before the client said no */
		ck_assert_msg(peer_read(p, t, &c, 1) < 0, "%s", what);
	ck_assert_msg(p->alert == alert, "%s: alert %d", what, p->alert);
}

static void check_instant(const char *text, time_t when, const char *what)
{
	struct tm tm;
	char wanted[32];

	ck_assert_ptr_nonnull(gmtime_r(&when, &tm));
	strftime(wanted, sizeof wanted, "%Y-%m-%dT%H:%M:%SZ", &tm);
	ck_assert_msg(strcmp(text, wanted) == 0, "%s: %s, not %s", what, text, wanted);
}

/* What the leaf says of itself is told whatever the verdict. */
static void check_described(const struct world *w, const struct ptn_tls *t, const char *what)
{
	struct ptn_tls_certificate c = {.names = {0}};

	ck_assert_msg(ptn_tls_certificate(t, &c) == 0, "%s", what);
	check_instant(c.from, gnutls_x509_crt_get_activation_time(w->leaf.crt), what);
	check_instant(c.until, gnutls_x509_crt_get_expiration_time(w->leaf.crt), what);
	ck_assert_msg(*ptn_buf_data(&c.issuer), "%s", what);
	ck_assert_uint_eq(strlen(ptn_buf_data(&c.names)) + 1, ptn_buf_len(&c.names));
	ptn_tls_certificate_free(&c);
}

static void check(const struct row *r, const char *version)
{
	struct world w;
	struct peer p;
	struct ptn_tls *t;
	int rc;

	build(&w, r);
	peer_start(&p, w.chain, version);
	t = ptn_tls_new(w.trust, r->host);
	rc = peer_shake(&p, t, 0);
	ck_assert_msg(ptn_tls_fault(t) == r->fault, "%s: %s (%s)", r->what,
		      ptn_fault_id(ptn_tls_fault(t)), ptn_tls_detail(t));
	ck_assert_int_eq(rc, r->fault ? -1 : 1);
	ck_assert_msg(strstr(ptn_tls_detail(t), r->detail), "%s: %s", r->what, ptn_tls_detail(t));
	ck_assert_msg(r->fault || !*ptn_tls_detail(t), "%s: %s", r->what, ptn_tls_detail(t));
	ck_assert_uint_eq(strlen(ptn_tls_key_sha256(t)), 44);
	for (const char *s = ptn_tls_detail(t); *s; s++)
		ck_assert_int_ge((unsigned char)*s, 0x20);
	check_described(&w, t, r->what);
	if (r->fault)
		check_refusal(&p, t, r->what, r->alert);
	ptn_tls_free(t);
	peer_free(&p);
	tear_down(&w);
}

START_TEST(certificates)
{
	check(&rows[_i % ROWS], versions[_i / ROWS]);
}
END_TEST

/* The bounds of the validity belong to it (RFC 5280 4.1.2.5). */
static time_t fixed;

static time_t fixed_time(time_t *t)
{
	if (t)
		*t = fixed;
	return fixed;
}

START_TEST(time_bounds)
{
	static const struct row r = {
		"bounds",
		DIRECT,
		{.cn = "Root", .authority = 1, .from = -99 * DAY, .to = 99 * DAY},
		{0},
		{.cn = "leaf", .names = {HOST}, .from = -DAY, .to = DAY},
		HOST,
		0,
		-1,
		""};
	static const struct {
		long at;
		int fault;
	} moments[] = {{-DAY - 1, PTN_FAULT_CERT_NOT_YET_VALID},
		       {-DAY, 0},
		       {0, 0},
		       {DAY, 0},
		       {DAY + 1, PTN_FAULT_CERT_EXPIRED}};
	struct world w;
	time_t begin, end;

	build(&w, &r);
	begin = gnutls_x509_crt_get_activation_time(w.leaf.crt);
	end = gnutls_x509_crt_get_expiration_time(w.leaf.crt);
	for (size_t i = 0; i < sizeof moments / sizeof *moments; i++) {
		struct ptn_tls *t = ptn_tls_new(w.trust, HOST);
		struct peer p;

		fixed = moments[i].at < 0 ? begin + DAY + moments[i].at : end - DAY + moments[i].at;
		gnutls_global_set_time_function(fixed_time);
		peer_start(&p, w.chain, "NORMAL");
		peer_shake(&p, t, 0);
		ck_assert_msg(ptn_tls_fault(t) == moments[i].fault, "%ld: %s", moments[i].at,
			      ptn_fault_id(ptn_tls_fault(t)));
		ptn_tls_free(t);
		peer_free(&p);
	}
	gnutls_global_set_time_function(time);
	tear_down(&w);
}
END_TEST

START_TEST(date_is_said)
{
	static const struct row r = {"date", DIRECT, ROOT, {0}, LEAF, HOST, 0, -1, ""};
	struct world w;
	struct peer p;
	struct ptn_tls *t;

	build(&w, &r);
	fixed = 4102444800; /* 2100-01-01 */
	gnutls_global_set_time_function(fixed_time);
	peer_start(&p, w.chain, "NORMAL");
	t = ptn_tls_new(w.trust, HOST);
	peer_shake(&p, t, 0);
	gnutls_global_set_time_function(time);
	ck_assert_int_eq(ptn_tls_fault(t), PTN_FAULT_CERT_EXPIRED);
	ck_assert_uint_eq(strlen(ptn_tls_detail(t)), strlen("CN=leaf, valid until 2024-01-31"));
	ptn_tls_free(t);
	peer_free(&p);
	tear_down(&w);
}
END_TEST

START_TEST(key_is_that_of_the_leaf)
{
	static const struct row r = {"key", SENT, ROOT, MIDDLE, LEAF, HOST, 0, -1, ""};
	struct world w;
	struct peer p;
	struct ptn_tls_certificate c = {.names = {0}};
	struct ptn_tls *t;
	unsigned char id[32];
	size_t n = sizeof id;
	gnutls_datum_t raw = {id, sizeof id}, text;

	build(&w, &r);
	peer_start(&p, w.chain, "NORMAL");
	t = ptn_tls_new(w.trust, HOST);
	ck_assert_str_eq(ptn_tls_key_sha256(t), "");
	ck_assert_int_eq(ptn_tls_certificate(t, &c), POSTERN_E_PROTOCOL);
	ck_assert_int_eq(peer_shake(&p, t, 0), 1);
	ck_assert_int_eq(ptn_tls_certificate(t, &c), 0);
	ck_assert_ptr_nonnull(strstr(ptn_buf_data(&c.names), HOST));
	ptn_tls_certificate_free(&c);
	ck_assert_int_eq(
		gnutls_x509_privkey_get_key_id(w.leaf.key, GNUTLS_KEYID_USE_SHA256, id, &n), 0);
	ck_assert_int_eq(gnutls_base64_encode2(&raw, &text), 0);
	ck_assert_str_eq(ptn_tls_key_sha256(t), (const char *)text.data);
	gnutls_free(text.data);
	ptn_tls_free(t);
	peer_free(&p);
	tear_down(&w);
}
END_TEST

/* ---- OCSP: a response written by hand (RFC 6960 4.2.1) ---- */

static void add_element(struct ptn_buf *b, int tag, const void *content, size_t n)
{
	unsigned char head[4] = {(unsigned char)tag, 0x82, (unsigned char)(n >> 8),
				 (unsigned char)n};

	if (n < 128)
		head[1] = (unsigned char)n;
	if (n >= 128 && n < 256) {
		head[1] = 0x81;
		head[2] = (unsigned char)n;
	}
	ck_assert_int_eq(ptn_buf_add(b, head, n < 128 ? 2 : n < 256 ? 3 : 4), 0);
	ck_assert_int_eq(ptn_buf_add(b, content, n), 0);
}

/* Put what is in b into one element. */
static void wrap(struct ptn_buf *b, int tag)
{
	struct ptn_buf outer = {0};

	add_element(&outer, tag, ptn_buf_data(b), ptn_buf_len(b));
	ptn_buf_free(b);
	*b = outer;
}

static void add_wrapped(struct ptn_buf *b, int tag, struct ptn_buf *inner)
{
	add_element(b, tag, ptn_buf_data(inner), ptn_buf_len(inner));
	ptn_buf_free(inner);
}

static void add_time(struct ptn_buf *b, long from_now)
{
	time_t when = time(NULL) + from_now;
	char text[32];

	strftime(text, sizeof text, "%Y%m%d%H%M%SZ", gmtime(&when));
	add_element(b, 0x18, text, strlen(text));
}

static const unsigned char sha1_algorithm[] = {0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e,
					       0x03, 0x02, 0x1a, 0x05, 0x00};
static const unsigned char ecdsa_sha256[] = {0x30, 0x0a, 0x06, 0x08, 0x2a, 0x86,
					     0x48, 0xce, 0x3d, 0x04, 0x03, 0x02};
static const unsigned char basic_response[] = {0x06, 0x09, 0x2b, 0x06, 0x01, 0x05,
					       0x05, 0x07, 0x30, 0x01, 0x01};

static void add_certificate_id(struct ptn_buf *b, const struct cert *issuer,
			       const struct cert *leaf)
{
	unsigned char hash[20], serial[32], point[65] = {4};
	size_t n = sizeof serial;
	gnutls_datum_t dn, x, y;
	gnutls_pubkey_t key;
	struct ptn_buf id = {0};

	ck_assert_int_eq(ptn_buf_add(&id, sha1_algorithm, sizeof sha1_algorithm), 0);
	ck_assert_int_eq(gnutls_x509_crt_get_raw_dn(issuer->crt, &dn), 0);
	ck_assert_int_eq(gnutls_hash_fast(GNUTLS_DIG_SHA1, dn.data, dn.size, hash), 0);
	gnutls_free(dn.data);
	add_element(&id, 0x04, hash, sizeof hash);
	ck_assert_int_eq(gnutls_pubkey_init(&key), 0);
	ck_assert_int_eq(gnutls_pubkey_import_x509(key, issuer->crt, 0), 0);
	ck_assert_int_eq(gnutls_pubkey_export_ecc_raw2(key, NULL, &x, &y, GNUTLS_EXPORT_FLAG_NO_LZ),
			 0);
	gnutls_pubkey_deinit(key);
	memcpy(point + 1 + 32 - x.size, x.data, x.size);
	memcpy(point + 33 + 32 - y.size, y.data, y.size);
	gnutls_free(x.data);
	gnutls_free(y.data);
	ck_assert_int_eq(gnutls_hash_fast(GNUTLS_DIG_SHA1, point, sizeof point, hash), 0);
	add_element(&id, 0x04, hash, sizeof hash);
	ck_assert_int_eq(gnutls_x509_crt_get_serial(leaf->crt, serial, &n), 0);
	add_element(&id, 0x02, serial, n);
	add_wrapped(b, 0x30, &id);
}

static void add_single(struct ptn_buf *b, const struct cert *issuer, const struct cert *leaf,
		       int revoked, long until)
{
	struct ptn_buf single = {0}, part = {0};

	add_certificate_id(&single, issuer, leaf);
	if (revoked) {
		add_time(&part, -3600);
		add_wrapped(&single, 0xa1, &part);
	} else {
		add_element(&single, 0x80, "", 0);
	}
	add_time(&single, -9 * DAY);
	add_time(&part, until);
	add_wrapped(&single, 0xa0, &part);
	add_wrapped(b, 0x30, &single);
}

static void make_response(struct ptn_buf *b, const struct cert *issuer, const struct cert *leaf,
			  int revoked, long until)
{
	struct ptn_buf data = {0}, list = {0}, sealed = {0};
	gnutls_datum_t dn, text, signature;
	gnutls_privkey_t key;

	ck_assert_int_eq(gnutls_x509_crt_get_raw_dn(issuer->crt, &dn), 0);
	add_element(&data, 0xa1, dn.data, dn.size);
	gnutls_free(dn.data);
	add_time(&data, -9 * DAY);
	add_single(&list, issuer, leaf, revoked, until);
	add_wrapped(&data, 0x30, &list);
	wrap(&data, 0x30);
	text.data = (unsigned char *)ptn_buf_data(&data);
	text.size = (unsigned)ptn_buf_len(&data);
	ck_assert_int_eq(gnutls_privkey_init(&key), 0);
	ck_assert_int_eq(gnutls_privkey_import_x509(key, issuer->key, 0), 0);
	ck_assert_int_eq(gnutls_privkey_sign_data(key, GNUTLS_DIG_SHA256, 0, &text, &signature), 0);
	gnutls_privkey_deinit(key);
	ck_assert_int_eq(ptn_buf_add(&data, ecdsa_sha256, sizeof ecdsa_sha256), 0);
	ck_assert_int_eq(ptn_buf_add(&sealed, "", 1), 0); /* no unused bits */
	ck_assert_int_eq(ptn_buf_add(&sealed, signature.data, signature.size), 0);
	gnutls_free(signature.data);
	add_wrapped(&data, 0x03, &sealed);
	wrap(&data, 0x30);
	ck_assert_int_eq(ptn_buf_add(b, basic_response, sizeof basic_response), 0);
	add_wrapped(b, 0x04, &data);
	wrap(b, 0x30);
	wrap(b, 0xa0);
	ck_assert_int_eq(ptn_buf_add(&data, "\x0a\x01\x00", 3), 0); /* successful */
	ck_assert_int_eq(ptn_buf_add(&data, ptn_buf_data(b), ptn_buf_len(b)), 0);
	ptn_buf_free(b);
	*b = data;
	wrap(b, 0x30);
}

enum { REQUIRED = 2 }; /* by the caller, not by the certificate */

static const struct {
	const char *what;
	int must_staple, staple, revoked, for_other;
	long until;
	int fault, alert;
	const char *detail;
} staples[] = {
	{"required and good", REQUIRED, 1, 0, 0, DAY, 0, -1, ""},
	{"required, none", REQUIRED, 0, 0, 0, 0, PTN_FAULT_CERT_NO_STAPLE, BAD_STATUS, "CN=leaf"},
	{"required, revoked", REQUIRED, 1, 1, 0, DAY, PTN_FAULT_CERT_REVOKED,
	 GNUTLS_A_CERTIFICATE_REVOKED, "CN=leaf"},
	{"required, for another", REQUIRED, 1, 0, 1, DAY, PTN_FAULT_CERT_BAD_STAPLE, BAD_STATUS,
	 ""},
	{"required, out of date", REQUIRED, 1, 0, 0, -DAY, PTN_FAULT_CERT_BAD_STAPLE, BAD_STATUS,
	 ""},
	{"none", 0, 0, 0, 0, 0, 0, -1, ""},
	{"good", 0, 1, 0, 0, DAY, 0, -1, ""},
	{"demanded and good", 1, 1, 0, 0, DAY, 0, -1, ""},
	{"demanded, none", 1, 0, 0, 0, 0, PTN_FAULT_CERT_NO_STAPLE, BAD_STATUS,
	 "CN=leaf: it demands an OCSP response, and the server sent none"},
	{"revoked", 0, 1, 1, 0, DAY, PTN_FAULT_CERT_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED,
	 "CN=leaf"},
	{"for another", 0, 1, 0, 1, DAY, PTN_FAULT_CERT_BAD_STAPLE, BAD_STATUS,
	 "CN=leaf: the OCSP response that the server sent is out of date, or for another"},
	{"out of date", 0, 1, 0, 0, -DAY, PTN_FAULT_CERT_BAD_STAPLE, BAD_STATUS, ""},
};

enum { STAPLES = sizeof staples / sizeof *staples };

/* pinned: the key is pinned in place of the authorities; what is asked of the staple is the same.
 */
static void try_staple(int i, const char *version, int pinned)
{
	struct row r = {"staple", DIRECT, ROOT, {0}, LEAF, HOST, 0, -1, ""};
	struct ptn_tls_options options = {.staple_required = staples[i].must_staple == REQUIRED,
					  .n_pins = (size_t)pinned,
					  .pins_only = pinned};
	const struct ptn_tls_with with = {.options = &options};
	struct ptn_buf response = {0};
	struct world w;
	struct peer p;
	struct ptn_tls *t;
	size_t n = 32;

	r.leaf.must_staple = staples[i].must_staple == 1;
	build(&w, &r);
	ck_assert_int_eq(gnutls_x509_crt_get_key_id(w.leaf.crt, GNUTLS_KEYID_USE_SHA256,
						    options.pins[0], &n),
			 0);
	peer_start(&p, w.chain, version);
	make_response(&response, &w.root, staples[i].for_other ? &w.middle : &w.leaf,
		      staples[i].revoked, staples[i].until);
	if (staples[i].staple)
		peer_staple(&p, ptn_buf_data(&response), ptn_buf_len(&response));
	t = ptn_tls_new_with(w.trust, HOST, &with);
	peer_shake(&p, t, 0);
	ck_assert_msg(ptn_tls_fault(t) == staples[i].fault, "%s: %s (%s)", staples[i].what,
		      ptn_fault_id(ptn_tls_fault(t)), ptn_tls_detail(t));
	ck_assert_msg(strstr(ptn_tls_detail(t), staples[i].detail), "%s: %s", staples[i].what,
		      ptn_tls_detail(t));
	if (staples[i].fault)
		check_refusal(&p, t, staples[i].what, staples[i].alert);
	ptn_tls_free(t);
	peer_free(&p);
	ptn_buf_free(&response);
	tear_down(&w);
}

START_TEST(staples_are_looked_at)
{
	int i = _i % STAPLES;

	try_staple(i, versions[_i / STAPLES], 0);
	if (staples[i].must_staple == REQUIRED)
		try_staple(i, versions[_i / STAPLES], 1);
}
END_TEST

/* ---- Long chains ---- */

enum { LONG = 17 };

START_TEST(long_chain)
{
	static const struct recipe root = ROOT, middle = MIDDLE, leaf = LEAF;
	struct cert c[LONG + 1];
	gnutls_x509_crt_t crts[LONG];
	const struct cert *chain[] = {&c[LONG], NULL};
	struct ptn_trust *trust;
	struct ptn_tls *t;
	struct peer p;

	cert_make(&c[0], &root, NULL);
	for (int i = 1; i < LONG; i++) {
		struct recipe m = middle;
		char name[] = {'M', (char)('A' + i), '\0'};

		m.cn = name;
		cert_make(&c[i], &m, &c[i - 1]);
	}
	cert_make(&c[LONG], &leaf, &c[LONG - 1]);
	peer_start(&p, chain, "NORMAL");
	for (int i = 0; i < LONG; i++)
		crts[i] = c[LONG - i].crt;
	gnutls_certificate_free_credentials(p.credentials);
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(&p.credentials), 0);
	ck_assert_int_ge(gnutls_certificate_set_x509_key(p.credentials, crts, LONG, c[LONG].key),
			 0);
	ck_assert_int_eq(gnutls_credentials_set(p.s, GNUTLS_CRD_CERTIFICATE, p.credentials), 0);
	trust = trust_in(&c[0]);
	t = ptn_tls_new(trust, HOST);
	ck_assert_int_eq(peer_shake(&p, t, 0), -1);
	ck_assert_int_eq(ptn_fault_code(ptn_tls_fault(t)), POSTERN_E_CERTIFICATE);
	ptn_tls_free(t);
	ptn_trust_release(trust);
	peer_free(&p);
	for (int i = 0; i <= LONG; i++)
		cert_free(&c[i]);
}
END_TEST

/* ---- Chains that go round, and large ones ---- */

static int fault_of_chain(gnutls_x509_crt_t *crts, int n, const struct cert *key,
			  const struct cert *trusted)
{
	const struct cert *alone[] = {key, NULL};
	struct ptn_trust *trust = trust_in(trusted);
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	struct peer p;
	int fault;

	peer_start(&p, alone, "NORMAL");
	gnutls_certificate_free_credentials(p.credentials);
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(&p.credentials), 0);
	ck_assert_int_ge(gnutls_certificate_set_x509_key(p.credentials, crts, n, key->key), 0);
	ck_assert_int_eq(gnutls_credentials_set(p.s, GNUTLS_CRD_CERTIFICATE, p.credentials), 0);
	peer_shake(&p, t, 0);
	fault = ptn_tls_fault(t);
	ptn_tls_free(t);
	ptn_trust_release(trust);
	peer_free(&p);
	return fault;
}

/* A is signed by B, and B by A. */
START_TEST(chain_that_goes_round)
{
	static const struct recipe ra = {.cn = "A", .authority = 1},
				   rb = {.cn = "B", .authority = 1}, root = ROOT, l = LEAF;
	struct cert a, b, b_by_a, a_by_b, leaf, other;
	gnutls_x509_crt_t crts[16];

	cert_make(&a, &ra, NULL);
	cert_make(&b, &rb, NULL);
	cert_make(&other, &root, NULL);
	cert_make(&a_by_b, &ra, &b);
	cert_make(&b_by_a, &rb, &a);
	cert_make(&leaf, &l, &a);
	crts[0] = leaf.crt;
	for (int i = 1; i < 15; i++)
		crts[i] = i % 2 ? a_by_b.crt : b_by_a.crt;
	ck_assert_int_eq(ptn_fault_code(fault_of_chain(crts, 3, &leaf, &other)),
			 POSTERN_E_CERTIFICATE);
	ck_assert_int_eq(ptn_fault_code(fault_of_chain(crts, 15, &leaf, &other)),
			 POSTERN_E_CERTIFICATE);
	cert_free(&a);
	cert_free(&b);
	cert_free(&a_by_b);
	cert_free(&b_by_a);
	cert_free(&leaf);
	cert_free(&other);
}
END_TEST

/* A chain of 100 KiB is read, and is no fault by itself; what claims to be larger than GnuTLS takes
 * is among the strangers of tls_test.c. */
START_TEST(large_chain)
{
	static const struct recipe root = ROOT, l = LEAF;
	struct recipe a = {.cn = "A", .authority = 1, .many = 2800},
		      b = {.cn = "B", .authority = 1, .many = 2800};
	struct cert r, ca, cb, leaf;
	gnutls_x509_crt_t crts[3];
	gnutls_datum_t der;

	cert_make(&r, &root, NULL);
	cert_make(&ca, &a, &r);
	cert_make(&cb, &b, &ca);
	cert_make(&leaf, &l, &cb);
	crts[0] = leaf.crt;
	crts[1] = cb.crt;
	crts[2] = ca.crt;
	ck_assert_int_eq(gnutls_x509_crt_export2(ca.crt, GNUTLS_X509_FMT_DER, &der), 0);
	ck_assert_uint_gt(der.size, 50 * 1024);
	gnutls_free(der.data);
	ck_assert_int_eq(fault_of_chain(crts, 3, &leaf, &r), PTN_FAULT_NONE);
	ck_assert_int_eq(fault_of_chain(crts, 2, &leaf, &r), PTN_FAULT_CERT_UNKNOWN_AUTHORITY);
	cert_free(&r);
	cert_free(&ca);
	cert_free(&cb);
	cert_free(&leaf);
}
END_TEST

/* The certificate is good, and the server has another key: its CertificateVerify, in TLS 1.2 its
 * ServerKeyExchange, is wrong. */
START_TEST(certificate_of_another)
{
	static const struct row r = {"key", DIRECT, ROOT, {0}, LEAF, HOST, 0, -1, ""};
	gnutls_certificate_credentials_t credentials;
	struct world w;
	struct peer p;
	struct ptn_tls *t;

	build(&w, &r);
	peer_start(&p, w.chain, versions[_i]);
	ck_assert_int_eq(gnutls_certificate_allocate_credentials(&credentials), 0);
	gnutls_certificate_set_flags(credentials, GNUTLS_CERTIFICATE_SKIP_KEY_CERT_MATCH);
	ck_assert_int_ge(gnutls_certificate_set_x509_key(credentials, &w.leaf.crt, 1, w.other.key),
			 0);
	ck_assert_int_eq(gnutls_credentials_set(p.s, GNUTLS_CRD_CERTIFICATE, credentials), 0);
	t = ptn_tls_new(w.trust, HOST);
	ck_assert_int_eq(peer_shake(&p, t, 0), -1);
	ck_assert_int_eq(ptn_tls_fault(t), PTN_FAULT_TLS_BROKEN);
	ck_assert_str_eq(ptn_tls_detail(t), "GNUTLS_E_PK_SIG_VERIFY_FAILED");
	ptn_tls_free(t);
	peer_free(&p);
	gnutls_certificate_free_credentials(credentials);
	tear_down(&w);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "verify");

	tcase_add_loop_test(t, certificates, 0, 2 * ROWS);
	tcase_add_test(t, time_bounds);
	tcase_add_test(t, date_is_said);
	tcase_add_test(t, key_is_that_of_the_leaf);
	tcase_add_loop_test(t, staples_are_looked_at, 0, 2 * STAPLES);
	tcase_add_test(t, long_chain);
	tcase_add_test(t, chain_that_goes_round);
	tcase_add_test(t, large_chain);
	tcase_add_loop_test(t, certificate_of_another, 0, 2);
}
