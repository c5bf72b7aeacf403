/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * This host: its name and its process.
 */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "net/host.h"
#include "net/net.h"

long ptn_net_process(void)
{
	return (long)getpid();
}

/* A label of a host name (RFC 1123 2.1). */
static int is_label(const char *s, size_t n)
{
	if (!n || n > 63 || s[0] == '-' || s[n - 1] == '-')
		return 0;
	for (size_t i = 0; i < n; i++)
		if (!ptn_text_is_alpha((unsigned char)s[i]) &&
		    !ptn_text_is_digit((unsigned char)s[i]) && s[i] != '-')
			return 0;
	return 1;
}

int ptn_net_is_fully_qualified(const char *name)
{
	static const char local[] = "localhost";
	size_t len = strlen(name), labels = 0, n = 0;
	const char *at = name;

	if (len > 253 || (len >= sizeof local - 1 &&
			  ptn_text_same(name, sizeof local - 1, local, sizeof local - 1)))
		return 0;
	for (;; at += n + 1, labels++) {
		n = strcspn(at, ".");
		if (!is_label(at, n))
			return 0;
		if (!at[n])
			break;
	}
	/* A last label that begins with a digit would look like an address. */
	return labels > 0 && !ptn_text_is_digit((unsigned char)*at) &&
	       !ptn_text_same(at, n, local, sizeof local - 1);
}

/* What the kernel says, and no look-up: that could block. */
int ptn_net_host_name(char *buf, size_t cap)
{
	char name[256] = "";
	size_t n;

	if (gethostname(name, sizeof name - 1) || !ptn_net_is_fully_qualified(name))
		return -ENOENT;
	n = strlen(name);
	if (n >= cap)
		return -ENOENT;
	memcpy(buf, name, n + 1);
	return 0;
}
