/* SPDX-License-Identifier: MIT */
/*
 * update.c - mmu_update, update_va_mapping and mmuext_op as calls
 *
 * Their flags, counts and domains; what was done when they fail half-way.
 */
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define NO_SUCH_MFN   0x3ffffffffUL
#define NO_SUCH_DOMID 1234
#define NON_CANONICAL 0x0000900000000000UL
#define NO_TABLE_VA   0x0000100000000000UL
#define BAD_POINTER   ((void *)0x1000)

/* Where QEMU's machines have it; the register in units of 8 bytes. */
#define HPET_FRAME   0xfed00
#define HPET_CONFIG  2
#define HPET_ENABLED 1UL

/* A page at its place in the builder's mapping, to be remapped at will. */
static volatile uint64_t *window;
static void *data;

static bool set_up(void)
{
	if (!window)
		window = page_alloc();
	if (!data)
		data = page_alloc();
	return window && data;
}

static uint64_t entry_to(const void *page, uint64_t flags)
{
	return pte_make(virt_to_mfn(page), flags);
}

static uint64_t own_entry(void)
{
	return entry_to((void *)window, PTE_KERNEL);
}

static uint64_t data_entry(void)
{
	return entry_to(data, PTE_KERNEL);
}

static long map_window(uint64_t pte, unsigned long flags)
{
	return HYPERVISOR_update_va_mapping((unsigned long)window, pte, flags);
}

TEST(va_mapping_flushes)
{
	static const unsigned long flags[] = {
		UVMF_INVLPG | UVMF_LOCAL,
		UVMF_INVLPG | UVMF_ALL,
		UVMF_TLB_FLUSH | UVMF_LOCAL,
		UVMF_TLB_FLUSH | UVMF_ALL,
	};
	unsigned int i;

	REQUIRE(set_up());
	*(volatile uint64_t *)data = 0x1234;
	for (i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		*window = 0x5678;
		CHECK_EQ(map_window(data_entry(), flags[i]), 0);
		CHECK_EQ(*window, 0x1234);
		CHECK_EQ(map_window(own_entry(), flags[i]), 0);
		CHECK_EQ(*window, 0x5678);
	}
	CHECK_EQ(map_window(own_entry(), UVMF_NONE), 0);
	CHECK_EQ(map_window(own_entry(), UVMF_FLUSHTYPE_MASK), RECORDED(0));
}

TEST(va_mapping_cpu_sets)
{
	static unsigned long cpus = 1;

	REQUIRE(set_up());
	CHECK_EQ(map_window(data_entry(),
			    UVMF_INVLPG | UVMF_MULTI | (unsigned long)&cpus),
		 0);
	CHECK_EQ(map_window(own_entry(),
			    UVMF_TLB_FLUSH | UVMF_MULTI | (unsigned long)&cpus),
		 0);
	CHECK_EQ(map_window(own_entry(), UVMF_INVLPG | UVMF_MULTI | 0x1000),
		 RECORDED(-EFAULT));
}

TEST(va_mapping_wrong)
{
	unsigned long flags = UVMF_INVLPG | UVMF_LOCAL;
	uint64_t pte;

	REQUIRE(set_up());
	pte = data_entry();
	CHECK_EQ(
		HYPERVISOR_update_va_mapping(HYPERVISOR_VIRT_START, pte, flags),
		RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_update_va_mapping(HYPERVISOR_VIRT_END - 4096, 0,
					      flags),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_update_va_mapping(NO_TABLE_VA, pte, flags),
		 RECORDED(-EINVAL));
	CHECK_EQ(HYPERVISOR_update_va_mapping(NON_CANONICAL, pte, flags),
		 RECORDED(-EINVAL));
	CHECK_EQ(map_window(pte_make(NO_SUCH_MFN, PTE_RO), flags),
		 RECORDED(-EPERM));
	CHECK_EQ(map_window(pte | 1UL << 51, flags), RECORDED(-EPERM));
	CHECK_EQ(pte_read((void *)window, 1) & PTE_MFN_MASK,
		 own_entry() & PTE_MFN_MASK);
}

TEST(va_mapping_absent)
{
	REQUIRE(set_up());
	CHECK_EQ(map_window(0, UVMF_INVLPG | UVMF_LOCAL), 0);
	CHECK_FAULT(VECTOR_PF, *window);
	CHECK_EQ(map_window(0x123456789ab0UL, UVMF_INVLPG | UVMF_LOCAL), 0);
	CHECK_EQ(pte_read((void *)window, 1), 0x123456789ab0UL);
	CHECK_EQ(map_window(own_entry(), UVMF_INVLPG | UVMF_LOCAL), 0);
	CHECK_NO_FAULT(*window);
}

/* From an empty entry: with the frame there already nothing is looked up. */
static long map_window_of(uint64_t pte, domid_t domid)
{
	page_map((void *)window, 0);
	return HYPERVISOR_update_va_mapping_otherdomain(
		(unsigned long)window, pte, UVMF_INVLPG | UVMF_LOCAL, domid);
}

TEST(va_mapping_other_domain)
{
	xen_pfn_t m2p_mfn = 0;
	struct xen_machphys_mfn_list list = {
		.max_extents = 1,
		.extent_start.p = &m2p_mfn,
	};

	REQUIRE(set_up());
	REQUIRE(!HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &list));
	CHECK_EQ(map_window_of(data_entry(), DOMID_SELF), RECORDED(0));
	CHECK_EQ(map_window_of(data_entry(), 0), RECORDED(-ESRCH));
	CHECK_EQ(map_window_of(data_entry(), NO_SUCH_DOMID), -ESRCH);
	CHECK_EQ(map_window_of(data_entry(), DOMID_INVALID), RECORDED(-ESRCH));
	CHECK_EQ(map_window_of(data_entry(), DOMID_IO), RECORDED(-EBUSY));
	CHECK_EQ(map_window_of(data_entry(), DOMID_XEN), RECORDED(-EBUSY));
	CHECK_EQ(map_window_of(pte_make(m2p_mfn, PTE_KERNEL), DOMID_XEN),
		 RECORDED(-EBUSY));
	CHECK_EQ(map_window_of(pte_make(m2p_mfn, PTE_RO), DOMID_XEN), 0);
	CHECK_EQ(*window, machine_to_phys_mapping[0]);
	CHECK_EQ(map_window(own_entry(), UVMF_INVLPG | UVMF_LOCAL), 0);
}

/* The text screen's memory is the control domain's to map. */
TEST(va_mapping_device_memory)
{
	REQUIRE(set_up());
	CHECK_EQ(map_window_of(pte_make(0xb8, PTE_KERNEL), DOMID_IO), 0);
	CHECK_NO_FAULT(*window);
	CHECK_EQ(map_window(pte_make(0xb8, PTE_KERNEL),
			    UVMF_INVLPG | UVMF_LOCAL),
		 0);
	/* So is the BIOS's data area, in which ACPI's tables are looked for. */
	CHECK_EQ(map_window_of(pte_make(0, PTE_RO), DOMID_IO), 0);
	CHECK_NO_FAULT(*window);
	/* The local APIC is not. */
	CHECK_EQ(map_window_of(pte_make(0xfee00, PTE_KERNEL), DOMID_IO),
		 RECORDED(-EPERM));
	CHECK_EQ(map_window(own_entry(), UVMF_INVLPG | UVMF_LOCAL), 0);
}

/* The HPET keeps the hypervisor's time: to be read; what is written is lost. */
TEST(va_mapping_platform_clock)
{
	uint64_t config;

	REQUIRE(set_up());
	CHECK_EQ(map_window_of(pte_make(HPET_FRAME, PTE_KERNEL), DOMID_IO), 0);
	config = window[HPET_CONFIG];
	CHECK_EQ(config & HPET_ENABLED, HPET_ENABLED);
	CHECK_NO_FAULT(window[HPET_CONFIG] = config & ~HPET_ENABLED);
	CHECK_EQ(window[HPET_CONFIG], config);
	CHECK_EQ(map_window(own_entry(), UVMF_INVLPG | UVMF_LOCAL), 0);
}

TEST(update_counts)
{
	struct mmu_update update[3];
	unsigned int done = 99;
	uint64_t machine;

	REQUIRE(set_up());
	machine = pte_machine((void *)window, 1);
	CHECK_EQ(HYPERVISOR_mmu_update(update, 0, &done, DOMID_SELF), 0);
	CHECK_EQ(done, RECORDED(0));
	CHECK_EQ(HYPERVISOR_mmu_update(NULL, 0, NULL, DOMID_SELF), 0);
	update[0].ptr = machine;
	update[0].val = own_entry();
	update[1].ptr = machine;
	update[1].val = pte_make(NO_SUCH_MFN, PTE_RO);
	update[2] = update[0];
	CHECK_EQ(HYPERVISOR_mmu_update(update, 3, &done, DOMID_SELF),
		 RECORDED(-EPERM));
	CHECK_EQ(done, 1);
	update[1] = update[0];
	CHECK_EQ(HYPERVISOR_mmu_update(update, 3, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 3);
	CHECK_EQ(HYPERVISOR_mmu_update(update, 3, NULL, DOMID_SELF), 0);
}

TEST(update_pointers)
{
	struct mmu_update update;

	REQUIRE(set_up());
	update.ptr = pte_machine((void *)window, 1);
	update.val = own_entry();
	CHECK_EQ(HYPERVISOR_mmu_update(BAD_POINTER, 1, NULL, DOMID_SELF),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_mmu_update((void *)HYPERVISOR_VIRT_START, 1, NULL,
				       DOMID_SELF),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_mmu_update(&update, 1, BAD_POINTER, DOMID_SELF),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_mmu_update(BAD_POINTER, 0, NULL, DOMID_SELF),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_mmu_update(BAD_POINTER, 0x7fffffff, NULL,
				       DOMID_SELF),
		 -EFAULT);
}

TEST(update_targets)
{
	REQUIRE(set_up());
	CHECK_EQ(pte_update(pte_make(NO_SUCH_MFN, 0), 0), RECORDED(-EINVAL));
	CHECK_EQ(pte_update(pte_machine((void *)window, 1) + 4, own_entry()),
		 RECORDED(-ENOSYS));
	/* A plain page of one's own is written as asked. */
	CHECK_EQ(pte_update(virt_to_machine(data) + 8, 0x1234567), RECORDED(0));
	CHECK_EQ(((volatile uint64_t *)data)[1], 0x1234567);
	CHECK_EQ(pte_update(virt_to_machine(data), pte_make(NO_SUCH_MFN, 1)),
		 RECORDED(0));
}

TEST(update_preserve_ad)
{
	uint64_t machine, flags = PTE_ACCESSED | PTE_DIRTY;
	uint64_t clean;

	REQUIRE(set_up());
	machine = pte_machine((void *)window, 1);
	clean = own_entry() & ~flags;
	CHECK_EQ(page_map((void *)window, clean), 0);
	CHECK_BITS(pte_read((void *)window, 1), flags, 0);
	*window = 1;
	CHECK_BITS(pte_read((void *)window, 1), flags, flags);
	CHECK_EQ(pte_update_op(machine, clean, MMU_PT_UPDATE_PRESERVE_AD, NULL,
			       DOMID_SELF),
		 0);
	CHECK_BITS(pte_read((void *)window, 1), flags, flags);
	CHECK_EQ(pte_update(machine, clean), 0);
	CHECK_BITS(pte_read((void *)window, 1), flags, 0);
	CHECK_EQ(page_map((void *)window, own_entry()), 0);
}

TEST(update_no_translate)
{
	uint64_t machine;

	REQUIRE(set_up());
	machine = pte_machine((void *)window, 1);
	CHECK_EQ(pte_update_op(machine, own_entry(), MMU_PT_UPDATE_NO_TRANSLATE,
			       NULL, DOMID_SELF),
		 0);
	CHECK_EQ(pte_update_op(machine, pte_make(NO_SUCH_MFN, PTE_RO),
			       MMU_PT_UPDATE_NO_TRANSLATE, NULL, DOMID_SELF),
		 RECORDED(-EPERM));
}

TEST(update_machphys)
{
	unsigned long mfn, pfn;
	unsigned int done = 0;

	REQUIRE(set_up());
	mfn = virt_to_mfn(data);
	pfn = mfn_to_pfn(mfn);
	CHECK_EQ(pte_update_op(mfn << PAGE_SHIFT, 0x5a5a5, MMU_MACHPHYS_UPDATE,
			       &done, DOMID_SELF),
		 0);
	CHECK_EQ(done, 1);
	CHECK_EQ(mfn_to_pfn(mfn), 0x5a5a5);
	CHECK_EQ(pte_update_op(mfn << PAGE_SHIFT | 0x123 << 3, pfn,
			       MMU_MACHPHYS_UPDATE, NULL, DOMID_SELF),
		 0);
	CHECK_EQ(mfn_to_pfn(mfn), pfn);
	CHECK_EQ(pte_update_op(NO_SUCH_MFN << PAGE_SHIFT, 0,
			       MMU_MACHPHYS_UPDATE, NULL, DOMID_SELF),
		 RECORDED(-EINVAL));
}

static long update_for(unsigned int domains)
{
	uint64_t machine = pte_machine((void *)window, 1);

	page_map((void *)window, 0);
	return pte_update_op(machine, own_entry(), MMU_NORMAL_PT_UPDATE, NULL,
			     domains);
}

TEST(update_domains)
{
	REQUIRE(set_up());
	CHECK_EQ(update_for(0), RECORDED(-ESRCH));
	CHECK_EQ(update_for(NO_SUCH_DOMID), -ESRCH);
	CHECK_EQ(update_for(DOMID_IO), RECORDED(-EBUSY));
	CHECK_EQ(update_for(DOMID_XEN), RECORDED(-EBUSY));
	/* The upper half names the tables' owner, plus one. */
	CHECK_EQ(update_for(DOMID_SELF | 1 << 16), RECORDED(0));
	CHECK_EQ(update_for(DOMID_SELF | (NO_SUCH_DOMID + 1) << 16), -ESRCH);
	CHECK_EQ(update_for(DOMID_SELF | (DOMID_IO + 1) << 16),
		 RECORDED(-ESRCH));
	page_map((void *)window, own_entry());
}

/* The size of a list is no way to keep the processor for oneself. */
TEST(update_many)
{
	static struct mmu_update update[2000];
	unsigned int i, done = 0;

	REQUIRE(set_up());
	for (i = 0; i < 2000; i++) {
		update[i].ptr = pte_machine((void *)window, 1);
		update[i].val = i % 2 ? own_entry() : data_entry();
	}
	CHECK_EQ(HYPERVISOR_mmu_update(update, 2000, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 2000);
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
}

TEST(ext_flushes)
{
	static unsigned long cpus = 1, nobody;

	REQUIRE(set_up());
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_LOCAL, 0, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_INVLPG_LOCAL, (unsigned long)window, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_INVLPG_LOCAL, NON_CANONICAL, 0), RECORDED(0));
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, (unsigned long)&cpus), 0);
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, (unsigned long)&nobody), 0);
	CHECK_EQ(mmuext(MMUEXT_INVLPG_MULTI, (unsigned long)window,
			(unsigned long)&cpus),
		 0);
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_MULTI, 0, 0x1000), RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_INVLPG_MULTI, (unsigned long)window, 0x1000),
		 RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_TLB_FLUSH_ALL, 0, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_INVLPG_ALL, (unsigned long)window, 0), 0);
	CHECK_EQ(mmuext(MMUEXT_FLUSH_CACHE, 0, 0), RECORDED(0));
	CHECK_EQ(mmuext(MMUEXT_FLUSH_CACHE_GLOBAL, 0, 0), RECORDED(0));
}

TEST(ext_clear_page)
{
	uint64_t *table = table_alloc();

	REQUIRE(set_up() && table);
	*(volatile uint64_t *)data = 1;
	CHECK_EQ(mmuext(MMUEXT_CLEAR_PAGE, virt_to_mfn(data), 0), 0);
	CHECK_EQ(*(volatile uint64_t *)data, 0);
	CHECK_EQ(mmuext(MMUEXT_CLEAR_PAGE, NO_SUCH_MFN, 0), RECORDED(-EINVAL));
	REQUIRE(!mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table), 0));
	CHECK_EQ(mmuext(MMUEXT_CLEAR_PAGE, virt_to_mfn(table), 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0), 0);
	table_free(table);
}

TEST(ext_copy_page)
{
	uint64_t *table = table_alloc();

	REQUIRE(set_up() && table);
	((volatile uint64_t *)data)[511] = 0x77;
	CHECK_EQ(mmuext(MMUEXT_COPY_PAGE, virt_to_mfn((void *)window),
			virt_to_mfn(data)),
		 0);
	CHECK_EQ(window[511], 0x77);
	CHECK_EQ(mmuext(MMUEXT_COPY_PAGE, NO_SUCH_MFN, virt_to_mfn(data)),
		 RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_COPY_PAGE, virt_to_mfn(data), NO_SUCH_MFN),
		 RECORDED(-EINVAL));
	REQUIRE(!mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(table), 0));
	CHECK_EQ(
		mmuext(MMUEXT_COPY_PAGE, virt_to_mfn(table), virt_to_mfn(data)),
		RECORDED(-EINVAL));
	CHECK_EQ(
		mmuext(MMUEXT_COPY_PAGE, virt_to_mfn(data), virt_to_mfn(table)),
		0);
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0), 0);
	table_free(table);
}

TEST(ext_unknown)
{
	REQUIRE(set_up());
	CHECK_EQ(mmuext(14, 0, 0), RECORDED(-ENOSYS));
	CHECK_EQ(mmuext(21, 0, 0), RECORDED(-ENOSYS));
	CHECK_EQ(mmuext(~0U, 0, 0), RECORDED(-ENOSYS));
	CHECK_EQ(mmuext(MMUEXT_MARK_SUPER, virt_to_mfn(data), 0),
		 RECORDED(-EOPNOTSUPP));
	CHECK_EQ(mmuext(MMUEXT_UNMARK_SUPER, virt_to_mfn(data), 0),
		 RECORDED(-EOPNOTSUPP));
}

TEST(ext_counts)
{
	struct mmuext_op op[3] = {
		{.cmd = MMUEXT_TLB_FLUSH_LOCAL},
		{.cmd = 14},
		{.cmd = MMUEXT_TLB_FLUSH_LOCAL},
	};
	unsigned int done = 99;

	CHECK_EQ(HYPERVISOR_mmuext_op(op, 0, &done, DOMID_SELF), 0);
	CHECK_EQ(done, RECORDED(0));
	CHECK_EQ(HYPERVISOR_mmuext_op(op, 3, &done, DOMID_SELF),
		 RECORDED(-ENOSYS));
	CHECK_EQ(done, 1);
	op[1].cmd = MMUEXT_TLB_FLUSH_LOCAL;
	CHECK_EQ(HYPERVISOR_mmuext_op(op, 3, &done, DOMID_SELF), 0);
	CHECK_EQ(done, 3);
	CHECK_EQ(HYPERVISOR_mmuext_op(BAD_POINTER, 1, NULL, DOMID_SELF),
		 -EFAULT);
	CHECK_EQ(HYPERVISOR_mmuext_op(op, 1, BAD_POINTER, DOMID_SELF),
		 RECORDED(0));
	CHECK_EQ(HYPERVISOR_mmuext_op(op, 1, NULL, NO_SUCH_DOMID), -ESRCH);
	CHECK_EQ(HYPERVISOR_mmuext_op(op, 1, NULL, DOMID_IO), RECORDED(-EPERM));
}
