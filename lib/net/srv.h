/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SRV records in the answer of a name server (RFC 2782), which anybody may have written.
 */
#ifndef PTN_NET_SRV_H
#define PTN_NET_SRV_H

#include <stddef.h>

#include "net/net.h"

/* The first PTN_NET_SERVICES records of the answer in p that can be used: how many, or -1 if p is
 * not a whole DNS message.  A record without a port, or whose target is no host name, cannot. */
int ptn_srv_parse(struct ptn_service list[PTN_NET_SERVICES], const unsigned char *p, size_t n);

#endif
