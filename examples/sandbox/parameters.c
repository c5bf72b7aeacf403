/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "parameters.h"

#include <stdlib.h>
#include <string.h>

#include "behaviour.h"
#include "bytes.h"
#include "conn.h"
#include "judge.h"
#include "smtp.h"

#define MAX_ENVID 100 /* RFC 3461 4.4 */
#define MAX_ORCPT 500 /* 4.2 */
#define MAX_SIZE_DIGITS 20 /* RFC 1870 4 */

struct parameter {
	struct conn *c;
	const struct behaviour *does;
	const char *s; /* the value, n octets */
	size_t n;
	int utf8;
	struct bytes out; /* decoded */
	struct refusal *why;
};

/* ---- values: NULL, or what is wrong ---- */

static void plain(struct parameter *p)
{
	bytes_add(&p->out, p->s, p->n);
}

static int hex(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3461 4: 0, or -1.  What it decodes to must be printable ASCII, or, if utf8, UTF-8 as it is.
 */
static int xtext(struct bytes *out, const char *s, size_t n, int utf8)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char k = (unsigned char)s[i];
		char octet = s[i];

		if (k == '=' || k < 33 || k == 127 || (k > 127 && !utf8))
			return -1;
		if (k == '+') {
			if (n - i < 3 || hex(s[i + 1]) < 0 || hex(s[i + 2]) < 0)
				return -1;
			octet = (char)(hex(s[i + 1]) * 16 + hex(s[i + 2]));
			i += 2;
			if (octet < ' ' || octet == 127)
				return -1;
		}
		bytes_add(out, &octet, 1);
	}
	return 0;
}

static const char *take_flag(struct parameter *p)
{
	return p->n || p->s ? "This parameter takes no value" : NULL;
}

static const char *take_size(struct parameter *p)
{
	long long size;

	if (p->n > MAX_SIZE_DIGITS || read_number(p->s, p->n, 1ll << 60, &size))
		return "SIZE is not a number";
	plain(p);
	if (!p->does->size || size <= p->does->size)
		return NULL;
	p->why->code = 552;
	p->why->status = "5.3.4";
	return "Message is larger than the limit";
}

/* One of these words, in capitals. */
static const char *take_word(struct parameter *p, const char *words)
{
	const char *word;
	size_t n;

	while ((word = next_word(&words, &n)))
		if (n == p->n) {
			char *copy = copy_text(word, n);
			int same = same_word(copy, p->s, n);

			bytes_add(&p->out, copy, same ? n : 0);
			free(copy);
			if (same)
				return NULL;
		}
	return "Not one of the values of this parameter";
}

static const char *take_body(struct parameter *p)
{
	const char *wrong = take_word(p, "7BIT 8BITMIME BINARYMIME");

	if (wrong || strcmp(p->out.p, "BINARYMIME") != 0)
		return wrong;
	judge_parameter(p->c, "BODY=BINARYMIME", 15, CAP_BINARYMIME);
	if (smtp_understands(p->c) & CAP_BINARYMIME)
		return NULL;
	p->why->code = 555;
	return "BINARYMIME is not offered";
}

static const char *take_ret(struct parameter *p)
{
	return take_word(p, "FULL HDRS");
}

static const char *take_envid(struct parameter *p)
{
	return p->n == 0 || p->n > MAX_ENVID || xtext(&p->out, p->s, p->n, 0)
		       ? "ENVID is not xtext of up to 100 octets"
		       : NULL;
}

/* NEVER, or each of the others once. */
static const char *take_notify(struct parameter *p)
{
	static const char wrong[] = "NOTIFY is NEVER, or some of SUCCESS,FAILURE,DELAY";
	static const char *const words[] = {"NEVER", "SUCCESS", "FAILURE", "DELAY"};
	unsigned seen = 0;

	for (size_t at = 0, n; at <= p->n; at += n + 1) {
		const char *comma = at < p->n ? memchr(p->s + at, ',', p->n - at) : NULL;
		unsigned i = 0;

		n = comma ? (size_t)(comma - p->s) - at : p->n - at;
		while (i < 4 && !same_word(words[i], p->s + at, n))
			i++;
		if (i == 4 || seen & 1 || seen & 1u << i || (i == 0 && seen))
			return wrong;
		seen |= 1u << i;
		bytes_text(&p->out, p->out.n ? "," : "");
		bytes_text(&p->out, words[i]);
	}
	return NULL;
}

static const char *take_orcpt(struct parameter *p)
{
	static const char wrong[] = "ORCPT is not TYPE;XTEXT of up to 500 octets";
	const char *end = p->n ? memchr(p->s, ';', p->n) : NULL;
	size_t type = end ? (size_t)(end - p->s) : 0;

	if (type == 0 || type + 1 == p->n || p->n > MAX_ORCPT)
		return wrong;
	for (size_t i = 0; i < type; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-",
			    p->s[i]))
			return wrong;
	bytes_add(&p->out, p->s, type + 1);
	return xtext(&p->out, end + 1, p->n - type - 1, p->utf8 && same_word("utf-8", p->s, type))
		       ? wrong
		       : NULL;
}

/* RFC 4954 5: "<>", or a mailbox as xtext. */
static const char *take_auth(struct parameter *p)
{
	if (p->n == 2 && memcmp(p->s, "<>", 2) == 0) {
		plain(p);
		return NULL;
	}
	return p->n == 0 || xtext(&p->out, p->s, p->n, p->utf8) ||
			       !path_is_mailbox(p->out.p, p->out.n)
		       ? "AUTH is neither <> nor a mailbox as xtext"
		       : NULL;
}

/* RFC 2852 4: [+-] 1 to 9 digits ";" N or R, and T perhaps. */
static const char *take_by(struct parameter *p)
{
	static const char wrong[] = "BY is not SECONDS;R or SECONDS;N, and T perhaps";
	const char *end = p->n ? memchr(p->s, ';', p->n) : NULL;
	size_t sign = end && (p->s[0] == '-' || p->s[0] == '+');
	size_t digits = end ? (size_t)(end - p->s) - sign : 0;
	size_t mode = end ? p->n - digits - sign - 1 : 0;
	long long seconds;

	if (digits > 9 || mode < 1 || mode > 2 ||
	    read_number(p->s + sign, digits, 999999999, &seconds))
		return wrong;
	if (!strchr("NnRr", end[1]) || (mode == 2 && !strchr("Tt", end[2])))
		return wrong;
	plain(p);
	if (!strchr("Rr", end[1]))
		return NULL;
	if (p->s[0] == '-' || seconds == 0)
		return "The time to deliver by is over";
	return seconds < p->does->by_min ? "The time to deliver by is too short" : NULL;
}

static const char *take_hold_for(struct parameter *p)
{
	long long seconds;

	if (p->n == 0 || p->n > 9 || p->s[0] == '0' || read_number(p->s, p->n, 999999999, &seconds))
		return "HOLDFOR is not a number of seconds";
	plain(p);
	return seconds > p->does->hold_max ? "HOLDFOR is beyond the limit" : NULL;
}

static const char *take_hold_until(struct parameter *p)
{
	static const char form[] = "dddd-dd-ddTdd:dd:ddZ";

	if (p->n != sizeof(form) - 1)
		return "HOLDUNTIL is not a date and time of UTC";
	for (size_t i = 0; i < p->n; i++)
		if (form[i] == 'd' ? p->s[i] < '0' || p->s[i] > '9' : p->s[i] != form[i])
			return "HOLDUNTIL is not a date and time of UTC";
	plain(p);
	return strcmp(p->out.p, p->does->hold_until) > 0 ? "HOLDUNTIL is beyond the limit" : NULL;
}

/* RFC 6710 7 */
static const char *take_priority(struct parameter *p)
{
	size_t sign = p->n && p->s[0] == '-';

	if (p->n != sign + 1 || p->s[sign] < '0' + (char)sign || p->s[sign] > '9')
		return "MT-PRIORITY is not from -9 to 9";
	plain(p);
	return NULL;
}

static const struct row {
	const char *key;
	int mail;
	unsigned capability;
	const char *(*take)(struct parameter *p);
} rows[] = {
	{"SIZE", 1, CAP_SIZE, take_size},
	{"BODY", 1, CAP_8BITMIME | CAP_BINARYMIME, take_body}, /* each brings the keyword along */
	{"SMTPUTF8", 1, CAP_SMTPUTF8, take_flag},
	{"RET", 1, CAP_DSN, take_ret},
	{"ENVID", 1, CAP_DSN, take_envid},
	{"AUTH", 1, CAP_AUTH, take_auth},
	{"REQUIRETLS", 1, CAP_REQUIRETLS, take_flag},
	{"BY", 1, CAP_DELIVERBY, take_by},
	{"HOLDFOR", 1, CAP_FUTURERELEASE, take_hold_for},
	{"HOLDUNTIL", 1, CAP_FUTURERELEASE, take_hold_until},
	{"MT-PRIORITY", 1, CAP_MT_PRIORITY, take_priority},
	{"NOTIFY", 0, CAP_DSN, take_notify},
	{"ORCPT", 0, CAP_DSN, take_orcpt},
};

static const struct row *find(const char *key, size_t n, int mail)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].mail == mail && same_word(rows[i].key, key, n))
			return &rows[i];
	return NULL;
}

static int refuse(struct refusal *why, int code, const char *text)
{
	why->code = code;
	why->status = "5.5.4";
	why->text = text;
	return -1;
}

static void keep(struct value **values, const struct row *row, struct bytes *out)
{
	struct value *v = alloc(sizeof(*v));

	v->key = row->key;
	v->text = out->p;
	*out = (struct bytes){0};
	while (*values)
		values = &(*values)->next;
	*values = v;
}

static int read_one(struct conn *c, const struct row *row, struct parameter *p,
		    struct value **values)
{
	const char *wrong;

	if (value_find(*values, row->key))
		return refuse(p->why, 501, "A parameter is there twice");
	if (strncmp(row->key, "HOLD", 4) == 0 &&
	    (value_find(*values, "HOLDFOR") || value_find(*values, "HOLDUNTIL")))
		return refuse(p->why, 501, "HOLDFOR or HOLDUNTIL, not both"); /* RFC 4865 5 */
	refuse(p->why, 501, NULL);
	p->c = c;
	p->does = &c->listener->does;
	if (row->take != take_flag)
		bytes_add(&p->out, "", 0);
	wrong = row->take(p);
	if (wrong) {
		p->why->text = wrong;
		bytes_free(&p->out);
		return -1;
	}
	keep(values, row, &p->out);
	return 0;
}

int parameters_read(struct conn *c, const struct path *path, int mail, int utf8,
		    struct value **values, struct refusal *why)
{
	const char *key, *value;
	size_t at = 0, nkey, nvalue;

	while (path_parameter(path, &at, &key, &nkey, &value, &nvalue)) {
		const struct row *row = find(key, nkey, mail);
		struct parameter p = {0};

		judge_parameter(c, key, nkey, row ? row->capability : 0);
		if (!row || !(row->capability & smtp_understands(c)))
			return refuse(why, 555, "Parameter not recognized");
		p.why = why;
		p.utf8 = utf8;
		p.n = nvalue;
		p.s = nvalue || value > key + nkey ? value : NULL;
		if (read_one(c, row, &p, values))
			return -1;
	}
	return 0;
}
