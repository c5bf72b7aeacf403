/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_CORE_FAKE_TLS_H
#define TESTS_CORE_FAKE_TLS_H

/* A handshake of one flight each way: the client's hello is sent, and the server's awaited.  Else
 * it is done at once. */
extern int fake_tls_shakes;
#define FAKE_TLS_CLIENT "\x16hello "
#define FAKE_TLS_SERVER "\x16welcome "

#endif
