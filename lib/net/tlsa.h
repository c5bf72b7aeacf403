/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * TLSA records in the answer of a name server (RFC 6698 2.1).
 */
#ifndef PTN_NET_TLSA_H
#define PTN_NET_TLSA_H

#include <stddef.h>

#include "net/net.h"

/* The first PTN_NET_ASSOCIATIONS records of the answer in p that can be used: how many, or -1 if p
 * is not a whole DNS message.  Their data are octets of p.  One of a kind that is not known, or
 * whose hash has not the length of one, cannot (RFC 6698 4.1). */
int ptn_tlsa_parse(struct ptn_association list[PTN_NET_ASSOCIATIONS], const unsigned char *p,
		   size_t n);

#endif
