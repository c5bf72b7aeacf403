/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sessions that are resumed: which, how often, for how long; and that they are verified all the
 * same.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/fault.h"
#include "main.h"
#include "peer.h"
#include "tls/store.h"

#define HOST "mail.example.com"
#define OTHER "www.example.com"
#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS13 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static const char *const versions[] = {TLS13, TLS12};

enum { VERSIONS = 2, PORT = 587, HANDSHAKE = 22 };

static struct cert root, leaf, other_leaf;
static const struct cert *const chain[] = {&leaf, NULL}, *const other_chain[] = {&other_leaf, NULL};
static struct ptn_trust *trust, *same_trust, *other_trust;
static gnutls_datum_t ticket_key;
static struct ptn_tls_store *store;

/* The clock of the store. */
time_t __real_time(time_t *t);
time_t __wrap_time(time_t *t);
static time_t ahead;

time_t __wrap_time(time_t *t)
{
	time_t now = __real_time(NULL) + ahead;

	if (t)
		*t = now;
	return now;
}

static void make_world(void)
{
	static const struct recipe r = {.cn = "Root", .authority = 1},
				   l = {.cn = "leaf", .names = {HOST, OTHER}},
				   o = {.cn = "other", .names = {OTHER}};
	struct cert another;

	cert_make(&root, &r, NULL);
	cert_make(&leaf, &l, &root);
	cert_make(&other_leaf, &o, &root);
	cert_make(&another, &r, NULL);
	trust = trust_in(&root);
	same_trust = trust_in(&root);
	other_trust = trust_in(&leaf);
	cert_free(&another);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&ticket_key), 0);
	store = ptn_store_new();
}

static void free_world(void)
{
	ptn_trust_release(trust);
	ptn_trust_release(same_trust);
	ptn_trust_release(other_trust);
	cert_free(&root);
	cert_free(&leaf);
	cert_free(&other_leaf);
	gnutls_free(ticket_key.data);
	ptn_store_free(store);
}

/* ---- One connection ---- */

struct way { /* how it is made; zeroed: as usual */
	const char *version, *host;
	struct ptn_trust *trust;
	const struct ptn_tls_options *options;
	const struct ptn_tlsa *tlsa;
	int port;
	int no_tickets, lifetime;
	const struct cert *const *chain;
};

static const struct ptn_tls_options plain = {.n_pins = 0};

static void feed_all(struct peer *p, struct ptn_tls *t)
{
	ck_assert_int_eq(ptn_tls_feed(t, ptn_buf_data(&p->out), ptn_buf_len(&p->out)), 0);
	ptn_buf_took(&p->out, ptn_buf_len(&p->out));
}

static struct ptn_tls *begin(struct peer *p, const struct way *w)
{
	const struct ptn_tls_with with = {.options = w->options ? w->options : &plain,
					  .store = store,
					  .port = w->port ? w->port : PORT,
					  .tlsa = w->tlsa,
					  .n_tlsa = w->tlsa != NULL};
	struct ptn_tls *t =
		ptn_tls_new_with(w->trust ? w->trust : trust, w->host ? w->host : HOST, &with);

	ck_assert_ptr_nonnull(t);
	peer_start(p, w->chain ? w->chain : chain, w->version ? w->version : TLS13);
	if (w->lifetime)
		gnutls_db_set_cache_expiration(p->s, w->lifetime);
	if (!w->no_tickets)
		ck_assert_int_eq(gnutls_session_ticket_enable_server(p->s, &ticket_key), 0);
	return t;
}

/* A word each way, so that what the server sends behind the handshake is read. */
static void talk(struct peer *p, struct ptn_tls *t)
{
	char buf[16];

	ck_assert_int_eq(gnutls_record_send(p->s, "220 hi\r\n", 8), 8);
	feed_all(p, t);
	ck_assert_int_eq(ptn_tls_get(t, buf, sizeof buf), 8);
	ck_assert_int_eq(ptn_tls_put(t, "QUIT\r\n", 6), 6);
	ck_assert_int_eq(peer_read(p, t, buf, sizeof buf), 6);
}

static void end(struct peer *p, struct ptn_tls *t)
{
	ptn_tls_bye(t);
	ptn_tls_free(t);
	peer_free(p);
}

/* The whole of it: whether it was resumed. */
static int connect_as(const struct way *w)
{
	struct peer p;
	struct ptn_tls *t = begin(&p, w);
	int resumed;

	ck_assert_msg(peer_shake(&p, t, 0) == 1, "%s (%s)", ptn_fault_id(ptn_tls_fault(t)),
		      ptn_tls_detail(t));
	resumed = ptn_tls_resumed(t);
	ck_assert_int_eq(resumed, gnutls_session_is_resumed(p.s) != 0);
	talk(&p, t);
	end(&p, t);
	return resumed;
}

static int fault_as(const struct way *w)
{
	struct peer p;
	struct ptn_tls *t = begin(&p, w);
	int fault;

	peer_shake(&p, t, 0);
	fault = ptn_tls_fault(t);
	ck_assert_int_eq(ptn_tls_resumed(t) && fault, 0);
	end(&p, t);
	return fault;
}

/* ---- All is well ---- */

START_TEST(again_and_again)
{
	struct way w = {.version = versions[_i]};

	ck_assert_int_eq(connect_as(&w), 0);
	ck_assert_uint_gt(ptn_store_count(store), 0);
	for (int i = 0; i < 5; i++)
		ck_assert_int_eq(connect_as(&w), 1);
}
END_TEST

START_TEST(told_like_any_other)
{
	struct way w = {.version = versions[_i]};
	unsigned char data[64];
	gnutls_datum_t theirs;
	struct peer p;
	struct ptn_tls *t;
	size_t n;

	connect_as(&w);
	t = begin(&p, &w);
	ck_assert_int_eq(ptn_tls_resumed(t), 0);
	ck_assert_int_eq(peer_shake(&p, t, 1), 1);
	ck_assert_int_eq(ptn_tls_resumed(t), 1);
	ck_assert_str_eq(ptn_tls_version(t), _i ? "TLS1.2" : "TLS1.3");
	ck_assert_uint_eq(strlen(ptn_tls_key_sha256(t)), 44);
	ck_assert_int_eq(ptn_tls_names(t, HOST), 1);
	ck_assert_str_eq(ptn_tls_binding(t, data, &n), "tls-exporter");
	ck_assert_int_eq(gnutls_session_channel_binding(p.s, GNUTLS_CB_TLS_EXPORTER, &theirs), 0);
	ck_assert_uint_eq(n, theirs.size);
	ck_assert_mem_eq(data, theirs.data, n);
	gnutls_free(theirs.data);
	end(&p, t);
}
END_TEST

START_TEST(other_case_of_the_name)
{
	struct way w = {.host = HOST}, shouted = {.host = "MAIL.Example.COM"};

	ck_assert_int_eq(connect_as(&w), 0);
	ck_assert_int_eq(connect_as(&shouted), 1);
}
END_TEST

/* ---- What a session is good for ---- */

START_TEST(nothing_else_has_it)
{
	static struct ptn_tls_options options[8];
	static struct ptn_tlsa record = {.usage = 3, .selector = 1, .matching = 1, .size = 32};
	const struct way ways[] = {
		{.host = OTHER},          {.port = 465},
		{.trust = other_trust},   {.options = &options[0]},
		{.options = &options[1]}, {.options = &options[2]},
		{.options = &options[3]}, {.options = &options[4]},
		{.options = &options[5]}, {.tlsa = &record},
	};
	const size_t count = sizeof ways / sizeof *ways;
	struct way usual = {.port = PORT};
	size_t n = 32;

	ck_assert_int_eq(gnutls_x509_crt_get_key_id(leaf.crt, GNUTLS_KEYID_USE_SHA256,
						    options[0].pins[0], &n),
			 0);
	memcpy(record.data, options[0].pins[0], 32);
	options[0].n_pins = 1;
	options[1] = options[0];
	options[1].pins_only = 1;
	options[2].minimum_13 = 1;
	options[3].priority = (char *)TLS13;
	options[4].no_resumption = 1;
	options[5] = options[0];
	options[5].n_pins = 2;
	for (size_t i = 0; i < count; i++) {
		ptn_store_forget(store);
		ck_assert_int_eq(connect_as(&usual), 0);
		ck_assert_msg(connect_as(&ways[i]) == 0, "way %zu", i);
		ck_assert_msg(connect_as(&usual) == 1, "way %zu", i);
		if (ways[i].options != &options[4])
			ck_assert_msg(connect_as(&ways[i]) == 1, "way %zu", i);
		ck_assert_msg(connect_as(&ways[i]) == (ways[i].options != &options[4]), "way %zu",
			      i);
	}
	/* the same authorities, read another time */
	usual.trust = same_trust;
	ck_assert_int_eq(connect_as(&usual), 1);
}
END_TEST

/* GnuTLS alone would resume in TLS 1.3, and ask nothing of the certificate. */
START_TEST(a_session_of_another_host)
{
	struct way first = {.version = versions[_i], .host = OTHER, .chain = other_chain};
	struct way second = {.version = versions[_i]};
	struct ptn_kept *k;

	connect_as(&second);
	while ((k = store->first) && k->next)
		ptn_kept_free(ptn_store_take(store, k->key, 0));
	k = store->first;
	ck_assert_ptr_nonnull(k);
	{
		unsigned char key[PTN_STORE_KEY];

		memcpy(key, k->key, sizeof key);
		ptn_store_forget(store);
		connect_as(&first);
		ck_assert_ptr_nonnull(store->first);
		memcpy(store->first->key, key, sizeof key); /* as if it were of that host */
	}
	if (_i == 0)
		ck_assert_int_eq(fault_as(&second), PTN_FAULT_CERT_WRONG_NAME);
	else
		ck_assert_int_eq(fault_as(&second), 0); /* the server sees the other name */
	ck_assert_int_eq(connect_as(&second), _i != 0);
}
END_TEST

static time_t late;

static time_t late_time(time_t *t)
{
	if (t)
		*t = late;
	return late;
}

START_TEST(the_certificate_is_looked_at_again)
{
	struct way w = {.version = versions[_i]};
	struct peer p;
	struct ptn_tls *t;

	connect_as(&w);
	connect_as(&w);
	t = begin(&p, &w);
	late = time(NULL) + 60L * DAY; /* for certificates, not for the store */
	ck_assert_int_eq(ptn_tls_handshake(t), 0);
	while (ptn_tls_fault(t) == 0 && p.handshake < 0) {
		peer_turn(&p, t);
		gnutls_global_set_time_function(late_time);
		peer_feed(&p, t, 0);
		gnutls_global_set_time_function(__real_time);
	}
	ck_assert_msg(ptn_tls_fault(t) == PTN_FAULT_CERT_EXPIRED, "%s",
		      ptn_fault_id(ptn_tls_fault(t)));
	ck_assert_int_eq(gnutls_session_is_resumed(p.s), 1);
	ck_assert_uint_eq(ptn_store_count(store), 0); /* none of its kind is tried again */
	end(&p, t);
}
END_TEST

START_TEST(pins_are_looked_at_again)
{
	struct ptn_tls_options o = {.n_pins = 1};
	struct way w = {.version = versions[_i], .options = &o};
	struct peer p;
	struct ptn_tls *t;
	size_t n = 32;

	ck_assert_int_eq(
		gnutls_x509_crt_get_key_id(leaf.crt, GNUTLS_KEYID_USE_SHA256, o.pins[0], &n), 0);
	connect_as(&w);
	t = begin(&p, &w);
	ck_assert_int_eq(ptn_tls_handshake(t), 0); /* it is offered */
	o.pins[0][5] ^= 1;
	ck_assert_int_eq(peer_shake(&p, t, 0), -1);
	ck_assert_int_eq(ptn_tls_fault(t), PTN_FAULT_CERT_NOT_PINNED);
	ck_assert_int_eq(gnutls_session_is_resumed(p.s), 1);
	end(&p, t);
}
END_TEST

START_TEST(no_staple_no_resumption)
{
	static const struct ptn_tls_options o = {.staple_required = 1};
	struct way w = {.version = versions[_i]};

	connect_as(&w);
	ck_assert_uint_gt(ptn_store_count(store), 0);
	w.options = &o;
	ck_assert_int_eq(fault_as(&w), PTN_FAULT_CERT_NO_STAPLE);
}
END_TEST

/* RFC 7627 5.3 */
START_TEST(not_without_the_extended_master_secret)
{
	struct way w = {.version = TLS12 ":%NO_SESSION_HASH"};

	connect_as(&w);
	ck_assert_uint_eq(ptn_store_count(store), 0);
	ck_assert_int_eq(connect_as(&w), 0);
}
END_TEST

START_TEST(a_damaged_session)
{
	struct way w = {.version = versions[_i]};

	connect_as(&w);
	ck_assert_ptr_nonnull(store->first);
	ptn_buf_cut(&store->first->session, 10 + 4 * (size_t)_i);
	for (struct ptn_kept *k = store->first->next; k; k = k->next)
		ptn_buf_cut(&k->session, 100);
	ck_assert_int_eq(connect_as(&w), 0);
	ck_assert_int_eq(connect_as(&w), 1);
}
END_TEST

START_TEST(the_server_has_forgotten)
{
	struct way w = {.version = versions[_i]};
	gnutls_datum_t before = ticket_key;

	connect_as(&w);
	ck_assert_int_eq(gnutls_session_ticket_key_generate(&ticket_key), 0);
	ck_assert_int_eq(connect_as(&w), 0);
	ck_assert_int_eq(connect_as(&w), 1);
	gnutls_free(before.data);
	/* or does not speak TLS 1.3 any more */
	w.version = TLS12;
	ck_assert_int_eq(connect_as(&w), _i);
	/* or has learned it: TLS 1.2 goes on as long as there are sessions of it */
	w.version = "NORMAL";
	ck_assert_int_eq(connect_as(&w), 1);
	ahead = 90000;
	ck_assert_int_eq(connect_as(&w), 0);
	ahead = 0;
}
END_TEST

/* ---- Tickets ---- */

START_TEST(number_of_tickets)
{
	static const struct {
		unsigned more; /* than the server sends by itself */
		size_t kept;
	} rows[] = {{2, 3}, {10, 3}, {1000, 3}};
	struct way w = {.no_tickets = _i == 0};
	struct peer p;
	struct ptn_tls *t = begin(&p, &w);

	ck_assert_int_eq(peer_shake(&p, t, 0), 1);
	for (unsigned i = 0; _i && i < rows[_i - 1].more; i++)
		ck_assert_int_eq(gnutls_session_ticket_send(p.s, 1, 0), 0);
	talk(&p, t);
	ck_assert_uint_eq(ptn_store_count(store), _i ? 2 : 0); /* at once */
	end(&p, t);
	ck_assert_uint_eq(ptn_store_count(store), _i ? rows[_i - 1].kept : 0);
	w.no_tickets = 0;
	for (size_t i = 0; _i && i < rows[_i - 1].kept; i++)
		ck_assert_int_eq(connect_as(&w), 1);
}
END_TEST

START_TEST(late_tickets)
{
	struct way w = {.port = PORT};
	struct peer p;
	struct ptn_tls *t = begin(&p, &w);
	char c;

	ck_assert_int_eq(peer_shake(&p, t, 0), 1);
	feed_all(&p, t);
	ck_assert_int_eq(ptn_tls_get(t, &c, 1), 0);
	talk(&p, t);
	ptn_store_forget(store);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(gnutls_session_ticket_send(p.s, 1, 0), 0);
		talk(&p, t);
	}
	end(&p, t);
	ck_assert_uint_ge(ptn_store_count(store), 1);
	ck_assert_int_eq(connect_as(&w), 1);
}
END_TEST

static void add(const unsigned char key[PTN_STORE_KEY], long long until, const void *p, size_t n)
{
	ptn_store_add(store, key, &(struct ptn_kept){.until = until, .cap = until + 100}, p, n);
}

START_TEST(bounds_of_the_store)
{
	unsigned char key[PTN_STORE_KEY] = {0}, octet = 0;
	struct ptn_kept *k;

	for (int i = 0; i < 20; i++, octet++)
		add(key, 100, &octet, 1);
	ck_assert_uint_eq(ptn_store_count(store), PTN_STORE_EACH);
	k = ptn_store_take(store, key, 0);
	ck_assert_int_eq(*ptn_buf_data(&k->session), 19); /* the latest */
	ptn_kept_free(k);
	for (int i = 0; i < 100; i++) {
		key[0] = (unsigned char)(i + 1);
		add(key, i, &octet, 1);
	}
	ck_assert_uint_eq(ptn_store_count(store), PTN_STORE_ALL);
	key[0] = 0;
	ck_assert_ptr_null(ptn_store_take(store, key, 0)); /* the oldest made room */
	ck_assert_ptr_null(ptn_store_take(store, key, 97));
	ck_assert_uint_eq(ptn_store_count(store), 2); /* the rest was too old */
	key[0] = 100;
	ptn_store_drop(store, key);
	ck_assert_uint_eq(ptn_store_count(store), 1);
	ptn_store_forget(store);
	add(key, 9, "", 0);
	ck_assert_uint_eq(ptn_store_count(store), 0);
	{
		static const char large[PTN_STORE_SESSION + 1];

		add(key, 9, large, sizeof large);
		ck_assert_uint_eq(ptn_store_count(store), 0);
		add(key, 9, large, sizeof large - 1);
		ck_assert_uint_eq(ptn_store_count(store), 1);
	}
}
END_TEST

/* A MiB of tickets that nobody has made: bounded work, and none does harm. */
START_TEST(forged_tickets)
{
	static const unsigned char ticket[] = {4,   0,   0,   22,  0,   0,   1, 0,   1,
					       2,   3,   4,   1,   9,   0,   8, 't', 'i',
					       'c', 'k', 'e', 't', '0', '1', 0, 0};
	struct way w = {.no_tickets = 1};
	struct peer p;
	struct ptn_tls *t = begin(&p, &w);

	ck_assert_int_eq(peer_shake(&p, t, 0), 1);
	for (int i = 0; i < (1 << 20) / 48; i++)
		peer_forge(&p, HANDSHAKE, ticket, sizeof ticket);
	talk(&p, t);
	end(&p, t);
	ck_assert_uint_eq(ptn_store_count(store), 3); /* two at once, the last at the end */
	ck_assert_int_eq(connect_as(&w), 0);
}
END_TEST

/* A server that has another view of the handshake: in TLS 1.2, when resumed, its Finished is the
 * first to come. */
START_TEST(bad_finished)
{
	struct way w = {.version = TLS12};
	struct peer p;
	struct ptn_tls *t;
	const char *out;
	char *hello;
	size_t n, at;

	connect_as(&w);
	t = begin(&p, &w);
	ck_assert_int_eq(ptn_tls_handshake(t), 0);
	n = ptn_tls_out(t, &out);
	hello = malloc(n);
	memcpy(hello, out, n);
	ptn_tls_wrote(t, n);
	for (at = 0; at + 6 < n && memcmp(hello + at, "\x04\x03\x05\x03", 4) != 0; at++)
		;
	if (at + 6 >= n) /* somewhere among the signature algorithms */
		for (at = n - 8; at > 0 && memcmp(hello + at, "\x08\x04", 2) != 0; at--)
			;
	ck_assert_uint_gt(at, 0);
	hello[at] ^= 0x70; /* an algorithm that nobody has */
	ck_assert_int_eq(ptn_buf_add(&p.in, hello, n), 0);
	free(hello);
	ck_assert_int_eq(peer_shake(&p, t, 0), -1);
	ck_assert_int_eq(ptn_tls_fault(t), PTN_FAULT_TLS_BROKEN);
	ck_assert_str_eq(ptn_tls_detail(t), "GNUTLS_E_ERROR_IN_FINISHED_PACKET");
	end(&p, t);
	ck_assert_int_eq(connect_as(&w), 0); /* nothing like it was tried again */
}
END_TEST

/* ---- Time ---- */

START_TEST(lifetimes)
{
	static const struct {
		int version, hint;
		time_t later;
		int resumed;
	} rows[] = {
		{0, 0, 0, 1},           {0, 100, 90, 1},        {0, 100, 110, 0},
		{0, 1000000, 86000, 1}, {0, 1000000, 86500, 0}, {1, 100, 90, 1},
		{1, 100, 110, 0},       {1, 1000000, 86000, 1}, {1, 1000000, 86500, 0},
	};
	struct way w = {.version = versions[rows[_i].version], .lifetime = rows[_i].hint};

	ck_assert_int_eq(connect_as(&w), 0);
	ahead = rows[_i].later;
	ck_assert_int_eq(connect_as(&w), rows[_i].resumed);
	ahead = 0;
}
END_TEST

/* However often it is resumed, a day after the full handshake there is another. */
START_TEST(a_full_one_every_day)
{
	struct way w = {.version = versions[_i], .lifetime = 1000000};

	ck_assert_int_eq(connect_as(&w), 0);
	for (ahead = 20000; ahead < 86400; ahead += 20000)
		ck_assert_int_eq(connect_as(&w), 1);
	ahead = 86500;
	ck_assert_int_eq(connect_as(&w), 0);
	ahead = 0;
}
END_TEST

START_TEST(no_longer_than_the_certificate)
{
	static const struct recipe r = {.cn = "leaf", .names = {HOST}, .from = -DAY, .to = 1000};
	struct cert brief;
	const struct cert *const brief_chain[] = {&brief, NULL};
	struct way w = {.version = versions[_i], .chain = brief_chain};

	cert_make(&brief, &r, &root);
	connect_as(&w);
	ck_assert_ptr_nonnull(store->first);
	for (struct ptn_kept *k = store->first; k; k = k->next)
		ck_assert_int_le(k->until, time(NULL) + 1000);
	cert_free(&brief);
}
END_TEST

/* ---- Saved and restored ---- */

static const char secret[] = "sixteen or more octets";

static void save(struct ptn_buf *text)
{
	ck_assert_int_eq(ptn_store_save(store, secret, sizeof secret, text), 0);
	ck_assert_int_eq(ptn_buf_add(text, "", 1), 0);
	ptn_store_forget(store);
}

static int restore(const char *text)
{
	return ptn_store_restore(store, text, secret, sizeof secret);
}

START_TEST(saved_and_restored)
{
	struct way w = {.version = versions[_i]};
	struct ptn_buf text = {0}, again = {0};

	save(&text);
	ck_assert_str_eq(ptn_buf_data(&text), ""); /* of nothing */
	ptn_buf_clear(&text);
	connect_as(&w);
	ck_assert_int_eq(ptn_store_save(store, secret, sizeof secret, &again), 0);
	save(&text);
	ck_assert_int_ne(strncmp(ptn_buf_data(&text), ptn_buf_data(&again), ptn_buf_len(&again)),
			 0); /* never twice the same */
	ck_assert_int_eq(strncmp(ptn_buf_data(&text), "postern-sessions 1 ", 19), 0);
	for (const char *s = ptn_buf_data(&text); *s; s++)
		ck_assert(*s >= 0x20 && *s < 0x7F);
	ck_assert_int_eq(connect_as(&w), 0);
	ptn_store_forget(store);
	ck_assert_int_eq(restore(ptn_buf_data(&text)), 0);
	ck_assert_int_eq(connect_as(&w), 1);
	/* too old */
	ptn_store_forget(store);
	ahead = 2L * DAY;
	ck_assert_int_eq(restore(ptn_buf_data(&text)), 0);
	ahead = 0;
	ck_assert_uint_eq(ptn_store_count(store), 0);
	ptn_buf_free(&text);
	ptn_buf_free(&again);
}
END_TEST

START_TEST(many_saved)
{
	unsigned char key[PTN_STORE_KEY] = {0};
	char session[1000];
	struct ptn_buf text = {0};

	for (unsigned i = 0; i < PTN_STORE_ALL; i++) {
		key[0] = (unsigned char)(i / 4);
		memset(session, (int)i, sizeof session);
		add(key, time(NULL) + 100 + i, session, sizeof session - i);
	}
	save(&text);
	ck_assert_int_eq(restore(ptn_buf_data(&text)), 0);
	ck_assert_uint_eq(ptn_store_count(store), PTN_STORE_ALL);
	for (unsigned i = PTN_STORE_ALL; i-- > 0;) { /* the latest first, as before */
		struct ptn_kept *k = store->first;

		ck_assert_int_eq(k->key[0], (int)i / 4);
		ck_assert_uint_eq(ptn_buf_len(&k->session), sizeof session - i);
		ck_assert_int_eq(*ptn_buf_data(&k->session), (char)i);
		ck_assert_int_ge(k->until, time(NULL) + 95 + i);
		ptn_kept_free(ptn_store_take(store, k->key, 0));
	}
	ptn_buf_free(&text);
}
END_TEST

/* No octet of it may change, none be missing, none be there more: a damaged session crashes GnuTLS.
 */
START_TEST(tampered)
{
	struct way w = {.version = versions[_i]};
	struct ptn_buf text = {0};
	char *s;
	size_t n;

	connect_as(&w);
	save(&text);
	n = ptn_buf_len(&text) - 1;
	s = malloc(n + 3);
	for (size_t i = 0; i < n; i++) {
		memcpy(s, ptn_buf_data(&text), n + 1);
		s[i] = s[i] == 'A' ? 'B' : 'A';
		ck_assert_msg(restore(s) == POSTERN_E_ARG, "octet %zu", i);
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(s, ptn_buf_data(&text), n);
		s[i] = '\0';
		ck_assert_msg(restore(s) == POSTERN_E_ARG, "cut at %zu", i);
	}
	memcpy(s, ptn_buf_data(&text), n);
	memcpy(s + n, "A", 2);
	ck_assert_int_eq(restore(s), POSTERN_E_ARG);
	ck_assert_int_eq(restore(""), POSTERN_E_ARG);
	ck_assert_int_eq(restore(NULL), POSTERN_E_ARG);
	ck_assert_int_eq(restore("postern-sessions 1 "), POSTERN_E_ARG);
	ck_assert_int_eq(restore("postern-sessions 2 AAAA"), POSTERN_E_ARG);
	ck_assert_int_eq(ptn_store_restore(store, ptn_buf_data(&text), secret, sizeof secret - 1),
			 POSTERN_E_ARG);
	ck_assert_int_eq(ptn_store_restore(store, ptn_buf_data(&text), secret, 15), POSTERN_E_ARG);
	ck_assert_int_eq(ptn_store_restore(store, ptn_buf_data(&text), NULL, 16), POSTERN_E_ARG);
	ck_assert_uint_eq(ptn_store_count(store), 0);
	free(s);
	ptn_buf_free(&text);
}
END_TEST

START_TEST(keys_too_short)
{
	struct way w = {.version = TLS13};
	struct ptn_buf text = {0};

	connect_as(&w);
	ck_assert_int_eq(ptn_store_save(store, secret, 15, &text), POSTERN_E_ARG);
	ck_assert_int_eq(ptn_store_save(store, NULL, 16, &text), POSTERN_E_ARG);
	ck_assert_uint_eq(ptn_buf_len(&text), 0);
	ck_assert_int_eq(ptn_store_save(store, secret, 16, &text), 0);
	ptn_buf_free(&text);
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

static int shake_short_of_memory(const struct way *w)
{
	struct peer p;
	struct ptn_tls *t;
	const struct ptn_tls_with with = {.options = &plain, .store = store, .port = PORT};
	int fault = PTN_FAULT_NO_MEMORY;
	long index = failing;

	failing = -1;
	ptn_tls_free(begin(&p, w));
	ck_assert_ptr_nonnull(ptn_buf_room(&p.in, 1 << 16));
	ck_assert_ptr_nonnull(ptn_buf_room(&p.out, 1 << 16));
	failing = index;
	requests = 0;
	t = ptn_tls_new_with(trust, HOST, &with);
	if (t) {
		for (int i = 0; i < 8 && !ptn_tls_fault(t) && ptn_tls_handshake(t) == 0; i++) {
			peer_turn(&p, t);
			if (ptn_tls_feed(t, ptn_buf_data(&p.out), ptn_buf_len(&p.out)))
				break;
			ptn_buf_took(&p.out, ptn_buf_len(&p.out));
		}
		fault = ptn_tls_handshake(t) == 1 ? 0 : ptn_tls_fault(t);
		ptn_tls_bye(t);
	}
	failing = -1;
	ptn_tls_free(t);
	peer_free(&p);
	return fault;
}

START_TEST(no_memory)
{
	struct way w = {.version = versions[_i]};
	long n = 0;

	do {
		int fault;

		connect_as(&w);
		failing = n++;
		fault = shake_short_of_memory(&w);
		ck_assert(fault == 0 || fault == PTN_FAULT_NO_MEMORY);
	} while (requests >= n);
	ck_assert_int_gt(n, 4);
}
END_TEST

START_TEST(no_memory_to_save)
{
	struct ptn_buf text = {0}, sealed = {0};
	struct way w = {.version = TLS13};
	long n = 0;
	int err;

	connect_as(&w);
	do {
		ptn_buf_free(&text);
		failing = n++;
		requests = 0;
		err = ptn_store_save(store, secret, sizeof secret, &text);
		failing = -1;
		ck_assert_int_eq(err, requests >= n ? POSTERN_E_NOMEM : 0);
		ck_assert_int_eq(ptn_buf_len(&text) == 0, err != 0);
	} while (err);
	ck_assert_int_gt(n, 3);
	save(&sealed);
	for (n = 0; n < 2; n++) {
		failing = n;
		requests = 0;
		ck_assert_int_eq(restore(ptn_buf_data(&sealed)), POSTERN_E_NOMEM);
		failing = -1;
	}
	ptn_buf_free(&text);
	ptn_buf_free(&sealed);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "resume");

	tcase_add_checked_fixture(t, make_world, free_world);
	tcase_add_loop_test(t, again_and_again, 0, VERSIONS);
	tcase_add_loop_test(t, told_like_any_other, 0, VERSIONS);
	tcase_add_test(t, other_case_of_the_name);
	tcase_add_test(t, nothing_else_has_it);
	tcase_add_loop_test(t, a_session_of_another_host, 0, VERSIONS);
	tcase_add_loop_test(t, the_certificate_is_looked_at_again, 0, VERSIONS);
	tcase_add_loop_test(t, pins_are_looked_at_again, 0, VERSIONS);
	tcase_add_loop_test(t, no_staple_no_resumption, 0, VERSIONS);
	tcase_add_test(t, not_without_the_extended_master_secret);
	tcase_add_loop_test(t, a_damaged_session, 0, VERSIONS);
	tcase_add_loop_test(t, the_server_has_forgotten, 0, VERSIONS);
	tcase_add_loop_test(t, number_of_tickets, 0, 4);
	tcase_add_test(t, late_tickets);
	tcase_add_test(t, forged_tickets);
	tcase_add_test(t, bad_finished);
	tcase_add_test(t, bounds_of_the_store);
	tcase_add_loop_test(t, lifetimes, 0, 9);
	tcase_add_loop_test(t, a_full_one_every_day, 0, VERSIONS);
	tcase_add_loop_test(t, no_longer_than_the_certificate, 0, VERSIONS);
	tcase_add_loop_test(t, saved_and_restored, 0, VERSIONS);
	tcase_add_test(t, many_saved);
	tcase_add_loop_test(t, tampered, 0, VERSIONS);
	tcase_add_test(t, keys_too_short);
	tcase_add_loop_test(t, no_memory, 0, VERSIONS);
	tcase_add_test(t, no_memory_to_save);
}
