/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What can go wrong: the one list that all rooms share.  A fault's name is what a room returns, its
 * id is what users and programs see for ever, its code is the public POSTERN_E_*, and its outcome
 * is what becomes of a mail that was not begun when it struck (reference: RFC 5321, outcomes).
 * What the next port may do about it is route/'s table; the words for people are explain.c's.
 */
#ifndef PTN_BASE_FAULT_H
#define PTN_BASE_FAULT_H

#include "postern.h"

/* clang-format off */
#define PTN_FAULTS(X) \
	X(NONE,                   "",                           OK,          PENDING)   \
	/* the name */ \
	X(NAME_NOT_FOUND,         "name-not-found",             E_RESOLVE,   PERMANENT) \
	X(NAME_NO_ANSWER,         "name-no-answer",             E_RESOLVE,   TRANSIENT) \
	X(NAME_NO_SERVICE,        "service-not-found",          E_RESOLVE,   PERMANENT) \
	/* TCP */ \
	X(CONNECT_REFUSED,        "connect-refused",            E_CONNECT,   TRANSIENT) \
	X(CONNECT_TIMEOUT,        "connect-timeout",            E_CONNECT,   TRANSIENT) \
	X(CONNECT_UNREACHABLE,    "connect-unreachable",        E_CONNECT,   TRANSIENT) \
	X(CONNECT_FORBIDDEN,      "connect-forbidden",          E_CONNECT,   TRANSIENT) \
	X(PORT_25_BLOCKED,        "port-25-blocked",            E_CONNECT,   TRANSIENT) \
	X(PORT_2525_ABSENT,       "port-2525-absent",           E_CONNECT,   TRANSIENT) \
	X(ALL_PORTS_TIMEOUT,      "ports-all-timeout",          E_CONNECT,   TRANSIENT) \
	X(ALL_PORTS_REFUSED,      "ports-all-refused",          E_CONNECT,   TRANSIENT) \
	X(PROXY_UNREACHABLE,      "proxy-unreachable",          E_CONNECT,   TRANSIENT) \
	X(PROXY_REFUSED,          "proxy-refused",              E_CONNECT,   TRANSIENT) \
	X(PROXY_AUTH,             "proxy-auth-refused",         E_AUTH,      PERMANENT) \
	X(PROXY_MALFORMED,        "proxy-malformed",            E_PROTOCOL,  PERMANENT) \
	X(SOURCE_UNUSABLE,        "source-address-unusable",    E_CONNECT,   PERMANENT) \
	/* greeting */ \
	X(GREETING_CLOSED,        "greeting-closed",            E_CLOSED,    TRANSIENT) \
	X(GREETING_SILENT,        "greeting-silent",            E_TIMEOUT,   TRANSIENT) \
	X(GREETING_REFUSED,       "greeting-refused",           E_REFUSED,   PERMANENT) \
	X(GREETING_BUSY,          "greeting-busy",              E_REFUSED,   TRANSIENT) \
	X(GREETING_NOT_SMTP,      "greeting-not-smtp",          E_PROTOCOL,  PERMANENT) \
	X(GREETING_IS_TLS,        "tls-mode-implicit-expected", E_PROTOCOL,  PERMANENT) \
	/* before TLS */ \
	X(EHLO_REFUSED,           "ehlo-refused",               E_REFUSED,   PERMANENT) \
	X(EHLO_BUSY,              "ehlo-busy",                  E_REFUSED,   TRANSIENT) \
	X(EHLO_CLOSED,            "ehlo-closed",                E_CLOSED,    TRANSIENT) \
	X(EHLO_TIMEOUT,           "ehlo-timeout",               E_TIMEOUT,   TRANSIENT) \
	X(EHLO_MALFORMED,         "ehlo-malformed",             E_PROTOCOL,  PERMANENT) \
	X(STARTTLS_MISSING,       "starttls-missing",           E_TLS,       PERMANENT) \
	X(STARTTLS_REFUSED,       "starttls-refused",           E_TLS,       PERMANENT) \
	X(STARTTLS_BUSY,          "starttls-busy",              E_TLS,       TRANSIENT) \
	X(STARTTLS_CLOSED,        "starttls-closed",            E_CLOSED,    TRANSIENT) \
	X(STARTTLS_TIMEOUT,       "starttls-timeout",           E_TIMEOUT,   TRANSIENT) \
	X(STARTTLS_MALFORMED,     "starttls-malformed",         E_PROTOCOL,  PERMANENT) \
	X(STARTTLS_INJECTED,      "starttls-injected",          E_INJECTED,  PERMANENT) \
	/* TLS */ \
	X(TLS_CLOSED,             "tls-closed",                 E_TLS,       TRANSIENT) \
	X(TLS_TIMEOUT,            "tls-timeout",                E_TLS,       TRANSIENT) \
	X(TLS_ALERT,              "tls-alert",                  E_TLS,       PERMANENT) \
	X(TLS_NO_COMMON,          "tls-no-common-version",      E_TLS,       PERMANENT) \
	X(TLS_NOT_TLS,            "tls-not-tls",                E_TLS,       PERMANENT) \
	X(TLS_SMTP_FIRST,         "tls-mode-starttls-expected", E_TLS,       PERMANENT) \
	X(TLS_BROKEN,             "tls-broken",                 E_TLS,       PERMANENT) \
	X(TLS_CERT_WANTED,        "tls-certificate-wanted",     E_TLS,       PERMANENT) \
	/* certificate */ \
	X(CERT_EXPIRED,           "certificate-expired",        E_CERTIFICATE, PERMANENT) \
	X(CERT_NOT_YET_VALID,     "certificate-not-yet-valid",  E_CERTIFICATE, PERMANENT) \
	X(CERT_WRONG_NAME,        "certificate-wrong-name",     E_CERTIFICATE, PERMANENT) \
	X(CERT_UNKNOWN_AUTHORITY, "certificate-unknown-authority", E_CERTIFICATE, PERMANENT) \
	X(CERT_INTERCEPTED,       "certificate-intercepted",    E_CERTIFICATE, PERMANENT) \
	X(CERT_SELF_SIGNED,       "certificate-self-signed",    E_CERTIFICATE, PERMANENT) \
	X(CERT_REVOKED,           "certificate-revoked",        E_CERTIFICATE, PERMANENT) \
	X(CERT_WEAK,              "certificate-weak",           E_CERTIFICATE, PERMANENT) \
	X(CERT_PURPOSE,           "certificate-wrong-purpose",  E_CERTIFICATE, PERMANENT) \
	X(CERT_INVALID,           "certificate-invalid",        E_CERTIFICATE, PERMANENT) \
	X(CERT_NOT_PINNED,        "certificate-not-pinned",     E_CERTIFICATE, PERMANENT) \
	X(CERT_NO_STAPLE,         "certificate-staple-missing", E_CERTIFICATE, PERMANENT) \
	X(CERT_BAD_STAPLE,        "certificate-staple-invalid", E_CERTIFICATE, PERMANENT) \
	X(CERT_NOT_IN_DNS,        "certificate-not-in-dns",     E_CERTIFICATE, PERMANENT) \
	X(TRUST_UNUSABLE,         "trust-unusable",             E_CERTIFICATE, PERMANENT) \
	/* EHLO after TLS */ \
	X(HELLO_REFUSED,          "tls-ehlo-refused",           E_REFUSED,   PERMANENT) \
	X(HELLO_BUSY,             "tls-ehlo-busy",              E_REFUSED,   TRANSIENT) \
	X(HELLO_CLOSED,           "tls-ehlo-closed",            E_CLOSED,    TRANSIENT) \
	X(HELLO_TIMEOUT,          "tls-ehlo-timeout",           E_TIMEOUT,   TRANSIENT) \
	X(HELLO_MALFORMED,        "tls-ehlo-malformed",         E_PROTOCOL,  PERMANENT) \
	/* AUTH */ \
	X(AUTH_NOT_OFFERED,       "auth-not-offered",           E_MECHANISM, PERMANENT) \
	X(AUTH_NO_MECHANISM,      "auth-no-mechanism",          E_MECHANISM, PERMANENT) \
	X(AUTH_DOWNGRADE,         "auth-downgrade",             E_MECHANISM, PERMANENT) \
	X(AUTH_NO_BINDING,        "auth-no-channel-binding",    E_MECHANISM, PERMANENT) \
	X(AUTH_NO_TOKEN,          "auth-no-token",              E_AUTH,      TRANSIENT) \
	X(AUTH_TOKEN_REFUSED,     "auth-token-refused",         E_AUTH,      PERMANENT) \
	X(AUTH_REFUSED,           "auth-refused",               E_AUTH,      PERMANENT) \
	X(AUTH_PASSWORD_OFF,      "auth-password-disabled",     E_AUTH,      PERMANENT) \
	X(AUTH_TOO_WEAK,          "auth-mechanism-refused",     E_AUTH,      PERMANENT) \
	X(CLEAR_TEXT_SIGN_IN,     "clear-text-sign-in",         E_TLS,       PERMANENT) \
	X(AUTH_NEEDS_TLS,         "auth-needs-tls",             E_AUTH,      PERMANENT) \
	X(AUTH_BUSY,              "auth-busy",                  E_AUTH,      TRANSIENT) \
	X(AUTH_UNPROVEN,          "auth-server-unproven",       E_AUTH,      PERMANENT) \
	X(AUTH_UNSAFE,            "auth-challenge-unsafe",      E_AUTH,      PERMANENT) \
	X(AUTH_MALFORMED,         "auth-malformed",             E_PROTOCOL,  PERMANENT) \
	X(AUTH_CLOSED,            "auth-closed",                E_CLOSED,    TRANSIENT) \
	X(AUTH_TIMEOUT,           "auth-timeout",               E_TIMEOUT,   TRANSIENT) \
	/* the mail itself: the outcome comes from the reply, or is TRANSIENT where none came */ \
	X(MAIL_REFUSED,           "sender-refused",             E_REFUSED,   PERMANENT) \
	X(MAIL_NEEDS_TLS,         "starttls-required",          E_TLS,       PERMANENT) \
	X(MAIL_NEEDS_AUTH,        "auth-required",              E_AUTH,      PERMANENT) \
	X(SENDER_NOT_ALLOWED,     "sender-not-allowed",         E_REFUSED,   PERMANENT) \
	X(SERVICE_BUSY,           "service-busy",               E_REFUSED,   TRANSIENT) \
	X(RCPT_REFUSED,           "recipient-refused",          E_REFUSED,   PERMANENT) \
	X(MAILBOX_FULL,           "mailbox-full",               E_REFUSED,   PERMANENT) \
	X(GREYLISTED,             "greylisted",                 E_REFUSED,   TRANSIENT) \
	X(DATA_REFUSED,           "data-refused",               E_REFUSED,   PERMANENT) \
	X(CONTENT_REFUSED,        "content-refused",            E_REFUSED,   PERMANENT) \
	X(SIZE_REFUSED,           "message-too-large-refused",  E_REFUSED,   PERMANENT) \
	X(SERVICE_CLOSING,        "service-closing",            E_CLOSED,    TRANSIENT) \
	X(LOST,                   "connection-lost",            E_CLOSED,    TRANSIENT) \
	X(REPLY_TIMEOUT,          "reply-timeout",              E_TIMEOUT,   TRANSIENT) \
	X(MALFORMED,              "protocol-error",             E_PROTOCOL,  PERMANENT) \
	X(LOST_IN_DOUBT,          "lost-after-content",         E_CLOSED,    IN_DOUBT)  \
	X(TIMEOUT_IN_DOUBT,       "timeout-after-content",      E_TIMEOUT,   IN_DOUBT)  \
	X(MALFORMED_IN_DOUBT,     "protocol-error-after-content", E_PROTOCOL, IN_DOUBT) \
	X(NEEDS_8BITMIME,         "needs-8bitmime",             E_UNSUPPORTED, PERMANENT) \
	X(NEEDS_SMTPUTF8,         "needs-smtputf8",             E_UNSUPPORTED, PERMANENT) \
	X(NEEDS_EXTENSION,        "needs-extension",            E_UNSUPPORTED, PERMANENT) \
	X(TOO_LARGE,              "message-too-large",          E_UNSUPPORTED, PERMANENT) \
	X(TOO_MANY_RECIPIENTS,    "too-many-recipients",        E_UNSUPPORTED, PERMANENT) \
	/* ours */ \
	X(CONTENT_BARE_CR,        "content-bare-cr",            E_CONTENT,   PERMANENT) \
	X(CONTENT_NUL,            "content-nul",                E_CONTENT,   PERMANENT) \
	X(CONTENT_LONG_LINE,      "content-long-line",          E_CONTENT,   PERMANENT) \
	X(CONTENT_READER,         "content-reader-failed",      E_CONTENT,   PERMANENT) \
	X(CONTENT_MISSING,        "content-missing",            E_CONTENT,   PERMANENT) \
	X(CONTENT_FILE,           "content-file-unreadable",    E_CONTENT,   PERMANENT) \
	X(CONTENT_CHANGED,        "content-changed",            E_CONTENT,   PERMANENT) \
	X(ARGUMENT,               "bad-argument",               E_ARG,       PERMANENT) \
	X(STATE,                  "bad-state",                  E_STATE,     PERMANENT) \
	X(CANCELLED,              "cancelled",                  E_CANCELLED, TRANSIENT) \
	X(CANCELLED_IN_DOUBT,     "cancelled-after-content",    E_CANCELLED, IN_DOUBT)  \
	X(TIME_LIMIT,             "time-limit",                 E_TIMEOUT,   TRANSIENT) \
	X(NO_MEMORY,              "no-memory",                  E_NOMEM,     TRANSIENT) \
	X(SYSTEM,                 "system-limit",               E_SYSTEM,    TRANSIENT)
/* clang-format on */

enum ptn_fault {
#define X(name, id, code, outcome) PTN_FAULT_##name,
	PTN_FAULTS(X)
#undef X
	PTN_FAULT_COUNT
};

const char *ptn_fault_id(int fault); /* "auth-refused"; "" for NONE and unknown ones */
int ptn_fault_code(int fault);       /* POSTERN_E_* */
int ptn_fault_outcome(int fault);    /* POSTERN_TRANSIENT, ... */

#endif
