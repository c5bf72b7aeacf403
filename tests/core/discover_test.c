/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Discovery and the search over what it found, on a fake network with a name server of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/fault.h"
#include "base/mem.h"
#include "base/text.h"
#include "fake_tls.h"
#include "main.h"
#include "memory.h"
#include "search.h"
#include "world.h"

enum { ASKED = 32 };

/* ---- the name server ------------------------------------------------------------------------- */

struct host {
	const char *name;
	int result; /* 1, or the error */
	unsigned char last; /* octet of its address 192.0.2.x */
};

struct signature { /* what a validating name server says of a name, or its TLSA records */
	const char *name;
	int result, vouched;
	size_t keys;
};

static struct world w;
static struct {
	struct {
		int result;
		struct ptn_service list[PTN_NET_SERVICES];
		size_t n;
		int vouched;
	} service[2]; /* _submissions, _submission */
	struct host host[PTN_ROUTE_MOST];
	size_t hosts;
	struct signature signature[2 * PTN_ROUTE_MOST];
	size_t signatures, keys; /* of the last answer */
	int what, vouched;
	int delay; /* until an answer, ms; -1: none comes */
	char asked[ASKED][256];
	int limit[ASKED], n_asked;
	ptn_time ready;
	int running;
	unsigned char opened[64]; /* the last octets connected to, in order */
	int n_opened;
} dns;

static int ask(const char *name, int milliseconds)
{
	ck_assert_int_eq(dns.running, 0); /* one look-up at a time */
	ck_assert_int_lt(dns.n_asked, ASKED);
	snprintf(dns.asked[dns.n_asked], 256, "%s", name);
	dns.limit[dns.n_asked++] = milliseconds;
	dns.ready = dns.delay < 0 ? PTN_NEVER : w.now + dns.delay;
	dns.running = 1;
	return 0;
}

static int answered(void)
{
	ck_assert_int_eq(dns.running, 1);
	if (w.now < dns.ready)
		return 0;
	dns.running = 0;
	return 1;
}

static int fake_find(void *net, int what, const char *name, int milliseconds)
{
	(void)net;
	dns.what = what;
	return ask(name, milliseconds);
}

/* TLSA records, and whether the addresses are vouched for. */
static int found_of_host(const char *name)
{
	for (size_t i = 0; i < dns.signatures; i++)
		if (ptn_text_equal(dns.signature[i].name, name)) {
			dns.vouched = dns.signature[i].vouched;
			dns.keys = dns.signature[i].keys;
			return dns.signature[i].result;
		}
	return -ENOENT;
}

static const struct ptn_association *fake_associations(void *net, size_t *n)
{
	static unsigned char data[300];
	static struct ptn_association list[PTN_NET_ASSOCIATIONS];

	(void)net;
	for (size_t i = 0; i < dns.keys; i++) /* the last one is a whole certificate */
		list[i] = (struct ptn_association){3, 1, i + 1 < dns.keys ? 1 : 0,
						   i + 1 < dns.keys ? 32 : sizeof data, data};
	memset(data, 'k', sizeof data);
	*n = dns.keys;
	return list;
}

static int fake_vouched(void *net)
{
	(void)net;
	ck_assert_int_ne(dns.what, PTN_FIND_SERVICES); /* nobody asked for it */
	return dns.vouched;
}

static int fake_found(void *net, struct ptn_service list[PTN_NET_SERVICES], size_t *n)
{
	const char *name = dns.asked[dns.n_asked - 1];
	int which = strncmp(name, "_submissions.", 13) != 0;

	(void)net;
	*n = 0;
	dns.vouched = dns.keys = 0;
	if (!answered())
		return 0;
	if (dns.what == PTN_FIND_VOUCHED_ADDRESS || dns.what == PTN_FIND_ASSOCIATIONS)
		return found_of_host(name);
	dns.vouched = dns.service[which].vouched;
	if (dns.service[which].result == 1) {
		*n = dns.service[which].n;
		memcpy(list, dns.service[which].list, sizeof dns.service[which].list);
	}
	return dns.service[which].result;
}

static int fake_resolve(void *net, const char *host, int milliseconds)
{
	(void)net;
	return ask(host, milliseconds);
}

static int fake_resolved(void *net, struct ptn_address list[PTN_NET_ADDRESSES], size_t *n)
{
	(void)net;
	*n = 0;
	if (!answered())
		return 0;
	for (size_t i = 0; i < dns.hosts; i++)
		if (ptn_text_equal(dns.host[i].name, dns.asked[dns.n_asked - 1])) {
			if (dns.host[i].result != 1)
				return dns.host[i].result;
			list[0] = (struct ptn_address){.family = 4,
						       .octets = {192, 0, 2, dns.host[i].last}};
			if (dns.host[i].last == 127) /* this machine */
				memcpy(list[0].octets, "\x7F\0\0\1", 4);
			*n = 1;
			return 1;
		}
	return -ENOENT;
}

static void fake_stop(void *net)
{
	(void)net;
	dns.running = 0;
}

static int fake_open(void *net, const struct ptn_address *to, int port,
		     const struct ptn_address *from)
{
	ck_assert_int_lt(dns.n_opened, 64);
	dns.opened[dns.n_opened++] = to->octets[3];
	return world_net.open(net, to, port, from);
}

static struct ptn_net net;

/* Ports are the world's, which are numbers of moods. */
static void serve(int implicit, int priority, const char *target, int port)
{
	size_t *n = &dns.service[!implicit].n;
	struct ptn_service *s = &dns.service[!implicit].list[(*n)++];

	dns.service[!implicit].result = 1;
	*s = (struct ptn_service){.priority = priority, .port = port};
	snprintf(s->target, sizeof s->target, "%s", target);
}

static void host(const char *name, int result, int last)
{
	dns.host[dns.hosts++] = (struct host){name, result, (unsigned char)last};
}

/* ---- a search -------------------------------------------------------------------------------- */

static struct ptn_settings set;
static struct ptn_search search;
static struct ptn_link *line;

static void set_up(void)
{
	world_begin(&w, 1, 0);
	memset(&dns, 0, sizeof dns);
	dns.service[0].result = dns.service[1].result = -ENOENT;
	dns.delay = 5;
	net = world_net;
	net.find = fake_find;
	net.found = fake_found;
	net.associations = fake_associations;
	net.vouched = fake_vouched;
	net.resolve = fake_resolve;
	net.resolved = fake_resolved;
	net.resolve_stop = fake_stop;
	net.open = fake_open;
	set = (struct ptn_settings){.host = (char *)"example.org", .domain = (char *)"example.org"};
	for (int i = 0; i < PTN_LIMITS; i++)
		set.limits[i] = 20000;
	set.limits[POSTERN_LIMIT_ATTEMPT] = 250;
	fake_tls_certificate = NULL;
	fake_tls_host[0] = '\0';
	line = NULL;
	ptn_search_init(&search, &set, &net, &w);
}

static void part(void)
{
	while (search.parting) {
		struct ptn_link *l = search.parting;

		search.parting = l->next;
		ptn_link_free(l);
	}
}

static void tear_down(void)
{
	part();
	ptn_link_free(line);
	ptn_search_free(&search);
	ck_assert_int_eq(world_open(&w), 0);
	ck_assert_int_eq(dns.running, 0);
}

static int run(void)
{
	int state;

	ptn_search_begin(&search, w.now, 0);
	for (int i = 0; !(state = ptn_search_step(&search, w.now, &line)); i++) {
		ptn_time wake = ptn_search_wake(&search);

		ck_assert_int_lt(i, 200000);
		part();
		/* Names come late or never: then only the wake matters. */
		if (search.state == PTN_SEARCH_DISCOVERY) {
			ck_assert(wake != PTN_NEVER || dns.delay >= 0);
			w.now = dns.ready < wake ? dns.ready : wake;
		} else {
			w.now += 1 + world_roll(&w, 5);
		}
	}
	part();
	return state;
}

/* ---- what is asked --------------------------------------------------------------------------- */

START_TEST(names_are_asked_in_turn_and_once)
{
	serve(1, 0, "mail.example.org", 1);
	serve(0, 0, "MAIL.example.org", 2);
	serve(0, 5, "backup.example.org", 3);
	host("mail.example.org", 1, 10);
	host("backup.example.org", 1, 20);
	ck_assert_int_eq(run(), 1);
	ck_assert_int_eq(dns.n_asked, 4);
	ck_assert_str_eq(dns.asked[0], "_submissions._tcp.example.org");
	ck_assert_str_eq(dns.asked[1], "_submission._tcp.example.org");
	ck_assert_str_eq(dns.asked[2], "mail.example.org");
	ck_assert_str_eq(dns.asked[3], "backup.example.org");
	ck_assert_int_eq(line->port, 1);
	ck_assert_int_eq(line->mode, PTN_MODE_IMPLICIT);
	ck_assert_str_eq(ptn_link_host(line), "mail.example.org");
	ck_assert_int_eq(line->address.octets[3], 10);
	ck_assert_int_eq(dns.opened[0], 10);
}
END_TEST

START_TEST(off_is_as_before)
{
	set.domain = NULL;
	set.ports[0] = (struct ptn_candidate){.port = 1, .mode = PTN_MODE_STARTTLS};
	set.n_ports = 1;
	host("example.org", 1, 30);
	ck_assert_int_eq(run(), 1);
	ck_assert_int_eq(dns.n_asked, 1);
	ck_assert_str_eq(dns.asked[0], "example.org");
	ck_assert_str_eq(ptn_link_host(line), "example.org");
	ck_assert_str_eq(fake_tls_host, "example.org");
	ptn_search_remember(&search, line, 0);
	ck_assert_int_eq(search.hint.port, 1);
}
END_TEST

/* A port without its server is no hint: none is used, none is kept. */
START_TEST(no_route_is_remembered)
{
	serve(1, 0, "mail.example.org", 1);
	serve(0, 0, "mail.example.org", 2);
	host("mail.example.org", 1, 10);
	search.hint = (struct ptn_hint){.port = 2, .mode = PTN_MODE_STARTTLS, .family = 4};
	ck_assert_int_eq(run(), 1);
	ck_assert_int_eq(line->port, 1);
	ptn_search_remember(&search, line, 0);
	ck_assert_int_eq(search.hint.port, 0);
}
END_TEST

START_TEST(a_domain_may_be_too_long)
{
	char longest[254];

	memset(longest, 'a', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	for (size_t i = 50; i < sizeof longest - 1; i += 50)
		longest[i] = '.';
	set.domain = longest;
	ck_assert_int_eq(run(), -1);
	ck_assert_int_eq(search.fault, PTN_FAULT_NAME_NO_SERVICE);
	ck_assert_int_eq(dns.n_asked, 0);
}
END_TEST

/* ---- what is not there ----------------------------------------------------------------------- */

enum { NONE = -ENOENT, LATE = -EAGAIN, MEMORY = -ENOMEM, HAS = 1, DENIED = 2 };

static const struct {
	int submissions, submission, fault; /* fault 0: it is found */
	const char *words;
} missing[] = {
	{NONE, NONE, PTN_FAULT_NAME_NO_SERVICE, "example.org: its DNS has no SRV record"},
	{DENIED, NONE, PTN_FAULT_NAME_NO_SERVICE, "example.org: its DNS says that there is none"},
	{NONE, DENIED, PTN_FAULT_NAME_NO_SERVICE, "example.org: its DNS says that there is none"},
	{DENIED, DENIED, PTN_FAULT_NAME_NO_SERVICE, "its DNS says that there is none"},
	{LATE, NONE, PTN_FAULT_NAME_NO_ANSWER, "example.org"},
	{NONE, LATE, PTN_FAULT_NAME_NO_ANSWER, "example.org"},
	{DENIED, LATE, PTN_FAULT_NAME_NO_ANSWER, "example.org"},
	{LATE, LATE, PTN_FAULT_NAME_NO_ANSWER, "example.org"},
	{MEMORY, NONE, PTN_FAULT_NO_MEMORY, "memory"},
	{HAS, NONE, 0, ""},
	{NONE, HAS, 0, ""},
	{HAS, DENIED, 0, ""},
	{DENIED, HAS, 0, ""},
	{HAS, LATE, 0, ""},
	{LATE, HAS, 0, ""},
};

static void offer(int which, int kind)
{
	if (kind == HAS)
		serve(!which, 0, "mail.example.org", 1);
	else if (kind == DENIED)
		serve(!which, 0, "", 0);
	else
		dns.service[which].result = kind;
}

START_TEST(services_that_are_not_there)
{
	offer(0, missing[_i].submissions);
	offer(1, missing[_i].submission);
	host("mail.example.org", 1, 10);
	ck_assert_int_eq(run(), missing[_i].fault ? -1 : 1);
	ck_assert_int_eq(search.fault, missing[_i].fault);
	if (!missing[_i].fault)
		return;
	ck_assert_msg(strstr(ptn_buf_data(&search.cause), missing[_i].words) != NULL, "%s",
		      ptn_buf_data(&search.cause));
	ck_assert_uint_gt(ptn_buf_len(&search.advice), 1);
	ck_assert_int_eq(w.opened, 0);
	/* It stays so until it is begun again, and then all is asked again. */
	ck_assert_int_eq(ptn_search_step(&search, w.now, &line), -1);
	ck_assert_int_eq(run(), -1);
	ck_assert_int_eq(dns.n_asked, 4);
}
END_TEST

static const struct {
	int first, second, fault; /* what the look-ups of two targets give */
	const char *words;
} targets[] = {
	{1, 1, 0, ""},
	{NONE, 1, 0, ""},
	{LATE, 1, 0, ""},
	{1, NONE, 0, ""},
	{NONE, NONE, PTN_FAULT_NAME_NOT_FOUND, "one.example.org"},
	{NONE, LATE, PTN_FAULT_NAME_NO_ANSWER, "one.example.org"},
	{MEMORY, NONE, PTN_FAULT_NO_MEMORY, "memory"},
};

START_TEST(targets_without_address)
{
	serve(1, 1, "one.example.org", 1);
	serve(1, 2, "two.example.org", 2);
	host("one.example.org", targets[_i].first, 10);
	host("two.example.org", targets[_i].second, 20);
	ck_assert_int_eq(run(), targets[_i].fault ? -1 : 1);
	ck_assert_int_eq(search.fault, targets[_i].fault);
	if (targets[_i].fault) {
		ck_assert_msg(strstr(ptn_buf_data(&search.cause), targets[_i].words) != NULL, "%s",
			      ptn_buf_data(&search.cause));
		return;
	}
	ck_assert_str_eq(ptn_link_host(line),
			 targets[_i].first == 1 ? "one.example.org" : "two.example.org");
	ck_assert_int_eq(line->address.octets[3], targets[_i].first == 1 ? 10 : 20);
}
END_TEST

/* The service that was not heard of may have had better ones. */
START_TEST(one_service_silent_and_the_other_without_address)
{
	offer(_i, LATE);
	offer(!_i, HAS);
	ck_assert_int_eq(run(), -1);
	ck_assert_int_eq(search.fault, PTN_FAULT_NAME_NO_ANSWER);
}
END_TEST

/* ---- time ------------------------------------------------------------------------------------ */

START_TEST(no_answer_at_all)
{
	ptn_time began = w.now;

	dns.delay = -1;
	ck_assert_int_eq(run(), -1);
	ck_assert_int_eq(search.fault, PTN_FAULT_NAME_NO_ANSWER);
	ck_assert_int_eq(dns.n_asked, 2);
	ck_assert_int_eq(dns.limit[0], 5000); /* a quarter */
	ck_assert_int_eq(w.now - began, 10000);
}
END_TEST

/* Eight targets of which none is answered for: the limit holds for all of them together. */
START_TEST(the_limit_is_for_all)
{
	ptn_time began = w.now;
	char name[32];
	int state = 0;

	for (int i = 1; i < PTN_ROUTE_MOST; i++) {
		snprintf(name, sizeof name, "t%d.example.org", i);
		serve(1, i, name, i);
	}
	ptn_search_begin(&search, w.now, 0);
	for (int i = 0; !state && i < 1000; i++) {
		state = ptn_search_step(&search, w.now, &line);
		if (dns.n_asked > 2)
			dns.ready = PTN_NEVER;
		if (!state)
			w.now = dns.ready != PTN_NEVER ? dns.ready : ptn_search_wake(&search);
	}
	ck_assert_int_eq(state, -1);
	ck_assert_int_eq(search.fault, PTN_FAULT_NAME_NO_ANSWER);
	ck_assert_int_eq(w.now - began, 20000);
}
END_TEST

START_TEST(without_a_limit)
{
	set.limits[POSTERN_LIMIT_RESOLVE] = 0;
	serve(1, 0, "mail.example.org", 1);
	host("mail.example.org", 1, 10);
	dns.delay = 100000;
	ck_assert_int_eq(run(), 1);
	ck_assert_int_eq(dns.limit[0], 0);
}
END_TEST

START_TEST(stopped_at_any_time)
{
	serve(1, 0, "mail.example.org", 1);
	host("mail.example.org", 1, 10);
	for (int turns = 0; turns < 30; turns++) {
		ptn_search_begin(&search, w.now, 0);
		for (int i = 0; i < turns && !line; i++, w.now += 2)
			ptn_search_step(&search, w.now, &line);
		ptn_search_stop(&search);
		part();
		ck_assert_int_eq(dns.running, 0);
		ptn_link_free(line);
		line = NULL;
		w.n = dns.n_asked = dns.n_opened = 0;
	}
}
END_TEST

START_TEST(memory_runs_out)
{
	int i, state = 0, failed = 0;

	serve(1, 0, "mail.example.org", 1);
	host("mail.example.org", 1, 10);
	for (i = 0; i < 500; i++) {
		refused = 0;
		refuse_once = 1;
		grants = i;
		state = run();
		grants = -1;
		if (!refused)
			break;
		if (state < 0)
			ck_assert_int_eq(search.fault, PTN_FAULT_NO_MEMORY);
		failed += state < 0;
		ptn_link_free(line);
		line = NULL;
		w.n = dns.n_asked = dns.n_opened = 0;
	}
	ck_assert_int_eq(state, 1);
	ck_assert_int_gt(failed, 3);
}
END_TEST

/* ---- who is tried, and who comes next -------------------------------------------------------- */

static const int moods[] = {MOOD_REFUSED, MOOD_DROPPED, MOOD_SILENT, MOOD_BLUNT};

START_TEST(the_next_by_priority)
{
	serve(0, 1, "one.example.org", 1);
	serve(1, 2, "two.example.org", 2);
	serve(1, 3, "three.example.org", 3);
	host("one.example.org", 1, 10);
	host("two.example.org", 1, 20);
	host("three.example.org", 1, 30);
	w.moods[1] = moods[_i / 4];
	w.moods[2] = moods[_i % 4];
	ck_assert_int_eq(run(), 1);
	ck_assert_str_eq(ptn_link_host(line), "three.example.org");
	ck_assert_int_eq(line->address.octets[3], 30);
	ck_assert_int_eq(dns.n_opened, 3);
	ck_assert_int_eq(dns.opened[0], 10);
	ck_assert_int_eq(dns.opened[1], 20);
	ck_assert_int_eq(dns.opened[2], 30);
	if (moods[_i / 4] == MOOD_REFUSED)
		ck_assert_ptr_nonnull(
			strstr(ptn_buf_data(&search.attempts[0].error), "one.example.org"));
}
END_TEST

START_TEST(none_is_up)
{
	serve(1, 1, "one.example.org", 1);
	serve(1, 2, "two.example.org", 2);
	host("one.example.org", 1, 10);
	host("two.example.org", 1, 20);
	w.moods[1] = w.moods[2] = MOOD_REFUSED;
	ck_assert_int_eq(run(), -1);
	ck_assert_int_eq(search.fault, PTN_FAULT_ALL_PORTS_REFUSED);
	ck_assert_str_eq(ptn_buf_data(&search.cause),
			 "every port of example.org refused the connection");
	ck_assert_ptr_nonnull(
		strstr(ptn_buf_data(&search.attempts[1].error), "port 2 of two.example.org"));
}
END_TEST

/* ---- names ----------------------------------------------------------------------------------- */

/* What the certificate must name, and what is said when it names cert. */
static const struct {
	const char *confirmed, *target, *wanted, *cert;
	int good, hint; /* hint: how to confirm is told */
} checks[] = {
	{NULL, "mail.example.org", "mail.example.org", "mail.example.org", 1, 0},
	{NULL, "mail.example.org", "mail.example.org", "example.org", 0, 0},
	{NULL, "Example.ORG", "Example.ORG", "example.org", 1, 0},
	{NULL, "mail.example.net", "example.org", "example.org", 1, 0},
	{NULL, "mail.example.net", "example.org", "mail.example.net", 0, 1},
	{NULL, "mail.example.net", "example.org", "evil.test", 0, 0},
	{NULL, "badexample.org", "example.org", "badexample.org", 0, 1},
	{"mail.example.net", "mail.example.net", "mail.example.net", "mail.example.net", 1, 0},
	{"example.net", "mail.example.net", "mail.example.net", "mail.example.net", 1, 0},
	{"example.net", "mail.example.net", "mail.example.net", "example.org", 0, 0},
	{"example.net", "mail.badexample.net", "example.org", "mail.badexample.net", 0, 1},
	{"mail.example.net", "example.net", "example.org", "example.net", 0, 1},
	{"mail.example.net", "other.example.org", "other.example.org", "other.example.org", 1, 0},
};

START_TEST(the_certificate_is_for_the_right_name)
{
	char confirm[300];
	const char *cause;
	int implicit = _i & 1, i = _i / 2;

	set.confirmed = (char *)checks[i].confirmed;
	serve(implicit, 0, checks[i].target, 1);
	serve(0, 9, "last.example.org", 2); /* a wrong name stops everything at once */
	host(checks[i].target, 1, 10);
	host("last.example.org", 1, 20);
	fake_tls_certificate = checks[i].cert;
	ck_assert_int_eq(run(), checks[i].good ? 1 : -1);
	ck_assert_str_eq(fake_tls_host, checks[i].wanted);
	ck_assert_int_eq(dns.n_opened, 1);
	if (checks[i].good) {
		ck_assert_str_eq(ptn_link_host(line), checks[i].target);
		ck_assert_str_eq(ptn_link_identity(line), checks[i].wanted);
		return;
	}
	ck_assert_int_eq(search.fault, PTN_FAULT_CERT_WRONG_NAME);
	cause = ptn_buf_data(&search.cause);
	snprintf(confirm, sizeof confirm, "the certificate is not for %s", checks[i].wanted);
	ck_assert_msg(!strncmp(cause, confirm, strlen(confirm)), "%s", cause);
	snprintf(confirm, sizeof confirm, "it is for %s, which DNS names", checks[i].target);
	ck_assert_msg((strstr(cause, confirm) != NULL) == checks[i].hint, "%s", cause);
	snprintf(confirm, sizeof confirm, "(discover=%s)", checks[i].target);
	ck_assert_msg((strstr(cause, confirm) != NULL) == checks[i].hint, "%s", cause);
}
END_TEST

/* ---- DANE (RFC 7673) ------------------------------------------------------------------------- */

static void sign(const char *name, int result, int vouched, size_t keys)
{
	dns.signature[dns.signatures++] = (struct signature){name, result, vouched, keys};
}

/* The names asked for behind the two of the services, "a b c". */
static const char *asked_then(void)
{
	static char text[2048];

	text[0] = '\0';
	for (int i = 2; i < dns.n_asked; i++)
		snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s", i > 2 ? " " : "",
			 dns.asked[i]);
	return text;
}

#define HOST "mail.example.net"
#define KEYS "_1._tcp.mail.example.net"

static const struct {
	int dane, services, address, address_result; /* vouched or not */
	int keys_result, keys_vouched;
	size_t keys; /* that the link gets */
	const char *asked, *identity;
	int fault;
} danes[] = {
	/* not wanted, or not to be had: as ever */
	{0, 1, 1, 1, 1, 1, 0, HOST, "example.org", 0},
	{1, 0, 1, 1, 1, 1, 0, HOST, "example.org", 0},
	/* the servers are the domain's, so their own name will do, whatever else */
	{1, 1, 0, 1, 1, 1, 0, HOST " " HOST, HOST, 0},
	{1, 1, 0, -ENOENT, 1, 1, 0, HOST " " HOST, HOST, 0},
	{1, 1, 1, 1, 1, 1, 3, HOST " " HOST " " KEYS, HOST, 0},
	{1, 1, 1, -ENOENT, 1, 1, 3, HOST " " HOST " " KEYS, HOST, 0}, /* it has IPv6 only */
	{1, 1, 1, 1, 1, 0, 0, HOST " " HOST " " KEYS, HOST, 0},
	{1, 1, 1, 1, -ENOENT, 1, 0, HOST " " HOST " " KEYS, HOST, 0},
	{1, 1, 1, 1, -ENOENT, 0, 0, HOST " " HOST " " KEYS, HOST, 0},
	/* what cannot be found out may be kept back by somebody */
	{1, 1, 1, -EAGAIN, 1, 1, 0, HOST " " HOST, "", PTN_FAULT_NAME_NO_ANSWER},
	{1, 1, 1, 1, -EAGAIN, 1, 0, HOST " " HOST " " KEYS, "", PTN_FAULT_NAME_NO_ANSWER},
	{1, 1, 1, 1, -EAGAIN, 0, 0, HOST " " HOST " " KEYS, "", PTN_FAULT_NAME_NO_ANSWER},
	{1, 1, 1, 1, -ENOMEM, 1, 0, HOST " " HOST " " KEYS, "", PTN_FAULT_NO_MEMORY},
	{1, 1, 1, -ENOMEM, 1, 1, 0, HOST " " HOST, "", PTN_FAULT_NO_MEMORY},
};

START_TEST(keys_in_dns)
{
	set.dane = danes[_i].dane;
	serve(1, 0, HOST, 1);
	dns.service[0].vouched = dns.service[1].vouched = danes[_i].services;
	host(HOST, 1, 10);
	sign(HOST, danes[_i].address_result, danes[_i].address, 0);
	sign(KEYS, danes[_i].keys_result, danes[_i].keys_vouched, 3);
	ck_assert_int_eq(run(), danes[_i].fault ? -1 : 1);
	ck_assert_str_eq(ptn_fault_id(search.fault), ptn_fault_id(danes[_i].fault));
	ck_assert_str_eq(asked_then(), danes[_i].asked);
	if (danes[_i].fault) {
		ck_assert_int_eq(w.opened, 0);
		return;
	}
	ck_assert_str_eq(ptn_link_identity(line), danes[_i].identity);
	ck_assert_uint_eq(line->n_tlsa, danes[_i].keys);
	for (size_t i = 0; i < line->n_tlsa; i++) {
		ck_assert_int_eq(line->tlsa[i].usage, 3);
		ck_assert_int_eq(line->tlsa[i].selector, 1);
		ck_assert_int_eq(line->tlsa[i].matching, i < 2);
		ck_assert_uint_eq(line->tlsa[i].size, i < 2 ? 32 : 300);
		ck_assert_int_eq(
			(i < 2 ? line->tlsa[i].data : line->tlsa[i].more)[line->tlsa[i].size - 1u],
			'k');
	}
	/* They are the link's own, whatever becomes of the search. */
	ptn_search_begin(&search, w.now, 0);
	for (size_t i = 0; i < line->n_tlsa; i++)
		ck_assert_int_eq((line->tlsa[i].more ? line->tlsa[i].more : line->tlsa[i].data)[0],
				 'k');
}
END_TEST

/* One server's keys are kept back: the next one is used.  Each port has keys of its own; that a
 * host is what it says it is is asked for once. */
START_TEST(the_next_server)
{
	set.dane = 1;
	serve(1, 0, "a.example.net", 1);
	serve(1, 1, "b.example.net", 1);
	serve(0, 1, "b.example.net", 2);
	dns.service[0].vouched = dns.service[1].vouched = 1;
	host("a.example.net", 1, 10);
	host("b.example.net", 1, 20);
	sign("a.example.net", 1, 1, 0);
	sign("b.example.net", 1, 1, 0);
	sign("_1._tcp.a.example.net", -EAGAIN, 0, 0);
	sign("_1._tcp.b.example.net", 1, 1, 2);
	sign("_2._tcp.b.example.net", 1, 1, 1);
	ck_assert_int_eq(run(), 1);
	ck_assert_str_eq(asked_then(), "a.example.net a.example.net _1._tcp.a.example.net "
				       "b.example.net b.example.net _1._tcp.b.example.net "
				       "_2._tcp.b.example.net");
	ck_assert_str_eq(ptn_link_host(line), "b.example.net");
	ck_assert_uint_eq(line->n_tlsa, 2);
	for (int i = 0; i < dns.n_opened; i++)
		ck_assert_int_eq(dns.opened[i], 20);
}
END_TEST

/* Each request for memory fails in turn: nothing is taken for "no keys". */
START_TEST(keys_without_memory)
{
	int state = -1;

	for (int n = 0; state < 0; n++) {
		ck_assert_int_lt(n, 200);
		tear_down();
		set_up();
		set.dane = 1;
		serve(1, 0, HOST, 1);
		dns.service[0].vouched = 1;
		host(HOST, 1, 10);
		sign(HOST, 1, 1, 0);
		sign(KEYS, 1, 1, 3);
		grants = n;
		state = run();
		grants = -1;
		if (state < 0)
			ck_assert_str_eq(ptn_fault_id(search.fault), "no-memory");
		else
			ck_assert_uint_eq(line->n_tlsa, 3);
	}
	ck_assert_int_eq(state, 1);
}
END_TEST

/* ---- By way of a proxy ----------------------------------------------------------------------- */

static struct ptn_proxy_settings proxy = {
	.kind = PTN_PROXY_SOCKS5, .host = (char *)"proxy.example.com", .port = 1};

/* Only the proxy's address is looked up, once; the servers' names are for it to know. */
START_TEST(servers_behind_a_proxy)
{
	static const struct {
		int result, fault;
		const char *cause;
	} all[] = {
		{1, 0, ""},
		{-ENOENT, PTN_FAULT_PROXY_UNREACHABLE,
		 "the proxy cannot be reached: its address was not found"},
		{-EAGAIN, PTN_FAULT_PROXY_UNREACHABLE,
		 "the proxy cannot be reached: its address was not found"},
	};
	struct ptn_discover *d = ptn_mem_alloc(sizeof *d);

	serve(1, 0, "a.example.net", 1);
	serve(1, 1, "b.example.net", 1);
	host("proxy.example.com", all[_i].result, 30);
	d->net = &net;
	d->ctx = &w;
	d->domain = "example.org";
	d->proxy = "proxy.example.com";
	ptn_discover_begin(d, w.now, 20000, 1);
	while (!ptn_discover_step(d, w.now))
		w.now++;
	ck_assert_str_eq(asked_then(), "proxy.example.com");
	if (all[_i].fault) {
		ck_assert_str_eq(ptn_fault_id(d->fault), ptn_fault_id(all[_i].fault));
	} else {
		ck_assert_uint_eq(d->n, 2);
		ck_assert_str_eq(d->targets[1].host, "b.example.net");
		ck_assert_int_eq(d->targets[1].addresses[0].octets[3], 30);
	}
	ptn_discover_free(d);
	set.proxy = &proxy;
	if (!all[_i].fault)
		return;
	ck_assert_int_eq(run(), -1);
	ck_assert_str_eq(ptn_fault_id(search.fault), ptn_fault_id(all[_i].fault));
	ck_assert_str_eq(ptn_buf_data(&search.cause), all[_i].cause);
	ck_assert_int_eq(w.opened, 0);
}
END_TEST

/* The same without discovery: the server's name never leaves for a name server of ours. */
START_TEST(a_server_behind_a_proxy)
{
	static const struct {
		int result;
		const char *cause;
	} all[] = {
		{1, ""},
		{-ENOENT,
		 "the proxy cannot be reached: the host name proxy.example.com was not found"},
		{-EAGAIN, "the proxy cannot be reached: no name server answered for "
			  "proxy.example.com"},
	};

	set.domain = NULL;
	set.proxy = &proxy;
	set.ports[0] = (struct ptn_candidate){.port = 3, .mode = PTN_MODE_STARTTLS};
	set.n_ports = 1;
	host("proxy.example.com", all[_i].result, 30);
	ptn_search_begin(&search, w.now, 0);
	while (!ptn_search_step(&search, w.now, &line) && !w.opened)
		w.now++;
	ck_assert_int_eq(dns.n_asked, 1);
	ck_assert_str_eq(dns.asked[0], "proxy.example.com");
	ck_assert_int_eq(w.opened, all[_i].result == 1);
	if (w.opened) {
		ck_assert_int_eq(dns.opened[0], 30);
		ck_assert_int_eq(w.c[0].port, proxy.port);
	} else {
		ck_assert_str_eq(ptn_fault_id(search.fault), "proxy-unreachable");
		ck_assert_str_eq(ptn_buf_data(&search.cause), all[_i].cause);
	}
}
END_TEST

/* A password in the clear stays on this machine, and where a proxy leads is not known. */
START_TEST(no_password_through_a_proxy_in_the_clear)
{
	set.domain = NULL;
	set.host = (char *)"localhost";
	set.user = set.password = (char *)"x";
	set.proxy = &proxy;
	set.ports[0] = (struct ptn_candidate){.port = 3, .mode = PTN_MODE_NONE};
	set.n_ports = 1;
	host("proxy.example.com", 1, 127);
	ck_assert_int_eq(run(), -1);
	ck_assert_str_eq(ptn_fault_id(search.fault), "clear-text-sign-in");
	ck_assert_int_eq(w.opened, 0);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "discover");

	tcase_add_checked_fixture(t, set_up, tear_down);
	tcase_add_test(t, names_are_asked_in_turn_and_once);
	tcase_add_test(t, off_is_as_before);
	tcase_add_test(t, no_route_is_remembered);
	tcase_add_test(t, a_domain_may_be_too_long);
	EACH(t, services_that_are_not_there, missing);
	EACH(t, targets_without_address, targets);
	tcase_add_loop_test(t, one_service_silent_and_the_other_without_address, 0, 2);
	tcase_add_test(t, no_answer_at_all);
	tcase_add_test(t, the_limit_is_for_all);
	tcase_add_test(t, without_a_limit);
	tcase_add_test(t, stopped_at_any_time);
	tcase_add_test(t, memory_runs_out);
	tcase_add_loop_test(t, the_next_by_priority, 0, 16);
	tcase_add_test(t, none_is_up);
	tcase_add_loop_test(t, the_certificate_is_for_the_right_name, 0,
			    2 * (int)(sizeof checks / sizeof *checks));
	EACH(t, keys_in_dns, danes);
	tcase_add_test(t, the_next_server);
	tcase_add_test(t, keys_without_memory);
	tcase_add_loop_test(t, servers_behind_a_proxy, 0, 3);
	tcase_add_loop_test(t, a_server_behind_a_proxy, 0, 3);
	tcase_add_test(t, no_password_through_a_proxy_in_the_clear);
}
