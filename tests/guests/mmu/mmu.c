/* SPDX-License-Identifier: MIT */
/*
 * mmu - page-table types: what pinning accepts and what it refuses
 *
 * Everything that keeps a PV guest in its room rests on a frame having one
 * type at a time and on every entry of a table being checked when the table
 * is accepted. Each rule is tried with a tree that keeps it and with the
 * smallest one that breaks it; after a refusal the frame must be as before.
 */
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define FIRST_XEN_SLOT 256
#define LAST_XEN_SLOT  271
#define PIN(level)     (MMUEXT_PIN_L1_TABLE + (level)-1)
#define NO_SUCH_MFN    0x3ffffffffUL
#define RESERVED_BIT   (1UL << 51)

static uint64_t *table[5]; /* [1] to [4]: a chain, [4] on top */

static long pin(unsigned int level, const uint64_t *page)
{
	return mmuext(PIN(level), virt_to_mfn(page), 0);
}

static long unpin(const uint64_t *page)
{
	return mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(page), 0);
}

static uint64_t entry_to(const void *page, uint64_t flags)
{
	return pte_make(virt_to_mfn(page), flags);
}

/* Four empty tables; each one's entry 0 names the next below. */
static bool make_chain(void)
{
	unsigned int level;

	for (level = 1; level <= 4; level++) {
		table[level] = table_alloc();
		if (!table[level])
			return false;
		if (level > 1)
			table_set(table[level], 0,
				  entry_to(table[level - 1], PTE_TABLE));
	}
	return true;
}

static void free_chain(void)
{
	unsigned int level;

	for (level = 4; level; level--)
		table_free(table[level]);
}

/* Is the page without a table type? Then it can be mapped writable. */
static bool is_free(uint64_t *page)
{
	bool can = !page_protect(page, true);

	if (can)
		page_protect(page, false);
	return can;
}

TEST(pin_empty)
{
	unsigned int level;

	for (level = 1; level <= 4; level++) {
		uint64_t *page = table_alloc();

		REQUIRE(page);
		CHECK_EQ(pin(level, page), 0);
		CHECK(!is_free(page));
		CHECK_EQ(unpin(page), 0);
		CHECK(is_free(page));
		table_free(page);
	}
}

TEST(pin_twice)
{
	uint64_t *page = table_alloc();

	REQUIRE(page);
	CHECK_EQ(pin(1, page), 0);
	CHECK_EQ(pin(1, page), RECORDED(-EINVAL));
	CHECK_EQ(unpin(page), 0);
	CHECK_EQ(unpin(page), RECORDED(-EINVAL));
	CHECK(is_free(page));
	table_free(page);
}

TEST(pin_as_other_level)
{
	uint64_t *page = table_alloc();

	REQUIRE(page);
	CHECK_EQ(pin(2, page), 0);
	CHECK_EQ(pin(1, page), RECORDED(-EINVAL));
	CHECK_EQ(pin(3, page), RECORDED(-EINVAL));
	CHECK_EQ(unpin(page), 0);
	CHECK_EQ(pin(3, page), 0);
	CHECK_EQ(unpin(page), 0);
	table_free(page);
}

TEST(pin_writable_page)
{
	uint64_t *page = page_alloc();
	unsigned int level;

	REQUIRE(page);
	for (level = 1; level <= 4; level++)
		CHECK_EQ(pin(level, page), RECORDED(-EINVAL));
	CHECK_NO_FAULT(*(volatile uint64_t *)page = 1);
	page_free(page);
}

TEST(pin_no_such_frame)
{
	CHECK_EQ(mmuext(MMUEXT_PIN_L1_TABLE, NO_SUCH_MFN, 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_PIN_L4_TABLE, ~0UL, 0), RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, NO_SUCH_MFN, 0), RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(table), 0),
		 RECORDED(-EINVAL));
}

TEST(pin_chain)
{
	unsigned int level;

	REQUIRE(make_chain());
	CHECK_EQ(pin(4, table[4]), 0);
	for (level = 1; level <= 4; level++)
		CHECK(!is_free(table[level]));
	CHECK_EQ(unpin(table[3]), RECORDED(-EINVAL));
	CHECK_EQ(unpin(table[4]), 0);
	for (level = 1; level <= 4; level++)
		CHECK(is_free(table[level]));
	free_chain();
}

/* A part pinned by itself survives the whole. */
TEST(pin_part_and_whole)
{
	REQUIRE(make_chain());
	CHECK_EQ(pin(2, table[2]), 0);
	CHECK_EQ(pin(4, table[4]), 0);
	CHECK_EQ(unpin(table[4]), 0);
	CHECK(is_free(table[3]));
	CHECK(!is_free(table[2]));
	CHECK(!is_free(table[1]));
	CHECK_EQ(unpin(table[2]), 0);
	CHECK(is_free(table[1]));
	free_chain();
}

/* An entry must name a table of the level below, not any other. */
TEST(wrong_level_below)
{
	REQUIRE(make_chain());
	table_set(table[3], 0, entry_to(table[1], PTE_TABLE));
	REQUIRE(!pin(1, table[1]));
	CHECK_EQ(pin(3, table[3]), RECORDED(-EINVAL));
	CHECK(is_free(table[3]));
	CHECK_EQ(unpin(table[1]), 0);
	free_chain();
}

static long pin_with(unsigned int level, unsigned int slot, uint64_t entry)
{
	uint64_t *page = table_alloc();
	long rc;

	if (!page)
		return -ENOMEM;
	table_set(page, slot, entry);
	rc = pin(level, page);
	if (!rc)
		CHECK_EQ(unpin(page), 0);
	CHECK(is_free(page));
	table_set(page, slot, 0);
	table_free(page);
	return rc;
}

TEST(l1_entries)
{
	void *data = page_alloc();
	uint64_t mine = entry_to(data, PTE_KERNEL);

	REQUIRE(data);
	CHECK_EQ(pin_with(1, 0, mine), 0);
	CHECK_EQ(pin_with(1, 511, mine), 0);
	CHECK_EQ(pin_with(1, 5, mine | PTE_NX), 0);
	CHECK_EQ(pin_with(1, 5, mine | PTE_AVAIL), 0);
	CHECK_EQ(pin_with(1, 5, mine | PTE_PAT), RECORDED(0));
	CHECK_EQ(pin_with(1, 5, mine | PTE_PWT | PTE_PCD), RECORDED(0));
	CHECK_EQ(pin_with(1, 5, mine | PTE_GLOBAL), RECORDED(0));
	CHECK_EQ(pin_with(1, 5, mine & ~PTE_PRESENT), 0);
	CHECK_EQ(pin_with(1, 5, ~PTE_PRESENT), 0);
	page_free(data);
}

TEST(l1_entries_refused)
{
	void *data = page_alloc();
	uint64_t mine = entry_to(data, PTE_KERNEL);

	REQUIRE(data);
	CHECK_EQ(pin_with(1, 5, pte_make(NO_SUCH_MFN, PTE_RO)),
		 RECORDED(-EPERM));
	CHECK_EQ(pin_with(1, 5, mine | RESERVED_BIT), RECORDED(-EPERM));
	CHECK_EQ(pin_with(1, 5,
			  entry_to((void *)start_info->pt_base, PTE_KERNEL)),
		 RECORDED(-EBUSY));
	CHECK_EQ(pin_with(1, 5, entry_to((void *)start_info->pt_base, PTE_RO)),
		 0);
	page_free(data);
}

/* Frames of the hypervisor: the machine-to-physical table is one. */
TEST(l1_foreign_frames)
{
	xen_pfn_t m2p_mfn = 0;
	struct xen_machphys_mfn_list list = {
		.max_extents = 1,
		.extent_start.p = &m2p_mfn,
	};

	REQUIRE(!HYPERVISOR_memory_op(XENMEM_machphys_mfn_list, &list));
	REQUIRE(m2p_mfn);
	CHECK_EQ(pin_with(1, 5, pte_make(m2p_mfn, PTE_RO)), RECORDED(-EBUSY));
	CHECK_EQ(pin_with(1, 5, pte_make(m2p_mfn, PTE_KERNEL)),
		 RECORDED(-EBUSY));
}

TEST(upper_entries_refused)
{
	unsigned int level;

	for (level = 2; level <= 4; level++) {
		uint64_t *below = table_alloc();
		uint64_t entry;

		REQUIRE(below);
		entry = entry_to(below, PTE_TABLE);
		CHECK_EQ(pin_with(level, 5, entry), 0);
		CHECK_EQ(pin_with(level, 5, entry | PTE_NX), RECORDED(0));
		CHECK_EQ(pin_with(level, 5, entry & ~PTE_WRITE), 0);
		CHECK_EQ(pin_with(level, 5, entry & ~PTE_PRESENT), 0);
		CHECK_EQ(pin_with(level, 5, entry | PTE_PSE),
			 RECORDED(-EINVAL));
		CHECK_EQ(pin_with(level, 5, entry | RESERVED_BIT),
			 RECORDED(-EINVAL));
		CHECK_EQ(pin_with(level, 5, pte_make(NO_SUCH_MFN, PTE_TABLE)),
			 RECORDED(-EINVAL));
		table_free(below);
	}
}

TEST(upper_entry_to_writable_page)
{
	void *data = page_alloc();
	unsigned int level;

	REQUIRE(data);
	for (level = 2; level <= 4; level++)
		CHECK_EQ(pin_with(level, 5, entry_to(data, PTE_TABLE)),
			 RECORDED(-EINVAL));
	page_free(data);
}

/* Two bad entries behind many good ones: all of it is undone. */
TEST(refusal_undoes_all)
{
	uint64_t *page = table_alloc();
	void *data = page_alloc();
	unsigned int i;

	REQUIRE(page && data);
	REQUIRE(!page_protect(page, true));
	for (i = 0; i < 511; i++)
		page[i] = entry_to(data, PTE_KERNEL);
	page[511] = pte_make(NO_SUCH_MFN, PTE_RO);
	REQUIRE(!page_protect(page, false));
	CHECK_EQ(pin(1, page), RECORDED(-EPERM));
	/* No writable reference to the data page is left but our own. */
	CHECK_EQ(page_protect(data, false), 0);
	CHECK_EQ(pin(1, data), 0);
	CHECK_EQ(unpin(data), 0);
	table_free(page);
	table_free(data);
}

/* The table in an entry of its own: refused at each level. */
TEST(recursive)
{
	unsigned int level;

	for (level = 2; level <= 4; level++) {
		uint64_t *page = table_alloc();

		REQUIRE(page);
		table_set(page, 5, entry_to(page, PTE_TABLE));
		CHECK_EQ(pin(level, page), RECORDED(-EINVAL));
		table_set(page, 5, entry_to(page, PTE_RO));
		CHECK_EQ(pin(level, page), RECORDED(-EINVAL));
		CHECK(is_free(page));
		table_set(page, 5, 0);
		CHECK_EQ(pin(level, page), 0);
		CHECK_EQ(pte_update(virt_to_machine(page + 5),
				    entry_to(page, PTE_TABLE)),
			 RECORDED(-EINVAL));
		CHECK_EQ(pte_update(virt_to_machine(page + 5),
				    entry_to(page, PTE_RO)),
			 RECORDED(-EINVAL));
		CHECK_EQ(unpin(page), 0);
		table_free(page);
	}
}

/* An L1 may map itself read-only, and never writable. */
TEST(l1_maps_itself)
{
	uint64_t *page = table_alloc();

	REQUIRE(page);
	table_set(page, 5, entry_to(page, PTE_KERNEL));
	CHECK_EQ(pin(1, page), RECORDED(-EBUSY));
	table_set(page, 5, entry_to(page, PTE_RO));
	CHECK_EQ(pin(1, page), 0);
	CHECK_EQ(unpin(page), 0);
	table_set(page, 5, 0);
	table_free(page);
}

/* What a guest puts there is neither checked nor kept. */
TEST(hypervisor_slots_at_pin)
{
	uint64_t *page = table_alloc();
	unsigned int slot, changed = 0;

	REQUIRE(page);
	for (slot = FIRST_XEN_SLOT; slot <= LAST_XEN_SLOT; slot++)
		table_set(page, slot, pte_make(NO_SUCH_MFN, PTE_TABLE));
	CHECK_EQ(pin(4, page), 0);
	for (slot = FIRST_XEN_SLOT; slot <= LAST_XEN_SLOT; slot++)
		changed += pte_mfn(page[slot]) != NO_SUCH_MFN;
	CHECK_EQ(changed, LAST_XEN_SLOT - FIRST_XEN_SLOT + 1);
	CHECK_EQ(unpin(page), 0);
	REQUIRE(!page_protect(page, true));
	page_free(page);
}

TEST(hypervisor_slots_by_update)
{
	uint64_t *page = table_alloc(), *below = table_alloc();
	unsigned int slot;

	REQUIRE(page && below);
	CHECK_EQ(pin(4, page), 0);
	for (slot = FIRST_XEN_SLOT; slot <= LAST_XEN_SLOT; slot++) {
		uint64_t machine = virt_to_machine(page + slot);

		CHECK_EQ(pte_update(machine, 0), RECORDED(-EINVAL));
		CHECK_EQ(pte_update(machine, entry_to(below, PTE_TABLE)),
			 RECORDED(-EINVAL));
	}
	CHECK_EQ(pte_update(virt_to_machine(page + FIRST_XEN_SLOT - 1),
			    entry_to(below, PTE_TABLE)),
		 0);
	CHECK_EQ(pte_update(virt_to_machine(page + LAST_XEN_SLOT + 1),
			    entry_to(below, PTE_TABLE)),
		 0);
	CHECK_EQ(unpin(page), 0);
	table_free(page);
	table_free(below);
}

/* Both directions of rule one: a table is not writable, a writable no table */
TEST(table_mapped_writable)
{
	uint64_t *page = table_alloc();

	REQUIRE(page);
	CHECK_EQ(pin(1, page), 0);
	CHECK_EQ(page_protect(page, true), RECORDED(-EBUSY));
	CHECK_EQ(pte_update(pte_machine(page, 1), entry_to(page, PTE_KERNEL)),
		 RECORDED(-EBUSY));
	CHECK_BITS(pte_read(page, 1), PTE_WRITE, 0);
	CHECK_EQ(unpin(page), 0);
	CHECK_EQ(page_protect(page, true), 0);
	page_free(page);
}

/* Above L1 nothing is written by the guest's hand. */
TEST(direct_write_to_upper_tables)
{
	unsigned int level;

	REQUIRE(make_chain());
	CHECK_EQ(pin(4, table[4]), 0);
	for (level = 2; level <= 4; level++) {
		volatile uint64_t *page = table[level];

		CHECK_FAULT(VECTOR_PF, page[7] = 0);
		CHECK_EQ(last_trap()->error_code, PF_WRITE | PF_PRESENT);
		CHECK_EQ(last_trap()->cr2, &page[7]);
	}
	CHECK_EQ(unpin(table[4]), 0);
	free_chain();
}

/* The user bit is added where a guest left it out. */
TEST(user_bit)
{
	void *data = page_alloc();

	REQUIRE(data && make_chain());
	table_set(table[1], 3, entry_to(data, PTE_KERNEL & ~PTE_USER));
	table_set(table[2], 0, entry_to(table[1], PTE_TABLE & ~PTE_USER));
	CHECK_EQ(pin(2, table[2]), 0);
	CHECK_BITS(table[1][3], PTE_USER, RECORDED(PTE_USER));
	CHECK_BITS(table[2][0], PTE_USER, RECORDED(PTE_USER));
	CHECK_EQ(unpin(table[2]), 0);
	table_set(table[1], 3, 0);
	free_chain();
	page_free(data);
}

TEST(load_root)
{
	uint64_t *root = table_alloc();
	unsigned long old = mmu_root_mfn;
	unsigned int slot;

	REQUIRE(root && !page_protect(root, true));
	for (slot = 0; slot < 512; slot++) {
		if (slot < FIRST_XEN_SLOT || slot > LAST_XEN_SLOT)
			root[slot] = ((uint64_t *)mfn_to_virt(old))[slot];
	}
	REQUIRE(!page_protect(root, false));
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(root), 0), 0);
	mmu_root_mfn = virt_to_mfn(root);
	CHECK(!is_free(root)); /* loaded, so typed, pinned or not */
	CHECK_EQ(pin(4, root), 0);
	CHECK_EQ(unpin(root), 0);
	CHECK(!is_free(root));
	CHECK_NO_FAULT(*(volatile char *)HYPERVISOR_VIRT_START);
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, old, 0), 0);
	mmu_root_mfn = old;
	CHECK(is_free(root));
	table_free(root);
}

TEST(load_root_wrong)
{
	uint64_t *page = table_alloc();
	void *data = page_alloc();

	REQUIRE(page && data);
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, NO_SUCH_MFN, 0), RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(data), 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(pin(3, page), 0);
	CHECK_EQ(mmuext(MMUEXT_NEW_BASEPTR, virt_to_mfn(page), 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, virt_to_mfn(page), 0),
		 RECORDED(-EINVAL));
	CHECK_EQ(unpin(page), 0);
	table_free(page);
	page_free(data);
}

TEST(load_user_root)
{
	uint64_t *root = table_alloc();

	REQUIRE(root);
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, virt_to_mfn(root), 0), 0);
	CHECK(!is_free(root));
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, NO_SUCH_MFN, 0),
		 RECORDED(-EINVAL));
	CHECK(!is_free(root));
	CHECK_EQ(mmuext(MMUEXT_NEW_USER_BASEPTR, 0, 0), 0);
	CHECK(is_free(root));
	table_free(root);
}
