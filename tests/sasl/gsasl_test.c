/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What is libgsasl's: that it is begun only as it should be, and what its failures mean.
 */
#include <gsasl.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "client.h"
#include "main.h"
#include "memory.h"

/* ---- Functions made to fail --------------------------------------------------------------- */

static int init_rc, start_rc, step_rc, prep_rc; /* what they give instead, if not 0 */
static int drop_property = -1;
static int lose_output, early_ok;
static int steps;

int __real_gsasl_init(Gsasl **ctx);
int __wrap_gsasl_init(Gsasl **ctx);
int __real_gsasl_client_start(Gsasl *ctx, const char *mech, Gsasl_session **sctx);
int __wrap_gsasl_client_start(Gsasl *ctx, const char *mech, Gsasl_session **sctx);
int __real_gsasl_step(Gsasl_session *sctx, const char *in, size_t n, char **out, size_t *len);
int __wrap_gsasl_step(Gsasl_session *sctx, const char *in, size_t n, char **out, size_t *len);
int __real_gsasl_property_set(Gsasl_session *sctx, Gsasl_property prop, const char *data);
int __wrap_gsasl_property_set(Gsasl_session *sctx, Gsasl_property prop, const char *data);
int __real_gsasl_saslprep(const char *in, Gsasl_saslprep_flags flags, char **out, int *rc);
int __wrap_gsasl_saslprep(const char *in, Gsasl_saslprep_flags flags, char **out, int *rc);

int __wrap_gsasl_init(Gsasl **ctx)
{
	return init_rc ? init_rc : __real_gsasl_init(ctx);
}

int __wrap_gsasl_client_start(Gsasl *ctx, const char *mech, Gsasl_session **sctx)
{
	return start_rc ? start_rc : __real_gsasl_client_start(ctx, mech, sctx);
}

int __wrap_gsasl_step(Gsasl_session *sctx, const char *in, size_t n, char **out, size_t *len)
{
	int rc = step_rc ? step_rc : __real_gsasl_step(sctx, in, n, out, len);

	steps++;
	if (lose_output) {
		free(*out);
		*out = NULL;
	}
	return early_ok ? GSASL_OK : rc;
}

int __wrap_gsasl_property_set(Gsasl_session *sctx, Gsasl_property prop, const char *data)
{
	return (int)prop == drop_property ? GSASL_MALLOC_ERROR
					  : __real_gsasl_property_set(sctx, prop, data);
}

int __wrap_gsasl_saslprep(const char *in, Gsasl_saslprep_flags flags, char **out, int *rc)
{
	return prep_rc ? prep_rc : __real_gsasl_saslprep(in, flags, out, rc);
}

static int try_new(const char *mechanism)
{
	struct ptn_sasl *c = NULL;
	int rc = ptn_sasl_new(&c, mechanism, &sasl_login);

	ck_assert_int_eq(rc == 0, c != NULL);
	ptn_sasl_free(c);
	return rc;
}

START_TEST(a_failing_library)
{
	init_rc = GSASL_MALLOC_ERROR;
	ck_assert_int_eq(try_new("DIGEST-MD5"), POSTERN_E_NOMEM);
	init_rc = GSASL_CRYPTO_ERROR;
	ck_assert_int_eq(try_new("DIGEST-MD5"), POSTERN_E_MECHANISM);
	init_rc = 0;
	start_rc = GSASL_MALLOC_ERROR;
	ck_assert_int_eq(try_new("DIGEST-MD5"), POSTERN_E_NOMEM);
	start_rc = GSASL_UNKNOWN_MECHANISM;
	ck_assert_int_eq(try_new("DIGEST-MD5"), POSTERN_E_MECHANISM);
	start_rc = 0;
	drop_property = GSASL_AUTHID;
	ck_assert_int_eq(try_new("DIGEST-MD5"), POSTERN_E_NOMEM);
	drop_property = GSASL_PASSWORD;
	ck_assert_int_eq(try_new("DIGEST-MD5"), POSTERN_E_NOMEM);
	drop_property = GSASL_HOSTNAME;
	ck_assert_int_eq(try_new("DIGEST-MD5"), POSTERN_E_NOMEM);
	drop_property = -1;
	ck_assert_int_eq(try_new("DIGEST-MD5"), 0);
}
END_TEST

START_TEST(a_failing_first_step)
{
	step_rc = GSASL_MALLOC_ERROR;
	ck_assert_int_eq(try_new("ANONYMOUS"), POSTERN_E_NOMEM);
	step_rc = GSASL_GSSAPI_INIT_SEC_CONTEXT_ERROR; /* as without a ticket */
	ck_assert_int_eq(try_new("ANONYMOUS"), POSTERN_E_MECHANISM);
	step_rc = 0;
	lose_output = 1; /* a length without octets */
	ck_assert_int_eq(try_new("ANONYMOUS"), POSTERN_E_NOMEM);
}
END_TEST

START_TEST(a_failing_later_step)
{
	struct ptn_sasl *c = open_as("DIGEST-MD5", &sasl_login);

	step_rc = GSASL_MALLOC_ERROR;
	expect_fault(c, "x", PTN_FAULT_NO_MEMORY, "");
	ptn_sasl_free(c);
	step_rc = 0;
	c = open_as("DIGEST-MD5", &sasl_login);
	expect_fault(c, "realm", PTN_FAULT_AUTH_MALFORMED, "not understood");
	ptn_sasl_free(c);
}
END_TEST

/* Once libgsasl said that all is over it is not asked again: it would say the password again. */
START_TEST(nothing_follows_ok)
{
	struct ptn_sasl *c = open_as("DIGEST-MD5", &sasl_login);
	const char *out;
	size_t n;

	early_ok = 1;
	ck_assert_int_eq(ptn_sasl_step(c, "x", 1, &out, &n), PTN_SASL_DONE);
	steps = 0;
	for (int i = 0; i < 3; i++)
		expect_fault(c, "x", PTN_FAULT_AUTH_MALFORMED, "after the end");
	ck_assert_int_eq(steps, 0);
	ptn_sasl_free(c);
}
END_TEST

/* a server, and a library, that never come to an end. */
START_TEST(rounds_are_bounded)
{
	struct ptn_sasl *c = open_as("DIGEST-MD5", &sasl_login);
	const char *out;
	size_t n;
	int rounds = 0;

	step_rc = GSASL_NEEDS_MORE;
	while (ptn_sasl_step(c, "BugsYouHate", 11, &out, &n) == PTN_SASL_MORE)
		ck_assert_int_le(++rounds, 8);
	ck_assert_int_eq(rounds, 8);
	ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_AUTH_MALFORMED);
	ptn_sasl_free(c);
}
END_TEST

START_TEST(saslprep)
{
	struct ptn_sasl_login login = sasl_login;
	struct ptn_sasl *c;

	prep_rc = GSASL_MALLOC_ERROR;
	ck_assert_int_eq(try_new("SCRAM-SHA-1"), 0); /* ASCII is left alone */
	login.user = "\xC3\xA4";
	ck_assert_int_eq(ptn_sasl_new(&c, "SCRAM-SHA-1", &login), POSTERN_E_NOMEM);
	prep_rc = GSASL_SASLPREP_ERROR;
	ck_assert_int_eq(ptn_sasl_new(&c, "SCRAM-SHA-1", &login), POSTERN_E_MECHANISM);
	prep_rc = 0;
	ck_assert_int_eq(ptn_sasl_new(&c, "SCRAM-SHA-1", &login), 0);
	ptn_sasl_free(c);
}
END_TEST

/* ---- What can be tried without a server --------------------------------------------------- */

/* [MS-NLMP] 2.2.1.1: the first message says nothing of the user. */
START_TEST(ntlm_begins)
{
	struct ptn_sasl *c = NULL;
	const char *out;
	size_t n;

	if (ptn_sasl_new(&c, "NTLM", &sasl_login) == POSTERN_E_MECHANISM)
		return; /* libgsasl was built without it */
	ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
	ck_assert_uint_ge(n, 12);
	ck_assert_mem_eq(out, "NTLMSSP\0\1\0\0\0", 12);
	expect_fault(c, "NTLM supported", PTN_FAULT_AUTH_MALFORMED, "NTLM");
	ptn_sasl_free(c);
}
END_TEST

/* What libgsasl would answer, whatever it is: only a message of type 2 is one. */
START_TEST(ntlm_challenges)
{
	static const struct {
		const char *octets;
		size_t n;
		int result;
	} rows[] = {
		{"NTLMSSP\0\2\0\0\0\0\0\0\0\x28\0\0\0\1\0\0\0abcdefgh\0\0\0\0\0\0\0\0", 40,
		 PTN_SASL_DONE},
		{"NTLMSSP\0\2\0\0\0\0\0\0\0\x28\0\0\0\1\0\0\0abcdefg", 31, PTN_SASL_FAIL},
		{"NTLMSSP\0\3\0\0\0\0\0\0\0\x28\0\0\0\1\0\0\0abcdefgh", 32, PTN_SASL_FAIL},
		{"", 0, PTN_SASL_FAIL},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct ptn_sasl *c = NULL;
		const char *out;
		size_t n;

		if (ptn_sasl_new(&c, "NTLM", &sasl_login) == POSTERN_E_MECHANISM)
			return;
		ck_assert_int_eq(ptn_sasl_step(c, NULL, 0, &out, &n), PTN_SASL_MORE);
		ck_assert_int_eq(ptn_sasl_step(c, rows[i].octets, rows[i].n, &out, &n),
				 rows[i].result);
		ptn_sasl_free(c);
	}
}
END_TEST

static const char *const names[] = {"ANONYMOUS", "DIGEST-MD5"};

START_TEST(memory_fails_at_each_place)
{
	static const char challenge[] = "realm=\"h\",nonce=\"n\",qop=\"auth\",algorithm=md5-sess";
	int granted = 0, over = 0;

	for (; !over; granted++) {
		struct ptn_sasl *c = NULL;
		const char *out;
		size_t n;
		int rc, result = PTN_SASL_FAIL;

		ck_assert_int_lt(granted, 10);
		grants = granted;
		rc = ptn_sasl_new(&c, names[_i], &sasl_login);
		ck_assert(rc == 0 || rc == POSTERN_E_NOMEM);
		if (!rc)
			result = ptn_sasl_step(c, challenge, sizeof(challenge) - 1, &out, &n);
		grants = -1;
		if (!rc && result == PTN_SASL_FAIL)
			ck_assert_int_eq(ptn_sasl_fault(c), PTN_FAULT_NO_MEMORY);
		ptn_sasl_free(c);
		over = result != PTN_SASL_FAIL;
	}
	ck_assert_int_ge(granted, 3);
}
END_TEST

/* Without a process of its own for each test, nothing of one may reach the next. */
static void begin_anew(void)
{
	grants = -1;
	init_rc = start_rc = step_rc = prep_rc = 0;
	drop_property = -1;
	lose_output = early_ok = 0;
}

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "gsasl");

	tcase_add_checked_fixture(t, begin_anew, NULL);
	tcase_add_test(t, a_failing_library);
	tcase_add_test(t, a_failing_first_step);
	tcase_add_test(t, a_failing_later_step);
	tcase_add_test(t, nothing_follows_ok);
	tcase_add_test(t, rounds_are_bounded);
	tcase_add_test(t, saslprep);
	tcase_add_test(t, ntlm_begins);
	tcase_add_test(t, ntlm_challenges);
	EACH(t, memory_fails_at_each_place, names);
}
