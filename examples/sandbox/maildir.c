/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "maildir.h"

#include <errno.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "bytes.h"

struct message {
	FILE *file;
	char id[16];
	char name[64];
	unsigned long long octets;
};

static char *base;

static char *path(const char *folder, const char *name, const char *suffix)
{
	struct bytes b = {0};

	bytes_format(&b, "%s/%s/%s%s", base, folder, name, suffix);
	return b.p;
}

int maildir_open(const char *dir)
{
	static const char *const folders[] = {"Maildir", "Maildir/tmp", "Maildir/new",
					      "Maildir/cur", "envelopes"};

	free(base);
	base = copy_text(dir, strlen(dir));
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		char *p = path(folders[i], "", "");
		int bad = mkdir(p, 0700) && errno != EEXIST;

		free(p);
		if (bad)
			return -1;
	}
	return 0;
}

void maildir_close(void)
{
	free(base);
	base = NULL;
}

struct message *message_new(void)
{
	struct message *m = alloc(sizeof(*m));
	unsigned char random[6];
	char *p;

	gnutls_rnd(GNUTLS_RND_NONCE, random, sizeof(random));
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(m->id + 2 * i, 3, "%02X", random[i]);
	snprintf(m->name, sizeof(m->name), "%lld.%s.sandbox", (long long)time(NULL), m->id);
	p = path("Maildir/tmp", m->name, "");
	m->file = fopen(p, "wb");
	free(p);
	if (!m->file) {
		free(m);
		return NULL;
	}
	return m;
}

int message_write(struct message *m, const char *p, size_t n)
{
	m->octets += n;
	return fwrite(p, 1, n, m->file) == n ? 0 : -1;
}

const char *message_id(const struct message *m)
{
	return m->id;
}

void message_drop(struct message *m)
{
	char *p = path("Maildir/tmp", m->name, "");

	fclose(m->file);
	unlink(p);
	free(p);
	free(m);
}

/* ---- the envelope ---- */

const struct value *value_find(const struct value *v, const char *key)
{
	while (v && strcmp(v->key, key) != 0)
		v = v->next;
	return v;
}

void values_free(struct value **v)
{
	while (*v) {
		struct value *next = (*v)->next;

		free((*v)->text);
		free(*v);
		*v = next;
	}
}

static int continuation(const char *s, size_t n, size_t k)
{
	for (size_t i = 1; i <= k; i++)
		if (i >= n || (s[i] & 0xc0) != 0x80)
			return 0;
	return 1;
}

static int is_utf8(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];
		size_t k = c < 0x80 ? 0 : c >= 0xf0 && c < 0xf5 ? 3 : c >= 0xe0 ? 2 : 1;

		if ((c >= 0x80 && (c < 0xc2 || c > 0xf4)) || !continuation(s + i, n - i, k))
			return 0;
		i += k;
	}
	return 1;
}

/* What is not UTF-8 is taken as Latin-1, so that each octet can be told. */
static void json_text(struct bytes *b, const char *s)
{
	size_t n = strlen(s);
	int utf8 = is_utf8(s, n);

	bytes_text(b, "\"");
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i];

		if (c == '"' || c == '\\')
			bytes_format(b, "\\%c", c);
		else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !utf8))
			bytes_format(b, "\\u%04x", c);
		else
			bytes_add(b, s + i, 1);
	}
	bytes_text(b, "\"");
}

static void json_parameters(struct bytes *b, const char *s)
{
	size_t n, count = 0;

	bytes_text(b, "[");
	for (s += strspn(s, " "); *s; s += n + strspn(s + n, " ")) {
		char *copy;

		n = strcspn(s, " ");
		copy = copy_text(s, n);
		bytes_text(b, count++ ? ", " : "");
		json_text(b, copy);
		free(copy);
	}
	bytes_text(b, "]");
}

static void json_values(struct bytes *b, const struct value *v)
{
	bytes_text(b, "{");
	for (; v; v = v->next) {
		json_text(b, v->key);
		bytes_text(b, ": ");
		if (v->text)
			json_text(b, v->text);
		else
			bytes_text(b, "true");
		bytes_text(b, v->next ? ", " : "");
	}
	bytes_text(b, "}");
}

static void json_member(struct bytes *b, const char *key, const char *value)
{
	bytes_format(b, "  \"%s\": ", key);
	if (value)
		json_text(b, value);
	else
		bytes_text(b, "null");
	bytes_text(b, ",\n");
}

static void json_envelope(struct bytes *b, const struct message *m, const struct envelope *e)
{
	bytes_text(b, "{\n");
	json_member(b, "queue_id", m->id);
	json_member(b, "file", m->name);
	json_member(b, "reverse_path", e->reverse_path);
	bytes_text(b, "  \"parameters\": ");
	json_parameters(b, e->parameters);
	bytes_text(b, ",\n  \"values\": ");
	json_values(b, e->values);
	bytes_text(b, ",\n  \"recipients\": [");
	for (const struct recipient *r = e->recipients; r; r = r->next) {
		bytes_text(b, "\n    {\"address\": ");
		json_text(b, r->address);
		bytes_text(b, ", \"parameters\": ");
		json_parameters(b, r->parameters);
		bytes_text(b, ", \"values\": ");
		json_values(b, r->values);
		bytes_text(b, r->next ? "}," : "}");
	}
	bytes_text(b, "\n  ],\n");
	json_member(b, "ehlo", e->hello);
	json_member(b, "user", e->user);
	json_member(b, "mechanism", e->mechanism);
	json_member(b, "tls", e->tls ? e->tls : "clear");
	json_member(b, "listener", e->listener);
	json_member(b, "transfer", e->chunked ? "BDAT" : "DATA");
	bytes_format(b, "  \"answered\": %s,\n", e->answered ? "true" : "false");
	bytes_format(b, "  \"port\": %d,\n  \"octets\": %llu\n}\n", e->port, m->octets);
}

/* Whole or not at all. */
static int write_envelope(const struct message *m, const struct envelope *e)
{
	char *final = path("envelopes", m->name, ".json"),
	     *part = path("envelopes", m->name, ".part");
	struct bytes b = {0};
	FILE *f = fopen(part, "wb");
	int bad = f == NULL;

	json_envelope(&b, m, e);
	if (f) {
		bad = fwrite(b.p, 1, b.n, f) != b.n;
		bad |= fclose(f) != 0;
	}
	bad = bad || rename(part, final);
	bytes_free(&b);
	free(final);
	free(part);
	return bad ? -1 : 0;
}

static void show_line(const struct message *m, const struct envelope *e)
{
	struct bytes b = {0};

	bytes_format(&b, "accepted %s from=<", m->id);
	bytes_escape(&b, e->reverse_path, strlen(e->reverse_path), 256);
	bytes_text(&b, "> to=");
	for (const struct recipient *r = e->recipients; r; r = r->next) {
		bytes_text(&b, "<");
		bytes_escape(&b, r->address, strlen(r->address), 256);
		bytes_text(&b, r->next ? ">," : ">");
	}
	bytes_format(&b, " octets=%llu\n", m->octets);
	fputs(b.p, stdout);
	bytes_free(&b);
}

/* The content, each line behind "| ", its control characters as \xNN. */
static void show_content(const char *file)
{
	FILE *f = fopen(file, "rb");
	int k, start = 1;

	if (!f)
		return;
	while ((k = getc(f)) != EOF) {
		if (start)
			fputs("| ", stdout);
		start = k == '\n';
		if (k == '\n' || k == '\t' || (k >= 0x20 && k != 0x7f))
			putchar(k);
		else if (k != '\r')
			printf("\\x%02x", (unsigned)k);
	}
	if (!start)
		putchar('\n');
	fclose(f);
}

int message_keep(struct message *m, const struct envelope *e, int print)
{
	char *from = path("Maildir/tmp", m->name, ""), *to = path("Maildir/new", m->name, "");
	int bad = fclose(m->file) != 0;

	bad = bad || write_envelope(m, e) || rename(from, to);
	if (!bad) {
		show_line(m, e);
		if (print)
			show_content(to);
	}
	free(from);
	free(to);
	free(m);
	return bad ? -1 : 0;
}
