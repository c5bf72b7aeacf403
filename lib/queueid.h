/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The name a server gives to an accepted mail, found in the text of its final reply.  No standard
 * says where it stands; these are the habits of known servers.
 */
#ifndef PTN_QUEUEID_H
#define PTN_QUEUEID_H

#include <stddef.h>

/* Where the name stands in text, and its length; NULL if no habit is recognised. */
const char *ptn_queueid_find(const char *text, size_t *n);

#endif
