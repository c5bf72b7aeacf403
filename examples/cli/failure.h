/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What ends the program before a mail was handed to the library, and the exit statuses, which are
 * those of sysexits.h.
 */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

enum {
	EXIT_ACCEPTED = 0,
	EXIT_USAGE = 64,
	EXIT_MESSAGE = 65, /* the message or an address is not usable */
	EXIT_INPUT = 66, /* a file cannot be read */
	EXIT_HOST = 68, /* the host name was not found */
	EXIT_REFUSED = 69, /* for good, or for some of the recipients */
	EXIT_IN_DOUBT = 74,
	EXIT_LATER = 75, /* refused for now, or not reached */
	EXIT_PROTOCOL = 76,
	EXIT_CREDENTIALS = 77,
	EXIT_CONFIGURATION = 78 /* or certificate, or TLS */
};

struct failure {
	int status; /* 0: none */
	const char *id; /* stable, for programs */
	char text[600]; /* one sentence */
	const char *advice;
};

enum { FAIL_USAGE, FAIL_MESSAGE, FAIL_ADDRESS, FAIL_INPUT, FAIL_CONFIGURATION, FAIL_MEMORY };

/* Fills f and gives its status. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 4)))
#endif
int fail(struct failure *f, int kind, const char *format, ...);

#endif
