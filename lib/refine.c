/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/fault.h"
#include "base/text.h"
#include "refine.h"

/* What codes mean in the field, where RFC 5321 leaves it open.  The first row that fits wins. */
static const struct {
	int fault, least, most; /* codes; most 0: any */
	const char *status; /* "" any; "4.3." all that begin so */
	const char *word; /* somewhere in the text; "" any */
	int means;
} replies[] = {
	{PTN_FAULT_AUTH_REFUSED, 0, 0, "5.7.139", "", PTN_FAULT_AUTH_PASSWORD_OFF},
	{PTN_FAULT_AUTH_REFUSED, 0, 0, "5.7.30", "", PTN_FAULT_AUTH_PASSWORD_OFF},
	{PTN_FAULT_AUTH_TOO_WEAK, 0, 0, "5.7.139", "", PTN_FAULT_AUTH_PASSWORD_OFF},
	{PTN_FAULT_MAIL_REFUSED, 0, 0, "5.7.30", "", PTN_FAULT_AUTH_PASSWORD_OFF},
	{PTN_FAULT_MAIL_REFUSED, 530, 530, "", "STARTTLS", PTN_FAULT_MAIL_NEEDS_TLS},
	{PTN_FAULT_MAIL_REFUSED, 538, 538, "", "", PTN_FAULT_MAIL_NEEDS_TLS},
	{PTN_FAULT_MAIL_REFUSED, 530, 530, "", "", PTN_FAULT_MAIL_NEEDS_AUTH},
	{PTN_FAULT_RCPT_REFUSED, 530, 530, "", "", PTN_FAULT_MAIL_NEEDS_AUTH},
	{PTN_FAULT_MAIL_REFUSED, 550, 550, "5.7.1", "", PTN_FAULT_SENDER_NOT_ALLOWED},
	{PTN_FAULT_MAIL_REFUSED, 553, 553, "", "", PTN_FAULT_SENDER_NOT_ALLOWED},
	{PTN_FAULT_MAIL_REFUSED, 554, 554, "5.2.252", "", PTN_FAULT_SENDER_NOT_ALLOWED},
	{PTN_FAULT_CONTENT_REFUSED, 554, 554, "5.2.252", "", PTN_FAULT_SENDER_NOT_ALLOWED},
	{PTN_FAULT_MAIL_REFUSED, 552, 552, "", "", PTN_FAULT_SIZE_REFUSED},
	{PTN_FAULT_MAIL_REFUSED, 400, 499, "", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_RCPT_REFUSED, 0, 0, "4.2.2", "", PTN_FAULT_MAILBOX_FULL},
	{PTN_FAULT_RCPT_REFUSED, 0, 0, "5.2.2", "", PTN_FAULT_MAILBOX_FULL},
	{PTN_FAULT_RCPT_REFUSED, 450, 451, "4.3.", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_RCPT_REFUSED, 450, 451, "", "", PTN_FAULT_GREYLISTED},
	{PTN_FAULT_RCPT_REFUSED, 452, 452, "", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_DATA_REFUSED, 450, 451, "4.3.", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_DATA_REFUSED, 450, 451, "", "", PTN_FAULT_GREYLISTED},
	{PTN_FAULT_DATA_REFUSED, 552, 552, "", "", PTN_FAULT_SIZE_REFUSED},
	{PTN_FAULT_DATA_REFUSED, 400, 499, "", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_CONTENT_REFUSED, 0, 0, "4.2.2", "", PTN_FAULT_MAILBOX_FULL},
	{PTN_FAULT_CONTENT_REFUSED, 0, 0, "5.2.2", "", PTN_FAULT_MAILBOX_FULL},
	{PTN_FAULT_CONTENT_REFUSED, 450, 451, "4.3.", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_CONTENT_REFUSED, 450, 451, "", "", PTN_FAULT_GREYLISTED},
	{PTN_FAULT_CONTENT_REFUSED, 400, 499, "", "", PTN_FAULT_SERVICE_BUSY},
	{PTN_FAULT_CONTENT_REFUSED, 552, 552, "", "", PTN_FAULT_SIZE_REFUSED},
};

/* Whether text holds word, in any case. */
static int holds(const char *text, const char *word)
{
	size_t n = strlen(word), len = text ? strlen(text) : 0;

	for (size_t i = 0; i + n <= len; i++)
		if (ptn_text_same(text + i, n, word, n))
			return 1;
	return !n;
}

static int status_fits(const char *pattern, const char *status)
{
	size_t n = strlen(pattern);

	if (n && pattern[n - 1] == '.')
		return status && !strncmp(status, pattern, n);
	return !n || (status && !strcmp(status, pattern));
}

int ptn_refine_reply(int fault, int code, const char *status, const char *text)
{
	for (size_t i = 0; code && i < sizeof replies / sizeof *replies; i++)
		if (replies[i].fault == fault &&
		    (!replies[i].most || (code >= replies[i].least && code <= replies[i].most)) &&
		    status_fits(replies[i].status, status) && holds(text, replies[i].word))
			return replies[i].means;
	return fault;
}

int ptn_refine_issuer(int fault, const char *issuer)
{
	/* Makers of software that opens TLS on its way, as they call their authorities. */
	static const char *const makers[] = {
		"Avast",    "AVG",       "Bitdefender", "BullGuard",  "Cisco Umbrella", "ESET",
		"Fortinet", "FortiGate", "Forcepoint",  "G DATA",     "Kaspersky",      "McAfee",
		"Netskope", "Palo Alto", "Sophos",      "WatchGuard", "Zscaler"};

	if (fault != PTN_FAULT_CERT_UNKNOWN_AUTHORITY)
		return fault;
	for (size_t i = 0; i < sizeof makers / sizeof *makers; i++)
		if (holds(issuer, makers[i]))
			return PTN_FAULT_CERT_INTERCEPTED;
	return fault;
}

static int is_unreachable(int fault)
{
	return fault == PTN_FAULT_CONNECT_REFUSED || fault == PTN_FAULT_CONNECT_TIMEOUT ||
	       fault == PTN_FAULT_CONNECT_UNREACHABLE || fault == PTN_FAULT_CONNECT_FORBIDDEN ||
	       fault == PTN_FAULT_GREETING_SILENT;
}

int ptn_refine_ports(int fault, const int *ports, const int *faults, size_t n)
{
	if (n == 1 && ports[0] == 25 && is_unreachable(faults[0]))
		return PTN_FAULT_PORT_25_BLOCKED;
	if (n == 1 && ports[0] == 2525 && is_unreachable(faults[0]))
		return PTN_FAULT_PORT_2525_ABSENT;
	for (size_t i = 1; i < n; i++)
		if (faults[i] != faults[0])
			return fault;
	if (n > 1 && faults[0] == PTN_FAULT_CONNECT_TIMEOUT)
		return PTN_FAULT_ALL_PORTS_TIMEOUT;
	if (n > 1 && faults[0] == PTN_FAULT_CONNECT_REFUSED)
		return PTN_FAULT_ALL_PORTS_REFUSED;
	return fault;
}
