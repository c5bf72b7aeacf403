/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "main.h"
#include "smtp/table.h"

/* One input for every row, and what it must mean: written down a second time on purpose, so that a
 * row that is lost, shadowed or bent is seen at once.  The condition is the only one that holds. */
static const struct {
	int command, code, condition, note, fault, then;
} meanings[] = {
	/* clang-format off */
	{PTN_CMD_NONE, 450, PTN_IF_ALWAYS, PTN_NOTE_CLOSING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_NONE, 250, PTN_IF_AFTER_STARTTLS, PTN_NOTE_FAULT, PTN_FAULT_STARTTLS_MALFORMED, PTN_THEN_HANG_UP},
	{PTN_CMD_NONE, 250, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_GREETING, 220, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_SEND_HELLO},
	{PTN_CMD_GREETING, 421, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_GREETING_BUSY, PTN_THEN_HANG_UP},
	{PTN_CMD_GREETING, 450, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_GREETING_BUSY, PTN_THEN_SEND_QUIT},
	{PTN_CMD_GREETING, 550, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_GREETING_REFUSED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_EHLO, 250, PTN_IF_LEFTOVER, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_EHLO, 250, PTN_IF_TLS_DUE, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_SEND_STARTTLS},
	{PTN_CMD_EHLO, 250, PTN_IF_TLS_MISSING, PTN_NOTE_FAULT, PTN_FAULT_STARTTLS_MISSING, PTN_THEN_SEND_QUIT},
	{PTN_CMD_EHLO, 250, PTN_IF_AUTH_MISSING, PTN_NOTE_FAULT, PTN_FAULT_AUTH_NOT_OFFERED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_EHLO, 250, PTN_IF_AUTH_DUE, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_ASK_SASL},
	{PTN_CMD_EHLO, 250, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_BE_IDLE},
	{PTN_CMD_EHLO, 421, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_EHLO_BUSY, PTN_THEN_HANG_UP},
	{PTN_CMD_EHLO, 450, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_EHLO_BUSY, PTN_THEN_SEND_QUIT},
	{PTN_CMD_EHLO, 500, PTN_IF_PLAIN_OK, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_SEND_HELO},
	{PTN_CMD_EHLO, 550, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_EHLO_REFUSED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_HELO, 250, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_BE_IDLE},
	{PTN_CMD_HELO, 421, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_EHLO_BUSY, PTN_THEN_HANG_UP},
	{PTN_CMD_HELO, 450, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_EHLO_BUSY, PTN_THEN_SEND_QUIT},
	{PTN_CMD_HELO, 550, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_EHLO_REFUSED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_STARTTLS, 220, PTN_IF_LEFTOVER, PTN_NOTE_FAULT, PTN_FAULT_STARTTLS_INJECTED, PTN_THEN_HANG_UP},
	{PTN_CMD_STARTTLS, 250, PTN_IF_LEFTOVER, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_STARTTLS, 220, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_START_TLS},
	{PTN_CMD_STARTTLS, 421, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_STARTTLS_BUSY, PTN_THEN_HANG_UP},
	{PTN_CMD_STARTTLS, 450, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_STARTTLS_BUSY, PTN_THEN_SEND_QUIT},
	{PTN_CMD_STARTTLS, 550, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_STARTTLS_REFUSED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_HELLO, 250, PTN_IF_LEFTOVER, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_HELLO, 250, PTN_IF_AUTH_MISSING, PTN_NOTE_FAULT, PTN_FAULT_AUTH_NOT_OFFERED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_HELLO, 250, PTN_IF_AUTH_DUE, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_ASK_SASL},
	{PTN_CMD_HELLO, 250, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_BE_IDLE},
	{PTN_CMD_HELLO, 421, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_HELLO_BUSY, PTN_THEN_HANG_UP},
	{PTN_CMD_HELLO, 450, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_HELLO_BUSY, PTN_THEN_SEND_QUIT},
	{PTN_CMD_HELLO, 550, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_HELLO_REFUSED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_AUTH, 334, PTN_IF_ROUNDS_OVER, PTN_NOTE_FAULT, PTN_FAULT_AUTH_MALFORMED, PTN_THEN_SEND_CANCEL},
	{PTN_CMD_AUTH, 334, PTN_IF_SASL_SHUT, PTN_NOTE_FAULT, PTN_FAULT_AUTH_MALFORMED, PTN_THEN_SEND_CANCEL},
	{PTN_CMD_AUTH, 334, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_ASK_SASL},
	{PTN_CMD_AUTH, 235, PTN_IF_SASL_OVER, PTN_NOTE_AUTHENTICATED, PTN_FAULT_NONE, PTN_THEN_BE_IDLE},
	{PTN_CMD_AUTH, 235, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_AUTH_UNPROVEN, PTN_THEN_SEND_QUIT},
	{PTN_CMD_AUTH, 421, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_AUTH_BUSY, PTN_THEN_HANG_UP},
	{PTN_CMD_AUTH, 432, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_AUTH_REFUSED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_AUTH, 450, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_AUTH_BUSY, PTN_THEN_SEND_QUIT},
	{PTN_CMD_AUTH, 504, PTN_IF_ANOTHER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_ASK_ANOTHER},
	{PTN_CMD_AUTH, 504, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_AUTH_TOO_WEAK, PTN_THEN_SEND_QUIT},
	{PTN_CMD_AUTH, 534, PTN_IF_ANOTHER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_ASK_ANOTHER},
	{PTN_CMD_AUTH, 534, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_AUTH_TOO_WEAK, PTN_THEN_SEND_QUIT},
	{PTN_CMD_AUTH, 530, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_AUTH_NEEDS_TLS, PTN_THEN_SEND_QUIT},
	{PTN_CMD_AUTH, 538, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_AUTH_NEEDS_TLS, PTN_THEN_SEND_QUIT},
	{PTN_CMD_AUTH, 535, PTN_IF_FRESH_TOKEN, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_ASK_ANOTHER},
	{PTN_CMD_AUTH, 535, PTN_IF_TOKEN, PTN_NOTE_FAULT, PTN_FAULT_AUTH_TOKEN_REFUSED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_AUTH, 550, PTN_IF_ALWAYS, PTN_NOTE_FAULT, PTN_FAULT_AUTH_REFUSED, PTN_THEN_SEND_QUIT},
	{PTN_CMD_CANCEL, 421, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_CANCEL, 250, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_SEND_QUIT},
	{PTN_CMD_MAIL, 421, PTN_IF_ALWAYS, PTN_NOTE_CLOSING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_MAIL, 220, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_MAIL, 230, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_MAIL, 250, PTN_IF_ALWAYS, PTN_NOTE_MAIL_YES, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_MAIL, 450, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_MAIL, 550, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_MAIL, 450, PTN_IF_ALWAYS, PTN_NOTE_MAIL_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_MAIL, 550, PTN_IF_ALWAYS, PTN_NOTE_MAIL_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_RCPT, 421, PTN_IF_ALWAYS, PTN_NOTE_CLOSING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_RCPT, 350, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_RCPT, 250, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_RCPT, 220, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_RCPT, 230, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_RCPT, 250, PTN_IF_ALWAYS, PTN_NOTE_RCPT_YES, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_RCPT, 552, PTN_IF_ALWAYS, PTN_NOTE_RCPT_LATER, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_RCPT, 450, PTN_IF_ALWAYS, PTN_NOTE_RCPT_LATER, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_RCPT, 550, PTN_IF_ALWAYS, PTN_NOTE_RCPT_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_DATA, 421, PTN_IF_ALWAYS, PTN_NOTE_CLOSING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_DATA, 354, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_SEND_LONE_DOT},
	{PTN_CMD_DATA, 354, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_SEND_CONTENT},
	{PTN_CMD_DATA, 450, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_DATA, 550, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_DATA, 450, PTN_IF_ALWAYS, PTN_NOTE_DATA_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_DATA, 550, PTN_IF_ALWAYS, PTN_NOTE_DATA_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_CONTENT, 421, PTN_IF_ALWAYS, PTN_NOTE_CLOSING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_CONTENT, 450, PTN_IF_CONTENT_OPEN, PTN_NOTE_CONTENT_NO, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_CONTENT, 550, PTN_IF_CONTENT_OPEN, PTN_NOTE_CONTENT_NO, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_CONTENT, 250, PTN_IF_CONTENT_OPEN, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_CONTENT, 250, PTN_IF_ALWAYS, PTN_NOTE_SENT, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_CONTENT, 450, PTN_IF_ALWAYS, PTN_NOTE_CONTENT_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_CONTENT, 550, PTN_IF_ALWAYS, PTN_NOTE_CONTENT_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_LONE_DOT, 421, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_LONE_DOT, 250, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_BDAT, 421, PTN_IF_ALWAYS, PTN_NOTE_CLOSING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_BDAT, 250, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_BDAT, 503, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_BDAT, 250, PTN_IF_CONTENT_OPEN, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_BDAT, 250, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_BDAT, 354, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_BDAT, 452, PTN_IF_ALWAYS, PTN_NOTE_CHUNK_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_BDAT, 552, PTN_IF_ALWAYS, PTN_NOTE_CHUNK_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_LAST, 421, PTN_IF_ALWAYS, PTN_NOTE_CLOSING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_LAST, 250, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_LAST, 503, PTN_IF_MAIL_OVER, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_LAST, 250, PTN_IF_CONTENT_OPEN, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_LAST, 250, PTN_IF_ALWAYS, PTN_NOTE_SENT, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_LAST, 354, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_LAST, 451, PTN_IF_ALWAYS, PTN_NOTE_CHUNK_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_LAST, 503, PTN_IF_ALWAYS, PTN_NOTE_CHUNK_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_LAST, 554, PTN_IF_ALWAYS, PTN_NOTE_CHUNK_NO, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_RSET, 421, PTN_IF_ALWAYS, PTN_NOTE_CLOSING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_RSET, 250, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_GO_ON},
	{PTN_CMD_RSET, 350, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_QUIT, 221, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_QUIT, 250, PTN_IF_AFTER_STARTTLS, PTN_NOTE_FAULT, PTN_FAULT_STARTTLS_MALFORMED, PTN_THEN_HANG_UP},
	{PTN_CMD_QUIT, 250, PTN_IF_ALWAYS, PTN_NOTE_NOTHING, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_GREETING, 250, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_EHLO, 251, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_AUTH, 250, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_DATA, 250, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	{PTN_CMD_CONTENT, 350, PTN_IF_ALWAYS, PTN_NOTE_NONSENSE, PTN_FAULT_NONE, PTN_THEN_HANG_UP},
	/* clang-format on */
};
enum { MEANINGS = sizeof(meanings) / sizeof(*meanings) };

/* Whether it matters for a reply to this command: a row asks for it, or can_occur() does. */
static int concerns(int command, int condition)
{
	static const int always[] = {PTN_IF_PLAIN_OK, PTN_IF_AUTH_DUE,    PTN_IF_AUTH_MISSING,
				     PTN_IF_TLS_DUE,  PTN_IF_TLS_MISSING, PTN_IF_MAIL_OVER};

	for (size_t i = 0; i < sizeof(always) / sizeof(*always); i++)
		if (condition == always[i])
			return 1;
	for (size_t i = 0; i < ptn_table_rows; i++)
		if (ptn_table[i].command == command && ptn_table[i].condition == condition)
			return 1;
	return 0;
}

/* The nth set of the conditions that concern a command; 0: there are not so many.  ALWAYS always
 * holds. */
static int spread(int command, unsigned n, unsigned char holds[PTN_IF_COUNT])
{
	memset(holds, 0, PTN_IF_COUNT);
	holds[PTN_IF_ALWAYS] = 1;
	for (int i = 1; i < PTN_IF_COUNT; i++)
		if (concerns(command, i)) {
			holds[i] = n & 1;
			n >>= 1;
		}
	return !n;
}

/* Whether these can hold at one time, and for this command. */
static int can_occur(int command, const unsigned char *holds)
{
	if (holds[PTN_IF_PLAIN_OK] && (holds[PTN_IF_AUTH_DUE] || holds[PTN_IF_TLS_MISSING]))
		return 0;
	if (holds[PTN_IF_AUTH_MISSING] && !holds[PTN_IF_AUTH_DUE])
		return 0;
	if (holds[PTN_IF_SASL_SHUT] && !holds[PTN_IF_SASL_OVER])
		return 0;
	if (holds[PTN_IF_FRESH_TOKEN] && !holds[PTN_IF_TOKEN])
		return 0;
	if (command == PTN_CMD_HELLO && (holds[PTN_IF_TLS_DUE] || holds[PTN_IF_TLS_MISSING]))
		return 0;
	if (command == PTN_CMD_HELO && !holds[PTN_IF_PLAIN_OK])
		return 0;
	if (command == PTN_CMD_LONE_DOT && !holds[PTN_IF_MAIL_OVER])
		return 0;
	if (command == PTN_CMD_CONTENT && holds[PTN_IF_MAIL_OVER])
		return 0;
	return 1;
}

/* A code for each pattern in the table, and some that only the general rows know. */
static int codes[128];
static int n_codes;

static void add_code(int code)
{
	for (int i = 0; i < n_codes; i++)
		if (codes[i] == code)
			return;
	codes[n_codes++] = code;
}

static void set_codes(void)
{
	for (size_t i = 0; i < ptn_table_rows; i++) {
		const char *p = ptn_table[i].code;

		for (int class = 2; class <= 5; class ++)
			if (p[0] == '.' || p[0] - '0' == class)
				add_code(class * 100 + (p[1] == '.' ? 9 : p[1] - '0') * 10 +
					 (p[2] == '.' ? 9 : p[2] - '0'));
	}
	for (int class = 2; class <= 5; class ++) {
		add_code(class * 100);
		add_code(class * 100 + 50);
		add_code(class * 100 + 51);
	}
}

START_TEST(meaning)
{
	unsigned char holds[PTN_IF_COUNT] = {0};
	const struct ptn_row *row;

	holds[PTN_IF_ALWAYS] = 1;
	holds[meanings[_i].condition] = 1;
	row = ptn_table_find(meanings[_i].command, meanings[_i].code, holds);
	ck_assert_ptr_nonnull(row);
	ck_assert_int_eq(row->condition, meanings[_i].condition);
	ck_assert_int_eq(row->note, meanings[_i].note);
	ck_assert_str_eq(ptn_fault_id(row->fault), ptn_fault_id(meanings[_i].fault));
	ck_assert_int_eq(row->then, meanings[_i].then);
}
END_TEST

/* Every row is the meaning of one line above at least. */
START_TEST(every_row_has_a_meaning)
{
	for (size_t i = 0; i < ptn_table_rows; i++) {
		int seen = 0;

		for (int k = 0; k < MEANINGS; k++) {
			unsigned char holds[PTN_IF_COUNT] = {0};

			holds[PTN_IF_ALWAYS] = 1;
			holds[meanings[k].condition] = 1;
			seen |= ptn_table_find(meanings[k].command, meanings[k].code, holds) ==
				&ptn_table[i];
		}
		ck_assert_msg(seen, "row %zu: %s %s", i, ptn_command_name(ptn_table[i].command),
			      ptn_table[i].code);
	}
}
END_TEST

START_TEST(total)
{
	unsigned char holds[PTN_IF_COUNT];

	for (unsigned set = 0; spread(_i, set, holds); set++) {
		for (int c = 0; c < n_codes; c++)
			ck_assert_ptr_nonnull(ptn_table_find(_i, codes[c], holds));
	}
}
END_TEST

START_TEST(every_code_without_conditions)
{
	unsigned char holds[PTN_IF_COUNT] = {1};

	for (int code = 200; code < 600; code++) {
		const struct ptn_row *row = ptn_table_find(_i, code, holds);

		ck_assert_ptr_nonnull(row);
		ck_assert(row->code[0] == '.' || row->code[0] - '0' == code / 100);
		ck_assert(row->command == _i || row->command == PTN_CMD_ANY);
	}
}
END_TEST

/* Each row wins for an input that can occur, and without it that input would mean something else.
 */
static int matters(size_t i, const unsigned char *holds, int command, int code)
{
	const struct ptn_row *row = &ptn_table[i], *next = row + 1;
	char digits[4];

	if (ptn_table_find(command, code, holds) != row)
		return 0;
	snprintf(digits, sizeof(digits), "%d", code);
	for (; next < ptn_table + ptn_table_rows; next++) {
		int same = next->command == command || next->command == PTN_CMD_ANY;

		for (int k = 0; k < 3; k++)
			same &= next->code[k] == '.' || next->code[k] == digits[k];
		if (same && holds[next->condition])
			return next->note != row->note || next->fault != row->fault ||
			       next->then != row->then;
	}
	return 1; /* the last row of all */
}

static int is_needed(size_t i)
{
	unsigned char holds[PTN_IF_COUNT];
	int command = ptn_table[i].command;

	for (int cmd = PTN_CMD_NONE; cmd < PTN_CMD_COUNT; cmd++) {
		if (command != cmd && command != PTN_CMD_ANY)
			continue;
		for (unsigned set = 0; spread(cmd, set, holds); set++)
			for (int c = 0; c < n_codes; c++)
				if (can_occur(cmd, holds) && matters(i, holds, cmd, codes[c]))
					return 1;
	}
	return 0;
}

START_TEST(every_row_is_needed)
{
	for (size_t i = 0; i < ptn_table_rows; i++)
		ck_assert_msg(is_needed(i), "row %zu: %s %s", i,
			      ptn_command_name(ptn_table[i].command), ptn_table[i].code);
}
END_TEST

START_TEST(well_formed)
{
	for (size_t i = 0; i < ptn_table_rows; i++) {
		const struct ptn_row *r = &ptn_table[i];

		ck_assert_uint_eq(strlen(r->code), 3);
		ck_assert(r->code[0] == '.' || (r->code[0] >= '2' && r->code[0] <= '5'));
		ck_assert_int_eq(r->note == PTN_NOTE_FAULT, r->fault != PTN_FAULT_NONE);
		ck_assert_uint_gt(strlen(r->where), 0);
	}
}
END_TEST

/* 421 leaves nothing to say; a farewell of ours only follows where the server still listens. */
START_TEST(nothing_after_421)
{
	unsigned char holds[PTN_IF_COUNT];

	for (unsigned set = 0; spread(_i, set, holds); set++) {
		if (can_occur(_i, holds))
			ck_assert_int_eq(ptn_table_find(_i, 421, holds)->then, PTN_THEN_HANG_UP);
	}
}
END_TEST

/* The floor of security: no set of conditions lets the clear go on to AUTH, HELO or a mail while
 * TLS or AUTH is missing. */
START_TEST(floor_of_security)
{
	unsigned char holds[PTN_IF_COUNT];

	for (unsigned set = 0; spread(_i, set, holds); set++) {
		int then;

		if (!can_occur(_i, holds))
			continue;
		for (int c = 0; c < n_codes; c++) {
			then = ptn_table_find(_i, codes[c], holds)->then;
			if (_i == PTN_CMD_EHLO && holds[PTN_IF_TLS_MISSING])
				ck_assert(then != PTN_THEN_ASK_SASL && then != PTN_THEN_BE_IDLE &&
					  then != PTN_THEN_SEND_HELO);
			if ((_i == PTN_CMD_EHLO || _i == PTN_CMD_HELLO) && holds[PTN_IF_AUTH_DUE])
				ck_assert(then != PTN_THEN_BE_IDLE && then != PTN_THEN_SEND_HELO);
			if (then == PTN_THEN_ASK_ANOTHER) /* S-03 */
				ck_assert(codes[c] == 535 ? holds[PTN_IF_FRESH_TOKEN]
							  : holds[PTN_IF_ANOTHER]);
			if (_i == PTN_CMD_AUTH && then == PTN_THEN_BE_IDLE)
				ck_assert(holds[PTN_IF_SASL_OVER] && codes[c] == 235);
			if (holds[PTN_IF_LEFTOVER])
				ck_assert(then != PTN_THEN_START_TLS);
			if (_i == PTN_CMD_STARTTLS)
				ck_assert(then == PTN_THEN_START_TLS ||
					  then == PTN_THEN_SEND_QUIT || then == PTN_THEN_HANG_UP);
		}
	}
}
END_TEST

/* A command's rows are found by halving. */
START_TEST(rows_stand_in_order)
{
	for (size_t i = 1; i + 1 < ptn_table_rows; i++)
		ck_assert_int_le(ptn_table[i - 1].command, ptn_table[i].command);
	ck_assert_int_eq(ptn_table[ptn_table_rows - 1].command, PTN_CMD_ANY);
	ck_assert_str_eq(ptn_table[ptn_table_rows - 1].code, "...");
	ck_assert_int_eq(ptn_table[ptn_table_rows - 1].condition, PTN_IF_ALWAYS);
}
END_TEST

/* The session looks at nothing else while a mail is at work. */
START_TEST(conditions_of_a_mail)
{
	for (size_t i = 0; i < ptn_table_rows; i++) {
		int c = ptn_table[i].condition;

		if (ptn_table[i].command >= PTN_CMD_MAIL && ptn_table[i].command <= PTN_CMD_LAST)
			ck_assert(c == PTN_IF_ALWAYS || c == PTN_IF_MAIL_OVER ||
				  c == PTN_IF_CONTENT_OPEN);
	}
}
END_TEST

START_TEST(commands)
{
	ck_assert_str_eq(ptn_command_name(PTN_CMD_RCPT), "RCPT");
	ck_assert_int_eq(ptn_command_fault_closed(PTN_CMD_GREETING), PTN_FAULT_GREETING_CLOSED);
	ck_assert_int_eq(ptn_command_fault_silent(PTN_CMD_GREETING), PTN_FAULT_GREETING_SILENT);
	ck_assert_int_eq(ptn_command_fault_nonsense(PTN_CMD_CONTENT), PTN_FAULT_MALFORMED);
	ck_assert_int_eq(ptn_command_fault_closed(PTN_CMD_QUIT), PTN_FAULT_NONE);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "table");

	set_codes();
	tcase_add_loop_test(t, meaning, 0, MEANINGS);
	tcase_add_test(t, every_row_has_a_meaning);
	tcase_add_loop_test(t, total, PTN_CMD_NONE, PTN_CMD_COUNT);
	tcase_add_loop_test(t, every_code_without_conditions, PTN_CMD_NONE, PTN_CMD_COUNT);
	tcase_add_test(t, every_row_is_needed);
	tcase_add_test(t, well_formed);
	tcase_add_loop_test(t, nothing_after_421, PTN_CMD_NONE, PTN_CMD_COUNT);
	tcase_add_loop_test(t, floor_of_security, PTN_CMD_NONE, PTN_CMD_COUNT);
	tcase_add_test(t, rows_stand_in_order);
	tcase_add_test(t, conditions_of_a_mail);
	tcase_add_test(t, commands);
}
