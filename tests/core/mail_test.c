/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mail.h"
#include "main.h"
#include "memory.h"
#include "must.h"
#include "smtp/reply.h"

enum { WHEN = 1000000000, CONTENT_MOST = 200 * 1024 };
static const char made_date[] = "Date: Sun, 09 Sep 2001 01:46:40 +0000\r\n";

/* ---- Queues. ---- */

static void expect_queue(struct ptn_queue *q, postern_mail *const *list, size_t n)
{
	postern_mail *m = q->first;

	ck_assert_uint_eq(q->n, n);
	for (size_t i = 0; i < n; i++) {
		ck_assert_ptr_eq(m, list[i]);
		ck_assert_ptr_eq(m->queue, q);
		m = m->next;
	}
	ck_assert_ptr_null(m);
	ck_assert_ptr_eq(q->last, n ? list[n - 1] : NULL);
}

/* Five mails; each subset is taken out, from the front or from the back, and put behind again. */
START_TEST(queues)
{
	enum { MAILS = 5 };
	postern_mail *m[MAILS], *left[MAILS], *all[MAILS];
	struct ptn_queue q = {0};
	size_t n = 0, k = 0;

	for (int i = 0; i < MAILS; i++) {
		m[i] = postern_mail_new("");
		ptn_queue_add(&q, m[i]);
	}
	expect_queue(&q, m, MAILS);
	for (int i = 0; i < MAILS; i++) {
		int at = _i & 32 ? MAILS - 1 - i : i;

		if (_i & 1 << at)
			ptn_queue_remove(m[at]);
	}
	for (int i = 0; i < MAILS; i++)
		if (!(_i & 1 << i))
			left[n++] = all[k++] = m[i];
	expect_queue(&q, left, n);
	for (int i = 0; i < MAILS; i++)
		if (_i & 1 << i) {
			ck_assert_ptr_null(m[i]->queue);
			ck_assert_ptr_null(m[i]->next);
			ptn_queue_remove(m[i]); /* it is in none: nothing */
			ptn_queue_add(&q, m[i]);
			all[k++] = m[i];
		}
	expect_queue(&q, all, MAILS);
	for (int i = 0; i < MAILS; i++)
		postern_mail_free(m[i]);
}
END_TEST

/* ---- Content. ---- */

struct feeder {
	const char *text;
	size_t n, at, step; /* step: octets per call at most */
	int later; /* every other call has nothing yet */
	size_t fails_at; /* gives up once this much was read; 0: never */
	size_t lies_at; /* claims more than there is room for, from here on; 0: never */
	int calls, ends;
};

static ptrdiff_t feed(void *arg, char *buf, size_t cap)
{
	struct feeder *f = arg;
	size_t n = f->n - f->at;

	must(!f->ends); /* not asked again after the end */
	if (f->later && ++f->calls % 2)
		return POSTERN_LATER;
	if (f->fails_at && f->at >= f->fails_at)
		return -1;
	if (f->lies_at && f->at >= f->lies_at)
		return (ptrdiff_t)cap + 1;
	n = n < f->step ? n : f->step;
	n = n < cap ? n : cap;
	memcpy(buf, f->text + f->at, n);
	f->at += n;
	f->ends += !n;
	return (ptrdiff_t)n;
}

static ptrdiff_t copy_text(const postern_mail *m, char *to)
{
	const struct ptn_smtp_envelope *e = &m->envelope;

	must(e->text_len[0] + e->text_len[1] <= CONTENT_MOST);
	memcpy(to, e->text[0], e->text_len[0]);
	memcpy(to + e->text_len[0], e->text[1], e->text_len[1]);
	return (ptrdiff_t)(e->text_len[0] + e->text_len[1]);
}

/* All of the content as it would be sent; gives its length, or -1 where reading failed. */
static ptrdiff_t drain(postern_mail *m, char *to, size_t cap)
{
	size_t n = 0;
	int fault = 0;

	if (ptn_mail_in_memory(m))
		return copy_text(m, to);
	must(!m->envelope.text[0] && !m->envelope.text[1]);
	for (int waits = 0;;) {
		ptrdiff_t got = ptn_mail_read(m, to + n, cap, &fault);

		must(m->waiting == (got == POSTERN_LATER));
		if (got == POSTERN_LATER) {
			ck_assert_int_lt(++waits, CONTENT_MOST);
			postern_mail_resume(m);
			ck_assert(m->resumed && !m->waiting);
			m->resumed = 0;
			continue;
		}
		must((got < 0) == (fault != 0));
		if (got <= 0)
			return got ? -1 : (ptrdiff_t)n;
		must((size_t)got <= cap);
		n += (size_t)got;
		must(n < CONTENT_MOST);
	}
}

static postern_mail *new_mail(void)
{
	postern_mail *m = postern_mail_new("me@example.org");

	ck_assert_ptr_nonnull(m);
	ck_assert_int_eq(postern_mail_add_recipient(m, "you@example.net"), 0);
	return m;
}

static int prepare(postern_mail *m)
{
	unsigned long long line;

	return ptn_mail_prepare(m, "host.example.net", WHEN, &line);
}

static const struct {
	const char *text;
	int date, id; /* which fields are made for it */
	const char *own; /* its own Message-ID; "" if none */
} texts[] = {
	{"Subject: x\n\nbody\n", 1, 1, ""},
	{"Subject: x\r\n\r\nbody", 1, 1, ""},
	{"Subject: x", 1, 1, ""},
	{"Date: now\nSubject: x\n\nbody\n", 0, 1, ""},
	{"Message-Id: <a@b>\n\nbody\n", 1, 0, "<a@b>"},
	{"Message-ID: broken\n\nbody\n", 1, 0, ""},
	{"Date: now\nMessage-ID: broken\n\nbody\n", 0, 0, ""},
	{"Date: now\nMessage-ID:\n <a@b>\n\nbody\n", 0, 0, "<a@b>"},
	{"Subject: x\n\nDate: now\nMessage-ID: <a@b>\n", 1, 1, ""},
	{"\nbody only\n", 0, 0, ""},
	{"no header at all\n", 0, 0, ""},
	{"From x\nDate: y\n\n", 0, 0, ""},
	{"", 0, 0, ""},
};

/* What must come out: the made fields in front of the text, octet by octet. */
static size_t expected(const postern_mail *m, size_t i, char *to)
{
	size_t n = 0;

	if (m->completion && texts[i].date)
		n += (size_t)sprintf(to + n, "%s", made_date);
	if (m->completion && texts[i].id)
		n += (size_t)sprintf(to + n, "Message-ID: %s\r\n", postern_mail_message_id(m));
	return n + (size_t)sprintf(to + n, "%s", texts[i].text);
}

static void expect_id(const postern_mail *m, size_t i)
{
	const char *id = postern_mail_message_id(m);

	if (m->completion && texts[i].id) {
		ck_assert_uint_eq(strlen(id), 1 + 32 + strlen("@example.org>"));
		ck_assert_str_eq(id + 33, "@example.org>");
	} else {
		ck_assert_str_eq(id, texts[i].own);
	}
}

static void expect_content(postern_mail *m, size_t i, size_t cap)
{
	static char got[CONTENT_MOST + 16384], wanted[CONTENT_MOST];
	ptrdiff_t n = drain(m, got, cap);
	size_t w = expected(m, i, wanted);
	int fault = 0;

	ck_assert_int_eq(n, (ptrdiff_t)w);
	ck_assert_mem_eq(got, wanted, w);
	if (!ptn_mail_in_memory(m))
		ck_assert_int_eq(ptn_mail_read(m, got, cap, &fault), 0); /* the end is the end */
}

static const size_t caps[] = {1, 2, 7, 64, 16384};

START_TEST(the_octets_of_a_text)
{
	for (int on = 0; on < 2; on++)
		for (size_t c = 0; c < sizeof(caps) / sizeof(*caps); c++) {
			postern_mail *m = new_mail();
			const char *text = texts[_i].text;
			char *exact = malloc(strlen(text) + !*text);

			memcpy(exact, text, strlen(text));
			ck_assert_int_eq(postern_mail_set_completion(m, on), 0);
			ck_assert_int_eq(postern_mail_set_text(m, exact, strlen(text)), 0);
			ck_assert_int_eq(prepare(m), 0);
			expect_id(m, (size_t)_i);
			expect_content(m, (size_t)_i, caps[c]);
			postern_mail_free(m);
			free(exact);
		}
}
END_TEST

START_TEST(the_octets_of_a_reader)
{
	static const size_t steps[] = {1, 3, 4096};

	for (int on = 0; on < 2; on++)
		for (size_t c = 0; c < 15; c++) {
			struct feeder f = {.text = texts[_i].text,
					   .n = strlen(texts[_i].text),
					   .step = steps[c / 5]};
			postern_mail *m = new_mail();

			ck_assert_int_eq(postern_mail_set_completion(m, on), 0);
			ck_assert_int_eq(postern_mail_set_reader(m, feed, &f), 0);
			ck_assert_int_eq(prepare(m), 0);
			if (on)
				expect_id(m, (size_t)_i);
			expect_content(m, (size_t)_i, caps[c % 5]);
			postern_mail_free(m);
		}
}
END_TEST

/* A stream that is not there yet is waited for, and loses and repeats nothing. */
START_TEST(a_reader_that_says_later)
{
	static char got[CONTENT_MOST];

	for (size_t step = 1; step < 20; step++)
		for (int first = 0; first < 2; first++) {
			struct feeder f = {.text = texts[_i].text,
					   .n = strlen(texts[_i].text),
					   .step = step,
					   .later = 1,
					   .calls = first};
			postern_mail *m = new_mail();
			ptrdiff_t n;
			int rc;

			postern_mail_set_reader(m, feed, &f);
			while ((rc = prepare(m)) == PTN_MAIL_LATER) {
				ck_assert(m->waiting);
				postern_mail_resume(m);
			}
			ck_assert_int_eq(rc, 0);
			expect_id(m, (size_t)_i);
			n = drain(m, got, 5);
			ck_assert_int_ge(n, (ptrdiff_t)f.n);
			ck_assert_mem_eq(got + (size_t)n - f.n, f.text, f.n);
			postern_mail_free(m);
		}
}
END_TEST

START_TEST(a_reader_that_fails)
{
	static char got[CONTENT_MOST], big[3 * 65536];

	memset(big, 'x', sizeof(big));
	for (size_t i = 70; i < sizeof(big); i += 71)
		big[i] = '\n';
	memcpy(big, "Subject: x\n\n", 12);
	for (size_t at = 1; at < sizeof(big); at = at * 2 + 1) {
		for (int lies = 0; lies < 2; lies++) {
			struct feeder f = {.text = big, .n = sizeof(big), .step = 1000};
			postern_mail *m = new_mail();
			int fault;

			*(lies ? &f.lies_at : &f.fails_at) = at;
			postern_mail_set_reader(m, feed, &f);
			fault = prepare(m);
			/* Its first blocks are read to see the header. */
			ck_assert(fault == 0 || fault == PTN_FAULT_CONTENT_READER);
			ck_assert_int_eq(drain(m, got, 512), -1);
			postern_mail_free(m);
		}
	}
}
END_TEST

/* At once, while the header is looked for, as well as later. */
START_TEST(a_reader_that_fails_at_once)
{
	for (int lies = 0; lies < 2; lies++) {
		struct feeder f = {.text = "Subject: x\nTo: y\n", .n = 17, .step = 12};
		postern_mail *m = new_mail();

		*(lies ? &f.lies_at : &f.fails_at) = 1;
		postern_mail_set_reader(m, feed, &f);
		ck_assert_int_eq(prepare(m), PTN_FAULT_CONTENT_READER);
		postern_mail_free(m);
	}
}
END_TEST

/* A header that does not end is looked at up to a bound, and sent as it is read. */
START_TEST(a_reader_with_an_endless_header)
{
	static char text[150 * 1024], got[CONTENT_MOST];
	struct feeder f = {.text = text, .n = sizeof(text), .step = 4096};
	postern_mail *m = new_mail();
	size_t n = 0;

	while (n + 10 <= sizeof(text)) {
		memcpy(text + n, "X-Y: zzz\r\n", 10);
		n += 10;
	}
	f.n = n;
	postern_mail_set_reader(m, feed, &f);
	ck_assert_int_eq(prepare(m), 0);
	ck_assert_uint_le(f.at, 64 * 1024 + 4096);
	n = (size_t)drain(m, got, 8192);
	ck_assert_uint_gt(n, f.n);
	ck_assert_mem_eq(got + n - f.n, text, f.n);
	ck_assert_mem_eq(got, made_date, strlen(made_date));
	postern_mail_free(m);
}
END_TEST

/* ---- What is known before a connection. ---- */

#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *text;
	size_t n;
	int fault, eightbit;
	unsigned long long line, size; /* as it counts for SIZE */
} contents[] = {
	{TEXT("Subject: x\n\nbody\n"), 0, 0, 0, 20},
	{TEXT("Subject: x\r\n\r\nbody"), 0, 0, 0, 20},
	{TEXT("Subject: x\n\n.\n..\n"), 0, 0, 0, 21},
	{TEXT("Subject: \xC3\xBC\n\nbody\n"), 0, 1, 0, 21},
	{TEXT("Subject: x\n\nb\xE9"), 0, 1, 0, 18},
	{TEXT("Subject: x\n\nbo\rdy\n"), PTN_FAULT_CONTENT_BARE_CR, 0, 3, 0},
	{TEXT("Subject: x\r\r\n\r\nbody\n"), PTN_FAULT_CONTENT_BARE_CR, 0, 1, 0},
	{TEXT("Subject: x\n\nbody\r"), PTN_FAULT_CONTENT_BARE_CR, 0, 3, 0},
	{TEXT("Subject: x\n\n\n\nbo\0dy\n"), PTN_FAULT_CONTENT_NUL, 0, 5, 0},
	{TEXT("\0"), PTN_FAULT_CONTENT_NUL, 0, 1, 0},
};

START_TEST(contents_are_checked)
{
	postern_mail *m = new_mail();
	unsigned long long line = 77;
	int fault;

	postern_mail_set_completion(m, 0);
	postern_mail_set_text(m, contents[_i].text, contents[_i].n);
	fault = ptn_mail_prepare(m, "", WHEN, &line);
	ck_assert_str_eq(ptn_fault_id(fault), ptn_fault_id(contents[_i].fault));
	if (fault) {
		ck_assert_uint_eq(line, contents[_i].line);
	} else {
		ck_assert_int_eq(m->envelope.eightbit, contents[_i].eightbit);
		ck_assert_int_eq(m->envelope.sized, 1);
		ck_assert_uint_eq(m->envelope.size, contents[_i].size);
	}
	postern_mail_free(m);
}
END_TEST

START_TEST(long_lines)
{
	static char text[1100];
	postern_mail *m = new_mail();
	unsigned long long line;

	memset(text, 'x', sizeof(text));
	memcpy(text, "A: b\n\n", 6);
	postern_mail_set_text(m, text, 6 + 998);
	ck_assert_int_eq(ptn_mail_prepare(m, "", WHEN, &line), 0);
	postern_mail_set_text(m, text, 6 + 999);
	ck_assert_int_eq(ptn_mail_prepare(m, "", WHEN, &line), PTN_FAULT_CONTENT_LONG_LINE);
	ck_assert_uint_eq(line, 3); /* the caller's own third, whatever goes in front */
	postern_mail_free(m);
}
END_TEST

/* The size is that of what is sent, made fields included. */
START_TEST(the_size)
{
	static char got[CONTENT_MOST];
	postern_mail *m = new_mail();

	postern_mail_set_text(m, TEXT("Subject: x\r\n\r\nbody\r\n"));
	ck_assert_int_eq(prepare(m), 0);
	ck_assert_uint_eq(m->envelope.size, (unsigned long long)drain(m, got, 100));
	postern_mail_free(m);
}
END_TEST

START_TEST(the_envelope)
{
	static const struct {
		const char *from, *to;
		int utf8;
	} paths[] = {
		{"me@example.org", "you@example.net", 0},
		{"", "you@example.net", 0},
		{"m\xC3\xA9@example.org", "you@example.net", 1},
		{"me@example.org", "y\xC3\xB6u@example.net", 1},
		{"", "y\xC3\xB6u@example.net", 1},
	};

	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		postern_mail *m = postern_mail_new(paths[i].from);

		ck_assert_int_eq(prepare(m), PTN_FAULT_CONTENT_MISSING);
		postern_mail_set_text(m, TEXT("A: b\n\n"));
		postern_mail_add_recipient(m, "first@example.net");
		postern_mail_add_recipient(m, paths[i].to);
		ck_assert_int_eq(prepare(m), 0);
		ck_assert_uint_eq(m->envelope.n, 2);
		ck_assert_str_eq(m->envelope.reverse_path, paths[i].from);
		ck_assert_str_eq(m->envelope.recipients[0], "first@example.net");
		ck_assert_str_eq(m->envelope.recipients[1], paths[i].to);
		ck_assert_int_eq(m->envelope.utf8, paths[i].utf8);
		postern_mail_free(m);
	}
}
END_TEST

START_TEST(without_memory)
{
	int fault = PTN_FAULT_NO_MEMORY;

	for (int n = 0; fault; n++) {
		struct feeder f = {.text = "Subject: x\n\nbody\n", .n = 17, .step = 4096};
		postern_mail *m = new_mail();

		if (_i)
			postern_mail_set_reader(m, feed, &f);
		else
			postern_mail_set_text(m, f.text, f.n);
		grants = n;
		fault = prepare(m);
		grants = -1;
		ck_assert(!fault || fault == PTN_FAULT_NO_MEMORY);
		ck_assert_int_lt(n, 20);
		postern_mail_free(m);
	}
}
END_TEST

/* ---- What became of it. ---- */

static struct ptn_reply *reply_of(const char *text)
{
	static struct ptn_reply r;

	ptn_reply_free(&r);
	ptn_reply_next(&r, PTN_REPLY_LINE);
	ck_assert_uint_eq(ptn_reply_feed(&r, text, strlen(text)), strlen(text));
	ck_assert(r.whole && !r.wrong);
	return &r;
}

/* outcomes.md 5.2, told once more: what a mail is, from what became of its recipients. */
static int oracle(const int *outcomes, int n)
{
	int accepted = 0, refused = 0, later = 0, doubt = 0;

	for (int i = 0; i < n; i++) {
		accepted |= outcomes[i] == POSTERN_ACCEPTED;
		refused |= outcomes[i] == POSTERN_PERMANENT;
		later |= outcomes[i] == POSTERN_TRANSIENT;
		doubt |= outcomes[i] == POSTERN_IN_DOUBT;
	}
	if (doubt)
		return POSTERN_IN_DOUBT;
	if (accepted && (refused || later))
		return POSTERN_PARTIAL;
	return accepted ? POSTERN_ACCEPTED : later ? POSTERN_TRANSIENT : POSTERN_PERMANENT;
}

/* Up to three recipients, each accepted so far, refused for now or for good, or not answered; and
 * then every way that a mail may end. */
START_TEST(every_sum)
{
	static const int said[] = {POSTERN_PENDING, POSTERN_TRANSIENT, POSTERN_PERMANENT};
	static const int ends[] = {POSTERN_ACCEPTED, POSTERN_TRANSIENT, POSTERN_PERMANENT,
				   POSTERN_IN_DOUBT};
	static const char *const replies[] = {"250 2.1.5 ok\r\n", "450 4.2.0 wait\r\n",
					      "550 5.1.1 who\r\n"};

	for (int n = 1; n <= 3; n++)
		for (int c = 0; c < 27; c++)
			for (int e = 0; e < 4; e++) {
				const int digits[] = {c % 3, c / 3 % 3, c / 9};
				postern_mail *m = postern_mail_new("");
				int wanted[3], pending = 0;

				for (int i = 0; i < n; i++) {
					postern_mail_add_recipient(m, "you@example.net");
					ptn_mail_recipient(m, (size_t)i, said[digits[i]],
							   reply_of(replies[digits[i]]));
					pending += !digits[i];
					wanted[i] = digits[i] ? said[digits[i]] : ends[e];
				}
				ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PENDING);
				ptn_mail_finish(m, ends[e],
						e || !pending ? PTN_FAULT_CONTENT_REFUSED : 0,
						reply_of("250 2.0.0 done\r\n"));
				ck_assert_int_eq(postern_mail_outcome(m), oracle(wanted, n));
				for (int i = 0; i < n; i++) {
					size_t k = (size_t)i;

					ck_assert_int_eq(postern_mail_recipient_outcome(m, k),
							 wanted[i]);
					ck_assert_str_eq(postern_mail_recipient_text(m, k),
							 digits[i] == 0   ? "done"
							 : digits[i] == 1 ? "wait"
									  : "who");
				}
				if (postern_mail_outcome(m) == POSTERN_ACCEPTED)
					ck_assert_int_eq(postern_mail_code(m), 0);
				else
					ck_assert_int_eq(postern_mail_code(m), POSTERN_E_REFUSED);
				postern_mail_free(m);
			}
	ptn_reply_free(reply_of("250 x\r\n"));
}
END_TEST

START_TEST(without_recipients)
{
	postern_mail *m = postern_mail_new("");

	ptn_mail_finish(m, POSTERN_PERMANENT, PTN_FAULT_ARGUMENT, NULL);
	ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PERMANENT);
	ck_assert_int_eq(postern_mail_code(m), POSTERN_E_ARG);
	ck_assert_str_eq(postern_mail_error(m), postern_strerror(POSTERN_E_ARG));
	postern_mail_free(m);
}
END_TEST

START_TEST(the_final_reply)
{
	static const struct {
		int outcome, fault;
		const char *reply; /* NULL: none came */
		int code;
		const char *status, *text, *id;
	} ends[] = {
		{POSTERN_ACCEPTED, 0, "250 2.0.0 Ok: queued as 4Xyz123ABC\r\n", 250, "2.0.0",
		 "Ok: queued as 4Xyz123ABC", "4Xyz123ABC"},
		{POSTERN_ACCEPTED, 0, "250 OK\r\n", 250, "", "OK", ""},
		{POSTERN_ACCEPTED, 0, "250\r\n", 250, "", "", ""},
		{POSTERN_ACCEPTED, 0, "250-one\r\n250 queued as 1234\r\n", 250, "",
		 "one queued as 1234", "1234"},
		{POSTERN_ACCEPTED, 0, "250 queued as \033[1m1234\r\n", 250, "",
		 "queued as \\x1B[1m1234", ""},
		{POSTERN_PERMANENT, PTN_FAULT_CONTENT_REFUSED, "554 5.7.1 spam, queued as 1234\r\n",
		 554, "5.7.1", "spam, queued as 1234", ""},
		{POSTERN_TRANSIENT, PTN_FAULT_LOST, NULL, 0, "", "", ""},
		{POSTERN_IN_DOUBT, PTN_FAULT_LOST_IN_DOUBT, NULL, 0, "", "", ""},
	};

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		postern_mail *m = new_mail();

		/* What was said to RCPT is not what decided. */
		ptn_mail_recipient(m, 0, POSTERN_PENDING, reply_of("250 2.1.5 rcpt ok\r\n"));
		ck_assert_str_eq(postern_mail_recipient_text(m, 0), "");
		ptn_mail_finish(m, ends[i].outcome, ends[i].fault,
				ends[i].reply ? reply_of(ends[i].reply) : NULL);
		ck_assert_int_eq(postern_mail_outcome(m), ends[i].outcome);
		ck_assert_int_eq(postern_mail_recipient_code(m, 0), ends[i].code);
		ck_assert_str_eq(postern_mail_recipient_status(m, 0), ends[i].status);
		ck_assert_str_eq(postern_mail_recipient_text(m, 0), ends[i].text);
		ck_assert_str_eq(postern_mail_reply(m), ends[i].text);
		ck_assert_str_eq(postern_mail_queue_id(m), ends[i].id);
		ck_assert_int_eq(m->state, PTN_MAIL_DONE);
		postern_mail_free(m);
	}
	ptn_reply_free(reply_of("250 x\r\n"));
}
END_TEST

/* ---- Again. ---- */

START_TEST(a_reset_mail_sends_the_same)
{
	static char first[CONTENT_MOST], second[CONTENT_MOST];
	postern_mail *m = new_mail();
	char id[100];
	ptrdiff_t n = 0;

	for (int turn = 0; turn < 4; turn++) {
		struct feeder f = {.text = "Subject: x\n\nbody\n", .n = 17, .step = 3};
		unsigned long long line;

		if (turn % 2)
			postern_mail_set_reader(m, feed, &f);
		else
			postern_mail_set_text(m, f.text, f.n);
		/* Later, and from another host: what was made stays. */
		ck_assert_int_eq(
			ptn_mail_prepare(m, turn ? "other" : "host", WHEN + turn * 86400, &line),
			0);
		if (!turn) {
			n = drain(m, first, 100);
			ck_assert_mem_eq(first, made_date, strlen(made_date));
			ck_assert_int_eq(snprintf(id, sizeof(id), "%s", postern_mail_message_id(m)),
					 46);
		} else {
			ck_assert_int_eq(drain(m, second, 100), n);
			ck_assert_mem_eq(first, second, (size_t)n);
			ck_assert_str_eq(postern_mail_message_id(m), id);
		}
		ptn_mail_recipient(m, 0, POSTERN_TRANSIENT, reply_of("450 4.7.1 later\r\n"));
		ptn_mail_finish(m, POSTERN_TRANSIENT, PTN_FAULT_RCPT_REFUSED, NULL);
		ck_assert_int_eq(postern_mail_set_text(m, "x", 1), POSTERN_E_STATE);
		ck_assert_int_eq(postern_mail_reset(m), 0);
		ck_assert_int_eq(postern_mail_outcome(m), POSTERN_PENDING);
		ck_assert_int_eq(postern_mail_recipient_outcome(m, 0), POSTERN_PENDING);
		ck_assert_int_eq(postern_mail_recipient_code(m, 0), 0);
		ck_assert_str_eq(postern_mail_recipient_status(m, 0), "");
		ck_assert_str_eq(postern_mail_recipient_text(m, 0), "");
		ck_assert_str_eq(postern_mail_recipient(m, 0), "you@example.net");
		ck_assert_int_eq(postern_mail_code(m), 0);
		ck_assert_str_eq(postern_mail_error(m), "");
		ck_assert_int_eq(prepare(m), PTN_FAULT_CONTENT_MISSING);
	}
	ptn_reply_free(reply_of("250 x\r\n"));
	postern_mail_free(m);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "mail");
	int n = sizeof(texts) / sizeof(*texts);

	tcase_add_loop_test(t, queues, 0, 64);
	tcase_add_loop_test(t, the_octets_of_a_text, 0, n);
	tcase_add_loop_test(t, the_octets_of_a_reader, 0, n);
	tcase_add_loop_test(t, a_reader_that_says_later, 0, n);
	tcase_add_test(t, a_reader_that_fails);
	tcase_add_test(t, a_reader_that_fails_at_once);
	tcase_add_test(t, a_reader_with_an_endless_header);
	tcase_add_loop_test(t, contents_are_checked, 0, sizeof(contents) / sizeof(*contents));
	tcase_add_test(t, long_lines);
	tcase_add_test(t, the_size);
	tcase_add_test(t, the_envelope);
	tcase_add_loop_test(t, without_memory, 0, 2);
	tcase_add_test(t, every_sum);
	tcase_add_test(t, without_recipients);
	tcase_add_test(t, the_final_reply);
	tcase_add_test(t, a_reset_mail_sends_the_same);
}
