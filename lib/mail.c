/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "facts.h"
#include "header.h"
#include "mail.h"
#include "queueid.h"
#include "smtp/content.h"
#include "smtp/reply.h"

/* ---- Queues. ---- */

void ptn_queue_add(struct ptn_queue *q, struct postern_mail *m)
{
	m->queue = q;
	m->next = NULL;
	if (q->last)
		q->last->next = m;
	else
		q->first = m;
	q->last = m;
	q->n++;
}

void ptn_queue_remove(struct postern_mail *m)
{
	struct ptn_queue *q = m->queue;
	struct postern_mail *before = NULL;

	if (!q)
		return;
	if (q->first == m) {
		q->first = m->next;
	} else {
		for (before = q->first; before->next != m;)
			before = before->next;
		before->next = m->next;
	}
	if (q->last == m)
		q->last = before;
	q->n--;
	m->queue = NULL;
	m->next = NULL;
}

/* ---- Before it is sent. ---- */

/* The octets of b become *field, if that was not made before; b is freed.  err: how making b went.
 */
static int keep_field(char **field, struct ptn_buf *b, int err)
{
	if (!err && !*field)
		*field = ptn_mem_copy(ptn_buf_data(b), ptn_buf_len(b));
	ptn_buf_free(b);
	return err ? err : *field ? 0 : POSTERN_E_NOMEM;
}

static int make_date(struct postern_mail *m, long long seconds)
{
	struct ptn_buf b = {0};

	return keep_field(&m->date, &b, m->date ? 0 : ptn_header_date(&b, seconds));
}

static int make_message_id(struct postern_mail *m, const char *host)
{
	struct ptn_buf b = {0};

	return keep_field(&m->message_id, &b,
			  m->message_id ? 0 : ptn_header_message_id(&b, m->reverse_path, host));
}

static int put_field(struct ptn_buf *b, const char *name, const char *value)
{
	int err = ptn_buf_puts(b, name);

	err = err ? err : ptn_buf_puts(b, ": ");
	err = err ? err : ptn_buf_puts(b, value);
	return err ? err : ptn_buf_puts(b, "\r\n");
}

/* What the message lacks goes in front of it: made once per mail, the same in every later try. */
static int complete(struct postern_mail *m, const char *start, size_t n, const char *host,
		    long long seconds)
{
	struct ptn_header h;
	int err;

	ptn_header_read(&h, start, n);
	if (h.has_message_id || !m->completion || !h.is_header) {
		/* What is told of it is what the content says, if it can be read. */
		ptn_mem_free(m->message_id);
		m->message_id = h.message_id ? ptn_mem_copy(h.message_id, h.message_id_len) : NULL;
		if (h.message_id && !m->message_id)
			return POSTERN_E_NOMEM;
	}
	if (!m->completion || !h.is_header)
		return 0;
	err = h.has_date ? 0 : make_date(m, seconds);
	if (!err && !h.has_date)
		err = put_field(&m->prefix, "Date", m->date);
	if (!err && !h.has_message_id)
		err = make_message_id(m, host);
	if (!err && !h.has_message_id)
		err = put_field(&m->prefix, "Message-ID", m->message_id);
	return err;
}

static int check_text(struct postern_mail *m, unsigned long long *line)
{
	struct ptn_content c = {0};
	int err = ptn_content_write(&c, NULL, m->text, m->len);

	if (!err)
		err = ptn_content_end(&c, NULL);
	*line = c.line + 1;
	m->envelope.sized = 1;
	m->envelope.size = c.size + ptn_buf_len(&m->prefix);
	m->envelope.eightbit = c.eightbit;
	return err ? c.fault : 0;
}

static int needs_utf8(const struct postern_mail *m)
{
	int utf8 = ptn_text_has_8bit(m->reverse_path, strlen(m->reverse_path));

	for (size_t i = 0; i < m->n; i++)
		utf8 |= ptn_text_has_8bit(m->addresses[i], strlen(m->addresses[i]));
	return utf8;
}

/* Enough of a reader's content to see its header section. */
static int peek(struct postern_mail *m, struct ptn_buf *head)
{
	enum { HEADER_MOST = 64 * 1024, STEP = 4096 };

	while (!m->ended && ptn_buf_len(head) < HEADER_MOST) {
		char *room = ptn_buf_room(head, STEP);
		const char *p = ptn_buf_data(head);
		size_t n = ptn_buf_len(head);
		ptrdiff_t got;

		for (size_t i = n > STEP + 4 ? n - STEP - 4 : 0; i + 1 < n; i++)
			if (p[i] == '\n' && (p[i + 1] == '\n' ||
					     (p[i + 1] == '\r' && i + 2 < n && p[i + 2] == '\n')))
				return 0;
		if (!room)
			return POSTERN_E_NOMEM;
		got = m->read(m->arg, room, STEP);
		if (got == POSTERN_LATER)
			return 1;
		if (got < 0 || got > STEP)
			return POSTERN_E_CONTENT;
		ptn_buf_filled(head, (size_t)got);
		m->ended = !got;
	}
	return 0;
}

static int fault_of(int err)
{
	return err == POSTERN_E_NOMEM     ? PTN_FAULT_NO_MEMORY
	       : err == POSTERN_E_CONTENT ? PTN_FAULT_CONTENT_READER
	       : err                      ? PTN_FAULT_SYSTEM
					  : PTN_FAULT_NONE;
}

/* The header is read before the mail begins: what it lacks goes in front of it. */
static int prepare_reader(struct postern_mail *m, const char *host, long long seconds)
{
	int err;

	m->envelope.sized = 0;
	m->envelope.eightbit = 1; /* it may be: BODY=8BITMIME is right for 7-bit content too */
	if (m->peeked || !m->completion)
		return 0;
	err = peek(m, &m->head);
	if (err == 1) {
		m->waiting = 1;
		return PTN_MAIL_LATER;
	}
	m->peeked = 1;
	if (!err)
		err = complete(m, ptn_buf_data(&m->head), ptn_buf_len(&m->head), host, seconds);
	if (!err)
		err = ptn_buf_add(&m->prefix, ptn_buf_data(&m->head), ptn_buf_len(&m->head));
	ptn_buf_free(&m->head);
	return fault_of(err);
}

int ptn_mail_prepare(struct postern_mail *m, const char *host, long long seconds,
		     unsigned long long *line)
{
	int err;

	*line = 0;
	m->envelope.reverse_path = m->reverse_path;
	m->envelope.recipients = m->addresses;
	m->envelope.n = m->n;
	m->envelope.utf8 = needs_utf8(m);
	if (m->read)
		return prepare_reader(m, host, seconds);
	if (!m->text)
		return PTN_FAULT_CONTENT_MISSING;
	ptn_buf_clear(&m->prefix);
	err = complete(m, m->text, m->len, host, seconds);
	return err ? fault_of(err) : check_text(m, line);
}

ptrdiff_t ptn_mail_read(struct postern_mail *m, char *buf, size_t cap)
{
	size_t n = ptn_buf_len(&m->prefix);

	if (m->at < n) {
		n -= m->at;
		n = n < cap ? n : cap;
		memcpy(buf, ptn_buf_data(&m->prefix) + m->at, n);
		m->at += n;
		return (ptrdiff_t)n;
	}
	if (m->read) {
		ptrdiff_t got = m->ended ? 0 : m->read(m->arg, buf, cap);

		m->waiting = got == POSTERN_LATER;
		m->ended = !got;
		return got > 0 && (size_t)got > cap ? -1 : got;
	}
	n = m->len - (m->at - n);
	n = n < cap ? n : cap;
	if (n)
		memcpy(buf, m->text + (m->at - ptn_buf_len(&m->prefix)), n);
	m->at += n;
	return (ptrdiff_t)n;
}

/* ---- What became of it. ---- */

static char *shown(const struct ptn_reply *reply)
{
	struct ptn_buf b = {0};
	char *text = NULL;

	if (reply && !ptn_reply_show(reply, &b))
		text = ptn_mem_copy(ptn_buf_data(&b), ptn_buf_len(&b));
	ptn_buf_free(&b);
	return text;
}

static void keep_reply(struct ptn_recipient *r, const struct ptn_reply *reply)
{
	static const int none[3];

	ptn_mem_free(r->text);
	r->text = shown(reply);
	r->code = reply ? reply->code : 0;
	ptn_facts_status(r->status, reply ? reply->status : none);
}

void ptn_mail_explain(struct postern_mail *m, const struct ptn_buf *cause,
		      const struct ptn_buf *advice)
{
	ptn_buf_clear(&m->error);
	ptn_buf_clear(&m->advice);
	if (ptn_buf_add(&m->error, ptn_buf_data(cause), ptn_buf_len(cause)) ||
	    ptn_buf_add(&m->advice, ptn_buf_data(advice), ptn_buf_len(advice))) {
		ptn_buf_clear(&m->error);
		ptn_buf_clear(&m->advice);
	}
}

void ptn_mail_recipient(struct postern_mail *m, size_t i, int outcome,
			const struct ptn_reply *reply)
{
	m->recipients[i].outcome = outcome;
	keep_reply(&m->recipients[i], reply);
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

void ptn_mail_finish(struct postern_mail *m, int outcome, int fault, const struct ptn_reply *reply)
{
	for (size_t i = 0; i < m->n; i++) {
		if (m->recipients[i].outcome != POSTERN_PENDING)
			continue;
		m->recipients[i].outcome = outcome;
		/* Without a reply the one to RCPT would look like the decision. */
		keep_reply(&m->recipients[i], reply);
	}
	m->outcome = sum_up(m, outcome);
	m->fault = fault;
	if (m->outcome == POSTERN_PARTIAL && !fault)
		m->fault = PTN_FAULT_RCPT_REFUSED;
	m->reply = shown(reply);
	if (outcome == POSTERN_ACCEPTED && m->reply) {
		size_t n = 0;
		const char *id = ptn_queueid_find(m->reply, &n);

		if (id)
			m->queue_id = ptn_mem_copy(id, n);
	}
	m->state = PTN_MAIL_DONE;
}
