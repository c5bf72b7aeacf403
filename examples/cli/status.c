/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "status.h"

#include <string.h>

#include <postern.h>

#include "failure.h"

static int is_input(const char *id)
{
	return strcmp(id, "content-reader-failed") == 0 ||
	       strcmp(id, "content-file-unreadable") == 0 || strcmp(id, "content-changed") == 0;
}

static int permanent(int code, const char *id, int reply)
{
	switch (code) {
	case POSTERN_E_RESOLVE:
		return EXIT_HOST;
	case POSTERN_E_TLS:
	case POSTERN_E_CERTIFICATE:
	case POSTERN_E_INJECTED:
	case POSTERN_E_MECHANISM:
		return EXIT_CONFIGURATION;
	case POSTERN_E_AUTH:
		return EXIT_CREDENTIALS;
	case POSTERN_E_PROTOCOL:
		/* TLS from the first octet where STARTTLS was set: nobody broke a rule. */
		return strcmp(id, "tls-mode-implicit-expected") == 0 ? EXIT_CONFIGURATION
								     : EXIT_PROTOCOL;
	case POSTERN_E_ARG:
		return EXIT_MESSAGE;
	case POSTERN_E_CONTENT:
		return is_input(id) ? EXIT_INPUT : EXIT_MESSAGE;
	case POSTERN_E_CONNECT: /* an address that this machine does not have */
		return strcmp(id, "source-address-unusable") == 0 ? EXIT_CONFIGURATION
								  : EXIT_REFUSED;
	case POSTERN_E_REFUSED:
		/* RFC 4954 6: authentication required */
		return reply == 530 ? EXIT_CREDENTIALS : EXIT_REFUSED;
	default:
		return EXIT_REFUSED;
	}
}

int exit_status(int outcome, int code, const char *id, int reply)
{
	switch (outcome) {
	case POSTERN_ACCEPTED:
		return EXIT_ACCEPTED;
	case POSTERN_PARTIAL:
		return EXIT_REFUSED;
	case POSTERN_IN_DOUBT:
		return EXIT_IN_DOUBT;
	case POSTERN_PERMANENT:
		return permanent(code, id, reply);
	default:
		return EXIT_LATER;
	}
}
