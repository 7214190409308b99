/* SPDX-License-Identifier: MIT */
/*
 * audience.c - those who read a guest's console, and type there
 *
 * A reader that takes nothing for PATIENCE_MS does not read: it is not waited
 * for until it does again, and is told how much it has missed. So a stopped
 * terminal cannot stop a guest, and one that only is slow loses nothing.
 */
#include "audience.h"

#include <errno.h>
#include <fcntl.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "say.h"

#define PATIENCE_MS 1000

/* ---- to the readers ----------------------------------------------------- */

static bool is_behind(const struct reader *r)
{
	return r->pos < r->audience->buffer.end || r->notice_nr;
}

static bool is_waited_for(const struct reader *r)
{
	return r->audience->patient || !is_behind(r) ||
	       now_ms() - r->since_ms < PATIENCE_MS;
}

size_t audience_room(const struct audience *a)
{
	const struct buffer *b = &a->buffer;
	uint64_t slowest = b->end;
	const struct reader *r;

	TAILQ_FOREACH(r, &a->readers, link)
		if (r->pos < slowest && is_waited_for(r))
			slowest = r->pos;
	/* What one that was not waited for has missed takes no room. */
	if (slowest < b->start)
		slowest = b->start;
	return b->size - (b->end - slowest);
}

void audience_add(struct audience *a, const char *text, size_t nr)
{
	uint64_t now = now_ms();
	struct reader *r;

	TAILQ_FOREACH(r, &a->readers, link)
		if (!is_behind(r))
			r->since_ms = now;
	buffer_add(&a->buffer, text, nr);
}

/* Has it missed something? Then that is what it is told first. */
static void make_notice(struct reader *r)
{
	const struct buffer *b = &r->audience->buffer;

	/* One that is on its way stays as it is. */
	if (r->notice_at || r->pos >= b->start)
		return;
	r->dropped += b->start - r->pos;
	r->notice_nr = (size_t)snprintf(
		r->notice, sizeof(r->notice),
		"\r\n[lodge-consoled: %llu bytes dropped]\r\n",
		(unsigned long long)r->dropped);
	r->pos = b->start;
}

static void count_given(struct reader *r, size_t nr)
{
	r->since_ms = now_ms();
	if (!r->notice_nr)
		r->pos += nr;
	else if ((r->notice_at += nr) == r->notice_nr)
		r->notice_nr = r->notice_at = r->dropped = 0;
}

/* One piece. True: it took something; *dead: it will never again */
static bool give_piece(struct reader *r, bool *dead)
{
	const char *text;
	size_t nr;
	ssize_t n;

	make_notice(r);
	text = r->notice + r->notice_at;
	nr = r->notice_nr - r->notice_at;
	if (!r->notice_nr)
		text = buffer_at(&r->audience->buffer, r->pos, &nr);
	if (!nr)
		return false;
	n = write(r->source.fd, text, nr);
	*dead = n < 0 && errno != EAGAIN && errno != EINTR;
	if (n > 0)
		count_given(r, (size_t)n);
	return n > 0;
}

static void want(struct reader *r)
{
	loop_want(&r->source, (r->audience->typing ? EPOLLIN : 0) |
				      (is_behind(r) ? EPOLLOUT : 0));
}

static void drop(struct reader *r)
{
	struct audience *a = r->audience;

	loop_remove(&r->source);
	close(r->source.fd);
	TAILQ_REMOVE(&a->readers, r, link);
	if (r == &a->tty)
		return;
	a->nr_sockets--;
	free(r);
}

static void give(struct reader *r)
{
	struct audience *a = r->audience;
	bool dead = false;

	while (give_piece(r, &dead))
		;
	if (r != &a->tty && r->pos > a->seen)
		a->seen = r->pos;
	/* The terminal is ours on both sides: it does not end. */
	if (dead && r != &a->tty)
		drop(r);
	else
		want(r);
}

void audience_flush(struct audience *a)
{
	struct reader *r, *next;
	bool behind;

	for (r = TAILQ_FIRST(&a->readers); r; r = next) {
		next = TAILQ_NEXT(r, link);
		give(r);
	}
	behind = a->seen < a->buffer.end;
	TAILQ_FOREACH(r, &a->readers, link)
		behind |= is_behind(r);
	if (!behind)
		buffer_forget(&a->buffer);
}

void audience_take_typing(struct audience *a, bool typing)
{
	struct reader *r;

	if (a->typing == typing)
		return;
	a->typing = typing;
	TAILQ_FOREACH(r, &a->readers, link)
		want(r);
}

/* ---- from the readers --------------------------------------------------- */

static void reader_ready(struct source *s, uint32_t events)
{
	struct reader *r = (struct reader *)s;
	struct audience *a = r->audience;

	if (events & EPOLLIN && a->typing && !a->typed(a, s->fd))
		drop(r);
	else if (!(events & EPOLLIN) && events & (EPOLLHUP | EPOLLERR))
		drop(r);
	else if (events & EPOLLOUT)
		give(r);
}

static void reader_init(struct reader *r, struct audience *a, int fd)
{
	*r = (struct reader){
		.source = {.fd = fd, .ready = reader_ready},
		.audience = a,
		.since_ms = now_ms(),
	};
	TAILQ_INSERT_TAIL(&a->readers, r, link);
}

/* A new one begins with what no other one has been given. False: nobody
 * waits. */
static bool accept_reader(struct audience *a)
{
	int fd = accept4(a->listener.fd, NULL, NULL,
			 SOCK_NONBLOCK | SOCK_CLOEXEC);
	struct reader *r;

	if (fd < 0)
		return false;
	r = a->nr_sockets < AUDIENCE_MOST ? malloc(sizeof(*r)) : NULL;
	if (!r) {
		say("%s: there are %u readers already, or no memory",
		    a->socket_name, a->nr_sockets);
		close(fd);
		return true;
	}
	reader_init(r, a, fd);
	r->pos = a->seen;
	a->nr_sockets++;
	give(r);
	return true;
}

static void listener_ready(struct source *s, uint32_t events)
{
	struct audience *a = (struct audience *)
		((char *)s - offsetof(struct audience, listener));

	accept_reader(a);
}

/* ---- begin and end ------------------------------------------------------ */

static int open_tty(struct audience *a)
{
	struct termios raw;
	int master, rc;

	if (openpty(&master, &a->slave, a->tty_name, NULL, NULL))
		return -errno;
	fcntl(a->slave, F_SETFD, FD_CLOEXEC);
	if (fcntl(master, F_SETFD, FD_CLOEXEC) ||
	    fcntl(master, F_SETFL, O_RDWR | O_NONBLOCK) ||
	    tcgetattr(a->slave, &raw))
		goto fail;
	cfmakeraw(&raw);
	if (tcsetattr(a->slave, TCSANOW, &raw))
		goto fail;
	reader_init(&a->tty, a, master);
	return 0;
fail:
	rc = -errno;
	close(master);
	close(a->slave);
	return rc;
}

/* -1: there is none, and it was said why */
static int open_listener(const char *path)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
			0);

	if (strlen(path) < sizeof(at.sun_path)) {
		memcpy(at.sun_path, path, strlen(path));
		unlink(path);
		if (fd >= 0 && !bind(fd, (struct sockaddr *)&at, sizeof(at)) &&
		    !chmod(path, 0600) && !listen(fd, AUDIENCE_MOST))
			return fd;
	}
	say("cannot listen at %s: %s", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

int audience_open(struct audience *a, size_t limit, const char *socket)
{
	int rc = -ENOMEM;

	TAILQ_INIT(&a->readers);
	a->listener = (struct source){.fd = -1, .ready = listener_ready};
	a->typing = false;
	a->seen = 0;
	a->nr_sockets = 0;
	a->socket_name = strdup(socket);
	if (!a->socket_name)
		return rc;
	if (!buffer_init(&a->buffer, limit))
		goto fail_name;
	rc = open_tty(a);
	if (rc)
		goto fail_buffer;
	a->listener.fd = open_listener(socket);
	if (a->listener.fd >= 0)
		loop_want(&a->listener, EPOLLIN);
	return 0;
fail_buffer:
	buffer_free(&a->buffer);
fail_name:
	free(a->socket_name);
	return rc;
}

void audience_close(struct audience *a)
{
	unsigned int i;

	/* Whoever has connected meanwhile is given the last words too. */
	for (i = 0; i < AUDIENCE_MOST && a->listener.fd >= 0; i++)
		if (!accept_reader(a))
			break;
	audience_flush(a);
	while (!TAILQ_EMPTY(&a->readers))
		drop(TAILQ_FIRST(&a->readers));
	close(a->slave);
	if (a->listener.fd >= 0) {
		loop_remove(&a->listener);
		close(a->listener.fd);
		unlink(a->socket_name);
	}
	buffer_free(&a->buffer);
	free(a->socket_name);
}
