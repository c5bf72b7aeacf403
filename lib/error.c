/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/mem.h"
#include "error.h"
#include "postern.h"

struct ptn_sticky_text {
	struct ptn_sticky_text *next;
	int which;
	char sentence[];
};

/* The error of `which` is taken out; those behind it move up. */
static void take_back(struct ptn_sticky *s, int which)
{
	struct ptn_sticky_text **at = &s->texts;
	unsigned char rank = s->at[which].rank;

	for (int i = 0; i < PTN_STICKY_MOST; i++)
		if (s->at[i].rank > rank)
			s->at[i].rank--;
	s->at[which].code = 0;
	s->at[which].rank = 0;
	s->count--;
	while (*at && (*at)->which != which)
		at = &(*at)->next;
	if (*at) {
		struct ptn_sticky_text *t = *at;

		*at = t->next;
		ptn_mem_release(t, sizeof(*t) + strlen(t->sentence));
	}
}

/* Without memory the code sticks all the same, and its own words are told. */
static void keep_text(struct ptn_sticky *s, int which, const char *sentence)
{
	size_t n = strlen(sentence);
	struct ptn_sticky_text *t = ptn_mem_alloc(sizeof(*t) + n + 1);

	if (!t)
		return;
	t->which = which;
	memcpy(t->sentence, sentence, n);
	t->next = s->texts;
	s->texts = t;
}

int ptn_sticky_set(struct ptn_sticky *s, int which, int code, const char *sentence)
{
	if (s->at[which].code)
		take_back(s, which);
	if (!code)
		return 0;
	s->at[which].code = (signed char)code;
	s->at[which].rank = ++s->count;
	keep_text(s, which, sentence);
	return code;
}

int ptn_sticky_first(const struct ptn_sticky *s, const char **sentence)
{
	for (int i = 0; s->count && i < PTN_STICKY_MOST; i++) {
		if (s->at[i].rank != 1)
			continue;
		*sentence = postern_strerror(s->at[i].code);
		for (const struct ptn_sticky_text *t = s->texts; t; t = t->next)
			if (t->which == i)
				*sentence = t->sentence;
		return s->at[i].code;
	}
	return 0;
}

void ptn_sticky_free(struct ptn_sticky *s)
{
	for (int i = 0; s->count && i < PTN_STICKY_MOST; i++)
		if (s->at[i].code)
			take_back(s, i);
}

const char *postern_strerror(int code)
{
	switch (code) {
	case POSTERN_OK:
		return "no error";
	case POSTERN_E_NOMEM:
		return "out of memory";
	case POSTERN_E_ARG:
		return "an argument was refused";
	case POSTERN_E_STATE:
		return "called at the wrong time";
	case POSTERN_E_CANCELLED:
		return "cancelled";
	case POSTERN_E_SYSTEM:
		return "the operating system refused a resource";
	case POSTERN_E_RESOLVE:
		return "the host's address was not found";
	case POSTERN_E_CONNECT:
		return "no port could be reached";
	case POSTERN_E_TIMEOUT:
		return "a time limit passed";
	case POSTERN_E_CLOSED:
		return "the server closed the connection";
	case POSTERN_E_TLS:
		return "no TLS session came about";
	case POSTERN_E_CERTIFICATE:
		return "the server's certificate is not good for this host";
	case POSTERN_E_INJECTED:
		return "bytes were put between STARTTLS and TLS";
	case POSTERN_E_MECHANISM:
		return "no SASL mechanism that both sides accept";
	case POSTERN_E_AUTH:
		return "the sign-in failed";
	case POSTERN_E_PROTOCOL:
		return "the server broke the protocol";
	case POSTERN_E_REFUSED:
		return "the server refused";
	case POSTERN_E_UNSUPPORTED:
		return "the mail needs what the server does not offer";
	case POSTERN_E_CONTENT:
		return "the content cannot be sent";
	default:
		return "unknown error";
	}
}

const char *postern_outcome_name(int outcome)
{
	switch (outcome) {
	case POSTERN_PENDING:
		return "pending";
	case POSTERN_ACCEPTED:
		return "accepted";
	case POSTERN_PARTIAL:
		return "partial";
	case POSTERN_TRANSIENT:
		return "transient";
	case POSTERN_PERMANENT:
		return "permanent";
	case POSTERN_IN_DOUBT:
		return "in-doubt";
	default:
		return "";
	}
}
