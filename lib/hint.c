/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "hint.h"
#include "postern.h"

static const char start[] = "postern-route 1 ";
static const char *const modes[] = {[PTN_MODE_STARTTLS] = "starttls",
				    [PTN_MODE_IMPLICIT] = "implicit",
				    [PTN_MODE_OPPORTUNISTIC] = "opportunistic",
				    [PTN_MODE_NONE] = "none"};
enum { MODES = sizeof modes / sizeof *modes };

static int put_number(struct ptn_buf *out, long long v)
{
	int err = ptn_buf_puts(out, " ");

	return err ? err : ptn_text_decimal(out, (unsigned long long)v);
}

int ptn_hint_print(struct ptn_buf *out, const struct ptn_hint *h, const char *host)
{
	int err = ptn_buf_puts(out, start);

	err = err ? err : ptn_buf_puts(out, host);
	err = err ? err : put_number(out, h->port);
	err = err ? err : ptn_buf_puts(out, " ");
	err = err ? err : ptn_buf_puts(out, modes[h->mode]);
	err = err ? err : put_number(out, h->family);
	err = err ? err : put_number(out, h->capabilities);
	err = err ? err : put_number(out, h->milliseconds);
	err = err ? err : put_number(out, h->seconds);
	return err ? err : put_number(out, (long long)h->offer);
}

static int take_number(const char **at, unsigned long long max, unsigned long long *v)
{
	size_t n;
	const char *word = ptn_text_word(at, &n);

	return word && !ptn_text_number(word, n, max, v) ? 0 : POSTERN_E_ARG;
}

static int take_mode(const char **at, int *mode)
{
	size_t n;
	const char *word = ptn_text_word(at, &n);

	for (int i = 0; word && i < MODES; i++)
		if (ptn_text_same(word, n, modes[i], strlen(modes[i]))) {
			*mode = i;
			return 0;
		}
	return POSTERN_E_ARG;
}

int ptn_hint_parse(struct ptn_hint *h, const char *text, const char *host)
{
	unsigned long long port, family, capabilities, ms, seconds, offer = 0;
	size_t n;
	const char *at = text, *word;
	int same, mode;

	if (strncmp(text, start, sizeof start - 1))
		return POSTERN_E_ARG;
	at += sizeof start - 1;
	word = ptn_text_word(&at, &n);
	if (!word)
		return POSTERN_E_ARG;
	same = host && ptn_text_same(word, n, host, strlen(host));
	if (take_number(&at, 65535, &port) || !port || take_mode(&at, &mode) ||
	    take_number(&at, 6, &family) || (family != 4 && family != 6) ||
	    take_number(&at, 0xFFFFFFFF, &capabilities) || take_number(&at, 0x7FFFFFFF, &ms) ||
	    take_number(&at, 0x7FFFFFFFFFFF, &seconds) || (*at && take_number(&at, 3, &offer)) ||
	    ptn_text_word(&at, &n))
		return POSTERN_E_ARG;
	*h = (struct ptn_hint){.port = (int)port,
			       .mode = mode,
			       .family = (int)family,
			       .capabilities = (unsigned)capabilities,
			       .milliseconds = (int)ms,
			       .seconds = (long long)seconds,
			       .offer = (unsigned)offer};
	return same ? 0 : 1;
}

void ptn_hint_apply(const struct ptn_hint *h, struct ptn_candidate *c, size_t n)
{
	for (size_t i = 1; h->port && i < n; i++) {
		struct ptn_candidate found = c[i];

		if (found.port != h->port || found.mode != h->mode)
			continue;
		memmove(c + 1, c, i * sizeof *c);
		c[0] = found;
		c[0].guess = PTN_GUESS_NONE;
		return;
	}
}
