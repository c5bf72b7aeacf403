/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a server said once, for a mail and those of its recipients that it was about.  It is kept as
 * it came, and made fit to be shown when somebody asks: most replies are never looked at.
 */
#ifndef PTN_SAID_H
#define PTN_SAID_H

struct ptn_reply;
struct ptn_said;

/* One owner has it now.  NULL: no reply, or out of memory. */
struct ptn_said *ptn_said_new(const struct ptn_reply *reply);
struct ptn_said *ptn_said_share(struct ptn_said *s); /* one owner more; NULL is nothing */
void ptn_said_drop(struct ptn_said *s); /* one less; the last one frees it */

/* Strings of its own; "" where it is NULL, or where memory is out. */
const char *ptn_said_text(struct ptn_said *s); /* printable, lines joined by a blank */
const char *ptn_said_queue_id(struct ptn_said *s); /* the name found in it */

#endif
