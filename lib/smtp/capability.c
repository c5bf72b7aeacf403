/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "smtp/capability.h"
#include "smtp/reply.h"

static const char *const keywords[] = {
#define X(name, keyword) keyword,
	PTN_CAPABILITIES(X)
#undef X
};

void ptn_capability_clear(struct ptn_capability *c)
{
	struct ptn_buf auth = c->auth;

	ptn_buf_clear(&auth);
	*c = (struct ptn_capability){.auth = auth};
}

void ptn_capability_free(struct ptn_capability *c)
{
	ptn_buf_free(&c->auth);
}

static size_t word_length(const char *s, size_t n)
{
	const char *blank = memchr(s, ' ', n);

	return blank ? (size_t)(blank - s) : n;
}

/* Some servers offer "AUTH PLAIN" and "AUTH=PLAIN" for old clients: the lists are merged. */
static int add_mechanisms(struct ptn_capability *c, const char *s, size_t n)
{
	int err;

	if (ptn_buf_len(&c->auth))
		ptn_buf_cut(&c->auth, ptn_buf_len(&c->auth) - 1);
	err = ptn_buf_add(&c->auth, s, n);
	if (!err)
		err = ptn_buf_add(&c->auth, " ", 2);
	c->has |= PTN_CAP_AUTH;
	return err;
}

static void read_size(struct ptn_capability *c, const char *s, size_t n)
{
	while (n && s[n - 1] == ' ')
		n--;
	if (ptn_text_number(s, n, (unsigned long long)-1, &c->size))
		c->size = 0;
}

/* The first word of s as a number from 1 to 999,999,999; 0 if it is none. */
static unsigned long read_count(const char *s, size_t n)
{
	unsigned long long v = 0;

	return ptn_text_number(s, word_length(s, n), 999999999, &v) ? 0 : (unsigned long)v;
}

/* RFC 9422 3: "NAME=value" each, values of up to six digits.  What is not understood is passed
 * over. */
static void read_limits(struct ptn_capability *c, const char *s, size_t n)
{
	const struct {
		const char *name;
		unsigned *value;
	} limits[] = {{"RCPTMAX=", &c->rcpt_max},
		      {"MAILMAX=", &c->mail_max},
		      {"RCPTDOMAINMAX=", &c->rcpt_domain_max}};

	while (n) {
		size_t word = word_length(s, n), len;
		unsigned long long v;

		for (size_t i = 0; i < 3; i++) {
			len = strlen(limits[i].name);
			if (word > len && ptn_text_same(s, len, limits[i].name, len) &&
			    !ptn_text_number(s + len, word - len, 999999, &v) && v)
				*limits[i].value = (unsigned)v;
		}
		word += word < n;
		s += word;
		n -= word;
	}
}

/* RFC 4865 4: the longest interval in seconds, and the last moment. */
static void read_future(struct ptn_capability *c, const char *s, size_t n)
{
	size_t word = word_length(s, n), used = word < n ? word + 1 : n;

	c->hold_most = read_count(s, word);
	s += used;
	n -= used;
	word = word_length(s, n);
	c->hold_until[0] = '\0';
	if (word >= sizeof(c->hold_until) && ptn_text_is_moment(s, 19)) {
		memcpy(c->hold_until, s, 19);
		c->hold_until[19] = '\0';
	}
}

static void read_values(struct ptn_capability *c, unsigned keyword, const char *s, size_t n)
{
	if (keyword == PTN_CAP_BIT_SIZE)
		read_size(c, s, n);
	else if (keyword == PTN_CAP_BIT_LIMITS)
		read_limits(c, s, n);
	else if (keyword == PTN_CAP_BIT_FUTURERELEASE)
		read_future(c, s, n);
	else if (keyword == PTN_CAP_BIT_DELIVERBY)
		c->by_least = read_count(s, n);
}

static int read_keyword(struct ptn_capability *c, const char *line, size_t n)
{
	size_t word = word_length(line, n);
	size_t rest = word < n ? word + 1 : n;

	if (word >= 5 && ptn_text_same(line, 5, "AUTH=", 5))
		return add_mechanisms(c, line + 5, n - 5);
	for (unsigned i = 0; i < sizeof(keywords) / sizeof(*keywords); i++) {
		if (!ptn_text_same(line, word, keywords[i], strlen(keywords[i])))
			continue;
		c->has |= 1u << i;
		read_values(c, i, line + rest, n - rest);
		if (i == PTN_CAP_BIT_AUTH)
			return add_mechanisms(c, line + rest, n - rest);
		break;
	}
	return 0;
}

int ptn_capability_read(struct ptn_capability *c, const struct ptn_reply *r)
{
	const char *line;
	size_t n;
	int err = 0;

	ptn_capability_clear(c);
	for (size_t i = 1; !err && (line = ptn_reply_line(r, i, &n)); i++)
		err = read_keyword(c, line, n);
	if (err)
		ptn_capability_clear(c); /* auth may lack its NUL */
	return err;
}

void ptn_capability_without(struct ptn_capability *c, unsigned without)
{
	c->has &= ~without;
	if (without & PTN_CAP_SIZE)
		c->size = 0;
	if (without & PTN_CAP_AUTH)
		ptn_buf_clear(&c->auth);
	if (without & PTN_CAP_LIMITS)
		c->rcpt_max = c->mail_max = c->rcpt_domain_max = 0;
}

const char *ptn_capability_keyword(unsigned bits)
{
	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++)
		if (bits >> i & 1)
			return keywords[i];
	return "";
}
