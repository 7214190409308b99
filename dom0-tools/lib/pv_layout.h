/* SPDX-License-Identifier: MIT */
/*
 * pv_layout.h - where the parts of a PV guest lie when it starts
 *
 * <xen/xen.h>, "Start-of-day memory layout". Arithmetic on numbers that come
 * from a kernel's notes and from a configuration: nothing is trusted.
 */
#ifndef LODGE_PV_LAYOUT_H
#define LODGE_PV_LAYOUT_H

#include <stdbool.h>
#include <stdint.h>

#define PV_PAGE_SHIFT	12
#define PV_PAGE_SIZE	(1UL << PV_PAGE_SHIFT)

/* What a layout is made for. Addresses are virtual. */
struct pv_wish {
	uint64_t virt_base;	/* of pfn 0 */
	uint64_t start, end;	/* of the kernel */
	uint64_t init_p2m;	/* of the frame list; 0: in the mapping */
	bool mod_start_pfn;	/* the ramdisk need not be mapped */
	uint64_t nr_pages;	/* of the guest's first memory */
	uint64_t ramdisk_bytes;	/* 0: none */
};

/* Pages in a row, and the address that they are mapped at. */
struct pv_area {
	uint64_t pfn, nr;
	uint64_t va;		/* 0: not mapped */
};

struct pv_layout {
	uint64_t v_start, v_end;	/* the first mapping; pfn 0 = v_start */
	struct pv_area ramdisk, frames, start_info, store, console, tables,
		stack;
	struct pv_area frame_tables;	/* those that map frames elsewhere */
	uint64_t min_pages;	/* a guest with less has no room for it all */
};

/**
 * pv_layout() - find a place for everything
 * @l: written
 * @w: what for
 *
 * Pure arithmetic. The guest can be built if l->min_pages <= w->nr_pages.
 *
 * Return: NULL; or why there is none, to stand behind "the kernel ".
 */
const char *pv_layout(struct pv_layout *l, const struct pv_wish *w);

/* Page tables below the root that map [start, end): L3, L2 and L1 together. */
uint64_t pv_tables_for(uint64_t start, uint64_t end);

/**
 * pv_tables() - the first page tables of a guest
 * @l:     from pv_layout()
 * @mfns:  of all its pfns
 * @table: gives the page of a table, which is zeroed, by pfn
 * @arg:   for @table
 *
 * Tables are mapped read-only, all else read-write. L4 is l->tables' first.
 */
void pv_tables(const struct pv_layout *l, const uint64_t *mfns,
	       uint64_t *(*table)(void *arg, uint64_t pfn), void *arg);

#endif
