/* SPDX-License-Identifier: MIT */
/*
 * handle.c - a connection: requests, replies and events over one descriptor
 *
 * Threads that wait, for a reply or an event, take turns at reading: one of
 * them, the reader, waits in read() without the lock; all whole messages that
 * it gets it hands to whom they belong (replies by their number, events to a
 * queue), and when its own wait is over it passes the turn on. So no thread of
 * our own is needed, and a request takes two system calls. While replies come
 * soon, the reader looks for the next one before it sleeps (look.h).
 *
 *	IDLE --a thread waits--> READING --messages--> hand over --> IDLE
 *	any  --read or write error, or a reply that makes no sense--> BROKEN
 *
 * xs_fileno() must be readable while events are queued, also those that came
 * together with a reply. It is an epoll descriptor over the connection and
 * over an eventfd that is set exactly while the queue is not empty.
 *
 * Locks: h->write_lock, so that requests do not mix; h->lock guards all else.
 * write_lock is taken first. No lock is held while waiting for the daemon,
 * except that write_lock is during a write.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "../look.h"
#include "private.h"

#define LONGEST (sizeof(struct xsd_sockmsg) + XENSTORE_PAYLOAD_MAX)

struct waiter {
	struct waiter *next;
	uint32_t req_id;
	struct message *reply;
};

struct xs_handle {
	int fd;
	bool is_socket;
	unsigned long flags;
	pthread_mutex_t write_lock;
	pthread_mutex_t lock;
	pthread_cond_t changed;		/* a reply, an event, the turn is free */
	bool reading;			/* a thread is at reading */
	int broken;			/* errno that all calls get; 0: none */
	uint32_t last_id;
	struct waiter *waiters;
	struct message *events, **events_tail;
	int poll_fd;			/* xs_fileno(); -1: not asked for */
	int event_fd;
	struct look look;		/* the reader's, as is what follows: */
	size_t in_len;
	char in[2 * LONGEST];		/* received; less than one message, but
					   while it is taken apart */
};

/* --- opening and closing --- */

static int open_socket(void)
{
	const char *path = xs_daemon_socket();
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd;

	if (!path || strlen(path) >= sizeof(sa.sun_path)) {
		errno = EINVAL;
		return -1;
	}
	strcpy(sa.sun_path, path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (void *)&sa, sizeof(sa))) {
		int saved = errno;

		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

static int open_device(void)
{
	const char *path = getenv("XENSTORED_PATH");
	int fd;

	if (path)
		return open(path, O_RDWR | O_CLOEXEC);
	fd = open("/dev/xen/xenbus", O_RDWR | O_CLOEXEC);
	return fd >= 0 ? fd : open("/proc/xen/xenbus", O_RDWR | O_CLOEXEC);
}

API struct xs_handle *xs_open(unsigned long flags)
{
	struct xs_handle *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->fd = open_socket();
	h->is_socket = h->fd >= 0;
	if (h->fd < 0)
		h->fd = open_device();
	if (h->fd < 0) {
		free(h);
		return NULL;
	}
	h->flags = flags;
	look_init(&h->look);
	h->poll_fd = h->event_fd = -1;
	h->events_tail = &h->events;
	pthread_mutex_init(&h->write_lock, NULL);
	pthread_mutex_init(&h->lock, NULL);
	pthread_cond_init(&h->changed, NULL);
	return h;
}

API struct xs_handle *xs_daemon_open(void)
{
	return xs_open(0);
}

API struct xs_handle *xs_daemon_open_readonly(void)
{
	return xs_open(XS_OPEN_READONLY);
}

API struct xs_handle *xs_domain_open(void)
{
	return xs_open(0);
}

static void free_events(struct xs_handle *h)
{
	struct message *m;

	while ((m = h->events)) {
		h->events = m->next;
		free(m);
	}
	h->events_tail = &h->events;
}

API void xs_daemon_destroy_postfork(struct xs_handle *h)
{
	if (!h)
		return;
	free_events(h);
	close(h->fd);
	if (h->poll_fd >= 0)
		close(h->poll_fd);
	if (h->event_fd >= 0)
		close(h->event_fd);
	free(h);
}

API void xs_close(struct xs_handle *h)
{
	if (!h)
		return;
	pthread_mutex_destroy(&h->write_lock);
	pthread_mutex_destroy(&h->lock);
	pthread_cond_destroy(&h->changed);
	xs_daemon_destroy_postfork(h);
}

API void xs_daemon_close(struct xs_handle *h)
{
	xs_close(h);
}

bool xs_filters(const struct xs_handle *h)
{
	return h->flags & XS_UNWATCH_FILTER;
}

/* --- bytes --- */

static int write_all(struct xs_handle *h, const struct iovec *iov,
		     unsigned int nr)
{
	struct iovec left[8];
	struct msghdr mh = { .msg_iov = left, .msg_iovlen = nr };
	ssize_t n;

	memcpy(left, iov, nr * sizeof(*iov));
	while (mh.msg_iovlen) {
		if (!mh.msg_iov->iov_len) {
			mh.msg_iov++;
			mh.msg_iovlen--;
			continue;
		}
		n = h->is_socket ? sendmsg(h->fd, &mh, MSG_NOSIGNAL) :
		    write(h->fd, mh.msg_iov->iov_base, mh.msg_iov->iov_len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n ? errno : EIO;
		while (n && mh.msg_iovlen) {
			size_t part = (size_t)n < mh.msg_iov->iov_len ?
				(size_t)n : mh.msg_iov->iov_len;

			mh.msg_iov->iov_base =
				(char *)mh.msg_iov->iov_base + part;
			mh.msg_iov->iov_len -= part;
			n -= (ssize_t)part;
			if (!mh.msg_iov->iov_len) {
				mh.msg_iov++;
				mh.msg_iovlen--;
			}
		}
	}
	return 0;
}

/* read() of what is there or, without it, comes at once. */
static ssize_t look_for_bytes(struct xs_handle *h, uint64_t start)
{
	uint64_t until = look_until(&h->look, start);
	ssize_t n = -1;

	errno = EAGAIN;
	while (n < 0 && errno == EAGAIN && look_clock() < until)
		n = recv(h->fd, h->in + h->in_len, sizeof(h->in) - h->in_len,
			 MSG_DONTWAIT);
	return n;
}

/* Wait for bytes. Return: 0 or an errno. */
static int receive(struct xs_handle *h, bool is_reply_due)
{
	bool look = is_reply_due && h->is_socket;
	uint64_t start = look ? look_clock() : 0;
	ssize_t n = -1;

	errno = EAGAIN;
	if (look)
		n = look_for_bytes(h, start);
	while (n < 0 && (errno == EAGAIN || errno == EINTR))
		n = read(h->fd, h->in + h->in_len, sizeof(h->in) - h->in_len);
	if (look)
		look_learn(&h->look, look_clock() - start, n > 0);
	if (n <= 0)
		return n ? errno : EIO;
	h->in_len += (size_t)n;
	return 0;
}

/* Can this be the header of a message from the daemon? Return: 0 or EIO. */
int xs_parse_header(const struct xsd_sockmsg *hdr)
{
	return hdr->len > XENSTORE_PAYLOAD_MAX ||
	       hdr->type >= XS_TYPE_COUNT ? EIO : 0;
}

static struct message *message_new(const struct xsd_sockmsg *hdr,
				   const char *data)
{
	struct message *m = malloc(sizeof(*m) + hdr->len + 1);

	if (!m)
		return NULL;
	m->next = NULL;
	m->hdr = *hdr;
	memcpy(m->data, data, hdr->len);
	m->data[hdr->len] = '\0';
	return m;
}

/* --- messages; h->lock is held --- */

static void events_changed(struct xs_handle *h)
{
	eventfd_t v;

	if (h->event_fd < 0)
		return;
	if (h->events)
		eventfd_write(h->event_fd, 1);
	else
		eventfd_read(h->event_fd, &v);
}

static int hand_over(struct xs_handle *h, struct message *m)
{
	struct waiter *w;

	if (m->hdr.type == XS_WATCH_EVENT) {
		if (xs_count_strings(m->data, m->hdr.len) < 2)
			return EIO;
		*h->events_tail = m;
		h->events_tail = &m->next;
		events_changed(h);
		return 0;
	}
	for (w = h->waiters; w; w = w->next) {
		if (w->req_id != m->hdr.req_id || w->reply)
			continue;
		w->reply = m;
		return 0;
	}
	return EIO;
}

/* Hand over every whole message that was received. Return: 0 or an errno. */
static int hand_over_all(struct xs_handle *h)
{
	struct xsd_sockmsg hdr;
	struct message *m;
	size_t at = 0;
	int rc = 0;

	while (!rc && h->in_len - at >= sizeof(hdr)) {
		memcpy(&hdr, h->in + at, sizeof(hdr));
		rc = xs_parse_header(&hdr);
		if (rc || h->in_len - at < sizeof(hdr) + hdr.len)
			break;
		m = message_new(&hdr, h->in + at + sizeof(hdr));
		rc = m ? hand_over(h, m) : ENOMEM;
		if (rc)
			free(m);
		at += sizeof(hdr) + hdr.len;
	}
	h->in_len -= at;
	memmove(h->in, h->in + at, h->in_len);
	return rc;
}

/* Read once, or wait until another thread has. */
static void read_turn(struct xs_handle *h)
{
	bool is_reply_due = h->waiters;
	int rc;

	if (h->reading) {
		pthread_cond_wait(&h->changed, &h->lock);
		return;
	}
	h->reading = true;
	pthread_mutex_unlock(&h->lock);
	rc = receive(h, is_reply_due);
	pthread_mutex_lock(&h->lock);
	h->reading = false;
	if (!rc)
		rc = hand_over_all(h);
	if (rc && !h->broken)
		h->broken = rc;
	pthread_cond_broadcast(&h->changed);
}

static void waiter_add(struct xs_handle *h, struct waiter *w)
{
	w->req_id = ++h->last_id;
	w->reply = NULL;
	w->next = h->waiters;
	h->waiters = w;
}

static void waiter_remove(struct xs_handle *h, struct waiter *w)
{
	struct waiter **wp;

	for (wp = &h->waiters; *wp != w;)
		wp = &(*wp)->next;
	*wp = w->next;
}

/* --- requests --- */

static int send_request(struct xs_handle *h, struct waiter *w,
			struct xsd_sockmsg *hdr, const struct iovec *iov,
			unsigned int nr)
{
	struct iovec all[8] = { { hdr, sizeof(*hdr) } };
	int rc;

	memcpy(all + 1, iov, nr * sizeof(*iov));
	pthread_mutex_lock(&h->write_lock);
	pthread_mutex_lock(&h->lock);
	rc = h->broken;
	if (!rc)
		waiter_add(h, w);
	pthread_mutex_unlock(&h->lock);
	if (!rc) {
		hdr->req_id = w->req_id;
		rc = write_all(h, all, nr + 1);
		if (rc) {
			pthread_mutex_lock(&h->lock);
			waiter_remove(h, w);
			h->broken = rc;
			pthread_mutex_unlock(&h->lock);
		}
	}
	pthread_mutex_unlock(&h->write_lock);
	return rc;
}

static int await_reply(struct xs_handle *h, struct waiter *w)
{
	int rc = 0;

	pthread_mutex_lock(&h->lock);
	while (!w->reply && !h->broken)
		read_turn(h);
	if (!w->reply)
		rc = h->broken;
	waiter_remove(h, w);
	pthread_mutex_unlock(&h->lock);
	return rc;
}

/**
 * xs_talk() - send a request and wait for its reply
 * @iov: the payload, in at most 7 pieces
 *
 * Return: the reply, to be freed; NULL with errno.
 */
struct message *xs_talk(struct xs_handle *h, xs_transaction_t t,
			enum xsd_sockmsg_type type, const struct iovec *iov,
			unsigned int nr)
{
	struct xsd_sockmsg hdr = { .type = type, .tx_id = t };
	struct waiter w;
	unsigned int i;
	size_t len = 0;
	int rc;

	for (i = 0; i < nr; i++)
		len += iov[i].iov_len;
	if (len > XENSTORE_PAYLOAD_MAX) {
		errno = E2BIG;
		return NULL;
	}
	hdr.len = (uint32_t)len;
	rc = send_request(h, &w, &hdr, iov, nr);
	if (!rc)
		rc = await_reply(h, &w);
	if (rc) {
		errno = rc;
		return NULL;
	}
	if (w.reply->hdr.type == type)
		return w.reply;
	rc = w.reply->hdr.type == XS_ERROR ?
		     xs_error_number(w.reply->data) : EIO;
	free(w.reply);
	errno = rc;
	return NULL;
}

/* --- events --- */

static struct message *take_event(struct xs_handle *h)
{
	struct message *m = h->events;

	if (!m)
		return NULL;
	h->events = m->next;
	if (!h->events)
		h->events_tail = &h->events;
	events_changed(h);
	return m;
}

static bool readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

/**
 * xs_next_event() - take an event off the queue
 * @wait: for one to come; otherwise only look what is there
 *
 * Return: the event, to be freed; NULL with errno, EAGAIN if there is none.
 */
struct message *xs_next_event(struct xs_handle *h, bool wait)
{
	struct message *m;
	int rc = 0;

	pthread_mutex_lock(&h->lock);
	while (!(m = take_event(h)) && !rc) {
		rc = h->broken;
		if (!rc && !wait && (h->reading || !readable(h->fd)))
			rc = EAGAIN;
		if (!rc)
			read_turn(h);
	}
	pthread_mutex_unlock(&h->lock);
	if (!m)
		errno = rc;
	return m;
}

/* Forget queued events of one watch. */
void xs_drop_events(struct xs_handle *h, const char *path, const char *token)
{
	struct message **mp, *m;

	pthread_mutex_lock(&h->lock);
	for (mp = &h->events; (m = *mp);) {
		if (strcmp(m->data + strlen(m->data) + 1, token) ||
		    (strcmp(path, "/") &&
		     !xs_path_is_subpath(path, m->data))) {
			mp = &m->next;
			continue;
		}
		*mp = m->next;
		free(m);
	}
	h->events_tail = mp;
	events_changed(h);
	pthread_mutex_unlock(&h->lock);
}

static int poll_fd_make(struct xs_handle *h)
{
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int ef = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (ep < 0 || ef < 0 || epoll_ctl(ep, EPOLL_CTL_ADD, h->fd, &ev) ||
	    epoll_ctl(ep, EPOLL_CTL_ADD, ef, &ev)) {
		if (ep >= 0)
			close(ep);
		if (ef >= 0)
			close(ef);
		return -1;
	}
	h->event_fd = ef;
	h->poll_fd = ep;
	events_changed(h);
	return ep;
}

API int xs_fileno(struct xs_handle *h)
{
	int fd;

	pthread_mutex_lock(&h->lock);
	fd = h->poll_fd >= 0 ? h->poll_fd : poll_fd_make(h);
	pthread_mutex_unlock(&h->lock);
	return fd;
}
