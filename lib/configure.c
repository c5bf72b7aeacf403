/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The setters of a service: check, copy, keep.
 */
#include <string.h>

#include "argument.h"
#include "base/mem.h"
#include "base/text.h"
#include "handle.h"
#include "net/proxy.h"
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

int ptn_handle_refuse(postern *p, int which, int code, const char *why)
{
	return ptn_sticky_set(&p->sticky, which, code,
			      code == POSTERN_E_NOMEM ? postern_strerror(code) : why);
}

int ptn_handle_good(postern *p, int which)
{
	return ptn_sticky_set(&p->sticky, which, 0, NULL);
}

/* The setting takes a new value; the old one is wiped.  value NULL: none. */
static int replace(postern *p, int which, char **setting, const char *value)
{
	char *copy = ptn_mem_string(value);

	if (value && !copy)
		return ptn_handle_refuse(p, which, POSTERN_E_NOMEM, NULL);
	ptn_mem_release_string(*setting);
	*setting = copy;
	return ptn_handle_good(p, which);
}

/* ---- The server. ---- */

/* Take over what the URL said; its strings become ours. */
static void take_url(postern *p, struct ptn_url *u)
{
	p->set.host = u->host;
	p->set.user = u->user;
	p->set.password = u->password;
	u->host = u->user = u->password = NULL;
	if (u->is_socket)
		p->set.socket_path = p->set.host;
	if (u->ports) {
		memcpy(p->set.ports, u->port, sizeof(u->port));
		p->set.n_ports = u->ports;
	}
	ptn_url_apply(p, u);
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
	p->set.learned = &p->learned;
	ptn_flow_default(&p->set.flow);
	memcpy(p->set.limits, default_limits, sizeof(default_limits));
	ptn_url_ports(p->set.ports, &p->set.n_ports, default_ports, why, sizeof(why));
	p->set.sessions = ptn_store_new();
	p->set.trust = ptn_trust_system();
	if (!p->set.trust || !p->set.sessions) {
		ptn_trust_release(p->set.trust);
		ptn_store_free(p->set.sessions);
		ptn_mem_release(p, sizeof(*p));
		return NULL;
	}
	ptn_drive_init(&p->drive, &p->set, &ptn_net_system, NULL);
	p->drive.handle = p;
	err = server ? ptn_url_parse(&u, server, why, sizeof(why)) : POSTERN_E_ARG;
	if (!server)
		ptn_handle_refuse(p, PTN_SET_SERVER, err, "server: none was given");
	else if (err)
		ptn_handle_refuse(p, PTN_SET_SERVER, err, why);
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
	ptn_proxy_settings_free(p->set.proxy);
	ptn_mem_release_string(p->set.name);
	ptn_mem_release_string(p->set.mechanisms);
	ptn_learned_free(&p->learned);
	ptn_trust_release(p->set.trust);
	ptn_own_release(p->set.tls.own);
	ptn_mem_free(p->set.tls.priority);
	ptn_store_free(p->set.sessions);
	ptn_buf_free(&p->sessions);
	ptn_sticky_free(&p->sticky);
	ptn_buf_free(&p->error);
	ptn_buf_free(&p->route);
	ptn_mem_release(p, sizeof(*p));
}

/* ---- The rest. ---- */

int postern_set_ports(postern *p, const char *ports)
{
	struct ptn_candidate list[PTN_ROUTE_MOST];
	char why[WHY];
	size_t n = 0;
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (p->set.socket_path)
		return ports ? ptn_handle_refuse(p, PTN_SET_PORTS, POSTERN_E_ARG,
						 "ports: a Unix socket has none")
			     : ptn_handle_good(p, PTN_SET_PORTS);
	if (ptn_url_ports(list, &n, ports ? ports : default_ports, why, sizeof(why)))
		return ptn_handle_refuse(p, PTN_SET_PORTS, POSTERN_E_ARG, why);
	memcpy(p->set.ports, list, sizeof(list));
	p->set.n_ports = n;
	return ptn_handle_good(p, PTN_SET_PORTS);
}

int postern_set_name(postern *p, const char *name)
{
	char why[WHY];
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (name && ptn_check_ehlo_name(name, why, sizeof(why)))
		return ptn_handle_refuse(p, PTN_SET_NAME, POSTERN_E_ARG, why);
	return replace(p, PTN_SET_NAME, &p->set.name, name);
}

int postern_set_limit(postern *p, int limit, int milliseconds)
{
	if (!p)
		return POSTERN_E_NOMEM;
	if (limit < 0 || limit >= PTN_LIMITS)
		return ptn_handle_refuse(p, PTN_SET_LIMIT, POSTERN_E_ARG,
					 "limit: there is no such limit");
	if (limit == POSTERN_LIMIT_ATTEMPT && milliseconds >= 0 &&
	    (milliseconds < 10 || milliseconds > 2000))
		return ptn_handle_refuse(p, PTN_SET_LIMIT, POSTERN_E_ARG,
					 "limit: the attempt delay is 10 ms to 2 s");
	p->set.limits[limit] = milliseconds < 0 ? default_limits[limit] : milliseconds;
	return ptn_handle_good(p, PTN_SET_LIMIT);
}

int postern_set_trace(postern *p, void (*fn)(void *arg, int dir, const char *line, size_t len),
		      void *arg)
{
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	p->set.trace = fn;
	p->set.trace_arg = arg;
	return 0;
}
