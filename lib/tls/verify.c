/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE /* gmtime_r */
#include <gnutls/ocsp.h>
#include <gnutls/x509-ext.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"
#include "postern.h"
#include "tls/dane.h"
#include "tls/identity.h"
#include "tls/tls.h"
#include "tls/verify.h"

enum { LONGEST_CHAIN = 16, SUBJECT_WIDTH = 120 };

/* RFC 6066 8; GnuTLS has no name for it. */
#define BAD_STATUS ((gnutls_alert_description_t)113)

/* The chain that the server sent, leaf first, and the authority behind it if that is known. */
struct chain {
	gnutls_x509_crt_t crt[LONGEST_CHAIN + 1];
	unsigned count; /* of those that are ours to free */
	gnutls_x509_crt_t root;
};

/* What is wrong, the most helpful first: who vouches for it, then when, then how.  A name is only
 * looked at once the rest is good. */
static const struct {
	unsigned status;
	struct ptn_verdict verdict;
	const char *why;
} verdicts[] = {
	{GNUTLS_CERT_REVOKED, {PTN_FAULT_CERT_REVOKED, GNUTLS_A_CERTIFICATE_REVOKED}, ""},
	{GNUTLS_CERT_SIGNER_NOT_FOUND, {PTN_FAULT_CERT_UNKNOWN_AUTHORITY, GNUTLS_A_UNKNOWN_CA}, ""},
	{GNUTLS_CERT_NOT_ACTIVATED,
	 {PTN_FAULT_CERT_NOT_YET_VALID, GNUTLS_A_CERTIFICATE_EXPIRED},
	 ""},
	{GNUTLS_CERT_EXPIRED, {PTN_FAULT_CERT_EXPIRED, GNUTLS_A_CERTIFICATE_EXPIRED}, ""},
	{GNUTLS_CERT_INSECURE_ALGORITHM, {PTN_FAULT_CERT_WEAK, GNUTLS_A_BAD_CERTIFICATE}, ""},
	{GNUTLS_CERT_PURPOSE_MISMATCH,
	 {PTN_FAULT_CERT_PURPOSE, GNUTLS_A_UNSUPPORTED_CERTIFICATE},
	 ""},
	{GNUTLS_CERT_SIGNER_NOT_CA,
	 {PTN_FAULT_CERT_INVALID, GNUTLS_A_UNKNOWN_CA},
	 "the issuer is not a certificate authority"},
	{GNUTLS_CERT_SIGNER_CONSTRAINTS_FAILURE,
	 {PTN_FAULT_CERT_INVALID, GNUTLS_A_BAD_CERTIFICATE},
	 "it oversteps what its authority may sign for"},
	{GNUTLS_CERT_SIGNATURE_FAILURE,
	 {PTN_FAULT_CERT_INVALID, GNUTLS_A_BAD_CERTIFICATE},
	 "its signature is wrong"},
	{GNUTLS_CERT_MISSING_OCSP_STATUS,
	 {PTN_FAULT_CERT_NO_STAPLE, BAD_STATUS},
	 "it demands an OCSP response, and the server sent none"},
	{GNUTLS_CERT_INVALID_OCSP_STATUS | GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED |
		 GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE,
	 {PTN_FAULT_CERT_BAD_STAPLE, BAD_STATUS},
	 "the OCSP response that the server sent is out of date, or for another certificate"},
	{~0U, {PTN_FAULT_CERT_INVALID, GNUTLS_A_BAD_CERTIFICATE}, "the chain cannot be verified"},
};

/* ---- The chain ---- */

/* Up to the nth, which is counted from 1. */
static int read_up_to(gnutls_session_t s, struct chain *c, unsigned most)
{
	unsigned n = 0;
	const gnutls_datum_t *peers = gnutls_certificate_get_peers(s, &n);

	if (gnutls_certificate_type_get(s) != GNUTLS_CRT_X509 || !peers || !n)
		return GNUTLS_E_NO_CERTIFICATE_FOUND;
	for (unsigned i = c->count; i < n && i < most; i++) {
		int rc = gnutls_x509_crt_init(&c->crt[i]);

		if (rc < 0)
			return rc;
		c->count++;
		rc = gnutls_x509_crt_import(c->crt[i], &peers[i], GNUTLS_X509_FMT_DER);
		if (rc < 0)
			return rc;
	}
	return 0;
}

/* For most verdicts the leaf is enough, and GnuTLS has read the rest once already. */
static int read_leaf(gnutls_session_t s, struct chain *c)
{
	return read_up_to(s, c, 1);
}

static int read_rest(gnutls_session_t s, struct chain *c)
{
	return read_up_to(s, c, LONGEST_CHAIN);
}

static void free_chain(struct chain *c)
{
	for (unsigned i = 0; i < c->count; i++)
		gnutls_x509_crt_deinit(c->crt[i]);
	if (c->root)
		gnutls_x509_crt_deinit(c->root);
}

/* The authority may be what has expired, so it is shown as one more of the chain. */
static void find_root(gnutls_session_t s, struct chain *c)
{
	void *credentials = NULL;

	if (c->root)
		return;
	if (gnutls_credentials_get(s, GNUTLS_CRD_CERTIFICATE, &credentials) < 0 ||
	    gnutls_certificate_get_issuer(credentials, c->crt[c->count - 1], &c->root,
					  GNUTLS_TL_GET_COPY) < 0)
		c->root = NULL;
}

static gnutls_x509_crt_t nth(const struct chain *c, unsigned i)
{
	return i < c->count ? c->crt[i] : i == c->count ? c->root : NULL;
}

static int is_self_signed(const struct chain *c)
{
	return c->count == 1 && gnutls_x509_crt_check_issuer(c->crt[0], c->crt[0]);
}

/* ---- What to say of it.  Out of memory, less is said. ---- */

static void say_name(struct ptn_buf *b, gnutls_x509_crt_t crt, int issuer)
{
	gnutls_datum_t dn = {0};
	int rc = issuer ? gnutls_x509_crt_get_issuer_dn3(crt, &dn, 0)
			: gnutls_x509_crt_get_dn3(crt, &dn, 0);

	if (rc < 0 || !dn.size)
		ptn_buf_puts(b, "(no name)");
	else
		ptn_text_escape(b, (const char *)dn.data, dn.size, SUBJECT_WIDTH);
	if (rc >= 0)
		gnutls_free(dn.data);
}

static void say_date(struct ptn_buf *b, const char *words, time_t when)
{
	struct tm tm;
	char text[64];

	if (when == (time_t)-1 || !gmtime_r(&when, &tm))
		return;
	snprintf(text, sizeof text, "%s%04d-%02d-%02d", words, tm.tm_year + 1900, tm.tm_mon + 1,
		 tm.tm_mday);
	ptn_buf_puts(b, text);
}

/* The first of the chain to expire, or the last to become valid: if any is at fault, this one is.
 */
static void say_dates(struct ptn_buf *b, const struct chain *c, int fault)
{
	int expired = fault == PTN_FAULT_CERT_EXPIRED;
	gnutls_x509_crt_t worst = NULL, crt;
	time_t when = 0;

	for (unsigned i = 0; (crt = nth(c, i)); i++) {
		time_t t = expired ? gnutls_x509_crt_get_expiration_time(crt)
				   : gnutls_x509_crt_get_activation_time(crt);

		if (!worst || (expired ? t < when : t > when)) {
			worst = crt;
			when = t;
		}
	}
	say_name(b, worst, 0);
	say_date(b, expired ? ", valid until " : ", valid from ", when);
}

static int is_weak(gnutls_x509_crt_t crt)
{
	unsigned bits = 0;
	int algorithm = gnutls_x509_crt_get_pk_algorithm(crt, &bits);
	int signature = gnutls_x509_crt_get_signature_algorithm(crt);

	return algorithm < 0 || signature < 0 ||
	       !gnutls_sign_is_secure2((gnutls_sign_algorithm_t)signature,
				       GNUTLS_SIGN_FLAG_SECURE_FOR_CERTS) ||
	       gnutls_pk_bits_to_sec_param((gnutls_pk_algorithm_t)algorithm, bits) <
		       GNUTLS_SEC_PARAM_MEDIUM;
}

static void say_strength(struct ptn_buf *b, const struct chain *c)
{
	gnutls_x509_crt_t crt = c->crt[0];
	const char *key, *signature;
	unsigned bits = 0;
	char text[96];

	for (unsigned i = c->count; i-- > 0;)
		if (is_weak(c->crt[i]))
			crt = c->crt[i];
	key = gnutls_pk_get_name(
		(gnutls_pk_algorithm_t)gnutls_x509_crt_get_pk_algorithm(crt, &bits));
	signature = gnutls_sign_get_name(
		(gnutls_sign_algorithm_t)gnutls_x509_crt_get_signature_algorithm(crt));
	say_name(b, crt, 0);
	snprintf(text, sizeof text, ", %s key of %u bits, signed with %s", key ? key : "unknown",
		 bits, signature ? signature : "an unknown algorithm");
	ptn_buf_puts(b, text);
}

static void describe(struct ptn_buf *b, const struct chain *c, int fault, const char *why)
{
	if (fault == PTN_FAULT_CERT_EXPIRED || fault == PTN_FAULT_CERT_NOT_YET_VALID) {
		say_dates(b, c, fault);
	} else if (fault == PTN_FAULT_CERT_WEAK) {
		say_strength(b, c);
	} else {
		say_name(b, c->crt[0], 0);
		if (fault == PTN_FAULT_CERT_UNKNOWN_AUTHORITY) {
			ptn_buf_puts(b, ", issued by ");
			say_name(b, c->crt[c->count - 1], 1);
		}
		if (*why) {
			ptn_buf_puts(b, ": ");
			ptn_buf_puts(b, why);
		}
	}
}

/* ---- The verdict ---- */

static struct ptn_verdict unusable(struct ptn_buf *detail, int rc)
{
	if (rc == GNUTLS_E_MEMORY_ERROR)
		return (struct ptn_verdict){PTN_FAULT_NO_MEMORY, GNUTLS_A_INTERNAL_ERROR};
	ptn_buf_puts(detail, gnutls_strerror_name(rc));
	return (struct ptn_verdict){PTN_FAULT_CERT_INVALID, GNUTLS_A_BAD_CERTIFICATE};
}

static struct ptn_verdict judge_status(const struct chain *c, unsigned status,
				       struct ptn_buf *detail)
{
	size_t i = 0;
	struct ptn_verdict v;

	while (!(verdicts[i].status & status))
		i++;
	v = verdicts[i].verdict;
	if (v.fault == PTN_FAULT_CERT_UNKNOWN_AUTHORITY && is_self_signed(c))
		v.fault = PTN_FAULT_CERT_SELF_SIGNED;
	describe(detail, c, v.fault, verdicts[i].why);
	return v;
}

static const struct ptn_verdict good = {PTN_FAULT_NONE, GNUTLS_A_CLOSE_NOTIFY};

/* A name is only looked at once the rest is good. */
static struct ptn_verdict judge_name(const struct chain *c, const struct ptn_wanted *w,
				     struct ptn_buf *detail)
{
	struct ptn_buf unused = {0};
	int rc = ptn_identity_check(c->crt[0], w->host, detail);

	if (!rc && w->also) {
		rc = ptn_identity_check(c->crt[0], w->also, &unused);
		ptn_buf_free(&unused);
		if (rc == 1)
			ptn_buf_clear(detail);
	}
	if (rc == 1)
		return good;
	if (rc < 0)
		return unusable(detail, GNUTLS_E_MEMORY_ERROR);
	return (struct ptn_verdict){PTN_FAULT_CERT_WRONG_NAME, GNUTLS_A_BAD_CERTIFICATE};
}

/* By the authorities that are trusted (RFC 5280 6, RFC 9525). only: the status bits that count. */
static struct ptn_verdict judge_chain(gnutls_session_t s, struct chain *c, unsigned only,
				      struct ptn_buf *detail)
{
	gnutls_typed_vdata_st purpose = {.type = GNUTLS_DT_KEY_PURPOSE_OID,
					 .data = (unsigned char *)GNUTLS_KP_TLS_WWW_SERVER};
	unsigned status = ~0U;
	int rc = gnutls_certificate_verify_peers(s, &purpose, 1, &status);

	if (rc < 0)
		return unusable(detail, rc);
	if (!(status & only))
		return good;
	rc = read_rest(s, c);
	if (rc < 0)
		return unusable(detail, rc);
	find_root(s, c);
	return judge_status(c, status & only, detail);
}

static struct ptn_verdict judge_pkix(gnutls_session_t s, struct chain *c, const struct ptn_wanted *w,
				     struct ptn_buf *detail)
{
	struct ptn_verdict v = judge_chain(s, c, ~0U, detail);

	return v.fault ? v : judge_name(c, w, detail);
}

/* ---- DANE ---- */

static int has_usable(const struct ptn_wanted *w)
{
	for (size_t i = 0; i < w->n_tlsa; i++)
		if (ptn_dane_is_usable(&w->tlsa[i]))
			return 1;
	return 0;
}

/* A record of this usage for the leaf. */
static int matches_leaf(const struct ptn_wanted *w, const struct chain *c, int usage)
{
	for (size_t i = 0; i < w->n_tlsa; i++)
		if (w->tlsa[i].usage == usage && ptn_dane_matches(&w->tlsa[i], c->crt[0]))
			return 1;
	return 0;
}

/* A record of this usage for an authority that has signed the leaf, be it over others.  What stands
 * in the chain proves nothing: anybody may send that authority's certificate along with his own.
 * status: what is wrong with the best of them; ~0: none matches. */
static unsigned status_of_anchors(const struct ptn_wanted *w, const struct chain *c, int usage)
{
	unsigned status, best = ~0U;
	gnutls_x509_crt_t crt;

	for (size_t i = 0; i < w->n_tlsa; i++) {
		if (w->tlsa[i].usage != usage || ptn_dane_matches(&w->tlsa[i], c->crt[0]))
			continue; /* the leaf is nobody's authority */
		for (unsigned k = 1; (crt = nth(c, k)); k++)
			if (ptn_dane_matches(&w->tlsa[i], crt)) {
				status = ptn_dane_status(c->crt, c->count, crt);
				best = status < best ? status : best;
			}
		crt = ptn_dane_certificate(&w->tlsa[i]);
		if (crt) {
			status = ptn_dane_status(c->crt, c->count, crt);
			best = status < best ? status : best;
			gnutls_x509_crt_deinit(crt);
		}
	}
	return best;
}

/* The authority has signed; what of dates is wrong may be said by another. */
static int is_signed(unsigned status)
{
	return !(status & ~(unsigned)(GNUTLS_CERT_INVALID | GNUTLS_CERT_EXPIRED |
				      GNUTLS_CERT_NOT_ACTIVATED));
}

/* RFC 6698 2.1.1: 3 is the leaf itself, and enough (RFC 7671 5.1: no dates and no name either); 2
 * an authority in place of ours; 0 and 1 narrow down what ours have signed. */
static struct ptn_verdict judge_dane(gnutls_session_t s, struct chain *c,
				     const struct ptn_wanted *w, struct ptn_buf *detail)
{
	unsigned status;
	int rc = read_rest(s, c);

	if (rc < 0)
		return unusable(detail, rc);
	if (matches_leaf(w, c, PTN_DANE_EE))
		return good;
	status = status_of_anchors(w, c, PTN_DANE_TA);
	if (!status)
		return judge_name(c, w, detail);
	find_root(s, c);
	if (matches_leaf(w, c, PTN_DANE_PKIX_EE) ||
	    is_signed(status_of_anchors(w, c, PTN_DANE_PKIX_TA)))
		return judge_pkix(s, c, w, detail);
	if (is_signed(status))
		return judge_status(c, status, detail);
	say_name(detail, c->crt[0], 0);
	return (struct ptn_verdict){PTN_FAULT_CERT_NOT_IN_DNS, GNUTLS_A_BAD_CERTIFICATE};
}

/* ---- What the caller asks for ---- */

/* Where a pinned key is enough, what is still sure is that the server holds it: the handshake is
 * signed with it, in a version and with algorithms that are allowed.  Who vouches for the name, and
 * until when, is not asked. */
static struct ptn_verdict judge_pins(const struct ptn_tls_options *o,
				     const unsigned char id[PTN_PIN_SIZE], struct ptn_buf *detail)
{
	if (!o->n_pins || ptn_pins_have(o, id))
		return good;
	ptn_buf_puts(detail, PTN_PIN_PREFIX);
	ptn_text_base64(detail, id, PTN_PIN_SIZE);
	return (struct ptn_verdict){PTN_FAULT_CERT_NOT_PINNED, GNUTLS_A_BAD_CERTIFICATE};
}

/* Whether the response says that the certificate is good.  GnuTLS has verified it, but passes over
 * one that says nothing: of a responder that was busy, or does not know the certificate. */
static int says_good(gnutls_session_t s)
{
	gnutls_ocsp_resp_t response = NULL;
	unsigned status = GNUTLS_OCSP_CERT_UNKNOWN;
	gnutls_datum_t der;
	int rc = gnutls_ocsp_status_request_get(s, &der);

	if (rc >= 0)
		rc = gnutls_ocsp_resp_init(&response);
	if (rc >= 0)
		rc = gnutls_ocsp_resp_import(response, &der);
	if (rc >= 0)
		rc = gnutls_ocsp_resp_get_single(response, 0, NULL, NULL, NULL, NULL, &status, NULL,
						 NULL, NULL, NULL);
	if (response)
		gnutls_ocsp_resp_deinit(response);
	return rc >= 0 && status == GNUTLS_OCSP_CERT_GOOD;
}

static int has_staple(gnutls_session_t s)
{
	return !gnutls_session_is_resumed(s) && gnutls_ocsp_status_request_is_checked(s, 0) &&
	       says_good(s);
}

/* RFC 7633: it is not to be believed without a response. */
static int demands_staple(gnutls_x509_crt_t crt)
{
	enum { STATUS_REQUEST = 5 };
	gnutls_x509_tlsfeatures_t list = NULL;
	unsigned feature = 0;
	int found = 0;

	if (gnutls_x509_tlsfeatures_init(&list) >= 0 &&
	    gnutls_x509_crt_get_tlsfeatures(crt, list, 0, NULL) >= 0)
		for (unsigned i = 0; gnutls_x509_tlsfeatures_get(list, i, &feature) >= 0; i++)
			found |= feature == STATUS_REQUEST;
	if (list)
		gnutls_x509_tlsfeatures_deinit(list);
	return found;
}

/* Whether there was one that proves something is known once the chain was judged. */
static struct ptn_verdict judge_staple(gnutls_session_t s, struct chain *c, struct ptn_buf *detail)
{
	const unsigned bits = GNUTLS_CERT_REVOKED | GNUTLS_CERT_MISSING_OCSP_STATUS |
			      GNUTLS_CERT_INVALID_OCSP_STATUS |
			      GNUTLS_CERT_REVOCATION_DATA_SUPERSEDED |
			      GNUTLS_CERT_REVOCATION_DATA_ISSUED_IN_FUTURE;
	struct ptn_verdict v = has_staple(s) ? good : judge_chain(s, c, bits, detail);

	if (v.fault || has_staple(s))
		return v;
	say_name(detail, c->crt[0], 0);
	if (gnutls_ocsp_status_request_is_checked(s, GNUTLS_OCSP_SR_IS_AVAIL))
		return (struct ptn_verdict){PTN_FAULT_CERT_BAD_STAPLE, BAD_STATUS};
	return (struct ptn_verdict){PTN_FAULT_CERT_NO_STAPLE, BAD_STATUS};
}

static struct ptn_verdict judge(gnutls_session_t s, struct chain *c, const struct ptn_wanted *w,
				const unsigned char id[PTN_PIN_SIZE], struct ptn_buf *detail)
{
	static const struct ptn_tls_options none = {.n_pins = 0};
	const struct ptn_tls_options *o = w->options ? w->options : &none;
	struct ptn_verdict v = good;

	if (has_usable(w))
		v = judge_dane(s, c, w, detail);
	else if (!o->n_pins || !o->pins_only)
		v = judge_pkix(s, c, w, detail);
	if (!v.fault)
		v = judge_pins(o, id, detail);
	if (!v.fault &&
	    (o->staple_required || (!gnutls_session_is_resumed(s) && demands_staple(c->crt[0]))))
		v = judge_staple(s, c, detail);
	return v;
}

struct ptn_verdict ptn_verify(gnutls_session_t s, const struct ptn_wanted *wanted,
			      struct ptn_shown *shown)
{
	struct chain c = {.count = 0};
	unsigned char id[PTN_PIN_SIZE];
	size_t n = sizeof id;
	struct ptn_verdict v;
	int rc = read_leaf(s, &c);

	if (rc >= 0)
		rc = gnutls_x509_crt_get_key_id(c.crt[0], GNUTLS_KEYID_USE_SHA256, id, &n);
	if (rc >= 0 && ptn_text_base64(shown->key, id, n))
		rc = GNUTLS_E_MEMORY_ERROR;
	if (rc >= 0)
		shown->until = (long long)gnutls_x509_crt_get_expiration_time(c.crt[0]);
	v = rc < 0 ? unusable(shown->detail, rc) : judge(s, &c, wanted, id, shown->detail);
	free_chain(&c);
	return v;
}

/* ---- Described ---- */

static void put_instant(char out[24], time_t when)
{
	struct tm tm;
	char text[96];

	out[0] = '\0';
	if (when == (time_t)-1 || !gmtime_r(&when, &tm))
		return;
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02dZ", tm.tm_year + 1900,
		 tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec);
	if (strlen(text) < 24)
		memcpy(out, text, strlen(text) + 1);
}

int ptn_verify_describe(gnutls_session_t s, struct ptn_tls_certificate *out)
{
	struct chain c = {.count = 0};
	int err = read_leaf(s, &c) < 0 ? POSTERN_E_PROTOCOL : 0;

	if (!err) {
		say_name(&out->issuer, c.crt[0], 1);
		put_instant(out->from, gnutls_x509_crt_get_activation_time(c.crt[0]));
		put_instant(out->until, gnutls_x509_crt_get_expiration_time(c.crt[0]));
		err = ptn_identity_names(c.crt[0], &out->names);
	}
	if (!err && (ptn_buf_add(&out->names, "", 1) || ptn_buf_add(&out->issuer, "", 1)))
		err = POSTERN_E_NOMEM;
	free_chain(&c);
	return err;
}

int ptn_verify_names(gnutls_session_t s, const char *host)
{
	struct chain c = {.count = 0};
	struct ptn_buf unused = {0};
	int named = read_leaf(s, &c) >= 0 && ptn_identity_check(c.crt[0], host, &unused) == 1;

	ptn_buf_free(&unused);
	free_chain(&c);
	return named;
}
