/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The monitor: it sees the octets of both directions and nothing else, knows SMTP by itself, and
 * says which rule of the wire was broken.  It shares no code with the library.
 */
#ifndef STORIES_MONITOR_H
#define STORIES_MONITOR_H

#include "story.h"

enum { MONITOR_QUEUE = 1024, MONITOR_RECIPIENTS = 1024, MONITOR_MAILS = 64 };

struct monitor_mail { /* as the wire shows it */
	int yes, no; /* the reply to MAIL */
	size_t next, answered; /* recipients */
	size_t accepted, refused;
	int handed; /* the whole terminator is out */
	int closing; /* 421 was said to one of its commands */
	int no_chunk; /* a chunk was refused */
	int final; /* the code of the complete reply to the terminator */
	int code; /* the last 4xx or 5xx said to it */
	struct octets body;
};

struct monitor {
	const struct story *story;
	int secured; /* verified TLS */
	int tls_due; /* 220 to STARTTLS was delivered; no octet of either side may follow */
	int broken; /* after this the client may not say anything more */
	const char *why;
	/* the client's side */
	struct octets line;
	struct {
		char kind;
		size_t mail;
	} queue[MONITOR_QUEUE]; /* of commands that went out: their kinds, in monitor.c */
	size_t head, tail;
	int auths, auth_asked, auth_over, authenticated;
	int auth_refused, freshened; /* the code of the last refusal; a fresh token was used */
	char tried[512]; /* the lines of AUTH */
	int utf8;
	/* the server's side */
	struct octets reply;
	int code;
	unsigned caps;
	/* the mails */
	size_t given, sent; /* to the client; begun by it */
	struct monitor_mail mails[MONITOR_MAILS];
	int recipients[MONITOR_RECIPIENTS]; /* codes: n for each mail */
	int content; /* of DATA */
	unsigned long long chunk; /* octets of BDAT that must still come */
	int last; /* and nothing behind them */
	char wrong[512]; /* the first rule broken; "" if none */
	unsigned long checks;
};

void monitor_begin(struct monitor *m, const struct story *story);
void monitor_end(struct monitor *m);
void monitor_tls_up(struct monitor *m);
void monitor_mail(struct monitor *m); /* the client was given a mail to send */
void monitor_sent(struct monitor *m, const char *p, size_t n); /* by the client */
void monitor_delivered(struct monitor *m, const char *p, size_t n); /* to the client */
void monitor_silence(struct monitor *m); /* the connection was given up */
/* What the client says became of recipient i of that mail. */
void monitor_outcome(struct monitor *m, size_t mail, size_t i, int outcome);
int monitor_in_content(const struct monitor *m);
int monitor_in_doubt(const struct monitor *m, size_t mail); /* it must be so */

#endif
