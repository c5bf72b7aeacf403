/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The setters of a service: check, copy, keep.
 */
#include <string.h>

#include "argument.h"
#include "base/mem.h"
#include "base/text.h"
#include "handle.h"
#include "sasl/choose.h"
#include "tls/tls.h"
#include "url.h"

enum { WHY = 512 };

static const int default_limits[PTN_LIMITS] = {
	[POSTERN_LIMIT_OVERALL] = 0,     [POSTERN_LIMIT_RESOLVE] = 20000,
	[POSTERN_LIMIT_CONNECT] = 30000, [POSTERN_LIMIT_GREETING] = 300000,
	[POSTERN_LIMIT_TLS] = 60000,     [POSTERN_LIMIT_COMMAND] = 300000,
	[POSTERN_LIMIT_AUTH] = 120000,   [POSTERN_LIMIT_MAIL] = 300000,
	[POSTERN_LIMIT_RCPT] = 300000,   [POSTERN_LIMIT_DATA] = 120000,
	[POSTERN_LIMIT_BLOCK] = 180000,  [POSTERN_LIMIT_FINAL] = 600000,
	[POSTERN_LIMIT_QUIT] = 5000,     [POSTERN_LIMIT_ATTEMPT] = 250,
	[POSTERN_LIMIT_ROUTE] = 600000,  [POSTERN_LIMIT_IDLE] = 60000,
};

static const char default_ports[] = "587 465 2525";

static int fail(postern *p, int which, int code, const char *why)
{
	return ptn_sticky_set(&p->sticky, which, code, why);
}

static int good(postern *p, int which)
{
	return ptn_sticky_set(&p->sticky, which, 0, NULL);
}

/* The setting takes a new value; the old one is wiped.  value NULL: none. */
static int replace(postern *p, int which, char **setting, const char *value)
{
	char *copy = ptn_mem_string(value);

	if (value && !copy)
		return fail(p, which, POSTERN_E_NOMEM, postern_strerror(POSTERN_E_NOMEM));
	ptn_mem_release_string(*setting);
	*setting = copy;
	return good(p, which);
}

static int read_trust(postern *p, int which, const char *pem_file)
{
	struct ptn_trust *trust = NULL;
	const char *why = "";
	char sentence[WHY];
	int err = ptn_trust_file(&trust, pem_file, &why);

	if (!err) {
		ptn_trust_release(p->set.trust);
		p->set.trust = trust;
		return good(p, which);
	}
	if (err == POSTERN_E_NOMEM)
		return fail(p, which, err, postern_strerror(err));
	ptn_check_refuse(sentence, sizeof(sentence), "cafile: %s", why);
	return fail(p, which, err, sentence);
}

/* ---- The server. ---- */

static int copy_mechanisms(postern *p, int which, const char *list)
{
	struct ptn_buf known = {0};
	const char *word;
	size_t n;
	int err = 0;

	while (!err && (word = ptn_text_word(&list, &n))) {
		const char *name = ptn_sasl_known(word, n);

		if (!name) {
			struct ptn_buf why = {0};

			err = ptn_buf_puts(&why, "mechanisms: this build does not know \"") ||
					      ptn_text_escape(&why, word, n, 64) ||
					      ptn_buf_add(&why, "\"", 2)
				      ? POSTERN_E_NOMEM
				      : POSTERN_E_ARG;
			fail(p, which, err,
			     err == POSTERN_E_ARG ? ptn_buf_data(&why) : postern_strerror(err));
			ptn_buf_free(&why);
			break;
		}
		err = ptn_buf_puts(&known, name);
		err = err ? err : ptn_buf_puts(&known, " ");
	}
	if (!err && !ptn_buf_len(&known))
		err = fail(p, which, POSTERN_E_ARG, "mechanisms: the list is empty");
	if (!err)
		err = ptn_buf_add(&known, "", 1);
	if (!err)
		err = replace(p, which, &p->set.mechanisms, ptn_buf_data(&known));
	if (err == POSTERN_E_NOMEM) /* else mechanisms that were not allowed would be */
		fail(p, which, err, postern_strerror(err));
	ptn_buf_free(&known);
	return err;
}

/* Names are compared without the dot that may end them. */
static void drop_dot(char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n && name[n - 1] == '.')
		name[n - 1] = '\0';
}

/* domain NULL: off. */
static int keep_discovery(postern *p, int which, const char *domain, const char *confirmed)
{
	char *from = ptn_mem_string(domain), *to = ptn_mem_string(confirmed);

	if ((domain && !from) || (confirmed && !to)) {
		ptn_mem_free(from);
		ptn_mem_free(to);
		return fail(p, which, POSTERN_E_NOMEM, postern_strerror(POSTERN_E_NOMEM));
	}
	drop_dot(from);
	drop_dot(to);
	ptn_mem_free(p->set.domain);
	ptn_mem_free(p->set.confirmed);
	p->set.domain = from;
	p->set.confirmed = to;
	return good(p, which);
}

/* Take over what the URL said; its strings become ours. */
static void take_url(postern *p, struct ptn_url *u)
{
	p->set.host = u->host;
	p->set.user = u->user;
	p->set.password = u->password;
	p->set.name = u->name;
	u->host = u->user = u->password = u->name = NULL;
	if (u->ports) {
		memcpy(p->set.ports, u->port, sizeof(u->port));
		p->set.n_ports = u->ports;
	}
	if (u->timeout >= 0)
		p->set.limits[POSTERN_LIMIT_OVERALL] = u->timeout;
	if (u->cafile)
		read_trust(p, PTN_SET_SERVER, u->cafile);
	if (u->discover && !p->sticky.at[PTN_SET_SERVER].code)
		keep_discovery(p, PTN_SET_SERVER, p->set.host,
			       strcmp(u->discover, "1") ? u->discover : NULL);
	if (u->auth && !p->sticky.at[PTN_SET_SERVER].code)
		copy_mechanisms(p, PTN_SET_SERVER, u->auth);
}

postern *postern_new(const char *server)
{
	postern *p = ptn_mem_alloc(sizeof(*p));
	struct ptn_url u;
	char why[WHY];
	int err;

	if (!p)
		return NULL;
	p->process = ptn_net_process();
	memcpy(p->set.limits, default_limits, sizeof(default_limits));
	ptn_url_ports(p->set.ports, &p->set.n_ports, default_ports, why, sizeof(why));
	p->set.trust = ptn_trust_system();
	if (!p->set.trust) {
		ptn_mem_release(p, sizeof(*p));
		return NULL;
	}
	ptn_drive_init(&p->drive, &p->set, &ptn_net_system, NULL);
	p->drive.handle = p;
	err = server ? ptn_url_parse(&u, server, why, sizeof(why)) : POSTERN_E_ARG;
	if (!server)
		fail(p, PTN_SET_SERVER, err, "server: none was given");
	else if (err)
		fail(p, PTN_SET_SERVER, err, err == POSTERN_E_ARG ? why : postern_strerror(err));
	else
		take_url(p, &u);
	if (server && !err)
		ptn_url_free(&u);
	return p;
}

void postern_free(postern *p)
{
	if (!p)
		return;
	ptn_handle_check_fork(p);
	ptn_drive_free(&p->drive);
	ptn_net_free(p->ctx);
	ptn_mem_release_string(p->set.host);
	ptn_mem_release_string(p->set.user);
	ptn_mem_release_string(p->set.password);
	ptn_mem_free(p->set.domain);
	ptn_mem_free(p->set.confirmed);
	ptn_mem_release_string(p->set.name);
	ptn_mem_release_string(p->set.mechanisms);
	ptn_trust_release(p->set.trust);
	ptn_sticky_free(&p->sticky);
	ptn_buf_free(&p->error);
	ptn_buf_free(&p->route);
	ptn_mem_release(p, sizeof(*p));
}

/* ---- The rest. ---- */

int postern_set_login(postern *p, const char *user, const char *password)
{
	char why[WHY], *copy, *secret;
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	if (!user && !password) {
		ptn_mem_release_string(p->set.user);
		ptn_mem_release_string(p->set.password);
		p->set.user = p->set.password = NULL;
		return good(p, PTN_SET_LOGIN);
	}
	if (!user || !password)
		return fail(p, PTN_SET_LOGIN, POSTERN_E_ARG,
			    "login: user and password go together");
	if (!*user)
		return fail(p, PTN_SET_LOGIN, POSTERN_E_ARG, "user: it is empty");
	if (ptn_check_credential("user", user, why, sizeof(why)) ||
	    ptn_check_credential("password", password, why, sizeof(why)))
		return fail(p, PTN_SET_LOGIN, POSTERN_E_ARG, why);
	copy = ptn_mem_string(user);
	secret = ptn_mem_string(password);
	if (!copy || !secret) {
		ptn_mem_release_string(copy);
		ptn_mem_release_string(secret);
		return fail(p, PTN_SET_LOGIN, POSTERN_E_NOMEM, postern_strerror(POSTERN_E_NOMEM));
	}
	ptn_mem_release_string(p->set.user);
	ptn_mem_release_string(p->set.password);
	p->set.user = copy;
	p->set.password = secret;
	return good(p, PTN_SET_LOGIN);
}

int postern_set_ports(postern *p, const char *ports)
{
	struct ptn_candidate list[PTN_ROUTE_MOST];
	char why[WHY];
	size_t n = 0;
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	if (ptn_url_ports(list, &n, ports ? ports : default_ports, why, sizeof(why)))
		return fail(p, PTN_SET_PORTS, POSTERN_E_ARG, why);
	memcpy(p->set.ports, list, sizeof(list));
	p->set.n_ports = n;
	return good(p, PTN_SET_PORTS);
}

int postern_set_discovery(postern *p, const char *domain, const char *confirmed)
{
	char why[WHY];
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	if (!domain && confirmed)
		return fail(p, PTN_SET_DISCOVERY, POSTERN_E_ARG,
			    "discovery: there is no domain to go with what is confirmed");
	if ((domain && ptn_check_domain("discovery", domain, why, sizeof(why))) ||
	    (confirmed && ptn_check_domain("discovery", confirmed, why, sizeof(why))))
		return fail(p, PTN_SET_DISCOVERY, POSTERN_E_ARG, why);
	return keep_discovery(p, PTN_SET_DISCOVERY, domain, confirmed);
}

int postern_set_trust(postern *p, const char *pem_file)
{
	struct ptn_trust *system;
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err || pem_file)
		return err ? err : read_trust(p, PTN_SET_TRUST, pem_file);
	system = ptn_trust_system();
	if (!system)
		return fail(p, PTN_SET_TRUST, POSTERN_E_NOMEM, postern_strerror(POSTERN_E_NOMEM));
	ptn_trust_release(p->set.trust);
	p->set.trust = system;
	return good(p, PTN_SET_TRUST);
}

int postern_set_name(postern *p, const char *name)
{
	char why[WHY];
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	if (name && ptn_check_ehlo_name(name, why, sizeof(why)))
		return fail(p, PTN_SET_NAME, POSTERN_E_ARG, why);
	return replace(p, PTN_SET_NAME, &p->set.name, name);
}

int postern_set_mechanisms(postern *p, const char *list)
{
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	if (list)
		return copy_mechanisms(p, PTN_SET_MECHANISMS, list);
	return replace(p, PTN_SET_MECHANISMS, &p->set.mechanisms, NULL);
}

int postern_set_limit(postern *p, int limit, int milliseconds)
{
	if (!p)
		return POSTERN_E_NOMEM;
	if (limit < 0 || limit >= PTN_LIMITS)
		return fail(p, PTN_SET_LIMIT, POSTERN_E_ARG, "limit: there is no such limit");
	if (limit == POSTERN_LIMIT_ATTEMPT && milliseconds >= 0 &&
	    (milliseconds < 10 || milliseconds > 2000))
		return fail(p, PTN_SET_LIMIT, POSTERN_E_ARG,
			    "limit: the attempt delay is 10 ms to 2 s");
	p->set.limits[limit] = milliseconds < 0 ? default_limits[limit] : milliseconds;
	return good(p, PTN_SET_LIMIT);
}

int postern_set_trace(postern *p, void (*fn)(void *arg, int dir, const char *line, size_t len),
		      void *arg)
{
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	p->set.trace = fn;
	p->set.trace_arg = arg;
	return 0;
}
