/* SPDX-License-Identifier: MIT */
/*
 * stream.h - the two byte streams of a client, kept where a crash of the
 * daemon cannot touch them
 *
 * A stream lives in a file in memory that outlives the daemon: the keeper
 * holds its descriptor. Positions in both directions are counters of bytes
 * since the connection began; they wrap at 2^32.
 *
 *	client --> [ in_done ... in_fill )   received, not yet consumed
 *	client <-- [ sent ...... out_end )   owed to the client, not yet sent
 *
 * in_done and out_end share one word that is stored at once: that store is
 * the moment when a request that changes nothing counts as consumed, because
 * its whole reply lies below the new out_end. A request that changes something
 * is consumed by its record in the journal, which names the same two counters;
 * the word follows. After a crash the later of the two is right.
 *
 * in_fill and sent are moved by the transport; how far the outside world got
 * when the daemon died is found out by the transport's recover operation.
 */
#ifndef XS_STREAM_H
#define XS_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define STREAM_IN_SIZE 8192u		/* a power of two, > one message */
#define STREAM_OUT_OFFSET 16384		/* of the output in the file */

/* The first page of the file. */
struct stream_hdr {
	uint32_t magic;
	uint32_t version;
	uint64_t cursor;	/* in_done << 32 | out_end */
	uint32_t in_fill;
	uint32_t armed_at;	/* sockets: in_fill when the kernel's counter
				   of bytes was last set, see sock.c */
	uint32_t arming;	/* sockets: that counter is being set */
	uint32_t unused;
	uint64_t base;		/* output position of the byte at
				   STREAM_OUT_OFFSET */
	uint64_t out_near;	/* an output position, all 64 bits, that is
				   less than 2^31 away from out_end */
	uint64_t send_call[7];	/* sockets: arguments of the last send, ... */
	uint64_t send_done;	/* ... how far it got, see sock.c */
};

struct stream {
	int fd;
	struct stream_hdr *hdr;
	uint8_t *in;		/* the ring, mapped twice in a row */
	uint8_t *win;		/* window onto the output */
	uint64_t win_start;	/* output position of win[0] */
	uint64_t out_end;	/* committed */
	uint64_t out_new;	/* appended, maybe not committed yet */
	uint64_t sent;
	uint64_t backed;	/* below: the window has its memory */
	off_t punched;		/* in the file; below: memory is given
				   back */
};

/* Where in the file an output position is. */
static inline off_t stream_out_at(const struct stream *s, uint64_t pos)
{
	return STREAM_OUT_OFFSET + (off_t)(pos - s->hdr->base);
}

int stream_format(int fd, uint32_t in_start, uint32_t out_start);
struct stream *stream_open(int fd);
void stream_close(struct stream *s);

uint32_t stream_in_done(const struct stream *s);
size_t stream_in_pending(const struct stream *s, const uint8_t **data);
size_t stream_in_space(const struct stream *s, uint8_t **where);
void stream_in_filled(struct stream *s, size_t len);

void stream_rewind(struct stream *s);
int stream_reserve(struct stream *s, size_t len);
void stream_append(struct stream *s, const void *data, size_t len);
bool stream_holds(const struct stream *s, uint64_t pos, const void *data,
		  size_t len);
int stream_copy_owed(const struct stream *s, void *to, size_t len);
const void *stream_owed(const struct stream *s);
void stream_commit(struct stream *s, uint32_t in_done);
void stream_recover(struct stream *s, uint32_t in_done, uint32_t out_end);
uint64_t stream_extend(const struct stream *s, uint32_t pos);

/* Bytes that the client has yet to take, those of this request included. */
static inline uint64_t stream_backlog(const struct stream *s)
{
	return s->out_new - s->sent;
}

#endif
