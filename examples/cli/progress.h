/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * How much of a long message was handed over, on standard error.
 */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

struct progress { /* start with all zero but wanted */
	int wanted; /* show it in any case, not only on a terminal and over 1 MiB */
	int on_terminal, began;
	long long shown_at; /* ms */
};

/* passed of size octets (-1: unknown); shows them now and then */
void progress_show(struct progress *p, long long passed, long long size);
/* Clears the line of a terminal; elsewhere says how far it came. */
void progress_end(struct progress *p, long long passed, long long size);

#endif
