/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The options that the programs share, set on a handle.
 */
#ifndef CLI_APPLY_H
#define CLI_APPLY_H

#include <postern.h>

#include "common.h"
#include "token.h"

/* The first setting that is refused ends it.  t lives as long as p; refused: the kind of failure of
 * a setting that is not usable.  0, or the failure's status. */
int apply_common(postern *p, struct common *c, struct token_command *t, int refused,
		 struct failure *f);

/* The handle's error as a failure of that kind. */
int apply_failed(const postern *p, int code, int refused, struct failure *f);

/* A URL with an @ may hold a password, which others could see in the list of processes. */
void apply_hide(char *url);

#endif
