/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The setters of how mails share connections.
 */
#include <string.h>

#include "base/text.h"
#include "handle.h"
#include "smtp/capability.h"

enum { CONNECTIONS_MOST = 64, DEFAULT_MAILS = 8, DEFAULT_OCTETS = 262144 };

static int refuse(postern *p, int which, const char *why)
{
	return ptn_sticky_set(&p->sticky, which, POSTERN_E_ARG, why);
}

static int good(postern *p, int which)
{
	return ptn_sticky_set(&p->sticky, which, 0, NULL);
}

void ptn_flow_default(struct ptn_flow *f)
{
	*f = (struct ptn_flow){
		.connections = 1, .window_mails = DEFAULT_MAILS, .window_octets = DEFAULT_OCTETS};
}

int postern_set_connections(postern *p, int n)
{
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	if (n < 1 || n > CONNECTIONS_MOST)
		return refuse(p, PTN_SET_CONNECTIONS, "connections: there are 1 to 64");
	p->set.flow.connections = (size_t)n;
	return good(p, PTN_SET_CONNECTIONS);
}

int postern_set_window(postern *p, int mails, size_t octets)
{
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	if (mails < 0 || mails > PTN_WINDOW_MOST)
		return refuse(p, PTN_SET_WINDOW, "window: it has 1 to 64 mails");
	p->set.flow.window_mails = mails ? (unsigned)mails : DEFAULT_MAILS;
	p->set.flow.window_octets = octets ? octets : DEFAULT_OCTETS;
	return good(p, PTN_SET_WINDOW);
}

int postern_set_window_behind_data(postern *p, int on)
{
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (!err)
		p->set.flow.window_data = on != 0;
	return err;
}

int postern_set_capability(postern *p, const char *keyword, int on)
{
	static const char *const keywords[] = {
#define X(name, keyword) keyword,
		PTN_CAPABILITIES(X)
#undef X
	};
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	for (size_t i = 0; keyword && i < sizeof(keywords) / sizeof(*keywords); i++) {
		unsigned bit = 1u << i;

		if (!ptn_text_equal(keyword, keywords[i]))
			continue;
		if (bit & (PTN_CAP_STARTTLS | PTN_CAP_AUTH))
			return refuse(p, PTN_SET_CAPABILITY,
				      "capability: STARTTLS and AUTH follow from the ports and the "
				      "login");
		p->set.flow.without = on ? p->set.flow.without & ~bit : p->set.flow.without | bit;
		return good(p, PTN_SET_CAPABILITY);
	}
	return refuse(p, PTN_SET_CAPABILITY, "capability: the library knows no such keyword");
}

int postern_set_mails_per_connection(postern *p, int n)
{
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	if (n < 0)
		return refuse(p, PTN_SET_EACH, "mails per connection: the number is negative");
	p->set.flow.mails_each = (unsigned)n;
	return good(p, PTN_SET_EACH);
}

int postern_set_rate(postern *p, int mails, int milliseconds)
{
	int err = p ? ptn_handle_may_change(p) : POSTERN_E_NOMEM;

	if (err)
		return err;
	if (mails < 0 || milliseconds < 0 || !mails != !milliseconds)
		return refuse(p, PTN_SET_RATE,
			      "rate: mails and milliseconds are both given, or both 0");
	p->set.flow.rate_mails = (unsigned)mails;
	p->set.flow.rate_ms = milliseconds;
	return good(p, PTN_SET_RATE);
}
