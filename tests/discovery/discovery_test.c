/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Discovery as a program sees it: the setter, the URL, and mails to a sandbox that a small name
 * server (RFC 1035) on loopback names.  The sandbox's certificate is for mail.sandbox.test; the
 * program is named by $SANDBOX.
 */
#define _XOPEN_SOURCE 700
#include <arpa/inet.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "handle.h"
#include "main.h"
#include "net/system.h"

enum { A = 1, SRV = 33, TLSA = 52, RECORDS = 6 };

/* ---- the name server, in a process of its own ------------------------------------------------ */

struct record {
	const char *name; /* NULL: the end */
	int type, priority, port;
	const char *target; /* "" is the root */
};

static size_t put_name(unsigned char *to, const char *name)
{
	size_t n = 0;

	while (*name) {
		size_t len = strcspn(name, ".");

		to[n++] = (unsigned char)len;
		memcpy(to + n, name, len);
		n += len;
		name += len + (name[len] == '.');
	}
	to[n++] = 0;
	return n;
}

static size_t read_name(const unsigned char *p, char *out)
{
	size_t at = 0, to = 0;

	for (; p[at]; at += p[at] + 1u) {
		if (to)
			out[to++] = '.';
		memcpy(out + to, p + at + 1, p[at]);
		to += p[at];
	}
	out[to] = '\0';
	return at + 1;
}

static size_t put_record(unsigned char *a, const struct record *r)
{
	size_t n;

	memcpy(a, (unsigned char[]){0xC0, 12, 0, (unsigned char)r->type, 0, 1, 0, 0, 0, 1, 0, 4},
	       12);
	if (r->type == A) {
		memcpy(a + 12, (unsigned char[]){127, 0, 0, 1}, 4);
		return 16;
	}
	memcpy(a + 12,
	       (unsigned char[]){(unsigned char)(r->priority >> 8), (unsigned char)r->priority, 0,
				 0, (unsigned char)(r->port >> 8), (unsigned char)r->port},
	       6);
	n = put_name(a + 18, r->target);
	a[11] = (unsigned char)(6 + n);
	return 18 + n;
}

/* What a validating resolver has to say: whether it vouches for its answers, and what it has for
 * TLSA. */
static struct {
	int vouches;
	enum { NO_KEYS, GOOD_KEY, OTHER_KEY, BOGUS_KEYS } keys;
	unsigned char sha256[32]; /* of the sandbox's */
} validator;

static size_t put_keys(unsigned char *a)
{
	static const unsigned char head[] = {0xC0, 12, 0, TLSA, 0, 1, 0, 0, 0, 1, 0, 35, 3, 1, 1};

	if (validator.keys != GOOD_KEY && validator.keys != OTHER_KEY)
		return 0;
	memcpy(a, head, sizeof head);
	memcpy(a + sizeof head, validator.sha256, 32);
	a[sizeof head] ^= validator.keys == OTHER_KEY;
	return sizeof head + 32;
}

static size_t answer(const unsigned char *q, unsigned char *a, const struct record *zone)
{
	char name[256];
	size_t to = 12 + read_name(q + 12, name);
	int type = q[to + 1], known = 0;

	to += 4;
	memcpy(a, q, to);
	memset(a + 6, 0, 6);
	a[2] = 0x81;
	for (const struct record *r = zone; r->name; r++) {
		if (!ptn_text_equal(r->name, name))
			continue;
		known = 1;
		if (r->type != type)
			continue;
		to += put_record(a + to, r);
		a[7]++;
	}
	a[3] = known ? 0x80 : 0x83;
	if (type == TLSA) {
		size_t n = put_keys(a + to);

		a[3] = validator.keys == BOGUS_KEYS ? 0x82 : 0x80;
		a[7] = n > 0;
		to += n;
	}
	if (q[3] & 0x20 && validator.vouches)
		a[3] |= 0x20;
	return to;
}

static pid_t dns_process;
static int dns_port;

static void begin_dns(const struct record *zone)
{
	struct sockaddr_in at = {.sin_family = AF_INET}, from;
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char q[512], a[2048];

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	dns_port = ntohs(at.sin_port);
	dns_process = fork();
	if (!dns_process)
		signal(SIGTERM, SIG_DFL); /* the test's own would end them all */
	while (!dns_process) {
		ssize_t n;

		len = sizeof from;
		n = recvfrom(fd, q, sizeof q, 0, (struct sockaddr *)&from, &len);
		if (n > 16)
			sendto(fd, a, answer(q, a, zone), 0, (struct sockaddr *)&from, len);
	}
	close(fd);
}

/* ---- the sandbox ----------------------------------------------------------------------------- */

static struct {
	pid_t process;
	char dir[64], ca[128];
	int implicit, starttls; /* ports */
} box;

static void read_ready(const char *name)
{
	char line[256];
	FILE *f = fopen(name, "r");

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof line, f)) {
		sscanf(line, "PORT_i=%d", &box.implicit);
		sscanf(line, "PORT_s=%d", &box.starttls);
	}
	fclose(f);
	ck_assert_int_gt(box.implicit, 0);
	ck_assert_int_gt(box.starttls, 0);
}

/* certificate: a kind of the sandbox's */
static void begin_box(const char *certificate)
{
	char state[96], ready[96];
	const char *program = getenv("SANDBOX");

	ck_assert_ptr_nonnull(program);
	strcpy(box.dir, "/tmp/postern-discovery.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(box.dir));
	snprintf(state, sizeof state, "%s/state", box.dir);
	snprintf(ready, sizeof ready, "%s/ready", box.dir);
	snprintf(box.ca, sizeof box.ca, "%s/ca.pem", state);
	box.process = fork();
	if (!box.process) {
		ck_assert_ptr_nonnull(freopen("/dev/null", "w", stdout));
		execl(program, program, "--dir", state, "--ready-file", ready, "--certificate",
		      certificate, "--listen", "i=127.0.0.1:0/implicit", "--listen",
		      "s=127.0.0.1:0/starttls", (char *)NULL);
		_exit(127);
	}
	for (int i = 0; access(ready, R_OK) && i < 4000; i++) {
		ck_assert_int_eq(waitpid(box.process, NULL, WNOHANG), 0);
		nanosleep(&(struct timespec){0, 5000000}, NULL);
	}
	read_ready(ready);
}

static int remove_one(const char *name, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(name);
}

static void end(pid_t process)
{
	kill(process, SIGTERM);
	waitpid(process, NULL, 0);
}

/* ---- the program ----------------------------------------------------------------------------- */

/* A port on which nobody listens. */
static int closed_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t len = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, len), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &len), 0);
	close(fd);
	return ntohs(at.sin_port);
}

enum { IMPLICIT = -1, STARTTLS = -2, CLOSED = -3 }; /* ports in the rows */

/* One mail: what the domain has, what the caller says, and what comes of it. */
static const struct row {
	const char *url, *certificate;
	struct record zone[RECORDS];
	const char *fault, *host, *tls, *words;
} rows[] = {
	{"sandbox.test?discover=1",
	 "good",
	 {{"_submissions._tcp.sandbox.test", SRV, 0, IMPLICIT, "mail.sandbox.test"},
	  {"_submission._tcp.sandbox.test", SRV, 0, STARTTLS, "mail.sandbox.test"},
	  {"mail.sandbox.test", A, 0, 0, NULL}},
	 "",
	 "mail.sandbox.test",
	 "implicit",
	 ""},
	{"sandbox.test?discover=1",
	 "good",
	 {{"_submission._tcp.sandbox.test", SRV, 0, STARTTLS, "mail.sandbox.test"},
	  {"mail.sandbox.test", A, 0, 0, NULL}},
	 "",
	 "mail.sandbox.test",
	 "STARTTLS",
	 ""},
	/* one that is closed, one that does not exist, and the one by priority behind them */
	{"sandbox.test?discover=1",
	 "good",
	 {{"_submissions._tcp.sandbox.test", SRV, 30, IMPLICIT, "mail.sandbox.test"},
	  {"_submissions._tcp.sandbox.test", SRV, 10, CLOSED, "down.sandbox.test"},
	  {"_submission._tcp.sandbox.test", SRV, 20, 587, "nowhere.sandbox.test"},
	  {"down.sandbox.test", A, 0, 0, NULL},
	  {"mail.sandbox.test", A, 0, 0, NULL}},
	 "",
	 "mail.sandbox.test",
	 "implicit",
	 ""},
	/* elsewhere: by the domain's name in the certificate, or confirmed */
	{"example.test?discover=1",
	 "good",
	 {{"_submissions._tcp.example.test", SRV, 0, IMPLICIT, "mail.sandbox.test"},
	  {"mail.sandbox.test", A, 0, 0, NULL}},
	 "certificate-wrong-name",
	 "",
	 "",
	 "the certificate is not for example.test; it is for mail.sandbox.test, which DNS names as "
	 "its server; if you know it to be, confirm it (discover=mail.sandbox.test)"},
	{"example.test?discover=1",
	 "good",
	 {{"_submission._tcp.example.test", SRV, 0, STARTTLS, "mail.sandbox.test"},
	  {"mail.sandbox.test", A, 0, 0, NULL}},
	 "certificate-wrong-name",
	 "",
	 "",
	 "(discover=mail.sandbox.test)"},
	{"example.test?discover=mail.sandbox.test",
	 "good",
	 {{"_submissions._tcp.example.test", SRV, 0, IMPLICIT, "mail.sandbox.test"},
	  {"mail.sandbox.test", A, 0, 0, NULL}},
	 "",
	 "mail.sandbox.test",
	 "implicit",
	 ""},
	{"example.test?discover=sandbox.test",
	 "good",
	 {{"_submission._tcp.example.test", SRV, 0, STARTTLS, "mail.sandbox.test"},
	  {"mail.sandbox.test", A, 0, 0, NULL}},
	 "",
	 "mail.sandbox.test",
	 "STARTTLS",
	 ""},
	{"example.test?discover=sandbox.test",
	 "good",
	 {{"_submission._tcp.example.test", SRV, 0, STARTTLS, "mail.evil.test"},
	  {"mail.evil.test", A, 0, 0, NULL}},
	 "certificate-wrong-name",
	 "",
	 "",
	 "the certificate is not for example.test; it is for localhost"},
	{"other.sandbox.test?discover=1",
	 "wrong-name", /* for other.sandbox.test, the domain that is asked for here */
	 {{"_submissions._tcp.other.sandbox.test", SRV, 0, IMPLICIT, "mail.sandbox.test"},
	  {"mail.sandbox.test", A, 0, 0, NULL}},
	 "",
	 "mail.sandbox.test",
	 "implicit",
	 ""},
	{"sandbox.test?discover=1",
	 "wrong-name",
	 {{"_submissions._tcp.sandbox.test", SRV, 0, IMPLICIT, "mail.sandbox.test"},
	  {"mail.sandbox.test", A, 0, 0, NULL}},
	 "certificate-wrong-name",
	 "",
	 "",
	 "the certificate is not for mail.sandbox.test; it is for other.sandbox.test"},
	{"example.test?discover=1",
	 "good",
	 {{"example.test", A, 0, 0, NULL}},
	 "service-not-found",
	 "",
	 "",
	 "no submission service was found for example.test: its DNS has no SRV record for one"},
	{"example.test?discover=1",
	 "good",
	 {{"_submissions._tcp.example.test", SRV, 0, 0, ""},
	  {"_submission._tcp.example.test", SRV, 0, 0, ""}},
	 "service-not-found",
	 "",
	 "",
	 "its DNS says that there is none"},
};

static struct record zone[RECORDS + 1];

static void set_zone(const struct row *r)
{
	memset(zone, 0, sizeof zone);
	memcpy(zone, r->zone, sizeof r->zone);
	for (struct record *z = zone; z->name; z++)
		z->port = z->port == IMPLICIT   ? box.implicit
			  : z->port == STARTTLS ? box.starttls
			  : z->port == CLOSED   ? closed_port()
						: z->port;
}

static postern *service(const char *url)
{
	char servers[64];
	postern *p = postern_new(url);

	snprintf(servers, sizeof servers, "127.0.0.1:%d", dns_port);
	ck_assert_int_eq(postern_set_trust(p, box.ca), 0);
	ck_assert_int_eq(postern_set_login(p, "user", "password"), 0);
	ck_assert_int_eq(ptn_handle_open(p), 0);
	ck_assert_int_eq(ptn_net_set_dns_servers(p->ctx, servers), 0);
	return p;
}

static postern_mail *mail(void)
{
	static const char text[] = "Subject: found\n\nHello.\n";
	postern_mail *m = postern_mail_new("me@example.org");

	ck_assert_int_eq(postern_mail_add_recipient(m, "you@example.net"), 0);
	ck_assert_int_eq(postern_mail_set_text(m, text, sizeof text - 1), 0);
	return m;
}

START_TEST(mails)
{
	const struct row *r = &rows[_i];
	postern_mail *m = mail();
	postern *p;

	begin_box(r->certificate);
	set_zone(r);
	begin_dns(zone);
	p = service(r->url);
	postern_send(p, m);
	ck_assert_msg(!strcmp(postern_mail_error_id(m), r->fault), "row %d: %s %s", _i,
		      postern_mail_error_id(m), postern_mail_error(m));
	ck_assert_int_eq(postern_mail_outcome(m), *r->fault ? POSTERN_PERMANENT : POSTERN_ACCEPTED);
	ck_assert_msg(strstr(postern_mail_error(m), r->words) != NULL, "row %d: %s", _i,
		      postern_mail_error(m));
	ck_assert_str_eq(postern_route_host(p), r->host);
	ck_assert_str_eq(postern_route_tls(p), r->tls);
	ck_assert_str_eq(postern_route_save(p), "");
	postern_free(p);
	postern_mail_free(m);
	end(dns_process);
	end(box.process);
	nftw(box.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
END_TEST

/* ---- DANE: the keys of a server that DNS names elsewhere. ---- */

static const struct {
	const char *certificate, *url;
	int vouches, keys;
	const char *fault, *words;
} danes[] = {
	/* without: the domain's name is wanted, whatever there is in DNS */
	{"good", "example.test?discover=1", 1, GOOD_KEY, "certificate-wrong-name", ""},
	{"good", "example.test?discover=1&dane=1", 0, GOOD_KEY, "certificate-wrong-name", ""},
	/* the server's own name will do where DNS is vouched for */
	{"good", "example.test?discover=1&dane=1", 1, NO_KEYS, "", ""},
	{"wrong-name", "example.test?discover=1&dane=1", 1, NO_KEYS, "certificate-wrong-name",
	 "not for mail.sandbox.test"},
	{"wrong-name", "other.sandbox.test?discover=1&dane=1", 1, NO_KEYS, "",
	 ""}, /* the domain's */
	/* its key decides, and then no name (RFC 7673 4.2) and no authority */
	{"good", "example.test?discover=1&dane=1", 1, GOOD_KEY, "", ""},
	{"wrong-name", "example.test?discover=1&dane=1", 1, GOOD_KEY, "", ""},
	{"self-signed", "example.test?discover=1&dane=1", 1, GOOD_KEY, "", ""},
	{"expired", "example.test?discover=1&dane=1", 1, GOOD_KEY, "", ""},
	{"good", "example.test?discover=1&dane=1", 1, OTHER_KEY, "certificate-not-in-dns", ""},
	{"good", "example.test?discover=mail.sandbox.test&dane=1", 1, OTHER_KEY,
	 "certificate-not-in-dns", ""},
	/* a key that nobody vouches for says nothing */
	{"good", "example.test?discover=mail.sandbox.test&dane=1", 0, OTHER_KEY, "", ""},
	{"self-signed", "example.test?discover=mail.sandbox.test&dane=1", 0, GOOD_KEY,
	 "certificate-self-signed", ""},
	/* and one that cannot be had, that somebody keeps it back */
	{"good", "example.test?discover=1&dane=1", 1, BOGUS_KEYS, "name-no-answer",
	 "no name server answered for mail.sandbox.test"},
};

/* The probe tells the sandbox's key. */
static void learn_key(void)
{
	char server[64];
	struct ptn_buf sha256 = {0};
	postern *p;
	postern_report *r;
	const char *pin;

	snprintf(server, sizeof server, "smtps://localhost:%d", box.implicit);
	p = postern_new(server);
	ck_assert_int_eq(postern_set_trust(p, box.ca), 0);
	r = postern_probe(p, NULL, NULL);
	pin = postern_report_get(r, 0, "certificate.key-sha256");
	ck_assert_int_eq(ptn_text_unbase64(&sha256, pin, strlen(pin)), 0);
	ck_assert_uint_eq(ptn_buf_len(&sha256), 32);
	memcpy(validator.sha256, ptn_buf_data(&sha256), 32);
	ptn_buf_free(&sha256);
	postern_report_free(r);
	postern_free(p);
}

START_TEST(keys_in_dns)
{
	static const struct row elsewhere = {
		.zone = {{"_submissions._tcp.example.test", SRV, 0, IMPLICIT, "mail.sandbox.test"},
			 {"_submissions._tcp.other.sandbox.test", SRV, 0, IMPLICIT,
			  "mail.sandbox.test"},
			 {"mail.sandbox.test", A, 0, 0, NULL}}};
	postern_mail *m = mail();
	postern *p;

	begin_box(danes[_i].certificate);
	learn_key();
	validator.vouches = danes[_i].vouches;
	validator.keys = (unsigned)danes[_i].keys;
	set_zone(&elsewhere);
	begin_dns(zone);
	p = service(danes[_i].url);
	postern_send(p, m);
	ck_assert_msg(!strcmp(postern_mail_error_id(m), danes[_i].fault), "row %d: %s %s", _i,
		      postern_mail_error_id(m), postern_mail_error(m));
	ck_assert_msg(strstr(postern_mail_error(m), danes[_i].words) != NULL, "row %d: %s", _i,
		      postern_mail_error(m));
	ck_assert_int_eq(postern_mail_outcome(m) == POSTERN_ACCEPTED, !*danes[_i].fault);
	postern_free(p);
	postern_mail_free(m);
	end(dns_process);
	end(box.process);
	nftw(box.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
END_TEST

/* The setter, on a handle whose own server is not there; and off again. */
START_TEST(the_setter)
{
	postern_mail *m = mail(), *again = mail();
	postern *p;

	begin_box("good");
	set_zone(&rows[5]);
	begin_dns(zone);
	p = service("nowhere.test");
	ck_assert_int_eq(postern_set_discovery(p, "example.test.", "Sandbox.Test."), 0);
	ck_assert_msg(!postern_send(p, m), "%s", postern_mail_error(m));
	ck_assert_str_eq(postern_route_host(p), "mail.sandbox.test");
	ck_assert_int_eq(postern_set_discovery(p, NULL, NULL), 0);
	ck_assert_int_eq(postern_send(p, again), POSTERN_E_RESOLVE);
	ck_assert_str_eq(postern_mail_error_id(again), "name-not-found");
	postern_free(p);
	postern_mail_free(m);
	postern_mail_free(again);
	end(dns_process);
	end(box.process);
	nftw(box.dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}
END_TEST

static const struct {
	const char *domain, *confirmed, *words; /* words NULL: good */
} set[] = {
	{"example.org", NULL, NULL},
	{"example.org.", "example.net.", NULL},
	{"example.org", "mail.example.net", NULL},
	{NULL, NULL, NULL},
	{NULL, "example.net", "there is no domain"},
	{"", NULL, "no domain"},
	{"example.org", "", "no domain"},
	{"org", NULL, "one label"},
	{"org.", NULL, "one label"},
	{"example.org", "net", "one label"},
	{"192.0.2.1", NULL, "address"},
	{"[2001:db8::1]", NULL, "address"},
	{"2001:db8::1", NULL, "address"},
	{"example.org", "192.0.2.1", "address"},
	{"exam ple.org", NULL, "not a domain"},
	{"example.org\r\n", NULL, "not a domain"},
};

START_TEST(what_may_be_set)
{
	postern *p = postern_new("mail.example.org");
	int err = postern_set_discovery(p, set[_i].domain, set[_i].confirmed);

	ck_assert_int_eq(err, set[_i].words ? POSTERN_E_ARG : 0);
	if (set[_i].words) {
		ck_assert_msg(strstr(postern_error(p), set[_i].words) != NULL, "%s",
			      postern_error(p));
		ck_assert_int_eq(postern_set_discovery(p, NULL, NULL), 0); /* takes it back */
	}
	ck_assert_str_eq(postern_error(p), "");
	postern_free(p);
	ck_assert_int_eq(postern_set_discovery(NULL, "example.org", NULL), POSTERN_E_NOMEM);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "discovery");

	EACH(t, mails, rows);
	EACH(t, keys_in_dns, danes);
	tcase_add_test(t, the_setter);
	EACH(t, what_may_be_set, set);
}
