/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "net/answer.h"
#include "net/tlsa.h"

enum { FIELDS = 3, USAGES = 4, SELECTORS = 2 };

/* All of it, SHA-256, SHA-512 (RFC 6698 2.1.3). */
static int has_right_size(unsigned matching, size_t size)
{
	static const size_t sizes[] = {0, 32, 64};

	return matching < sizeof sizes / sizeof *sizes && size &&
	       (!sizes[matching] || size == sizes[matching]);
}

int ptn_tlsa_parse(struct ptn_association list[PTN_NET_ASSOCIATIONS], const unsigned char *p,
		   size_t n)
{
	struct ptn_answer a;
	size_t from, len;
	int count = 0, more;

	if (ptn_answer_begin(&a, p, n))
		return -1;
	while ((more = ptn_answer_next(&a, PTN_TYPE_TLSA, &from, &len)) > 0) {
		const unsigned char *data = p + from;

		if (len < FIELDS)
			return -1;
		if (count == PTN_NET_ASSOCIATIONS || data[0] >= USAGES || data[1] >= SELECTORS ||
		    !has_right_size(data[2], len - FIELDS))
			continue;
		list[count++] = (struct ptn_association){data[0], data[1], data[2], len - FIELDS,
							 data + FIELDS};
	}
	return more < 0 ? -1 : count;
}
