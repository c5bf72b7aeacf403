/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * IP addresses as text, strictly: what one part of the library takes for an address no other may
 * take for a name.
 */
#ifndef PTN_BASE_IP_H
#define PTN_BASE_IP_H

#include <stddef.h>

/* The n octets of s as an address into out, without brackets or zone: four decimal numbers without
 * leading zeros (RFC 5321 4.1.3), or RFC 4291 2.2.  Its length, 4 or 16; 0 if it is none. */
size_t ptn_ip_parse(const char *s, size_t n, unsigned char out[16]);

/* Whether the last label of a name is a number: resolvers take "127.1" and "0x7f.1" for addresses. */
int ptn_ip_ends_in_number(const char *s, size_t n);

#endif
