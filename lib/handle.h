/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a `postern` is inside.
 */
#ifndef PTN_HANDLE_H
#define PTN_HANDLE_H

#include <stdatomic.h>

#include "drive.h"
#include "error.h"
#include "learned.h"
#include "settings.h"

enum { /* places of sticky errors */
       PTN_SET_SERVER,
       PTN_SET_LOGIN,
       PTN_SET_PORTS,
       PTN_SET_TRUST,
       PTN_SET_NAME,
       PTN_SET_MECHANISMS,
       PTN_SET_LIMIT,
       PTN_SET_DISCOVERY,
       PTN_SET_TOKEN,
       PTN_SET_PINS,
       PTN_SET_CERTIFICATE,
       PTN_SET_TLS_MINIMUM,
       PTN_SET_TLS_PRIORITY,
       PTN_SET_PROXY,
       PTN_SET_SOURCE,
       PTN_SET_CONNECTIONS,
       PTN_SET_WINDOW,
       PTN_SET_CAPABILITY,
       PTN_SET_RATE,
       PTN_SET_EACH
};

struct postern {
	struct ptn_settings set;
	struct ptn_learned learned;
	struct ptn_sticky sticky;
	struct ptn_buf error; /* of the last mail; C string */
	struct ptn_buf route; /* as saved last; C string */
	struct ptn_buf sessions; /* as saved last; C string */
	void *ctx; /* the network; NULL until it is needed */
	struct ptn_drive drive;
	long process; /* whose connections these are */
	atomic_int cancelled;
};

/* Whether the network is there, made if it was not: 0 or POSTERN_E_SYSTEM. */
int ptn_handle_open(postern *p);
ptn_time ptn_handle_now(void); /* the clock */
/* As postern_timeout(), where the network is there and no fork can have been since. */
int ptn_handle_timeout(postern *p);
/* In a child after fork the connections are the parent's: let go of them. */
void ptn_handle_check_fork(postern *p);
/* Before a setting changes: E_NOMEM without a handle, E_STATE while mails are queued; else what is
 * open is closed, as it was made with the old settings. */
int ptn_handle_may_change(postern *p);
/* What a setter gives: its error, which sticks (POSTERN_E_NOMEM has words of its own), or 0, which
 * takes its last one back. */
int ptn_handle_refuse(postern *p, int which, int code, const char *why);
int ptn_handle_good(postern *p, int which);
/* m has its outcome and was given to the caller. */
void ptn_handle_collect(postern *p, postern_mail *m);

#endif
