/* SPDX-License-Identifier: MIT */
/*
 * ring.h - the page that a guest's console is, <xen/io/console.h>
 *
 * The guest may write all of it at any time. Each index is read once, and what
 * is done with it is right whatever it is.
 */
#ifndef CONSOLED_RING_H
#define CONSOLED_RING_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <xen/xen.h>

#include <xen/io/console.h>

#define RING_OUT_BYTES sizeof(((struct xencons_interface *)0)->out)
#define RING_IN_BYTES  sizeof(((struct xencons_interface *)0)->in)

/**
 * ring_read() - what the guest has written and nobody has taken
 * @to:  RING_OUT_BYTES
 * @end: to be given to ring_taken() once it is safe
 *
 * Return: how many bytes, 0: none; -EBADMSG the indices make no sense.
 */
ssize_t ring_read(const struct xencons_interface *r, char *to,
		  XENCONS_RING_IDX *end);
void ring_taken(struct xencons_interface *r, XENCONS_RING_IDX end);

/* How many bytes the guest has room for; -EBADMSG as above. */
ssize_t ring_room(const struct xencons_interface *r);

/* Gives the guest as much of @from as it has room for. As ring_room(). */
ssize_t ring_write(struct xencons_interface *r, const char *from, size_t nr);

#endif
