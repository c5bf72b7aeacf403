/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "failure.h"

#include <stdarg.h>
#include <stdio.h>

static const struct {
	int status;
	const char *id;
} kinds[] = {
	[FAIL_USAGE] = {EXIT_USAGE, "usage"},
	[FAIL_MESSAGE] = {EXIT_MESSAGE, "message-unusable"},
	[FAIL_ADDRESS] = {EXIT_MESSAGE, "address-unusable"},
	[FAIL_INPUT] = {EXIT_INPUT, "input-unreadable"},
	[FAIL_CONFIGURATION] = {EXIT_CONFIGURATION, "configuration"},
	[FAIL_MEMORY] = {EXIT_LATER, "no-memory"},
};

int fail(struct failure *f, int kind, const char *format, ...)
{
	va_list args;

	f->status = kinds[kind].status;
	f->id = kinds[kind].id;
	f->advice = "";
	va_start(args, format);
	vsnprintf(f->text, sizeof f->text, format, args);
	va_end(args);
	return f->status;
}
