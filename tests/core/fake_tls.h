/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef TESTS_CORE_FAKE_TLS_H
#define TESTS_CORE_FAKE_TLS_H

#include "tls/tls.h"

/* A handshake of one flight each way: the client's hello is sent, and the server's awaited.  Else
 * it is done at once. */
extern int fake_tls_shakes;
/* The one name in the server's certificate, NULL: whatever is wanted; and what the last session
 * wanted. */
extern const char *fake_tls_certificate;
extern char fake_tls_host[256];
/* The data of its "tls-exporter" binding, up to 64 octets; NULL: there is none. */
extern const char *fake_tls_binding;
/* What the last session was made with. */
extern struct ptn_tls_with fake_tls_with;
/* The fault of the server's certificate, found at the end of such a handshake; 0: none. */
extern int fake_tls_verdict;
/* The fault that comes instead of the first octets behind the handshake; 0: none. */
extern int fake_tls_refusal;
#define FAKE_TLS_CLIENT "\x16hello "
#define FAKE_TLS_SERVER "\x16welcome "

#endif
