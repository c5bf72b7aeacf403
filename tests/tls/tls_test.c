/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The filter against a GnuTLS server in the same process, in TLS 1.2 and 1.3, whole and in pieces.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "main.h"
#include "peer.h"

#define HOST "mail.example.com"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static const char *const versions[] = {TLS13, TLS12};
static const size_t chunks[] = {0, 1, 3, 1000};

enum { VERSIONS = 2, CHUNKS = 4, HANDSHAKE = 22, ALERT = 21, DATA = 23 };

static struct cert root, leaf;
static const struct cert *const chain[] = {&leaf, NULL};
static struct ptn_trust *trust;

static void make_world(void)
{
	static const struct recipe r = {.cn = "Root", .authority = 1};
	static const struct recipe l = {.cn = "leaf", .names = {HOST}, .ip = "127.0.0.1"};

	cert_make(&root, &r, NULL);
	cert_make(&leaf, &l, &root);
	trust = trust_in(&root);
}

static void free_world(void)
{
	ptn_trust_release(trust);
	cert_free(&root);
	cert_free(&leaf);
}

/* calloc() for lib/base/mem.c: the failing-th request fails, or all from there on. */
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static long failing = -1, requests;
static int ever_after;

void *__wrap_calloc(size_t n, size_t size)
{
	long at = requests++;

	if (failing >= 0 && (at == failing || (ever_after && at > failing)))
		return NULL;
	return __real_calloc(n, size);
}

static struct ptn_tls *open_session(struct peer *p, const char *version)
{
	struct ptn_tls *t = ptn_tls_new(trust, HOST);

	peer_start(p, chain, version);
	ck_assert_int_eq(peer_shake(p, t, 0), 1);
	ck_assert_int_eq(p->handshake, 0);
	peer_feed(p, t, 0);
	return t;
}

static void close_session(struct peer *p, struct ptn_tls *t)
{
	ptn_tls_free(t);
	peer_free(p);
}

static void feed_all(struct peer *p, struct ptn_tls *t)
{
	ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p->out), ptn_buf_len(&p->out)), 0);
	ptn_buf_took(&p->out, ptn_buf_len(&p->out));
}

static void serve(struct peer *p, const void *data, size_t n)
{
	const char *s = data;

	while (n) {
		ssize_t rc = gnutls_record_send(p->s, s, n);

		ck_assert_int_gt(rc, 0);
		s += rc;
		n -= (size_t)rc;
	}
}

static void expect_fault(struct ptn_tls *t, int fault, const char *detail)
{
	char c;

	ck_assert_msg(ptn_tls_fault(t) == fault, "%s (%s)", ptn_fault_id(ptn_tls_fault(t)),
		      ptn_tls_detail(t));
	if (detail)
		ck_assert_str_eq(ptn_tls_detail(t), detail);
	/* it stays */
	ck_assert_int_eq(ptn_tls_handshake(t), -1);
	ck_assert_int_eq(ptn_tls_get(t, &c, 1), -1);
	ck_assert_int_eq(ptn_tls_put(t, "x", 1), -1);
	ck_assert_int_eq(ptn_tls_feed(t, "x", 1), 0);
	ptn_tls_bye(t);
	ptn_tls_eof(t);
	ck_assert_int_eq(ptn_tls_handshake(t), -1);
	ck_assert_int_eq(ptn_tls_fault(t), fault);
}

/* ---- All is well ---- */

START_TEST(conversation)
{
	size_t chunk = chunks[_i % CHUNKS];
	const char *version = versions[_i / CHUNKS];
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	struct peer p;
	char buf[100];
	ptrdiff_t n = 0;

	peer_start(&p, chain, version);
	ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), 0);
	ck_assert_int_eq(ptn_tls_put(t, "x", 1), 0);
	ck_assert_str_eq(ptn_tls_version(t), "");
	ck_assert_str_eq(ptn_tls_cipher(t), "");
	ck_assert_int_eq(peer_shake(&p, t, chunk), 1);
	ck_assert_int_eq(ptn_tls_handshake(t), 1);
	ck_assert_int_eq(ptn_tls_fault(t), PTN_FAULT_NONE);
	ck_assert_str_eq(ptn_tls_detail(t), "");
	ck_assert_str_eq(ptn_tls_version(t), version == versions[0] ? "TLS1.3" : "TLS1.2");
	ck_assert_str_eq(ptn_tls_cipher(t), "AES-256-GCM");
	ck_assert_str_eq(p.sni, HOST);
	/* the server speaks, in one piece or many */
	serve(&p, "220 hello\r\n", 11);
	while (!n && ptn_buf_len(&p.out)) {
		size_t part = chunk ? chunk : ptn_buf_len(&p.out);

		part = part < ptn_buf_len(&p.out) ? part : ptn_buf_len(&p.out);
		ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p.out), part), 0);
		ptn_buf_took(&p.out, part);
		n = ptn_tls_get(t, buf, sizeof buf);
	}
	ck_assert_int_eq(n, 11);
	ck_assert_mem_eq(buf, "220 hello\r\n", 11);
	ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), 0);
	/* the client speaks */
	ck_assert_int_eq(ptn_tls_put(t, "EHLO me\r\n", 9), 9);
	ck_assert_int_eq(ptn_tls_put(t, "", 0), 0);
	ck_assert_int_eq(peer_read(&p, t, buf, sizeof buf), 9);
	ck_assert_mem_eq(buf, "EHLO me\r\n", 9);
	/* both end */
	ptn_tls_bye(t);
	ptn_tls_bye(t);
	ck_assert_int_eq(ptn_tls_put(t, "x", 1), -1);
	ck_assert_int_eq(ptn_tls_fault(t), PTN_FAULT_NONE);
	ck_assert_int_eq(peer_read(&p, t, buf, sizeof buf), 0);
	serve(&p, "221 bye\r\n", 9);
	ck_assert_int_eq(gnutls_bye(p.s, GNUTLS_SHUT_WR), 0);
	feed_all(&p, t);
	ptn_tls_eof(t);
	ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), 9);
	ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), PTN_TLS_CLOSED);
	ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), PTN_TLS_CLOSED);
	ck_assert_int_eq(ptn_tls_fault(t), PTN_FAULT_NONE);
	close_session(&p, t);
}
END_TEST

START_TEST(name_indication)
{
	static const char *const hosts[][2] = {
		{HOST, HOST},      {HOST ".", HOST}, {"MAIL.example.COM", "MAIL.example.COM"},
		{"127.0.0.1", ""}, {"::1", ""},      {"127.1", ""}};
	struct ptn_tls *t = ptn_tls_new(trust, hosts[_i][0]);
	struct peer p;

	peer_start(&p, chain, "NORMAL");
	peer_shake(&p, t, 0);
	ck_assert_str_eq(p.sni, hosts[_i][1]);
	close_session(&p, t);
}
END_TEST

START_TEST(odd_sizes)
{
	enum { TOTAL = 1 << 20 };
	static const size_t sizes[] = {1, 7, 4096, 16383, 16384, 16385, 65537, 3, 100000};
	unsigned char *data = malloc(TOTAL), *back = malloc(TOTAL);
	struct peer p;
	struct ptn_tls *t = open_session(&p, versions[_i]);
	size_t sent = 0, got = 0;

	for (size_t i = 0; i < TOTAL; i++)
		data[i] = (unsigned char)(i * 7 + (i >> 9));
	for (size_t i = 0; sent < TOTAL; i++) {
		size_t n = sizes[i % 9] < TOTAL - sent ? sizes[i % 9] : TOTAL - sent;

		ck_assert_int_eq(ptn_tls_put(t, (char *)data + sent, n), (ptrdiff_t)n);
		sent += n;
	}
	while (got < TOTAL) {
		ssize_t n = peer_read(&p, t, back + got, TOTAL - got);

		ck_assert_int_gt(n, 0);
		got += (size_t)n;
	}
	ck_assert_mem_eq(data, back, TOTAL);
	/* and back, read in odd sizes too */
	memset(back, 0, TOTAL);
	serve(&p, data, TOTAL);
	got = 0;
	for (size_t i = 0; got < TOTAL; i++) {
		size_t part =
			sizes[i % 9] < ptn_buf_len(&p.out) ? sizes[i % 9] : ptn_buf_len(&p.out);
		size_t room = sizes[(i + 5) % 9] < TOTAL - got ? sizes[(i + 5) % 9] : TOTAL - got;
		ptrdiff_t n;

		ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p.out), part), 0);
		ptn_buf_took(&p.out, part);
		while ((n = ptn_tls_get(t, (char *)back + got, room)) > 0) {
			got += (size_t)n;
			room = room < TOTAL - got ? room : TOTAL - got;
		}
		ck_assert_int_eq(n, 0);
	}
	ck_assert_mem_eq(data, back, TOTAL);
	close_session(&p, t);
	free(data);
	free(back);
}
END_TEST

/* Of a long run so much is taken that the output stays small, and in whole records. */
START_TEST(much_at_once)
{
	enum { TOTAL = 1 << 20, MOST = 8 * 16384 };
	struct peer p;
	struct ptn_tls *t = open_session(&p, versions[_i]);
	char *data = calloc(1, TOTAL), *back = calloc(1, TOTAL);
	const char *out;
	ptrdiff_t taken;

	taken = ptn_tls_put(t, data, TOTAL);
	ck_assert_int_eq(taken, MOST);
	ck_assert_uint_le(ptn_tls_out(t, &out), MOST + 8 * 40);
	for (ptrdiff_t got = 0; got < taken; got += 16384)
		ck_assert_int_eq(peer_read(&p, t, back, TOTAL), 16384);
	/* a small run is one record */
	ck_assert_int_eq(ptn_tls_put(t, data, 5000), 5000);
	ck_assert_int_eq(peer_read(&p, t, back, TOTAL), 5000);
	close_session(&p, t);
	free(data);
	free(back);
}
END_TEST

static gnutls_alloc_function real_malloc;
static int mallocs = -1;

static void *failing_malloc(size_t n)
{
	if (!mallocs)
		return NULL;
	mallocs -= mallocs > 0;
	return real_malloc(n);
}

/* GnuTLS fails in the middle of a long run: the records in front of that may leave, so they must
 * not be denied. */
START_TEST(sealed_before_a_failure)
{
	enum { RECORD = 16384, TOTAL = 4 * RECORD };
	char *data = calloc(1, TOTAL);
	ptrdiff_t taken = 0;
	int parts = 0;

	for (int n = 0; taken != TOTAL; n++) {
		struct peer p;
		struct ptn_tls *t = open_session(&p, versions[_i]);
		const char *out;
		size_t sealed;

		ck_assert_int_lt(n, 1000);
		real_malloc = gnutls_malloc;
		mallocs = n;
		gnutls_malloc = failing_malloc;
		taken = ptn_tls_put(t, data, TOTAL);
		gnutls_malloc = real_malloc;
		sealed = ptn_tls_out(t, &out) / RECORD;
		ck_assert_int_eq(taken, sealed ? (ptrdiff_t)sealed * RECORD : -1);
		parts += taken > 0 && taken < TOTAL;
		if (taken < TOTAL)
			ck_assert_int_eq(ptn_tls_put(t, data, 1), -1);
		close_session(&p, t);
	}
	ck_assert_int_gt(parts, 0);
	free(data);
}
END_TEST

/* CR in one record, LF in the next; all fed at once, all got without another feed. */
START_TEST(records_of_one_octet)
{
	static const char text[] = "250-a\r\n250 b\r\n";
	struct peer p;
	struct ptn_tls *t = open_session(&p, versions[_i]);
	char buf[64];
	size_t got = 0;
	ptrdiff_t n;

	for (size_t i = 0; i < sizeof text - 1; i++)
		serve(&p, text + i, 1);
	feed_all(&p, t);
	while ((n = ptn_tls_get(t, buf + got, sizeof buf - got)) > 0)
		got += (size_t)n;
	ck_assert_int_eq(n, 0);
	ck_assert_uint_eq(got, sizeof text - 1);
	ck_assert_mem_eq(buf, text, got);
	close_session(&p, t);
}
END_TEST

START_TEST(sessions_share_a_trust)
{
	struct peer a, b;
	struct ptn_tls *s = open_session(&a, TLS13), *t = open_session(&b, TLS12);
	char buf[10];

	ck_assert_int_eq(ptn_tls_put(s, "one", 3), 3);
	ck_assert_int_eq(ptn_tls_put(t, "two", 3), 3);
	ck_assert_int_eq(peer_read(&b, t, buf, 10), 3);
	ck_assert_mem_eq(buf, "two", 3);
	ck_assert_int_eq(peer_read(&a, s, buf, 10), 3);
	ck_assert_mem_eq(buf, "one", 3);
	close_session(&a, s);
	close_session(&b, t);
}
END_TEST

/* Whether the ClientHello has the extension (RFC 8446 4.1.2). */
static int offers(const char *hello, size_t n, unsigned extension)
{
	const unsigned char *s = (const unsigned char *)hello;
	size_t at = 5 + 4 + 2 + 32;

	at += 1 + s[at];
	at += 2 + ((size_t)s[at] << 8 | s[at + 1]);
	at += 1 + s[at];
	for (at += 2; at + 4 <= n; at += 4 + ((size_t)s[at + 2] << 8 | s[at + 3]))
		if (((unsigned)s[at] << 8 | s[at + 1]) == extension)
			return 1;
	ck_assert_uint_eq(at, n);
	return 0;
}

START_TEST(what_is_offered)
{
	static const struct {
		unsigned extension;
		int offered;
	} rows[] = {{0, 1}, /* server_name */
		    {5, 1}, /* status_request: staples are looked at */
		    {23, 1}, /* extended_master_secret */
		    {43, 1}, /* supported_versions */
		    {35, 0}, /* session_ticket: nothing is resumed */
		    {41, 0}, /* pre_shared_key */
		    {45, 0}, /* psk_key_exchange_modes */
		    {42, 0}, /* early_data */
		    {49, 0}}; /* post_handshake_auth */
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	const char *out;
	size_t n;

	ck_assert_int_eq(ptn_tls_handshake(t), 0);
	n = ptn_tls_out(t, &out);
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		ck_assert_msg(offers(out, n, rows[i].extension) == rows[i].offered, "%u",
			      rows[i].extension);
	ptn_tls_free(t);
}
END_TEST

/* ---- What GnuTLS keeps to itself ---- */

/* RFC 8446 4.6.1, 4.6.3; RFC 5246 7.2.2, 7.4.1.1 */
static const unsigned char ticket[] = {4, 0, 0, 22,  0,   0,   1,   0,   1,   2,   3,   4, 1,
				       9, 0, 8, 't', 'i', 'c', 'k', 'e', 't', '0', '1', 0, 0};
static const unsigned char key_update[] = {24, 0, 0, 1, 0};
static const unsigned char hello_request[] = {0, 0, 0, 0};
static const unsigned char certificate_request[] = {13, 0, 0, 11, 0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3};
static const unsigned char warning[] = {1, 90}; /* user_canceled */
static const unsigned char no_renegotiation[] = {1, 100};

static const unsigned char too_long[16384 + 300];
enum { RECORD = 16384 };

static const struct {
	const char *what;
	int version;
	unsigned char type;
	const void *content;
	size_t n;
	unsigned times;
	int fault; /* 0: the data behind it is got, by one call */
} kept[] = {
	{"one ticket", 0, HANDSHAKE, ticket, sizeof ticket, 1, 0},
	{"ten tickets", 0, HANDSHAKE, ticket, sizeof ticket, 10, 0},
	{"a mebibyte of tickets", 0, HANDSHAKE, ticket, sizeof ticket, (1 << 20) / 48, 0},
	{"an empty record", 0, DATA, "", 0, 1, 0},
	{"an empty record", 1, DATA, "", 0, 1, 0},
	{"a warning, which TLS 1.3 has not", 0, ALERT, warning, 2, 1, PTN_FAULT_TLS_ALERT},
	{"a warning", 1, ALERT, no_renegotiation, 2, 1, 0},
	{"1,000 warnings", 1, ALERT, no_renegotiation, 2, 1000, 0},
	{"request to renegotiate", 1, HANDSHAKE, hello_request, 4, 1, 0},
	{"requests to renegotiate", 1, HANDSHAKE, hello_request, 4, 2, PTN_FAULT_TLS_BROKEN},
	{"renegotiation in TLS 1.3", 0, HANDSHAKE, hello_request, 4, 1, PTN_FAULT_TLS_BROKEN},
	{"late certificate request", 0, HANDSHAKE, certificate_request, sizeof certificate_request,
	 1, PTN_FAULT_TLS_BROKEN},
	{"a ticket in TLS 1.2", 1, HANDSHAKE, ticket, sizeof ticket, 1, PTN_FAULT_TLS_BROKEN},
	{"key update in TLS 1.2", 1, HANDSHAKE, key_update, 5, 1, PTN_FAULT_TLS_BROKEN},
	{"unknown type", 1, 99, "x", 1, 1, PTN_FAULT_TLS_BROKEN},
	{"unknown type", 0, 99, "x", 1, 1, PTN_FAULT_TLS_BROKEN},
	{"a record too long", 0, DATA, too_long, RECORD + 1 + 256, 1, PTN_FAULT_TLS_BROKEN},
	{"a record too long", 1, DATA, too_long, RECORD + 1, 1, PTN_FAULT_TLS_BROKEN},
	{"internal_error", 0, ALERT, "\2\120", 2, 1, PTN_FAULT_TLS_ALERT},
	{"handshake_failure", 1, ALERT, "\2\50", 2, 1, PTN_FAULT_TLS_ALERT},
};

START_TEST(data_behind_what_is_kept)
{
	struct peer p;
	struct ptn_tls *t = open_session(&p, versions[kept[_i].version]);
	char buf[64];
	const char *out;
	ptrdiff_t n;

	for (unsigned i = 0; i < kept[_i].times; i++)
		peer_forge(&p, kept[_i].type, kept[_i].content, kept[_i].n);
	serve(&p, "220 hello\r\n", 11);
	feed_all(&p, t);
	n = ptn_tls_get(t, buf, sizeof buf);
	ck_assert_msg(n == (kept[_i].fault ? -1 : 11), "%s: %d, %s (%s)", kept[_i].what, (int)n,
		      ptn_fault_id(ptn_tls_fault(t)), ptn_tls_detail(t));
	ck_assert_uint_lt(ptn_tls_out(t, &out), 200);
	if (kept[_i].fault)
		expect_fault(t, kept[_i].fault, NULL);
	close_session(&p, t);
}
END_TEST

/* RFC 8446 4.6.2: it was not offered, so it is no message to be expected. */
START_TEST(late_request_is_unexpected)
{
	struct peer p;
	struct ptn_tls *t = open_session(&p, TLS13);
	char c;

	peer_forge(&p, HANDSHAKE, certificate_request, sizeof certificate_request);
	feed_all(&p, t);
	ck_assert_int_eq(ptn_tls_get(t, &c, 1), -1);
	ck_assert_int_lt(peer_read(&p, t, &c, 1), 0);
	ck_assert_int_eq(p.alert, GNUTLS_A_UNEXPECTED_MESSAGE);
	close_session(&p, t);
}
END_TEST

/* A late message that claims 16 MiB is not waited for either. */
START_TEST(endless_late_message)
{
	struct peer p;
	struct ptn_tls *t = open_session(&p, versions[_i]);
	static unsigned char part[16384] = {4, 255, 255, 255};
	ptrdiff_t n = 0;
	size_t fed = 0;
	char c;

	while (n == 0 && fed < (1 << 21)) {
		peer_forge(&p, HANDSHAKE, part, sizeof part);
		memset(part, 0, sizeof part);
		fed += sizeof part;
		feed_all(&p, t);
		n = ptn_tls_get(t, &c, 1);
	}
	ck_assert_int_eq(n, -1);
	expect_fault(t, PTN_FAULT_TLS_BROKEN, NULL);
	close_session(&p, t);
}
END_TEST

START_TEST(renegotiation_is_refused_in_words)
{
	struct peer p;
	struct ptn_tls *t = open_session(&p, TLS12);
	char c;

	peer_forge(&p, HANDSHAKE, hello_request, 4);
	feed_all(&p, t);
	ck_assert_int_eq(ptn_tls_get(t, &c, 1), 0);
	ck_assert_int_eq(peer_read(&p, t, &c, 1), GNUTLS_E_WARNING_ALERT_RECEIVED);
	ck_assert_int_eq((int)gnutls_alert_get(p.s), GNUTLS_A_NO_RENEGOTIATION);
	ck_assert_int_eq(ptn_tls_put(t, "x", 1), 1);
	ck_assert_int_eq(peer_read(&p, t, &c, 1), 1);
	close_session(&p, t);
}
END_TEST

START_TEST(keys_are_updated)
{
	struct peer p;
	struct ptn_tls *t = open_session(&p, TLS13);
	char buf[64];

	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(gnutls_session_key_update(p.s, i ? GNUTLS_KU_PEER : 0), 0);
		serve(&p, "220 hello\r\n", 11);
		feed_all(&p, t);
		ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), 11);
		ck_assert_int_eq(ptn_tls_put(t, "EHLO me\r\n", 9), 9);
		ck_assert_int_eq(peer_read(&p, t, buf, sizeof buf), 9);
		ck_assert_mem_eq(buf, "EHLO me\r\n", 9);
	}
	close_session(&p, t);
}
END_TEST

/* Each update needs the keys of the one before, so they are made by the server itself. */
START_TEST(flood_of_key_updates)
{
	struct peer p;
	struct ptn_tls *t = open_session(&p, TLS13);
	const char *out;
	char c;

	for (int i = 0; i < 10000; i++)
		ck_assert_int_eq(gnutls_session_key_update(p.s, GNUTLS_KU_PEER), 0);
	feed_all(&p, t);
	ck_assert_int_eq(ptn_tls_get(t, &c, 1), -1);
	expect_fault(t, PTN_FAULT_TLS_BROKEN, "GNUTLS_E_TOO_MANY_HANDSHAKE_PACKETS");
	ck_assert_uint_lt(ptn_tls_out(t, &out), 2000);
	close_session(&p, t);
}
END_TEST

/* Refused or passed over, but in bounded time and never taken for an end. */
START_TEST(flood_of_empty_records)
{
	struct peer p;
	struct ptn_tls *t = open_session(&p, versions[_i]);
	const char *out;
	char buf[64];
	ptrdiff_t n;

	for (int i = 0; i < 100000; i++)
		peer_forge(&p, DATA, "", 0);
	serve(&p, "220 hello\r\n", 11);
	feed_all(&p, t);
	n = ptn_tls_get(t, buf, sizeof buf);
	ck_assert(n == 11 || (n == -1 && ptn_tls_fault(t) == PTN_FAULT_TLS_BROKEN));
	ck_assert_uint_lt(ptn_tls_out(t, &out), 200);
	close_session(&p, t);
}
END_TEST

/* ---- What comes instead of TLS ---- */

#define X60 "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"

static const struct {
	const char *octets;
	size_t n;
	int fault; /* once all came; 0: more are waited for */
	const char *detail;
} strangers[] = {
#define BYTES(s) s, sizeof s - 1
	{BYTES("220 mail.example.com ESMTP\r\n"), PTN_FAULT_TLS_SMTP_FIRST,
	 "220 mail.example.com ESMTP"},
	{BYTES("554 blocked\n"), PTN_FAULT_TLS_SMTP_FIRST, "554 blocked"},
	{BYTES("220-one\r\n220 two\r\n"), PTN_FAULT_TLS_SMTP_FIRST, "220-one"},
	{BYTES("421 call +1-555\033[2J\r\n"), PTN_FAULT_TLS_SMTP_FIRST, "421 call +1-555\\x1B[2J"},
	{BYTES("220 \r\n"), PTN_FAULT_TLS_SMTP_FIRST, "220 "},
	{BYTES("220 " X60 X60 X60 X60), PTN_FAULT_TLS_SMTP_FIRST, NULL},
	{BYTES("2"), 0, ""},
	{BYTES("220"), 0, ""},
	{BYTES("22x\r\n"), PTN_FAULT_TLS_NOT_TLS, "22x"},
	{BYTES("2201"), PTN_FAULT_TLS_NOT_TLS, "2201"},
	{BYTES("220\r\n"), PTN_FAULT_TLS_NOT_TLS, "220"},
	{BYTES("SSH-2.0-OpenSSH_9.2\r\n"), PTN_FAULT_TLS_NOT_TLS, "SSH-2.0-OpenSSH_9.2"},
	{BYTES("HTTP/1.1 400 Bad Request\r\n\r\n"), PTN_FAULT_TLS_NOT_TLS,
	 "HTTP/1.1 400 Bad Request"},
	{BYTES("* OK IMAP4rev1\r\n"), PTN_FAULT_TLS_NOT_TLS, "* OK IMAP4rev1"},
	{BYTES("\r\n"), PTN_FAULT_TLS_NOT_TLS, ""},
	{BYTES("\0\0\0\0\0"), PTN_FAULT_TLS_NOT_TLS, "\\x00\\x00\\x00\\x00\\x00"},
	{BYTES("\xff\xff\xff\xff\xff"), PTN_FAULT_TLS_NOT_TLS, "\\xFF\\xFF\\xFF\\xFF\\xFF"},
	{BYTES(X60 X60), PTN_FAULT_TLS_NOT_TLS, NULL},
	/* it is TLS, or begins as it does */
	{BYTES("\x15\3\3\0\2\2\x28"), PTN_FAULT_TLS_NO_COMMON, "handshake_failure"},
	{BYTES("\x15\3\1\0\2\2\x46"), PTN_FAULT_TLS_NO_COMMON, "protocol_version"},
	{BYTES("\x15\3\3\0\2\2\x47"), PTN_FAULT_TLS_NO_COMMON, "insufficient_security"},
	{BYTES("\x15\3\3\0\2\2\x50"), PTN_FAULT_TLS_ALERT, "internal_error"},
	{BYTES("\x15\3\3\0\2\2\x70"), PTN_FAULT_TLS_ALERT, "unrecognized_name"},
	{BYTES("\x15\3\3\0\2\2\xfe"), PTN_FAULT_TLS_ALERT, ""},
	{BYTES("\x15\3\3\0\2\2"), 0, ""},
	{BYTES("\x16"), 0, ""},
	{BYTES("\x16\3\3\0\4\2\0\0\x26"), 0, ""},
	{BYTES("\x16\3\3\0\4\0\0\0\0"), PTN_FAULT_TLS_BROKEN, NULL},
	{BYTES("\x16\3\3\0\4\x0e\0\0\0"), PTN_FAULT_TLS_BROKEN, NULL},
	{BYTES("\x16\3\3\xff\xff" X60), PTN_FAULT_TLS_BROKEN, NULL},
	{BYTES("\x16\3\3\0\0"), PTN_FAULT_TLS_BROKEN, NULL},
	{BYTES("\x16is this TLS at all?"), PTN_FAULT_TLS_NOT_TLS, "\\x16is this TLS at all?"},
	{BYTES("\x15\2\0\0\0\0\0"), PTN_FAULT_TLS_NOT_TLS, NULL},
	/* a ServerHello of TLS 1.1 */
	{BYTES("\x16\3\2\0\x2a\2\0\0\x26\3\2"
	       "RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR\0\0\x2f\0"),
	 PTN_FAULT_TLS_NO_COMMON, NULL},
};

static void tell_stranger(int i, size_t chunk)
{
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	int rc = ptn_tls_handshake(t);
	size_t hello, at = 0;
	const char *out;

	hello = ptn_tls_out(t, &out);
	ck_assert_uint_gt(hello, 100);
	ck_assert_int_eq(out[0], 0x16);
	while (rc == 0 && at < strangers[i].n) {
		size_t n = strangers[i].n - at < chunk ? strangers[i].n - at : chunk;

		ck_assert_int_eq(ptn_tls_feed(t, strangers[i].octets + at, n), 0);
		rc = ptn_tls_handshake(t);
		at += n;
	}
	ck_assert_msg(ptn_tls_fault(t) == strangers[i].fault, "%d: %s (%s)", i,
		      ptn_fault_id(ptn_tls_fault(t)), ptn_tls_detail(t));
	ck_assert_int_eq(rc, strangers[i].fault ? -1 : 0);
	if (strangers[i].detail && chunk > strangers[i].n)
		ck_assert_str_eq(ptn_tls_detail(t), strangers[i].detail);
	ck_assert_uint_le(strlen(ptn_tls_detail(t)), 200);
	/* to who does not speak TLS, no more of it is said */
	if (strangers[i].fault == PTN_FAULT_TLS_SMTP_FIRST ||
	    strangers[i].fault == PTN_FAULT_TLS_NOT_TLS)
		ck_assert_uint_eq(ptn_tls_out(t, &out), hello);
	if (strangers[i].fault)
		expect_fault(t, strangers[i].fault, NULL);
	ptn_tls_free(t);
}

START_TEST(strangers_are_told_apart)
{
	tell_stranger(_i, 10000);
	tell_stranger(_i, 1);
}
END_TEST

/* A handshake message that claims 16 MiB is not waited for. */
START_TEST(endless_message)
{
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	static char record[5 + 16384] = "\x16\3\3\x40\0\2\xff\xff\xff";
	size_t fed = 0;

	ck_assert_int_eq(ptn_tls_handshake(t), 0);
	while (ptn_tls_handshake(t) == 0 && fed < (1 << 19)) {
		ck_assert_int_eq(ptn_tls_feed(t, record, sizeof record), 0);
		memset(record + 5, 0, 16384);
		fed += sizeof record;
	}
	expect_fault(t, PTN_FAULT_TLS_BROKEN, "GNUTLS_E_HANDSHAKE_TOO_LARGE");
	ck_assert_uint_lt(fed, 300000);
	ptn_tls_free(t);
}
END_TEST

START_TEST(nothing_in_common)
{
	static const char *const priorities[] = {
		"NORMAL:-VERS-ALL:+VERS-TLS1.1", "NORMAL:-VERS-ALL:+VERS-TLS1.0",
		TLS12 ":-CIPHER-ALL:+AES-128-CBC:+AES-256-CBC", TLS12 ":-KX-ALL:+RSA"};
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	struct peer p;

	peer_start(&p, chain, priorities[_i]);
	ck_assert_int_eq(peer_shake(&p, t, 0), -1);
	expect_fault(t, PTN_FAULT_TLS_NO_COMMON, NULL);
	close_session(&p, t);
}
END_TEST

/* In TLS 1.3 our handshake is done before the server misses our certificate. */
START_TEST(client_certificate_wanted)
{
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	struct peer p;
	char c;
	int rc;

	peer_start(&p, chain, versions[_i]);
	gnutls_certificate_server_set_request(p.s, GNUTLS_CERT_REQUIRE);
	rc = peer_shake(&p, t, 0);
	if (rc == 1) {
		feed_all(&p, t);
		rc = (int)ptn_tls_get(t, &c, 1);
	}
	ck_assert_int_eq(rc, -1);
	ck_assert_msg(ptn_tls_fault(t) == PTN_FAULT_TLS_CERT_WANTED, "%s (%s)",
		      ptn_fault_id(ptn_tls_fault(t)), ptn_tls_detail(t));
	if (_i == 0)
		ck_assert_str_eq(ptn_tls_detail(t), "certificate_required");
	close_session(&p, t);
}
END_TEST

/* ---- Ends ---- */

START_TEST(end_at_every_octet)
{
	size_t total = 1;

	for (size_t cut = 0; cut < total; cut += cut < 8 ? 1 : 13) {
		struct ptn_tls *t = ptn_tls_new(trust, HOST);
		struct peer p;

		peer_start(&p, chain, versions[_i]);
		ck_assert_int_eq(ptn_tls_handshake(t), 0);
		peer_turn(&p, t);
		total = ptn_buf_len(&p.out);
		ck_assert_uint_gt(total, 100);
		if (cut >= total) /* signatures differ in length: shorter than the last */
			cut = total - 1;
		ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p.out), cut), 0);
		if (cut % 2)
			ck_assert_int_eq(ptn_tls_handshake(t), 0);
		ptn_tls_eof(t);
		ck_assert_int_eq(ptn_tls_handshake(t), -1);
		expect_fault(t, PTN_FAULT_TLS_CLOSED, "");
		close_session(&p, t);
	}
}
END_TEST

START_TEST(end_in_the_last_flight)
{
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	struct peer p;

	peer_start(&p, chain, TLS12);
	ck_assert_int_eq(ptn_tls_handshake(t), 0);
	peer_turn(&p, t);
	ck_assert_int_eq(peer_feed(&p, t, 0), 0);
	ptn_tls_eof(t);
	ck_assert_int_eq(ptn_tls_handshake(t), -1);
	expect_fault(t, PTN_FAULT_TLS_CLOSED, "");
	close_session(&p, t);
}
END_TEST

START_TEST(close_notify_in_the_handshake)
{
	struct ptn_tls *t = ptn_tls_new(trust, HOST);

	ck_assert_int_eq(ptn_tls_handshake(t), 0);
	ck_assert_int_eq(ptn_tls_feed(t, "\x15\3\3\0\2\1\0", 7), 0);
	if (ptn_tls_handshake(t) == 0) {
		ptn_tls_eof(t);
		ck_assert_int_eq(ptn_tls_handshake(t), -1);
	}
	expect_fault(t, PTN_FAULT_TLS_CLOSED, NULL);
	ptn_tls_free(t);
}
END_TEST

/* Without close_notify the end is a fault; what came whole before it is still given. */
START_TEST(premature_end)
{
	struct peer p;
	struct ptn_tls *t = open_session(&p, versions[_i]);
	char buf[64];

	serve(&p, "250 2.0.0 queued", 16);
	feed_all(&p, t);
	ptn_tls_eof(t);
	ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), 16);
	ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), -1);
	expect_fault(t, PTN_FAULT_TLS_CLOSED, "");
	close_session(&p, t);
}
END_TEST

START_TEST(truncated_record)
{
	size_t total = 1;

	for (size_t cut = 0; cut < total; cut++) {
		struct peer p;
		struct ptn_tls *t = open_session(&p, versions[_i]);
		char buf[64];

		serve(&p, "250 ok\r\n", 8);
		total = ptn_buf_len(&p.out);
		ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p.out), cut), 0);
		ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), 0);
		ptn_tls_eof(t);
		ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), -1);
		expect_fault(t, PTN_FAULT_TLS_CLOSED, "");
		close_session(&p, t);
	}
}
END_TEST

/* ---- Damage ---- */

START_TEST(damaged_record)
{
	size_t total = 1;

	for (size_t at = 5; at < total || at == 5; at++) {
		struct peer p;
		struct ptn_tls *t = open_session(&p, versions[_i]);
		char buf[64];

		serve(&p, "250 ok\r\n", 8);
		total = ptn_buf_len(&p.out);
		p.out.base[p.out.head + at] ^= 1;
		feed_all(&p, t);
		ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), -1);
		expect_fault(t, PTN_FAULT_TLS_BROKEN, "GNUTLS_E_DECRYPTION_FAILED");
		ck_assert_int_lt(peer_read(&p, t, buf, sizeof buf), 0);
		ck_assert_int_eq(p.alert, GNUTLS_A_BAD_RECORD_MAC);
		close_session(&p, t);
	}
}
END_TEST

/* No octet of the server's flight may change unseen, but for type and version in the header of a
 * record, which GnuTLS does not look at closely. */
START_TEST(damaged_handshake)
{
	size_t total = 1;

	for (size_t at = (size_t)_i % 7; at < total; at += 7) {
		struct ptn_tls *t = ptn_tls_new(trust, HOST);
		struct peer p;
		size_t header = 0;
		int rc;

		peer_start(&p, chain, versions[_i / 7]);
		ck_assert_int_eq(ptn_tls_handshake(t), 0);
		peer_turn(&p, t);
		total = ptn_buf_len(&p.out);
		if (at >= total) /* as above */
			at = total - 1;
		for (const char *s = ptn_buf_data(&p.out); header + 5 < at;) {
			size_t n = (size_t)(unsigned char)s[header + 3] << 8 |
				   (unsigned char)s[header + 4];

			if (header + 5 + n > at)
				break;
			header += 5 + n;
		}
		p.out.base[p.out.head + at] ^= 1;
		rc = peer_shake(&p, t, 0);
		if (rc == 1)
			ck_assert_msg(at - header < 3, "octet %zu, %zu of its record", at,
				      at - header);
		ptn_tls_eof(t);
		if (rc == 0)
			ck_assert_int_eq(ptn_tls_handshake(t), -1);
		if (rc != 1)
			ck_assert_int_ne(ptn_tls_fault(t), PTN_FAULT_NONE);
		close_session(&p, t);
	}
}
END_TEST

/* ---- Out of memory ---- */

/* The server's buffers come from the same calloc(): they are made large enough beforehand, so that
 * the requests counted are the client's alone. */
static void start_ready(struct peer *p, const char *version)
{
	long was_failing = failing, was_requests = requests;

	failing = -1;
	peer_start(p, chain, version);
	ck_assert_ptr_nonnull(ptn_buf_room(&p->in, 1 << 16));
	ck_assert_ptr_nonnull(ptn_buf_room(&p->out, 1 << 16));
	failing = was_failing;
	requests = was_requests;
}

/* 1 if all went through, 0 if not for want of memory. */
static int converse(const char *version)
{
	static const char text[3000] = "EHLO me\r\n";
	struct ptn_tls *t = ptn_tls_new(trust, HOST);
	struct peer p;
	char buf[3000];
	int rc = 0, good = 0;

	if (!t)
		return 0;
	start_ready(&p, version);
	for (int round = 0; round < 6 && rc == 0; round++) {
		rc = ptn_tls_handshake(t);
		peer_turn(&p, t);
		if (ptn_tls_feed(t, ptn_buf_data(&p.out), ptn_buf_len(&p.out)))
			goto out;
		ptn_buf_took(&p.out, ptn_buf_len(&p.out));
	}
	if (rc == 1 && ptn_tls_put(t, text, sizeof text) == sizeof text) {
		ck_assert_int_eq(peer_read(&p, t, buf, sizeof buf), sizeof text);
		serve(&p, "220 hello\r\n", 11);
		if (!ptn_tls_feed(t, ptn_buf_data(&p.out), ptn_buf_len(&p.out))) {
			ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), 11);
			ptn_tls_bye(t);
			good = ptn_tls_fault(t) == PTN_FAULT_NONE;
		}
	}
	if (rc == -1)
		ck_assert_int_eq(ptn_tls_fault(t), PTN_FAULT_NO_MEMORY);
out:
	ck_assert_msg(ptn_tls_fault(t) == PTN_FAULT_NONE || ptn_tls_fault(t) == PTN_FAULT_NO_MEMORY,
		      "%s", ptn_fault_id(ptn_tls_fault(t)));
	close_session(&p, t);
	return good;
}

START_TEST(no_memory)
{
	long n;

	ever_after = 0;
	for (n = 0; n < 1000; n++) {
		int good;

		requests = 0;
		failing = n;
		good = converse(versions[_i]);
		failing = -1;
		if (requests <= n) {
			ck_assert_int_eq(good, 1);
			break;
		}
	}
	ck_assert_int_gt(n, 4);
	ck_assert_int_lt(n, 1000);
}
END_TEST

static int fail_from(long n, const char *host, int fault)
{
	struct ptn_tls *t;
	struct peer p;
	int got = 0;

	peer_start(&p, chain, TLS13);
	t = ptn_tls_new(trust, host);
	ck_assert_int_eq(ptn_tls_handshake(t), 0);
	peer_turn(&p, t);
	ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p.out), ptn_buf_len(&p.out)), 0);
	requests = 0;
	failing = n;
	ever_after = 1;
	ptn_tls_handshake(t);
	failing = -1;
	if (ptn_tls_fault(t) != PTN_FAULT_NO_MEMORY) {
		ck_assert_int_eq(ptn_tls_fault(t), fault);
		got = 1;
	}
	ck_assert_ptr_nonnull(ptn_tls_detail(t));
	close_session(&p, t);
	return got;
}

/* Memory that ends while a verdict is found never makes it a good one. */
START_TEST(no_memory_for_the_verdict)
{
	long n = 0;

	while (!fail_from(n, "www.example.com", PTN_FAULT_CERT_WRONG_NAME))
		n++;
	for (; n < 20; n++)
		fail_from(n, "www.example.com", PTN_FAULT_CERT_WRONG_NAME);
}
END_TEST

/* What was taken goes out, the rest can be put again: a session outlives a want of memory. */
START_TEST(no_memory_to_put)
{
	enum { TOTAL = 100000 };
	char *data = malloc(TOTAL), *back = malloc(TOTAL);
	struct peer p;
	struct ptn_tls *t = open_session(&p, versions[_i]);
	size_t got = 0;
	ptrdiff_t taken;

	for (size_t i = 0; i < TOTAL; i++)
		data[i] = (char)(i * 5 + i / 256);
	requests = 0;
	failing = 2;
	ever_after = 1;
	taken = ptn_tls_put(t, data, TOTAL);
	ck_assert_int_gt(taken, 0);
	ck_assert_int_lt(taken, TOTAL);
	ck_assert_int_eq(ptn_tls_put(t, data + taken, (size_t)(TOTAL - taken)), 0);
	failing = -1;
	ck_assert_int_eq(ptn_tls_put(t, data + taken, (size_t)(TOTAL - taken)), TOTAL - taken);
	while (got < TOTAL) {
		ssize_t n = peer_read(&p, t, back + got, TOTAL - got);

		ck_assert_int_gt(n, 0);
		got += (size_t)n;
	}
	ck_assert_mem_eq(data, back, TOTAL);
	close_session(&p, t);
	free(data);
	free(back);
}
END_TEST

START_TEST(no_memory_for_a_trust)
{
	gnutls_datum_t pem;
	struct ptn_trust *t = NULL;
	const char *why;
	char *path;

	ck_assert_int_eq(gnutls_x509_crt_export2(root.crt, GNUTLS_X509_FMT_PEM, &pem), 0);
	path = file_of(pem.data, pem.size - 1); /* not the very file read last, which is at hand */
	requests = failing = 0;
	ever_after = 1;
	ck_assert_int_eq(ptn_trust_file(&t, path, &why), POSTERN_E_NOMEM);
	failing = -1;
	ck_assert_ptr_null(t);
	remove(path);
	free(path);
	gnutls_free(pem.data);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "tls");

	tcase_add_unchecked_fixture(t, make_world, free_world);
	tcase_add_loop_test(t, conversation, 0, VERSIONS * CHUNKS);
	tcase_add_loop_test(t, name_indication, 0, 6);
	tcase_add_loop_test(t, odd_sizes, 0, VERSIONS);
	tcase_add_loop_test(t, records_of_one_octet, 0, VERSIONS);
	tcase_add_test(t, sessions_share_a_trust);
	tcase_add_test(t, what_is_offered);
	tcase_add_loop_test(t, data_behind_what_is_kept, 0, sizeof kept / sizeof *kept);
	tcase_add_test(t, late_request_is_unexpected);
	tcase_add_test(t, renegotiation_is_refused_in_words);
	tcase_add_loop_test(t, much_at_once, 0, VERSIONS);
	tcase_add_loop_test(t, sealed_before_a_failure, 0, VERSIONS);
	tcase_add_test(t, keys_are_updated);
	tcase_add_test(t, flood_of_key_updates);
	tcase_add_loop_test(t, flood_of_empty_records, 0, VERSIONS);
	tcase_add_loop_test(t, strangers_are_told_apart, 0, sizeof strangers / sizeof *strangers);
	tcase_add_test(t, endless_message);
	tcase_add_loop_test(t, endless_late_message, 0, VERSIONS);
	tcase_add_loop_test(t, nothing_in_common, 0, 4);
	tcase_add_loop_test(t, client_certificate_wanted, 0, VERSIONS);
	tcase_add_loop_test(t, end_at_every_octet, 0, VERSIONS);
	tcase_add_test(t, end_in_the_last_flight);
	tcase_add_test(t, close_notify_in_the_handshake);
	tcase_add_loop_test(t, premature_end, 0, VERSIONS);
	tcase_add_loop_test(t, truncated_record, 0, VERSIONS);
	tcase_add_loop_test(t, damaged_record, 0, VERSIONS);
	tcase_add_loop_test(t, damaged_handshake, 0, VERSIONS * 7);
	tcase_add_loop_test(t, no_memory, 0, VERSIONS);
	tcase_add_test(t, no_memory_for_the_verdict);
	tcase_add_loop_test(t, no_memory_to_put, 0, VERSIONS);
	tcase_add_test(t, no_memory_for_a_trust);
}
