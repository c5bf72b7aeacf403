/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The route that worked last, as a hint for the next search: never more than an order of trying.
 */
#ifndef PTN_HINT_H
#define PTN_HINT_H

#include "base/buf.h"
#include "route/route.h"

struct ptn_hint {
	int port; /* 0: there is none */
	int mode, family;
	unsigned capabilities; /* PTN_CAP_* seen on it */
	int milliseconds;      /* that it took to be usable */
	long long seconds;     /* since 1970, when it worked */
	unsigned offer;        /* PTN_SASL_OFFER_* seen there: an offer of less is suspicious */
};

/* "postern-route 1 HOST PORT MODE FAMILY CAPABILITIES MS SECONDS OFFER"; 0 or POSTERN_E_NOMEM. */
int ptn_hint_print(struct ptn_buf *out, const struct ptn_hint *h, const char *host);

/* 0; POSTERN_E_ARG: not such a text; 1: one for another host.  Older ones end before OFFER. */
int ptn_hint_parse(struct ptn_hint *h, const char *text, const char *host);

/* Put the hint's candidate first, if it is among them at all. */
void ptn_hint_apply(const struct ptn_hint *h, struct ptn_candidate *c, size_t n);

#endif
