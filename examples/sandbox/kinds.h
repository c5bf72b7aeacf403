/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The kinds of certificate, as data: what is in each, and who issues it.
 */
#ifndef SANDBOX_KINDS_H
#define SANDBOX_KINDS_H

#include <stddef.h>

enum issuer {
	BY_CA, /* the authority whose file the client trusts */
	BY_OTHER, /* one that nobody trusts */
	BY_EXPIRED_CA, /* one whose own file is trusted, but it has ended */
	BY_ITSELF
};

enum {
	ALL_NAMES = 1, /* localhost, mail.sandbox.test, 127.0.0.1 and ::1 */
	SMALL_KEY = 2, /* RSA, 1024 bits */
	SMALL_CURVE = 4,
	BY_SHA1 = 8,
	BY_MD5 = 16,
	CLIENT_ONLY = 32,
	NUL_NAME = 64,
	LONG_NAME = 128,
	MANY_NAMES = 256,
	URI_NAME = 512,
	STAPLE_WANTED = 1024,
	WRONG_KEY = 2048
};

/* Between the authority and the certificate, from the top. */
enum path {
	DIRECT,
	ONE, /* an intermediate authority */
	ONE_UNSENT,
	ONE_EXPIRED,
	ONE_VERSION_1,
	ONE_LEAF, /* a certificate that is no authority */
	ONE_RSA,
	ONE_PERMITTING, /* the names that are wanted */
	ONE_PERMITTING_OTHERS,
	ONE_EXCLUDING,
	ONE_EXCLUDING_UPPER, /* in capital letters */
	TWO_DISJOINT, /* each permits other names */
	TWO_TOO_LONG, /* the upper one allows none below itself */
	SIXTEEN,
	LOOP /* two that have issued each other */
};

struct kind {
	const char *name, *what;
	enum issuer issuer;
	enum path path;
	int flags;
	const char *cn; /* NULL: "localhost", or "sandbox" where there are names */
	const char *names[2]; /* dNSNames */
	long from, to; /* seconds from now; both 0: a year */
};

const struct kind *kind_find(const char *name); /* NULL: none such */
const struct kind *kind_at(unsigned index); /* NULL at the end */

#endif
