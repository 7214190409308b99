/* SPDX-License-Identifier: MIT */
/*
 * page.h - the guest's own pages, and the three ways to name one
 *
 * pfn: the guest's own count; mfn: the machine's; virt: VIRT_BASE + pfn.
 * Pages come from behind the bootstrap elements; when the part that the
 * builder mapped is used up, more is mapped, one new L1 table per 2 MiB.
 */
#ifndef GUESTKIT_PAGE_H
#define GUESTKIT_PAGE_H

#include <guestkit/xen.h>

#define PAGE_SHIFT 12
#define PAGE_BYTES 4096UL
#define VIRT_BASE  0xffffffff80000000UL
#define NO_MFN	   (~0UL)

/* The list that start_info names; start_info->nr_pages entries. */
extern unsigned long *p2m;

void page_set_up(void);

/* A zeroed page, writable, or NULL. */
void *page_alloc(void);
/* Consecutive in pfn and virt, not in mfn. From the builder's part only. */
void *page_alloc_many(unsigned int nr);
/* The page must be writable again and of no use to the hypervisor. */
void page_free(void *page);

static inline unsigned long virt_to_pfn(const void *virt)
{
	return ((unsigned long)virt - VIRT_BASE) >> PAGE_SHIFT;
}

static inline void *pfn_to_virt(unsigned long pfn)
{
	return (void *)(VIRT_BASE + (pfn << PAGE_SHIFT));
}

static inline unsigned long virt_to_mfn(const void *virt)
{
	return p2m[virt_to_pfn(virt)];
}

/* A machine address, offset in the page included. */
static inline uint64_t virt_to_machine(const void *virt)
{
	return (virt_to_mfn(virt) << PAGE_SHIFT) |
	       ((unsigned long)virt & (PAGE_BYTES - 1));
}

/* From the machine-to-physical table; may fault where there is no frame. */
static inline unsigned long mfn_to_pfn(unsigned long mfn)
{
	return machine_to_phys_mapping[mfn];
}

static inline void *mfn_to_virt(unsigned long mfn)
{
	return pfn_to_virt(mfn_to_pfn(mfn));
}

#endif /* GUESTKIT_PAGE_H */
