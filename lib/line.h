/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A connection in use, and the mails that are at work on it: begun, and not answered yet.
 */
#ifndef PTN_LINE_H
#define PTN_LINE_H

#include "link.h"
#include "mail.h"

struct ptn_line {
	struct ptn_line *next;
	struct ptn_link *link;
	struct ptn_queue mails; /* in the order begun; content is given to the last one */
	unsigned begun; /* transactions so far */
	unsigned most; /* as many as the server took on an earlier one; 0: not known */
	int used; /* it carried mail, or could have: what becomes of it now blames no mail */
	int further; /* it was searched for while another one worked */
	int leaving; /* no mail is begun on it any more; QUIT once all have their outcomes */
	int accepted; /* one was */
	ptn_time idle_since; /* PTN_NEVER: it is not */
	int rests; /* it is idle, and keeps no more memory than it must */
};

/* Room for a transaction of another mail. */
int ptn_line_takes(const struct ptn_line *l);
/* It has carried as many as it may: by the server's word, or the caller's. */
int ptn_line_is_worn(const struct ptn_line *l);
int ptn_line_is_idle(const struct ptn_line *l);
/* When it is to give back memory; when it has been idle for too long. */
ptn_time ptn_line_rest_at(const struct ptn_line *l);
ptn_time ptn_line_idle_until(const struct ptn_line *l);

#endif
