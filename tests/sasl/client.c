/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/fault.h"
#include "client.h"
#include "main.h"

struct ptn_sasl_login sasl_login = {
	.user = "user",
	.password = "pencil",
	.token = "vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==",
	.host = "mail.example.org",
	.port = 587,
};

struct ptn_sasl *open_as(const char *mechanism, const struct ptn_sasl_login *login)
{
	struct ptn_sasl *c = NULL;

	ck_assert_int_eq(ptn_sasl_new(&c, mechanism, login), 0);
	ck_assert_ptr_nonnull(c);
	return c;
}

struct ptn_sasl *open_client(const char *mechanism, const char *user, const char *password)
{
	struct ptn_sasl_login login = sasl_login;

	login.user = user;
	login.password = password;
	return open_as(mechanism, &login);
}

void expect(struct ptn_sasl *c, const char *in, size_t in_len, int result, const char *out,
	    size_t out_len)
{
	const char *got;
	size_t n;

	ck_assert_int_eq(ptn_sasl_step(c, in, in_len, &got, &n), result);
	ck_assert_ptr_nonnull(got);
	ck_assert_msg(n == out_len && memcmp(got, out, n) == 0, "\"%.*s\", not \"%.*s\"", (int)n,
		      got, (int)out_len, out);
}

void expect_text(struct ptn_sasl *c, const char *in, int result, const char *out)
{
	expect(c, in, in ? strlen(in) : 0, result, out, strlen(out));
}

void expect_fault(struct ptn_sasl *c, const char *in, int fault, const char *detail)
{
	expect_text(c, in, PTN_SASL_FAIL, "");
	ck_assert_str_eq(ptn_fault_id(ptn_sasl_fault(c)), ptn_fault_id(fault));
	ck_assert_msg(strstr(ptn_sasl_detail(c), detail) != NULL, "\"%s\" lacks \"%s\"",
		      ptn_sasl_detail(c), detail);
}
