/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Rules as they are written on the command line.
 */
#ifndef SANDBOX_RULES_H
#define SANDBOX_RULES_H

#include "behaviour.h"

/* Fill in the rule that --option value stands for: NULL, or what is wrong with value. */
const char *rule_set(struct rule *r, const char *option, const char *value);
void rule_free(struct rule *r);

#endif
