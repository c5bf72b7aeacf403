/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A JSON text (RFC 8259) flattened: {"a": [{"b": "x"}]} gives the path "a/0/b" with the value "x".
 * Numbers and words stand as they are written, null as "".
 */
#ifndef CLI_JSONREAD_H
#define CLI_JSONREAD_H

#include "str.h"

/* 0, -1 where the text is not JSON, -2 out of memory.  Free both lists in any case. */
int json_read(const char *text, size_t n, struct list *paths, struct list *values);
/* The value at the path; NULL if there is none. */
const char *json_at(const struct list *paths, const struct list *values, const char *path);

#endif
