/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "error.h"
#include "postern.h"

int ptn_sticky_set(struct ptn_sticky *s, int which, int code, const char *sentence)
{
	ptn_buf_clear(&s->at[which].text);
	s->at[which].code = code;
	if (!code)
		return 0;
	s->at[which].when = ++s->count;
	if (ptn_buf_puts(&s->at[which].text, sentence) || ptn_buf_add(&s->at[which].text, "", 1))
		ptn_buf_clear(&s->at[which].text);
	return code;
}

int ptn_sticky_first(const struct ptn_sticky *s, const char **sentence)
{
	int first = -1;

	for (int i = 0; i < PTN_STICKY_MOST; i++)
		if (s->at[i].code && (first < 0 || s->at[i].when < s->at[first].when))
			first = i;
	if (first < 0)
		return 0;
	*sentence = ptn_buf_len(&s->at[first].text) ? ptn_buf_data(&s->at[first].text)
						    : postern_strerror(s->at[first].code);
	return s->at[first].code;
}

void ptn_sticky_free(struct ptn_sticky *s)
{
	for (int i = 0; i < PTN_STICKY_MOST; i++)
		ptn_buf_free(&s->at[i].text);
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
