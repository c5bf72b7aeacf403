/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One JSON value (RFC 8259), written front to back.  Strings come out as valid UTF-8 whatever went
 * in.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "str.h"

struct json { /* start with all zero but out */
	struct str *out;
	int behind; /* something stands before the next value: a comma is due */
};

void json_open(struct json *j, char bracket); /* '{' or '[' */
void json_close(struct json *j, char bracket); /* '}' or ']' */
void json_key(struct json *j, const char *key);
void json_string(struct json *j, const char *s);
void json_string_or_null(struct json *j, const char *s); /* "" and NULL give null */
void json_number(struct json *j, long long n);
void json_null(struct json *j);

#endif
