/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The monitor: it sees the octets of both directions and nothing else, knows SMTP by itself, and
 * says which rule of the wire was broken.  It shares no code with the library.
 */
#ifndef STORIES_MONITOR_H
#define STORIES_MONITOR_H

#include "story.h"

enum { MONITOR_QUEUE = 1024, MONITOR_RECIPIENTS = 1024 };

struct monitor {
	const struct story *story;
	int secured; /* verified TLS */
	int tls_due; /* 220 to STARTTLS was delivered; no octet of either side may follow */
	int broken; /* after this the client may not say anything more */
	const char *why;
	/* the client's side */
	struct octets line;
	char queue[MONITOR_QUEUE]; /* of commands that went out: their kinds, below */
	size_t head, tail;
	int auths, auth_asked, auth_over, authenticated;
	int utf8;
	/* the server's side */
	struct octets reply;
	int code;
	unsigned caps;
	/* the mail */
	int mail_yes, accepted, content;
	size_t next, answered;
	int recipients[MONITOR_RECIPIENTS]; /* codes */
	struct octets body;
	int handed; /* the whole terminator of a live mail is out */
	int final; /* the code of the complete reply to it */
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
/* What the client says became of recipient i. */
void monitor_outcome(struct monitor *m, size_t i, int outcome);
int monitor_in_content(const struct monitor *m);

#endif
