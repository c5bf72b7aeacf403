/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/fault.h"
#include "route/policy.h"
#include "route/route.h"

/* The failures, and why the others may or may not try.  All candidates have one floor of security:
 * a fallback may cost time, never protection.
 *
 * F1   the name, or the proxy: all candidates share it, so none can do better.
 * F2   TCP: this port is closed or filtered on the way.
 * F3   nothing heard, or closed before the first octet: a filter, or a dead service.
 * F4   greeting 5yz: the port is closed by policy (RFC 5321 3.1).
 * F5   greeting 4yz: the right service at the wrong moment; other ports would only add load.
 * F6   another protocol answers on this port.
 * F7   no STARTTLS: perhaps removed on the way, so only a port that needs no STARTTLS.
 * F8   STARTTLS is not to be had now, or the connection was lost at it: the same.
 * F9   octets between STARTTLS and TLS: someone is on the path (RFC 3207 6).
 * F10  no TLS session came about.  On implicit TLS nothing is higher, so this ends the search.
 * F11  the certificate: another port would hide an impostor.
 * F12  EHLO under TLS: the right service, which is not well.
 * F13  authentication as demanded is not to be had: a matter of settings.
 * F14  credentials refused: trying again elsewhere locks accounts, and may weaken the mechanism.
 * F15  authentication undecided: the server may have counted it.
 * F16  the mail itself: never moved to another port.
 * F17  our own side. */
const struct ptn_policy ptn_route_policy[] = {
	{PTN_FAULT_NONE, PTN_STOP, 17, 0}, /* not a failure: nothing may follow from it */
	{PTN_FAULT_NAME_NOT_FOUND, PTN_STAY, 1, 0},
	{PTN_FAULT_NAME_NO_ANSWER, PTN_STAY, 1, 0},
	{PTN_FAULT_NAME_NO_SERVICE, PTN_STAY, 1, 0},
	{PTN_FAULT_CONNECT_REFUSED, PTN_GO_ON, 2, 1},
	{PTN_FAULT_CONNECT_TIMEOUT, PTN_GO_ON, 2, 1},
	{PTN_FAULT_CONNECT_UNREACHABLE, PTN_GO_ON, 2, 1},
	{PTN_FAULT_CONNECT_FORBIDDEN, PTN_GO_ON, 2, 1},
	{PTN_FAULT_PORT_25_BLOCKED, PTN_GO_ON, 2, 1},
	{PTN_FAULT_PORT_2525_ABSENT, PTN_GO_ON, 2, 1},
	{PTN_FAULT_ALL_PORTS_TIMEOUT, PTN_GO_ON, 2, 1},
	{PTN_FAULT_ALL_PORTS_REFUSED, PTN_GO_ON, 2, 1},
	{PTN_FAULT_PROXY_UNREACHABLE, PTN_STAY, 1, 0},
	{PTN_FAULT_PROXY_REFUSED, PTN_GO_ON, 2, 1},
	{PTN_FAULT_PROXY_AUTH, PTN_STOP, 13, 0},
	{PTN_FAULT_PROXY_MALFORMED, PTN_STAY, 1, 0},
	{PTN_FAULT_SOURCE_UNUSABLE, PTN_STOP, 17, 0},
	{PTN_FAULT_GREETING_CLOSED, PTN_GO_ON, 3, 2},
	{PTN_FAULT_GREETING_SILENT, PTN_GO_ON, 3, 2},
	{PTN_FAULT_GREETING_REFUSED, PTN_GO_ON, 4, 4},
	{PTN_FAULT_GREETING_BUSY, PTN_STAY, 5, 0},
	{PTN_FAULT_GREETING_NOT_SMTP, PTN_GO_ON, 6, 3},
	{PTN_FAULT_GREETING_IS_TLS, PTN_GO_ON, 6, 3},
	{PTN_FAULT_EHLO_REFUSED, PTN_UP, 7, 5},
	{PTN_FAULT_EHLO_BUSY, PTN_STAY, 5, 0},
	{PTN_FAULT_EHLO_CLOSED, PTN_UP, 7, 5},
	{PTN_FAULT_EHLO_TIMEOUT, PTN_UP, 7, 5},
	{PTN_FAULT_EHLO_MALFORMED, PTN_UP, 7, 5},
	{PTN_FAULT_STARTTLS_MISSING, PTN_UP, 7, 8},
	{PTN_FAULT_STARTTLS_REFUSED, PTN_UP, 7, 8},
	{PTN_FAULT_STARTTLS_BUSY, PTN_UP, 8, 6},
	{PTN_FAULT_STARTTLS_CLOSED, PTN_UP, 8, 6},
	{PTN_FAULT_STARTTLS_TIMEOUT, PTN_UP, 8, 6},
	{PTN_FAULT_STARTTLS_MALFORMED, PTN_STOP, 9, 0},
	{PTN_FAULT_STARTTLS_INJECTED, PTN_STOP, 9, 0},
	{PTN_FAULT_TLS_CLOSED, PTN_UP, 10, 7},
	{PTN_FAULT_TLS_TIMEOUT, PTN_UP, 10, 7},
	{PTN_FAULT_TLS_ALERT, PTN_UP, 10, 7},
	{PTN_FAULT_TLS_NO_COMMON, PTN_UP, 10, 7},
	{PTN_FAULT_TLS_NOT_TLS, PTN_UP, 10, 7},
	{PTN_FAULT_TLS_SMTP_FIRST, PTN_UP, 10, 7},
	{PTN_FAULT_TLS_BROKEN, PTN_UP, 10, 7},
	{PTN_FAULT_TLS_CERT_WANTED, PTN_STOP, 13, 0},
	{PTN_FAULT_CERT_EXPIRED, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_NOT_YET_VALID, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_WRONG_NAME, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_UNKNOWN_AUTHORITY, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_INTERCEPTED, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_SELF_SIGNED, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_REVOKED, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_WEAK, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_PURPOSE, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_INVALID, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_NOT_PINNED, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_NO_STAPLE, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_BAD_STAPLE, PTN_STOP, 11, 0},
	{PTN_FAULT_CERT_NOT_IN_DNS, PTN_STOP, 11, 0},
	{PTN_FAULT_TRUST_UNUSABLE, PTN_STOP, 11, 0},
	{PTN_FAULT_HELLO_REFUSED, PTN_STAY, 12, 0},
	{PTN_FAULT_HELLO_BUSY, PTN_STAY, 12, 0},
	{PTN_FAULT_HELLO_CLOSED, PTN_STAY, 12, 0},
	{PTN_FAULT_HELLO_TIMEOUT, PTN_STAY, 12, 0},
	{PTN_FAULT_HELLO_MALFORMED, PTN_STAY, 12, 0},
	{PTN_FAULT_AUTH_NOT_OFFERED, PTN_STOP, 13, 0},
	{PTN_FAULT_AUTH_NO_MECHANISM, PTN_STOP, 13, 0},
	{PTN_FAULT_AUTH_DOWNGRADE, PTN_STOP, 13, 0},
	{PTN_FAULT_AUTH_NO_BINDING, PTN_STOP, 13, 0},
	{PTN_FAULT_AUTH_NO_TOKEN, PTN_STOP, 17, 0},
	{PTN_FAULT_AUTH_TOKEN_REFUSED, PTN_STOP, 14, 0},
	{PTN_FAULT_AUTH_REFUSED, PTN_STOP, 14, 0},
	{PTN_FAULT_AUTH_PASSWORD_OFF, PTN_STOP, 14, 0},
	{PTN_FAULT_AUTH_TOO_WEAK, PTN_STOP, 14, 0},
	{PTN_FAULT_CLEAR_TEXT_SIGN_IN, PTN_STOP, 13, 0},
	{PTN_FAULT_AUTH_NEEDS_TLS, PTN_STOP, 14, 0},
	{PTN_FAULT_AUTH_BUSY, PTN_STAY, 15, 0},
	{PTN_FAULT_AUTH_UNPROVEN, PTN_STOP, 14, 0},
	{PTN_FAULT_AUTH_UNSAFE, PTN_STOP, 14, 0},
	{PTN_FAULT_AUTH_MALFORMED, PTN_STOP, 14, 0},
	{PTN_FAULT_AUTH_CLOSED, PTN_STAY, 15, 0},
	{PTN_FAULT_AUTH_TIMEOUT, PTN_STAY, 15, 0},
	{PTN_FAULT_MAIL_REFUSED, PTN_STOP, 16, 0},
	{PTN_FAULT_MAIL_NEEDS_TLS, PTN_STOP, 16, 0},
	{PTN_FAULT_MAIL_NEEDS_AUTH, PTN_STOP, 16, 0},
	{PTN_FAULT_SENDER_NOT_ALLOWED, PTN_STOP, 16, 0},
	{PTN_FAULT_SERVICE_BUSY, PTN_STOP, 16, 0},
	{PTN_FAULT_RCPT_REFUSED, PTN_STOP, 16, 0},
	{PTN_FAULT_MAILBOX_FULL, PTN_STOP, 16, 0},
	{PTN_FAULT_GREYLISTED, PTN_STOP, 16, 0},
	{PTN_FAULT_DATA_REFUSED, PTN_STOP, 16, 0},
	{PTN_FAULT_CONTENT_REFUSED, PTN_STOP, 16, 0},
	{PTN_FAULT_SIZE_REFUSED, PTN_STOP, 16, 0},
	{PTN_FAULT_SERVICE_CLOSING, PTN_STOP, 16, 0},
	{PTN_FAULT_LOST, PTN_STOP, 16, 0},
	{PTN_FAULT_REPLY_TIMEOUT, PTN_STOP, 16, 0},
	{PTN_FAULT_MALFORMED, PTN_STOP, 16, 0},
	{PTN_FAULT_LOST_IN_DOUBT, PTN_STOP, 16, 0},
	{PTN_FAULT_TIMEOUT_IN_DOUBT, PTN_STOP, 16, 0},
	{PTN_FAULT_MALFORMED_IN_DOUBT, PTN_STOP, 16, 0},
	{PTN_FAULT_NEEDS_8BITMIME, PTN_STOP, 16, 0},
	{PTN_FAULT_NEEDS_SMTPUTF8, PTN_STOP, 16, 0},
	{PTN_FAULT_NEEDS_EXTENSION, PTN_STOP, 16, 0},
	{PTN_FAULT_TOO_LARGE, PTN_STOP, 16, 0},
	{PTN_FAULT_TOO_MANY_RECIPIENTS, PTN_STOP, 16, 0},
	{PTN_FAULT_CONTENT_BARE_CR, PTN_STOP, 17, 0},
	{PTN_FAULT_CONTENT_NUL, PTN_STOP, 17, 0},
	{PTN_FAULT_CONTENT_LONG_LINE, PTN_STOP, 17, 0},
	{PTN_FAULT_CONTENT_READER, PTN_STOP, 17, 0},
	{PTN_FAULT_CONTENT_MISSING, PTN_STOP, 17, 0},
	{PTN_FAULT_CONTENT_FILE, PTN_STOP, 17, 0},
	{PTN_FAULT_CONTENT_CHANGED, PTN_STOP, 17, 0},
	{PTN_FAULT_ARGUMENT, PTN_STOP, 17, 0},
	{PTN_FAULT_STATE, PTN_STOP, 17, 0},
	{PTN_FAULT_CANCELLED, PTN_STOP, 17, 0},
	{PTN_FAULT_CANCELLED_IN_DOUBT, PTN_STOP, 17, 0},
	{PTN_FAULT_TIME_LIMIT, PTN_STOP, 17, 0},
	{PTN_FAULT_NO_MEMORY, PTN_STOP, 17, 0},
	{PTN_FAULT_SYSTEM, PTN_STOP, 17, 0},
};

const size_t ptn_route_policies = sizeof ptn_route_policy / sizeof *ptn_route_policy;

static const struct ptn_policy *find(int fault)
{
	for (size_t i = 0; i < ptn_route_policies; i++)
		if (ptn_route_policy[i].fault == fault)
			return &ptn_route_policy[i];
	return NULL;
}

/* A fault without a row stops: the safe side. */
int ptn_route_verdict(int fault)
{
	const struct ptn_policy *p = find(fault);

	return p ? p->verdict : PTN_STOP;
}

int ptn_route_telling(int fault)
{
	const struct ptn_policy *p = find(fault);

	return p ? p->telling : 0;
}

int ptn_route_rank(int mode)
{
	switch (mode) {
	case PTN_MODE_IMPLICIT:
		return 2;
	case PTN_MODE_STARTTLS:
		return 1;
	default:
		return 0;
	}
}
