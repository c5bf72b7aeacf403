/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Pins, priorities, the lowest version and the demand for a staple.
 */
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "main.h"
#include "peer.h"

#define HOST "mail.example.com"
#define TLS11 "NORMAL:-VERS-ALL:+VERS-TLS1.1"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static struct cert root, leaf, expired, strange, weak;
static struct ptn_trust *trust;

static void make_world(void)
{
	static const struct recipe r = {.cn = "Root", .authority = 1},
				   l = {.cn = "leaf", .names = {HOST}},
				   e = {.cn = "leaf",
					.names = {HOST},
					.from = -9 * DAY,
					.to = -DAY},
				   s = {.cn = "strange", .names = {"x.example"}},
				   w = {.cn = "weak", .names = {HOST}, .rsa = 1024};

	cert_make(&root, &r, NULL);
	cert_make(&leaf, &l, &root);
	cert_make(&expired, &e, &root);
	cert_make(&strange, &s, NULL);
	cert_make(&weak, &w, &root);
	trust = trust_in(&root);
}

static void free_world(void)
{
	ptn_trust_release(trust);
	cert_free(&root);
	cert_free(&leaf);
	cert_free(&expired);
	cert_free(&strange);
	cert_free(&weak);
}

static void get_pin(unsigned char pin[32], const struct cert *c)
{
	size_t n = 32;

	ck_assert_int_eq(gnutls_x509_crt_get_key_id(c->crt, GNUTLS_KEYID_USE_SHA256, pin, &n), 0);
}

static void try_with(const struct cert *c, const struct ptn_tls_options *o, const char *priority,
		     int fault, const char *detail)
{
	const struct cert *const chain[] = {c, NULL};
	const struct ptn_tls_with with = {.options = o};
	struct ptn_tls *t = ptn_tls_new_with(trust, HOST, &with);
	struct peer p;

	peer_start(&p, chain, priority);
	peer_shake(&p, t, 0);
	ck_assert_msg(ptn_tls_fault(t) == fault, "%s (%s), not %s", ptn_fault_id(ptn_tls_fault(t)),
		      ptn_tls_detail(t), ptn_fault_id(fault));
	if (detail)
		ck_assert_msg(strstr(ptn_tls_detail(t), detail), "%s", ptn_tls_detail(t));
	ck_assert_int_eq(ptn_tls_put(t, "x", 1), fault ? -1 : 1);
	ptn_tls_free(t);
	peer_free(&p);
}

/* ---- Pins ---- */

START_TEST(pins)
{
	static const struct {
		const struct cert *shown, *pinned, *also;
		int only, fault;
	} rows[] = {
		{&leaf, &leaf, NULL, 0, 0},
		{&leaf, &leaf, NULL, 1, 0},
		{&leaf, &strange, &leaf, 0, 0},
		{&leaf, &strange, &leaf, 1, 0},
		{&leaf, &strange, NULL, 0, PTN_FAULT_CERT_NOT_PINNED},
		{&leaf, &strange, NULL, 1, PTN_FAULT_CERT_NOT_PINNED},
		{&leaf, &root, NULL, 1, PTN_FAULT_CERT_NOT_PINNED}, /* that is not the server's */
		{&strange, &strange, NULL, 0, PTN_FAULT_CERT_SELF_SIGNED},
		{&strange, &strange, NULL, 1, 0},
		{&expired, &expired, NULL, 0, PTN_FAULT_CERT_EXPIRED},
		{&expired, &expired, NULL, 1, 0},
		{&expired, &leaf, NULL, 0, PTN_FAULT_CERT_EXPIRED},
		{&expired, &leaf, NULL, 1, PTN_FAULT_CERT_NOT_PINNED},
	};
	struct ptn_tls_options o = {.n_pins = 1, .pins_only = rows[_i / 2].only};
	const char *version = _i % 2 ? TLS12 : TLS13;
	struct ptn_buf wanted = {0};
	unsigned char id[32];

	get_pin(o.pins[0], rows[_i / 2].pinned);
	if (rows[_i / 2].also)
		get_pin(o.pins[o.n_pins++], rows[_i / 2].also);
	/* the key that was seen is shown as it would be pinned */
	get_pin(id, rows[_i / 2].shown);
	ck_assert_int_eq(ptn_buf_puts(&wanted, "sha256:"), 0);
	ck_assert_int_eq(ptn_text_base64(&wanted, id, 32), 0);
	ck_assert_int_eq(ptn_buf_add(&wanted, "", 1), 0);
	try_with(rows[_i / 2].shown, &o, version, rows[_i / 2].fault,
		 rows[_i / 2].fault == PTN_FAULT_CERT_NOT_PINNED ? ptn_buf_data(&wanted) : NULL);
	ptn_buf_free(&wanted);
}
END_TEST

#define A43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define PIN "sha256:" A43 "="
#define PIN4 PIN " " PIN "," PIN "\t" PIN " "

START_TEST(lists_of_pins)
{
	static const struct {
		const char *list;
		size_t n; /* 0: refused */
		size_t at, len; /* of the bad word; len 0: there is none */
	} rows[] = {
		{PIN, 1, 0, 0},
		{" " PIN ", " PIN " ", 2, 0, 0},
		{"SHA256:" A43 "=", 1, 0, 0},
		{PIN4 PIN4 PIN4 PIN4, 16, 0, 0},
		{PIN4 PIN4 PIN4 PIN4 PIN, 0, 4 * sizeof PIN4 - 4, sizeof PIN - 1},
		{"", 0, 0, 0},
		{" , ", 0, 0, 0},
		{A43 "=", 0, 0, 44},
		{"sha256:", 0, 0, 7},
		{"sha256:" A43, 0, 0, 50},
		{"sha256:" A43 "==", 0, 0, 52},
		{"sha256:" A43 "A", 0, 0, 51},
		{"sha256:AAAA", 0, 0, 11},
		{"sha256//" A43 "=", 0, 0, 52},
		{"sha1:" A43 "=", 0, 0, 49},
		{PIN " x", 0, sizeof PIN, 1},
	};
	struct ptn_tls_options o = {.n_pins = 3};
	const char *word = NULL;
	size_t n = 0;

	o.pins[0][0] = 7;
	ck_assert_int_eq(ptn_pins_read(&o, rows[_i].list, &word, &n),
			 rows[_i].n ? 0 : POSTERN_E_ARG);
	ck_assert_uint_eq(o.n_pins, rows[_i].n ? rows[_i].n : 3);
	ck_assert_int_eq(o.pins[0][0], rows[_i].n ? 0 : 7);
	if (!rows[_i].n && rows[_i].len) {
		ck_assert_ptr_eq(word, rows[_i].list + rows[_i].at);
		ck_assert_uint_eq(n, rows[_i].len);
	} else {
		ck_assert_ptr_null(word);
	}
}
END_TEST

/* ---- Versions and priorities ---- */

START_TEST(versions)
{
	static const struct {
		const char *priority;
		int minimum_13;
		const char *server;
		int fault;
	} rows[] = {
		{NULL, 0, TLS13, 0},
		{NULL, 0, TLS12, 0},
		{NULL, 0, TLS11, PTN_FAULT_TLS_NO_COMMON},
		{NULL, 1, TLS13, 0},
		{NULL, 1, "NORMAL", 0},
		{NULL, 1, TLS12, PTN_FAULT_TLS_NO_COMMON},
		{"NORMAL", 0, TLS13, 0},
		{"NORMAL", 0, TLS12, 0},
		{"NORMAL", 0, TLS11, PTN_FAULT_TLS_NO_COMMON},
		{"NORMAL:+VERS-TLS1.1:+VERS-TLS1.0", 0, TLS11, PTN_FAULT_TLS_NO_COMMON},
		{"NORMAL:+VERS-ALL", 0, TLS11, PTN_FAULT_TLS_NO_COMMON},
		{"LEGACY", 0, TLS11, PTN_FAULT_TLS_NO_COMMON},
		{"NORMAL", 1, TLS13, 0},
		{"NORMAL", 1, TLS12, PTN_FAULT_TLS_NO_COMMON},
		{TLS12, 0, "NORMAL", 0},
		{TLS12, 0, TLS13, PTN_FAULT_TLS_NO_COMMON},
		{TLS12, 1, "NORMAL", PTN_FAULT_TLS_NO_COMMON},
		{"NORMAL:-CIPHER-ALL:+CHACHA20-POLY1305", 0, "NORMAL:-CHACHA20-POLY1305",
		 PTN_FAULT_TLS_NO_COMMON},
		{"NORMAL:-KX-ALL:+RSA", 0, TLS12, PTN_FAULT_TLS_NO_COMMON},
	};
	struct ptn_tls_options o = {.minimum_13 = rows[_i].minimum_13,
				    .priority = (char *)rows[_i].priority};

	try_with(&leaf, &o, rows[_i].server, rows[_i].fault, NULL);
}
END_TEST

/* Without certificates nobody is known. */
START_TEST(anonymous)
{
	struct ptn_tls_options o = {
		.priority = (char *)"NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+ANON-ECDH"};
	const struct cert *const chain[] = {&leaf, NULL};
	const struct ptn_tls_with with = {.options = &o};
	struct ptn_tls *t = ptn_tls_new_with(trust, HOST, &with);
	gnutls_anon_server_credentials_t anonymous;
	struct peer p;

	peer_start(&p, chain, o.priority);
	ck_assert_int_eq(gnutls_anon_allocate_server_credentials(&anonymous), 0);
	ck_assert_int_eq(gnutls_credentials_set(p.s, GNUTLS_CRD_ANON, anonymous), 0);
	ck_assert_int_eq(peer_shake(&p, t, 0), -1);
	ck_assert_int_ne(ptn_tls_fault(t), PTN_FAULT_NONE);
	ptn_tls_free(t);
	peer_free(&p);
	gnutls_anon_free_server_credentials(anonymous);
}
END_TEST

START_TEST(strength_is_the_priority_s)
{
	struct ptn_tls_options o = {.priority = (char *)"NORMAL:%PROFILE_VERY_WEAK"};

	try_with(&weak, NULL, "NORMAL", PTN_FAULT_CERT_WEAK, NULL);
	try_with(&weak, &o, "NORMAL", 0, NULL);
}
END_TEST

START_TEST(priority_strings)
{
	static const struct {
		const char *s;
		int usable;
	} rows[] = {
		{"NORMAL", 1},  {"SECURE256", 1},
		{TLS12, 1},     {"NORMAL:-VERS-TLS1.3", 1},
		{"", 0},        {"nonsense", 0},
		{"NORMAL:", 0}, {"NORMAL:+NONSENSE", 0},
		{TLS11, 0},     {"NORMAL:-VERS-ALL:+VERS-DTLS1.2", 0},
		{"NONE", 0},
	};

	ck_assert_int_eq(ptn_priority_check(rows[_i].s), rows[_i].usable ? 0 : POSTERN_E_ARG);
}
END_TEST

/* ---- Channel binding ---- */

START_TEST(bindings)
{
	static const struct {
		const char *server, *type;
		gnutls_channel_binding_t their;
		size_t n;
	} rows[] = {
		{TLS13, "tls-exporter", GNUTLS_CB_TLS_EXPORTER, 32},
		{TLS12, "tls-exporter", GNUTLS_CB_TLS_EXPORTER, 32},
		{TLS12 ":%NO_SESSION_HASH", "tls-unique", GNUTLS_CB_TLS_UNIQUE, 12},
	};
	const struct cert *const chain[] = {&leaf, NULL};
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	unsigned char data[64];
	gnutls_datum_t theirs;
	struct peer p;
	size_t n = 7;

	peer_start(&p, chain, rows[_i].server);
	ck_assert_ptr_null(ptn_tls_binding(t, data, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert_int_eq(peer_shake(&p, t, 0), 1);
	ck_assert_str_eq(ptn_tls_binding(t, data, &n), rows[_i].type);
	ck_assert_uint_eq(n, rows[_i].n);
	ck_assert_int_eq(gnutls_session_channel_binding(p.s, rows[_i].their, &theirs), 0);
	ck_assert_uint_eq(n, theirs.size);
	ck_assert_mem_eq(data, theirs.data, n);
	gnutls_free(theirs.data);
	ptn_tls_free(t);
	peer_free(&p);
}
END_TEST

/* A certificate that is refused gives no binding to sign in with. */
START_TEST(no_binding_unverified)
{
	const struct cert *const chain[] = {&strange, NULL};
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	unsigned char data[64];
	struct peer p;
	size_t n;

	peer_start(&p, chain, TLS13);
	ck_assert_int_eq(peer_shake(&p, t, 0), -1);
	ck_assert_ptr_null(ptn_tls_binding(t, data, &n));
	ptn_tls_free(t);
	peer_free(&p);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "options");

	tcase_add_unchecked_fixture(t, make_world, free_world);
	tcase_add_loop_test(t, pins, 0, 2 * 13);
	tcase_add_loop_test(t, lists_of_pins, 0, 16);
	tcase_add_loop_test(t, versions, 0, 19);
	tcase_add_test(t, anonymous);
	tcase_add_test(t, strength_is_the_priority_s);
	tcase_add_loop_test(t, priority_strings, 0, 11);
	tcase_add_loop_test(t, bindings, 0, 3);
	tcase_add_test(t, no_binding_unverified);
}
