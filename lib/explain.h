/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Every fault in words: one sentence of cause and one of advice that a site owner can act on.
 */
#ifndef PTN_EXPLAIN_H
#define PTN_EXPLAIN_H

struct ptn_buf;

struct ptn_facts { /* what the sentences may name; NULL, "" or 0 where unknown */
	const char *host, *address,
		*name; /* as given; as connected to; of a mechanism, field or file */
	int port;
	const char *detail;
	int code; /* the reply, and its text fit to be shown */
	const char *status, *text;
	int unverified; /* the reply came before TLS was verified: anyone may have written it */
	unsigned long long line, size, limit;
};

/* Both are left C strings.  0 or POSTERN_E_NOMEM. */
int ptn_explain(struct ptn_buf *cause, struct ptn_buf *advice, int fault,
		const struct ptn_facts *f);

#endif
