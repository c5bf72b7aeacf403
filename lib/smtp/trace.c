/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The conversation as lines for people.  Secrets were masked before they get here: what is sent in
 * AUTH is never passed in, and replies went through ptn_exchange_mask().
 */
#include <string.h>

#include "base/text.h"
#include "smtp/internal.h"

enum { LINE_MOST = 2048 };

static void add(struct ptn_smtp *s, const char *start, const char *line, size_t n)
{
	size_t before = ptn_buf_len(&s->trace);

	if (!s->policy->trace)
		return;
	/* A line that does not fit in memory is left out whole. */
	if (ptn_buf_puts(&s->trace, start) || ptn_text_escape(&s->trace, line, n, LINE_MOST) ||
	    ptn_buf_puts(&s->trace, "\n"))
		ptn_buf_cut(&s->trace, before);
}

void ptn_trace_sent(struct ptn_smtp *s, const char *line, size_t n)
{
	add(s, ">", line, n);
}

static void show_reply(struct ptn_smtp *s, int masked)
{
	char start[6] = {'<',
			 (char)('0' + s->reply.code / 100),
			 (char)('0' + s->reply.code / 10 % 10),
			 (char)('0' + s->reply.code % 10),
			 '-',
			 '\0'};
	const char *line;
	size_t n;

	for (size_t i = 0; (line = ptn_reply_line(&s->reply, i, &n)); i++) {
		if (i + 1 == s->reply.lines)
			start[4] = ' ';
		if (masked && n)
			add(s, start, "***", 3);
		else
			add(s, start, line, n);
	}
}

void ptn_trace_reply(struct ptn_smtp *s, int masked)
{
	if (s->policy->trace)
		show_reply(s, masked);
}

void ptn_trace_remark(struct ptn_smtp *s, const char *text, unsigned long long n, const char *unit)
{
	struct ptn_buf line = {0};

	if (!s->policy->trace)
		return;
	if (!ptn_buf_puts(&line, text) && !ptn_text_decimal(&line, n) && !ptn_buf_puts(&line, unit))
		add(s, "*", ptn_buf_data(&line), ptn_buf_len(&line));
	ptn_buf_free(&line);
}

size_t ptn_smtp_trace(struct ptn_smtp *s, const char **p)
{
	struct ptn_buf swap = s->traced;

	ptn_buf_clear(&swap);
	s->traced = s->trace;
	s->trace = swap;
	*p = ptn_buf_data(&s->traced);
	return ptn_buf_len(&s->traced);
}
