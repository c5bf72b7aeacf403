/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A mail's content on its way to a session: looked at, completed, and given in pieces.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "content_file.h"
#include "header.h"
#include "mail.h"
#include "smtp/content.h"

enum { HEADER_MOST = 64 * 1024, STEP = 4096, BLOCK = 16 * 1024 };

int ptn_mail_in_memory(const struct postern_mail *m)
{
	return !m->read && !m->path;
}

int ptn_mail_read_once(const struct postern_mail *m)
{
	return m->read || (m->file && !ptn_file_is_regular(m->file));
}

void ptn_mail_close(struct postern_mail *m)
{
	ptn_file_close(m->file);
	m->file = NULL;
}

/* ---- Where it comes from. ---- */

/* Octets of a reader or file, unchanged: a count, 0 at the end, POSTERN_LATER, or negative. */
static ptrdiff_t get(struct postern_mail *m, char *buf, size_t cap)
{
	ptrdiff_t n =
		m->read ? m->read(m->arg, buf, cap) : ptn_file_read(m->file, buf, cap, &m->detail);

	m->waiting = n == POSTERN_LATER;
	m->ended = !n;
	return n > 0 && (size_t)n > cap ? -1 : n;
}

static int fault_of_reading(const struct postern_mail *m)
{
	return m->read ? PTN_FAULT_CONTENT_READER : PTN_FAULT_CONTENT_FILE;
}

/* ---- What the header lacks. ---- */

/* A field that was made once is the same in every later try. */
static int put_date(struct postern_mail *m, long long seconds)
{
	struct ptn_buf *b = &m->prefix;
	size_t at;
	int err = ptn_buf_puts(b, "Date: ");

	at = ptn_buf_len(b);
	if (!err && *m->date)
		err = ptn_buf_puts(b, m->date);
	else if (!err)
		err = ptn_header_date(b, seconds);
	if (!err && !*m->date)
		memcpy(m->date, ptn_buf_data(b) + at, sizeof(m->date) - 1);
	m->made++;
	return err ? err : ptn_buf_puts(b, "\r\n");
}

static int put_message_id(struct postern_mail *m, const char *host)
{
	struct ptn_buf *b = &m->prefix;
	size_t at;
	int err = ptn_buf_puts(b, "Message-ID: ");

	at = ptn_buf_len(b);
	if (!err && m->message_id)
		err = ptn_buf_puts(b, m->message_id);
	else if (!err)
		err = ptn_header_message_id(b, m->from ? m->from : m->reverse_path, host);
	if (!err && !m->message_id) {
		m->message_id = ptn_mem_copy(ptn_buf_data(b) + at, ptn_buf_len(b) - at);
		err = m->message_id ? 0 : POSTERN_E_NOMEM;
	}
	m->made++;
	return err ? err : ptn_buf_puts(b, "\r\n");
}

/* What is told of the Message-ID is what the content says, if it can be read. */
static int keep_own_id(struct postern_mail *m, const struct ptn_header *h)
{
	ptn_mem_free(m->message_id);
	m->message_id = h->message_id ? ptn_mem_copy(h->message_id, h->message_id_len) : NULL;
	return h->message_id && !m->message_id ? POSTERN_E_NOMEM : 0;
}

/* What the message lacks goes in front of it: made once per mail, the same in every later try. */
static int complete(struct postern_mail *m, const char *start, size_t n, const char *host,
		    long long seconds)
{
	struct ptn_header h;
	int err = 0;

	m->made = 0;
	ptn_header_read(&h, start, n);
	if (h.has_message_id || !m->completion || !h.is_header)
		err = keep_own_id(m, &h);
	if (!err && m->completion && h.is_header && !h.has_date)
		err = put_date(m, seconds);
	if (!err && m->completion && h.is_header && !h.has_message_id)
		err = put_message_id(m, host);
	m->made_octets = ptn_buf_len(&m->prefix);
	return err;
}

/* ---- Looking at it. ---- */

/* The length of the header section: up to the empty line, or all of it. */
static size_t header_length(const char *p, size_t n)
{
	const char *at = p, *end = p + n;

	while (at < end && *at != '\n' && !(*at == '\r' && at + 1 < end && at[1] == '\n')) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		at = lf ? lf + 1 : end;
	}
	return (size_t)(at - p);
}

/* A header with UTF-8 in it (RFC 6532) is for servers with SMTPUTF8 (RFC 6531 3.2).  Other octets
 * over 127 there are against every standard, and left as they are. */
static void look_at_header(struct postern_mail *m, const char *p, size_t n)
{
	size_t header = header_length(p, n);

	if (ptn_text_has_8bit(p, header) && ptn_text_is_utf8(p, header))
		m->envelope.utf8 = 1;
}

static void keep_scan(struct postern_mail *m, const struct ptn_content *c)
{
	m->envelope.size = c->size;
	m->envelope.eightbit = c->eightbit;
}

static int check_text(struct postern_mail *m, unsigned long long *line)
{
	struct ptn_content c = {0};
	int err = ptn_content_write(&c, NULL, m->text, m->len);

	if (!err)
		err = ptn_content_end(&c, NULL);
	*line = c.line + 1;
	keep_scan(m, &c);
	m->envelope.clean = c.clean;
	if (c.eightbit)
		look_at_header(m, m->text, m->len);
	return err ? c.fault : 0;
}

/* All of a file is read once to know its size, and what it holds. */
static int scan_file(struct postern_mail *m, unsigned long long *line)
{
	struct ptn_content c = {0};
	unsigned long long octets = 0;
	char buf[BLOCK];
	ptrdiff_t n = 0;
	int err = 0;

	while (!err && (n = get(m, buf, sizeof(buf))) > 0) {
		octets += (unsigned long long)n;
		err = ptn_content_write(&c, NULL, buf, (size_t)n);
	}
	if (!err && !n)
		err = ptn_content_end(&c, NULL);
	*line = c.line + 1;
	if (n < 0 || err)
		return n < 0 ? PTN_FAULT_CONTENT_FILE : c.fault;
	keep_scan(m, &c);
	return octets == ptn_file_size(m->file) && !ptn_file_seek(m->file, 0)
		       ? 0
		       : PTN_FAULT_CONTENT_CHANGED;
}

/* Enough of a reader's content to see its header section. */
static int peek(struct postern_mail *m, struct ptn_buf *head)
{
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
		got = get(m, room, STEP);
		if (got == POSTERN_LATER)
			return 1;
		if (got < 0)
			return POSTERN_E_CONTENT;
		ptn_buf_filled(head, (size_t)got);
	}
	return 0;
}

/* ---- Before it is sent. ---- */

static int fault_of(const struct postern_mail *m, int err)
{
	return err == POSTERN_E_NOMEM     ? PTN_FAULT_NO_MEMORY
	       : err == POSTERN_E_CONTENT ? fault_of_reading(m)
	       : err                      ? PTN_FAULT_SYSTEM
					  : PTN_FAULT_NONE;
}

/* The header is read before the mail begins: what it lacks goes in front of it. */
static int prepare_head(struct postern_mail *m, const char *host, long long seconds)
{
	int err = peek(m, &m->head);

	if (err == 1)
		return PTN_MAIL_LATER;
	m->peeked = 1;
	if (!err)
		err = complete(m, ptn_buf_data(&m->head), ptn_buf_len(&m->head), host, seconds);
	if (!err)
		err = ptn_buf_add(&m->prefix, ptn_buf_data(&m->head), ptn_buf_len(&m->head));
	look_at_header(m, ptn_buf_data(&m->head), ptn_buf_len(&m->head));
	ptn_buf_free(&m->head);
	return fault_of(m, err);
}

static int prepare_reader(struct postern_mail *m, const char *host, long long seconds)
{
	m->envelope.sized = 0;
	m->envelope.eightbit = 1; /* it may be: BODY=8BITMIME is right for 7-bit content too */
	if (m->peeked || !m->completion)
		return 0;
	return prepare_head(m, host, seconds);
}

static int prepare_file(struct postern_mail *m, const char *host, long long seconds,
			unsigned long long *line)
{
	int fault = 0;

	if (m->file && m->peeked)
		return 0;
	if (!m->file)
		m->file = ptn_file_open(m->path, &fault, &m->detail);
	if (!m->file)
		return fault;
	if (!ptn_file_is_regular(m->file))
		return prepare_reader(m, host, seconds);
	if (!m->binary)
		fault = scan_file(m, line);
	m->ended = 0;
	if (!fault)
		fault = prepare_head(m, host, seconds);
	m->envelope.sized = 1;
	if (m->binary)
		m->envelope.size = ptn_file_size(m->file);
	m->envelope.size += m->made_octets;
	return fault;
}

static int prepare_text(struct postern_mail *m, const char *host, long long seconds,
			unsigned long long *line)
{
	int err, fault = 0;

	ptn_buf_clear(&m->prefix);
	err = complete(m, m->text, m->len, host, seconds);
	if (err)
		return fault_of(m, err);
	m->envelope.text[0] = ptn_buf_data(&m->prefix);
	m->envelope.text_len[0] = ptn_buf_len(&m->prefix);
	m->envelope.text[1] = m->text;
	m->envelope.text_len[1] = m->len;
	m->envelope.sized = 1;
	m->envelope.size = m->len;
	if (m->binary)
		look_at_header(m, m->text, m->len);
	else
		fault = check_text(m, line);
	m->envelope.size += m->made_octets;
	return fault;
}

int ptn_mail_prepare(struct postern_mail *m, const char *host, long long seconds,
		     unsigned long long *line)
{
	*line = 0;
	if (!m->peeked)
		m->envelope = (struct ptn_smtp_envelope){.reverse_path = m->from ? m->from
										 : m->reverse_path,
							 .recipients = m->addresses,
							 .n = m->n,
							 .utf8 = m->utf8,
							 .binary = m->binary};
	if (m->options && ptn_mail_options_apply(m))
		return PTN_FAULT_NO_MEMORY;
	if (m->read)
		return prepare_reader(m, host, seconds);
	if (m->path)
		return prepare_file(m, host, seconds, line);
	return m->text ? prepare_text(m, host, seconds, line) : PTN_FAULT_CONTENT_MISSING;
}

int ptn_mail_again(struct postern_mail *m)
{
	m->at = 0;
	if (ptn_mail_in_memory(m))
		return 0;
	m->ended = 0;
	return ptn_file_seek(m->file, ptn_buf_len(&m->prefix) - m->made_octets)
		       ? PTN_FAULT_CONTENT_FILE
		       : 0;
}

/* ---- While it is sent. ---- */

/* The end of a file counts only if it is where it was when it was looked at. */
static int changed(const struct postern_mail *m)
{
	return m->file && ptn_file_is_regular(m->file) &&
	       (m->at - m->made_octets != ptn_file_size(m->file) || ptn_file_changed(m->file));
}

static ptrdiff_t read_on(struct postern_mail *m, char *buf, size_t cap, int *fault)
{
	ptrdiff_t n = m->ended ? 0 : get(m, buf, cap);

	if (n > 0)
		m->at += (size_t)n;
	if (n < 0 && n != POSTERN_LATER)
		*fault = fault_of_reading(m);
	if (n || !changed(m))
		return n;
	*fault = PTN_FAULT_CONTENT_CHANGED;
	return -1;
}

ptrdiff_t ptn_mail_read(struct postern_mail *m, char *buf, size_t cap, int *fault)
{
	size_t n = ptn_buf_len(&m->prefix);

	if (m->at >= n)
		return read_on(m, buf, cap, fault);
	n -= m->at;
	n = n < cap ? n : cap;
	memcpy(buf, ptn_buf_data(&m->prefix) + m->at, n);
	m->at += n;
	return (ptrdiff_t)n;
}
