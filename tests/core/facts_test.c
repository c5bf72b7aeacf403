/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "facts.h"
#include "main.h"
#include "smtp/reply.h"

START_TEST(enhanced_status_codes)
{
	static const struct {
		int status[3];
		const char *text;
	} codes[] = {
		{{0, 0, 0}, ""},
		{{0, 7, 1}, ""},
		{{2, 0, 0}, "2.0.0"},
		{{5, 1, 1}, "5.1.1"},
		{{4, 10, 99}, "4.10.99"},
		{{5, 7, 139}, "5.7.139"},
		{{5, 999, 999}, "5.999.999"},
		{{4, 100, 1}, "4.100.1"},
	};

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
		char out[16];

		memset(out, 'x', sizeof(out));
		ptn_facts_status(out, codes[i].status);
		ck_assert_str_eq(out, codes[i].text);
	}
}
END_TEST

/* Before there is a connection only the host is known. */
START_TEST(without_a_link)
{
	struct ptn_settings set = {.host = (char *)"mail.example.org"};
	char address[PTN_ADDRESS_TEXT];
	struct ptn_facts f = ptn_facts_of(&set, NULL, address);

	ck_assert_str_eq(f.host, "mail.example.org");
	ck_assert(!f.address && !f.detail && !f.port && !f.code && !f.line && !f.unverified);
}
END_TEST

static int no_connection(void *net, int handle, struct ptn_address *out)
{
	(void)net, (void)handle, (void)out;
	return -1;
}

static int watched(void *net, int handle, int what)
{
	(void)net, (void)handle, (void)what;
	return 0;
}

static void closed(void *net, int handle)
{
	(void)net, (void)handle;
}

static const struct ptn_net quiet = {.local = no_connection, .watch = watched, .close = closed};

/* What a server says in the clear is marked as anyone's word, unless the caller asked for no TLS.
 */
START_TEST(of_a_link)
{
	static const struct ptn_address address = {.family = 4, .octets = {192, 0, 2, 7}};
	static const struct {
		int mode, unverified;
		const char *said;
	} modes[] = {
		{PTN_MODE_STARTTLS, 1,
		 "port 587 of mail.example.org refuses service: whoever answered, unverified, said "
		 "554 5.7.1 no \\x07 service"},
		{PTN_MODE_OPPORTUNISTIC, 1,
		 "port 587 of mail.example.org refuses service: whoever answered, unverified, said "
		 "554 5.7.1 no \\x07 service"},
		{PTN_MODE_NONE, 0,
		 "port 587 of mail.example.org refuses service: 554 5.7.1 no \\x07 service"},
	};
	struct ptn_settings set = {.host = (char *)"mail.example.org", .name = (char *)"a.example"};
	struct ptn_reply reply = {0};
	const char text[] = "554-5.7.1 no \a\r\n554 5.7.1 service\r\n";

	ptn_reply_next(&reply, PTN_REPLY_LINE);
	ck_assert_uint_eq(ptn_reply_feed(&reply, text, strlen(text)), strlen(text));
	for (size_t i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		struct ptn_link *l =
			ptn_link_new(&set, &quiet, NULL, 1, &address, 587, modes[i].mode);
		struct ptn_buf cause = {0}, advice = {0};
		char shown[PTN_ADDRESS_TEXT];
		struct ptn_facts f = ptn_facts_of(&set, l, shown);

		ck_assert_str_eq(f.address, "192.0.2.7");
		ck_assert_int_eq(f.port, 587);
		ck_assert_int_eq(f.unverified, modes[i].unverified);
		ptn_facts_explain(&cause, &advice, PTN_FAULT_GREETING_REFUSED, &set, l, &reply);
		ck_assert_str_eq(ptn_buf_data(&cause), modes[i].said);
		/* Half a reply is none. */
		reply.whole = 0;
		ptn_facts_explain(&cause, &advice, PTN_FAULT_GREETING_REFUSED, &set, l, &reply);
		ck_assert_str_eq(ptn_buf_data(&cause),
				 "port 587 of mail.example.org refuses service");
		reply.whole = 1;
		ptn_buf_free(&cause);
		ptn_buf_free(&advice);
		ptn_link_free(l);
	}
	ptn_reply_free(&reply);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "facts");

	tcase_add_test(t, enhanced_status_codes);
	tcase_add_test(t, without_a_link);
	tcase_add_test(t, of_a_link);
}
