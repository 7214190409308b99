/* SPDX-License-Identifier: MIT */
/*
 * alternative.c - put the instructions that this processor wants in place
 *
 * Locks: none. The boot CPU patches while no other CPU runs and the image is
 * still writable (mm_init_done() ends that), with interrupts off: what is
 * patched is executed by entries, too.
 */
#include <lodge/alternative.h>

#include <lodge/bug.h>
#include <lodge/lib.h>

#define MAX_NOP 9

/* Intel SDM 2B, "NOP": recommended forms of each length. */
static const uint8_t nops[MAX_NOP + 1][MAX_NOP] = {
	[1] = { 0x90 },
	[2] = { 0x66, 0x90 },
	[3] = { 0x0f, 0x1f, 0x00 },
	[4] = { 0x0f, 0x1f, 0x40, 0x00 },
	[5] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 },
	[6] = { 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00 },
	[7] = { 0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00 },
	[8] = { 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
	[9] = { 0x66, 0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00 },
};

static void fill_with_nops(uint8_t *at, size_t bytes)
{
	size_t n;

	for (; bytes; bytes -= n, at += n) {
		n = min(bytes, (size_t)MAX_NOP);
		memcpy(at, nops[n], n);
	}
}

static void apply(const struct alternative *a)
{
	uint8_t *site = (uint8_t *)((unsigned long)&a->site + (long)a->site);
	const void *with = (void *)((unsigned long)&a->with + (long)a->with);

	BUG_ON(a->with_bytes > a->site_bytes);
	memcpy(site, with, a->with_bytes);
	fill_with_nops(site + a->with_bytes, a->site_bytes - a->with_bytes);
}

/**
 * alternatives_apply() - replace the instructions of some rows
 * @rows:     first row
 * @end:      behind the last row
 * @features: a bit for each ALT_ whose rows shall be applied
 *
 * Context: boot, one CPU, IRQs off. The caller serializes before it relies on
 * a replaced instruction.
 * Return: how many rows were applied.
 */
unsigned int alternatives_apply(const struct alternative *rows,
				const struct alternative *end,
				unsigned long features)
{
	unsigned int applied = 0;

	for (; rows < end; rows++) {
		if (!(features >> rows->feature & 1))
			continue;
		apply(rows);
		applied++;
	}
	return applied;
}
