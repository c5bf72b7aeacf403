/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Sending, without blocking, and what became of it.  The clock is read here and nowhere else.
 */
#define _POSIX_C_SOURCE 200809L
#include <time.h>

#include "base/mem.h"
#include "explain.h"
#include "handle.h"

static ptn_time now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (ptn_time)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

ptn_time ptn_handle_now(void)
{
	return now();
}

int ptn_handle_open(postern *p)
{
	if (!p->ctx)
		p->ctx = ptn_net_new();
	p->drive.ctx = p->drive.search.ctx = p->ctx;
	return p->ctx ? 0 : POSTERN_E_SYSTEM;
}

void ptn_handle_check_fork(postern *p)
{
	if (p->process == ptn_net_process())
		return;
	p->process = ptn_net_process();
	ptn_store_forget(p->set.sessions); /* the parent's too: each is good for one use */
	if (!p->ctx)
		return;
	ptn_net_forget(p->ctx);
	ptn_drive_forget(&p->drive);
}

int ptn_handle_may_change(postern *p)
{
	if (!p)
		return POSTERN_E_NOMEM;
	ptn_handle_check_fork(p);
	if (ptn_drive_busy(&p->drive))
		return POSTERN_E_STATE;
	ptn_drive_close(&p->drive);
	return 0;
}

/* ---- Submitting. ---- */

static int refuse(postern *p, postern_mail *m, int fault, const char *detail,
		  unsigned long long line)
{
	struct ptn_facts f = {.host = p ? p->set.host : NULL, .detail = detail, .line = line};

	ptn_explain(&m->error, &m->advice, fault, &f);
	ptn_mail_finish(m, ptn_fault_outcome(fault), fault, NULL);
	if (p)
		ptn_handle_collect(p, m);
	return ptn_fault_code(fault);
}

static int sticky_fault(int code)
{
	return code == POSTERN_E_NOMEM   ? PTN_FAULT_NO_MEMORY
	       : code == POSTERN_E_STATE ? PTN_FAULT_STATE
					 : PTN_FAULT_ARGUMENT;
}

int postern_submit(postern *p, postern_mail *m)
{
	unsigned long long line = 0;
	const char *why;
	int err, fault = 0;

	if (!m || (!p && m->state != PTN_MAIL_NEW))
		return POSTERN_E_NOMEM;
	if (!p) /* postern_new() found no memory; the mail has its outcome all the same */
		return refuse(p, m, PTN_FAULT_NO_MEMORY, NULL, 0);
	ptn_handle_check_fork(p);
	if (m->state != PTN_MAIL_NEW)
		return POSTERN_E_STATE;
	err = ptn_sticky_first(&p->sticky, &why);
	if (!err)
		err = ptn_sticky_first(&m->sticky, &why);
	if (err)
		return refuse(p, m, sticky_fault(err), why, 0);
	if (!m->n)
		return refuse(p, m, PTN_FAULT_ARGUMENT, "recipients: the mail has none", 0);
	if (ptn_handle_open(p))
		return refuse(p, m, PTN_FAULT_SYSTEM, "no descriptor or memory for the network", 0);
	if (ptn_mail_in_memory(m))
		fault = ptn_mail_prepare(m, p->set.name ? p->set.name : "", (long long)time(NULL),
					 &line);
	if (fault)
		return refuse(p, m, fault, NULL, line);
	if (!ptn_drive_busy(&p->drive))
		atomic_store(&p->cancelled, 0); /* it found nothing to cancel */
	ptn_drive_submit(&p->drive, m);
	return 0;
}

/* ---- The loop's side. ---- */

int postern_fd(postern *p)
{
	if (!p)
		return -1;
	ptn_handle_check_fork(p);
	return ptn_handle_open(p) ? -1 : p->drive.net->fd(p->ctx);
}

int ptn_handle_timeout(postern *p)
{
	ptn_time wake, left;
	int net;

	if (atomic_load(&p->cancelled))
		return 0;
	net = p->drive.net->timeout(p->ctx);
	wake = ptn_drive_wake(&p->drive);
	if (wake == PTN_NEVER)
		return net;
	left = wake ? wake - now() : 0;
	left = left < 0 ? 0 : left > 0x7FFFFFFF ? 0x7FFFFFFF : left;
	return net >= 0 && net < left ? net : (int)left;
}

int postern_timeout(postern *p)
{
	if (!p)
		return -1;
	ptn_handle_check_fork(p);
	return p->ctx ? ptn_handle_timeout(p) : -1;
}

int postern_step(postern *p)
{
	if (!p)
		return POSTERN_E_NOMEM;
	ptn_handle_check_fork(p);
	if (ptn_handle_open(p))
		return POSTERN_E_SYSTEM;
	if (atomic_exchange(&p->cancelled, 0))
		ptn_drive_abandon(&p->drive, PTN_FAULT_CANCELLED);
	ptn_drive_step(&p->drive, now(), (long long)time(NULL));
	return (int)ptn_drive_left(&p->drive);
}

void ptn_handle_collect(postern *p, postern_mail *m)
{
	ptn_queue_remove(m);
	m->drive = NULL;
	ptn_buf_clear(&p->error);
	if (ptn_buf_add(&p->error, ptn_buf_data(&m->error), ptn_buf_len(&m->error)))
		ptn_buf_clear(&p->error);
}

postern_mail *postern_done(postern *p)
{
	postern_mail *m = p ? p->drive.done.first : NULL;

	if (m)
		ptn_handle_collect(p, m);
	return m;
}

int postern_cancel(postern *p)
{
	if (!p)
		return POSTERN_E_NOMEM;
	atomic_store(&p->cancelled, 1);
	if (p->ctx)
		ptn_net_wake(p->ctx);
	return 0;
}

/* ---- What is known. ---- */

const char *postern_error(const postern *p)
{
	const char *why;

	if (!p)
		return postern_strerror(POSTERN_E_NOMEM);
	if (ptn_sticky_first(&p->sticky, &why))
		return why;
	return ptn_buf_data(&p->error);
}

const char *postern_route_host(const postern *p)
{
	if (!p || !*p->drive.address || !p->set.host)
		return "";
	return *p->drive.host ? p->drive.host : p->set.host;
}

const char *postern_route_address(const postern *p)
{
	return p ? p->drive.address : "";
}

int postern_route_port(const postern *p)
{
	return p ? p->drive.port : 0;
}

const char *postern_route_tls(const postern *p)
{
	return p && p->drive.tls ? p->drive.tls : "";
}

int postern_route_resumed(const postern *p)
{
	return p ? p->drive.resumed : 0;
}

const char *postern_route_tls_version(const postern *p)
{
	return p ? p->drive.tls_version : "";
}

const char *postern_route_mechanism(const postern *p)
{
	return p && p->drive.mechanism ? p->drive.mechanism : "";
}

const char *postern_route_save(postern *p)
{
	struct ptn_hint hint;

	if (!p || !p->drive.search.hint.port || !p->set.host)
		return "";
	hint = p->drive.search.hint;
	hint.offer = ptn_learned_offer(&p->learned, p->set.host, hint.port);
	ptn_buf_clear(&p->route);
	if (ptn_hint_print(&p->route, &hint, p->set.host) ||
	    ptn_buf_add(&p->route, "", 1))
		ptn_buf_clear(&p->route);
	return ptn_buf_data(&p->route);
}

int postern_route_restore(postern *p, const char *text)
{
	struct ptn_hint hint;
	int err;

	if (!p)
		return POSTERN_E_NOMEM;
	err = text ? ptn_hint_parse(&hint, text, p->set.host) : POSTERN_E_ARG;
	if (!err && hint.offer &&
	    ptn_learned_set_offer(&p->learned, p->set.host, hint.port, hint.offer))
		err = POSTERN_E_NOMEM;
	if (!err)
		p->drive.search.hint = hint;
	return err < 0 ? err : 0;
}

/* How many attempts were started before attempt i. */
static size_t earlier(const struct ptn_search *s, size_t i)
{
	const struct ptn_attempt *list = s->attempts;
	size_t n = 0;

	for (size_t k = 0; k < s->n_attempts; k++)
		n += list[k].tried && (list[k].started < list[i].started ||
				       (list[k].started == list[i].started && k < i));
	return n;
}

/* The ith attempt in the order they were started; NULL behind the last. */
static const struct ptn_attempt *attempt(const postern *p, size_t i)
{
	const struct ptn_search *s = p ? &p->drive.search : NULL;

	for (size_t k = 0; s && k < s->n_attempts; k++)
		if (s->attempts[k].tried && earlier(s, k) == i)
			return &s->attempts[k];
	return NULL;
}

size_t postern_attempts(const postern *p)
{
	size_t n = 0;

	while (attempt(p, n))
		n++;
	return n;
}

int postern_attempt_port(const postern *p, size_t i)
{
	const struct ptn_attempt *a = attempt(p, i);

	return a ? a->want.port : 0;
}

const char *postern_attempt_tls(const postern *p, size_t i)
{
	const struct ptn_attempt *a = attempt(p, i);

	return a ? ptn_search_mode_name(a->want.mode) : "";
}

const char *postern_attempt_address(const postern *p, size_t i)
{
	const struct ptn_attempt *a = attempt(p, i);

	return a ? a->address : "";
}

int postern_attempt_milliseconds(const postern *p, size_t i)
{
	const struct ptn_attempt *a = attempt(p, i);

	return a && a->over ? (int)(a->ended - a->started) : 0;
}

const char *postern_attempt_error(const postern *p, size_t i)
{
	const struct ptn_attempt *a = attempt(p, i);

	return a ? ptn_buf_data(&a->error) : "";
}

const char *postern_attempt_error_id(const postern *p, size_t i)
{
	const struct ptn_attempt *a = attempt(p, i);

	return a ? ptn_fault_id(a->fault) : "";
}

const char *postern_version(void)
{
	return POSTERN_VERSION;
}
