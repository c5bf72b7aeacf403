/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The malloc seam.  All memory of the library's own goes through here, so that the tests can fail
 * the nth request and find what was not wiped.
 */
#ifndef PTN_BASE_MEM_H
#define PTN_BASE_MEM_H

#include <stddef.h>

void *ptn_mem_alloc(size_t n);                      /* zeroed; NULL when out of memory or n == 0 */
void *ptn_mem_grow(void *p, size_t old, size_t n);  /* old octets are kept, the old block wiped */
void ptn_mem_free(void *p);                         /* for what holds no secret; NULL is nothing */
void ptn_mem_wipe(void *p, size_t n);               /* zeroes that the compiler may not leave out */
void ptn_mem_release(void *p, size_t n);            /* wipe n octets, then free */
char *ptn_mem_copy(const char *s, size_t n);        /* n octets and a NUL */
char *ptn_mem_string(const char *s);                /* copy of a C string; NULL for NULL */
void ptn_mem_release_string(char *s);               /* wipe up to the NUL, then free */

#endif
