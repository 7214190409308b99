/* SPDX-License-Identifier: MIT */
/*
 * ring.c - the page that a guest's console is
 *
 * An index counts bytes without end; what is between the reader's and the
 * writer's can be at most as large as the ring. More means that somebody wrote
 * nonsense: then nothing is read or written until the guest has mended it.
 */
#include "ring.h"

#include <errno.h>
#include <string.h>

static XENCONS_RING_IDX look(const XENCONS_RING_IDX *index)
{
	return __atomic_load_n(index, __ATOMIC_ACQUIRE);
}

ssize_t ring_read(const struct xencons_interface *r, char *to,
		  XENCONS_RING_IDX *end)
{
	XENCONS_RING_IDX from = look(&r->out_cons);
	XENCONS_RING_IDX until = look(&r->out_prod);
	size_t nr = until - from, at = MASK_XENCONS_IDX(from, r->out);
	size_t first = RING_OUT_BYTES - at;

	if (nr > RING_OUT_BYTES)
		return -EBADMSG;
	if (first > nr)
		first = nr;
	memcpy(to, r->out + at, first);
	memcpy(to + first, r->out, nr - first);
	*end = until;
	return (ssize_t)nr;
}

/* The guest sees it only when what was there has been read. */
void ring_taken(struct xencons_interface *r, XENCONS_RING_IDX end)
{
	__atomic_store_n(&r->out_cons, end, __ATOMIC_RELEASE);
}

/* @at: where the next byte goes */
static ssize_t room_at(const struct xencons_interface *r,
		       XENCONS_RING_IDX at)
{
	size_t used = at - look(&r->in_cons);

	return used > RING_IN_BYTES ? -EBADMSG
				    : (ssize_t)(RING_IN_BYTES - used);
}

ssize_t ring_room(const struct xencons_interface *r)
{
	return room_at(r, look(&r->in_prod));
}

ssize_t ring_write(struct xencons_interface *r, const char *from, size_t nr)
{
	XENCONS_RING_IDX prod = look(&r->in_prod);
	size_t at = MASK_XENCONS_IDX(prod, r->in), first = RING_IN_BYTES - at;
	ssize_t room = room_at(r, prod);

	if (room < 0)
		return room;
	if (nr > (size_t)room)
		nr = (size_t)room;
	if (first > nr)
		first = nr;
	memcpy(r->in + at, from, first);
	memcpy(r->in, from + first, nr - first);
	__atomic_store_n(&r->in_prod, prod + (XENCONS_RING_IDX)nr,
			 __ATOMIC_RELEASE);
	return (ssize_t)nr;
}
