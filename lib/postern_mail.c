/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The public functions of a mail: fill it in, read what became of it.
 */
#include <string.h>

#include "argument.h"
#include "base/address.h"
#include "base/mem.h"
#include "base/text.h"
#include "handle.h"
#include "idn.h"
#include "mail.h"
#include "url.h"

enum { WHY = 512 };

static int fail(postern_mail *m, int which, int code, const char *why)
{
	return ptn_sticky_set(&m->sticky, which, code, why);
}

static int no_memory(postern_mail *m, int which)
{
	return fail(m, which, POSTERN_E_NOMEM, postern_strerror(POSTERN_E_NOMEM));
}

/* Checks an address; *wire is what the envelope needs in its place, or NULL (see idn.h).  0, or the
 * error that now sticks. */
static int check_address(postern_mail *m, int which, const char *field, const char *address,
			 char **wire)
{
	char why[WHY];
	const char *rule = "";
	int err;

	if (address && ptn_address_is_plain(address))
		return 0;
	if (ptn_check_mailbox(field, address, why, sizeof(why)))
		return fail(m, which, POSTERN_E_ARG, why);
	err = ptn_idn_mailbox(wire, address, &rule);
	if (!err) {
		m->utf8 |= !*wire && ptn_text_has_8bit(address, strlen(address));
		return 0;
	}
	if (err == POSTERN_E_NOMEM)
		return no_memory(m, which);
	ptn_check_refuse(why, sizeof(why), "%s \"%s\" is not an address: %s", field,
			 ptn_check_shown(address, strlen(address)).text, rule);
	return fail(m, which, POSTERN_E_ARG, why);
}

postern_mail *postern_mail_new(const char *reverse_path)
{
	size_t n = reverse_path ? strlen(reverse_path) : 0;
	postern_mail *m = ptn_mem_alloc(sizeof(*m) + n + 1);

	if (!m)
		return NULL;
	m->completion = 1;
	m->reverse_path = (char *)(m + 1);
	if (n)
		memcpy(m->reverse_path, reverse_path, n);
	if (!reverse_path)
		fail(m, PTN_MAIL_SET_PATH, POSTERN_E_ARG,
		     "reverse-path: none was given; \"\" is the null one");
	else if (n)
		check_address(m, PTN_MAIL_SET_PATH, "reverse-path", reverse_path, &m->from);
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
		if (m->addresses[i] != m->recipients[i].address)
			ptn_mem_free((char *)m->addresses[i]);
		ptn_mem_free(m->recipients[i].address);
		ptn_said_drop(m->recipients[i].said);
	}
	if (m->recipients != &m->one)
		ptn_mem_free(m->recipients);
	if (m->addresses != &m->one_address)
		ptn_mem_free(m->addresses);
	ptn_mem_free(m->from);
	ptn_mem_free(m->message_id);
	ptn_mem_free(m->path);
	ptn_mail_close(m);
	ptn_mail_options_free(m->options);
	ptn_said_drop(m->reply);
	ptn_said_drop(m->receipt);
	ptn_buf_free(&m->prefix);
	ptn_buf_free(&m->head);
	ptn_buf_free(&m->error);
	ptn_buf_free(&m->advice);
	ptn_sticky_free(&m->sticky);
	ptn_mem_free(m);
}

/* ---- Filling in. ---- */

/* The first recipient has its room in the mail. */
static int make_room(postern_mail *m)
{
	size_t more = m->room ? 4 * m->room : 1;
	struct ptn_recipient *r = &m->one;
	const char **a = &m->one_address;

	if (m->n < m->room)
		return 0;
	if (m->room) {
		r = ptn_mem_alloc(more * sizeof(*r));
		a = ptn_mem_alloc(more * sizeof(*a));
	}
	if (!r || !a) {
		ptn_mem_free(r);
		ptn_mem_free(a);
		return POSTERN_E_NOMEM;
	}
	if (m->room) {
		memcpy(r, m->recipients, m->n * sizeof(*r));
		memcpy(a, m->addresses, m->n * sizeof(*a));
	}
	if (m->room > 1) {
		ptn_mem_free(m->recipients);
		ptn_mem_free(m->addresses);
	}
	m->recipients = r;
	m->addresses = a;
	m->room = more;
	return 0;
}

int postern_mail_add_recipient(postern_mail *m, const char *address)
{
	char *copy, *wire = NULL;
	int err;

	if (!m)
		return POSTERN_E_NOMEM;
	if (m->state != PTN_MAIL_NEW)
		return POSTERN_E_STATE;
	err = check_address(m, PTN_MAIL_SET_RECIPIENT, "recipient", address, &wire);
	if (err)
		return err;
	copy = make_room(m) ? NULL : ptn_mem_string(address);
	if (!copy) {
		ptn_mem_free(wire);
		return no_memory(m, PTN_MAIL_SET_RECIPIENT);
	}
	m->recipients[m->n] = (struct ptn_recipient){.address = copy};
	m->addresses[m->n] = wire ? wire : copy;
	m->n++;
	return 0; /* an error of another address stays: that one is still missing */
}

static int set_content(postern_mail *m, const char *text, size_t len,
		       ptrdiff_t (*read)(void *arg, char *buf, size_t cap), void *arg,
		       const char *path)
{
	char *copy = NULL;

	if (!m)
		return POSTERN_E_NOMEM;
	if (m->state != PTN_MAIL_NEW)
		return POSTERN_E_STATE;
	if (!text && !read && !path)
		return fail(m, PTN_MAIL_SET_CONTENT, POSTERN_E_ARG, "content: none was given");
	if (path && !*path)
		return fail(m, PTN_MAIL_SET_CONTENT, POSTERN_E_ARG,
			    "content: the name of the file is empty");
	if (path) {
		copy = ptn_mem_string(path);
		if (!copy)
			return no_memory(m, PTN_MAIL_SET_CONTENT);
	}
	ptn_mem_free(m->path);
	m->path = copy;
	m->text = text;
	m->len = len;
	m->read = read;
	m->arg = arg;
	return ptn_sticky_set(&m->sticky, PTN_MAIL_SET_CONTENT, 0, NULL);
}

int postern_mail_set_text(postern_mail *m, const char *message, size_t len)
{
	return set_content(m, message, len, NULL, NULL, NULL);
}

int postern_mail_set_reader(postern_mail *m, ptrdiff_t (*read)(void *arg, char *buf, size_t cap),
			    void *arg)
{
	return set_content(m, NULL, 0, read, arg, NULL);
}

int postern_mail_set_file(postern_mail *m, const char *path)
{
	return set_content(m, NULL, 0, NULL, NULL, path);
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

int postern_mail_set_binary(postern_mail *m, int on)
{
	if (!m)
		return POSTERN_E_NOMEM;
	if (m->state != PTN_MAIL_NEW)
		return POSTERN_E_STATE;
	m->binary = on != 0;
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
		ptn_said_drop(m->recipients[i].said);
		m->recipients[i] = (struct ptn_recipient){.address = m->recipients[i].address};
	}
	ptn_said_drop(m->reply);
	ptn_said_drop(m->receipt);
	m->reply = m->receipt = NULL;
	ptn_mail_close(m);
	ptn_mem_free(m->path);
	m->path = NULL;
	m->detail = NULL;
	m->text = NULL;
	m->read = NULL;
	m->len = m->at = m->first = 0;
	m->waiting = m->resumed = m->peeked = m->ended = 0;
	m->outcome = m->fault = 0;
	m->state = PTN_MAIL_NEW;
	ptn_buf_clear(&m->prefix);
	ptn_buf_clear(&m->head);
	m->made = 0;
	m->made_octets = 0;
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

	return r ? ptn_said_text(r->said) : "";
}

const char *postern_mail_queue_id(const postern_mail *m)
{
	return m ? ptn_said_queue_id(m->receipt) : "";
}

const char *postern_mail_reply(const postern_mail *m)
{
	return m ? ptn_said_text(m->reply) : "";
}

const char *postern_mail_message_id(const postern_mail *m)
{
	return m && m->message_id ? m->message_id : "";
}
