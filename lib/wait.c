/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The blocking calls: poll(2) over the public descriptor, events, time-out and step.  Nothing else
 * in the library blocks.
 */
#include <errno.h>
#include <poll.h>

#include "base/mem.h"
#include "findings.h"
#include "handle.h"
#include "probe.h"

enum { READER_PAUSE = 20 }; /* ms until a reader that had nothing yet is asked again */

/* The one descriptor is readable when anything inside is ready, to be read or written. */
int postern_events(postern *p)
{
	return postern_fd(p) < 0 ? 0 : POLLIN;
}

/* Wait for something to do, and do it.  A reader that had nothing yet is asked again, as the call
 * blocks whoever could say when there is more: any mail's, not only that of the one waited for. */
static int turn(postern *p)
{
	struct pollfd fd = {.fd = p->drive.net->fd(p->ctx), .events = POLLIN};
	int wait = ptn_handle_timeout(p);

	if (ptn_drive_waits(&p->drive) && (wait < 0 || wait > READER_PAUSE))
		wait = READER_PAUSE;
	if (poll(&fd, 1, wait) < 0 && errno != EINTR)
		return POSTERN_E_SYSTEM;
	ptn_drive_resume(&p->drive);
	return postern_step(p);
}

int postern_send(postern *p, postern_mail *m)
{
	int err = postern_submit(p, m);

	if (err)
		return err;
	ptn_net_waker(p->ctx);
	for (err = postern_step(p); err >= 0 && !postern_mail_outcome(m);)
		err = turn(p);
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
		err = turn(p);
	p->drive.quitting = 0;
	return err < 0 ? err : 0;
}

/* ---- The probe, on a network of its own. ---- */

enum { CANCEL_PAUSE = 200 }; /* ms until cancelling is noticed, at most */

static int wait_for(struct ptn_probe *pr)
{
	struct pollfd fd = {.fd = pr->net->fd(pr->ctx), .events = POLLIN};
	ptn_time wake = ptn_probe_wake(pr),
		 left = wake == PTN_NEVER ? CANCEL_PAUSE : wake - ptn_handle_now();
	int net = pr->net->timeout(pr->ctx);

	left = left < 0 ? 0 : left > CANCEL_PAUSE ? CANCEL_PAUSE : left;
	if (net >= 0 && net < left)
		left = net;
	return poll(&fd, 1, (int)left) < 0 && errno != EINTR ? POSTERN_E_SYSTEM : 0;
}

static void run_probe(postern *p, struct ptn_probe *pr, void *ctx, postern_report *r)
{
	atomic_store(&p->cancelled, 0);
	ptn_probe_begin(pr, &p->set, &ptn_net_system, ctx, ptn_handle_now());
	while (!ptn_probe_step(pr, ptn_handle_now())) {
		if (wait_for(pr))
			ptn_probe_stop(pr, PTN_FAULT_SYSTEM);
		if (atomic_exchange(&p->cancelled, 0))
			ptn_probe_stop(pr, PTN_FAULT_CANCELLED);
	}
	ptn_findings_report(pr, r);
	ptn_probe_free(pr);
}

postern_report *postern_probe(postern *p, void (*progress)(void *arg, int port, const char *what),
			      void *arg)
{
	postern_report *r = p ? ptn_mem_alloc(sizeof(*r)) : NULL;
	struct ptn_probe *pr = r ? ptn_mem_alloc(sizeof(*pr)) : NULL;
	const char *why;
	void *ctx = NULL;

	if (!pr) {
		postern_report_free(r);
		return NULL;
	}
	ptn_handle_check_fork(p);
	pr->progress = progress;
	pr->arg = arg;
	if (ptn_sticky_first(&p->sticky, &why))
		ptn_findings_fault(r, p->set.host, PTN_FAULT_ARGUMENT, why);
	else if (ptn_drive_busy(&p->drive))
		ptn_findings_fault(r, p->set.host, PTN_FAULT_STATE, "mails are queued or at work");
	else if (!(ctx = ptn_net_new()))
		ptn_findings_fault(r, p->set.host, PTN_FAULT_SYSTEM, NULL);
	else
		run_probe(p, pr, ctx, r);
	ptn_net_free(ctx);
	ptn_mem_free(pr);
	if (!r->failed)
		return r;
	postern_report_free(r);
	return NULL;
}
