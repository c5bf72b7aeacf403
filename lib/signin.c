/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "link.h"
#include "sasl/choose.h"
#include "sasl/sasl.h"
#include "signin.h"
#include "smtp/capability.h"
#include "smtp/reply.h"
#include "tls/tls.h"

enum {
	TOKEN_MOST = 12288, /* octets; what fits a line of AUTH is less */
	TOKENS = 2, /* in one session: the first, and after its refusal one more */
	REFUSAL = 1024 /* octets of what the server said */
};

static struct ptn_learned *learned(struct ptn_link *l)
{
	return l->set->learned ? l->set->learned : &l->signin.own;
}

int ptn_signin_due(const struct ptn_settings *set)
{
	return set->user || set->get_token || ptn_sasl_without_secret(set->mechanisms);
}

/* ---- What can be used. ---- */

static unsigned held(const struct ptn_settings *set)
{
	unsigned bits = PTN_SASL_TICKET | PTN_SASL_NOTHING;

	bits |= set->password ? PTN_SASL_PASSWORD : 0u;
	bits |= set->get_token ? PTN_SASL_TOKEN : 0u;
	return bits | (set->tls.own ? PTN_SASL_CERTIFICATE : 0u);
}

/* What binds the exchange to this TLS session; NULL where there is nothing. */
static const char *binding(struct ptn_link *l, size_t *n)
{
	*n = 0;
	return l->tls_up ? ptn_tls_binding(l->tls, l->signin.binding, n) : NULL;
}

static struct ptn_sasl_case case_of(struct ptn_link *l, const char *offered)
{
	size_t n;

	return (struct ptn_sasl_case){.offered = offered,
				      .allowed = l->set->mechanisms,
				      .tried = ptn_buf_data(&l->signin.tried),
				      .held = held(l->set),
				      .encrypted = ptn_smtp_secured(l->smtp),
				      .bindable = binding(l, &n) != NULL,
				      .binding_required = l->set->binding_required,
				      .least = l->signin.least};
}

const char *ptn_signin_choice(struct ptn_link *l, const char *offered)
{
	struct ptn_sasl_case c = case_of(l, offered);

	if (!ptn_signin_due(l->set))
		c.held |= PTN_SASL_PASSWORD;
	return ptn_sasl_choose(&c);
}

/* Not to be used (again) on this link. */
static int strike(struct ptn_link *l, const char *mechanism)
{
	struct ptn_buf *tried = &l->signin.tried;
	size_t n = ptn_buf_len(tried);

	ptn_buf_cut(tried, n ? n - 1 : 0);
	if (!ptn_buf_puts(tried, mechanism) && !ptn_buf_add(tried, " ", 2))
		return 0;
	ptn_buf_clear(tried);
	return POSTERN_E_NOMEM;
}

/* Whether there would be another one if this one were refused. */
static int has_another(struct ptn_link *l, struct ptn_sasl_case c, const char *mechanism)
{
	size_t n = ptn_buf_len(&l->signin.tried);
	const char *other;

	if (strike(l, mechanism))
		return 0;
	c.tried = ptn_buf_data(&l->signin.tried);
	c.least = ptn_sasl_strength(mechanism);
	other = ptn_sasl_choose(&c);
	ptn_buf_cut(&l->signin.tried, n ? n - 1 : 0);
	if (n && ptn_buf_add(&l->signin.tried, "", 1))
		return 0;
	return other != NULL;
}

/* ---- The end of it. ---- */

static void tell(struct ptn_link *l, const char *text, size_t n)
{
	ptn_buf_clear(&l->detail);
	if (ptn_text_escape(&l->detail, text, n, REFUSAL) ||
	    (ptn_buf_len(&l->detail) && ptn_buf_add(&l->detail, "", 1)))
		ptn_buf_clear(&l->detail);
}

static void tell_offered(struct ptn_link *l, const char *offered)
{
	ptn_buf_clear(&l->detail);
	if (ptn_buf_puts(&l->detail, "offered are ") ||
	    ptn_text_escape(&l->detail, offered, strlen(offered), 200) ||
	    ptn_buf_add(&l->detail, "", 1))
		ptn_buf_clear(&l->detail);
}

static void drop_token(struct ptn_link *l)
{
	l->policy.secret = l->set->password;
	ptn_buf_free(&l->signin.token);
}

void ptn_signin_free(struct ptn_signin *s)
{
	ptn_sasl_free(s->sasl);
	s->sasl = NULL;
	ptn_buf_free(&s->tried);
	ptn_buf_free(&s->token);
	ptn_learned_free(&s->own);
}

/* The exchange's own words, else those of the reply: never the token itself. */
static void note_refusal(struct ptn_link *l)
{
	const char *token = ptn_buf_data(&l->signin.token), *said;
	struct ptn_buf shown = {0};

	said = ptn_sasl_refusal(l->signin.sasl);
	if (!*said && !ptn_reply_show(ptn_smtp_reply(l->smtp), &shown) &&
	    !ptn_buf_add(&shown, "", 1))
		said = ptn_buf_data(&shown);
	if (strstr(said, token))
		said = "";
	ptn_learned_refuse(learned(l), token, said);
	ptn_buf_free(&shown);
	said = ptn_sasl_refusal(l->signin.sasl);
	if (!strstr(said, token)) /* the reply itself is told of anyway */
		tell(l, said, strlen(said));
}

/* It is decided: nothing secret is needed any more. */
static void finish(struct ptn_link *l)
{
	if (ptn_smtp_fault(l->smtp) == PTN_FAULT_NONE)
		learned(l)->again = 0;
	if (l->signin.sasl && ptn_smtp_fault(l->smtp) == PTN_FAULT_AUTH_TOKEN_REFUSED)
		note_refusal(l);
	ptn_sasl_free(l->signin.sasl);
	l->signin.sasl = NULL;
	drop_token(l);
}

static void give_up(struct ptn_link *l, int fault, const char *detail)
{
	ptn_smtp_auth_fail(l->smtp, fault, detail);
	finish(l);
}

int ptn_signin_again(struct ptn_link *l)
{
	struct ptn_learned *k = learned(l);

	if (l->signin.tokens < TOKENS || ptn_smtp_fault(l->smtp) != PTN_FAULT_AUTH_CLOSED ||
	    k->again)
		return 0;
	k->again = 1;
	return 1;
}

/* ---- The token. ---- */

/* The caller's, asked for now that it will be used; with what was said of the last one, if that was
 * refused.  0 or a fault. */
static int take_token(struct ptn_link *l)
{
	struct ptn_learned *k = learned(l);
	struct ptn_buf *token = &l->signin.token;
	char *room = ptn_buf_room(token, TOKEN_MOST + 1);
	ptrdiff_t n;

	if (!room)
		return PTN_FAULT_NO_MEMORY;
	l->signin.tokens++;
	n = l->set->get_token(l->set->token_arg, k->untold ? ptn_buf_data(&k->refusal) : NULL, room,
			      TOKEN_MOST);
	ptn_buf_filled(token, TOKEN_MOST + 1);
	if (n > 0 && n <= TOKEN_MOST && !memchr(room, '\0', (size_t)n))
		ptn_buf_cut(token, (size_t)n + 1);
	else
		ptn_buf_clear(token);
	if (!ptn_buf_len(token))
		return PTN_FAULT_AUTH_NO_TOKEN;
	room[n] = '\0';
	l->policy.secret = room;
	if (ptn_learned_is_refused(k, room)) {
		tell(l, ptn_buf_data(&k->refusal), strlen(ptn_buf_data(&k->refusal)));
		return PTN_FAULT_AUTH_TOKEN_REFUSED;
	}
	k->untold = 0;
	return PTN_FAULT_NONE;
}

/* ---- One exchange. ---- */

/* A server that offered more before is not believed (or somebody took it out of its words); the
 * offer counts only under TLS.  0 or a fault. */
static int check_offer(struct ptn_link *l, const char *offered)
{
	const struct ptn_settings *set = l->set;
	struct ptn_learned *k = learned(l);
	const char *host = ptn_link_host(l);
	unsigned all = PTN_SASL_OFFER_SCRAM | PTN_SASL_OFFER_PLUS;
	unsigned mine = set->mechanisms ? ptn_sasl_offer(set->mechanisms, NULL) : all;
	unsigned now = ptn_sasl_offer(offered, NULL), before;

	if (!ptn_smtp_secured(l->smtp))
		return 0;
	before = ptn_learned_offer(k, host, l->port);
	if (set->weaker_allowed)
		before = 0;
	/* Without what is weaker than its strongest, an offer is not a weaker one. */
	else if (set->password && (before & mine) > (now & mine) &&
		 !(now & mine & PTN_SASL_OFFER_PLUS))
		return PTN_FAULT_AUTH_DOWNGRADE;
	return ptn_learned_set_offer(k, host, l->port, before | now) ? PTN_FAULT_NO_MEMORY : 0;
}

/* What was learned of the last AUTH, if this is not the first. */
static int look_back(struct ptn_link *l)
{
	int code = ptn_smtp_reply(l->smtp)->code;

	if (!l->signin.sasl)
		return 0;
	if (code == 535) {
		note_refusal(l);
		drop_token(l);
	} else {
		l->signin.least = ptn_sasl_strength(l->mechanism);
		if (strike(l, l->mechanism))
			return PTN_FAULT_NO_MEMORY;
	}
	ptn_sasl_free(l->signin.sasl);
	l->signin.sasl = NULL;
	return 0;
}

static int over_of(int state)
{
	return state == PTN_SASL_DONE   ? PTN_AUTH_OVER
	       : state == PTN_SASL_OPEN ? PTN_AUTH_OPEN
					: PTN_AUTH_MORE;
}

/* The best mechanism that can be used with these credentials, begun: one may not be able to carry
 * them, as SCRAM cannot carry characters newer than Unicode 3.2 (RFC 4013).  That is found out
 * before an octet is sent, so no server can bring it about.  0 or a fault. */
static int choose(struct ptn_link *l, const char *offered, struct ptn_sasl_case *c)
{
	struct ptn_sasl_login login = {
		.user = l->set->user,
		.password = l->set->password,
		/* Mechanisms put it into names (RFC 2831 2.1.2): a path is none. */
		.host = l->set->socket_path ? "localhost" : ptn_link_host(l),
		.port = l->port,
		.binding = l->signin.binding,
		.cache = &learned(l)->cache};
	int err = POSTERN_E_MECHANISM, fault = 0;

	login.binding_type = binding(l, &login.binding_len);
	login.binding_missed = login.binding_type &&
			       !(ptn_sasl_offer(offered, NULL) & PTN_SASL_OFFER_PLUS) &&
			       (!l->set->mechanisms ||
				ptn_sasl_offer(l->set->mechanisms, NULL) & PTN_SASL_OFFER_PLUS);
	while (!fault && err == POSTERN_E_MECHANISM) {
		*c = case_of(l, offered);
		l->mechanism = ptn_sasl_choose(c);
		if (!l->mechanism)
			return l->signin.least ? PTN_FAULT_AUTH_TOO_WEAK : ptn_sasl_why_none(c);
		if (ptn_sasl_needs(l->mechanism) & PTN_SASL_TOKEN && !ptn_buf_len(&l->signin.token))
			fault = take_token(l);
		if (fault)
			return fault;
		login.token = ptn_buf_data(&l->signin.token);
		err = ptn_sasl_new(&l->signin.sasl, l->mechanism, &login);
		if (err == POSTERN_E_MECHANISM && strike(l, l->mechanism))
			err = POSTERN_E_NOMEM;
	}
	return err ? PTN_FAULT_NO_MEMORY : fault;
}

static void send_auth(struct ptn_link *l, const struct ptn_sasl_case *c)
{
	unsigned next = has_another(l, *c, l->mechanism) ? PTN_AUTH_ANOTHER : 0;
	const char *out = NULL;
	size_t n = 0;
	int state = PTN_SASL_MORE;

	if (ptn_sasl_needs(l->mechanism) & PTN_SASL_TOKEN)
		next |= PTN_AUTH_TOKEN | (l->signin.tokens < TOKENS ? PTN_AUTH_FRESH : 0u);
	if (ptn_sasl_client_first(l->mechanism))
		state = ptn_sasl_step(l->signin.sasl, NULL, 0, &out, &n);
	if (state == PTN_SASL_FAIL) {
		give_up(l, ptn_sasl_fault(l->signin.sasl), ptn_sasl_detail(l->signin.sasl));
		return;
	}
	if (!ptn_smtp_auth_begin(l->smtp, l->mechanism, out, n, over_of(state)))
		ptn_smtp_auth_next(l->smtp, next);
}

static void begin(struct ptn_link *l)
{
	const char *offered = ptn_buf_data(&ptn_smtp_capability(l->smtp)->auth);
	struct ptn_sasl_case c;
	int fault = l->signin.begun ? look_back(l) : check_offer(l, offered);

	l->signin.begun = 1;
	fault = fault ? fault : choose(l, offered, &c);
	if (!fault) {
		send_auth(l, &c);
		return;
	}
	if (fault == PTN_FAULT_AUTH_NO_MECHANISM || fault == PTN_FAULT_AUTH_NO_BINDING ||
	    fault == PTN_FAULT_AUTH_DOWNGRADE)
		tell_offered(l, offered);
	give_up(l, fault, NULL);
}

static void go_on(struct ptn_link *l, const char *challenge, size_t n)
{
	const char *out;
	size_t len;
	int state = ptn_sasl_step(l->signin.sasl, challenge, n, &out, &len);

	if (state == PTN_SASL_FAIL)
		give_up(l, ptn_sasl_fault(l->signin.sasl), ptn_sasl_detail(l->signin.sasl));
	else
		ptn_smtp_auth_respond(l->smtp, out, len, over_of(state));
}

int ptn_signin_step(struct ptn_link *l)
{
	const char *challenge;
	size_t n;

	if (l->signin.sasl && !ptn_smtp_auth_open(l->smtp))
		finish(l);
	if (!ptn_smtp_wants(l->smtp, PTN_WANT_SASL) || !l->go)
		return 0;
	challenge = ptn_smtp_challenge(l->smtp, &n);
	if (challenge)
		go_on(l, challenge, n);
	else
		begin(l);
	return 1;
}
