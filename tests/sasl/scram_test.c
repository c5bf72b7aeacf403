/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SCRAM against the answers printed in the RFCs and against hostile servers.  s_nn: the rows of the
 * security requirements for SASL.
 */
#include <string.h>

#include "base/fault.h"
#include "client.h"
#include "main.h"
#include "memory.h"
#include "sasl/crypt.h"

/* ---- Ours, where it is watched or fixed. ---- */

static const char *nonce; /* NULL: a real one */
static int derived; /* how often PBKDF2 was used */
static int random_fails, hmac_fails;

int __real_ptn_crypt_nonce(struct ptn_buf *out);
int __wrap_ptn_crypt_nonce(struct ptn_buf *out);
int __real_ptn_crypt_pbkdf2(int hash, const char *password, const void *salt, size_t n,
			    unsigned count, unsigned char *out);
int __wrap_ptn_crypt_pbkdf2(int hash, const char *password, const void *salt, size_t n,
			    unsigned count, unsigned char *out);
int __real_ptn_crypt_hmac(int hash, const void *key, size_t key_len, const void *p, size_t n,
			  unsigned char *out);
int __wrap_ptn_crypt_hmac(int hash, const void *key, size_t key_len, const void *p, size_t n,
			  unsigned char *out);

int __wrap_ptn_crypt_nonce(struct ptn_buf *out)
{
	if (random_fails)
		return POSTERN_E_SYSTEM;
	return nonce ? ptn_buf_puts(out, nonce) : __real_ptn_crypt_nonce(out);
}

int __wrap_ptn_crypt_pbkdf2(int hash, const char *password, const void *salt, size_t n,
			    unsigned count, unsigned char *out)
{
	derived++;
	return __real_ptn_crypt_pbkdf2(hash, password, salt, n, count, out);
}

int __wrap_ptn_crypt_hmac(int hash, const void *key, size_t key_len, const void *p, size_t n,
			  unsigned char *out)
{
	if (hmac_fails && !--hmac_fails)
		return POSTERN_E_SYSTEM;
	return __real_ptn_crypt_hmac(hash, key, key_len, p, n, out);
}

/* ---- Known answers. ---- */

#define BOUND \
	"binding\0\xFF" \
	"data" /* 13 octets */

#define N1 "fyko+d2lbbFgONRv9qkxdawL"
#define R1 N1 "3rfcNHYJY1ZVvWVs7j"
#define FIRST1 "r=" R1 ",s=QSXCR+Q6sek8bf92,i=4096"
#define N256 "rOprNGfwEbeRWgbNEkqO"
#define R256 N256 "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
#define FIRST256 "r=" R256 ",s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"

/* The first two are those of RFC 5802 5 and RFC 7677 3; the others differ from them in the header
 * only, and were computed apart from this library. */
static const struct {
	const char *mechanism, *nonce, *binding;
	int missed;
	const char *client_first, *server_first, *client_final, *server_final;
} known[] = {
	{"SCRAM-SHA-1", N1, NULL, 0, "n,,n=user,r=" N1, FIRST1,
	 "c=biws,r=" R1 ",p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ="},
	{"SCRAM-SHA-256", N256, NULL, 0, "n,,n=user,r=" N256, FIRST256,
	 "c=biws,r=" R256 ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	 "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
	/* S-05: we could bind, and nobody offers it */
	{"SCRAM-SHA-256", N256, "tls-exporter", 1, "y,,n=user,r=" N256, FIRST256,
	 "c=eSws,r=" R256 ",p=FoqiHTtQEDE8lz1CdaEe3tK4mS+iMDTl77SPyDS53DY=",
	 "v=dI4KpiQJwBr1+V+K6U1dA6l6I4I9DUNXWND4pcpRU3U="},
	/* without the -PLUS nothing is bound, whatever is at hand */
	{"SCRAM-SHA-256", N256, "tls-exporter", 0, "n,,n=user,r=" N256, FIRST256,
	 "c=biws,r=" R256 ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
	 "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="},
	{"SCRAM-SHA-256-PLUS", N256, "tls-exporter", 0, "p=tls-exporter,,n=user,r=" N256, FIRST256,
	 "c=cD10bHMtZXhwb3J0ZXIsLGJpbmRpbmcA/2RhdGE=,r=" R256
	 ",p=p51EFl/7zlDxexNM457CDMuh0LINRhnX2PTVIDlU2L4=",
	 "v=yWLd1Tzg/EHwQE4921jcOTOHaMwm0sc4VZVUvCtFlUo="},
	{"SCRAM-SHA-1-PLUS", N1, "tls-unique", 0, "p=tls-unique,,n=user,r=" N1, FIRST1,
	 "c=cD10bHMtdW5pcXVlLCxiaW5kaW5nAP9kYXRh,r=" R1 ",p=ry0Kuq58mRVaowTmZYhrzcXXNwg=",
	 "v=QAlwyHeaPzt/38L/dz9wAIR3RU8="},
};

static struct ptn_sasl *open_known(int i)
{
	struct ptn_sasl_login login = sasl_login;

	nonce = known[i].nonce;
	login.binding_type = known[i].binding;
	login.binding = (const unsigned char *)BOUND;
	login.binding_len = sizeof(BOUND) - 1;
	login.binding_missed = known[i].missed;
	return open_as(known[i].mechanism, &login);
}

START_TEST(known_answers)
{
	struct ptn_sasl *c = open_known(_i);

	expect_text(c, NULL, PTN_SASL_MORE, known[_i].client_first);
	expect_text(c, known[_i].server_first, PTN_SASL_MORE, known[_i].client_final);
	expect_text(c, known[_i].server_final, PTN_SASL_DONE, "");
	/* nothing follows the end */
	expect_fault(c, known[_i].server_final, PTN_FAULT_AUTH_MALFORMED, "after the end");
	expect_fault(c, "", PTN_FAULT_AUTH_MALFORMED, "after the end");
	ptn_sasl_free(c);
}
END_TEST

/* Extensions stand behind what counts; those in the server's first message are signed. */
START_TEST(extensions)
{
	struct ptn_sasl *c = open_known(0);

	expect_text(c, NULL, PTN_SASL_MORE, known[0].client_first);
	expect_text(c, FIRST1, PTN_SASL_MORE, known[0].client_final);
	expect_text(c, "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=,x=y", PTN_SASL_DONE, "");
	ptn_sasl_free(c);
	c = open_known(0);
	expect_text(c, NULL, PTN_SASL_MORE, known[0].client_first);
	expect(c, FIRST1 ",x=y", sizeof(FIRST1 ",x=y") - 1, PTN_SASL_MORE,
	       "c=biws,r=" R1 ",p=gFDIAMYbdy33TxcEYV+GYzRIMJg=",
	       strlen("c=biws,r=" R1 ",p=gFDIAMYbdy33TxcEYV+GYzRIMJg="));
	ptn_sasl_free(c);
}
END_TEST

/* Every bit of the server's signature counts (S-09). */
START_TEST(s_09_one_bit)
{
	static const char *const right[] = {"v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
					    "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="};
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t n = strlen(right[_i]);

	for (size_t at = 2; at < n - 2; at++) {
		char wrong[64];
		struct ptn_sasl *c = open_known(_i);
		const char *digit;

		memcpy(wrong, right[_i], n + 1);
		digit = strchr(digits, wrong[at]);
		ck_assert_ptr_nonnull(digit);
		wrong[at] = digits[(digit - digits) ^ 1];
		expect_text(c, NULL, PTN_SASL_MORE, known[_i].client_first);
		expect_text(c, known[_i].server_first, PTN_SASL_MORE, known[_i].client_final);
		expect_fault(c, wrong, PTN_FAULT_AUTH_UNPROVEN, "wrong");
		ptn_sasl_free(c);
	}
}
END_TEST

START_TEST(nonces_differ)
{
	char seen[64] = "";

	for (int i = 0; i < 3; i++) {
		struct ptn_sasl *c = open_client("SCRAM-SHA-256", "a,b=c", "pencil");
		const char *out;
		size_t n;

		ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
		ck_assert_uint_eq(n, 17 + 24);
		ck_assert_mem_eq(out, "n,,n=a=2Cb=3Dc,r=", 17);
		ck_assert(memcmp(seen, out + 17, 24) != 0);
		memcpy(seen, out + 17, 24);
		ck_assert_ptr_null(memchr(seen, ',', 24));
		ptn_sasl_free(c);
	}
}
END_TEST

/* Without binding data there is no -PLUS. */
START_TEST(s_06_nothing_to_bind)
{
	struct ptn_sasl *c;

	ck_assert_int_eq(ptn_sasl_new(&c, "SCRAM-SHA-256-PLUS", &sasl_login), POSTERN_E_MECHANISM);
	ck_assert_ptr_null(c);
	ck_assert_int_eq(ptn_sasl_new(&c, "SCRAM-SHA-1-PLUS", &sasl_login), POSTERN_E_MECHANISM);
}
END_TEST

/* ---- What a server may say first. ---- */

#define SALT "QSXCR+Q6sek8bf92"

/* In a message @ stands for our nonce, and # for a NUL. */
static size_t fill(char *to, const char *text, const char *own, size_t own_len)
{
	char *at = to;

	for (; *text; text++) {
		if (*text == '@') {
			memcpy(at, own, own_len);
			at += own_len;
		} else {
			*at++ = *text == '#' ? '\0' : *text;
		}
	}
	return (size_t)(at - to);
}

static const struct {
	const char *row, *message;
	int result, fault;
} server_first[] = {
	{"S-07 i=1", "r=@x,s=" SALT ",i=1", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 i=4095", "r=@x,s=" SALT ",i=4095", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 i=0", "r=@x,s=" SALT ",i=0", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 i=1000001", "r=@x,s=" SALT ",i=1000001", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 2^32+1", "r=@x,s=" SALT ",i=4294967297", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-07 2^64+1", "r=@x,s=" SALT ",i=18446744073709551617", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_UNSAFE},
	{"S-07 2^64+4096", "r=@x,s=" SALT ",i=18446744073709555712", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_UNSAFE},
	{"S-07 i=04096", "r=@x,s=" SALT ",i=04096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i=4096x", "r=@x,s=" SALT ",i=4096x", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i=+4096", "r=@x,s=" SALT ",i=+4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i=-1", "r=@x,s=" SALT ",i=-1", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i= 4096", "r=@x,s=" SALT ",i= 4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i=", "r=@x,s=" SALT ",i=", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 i", "r=@x,s=" SALT ",i", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 missing", "r=@x,s=" SALT, PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 missing, comma", "r=@x,s=" SALT ",", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-07 least", "r=@x,s=" SALT ",i=4096", PTN_SASL_MORE, 0},
	{"S-07 many", "r=@x,s=" SALT ",i=600000", PTN_SASL_MORE, 0},
	{"S-08 other nonce", "r=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxx,s=" SALT ",i=4096", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_UNSAFE},
	{"S-08 nonce behind", "r=x@,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-08 ours alone", "r=@,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-08 empty nonce", "r=,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-08 nonce with blank", "r=@ x,s=" SALT ",i=4096", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_MALFORMED},
	{"S-08 nonce with 8 bits", "r=@\xE4,s=" SALT ",i=4096", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_MALFORMED},
	{"S-08 empty salt", "r=@x,s=,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNSAFE},
	{"S-08 salt not base64", "r=@x,s=AAA,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 salt not base64", "r=@x,s=A*AA,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 salt not canonical", "r=@x,s=AB==,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 m= first", "m=ext,r=@x,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 m= second", "r=@x,m=ext,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 extension", "r=@x,s=" SALT ",i=4096,x=y", PTN_SASL_MORE, 0},
	{"S-08 NUL in nonce", "r=@x#,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 NUL in salt", "r=@x,s=QUFB#,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 NUL in count", "r=@x,s=" SALT ",i=4096#", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-08 NUL in extension", "r=@x,s=" SALT ",i=4096,x=#", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_MALFORMED},
	{"order", "s=" SALT ",r=@x,i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"case", "R=@x,S=" SALT ",I=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"empty", "", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
	{"S-09 e= at once", "e=unknown-user", PTN_SASL_FAIL, PTN_FAULT_AUTH_REFUSED},
	{"S-09 e= at once", "e=other-error", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN},
	{"S-09 v= at once", "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=", PTN_SASL_FAIL,
	 PTN_FAULT_AUTH_MALFORMED},
	{"S-10 words", "NTLM supported", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED},
};

static void first_message(const char *mechanism, int row)
{
	struct ptn_sasl *c = open_client(mechanism, "user", "pencil");
	char message[256];
	const char *out;
	size_t n;
	int result;

	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
	n = fill(message, server_first[row].message, out + 12, n - 12); /* behind n,,n=user,r= */
	derived = 0;
	result = ptn_sasl_step(c, message, n, &out, &n);
	ck_assert_msg(result == server_first[row].result, "%s: %d, %s", server_first[row].row,
		      result, ptn_sasl_detail(c));
	ck_assert_msg(ptn_sasl_fault(c) == server_first[row].fault, "%s: %s", server_first[row].row,
		      ptn_fault_id(ptn_sasl_fault(c)));
	ck_assert_int_eq(result == PTN_SASL_FAIL, ptn_sasl_detail(c)[0] != '\0');
	ck_assert_int_eq(result == PTN_SASL_FAIL, n == 0);
	ck_assert_int_eq(result == PTN_SASL_FAIL, derived == 0); /* refused before any work */
	ptn_sasl_free(c);
}

START_TEST(s_07_s_08_server_first)
{
	first_message("SCRAM-SHA-256", _i);
	first_message("SCRAM-SHA-1", _i);
}
END_TEST

START_TEST(s_08_an_unknown_extension_is_named_so)
{
	struct ptn_sasl *c = open_known(0);

	expect_text(c, NULL, PTN_SASL_MORE, known[0].client_first);
	expect_fault(c, "m=ext," FIRST1, PTN_FAULT_AUTH_MALFORMED, "extension");
	ptn_sasl_free(c);
}
END_TEST

/* ---- And last. ---- */

/* = stands for the right signature, ~ for one with a bit changed, # for a NUL. */
static const struct {
	const char *row, *message;
	int result, fault;
	const char *detail; /* a part of it */
} server_final[] = {
	{"right", "v==", PTN_SASL_DONE, 0, ""},
	{"right, extension", "v==,x=y", PTN_SASL_DONE, 0, ""},
	{"S-09 one bit", "v=~", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 cut", "v=AAAA", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 nothing", "v=", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 doubled", "v===", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 not base64", "v=****", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "wrong"},
	{"S-09 missing", "x=y", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "missing"},
	{"S-09 second", "x=y,v==", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "missing"},
	{"S-09 empty", "", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "missing"},
	{"S-09 NUL", "v==#", PTN_SASL_FAIL, PTN_FAULT_AUTH_MALFORMED, "NUL"},
	{"S-09 error", "e=other-error", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "e=other-error"},
	{"S-09 the proof", "e=invalid-proof", PTN_SASL_FAIL, PTN_FAULT_AUTH_REFUSED,
	 "e=invalid-proof"},
	{"S-09 unknown error", "e=\x1B[2J", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "of its own"},
	{"S-09 both", "e=other-error,v==", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "e=other-error"},
	{"S-09 again", "r=@x,s=" SALT ",i=4096", PTN_SASL_FAIL, PTN_FAULT_AUTH_UNPROVEN, "missing"},
};

static size_t fill_final(char *to, const char *text, const char *right)
{
	char *at = to;

	for (size_t i = 0; text[i]; i++) {
		if ((text[i] == '=' && i > 1 && text[i - 1] == '=') || text[i] == '~') {
			memcpy(at, right, strlen(right));
			if (text[i] == '~')
				at[5] = (char)(at[5] == 'A' ? 'B' : 'A');
			at += strlen(right);
		} else {
			*at++ = text[i] == '#' ? '\0' : text[i];
		}
	}
	return (size_t)(at - to);
}

START_TEST(s_09_server_final)
{
	struct ptn_sasl *c = open_known(1);
	char message[256];
	const char *out;
	size_t n = fill_final(message, server_final[_i].message, known[1].server_final + 2);
	int result;

	expect_text(c, NULL, PTN_SASL_MORE, known[1].client_first);
	expect_text(c, known[1].server_first, PTN_SASL_MORE, known[1].client_final);
	result = ptn_sasl_step(c, message, n, &out, &n);
	ck_assert_msg(result == server_final[_i].result, "%s", server_final[_i].row);
	ck_assert_uint_eq(n, 0);
	ck_assert_str_eq(ptn_fault_id(ptn_sasl_fault(c)), ptn_fault_id(server_final[_i].fault));
	ck_assert_msg(strstr(ptn_sasl_detail(c), server_final[_i].detail) != NULL, "%s: %s",
		      server_final[_i].row, ptn_sasl_detail(c));
	ptn_sasl_free(c);
}
END_TEST

/* S-04: the exchange is not done before the server's signature was seen, so that a 235 that comes
 * after our first or our second message is refused by whoever asks for DONE. */
START_TEST(s_04_done_with_the_signature_only)
{
	struct ptn_sasl *c = open_known(0);

	expect_text(c, NULL, PTN_SASL_MORE, known[0].client_first);
	expect_text(c, FIRST1, PTN_SASL_MORE, known[0].client_final);
	expect_text(c, known[0].server_final, PTN_SASL_DONE, "");
	ptn_sasl_free(c);
}
END_TEST

/* ---- The cache. ---- */

/* The proof for this server's words, with this cache or without. */
static void prove(const char *mechanism, struct ptn_sasl_cache *cache, const char *rest,
		  char *proof)
{
	struct ptn_sasl_login login = sasl_login;
	char message[256] = "r=" N1 "x";
	struct ptn_sasl *c;
	const char *out;
	size_t n;

	login.cache = cache;
	nonce = N1;
	c = open_as(mechanism, &login);
	expect_text(c, NULL, PTN_SASL_MORE, "n,,n=user,r=" N1);
	strcat(message, rest);
	ck_assert_int_eq(ptn_sasl_step(c, message, strlen(message), &out, &n), PTN_SASL_MORE);
	memcpy(proof, out, n);
	proof[n] = '\0';
	ptn_sasl_free(c);
}

/* It is the same with the cache and without; gives how often the password was derived with it. */
static int cached(const char *mechanism, struct ptn_sasl_cache *cache, const char *rest)
{
	char with[256], without[256];
	int count;

	derived = 0;
	prove(mechanism, cache, rest, with);
	count = derived;
	prove(mechanism, NULL, rest, without);
	ck_assert_str_eq(with, without);
	return count;
}

START_TEST(the_password_is_derived_once)
{
	static const struct {
		const char *mechanism, *rest;
		int derived;
	} times[] = {
		{"SCRAM-SHA-256", ",s=QSXCR+Q6sek8bf92,i=4096", 1},
		{"SCRAM-SHA-256", ",s=QSXCR+Q6sek8bf92,i=4096,x=y", 0},
		{"SCRAM-SHA-256", ",s=QSXCR+Q6sek8bf92,i=4097", 1},
		{"SCRAM-SHA-256", ",s=QSXCR+Q6sek8bf9A,i=4097", 1},
		{"SCRAM-SHA-256", ",s=QSXCR+Q6sek8,i=4097", 1},
		{"SCRAM-SHA-1", ",s=QSXCR+Q6sek8,i=4097", 1},
		{"SCRAM-SHA-1", ",s=QSXCR+Q6sek8,i=4097", 0},
	};
	struct ptn_sasl_cache cache = {0};

	for (size_t i = 0; i < sizeof(times) / sizeof(*times); i++)
		ck_assert_int_eq(cached(times[i].mechanism, &cache, times[i].rest),
				 times[i].derived);
}
END_TEST

/* A salt too long to be kept is none the less used. */
START_TEST(a_long_salt)
{
	struct ptn_sasl_cache cache = {0};
	char rest[128] = ",s=";

	memset(rest + 3, 'A', 88); /* 66 octets */
	strcat(rest, ",i=4096");
	ck_assert_int_eq(cached("SCRAM-SHA-256", &cache, rest), 1);
	ck_assert_uint_eq(cache.size, 0);
	memcpy(rest + 87, ",i=4096", 8); /* 63 */
	ck_assert_int_eq(cached("SCRAM-SHA-256", &cache, rest), 1);
	ck_assert_uint_eq(cache.salt_len, 63);
	ck_assert_int_eq(cached("SCRAM-SHA-256", &cache, rest), 0);
}
END_TEST

/* ---- Failures. ---- */

START_TEST(what_gnutls_refuses)
{
	struct ptn_sasl *c = open_known(0);

	random_fails = 1;
	expect_fault(c, NULL, PTN_FAULT_SYSTEM, "GnuTLS");
	random_fails = 0;
	ptn_sasl_free(c);
	for (int at = 1; at <= 4; at++) {
		c = open_known(0);
		expect_text(c, NULL, PTN_SASL_MORE, known[0].client_first);
		hmac_fails = at;
		expect_fault(c, FIRST1, PTN_FAULT_SYSTEM, "GnuTLS");
		ck_assert_int_eq(hmac_fails, 0);
		ptn_sasl_free(c);
	}
}
END_TEST

/* Each request for memory fails in turn, through a whole exchange: done, or it says so. */
START_TEST(memory_fails_at_each_place)
{
	int granted = 0, done = 0;

	for (; !done; granted++) {
		struct ptn_sasl_login login = sasl_login;
		struct ptn_sasl *c = NULL;
		const char *const says[] = {NULL, known[_i].server_first, known[_i].server_final};
		const char *out;
		size_t n;
		int rc, result = PTN_SASL_MORE;

		ck_assert_int_lt(granted, 30);
		nonce = known[_i].nonce;
		login.binding_type = known[_i].binding;
		login.binding = (const unsigned char *)BOUND;
		login.binding_len = sizeof(BOUND) - 1;
		login.binding_missed = known[_i].missed;
		grants = granted;
		rc = ptn_sasl_new(&c, known[_i].mechanism, &login);
		ck_assert(rc == 0 || rc == POSTERN_E_NOMEM);
		for (int step = 0; !rc && result == PTN_SASL_MORE; step++)
			result = ptn_sasl_step(c, says[step], says[step] ? strlen(says[step]) : 0,
					       &out, &n);
		grants = -1;
		if (!rc && result == PTN_SASL_FAIL)
			ck_assert_str_eq(ptn_fault_id(ptn_sasl_fault(c)),
					 ptn_fault_id(PTN_FAULT_NO_MEMORY));
		ptn_sasl_free(c);
		done = !rc && result == PTN_SASL_DONE;
	}
	ck_assert_int_ge(granted, 7);
}
END_TEST

static void begin_anew(void)
{
	grants = -1;
	nonce = NULL;
	derived = random_fails = hmac_fails = 0;
}

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "scram");

	tcase_add_checked_fixture(t, begin_anew, NULL);
	EACH(t, known_answers, known);
	tcase_add_test(t, extensions);
	tcase_add_loop_test(t, s_09_one_bit, 0, 2);
	tcase_add_test(t, nonces_differ);
	tcase_add_test(t, s_06_nothing_to_bind);
	EACH(t, s_07_s_08_server_first, server_first);
	tcase_add_test(t, s_08_an_unknown_extension_is_named_so);
	EACH(t, s_09_server_final, server_final);
	tcase_add_test(t, s_04_done_with_the_signature_only);
	tcase_add_test(t, the_password_is_derived_once);
	tcase_add_test(t, a_long_salt);
	tcase_add_test(t, what_gnutls_refuses);
	EACH(t, memory_fails_at_each_place, known);
}
