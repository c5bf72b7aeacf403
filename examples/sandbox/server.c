/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "server.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "smtp.h"

#define MAX_OPEN 256
#define GRACE_MS 2000 /* for connections when the server is stopping */
#define TRIES 20 /* to find a port that is free on every address */

static int signal_pipe[2] = {-1, -1};

static void on_signal(int number)
{
	int keep = errno;
	char k = (char)number;

	if (write(signal_pipe[1], &k, 1) < 0)
		errno = keep; /* full: one is enough */
	errno = keep;
}

long long server_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int server_prepare(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return -1;
	return 0;
}

/* ---- listeners ---- */

static struct addrinfo *look_up(const char *address, int port)
{
	struct addrinfo hints = {0}, *found = NULL;
	char text[16];

	snprintf(text, sizeof(text), "%d", port);
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE;
	return getaddrinfo(address, text, &hints, &found) == 0 ? found : NULL;
}

static int port_of(int fd)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);

	if (getsockname(fd, (struct sockaddr *)&a, &n))
		return 0;
	if (a.ss_family == AF_INET6)
		return ntohs(((struct sockaddr_in6 *)&a)->sin6_port);
	return ntohs(((struct sockaddr_in *)&a)->sin_port);
}

/* A bound socket, or -1 with errno. */
static int bind_to(const char *address, int port)
{
	struct addrinfo *a = look_up(address, port);
	int fd, one = 1, keep;

	if (!a) {
		errno = EINVAL;
		return -1;
	}
	fd = socket(a->ai_family, SOCK_STREAM, 0);
	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (a->ai_family == AF_INET6)
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof(one));
		if (server_prepare(fd) || bind(fd, a->ai_addr, a->ai_addrlen)) {
			keep = errno;
			close(fd);
			errno = keep;
			fd = -1;
		}
	}
	freeaddrinfo(a);
	return fd;
}

/* A listener whose queue is full, so that the system drops further attempts to connect. */
static void stall(struct listener *l)
{
	struct addrinfo *a = look_up(l->address, l->port);

	for (size_t i = 0; a && i < sizeof(l->fillers) / sizeof(l->fillers[0]); i++) {
		int fd = socket(a->ai_family, SOCK_STREAM, 0);

		if (fd >= 0 && (server_prepare(fd) ||
				(connect(fd, a->ai_addr, a->ai_addrlen) && errno != EINPROGRESS))) {
			close(fd);
			fd = -1;
		}
		l->fillers[i] = fd;
	}
	if (a)
		freeaddrinfo(a);
}

static int complain(const char *address, int port)
{
	if (errno == EINVAL)
		fprintf(stderr, "postern-sandbox: %s is not an IP address\n", address);
	else
		fprintf(stderr, "postern-sandbox: cannot listen on %s port %d: %s\n", address, port,
			errno == EADDRINUSE ? "another program has it (0 takes a free one)"
					    : strerror(errno));
	return -1;
}

static int add_listener(struct server *s, const struct listen_spec *spec, const char *address,
			int fd)
{
	struct listener *l = alloc(sizeof(*l)), **at = &s->listeners;
	int bad = 0;

	l->spec = spec;
	l->address = copy_text(address, strlen(address));
	l->fd = fd;
	l->port = port_of(fd);
	for (size_t i = 0; i < sizeof(l->fillers) / sizeof(l->fillers[0]); i++)
		l->fillers[i] = -1;
	behaviour_resolve(&l->does, s->options->rules, spec->name);
	while (*at)
		at = &(*at)->next;
	*at = l;
	if (!l->does.blocked)
		bad = listen(fd, l->does.stalled ? 0 : 128);
	if (bad)
		return complain(address, l->port);
	if (l->does.stalled)
		stall(l);
	return 0;
}

/* The same port on each address; fds[i] for the ith.  0, 1: try another, or -1 after a message. */
static int bind_all(const struct address *addresses, int wanted, int *fds, int *n)
{
	int port = wanted;

	*n = 0;
	for (const struct address *a = addresses; a; a = a->next) {
		int fd = bind_to(a->text, port);

		if (fd < 0) {
			int again = errno == EADDRINUSE && wanted == 0 && *n > 0;

			if (!again)
				complain(a->text, port);
			while (*n)
				close(fds[--*n]);
			return again ? 1 : -1;
		}
		fds[(*n)++] = fd;
		port = port_of(fd);
	}
	return 0;
}

/* A Unix socket; one that nobody listens on is taken over. */
static int open_unix(struct server *s, const struct listen_spec *spec)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), busy;
	struct stat st;

	memcpy(a.sun_path, spec->path, strlen(spec->path)); /* measured by the options */
	busy = fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
	if (fd >= 0)
		close(fd);
	fd = busy ? -1 : socket(AF_UNIX, SOCK_STREAM, 0);
	if (!busy && lstat(spec->path, &st) == 0 && S_ISSOCK(st.st_mode))
		unlink(spec->path);
	if (fd < 0 || server_prepare(fd) || bind(fd, (struct sockaddr *)&a, sizeof(a))) {
		fprintf(stderr, "postern-sandbox: cannot listen on %s: %s\n", spec->path,
			busy ? "another program has it" : strerror(errno));
		if (fd >= 0)
			close(fd);
		return -1;
	}
	return add_listener(s, spec, spec->path, fd);
}

static int open_listener(struct server *s, const struct listen_spec *spec)
{
	struct address one = {NULL, spec->address};
	const struct address *a = spec->address ? &one : s->options->addresses;
	int fds[16], n = 0, state = 1;

	if (spec->path)
		return open_unix(s, spec);
	for (int i = 0; state == 1 && i < TRIES; i++)
		state = bind_all(a, spec->port, fds, &n);
	if (state == 1)
		fprintf(stderr, "postern-sandbox: no port is free on all addresses\n");
	for (int i = 0; state == 0 && i < n; i++, a = a->next)
		if (add_listener(s, spec, a->text, fds[i]))
			return -1; /* the rest are closed by the end of the program */
	return state ? -1 : 0;
}

int server_watch_signals(void)
{
	struct sigaction action = {0};

	if (pipe(signal_pipe) || server_prepare(signal_pipe[0]) || server_prepare(signal_pipe[1])) {
		perror("postern-sandbox: pipe");
		return -1;
	}
	action.sa_handler = on_signal;
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	action.sa_handler = SIG_IGN;
	sigaction(SIGPIPE, &action, NULL);
	return 0;
}

int server_open(struct server *s, const struct options *o, const char *dir)
{
	memset(s, 0, sizeof(*s));
	s->options = o;
	s->dir = copy_text(dir, strlen(dir));
	for (const struct listen_spec *spec = o->listeners; spec; spec = spec->next)
		if (open_listener(s, spec))
			return -1;
	return 0;
}

static void close_listeners(struct server *s)
{
	while (s->listeners) {
		struct listener *l = s->listeners;

		s->listeners = l->next;
		for (size_t i = 0; i < sizeof(l->fillers) / sizeof(l->fillers[0]); i++)
			if (l->fillers[i] >= 0)
				close(l->fillers[i]);
		if (l->fd >= 0)
			close(l->fd);
		if (l->spec->path)
			unlink(l->spec->path);
		free(l->address);
		free(l);
	}
}

void server_close(struct server *s)
{
	while (s->conns) {
		struct conn *c = s->conns;

		s->conns = c->next;
		conn_free(c);
	}
	close_listeners(s);
	for (int i = 0; i < 2; i++) {
		if (signal_pipe[i] >= 0)
			close(signal_pipe[i]);
		signal_pipe[i] = -1;
	}
	free(s->dir);
	s->dir = NULL;
}

/* ---- where it is ---- */

static void percent(struct bytes *b, const char *s)
{
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		int plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || strchr("-._~", c);

		bytes_format(b, plain ? "%c" : "%%%02X", c);
	}
}

/* The names of the certificates cover localhost; another address stands for itself. */
static void url_host(const struct listener *l, struct bytes *b)
{
	const char *a = l->address;

	if (strcmp(a, "127.0.0.1") == 0 || strcmp(a, "::1") == 0)
		bytes_text(b, "localhost");
	else
		bytes_format(b, strchr(a, ':') ? "[%s]" : "%s", a);
}

/* A port is named once, whatever the number of its addresses. */
static int is_first(const struct server *s, const struct listener *l)
{
	const struct listener *m = s->listeners;

	while (m != l && m->spec != l->spec)
		m = m->next;
	return m == l;
}

static void url_ports(const struct server *s, struct bytes *b)
{
	int secure = 0, n = 0;

	for (const struct listener *l = s->listeners; l; l = l->next)
		secure |= l->spec->mode < MODE_NONE;
	for (const struct listener *l = s->listeners; l; l = l->next) {
		if (l->spec->path || is_proxy(l->spec->mode))
			continue;
		if (!is_first(s, l) || (secure && l->spec->mode == MODE_NONE) || (!secure && n))
			continue; /* a port without TLS must stand alone */
		bytes_format(b, "%s%d/%s", n++ ? "," : "", l->port, mode_name(l->spec->mode));
	}
}

void server_ready(const struct server *s, struct bytes *out)
{
	const struct user *u = s->options->users;
	const struct listener *tcp = s->listeners;

	while (tcp && (tcp->spec->path || is_proxy(tcp->spec->mode)))
		tcp = tcp->next;
	bytes_format(out, "DIR='%s'\nCA='%s/ca.pem'\n", s->dir, s->dir);
	for (const struct listener *l = s->listeners; l; l = l->next)
		if (l->spec->path)
			bytes_format(out, "UNIX_%s='%s'\n", l->spec->name, l->spec->path);
		else if (is_first(s, l))
			bytes_format(out, "PORT_%s=%d\n", l->spec->name, l->port);
	bytes_text(out, "PORTS='");
	url_ports(s, out);
	if (!tcp) {
		if (s->listeners->spec->path)
			bytes_format(out, "'\nPOSTERN_URL='unix:%s", s->listeners->spec->path);
		bytes_text(out, "'\n");
		return;
	}
	bytes_text(out, "'\nPOSTERN_URL='smtp://");
	if (u) {
		percent(out, u->name);
		bytes_text(out, ":");
		percent(out, u->password);
		bytes_text(out, "@");
	}
	url_host(tcp, out);
	bytes_text(out, "?ports=");
	url_ports(s, out);
	bytes_text(out, "&cafile=");
	for (const char *at = s->dir; *at; at++)
		bytes_format(out,
			     *at == '/'               ? "%c"
			     : strchr(" &%#?+'", *at) ? "%%%02X"
						      : "%c",
			     (unsigned char)*at);
	bytes_text(out, "/ca.pem'\n");
}

/* ---- the loop ---- */

static void peer_text(const struct sockaddr *a, socklen_t n, char *out, size_t len)
{
	char host[48], port[8];

	if (getnameinfo(a, n, host, sizeof(host), port, sizeof(port),
			NI_NUMERICHOST | NI_NUMERICSERV))
		snprintf(out, len, "?");
	else
		snprintf(out, len, "%s port %s", host, port);
}

void server_add(struct server *s, struct conn *c)
{
	c->next = s->conns;
	s->conns = c;
	s->open++;
}

int server_full(const struct server *s)
{
	return s->open >= MAX_OPEN;
}

static void take_connection(struct server *s, struct listener *l)
{
	static const char busy[] = "421 4.3.2 Too many connections\r\n";
	struct sockaddr_storage a;
	socklen_t n = sizeof(a);
	char peer[64] = "unix";
	int fd = accept(l->fd, (struct sockaddr *)&a, &n);
	struct conn *c;

	if (fd < 0)
		return;
	if (server_prepare(fd) || server_full(s)) {
		if (l->spec->mode != MODE_IMPLICIT &&
		    send(fd, busy, sizeof(busy) - 1, MSG_NOSIGNAL) < 0)
			perror("postern-sandbox: send");
		close(fd);
		return;
	}
	if (!l->spec->path)
		peer_text((struct sockaddr *)&a, n, peer, sizeof(peer));
	c = conn_new(s, l, fd, peer);
	server_add(s, c);
	conn_run(c, server_now(), 0);
}

static void remove_closed(struct server *s)
{
	struct conn **at = &s->conns;

	while (*at) {
		struct conn *c = *at;

		if (c->fd >= 0) {
			at = &c->next;
			continue;
		}
		*at = c->next;
		conn_free(c);
		s->open--;
	}
}

/* No new connections; those that are open may finish until the grace is over. */
static void begin_stop(struct server *s, int now)
{
	if (!s->stopping)
		for (struct listener *l = s->listeners; l; l = l->next) {
			close(l->fd);
			l->fd = -1;
		}
	s->stopping = 1;
	for (struct conn *c = s->conns; now && c; c = c->next) {
		if (c->closing == OPEN && c->smtp)
			smtp_stop(c);
		else if (c->closing == OPEN)
			conn_close(c, CLOSE_TRUNCATE, "the server is shutting down");
		conn_hurry(c);
		conn_run(c, server_now(), 0);
	}
	remove_closed(s);
}

static int timeout_of(const struct server *s, long long now, long long end)
{
	long long when = end;

	for (const struct conn *c = s->conns; c; c = c->next) {
		long long w = conn_wake(c);

		if (w >= 0 && (when < 0 || w < when))
			when = w;
	}
	if (when < 0)
		return -1;
	when = when > now ? when - now : 0;
	return when > 60000 ? 60000 : (int)when;
}

static int watches(const struct listener *l)
{
	return l->fd >= 0 && !l->does.blocked && !l->does.stalled;
}

static size_t fill_polls(const struct server *s, struct pollfd *p, size_t max)
{
	size_t n = 0;

	p[n++] = (struct pollfd){signal_pipe[0], POLLIN, 0};
	for (const struct listener *l = s->listeners; l; l = l->next)
		if (n < max)
			p[n++] = (struct pollfd){watches(l) ? l->fd : -1, POLLIN, 0};
	for (const struct conn *c = s->conns; c; c = c->next) {
		short events = conn_events(c);

		/* nothing wanted: a hang-up must not wake us again and again */
		if (n < max)
			p[n++] = (struct pollfd){events ? c->fd : -1, events, 0};
	}
	return n;
}

static void serve(struct server *s, const struct pollfd *p)
{
	struct conn *c, *next;
	long long now = server_now();

	p++;
	c = s->conns; /* those that are accepted now come before it */
	for (struct listener *l = s->listeners; l; l = l->next, p++)
		if (p->revents && watches(l))
			take_connection(s, l);
	for (; c; c = next, p++) {
		next = c->next;
		conn_run(c, now, p->revents);
	}
	remove_closed(s);
}

static int is_over(struct server *s, long long *end)
{
	long long now = server_now();

	if (s->options->count && s->accepted >= s->options->count && !s->stopping) {
		begin_stop(s, 0);
		*end = now + GRACE_MS;
	}
	if (*end >= 0 && now >= *end) {
		if (s->stopping == 2)
			return 1;
		begin_stop(s, 1);
		s->stopping = 2;
		*end = now + GRACE_MS;
	}
	return s->stopping && !s->conns;
}

int server_run(struct server *s)
{
	struct pollfd polls[MAX_OPEN + 160];
	long long end = s->options->seconds ? server_now() + s->options->seconds * 1000 : -1;

	while (!is_over(s, &end)) {
		size_t n = fill_polls(s, polls, sizeof(polls) / sizeof(polls[0]));
		char k;

		if (poll(polls, n, timeout_of(s, server_now(), end)) < 0 && errno != EINTR) {
			perror("postern-sandbox: poll");
			return -1;
		}
		if (polls[0].revents && read(signal_pipe[0], &k, 1) > 0)
			end = server_now();
		serve(s, polls);
	}
	return 0;
}
