/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Errors that stick to an object: one place per setter, so that a later good call of the same
 * setter takes back its own error and no other.  Sentences have memory only while they are needed:
 * most objects never have one.
 */
#ifndef PTN_ERROR_H
#define PTN_ERROR_H

enum { PTN_STICKY_MOST = 24 };

struct ptn_sticky { /* zeroed: no errors */
	struct {
		signed char code; /* POSTERN_E_* */
		unsigned char rank; /* the how manieth error that still stands; 0: none */
	} at[PTN_STICKY_MOST];
	unsigned char count; /* errors that stand */
	struct ptn_sticky_text *texts;
};

/* The error of setter `which` is code with this sentence; code 0 takes it back.  Gives code. */
int ptn_sticky_set(struct ptn_sticky *s, int which, int code, const char *sentence);
/* The first error set and not taken back: its code or 0, its sentence in *sentence. */
int ptn_sticky_first(const struct ptn_sticky *s, const char **sentence);
void ptn_sticky_free(struct ptn_sticky *s);

#endif
