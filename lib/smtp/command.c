/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "postern.h"
#include "smtp/command.h"

enum {
	PATH_MOST = 254, /* RFC 5321 4.5.3.1.3: 256 octets with the "<>" */
	WORD_MOST = 255 /* 4.5.3.1.2; two words and a blank stay within a command line */
};

/* A token of ours or of the caller's: printable ASCII without a blank. */
static int is_word(const char *s)
{
	size_t n = 0;

	for (; s[n] && n <= WORD_MOST; n++)
		if ((unsigned char)s[n] <= ' ' || (unsigned char)s[n] >= 0x7F)
			return 0;
	return n > 0 && n <= WORD_MOST;
}

/* Blanks are allowed only inside a quoted string, angle brackets nowhere: a server that takes the
 * first '>' for the end would read the rest as parameters. */
static int is_path(const char *s, int utf8)
{
	size_t n = strlen(s);
	int quoted = 0;

	if (n > PATH_MOST || ptn_text_has_control(s, n) || strpbrk(s, "<>"))
		return 0;
	if (ptn_text_has_8bit(s, n) && (!utf8 || !ptn_text_is_utf8(s, n)))
		return 0;
	for (size_t i = 0; i < n; i++) {
		if (quoted && s[i] == '\\' && i + 1 < n)
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
		else if (s[i] == ' ' && !quoted)
			return 0;
	}
	return !quoted;
}

/* Undo what was added since len if any part failed: half a command must not stay. */
static int finish(struct ptn_buf *out, size_t len, int err)
{
	if (!err)
		err = ptn_buf_puts(out, "\r\n");
	if (err)
		ptn_buf_cut(out, len);
	return err;
}

int ptn_command_word(struct ptn_buf *out, const char *verb)
{
	size_t len = ptn_buf_len(out);

	return finish(out, len, is_word(verb) ? ptn_buf_puts(out, verb) : POSTERN_E_ARG);
}

int ptn_command_hello(struct ptn_buf *out, const char *verb, const char *name)
{
	size_t len = ptn_buf_len(out);
	int err = is_word(verb) && is_word(name) ? 0 : POSTERN_E_ARG;

	if (!err)
		err = ptn_buf_puts(out, verb);
	if (!err)
		err = ptn_buf_puts(out, " ");
	if (!err)
		err = ptn_buf_puts(out, name);
	return finish(out, len, err);
}

int ptn_command_takes_path(const char *path, unsigned params)
{
	return is_path(path, (params & PTN_PARAM_SMTPUTF8) != 0);
}

static int put_path(struct ptn_buf *out, const char *verb, const char *path, unsigned params)
{
	int err = ptn_command_takes_path(path, params) ? 0 : POSTERN_E_ARG;

	if (!err)
		err = ptn_buf_puts(out, verb);
	if (!err)
		err = ptn_buf_puts(out, "<");
	if (!err)
		err = ptn_buf_puts(out, path);
	if (!err)
		err = ptn_buf_puts(out, ">");
	return err;
}

int ptn_command_mail(struct ptn_buf *out, const char *path, unsigned params,
		     unsigned long long size)
{
	size_t len = ptn_buf_len(out);
	int err = put_path(out, "MAIL FROM:", path, params);

	if (!err && params & PTN_PARAM_SIZE)
		err = ptn_buf_puts(out, " SIZE=");
	if (!err && params & PTN_PARAM_SIZE)
		err = ptn_text_decimal(out, size);
	if (!err && params & PTN_PARAM_8BITMIME)
		err = ptn_buf_puts(out, " BODY=8BITMIME");
	if (!err && params & PTN_PARAM_SMTPUTF8)
		err = ptn_buf_puts(out, " SMTPUTF8");
	return finish(out, len, err);
}

int ptn_command_rcpt(struct ptn_buf *out, const char *path, unsigned params)
{
	size_t len = ptn_buf_len(out);
	int err = *path ? put_path(out, "RCPT TO:", path, params) : POSTERN_E_ARG;

	return finish(out, len, err);
}

int ptn_command_auth(struct ptn_buf *out, const char *mechanism, const char *initial, size_t n)
{
	size_t len = ptn_buf_len(out);
	int err = is_word(mechanism) ? 0 : POSTERN_E_ARG;

	/* "AUTH ", a blank and CRLF are 8 octets. */
	if (!err && initial &&
	    (n > PTN_COMMAND_LINE || 8 + strlen(mechanism) + (n + 2) / 3 * 4 > PTN_COMMAND_LINE))
		err = POSTERN_E_UNSUPPORTED;
	if (!err)
		err = ptn_buf_puts(out, "AUTH ");
	if (!err)
		err = ptn_buf_puts(out, mechanism);
	if (!err && initial)
		err = ptn_buf_puts(out, n ? " " : " =");
	if (!err && initial)
		err = ptn_text_base64(out, initial, n);
	return finish(out, len, err);
}

int ptn_command_response(struct ptn_buf *out, const char *response, size_t n)
{
	size_t len = ptn_buf_len(out);

	return finish(out, len, ptn_text_base64(out, response, n));
}
