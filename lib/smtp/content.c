/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"
#include "smtp/content.h"

static int put(struct ptn_buf *out, const char *p, size_t n)
{
	return out ? ptn_buf_add(out, p, n) : 0;
}

static int refuse(struct ptn_content *c, int fault)
{
	c->fault = fault;
	return POSTERN_E_CONTENT;
}

static int end_line(struct ptn_content *c, struct ptn_buf *out)
{
	c->cr = 0;
	c->column = 0;
	c->line++;
	c->size += 2;
	return put(out, "\r\n", 2);
}

/* n octets of one line: no LF among them, and no CR. */
static int put_text(struct ptn_content *c, struct ptn_buf *out, const char *p, size_t n)
{
	int err;

	if (!n)
		return 0;
	if (memchr(p, '\0', n))
		return refuse(c, PTN_FAULT_CONTENT_NUL);
	if (n > PTN_CONTENT_LINE - c->column)
		return refuse(c, PTN_FAULT_CONTENT_LONG_LINE);
	if (!c->eightbit)
		c->eightbit = ptn_text_has_8bit(p, n);
	if (c->dots && !c->column && *p == '.') {
		err = put(out, ".", 1);
		if (err)
			return err;
	}
	c->column += n;
	c->size += n;
	return put(out, p, n);
}

int ptn_content_write(struct ptn_content *c, struct ptn_buf *out, const char *p, size_t n)
{
	int err = c->fault ? POSTERN_E_CONTENT : 0;

	while (n && !err) {
		const char *lf = memchr(p, '\n', n), *cr;
		size_t whole = lf ? (size_t)(lf - p) : n, text = whole;

		if (c->cr && lf != p)
			return refuse(c, PTN_FAULT_CONTENT_BARE_CR);
		cr = memchr(p, '\r', whole);
		if (cr && cr != p + whole - 1)
			return refuse(c, PTN_FAULT_CONTENT_BARE_CR);
		if (cr)
			text--;
		err = put_text(c, out, p, text);
		if (!err && lf)
			err = end_line(c, out);
		else if (!err && cr)
			c->cr = 1;
		p += whole + (lf ? 1 : 0);
		n -= whole + (lf ? 1 : 0);
	}
	return err;
}

int ptn_content_end(struct ptn_content *c, struct ptn_buf *out)
{
	int err = c->fault ? POSTERN_E_CONTENT : 0;

	if (!err && c->cr)
		return refuse(c, PTN_FAULT_CONTENT_BARE_CR);
	if (!err && c->column)
		err = end_line(c, out);
	if (!err && c->dots)
		err = put(out, ".\r\n", 3);
	return err;
}
