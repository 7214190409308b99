/* SPDX-License-Identifier: MIT */
/*
 * libload.c - a load of programs that use libxenstore, ours or Debian's
 *
 *	libload KIND CLIENTS SECONDS
 *
 * Each client is a process with a handle of its own, which makes one call
 * after the other; XENSTORED_PATH names the daemon's socket, which load.c has
 * filled. Prints operations per second, median and 99th percentile latency in
 * microseconds, transactions that ended with EAGAIN, and the processor time of
 * all clients per operation in microseconds. Kinds are those of load.c that
 * need one request at a time.
 */
#define _GNU_SOURCE
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "xenstore.h"

#define PER_DIR 100		/* as in load.c */
#define MAX_SAMPLES (1u << 17)	/* per client */

/* What a client tells its parent. */
struct result {
	uint32_t done, again;
	uint32_t ns[MAX_SAMPLES];	/* the latest */
};

struct client {
	struct xs_handle *h;
	unsigned int number;
	unsigned int nr_nodes;
	uint32_t seed;
	xs_transaction_t tx;
	bool again;
};

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static uint32_t draw(struct client *c)
{
	c->seed = c->seed * 1664525u + 1013904223u;
	return c->seed >> 8;
}

static void must(bool ok, const char *what)
{
	if (!ok)
		err(1, "%s", what);
}

static void do_read(struct client *c)
{
	unsigned int n = draw(c) % c->nr_nodes, len;
	char path[64], *value;

	snprintf(path, sizeof(path), "/bench/%u/n%u", n / PER_DIR,
		 n % PER_DIR);
	value = xs_read(c->h, c->tx, path, &len);
	must(value != NULL, path);
	free(value);
}

static void write_one(struct client *c, unsigned int which)
{
	char path[64], value[32];
	int len = snprintf(value, sizeof(value), "value %u", draw(c));

	snprintf(path, sizeof(path), "/load/%u/%u", c->number, which);
	must(xs_write(c->h, c->tx, path, value, (unsigned int)len), path);
}

static void do_write(struct client *c)
{
	write_one(c, 0);
}

static void do_watch(struct client *c)
{
	unsigned int num;
	char **event;

	write_one(c, 0);
	event = xs_read_watch(c->h, &num);
	must(event != NULL, "xs_read_watch");
	free(event);
}

static void do_directory(struct client *c)
{
	unsigned int num;
	char **names = xs_directory(c->h, XBT_NULL, "/wide", &num);

	must(names && num == 1000, "/wide");
	free(names);
}

static void start(struct client *c)
{
	c->tx = xs_transaction_start(c->h);
	must(c->tx != XBT_NULL, "xs_transaction_start");
}

static void end(struct client *c, bool abort)
{
	bool ok = xs_transaction_end(c->h, c->tx, abort);

	c->tx = XBT_NULL;
	c->again = !ok;
	must(ok || errno == EAGAIN, "xs_transaction_end");
}

static void do_txn(struct client *c)
{
	unsigned int i;

	start(c);
	for (i = 1; i <= 10; i++) {
		if (i % 2)
			do_read(c);
		else
			write_one(c, i);
	}
	end(c, false);
}

static void do_start(struct client *c)
{
	start(c);
	end(c, true);
}

static const struct {
	const char *name;
	void (*run)(struct client *c);
} kinds[] = {
	{ "read", do_read }, { "write", do_write }, { "watch", do_watch },
	{ "directory", do_directory }, { "txn", do_txn },
	{ "start", do_start },
};

static void prepare(struct client *c, bool watch)
{
	char path[64], *size;
	unsigned int len;

	c->h = xs_open(0);
	must(c->h != NULL, "xs_open");
	size = xs_read(c->h, XBT_NULL, "/size", &len);
	must(size != NULL, "fill the tree first");
	c->nr_nodes = (unsigned int)atoi(size);
	free(size);
	snprintf(path, sizeof(path), "/load/%u", c->number);
	must(xs_mkdir(c->h, XBT_NULL, path), path);
	if (!watch)
		return;
	must(xs_watch(c->h, path, "t"), "xs_watch");
	free(xs_read_watch(c->h, &len));
}

/* A client's life. @gate: it begins when that is closed. */
static void live(unsigned int number, unsigned int kind, double seconds,
		 int gate, struct result *r)
{
	struct client c = { .number = number, .seed = number + 1 };
	uint64_t began, before, now, limit;
	char byte;

	prepare(&c, !strcmp(kinds[kind].name, "watch"));
	r->done = 1;			/* it is ready */
	while (read(gate, &byte, 1) > 0)
		;
	r->done = 0;
	began = before = now_ns();
	limit = (uint64_t)(seconds * 1e9);
	while (before - began < limit) {
		kinds[kind].run(&c);
		now = now_ns();
		if (c.again)
			r->again++;
		else
			r->ns[r->done++ % MAX_SAMPLES] =
				(uint32_t)(now - before);
		c.again = false;
		before = now;
	}
	xs_close(c.h);
	exit(0);
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void report(const struct result *r, unsigned int nr, double seconds)
{
	uint32_t *all = malloc(sizeof(*all) * nr * MAX_SAMPLES);
	double done = 0, used;
	struct rusage ru;
	unsigned int i, again = 0;
	size_t n = 0;

	must(all && !getrusage(RUSAGE_CHILDREN, &ru), "report");
	for (i = 0; i < nr; i++) {
		size_t have = r[i].done < MAX_SAMPLES ? r[i].done :
							MAX_SAMPLES;

		memcpy(all + n, r[i].ns, have * sizeof(*all));
		n += have;
		done += r[i].done;
		again += r[i].again;
	}
	if (!n) {
		puts("0 0 0 0 0");
		return;
	}
	qsort(all, n, sizeof(*all), by_value);
	used = (double)(ru.ru_utime.tv_sec + ru.ru_stime.tv_sec) * 1e6 +
	       (double)(ru.ru_utime.tv_usec + ru.ru_stime.tv_usec);
	printf("%.0f %.1f %.1f %u %.2f\n", done / seconds, all[n / 2] / 1e3,
	       all[n * 99 / 100] / 1e3, again, used / done);
	free(all);
}

static unsigned int kind_of(const char *name)
{
	unsigned int i;

	for (i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (!strcmp(name, kinds[i].name))
			return i;
	errx(2, "no such kind: %s", name);
}

int main(int argc, char **argv)
{
	unsigned int kind, nr, i;
	struct result *r;
	double seconds;
	int gate[2], status;
	bool ok = true;

	if (argc != 4)
		errx(2, "usage: libload KIND CLIENTS SECONDS");
	kind = kind_of(argv[1]);
	nr = (unsigned int)atoi(argv[2]);
	seconds = atof(argv[3]);
	r = mmap(NULL, nr * sizeof(*r), PROT_READ | PROT_WRITE,
		 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (r == MAP_FAILED || pipe(gate))
		err(1, "libload");
	for (i = 0; i < nr; i++) {
		if (fork())
			continue;
		close(gate[1]);
		live(i, kind, seconds, gate[0], &r[i]);
	}
	for (i = 0; i < nr; i++) {
		while (!*(volatile uint32_t *)&r[i].done) {
			if (waitpid(-1, &status, WNOHANG) > 0)
				errx(1, "a client failed");
			usleep(1000);
		}
	}
	close(gate[1]);
	while (wait(&status) > 0)
		ok = ok && !status;
	if (!ok)
		errx(1, "a client failed");
	report(r, nr, seconds);
	return 0;
}
