/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The public functions on a world's network and clock.  Linked with --wrap for what makes a network
 * of the system's, for the clock and for poll(2), which lets time go by.
 */
#ifndef TESTS_CORE_FAKE_HANDLE_H
#define TESTS_CORE_FAKE_HANDLE_H

#include "postern.h"
#include "world.h"

extern struct world the_world; /* every handle's */
extern int no_network; /* making one fails */
extern int polls; /* waits since the start; too many are an error */

/* A handle for url in a new world: ports 1 and on, with these moods ("grdsb" for good, refused,
 * dropped, silent, blunt). */
postern *new_handle(const char *url, const char *moods);
/* p, made in whatever way, belongs to the world from now on. */
void take_over(postern *p);

postern_mail *new_mail(const char *text); /* one recipient, nothing added to the header */

#endif
