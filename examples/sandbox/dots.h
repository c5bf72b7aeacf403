/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The content of DATA (RFC 5321 4.5.2): takes the stuffed dots away, and finds the end, which is
 * CR LF "." CR LF and nothing else.
 */
#ifndef SANDBOX_DOTS_H
#define SANDBOX_DOTS_H

#include "bytes.h"

enum dots { DOTS_START, DOTS_MIDDLE, DOTS_CR, DOTS_DOT, DOTS_DOT_CR };

/* One octet; what is content is added to out.  1 at the end.  *at begins as DOTS_START. */
int dots_octet(enum dots *at, char k, struct bytes *out);

#endif
