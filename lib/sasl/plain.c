/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * PLAIN (RFC 4616), LOGIN (never a standard: draft-murchison-sasl-login), and EXTERNAL (RFC 4422
 * A). They send what is held as it is.
 */
#include <string.h>

#include "sasl/mechanism.h"

static int done(struct ptn_sasl *s, int err)
{
	return err ? ptn_sasl_broken(s, err) : PTN_SASL_DONE;
}

/* No authorization identity: to act for another user is not asked for. */
static int step_plain(struct ptn_sasl *s, const char *in, size_t n)
{
	int err;

	(void)in, (void)n;
	err = ptn_buf_add(&s->out, "", 1);
	err = err ? err : ptn_buf_add(&s->out, s->user, strlen(s->user) + 1);
	return done(s, err ? err : ptn_buf_puts(&s->out, s->password));
}

/* The prompts are for people and come in many forms, empty too: they are not read. */
static int step_login(struct ptn_sasl *s, const char *in, size_t n)
{
	int err;

	(void)in, (void)n;
	if (s->steps)
		return done(s, ptn_buf_puts(&s->out, s->password));
	err = ptn_buf_puts(&s->out, s->user);
	return err ? ptn_sasl_broken(s, err) : PTN_SASL_MORE;
}

/* The certificate shown in the handshake is the credential; without a user the server takes the
 * identity from it. */
static int step_external(struct ptn_sasl *s, const char *in, size_t n)
{
	(void)in, (void)n;
	return done(s, s->user ? ptn_buf_puts(&s->out, s->user) : 0);
}

const struct ptn_sasl_method ptn_sasl_plain = {.step = step_plain};
const struct ptn_sasl_method ptn_sasl_login = {.step = step_login};
const struct ptn_sasl_method ptn_sasl_external = {.step = step_external};
