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
	c->has = 0;
	c->size = 0;
	ptn_buf_clear(&c->auth);
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

static int read_keyword(struct ptn_capability *c, const char *line, size_t n)
{
	size_t word = word_length(line, n);
	size_t rest = word < n ? word + 1 : n;

	if (word >= 5 && ptn_text_same(line, 5, "AUTH=", 5))
		return add_mechanisms(c, line + 5, n - 5);
	for (size_t i = 0; i < sizeof(keywords) / sizeof(*keywords); i++) {
		if (!ptn_text_same(line, word, keywords[i], strlen(keywords[i])))
			continue;
		c->has |= 1u << i;
		if (i == PTN_CAP_BIT_SIZE)
			read_size(c, line + rest, n - rest);
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
