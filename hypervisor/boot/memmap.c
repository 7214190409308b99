/* SPDX-License-Identifier: MIT */
/*
 * memmap.c - make a clean memory map of what the firmware says
 *
 * Firmware's maps overlap, touch, come in any order and contain empty or
 * endless entries. The result is sorted, without overlap, and neighbours of
 * one kind are one range.
 *
 * Context: boot CPU only, no locks.
 */
#include <lodge/boot.h>
#include <lodge/lib.h>

#define MAX_EDGES	(2 * BOOT_MAX_RANGES)
#define MAX_ADDRESS	(1UL << 52)

static uint64_t edges[MAX_EDGES] __initdata = { 0 };
static struct mem_range input[BOOT_MAX_RANGES] __initdata = { { 0 } };

/* The greater number wins where ranges overlap. */
static unsigned int __init severity(uint32_t kind)
{
	switch (kind) {
	case MEM_RAM:
		return 1;
	case MEM_ACPI:
		return 2;
	case MEM_NVS:
		return 3;
	case MEM_UNUSABLE:
		return 5;
	}
	return 4;		/* reserved, and whatever we do not know */
}

static uint32_t __init known_kind(uint32_t kind)
{
	return kind >= MEM_RAM && kind <= MEM_UNUSABLE ? kind : MEM_RESERVED;
}

static void __init sort_edges(unsigned int nr)
{
	unsigned int i, j;

	for (i = 1; i < nr; i++)
		for (j = i; j && edges[j - 1] > edges[j]; j--)
			swap(edges[j - 1], edges[j]);
}

/* Cuts at the end of the address space; drops empty ones. */
static unsigned int __init take_input(const struct mem_range *r,
				      unsigned int nr)
{
	unsigned int i, n = 0;
	uint64_t end;

	for (i = 0; i < nr && n < BOOT_MAX_RANGES; i++) {
		if (!r[i].size || r[i].start >= MAX_ADDRESS)
			continue;
		if (__builtin_add_overflow(r[i].start, r[i].size, &end) ||
		    end > MAX_ADDRESS)
			end = MAX_ADDRESS;
		input[n].start = r[i].start;
		input[n].size = end - r[i].start;
		input[n].kind = known_kind(r[i].kind);
		edges[2 * n] = r[i].start;
		edges[2 * n + 1] = end;
		n++;
	}
	return n;
}

/* What lies at an address; 0: nothing. */
static uint32_t __init kind_at(uint64_t addr, unsigned int nr)
{
	uint32_t kind = 0;
	unsigned int i;

	for (i = 0; i < nr; i++)
		if (addr - input[i].start < input[i].size &&
		    (!kind || severity(input[i].kind) > severity(kind)))
			kind = input[i].kind;
	return kind;
}

/* Appends to the result of @nr ranges; returns how many there are then. */
static unsigned int __init append(struct mem_range *r, unsigned int nr,
				  unsigned int max, uint64_t start,
				  uint64_t end, uint32_t kind)
{
	struct mem_range *last = nr ? &r[nr - 1] : NULL;

	if (last && last->kind == kind && last->start + last->size == start) {
		last->size += end - start;
		return nr;
	}
	if (nr == max)
		return nr;
	r[nr] = (struct mem_range){ start, end - start, kind };
	return nr + 1;
}

/**
 * memmap_sanitize() - sort a map, resolve overlaps, join neighbours
 * @r:   the map, changed in place; room for @max ranges
 * @nr:  ranges in it, at most BOOT_MAX_RANGES
 * @max: ranges it may have afterwards
 *
 * Where ranges overlap the more restrictive kind wins: unusable, reserved
 * (unknown kinds too), ACPI NVS, ACPI, RAM. What does not fit is left out,
 * which is safe: memory in no range is not used.
 *
 * Context: at boot.
 * Return: number of ranges.
 */
unsigned int __init memmap_sanitize(struct mem_range *r, unsigned int nr,
				    unsigned int max)
{
	unsigned int n = take_input(r, nr), out = 0, i;

	sort_edges(2 * n);
	for (i = 1; i < 2 * n; i++) {
		uint32_t kind = kind_at(edges[i - 1], n);

		if (kind && edges[i - 1] < edges[i])
			out = append(r, out, max, edges[i - 1], edges[i],
				     kind);
	}
	return out;
}
