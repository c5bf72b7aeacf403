/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a mail asks of the server beyond being taken: the options for extensions, read.
 */
#ifndef CLI_EXTRAS_H
#define CLI_EXTRAS_H

#include "failure.h"

struct extras { /* the strings are those of the command line; NULL or 0: not given */
	char *dsn_return, *envid, *notify, *deliver_by;
	char *hold_for, *hold_until, *priority, *submitter;
	char *no_extension;
	int binary, require_tls, dane;
	/* Read from them: */
	int notify_bits; /* POSTERN_NOTIFY_* */
	int by_mode, by_trace; /* 'R' or 'N' */
	long by_seconds;
	unsigned long hold_seconds;
	int priority_value; /* POSTERN_NO_PRIORITY: none */
};

/* 0, or the failure's status. */
int extras_read(struct extras *x, struct failure *f);

#endif
