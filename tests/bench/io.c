// SPDX-License-Identifier: MIT
/*
 * io.c - what a guest pays for its disk, its network, its timer
 *
 *	io disk FILE          reads and writes of a disk of 8 MiB or more, by
 *	                      blocks, past the page cache
 *	io serve              in Dom0: the other end for "net", one after another
 *	io net ADDRESS        TCP: a byte there and back, and streams both ways
 *	io wake NAME          how late a process runs that slept
 *	io run NAME COMMAND.. one command from its start to its good end
 *
 * Measured and printed by batch.h; what was written is found when it is read,
 * what was sent is acknowledged. A status other than 0: a step failed.
 */
#include "batch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DISK_BYTES  (8UL << 20)
#define SMALL_BYTES 4096UL
#define LARGE_BYTES (128UL << 10)
#define PORT	    5001
#define CHUNK	    (64UL << 10)
#define CHUNKS	    16U /* of a batch */

static char buffer[LARGE_BYTES] __attribute__((aligned(4096)));

/* ---- disk: each 8 bytes hold their own place ---- */

static int disk;
static unsigned long next_large;

static void fill(unsigned long at, size_t bytes)
{
	uint64_t *words = (uint64_t *)(void *)buffer;
	size_t i;

	for (i = 0; i < bytes / sizeof(*words); i++)
		words[i] = at + i * sizeof(*words);
}

static bool is_filled(unsigned long at, size_t bytes)
{
	const uint64_t *words = (const uint64_t *)(void *)buffer;
	size_t last = bytes / sizeof(*words) - 1;

	return words[0] == at && words[last] == at + last * sizeof(*words);
}

static bool write_at(unsigned long at, size_t bytes)
{
	return pwrite(disk, buffer, bytes, (off_t)at) == (ssize_t)bytes;
}

static bool read_at(unsigned long at, size_t bytes)
{
	return pread(disk, buffer, bytes, (off_t)at) == (ssize_t)bytes &&
	       is_filled(at, bytes);
}

/* The same places in each run: a generator with the period of the disk. */
static unsigned long random_place(void)
{
	static unsigned long n;

	n = (n * 1229 + 351) % (DISK_BYTES / SMALL_BYTES);
	return n * SMALL_BYTES;
}

static unsigned long next_place(void)
{
	unsigned long at = next_large;

	next_large = (at + LARGE_BYTES) % DISK_BYTES;
	return at;
}

static bool from_start(void)
{
	next_large = 0;
	return true;
}

/* Filling is the benchmark's own work, but the same on both sides. */
static bool step_write_128k(unsigned int i)
{
	unsigned long at = next_place();

	fill(at, LARGE_BYTES);
	return write_at(at, LARGE_BYTES);
}

static bool step_read_128k(unsigned int i)
{
	return read_at(next_place(), LARGE_BYTES);
}

static bool step_write_4k(unsigned int i)
{
	unsigned long at = random_place();

	fill(at, SMALL_BYTES);
	return write_at(at, SMALL_BYTES);
}

static bool step_read_4k(unsigned int i)
{
	return read_at(random_place(), SMALL_BYTES);
}

/* The first one writes all of the disk, so that the others find it. */
static const struct path disk_paths[] = {
	{"disk_write_128k", DISK_BYTES / LARGE_BYTES, from_start,
	 step_write_128k, NULL},
	{"disk_read_128k", DISK_BYTES / LARGE_BYTES, from_start,
	 step_read_128k, NULL},
	{"disk_write_4k", 32, nothing_before, step_write_4k, NULL},
	{"disk_read_4k", 32, nothing_before, step_read_4k, NULL},
};

static bool run_disk(const char *file)
{
	bool good = true;
	size_t i;

	disk = open(file, O_RDWR | O_DIRECT);
	if (disk < 0)
		return false;
	for (i = 0; i < sizeof(disk_paths) / sizeof(disk_paths[0]); i++)
		good &= measure(&disk_paths[i], BATCHES);
	return good;
}

/* ---- network: a letter says what follows ---- */

enum request {
	PING = 'p', /* is answered by a byte */
	TAKE = 't', /* a batch of chunks comes; then answered by a byte */
	GIVE = 'g', /* is answered by a batch of chunks */
};

static int link_fd;

static bool send_all(const char *from, size_t bytes)
{
	ssize_t n;

	for (; bytes; from += n, bytes -= (size_t)n) {
		n = write(link_fd, from, bytes);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool receive_all(char *to, size_t bytes)
{
	ssize_t n;

	for (; bytes; to += n, bytes -= (size_t)n) {
		n = read(link_fd, to, bytes);
		if (n <= 0)
			return false;
	}
	return true;
}

static bool send_letter(enum request letter)
{
	char c = (char)letter;

	return send_all(&c, 1);
}

static bool receive_letter(enum request letter)
{
	char c;

	return receive_all(&c, 1) && c == (char)letter;
}

static bool each_chunk(bool (*one)(char *chunk))
{
	unsigned int i;

	for (i = 0; i < CHUNKS; i++)
		if (!one(buffer))
			return false;
	return true;
}

static bool send_chunk(char *chunk)
{
	return send_all(chunk, CHUNK);
}

static bool receive_chunk(char *chunk)
{
	return receive_all(chunk, CHUNK);
}

static bool serve_one(enum request letter)
{
	switch (letter) {
	case PING:
		return send_letter(PING);
	case TAKE:
		return each_chunk(receive_chunk) && send_letter(TAKE);
	case GIVE:
		return each_chunk(send_chunk);
	default:
		return false;
	}
}

static void set_nodelay(void)
{
	int on = 1;

	setsockopt(link_fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static bool run_server(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT)};
	int on = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
	char c;

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 1))
		return false;
	while ((link_fd = accept(fd, NULL, NULL)) >= 0) {
		set_nodelay();
		while (receive_all(&c, 1) && serve_one((enum request)c))
			;
		close(link_fd);
	}
	return false;
}

static bool step_round_trip(unsigned int i)
{
	return send_letter(PING) && receive_letter(PING);
}

static bool step_send(unsigned int i)
{
	return (i || send_letter(TAKE)) && send_chunk(buffer) &&
	       (i < CHUNKS - 1 || receive_letter(TAKE));
}

static bool step_receive(unsigned int i)
{
	return (i || send_letter(GIVE)) && receive_chunk(buffer);
}

static const struct path net_paths[] = {
	{"tcp_round_trip", 16, nothing_before, step_round_trip, NULL},
	{"tcp_send_64k", CHUNKS, nothing_before, step_send, NULL},
	{"tcp_receive_64k", CHUNKS, nothing_before, step_receive, NULL},
};

static bool run_net(const char *to)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_port = htons(PORT)};
	bool good = true;
	size_t i;

	link_fd = socket(AF_INET, SOCK_STREAM, 0);
	if (inet_pton(AF_INET, to, &address.sin_addr) != 1 ||
	    connect(link_fd, (struct sockaddr *)&address, sizeof(address)))
		return false;
	set_nodelay();
	for (i = 0; i < sizeof(net_paths) / sizeof(net_paths[0]); i++)
		good &= measure(&net_paths[i], BATCHES);
	return good;
}

/* ---- timer: not how long a process sleeps, but how much too long ---- */

#define NS_PER_S  1000000000L
#define NS_PER_MS 1000000L

static uint64_t late_ns;

static bool on_time(void)
{
	late_ns = 0;
	/* Linux may not wait for other timers. */
	return !prctl(PR_SET_TIMERSLACK, 1);
}

static int64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Of many lengths, so that they fall anywhere into others' time slices. */
static bool step_wake(unsigned int i)
{
	int64_t due = now_ns() + 3 * NS_PER_MS + i % 7 * 700001L;
	struct timespec until = {due / NS_PER_S, due % NS_PER_S};
	int64_t late;

	if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL))
		return false;
	late = now_ns() - due;
	late_ns += (uint64_t)late;
	return late >= 0;
}

/* The TSC counts instructions, and one takes a nanosecond (benchlab.py). */
static uint64_t lateness(void)
{
	return late_ns;
}

static bool run_wake(const char *name)
{
	struct path wake = {name, 14, on_time, step_wake, lateness};

	return measure(&wake, BATCHES);
}

/* ---- one command ---- */

static char **command;

static bool step_command(unsigned int i)
{
	int status;
	pid_t child = fork();

	if (child == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	return child > 0 && waitpid(child, &status, 0) == child &&
	       WIFEXITED(status) && !WEXITSTATUS(status);
}

static bool run_command(const char *name, char **argv)
{
	struct path once = {name, 1, nothing_before, step_command, NULL};

	command = argv;
	return measure(&once, 1);
}

static bool run(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "disk"))
		return run_disk(argv[2]);
	if (argc == 2 && !strcmp(argv[1], "serve"))
		return run_server();
	if (argc == 3 && !strcmp(argv[1], "net"))
		return run_net(argv[2]);
	if (argc == 3 && !strcmp(argv[1], "wake"))
		return run_wake(argv[2]);
	if (argc > 3 && !strcmp(argv[1], "run"))
		return run_command(argv[2], argv + 3);
	errno = EINVAL;
	return false;
}

int main(int argc, char **argv)
{
	bool good = run(argc, argv);

	if (!good)
		fprintf(stderr, "io: a step failed (%s)\n", strerror(errno));
	return !good;
}
