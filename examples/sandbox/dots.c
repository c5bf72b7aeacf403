/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "dots.h"

int dots_octet(enum dots *at, char k, struct bytes *out)
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
