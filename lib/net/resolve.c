/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _DEFAULT_SOURCE
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <errno.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>

#include "base/mem.h"
#include "base/text.h"
#include "net/answer.h"
#include "net/poller.h"
#include "net/resolve.h"
#include "net/srv.h"
#include "net/tlsa.h"

enum {
	RETRY = 2000, /* the longest wait for a name server before it is asked again, ms */
	TRIES = 4,
	/* With addresses of one family at hand, how long the other may take (RFC 8305 3).  Some
	 * servers never answer AAAA; but where IPv6 leads nowhere, the A is worth a retry. */
	WAIT_FOR_SIX = 250,
	WAIT_FOR_FOUR = RETRY + 500,
	BLIND = 10,
	CLASS_IN = 1, /* RFC 1035 3.2.4 */
	RECURSE = 1,
	AD = 0x20, /* in the fourth octet of a message (RFC 6840 5.7) */
	NO_ERROR = 0, /* RFC 1035 4.1.1 */
	NO_NAME = 3
};

static const long long never = LLONG_MAX;

/* Look-ups end by time, and net has no other use of a clock. */
static long long clock_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (long long)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void ptn_resolver_init(struct ptn_resolver *r, struct ptn_poller *poller)
{
	*r = (struct ptn_resolver){.poller = poller, .result = -EAGAIN, .what = -1};
	r->four.resolver = r->six.resolver = r;
}

/* ---- what c-ares tells ---------------------------------------------------------------------- */

static void socket_state(void *arg, ares_socket_t fd, int readable, int writable)
{
	struct ptn_resolver *r = arg;
	int what = (readable ? PTN_NET_READ : 0) | (writable ? PTN_NET_WRITE : 0);
	size_t i = 0;

	if (ptn_poller_watch(r->poller, fd, what))
		r->blind = 1;
	while (i < r->sockets && r->socket[i].fd != fd)
		i++;
	if (i < r->sockets && !what)
		r->socket[i] = r->socket[--r->sockets];
	else if (i < r->sockets)
		r->socket[i].what = what;
	else if (what && i < PTN_RESOLVE_SOCKETS)
		r->socket[r->sockets++] = (struct ptn_asked){fd, what};
	else if (what)
		r->blind = 1;
}

static int is_known(const struct ptn_resolver *r, const struct ptn_address *a)
{
	for (size_t i = 0; i < r->n; i++)
		if (r->list[i].family == a->family && r->list[i].scope == a->scope &&
		    !memcmp(r->list[i].octets, a->octets, sizeof a->octets))
			return 1;
	return 0;
}

/* Half of the list is for each family, so that neither can crowd the other out. */
static void keep(struct ptn_resolver *r, const struct ptn_address *a)
{
	struct ptn_question *q = a->family == 6 ? &r->six : &r->four;

	if (q->found == PTN_RESOLVE_FAMILY || is_known(r, a))
		return;
	r->list[r->n++] = *a;
	q->found++;
}

static void keep_all(struct ptn_resolver *r, const struct ares_addrinfo_node *node)
{
	for (; node; node = node->ai_next) {
		struct ptn_address a = {0};

		if (node->ai_family == AF_INET) {
			struct sockaddr_in s;

			memcpy(&s, node->ai_addr, sizeof s);
			a.family = 4;
			memcpy(a.octets, &s.sin_addr, 4);
		} else if (node->ai_family == AF_INET6) {
			struct sockaddr_in6 s;

			memcpy(&s, node->ai_addr, sizeof s);
			a.family = 6;
			a.scope = s.sin6_scope_id;
			memcpy(a.octets, &s.sin6_addr, 16);
		} else {
			continue;
		}
		keep(r, &a);
	}
}

/* "No such name" is for ever, everything else may be better next time. */
static int meaning(int status)
{
	switch (status) {
	case ARES_SUCCESS:
		return 0;
	case ARES_ENOTFOUND:
	case ARES_ENODATA:
	case ARES_EBADNAME:
		return -ENOENT;
	case ARES_ENOMEM:
		return -ENOMEM;
	default:
		return -EAGAIN;
	}
}

static void answered(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
	struct ptn_question *q = arg;

	(void)timeouts;
	q->state = meaning(status);
	if (!info)
		return;
	keep_all(q->resolver, info->nodes);
	ares_freeaddrinfo(info);
}

/* An answer that makes no sense may make some next time. */
static int keep_services(struct ptn_resolver *r, const unsigned char *p, size_t n)
{
	struct ptn_service list[PTN_NET_SERVICES];
	int count = ptn_srv_parse(list, p, n);

	if (count <= 0)
		return count ? -EAGAIN : -ENOENT;
	r->services = ptn_mem_alloc((size_t)count * sizeof *list);
	if (!r->services)
		return -ENOMEM;
	memcpy(r->services, list, (size_t)count * sizeof *list);
	r->n_services = (size_t)count;
	return 0;
}

static int keep_associations(struct ptn_resolver *r, const unsigned char *p, size_t n)
{
	struct ptn_association list[PTN_NET_ASSOCIATIONS];
	int count;

	r->message = ptn_mem_alloc(n);
	if (!r->message)
		return -ENOMEM;
	memcpy(r->message, p, n);
	count = ptn_tlsa_parse(list, r->message, n);
	if (count <= 0)
		return count ? -EAGAIN : -ENOENT;
	r->associations = ptn_mem_alloc((size_t)count * sizeof *list);
	if (!r->associations)
		return -ENOMEM;
	memcpy(r->associations, list, (size_t)count * sizeof *list);
	r->n_associations = (size_t)count;
	return 0;
}

static int keep_answer(struct ptn_resolver *r, const unsigned char *p, size_t n)
{
	switch (r->what) {
	case PTN_FIND_ASSOCIATIONS:
		return keep_associations(r, p, n);
	case PTN_FIND_VOUCHED_ADDRESS:
		return ptn_answer_two(p + 6) ? 0 : -ENOENT;
	default:
		return keep_services(r, p, n);
	}
}

static void found(void *arg, int status, int timeouts, unsigned char *p, int n)
{
	struct ptn_question *q = arg;

	(void)timeouts;
	q->state = meaning(status);
	if (!q->state)
		q->state = p && n >= PTN_ANSWER_HEAD ? keep_answer(q->resolver, p, (size_t)n)
						     : -EAGAIN;
}

/* The bit says something only where it was asked for. */
static void found_vouched(void *arg, int status, int timeouts, unsigned char *p, int n)
{
	struct ptn_question *q = arg;
	int code;

	if (status != ARES_SUCCESS || !p || n < PTN_ANSWER_HEAD) {
		found(arg, status, timeouts, p, n);
		return;
	}
	code = ptn_answer_code(p);
	q->resolver->vouched = ptn_answer_is_vouched(p);
	if (code == NO_ERROR)
		found(arg, status, timeouts, p, n);
	else
		q->state = code == NO_NAME ? -ENOENT : -EAGAIN;
}

/* ---- asking --------------------------------------------------------------------------------- */

/* No sooner than after a quarter of the time that there is, a lost question is asked again. */
static int retry_after(int milliseconds)
{
	if (milliseconds <= 0 || milliseconds / TRIES > RETRY)
		return RETRY;
	return milliseconds / TRIES < 50 ? 50 : milliseconds / TRIES;
}

/* where: 'f' the hosts file, 'b' the name servers. */
static int open_channel(struct ptn_resolver *r, char where, int milliseconds)
{
	char lookups[] = {where, '\0'};
	struct ares_options o = {.timeout = retry_after(milliseconds),
				 .tries = TRIES,
				 .lookups = lookups,
				 .sock_state_cb = socket_state,
				 .sock_state_cb_data = r};
	int status = ares_init_options(&r->channel, &o,
				       ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_LOOKUPS |
					       ARES_OPT_SOCK_STATE_CB);

	if (status != ARES_SUCCESS) {
		r->channel = NULL;
		return status == ARES_ENOMEM ? -ENOMEM : -EAGAIN;
	}
	if (r->servers && ares_set_servers_ports_csv(r->channel, r->servers) != ARES_SUCCESS)
		return -EAGAIN;
	return 0;
}

/* Questions still open are answered with "destroyed" here: the result is written after this. */
static void close_channel(struct ptn_resolver *r)
{
	if (r->channel)
		ares_destroy(r->channel);
	r->channel = NULL;
	r->sockets = 0;
	r->blind = 0;
}

static void ask(struct ptn_resolver *r, const char *host, int family, struct ptn_question *q)
{
	/* In the order given: sorting would open a socket to each address. */
	struct ares_addrinfo_hints hints = {.ai_family = family, .ai_flags = ARES_AI_NOSORT};

	q->state = -EINPROGRESS;
	ares_getaddrinfo(r->channel, host, NULL, &hints, answered, q);
}

static int ask_file(struct ptn_resolver *r, const char *host)
{
	int e = open_channel(r, 'f', 0);

	if (!e) {
		ask(r, host, AF_UNSPEC, &r->four);
		e = r->four.state == -ENOMEM ? -ENOMEM : 0;
	}
	close_channel(r);
	return e;
}

static void set_limit(struct ptn_resolver *r, int milliseconds)
{
	r->give_up = milliseconds > 0 ? clock_ms() + milliseconds : never;
	r->enough = never;
}

/* Two questions and not one for both, as c-ares would make one answer of a failure for the one
 * family and "none" for the other. */
static int ask_servers(struct ptn_resolver *r, const char *host, int milliseconds)
{
	int e = open_channel(r, 'b', milliseconds);

	if (e) {
		close_channel(r);
		return e;
	}
	set_limit(r, milliseconds);
	ask(r, host, AF_INET6, &r->six);
	ask(r, host, AF_INET, &r->four);
	return 0;
}

static void finish(struct ptn_resolver *r, int result)
{
	close_channel(r);
	r->result = result;
	r->news = 1;
}

/* "localhost" and all under it are this host (RFC 6761 6.3), whatever the files say. */
static int is_localhost(const char *host, size_t n)
{
	static const char name[] = "localhost";
	size_t len = sizeof name - 1;

	if (n && host[n - 1] == '.')
		n--;
	if (n < len || !ptn_text_same(host + n - len, len, name, len))
		return 0;
	return n == len || host[n - len - 1] == '.';
}

/* What needs no network and no file; 1 if it was that. */
static int know(struct ptn_resolver *r, const char *host, size_t n)
{
	struct ptn_address a;

	if (!ptn_net_parse(&a, host, n)) {
		keep(r, &a);
	} else if (is_localhost(host, n)) {
		ptn_net_parse(&a, "::1", 3);
		keep(r, &a);
		ptn_net_parse(&a, "127.0.0.1", 9);
		keep(r, &a);
	}
	return r->n > 0;
}

/* What the look-up before this one gave. */
static void forget(struct ptn_resolver *r)
{
	ptn_mem_free(r->services);
	ptn_mem_free(r->associations);
	ptn_mem_free(r->message);
	r->services = NULL;
	r->associations = NULL;
	r->message = NULL;
	r->n_associations = 0;
	r->vouched = 0;
	r->what = -1;
	r->n = r->n_services = r->four.found = r->six.found = 0;
	r->news = 0;
	r->result = -EAGAIN;
}

int ptn_resolver_start(struct ptn_resolver *r, const char *host, int milliseconds)
{
	size_t n = strlen(host);
	int e;

	if (r->channel)
		return -EBUSY;
	forget(r);
	if (!n || n > 254 || know(r, host, n)) {
		finish(r, r->n ? 1 : -ENOENT);
		return 0;
	}
	e = ask_file(r, host);
	if (e || r->n) {
		if (!e)
			finish(r, 1);
		return e;
	}
	e = ask_servers(r, host, milliseconds);
	if (e)
		return e;
	r->result = -EINPROGRESS;
	ptn_resolver_turn(r);
	return 0;
}

/* A name server elsewhere, or the way to it, may set any bit: only one on this machine is believed
 * (RFC 6840 5.8).  1, 0, or -ENOMEM. */
static int servers_are_here(struct ptn_resolver *r)
{
	struct ares_addr_port_node *list = NULL;
	int here, status = ares_get_servers_ports(r->channel, &list);

	if (status != ARES_SUCCESS)
		return status == ARES_ENOMEM ? -ENOMEM : 0;
	here = list != NULL;
	for (struct ares_addr_port_node *s = list; s; s = s->next) {
		struct ptn_address a = {.family = s->family == AF_INET6 ? 6 : 4};

		memcpy(a.octets, &s->addr, a.family == 6 ? 16 : 4);
		here &= ptn_net_is_loopback(&a);
	}
	ares_free_data(list);
	return here;
}

/* c-ares has no way to set the bit but this.  Nobody outside this machine can see the question or
 * answer it, so its number need not be hard to guess. */
static void ask_vouched(struct ptn_resolver *r, const char *name, int type)
{
	struct timespec t;
	unsigned char *question = NULL;
	int n = 0, status;

	clock_gettime(CLOCK_MONOTONIC, &t);
	status = ares_create_query(name, CLASS_IN, type, (unsigned short)(t.tv_nsec >> 4), RECURSE,
				   &question, &n, 0);
	if (status != ARES_SUCCESS) {
		r->four.state = meaning(status);
		return;
	}
	question[3] |= AD;
	ares_send(r->channel, question, n, found_vouched, &r->four);
	ares_free_string(question);
}

static int ask_records(struct ptn_resolver *r, const char *name)
{
	int type = r->what == PTN_FIND_ASSOCIATIONS      ? PTN_TYPE_TLSA
		   : r->what == PTN_FIND_VOUCHED_ADDRESS ? PTN_TYPE_A
							 : PTN_TYPE_SRV;
	int here = r->what == PTN_FIND_SERVICES ? 0 : servers_are_here(r);

	if (here < 0)
		return here;
	if (here)
		ask_vouched(r, name, type);
	else
		ares_query(r->channel, name, CLASS_IN, type, found, &r->four);
	return 0;
}

int ptn_resolver_find(struct ptn_resolver *r, int what, const char *name, int milliseconds)
{
	size_t n = strlen(name);
	int e;

	if (r->channel)
		return -EBUSY;
	forget(r);
	if (!n || n > 253) {
		finish(r, -ENOENT);
		return 0;
	}
	r->what = what;
	r->four.state = -EINPROGRESS;
	r->six.state = -ENOENT; /* there is one question only */
	e = open_channel(r, 'b', milliseconds);
	if (!e)
		e = ask_records(r, name);
	if (e) {
		close_channel(r);
		return e;
	}
	set_limit(r, milliseconds);
	r->result = -EINPROGRESS;
	ptn_resolver_turn(r);
	return 0;
}

/* ---- going on -------------------------------------------------------------------------------- */

/* A failure of one family counts for more than "none" of the other: together they are no proof
 * that the name does not exist. */
static int without_address(const struct ptn_resolver *r)
{
	if (r->four.state == -ENOMEM || r->six.state == -ENOMEM)
		return -ENOMEM;
	return r->four.state == -ENOENT && r->six.state == -ENOENT ? -ENOENT : -EAGAIN;
}

static void judge(struct ptn_resolver *r)
{
	int four = r->four.state != -EINPROGRESS, six = r->six.state != -EINPROGRESS;
	long long now = clock_ms();

	if (r->n && r->enough == never)
		r->enough = now + (r->four.found ? WAIT_FOR_SIX : WAIT_FOR_FOUR);
	if ((four && six) || now >= r->give_up || now >= r->enough)
		finish(r, r->n || (r->what >= 0 && !r->four.state) ? 1 : without_address(r));
}

static void process(struct ptn_resolver *r)
{
	struct pollfd p[PTN_RESOLVE_SOCKETS];
	size_t n = r->sockets;

	for (size_t i = 0; i < n; i++) {
		p[i].fd = r->socket[i].fd;
		p[i].revents = 0;
		p[i].events = (short)((r->socket[i].what & PTN_NET_READ ? POLLIN : 0) |
				      (r->socket[i].what & PTN_NET_WRITE ? POLLOUT : 0));
	}
	if (n && poll(p, (nfds_t)n, 0) > 0)
		for (size_t i = 0; i < n; i++)
			if (p[i].revents)
				ares_process_fd(r->channel,
						p[i].events & POLLIN ? p[i].fd : ARES_SOCKET_BAD,
						p[i].events & POLLOUT ? p[i].fd : ARES_SOCKET_BAD);
	/* Also for what is due by time. */
	ares_process_fd(r->channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void ptn_resolver_turn(struct ptn_resolver *r)
{
	if (!r->channel)
		return;
	process(r);
	judge(r);
}

static int until(long long when, int most)
{
	long long left;

	if (when == never)
		return most;
	left = when - clock_ms();
	if (left < 0)
		left = 0;
	return most < 0 || left < most ? (int)left : most;
}

int ptn_resolver_timeout(const struct ptn_resolver *r)
{
	struct timeval tv;
	int ms = -1;

	if (r->news)
		return 0;
	if (!r->channel)
		return -1;
	if (ares_timeout(r->channel, NULL, &tv))
		ms = (int)tv.tv_sec * 1000 + (int)((tv.tv_usec + 999) / 1000);
	if (r->blind && (ms < 0 || ms > BLIND))
		ms = BLIND;
	return until(r->enough, until(r->give_up, ms));
}

int ptn_resolver_result(struct ptn_resolver *r, struct ptn_address *list, size_t *n)
{
	*n = 0;
	if (r->result == -EINPROGRESS)
		return 0;
	r->news = 0;
	if (r->result == 1) {
		memcpy(list, r->list, r->n * sizeof *list);
		*n = r->n;
	}
	return r->result;
}

int ptn_resolver_found(struct ptn_resolver *r, struct ptn_service *list, size_t *n)
{
	*n = 0;
	if (r->result == -EINPROGRESS)
		return 0;
	r->news = 0;
	if (r->n_services) {
		memcpy(list, r->services, r->n_services * sizeof *list);
		*n = r->n_services;
	}
	return r->result;
}

void ptn_resolver_stop(struct ptn_resolver *r)
{
	close_channel(r);
	forget(r);
}

int ptn_resolver_servers(struct ptn_resolver *r, const char *list)
{
	char *copy = ptn_mem_string(list);

	if (list && !copy)
		return -ENOMEM;
	ptn_mem_free(r->servers);
	r->servers = copy;
	return 0;
}

void ptn_resolver_free(struct ptn_resolver *r)
{
	close_channel(r);
	forget(r);
	ptn_mem_free(r->servers);
	r->servers = NULL;
}
