/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What became of the mail, for a person or as JSON.
 */
#ifndef CLI_REPORT_H
#define CLI_REPORT_H

#include <postern.h>

#include "failure.h"

void report_failure(const struct failure *f, int json);
/* why: what is known better here than in the library, in place of its sentence; or "". */
void report_mail(const postern *p, const postern_mail *m, const char *why, int json);

#endif
