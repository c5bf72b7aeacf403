/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "job.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLOCK = 64 * 1024, SMALL = 1024 * 1024, FILE_MAX_SIZE = 64 * 1024, MOST = 1000 };

static char addresses[MOST][40];

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(69);
}

static void *need(void *p)
{
	if (!p)
		fail("out of memory");
	return p;
}

/* Header and body of the file, the body again and again, up to whole lines within size. */
static void fill(struct job *j, const char *seed, size_t seed_len)
{
	size_t head = (size_t)(strstr(seed, "\r\n\r\n") + 4 - seed), body = seed_len - head, n;
	size_t room = (j->size < SMALL ? j->size : BLOCK) + body;

	j->block = need(malloc(room + body));
	memcpy(j->block, seed, head);
	for (n = head; n < room; n += body)
		memcpy(j->block + n, seed + head, body);
	j->head_len = head;
	j->block_len = n;
	if (j->size >= SMALL)
		return;
	for (n = j->size; n > head && j->block[n - 1] != '\n'; n--)
		continue;
	j->text = j->block;
	j->len = j->size = n;
}

static void load(struct job *j, const char *file)
{
	static char seed[FILE_MAX_SIZE];
	FILE *f = fopen(file, "rb");
	size_t n = f ? fread(seed, 1, sizeof(seed) - 1, f) : 0;

	if (!n || !strstr(seed, "\r\n\r\n"))
		fail("no message");
	fclose(f);
	fill(j, seed, n);
}

void job_read_arguments(struct job *j, int argc, char **argv)
{
	if (argc != 9) {
		fprintf(stderr, "usage: %s MODE PORT CAFILE MESSAGE SIZE COUNT RECIPIENTS WAY\n",
			argv[0]);
		exit(64);
	}
	*j = (struct job){.mode = argv[1], .ca = argv[3], .way = argv[8]};
	j->port = (int)strtol(argv[2], NULL, 10);
	j->size = strtoul(argv[5], NULL, 10);
	j->count = strtol(argv[6], NULL, 10);
	j->recipients = (int)strtol(argv[7], NULL, 10);
	if (j->recipients < 1 || j->recipients > MOST)
		fail("1 to 1000 recipients");
	for (int i = 0; i < j->recipients; i++)
		snprintf(addresses[i], sizeof(addresses[i]), "recipient%d@example.com", i);
	load(j, argv[4]);
}

int job_is(const struct job *j, const char *way)
{
	return strcmp(j->way, way) == 0;
}

int job_tls(const struct job *j)
{
	return strcmp(j->mode, "plain") != 0;
}

const char *job_recipient(int i)
{
	return addresses[i];
}

size_t job_take(const struct job *j, size_t *at, char *buf, size_t cap)
{
	size_t lines = j->block_len - j->head_len, from, n;

	from = *at < j->block_len ? *at : j->head_len + (*at - j->head_len) % lines;
	n = j->block_len - from;
	if (n > cap)
		n = cap;
	if (n > j->size - *at)
		n = j->size - *at;
	memcpy(buf, j->block + from, n);
	*at += n;
	return n;
}

char *job_whole(const struct job *j)
{
	size_t at = 0, n = 0, got;
	char *text;

	if (j->text)
		return j->text;
	text = need(malloc(j->size + 1));
	while ((got = job_take(j, &at, text + n, j->size - n)) > 0)
		n += got;
	text[n] = '\0';
	return text;
}

long job_memory(const char *what)
{
	FILE *f = fopen("/proc/self/status", "r");
	size_t len = strlen(what);
	char line[256];
	long kb = 0;

	while (f && fgets(line, sizeof(line), f))
		if (strncmp(line, what, len) == 0)
			kb = strtol(line + len + 1, NULL, 10);
	if (f)
		fclose(f);
	return kb;
}
