/* SPDX-License-Identifier: MIT */
/*
 * audience.h - those who read a guest's console, and type there
 *
 * A pseudo terminal, which is always there, and whoever has connected to the
 * guest's socket. Each of them gets all that the guest writes, at its own
 * speed; what they type is mixed.
 */
#ifndef CONSOLED_AUDIENCE_H
#define CONSOLED_AUDIENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "buffer.h"
#include "loop.h"

#define AUDIENCE_MOST 16	/* sockets, of one guest */

struct audience;

struct reader {
	struct source source;	/* first */
	struct audience *audience;
	TAILQ_ENTRY(reader) link;
	uint64_t pos;		/* of what it is given next */
	uint64_t since_ms;	/* it has taken nothing of what it could */
	uint64_t dropped;	/* bytes that the notice tells of */
	size_t notice_nr, notice_at;
	char notice[64];	/* what it must be told first */
};

struct audience {
	struct buffer buffer;
	TAILQ_HEAD(, reader) readers;
	unsigned int nr_sockets;
	struct reader tty;
	int slave;		/* held open: the terminal outlives its users */
	char tty_name[32];
	struct source listener;	/* of the socket; fd -1: there is none */
	char *socket_name;
	uint64_t seen;		/* by any socket */
	bool patient;		/* nothing is dropped: the guest waits */
	bool typing;		/* what is typed is taken */
	/* There is something to be read from @fd. False: @fd is to be closed */
	bool (*typed)(struct audience *a, int fd);
};

/**
 * audience_open() - a terminal, and a socket
 * @limit:  bytes that are kept for those who do not read
 * @socket: path; a file that is there is replaced
 *
 * Without a socket it goes on with the terminal alone, which is said.
 *
 * Return: 0; -errno.
 */
int audience_open(struct audience *a, size_t limit, const char *socket);
void audience_close(struct audience *a);

/* How many bytes can be added without a loss to those who do read. */
size_t audience_room(const struct audience *a);
/* @nr: at most the limit. Then to be flushed. */
void audience_add(struct audience *a, const char *text, size_t nr);
/* Gives each what it takes at once. */
void audience_flush(struct audience *a);
/* Is what they type to be taken? */
void audience_take_typing(struct audience *a, bool typing);

#endif
