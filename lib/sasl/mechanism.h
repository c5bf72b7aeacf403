/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The inside of an exchange: the frame (sasl.c), and the mechanisms in it.  Nobody outside this room
 * includes this.
 */
#ifndef PTN_SASL_MECHANISM_H
#define PTN_SASL_MECHANISM_H

#include "base/buf.h"
#include "sasl/sasl.h"

struct ptn_sasl_method {
	size_t size; /* of a state of its own: zeroed, then wiped and freed behind end() */
	/* 0, POSTERN_E_NOMEM or POSTERN_E_MECHANISM; NULL: nothing to do */
	int (*begin)(struct ptn_sasl *s);
	/* One step, s->steps from 0 on: what ptn_sasl_step() gives, the answer in s->out. */
	int (*step)(struct ptn_sasl *s, const char *in, size_t n);
	void (*end)(struct ptn_sasl *s); /* NULL: nothing to do */
};

struct ptn_sasl {
	const char *name; /* static */
	const struct ptn_sasl_method *method;
	struct ptn_sasl_login login;
	const char *user, *password; /* the login's, or prepared */
	char *prepared[2];
	void *state;
	int steps, over, fault;
	const char *detail;
	struct ptn_buf out, refusal;
};

extern const struct ptn_sasl_method ptn_sasl_scram, ptn_sasl_cram, ptn_sasl_plain, ptn_sasl_login,
	ptn_sasl_external, ptn_sasl_bearer, ptn_sasl_xoauth2, ptn_sasl_library;

/* Fail with this fault: gives PTN_SASL_FAIL. */
int ptn_sasl_refuse(struct ptn_sasl *s, int fault, const char *detail);
/* The same for an error of base/ or crypt: NO_MEMORY or SYSTEM. */
int ptn_sasl_broken(struct ptn_sasl *s, int err);
/* User and password by SASLprep (RFC 4013) from here on; as begin(). */
int ptn_sasl_prepare(struct ptn_sasl *s);

/* A saslname (RFC 5802 5.1): "," and "=" written "=2C" and "=3D". */
int ptn_sasl_put_name(struct ptn_buf *out, const char *name);

/* gsasl.c: the text prepared, to be wiped and freed by the caller; as begin(). */
int ptn_sasl_prep(char **out, const char *text);

#endif
