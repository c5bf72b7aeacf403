/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The header of a message (RFC 5322 2.2): where it ends, its fields, and a copy without some.
 * Lines end in LF or CRLF.
 */
#ifndef CLI_HEADER_H
#define CLI_HEADER_H

#include <stddef.h>

#include "str.h"

/* The octets up to and with the empty line that ends the header; 0 where none was seen yet. */
size_t header_length(const char *s, size_t n);

struct field {
	const char *name, *value, *start; /* start: the whole field, with its line ends */
	size_t name_len, value_len, len;
	size_t line; /* of its first line, from 1 */
};

struct header { /* start with text, n and the rest zero */
	const char *text;
	size_t n, at, line;
};

/* The next field: 1; 0 behind the last; -1 where line (in f->line) is not a field. */
int header_next(struct header *h, struct field *f);

int field_is(const struct field *f, const char *name);

/* The header without its Bcc and Resent-Bcc fields, which are for the sender's eyes (RFC 5322
 * 3.6.3).  0, or the number of a line that is not a field. */
size_t header_without_bcc(struct str *out, const char *s, size_t n);

#endif
