/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/address.h"
#include "base/buf.h"
#include "base/text.h"
#include "postern.h"
#include "smtp/command.h"
#include "smtp/session.h"

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
	int quoted = 0, high = 0;
	size_t n = 0;

	if (ptn_address_is_plain(s))
		return 1;
	for (; s[n]; n++) {
		unsigned char c = (unsigned char)s[n];

		if (n == PATH_MOST || c < ' ' || c == 0x7F || c == '<' || c == '>')
			return 0;
		high |= c & 0x80;
		if (c == '"')
			quoted = !quoted;
		else if (c == ' ' && !quoted)
			return 0;
		else if (c == '\\' && quoted && s[n + 1] == '"' && n + 1 < PATH_MOST)
			n++;
		else if (c == '\\' && quoted && s[n + 1] == '\\' && n + 1 < PATH_MOST)
			n++;
	}
	return !quoted && (!high || (utf8 && ptn_text_is_utf8(s, n)));
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

/* One more piece of a line that was found to have room for it. */
static char *say(char *to, const char *s)
{
	size_t n = strlen(s);

	memcpy(to, s, n);
	return to + n;
}

/* "VERB:<path>" at the start of line; gives its end. */
static char *say_path(char line[PTN_COMMAND_LINE], const char *verb, const char *path)
{
	return say(say(say(line, verb), path), ">");
}

/* ---- Parameters. ---- */

enum {
	ENVID_MOST = 100, /* RFC 3461 4.4, encoded */
	ORCPT_MOST = 500, /* 4.2, encoded */
	AUTH_MOST = 500, /* RFC 4954 5, with its keyword */
	SECONDS_MOST = 999999999 /* RFC 2852 4, RFC 4865 5: nine digits */
};

/* Printable ASCII and blanks (RFC 3461 4.4): n octets, and how long they are as xtext. */
static int is_printable(const char *s, size_t most)
{
	size_t n = 0, encoded = 0;

	for (; s[n] && encoded <= most; n++) {
		unsigned char c = (unsigned char)s[n];

		if (c < ' ' || c >= 0x7F)
			return 0;
		encoded += c == ' ' || c == '+' || c == '=' ? 3 : 1;
	}
	return n && encoded <= most;
}

int ptn_command_takes_extras(const struct ptn_smtp_extras *x)
{
	size_t moment = x->hold_until ? strlen(x->hold_until) : 0;

	if (x->ret && x->ret != 'F' && x->ret != 'H')
		return 0;
	if (x->envid && !is_printable(x->envid, ENVID_MOST))
		return 0;
	if (x->auth && *x->auth && (!is_path(x->auth, 0) || !is_printable(x->auth, AUTH_MOST - 6)))
		return 0;
	if (x->by && ((x->by != 'R' && x->by != 'N') || x->by_seconds > SECONDS_MOST ||
		      x->by_seconds < (x->by == 'R' ? 1 : -SECONDS_MOST)))
		return 0;
	if (x->hold_for > SECONDS_MOST || (x->hold_for && x->hold_until))
		return 0;
	if (x->hold_until &&
	    (moment != 20 || !ptn_text_is_moment(x->hold_until, 19) || x->hold_until[19] != 'Z'))
		return 0;
	return !x->has_priority || (x->priority >= -9 && x->priority <= 9);
}

/* The length of the address's type, up to the ";" (RFC 3461 4.2: an atom); 0 if there is none. */
static size_t type_length(const char *orcpt)
{
	size_t n = 0;

	while (ptn_text_is_alpha((unsigned char)orcpt[n]) ||
	       ptn_text_is_digit((unsigned char)orcpt[n]) || (n && orcpt[n] == '-'))
		n++;
	return orcpt[n] == ';' ? n : 0;
}

int ptn_command_is_utf8_address(const char *orcpt)
{
	return ptn_text_same(orcpt, type_length(orcpt), "utf-8", 5);
}

/* RFC 6533 3: as it is, but for what xtext could take for its own, and blanks. */
static int embeds(unsigned char c)
{
	return c == ' ' || c == '+' || c == '=' || c == '\\';
}

static int is_utf8_address(const char *s)
{
	size_t n = strlen(s), encoded = n;

	for (size_t i = 0; i < n && encoded <= ORCPT_MOST; i++)
		encoded += embeds((unsigned char)s[i]) ? 5 : 0;
	return n && encoded <= ORCPT_MOST && !ptn_text_has_control(s, n) && ptn_text_is_utf8(s, n);
}

int ptn_command_takes_asked(const struct ptn_smtp_asked *a, unsigned params)
{
	size_t type;

	if (a->notify > (PTN_NOTIFY_SUCCESS | PTN_NOTIFY_FAILURE | PTN_NOTIFY_DELAY) &&
	    a->notify != PTN_NOTIFY_NEVER)
		return 0;
	if (a->notify & PTN_NOTIFY_NEVER && a->notify != PTN_NOTIFY_NEVER)
		return 0;
	if (!a->orcpt)
		return 1;
	type = type_length(a->orcpt);
	if (!type || !a->orcpt[type + 1])
		return 0;
	if (ptn_command_is_utf8_address(a->orcpt))
		return params & PTN_PARAM_SMTPUTF8 && is_utf8_address(a->orcpt);
	return is_printable(a->orcpt, ORCPT_MOST);
}

static int put_word(struct ptn_buf *out, int err, const char *word)
{
	return err ? err : ptn_buf_puts(out, word);
}

static int put_number(struct ptn_buf *out, int err, const char *word, long long v)
{
	err = put_word(out, err, word);
	if (v < 0)
		err = put_word(out, err, "-");
	return err ? err : ptn_text_decimal(out, (unsigned long long)(v < 0 ? -v : v));
}

static int put_xtext(struct ptn_buf *out, int err, const char *word, const char *s)
{
	err = put_word(out, err, word);
	return err ? err : ptn_text_xtext(out, s, strlen(s));
}

static int put_extras(struct ptn_buf *out, const struct ptn_smtp_extras *x)
{
	int err = ptn_command_takes_extras(x) ? 0 : POSTERN_E_ARG;

	if (x->ret)
		err = put_word(out, err, x->ret == 'F' ? " RET=FULL" : " RET=HDRS");
	if (x->envid)
		err = put_xtext(out, err, " ENVID=", x->envid);
	if (x->auth)
		err = put_xtext(out, err, *x->auth ? " AUTH=" : " AUTH=<>", x->auth);
	if (x->requiretls)
		err = put_word(out, err, " REQUIRETLS");
	if (x->by) {
		err = put_number(out, err, " BY=", x->by_seconds);
		err = put_word(out, err, x->by == 'R' ? ";R" : ";N");
		err = put_word(out, err, x->by_trace ? "T" : "");
	}
	if (x->hold_for)
		err = put_number(out, err, " HOLDFOR=", (long long)x->hold_for);
	if (x->hold_until)
		err = put_word(out, put_word(out, err, " HOLDUNTIL="), x->hold_until);
	if (x->has_priority)
		err = put_number(out, err, " MT-PRIORITY=", x->priority);
	return err;
}

/* The path, and what every mail may have: 11 + 254 + 1 + 26 + 16 + 10 octets at most. */
int ptn_command_mail(struct ptn_buf *out, const char *path, unsigned params,
		     unsigned long long size, const struct ptn_smtp_extras *extras)
{
	size_t len = ptn_buf_len(out);
	char line[PTN_COMMAND_LINE], *at;
	int err;

	if (!ptn_command_takes_path(path, params))
		return POSTERN_E_ARG;
	at = say_path(line, "MAIL FROM:<", path);
	if (params & PTN_PARAM_SIZE) {
		at = say(at, " SIZE=");
		at += ptn_text_digits(at, size);
	}
	if (params & PTN_PARAM_8BITMIME)
		at = say(at, " BODY=8BITMIME");
	if (params & PTN_PARAM_BINARYMIME)
		at = say(at, " BODY=BINARYMIME");
	if (params & PTN_PARAM_SMTPUTF8)
		at = say(at, " SMTPUTF8");
	if (!extras)
		at = say(at, "\r\n");
	err = ptn_buf_add(out, line, (size_t)(at - line));
	if (err || !extras)
		return err;
	return finish(out, len, put_extras(out, extras));
}

static int put_notify(struct ptn_buf *out, unsigned notify)
{
	static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
	const char *before = " NOTIFY=";
	int err = 0;

	for (unsigned i = 0; i < 4; i++) {
		if (!(notify >> i & 1))
			continue;
		err = put_word(out, put_word(out, err, before), words[i]);
		before = ",";
	}
	return err;
}

static int put_utf8_address(struct ptn_buf *out, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";
	int err = 0;

	for (; *s && !err; s++) {
		char code[6] = {'\\', 'x', '{', hex[*s >> 4 & 15], hex[*s & 15], '}'};

		err = embeds((unsigned char)*s) ? ptn_buf_add(out, code, 6)
						: ptn_buf_add(out, s, 1);
	}
	return err;
}

static int put_asked(struct ptn_buf *out, const struct ptn_smtp_asked *a, unsigned params)
{
	size_t type = a->orcpt ? type_length(a->orcpt) : 0;
	int err = ptn_command_takes_asked(a, params) ? put_notify(out, a->notify) : POSTERN_E_ARG;

	if (err || !a->orcpt)
		return err;
	err = put_word(out, err, " ORCPT=");
	if (!err)
		err = ptn_buf_add(out, a->orcpt, type + 1);
	if (err)
		return err;
	return ptn_command_is_utf8_address(a->orcpt)
		       ? put_utf8_address(out, a->orcpt + type + 1)
		       : ptn_text_xtext(out, a->orcpt + type + 1, strlen(a->orcpt + type + 1));
}

int ptn_command_rcpt(struct ptn_buf *out, const char *path, unsigned params,
		     const struct ptn_smtp_asked *asked)
{
	size_t len = ptn_buf_len(out);
	char line[PTN_COMMAND_LINE], *at;
	int err;

	if (!*path || !ptn_command_takes_path(path, params))
		return POSTERN_E_ARG;
	at = say_path(line, "RCPT TO:<", path);
	if (!asked)
		at = say(at, "\r\n");
	err = ptn_buf_add(out, line, (size_t)(at - line));
	if (err || !asked)
		return err;
	return finish(out, len, put_asked(out, asked, params));
}

size_t ptn_command_bdat(char out[PTN_COMMAND_BDAT], unsigned long long n, int last)
{
	size_t len = 5;

	memcpy(out, "BDAT ", 5);
	len += ptn_text_digits(out + len, n);
	memcpy(out + len, last ? " LAST\r\n" : "\r\n", last ? 7 : 2);
	return len + (last ? 7 : 2);
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
