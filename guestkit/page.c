/* SPDX-License-Identifier: MIT */
/*
 * page.c - the guest's own pages
 *
 * Not locked: only the first vCPU allocates.
 */
#include <guestkit/page.h>
#include <guestkit/guest.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>

#define PAGES_PER_TABLE 512

unsigned long *p2m;

/* Never given out so far: [next_pfn, mapped_pfn). */
static unsigned long next_pfn, mapped_pfn;
/* Given back, linked by their first word. */
static void **free_list;
/* Put by for the next 2 MiB. */
static void *spare_table;

static bool holds_p2m(unsigned long pfn)
{
	return pfn >= start_info->first_p2m_pfn &&
	       pfn < start_info->first_p2m_pfn + start_info->nr_p2m_frames;
}

static void *take_next(void)
{
	while (next_pfn < mapped_pfn && holds_p2m(next_pfn))
		next_pfn++;
	if (next_pfn >= mapped_pfn)
		return NULL;
	return pfn_to_virt(next_pfn++);
}

/* Behind the page tables lies the bootstrap stack, and that is the last. */
void page_set_up(void)
{
	p2m = (unsigned long *)start_info->mfn_list;
	mmu_set_up();
	next_pfn = virt_to_pfn((void *)start_info->pt_base) +
		   start_info->nr_pt_frames + 1;
	mapped_pfn = next_pfn;
	while (mapped_pfn < start_info->nr_pages &&
	       pte_read(pfn_to_virt(mapped_pfn), 1) & PTE_PRESENT)
		mapped_pfn++;
	spare_table = take_next();
}

/* The last page of the builder's part need not end a table. */
static bool map_more(void)
{
	unsigned long pfn = mapped_pfn, end;
	uint64_t *table = spare_table;

	if (!table || pfn % PAGES_PER_TABLE || pfn >= start_info->nr_pages)
		return false;
	memset(table, 0, PAGE_BYTES);
	end = pfn + PAGES_PER_TABLE;
	if (end > start_info->nr_pages)
		end = start_info->nr_pages;
	for (; pfn < end; pfn++) {
		if (!holds_p2m(pfn))
			table[pfn % PAGES_PER_TABLE] =
				pte_make(p2m[pfn], PTE_KERNEL);
	}
	if (page_protect(table, false) ||
	    pte_update(pte_machine(pfn_to_virt(mapped_pfn), 2),
		       pte_make(virt_to_mfn(table), PTE_TABLE)))
		return false;
	mapped_pfn = end;
	spare_table = take_next();
	return true;
}

void *page_alloc(void)
{
	void *page;

	if (free_list) {
		page = free_list;
		free_list = *free_list;
	} else {
		page = take_next();
		if (!page && map_more())
			page = take_next();
	}
	if (page)
		memset(page, 0, PAGE_BYTES);
	return page;
}

void *page_alloc_many(unsigned int nr)
{
	unsigned long first = next_pfn, pfn;

	for (pfn = first; pfn < first + nr; pfn++) {
		if (holds_p2m(pfn))
			first = pfn + 1;
	}
	if (first + nr > mapped_pfn)
		return NULL;
	next_pfn = first + nr;
	return memset(pfn_to_virt(first), 0, nr * PAGE_BYTES);
}

void page_free(void *page)
{
	*(void ***)page = free_list;
	free_list = page;
}
