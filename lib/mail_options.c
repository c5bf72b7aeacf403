/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What few mails ask for, each with its own extension: notifications, TLS on all of the way, times,
 * priority, submitter.
 */
#include <string.h>

#include "argument.h"
#include "base/mem.h"
#include "base/text.h"
#include "idn.h"
#include "mail.h"
#include "smtp/command.h"
#include "url.h"

enum {
	WHY = 512,
	ORIGINAL_MOST = 500, /* RFC 3461 4.2, encoded */
	TYPE_MOST = 32,
	BY_MOST = 999999999, /* RFC 2852 4 */
	HOLD_MOST = 999999999 /* RFC 4865 4 */
};

static int refuse(postern_mail *m, int which, const char *why)
{
	return ptn_sticky_set(&m->sticky, which, POSTERN_E_ARG, why);
}

static int no_memory(postern_mail *m, int which)
{
	return ptn_sticky_set(&m->sticky, which, POSTERN_E_NOMEM,
			      postern_strerror(POSTERN_E_NOMEM));
}

static int good(postern_mail *m, int which)
{
	return ptn_sticky_set(&m->sticky, which, 0, NULL);
}

/* Whether m can be given options now, and room for them. */
static int open_options(postern_mail *m, int which)
{
	if (!m)
		return POSTERN_E_NOMEM;
	if (m->state != PTN_MAIL_NEW)
		return POSTERN_E_STATE;
	if (!m->options)
		m->options = ptn_mem_alloc(sizeof(*m->options));
	return m->options ? 0 : no_memory(m, which);
}

/* *setting becomes a copy of value, or NULL. */
static int replace(postern_mail *m, int which, char **setting, const char *value)
{
	char *copy = ptn_mem_string(value);

	if (value && !copy)
		return no_memory(m, which);
	ptn_mem_free(*setting);
	*setting = copy;
	return good(m, which);
}

void ptn_mail_options_free(struct ptn_mail_options *o)
{
	if (!o)
		return;
	for (size_t i = 0; i < o->n_asked; i++)
		ptn_mem_free((char *)o->asked[i].orcpt);
	ptn_mem_free(o->asked);
	ptn_mem_free(o->envid);
	ptn_mem_free(o->auth);
	ptn_mem_free(o->hold_until);
	ptn_mem_free(o);
}

/* Room in the list for n recipients; those that asked for nothing are zeroed. */
static int make_room(struct ptn_mail_options *o, size_t n)
{
	struct ptn_smtp_asked *list;

	if (n <= o->n_asked)
		return 0;
	list = ptn_mem_grow(o->asked, o->n_asked * sizeof(*list), n * sizeof(*list));
	if (!list)
		return POSTERN_E_NOMEM;
	o->asked = list;
	o->n_asked = n;
	return 0;
}

int ptn_mail_options_apply(struct postern_mail *m)
{
	struct ptn_mail_options *o = m->options;

	o->extras.envid = o->envid;
	o->extras.auth = o->auth;
	o->extras.hold_until = o->hold_until;
	m->envelope.extras = &o->extras;
	/* Recipients may have been added since. */
	if (o->asked && make_room(o, m->n))
		return POSTERN_E_NOMEM;
	m->envelope.asked = o->asked;
	return 0;
}

/* ---- Notifications (RFC 3461). ---- */

static int is_printable(const char *s)
{
	for (; *s; s++)
		if ((unsigned char)*s < ' ' || (unsigned char)*s > '~')
			return 0;
	return 1;
}

int postern_mail_set_return(postern_mail *m, const char *ret, const char *envid)
{
	int err = open_options(m, PTN_MAIL_SET_RETURN), what = 0;

	if (err)
		return err;
	if (ret && ptn_text_equal(ret, "FULL"))
		what = 'F';
	else if (ret && ptn_text_equal(ret, "HDRS"))
		what = 'H';
	else if (ret)
		return refuse(m, PTN_MAIL_SET_RETURN, "return: it is FULL or HDRS (RFC 3461 4.3)");
	if (envid && !ptn_command_takes_extras(&(struct ptn_smtp_extras){.envid = envid}))
		return refuse(m, PTN_MAIL_SET_RETURN,
			      "envid: it has 1 to 100 printable ASCII characters (RFC 3461 4.4)");
	err = replace(m, PTN_MAIL_SET_RETURN, &m->options->envid, envid);
	if (!err)
		m->options->extras.ret = what;
	return err;
}

/* The length of the address type that an original recipient begins with, with its ';'; 0 without
 * one. */
static size_t type_length(const char *s)
{
	size_t n = 0;

	while (ptn_text_is_alpha((unsigned char)s[n]) || ptn_text_is_digit((unsigned char)s[n]) ||
	       s[n] == '-')
		n++;
	return n && n <= TYPE_MOST && s[n] == ';' ? n + 1 : 0;
}

/* Octets as xtext (RFC 3461 4): '+', '=' and what is not graphic take three. */
static size_t encoded_length(const char *s)
{
	size_t n = 0;

	for (; *s; s++)
		n += *s == '+' || *s == '=' || *s <= ' ' ? 3 : 1;
	return n;
}

/* "rfc822;" is put in front of a mere mailbox.  NULL: refused or no memory, and the error stands.
 */
static char *make_original(postern_mail *m, const char *original)
{
	static const char type[] = "rfc822;";
	char why[WHY], *copy;
	size_t n = type_length(original);

	if (!is_printable(original) || !original[n] ||
	    encoded_length(original) > ORIGINAL_MOST - sizeof(type)) {
		refuse(m, PTN_MAIL_SET_NOTIFY,
		       "original: it is a mailbox or TYPE;ADDRESS of up to 500 printable ASCII "
		       "characters (RFC 3461 4.2)");
		return NULL;
	}
	if (!n && ptn_check_mailbox("original", original, why, sizeof(why))) {
		refuse(m, PTN_MAIL_SET_NOTIFY, why);
		return NULL;
	}
	copy = ptn_mem_alloc(sizeof(type) + strlen(original));
	if (!copy) {
		no_memory(m, PTN_MAIL_SET_NOTIFY);
		return NULL;
	}
	if (!n)
		memcpy(copy, type, sizeof(type) - 1);
	memcpy(copy + strlen(copy), original, strlen(original));
	return copy;
}

int postern_mail_set_notify(postern_mail *m, size_t i, int notify, const char *original)
{
	enum {
		ALL = POSTERN_NOTIFY_NEVER | POSTERN_NOTIFY_SUCCESS | POSTERN_NOTIFY_FAILURE |
		      POSTERN_NOTIFY_DELAY
	};
	int err = open_options(m, PTN_MAIL_SET_NOTIFY);
	char *copy = NULL;

	if (err)
		return err;
	if (i >= m->n)
		return refuse(m, PTN_MAIL_SET_NOTIFY, "notify: there is no such recipient");
	if (notify & ~ALL || (notify & POSTERN_NOTIFY_NEVER && notify != POSTERN_NOTIFY_NEVER))
		return refuse(
			m, PTN_MAIL_SET_NOTIFY,
			"notify: it is NEVER alone, or SUCCESS, FAILURE and DELAY together as "
			"wanted (RFC 3461 4.1)");
	if (original) {
		copy = make_original(m, original);
		if (!copy)
			return m->sticky.at[PTN_MAIL_SET_NOTIFY].code;
	}
	if (make_room(m->options, m->n)) {
		ptn_mem_free(copy);
		return no_memory(m, PTN_MAIL_SET_NOTIFY);
	}
	ptn_mem_free((char *)m->options->asked[i].orcpt);
	m->options->asked[i] = (struct ptn_smtp_asked){.notify = (unsigned)notify, .orcpt = copy};
	return good(m, PTN_MAIL_SET_NOTIFY);
}

/* ---- The way of it. ---- */

int postern_mail_require_tls(postern_mail *m, int on)
{
	int err = open_options(m, PTN_MAIL_SET_TLS);

	if (err)
		return err;
	m->options->extras.requiretls = on != 0;
	return good(m, PTN_MAIL_SET_TLS);
}

int postern_mail_set_deliver_by(postern_mail *m, long seconds, int mode, int trace)
{
	int err = open_options(m, PTN_MAIL_SET_DELIVER_BY);

	if (err)
		return err;
	if (mode != 'R' && mode != 'N')
		return refuse(m, PTN_MAIL_SET_DELIVER_BY,
			      "deliver-by: the mode is 'R' or 'N' (RFC 2852 4)");
	if (seconds > BY_MOST || seconds < -BY_MOST)
		return refuse(m, PTN_MAIL_SET_DELIVER_BY,
			      "deliver-by: it is at most 999999999 seconds (RFC 2852 4)");
	if (mode == 'R' && seconds < 0)
		return refuse(m, PTN_MAIL_SET_DELIVER_BY,
			      "deliver-by: mode 'R' needs at least one second (RFC 2852 4)");
	m->options->extras.by = mode == 'R' && !seconds ? 0 : mode;
	m->options->extras.by_seconds = seconds;
	m->options->extras.by_trace = trace != 0;
	return good(m, PTN_MAIL_SET_DELIVER_BY);
}

/* ---- When. ---- */

static int digits(const char *s, int n)
{
	int v = 0;

	for (; n--; s++)
		v = v * 10 + (*s - '0');
	return v;
}

static int days_of(int year, int month)
{
	static const char days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int leap = year % 4 == 0 && (year % 100 || year % 400 == 0);

	return days[month - 1] + (month == 2 && leap);
}

/* "2026-12-24T18:00:00Z" (RFC 3339 5.6, as RFC 4865 4 wants it). */
static int is_time(const char *s)
{
	enum { MOMENT = 19 };
	int month, day;

	if (strlen(s) != MOMENT + 1 || !ptn_text_is_moment(s, MOMENT) || s[MOMENT] != 'Z')
		return 0;
	month = digits(s + 5, 2);
	day = digits(s + 8, 2);
	return month >= 1 && month <= 12 && day >= 1 && day <= days_of(digits(s, 4), month) &&
	       digits(s + 11, 2) < 24 && digits(s + 14, 2) < 60 && digits(s + 17, 2) <= 60;
}

int postern_mail_set_hold(postern_mail *m, unsigned long seconds, const char *until)
{
	int err = open_options(m, PTN_MAIL_SET_HOLD);

	if (err)
		return err;
	if (seconds && until)
		return refuse(m, PTN_MAIL_SET_HOLD,
			      "hold: seconds or a time, not both (RFC 4865 4)");
	if (seconds > HOLD_MOST)
		return refuse(m, PTN_MAIL_SET_HOLD,
			      "hold: it is at most 999999999 seconds (RFC 4865 4)");
	if (until && !is_time(until))
		return refuse(m, PTN_MAIL_SET_HOLD,
			      "hold: a time is written 2026-12-24T18:00:00Z, in UTC (RFC 3339)");
	err = replace(m, PTN_MAIL_SET_HOLD, &m->options->hold_until, until);
	if (!err)
		m->options->extras.hold_for = seconds;
	return err;
}

int postern_mail_set_priority(postern_mail *m, int priority)
{
	int err = open_options(m, PTN_MAIL_SET_PRIORITY), is_set = priority != POSTERN_NO_PRIORITY;

	if (err)
		return err;
	if (is_set && (priority < -9 || priority > 9))
		return refuse(m, PTN_MAIL_SET_PRIORITY, "priority: it is -9 to 9 (RFC 6710 5)");
	m->options->extras.has_priority = is_set;
	m->options->extras.priority = is_set ? priority : 0;
	return good(m, PTN_MAIL_SET_PRIORITY);
}

/* ---- Who. ---- */

int postern_mail_set_submitter(postern_mail *m, const char *mailbox)
{
	int err = open_options(m, PTN_MAIL_SET_SUBMITTER);
	char why[WHY], *wire = NULL;
	const char *rule = "";

	if (err)
		return err;
	if (mailbox && *mailbox && ptn_check_mailbox("submitter", mailbox, why, sizeof(why)))
		return refuse(m, PTN_MAIL_SET_SUBMITTER, why);
	err = mailbox && *mailbox ? ptn_idn_mailbox(&wire, mailbox, &rule) : 0;
	if (err == POSTERN_E_NOMEM)
		return no_memory(m, PTN_MAIL_SET_SUBMITTER);
	if (!err && !wire && mailbox && ptn_text_has_8bit(mailbox, strlen(mailbox))) {
		rule = "its local part is beyond ASCII, which AUTH= cannot carry (RFC 4954 5)";
		err = POSTERN_E_ARG;
	}
	if (err) {
		ptn_check_refuse(why, sizeof(why), "submitter \"%s\" is refused: %s",
				 ptn_check_shown(mailbox, strlen(mailbox)).text, rule);
		return refuse(m, PTN_MAIL_SET_SUBMITTER, why);
	}
	err = replace(m, PTN_MAIL_SET_SUBMITTER, &m->options->auth, wire ? wire : mailbox);
	ptn_mem_free(wire);
	return err;
}
