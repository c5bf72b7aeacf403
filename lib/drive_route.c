/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * When another connection is wanted, and the search for its route.
 */
#include <string.h>

#include "base/mem.h"
#include "drive_parts.h"
#include "tls/tls.h"

static void note_route(struct ptn_drive *d, const struct ptn_link *l)
{
	const char *version = l->tls ? ptn_tls_version(l->tls) : "";

	memcpy(d->host, l->target, sizeof(d->host));
	ptn_net_print(&l->address, d->address, sizeof(d->address));
	d->port = l->port;
	d->tls = ptn_smtp_secured(l->smtp) ? ptn_search_mode_name(l->mode) : "none";
	d->tls_version[0] = '\0';
	d->resumed = l->tls && ptn_tls_resumed(l->tls);
	if (strlen(version) < sizeof(d->tls_version))
		memcpy(d->tls_version, version, strlen(version) + 1);
}

/* Lines that have not come to their first mail yet. */
static size_t coming(const struct ptn_drive *d)
{
	size_t n = 0;

	for (const struct ptn_line *l = d->lines; l; l = l->next)
		n += !l->used;
	return n;
}

/* Lines that said QUIT, and count at the server until it has heard that. */
static size_t going(const struct ptn_drive *d)
{
	size_t n = 0;

	for (const struct ptn_link *l = d->closing; l; l = l->next)
		n += l->go && !ptn_link_fault(l);
	return n;
}

/* A mail waits that no line can take now, and another line may be had: from when on; PTN_NEVER if
 * not.  The first one shows that it can be done before further ones are tried. */
ptn_time ptn_drive_wants_line(const struct ptn_drive *d)
{
	const struct postern_mail *m = d->queue.first;
	size_t most = d->set->flow.connections ? d->set->flow.connections : 1;
	ptn_time at = ptn_pace_next(&d->pace);

	if (!m || m->waiting || d->search.state != PTN_SEARCH_OFF || d->n_lines >= most)
		return PTN_NEVER;
	at = m->first ? 0 : at;
	if (at < d->quit_until && (!d->n_lines || d->n_lines + going(d) >= most) && going(d))
		at = d->quit_until;
	if (!d->n_lines)
		return at;
	if (!ptn_drive_another_works(d, NULL) || d->queue.n <= coming(d))
		return PTN_NEVER;
	for (const struct ptn_line *l = d->lines; l; l = l->next)
		if (ptn_line_takes(l))
			return PTN_NEVER;
	return at > d->further_at ? at : d->further_at;
}

static void begin_search(struct ptn_drive *d)
{
	d->further = ptn_drive_another_works(d, NULL);
	if (!d->n_lines) {
		d->port = 0;
		d->address[0] = d->tls_version[0] = '\0';
		d->resumed = 0;
		d->tls = d->mechanism = NULL;
	}
	ptn_search_begin(&d->search, d->now, d->seconds);
}

static void search_failed(struct ptn_drive *d)
{
	if (d->n_lines || d->further)
		ptn_drive_slow_down(d);
	else
		ptn_drive_fail_queue(d, d->search.fault, &d->search.cause, &d->search.advice);
}

static void add_line(struct ptn_drive *d, struct ptn_link *link)
{
	struct ptn_line *line = d->spare;

	d->spare = NULL;
	*line = (struct ptn_line){.next = d->lines,
				  .link = link,
				  .further = d->further,
				  .idle_since = PTN_NEVER,
				  .most = d->each_most};
	d->lines = line;
	d->n_lines++;
	note_route(d, link);
}

void ptn_drive_step_search(struct ptn_drive *d)
{
	struct ptn_search *s = &d->search;
	struct ptn_link *link = NULL, *l;
	int state;

	if (!d->spare)
		d->spare = ptn_mem_alloc(sizeof(*d->spare));
	if (s->state == PTN_SEARCH_OFF)
		begin_search(d);
	if (!d->spare)
		ptn_search_fail(s, PTN_FAULT_NO_MEMORY);
	state = ptn_search_step(s, d->now, &link);
	while ((l = s->parting) != NULL) {
		s->parting = l->next;
		ptn_drive_put_away(d, l);
	}
	if (state < 0)
		search_failed(d);
	if (state > 0)
		add_line(d, link);
}
