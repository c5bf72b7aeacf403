/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The blocking calls: poll(2) over the public descriptor, events, time-out and step.  Nothing else
 * in the library blocks.
 */
#include <errno.h>
#include <poll.h>

#include "handle.h"

enum { READER_PAUSE = 20 }; /* ms until a reader that had nothing yet is asked again */

/* The one descriptor is readable when anything inside is ready, to be read or written. */
int postern_events(postern *p)
{
	return postern_fd(p) < 0 ? 0 : POLLIN;
}

/* Wait for something to do, at most this many ms (-1: no limit), and do it. */
static int turn(postern *p, int most)
{
	struct pollfd fd = {.fd = postern_fd(p), .events = (short)postern_events(p)};
	int wait = postern_timeout(p);

	if (most >= 0 && (wait < 0 || wait > most))
		wait = most;
	if (poll(&fd, 1, wait) < 0 && errno != EINTR)
		return POSTERN_E_SYSTEM;
	return postern_step(p);
}

int postern_send(postern *p, postern_mail *m)
{
	int err = postern_submit(p, m);

	if (err)
		return err;
	ptn_net_waker(p->ctx);
	while (err >= 0 && !postern_mail_outcome(m)) {
		err = turn(p, m->waiting ? READER_PAUSE : -1);
		postern_mail_resume(m);
	}
	if (err < 0) /* the system gave out: nothing can be done but to say so */
		ptn_drive_abandon(&p->drive, PTN_FAULT_SYSTEM);
	ptn_handle_collect(p, m);
	return postern_mail_code(m);
}

int postern_quit(postern *p)
{
	int err;

	if (!p)
		return POSTERN_E_NOMEM;
	if (!p->ctx)
		return 0;
	ptn_net_waker(p->ctx);
	p->drive.quitting = 1;
	for (err = postern_step(p); err >= 0 && ptn_drive_busy(&p->drive);)
		err = turn(p, -1);
	p->drive.quitting = 0;
	return err < 0 ? err : 0;
}
