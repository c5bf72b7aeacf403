/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The only place where a command is formatted.  Every argument is checked here, whatever was
 * checked before: nothing with CR, LF, NUL or another control reaches the wire, and no path can
 * end its own "<>" (RFC 5321 4.1.2).
 *
 * Each gives 0, POSTERN_E_NOMEM, or POSTERN_E_ARG; then nothing was added.
 */
#ifndef PTN_SMTP_COMMAND_H
#define PTN_SMTP_COMMAND_H

#include <stddef.h>

struct ptn_buf;

enum { /* parameters of MAIL FROM */
	PTN_PARAM_8BITMIME = 1, /* BODY=8BITMIME (RFC 6152) */
	PTN_PARAM_SMTPUTF8 = 2, /* RFC 6531; also lets the paths hold UTF-8 */
	PTN_PARAM_SIZE = 4      /* RFC 1870 */
};

enum { PTN_COMMAND_LINE = 512 }; /* octets with CRLF (RFC 5321 4.5.3.1.4) */

int ptn_command_word(struct ptn_buf *out, const char *verb); /* "QUIT" */
int ptn_command_hello(struct ptn_buf *out, const char *verb, const char *name);
int ptn_command_mail(struct ptn_buf *out, const char *path, unsigned params, unsigned long long size);
int ptn_command_rcpt(struct ptn_buf *out, const char *path, unsigned params);
int ptn_command_takes_path(const char *path, unsigned params); /* 1 if these would take it */

/* AUTH with the initial response (RFC 4954 4; an empty one is "="), or without if initial is NULL.
 * POSTERN_E_UNSUPPORTED: the line would be too long; send it without. */
int ptn_command_auth(struct ptn_buf *out, const char *mechanism, const char *initial, size_t n);
int ptn_command_response(struct ptn_buf *out, const char *response, size_t n); /* base64 and CRLF */

#endif
