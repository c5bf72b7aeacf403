/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One connection's conversation, without the connection: octets in, octets out, and what is wanted
 * next.  No socket, no TLS, no SASL, no clock, no callback.  The state is the queue of commands sent
 * and not yet answered: replies are matched by counting (RFC 2920 3.1).
 */
#ifndef PTN_SMTP_SESSION_H
#define PTN_SMTP_SESSION_H

#include <stddef.h>

#include "base/buf.h"
#include "base/fault.h"

struct ptn_smtp;
struct ptn_reply;
struct ptn_capability;

enum ptn_smtp_security {
	PTN_SMTP_STARTTLS,      /* required */
	PTN_SMTP_OPPORTUNISTIC, /* used if offered; only ever by the caller's own word */
	PTN_SMTP_IMPLICIT,      /* TLS is up before the first octet */
	PTN_SMTP_CLEAR          /* none; only ever by the caller's own word */
};

struct ptn_smtp_policy { /* borrowed for the life of the session */
	int security;       /* enum ptn_smtp_security */
	int auth;           /* credentials are set: nothing is sent without a successful AUTH */
	const char *name;   /* for EHLO; checked again when it is sent */
	const char *secret; /* masked wherever a server's text repeats it; NULL if none */
	int trace;          /* keep lines for ptn_smtp_trace() */
	struct ptn_smtp_heard *heard; /* keep these texts; NULL: nobody asks */
	unsigned without;       /* PTN_CAP_*: never used, though offered: the caller knows better */
	unsigned window_mails;  /* begun and not answered, at most; 0 and 1: each waits for the last */
	size_t window_octets;   /* of those, handed over and not answered; one mail may always go */
	int window_data;        /* a window with DATA too: some servers forget what follows the dot */
};
enum { PTN_WINDOW_MOST = 64 }; /* mails; more are taken for this many */

struct ptn_smtp_heard { /* as they came: every line without its code, ended by LF */
	struct ptn_buf greeting, clear, secured; /* the replies to EHLO without and with TLS */
};

struct ptn_smtp *ptn_smtp_new(const struct ptn_smtp_policy *policy); /* NULL: out of memory */
void ptn_smtp_free(struct ptn_smtp *s);

/* The server's octets.  Gives how many were taken: it stops after a reply that has made an event,
 * so take the event, then feed the rest. */
size_t ptn_smtp_feed(struct ptn_smtp *s, const char *in, size_t len);

/* Octets for the server: lent until the next call; wrote says how many were handed to the
 * transport. */
size_t ptn_smtp_out(const struct ptn_smtp *s, const char **p);
void ptn_smtp_wrote(struct ptn_smtp *s, size_t n);

/* What the session waits for. */
enum {
	PTN_WANT_READ = 1,
	PTN_WANT_WRITE = 2,
	PTN_WANT_TLS = 4,  /* start the handshake, then ptn_smtp_tls_up() */
	PTN_WANT_SASL = 8, /* begin or go on with AUTH: ptn_smtp_auth_*() */
	PTN_WANT_BODY = 16, /* content of the mail begun last: ptn_smtp_body() */
	PTN_WANT_MAIL = 32, /* idle, or the window has room: ptn_smtp_mail(); when idle ptn_smtp_quit() */
	PTN_WANT_END = 64  /* close the connection; nothing more is sent or read */
};
int ptn_smtp_want(const struct ptn_smtp *s);
int ptn_smtp_wants(const struct ptn_smtp *s, int what); /* only those of `what`, and quicker */

/* Which time limit runs, and a number that changes whenever it starts anew. */
enum ptn_smtp_timer {
	PTN_TIMER_NONE,
	PTN_TIMER_GREETING,
	PTN_TIMER_COMMAND,
	PTN_TIMER_AUTH,
	PTN_TIMER_MAIL,
	PTN_TIMER_RCPT,
	PTN_TIMER_DATA,
	PTN_TIMER_BLOCK,
	PTN_TIMER_FINAL,
	PTN_TIMER_QUIT
};
int ptn_smtp_timer(const struct ptn_smtp *s, unsigned *turn);

/* What a reply, or the end, meant for a mail or one of its recipients. */
struct ptn_smtp_event {
	enum { PTN_EVENT_RECIPIENT = 1, PTN_EVENT_MAIL } what;
	void *mail;       /* as given to ptn_smtp_mail() */
	size_t recipient; /* for RECIPIENT */
	int outcome; /* POSTERN_*; for RECIPIENT, PENDING is "accepted so far"; for MAIL, it is that of
	                every recipient still pending, and the envelope is not borrowed any more */
	int fault;   /* PTN_FAULT_*; NONE if accepted */
	const struct ptn_reply *reply; /* until the next call; NULL if none came */
	int unread; /* for MAIL: 421 came to its MAIL, or before the end of it had left */
};
int ptn_smtp_event(struct ptn_smtp *s, struct ptn_smtp_event *ev); /* 1, or 0 for none */

/* ---- Answers to what is wanted. ---- */

/* The handshake is done and verified, after START_TLS or before an implicit session's first octet. */
void ptn_smtp_tls_up(struct ptn_smtp *s);

/* The exchange as it stands: NULL before AUTH was sent, else the server's last challenge, decoded.
 * A challenge that is not base64 ends the exchange by itself. */
const char *ptn_smtp_challenge(const struct ptn_smtp *s, size_t *n);
/* Send AUTH.  initial: the initial response or NULL; it is held back for the first challenge when the
 * line would get too long.  over: whether our side, and the server's proof, are complete with it.  0,
 * POSTERN_E_NOMEM or POSTERN_E_ARG. */
enum {
	PTN_AUTH_MORE, /* not yet */
	PTN_AUTH_OVER, /* only 235 may follow */
	PTN_AUTH_OPEN  /* 235, or a challenge */
};
int ptn_smtp_auth_begin(struct ptn_smtp *s, const char *mechanism, const char *initial, size_t n, int over);
int ptn_smtp_auth_respond(struct ptn_smtp *s, const char *response, size_t n, int over);
/* What may follow if this AUTH, begun just now, is refused: bits.  Where it does, SASL is wanted
 * again, without a challenge: ptn_smtp_auth_begin() or _fail().  Three AUTH commands are the most;
 * that none says again what was refused is the caller's care. */
enum {
	PTN_AUTH_ANOTHER = 1, /* another mechanism, behind 504 and 534 */
	PTN_AUTH_FRESH = 2,   /* another token, behind 535 */
	PTN_AUTH_TOKEN = 4    /* it is a token that 535 refuses */
};
void ptn_smtp_auth_next(struct ptn_smtp *s, unsigned next);
/* An AUTH was sent, and what will become of it is not known yet. */
int ptn_smtp_auth_open(const struct ptn_smtp *s);
/* Give up with "*", or with QUIT if AUTH was not sent.  fault: why; detail: static text or NULL. */
void ptn_smtp_auth_fail(struct ptn_smtp *s, int fault, const char *detail);

enum { PTN_NOTIFY_NEVER = 1, PTN_NOTIFY_SUCCESS = 2, PTN_NOTIFY_FAILURE = 4, PTN_NOTIFY_DELAY = 8 };

struct ptn_smtp_asked { /* of one recipient (RFC 3461) */
	unsigned notify;   /* PTN_NOTIFY_*; 0: not asked */
	const char *orcpt; /* "rfc822;a@b", not encoded; NULL: not given */
};

/* Parameters of MAIL that the caller asked for; zeroed: none.  Each is refused before MAIL where the
 * server does not offer its extension. */
struct ptn_smtp_extras {
	int ret;               /* 'F' FULL or 'H' HDRS (RFC 3461 4.3); 0: not asked */
	const char *envid;     /* (RFC 3461 4.4), not encoded; NULL: none */
	const char *auth;      /* AUTH= (RFC 4954 5): a mailbox, "" for "<>"; NULL: none */
	int requiretls;        /* RFC 8689 */
	int by;                /* 'R' or 'N' (RFC 2852); 0: not asked */
	int by_trace;
	long by_seconds;
	unsigned long hold_for; /* seconds (RFC 4865); 0: not asked */
	const char *hold_until; /* "2026-12-24T18:00:00Z"; NULL: not asked */
	int has_priority, priority; /* -9 to 9 (RFC 6710) */
};

struct ptn_smtp_envelope { /* borrowed until the mail's event */
	const char *reverse_path;
	const char *const *recipients;
	const struct ptn_smtp_asked *asked;   /* one for each recipient; NULL: nothing was */
	size_t n;
	const struct ptn_smtp_extras *extras; /* NULL: none */
	int eightbit;            /* the content holds octets over 0x7F, or may */
	int binary;              /* BODY=BINARYMIME (RFC 3030): octets as they are, with BDAT only */
	int utf8;                /* a path or the header needs SMTPUTF8 (RFC 6531) */
	int sized;               /* size is exact */
	unsigned long long size; /* octets with CRLF line ends (RFC 1870) */
	/* Content in memory, in two pieces one behind the other, already looked at: the session takes
	 * it by itself and BODY is not wanted.  Both NULL: through ptn_smtp_body(). */
	const char *text[2];
	size_t text_len[2];
	int clean; /* every line ends in CRLF, the last one too: it may leave as it is */
};
/* Begin a mail.  0: its event will come.  Or a PTN_FAULT_*: NEEDS_8BITMIME, NEEDS_SMTPUTF8,
 * NEEDS_EXTENSION (ptn_smtp_missing() names it), TOO_LARGE, TOO_MANY_RECIPIENTS (over the server's
 * RCPTMAX, RFC 9422), ARGUMENT, NO_MEMORY, and the session is as before; LOST, and it is not, or not
 * any more.  Then nothing was sent and no event will come. */
int ptn_smtp_mail(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, void *mail);
const char *ptn_smtp_missing(const struct ptn_smtp *s); /* "DSN"; static; "" if nothing */

/* Content, raw, of the mail begun last.  0, or a PTN_FAULT_CONTENT_*: the mail was ended without
 * the dot or BDAT LAST, and the connection with it, but where other mails wait for their replies. */
int ptn_smtp_body(struct ptn_smtp *s, const char *p, size_t n);
int ptn_smtp_body_end(struct ptn_smtp *s);
void ptn_smtp_body_fail(struct ptn_smtp *s, int fault); /* the reader gave up */

void ptn_smtp_rest(struct ptn_smtp *s); /* idle: memory of empty buffers is given back */
void ptn_smtp_quit(struct ptn_smtp *s); /* QUIT when idle; once only, else the end */

/* The connection is gone, or must go: fault NONE is "closed by the peer", PTN_FAULT_REPLY_TIMEOUT "the
 * running timer passed"; any other is taken as it is.  A mail at work gets the outcome that is true
 * of it: in doubt if its final dot was handed over (RFC 1047). */
void ptn_smtp_lost(struct ptn_smtp *s, int fault);

/* ---- What is known. ---- */
int ptn_smtp_fault(const struct ptn_smtp *s);           /* why it ends; NONE while all is well */
const char *ptn_smtp_detail(const struct ptn_smtp *s);  /* while s lives; "" if none */
const struct ptn_reply *ptn_smtp_reply(const struct ptn_smtp *s); /* the last reply */
const struct ptn_capability *ptn_smtp_capability(const struct ptn_smtp *s);
int ptn_smtp_secured(const struct ptn_smtp *s);   /* TLS is up */
int ptn_smtp_greeted(const struct ptn_smtp *s);   /* a greeting was read */
int ptn_smtp_used(const struct ptn_smtp *s);      /* a mail was begun on it: the first one is through */
unsigned ptn_smtp_unanswered(const struct ptn_smtp *s); /* mails begun whose last event was not made */
unsigned ptn_smtp_begun(const struct ptn_smtp *s);      /* mails begun on it in all */
int ptn_smtp_worn(const struct ptn_smtp *s);            /* the server's MAILMAX is reached: take another */
unsigned long long ptn_smtp_body_line(const struct ptn_smtp *s); /* the content's line at fault, from 1 */

/* Lines for people since the last call: each a direction ('<', '>', '*'), the text, and LF.  Lent
 * until the next call; gives the length. */
size_t ptn_smtp_trace(struct ptn_smtp *s, const char **p);

#endif
