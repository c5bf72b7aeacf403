/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dots.h"

#include <string.h>

static int take_octet(enum dots *at, char k, struct bytes *out)
{
	switch (*at) {
	case DOTS_START:
		if (k == '.') {
			*at = DOTS_DOT;
			return 0;
		}
		break;
	case DOTS_MIDDLE:
		break;
	case DOTS_CR:
		if (k == '\n') {
			bytes_add(out, &k, 1);
			*at = DOTS_START;
			return 0;
		}
		break;
	case DOTS_DOT: /* that dot is taken away */
		if (k == '\r') {
			*at = DOTS_DOT_CR;
			return 0;
		}
		break;
	case DOTS_DOT_CR:
		if (k == '\n')
			return 1;
		bytes_text(out, "\r");
		break;
	}
	bytes_add(out, &k, 1);
	*at = k == '\r' ? DOTS_CR : DOTS_MIDDLE;
	return 0;
}

int dots_take(enum dots *at, const char *p, size_t n, size_t *used, struct bytes *out)
{
	size_t i = 0;
	int end = 0;

	while (!end && i < n) {
		const char *cr = *at == DOTS_MIDDLE ? memchr(p + i, '\r', n - i) : p + i;
		size_t run = cr ? (size_t)(cr - p) - i : n - i;

		bytes_add(out, p + i, run); /* nothing in it can change the state */
		i += run;
		if (i < n)
			end = take_octet(at, p[i++], out);
	}
	*used = i;
	return end;
}
