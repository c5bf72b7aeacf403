/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "net/srv.h"

enum { HEAD = 12, RECORD = 10, IN = 1, SRV = 33, LONGEST = 253 };

struct message {
	const unsigned char *p;
	size_t n, at;
};

static unsigned two(const unsigned char *p)
{
	return (unsigned)p[0] << 8 | p[1];
}

/* Go behind a name: 0, or -1. */
static int skip_name(struct message *m)
{
	while (m->at < m->n) {
		unsigned len = m->p[m->at++];

		if (len >= 0xC0) /* a pointer is the end (RFC 1035 4.1.4) */
			return m->at++ < m->n ? 0 : -1;
		if (len > 63)
			return -1;
		if (!len)
			return 0;
		m->at += len; /* may be behind the end: then there is no name */
	}
	return -1;
}

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
static int read_name(const struct message *m, size_t at, char out[LONGEST + 1])
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

/* The rdata at m->at, of len octets: 1 if it can be used, 0, or -1. */
static int read_service(const struct message *m, size_t len, struct ptn_service *s)
{
	const unsigned char *p = m->p + m->at;
	struct message data = {m->p, m->at + len, m->at + 6};
	int kind;

	if (len < 7 || skip_name(&data) || data.at != m->at + len)
		return -1;
	kind = read_name(m, m->at + 6, s->target);
	if (kind)
		return kind < 0 ? -1 : 0;
	s->priority = (int)two(p);
	s->weight = (int)two(p + 2);
	s->port = (int)two(p + 4);
	return s->port || !*s->target; /* the root needs no port: there is no service */
}

int ptn_srv_parse(struct ptn_service list[PTN_NET_SERVICES], const unsigned char *p, size_t n)
{
	struct message m = {p, n, HEAD};
	unsigned questions, answers;
	int count = 0;

	if (n < HEAD)
		return -1;
	questions = two(p + 4);
	answers = two(p + 6);
	for (unsigned i = 0; i < questions; i++, m.at += 4)
		if (skip_name(&m) || n < m.at || n - m.at < 4)
			return -1;
	for (unsigned i = 0; i < answers && count < PTN_NET_SERVICES; i++) {
		size_t len;
		int kind = 0;

		if (skip_name(&m) || n < m.at || n - m.at < RECORD)
			return -1;
		p = m.p + m.at;
		len = two(p + 8);
		m.at += RECORD;
		if (len > n - m.at)
			return -1;
		if (two(p) == SRV && two(p + 2) == IN)
			kind = read_service(&m, len, &list[count]);
		if (kind < 0)
			return -1;
		count += kind;
		m.at += len;
	}
	return count;
}
