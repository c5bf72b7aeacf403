/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Everything that decides what a reply means lives in table.c, and nothing else does.  A row says:
 * the reply to this command, with a code like this, if this holds, is noted so and followed by
 * that, as written in that RFC.  The first row that matches wins.
 */
#ifndef PTN_SMTP_TABLE_H
#define PTN_SMTP_TABLE_H

#include <stddef.h>

/* The commands that have a reply, in the order of a conversation.  NONE is a reply that nobody
 * asked for; ANY, in a row, is every command.  With the faults of a connection that ends, stays
 * silent, or makes no sense while the reply is awaited. */
/* clang-format off */
#define PTN_COMMANDS(X) \
	X(ANY,      NONE,            NONE,             NONE) \
	X(NONE,     LOST,            REPLY_TIMEOUT,    MALFORMED) \
	X(GREETING, GREETING_CLOSED, GREETING_SILENT,  GREETING_NOT_SMTP) \
	X(EHLO,     EHLO_CLOSED,     EHLO_TIMEOUT,     EHLO_MALFORMED)     /* in the clear */ \
	X(HELO,     EHLO_CLOSED,     EHLO_TIMEOUT,     EHLO_MALFORMED) \
	X(STARTTLS, STARTTLS_CLOSED, STARTTLS_TIMEOUT, STARTTLS_MALFORMED) \
	X(HELLO,    HELLO_CLOSED,    HELLO_TIMEOUT,    HELLO_MALFORMED)    /* EHLO under TLS */ \
	X(AUTH,     AUTH_CLOSED,     AUTH_TIMEOUT,     AUTH_MALFORMED)     /* each of its steps */ \
	X(CANCEL,   AUTH_CLOSED,     AUTH_TIMEOUT,     AUTH_MALFORMED)     /* "*" */ \
	X(MAIL,     LOST,            REPLY_TIMEOUT,    MALFORMED) \
	X(RCPT,     LOST,            REPLY_TIMEOUT,    MALFORMED) \
	X(DATA,     LOST,            REPLY_TIMEOUT,    MALFORMED) \
	X(CONTENT,  LOST,            REPLY_TIMEOUT,    MALFORMED)          /* up to the final dot */ \
	X(LONE_DOT, LOST,            REPLY_TIMEOUT,    MALFORMED)          /* after 354 for nobody */ \
	X(BDAT,     LOST,            REPLY_TIMEOUT,    MALFORMED)          /* a chunk, and more follow */ \
	X(LAST,     LOST,            REPLY_TIMEOUT,    MALFORMED)          /* BDAT LAST */ \
	X(RSET,     LOST,            REPLY_TIMEOUT,    MALFORMED) \
	X(QUIT,     NONE,            NONE,             NONE)

/* What may have to hold.  The one-line predicates are in session.c. */
#define PTN_CONDITIONS(X) \
	X(ALWAYS) \
	X(LEFTOVER)      /* octets follow the reply, though nothing more was asked */ \
	X(TLS_DUE)       /* STARTTLS is offered, and wanted */ \
	X(TLS_MISSING)   /* STARTTLS is not offered, and required */ \
	X(AUTH_MISSING)  /* credentials are set, and no AUTH is offered */ \
	X(AUTH_DUE)      /* credentials are set, and not used yet */ \
	X(PLAIN_OK)      /* neither TLS nor AUTH is required */ \
	X(SASL_OVER)     /* our side of the exchange is complete, and so is the server's proof */ \
	X(SASL_SHUT)     /* and no refusal may come as a challenge */ \
	X(ANOTHER)       /* there is another mechanism to try */ \
	X(FRESH_TOKEN)   /* what was refused is a token, and a fresh one may be had */ \
	X(TOKEN)         /* what was refused is a token */ \
	X(ROUNDS_OVER)   /* the exchange went on for too long */ \
	X(AFTER_STARTTLS) /* QUIT was said because STARTTLS failed */ \
	X(MAIL_OVER)     /* the mail's fate is known: its other replies change nothing */ \
	X(CONTENT_OPEN)  /* the content, or this chunk, was not all handed over yet */

/* What is written down: a fault of the session, or a word about the mail. */
#define PTN_NOTES(X) \
	X(NOTHING) \
	X(AUTHENTICATED) \
	X(MAIL_YES) X(MAIL_NO) \
	X(RCPT_YES) X(RCPT_NO) X(RCPT_LATER) \
	X(DATA_NO) \
	X(SENT) X(CONTENT_NO) \
	X(CHUNK_NO)     /* the content is refused, and the server may still hold the transaction */ \
	X(CLOSING)      /* 421: the service hangs up on whatever was asked */ \
	X(FAULT)        /* the row's fault */ \
	X(NONSENSE)     /* the command's own "makes no sense" fault */

/* What happens then. */
#define PTN_ACTIONS(X) \
	X(SEND_HELLO)    /* EHLO */ \
	X(SEND_HELO) \
	X(SEND_STARTTLS) \
	X(START_TLS) \
	X(ASK_SASL)      /* the next step is the caller's */ \
	X(ASK_ANOTHER)   /* and it is another AUTH */ \
	X(SEND_CANCEL) \
	X(GO_ON)         /* the mail's next command, or its end once no reply is due */ \
	X(SEND_CONTENT) \
	X(SEND_LONE_DOT) \
	X(BE_IDLE)       /* ready for a mail */ \
	X(SEND_QUIT) \
	X(HANG_UP)
/* clang-format on */

enum ptn_command_id {
#define X(name, closed, silent, nonsense) PTN_CMD_##name,
	PTN_COMMANDS(X)
#undef X
	PTN_CMD_COUNT
};
enum ptn_condition {
#define X(name) PTN_IF_##name,
	PTN_CONDITIONS(X)
#undef X
	PTN_IF_COUNT
};
enum ptn_note {
#define X(name) PTN_NOTE_##name,
	PTN_NOTES(X)
#undef X
	PTN_NOTE_COUNT
};
enum ptn_action {
#define X(name) PTN_THEN_##name,
	PTN_ACTIONS(X)
#undef X
	PTN_THEN_COUNT
};

struct ptn_row {
	int command;       /* PTN_CMD_* */
	const char *code;  /* three characters, '.' is any digit */
	int condition;     /* PTN_IF_* */
	int note;          /* PTN_NOTE_* */
	int fault;         /* PTN_FAULT_* for PTN_NOTE_FAULT */
	int then;          /* PTN_THEN_* */
	const char *where; /* RFC and section */
};

extern const struct ptn_row ptn_table[];
extern const size_t ptn_table_rows;

/* The first row that matches; holds[] has one entry per PTN_IF_*.  The table is total: never NULL
 * for a code from 200 to 599. */
const struct ptn_row *ptn_table_find(int command, int code, const unsigned char holds[PTN_IF_COUNT]);

const char *ptn_command_name(int command); /* "RCPT" */
int ptn_command_fault_closed(int command);
int ptn_command_fault_silent(int command);
int ptn_command_fault_nonsense(int command);

#endif
