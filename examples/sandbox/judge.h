/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The judge: what no submission client may do on the wire, whatever the server does.  Only with
 * --judge.  Each finding is a violation in the log:
 *   W1  only EHLO, STARTTLS and QUIT before TLS (where TLS is offered or stripped); no secret in
 *       clear
 *   W2  the first octet where TLS begins is that of a handshake
 *   W3  command lines end in CRLF, are short enough, and hold no control octets, nor 8-bit ones
 *       without SMTPUTF8
 *   W4  nothing is sent ahead of a reply, but as PIPELINING allows: see ends_group(); behind a
 *       chunk's octets and behind the final dot the next group may begin
 *   W5  no parameter or command of an extension that the last EHLO reply did not offer
 *   W6  content has CRLF line ends only, no NUL, lines of 998 octets at most, and 8-bit octets only
 *       as BODY says; anything goes with BODY=BINARYMIME
 *   W8  AUTH at most three times, once per mechanism, and not after 235 or 535; but a token that
 *       was refused may be followed by a fresh one, once
 */
#ifndef SANDBOX_JUDGE_H
#define SANDBOX_JUDGE_H

#include <stddef.h>

struct conn;

struct judge {
	unsigned auths;
	char tried[8][24];
	int auth_over; /* 235 or 535 was given */
	int refused, freshened; /* 535 was the last; a fresh token came behind it */
	size_t line; /* octets of the content line at hand */
	int last; /* the content octet before; -1: none */
	int told; /* kinds of findings of this content already reported, by bit */
};

void judge_line(struct conn *c, const char *line, size_t n, size_t ahead); /* with its line end */
void judge_parameter(struct conn *c, const char *key, size_t n, unsigned capability);
void judge_tls(struct conn *c); /* in holds what came behind STARTTLS */
void judge_first_tls(struct conn *c); /* raw_in holds the first octets of the handshake */
/* 1 if a secret is sent in clear: that is logged without --judge too. */
int judge_clear(struct conn *c, const char *line, size_t n);
void judge_ahead(struct conn *c, const char *of); /* in holds what came before the reply to it */
void judge_note(struct conn *c, const char *what); /* a violation that the caller saw */
void judge_content(struct conn *c, const char *p, size_t n, int stuffed);
void judge_content_begin(struct conn *c);
void judge_auth_reply(struct conn *c, int code);
void judge_early(struct conn *c); /* octets came before the greeting was sent */

#endif
