/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * An SMTP server for measuring clients: it accepts every mail at once, forgets it, and counts how
 * often each client had to wait for it.  One thread, loopback only.
 *
 *     sink --ca FILE --log FILE DOOR...      DOOR: NAME=MODE[,data][,login][,delay=MS]
 *
 * MODE: plain, starttls or implicit.  data: without CHUNKING.  login: AUTH PLAIN is offered, under
 * TLS only where there is TLS.  delay: a line of so many milliseconds there and back.  Prints the
 * line "NAME=PORT ..." and then, into the log, a line for each session that is over:
 *
 *     NAME mails=N octets=N turns=N opened=NS first=NS last=NS at=TURNS,TURNS,...
 *
 * turns: until the last mail; first and last: when the client was told that the first and the last
 * mail were accepted; at: the turns until each of the first mails was.
 */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "certificate.h"
#include "line.h"

enum { DOORS = 32, EVENTS = 256 };

/* A listener of one family; told from a line by its address. */
struct listener {
	int fd;
	const struct door *door;
};

static struct door doors[DOORS];
static struct listener listeners[2 * DOORS];
static size_t n_doors, n_listeners;
static int watcher;
static FILE *logged;
static gnutls_certificate_credentials_t credentials;
static gnutls_datum_t ticket_key;

static int fail(const char *what)
{
	fprintf(stderr, "sink: %s: %s\n", what, strerror(errno));
	return 69;
}

static int misused(void)
{
	fputs("usage: sink --ca FILE --log FILE NAME=MODE[,data][,login][,delay=MS]...\n", stderr);
	return 64;
}

void line_over(const struct line *l)
{
	fprintf(logged,
		"%s mails=%lu octets=%lu turns=%u opened=%" PRId64 " first=%" PRId64
		" last=%" PRId64 " at=",
		l->door->name, l->marked, l->smtp.octets, l->mark, l->opened, l->first, l->last);
	for (unsigned long i = 0; i < l->marked && i < MARKS; i++)
		fprintf(logged, "%s%u", i ? "," : "", l->marks[i]);
	fputc('\n', logged);
	fflush(logged);
}

static int add_door(char *text)
{
	struct door *d = &doors[n_doors];
	char *words = strchr(text, '='), *save;
	const char *word;

	if (!words || n_doors++ == DOORS)
		return -1;
	*words++ = '\0';
	*d = (struct door){.name = text, .chunking = true};
	word = strtok_r(words, ",", &save);
	if (word && strcmp(word, "starttls") == 0)
		d->tls = STARTTLS;
	else if (word && strcmp(word, "implicit") == 0)
		d->tls = IMPLICIT;
	else if (!word || strcmp(word, "plain") != 0)
		return -1;
	while ((word = strtok_r(NULL, ",", &save)) != NULL) {
		if (strcmp(word, "data") == 0)
			d->chunking = false;
		else if (strcmp(word, "login") == 0)
			d->login = true;
		else if (strncmp(word, "delay=", 6) == 0)
			d->delay = strtol(word + 6, NULL, 10) * INT64_C(1000000);
		else
			return -1;
	}
	return 0;
}

static int watch(int fd, void *what, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = what};

	return epoll_ctl(watcher, EPOLL_CTL_ADD, fd, &e);
}

/* Both families have the same port; IPv6 may be missing. */
static int listen_on(const struct door *d, int family, int *port)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons((uint16_t)*port)};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons((uint16_t)*port)};
	struct sockaddr *at = family == AF_INET ? (void *)&v4 : (void *)&v6;
	socklen_t len = family == AF_INET ? sizeof(v4) : sizeof(v6);
	struct listener *l = &listeners[n_listeners];
	int on = 1;

	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	v6.sin6_addr = in6addr_loopback;
	l->door = d;
	l->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->fd < 0)
		return -1;
	setsockopt(l->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (family == AF_INET6)
		setsockopt(l->fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	if (bind(l->fd, at, len) || listen(l->fd, 4096) || watch(l->fd, l, EPOLLIN)) {
		close(l->fd);
		return -1;
	}
	n_listeners++;
	if (family == AF_INET && !getsockname(l->fd, at, &len))
		*port = ntohs(v4.sin_port);
	return 0;
}

static int open_doors(void)
{
	for (size_t i = 0; i < n_doors; i++) {
		int port = 0;

		if (listen_on(&doors[i], AF_INET, &port))
			return -1;
		listen_on(&doors[i], AF_INET6, &port);
		printf("%s=%d%c", doors[i].name, port, i + 1 < n_doors ? ' ' : '\n');
	}
	return fflush(stdout);
}

/* Who does not read is not read from. */
static void set_watched(struct line *l)
{
	uint32_t events = l->unsent_len ? EPOLLOUT : l->gone ? 0 : EPOLLIN;
	struct epoll_event e = {.events = events, .data.ptr = l};

	if (events == l->watched)
		return;
	l->watched = events;
	epoll_ctl(watcher, EPOLL_CTL_MOD, l->fd, &e);
}

static void accept_all(const struct listener *from)
{
	int fd, on = 1;

	while ((fd = accept4(from->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
		struct line *l;

		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		l = line_open(fd, from->door, credentials, &ticket_key);
		if (!l)
			continue;
		l->watched = EPOLLIN;
		if (watch(fd, l, EPOLLIN))
			fail("epoll_ctl");
	}
}

static void handle(const struct epoll_event *e)
{
	struct line *l = e->data.ptr;

	if (e->data.ptr >= (void *)listeners && e->data.ptr < (void *)(listeners + 2 * DOORS)) {
		accept_all(e->data.ptr);
	} else if (e->events & EPOLLOUT ? line_write(l) : line_read(l)) {
		set_watched(l);
	}
}

static void serve(void)
{
	struct epoll_event events[EVENTS];

	for (;;) {
		int64_t left = line_deliver();
		int n = epoll_wait(watcher, events, EVENTS,
				   left < 0 ? -1 : (int)((left + 999999) / 1000000));

		for (int i = 0; i < n; i++)
			handle(&events[i]);
	}
}

/* As many descriptors as the system lets us have. */
static void raise_limit(void)
{
	struct rlimit most = {65536, 65536};

	if (!setrlimit(RLIMIT_NOFILE, &most) || getrlimit(RLIMIT_NOFILE, &most))
		return;
	most.rlim_cur = most.rlim_max;
	setrlimit(RLIMIT_NOFILE, &most);
}

int main(int argc, char **argv)
{
	const char *ca = NULL, *log = NULL;
	int rc;

	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--ca") == 0 && i + 1 < argc)
			ca = argv[++i];
		else if (strcmp(argv[i], "--log") == 0 && i + 1 < argc)
			log = argv[++i];
		else if (add_door(argv[i]))
			return misused();
	}
	if (!ca || !log || !n_doors)
		return misused();
	raise_limit();
	logged = fopen(log, "w");
	watcher = epoll_create1(EPOLL_CLOEXEC);
	if (!logged || watcher < 0)
		return fail(log);
	rc = certificate_make(&credentials, ca);
	if (rc >= 0)
		rc = gnutls_session_ticket_key_generate(&ticket_key);
	if (rc < 0) {
		fprintf(stderr, "sink: %s\n", gnutls_strerror(rc));
		return 69;
	}
	if (open_doors())
		return fail("no port");
	serve();
	return 0;
}
