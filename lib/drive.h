/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one join: the queue of mails, the search for a route, and the connections in use.  It takes
 * `now`, owns everything, and never blocks.
 */
#ifndef PTN_DRIVE_H
#define PTN_DRIVE_H

#include "base/buf.h"
#include "line.h"
#include "link.h"
#include "mail.h"
#include "net/net.h"
#include "pace.h"
#include "search.h"
#include "settings.h"

enum { PTN_CLOSING_MOST = 80 };

struct ptn_drive {
	const struct ptn_settings *set;
	const struct ptn_net *net;
	void *ctx;
	struct postern *handle; /* whose it is; NULL where there is none */
	ptn_time now; /* of this step */
	long long seconds; /* since 1970 */

	struct ptn_queue queue, done; /* done: outcomes not given to the caller yet */
	size_t at_work; /* mails on the lines */
	int quitting;
	struct ptn_pace pace;

	struct ptn_search search;
	struct ptn_line *lines, *spare; /* spare: for the one that is searched for */
	size_t n_lines;
	/* Where one line works and another cannot be had: when to try again, and how long after */
	int further; /* the search was begun while a line worked: if it fails, nothing is shown */
	ptn_time further_at, delay;
	struct ptn_link *closing; /* saying QUIT */
	ptn_time quit_until; /* how long one that comes in place of such a line waits for its end */
	size_t n_closing;

	/* the route that won last, for the caller; port 0 if none did */
	char host[254]; /* "" where it was not discovered */
	char address[PTN_NET_TEXT], tls_version[12];
	int resumed; /* its TLS session was an earlier one's */
	unsigned each_most; /* mails on a connection, learned from a 421; 0: nothing was */
	const char *tls, *mechanism; /* static; NULL if none */
	int port;

	struct ptn_buf cause, advice; /* room for words */
};

void ptn_drive_init(struct ptn_drive *d, const struct ptn_settings *set, const struct ptn_net *net,
		    void *ctx);
void ptn_drive_free(struct ptn_drive *d); /* mails at work get their true outcome */

/* m is prepared; it gets its outcome by and by and is then found in `done`. */
void ptn_drive_submit(struct ptn_drive *d, struct postern_mail *m);
/* Take m out, wherever it is: at work, its connection is closed. */
void ptn_drive_withdraw(struct ptn_drive *d, struct postern_mail *m);
/* All that is queued or at work ends with this fault. */
void ptn_drive_abandon(struct ptn_drive *d, int fault);
/* Close every connection without a word; what is queued or at work ends as cancelled. */
void ptn_drive_forget(struct ptn_drive *d);

/* Say QUIT on idle connections and close them without waiting for the answer. */
void ptn_drive_close(struct ptn_drive *d);

/* seconds: since 1970, for a Date that must be made. */
void ptn_drive_step(struct ptn_drive *d, ptn_time now, long long seconds);
ptn_time ptn_drive_wake(const struct ptn_drive *d);
size_t ptn_drive_left(const struct ptn_drive *d); /* mails queued or at work */
int ptn_drive_busy(const struct ptn_drive *d); /* mails, or with quitting a connection, are left */

/* Mails whose readers said "later" are asked again in the next step; gives whether there are any.
 */
int ptn_drive_waits(const struct ptn_drive *d);
void ptn_drive_resume(struct ptn_drive *d);

#endif
