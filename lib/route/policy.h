/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The policy as data: what each fault of one candidate means for the others.
 */
#ifndef PTN_ROUTE_POLICY_H
#define PTN_ROUTE_POLICY_H

#include <stddef.h>

struct ptn_policy {
	short fault; /* PTN_FAULT_* */
	short verdict; /* enum ptn_verdict */
	short row; /* 7 for F7: the failure's number in the list of reasons in policy.c */
	short telling; /* which fault to report of several that let others try: the highest */
};

extern const struct ptn_policy ptn_route_policy[];
extern const size_t ptn_route_policies;

int ptn_route_telling(int fault);

#endif
