/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Memory that runs out on demand: link with -Wl,--wrap=calloc -Wl,--wrap=free.  Between begin and
 * end every calloc() is counted, and its block watched until it is freed.
 */
#ifndef TESTS_FAILING_H
#define TESTS_FAILING_H

#include <stddef.h>

void failing_begin(long at, int from_there_on); /* the request to fail, from 0; -1: none */
long failing_end(void); /* how many requests were made */
size_t failing_live(void); /* blocks asked for since begin and not freed */
size_t failing_peak(void); /* octets, the most at one time since begin */

#endif
