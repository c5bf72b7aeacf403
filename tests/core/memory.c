/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "memory.h"

int grants = -1, refuse_once, refused;

void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

void *__wrap_calloc(size_t n, size_t size)
{
	if (!grants) {
		refused++;
		if (refuse_once)
			grants = -1;
		return NULL;
	}
	if (grants > 0)
		grants--;
	return __real_calloc(n, size);
}
