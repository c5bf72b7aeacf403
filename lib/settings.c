/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "base/buf.h"
#include "settings.h"

void ptn_trace(const struct ptn_settings *set, int dir, const char *line, size_t len)
{
	if (set->trace)
		set->trace(set->trace_arg, dir, line, len);
}

void ptn_remark(const struct ptn_settings *set, const char *const *parts)
{
	struct ptn_buf b = {0};
	int err = 0;

	if (!set->trace)
		return;
	for (; *parts && !err; parts++)
		err = ptn_buf_puts(&b, *parts);
	if (!err)
		ptn_trace(set, '*', ptn_buf_data(&b), ptn_buf_len(&b));
	ptn_buf_free(&b);
}
