/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Counts allocations, by LD_PRELOAD, on glibc.  At the end of the process it appends a line to
 * $BENCH_COUNTS: how many there were, and how many of them were asked for by libpostern itself.
 */
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);

enum { CALLERS = 1 << 14 };

static struct {
	_Atomic(void *) at;
	atomic_ulong n;
} callers[CALLERS];

static void count(void *caller)
{
	size_t i = ((uintptr_t)caller * 2654435761u) % CALLERS;

	for (size_t tries = 0; tries < CALLERS; tries++, i = (i + 1) % CALLERS) {
		void *none = NULL;

		if (atomic_load(&callers[i].at) == caller ||
		    atomic_compare_exchange_strong(&callers[i].at, &none, caller) ||
		    none == caller) {
			atomic_fetch_add(&callers[i].n, 1);
			return;
		}
	}
}

void *malloc(size_t size)
{
	count(__builtin_return_address(0));
	return __libc_malloc(size);
}

void *calloc(size_t n, size_t size)
{
	count(__builtin_return_address(0));
	return __libc_calloc(n, size);
}

void *realloc(void *p, size_t size)
{
	count(__builtin_return_address(0));
	return __libc_realloc(p, size);
}

void *aligned_alloc(size_t alignment, size_t size)
{
	count(__builtin_return_address(0));
	return __libc_memalign(alignment, size);
}

int posix_memalign(void **out, size_t alignment, size_t size)
{
	count(__builtin_return_address(0));
	*out = __libc_memalign(alignment, size);
	return *out ? 0 : 12; /* ENOMEM */
}

static char file[4096]; /* some programs move their environment */

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("BENCH_COUNTS");

	if (name)
		snprintf(file, sizeof(file), "%s", name);
}

__attribute__((destructor)) static void tell(void)
{
	unsigned long all = 0, ours = 0;
	Dl_info where;
	FILE *f = *file ? fopen(file, "a") : NULL;

	for (size_t i = 0; f && i < CALLERS; i++) {
		unsigned long n = atomic_load(&callers[i].n);

		all += n;
		if (n && dladdr(atomic_load(&callers[i].at), &where) && where.dli_fname &&
		    strstr(where.dli_fname, "libpostern"))
			ours += n;
	}
	if (f) {
		fprintf(f, "%lu %lu\n", all, ours);
		fclose(f);
	}
}
