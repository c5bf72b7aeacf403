/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libetpan: its STARTTLS verifies nothing, so CAFILE has no use here.
 */
#include <libetpan/libetpan.h>
#include <string.h>

#include "peer.h"

static int converse(mailsmtp *s, const char *host)
{
	clist *to = smtp_address_list_new();
	char address[] = PEER_TO;
	int err = mailsmtp_socket_connect(s, host, PEER_PORT);

	if (!err)
		err = mailesmtp_ehlo(s);
	if (!err)
		err = mailsmtp_socket_starttls(s);
	if (!err)
		err = mailesmtp_ehlo(s);
	if (!err)
		err = mailesmtp_auth_sasl(s, "PLAIN", host, NULL, NULL, PEER_USER, PEER_USER,
					  PEER_PASSWORD, NULL);
	if (!err)
		err = smtp_address_list_add(to, address);
	if (!err)
		err = mailsmtp_send(s, PEER_FROM, to, PEER_TEXT, strlen(PEER_TEXT));
	smtp_address_list_free(to);
	return err;
}

static int send_one(const char *host)
{
	mailsmtp *s = mailsmtp_new(0, NULL);
	double began = peer_now();
	int err = converse(s, host);

	peer_tell(began, !err, err ? mailsmtp_strerror(err) : "");
	if (!err)
		mailsmtp_quit(s);
	mailsmtp_free(s);
	return err != 0;
}

int main(int argc, char **argv)
{
	int count = peer_count(argc, argv), failed = 0;

	for (int i = 0; i < count; i++)
		failed |= send_one(argv[1]);
	return failed;
}
