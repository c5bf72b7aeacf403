/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* Not through stdio, whose buffer nobody wipes. */
int password_read(char password[MOST_PASSWORD], const char *file, struct failure *f)
{
	int fd = strcmp(file, "-") == 0 ? STDIN_FILENO : open(file, O_RDONLY | O_CLOEXEC);
	size_t n = 0;
	ssize_t got = 1;

	while (fd >= 0 && got > 0 && n < MOST_PASSWORD && !memchr(password, '\n', n)) {
		got = read(fd, password + n, MOST_PASSWORD - n);
		n += got > 0 ? (size_t)got : 0;
	}
	if (fd < 0 || got < 0)
		fail(f, FAIL_INPUT, "the password file %s cannot be read: %s", file,
		     strerror(errno));
	if (fd > STDERR_FILENO)
		close(fd);
	if (f->status)
		return f->status;
	if (n == MOST_PASSWORD)
		return fail(f, FAIL_INPUT, "the first line of the password file is too long");
	password[n] = '\0';
	password[strcspn(password, "\r\n")] = '\0';
	return *password ? 0 : fail(f, FAIL_INPUT, "the first line of the password file is empty");
}
