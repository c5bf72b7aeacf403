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
static void find_nearest(const struct option *table, const char *s, size_t n, const char **best,
			 int *least)
{
	for (; table && table->name; table++) {
		size_t len = strlen(table->name);
		int d;

		if (len <= 3)
			continue;
		d = distance(s, n, table->name);
		if (n > 3 && n <= len && memcmp(table->name, s, n) == 0)
			d = 1; /* "--pass" for --password-file */
		else if (n > len && d > 3 && memcmp(table->name, s, len) == 0)
			d = 3; /* "--tls-minimum" for --tls-min */
		if (d < *least) {
			*least = d;
			*best = table->name;
		}
	}
}

static const char *nearest(const struct words *w, const char *s, size_t n)
{
	const char *best = NULL;
	int least = 4;

	find_nearest(w->table, s, n, &best, &least);
	find_nearest(w->shared, s, n, &best, &least);
	return best;
}

static int refuse_unknown(struct words *w, const char *s, size_t n)
{
	const char *near = n > 2 ? nearest(w, s, n) : NULL;
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

static const struct option *find_in(const struct option *table, const char *s, size_t n)
{
	for (; table && table->name; table++)
		if (strlen(table->name) == n && memcmp(table->name, s, n) == 0)
			return table;
	return NULL;
}

/* NULL if there is none. */
static const struct option *find(struct words *w, const char *s, size_t n)
{
	w->option = find_in(w->table, s, n);
	w->is_shared = !w->option;
	if (w->is_shared)
		w->option = find_in(w->shared, s, n);
	return w->option;
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
	const struct option *o = find(w, word, n);

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
	const struct option *o = find(w, name, 2);

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
	whole = find(w, word, strlen(word));
	if (whole && !whole->value)
		return whole->id; /* as -oi, which is one option */
	return short_option(w, word + 1);
}

void words_keep(const struct words *w, void *into)
{
	char *at = (char *)into + w->option->place;

	if (w->option->id == OPTION_TEXT)
		*(char **)(void *)at = w->value;
	else
		*(int *)(void *)at = 1;
}
