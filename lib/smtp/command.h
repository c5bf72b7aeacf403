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
struct ptn_smtp_asked;
struct ptn_smtp_extras;

enum { /* parameters of MAIL FROM */
	PTN_PARAM_8BITMIME = 1,   /* BODY=8BITMIME (RFC 6152) */
	PTN_PARAM_SMTPUTF8 = 2,   /* RFC 6531; also lets the paths hold UTF-8 */
	PTN_PARAM_SIZE = 4,       /* RFC 1870 */
	PTN_PARAM_BINARYMIME = 8, /* BODY=BINARYMIME (RFC 3030) */
	PTN_PARAM_DSN = 16        /* RFC 3461: RCPT has some */
};

enum {
	PTN_COMMAND_LINE = 512, /* octets with CRLF (RFC 5321 4.5.3.1.4); each parameter adds its own */
	PTN_COMMAND_BDAT = 32   /* "BDAT", the longest number, "LAST" and CRLF */
};

int ptn_command_word(struct ptn_buf *out, const char *verb); /* "QUIT" */
int ptn_command_hello(struct ptn_buf *out, const char *verb, const char *name);
/* extras, asked: NULL for none. */
int ptn_command_mail(struct ptn_buf *out, const char *path, unsigned params, unsigned long long size,
		     const struct ptn_smtp_extras *extras);
int ptn_command_rcpt(struct ptn_buf *out, const char *path, unsigned params,
		     const struct ptn_smtp_asked *asked);
int ptn_command_takes_path(const char *path, unsigned params); /* 1 if these would take it */
int ptn_command_takes_extras(const struct ptn_smtp_extras *extras);
int ptn_command_takes_asked(const struct ptn_smtp_asked *asked, unsigned params);
int ptn_command_is_utf8_address(const char *orcpt); /* of the type "utf-8" (RFC 6533 3) */

/* "BDAT n LAST" and CRLF (RFC 3030 2): gives its length; no NUL. */
size_t ptn_command_bdat(char out[PTN_COMMAND_BDAT], unsigned long long n, int last);

/* AUTH with the initial response (RFC 4954 4; an empty one is "="), or without if initial is NULL.
 * POSTERN_E_UNSUPPORTED: the line would be too long; send it without. */
int ptn_command_auth(struct ptn_buf *out, const char *mechanism, const char *initial, size_t n);
int ptn_command_response(struct ptn_buf *out, const char *response, size_t n); /* base64 and CRLF */

#endif
