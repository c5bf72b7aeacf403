/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * libESMTP: it has no call for a file of authorities, so the environment must lead it to one
 * (SSL_CERT_FILE).
 */
#include <stddef.h>
#include <string.h>

#include <auth-client.h>
#include <libesmtp.h>

#include "peer.h"

struct send {
	double began, sent;
};

/* QUIT comes after this. */
static void event(smtp_session_t session, int what, void *arg, ...)
{
	struct send *s = arg;

	(void)session;
	if (what == SMTP_EV_MESSAGESENT)
		s->sent = peer_now();
}

static int interact(auth_client_request_t request, char **result, int fields, void *arg)
{
	(void)arg;
	for (int i = 0; i < fields; i++)
		result[i] = request[i].flags & AUTH_PASS ? PEER_PASSWORD : PEER_USER;
	return 1;
}

static int send_one(const char *host)
{
	smtp_session_t session = smtp_create_session();
	smtp_message_t message = smtp_add_message(session);
	auth_context_t auth = auth_create_context();
	struct send s = {0};
	char server[512], why[256] = "";
	int ok;

	snprintf(server, sizeof(server), "%s:%d", host, PEER_PORT);
	smtp_set_server(session, server);
	smtp_starttls_enable(session, Starttls_REQUIRED);
	auth_set_mechanism_flags(auth, AUTH_PLUGIN_PLAIN, 0);
	auth_set_interact_cb(auth, interact, NULL);
	smtp_auth_set_context(session, auth);
	smtp_set_eventcb(session, event, &s);
	smtp_set_reverse_path(message, PEER_FROM);
	smtp_add_recipient(message, PEER_TO);
	smtp_set_message_str(message, PEER_TEXT);
	s.began = peer_now();
	ok = smtp_start_session(session);
	if (!ok)
		smtp_strerror(smtp_errno(), why, sizeof(why));
	else
		ok = smtp_message_transfer_status(message)->code / 100 == 2;
	if (s.sent > 0)
		s.began += peer_now() - s.sent;
	peer_tell(s.began, ok, why);
	smtp_destroy_session(session);
	auth_destroy_context(auth);
	return !ok;
}

int main(int argc, char **argv)
{
	int count = peer_count(argc, argv), failed = 0;

	auth_client_init();
	for (int i = 0; i < count; i++)
		failed |= send_one(argv[1]);
	auth_client_exit();
	return failed;
}
