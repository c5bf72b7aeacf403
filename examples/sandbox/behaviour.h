/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a listener does: the rules given on the command line, in their order, and what they come to
 * for one listener.  A later rule wins over an earlier one.
 */
#ifndef SANDBOX_BEHAVIOUR_H
#define SANDBOX_BEHAVIOUR_H

#include <stddef.h>

struct script;

enum capability {
	CAP_PIPELINING = 1,
	CAP_SIZE = 2,
	CAP_8BITMIME = 4,
	CAP_SMTPUTF8 = 8,
	CAP_CHUNKING = 16,
	CAP_DSN = 32,
	CAP_ENHANCED = 64,
	CAP_ALL = 127,
	CAP_STARTTLS = 128, /* these two only to be left out */
	CAP_AUTH = 256
};

/* What can be answered otherwise, dropped or delayed. */
enum command {
	COMMAND_GREETING,
	COMMAND_EHLO,
	COMMAND_HELO,
	COMMAND_STARTTLS,
	COMMAND_TLS, /* the handshake */
	COMMAND_AUTH,
	COMMAND_MAIL,
	COMMAND_RCPT,
	COMMAND_DATA,
	COMMAND_BDAT, /* a chunk but the last */
	COMMAND_DOT, /* the end of the content, by DATA or by BDAT LAST */
	COMMAND_RSET,
	COMMAND_NOOP,
	COMMAND_VRFY,
	COMMAND_QUIT,
	COMMAND_COUNT
};

enum rule_kind {
	RULE_REPLY, /* command, nth, text */
	RULE_DROP, /* command, nth */
	RULE_DELAY, /* command, nth, number */
	RULE_REFUSE_SENDER, /* pattern, text */
	RULE_REFUSE_RECIPIENT, /* pattern, text */
	RULE_INJECT, /* text */
	RULE_WITHOUT, /* number: capabilities */
	RULE_MECHANISMS, /* text */
	RULE_SIZE, /* number */
	RULE_RECIPIENTS, /* number */
	RULE_CERTIFICATE, /* text */
	RULE_TLS, /* number: least version, more: greatest */
	RULE_SCRIPT, /* script */
	RULE_PLAIN_AUTH,
	RULE_OPEN,
	RULE_SILENT,
	RULE_BLOCKED,
	RULE_STALLED
};

struct rule {
	struct rule *next;
	enum rule_kind kind;
	char *on; /* the listener's name; NULL: all */
	enum command command;
	unsigned nth; /* 0: each time; else the nth time in one connection */
	char *pattern;
	char *text;
	size_t len;
	long long number, more;
	struct script *script;
};

struct behaviour {
	const struct rule *rules; /* all of them, for the look-ups below */
	const char *name; /* of the listener */
	unsigned capabilities;
	long long size;
	long long recipients;
	const char *mechanisms;
	const char *certificate;
	int tls_min, tls_max; /* 10 to 13 */
	const struct rule *inject;
	const struct script *script;
	int starttls, auth; /* offered */
	int plain_auth, open, silent, blocked, stalled;
};

void behaviour_resolve(struct behaviour *b, const struct rule *rules, const char *name);

/* The rule for the nth time (from 1) that this command is answered, or NULL. */
const struct rule *behaviour_rule(const struct behaviour *b, enum rule_kind kind,
				  enum command command, unsigned nth);
/* The rule that refuses this address, or NULL. */
const struct rule *behaviour_refusal(const struct behaviour *b, enum rule_kind kind,
				     const char *address);

const char *command_name(enum command c);
int command_find(const char *s, size_t n, enum command *out); /* -1: no such */
unsigned capability_find(const char *s, size_t n); /* 0: no such */
const char *capability_name(unsigned index); /* bit 1 << index; NULL at the end */

#endif
