/* SPDX-License-Identifier: MIT */
/*
 * perdomain.c - the slot of the address space that differs between domains
 *
 * Each vCPU has 32 pages in it: its GDT's frames and, from page 16 on, its
 * LDT's. One L3, one L2 and an L1 for every 16 vCPUs are made when the first of
 * those is; whoever owns a vCPU stores its entries by plain writes.
 *
 * Locks: none. Tables are made while the domain is built or a vCPU created,
 * which d->lock orders, and go with the domain.
 */
#include "private.h"

#include <lodge/bug.h>
#include <lodge/domain.h>
#include <lodge/errno.h>

#define VCPUS_PER_L1	(PTES_PER_TABLE / PERDOMAIN_VCPU_PAGES)
#define LINK_FLAGS	(PTE_PRESENT | PTE_RW | PTE_ACCESSED)

_Static_assert(MAX_VCPUS <= PTES_PER_TABLE * VCPUS_PER_L1, "one L2 is enough");

static uint64_t *entry_table(uint64_t e)
{
	return e & PTE_PRESENT ? mfn_to_virt(MFN((e & PTE_ADDR_MASK) >>
						 PAGE_SHIFT)) :
				 NULL;
}

static uint64_t table_entry(const void *table)
{
	return mfn_x(virt_to_mfn(table)) << PAGE_SHIFT | LINK_FLAGS;
}

/**
 * perdomain_init() - make the tables that all vCPUs share
 * @d: a domain being built
 *
 * Return: 0; -ENOMEM.
 */
int perdomain_init(struct domain *d)
{
	uint64_t *l3 = frames_alloc(0, MEMF_ZERO);
	uint64_t *l2 = frames_alloc(0, MEMF_ZERO);

	if (!l3 || !l2) {
		frames_free(l3, 0);
		frames_free(l2, 0);
		return -ENOMEM;
	}
	l3[0] = table_entry(l2);
	d->perdomain_l3 = l3;
	return 0;
}

/**
 * perdomain_destroy() - free all tables
 * @d: a domain that no CPU has loaded any more; half built or not at all
 */
void perdomain_destroy(struct domain *d)
{
	uint64_t *l2;
	unsigned int i;

	if (!d->perdomain_l3)
		return;
	l2 = entry_table(d->perdomain_l3[0]);
	for (i = 0; i < PTES_PER_TABLE; i++)
		if (l2[i])
			frames_free(entry_table(l2[i]), 0);
	frames_free(l2, 0);
	frames_free(d->perdomain_l3, 0);
	d->perdomain_l3 = NULL;
}

/**
 * perdomain_vcpu_init() - see that a vCPU's 32 pages have a table
 * @d:       the domain, after perdomain_init()
 * @vcpu_id: below MAX_VCPUS
 *
 * Return: 0; -ENOMEM.
 */
int perdomain_vcpu_init(struct domain *d, unsigned int vcpu_id)
{
	uint64_t *l2 = entry_table(d->perdomain_l3[0]), *l1;
	unsigned int slot = vcpu_id / VCPUS_PER_L1;

	BUG_ON(vcpu_id >= MAX_VCPUS);
	if (l2[slot])
		return 0;
	l1 = frames_alloc(0, MEMF_ZERO);
	if (!l1)
		return -ENOMEM;
	WRITE_ONCE(l2[slot], table_entry(l1));
	return 0;
}

/**
 * perdomain_ptes() - the L1 entries of a vCPU's 32 pages
 * @d:       the domain
 * @vcpu_id: one for which perdomain_vcpu_init() has succeeded
 */
uint64_t *perdomain_ptes(struct domain *d, unsigned int vcpu_id)
{
	uint64_t *l2 = entry_table(d->perdomain_l3[0]);
	uint64_t *l1 = entry_table(l2[vcpu_id / VCPUS_PER_L1]);

	BUG_ON(!l1);
	return l1 + vcpu_id % VCPUS_PER_L1 * PERDOMAIN_VCPU_PAGES;
}
