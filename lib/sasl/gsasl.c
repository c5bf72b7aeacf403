/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The exchange is libgsasl's; the guards around it are ours.  It takes any SCRAM iteration count
 * and a nonce that adds nothing, answers a PLAIN challenge with the password again and again, and
 * wipes nothing.  No channel binding is set: outside -PLUS it makes libgsasl fail.
 */
#include <gsasl.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "sasl/choose.h"
#include "sasl/sasl.h"

enum { MOST_STEPS = 8, LEAST_ITERATIONS = 4096, MOST_ITERATIONS = 1000000 };

struct method {
	const char *name;
	/* Looks at a challenge, and may replace it, before libgsasl sees it: 0, or a fault. */
	int (*guard)(struct ptn_sasl *s, const char **in, size_t *n);
	int prepares; /* libgsasl applies SASLprep (RFC 4013) to user and password */
};

struct ptn_sasl {
	Gsasl *library;
	Gsasl_session *session;
	const struct method *method;
	int client_first, steps, done, fault;
	const char *detail;
	char *out; /* libgsasl's, of out_len octets */
	size_t out_len;
	struct ptn_buf nonce; /* SCRAM: ours, known after the first step */
};

static int refuse(struct ptn_sasl *s, int fault, const char *detail)
{
	s->detail = detail;
	return fault;
}

/* ---- LOGIN and CRAM-MD5 ------------------------------------------------------------------- */

/* The prompts of LOGIN are for people and come in many forms, empty too; libgsasl must not be given
 * an empty one. */
static int guard_login(struct ptn_sasl *s, const char **in, size_t *n)
{
	(void)s;
	*in = "?";
	*n = 1;
	return 0;
}

static int guard_cram(struct ptn_sasl *s, const char **in, size_t *n)
{
	if (!*n)
		return refuse(s, PTN_FAULT_AUTH_MALFORMED, "the CRAM-MD5 challenge is empty");
	if (memchr(*in, '\0', *n))
		return refuse(s, PTN_FAULT_AUTH_MALFORMED, "the CRAM-MD5 challenge holds a NUL");
	return 0;
}

/* ---- SCRAM (RFC 5802) --------------------------------------------------------------------- */

struct part {
	const char *at;
	size_t n;
};

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

static int check_nonce(struct ptn_sasl *s, struct part nonce)
{
	size_t ours = ptn_buf_len(&s->nonce);

	for (size_t i = 0; i < nonce.n; i++)
		if (nonce.at[i] < 0x21 || nonce.at[i] > 0x7E)
			return refuse(s, PTN_FAULT_AUTH_MALFORMED, "the nonce is not printable");
	if (!ours || nonce.n < ours || memcmp(nonce.at, ptn_buf_data(&s->nonce), ours) != 0)
		return refuse(s, PTN_FAULT_AUTH_UNSAFE, "the nonce does not begin with ours");
	if (nonce.n == ours)
		return refuse(s, PTN_FAULT_AUTH_UNSAFE, "the server added nothing to the nonce");
	return 0;
}

static int check_salt(struct ptn_sasl *s, struct part salt)
{
	struct ptn_buf raw = {0};
	int bad = ptn_text_unbase64(&raw, salt.at, salt.n);

	ptn_buf_free(&raw);
	if (bad == POSTERN_E_NOMEM)
		return refuse(s, PTN_FAULT_NO_MEMORY, "");
	if (bad)
		return refuse(s, PTN_FAULT_AUTH_MALFORMED, "the salt is not base64");
	if (!salt.n)
		return refuse(s, PTN_FAULT_AUTH_UNSAFE, "the salt is empty");
	return 0;
}

/* The count is what makes guessing dear, and what a server could keep us busy with for hours. */
static int check_iterations(struct ptn_sasl *s, struct part count)
{
	unsigned long long n;

	if (!count.n || (count.n > 1 && count.at[0] == '0'))
		return refuse(s, PTN_FAULT_AUTH_MALFORMED, "the iteration count is not a number");
	for (size_t i = 0; i < count.n; i++)
		if (!ptn_text_is_digit((unsigned char)count.at[i]))
			return refuse(s, PTN_FAULT_AUTH_MALFORMED,
				      "the iteration count is not a number");
	if (ptn_text_number(count.at, count.n, MOST_ITERATIONS, &n))
		return refuse(s, PTN_FAULT_AUTH_UNSAFE, "the iteration count is above 1000000");
	if (n < LEAST_ITERATIONS)
		return refuse(s, PTN_FAULT_AUTH_UNSAFE, "the iteration count is below 4096");
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
		SAYS("invalid-proof"),
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
			return refuse(s, PTN_FAULT_AUTH_UNPROVEN, errors[i].detail);
	return refuse(s, PTN_FAULT_AUTH_UNPROVEN,
		      "the server ended SCRAM with an error of its own");
}

/* server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions] */
static int check_server_first(struct ptn_sasl *s, struct part in)
{
	struct part nonce, salt, count, value;
	int fault;

	if (!take(&in, 'e', &value))
		return server_error(s, value);
	if (!take(&in, 'm', &value))
		return refuse(s, PTN_FAULT_AUTH_MALFORMED,
			      "the server demands a SCRAM extension that nobody has defined");
	if (take(&in, 'r', &nonce) || take(&in, 's', &salt) || take(&in, 'i', &count))
		return refuse(s, PTN_FAULT_AUTH_MALFORMED,
			      "the server's first SCRAM message lacks r=, s= or i=");
	fault = check_nonce(s, nonce);
	if (!fault)
		fault = check_salt(s, salt);
	return fault ? fault : check_iterations(s, count);
}

/* server-final-message = (server-error / verifier) ["," extensions]; libgsasl takes the verifier
 * only alone. */
static int check_server_final(struct ptn_sasl *s, struct part *in)
{
	struct part rest = *in, value;

	if (!take(&rest, 'e', &value))
		return server_error(s, value);
	if (take(&rest, 'v', &value))
		return refuse(s, PTN_FAULT_AUTH_UNPROVEN, "the server's signature v= is missing");
	in->n = value.n + 2;
	return 0;
}

static int guard_scram(struct ptn_sasl *s, const char **in, size_t *n)
{
	struct part text = {*in, *n};
	int fault;

	if (*n && memchr(*in, '\0', *n))
		return refuse(s, PTN_FAULT_AUTH_MALFORMED, "a SCRAM message holds a NUL");
	fault = s->steps == 1 ? check_server_first(s, text) : check_server_final(s, &text);
	*n = text.n;
	return fault;
}

/* Keep our nonce: what follows the last ",r=" of client-first-message. */
static int keep_nonce(struct ptn_sasl *s)
{
	size_t at = s->out_len;

	while (at > 3 && s->out[at - 1] != ',')
		at--;
	if (s->out_len - at < 3 || memcmp(s->out + at, "r=", 2) != 0)
		return refuse(s, PTN_FAULT_AUTH_MALFORMED, "no nonce was made");
	if (ptn_buf_add(&s->nonce, s->out + at + 2, s->out_len - at - 2))
		return refuse(s, PTN_FAULT_NO_MEMORY, "");
	return 0;
}

/* ---- The exchange ------------------------------------------------------------------------- */

static void drop_output(struct ptn_sasl *s)
{
	ptn_mem_wipe(s->out, s->out_len);
	gsasl_free(s->out);
	s->out = NULL;
	s->out_len = 0;
}

/* gsasl_finish() frees the properties as they are. */
static void wipe_property(Gsasl_session *session, Gsasl_property which)
{
	char *value = (char *)gsasl_property_fast(session, which);

	if (value)
		ptn_mem_wipe(value, strlen(value));
}

void ptn_sasl_free(struct ptn_sasl *s)
{
	if (!s)
		return;
	drop_output(s);
	if (s->session) {
		wipe_property(s->session, GSASL_PASSWORD);
		wipe_property(s->session, GSASL_SCRAM_SALTED_PASSWORD);
		gsasl_finish(s->session);
	}
	if (s->library)
		gsasl_done(s->library);
	ptn_buf_free(&s->nonce);
	ptn_mem_release(s, sizeof *s);
}

/* Older releases of libgsasl do not say whether they had the memory: so look. */
static int set(Gsasl_session *session, Gsasl_property which, const char *value)
{
	gsasl_property_set(session, which, value);
	return gsasl_property_fast(session, which) ? 0 : POSTERN_E_NOMEM;
}

static int start(struct ptn_sasl *s, const char *mechanism, const struct ptn_sasl_login *login)
{
	int rc = gsasl_init(&s->library);

	if (rc == GSASL_OK)
		rc = gsasl_client_start(s->library, mechanism, &s->session);
	if (rc == GSASL_MALLOC_ERROR)
		return POSTERN_E_NOMEM;
	if (rc != GSASL_OK)
		return POSTERN_E_MECHANISM;
	/* No AUTHZID, ever: to act for another user is not asked for. */
	if (set(s->session, GSASL_AUTHID, login->user))
		return POSTERN_E_NOMEM;
	return set(s->session, GSASL_PASSWORD, login->password);
}

/* Without this, the exchange would fail in the middle.  libgsasl also refuses what Unicode 3.2 did
 * not know yet, as emoji; PLAIN and LOGIN send the octets as they are. */
static int check_prepared(const char *text)
{
	char *prepared = NULL;
	int rc;

	if (!ptn_text_has_8bit(text, strlen(text)))
		return 0;
	rc = gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, &prepared, NULL);
	if (prepared)
		ptn_mem_wipe(prepared, strlen(prepared));
	gsasl_free(prepared);
	return rc == GSASL_OK             ? 0
	       : rc == GSASL_MALLOC_ERROR ? POSTERN_E_NOMEM
					  : POSTERN_E_MECHANISM;
}

static const struct method methods[] = {
	{"SCRAM-SHA-256", guard_scram, 1}, {"SCRAM-SHA-1", guard_scram, 1}, {"PLAIN", NULL, 0},
	{"LOGIN", guard_login, 0},         {"CRAM-MD5", guard_cram, 1},
};

static const struct method *find_method(const char *name)
{
	for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++)
		if (strcmp(methods[i].name, name) == 0)
			return &methods[i];
	return NULL;
}

int ptn_sasl_new(struct ptn_sasl **out, const char *mechanism, const struct ptn_sasl_login *login)
{
	const struct method *method = find_method(mechanism);
	struct ptn_sasl *s;
	int rc = method ? 0 : POSTERN_E_MECHANISM;

	*out = NULL;
	if (!rc && method->prepares)
		rc = check_prepared(login->user);
	if (!rc && method->prepares)
		rc = check_prepared(login->password);
	if (rc)
		return rc;
	s = ptn_mem_alloc(sizeof *s);
	if (!s)
		return POSTERN_E_NOMEM;
	s->detail = "";
	s->method = method;
	s->client_first = ptn_sasl_client_first(mechanism);
	rc = start(s, mechanism, login);
	if (rc) {
		ptn_sasl_free(s);
		return rc;
	}
	*out = s;
	return 0;
}

/* What a failure of gsasl_step() means. */
static int fault_of(struct ptn_sasl *s, int rc)
{
	if (rc == GSASL_MALLOC_ERROR)
		return refuse(s, PTN_FAULT_NO_MEMORY, "");
	if (rc == GSASL_SASLPREP_ERROR)
		return refuse(s, PTN_FAULT_ARGUMENT,
			      "the user or the password holds characters that SASLprep (RFC 4013) "
			      "does not allow");
	if (s->method->guard == guard_scram && s->steps == 2)
		return refuse(s, PTN_FAULT_AUTH_UNPROVEN, "the server's signature v= is wrong");
	if (s->steps == 0 && s->client_first)
		return refuse(s, PTN_FAULT_ARGUMENT, "the user is not fit for this mechanism");
	return refuse(s, PTN_FAULT_AUTH_MALFORMED, "the challenge was not understood");
}

/* One step of libgsasl: GSASL_OK or GSASL_NEEDS_MORE, with *fault unset; or *fault. */
static int advance(struct ptn_sasl *s, const char *in, size_t n, int *fault)
{
	int rc, first = s->steps == 0 && s->client_first;

	if (first) {
		in = NULL; /* a server may put a greeting into the 334 that only asks to begin */
		n = 0;
	} else if (s->method->guard) {
		*fault = s->method->guard(s, &in, &n);
		if (*fault)
			return 0;
	}
	rc = gsasl_step(s->session, in, n, &s->out, &s->out_len);
	if (rc != GSASL_OK && rc != GSASL_NEEDS_MORE)
		*fault = fault_of(s, rc);
	else if (!s->out && s->out_len) /* LOGIN does not look whether it had the memory */
		*fault = fault_of(s, GSASL_MALLOC_ERROR);
	else if (first && s->method->guard == guard_scram)
		*fault = keep_nonce(s);
	else if (rc == GSASL_OK && s->method->guard == guard_scram && s->steps != 2)
		*fault = refuse(s, PTN_FAULT_AUTH_UNPROVEN, "the server's signature v= is missing");
	return rc;
}

int ptn_sasl_step(struct ptn_sasl *s, const char *in, size_t in_len, const char **out,
		  size_t *out_len)
{
	int rc = 0, fault = s->fault;

	drop_output(s);
	*out = "";
	*out_len = 0;
	if (!fault && (s->done || s->steps == MOST_STEPS))
		fault = refuse(s, PTN_FAULT_AUTH_MALFORMED, "the server went on after the end");
	if (!fault)
		rc = advance(s, in, in_len, &fault);
	s->steps += s->steps < MOST_STEPS;
	s->fault = fault;
	if (fault) {
		drop_output(s);
		return PTN_SASL_FAIL;
	}
	if (s->out) {
		*out = s->out;
		*out_len = s->out_len;
	}
	s->done = rc == GSASL_OK;
	return s->done ? PTN_SASL_DONE : PTN_SASL_MORE;
}

int ptn_sasl_fault(const struct ptn_sasl *s)
{
	return s->fault;
}

const char *ptn_sasl_detail(const struct ptn_sasl *s)
{
	return s->detail;
}
