/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The setters that say which way a service is reached.
 */
#include <string.h>

#include "argument.h"
#include "base/mem.h"
#include "base/text.h"
#include "handle.h"
#include "net/proxy.h"
#include "url.h"

enum { WHY = 512 };

/* ---- Discovery. ---- */

/* Names are compared without the dot that may end them. */
static void drop_dot(char *name)
{
	size_t n = name ? strlen(name) : 0;

	if (n && name[n - 1] == '.')
		name[n - 1] = '\0';
}

int postern_set_discovery(postern *p, const char *domain, const char *confirmed)
{
	char why[WHY], *from, *to;
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (!domain && confirmed)
		return ptn_handle_refuse(
			p, PTN_SET_DISCOVERY, POSTERN_E_ARG,
			"discovery: there is no domain to go with what is confirmed");
	if (domain && p->set.socket_path)
		return ptn_handle_refuse(p, PTN_SET_DISCOVERY, POSTERN_E_ARG,
					 "discovery: a Unix socket is the server already");
	if ((domain && ptn_check_domain("discovery", domain, why, sizeof(why))) ||
	    (confirmed && ptn_check_domain("discovery", confirmed, why, sizeof(why))))
		return ptn_handle_refuse(p, PTN_SET_DISCOVERY, POSTERN_E_ARG, why);
	from = ptn_mem_string(domain);
	to = ptn_mem_string(confirmed);
	if ((domain && !from) || (confirmed && !to)) {
		ptn_mem_free(from);
		ptn_mem_free(to);
		return ptn_handle_refuse(p, PTN_SET_DISCOVERY, POSTERN_E_NOMEM, NULL);
	}
	drop_dot(from);
	drop_dot(to);
	ptn_mem_free(p->set.domain);
	ptn_mem_free(p->set.confirmed);
	p->set.domain = from;
	p->set.confirmed = to;
	return ptn_handle_good(p, PTN_SET_DISCOVERY);
}

int postern_set_dane(postern *p, int on)
{
	int err = ptn_handle_may_change(p);

	if (!err)
		p->set.dane = on != 0;
	return err;
}

/* ---- The way out. ---- */

int postern_set_proxy(postern *p, const char *url)
{
	struct ptn_proxy_settings *proxy = NULL;
	char why[WHY];
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (url && p->set.socket_path)
		return ptn_handle_refuse(p, PTN_SET_PROXY, POSTERN_E_ARG,
					 "proxy: a Unix socket is on this machine, and needs none");
	err = url ? ptn_url_proxy(&proxy, url, why, sizeof(why)) : 0;
	if (err)
		return ptn_handle_refuse(p, PTN_SET_PROXY, err, why);
	ptn_proxy_settings_free(p->set.proxy);
	p->set.proxy = proxy;
	return ptn_handle_good(p, PTN_SET_PROXY);
}

static int refuse_source(const char *word, size_t n, const char *rule, char *why)
{
	ptn_check_refuse(why, WHY, "source: \"%s\" %s", ptn_check_shown(word, n).text, rule);
	return POSTERN_E_ARG;
}

/* At most one address of each family: IPv4's in the first place, IPv6's in the second. */
static int parse_sources(struct ptn_address out[2], const char *text, char *why)
{
	const char *word;
	size_t n;

	while ((word = ptn_text_word(&text, &n))) {
		struct ptn_address a;

		if (ptn_net_parse(&a, word, n))
			return refuse_source(word, n,
					     "is not an address, as 192.0.2.9 or 2001:db8::9", why);
		if (out[a.family == 6].family)
			return refuse_source(word, n, "is the second address of its family", why);
		out[a.family == 6] = a;
	}
	if (out[0].family || out[1].family)
		return 0;
	ptn_check_refuse(why, WHY, "source: no address is named");
	return POSTERN_E_ARG;
}

int postern_set_source(postern *p, const char *address)
{
	struct ptn_address source[2] = {{0}};
	char why[WHY];
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (address && p->set.socket_path)
		return ptn_handle_refuse(p, PTN_SET_SOURCE, POSTERN_E_ARG,
					 "source: a connection to a Unix socket has no address");
	if (address && parse_sources(source, address, why))
		return ptn_handle_refuse(p, PTN_SET_SOURCE, POSTERN_E_ARG, why);
	memcpy(p->set.source, source, sizeof(source));
	return ptn_handle_good(p, PTN_SET_SOURCE);
}
