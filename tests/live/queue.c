/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * One mail with options, or a queue of many, over one handle:
 *
 *   queue server=URL without=CHUNKING from=a@example.org to=b@example.org many=5000
 *
 * Words are done in their order; "one" and "many" print a line of JSON: what became of the mails,
 * and which commands were sent.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <postern.h>

enum { TEXT = 4096, DEPTH = 200, RECIPIENTS = 10 };

static const char *const watched[] = {"MAIL", "RCPT", "DATA", "BDAT", "AUTH", "STARTTLS"};
enum { WATCHED = sizeof(watched) / sizeof(watched[0]) };

struct run {
	postern *p;
	long sent[WATCHED]; /* commands of each kind */
	const char *from, *to[RECIPIENTS], *file, *ret, *envid, *original, *submitter;
	size_t n_to;
	int notify, priority, binary, tls, show;
	long hold, deliver_by; /* seconds */
	long count, queued, done, accepted;
};

struct item { /* a mail of the queue; its text lives as long as it */
	long number;
	char text[TEXT];
};

static void trace(void *arg, int dir, const char *line, size_t len)
{
	struct run *r = arg;

	if (r->show)
		fprintf(stderr, "%c %.*s\n", dir, (int)len, line);
	for (size_t i = 0; dir == '>' && i < WATCHED; i++)
		if (len >= strlen(watched[i]) && !memcmp(line, watched[i], strlen(watched[i])))
			r->sent[i]++;
}

static void tell(struct run *r)
{
	for (size_t i = 0; i < WATCHED; i++) {
		printf(", \"%s\": %ld", watched[i], r->sent[i]);
		r->sent[i] = 0;
	}
	printf("}\n");
	fflush(stdout);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static postern_mail *envelope(const struct run *r)
{
	postern_mail *m = postern_mail_new(r->from);

	for (size_t i = 0; i < r->n_to; i++) {
		postern_mail_add_recipient(m, r->to[i]);
		if (r->notify || r->original)
			postern_mail_set_notify(m, i, r->notify, r->original);
	}
	if (r->ret || r->envid)
		postern_mail_set_return(m, r->ret, r->envid);
	if (r->submitter)
		postern_mail_set_submitter(m, r->submitter);
	postern_mail_set_priority(m, r->priority);
	postern_mail_set_binary(m, r->binary);
	postern_mail_require_tls(m, r->tls);
	postern_mail_set_hold(m, (unsigned long)r->hold, NULL);
	if (r->deliver_by)
		postern_mail_set_deliver_by(m, r->deliver_by, 'R', 0);
	return m;
}

/* ---- one mail, its content from a file ---- */

static int send_one(struct run *r, const char *value)
{
	postern_mail *m = envelope(r);
	double began = now();

	(void)value;
	postern_mail_set_file(m, r->file);
	postern_send(r->p, m);
	if (*postern_mail_error(m))
		fprintf(stderr, "%s\n", postern_mail_error(m));
	printf("{\"outcome\": \"%s\", \"id\": \"%s\", \"queue_id\": \"%s\", \"seconds\": %.3f",
	       postern_outcome_name(postern_mail_outcome(m)), postern_mail_error_id(m),
	       postern_mail_queue_id(m), now() - began);
	tell(r);
	postern_mail_free(m);
	return 0;
}

/* ---- many mails ---- */

/* The length and the dots of the body follow from the number, so that a reader can check them. */
static size_t write_text(const struct run *r, char *text, long number)
{
	int n = snprintf(text, TEXT,
			 "From: <%s>\nTo: <%s>\nSubject: Message %ld\n"
			 "Message-ID: <%ld@queue.example>\n"
			 "Date: Tue, 03 Mar 2026 12:00:00 +0000\n\n",
			 r->from, r->to[0], number, number);

	for (long i = 0; i <= number % 50 && n < TEXT - 80; i++)
		n += snprintf(text + n, TEXT - (size_t)n, "%.*sline %ld of %ld\n", (int)(i % 4),
			      "...", i, number);
	return (size_t)n;
}

static int submit(struct run *r)
{
	struct item *item = malloc(sizeof(*item));
	postern_mail *m = item ? envelope(r) : NULL;

	if (!m) {
		free(item);
		return -1;
	}
	item->number = ++r->queued;
	postern_mail_set_text(m, item->text, write_text(r, item->text, item->number));
	postern_mail_set_user(m, item);
	if (!postern_submit(r->p, m))
		return 0;
	fprintf(stderr, "%s\n", postern_mail_error(m));
	postern_mail_free(m);
	free(item);
	return -1;
}

static void collect(struct run *r)
{
	postern_mail *m;

	while ((m = postern_done(r->p))) {
		struct item *item = postern_mail_get_user(m);

		r->done++;
		if (postern_mail_outcome(m) == POSTERN_ACCEPTED)
			r->accepted++;
		else
			fprintf(stderr, "message %ld: %s: %s\n", item->number,
				postern_outcome_name(postern_mail_outcome(m)),
				postern_mail_error(m));
		postern_mail_free(m);
		free(item);
	}
}

static int send_many(struct run *r, const char *value)
{
	double began = now();
	int left;

	r->count = strtol(value, NULL, 10);
	r->queued = r->done = r->accepted = 0;
	do {
		struct pollfd at;

		while (r->queued < r->count && r->queued - r->done < DEPTH)
			if (submit(r))
				return -1;
		left = postern_step(r->p);
		at = (struct pollfd){postern_fd(r->p), (short)postern_events(r->p), 0};
		if (left > 0)
			poll(&at, 1, postern_timeout(r->p));
		collect(r);
	} while (left > 0 || (left == 0 && r->done < r->count));
	printf("{\"accepted\": %ld, \"done\": %ld, \"seconds\": %.3f", r->accepted, r->done,
	       now() - began);
	tell(r);
	return left < 0 ? -1 : 0;
}

/* ---- words ---- */

static int set_server(struct run *r, const char *value)
{
	postern_free(r->p);
	r->p = postern_new(value);
	return postern_set_trace(r->p, trace, r);
}

static int set_without(struct run *r, const char *value)
{
	return postern_set_capability(r->p, value, 0);
}

static int set_behind(struct run *r, const char *value)
{
	return postern_set_window_behind_data(r->p, *value == '1');
}

static int set_each(struct run *r, const char *value)
{
	return postern_set_mails_per_connection(r->p, (int)strtol(value, NULL, 10));
}

static int add_to(struct run *r, const char *value)
{
	if (r->n_to == RECIPIENTS)
		return -1;
	r->to[r->n_to++] = value;
	return 0;
}

static int quit(struct run *r, const char *value)
{
	(void)value;
	return postern_quit(r->p);
}

/* What the next mails have: words with a text or a number. */
static int set_option(struct run *r, const char *name, const char *value)
{
	const struct {
		const char *name;
		const char **text;
		long *number;
		int *flag;
	} options[] = {
		{"from", &r->from, NULL, NULL},
		{"file", &r->file, NULL, NULL}, /* the content of "one" */
		{"ret", &r->ret, NULL, NULL},
		{"envid", &r->envid, NULL, NULL},
		{"original", &r->original, NULL, NULL},
		{"submitter", &r->submitter, NULL, NULL},
		{"hold", NULL, &r->hold, NULL},
		{"deliver-by", NULL, &r->deliver_by, NULL},
		{"notify", NULL, NULL, &r->notify}, /* bits */
		{"priority", NULL, NULL, &r->priority},
		{"binary", NULL, NULL, &r->binary},
		{"require-tls", NULL, NULL, &r->tls},
		{"show", NULL, NULL, &r->show}, /* 1: the conversation on standard error */
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		if (strcmp(name, options[i].name) != 0)
			continue;
		if (options[i].text)
			*options[i].text = value;
		else if (options[i].number)
			*options[i].number = strtol(value, NULL, 10);
		else
			*options[i].flag = (int)strtol(value, NULL, 10);
		return 0;
	}
	return -1;
}

static const struct word {
	const char *name;
	int (*act)(struct run *r, const char *value);
} words[] = {
	{"server", set_server}, /* a new handle: the first word */
	{"without", set_without}, /* a capability not to be used */
	{"behind", set_behind}, /* 1: a window behind DATA */
	{"each", set_each}, /* mails on one connection */
	{"to", add_to},           {"one", send_one}, {"many", send_many}, /* how many */
	{"quit", quit},
};

static int act(struct run *r, char *text)
{
	char *value = strchr(text, '=');
	size_t i = 0;

	if (value)
		*value++ = '\0';
	else
		value = text + strlen(text);
	while (i < sizeof(words) / sizeof(words[0]) && strcmp(words[i].name, text) != 0)
		i++;
	if ((i < sizeof(words) / sizeof(words[0]) ? words[i].act(r, value)
						  : set_option(r, text, value)) == 0)
		return 0;
	fprintf(stderr, "queue: %s: %s\n", text, postern_error(r->p));
	return -1;
}

int main(int argc, char **argv)
{
	struct run r = {.priority = POSTERN_NO_PRIORITY};
	int bad = 0;

	for (int i = 1; i < argc && !bad; i++)
		bad = act(&r, argv[i]);
	postern_free(r.p);
	return bad ? 2 : 0;
}
