/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "options.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#include "bytes.h"
#include "certs.h"
#include "ocsp.h"
#include "rules.h"

#define MAX_LISTENERS 16
#define MAX_ADDRESSES 8

enum id {
	LISTEN,
	UNIX_SOCKET,
	ADDRESS,
	NAME,
	DIR,
	KEEP,
	READY_FILE,
	LOG,
	PRINT,
	COUNT,
	TIME,
	JUDGE,
	HELP,
	VERSION,
	USER,
	TOKEN,
	ON,
	RULE /* rules.c knows it */
};

static const struct row {
	const char *group; /* the heading above it, if it begins a group */
	enum id id;
	const char *name;
	const char *argument; /* NULL: none */
	const char *help;
} rows[] = {
	{"Where it listens", LISTEN, "listen", "[NAME=][ADDRESS:]PORT[/MODE]",
	 "a listener, in place of the three of the default: 1587/starttls\n"
	 "1465/implicit 12525/starttls.  MODE: starttls, implicit, none;\n"
	 "socks5, http-proxy: a proxy to this machine.\n"
	 "PORT 0: a free one.  NAME: for --on and scripts (the port)"},
	{NULL, UNIX_SOCKET, "unix", "[NAME=]PATH", "a Unix socket, without TLS"},
	{NULL, ADDRESS, "address", "ADDRESS",
	 "the address of listeners without one (127.0.0.1); may be\n"
	 "repeated: each then listens on all of them"},
	{NULL, NAME, "name", "HOST", "the server's own name (mail.sandbox.test)"},

	{"What it tells and keeps", DIR, "dir", "DIR",
	 "where ca.pem, Maildir and envelopes are (a fresh directory,\nremoved at the end)"},
	{NULL, KEEP, "keep", NULL, "do not remove that fresh directory"},
	{NULL, READY_FILE, "ready-file", "FILE",
	 "write the lines DIR, CA, PORT_NAME, PORTS, POSTERN_URL there\nonce ready"},
	{NULL, LOG, "log", "FILE", "what was said, by whom, in which turn; \"-\": standard output"},
	{NULL, PRINT, "print", NULL, "show accepted messages"},
	{NULL, JUDGE, "judge", NULL,
	 "report what no client may do as \"violation:\"; exit status 3"},

	{"When it ends", COUNT, "count", "N", "after N accepted messages"},
	{NULL, TIME, "time", "SECONDS", "after that time"},
	{NULL, HELP, "help", NULL, "this text"},
	{NULL, VERSION, "version", NULL, "the version"},

	{"Who may sign in", USER, "user", "NAME:PASSWORD",
	 "instead of user:password; may be repeated"},
	{NULL, TOKEN, "token", "NAME:TOKEN", "for OAUTHBEARER and XOAUTH2; may be repeated"},

	{"For the listener named by the last --on, else for all", ON, "on", "NAME",
	 "what follows is for this listener; \"all\" for all again"},
	{NULL, RULE, "open", NULL, "MAIL without AUTH is accepted"},
	{NULL, RULE, "plain-auth", NULL, "AUTH is offered without TLS too"},
	{NULL, RULE, "no-auth", NULL, "AUTH is neither offered nor asked for"},
	{NULL, RULE, "mechanisms", "LIST",
	 "(PLAIN LOGIN CRAM-MD5 SCRAM-SHA-1 SCRAM-SHA-256); there are also\n"
	 "SCRAM-SHA-1-PLUS SCRAM-SHA-256-PLUS DIGEST-MD5 OAUTHBEARER XOAUTH2\n"
	 "EXTERNAL ANONYMOUS GSSAPI"},
	{NULL, RULE, "mechanisms-later", "N=LIST",
	 "the same, from the Nth connection to the listener on"},
	{NULL, RULE, "mechanisms-clear", "LIST",
	 "the same before TLS, where there are none otherwise"},
	{NULL, RULE, "no-initial-response", NULL, "501 to AUTH with a response on the same line"},
	{NULL, RULE, "token-uses", "N",
	 "a token is good for so many sign-ins, then it has expired"},
	{NULL, RULE, "without", "LIST",
	 "leave out PIPELINING SIZE 8BITMIME SMTPUTF8 CHUNKING DSN\n"
	 "ENHANCEDSTATUSCODES STARTTLS AUTH"},
	{NULL, RULE, "with", "LIST | KEYWORD=ARGUMENT",
	 "offer BINARYMIME REQUIRETLS DELIVERBY FUTURERELEASE MT-PRIORITY\n"
	 "LIMITS too, as in \"LIMITS=RCPTMAX=2 MAILMAX=3\", which is enforced"},
	{NULL, RULE, "claim", "LIST", "offer them, but do not understand them"},
	{NULL, RULE, "no-starttls", NULL, "STARTTLS is not offered"},
	{NULL, RULE, "size", "OCTETS", "the largest message (10485760); 0: no limit"},
	{NULL, RULE, "recipients", "N", "the most recipients (1000), then 452"},
	{NULL, RULE, "connections", "N", "the most connections at once; 421 to further ones"},
	{NULL, RULE, "proxy-user", "NAME:PASSWORD", "whom a proxy lets through; all by default"},
	{NULL, RULE, "map", "HOST=ADDRESS",
	 "a name for proxies, beside localhost and the server's own; port N\n"
	 "is that of the listener named N, if there is one"},
	{NULL, RULE, "certificate", "KIND", "see below (good)"},
	{NULL, RULE, "staple", "KIND", "an OCSP response to it: see below (none)"},
	{NULL, RULE, "client-certificate", "request|require",
	 "ask clients for a certificate; client.pem and client-key.pem are\nmade for them"},
	{NULL, RULE, "tls", "MIN[-MAX]", "TLS versions from 1.0 to 1.3 (1.2-1.3)"},
	{NULL, RULE, "tickets", "N", "tickets to resume a session with (2); 0: no resumption"},
	{NULL, RULE, "no-resumption", NULL, "tickets are given, and then not taken"},
	{NULL, RULE, "no-extended-master-secret", NULL, "in TLS 1.2, as an old server"},
	{NULL, RULE, "forward", "ADDRESS:PORT",
	 "a man in the middle: pass on what is said to that server, over\n"
	 "another TLS session, in the same mode"},
	{NULL, RULE, "strip", "PATTERN",
	 "... but for these extensions and mechanisms in its reply to EHLO"},

	{"Misbehaviour, for the same", RULE, "refuse-sender", "PATTERN[=REPLY]",
	 "(550 5.7.1 Sender refused); * and ? in PATTERN"},
	{NULL, RULE, "refuse-recipient", "PATTERN[=REPLY]", "(550 5.1.1 No such mailbox here)"},
	{NULL, RULE, "refuse-mechanism", "PATTERN[=REPLY]",
	 "(504 5.5.4 Unrecognized authentication type)"},
	{NULL, RULE, "refuse-tokens", "N", "so many good tokens, as if they had expired; 0: all"},
	{NULL, RULE, "token-error", "TEXT",
	 "the error in the challenge, in place of the usual JSON"},
	{NULL, RULE, "token-at-once", NULL, "refuse tokens by 535 without that challenge"},
	{NULL, RULE, "reply", "COMMAND[#N][@K]=TEXT",
	 "say TEXT instead; #N: only to the Nth in a connection"},
	{NULL, RULE, "drop", "COMMAND[#N]", "hang up instead of replying"},
	{NULL, RULE, "delay", "COMMAND[#N]=MS", "reply that much later"},
	{NULL, RULE, "cut", "COMMAND[#N]=OCTETS[/HOW]",
	 "from that reply on say so many octets, then end: fin, truncate,\n"
	 "rst, stall.  What the client still sends is taken, but for rst"},
	{NULL, RULE, "forgetful", NULL,
	 "throw away what comes behind the final dot before its reply"},
	{NULL, RULE, "inject", "TEXT", "octets behind the 220 to STARTTLS, in the same write"},
	{NULL, RULE, "extra", "COMMAND[#N]=WHAT[*TIMES]",
	 "before that reply, inside TLS: tickets, keyupdate (every second\n"
	 "asks for the client's), hellorequest, alerts, empty (records)"},
	{NULL, RULE, "records", "OCTETS", "TLS records of no more than that"},
	{NULL, RULE, "garble", "N", "turn one bit of the Nth TLS record of each connection"},
	{NULL, RULE, "silent", NULL, "accept connections and say nothing"},
	{NULL, RULE, "blocked", NULL, "connections are refused"},
	{NULL, RULE, "stalled", NULL,
	 "connections come to nothing, as behind a packet filter (Linux)"},
	{NULL, RULE, "script", "FILE",
	 "a conversation instead of a server: see postern-sandbox(1)"},
};
#define ROWS (sizeof(rows) / sizeof(rows[0]))

const char *mode_name(enum listen_mode mode)
{
	static const char *const names[] = {"starttls", "implicit", "none", "socks5", "http-proxy"};

	return names[mode];
}

int is_proxy(enum listen_mode mode)
{
	return mode == MODE_SOCKS5 || mode == MODE_HTTP;
}

void options_help(void)
{
	const char *what, *name;

	puts("Usage: postern-sandbox [OPTION]...\n"
	     "A submission server for demonstrations and tests; it can misbehave on command.\n"
	     "Without options: ports 1587, 1465 and 12525 of 127.0.0.1, user \"user\", password\n"
	     "\"password\".  It prints a POSTERN_URL, and \"ready\" when clients may come.");
	for (size_t i = 0; i < ROWS; i++) {
		char left[64];
		const char *line = rows[i].help;

		if (rows[i].group)
			printf("\n%s:\n", rows[i].group);
		snprintf(left, sizeof(left), "--%s%s%s", rows[i].name, rows[i].argument ? " " : "",
			 rows[i].argument ? rows[i].argument : "");
		printf(strlen(left) < 32 ? "  %-32s" : "  %s\n%34s", left, "");
		while (line) {
			const char *lf = strchr(line, '\n');

			printf("%.*s\n%s", (int)(lf ? (size_t)(lf - line) : strlen(line)), line,
			       lf ? "                                  " : "");
			line = lf ? lf + 1 : NULL;
		}
	}
	puts("\nCOMMAND: GREETING EHLO HELO STARTTLS TLS (the handshake) AUTH MAIL RCPT DATA BDAT\n"
	     "DOT (the end of the content) RSET NOOP VRFY QUIT; of proxies METHOD LOGIN CONNECT.\n"
	     "Behind COMMAND or #N: @K in the Kth connection to the listener, @K+ from it on.\n"
	     "TEXT: \\r \\n \\t \\0 \\xNN; a reply without a line end gets one; a proxy's is sent\n"
	     "as it is, a number is its code.\n\nKIND of certificate:");
	for (unsigned i = 0; (name = certs_kind(i, &what)); i++)
		printf("  %-22s %s\n", name, what);
	puts("\nKIND of OCSP response:");
	for (unsigned i = 0; (name = ocsp_kind(i, &what)); i++)
		printf("  %-22s %s\n", name, what);
}

/* ---- errors ---- */

static int fail(const char *option, const char *value, const char *why)
{
	fprintf(stderr, "postern-sandbox: --%s%s%s: %s\n", option, value ? " " : "",
		value ? value : "", why);
	return -1;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* How many octets must be changed, added or taken away (Levenshtein). */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], n = strlen(b);

	if (n >= 64 || strlen(a) >= 64)
		return 64;
	for (size_t j = 0; j <= n; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			size_t change = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			row[j] = least(change, least(row[j], row[j - 1]) + 1);
		}
	}
	return row[n];
}

static int unknown_option(const char *name)
{
	size_t best = 64, at = 0;

	for (size_t i = 0; i < ROWS; i++) {
		size_t d = distance(name, rows[i].name);

		if (d < best) {
			best = d;
			at = i;
		}
	}
	if (best <= 3)
		fprintf(stderr, "postern-sandbox: no option --%s; did you mean --%s?\n", name,
			rows[at].name);
	else
		fprintf(stderr, "postern-sandbox: no option --%s; see --help\n", name);
	return -1;
}

/* ---- values ---- */

static void set_text(char **at, const char *value)
{
	free(*at);
	*at = copy_text(value, strlen(value));
}

static int take_number(const char *name, const char *value, long long max, long long *out)
{
	return read_number(value, strlen(value), max, out) ? fail(name, value, "not a number") : 0;
}

static int is_name(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!((s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'z') ||
		      (s[i] >= 'A' && s[i] <= 'Z') || s[i] == '_'))
			return 0;
	return n > 0;
}

static int is_address(const char *s)
{
	unsigned char a[16];

	return inet_pton(AF_INET, s, a) == 1 || inet_pton(AF_INET6, s, a) == 1;
}

/* "[ADDRESS]:" or "ADDRESS:" before the port; *value is moved behind it. */
static int listen_address(struct listen_spec *l, const char **value)
{
	const char *v = *value, *end = *v == '[' ? strchr(v, ']') : strrchr(v, ':');

	if (!end)
		return *v == '[' ? -1 : 0;
	if (*v == '[' && end[1] != ':')
		return -1;
	l->address = *v == '[' ? copy_text(v + 1, (size_t)(end - v) - 1)
			       : copy_text(v, (size_t)(end - v));
	*value = end + (*v == '[' ? 2 : 1);
	return is_address(l->address) ? 0 : -1;
}

static void free_listener(struct listen_spec *l)
{
	free(l->name);
	free(l->address);
	free(l->path);
	free(l);
}

static const char *parse_listener(struct listen_spec *l, const char *value, unsigned place)
{
	const char *equals = strchr(value, '='), *slash;
	long long port;
	char ordinal[16];
	int m;

	if (equals) {
		if (!is_name(value, (size_t)(equals - value)))
			return "a name has letters, digits and _ only";
		l->name = copy_text(value, (size_t)(equals - value));
		value = equals + 1;
	}
	if (listen_address(l, &value))
		return "not an IP address (IPv6 in []) before the port";
	slash = strchr(value, '/');
	if (read_number(value, slash ? (size_t)(slash - value) : strlen(value), 65535, &port))
		return "the port is not a number up to 65535";
	l->port = (int)port;
	l->mode = port == 465 || port == 1465 ? MODE_IMPLICIT : MODE_STARTTLS;
	for (m = MODE_STARTTLS;
	     slash && m <= MODE_HTTP && strcmp(slash + 1, mode_name((enum listen_mode)m)); m++)
		;
	if (m > MODE_HTTP)
		return "the mode is not starttls, implicit, none, socks5 or http-proxy";
	if (slash)
		l->mode = (enum listen_mode)m;
	snprintf(ordinal, sizeof(ordinal), "%d", l->port ? l->port : (int)place);
	if (!l->name)
		l->name = copy_text(ordinal, strlen(ordinal));
	return NULL;
}

static const char *parse_unix(struct listen_spec *l, const char *value, unsigned place)
{
	const char *equals = strchr(value, '=');
	char ordinal[16];

	snprintf(ordinal, sizeof(ordinal), "%u", place);
	if (equals && is_name(value, (size_t)(equals - value))) {
		l->name = copy_text(value, (size_t)(equals - value));
		value = equals + 1;
	} else {
		l->name = copy_text(ordinal, strlen(ordinal));
	}
	l->mode = MODE_NONE;
	l->path = copy_text(value, strlen(value));
	return *value && strlen(value) < sizeof(((struct sockaddr_un *)0)->sun_path)
		       ? NULL
		       : "the path is missing or too long";
}

static int add_listener(struct options *o, const char *option, const char *value)
{
	struct listen_spec *l = alloc(sizeof(*l)), **at = &o->listeners;
	unsigned place = 1;
	const char *wrong;

	for (; *at; at = &(*at)->next)
		place++;
	if (place > MAX_LISTENERS)
		wrong = "more than 16 listeners";
	else if (strcmp(option, "unix") == 0)
		wrong = parse_unix(l, value, place);
	else
		wrong = parse_listener(l, value, place);
	for (struct listen_spec *m = o->listeners; m && !wrong; m = m->next)
		if (strcmp(m->name, l->name) == 0)
			wrong = "there is a listener of that name already";
	if (wrong) {
		free_listener(l);
		return fail(option, value, wrong);
	}
	*at = l;
	return 0;
}

static int add_address(struct options *o, const char *value)
{
	struct address *a, **at = &o->addresses;
	int n = 1;

	for (; *at; at = &(*at)->next)
		n++;
	if (!is_address(value))
		return fail("address", value, "not an IP address");
	if (n > MAX_ADDRESSES)
		return fail("address", value, "more than 8 addresses");
	a = alloc(sizeof(*a));
	a->text = copy_text(value, strlen(value));
	*at = a;
	return 0;
}

static int add_user(struct user **list, const char *option, const char *value)
{
	const char *colon = strchr(value, ':');
	struct user *u;

	if (!colon || colon == value)
		return fail(option, value, "not of the form NAME:SECRET");
	while (*list)
		list = &(*list)->next;
	u = alloc(sizeof(*u));
	u->name = copy_text(value, (size_t)(colon - value));
	u->password = copy_text(colon + 1, strlen(colon + 1));
	*list = u;
	return 0;
}

static int add_rule(struct options *o, const struct row *row, const char *value, const char *on)
{
	struct rule *r = alloc(sizeof(*r)), **at = &o->rules;
	const char *wrong;

	if (on)
		r->on = copy_text(on, strlen(on));
	wrong = rule_set(r, row->name, value);
	while (*at)
		at = &(*at)->next;
	*at = r;
	return wrong ? fail(row->name, value, wrong) : 0;
}

/* ---- the line ---- */

static int set_option(struct options *o, const struct row *row, const char *value, char **on)
{
	switch (row->id) {
	case LISTEN:
	case UNIX_SOCKET:
		return add_listener(o, row->name, value);
	case ADDRESS:
		return add_address(o, value);
	case NAME:
		set_text(&o->host_name, value);
		return 0;
	case DIR:
		set_text(&o->dir, value);
		return 0;
	case KEEP:
		o->keep = 1;
		return 0;
	case READY_FILE:
		set_text(&o->ready_file, value);
		return 0;
	case LOG:
		set_text(&o->log, value);
		return 0;
	case PRINT:
		o->print = 1;
		return 0;
	case COUNT:
		return take_number(row->name, value, 1ll << 40, &o->count);
	case TIME:
		return take_number(row->name, value, 1ll << 30, &o->seconds);
	case JUDGE:
		o->judge = 1;
		return 0;
	case HELP:
		o->help = 1;
		return 0;
	case VERSION:
		o->version = 1;
		return 0;
	case USER:
		return add_user(&o->users, row->name, value);
	case TOKEN:
		return add_user(&o->tokens, row->name, value);
	case ON:
		free(*on);
		*on = strcmp(value, "all") == 0 ? NULL : copy_text(value, strlen(value));
		return 0;
	case RULE:
		return add_rule(o, row, value, *on);
	}
	return 0;
}

static const struct row *find_row(const char *name, size_t n)
{
	for (size_t i = 0; i < ROWS; i++)
		if (strlen(rows[i].name) == n && memcmp(rows[i].name, name, n) == 0)
			return &rows[i];
	return NULL;
}

static int take_option(struct options *o, int argc, char **argv, int *i, char **on)
{
	const char *arg = argv[*i], *equals, *value = NULL;
	const struct row *row;

	if (strcmp(arg, "-h") == 0)
		arg = "--help";
	if (arg[0] != '-' || arg[1] != '-') {
		fprintf(stderr, "postern-sandbox: %s is not an option; see --help\n", arg);
		return -1;
	}
	arg += 2;
	equals = strchr(arg, '=');
	row = find_row(arg, equals ? (size_t)(equals - arg) : strlen(arg));
	if (!row)
		return unknown_option(arg);
	if (equals)
		value = equals + 1;
	if (equals && !row->argument)
		return fail(row->name, NULL, "takes no value");
	if (row->argument && !value) {
		if (++*i >= argc)
			return fail(row->name, NULL, "its value is missing");
		value = argv[*i];
	}
	return set_option(o, row, value, on);
}

static int fill_in(struct options *o)
{
	static const char *const usual[] = {"1587/starttls", "1465/implicit", "12525/starttls"};

	for (size_t i = 0; !o->listeners || (i > 0 && i < 3); i++)
		if (add_listener(o, "listen", usual[i]))
			return -1;
	if (!o->addresses && add_address(o, "127.0.0.1"))
		return -1;
	if (!o->users && add_user(&o->users, "user", "user:password"))
		return -1;
	if (!o->host_name)
		set_text(&o->host_name, "mail.sandbox.test");
	return 0;
}

/* Each --on must name a listener. */
static int check_names(const struct options *o)
{
	for (const struct rule *r = o->rules; r; r = r->next) {
		const struct listen_spec *l = o->listeners;

		while (r->on && l && strcmp(l->name, r->on) != 0)
			l = l->next;
		if (r->on && !l)
			return fail("on", r->on, "there is no listener of that name");
	}
	return 0;
}

int options_parse(struct options *o, int argc, char **argv)
{
	char *on = NULL;
	int bad = 0;

	memset(o, 0, sizeof(*o));
	for (int i = 1; i < argc && !bad; i++)
		bad = take_option(o, argc, argv, &i, &on);
	free(on);
	if (bad)
		return -1;
	return fill_in(o) || check_names(o) ? -1 : 0;
}

static void free_users(struct user *u)
{
	while (u) {
		struct user *next = u->next;

		free(u->name);
		free(u->password);
		free(u);
		u = next;
	}
}

void options_free(struct options *o)
{
	while (o->listeners) {
		struct listen_spec *next = o->listeners->next;

		free_listener(o->listeners);
		o->listeners = next;
	}
	while (o->addresses) {
		struct address *next = o->addresses->next;

		free(o->addresses->text);
		free(o->addresses);
		o->addresses = next;
	}
	while (o->rules) {
		struct rule *next = o->rules->next;

		rule_free(o->rules);
		o->rules = next;
	}
	free_users(o->users);
	free_users(o->tokens);
	free(o->host_name);
	free(o->ready_file);
	free(o->dir);
	free(o->log);
	memset(o, 0, sizeof(*o));
}
