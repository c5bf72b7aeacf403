/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * IP addresses as text (RFC 4291 2.2, zones as in RFC 4007 11).
 */
#define _DEFAULT_SOURCE
#include <arpa/inet.h>
#include <net/if.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/ip.h"
#include "base/text.h"
#include "net/net.h"

static int is_link_local(const struct ptn_address *a)
{
	return a->family == 6 && a->octets[0] == 0xFE && (a->octets[1] & 0xC0) == 0x80;
}

/* "eth0" or "2"; 0 if there is no such zone. */
static unsigned zone(const char *text, size_t n)
{
	char name[IF_NAMESIZE];
	unsigned long long number;

	if (!ptn_text_number(text, n, 0xFFFFFFFF, &number))
		return (unsigned)number;
	if (!n || n >= sizeof name)
		return 0;
	memcpy(name, text, n);
	name[n] = '\0';
	return if_nametoindex(name);
}

int ptn_net_parse(struct ptn_address *out, const char *text, size_t n)
{
	const char *percent = memchr(text, '%', n);
	size_t len = percent ? (size_t)(percent - text) : n;
	struct ptn_address a = {0};
	size_t octets = ptn_ip_parse(text, len, a.octets);

	if (!octets)
		return -1;
	a.family = octets == 16 ? 6 : 4;
	if (percent) {
		if (!is_link_local(&a))
			return -1;
		a.scope = zone(percent + 1, n - len - 1);
		if (!a.scope)
			return -1;
	}
	*out = a;
	return 0;
}

size_t ptn_net_print(const struct ptn_address *a, char *buf, size_t cap)
{
	char text[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE], name[IF_NAMESIZE];
	size_t n;

	if (cap)
		buf[0] = '\0';
	if (a->family == PTN_NET_UNIX) {
		n = strlen(a->path);
		if (n >= cap)
			return 0;
		memcpy(buf, a->path, n + 1);
		return n;
	}
	if (!inet_ntop(a->family == 6 ? AF_INET6 : AF_INET, a->octets, text, INET6_ADDRSTRLEN))
		return 0;
	n = strlen(text);
	if (a->scope && is_link_local(a) && if_indextoname(a->scope, name)) {
		text[n++] = '%';
		memcpy(text + n, name, strlen(name) + 1);
		n += strlen(name);
	}
	if (n >= cap)
		return 0;
	memcpy(buf, text, n + 1);
	return n;
}

int ptn_net_is_loopback(const struct ptn_address *a)
{
	static const unsigned char mapped[12] = {[10] = 0xFF, [11] = 0xFF};
	static const unsigned char one[16] = {[15] = 1};

	if (a->family == PTN_NET_UNIX)
		return 1;
	if (a->family == 4)
		return a->octets[0] == 127;
	if (a->family != 6)
		return 0;
	return !memcmp(a->octets, one, sizeof one) ||
	       (!memcmp(a->octets, mapped, sizeof mapped) && a->octets[12] == 127);
}

int ptn_net_is_socket_path(const char *path)
{
	size_t n = strlen(path);

	return n > 1 && path[0] == '/' && n < sizeof((struct sockaddr_un *)0)->sun_path &&
	       n < PTN_NET_TEXT;
}
