/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The common case of a mailbox, seen at one glance.
 */
#ifndef PTN_BASE_ADDRESS_H
#define PTN_BASE_ADDRESS_H

/* 1: s is a mailbox (RFC 5321 4.1.2) of plain ASCII, without quotes, in a domain that is a name:
 * all other checks would take it as it is.  0: they will have to see. */
int ptn_address_is_plain(const char *s);

#endif
