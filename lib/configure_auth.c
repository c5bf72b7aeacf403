/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The setters that say who signs in, and how.
 */
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "handle.h"
#include "sasl/choose.h"
#include "url.h"

enum { WHY = 512 };

/* ---- Credentials: a password or a token. ---- */

/* These take the place of what was set; NULL: none.  What was learned with the old ones goes. */
static void take_credentials(postern *p, char *user, char *password)
{
	ptn_mem_release_string(p->set.user);
	ptn_mem_release_string(p->set.password);
	p->set.user = user;
	p->set.password = password;
	p->set.get_token = NULL;
	p->set.token_arg = NULL;
	ptn_learned_forget(&p->learned);
}

int postern_set_login(postern *p, const char *user, const char *password)
{
	char why[WHY], *copy, *secret;
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (!user && !password) {
		if (!p->set.get_token)
			take_credentials(p, NULL, NULL);
		return ptn_handle_good(p, PTN_SET_LOGIN);
	}
	if (!user || !password)
		return ptn_handle_refuse(p, PTN_SET_LOGIN, POSTERN_E_ARG,
					 "login: user and password go together");
	if (!*user)
		return ptn_handle_refuse(p, PTN_SET_LOGIN, POSTERN_E_ARG, "user: it is empty");
	if (ptn_check_credential("user", user, why, sizeof(why)) ||
	    ptn_check_credential("password", password, why, sizeof(why)))
		return ptn_handle_refuse(p, PTN_SET_LOGIN, POSTERN_E_ARG, why);
	copy = ptn_mem_string(user);
	secret = ptn_mem_string(password);
	if (!copy || !secret) {
		ptn_mem_release_string(copy);
		ptn_mem_release_string(secret);
		return ptn_handle_refuse(p, PTN_SET_LOGIN, POSTERN_E_NOMEM, NULL);
	}
	take_credentials(p, copy, secret);
	return ptn_handle_good(p, PTN_SET_LOGIN);
}

int postern_set_token(postern *p, const char *user,
		      ptrdiff_t (*get_token)(void *arg, const char *refusal, char *buf, size_t cap),
		      void *arg)
{
	char why[WHY], *copy;
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (!user && !get_token) {
		if (p->set.get_token)
			take_credentials(p, NULL, NULL);
		return ptn_handle_good(p, PTN_SET_TOKEN);
	}
	if (!user || !get_token)
		return ptn_handle_refuse(
			p, PTN_SET_TOKEN, POSTERN_E_ARG,
			"token: the user and the function that gives it go together");
	if (ptn_check_credential("user", user, why, sizeof(why)))
		return ptn_handle_refuse(p, PTN_SET_TOKEN, POSTERN_E_ARG, why);
	copy = ptn_mem_string(user);
	if (!copy)
		return ptn_handle_refuse(p, PTN_SET_TOKEN, POSTERN_E_NOMEM, NULL);
	take_credentials(p, copy, NULL);
	p->set.get_token = get_token;
	p->set.token_arg = arg;
	return ptn_handle_good(p, PTN_SET_TOKEN);
}

/* ---- Mechanisms. ---- */

/* "mechanisms: this build does not know "FOO"" */
static int refuse_mechanism(postern *p, const char *word, size_t n)
{
	struct ptn_buf why = {0};
	int err = ptn_buf_puts(&why, "mechanisms: this build does not know \"");

	err = err ? err : ptn_text_escape(&why, word, n, 64);
	err = err ? err : ptn_buf_add(&why, "\"", 2);
	err = ptn_handle_refuse(p, PTN_SET_MECHANISMS, err ? err : POSTERN_E_ARG,
				ptn_buf_data(&why));
	ptn_buf_free(&why);
	return err;
}

/* The list with the names as they are written here, a C string: 0 or the error, told. */
static int read_mechanisms(postern *p, struct ptn_buf *known, const char *list)
{
	const char *word;
	size_t n;
	int err = 0;

	while (!err && (word = ptn_text_word(&list, &n))) {
		const char *name = ptn_sasl_known(word, n);

		if (!name)
			return refuse_mechanism(p, word, n);
		err = ptn_buf_puts(known, name);
		err = err ? err : ptn_buf_puts(known, " ");
	}
	if (!err && !ptn_buf_len(known))
		return ptn_handle_refuse(p, PTN_SET_MECHANISMS, POSTERN_E_ARG,
					 "mechanisms: the list is empty");
	err = err ? err : ptn_buf_add(known, "", 1);
	/* Told, as mechanisms that were not allowed would be used else. */
	return err ? ptn_handle_refuse(p, PTN_SET_MECHANISMS, err, NULL) : 0;
}

int postern_set_mechanisms(postern *p, const char *list)
{
	struct ptn_buf known = {0};
	char *copy = NULL;
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (list)
		err = read_mechanisms(p, &known, list);
	if (list && !err) {
		copy = ptn_mem_string(ptn_buf_data(&known));
		err = copy ? 0 : ptn_handle_refuse(p, PTN_SET_MECHANISMS, POSTERN_E_NOMEM, NULL);
	}
	ptn_buf_free(&known);
	if (err)
		return err;
	ptn_mem_release_string(p->set.mechanisms);
	p->set.mechanisms = copy;
	return ptn_handle_good(p, PTN_SET_MECHANISMS);
}

int postern_require_channel_binding(postern *p, int on)
{
	int err = ptn_handle_may_change(p);

	if (!err)
		p->set.binding_required = on != 0;
	return err;
}

int postern_allow_weaker_mechanism(postern *p, int on)
{
	int err = ptn_handle_may_change(p);

	if (!err)
		p->set.weaker_allowed = on != 0;
	return err;
}
