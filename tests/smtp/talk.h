/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A session and its server's part, by hand: what both tests of the machine's files need.
 */
#ifndef TESTS_SMTP_TALK_H
#define TESTS_SMTP_TALK_H

#include "postern.h"
#include "smtp/session.h"

extern struct ptn_smtp_policy policy; /* clear, no login, trace; set it before talk_begin() */
extern struct ptn_smtp_envelope envelope; /* a@example.org to b@example.org */
extern int mail_mark; /* its address is what the session is given for a mail */

struct ptn_smtp *talk_begin(void);

/* The client must have this to send, all of it; it is handed over. */
void hears(struct ptn_smtp *s, const char *want);
/* The server says this; all of it must be taken. */
void says(struct ptn_smtp *s, const char *text);
void says_octets(struct ptn_smtp *s, const char *p, size_t n);

void to_idle(struct ptn_smtp *s, const char *ehlo_reply); /* greeting and EHLO */
void to_content(struct ptn_smtp *s); /* a mail up to the 354, one command at a time */

/* The next event must be there and like this. */
void has_event(struct ptn_smtp *s, int what, int outcome, int fault);
void has_no_event(struct ptn_smtp *s);
void has_ended(struct ptn_smtp *s, int fault);

#endif
