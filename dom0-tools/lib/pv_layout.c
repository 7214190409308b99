/* SPDX-License-Identifier: MIT */
/*
 * pv_layout.c - where the parts of a PV guest lie, and its first page tables
 *
 * <xen/xen.h>, "Start-of-day memory layout": kernel, ramdisk, list of frames,
 * start_info, the rings of store and console, page tables, stack, at least
 * 512 KiB of room: all in one mapping that ends on a 4 MiB boundary. Ramdisk
 * and list of frames lie behind it if the kernel's notes allow that.
 */
#include "pv_layout.h"

#include <string.h>

#define L1_SPAN		(1UL << 21)
#define L2_SPAN		(1UL << 30)
#define L3_SPAN		(1UL << 39)
#define ROOM		(512UL << 10)
#define END_ALIGN	(4UL << 20)

/* Addresses that a 64-bit PV guest may use: <xen/arch-x86/xen-x86_64.h>. */
#define LOW_END		(1UL << 47)
#define HIGH_START	0xffff880000000000UL

/* More than any guest: what is added to addresses cannot overflow. */
#define MOST_PAGES	(1UL << 34)
#define MOST_BYTES	(MOST_PAGES << PV_PAGE_SHIFT)

#define PTE_PRESENT	(1UL << 0)
#define PTE_WRITE	(1UL << 1)
#define PTE_USER	(1UL << 2)
#define PTE_ACCESSED	(1UL << 5)
#define PTE_DIRTY	(1UL << 6)
/* No leaf is marked as the user's: what is mapped here is the kernel's. */
#define LEAF		(PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY)
#define TABLE		(LEAF | PTE_USER | PTE_WRITE)
#define ENTRIES		512

static const char no_room[] =
	"has no room behind its addresses for its ramdisk and list of frames";

static uint64_t align_up(uint64_t n, uint64_t unit)
{
	return (n + unit - 1) & ~(unit - 1);
}

static uint64_t pages_of(uint64_t bytes)
{
	return align_up(bytes, PV_PAGE_SIZE) >> PV_PAGE_SHIFT;
}

static uint64_t units(uint64_t start, uint64_t end, uint64_t span)
{
	return (end - 1) / span - start / span + 1;
}

uint64_t pv_tables_for(uint64_t start, uint64_t end)
{
	if (start == end)
		return 0;
	return units(start, end, L1_SPAN) + units(start, end, L2_SPAN) +
	       units(start, end, L3_SPAN);
}

/* The end of the half of the address space that @va is in, or 0: neither. */
static uint64_t end_of_half(uint64_t va)
{
	if (va < LOW_END)
		return LOW_END;
	/* The last page is nobody's, so that ends do not wrap. */
	return va >= HIGH_START ? -PV_PAGE_SIZE : 0;
}

/* The next @nr pages of the first mapping. */
static struct pv_area take(const struct pv_layout *l, uint64_t *pfn,
			   uint64_t nr)
{
	struct pv_area area = {
		.pfn = *pfn,
		.nr = nr,
		.va = l->v_start + (*pfn << PV_PAGE_SHIFT),
	};

	*pfn += nr;
	return area;
}

/*
 * The tables map themselves too, so that their number and the end of the
 * mapping depend on each other: grow until they agree.
 */
static void place_tables(struct pv_layout *l, uint64_t first)
{
	uint64_t pfn, nr = 1;

	for (;;) {
		pfn = first;
		l->tables = take(l, &pfn, nr);
		l->stack = take(l, &pfn, 1);
		l->v_end = align_up(l->stack.va + PV_PAGE_SIZE + ROOM,
				    END_ALIGN);
		nr = 1 + pv_tables_for(l->v_start, l->v_end);
		if (nr == l->tables.nr)
			return;
	}
}

/* Slots of the root that the first mapping and the list of frames are in. */
static bool share_a_slot(const struct pv_layout *l, uint64_t start,
			 uint64_t end)
{
	return start / L3_SPAN <= (l->v_end - 1) / L3_SPAN &&
	       (end - 1) / L3_SPAN >= l->v_start / L3_SPAN;
}

/* The list of frames at an address of its own, with tables of its own. */
static const char *place_frames(struct pv_layout *l, uint64_t va, uint64_t nr,
				uint64_t *pfn)
{
	uint64_t limit = end_of_half(va), bytes = nr << PV_PAGE_SHIFT;

	if (va & (PV_PAGE_SIZE - 1) || limit < va || limit - va < bytes ||
	    share_a_slot(l, va, va + bytes))
		return "wants its list of frames where something else lies";
	l->frames = (struct pv_area){.pfn = *pfn, .nr = nr, .va = va};
	*pfn += nr;
	l->frame_tables.pfn = *pfn;
	l->frame_tables.nr = pv_tables_for(va, va + bytes);
	*pfn += l->frame_tables.nr;
	return NULL;
}

/* Does all of it lie in one half, with room for tables behind @pages? */
static bool fits(const struct pv_layout *l, uint64_t pages)
{
	uint64_t limit = end_of_half(l->v_start);
	uint64_t bytes = pages << PV_PAGE_SHIFT;

	return limit > l->v_start &&
	       bytes + bytes / 256 + 2 * END_ALIGN < limit - l->v_start;
}

static const char *check(const struct pv_wish *w)
{
	if (w->virt_base & (PV_PAGE_SIZE - 1) || !end_of_half(w->virt_base))
		return "begins at an address that no guest can use";
	if (w->start < w->virt_base || w->end <= w->start)
		return "does not lie behind its own first address";
	if (w->nr_pages > MOST_PAGES || w->ramdisk_bytes > MOST_BYTES ||
	    w->end - w->virt_base > MOST_BYTES)
		return no_room;
	return NULL;
}

const char *pv_layout(struct pv_layout *l, const struct pv_wish *w)
{
	const char *wrong = check(w);
	uint64_t frames, ramdisk, pfn;

	if (wrong)
		return wrong;
	frames = pages_of(w->nr_pages * sizeof(uint64_t));
	ramdisk = pages_of(w->ramdisk_bytes);
	memset(l, 0, sizeof(*l));
	l->v_start = w->virt_base;
	pfn = pages_of(w->end - w->virt_base);
	if (!fits(l, pfn + frames + ramdisk))
		return no_room;
	if (!w->mod_start_pfn)
		l->ramdisk = take(l, &pfn, ramdisk);
	if (!w->init_p2m)
		l->frames = take(l, &pfn, frames);
	l->start_info = take(l, &pfn, 1);
	l->store = take(l, &pfn, 1);
	l->console = take(l, &pfn, 1);
	place_tables(l, pfn);
	pfn = (l->v_end - l->v_start) >> PV_PAGE_SHIFT;
	if (w->init_p2m)
		wrong = place_frames(l, w->init_p2m, frames, &pfn);
	if (w->mod_start_pfn) {
		l->ramdisk = (struct pv_area){.pfn = pfn, .nr = ramdisk};
		pfn += ramdisk;
	}
	l->min_pages = pfn;
	return wrong;
}

/* ---- page tables -------------------------------------------------------- */

struct tables {
	const struct pv_layout *l;
	const uint64_t *mfns;
	uint64_t *(*table)(void *arg, uint64_t pfn);
	void *arg;
	/* The tables on the way down to the page before: L4, L3, L2, L1. */
	uint64_t *way[4];
	uint64_t next;		/* pfn of the next table */
};

static const unsigned int shifts[] = {39, 30, 21, PV_PAGE_SHIFT};

static bool within(const struct pv_area *area, uint64_t pfn)
{
	return pfn - area->pfn < area->nr;
}

/* A new table for entry @va of the one at @level. */
static void grow(struct tables *t, unsigned int level, uint64_t va)
{
	uint64_t *entry = &t->way[level][va >> shifts[level] & (ENTRIES - 1)];

	*entry = t->mfns[t->next] << PV_PAGE_SHIFT | TABLE;
	t->way[level + 1] = t->table(t->arg, t->next++);
}

static void map(struct tables *t, const struct pv_area *area)
{
	uint64_t i, va = area->va, flags;
	unsigned int level;

	for (i = 0; i < area->nr; i++, va += PV_PAGE_SIZE) {
		/* In order: a table is new where its first entry is met. */
		for (level = 0; level < 3; level++)
			if (!i || !(va & ((1UL << shifts[level]) - 1)))
				grow(t, level, va);
		flags = within(&t->l->tables, area->pfn + i) ||
				within(&t->l->frame_tables, area->pfn + i)
			? LEAF : LEAF | PTE_WRITE;
		t->way[3][va >> PV_PAGE_SHIFT & (ENTRIES - 1)] =
			t->mfns[area->pfn + i] << PV_PAGE_SHIFT | flags;
	}
}

void pv_tables(const struct pv_layout *l, const uint64_t *mfns,
	       uint64_t *(*table)(void *arg, uint64_t pfn), void *arg)
{
	const struct pv_area first = {
		.nr = (l->v_end - l->v_start) >> PV_PAGE_SHIFT,
		.va = l->v_start,
	};
	struct tables t = {
		.l = l, .mfns = mfns, .table = table, .arg = arg,
		.next = l->tables.pfn + 1,
	};

	t.way[0] = table(arg, l->tables.pfn);
	map(&t, &first);
	if (!l->frame_tables.nr)
		return;
	t.next = l->frame_tables.pfn;
	map(&t, &l->frames);
}
