/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/ip.h"
#include "base/mem.h"
#include "base/text.h"
#include "net/proxy.h"

enum {
	VERSION = 5, /* RFC 1928 */
	NO_SIGN_IN = 0,
	PASSWORD = 2,
	NONE_GOOD = 0xFF,
	CONNECT = 1,
	IPV4 = 1,
	NAME = 3,
	IPV6 = 4,
	MOST_HEADER = 16 * 1024,
	MOST_DETAIL = 160
};

enum state {
	METHOD, /* SOCKS5: which sign-in it wants */
	SIGN_IN, /* whether it takes ours */
	REPLY, /* what became of the request */
	ADDRESS, /* from where it connected: read and forgotten */
	STATUS, /* HTTP: the status line */
	HEADER, /* the fields behind it, up to an empty line */
	STANDS,
	FAILED
};

struct ptn_proxy {
	const struct ptn_proxy_settings *set;
	char *host;
	int port;
	enum state state;
	struct ptn_buf out;
	int fault;
	char detail[MOST_DETAIL];
	unsigned char in[5]; /* SOCKS5: of the answer that is expected */
	size_t n, skip; /* octets in it; octets to be read and forgotten */
	char line[MOST_DETAIL]; /* HTTP: the status line; what is longer is dropped */
	size_t header, length; /* octets of the whole header so far, and of its current line */
	int code;
};

void ptn_proxy_settings_free(struct ptn_proxy_settings *s)
{
	if (!s)
		return;
	ptn_mem_release_string(s->host);
	ptn_mem_release_string(s->user);
	ptn_mem_release_string(s->password);
	ptn_mem_release(s, sizeof *s);
}

/* ---- Failing. ---- */

/* The secrets as they are, and as they went out: neither is shown if the proxy repeats it. */
static int tells_secret(const struct ptn_proxy *p, const char *text)
{
	struct ptn_buf pair = {0}, coded = {0};
	const char *user = p->set->user, *password = p->set->password;
	int tells = 0;

	if (!password || !*text)
		return 0;
	if (ptn_buf_puts(&pair, user) || ptn_buf_puts(&pair, ":") ||
	    ptn_buf_puts(&pair, password) ||
	    ptn_text_base64(&coded, ptn_buf_data(&pair), ptn_buf_len(&pair)) ||
	    ptn_buf_add(&coded, "", 1))
		tells = 1; /* not known, so not shown */
	else
		tells = (*password && strstr(text, password)) ||
			strstr(text, ptn_buf_data(&coded)) != NULL;
	ptn_buf_free(&pair);
	ptn_buf_free(&coded);
	return tells;
}

static void fail(struct ptn_proxy *p, int fault, const char *detail)
{
	p->state = FAILED;
	p->fault = fault;
	ptn_buf_clear(&p->out);
	snprintf(p->detail, sizeof p->detail, "%s", tells_secret(p, detail) ? "" : detail);
}

static void no_memory(struct ptn_proxy *p)
{
	fail(p, PTN_FAULT_NO_MEMORY, "");
}

void ptn_proxy_ended(struct ptn_proxy *p)
{
	static const char closed[] = "it closed the connection";

	if (p->state >= STANDS)
		return;
	if (p->state == METHOD)
		fail(p, PTN_FAULT_PROXY_MALFORMED, closed);
	else
		fail(p, p->state == SIGN_IN ? PTN_FAULT_PROXY_AUTH : PTN_FAULT_PROXY_REFUSED,
		     closed);
}

/* ---- SOCKS5. ---- */

static int put(struct ptn_proxy *p, const void *octets, size_t n)
{
	return ptn_buf_add(&p->out, octets, n);
}

static int put_octet(struct ptn_proxy *p, size_t v)
{
	unsigned char c = (unsigned char)v;

	return put(p, &c, 1);
}

static int put_counted(struct ptn_proxy *p, const char *s)
{
	size_t n = strlen(s);

	if (n > 255) /* never sent cut: the setter does not let it in */
		return POSTERN_E_ARG;
	return put_octet(p, n) || put(p, s, n) ? POSTERN_E_NOMEM : 0;
}

/* The sign-in is offered beside none at all: the proxy chooses. */
static int greet(struct ptn_proxy *p)
{
	static const unsigned char open[] = {VERSION, 1, NO_SIGN_IN};
	static const unsigned char either[] = {VERSION, 2, NO_SIGN_IN, PASSWORD};

	p->state = METHOD;
	return p->set->user ? put(p, either, sizeof either) : put(p, open, sizeof open);
}

static int sign_in(struct ptn_proxy *p)
{
	p->state = SIGN_IN;
	return put_octet(p, 1) || put_counted(p, p->set->user) ||
	       put_counted(p, p->set->password); /* RFC 1929 2 */
}

static int put_destination(struct ptn_proxy *p)
{
	unsigned char address[16];
	size_t n = ptn_ip_parse(p->host, strlen(p->host), address);

	if (!n)
		return put_octet(p, NAME) || put_counted(p, p->host);
	return put_octet(p, n == 4 ? IPV4 : IPV6) || put(p, address, n);
}

static int request(struct ptn_proxy *p)
{
	static const unsigned char head[] = {VERSION, CONNECT, 0};
	unsigned char port[] = {(unsigned char)(p->port >> 8), (unsigned char)p->port};

	p->state = REPLY;
	return put(p, head, sizeof head) || put_destination(p) || put(p, port, sizeof port);
}

static void take_method(struct ptn_proxy *p)
{
	if (p->in[1] == NO_SIGN_IN) {
		if (request(p))
			no_memory(p);
	} else if (p->in[1] == PASSWORD && p->set->user) {
		if (sign_in(p))
			no_memory(p);
	} else if (p->in[1] == NONE_GOOD) {
		fail(p, PTN_FAULT_PROXY_AUTH,
		     p->set->user ? "it takes no sign-in by password" : "it wants a sign-in");
	} else {
		fail(p, PTN_FAULT_PROXY_MALFORMED, "it chose a sign-in that was not offered");
	}
}

static void take_reply(struct ptn_proxy *p)
{
	static const char *const meanings[] = {
		"",
		"the proxy failed",
		"its rules do not allow it",
		"it has no route to the server's network",
		"it cannot reach the server",
		"the server refused the connection",
		"the server did not answer in time",
		"it does not make connections",
		"it does not know this kind of address",
	};

	if (p->in[1] >= sizeof meanings / sizeof *meanings)
		fail(p, PTN_FAULT_PROXY_REFUSED, "for a reason that it did not give");
	else if (p->in[1])
		fail(p, PTN_FAULT_PROXY_REFUSED, meanings[p->in[1]]);
}

/* The bound address and port follow, of no use here; of a name the first octet has come. */
static void take_kind(struct ptn_proxy *p)
{
	p->state = ADDRESS;
	p->skip = (p->in[3] == IPV4 ? 4 - 1 : p->in[3] == IPV6 ? 16 - 1 : p->in[4]) + 2u;
}

/* What is wrong or refused is so with its octet: some say no more, and close. */
static void take_octet(struct ptn_proxy *p, unsigned char c)
{
	p->in[p->n++] = c;
	/* The first octet of a sign-in's answer differs between proxies, and means nothing. */
	if (p->n == 1 && c != VERSION && p->state != SIGN_IN) {
		fail(p, PTN_FAULT_PROXY_MALFORMED, "it does not speak SOCKS5");
	} else if (p->n == 2 && p->state == METHOD) {
		p->n = 0;
		take_method(p);
	} else if (p->n == 2 && p->state == SIGN_IN) {
		p->n = 0;
		if (c)
			fail(p, PTN_FAULT_PROXY_AUTH, "");
		else if (request(p))
			no_memory(p);
	} else if (p->n == 2) {
		take_reply(p);
	} else if (p->n == 4 && c != IPV4 && c != IPV6 && c != NAME) {
		fail(p, PTN_FAULT_PROXY_MALFORMED, "it connected from an address of no known kind");
	} else if (p->n == 5) {
		take_kind(p);
	}
}

static size_t feed_socks(struct ptn_proxy *p, const char *in, size_t len)
{
	size_t used = 0;

	while (used < len && p->state < STANDS) {
		if (p->state != ADDRESS)
			take_octet(p, (unsigned char)in[used]);
		else if (!--p->skip)
			p->state = STANDS;
		used++;
	}
	return used;
}

/* ---- HTTP. ---- */

static int put_authority(struct ptn_proxy *p)
{
	const char *open = strchr(p->host, ':') ? "[" : "", *close = *open ? "]" : "";

	return ptn_buf_puts(&p->out, open) || ptn_buf_puts(&p->out, p->host) ||
	       ptn_buf_puts(&p->out, close) || ptn_buf_puts(&p->out, ":") ||
	       ptn_text_decimal(&p->out, (unsigned)p->port);
}

/* Basic (RFC 7617): there is no asking first, as CONNECT is not a request to do twice. */
static int put_credentials(struct ptn_proxy *p)
{
	struct ptn_buf pair = {0};
	int err;

	if (!p->set->user)
		return 0;
	err = ptn_buf_puts(&pair, p->set->user) || ptn_buf_puts(&pair, ":") ||
	      ptn_buf_puts(&pair, p->set->password) ||
	      ptn_buf_puts(&p->out, "Proxy-Authorization: Basic ") ||
	      ptn_text_base64(&p->out, ptn_buf_data(&pair), ptn_buf_len(&pair)) ||
	      ptn_buf_puts(&p->out, "\r\n");
	ptn_buf_free(&pair);
	return err;
}

static int ask(struct ptn_proxy *p)
{
	p->state = STATUS;
	return ptn_buf_puts(&p->out, "CONNECT ") || put_authority(p) ||
	       ptn_buf_puts(&p->out, " HTTP/1.1\r\nHost: ") || put_authority(p) ||
	       ptn_buf_puts(&p->out, "\r\n") || put_credentials(p) || ptn_buf_puts(&p->out, "\r\n");
}

/* "HTTP/1.1 200", and what follows: 0, or -1 if it cannot be one.  n octets of it have come. */
static int fits_status(const char *line, size_t n)
{
	static const char form[] = "HTTP/1.d ddd"; /* d: any digit */

	for (size_t i = 0; i < n && form[i]; i++)
		if (form[i] == 'd' ? !ptn_text_is_digit((unsigned char)line[i])
				   : line[i] != form[i])
			return -1;
	return n < sizeof form || line[sizeof form - 1] == ' ' ? 0 : -1;
}

static void take_status(struct ptn_proxy *p)
{
	const char *code = p->line + 9;

	while (p->length && p->line[p->length - 1] == '\r')
		p->length--;
	p->line[p->length] = '\0';
	if (p->length < 12 || fits_status(p->line, p->length)) {
		fail(p, PTN_FAULT_PROXY_MALFORMED, "it does not speak HTTP");
		return;
	}
	p->code = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
	p->state = HEADER;
	p->length = 0;
	if (p->code == 407)
		fail(p, PTN_FAULT_PROXY_AUTH, code);
	else if (p->code >= 300 || p->code < 100)
		fail(p, PTN_FAULT_PROXY_REFUSED, code);
}

/* An interim answer (1xx) is followed by another; no field of a good one means anything, not even a
 * length (RFC 9110 9.3.6). */
static void end_header(struct ptn_proxy *p)
{
	p->state = p->code < 200 ? STATUS : STANDS;
	p->length = 0;
}

static void take_character(struct ptn_proxy *p, char c)
{
	if (++p->header > MOST_HEADER) {
		fail(p, PTN_FAULT_PROXY_MALFORMED, "its answer has no end");
	} else if (p->state == STATUS && c == '\n') {
		take_status(p);
	} else if (p->state == STATUS) {
		if (p->length + 1 < sizeof p->line)
			p->line[p->length++] = c;
		if (c != '\r' && fits_status(p->line, p->length))
			fail(p, PTN_FAULT_PROXY_MALFORMED, "it does not speak HTTP");
	} else if (c == '\n') { /* alone it ends a line too (RFC 9112 2.2) */
		if (!p->length)
			end_header(p);
		p->length = 0;
	} else if (c != '\r') {
		p->length++;
	}
}

static size_t feed_http(struct ptn_proxy *p, const char *in, size_t len)
{
	size_t used = 0;

	while (used < len && p->state < STANDS)
		take_character(p, in[used++]);
	return used;
}

/* ---- Both. ---- */

struct ptn_proxy *ptn_proxy_new(const struct ptn_proxy_settings *set, const char *host, int port)
{
	struct ptn_proxy *p = ptn_mem_alloc(sizeof *p);

	if (!p)
		return NULL;
	p->set = set;
	p->port = port;
	p->host = ptn_mem_string(host);
	if (!p->host || (set->kind == PTN_PROXY_HTTP ? ask(p) : greet(p))) {
		ptn_proxy_free(p);
		return NULL;
	}
	return p;
}

void ptn_proxy_free(struct ptn_proxy *p)
{
	if (!p)
		return;
	ptn_mem_free(p->host);
	ptn_buf_free(&p->out);
	ptn_mem_release(p, sizeof *p);
}

size_t ptn_proxy_feed(struct ptn_proxy *p, const char *in, size_t len)
{
	return p->set->kind == PTN_PROXY_HTTP ? feed_http(p, in, len) : feed_socks(p, in, len);
}

size_t ptn_proxy_out(const struct ptn_proxy *p, const char **out)
{
	*out = ptn_buf_data(&p->out);
	return ptn_buf_len(&p->out);
}

void ptn_proxy_wrote(struct ptn_proxy *p, size_t n)
{
	ptn_buf_took(&p->out, n);
}

int ptn_proxy_stands(const struct ptn_proxy *p)
{
	return p->state == STANDS;
}

int ptn_proxy_fault(const struct ptn_proxy *p)
{
	return p->fault;
}

const char *ptn_proxy_detail(const struct ptn_proxy *p)
{
	return p->detail;
}

int ptn_proxy_asked(const struct ptn_proxy *p)
{
	return p->state >= REPLY && p->state < STANDS;
}
