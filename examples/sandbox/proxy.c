/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "proxy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "log.h"
#include "sasl.h"
#include "server.h"

#define MAX_HEAD 16384 /* octets of an HTTP request */

enum stage {
	STAGE_START,
	STAGE_METHOD,
	STAGE_LOGIN,
	STAGE_CONNECT,
	STAGE_WAIT,
	STAGE_RELAY,
	STAGE_OVER,
	STAGE_DEAF
};

struct proxy {
	enum stage stage;
	struct conn *other; /* NULL: not yet, or gone */
	int far;
	int socks;
	int close_far; /* what the other side sent has ended: ours ends behind it */
	int waited; /* the delay of the stage at hand is over */
	const struct rule *welcome; /* the words of success, if a rule has them */
};

/* What was asked for. */
struct target {
	char host[256];
	size_t n;
	int port;
	int is_name;
};

/* SOCKS replies (RFC 1928 6), and what HTTP says in place of them. */
enum socks {
	SOCKS_OK = 0,
	SOCKS_FAILED = 1,
	SOCKS_FORBIDDEN = 2,
	SOCKS_NET = 3,
	SOCKS_HOST = 4,
	SOCKS_REFUSED = 5,
	SOCKS_COMMAND = 7,
	SOCKS_TYPE = 8
};

struct proxy *proxy_new(struct conn *c)
{
	struct proxy *p = alloc(sizeof(*p));

	p->socks = c->listener->spec->mode == MODE_SOCKS5;
	if (c->listener->does.silent)
		p->stage = STAGE_DEAF;
	return p;
}

struct proxy *proxy_far(struct conn *near)
{
	struct proxy *p = alloc(sizeof(*p));

	p->stage = STAGE_WAIT;
	p->far = 1;
	p->other = near;
	return p;
}

static struct proxy *other_of(const struct proxy *p)
{
	return p->other ? p->other->proxy : NULL;
}

void proxy_free(struct conn *c)
{
	struct proxy *other = c->proxy ? other_of(c->proxy) : NULL;

	if (other) {
		other->other = NULL;
		other->close_far = 1;
	}
	free(c->proxy);
	c->proxy = NULL;
}

int proxy_is_far(const struct conn *c)
{
	return c->proxy->far;
}

/* ---- answers ---- */

static void over(struct conn *c, const char *why)
{
	c->proxy->stage = STAGE_OVER;
	bytes_drop(&c->in, c->in.n);
	conn_close(c, CLOSE_TRUNCATE, why);
}

static void wrong(struct conn *c, const char *what)
{
	log_violation(c, "the client broke the proxy's protocol: %s", what);
	over(c, "the proxy's protocol was broken");
}

static const char *http_reason(int status)
{
	switch (status) {
	case 200:
		return "Connection established";
	case 400:
		return "Bad Request";
	case 403:
		return "Forbidden";
	case 407:
		return "Proxy Authentication Required";
	case 502:
		return "Bad Gateway";
	case 503:
		return "Service Unavailable";
	case 504:
		return "Gateway Timeout";
	default:
		return "As Told";
	}
}

static void say_http(struct conn *c, int status)
{
	struct bytes b = {0};

	bytes_format(&b, "HTTP/1.1 %d %s\r\n", status, http_reason(status));
	if (status == 407)
		bytes_text(&b, "Proxy-Authenticate: Basic realm=\"sandbox\"\r\n");
	if (status / 100 != 2)
		bytes_text(&b, "Content-Length: 0\r\nConnection: close\r\n");
	bytes_text(&b, "\r\n");
	conn_send(c, b.p, b.n);
	bytes_free(&b);
}

static void say_socks(struct conn *c, int code)
{
	const char reply[] = {5, (char)code, 0, 1, 127, 0, 0, 1, 0, 0};

	conn_send(c, reply, sizeof(reply));
}

static int http_status(enum socks code)
{
	static const int statuses[] = {200, 500, 403, 502, 502, 502, 504, 405, 400};

	return statuses[code];
}

/* The request is refused. */
static void refuse(struct conn *c, enum socks code)
{
	if (c->proxy->socks)
		say_socks(c, code);
	else
		say_http(c, http_status(code));
	over(c, "refused");
}

static int is_welcome(const struct conn *c, const struct rule *r)
{
	if (c->proxy->socks)
		return r->len > 1 && r->text[0] == 5 && r->text[1] == 0;
	return r->len > 9 && memcmp(r->text, "HTTP/1.", 7) == 0 && r->text[9] == '2';
}

/* A rule for this stage: 1 if it has ended the conversation.  A number alone is the reply's code.
 */
static int by_rule(struct conn *c, enum command command)
{
	const struct rule *r = conn_rule(c, RULE_REPLY, command, 1);
	long long code;

	if (conn_rule(c, RULE_DROP, command, 1)) {
		over(c, "dropped, as told");
		return 1;
	}
	if (!r)
		return 0;
	if (command == COMMAND_CONNECT && is_welcome(c, r)) {
		c->proxy->welcome = r;
		return 0;
	}
	if (read_number(r->text, r->len, 999, &code))
		conn_send(c, r->text, r->len);
	else if (command != COMMAND_CONNECT)
		conn_send(c, (const char[]){command == COMMAND_METHOD ? 5 : 1, (char)code}, 2);
	else if (c->proxy->socks)
		say_socks(c, (int)code);
	else
		say_http(c, (int)code);
	over(c, "refused, as told");
	return 1;
}

/* 1 if this stage's time has not come. */
static int must_wait(struct conn *c, enum command command)
{
	struct proxy *p = c->proxy;
	const struct rule *r = conn_rule(c, RULE_DELAY, command, 1);

	if (p->waited) {
		p->waited = 0;
		return 0;
	}
	conn_cut(c, command, 1);
	if (!r)
		return 0;
	p->waited = 1;
	c->hold = c->now + r->number;
	return 1;
}

/* ---- the way on ---- */

/* A listener of that name, else the port itself. */
static int port_of(const struct conn *c, const char *address, int port)
{
	char name[16];

	snprintf(name, sizeof(name), "%d", port);
	for (const struct listener *l = c->server->listeners; l; l = l->next)
		if (strcmp(l->spec->name, name) == 0 && strcmp(l->address, address) == 0)
			return l->port;
	return port;
}

/* The address of a target: a name of the map, or one of this machine's own. */
static const char *look_up(const struct conn *c, const struct target *t)
{
	const char *address = behaviour_host(&c->listener->does, t->host, t->n);

	if (address)
		return address;
	if (!t->is_name)
		return t->host;
	return same_word("localhost", t->host, t->n) ||
			       same_word(c->server->options->host_name, t->host, t->n)
		       ? c->server->options->addresses->text
		       : NULL;
}

/* The octets of a socket's address on this machine: 0, or the refusal. */
static enum socks fill(struct sockaddr_storage *a, socklen_t *n, const char *address, int port)
{
	struct sockaddr_in *four = (struct sockaddr_in *)a;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)a;

	memset(a, 0, sizeof(*a));
	if (inet_pton(AF_INET, address, &four->sin_addr) == 1) {
		four->sin_family = AF_INET;
		four->sin_port = htons((unsigned short)port);
		*n = sizeof(*four);
		return ntohl(four->sin_addr.s_addr) >> 24 == 127 ? SOCKS_OK : SOCKS_FORBIDDEN;
	}
	if (inet_pton(AF_INET6, address, &six->sin6_addr) != 1)
		return SOCKS_HOST;
	six->sin6_family = AF_INET6;
	six->sin6_port = htons((unsigned short)port);
	*n = sizeof(*six);
	return IN6_IS_ADDR_LOOPBACK(&six->sin6_addr) ? SOCKS_OK : SOCKS_FORBIDDEN;
}

static enum socks why(int number)
{
	if (number == ECONNREFUSED)
		return SOCKS_REFUSED;
	if (number == ENETUNREACH)
		return SOCKS_NET;
	return number == EHOSTUNREACH || number == ETIMEDOUT ? SOCKS_HOST : SOCKS_FAILED;
}

static void go_on(struct conn *c, const struct target *t)
{
	const char *address = look_up(c, t);
	struct sockaddr_storage a;
	socklen_t n = 0;
	enum socks bad = SOCKS_HOST;
	int fd = -1;

	log_event(c, "asked for %s port %d, %s", t->host, t->port,
		  t->is_name ? "by name" : "by address");
	if (by_rule(c, COMMAND_CONNECT))
		return;
	if (address)
		bad = fill(&a, &n, address, port_of(c, address, t->port));
	if (!bad && server_full(c->server))
		bad = SOCKS_FAILED;
	if (!bad) {
		fd = socket(a.ss_family, SOCK_STREAM, 0);
		if (fd < 0 || server_prepare(fd) ||
		    (connect(fd, (struct sockaddr *)&a, n) && errno != EINPROGRESS))
			bad = why(errno);
	}
	if (bad) {
		if (fd >= 0)
			close(fd);
		refuse(c, bad);
		return;
	}
	c->proxy->stage = STAGE_WAIT;
	c->proxy->other = conn_onward(c, fd);
}

void proxy_connected(struct conn *c)
{
	struct conn *near = c->proxy->other;
	int number = 0;
	socklen_t n = sizeof(number);

	if (getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &number, &n))
		number = errno;
	c->connecting = 0;
	if (!near) {
		conn_close(c, CLOSE_RESET, "nobody wants it any more");
		return;
	}
	if (number) {
		refuse(near, why(number));
		conn_close(c, CLOSE_RESET, strerror(number));
		return;
	}
	log_event(near, "connected onward");
	if (near->proxy->welcome)
		conn_send(near, near->proxy->welcome->text, near->proxy->welcome->len);
	else if (near->proxy->socks)
		say_socks(near, SOCKS_OK);
	else
		say_http(near, 200);
	near->proxy->stage = c->proxy->stage = STAGE_RELAY;
}

/* ---- SOCKS5 ---- */

/* Octets of the greeting, or 0: not all there. */
static int socks_method(struct conn *c)
{
	const unsigned char *in = (const unsigned char *)c->in.p;
	char method = c->listener->does.proxy_user ? 2 : 0;
	size_t n;

	if (c->in.n < 2)
		return 0;
	n = 2u + in[1];
	if (in[0] != 5 || in[1] == 0) {
		wrong(c, "not a SOCKS5 greeting");
		return 0;
	}
	if (c->in.n < n || must_wait(c, COMMAND_METHOD))
		return 0;
	if (c->in.n > n)
		log_event(c, "%zu octets ahead of the method", c->in.n - n);
	if (by_rule(c, COMMAND_METHOD))
		return 0;
	if (!memchr(in + 2, method, in[1])) {
		conn_send(c, "\5\377", 2);
		over(c, "no method in common");
		return 0;
	}
	bytes_drop(&c->in, n);
	conn_send(c, (const char[]){5, method}, 2);
	c->proxy->stage = method ? STAGE_LOGIN : STAGE_CONNECT;
	return 1;
}

static int knows(const struct conn *c, const char *user, size_t n_user, const char *password,
		 size_t n_password)
{
	const char *wanted = c->listener->does.proxy_user, *colon = strchr(wanted, ':');

	return (size_t)(colon - wanted) == n_user && memcmp(wanted, user, n_user) == 0 &&
	       strlen(colon + 1) == n_password && memcmp(colon + 1, password, n_password) == 0;
}

static int socks_login(struct conn *c)
{
	const unsigned char *in = (const unsigned char *)c->in.p;
	size_t user, password;
	int good;

	if (c->in.n < 2 || c->in.n < 3u + in[1])
		return 0;
	user = in[1];
	password = in[2 + user];
	if (in[0] != 1 || user == 0 || password == 0) {
		wrong(c, "not a user name and a password of RFC 1929");
		return 0;
	}
	if (c->in.n < 3 + user + password || must_wait(c, COMMAND_LOGIN))
		return 0;
	good = knows(c, c->in.p + 2, user, c->in.p + 3 + user, password);
	log_event(c, "user %.*s, %s", (int)user, c->in.p + 2, good ? "good" : "refused");
	if (by_rule(c, COMMAND_LOGIN))
		return 0;
	bytes_drop(&c->in, 3 + user + password);
	conn_send(c, good ? "\1\0" : "\1\1", 2);
	if (!good)
		over(c, "the password was refused");
	c->proxy->stage = good ? STAGE_CONNECT : STAGE_OVER;
	return good;
}

/* The address of a request: its octets, 0 if they are not all there, or -1. */
static int socks_target(const struct bytes *b, struct target *t)
{
	const unsigned char *in = (const unsigned char *)b->p;
	size_t n = 4, from = 4;

	if (in[3] == 3)
		n = b->n > 4 ? 1u + in[4] : 1;
	else if (in[3] == 4)
		n = 16;
	else if (in[3] != 1)
		return -1;
	if (b->n < from + n + 2)
		return 0;
	if (in[3] == 3) {
		t->n = n - 1;
		memcpy(t->host, in + 5, t->n);
		t->is_name = 1;
	} else {
		inet_ntop(in[3] == 1 ? AF_INET : AF_INET6, in + 4, t->host, sizeof(t->host));
		t->n = strlen(t->host);
	}
	t->port = in[from + n] << 8 | in[from + n + 1];
	return (int)(from + n + 2);
}

static int socks_connect(struct conn *c)
{
	const unsigned char *in = (const unsigned char *)c->in.p;
	struct target t = {0};
	int n;

	if (c->in.n < 5)
		return 0;
	n = socks_target(&c->in, &t);
	if (in[0] != 5 || in[2] != 0) {
		wrong(c, "not a SOCKS5 request");
		return 0;
	}
	if (n == 0 || must_wait(c, COMMAND_CONNECT))
		return 0;
	if (n > 0 && c->in.n > (size_t)n)
		wrong(c, "octets ahead of the reply");
	else if (n < 0)
		refuse(c, SOCKS_TYPE);
	else if (in[1] != 1)
		refuse(c, SOCKS_COMMAND);
	else if (t.is_name && (t.n == 0 || memchr(t.host, '\0', t.n)))
		wrong(c, "an empty name, or one with NUL");
	else {
		bytes_drop(&c->in, (size_t)n);
		go_on(c, &t);
	}
	return 0;
}

/* ---- HTTP ---- */

/* Octets of the request's head, or 0. */
static size_t http_head(const struct bytes *b)
{
	for (size_t i = 3; i < b->n; i++)
		if (memcmp(b->p + i - 3, "\r\n\r\n", 4) == 0)
			return i + 1;
	return 0;
}

/* "HOST:PORT" or "[ADDRESS]:PORT" */
static int http_target(const char *s, size_t n, struct target *t)
{
	unsigned char a[16];
	long long port;
	size_t colon = n;

	while (colon > 0 && s[colon - 1] != ':')
		colon--;
	if (colon < 2 || colon - 1 >= sizeof(t->host) || n - colon > 5 ||
	    read_number(s + colon, n - colon, 65535, &port))
		return -1;
	n = colon - 1;
	if (s[0] == '[') {
		if (s[n - 1] != ']')
			return -1;
		s++;
		n -= 2;
	}
	memcpy(t->host, s, n);
	t->host[n] = '\0';
	t->n = strlen(t->host);
	t->port = (int)port;
	t->is_name = inet_pton(AF_INET, t->host, a) != 1 && inet_pton(AF_INET6, t->host, a) != 1;
	return t->n == n ? 0 : -1;
}

/* The value of a header field of the head, without blanks around; NULL if there is none. */
static const char *http_field(const char *head, const char *name, size_t *n)
{
	const char *line = strstr(head, "\r\n") + 2;

	for (; strncmp(line, "\r\n", 2) != 0; line = strstr(line, "\r\n") + 2) {
		size_t len = strcspn(line, ":\r"), all = strcspn(line, "\r");

		if (line[len] != ':' || !same_word(name, line, len))
			continue;
		line += len + 1;
		all -= len + 1;
		for (; all && *line == ' '; all--)
			line++;
		while (all && line[all - 1] == ' ')
			all--;
		*n = all;
		return line;
	}
	return NULL;
}

/* Whether the credentials are those of --proxy-user; none are wanted without it. */
static int http_knows(struct conn *c, const char *head)
{
	struct bytes plain = {0};
	size_t n = 0;
	const char *value = http_field(head, "Proxy-Authorization", &n), *colon;
	int good;

	if (!c->listener->does.proxy_user)
		return 1;
	good = value && n > 6 && same_word("Basic ", value, 6) &&
	       sasl_decode(&plain, value + 6, n - 6) == 0;
	colon = good && plain.n ? memchr(plain.p, ':', plain.n) : NULL;
	good = colon && knows(c, plain.p, (size_t)(colon - plain.p), colon + 1,
			      plain.n - (size_t)(colon - plain.p) - 1);
	log_event(c, "user %.*s, %s", colon ? (int)(colon - plain.p) : 0, plain.p ? plain.p : "",
		  good ? "good" : "refused");
	bytes_free(&plain);
	return good;
}

/* "CONNECT TARGET HTTP/1.1", and Host with the same target (RFC 9112 3.2). */
static int http_request(const char *head, struct target *t, const char **bad)
{
	const char *target = head + 8, *host;
	size_t n = strcspn(target, " \r"), n_host = 0;

	*bad = "not a CONNECT request";
	if (strncmp(head, "CONNECT ", 8) != 0 || http_target(target, n, t))
		return -1;
	if (strncmp(target + n, " HTTP/1.1\r\n", 11) != 0 &&
	    strncmp(target + n, " HTTP/1.0\r\n", 11) != 0)
		return -1;
	host = http_field(head, "Host", &n_host);
	*bad = "Host is not the target's";
	return host && n_host == n && memcmp(host, target, n) == 0 ? 0 : -1;
}

static int http_connect(struct conn *c)
{
	size_t n = http_head(&c->in);
	struct target t = {0};
	const char *bad = NULL;
	char *head;

	if (n == 0 && c->in.n > MAX_HEAD)
		wrong(c, "a request without end");
	if (n == 0 || must_wait(c, COMMAND_CONNECT))
		return 0;
	head = copy_text(c->in.p, n);
	if (c->in.n > n)
		bad = "octets ahead of the reply";
	if (strlen(head) != n)
		bad = "NUL in the request";
	log_text(c, 'C', head, strcspn(head, "\n") + 1);
	bytes_drop(&c->in, n);
	if (bad || http_request(head, &t, &bad)) {
		say_http(c, 400);
		wrong(c, bad);
	} else if (!http_knows(c, head)) {
		if (!by_rule(c, COMMAND_CONNECT)) {
			say_http(c, 407);
			over(c, "the password was refused");
		}
	} else {
		go_on(c, &t);
	}
	free(head);
	return 0;
}

/* ---- both ways ---- */

static void pass(struct conn *from, struct conn *to)
{
	size_t room = to->out.n < CONN_WINDOW ? CONN_WINDOW - to->out.n : 0;
	size_t n = from->in.n < room ? from->in.n : room;

	conn_pass(to, from->in.p, n);
	bytes_drop(&from->in, n);
}

static void relay(struct conn *c)
{
	struct proxy *p = c->proxy;

	if (p->other) {
		pass(c, p->other);
		pass(p->other, c);
	} else {
		bytes_drop(&c->in, c->in.n);
	}
	if (p->close_far && !c->out.n && !c->raw_out.n && !(p->other && p->other->in.n)) {
		conn_fin(c, 0);
		if (!p->other || c->eof)
			conn_close(c, CLOSE_TRUNCATE, "both sides have closed");
	}
}

void proxy_run(struct conn *c)
{
	int again = 1;

	while (again && c->closing == OPEN && c->now >= c->hold) {
		again = 0;
		switch (c->proxy->stage) {
		case STAGE_START:
			c->proxy->stage = c->proxy->socks ? STAGE_METHOD : STAGE_CONNECT;
			again = 1;
			break;
		case STAGE_METHOD:
			again = socks_method(c);
			break;
		case STAGE_LOGIN:
			again = socks_login(c);
			break;
		case STAGE_CONNECT:
			again = c->proxy->socks ? socks_connect(c) : http_connect(c);
			break;
		case STAGE_RELAY:
			relay(c);
			break;
		case STAGE_DEAF:
			bytes_drop(&c->in, c->in.n);
			break;
		case STAGE_WAIT:
		case STAGE_OVER:
			break;
		}
	}
}

/* This side has closed, and all it sent was read. */
void proxy_closed(struct conn *c)
{
	struct proxy *p = c->proxy, *other = other_of(p);

	if (p->stage == STAGE_RELAY && p->other) {
		if (c->in.n == 0)
			other->close_far = 1;
		if (p->close_far && c->shut)
			conn_close(c, CLOSE_TRUNCATE, "both sides have closed");
		return;
	}
	if (p->other) { /* on its way there */
		conn_close(p->other, CLOSE_RESET, "the client closed");
		p->other->close_at = server_now();
	}
	conn_close(c, CLOSE_TRUNCATE, "the client closed");
}

int proxy_awake(const struct conn *c)
{
	const struct proxy *p = c->proxy;

	if (p->stage != STAGE_RELAY && p->stage != STAGE_OVER)
		return 0;
	if (c->out.n && !c->raw_out.n)
		return 1;
	return p->close_far && !c->shut && !c->out.n && !c->raw_out.n;
}
