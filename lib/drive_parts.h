/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The drive's inside, shared by the files that make it up: drive.c (the whole), drive_mails.c,
 * drive_lines.c and drive_route.c.  Nobody else includes this.
 */
#ifndef PTN_DRIVE_PARTS_H
#define PTN_DRIVE_PARTS_H

#include "drive.h"
#include "explain.h"

/* ---- drive_mails.c ---- */

/* Every queued mail ends so: there is no way to send any of them now. */
void ptn_drive_fail_queue(struct ptn_drive *d, int fault, const struct ptn_buf *cause,
			  const struct ptn_buf *advice);
void ptn_drive_fail_first(struct ptn_drive *d, int fault, const struct ptn_facts *f);
void ptn_drive_event(struct ptn_drive *d, struct ptn_line *line, const struct ptn_smtp_event *ev);
/* Some other line than this one (or NULL) has carried mail, and still may. */
int ptn_drive_another_works(const struct ptn_drive *d, const struct ptn_line *line);
/* A further connection is not to be had for now: the others do the work. */
void ptn_drive_slow_down(struct ptn_drive *d);

/* ---- drive_lines.c ---- */

void ptn_drive_put_away(struct ptn_drive *d, struct ptn_link *l); /* it says goodbye */
void ptn_drive_step_closing(struct ptn_drive *d);
/* The line is no more; its link is the caller's. */
struct ptn_link *ptn_drive_take_out(struct ptn_drive *d, struct ptn_line *line);
int ptn_drive_may_begin(const struct ptn_drive *d); /* the first mail of the queue */
/* What is heard is taken in, then each line gets what it has room for, all in one flight. */
void ptn_drive_step_lines(struct ptn_drive *d);
void ptn_drive_end_stale(struct ptn_drive *d); /* those that were idle for too long */
void ptn_drive_tidy_lines(struct ptn_drive *d);
/* End the mails at work on it, whatever that means for each, and the connection with them. */
void ptn_drive_cut_line(struct ptn_drive *d, struct ptn_line *line, int fault);
/* Lines on which nothing is at work, and nothing can be begun. */
void ptn_drive_cut_stuck(struct ptn_drive *d, int fault);

/* ---- drive_route.c ---- */

/* A mail waits that no line can take now, and another line may be had: from when on; PTN_NEVER if
 * not. */
ptn_time ptn_drive_wants_line(const struct ptn_drive *d);
void ptn_drive_step_search(struct ptn_drive *d);

#endif
