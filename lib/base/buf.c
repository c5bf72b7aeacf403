/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "postern.h"

static void wipe(const struct ptn_buf *b, size_t from, size_t n)
{
	if (!b->open)
		ptn_mem_wipe(b->base + from, n);
}

static void release(struct ptn_buf *b)
{
	if (b->open)
		ptn_mem_free(b->base);
	else
		ptn_mem_release(b->base, b->cap);
}

static int grow(struct ptn_buf *b, size_t need)
{
	size_t len = ptn_buf_len(b), cap = b->cap ? b->cap : 256;
	char *p;

	/* Half free after each move, so that a buffer used as a queue is not copied for ever. */
	while (cap - len < need || cap / 2 < len) {
		if (cap > (size_t)-1 / 2)
			return POSTERN_E_NOMEM;
		cap *= 2;
	}
	p = ptn_mem_alloc(cap);
	if (!p)
		return POSTERN_E_NOMEM;
	if (len)
		memcpy(p, b->base + b->head, len);
	release(b);
	*b = (struct ptn_buf){.base = p, .tail = len, .cap = cap, .open = b->open};
	return 0;
}

char *ptn_buf_room(struct ptn_buf *b, size_t n)
{
	if (!b->base || b->cap - b->tail < n) {
		/* Move down rather than grow when at least half of the block is free in front. */
		if (b->base && b->head >= b->cap / 2 && b->cap - ptn_buf_len(b) >= n) {
			size_t len = ptn_buf_len(b);

			memmove(b->base, b->base + b->head, len);
			wipe(b, len, b->tail - len);
			b->head = 0;
			b->tail = len;
		} else if (grow(b, n)) {
			return NULL;
		}
	}
	return b->base + b->tail;
}

void ptn_buf_filled(struct ptn_buf *b, size_t n)
{
	b->tail += n;
}

int ptn_buf_add(struct ptn_buf *b, const void *p, size_t n)
{
	char *to;

	if (!n)
		return 0;
	to = ptn_buf_room(b, n);
	if (!to)
		return POSTERN_E_NOMEM;
	memcpy(to, p, n);
	ptn_buf_filled(b, n);
	return 0;
}

int ptn_buf_puts(struct ptn_buf *b, const char *s)
{
	return ptn_buf_add(b, s, strlen(s));
}

void ptn_buf_took(struct ptn_buf *b, size_t n)
{
	b->head += n;
	if (b->head == b->tail)
		ptn_buf_clear(b);
}

void ptn_buf_cut(struct ptn_buf *b, size_t len)
{
	if (len < ptn_buf_len(b)) {
		wipe(b, b->head + len, ptn_buf_len(b) - len);
		b->tail = b->head + len;
	}
}

void ptn_buf_clear(struct ptn_buf *b)
{
	if (b->tail)
		wipe(b, 0, b->tail);
	b->head = b->tail = 0;
}

void ptn_buf_free(struct ptn_buf *b)
{
	release(b);
	*b = (struct ptn_buf){.open = b->open};
}
