/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The addresses of a header field (RFC 5322 3.4): mailboxes with and without display names, quoted
 * strings, comments, folding and groups.  Whether an address may be used in SMTP is for the library
 * to say.
 */
#ifndef CLI_ADDRESS_H
#define CLI_ADDRESS_H

#include <stddef.h>

#include "str.h"

/* Add each addr-spec ("local@domain") of the list to out.  0; -1 with a sentence in why; -2 out of
 * memory.  A list without any address is no error. */
int address_list(struct list *out, const char *s, size_t n, char *why, size_t size);

#endif
