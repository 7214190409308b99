/* SPDX-License-Identifier: MIT */
/*
 * load.c - a load generator for any xenstore daemon's socket
 *
 *	load SOCKET fill NODES
 *	load SOCKET KIND CLIENTS SECONDS
 *	load SOCKET flood KIND
 *	load SOCKET serve
 *
 * Each client has one request under way. Prints operations per second, median
 * and 99th percentile latency in microseconds. Kinds: read, write, directory
 * (1,000 entries), watch (a write until its event arrives), txn (start, five
 * reads, five writes, end) and start (start and end of an empty transaction).
 *
 * Two kinds send several requests in one go and wait for all their replies:
 * batch (16 reads) and packed (a transaction as txn: its start, then all the
 * rest). They show what a daemon does rather than what a round trip costs.
 *
 * flood is the opposite, a hostile client: it sends read, write or directory
 * requests without waiting for replies, until it is killed. It leaves the
 * processor to others, so that what it costs them is the daemon's doing.
 *
 * serve is a daemon that stores nothing: it gives every request an answer of
 * the right length and form. No daemon on sockets can cost less.
 */
#define _GNU_SOURCE
#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <errno.h>
#include <xen/io/xs_wire.h>

#define PER_DIR 100		/* nodes of one directory of the tree */
#define BATCH 16		/* reads in one go */
#define TXN_END 11		/* step of a transaction: start, ten, end */
#define MAX_SAMPLES (1u << 22)

struct client {
	int fd;
	unsigned int number;
	unsigned int step;	/* within a transaction */
	uint32_t tx;
	uint64_t began;
	uint32_t seed;
	unsigned int owed;	/* replies until the operation goes on */
	char out[8192];		/* requests that go in one send() */
	size_t out_len;
	char buf[65536];
	size_t len;
};

static const char *kind;
static unsigned int nr_nodes;
static uint64_t *samples;
static unsigned int nr_samples, again;

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static int dial(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strncpy(sa.sun_path, path, sizeof(sa.sun_path) - 1);
	if (fd < 0 || connect(fd, (void *)&sa, sizeof(sa)))
		err(1, "%s", path);
	return fd;
}

static void put(struct client *c, uint32_t type, const void *data, size_t len)
{
	struct xsd_sockmsg hdr = { .type = type, .tx_id = c->tx,
				   .len = (uint32_t)len };

	if (c->out_len + sizeof(hdr) + len > sizeof(c->out))
		errx(1, "too much to send in one go");
	memcpy(c->out + c->out_len, &hdr, sizeof(hdr));
	memcpy(c->out + c->out_len + sizeof(hdr), data, len);
	c->out_len += sizeof(hdr) + len;
	c->owed++;
}

static void flush(struct client *c)
{
	if (send(c->fd, c->out, c->out_len, 0) != (ssize_t)c->out_len)
		err(1, "send");
	c->out_len = 0;
}

static void node_path(char *out, size_t size, unsigned int n)
{
	snprintf(out, size, "/bench/%u/n%u", n / PER_DIR, n % PER_DIR);
}

static uint32_t draw(struct client *c)
{
	c->seed = c->seed * 1664525u + 1013904223u;
	return c->seed >> 8;
}

static void ask_read(struct client *c)
{
	char path[64];

	node_path(path, sizeof(path), draw(c) % nr_nodes);
	put(c, XS_READ, path, strlen(path) + 1);
}

/* Clients write to nodes of their own, so that transactions can commit. */
static void ask_write(struct client *c, unsigned int which)
{
	char text[128];
	int n = snprintf(text, sizeof(text), "/load/%u/%u%cvalue %u",
			 c->number, which, 0, draw(c));

	put(c, XS_WRITE, text, (size_t)n);
}

static void ask_txn(struct client *c)
{
	if (c->step == 0)
		put(c, XS_TRANSACTION_START, "", 1);
	else if (c->step == TXN_END)
		put(c, XS_TRANSACTION_END, "T", 2);
	else if (c->step % 2)
		ask_read(c);
	else
		ask_write(c, c->step);
}

static void ask_many(struct client *c)
{
	unsigned int i;

	if (*kind == 'b') {
		for (i = 0; i < BATCH; i++)
			ask_read(c);
		return;
	}
	ask_txn(c);
	while (c->step && c->step < TXN_END) {
		c->step++;
		ask_txn(c);
	}
}

static void ask(struct client *c)
{
	if (!c->step)
		c->began = now_ns();
	switch (*kind) {
	case 'r':
		ask_read(c);
		break;
	case 'w':
		ask_write(c, 0);
		break;
	case 'd':
		put(c, XS_DIRECTORY, "/wide", 6);
		break;
	case 't':
		ask_txn(c);
		break;
	case 'b':
	case 'p':
		ask_many(c);
		break;
	case 's':
		put(c, c->step ? XS_TRANSACTION_END : XS_TRANSACTION_START,
		    c->step ? "F" : "", c->step ? 2 : 1);
	}
	flush(c);
}

/* The last step of an operation of this kind. */
static unsigned int last_step(void)
{
	switch (*kind) {
	case 't':
	case 'p':
		return TXN_END;
	case 's':
		return 1;
	default:
		return 0;
	}
}

/* Is the operation over with this message? @good: and did it succeed? */
static bool done(struct client *c, const struct xsd_sockmsg *hdr,
		 const char *data, bool *good)
{
	*good = hdr->type != XS_ERROR;
	if (!strcmp(kind, "watch"))
		return hdr->type == XS_WATCH_EVENT;
	if (!*good && strcmp(data, "EAGAIN"))
		errx(1, "%s: %s", kind, data);
	if (--c->owed)
		return false;
	if (hdr->type == XS_TRANSACTION_START)
		c->tx = (uint32_t)strtoul(data, NULL, 10);
	if (c->step++ < last_step()) {
		ask(c);
		return false;
	}
	c->step = 0;
	c->tx = 0;
	again += !*good;
	return true;
}

static void take(struct client *c)
{
	struct xsd_sockmsg hdr;
	ssize_t n = recv(c->fd, c->buf + c->len, sizeof(c->buf) - c->len, 0);
	bool over, good;

	if (n <= 0)
		err(1, "recv");
	c->len += (size_t)n;
	while (c->len >= sizeof(hdr)) {
		memcpy(&hdr, c->buf, sizeof(hdr));
		if (c->len < sizeof(hdr) + hdr.len)
			return;
		over = done(c, &hdr, c->buf + sizeof(hdr), &good);
		c->len -= sizeof(hdr) + hdr.len;
		memmove(c->buf, c->buf + sizeof(hdr) + hdr.len, c->len);
		if (over && good && nr_samples < MAX_SAMPLES)
			samples[nr_samples++] = now_ns() - c->began;
		if (over)
			ask(c);
	}
}

static int by_value(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

/* One request at a time, for the preparation. */
static void call(struct client *c, uint32_t type, const void *data, size_t len)
{
	struct xsd_sockmsg hdr;
	char skip[4096];

	put(c, type, data, len);
	flush(c);
	do {
		if (recv(c->fd, &hdr, sizeof(hdr), MSG_WAITALL) !=
		    sizeof(hdr) ||
		    recv(c->fd, skip, hdr.len, MSG_WAITALL) != (ssize_t)hdr.len)
			err(1, "recv");
		if (hdr.type == XS_ERROR)
			errx(1, "preparation: %s", skip);
	} while (hdr.type == XS_WATCH_EVENT);
	c->owed = 0;
}

static void fill(struct client *c, unsigned int nodes)
{
	char text[128];
	unsigned int i;
	int n;

	for (i = 0; i < nodes; i++) {
		node_path(text, sizeof(text), i);
		n = (int)strlen(text) + 1;
		n += snprintf(text + n, sizeof(text) - (size_t)n, "%08u", i);
		call(c, XS_WRITE, text, (size_t)n);
	}
	for (i = 0; i < 1000; i++) {
		n = snprintf(text, sizeof(text), "/wide/%03u", i) + 1;
		call(c, XS_MKDIR, text, (size_t)n);
	}
	n = snprintf(text, sizeof(text), "/size%c%u", 0, nodes);
	call(c, XS_WRITE, text, (size_t)n);
}

/* On a connection of its own, on which no event can come first. */
static void ask_size(struct client *c, const char *path)
{
	struct xsd_sockmsg hdr;
	char text[16] = "";

	c->fd = dial(path);
	put(c, XS_READ, "/size", 6);
	flush(c);
	c->owed = 0;
	if (recv(c->fd, &hdr, sizeof(hdr), MSG_WAITALL) != sizeof(hdr) ||
	    hdr.type != XS_READ || hdr.len >= sizeof(text) ||
	    recv(c->fd, text, hdr.len, MSG_WAITALL) != (ssize_t)hdr.len)
		errx(1, "fill the tree first");
	nr_nodes = (unsigned int)atoi(text);
	close(c->fd);
}

static void prepare(struct client *c, const char *path, unsigned int number)
{
	char text[64];
	int n;

	c->fd = dial(path);
	c->number = number;
	c->seed = number + 1;
	n = snprintf(text, sizeof(text), "/load/%u", number) + 1;
	call(c, XS_MKDIR, text, (size_t)n);
	if (strcmp(kind, "watch"))
		return;
	memcpy(text + n, "t", 2);
	call(c, XS_WATCH, text, (size_t)n + 2);
	/* The first event. */
	usleep(20000);
	recv(c->fd, c->buf, sizeof(c->buf), MSG_DONTWAIT);
}

static void run(struct client *c, unsigned int nr, double seconds)
{
	int ep = epoll_create1(0);
	struct epoll_event ev[64];
	uint64_t start, end;
	unsigned int i;
	int n, k;

	for (i = 0; i < nr; i++) {
		ev[0] = (struct epoll_event){ .events = EPOLLIN,
					      .data.ptr = &c[i] };
		epoll_ctl(ep, EPOLL_CTL_ADD, c[i].fd, &ev[0]);
	}
	start = now_ns();
	for (i = 0; i < nr; i++)
		ask(&c[i]);
	end = start + (uint64_t)(seconds * 1e9);
	while (now_ns() < end) {
		n = epoll_wait(ep, ev, 64, 1000);
		for (k = 0; k < n; k++)
			take(ev[k].data.ptr);
	}
	if (!nr_samples) {
		puts("0 0 0 0");
		return;
	}
	qsort(samples, nr_samples, sizeof(*samples), by_value);
	printf("%.0f %.1f %.1f %u\n",
	       nr_samples * 1e9 / (double)(now_ns() - start),
	       (double)samples[nr_samples / 2] / 1e3,
	       (double)samples[(uint64_t)nr_samples * 99 / 100] / 1e3, again);
}

/* As many requests of one kind as fit. Return: length in bytes. */
static size_t flood_batch(char *batch, size_t size)
{
	struct xsd_sockmsg hdr = { .type = XS_READ };
	char text[32] = "/size";
	size_t len = 0;

	hdr.len = 6;
	if (*kind == 'd') {
		hdr.type = XS_DIRECTORY;
		memcpy(text, "/wide", 6);
	} else if (*kind == 'w') {
		hdr.type = XS_WRITE;
		hdr.len += 20;
		memcpy(text, "/evil\0twenty bytes of data", 26);
	}
	while (len + sizeof(hdr) + hdr.len <= size) {
		memcpy(batch + len, &hdr, sizeof(hdr));
		memcpy(batch + len + sizeof(hdr), text, hdr.len);
		len += sizeof(hdr) + hdr.len;
	}
	return len;
}

static void flood(const char *path)
{
	static char batch[65536], skip[1 << 20];
	struct pollfd p = { .fd = dial(path), .events = POLLIN | POLLOUT };
	size_t len = flood_batch(batch, sizeof(batch)), at = 0;
	ssize_t n;

	setpriority(PRIO_PROCESS, 0, 19);
	for (;;) {
		if (poll(&p, 1, -1) < 0)
			err(1, "poll");
		if (p.revents & POLLIN) {
			n = recv(p.fd, skip, sizeof(skip), MSG_DONTWAIT);
			if (!n || (n < 0 && errno != EAGAIN))
				err(1, "recv");
		}
		n = send(p.fd, batch + at, len - at, MSG_DONTWAIT);
		if (n < 0 && errno != EAGAIN)
			err(1, "send");
		if (n > 0)
			at = (at + (size_t)n) % len;
	}
}

/* --- serve --- */

static size_t canned(const struct xsd_sockmsg *req, const char *data,
		     char *out)
{
	struct xsd_sockmsg hdr = *req;
	const char *text = "OK";

	hdr.len = 3;
	if (req->type == XS_TRANSACTION_START) {
		text = "1";
		hdr.len = 2;
	} else if (req->type == XS_READ) {
		text = strcmp(data, "/size") ? "12345678" : "1000";
		hdr.len = (uint32_t)strlen(text);
	}
	memcpy(out, &hdr, sizeof(hdr));
	if (req->type == XS_DIRECTORY) {
		hdr.len = 4000;
		memcpy(out, &hdr, sizeof(hdr));
		memset(out + sizeof(hdr), 'x', hdr.len);
	} else {
		memcpy(out + sizeof(hdr), text, hdr.len);
	}
	return sizeof(hdr) + hdr.len;
}

/* Requests arrive whole, because clients send them so. */
static bool answer(int fd)
{
	static char in[8192], out[1 << 20];
	struct xsd_sockmsg hdr;
	ssize_t n = recv(fd, in, sizeof(in) - 1, MSG_DONTWAIT);
	size_t at = 0, len = 0;

	if (n <= 0)
		return n < 0 && errno == EAGAIN;
	while (at + sizeof(hdr) <= (size_t)n) {
		memcpy(&hdr, in + at, sizeof(hdr));
		len += canned(&hdr, in + at + sizeof(hdr), out + len);
		at += sizeof(hdr) + hdr.len;
	}
	return send(fd, out, len, MSG_NOSIGNAL) == (ssize_t)len;
}

static void serve(const char *path)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0), ep = epoll_create1(0);
	struct epoll_event ev[64] = { { .events = EPOLLIN, .data.fd = fd } };
	int i, n;

	strncpy(sa.sun_path, path, sizeof(sa.sun_path) - 1);
	if (bind(fd, (void *)&sa, sizeof(sa)) || listen(fd, 128))
		err(1, "%s", path);
	epoll_ctl(ep, EPOLL_CTL_ADD, fd, &ev[0]);
	for (;;) {
		n = epoll_wait(ep, ev, 64, -1);
		for (i = 0; i < n; i++) {
			if (ev[i].data.fd != fd) {
				if (!answer(ev[i].data.fd))
					close(ev[i].data.fd);
				continue;
			}
			ev[i].events = EPOLLIN;
			ev[i].data.fd = accept(fd, NULL, NULL);
			epoll_ctl(ep, EPOLL_CTL_ADD, ev[i].data.fd, &ev[i]);
		}
	}
}

int main(int argc, char **argv)
{
	unsigned int nr, i;
	struct client *c;

	if (argc == 3 && !strcmp(argv[2], "serve"))
		serve(argv[1]);
	if (argc < 4)
		errx(2, "usage: load SOCKET fill NODES | KIND CLIENTS SECONDS");
	kind = argv[2];
	if (!strcmp(kind, "flood")) {
		kind = argv[3];
		flood(argv[1]);
	}
	nr = (unsigned int)atoi(argv[3]);
	c = calloc(strcmp(kind, "fill") ? nr : 1, sizeof(*c));
	samples = malloc(MAX_SAMPLES * sizeof(*samples));
	if (!c || !samples)
		err(1, "malloc");
	if (!strcmp(kind, "fill")) {
		c->fd = dial(argv[1]);
		fill(c, nr);
		return 0;
	}
	ask_size(c, argv[1]);
	for (i = 0; i < nr; i++)
		prepare(&c[i], argv[1], i);
	run(c, nr, atof(argv[4]));
	return 0;
}
