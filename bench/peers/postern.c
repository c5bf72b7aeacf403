/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Postern: HOST CAFILE COUNT [ROUTE].  One handle, with a saved route if one is given.  The remark
 * is the port and family of the route that won and the ports that were tried, as "465/6 587,465",
 * or the error's id.  The last line is "route " and the saved route.
 */
#include <postern.h>
#include <string.h>

#include "peer.h"

static void remark(const postern *p, const postern_mail *m, char *text, size_t cap)
{
	size_t n = 0;
	int got;

	got = snprintf(text, cap, "%d/%s%s%s", postern_route_port(p),
		       strchr(postern_route_address(p), ':') ? "6" : "4",
		       *postern_mail_error_id(m) ? " " : "", postern_mail_error_id(m));
	n = got > 0 ? (size_t)got : 0;
	for (size_t i = 0; i < postern_attempts(p) && n < cap; i++) {
		got = snprintf(text + n, cap - n, "%c%d", i ? ',' : ' ',
			       postern_attempt_port(p, i));
		n += got > 0 ? (size_t)got : 0;
	}
}

static int send_one(postern *p)
{
	postern_mail *m = postern_mail_new(PEER_FROM);
	char text[256];
	double began;
	int err;

	postern_mail_add_recipient(m, PEER_TO);
	postern_mail_set_text(m, PEER_TEXT, strlen(PEER_TEXT));
	began = peer_now();
	err = postern_send(p, m);
	remark(p, m, text, sizeof(text));
	peer_tell(began, !err, text);
	postern_mail_free(m);
	postern_quit(p);
	return err;
}

int main(int argc, char **argv)
{
	int count = peer_count(argc, argv), failed = 0;
	postern *p = postern_new(argv[1]);

	postern_set_login(p, PEER_USER, PEER_PASSWORD);
	postern_set_trust(p, argv[2]);
	if (argc > 4 && postern_route_restore(p, argv[4])) {
		fputs("not a saved route\n", stderr);
		failed = 1;
	}
	for (int i = 0; i < count; i++)
		failed |= send_one(p) != 0;
	printf("route %s\n", postern_route_save(p));
	postern_free(p);
	return failed;
}
