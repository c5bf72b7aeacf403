/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Two reports side by side: what works here and fails there.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "findings.h"
#include "jsonread.h"

enum { LARGEST = 1024 * 1024, SHOWN = 300 };

/* ---- The earlier report ------------------------------------------------------------------- */

static int slurp(struct str *text, const char *file, struct failure *f)
{
	FILE *in = strcmp(file, "-") == 0 ? stdin : fopen(file, "rb");
	char buf[4096];
	size_t n;

	if (!in)
		return fail(f, FAIL_INPUT, "the report %s cannot be read: %s", file,
			    strerror(errno));
	while (text->n <= LARGEST && (n = fread(buf, 1, sizeof buf, in)) > 0)
		str_add(text, buf, n);
	if (ferror(in))
		fail(f, FAIL_INPUT, "the report %s cannot be read: %s", file, strerror(errno));
	if (in != stdin)
		fclose(in);
	return f->status;
}

int earlier_read(struct earlier *e, const char *file, struct failure *f)
{
	struct str text = {0};
	int rc = slurp(&text, file, f);

	if (!rc) {
		rc = json_read(str_text(&text), text.n, &e->paths, &e->values);
		if (rc == -2 || text.failed)
			fail(f, FAIL_MEMORY, "there is not enough memory");
		else if (rc || !json_at(&e->paths, &e->values, "summary/result"))
			fail(f, FAIL_INPUT, "%s is not a report of postern-check --json", file);
	}
	str_free(&text);
	return f->status;
}

void earlier_free(struct earlier *e)
{
	list_free(&e->paths);
	list_free(&e->values);
}

/* The earlier value of a key in section "ports/N" or "summary"; "" if there is none. */
static const char *there(const struct earlier *e, const char *section, const char *key)
{
	char path[96];
	const char *value;

	snprintf(path, sizeof path, "%s/%s", section, key);
	value = json_at(&e->paths, &e->values, path);
	return value ? value : "";
}

/* ---- What differs ------------------------------------------------------------------------- */

/* Times differ always, and sentences follow from the rest. */
static int is_compared(const char *key)
{
	static const char *const not [] = {"error",          "advice",     "auth.error",
					   "auth.advice",    "unverified", "reason",
					   "recommendation", "works",      "result"};

	if (strncmp(key, "ms.", 3) == 0)
		return 0;
	for (size_t i = 0; i < sizeof not / sizeof *not ; i++)
		if (strcmp(key, not [i]) == 0)
			return 0;
	return 1;
}

static void put_difference(struct str *out, const char *name, const char *key, const char *here,
			   const char *before)
{
	if (strcmp(here, before) == 0 || !is_compared(key))
		return;
	str_printf(out, "%s: %s is ", name, key);
	str_show(out, *here ? here : "nothing", strlen(*here ? here : "nothing"), SHOWN);
	str_puts(out, " here, ");
	str_show(out, *before ? before : "nothing", strlen(*before ? before : "nothing"), SHOWN);
	str_puts(out, " there\n");
}

static void put_why(struct str *out, const char *error)
{
	if (*error) {
		str_puts(out, ": ");
		str_show(out, error, strlen(error), SHOWN);
	}
	str_puts(out, "\n");
}

/* Keys that only one of the two has are named only where both work, and in the summary: else nearly
 * all would be. */
static void compare(struct str *out, const char *name, const postern_report *r, size_t i,
		    const struct earlier *e, const char *section)
{
	const char *works = postern_report_get(r, i, "works"), *worked = there(e, section, "works");
	size_t prefix = strlen(section) + 1;
	int same = i == postern_report_ports(r) || (*works && *worked);

	if (*works && !*worked) {
		str_printf(out, "%s: works here, fails there", name);
		put_why(out, there(e, section, "error"));
	} else if (*worked && !*works) {
		str_printf(out, "%s: works there, fails here", name);
		put_why(out, postern_report_get(r, i, "error"));
	}
	for (size_t k = 0; k < postern_report_size(r, i); k++) {
		const char *key = postern_report_key(r, i, k);

		if (same || *there(e, section, key))
			put_difference(out, name, key, postern_report_value(r, i, k),
				       there(e, section, key));
	}
	for (size_t k = 0; same && k < e->paths.n; k++) {
		const char *path = e->paths.v[k];

		if (strncmp(path, section, prefix - 1) == 0 && path[prefix - 1] == '/' &&
		    !*postern_report_get(r, i, path + prefix))
			put_difference(out, name, path + prefix, "", e->values.v[k]);
	}
}

/* The earlier section of the ith port, or 0. */
static int find_port(char section[32], const postern_report *r, size_t i, const struct earlier *e)
{
	for (unsigned k = 0; k < 64; k++) {
		snprintf(section, 32, "ports/%u", k);
		if (!*there(e, section, "port"))
			return 0;
		if (strcmp(there(e, section, "port"), postern_report_get(r, i, "port")) == 0 &&
		    strcmp(there(e, section, "tls"), postern_report_get(r, i, "tls")) == 0)
			return 1;
	}
	return 0;
}

void findings_differences(struct str *out, const postern_report *r, const struct earlier *e)
{
	size_t n = postern_report_ports(r);
	char section[32];

	for (size_t i = 0; i < n; i++) {
		struct str name = {0};

		str_printf(&name, "port %s %s", postern_report_get(r, i, "port"),
			   postern_report_get(r, i, "tls"));
		if (find_port(section, r, i, e))
			compare(out, str_text(&name), r, i, e, section);
		else
			str_printf(out, "%s: was not tried there\n", str_text(&name));
		str_free(&name);
	}
	compare(out, "summary", r, n, e, "summary");
}
