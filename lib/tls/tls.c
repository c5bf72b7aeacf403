/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <errno.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "tls/identity.h"
#include "tls/own.h"
#include "tls/priority.h"
#include "tls/resume.h"
#include "tls/tls.h"
#include "tls/trust.h"
#include "tls/verify.h"

enum {
	RECORD = 16384, /* the most plaintext in a record (RFC 8446 5.1) */
	AT_ONCE = 8 * RECORD, /* taken by one call, so that the output is bounded too */
	/* Octets read for a handshake, or without plaintext after it: a message may claim 16 MiB,
	 * and GnuTLS would keep them all. */
	HANDSHAKE_MOST = 256 * 1024,
	SILENT_MOST = 1152 * 1024,
	RECORD_ROOM = 512, /* the most that sealing one may add, key updates included */
	BANNER_WIDTH = 200, /* octets shown of an SMTP greeting */
	STRANGER_WIDTH = 64 /* octets shown of what is neither TLS nor SMTP */
};

struct ptn_tls {
	gnutls_session_t session;
	struct ptn_trust *trust;
	struct ptn_tls_with with;
	struct ptn_tls_own *own; /* as in with.options; a reference of our own */
	struct ptn_resume resume;
	char *host;
	struct ptn_buf in, out, detail, key;
	size_t pulled; /* octets of the handshake, or since the last plaintext */
	int fault;
	unsigned begun : 1; /* the trust is set */
	unsigned heard : 1; /* the first octets are those of TLS */
	unsigned verified : 1; /* the one gate to get and put */
	unsigned answered : 1; /* the server has said something behind the handshake */
	unsigned eof : 1; /* the network has ended */
	unsigned drained : 1; /* GnuTLS has been told of it */
	unsigned closed : 1; /* close_notify came */
	unsigned said_bye : 1; /* close_notify went */
	unsigned asked_again : 1; /* renegotiation was asked for, and refused */
};

/* ---- The network side ---- */

static ssize_t pull(gnutls_transport_ptr_t p, void *to, size_t n)
{
	struct ptn_tls *t = p;
	size_t have = ptn_buf_len(&t->in);

	if (!have && !t->eof) {
		gnutls_transport_set_errno(t->session, EAGAIN);
		return -1;
	}
	if (n > have)
		n = have;
	t->drained = !have;
	if (n)
		memcpy(to, ptn_buf_data(&t->in), n);
	ptn_buf_took(&t->in, n);
	t->pulled += n;
	return (ssize_t)n;
}

static int pull_ready(gnutls_transport_ptr_t p, unsigned ms)
{
	struct ptn_tls *t = p;

	(void)ms;
	return ptn_buf_len(&t->in) || t->eof;
}

static ssize_t push(gnutls_transport_ptr_t p, const giovec_t *v, int count)
{
	struct ptn_tls *t = p;
	size_t before = ptn_buf_len(&t->out);

	for (int i = 0; i < count; i++)
		if (ptn_buf_add(&t->out, v[i].iov_base, v[i].iov_len)) {
			ptn_buf_cut(&t->out, before);
			gnutls_transport_set_errno(t->session, ENOMEM);
			return -1;
		}
	return (ssize_t)(ptn_buf_len(&t->out) - before);
}

int ptn_tls_feed(struct ptn_tls *t, const void *in, size_t len)
{
	return t->fault ? 0 : ptn_buf_add(&t->in, in, len);
}

void ptn_tls_eof(struct ptn_tls *t)
{
	t->eof = 1;
}

size_t ptn_tls_out(struct ptn_tls *t, const char **p)
{
	*p = ptn_buf_data(&t->out);
	return ptn_buf_len(&t->out);
}

void ptn_tls_wrote(struct ptn_tls *t, size_t n)
{
	ptn_buf_took(&t->out, n);
}

void ptn_tls_rest(struct ptn_tls *t)
{
	if (!ptn_buf_len(&t->in))
		ptn_buf_free(&t->in);
	if (!ptn_buf_len(&t->out))
		ptn_buf_free(&t->out);
}

/* ---- Failing ---- */

/* Gives -1, always; the first fault stays.  The detail may have been begun by the caller. */
static int fail(struct ptn_tls *t, int fault, const char *detail)
{
	t->fault = fault;
	if (!t->verified)
		ptn_resume_failed(&t->resume);
	ptn_buf_clear(&t->in);
	ptn_buf_puts(&t->detail, detail);
	if (ptn_buf_add(&t->detail, "", 1))
		ptn_buf_free(&t->detail);
	return -1;
}

/* "GNUTLS_A_UNKNOWN_CA" is "unknown_ca" in RFC 8446 6. */
static void say_alert(struct ptn_buf *b, gnutls_alert_description_t alert)
{
	static const char prefix[] = "GNUTLS_A_";
	const char *s = gnutls_alert_get_strname(alert);

	if (s && !strncmp(s, prefix, sizeof prefix - 1))
		s += sizeof prefix - 1;
	for (; s && *s; s++) {
		char c = (char)ptn_text_lower((unsigned char)*s);

		ptn_buf_add(b, &c, 1);
	}
}

/* What servers say to a client that has shown no certificate, or one that they do not take (RFC
 * 8446 6.2, RFC 5246 7.2.2): in TLS 1.3 that comes when our handshake is done. */
static int is_about_ours(const struct ptn_tls *t, gnutls_alert_description_t alert)
{
	static const unsigned char alerts[] = {
		GNUTLS_A_HANDSHAKE_FAILURE,   GNUTLS_A_SSL3_NO_CERTIFICATE,
		GNUTLS_A_BAD_CERTIFICATE,     GNUTLS_A_UNSUPPORTED_CERTIFICATE,
		GNUTLS_A_CERTIFICATE_REVOKED, GNUTLS_A_CERTIFICATE_EXPIRED,
		GNUTLS_A_CERTIFICATE_UNKNOWN, GNUTLS_A_UNKNOWN_CA,
		GNUTLS_A_ACCESS_DENIED,       GNUTLS_A_CERTIFICATE_REQUIRED};

	if (t->answered || !gnutls_certificate_client_get_request_status(t->session))
		return 0;
	/* servers with GnuTLS say so in TLS 1.2 */
	return memchr(alerts, (int)alert, sizeof alerts) != NULL ||
	       (!t->own && alert == GNUTLS_A_DECODE_ERROR);
}

static int fail_by_alert(struct ptn_tls *t)
{
	gnutls_alert_description_t alert = gnutls_alert_get(t->session);
	int disjoint = alert == GNUTLS_A_HANDSHAKE_FAILURE || alert == GNUTLS_A_PROTOCOL_VERSION ||
		       alert == GNUTLS_A_INSUFFICIENT_SECURITY;

	say_alert(&t->detail, alert);
	return fail(t,
		    is_about_ours(t, alert)    ? PTN_FAULT_TLS_CERT_WANTED
		    : disjoint && !t->verified ? PTN_FAULT_TLS_NO_COMMON
					       : PTN_FAULT_TLS_ALERT,
		    "");
}

static int fault_of(int rc)
{
	switch (rc) {
	case GNUTLS_E_MEMORY_ERROR:
	case GNUTLS_E_PUSH_ERROR: /* pushing fails for want of memory only */
		return PTN_FAULT_NO_MEMORY;
	case GNUTLS_E_PREMATURE_TERMINATION:
	case GNUTLS_E_SESSION_EOF: /* close_notify before there was a session */
		return PTN_FAULT_TLS_CLOSED;
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
	case GNUTLS_E_UNKNOWN_CIPHER_SUITE:
	case GNUTLS_E_NO_CIPHER_SUITES:
	case GNUTLS_E_NO_COMMON_KEY_SHARE:
	case GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM:
	case GNUTLS_E_DH_PRIME_UNACCEPTABLE:
	case GNUTLS_E_INSUFFICIENT_SECURITY:
		return PTN_FAULT_TLS_NO_COMMON;
	case GNUTLS_E_KEY_USAGE_VIOLATION:
		return PTN_FAULT_CERT_PURPOSE;
	case GNUTLS_E_CERTIFICATE_ERROR:
	case GNUTLS_E_X509_DUPLICATE_EXTENSION:
		return PTN_FAULT_CERT_INVALID;
	default:
		return PTN_FAULT_TLS_BROKEN;
	}
}

static int fail_by_code(struct ptn_tls *t, int rc)
{
	/* An end within a record is reported as a record of the wrong length. */
	int fault = t->drained && rc == GNUTLS_E_UNEXPECTED_PACKET_LENGTH ? PTN_FAULT_TLS_CLOSED
									  : fault_of(rc);

	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		return fail_by_alert(t);
	if (fault == PTN_FAULT_TLS_CLOSED || fault == PTN_FAULT_NO_MEMORY)
		return fail(t, fault, "");
	gnutls_alert_send_appropriate(t->session, rc);
	return fail(t, fault, gnutls_strerror_name(rc));
}

/* ---- Start and end ---- */

/* Called for each ticket, at the time of reading it. */
static int hear_ticket(gnutls_session_t s, unsigned type, unsigned when, unsigned incoming,
		       const gnutls_datum_t *message)
{
	struct ptn_tls *t = gnutls_transport_get_ptr(s);

	(void)type;
	(void)when;
	(void)incoming;
	ptn_resume_heard(&t->resume, message);
	return 0;
}

static int set_up(struct ptn_tls *t)
{
	size_t name = ptn_identity_name(t->host, strlen(t->host));
	int rc = ptn_priority_set(t->session, t->with.options, 0);

	gnutls_session_set_ptr(t->session, t->own); /* see ptn_own_retrieve() */
	gnutls_transport_set_ptr(t->session, t);
	gnutls_transport_set_vec_push_function(t->session, push);
	gnutls_transport_set_pull_function(t->session, pull);
	gnutls_transport_set_pull_timeout_function(t->session, pull_ready);
	gnutls_handshake_set_timeout(t->session,
				     GNUTLS_INDEFINITE_TIMEOUT); /* the clock is not ours */
	gnutls_handshake_set_hook_function(t->session, GNUTLS_HANDSHAKE_NEW_SESSION_TICKET,
					   GNUTLS_HOOK_PRE, hear_ticket);
	/* RFC 6066 3: names only, no addresses. */
	if (rc >= 0 && name)
		rc = gnutls_server_name_set(t->session, GNUTLS_NAME_DNS, t->host, name);
	return rc;
}

/* A GnuTLS session in its first state: 0 or a GNUTLS_E_* code. */
static int make_session(struct ptn_tls *t)
{
	unsigned flags = GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL;
	int rc;

	/* Without tickets every session is a full one. */
	if (!ptn_resume_is_wanted(&t->with))
		flags |= GNUTLS_NO_TICKETS;
	rc = gnutls_init(&t->session, flags);
	if (rc < 0)
		t->session = NULL;
	return rc < 0 ? rc : set_up(t);
}

struct ptn_tls *ptn_tls_new(struct ptn_trust *trust, const char *host)
{
	static const struct ptn_tls_with nothing = {.options = NULL};

	return ptn_tls_new_with(trust, host, &nothing);
}

struct ptn_tls *ptn_tls_new_with(struct ptn_trust *trust, const char *host,
				 const struct ptn_tls_with *with)
{
	struct ptn_tls *t = ptn_mem_alloc(sizeof *t);
	int rc = GNUTLS_E_MEMORY_ERROR;

	if (!t)
		return NULL;
	t->in.open = t->out.open = 1; /* ciphertext */
	t->with = *with;
	t->trust = ptn_trust_share(trust);
	t->own = ptn_own_share(with->options ? with->options->own : NULL);
	t->host = ptn_mem_string(host);
	if (t->host)
		rc = make_session(t);
	if (rc == GNUTLS_E_MEMORY_ERROR || !t->session) {
		ptn_tls_free(t);
		return NULL;
	}
	if (rc < 0) /* as when the system's policy leaves nothing */
		fail(t, PTN_FAULT_TLS_NO_COMMON, gnutls_strerror_name(rc));
	return t;
}

void ptn_tls_free(struct ptn_tls *t)
{
	if (!t)
		return;
	if (t->session)
		gnutls_deinit(t->session);
	ptn_trust_release(t->trust);
	ptn_own_release(t->own);
	ptn_buf_free(&t->in);
	ptn_buf_free(&t->out);
	ptn_buf_free(&t->detail);
	ptn_buf_free(&t->key);
	ptn_mem_free(t->host);
	ptn_mem_free(t);
}

/* ---- The handshake ---- */

/* Offer what the store has.  A session that GnuTLS has refused cannot be gone on with: it crashes.
 * With one of TLS 1.2 nothing newer is offered: GnuTLS takes a server's answer in TLS 1.3 for
 * resumption, as that repeats the session's id (RFC 8446 4.1.3). */
static int resume(struct ptn_tls *t)
{
	int err = 0;

	if (ptn_resume_is_wanted(&t->with))
		err = ptn_resume_offer(&t->resume, t->session, t->trust, t->host, &t->with);
	if (err == POSTERN_E_PROTOCOL) {
		gnutls_deinit(t->session);
		return make_session(t);
	}
	return t->resume.old ? ptn_priority_set(t->session, t->with.options, 1) : 0;
}

static int begin(struct ptn_tls *t)
{
	int rc, fault = ptn_trust_load(t->trust);

	if (fault)
		return fail(t, fault, "");
	rc = resume(t);
	if (rc >= 0)
		rc = gnutls_credentials_set(t->session, GNUTLS_CRD_CERTIFICATE,
					    ptn_trust_credentials(t->trust));
	if (rc < 0)
		return fail_by_code(t, rc);
	t->begun = 1;
	return 0;
}

static int fail_by_text(struct ptn_tls *t, int fault, size_t width)
{
	const char *s = ptn_buf_data(&t->in);
	size_t n = 0, len = ptn_buf_len(&t->in);

	while (n < len && s[n] != '\r' && s[n] != '\n')
		n++;
	ptn_text_escape(&t->detail, s, n, width);
	return fail(t, fault, "");
}

/* A server that has not been told to start TLS greets in plain text: see it before GnuTLS does.
 * 1 to go on, 0 for more octets, -1. */
static int look_at_start(struct ptn_tls *t)
{
	const char *s = ptn_buf_data(&t->in);
	size_t n = ptn_buf_len(&t->in), digits = 0;

	if (!n)
		return 1;
	if (s[0] == 0x16 || s[0] == 0x15) { /* handshake, alert; version 3.x (RFC 8446 5.1) */
		if (n == 1 && !t->eof)
			return 0;
		t->heard = n == 1 || s[1] == 3;
		if (t->heard)
			return 1;
	}
	while (digits < n && digits < 3 && ptn_text_is_digit((unsigned char)s[digits]))
		digits++;
	if (digits == 3 && n > 3 && (s[3] == ' ' || s[3] == '-'))
		return fail_by_text(t, PTN_FAULT_TLS_SMTP_FIRST, BANNER_WIDTH);
	if (digits == n && n < 4 && !t->eof)
		return 0;
	return fail_by_text(t, PTN_FAULT_TLS_NOT_TLS, STRANGER_WIDTH);
}

static int verify(struct ptn_tls *t)
{
	const struct ptn_wanted wanted = {t->host, t->with.options, t->with.tlsa, t->with.n_tlsa,
					  t->with.also};
	struct ptn_shown shown = {.detail = &t->detail, .key = &t->key};
	struct ptn_verdict v = {PTN_FAULT_TLS_NO_COMMON, GNUTLS_A_PROTOCOL_VERSION};

	/* The priorities see to that; those of a caller are not all ours. */
	if (gnutls_protocol_get_version(t->session) >= ptn_priority_floor(t->with.options))
		v = ptn_verify(t->session, &wanted, &shown);
	if (ptn_buf_add(&t->key, "", 1) && !v.fault)
		v.fault = PTN_FAULT_NO_MEMORY;
	if (v.fault) {
		gnutls_alert_send(t->session, GNUTLS_AL_FATAL, v.alert);
		return fail(t, v.fault, "");
	}
	ptn_buf_clear(&t->detail);
	t->verified = 1;
	t->pulled = 0;
	ptn_resume_verified(&t->resume, t->session, shown.until);
	return 1;
}

/* Whether GnuTLS is to be called again after a passing error.  It gives GNUTLS_E_AGAIN after each
 * message it keeps to itself, as a key update, though more is there.  Each turn takes from the
 * input, so the work is bounded by what was fed. */
static int has_more(const struct ptn_tls *t, size_t before)
{
	size_t now = ptn_buf_len(&t->in);

	return now && now < before;
}

int ptn_tls_handshake(struct ptn_tls *t)
{
	size_t before;
	int rc;

	if (t->fault || (!t->begun && begin(t)))
		return -1;
	if (t->verified)
		return 1;
	rc = t->heard ? 1 : look_at_start(t);
	if (rc < 1)
		return rc;
	do {
		before = ptn_buf_len(&t->in);
		rc = gnutls_handshake(t->session);
		if (rc == 0)
			return verify(t);
		if (t->pulled > HANDSHAKE_MOST)
			rc = GNUTLS_E_HANDSHAKE_TOO_LARGE;
		if (gnutls_error_is_fatal(rc))
			return fail_by_code(t, rc);
	} while (has_more(t, before));
	return t->eof ? fail(t, PTN_FAULT_TLS_CLOSED, "") : 0;
}

/* ---- The program side ---- */

/* A server of TLS 1.2 asks to begin anew: refused once in words (RFC 5246 7.2.2), then by ending.
 */
static int refuse_renegotiation(struct ptn_tls *t)
{
	if (t->asked_again)
		return fail_by_code(t, GNUTLS_E_REHANDSHAKE);
	t->asked_again = 1;
	gnutls_alert_send(t->session, GNUTLS_AL_WARNING, GNUTLS_A_NO_RENEGOTIATION);
	return 0;
}

/* What GnuTLS could give, or tell: without any of it, asking is for nothing, and not cheap. */
static int has_input(const struct ptn_tls *t)
{
	return ptn_buf_len(&t->in) || t->eof || gnutls_record_check_pending(t->session);
}

ptrdiff_t ptn_tls_get(struct ptn_tls *t, char *buf, size_t cap)
{
	size_t before;
	ssize_t rc;

	if (t->fault)
		return -1;
	if (t->closed)
		return PTN_TLS_CLOSED;
	if (!t->verified || !cap)
		return 0;
	if (!has_input(t))
		return 0;
	do {
		before = ptn_buf_len(&t->in);
		rc = gnutls_record_recv(t->session, buf, cap);
		ptn_resume_keep(&t->resume, t->session, 0);
		if (rc > 0) {
			t->answered = 1;
			t->pulled = 0;
			return rc;
		}
		if (rc == 0) {
			t->closed = 1;
			return PTN_TLS_CLOSED;
		}
		if (rc == GNUTLS_E_REHANDSHAKE && refuse_renegotiation(t))
			return -1;
		if (t->pulled > SILENT_MOST)
			rc = GNUTLS_E_HANDSHAKE_TOO_LARGE;
		if (gnutls_error_is_fatal((int)rc))
			return fail_by_code(t, (int)rc);
	} while (has_more(t, before));
	return t->eof ? fail(t, PTN_FAULT_TLS_CLOSED, "") : 0;
}

ptrdiff_t ptn_tls_put(struct ptn_tls *t, const char *buf, size_t len)
{
	size_t done = 0;

	if (t->fault || t->said_bye)
		return -1;
	if (!t->verified)
		return 0;
	if (len > AT_ONCE)
		len = AT_ONCE;
	while (done < len) {
		size_t part = len - done < RECORD ? len - done : RECORD;
		ssize_t rc;

		/* Room first: once sealed, a record has to go out. */
		if (!ptn_buf_room(&t->out, part + RECORD_ROOM))
			break;
		rc = gnutls_record_send(t->session, buf + done, part);
		if (rc <= 0) { /* what was sealed before may still go out, and counts as gone */
			fail_by_code(t, (int)rc);
			return done ? (ptrdiff_t)done : -1;
		}
		done += (size_t)rc;
	}
	return (ptrdiff_t)done;
}

void ptn_tls_bye(struct ptn_tls *t)
{
	int rc;

	if (t->fault || !t->verified || t->said_bye)
		return;
	t->said_bye = 1;
	ptn_resume_keep(&t->resume, t->session, 1);
	rc = gnutls_bye(t->session, GNUTLS_SHUT_WR);
	if (rc < 0)
		fail_by_code(t, rc);
}

/* ---- What to tell ---- */

int ptn_tls_fault(const struct ptn_tls *t)
{
	return t->fault;
}

const char *ptn_tls_detail(const struct ptn_tls *t)
{
	return ptn_buf_data(&t->detail);
}

const char *ptn_tls_version(const struct ptn_tls *t)
{
	const char *s = t->verified
				? gnutls_protocol_get_name(gnutls_protocol_get_version(t->session))
				: NULL;

	return s ? s : "";
}

const char *ptn_tls_cipher(const struct ptn_tls *t)
{
	const char *s = t->verified ? gnutls_cipher_get_name(gnutls_cipher_get(t->session)) : NULL;

	return s ? s : "";
}

int ptn_tls_names(const struct ptn_tls *t, const char *host)
{
	return ptn_verify_names(t->session, host);
}

const char *ptn_tls_key_sha256(const struct ptn_tls *t)
{
	return ptn_buf_data(&t->key);
}

int ptn_tls_certificate(const struct ptn_tls *t, struct ptn_tls_certificate *out)
{
	return ptn_verify_describe(t->session, out);
}

void ptn_tls_certificate_free(struct ptn_tls_certificate *c)
{
	ptn_buf_free(&c->names);
	ptn_buf_free(&c->issuer);
}

/* The exporter binds to all of the handshake in TLS 1.3, and in 1.2 with the extended master secret
 * (RFC 9266 2, 4.2); tls-unique is not defined for 1.3, and says less, so it comes last. */
const char *ptn_tls_binding(struct ptn_tls *t, unsigned char out[64], size_t *n)
{
	static const struct {
		gnutls_channel_binding_t type;
		const char *name;
	} kinds[] = {{GNUTLS_CB_TLS_EXPORTER, "tls-exporter"},
		     {GNUTLS_CB_TLS_UNIQUE, "tls-unique"}};
	gnutls_datum_t d;
	size_t kind = 0, last = gnutls_protocol_get_version(t->session) == GNUTLS_TLS1_2;

	*n = 0;
	if (!t->verified)
		return NULL;
	while (gnutls_session_channel_binding(t->session, kinds[kind].type, &d) < 0)
		if (kind++ == last)
			return NULL;
	if (d.size && d.size <= 64) {
		memcpy(out, d.data, d.size);
		*n = d.size;
	}
	ptn_mem_wipe(d.data, d.size);
	gnutls_free(d.data);
	return *n ? kinds[kind].name : NULL;
}

int ptn_tls_resumed(const struct ptn_tls *t)
{
	return t->verified && gnutls_session_is_resumed(t->session);
}
