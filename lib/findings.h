/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a probe found, as a report, with one recommendation and its reason.
 */
#ifndef PTN_FINDINGS_H
#define PTN_FINDINGS_H

#include "probe.h"
#include "report.h"

/* The keys are in postern(3). */
void ptn_findings_report(const struct ptn_probe *p, struct postern_report *r);
/* No probe took place: only a summary with this fault.  why: its sentence, or NULL for the usual.
 */
void ptn_findings_fault(struct postern_report *r, const char *host, int fault, const char *why);

#endif
