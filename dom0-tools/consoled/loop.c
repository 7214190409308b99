/* SPDX-License-Identifier: MIT */
/*
 * loop.c - what is waited for
 */
#include "loop.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/epoll.h>

#include "say.h"

#define MOST_EVENTS 64

static int epoll_fd = -1;
static struct epoll_event came[MOST_EVENTS];
static int nr_came, next_came;

void loop_init(void)
{
	epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (epoll_fd < 0)
		die("epoll: %s", strerror(errno));
}

void loop_want(struct source *s, uint32_t events)
{
	struct epoll_event e = {.events = events, .data.ptr = s};
	int op = s->added ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;

	if (s->added && s->events == events)
		return;
	if (epoll_ctl(epoll_fd, op, s->fd, &e))
		die("epoll: %s", strerror(errno));
	s->added = true;
	s->events = events;
}

void loop_remove(struct source *s)
{
	int i;

	if (!s->added)
		return;
	epoll_ctl(epoll_fd, EPOLL_CTL_DEL, s->fd, NULL);
	s->added = false;
	for (i = next_came; i < nr_came; i++)
		if (came[i].data.ptr == s)
			came[i].data.ptr = NULL;
}

void loop_wait(int ms)
{
	struct source *s;

	nr_came = epoll_wait(epoll_fd, came, MOST_EVENTS, ms);
	if (nr_came < 0 && errno != EINTR)
		die("epoll: %s", strerror(errno));
	for (next_came = 0; next_came < nr_came;) {
		s = came[next_came].data.ptr;
		next_came++;
		if (s)
			s->ready(s, came[next_came - 1].events);
	}
	nr_came = 0;
}
