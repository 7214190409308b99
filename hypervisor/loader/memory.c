/* SPDX-License-Identifier: MIT */
/*
 * memory.c - memory for the loader stage, while nobody manages any
 *
 * The loader's map says where RAM is; the image, the modules and what was
 * found before are in use. Only what the early page tables map is asked for.
 * No state: a piece is in use for as long as the caller says so.
 */
#include "private.h"

#include <lodge/boot.h>
#include <lodge/layout.h>

#define LOW_END		0x100000UL		/* firmware's data below */
#define MAPPED_END	(1UL << 32)

/* Everything that must stay: image, modules, then the caller's. */
static bool __init busy_span(const struct boot_info *bi,
			     const struct span *taken, unsigned int nr_taken,
			     unsigned int i, struct span *s)
{
	if (i == 0) {
		s->start = IMAGE_PHYS_BASE;
		s->size = (uint64_t)(image_end - image_start);
		return true;
	}
	i--;
	if (i < bi->nr_modules) {
		s->start = bi->modules[i].start;
		s->size = bi->modules[i].size;
		return true;
	}
	i -= bi->nr_modules;
	if (i >= nr_taken)
		return false;
	*s = taken[i];
	return true;
}

/*
 * The highest free piece of [start, end): moved down below each span that is
 * in its way until there is none.
 */
static bool __init find_in_range(const struct boot_info *bi,
				 const struct span *taken,
				 unsigned int nr_taken, uint64_t start,
				 uint64_t end, uint64_t size, uint64_t *found)
{
	struct span s;
	unsigned int i;

	for (i = 0; end >= size && end - size >= start;) {
		if (!busy_span(bi, taken, nr_taken, i, &s)) {
			*found = end - size;
			return true;
		}
		i++;
		if (s.start < end && s.start + s.size > end - size) {
			end = ALIGN_DOWN(s.start, PAGE_SIZE);
			i = 0;
		}
	}
	return false;
}

/**
 * loader_find_memory() - find free memory that is mapped already
 * @bi:       memory map (sorted, without overlap) and modules
 * @taken:    more pieces that are in use
 * @nr_taken: how many
 * @size:     bytes, not zero
 * @start:    physical address of the piece, on a page; written on success
 *
 * The highest that there is, since low memory is scarcer.
 *
 * Context: boot CPU, before mm_init().
 * Return: true; false: no piece of that size.
 */
bool __init loader_find_memory(const struct boot_info *bi,
			       const struct span *taken, unsigned int nr_taken,
			       uint64_t size, uint64_t *start)
{
	uint64_t from, to;
	unsigned int i;

	size = ALIGN_UP(size, PAGE_SIZE);
	for (i = bi->nr_ranges; i-- > 0;) {
		const struct mem_range *r = &bi->ranges[i];

		from = max(ALIGN_UP(r->start, PAGE_SIZE), LOW_END);
		to = ALIGN_DOWN(min(r->start + r->size, MAPPED_END), PAGE_SIZE);
		if (r->kind == MEM_RAM && from < to &&
		    find_in_range(bi, taken, nr_taken, from, to, size, start))
			return true;
	}
	return false;
}
