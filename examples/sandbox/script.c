/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "script.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_TEXT (16u << 20) /* octets in one step */
#define MAX_DEPTH 4
#define MAX_NUMBER 1000000000l

/* How the arguments of a step are written. */
enum form {
	NOTHING,
	TEXT,
	GLOB,
	NUMBER,
	SEGMENT,
	CHECK,
	CERT,
	POST,
	PORT,
	REPEAT,
	END,
	CLASS,
	SECRET
};

static const struct word {
	const char *name;
	enum script_op op;
	enum form form;
} words[] = {
	{"greet", SCRIPT_SEND, TEXT},
	{"send", SCRIPT_SEND, TEXT},
	{"challenge", SCRIPT_CHALLENGE, TEXT},
	{"expect", SCRIPT_EXPECT, GLOB},
	{"expect-any", SCRIPT_EXPECT_ANY, NOTHING},
	{"maybe", SCRIPT_MAYBE, GLOB},
	{"expect-data", SCRIPT_EXPECT_DATA, CHECK},
	{"expect-bdat", SCRIPT_EXPECT_BDAT, CHECK},
	{"seg", SCRIPT_SEG, SEGMENT},
	{"cut", SCRIPT_CUT, NUMBER},
	{"delay", SCRIPT_DELAY, NUMBER},
	{"tls", SCRIPT_TLS, CERT},
	{"tls-raw", SCRIPT_TLS_RAW, TEXT},
	{"post", SCRIPT_POST_TICKETS, POST},
	{"stop-read", SCRIPT_STOP_READ, NUMBER},
	{"fin", SCRIPT_FIN, NOTHING},
	{"truncate", SCRIPT_TRUNCATE, NOTHING},
	{"rst", SCRIPT_RST, NOTHING},
	{"never", SCRIPT_NEVER, GLOB},
	{"limit-octets", SCRIPT_LIMIT_OCTETS, NUMBER},
	{"port", SCRIPT_SEND, PORT},
	{"repeat", SCRIPT_REPEAT, REPEAT},
	{"end", SCRIPT_END, END},
	{"outcome", SCRIPT_OUTCOME, CLASS},
	{"ports-tried", SCRIPT_PORTS_TRIED, TEXT},
	{"secret-seen", SCRIPT_SECRET_SEEN, SECRET},
	{"client", SCRIPT_CLIENT, TEXT},
};

struct parser {
	const char *p, *end; /* what is left of the line */
	unsigned line;
	struct script *script;
	struct script_error *error;
	size_t open[MAX_DEPTH]; /* the REPEATs not yet ended */
	unsigned depth;
};

struct octets {
	char *p;
	size_t n, cap;
};

static int fail(struct parser *c, const char *why, const char *what, size_t n)
{
	c->error->line = c->line;
	if (n > 40)
		n = 40;
	snprintf(c->error->text, sizeof(c->error->text), "%s%s%.*s%s", why, n ? " \"" : "", (int)n,
		 what, n ? "\"" : "");
	return -1;
}

static int no_memory(struct parser *c)
{
	c->error->line = 0;
	snprintf(c->error->text, sizeof(c->error->text), "out of memory");
	return -1;
}

static int is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* To the next argument: 1, or 0 at the end of the line. */
static int more(struct parser *c)
{
	while (c->p < c->end && is_blank(*c->p))
		c->p++;
	if (c->p < c->end && *c->p == '#')
		c->p = c->end;
	return c->p < c->end;
}

static const char *take_word(struct parser *c, size_t *n)
{
	const char *from;

	*n = 0;
	if (!more(c))
		return c->p;
	from = c->p;
	while (c->p < c->end && !is_blank(*c->p))
		c->p++;
	*n = (size_t)(c->p - from);
	return from;
}

static int same(const char *word, const char *s, size_t n)
{
	return strlen(word) == n && memcmp(word, s, n) == 0;
}

static int add(struct octets *o, const char *s, size_t n)
{
	if (o->n + n + 1 > o->cap) {
		size_t cap = o->cap ? o->cap : 64;
		char *p;

		while (cap < o->n + n + 1)
			cap *= 2;
		p = realloc(o->p, cap);
		if (!p)
			return -1;
		o->p = p;
		o->cap = cap;
	}
	if (n)
		memcpy(o->p + o->n, s, n);
	o->n += n;
	o->p[o->n] = '\0';
	return 0;
}

static int digits(const char *s, size_t n, long max, long *out)
{
	long v = 0;

	if (n == 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return -1;
		v = v * 10 + (s[i] - '0');
		if (v > max)
			return -1;
	}
	*out = v;
	return 0;
}

static int number(struct parser *c, long max, long *out)
{
	size_t n;
	const char *w = take_word(c, &n);

	if (n == 0)
		return fail(c, "a number is missing", "", 0);
	if (digits(w, n, max, out))
		return fail(c, "not a number, or too great:", w, n);
	return 0;
}

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One escape, behind its backslash; c->p is moved over it.  -1: none such. */
static int escape(struct parser *c, int glob)
{
	char k = c->p < c->end ? *c->p++ : '\0';

	switch (k) {
	case 'r':
		return '\r';
	case 'n':
		return '\n';
	case 't':
		return '\t';
	case '0':
		return '\0';
	case '\\':
	case '"':
		return k;
	case '*':
	case '?':
		return glob ? k : -1;
	case 'x':
		if (c->end - c->p < 2 || hex(c->p[0]) < 0 || hex(c->p[1]) < 0)
			return -1;
		c->p += 2;
		return hex(c->p[-2]) * 16 + hex(c->p[-1]);
	default:
		return -1;
	}
}

/* In a glob an escaped * ? or \ keeps its backslash. */
static int add_escaped(struct octets *o, int octet, int glob)
{
	char s[2] = {'\\', (char)octet};
	int quoted = glob && (octet == '*' || octet == '?' || octet == '\\');

	return quoted ? add(o, s, 2) : add(o, s + 1, 1);
}

/* "*N" behind a string that began at octet `from`: that string N times. */
static int multiply(struct parser *c, struct octets *o, size_t from)
{
	size_t n = o->n - from;
	const char *start;
	long times;

	if (c->p == c->end || *c->p != '*')
		return 0;
	start = ++c->p;
	while (c->p < c->end && *c->p >= '0' && *c->p <= '9')
		c->p++;
	if (digits(start, (size_t)(c->p - start), MAX_NUMBER, &times))
		return fail(c, "no number behind the \"*\"", "", 0);
	if (times == 0)
		o->n = from;
	if (n && (size_t)times > MAX_TEXT / n)
		return fail(c, "more than 16 MiB in one step", "", 0);
	for (long i = 1; i < times; i++) {
		char *copy = o->p;

		if (o->n + n + 1 > o->cap) {
			size_t cap = from + n * (size_t)times + 64;

			copy = realloc(o->p, cap);
			if (!copy)
				return no_memory(c);
			o->p = copy;
			o->cap = cap;
		}
		memcpy(copy + o->n, copy + from, n);
		o->n += n;
	}
	return 0;
}

static int quoted(struct parser *c, struct octets *o, int glob)
{
	size_t from = o->n;

	c->p++;
	while (c->p < c->end && *c->p != '"') {
		char k = *c->p++;
		int octet = k == '\\' ? escape(c, glob) : (unsigned char)k;

		if (octet < 0)
			return fail(c, "unknown escape; there are \\r \\n \\t \\0 \\\\ \\\" \\xNN",
				    "", 0);
		if (k == '\\' ? add_escaped(o, octet, glob) : add(o, &k, 1))
			return no_memory(c);
		if (o->n > MAX_TEXT)
			return fail(c, "more than 16 MiB in one step", "", 0);
	}
	if (c->p == c->end)
		return fail(c, "the closing '\"' is missing", "", 0);
	c->p++;
	if (multiply(c, o, from))
		return -1;
	if (c->p < c->end && !is_blank(*c->p) && *c->p != '"' && *c->p != '#')
		return fail(c, "a blank is missing behind the string", "", 0);
	return 0;
}

/* BYTES or GLOB into the step. */
static int text(struct parser *c, struct script_step *step, int glob)
{
	struct octets o = {0};
	int bad = add(&o, "", 0) ? no_memory(c) : 0;

	if (!bad && !more(c))
		bad = fail(c, "its text is missing", "", 0);
	if (!bad && *c->p != '"') {
		size_t n;
		const char *w = take_word(c, &n);

		bad = add(&o, w, n) ? no_memory(c) : 0;
	} else {
		while (!bad && more(c) && *c->p == '"')
			bad = quoted(c, &o, glob);
	}
	if (bad) {
		free(o.p);
		return -1;
	}
	o.p[o.n] = '\0';
	step->text = o.p;
	step->len = o.n;
	return 0;
}

/* A file name, a digest, or nothing. */
static int check(struct parser *c, struct script_step *step)
{
	size_t i;

	if (!more(c))
		return 0;
	if (text(c, step, 0))
		return -1;
	for (i = 0; i < step->len && hex(step->text[i]) >= 0; i++)
		;
	step->number = i == 64 && step->len == 64 ? SCRIPT_CHECK_SHA256 : SCRIPT_CHECK_FILE;
	return 0;
}

/* "1.2" as 12. */
static int version(struct parser *c, long *out)
{
	size_t n;
	const char *w;

	*out = 0;
	if (!more(c))
		return 0;
	w = take_word(c, &n);
	if (n != 3 || w[0] != '1' || w[1] != '.' || w[2] < '0' || w[2] > '3')
		return fail(c, "not a TLS version from 1.0 to 1.3:", w, n);
	*out = 10 + (w[2] - '0');
	return 0;
}

static int certificate(struct parser *c, struct script_step *step)
{
	if (text(c, step, 0) || version(c, &step->number) || version(c, &step->more))
		return -1;
	if (step->more && step->more < step->number)
		return fail(c, "the greater TLS version stands first", "", 0);
	return 0;
}

static int post(struct parser *c, struct script_step *step)
{
	size_t n;
	const char *w = take_word(c, &n);

	if (same("tickets", w, n))
		step->op = SCRIPT_POST_TICKETS;
	else if (same("keyupdate", w, n))
		step->op = SCRIPT_POST_KEYUPDATE;
	else if (same("hellorequest", w, n))
		step->op = SCRIPT_POST_HELLOREQUEST;
	else if (same("alerts", w, n))
		step->op = SCRIPT_POST_ALERTS;
	else if (same("empty", w, n))
		step->op = SCRIPT_POST_EMPTY;
	else
		return fail(c, "post what? tickets, keyupdate, hellorequest, alerts or empty, not",
			    w, n);
	return number(c, 1000000, &step->number);
}

static int outcome(struct parser *c, struct script_step *step)
{
	static const char *const classes[] = {"ACCEPTED", "PARTIAL", "TRANSIENT", "PERMANENT",
					      "IN_DOUBT"};
	size_t n, i, class;
	const char *w = take_word(c, &n);
	const char *slash = n ? memchr(w, '/', n) : NULL;

	class = slash ? (size_t)(slash - w) : n;
	for (i = 0; i < 5 && !same(classes[i], w, class); i++)
		;
	if (i == 5)
		return fail(
			c, "an outcome is ACCEPTED, PARTIAL, TRANSIENT, PERMANENT or IN_DOUBT, not",
			w, class);
	step->number = (long)i + 1;
	if (!slash)
		return 0;
	step->len = n - class - 1;
	for (i = 1; i <= step->len; i++)
		if (!((slash[i] >= 'a' && slash[i] <= 'z') ||
		      (slash[i] >= '0' && slash[i] <= '9') || slash[i] == '-'))
			return fail(c, "not a fault's id:", slash + 1, step->len);
	step->text = calloc(1, step->len + 1);
	if (!step->text)
		return no_memory(c);
	memcpy(step->text, slash + 1, step->len);
	return 0;
}

static int secret(struct parser *c)
{
	size_t n;
	const char *w = take_word(c, &n);

	return same("no", w, n) ? 0 : fail(c, "secret-seen can only be \"no\", not", w, n);
}

/* One more element behind `count` elements of `size` octets. */
static void *grow(void *array, size_t count, size_t size)
{
	/* the capacity is the next power of two: grow when the count is one */
	if (count && (count & (count - 1)))
		return array;
	return realloc(array, (count ? count * 2 : 1) * size);
}

static int begin_part(struct parser *c, unsigned port)
{
	struct script *s = c->script;
	struct script_part *parts = grow(s->parts, s->n_parts, sizeof(*parts));

	if (!parts)
		return no_memory(c);
	s->parts = parts;
	parts[s->n_parts++] = (struct script_part){port, c->line, s->n_steps, 0};
	return 0;
}

static int start_port(struct parser *c)
{
	long port;

	if (c->depth)
		return fail(c, "\"end\" is missing before this port", "", 0);
	if (number(c, 65535, &port))
		return -1;
	if (port == 0)
		return fail(c, "a port is a number from 1 to 65535", "", 0);
	return begin_part(c, (unsigned)port);
}

static int is_about(enum script_op op)
{
	return op >= SCRIPT_OUTCOME;
}

/* Takes over step->text. */
static int keep(struct parser *c, struct script_step *step)
{
	struct script *s = c->script;
	int about = is_about(step->op);
	struct script_step **list = about ? &s->about : &s->steps;
	size_t *count = about ? &s->n_about : &s->n_steps;
	struct script_step *steps;

	if (!about && s->n_parts == 0 && begin_part(c, 0))
		return -1;
	if (!step->text)
		step->text = calloc(1, 1);
	steps = step->text ? grow(*list, *count, sizeof(*steps)) : NULL;
	if (!steps)
		return no_memory(c);
	*list = steps;
	steps[(*count)++] = *step;
	step->text = NULL;
	if (!about)
		s->parts[s->n_parts - 1].count++;
	return 0;
}

/* The index that a repeat or an end will have. */
static int nest(struct parser *c, struct script_step *step, enum form form)
{
	struct script *s = c->script;

	if (form == REPEAT) {
		if (c->depth == MAX_DEPTH)
			return fail(c, "repeat nested more than four deep", "", 0);
		c->open[c->depth++] = s->n_steps;
		return number(c, MAX_NUMBER, &step->number);
	}
	if (c->depth == 0)
		return fail(c, "\"end\" without \"repeat\"", "", 0);
	step->more = (long)c->open[--c->depth];
	if ((size_t)step->more + 1 == s->n_steps)
		return fail(c, "nothing to repeat", "", 0);
	s->steps[step->more].more = (long)s->n_steps;
	return 0;
}

static int arguments(struct parser *c, struct script_step *step, enum form form)
{
	switch (form) {
	case TEXT:
	case GLOB:
		return text(c, step, form == GLOB);
	case NUMBER:
		return number(c, MAX_NUMBER, &step->number);
	case SEGMENT:
		if (number(c, MAX_NUMBER, &step->number))
			return -1;
		return more(c) ? number(c, MAX_NUMBER, &step->more) : 0;
	case CHECK:
		return check(c, step);
	case CERT:
		return certificate(c, step);
	case POST:
		return post(c, step);
	case REPEAT:
	case END:
		return nest(c, step, form);
	case CLASS:
		return outcome(c, step);
	case SECRET:
		return secret(c);
	case NOTHING:
	case PORT:
		break;
	}
	return 0;
}

static int end_of_line(struct parser *c)
{
	size_t n;
	const char *w = take_word(c, &n);

	return n ? fail(c, "too much on the line (text with blanks needs quotes):", w, n) : 0;
}

static int parse_line(struct parser *c)
{
	struct script_step step = {0};
	const struct word *w = words;
	const struct word *last = words + sizeof(words) / sizeof(words[0]);
	size_t n;
	const char *name = take_word(c, &n);
	int bad;

	if (n == 0)
		return 0;
	while (w < last && !same(w->name, name, n))
		w++;
	if (w == last)
		return fail(c, "no such step:", name, n);
	if (w->form == PORT)
		return start_port(c) || end_of_line(c) ? -1 : 0;
	step.op = w->op;
	step.line = c->line;
	bad = arguments(c, &step, w->form) || end_of_line(c) || keep(c, &step);
	free(step.text);
	return bad ? -1 : 0;
}

static int parse_lines(struct parser *c, const char *text, size_t len)
{
	const char *at = text, *stop = text + len;

	while (at < stop) {
		const char *lf = memchr(at, '\n', (size_t)(stop - at));
		const char *next = lf ? lf + 1 : stop;

		c->line++;
		c->p = at;
		c->end = lf ? lf : stop;
		if (c->end > at && c->end[-1] == '\r')
			c->end--;
		if (parse_line(c))
			return -1;
		at = next;
	}
	if (c->depth) {
		c->line = c->script->steps[c->open[c->depth - 1]].line;
		return fail(c, "this repeat has no \"end\"", "", 0);
	}
	return 0;
}

struct script *script_parse(const char *text, size_t len, struct script_error *error)
{
	struct parser c = {0};

	memset(error, 0, sizeof(*error));
	c.error = error;
	c.script = calloc(1, sizeof(*c.script));
	if (!c.script) {
		no_memory(&c);
		return NULL;
	}
	if (parse_lines(&c, text, len)) {
		script_free(c.script);
		return NULL;
	}
	return c.script;
}

static void free_steps(struct script_step *steps, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(steps[i].text);
	free(steps);
}

void script_free(struct script *s)
{
	if (!s)
		return;
	free_steps(s->steps, s->n_steps);
	free_steps(s->about, s->n_about);
	free(s->parts);
	free(s);
}

const struct script_part *script_part(const struct script *s, unsigned port, unsigned nth)
{
	const struct script_part *found = NULL;
	unsigned k = 0;

	for (size_t i = 0; i < s->n_parts; i++) {
		if (s->parts[i].port != port)
			continue;
		found = &s->parts[i];
		if (k++ == nth)
			return found;
	}
	if (!found && port)
		return script_part(s, 0, nth);
	return found;
}

static int fold(char c)
{
	return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
}

int script_glob(const char *glob, size_t nglob, const char *line, size_t len)
{
	size_t g = 0, i = 0, star = SIZE_MAX, back = 0;

	while (i < len) {
		size_t quote = g + 1 < nglob && glob[g] == '\\';

		if (!quote && g < nglob && glob[g] == '*') {
			star = ++g; /* try with nothing under the star first */
			back = i;
		} else if (g < nglob &&
			   ((!quote && glob[g] == '?') || fold(glob[g + quote]) == fold(line[i]))) {
			g += 1 + quote;
			i++;
		} else if (star != SIZE_MAX) {
			g = star;
			i = ++back;
		} else {
			return 0;
		}
	}
	while (g < nglob && glob[g] == '*')
		g++;
	return g == nglob;
}

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

static int add_base64(struct octets *o, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i += 3) {
		unsigned long v = (unsigned long)(unsigned char)s[i] << 16;
		char q[4];

		if (i + 1 < n)
			v |= (unsigned long)(unsigned char)s[i + 1] << 8;
		if (i + 2 < n)
			v |= (unsigned char)s[i + 2];
		q[0] = alphabet[v >> 18 & 63];
		q[1] = alphabet[v >> 12 & 63];
		q[2] = i + 1 < n ? alphabet[v >> 6 & 63] : '=';
		q[3] = i + 2 < n ? alphabet[v & 63] : '=';
		if (add(o, q, 4))
			return -1;
	}
	return 0;
}

/* As many octets as are base64; enough to find a nonce in. */
static int add_unbase64(struct octets *o, const char *s, size_t n)
{
	unsigned long v = 0;
	unsigned bits = 0;

	for (size_t i = 0; i < n; i++) {
		const char *at = s[i] ? strchr(alphabet, s[i]) : NULL;
		char octet;

		if (!at)
			break;
		v = (v << 6 | (unsigned long)(at - alphabet)) & 0xffff;
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		octet = (char)(v >> bits & 0xff);
		if (add(o, &octet, 1))
			return -1;
	}
	return 0;
}

/* The value of r= in the client's SCRAM message. */
static int add_nonce(struct octets *o, const char *line, size_t len)
{
	struct octets plain = {0};
	const char *p, *end;
	int bad;

	for (size_t i = len; i > 0; i--)
		if (line[i - 1] == ' ') {
			line += i;
			len -= i;
			break;
		}
	bad = add(&plain, "", 0) || add_unbase64(&plain, line, len);
	p = bad ? NULL : plain.p;
	end = bad ? NULL : plain.p + plain.n;
	while (p && end - p > 2 && !((p == plain.p || p[-1] == ',') && p[0] == 'r' && p[1] == '='))
		p++;
	if (p && end - p > 2) {
		const char *comma = memchr(p, ',', (size_t)(end - p));

		bad = add(o, p + 2, (size_t)((comma ? comma : end) - p) - 2);
	}
	free(plain.p);
	return bad;
}

char *script_challenge(const struct script_step *step, const char *line, size_t len, size_t *out)
{
	struct octets plain = {0}, reply = {0};
	int bad = add(&plain, "", 0) || add(&reply, "334 ", 4);

	for (size_t i = 0; !bad && i < step->len; i++) {
		char k = i + 1 < step->len && step->text[i] == '%' ? step->text[i + 1] : '\0';

		if (k == 'n')
			bad = add_nonce(&plain, line, len);
		else
			bad = add(&plain, step->text + i, 1);
		i += k == 'n' || k == '%';
	}
	bad = bad || add_base64(&reply, plain.p, plain.n) || add(&reply, "\r\n", 2);
	free(plain.p);
	if (bad) {
		free(reply.p);
		return NULL;
	}
	*out = reply.n;
	return reply.p;
}

const char *script_name(enum script_op op)
{
	if (op == SCRIPT_SEND)
		return "send";
	if (op > SCRIPT_POST_TICKETS && op <= SCRIPT_POST_EMPTY)
		return "post";
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (words[i].op == op && words[i].form != PORT)
			return words[i].name;
	return "";
}
