/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "net/answer.h"
#include "net/srv.h"

enum { LONGEST = 253 };

static int is_host_label(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!ptn_text_is_alpha(p[i]) && !ptn_text_is_digit(p[i]) && p[i] != '-' &&
		    p[i] != '_')
			return 0;
	return 1;
}

/* The name at `at` as text.  A pointer must lead back, before all that was read of this name, so
 * there is no way to go round in circles.  0; 1: a name, but no host's; -1: no name. */
static int read_name(const struct ptn_answer *m, size_t at, char out[LONGEST + 1])
{
	size_t to = 0, last = 0, floor = at;
	int host = 1;

	while (at < m->n) {
		unsigned len = m->p[at++];

		if (len >= 0xC0) {
			if (at >= m->n || ((len & 63) << 8 | m->p[at]) >= floor)
				return -1;
			at = floor = (len & 63) << 8 | m->p[at];
			continue;
		}
		if (!len) {
			out[to] = '\0';
			/* A last label of digits would be taken for an address. */
			return host && !ptn_text_is_digit((unsigned char)out[last]) ? 0 : 1;
		}
		if (len > 63 || len > m->n - at || to + len + 1 > LONGEST)
			return -1;
		host &= is_host_label(m->p + at, len);
		if (to)
			out[to++] = '.';
		last = to;
		memcpy(out + to, m->p + at, len);
		to += len;
		at += len;
	}
	return -1;
}

/* The rdata at `at`, of len octets: 1 if it can be used, 0, or -1. */
static int read_service(const struct ptn_answer *m, size_t at, size_t len, struct ptn_service *s)
{
	const unsigned char *p = m->p + at;
	struct ptn_answer data = {m->p, at + len, at + 6, 0};
	int kind;

	if (len < 7 || ptn_answer_skip_name(&data) || data.at != at + len)
		return -1;
	kind = read_name(m, at + 6, s->target);
	if (kind)
		return kind < 0 ? -1 : 0;
	s->priority = (int)ptn_answer_two(p);
	s->weight = (int)ptn_answer_two(p + 2);
	s->port = (int)ptn_answer_two(p + 4);
	return s->port || !*s->target; /* the root needs no port: there is no service */
}

int ptn_srv_parse(struct ptn_service list[PTN_NET_SERVICES], const unsigned char *p, size_t n)
{
	struct ptn_answer m;
	size_t from, len;
	int count = 0, more = 1;

	if (ptn_answer_begin(&m, p, n))
		return -1;
	while (count < PTN_NET_SERVICES &&
	       (more = ptn_answer_next(&m, PTN_TYPE_SRV, &from, &len)) > 0) {
		int kind = read_service(&m, from, len, &list[count]);

		if (kind < 0)
			return -1;
		count += kind;
	}
	return more < 0 ? -1 : count;
}
