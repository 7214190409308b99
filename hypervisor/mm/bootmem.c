/* SPDX-License-Identifier: MIT */
/*
 * bootmem.c - memory while there is no allocator yet
 *
 * A sorted array of free ranges of frames, cut from above so that low memory
 * stays for those who need it. What is left goes to the buddy allocator and
 * the array is forgotten. Boot CPU only: no locks.
 */
#include "private.h"

#include <lodge/bug.h>

static void range_remove(struct bootmem *bm, unsigned int i)
{
	bm->nr--;
	for (; i < bm->nr; i++)
		bm->ranges[i] = bm->ranges[i + 1];
}

static void range_insert(struct bootmem *bm, unsigned int at, uint64_t start,
			 uint64_t end)
{
	unsigned int i;

	if (bm->nr == BOOTMEM_MAX_RANGES)
		panic("The memory map has too many pieces: update the "
		      "machine's firmware");
	for (i = bm->nr++; i > at; i--)
		bm->ranges[i] = bm->ranges[i - 1];
	bm->ranges[at] = (struct mfn_range){ start, end };
}

/* Takes [start, end), which overlaps it, out of range @i. */
static void range_cut(struct bootmem *bm, unsigned int i, uint64_t start,
		      uint64_t end)
{
	struct mfn_range old = bm->ranges[i];

	range_remove(bm, i);
	if (end < old.end)
		range_insert(bm, i, end, old.end);
	if (old.start < start)
		range_insert(bm, i, old.start, start);
}

/**
 * bootmem_init() - collect the memory that the loader's map names
 * @bm:    filled in
 * @bi:    the map, sorted and without overlap
 * @limit: frames at or above this one are left out
 */
void bootmem_init(struct bootmem *bm, const struct boot_info *bi,
		  uint64_t limit)
{
	unsigned int i;

	bm->nr = 0;
	for (i = 0; i < bi->nr_ranges; i++) {
		const struct mem_range *r = &bi->ranges[i];
		uint64_t start = DIV_ROUND_UP(r->start, PAGE_SIZE);
		uint64_t end = min((r->start + r->size) / PAGE_SIZE, limit);

		if (r->kind == MEM_RAM && start < end)
			range_insert(bm, bm->nr, start, end);
	}
}

/**
 * bootmem_reserve() - take frames out of the free ranges
 * @bm:    the ranges
 * @start: first frame
 * @end:   frame behind the last; parts that are not free are ignored
 */
void bootmem_reserve(struct bootmem *bm, uint64_t start, uint64_t end)
{
	unsigned int i;

	/* Downward: cutting @i moves only what lies behind it. */
	for (i = bm->nr; i-- > 0;)
		if (bm->ranges[i].start < end && start < bm->ranges[i].end)
			range_cut(bm, i, start, end);
}

/**
 * bootmem_alloc() - take aligned frames, the highest that fit
 * @bm:    the ranges
 * @nr:    number of adjoining frames
 * @align: alignment in frames, a power of two
 * @limit: all of them lie below this frame
 *
 * Return: the first frame; 0 (which is never free) if there are none.
 */
uint64_t bootmem_alloc(struct bootmem *bm, uint64_t nr, uint64_t align,
		       uint64_t limit)
{
	unsigned int i;

	for (i = bm->nr; i-- > 0;) {
		uint64_t end = min(bm->ranges[i].end, limit);
		uint64_t start;

		if (end < nr)
			continue;
		start = ALIGN_DOWN(end - nr, align);
		if (start && start >= bm->ranges[i].start) {
			range_cut(bm, i, start, start + nr);
			return start;
		}
	}
	return 0;
}
