/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <idn2.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "idn.h"
#include "postern.h"
#include "url.h"

static const char *rule_of(int error)
{
	switch (error) {
	case IDN2_TOO_BIG_LABEL:
	case IDN2_PUNYCODE_BIG_OUTPUT:
		return "a label of its domain has over 63 octets as an A-label";
	case IDN2_TOO_BIG_DOMAIN:
		return "its domain has over 253 octets as A-labels";
	case IDN2_NOT_NFC:
		return "its domain is not in Unicode normal form C";
	case IDN2_2HYPHEN:
		return "a label of its domain has hyphens in the third and fourth place";
	case IDN2_HYPHEN_STARTEND:
		return "a label of its domain begins or ends with a hyphen";
	case IDN2_LEADING_COMBINING:
		return "a label of its domain begins with a combining mark";
	case IDN2_DISALLOWED:
		return "its domain has a character that RFC 5892 does not allow";
	case IDN2_UNASSIGNED:
		return "its domain has a character that Unicode does not know";
	case IDN2_CONTEXTJ:
	case IDN2_CONTEXTJ_NO_RULE:
	case IDN2_CONTEXTO:
	case IDN2_CONTEXTO_NO_RULE:
		return "its domain has a character where RFC 5892 does not allow it";
	case IDN2_BIDI:
		return "a label of its domain mixes directions of writing (RFC 5893)";
	case IDN2_DOT_IN_LABEL:
		return "a label of its domain has a dot in it";
	default:
		return "its domain cannot be written as A-labels (RFC 5891)";
	}
}

/* Mapping makes one thing of another: what came out is judged like any address. */
static int judge(const char *address, const char **rule)
{
	char why[1];

	if (!ptn_check_mailbox("", address, why, sizeof(why)))
		return 0;
	*rule = "its domain is none once it is written as A-labels";
	return POSTERN_E_ARG;
}

static int join(char **out, const char *address, size_t local, const char *domain,
		const char **rule)
{
	size_t n = strlen(domain);
	char *whole = ptn_mem_alloc(local + n + 1);
	int err;

	if (!whole)
		return POSTERN_E_NOMEM;
	memcpy(whole, address, local);
	memcpy(whole + local, domain, n);
	err = judge(whole, rule);
	if (err)
		ptn_mem_free(whole);
	else
		*out = whole;
	return err;
}

int ptn_idn_mailbox(char **out, const char *address, const char **rule)
{
	const char *at = strrchr(address, '@');
	size_t local = at ? (size_t)(at + 1 - address) : 0;
	uint8_t *domain = NULL;
	int err;

	*out = NULL;
	if (!at || ptn_text_has_8bit(address, local) || !ptn_text_has_8bit(at, strlen(at)))
		return 0;
	err = idn2_lookup_u8((const uint8_t *)at + 1, &domain,
			     IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (err == IDN2_OK)
		err = join(out, address, local, (const char *)domain, rule);
	else if (err == IDN2_MALLOC)
		err = POSTERN_E_NOMEM;
	else {
		*rule = rule_of(err);
		err = POSTERN_E_ARG;
	}
	idn2_free(domain);
	return err;
}
