/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "main.h"
#include "memory.h"
#include "net/net.h"
#include "postern.h"
#include "url_parse.h"

/* "587s 465i" for STARTTLS on 587 and implicit TLS on 465. */
static const char *ports_text(const struct ptn_candidate *c, size_t n)
{
	static char text[128];
	size_t at = 0;

	text[0] = '\0';
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%d%c", i ? " " : "",
				       c[i].port,
				       "sion"[c[i].mode == PTN_MODE_STARTTLS        ? 0
					      : c[i].mode == PTN_MODE_IMPLICIT      ? 1
					      : c[i].mode == PTN_MODE_OPPORTUNISTIC ? 2
										    : 3]);
	return text;
}

static void expect_string(const char *got, const char *wanted)
{
	if (wanted)
		ck_assert_pstr_eq(got, wanted);
	else
		ck_assert_ptr_null(got);
}

#define USUAL "587s 465i 2525s"

static const struct {
	const char *url, *host, *user, *password, *ports;
} good[] = {
	/* a bare host */
	{"mail.example.org", "mail.example.org", NULL, NULL, USUAL},
	{"192.0.2.7", "192.0.2.7", NULL, NULL, USUAL},
	{"[2001:db8::7]", "2001:db8::7", NULL, NULL, USUAL},
	{"[::1]:465", "::1", NULL, NULL, "465i"},
	{"mail.example.org:587", "mail.example.org", NULL, NULL, "587s"},
	{"localhost:1025?tls=none", "localhost", NULL, NULL, "1025n"},
	{"user:pencil@mail.example.org", "mail.example.org", "user", "pencil", USUAL},
	{"mail.example.org/", "mail.example.org", NULL, NULL, USUAL},
	/* schemes */
	{"smtp://mail.example.org", "mail.example.org", NULL, NULL, USUAL},
	{"SMTP://mail.example.org", "mail.example.org", NULL, NULL, USUAL},
	{"submission://mail.example.org", "mail.example.org", NULL, NULL, USUAL},
	{"smtps://mail.example.org", "mail.example.org", NULL, NULL, "465i"},
	{"Submissions://mail.example.org", "mail.example.org", NULL, NULL, "465i"},
	{"smtp+starttls://mail.example.org", "mail.example.org", NULL, NULL, "587s 2525s"},
	{"SmTp+StArTtLs://mail.example.org/", "mail.example.org", NULL, NULL, "587s 2525s"},
	/* ports */
	{"smtp://h:465", "h", NULL, NULL, "465i"},
	{"smtp://h:587", "h", NULL, NULL, "587s"},
	{"smtp://h:25", "h", NULL, NULL, "25s"},
	{"smtp://h:65535", "h", NULL, NULL, "65535s"},
	{"smtp://h:1", "h", NULL, NULL, "1s"},
	{"smtps://h:8465", "h", NULL, NULL, "8465i"},
	{"smtps://h:587", "h", NULL, NULL, "587i"},
	{"smtp+starttls://h:465", "h", NULL, NULL, "465s"},
	{"submission://h:465", "h", NULL, NULL, "465i"},
	/* tls= */
	{"smtp://h?tls=implicit", "h", NULL, NULL, "465i"},
	{"smtp://h?tls=starttls", "h", NULL, NULL, "587s 2525s"},
	{"smtp://h?tls=StartTLS", "h", NULL, NULL, "587s 2525s"},
	{"smtp://h:2465?tls=implicit", "h", NULL, NULL, "2465i"},
	{"smtp://h:465?tls=starttls", "h", NULL, NULL, "465s"},
	{"smtp://h:25?tls=opportunistic", "h", NULL, NULL, "25o"},
	{"smtp://h:25?tls=none", "h", NULL, NULL, "25n"},
	{"smtps://h?tls=implicit", "h", NULL, NULL, "465i"},
	{"smtp+starttls://h:25?tls=starttls", "h", NULL, NULL, "25s"},
	/* ports= */
	{"smtp://h?ports=587,465,2525", "h", NULL, NULL, USUAL},
	{"smtp://h?ports=465%20587", "h", NULL, NULL, "465i 587s"},
	{"smtp://h?ports=1587/starttls,1465/implicit", "h", NULL, NULL, "1587s 1465i"},
	{"smtp://h?ports=25/none", "h", NULL, NULL, "25n"},
	{"smtp://h?ports=25,26&tls=implicit", "h", NULL, NULL, "25i 26i"},
	{"smtp://h?tls=none&ports=25", "h", NULL, NULL, "25n"},
	{"smtps://h?ports=465,10465", "h", NULL, NULL, "465i 10465i"},
	{"smtp+starttls://h?ports=465,587", "h", NULL, NULL, "465s 587s"},
	{"smtps://h?ports=465/implicit", "h", NULL, NULL, "465i"},
	/* user and password */
	{"smtp://user:pencil@h", "h", "user", "pencil", USUAL},
	{"smtp://user%40example.org:p%40%3A%2Fss%25@h", "h", "user@example.org", "p@:/ss%", USUAL},
	{"smtp://u:%3f%23%26%3d+;=&!@h", "h", "u", "?#&=+;=&!", USUAL},
	{"smtp://u:p%C3%A4%20ss%22%5C'@h", "h", "u", "p\xC3\xA4 ss\"\\'", USUAL},
	{"smtp://u:p\xC3\xA4@h", "h", "u", "p\xC3\xA4", USUAL},
	{"smtp://u:@h", "h", "u", "", USUAL},
	{"smtp://u:p@[::1]:587/?tls=starttls", "::1", "u", "p", "587s"},
	{"smtp://smtp%3A%2F%2F:x@h", "h", "smtp://", "x", USUAL},
	/* a password in clear stays on this machine */
	{"smtp://u:p@localhost:25?tls=none", "localhost", "u", "p", "25n"},
	{"smtp://u:p@LocalHost.:25?tls=none", "LocalHost", "u", "p", "25n"},
	{"smtp://u:p@127.0.0.1:25?tls=none", "127.0.0.1", "u", "p", "25n"},
	{"smtp://u:p@127.255.255.254:25?tls=none", "127.255.255.254", "u", "p", "25n"},
	{"smtp://u:p@[::1]:25?tls=none", "::1", "u", "p", "25n"},
	{"smtp://u:p@[0:0:0:0:0:0:0:1]:25?tls=opportunistic", "0:0:0:0:0:0:0:1", "u", "p", "25o"},
	{"smtp://u:p@localhost?ports=25/none", "localhost", "u", "p", "25n"},
	/* hosts */
	{"smtp://mail.example.org.", "mail.example.org", NULL, NULL, USUAL},
	{"smtp://my_host", "my_host", NULL, NULL, USUAL},
	{"smtp://[fe80::1%25eth0]:25", "fe80::1%eth0", NULL, NULL, "25s"},
	{"smtp://[FE80::1%25br-lan.1]", "FE80::1%br-lan.1", NULL, NULL, USUAL},
	{"smtp://[fe80::1%25e.]", "fe80::1%e.", NULL, NULL, USUAL},
	{"smtp://[fe80::1%2525]", "fe80::1%25", NULL, NULL, USUAL},
	{"smtp://h?", "h", NULL, NULL, USUAL},
	{"smtp://h/?", "h", NULL, NULL, USUAL},
	{"smtp", "smtp", NULL, NULL, USUAL},
};

START_TEST(good_urls)
{
	struct ptn_url u;
	char why[256] = "?";
	int rc = ptn_url_parse(&u, good[_i].url, why, sizeof why);

	ck_assert_msg(rc == 0, "%s: %s", good[_i].url, why);
	ck_assert_str_eq(why, "");
	expect_string(u.host, good[_i].host);
	expect_string(u.user, good[_i].user);
	expect_string(u.password, good[_i].password);
	ck_assert_str_eq(ports_text(u.port, u.ports), good[_i].ports);
	ck_assert_int_eq(u.is_socket, 0);
	for (size_t i = 0; i < PTN_URL_KEYS; i++)
		if (u.value[i])
			ck_assert_msg(
				strstr("starttls implicit opportunistic none", u.value[i]) ||
					u.value[i] == ptn_url_value(&u, "ports") ||
					ptn_url_same((struct ptn_span){u.value[i], 8}, "starttls"),
				"%s", u.value[i]);
	ptn_url_free(&u);
	ck_assert_ptr_null(u.password);
	ptn_url_free(&u);
}
END_TEST

static const struct {
	const char *url, *host, *discover;
} discovered[] = {
	{"smtp://u:p@example.org?discover=1", "example.org", "1"},
	{"example.org?discover=1", "example.org", "1"},
	{"submission://example.org./?discover=1", "example.org", "1"},
	{"smtp://example.org?discover=mail.example.net", "example.org", "mail.example.net"},
	{"smtp://example.org?discover=example%2Enet&timeout=1", "example.org", "example.net"},
};

START_TEST(discovery_is_kept)
{
	struct ptn_url u;
	char why[256];

	ck_assert_msg(!ptn_url_parse(&u, discovered[_i].url, why, sizeof why), "%s", why);
	ck_assert_str_eq(u.host, discovered[_i].host);
	ck_assert_str_eq(ptn_url_value(&u, "discover"), discovered[_i].discover);
	ptn_url_free(&u);
	ck_assert_ptr_null(ptn_url_value(&u, "discover"));
}
END_TEST

static const struct {
	const char *url, *key, *value;
} parameters[] = {
	{"smtp://h?auth=SCRAM-SHA-256,PLAIN", "auth", "SCRAM-SHA-256,PLAIN"},
	{"smtp://h?auth=scram-sha-256%20plain", "auth", "scram-sha-256 plain"},
	{"smtp://h?name=client.example.org", "name", "client.example.org"},
	{"smtp://h?name=[192.0.2.1]", "name", "[192.0.2.1]"},
	{"smtp://h?name=%5BIPv6:2001:db8::1%5D", "name", "[IPv6:2001:db8::1]"},
	{"smtp://h?cafile=/etc/ssl/ca.pem", "cafile", "/etc/ssl/ca.pem"},
	{"smtp://h?cafile=ca%40%26%3F%23.pem", "cafile", "ca@&?#.pem"},
	{"smtp://h?cafile=a=b", "cafile", "a=b"},
	{"smtp://h?cafile=%FF", "cafile", "\xFF"},
	{"smtp://h?timeout=0", "timeout", "0"},
	{"h?timeout=1&cafile=x&name=y&auth=PLAIN&ports=25&tls=implicit", "auth", "PLAIN"},
	{"h?timeout=1&cafile=x&name=y&auth=PLAIN&ports=25&tls=implicit", "ports", "25"},
	{"h?cafile=file://x", "cafile", "file://x"},
	{"h?proxy=socks5://u:p%2540%40h:1080", "proxy", "socks5://u:p%40@h:1080"},
	{"h?proxy=socks5%3A%2F%2Fh", "proxy", "socks5://h"},
	{"h?source=192.0.2.1,2001:db8::1", "source", "192.0.2.1,2001:db8::1"},
	{"unix:/run/smtp.sock?name=y&timeout=1", "timeout", "1"},
};

START_TEST(parameters_are_kept)
{
	struct ptn_url u;
	char why[256];

	ck_assert_msg(ptn_url_parse(&u, parameters[_i].url, why, sizeof why) == 0, "%s: %s",
		      parameters[_i].url, why);
	ck_assert_str_eq(ptn_url_value(&u, parameters[_i].key), parameters[_i].value);
	ck_assert_ptr_null(ptn_url_value(&u, "dane"));
	ck_assert_ptr_null(ptn_url_value(&u, "nonsense"));
	ptn_url_free(&u);
	ck_assert_ptr_null(ptn_url_value(&u, parameters[_i].key));
}
END_TEST

static const struct {
	const char *url, *path, *rule; /* one of the two */
} sockets[] = {
	{"unix:/run/smtp.sock", "/run/smtp.sock", NULL},
	{"UNIX:/run/smtp.sock", "/run/smtp.sock", NULL},
	{"unix:/a", "/a", NULL},
	{"unix:/run/a%20b", "/run/a%20b", NULL},
	{"unix:/run/a:b#c", "/run/a:b#c", NULL},
	{"unix:/run/x?", "/run/x", NULL},
	{"unix:/run/x?name=y", "/run/x", NULL},
	{"unix:/run/\xC3\xA4", "/run/\xC3\xA4", NULL},
	{"unix:", NULL, "path of a socket"},
	{"unix:/", NULL, "path of a socket"},
	{"unix:?name=x", NULL, "path of a socket"},
	{"unix:run/smtp.sock", NULL, "path of a socket"},
	{"unix:587", NULL, "path of a socket"},
	{"unix:@abstract", NULL, "path of a socket"},
	{"unix://run/smtp.sock", NULL, "path of a socket"},
	{"unix:///run/smtp.sock", NULL, "path of a socket"},
	{"unix:/run/a b", NULL, "%20"},
	{"unix:/run/x?tls=none", NULL, "no TLS"},
	{"unix:/run/x?tls=starttls", NULL, "no TLS"},
	{"unix:/run/x?ports=25", NULL, "no ports"},
	{"unix:/run/x?discover=1", NULL, "no name to look up"},
	{"unix:/run/x?nme=y", NULL, "did you mean \"name\""},
	{"unix:/run/x?name=y&name=z", NULL, "twice"},
	{"unix:/run/x\n", NULL, "control"},
};

START_TEST(unix_sockets)
{
	struct ptn_url u;
	char why[320] = "?";
	int rc = ptn_url_parse(&u, sockets[_i].url, why, sizeof why);

	ck_assert_msg(rc == (sockets[_i].path ? 0 : POSTERN_E_ARG), "%s: %s", sockets[_i].url, why);
	expect_string(u.host, sockets[_i].path);
	ck_assert_int_eq(u.is_socket, sockets[_i].path != NULL);
	if (sockets[_i].path) {
		ck_assert_str_eq(ports_text(u.port, u.ports), "0n");
		ck_assert_ptr_null(u.user);
	} else {
		ck_assert_msg(strstr(why, sockets[_i].rule) != NULL, "%s: %s", sockets[_i].url,
			      why);
	}
	ptn_url_free(&u);
}
END_TEST

/* 107 octets are the most on Linux; elsewhere it may be less. */
START_TEST(long_socket_paths)
{
	char url[256] = "unix:";
	struct ptn_url u;
	size_t longest = 0;

	memset(url + 5, 'a', sizeof url - 6);
	url[5] = '/';
	for (size_t n = 2; n < 200; n++) {
		char kept = url[5 + n];

		url[5 + n] = '\0';
		if (!ptn_url_parse(&u, url, NULL, 0)) {
			ck_assert_uint_eq(longest + (n > 2), n > 2 ? n : longest);
			longest = n;
			ptn_url_free(&u);
		}
		url[5 + n] = kept;
	}
	ck_assert_uint_ge(longest, 90);
	ck_assert_uint_lt(longest, PTN_NET_TEXT);
}
END_TEST

/* Where a password is in them it is SeCrEt, in one piece or on both sides of what is wrong: neither
 * piece may be seen. */
static const struct {
	const char *url, *rule; /* a part of the sentence */
} bad[] = {
	{NULL, "no host"},
	{"", "no host"},
	{"smtp://", "no host"},
	{"smtp:///", "no host"},
	{"smtp://?tls=implicit", "no host"},
	{"smtp://:25", "no host"},
	{"smtp://u:SeCrEt@", "no host"},
	{"smtp://u:SeCrEt@:25", "no host"},
	/* schemes */
	{"http://h", "\"http\""},
	{"smpt://h", "\"smpt\""},
	{"smtp+tls://h", "smtp+starttls"},
	{"://h", "path"},
	{"smtp//h", "path"},
	{"smtp:/h", "path"},
	{"smtp:h", "port"},
	/* what must be encoded */
	{"smtp://u:Se@CrEt@h", "%40"},
	{"smtp://u:Se:CrEt@h", "%3A"},
	{"smtp://u:Se/CrEt@h", "%2F"},
	{"smtp://u:Se?CrEt@h", "%3F"},
	{"smtp://u:Se#CrEt@h", "%23"},
	{"smtp://u:/SeCrEt@h", "%2F"},
	{"smtp://u:SeCrEt?@h", "%3F"},
	{"smtp://u:Se/CrEt@h?tls=implicit", "%2F"},
	{"smtp://u:Se://CrEt@h", "%2F"},
	{"u:Se://CrEt@h", "%2F"},
	{"smtp://u:25/SeCrEt@h", "%2F"},
	{"smtp://u@example.org:SeCrEt@h", "%40"},
	{"smtp://u/v:SeCrEt@h", "%2F"},
	{"smtp://u:SeCrEt@h/?cafile=a@b", "%40"},
	{"smtp://u:SeCrEt@h?x@y", "%40"},
	{"smtp://u:Se%CrEt@h", "hexadecimal"},
	{"smtp://u:SeCrEt%@h", "hexadecimal"},
	{"smtp://u:SeCrEt%4@h", "hexadecimal"},
	{"smtp://u:SeCrEt%4g@h", "hexadecimal"},
	{"smtp://u:SeCrEt%%41@h", "hexadecimal"},
	{"smtp://u%zz:SeCrEt@h", "user"},
	{"smtp://u:SeCrEt%00@h", "control"},
	{"smtp://u:SeCrEt%0D%0A@h", "control"},
	{"smtp://u:SeCrEt%0a@h", "control"},
	{"smtp://u:SeCrEt%7F@h", "control"},
	{"smtp://u:SeCrEt%09@h", "control"},
	{"smtp://u%00:SeCrEt@h", "user"},
	{"smtp://u:SeCrEt%C2%85@h", "password"},
	{"smtp://u:SeCrEt%E2%80%A8@h", "password"},
	{"smtp://u:SeCrEt%FF@h", "UTF-8"},
	{"smtp://u:SeCrEt%C0%8A@h", "UTF-8"},
	{"smtp://u:SeCrEt\xFF@h", "UTF-8"},
	{"smtp://u:Se CrEt@h", "%20"},
	{"smtp://u:SeCrEt\r\n@h", "control"},
	{"smtp://u:SeCrEt@h\n", "control"},
	{"smtp://h ", "%20"},
	{" smtp://h", "%20"},
	{"smtp://h?tls=implicit ", "%20"},
	/* a user alone */
	{"smtp://u@h", "no password"},
	{"smtp://@h", "no password"},
	{"someone@example.org", "no password"},
	{"smtp://:SeCrEt@h", "user"},
	/* hosts */
	{"smtp://b\xC3\xBC"
	 "cher.example",
	 "xn--"},
	{"smtp://b%C3%BCcher.example", "letters"},
	{"smtp://ex%61mple.org", "letters"},
	{"smtp://-h", "hyphen"},
	{"smtp://a..b", "empty"},
	{"smtp://h..", "empty"},
	{"smtp://.", "empty"},
	{"smtp://127.1", "192.0.2.1"},
	{"smtp://0x7f000001", "192.0.2.1"},
	{"smtp://[::1", "bracket"},
	{"smtp://::1", "brackets"},
	{"2001:db8::1", "brackets"},
	{"smtp://h:25:26", "brackets"},
	{"smtp://[h]", "brackets"},
	{"smtp://[127.0.0.1]", "brackets"},
	{"smtp://[]", "brackets"},
	{"smtp://[[::1]]", "bracket"},
	{"smtp://[::1]x", "bracket"},
	{"smtp://[::1]x:25", "bracket"},
	{"smtp://[::1].", "bracket"},
	{"smtp://x[::1]", "brackets"},
	{"smtp://[::g]", "IPv6"},
	{"smtp://[fe80::1%eth0]", "%25"},
	{"smtp://[fe80::1%25]", "IPv6"},
	{"smtp://[fe80::1%25e%20]", "IPv6"},
	{"smtp://[fe80::1%", "bracket"},
	/* ports */
	{"smtp://h:", "port"},
	{"smtp://h:0", "port"},
	{"smtp://h:65536", "port"},
	{"smtp://h:025", "port"},
	{"smtp://h:+25", "port"},
	{"smtp://h:-1", "port"},
	{"smtp://h:25x", "port"},
	{"smtp://h:18446744073709551641", "port"},
	{"smtp://u:SeCrEt", "port"},
	{"u:SeCrEt", "port"},
	{"smtp://[::1]:", "port"},
	/* the rest of a URL */
	{"smtp://h/x", "path"},
	{"smtp://h//", "path"},
	{"smtp://u:SeCrEt@h/x", "path"},
	{"smtp://h#x", "fragment"},
	{"smtp://h/#", "fragment"},
	{"smtp://h?tls=implicit#x", "fragment"},
	/* parameters */
	{"smtp://h?tls", "no value"},
	{"smtp://h?tls=", "no value"},
	{"smtp://h?cafile=", "no value"},
	{"smtp://h?&", "empty"},
	{"smtp://h?tls=implicit&", "empty"},
	{"smtp://h?&tls=implicit", "empty"},
	{"smtp://h?tls=implicit&&name=x", "empty"},
	{"smtp://h?=x", "no parameter"},
	{"smtp://h?prots=25", "\"ports\""},
	{"smtp://h?port=25", "\"ports\""},
	{"smtp://h?timeot=25", "\"timeout\""},
	{"smtp://h?TIMEOUT=25", "\"timeout\""},
	{"smtp://h?ca_file=x", "\"cafile\""},
	{"smtp://h?nme=x", "\"name\""},
	{"smtp://h?Auth=PLAIN", "\"auth\""},
	{"smtp://h?something=x", "postern-url(7) lists them"},
	{"smtp://h?prxy=x", "\"proxy\""},
	{"smtp://h?sorce=x", "\"source\""},
	{"smtp://example.org?discover=", "no value"},
	{"smtp://example.org?discover=0", "not a domain"},
	{"smtp://example.org?discover=yes", "one label"},
	{"smtp://example.org?discover=com", "one label"},
	{"smtp://example.org?discover=com.", "one label"},
	{"smtp://example.org?discover=192.0.2.1", "address"},
	{"smtp://example.org?discover=[2001:db8::1]", "address"},
	{"smtp://example.org?discover=2001:db8::1", "address"},
	{"smtp://example.org?discover=a..example.net", "not a domain"},
	{"smtp://example.org?discover=1&discover=1", "twice"},
	{"smtp://example.org?dicover=1", "\"discover\""},
	{"smtp://h?discover=1", "one label"},
	{"smtp://192.0.2.1?discover=1", "address"},
	{"smtp://[::1]?discover=1", "address"},
	{"smtp://example.org:587?discover=1", "neither a port"},
	{"smtp://example.org?discover=1&ports=587", "neither a port"},
	{"smtp://example.org?tls=implicit&discover=1", "neither a port"},
	{"smtps://example.org?discover=1", "neither a port"},
	{"smtp+starttls://example.org?discover=1", "neither a port"},
	{"smtp://h?a%0Ab=x", "no parameter"},
	{"smtp://h?ssl=1", "tls=implicit"},
	{"smtp://h?secure=true", "tls=implicit"},
	{"smtp://h?SSL=1", "tls=implicit"},
	{"smtp://h?encryption=tls", "tls=implicit"},
	{"smtp://h?starttls=1", "tls=implicit"},
	{"smtp://h?tls=ssl", "port 465"},
	{"smtp://h?tls=tls", "port 465"},
	{"smtp://h?tls=SSL", "port 465"},
	{"smtp://h?tls=secure", "port 465"},
	{"smtp://h?tls=true", "port 465"},
	{"smtp://h?tls=1", "port 465"},
	{"smtp://h?tls=required", "starttls, implicit, opportunistic or none"},
	{"smtp://h?tls=implicit&tls=implicit", "twice"},
	{"smtp://h?name=a&timeout=1&name=b", "twice"},
	{"smtp://h?name=a%0D%0AMAIL", "control"},
	{"smtp://h?auth=PLAIN%00", "control"},
	{"smtp://h?cafile=a%0Ab", "control"},
	{"smtp://h?cafile=a%4", "hexadecimal"},
	/* contradictions */
	{"smtps://h?tls=starttls", "contradicts"},
	{"smtps://h?tls=none", "contradicts"},
	{"submissions://h:465?tls=opportunistic", "contradicts"},
	{"smtp+starttls://h?tls=implicit", "contradicts"},
	{"smtp://h:25?ports=26", "contradict"},
	{"smtp://h:25?ports=25", "contradict"},
	{"smtps://h?ports=587/starttls", "contradicts"},
	{"smtp://h?tls=starttls&ports=465/implicit", "contradicts"},
	{"smtp://h?tls=none", "port"},
	{"smtp://h?tls=opportunistic", "port"},
	{"smtp://h?tls=none&ports=25,26", "only entry"},
	{"smtp://h?ports=25,26/none", "only entry"},
	{"smtp://h?ports=0", "1 to 65535"},
	{"smtp://h?ports=,", "no port"},
	{"smtp://h?ports=465/ssl", "port 465"},
	/* a password in clear */
	{"smtp://u:SeCrEt@h:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@h:25?tls=opportunistic", "loopback"},
	{"smtp://u:SeCrEt@h?ports=25/none", "loopback"},
	{"smtp://u:@h:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@localhost.example.org:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@128.0.0.1:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@127.example.org:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@[::]:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@[1::]:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@[::1:1]:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@[::11]:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@[::1%25lo]:25?tls=none", "loopback"},
	{"smtp://u:SeCrEt@[::ffff:127.0.0.1]:25?tls=none", "loopback"},
};

static void expect_refused(const char *url, const char *rule)
{
	struct ptn_url u;
	char why[320] = "?";
	int rc = ptn_url_parse(&u, url, why, sizeof why);

	ck_assert_msg(rc == POSTERN_E_ARG, "%s", url);
	ck_assert_msg(strstr(why, rule) != NULL, "%s: %s", url, why);
	ck_assert_msg(!strstr(why, "Se") && !strstr(why, "CrEt"), "%s: %s", url, why);
	ck_assert(!ptn_text_has_control(why, strlen(why)));
	ck_assert(ptn_text_is_utf8(why, strlen(why)));
	ck_assert_uint_lt(strlen(why), 256);
	ck_assert_ptr_null(u.host);
	ck_assert_ptr_null(u.user);
	ck_assert_ptr_null(u.password);
	ck_assert_uint_eq(u.ports, 0);
	ck_assert_int_eq(u.is_socket, 0);
}

START_TEST(bad_urls)
{
	expect_refused(bad[_i].url, bad[_i].rule);
}
END_TEST

/* ---- Every part with every hostile input -------------------------------------------------- */

static const char *const hostile[] = {
	"\r",
	"\n",
	"\r\n",
	"\t",
	"\x7f",
	"\x1b",
	"%0D",
	"%0a",
	"%00",
	"%09",
	"%7f",
	"%1B",
	"\xC0\x8A",
	"\xFF",
	"\xE2\x80\xA8",
	"\xC2\x85",
	"a\r\nRCPT TO:<v@x>",
	"a>\r\nDATA\r\n.\r\n",
	"%",
	"%4",
	"%G0",
};

START_TEST(hostile_parts)
{
	static const char *const around[][2] = {
		{"smtp://u", ":SeCrEt@h"},
		{"smtp://u:SeCrEt", "@h"},
		{"smtp://h", ".example"},
		{"smtp://h:2", "5"},
		{"smtp://h?tls=", "none"},
		{"smtp://h?ports=2", "5"},
		{"smtp://h?auth=P", ""},
		{"smtp://h?name=x", ""},
		{"smtp://h?timeout=1", ""},
		{"smtp://h?n", "=x"},
		{"smt", "p://h"},
		{"smtp://h/", ""},
		{"smtp://[fe80::1%25e", "]"},
		{"smtp://h?cafile=x", "&tls=x"},
	};

	for (size_t i = 0; i < sizeof around / sizeof around[0]; i++) {
		char url[128] = "";

		strncat(url, around[i][0], 40);
		strncat(url, hostile[_i], 40);
		strncat(url, around[i][1], 40);
		expect_refused(url, " ");
	}
}
END_TEST

START_TEST(long_urls)
{
	static char url[70000];

	memset(url, 'a', 65536);
	expect_refused(url, "16384");
	memcpy(url, "smtp://u:SeCrEt", 15);
	expect_refused(url, "16384");
	url[16384] = '\0';
	expect_refused(url, "port"); /* long, and yet looked at */
	memcpy(url + 16382, "@h", 3);
	expect_refused(url, "4096");
	memcpy(url + 15 + 4090, "@h", 3);
	{
		struct ptn_url u;

		ck_assert_int_eq(ptn_url_parse(&u, url, NULL, 0), 0);
		ck_assert_uint_eq(strlen(u.password), 4096);
		ptn_url_free(&u);
	}
}
END_TEST

/* U+760D and U+760A end in the octets of CR and LF when cut; they stay themselves. */
START_TEST(wide_characters_are_not_cut)
{
	struct ptn_url u;

	ck_assert_int_eq(ptn_url_parse(&u, "smtp://u:\xE7\x98\x8D%E7%98%8A@h", NULL, 0), 0);
	ck_assert_str_eq(u.password, "\xE7\x98\x8D\xE7\x98\x8A");
	ptn_url_free(&u);
}
END_TEST

/* ---- Ports -------------------------------------------------------------------------------- */

static const struct {
	const char *text, *ports, *rule; /* one of the two */
} ports[] = {
	{"587 465 2525", USUAL, NULL},
	{"465", "465i", NULL},
	{"25", "25s", NULL},
	{"1587/starttls,1465/implicit", "1587s 1465i", NULL},
	{"1025/none", "1025n", NULL},
	{"25/opportunistic", "25o", NULL},
	{" 587 ,\t465,, ", "587s 465i", NULL},
	{"587/STARTTLS", "587s", NULL},
	{"465/starttls 465/implicit", "465s 465i", NULL},
	{"1 2 3 4 5 6 7 8", "1s 2s 3s 4s 5s 6s 7s 8s", NULL},
	{"1 2 3 4 5 6 7 8 9", NULL, "at most 8"},
	{"", NULL, "no port"},
	{" , ", NULL, "no port"},
	{NULL, NULL, "no port"},
	{"0", NULL, "\"0\""},
	{"65536", NULL, "\"65536\""},
	{"587 x", NULL, "\"x\""},
	{"587;465", NULL, "\"587;465\""},
	{"0587", NULL, "\"0587\""},
	{"587-590", NULL, "\"587-590\""},
	{"587\n", NULL, "\"587\\x0A\""},
	{"/starttls", NULL, "\"/starttls\""},
	{"587/", NULL, "starttls, implicit"},
	{"587/foo", NULL, "\"foo\" is not a mode"},
	{"587/starttls/implicit", NULL, "\"starttls/implicit\" is not a mode"},
	{"465/ssl", NULL, "port 465"},
	{"465/tls", NULL, "port 465"},
	{"465/ssl/tls", NULL, "port 465"},
	{"587 587", NULL, "587 is named twice"},
	{"587 465 587/starttls", NULL, "587 is named twice"},
	{"25/none 587", NULL, "25/none must be the only"},
	{"587 25/none", NULL, "25/none must be the only"},
	{"587 25/opportunistic", NULL, "25/opportunistic must be the only"},
	{"25/none 25/none", NULL, "only"},
};

START_TEST(port_lists)
{
	struct ptn_candidate c[PTN_ROUTE_MOST];
	char why[256] = "";
	size_t n = 77;
	int rc = ptn_url_ports(c, &n, ports[_i].text, why, sizeof why);

	ck_assert_msg(rc == (ports[_i].ports ? 0 : POSTERN_E_ARG), "%s: %s", ports[_i].text, why);
	if (ports[_i].ports) {
		ck_assert_str_eq(ports_text(c, n), ports[_i].ports);
	} else {
		ck_assert_msg(strstr(why, ports[_i].rule) != NULL, "%s: %s", ports[_i].text, why);
		ck_assert_uint_eq(n, 77); /* unchanged */
	}
}
END_TEST

/* ---- Memory and chance -------------------------------------------------------------------- */

/* Each request for memory fails in turn; nothing is left (the sanitizer looks). */
START_TEST(memory_fails_at_each_place)
{
	static const char url[] =
		"smtps://u:p%40@[fe80::1%25e]?ports=465&auth=PLAIN&name=x&cafile=y&timeout=1";
	struct ptn_url u;
	int n = 0, rc = POSTERN_E_NOMEM;

	for (; rc; n++) {
		grants = n;
		rc = ptn_url_parse(&u, url, NULL, 0);
		grants = -1;
		ck_assert(rc == 0 || rc == POSTERN_E_NOMEM);
		ck_assert(rc == 0 || !u.password);
		ck_assert_int_lt(n, 30);
	}
	ck_assert_int_eq(n - 1, 8); /* host, user, password and five values */
	ptn_url_free(&u);
}
END_TEST

/* A sentence without memory for what it would show. */
START_TEST(a_sentence_needs_no_memory)
{
	struct ptn_candidate c[PTN_ROUTE_MOST];
	char why[256];
	size_t n;

	grants = 0;
	ck_assert_int_eq(ptn_url_ports(c, &n, "x", why, sizeof why), POSTERN_E_ARG);
	grants = -1;
	ck_assert_ptr_nonnull(strstr(why, "1 to 65535"));
}
END_TEST

static uint32_t state;

static uint32_t next(uint32_t below)
{
	state ^= state << 13;
	state ^= state >> 17;
	state ^= state << 5;
	return state % below;
}

/* Change s, of at most size octets, in one to four places. */
static void mutate(char *s, size_t size)
{
	static const char *const pieces[] = {
		"@",   ":",  "/",    "//",       "?", "#",  "%",    "%25",  "%00",
		"[",   "]",  "&",    "=",        ".", "::", "tls=", "none", "ports=",
		"465", "\r", "\xC3", "smtps://", " ", ",",  "-"};

	for (uint32_t times = 1 + next(4); times; times--) {
		size_t n = strlen(s), at = next((uint32_t)n + 1);
		const char *piece = pieces[next(sizeof pieces / sizeof pieces[0])];
		size_t m = strlen(piece);

		switch (next(3)) {
		case 0: /* insert */
			if (n + m < size) {
				memmove(s + at + m, s + at, n - at + 1);
				memcpy(s + at, piece, m);
			}
			break;
		case 1: /* drop */
			if (at < n)
				memmove(s + at, s + at + 1, n - at);
			break;
		default:
			if (at < n)
				s[at] = (char)(1 + next(255));
		}
	}
}

/* What holds of every URL, whatever it is. */
static void check_any(const char *url)
{
	struct ptn_url u;
	char why[256] = "?";
	int rc = ptn_url_parse(&u, url, why, sizeof why);

	if (rc) {
		if (rc != POSTERN_E_ARG || !why[0] || ptn_text_has_control(why, strlen(why)) ||
		    u.host)
			ck_abort_msg("%s: %d, %s", url, rc, why);
		return;
	}
	if (why[0] || !u.ports || u.ports > PTN_ROUTE_MOST || !u.user != !u.password ||
	    (u.is_socket ? !ptn_net_is_socket_path(u.host) : ptn_check_host(u.host, NULL, 0)) ||
	    (u.user && ptn_check_credential("user", u.user, NULL, 0)))
		ck_abort_msg("%s was taken", url);
	for (size_t i = 0; i < PTN_URL_KEYS; i++)
		if (u.value[i] &&
		    (!*u.value[i] || ptn_text_has_control(u.value[i], strlen(u.value[i]))))
			ck_abort_msg("%s: %s", url, u.value[i]);
	for (size_t i = 0; i < u.ports; i++)
		if (u.port[i].port < !u.is_socket || u.port[i].port > 65535 ||
		    (u.port[i].mode >= PTN_MODE_OPPORTUNISTIC && u.ports > 1))
			ck_abort_msg("%s: port %d", url, u.port[i].port);
	ptn_url_free(&u);
}

START_TEST(any_text_is_safe)
{
	enum {
		ROUNDS = 200000,
		GOOD = sizeof good / sizeof good[0],
		MORE = sizeof parameters / sizeof parameters[0]
	};
	int taken = 0;

	state = 2463534242u;
	for (int i = 0; i < ROUNDS; i++) {
		uint32_t pick = next(GOOD + MORE);
		const char *from = pick < GOOD ? good[pick].url : parameters[pick - GOOD].url;
		char url[128];
		size_t n = strlen(from) < 100 ? strlen(from) : 100;

		memcpy(url, from, n);
		url[n] = '\0';
		mutate(url, sizeof url);
		check_any(url);
		taken += ptn_check_mailbox("recipient", url, NULL, 0) == 0;
	}
	ck_assert_int_gt(taken, 0);
}
END_TEST

void test_cases(Suite *s)
{
	TCase *t = test_case(s, "url");

	EACH(t, good_urls, good);
	EACH(t, parameters_are_kept, parameters);
	EACH(t, bad_urls, bad);
	EACH(t, hostile_parts, hostile);
	EACH(t, discovery_is_kept, discovered);
	EACH(t, unix_sockets, sockets);
	tcase_add_test(t, long_socket_paths);
	tcase_add_test(t, long_urls);
	tcase_add_test(t, wide_characters_are_not_cut);
	EACH(t, port_lists, ports);
	tcase_add_test(t, memory_fails_at_each_place);
	tcase_add_test(t, a_sentence_needs_no_memory);
	tcase_add_test(t, any_text_is_safe);
}
