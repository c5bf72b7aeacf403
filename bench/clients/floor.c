/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The floor: flights made beforehand, of whose answers it looks at the first digit.  The least that
 * a client could do, with the kernel's TCP and with GnuTLS.  No client: no limits, no outcomes.
 *
 * WAY: "data", "bdat", "queue" (BDAT, eight mails in flight); with "-fresh" a connection for each
 * mail; "idle": COUNT connections that have sent a mail each, and what they cost.
 */
#include <gnutls/gnutls.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "job.h"

enum { WINDOW = 8, HELLOS = 256 };

struct peer {
	int fd;
	gnutls_session_t tls;
};

struct flight {
	char *text;
	size_t len;
	int replies;
};

static struct job job;
static gnutls_certificate_credentials_t trust;
static struct flight commands, mails; /* until DATA; whole with BDAT, WINDOW of them */

static void fail(const char *what)
{
	fprintf(stderr, "floor: %s\n", what);
	exit(1);
}

/* ---- A connection. ---- */

static void put(const struct peer *p, const char *text, size_t len)
{
	while (len) {
		ssize_t n = p->tls ? gnutls_record_send(p->tls, text, len)
				   : send(p->fd, text, len, MSG_NOSIGNAL);

		if (n <= 0)
			fail("lost");
		text += n;
		len -= (size_t)n;
	}
}

#define PUT(p, text) put(p, text, sizeof(text) - 1)

/* Last lines of replies, at least so many; 1yz to 3yz are good. */
static int hear(const struct peer *p, int least)
{
	static char in[65536];
	int n = 0;

	while (n < least) {
		ssize_t got = p->tls ? gnutls_record_recv(p->tls, in, sizeof(in))
				     : recv(p->fd, in, sizeof(in), 0);
		const char *line = in, *end = in + (got > 0 ? got : 0), *lf;

		if (got == GNUTLS_E_AGAIN || got == GNUTLS_E_INTERRUPTED)
			continue;
		if (got <= 0)
			fail("lost");
		for (; line < end && (lf = memchr(line, '\n', (size_t)(end - line)));
		     line = lf + 1) {
			if (*line > '3')
				fail("refused");
			n += line[3] == ' ';
		}
	}
	return n;
}

static void shake_hands(struct peer *p)
{
	int rc;

	gnutls_init(&p->tls, GNUTLS_CLIENT);
	gnutls_set_default_priority(p->tls);
	gnutls_credentials_set(p->tls, GNUTLS_CRD_CERTIFICATE, trust);
	gnutls_server_name_set(p->tls, GNUTLS_NAME_DNS, JOB_HOST, strlen(JOB_HOST));
	gnutls_session_set_verify_cert(p->tls, JOB_HOST, 0);
	gnutls_transport_set_int(p->tls, p->fd);
	do
		rc = gnutls_handshake(p->tls);
	while (rc < 0 && !gnutls_error_is_fatal(rc));
	if (rc < 0)
		fail(gnutls_strerror(rc));
}

static void greet(struct peer *p)
{
	if (strcmp(job.mode, "implicit") == 0)
		shake_hands(p);
	hear(p, 1);
	PUT(p, "EHLO floor.example\r\n");
	hear(p, 1);
	if (strcmp(job.mode, "starttls") == 0) {
		PUT(p, "STARTTLS\r\n");
		hear(p, 1);
		shake_hands(p);
		PUT(p, "EHLO floor.example\r\n");
		hear(p, 1);
	}
	if (job_tls(&job)) {
		PUT(p, "AUTH PLAIN AHVzZXIAcGFzc3dvcmQ=\r\n");
		hear(p, 1);
	}
}

static void dial(struct peer *p)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)job.port)};
	int on = 1;

	at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	p->tls = NULL;
	p->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&at, sizeof(at)))
		fail("no connection");
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	greet(p);
}

static void hang_up(struct peer *p)
{
	PUT(p, "QUIT\r\n");
	if (p->tls)
		gnutls_deinit(p->tls);
	close(p->fd);
}

/* ---- Flights. ---- */

static void add(struct flight *f, const char *text, size_t len)
{
	f->text = realloc(f->text, f->len + len + 1);
	if (!f->text)
		fail("out of memory");
	memcpy(f->text + f->len, text, len);
	f->len += len;
	f->text[f->len] = '\0';
}

static void add_envelope(struct flight *f)
{
	char line[128];

	add(f, line, (size_t)snprintf(line, sizeof(line), "MAIL FROM:<%s>\r\n", JOB_FROM));
	for (int i = 0; i < job.recipients; i++) {
		add(f, line,
		    (size_t)snprintf(line, sizeof(line), "RCPT TO:<%s>\r\n", job_recipient(i)));
	}
	f->replies = job.recipients + 2;
}

static void make_flights(void)
{
	char line[64];
	int n = snprintf(line, sizeof(line), "BDAT %zu LAST\r\n", job.size);

	add_envelope(&commands);
	add(&commands, "DATA\r\n", 6);
	for (int i = 0; i < WINDOW; i++) {
		add_envelope(&mails);
		add(&mails, line, (size_t)n);
		if (job.text)
			add(&mails, job.text, job.len);
	}
	mails.len /= WINDOW;
	if (job.text) {
		job.text = realloc(job.text, job.len + 4);
		memcpy(job.text + job.len, ".\r\n", 4);
	}
}

/* A large content goes out from one block. */
static void put_content(const struct peer *p)
{
	size_t left = job.size, n = job.block_len;

	put(p, job.block, n);
	for (left -= n; left; left -= n) {
		n = job.block_len - job.head_len;
		if (n > left)
			n = left;
		put(p, job.block + job.head_len, n);
	}
}

static void send_data(const struct peer *p)
{
	put(p, commands.text, commands.len);
	hear(p, commands.replies);
	if (job.text) {
		put(p, job.text, job.len + 3);
	} else {
		put_content(p);
		PUT(p, "\r\n.\r\n");
	}
	hear(p, 1);
}

static void send_bdat(const struct peer *p)
{
	put(p, mails.text, mails.len);
	if (!job.text)
		put_content(p);
	hear(p, mails.replies);
}

static void send_queue(const struct peer *p)
{
	long left = job.count, flying = 0;
	int heard = 0;

	while (left || flying) {
		long n = WINDOW - flying < left ? WINDOW - flying : left;

		if (n)
			put(p, mails.text, mails.len * (size_t)n);
		left -= n;
		flying += n;
		for (heard += hear(p, 1); heard >= mails.replies; heard -= mails.replies)
			flying--;
	}
}

static void send_all(int fresh, int bdat)
{
	struct peer p;

	dial(&p);
	for (long i = 0; i < job.count; i++) {
		if (fresh && i)
			dial(&p);
		(bdat ? send_bdat : send_data)(&p);
		if (fresh && i + 1 < job.count)
			hang_up(&p);
	}
	hang_up(&p);
}

static void be_idle(void)
{
	struct peer *all = calloc((size_t)job.count, sizeof(*all));
	long before = job_memory("VmRSS:");

	for (long i = 0; all && i < job.count; i++) {
		dial(&all[i]);
		send_bdat(&all[i]);
	}
	printf("session %ld\n", (job_memory("VmRSS:") - before) * 1024 / job.count);
	fflush(stdout);
	_exit(0);
}

int main(int argc, char **argv)
{
	job_read_arguments(&job, argc, argv);
	make_flights();
	if (gnutls_certificate_allocate_credentials(&trust) < 0 ||
	    (job_tls(&job) &&
	     gnutls_certificate_set_x509_trust_file(trust, job.ca, GNUTLS_X509_FMT_PEM) <= 0))
		fail("no authorities");
	if (job_is(&job, "idle")) {
		be_idle();
	} else if (job_is(&job, "queue")) {
		struct peer p;

		dial(&p);
		send_queue(&p);
		hang_up(&p);
	} else {
		send_all(strstr(job.way, "fresh") != NULL, strncmp(job.way, "bdat", 4) == 0);
	}
	gnutls_certificate_free_credentials(trust);
	return 0;
}
