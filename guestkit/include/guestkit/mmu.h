/* SPDX-License-Identifier: MIT */
/*
 * mmu.h - page tables of a PV guest
 *
 * Levels are 1 (leaf) to 4 (root). Tables are read through the guest's own
 * read-only mapping of them and written by hypercall.
 */
#ifndef GUESTKIT_MMU_H
#define GUESTKIT_MMU_H

#include <guestkit/page.h>

#define PTE_PRESENT  (1UL << 0)
#define PTE_WRITE    (1UL << 1)
#define PTE_USER     (1UL << 2)
#define PTE_PWT	     (1UL << 3)
#define PTE_PCD	     (1UL << 4)
#define PTE_ACCESSED (1UL << 5)
#define PTE_DIRTY    (1UL << 6)
#define PTE_PAT	     (1UL << 7) /* in a leaf */
#define PTE_PSE	     (1UL << 7) /* above it */
#define PTE_GLOBAL   (1UL << 8)
#define PTE_AVAIL    (7UL << 9)
#define PTE_NX	     (1UL << 63)

#define PTE_MFN_MASK 0x000ffffffffff000UL

#define PTE_RO	   (PTE_PRESENT | PTE_USER | PTE_ACCESSED)
#define PTE_KERNEL (PTE_RO | PTE_WRITE | PTE_DIRTY)
#define PTE_TABLE  (PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED)

/* The root that the kernel runs on. */
extern unsigned long mmu_root_mfn;

void mmu_set_up(void);

static inline uint64_t pte_make(unsigned long mfn, uint64_t flags)
{
	return ((uint64_t)mfn << PAGE_SHIFT) | flags;
}

static inline unsigned long pte_mfn(uint64_t pte)
{
	return (pte & PTE_MFN_MASK) >> PAGE_SHIFT;
}

static inline unsigned int table_index(const void *virt, unsigned int level)
{
	return ((unsigned long)virt >> (PAGE_SHIFT + 9 * (level - 1))) & 511;
}

/* The entry for @virt at @level, or NULL where a level above is missing. */
volatile uint64_t *pte_lookup(const void *virt, unsigned int level);
/* Its value, 0 where there is none. */
uint64_t pte_read(const void *virt, unsigned int level);
/* Its machine address, 0 where there is none. */
uint64_t pte_machine(const void *virt, unsigned int level);

/* One mmu_update of this domain. Return: as the call. */
long pte_update(uint64_t machine, uint64_t value);

/**
 * pte_update_op() - one mmu_update with everything to choose
 * @op: MMU_*
 * @done: how many were done is stored here, unless NULL
 */
long pte_update_op(uint64_t machine, uint64_t value, unsigned int op,
		   unsigned int *done, unsigned int foreigndom);

/* One mmuext_op of this domain. Return: as the call. */
long mmuext(unsigned int cmd, unsigned long arg1, unsigned long arg2);

/* Map the page of the guest's own memory @page read-only or writable. */
long page_protect(void *page, bool writable);

/* update_va_mapping with a local INVLPG. */
long page_map(void *virt, uint64_t pte);

/**
 * range_map() - make tables for @virt as needed, then map it
 *
 * For addresses outside of the builder's mapping.
 * Return: 0; -ENOMEM; or the errno of the refused update.
 */
long range_map(void *virt, uint64_t pte);

/**
 * table_alloc() - a zeroed page that is mapped read-only, to become a table
 *
 * table_free() takes it back once it has no table type any more.
 */
uint64_t *table_alloc(void);
void table_free(uint64_t *table);
/* Set an entry while the page is no table yet: maps it writable meanwhile. */
void table_set(uint64_t *table, unsigned int index, uint64_t value);

/* Map the shared page where shared_info points. */
long shared_info_map(void);

#endif /* GUESTKIT_MMU_H */
