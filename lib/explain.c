/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The table of words.  In a sentence, %w is "port 587 of mail.example.org", %h the host, %p the
 * port, %a the address, %d the detail, %r the server's reply, %n a line number, %s a size and %l a
 * limit in octets; a part in {} is left out where something in it is not known.
 */
#include <string.h>

#include "base/buf.h"
#include "base/fault.h"
#include "base/text.h"
#include "explain.h"
#include "postern.h"

enum { HOST_MOST = 256, DETAIL_MOST = 512, REPLY_MOST = 300 }; /* octets of each in a sentence */

struct words {
	const char *cause, *advice;
};

#define LATER "Nothing was delivered; try again later."
#define DOUBT \
	"The mail may have been accepted: look for its Message-ID before you send it again, or " \
	"accept a possible duplicate."
#define NETWORK \
	"A firewall, a cloud's egress rule or the provider may block the port: check the host " \
	"name, " \
	"and ask the hosting provider which submission port is open."
#define POLICY \
	"The reply gives the reason: often the sender is not one of the account's, or the " \
	"content " \
	"looks like spam to the server."
#define SIGN_IN "Sign in with user and password, over TLS (tls=starttls or tls=implicit)."
#define NO_PASSWORDS \
	"Password sign-in is switched off for this account: ask its administrator to allow it " \
	"for SMTP, or sign in with a token (OAuth 2.0)."
#define SERVER_TO_SERVER \
	"Most clouds and providers block port 25, which is for mail between servers: use 587 or " \
	"465."
#define NOT_EVERYWHERE \
	"Not every provider offers port 2525: use the ports that its documentation names."
#define GREYLISTED \
	"A server may ask a new sender to wait (greylisting): try again in 5 minutes or more."
#define FULL "Try again later, or reach the recipient another way."
#define SMALLER "Send smaller attachments, or links."
#define WRONG_HOST "Check the host name and the port in the provider's documentation."

static const struct words words[PTN_FAULT_COUNT] = {
	[PTN_FAULT_NAME_NOT_FOUND] =
		{"the host name{ %h} was not found",
		 "Check the spelling of the host name in the provider's documentation."},
	[PTN_FAULT_NAME_NO_ANSWER] =
		{"no name server answered{ for %h}",
		 "Check this machine's name service and network, then try again."},
	[PTN_FAULT_NAME_NO_SERVICE] =
		{"no submission service was found{ for %h}{: %d}",
		 "Name the server instead of the domain: the provider's documentation has it."},
	[PTN_FAULT_CONNECT_REFUSED] = {"%w{ (%a)} refused the connection: nothing listens there",
				       WRONG_HOST},
	[PTN_FAULT_CONNECT_TIMEOUT] = {"%w{ (%a)} did not answer in time", NETWORK},
	[PTN_FAULT_CONNECT_UNREACHABLE] = {"%w{ (%a)} cannot be reached from here",
					   "Check this machine's network and routes. " NETWORK},
	[PTN_FAULT_CONNECT_FORBIDDEN] = {"this machine does not allow a connection to %w",
					 "A local firewall or security policy forbids it: allow "
					 "outgoing TCP to this port."},
	[PTN_FAULT_PORT_25_BLOCKED] = {"port 25 of %h cannot be used from here", SERVER_TO_SERVER},
	[PTN_FAULT_PORT_2525_ABSENT] = {"port 2525 of %h cannot be used from here", NOT_EVERYWHERE},
	[PTN_FAULT_ALL_PORTS_TIMEOUT] =
		{"no port of %h answered in time",
		 "The host name is wrong, or this network blocks outgoing mail: ask the hosting "
		 "provider which submission port is open."},
	[PTN_FAULT_ALL_PORTS_REFUSED] =
		{"every port of %h refused the connection",
		 "Nothing takes mail there: check the host name in the provider's documentation."},
	[PTN_FAULT_PROXY_UNREACHABLE] =
		{"the proxy cannot be reached{: %d}",
		 "Check the proxy's name and port (proxy=), and that it runs."},
	[PTN_FAULT_PROXY_REFUSED] = {"the proxy did not connect to %w{: %d}",
				     "The proxy may allow some ports only: ask who runs it."},
	[PTN_FAULT_PROXY_AUTH] =
		{"the proxy refused its user name or password{: %d}",
		 "Check the credentials in proxy=: they are not those of the mail service."},
	[PTN_FAULT_PROXY_MALFORMED] =
		{"what answers as the proxy speaks neither SOCKS5 nor HTTP as it should{: %d}",
		 "Check the kind of proxy, its name and its port (proxy=)."},
	[PTN_FAULT_SOURCE_UNUSABLE] = {"the source address cannot be used on this machine{: %d}",
				       "Name an address that this machine has, or none (source=)."},
	[PTN_FAULT_GREETING_CLOSED] = {"%w closed the connection without a greeting", WRONG_HOST},
	[PTN_FAULT_GREETING_SILENT] =
		{"%w accepted the connection and stayed silent",
		 "Such a port may expect TLS from the first byte (tls=implicit), or a firewall "
		 "swallows the traffic; try another port."},
	[PTN_FAULT_GREETING_REFUSED] =
		{"%w refuses service{: %r}",
		 "This machine may be blocked there; use another port, or ask the provider."},
	[PTN_FAULT_GREETING_BUSY] = {"%w is too busy for now{: %r}", LATER},
	[PTN_FAULT_GREETING_NOT_SMTP] = {"what answers on %w does not speak SMTP{: %d}",
					 WRONG_HOST},
	[PTN_FAULT_GREETING_IS_TLS] = {"%w speaks TLS from the first byte",
				       "Use implicit TLS on this port: tls=implicit."},
	[PTN_FAULT_EHLO_REFUSED] = {"%w refused EHLO{: %r}",
				    "The greeting name may not please the server: set it to this "
				    "machine's full name."},
	[PTN_FAULT_EHLO_BUSY] = {"%w is too busy for now{: %r}", LATER},
	[PTN_FAULT_EHLO_CLOSED] = {"%w closed the connection before TLS",
				   "Try again; or use port 465."},
	[PTN_FAULT_EHLO_TIMEOUT] = {"%w stopped answering before TLS",
				    "Try again; or use port 465."},
	[PTN_FAULT_EHLO_MALFORMED] = {"%w gave no valid answer to EHLO{: %d}", WRONG_HOST},
	[PTN_FAULT_STARTTLS_MISSING] =
		{"%w does not offer STARTTLS",
		 "Do not send in the clear: the server is misconfigured, or someone on the path "
		 "removes the offer. Use port 465 with implicit TLS."},
	[PTN_FAULT_STARTTLS_REFUSED] =
		{"%w refused STARTTLS{: %r}",
		 "The server's TLS is misconfigured: use port 465, or tell its operator."},
	[PTN_FAULT_STARTTLS_BUSY] = {"%w cannot start TLS for now{: %r}", LATER},
	[PTN_FAULT_STARTTLS_CLOSED] = {"%w closed the connection at STARTTLS",
				       "Use port 465, or tell the server's operator."},
	[PTN_FAULT_STARTTLS_TIMEOUT] = {"%w did not answer STARTTLS",
					"Use port 465, or tell the server's operator."},
	[PTN_FAULT_STARTTLS_MALFORMED] =
		{"%w gave no valid answer to STARTTLS{: %d}",
		 "Nothing was sent. Something on the path may tamper with the connection."},
	[PTN_FAULT_STARTTLS_INJECTED] =
		{"bytes that are not TLS came from %w after STARTTLS{: %d}",
		 "Nothing was sent. Someone on the path may have put them there: try from another "
		 "network, and tell the server's operator."},
	[PTN_FAULT_TLS_CLOSED] = {"%w closed the connection during the TLS handshake",
				  "Try again; if it goes on, tell the server's operator."},
	[PTN_FAULT_TLS_TIMEOUT] = {"%w did not finish the TLS handshake in time",
				   "Try again; if it goes on, a firewall may interfere with TLS."},
	[PTN_FAULT_TLS_ALERT] = {"%w broke off the TLS handshake{: %d}",
				 "Tell the server's operator."},
	[PTN_FAULT_TLS_NO_COMMON] = {"%w offers no TLS version or cipher that is safe{: %d}",
				     "The server must offer TLS 1.2 or 1.3: tell its operator."},
	[PTN_FAULT_TLS_NOT_TLS] = {"what answers on %w does not speak TLS{: %d}", WRONG_HOST},
	[PTN_FAULT_TLS_SMTP_FIRST] = {"%w speaks plain SMTP first, and TLS was expected{: %d}",
				      "Use STARTTLS on this port (tls=starttls), or port 465."},
	[PTN_FAULT_TLS_BROKEN] = {"the TLS session with %w is broken{: %d}",
				  "Try again; if it goes on, tell the server's operator."},
	[PTN_FAULT_TLS_CERT_WANTED] =
		{"%w wants a certificate of the client{, %d}",
		 "Set a client certificate that the server accepts, with its key."},
	[PTN_FAULT_CERT_EXPIRED] = {"the certificate of %h has expired{: %d}",
				    "Tell the server's operator; and check this machine's clock."},
	[PTN_FAULT_CERT_NOT_YET_VALID] =
		{"the certificate of %h is not valid yet{: %d}",
		 "Check this machine's clock; else tell the server's operator."},
	[PTN_FAULT_CERT_WRONG_NAME] =
		{"the certificate is not for %h{; it is for %d}",
		 "Connect by one of the names in the certificate, if the provider documents it."},
	[PTN_FAULT_CERT_UNKNOWN_AUTHORITY] =
		{"the certificate of %h comes from an authority that is not trusted here{: %d}",
		 "If the authority is your own, name its file (cafile=). A virus scanner or "
		 "proxy that opens TLS also looks like this."},
	[PTN_FAULT_CERT_INTERCEPTED] =
		{"the certificate of %h was made by software that opens TLS on the way{: %d}",
		 "A virus scanner, firewall or proxy stands between: exempt this host there, or "
		 "trust its authority by name (cafile=)."},
	[PTN_FAULT_CERT_SELF_SIGNED] = {"the certificate of %h is signed by itself{: %d}",
					"Give the server a certificate of a known authority, or "
					"name this one's file (cafile=)."},
	[PTN_FAULT_CERT_REVOKED] = {"the certificate of %h was revoked{: %d}",
				    "Do not use this server until its operator has a new one."},
	[PTN_FAULT_CERT_WEAK] = {"the certificate of %h is too weak to be trusted{: %d}",
				 "The server needs a certificate with a current key and signature: "
				 "tell its operator."},
	[PTN_FAULT_CERT_PURPOSE] = {"the certificate of %h is not meant for a server{: %d}",
				    "Tell the server's operator."},
	[PTN_FAULT_CERT_INVALID] = {"the certificate of %h is not valid{: %d}",
				    "Tell the server's operator."},
	[PTN_FAULT_CERT_NOT_PINNED] = {"the key of %h is none of those pinned{: %d}",
				       "If the server's key was changed on purpose, pin the new "
				       "one (pin=); else someone stands between."},
	[PTN_FAULT_CERT_NO_STAPLE] =
		{"%h sent no proof that its certificate was not revoked{: %d}",
		 "The server must staple an OCSP response: tell its operator."},
	[PTN_FAULT_CERT_BAD_STAPLE] =
		{"%h sent an OCSP response that proves nothing about its certificate{: %d}",
		 "Tell the server's operator; and check this machine's clock."},
	[PTN_FAULT_CERT_NOT_IN_DNS] =
		{"the certificate of %h is not the one that DNS names (DANE){: %d}",
		 "Someone may stand between; or the operator changed the certificate and not the "
		 "TLSA record."},
	[PTN_FAULT_TRUST_UNUSABLE] = {"there are no certificate authorities to check %h with{: %d}",
				      "Install the system's authorities (package ca-certificates), "
				      "or name a file (cafile=)."},
	[PTN_FAULT_HELLO_REFUSED] = {"%w refused EHLO under TLS{: %r}",
				     "The greeting name may not please the server: set it to this "
				     "machine's full name."},
	[PTN_FAULT_HELLO_BUSY] = {"%w is too busy for now{: %r}", LATER},
	[PTN_FAULT_HELLO_CLOSED] = {"%w closed the connection after the TLS handshake", LATER},
	[PTN_FAULT_HELLO_TIMEOUT] = {"%w stopped answering after the TLS handshake", LATER},
	[PTN_FAULT_HELLO_MALFORMED] = {"%w gave no valid answer under TLS{: %d}",
				       "Tell the server's operator."},
	[PTN_FAULT_AUTH_NOT_OFFERED] =
		{"%h does not offer sign-in here, and credentials are set",
		 "Use the provider's submission port (587 or 465); without credentials, take user "
		 "and password out of the configuration."},
	[PTN_FAULT_AUTH_NO_MECHANISM] =
		{"%h and this configuration have no sign-in mechanism in common{: %d}",
		 "Allow one of those offered, or supply the kind of credential they need."},
	[PTN_FAULT_AUTH_DOWNGRADE] =
		{"%h offered a stronger sign-in before than it offers now{: %d}",
		 "Nothing was sent. Someone may be on the path; if the server was changed on "
		 "purpose, allow it for once."},
	[PTN_FAULT_AUTH_NO_BINDING] =
		{"channel binding is required, and cannot be had from %h{: %d}",
		 "The server must offer a -PLUS mechanism over TLS; else do not require it."},
	[PTN_FAULT_AUTH_NO_TOKEN] = {"there was no token to sign in with{: %d}",
				     "Renew the token where it comes from, then try again."},
	[PTN_FAULT_AUTH_TOKEN_REFUSED] =
		{"%h refused the token{: %d}{: %r}",
		 "Check the account, and that the token is for mail submission (its scope)."},
	[PTN_FAULT_AUTH_REFUSED] =
		{"%h refused the user name or password{: %r}",
		 "Check both; some providers need an application password. No other port was tried "
		 "with them."},
	[PTN_FAULT_AUTH_PASSWORD_OFF] = {"%h does not accept passwords for this account{: %r}",
					 NO_PASSWORDS},
	[PTN_FAULT_AUTH_TOO_WEAK] = {"%h does not accept this way of signing in{: %r}",
				     "Some providers need an application password or OAuth 2.0; or "
				     "allow another mechanism."},
	[PTN_FAULT_CLEAR_TEXT_SIGN_IN] =
		{"%h is not this machine, and a password must not go there without TLS",
		 "Use tls=starttls or tls=implicit."},
	[PTN_FAULT_AUTH_NEEDS_TLS] = {"%h wants TLS before sign-in{: %r}",
				      "Use tls=starttls or tls=implicit."},
	[PTN_FAULT_AUTH_BUSY] = {"%h cannot check the credentials for now{: %r}", LATER},
	[PTN_FAULT_AUTH_UNPROVEN] =
		{"%h did not prove that it knows the password{: %d}",
		 "Nothing was sent. The server may be an impostor, or its sign-in is broken."},
	[PTN_FAULT_AUTH_UNSAFE] = {"%h asked for a sign-in that is not safe{: %d}",
				   "Nothing was sent. Tell the server's operator."},
	[PTN_FAULT_AUTH_MALFORMED] = {"%h broke the sign-in's protocol{: %d}",
				      "Try another mechanism, or tell the server's operator."},
	[PTN_FAULT_AUTH_CLOSED] = {"%h closed the connection during sign-in", LATER},
	[PTN_FAULT_AUTH_TIMEOUT] = {"%h did not answer the sign-in in time", LATER},
	[PTN_FAULT_MAIL_REFUSED] = {"%h refused the sender{: %r}",
				    "The account may not send as this address: use the account's "
				    "own, or a verified domain."},
	[PTN_FAULT_MAIL_NEEDS_TLS] = {"%h wants TLS before it takes mail{: %r}",
				      "Use tls=starttls or tls=implicit."},
	[PTN_FAULT_MAIL_NEEDS_AUTH] = {"%h wants a sign-in before it takes mail{: %r}", SIGN_IN},
	[PTN_FAULT_SENDER_NOT_ALLOWED] = {"%h does not let this account send as that address{: %r}",
					  "Use the address of the account as the sender, or one of "
					  "a domain verified there."},
	[PTN_FAULT_SERVICE_BUSY] =
		{"%h cannot take the mail for now{: %r}",
		 "Wait as long as the reply says, or some minutes, and try again."},
	[PTN_FAULT_RCPT_REFUSED] = {"%h refused a recipient{: %r}",
				    "Check the address; the reply for each recipient says more."},
	[PTN_FAULT_MAILBOX_FULL] = {"a recipient's mailbox is full{: %r}", FULL},
	[PTN_FAULT_GREYLISTED] = {"%h asks to try again later{: %r}", GREYLISTED},
	[PTN_FAULT_DATA_REFUSED] = {"%h refused to take the content{: %r}", POLICY},
	[PTN_FAULT_CONTENT_REFUSED] = {"%h refused the mail{: %r}", POLICY},
	[PTN_FAULT_SIZE_REFUSED] = {"the mail is too large for %h{: %r}", SMALLER},
	[PTN_FAULT_SERVICE_CLOSING] = {"%h is closing the connection{: %r}", LATER},
	[PTN_FAULT_LOST] = {"the connection to %h was lost before the mail was handed over", LATER},
	[PTN_FAULT_REPLY_TIMEOUT] = {"%h did not answer in time", LATER},
	[PTN_FAULT_MALFORMED] = {"%h broke the protocol{: %d}{: %r}",
				 "Tell the server's operator."},
	[PTN_FAULT_LOST_IN_DOUBT] = {"the connection to %h was lost after the whole mail was sent, "
				     "before the answer came",
				     DOUBT},
	[PTN_FAULT_TIMEOUT_IN_DOUBT] = {"%h did not answer in time after the whole mail was sent",
					DOUBT},
	[PTN_FAULT_MALFORMED_IN_DOUBT] =
		{"%h gave no valid answer after the whole mail was sent{: %d}", DOUBT},
	[PTN_FAULT_NEEDS_8BITMIME] =
		{"the mail holds octets over 127, and %h does not offer 8BITMIME",
		 "Encode the content as base64 or quoted-printable."},
	[PTN_FAULT_NEEDS_SMTPUTF8] =
		{"an address or the header is not ASCII, and %h does not offer SMTPUTF8",
		 "Use ASCII addresses, and encode the header's fields (RFC 2047)."},
	[PTN_FAULT_NEEDS_EXTENSION] =
		{"the mail asks for what %h does not offer{: %d}",
		 "Send it without that, or through a service that offers it."},
	[PTN_FAULT_TOO_LARGE] =
		{"the mail is too large for %h{: it has %s octets}{ and the limit is %l}", SMALLER},
	[PTN_FAULT_TOO_MANY_RECIPIENTS] =
		{"%h takes fewer recipients at a time, and content from a reader can be sent only "
		 "once{: %d}",
		 "Give the content as text or as a file, or send to fewer recipients."},
	[PTN_FAULT_CONTENT_BARE_CR] = {"the content has a CR that ends no line{, in line %n}",
				       "End lines with LF or CRLF."},
	[PTN_FAULT_CONTENT_NUL] = {"the content has a NUL octet{, in line %n}",
				   "Encode binary content as base64."},
	[PTN_FAULT_CONTENT_LONG_LINE] =
		{"the content has a line of over 998 octets{, line %n}",
		 "Fold it, or encode the content as quoted-printable or base64."},
	[PTN_FAULT_CONTENT_READER] = {"the content could not be read to its end",
				      "Nothing was delivered."},
	[PTN_FAULT_CONTENT_MISSING] = {"the mail has no content",
				       "Give the mail its text or a reader before it is sent."},
	[PTN_FAULT_CONTENT_FILE] = {"the file with the content cannot be read{: %d}",
				    "Check its name and permissions."},
	[PTN_FAULT_CONTENT_CHANGED] =
		{"the content changed while it was being sent",
		 "Nothing was delivered. Leave the file alone until the mail has its outcome."},
	[PTN_FAULT_ARGUMENT] = {"{%d}", ""},
	[PTN_FAULT_STATE] = {"{%d}", ""},
	[PTN_FAULT_CANCELLED] = {"the mail was cancelled", "Nothing was delivered."},
	[PTN_FAULT_CANCELLED_IN_DOUBT] = {"the mail was cancelled after all of it was sent", DOUBT},
	[PTN_FAULT_TIME_LIMIT] = {"the overall time limit passed", LATER},
	[PTN_FAULT_NO_MEMORY] = {"out of memory", "Nothing was delivered."},
	[PTN_FAULT_SYSTEM] = {"the operating system refused a resource{: %d}",
			      "Raise the limit of open files, or close some."},
};

static int put_number(struct ptn_buf *b, unsigned long long v)
{
	return v ? ptn_text_decimal(b, v) : 1;
}

/* Made fit to be shown once more, in case it was not; what is shown already stays as it is. */
static int put_text(struct ptn_buf *b, const char *s, size_t most)
{
	return s && *s ? ptn_text_escape(b, s, strlen(s), most) : 1;
}

static int put_where(struct ptn_buf *b, const struct ptn_facts *f)
{
	int err = 0;

	if (f->port) {
		err = ptn_buf_puts(b, "port ");
		err = err ? err : put_number(b, (unsigned)f->port);
		err = err ? err : ptn_buf_puts(b, " of ");
	}
	err = err ? err : put_text(b, f->host, HOST_MOST);
	return err > 0 ? ptn_buf_puts(b, "the server") : err;
}

static int put_reply(struct ptn_buf *b, const struct ptn_facts *f)
{
	int err;

	if (!f->code)
		return 1;
	err = f->unverified ? ptn_buf_puts(b, "whoever answered, unverified, said ") : 0;
	err = err ? err : put_number(b, (unsigned)f->code);
	if (!err && f->status && *f->status)
		err = ptn_buf_puts(b, " ") ? POSTERN_E_NOMEM : ptn_buf_puts(b, f->status);
	if (!err && f->text && *f->text)
		err = ptn_buf_puts(b, " ") ? POSTERN_E_NOMEM : put_text(b, f->text, REPLY_MOST);
	return err;
}

/* 0, 1 where the fact is not known, or POSTERN_E_NOMEM. */
static int put_fact(struct ptn_buf *b, int which, const struct ptn_facts *f)
{
	switch (which) {
	case 'w':
		return put_where(b, f);
	case 'h':
		return put_text(b, f->host, HOST_MOST);
	case 'a':
		return put_text(b, f->address, HOST_MOST);
	case 'd':
		return put_text(b, f->detail, DETAIL_MOST);
	case 'p':
		return put_number(b, (unsigned)f->port);
	case 'n':
		return put_number(b, f->line);
	case 's':
		return put_number(b, f->size);
	case 'l':
		return put_number(b, f->limit);
	default:
		return put_reply(b, f);
	}
}

static int fill(struct ptn_buf *b, const char *words_, const struct ptn_facts *f)
{
	size_t group = 0;
	int open = 0, missing = 0, err = 0;

	for (const char *s = words_; *s && err >= 0; s++) {
		if (*s == '{') {
			open = 1;
			missing = 0;
			group = ptn_buf_len(b);
		} else if (*s == '}') {
			if (missing)
				ptn_buf_cut(b, group);
			open = 0;
		} else if (*s == '%') {
			err = put_fact(b, *++s, f);
			if (err > 0 && open)
				missing = 1;
			else if (err > 0)
				err = ptn_buf_puts(b, "the server"); /* only %h stands there */
		} else {
			err = ptn_buf_add(b, s, 1);
		}
	}
	return err < 0 ? err : 0;
}

int ptn_explain(struct ptn_buf *cause, struct ptn_buf *advice, int fault, const struct ptn_facts *f)
{
	int known = fault > 0 && fault < PTN_FAULT_COUNT ? fault : PTN_FAULT_NONE;
	const char *what = words[known].cause, *todo = words[known].advice;

	ptn_buf_clear(cause);
	ptn_buf_clear(advice);
	if ((what && fill(cause, what, f)) ||
	    (!ptn_buf_len(cause) && ptn_buf_puts(cause, postern_strerror(ptn_fault_code(fault)))) ||
	    (todo && fill(advice, todo, f)) || ptn_buf_add(cause, "", 1) ||
	    ptn_buf_add(advice, "", 1)) {
		ptn_buf_clear(cause);
		ptn_buf_clear(advice);
		return POSTERN_E_NOMEM;
	}
	return 0;
}
