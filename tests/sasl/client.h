/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An exchange begun, and what it must say.
 */
#ifndef TESTS_SASL_CLIENT_H
#define TESTS_SASL_CLIENT_H

#include "sasl/sasl.h"

extern struct ptn_sasl_login sasl_login; /* user, pencil, mail.example.org, 587; a token */

struct ptn_sasl *open_as(const char *mechanism, const struct ptn_sasl_login *login);
struct ptn_sasl *open_client(const char *mechanism, const char *user, const char *password);

/* A step must give this. */
void expect(struct ptn_sasl *c, const char *in, size_t in_len, int result, const char *out,
	    size_t out_len);
void expect_text(struct ptn_sasl *c, const char *in, int result, const char *out);
/* A step must fail with this fault, and say something of this. */
void expect_fault(struct ptn_sasl *c, const char *in, int fault, const char *detail);

#endif
