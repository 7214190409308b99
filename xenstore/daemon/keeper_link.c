/* SPDX-License-Identifier: MIT */
/*
 * keeper_link.c - the daemon's end of the line to the keeper
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "journal.h"
#include "keeper.h"
#include "log.h"
#include "loop.h"
#include "sock.h"

static bool synced;

/* Receive one message. Return: false if the keeper is gone. */
static bool receive(struct keeper_msg *m, int fds[2], int flags)
{
	struct iovec iov = { m, sizeof(*m) };
	union {
		char space[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr align;
	} u;
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = u.space,
		.msg_controllen = sizeof(u.space),
	};
	struct cmsghdr *c;
	ssize_t n;

	m->op = 0;
	n = recvmsg(KEEPER_FD, &mh, MSG_CMSG_CLOEXEC | flags);
	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR);
	c = CMSG_FIRSTHDR(&mh);
	if (m->op == KEEPER_CONN &&
	    (!c || c->cmsg_len != CMSG_LEN(2 * sizeof(int)))) {
		log_error("the keeper handed over no descriptors");
		m->op = 0;
	} else if (m->op == KEEPER_CONN) {
		memcpy(fds, CMSG_DATA(c), 2 * sizeof(int));
	}
	return true;
}

static void adopt(const struct keeper_msg *m, const int fds[2])
{
	bool known = conn_lookup(m->id) != NULL;
	struct conn *c = sock_adopt(m->id, fds[0], fds[1], m->readonly);

	if (c && !known) {
		journal_conn(true, c->id, 0, m->readonly);
		conn_commit(c, stream_in_done(c->st));
	}
}

static void handle(const struct keeper_msg *m, const int fds[2])
{
	switch (m->op) {
	case KEEPER_CONN:
		adopt(m, fds);
		break;
	case KEEPER_SYNC:
		synced = true;
		break;
	case KEEPER_STOP:
		loop_stop();
		break;
	}
}

static void on_ready(struct source *s, uint32_t events)
{
	struct keeper_msg m;
	int fds[2];

	(void)s;
	(void)events;
	if (!receive(&m, fds, MSG_DONTWAIT)) {
		log_error("the keeper is gone");
		loop_stop();
		return;
	}
	handle(&m, fds);
}

/**
 * keeper_attach() - take over the clients that the keeper holds
 *
 * Clients that the journal knows go on; those that it does not know are new.
 * Who is in the journal but was not handed over has left meanwhile; the caller
 * ends those.
 */
void keeper_attach(void)
{
	static struct source src = { on_ready, KEEPER_FD };
	struct keeper_msg m;
	int fds[2];

	while (!synced) {
		if (!receive(&m, fds, 0))
			log_fatal("the keeper is gone");
		handle(&m, fds);
	}
	loop_add(&src, EPOLLIN);
}

static void tell(const struct keeper_msg *m, size_t len)
{
	if (send(KEEPER_FD, m, len, MSG_NOSIGNAL) < 0)
		log_error("cannot tell the keeper: %s", strerror(errno));
}

/* A client is gone: its descriptors are not needed any more. */
void keeper_drop(uint32_t id)
{
	struct keeper_msg m = { .op = KEEPER_DROP, .id = id };

	tell(&m, offsetof(struct keeper_msg, path));
}

void keeper_ready(void)
{
	struct keeper_msg m = { .op = KEEPER_READY };

	tell(&m, offsetof(struct keeper_msg, path));
}

/* The next daemon shall be started from this binary. */
void keeper_exec(const char *path)
{
	struct keeper_msg m = { .op = KEEPER_EXEC };

	strncpy(m.path, path, sizeof(m.path) - 1);
	tell(&m, sizeof(m));
}
