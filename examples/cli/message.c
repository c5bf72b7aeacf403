/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "message.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <postern.h>

#include "address.h"
#include "header.h"

enum { BLOCK = 32768, MOST_HEADER = 1024 * 1024 };

static const char *shown_name(const char *file)
{
	return file ? file : "standard input";
}

/* As read(2), not interrupted. */
static ssize_t read_block(int fd, char *buf, size_t cap)
{
	ssize_t n;

	do
		n = read(fd, buf, cap);
	while (n < 0 && errno == EINTR);
	return n;
}

/* Up to the empty line, the end, or too much. */
static int read_header(struct message *m, const char *file, struct failure *f)
{
	char block[BLOCK];
	ssize_t n = 1;

	while (n && !m->header && m->read.n <= MOST_HEADER) {
		n = read_block(m->fd, block, sizeof block);
		if (n < 0)
			return fail(f, FAIL_INPUT, "%s cannot be read: %s", shown_name(file),
				    strerror(errno));
		str_add(&m->read, block, (size_t)n);
		if (m->read.failed)
			return fail(f, FAIL_MEMORY, "there is not enough memory");
		m->passed += n;
		m->header = header_length(str_text(&m->read), m->read.n);
	}
	m->ended = n == 0;
	if (!m->read.n)
		return fail(f, FAIL_MESSAGE, "the message is empty");
	if (!m->header && m->ended)
		m->header = m->read.n;
	if (!m->header || m->header > MOST_HEADER)
		return fail(f, FAIL_MESSAGE,
			    "the header is longer than 1 MiB: no empty line ends it");
	return 0;
}

static int keep_header(struct message *m, struct failure *f)
{
	size_t line = header_without_bcc(&m->kept, m->read.s, m->header);

	if (line)
		return fail(f, FAIL_MESSAGE,
			    "line %lu of the message is not a header field: a message "
			    "begins with fields as \"Subject: ...\", and an empty line "
			    "ends them",
			    (unsigned long)line);
	return m->kept.failed ? fail(f, FAIL_MEMORY, "there is not enough memory") : 0;
}

/* The library reads a regular file by itself, and so knows its size before it is sent: if it can be
 * opened once more, at its beginning (on some systems it would stand where fd stands), and there
 * was no Bcc to leave out. */
static void find_path(struct message *m)
{
	struct stat first, second;
	int fd;

	snprintf(m->path, sizeof m->path, "/dev/fd/%d", m->fd);
	fd = m->kept.n == m->header ? open(m->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	if (fd < 0 || fstat(m->fd, &first) || fstat(fd, &second) || first.st_dev != second.st_dev ||
	    first.st_ino != second.st_ino || lseek(fd, 0, SEEK_CUR) != 0)
		m->path[0] = '\0';
	if (fd >= 0)
		close(fd);
}

int message_open(struct message *m, const char *file, struct failure *f)
{
	off_t at = -1;
	struct stat st;

	*m = (struct message){.size = -1};
	if (file && strcmp(file, "-") == 0)
		file = NULL;
	m->fd = file ? open(file, O_RDONLY | O_CLOEXEC) : STDIN_FILENO;
	if (m->fd < 0)
		return fail(f, FAIL_INPUT, "%s cannot be read: %s", file, strerror(errno));
	if (fstat(m->fd, &st) == 0 && S_ISREG(st.st_mode)) {
		at = lseek(m->fd, 0, SEEK_CUR); /* standard input may stand further on */
		m->size = (long long)st.st_size - (at > 0 ? (long long)at : 0);
	}
	if (read_header(m, file, f) || keep_header(m, f))
		return f->status;
	if (at == 0)
		find_path(m);
	return 0;
}

void message_close(struct message *m)
{
	if (m->fd > STDERR_FILENO)
		close(m->fd);
	str_free(&m->read);
	str_free(&m->kept);
}

/* ---- Fields ------------------------------------------------------------------------------- */

/* Add the addresses of every field of that name; *fields counts them. */
static int collect(const struct message *m, const char *name, struct list *out, int *fields,
		   struct failure *f)
{
	struct header h = {.text = m->read.s, .n = m->header};
	struct field field;
	char why[160];

	while (header_next(&h, &field) > 0) {
		int rc;

		if (!field_is(&field, name))
			continue;
		++*fields;
		rc = address_list(out, field.value, field.value_len, why, sizeof why);
		if (rc == -2)
			return fail(f, FAIL_MEMORY, "there is not enough memory");
		if (rc)
			return fail(f, FAIL_ADDRESS, "the field %s (line %lu) is not usable: %s",
				    name, (unsigned long)field.line, why);
	}
	return 0;
}

/* RFC 5322 3.6.2: where From names several, Sender names the one. */
static int find_sender(const struct message *m, struct list *found, struct failure *f)
{
	int fields = 0;

	if (collect(m, "From", found, &fields, f))
		return f->status;
	if (!found->n) {
		fail(f, FAIL_MESSAGE, "the message has no From field with an address");
		f->advice = "Add one, or give the sender with --from ADDRESS.";
		return f->status;
	}
	if (found->n == 1 && fields == 1)
		return 0;
	list_free(found);
	fields = 0;
	if (collect(m, "Sender", found, &fields, f))
		return f->status;
	if (found->n == 1)
		return 0;
	fail(f, FAIL_MESSAGE,
	     "From names several addresses, and no Sender field says which one sends");
	f->advice = "Give the sender with --from ADDRESS.";
	return f->status;
}

int message_sender(const struct message *m, struct str *from, struct failure *f)
{
	struct list found = {0};

	if (!find_sender(m, &found, f))
		str_puts(from, found.v[0]);
	list_free(&found);
	if (from->failed)
		return fail(f, FAIL_MEMORY, "there is not enough memory");
	return f->status;
}

static const char *const to_fields[] = {"To", "Cc", "Bcc"};

enum { TO_FIELDS = sizeof to_fields / sizeof to_fields[0] };

int message_recipients(const struct message *m, struct list *out, struct failure *f)
{
	int fields = 0;

	for (int i = 0; i < TO_FIELDS; i++)
		if (collect(m, to_fields[i], out, &fields, f))
			return f->status;
	return 0;
}

const char *message_field_of(const struct message *m, const char *recipient)
{
	const char *name = NULL;

	for (int i = 0; i < TO_FIELDS && !name; i++) {
		struct list found = {0};
		struct failure f = {0};
		int fields = 0;

		if (!collect(m, to_fields[i], &found, &fields, &f) && list_has(&found, recipient))
			name = to_fields[i];
		list_free(&found);
	}
	return name;
}

/* ---- Reading ------------------------------------------------------------------------------ */

/* What is in memory: the header that is kept, then what was read behind it. */
static size_t give(struct message *m, char *buf, size_t cap)
{
	size_t rest = m->read.n - m->header;
	const char *from;
	size_t n;

	if (m->given < m->kept.n) {
		from = m->kept.s + m->given;
		n = m->kept.n - m->given;
	} else {
		size_t at = m->given - m->kept.n;

		from = m->read.s + m->header + at;
		n = rest - at;
	}
	if (n > cap)
		n = cap;
	if (n)
		memcpy(buf, from, n);
	m->given += n;
	return n;
}

long long message_handed(const struct message *m)
{
	return (long long)m->given + m->passed - (long long)m->read.n;
}

static ptrdiff_t end(struct message *m)
{
	m->ended = 1;
	m->cut = m->passed < m->size;
	return m->cut ? -1 : 0;
}

ptrdiff_t message_read(void *arg, char *buf, size_t cap)
{
	struct message *m = arg;
	struct pollfd p = {m->fd, POLLIN, 0};
	size_t in_memory = give(m, buf, cap);
	ssize_t n;

	if (in_memory)
		return (ptrdiff_t)in_memory;
	if (m->ended)
		return 0;
	n = poll(&p, 1, 0) == 1 ? read(m->fd, buf, cap) : -2;
	if (n == -2 || (n < 0 && (errno == EINTR || errno == EAGAIN))) {
		m->waiting = 1;
		return POSTERN_LATER;
	}
	if (n == 0)
		return end(m);
	if (n < 0) {
		m->error = errno;
		return -1;
	}
	m->passed += n;
	return n;
}
