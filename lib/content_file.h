/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A file with a mail's content: read once to know it, and again to send it.  Never mapped, as a
 * file that is cut meanwhile would end the process.
 */
#ifndef PTN_CONTENT_FILE_H
#define PTN_CONTENT_FILE_H

#include <stddef.h>

struct ptn_file;

/* Open path.  NULL: *fault is CONTENT_FILE, SYSTEM or NO_MEMORY, *why the system's reason
 * (static). */
struct ptn_file *ptn_file_open(const char *path, int *fault, const char **why);
void ptn_file_close(struct ptn_file *f);

/* It has a size, and can be read again from any place; else it is a pipe or the like. */
int ptn_file_is_regular(const struct ptn_file *f);
unsigned long long ptn_file_size(const struct ptn_file *f); /* when it was opened */

/* A count of octets, 0 at the end, POSTERN_LATER where a pipe has none yet, or -1 with the system's
 * reason in *why.  A pipe that nobody has written to is waited for. */
ptrdiff_t ptn_file_read(struct ptn_file *f, char *buf, size_t cap, const char **why);
/* Go on at this octet.  0 or -1. */
int ptn_file_seek(struct ptn_file *f, unsigned long long at);
/* It is not what it was when it was opened. */
int ptn_file_changed(const struct ptn_file *f);

#endif
