/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "smtp.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_REPLY = 256 };

static void say(struct replies *out, const char *text, size_t len)
{
	memcpy(out->text + out->len, text, len);
	out->len += len;
}

#define SAY(out, text) say(out, text "\r\n", sizeof(text) + 1)

void smtp_greet(struct replies *out)
{
	SAY(out, "220 sink.example ESMTP");
}

/* Upper case, so that five octets are compared at once. */
static bool is(const char *line, size_t len, const char *verb, size_t n)
{
	if (len < n)
		return false;
	for (size_t i = 0; i < n; i++)
		if ((line[i] & ~0x20) != (verb[i] & ~0x20))
			return false;
	return true;
}

#define IS(line, len, verb) is(line, len, verb, sizeof(verb) - 1)

static void ehlo(const struct smtp *s, struct replies *out)
{
	SAY(out, "250-sink.example");
	SAY(out, "250-PIPELINING");
	SAY(out, "250-SIZE 1073741824");
	if (s->starttls)
		SAY(out, "250-STARTTLS");
	if (s->login)
		SAY(out, "250-AUTH PLAIN");
	if (s->chunking)
		SAY(out, "250-CHUNKING");
	SAY(out, "250-ENHANCEDSTATUSCODES");
	SAY(out, "250 8BITMIME");
}

static void accept_mail(struct smtp *s, struct replies *out)
{
	int n = snprintf(out->text + out->len, LONGEST_REPLY, "250 2.0.0 Ok: queued as %08lX\r\n",
			 ++s->accepted);

	out->len += (size_t)n;
	s->mail = false;
	s->recipients = 0;
	s->reading = COMMAND;
}

static void chunk(struct smtp *s, const char *line, size_t len, struct replies *out)
{
	char *end;

	if (!s->chunking || len < 6) {
		SAY(out, "500 5.5.1 Not offered");
		return;
	}
	s->chunk_left = strtoul(line + 5, &end, 10);
	s->last = (size_t)(end - line) + 5 <= len && IS(end, (size_t)5, " LAST");
	s->reading = CHUNK;
}

static void end_chunk(struct smtp *s, struct replies *out)
{
	s->reading = COMMAND;
	if (!s->recipients)
		SAY(out, "503 5.5.1 No recipients");
	else if (s->last)
		accept_mail(s, out);
	else
		SAY(out, "250 2.0.0 Ok");
}

static void mail(struct smtp *s, struct replies *out)
{
	if (s->mail) {
		SAY(out, "503 5.5.1 Nested MAIL");
		return;
	}
	s->mail = true;
	SAY(out, "250 2.1.0 Ok");
}

static void rcpt(struct smtp *s, struct replies *out)
{
	if (!s->mail) {
		SAY(out, "503 5.5.1 MAIL first");
		return;
	}
	s->recipients++;
	SAY(out, "250 2.1.5 Ok");
}

static void data(struct smtp *s, struct replies *out)
{
	if (!s->recipients) {
		SAY(out, "503 5.5.1 RCPT first");
		return;
	}
	s->reading = CONTENT;
	s->dot = 2; /* as behind a line end */
	SAY(out, "354 Go ahead");
}

static void auth(struct smtp *s, size_t len, struct replies *out)
{
	if (len > sizeof("AUTH PLAIN\r\n")) {
		SAY(out, "235 2.7.0 Ok");
		return;
	}
	s->reading = RESPONSE;
	SAY(out, "334 ");
}

static void command(struct smtp *s, const char *line, size_t len, struct replies *out)
{
	if (IS(line, len, "MAIL ")) {
		mail(s, out);
	} else if (IS(line, len, "RCPT ")) {
		rcpt(s, out);
	} else if (IS(line, len, "BDAT ")) {
		chunk(s, line, len, out);
	} else if (IS(line, len, "DATA")) {
		data(s, out);
	} else if (IS(line, len, "EHLO ")) {
		ehlo(s, out);
	} else if (IS(line, len, "HELO ")) {
		SAY(out, "250 sink.example");
	} else if (IS(line, len, "AUTH PLAIN")) {
		auth(s, len, out);
	} else if (IS(line, len, "STARTTLS") && s->starttls) {
		s->begin_tls = true;
		SAY(out, "220 2.0.0 Go ahead");
	} else if (IS(line, len, "RSET")) {
		s->mail = false;
		s->recipients = 0;
		SAY(out, "250 2.0.0 Ok");
	} else if (IS(line, len, "NOOP")) {
		SAY(out, "250 2.0.0 Ok");
	} else if (IS(line, len, "QUIT")) {
		s->quit = true;
		SAY(out, "221 2.0.0 Bye");
	} else {
		SAY(out, "500 5.5.1 Unknown");
	}
}

/* A line, or part of one that is kept. */
static size_t take_line(struct smtp *s, const char *in, size_t len, struct replies *out)
{
	const char *lf = memchr(in, '\n', len);
	size_t n = lf ? (size_t)(lf - in) + 1 : len;
	const char *line = in;
	size_t line_len = n;

	if (s->line_len || !lf) {
		if (n > sizeof(s->line) - s->line_len)
			return (size_t)-1;
		memcpy(s->line + s->line_len, in, n);
		s->line_len += n;
		line = s->line;
		line_len = s->line_len;
	}
	if (!lf)
		return n;
	s->line_len = 0;
	if (s->reading == RESPONSE) {
		s->reading = COMMAND;
		SAY(out, "235 2.7.0 Ok");
	} else {
		command(s, line, line_len, out);
	}
	return n;
}

static int next_dot(int seen, char c)
{
	static const char end[] = "\r\n.\r\n";

	if (c == end[seen])
		return seen + 1;
	return c == '\r' ? 1 : 0;
}

/* How much of CRLF the content ends with. */
static int tail(const char *in, size_t len)
{
	if (len >= 2 && memcmp(in + len - 2, "\r\n", 2) == 0)
		return 2;
	return len && in[len - 1] == '\r';
}

/* Looks for dots, of which there are few, and at their surroundings. */
static size_t take_content(struct smtp *s, const char *in, size_t len, struct replies *out)
{
	size_t i = 0, from;

	for (;;) {
		const char *dot;

		while (i < len && s->dot && s->dot < 5)
			s->dot = next_dot(s->dot, in[i++]);
		if (s->dot == 5)
			break;
		from = i;
		dot = i < len ? memchr(in + i, '.', len - i) : NULL;
		if (!dot) {
			if (i < len)
				s->dot = tail(in + from, len - from);
			s->octets += len;
			return len;
		}
		i = (size_t)(dot - in) + 1;
		if (i - from > 2 && memcmp(dot - 2, "\r\n", 2) == 0)
			s->dot = 3;
	}
	s->octets += i - 3; /* the CRLF before the dot is content */
	accept_mail(s, out);
	return i;
}

static size_t take_chunk(struct smtp *s, size_t len, struct replies *out)
{
	size_t n = len < s->chunk_left ? len : s->chunk_left;

	s->chunk_left -= n;
	s->octets += n;
	if (!s->chunk_left)
		end_chunk(s, out);
	return n;
}

size_t smtp_feed(struct smtp *s, const char *in, size_t len, struct replies *out)
{
	size_t used = 0, n;

	while ((used < len || (s->reading == CHUNK && !s->chunk_left)) && !s->begin_tls &&
	       !s->quit && out->len < sizeof(out->text) - 2 * LONGEST_REPLY) {
		if (s->reading == CHUNK)
			n = take_chunk(s, len - used, out);
		else if (s->reading == CONTENT)
			n = take_content(s, in + used, len - used, out);
		else
			n = take_line(s, in + used, len - used, out);
		if (n == (size_t)-1)
			return n;
		used += n;
	}
	return used;
}
