/* SPDX-License-Identifier: MIT */
/*
 * aliases.c - the frame of a descriptor table at a second address
 *
 * It is the frame that must not be writable, not one mapping of it: by none of
 * the ways to make a mapping, neither before it becomes a table nor after.
 */
#include <guestkit/guest.h>
#include <guestkit/hypercall.h>
#include <guestkit/mmu.h>
#include <guestkit/string.h>
#include <guestkit/test.h>
#include <guestkit/trap.h>

#define DATA_3		 0x00cff3000000ffffUL
#define INDEX		 3
#define GDT_SELECTOR	 (INDEX * 8 + 3)
#define LDT_SELECTOR	 (INDEX * 8 + 7)
#define ENTRIES_PER_PAGE 512

static uint64_t *table, *alias;

static void load_ds(uint16_t selector)
{
	asm volatile("mov %0, %%ds" ::"r"((uint32_t)selector));
}

static long install_gdt(void)
{
	xen_pfn_t frame = virt_to_mfn(table);

	return HYPERVISOR_set_gdt(&frame, ENTRIES_PER_PAGE);
}

static long install_ldt(void)
{
	return mmuext(MMUEXT_SET_LDT, (unsigned long)table, ENTRIES_PER_PAGE);
}

static uint64_t alias_entry(uint64_t flags)
{
	return pte_make(virt_to_mfn(table), flags);
}

static bool clean_up(void)
{
	load_ds(0);
	return !HYPERVISOR_set_gdt(NULL, 0) && !mmuext(MMUEXT_SET_LDT, 0, 0) &&
	       !page_protect(alias, true) && !page_protect(table, true);
}

/* A table with one descriptor, mapped read-only and nowhere else. */
static bool set_up(void)
{
	if (!table)
		table = page_alloc();
	if (!alias)
		alias = page_alloc();
	if (!table || !alias || !clean_up())
		return false;
	memset(table, 0, PAGE_BYTES);
	table[INDEX] = DATA_3;
	return !page_protect(table, false);
}

/* By a table of level 1 that is made beside those in use. */
static long pin_alias(void)
{
	uint64_t *l1 = table_alloc();
	long rc;

	if (!l1)
		return -ENOMEM;
	table_set(l1, 0, alias_entry(PTE_KERNEL));
	rc = mmuext(MMUEXT_PIN_L1_TABLE, virt_to_mfn(l1), 0);
	if (!rc)
		mmuext(MMUEXT_UNPIN_TABLE, virt_to_mfn(l1), 0);
	table_free(l1);
	return rc;
}

static void check_not_writable(void)
{
	volatile uint64_t *entry = pte_lookup(alias, 1);
	uint64_t before = *entry;

	CHECK_EQ(page_map(alias, alias_entry(PTE_KERNEL)), RECORDED(-EBUSY));
	CHECK_EQ(pte_update(pte_machine(alias, 1), alias_entry(PTE_KERNEL)),
		 RECORDED(-EBUSY));
	CHECK_FAULT(VECTOR_PF, *entry = alias_entry(PTE_KERNEL));
	CHECK_EQ(pin_alias(), RECORDED(-EBUSY));
	CHECK_EQ(*entry, before);
	/* To be read it may be anywhere. */
	CHECK_EQ(page_map(alias, alias_entry(PTE_RO)), 0);
	CHECK_EQ(alias[INDEX] & DATA_3, DATA_3);
	CHECK_FAULT(VECTOR_PF, ((volatile uint64_t *)alias)[INDEX] = 0);
	CHECK_FAULT(VECTOR_PF, *entry |= PTE_WRITE);
	CHECK_EQ(alias[INDEX] & DATA_3, DATA_3);
}

TEST(alias_of_a_gdt)
{
	REQUIRE(set_up() && !install_gdt());
	check_not_writable();
	CHECK_NO_FAULT(load_ds(GDT_SELECTOR));
	CHECK(clean_up());
}

TEST(alias_before_a_gdt)
{
	REQUIRE(set_up());
	CHECK_EQ(page_map(alias, alias_entry(PTE_KERNEL)), 0);
	CHECK_EQ(install_gdt(), RECORDED(-EINVAL));
	CHECK_FAULT(VECTOR_GP, load_ds(GDT_SELECTOR));
	CHECK_EQ(page_map(alias, alias_entry(PTE_RO)), 0);
	CHECK_EQ(install_gdt(), 0);
	check_not_writable();
	CHECK(clean_up());
}

/* A page of an LDT is a table from its first use on. */
TEST(alias_of_an_ldt)
{
	REQUIRE(set_up() && !install_ldt());
	REQUIRE(TRAP_CATCH(load_ds(LDT_SELECTOR)) == NO_TRAP);
	check_not_writable();
	CHECK(clean_up());
}

TEST(alias_before_an_ldt)
{
	REQUIRE(set_up() && !install_ldt());
	CHECK_EQ(page_map(alias, alias_entry(PTE_KERNEL)), 0);
	CHECK_FAULT(RECORDED(VECTOR_PF), load_ds(LDT_SELECTOR));
	CHECK_EQ(page_map(alias, alias_entry(PTE_RO)), 0);
	CHECK_NO_FAULT(load_ds(LDT_SELECTOR));
	check_not_writable();
	CHECK(clean_up());
}

/* One frame as both: then it must be let go of as both. */
TEST(gdt_as_ldt)
{
	REQUIRE(set_up() && !install_gdt() && !install_ldt());
	CHECK_NO_FAULT(load_ds(LDT_SELECTOR));
	CHECK_NO_FAULT(load_ds(GDT_SELECTOR));
	CHECK_EQ(HYPERVISOR_set_gdt(NULL, 0), 0);
	CHECK_NO_FAULT(load_ds(LDT_SELECTOR));
	check_not_writable();
	CHECK(clean_up());
}
