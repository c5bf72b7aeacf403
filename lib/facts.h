/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The words for what happened on a connection: explain.c's sentences, with the connection's facts.
 */
#ifndef PTN_FACTS_H
#define PTN_FACTS_H

#include "base/buf.h"
#include "explain.h"
#include "link.h"

enum { PTN_ADDRESS_TEXT = PTN_NET_TEXT };

/* The facts of a link (NULL: only the host); address is room that they borrow. */
struct ptn_facts ptn_facts_of(const struct ptn_settings *set, const struct ptn_link *l,
			      char address[PTN_ADDRESS_TEXT]);

/* What the fault of a link means, given the reply that it is about (or NULL): see refine.h. */
int ptn_facts_refine(int fault, const struct ptn_link *l, const struct ptn_reply *reply);

/* Cause and advice for a fault of a link; reply: the one that the fault is about, or NULL. */
void ptn_facts_explain(struct ptn_buf *cause, struct ptn_buf *advice, int fault,
		       const struct ptn_settings *set, const struct ptn_link *l,
		       const struct ptn_reply *reply);

/* "5.1.1" for an enhanced status code, "" if status[0] is 0. */
void ptn_facts_status(char out[16], const int status[3]);

#endif
