/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * No freed memory holds the password.  The free() and realloc() of this program stand before those
 * of libc for every library in it, and look into each block before it goes.
 */
#define _GNU_SOURCE /* RTLD_NEXT, explicit_bzero */
#include <dlfcn.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "postern.h"
#include "sasl/sasl.h"

/* What is looked for: the canary, as octets and in UCS-4 as libidn keeps it; and what is as good as
 * the password to this server, the start of SaltedPassword (from salt "AAA" and 4096 iterations).
 */
#define CANARY "c4n4ryPASSWORD"
#define SALTED_SHA1 "\x3f\x0b\x50\xee\x26\x42\xca\x55\xc3\x36"
#define SALTED_SHA256 "\x15\x38\xac\xd2\xdf\x06\xbe\xf4\xf2\xa8"

/* Volatile: a compiler knows that free() changes nothing of ours. */
static volatile int watching, found, found_wide;

static int holds(const char *block, size_t n, const char *what, size_t step)
{
	size_t len = strlen(what);

	for (size_t at = 0; at + (len - 1) * step < n; at++) {
		size_t i = 0;

		while (i < len && block[at + i * step] == what[i])
			i++;
		if (i == len)
			return 1;
	}
	return 0;
}

static void look(void *p)
{
	size_t n;

	if (!watching || !p)
		return;
	n = malloc_usable_size(p);
	found += holds(p, n, CANARY, 1) || holds(p, n, SALTED_SHA1, 1) ||
		 holds(p, n, SALTED_SHA256, 1);
	found_wide += holds(p, n, CANARY, 4);
}

void free(void *p)
{
	static void (*next)(void *);

	if (!next) {
		void *symbol = dlsym(RTLD_NEXT, "free");

		memcpy(&next, &symbol, sizeof next);
	}
	look(p);
	next(p);
}

/* Always moves, so that the old block is seen. */
void *realloc(void *p, size_t n)
{
	size_t old = p ? malloc_usable_size(p) : 0;
	void *q = malloc(n ? n : 1);

	if (q && p) {
		memcpy(q, p, old < n ? old : n);
		free(p);
	}
	return q;
}

/* Nothing is left of ours.  What libgsasl leaves, and nobody else can reach: DIGEST-MD5 and NTLM
 * have copies of their own; and where the password is not ASCII it is prepared (gsasl_saslprep),
 * where neither it nor libidn below wipes: in UTF-8 the text normalised and the result, in UCS-4
 * the text decoded and enlarged, two copies on the way, and that of the check pr29_8z.  These are
 * upper bounds, met by libgsasl 2.2.0 with libidn 1.41. */
static const struct {
	const char *mechanism, *password;
	int left, left_wide;
} rows[] = {
	{"PLAIN", CANARY, 0, 0},
	{"LOGIN", CANARY, 0, 0},
	{"CRAM-MD5", CANARY, 0, 0},
	{"SCRAM-SHA-1", CANARY, 0, 0},
	{"SCRAM-SHA-256", CANARY, 0, 0},
	{"SCRAM-SHA-256-PLUS", CANARY, 0, 0},
	{"OAUTHBEARER", CANARY, 0, 0},
	{"XOAUTH2", CANARY, 0, 0},
	{"PLAIN", CANARY "\xC3\xA4", 0, 0},
	{"CRAM-MD5", CANARY "\xC3\xA4", 2, 4},
	{"SCRAM-SHA-256", CANARY "\xC3\xA4", 2, 4},
	{"DIGEST-MD5", CANARY, 3, 0},
	{"NTLM", CANARY, 0, 0},
};

/* What a server says to each, as far as it goes: two steps, or less. */
static struct ptn_sasl *begin(int row, char *password)
{
	const struct ptn_sasl_login login = {.user = "user",
					     .password = password,
					     .token = password,
					     .host = "h",
					     .binding_type = "tls-exporter",
					     .binding = (const unsigned char *)"x",
					     .binding_len = 1};
	struct ptn_sasl *c = NULL;
	int err = ptn_sasl_new(&c, rows[row].mechanism, &login);

	ck_assert(!err || (err == POSTERN_E_MECHANISM && !strcmp(rows[row].mechanism, "NTLM")));
	return c;
}

static void step(struct ptn_sasl *c, const char *in, size_t n, const char **out, size_t *len)
{
	ck_assert_int_ne(ptn_sasl_step(c, in, n, out, len), PTN_SASL_FAIL);
}

/* One exchange up to the last message of ours. */
static void exchange(int row)
{
	static const char digest[] = "realm=\"h\",nonce=\"n\",qop=\"auth\",algorithm=md5-sess";
	static const char ntlm[] = "NTLMSSP\0\2\0\0\0\0\0\0\0\x28\0\0\0\1\0\0\0abcdefgh"
				   "\0\0\0\0\0\0\0\0";
	char password[] = CANARY "\xC3\xA4", message[128];
	const char *name = rows[row].mechanism, *out, *nonce;
	struct ptn_sasl *c;
	size_t n;

	memcpy(password, rows[row].password, strlen(rows[row].password) + 1);
	c = begin(row, password);
	if (!c)
		return;
	if (!strncmp(name, "SCRAM", 5)) {
		step(c, NULL, 0, &out, &n);
		nonce = out + n - 26; /* "r=" and ours */
		memcpy(message, nonce, 26);
		memcpy(message + 26, "x,s=QUFB,i=4096", 15);
		step(c, message, 41, &out, &n);
	} else if (!strcmp(name, "DIGEST-MD5")) {
		step(c, digest, sizeof(digest) - 1, &out, &n);
	} else {
		step(c, "<1@x>", 5, &out, &n);
		if (!strcmp(name, "NTLM"))
			step(c, ntlm, sizeof(ntlm) - 1, &out, &n);
		if (!strcmp(name, "LOGIN") || !strcmp(name, "XOAUTH2"))
			step(c, "<1@x>", 5, &out, &n);
	}
	ptn_sasl_free(c);
	explicit_bzero(password, sizeof(password));
}

START_TEST(freed_memory_does_not_hold_the_password)
{
	exchange(_i); /* what is made once per process is made */
	watching = 1;
	exchange(_i);
	watching = 0;
	ck_assert_int_le(found, rows[_i].left);
	ck_assert_int_le(found_wide, rows[_i].left_wide);
}
END_TEST

/* Freed in the middle, before anything was said, too. */
START_TEST(nor_after_a_broken_exchange)
{
	char password[] = CANARY "\xC3\xA4";
	struct ptn_sasl *c;
	const char *out;
	size_t n;

	memcpy(password, rows[_i].password, strlen(rows[_i].password) + 1);
	watching = 1;
	ptn_sasl_free(begin(_i, password));
	c = begin(_i, password);
	for (int i = 0; c && i < 3; i++)
		ptn_sasl_step(c, i ? "x" : NULL, i ? 1 : 0, &out, &n);
	ptn_sasl_free(c);
	watching = 0;
	ck_assert_int_le(found, 2 * rows[_i].left);
	ck_assert_int_le(found_wide, 2 * rows[_i].left_wide);
}
END_TEST

/* The watch itself works.  Volatile, or the compiler leaves out what is written before a free(). */
START_TEST(a_block_left_as_it_was_is_found)
{
	volatile char *p = malloc(100), *wide = malloc(400), *salted = malloc(100);

	for (size_t i = 0; i < strlen(CANARY); i++) {
		p[13 + i] = CANARY[i];
		wide[20 + 4 * i] = CANARY[i];
	}
	for (size_t i = 0; i < strlen(SALTED_SHA256); i++)
		salted[i] = SALTED_SHA256[i];
	watching = 1;
	p = realloc((void *)p, 200);
	free((void *)p);
	free((void *)wide);
	free((void *)salted);
	watching = 0;
	ck_assert_int_eq(found, 3);
	ck_assert_int_eq(found_wide, 1);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "wipe");

	tcase_add_test(t, a_block_left_as_it_was_is_found);
	EACH(t, freed_memory_does_not_hold_the_password, rows);
	EACH(t, nor_after_a_broken_exchange, rows);
}
