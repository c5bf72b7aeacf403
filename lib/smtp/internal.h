/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The session's inside, shared by the files that make it up: session.c (the engine), exchange.c
 * (AUTH), transaction.c (mails), flow.c (their content) and trace.c.  Nobody else includes this.
 */
#ifndef PTN_SMTP_INTERNAL_H
#define PTN_SMTP_INTERNAL_H

#include "base/buf.h"
#include "smtp/capability.h"
#include "smtp/content.h"
#include "smtp/reply.h"
#include "smtp/session.h"
#include "smtp/table.h"

enum {
	PTN_QUEUE_MOST = 256,    /* commands sent and not answered; a power of two */
	PTN_AWAITED_MOST = 200,  /* of which a flight may take these: chunks and RSET follow it */
	PTN_NOBODY = 255         /* the mail of a command that belongs to none */
};
#define PTN_NOT_YET ((unsigned long long)-1)

struct ptn_sent {
	unsigned char command; /* PTN_CMD_* */
	unsigned char mail;    /* its place in work->mails[]; NOBODY */
	unsigned short len;    /* of the line of a BDAT */
	unsigned long long line; /* the count of octets that were out once its line was */
	unsigned long long end;  /* and once its content was: BDAT and CONTENT; NOT_YET known */
};

struct ptn_transaction { /* a mail, from MAIL to the last reply to any of its commands */
	const struct ptn_smtp_envelope *envelope; /* not used any more once decided */
	void *mail;
	size_t answered, accepted; /* recipients */
	int decided;               /* its last event is made; replies may still be due */
	int refusal_later;         /* a refused recipient may be tried again */
	unsigned long long begin;  /* the count of octets out before its first command */
	unsigned long long end;    /* and with its terminator; NOT_YET known */
};

enum ptn_flow_stage {
	PTN_FLOW_OVER,    /* nothing is left to be said of the mail begun last */
	PTN_FLOW_ASKING,  /* its recipients */
	PTN_FLOW_WAITING, /* for 354 */
	PTN_FLOW_CONTENT,
	PTN_FLOW_ENDING   /* the content is all there, its last chunk not announced yet */
};

struct ptn_flow { /* what is still to be said of the mail begun last */
	int stage;
	size_t next;     /* recipient to be asked */
	unsigned params; /* PTN_PARAM_* of its MAIL */
	int bdat, raw;   /* with BDAT; as it is (BINARYMIME) */
	int own;         /* the content is in memory: nobody is asked for it */
	int ready;       /* and may leave as it is */
	size_t piece, at; /* of it: the next octet */
	struct ptn_content content;
	size_t hidden;   /* octets at the end of out that are not announced yet: an open chunk */
	unsigned entry;  /* CONTENT's place in the queue */
};

struct ptn_exchange {       /* AUTH */
	struct ptn_buf held;      /* an initial response too long for AUTH's line */
	struct ptn_buf challenge; /* the last one, decoded */
	struct ptn_buf sent;      /* what was sent, in base64: masked in what comes back */
	int begun, is_held, over, held_over, rounds;
	int auths;     /* commands sent */
	unsigned next; /* PTN_AUTH_*: what may follow a refusal */
};
enum { PTN_AUTHS_MOST = 3 };

struct ptn_work { /* what is only needed while something is awaited */
	struct ptn_sent queue[PTN_QUEUE_MOST];
	struct ptn_transaction mails[PTN_WINDOW_MOST];
};

struct ptn_smtp {
	const struct ptn_smtp_policy *policy;
	struct ptn_reply reply;
	struct ptn_buf out;
	const char *lent;      /* the caller's octets that leave between two parts of out; NULL: any
	                          octets will do */
	size_t lent_len, before; /* how many; octets of out in front of them */
	unsigned long long wrote; /* octets since the start */
	struct ptn_work *work; /* given back while idle */
	unsigned head, tail;   /* of its queue */
	unsigned chunks; /* BDAT without LAST, not answered */
	int want; /* PTN_WANT_TLS, _SASL, _MAIL (idle) or 0: what the caller must do next */
	int ended, quitting;
	int secured, greeted, authenticated;
	int fault;
	int cause; /* of the end, for the mails that it struck */
	const char *detail, *missing;
	struct ptn_buf start, strange; /* the first octets, and how they are shown */
	unsigned turn;
	size_t leftover; /* octets behind the reply just read */
	struct ptn_capability capability;
	struct ptn_exchange exchange;
	unsigned first, last; /* mails: [first] to [last - 1], modulo */
	unsigned subject; /* the mail that the reply in hand is about; NOBODY */
	int about;        /* and the command: PTN_CMD_* */
	unsigned open;    /* mails without their last event */
	unsigned begun;
	int dirty; /* the server may hold a transaction: RSET before the next */
	struct ptn_flow flow;
	struct ptn_smtp_event events[2]; /* of one reply */
	int event_count;
	struct ptn_buf trace, traced;
};

/* session.c */
int ptn_session_sent(struct ptn_smtp *s, int command, int err); /* queue what was just formatted */
int ptn_session_work(struct ptn_smtp *s); /* 0, or POSTERN_E_NOMEM: s->work is not there */
void ptn_session_push(struct ptn_smtp *s, int command, unsigned long long line,
		      unsigned long long end);
int ptn_session_head(const struct ptn_smtp *s);           /* PTN_CMD_* awaited; NONE */
unsigned ptn_session_awaited(const struct ptn_smtp *s);
unsigned long long ptn_session_queued(const struct ptn_smtp *s); /* octets since the start */
void ptn_session_end(struct ptn_smtp *s, int fault, const char *detail);
void ptn_session_send(struct ptn_smtp *s, int command);   /* a command without arguments of a mail */
void ptn_session_want(struct ptn_smtp *s, int what);
void ptn_session_event(struct ptn_smtp *s, const struct ptn_smtp_event *ev);

/* exchange.c */
void ptn_exchange_ask(struct ptn_smtp *s);                /* a 334 came, or AUTH is due */
void ptn_exchange_again(struct ptn_smtp *s);              /* a refusal came, and another AUTH may follow */
void ptn_exchange_settle(struct ptn_smtp *s);             /* once it is over, what was secret is wiped */
void ptn_exchange_mask(struct ptn_smtp *s);               /* in the reply's text */
void ptn_exchange_blot(struct ptn_smtp *s);               /* all of it */
void ptn_exchange_free(struct ptn_exchange *x);

/* transaction.c */
struct ptn_transaction *ptn_transaction_last(struct ptn_smtp *s); /* the mail begun last */
void ptn_transaction_note(struct ptn_smtp *s, int note);  /* of the subject */
void ptn_transaction_give_up(struct ptn_smtp *s, int fault); /* the mail begun last, by our own word */
void ptn_transaction_go_on(struct ptn_smtp *s);
void ptn_transaction_end(struct ptn_smtp *s);             /* the session ended */
int ptn_transaction_next(struct ptn_smtp *s, struct ptn_smtp_event *ev); /* of those it struck */
int ptn_transaction_room(const struct ptn_smtp *s);       /* the window has some */
int ptn_transaction_may_send(const struct ptn_smtp *s);   /* one more command */
void ptn_transaction_ask(struct ptn_smtp *s);             /* the recipients, and then DATA or BDAT */

/* flow.c */
void ptn_flow_begin(struct ptn_smtp *s, const struct ptn_smtp_envelope *e, unsigned params, int bdat);
void ptn_flow_content(struct ptn_smtp *s); /* 354 came, or BDAT may follow */
void ptn_flow_go_on(struct ptn_smtp *s);   /* octets left, or a reply came */
void ptn_flow_stop(struct ptn_smtp *s);    /* the mail is refused: only what was announced leaves */
int ptn_flow_wants_body(const struct ptn_smtp *s);

/* trace.c: nothing happens unless the policy asks for it */
void ptn_trace_sent(struct ptn_smtp *s, const char *line, size_t n);
void ptn_trace_reply(struct ptn_smtp *s, int masked);
void ptn_trace_remark(struct ptn_smtp *s, const char *text, unsigned long long n, const char *unit);

#endif
