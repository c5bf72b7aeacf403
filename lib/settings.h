/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the caller set on a handle; drive and link only read it.
 */
#ifndef PTN_SETTINGS_H
#define PTN_SETTINGS_H

#include <stddef.h>

#include "postern.h"
#include "route/route.h"

enum { PTN_LIMITS = POSTERN_LIMIT_ROUTE + 1 };

struct ptn_settings {
	char *host; /* NULL: the server given to postern_new() was bad */
	char *domain; /* whose servers are discovered; NULL: host is the server */
	char *confirmed; /* these may have their own names in their certificates; or NULL */
	char *user, *password; /* NULL: no credentials */
	struct ptn_candidate ports[PTN_ROUTE_MOST];
	size_t n_ports;
	struct ptn_trust *trust;
	char *name, *mechanisms; /* NULL: the default */
	int limits[PTN_LIMITS]; /* milliseconds, 0 for none */
	void (*trace)(void *arg, int dir, const char *line, size_t len);
	void *trace_arg;
};

void ptn_trace(const struct ptn_settings *set, int dir, const char *line, size_t len);
/* A remark of several parts, ended by NULL.  Nothing is put together unless a trace is set. */
void ptn_remark(const struct ptn_settings *set, const char *const *parts);

#endif
