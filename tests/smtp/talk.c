/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "main.h"
#include "smtp/reply.h"
#include "talk.h"

static const char *const one[] = {"b@example.org"};
struct ptn_smtp_policy policy = {
	.security = PTN_SMTP_CLEAR, .name = "client.example.org", .trace = 1};
struct ptn_smtp_envelope envelope = {.reverse_path = "a@example.org", .recipients = one, .n = 1};
int mail_mark;

struct ptn_smtp *talk_begin(void)
{
	struct ptn_smtp *s = ptn_smtp_new(&policy);

	ck_assert_ptr_nonnull(s);
	return s;
}

void hears(struct ptn_smtp *s, const char *want)
{
	const char *p;
	size_t n = ptn_smtp_out(s, &p);

	ck_assert_msg(n == strlen(want) && !memcmp(p, want, n), "sent \"%.*s\", not \"%s\"", (int)n,
		      p, want);
	ptn_smtp_wrote(s, n);
}

void says_octets(struct ptn_smtp *s, const char *p, size_t n)
{
	char *block = malloc(n ? n : 1); /* of that size, so that reading on is seen */

	ck_assert_ptr_nonnull(block);
	memcpy(block, p, n);
	ck_assert_uint_eq(ptn_smtp_feed(s, block, n), n);
	free(block);
}

void says(struct ptn_smtp *s, const char *text)
{
	says_octets(s, text, strlen(text));
}

void to_idle(struct ptn_smtp *s, const char *ehlo_reply)
{
	says(s, "220 mx.example.org\r\n");
	hears(s, "EHLO client.example.org\r\n");
	says(s, ehlo_reply);
	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_MAIL | PTN_WANT_READ);
}

void to_content(struct ptn_smtp *s)
{
	ck_assert_int_eq(ptn_smtp_mail(s, &envelope, &mail_mark), 0);
	hears(s, "MAIL FROM:<a@example.org>\r\n");
	says(s, "250 ok\r\n");
	hears(s, "RCPT TO:<b@example.org>\r\n");
	says(s, "250 ok\r\n");
	has_event(s, PTN_EVENT_RECIPIENT, POSTERN_PENDING, PTN_FAULT_NONE);
	hears(s, "DATA\r\n");
	says(s, "354 go\r\n");
	ck_assert(ptn_smtp_want(s) & PTN_WANT_BODY);
}

void has_event(struct ptn_smtp *s, int what, int outcome, int fault)
{
	struct ptn_smtp_event ev;

	ck_assert_int_eq(ptn_smtp_event(s, &ev), 1);
	ck_assert_int_eq((int)ev.what, what);
	ck_assert_int_eq(ev.outcome, outcome);
	ck_assert_str_eq(ptn_fault_id(ev.fault), ptn_fault_id(fault));
	ck_assert_ptr_eq(ev.mail, &mail_mark);
}

void has_no_event(struct ptn_smtp *s)
{
	struct ptn_smtp_event ev;

	ck_assert_int_eq(ptn_smtp_event(s, &ev), 0);
}

void has_ended(struct ptn_smtp *s, int fault)
{
	const char *p;

	ck_assert_int_eq(ptn_smtp_want(s), PTN_WANT_END);
	ck_assert_str_eq(ptn_fault_id(ptn_smtp_fault(s)), ptn_fault_id(fault));
	ck_assert_uint_eq(ptn_smtp_out(s, &p), 0);
}
