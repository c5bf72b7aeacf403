/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The setters that say what TLS must be like: check, copy, keep.
 */
#include <string.h>

#include "argument.h"
#include "base/mem.h"
#include "handle.h"
#include "tls/tls.h"

enum { WHY = 512 };

/* "what: why" */
static int fail_for(postern *p, int which, int code, const char *what, const char *why)
{
	char sentence[WHY];

	ptn_check_refuse(sentence, sizeof(sentence), "%s: %s", what, why);
	return ptn_handle_refuse(p, which, code, sentence);
}

/* ---- Whom to trust ---- */

int postern_set_trust(postern *p, const char *pem_file)
{
	struct ptn_trust *trust = NULL;
	const char *why = "";
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (pem_file)
		err = ptn_trust_file(&trust, pem_file, &why);
	else if (!(trust = ptn_trust_system()))
		err = POSTERN_E_NOMEM;
	if (err)
		return fail_for(p, PTN_SET_TRUST, err, "cafile", why);
	ptn_trust_release(p->set.trust);
	p->set.trust = trust;
	return ptn_handle_good(p, PTN_SET_TRUST);
}

static int refuse_pin(postern *p, int err, const char *word, size_t n)
{
	char why[WHY];

	if (!word)
		return ptn_handle_refuse(p, PTN_SET_PINS, err, "pins: the list is empty");
	ptn_check_refuse(why, sizeof(why),
			 "pins: \"%s\" is none, or one too many: each is \"sha256:\" and the "
			 "base64 of 32 octets, and there are %d at most",
			 ptn_check_shown(word, n).text, PTN_PINS_MOST);
	return ptn_handle_refuse(p, PTN_SET_PINS, err, why);
}

int postern_set_pins(postern *p, const char *pins, int instead)
{
	const char *word = NULL;
	size_t n = 0;
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (pins) {
		err = ptn_pins_read(&p->set.tls, pins, &word, &n);
		if (err)
			return refuse_pin(p, err, word, n);
	} else {
		p->set.tls.n_pins = 0;
	}
	p->set.tls.pins_only = pins && instead;
	return ptn_handle_good(p, PTN_SET_PINS);
}

int postern_require_staple(postern *p, int on)
{
	int err = ptn_handle_may_change(p);

	if (!err)
		p->set.tls.staple_required = on != 0;
	return err;
}

/* ---- What is offered ---- */

int postern_set_certificate(postern *p, const char *certificate, const char *key,
			    const char *secret)
{
	struct ptn_tls_own *own = NULL;
	const char *why = "";
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (!certificate != !key)
		return ptn_handle_refuse(p, PTN_SET_CERTIFICATE, POSTERN_E_ARG,
					 "certificate: it goes together with its key");
	if (certificate)
		err = ptn_own_read(&own, certificate, key, secret, &why);
	if (err)
		return fail_for(p, PTN_SET_CERTIFICATE, err, "certificate", why);
	ptn_own_release(p->set.tls.own);
	p->set.tls.own = own;
	return ptn_handle_good(p, PTN_SET_CERTIFICATE);
}

int postern_set_tls_minimum(postern *p, const char *version)
{
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (version && strcmp(version, "1.2") != 0 && strcmp(version, "1.3") != 0)
		return ptn_handle_refuse(p, PTN_SET_TLS_MINIMUM, POSTERN_E_ARG,
					 "TLS minimum: it is \"1.2\" or \"1.3\"");
	p->set.tls.minimum_13 = version && strcmp(version, "1.3") == 0;
	return ptn_handle_good(p, PTN_SET_TLS_MINIMUM);
}

int postern_set_tls_priority(postern *p, const char *priority)
{
	char *copy = NULL;
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	if (priority)
		err = ptn_priority_check(priority);
	if (err)
		return ptn_handle_refuse(
			p, PTN_SET_TLS_PRIORITY, err,
			"TLS priority: it is no GnuTLS priority string with TLS 1.2 or 1.3");
	copy = ptn_mem_string(priority);
	if (priority && !copy)
		return ptn_handle_refuse(p, PTN_SET_TLS_PRIORITY, POSTERN_E_NOMEM, NULL);
	ptn_mem_free(p->set.tls.priority);
	p->set.tls.priority = copy;
	return ptn_handle_good(p, PTN_SET_TLS_PRIORITY);
}

/* ---- Sessions to resume ---- */

int postern_set_resumption(postern *p, int on)
{
	int err = ptn_handle_may_change(p);

	if (err)
		return err;
	p->set.tls.no_resumption = !on;
	if (!on)
		ptn_store_forget(p->set.sessions);
	return 0;
}

const char *postern_sessions_save(postern *p, const void *key, size_t key_len)
{
	if (!p)
		return "";
	ptn_handle_check_fork(p);
	ptn_buf_clear(&p->sessions);
	if (ptn_store_save(p->set.sessions, key, key_len, &p->sessions) ||
	    ptn_buf_add(&p->sessions, "", 1))
		ptn_buf_clear(&p->sessions);
	return ptn_buf_data(&p->sessions);
}

int postern_sessions_restore(postern *p, const char *text, const void *key, size_t key_len)
{
	if (!p)
		return POSTERN_E_NOMEM;
	ptn_handle_check_fork(p);
	return ptn_store_restore(p->set.sessions, text, key, key_len);
}
