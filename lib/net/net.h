/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The network as drive sees it: a table of functions, so that tests can give a scripted one.  All
 * of it is non-blocking.  Errors are negative errno values.
 */
#ifndef PTN_NET_NET_H
#define PTN_NET_NET_H

#include <stddef.h>

struct ptn_address {
	int family; /* 4, 6 or PTN_NET_UNIX */
	unsigned char octets[16];
	unsigned scope; /* IPv6 zone, 0 for none */
	const char *path; /* of a Unix socket; borrowed */
};

enum {
	PTN_NET_UNIX = 1, /* a family */
	PTN_NET_ADDRESSES = 32, /* of one host; more are left out */
	PTN_NET_TEXT = 112 /* octets for any address as text, a path too */
};

struct ptn_service { /* an SRV record (RFC 2782) */
	int priority, weight, port;
	char target[254]; /* without the last dot; "": the service is decidedly not there */
};
enum { PTN_NET_SERVICES = 16 }; /* of one name; more are left out */

struct ptn_association { /* a TLSA record (RFC 6698 2.1) */
	unsigned char usage, selector, matching;
	size_t size;
	const unsigned char *data; /* borrowed */
};
enum { PTN_NET_ASSOCIATIONS = 16 }; /* of one name; more are left out */

enum ptn_find {
	PTN_FIND_SERVICES, /* SRV */
	/* The same, and these, of a validating resolver on this machine: it is asked whether it
	 * vouches for its answer (RFC 6840 5.7), or for its answer that there is nothing. */
	PTN_FIND_VOUCHED_SERVICES,
	PTN_FIND_VOUCHED_ADDRESS, /* A; the answer itself is not kept */
	PTN_FIND_ASSOCIATIONS /* TLSA */
};

enum { PTN_NET_READ = 1, PTN_NET_WRITE = 2 };

struct ptn_net {
	/* Begin to find the addresses of host ("::1" and "192.0.2.1" need no network).  At most one
	 * look-up at a time.  0 or negative. */
	int (*resolve)(void *net, const char *host, int milliseconds);
	/* 1: done, *n addresses are in list (in the resolver's order); 0: not yet; -ENOENT: no such
	 * name, or it has no address; -EAGAIN: no answer (time, or server failure); -ENOMEM. */
	int (*resolved)(void *net, struct ptn_address list[PTN_NET_ADDRESSES], size_t *n);
	void (*resolve_stop)(void *net);
	/* A handle for a connection begun to address:port, or negative.  from: the local address,
	 * of the same family (-EADDRNOTAVAIL: this host has no such), or NULL for any. */
	int (*open)(void *net, const struct ptn_address *to, int port,
		    const struct ptn_address *from);
	/* 0 once connected, -EINPROGRESS, or the error. */
	int (*connected)(void *net, int handle);
	/* Octets, 0 at the end of the stream, -EAGAIN, or the error. */
	ptrdiff_t (*read)(void *net, int handle, char *buf, size_t cap);
	ptrdiff_t (*write)(void *net, int handle, const char *buf, size_t len);
	/* The handle is ready to hear of READ and WRITE readiness; 0 for neither.  Kept until
	 * changed. */
	int (*watch)(void *net, int handle, int what);
	void (*close)(void *net, int handle);
	/* Our own address on the connection, for the EHLO literal: 0 or negative. */
	int (*local)(void *net, int handle, struct ptn_address *out);
	/* What a caller polls (fd and READ|WRITE bits), and when the net itself wants to be asked
	 * again in ms, -1 for never (name look-ups retry by time). */
	int (*fd)(void *net);
	int (*timeout)(void *net);
	/* Collect what is ready; called once at the head of each step. */
	void (*turn)(void *net);
	/* Records of a name other than its addresses, as resolve and resolved give those: it is the
	 * one look-up at a time, and resolve_stop ends it.  Only asked for where the caller wants
	 * discovery.  what: enum ptn_find.  found gives SRV records in list; TLSA records are lent
	 * by associations until the next look-up. */
	int (*find)(void *net, int what, const char *name, int milliseconds);
	int (*found)(void *net, struct ptn_service list[PTN_NET_SERVICES], size_t *n);
	const struct ptn_association *(*associations)(void *net, size_t *n);
	/* Whether the answer found last is vouched for, an answer of "none" too. */
	int (*vouched)(void *net);
};

extern const struct ptn_net ptn_net_system; /* the real one; `net` is from ptn_net_new() */
void *ptn_net_new(void); /* NULL when out of memory or descriptors */
void ptn_net_free(void *net); /* closes all of its handles */
void ptn_net_forget(void *net); /* after fork, in the child: close descriptors, tell nobody */
void ptn_net_waker(void *net); /* make ptn_net_wake() work; a descriptor or two */
void ptn_net_wake(void *net); /* make fd() readable once; from any thread or signal handler */
long ptn_net_process(void); /* this process's id, for the fork guard */
int ptn_net_host_name(char *buf, size_t cap); /* fully qualified name of this host: 0, or -ENOENT */
int ptn_net_parse(struct ptn_address *out, const char *text,
		  size_t n); /* literal, no brackets: 0, -1 */
size_t ptn_net_print(const struct ptn_address *a, char *buf,
		     size_t cap); /* "192.0.2.1", "2001:db8::1" */
int ptn_net_is_loopback(
	const struct ptn_address *a); /* 127/8, ::1, ::ffff:127/104; a Unix socket */
/* Whether a path is one that a Unix socket can have: absolute, and short enough. */
int ptn_net_is_socket_path(const char *path);

#endif
