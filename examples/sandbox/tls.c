/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "tls.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs.h"
#include "conn.h"
#include "forward.h"
#include "log.h"
#include "smtp.h"

#define NAME_SIZE 256

static const char *const extra_names[TLS_EXTRAS] = {"tickets", "keyupdate", "hellorequest",
						    "alerts", "empty"};

const char *tls_extra_name(enum tls_extra x)
{
	return extra_names[x];
}

int tls_extra_find(const char *s, size_t n, enum tls_extra *out)
{
	for (int i = 0; i < TLS_EXTRAS; i++)
		if (strlen(extra_names[i]) == n && memcmp(extra_names[i], s, n) == 0) {
			*out = (enum tls_extra)i;
			return 0;
		}
	return -1;
}

/* ---- octets below TLS ---- */

static ssize_t pull(gnutls_transport_ptr_t at, void *p, size_t n)
{
	struct conn *c = at;

	if (c->raw_in.n == 0) {
		if (c->eof)
			return 0;
		gnutls_transport_set_errno(c->tls.session, EAGAIN);
		return -1;
	}
	if (n > c->raw_in.n)
		n = c->raw_in.n;
	memcpy(p, c->raw_in.p, n);
	bytes_drop(&c->raw_in, n);
	return (ssize_t)n;
}

static int pull_timeout(gnutls_transport_ptr_t at, unsigned ms)
{
	struct conn *c = at;

	(void)ms;
	return c->raw_in.n > 0 || c->eof;
}

/* Count records; one bit of the last octet of the one to be garbled is turned. */
static unsigned char garbled(struct conn *c, unsigned char octet)
{
	struct tls *t = &c->tls;

	if (t->left == 0) {
		t->head[t->n_head++] = octet;
		if (t->n_head == sizeof(t->head)) {
			t->records++;
			t->left = (size_t)t->head[3] << 8 | t->head[4];
			t->n_head = 0;
		}
		return octet;
	}
	if (--t->left > 0 || t->records != c->listener->does.garble)
		return octet;
	log_event(c, "record %ld garbled", t->records);
	return octet ^ 1;
}

static ssize_t push(gnutls_transport_ptr_t at, const void *p, size_t n)
{
	struct conn *c = at;
	const unsigned char *octets = p;

	if (c->tls_state == TLS_SHAKING)
		conn_take_turn(c);
	if (!c->listener->does.garble) {
		bytes_add(&c->raw_out, p, n);
		return (ssize_t)n;
	}
	for (size_t i = 0; i < n; i++) {
		unsigned char octet = garbled(c, octets[i]);

		bytes_add(&c->raw_out, &octet, 1);
	}
	return (ssize_t)n;
}

/* ---- the start ---- */

static void priority(char *out, size_t n, int min, int max, int extended)
{
	static const char *const names[] = {"1.0", "1.1", "1.2", "1.3"};
	size_t used = (size_t)snprintf(out, n, "%s%s",
				       min < 12 ? "NORMAL:%COMPAT:+SHA1:+SIGN-ALL:-VERS-ALL"
						: "NORMAL:-VERS-ALL",
				       extended ? "" : ":%NO_SESSION_HASH");

	for (int v = min; v <= max && used < n; v++)
		used += (size_t)snprintf(out + used, n - used, ":+VERS-TLS%s", names[v - 10]);
}

/* The key for session tickets; they cannot be resumed with across runs.  fresh: one that nothing
 * can be resumed with. */
static gnutls_datum_t *ticket_key(int fresh)
{
	static unsigned char octets[64], others[64];
	static gnutls_datum_t key = {octets, sizeof(octets)}, other = {others, sizeof(others)};
	static int made;

	if (!made && gnutls_rnd(GNUTLS_RND_KEY, octets, sizeof(octets)) >= 0)
		made = 1;
	if (!fresh)
		return &key;
	return gnutls_rnd(GNUTLS_RND_KEY, others, sizeof(others)) < 0 ? NULL : &other;
}

static int set_up(struct conn *c, const char *certificate, int min, int max)
{
	const struct behaviour *does = &c->listener->does;
	gnutls_certificate_credentials_t credentials = certs_credentials(certificate, does->staple);
	char text[160];
	int rc = credentials ? 0 : GNUTLS_E_INSUFFICIENT_CREDENTIALS;

	priority(text, sizeof(text), min, max, !does->no_extended_secret);
	if (rc >= 0)
		rc = gnutls_priority_set_direct(c->tls.session, text, NULL);
	if (rc >= 0)
		rc = gnutls_credentials_set(c->tls.session, GNUTLS_CRD_CERTIFICATE, credentials);
	if (rc >= 0 && does->tickets)
		rc = gnutls_session_ticket_enable_server(c->tls.session,
							 ticket_key(does->no_resumption));
	return rc;
}

/* Octets go through c from here on. */
static void carry(struct conn *c)
{
	gnutls_session_t session = c->tls.session;

	gnutls_handshake_set_timeout(session, GNUTLS_INDEFINITE_TIMEOUT);
	gnutls_transport_set_ptr(session, c);
	gnutls_transport_set_pull_function(session, pull);
	gnutls_transport_set_pull_timeout_function(session, pull_timeout);
	gnutls_transport_set_push_function(session, push);
	bytes_add(&c->raw_out, c->out.p, c->out.n); /* what was said before TLS leaves in clear */
	bytes_drop(&c->out, c->out.n);
	c->tls_state = TLS_SHAKING;
}

int tls_start(struct conn *c, const char *certificate, int min, int max)
{
	const struct behaviour *does = &c->listener->does;
	gnutls_session_t session = NULL;
	int rc;

	if (c->tls.session ||
	    gnutls_init(&session, GNUTLS_SERVER | GNUTLS_NONBLOCK | GNUTLS_NO_AUTO_SEND_TICKET) < 0)
		return -1;
	c->tls.session = session;
	rc = set_up(c, certificate, min, max);
	if (rc < 0) {
		log_event(c, "TLS cannot be started: %s", gnutls_strerror(rc));
		return -1;
	}
	if (does->client_certificate)
		gnutls_certificate_server_set_request(session, does->client_certificate == 2
								       ? GNUTLS_CERT_REQUIRE
								       : GNUTLS_CERT_REQUEST);
	carry(c);
	return 0;
}

int tls_start_client(struct conn *c)
{
	gnutls_session_t session = NULL;
	int rc = gnutls_init(&session, GNUTLS_CLIENT | GNUTLS_NONBLOCK);

	if (rc < 0)
		return -1;
	c->tls.session = session;
	rc = gnutls_set_default_priority(session);
	if (rc >= 0)
		rc = gnutls_certificate_allocate_credentials(&c->tls.own);
	if (rc >= 0)
		rc = gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, c->tls.own);
	carry(c);
	return rc < 0 ? -1 : 0;
}

void tls_free(struct conn *c)
{
	if (c->tls.session)
		gnutls_deinit(c->tls.session);
	if (c->tls.own)
		gnutls_certificate_free_credentials(c->tls.own);
	free(c->tls.client_name);
	free(c->tls.client_mailbox);
	memset(&c->tls, 0, sizeof(c->tls));
}

/* ---- the client's certificate ---- */

static void take_identity(struct conn *c, gnutls_x509_crt_t cert)
{
	char text[NAME_SIZE];
	size_t n = sizeof(text);

	if (gnutls_x509_crt_get_dn_by_oid(cert, GNUTLS_OID_X520_COMMON_NAME, 0, 0, text, &n) >= 0)
		c->tls.client_name = copy_text(text, n);
	for (unsigned i = 0; !c->tls.client_mailbox; i++) {
		int kind;

		n = sizeof(text);
		kind = gnutls_x509_crt_get_subject_alt_name(cert, i, text, &n, NULL);
		if (kind < 0 && kind != GNUTLS_E_SHORT_MEMORY_BUFFER)
			break;
		if (kind == GNUTLS_SAN_RFC822NAME)
			c->tls.client_mailbox = copy_text(text, n);
	}
}

/* 0: none, or a good one; -1: the handshake must fail. */
static int look_at_client(struct conn *c)
{
	const struct behaviour *does = &c->listener->does;
	const gnutls_datum_t *list;
	gnutls_x509_crt_t cert = NULL;
	unsigned n = 0, status = 0;

	if (!does->client_certificate || (c->forward && forward_is_far(c)))
		return 0;
	list = gnutls_certificate_get_peers(c->tls.session, &n);
	if (!list || n == 0) {
		log_event(c, "no client certificate");
		return 0;
	}
	if (gnutls_certificate_verify_peers2(c->tls.session, &status) < 0 || status) {
		log_event(c, "the client certificate is not trusted (%#x)", status);
		return does->client_certificate == 2 ? -1 : 0;
	}
	if (gnutls_x509_crt_init(&cert) >= 0 &&
	    gnutls_x509_crt_import(cert, &list[0], GNUTLS_X509_FMT_DER) >= 0)
		take_identity(c, cert);
	if (cert)
		gnutls_x509_crt_deinit(cert);
	log_event(c, "client certificate of %s", c->tls.client_name ? c->tls.client_name : "?");
	return 0;
}

/* ---- the handshake ---- */

static void break_off(struct conn *c, gnutls_alert_description_t alert)
{
	gnutls_alert_send(c->tls.session, GNUTLS_AL_FATAL, alert);
	conn_close(c, CLOSE_TRUNCATE, "TLS failed");
}

static void tls_is_up(struct conn *c)
{
	struct tls *t = &c->tls;
	int is_13 = gnutls_protocol_get_version(t->session) == GNUTLS_TLS1_3;

	c->tls_state = TLS_ON;
	t->version = gnutls_protocol_get_name(gnutls_protocol_get_version(t->session));
	t->extended = is_13 || gnutls_session_ext_master_secret_status(t->session);
	log_event(c, "TLS up %s%s%s", t->version,
		  gnutls_session_is_resumed(t->session) ? " resumed" : "",
		  t->extended ? "" : ", the master secret is not the extended one");
	if (look_at_client(c)) {
		break_off(c, GNUTLS_A_UNKNOWN_CA);
		return;
	}
	if (is_13 && c->listener->does.tickets && !(c->forward && forward_is_far(c))) {
		c->quiet = 1; /* nobody waits for a ticket */
		tls_send_extra(c, TLS_TICKETS, 0, (long)c->listener->does.tickets);
		c->quiet = 0;
	}
	if (c->smtp)
		smtp_tls_up(c);
}

int tls_shake(struct conn *c)
{
	int rc = gnutls_handshake(c->tls.session);

	if (rc == GNUTLS_E_AGAIN || rc == GNUTLS_E_INTERRUPTED)
		return 0;
	if (rc == GNUTLS_E_SUCCESS) {
		tls_is_up(c);
		return 1;
	}
	if (!gnutls_error_is_fatal(rc))
		return 1;
	if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		log_event(c, "TLS failed: the client sent the alert \"%s\"",
			  gnutls_alert_get_name(gnutls_alert_get(c->tls.session)));
	else
		log_event(c, "TLS failed: %s", gnutls_strerror(rc));
	gnutls_alert_send_appropriate(c->tls.session, rc);
	conn_close(c, CLOSE_TRUNCATE, "TLS failed");
	return 1;
}

/* ---- behind it ---- */

/* The session ended, well or not. */
static void over(struct conn *c, ssize_t n)
{
	if (n == GNUTLS_E_FATAL_ALERT_RECEIVED)
		log_event(c, "TLS broke: the client sent the alert \"%s\"",
			  gnutls_alert_get_name(gnutls_alert_get(c->tls.session)));
	else if (n < 0 && !(n == GNUTLS_E_PREMATURE_TERMINATION && c->eof) && !c->shut)
		log_event(c, "TLS broke: %s", gnutls_strerror((int)n));
	else if (n == 0)
		log_event(c, "close_notify received");
	c->eof = c->tls_over = 1;
	bytes_free(&c->raw_in);
}

int tls_decrypt(struct conn *c)
{
	char text[16384];
	int some = 0;

	while (c->in.n < CONN_WINDOW) {
		size_t before = c->raw_in.n;
		ssize_t n = gnutls_record_recv(c->tls.session, text, sizeof(text));

		if (n > 0) {
			bytes_add(&c->in, text, (size_t)n);
			some = 1;
		} else if (n == 0 || (n < 0 && gnutls_error_is_fatal((int)n))) {
			over(c, n);
			return 1;
		} else if (n == GNUTLS_E_REHANDSHAKE) {
			gnutls_alert_send(c->tls.session, GNUTLS_AL_WARNING,
					  GNUTLS_A_NO_RENEGOTIATION);
		} else if (n == GNUTLS_E_WARNING_ALERT_RECEIVED) {
			log_event(c, "the client sent the alert \"%s\"",
				  gnutls_alert_get_name(gnutls_alert_get(c->tls.session)));
		} else if (n == GNUTLS_E_AGAIN && c->raw_in.n == before) {
			break; /* a ticket or an alert may have been swallowed: only then go on */
		}
	}
	return some;
}

void tls_encrypt(struct conn *c, size_t n)
{
	size_t most = (size_t)c->listener->does.records, at = 0;

	while (at < n) {
		size_t want = most && n - at > most ? most : n - at;
		ssize_t sent = gnutls_record_send(c->tls.session, c->out.p + at, want);

		if (sent < 0 && gnutls_error_is_fatal((int)sent)) {
			conn_close(c, CLOSE_RESET, "TLS cannot send");
			return;
		}
		if (sent > 0)
			at += (size_t)sent;
	}
}

int tls_send_extra(struct conn *c, enum tls_extra x, long from, long n)
{
	gnutls_session_t s = c->tls.session;
	int rc = 0;

	for (long i = from; rc >= 0 && i < from + n; i++)
		switch (x) {
		case TLS_TICKETS:
			rc = gnutls_session_ticket_send(s, 1, 0);
			break;
		case TLS_KEYUPDATE:
			rc = gnutls_session_key_update(s, i % 2 ? GNUTLS_KU_PEER : 0);
			break;
		case TLS_HELLOREQUEST:
			rc = gnutls_rehandshake(s);
			break;
		case TLS_ALERTS:
			rc = gnutls_alert_send(s, GNUTLS_AL_WARNING, GNUTLS_A_USER_CANCELED);
			break;
		case TLS_EMPTY:
			rc = (int)gnutls_record_send2(s, "", 0, 1, 0);
			break;
		case TLS_EXTRAS:
			break;
		}
	return rc < 0 ? rc : 0;
}

gnutls_datum_t tls_binding(const struct conn *c, const char *type)
{
	int exporter = strcmp(type, "tls-exporter") == 0;
	gnutls_datum_t raw = {0};

	if (c->tls_state != TLS_ON)
		return raw;
	/* RFC 9266 2: in TLS 1.2 only with the extended master secret; RFC 5929 is not for 1.3 */
	if (exporter ? !c->tls.extended
		     : gnutls_protocol_get_version(c->tls.session) == GNUTLS_TLS1_3)
		return raw;
	if (gnutls_session_channel_binding(c->tls.session,
					   exporter ? GNUTLS_CB_TLS_EXPORTER : GNUTLS_CB_TLS_UNIQUE,
					   &raw) < 0)
		raw.data = NULL;
	return raw;
}
