/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Content by BDAT (RFC 3030) and by DATA: the same octets arrive, and the same outcomes come of the
 * same replies.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "main.h"

/* How content goes, by what the server offers; the last is the caller's own choice. */
static const struct way {
	const char *name, *without, *transfer;
	int off;
} ways[] = {
	{"BDAT", "DSN", "\"transfer\": \"BDAT\"", 0},
	{"DATA, as nothing is pipelined", "PIPELINING", "\"transfer\": \"DATA\"", 0},
	{"DATA", "CHUNKING", "\"transfer\": \"DATA\"", 0},
	{"DATA, nothing pipelined", "CHUNKING,PIPELINING", "\"transfer\": \"DATA\"", 0},
	{"DATA, as told", "DSN", "\"transfer\": \"DATA\"", 1},
};

enum { WAYS = sizeof(ways) / sizeof(*ways) };

static postern *client_of(const struct box *b, const struct way *w)
{
	postern *p = box_client(b);

	if (w->off)
		ck_assert_int_eq(postern_set_capability(p, "CHUNKING", 0), 0);
	return p;
}

/* ---- the same octets ---- */

static const char header[] = "From: sender@example.org\r\n\r\n";

/* Content of n octets behind the header, of lines that begin with dots and of many lengths. */
static char *content(size_t n, size_t *len)
{
	size_t at = sizeof(header) - 1, line = 0, width = 1;
	char *s = malloc(at + n + 3);

	ck_assert_ptr_nonnull(s);
	memcpy(s, header, at);
	while (at < n + sizeof(header) - 1) {
		if (line == width && at + 2 <= n + sizeof(header) - 1) {
			s[at++] = '\r';
			s[at++] = '\n';
			line = 0;
			width = (width * 7 + 3) % 300;
		} else {
			s[at++] = line < 2 ? '.' : 'x';
			line++;
		}
	}
	if (memcmp(s + at - 2, "\r\n", 2) != 0) {
		s[at++] = '\r';
		s[at++] = '\n';
	}
	*len = at;
	return s;
}

struct source {
	const char *s;
	size_t n, at, piece;
};

static ptrdiff_t read_piece(void *arg, char *buf, size_t cap)
{
	struct source *f = arg;
	size_t n = f->n - f->at;

	if (n > f->piece)
		n = f->piece;
	if (n > cap)
		n = cap;
	memcpy(buf, f->s + f->at, n);
	f->at += n;
	return (ptrdiff_t)n;
}

static void write_file(const char *name, const char *s, size_t n)
{
	FILE *f = fopen(name, "wb");

	ck_assert_ptr_nonnull(f);
	ck_assert_uint_eq(fwrite(s, 1, n, f), n);
	ck_assert_int_eq(fclose(f), 0);
}

/* From memory, from a reader, from a file. */
static void give(postern_mail *m, int from, struct source *f, const char *name)
{
	if (from == 0)
		ck_assert_int_eq(postern_mail_set_text(m, f->s, f->n), 0);
	else if (from == 1)
		ck_assert_int_eq(postern_mail_set_reader(m, read_piece, f), 0);
	else
		ck_assert_int_eq(postern_mail_set_file(m, name), 0);
}

static const size_t sizes[] = {0,      1,      2,       1000,          16383,  16384,
			       16385,  65530,  65536,   65537,         131072, 131073,
			       262144, 262145, 1 << 20, (1 << 20) + 1, 5 << 20};

enum { SIZES = sizeof(sizes) / sizeof(*sizes) };

START_TEST(arrives)
{
	const struct way *w = &ways[_i % WAYS];
	int from = _i / WAYS % 3;
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	char name[128], *text, *got;
	struct source f = {NULL, 0, 0, 4099};
	postern *p;
	size_t n;

	printf("%zu octets by %s, source %d\n", sizes[_i / WAYS / 3], w->name, from);
	text = content(sizes[_i / WAYS / 3], &f.n);
	f.s = text;
	box_open(&b, "starttls", NULL, "--judge", "--open", "--without", w->without, NULL);
	snprintf(name, sizeof(name), "%s/content", b.dir);
	write_file(name, text, f.n);
	ck_assert_int_eq(postern_mail_set_completion(m, 0), 0);
	give(m, from, &f, name);
	p = client_of(&b, w);
	ck_assert_int_eq(postern_send(p, m), 0);
	got = box_message(&b, &n);
	ck_assert_uint_eq(n, f.n);
	ck_assert(memcmp(got, text, n) == 0);
	ck_assert_int_eq(box_kept(&b, w->transfer, NULL), 1);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	free(got);
	free(text);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* LF alone is made CRLF, and the last line gets its end. */
START_TEST(line_ends)
{
	static const char text[] = "A: b\n\r\n.\n..x\r\nend";
	const struct way *w = &ways[_i];
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;
	char *got;
	size_t n;

	ck_assert_int_eq(postern_mail_set_text(m, text, strlen(text)), 0);
	ck_assert_int_eq(postern_mail_set_completion(m, 0), 0);
	box_open(&b, "none", NULL, "--judge", "--open", "--without", w->without, NULL);
	p = client_of(&b, w);
	ck_assert_int_eq(postern_send(p, m), 0);
	got = box_message(&b, &n);
	ck_assert_str_eq(got, "A: b\r\n\r\n.\r\n..x\r\nend\r\n");
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	free(got);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* Binary content is not touched at all. */
START_TEST(binary)
{
	size_t n = (size_t)70000 * (size_t)(1 + _i), len;
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	char *octets = malloc(n), *got;
	unsigned long seed = 1;
	postern *p;

	ck_assert_ptr_nonnull(octets);
	for (size_t i = 0; i < n; i++) {
		seed = seed * 1103515245 + 12345;
		octets[i] = (char)(seed >> 16);
	}
	memcpy(octets, header, sizeof(header) - 1);
	ck_assert_int_eq(postern_mail_set_binary(m, 1), 0);
	ck_assert_int_eq(postern_mail_set_completion(m, 0), 0);
	ck_assert_int_eq(postern_mail_set_text(m, octets, n), 0);
	box_open(&b, "implicit", NULL, "--judge", "--open", "--with", "BINARYMIME", NULL);
	p = box_client(&b);
	ck_assert_int_eq(postern_send(p, m), 0);
	got = box_message(&b, &len);
	ck_assert_uint_eq(len, n);
	ck_assert(memcmp(got, octets, n) == 0);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	free(got);
	free(octets);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

/* ---- the same outcomes ---- */

/* What the server does, to a small content or to one of many chunks. */
static const struct row {
	const char *option, *value;
	int outcome;
	const char *fault; /* NULL: any */
	int large; /* only with many chunks */
} rows[] = {
	{"--reply", "DOT=250 2.0.0 fine", POSTERN_ACCEPTED, "", 0},
	{"--reply", "DOT=554 5.7.1 no", POSTERN_PERMANENT, "content-refused", 0},
	{"--reply", "DOT=452 4.3.1 full", POSTERN_TRANSIENT, NULL, 0},
	{"--reply", "DOT=421 4.3.2 going", POSTERN_TRANSIENT, "service-closing", 0},
	{"--reply", "DOT=354 what", POSTERN_IN_DOUBT, "protocol-error-after-content", 0},
	{"--reply", "DOT=nonsense", POSTERN_IN_DOUBT, "protocol-error-after-content", 0},
	{"--drop", "DOT", POSTERN_IN_DOUBT, "lost-after-content", 0},
	{"--cut", "DOT=0/rst", POSTERN_IN_DOUBT, "lost-after-content", 0},
	{"--cut", "DOT=5", POSTERN_IN_DOUBT, "lost-after-content", 0},
	{"--cut", "DOT=5/stall", POSTERN_IN_DOUBT, "timeout-after-content", 0},
	{"--delay", "DOT=30000", POSTERN_IN_DOUBT, "timeout-after-content", 0},
	{"--refuse-recipient", "*=550 5.1.1 no", POSTERN_PERMANENT, "recipient-refused", 0},
	{"--refuse-recipient", "*=450 4.2.1 later", POSTERN_TRANSIENT, NULL, 0},
	{"--refuse-sender", "*=550 5.7.1 no", POSTERN_PERMANENT, NULL, 0},
	{"--reply", "RCPT=421 4.3.2 going", POSTERN_TRANSIENT, "service-closing", 0},
	{"--reply", "MAIL=421 4.3.2 going", POSTERN_TRANSIENT, "service-closing", 0},
	{"--drop", "MAIL", POSTERN_TRANSIENT, "connection-lost", 1},
	{"--drop", "RCPT", POSTERN_TRANSIENT, "connection-lost", 1},
	{"--reply", "BDAT=452 4.3.1 full", POSTERN_TRANSIENT, NULL, 2},
	{"--reply", "BDAT=554 5.7.1 no", POSTERN_PERMANENT, "content-refused", 2},
	{"--reply", "BDAT#2=552 5.3.4 big", POSTERN_PERMANENT, "message-too-large-refused", 2},
	{"--reply", "BDAT#2=421 4.3.2 going", POSTERN_TRANSIENT, "service-closing", 2},
	{"--drop", "BDAT#2", POSTERN_TRANSIENT, "connection-lost", 2},
	{"--cut", "BDAT#2=3/rst", POSTERN_TRANSIENT, "connection-lost", 2},
	{"--reply", "BDAT#2=354 what", POSTERN_PERMANENT, "protocol-error", 2},
	{"--delay", "BDAT#2=30000", POSTERN_TRANSIENT, NULL, 2},
};

enum { ROWS = sizeof(rows) / sizeof(*rows), FEW = 200, MANY = 3 << 20, SHORT = 300 };

/* What was kept is what is said of it. */
static void told_truly(const struct box *b, const postern_mail *m, int outcome)
{
	int kept = box_kept(b, "queue_id", NULL);

	ck_assert_int_eq(postern_mail_outcome(m), outcome);
	ck_assert_int_eq(postern_mail_recipient_outcome(m, 0), outcome);
	if (outcome == POSTERN_ACCEPTED)
		ck_assert_int_eq(kept, 1);
	else if (outcome != POSTERN_IN_DOUBT)
		ck_assert_int_eq(kept, 0);
}

START_TEST(outcome)
{
	const struct row *r = &rows[_i / (2 * WAYS)];
	const struct way *w = &ways[_i / 2 % WAYS];
	int large = _i % 2;
	struct box b;
	postern_mail *m, *next;
	char *text;
	postern *p;
	size_t n;

	if ((r->large && !large) || (r->large == 2 && strncmp(w->name, "BDAT", 4) != 0))
		return; /* there is no such chunk */
	printf("%s %s, %s by %s\n", r->option, r->value, large ? "large" : "small", w->name);
	m = a_mail("a@example.com");
	next = a_mail("b@example.com");
	text = content(large ? MANY : FEW, &n);
	ck_assert_int_eq(postern_mail_set_text(m, text, n), 0);
	box_open(&b, "starttls", NULL, "--judge", "--open", "--without", w->without, r->option,
		 r->value, NULL);
	p = client_of(&b, w);
	if (strcmp(r->option, "--delay") == 0 || strstr(r->value, "stall")) {
		postern_set_limit(p, POSTERN_LIMIT_FINAL, SHORT);
		postern_set_limit(p, POSTERN_LIMIT_BLOCK, SHORT);
	}
	(void)postern_send(p, m);
	if (r->fault)
		ck_assert_str_eq(postern_mail_error_id(m), r->fault);
	told_truly(&b, m, r->outcome);
	(void)postern_send(p, next); /* nothing of the first is taken for its own */
	ck_assert_int_ne(postern_mail_outcome(next), POSTERN_PENDING);
	postern_free(p);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_mail_free(m);
	postern_mail_free(next);
	free(text);
	box_close(&b);
}
END_TEST

/* A server that offers CHUNKING and does not know BDAT: refused, and the next is not in doubt. */
START_TEST(claimed)
{
	struct box b;
	postern_mail *m = a_mail("a@example.com"), *next = a_mail("b@example.com");
	postern *p;

	box_open(&b, "starttls", NULL, "--open", "--without", "CHUNKING", "--claim", "CHUNKING",
		 NULL);
	p = box_client(&b);
	ck_assert_int_ne(postern_send(p, m), 0);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PERMANENT);
	ck_assert_int_eq(postern_set_capability(p, "CHUNKING", 0), 0);
	ck_assert_int_eq(postern_send(p, next), 0);
	ck_assert_int_eq(box_kept(&b, "queue_id", NULL), 1);
	postern_free(p);
	postern_mail_free(m);
	postern_mail_free(next);
	box_close(&b);
}
END_TEST

/* One of three refused: the rest have it, by BDAT as by DATA, and the octets announced are sent. */
START_TEST(partial)
{
	const struct way *w = &ways[_i];
	struct box b;
	postern_mail *m = a_mail("a@example.com");
	postern *p;

	postern_mail_add_recipient(m, "bad@example.com");
	postern_mail_add_recipient(m, "c@example.com");
	box_open(&b, "starttls", NULL, "--judge", "--open", "--without", w->without,
		 "--refuse-recipient", "bad@*", NULL);
	p = client_of(&b, w);
	ck_assert_int_eq(postern_send(p, m), POSTERN_E_REFUSED);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PARTIAL);
	ck_assert_int_eq(postern_mail_recipient_outcome(m, 0), POSTERN_ACCEPTED);
	ck_assert_int_eq(postern_mail_recipient_outcome(m, 1), POSTERN_PERMANENT);
	ck_assert_int_eq(postern_mail_recipient_outcome(m, 2), POSTERN_ACCEPTED);
	ck_assert_int_eq(box_kept(&b, "a@example.com", "c@example.com"), 1);
	ck_assert_int_eq(box_count(&b, "violation"), 0);
	postern_free(p);
	postern_mail_free(m);
	box_close(&b);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "chunking");

	tcase_add_loop_test(t, arrives, 0, SIZES * WAYS * 3);
	tcase_add_loop_test(t, line_ends, 0, WAYS);
	tcase_add_loop_test(t, binary, 0, 4);
	tcase_add_loop_test(t, outcome, 0, ROWS * WAYS * 2);
	tcase_add_test(t, claimed);
	tcase_add_loop_test(t, partial, 0, WAYS);
}
