/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "common.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "str.h"

const struct option common_options[] = {
	{"--user", OPTION_TEXT, 1, offsetof(struct common, user)},
	{"--password-file", OPTION_TEXT, 1, offsetof(struct common, password_file)},
	{"--token-command", OPTION_TEXT, 1, offsetof(struct common, token_command)},
	{"--auth", OPTION_TEXT, 1, offsetof(struct common, auth)},
	{"--binding", OPTION_FLAG, 0, offsetof(struct common, binding)},
	{"--ports", OPTION_TEXT, 1, offsetof(struct common, ports)},
	{"--proxy", OPTION_TEXT, 1, offsetof(struct common, proxy)},
	{"--source", OPTION_TEXT, 1, offsetof(struct common, source)},
	{"--name", OPTION_TEXT, 1, offsetof(struct common, name)},
	{"--cafile", OPTION_TEXT, 1, offsetof(struct common, cafile)},
	{"--pin", OPTION_TEXT, 1, offsetof(struct common, pin)},
	{"--pin-only", OPTION_FLAG, 0, offsetof(struct common, pin_only)},
	{"--cert", OPTION_TEXT, 1, offsetof(struct common, cert)},
	{"--key", OPTION_TEXT, 1, offsetof(struct common, key)},
	{"--key-password-file", OPTION_TEXT, 1, offsetof(struct common, key_password_file)},
	{"--tls-min", OPTION_TEXT, 1, offsetof(struct common, tls_min)},
	{"--staple", OPTION_FLAG, 0, offsetof(struct common, staple)},
	{"--trace", OPTION_FLAG, 0, offsetof(struct common, trace)},
	{"--json", OPTION_FLAG, 0, offsetof(struct common, json)},
	{"--progress", OPTION_FLAG, 0, offsetof(struct common, progress)},
	{"--help", OPTION_FLAG, 0, offsetof(struct common, help)},
	{"-h", OPTION_FLAG, 0, offsetof(struct common, help)},
	{"--version", OPTION_FLAG, 0, offsetof(struct common, version)},
	{NULL, 0, 0, 0},
};

void common_help_service(void)
{
	fputs("      --user NAME       sign in as NAME, with the password in\n"
	      "      --password-file FILE   its first line; - is standard input; or with\n"
	      "      --token-command COMMAND   the OAuth token that this shell command prints\n"
	      "      --auth LIST       SASL mechanisms allowed, best first\n"
	      "      --binding         sign in only bound to the TLS session (SCRAM -PLUS)\n"
	      "      --ports LIST      ports to try, as \"587 465/implicit\" (default: 587 465 "
	      "2525)\n"
	      "      --proxy URL       connect through it: socks5://HOST or http://HOST:PORT\n"
	      "      --source ADDRESS  connect from this address of this machine\n"
	      "      --name NAME       the name given in EHLO\n"
	      "      --cafile FILE     trust the authorities in this PEM file, not the system's\n"
	      "      --pin LIST        accept only these keys: sha256:BASE64 of the public key\n"
	      "      --pin-only        the pinned key alone decides, not name and authority\n"
	      "      --cert FILE, --key FILE   a client certificate, and its key if that is not "
	      "in\n"
	      "                        the same file; also PKCS #11 URLs\n"
	      "      --key-password-file FILE   the key's passphrase or PIN in its first line\n"
	      "      --tls-min VERSION the lowest version of TLS: 1.2 (the default) or 1.3\n"
	      "      --staple          the server must staple a good OCSP response\n",
	      stdout);
}

void common_help_output(void)
{
	fputs("      --trace           show the conversation, secrets masked, on standard error\n"
	      "      --json            print the result as one JSON object\n"
	      "      --progress        show progress on standard error in any case\n"
	      "      --help, --version\n",
	      stdout);
}

int common_timeout(struct common *c, const char *value, int least, struct failure *f)
{
	long long seconds;

	if (read_number(value, INT_MAX / 1000, &seconds) || seconds < least)
		return fail(f, FAIL_USAGE, "--timeout takes whole seconds, from %d to %d", least,
			    INT_MAX / 1000);
	c->timeout = (int)seconds;
	return 0;
}

static int check_login(const struct common *c, struct failure *f)
{
	if (c->password_file && c->token_command)
		return fail(f, FAIL_USAGE,
			    "--password-file and --token-command exclude each other");
	if (c->user && !c->password_file && !c->token_command)
		return fail(f, FAIL_USAGE,
			    "--user needs --password-file or --token-command: neither a password "
			    "nor a token is taken from the command line");
	if (c->password_file && !c->user)
		return fail(f, FAIL_USAGE, "--password-file needs --user");
	if (c->token_command && !c->user)
		return fail(f, FAIL_USAGE, "--token-command needs --user");
	return 0;
}

static int is_dash(const char *file)
{
	return file && strcmp(file, "-") == 0;
}

static int check_keys(const struct common *c, struct failure *f)
{
	if (c->pin_only && !c->pin)
		return fail(f, FAIL_USAGE, "--pin-only needs --pin");
	if (c->key && !c->cert)
		return fail(f, FAIL_USAGE, "--key needs --cert");
	if (c->key_password_file && !c->cert)
		return fail(f, FAIL_USAGE, "--key-password-file needs --cert");
	if (is_dash(c->key_password_file) && is_dash(c->password_file))
		return fail(f, FAIL_USAGE,
			    "--password-file - and --key-password-file - both want standard "
			    "input: give one in a file");
	return 0;
}

int common_check(struct common *c, struct failure *f)
{
	if (check_login(c, f) || check_keys(c, f))
		return f->status;
	if (!c->server)
		c->server = getenv("POSTERN_URL");
	if (!c->server || !*c->server)
		c->server = getenv("SMTP_URL");
	return 0;
}
