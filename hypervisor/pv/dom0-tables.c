/* SPDX-License-Identifier: MIT */
/*
 * dom0-tables.c - Dom0's first page tables
 *
 * Written with plain stores into frames that have no type yet; promotion then
 * checks them as it checks any guest's (pv-memory rule 12). Tables are mapped
 * read-only, everything else read-write; all of it is the kernel's, so that no
 * leaf is marked as the user's, which would make it global (mm-entry.c).
 */
#include "dom0.h"

#include <lodge/bug.h>
#include <lodge/lib.h>

#define TABLE_FLAGS (PTE_PRESENT | PTE_RW | PTE_USER | PTE_ACCESSED | PTE_DIRTY)
#define LEAF_FLAGS  (PTE_PRESENT | PTE_ACCESSED | PTE_DIRTY)

static uint64_t *new_table(struct dom0_build *b, uint64_t *entry)
{
	uint64_t pfn = b->next_table++;
	uint64_t *table;

	BUG_ON(pfn >= b->end_table);
	table = dom0_pfn_to_virt(b, pfn);
	memset(table, 0, PAGE_SIZE);
	*entry = b->p2m[pfn] << PAGE_SHIFT | TABLE_FLAGS;
	return table;
}

static uint64_t *table_below(struct dom0_build *b, uint64_t *table,
			     uint64_t va, unsigned int shift)
{
	uint64_t *entry = &table[va >> shift & 511];

	if (!(*entry & PTE_PRESENT))
		return new_table(b, entry);
	return mfn_to_virt(MFN((*entry & PTE_ADDR_MASK) >> PAGE_SHIFT));
}

static bool is_table(const struct dom0_build *b, uint64_t pfn)
{
	return pfn - b->l.table_pfn < b->l.nr_tables ||
	       (b->l.nr_p2m_tables &&
		pfn - b->l.p2m_table_pfn < b->l.nr_p2m_tables);
}

static void map_page(struct dom0_build *b, uint64_t va, uint64_t pfn)
{
	uint64_t *table = mfn_to_virt(b->root);
	uint64_t flags = LEAF_FLAGS | (is_table(b, pfn) ? 0 : PTE_RW);

	table = table_below(b, table, va, 39);
	table = table_below(b, table, va, 30);
	table = table_below(b, table, va, 21);
	table[va >> PAGE_SHIFT & 511] = b->p2m[pfn] << PAGE_SHIFT | flags;
}

static void map_range(struct dom0_build *b, uint64_t va, uint64_t pfn,
		      uint64_t pages)
{
	for (; pages; pages--, pfn++, va += PAGE_SIZE)
		map_page(b, va, pfn);
}

void dom0_build_tables(struct dom0_build *b)
{
	const struct dom0_layout *l = &b->l;

	b->next_table = l->table_pfn;
	b->end_table = l->table_pfn + l->nr_tables;
	b->root = MFN(b->p2m[b->next_table++]);
	memset(mfn_to_virt(b->root), 0, PAGE_SIZE);
	map_range(b, l->v_start, 0, (l->v_end - l->v_start) >> PAGE_SHIFT);
	if (!b->img.init_p2m)
		return;
	b->next_table = l->p2m_table_pfn;
	b->end_table = l->p2m_table_pfn + l->nr_p2m_tables;
	map_range(b, l->p2m_va, l->p2m_pfn, l->p2m_pages);
}
