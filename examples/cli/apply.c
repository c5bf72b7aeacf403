/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "apply.h"

#include <stdio.h>
#include <string.h>

#include "password.h"
#include "str.h"

static const struct {
	size_t place;
	int (*set)(postern *p, const char *value);
} texts[] = {
	{offsetof(struct common, ports), postern_set_ports},
	{offsetof(struct common, proxy), postern_set_proxy},
	{offsetof(struct common, source), postern_set_source},
	{offsetof(struct common, name), postern_set_name},
	{offsetof(struct common, cafile), postern_set_trust},
	{offsetof(struct common, tls_min), postern_set_tls_minimum},
	{offsetof(struct common, auth), postern_set_mechanisms},
};

static const struct {
	size_t place;
	int (*set)(postern *p, int on);
} flags[] = {
	{offsetof(struct common, binding), postern_require_channel_binding},
	{offsetof(struct common, staple), postern_require_staple},
};

static const void *at(const struct common *c, size_t place)
{
	return (const char *)c + place;
}

static int set_texts(postern *p, const struct common *c)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof texts / sizeof texts[0]; i++) {
		const char *value = *(char *const *)at(c, texts[i].place);

		rc = value ? texts[i].set(p, value) : 0;
	}
	return rc;
}

static int set_flags(postern *p, const struct common *c)
{
	int rc = 0;

	for (size_t i = 0; !rc && i < sizeof flags / sizeof flags[0]; i++)
		rc = *(const int *)at(c, flags[i].place) ? flags[i].set(p, 1) : 0;
	return rc;
}

static void show_line(void *arg, int dir, const char *line, size_t len)
{
	(void)arg;
	fprintf(stderr, "%c %.*s\n", dir, (int)len, line);
}

int apply_failed(const postern *p, int code, int refused, struct failure *f)
{
	if (code == POSTERN_E_NOMEM)
		return fail(f, FAIL_MEMORY, "there is not enough memory");
	return code ? fail(f, refused, "%s", postern_error(p)) : 0;
}

static int set_plain(postern *p, const struct common *c)
{
	int rc = *postern_error(p) ? POSTERN_E_ARG : 0; /* the URL */

	if (!rc)
		rc = set_texts(p, c);
	if (!rc)
		rc = set_flags(p, c);
	if (!rc && c->pin)
		rc = postern_set_pins(p, c->pin, c->pin_only);
	if (!rc && c->timeout >= 0)
		rc = postern_set_limit(p, POSTERN_LIMIT_OVERALL, c->timeout * 1000);
	if (!rc && c->trace)
		rc = postern_set_trace(p, show_line, NULL);
	return rc;
}

static int set_certificate(postern *p, const struct common *c, int refused, struct failure *f)
{
	const char *key = c->key ? c->key : c->cert;
	char secret[MOST_PASSWORD] = "";

	if (!c->key_password_file || !password_read(secret, c->key_password_file, f))
		apply_failed(p,
			     postern_set_certificate(p, c->cert, key,
						     c->key_password_file ? secret : NULL),
			     refused, f);
	wipe(secret, sizeof secret);
	return f->status;
}

static int set_login(postern *p, const struct common *c, int refused, struct failure *f)
{
	char password[MOST_PASSWORD] = "";

	if (!password_read(password, c->password_file, f))
		apply_failed(p, postern_set_login(p, c->user, password), refused, f);
	wipe(password, sizeof password);
	return f->status;
}

static int set_token(postern *p, const struct common *c, struct token_command *t, int refused,
		     struct failure *f)
{
	*t = (struct token_command){.command = c->token_command,
				    .limit_ms = c->timeout > 0 ? c->timeout * 1000 : 0};
	return apply_failed(p, postern_set_token(p, c->user, token_from_command, t), refused, f);
}

void apply_hide(char *url)
{
	if (url && strchr(url, '@'))
		wipe(url, strlen(url));
}

int apply_common(postern *p, struct common *c, struct token_command *t, int refused,
		 struct failure *f)
{
	int rc = set_plain(p, c);

	apply_hide(c->proxy);
	if (apply_failed(p, rc, refused, f) || (c->cert && set_certificate(p, c, refused, f)))
		return f->status;
	if (c->token_command)
		return set_token(p, c, t, refused, f);
	return c->user ? set_login(p, c, refused, f) : 0;
}
