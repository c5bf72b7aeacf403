/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A report: sections of keys and values, one a port and one for the whole.  Values are fit to be
 * shown, whoever wrote them.
 */
#ifndef PTN_REPORT_H
#define PTN_REPORT_H

#include <stddef.h>

#include "base/buf.h"
#include "route/route.h"

enum { PTN_REPORT_KEYS = 40 };

struct ptn_section {
	struct {
		const char *key; /* static */
		char *value;
	} v[PTN_REPORT_KEYS];
	size_t n;
};

struct postern_report { /* zeroed: empty */
	struct ptn_section at[PTN_ROUTE_MOST + 1]; /* the ports', then the summary */
	size_t ports;
	struct ptn_section *into; /* where values are added */
	int failed; /* memory gave out */
};

/* Nothing is added for an empty value. */
void ptn_report_add(struct postern_report *r, const char *key, const char *value);
void ptn_report_octets(struct postern_report *r, const char *key, const char *p, size_t n);
void ptn_report_buf(struct postern_report *r, const char *key, const struct ptn_buf *b);
void ptn_report_number(struct postern_report *r, const char *key, unsigned long long n);

#endif
