/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Prints machine.md from the table that the library runs on.
 */
#include <stdio.h>

#include "base/fault.h"
#include "smtp/table.h"

#define X(name) #name,
static const char *const conditions[] = {PTN_CONDITIONS(X)};
static const char *const notes[] = {PTN_NOTES(X)};
static const char *const actions[] = {PTN_ACTIONS(X)};
#undef X

static void print_note(const struct ptn_row *row)
{
	if (row->note == PTN_NOTE_FAULT)
		printf("`%s`", ptn_fault_id(row->fault));
	else if (row->note == PTN_NOTE_NONSENSE && row->command != PTN_CMD_ANY)
		printf("`%s`", ptn_fault_id(ptn_command_fault_nonsense(row->command)));
	else if (row->note != PTN_NOTE_NOTHING)
		fputs(notes[row->note], stdout);
}

static void print_row(const struct ptn_row *row, int first)
{
	printf("| %s | %s | %s | ", first ? ptn_command_name(row->command) : "", row->code,
	       row->condition == PTN_IF_ALWAYS ? "" : conditions[row->condition]);
	print_note(row);
	printf(" | %s | %s |\n", actions[row->then], row->where);
}

static void print_table(void)
{
	fputs("| reply to | code | if | note | then | written in RFC |\n"
	      "|---|---|---|---|---|---|\n",
	      stdout);
	for (size_t i = 0; i < ptn_table_rows; i++)
		print_row(&ptn_table[i], !i || ptn_table[i].command != ptn_table[i - 1].command);
}

static void print_ends(void)
{
	fputs("| reply to | connection closed | no reply in time | a reply that makes no sense |\n"
	      "|---|---|---|---|\n",
	      stdout);
	for (int c = PTN_CMD_GREETING; c < PTN_CMD_QUIT; c++)
		printf("| %s | `%s` | `%s` | `%s` |\n", ptn_command_name(c),
		       ptn_fault_id(ptn_command_fault_closed(c)),
		       ptn_fault_id(ptn_command_fault_silent(c)),
		       ptn_fault_id(ptn_command_fault_nonsense(c)));
}

int main(void)
{
	fputs("# What every reply means\n\n"
	      "Printed by `doc/print-table` from `lib/smtp/table.c`; a test compares the two.\n\n"
	      "The state of a conversation is the queue of commands that were sent and are not "
	      "yet\n"
	      "answered; replies are matched by counting (RFC 2920 3.1).  The first row that "
	      "matches a\n"
	      "reply wins; a dot in a code is any digit, an empty \"if\" always holds.  HELLO is "
	      "EHLO\n"
	      "under TLS, CONTENT the message up to its final dot, LONE_DOT the dot alone that "
	      "ends\n"
	      "a DATA for nobody, BDAT a chunk behind which more follow, LAST the one that ends "
	      "the\n"
	      "content, CANCEL the \"*\" that ends an AUTH, NONE a reply that nobody asked for.\n"
	      "A name in code style is an error's name, see postern-outcomes(7).\n\n",
	      stdout);
	print_table();
	fputs("\nWhat it is called when no reply comes.  After the final dot or the last\n"
	      "octet of BDAT LAST the mail is in doubt,\n"
	      "and the names end in `-after-content`.\n\n",
	      stdout);
	print_ends();
	return 0;
}
