/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The setters of how mails share connections.
 */
#include <string.h>

#include "base/text.h"
#include "handle.h"
#include "smtp/capability.h"

enum { CONNECTIONS_MOST = 64, DEFAULT_MAILS = 8, DEFAULT_OCTETS = 262144 };

void ptn_flow_default(struct ptn_flow *f)
{
	*f = (struct ptn_flow){
		.connections = 1, .window_mails = DEFAULT_MAILS, .window_octets = DEFAULT_OCTETS};
}

int postern_set_connections(postern *p, int n)
{
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (n < 1 || n > CONNECTIONS_MOST)
		return ptn_handle_refuse(p, PTN_SET_CONNECTIONS, POSTERN_E_ARG,
					 "connections: there are 1 to 64");
	p->set.flow.connections = (size_t)n;
	return ptn_handle_good(p, PTN_SET_CONNECTIONS);
}

int postern_set_window(postern *p, int mails, size_t octets)
{
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (mails < 0 || mails > PTN_WINDOW_MOST)
		return ptn_handle_refuse(p, PTN_SET_WINDOW, POSTERN_E_ARG,
					 "window: it has 1 to 64 mails");
	p->set.flow.window_mails = mails ? (unsigned)mails : DEFAULT_MAILS;
	p->set.flow.window_octets = octets ? octets : DEFAULT_OCTETS;
	return ptn_handle_good(p, PTN_SET_WINDOW);
}

int postern_set_window_behind_data(postern *p, int on)
{
	int err = ptn_handle_may_change(p);

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
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	for (size_t i = 0; keyword && i < sizeof(keywords) / sizeof(*keywords); i++) {
		unsigned bit = 1u << i;

		if (!ptn_text_equal(keyword, keywords[i]))
			continue;
		if (bit & (PTN_CAP_STARTTLS | PTN_CAP_AUTH))
			return ptn_handle_refuse(
				p, PTN_SET_CAPABILITY, POSTERN_E_ARG,
				"capability: STARTTLS and AUTH follow from the ports and the "
				"login");
		p->set.flow.without = on ? p->set.flow.without & ~bit : p->set.flow.without | bit;
		return ptn_handle_good(p, PTN_SET_CAPABILITY);
	}
	return ptn_handle_refuse(p, PTN_SET_CAPABILITY, POSTERN_E_ARG,
				 "capability: the library knows no such keyword");
}

int postern_set_mails_per_connection(postern *p, int n)
{
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (n < 0)
		return ptn_handle_refuse(p, PTN_SET_EACH, POSTERN_E_ARG,
					 "mails per connection: the number is negative");
	p->set.flow.mails_each = (unsigned)n;
	return ptn_handle_good(p, PTN_SET_EACH);
}

int postern_set_rate(postern *p, int mails, int milliseconds)
{
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (mails < 0 || milliseconds < 0 || !mails != !milliseconds)
		return ptn_handle_refuse(p, PTN_SET_RATE, POSTERN_E_ARG,
					 "rate: mails and milliseconds are both given, or both 0");
	p->set.flow.rate_mails = (unsigned)mails;
	p->set.flow.rate_ms = milliseconds;
	return ptn_handle_good(p, PTN_SET_RATE);
}
