/* SPDX-License-Identifier: MIT */
/*
 * keeper_msg.c - messages between keeper and daemon, with descriptors
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "keeper.h"
#include "log.h"

#define NR_FDS 2
#define FD_BYTES (NR_FDS * sizeof(int))

union fd_space {
	char space[CMSG_SPACE(FD_BYTES)];
	struct cmsghdr align;
};

static bool carries_fds(uint32_t op)
{
	return op == KEEPER_LISTEN || op == KEEPER_CONN;
}

/**
 * keeper_send() - send one message
 * @fd:    one end of the pair
 * @fds:   two descriptors for LISTEN and CONN, otherwise NULL
 * @flags: MSG_DONTWAIT or 0
 *
 * Return: 0, or the errno of sendmsg(); nothing was sent then.
 */
int keeper_send(int fd, const struct keeper_msg *m, const int *fds, int flags)
{
	struct iovec iov = {
		(void *)m,
		m->op == KEEPER_EXEC ? sizeof(*m) :
				       offsetof(struct keeper_msg, path),
	};
	struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
	union fd_space u = { 0 };
	struct cmsghdr *c;

	if (fds) {
		mh.msg_control = u.space;
		mh.msg_controllen = sizeof(u.space);
		c = CMSG_FIRSTHDR(&mh);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(FD_BYTES);
		memcpy(CMSG_DATA(c), fds, FD_BYTES);
	}
	return sendmsg(fd, &mh, MSG_NOSIGNAL | flags) < 0 ? errno : 0;
}

/**
 * keeper_receive() - receive one message
 * @fds:   set for LISTEN and CONN
 * @flags: MSG_DONTWAIT or 0
 *
 * Return: 1; 0 the other process is gone; -1 there is none now, or it made no
 *         sense and was dropped, with a line in the log.
 */
int keeper_receive(int fd, struct keeper_msg *m, int fds[2], int flags)
{
	struct iovec iov = { m, sizeof(*m) };
	union fd_space u;
	struct msghdr mh = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = u.space,
		.msg_controllen = sizeof(u.space),
	};
	struct cmsghdr *c;
	ssize_t n;

	n = recvmsg(fd, &mh, MSG_CMSG_CLOEXEC | flags);
	if (n <= 0)
		return n < 0 && (errno == EAGAIN || errno == EINTR) ? -1 : 0;
	c = CMSG_FIRSTHDR(&mh);
	if (n < (ssize_t)offsetof(struct keeper_msg, path) ||
	    (carries_fds(m->op) &&
	     (!c || c->cmsg_len != CMSG_LEN(FD_BYTES)))) {
		log_error("a message between keeper and daemon was cut short");
		return -1;
	}
	if (carries_fds(m->op))
		memcpy(fds, CMSG_DATA(c), FD_BYTES);
	m->path[sizeof(m->path) - 1] = '\0';
	return 1;
}
