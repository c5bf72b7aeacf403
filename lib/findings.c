/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/text.h"
#include "explain.h"
#include "findings.h"
#include "refine.h"
#include "search.h"

/* ---- One port. ---- */

static void add_time(struct postern_report *r, const char *key, ptn_time from, ptn_time to)
{
	if (from != PTN_NEVER && to != PTN_NEVER && to >= from)
		ptn_report_number(r, key, (unsigned long long)(to - from));
}

/* ms of each phase: what it waited for since the phase before. */
static void add_times(struct postern_report *r, const struct ptn_try *t)
{
	int implicit = t->mode == PTN_MODE_IMPLICIT;

	add_time(r, "ms.connect", t->started, t->connected);
	add_time(r, "ms.greeting", implicit ? t->tls_up : t->connected, t->greeted);
	add_time(r, "ms.ehlo", t->greeted, t->clear);
	add_time(r, "ms.tls", implicit ? t->connected : t->clear, t->tls_up);
	add_time(r, "ms.ehlo-tls", implicit ? t->greeted : t->tls_up, t->secured);
	add_time(r, "ms.total", t->started, t->ended);
}

/* Lines ended by LF, the first `skip` of them left out, as "a, b, c". */
static void add_lines(struct postern_report *r, const char *key, const struct ptn_buf *text,
		      int skip)
{
	const char *at = ptn_buf_data(text), *end = at + ptn_buf_len(text);
	struct ptn_buf joined = {0};

	for (; at < end && !r->failed; skip--) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((lf ? lf : end) - at);

		if (skip <= 0 && ((ptn_buf_len(&joined) && ptn_buf_puts(&joined, ", ")) ||
				  ptn_buf_add(&joined, at, n)))
			r->failed = 1;
		at += n + 1;
	}
	ptn_report_buf(r, key, &joined);
	ptn_buf_free(&joined);
}

static void add_certificate(struct postern_report *r, const struct ptn_try *t)
{
	int bad = ptn_fault_code(t->fault) == POSTERN_E_CERTIFICATE;

	ptn_report_buf(r, "certificate.names", &t->certificate.names);
	ptn_report_buf(r, "certificate.issuer", &t->certificate.issuer);
	ptn_report_add(r, "certificate.from", t->certificate.from);
	ptn_report_add(r, "certificate.until", t->certificate.until);
	ptn_report_add(r, "certificate.key-sha256", t->key);
	if (bad)
		ptn_report_add(r, "certificate.fault", ptn_fault_id(t->fault));
}

/* Anyone on the path may have written what came before TLS was verified. */
static void add_unverified(struct postern_report *r, const struct ptn_try *t)
{
	struct ptn_buf keys = {0};
	int bad = 0;

	if (ptn_buf_len(&t->heard.greeting) && (t->mode != PTN_MODE_IMPLICIT))
		bad = ptn_buf_puts(&keys, "greeting ");
	if (!bad && ptn_buf_len(&t->heard.clear))
		bad = ptn_buf_puts(&keys, "capabilities.clear ");
	if (!bad && t->key[0] && t->tls_up == PTN_NEVER)
		bad = ptn_buf_puts(&keys, "certificate ");
	if (!bad && !t->is_secured && t->depth == PTN_DEPTH_USABLE)
		bad = ptn_buf_puts(&keys, "mechanisms mechanism size ");
	if (bad)
		r->failed = 1;
	else if (ptn_buf_len(&keys))
		ptn_report_octets(r, "unverified", ptn_buf_data(&keys), ptn_buf_len(&keys) - 1);
	ptn_buf_free(&keys);
}

static const char *mode_of(const struct ptn_try *t)
{
	if (t->mode == PTN_MODE_OPPORTUNISTIC && !t->is_secured)
		return "none";
	return ptn_search_mode_name(t->mode);
}

/* It works, but not in the mode that was named. */
static int is_misnamed(const struct ptn_place *at)
{
	const struct ptn_try *t = ptn_probe_chosen(at);

	return t == &at->other && ptn_probe_works(t) && !at->want.guess;
}

static const char *mark(const struct ptn_place *at)
{
	const struct ptn_try *t = ptn_probe_chosen(at);

	if (!ptn_probe_works(t))
		return "bad";
	return t->is_secured && t->offers_auth && !is_misnamed(at) ? "good" : "doubtful";
}

static void add_misnamed(const struct ptn_probe *p, struct postern_report *r,
			 const struct ptn_place *at)
{
	int fault = at->other.mode == PTN_MODE_IMPLICIT ? PTN_FAULT_GREETING_IS_TLS
							: PTN_FAULT_TLS_SMTP_FIRST;
	struct ptn_facts f = {.host = p->set.host, .port = at->want.port};
	struct ptn_buf cause = {0}, advice = {0};

	if (ptn_explain(&cause, &advice, fault, &f))
		r->failed = 1;
	ptn_report_add(r, "fault", ptn_fault_id(fault));
	ptn_report_buf(r, "error", &cause);
	ptn_report_buf(r, "advice", &advice);
	ptn_buf_free(&cause);
	ptn_buf_free(&advice);
}

static void put_parts(struct postern_report *r, struct ptn_buf *b, const char *const *parts)
{
	for (; *parts && !r->failed; parts++)
		r->failed = ptn_buf_puts(b, *parts) != 0;
}

static void put_port(struct postern_report *r, struct ptn_buf *b, int port)
{
	if (!r->failed)
		r->failed = ptn_text_decimal(b, (unsigned)port) != 0;
}

static int is_unreachable(int fault)
{
	return ptn_fault_code(fault) == POSTERN_E_CONNECT || fault == PTN_FAULT_GREETING_SILENT;
}

/* What to do about a port that cannot be reached depends on its number, and on the other ports. */
static void add_advice(const struct ptn_probe *p, struct postern_report *r, const struct ptn_try *t)
{
	int known = ptn_refine_ports(t->fault, &t->port, &t->fault, 1);
	struct ptn_buf cause = {0}, advice = {0};

	if (!is_unreachable(t->fault) || (known == t->fault && p->best < 0)) {
		ptn_report_buf(r, "advice", &t->advice);
		return;
	}
	if (known != t->fault) {
		struct ptn_facts f = {.host = p->set.host, .port = t->port};

		r->failed |= ptn_explain(&cause, &advice, known, &f) != 0;
	} else {
		int best = p->at[p->best].want.port;

		put_parts(r, &advice, (const char *[]){"There is nothing to do: port ", NULL});
		put_port(r, &advice, best);
		put_parts(r, &advice,
			  (const char *[]){" works. To try no other, set ports=", NULL});
		put_port(r, &advice, best);
		put_parts(r, &advice, (const char *[]){".", NULL});
	}
	ptn_report_buf(r, "advice", &advice);
	ptn_buf_free(&cause);
	ptn_buf_free(&advice);
}

static void add_fault(struct postern_report *r, const struct ptn_try *t)
{
	ptn_report_add(r, "fault", ptn_fault_id(t->fault));
	ptn_report_buf(r, "error", &t->error);
}

static void add_auth(struct postern_report *r, const struct ptn_try *sign)
{
	if (sign->state == PTN_TRY_UNUSED)
		return;
	ptn_report_add(r, "auth", sign->fault ? ptn_fault_id(sign->fault) : "ok");
	ptn_report_buf(r, "auth.error", &sign->error);
	ptn_report_buf(r, "auth.advice", &sign->advice);
}

static void report_place(const struct ptn_probe *p, size_t i, struct postern_report *r)
{
	const struct ptn_place *at = &p->at[i];
	const struct ptn_try *t = ptn_probe_chosen(at);

	if (t->incomplete || p->sign.incomplete)
		r->failed = 1;
	ptn_report_number(r, "port", (unsigned)at->want.port);
	ptn_report_add(r, "tls", ptn_search_mode_name(at->want.mode));
	ptn_report_add(r, "result", mark(at));
	if (t->depth >= PTN_DEPTH_MODE)
		ptn_report_add(r, "speaks", t->mode == PTN_MODE_IMPLICIT ? "TLS" : "SMTP");
	if (ptn_probe_works(t))
		ptn_report_add(r, "works", mode_of(t));
	ptn_report_add(r, "reachable", t->depth >= PTN_DEPTH_CONNECTED ? "yes" : "no");
	ptn_report_add(r, "address", t->address);
	if (is_misnamed(at)) {
		add_misnamed(p, r, at);
	} else if (t->fault) {
		add_fault(r, t);
		add_advice(p, r, t);
	}
	add_times(r, t);
	add_lines(r, "greeting", &t->heard.greeting, 0);
	add_lines(r, "capabilities.clear", &t->heard.clear, 1);
	ptn_report_add(r, "tls.version", t->version);
	ptn_report_add(r, "tls.cipher", t->cipher);
	add_certificate(r, t);
	add_lines(r, "capabilities.tls", &t->heard.secured, 1);
	ptn_report_buf(r, "mechanisms", &t->offered);
	if (t->mechanism)
		ptn_report_add(r, "mechanism", t->mechanism);
	if (t->size)
		ptn_report_number(r, "size", t->size);
	if ((int)i == p->best)
		add_auth(r, &p->sign);
	add_unverified(r, t);
}

/* ---- The whole. ---- */

/* Something that speaks SMTP or TLS is there, but is not to be trusted or not usable. */
static int is_broken(const struct ptn_try *t)
{
	switch (ptn_fault_code(t->fault)) {
	case POSTERN_E_TLS:
	case POSTERN_E_CERTIFICATE:
	case POSTERN_E_INJECTED:
	case POSTERN_E_MECHANISM:
	case POSTERN_E_PROTOCOL:
		return t->depth >= PTN_DEPTH_MODE;
	default:
		return ptn_probe_works(t);
	}
}

static const struct ptn_try *deepest(const struct ptn_probe *p)
{
	const struct ptn_try *best = NULL;

	for (size_t i = 0; i < p->n; i++) {
		const struct ptn_try *t = ptn_probe_chosen(&p->at[i]);

		if (!best || t->depth > best->depth)
			best = t;
	}
	return best;
}

/* Without credentials: a URL that names a user must have a password too. */
static void add_url(struct postern_report *r, const char *host, const struct ptn_try *t)
{
	static const int usual[] = {25, 465, 587, 2525};
	const char *bracket = strchr(host, ':') ? "[" : "", *mode = mode_of(t);
	int named = t->mode != (t->port == 465 ? PTN_MODE_IMPLICIT : PTN_MODE_STARTTLS), known = 0;
	struct ptn_buf b = {0};

	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		known |= t->port == usual[i];
	put_parts(r, &b, (const char *[]){"smtp://", bracket, host, *bracket ? "]:" : ":", NULL});
	put_port(r, &b, t->port);
	if (named || !known)
		put_parts(r, &b, (const char *[]){"?tls=", *mode == 'S' ? "starttls" : mode, NULL});
	ptn_report_buf(r, "url", &b);
	ptn_buf_free(&b);
}

static void add_reason(const struct ptn_probe *p, struct postern_report *r)
{
	const struct ptn_place *at = &p->at[p->best];
	const struct ptn_try *t = ptn_probe_chosen(at);
	const char *also = is_misnamed(at) ? ", though not in the mode that was named"
			   : p->best       ? ", and those before it are worse"
			   : p->n > 1      ? ", and is the first in order"
					   : "";
	const char *refused = p->sign.state != PTN_TRY_UNUSED && p->sign.fault
				      ? "; but the sign-in failed there"
				      : "";
	struct ptn_buf b = {0};

	put_parts(r, &b,
		  (const char *[]){"It offers verified TLS (", t->version, ")",
				   t->mechanism ? " and sign-in by " : " but no sign-in",
				   t->mechanism ? t->mechanism : "", also, refused, ".", NULL});
	ptn_report_buf(r, "reason", &b);
	ptn_buf_free(&b);
}

static void recommend(const struct ptn_probe *p, struct postern_report *r)
{
	const struct ptn_try *t = ptn_probe_chosen(&p->at[p->best]);
	struct ptn_buf b = {0};

	ptn_report_add(r, "result", "secure");
	put_parts(r, &b, (const char *[]){"Use port ", NULL});
	put_port(r, &b, t->port);
	put_parts(r, &b,
		  (const char *[]){" with ",
				   t->mode == PTN_MODE_IMPLICIT ? "implicit TLS" : "STARTTLS", ".",
				   NULL});
	ptn_report_buf(r, "recommendation", &b);
	ptn_buf_free(&b);
	add_reason(p, r);
	ptn_report_number(r, "port", (unsigned)t->port);
	ptn_report_add(r, "tls", mode_of(t));
	add_url(r, p->set.host, t);
}

/* One fault for all: the same failure everywhere tells more than that of one port. */
static void add_reason_against(const struct ptn_probe *p, struct postern_report *r,
			       const struct ptn_try *deep)
{
	int ports[PTN_ROUTE_MOST] = {0}, faults[PTN_ROUTE_MOST] = {0}, fault;
	struct ptn_facts f = {.host = p->set.host};
	struct ptn_buf cause = {0}, advice = {0};

	for (size_t i = 0; i < p->n; i++) {
		ports[i] = p->at[i].want.port;
		faults[i] = ptn_probe_chosen(&p->at[i])->fault;
	}
	fault = ptn_refine_ports(deep->fault, ports, faults, p->n);
	if (fault == deep->fault) {
		add_fault(r, deep);
		ptn_report_buf(r, "advice", &deep->advice);
		ptn_report_buf(r, "reason", &deep->error);
		return;
	}
	r->failed |= ptn_explain(&cause, &advice, fault, &f) != 0;
	ptn_report_add(r, "fault", ptn_fault_id(fault));
	ptn_report_buf(r, "error", &cause);
	ptn_report_buf(r, "advice", &advice);
	ptn_report_buf(r, "reason", &cause);
	ptn_buf_free(&cause);
	ptn_buf_free(&advice);
}

static void recommend_none(const struct ptn_probe *p, struct postern_report *r)
{
	const struct ptn_try *t = deepest(p);
	const char *advice = "Do not send through this host as it is: no port is safe to use.";
	int broken = 0;

	for (size_t i = 0; i < p->n; i++)
		broken |= is_broken(ptn_probe_chosen(&p->at[i]));
	ptn_report_add(r, "result", broken ? "insecure" : "none");
	if (!broken)
		advice = "There is no port to use.";
	else if (ptn_fault_code(t->fault) == POSTERN_E_MECHANISM)
		advice = "No port takes these credentials.";
	ptn_report_add(r, "recommendation", advice);
	if (ptn_probe_works(t)) {
		ptn_report_add(r, "reason", "What works does so without TLS, for anyone to read.");
		return;
	}
	add_reason_against(p, r, t);
}

/* What does not leave this machine needs no TLS. */
static void recommend_socket(const struct ptn_probe *p, struct postern_report *r)
{
	struct ptn_buf b = {0};

	ptn_report_add(r, "result", "secure");
	ptn_report_add(r, "recommendation", "Use this socket.");
	ptn_report_add(r, "reason", "It works, and does not leave this machine.");
	ptn_report_add(r, "tls", "none");
	put_parts(r, &b, (const char *[]){"unix:", p->set.socket_path, NULL});
	ptn_report_buf(r, "url", &b);
	ptn_buf_free(&b);
}

static void report_summary(const struct ptn_probe *p, struct postern_report *r)
{
	ptn_report_add(r, "host", p->set.host);
	if (p->set.socket_path && p->best >= 0)
		recommend_socket(p, r);
	else if (p->best >= 0 && ptn_probe_chosen(&p->at[p->best])->is_secured)
		recommend(p, r);
	else
		recommend_none(p, r);
	add_auth(r, &p->sign);
}

void ptn_findings_fault(struct postern_report *r, const char *host, int fault, const char *why)
{
	struct ptn_facts f = {.host = host};
	struct ptn_buf cause = {0}, advice = {0};

	r->into = &r->at[PTN_ROUTE_MOST];
	if (ptn_explain(&cause, &advice, fault, &f))
		r->failed = 1;
	ptn_report_add(r, "host", host ? host : "");
	ptn_report_add(r, "result", "none");
	ptn_report_add(r, "fault", ptn_fault_id(fault));
	if (why)
		ptn_report_add(r, "error", why);
	else
		ptn_report_buf(r, "error", &cause);
	ptn_report_buf(r, "advice", &advice);
	ptn_buf_free(&cause);
	ptn_buf_free(&advice);
}

void ptn_findings_report(const struct ptn_probe *p, struct postern_report *r)
{
	if (p->fault) {
		ptn_findings_fault(r, p->set.host, p->fault,
				   p->fault == PTN_FAULT_CANCELLED ? "the probe was cancelled"
								   : NULL);
		return;
	}
	r->ports = p->n;
	for (size_t i = 0; i < p->n; i++) {
		r->into = &r->at[i];
		report_place(p, i, r);
	}
	r->into = &r->at[PTN_ROUTE_MOST];
	report_summary(p, r);
}
