/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The content of DATA (RFC 5321 4.5.2): takes the stuffed dots away, and finds the end, which is
 * CR LF "." CR LF and nothing else.
 */
#ifndef SANDBOX_DOTS_H
#define SANDBOX_DOTS_H

#include "bytes.h"

enum dots { DOTS_START, DOTS_MIDDLE, DOTS_CR, DOTS_DOT, DOTS_DOT_CR };

/* Up to n octets; what is content is added to out, *used says how many were taken.  1 at the end.
 * *at begins as DOTS_START. */
int dots_take(enum dots *at, const char *p, size_t n, size_t *used, struct bytes *out);

#endif
