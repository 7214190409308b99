// SPDX-License-Identifier: MIT
/*
 * stream.c - bytes through TCP, with a checksum at both ends
 *
 *	stream send ADDRESS PORT CHUNKS   sends CHUNKS times 64 KiB
 *	stream receive PORT               receives until the other side ends
 *
 * Both print the sum of the bytes, in which their order counts. The bytes look
 * like random ones and begin differently each time. Runs in Dom0 and in guests.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK_BYTES (64U << 10)
#define CHUNK_WORDS (CHUNK_BYTES / sizeof(uint64_t))

static uint64_t words[CHUNK_WORDS];

static _Noreturn void fail(const char *what)
{
	fprintf(stderr, "stream: %s: %s\n", what, strerror(errno));
	exit(1);
}

/* A generator of Marsaglia's: any state but 0. */
static void fill(uint64_t *state)
{
	uint64_t x = *state;
	size_t i;

	for (i = 0; i < CHUNK_WORDS; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		words[i] = x;
	}
	*state = x;
}

/* The sum with one chunk more; all but the last are whole. */
static uint64_t add(uint64_t sum, size_t bytes)
{
	size_t i;

	memset((char *)words + bytes, 0, CHUNK_BYTES - bytes);
	for (i = 0; i < CHUNK_WORDS; i++)
		sum = (sum << 5 | sum >> 59) ^ words[i];
	return sum * 0x9e3779b97f4a7c15U + bytes;
}

static void send_all(int fd)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < CHUNK_BYTES; done += (size_t)n) {
		n = write(fd, (char *)words + done, CHUNK_BYTES - done);
		if (n <= 0)
			fail("write");
	}
}

/* Bytes of one chunk, fewer only at the end. */
static size_t receive_all(int fd)
{
	size_t done;
	ssize_t n;

	for (done = 0; done < CHUNK_BYTES; done += (size_t)n) {
		n = read(fd, (char *)words + done, CHUNK_BYTES - done);
		if (n < 0)
			fail("read");
		if (n == 0)
			break;
	}
	return done;
}

static uint64_t send_stream(int fd, unsigned long chunks)
{
	uint64_t state = 0, sum = 0;

	while (!state)
		if (getrandom(&state, sizeof(state), 0) < 0)
			fail("getrandom");
	while (chunks--) {
		fill(&state);
		sum = add(sum, CHUNK_BYTES);
		send_all(fd);
	}
	return sum;
}

static uint64_t receive_stream(int fd)
{
	uint64_t sum = 0;
	size_t bytes;

	do {
		bytes = receive_all(fd);
		if (bytes)
			sum = add(sum, bytes);
	} while (bytes == CHUNK_BYTES);
	return sum;
}

static int make_socket(const char *address, const char *port,
		       struct sockaddr_in *to)
{
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*to = (struct sockaddr_in){.sin_family = AF_INET,
				   .sin_port = htons((uint16_t)atoi(port))};
	if (fd < 0 || (address && inet_pton(AF_INET, address,
					    &to->sin_addr) != 1))
		fail("socket");
	return fd;
}

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in to;
	int fd = make_socket(address, port, &to);

	if (connect(fd, (struct sockaddr *)&to, sizeof(to)))
		fail("connect");
	return fd;
}

static int accept_one(const char *port)
{
	struct sockaddr_in to;
	int on = 1, fd = make_socket(NULL, port, &to);

	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) || listen(fd, 1))
		fail("bind");
	fd = accept(fd, NULL, NULL);
	if (fd < 0)
		fail("accept");
	return fd;
}

int main(int argc, char **argv)
{
	uint64_t sum;

	if (argc == 5 && !strcmp(argv[1], "send")) {
		sum = send_stream(connect_to(argv[2], argv[3]),
				  strtoul(argv[4], NULL, 10));
	} else if (argc == 3 && !strcmp(argv[1], "receive")) {
		sum = receive_stream(accept_one(argv[2]));
	} else {
		fprintf(stderr, "stream: send ADDRESS PORT CHUNKS, or "
				"receive PORT\n");
		return 2;
	}
	printf("%016lx\n", sum);
	return 0;
}
