/* SPDX-License-Identifier: LGPL-2.1-or-later */
#define _POSIX_C_SOURCE 200809L
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/mem.h"
#include "content_file.h"
#include "postern.h"

struct ptn_file {
	int fd;
	int begun; /* octets came */
	struct stat was;
};

/* In English wherever it runs; strerror() would depend on the locale and on other threads. */
static const char *reason(int error)
{
	switch (error) {
	case ENOENT:
		return "no such file or directory";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EISDIR:
		return "it is a directory";
	case ENOTDIR:
		return "a part of its path is not a directory";
	case ELOOP:
		return "too many symbolic links";
	case ENAMETOOLONG:
		return "its name is too long";
	case ENXIO:
	case ENODEV:
		return "no such device";
	case EIO:
		return "input/output error";
	case ESTALE:
		return "stale file handle";
	case EOVERFLOW:
		return "it is too large";
	case EMFILE:
	case ENFILE:
		return "too many open files";
	case ENOMEM:
		return "out of memory";
	default:
		return "the system gave an error";
	}
}

static int fault_of(int error)
{
	return error == EMFILE || error == ENFILE ? PTN_FAULT_SYSTEM
	       : error == ENOMEM                  ? PTN_FAULT_NO_MEMORY
						  : PTN_FAULT_CONTENT_FILE;
}

/* O_NONBLOCK: opening a FIFO must not wait for its writer.  O_NOCTTY: reading is no logging in. */
static int open_it(const char *path)
{
	int fd;

	do
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	while (fd < 0 && errno == EINTR);
	return fd;
}

struct ptn_file *ptn_file_open(const char *path, int *fault, const char **why)
{
	struct ptn_file *f = ptn_mem_alloc(sizeof(*f));
	int error = ENOMEM;

	if (f) {
		f->fd = open_it(path);
		error = f->fd < 0 || fstat(f->fd, &f->was) ? errno
			: S_ISDIR(f->was.st_mode)          ? EISDIR
							   : 0;
	}
	if (!error)
		return f;
	ptn_file_close(f);
	*fault = fault_of(error);
	*why = reason(error);
	return NULL;
}

void ptn_file_close(struct ptn_file *f)
{
	if (f && f->fd >= 0)
		close(f->fd);
	ptn_mem_free(f);
}

int ptn_file_is_regular(const struct ptn_file *f)
{
	return S_ISREG(f->was.st_mode);
}

unsigned long long ptn_file_size(const struct ptn_file *f)
{
	return (unsigned long long)f->was.st_size;
}

ptrdiff_t ptn_file_read(struct ptn_file *f, char *buf, size_t cap, const char **why)
{
	ssize_t n;

	do
		n = read(f->fd, buf, cap);
	while (n < 0 && errno == EINTR);
	if (n > 0)
		f->begun = 1;
	/* A FIFO without a writer yet looks like one at its end. */
	if ((n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) ||
	    (!n && !f->begun && S_ISFIFO(f->was.st_mode)))
		return POSTERN_LATER;
	if (n < 0)
		*why = reason(errno);
	return n;
}

int ptn_file_seek(struct ptn_file *f, unsigned long long at)
{
	return lseek(f->fd, (off_t)at, SEEK_SET) < 0 ? -1 : 0;
}

int ptn_file_changed(const struct ptn_file *f)
{
	struct stat now;

	return fstat(f->fd, &now) || now.st_size != f->was.st_size ||
	       now.st_mtim.tv_sec != f->was.st_mtim.tv_sec ||
	       now.st_mtim.tv_nsec != f->was.st_mtim.tv_nsec;
}
