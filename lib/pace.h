/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A rate limit: at most so many mails in any stretch of so many milliseconds.
 */
#ifndef PTN_PACE_H
#define PTN_PACE_H

#include <stddef.h>

#include "route/route.h"

enum { PTN_PACE_BLOCKS = 1024 };

/* Times are kept by blocks of mails: each mail is its own block up to PTN_PACE_BLOCKS mails; with
 * more, a block begins only when the oldest one has gone by, so that the limit holds all the same.
 */
struct ptn_pace { /* zeroed: no limit */
	unsigned mails;
	int milliseconds;
	ptn_time *last; /* of each block: when its last mail was begun */
	size_t blocks, at;
	unsigned share, filled; /* mails of a block; of the block in use */
};

/* The limit from now on; 0 mails: none.  What was begun counts on while it stays the same.  0 or
 * POSTERN_E_NOMEM. */
int ptn_pace_set(struct ptn_pace *p, unsigned mails, int milliseconds);
/* When the next mail may begin; 0: at any time. */
ptn_time ptn_pace_next(const struct ptn_pace *p);
void ptn_pace_begun(struct ptn_pace *p, ptn_time now);
void ptn_pace_free(struct ptn_pace *p);

#endif
