/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "server.h"

void server_begin(struct server *v, const struct script *script)
{
	memset(v, 0, sizeof(*v));
	v->script = script;
	octets_add(&v->last, "", 0);
}

void server_end(struct server *v)
{
	octets_free(&v->heard);
	octets_free(&v->said);
	octets_free(&v->last);
}

void server_hear(struct server *v, const char *p, size_t n)
{
	octets_add(&v->heard, p, n);
}

__attribute__((format(printf, 2, 3))) static void wrong(struct server *v, const char *format, ...)
{
	va_list args;

	if (*v->wrong)
		return;
	va_start(args, format);
	vsnprintf(v->wrong, sizeof(v->wrong), format, args);
	va_end(args);
}

/* One line into v->last; 0 if there is none yet. */
static int hear_line(struct server *v)
{
	const char *from = v->heard.p + v->read;
	const char *lf = v->heard.n > v->read ? memchr(from, '\n', v->heard.n - v->read) : NULL;
	size_t n;

	if (!lf)
		return 0;
	n = (size_t)(lf - from);
	v->read += n + 1;
	v->last.n = 0;
	octets_add(&v->last, from, n && from[n - 1] == '\r' ? n - 1 : n);
	return 1;
}

static int hear_content(struct server *v)
{
	while (hear_line(v))
		if (v->last.n == 1 && v->last.p[0] == '.')
			return 1;
	return 0;
}

/* "BDAT n" or "BDAT n LAST", and its n octets; 0 if they are not all there. */
static int hear_chunk(struct server *v, const struct script_step *step)
{
	size_t before = v->read, n = 0;

	if (!hear_line(v))
		return 0;
	if (!script_glob("BDAT *", 6, v->last.p, v->last.n)) {
		wrong(v, "line %u: expected BDAT, heard \"%s\"", step->line, v->last.p);
		return 0;
	}
	for (const char *at = v->last.p + 5; *at >= '0' && *at <= '9'; at++)
		n = n * 10 + (size_t)(*at - '0');
	if (v->heard.n - v->read < n) {
		v->read = before;
		return 0;
	}
	v->read += n;
	return 1;
}

static void expected(struct server *v, const struct script_step *step)
{
	if (!script_glob(step->text, step->len, v->last.p, v->last.n))
		wrong(v, "line %u: expected \"%s\", heard \"%s\"", step->line, step->text,
		      v->last.p);
}

static void challenge(struct server *v, const struct script_step *step)
{
	size_t n;
	char *text = script_challenge(step, v->last.p, v->last.n, &n);

	octets_add(&v->said, text, n);
	free(text);
}

static void repeat(struct server *v, const struct script_step *step)
{
	if (step->number && v->turns[v->at]++ == step->number) {
		v->turns[v->at] = 0;
		v->at = (size_t)step->more;
	}
}

/* 1: the step is done, go on behind it. */
static int follow(struct server *v, const struct script_step *step)
{
	switch (step->op) {
	case SCRIPT_SEND:
		octets_add(&v->said, step->text, step->len);
		return 1;
	case SCRIPT_CHALLENGE:
		challenge(v, step);
		return 1;
	case SCRIPT_EXPECT:
	case SCRIPT_MAYBE:
		if (!hear_line(v))
			return 0;
		expected(v, step);
		return 1;
	case SCRIPT_EXPECT_ANY:
		return hear_line(v);
	case SCRIPT_EXPECT_DATA:
		return hear_content(v);
	case SCRIPT_EXPECT_BDAT:
		return hear_chunk(v, step);
	case SCRIPT_NEVER:
		if (v->n_never < SERVER_NEVER)
			v->never[v->n_never++] = step;
		else
			wrong(v, "line %u: over %d \"never\"", step->line, SERVER_NEVER);
		return 1;
	case SCRIPT_STOP_READ:
		v->deaf = 1;
		return 1;
	case SCRIPT_REPEAT:
		repeat(v, step);
		return 1;
	case SCRIPT_END:
		v->at = (size_t)step->more - 1;
		return 1;
	case SCRIPT_SEG:
	case SCRIPT_CUT:
	case SCRIPT_DELAY:
		return 1;
	default:
		wrong(v, "line %u: \"%s\" needs a real connection", step->line,
		      script_name(step->op));
		return 0;
	}
}

static enum server_state stands_at(const struct server *v)
{
	if (v->at == v->script->n_steps)
		return SERVER_SILENT;
	switch (v->script->steps[v->at].op) {
	case SCRIPT_TLS:
		return SERVER_TLS;
	case SCRIPT_TLS_RAW:
		return SERVER_NOT_TLS;
	case SCRIPT_FIN:
	case SCRIPT_RST:
	case SCRIPT_TRUNCATE:
		return SERVER_CLOSED;
	default:
		return SERVER_LISTENS;
	}
}

enum server_state server_run(struct server *v)
{
	enum { ENOUGH = 1 << 18 }; /* not delivered yet: a script may repeat for ever */

	while (stands_at(v) == SERVER_LISTENS && v->said.n - v->delivered < ENOUGH && !*v->wrong) {
		if (!follow(v, &v->script->steps[v->at]))
			break;
		v->at++;
	}
	return stands_at(v);
}

void server_tls_over(struct server *v)
{
	v->at++;
}
