/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Internationalized domains of mailboxes, as A-labels (RFC 5890): with an ASCII local part such an
 * address needs no SMTPUTF8.
 */
#ifndef PTN_IDN_H
#define PTN_IDN_H

/* For "user@b\xC3\xBCcher.example": *out is "user@xn--bcher-kva.example", the caller's to free;
 * NULL where the address can stay as it is, which is ASCII or has a local part beyond it.  0,
 * POSTERN_E_NOMEM, or POSTERN_E_ARG with the rule that the domain breaks in *rule (static). */
int ptn_idn_mailbox(char **out, const char *address, const char **rule);

#endif
