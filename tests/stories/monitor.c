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
	CHUNK = 'B',
	LAST = 'L',
	RSET = 'r',
	QUIT = 'Q',
	OTHER = '?'
};
enum {
	CAP_PIPELINING = 1,
	CAP_SIZE = 2,
	CAP_8BITMIME = 4,
	CAP_SMTPUTF8 = 8,
	CAP_AUTH = 16,
	CAP_CHUNKING = 32,
	CAP_BINARYMIME = 64,
	CAP_DSN = 128,
	CAP_DELIVERBY = 256,
	CAP_FUTURERELEASE = 512,
	CAP_PRIORITY = 1024,
	CAP_REQUIRETLS = 2048
};
static const char *const keywords[] = {"PIPELINING", "SIZE",          "8BITMIME",    "SMTPUTF8",
				       "AUTH",       "CHUNKING",      "BINARYMIME",  "DSN",
				       "DELIVERBY",  "FUTURERELEASE", "MT-PRIORITY", "REQUIRETLS"};
enum { KEYWORDS = sizeof(keywords) / sizeof(*keywords) };

/* Parameters, the keyword that offers each, and by how much its line may be longer. */
static const struct {
	const char *word; /* with "=" where a value follows */
	unsigned cap;
	size_t longer;
} parameters[] = {{"SIZE=", CAP_SIZE, 26},
		  {"BODY=8BITMIME", CAP_8BITMIME, 17},
		  {"BODY=BINARYMIME", CAP_BINARYMIME, 17},
		  {"SMTPUTF8", CAP_SMTPUTF8, 10},
		  {"RET=", CAP_DSN, 10},
		  {"ENVID=", CAP_DSN, 107},
		  {"AUTH=", CAP_AUTH, 500},
		  {"REQUIRETLS", CAP_REQUIRETLS, 11},
		  {"BY=", CAP_DELIVERBY, 17},
		  {"HOLDFOR=", CAP_FUTURERELEASE, 34},
		  {"HOLDUNTIL=", CAP_FUTURERELEASE, 34},
		  {"MT-PRIORITY=", CAP_PRIORITY, 15},
		  {"NOTIFY=", CAP_DSN, 28},
		  {"ORCPT=", CAP_DSN, 507}};

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

static struct monitor_mail *mail_at(struct monitor *m, size_t i)
{
	return &m->mails[i < MONITOR_MAILS ? i : MONITOR_MAILS - 1];
}

/* The one begun last. */
static struct monitor_mail *current(struct monitor *m)
{
	return mail_at(m, m->sent ? m->sent - 1 : 0);
}

static void push(struct monitor *m, int kind)
{
	if (m->tail == MONITOR_QUEUE) {
		broke(m, "W10: over %d commands on one connection", MONITOR_QUEUE);
		return;
	}
	m->queue[m->tail].kind = (char)kind;
	m->queue[m->tail++].mail = m->sent ? m->sent - 1 : 0;
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
	for (size_t i = 0; i < MONITOR_MAILS; i++)
		octets_free(&m->mails[i].body);
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
	m->given++;
	if (m->given > MONITOR_MAILS)
		broke(m, "over %d mails in a story", MONITOR_MAILS);
}

int monitor_in_content(const struct monitor *m)
{
	return m->content || m->chunk;
}

/* Nobody is left to deliver it to, and the client knows it. */
static int is_dead(const struct monitor *m, const struct monitor_mail *w)
{
	return w->no || w->no_chunk || (w->refused && w->refused == m->story->n);
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
		     {"DATA", DATA},  {"RSET", RSET},        {"QUIT", QUIT},
		     {"BDAT ", CHUNK}};

	if (m->auth_asked)
		return n == 1 && *line == '*' ? CANCEL : AUTH;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (starts(line, n, words[i].word))
			return words[i].kind == CHUNK && n > 5 && line[n - 1] == 'T'
				       ? LAST
				       : words[i].kind;
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

static void judge_octets(struct monitor *m, int kind, const char *line, size_t n, size_t longer)
{
	RULE(m, n + 2 <= (kind == AUTH && m->auth_asked ? 12288 : 512 + longer),
	     "W3: a line of %zu octets", n + 2);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)line[i];

		RULE(m, c >= ' ' && c != 0x7F, "W3: control octet %02X in a command", c);
		RULE(m, c < 0x80 || m->utf8, "W3: octet %02X without SMTPUTF8", c);
	}
}

static size_t unanswered(const struct monitor *m, int kind)
{
	size_t n = 0;

	for (size_t i = m->head; i < m->tail; i++)
		n += m->queue[i].kind == kind;
	return n;
}

/* Mails with a command that is not answered: they stand in the queue one behind the other. */
static size_t mails_in_window(const struct monitor *m)
{
	size_t n = 0, last = MONITOR_MAILS;

	for (size_t i = m->head; i < m->tail; i++) {
		n += m->queue[i].kind != RSET && m->queue[i].mail != last;
		last = m->queue[i].kind != RSET ? m->queue[i].mail : last;
	}
	return n;
}

/* W4: groups of commands only as RFC 2920 3.1 and RFC 3030 2 allow them.  The next transaction may
 * follow BDAT's last octet, with RSET in between, and the final dot only where the caller said so.
 */
static int may_follow(const struct monitor *m, int kind, int last)
{
	switch (kind) {
	case RCPT:
	case DATA:
		return last == MAIL || last == RCPT;
	case CHUNK:
	case LAST:
		return last == MAIL || last == RCPT || last == CHUNK;
	case RSET:
		return m->story->window && (last == LAST || last == RCPT || last == CHUNK);
	case MAIL:
		return m->story->window &&
		       (last == RSET || (last == CONTENT && m->story->window_data));
	default:
		return 0;
	}
}

static void judge_group(struct monitor *m, int kind, const char *line)
{
	int last = m->tail > m->head ? m->queue[m->tail - 1].kind : 0;

	if (!last)
		return;
	RULE(m, m->caps & CAP_PIPELINING, "W4: \"%s\" while a reply is due", line);
	RULE(m, may_follow(m, kind, last), "W4: \"%s\" behind a command that ends its group", line);
	if (kind == MAIL)
		RULE(m, mails_in_window(m) < m->story->window, "W4: over %u mails in the window",
		     m->story->window);
}

/* W5: no parameter whose keyword is not in the current EHLO.  Gives how much longer the line may
 * be. */
static size_t judge_parameters(struct monitor *m, int kind, const char *line, size_t n)
{
	const char *at = memchr(line, '>', n), *end = line + n;
	size_t longer = 0;

	RULE(m, at, "a path without \">\": \"%s\"", line);
	if (kind == MAIL)
		m->utf8 = 0;
	while (at && ++at < end) {
		size_t len = strcspn(at + 1, " "), i = 0;
		const size_t count = sizeof(parameters) / sizeof(*parameters);

		while (i < count && (*at != ' ' || !starts(at + 1, len, parameters[i].word)))
			i++;
		RULE(m, i < count && parameters[i].cap & m->caps, "W5: not offered: \"%s\"", line);
		if (i == count)
			return longer;
		longer += parameters[i].longer;
		m->utf8 |= parameters[i].cap == CAP_SMTPUTF8;
		at += len;
	}
	return longer;
}

static void judge_auth(struct monitor *m, const char *line)
{
	const char *said = strstr(m->tried, line);
	int fresh = m->auth_refused == 535 && m->story->fresh && !m->freshened;
	int another = m->auth_refused == 504 || m->auth_refused == 534;

	if (m->auth_asked)
		return;
	m->auths++;
	m->freshened |= fresh;
	RULE(m, m->auths <= 3, "W8: AUTH for the fourth time");
	RULE(m, !m->auth_over || fresh || another, "W8: AUTH after its last reply");
	RULE(m, !said, "W8: \"%s\" again", line);
	if (strlen(m->tried) + strlen(line) < sizeof(m->tried))
		strcat(m->tried, line);
	RULE(m, m->caps & CAP_AUTH, "W5: AUTH was not offered");
}

static void judge_recipient(struct monitor *m, const char *line, size_t n)
{
	struct monitor_mail *w = current(m);
	char want[512];

	if (w->next >= m->story->n) {
		broke(m, "a RCPT too many");
		return;
	}
	snprintf(want, sizeof(want), "RCPT TO:<%s>", m->story->recipients[w->next++]);
	RULE(m, n >= strlen(want) && !memcmp(want, line, strlen(want)),
	     "not the next recipient: \"%s\"", line);
}

static void begin_chunk(struct monitor *m, int kind, const char *line)
{
	const char *at = line + 5;

	RULE(m, m->caps & CAP_CHUNKING, "W5: \"%s\" without CHUNKING", line);
	RULE(m, *at >= '0' && *at <= '9', "W3: \"%s\"", line);
	for (m->chunk = 0; *at >= '0' && *at <= '9'; at++)
		m->chunk = m->chunk * 10 + (unsigned)(*at - '0');
	RULE(m, !strcmp(at, kind == LAST ? " LAST" : ""), "W3: \"%s\"", line);
	RULE(m, current(m)->next == m->story->n, "\"%s\" before the last recipient", line);
	RULE(m, !is_dead(m, current(m)), "RFC 3030 2: \"%s\" for a mail that was refused", line);
	RULE(m, unanswered(m, CHUNK) <= 2, "\"%s\" while two chunks are not answered", line);
	m->last = kind == LAST;
}

static void chunk_over(struct monitor *m);

static void client_line(struct monitor *m, const char *line, size_t n)
{
	int kind = kind_of(m, line, n);
	size_t longer = 0;

	RULE(m, !m->broken, "W7: \"%s\" although %s", line, m->why);
	RULE(m, !m->tls_due, "W2: \"%s\" in place of the TLS handshake", line);
	RULE(m, kind != OTHER, "W3: no command of ours: \"%s\"", line);
	judge_security(m, kind, line);
	judge_group(m, kind, line);
	if (kind == MAIL || kind == RCPT)
		longer = judge_parameters(m, kind, line, n);
	judge_octets(m, kind, line, n, longer);
	if (kind == AUTH)
		judge_auth(m, line);
	if (kind == RCPT)
		judge_recipient(m, line, n);
	if (kind == MAIL)
		RULE(m, ++m->sent <= m->given, "a mail is sent that was not given, or twice");
	m->auth_asked = 0;
	push(m, kind);
	if (kind != CHUNK && kind != LAST)
		return;
	begin_chunk(m, kind, line);
	if (!m->chunk)
		chunk_over(m);
}

static int live(const struct monitor *m, const struct monitor_mail *w)
{
	return w->yes && w->accepted && !is_dead(m, w);
}

/* W6: what was sent is exactly the message. */
static void judge_message(struct monitor *m, const struct octets *plain)
{
	const struct story *s = m->story;
	struct monitor_mail *w = current(m);

	RULE(m, s->valid, "W6: content that is not valid was ended");
	RULE(m, s->reader_fails < 0, "W6: it was ended though the reader failed");
	RULE(m, plain->n == s->wire.n && (!plain->n || !memcmp(plain->p, s->wire.p, plain->n)),
	     "W6: the content is not the message");
	RULE(m, !s->eightbit || s->binary || m->caps & CAP_8BITMIME,
	     "W6: 8-bit content not allowed");
	RULE(m, !w->handed, "W6: a second terminator");
	w->handed = 1;
}

static void content_over(struct monitor *m)
{
	struct octets plain = {0}, *body = &current(m)->body;
	const char *p = body->p, *end = p + body->n - 3;

	for (int start = 1; p < end; start = *p++ == '\n')
		if (!start || *p != '.')
			octets_add(&plain, p, 1);
	octets_add(&plain, "", 0);
	m->content = 0;
	if (live(m, current(m))) {
		judge_message(m, &plain);
	} else {
		RULE(m, !plain.n, "content was sent though no recipient was accepted");
		m->queue[m->tail - 1].kind = LONE_DOT;
	}
	octets_free(&plain);
	body->n = 0;
}

/* What was announced for a mail refused meanwhile must come, but need not be the message. */
static void chunk_over(struct monitor *m)
{
	if (!m->last)
		return;
	m->last = 0;
	octets_add(&current(m)->body, "", 0);
	if (is_dead(m, current(m)))
		current(m)->handed = 1;
	else
		judge_message(m, &current(m)->body);
}

/* Gives how many of them belong to the chunk. */
static size_t client_chunk(struct monitor *m, const char *p, size_t n)
{
	n = n < m->chunk ? n : (size_t)m->chunk;
	RULE(m, !m->broken, "W7: content although %s", m->why);
	octets_add(&current(m)->body, p, n);
	m->chunk -= n;
	if (!m->chunk)
		chunk_over(m);
	return n;
}

static void client_content(struct monitor *m, char c)
{
	struct octets *b = &current(m)->body;

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
		if (m->chunk) {
			i += client_chunk(m, p + i, n - i) - 1;
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
	size_t len = 0;

	while (len < n && s[len] != ' ' && s[len] != '\r' && s[len] != '=')
		len++;
	for (unsigned i = 0; i < KEYWORDS; i++)
		if (strlen(keywords[i]) == len && script_glob(keywords[i], len, s, len))
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
	m->auth_refused = code;
	m->authenticated = code == 235;
}

static void reply_to_recipient(struct monitor *m, size_t mail, int code)
{
	struct monitor_mail *w = mail_at(m, mail);
	size_t at = mail * m->story->n + w->answered++;

	if (at < MONITOR_RECIPIENTS)
		m->recipients[at] = code;
	w->accepted += w->yes && code / 100 == 2;
	w->refused += code / 100 > 3;
}

static void reply_to(struct monitor *m, int kind, size_t mail, int code)
{
	struct monitor_mail *w = mail_at(m, mail);

	if (strchr("MRDCBL", kind) && code / 100 > 3)
		w->code = code;
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
		w->yes = code / 100 == 2;
		w->no = code / 100 > 3;
		break;
	case RCPT:
		reply_to_recipient(m, mail, code);
		break;
	case DATA:
		if (code == 354) {
			m->content = 1;
			w->body.n = 0;
			push(m, CONTENT);
		}
		break;
	case CONTENT:
		if (m->content)
			stop(m, "a reply came before the content was over");
		else if (code / 100 != 3)
			w->final = code;
		break;
	case CHUNK:
		w->no_chunk |= code / 100 > 3;
		break;
	case LAST:
		if (code / 100 != 3)
			w->final = code;
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
	if (code == 421 && strchr("MRDCBL", kind))
		w->closing = 1;
}

static void reply_over(struct monitor *m)
{
	int code = m->code;

	m->code = 0;
	if (m->head == m->tail)
		stop(m, "a reply came that nobody had asked for");
	else {
		reply_to(m, m->queue[m->head].kind, m->queue[m->head].mail, code);
		m->head++;
	}
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

int monitor_in_doubt(const struct monitor *m, size_t mail)
{
	const struct monitor_mail *w = &m->mails[mail < MONITOR_MAILS ? mail : MONITOR_MAILS - 1];

	return w->handed && !w->final && !w->closing && !is_dead(m, w);
}

/* W12, for one recipient. */
void monitor_outcome(struct monitor *m, size_t mail, size_t i, int outcome)
{
	const struct monitor_mail *w = mail_at(m, mail);
	size_t at = mail * m->story->n + i;
	int code = at < MONITOR_RECIPIENTS ? m->recipients[at] : 0;
	int done = w->yes && code / 100 == 2 && w->handed && w->final / 100 == 2 && !is_dead(m, w);
	int doubt = code / 100 < 4 && monitor_in_doubt(m, mail);

	RULE(m, outcome != POSTERN_PENDING, "recipient %zu of mail %zu has no outcome", i, mail);
	RULE(m, (outcome == POSTERN_ACCEPTED) == done,
	     "W12: recipient %zu of mail %zu is said %s, handed %d, final reply %d", i, mail,
	     verdict_words(outcome, ""), w->handed, w->final);
	RULE(m, (outcome == POSTERN_IN_DOUBT) == doubt,
	     "W12: recipient %zu of mail %zu is said %s, handed %d, final reply %d", i, mail,
	     verdict_words(outcome, ""), w->handed, w->final);
}
