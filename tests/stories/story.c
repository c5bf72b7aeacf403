/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "postern.h"
#include "smtp/capability.h"
#include "smtp/session.h"
#include "story.h"

static void *need(void *p)
{
	if (!p)
		abort();
	return p;
}

void octets_add(struct octets *o, const void *p, size_t n)
{
	if (o->n + n + 1 > o->cap) {
		while (o->n + n + 1 > o->cap)
			o->cap = o->cap ? o->cap * 2 : 256;
		o->p = need(realloc(o->p, o->cap));
	}
	if (n)
		memcpy(o->p + o->n, p, n);
	o->n += n;
	o->p[o->n] = '\0';
}

void octets_puts(struct octets *o, const char *s)
{
	octets_add(o, s, strlen(s));
}

void octets_show(struct octets *o, const char *p, size_t n)
{
	char code[8];

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)p[i];

		if (c == '\r')
			octets_puts(o, "\\r");
		else if (c == '\n')
			octets_puts(o, "\\n");
		else if (c >= ' ' && c < 0x7F)
			octets_add(o, p + i, 1);
		else {
			snprintf(code, sizeof(code), "\\x%02X", c);
			octets_puts(o, code);
		}
	}
}

void octets_free(struct octets *o)
{
	free(o->p);
	*o = (struct octets){0};
}

static const char *const classes[] = {"PENDING",   "ACCEPTED",  "PARTIAL",
				      "TRANSIENT", "PERMANENT", "IN_DOUBT"};

const char *verdict_words(int outcome, const char *fault)
{
	static char words[96];

	snprintf(words, sizeof(words), "%s%s%s", classes[outcome], *fault ? "/" : "", fault);
	return words;
}

static int class_of(const char *s, size_t n)
{
	for (int i = 0; i < 6; i++)
		if (strlen(classes[i]) == n && !memcmp(s, classes[i], n))
			return i;
	return -1;
}

/* "TRANSIENT/connection-lost" */
static int read_verdict(struct verdict *v, const char *s)
{
	const char *slash = strchr(s, '/');

	v->outcome = class_of(s, slash ? (size_t)(slash - s) : strlen(s));
	snprintf(v->fault, sizeof(v->fault), "%s", slash ? slash + 1 : "");
	return v->outcome < 0;
}

static char *copy(const char *s, size_t n)
{
	char *p = need(calloc(1, n + 1));

	memcpy(p, s, n);
	return p;
}

static void add_recipient(struct story *s, const char *p, size_t n)
{
	s->recipients = need(realloc(s->recipients, (s->n + 1) * sizeof(*s->recipients)));
	s->recipients[s->n++] = copy(p, n);
}

static int read_recipients(struct story *s, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");

		add_recipient(s, list, n);
		list += n + (list[n] == ' ');
	}
	return 0;
}

static int read_many(struct story *s, const char *value)
{
	char address[32];

	for (int i = 0; i < atoi(value); i++) {
		snprintf(address, sizeof(address), "r%d@example.org", i);
		add_recipient(s, address, strlen(address));
	}
	return 0;
}

static int read_each(struct story *s, const char *list)
{
	for (; *list; s->n_each++) {
		size_t n = strcspn(list, " ");

		s->each[s->n_each] = class_of(list, n);
		if (s->each[s->n_each] < 0)
			return -1;
		list += n + (list[n] == ' ');
	}
	return 0;
}

static int read_login(struct story *s, const char *value)
{
	const char *second = strchr(value, ' '), *third = second ? strchr(second + 1, ' ') : NULL;

	if (!third)
		return -1;
	s->user = copy(value, (size_t)(second - value));
	s->password = copy(second + 1, (size_t)(third - second - 1));
	s->mechanism = copy(third + 1, strlen(third + 1));
	return 0;
}

static int read_security(struct story *s, const char *value)
{
	static const char *const names[] = {"starttls", "opportunistic", "implicit", "clear"};

	for (int i = 0; i < 4; i++)
		if (!strcmp(names[i], value)) {
			s->security = i;
			return 0;
		}
	return -1;
}

static int read_without(struct story *s, const char *list)
{
	while (*list) {
		size_t n = strcspn(list, " ");
		unsigned bit = 0;

		while (bit < 32 && (strlen(ptn_capability_keyword(1u << bit)) != n ||
				    memcmp(ptn_capability_keyword(1u << bit), list, n)))
			bit++;
		if (bit == 32)
			return -1;
		s->without |= 1u << bit;
		list += n + (list[n] == ' ');
	}
	return 0;
}

static int read_notify(struct story *s, const char *list)
{
	static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};

	for (unsigned i = 0; i < 4; i++)
		if (strstr(list, words[i]))
			s->asked.notify |= 1u << i;
	return !s->asked.notify;
}

/* "120;RT" */
static int read_by(struct story *s, const char *value)
{
	const char *mode = strchr(value, ';');

	if (!mode)
		return -1;
	s->extras.by = mode[1];
	s->extras.by_trace = mode[1] && mode[2] == 'T';
	s->extras.by_seconds = atol(value);
	return 0;
}

/* 1: it is a parameter of MAIL or RCPT; 0: it is not; -1: it is wrong. */
static int parameter(struct story *s, const char *name, size_t n, const char *value)
{
	struct ptn_smtp_extras *x = &s->extras;

#define IS(word) (n == sizeof(word) - 1 && !memcmp(name, word, n))
	if (IS("ret"))
		x->ret = *value;
	else if (IS("envid"))
		x->envid = value;
	else if (IS("auth"))
		x->auth = value;
	else if (IS("requiretls"))
		x->requiretls = 1;
	else if (IS("by"))
		return read_by(s, value) ? -1 : 1;
	else if (IS("hold-for"))
		x->hold_for = strtoul(value, NULL, 10);
	else if (IS("hold-until"))
		x->hold_until = value;
	else if (IS("priority")) {
		x->has_priority = 1;
		x->priority = atoi(value);
	} else if (IS("notify"))
		return read_notify(s, value) ? -1 : 1;
	else if (IS("orcpt"))
		s->asked.orcpt = value;
	else
		return 0;
#undef IS
	return 1;
}

static int setting(struct story *s, const struct script_step *step)
{
	const char *at = memchr(step->text, '=', step->len);
	const char *value = at ? at + 1 : "";
	size_t n = at ? (size_t)(at - step->text) : step->len;
	int bad = 0;

#define IS(word) (n == sizeof(word) - 1 && !memcmp(step->text, word, n))
	if (!at)
		return -1;
	bad = parameter(s, step->text, n, value);
	if (bad)
		return bad < 0;
	if (IS("security"))
		bad = read_security(s, value);
	else if (IS("name"))
		s->name = value;
	else if (IS("login"))
		bad = read_login(s, value);
	else if (IS("another"))
		s->another = value;
	else if (IS("fresh"))
		s->fresh = value;
	else if (IS("give-up"))
		s->too_late = atoi(value);
	else if (IS("from"))
		s->from = value;
	else if (IS("to"))
		bad = read_recipients(s, value);
	else if (IS("to-many"))
		bad = read_many(s, value);
	else if (IS("content")) {
		s->content = value;
		s->len = step->len - n - 1;
	} else if (IS("reader"))
		s->reader = 1;
	else if (IS("reader-fails")) {
		s->reader = 1;
		s->reader_fails = atol(value);
	} else if (IS("utf8"))
		s->utf8 = 1;
	else if (IS("mails"))
		s->mails = atoi(value);
	else if (IS("each"))
		bad = read_each(s, value);
	else if (IS("cut") && s->n_cut < 6)
		bad = read_verdict(&s->cut[s->n_cut++], value);
	else if (IS("then") && s->n_later < 64)
		bad = read_verdict(&s->later[s->n_later++], value);
	else if (IS("memory"))
		s->memory = atol(value);
	else if (IS("binary"))
		s->binary = 1;
	else if (IS("missing"))
		s->missing = value;
	else if (IS("without"))
		bad = read_without(s, value);
	else if (IS("window"))
		s->window = (unsigned)atoi(value);
	else if (IS("window-octets"))
		s->window_octets = (size_t)atol(value);
	else if (IS("window-data"))
		s->window_data = 1;
	else
		bad = -1;
#undef IS
	return bad;
}

/* A second, slow and plain writing of what lib/smtp/content.c does: the judge of it. */
static void judge_content(struct story *s)
{
	size_t column = 0;

	s->valid = s->clean = 1;
	if (s->binary) {
		octets_add(&s->wire, s->content, s->len);
		return;
	}
	for (size_t i = 0; i < s->len; i++) {
		char c = s->content[i];

		if (c & 0x80)
			s->eightbit = 1;
		if (c == '\n' && (!i || s->content[i - 1] != '\r'))
			s->clean = 0;
		if (c == '\r' && (i + 1 == s->len || s->content[i + 1] != '\n'))
			s->valid = 0;
		if (!c || (c != '\n' && c != '\r' && ++column > 998))
			s->valid = 0;
		if (c == '\r')
			continue;
		if (c == '\n') {
			octets_puts(&s->wire, "\r\n");
			column = 0;
		} else
			octets_add(&s->wire, &c, 1);
	}
	if (column)
		octets_puts(&s->wire, "\r\n");
	if (column || !s->valid)
		s->clean = 0;
	octets_add(&s->wire, "", 0);
}

static int read_about(struct story *s, const struct script_step *step)
{
	if (step->op == SCRIPT_CLIENT)
		return setting(s, step);
	if (step->op != SCRIPT_OUTCOME)
		return 0;
	if (s->n_outcome == 4)
		return -1;
	s->outcome[s->n_outcome].outcome = (int)step->number;
	snprintf(s->outcome[s->n_outcome++].fault, sizeof(s->outcome->fault), "%s", step->text);
	return 0;
}

static struct script *read_script(const char *path, char *error, size_t size)
{
	struct octets text = {0};
	struct script_error wrong;
	struct script *script;
	char block[4096];
	size_t n;
	FILE *f = fopen(path, "rb");

	if (!f) {
		snprintf(error, size, "cannot be read");
		return NULL;
	}
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		octets_add(&text, block, n);
	fclose(f);
	octets_add(&text, "", 0);
	if (text.n < 2 || text.p[0] != '#') {
		snprintf(error, size, "does not begin with a comment that tells its rule");
		octets_free(&text);
		return NULL;
	}
	script = script_parse(text.p, text.n, &wrong);
	if (!script)
		snprintf(error, size, "line %u: %s", wrong.line, wrong.text);
	octets_free(&text);
	return script;
}

struct story *story_read(const char *path, char *error, size_t size)
{
	static const char content[] = "Subject: t\r\n\r\nhello\r\n";
	struct script *script = read_script(path, error, size);
	struct story *s;

	if (!script)
		return NULL;
	s = need(calloc(1, sizeof(*s)));
	*s = (struct story){.script = script,
			    .security = PTN_SMTP_CLEAR,
			    .name = "client.example.org",
			    .from = "a@example.org",
			    .content = content,
			    .len = sizeof(content) - 1,
			    .reader_fails = -1,
			    .memory = -1,
			    .window_octets = 256 * 1024,
			    .mails = 1};
	for (size_t i = 0; i < script->n_about; i++)
		if (read_about(s, &script->about[i])) {
			snprintf(error, size, "line %u: \"%s\" is no setting of a story",
				 script->about[i].line, script->about[i].text);
			story_free(s);
			return NULL;
		}
	if (!s->n)
		read_recipients(s, "b@example.org");
	if (!s->n_outcome) {
		snprintf(error, size, "says no outcome");
		story_free(s);
		return NULL;
	}
	judge_content(s);
	return s;
}

void story_free(struct story *s)
{
	for (size_t i = 0; i < s->n; i++)
		free(s->recipients[i]);
	free(s->recipients);
	free(s->user);
	free(s->password);
	free(s->mechanism);
	octets_free(&s->wire);
	script_free(s->script);
	free(s);
}
