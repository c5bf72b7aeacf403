/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "address.h"

#include <stdio.h>
#include <string.h>

struct scan {
	const char *at, *end;
	struct list *out;
	int in_group;
	struct str words; /* what stands before an @, a < or a :, comments and blanks left out */
	int joined; /* and these are one local part, not a name of several words */
	const char *why; /* static sentence */
};

enum { BAD = -1, FULL = -2 };

static int refuse(struct scan *s, const char *why)
{
	s->why = why;
	return BAD;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static int is_control(char c)
{
	return (unsigned char)c < 0x20 || c == 0x7F;
}

/* atext, the dot, and UTF-8 (RFC 6532 3.2) */
static int is_atom(char c)
{
	return !is_blank(c) && !is_control(c) && !strchr("()<>[]:;@\\,\"", c);
}

static int peek(const struct scan *s)
{
	return s->at < s->end ? (unsigned char)*s->at : -1;
}

/* at stands on "(": comments nest */
static int skip_comment(struct scan *s)
{
	int depth = 0;

	for (; s->at < s->end; s->at++) {
		if (*s->at == '\\' && s->at + 1 < s->end)
			s->at++;
		else if (*s->at == '(')
			depth++;
		else if (*s->at == ')' && --depth == 0) {
			s->at++;
			return 0;
		}
	}
	return refuse(s, "a comment is not closed with \")\"");
}

static int skip(struct scan *s)
{
	while (s->at < s->end) {
		if (is_blank(*s->at))
			s->at++;
		else if (*s->at != '(')
			break;
		else if (skip_comment(s))
			return BAD;
	}
	return 0;
}

/* at stands on the quote; kept with its quotes, the line ends of folding left out */
static int take_quoted(struct scan *s, struct str *to)
{
	const char *from = s->at++;

	str_add(to, from, 1);
	while (s->at < s->end && *s->at != '"') {
		size_t n = *s->at == '\\' && s->at + 1 < s->end ? 2 : 1;

		if (*s->at != '\r' && *s->at != '\n')
			str_add(to, s->at, n);
		s->at += n;
	}
	if (s->at == s->end)
		return refuse(s, "a quoted string is not closed with '\"'");
	str_add(to, s->at++, 1);
	return 0;
}

static void take_atom(struct scan *s, struct str *to)
{
	const char *from = s->at;

	while (s->at < s->end && is_atom(*s->at))
		s->at++;
	str_add(to, from, (size_t)(s->at - from));
}

/* Words up to a special: a display name, a local part or a group's name. */
static int take_words(struct scan *s)
{
	str_free(&s->words);
	s->joined = 1;
	for (;;) {
		int dot = s->words.n && s->words.s[s->words.n - 1] == '.';

		if (skip(s))
			return BAD;
		if (peek(s) != '"' && (peek(s) < 0 || !is_atom(*s->at)))
			return 0;
		/* Blanks may stand beside the dots of a local part, but nowhere else in it. */
		if (s->words.n && !dot && *s->at != '.')
			s->joined = 0;
		if (peek(s) != '"')
			take_atom(s, &s->words);
		else if (take_quoted(s, &s->words))
			return BAD;
	}
}

/* at stands behind "[" (RFC 5322 3.4.1) */
static int take_literal(struct scan *s, struct str *to)
{
	str_puts(to, "[");
	for (; s->at < s->end && *s->at != ']'; s->at++)
		if (!is_blank(*s->at))
			str_add(to, s->at, 1);
	if (s->at == s->end)
		return refuse(s, "a domain literal is not closed with \"]\"");
	s->at++;
	str_puts(to, "]");
	return 0;
}

/* at stands behind "@" */
static int take_domain(struct scan *s, struct str *to)
{
	size_t before = to->n;

	if (skip(s))
		return BAD;
	if (peek(s) == '[') {
		s->at++;
		return take_literal(s, to);
	}
	for (;;) {
		int more = peek(s) >= 0 && is_atom(*s->at) &&
			   (to->n == before || *s->at == '.' || to->s[to->n - 1] == '.');

		if (!more)
			break;
		take_atom(s, to);
		if (skip(s))
			return BAD;
	}
	return to->n > before ? 0 : refuse(s, "no domain follows the \"@\"");
}

/* at stands on "@", the local part is in words */
static int take_address(struct scan *s)
{
	struct str *address = &s->words;

	if (!address->n)
		return refuse(s, "no local part stands before the \"@\"");
	if (!s->joined)
		return refuse(s, "a local part holds a blank: quote it, or put the address in <>");
	s->at++;
	str_puts(address, "@");
	if (take_domain(s, address))
		return BAD;
	if (address->failed || list_add(s->out, address->s, address->n))
		return FULL;
	return 0;
}

/* "@a,@b:" before the address, which is obsolete and means nothing any more (RFC 5322 4.4) */
static int skip_route(struct scan *s)
{
	const char *colon = memchr(s->at, ':', (size_t)(s->end - s->at));

	if (!colon)
		return refuse(s, "a source route has no \":\"");
	s->at = colon + 1;
	return 0;
}

/* at stands behind "<" */
static int take_angle(struct scan *s)
{
	int rc;

	if (skip(s) || (peek(s) == '@' && skip_route(s)) || take_words(s))
		return BAD;
	if (peek(s) != '@')
		return refuse(s, "there is no local@domain between \"<\" and \">\"");
	rc = take_address(s);
	if (rc || skip(s))
		return rc ? rc : BAD;
	if (peek(s) != '>')
		return refuse(s, "a \"<\" is not closed with \">\"");
	s->at++;
	return 0;
}

/* One member of the list, up to the comma, the semicolon or the end. */
static int take_member(struct scan *s)
{
	int rc = take_words(s);

	if (rc)
		return rc;
	switch (peek(s)) {
	case '@':
		rc = take_address(s);
		break;
	case '<':
		s->at++;
		rc = take_angle(s);
		break;
	case ':':
		if (s->in_group || !s->words.n)
			return refuse(s, "a \":\" stands where no group begins");
		s->at++;
		s->in_group = 1;
		return 0;
	default:
		if (s->words.n)
			return refuse(s, "a name has no address: local@domain is missing");
	}
	return rc ? rc : skip(s);
}

static int take_separator(struct scan *s)
{
	if (peek(s) == ',') {
		s->at++;
		return 0;
	}
	if (peek(s) == ';' && s->in_group) {
		s->in_group = 0;
		s->at++;
		if (skip(s))
			return BAD;
		if (peek(s) < 0 || peek(s) == ',')
			return 0;
		return refuse(s, "a comma is missing behind a group");
	}
	if (peek(s) == ';')
		return refuse(s, "a \";\" ends no group: addresses are separated by commas");
	return refuse(s, "a comma is missing between two addresses, or a character must be quoted");
}

static int take_list(struct scan *s)
{
	while (s->at < s->end) {
		int was_group = s->in_group;
		int rc = take_member(s);

		if (rc)
			return rc;
		if (s->in_group && !was_group)
			continue; /* the group's first member */
		rc = s->at < s->end ? take_separator(s) : 0;
		if (rc)
			return rc;
	}
	return s->in_group ? refuse(s, "a group is not closed with \";\"") : 0;
}

int address_list(struct list *out, const char *s, size_t n, char *why, size_t size)
{
	struct scan scan = {.at = s, .end = s + n, .out = out, .why = ""};
	int rc = take_list(&scan);

	snprintf(why, size, "%s", scan.why);
	if (scan.words.failed)
		rc = FULL;
	str_free(&scan.words);
	return rc;
}
