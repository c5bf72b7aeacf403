/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PTN_NET_HOST_H
#define PTN_NET_HOST_H

/* Whether a host's name is good to be given to others: a domain of two labels or more, and not
 * "localhost" in some form. */
int ptn_net_is_fully_qualified(const char *name);

#endif
