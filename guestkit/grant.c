/* SPDX-License-Identifier: MIT */
/*
 * grant.c - the guest's own grant table, version 1
 */
#include <guestkit/grant.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>

volatile struct grant_entry_v1 *grant_table;

static uint8_t table_page[PAGE_BYTES] __attribute__((aligned(PAGE_BYTES)));

long grant_set_up(void)
{
	xen_pfn_t frame = 0;
	struct gnttab_setup_table setup = {
		.dom = DOMID_SELF,
		.nr_frames = 1,
		.frame_list.p = &frame,
	};
	long rc = HYPERVISOR_grant_table_op(GNTTABOP_setup_table, &setup, 1);

	if (rc || setup.status)
		return rc ? rc : setup.status;
	rc = page_map(table_page, pte_make(frame, PTE_KERNEL));
	if (!rc)
		grant_table = (void *)table_page;
	return rc;
}

void grant_give(grant_ref_t ref, domid_t dom, unsigned long mfn,
		unsigned int flags)
{
	grant_table[ref].domid = dom;
	grant_table[ref].frame = mfn;
	asm volatile("" ::: "memory");
	grant_table[ref].flags = GTF_permit_access | flags;
}

bool grant_take_back(grant_ref_t ref)
{
	uint16_t flags = grant_table[ref].flags;

	do {
		if (flags & (GTF_reading | GTF_writing))
			return false;
	} while (!__atomic_compare_exchange_n(&grant_table[ref].flags, &flags,
					      0, false, __ATOMIC_SEQ_CST,
					      __ATOMIC_SEQ_CST));
	return true;
}
