/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The public functions of a mail: fill it in, read what became of it.
 */
#include <string.h>

#include "base/mem.h"
#include "handle.h"
#include "mail.h"
#include "url.h"

enum { WHY = 512 };
enum { SET_PATH, SET_RECIPIENT, SET_CONTENT };

static int fail(postern_mail *m, int which, int code, const char *why)
{
	return ptn_sticky_set(&m->sticky, which, code, why);
}

static int no_memory(postern_mail *m, int which)
{
	return fail(m, which, POSTERN_E_NOMEM, postern_strerror(POSTERN_E_NOMEM));
}

postern_mail *postern_mail_new(const char *reverse_path)
{
	postern_mail *m = ptn_mem_alloc(sizeof(*m));
	char why[WHY];

	if (!m)
		return NULL;
	m->completion = 1;
	m->reverse_path = ptn_mem_string(reverse_path ? reverse_path : "");
	if (!m->reverse_path) {
		ptn_mem_free(m);
		return NULL;
	}
	if (!reverse_path)
		fail(m, SET_PATH, POSTERN_E_ARG,
		     "reverse-path: none was given; \"\" is the null one");
	else if (*reverse_path && ptn_check_mailbox("reverse-path", reverse_path, why, sizeof(why)))
		fail(m, SET_PATH, POSTERN_E_ARG, why);
	return m;
}

/* Off every queue.  In a child after fork the parent's connections are let go of first. */
static void take_back(postern_mail *m)
{
	if (m->drive && m->drive->handle)
		ptn_handle_check_fork(m->drive->handle);
	if (m->drive)
		ptn_drive_withdraw(m->drive, m);
}

void postern_mail_free(postern_mail *m)
{
	if (!m)
		return;
	take_back(m);
	for (size_t i = 0; i < m->n; i++) {
		ptn_mem_free(m->recipients[i].address);
		ptn_mem_free(m->recipients[i].text);
	}
	ptn_mem_free(m->recipients);
	ptn_mem_free(m->addresses);
	ptn_mem_free(m->reverse_path);
	ptn_mem_free(m->date);
	ptn_mem_free(m->message_id);
	ptn_mem_free(m->queue_id);
	ptn_mem_free(m->reply);
	ptn_buf_free(&m->prefix);
	ptn_buf_free(&m->head);
	ptn_buf_free(&m->error);
	ptn_buf_free(&m->advice);
	ptn_sticky_free(&m->sticky);
	ptn_mem_free(m);
}

/* ---- Filling in. ---- */

static int make_room(postern_mail *m)
{
	size_t more = m->room ? 2 * m->room : 4;
	struct ptn_recipient *r;
	const char **a;

	if (m->n < m->room)
		return 0;
	r = ptn_mem_grow(m->recipients, m->n * sizeof(*r), more * sizeof(*r));
	if (!r)
		return POSTERN_E_NOMEM;
	m->recipients = r;
	a = ptn_mem_grow(m->addresses, m->n * sizeof(*a), more * sizeof(*a));
	if (!a)
		return POSTERN_E_NOMEM;
	m->addresses = a;
	m->room = more;
	return 0;
}

int postern_mail_add_recipient(postern_mail *m, const char *address)
{
	char why[WHY], *copy;

	if (!m)
		return POSTERN_E_NOMEM;
	if (m->state != PTN_MAIL_NEW)
		return POSTERN_E_STATE;
	if (ptn_check_mailbox("recipient", address, why, sizeof(why)))
		return fail(m, SET_RECIPIENT, POSTERN_E_ARG, why);
	if (make_room(m))
		return no_memory(m, SET_RECIPIENT);
	copy = ptn_mem_string(address);
	if (!copy)
		return no_memory(m, SET_RECIPIENT);
	m->recipients[m->n] = (struct ptn_recipient){.address = copy};
	m->addresses[m->n] = copy;
	m->n++;
	return 0; /* an error of another address stays: that one is still missing */
}

static int set_content(postern_mail *m, const char *text, size_t len,
		       ptrdiff_t (*read)(void *arg, char *buf, size_t cap), void *arg)
{
	if (m->state != PTN_MAIL_NEW)
		return POSTERN_E_STATE;
	if (!text && !read)
		return fail(m, SET_CONTENT, POSTERN_E_ARG, "content: none was given");
	m->text = text;
	m->len = len;
	m->read = read;
	m->arg = arg;
	return ptn_sticky_set(&m->sticky, SET_CONTENT, 0, NULL);
}

int postern_mail_set_text(postern_mail *m, const char *message, size_t len)
{
	return m ? set_content(m, message, len, NULL, NULL) : POSTERN_E_NOMEM;
}

int postern_mail_set_reader(postern_mail *m, ptrdiff_t (*read)(void *arg, char *buf, size_t cap),
			    void *arg)
{
	return m ? set_content(m, NULL, 0, read, arg) : POSTERN_E_NOMEM;
}

int postern_mail_resume(postern_mail *m)
{
	if (!m)
		return POSTERN_E_NOMEM;
	m->resumed = m->waiting;
	m->waiting = 0;
	return 0;
}

int postern_mail_set_completion(postern_mail *m, int on)
{
	if (!m)
		return POSTERN_E_NOMEM;
	if (m->state != PTN_MAIL_NEW)
		return POSTERN_E_STATE;
	m->completion = on != 0;
	return 0;
}

void postern_mail_set_user(postern_mail *m, void *user)
{
	if (m)
		m->user = user;
}

void *postern_mail_get_user(const postern_mail *m)
{
	return m ? m->user : NULL;
}

int postern_mail_reset(postern_mail *m)
{
	if (!m)
		return POSTERN_E_NOMEM;
	if (m->state == PTN_MAIL_QUEUED || m->state == PTN_MAIL_ACTIVE)
		return POSTERN_E_STATE;
	take_back(m);
	for (size_t i = 0; i < m->n; i++) {
		ptn_mem_free(m->recipients[i].text);
		m->recipients[i] = (struct ptn_recipient){.address = m->recipients[i].address};
	}
	ptn_mem_free(m->queue_id);
	ptn_mem_free(m->reply);
	m->queue_id = m->reply = NULL;
	m->text = NULL;
	m->read = NULL;
	m->len = m->at = 0;
	m->waiting = m->resumed = m->peeked = m->ended = 0;
	m->outcome = m->fault = 0;
	m->state = PTN_MAIL_NEW;
	ptn_buf_clear(&m->prefix);
	ptn_buf_clear(&m->head);
	m->made = 0;
	ptn_buf_clear(&m->error);
	ptn_buf_clear(&m->advice);
	return 0;
}

/* ---- What became of it. ---- */

int postern_mail_outcome(const postern_mail *m)
{
	return m ? m->outcome : 0;
}

int postern_mail_code(const postern_mail *m)
{
	return m ? ptn_fault_code(m->fault) : POSTERN_E_NOMEM;
}

const char *postern_mail_error_id(const postern_mail *m)
{
	return m ? ptn_fault_id(m->fault) : "";
}

const char *postern_mail_error(const postern_mail *m)
{
	const char *why;

	if (!m)
		return postern_strerror(POSTERN_E_NOMEM);
	if (m->state == PTN_MAIL_NEW && ptn_sticky_first(&m->sticky, &why))
		return why;
	if (m->fault && !ptn_buf_len(&m->error))
		return postern_strerror(ptn_fault_code(m->fault));
	return ptn_buf_data(&m->error);
}

const char *postern_mail_advice(const postern_mail *m)
{
	return m ? ptn_buf_data(&m->advice) : "";
}

size_t postern_mail_recipients(const postern_mail *m)
{
	return m ? m->n : 0;
}

static const struct ptn_recipient *recipient(const postern_mail *m, size_t i)
{
	return m && i < m->n ? &m->recipients[i] : NULL;
}

const char *postern_mail_recipient(const postern_mail *m, size_t i)
{
	const struct ptn_recipient *r = recipient(m, i);

	return r ? r->address : "";
}

int postern_mail_recipient_outcome(const postern_mail *m, size_t i)
{
	const struct ptn_recipient *r = recipient(m, i);

	return r ? r->outcome : 0;
}

int postern_mail_recipient_code(const postern_mail *m, size_t i)
{
	const struct ptn_recipient *r = recipient(m, i);

	return r ? r->code : 0;
}

const char *postern_mail_recipient_status(const postern_mail *m, size_t i)
{
	const struct ptn_recipient *r = recipient(m, i);

	return r ? r->status : "";
}

const char *postern_mail_recipient_text(const postern_mail *m, size_t i)
{
	const struct ptn_recipient *r = recipient(m, i);

	return r && r->text ? r->text : "";
}

const char *postern_mail_queue_id(const postern_mail *m)
{
	return m && m->queue_id ? m->queue_id : "";
}

const char *postern_mail_reply(const postern_mail *m)
{
	return m && m->reply ? m->reply : "";
}

const char *postern_mail_message_id(const postern_mail *m)
{
	return m && m->message_id ? m->message_id : "";
}
