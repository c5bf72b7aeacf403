/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE /* explicit_bzero */
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

void *ptn_mem_alloc(size_t n)
{
	return n ? calloc(1, n) : NULL;
}

/* realloc() would leave the old copy in freed memory, so the block is moved by hand. */
void *ptn_mem_grow(void *p, size_t old, size_t n)
{
	void *q = ptn_mem_alloc(n);

	if (!q)
		return NULL;
	if (p) {
		memcpy(q, p, old < n ? old : n);
		ptn_mem_release(p, old);
	}
	return q;
}

void ptn_mem_free(void *p)
{
	free(p);
}

/* Piece by piece: small ones are written as vectors, large ones in a way that is slow to begin. */
void ptn_mem_wipe(void *p, size_t n)
{
	enum { PIECE = 1024 };

	for (; p && n > PIECE; p = (char *)p + PIECE, n -= PIECE)
		explicit_bzero(p, PIECE);
	if (p && n)
		explicit_bzero(p, n);
}

void ptn_mem_release(void *p, size_t n)
{
	ptn_mem_wipe(p, n);
	free(p);
}

char *ptn_mem_copy(const char *s, size_t n)
{
	char *p = n < (size_t)-1 ? ptn_mem_alloc(n + 1) : NULL;

	if (p && n)
		memcpy(p, s, n);
	return p;
}

char *ptn_mem_string(const char *s)
{
	return s ? ptn_mem_copy(s, strlen(s)) : NULL;
}

void ptn_mem_release_string(char *s)
{
	if (s)
		ptn_mem_release(s, strlen(s));
}
