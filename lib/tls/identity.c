/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <gnutls/x509-ext.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/ip.h"
#include "base/text.h"
#include "postern.h"
#include "tls/identity.h"

enum { LONGEST_NAME = 253, LONGEST_LABEL = 63, SHOWN = 8, MANY = 64, SHOWN_WIDTH = 64 };

static const char oid_alt_name[] = "2.5.29.17";

/* ---- Addresses ---- */

size_t ptn_identity_address(const char *host, unsigned char address[16])
{
	const char *zone = strchr(host, '%');
	size_t n = zone ? (size_t)(zone - host) : strlen(host);
	size_t len = ptn_ip_parse(host, n, address);

	return zone && len != 16 ? 0 : len;
}

/* ---- Names ---- */

/* How many labels s has; 0 if it is no name. */
static size_t count_labels(const char *s, size_t n)
{
	size_t count = 1, len = 0;

	if (n > LONGEST_NAME)
		return 0;
	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)s[i];

		if (c == '.' && len) {
			count++;
			len = 0;
		} else if (!ptn_text_is_alpha(c) && !ptn_text_is_digit(c) && c != '-' && c != '_') {
			return 0;
		} else if (++len > LONGEST_LABEL) {
			return 0;
		}
	}
	return len ? count : 0;
}

size_t ptn_identity_name(const char *host, size_t len)
{
	if (len && host[len - 1] == '.')
		len--;
	return count_labels(host, len) && !ptn_ip_ends_in_number(host, len) ? len : 0;
}

/* Whether a dNSName is of a form that can match at all. */
static int is_pattern(const char *s, size_t n)
{
	if (n > 2 && s[0] == '*' && s[1] == '.')
		return count_labels(s + 2, n - 2) >= 2;
	return count_labels(s, n) > 0;
}

int ptn_identity_match(const char *host, size_t len, const char *pattern, size_t pattern_len)
{
	const char *dot;

	len = ptn_identity_name(host, len);
	if (!len || !is_pattern(pattern, pattern_len))
		return 0;
	if (pattern[0] != '*')
		return ptn_text_same(host, len, pattern, pattern_len);
	dot = memchr(host, '.', len);
	return dot && ptn_text_same(dot, len - (size_t)(dot - host), pattern + 1, pattern_len - 1);
}

/* ---- The certificate ---- */

/* All alternative names, taken apart once: asking the certificate for one after another would take
 * it apart anew for each.  0, or a GNUTLS_E_* code. */
static int read_alt_names(gnutls_x509_crt_t cert, gnutls_subject_alt_names_t *out)
{
	gnutls_datum_t der = {0};
	int rc = gnutls_x509_crt_get_extension_by_oid2(cert, oid_alt_name, 0, &der, NULL);

	*out = NULL;
	if (rc < 0)
		return rc;
	rc = gnutls_subject_alt_names_init(out);
	if (rc >= 0)
		rc = gnutls_x509_ext_import_subject_alt_names(&der, *out, 0);
	gnutls_free(der.data);
	return rc;
}

struct reference {
	const char *host;
	size_t len, address_len;
	unsigned char address[16];
};

static int stands_for(const struct reference *r, unsigned type, const gnutls_datum_t *name)
{
	if (r->address_len)
		return type == GNUTLS_SAN_IPADDRESS && name->size == r->address_len &&
		       !memcmp(name->data, r->address, r->address_len);
	return type == GNUTLS_SAN_DNSNAME &&
	       ptn_identity_match(r->host, r->len, (const char *)name->data, name->size);
}

static int show_address(struct ptn_buf *names, const gnutls_datum_t *name)
{
	const unsigned char *a = name->data;
	char text[48];
	size_t at = 0;

	if (name->size == 4) {
		snprintf(text, sizeof text, "%d.%d.%d.%d", a[0], a[1], a[2], a[3]);
		return ptn_buf_puts(names, text);
	}
	for (size_t i = 0; i < 16; i += 2)
		at += (size_t)snprintf(text + at, sizeof text - at, i ? ":%x" : "%x",
				       (unsigned)a[i] << 8 | a[i + 1]);
	return ptn_buf_puts(names, text);
}

static int can_match(unsigned type, const gnutls_datum_t *name)
{
	if (type == GNUTLS_SAN_IPADDRESS)
		return name->size == 4 || name->size == 16;
	return type == GNUTLS_SAN_DNSNAME && is_pattern((const char *)name->data, name->size);
}

static int show(struct ptn_buf *names, unsigned type, const gnutls_datum_t *name)
{
	if (type == GNUTLS_SAN_IPADDRESS)
		return show_address(names, name);
	return ptn_text_escape(names, (const char *)name->data, name->size, SHOWN_WIDTH);
}

static int list_names(gnutls_subject_alt_names_t all, struct ptn_buf *names, unsigned most)
{
	gnutls_datum_t name;
	unsigned type, shown = 0;

	for (unsigned i = 0; gnutls_subject_alt_names_get(all, i, &type, &name, NULL) >= 0; i++) {
		if (!can_match(type, &name))
			continue;
		if (shown == most)
			return ptn_buf_puts(names, ", ...");
		if ((shown++ && ptn_buf_puts(names, ", ")) || show(names, type, &name))
			return POSTERN_E_NOMEM;
	}
	return 0;
}

int ptn_identity_check(gnutls_x509_crt_t cert, const char *host, struct ptn_buf *names)
{
	struct reference r = {.host = host, .len = strlen(host)};
	gnutls_subject_alt_names_t all;
	gnutls_datum_t name;
	unsigned type;
	int found = 0, rc = read_alt_names(cert, &all);

	r.address_len = ptn_identity_address(host, r.address);
	for (unsigned i = 0; rc >= 0 && !found; i++) {
		if (gnutls_subject_alt_names_get(all, i, &type, &name, NULL) < 0)
			break;
		found = stands_for(&r, type, &name);
	}
	if (rc == GNUTLS_E_MEMORY_ERROR || (rc >= 0 && !found && list_names(all, names, SHOWN)))
		found = POSTERN_E_NOMEM;
	if (all)
		gnutls_subject_alt_names_deinit(all);
	return found;
}

int ptn_identity_names(gnutls_x509_crt_t cert, struct ptn_buf *names)
{
	gnutls_subject_alt_names_t all;
	int rc = read_alt_names(cert, &all);
	int err = rc == GNUTLS_E_MEMORY_ERROR ? POSTERN_E_NOMEM : 0;

	if (rc >= 0)
		err = list_names(all, names, MANY);
	if (all)
		gnutls_subject_alt_names_deinit(all);
	return err;
}
