/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "header.h"
#include "main.h"
#include "memory.h"
#include "must.h"
#include "postern.h"

/* ---- Date. ---- */

static const struct {
	long long seconds;
	const char *date;
} dates[] = {
	{0, "Thu, 01 Jan 1970 00:00:00 +0000"},
	{-1, "Thu, 01 Jan 1970 00:00:00 +0000"},
	{-9223372036854775807ll - 1, "Thu, 01 Jan 1970 00:00:00 +0000"},
	{59, "Thu, 01 Jan 1970 00:00:59 +0000"},
	{86399, "Thu, 01 Jan 1970 23:59:59 +0000"},
	{86400, "Fri, 02 Jan 1970 00:00:00 +0000"},
	{5097600, "Sun, 01 Mar 1970 00:00:00 +0000"},
	{68169600, "Tue, 29 Feb 1972 00:00:00 +0000"},
	{951782400, "Tue, 29 Feb 2000 00:00:00 +0000"},
	{951868799, "Tue, 29 Feb 2000 23:59:59 +0000"},
	{951868800, "Wed, 01 Mar 2000 00:00:00 +0000"},
	{1000000000, "Sun, 09 Sep 2001 01:46:40 +0000"},
	{1709164800, "Thu, 29 Feb 2024 00:00:00 +0000"},
	{1735689599, "Tue, 31 Dec 2024 23:59:59 +0000"},
	{2147483648, "Tue, 19 Jan 2038 03:14:08 +0000"},
	{4107456000, "Sun, 28 Feb 2100 00:00:00 +0000"},
	{4107542400, "Mon, 01 Mar 2100 00:00:00 +0000"},
	{253402300799, "Fri, 31 Dec 9999 23:59:59 +0000"},
};

START_TEST(known_dates)
{
	struct ptn_buf b = {0};

	ck_assert_int_eq(ptn_header_date(&b, dates[_i].seconds), 0);
	ck_assert_uint_eq(ptn_buf_len(&b), strlen(dates[_i].date));
	ck_assert_mem_eq(ptn_buf_data(&b), dates[_i].date, ptn_buf_len(&b));
	ptn_buf_free(&b);
}
END_TEST

static int is_leap(int year)
{
	return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Every day from 1970 to 2401, counted day by day. */
START_TEST(every_day_follows_the_one_before)
{
	static const char week[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
	static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	long long day = 0;

	for (int year = 1970; year <= 2401; year++)
		for (int month = 0; month < 12; month++)
			for (int d = 1; d <= lengths[month] + (month == 1 && is_leap(year)); d++) {
				struct ptn_buf b = {0};
				const char *s;

				must(!ptn_header_date(&b, day * 86400 + 43200));
				s = ptn_buf_data(&b);
				must(!memcmp(s, week[day % 7], 3) && s[5] == '0' + d / 10 &&
				     s[6] == '0' + d % 10 && !memcmp(s + 8, months[month], 3) &&
				     atoi(s + 12) == year && !memcmp(s + 16, " 12:00:00", 9));
				ptn_buf_free(&b);
				day++;
			}
}
END_TEST

/* ---- Message-ID. ---- */

static const struct {
	const char *address, *host, *domain;
} domains[] = {
	{"me@example.org", "host.example.net", "example.org"},
	{"me@EXAMPLE.org", "", "EXAMPLE.org"},
	{"\"a@b\"@example.org", "", "example.org"},
	{"me@xn--bcher-kva.example", "", "xn--bcher-kva.example"},
	/* the null reverse-path, literals and what is not ASCII: this host */
	{"", "host.example.net", "host.example.net"},
	{"me@[192.0.2.1]", "host.example.net", "host.example.net"},
	{"me@[IPv6:::1]", "host.example.net", "host.example.net"},
	{"me@b\xC3\xBC"
	 "cher.example",
	 "host.example.net", "host.example.net"},
	{"postmaster", "host.example.net", "host.example.net"},
	{"me@", "host.example.net", "host.example.net"},
	{"me@.example.org", "host.example.net", "host.example.net"},
	{"me@example..org", "host.example.net", "host.example.net"},
	{"me@example.org.", "host.example.net", "host.example.net"},
	/* no good name at all */
	{"", "", "postern.invalid"},
	{"", "[127.0.0.1]", "postern.invalid"},
	{"me@a b", "c d", "postern.invalid"},
	{"me@a\r\nX: y", "c>\r\nX: y", "postern.invalid"},
};

START_TEST(the_domain_of_a_message_id)
{
	struct ptn_buf b = {0};
	const char *s, *domain = domains[_i].domain;

	ck_assert_int_eq(ptn_header_message_id(&b, domains[_i].address, domains[_i].host), 0);
	s = ptn_buf_data(&b);
	ck_assert_uint_eq(ptn_buf_len(&b), 1 + 32 + 1 + strlen(domain) + 1);
	ck_assert(s[0] == '<' && s[33] == '@' && s[ptn_buf_len(&b) - 1] == '>');
	for (int i = 1; i <= 32; i++)
		ck_assert(strchr("0123456789abcdef", s[i]) && s[i]);
	ck_assert_mem_eq(s + 34, domain, strlen(domain));
	ptn_buf_free(&b);
}
END_TEST

/* 128 random bits: in a thousand, each bit was set and clear, and none came twice. */
START_TEST(message_ids_differ)
{
	enum { MANY = 1000 };
	static char ids[MANY][32];
	int seen[32][16] = {{0}};

	for (int i = 0; i < MANY; i++) {
		struct ptn_buf b = {0};

		ck_assert_int_eq(ptn_header_message_id(&b, "a@b.example", ""), 0);
		memcpy(ids[i], ptn_buf_data(&b) + 1, 32);
		ptn_buf_free(&b);
		for (int k = 0; k < i; k++)
			must(memcmp(ids[i], ids[k], 32));
		for (int k = 0; k < 32; k++)
			seen[k][strchr("0123456789abcdef", ids[i][k]) - "0123456789abcdef"]++;
	}
	for (int k = 0; k < 32; k++)
		for (int digit = 0; digit < 16; digit++)
			ck_assert_int_gt(seen[k][digit], 0);
}
END_TEST

START_TEST(without_memory)
{
	struct ptn_buf b = {0};

	grants = 0;
	ck_assert_int_eq(ptn_header_date(&b, 0), POSTERN_E_NOMEM);
	ck_assert_int_eq(ptn_header_message_id(&b, "a@b.example", ""), POSTERN_E_NOMEM);
	grants = -1;
	ck_assert_uint_eq(ptn_buf_len(&b), 0);
}
END_TEST

/* ---- Header sections. ---- */

#define TEXT(s) s, sizeof(s) - 1

static const struct {
	const char *text;
	size_t n;
	int is_header, has_date, has_message_id;
	const char *id; /* NULL: none was found */
} headers[] = {
	/* all there */
	{TEXT("Date: x\nMessage-ID: <a@b>\n\nbody"), 1, 1, 1, "<a@b>"},
	{TEXT("Date: x\r\nMessage-ID: <a@b>\r\n\r\nbody"), 1, 1, 1, "<a@b>"},
	{TEXT("date:x\nMESSAGE-ID:<a@b>\n\nbody"), 1, 1, 1, "<a@b>"},
	{TEXT("Message-Id: <a@b>\nSubject: x\n\n"), 1, 0, 1, "<a@b>"},
	{TEXT("message-id: <a@b>\n\n"), 1, 0, 1, "<a@b>"},
	/* the obsolete form (RFC 5322 4.5.3) */
	{TEXT("Date : x\nMessage-ID\t: <a@b>\n\nbody"), 1, 1, 1, "<a@b>"},
	/* folded */
	{TEXT("Message-ID:\n <a@b>\nDate: x\n\n"), 1, 1, 1, "<a@b>"},
	{TEXT("Message-ID:\r\n\t<a@b>\r\nDate: x\r\n\r\n"), 1, 1, 1, "<a@b>"},
	{TEXT("Subject: x\n Date: not a field\n y\nTo: z\n\n"), 1, 0, 0, NULL},
	{TEXT("Subject: x\n \n\tMessage-ID: <a@b>\n\n"), 1, 0, 0, NULL},
	/* comments, and other text around it */
	{TEXT("Message-ID: (c) <a@b> (d)\n\n"), 1, 0, 1, "<a@b>"},
	/* there, but not one that could be searched for */
	{TEXT("Message-ID: a@b\n\n"), 1, 0, 1, NULL},
	{TEXT("Message-ID:\n\n<a@b>\n"), 1, 0, 1, NULL},
	{TEXT("Message-ID: <a\n @b>\n\n"), 1, 0, 1, NULL},
	{TEXT("Message-ID: <a@b\n\n>"), 1, 0, 1, NULL},
	{TEXT("Message-ID: <a@b\nTo: c>\n\n"), 1, 0, 1, NULL},
	{TEXT("Message-ID"), 0, 0, 0, NULL},
	{TEXT("Message-ID:"), 1, 0, 1, NULL},
	{TEXT("Message-ID:<a@b>"), 1, 0, 1, "<a@b>"},
	/* names that only look alike */
	{TEXT("Dates: x\nMessage-IDs: <a@b>\nX-Date: y\nResent-Message-ID: <c@d>\n\n"), 1, 0, 0,
	 NULL},
	/* the body is the body */
	{TEXT("Subject: x\n\nDate: y\nMessage-ID: <a@b>\n"), 1, 0, 0, NULL},
	{TEXT("Subject: x\r\n\r\nDate: y\r\nMessage-ID: <a@b>\r\n"), 1, 0, 0, NULL},
	{TEXT("Subject: x\nno field\nDate: y\n\n"), 1, 0, 0, NULL}, /* no empty line */
	{TEXT("Subject: x\n:\nDate: y\n\n"), 1, 0, 0, NULL},
	/* a header only, with and without line end */
	{TEXT("Subject: x"), 1, 0, 0, NULL},
	{TEXT("Subject: x\n"), 1, 0, 0, NULL},
	{TEXT("Subject: x\nDate: y"), 1, 1, 0, NULL},
	/* no header */
	{TEXT(""), 0, 0, 0, NULL},
	{TEXT("\n"), 0, 0, 0, NULL},
	{TEXT("\r\n"), 0, 0, 0, NULL},
	{TEXT("\nDate: x\n"), 0, 0, 0, NULL},
	{TEXT("\r\nDate: x\r\n"), 0, 0, 0, NULL},
	{TEXT("hello\nDate: x\n"), 0, 0, 0, NULL},
	{TEXT("hello world: Date: x\n"), 0, 0, 0, NULL},
	{TEXT(" Date: x\n"), 0, 0, 0, NULL},
	{TEXT(": x\nDate: y\n\n"), 0, 0, 0, NULL},
	{TEXT(":"), 0, 0, 0, NULL},
	/* a mailbox file's first line is no field */
	{TEXT("From me@example.org Sat Nov 21 10:41:00 2026\nDate: x\n\n"), 0, 0, 0, NULL},
	/* octets that no name holds, and values may */
	{TEXT("Subject: \xC3\xBC\nDate: x\n\n"), 1, 1, 0, NULL},
	{TEXT("S\xC3\xBC: x\nDate: y\n\n"), 0, 0, 0, NULL},
	{TEXT("\xFF"), 0, 0, 0, NULL},
	{TEXT("Sub\0ject: x\nDate: y\n\n"), 0, 0, 0, NULL},
	{TEXT("Subject: a\0b\nDate: x\n\n"), 1, 1, 0, NULL},
	{TEXT("Subject: x\n\0Date: y\n\n"), 1, 0, 0, NULL},
	{TEXT("\0"), 0, 0, 0, NULL},
	{TEXT("Sub\177ject: x\nDate: y\n\n"), 0, 0, 0, NULL},
};

static void read_section(struct ptn_header *h, const char *text, size_t n)
{
	char *exact = malloc(n ? n : 1); /* a read behind the end is found out */

	memcpy(exact, text, n);
	ptn_header_read(h, exact, n);
	if (h->message_id) {
		ck_assert(h->message_id >= exact);
		ck_assert(h->message_id + h->message_id_len <= exact + n);
		h->message_id = text + (h->message_id - exact);
	}
	free(exact);
}

START_TEST(header_sections)
{
	struct ptn_header h;
	const char *id = headers[_i].id;

	read_section(&h, headers[_i].text, headers[_i].n);
	ck_assert_int_eq(h.is_header, headers[_i].is_header);
	ck_assert_int_eq(h.has_date, headers[_i].has_date);
	ck_assert_int_eq(h.has_message_id, headers[_i].has_message_id);
	if (!id) {
		ck_assert_ptr_null(h.message_id);
		return;
	}
	ck_assert_ptr_nonnull(h.message_id);
	ck_assert_uint_eq(h.message_id_len, strlen(id));
	ck_assert_mem_eq(h.message_id, id, strlen(id));
}
END_TEST

/* A section may be cut anywhere: what was found stays found, and nothing is read behind it. */
START_TEST(every_prefix)
{
	int had_date = 0, had_id = 0;

	for (size_t n = 0; n <= headers[_i].n; n++) {
		struct ptn_header h;

		read_section(&h, headers[_i].text, n);
		ck_assert(h.has_date >= had_date && h.has_message_id >= had_id);
		had_date = h.has_date;
		had_id = h.has_message_id;
	}
	ck_assert_int_eq(had_date, headers[_i].has_date);
	ck_assert_int_eq(had_id, headers[_i].has_message_id);
}
END_TEST

START_TEST(a_long_header)
{
	enum { LONG = 64 * 1024 };
	static char text[LONG + 64];
	struct ptn_header h;
	size_t n = 0;

	while (n < LONG) {
		memcpy(text + n, n % 3 ? "X-Long: y\r\n" : "X-Long: y\n  z\n", n % 3 ? 11 : 14);
		n += n % 3 ? 11 : 14;
	}
	memcpy(text + n, "Message-ID: <a@b>\nDate: x\n\n", 27);
	ptn_header_read(&h, text, n + 27);
	ck_assert(h.is_header && h.has_date && h.has_message_id);
	ck_assert_uint_eq(h.message_id_len, 5);
	ptn_header_read(&h, text, n);
	ck_assert(h.is_header && !h.has_date && !h.has_message_id);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "header");

	tcase_add_loop_test(t, known_dates, 0, sizeof(dates) / sizeof(*dates));
	tcase_add_test(t, every_day_follows_the_one_before);
	tcase_add_loop_test(t, the_domain_of_a_message_id, 0, sizeof(domains) / sizeof(*domains));
	tcase_add_test(t, message_ids_differ);
	tcase_add_test(t, without_memory);
	tcase_add_loop_test(t, header_sections, 0, sizeof(headers) / sizeof(*headers));
	tcase_add_loop_test(t, every_prefix, 0, sizeof(headers) / sizeof(*headers));
	tcase_add_test(t, a_long_header);
}
