/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A TLS filter that changes nothing: what the real one does is tests/tls's business.  Linked with
 * --wrap for each function of it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"
#include "fake_tls.h"
#include "must.h"
#include "tls/tls.h"

int fake_tls_shakes, fake_tls_verdict, fake_tls_refusal;
const char *fake_tls_certificate;
char fake_tls_host[256];
const char *fake_tls_binding;
struct ptn_tls_with fake_tls_with;

struct ptn_tls {
	struct ptn_buf in, out;
	int ended, up, fault;
};

struct ptn_tls *__wrap_ptn_tls_new(struct ptn_trust *trust, const char *host);
void __wrap_ptn_tls_free(struct ptn_tls *t);
int __wrap_ptn_tls_feed(struct ptn_tls *t, const void *in, size_t len);
void __wrap_ptn_tls_eof(struct ptn_tls *t);
size_t __wrap_ptn_tls_out(struct ptn_tls *t, const char **p);
void __wrap_ptn_tls_wrote(struct ptn_tls *t, size_t n);
int __wrap_ptn_tls_handshake(struct ptn_tls *t);
ptrdiff_t __wrap_ptn_tls_get(struct ptn_tls *t, char *buf, size_t cap);
ptrdiff_t __wrap_ptn_tls_put(struct ptn_tls *t, const char *buf, size_t len);
void __wrap_ptn_tls_bye(struct ptn_tls *t);
void __wrap_ptn_tls_rest(struct ptn_tls *t);
int __wrap_ptn_tls_fault(const struct ptn_tls *t);

struct ptn_tls *__wrap_ptn_tls_new(struct ptn_trust *trust, const char *host)
{
	struct ptn_tls *t = calloc(1, sizeof(*t));

	(void)trust;
	strncpy(fake_tls_host, host ? host : "", sizeof(fake_tls_host) - 1);
	if (t && fake_tls_shakes && ptn_buf_puts(&t->out, FAKE_TLS_CLIENT)) {
		free(t);
		return NULL;
	}
	return t;
}

struct ptn_tls *__wrap_ptn_tls_new_with(struct ptn_trust *trust, const char *host,
					const struct ptn_tls_with *with);

struct ptn_tls *__wrap_ptn_tls_new_with(struct ptn_trust *trust, const char *host,
					const struct ptn_tls_with *with)
{
	fake_tls_with = *with;
	return __wrap_ptn_tls_new(trust, host);
}

const char *__wrap_ptn_tls_binding(struct ptn_tls *t, unsigned char out[64], size_t *n);

const char *__wrap_ptn_tls_binding(struct ptn_tls *t, unsigned char out[64], size_t *n)
{
	*n = 0;
	if (!t->up || t->fault || !fake_tls_binding)
		return NULL;
	*n = strlen(fake_tls_binding);
	memcpy(out, fake_tls_binding, *n);
	return "tls-exporter";
}

void __wrap_ptn_tls_free(struct ptn_tls *t)
{
	if (t) {
		ptn_buf_free(&t->in);
		ptn_buf_free(&t->out);
	}
	free(t);
}

int __wrap_ptn_tls_feed(struct ptn_tls *t, const void *in, size_t len)
{
	return ptn_buf_add(&t->in, in, len);
}

void __wrap_ptn_tls_eof(struct ptn_tls *t)
{
	t->ended = 1;
}

size_t __wrap_ptn_tls_out(struct ptn_tls *t, const char **p)
{
	*p = ptn_buf_data(&t->out);
	return ptn_buf_len(&t->out);
}

void __wrap_ptn_tls_wrote(struct ptn_tls *t, size_t n)
{
	ptn_buf_took(&t->out, n);
}

int __wrap_ptn_tls_handshake(struct ptn_tls *t)
{
	static const char hello[] = FAKE_TLS_SERVER;
	size_t n = ptn_buf_len(&t->in), want = sizeof(hello) - 1;

	if (fake_tls_certificate && !ptn_text_equal(fake_tls_certificate, fake_tls_host)) {
		t->fault = PTN_FAULT_CERT_WRONG_NAME;
		return -1;
	}
	if (t->fault)
		return -1;
	if (t->up || !fake_tls_shakes)
		return t->up = 1;
	n = n < want ? n : want;
	if (memcmp(ptn_buf_data(&t->in), hello, n))
		t->fault = memchr("245", *ptn_buf_data(&t->in), 3) ? PTN_FAULT_TLS_SMTP_FIRST
								   : PTN_FAULT_TLS_NOT_TLS;
	else if (n < want && t->ended)
		t->fault = PTN_FAULT_TLS_CLOSED;
	if (t->fault || n < want)
		return t->fault ? -1 : 0;
	ptn_buf_took(&t->in, n);
	t->up = 1;
	t->fault = fake_tls_verdict;
	return t->fault ? -1 : 1;
}

ptrdiff_t __wrap_ptn_tls_get(struct ptn_tls *t, char *buf, size_t cap)
{
	size_t n = ptn_buf_len(&t->in) < cap ? ptn_buf_len(&t->in) : cap;

	if (!n && t->ended)
		t->fault = PTN_FAULT_TLS_CLOSED;
	if (t->up && fake_tls_refusal)
		t->fault = fake_tls_refusal;
	if (t->fault)
		return -1;
	if (!n)
		return t->fault ? -1 : 0;
	memcpy(buf, ptn_buf_data(&t->in), n);
	ptn_buf_took(&t->in, n);
	return (ptrdiff_t)n;
}

ptrdiff_t __wrap_ptn_tls_put(struct ptn_tls *t, const char *buf, size_t len)
{
	return ptn_buf_add(&t->out, buf, len) ? 0 : (ptrdiff_t)len;
}

void __wrap_ptn_tls_bye(struct ptn_tls *t)
{
	(void)t;
}

void __wrap_ptn_tls_rest(struct ptn_tls *t)
{
	(void)t;
}

int __wrap_ptn_tls_fault(const struct ptn_tls *t)
{
	return t->fault;
}

const char *__wrap_ptn_tls_detail(const struct ptn_tls *t);
const char *__wrap_ptn_tls_version(const struct ptn_tls *t);
const char *__wrap_ptn_tls_cipher(const struct ptn_tls *t);
int __wrap_ptn_tls_resumed(const struct ptn_tls *t);

int __wrap_ptn_tls_resumed(const struct ptn_tls *t)
{
	(void)t;
	return 0;
}

const char *__wrap_ptn_tls_detail(const struct ptn_tls *t)
{
	(void)t;
	return "";
}

const char *__wrap_ptn_tls_version(const struct ptn_tls *t)
{
	return t->up && !t->fault ? "none" : "";
}

const char *__wrap_ptn_tls_cipher(const struct ptn_tls *t)
{
	return t->up && !t->fault ? "none" : "";
}

int __wrap_ptn_tls_names(const struct ptn_tls *t, const char *host);

int __wrap_ptn_tls_names(const struct ptn_tls *t, const char *host)
{
	(void)t;
	return fake_tls_certificate && ptn_text_equal(fake_tls_certificate, host);
}

const char *__wrap_ptn_tls_key_sha256(const struct ptn_tls *t);

const char *__wrap_ptn_tls_key_sha256(const struct ptn_tls *t)
{
	return t->up ? "a2V5" : "";
}

int __wrap_ptn_tls_certificate(const struct ptn_tls *t, struct ptn_tls_certificate *out);

int __wrap_ptn_tls_certificate(const struct ptn_tls *t, struct ptn_tls_certificate *out)
{
	const char *name = fake_tls_certificate ? fake_tls_certificate : fake_tls_host;

	must(t->up);
	memcpy(out->until, "2030-01-02T03:04:05Z", sizeof("2030-01-02T03:04:05Z"));
	return ptn_buf_add(&out->names, name, strlen(name) + 1);
}
