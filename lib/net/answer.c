/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/answer.h"

enum { RECORD = 10, IN = 1, RCODE = 0x0F, AD = 0x20 };

unsigned ptn_answer_two(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

int ptn_answer_code(const unsigned char *p)
{
	return p[3] & RCODE;
}

int ptn_answer_is_vouched(const unsigned char *p)
{
	return (p[3] & AD) != 0;
}

int ptn_answer_skip_name(struct ptn_answer *a)
{
	while (a->at < a->n) {
		unsigned len = a->p[a->at++];

		if (len >= 0xC0) /* a pointer is the end (RFC 1035 4.1.4) */
			return a->at++ < a->n ? 0 : -1;
		if (len > 63)
			return -1;
		if (!len)
			return 0;
		a->at += len; /* may be behind the end: then there is no name */
	}
	return -1;
}

int ptn_answer_begin(struct ptn_answer *a, const unsigned char *p, size_t n)
{
	*a = (struct ptn_answer){p, n, PTN_ANSWER_HEAD, 0};
	if (n < PTN_ANSWER_HEAD)
		return -1;
	for (unsigned i = ptn_answer_two(p + 4); i; i--, a->at += 4)
		if (ptn_answer_skip_name(a) || n < a->at || n - a->at < 4)
			return -1;
	a->left = ptn_answer_two(p + 6);
	return 0;
}

int ptn_answer_next(struct ptn_answer *a, unsigned type, size_t *from, size_t *len)
{
	while (a->left) {
		const unsigned char *p;

		a->left--;
		if (ptn_answer_skip_name(a) || a->n < a->at || a->n - a->at < RECORD)
			return -1;
		p = a->p + a->at;
		*len = ptn_answer_two(p + 8);
		*from = a->at + RECORD;
		if (*len > a->n - *from)
			return -1;
		a->at = *from + *len;
		if (ptn_answer_two(p) == type && ptn_answer_two(p + 2) == IN)
			return 1;
	}
	return 0;
}
