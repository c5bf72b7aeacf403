/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "queueid.h"
#include "said.h"
#include "smtp/reply.h"

struct ptn_said {
	unsigned owners;
	int code;
	char *text, *queue_id; /* NULL: not asked for yet */
	size_t n;
	char raw[]; /* lines, each ended by LF */
};

struct ptn_said *ptn_said_new(const struct ptn_reply *reply)
{
	size_t n = reply ? ptn_buf_len(&reply->text) : 0;
	struct ptn_said *s = reply ? ptn_mem_alloc(sizeof(*s) + n) : NULL;

	if (!s)
		return NULL;
	s->owners = 1;
	s->code = reply->code;
	s->n = n;
	memcpy(s->raw, ptn_buf_data(&reply->text), n);
	return s;
}

struct ptn_said *ptn_said_share(struct ptn_said *s)
{
	if (s)
		s->owners++;
	return s;
}

void ptn_said_drop(struct ptn_said *s)
{
	if (!s || --s->owners)
		return;
	ptn_mem_free(s->text);
	ptn_mem_free(s->queue_id);
	ptn_mem_free(s);
}

static char *show(struct ptn_said *s)
{
	struct ptn_reply r = {.code = s->code, .text = {.base = s->raw, .tail = s->n, .cap = s->n}};
	struct ptn_buf b = {0};
	char *text = NULL;

	if (!ptn_reply_show(&r, &b))
		text = ptn_mem_copy(ptn_buf_data(&b), ptn_buf_len(&b));
	ptn_buf_free(&b);
	return text;
}

const char *ptn_said_text(struct ptn_said *s)
{
	if (s && !s->text)
		s->text = show(s);
	return s && s->text ? s->text : "";
}

const char *ptn_said_queue_id(struct ptn_said *s)
{
	const char *text = ptn_said_text(s), *id;
	size_t n = 0;

	if (!s || s->queue_id)
		return s ? s->queue_id : "";
	id = ptn_queueid_find(text, &n);
	s->queue_id = id ? ptn_mem_copy(id, n) : NULL;
	return s->queue_id ? s->queue_id : "";
}
