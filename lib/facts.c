/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "facts.h"
#include "refine.h"
#include "smtp/capability.h"
#include "smtp/reply.h"

static char *put_part(char *to, int v)
{
	if (v > 99)
		*to++ = (char)('0' + v / 100);
	if (v > 9)
		*to++ = (char)('0' + v / 10 % 10);
	*to++ = (char)('0' + v % 10);
	return to;
}

void ptn_facts_status(char out[16], const int status[3])
{
	char *to = out;

	if (status[0]) {
		to = put_part(to, status[0]);
		*to++ = '.';
		to = put_part(to, status[1]);
		*to++ = '.';
		to = put_part(to, status[2]);
	}
	*to = '\0';
}

struct ptn_facts ptn_facts_of(const struct ptn_settings *set, const struct ptn_link *l,
			      char address[PTN_ADDRESS_TEXT])
{
	struct ptn_facts f = {.host = set->host};

	if (!l)
		return f;
	ptn_net_print(&l->address, address, PTN_ADDRESS_TEXT);
	f.host = ptn_link_host(l);
	f.address = address;
	f.port = l->port;
	f.detail = ptn_link_detail(l);
	f.unverified = !ptn_smtp_secured(l->smtp) && l->mode != PTN_MODE_NONE;
	f.line = ptn_smtp_body_line(l->smtp) - (unsigned)l->made;
	f.limit = ptn_smtp_capability(l->smtp)->size;
	return f;
}

int ptn_facts_refine(int fault, const struct ptn_link *l, const struct ptn_reply *reply)
{
	struct ptn_buf text = {0};
	char status[16];

	fault = ptn_refine_issuer(fault, ptn_link_detail(l));
	if (!reply || !reply->whole || ptn_reply_show(reply, &text) || ptn_buf_add(&text, "", 1)) {
		ptn_buf_free(&text);
		return fault;
	}
	ptn_facts_status(status, reply->status);
	fault = ptn_refine_reply(fault, reply->code, status, ptn_buf_data(&text));
	ptn_buf_free(&text);
	return fault;
}

void ptn_facts_explain(struct ptn_buf *cause, struct ptn_buf *advice, int fault,
		       const struct ptn_settings *set, const struct ptn_link *l,
		       const struct ptn_reply *reply)
{
	struct ptn_buf text = {0};
	char address[PTN_ADDRESS_TEXT], status[16];
	struct ptn_facts f = ptn_facts_of(set, l, address);

	if (fault == PTN_FAULT_CERT_WRONG_NAME && l)
		f.host = ptn_link_identity(l);
	if (reply && reply->whole && reply->code != 334) {
		f.code = reply->code;
		ptn_facts_status(status, reply->status);
		f.status = status;
		if (!ptn_reply_show(reply, &text) && !ptn_buf_add(&text, "", 1))
			f.text = ptn_buf_data(&text);
	}
	ptn_explain(cause, advice, fault, &f);
	ptn_buf_free(&text);
}
