/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is libgsasl's: SASLprep, and the mechanisms that are used only when the caller names them,
 * GSSAPI (RFC 4752), DIGEST-MD5 (RFC 2831), NTLM and ANONYMOUS (RFC 4505).  It wipes nothing by
 * itself, and once it said that all is over it must not be asked again: the frame sees to that.
 */
#include <gsasl.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "sasl/choose.h"
#include "sasl/mechanism.h"

struct library {
	Gsasl *ctx;
	Gsasl_session *session;
	struct ptn_buf first; /* the answer of the first step, which was made at the beginning */
	int state; /* and what it gave */
};

/* libgsasl also refuses what Unicode 3.2 did not know yet, as emoji. */
int ptn_sasl_prep(char **out, const char *text)
{
	char *prepared = NULL;
	int rc = gsasl_saslprep(text, GSASL_ALLOW_UNASSIGNED, &prepared, NULL);

	*out = rc == GSASL_OK ? ptn_mem_string(prepared) : NULL;
	if (prepared)
		ptn_mem_wipe(prepared, strlen(prepared));
	gsasl_free(prepared);
	return rc == GSASL_OK             ? *out ? 0 : POSTERN_E_NOMEM
	       : rc == GSASL_MALLOC_ERROR ? POSTERN_E_NOMEM
					  : POSTERN_E_MECHANISM;
}

/* gsasl_finish() frees the properties as they are. */
static void wipe_password(Gsasl_session *session)
{
	char *value = (char *)gsasl_property_fast(session, GSASL_PASSWORD);

	if (value)
		ptn_mem_wipe(value, strlen(value));
}

static void end(struct ptn_sasl *s)
{
	struct library *x = s->state;

	if (x->session) {
		wipe_password(x->session);
		gsasl_finish(x->session);
	}
	if (x->ctx)
		gsasl_done(x->ctx);
	ptn_buf_free(&x->first);
}

/* Older releases of libgsasl do not say whether they had the memory: so look. */
static int set(Gsasl_session *session, Gsasl_property which, const char *value)
{
	if (!value)
		return 0;
	gsasl_property_set(session, which, value);
	return gsasl_property_fast(session, which) ? 0 : POSTERN_E_NOMEM;
}

/* One step: MORE or DONE with the answer in out, or an error. */
static int advance(struct ptn_sasl *s, const char *in, size_t n, int *rc)
{
	struct library *x = s->state;
	char *out = NULL;
	size_t len = 0;
	int err = 0;

	*rc = gsasl_step(x->session, in, n, &out, &len);
	if (*rc == GSASL_MALLOC_ERROR || (!out && len))
		err = POSTERN_E_NOMEM;
	else if (*rc != GSASL_OK && *rc != GSASL_NEEDS_MORE)
		err = POSTERN_E_PROTOCOL;
	else if (out)
		err = ptn_buf_add(&s->out, out, len);
	if (out)
		ptn_mem_wipe(out, len);
	gsasl_free(out);
	return err;
}

/* The first step of a mechanism that speaks first is made here: what it lacks, as a ticket, is
 * found out before an octet was sent. */
static int begin(struct ptn_sasl *s)
{
	struct library *x = s->state;
	int err, rc = gsasl_init(&x->ctx);

	if (rc == GSASL_OK)
		rc = gsasl_client_start(x->ctx, s->name, &x->session);
	if (rc != GSASL_OK)
		return rc == GSASL_MALLOC_ERROR ? POSTERN_E_NOMEM : POSTERN_E_MECHANISM;
	err = set(x->session, GSASL_AUTHID, s->user);
	err = err ? err : set(x->session, GSASL_PASSWORD, s->password);
	err = err ? err : set(x->session, GSASL_SERVICE, "smtp");
	err = err ? err : set(x->session, GSASL_HOSTNAME, s->login.host);
	err = err ? err : set(x->session, GSASL_ANONYMOUS_TOKEN, s->user ? s->user : "anonymous");
	if (err || !ptn_sasl_client_first(s->name))
		return err;
	err = advance(s, NULL, 0, &rc);
	x->state = rc == GSASL_OK ? PTN_SASL_DONE : PTN_SASL_MORE;
	x->first = s->out;
	s->out = (struct ptn_buf){0};
	return err == POSTERN_E_PROTOCOL ? POSTERN_E_MECHANISM : err;
}

/* libgsasl answers anything at all: [MS-NLMP] 2.2.1.2, up to the challenge itself. */
static int is_ntlm(const char *in, size_t n)
{
	static const char start[] = "NTLMSSP\0\2\0\0"; /* and the NUL behind it */

	return n >= 32 && memcmp(in, start, sizeof(start)) == 0;
}

static int step(struct ptn_sasl *s, const char *in, size_t n)
{
	struct library *x = s->state;
	int err, rc;

	if (!s->steps && x->state) {
		ptn_buf_free(&s->out);
		s->out = x->first;
		x->first = (struct ptn_buf){0};
		return x->state;
	}
	if (strcmp(s->name, "NTLM") == 0 && !is_ntlm(in, n))
		return ptn_sasl_refuse(s, PTN_FAULT_AUTH_MALFORMED,
				       "the challenge is not one of NTLM");
	err = advance(s, in, n, &rc);
	if (err == POSTERN_E_PROTOCOL)
		return ptn_sasl_refuse(s, PTN_FAULT_AUTH_MALFORMED,
				       "the challenge was not understood");
	return err ? ptn_sasl_broken(s, err) : rc == GSASL_OK ? PTN_SASL_DONE : PTN_SASL_MORE;
}

const struct ptn_sasl_method ptn_sasl_library = {
	.size = sizeof(struct library), .begin = begin, .step = step, .end = end};
