/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Content on its way: what leaves in one write, what is lent, what is announced and what is taken
 * back.  Whole conversations are told by the stories.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "smtp/capability.h"
#include "smtp/reply.h"
#include "talk.h"

#define CHUNKING "250-mx\r\n250-PIPELINING\r\n250 CHUNKING\r\n"
#define FLIGHT "MAIL FROM:<a@example.org>\r\nRCPT TO:<b@example.org>\r\n"
enum { LARGE = 1000 * 1000, CHUNK = 256 * 1024, MIB = 1024 * 1024 };

static struct ptn_smtp *idle(const char *ehlo)
{
	struct ptn_smtp *s = talk_begin();

	to_idle(s, ehlo);
	return s;
}

/* n octets in lines of 64, the last one whole. */
static char *lines(size_t n)
{
	char *p = malloc(n);

	ck_assert_ptr_nonnull(p);
	for (size_t i = 0; i < n; i++)
		p[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : 'x';
	if (n % 64 == 1)
		p[n - 2] = 'x';
	memcpy(p + n - 2, "\r\n", 2);
	return p;
}

static struct ptn_smtp_envelope of_text(const char *first, size_t n, const char *second, size_t m)
{
	struct ptn_smtp_envelope e = envelope;

	e.text[0] = first;
	e.text_len[0] = n;
	e.text[1] = second;
	e.text_len[1] = m;
	e.clean = 1;
	return e;
}

/* It is idle, and serves the next. */
static void to_next(struct ptn_smtp *s)
{
	struct ptn_smtp_envelope e = envelope;

	e.text[0] = "x\r\n";
	e.text_len[0] = 3;
	e.clean = 1;
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_MAIL | PTN_WANT_READ);
	ck_assert_int_eq(ptn_smtp_mail(s, &e, &mail_mark), 0);
	hears(s, FLIGHT "BDAT 3 LAST\r\nx\r\n");
}

static void begin(struct ptn_smtp *s, const struct ptn_smtp_envelope *e)
{
	ck_assert_int_eq(ptn_smtp_mail(s, e, &mail_mark), 0);
	ck_assert(!(ptn_smtp_want(s) & PTN_WANT_BODY));
}

static void accepted(struct ptn_smtp *s)
{
	says(s, "250 ok\r\n250 ok\r\n");
	has_event(s, PTN_EVENT_RECIPIENT, POSTERN_PENDING, PTN_FAULT_NONE);
}

/* Everything is handed over; gives how much, and what its last n octets are. */
static size_t drain(struct ptn_smtp *s, char *end, size_t keep)
{
	size_t all = 0, n;
	const char *p;

	while ((n = ptn_smtp_out(s, &p)) > 0) {
		for (size_t i = 0; i < n && keep; i++) {
			memmove(end, end + 1, keep - 1);
			end[keep - 1] = p[i];
		}
		all += n;
		ptn_smtp_wrote(s, n);
	}
	return all;
}

START_TEST(one_flight)
{
	struct ptn_smtp_envelope e = of_text("A: b\r\n", 6, "\r\n.c\r\n", 6);
	struct ptn_smtp *s = idle(CHUNKING);

	begin(s, &e);
	hears(s, FLIGHT "BDAT 12 LAST\r\nA: b\r\n\r\n.c\r\n");
	accepted(s);
	says(s, "250 queued\r\n");
	has_event(s, PTN_EVENT_MAIL, POSTERN_ACCEPTED, PTN_FAULT_NONE);
	ptn_smtp_free(s);
}
END_TEST

START_TEST(one_flight_of_changed_content)
{
	struct ptn_smtp_envelope e = of_text("A: b\n", 5, "\n.c", 3);
	struct ptn_smtp *s = idle(CHUNKING);

	e.clean = 0;
	begin(s, &e);
	hears(s, FLIGHT "BDAT 12 LAST\r\nA: b\r\n\r\n.c\r\n");
	ptn_smtp_free(s);
}
END_TEST

START_TEST(one_write_behind_354)
{
	struct ptn_smtp_envelope e = of_text("A: b\r\n", 6, "\r\nc\r\n", 5);
	struct ptn_smtp *s = idle("250-mx\r\n250 PIPELINING\r\n");

	begin(s, &e);
	hears(s, FLIGHT "DATA\r\n");
	accepted(s);
	says(s, "354 go\r\n");
	hears(s, "A: b\r\n\r\nc\r\n.\r\n");
	ptn_smtp_free(s);
}
END_TEST

/* With up to 64 KiB the content is in the flight, to the octet. */
START_TEST(border_of_the_flight)
{
	for (size_t n = 65535; n <= 65537; n++) {
		char *text = lines(n), head[80];
		struct ptn_smtp_envelope e = of_text(NULL, 0, text, n);
		struct ptn_smtp *s = idle(CHUNKING);
		int len = sprintf(head, FLIGHT "BDAT %zu LAST\r\n", n);
		const char *p;

		begin(s, &e);
		ck_assert_uint_eq(ptn_smtp_out(s, &p), (size_t)len + (n > 65536 ? 0 : n));
		ck_assert(!memcmp(p, head, (size_t)len));
		ck_assert_uint_eq(drain(s, NULL, 0), (size_t)len + n);
		ptn_smtp_free(s);
		free(text);
	}
}
END_TEST

/* A large content is not copied: its octets are the caller's own. */
START_TEST(lent_with_bdat)
{
	char *text = lines(LARGE);
	struct ptn_smtp_envelope e = of_text("A: b\r\n", 6, text, LARGE);
	struct ptn_smtp *s = idle(CHUNKING);
	const char *p;

	begin(s, &e);
	hears(s, FLIGHT "BDAT 262144\r\nA: b\r\n");
	ck_assert_uint_eq(ptn_smtp_out(s, &p), CHUNK - 6);
	ck_assert_ptr_eq(p, text);
	accepted(s);
	ptn_smtp_wrote(s, CHUNK - 6);
	/* A recipient was accepted: the next chunk may be larger, and is all the rest. */
	hears(s, "BDAT 737862 LAST\r\n");
	ck_assert_uint_eq(ptn_smtp_out(s, &p), 737862);
	ck_assert_ptr_eq(p, text + CHUNK - 6);
	ptn_smtp_free(s);
	free(text);
}
END_TEST

START_TEST(lent_behind_354)
{
	char *first = lines(LARGE), *second = lines(LARGE);
	struct ptn_smtp_envelope e = of_text(first, LARGE, second, LARGE);
	struct ptn_smtp *s = idle("250-mx\r\n250 PIPELINING\r\n");
	const char *p;

	begin(s, &e);
	hears(s, FLIGHT "DATA\r\n");
	accepted(s);
	says(s, "354 go\r\n");
	ck_assert_uint_eq(ptn_smtp_out(s, &p), LARGE);
	ck_assert_ptr_eq(p, first);
	ptn_smtp_wrote(s, LARGE);
	ptn_smtp_out(s, &p);
	ck_assert_ptr_eq(p, second);
	ptn_smtp_wrote(s, LARGE);
	hears(s, ".\r\n");
	says(s, "250 queued\r\n");
	has_event(s, PTN_EVENT_MAIL, POSTERN_ACCEPTED, PTN_FAULT_NONE);
	ptn_smtp_free(s);
	free(first);
	free(second);
}
END_TEST

/* A refusal in the middle of a chunk: the content is the caller's again, and what was announced
 * leaves all the same; no other chunk follows. */
START_TEST(refused_in_the_middle)
{
	char *text = lines(LARGE);
	struct ptn_smtp_envelope e = of_text(NULL, 0, text, LARGE);
	struct ptn_smtp *s = idle(CHUNKING);
	const char *p;

	begin(s, &e);
	hears(s, FLIGHT "BDAT 262144\r\n");
	ptn_smtp_out(s, &p);
	ptn_smtp_wrote(s, 1000);
	says(s, "250 ok\r\n550 no\r\n");
	has_event(s, PTN_EVENT_RECIPIENT, POSTERN_PERMANENT, PTN_FAULT_RCPT_REFUSED);
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_RCPT_REFUSED);
	ptn_smtp_out(s, &p); /* other octets in place of it */
	ck_assert(p < text || p >= text + LARGE);
	memset(text, '!', LARGE);
	free(text);
	ck_assert_uint_eq(drain(s, NULL, 0), CHUNK - 1000);
	says(s, "503 no recipients\r\n");
	hears(s, "RSET\r\n");
	says(s, "250 ok\r\n");
	to_next(s);
	ptn_smtp_free(s);
}
END_TEST

/* Refused before an octet of BDAT was handed over: it is not said. */
START_TEST(taken_back)
{
	struct ptn_smtp_envelope e = of_text("x\r\n", 3, NULL, 0);
	const char *replies[] = {"550 no\r\n503 no\r\n", "250 ok\r\n550 no\r\n"};

	for (int large = 0; large < 2; large++)
		for (int i = 0; i < 2; i++) {
			char *text = lines(LARGE);
			struct ptn_smtp *s = idle(CHUNKING);

			e.text[1] = large ? text : NULL;
			e.text_len[1] = large ? LARGE : 0;
			begin(s, &e);
			ptn_smtp_wrote(s, strlen(FLIGHT));
			ptn_smtp_feed(s, replies[i], strlen(replies[i]));
			if (i)
				has_event(s, PTN_EVENT_RECIPIENT, POSTERN_PERMANENT,
					  PTN_FAULT_RCPT_REFUSED);
			has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT,
				  i ? PTN_FAULT_RCPT_REFUSED : PTN_FAULT_MAIL_REFUSED);
			free(text);
			if (!i)
				says(s, "503 no\r\n");
			hears(s, "RSET\r\n");
			says(s, "250 ok\r\n");
			to_next(s);
			ptn_smtp_free(s);
		}
}
END_TEST

/* One octet of the command is out, and it must be said to the end. */
START_TEST(not_taken_back)
{
	struct ptn_smtp_envelope e = of_text("x\r\n", 3, NULL, 0);
	struct ptn_smtp *s = idle(CHUNKING);

	begin(s, &e);
	ptn_smtp_wrote(s, strlen(FLIGHT) + 1);
	says(s, "250 ok\r\n550 no\r\n");
	has_event(s, PTN_EVENT_RECIPIENT, POSTERN_PERMANENT, PTN_FAULT_RCPT_REFUSED);
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_RCPT_REFUSED);
	hears(s, "DAT 3 LAST\r\nx\r\n");
	says(s, "503 no\r\n");
	hears(s, "RSET\r\n");
	ptn_smtp_free(s);
}
END_TEST

/* In doubt is the mail exactly from the octet on that completes the last chunk. */
START_TEST(doubt_begins_with_the_last_octet)
{
	static const char all[] = FLIGHT "BDAT 3 LAST\r\nx\r\n";
	struct ptn_smtp_envelope e = of_text("x\r\n", 3, NULL, 0);
	struct ptn_smtp *s = idle(CHUNKING);
	int whole = _i + 1 == (int)sizeof(all);

	begin(s, &e);
	ptn_smtp_wrote(s, (size_t)_i);
	ptn_smtp_lost(s, PTN_FAULT_NONE);
	has_event(s, PTN_EVENT_MAIL, whole ? POSTERN_IN_DOUBT : POSTERN_TRANSIENT,
		  whole ? PTN_FAULT_LOST_IN_DOUBT : PTN_FAULT_LOST);
	has_no_event(s);
	has_ended(s, whole ? PTN_FAULT_LOST_IN_DOUBT : PTN_FAULT_LOST);
	ptn_smtp_free(s);
}
END_TEST

/* A reply to the last chunk before it is all out: a refusal counts, and the rest leaves; anything
 * else makes no sense, and the mail cannot have been accepted. */
START_TEST(early_reply)
{
	struct ptn_smtp_envelope e = of_text("x\r\n", 3, NULL, 0);
	struct ptn_smtp *s = idle(CHUNKING);

	begin(s, &e);
	ptn_smtp_wrote(s, strlen(FLIGHT "BDAT 3 LAST\r\n") + 1);
	accepted(s);
	says(s, "552 too much\r\n");
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_CONTENT_REFUSED);
	hears(s, "\r\nRSET\r\n");
	ptn_smtp_free(s);
	s = idle(CHUNKING);
	begin(s, &e);
	ptn_smtp_wrote(s, strlen(FLIGHT "BDAT 3 LAST\r\n") + 1);
	accepted(s);
	says(s, "250 ok\r\n");
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_MALFORMED);
	has_ended(s, PTN_FAULT_MALFORMED);
	ptn_smtp_free(s);
}
END_TEST

static void give(struct ptn_smtp *s, const char *block, size_t n, int times)
{
	for (int i = 0; i < times; i++) {
		ck_assert(ptn_smtp_want(s) & PTN_WANT_BODY);
		ck_assert_int_eq(ptn_smtp_body(s, block, n), 0);
	}
}

/* From a reader: chunks of a bounded size, two without an answer at most, and no content is asked
 * for that could not be kept. */
START_TEST(chunks_of_a_reader)
{
	char *block = lines(CHUNK / 4);
	struct ptn_smtp *s = idle(CHUNKING);

	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), 0);
	hears(s, FLIGHT);
	give(s, block, CHUNK / 4, 4);
	ck_assert_uint_eq(drain(s, NULL, 0), CHUNK + 13);
	give(s, block, CHUNK / 4, 4);
	ck_assert_uint_eq(drain(s, NULL, 0), CHUNK + 13);
	give(s, block, CHUNK / 4, 4);
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_READ);
	accepted(s);
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_READ);
	says(s, "250 chunk\r\n");
	ck_assert_uint_eq(drain(s, NULL, 0), CHUNK + 13);
	give(s, block, CHUNK / 4, 1);
	ck_assert_int_eq(ptn_smtp_body_end(s), 0);
	hears(s, "");
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_READ); /* the last one waits too */
	says(s, "250 chunk\r\n");
	ck_assert_uint_eq(drain(s, NULL, 0), CHUNK / 4 + 17);
	says(s, "250 chunk\r\n250 done\r\n");
	has_event(s, PTN_EVENT_MAIL, POSTERN_ACCEPTED, PTN_FAULT_NONE);
	ptn_smtp_free(s);
	free(block);
}
END_TEST

/* What stands in front of a chunk that is just closed has left, partly or not at all. */
START_TEST(command_in_front_of_its_chunk)
{
	static const char all[] = FLIGHT "BDAT 5 LAST\r\nabc\r\n";
	struct ptn_smtp *s = idle(CHUNKING);
	const char *p;
	size_t n;

	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), 0);
	ptn_smtp_wrote(s, (size_t)_i);
	ck_assert_int_eq(ptn_smtp_body(s, "a", 1), 0);
	n = ptn_smtp_out(s, &p);
	ck_assert_uint_eq(n, strlen(FLIGHT) - (size_t)_i);
	ck_assert_int_eq(ptn_smtp_body(s, "bc", 2), 0);
	ck_assert_int_eq(ptn_smtp_body_end(s), 0);
	hears(s, all + _i);
	ptn_smtp_free(s);
}
END_TEST

/* The reader fails, or the content does: LAST is not said. */
START_TEST(content_fails)
{
	struct ptn_smtp *s = idle(CHUNKING);

	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), 0);
	hears(s, FLIGHT);
	ptn_smtp_body(s, "half", 4);
	ptn_smtp_body_fail(s, PTN_FAULT_CONTENT_READER);
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_CONTENT_READER);
	has_ended(s, PTN_FAULT_CONTENT_READER);
	ptn_smtp_free(s);
	s = idle(CHUNKING);
	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), 0);
	hears(s, FLIGHT);
	ck_assert_int_eq(ptn_smtp_body(s, "a\nb\rc", 5), PTN_FAULT_CONTENT_BARE_CR);
	ck_assert_uint_eq(ptn_smtp_body_line(s), 2);
	has_event(s, PTN_EVENT_MAIL, POSTERN_PERMANENT, PTN_FAULT_CONTENT_BARE_CR);
	ptn_smtp_free(s);
}
END_TEST

/* Per block while a chunk is on its way, and the long one once all is out; what leaves of later
 * mails moves neither. */
START_TEST(timers)
{
	struct ptn_smtp_envelope e = of_text("x\r\n", 3, NULL, 0);
	struct ptn_smtp *s;
	unsigned turn, before;

	policy.window_mails = 2;
	policy.window_octets = MIB;
	s = idle(CHUNKING);
	begin(s, &e);
	ptn_smtp_wrote(s, strlen(FLIGHT "BDAT 3 LAST\r\n"));
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_MAIL);
	accepted(s);
	ck_assert_int_eq(ptn_smtp_timer(s, &before), PTN_TIMER_BLOCK);
	ptn_smtp_wrote(s, 1);
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_BLOCK);
	ck_assert_uint_ne(turn, before);
	ptn_smtp_wrote(s, 2);
	ck_assert_int_eq(ptn_smtp_timer(s, &before), PTN_TIMER_FINAL);
	begin(s, &e);
	ptn_smtp_wrote(s, 10);
	ptn_smtp_wrote(s, strlen("RSET\r\n" FLIGHT "BDAT 3 LAST\r\nx\r\n") - 10);
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_FINAL);
	ck_assert_uint_eq(turn, before);
	says(s, "250 ok\r\n");
	has_event(s, PTN_EVENT_MAIL, POSTERN_ACCEPTED, PTN_FAULT_NONE);
	ck_assert_int_eq(ptn_smtp_timer(s, &turn), PTN_TIMER_COMMAND);
	ck_assert_uint_ne(turn, before);
	ptn_smtp_free(s);
}
END_TEST

static void reset_policy(void)
{
	policy.window_mails = 0;
	policy.window_octets = 0;
}

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "flow");

	tcase_add_checked_fixture(t, NULL, reset_policy);
	tcase_add_test(t, one_flight);
	tcase_add_test(t, one_flight_of_changed_content);
	tcase_add_test(t, one_write_behind_354);
	tcase_add_test(t, border_of_the_flight);
	tcase_add_test(t, lent_with_bdat);
	tcase_add_test(t, lent_behind_354);
	tcase_add_test(t, refused_in_the_middle);
	tcase_add_test(t, taken_back);
	tcase_add_test(t, not_taken_back);
	tcase_add_loop_test(t, doubt_begins_with_the_last_octet, 0,
			    (int)sizeof(FLIGHT "BDAT 3 LAST\r\nx\r\n"));
	tcase_add_test(t, early_reply);
	tcase_add_test(t, chunks_of_a_reader);
	tcase_add_loop_test(t, command_in_front_of_its_chunk, 0, (int)sizeof(FLIGHT) - 1);
	tcase_add_test(t, content_fails);
	tcase_add_test(t, timers);
}
