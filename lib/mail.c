/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "facts.h"
#include "mail.h"
#include "smtp/reply.h"

/* ---- Queues. ---- */

void ptn_queue_add(struct ptn_queue *q, struct postern_mail *m)
{
	m->queue = q;
	m->next = NULL;
	m->previous = q->last;
	*(q->last ? &q->last->next : &q->first) = m;
	q->last = m;
	q->n++;
}

void ptn_queue_put_back(struct ptn_queue *q, struct postern_mail *m)
{
	struct postern_mail *next = q->first;

	while (next && next->again)
		next = next->next;
	m->again = 1;
	m->queue = q;
	m->next = next;
	m->previous = next ? next->previous : q->last;
	*(m->previous ? &m->previous->next : &q->first) = m;
	*(next ? &next->previous : &q->last) = m;
	q->n++;
}

void ptn_queue_remove(struct postern_mail *m)
{
	struct ptn_queue *q = m->queue;

	if (!q)
		return;
	*(m->previous ? &m->previous->next : &q->first) = m->next;
	*(m->next ? &m->next->previous : &q->last) = m->previous;
	q->n--;
	m->queue = NULL;
	m->next = m->previous = NULL;
}

/* ---- Transactions: one for all recipients, or as many as the server's limits make of them. ----
 */

static const char *domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at ? at + 1 : address;
}

/* Whether the domain of address i is one of those from `first` on. */
static int is_known_domain(const struct postern_mail *m, size_t first, size_t i)
{
	for (size_t k = first; k < i; k++)
		if (ptn_text_equal(domain_of(m->addresses[k]), domain_of(m->addresses[i])))
			return 1;
	return 0;
}

/* How many of the recipients from m->first on go together, in their order. */
static size_t part_size(const struct postern_mail *m, unsigned long long recipients,
			unsigned long long domains)
{
	size_t n = m->n - m->first, count = 0;

	if (recipients && n > recipients)
		n = (size_t)recipients;
	for (size_t i = 0; domains && i < n; i++) {
		count += !is_known_domain(m, m->first, m->first + i);
		if (count > domains)
			return i;
	}
	return n;
}

int ptn_mail_take_part(struct postern_mail *m, unsigned long long recipients,
		       unsigned long long domains)
{
	struct ptn_smtp_envelope *e = &m->envelope;
	size_t n = recipients || domains ? part_size(m, recipients, domains) : m->n - m->first;

	if (n < m->n - m->first && ptn_mail_read_once(m))
		return PTN_FAULT_TOO_MANY_RECIPIENTS;
	e->recipients = m->addresses + m->first;
	e->asked = m->options && m->options->asked ? m->options->asked + m->first : NULL;
	e->n = n;
	return 0;
}

size_t ptn_mail_left(const struct postern_mail *m)
{
	return m->n - m->first;
}

/* ---- What became of it. ---- */

static void keep_reply(struct ptn_recipient *r, const struct ptn_reply *reply,
		       struct ptn_said *said)
{
	static const int none[3];

	ptn_said_drop(r->said);
	r->said = ptn_said_share(said);
	r->code = reply ? reply->code : 0;
	ptn_facts_status(r->status, reply ? reply->status : none);
}

void ptn_mail_explain(struct postern_mail *m, const struct ptn_buf *cause,
		      const struct ptn_buf *advice)
{
	ptn_buf_clear(&m->error);
	ptn_buf_clear(&m->advice);
	if (ptn_buf_add(&m->error, ptn_buf_data(cause), ptn_buf_len(cause)))
		ptn_buf_clear(&m->error);
	if (ptn_buf_add(&m->advice, ptn_buf_data(advice), ptn_buf_len(advice)))
		ptn_buf_clear(&m->advice);
}

void ptn_mail_recipient(struct postern_mail *m, size_t i, int outcome,
			const struct ptn_reply *reply)
{
	struct ptn_recipient *r = &m->recipients[m->first + i];
	struct ptn_said *said;

	if (outcome == POSTERN_PENDING) /* nothing is decided: what decides it will be kept */
		return;
	said = ptn_said_new(reply);
	r->outcome = outcome;
	keep_reply(r, reply, said);
	ptn_said_drop(said);
}

/* The recipients from a up to b that have no outcome yet get this one. */
static void decide(struct postern_mail *m, size_t a, size_t b, int outcome,
		   const struct ptn_reply *reply)
{
	ptn_said_drop(m->reply);
	m->reply = ptn_said_new(reply);
	for (; a < b; a++) {
		struct ptn_recipient *r = &m->recipients[a];

		if (r->outcome != POSTERN_PENDING)
			continue;
		r->outcome = outcome;
		keep_reply(r, reply, m->reply);
	}
	if (outcome == POSTERN_ACCEPTED) {
		ptn_said_drop(m->receipt);
		m->receipt = ptn_said_share(m->reply);
	}
}

/* The first fault is told, but a doubt before all others: it decides what a queue may do. */
static int take_fault(struct postern_mail *m, int outcome, int fault)
{
	if (!fault || (m->fault && outcome != POSTERN_IN_DOUBT))
		return 0;
	m->fault = fault;
	return 1;
}

int ptn_mail_end_part(struct postern_mail *m, int outcome, int fault, const struct ptn_reply *reply)
{
	size_t a = m->first;

	m->first += m->envelope.n;
	m->envelope.n = 0;
	decide(m, a, m->first, outcome, reply);
	return take_fault(m, outcome, fault);
}

/* The mail's outcome from its recipients': the doubtful first, as it decides what a queue may do.
 */
static int sum_up(const struct postern_mail *m, int otherwise)
{
	size_t count[POSTERN_IN_DOUBT + 1] = {0};

	for (size_t i = 0; i < m->n; i++)
		count[m->recipients[i].outcome]++;
	if (!m->n)
		return otherwise;
	if (count[POSTERN_IN_DOUBT])
		return POSTERN_IN_DOUBT;
	if (count[POSTERN_ACCEPTED])
		return count[POSTERN_ACCEPTED] == m->n ? POSTERN_ACCEPTED : POSTERN_PARTIAL;
	return count[POSTERN_TRANSIENT] ? POSTERN_TRANSIENT : POSTERN_PERMANENT;
}

int ptn_mail_finish(struct postern_mail *m, int outcome, int fault, const struct ptn_reply *reply)
{
	int told = take_fault(m, outcome, fault);

	if (m->first < m->n || !m->n)
		decide(m, m->first, m->n, outcome, reply);
	m->first = m->n;
	m->outcome = sum_up(m, outcome);
	if (m->outcome == POSTERN_PARTIAL && !m->fault)
		m->fault = PTN_FAULT_RCPT_REFUSED;
	ptn_mail_close(m);
	m->state = PTN_MAIL_DONE;
	return told;
}
