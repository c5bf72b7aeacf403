/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/mem.h"
#include "pace.h"
#include "postern.h"

void ptn_pace_free(struct ptn_pace *p)
{
	ptn_mem_free(p->last);
	*p = (struct ptn_pace){0};
}

int ptn_pace_set(struct ptn_pace *p, unsigned mails, int milliseconds)
{
	size_t blocks = mails < PTN_PACE_BLOCKS ? mails : PTN_PACE_BLOCKS;

	if (milliseconds <= 0)
		blocks = 0;
	if (p->mails == mails && p->milliseconds == milliseconds)
		return 0;
	ptn_pace_free(p);
	if (!blocks)
		return 0;
	p->last = ptn_mem_alloc(blocks * sizeof(*p->last));
	if (!p->last)
		return POSTERN_E_NOMEM;
	for (size_t i = 0; i < blocks; i++)
		p->last[i] = PTN_NEVER;
	p->mails = mails;
	p->milliseconds = milliseconds;
	p->blocks = blocks;
	p->share = p->filled = mails / (unsigned)blocks;
	return 0;
}

static size_t following(const struct ptn_pace *p)
{
	return (p->at + 1) % p->blocks;
}

ptn_time ptn_pace_next(const struct ptn_pace *p)
{
	ptn_time last;

	if (!p->blocks || p->filled < p->share)
		return 0;
	last = p->last[following(p)];
	return last == PTN_NEVER ? 0 : last + p->milliseconds;
}

void ptn_pace_begun(struct ptn_pace *p, ptn_time now)
{
	if (!p->blocks)
		return;
	if (p->filled == p->share) {
		p->at = following(p);
		p->filled = 0;
	}
	p->filled++;
	p->last[p->at] = now;
}
