/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The library by words on the command line, for tests of what no program option reaches yet:
 *
 *   driver server=localhost ports=587 trust=ca.pem login=user:password send send
 *
 * Words are done in their order.  "send" sends one mail and prints a line of JSON; a setter that
 * fails prints one too.  See the table for the rest.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <postern.h>

#define KEY "the key that seals the sessions"

static const char message[] = "From: sender@example.org\nTo: a@example.com\nSubject: driven\n"
			      "Date: Tue, 03 Mar 2026 12:00:00 +0000\n"
			      "Message-ID: <driven@example.org>\n\nHello.\n";

struct driver {
	postern *p;
	char *server;
	char tokens[16384]; /* separated by blanks; the last is given again */
	const char *next; /* of them */
	int asked; /* for a token */
	char refusal[1024]; /* the last */
	char *certificate, *key, *secret;
};

static void put(const char *key, const char *value)
{
	printf("\"%s\": \"", key);
	for (; *value; value++)
		if (*value == '"' || *value == '\\')
			printf("\\%c", *value);
		else if ((unsigned char)*value < 0x20)
			printf("\\u%04x", (unsigned)*value);
		else
			putchar(*value);
	putchar('"');
}

static void replace(char **at, const char *value)
{
	size_t n = strlen(value) + 1;

	free(*at);
	*at = malloc(n);
	if (*at)
		memcpy(*at, value, n);
}

/* "NAME:REST" as two strings, the second of which lies in rest. */
static char *split(const char *value, const char **rest)
{
	const char *colon = strchr(value, ':');
	size_t n = colon ? (size_t)(colon - value) : strlen(value);
	char *name = calloc(1, n + 1);

	if (name)
		memcpy(name, value, n);
	*rest = colon ? colon + 1 : "";
	return name;
}

/* ---- setters ---- */

static int set_server(struct driver *d, const char *value)
{
	postern_free(d->p);
	d->p = postern_new(value);
	return d->p ? 0 : POSTERN_E_NOMEM;
}

static int set_login(struct driver *d, const char *value)
{
	const char *password;
	char *name = split(value, &password);
	int rc = postern_set_login(d->p, name, password);

	free(name);
	return rc;
}

static ptrdiff_t get_token(void *arg, const char *refusal, char *buf, size_t cap)
{
	struct driver *d = arg;
	size_t n = strcspn(d->next, " ");

	d->asked++;
	if (refusal)
		snprintf(d->refusal, sizeof(d->refusal), "%s", refusal);
	if (n == 0 || n > cap)
		return -1;
	memcpy(buf, d->next, n);
	if (d->next[n])
		d->next += n + 1;
	return (ptrdiff_t)n;
}

/* "USER:TOKEN TOKEN ..." */
static int set_token(struct driver *d, const char *value)
{
	const char *tokens;
	char *name = split(value, &tokens);
	int rc = postern_set_token(d->p, name, get_token, d);

	snprintf(d->tokens, sizeof(d->tokens), "%s", tokens);
	d->next = d->tokens;
	free(name);
	return rc;
}

static int set_pins(struct driver *d, const char *value)
{
	return postern_set_pins(d->p, value, 0);
}

static int set_pins_only(struct driver *d, const char *value)
{
	return postern_set_pins(d->p, value, 1);
}

static int set_key(struct driver *d, const char *value)
{
	replace(&d->key, value);
	return 0;
}

static int set_secret(struct driver *d, const char *value)
{
	replace(&d->secret, value);
	return 0;
}

/* Behind "key" and "secret". */
static int set_certificate(struct driver *d, const char *value)
{
	return postern_set_certificate(d->p, *value ? value : NULL, d->key, d->secret);
}

static int set_ports(struct driver *d, const char *value)
{
	return postern_set_ports(d->p, value);
}

static int set_trust(struct driver *d, const char *value)
{
	return postern_set_trust(d->p, value);
}

static int set_mechanisms(struct driver *d, const char *value)
{
	return postern_set_mechanisms(d->p, *value ? value : NULL);
}

static int set_binding(struct driver *d, const char *value)
{
	return postern_require_channel_binding(d->p, *value == '1');
}

static int set_weaker(struct driver *d, const char *value)
{
	return postern_allow_weaker_mechanism(d->p, *value == '1');
}

static int set_minimum(struct driver *d, const char *value)
{
	return postern_set_tls_minimum(d->p, *value ? value : NULL);
}

static int set_priority(struct driver *d, const char *value)
{
	return postern_set_tls_priority(d->p, *value ? value : NULL);
}

static int set_staple(struct driver *d, const char *value)
{
	return postern_require_staple(d->p, *value == '1');
}

static int set_resumption(struct driver *d, const char *value)
{
	return postern_set_resumption(d->p, *value == '1');
}

static int set_proxy(struct driver *d, const char *value)
{
	return postern_set_proxy(d->p, *value ? value : NULL);
}

static int set_source(struct driver *d, const char *value)
{
	return postern_set_source(d->p, *value ? value : NULL);
}

static int set_timeout(struct driver *d, const char *value)
{
	return postern_set_limit(d->p, POSTERN_LIMIT_OVERALL, (int)strtol(value, NULL, 10));
}

/* ---- files ---- */

static int save(const char *file, const char *text)
{
	FILE *f = fopen(file, "w");

	if (!f)
		return POSTERN_E_SYSTEM;
	fputs(text, f);
	return fclose(f) ? POSTERN_E_SYSTEM : 0;
}

static char *contents(const char *file)
{
	FILE *f = fopen(file, "r");
	char *text = calloc(1, 1 << 20);

	if (f && text && fread(text, 1, (1 << 20) - 1, f) == 0)
		text[0] = '\0';
	if (f)
		fclose(f);
	return text;
}

static int save_sessions(struct driver *d, const char *file)
{
	return save(file, postern_sessions_save(d->p, KEY, sizeof(KEY)));
}

static int restore_sessions(struct driver *d, const char *file)
{
	char *text = contents(file);
	int rc = postern_sessions_restore(d->p, text, KEY, sizeof(KEY));

	free(text);
	return rc;
}

/* With another key. */
static int steal_sessions(struct driver *d, const char *file)
{
	char *text = contents(file);
	int rc = postern_sessions_restore(d->p, text, "not the key that seals them", 27);

	free(text);
	return rc;
}

static int save_route(struct driver *d, const char *file)
{
	return save(file, postern_route_save(d->p));
}

static int restore_route(struct driver *d, const char *file)
{
	char *text = contents(file);
	int rc = postern_route_restore(d->p, text);

	free(text);
	return rc;
}

static void trace(void *arg, int dir, const char *line, size_t len)
{
	(void)arg;
	fprintf(stderr, "%c %.*s\n", dir, (int)len, line);
}

static int set_trace(struct driver *d, const char *value)
{
	return postern_set_trace(d->p, *value == '1' ? trace : NULL, NULL);
}

/* ---- doing ---- */

static void tell(const struct driver *d, const postern_mail *m)
{
	printf("{");
	put("outcome", postern_outcome_name(postern_mail_outcome(m)));
	printf(", \"code\": %d, ", postern_mail_code(m));
	put("id", postern_mail_error_id(m));
	printf(", ");
	put("error", postern_mail_error(m));
	printf(", ");
	put("advice", postern_mail_advice(m));
	printf(", ");
	put("mechanism", postern_route_mechanism(d->p));
	printf(", ");
	put("tls", postern_route_tls(d->p));
	printf(", ");
	put("version", postern_route_tls_version(d->p));
	printf(", \"port\": %d, \"resumed\": %d, \"asked\": %d, ", postern_route_port(d->p),
	       postern_route_resumed(d->p), d->asked);
	put("refusal", d->refusal);
	printf("}\n");
	fflush(stdout);
}

static int do_send(struct driver *d, const char *value)
{
	postern_mail *m = postern_mail_new("sender@example.org");

	(void)value;
	postern_mail_add_recipient(m, "a@example.com");
	postern_mail_set_text(m, message, strlen(message));
	postern_send(d->p, m);
	tell(d, m);
	postern_mail_free(m);
	return 0;
}

static int do_quit(struct driver *d, const char *value)
{
	(void)value;
	return postern_quit(d->p);
}

static int do_sleep(struct driver *d, const char *value)
{
	(void)d;
	return poll(NULL, 0, (int)strtol(value, NULL, 10));
}

static const struct word {
	const char *name;
	int (*act)(struct driver *d, const char *value);
} words[] = {
	{"server", set_server}, /* a new handle: the first word */
	{"ports", set_ports},
	{"trust", set_trust},
	{"login", set_login}, /* USER:PASSWORD */
	{"token", set_token}, /* USER:TOKEN TOKEN ... */
	{"mechanisms", set_mechanisms},
	{"binding", set_binding}, /* 1 or 0, as are the next */
	{"weaker", set_weaker},
	{"staple", set_staple},
	{"resumption", set_resumption},
	{"pins", set_pins},
	{"pins-only", set_pins_only},
	{"key", set_key},
	{"secret", set_secret},
	{"certificate", set_certificate}, /* behind these two */
	{"minimum", set_minimum},
	{"priority", set_priority},
	{"proxy", set_proxy},
	{"source", set_source},
	{"timeout", set_timeout}, /* milliseconds */
	{"save-sessions", save_sessions}, /* to and from a file, as are the next */
	{"restore-sessions", restore_sessions},
	{"steal-sessions", steal_sessions},
	{"save-route", save_route},
	{"restore-route", restore_route},
	{"trace", set_trace},
	{"send", do_send},
	{"quit", do_quit},
	{"sleep", do_sleep}, /* milliseconds */
};

static int act(struct driver *d, const char *text)
{
	size_t n = strcspn(text, "=");
	const char *value = text[n] ? text + n + 1 : "";

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		int rc;

		if (strlen(words[i].name) != n || memcmp(words[i].name, text, n) != 0)
			continue;
		rc = words[i].act(d, value);
		if (rc < 0) {
			printf("{");
			put("setter", words[i].name);
			printf(", \"code\": %d, ", rc);
			put("error", postern_error(d->p));
			printf("}\n");
		}
		return 0;
	}
	fprintf(stderr, "driver: no word %s\n", text);
	return -1;
}

int main(int argc, char **argv)
{
	struct driver d = {.next = d.tokens};
	int bad = 0;

	for (int i = 1; i < argc && !bad; i++)
		bad = act(&d, argv[i]);
	postern_free(d.p);
	free(d.key);
	free(d.secret);
	return bad ? 2 : 0;
}
