/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "der.h"

void der_add(struct bytes *b, unsigned tag, const void *content, size_t n)
{
	unsigned char head[8];
	size_t used = 0, octets = 0;

	head[used++] = (unsigned char)tag;
	if (n < 0x80) {
		head[used++] = (unsigned char)n;
	} else {
		for (size_t rest = n; rest; rest >>= 8)
			octets++;
		head[used++] = (unsigned char)(0x80 | octets);
		while (octets)
			head[used++] = (unsigned char)(n >> (8 * --octets));
	}
	bytes_add(b, head, used);
	if (n)
		bytes_add(b, content, n);
}

void der_wrap(struct bytes *b, unsigned tag, struct bytes *content)
{
	der_add(b, tag, content->p, content->n);
	bytes_free(content);
}

void der_time(struct bytes *b, time_t when)
{
	struct bytes text = {0};
	struct tm t;

	gmtime_r(&when, &t);
	bytes_format(&text, "%04d%02d%02d%02d%02d%02dZ", t.tm_year + 1900, t.tm_mon + 1, t.tm_mday,
		     t.tm_hour, t.tm_min, t.tm_sec);
	der_wrap(b, DER_TIME, &text);
}

int der_take(const unsigned char **at, size_t *n, const unsigned char **content, size_t *len)
{
	const unsigned char *p = *at;
	size_t head = 2, octets;

	if (*n < 2)
		return -1;
	*len = p[1];
	if (p[1] & 0x80) {
		octets = p[1] & 0x7f;
		if (octets == 0 || octets > 4 || *n < 2 + octets)
			return -1;
		for (*len = 0; octets; octets--)
			*len = *len << 8 | p[head++];
	}
	if (*len > *n - head)
		return -1;
	*content = p + head;
	*at += head + *len;
	*n -= head + *len;
	return p[0];
}
