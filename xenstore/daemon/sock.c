/* SPDX-License-Identifier: MIT */
/*
 * sock.c - clients on a socket
 *
 * How far had the daemon got when it was killed? A process that is killed in a
 * system call dies when that returns, so what the kernel itself counts in the
 * same call is right. Both counters belong to files, not to processes; the
 * keeper's descriptors keep them alive.
 *
 * Receiving. A unix socket has a "peek offset" (SO_PEEK_OFF), and every byte
 * that is read lowers it by one. We never peek: we set it to ARM and read off
 * how many bytes were received since. They were received straight into the
 * stream, behind in_fill, so those that in_fill does not count are there too.
 * The offset is set again before it can reach zero; "arming" marks that
 * moment, in which in_fill is right for certain.
 *
 * Sending. Bytes go out by sendmmsg(), which stores how many it sent in its
 * argument, and that lies in the stream's file. The word behind it, which the
 * kernel leaves alone, is the counter before the call; one store sets both:
 *
 *	send_done	counter << 32 | 0	before the call
 *			counter << 32 | sent	when it returns
 *
 * (The kernel could fail to store only if that page was taken from the process
 * since its own store into it, and could not be brought back. The call then
 * says EFAULT, and the client is cut off.)
 */
#define _GNU_SOURCE
#include "sock.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "conn.h"
#include "domain.h"
#include "keeper.h"
#include "log.h"
#include "loop.h"
#include "util.h"
#include "wire.h"

#define ARM 0x40000000
#define REARM_AFTER 0x30000000u

_Static_assert(sizeof(struct mmsghdr) == 64 &&
	       offsetof(struct mmsghdr, msg_len) == 56 &&
	       offsetof(struct stream_hdr, send_done) -
	       offsetof(struct stream_hdr, send_call) == 56 &&
	       __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
	       "the kernel's count is the lower half of send_done");

struct sock {
	struct source src;
	struct conn *c;
};

static int arm(int fd)
{
	const int value = ARM;

	return setsockopt(fd, SOL_SOCKET, SO_PEEK_OFF, &value, sizeof(value)) ?
		       errno : 0;
}

/**
 * sock_prepare() - make a socket ready, before anything is read from it
 *
 * Return: 0 or an errno of setsockopt(): the kernel cannot count.
 */
int sock_prepare(int fd)
{
	return arm(fd);
}

static void rearm(struct conn *c)
{
	struct stream_hdr *h = c->st->hdr;

	__atomic_store_n(&h->arming, 1, __ATOMIC_SEQ_CST);
	if (arm(c->fd))
		conn_kill(c, errno, "the kernel does not count its bytes");
	__atomic_store_n(&h->armed_at, h->in_fill, __ATOMIC_SEQ_CST);
	__atomic_store_n(&h->arming, 0, __ATOMIC_SEQ_CST);
}

static int sock_fill(struct conn *c)
{
	uint8_t *where;
	size_t room = stream_in_space(c->st, &where);
	ssize_t n;

	if (wire_ready(c))	/* of what was received before */
		return 0;
	n = recv(c->fd, where, room, MSG_DONTWAIT);
	if (n < 0)
		return errno;
	if (!n)
		c->eof = true;
	stream_rewind(c->st);
	stream_in_filled(c->st, (size_t)n);
	if (c->st->hdr->in_fill - c->st->hdr->armed_at > REARM_AFTER)
		rearm(c);
	return 0;
}

/* Send what lies at @data. Return: 0 or an errno of sendmmsg(). */
static int send_counted(struct conn *c, const void *data, size_t len)
{
	struct iovec v = { .iov_base = (void *)data, .iov_len = len };
	struct stream_hdr *h = c->st->hdr;
	struct mmsghdr *m = (struct mmsghdr *)h->send_call;

	m->msg_hdr = (struct msghdr){ .msg_iov = &v, .msg_iovlen = 1 };
	__atomic_store_n(&h->send_done, c->st->sent << 32, __ATOMIC_SEQ_CST);
	if (sendmmsg(c->fd, m, 1, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return errno;
	c->st->sent += m->msg_len;
	return 0;
}

/* The head of what a client is owed that lags behind, no longer mapped. */
static int send_part(struct conn *c)
{
	static char part[32768];
	size_t len = MIN(c->st->out_end - c->st->sent, sizeof(part));
	int rc = stream_copy_owed(c->st, part, len);

	return rc ? rc : send_counted(c, part, len);
}

static int sock_flush(struct conn *c)
{
	struct stream *s = c->st;
	const void *data;
	int rc = 0;

	while (!rc && s->sent != s->out_end) {
		data = stream_owed(s);
		rc = data ? send_counted(c, data, s->out_end - s->sent) :
			    send_part(c);
	}
	return rc;
}

/* The kernel wakes who waits for a socket. */
static void sock_end_turn(struct conn *c)
{
	(void)c;
}

static int sock_recover(struct conn *c)
{
	struct stream *st = c->st;
	struct stream_hdr *h = st->hdr;
	socklen_t len = sizeof(int);
	uint32_t sent = (uint32_t)(h->send_done >> 32) +
			(uint32_t)h->send_done;
	int left;

	if (getsockopt(c->fd, SOL_SOCKET, SO_PEEK_OFF, &left, &len) ||
	    left < 0 || left > ARM)
		return EIO;
	if (h->arming)
		rearm(c);
	else
		h->in_fill = h->armed_at + (uint32_t)(ARM - left);
	if (h->in_fill - stream_in_done(st) > STREAM_IN_SIZE)
		return EIO;
	st->sent = stream_extend(st, sent);
	return st->sent < h->base || st->sent > st->out_end ? EIO : 0;
}

static void sock_want(struct conn *c, bool read, bool write)
{
	struct sock *s = c->priv;

	loop_change(&s->src, (read ? EPOLLIN : 0u) | (write ? EPOLLOUT : 0u));
}

static void sock_close(struct conn *c, int why)
{
	struct sock *s = c->priv;

	(void)why;
	loop_remove(&s->src);
	keeper_drop(c->id);
	shutdown(c->fd, SHUT_RDWR);
	close(c->fd);
	free(s);
}

static void sock_ready(struct source *src, uint32_t events)
{
	struct conn *c = ((struct sock *)src)->c;

	if (events & EPOLLOUT)
		conn_flush(c);
	if (events & (EPOLLERR | EPOLLHUP) && !c->reading)
		conn_kill(c, 0, NULL);
	loop_queue(c);
}

static const struct transport sock_transport = {
	.fill = sock_fill,
	.flush = sock_flush,
	.end_turn = sock_end_turn,
	.recover = sock_recover,
	.want = sock_want,
	.close = sock_close,
};

/**
 * sock_adopt() - serve a socket that the keeper handed over
 * @id:        its number, the same after each restart
 * @fd:        socket, not blocking
 * @stream_fd: of its streams
 *
 * Return: the client, or NULL if its streams make no sense; it is then
 *         disconnected, with a line in the log.
 */
struct conn *sock_adopt(uint32_t id, int fd, int stream_fd, bool readonly)
{
	struct stream *st = stream_open(stream_fd);
	struct conn *c = conn_lookup(id);
	struct sock *s;

	if (!st || (c && c->tp)) {
		log_error("sock%u: %s", id / 2, st ? "is there already" :
			  "its streams are damaged");
		keeper_drop(id);
		if (st)
			stream_close(st);
		else
			close(stream_fd);
		close(fd);
		return NULL;
	}
	if (!c) {
		c = conn_new(id, domain_make(0));
		c->rec_in = stream_in_done(st);
		c->rec_out = (uint32_t)st->out_end;
	}
	s = xcalloc(1, sizeof(*s));
	s->src = (struct source){ sock_ready, fd };
	s->c = c;
	c->priv = s;
	c->fd = fd;
	c->readonly = readonly;
	c->reading = true;
	loop_add(&s->src, EPOLLIN);
	if (conn_attach(c, &sock_transport, st))
		conn_kill(c, EIO, "its counters do not agree");
	return c;
}
