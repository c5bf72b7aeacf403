/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * A sandbox beside the test, and mails to send there.  The program is named by $SANDBOX.
 */
#ifndef TESTS_E2E_FIXTURE_H
#define TESTS_E2E_FIXTURE_H

#include <stddef.h>
#include <sys/types.h>

#include <postern.h>

struct box {
	pid_t process;
	char dir[64], ca[128], log[128];
	int port[4];
	char mode[4][16];
	size_t n;
};

/* modes: "starttls", or several as "starttls implicit": the listeners 1, 2, ...; those of proxies
 * ("socks5", "http-proxy") are not for handles.  script: for listener 1, or NULL.  The options
 * follow, ended by NULL. */
void box_open(struct box *b, const char *modes, const char *script, ...);
void box_close(struct box *b);

/* How many lines of the log hold this text. */
int box_count(const struct box *b, const char *text);
/* Until there are so many of them, or fail. */
void box_wait(const struct box *b, const char *text, int n);
/* How many messages are kept whose envelope (JSON, as postern-sandbox(1) tells) holds both texts;
 * the second may be NULL. */
int box_kept(const struct box *b, const char *text, const char *more);
/* The same of all envelopes at once, one string behind the other, which are to be freed. */
char *box_envelopes(const struct box *b);
int kept_of(const char *envelopes, const char *text, const char *more);
/* The content of the one message that is kept, to be freed, and its length. */
char *box_message(const struct box *b, size_t *n);
/* Until all connections are closed. */
void box_quiet(const struct box *b);
void box_show(const struct box *b);

/* A handle for the box's ports, in their order, without credentials and with. */
postern *box_client(const struct box *b);
postern *box_client_at(const struct box *b, size_t listener); /* that one only */
postern *box_user(const struct box *b);

/* A mail with a small message from sender@example.org to one recipient. */
postern_mail *a_mail(const char *to);
postern_mail *nth_mail(size_t i); /* to m0@example.com, m1@example.com, ... */
extern const char a_message[];

void pause_ms(int ms);
long long now_ms(void);

/* The caller's loop, until all have outcomes or ms have passed: 1, or 0.  turns counts rounds. */
int loop(postern *p, int ms, int *turns);

/* Parts of scripts. */
#define HELLO "greet \"220 e2e\\r\\n\"\nexpect \"EHLO *\"\n"
#define UP \
	HELLO "send \"250-e2e\\r\\n250 STARTTLS\\r\\n\"\nexpect \"STARTTLS\"\n" \
	      "send \"220 go\\r\\n\"\ntls good\nexpect \"EHLO *\"\n"
#define OPEN UP "send \"250-e2e\\r\\n250 8BITMIME\\r\\n\"\n"
#define SIGNED \
	UP "send \"250-e2e\\r\\n250-8BITMIME\\r\\n250 AUTH PLAIN\\r\\n\"\n" \
	   "expect \"AUTH PLAIN *\"\nsend \"235 ok\\r\\n\"\n"
#define TO_DATA \
	"expect \"MAIL FROM:*\"\nsend \"250 ok\\r\\n\"\nexpect \"RCPT TO:*\"\n" \
	"send \"250 ok\\r\\n\"\nexpect \"DATA\"\nsend \"354 go\\r\\n\"\n"
#define CONTENT TO_DATA "expect-data\n"
#define ACCEPTS CONTENT "send \"250 ok\\r\\n\"\n"
#define BYE "maybe \"QUIT\"\nsend \"221 bye\\r\\n\"\n"
#define FOREVER "repeat 0\n"

#endif
