/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Requests for memory that fail.  Linked with -Wl,--wrap=calloc, which all of the library's own
 * requests go through.
 */
#ifndef TESTS_CORE_MEMORY_H
#define TESTS_CORE_MEMORY_H

extern int grants; /* how many requests are still granted before one is refused; -1: all */
extern int refuse_once; /* only that one, and all others are granted again */
extern int refused; /* requests refused so far */

#endif
