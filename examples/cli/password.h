/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A password from a file: never from the command line, where others could see it.
 */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "failure.h"

enum { MOST_PASSWORD = 4096 };

/* The first line of the file (- is standard input), without its line end.  0, or the failure's
 * status; wipe the password in any case. */
int password_read(char password[MOST_PASSWORD], const char *file, struct failure *f);

#endif
