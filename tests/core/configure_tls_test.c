/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The setters that say what TLS must be like.
 */
#define _POSIX_C_SOURCE 200809L
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "handle.h"
#include "main.h"
#include "memory.h"
#include "tls/store.h"

/* A pair for tests only; the encrypted key's passphrase is "sesame". */
static const char certificate_pem[] =
	"-----BEGIN CERTIFICATE-----\n"
	"MIIBODCB66ADAgECAhQ8qfC5mPV08hRyX6OIkN/OTHdV1TAFBgMrZXAwETEPMA0G\n"
	"A1UEAwwGY2xpZW50MCAXDTI2MTEyMTE0NDE1MFoYDzIxMjYxMDI4MTQ0MTUwWjAR\n"
	"MQ8wDQYDVQQDDAZjbGllbnQwKjAFBgMrZXADIQB2c104cPXAqH3EwmV0x2XEjNuu\n"
	"LmdmWfn7q+EJ0L0p2qNTMFEwHQYDVR0OBBYEFNmSUWy+vrthUIwqQKErRU+y36xn\n"
	"MB8GA1UdIwQYMBaAFNmSUWy+vrthUIwqQKErRU+y36xnMA8GA1UdEwEB/wQFMAMB\n"
	"Af8wBQYDK2VwA0EAuC9ydmTVOKuzo/vf9v22s7dzjhT0QP36vytE42IcTHYzc+gy\n"
	"phptdLkTeT6I5cpbYg9tEBNgVwVp0HJ7OfViDg==\n"
	"-----END CERTIFICATE-----\n";
static const char key_pem[] = "-----BEGIN PRIVATE KEY-----\n"
			      "MC4CAQAwBQYDK2VwBCIEIN02YkFL1eofFIa/apJak1usJIUKqK7F4+1X5upIHRJX\n"
			      "-----END PRIVATE KEY-----\n";
static const char locked_pem[] =
	"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
	"MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAjjABswuFhTGQICCAAw\n"
	"DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEDF3owSF//Tf8xp073UXzR8EQLkP\n"
	"TIC4fsOoumd3ieaGVj8kTOQ58nmDenp35jj6838IaI4FkL+w//Urn9ltjVrsLx4N\n"
	"S6qV8Ms4Gnx3brBkO5s=\n"
	"-----END ENCRYPTED PRIVATE KEY-----\n";

#define A43 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define PIN "sha256:" A43 "="

static char certificate[256], key[256], locked[256];

static void write_file(char path[256], const char *text)
{
	const char *dir = getenv("TMPDIR");
	int fd;

	snprintf(path, 256, "%s/postern-test-XXXXXX", dir ? dir : "/tmp");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
	close(fd);
}

static void make_files(void)
{
	write_file(certificate, certificate_pem);
	write_file(key, key_pem);
	write_file(locked, locked_pem);
}

static void drop_files(void)
{
	unlink(certificate);
	unlink(key);
	unlink(locked);
}

static void expect_error(const postern *p, const char *part)
{
	if (*part)
		ck_assert_msg(strstr(postern_error(p), part), "\"%s\" not in: %s", part,
			      postern_error(p));
	else
		ck_assert_str_eq(postern_error(p), "");
}

/* ---- Setters that take a text. ---- */

static int set_pins(postern *p, const char *text)
{
	return postern_set_pins(p, text, 0);
}

static int set_certificate(postern *p, const char *text)
{
	return postern_set_certificate(p, text, text ? key : NULL, NULL);
}

static int set_key(postern *p, const char *text)
{
	return postern_set_certificate(p, text ? certificate : NULL, text, "sesame");
}

static const struct setter {
	int (*set)(postern *p, const char *text);
	const char *good;
} setters[] = {
	{set_pins, PIN},
	{set_certificate, certificate},
	{set_key, locked},
	{postern_set_tls_minimum, "1.3"},
	{postern_set_tls_priority, "NORMAL"},
	{postern_set_trust, certificate},
};
enum { PINS, CERTIFICATE, KEY, MINIMUM, PRIORITY, TRUST, SETTERS };

static const struct {
	int setter;
	const char *text, *why;
} bad[] = {
	{PINS, "", "pins: the list is empty"},
	{PINS, PIN " sha256:AAAA", "pins: \"sha256:AAAA\""},
	{PINS, "md5\r\n", "pins: \"md5\\x0D\\x0A\""},
	{CERTIFICATE, "/nonexistent", "certificate: the certificate cannot be read"},
	{CERTIFICATE, "", "certificate: "},
	{CERTIFICATE, key, "certificate: the certificate cannot be read"},
	{CERTIFICATE, "pkcs11:token=none;object=none",
	 "certificate: the certificate cannot be read"},
	{KEY, "/nonexistent", "certificate: the key cannot be read"},
	{KEY, certificate, "certificate: the key cannot be read"},
	{MINIMUM, "", "1.3"},
	{MINIMUM, "1.1", "1.3"},
	{MINIMUM, "1.4", "1.3"},
	{MINIMUM, "TLS1.2", "1.3"},
	{PRIORITY, "", "priority"},
	{PRIORITY, "NORMAL:-VERS-TLS1.3:-VERS-TLS1.2", "priority"},
	{PRIORITY, "none such", "priority"},
	{TRUST, "/nonexistent", "cafile: the file cannot be read"},
	{TRUST, key, "cafile: there is no certificate in the file"},
};

START_TEST(what_is_refused)
{
	const struct setter *f = &setters[bad[_i].setter];
	postern *p = postern_new("mail.example.org");
	struct ptn_trust *trust = p->set.trust;

	ck_assert_int_eq(f->set(p, bad[_i].text), POSTERN_E_ARG);
	expect_error(p, bad[_i].why);
	/* what was set before is not touched, and another setter does not take the error back */
	ck_assert_uint_eq(p->set.tls.n_pins, 0);
	ck_assert_ptr_null(p->set.tls.own);
	ck_assert_ptr_null(p->set.tls.priority);
	ck_assert_int_eq(p->set.tls.minimum_13, 0);
	ck_assert_ptr_eq(p->set.trust, trust);
	ck_assert_int_eq(postern_require_staple(p, 1), 0);
	ck_assert_int_eq(postern_set_resumption(p, 0), 0);
	expect_error(p, bad[_i].why);
	ck_assert_int_eq(f->set(p, _i % 2 ? f->good : NULL), 0);
	expect_error(p, "");
	postern_free(p);
}
END_TEST

START_TEST(what_is_kept)
{
	postern *p = postern_new("mail.example.org");
	const struct ptn_tls_options *o = &p->set.tls;

	for (int i = 0; i < 2; i++) { /* and again */
		for (int s = 0; s < SETTERS; s++)
			ck_assert_msg(setters[s].set(p, setters[s].good) == 0, "%s",
				      postern_error(p));
		ck_assert_uint_eq(o->n_pins, 1);
		ck_assert_int_eq(o->pins_only, 0);
		ck_assert_ptr_nonnull(o->own);
		ck_assert_int_eq(o->minimum_13, 1);
		ck_assert_str_eq(o->priority, "NORMAL");
	}
	ck_assert_int_eq(postern_set_pins(p, PIN " " PIN, 1), 0);
	ck_assert_uint_eq(o->n_pins, 2);
	ck_assert_int_eq(o->pins_only, 1);
	ck_assert_int_eq(postern_set_tls_minimum(p, "1.2"), 0);
	ck_assert_int_eq(o->minimum_13, 0);
	ck_assert_int_eq(postern_require_staple(p, 7), 0);
	ck_assert_int_eq(o->staple_required, 1);
	ck_assert_int_eq(postern_set_resumption(p, 0), 0);
	ck_assert_int_eq(o->no_resumption, 1);
	for (int s = 0; s < SETTERS; s++)
		ck_assert_int_eq(setters[s].set(p, NULL), 0);
	ck_assert_int_eq(postern_require_staple(p, 0), 0);
	ck_assert_int_eq(postern_set_resumption(p, 1), 0);
	ck_assert_uint_eq(o->n_pins, 0);
	ck_assert_int_eq(o->pins_only, 0);
	ck_assert_ptr_null(o->own);
	ck_assert_ptr_null(o->priority);
	ck_assert_int_eq(o->minimum_13 || o->staple_required || o->no_resumption, 0);
	/* without pins there is nothing to have in place of the authorities */
	ck_assert_int_eq(postern_set_pins(p, NULL, 1), 0);
	ck_assert_int_eq(o->pins_only, 0);
	postern_free(p);
}
END_TEST

START_TEST(halves_of_a_pair)
{
	postern *p = postern_new("mail.example.org");

	ck_assert_int_eq(postern_set_certificate(p, certificate, NULL, NULL), POSTERN_E_ARG);
	expect_error(p, "together");
	ck_assert_int_eq(postern_set_certificate(p, NULL, key, NULL), POSTERN_E_ARG);
	ck_assert_int_eq(postern_set_certificate(p, certificate, locked, NULL), POSTERN_E_ARG);
	expect_error(p, "without a secret");
	ck_assert_int_eq(postern_set_certificate(p, certificate, locked, "barley"), POSTERN_E_ARG);
	expect_error(p, "the secret does not open it");
	ck_assert_ptr_null(strstr(postern_error(p), "barley"));
	ck_assert_int_eq(postern_set_certificate(p, NULL, NULL, NULL), 0);
	expect_error(p, "");
	postern_free(p);
}
END_TEST

START_TEST(no_handle)
{
	for (int s = 0; s < SETTERS; s++)
		ck_assert_int_eq(setters[s].set(NULL, setters[s].good), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_require_staple(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_int_eq(postern_set_resumption(NULL, 1), POSTERN_E_NOMEM);
	ck_assert_str_eq(postern_sessions_save(NULL, "0123456789abcdef", 16), "");
	ck_assert_int_eq(postern_sessions_restore(NULL, "", "0123456789abcdef", 16),
			 POSTERN_E_NOMEM);
}
END_TEST

/* Each request for memory fails once, and from there on: the call says so, the error sticks, and
 * what was set before stays. */
START_TEST(setters_without_memory)
{
	const struct setter *f = &setters[_i];

	for (int once = 0; once < 2; once++) {
		int err = POSTERN_E_NOMEM;

		for (int n = 0; err; n++) {
			postern *p = postern_new("mail.example.org");

			ck_assert_int_lt(n, 50);
			refuse_once = once;
			refused = 0;
			grants = n;
			err = f->set(p, f->good);
			grants = -1;
			refuse_once = 0;
			ck_assert_int_eq(err, refused ? POSTERN_E_NOMEM : 0);
			expect_error(p, err ? postern_strerror(POSTERN_E_NOMEM) : "");
			ck_assert_int_eq(p->set.tls.n_pins == 1, !err && f->set == set_pins);
			ck_assert_ptr_nonnull(p->set.trust);
			postern_free(p);
		}
	}
}
END_TEST

/* ---- Sessions to resume. ---- */

static const char secret[] = "sixteen or more octets";

static void put_session(postern *p)
{
	const struct ptn_kept facts = {.until = time(NULL) + 1000, .cap = time(NULL) + 2000};
	static const unsigned char under[PTN_STORE_KEY] = {1};

	ptn_store_add(p->set.sessions, under, &facts, "session", 7);
}

START_TEST(sessions_are_saved)
{
	postern *p = postern_new("mail.example.org"), *q = postern_new("mail.example.org");
	const char *text;

	ck_assert_str_eq(postern_sessions_save(p, secret, sizeof secret), "");
	put_session(p);
	ck_assert_str_eq(postern_sessions_save(p, secret, 15), "");
	ck_assert_str_eq(postern_sessions_save(p, NULL, 16), "");
	text = postern_sessions_save(p, secret, sizeof secret);
	ck_assert_int_eq(strncmp(text, "postern-sessions 1 ", 19), 0);
	ck_assert_int_eq(postern_sessions_restore(q, text, secret, 16), POSTERN_E_ARG);
	ck_assert_int_eq(postern_sessions_restore(q, NULL, secret, sizeof secret), POSTERN_E_ARG);
	ck_assert_int_eq(postern_sessions_restore(q, "nonsense", secret, sizeof secret),
			 POSTERN_E_ARG);
	ck_assert_uint_eq(ptn_store_count(q->set.sessions), 0);
	ck_assert_int_eq(postern_sessions_restore(q, text, secret, sizeof secret), 0);
	ck_assert_uint_eq(ptn_store_count(q->set.sessions), 1);
	expect_error(q, ""); /* a bad text spoils nothing */
	/* switched off, they are gone */
	ck_assert_int_eq(postern_set_resumption(q, 0), 0);
	ck_assert_uint_eq(ptn_store_count(q->set.sessions), 0);
	postern_free(p);
	postern_free(q);
}
END_TEST

START_TEST(saving_without_memory)
{
	postern *p = postern_new("mail.example.org");
	const char *text = "";

	put_session(p);
	for (int n = 0; !*text; n++) {
		ck_assert_int_lt(n, 50);
		refused = 0;
		grants = n;
		text = postern_sessions_save(p, secret, sizeof secret);
		grants = -1;
		ck_assert_int_eq(*text == '\0', refused > 0);
	}
	postern_free(p);
}
END_TEST

/* Each is good for one use, and that is the parent's. */
START_TEST(a_child_has_none)
{
	postern *p = postern_new("mail.example.org");
	int status;
	pid_t child;

	put_session(p);
	child = fork();
	ck_assert_int_ge(child, 0);
	if (!child)
		_exit(*postern_sessions_save(p, secret, sizeof secret) != '\0' ||
		      ptn_store_count(p->set.sessions) != 0);
	ck_assert_int_eq(waitpid(child, &status, 0), child);
	ck_assert_int_eq(status, 0);
	ck_assert_uint_eq(ptn_store_count(p->set.sessions), 1);
	postern_free(p);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "configure_tls");

	tcase_add_unchecked_fixture(t, make_files, drop_files);
	EACH(t, what_is_refused, bad);
	tcase_add_test(t, what_is_kept);
	tcase_add_test(t, halves_of_a_pair);
	tcase_add_test(t, no_handle);
	EACH(t, setters_without_memory, setters);
	tcase_add_test(t, sessions_are_saved);
	tcase_add_test(t, saving_without_memory);
	tcase_add_test(t, a_child_has_none);
}
