/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What every reply to every command means.  Read it beside RFC 5321 4.3.2, which asks a client to
 * go by the first digit, and to the exact code only where a row here does.
 */
#include "base/fault.h"
#include "smtp/table.h"

#define DO(note) PTN_NOTE_##note, PTN_FAULT_NONE
#define FAIL(fault) PTN_NOTE_FAULT, PTN_FAULT_##fault
#define ROW(command, code, condition, note, then, where) \
	{PTN_CMD_##command, code, PTN_IF_##condition, note, PTN_THEN_##then, where},

/* clang-format off */
const struct ptn_row ptn_table[] = {
	/* Nobody asked: only a farewell makes sense; the last row of all says the rest. */
	ROW(NONE,     "4..", ALWAYS,         DO(CLOSING),                HANG_UP,       "5321 3.8")
	ROW(NONE,     "2..", AFTER_STARTTLS, FAIL(STARTTLS_MALFORMED),   HANG_UP,       "5321 4.2")

	ROW(GREETING, "220", ALWAYS,         DO(NOTHING),                SEND_HELLO,    "5321 3.1, 4.3.2")
	ROW(GREETING, "421", ALWAYS,         FAIL(GREETING_BUSY),        HANG_UP,       "5321 3.8")
	ROW(GREETING, "4..", ALWAYS,         FAIL(GREETING_BUSY),        SEND_QUIT,     "5321 4.2.1")
	ROW(GREETING, "5..", ALWAYS,         FAIL(GREETING_REFUSED),     SEND_QUIT,     "5321 3.1")

	ROW(EHLO,     "250", LEFTOVER,       DO(NONSENSE),               HANG_UP,       "5321 4.2")
	ROW(EHLO,     "250", TLS_DUE,        DO(NOTHING),                SEND_STARTTLS, "3207 4")
	ROW(EHLO,     "250", TLS_MISSING,    FAIL(STARTTLS_MISSING),     SEND_QUIT,     "8314 4.1")
	ROW(EHLO,     "250", AUTH_MISSING,   FAIL(AUTH_NOT_OFFERED),     SEND_QUIT,     "4954 3")
	ROW(EHLO,     "250", AUTH_DUE,       DO(NOTHING),                ASK_SASL,      "4954 4")
	ROW(EHLO,     "250", ALWAYS,         DO(NOTHING),                BE_IDLE,       "5321 4.1.1.1")
	ROW(EHLO,     "421", ALWAYS,         FAIL(EHLO_BUSY),            HANG_UP,       "5321 3.8")
	ROW(EHLO,     "4..", ALWAYS,         FAIL(EHLO_BUSY),            SEND_QUIT,     "5321 4.2.1")
	ROW(EHLO,     "50.", PLAIN_OK,       DO(NOTHING),                SEND_HELO,     "5321 3.2")
	ROW(EHLO,     "5..", ALWAYS,         FAIL(EHLO_REFUSED),         SEND_QUIT,     "5321 4.1.1.1")

	ROW(HELO,     "250", ALWAYS,         DO(NOTHING),                BE_IDLE,       "5321 4.1.1.1")
	ROW(HELO,     "421", ALWAYS,         FAIL(EHLO_BUSY),            HANG_UP,       "5321 3.8")
	ROW(HELO,     "4..", ALWAYS,         FAIL(EHLO_BUSY),            SEND_QUIT,     "5321 4.2.1")
	ROW(HELO,     "5..", ALWAYS,         FAIL(EHLO_REFUSED),         SEND_QUIT,     "5321 4.1.1.1")

	/* No octet may come between the 220 and the TLS handshake: it would be taken for the server's. */
	ROW(STARTTLS, "220", LEFTOVER,       FAIL(STARTTLS_INJECTED),    HANG_UP,       "3207 6")
	ROW(STARTTLS, "...", LEFTOVER,       DO(NONSENSE),               HANG_UP,       "5321 4.2")
	ROW(STARTTLS, "220", ALWAYS,         DO(NOTHING),                START_TLS,     "3207 4")
	ROW(STARTTLS, "421", ALWAYS,         FAIL(STARTTLS_BUSY),        HANG_UP,       "5321 3.8")
	ROW(STARTTLS, "4..", ALWAYS,         FAIL(STARTTLS_BUSY),        SEND_QUIT,     "3207 4")
	ROW(STARTTLS, "5..", ALWAYS,         FAIL(STARTTLS_REFUSED),     SEND_QUIT,     "3207 4")

	ROW(HELLO,    "250", LEFTOVER,       DO(NONSENSE),               HANG_UP,       "5321 4.2")
	ROW(HELLO,    "250", AUTH_MISSING,   FAIL(AUTH_NOT_OFFERED),     SEND_QUIT,     "4954 3")
	ROW(HELLO,    "250", AUTH_DUE,       DO(NOTHING),                ASK_SASL,      "4954 4")
	ROW(HELLO,    "250", ALWAYS,         DO(NOTHING),                BE_IDLE,       "3207 4.2")
	ROW(HELLO,    "421", ALWAYS,         FAIL(HELLO_BUSY),           HANG_UP,       "5321 3.8")
	ROW(HELLO,    "4..", ALWAYS,         FAIL(HELLO_BUSY),           SEND_QUIT,     "5321 4.2.1")
	ROW(HELLO,    "5..", ALWAYS,         FAIL(HELLO_REFUSED),        SEND_QUIT,     "5321 4.1.1.1")

	ROW(AUTH,     "334", ROUNDS_OVER,    FAIL(AUTH_MALFORMED),       SEND_CANCEL,   "4954 4")
	ROW(AUTH,     "334", SASL_SHUT,      FAIL(AUTH_MALFORMED),       SEND_CANCEL,   "4954 4")
	ROW(AUTH,     "334", ALWAYS,         DO(NOTHING),                ASK_SASL,      "4954 4")
	ROW(AUTH,     "235", SASL_OVER,      DO(AUTHENTICATED),          BE_IDLE,       "4954 4")
	ROW(AUTH,     "235", ALWAYS,         FAIL(AUTH_UNPROVEN),        SEND_QUIT,     "5802 5")
	ROW(AUTH,     "421", ALWAYS,         FAIL(AUTH_BUSY),            HANG_UP,       "5321 3.8")
	ROW(AUTH,     "432", ALWAYS,         FAIL(AUTH_REFUSED),         SEND_QUIT,     "4954 4.7.12")
	ROW(AUTH,     "4..", ALWAYS,         FAIL(AUTH_BUSY),            SEND_QUIT,     "4954 6")
	/* Not weaker than the one refused, and never behind 535 (RFC 4954 9): who poses as the server
	 * would have the password. */
	ROW(AUTH,     "504", ANOTHER,        DO(NOTHING),                ASK_ANOTHER,   "4954 4")
	ROW(AUTH,     "504", ALWAYS,         FAIL(AUTH_TOO_WEAK),        SEND_QUIT,     "4954 4")
	ROW(AUTH,     "534", ANOTHER,        DO(NOTHING),                ASK_ANOTHER,   "4954 6")
	ROW(AUTH,     "534", ALWAYS,         FAIL(AUTH_TOO_WEAK),        SEND_QUIT,     "4954 6")
	ROW(AUTH,     "530", ALWAYS,         FAIL(AUTH_NEEDS_TLS),       SEND_QUIT,     "3207 4")
	ROW(AUTH,     "538", ALWAYS,         FAIL(AUTH_NEEDS_TLS),       SEND_QUIT,     "4954 6")
	ROW(AUTH,     "535", FRESH_TOKEN,    DO(NOTHING),                ASK_ANOTHER,   "7628 3.2.3")
	ROW(AUTH,     "535", TOKEN,          FAIL(AUTH_TOKEN_REFUSED),   SEND_QUIT,     "7628 3.2.3")
	ROW(AUTH,     "5..", ALWAYS,         FAIL(AUTH_REFUSED),         SEND_QUIT,     "4954 6")
	ROW(CANCEL,   "421", ALWAYS,         DO(NOTHING),                HANG_UP,       "5321 3.8")
	ROW(CANCEL,   "...", ALWAYS,         DO(NOTHING),                SEND_QUIT,     "4954 4")

	/* A refusal voids the transaction; with pipelining its other replies still come. */
	ROW(MAIL,     "421", ALWAYS,         DO(CLOSING),                HANG_UP,       "5321 3.8")
	ROW(MAIL,     "22.", ALWAYS,         DO(NONSENSE),               HANG_UP,       "5321 4.3.2")
	ROW(MAIL,     "23.", ALWAYS,         DO(NONSENSE),               HANG_UP,       "4954 6")
	ROW(MAIL,     "2..", ALWAYS,         DO(MAIL_YES),               GO_ON,         "5321 3.3")
	ROW(MAIL,     "4..", MAIL_OVER,      DO(NOTHING),                GO_ON,         "2920 3.1")
	ROW(MAIL,     "5..", MAIL_OVER,      DO(NOTHING),                GO_ON,         "2920 3.1")
	ROW(MAIL,     "4..", ALWAYS,         DO(MAIL_NO),                GO_ON,         "5321 3.3")
	ROW(MAIL,     "5..", ALWAYS,         DO(MAIL_NO),                GO_ON,         "5321 3.3")

	ROW(RCPT,     "421", ALWAYS,         DO(CLOSING),                HANG_UP,       "5321 3.8")
	ROW(RCPT,     "3..", ALWAYS,         DO(NONSENSE),               HANG_UP,       "5321 4.3.2")
	ROW(RCPT,     "...", MAIL_OVER,      DO(NOTHING),                GO_ON,         "2920 3.1")
	ROW(RCPT,     "22.", ALWAYS,         DO(NONSENSE),               HANG_UP,       "5321 4.3.2")
	ROW(RCPT,     "23.", ALWAYS,         DO(NONSENSE),               HANG_UP,       "4954 6")
	ROW(RCPT,     "2..", ALWAYS,         DO(RCPT_YES),               GO_ON,         "5321 3.3, 3.4")
	ROW(RCPT,     "552", ALWAYS,         DO(RCPT_LATER),             GO_ON,         "5321 4.5.3.1.10")
	ROW(RCPT,     "4..", ALWAYS,         DO(RCPT_LATER),             GO_ON,         "5321 3.3")
	ROW(RCPT,     "5..", ALWAYS,         DO(RCPT_NO),                GO_ON,         "5321 3.3")

	ROW(DATA,     "421", ALWAYS,         DO(CLOSING),                HANG_UP,       "5321 3.8")
	ROW(DATA,     "354", MAIL_OVER,      DO(NOTHING),                SEND_LONE_DOT, "2920 3.1")
	ROW(DATA,     "354", ALWAYS,         DO(NOTHING),                SEND_CONTENT,  "5321 3.3")
	ROW(DATA,     "4..", MAIL_OVER,      DO(NOTHING),                GO_ON,         "2920 3.1")
	ROW(DATA,     "5..", MAIL_OVER,      DO(NOTHING),                GO_ON,         "2920 3.1")
	ROW(DATA,     "4..", ALWAYS,         DO(DATA_NO),                GO_ON,         "5321 3.3")
	ROW(DATA,     "5..", ALWAYS,         DO(DATA_NO),                GO_ON,         "5321 3.3")

	/* Before the dot a refusal may come early; the dot must then not follow. */
	ROW(CONTENT,  "421", ALWAYS,         DO(CLOSING),                HANG_UP,       "5321 3.8")
	ROW(CONTENT,  "4..", CONTENT_OPEN,   DO(CONTENT_NO),             HANG_UP,       "5321 4.1.1.4")
	ROW(CONTENT,  "5..", CONTENT_OPEN,   DO(CONTENT_NO),             HANG_UP,       "5321 4.1.1.4")
	ROW(CONTENT,  "...", CONTENT_OPEN,   DO(NONSENSE),               HANG_UP,       "5321 4.1.1.4")
	ROW(CONTENT,  "2..", ALWAYS,         DO(SENT),                   GO_ON,         "5321 4.2.5")
	ROW(CONTENT,  "4..", ALWAYS,         DO(CONTENT_NO),             GO_ON,         "5321 4.2.5")
	ROW(CONTENT,  "5..", ALWAYS,         DO(CONTENT_NO),             GO_ON,         "5321 4.2.5")
	ROW(LONE_DOT, "421", ALWAYS,         DO(NOTHING),                HANG_UP,       "5321 3.8")
	ROW(LONE_DOT, "...", ALWAYS,         DO(NOTHING),                GO_ON,         "2920 3.1")

	/* What was announced is sent, and every reply counted, whatever became of the mail meanwhile. */
	ROW(BDAT,     "421", ALWAYS,         DO(CLOSING),                HANG_UP,       "5321 3.8")
	ROW(BDAT,     "...", MAIL_OVER,      DO(NOTHING),                GO_ON,         "3030 2")
	ROW(BDAT,     "2..", CONTENT_OPEN,   DO(NONSENSE),               HANG_UP,       "3030 2")
	ROW(BDAT,     "2..", ALWAYS,         DO(NOTHING),                GO_ON,         "3030 2")
	ROW(BDAT,     "4..", ALWAYS,         DO(CHUNK_NO),               GO_ON,         "3030 2")
	ROW(BDAT,     "5..", ALWAYS,         DO(CHUNK_NO),               GO_ON,         "3030 2")
	ROW(LAST,     "421", ALWAYS,         DO(CLOSING),                HANG_UP,       "5321 3.8")
	ROW(LAST,     "...", MAIL_OVER,      DO(NOTHING),                GO_ON,         "2920 3.1")
	ROW(LAST,     "2..", CONTENT_OPEN,   DO(NONSENSE),               HANG_UP,       "3030 2")
	ROW(LAST,     "2..", ALWAYS,         DO(SENT),                   GO_ON,         "3030 2")
	ROW(LAST,     "4..", ALWAYS,         DO(CHUNK_NO),               GO_ON,         "3030 2")
	ROW(LAST,     "5..", ALWAYS,         DO(CHUNK_NO),               GO_ON,         "3030 2")

	ROW(RSET,     "421", ALWAYS,         DO(CLOSING),                HANG_UP,       "5321 3.8")
	ROW(RSET,     "25.", ALWAYS,         DO(NOTHING),                GO_ON,         "5321 4.1.1.5")
	ROW(RSET,     "...", ALWAYS,         DO(NOTHING),                HANG_UP,       "5321 4.1.1.5")

	ROW(QUIT,     "221", ALWAYS,         DO(NOTHING),                HANG_UP,       "5321 4.1.1.10")
	ROW(QUIT,     "2..", AFTER_STARTTLS, FAIL(STARTTLS_MALFORMED),   HANG_UP,       "5321 4.2")
	ROW(QUIT,     "...", ALWAYS,         DO(NOTHING),                HANG_UP,       "5321 4.1.1.10")

	ROW(ANY,      "...", ALWAYS,         DO(NONSENSE),               HANG_UP,       "5321 4.3.2")
};
/* clang-format on */
const size_t ptn_table_rows = sizeof(ptn_table) / sizeof(*ptn_table);

static int code_matches(const char *pattern, const char digits[3])
{
	return (pattern[0] == digits[0] || pattern[0] == '.') &&
	       (pattern[1] == '.' || pattern[1] == digits[1]) &&
	       (pattern[2] == '.' || pattern[2] == digits[2]);
}

/* The rows stand in the order of the commands, so that a command's are found by halving. */
static size_t first_row(int command)
{
	size_t low = 0, high = ptn_table_rows - 1;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (ptn_table[middle].command < command)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct ptn_row *ptn_table_find(int command, int code, const unsigned char holds[PTN_IF_COUNT])
{
	const char digits[3] = {(char)('0' + code / 100), (char)('0' + code / 10 % 10),
				(char)('0' + code % 10)};

	for (const struct ptn_row *row = &ptn_table[first_row(command)]; row->command == command;
	     row++)
		if (code_matches(row->code, digits) && holds[row->condition])
			return row;
	return &ptn_table[ptn_table_rows - 1];
}

static const struct {
	const char *name;
	int closed, silent, nonsense;
} commands[] = {
#define X(name, closed, silent, nonsense) \
	{#name, PTN_FAULT_##closed, PTN_FAULT_##silent, PTN_FAULT_##nonsense},
	PTN_COMMANDS(X)
#undef X
};

const char *ptn_command_name(int command)
{
	return commands[command].name;
}

int ptn_command_fault_closed(int command)
{
	return commands[command].closed;
}

int ptn_command_fault_silent(int command)
{
	return commands[command].silent;
}

int ptn_command_fault_nonsense(int command)
{
	return commands[command].nonsense;
}
