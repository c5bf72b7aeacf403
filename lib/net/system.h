/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef PTN_NET_SYSTEM_H
#define PTN_NET_SYSTEM_H

/* For tests: ask these name servers, "127.0.0.1:5353"; NULL: the system's.  0 or -ENOMEM. */
int ptn_net_set_dns_servers(void *net, const char *list);

#endif
