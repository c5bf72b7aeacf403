/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A probe's report, for a person or as JSON, and what differs from an earlier one.
 */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include <postern.h>

#include "failure.h"
#include "str.h"

struct earlier { /* a report that was printed as JSON; start with all zero */
	struct list paths, values;
};

int earlier_read(struct earlier *e, const char *file, struct failure *f);
void earlier_free(struct earlier *e);

/* e: NULL for no comparison */
void findings_json(struct str *out, const postern_report *r, const struct earlier *e);
void findings_table(struct str *out, const postern_report *r, int colours);
void findings_all(struct str *out, const postern_report *r);
void findings_advice(struct str *out, const postern_report *r);
void findings_differences(struct str *out, const postern_report *r, const struct earlier *e);

int findings_status(const postern_report *r); /* the exit status */

#endif
