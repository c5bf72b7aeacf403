/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "line.h"

int ptn_line_is_worn(const struct ptn_line *l)
{
	unsigned most = l->link->set->flow.mails_each;

	if (l->most && (!most || l->most < most))
		most = l->most;
	return (most && l->begun >= most) || ptn_smtp_worn(l->link->smtp);
}

int ptn_line_takes(const struct ptn_line *l)
{
	return !l->leaving && ptn_link_ready(l->link) && !ptn_line_is_worn(l);
}

int ptn_line_is_idle(const struct ptn_line *l)
{
	return !l->mails.first && ptn_link_ready(l->link);
}

/* Not at once: one mail after the other would have it taken and given each time. */
ptn_time ptn_line_rest_at(const struct ptn_line *l)
{
	enum { PAUSE = 1000 };

	return l->rests || l->idle_since == PTN_NEVER ? PTN_NEVER : l->idle_since + PAUSE;
}

ptn_time ptn_line_idle_until(const struct ptn_line *l)
{
	int limit = l->link->set->limits[POSTERN_LIMIT_IDLE];

	return limit && l->idle_since != PTN_NEVER ? l->idle_since + limit : PTN_NEVER;
}
