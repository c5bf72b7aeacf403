/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Secrets have one owner: the writable memory of this process is searched for them, in the clear
 * and as base64 at each alignment, after signing in, after failing to, and after memory gave out
 * anywhere on the way.  What is looked for is itself kept in disguise.
 */
#define _XOPEN_SOURCE 700
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "fixture.h"
#include "main.h"
#include "memory.h"

/* ---- What is looked for. ---- */

enum { DISGUISE = 0xA5, FORMS = 4, LONGEST = 64 };

struct form { /* of the secret: as it is, or the middle of its base64, each octet in disguise */
	unsigned char octets[LONGEST];
	size_t n;
};

static struct form forms[FORMS];
static int found[FORMS];

/* No literal: that would be found too. */
static void make_secret(char *to)
{
	static const unsigned char hidden[] = {0xC6, 0x91, 0xCB, 0x91, 0xD7, 0xDC, 0x88, 0xF6, 0xE0,
					       0xE6, 0xF7, 0xE0, 0xF1, 0x92, 0x9C, 0xF4, 0xE4};

	for (size_t i = 0; i < sizeof(hidden); i++)
		to[i] = (char)(hidden[i] ^ DISGUISE);
	to[sizeof(hidden)] = '\0';
}

static void disguise(struct form *f, const char *p, size_t n)
{
	ck_assert_uint_le(n, LONGEST);
	for (f->n = 0; f->n < n; f->n++)
		f->octets[f->n] = (unsigned char)(p[f->n] ^ DISGUISE);
}

static void make_forms(void)
{
	char padded[40] = "xx", *secret = padded + 2;
	size_t n;

	make_secret(secret);
	n = strlen(secret);
	disguise(&forms[0], secret, n);
	for (size_t k = 0; k < 3; k++) {
		struct ptn_buf b = {0};
		size_t from = (k * 8 + 5) / 6, to = (k + n) * 8 / 6;

		ck_assert_int_eq(ptn_text_base64(&b, secret - k, n + k), 0);
		disguise(&forms[k + 1], ptn_buf_data(&b) + from, to - from);
		ptn_buf_free(&b);
	}
	ptn_mem_wipe(padded, sizeof(padded));
}

/* ---- The search. ---- */

static int is_form(const struct form *f, const unsigned char *p)
{
	for (size_t i = 0; i < f->n; i++)
		if ((p[i] ^ DISGUISE) != f->octets[i])
			return 0;
	return 1;
}

static void search_block(const unsigned char *p, size_t n, size_t overlap)
{
	for (size_t i = 0; i < n; i++)
		for (int k = 0; k < FORMS; k++)
			if ((p[i] ^ DISGUISE) == forms[k].octets[0] && i + forms[k].n <= n &&
			    i + forms[k].n > overlap)
				found[k] += is_form(&forms[k], p + i);
}

/* Blocks overlap, so that nothing is missed at their borders, and each is wiped behind the look. */
static void search_range(int memory, unsigned long long at, unsigned long long end)
{
	enum { BLOCK = 1 << 16 };
	static unsigned char block[BLOCK];
	size_t overlap = 0;

	while (at < end) {
		unsigned long long left = end - at;
		size_t want = left < BLOCK ? (size_t)left : BLOCK;
		ssize_t got = pread(memory, block, want, (off_t)at);

		if (got <= 0)
			return; /* guard pages and the like */
		search_block(block, (size_t)got, overlap);
		ptn_mem_wipe(block, sizeof(block));
		if ((size_t)got <= LONGEST || at + (size_t)got >= end)
			return;
		overlap = LONGEST;
		at += (size_t)got - LONGEST;
	}
}

static void search(void)
{
	FILE *maps = fopen("/proc/self/maps", "r");
	int memory = open("/proc/self/mem", O_RDONLY);
	char line[512];

	memset(found, 0, sizeof(found));
	ck_assert(maps != NULL && memory >= 0);
	while (fgets(line, sizeof(line), maps)) {
		unsigned long long from, to;
		char access[8];

		if (sscanf(line, "%llx-%llx %7s", &from, &to, access) == 3 && access[0] == 'r' &&
		    access[1] == 'w')
			search_range(memory, from, to);
	}
	fclose(maps);
	close(memory);
}

/* So many as they are, and none encoded. */
static void holds(int owners, const char *where)
{
	search();
	ck_assert_msg(found[0] == owners && !found[1] && !found[2] && !found[3],
		      "%s: %d in the clear, not %d; in base64 %d %d %d", where, found[0], owners,
		      found[1], found[2], found[3]);
}

/* ---- Signing in. ---- */

static ptrdiff_t give_token(void *arg, const char *refusal, char *buf, size_t cap)
{
	char secret[32];
	size_t n;

	(void)arg, (void)refusal;
	make_secret(secret);
	n = strlen(secret);
	ck_assert_uint_lt(n, cap);
	memcpy(buf, secret, n);
	ptn_mem_wipe(secret, sizeof(secret));
	return (ptrdiff_t)n;
}

static const struct row {
	const char *mechanism;
	int token;
} rows[] = {
	{"PLAIN", 0},         {"LOGIN", 0},       {"CRAM-MD5", 0}, {"SCRAM-SHA-1", 0},
	{"SCRAM-SHA-256", 0}, {"OAUTHBEARER", 1}, {"XOAUTH2", 1},
};

/* A server that knows the secret, or one that knows another. */
static void open_box(struct box *b, int right)
{
	char user[64] = "user:", secret[32];

	make_secret(secret);
	strcat(user, secret);
	if (!right)
		user[6] ^= 1;
	/* The first user is told of where we read it. */
	box_open(b, "implicit", NULL, "--judge", "--user", "other:other", "--user", user, "--token",
		 user, "--mechanisms",
		 "PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256 OAUTHBEARER XOAUTH2", NULL);
	ptn_mem_wipe(user, sizeof(user));
	ptn_mem_wipe(secret, sizeof(secret));
}

static postern *client(const struct box *b, const struct row *r, int by_url)
{
	char secret[32], url[128];
	postern *p;
	int err = 0;

	make_secret(secret);
	snprintf(url, sizeof(url), "smtp://%s%s%s127.0.0.1?ports=%d/implicit",
		 by_url ? "user:" : "", by_url ? secret : "", by_url ? "@" : "", b->port[0]);
	p = postern_new(url);
	ptn_mem_wipe(url, sizeof(url));
	if (r->token)
		err = postern_set_token(p, "user", give_token, NULL);
	else if (!by_url)
		err = postern_set_login(p, "user", secret);
	ptn_mem_wipe(secret, sizeof(secret));
	err = err ? err : postern_set_trust(p, b->ca);
	err = err ? err : postern_set_mechanisms(p, r->mechanism);
	err = err ? err : postern_set_limit(p, POSTERN_LIMIT_OVERALL, 5000);
	return p;
}

static void signs_in(const struct row *r, int right, int by_url)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	open_box(&b, right);
	holds(0, "before");
	p = client(&b, r, by_url);
	holds(!r->token, "set");
	if (right)
		ck_assert_msg(postern_send(p, m) == 0, "%s", postern_mail_error(m));
	else
		ck_assert_str_eq((postern_send(p, m), postern_mail_error_id(m)),
				 r->token ? "auth-token-refused" : "auth-refused");
	holds(!r->token, "sent");
	postern_free(p);
	holds(0, "freed");
	postern_mail_free(m);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	box_close(&b);
}

START_TEST(after_signing_in)
{
	signs_in(&rows[_i], 1, 0);
}
END_TEST

START_TEST(after_a_url)
{
	signs_in(&rows[0], 1, 1);
}
END_TEST

START_TEST(after_a_refusal)
{
	signs_in(&rows[_i], 0, 0);
}
END_TEST

/* Each request for memory of the library's fails, once, or from there on. */
START_TEST(after_a_shortage)
{
	struct box b;
	int done = 0;

	open_box(&b, 1);
	for (int at = 0; !done; at++) {
		postern_mail *m = a_mail("a@example.com");
		postern *p;

		ck_assert_int_lt(at, 500);
		refused = 0;
		refuse_once = _i & 1;
		grants = at;
		p = client(&b, &rows[_i / 2], 0);
		postern_send(p, m);
		grants = -1;
		done = !refused;
		postern_free(p);
		postern_mail_free(m);
		holds(0, "freed");
	}
	box_close(&b);
}
END_TEST

/* The search itself works. */
START_TEST(what_is_there_is_found)
{
	static const struct {
		const char *front;
		int form;
	} rows_found[] = {{"", 1}, {"x", 2}, {"xx", 3}, {"xxx", 1}};
	struct ptn_buf b = {0};
	char *secret = malloc(40);

	ck_assert_ptr_nonnull(secret);
	holds(0, "before");
	make_secret(secret);
	holds(1, "one");
	for (size_t i = 0; i < 4; i++) {
		char whole[48];

		snprintf(whole, sizeof(whole), "%s%s", rows_found[i].front, secret);
		ck_assert_int_eq(ptn_text_base64(&b, whole, strlen(whole)), 0);
		ptn_mem_wipe(whole, sizeof(whole));
		search();
		ck_assert_int_eq(found[0], 1);
		ck_assert_int_eq(found[rows_found[i].form], 1);
		ptn_buf_clear(&b);
	}
	ptn_mem_wipe(secret, 40);
	holds(0, "wiped");
	free(secret);
	ptn_buf_free(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "canary");

	tcase_add_checked_fixture(t, make_forms, NULL);
	tcase_add_test(t, what_is_there_is_found);
	EACH(t, after_signing_in, rows);
	tcase_add_test(t, after_a_url);
	EACH(t, after_a_refusal, rows);
	tcase_add_loop_test(t, after_a_shortage, 0, 2 * (int)(sizeof(rows) / sizeof(*rows)));
}
