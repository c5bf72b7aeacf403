/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "option.h"

#include <stdio.h>
#include <string.h>

#include "str.h"

enum { LONGEST = 32 }; /* of the names compared for "did you mean" */

/* How many octets must be changed, added or left out to turn a into b (Levenshtein). */
static int distance(const char *a, size_t na, const char *b)
{
	int row[LONGEST + 1];
	size_t nb = strlen(b);

	if (na > LONGEST || nb > LONGEST)
		return LONGEST;
	for (size_t k = 0; k <= nb; k++)
		row[k] = (int)k;
	for (size_t i = 1; i <= na; i++) {
		int corner = row[0];

		row[0] = (int)i;
		for (size_t k = 1; k <= nb; k++) {
			int best = corner + (a[i - 1] != b[k - 1]);

			best = row[k] + 1 < best ? row[k] + 1 : best;
			best = row[k - 1] + 1 < best ? row[k - 1] + 1 : best;
			corner = row[k];
			row[k] = best;
		}
	}
	return row[nb];
}

/* The option that may have been meant: one that begins like it, or the most alike. */
static const char *nearest(const struct option *table, const char *s, size_t n)
{
	const char *best = NULL;
	int least = 4;

	for (; table->name; table++) {
		int d;

		if (strlen(table->name) <= 3)
			continue;
		d = n > 3 && strncmp(table->name, s, n) == 0 ? 1 : distance(s, n, table->name);
		if (d < least) {
			least = d;
			best = table->name;
		}
	}
	return best;
}

static int refuse_unknown(struct words *w, const char *s, size_t n)
{
	const char *near = n > 2 ? nearest(w->table, s, n) : NULL;
	struct str shown = {0};

	str_show(&shown, s, n, 40);
	if (near)
		snprintf(w->why, sizeof w->why, "there is no option %s: did you mean %s?",
			 str_text(&shown), near);
	else
		snprintf(w->why, sizeof w->why, "there is no option %s", str_text(&shown));
	str_free(&shown);
	return WORD_BAD;
}

static const struct option *find(const struct option *table, const char *s, size_t n)
{
	for (; table->name; table++)
		if (strlen(table->name) == n && memcmp(table->name, s, n) == 0)
			return table;
	return NULL;
}

static int take_next(struct words *w, const struct option *o)
{
	if (w->at == w->argc) {
		snprintf(w->why, sizeof w->why, "%s needs a value", o->name);
		return WORD_BAD;
	}
	w->value = w->argv[w->at++];
	return o->id;
}

static int long_option(struct words *w, char *word)
{
	size_t n = strcspn(word, "=");
	const struct option *o = find(w->table, word, n);

	if (!o)
		return refuse_unknown(w, word, n);
	if (word[n] && !o->value) {
		snprintf(w->why, sizeof w->why, "%s takes no value", o->name);
		return WORD_BAD;
	}
	if (o->value && !word[n])
		return take_next(w, o);
	w->value = word[n] ? word + n + 1 : NULL;
	return o->id;
}

/* at points to the letter, behind the "-" or inside "-xyz" */
static int short_option(struct words *w, char *at)
{
	char name[3] = {'-', *at, '\0'};
	const struct option *o = find(w->table, name, 2);

	w->cluster = NULL;
	if (!o)
		return refuse_unknown(w, name, 2);
	if (o->value && at[1]) {
		w->value = at + 1;
		return o->id;
	}
	if (o->value)
		return take_next(w, o);
	if (at[1])
		w->cluster = at + 1;
	return o->id;
}

int words_next(struct words *w)
{
	const struct option *whole;
	char *word;

	w->value = NULL;
	if (w->cluster)
		return short_option(w, w->cluster);
	if (w->at >= w->argc)
		return WORD_END;
	word = w->argv[w->at++];
	if (w->over || word[0] != '-' || !word[1]) {
		w->value = word;
		return WORD_PLAIN;
	}
	if (strcmp(word, "--") == 0) {
		w->over = 1;
		return words_next(w);
	}
	if (word[1] == '-')
		return long_option(w, word);
	whole = find(w->table, word, strlen(word));
	if (whole && !whole->value)
		return whole->id; /* as -oi, which is one option */
	return short_option(w, word + 1);
}
