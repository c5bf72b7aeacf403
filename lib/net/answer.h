/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The records in the answer of a name server (RFC 1035 4.1), which anybody may have written.
 */
#ifndef PTN_NET_ANSWER_H
#define PTN_NET_ANSWER_H

#include <stddef.h>

enum { PTN_ANSWER_HEAD = 12, PTN_TYPE_A = 1, PTN_TYPE_SRV = 33, PTN_TYPE_TLSA = 52 };

struct ptn_answer { /* a DNS message of n octets, read up to at */
	const unsigned char *p;
	size_t n, at;
	unsigned left; /* records not read yet */
};

/* 0, or -1 if p cannot be one: at stands at the first record then. */
int ptn_answer_begin(struct ptn_answer *a, const unsigned char *p, size_t n);

/* The next record of that type and class IN, others are passed over: 1, its rdata are the len
 * octets at a->p + *from; 0: no more; -1: the message is broken. */
int ptn_answer_next(struct ptn_answer *a, unsigned type, size_t *from, size_t *len);

int ptn_answer_skip_name(struct ptn_answer *a); /* 0, or -1 */
unsigned ptn_answer_two(const unsigned char *p);

int ptn_answer_code(const unsigned char *p); /* RCODE, of a message with a head */
int ptn_answer_is_vouched(const unsigned char *p); /* the AD bit (RFC 4035 3.2.3) */

#endif
