/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A story: a server's script, the client's side of it, and what must come of it.  README.md in this
 * directory describes the file.
 */
#ifndef STORIES_STORY_H
#define STORIES_STORY_H

#include <stddef.h>

#include "script.h"
#include "smtp/session.h"

struct octets { /* that grow; the tests end when memory does */
	char *p;
	size_t n, cap;
};
void octets_add(struct octets *o, const void *p, size_t n);
void octets_puts(struct octets *o, const char *s);
void octets_show(struct octets *o, const char *p, size_t n); /* escaped, for people */
void octets_free(struct octets *o);

struct verdict {
	int outcome; /* POSTERN_* */
	char fault[48];
};

struct story {
	struct script *script;
	int security; /* enum ptn_smtp_security */
	const char *name; /* for EHLO */
	char *user, *password, *mechanism; /* NULL without login */
	const char *another; /* mechanisms to go on with behind 504 and 534, with blanks between */
	const char *fresh; /* the next password, which is a token then, behind 535 */
	int too_late; /* "give-up": the mechanism fails by itself at this step; 0: never */
	const char *from;
	char **recipients;
	size_t n;
	const char *content;
	size_t len;
	struct octets wire; /* the content as it must leave, without stuffing; empty if invalid */
	int valid; /* the content may be sent */
	int reader; /* the size is not known before */
	long reader_fails; /* behind that many octets; -1: never */
	int utf8, eightbit, binary;
	long memory; /* the content lies in memory, in two pieces with the border there; -1: it does not */
	int clean; /* as there is nothing to be changed in it */
	struct ptn_smtp_extras extras;
	struct ptn_smtp_asked asked; /* of each recipient */
	const char *missing; /* the keyword that is not offered */
	unsigned without; /* PTN_CAP_* */
	int mails;
	unsigned window; /* mails; 0 and 1: none */
	size_t window_octets;
	int window_data;
	struct verdict outcome[4], cut[6], later[64]; /* later: of the second mail, and so on */
	size_t n_outcome, n_cut, n_later;
	int each[64]; /* the recipients' outcomes */
	size_t n_each;
};

/* NULL: the file is no story; why is written to `error`. */
struct story *story_read(const char *path, char *error, size_t size);
void story_free(struct story *s);

/* A verdict as words, in a buffer that the next call overwrites. */
const char *verdict_words(int outcome, const char *fault);

#endif
