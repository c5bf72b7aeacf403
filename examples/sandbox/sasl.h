/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The server's side of SASL: libgsasl's mechanisms, and OAUTHBEARER and XOAUTH2, which it lacks
 * (bearer.c).  What the listener's rules say of mechanisms and tokens is applied here.
 */
#ifndef SANDBOX_SASL_H
#define SANDBOX_SASL_H

#include "bytes.h"

struct conn;
struct sasl;

enum sasl_result { SASL_MORE, SASL_DONE, SASL_REFUSED, SASL_MALFORMED };

int sasl_known(const char *name, size_t n);
/* NULL: no such mechanism. */
struct sasl *sasl_new(struct conn *c, const char *name, size_t n);
/* in: the client's response, decoded; NULL: none was sent. out: the challenge, raw. */
enum sasl_result sasl_step(struct sasl *s, const char *in, size_t n, struct bytes *out);
const char *sasl_user(const struct sasl *s);
const char *sasl_name(const struct sasl *s);
void sasl_free(struct sasl *s);

int sasl_decode(struct bytes *b, const char *s, size_t n); /* base64: 0, or -1 */
void sasl_encode(struct bytes *b, const char *s, size_t n);

void sasl_shutdown(void);

#endif
