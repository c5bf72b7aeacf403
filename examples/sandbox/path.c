/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "path.h"

#include <string.h>

int path_parse(struct path *p, const char *s, size_t n)
{
	size_t i = 1;
	int quoted = 0;

	if (n < 2 || s[0] != '<')
		return -1;
	while (i < n && (quoted || s[i] != '>')) {
		if (quoted && s[i] == '\\')
			i++;
		else if (s[i] == '"')
			quoted = !quoted;
		else if (!quoted && (s[i] == ' ' || s[i] == '<'))
			return -1;
		i++;
	}
	if (i >= n)
		return -1;
	p->address = s + 1;
	p->n = i - 1;
	i++;
	if (i < n && s[i] != ' ')
		return -1;
	while (i < n && s[i] == ' ')
		i++;
	while (n > i && s[n - 1] == ' ')
		n--;
	p->parameters = s + i;
	p->n_parameters = n - i;
	return 0;
}

static int is_label(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '-' || c == '_' || c >= 0x80;
}

static int is_domain(const char *s, size_t n)
{
	if (n > 2 && s[0] == '[')
		return s[n - 1] == ']';
	if (n == 0 || n > 255 || s[0] == '.' || s[n - 1] == '.')
		return 0;
	for (size_t i = 0; i < n; i++)
		if (s[i] == '.' ? s[i - 1] == '.' : !is_label((unsigned char)s[i]))
			return 0;
	return 1;
}

static int is_atext(unsigned char c)
{
	return is_label(c) || (c && strchr("!#$%&'*+/=?^`{|}~.", c));
}

static int is_local(const char *s, size_t n)
{
	if (n == 0)
		return 0;
	if (s[0] == '"')
		return n > 1 && s[n - 1] == '"';
	for (size_t i = 0; i < n; i++)
		if (!is_atext((unsigned char)s[i]))
			return 0;
	return s[0] != '.' && s[n - 1] != '.';
}

int path_is_mailbox(const char *s, size_t n)
{
	size_t at = n;

	while (at > 0 && s[at - 1] != '@')
		at--;
	return at > 0 && is_local(s, at - 1) && is_domain(s + at, n - at);
}

int path_parameter(const struct path *p, size_t *at, const char **key, size_t *nkey,
		   const char **value, size_t *nvalue)
{
	const char *s = p->parameters;
	size_t i = *at, from;

	while (i < p->n_parameters && s[i] == ' ')
		i++;
	if (i >= p->n_parameters)
		return 0;
	from = i;
	while (i < p->n_parameters && s[i] != ' ' && s[i] != '=')
		i++;
	*key = s + from;
	*nkey = i - from;
	*value = s + i;
	*nvalue = 0;
	if (i < p->n_parameters && s[i] == '=') {
		*value = s + ++i;
		while (i < p->n_parameters && s[i] != ' ')
			i++;
		*nvalue = (size_t)(s + i - *value);
	}
	*at = i;
	return 1;
}
