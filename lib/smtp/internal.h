/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The session's inside, shared by the files that make it up: session.c (the engine), exchange.c
 * (AUTH), transaction.c (a mail) and trace.c.  Nobody else includes this.
 */
#ifndef PTN_SMTP_INTERNAL_H
#define PTN_SMTP_INTERNAL_H

#include "base/buf.h"
#include "smtp/capability.h"
#include "smtp/content.h"
#include "smtp/reply.h"
#include "smtp/session.h"
#include "smtp/table.h"

enum { PTN_QUEUE_MOST = 256 }; /* commands sent and not answered; a power of two */

struct ptn_sent {
	int command;            /* PTN_CMD_* */
	size_t recipient;       /* for RCPT */
	unsigned long long end; /* the count of octets that were out once its line was */
};

struct ptn_transaction { /* the mail at work */
	int open;                 /* there is one, and its last event is not made yet */
	int decided;              /* its event is made; replies may still be due */
	int dirty;                /* the server may hold a transaction: RSET before the next */
	const struct ptn_smtp_envelope *envelope; /* not used any more once decided */
	void *mail;
	unsigned params;
	size_t next, answered, accepted; /* recipients asked, answered, accepted */
	int data_sent;
	int refusal_later;        /* a refused recipient may be tried again */
	struct ptn_content content;
	int body_open, body_done;
	unsigned long long dot_end; /* count of octets that are out once the final dot is */
};

struct ptn_exchange {       /* AUTH */
	struct ptn_buf held;      /* an initial response too long for AUTH's line */
	struct ptn_buf challenge; /* the last one, decoded */
	struct ptn_buf sent;      /* what was sent, in base64: masked in what comes back */
	int begun, is_held, over, held_over, rounds;
};

struct ptn_smtp {
	const struct ptn_smtp_policy *policy;
	struct ptn_reply reply;
	struct ptn_buf out;
	unsigned long long queued, wrote; /* octets since the start */
	struct ptn_sent queue[PTN_QUEUE_MOST];
	unsigned head, tail;
	int want; /* PTN_WANT_TLS, _SASL, _MAIL or 0: what the caller must do next */
	int ended, quitting;
	int secured, greeted, authenticated, used;
	int fault;
	const char *detail;
	struct ptn_buf start, strange; /* the first octets, and how they are shown */
	unsigned turn;
	size_t leftover; /* octets behind the reply just read */
	struct ptn_capability capability;
	struct ptn_exchange exchange;
	struct ptn_transaction work;
	struct ptn_smtp_event events[2];
	int event_count;
	struct ptn_buf trace, traced;
};

/* session.c */
int ptn_session_sent(struct ptn_smtp *s, int command, int err); /* queue what was just formatted */
int ptn_session_head(const struct ptn_smtp *s);           /* PTN_CMD_* awaited; NONE */
unsigned ptn_session_awaited(const struct ptn_smtp *s);
void ptn_session_end(struct ptn_smtp *s, int fault, const char *detail);
void ptn_session_send(struct ptn_smtp *s, int command);   /* a command without arguments of a mail */
void ptn_session_want(struct ptn_smtp *s, int what);
void ptn_session_event(struct ptn_smtp *s, const struct ptn_smtp_event *ev);

/* exchange.c */
void ptn_exchange_ask(struct ptn_smtp *s);                /* a 334 came, or AUTH is due */
void ptn_exchange_mask(struct ptn_smtp *s);               /* in the reply's text */
void ptn_exchange_blot(struct ptn_smtp *s);               /* all of it */
void ptn_exchange_free(struct ptn_exchange *x);

/* transaction.c */
void ptn_transaction_note(struct ptn_smtp *s, int note, size_t recipient);
void ptn_transaction_go_on(struct ptn_smtp *s);
void ptn_transaction_content(struct ptn_smtp *s);
void ptn_transaction_end(struct ptn_smtp *s, int fault, const struct ptn_reply *reply);
int ptn_transaction_handed(const struct ptn_smtp *s);     /* the final dot was */

/* trace.c: nothing happens unless the policy asks for it */
void ptn_trace_sent(struct ptn_smtp *s, const char *line, size_t n);
void ptn_trace_reply(struct ptn_smtp *s, int masked);
void ptn_trace_remark(struct ptn_smtp *s, const char *text, unsigned long long n, const char *unit);

#endif
