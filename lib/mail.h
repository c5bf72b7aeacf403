/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A mail's inside: its envelope, its content, and what became of each recipient.
 */
#ifndef PTN_MAIL_H
#define PTN_MAIL_H

#include "base/buf.h"
#include "error.h"
#include "postern.h"
#include "smtp/session.h"

struct ptn_recipient {
	char *address, *text; /* text: what the server said, fit to be shown; NULL if nothing */
	int outcome, code;
	char status[16];
};

enum ptn_mail_state {
	PTN_MAIL_NEW, /* being filled in */
	PTN_MAIL_QUEUED,
	PTN_MAIL_ACTIVE, /* a session works on it */
	PTN_MAIL_DONE /* has its outcome */
};

struct postern_mail {
	char *reverse_path;
	struct ptn_recipient *recipients;
	const char **addresses; /* the same addresses as the envelope wants them */
	size_t n, room;

	const char *text; /* borrowed */
	size_t len, at; /* at: octets of prefix and text given so far */
	ptrdiff_t (*read)(void *arg, char *buf, size_t cap);
	void *arg;
	int completion, peeked, ended;
	int waiting, resumed; /* the reader said "later"; it was told to go on */
	struct ptn_buf
		prefix; /* what goes in front: made fields, and what was read to look for them */
	struct ptn_buf head;   /* of a reader: what was read while its header was looked for */
	int made;              /* lines of made fields in prefix */
	char *date, *message_id;

	struct ptn_smtp_envelope envelope;

	int state, outcome, fault;
	struct ptn_buf error, advice; /* C strings */
	char *queue_id, *reply;
	struct ptn_sticky sticky;
	void *user;

	struct ptn_queue *queue; /* that it stands in, if any */
	struct postern_mail *next;
	struct ptn_drive *drive;
	long long started; /* ptn_time; when work on it began; 0: not yet */
};

/* A line of mails. */
struct ptn_queue {
	struct postern_mail *first, *last;
	size_t n;
};
void ptn_queue_add(struct ptn_queue *q, struct postern_mail *m);
void ptn_queue_remove(struct postern_mail *m); /* from whatever queue it is in */

enum { PTN_MAIL_LATER = -1 }; /* the reader has not given its header yet: prepare again */

/* Check all that can be known before a connection: envelope, content in memory; make Date and
 * Message-ID.  host: for the Message-ID where the reverse-path has no domain.  0, PTN_MAIL_LATER, or
 * a fault, with the line number of a bad content in *line. */
int ptn_mail_prepare(struct postern_mail *m, const char *host, long long seconds,
		     unsigned long long *line);

/* The next content octets: a count, 0 at the end, POSTERN_LATER, or negative when the reader
 * failed. */
ptrdiff_t ptn_mail_read(struct postern_mail *m, char *buf, size_t cap);

/* The words that go with its fault. */
void ptn_mail_explain(struct postern_mail *m, const struct ptn_buf *cause,
		      const struct ptn_buf *advice);

/* One recipient's reply came. */
void ptn_mail_recipient(struct postern_mail *m, size_t i, int outcome,
			const struct ptn_reply *reply);
/* The mail is over: outcome for every recipient still pending, and the mail's own from them all. */
void ptn_mail_finish(struct postern_mail *m, int outcome, int fault, const struct ptn_reply *reply);

#endif
