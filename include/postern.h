/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * postern.h - hand a mail to its submission service (RFC 6409), over verified TLS (RFC 8314),
 * through whichever of the ports 587, 465 and 2525 lets it out, and learn what became of it.
 *
 * True of everything below:
 *  - int functions give 0 or a negative POSTERN_E_* code, unless they say otherwise.
 *  - An error sticks to its object: after a setter failed, the send reports it, so the shortest
 *    program checks once.  A later good call of the same setter takes the error back.
 *  - Strings you pass are copied.  Strings you get belong to the object that gave them; they are
 *    never NULL, and last until the next call on that object unless the function says more.
 *  - NULL objects are accepted: freeing NULL does nothing, everything else gives POSTERN_E_NOMEM,
 *    0 or "".  So the result of postern_new() need not be checked.
 *  - One object, one thread at a time; different objects are independent.  No signal handlers, no
 *    SIGPIPE, no locale, no threads.
 *  - The setters of a service give POSTERN_E_STATE while mails are queued or at work, and close an
 *    idle connection, which was made with the old settings; time limits may change at any time.
 *  - CR, LF, NUL and other control characters in an argument are refused (POSTERN_E_ARG).
 */
#ifndef POSTERN_H
#define POSTERN_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__) && __GNUC__ >= 4
#define POSTERN_API __attribute__((visibility("default")))
#else
#define POSTERN_API
#endif

#define POSTERN_VERSION "0.1.0"
#define POSTERN_VERSION_NUMBER 0x000100 /* 0xMMmmpp */

typedef struct postern postern;           /* a submission service and how to reach it */
typedef struct postern_mail postern_mail; /* one envelope, its content, and what became of it */

/* Outcome of a mail, and of each recipient (all but PARTIAL): what a queue should do with it. */
enum {
	POSTERN_PENDING = 0,   /* not decided yet */
	POSTERN_ACCEPTED = 1,  /* the service took responsibility: a complete 2yz reply */
	POSTERN_PARTIAL = 2,   /* accepted for some recipients, refused for others: ask each */
	POSTERN_TRANSIENT = 3, /* not accepted; trying again later is safe */
	POSTERN_PERMANENT = 4, /* not accepted; do not try again unchanged */
	POSTERN_IN_DOUBT = 5   /* lost after the end of the content was handed over (RFC 1047): it
	                          may have been accepted; trying again may duplicate it */
};

/* Why: the error codes. */
enum {
	POSTERN_OK = 0,
	POSTERN_E_NOMEM = -1,        /* out of memory */
	POSTERN_E_ARG = -2,          /* an argument was refused; postern_error() names field and rule */
	POSTERN_E_STATE = -3,        /* called at the wrong time, as adding a recipient to a sent mail */
	POSTERN_E_CANCELLED = -4,    /* postern_cancel() or postern_free() ended it */
	POSTERN_E_SYSTEM = -5,       /* the operating system refused a resource, as a descriptor */
	POSTERN_E_RESOLVE = -10,     /* the host's name was not found, or DNS gave no answer */
	POSTERN_E_CONNECT = -11,     /* no port could be reached */
	POSTERN_E_TIMEOUT = -12,     /* a time limit passed (RFC 5321 4.5.3.2), or the overall one */
	POSTERN_E_CLOSED = -13,      /* the server hung up, or said 421 */
	POSTERN_E_TLS = -20,         /* TLS was not offered, or no TLS session came about */
	POSTERN_E_CERTIFICATE = -21, /* the server's certificate is not good for this host */
	POSTERN_E_INJECTED = -22,    /* bytes came between STARTTLS and TLS: someone is on the path */
	POSTERN_E_MECHANISM = -30,   /* no SASL mechanism that both sides accept */
	POSTERN_E_AUTH = -31,        /* the credentials were refused, or the server did not prove itself */
	POSTERN_E_PROTOCOL = -40,    /* the server broke the protocol */
	POSTERN_E_REFUSED = -41,     /* the server said no: see the recipients' codes */
	POSTERN_E_UNSUPPORTED = -42, /* the mail needs an extension that the server does not offer */
	POSTERN_E_CONTENT = -50      /* the content is not sendable, or your reader gave up */
};

/* ---- A service ---------------------------------------------------------------------------- */

/* server: a host name ("mail.example.org"), an address ("192.0.2.7", "[2001:db8::7]"), or a URL:
 * "smtp://user:password@host" is the port policy with TLS required, "smtp://host:PORT" that port
 * only (465 implicit TLS, others STARTTLS), "smtps://host" implicit TLS only, "unix:/run/smtp.sock"
 * a Unix socket on this machine, without TLS; parameters follow a '?': see postern-url(7).  A bad
 * server is reported by the send.  NULL only when out of memory. */
POSTERN_API postern *postern_new(const char *server);

/* Say QUIT where a connection is idle, close all without waiting (a mail at work becomes
 * POSTERN_IN_DOUBT or POSTERN_TRANSIENT, as is true of it), wipe the secrets and free.  Mails are
 * not freed. */
POSTERN_API void postern_free(postern *p);

/* Credentials for SASL (RFC 4954), UTF-8.  Once set, no mail leaves without a successful AUTH.
 * NULL, NULL takes them back.  E_ARG: empty user, or a NUL, CR, LF or control in either. */
POSTERN_API int postern_set_login(postern *p, const char *user, const char *password);

/* The ports to try, in order: "587 465 2525" (the default), "465", "1587/starttls,1465/implicit",
 * "1025/none".  Entries PORT or PORT/MODE, separated by blanks or commas; 465 means implicit TLS,
 * any other port STARTTLS required; one that is neither 25, 465, 587 nor 2525, has no MODE and
 * stays silent is tried once more with implicit TLS.  /none (no TLS) and /opportunistic must be
 * named, and then only one port may be given.  NULL: the default again.  E_ARG names the entry. */
POSTERN_API int postern_set_ports(postern *p, const char *ports);

/* Find the server by the SRV records of a mail domain, "example.org" (RFC 6186, RFC 8314 5.1):
 * _submissions._tcp and _submission._tcp, by priority, within one priority implicit TLS before
 * STARTTLS, then at random by weight.  The server and the ports set otherwise are not used then,
 * and no route is remembered.  The certificate must be for the domain itself, except where the
 * target is in that domain: then for the target's own name.  DNS is no proof that another's server
 * is the right one, so such a target may have its own name only once you confirmed it: confirmed is
 * the target, or a domain that it is in ("example.net"), or NULL.  domain NULL: off, the default.
 * Without records no mail is sent: "service-not-found".  A probe does not discover.  E_ARG: not a
 * domain of two labels. */
POSTERN_API int postern_set_discovery(postern *p, const char *domain, const char *confirmed);

/* Trust the certificate authorities in this PEM file instead of the system's.  The file is read
 * here.  NULL: the system's again.  E_ARG: unreadable, or no certificate in it. */
POSTERN_API int postern_set_trust(postern *p, const char *pem_file);

/* Accept only these public keys of the server: "sha256:" and the base64 of the SHA-256 of the
 * SubjectPublicKeyInfo, several separated by blanks or commas.  instead 0: the certificate must be
 * good for the authorities and the host as well; 1: the key alone decides, whoever signed the
 * certificate and whatever name is in it (RFC 8314 asks for more; for a server with a certificate
 * of its own). pins NULL: none again.  E_ARG names the pin. */
POSTERN_API int postern_set_pins(postern *p, const char *pins, int instead);

/* A client certificate (with its chain) and its private key: PEM files or PKCS #11 URLs (RFC 7512),
 * read here.  secret: the key's passphrase, or the token's PIN; NULL: none.  Shown to servers that
 * ask for one, and the credential of the mechanism EXTERNAL (RFC 4422 A), which must be named by
 * postern_set_mechanisms().  certificate NULL: none again.  E_ARG: not readable, or no pair. */
POSTERN_API int postern_set_certificate(postern *p, const char *certificate, const char *key,
                                        const char *secret);

/* The lowest version of TLS: "1.2", the default, or "1.3".  NULL: the default. */
POSTERN_API int postern_set_tls_minimum(postern *p, const char *version);

/* A GnuTLS priority string in place of the library's.  Versions below TLS 1.2 stay off, whatever it
 * says.  NULL: the library's.  E_ARG: not a priority string. */
POSTERN_API int postern_set_tls_priority(postern *p, const char *priority);

/* 1: the server must staple a good OCSP response (RFC 6066 8) to its certificate, 0 (the default):
 * only where the certificate itself says so (RFC 7633).  A bad one is an error in either case. */
POSTERN_API int postern_require_staple(postern *p, int on);

/* 1, the default: a TLS session of this handle may be resumed (RFC 8446 2.2) by a later connection
 * to the same host and port with the same settings; its certificate is verified again all the same.
 * 0: every handshake is a full one. */
POSTERN_API int postern_set_resumption(postern *p, int on);

/* The sessions that may be resumed, sealed with a key of yours, for a later process; text as
 * postern_route_save() gives it.  key: 16 octets or more of a secret that others cannot read: who
 * has it and the text may read what was sent.  "" if there is none.  Restoring: E_ARG for a text
 * that is not one sealed with this key; one that is too old, or for other settings, means nothing. */
POSTERN_API const char *postern_sessions_save(postern *p, const void *key, size_t key_len);
POSTERN_API int postern_sessions_restore(postern *p, const char *text, const void *key,
                                         size_t key_len);

/* DANE for the service (RFC 7673), with discovery: 1: where a validating resolver vouches for the
 * SRV and TLSA records (the AD bit, from a resolver on this machine), the certificate must match
 * one of them; where it vouches for none, all is as without.  0: the default. */
POSTERN_API int postern_set_dane(postern *p, int on);

/* Connect through a proxy: "socks5://user:password@host:1080" (RFC 1928, RFC 1929; 1080 may be left
 * out) or "http://user:password@host:3128" (CONNECT, RFC 9110 9.3.6).  The proxy looks up the
 * server's name; TLS and the sign-in are with the server as ever, and no password goes through it
 * in the clear.  With discovery the records of the domain are looked up here.  The time to connect
 * is for the way through the proxy too.  NULL: none, the default.  E_ARG: not such a URL. */
POSTERN_API int postern_set_proxy(postern *p, const char *url);

/* The local address to connect from, "192.0.2.9" or "2001:db8::9"; two, one of each family,
 * separated by a blank or comma.  With one only addresses of its family are tried, of the server or
 * of the proxy.  "source-address-unusable" where this machine has no such.  NULL: any, the default.
 */
POSTERN_API int postern_set_source(postern *p, const char *address);

/* How many connections share the queue, at most: 1, the default, to 64.  More than one are opened
 * only as mails wait, and fewer are used where the server says 421, 432 or 452 to them. */
POSTERN_API int postern_set_connections(postern *p, int n);

/* How many mails may be on their way on one connection, not answered yet, and of how many octets:
 * default 8 and 262144; 1 mail: each waits for the answer to the last, which leaves the least in
 * doubt when a connection breaks.  More than one only with PIPELINING and CHUNKING (RFC 2920, RFC
 * 3030). mails 1 to 64; 0 for the default. */
POSTERN_API int postern_set_window(postern *p, int mails, size_t octets);

/* 1: have a window with DATA too, where the server offers no CHUNKING: the next mail's commands
 * leave right behind the final dot.  Some servers forget what comes there; it is for those you
 * know. 0: the default. */
POSTERN_API int postern_set_window_behind_data(postern *p, int on);

/* Do not use an extension although the server offers it, by its EHLO keyword: "CHUNKING" (content
 * then goes with DATA), "PIPELINING", "SIZE", ...; on 1: use it again.  Not STARTTLS or AUTH.
 * E_ARG: not one that the library knows. */
POSTERN_API int postern_set_capability(postern *p, const char *keyword, int on);

/* At most so many mails on one connection, then the next one is opened; 0: as many as the server
 * takes, the default. */
POSTERN_API int postern_set_mails_per_connection(postern *p, int n);

/* Begin at most so many mails in any stretch of so many milliseconds, over all connections; 0, 0:
 * no limit, the default.  The queue waits as long. */
POSTERN_API int postern_set_rate(postern *p, int mails, int milliseconds);

/* The name given in EHLO (RFC 5321 4.1.1.1): a domain or an address literal.  Default: this host's
 * name if it is fully qualified, else the local address as a literal.  NULL: the default again. */
POSTERN_API int postern_set_name(postern *p, const char *name);

/* The SASL mechanisms allowed, best first, separated by blanks or commas: "SCRAM-SHA-256 PLAIN".
 * Default with a password: SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1 PLAIN
 * LOGIN CRAM-MD5, the last under TLS only; with a token: OAUTHBEARER XOAUTH2.  Only when named:
 * EXTERNAL (needs a client certificate), GSSAPI, DIGEST-MD5, NTLM, ANONYMOUS.  NULL: the default
 * again. E_ARG names a mechanism that this build does not know. */
POSTERN_API int postern_set_mechanisms(postern *p, const char *list);

/* Sign in with an OAuth 2.0 token (OAUTHBEARER, RFC 7628, or XOAUTH2) in place of a password.
 * get_token() is called when the server is ready for it: it writes the token to buf, of cap octets,
 * and gives its length, or a negative number when there is none ("auth-no-token").  refusal is
 * NULL; after the server refused a token it is called once more, with what the server said of it
 * (JSON as a rule, "" if nothing), and must give a fresh one: the same is not sent again
 * ("auth-token-refused"), on a later connection either.  It may block, as the sending does
 * meanwhile, and must not call into p.  The token is wiped after use.  user: the account; NULL with
 * get_token NULL takes both back. This and postern_set_login() replace each other.  E_ARG: empty
 * user, or a control in it. */
POSTERN_API int postern_set_token(postern *p, const char *user,
                                  ptrdiff_t (*get_token)(void *arg, const char *refusal,
                                                         char *buf, size_t cap),
                                  void *arg);

/* 1: sign in only by a mechanism that is bound to the TLS session (SCRAM -PLUS, RFC 5802 6, RFC
 * 9266), so that nobody between can pass the sign-in on: "auth-no-channel-binding" where it cannot
 * be had. 0, the default: it is used where the server offers it. */
POSTERN_API int postern_require_channel_binding(postern *p, int on);

/* 1: a server that once offered SCRAM, or SCRAM with channel binding, and now offers only less is
 * used all the same; 0, the default: that is the error "auth-downgrade".  What was offered is
 * remembered on the handle, and in postern_route_save(). */
POSTERN_API int postern_allow_weaker_mechanism(postern *p, int on);

/* Time limits in milliseconds, 0 for none, negative for the default.  E_ARG: no such limit. */
enum {
	POSTERN_LIMIT_OVERALL = 0,  /* from the start of a mail to its outcome; none by default */
	POSTERN_LIMIT_RESOLVE = 1,  /* name look-up, 20 s */
	POSTERN_LIMIT_CONNECT = 2,  /* TCP to one address, 30 s */
	POSTERN_LIMIT_GREETING = 3, /* first reply, 300 s (RFC 5321 4.5.3.2.1) */
	POSTERN_LIMIT_TLS = 4,      /* TLS handshake, 60 s */
	POSTERN_LIMIT_COMMAND = 5,  /* EHLO, STARTTLS, RSET, NOOP, 300 s */
	POSTERN_LIMIT_AUTH = 6,     /* each step of AUTH, 120 s */
	POSTERN_LIMIT_MAIL = 7,     /* 300 s (4.5.3.2.2) */
	POSTERN_LIMIT_RCPT = 8,     /* 300 s (4.5.3.2.3) */
	POSTERN_LIMIT_DATA = 9,     /* 120 s (4.5.3.2.4) */
	POSTERN_LIMIT_BLOCK = 10,   /* to hand over one block of content, 180 s (4.5.3.2.5) */
	POSTERN_LIMIT_FINAL = 11,   /* reply to the end of the content, 600 s (4.5.3.2.6) */
	POSTERN_LIMIT_QUIT = 12,    /* 5 s; never changes an outcome */
	POSTERN_LIMIT_ATTEMPT = 13, /* delay before the next port or address is tried beside one that
	                               has not connected, 250 ms (RFC 8305 5); 10 ms to 2 s */
	POSTERN_LIMIT_ROUTE = 14,   /* how long the route that worked is tried first, 600 s; 0: never */
	POSTERN_LIMIT_IDLE = 15     /* how long an idle connection is kept open, 60 s; 0: for ever */
};
POSTERN_API int postern_set_limit(postern *p, int limit, int milliseconds);

/* See every line of the conversation: dir '>' sent, '<' received, '*' a remark, as "connected to
 * 192.0.2.7 port 587".  line has no line end and is valid during the call only.  Secrets are
 * masked before fn sees them and content is not shown.  fn must not call into p.  NULL: off. */
POSTERN_API int postern_set_trace(postern *p,
                                  void (*fn)(void *arg, int dir, const char *line, size_t len),
                                  void *arg);

/* ---- A mail ------------------------------------------------------------------------------- */

/* reverse_path: where failure notices go (RFC 5321 4.1.1.2), "a@example.org"; "" is the null
 * reverse-path.  A bad one is reported by the send.  NULL only when out of memory. */
POSTERN_API postern_mail *postern_mail_new(const char *reverse_path);

/* Freeing a mail that is still queued takes it off the queue; one at work has its connection closed. */
POSTERN_API void postern_mail_free(postern_mail *m);

/* Add a recipient's mailbox (RFC 5321 4.1.2), without "<>".  Recipients are numbered from 0 in the
 * order added.  E_ARG: not a mailbox (the error names the rule); that error stays even if other
 * recipients are added, as one would be missing.  E_STATE: the mail is queued, at work or done. */
POSTERN_API int postern_mail_add_recipient(postern_mail *m, const char *address);

/* The whole message (RFC 5322), header and body.  Not copied: it must live until the mail has a
 * final outcome.  LF and CRLF both end a line; dots are the library's business.  The send refuses a
 * CR alone, NUL, and lines over 998 octets, naming the line (POSTERN_E_CONTENT).  A header without
 * Date or Message-ID gets them, made once per mail; see postern_mail_message_id(). */
POSTERN_API int postern_mail_set_text(postern_mail *m, const char *message, size_t len);

/* The same in pieces, for content of any size: read() fills buf with up to cap octets and gives
 * the count, 0 at the end, negative to give up (nothing is then delivered: POSTERN_E_CONTENT), or
 * POSTERN_LATER when nothing is there yet: call postern_mail_resume() once there is, and step
 * (postern_send() asks again by itself).
 * It is called front to back, once, from inside the calls that send, and must not call into p. */
#define POSTERN_LATER ((ptrdiff_t)-32768)
POSTERN_API int postern_mail_set_reader(postern_mail *m,
                                        ptrdiff_t (*read)(void *arg, char *buf, size_t cap),
                                        void *arg);
POSTERN_API int postern_mail_resume(postern_mail *m);

/* The content of a file, opened when the mail is begun and closed with its outcome; read twice,
 * once to know its size and once to send it ("content-changed" if it is not the same then).  A name
 * that cannot be opened is reported by the send, with the system's reason. */
POSTERN_API int postern_mail_set_file(postern_mail *m, const char *path);

/* 1: the content is binary (BINARYMIME, RFC 3030): sent octet by octet, line ends as they are, no
 * limit on lines; only servers with CHUNKING and BINARYMIME take it.  0: the default. */
POSTERN_API int postern_mail_set_binary(postern_mail *m, int on);

/* Delivery status notifications (RFC 3461).  Each option of these makes a mail that is sent only by
 * a server that offers the extension: "needs-extension" before MAIL otherwise. ret: "FULL" or
 * "HDRS", what of the mail a failure notice brings back; NULL: as the server likes. envid: your
 * name for this mail, given back in notices: printable ASCII, up to 100 octets of xtext (blank, "+"
 * and "=" take three); NULL: none. */
POSTERN_API int postern_mail_set_return(postern_mail *m, const char *ret, const char *envid);
/* For recipient i: when to notify: bits of the following, NEVER alone; 0: as the server likes.
 * original: the address as first given, "rfc822;user@example.org" or a mailbox; NULL: none. */
enum {
	POSTERN_NOTIFY_NEVER = 1,
	POSTERN_NOTIFY_SUCCESS = 2,
	POSTERN_NOTIFY_FAILURE = 4,
	POSTERN_NOTIFY_DELAY = 8
};
POSTERN_API int postern_mail_set_notify(postern_mail *m, size_t i, int notify,
                                        const char *original);

/* REQUIRETLS (RFC 8689): every server on the way must use verified TLS, or return the mail. */
POSTERN_API int postern_mail_require_tls(postern_mail *m, int on);

/* DELIVERBY (RFC 2852): deliver within so many seconds; mode 'R': return it when that is past, 'N':
 * only notify; trace 1: notify of relaying too.  seconds 0 with mode 'R': off.  RFC 2852 4: at most
 * 999999999, and mode 'R' needs at least 1. */
POSTERN_API int postern_mail_set_deliver_by(postern_mail *m, long seconds, int mode, int trace);

/* FUTURERELEASE (RFC 4865): hold it for so many seconds, or until a time in UTC as
 * "2026-12-24T18:00:00Z"; one of the two, 0 and NULL: off. */
POSTERN_API int postern_mail_set_hold(postern_mail *m, unsigned long seconds, const char *until);

/* MT-PRIORITY (RFC 6710), -9 to 9; POSTERN_NO_PRIORITY: not said, the default. */
#define POSTERN_NO_PRIORITY 127
POSTERN_API int postern_mail_set_priority(postern_mail *m, int priority);

/* The AUTH= parameter (RFC 4954 5): who first submitted the mail: a mailbox, "" for unknown ("<>");
 * NULL: not said, the default. */
POSTERN_API int postern_mail_set_submitter(postern_mail *m, const char *mailbox);

/* Whether missing Date and Message-ID fields are added to the header (RFC 6409 8.1, 8.2):
 * 1 the default, 0 to send exactly what was given. */
POSTERN_API int postern_mail_set_completion(postern_mail *m, int on);

/* Anything of yours, given back by postern_mail_get_user(); not looked at. */
POSTERN_API void postern_mail_set_user(postern_mail *m, void *user);
POSTERN_API void *postern_mail_get_user(const postern_mail *m);

/* ---- Sending ------------------------------------------------------------------------------ */

/* Submit the mail and wait for its outcome; the connection stays open for the next one.
 * 0 only if every recipient was accepted; else the error that decided the outcome. */
POSTERN_API int postern_send(postern *p, postern_mail *m);

/* Queue the mail; nothing blocks and nothing is sent yet.  Mails are begun in the order queued.  An
 * error means that it was not queued: it has its outcome at once, and postern_done() does not give
 * it.  E_STATE: it is queued already, or has an outcome and was not reset; then nothing changes. */
POSTERN_API int postern_submit(postern *p, postern_mail *m);

/* For an event loop: poll postern_fd() for postern_events() (POLLIN, POLLOUT bits of poll(2); 0:
 * only time counts), at most postern_timeout() ms (-1: no limit), then call postern_step().
 * The descriptor stays the same for the life of the handle and belongs to it: poll it, do not read
 * it.  -1: none could be made; the step reports it. */
POSTERN_API int postern_fd(postern *p);
POSTERN_API int postern_events(postern *p);
POSTERN_API int postern_timeout(postern *p);

/* Do what can be done now without blocking.  Gives the number of mails queued or at work (so 0:
 * all have outcomes), or a negative error of the handle itself; mails' errors are at the mails. */
POSTERN_API int postern_step(postern *p);

/* The next mail that has got its final outcome since, or NULL.  Each mail is given once. */
POSTERN_API postern_mail *postern_done(postern *p);

/* Finish what is queued, say QUIT and close.  The handle can be used again. */
POSTERN_API int postern_quit(postern *p);

/* Give up what is queued and at work: those mails end with POSTERN_E_CANCELLED and the outcome
 * that is true of them.  May be called from another thread, or from a signal handler; it takes
 * effect in the next step, which a blocked call makes at once.  Without mails it is forgotten. */
POSTERN_API int postern_cancel(postern *p);

/* Make the mail fit to be sent again: outcomes back to pending, content to be given anew.
 * Date and Message-ID stay.  E_STATE: it is queued or at work. */
POSTERN_API int postern_mail_reset(postern_mail *m);

/* ---- What became of it -------------------------------------------------------------------- */

POSTERN_API int postern_mail_outcome(const postern_mail *m);
POSTERN_API int postern_mail_code(const postern_mail *m);          /* 0 or POSTERN_E_* */
POSTERN_API const char *postern_mail_error_id(const postern_mail *m); /* stable, "auth-refused"; "" */
POSTERN_API const char *postern_mail_error(const postern_mail *m);    /* one sentence, "" if none */
POSTERN_API const char *postern_mail_advice(const postern_mail *m);   /* what to do, "" if none */

/* Per recipient, i from 0; out of range gives 0 or "".  code: the reply code (RFC 5321 4.2), 0 if
 * none came; status: the enhanced status code (RFC 3463) as "5.1.1", "" if none; text: what the
 * server said, printable, lines joined by a blank. */
POSTERN_API size_t postern_mail_recipients(const postern_mail *m);
POSTERN_API const char *postern_mail_recipient(const postern_mail *m, size_t i);
POSTERN_API int postern_mail_recipient_outcome(const postern_mail *m, size_t i);
POSTERN_API int postern_mail_recipient_code(const postern_mail *m, size_t i);
POSTERN_API const char *postern_mail_recipient_status(const postern_mail *m, size_t i);
POSTERN_API const char *postern_mail_recipient_text(const postern_mail *m, size_t i);

/* The server's name for the accepted mail, picked from its final reply; "" if none was recognised. */
POSTERN_API const char *postern_mail_queue_id(const postern_mail *m);
/* The final reply's text; "" if none came. */
POSTERN_API const char *postern_mail_reply(const postern_mail *m);
/* The Message-ID of the content, the message's own or the one made for it, with its "<>"; "" if
 * there is none.  With POSTERN_IN_DOUBT: what to search for.  Known once the mail was submitted,
 * with a reader once it was begun. */
POSTERN_API const char *postern_mail_message_id(const postern_mail *m);

/* The handle's own first error, or that of the last mail; "" if all is well. */
POSTERN_API const char *postern_error(const postern *p);

/* The route in use, or used last.  port 0 and "" if there was none.  address: what the connection is
 * to: of the proxy where there is one.  tls: "STARTTLS", "implicit", "none"; tls_version: "TLS1.3";
 * mechanism: "SCRAM-SHA-256", "" without credentials.  A Unix socket has its path for host and
 * address, the port 0 and the tls "none". */
POSTERN_API const char *postern_route_host(const postern *p);
POSTERN_API const char *postern_route_address(const postern *p);
POSTERN_API int postern_route_port(const postern *p);
POSTERN_API const char *postern_route_tls(const postern *p);
POSTERN_API const char *postern_route_tls_version(const postern *p);
POSTERN_API int postern_route_resumed(const postern *p); /* 1: an earlier TLS session's, resumed */
POSTERN_API const char *postern_route_mechanism(const postern *p);

/* The route that worked last, as a short text without secrets, for a later process to begin with;
 * "" if there is none.  Restoring it makes it a hint: tried first, among the ports allowed anyway,
 * and forgotten when it fails or is older than POSTERN_LIMIT_ROUTE.  E_ARG: not such a text; one
 * for another host is accepted and means nothing. */
POSTERN_API const char *postern_route_save(postern *p);
POSTERN_API int postern_route_restore(postern *p, const char *text);

/* The attempts of the last search for a route, in the order they were started; address as that of
 * the route; milliseconds until usable or failed; error "" for the one that won or was not needed. */
POSTERN_API size_t postern_attempts(const postern *p);
POSTERN_API int postern_attempt_port(const postern *p, size_t i);
POSTERN_API const char *postern_attempt_tls(const postern *p, size_t i);
POSTERN_API const char *postern_attempt_address(const postern *p, size_t i);
POSTERN_API int postern_attempt_milliseconds(const postern *p, size_t i);
POSTERN_API const char *postern_attempt_error(const postern *p, size_t i);
POSTERN_API const char *postern_attempt_error_id(const postern *p, size_t i);

/* ---- Probe -------------------------------------------------------------------------------- */

/* Try every port of the policy to its end, all at once, and send no mail: connect, greeting, EHLO,
 * TLS and its certificate, EHLO again; with credentials one AUTH in all, at the end, on the port to
 * be recommended.  A port that does not speak as it was named is asked in the other TLS mode too.
 * Blocks for some 10 s a port at most, less with smaller limits; the handle's own connection is
 * left alone.  progress (or NULL) hears what goes on; port 0: the name; it must not call into p,
 * but for postern_cancel().  What goes wrong is in the report; NULL only when out of memory. */
typedef struct postern_report postern_report;
POSTERN_API postern_report *postern_probe(postern *p,
                                          void (*progress)(void *arg, int port, const char *what),
                                          void *arg);
POSTERN_API void postern_report_free(postern_report *r);

/* A report has a section for each port, in the order of the policy, and a summary behind them:
 * section i == postern_report_ports().  Each is a list of keys and printable values, as "works",
 * "certificate.until" or, in the summary, "recommendation": see postern(3) for all of them.  A key
 * that is not known, or has no value, gives "".  The strings live as long as the report. */
POSTERN_API size_t postern_report_ports(const postern_report *r);
POSTERN_API size_t postern_report_size(const postern_report *r, size_t i);
POSTERN_API const char *postern_report_key(const postern_report *r, size_t i, size_t k);
POSTERN_API const char *postern_report_value(const postern_report *r, size_t i, size_t k);
POSTERN_API const char *postern_report_get(const postern_report *r, size_t i, const char *key);

/* ---- Names -------------------------------------------------------------------------------- */

POSTERN_API const char *postern_version(void);            /* "0.1.0" of the library in use */
POSTERN_API const char *postern_strerror(int code);       /* "the credentials were refused" */
POSTERN_API const char *postern_outcome_name(int outcome); /* "accepted", "in-doubt", ... */

#ifdef __cplusplus
}
#endif
#endif
