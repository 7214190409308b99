/* SPDX-License-Identifier: MIT */
/*
 * mmu.c - page tables of a PV guest
 */
#include <guestkit/mmu.h>
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/trap.h>

unsigned long mmu_root_mfn;
struct shared_info *shared_info;

static uint8_t shared_info_page[PAGE_BYTES]
	__attribute__((aligned(PAGE_BYTES)));

void mmu_set_up(void)
{
	mmu_root_mfn = virt_to_mfn((void *)start_info->pt_base);
}

volatile uint64_t *pte_lookup(const void *virt, unsigned int level)
{
	unsigned long mfn = mmu_root_mfn;
	unsigned int at;

	for (at = 4;; at--) {
		volatile uint64_t *entry = mfn_to_virt(mfn);

		entry += table_index(virt, at);
		if (at == level)
			return entry;
		if (!(*entry & PTE_PRESENT) || *entry & PTE_PSE)
			return NULL;
		mfn = pte_mfn(*entry);
	}
}

uint64_t pte_read(const void *virt, unsigned int level)
{
	volatile uint64_t *entry = pte_lookup(virt, level);

	return entry ? *entry : 0;
}

uint64_t pte_machine(const void *virt, unsigned int level)
{
	volatile uint64_t *entry = pte_lookup(virt, level);

	return entry ? virt_to_machine((void *)entry) : 0;
}

long pte_update_op(uint64_t machine, uint64_t value, unsigned int op,
		   unsigned int *done, unsigned int foreigndom)
{
	struct mmu_update update = {.ptr = machine | op, .val = value};

	return HYPERVISOR_mmu_update(&update, 1, done, foreigndom);
}

long pte_update(uint64_t machine, uint64_t value)
{
	return pte_update_op(machine, value, MMU_NORMAL_PT_UPDATE, NULL,
			     DOMID_SELF);
}

long mmuext(unsigned int cmd, unsigned long arg1, unsigned long arg2)
{
	struct mmuext_op op = {
		.cmd = cmd,
		.arg1.linear_addr = arg1,
		.arg2.src_mfn = arg2,
	};

	return HYPERVISOR_mmuext_op(&op, 1, NULL, DOMID_SELF);
}

long page_map(void *virt, uint64_t pte)
{
	return HYPERVISOR_update_va_mapping((unsigned long)virt, pte,
					    UVMF_INVLPG | UVMF_LOCAL);
}

long page_protect(void *page, bool writable)
{
	return page_map(page, pte_make(virt_to_mfn(page),
				       writable ? PTE_KERNEL : PTE_RO));
}

uint64_t *table_alloc(void)
{
	uint64_t *table = page_alloc();

	if (table && page_protect(table, false))
		return NULL;
	return table;
}

void table_free(uint64_t *table)
{
	if (!page_protect(table, true))
		page_free(table);
}

void table_set(uint64_t *table, unsigned int index, uint64_t value)
{
	if (!page_protect(table, true)) {
		table[index] = value;
		page_protect(table, false);
	}
}

long range_map(void *virt, uint64_t pte)
{
	unsigned int level;

	for (level = 4; level > 1; level--) {
		uint64_t *table;
		long rc;

		if (pte_read(virt, level) & PTE_PRESENT)
			continue;
		table = table_alloc();
		if (!table)
			return -ENOMEM;
		rc = pte_update(pte_machine(virt, level),
				pte_make(virt_to_mfn(table), PTE_TABLE));
		if (rc)
			return rc;
	}
	return pte_update(pte_machine(virt, 1), pte);
}

long shared_info_map(void)
{
	long rc = page_map(shared_info_page,
			   start_info->shared_info | PTE_KERNEL);

	if (rc)
		return rc;
	shared_info = (struct shared_info *)shared_info_page;
	this_vcpu()->info = &shared_info->vcpu_info[0];
	return 0;
}
