/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * From what failed to what it means: a refusal with a known code, a certificate from known software,
 * or the same failure on every port tells more than the bare failure.
 */
#ifndef PTN_REFINE_H
#define PTN_REFINE_H

#include <stddef.h>

/* What a reply makes of a refusal; the same fault if nothing more is known.  status: the enhanced
 * status code as text ("5.7.1", "" if none); text: what the server said. */
int ptn_refine_reply(int fault, int code, const char *status, const char *text);

/* What the certificate's issuer makes of an unknown authority. */
int ptn_refine_issuer(int fault, const char *issuer);

/* One fault for all the ports that were tried, given what each failed with; fault: the one that the
 * policy reports. */
int ptn_refine_ports(int fault, const int *ports, const int *faults, size_t n);

#endif
