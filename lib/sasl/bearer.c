/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OAuth 2.0 bearer tokens: OAUTHBEARER (RFC 7628) and its forerunner XOAUTH2.  A refusal comes as a
 * challenge with JSON in it, which is kept and answered; then the server fails the exchange.
 */
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "sasl/mechanism.h"

enum {
	LINE = 12288, /* octets of a response with its CRLF (RFC 4954 4) */
	MOST = (LINE - 2) / 4 * 3,
	REFUSAL = 1024 /* octets kept of what the server says */
};

/* RFC 6750 2.1 names fewer; these cannot end the token or the line. */
static int is_fit(const char *token)
{
	size_t n = strlen(token);

	return n && !ptn_text_has_control(token, n) && !ptn_text_has_8bit(token, n) &&
	       !memchr(token, ' ', n);
}

static int put_token(struct ptn_sasl *s)
{
	int err;

	if (!is_fit(s->login.token))
		return ptn_sasl_refuse(s, PTN_FAULT_AUTH_NO_TOKEN,
				       "it is empty, or holds what is in no token");
	err = ptn_buf_puts(&s->out, "\001auth=Bearer ");
	err = err ? err : ptn_buf_puts(&s->out, s->login.token);
	err = err ? err : ptn_buf_puts(&s->out, "\001\001");
	if (err)
		return ptn_sasl_broken(s, err);
	if (ptn_buf_len(&s->out) > MOST)
		return ptn_sasl_refuse(s, PTN_FAULT_AUTH_NO_TOKEN,
				       "it is longer than a line of AUTH can be (RFC 4954)");
	return PTN_SASL_OPEN;
}

/* The server's error is answered as its mechanism says, and nothing but a refusal may follow. */
static int take_refusal(struct ptn_sasl *s, const char *in, size_t n, const char *answer)
{
	int err;

	if (s->steps > 1)
		return ptn_sasl_refuse(s, PTN_FAULT_AUTH_MALFORMED,
				       "the server went on after the end");
	err = ptn_text_escape(&s->refusal, in, n, REFUSAL);
	err = err ? err : ptn_buf_add(&s->refusal, "", 1);
	err = err ? err : ptn_buf_puts(&s->out, answer);
	return err ? ptn_sasl_broken(s, err) : PTN_SASL_MORE;
}

/* RFC 7628 3.1: gs2-header, key=value pairs behind \001 each, and one more at the end. */
static int step_bearer(struct ptn_sasl *s, const char *in, size_t n)
{
	int err;

	if (s->steps)
		return take_refusal(s, in, n, "\001");
	err = ptn_buf_puts(&s->out, "n,a=");
	err = err ? err : ptn_sasl_put_name(&s->out, s->user);
	err = err ? err : ptn_buf_puts(&s->out, ",");
	if (s->login.host) {
		err = err ? err : ptn_buf_puts(&s->out, "\001host=");
		err = err ? err : ptn_buf_puts(&s->out, s->login.host);
	}
	if (s->login.port) {
		err = err ? err : ptn_buf_puts(&s->out, "\001port=");
		err = err ? err : ptn_text_decimal(&s->out, (unsigned long long)s->login.port);
	}
	return err ? ptn_sasl_broken(s, err) : put_token(s);
}

static int step_xoauth2(struct ptn_sasl *s, const char *in, size_t n)
{
	int err;

	if (s->steps)
		return take_refusal(s, in, n, "");
	err = ptn_buf_puts(&s->out, "user=");
	err = err ? err : ptn_buf_puts(&s->out, s->user);
	return err ? ptn_sasl_broken(s, err) : put_token(s);
}

const struct ptn_sasl_method ptn_sasl_bearer = {.step = step_bearer};
const struct ptn_sasl_method ptn_sasl_xoauth2 = {.step = step_xoauth2};
