/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "kinds.h"

#include <string.h>

#define DAY (24L * 60 * 60)

/* clang-format off */
static const struct kind kinds[] = {
	{"good", "valid for localhost, mail.sandbox.test, 127.0.0.1 and ::1", .flags = ALL_NAMES},
	{"wildcard", "good for *.sandbox.test only", .names = {"*.sandbox.test"}},
	{"upper-case", "good, for LOCALHOST", .names = {"LOCALHOST"}},
	{"intermediate", "good, by an intermediate authority that is sent along",
		.path = ONE, .flags = ALL_NAMES},
	{"permitted", "good, by one that may issue for localhost and sandbox.test",
		.path = ONE_PERMITTING, .flags = ALL_NAMES},
	{"must-staple", "good, but only with an OCSP response: see --staple",
		.flags = ALL_NAMES | STAPLE_WANTED},
	{"just-begun", "good from this second on", .flags = ALL_NAMES, .from = 0, .to = DAY},

	{"expired", "ended yesterday", .flags = ALL_NAMES, .from = -30 * DAY, .to = -DAY},
	{"just-ended", "ended a second ago", .flags = ALL_NAMES, .from = -30 * DAY, .to = -1},
	{"not-yet-valid", "begins tomorrow", .flags = ALL_NAMES, .from = DAY, .to = 365 * DAY},
	{"expired-intermediate", "by an intermediate authority that has ended",
		.path = ONE_EXPIRED, .flags = ALL_NAMES},
	{"expired-authority", "by an authority that has ended: ca-expired.pem",
		.issuer = BY_EXPIRED_CA, .flags = ALL_NAMES},

	{"wrong-name", "for other.sandbox.test", .names = {"other.sandbox.test"}},
	{"cn-only", "localhost as the common name, no subjectAltName", .cn = "localhost"},
	{"cn-and-other-name", "the same, and other.sandbox.test as the subjectAltName",
		.cn = "localhost", .names = {"other.sandbox.test"}},
	{"cn-and-uri", "the same, and only a URI as the subjectAltName",
		.cn = "localhost", .flags = URI_NAME},
	{"star", "for *", .names = {"*"}},
	{"partial-wildcard", "*ocalhost and *ail.sandbox.test",
		.names = {"*ocalhost", "*ail.sandbox.test"}},
	{"inner-wildcard", "l*t and mail.*.test", .names = {"l*t", "mail.*.test"}},
	{"below", "for mail.localhost", .names = {"mail.localhost"}},
	{"ip-as-dns", "127.0.0.1 and ::1 as dNSName", .names = {"127.0.0.1", "::1"}},
	{"nul-name", "localhost, NUL, and .other.test, in one dNSName", .flags = NUL_NAME},
	{"long-name", "a dNSName of 300 octets", .flags = LONG_NAME},
	{"many-names", "5000 dNSNames, but not the right one", .flags = MANY_NAMES},

	{"self-signed", "signed by itself", .issuer = BY_ITSELF, .flags = ALL_NAMES},
	{"unknown-authority", "by an authority that is not in ca.pem",
		.issuer = BY_OTHER, .flags = ALL_NAMES},
	{"missing-intermediate", "by an intermediate authority that is not sent",
		.path = ONE_UNSENT, .flags = ALL_NAMES},
	{"loop", "by one of two authorities that have issued each other",
		.path = LOOP, .flags = ALL_NAMES},
	{"not-authority", "issued by a certificate that is no authority",
		.path = ONE_LEAF, .flags = ALL_NAMES},
	{"version-1", "issued by one of X.509 version 1, which does not say what it is",
		.path = ONE_VERSION_1, .flags = ALL_NAMES},
	{"path-length", "below more authorities than the first of them allows",
		.path = TWO_TOO_LONG, .flags = ALL_NAMES},
	{"deep", "below sixteen intermediate authorities", .path = SIXTEEN, .flags = ALL_NAMES},
	{"not-permitted", "by one that may issue for other.test only",
		.path = ONE_PERMITTING_OTHERS, .flags = ALL_NAMES},
	{"excluded", "by one that may not issue for localhost",
		.path = ONE_EXCLUDING, .flags = ALL_NAMES},
	{"excluded-upper-case", "by one that may not issue for LOCALHOST",
		.path = ONE_EXCLUDING_UPPER, .flags = ALL_NAMES},
	{"nothing-permitted", "by two of which the lower may issue for nothing the upper may",
		.path = TWO_DISJOINT, .flags = ALL_NAMES},

	{"weak", "a 1024-bit RSA key", .flags = ALL_NAMES | SMALL_KEY},
	{"weak-curve", "a key on the curve P-192", .flags = ALL_NAMES | SMALL_CURVE},
	{"weak-hash", "signed with SHA-1", .flags = ALL_NAMES | BY_SHA1},
	{"md5", "signed with MD5", .path = ONE_RSA, .flags = ALL_NAMES | BY_MD5},
	{"wrong-purpose", "for TLS clients only", .flags = ALL_NAMES | CLIENT_ONLY},
	{"wrong-key", "good, but the server has another key", .flags = ALL_NAMES | WRONG_KEY},
};
/* clang-format on */
#define KINDS (sizeof(kinds) / sizeof(kinds[0]))

const struct kind *kind_at(unsigned index)
{
	return index < KINDS ? &kinds[index] : NULL;
}

const struct kind *kind_find(const char *name)
{
	for (unsigned i = 0; i < KINDS; i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	return NULL;
}
