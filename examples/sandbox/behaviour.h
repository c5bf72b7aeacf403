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
	CAP_USUAL = 127, /* what is offered unless told otherwise */
	CAP_STARTTLS = 128, /* these two only to be left out */
	CAP_AUTH = 256,
	CAP_BINARYMIME = 512,
	CAP_REQUIRETLS = 1024, /* inside TLS only (RFC 8689 2) */
	CAP_DELIVERBY = 2048,
	CAP_FUTURERELEASE = 4096,
	CAP_MT_PRIORITY = 8192,
	CAP_LIMITS = 16384
};
#define CAPABILITIES 15

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
	COMMAND_METHOD, /* of a proxy: the SOCKS greeting, */
	COMMAND_LOGIN, /* its user name and password, */
	COMMAND_CONNECT, /* the request, SOCKS or HTTP */
	COMMAND_COUNT
};

enum rule_kind {
	RULE_REPLY, /* command, nth, text */
	RULE_DROP, /* command, nth */
	RULE_DELAY, /* command, nth, number */
	RULE_REFUSE_SENDER, /* pattern, text */
	RULE_REFUSE_RECIPIENT, /* pattern, text */
	RULE_INJECT, /* text */
	RULE_CUT, /* command, nth, number: octets, more: enum cut */
	RULE_WITHOUT, /* number: capabilities */
	RULE_WITH, /* number: capabilities, text: what follows its keyword, or NULL */
	RULE_CLAIM, /* number: capabilities */
	RULE_CONNECTIONS, /* number */
	RULE_PROXY_USER, /* text: NAME:PASSWORD */
	RULE_MAP, /* pattern: a host, text: its address */
	RULE_FORGETFUL,
	RULE_MECHANISMS, /* text */
	RULE_SIZE, /* number */
	RULE_RECIPIENTS, /* number */
	RULE_CERTIFICATE, /* text */
	RULE_CLIENT_CERTIFICATE, /* number: 1 asked for, 2 required */
	RULE_STAPLE, /* text */
	RULE_TICKETS, /* number */
	RULE_NO_RESUMPTION,
	RULE_NO_EXTENDED_SECRET,
	RULE_RECORDS, /* number: octets of each at most */
	RULE_GARBLE, /* number: which record */
	RULE_EXTRA, /* command, nth, number: times, more: enum tls_extra */
	RULE_MECHANISMS_LATER, /* number: from which connection on, text */
	RULE_MECHANISMS_CLEAR, /* text */
	RULE_REFUSE_MECHANISM, /* pattern, text */
	RULE_NO_INITIAL_RESPONSE,
	RULE_TOKEN_ERROR, /* text */
	RULE_TOKEN_AT_ONCE,
	RULE_REFUSE_TOKENS, /* number: how many, 0: all */
	RULE_TOKEN_USES, /* number */
	RULE_FORWARD, /* text: address, number: port */
	RULE_STRIP, /* pattern */
	RULE_TLS, /* number: least version, more: greatest */
	RULE_SCRIPT, /* script */
	RULE_PLAIN_AUTH,
	RULE_OPEN,
	RULE_SILENT,
	RULE_BLOCKED,
	RULE_STALLED
};

/* How a connection ends when its rule says that no more octets are to be sent. */
enum cut { CUT_FIN, CUT_TRUNCATE, CUT_RST, CUT_STALL };

struct rule {
	struct rule *next;
	enum rule_kind kind;
	char *on; /* the listener's name; NULL: all */
	enum command command;
	unsigned nth; /* 0: each time; else the nth time in one connection */
	unsigned from, to; /* connections of the listener, from 1; to 0: all that follow */
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
	unsigned claims; /* offered too, but not understood */
	const char *arguments[CAPABILITIES]; /* what follows the keywords; NULL: nothing */
	long long size;
	long long recipients;
	long long rcptmax, mailmax, rcptdomainmax; /* LIMITS (RFC 9422); 0: none */
	long long by_min; /* DELIVERBY: seconds */
	long long hold_max; /* FUTURERELEASE: seconds */
	const char *hold_until; /* ... and the last date */
	long long connections; /* at once; 0: any number */
	const char *proxy_user; /* NULL: who asks is not asked */
	const char *mechanisms;
	const char *certificate;
	int tls_min, tls_max; /* 10 to 13 */
	int client_certificate; /* 1: asked for, 2: required */
	const char *staple;
	long long tickets;
	int no_resumption, no_extended_secret;
	long long records; /* octets in each at most; 0: no limit */
	long long garble; /* this record; 0: none */
	const char *mechanisms_clear; /* NULL: the same as under TLS, with plain_auth */
	int no_initial_response, token_at_once;
	const char *token_error; /* NULL: the mechanism's own */
	long long refuse_tokens; /* how many; -1: none, 0: all */
	long long token_uses; /* 0: no limit */
	const struct rule *forward;
	const struct rule *inject;
	const struct script *script;
	int starttls, auth; /* offered */
	int plain_auth, open, silent, blocked, stalled, forgetful;
};

void behaviour_resolve(struct behaviour *b, const struct rule *rules, const char *name);

/* The rule for the nth time (from 1) that this command is answered in a connection, the listener's
 * so-many-th (from 1), or NULL. */
const struct rule *behaviour_rule(const struct behaviour *b, enum rule_kind kind,
				  enum command command, unsigned nth, unsigned connection);
/* The mechanisms offered to the nth connection (from 0); NULL: no AUTH. */
const char *behaviour_mechanisms(const struct behaviour *b, unsigned nth, int in_tls);
/* The rule that refuses this address or mechanism, or NULL. */
const struct rule *behaviour_refusal(const struct behaviour *b, enum rule_kind kind,
				     const char *address);

const char *command_name(enum command c);
int command_find(const char *s, size_t n, enum command *out); /* -1: no such */
/* What a proxy of this listener takes a host's name for: an address, or NULL. */
const char *behaviour_host(const struct behaviour *b, const char *host, size_t n);
unsigned capability_find(const char *s, size_t n); /* 0: no such */
/* What is wrong with the argument of an extension's keyword, or NULL. */
const char *capability_wrong(unsigned capability, const char *argument);
const char *capability_name(unsigned index); /* bit 1 << index; NULL at the end */

#endif
