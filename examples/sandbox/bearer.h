/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * OAuth 2.0 tokens: OAUTHBEARER (RFC 7628) and XOAUTH2.
 */
#ifndef SANDBOX_BEARER_H
#define SANDBOX_BEARER_H

#include "bytes.h"
#include "sasl.h"

/* The client's one message.  SASL_MORE: refused, with the error in out, which the client has to
 * answer.  user: the name in it, to be freed. */
enum sasl_result bearer_step(struct conn *c, int xoauth2, const char *in, size_t n,
			     struct bytes *out, char **user);

#endif
