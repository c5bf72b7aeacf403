/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * cost FILE PROGRAM ARGUMENT...: run it, and write its peak memory in kB and its processor time in
 * user and system mode, in seconds, to the file.  A small process, as the peak of the one that
 * forks is counted as its child's.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval t)
{
	return (double)t.tv_sec + (double)t.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
	struct rusage r;
	int status;
	pid_t child;
	FILE *f;

	if (argc < 3)
		return 64;
	child = fork();
	if (child == 0) {
		execvp(argv[2], argv + 2);
		perror(argv[2]);
		_exit(127);
	}
	if (child < 0 || wait4(child, &status, 0, &r) != child)
		return 71;
	f = fopen(argv[1], "w");
	if (f) {
		fprintf(f, "%ld %.3f %.3f\n", r.ru_maxrss, seconds(r.ru_utime),
			seconds(r.ru_stime));
		fclose(f);
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
