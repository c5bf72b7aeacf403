/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A mail's inside: its envelope, its content, and what became of each recipient.
 */
#ifndef PTN_MAIL_H
#define PTN_MAIL_H

#include "base/buf.h"
#include "error.h"
#include "postern.h"
#include "said.h"
#include "smtp/session.h"

struct ptn_recipient {
	char *address; /* as it was given */
	struct ptn_said *said; /* NULL if nothing was */
	int outcome, code;
	char status[16];
};

enum ptn_mail_state {
	PTN_MAIL_NEW, /* being filled in */
	PTN_MAIL_QUEUED,
	PTN_MAIL_ACTIVE, /* a session works on it */
	PTN_MAIL_DONE /* has its outcome */
};

enum { /* places of sticky errors */
       PTN_MAIL_SET_PATH,
       PTN_MAIL_SET_RECIPIENT,
       PTN_MAIL_SET_CONTENT,
       PTN_MAIL_SET_RETURN,
       PTN_MAIL_SET_NOTIFY,
       PTN_MAIL_SET_DELIVER_BY,
       PTN_MAIL_SET_HOLD,
       PTN_MAIL_SET_PRIORITY,
       PTN_MAIL_SET_SUBMITTER,
       PTN_MAIL_SET_TLS
};

struct ptn_mail_options { /* what few mails ask for */
	struct ptn_smtp_extras extras;
	char *envid, *auth, *hold_until; /* what extras points at */
	struct ptn_smtp_asked *asked; /* of the first n_asked recipients */
	size_t n_asked;
};

struct postern_mail {
	char *reverse_path; /* as it was given; in the same block as the mail */
	char *from; /* the same with A-labels, where it needs them; else NULL */
	struct ptn_recipient *recipients, one; /* one: the first, while it is the only one */
	const char **addresses, *one_address; /* as the envelope wants them: with A-labels */
	size_t n, room;
	int utf8; /* one of them is beyond ASCII */

	const char *text; /* borrowed */
	size_t len, at; /* at: octets of prefix and text given so far */
	ptrdiff_t (*read)(void *arg, char *buf, size_t cap);
	void *arg;
	char *path; /* of a file with the content */
	struct ptn_file *file; /* open while the mail is at work */
	const char *detail; /* what the system said of it; static; or NULL */
	int completion, binary, peeked, ended;
	int waiting, resumed; /* the reader said "later"; it was told to go on */
	struct ptn_buf
		prefix; /* what goes in front: made fields, and what was read to look for them */
	struct ptn_buf head; /* of a reader: what was read while its header was looked for */
	int made; /* lines of made fields in prefix */
	size_t made_octets;
	char date[32], *message_id;

	struct ptn_smtp_envelope envelope; /* of the part at work: recipients from `first` on */
	size_t first;
	struct ptn_mail_options *options; /* NULL: none */

	int again; /* it was begun before, and came back to the queue */
	int state, outcome, fault;
	struct ptn_buf error, advice; /* C strings */
	struct ptn_said *reply, *receipt; /* the final one; the one that accepted it */
	struct ptn_sticky sticky;
	void *user;

	struct ptn_queue *queue; /* that it stands in, if any */
	struct postern_mail *next, *previous;
	struct ptn_drive *drive;
	struct ptn_line *line; /* that it is at work on */
	long long started; /* ptn_time; when work on it began; 0: not yet */
	long long ask_at; /* ptn_time; when a pipe that had nothing is looked at again */
};

/* A line of mails. */
struct ptn_queue {
	struct postern_mail *first, *last;
	size_t n;
};
void ptn_queue_add(struct ptn_queue *q, struct postern_mail *m);
/* At the head, behind those that came back before it. */
void ptn_queue_put_back(struct ptn_queue *q, struct postern_mail *m);
void ptn_queue_remove(struct postern_mail *m); /* from whatever queue it is in */

/* ---- Content: mail_content.c. ---- */

enum { PTN_MAIL_LATER = -1 }; /* the reader has not given its header yet: prepare again */

/* Check all that can be known before a connection: envelope, content in memory or in a file; make
 * Date and Message-ID.  host: for the Message-ID where the reverse-path has no domain.  0,
 * PTN_MAIL_LATER, or a fault, with the line number of a bad content in *line. */
int ptn_mail_prepare(struct postern_mail *m, const char *host, long long seconds,
		     unsigned long long *line);
/* The content from its start again, for another transaction: 0 or a fault. */
int ptn_mail_again(struct postern_mail *m);
/* The content is in memory: the mail is prepared when it is submitted, others when they begin. */
int ptn_mail_in_memory(const struct postern_mail *m);
/* The content is read by a function, or is a pipe: it can be read once only. */
int ptn_mail_read_once(const struct postern_mail *m);

/* A file is closed. */
void ptn_mail_close(struct postern_mail *m);

/* The next content octets of a reader or file: a count, 0 at the end, POSTERN_LATER, or negative with
 * the fault in *fault.  Content in memory is in the envelope. */
ptrdiff_t ptn_mail_read(struct postern_mail *m, char *buf, size_t cap, int *fault);

/* ---- Recipients. ---- */

/* The envelope becomes that of the next transaction: of the recipients that none had yet, as many
 * as the server's limits allow (RFC 9422; 0: any number).  0, or TOO_MANY_RECIPIENTS where there
 * would be several and the content can be read once only. */
int ptn_mail_take_part(struct postern_mail *m, unsigned long long recipients,
		       unsigned long long domains);
/* Recipients that were in no transaction yet; the one at work ends first. */
size_t ptn_mail_left(const struct postern_mail *m);

/* ---- What became of it. ---- */

/* The words that go with its fault. */
void ptn_mail_explain(struct postern_mail *m, const struct ptn_buf *cause,
		      const struct ptn_buf *advice);

/* The reply to recipient i of the transaction came. */
void ptn_mail_recipient(struct postern_mail *m, size_t i, int outcome,
			const struct ptn_reply *reply);
/* The transaction is over: outcome for its recipients still pending.  1: fault is the one that the
 * mail tells of from now on. */
int ptn_mail_end_part(struct postern_mail *m, int outcome, int fault,
		      const struct ptn_reply *reply);
/* The mail is over: outcome for every recipient still pending, and the mail's own from them all. As
 * ptn_mail_end_part(). */
int ptn_mail_finish(struct postern_mail *m, int outcome, int fault, const struct ptn_reply *reply);

/* ---- What few mails ask for: mail_options.c. ---- */

void ptn_mail_options_free(struct ptn_mail_options *o); /* NULL is nothing */
/* The envelope gets what was asked for.  0 or POSTERN_E_NOMEM. */
int ptn_mail_options_apply(struct postern_mail *m);

#endif
