/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "extras.h"

#include <string.h>

#include <postern.h>

#include "str.h"

enum { MOST_SECONDS = 999999999, MOST_PRIORITY = 9 };

static int notify_bit(const char *word, size_t n)
{
	static const struct {
		const char *word;
		int bit;
	} known[] = {
		{"never", POSTERN_NOTIFY_NEVER},
		{"success", POSTERN_NOTIFY_SUCCESS},
		{"failure", POSTERN_NOTIFY_FAILURE},
		{"delay", POSTERN_NOTIFY_DELAY},
	};

	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
		if (same_word(word, n, known[i].word))
			return known[i].bit;
	return 0;
}

/* RFC 3461 4.1: NEVER stands alone. */
static int read_notify(struct extras *x, struct failure *f)
{
	const char *at = x->notify, *comma;
	int bits = 0, bit;

	do {
		size_t n = strcspn(at, ",");

		bit = notify_bit(at, n);
		bits |= bit;
		comma = at[n] ? at + n : NULL;
		at += n + 1;
	} while (bit && comma);
	if (!bit || (bits & POSTERN_NOTIFY_NEVER && bits != POSTERN_NOTIFY_NEVER))
		return fail(f, FAIL_USAGE,
			    "--notify takes \"never\", or one or more of \"success\", \"failure\" "
			    "and \"delay\" with commas between them");
	x->notify_bits = bits;
	return 0;
}

/* SECONDS, or SECONDS/ and the letters of RFC 2852 4. */
static int read_deliver_by(struct extras *x, struct failure *f)
{
	struct str number = {0};
	size_t n = strcspn(x->deliver_by, "/");
	const char *mode = x->deliver_by[n] ? x->deliver_by + n + 1 : "R";
	long long seconds;
	int bad;

	str_add(&number, x->deliver_by, n);
	bad = read_number(str_text(&number), MOST_SECONDS, &seconds) || !seconds;
	str_free(&number);
	if (bad || (*mode != 'R' && *mode != 'N') || (mode[1] && strcmp(mode + 1, "T") != 0))
		return fail(f, FAIL_USAGE,
			    "--deliver-by takes whole seconds, from 1 to %d, and behind a slash R, "
			    "N, RT or NT, as 3600/N",
			    MOST_SECONDS);
	x->by_seconds = (long)seconds;
	x->by_mode = *mode;
	x->by_trace = mode[1] != '\0';
	return 0;
}

static int read_hold_for(struct extras *x, struct failure *f)
{
	long long seconds;

	if (read_number(x->hold_for, MOST_SECONDS, &seconds) || !seconds)
		return fail(f, FAIL_USAGE, "--hold-for takes whole seconds, from 1 to %d",
			    MOST_SECONDS);
	x->hold_seconds = (unsigned long)seconds;
	return 0;
}

static int read_priority(struct extras *x, struct failure *f)
{
	int is_negative = x->priority[0] == '-';
	int is_signed = is_negative || x->priority[0] == '+';
	long long value;

	if (read_number(x->priority + is_signed, MOST_PRIORITY, &value))
		return fail(f, FAIL_USAGE, "--priority takes a whole number from -9 to 9");
	x->priority_value = is_negative ? -(int)value : (int)value;
	return 0;
}

int extras_read(struct extras *x, struct failure *f)
{
	x->priority_value = POSTERN_NO_PRIORITY;
	if (x->hold_for && x->hold_until)
		return fail(f, FAIL_USAGE, "--hold-for and --hold-until exclude each other");
	if ((x->notify && read_notify(x, f)) || (x->deliver_by && read_deliver_by(x, f)) ||
	    (x->hold_for && read_hold_for(x, f)) || (x->priority && read_priority(x, f)))
		return f->status;
	return 0;
}
