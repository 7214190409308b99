/* SPDX-License-Identifier: MIT */
/*
 * stream.c - the two byte streams of a client, in a file that outlives us
 *
 * Output position p is byte STREAM_OUT_OFFSET + p - base of the file. When the
 * client was sent everything, the output begins again at the start of the file
 * ("rewinding"), so that the same few pages serve a client for ever:
 *
 *	base 0     [ sent ......... | out_end                  ]
 *	base 5000  [ out_end                                   ]
 *
 * A client that lags behind gets fresh pages, and those that were sent are
 * punched out of the file.
 */
#define _GNU_SOURCE
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "log.h"
#include "util.h"

#define MAGIC 0x4c58535au
#define VERSION 3u		/* JOURNAL_FORMAT changes with it */
#define PAGE 4096u
#define IN_OFFSET 4096
#define WINDOW 65536u
#define POPULATE 32768u		/* bytes backed at a time for long messages */
#define LONG_MESSAGE 2048u
#define REWIND PAGE		/* so much output, then begin anew if possible */

/**
 * stream_format() - make an empty file an empty stream
 * @fd:        of the file
 * @in_start:  counter of the next byte from the client
 * @out_start: counter of the next byte to the client
 *
 * Return: 0 or an errno of posix_fallocate(), ftruncate(), pwrite().
 */
int stream_format(int fd, uint32_t in_start, uint32_t out_start)
{
	struct stream_hdr h = {
		.magic = MAGIC,
		.version = VERSION,
		.cursor = (uint64_t)in_start << 32 | out_start,
		.in_fill = in_start,
		.armed_at = in_start,
		.base = out_start,
		.out_near = out_start,
		.send_done = (uint64_t)out_start << 32,
	};
	int rc = posix_fallocate(fd, 0, IN_OFFSET + STREAM_IN_SIZE);

	if (rc)
		return rc;
	if (ftruncate(fd, STREAM_OUT_OFFSET) ||
	    pwrite(fd, &h, sizeof(h), 0) != sizeof(h))
		return errno;
	return 0;
}

static void *map(int fd, void *at, size_t len, off_t off)
{
	return mmap(at, len, PROT_READ | PROT_WRITE,
		    MAP_SHARED | (at ? MAP_FIXED : 0), fd, off);
}

static uint8_t *map_ring(int fd)
{
	uint8_t *p = mmap(NULL, 2 * STREAM_IN_SIZE, PROT_NONE,
			  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return NULL;
	if (map(fd, p, STREAM_IN_SIZE, IN_OFFSET) == MAP_FAILED ||
	    map(fd, p + STREAM_IN_SIZE, STREAM_IN_SIZE, IN_OFFSET) ==
		    MAP_FAILED) {
		munmap(p, 2 * STREAM_IN_SIZE);
		return NULL;
	}
	return p;
}

/* All 64 bits of an output position. */
uint64_t stream_extend(const struct stream *s, uint32_t pos)
{
	uint64_t near = s->hdr->out_near;

	return near + (uint64_t)(int64_t)(int32_t)(pos - (uint32_t)near);
}

/*
 * Move the window so that it holds at least two messages from out_new on, and
 * give back the memory of what was sent. Return: 0 or an errno; there may be
 * no window then.
 */
static int slide(struct stream *s)
{
	off_t off = stream_out_at(s, s->out_new) & ~(off_t)(PAGE - 1);
	off_t sent = stream_out_at(s, s->sent) & ~(off_t)(PAGE - 1);
	uint64_t start = s->hdr->base + (uint64_t)(off - STREAM_OUT_OFFSET);

	void *win;

	if (s->win)
		munmap(s->win, WINDOW);
	s->win = NULL;
	if (ftruncate(s->fd, off + WINDOW))
		return errno;
	win = map(s->fd, NULL, WINDOW, off);
	if (win == MAP_FAILED)
		return errno;
	s->win = win;
	s->win_start = start;
	s->backed = 0;
	__atomic_store_n(&s->hdr->out_near, start, __ATOMIC_RELEASE);
	if (sent > s->punched &&
	    !fallocate(s->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
		       s->punched, sent - s->punched))
		s->punched = sent;
	return 0;
}

/**
 * stream_rewind() - if it is time, write the next output where the first was
 *
 * Nothing is owed then, so the positions of bytes in the file mean nothing.
 */
void stream_rewind(struct stream *s)
{
	struct stream_hdr *h = s->hdr;
	bool slid = s->win_start != h->base;

	if (s->sent != s->out_end || s->out_end != s->out_new ||
	    s->out_end - h->base < REWIND)
		return;
	__atomic_store_n(&h->base, s->sent, __ATOMIC_RELEASE);
	__atomic_store_n(&h->out_near, s->sent, __ATOMIC_RELEASE);
	s->punched = STREAM_OUT_OFFSET;
	s->backed += s->sent - s->win_start;
	s->win_start = s->sent;
	if (!slid || !s->win)
		return;
	munmap(s->win, WINDOW);
	s->win = NULL;
}

/**
 * stream_open() - use a stream that stream_format() made
 * @fd: of its file; the stream closes it when it is closed
 *
 * What the file says is believed only after stream_recover().
 *
 * Return: NULL if the file is no stream, or cannot be mapped; @fd stays open.
 */
struct stream *stream_open(int fd)
{
	struct stream *s = xcalloc(1, sizeof(*s));
	struct stream_hdr *h = map(fd, NULL, PAGE, 0);

	s->fd = fd;
	if (h == MAP_FAILED)
		goto err_free;
	if (h->magic != MAGIC || h->version != VERSION)
		goto err_unmap;
	s->hdr = h;
	s->in = map_ring(fd);
	if (!s->in)
		goto err_unmap;
	s->out_end = s->out_new = stream_extend(s, (uint32_t)h->cursor);
	s->sent = s->out_end;
	s->punched = stream_out_at(s, s->out_end) & ~(off_t)(PAGE - 1);
	return s;

err_unmap:
	munmap(h, PAGE);
err_free:
	free(s);
	return NULL;
}

void stream_close(struct stream *s)
{
	munmap(s->hdr, PAGE);
	munmap(s->in, 2 * STREAM_IN_SIZE);
	if (s->win)
		munmap(s->win, WINDOW);
	close(s->fd);
	free(s);
}

uint32_t stream_in_done(const struct stream *s)
{
	return (uint32_t)(s->hdr->cursor >> 32);
}

/**
 * stream_in_pending() - what was received and not yet consumed
 * @data: where it lies, in one piece
 *
 * Return: length in bytes.
 */
size_t stream_in_pending(const struct stream *s, const uint8_t **data)
{
	uint32_t done = stream_in_done(s);

	*data = s->in + (done & (STREAM_IN_SIZE - 1));
	return s->hdr->in_fill - done;
}

/* Room for more, in one piece: its address and size. */
size_t stream_in_space(const struct stream *s, uint8_t **where)
{
	*where = s->in + (s->hdr->in_fill & (STREAM_IN_SIZE - 1));
	return STREAM_IN_SIZE - (s->hdr->in_fill - stream_in_done(s));
}

void stream_in_filled(struct stream *s, size_t len)
{
	__atomic_store_n(&s->hdr->in_fill, s->hdr->in_fill + (uint32_t)len,
			 __ATOMIC_RELEASE);
}

/*
 * Give the next @len bytes their memory before they are written: if there is
 * none, the write would end in SIGBUS. For long messages the kernel makes
 * several pages at a time, which saves it a page fault for each.
 */
static int back(struct stream *s, size_t len)
{
	uint64_t used = (s->out_new - s->win_start) & ~(uint64_t)(PAGE - 1);
	uint64_t from = s->win_start + used;
	uint64_t want = s->out_new + len - from;

	if (s->out_new + len <= s->backed)
		return 0;
	if (len >= LONG_MESSAGE && want < POPULATE)
		want = POPULATE;
	want = MIN((want + PAGE - 1) & ~(uint64_t)(PAGE - 1), WINDOW - used);
	/* EINVAL: a kernel before 5.14 does not know how. */
	if (madvise(s->win + used, want, MADV_POPULATE_WRITE) &&
	    errno != EINVAL)
		return errno == EFAULT ? ENOSPC : errno;
	s->backed = from + want;
	return 0;
}

/**
 * stream_reserve() - make room for bytes for the client
 * @len: how many; at most what two messages have
 *
 * Return: 0, then stream_append() of as many cannot fail; or an errno: there
 *         is no memory for them.
 */
int stream_reserve(struct stream *s, size_t len)
{
	int rc = 0;

	if (!s->win || s->out_new + len > s->win_start + WINDOW)
		rc = slide(s);
	return rc ? rc : back(s, len);
}

/**
 * stream_append() - add bytes for the client; they count once committed
 * @len: stream_reserve() was asked for it
 */
void stream_append(struct stream *s, const void *data, size_t len)
{
	memcpy(s->win + (s->out_new - s->win_start), data, len);
	s->out_new += len;
}

/**
 * stream_holds() - are these the bytes at an output position?
 * @pos: where so many bytes were appended
 */
bool stream_holds(const struct stream *s, uint64_t pos, const void *data,
		  size_t len)
{
	const uint8_t *p = data;
	uint8_t part[256];
	size_t n;

	if (s->win && pos >= s->win_start)
		return !memcmp(s->win + (pos - s->win_start), data, len);
	for (; len; len -= n, p += n, pos += n) {
		n = MIN(len, sizeof(part));
		if (pread(s->fd, part, n, stream_out_at(s, pos)) !=
		    (ssize_t)n || memcmp(part, p, n))
			return false;
	}
	return true;
}

/* Where the bytes that are owed lie in one piece; NULL: not all are mapped. */
const void *stream_owed(const struct stream *s)
{
	return s->win && s->sent >= s->win_start ?
		       s->win + (s->sent - s->win_start) : NULL;
}

/**
 * stream_copy_owed() - copy bytes that are owed, from the first not sent on
 * @len: at most what is owed
 *
 * Return: 0 or an errno of pread().
 */
int stream_copy_owed(const struct stream *s, void *to, size_t len)
{
	const void *from = stream_owed(s);

	if (from) {
		memcpy(to, from, len);
		return 0;
	}
	if (pread(s->fd, to, len, stream_out_at(s, s->sent)) != (ssize_t)len)
		return errno ? errno : EIO;
	return 0;
}

/**
 * stream_commit() - the appended bytes are owed, and the request is consumed
 * @in_done: input counter after the request
 */
void stream_commit(struct stream *s, uint32_t in_done)
{
	s->out_end = s->out_new;
	__atomic_store_n(&s->hdr->cursor,
			 (uint64_t)in_done << 32 | (uint32_t)s->out_end,
			 __ATOMIC_RELEASE);
}

/**
 * stream_recover() - settle the counters after a restart
 * @in_done: what the journal says last; or the stream's own value
 * @out_end: likewise
 */
void stream_recover(struct stream *s, uint32_t in_done, uint32_t out_end)
{
	uint64_t c = s->hdr->cursor;

	s->out_new = stream_extend(s, counter_max(out_end, (uint32_t)c));
	stream_commit(s, counter_max(in_done, (uint32_t)(c >> 32)));
}
