/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "conn.h"
#include "server.h"

#define SHOWN 2048 /* octets of one line */

/* The one log of the program. */
static FILE *file;
static long long began;
static unsigned violations;

int log_open(const char *name)
{
	began = server_now();
	if (!name)
		return 0;
	file = strcmp(name, "-") == 0 ? stdout : fopen(name, "w");
	if (!file)
		return -1;
	setvbuf(file, NULL, _IOLBF, 8192);
	return 0;
}

void log_close(void)
{
	if (file && file != stdout)
		fclose(file);
	file = NULL;
}

static void put(const struct conn *c, char who, const char *s, size_t n)
{
	struct bytes b = {0};
	long long ms = server_now() - began;

	if (!file)
		return;
	bytes_format(&b, "%lld.%03lld %u %s %c %s %u ", ms / 1000, ms % 1000, c->id,
		     c->listener->spec->name, who,
		     c->tls_state == TLS_ON && c->tls.version ? c->tls.version : "clear", c->turn);
	bytes_escape(&b, s, n, SHOWN);
	fprintf(file, "%s\n", b.p);
	bytes_free(&b);
}

void log_text(const struct conn *c, char who, const char *s, size_t n)
{
	while (n > 0) {
		const char *lf = memchr(s, '\n', n);
		size_t len = lf ? (size_t)(lf - s) + 1 : n;

		put(c, who, s, len);
		s += len;
		n -= len;
	}
}

void log_event(const struct conn *c, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put(c, '*', text, strlen(text));
}

void log_violation(const struct conn *c, const char *format, ...)
{
	char text[512];
	struct bytes shown = {0};
	va_list args;
	int n = snprintf(text, sizeof(text), "violation: ");

	va_start(args, format);
	vsnprintf(text + n, sizeof(text) - (size_t)n, format, args);
	va_end(args);
	violations++;
	put(c, '!', text, strlen(text));
	bytes_escape(&shown, text, strlen(text), sizeof(text));
	fprintf(stderr, "postern-sandbox: connection %u, listener %s: %s\n", c->id,
		c->listener->spec->name, shown.p);
	bytes_free(&shown);
}

unsigned log_violations(void)
{
	return violations;
}
