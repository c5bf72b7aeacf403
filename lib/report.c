/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "postern.h"
#include "report.h"

enum { VALUE_MOST = 4096 };

void ptn_report_octets(struct postern_report *r, const char *key, const char *p, size_t n)
{
	struct ptn_section *s = r->into;
	struct ptn_buf shown = {0};
	char *copy = NULL;

	if (!n || s->n == PTN_REPORT_KEYS)
		return;
	if (!ptn_text_escape(&shown, p, n, VALUE_MOST))
		copy = ptn_mem_copy(ptn_buf_data(&shown), ptn_buf_len(&shown));
	ptn_buf_free(&shown);
	if (!copy) {
		r->failed = 1;
		return;
	}
	s->v[s->n].key = key;
	s->v[s->n++].value = copy;
}

void ptn_report_add(struct postern_report *r, const char *key, const char *value)
{
	ptn_report_octets(r, key, value, strlen(value));
}

void ptn_report_buf(struct postern_report *r, const char *key, const struct ptn_buf *b)
{
	size_t n = ptn_buf_len(b);
	const char *p = ptn_buf_data(b);

	ptn_report_octets(r, key, p, n && !p[n - 1] ? n - 1 : n);
}

void ptn_report_number(struct postern_report *r, const char *key, unsigned long long n)
{
	char digits[PTN_TEXT_DIGITS];

	ptn_report_octets(r, key, digits, ptn_text_digits(digits, n));
}

/* ---- The public side. ---- */

void postern_report_free(postern_report *r)
{
	if (!r)
		return;
	for (size_t i = 0; i <= PTN_ROUTE_MOST; i++)
		for (size_t k = 0; k < r->at[i].n; k++)
			ptn_mem_free(r->at[i].v[k].value);
	ptn_mem_free(r);
}

size_t postern_report_ports(const postern_report *r)
{
	return r ? r->ports : 0;
}

static const struct ptn_section *section(const postern_report *r, size_t i)
{
	static const struct ptn_section none;

	if (!r || i > r->ports)
		return &none;
	return i == r->ports ? &r->at[PTN_ROUTE_MOST] : &r->at[i];
}

size_t postern_report_size(const postern_report *r, size_t i)
{
	return section(r, i)->n;
}

const char *postern_report_key(const postern_report *r, size_t i, size_t k)
{
	return k < section(r, i)->n ? section(r, i)->v[k].key : "";
}

const char *postern_report_value(const postern_report *r, size_t i, size_t k)
{
	return k < section(r, i)->n ? section(r, i)->v[k].value : "";
}

const char *postern_report_get(const postern_report *r, size_t i, const char *key)
{
	const struct ptn_section *s = section(r, i);

	for (size_t k = 0; key && k < s->n; k++)
		if (!strcmp(s->v[k].key, key))
			return s->v[k].value;
	return "";
}
