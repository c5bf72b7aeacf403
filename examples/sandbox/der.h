/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * DER (X.690), as much of it as an OCSP response needs.  Values are written from the inside out:
 * each function adds one element whose content is known already.
 */
#ifndef SANDBOX_DER_H
#define SANDBOX_DER_H

#include <time.h>

#include "bytes.h"

enum der_tag {
	DER_INTEGER = 0x02,
	DER_BITS = 0x03,
	DER_OCTETS = 0x04,
	DER_NULL = 0x05,
	DER_OID = 0x06,
	DER_ENUMERATED = 0x0a,
	DER_TIME = 0x18, /* GeneralizedTime */
	DER_SEQUENCE = 0x30,
	DER_CONTEXT = 0x80, /* | number: [number] IMPLICIT, primitive */
	DER_EXPLICIT = 0xa0 /* | number: [number], constructed */
};

void der_add(struct bytes *b, unsigned tag, const void *content, size_t n);
/* The same, of what is in *content, which is freed. */
void der_wrap(struct bytes *b, unsigned tag, struct bytes *content);
void der_time(struct bytes *b, time_t when);

/* The element at *at of n octets: its tag, or -1 if it is not a whole one; content and its length;
 * *at and *n are moved behind it. */
int der_take(const unsigned char **at, size_t *n, const unsigned char **content, size_t *len);

#endif
