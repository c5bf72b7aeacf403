/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SCRAM-SHA-1 and SCRAM-SHA-256, with and without channel binding (RFC 5802, RFC 7677).  Whatever a
 * server says is looked at before any work is done for it, and only its right signature ends the
 * exchange well.
 */
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "sasl/crypt.h"
#include "sasl/mechanism.h"

enum { LEAST_ITERATIONS = 4096, MOST_ITERATIONS = 1000000 };

struct scram {
	int hash, plus;
	struct ptn_buf header; /* gs2-header */
	struct ptn_buf message; /* AuthMessage, as far as it is known; nothing secret */
	struct ptn_buf nonce; /* ours */
	struct ptn_buf salt;
	unsigned char signature[PTN_HASH_MOST]; /* that the server must prove itself with */
};

struct part {
	const char *at;
	size_t n;
};

struct server_first {
	struct part nonce;
	unsigned count; /* the salt is in struct scram, decoded */
};

/* ---- What the server says. ---- */

/* Take "k=value" and the comma behind it from the front of *rest. */
static int take(struct part *rest, char key, struct part *value)
{
	const char *comma;

	if (rest->n < 2 || rest->at[0] != key || rest->at[1] != '=')
		return -1;
	value->at = rest->at + 2;
	comma = memchr(value->at, ',', rest->n - 2);
	value->n = comma ? (size_t)(comma - value->at) : rest->n - 2;
	rest->n -= 2 + value->n + (comma != NULL);
	rest->at = value->at + value->n + (comma != NULL);
	return 0;
}

static int malformed(struct ptn_sasl *s, const char *detail)
{
	return ptn_sasl_refuse(s, PTN_FAULT_AUTH_MALFORMED, detail);
}

static int unsafe(struct ptn_sasl *s, const char *detail)
{
	return ptn_sasl_refuse(s, PTN_FAULT_AUTH_UNSAFE, detail);
}

static int check_nonce(struct ptn_sasl *s, const struct ptn_buf *own, struct part nonce)
{
	size_t ours = ptn_buf_len(own);

	for (size_t i = 0; i < nonce.n; i++)
		if (nonce.at[i] < 0x21 || nonce.at[i] > 0x7E)
			return malformed(s, "the nonce is not printable");
	if (nonce.n < ours || memcmp(nonce.at, ptn_buf_data(own), ours) != 0)
		return unsafe(s, "the nonce does not begin with ours");
	if (nonce.n == ours)
		return unsafe(s, "the server added nothing to the nonce");
	return 0;
}

static int read_salt(struct ptn_sasl *s, struct ptn_buf *to, struct part salt)
{
	int bad;

	ptn_buf_clear(to);
	bad = ptn_text_unbase64(to, salt.at, salt.n);
	if (bad == POSTERN_E_NOMEM)
		return ptn_sasl_broken(s, bad);
	if (bad)
		return malformed(s, "the salt is not base64");
	return ptn_buf_len(to) ? 0 : unsafe(s, "the salt is empty");
}

/* The count is what makes guessing dear, and what a server could keep us busy with for hours. */
static int read_count(struct ptn_sasl *s, struct part count, unsigned *out)
{
	unsigned long long n;

	if (!count.n || (count.n > 1 && count.at[0] == '0'))
		return malformed(s, "the iteration count is not a number");
	for (size_t i = 0; i < count.n; i++)
		if (!ptn_text_is_digit((unsigned char)count.at[i]))
			return malformed(s, "the iteration count is not a number");
	if (ptn_text_number(count.at, count.n, MOST_ITERATIONS, &n))
		return unsafe(s, "the iteration count is above 1000000");
	if (n < LEAST_ITERATIONS)
		return unsafe(s, "the iteration count is below 4096");
	*out = (unsigned)n;
	return 0;
}

/* RFC 5802 7, server-error-value. */
static int server_error(struct ptn_sasl *s, struct part value)
{
#define SAYS(name) \
	{ \
		name, "the server ended SCRAM with e=" name \
	}
	static const struct {
		const char *name, *detail;
	} errors[] = {
		SAYS("invalid-proof"), /* these two: what 535 would say */
		SAYS("unknown-user"),
		SAYS("invalid-encoding"),
		SAYS("extensions-not-supported"),
		SAYS("channel-bindings-dont-match"),
		SAYS("server-does-support-channel-binding"),
		SAYS("channel-binding-not-supported"),
		SAYS("unsupported-channel-binding-type"),
		SAYS("invalid-username-encoding"),
		SAYS("no-resources"),
		SAYS("other-error"),
	};
#undef SAYS

	for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
		if (ptn_text_same(errors[i].name, strlen(errors[i].name), value.at, value.n))
			return ptn_sasl_refuse(
				s, i < 2 ? PTN_FAULT_AUTH_REFUSED : PTN_FAULT_AUTH_UNPROVEN,
				errors[i].detail);
	return ptn_sasl_refuse(s, PTN_FAULT_AUTH_UNPROVEN,
			       "the server ended SCRAM with an error of its own");
}

/* server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions] */
static int read_first(struct ptn_sasl *s, struct part in, struct server_first *first)
{
	struct scram *x = s->state;
	struct part salt, count, value;
	int bad;

	if (in.n && memchr(in.at, '\0', in.n))
		return malformed(s, "a SCRAM message holds a NUL");
	if (!take(&in, 'e', &value))
		return server_error(s, value);
	if (!take(&in, 'm', &value))
		return malformed(s, "the server demands a SCRAM extension that nobody has defined");
	if (take(&in, 'r', &first->nonce) || take(&in, 's', &salt) || take(&in, 'i', &count))
		return malformed(s, "the server's first SCRAM message lacks r=, s= or i=");
	bad = check_nonce(s, &x->nonce, first->nonce);
	bad = bad ? bad : read_salt(s, &x->salt, salt);
	return bad ? bad : read_count(s, count, &first->count);
}

/* ---- RFC 5802 3. ---- */

static int is_cached(const struct ptn_sasl_cache *c, const struct scram *x, unsigned count)
{
	return c && c->size == ptn_hash_size(x->hash) && c->count == count &&
	       c->salt_len == ptn_buf_len(&x->salt) &&
	       memcmp(c->salt, ptn_buf_data(&x->salt), c->salt_len) == 0;
}

static void keep(struct ptn_sasl_cache *c, const struct scram *x, unsigned count,
		 const unsigned char *salted)
{
	size_t n = ptn_buf_len(&x->salt);

	if (!c || n > sizeof(c->salt))
		return;
	c->size = ptn_hash_size(x->hash);
	c->count = count;
	c->salt_len = n;
	memcpy(c->salt, ptn_buf_data(&x->salt), n);
	memcpy(c->salted, salted, c->size);
}

static int make_salted(struct ptn_sasl *s, unsigned count, unsigned char *salted)
{
	struct scram *x = s->state;
	int err;

	if (is_cached(s->login.cache, x, count)) {
		memcpy(salted, s->login.cache->salted, ptn_hash_size(x->hash));
		return 0;
	}
	err = ptn_crypt_pbkdf2(x->hash, s->password, ptn_buf_data(&x->salt), ptn_buf_len(&x->salt),
			       count, salted);
	if (!err)
		keep(s->login.cache, x, count, salted);
	return err;
}

struct keys { /* all of it secret */
	unsigned char salted[PTN_HASH_MOST], client[PTN_HASH_MOST], stored[PTN_HASH_MOST];
	unsigned char server[PTN_HASH_MOST], proof[PTN_HASH_MOST];
};

static int hmac_text(int hash, const unsigned char *key, const char *p, size_t n,
		     unsigned char *out)
{
	return ptn_crypt_hmac(hash, key, ptn_hash_size(hash), p, n, out);
}

/* The proof, and the signature that the server must have. */
static int prove(struct ptn_sasl *s, unsigned count, struct keys *k)
{
	struct scram *x = s->state;
	const char *message = ptn_buf_data(&x->message);
	size_t n = ptn_buf_len(&x->message), size = ptn_hash_size(x->hash);
	int err = make_salted(s, count, k->salted);

	err = err ? err : hmac_text(x->hash, k->salted, "Client Key", 10, k->client);
	err = err ? err : ptn_crypt_hash(x->hash, k->client, size, k->stored);
	err = err ? err : hmac_text(x->hash, k->stored, message, n, k->proof);
	for (size_t i = 0; i < size; i++)
		k->proof[i] ^= k->client[i];
	err = err ? err : hmac_text(x->hash, k->salted, "Server Key", 10, k->server);
	return err ? err : hmac_text(x->hash, k->server, message, n, x->signature);
}

/* ---- The messages. ---- */

static int begin(struct ptn_sasl *s)
{
	struct scram *x = s->state;
	size_t n = strlen(s->name);

	x->plus = n > 5 && strcmp(s->name + n - 5, "-PLUS") == 0;
	x->hash = s->name[10] == '1' ? PTN_HASH_SHA1 : PTN_HASH_SHA256;
	if (x->plus && !s->login.binding_type)
		return POSTERN_E_MECHANISM;
	return ptn_sasl_prepare(s);
}

/* gs2-header: whether we bind, would have, or cannot; and no authorization identity. */
static int put_header(const struct ptn_sasl *s, struct scram *x)
{
	int err;

	if (!x->plus)
		return ptn_buf_puts(&x->header, s->login.binding_missed ? "y,," : "n,,");
	err = ptn_buf_puts(&x->header, "p=");
	err = err ? err : ptn_buf_puts(&x->header, s->login.binding_type);
	return err ? err : ptn_buf_puts(&x->header, ",,");
}

static int say_first(struct ptn_sasl *s)
{
	struct scram *x = s->state;
	int err = put_header(s, x);

	err = err ? err : ptn_crypt_nonce(&x->nonce);
	err = err ? err : ptn_buf_puts(&x->message, "n=");
	err = err ? err : ptn_sasl_put_name(&x->message, s->user);
	err = err ? err : ptn_buf_puts(&x->message, ",r=");
	err = err ? err : ptn_buf_add(&x->message, ptn_buf_data(&x->nonce), ptn_buf_len(&x->nonce));
	err = err ? err : ptn_buf_add(&s->out, ptn_buf_data(&x->header), ptn_buf_len(&x->header));
	err = err ? err : ptn_buf_add(&s->out, ptn_buf_data(&x->message), ptn_buf_len(&x->message));
	return err ? ptn_sasl_broken(s, err) : PTN_SASL_MORE;
}

/* client-final-message-without-proof; what is bound stands behind the header in c=. */
static int put_final(struct ptn_sasl *s, struct scram *x, struct part nonce)
{
	int err = ptn_buf_puts(&s->out, "c=");

	if (x->plus)
		err = err ? err : ptn_buf_add(&x->header, s->login.binding, s->login.binding_len);
	err = err ? err
		  : ptn_text_base64(&s->out, ptn_buf_data(&x->header), ptn_buf_len(&x->header));
	err = err ? err : ptn_buf_puts(&s->out, ",r=");
	return err ? err : ptn_buf_add(&s->out, nonce.at, nonce.n);
}

static int put_proof(struct ptn_sasl *s, unsigned count)
{
	struct scram *x = s->state;
	struct keys k;
	int err = prove(s, count, &k);

	err = err ? err : ptn_buf_puts(&s->out, ",p=");
	err = err ? err : ptn_text_base64(&s->out, k.proof, ptn_hash_size(x->hash));
	ptn_mem_wipe(&k, sizeof(k));
	return err;
}

static int say_final(struct ptn_sasl *s, struct part in)
{
	struct scram *x = s->state;
	struct server_first first = {0};
	int err, bad = read_first(s, in, &first);

	if (bad)
		return bad;
	err = put_final(s, x, first.nonce);
	err = err ? err : ptn_buf_puts(&x->message, ",");
	err = err ? err : ptn_buf_add(&x->message, in.at, in.n);
	err = err ? err : ptn_buf_puts(&x->message, ",");
	err = err ? err : ptn_buf_add(&x->message, ptn_buf_data(&s->out), ptn_buf_len(&s->out));
	err = err ? err : put_proof(s, first.count);
	return err ? ptn_sasl_broken(s, err) : PTN_SASL_MORE;
}

/* server-final-message = (server-error / verifier) ["," extensions] */
static int check_final(struct ptn_sasl *s, struct part in)
{
	struct scram *x = s->state;
	struct ptn_buf signature = {0};
	struct part value;
	int right, err;

	if (in.n && memchr(in.at, '\0', in.n))
		return malformed(s, "a SCRAM message holds a NUL");
	if (!take(&in, 'e', &value))
		return server_error(s, value);
	if (take(&in, 'v', &value))
		return ptn_sasl_refuse(s, PTN_FAULT_AUTH_UNPROVEN,
				       "the server's signature v= is missing");
	err = ptn_text_unbase64(&signature, value.at, value.n);
	right = !err && ptn_buf_len(&signature) == ptn_hash_size(x->hash) &&
		ptn_crypt_same(ptn_buf_data(&signature), x->signature, ptn_hash_size(x->hash));
	ptn_buf_free(&signature);
	if (err == POSTERN_E_NOMEM)
		return ptn_sasl_broken(s, err);
	return right ? PTN_SASL_DONE
		     : ptn_sasl_refuse(s, PTN_FAULT_AUTH_UNPROVEN,
				       "the server's signature v= is wrong");
}

static int step(struct ptn_sasl *s, const char *in, size_t n)
{
	const struct part text = {in, n};

	return s->steps == 0   ? say_first(s)
	       : s->steps == 1 ? say_final(s, text)
			       : check_final(s, text);
}

static void end(struct ptn_sasl *s)
{
	struct scram *x = s->state;

	ptn_buf_free(&x->header);
	ptn_buf_free(&x->message);
	ptn_buf_free(&x->nonce);
	ptn_buf_free(&x->salt);
}

const struct ptn_sasl_method ptn_sasl_scram = {
	.size = sizeof(struct scram), .begin = begin, .step = step, .end = end};
