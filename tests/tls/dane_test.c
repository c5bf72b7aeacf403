/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TLSA records: every usage, selector and matching type (RFC 6698 2.1), and what they may replace.
 */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "main.h"
#include "peer.h"
#include "tls/dane.h"

#define HOST "mail.example.com"

static struct cert root, middle, leaf, expired, strange, far_leaf, far_root;
static struct ptn_trust *trust;

static void make_world(void)
{
	static const struct recipe r = {.cn = "Root", .authority = 1},
				   m = {.cn = "Middle", .authority = 1},
				   l = {.cn = "leaf", .names = {HOST}},
				   e = {.cn = "leaf",
					.names = {HOST},
					.from = -9 * DAY,
					.to = -DAY},
				   s = {.cn = "strange", .names = {"x.example"}},
				   f = {.cn = "Far", .authority = 1};

	cert_make(&root, &r, NULL);
	cert_make(&middle, &m, &root);
	cert_make(&leaf, &l, &middle);
	cert_make(&expired, &e, &middle);
	cert_make(&strange, &s, NULL);
	cert_make(&far_root, &f, NULL);
	cert_make(&far_leaf, &l, &far_root);
	trust = trust_in(&root);
}

static void free_world(void)
{
	ptn_trust_release(trust);
	cert_free(&root);
	cert_free(&middle);
	cert_free(&leaf);
	cert_free(&expired);
	cert_free(&strange);
	cert_free(&far_leaf);
	cert_free(&far_root);
}

static struct ptn_tlsa record_of(int usage, int selector, int matching, const struct cert *c)
{
	struct ptn_tlsa r = {.usage = (unsigned char)usage,
			     .selector = (unsigned char)selector,
			     .matching = (unsigned char)matching};
	gnutls_pubkey_t key;
	gnutls_datum_t der;

	ck_assert_int_eq(gnutls_pubkey_init(&key), 0);
	ck_assert_int_eq(gnutls_pubkey_import_x509(key, c->crt, 0), 0);
	ck_assert_int_eq(selector ? gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der)
				  : gnutls_x509_crt_export2(c->crt, GNUTLS_X509_FMT_DER, &der),
			 0);
	gnutls_pubkey_deinit(key);
	r.size = (unsigned short)(matching == 1 ? 32 : matching == 2 ? 64 : der.size);
	if (!matching) {
		r.more = malloc(der.size);
		memcpy(r.more, der.data, der.size);
	} else {
		ck_assert_int_eq(
			gnutls_hash_fast(matching == 1 ? GNUTLS_DIG_SHA256 : GNUTLS_DIG_SHA512,
					 der.data, der.size, r.data),
			0);
	}
	gnutls_free(der.data);
	return r;
}

static void try_records(const struct cert *const *chain, const char *host,
			const struct ptn_tls_options *o, const struct ptn_tlsa *records, size_t n,
			const char *what, int fault)
{
	const struct ptn_tls_with with = {.options = o, .tlsa = records, .n_tlsa = n};
	struct ptn_tls *t = ptn_tls_new_with(trust, host, &with);
	struct peer p;

	peer_start(&p, chain, "NORMAL");
	peer_shake(&p, t, 0);
	ck_assert_msg(ptn_tls_fault(t) == fault, "%s: %s (%s)", what,
		      ptn_fault_id(ptn_tls_fault(t)), ptn_tls_detail(t));
	ptn_tls_free(t);
	peer_free(&p);
}

/* Each usage against chains of the authorities we trust, of others, and of none. */
static const struct row {
	const char *what;
	const struct cert *chain[4];
	const char *host;
	int usage;
	const struct cert *record;
	int fault;
} rows[] = {
	/* 3: the leaf and nothing else */
	{"leaf", {&leaf, &middle}, HOST, 3, &leaf, 0},
	{"leaf, other name", {&leaf, &middle}, "www.example.com", 3, &leaf, 0},
	{"leaf, expired", {&expired, &middle}, HOST, 3, &expired, 0},
	{"leaf of nobody", {&strange}, HOST, 3, &strange, 0},
	{"another leaf", {&leaf, &middle}, HOST, 3, &strange, PTN_FAULT_CERT_NOT_IN_DNS},
	{"its authority as leaf", {&leaf, &middle}, HOST, 3, &middle, PTN_FAULT_CERT_NOT_IN_DNS},
	/* 2: an authority that need not be known */
	{"far authority", {&far_leaf, &far_root}, HOST, 2, &far_root, 0},
	{"known authority", {&leaf, &middle}, HOST, 2, &middle, 0},
	{"root sent", {&leaf, &middle, &root}, HOST, 2, &root, 0},
	{"far authority, other name",
	 {&far_leaf, &far_root},
	 "www.example.com",
	 2,
	 &far_root,
	 PTN_FAULT_CERT_WRONG_NAME},
	{"its leaf expired", {&expired, &middle}, HOST, 2, &middle, PTN_FAULT_CERT_EXPIRED},
	{"only sent along", {&strange, &far_root}, HOST, 2, &far_root, PTN_FAULT_CERT_NOT_IN_DNS},
	{"only sent along with a good one",
	 {&leaf, &middle, &far_root},
	 HOST,
	 2,
	 &far_root,
	 PTN_FAULT_CERT_NOT_IN_DNS},
	{"the leaf as authority", {&leaf, &middle}, HOST, 2, &leaf, PTN_FAULT_CERT_NOT_IN_DNS},
	{"another authority", {&leaf, &middle}, HOST, 2, &far_root, PTN_FAULT_CERT_NOT_IN_DNS},
	/* 1: this leaf, and ours have signed it */
	{"known leaf", {&leaf, &middle}, HOST, 1, &leaf, 0},
	{"known leaf, other name",
	 {&leaf, &middle},
	 "www.example.com",
	 1,
	 &leaf,
	 PTN_FAULT_CERT_WRONG_NAME},
	{"known leaf, expired", {&expired, &middle}, HOST, 1, &expired, PTN_FAULT_CERT_EXPIRED},
	{"far leaf", {&far_leaf, &far_root}, HOST, 1, &far_leaf, PTN_FAULT_CERT_UNKNOWN_AUTHORITY},
	{"not that leaf", {&leaf, &middle}, HOST, 1, &far_leaf, PTN_FAULT_CERT_NOT_IN_DNS},
	/* 0: this authority, and it is ours */
	{"authority between", {&leaf, &middle}, HOST, 0, &middle, 0},
	{"root not sent", {&leaf, &middle}, HOST, 0, &root, 0},
	{"root sent for 0", {&leaf, &middle, &root}, HOST, 0, &root, 0},
	{"authority between, other name",
	 {&leaf, &middle},
	 "www.example.com",
	 0,
	 &middle,
	 PTN_FAULT_CERT_WRONG_NAME},
	{"its leaf expired for 0", {&expired, &middle}, HOST, 0, &middle, PTN_FAULT_CERT_EXPIRED},
	{"far authority for 0",
	 {&far_leaf, &far_root},
	 HOST,
	 0,
	 &far_root,
	 PTN_FAULT_CERT_UNKNOWN_AUTHORITY},
	{"sent along with a good one for 0",
	 {&leaf, &middle, &far_root},
	 HOST,
	 0,
	 &far_root,
	 PTN_FAULT_CERT_NOT_IN_DNS},
	{"the leaf for 0", {&leaf, &middle}, HOST, 0, &leaf, PTN_FAULT_CERT_NOT_IN_DNS},
};

enum { ROWS = sizeof rows / sizeof *rows };

START_TEST(usages)
{
	const struct row *r = &rows[_i];

	for (int selector = 0; selector < 2; selector++)
		for (int matching = 0; matching < 3; matching++) {
			struct ptn_tlsa record = record_of(r->usage, selector, matching, r->record);

			try_records(r->chain, r->host, NULL, &record, 1, r->what, r->fault);
			free(record.more);
		}
}
END_TEST

/* An authority that is not sent is found where the record holds all of it. */
START_TEST(authority_in_the_record)
{
	const struct cert *const chain[] = {&far_leaf, NULL};
	struct ptn_tlsa whole = record_of(2, 0, 0, &far_root), hash = record_of(2, 0, 1, &far_root);

	try_records(chain, HOST, NULL, &whole, 1, "whole", 0);
	try_records(chain, HOST, NULL, &hash, 1, "hash", PTN_FAULT_CERT_NOT_IN_DNS);
	free(whole.more);
}
END_TEST

/* One that matches is enough; those that cannot be used are as good as not there. */
START_TEST(several)
{
	const struct cert *const chain[] = {&leaf, &middle, NULL}, *const alone[] = {&strange,
										     NULL};
	struct ptn_tlsa good = record_of(3, 1, 1, &leaf), bad = record_of(3, 1, 1, &strange);
	struct ptn_tlsa records[5] = {bad, bad, bad, bad, good};
	struct ptn_tlsa unusable[5] = {good, good, good, good, good};

	try_records(chain, HOST, NULL, records, 5, "last", 0);
	try_records(chain, HOST, NULL, records, 4, "none", PTN_FAULT_CERT_NOT_IN_DNS);
	unusable[0].usage = 4;
	unusable[1].selector = 2;
	unusable[2].matching = 3;
	unusable[3].size = 31;
	unusable[4].matching = 0;
	unusable[4].size = 0;
	for (int i = 0; i < 5; i++) {
		ck_assert_int_eq(ptn_dane_is_usable(&unusable[i]), 0);
		ck_assert_int_eq(ptn_dane_matches(&unusable[i], leaf.crt), 0);
	}
	try_records(chain, HOST, NULL, unusable, 5, "as without", 0);
	try_records(alone, HOST, NULL, unusable, 5, "as without", PTN_FAULT_CERT_SELF_SIGNED);
	records[0] = unusable[0];
	try_records(chain, HOST, NULL, records, 2, "usable and not", PTN_FAULT_CERT_NOT_IN_DNS);
	/* 2 for somebody else does not spoil 1 */
	records[0] = record_of(2, 1, 1, &far_root);
	records[1] = record_of(1, 1, 1, &leaf);
	try_records(chain, HOST, NULL, records, 2, "2 and 1", 0);
}
END_TEST

START_TEST(pins_hold_too)
{
	const struct cert *const chain[] = {&strange, NULL};
	struct ptn_tlsa good = record_of(3, 1, 1, &strange), bad = record_of(3, 1, 1, &leaf);
	struct ptn_tls_options o = {.n_pins = 1, .pins_only = 1};
	size_t n = 32;

	try_records(chain, HOST, &o, &good, 1, "pin", PTN_FAULT_CERT_NOT_PINNED);
	ck_assert_int_eq(
		gnutls_x509_crt_get_key_id(strange.crt, GNUTLS_KEYID_USE_SHA256, o.pins[0], &n), 0);
	try_records(chain, HOST, &o, &good, 1, "both", 0);
	try_records(chain, HOST, &o, &bad, 1, "record", PTN_FAULT_CERT_NOT_IN_DNS);
	try_records(chain, HOST, &o, NULL, 0, "no record", 0);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "dane");

	tcase_add_unchecked_fixture(t, make_world, free_world);
	tcase_add_loop_test(t, usages, 0, ROWS);
	tcase_add_test(t, authority_in_the_record);
	tcase_add_test(t, several);
	tcase_add_test(t, pins_hold_too);
}
