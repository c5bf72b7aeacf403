/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "monitor.h"
#include "postern.h"
#include "smtp/session.h"

/* Kinds of commands in the queue. */
enum {
	GREETING = 'G',
	EHLO = 'E',
	STARTTLS = 'S',
	AUTH = 'A',
	CANCEL = '*',
	MAIL = 'M',
	RCPT = 'R',
	DATA = 'D',
	CONTENT = 'C',
	LONE_DOT = '.',
	RSET = 'r',
	QUIT = 'Q',
	OTHER = '?'
};
enum { CAP_PIPELINING = 1, CAP_SIZE = 2, CAP_8BITMIME = 4, CAP_SMTPUTF8 = 8, CAP_AUTH = 16 };

#define RULE(m, holds, ...) \
	do { \
		(m)->checks++; \
		if (!(holds)) \
			broke(m, __VA_ARGS__); \
	} while (0)

__attribute__((format(printf, 2, 3))) static void broke(struct monitor *m, const char *format, ...)
{
	va_list args;

	if (*m->wrong)
		return;
	va_start(args, format);
	vsnprintf(m->wrong, sizeof(m->wrong), format, args);
	va_end(args);
}

static void push(struct monitor *m, int kind)
{
	if (m->tail < MONITOR_QUEUE)
		m->queue[m->tail++] = (char)kind;
	else
		broke(m, "W10: over %d commands on one connection", MONITOR_QUEUE);
}

void monitor_begin(struct monitor *m, const struct story *story)
{
	memset(m, 0, sizeof(*m));
	m->story = story;
	push(m, GREETING);
}

void monitor_end(struct monitor *m)
{
	octets_free(&m->line);
	octets_free(&m->reply);
	octets_free(&m->body);
}

static void stop(struct monitor *m, const char *why)
{
	m->broken = 1;
	m->why = why;
}

void monitor_silence(struct monitor *m)
{
	stop(m, "the connection was given up");
}

void monitor_tls_up(struct monitor *m)
{
	RULE(m, !m->line.n, "W2: half a line was sent before TLS");
	m->secured = 1;
	m->tls_due = 0;
	m->caps = 0;
}

void monitor_mail(struct monitor *m)
{
	m->mail_yes = m->accepted = m->handed = m->final = 0;
	m->next = m->answered = 0;
	memset(m->recipients, 0, sizeof(m->recipients));
	m->body.n = 0;
}

int monitor_in_content(const struct monitor *m)
{
	return m->content;
}

/* ---- What the client says. ---- */

static int starts(const char *line, size_t n, const char *word)
{
	size_t len = strlen(word);

	return n >= len && !memcmp(line, word, len);
}

static int kind_of(const struct monitor *m, const char *line, size_t n)
{
	static const struct {
		const char *word;
		int kind;
	} words[] = {{"EHLO ", EHLO}, {"HELO ", EHLO},       {"STARTTLS", STARTTLS},
		     {"AUTH ", AUTH}, {"MAIL FROM:<", MAIL}, {"RCPT TO:<", RCPT},
		     {"DATA", DATA},  {"RSET", RSET},        {"QUIT", QUIT}};

	if (m->auth_asked)
		return n == 1 && *line == '*' ? CANCEL : AUTH;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (starts(line, n, words[i].word))
			return words[i].kind;
	return OTHER;
}

/* W1: what may be said before the floor of security is met. */
static void judge_security(struct monitor *m, int kind, const char *line)
{
	const struct story *s = m->story;
	int early = kind == EHLO || kind == STARTTLS || kind == QUIT;

	if (s->security == PTN_SMTP_STARTTLS && !m->secured)
		RULE(m, early && line[0] != 'H', "W1: \"%s\" before TLS", line);
	if (s->security == PTN_SMTP_OPPORTUNISTIC && !m->secured)
		RULE(m, kind != AUTH, "W1: AUTH before TLS");
	if (s->security == PTN_SMTP_IMPLICIT)
		RULE(m, m->secured, "W1: \"%s\" before TLS", line);
	if (s->mechanism)
		RULE(m, early || kind == AUTH || kind == CANCEL || m->authenticated,
		     "W1: \"%s\" without AUTH", line);
	if (kind == STARTTLS)
		RULE(m, !m->secured, "STARTTLS under TLS (RFC 3207 4.2)");
}

static void judge_octets(struct monitor *m, int kind, const char *line, size_t n)
{
	RULE(m, n + 2 <= (kind == AUTH && m->auth_asked ? 12288 : 512), "W3: a line of %zu octets",
	     n + 2);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)line[i];

		RULE(m, c >= ' ' && c != 0x7F, "W3: control octet %02X in a command", c);
		RULE(m, c < 0x80 || m->utf8, "W3: octet %02X without SMTPUTF8", c);
	}
}

/* W4: groups of commands only as RFC 2920 3.1 allows them. */
static void judge_group(struct monitor *m, int kind, const char *line)
{
	int last = m->tail > m->head ? m->queue[m->tail - 1] : 0;

	if (!last)
		return;
	RULE(m, m->caps & CAP_PIPELINING, "W4: \"%s\" while a reply is due", line);
	RULE(m, (kind == RCPT || kind == DATA) && (last == MAIL || last == RCPT),
	     "W4: \"%s\" behind a command that ends its group", line);
}

static int parameter(struct monitor *m, const char *word, size_t n)
{
	if (starts(word, n, "SIZE="))
		return CAP_SIZE;
	if (n == 13 && starts(word, n, "BODY=8BITMIME"))
		return CAP_8BITMIME;
	if (n == 8 && starts(word, n, "SMTPUTF8")) {
		m->utf8 = 1;
		return CAP_SMTPUTF8;
	}
	return 0;
}

/* W5: no parameter whose keyword is not in the current EHLO. */
static void judge_parameters(struct monitor *m, const char *line, size_t n)
{
	const char *at = memchr(line, '>', n), *end = line + n;

	RULE(m, at, "a path without \">\": \"%s\"", line);
	m->utf8 = 0;
	while (at && ++at < end) {
		size_t len = strcspn(at + 1, " ");
		int cap = *at == ' ' ? parameter(m, at + 1, len) : 0;

		RULE(m, cap && (unsigned)cap & m->caps, "W5: not offered: \"%s\"", line);
		at += len;
	}
}

static void judge_auth(struct monitor *m)
{
	if (m->auth_asked)
		return;
	m->auths++;
	RULE(m, m->auths <= 1, "W8: a second AUTH");
	RULE(m, !m->auth_over, "W8: AUTH after its last reply");
	RULE(m, m->caps & CAP_AUTH, "W5: AUTH was not offered");
}

static void judge_recipient(struct monitor *m, const char *line, size_t n)
{
	char want[512];

	if (m->next >= m->story->n || m->next >= MONITOR_RECIPIENTS) {
		broke(m, "a RCPT too many");
		return;
	}
	snprintf(want, sizeof(want), "RCPT TO:<%s>", m->story->recipients[m->next++]);
	RULE(m, strlen(want) == n && !memcmp(want, line, n), "not the next recipient: \"%s\"",
	     line);
}

static void client_line(struct monitor *m, const char *line, size_t n)
{
	int kind = kind_of(m, line, n);

	RULE(m, !m->broken, "W7: \"%s\" although %s", line, m->why);
	RULE(m, !m->tls_due, "W2: \"%s\" in place of the TLS handshake", line);
	RULE(m, kind != OTHER, "W3: no command of ours: \"%s\"", line);
	judge_security(m, kind, line);
	judge_group(m, kind, line);
	if (kind == MAIL)
		judge_parameters(m, line, n);
	judge_octets(m, kind, line, n);
	if (kind == AUTH)
		judge_auth(m);
	if (kind == RCPT)
		judge_recipient(m, line, n);
	m->auth_asked = 0;
	push(m, kind);
}

static int live(const struct monitor *m)
{
	return m->mail_yes && m->accepted;
}

/* W6: what was sent parses back to exactly the message. */
static void content_over(struct monitor *m)
{
	const struct story *s = m->story;
	struct octets plain = {0};
	const char *p = m->body.p, *end = p + m->body.n - 3;

	for (int start = 1; p < end; start = *p++ == '\n')
		if (!start || *p != '.')
			octets_add(&plain, p, 1);
	octets_add(&plain, "", 0);
	m->content = 0;
	if (live(m)) {
		RULE(m, s->valid, "W6: content that is not valid was ended with a dot");
		RULE(m, s->reader_fails < 0, "W6: the dot was sent though the reader failed");
		RULE(m, plain.n == s->wire.n && (!plain.n || !memcmp(plain.p, s->wire.p, plain.n)),
		     "W6: the content is not the message");
		RULE(m, !s->eightbit || m->caps & CAP_8BITMIME, "W6: 8-bit content not allowed");
		RULE(m, !m->handed, "W6: a second terminator");
		m->handed = 1;
	} else {
		RULE(m, !plain.n, "content was sent though no recipient was accepted");
		m->queue[m->tail - 1] = LONE_DOT;
	}
	octets_free(&plain);
	m->body.n = 0;
}

static void client_content(struct monitor *m, char c)
{
	struct octets *b = &m->body;

	RULE(m, !m->broken, "W7: content although %s", m->why);
	octets_add(b, &c, 1);
	if (c != '\n')
		return;
	RULE(m, b->n > 1 && b->p[b->n - 2] == '\r', "W6: LF without CR");
	if ((b->n == 3 && !memcmp(b->p, ".\r\n", 3)) ||
	    (b->n > 4 && !memcmp(b->p + b->n - 5, "\r\n.\r\n", 5)))
		content_over(m);
}

void monitor_sent(struct monitor *m, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (m->content) {
			client_content(m, p[i]);
			continue;
		}
		RULE(m, !m->tls_due, "W2: an octet before the TLS handshake");
		octets_add(&m->line, p + i, 1);
		RULE(m, m->line.n <= 16384, "W10: a line without end");
		if (p[i] != '\n')
			continue;
		if (m->line.n < 2 || m->line.p[m->line.n - 2] != '\r') {
			broke(m, "W3: a line ends without CR LF");
		} else {
			m->line.p[m->line.n - 2] = '\0';
			client_line(m, m->line.p, m->line.n - 2);
		}
		m->line.n = 0;
	}
}

/* ---- What the server says. ---- */

static void keyword(struct monitor *m, const char *s, size_t n)
{
	static const char *const words[] = {"PIPELINING", "SIZE", "8BITMIME", "SMTPUTF8", "AUTH"};
	size_t len = 0;

	while (len < n && s[len] != ' ' && s[len] != '\r' && s[len] != '=')
		len++;
	for (unsigned i = 0; i < 5; i++)
		if (strlen(words[i]) == len && script_glob(words[i], len, s, len))
			m->caps |= 1u << i;
}

static void read_keywords(struct monitor *m)
{
	const char *at = m->reply.p, *end = at + m->reply.n;

	m->caps = 0;
	for (int first = 1; at < end; first = 0) {
		const char *lf = memchr(at, '\n', (size_t)(end - at));

		if (!first && lf - at > 4)
			keyword(m, at + 4, (size_t)(lf - at) - 4);
		at = lf + 1;
	}
}

/* One line of a reply: 1 the last, 0 another follows, -1 not SMTP. */
static int judge_line(struct monitor *m, const char *p, size_t n)
{
	int code = 0;

	if (n < 5 || p[n - 2] != '\r' || memchr(p, '\0', n) || memchr(p, '\r', n - 2))
		return -1;
	for (int i = 0; i < 3; i++) {
		if (p[i] < '0' || p[i] > '9')
			return -1;
		code = code * 10 + (p[i] - '0');
	}
	if (code < 200 || code > 599 || (m->code && m->code != code) ||
	    (n > 5 && p[3] != ' ' && p[3] != '-'))
		return -1;
	m->code = code;
	return n == 5 || p[3] == ' ';
}

static void reply_to_auth(struct monitor *m, int code)
{
	if (code == 334) {
		m->auth_asked = 1;
		return;
	}
	m->auth_over = 1;
	m->authenticated = code == 235;
}

static void reply_to(struct monitor *m, int kind, int code)
{
	switch (kind) {
	case EHLO:
		if (code == 250)
			read_keywords(m);
		break;
	case STARTTLS:
		m->tls_due = code == 220;
		break;
	case AUTH:
		reply_to_auth(m, code);
		break;
	case MAIL:
		m->mail_yes = code / 100 == 2;
		break;
	case RCPT:
		if (m->answered < MONITOR_RECIPIENTS)
			m->recipients[m->answered++] = code;
		m->accepted += m->mail_yes && code / 100 == 2;
		break;
	case DATA:
		if (code == 354) {
			m->content = 1;
			m->body.n = 0;
			push(m, CONTENT);
		}
		break;
	case CONTENT:
		if (m->content)
			stop(m, "a reply came before the content was over");
		else if (code / 100 != 3)
			m->final = code;
		break;
	case RSET:
		if (code / 10 != 25)
			stop(m, "RSET was refused");
		break;
	case QUIT:
		stop(m, "QUIT was answered");
		break;
	default:
		break;
	}
}

static void reply_over(struct monitor *m)
{
	int code = m->code;

	m->code = 0;
	if (m->head == m->tail)
		stop(m, "a reply came that nobody had asked for");
	else
		reply_to(m, m->queue[m->head++], code);
	if (code == 421)
		stop(m, "the server said 421");
	m->reply.n = 0;
}

void monitor_delivered(struct monitor *m, const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		size_t start = 0;
		int last;

		if (m->tls_due)
			stop(m, "octets came before the TLS handshake");
		if (m->broken)
			return;
		octets_add(&m->reply, p + i, 1);
		if (p[i] != '\n')
			continue;
		for (size_t k = m->reply.n - 1; k-- > 0 && !start;)
			if (m->reply.p[k] == '\n')
				start = k + 1;
		last = judge_line(m, m->reply.p + start, m->reply.n - start);
		if (last < 0)
			stop(m, "a reply was malformed");
		else if (last)
			reply_over(m);
	}
}

/* W12, for one recipient. */
void monitor_outcome(struct monitor *m, size_t i, int outcome)
{
	int yes = m->mail_yes && i < MONITOR_RECIPIENTS && m->recipients[i] / 100 == 2;
	int done = yes && m->handed && m->final / 100 == 2;
	int doubt = yes && m->handed && !m->final;

	RULE(m, outcome != POSTERN_PENDING, "recipient %zu has no outcome", i);
	RULE(m, (outcome == POSTERN_ACCEPTED) == done,
	     "W12: recipient %zu is said %s, handed %d, final reply %d", i,
	     verdict_words(outcome, ""), m->handed, m->final);
	RULE(m, (outcome == POSTERN_IN_DOUBT) == doubt,
	     "W12: recipient %zu is said %s, handed %d, final reply %d", i,
	     verdict_words(outcome, ""), m->handed, m->final);
}
