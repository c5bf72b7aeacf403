/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A world's SMTP server: it takes commands as they come, pipelined or not, content behind DATA or
 * in chunks, and writes down what it did with each mail and each of its recipients.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "must.h"
#include "world.h"

static int odds(struct world *w, unsigned percent)
{
	return w->hostility && world_roll(w, 100) < percent;
}

void world_say(struct world *w, struct connection *c, const char *text)
{
	ptn_time at = w->now + world_roll(w, 50);

	for (; *text && !c->mute; text++) {
		must(c->tail - c->head < OUT);
		if (world_roll(w, 12) == 0)
			at += world_roll(w, 30);
		c->out[c->tail % OUT] = *text;
		c->ready[c->tail++ % OUT] = at;
	}
}

int world_answer(struct world *w, struct connection *c, const char *good)
{
	static const char *const bad[] = {"450 4.2.0 later\r\n", "550 5.7.1 no\r\n",
					  "421 4.3.2 bye\r\n", "334 what\r\n", "nonsense\r\n"};
	unsigned i;

	if (c->mute)
		return 0;
	if (odds(w, 3)) { /* hang up, at once or in the middle of the reply */
		char half[64];

		snprintf(half, sizeof(half), "%.*s", (int)world_roll(w, (unsigned)strlen(good)),
			 good);
		world_say(w, c, half);
		c->closing = 1;
		return 0;
	}
	/* Silence, or nonsense: nothing that it said later could be matched to a command. */
	if (odds(w, 2)) {
		c->mute = 1;
		return 0;
	}
	if (!odds(w, 12)) {
		world_say(w, c, good);
		return good[0] - '0';
	}
	i = world_roll(w, 5);
	world_say(w, c, bad[i]);
	c->closing = i == 2;
	c->mute = i > 2;
	return i < 3 ? bad[i][0] - '0' : 0;
}

/* *where becomes code when all that was said so far is read. */
static void mark(struct connection *c, int *where, int code)
{
	must(c->n_marks < MARKS);
	c->marks[c->n_marks++] = (struct mark){c->tail, where, code};
}

void world_read(struct connection *c)
{
	while (c->at_mark < c->n_marks && c->marks[c->at_mark].end <= c->head) {
		*c->marks[c->at_mark].where = c->marks[c->at_mark].code;
		c->at_mark++;
	}
	if (c->at_mark == c->n_marks)
		c->at_mark = c->n_marks = 0;
}

/* ---- Content. ---- */

static void content_line(struct world *w, struct connection *c, const char *line)
{
	if (strncmp(line, "X-Mail: ", 8) || c->mail >= 0)
		return;
	c->mail = atoi(line + 8);
	must(c->mail < MAILS_MOST);
	w->mail[c->mail].begun++;
}

static void forget_transaction(struct connection *c)
{
	c->in_mail = c->rcpt = c->n_asked = c->n_domains = c->broken = 0;
	c->mail = -1;
}

static void was_handed(struct connection *c)
{
	for (int i = 0; i < c->n_asked; i++)
		c->asked[i]->handed++;
}

static void end_of_content(struct world *w, struct connection *c)
{
	int code;

	was_handed(c);
	if (c->mail >= 0)
		w->mail[c->mail].terminated++;
	for (int i = 0; i < c->n_asked; i++)
		c->asked[i]->taken += c->asked[i]->said == 2;
	code = world_answer(w, c, "250 2.0.0 queued as ABC123\r\n");
	if (code && c->mail >= 0) {
		w->mail[c->mail].answered = -code; /* on its way */
		mark(c, &w->mail[c->mail].answered, code);
	}
	for (int i = 0; code && i < c->n_asked; i++)
		if (c->asked[i]->said == 2)
			mark(c, &c->asked[i]->answered, code);
	forget_transaction(c);
}

static void end_of_chunk(struct world *w, struct connection *c)
{
	c->in_chunk = 0;
	if (!c->in_mail || !c->rcpt || c->broken) {
		world_say(w, c,
			  c->broken ? "503 5.5.1 a chunk failed\r\n" : "554 5.5.1 nobody\r\n");
		if (c->last)
			was_handed(c); /* and the transaction is not over */
		return;
	}
	if (c->last)
		end_of_content(w, c);
	else if (world_answer(w, c, "250 2.0.0 octets received\r\n") != 2)
		c->broken = 1;
}

/* ---- Commands. ---- */

static void take_hello(struct world *w, struct connection *c)
{
	char text[400], limits[100] = "";

	if (w->rcpt_max || w->mail_max || w->domain_max)
		snprintf(limits, sizeof(limits), "250-LIMITS");
	if (w->rcpt_max)
		sprintf(limits + strlen(limits), " RCPTMAX=%d", w->rcpt_max);
	if (w->mail_max)
		sprintf(limits + strlen(limits), " MAILMAX=%d", w->mail_max);
	if (w->domain_max)
		sprintf(limits + strlen(limits), " RCPTDOMAINMAX=%d", w->domain_max);
	snprintf(text, sizeof(text), "250-fake\r\n%s%s%s%s%s250 STARTTLS\r\n",
		 w->auth ? "250-AUTH PLAIN\r\n" : "", w->pipelining ? "250-PIPELINING\r\n" : "",
		 w->chunking ? "250-CHUNKING\r\n" : "", limits, *limits ? "\r\n" : "");
	world_answer(w, c, text);
}

static void count_served(struct world *w)
{
	int n = 0;

	for (int i = 0; i < w->n; i++)
		n += w->c[i].used && w->c[i].mails && !w->c[i].quit && !w->c[i].closing;
	if (n > w->most_served)
		w->most_served = n;
}

static void take_mail(struct world *w, struct connection *c)
{
	must(!c->in_mail); /* it would be taken for a second one, or for none */
	must(!w->mail_max || c->mails < w->mail_max);
	c->mails++;
	count_served(w);
	forget_transaction(c);
	c->in_mail = world_answer(w, c, "250 2.1.0 ok\r\n") == 2;
}

static void note_domain(struct world *w, struct connection *c, const char *line)
{
	const char *at = strchr(line, '@');

	for (int i = 0; i < c->n_domains; i++)
		if (!strcmp(c->domains[i], at))
			return;
	must(c->n_domains < RCPTS_MOST);
	snprintf(c->domains[c->n_domains++], sizeof(*c->domains), "%s", at);
	must(!w->domain_max || c->n_domains <= w->domain_max);
}

static void take_recipient(struct world *w, struct connection *c)
{
	struct fate *fate = NULL, nobody = {0};
	int code, rcpt, mail;

	if (sscanf(c->line, "RCPT TO:<r%d.m%d@", &rcpt, &mail) == 2) {
		fate = &w->fates[mail][rcpt];
		must(c->n_asked < RCPTS_MOST);
		c->asked[c->n_asked++] = fate;
		must(!w->rcpt_max || c->n_asked <= w->rcpt_max);
		note_domain(w, c, c->line);
	}
	fate = fate ? fate : &nobody;
	fate->asked++;
	if (c->in_mail)
		code = world_answer(w, c, "250 2.1.5 ok\r\n");
	else
		world_say(w, c, "503 5.5.1 MAIL first\r\n"), code = 5;
	c->rcpt += code == 2;
	fate->said = code;
	if (code && c->in_mail && fate != &nobody)
		mark(c, &fate->heard, code);
}

static void take_data(struct world *w, struct connection *c)
{
	int code = c->rcpt ? world_answer(w, c, "354 go\r\n") : 0;

	if (!c->rcpt)
		world_say(w, c, "554 5.5.1 nobody\r\n");
	c->data = code == 3;
}

static void take_chunk(struct world *w, struct connection *c)
{
	must(w->chunking);
	c->chunk = strtoull(c->line + 5, NULL, 10);
	c->last = strstr(c->line, " LAST") != NULL;
	c->in_chunk = 1;
	c->n_text = 0;
	if (!c->chunk)
		end_of_chunk(w, c);
}

static void take_line(struct world *w, struct connection *c)
{
	if (c->data && !strcmp(c->line, ".")) {
		c->data = 0;
		end_of_content(w, c);
	} else if (c->data) {
		content_line(w, c, c->line);
	} else if (!strncmp(c->line, "EHLO ", 5)) {
		take_hello(w, c);
	} else if (!strcmp(c->line, "STARTTLS")) {
		world_answer(w, c, "220 go\r\n");
	} else if (w->auth && !strncmp(c->line, "AUTH PLAIN ", 11)) {
		world_answer(w, c, "235 2.7.0 welcome\r\n");
	} else if (!strncmp(c->line, "MAIL FROM:", 10)) {
		take_mail(w, c);
	} else if (!strncmp(c->line, "RCPT TO:", 8)) {
		take_recipient(w, c);
	} else if (!strcmp(c->line, "DATA")) {
		take_data(w, c);
	} else if (!strncmp(c->line, "BDAT ", 5)) {
		take_chunk(w, c);
	} else if (!strcmp(c->line, "QUIT")) {
		world_say(w, c, "221 bye\r\n");
		w->quits++;
		c->closing = c->quit = 1;
	} else {
		forget_transaction(c);
		world_answer(w, c, "250 2.0.0 ok\r\n");
	}
}

/* Chunks are octets, but what they are of can be read in them. */
static void take_octet(struct world *w, struct connection *c, char octet)
{
	must(c->n_text < LINE - 1);
	c->text[c->n_text++] = octet;
	if (octet == '\n') {
		c->text[c->n_text - 1] = '\0';
		content_line(w, c, c->text);
		c->n_text = 0;
	}
	if (!--c->chunk)
		end_of_chunk(w, c);
}

void world_take(struct world *w, struct connection *c, char octet)
{
	if (c->in_chunk) {
		take_octet(w, c, octet);
		return;
	}
	must(c->n < LINE - 1);
	c->line[c->n++] = octet;
	if (octet != '\n')
		return;
	must(c->n >= 2 && c->line[c->n - 2] == '\r');
	c->line[c->n - 2] = '\0';
	c->n = 0;
	take_line(w, c);
}
