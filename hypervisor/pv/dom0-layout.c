/* SPDX-License-Identifier: MIT */
/*
 * dom0-layout.c - where Dom0's parts lie when it starts
 *
 * <xen/xen.h>, "Start-of-day memory layout": kernel, initrd, frame list,
 * start_info, page tables, stack, at least 512 KiB of room, all in one mapping
 * that ends on a 4 MiB boundary. The initrd and the frame list may lie outside
 * of it if the kernel's notes say so. Arithmetic only.
 */
#include "dom0.h"

#include <lodge/lib.h>

#define L1_SPAN		(1UL << 21)
#define L2_SPAN		(1UL << 30)
#define L3_SPAN		(1UL << 39)
#define ROOM		(512UL << 10)
#define END_ALIGN	(4UL << 20)

static uint64_t units(uint64_t start, uint64_t end, uint64_t span)
{
	return (end - 1) / span - start / span + 1;
}

uint64_t dom0_tables_for(uint64_t start, uint64_t end)
{
	if (start == end)
		return 0;
	return units(start, end, L1_SPAN) + units(start, end, L2_SPAN) +
	       units(start, end, L3_SPAN);
}

/*
 * Do @bytes from the start on, with tables, stack and room behind them, end
 * below the end of the half of the address space that they begin in?
 */
static bool fits(const struct dom0_layout *l, uint64_t bytes)
{
	uint64_t end = l->v_start < HYPERVISOR_VIRT_START ? 1UL << 47 : 0;

	return bytes + bytes / 256 + 2 * END_ALIGN < end - l->v_start;
}

/* Slots of the root that the initial mapping and the frame list are in. */
static bool p2m_overlaps(const struct dom0_layout *l)
{
	uint64_t last = l->p2m_va + l->p2m_pages * PAGE_SIZE - 1;

	return l->p2m_va / L3_SPAN <= (l->v_end - 1) / L3_SPAN &&
	       last / L3_SPAN >= l->v_start / L3_SPAN;
}

static uint64_t pages_of(uint64_t bytes)
{
	return DIV_ROUND_UP(bytes, PAGE_SIZE);
}

/* Takes @bytes from the cursor, whole pages; where they begin. */
static uint64_t take(uint64_t *cursor, uint64_t bytes)
{
	uint64_t at = *cursor;

	*cursor += pages_of(bytes) * PAGE_SIZE;
	return at;
}

/*
 * The tables map themselves too, so that their number and the end of the
 * mapping depend on each other: grow until they agree.
 */
static void place_tables(struct dom0_layout *l, uint64_t cursor)
{
	uint64_t after;

	l->table_va = cursor;
	l->nr_tables = 1;
	for (;;) {
		after = cursor + l->nr_tables * PAGE_SIZE;
		l->stack_va = after;
		l->v_end = ALIGN_UP(after + PAGE_SIZE + ROOM, END_ALIGN);
		if (l->nr_tables == 1 + dom0_tables_for(l->v_start, l->v_end))
			return;
		l->nr_tables = 1 + dom0_tables_for(l->v_start, l->v_end);
	}
}

static uint64_t pfn_at(const struct dom0_layout *l, uint64_t va)
{
	return (va - l->v_start) / PAGE_SIZE;
}

/**
 * dom0_layout() - find a place for everything
 * @l:            written
 * @img:          from dom0_elf_parse()
 * @nr_pages:     what Dom0 shall have
 * @initrd_bytes: 0: none
 *
 * Return: NULL; or a sentence about why there is no such place, to stand
 *         after "Dom0's kernel cannot be used: ".
 */
const char *dom0_layout(struct dom0_layout *l, const struct dom0_image *img,
			uint64_t nr_pages, uint64_t initrd_bytes)
{
	uint64_t cursor = ALIGN_UP(img->end, PAGE_SIZE);
	uint64_t pfn;

	memset(l, 0, sizeof(*l));
	l->nr_pages = nr_pages;
	l->v_start = img->virt_base;
	l->initrd_bytes = initrd_bytes;
	l->initrd_pages = pages_of(initrd_bytes);
	l->p2m_pages = pages_of(nr_pages * sizeof(uint64_t));
	if (!img->mod_start_pfn)
		l->initrd_va = take(&cursor, initrd_bytes);
	if (!img->init_p2m)
		l->p2m_va = take(&cursor, l->p2m_pages * PAGE_SIZE);
	l->start_info_va = take(&cursor, PAGE_SIZE);
	if (!fits(l, cursor - l->v_start))
		return "its addresses leave no room for initrd and frame list: "
		       "give a smaller initrd";
	place_tables(l, cursor);
	l->table_pfn = pfn_at(l, l->table_va);
	l->initrd_pfn = pfn_at(l, l->initrd_va);
	l->p2m_pfn = pfn_at(l, l->p2m_va);
	pfn = pfn_at(l, l->v_end);
	if (img->init_p2m) {
		l->p2m_va = img->init_p2m;
		l->p2m_pfn = pfn;
		l->p2m_table_pfn = pfn + l->p2m_pages;
		if (l->p2m_pages > L3_SPAN / PAGE_SIZE || p2m_overlaps(l))
			return "it wants its frame list where something else "
			       "lies: give another kernel";
		l->nr_p2m_tables = dom0_tables_for(l->p2m_va, l->p2m_va +
						   l->p2m_pages * PAGE_SIZE);
		pfn = l->p2m_table_pfn + l->nr_p2m_tables;
	}
	if (img->mod_start_pfn) {
		l->initrd_pfn = pfn;
		pfn += l->initrd_pages;
	}
	l->min_pages = pfn;
	return NULL;
}
