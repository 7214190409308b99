/* SPDX-License-Identifier: MIT */
/*
 * clockping.c - tell a peer, again and again, what this machine's clock says
 *
 *   clockping ADDRESS PORT
 *
 * Connects to a TCP server. Each byte that the server sends is answered by one
 * line: CLOCK_MONOTONIC and CLOCK_REALTIME in nanoseconds. The server notes its
 * own time before and after, and so knows the difference of the two clocks to
 * half a round trip. Ends when the server closes.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static long long clock_ns(clockid_t clock)
{
	struct timespec ts;

	if (clock_gettime(clock, &ts)) {
		perror("clock_gettime");
		exit(1);
	}
	return ts.tv_sec * 1000000000LL + ts.tv_nsec;
}

static int connect_to(const char *address, const char *port)
{
	struct sockaddr_in peer = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int one = 1;

	peer.sin_port = htons(atoi(port));
	if (fd < 0 || inet_pton(AF_INET, address, &peer.sin_addr) != 1 ||
	    connect(fd, (struct sockaddr *)&peer, sizeof(peer)) ||
	    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one))) {
		perror("clockping");
		exit(1);
	}
	return fd;
}

int main(int argc, char **argv)
{
	char ask, answer[64];
	int fd, len;

	if (argc != 3) {
		fprintf(stderr, "usage: clockping ADDRESS PORT\n");
		return 2;
	}
	fd = connect_to(argv[1], argv[2]);
	while (read(fd, &ask, 1) == 1) {
		len = snprintf(answer, sizeof(answer), "%lld %lld\n",
			       clock_ns(CLOCK_MONOTONIC),
			       clock_ns(CLOCK_REALTIME));
		if (write(fd, answer, len) != len)
			return 1;
	}
	return 0;
}
