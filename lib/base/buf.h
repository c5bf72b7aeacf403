/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A growing run of octets, filled at the end and taken from the front.  Wiped when it grows, is
 * cleared or freed, as it may have held a secret, unless it is said to be open.  A zeroed struct is
 * an empty buffer.
 */
#ifndef PTN_BASE_BUF_H
#define PTN_BASE_BUF_H

#include <stddef.h>

struct ptn_buf {
	char *base;
	size_t head, tail, cap; /* the octets are base[head] up to base[tail] */
	int open; /* what is in it anybody may see, as ciphertext: it is not wiped */
};

static inline size_t ptn_buf_len(const struct ptn_buf *b)
{
	return b->tail - b->head;
}

/* Valid until the next call that adds. */
static inline const char *ptn_buf_data(const struct ptn_buf *b)
{
	return b->base ? b->base + b->head : "";
}

int ptn_buf_add(struct ptn_buf *b, const void *p, size_t n); /* 0, or POSTERN_E_NOMEM: unchanged */
int ptn_buf_puts(struct ptn_buf *b, const char *s);
char *ptn_buf_room(struct ptn_buf *b, size_t n);      /* where n more octets may be written, or NULL */
void ptn_buf_filled(struct ptn_buf *b, size_t n);     /* n octets were written there */
void ptn_buf_took(struct ptn_buf *b, size_t n);       /* drop n octets from the front */
void ptn_buf_cut(struct ptn_buf *b, size_t len);      /* drop all behind the first len, wiped */
void ptn_buf_clear(struct ptn_buf *b);                /* empty and wiped; memory is kept */
void ptn_buf_free(struct ptn_buf *b); /* as a zeroed struct again, but open if it was */

#endif
