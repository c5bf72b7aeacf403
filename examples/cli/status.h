/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The exit status that says what became of a mail.
 */
#ifndef CLI_STATUS_H
#define CLI_STATUS_H

/* outcome and code as of the mail, id as of postern_mail_error_id(); reply: the reply code that
 * refused, 0 if none. */
int exit_status(int outcome, int code, const char *id, int reply);

#endif
