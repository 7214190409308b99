/* SPDX-License-Identifier: MIT */
/*
 * ring.c - the log in memory
 *
 * Positions count bytes since boot, modulo 2^32; the ring keeps the last
 * ring_size of them. It starts in a small buffer that is given back with the
 * rest of .init, and moves to one of "conring_size" once there is an allocator.
 *
 * Locks: the console's for everything.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/cmdline.h>
#include <lodge/lib.h>
#include <lodge/mm.h>

#define EARLY_SIZE	16384U
#define MIN_SIZE	16384U
#define MAX_SIZE	(1024U << 10)

static char early_ring[EARLY_SIZE] __initdata;
static char *ring = early_ring;
static uint32_t ring_size = EARLY_SIZE;		/* a power of two */
static uint32_t ring_end;			/* position of the next byte */
static uint32_t ring_start;			/* oldest byte not cleared */

static uint64_t conring_size = 64 << 10;
PARAM_SIZE("conring_size", conring_size, "size of the log kept in memory");

/* Position of the oldest byte there is. */
static uint32_t ring_first(void)
{
	if (ring_end - ring_start > ring_size)
		return ring_end - ring_size;
	return ring_start;
}

void ring_append(const char *s, size_t len)
{
	for (; len; len--, ring_end++)
		ring[ring_end & (ring_size - 1)] = *s++;
	ring_start = ring_first();
}

uint32_t ring_tail(unsigned int lines)
{
	uint32_t pos = ring_end, first = ring_first();

	for (; lines && pos != first; pos--)
		if (ring[(pos - 1) & (ring_size - 1)] == '\n' &&
		    pos != ring_end && --lines == 0)
			break;
	return pos;
}

size_t ring_copy(char *buf, size_t len, uint32_t *pos)
{
	uint32_t first = ring_first();
	size_t n;

	/* Outside of what we have: begin with the oldest. */
	if (ring_end - *pos > ring_end - first)
		*pos = first;
	for (n = 0; n < len && *pos != ring_end; n++, (*pos)++)
		buf[n] = ring[*pos & (ring_size - 1)];
	return n;
}

/**
 * console_ring_read() - copy a part of the log (XEN_SYSCTL_readconsole)
 * @buf:         where to
 * @len:         size of @buf in bytes; may be 0
 * @index:       position behind what was copied, on return
 * @clear:       forget what was copied, and all before it
 * @incremental: begin at *@index, else with the oldest byte; also if those at
 *               *@index are gone, or it is no position
 *
 * A long read is made of several: the first as the caller wants it but without
 * @clear, the others incremental; and one of no bytes with @clear at last.
 *
 * Context: any but NMI.
 * Return: number of bytes copied; less than @len at the end of the log.
 */
size_t console_ring_read(char *buf, size_t len, uint32_t *index, bool clear,
			 bool incremental)
{
	unsigned long flags = console_lock();
	size_t n;

	if (!incremental)
		*index = ring_first();
	n = ring_copy(buf, len, index);
	if (clear)
		ring_start = *index;
	console_unlock(flags);
	return n;
}

static uint32_t wanted_size(void)
{
	uint64_t size = min(max(conring_size, (uint64_t)MIN_SIZE),
			    (uint64_t)MAX_SIZE);

	return 1U << (63 - __builtin_clzl(size));
}

/* What was logged so far moves along. */
void ring_init(void)
{
	uint32_t size = wanted_size(), pos;
	unsigned long flags;
	char *new = kmalloc(size);

	if (!new)
		panic("No memory for a log of %u KiB: lower conring_size=",
		      size >> 10);
	flags = console_lock();
	for (pos = ring_first(); pos != ring_end; pos++)
		new[pos & (size - 1)] = ring[pos & (ring_size - 1)];
	ring = new;
	ring_size = size;
	console_unlock(flags);
}
