/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>

#include "failing.h"

enum { BLOCKS = 512 };

static struct {
	int on, from_there_on;
	long at, count;
	void *blocks[BLOCKS];
	size_t sizes[BLOCKS];
	size_t n, octets, peak;
} state;

void *__real_calloc(size_t n, size_t size);
void __real_free(void *p);
void *__wrap_calloc(size_t n, size_t size);
void __wrap_free(void *p);

void *__wrap_calloc(size_t n, size_t size)
{
	void *p;
	long k;

	if (!state.on)
		return __real_calloc(n, size);
	k = state.count++;
	if (state.at >= 0 && (k == state.at || (state.from_there_on && k > state.at)))
		return NULL;
	p = __real_calloc(n, size);
	if (!p || state.n == BLOCKS)
		abort();
	state.blocks[state.n] = p;
	state.sizes[state.n++] = n * size;
	state.octets += n * size;
	if (state.octets > state.peak)
		state.peak = state.octets;
	return p;
}

void __wrap_free(void *p)
{
	for (size_t i = state.n; p && i-- > 0;)
		if (state.blocks[i] == p) {
			state.octets -= state.sizes[i];
			state.n--;
			state.blocks[i] = state.blocks[state.n];
			state.sizes[i] = state.sizes[state.n];
			break;
		}
	__real_free(p);
}

void failing_begin(long at, int from_there_on)
{
	state.on = 1;
	state.at = at;
	state.from_there_on = from_there_on;
	state.count = 0;
	state.n = state.octets = state.peak = 0;
}

long failing_end(void)
{
	state.on = 0;
	return state.count;
}

size_t failing_live(void)
{
	return state.n;
}

size_t failing_peak(void)
{
	return state.peak;
}
