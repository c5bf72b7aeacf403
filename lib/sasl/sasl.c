/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The frame around every mechanism: it counts the steps, ends them, and wipes.
 */
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "sasl/choose.h"
#include "sasl/crypt.h"
#include "sasl/mechanism.h"

enum { MOST_STEPS = 8 };

static const struct {
	const char *name;
	const struct ptn_sasl_method *method;
} methods[] = {
	{"SCRAM-SHA-256-PLUS", &ptn_sasl_scram},
	{"SCRAM-SHA-1-PLUS", &ptn_sasl_scram},
	{"SCRAM-SHA-256", &ptn_sasl_scram},
	{"SCRAM-SHA-1", &ptn_sasl_scram},
	{"PLAIN", &ptn_sasl_plain},
	{"LOGIN", &ptn_sasl_login},
	{"CRAM-MD5", &ptn_sasl_cram},
	{"OAUTHBEARER", &ptn_sasl_bearer},
	{"XOAUTH2", &ptn_sasl_xoauth2},
	{"EXTERNAL", &ptn_sasl_external},
	{"GSSAPI", &ptn_sasl_library},
	{"DIGEST-MD5", &ptn_sasl_library},
	{"NTLM", &ptn_sasl_library},
	{"ANONYMOUS", &ptn_sasl_library},
};

/* ---- What mechanisms share. ---- */

int ptn_sasl_refuse(struct ptn_sasl *s, int fault, const char *detail)
{
	s->fault = fault;
	s->detail = detail;
	return PTN_SASL_FAIL;
}

int ptn_sasl_broken(struct ptn_sasl *s, int err)
{
	return err == POSTERN_E_NOMEM
		       ? ptn_sasl_refuse(s, PTN_FAULT_NO_MEMORY, "")
		       : ptn_sasl_refuse(s, PTN_FAULT_SYSTEM,
					 "GnuTLS cannot compute what the mechanism needs");
}

/* ASCII is its own preparation, as controls were refused before (RFC 4013 2). */
static int prepare(const char **text, char **own)
{
	int err;

	if (!ptn_text_has_8bit(*text, strlen(*text)))
		return 0;
	err = ptn_sasl_prep(own, *text);
	if (!err && !**own)
		return POSTERN_E_MECHANISM; /* nothing is left of it */
	*text = err ? *text : *own;
	return err;
}

int ptn_sasl_prepare(struct ptn_sasl *s)
{
	int err = prepare(&s->user, &s->prepared[0]);

	return err ? err : prepare(&s->password, &s->prepared[1]);
}

int ptn_sasl_put_name(struct ptn_buf *out, const char *name)
{
	int err = 0;

	for (; !err && *name; name++)
		err = *name == ','   ? ptn_buf_puts(out, "=2C")
		      : *name == '=' ? ptn_buf_puts(out, "=3D")
				     : ptn_buf_add(out, name, 1);
	return err;
}

int ptn_sasl_fingerprint(const char *token, unsigned char out[PTN_SASL_DIGEST])
{
	return ptn_crypt_hash(PTN_HASH_SHA256, token, strlen(token), out);
}

/* ---- The exchange. ---- */

static int start(struct ptn_sasl *s)
{
	if (s->method->size) {
		s->state = ptn_mem_alloc(s->method->size);
		if (!s->state)
			return POSTERN_E_NOMEM;
	}
	return s->method->begin ? s->method->begin(s) : 0;
}

static int is_complete(const struct ptn_sasl_login *login, unsigned needs)
{
	if (needs & PTN_SASL_PASSWORD)
		return login->user && login->password;
	return needs & PTN_SASL_TOKEN ? login->user && login->token : needs != 0;
}

int ptn_sasl_new(struct ptn_sasl **out, const char *mechanism, const struct ptn_sasl_login *login)
{
	struct ptn_sasl *s;
	size_t i = 0;
	int err;

	*out = NULL;
	while (i < sizeof(methods) / sizeof(*methods) && strcmp(methods[i].name, mechanism))
		i++;
	if (i == sizeof(methods) / sizeof(*methods) ||
	    !is_complete(login, ptn_sasl_needs(mechanism)))
		return POSTERN_E_MECHANISM;
	s = ptn_mem_alloc(sizeof(*s));
	if (!s)
		return POSTERN_E_NOMEM;
	*s = (struct ptn_sasl){.name = methods[i].name,
			       .method = methods[i].method,
			       .login = *login,
			       .user = login->user,
			       .password = login->password,
			       .detail = ""};
	err = start(s);
	if (err) {
		ptn_sasl_free(s);
		return err;
	}
	*out = s;
	return 0;
}

void ptn_sasl_free(struct ptn_sasl *s)
{
	if (!s)
		return;
	if (s->state && s->method->end)
		s->method->end(s);
	ptn_mem_release(s->state, s->method->size);
	ptn_mem_release_string(s->prepared[0]);
	ptn_mem_release_string(s->prepared[1]);
	ptn_buf_free(&s->out);
	ptn_buf_free(&s->refusal);
	ptn_mem_release(s, sizeof(*s));
}

int ptn_sasl_step(struct ptn_sasl *s, const char *in, size_t in_len, const char **out,
		  size_t *out_len)
{
	int state;

	ptn_buf_clear(&s->out);
	*out = "";
	*out_len = 0;
	if (s->fault)
		return PTN_SASL_FAIL;
	if (s->over || s->steps == MOST_STEPS)
		return ptn_sasl_refuse(s, PTN_FAULT_AUTH_MALFORMED,
				       "the server went on after the end");
	state = s->method->step(s, in, in_len);
	s->steps++;
	s->over = state == PTN_SASL_DONE;
	if (state == PTN_SASL_FAIL) {
		ptn_buf_clear(&s->out);
		return state;
	}
	*out = ptn_buf_data(&s->out);
	*out_len = ptn_buf_len(&s->out);
	return state;
}

int ptn_sasl_fault(const struct ptn_sasl *s)
{
	return s->fault;
}

const char *ptn_sasl_detail(const struct ptn_sasl *s)
{
	return s->detail;
}

const char *ptn_sasl_refusal(const struct ptn_sasl *s)
{
	return ptn_buf_data(&s->refusal);
}
